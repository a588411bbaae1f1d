//! The README shows what the program prints today, and its first scenario works.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may stop at a surprise"
)]

mod common;

use std::{fs, path::Path};

use common::{code, copy_scenarios, gainsay, stderr, stdout};
use serde_json::Value;

fn readme() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

/// The fenced block after a marker.
fn block<'a>(text: &'a str, marker: &str) -> &'a str {
    let after = text.split(marker).nth(1).unwrap_or_else(|| panic!("the README has no `{marker}`"));
    let fenced = after.split("```").nth(1).unwrap();
    fenced.split_once('\n').unwrap().1
}

/// What differs from run to run, replaced.
fn normal(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.trim().lines() {
        let mut line = line.trim_end().to_owned();
        if let Some((before, after)) = line.clone().split_once("finished in ") {
            line = format!("{before}finished in _s{}", after.split_once('s').unwrap().1);
        }
        lines.push(line.split_inclusive(['/', '-', ' ']).map(without_run_id).collect::<String>());
    }
    lines.join("\n")
}

/// A run id is 32 hexadecimal digits.
fn without_run_id(part: &str) -> String {
    let word = part.trim_end_matches(['/', '-', ' ']);
    let is_run_id = word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_run_id { part.replace(word, "RUN") } else { part.to_owned() }
}

/// Runs in a folder that holds `scenarios/`, as the repository does.
fn run_in(directory: &Path, arguments: &str) -> String {
    let output = gainsay().current_dir(directory).args(arguments.split(' ')).output().unwrap();
    stdout(&output)
}

#[test]
fn the_sample_of_a_good_run_is_current() {
    let directory = tempfile::tempdir().unwrap();
    copy_scenarios(&directory.path().join("scenarios"));
    let printed = run_in(directory.path(), "run --jobs 1 presigned/app");
    assert_eq!(
        normal(block(&readme(), "<!-- sample: run presigned/app -->")),
        normal(&printed),
        "paste this:\n{printed}"
    );
}

#[test]
fn the_samples_of_explain_and_decide_are_current() {
    let directory = tempfile::tempdir().unwrap();
    let readme = readme();
    let request = block(&readme, "<!-- request -->");
    fs::write(directory.path().join("request.json"), request).unwrap();
    let line: Value = serde_json::from_str(request).unwrap();
    fs::write(directory.path().join("request.jsonl"), line.to_string()).unwrap();
    for arguments in ["explain --request request.json", "decide --input request.jsonl"] {
        let printed = run_in(directory.path(), arguments);
        assert_eq!(
            block(&readme, &format!("<!-- sample: {arguments} -->")),
            printed,
            "paste this:\n{printed}"
        );
    }
}

#[test]
fn the_sample_of_the_doctor_is_current() {
    let directory = tempfile::tempdir().unwrap();
    copy_scenarios(&directory.path().join("scenarios"));
    let arguments = "doctor secure-bucket/landing";
    let printed = run_in(directory.path(), arguments);
    let marker = format!("<!-- sample: {arguments} -->");
    assert_eq!(normal(block(&readme(), &marker)), normal(&printed), "paste this:\n{printed}");
}

#[test]
fn the_bindings_of_the_readme_are_bindings() {
    let directory = tempfile::tempdir().unwrap();
    copy_scenarios(&directory.path().join("scenarios"));
    let readme = readme();
    let (_, after) = readme
        .split_once("# yaml-language-server: $schema=../../schemas/bindings.schema.json")
        .unwrap();
    let (text, _) = after.split_once("```").unwrap();
    fs::write(directory.path().join("scenarios/secure-bucket/bindings.yaml"), text).unwrap();
    let output = gainsay().current_dir(directory.path()).arg("lint").output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
}

#[test]
fn the_sample_of_a_weakened_policy_is_current() {
    let directory = tempfile::tempdir().unwrap();
    copy_scenarios(&directory.path().join("scenarios"));
    let path = directory.path().join("scenarios/secure-bucket/policies/evidence-bucket.json");
    let mut policy: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    policy["Statement"]
        .as_array_mut()
        .unwrap()
        .retain(|statement| statement["Sid"] != "DenyNotKms");
    fs::write(&path, serde_json::to_string_pretty(&policy).unwrap()).unwrap();
    let arguments =
        "run --exact secure-bucket/encryption/app.inbox/s3:PutObject/with-s3-managed-keys";
    let printed = run_in(directory.path(), arguments);
    let marker = format!("<!-- sample without DenyNotKms: {arguments} -->");
    assert_eq!(normal(block(&readme(), &marker)), normal(&printed), "paste this:\n{printed}");
}

#[test]
fn the_first_scenario_of_ones_own_works() {
    let directory = tempfile::tempdir().unwrap();
    copy_scenarios(&directory.path().join("scenarios"));
    let readme = readme();
    let scenario = block(&readme, "<!-- scenario -->");
    fs::write(directory.path().join("scenarios/secure-bucket/mine.yaml"), scenario).unwrap();
    let output = gainsay()
        .current_dir(directory.path())
        .args(["run", "scenarios/secure-bucket/mine.yaml"])
        .output()
        .unwrap();
    assert_eq!(code(&output), 0, "{}{}", stdout(&output), stderr(&output));
    assert!(stdout(&output).contains("3 passed"));
}
