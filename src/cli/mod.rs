//! The command line: one file per command.

mod decide;
mod doctor;
mod explain;
mod gaps;
mod lint;
mod list;
mod pages;
mod plan;
mod run;
mod schema;
mod serve;
mod stream;
mod target;

use std::{
    ffi::OsString,
    io::{self, IsTerminal, Write},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use clap::{Args, Parser, Subcommand, ValueEnum};

use self::stream::Stream;
use crate::{
    exit::Exit,
    files::diag::{Code, Diagnostic, Diagnostics},
    files::load,
    plan::{Plan, Selection},
    report::one_line,
    scenario::Sample,
    suite::{self, Architecture},
};

/// Proves, by trying, that what an Amazon S3, KMS or STS policy forbids is really refused.
#[derive(Debug, Parser)]
#[command(name = "gainsay", version, max_term_width = 100, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// When to colour the output
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    color: Color,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Attempt what the scenarios permit and forbid, and judge what comes back
    Run(run::Run),
    /// List the attempts
    List(list::List),
    /// Show every call in order, and send nothing
    Plan(plan::Plan),
    /// Assume every role and read every bucket, key and trail, and change nothing
    Doctor(doctor::Doctor),
    /// Check scenarios, environments, baselines and policies without running anything
    Lint(lint::Lint),
    /// Decide requests as AWS does, with the policies beside them: JSON lines in, JSON lines out
    Decide(decide::Decide),
    /// Show why a request is allowed or refused: every layer, statement and element, and what was
    /// compared
    Explain(explain::Explain),
    /// Answer S3, S3 Control, KMS, STS and IAM on local ports, refusing what AWS refuses
    Serve(serve::Serve),
    /// Print what the last run did not prove on its target, as gaps for `waivers.yaml`
    Gaps(gaps::Gaps),
    /// Write a page for each control and each architecture
    Pages(pages::Pages),
    /// Print the JSON Schema of a file format
    Schema(schema::Schema),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    Always,
    Never,
}

/// Which attempts.
#[derive(Debug, Args)]
struct Selected {
    /// Architectures by name, scenario files by path, or parts of result ids; any of them
    #[arg(value_name = "SELECTION")]
    selection: Vec<String>,
    /// Take every SELECTION and --skip as a whole result id
    #[arg(long)]
    exact: bool,
    /// Leave out attempts whose id contains this
    #[arg(long, value_name = "TEXT")]
    skip: Vec<String>,
    /// The folder with the scenarios
    #[arg(long, value_name = "DIR", default_value = "scenarios")]
    scenarios: PathBuf,
    /// Leave out attempts, and say how many: for large collections
    #[arg(long, value_enum, value_name = "HOW")]
    sample: Option<SampleBy>,
}

/// How attempts are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SampleBy {
    /// Keep so many of each file that every two values of its variables, and every attempt and
    /// value, come together
    Pairwise,
}

/// Where output goes and how it looks: decided once, here.
struct Terminal {
    out: Box<dyn Write>,
    err: Box<dyn Write>,
    colour_out: bool,
    colour_err: bool,
    progress: bool,
    columns: Option<usize>,
    /// Whether nobody reads standard output any more.
    closed: Arc<AtomicBool>,
}

/// Reads the command line and does what it says.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Writing help or an error to a closed pipe is nobody's problem.
            _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Ok };
        }
    };
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let colour = |is_terminal: bool| match cli.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => is_terminal && !no_color,
    };
    let closed = Arc::<AtomicBool>::default();
    let mut terminal = Terminal {
        colour_out: colour(io::stdout().is_terminal()),
        colour_err: colour(io::stderr().is_terminal()),
        progress: io::stderr().is_terminal() && io::stdout().is_terminal(),
        columns: terminal_size::terminal_size_of(io::stdout())
            .map(|(width, _)| usize::from(width.0)),
        out: Box::new(io::BufWriter::new(Stream::new(io::stdout(), closed.clone()))),
        err: Box::new(Stream::new(io::stderr(), Arc::default())),
        closed,
    };
    let exit = match &cli.command {
        Command::Run(run) => run.execute(&mut terminal),
        Command::List(list) => list.execute(&mut terminal),
        Command::Plan(plan) => plan.execute(&mut terminal),
        Command::Doctor(doctor) => doctor.execute(&mut terminal),
        Command::Lint(lint) => lint.execute(&mut terminal),
        Command::Decide(decide) => decide.execute(&mut terminal),
        Command::Explain(explain) => explain.execute(&mut terminal),
        Command::Serve(serve) => serve.execute(&mut terminal),
        Command::Gaps(gaps) => gaps.execute(&mut terminal),
        Command::Pages(pages) => pages.execute(&mut terminal),
        Command::Schema(schema) => schema.execute(&mut terminal),
    };
    let flushed = terminal.out.flush();
    match (exit, flushed) {
        (Ok(exit), Ok(())) => exit,
        (Ok(exit), Err(error)) => terminal.unwritten(exit, &error),
        (Err(error), _) => terminal.unwritten(Exit::Ok, &error),
    }
}

impl Terminal {
    /// Says that the output could not be written, and how the program then ends.
    fn unwritten(&mut self, exit: Exit, error: &io::Error) -> Exit {
        _ = writeln!(self.err, "error: the output cannot be written: {error}");
        exit.unwritten()
    }

    /// Whether somebody reads standard output, as far as is known.
    fn is_read(&self) -> bool {
        !self.closed.load(Ordering::Relaxed)
    }

    /// Shows problems on the error stream.
    fn show(&mut self, problems: &Diagnostics) -> io::Result<()> {
        for problem in problems.iter() {
            writeln!(self.err, "{}\n", problem.render(self.colour_err))?;
        }
        Ok(())
    }

    /// Says what a sample left out: on the error stream, for what is listed may be read by a
    /// program.
    fn show_sample(&mut self, plan: &Plan<'_>) -> io::Result<()> {
        match plan.sampled() {
            Some(sampled) => writeln!(self.err, "sample: {sampled}"),
            None => Ok(()),
        }
    }

    /// Says that nothing is selected, and how the program then ends.
    fn nothing_selected(&mut self, by: &str) -> io::Result<Exit> {
        writeln!(self.err, "nothing is selected{by}; `gainsay list` shows what there is")?;
        Ok(Exit::NothingRun)
    }

    /// Shows what makes the input unusable, and the exit code that follows.
    fn refuse(&mut self, problems: &Diagnostics) -> io::Result<Exit> {
        self.show(problems)?;
        let plural = if problems.len() == 1 { "" } else { "s" };
        writeln!(self.err, "{} problem{plural}; nothing was sent", problems.len())?;
        Ok(Exit::BadInput)
    }
}

impl Selected {
    /// Reads the scenarios folder and checks the choice. What is wrong with either is shown, and
    /// how the program then ends is answered.
    fn choose(
        &self,
        terminal: &mut Terminal,
    ) -> io::Result<Result<(Vec<Architecture>, Diagnostics), Exit>> {
        let (architectures, warnings) = match self.load() {
            Ok(loaded) => loaded,
            Err(problems) => return terminal.refuse(&problems).map(Err),
        };
        match self.unmatched(&architectures) {
            Some(text) => terminal.nothing_selected(&format!(" by `{}`", one_line(text))).map(Err),
            None => Ok(Ok((architectures, warnings))),
        }
    }

    /// How much of it is made.
    const fn sample(&self) -> Sample {
        match self.sample {
            None => Sample::All,
            Some(SampleBy::Pairwise) => Sample::Pairwise,
        }
    }

    /// Reads the scenarios folder.
    fn load(&self) -> Result<(Vec<Architecture>, Diagnostics), Diagnostics> {
        let folders = load::load(&self.scenarios)?;
        let (architectures, warnings) =
            suite::resolve_as(&folders, suite::Names::Declared, self.sample())?;
        self.check_paths()?;
        Ok((architectures, warnings))
    }

    fn check_paths(&self) -> Result<(), Diagnostic> {
        self.selection.iter().try_for_each(|text| self.check_path(text))
    }

    /// A path that exists outside the scenarios folder is a mistake, not a part of an id.
    fn check_path(&self, text: &str) -> Result<(), Diagnostic> {
        let path = PathBuf::from(text);
        let (true, Ok(real), Ok(root)) = (
            text.contains(['/', '.']) && path.exists(),
            path.canonicalize(),
            self.scenarios.canonicalize(),
        ) else {
            return Ok(());
        };
        if real.starts_with(&root) {
            return Ok(());
        }
        Err(Diagnostic::new(
            Code::OutsidePath,
            format!("`{text}` is outside the scenarios folder `{}`", self.scenarios.display()),
        )
        .help("name its folder with `--scenarios DIR`"))
    }

    /// A path in the scenarios folder, however it is written, as the scenarios are named; nothing
    /// for other text.
    fn spelling(&self, text: &str) -> Option<String> {
        if self.exact || !text.contains(['/', '.']) {
            return None;
        }
        let (real, root) =
            (PathBuf::from(text).canonicalize().ok()?, self.scenarios.canonicalize().ok()?);
        let inside = real.strip_prefix(&root).ok()?;
        if inside.as_os_str().is_empty() && !root.join("environment.yaml").exists() {
            // The folder itself: a part of every id.
            return Some(String::new());
        }
        let path = if inside.as_os_str().is_empty() {
            self.scenarios.clone()
        } else {
            self.scenarios.join(inside)
        };
        Some(path.display().to_string())
    }

    /// A selection text that chooses nothing: a misspelt one must not be passed over because
    /// another was right.
    fn unmatched(&self, architectures: &[Architecture]) -> Option<&str> {
        let wanted = self.selection().wanted;
        let chooses = |text: &String| {
            let selection =
                Selection { wanted: vec![text.clone()], exact: self.exact, ..Selection::default() };
            !Plan::new(architectures, &selection).is_empty()
        };
        let unmatched = wanted.iter().position(|text| !chooses(text))?;
        self.selection.get(unmatched).map(String::as_str)
    }

    fn selection(&self) -> Selection {
        let wanted =
            self.selection.iter().map(|text| self.spelling(text).unwrap_or_else(|| text.clone()));
        Selection {
            wanted: wanted.collect(),
            exact: self.exact,
            skip: self.skip.clone(),
            only: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::CommandFactory as _;

    use super::Cli;

    #[test]
    fn each_command_says_what_it_alone_does() {
        let whole = Cli::command();
        whole.clone().debug_assert();
        let about = |command: &clap::Command| command.get_about().map(ToString::to_string);
        let about: BTreeSet<_> = whole.get_subcommands().map(about).collect();
        assert_eq!(about.len(), whole.get_subcommands().count());
    }
}
