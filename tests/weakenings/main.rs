//! Each setting and statement of an architecture, weakened alone, fails the run and names its
//! control. The weakenings are in `table.toml`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at a surprise"
)]

#[path = "../common/mod.rs"]
mod common;

use std::collections::BTreeSet;

use common::{Copied, code, sampled, stderr, stdout};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    weakening: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    r#in: Vec<String>,
    file: String,
    says: String,
    then: String,
    fails: BTreeSet<String>,
    #[serde(default)]
    read: bool,
}

/// One edit of one architecture.
struct Weakening<'a> {
    architecture: &'a str,
    row: &'a Row,
}

impl Weakening<'_> {
    fn shown(&self) -> String {
        format!("{}/{}: {}", self.architecture, self.row.file, self.row.then)
    }

    /// What of a run sees the weakening: what else there is knows nothing of it, and takes most of
    /// a run.
    fn seeing(&self, whole: &Value) -> BTreeSet<String> {
        if self.row.read {
            return BTreeSet::from([format!("{}/checks/", self.architecture)]);
        }
        let proves = |result: &&Value| {
            let mut controls = result["controls"].as_array().unwrap().iter();
            result["architecture"] == self.architecture
                && controls.any(|id| self.row.fails.contains(id.as_str().unwrap()))
        };
        let results = whole["results"].as_array().unwrap().iter().filter(proves);
        let seeing = results.map(|result| {
            format!("{}/{}/", self.architecture, result["scenario"].as_str().unwrap())
        });
        seeing.collect()
    }

    /// Why the weakening is not found, and named by its control; nothing where it is.
    fn not_found(&self, whole: &Value) -> Option<String> {
        let Row { file, says, then, fails, read, .. } = self.row;
        let seeing = self.seeing(whole);
        if seeing.is_empty() {
            return Some(format!("{}: nothing proves {fails:?}", self.shown()));
        }
        let copy = Copied::edited(&[(&format!("{}/{file}", self.architecture), says, then)]);
        let selected = seeing.iter().map(String::as_str);
        let output =
            copy.run(&["--format", "terse"].into_iter().chain(selected).collect::<Vec<_>>());
        if code(&output) != 1 {
            return Some(format!("{}: exit {}\n{}", self.shown(), code(&output), stderr(&output)));
        }
        let record = copy.record();
        let controls = record["summary"]["controls"].as_array().unwrap().iter();
        let failed: BTreeSet<String> = controls
            .filter(|found| found["verdict"] == "fail")
            .map(|found| found["id"].as_str().unwrap().to_owned())
            .collect();
        // An attempt may rest on several statements; a check rests on its setting.
        let is_right = if *read { failed == *fails } else { failed.is_superset(fails) };
        let is_told = fails.iter().all(|control| stdout(&output).contains(control));
        (!is_right || !is_told)
            .then(|| format!("{}: failed {failed:?}, and not {fails:?}", self.shown()))
    }
}

fn table() -> Table {
    toml::from_str(include_str!("table.toml")).unwrap()
}

#[test]
fn every_weakening_fails_the_run_and_names_its_control() {
    let table = table();
    let weakenings = table.weakening.iter().flat_map(|row| {
        let architectures = row.r#in.iter();
        architectures.map(move |architecture| Weakening { architecture, row })
    });
    let weakenings = sampled("weakenings", 40, weakenings.collect());
    let whole = Copied::new();
    assert_eq!(code(&whole.run(&["--format", "terse"])), 0, "nothing is weakened yet");
    let whole = whole.record();
    let wrong: Vec<String> =
        weakenings.iter().filter_map(|weakening| weakening.not_found(&whole)).collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), weakenings.len(), wrong.join("\n"));
}

/// What watches an account is weakened wherever it stands, not in one architecture for all.
#[test]
fn a_weakening_is_made_in_every_architecture_that_says_it() {
    let scenarios = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let read = |path: &str| std::fs::read_to_string(scenarios.join(path)).unwrap_or_default();
    for row in table().weakening.iter().filter(|row| {
        row.file.starts_with("settings/trail") || row.file.ends_with("monitoring.json")
    }) {
        let applies = |architecture: &&str| {
            let baseline = read(&format!("{architecture}/baseline.yaml"));
            read(&format!("{architecture}/{}", row.file)).contains(&row.says)
                && row.fails.iter().all(|id| baseline.contains(id.as_str()))
        };
        let expected: Vec<&str> = ["encrypted-bucket", "secure-bucket", "team-bucket"]
            .into_iter()
            .filter(applies)
            .collect();
        assert_eq!(row.r#in, expected, "{} {}", row.file, row.then);
    }
}
