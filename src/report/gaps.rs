//! What a run did not prove, as `gaps:` that can be accepted. Pure.

use std::fmt::Write as _;

use crate::{
    environment::ProvedBy,
    record::{ControlSummary, ControlVerdict, ResultRecord, RunRecord},
    report::one_json_line,
};

/// The gaps of a run by architecture, as they are written into its `waivers.yaml`: a control where
/// nothing of it is proved, results where a part is. Who accepts them, why and until when is left
/// empty: a file with empty fields is refused.
#[must_use]
pub fn gaps(record: &RunRecord) -> String {
    let mut text = String::new();
    for architecture in &record.run.architectures {
        let own = record.summary.controls.iter();
        let own = own.filter(|control| control.architecture == architecture.name);
        let open: Vec<&ControlSummary> =
            own.filter(|control| control.verdict.is_unproved()).collect();
        if open.is_empty() {
            continue;
        }
        let (whole, part): (Vec<&ControlSummary>, Vec<&ControlSummary>) =
            open.into_iter().partition(|control| control.verdict == ControlVerdict::NotProved);
        // Writing to a string cannot fail.
        _ = writeln!(text, "# waivers.yaml of {}", quoted(&architecture.name));
        _ = writeln!(text, "gaps:\n  - target: {}", quoted(&record.run.target));
        list(&mut text, "controls", whole.iter().map(|control| control.id.as_str()));
        let mut missing: Vec<&str> = Vec::new();
        for control in part {
            let info = architecture.controls.iter().find(|info| info.id == control.id);
            let of = record.results.iter().filter(|result| {
                info.is_some_and(|info| is_missing(result, control, &info.proved_by))
            });
            missing.extend(of.map(|result| result.id.as_str()));
        }
        missing.sort_unstable();
        missing.dedup();
        list(&mut text, "results", missing.into_iter());
        text.push_str("    owner: \"\"\n    reason: \"\"\n    expires: \"\"\n");
    }
    text
}

fn is_missing(result: &ResultRecord, control: &ControlSummary, proved_by: &ProvedBy) -> bool {
    result.architecture == control.architecture
        && result.is_unmade()
        && result.controls.contains(&control.id)
        && proved_by.takes(result.kind.proof())
}

fn list<'a>(text: &mut String, name: &str, ids: impl Iterator<Item = &'a str>) {
    let lines: Vec<String> = ids.map(|id| format!("      - {}\n", quoted(id))).collect();
    if !lines.is_empty() {
        _ = write!(text, "    {name}:\n{}", lines.concat());
    }
}

/// A text as JSON has it, which is YAML, too, and on one line whatever it holds.
fn quoted(text: &str) -> String {
    one_json_line(&serde_json::Value::from(text).to_string())
}
