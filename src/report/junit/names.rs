//! The names of suites and test cases: unique, because consumers drop or merge what has the same
//! classname and name.

use std::collections::{HashMap, HashSet};

use crate::{
    record::{ControlSummary, ResultRecord, RunRecord},
    report::one_line,
};

/// Azure DevOps cuts names at 512 characters.
const LONGEST: usize = 500;
/// How much of that the id's last segment may take.
const LONGEST_SLUG: usize = 100;

/// The results of one scenario.
pub(super) struct Suite<'a> {
    /// `architecture.scenario`, also the classname of its test cases.
    pub(super) name: String,
    /// In the order of the record.
    pub(super) cases: Vec<Case<'a>>,
}

/// One result.
pub(super) struct Case<'a> {
    /// Unique in its suite.
    pub(super) name: String,
    pub(super) result: &'a ResultRecord,
}

/// The controls of one architecture that are not proved, or in part only: test cases of their own,
/// for no result says it.
pub(super) struct Unproved<'a> {
    /// `architecture.controls`, also the classname of its test cases.
    pub(super) name: String,
    /// The controls by the names of their test cases, in the order of the baseline.
    pub(super) cases: Vec<(String, &'a ControlSummary)>,
}

/// The controls that are not proved, by architecture. `taken` are the suites there are already.
pub(super) fn unproved<'a>(record: &'a RunRecord, taken: &[Suite<'_>]) -> Vec<Unproved<'a>> {
    let of = |architecture: &str| {
        let controls = record.summary.controls.iter();
        let own = controls.filter(|control| control.architecture == architecture);
        let cases = own.filter(|control| control.verdict.is_unproved()).map(|control| {
            let words = [control.id.as_str(), control.title.as_str()].join(" ");
            (clip(&one_line(&words), LONGEST), control)
        });
        cases.collect::<Vec<_>>()
    };
    let mut suites: Vec<Unproved<'a>> = Vec::new();
    for architecture in &record.run.architectures {
        let cases = of(&architecture.name);
        let mut name = clip(&one_line(&format!("{}.controls", architecture.name)), LONGEST);
        while taken.iter().any(|suite| suite.name == name)
            || suites.iter().any(|suite| suite.name == name)
        {
            name = with_suffix(&name, " (not proved)");
        }
        if !cases.is_empty() {
            suites.push(Unproved { name, cases });
        }
    }
    suites
}

/// Every result under its name, in the order of the record.
pub(super) fn suites(record: &RunRecord) -> Vec<Suite<'_>> {
    let mut suites: Vec<Suite<'_>> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for result in &record.results {
        let name =
            clip(&one_line(&format!("{}.{}", result.architecture, result.scenario)), LONGEST);
        let place = *places.entry(name.clone()).or_insert_with(|| {
            suites.push(Suite { name, cases: Vec::new() });
            suites.len() - 1
        });
        if let Some(suite) = suites.get_mut(place) {
            suite.cases.push(Case { name: plain_name(result), result });
        }
    }
    for suite in &mut suites {
        make_unique(&mut suite.cases);
    }
    suites
}

/// `ENC-02 app s3:PutObject with S3-managed keys`
fn plain_name(result: &ResultRecord) -> String {
    let controls = result.controls.join("+");
    let row = if result.row == "-" { "" } else { &result.row };
    let words = [&controls, row, &result.operation, &result.attempt];
    let words: Vec<&str> =
        words.into_iter().map(str::trim).filter(|word| !word.is_empty()).collect();
    let name = one_line(&words.join(" "));
    // A test case without a name makes some readers throw.
    clip(if name.is_empty() { "-" } else { &name }, LONGEST)
}

/// Every name that occurs twice gets the end of its id, which tells the attempt's own variables; so
/// no name depends on which of them comes first. What is still taken gets a number.
fn make_unique(cases: &mut [Case<'_>]) {
    let mut times: HashMap<String, usize> = HashMap::new();
    for case in cases.iter() {
        *times.entry(case.name.clone()).or_default() += 1;
    }
    let mut taken: HashSet<String> = HashSet::new();
    for case in cases {
        if times.get(&case.name).is_some_and(|times| *times > 1) {
            let slug = case.result.id.rsplit('/').next().unwrap_or_default();
            case.name =
                with_suffix(&case.name, &format!(" [{}]", clip(&one_line(slug), LONGEST_SLUG)));
        }
        let mut number = 1;
        let wanted = case.name.clone();
        while !taken.insert(case.name.clone()) {
            number += 1;
            case.name = with_suffix(&wanted, &format!(" #{number}"));
        }
    }
}

fn with_suffix(name: &str, suffix: &str) -> String {
    clip(name, LONGEST.saturating_sub(suffix.chars().count())) + suffix
}

/// At most so many characters, the last an ellipsis where something is missing.
fn clip(text: &str, most: usize) -> String {
    if text.chars().nth(most).is_none() {
        return text.to_owned();
    }
    let mut out: String = text.chars().take(most.saturating_sub(1)).collect();
    out.push('…');
    out
}
