//! What is suspicious in waivers.

use time::{Date, Duration};

use super::{Written, about};
use crate::{
    diag::{Code, Diagnostics},
    environment::RawWaivers,
    scenario::Scenario,
    suite::Architecture,
};

/// Longer ones are for good: a year, also one that has 366 days.
const LONGEST: Duration = Duration::days(366);

pub(super) fn check(architecture: &Architecture, (source, raw): &Written<RawWaivers>, today: Date, found: &mut Diagnostics) {
    let waivers = &architecture.waivers;
    for (written, waiver) in raw.waivers.iter().zip(&waivers.0) {
        if waiver.expires - today > LONGEST {
            let message = format!("`{}` is waived for more than a year, until {}", waiver.of, waiver.expires);
            found.push(about(source, &written.value.expires, Code::LongWaiver, message));
        }
    }
    let attempts = architecture.scenarios.iter().flat_map(Scenario::attempts);
    let attempts = attempts.map(|attempt| (attempt.id.as_str(), attempt.controls.as_slice()));
    let checks = architecture.checks.iter();
    let checks = checks.map(|reading| (reading.id.as_str(), std::slice::from_ref(&reading.control)));
    let is_waived = |(id, controls): (&str, &[String])| waivers.covering(id, controls, today).is_some();
    if let Some(first) = raw.waivers.first()
        && attempts.chain(checks).all(is_waived)
    {
        let message = format!("every result of `{}` is waived", architecture.name);
        found.push(about(source, first, Code::WaivesEverything, message));
    }
}
