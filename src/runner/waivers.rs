//! What became of the waivers.

use time::{Date, OffsetDateTime};

use crate::{
    environment::{Waived, Waiver},
    record::{ResultRecord, WaiverInfo, WaiverRecord, WaiverState},
    scenario::Scenario,
    suite::Architecture,
    verdict::Verdict,
};

/// Who answers for a failure.
pub(super) fn record(waiver: &Waiver) -> WaiverRecord {
    WaiverRecord {
        owner: waiver.owner.clone(),
        reason: waiver.reason.clone(),
        ticket: waiver.ticket.clone(),
        expires: waiver.expires.to_string(),
    }
}

/// What became of the waivers of an architecture.
pub(super) fn told(architecture: &Architecture, results: &[ResultRecord]) -> Vec<WaiverInfo> {
    let today = OffsetDateTime::now_utc().date();
    let waivers = architecture.waivers.0.iter();
    waivers.map(|waiver| one(architecture, waiver, results, today)).collect()
}

fn one(architecture: &Architecture, waiver: &Waiver, results: &[ResultRecord], today: Date) -> WaiverInfo {
    let concerns = |id: &str, controls: &[String]| match &waiver.of {
        Waived::Control(control) => controls.contains(control),
        Waived::Result(result) => result == id,
    };
    let concerned: Vec<&ResultRecord> = results
        .iter()
        .filter(|result| result.architecture == architecture.name && concerns(&result.id, &result.controls))
        .collect();
    let attempts = architecture.scenarios.iter().flat_map(Scenario::attempts);
    let attempts = attempts.filter(|attempt| concerns(&attempt.id, &attempt.controls));
    let checks = architecture.checks.iter();
    let checks = checks.filter(|reading| concerns(&reading.id, std::slice::from_ref(&reading.control)));
    let all = attempts.count() + checks.count();
    let waived = concerned.iter().filter(|result| result.verdict == Verdict::Waived).count();
    let passed = concerned.iter().filter(|result| result.verdict == Verdict::Pass).count();
    let state = if waiver.has_expired(today) {
        WaiverState::Expired
    } else if waived > 0 {
        WaiverState::InForce
    } else if passed == all {
        WaiverState::Unneeded
    } else {
        WaiverState::NotTried
    };
    WaiverInfo {
        architecture: architecture.name.clone(),
        of: waiver.of.to_string(),
        state,
        results: waived,
        waiver: record(waiver),
    }
}
