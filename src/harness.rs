//! Attempts, checks and controls as ordinary tests: filters, `--list`, `--exact` and `--skip` of
//! `cargo test`, and one process per test under cargo-nextest.
//!
//! A repository of one's own runs its scenarios so, with `harness = false` for the test in
//! Cargo.toml:
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
use time::OffsetDateTime;

use crate::{
    files::{Waivers, diag::Diagnostics, load},
    plan::{Plan, Selection},
    record::{ControlVerdict, ResultRecord, RunRecord},
    report::{detail_lines, one_line, unproved},
    runner::{self, Options, Stop},
    scenario::Scenario,
    suite::{self, Architecture},
    verdict::Verdict,
};

/// Runs every attempt below a scenarios folder as a test, as the command line asks.
///
/// Each test stands alone: it deploys the architecture into a sandbox of its own, makes its
/// fixtures, and asks its witnesses.
pub fn main(scenarios: impl AsRef<Path>) -> ExitCode {
    let arguments = Arguments::from_args();
    match trials(scenarios.as_ref()) {
        Ok(trials) => libtest_mimic::run(&arguments, trials).exit_code(),
        Err(problems) => {
            // There is nothing to run, which is no success: what cargo ends with where a test does
            // not compile.
            _ = write!(io::stderr(), "{problems}");
            ExitCode::from(101)
        }
    }
}

fn trials(scenarios: &Path) -> Result<Vec<Trial>, Diagnostics> {
    let (architectures, _) = suite::resolve(&load::load(scenarios)?)?;
    let architectures: Arc<[Architecture]> = architectures.into();
    let shown: Arc<str> = scenarios.display().to_string().into();
    let mut trials = Vec::new();
    let attempts = |architecture: &Architecture| {
        architecture
            .scenarios
            .iter()
            .flat_map(Scenario::attempts)
            .map(|attempt| attempt.id.clone())
            .collect::<Vec<_>>()
    };
    let checks = |architecture: &Architecture| {
        architecture.checks.iter().map(|reading| reading.id.clone()).collect::<Vec<_>>()
    };
    for id in architectures
        .iter()
        .flat_map(|architecture| [checks(architecture), attempts(architecture)].concat())
    {
        let (architectures, shown) = (architectures.clone(), shown.clone());
        trials.push(Trial::test(id.clone(), move || run_one(&architectures, &shown, id)));
    }
    for (place, architecture) in architectures.iter().enumerate() {
        for control in &architecture.baseline.controls {
            let (architectures, shown, id) =
                (architectures.clone(), shown.clone(), control.id.clone());
            let name = format!("{}/controls/{id}", architecture.name);
            let proved = move || run_control(architectures.get(place..=place), &shown, &id);
            let is_testable = !architecture.baseline.not_testable.contains_key(&control.id);
            trials.push(Trial::test(name, proved).with_ignored_flag(!is_testable));
        }
    }
    let waived = architectures.iter().filter(|one| !one.waivers.waivers.is_empty());
    for architecture in waived {
        let waivers = architecture.waivers.clone();
        trials.push(Trial::test(format!("{}/waivers", architecture.name), move || {
            check_waivers(&waivers)
        }));
    }
    Ok(trials)
}

/// Fails if a waiver has expired, whatever it is of, as `gainsay run` does.
fn check_waivers(waivers: &Waivers) -> Result<(), Failed> {
    let today = OffsetDateTime::now_utc().date();
    let expired = waivers.waivers.iter().filter(|waiver| waiver.has_expired(today));
    let lines: Vec<String> = expired
        .map(|waiver| {
            one_line(&format!(
                "the waiver of {} by {} ({}) expired on {}",
                waiver.of, waiver.owner, waiver.ticket, waiver.expires
            ))
        })
        .collect();
    if lines.is_empty() { Ok(()) } else { Err(lines.join("\n").into()) }
}

fn run_one(architectures: &[Architecture], scenarios: &str, id: String) -> Result<(), Failed> {
    let selection = Selection { wanted: vec![id], exact: true, ..Selection::default() };
    match run_selected(architectures, scenarios, &selection)?.results.first() {
        Some(result) if matches!(result.verdict, Verdict::Pass | Verdict::Waived) => Ok(()),
        Some(result) => Err(text(result).into()),
        None => Err("nothing was run".into()),
    }
}

/// Makes everything that a control is attached to, and judges the control by it.
fn run_control(
    architecture: Option<&[Architecture]>,
    scenarios: &str,
    id: &str,
) -> Result<(), Failed> {
    let architecture = architecture.unwrap_or_default();
    let attempts = architecture.iter().flat_map(|one| &one.scenarios).flat_map(Scenario::attempts);
    let attempts = attempts.filter(|attempt| attempt.controls.iter().any(|control| control == id));
    let readings = architecture.iter().flat_map(|one| &one.checks);
    let readings = readings.filter(|reading| reading.control == id);
    let ids = attempts.map(|attempt| attempt.id.clone());
    let selection = Selection {
        only: Some(ids.chain(readings.map(|reading| reading.id.clone())).collect()),
        ..Selection::default()
    };
    let record = run_selected(architecture, scenarios, &selection)?;
    let control = record.summary.controls.iter().find(|control| control.id == id);
    match control {
        Some(control) if control.verdict == ControlVerdict::Pass => Ok(()),
        Some(control) if control.verdict == ControlVerdict::Waived => Ok(()),
        Some(control) => {
            let others = record.results.iter().filter(|result| result.verdict != Verdict::Pass);
            let lines: Vec<String> = others
                .map(|result| format!("\n{}:\n{}", one_line(&result.id), text(result)))
                .collect();
            Err(format!("{} is {}{}", one_line(id), unproved(control), lines.concat()).into())
        }
        None => Err("nothing was run".into()),
    }
}

/// The record of a run of what is selected, on a sandbox of its own.
fn run_selected(
    architectures: &[Architecture],
    scenarios: &str,
    selection: &Selection,
) -> Result<Arc<RunRecord>, Failed> {
    let plan = Plan::new(architectures, selection);
    let options = Options {
        jobs: 1,
        fail_fast: false,
        run: runner::new_run_id(),
        scenarios: scenarios.to_owned(),
        share: true,
        wrap: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(runner::run(&plan, &options, &Stop::default(), |_| {})))
}

/// What `gainsay run` prints of a result that did not pass.
fn text(result: &ResultRecord) -> String {
    let lines: Vec<String> =
        detail_lines(result).into_iter().map(|(label, text)| format!("{label}: {text}")).collect();
    lines.join("\n")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_is_waived_does_not_fail_and_what_has_expired_does() {
        let copy = tempfile::tempdir().unwrap();
        let (from, to) = (
            Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/secure-bucket"),
            copy.path().join("secure-bucket"),
        );
        for folder in ["", "policies", "settings"] {
            fs::create_dir_all(to.join(folder)).unwrap();
            for file in fs::read_dir(from.join(folder))
                .unwrap()
                .map(|file| file.unwrap().path())
                .filter(|path| path.is_file())
            {
                fs::copy(&file, to.join(folder).join(file.file_name().unwrap())).unwrap();
            }
        }
        let policy = to.join("policies/evidence-bucket.json");
        let text = fs::read_to_string(&policy).unwrap();
        fs::write(policy, text.replace("DenyInsecureTransport", "DenySomething")).unwrap();
        let passes = || {
            let (architectures, _) = suite::resolve(&load::load(copy.path()).unwrap()).unwrap();
            let id = "secure-bucket/plain-http-objects/-/s3:GetObjectAnnotation/annotations-over-plain-http";
            let attempt = run_one(&architectures, "scenarios", id.to_owned());
            let control = run_control(Some(&architectures[..]), "scenarios", "TLS-01");
            let in_force = check_waivers(&architectures[0].waivers);
            (attempt.is_ok(), control.is_ok(), in_force.is_ok())
        };
        assert_eq!(passes(), (false, false, true), "without waivers");
        for (expires, expected) in
            [("2999-12-31", (true, true, true)), ("2020-12-31", (false, false, false))]
        {
            // Some of its results are of other controls, too.
            let waivers = ["TLS-01", "PUB-01", "URL-01"].map(|control| {
                let by = format!("owner: o, reason: r, ticket: t, expires: {expires}");
                format!("  - {{ control: {control}, {by} }}\n")
            });
            let waiver = format!("waivers:\n{}", waivers.concat());
            fs::write(to.join("waivers.yaml"), waiver).unwrap();
            assert_eq!(passes(), expected, "{expires}");
        }
    }
}
