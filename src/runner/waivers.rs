//! What became of the waivers and gaps.

use time::{Date, OffsetDateTime};

use crate::{
    files::{Gap, Proof, ProvedBy, Waived, Waiver},
    record::{GapInfo, GapRecord, GapState, ResultRecord, WaiverInfo, WaiverRecord, WaiverState},
    scenario::Scenario,
    suite::Architecture,
    verdict::Verdict,
};

/// The record of who answers for a failure.
pub(super) fn waiver_record(waiver: &Waiver) -> WaiverRecord {
    WaiverRecord {
        owner: waiver.owner.clone(),
        reason: waiver.reason.clone(),
        ticket: waiver.ticket.clone(),
        expires: waiver.expires.to_string(),
    }
}

/// What became of the waivers of an architecture.
pub(super) fn waivers(architecture: &Architecture, results: &[ResultRecord]) -> Vec<WaiverInfo> {
    let today = OffsetDateTime::now_utc().date();
    let waivers = architecture.waivers.waivers.iter();
    waivers.map(|waiver| waiver_info(architecture, waiver, results, today)).collect()
}

fn waiver_info(
    architecture: &Architecture,
    waiver: &Waiver,
    results: &[ResultRecord],
    today: Date,
) -> WaiverInfo {
    let concerns = |id: &str, controls: &[String]| match &waiver.of {
        Waived::Control(control) => controls.contains(control),
        Waived::Result(result) => result == id,
    };
    let concerned: Vec<&ResultRecord> = results
        .iter()
        .filter(|result| {
            result.architecture == architecture.name && concerns(&result.id, &result.controls)
        })
        .collect();
    let attempts = architecture.scenarios.iter().flat_map(Scenario::attempts);
    let attempts = attempts.filter(|attempt| concerns(&attempt.id, &attempt.controls));
    let checks = architecture.checks.iter();
    let checks =
        checks.filter(|reading| concerns(&reading.id, std::slice::from_ref(&reading.control)));
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
        waiver: waiver_record(waiver),
    }
}

/// The record of who accepted a gap.
pub(super) fn gap_record(gap: &Gap) -> GapRecord {
    GapRecord {
        owner: gap.owner.clone(),
        reason: gap.reason.clone(),
        expires: gap.expires.to_string(),
    }
}

/// What became of the gaps of an architecture on a target.
pub(super) fn gaps(
    architecture: &Architecture,
    target: &str,
    results: &[ResultRecord],
) -> Vec<GapInfo> {
    let today = OffsetDateTime::now_utc().date();
    let here = architecture.waivers.gaps.iter().filter(|gap| gap.target == target);
    here.map(|gap| gap_info(architecture, gap, results, today)).collect()
}

fn gap_info(
    architecture: &Architecture,
    gap: &Gap,
    results: &[ResultRecord],
    today: Date,
) -> GapInfo {
    let own = results.iter().filter(|result| result.architecture == architecture.name);
    let (missing, made): (Vec<&ResultRecord>, Vec<&ResultRecord>) =
        own.partition(|result| result.is_unmade());
    let counts = |result: &ResultRecord, id: &String, kind: fn(&ProvedBy, Proof) -> bool| {
        let control = architecture.baseline.control(id);
        result.controls.contains(id)
            && control.is_some_and(|control| kind(&control.proved_by, result.kind.proof()))
    };
    let is_made = |id: &&String| made.iter().any(|result| result.id == **id);
    let is_begun = |id: &&String| made.iter().any(|result| counts(result, id, ProvedBy::suffices));
    let is_left = |id: &String| missing.iter().any(|result| counts(result, id, ProvedBy::takes));
    let is_done = |id: &String| is_begun(&id) && !is_left(id);
    let results: Vec<&String> = gap.results.iter().filter(is_made).collect();
    let controls: Vec<&String> = gap.controls.iter().filter(is_begun).collect();
    let all = results.len() == gap.results.len() && gap.controls.iter().all(is_done);
    let state = if all {
        GapState::Closed
    } else if gap.has_expired(today) {
        GapState::Expired
    } else {
        GapState::InForce
    };
    let closed = controls.into_iter().chain(results).cloned().collect();
    GapInfo {
        architecture: architecture.name.clone(),
        controls: gap.controls.clone(),
        results: gap.results.clone(),
        state,
        closed,
        gap: gap_record(gap),
    }
}
