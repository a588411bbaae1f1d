//! `gainsay run`.

use std::{io, path::PathBuf, sync::Arc};

use clap::{Args, ValueEnum};
use tokio::runtime::Runtime;

use super::{
    Selected, Terminal,
    target::{self, CommandError, TargetArgs},
};
use crate::{
    exit::Exit,
    files::Folder,
    plan::{Plan, Selection},
    record::{Event, RunRecord},
    report::{
        Reporter, one_line,
        terminal::{self, Format},
        write::{self, ReportError},
    },
    runner::{self, Options, RunTarget, Stop},
    scenario::Scenario,
    suite::{self, Architecture, Names},
    verdict::Verdict,
};

/// Attempt what the scenarios permit and forbid, and judge what comes back.
#[derive(Debug, Args)]
pub(super) struct Run {
    #[command(flatten)]
    selected: Selected,
    #[command(flatten)]
    target: TargetArgs,
    /// Make the environment on the endpoint for this run, and remove it afterwards
    #[arg(long, help_heading = "Target")]
    provision: bool,
    /// Rows at a time; as many as there are cores where nothing is said
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// The folder for reports
    #[arg(long, value_name = "DIR", default_value = "reports")]
    report_dir: PathBuf,
    /// How to print the results
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: OutputFormat,
    /// Make no more attempts after the first failure
    #[arg(long)]
    fail_fast: bool,
    /// Run only what did not pass in the last run
    #[arg(long)]
    rerun_failed: bool,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum OutputFormat {
    /// A line for each attempt
    #[default]
    Pretty,
    /// A character for each attempt
    Terse,
    /// An object for each event, one to a line
    Json,
}

impl From<OutputFormat> for Format {
    fn from(format: OutputFormat) -> Self {
        match format {
            OutputFormat::Pretty => Self::Pretty,
            OutputFormat::Terse => Self::Terse,
            OutputFormat::Json => Self::Json,
        }
    }
}

impl Run {
    pub(super) fn execute(&self, terminal: &mut Terminal) -> io::Result<Exit> {
        let (folders, architectures, warnings) =
            match self.target.choose(&self.selected, self.provision, terminal)? {
                Ok(chosen) => chosen,
                Err(exit) => return Ok(exit),
            };
        terminal.show(&warnings)?;
        let mut selection = self.selected.selection();
        if self.rerun_failed {
            match write::read_latest(&self.report_dir) {
                Ok(record) => selection.only = Some(not_passed(&record)),
                Err(error) => {
                    writeln!(terminal.err, "error: {error}")?;
                    return Ok(Exit::BadInput);
                }
            }
        }
        if let Some(gone) = gone(&selection, &architectures) {
            // What failed under another name must not be forgotten.
            writeln!(
                terminal.err,
                "error: `{}` did not pass in the last run and is neither an attempt nor a check \
                 any more; run without `--rerun-failed`",
                one_line(&gone)
            )?;
            return Ok(Exit::BadInput);
        }
        let plan = Plan::new(&architectures, &selection);
        if plan.is_empty() {
            return terminal.nothing_selected("");
        }
        let jobs = self.jobs.map_or_else(
            || std::thread::available_parallelism().map_or(1, usize::from),
            usize::from,
        );
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(jobs.min(64))
            .enable_all()
            .build()?;
        let options = Options {
            jobs,
            fail_fast: self.fail_fast,
            run: runner::new_run_id(),
            scenarios: self.selected.scenarios.display().to_string(),
            share: true,
            wrap: None,
        };
        let stop = Stop::default();
        runtime.spawn(interrupt(stop.clone()));
        let (record, reported) = if self.target.is_sandbox() {
            self.begin(&options.run);
            self.run(&runtime, &plan, &RunTarget::Sandbox, &options, &stop, terminal)
        } else {
            match runtime.block_on(self.connect(&plan, &folders, &options.run, &stop)) {
                Err(error) => return error.show(terminal),
                Ok((target, None)) => self.run(&runtime, &plan, &target, &options, &stop, terminal),
                Ok((target, Some(made))) => self.run(
                    &runtime,
                    &Plan::new(&made, &selection),
                    &target,
                    &options,
                    &stop,
                    terminal,
                ),
            }
        };
        // What was attempted takes as much memory as what came of it, which is all that the reports
        // need.
        drop(plan);
        drop((architectures, folders, runtime));
        self.conclude(&record, reported, terminal)
    }

    /// Connects to the target. Where the environment is made for the run, the architectures with
    /// its names are answered, too.
    async fn connect(
        &self,
        plan: &Plan<'_>,
        folders: &[Folder],
        run: &str,
        stop: &Stop,
    ) -> Result<(RunTarget, Option<Vec<Architecture>>), CommandError> {
        let bindings = self.target.bindings(plan, self.provision)?;
        let mut targets = self.target.connect(plan, &bindings, self.provision, run).await?;
        self.begin(run);
        let mut made = None;
        if self.provision {
            targets = target::provision(plan, folders, targets, run, stop).await?;
            let bindings = targets
                .iter()
                .map(|(name, shared)| (name.clone(), shared.bindings.clone()))
                .collect();
            // These files were read with other names before, so that they can be read now is nearly
            // certain; if not, nothing stays.
            match suite::resolve_as(folders, Names::Given(&bindings), self.selected.sample()) {
                Ok((architectures, _)) => made = Some(architectures),
                Err(problems) => {
                    RunTarget::shared(self.target.name(), targets).close().await;
                    return Err(problems.into());
                }
            }
        }
        Ok((RunTarget::shared(self.target.name(), targets), made))
    }

    /// Whoever looks at the newest reports from now on finds this run, and none that is finished
    /// until it is. What is wrong with the folder is shown when the reports are written: what the
    /// run finds decides how it ends.
    fn begin(&self, run: &str) {
        _ = write::begin(&self.report_dir, run);
    }

    /// Makes the attempts and reports them. Answers the record, and whether every event could be
    /// reported.
    fn run(
        &self,
        runtime: &Runtime,
        plan: &Plan<'_>,
        target: &RunTarget,
        options: &Options,
        stop: &Stop,
        terminal: &mut Terminal,
    ) -> (Arc<RunRecord>, io::Result<()>) {
        let mut reporter = self.reporter(terminal);
        let mut reported = Ok(());
        let record = runtime.block_on(runner::run_on(plan, target, options, stop, |event| {
            if let Err(error) = reporter.report(event)
                && reported.is_ok()
            {
                reported = Err(error);
            }
        }));
        (record, reported)
    }

    fn reporter<'t>(&self, terminal: &'t mut Terminal) -> impl Reporter + 't {
        let look = terminal::Options {
            format: self.format.into(),
            colour: terminal.colour_out,
            progress: terminal.progress,
            columns: terminal.columns,
        };
        terminal::Terminal::new(&mut terminal.out, look)
    }

    fn conclude(
        &self,
        record: &RunRecord,
        reported: io::Result<()>,
        terminal: &mut Terminal,
    ) -> io::Result<Exit> {
        let written = self.write(record, &mut self.reporter(terminal));
        let found = record.exit();
        let exit = match written {
            Ok(()) => found,
            Err(problem) => {
                writeln!(terminal.err, "error: {problem}")?;
                found.unwritten()
            }
        };
        Ok(match reported {
            Ok(()) => exit,
            Err(error) => terminal.unwritten(exit, &error),
        })
    }

    fn write(&self, record: &RunRecord, reporter: &mut impl Reporter) -> Result<(), ReportError> {
        for path in write::write(&self.report_dir, record)? {
            // A terminal that is gone does not undo the report.
            _ = reporter.report(&Event::ReportWritten { path: path.display().to_string() });
        }
        Ok(())
    }
}

/// Ids of what did not pass.
fn not_passed(record: &RunRecord) -> std::collections::BTreeSet<String> {
    let ids = record.results.iter().filter(|result| result.verdict != Verdict::Pass);
    ids.map(|result| result.id.clone()).collect()
}

/// An id to run again that no attempt and no check has any more.
fn gone(selection: &Selection, architectures: &[Architecture]) -> Option<String> {
    let only = selection.only.as_ref()?;
    let known = |id: &str| {
        architectures.iter().any(|architecture| {
            let mut attempts = architecture.scenarios.iter().flat_map(Scenario::attempts);
            attempts.any(|attempt| attempt.id == id)
                || architecture.checks.iter().any(|reading| reading.id == id)
        })
    };
    only.iter().find(|id| !known(id)).cloned()
}

/// The first Ctrl-C or SIGTERM ends the run in good order; the second ends the program.
async fn interrupt(stop: Stop) {
    if asked_to_stop().await.is_ok() {
        stop.interrupt();
        if asked_to_stop().await.is_ok() {
            std::process::exit(i32::from(Exit::Undecided.code()));
        }
    }
}

#[cfg(unix)]
async fn asked_to_stop() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        asked = tokio::signal::ctrl_c() => asked,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn asked_to_stop() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}
