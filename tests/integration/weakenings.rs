//! Each setting and statement of an architecture, weakened alone, fails the run and names its
//! control. The weakenings are in `tests/weakenings/table.toml`.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;

use crate::common::{
    Copied,
    changes::{Row, Table},
    code, sampled, stderr, stdout,
};

/// One row in one architecture.
struct Weakening<'a> {
    architecture: &'a str,
    row: &'a Row,
}

impl Weakening<'_> {
    fn name(&self) -> String {
        format!("{}/{}", self.architecture, self.row.id)
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
        let Row { fails, read, .. } = self.row;
        let name = self.name();
        let seeing = self.seeing(whole);
        if seeing.is_empty() {
            return Some(format!("{name}: nothing proves {fails:?}"));
        }
        let copy = Copied::changed(&[&name]);
        let selected = seeing.iter().map(String::as_str);
        let output =
            copy.run(&["--format", "terse"].into_iter().chain(selected).collect::<Vec<_>>());
        if code(&output) != 1 {
            return Some(format!("{name}: exit {}\n{}", code(&output), stderr(&output)));
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
        (!is_right || !is_told).then(|| format!("{name}: failed {failed:?}, and not {fails:?}"))
    }
}

/// The text of a file of an architecture, if there is such a file.
fn shipped(architecture: &str, file: &str) -> Option<String> {
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    fs::read_to_string(scenarios.join(architecture).join(file)).ok()
}

#[test]
fn every_weakening_fails_the_run_and_names_its_control() {
    let table = Table::read();
    let weakenings = table.weakenings.iter().flat_map(|row| {
        let architectures = row.architectures.iter();
        architectures.map(move |architecture| Weakening { architecture, row })
    });
    let weakenings = sampled("weakenings", 42, weakenings.collect());
    let whole = Copied::new();
    assert_eq!(code(&whole.run(&["--format", "terse"])), 0, "nothing is weakened yet");
    let whole = whole.record();
    let wrong: Vec<String> =
        weakenings.iter().filter_map(|weakening| weakening.not_found(&whole)).collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), weakenings.len(), wrong.join("\n"));
}

/// Every row, also where only a part of them is run.
#[test]
fn every_row_changes_its_file_and_has_a_name_of_its_own() {
    let table = Table::read();
    let mut names = BTreeSet::new();
    for row in table.weakenings.iter().chain(&table.changes) {
        assert!(!row.architectures.is_empty(), "{}", row.id);
        for architecture in &row.architectures {
            let text = shipped(architecture, &row.file).unwrap();
            assert!(row.changed(&text).is_some(), "{architecture}/{} changes nothing", row.id);
            assert!(names.insert(format!("{architecture}/{}", row.id)), "{} twice", row.id);
        }
    }
    assert!(table.weakenings.iter().all(|row| !row.fails.is_empty()));
    assert!(table.changes.iter().all(|row| row.fails.is_empty() && !row.read));
    assert!(names.len() > 250, "{}", names.len());
}

/// What watches an account is weakened wherever it stands, not in one architecture for all.
#[test]
fn a_weakening_is_made_in_every_architecture_that_says_it() {
    for row in Table::read().weakenings.iter().filter(|row| {
        row.file.starts_with("settings/trail") || row.file.ends_with("monitoring.json")
    }) {
        let applies = |architecture: &&str| {
            let baseline = shipped(architecture, "baseline.yaml").unwrap();
            shipped(architecture, &row.file).is_some_and(|text| row.changed(&text).is_some())
                && row.fails.iter().all(|id| baseline.contains(id.as_str()))
        };
        let expected: Vec<&str> = ["encrypted-bucket", "secure-bucket", "team-bucket"]
            .into_iter()
            .filter(applies)
            .collect();
        assert_eq!(row.architectures, expected, "{}", row.id);
    }
}
