//! Attempts as ordinary tests: filters, `--list`, `--exact` and `--skip` of `cargo test`, and one process per test under
//! cargo-nextest.
//!
//! A repository of one's own runs its scenarios so, with `harness = false` for the test in Cargo.toml:
//!
//! ```no_run
//! // tests/scenarios.rs
//! fn main() -> std::process::ExitCode {
//!     gainsay::harness::main("scenarios")
//! }
//! ```

use std::{
    io::{self, Write as _},
    path::Path,
    process::ExitCode,
    sync::Arc,
};

use libtest_mimic::{Arguments, Failed, Trial};

use crate::{
    diag::Diagnostics,
    plan::{Plan, Selection},
    record::ResultRecord,
    report::detail_lines,
    runner::{self, Options, Stop},
    scenario::Scenario,
    suite::{self, Architecture},
    verdict::Verdict,
};

/// Runs every attempt below a scenarios folder as a test, as the command line asks.
///
/// Each test stands alone: it deploys the architecture into a sandbox of its own, makes its fixtures, and asks its witnesses.
pub fn main(scenarios: impl AsRef<Path>) -> ExitCode {
    let arguments = Arguments::from_args();
    match trials(scenarios.as_ref()) {
        Ok(trials) => libtest_mimic::run(&arguments, trials).exit_code(),
        Err(problems) => {
            // As for a test that does not compile: there is nothing to run, and that is no success.
            _ = write!(io::stderr(), "{problems}");
            ExitCode::from(101)
        }
    }
}

fn trials(scenarios: &Path) -> Result<Vec<Trial>, Diagnostics> {
    let (architectures, _) = suite::resolve(&suite::load::load(scenarios)?)?;
    let architectures: Arc<[Architecture]> = architectures.into();
    let shown: Arc<str> = scenarios.display().to_string().into();
    let mut trials = Vec::new();
    for attempt in architectures
        .iter()
        .flat_map(|architecture| &architecture.scenarios)
        .flat_map(Scenario::attempts)
    {
        let (architectures, shown, id) = (architectures.clone(), shown.clone(), attempt.id.clone());
        trials.push(Trial::test(attempt.id.clone(), move || attempt_alone(&architectures, &shown, id)));
    }
    Ok(trials)
}

fn attempt_alone(architectures: &[Architecture], scenarios: &str, id: String) -> Result<(), Failed> {
    let selection = Selection {
        wanted: vec![id],
        exact: true,
        ..Selection::default()
    };
    let plan = Plan::new(architectures, &selection);
    let options = Options {
        jobs: 1,
        fail_fast: false,
        run: runner::new_run_id(),
        scenarios: scenarios.to_owned(),
        between: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let record = runtime.block_on(runner::run(&plan, &options, &Stop::default(), |_| {}));
    match record.results.first() {
        Some(result) if result.verdict == Verdict::Pass => Ok(()),
        Some(result) => Err(text(result).into()),
        None => Err("the attempt was not made".into()),
    }
}

/// The failure as `gainsay run` tells it.
fn text(result: &ResultRecord) -> String {
    let lines: Vec<String> = detail_lines(result)
        .into_iter()
        .map(|(label, text)| format!("{label}: {text}"))
        .collect();
    lines.join("\n")
}
