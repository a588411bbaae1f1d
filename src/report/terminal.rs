//! The reporter for people at a terminal, and for programs that read its lines: the only one that
//! prints.

mod closing;
mod style;
#[cfg(test)]
mod tests;

use std::io::{self, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::{
    record::{ResultRecord, RunInfo},
    report::{
        Reporter,
        detail::{because, refused_by, retried},
        one_json_line, one_line,
    },
    runner::Event,
    verdict::Verdict,
};
use style::Paint;

/// How many characters of `--format terse` go on a line, where so many fit.
const TERSE_WIDTH: usize = 88;

/// How results are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// A line for each result.
    #[default]
    Pretty,
    /// A character for each result.
    Terse,
    /// A JSON object for each event.
    Json,
}

/// What the command line and the terminal ask for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// How results are shown.
    pub format: Format,
    /// Whether words are coloured.
    pub colour: bool,
    /// Whether standard output and standard error are a terminal, and can show how far the run is.
    pub progress: bool,
    /// How many characters fit on a line of standard output; nothing where it is no terminal.
    pub columns: Option<usize>,
}

/// Writes results as they come, and what they amount to at the end.
#[derive(Debug)]
pub struct Terminal<W: Write> {
    out: W,
    format: Format,
    paint: Paint,
    progress: bool,
    columns: Option<usize>,
    /// On standard error, so that it never mixes with what `out` says.
    bar: Option<ProgressBar>,
    results: usize,
    seen: usize,
    /// Whether `out` is in the middle of a line of characters.
    open_line: bool,
}

impl<W: Write> Terminal<W> {
    /// A reporter that writes to `out`.
    pub const fn new(out: W, options: Options) -> Self {
        let Options { format, colour, progress, columns } = options;
        Self {
            out,
            format,
            paint: Paint { colour },
            progress,
            columns,
            bar: None,
            results: 0,
            seen: 0,
            open_line: false,
        }
    }

    fn started(&mut self, run: &RunInfo, attempts: usize, checks: usize) -> String {
        self.results = attempts + checks;
        // A character for each result is progress enough, and leaves no line of its own to the bar.
        if self.progress && self.format != Format::Terse {
            self.bar = Some(progress_bar(self.results));
        }
        let names: Vec<&str> =
            run.architectures.iter().map(|architecture| architecture.name.as_str()).collect();
        let of = if names.is_empty() { String::new() } else { format!(" of {}", names.join(", ")) };
        let target = if run.target == "sandbox" { "the sandbox" } else { &run.target };
        format!(
            "\nrunning {}{} on {}\n",
            attempts_and_checks(attempts, checks),
            one_line(&of),
            one_line(target)
        )
    }

    fn result(&mut self, result: &ResultRecord) -> String {
        self.seen += 1;
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
        match self.format {
            Format::Terse => self.character(result.verdict),
            Format::Pretty | Format::Json => self.line(result),
        }
    }

    /// `test secure-bucket/tls/app/s3:PutObject/over-plain-http ... ok (refused by
    /// DenyInsecureTransport)`
    fn line(&self, result: &ResultRecord) -> String {
        let remark = match result.verdict {
            Verdict::Pass => {
                let words: Vec<String> =
                    refused_by(result).into_iter().chain(retried(result)).collect();
                (!words.is_empty()).then(|| words.join(", "))
            }
            Verdict::Skipped | Verdict::Waived => because(result),
            Verdict::Fail | Verdict::Inconclusive | Verdict::Error => {
                result.reason.map(|reason| reason.as_str().to_owned())
            }
        };
        let remark = remark
            .map(|remark| format!(" {}", self.paint.aside(&format!("({remark})"))))
            .unwrap_or_default();
        format!(
            "test {} ... {}{remark}\n",
            one_line(&result.id),
            self.paint.verdict(result.verdict, style::word(result.verdict))
        )
    }

    /// One character, and after a full line how many there were.
    fn character(&mut self, verdict: Verdict) -> String {
        let character = self.paint.verdict(verdict, style::character(verdict));
        self.open_line = !self.seen.is_multiple_of(self.terse_width());
        if self.open_line {
            character
        } else {
            format!("{character} {}/{}\n", self.seen, self.results)
        }
    }

    /// How many characters go on a line, so that how many there were stands on it, too.
    fn terse_width(&self) -> usize {
        let count = format!(" {0}/{0}", self.results).len();
        let fitting = self.columns.map_or(TERSE_WIDTH, |columns| columns.saturating_sub(count));
        fitting.clamp(1, TERSE_WIDTH)
    }

    /// Ends a line of characters, if one is open.
    fn line_end(&mut self) -> &'static str {
        if std::mem::take(&mut self.open_line) { "\n" } else { "" }
    }

    fn text(&mut self, event: &Event) -> io::Result<String> {
        if self.format == Format::Json {
            return json_line(event);
        }
        Ok(match event {
            Event::RunStarted { run, attempts, checks } => self.started(run, *attempts, *checks),
            Event::RowStarted { .. } => String::new(),
            Event::Result { result } => self.result(result),
            Event::Stopping => format!("{}stopping: no new attempts are made\n", self.line_end()),
            Event::RunFinished { record } => {
                let end = self.line_end();
                format!("{end}{}", closing::text(record, self.paint, self.format == Format::Pretty))
            }
            Event::ReportWritten { path } => format!("reports: {}\n", one_line(path)),
        })
    }

    /// Writes with the progress line out of the way: both may go to the same terminal.
    fn write(&mut self, text: &str) -> io::Result<()> {
        let out = &mut self.out;
        let Some(bar) = &self.bar else {
            out.write_all(text.as_bytes())?;
            // Who watches sees each as it comes.
            return if self.progress { out.flush() } else { Ok(()) };
        };
        bar.suspend(|| {
            out.write_all(text.as_bytes())?;
            out.flush()
        })
    }
}

impl<W: Write> Reporter for Terminal<W> {
    fn report(&mut self, event: &Event) -> io::Result<()> {
        if let Event::RunFinished { .. } = event
            && let Some(bar) = self.bar.take()
        {
            bar.finish_and_clear();
        }
        if let (Event::RowStarted { row }, Some(bar)) = (event, &self.bar) {
            bar.set_message(one_line(row));
        }
        let text = self.text(event)?;
        if !text.is_empty() {
            self.write(&text)?;
        }
        match event {
            Event::RunFinished { .. } | Event::ReportWritten { .. } | Event::Stopping => {
                self.out.flush()
            }
            Event::RunStarted { .. } | Event::RowStarted { .. } | Event::Result { .. } => Ok(()),
        }
    }
}

fn json_line(event: &Event) -> io::Result<String> {
    Ok(one_json_line(&serde_json::to_string(event)?) + "\n")
}

fn progress_bar(results: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{pos}/{len} {wide_msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    let length = u64::try_from(results).unwrap_or(u64::MAX);
    ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr()).with_style(style)
}

/// `2538 attempts and 40 checks`; what there is none of is not said.
pub(crate) fn attempts_and_checks(attempts: usize, checks: usize) -> String {
    let counted = [(attempts, "attempt"), (checks, "check")]
        .map(|(number, thing)| (number, counted(number, thing)));
    let there: Vec<String> =
        counted.into_iter().filter(|(number, _)| *number > 0).map(|(_, text)| text).collect();
    there.join(" and ")
}

/// `1 attempt`, `2 attempts`.
pub(super) fn counted(number: usize, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}
