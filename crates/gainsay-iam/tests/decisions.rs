//! What AWS documents of policy evaluation, case by case: `decisions/*.yaml`, each case with the
//! page and the rule it follows. A case is a test of its own, and goes the way that `gainsay
//! decide` goes: as a line of JSON.
//!
//! A *statement* case asks whether one statement matches a request: it is tried as an Allow alone,
//! and as a Deny beside an Allow, so that every match is seen to allow and to deny, and every miss
//! to do neither. A *decision* case has whole policies.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at a surprise"
)]

#[path = "decisions/case.rs"]
mod case;

use std::{collections::BTreeSet, fs, path::Path, process::ExitCode};

use case::{Case, File};
use gainsay_iam::{Answer, EvaluationInput, explain};
use libtest_mimic::{Arguments, Failed, Trial};

/// So many are promised.
const AT_LEAST: usize = 400;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/decisions");
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    let mut trials = Vec::new();
    for path in files {
        let topic = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let file = File::read(&fs::read_to_string(&path).unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut names = BTreeSet::new();
        for case in file.cases() {
            assert!(names.insert(case.name.clone()), "{topic}: `{}` is there twice", case.name);
            let name = format!("{topic}/{}", case.name);
            trials.push(Trial::test(name, move || check(&case)));
        }
    }
    assert!(trials.len() >= AT_LEAST, "{} cases", trials.len());
    let guide = fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/src/engine.md"),
    )
    .unwrap();
    let count = format!("{},{:03} cases", trials.len() / 1000, trials.len() % 1000);
    assert!(guide.contains(&count), "the guide has another number than {count}");
    trials.extend(seeds());
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// What the fuzz targets begin with is read and answered, and explained the same way.
fn seeds() -> Vec<Trial> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/decide");
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 20, "{} seeds", files.len());
    let trial = |path: std::path::PathBuf| {
        let name = format!("seed/{}", path.file_stem().unwrap().to_str().unwrap());
        Trial::test(name, move || {
            let line = fs::read(&path).unwrap();
            let answer = Answer::to(&line, true);
            let (_, input) = EvaluationInput::read(std::str::from_utf8(&line).unwrap());
            let input = input.map_err(|error| error.to_string())?;
            let explanation = explain(&input.request(), &input.policies());
            if answer.decision.is_some() && explanation.decision == answer.decision {
                return Ok(());
            }
            Err(format!("{answer:?}").into())
        })
    };
    files.into_iter().map(trial).collect()
}

fn check(case: &Case) -> Result<(), Failed> {
    let problems = case.problems();
    if problems.is_empty() {
        return Ok(());
    }
    Err(format!("{}\n{}\n{}", case.rule, case.source, problems.join("\n")).into())
}
