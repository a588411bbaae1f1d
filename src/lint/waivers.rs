//! What is suspicious in waivers and gaps.

use time::{Date, Duration};

use super::about;
use crate::{
    files::{
        RawWaivers,
        diag::{Code, Diagnostics},
    },
    scenario::Scenario,
    suite::{Architecture, Written},
};

/// Longer ones are for good: a year, also one that has 366 days.
const LONGEST: Duration = Duration::days(366);

pub(super) fn check(
    architecture: &Architecture,
    file: &Written<RawWaivers>,
    today: Date,
    found: &mut Diagnostics,
) {
    let mut add = |diagnostic| found.push(diagnostic);
    let (source, raw) = file;
    let waivers = &architecture.waivers;
    let written = raw.waivers.iter().flatten();
    for (written, waiver) in written.zip(&waivers.waivers) {
        if waiver.expires - today > LONGEST {
            let until = waiver.expires;
            let message = format!("`{}` is waived for more than a year, until {until}", waiver.of);
            add(about(source, &written.value.expires, Code::LongWaiver, message));
        }
    }
    for (written, gap) in raw.gaps.iter().flatten().zip(&waivers.gaps) {
        if gap.expires - today > LONGEST {
            let message = format!("a gap is accepted for more than a year, until {}", gap.expires);
            add(about(source, &written.value.expires, Code::LongWaiver, message));
        }
        let controls = &architecture.baseline.controls;
        if controls.iter().all(|control| gap.controls.contains(&control.id)) {
            let message = format!("no control is to be proved on the target `{}`", gap.target);
            add(about(source, &written.value.target, Code::WaivesEverything, message));
        }
    }
    let attempts = architecture.scenarios.iter().flat_map(Scenario::attempts);
    let attempts = attempts.map(|attempt| (attempt.id.as_str(), attempt.controls.as_slice()));
    let checks = architecture.checks.iter();
    let checks =
        checks.map(|reading| (reading.id.as_str(), std::slice::from_ref(&reading.control)));
    let is_waived =
        |(id, controls): (&str, &[String])| waivers.covering(id, controls, today).is_some();
    if let Some(first) = raw.waivers.iter().flatten().next()
        && attempts.chain(checks).all(is_waived)
    {
        let message = format!("every result of `{}` is waived", architecture.name);
        add(about(source, first, Code::WaivesEverything, message));
    }
}
