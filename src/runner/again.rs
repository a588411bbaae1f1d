//! What conclusions rest on is read again at the end of a run on a target that others share. A
//! difference in meaning that is still there when it is read once more makes those results
//! inconclusive.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use futures::{StreamExt as _, stream};

use super::{Options, Stage, Stop, checks::read_again};
use crate::{
    plan::Plan,
    record::{ResultKind, ResultRecord},
    suite::Architecture,
    verdict::{Reason, Verdict},
};

/// Reads again, and takes back what does not hold any more. Answers how many calls that took.
pub(super) async fn confirm(
    plan: &Plan<'_>,
    options: &Options,
    stop: &Stop,
    stages: &BTreeMap<String, Arc<Stage>>,
    results: &mut [ResultRecord],
) -> u64 {
    if stop.is_interrupted() {
        return 0;
    }
    let passed: BTreeSet<String> = results
        .iter()
        .filter(|result| result.kind == ResultKind::Check && result.verdict == Verdict::Pass)
        .map(|result| result.id.clone())
        .collect();
    let mut readings = Vec::new();
    for planned in plan.checks.iter().filter(|planned| passed.contains(&planned.reading.id)) {
        let stage = stages.get(&planned.architecture.name);
        readings.extend(stage.filter(|stage| stage.is_shared()).map(|stage| (planned, stage)));
    }
    let read = readings.iter().map(async |(planned, stage)| {
        let (changed, calls) = read_again(planned, stage, options, stop).await;
        (changed.map(|what| (planned.reading.id.clone(), what)), calls)
    });
    let read: Vec<_> = stream::iter(read).buffered(options.jobs.max(1)).collect().await;
    let mut calls = read.iter().map(|(_, calls)| calls).sum();
    let mut changed: BTreeMap<String, String> =
        read.into_iter().filter_map(|(changed, _)| changed).collect();
    for architecture in &plan.architectures {
        let Some(stage) = stages.get(&architecture.name) else { continue };
        let (buckets, asked) = stage.changed_policies(&architecture.environment).await;
        calls += asked;
        changed.extend(of_buckets(plan, architecture, &buckets));
    }
    for result in results.iter_mut().filter(|result| result.verdict == Verdict::Pass) {
        if let Some(what) = changed.remove(&result.id) {
            result.verdict = Verdict::Inconclusive;
            result.reason = Some(Reason::Changed);
            result.detail = what;
        }
    }
    calls
}

/// The attempts on buckets whose policy is not what it was, of which a refusal was credited to it.
fn of_buckets(
    plan: &Plan<'_>,
    architecture: &Architecture,
    buckets: &BTreeSet<String>,
) -> BTreeMap<String, String> {
    let attempts = plan.rows_of(architecture).flat_map(|row| plan.attempts(row));
    let on = attempts.filter_map(|attempt| {
        let bucket = attempt.request.bucket()?.name.clone();
        let rests = attempt.witnesses.is_some() && buckets.contains(&bucket);
        let what = format!("the policy of `{bucket}` is not what it was when the run began");
        rests.then(|| (attempt.id.clone(), what))
    });
    on.collect()
}
