//! From what was observed of an attempt to the record of its result.

use std::{
    collections::BTreeMap,
    sync::{Arc, mpsc},
    time::Instant,
};

use gainsay_sandbox::Rulings;
use time::OffsetDateTime;

use super::{
    millis,
    refusal::{AnswersBefore, PendingRefusal, Refusal},
    row_run::{CallResult, RowContext, RowRun},
    timestamp,
    waivers::{gap_record, waiver_record},
};
use crate::{
    attempt::{Answer, Call, Field, Param, command},
    files::Waivers,
    outcome::Outcome,
    record::{
        Event, ExpectedRecord, GapRecord, ObservedRecord, ResultRecord, StatementRecord, TryRecord,
        WaiverRecord, WitnessRecord,
    },
    scenario::{Attempt, Witnesses},
    verdict::{Expected, Judgement, Reason, Verdict, WitnessResults},
};

/// The results of a row, sent as events in the order of the file however long some have to wait.
pub(super) struct Results<'a> {
    events: &'a mpsc::Sender<Event>,
    /// The results that wait for one before them, by the place of their attempt in the row.
    early: BTreeMap<usize, Arc<ResultRecord>>,
    pub done: Vec<Arc<ResultRecord>>,
}

impl<'a> Results<'a> {
    pub(super) fn new(events: &'a mpsc::Sender<Event>) -> Self {
        Self { events, early: BTreeMap::new(), done: Vec::new() }
    }

    /// Whether the attempt at a place in the row has its result.
    pub(super) fn has(&self, place: usize) -> bool {
        place < self.done.len() || self.early.contains_key(&place)
    }

    /// Takes the result of the attempt at a place in the row, and sends what is next in order.
    pub(super) fn insert(&mut self, place: usize, result: Arc<ResultRecord>) {
        self.early.insert(place, result);
        while let Some(result) = self.early.remove(&self.done.len()) {
            // The receiver lives as long as the run; if it is gone nobody wants to know.
            _ = self.events.send(Event::Result { result: result.clone() });
            self.done.push(result);
        }
    }
}

/// An attempt on its way to its verdict.
pub(super) struct AttemptRun {
    /// Its place in the row.
    pub place: usize,
    pub attempt: Arc<Attempt>,
    pub observations: Observations,
    pub started: String,
    begun: Instant,
    /// How long it took before it had to wait, in milliseconds.
    took: f64,
}

impl AttemptRun {
    pub(super) fn begin(place: usize, attempt: Arc<Attempt>) -> Self {
        Self {
            place,
            attempt,
            observations: Observations::default(),
            started: timestamp(OffsetDateTime::now_utc()),
            begun: Instant::now(),
            took: 0.0,
        }
    }

    /// Waits until its witnesses are asked once more.
    pub(super) fn pending(mut self, refusal: Refusal) -> PendingRefusal {
        self.took = millis(self.begun);
        PendingRefusal { run: self, refusal }
    }

    /// Goes on after it was pending: that time is not its own.
    pub(super) fn resume(&mut self) {
        self.begun = Instant::now();
    }

    /// How long it took, in milliseconds.
    pub(super) fn duration(&self) -> f64 {
        self.took + millis(self.begun)
    }
}

/// What was observed of an attempt.
#[derive(Debug, Default)]
pub(super) struct Observations {
    pub expected: Vec<Expected>,
    pub fields: BTreeMap<Field, Vec<String>>,
    witnesses: Vec<WitnessRecord>,
    outcome: Option<Outcome>,
    observed: Option<ObservedRecord>,
    command: Option<(Call, String, Option<String>)>,
    principal_arn: Option<String>,
    tries: Vec<TryRecord>,
}

impl Observations {
    /// Keeps what the call of the attempt showed.
    pub(super) fn call_made(&mut self, row: &RowRun, result: CallResult) {
        self.tries = result.tries;
        self.principal_arn = row.callers.session_arn(&result.call.principal);
        let url = row.endpoint_url(result.call.plain);
        self.command = Some((result.call, row.region().to_owned(), url));
        self.observed = Some(observed(&result.answer, &result.outcome));
        self.outcome = Some(result.outcome);
    }

    /// Keeps what the witnesses answered before the attempt.
    pub(super) fn witnesses_before(&mut self, witnesses: &Witnesses, before: &AnswersBefore) {
        let both = [
            ("target", &witnesses.target, &before.target),
            ("actor", &witnesses.actor, &before.actor),
        ];
        let records = both.map(|(role, witness, before)| WitnessRecord {
            role: role.to_owned(),
            attempt: witness.label.clone(),
            differences: witness.differences.clone(),
            before: before.outcome.kind(),
            after: None,
        });
        self.witnesses = records.into();
    }

    /// Keeps what the witnesses answered after the attempt.
    pub(super) fn witnesses_after(&mut self, answers: &WitnessResults) {
        let after = [&answers.target.after, &answers.actor.after];
        for (record, after) in self.witnesses.iter_mut().zip(after) {
            record.after = Some(after.outcome.kind());
        }
    }
}

/// The record of what came back.
pub(super) fn observed(answer: &Answer, outcome: &Outcome) -> ObservedRecord {
    let mut observed = ObservedRecord {
        status: answer.status(),
        request_id: answer.request_id().map(str::to_owned),
        ..ObservedRecord::default()
    };
    match answer {
        Answer::Success { output, .. } => {
            observed.fields = output
                .iter()
                .map(|(field, values)| (field.as_str().to_owned(), values.clone()))
                .collect();
        }
        Answer::Refused(refused) => {
            observed.code.clone_from(&refused.code);
            observed.message.clone_from(&refused.message);
            if let Outcome::Denied(denial) = outcome {
                observed.action.clone_from(&denial.action);
                observed.resource.clone_from(&denial.resource);
                observed.layer.clone_from(&denial.layers);
            }
            let ruled = refused.rulings.as_ref().and_then(Rulings::refusal);
            if let Some(ruling) = ruled {
                observed.action = Some(ruling.action.clone());
                observed.resource = Some(ruling.resource.clone());
                observed.layer = ruling.layers();
            }
            let found = || refused.found.as_ref().and_then(Rulings::refusal);
            if let Some(ruling) = ruled.or_else(found) {
                observed.statements = ruling
                    .deciders
                    .iter()
                    .filter_map(|decider| {
                        let statement = decider.statement.as_ref()?;
                        Some(StatementRecord {
                            layer: decider.layer,
                            file: statement.file().to_owned(),
                            line: statement.line(),
                            sid: statement.sid.as_deref().map(str::to_owned),
                        })
                    })
                    .collect();
            }
        }
        Answer::Malformed { message, .. }
        | Answer::Unreachable { message }
        | Answer::NotSent { message } => {
            observed.message = Some(message.clone());
        }
    }
    observed
}

/// A call as an `aws` command for a target with one URL for every service and bucket.
fn endpoint_command(call: &Call, region: &str, url: &str) -> String {
    let text = command(call, region);
    let scheme = if call.plain { "http" } else { "https" };
    let host = call.operation.service.host(region);
    let bucket = call.get(Param::Bucket).unwrap_or_default();
    let text = text
        .replace(&format!("{scheme}://{bucket}.{host}/"), &format!("{url}/{bucket}"))
        .replace(&format!("{scheme}://{host}"), url);
    if text.contains(url) { text } else { format!("{text} --endpoint-url {url}") }
}

/// The verdict of a result after waivers and gaps, and the one that changed it.
pub(super) struct FinalVerdict {
    pub verdict: Verdict,
    pub waiver: Option<WaiverRecord>,
    pub gap: Option<GapRecord>,
}

/// The verdict of a result after waivers and gaps. A waiver that covers a failed or inconclusive
/// result makes it waived. A gap that accepts what was not made on this target, because it is left
/// out there or because nobody answered, makes it skipped.
pub(super) fn final_verdict(
    waivers: &Waivers,
    target: &str,
    id: &str,
    controls: &[String],
    judgement: &Judgement,
) -> FinalVerdict {
    let verdict = judgement.verdict();
    let today = OffsetDateTime::now_utc().date();
    let unmade = match verdict {
        Verdict::Skipped => true,
        Verdict::Inconclusive => judgement.reason().is_some_and(Reason::is_unanswered),
        Verdict::Pass | Verdict::Fail | Verdict::Error | Verdict::Waived => false,
    };
    let gap = waivers.gap(target, id, controls, today).filter(|_| unmade);
    if let Some(gap) = gap {
        let (verdict, gap) = (Verdict::Skipped, Some(gap_record(gap)));
        return FinalVerdict { verdict, waiver: None, gap };
    }
    let waivable = matches!(verdict, Verdict::Fail | Verdict::Inconclusive);
    let waiver = waivers.covering(id, controls, today).filter(|_| waivable);
    FinalVerdict {
        verdict: waiver.map_or(verdict, |_| Verdict::Waived),
        waiver: waiver.map(waiver_record),
        gap: None,
    }
}

/// The record of a result.
pub(super) fn result(context: &RowContext, run: AttemptRun, judgement: &Judgement) -> ResultRecord {
    let duration_ms = run.duration();
    let AttemptRun { attempt, observations, started, .. } = run;
    let mut expected = ExpectedRecord {
        effect: attempt.kind.to_string(),
        fields: observations
            .fields
            .into_iter()
            .map(|(field, values)| (field.as_str().to_owned(), values))
            .collect(),
        ..ExpectedRecord::default()
    };
    for answer in &observations.expected {
        expected.layer.extend(&answer.layers);
        expected.code.extend(answer.codes.iter().cloned());
        expected.unnamed = expected.unnamed.or_else(|| answer.unnamed.clone());
        expected.sid = expected.sid.or_else(|| answer.sid.clone());
        expected.says = expected.says.or_else(|| answer.says.clone());
        expected.action = Some(answer.action.clone());
        expected.resource = Some(answer.resource.clone());
    }
    expected.layer.sort_unstable();
    expected.layer.dedup();
    let decided = final_verdict(
        &context.waivers,
        &context.target_name,
        &attempt.id,
        &attempt.controls,
        judgement,
    );
    ResultRecord {
        id: attempt.id.clone(),
        architecture: context.architecture.clone(),
        scenario: context.scenario.clone(),
        title: context.title.clone(),
        row: context.row.clone(),
        operation: attempt.request.operation.name.to_owned(),
        attempt: attempt.label.clone(),
        kind: attempt.kind.into(),
        controls: attempt.controls.clone(),
        principal: attempt.request.principal().name().to_owned(),
        principal_arn: observations.principal_arn,
        verdict: decided.verdict,
        reason: judgement.reason(),
        detail: judgement.detail().to_owned(),
        waiver: decided.waiver,
        gap: decided.gap,
        offline: context.offline_verdicts.get(&attempt.id).copied(),
        outcome: observations.outcome.as_ref().map(Outcome::kind),
        expected,
        observed: observations.observed,
        witnesses: observations.witnesses,
        assumed: attempt.assumed.clone(),
        tries: observations.tries,
        started,
        duration_ms,
        file: context.file.clone(),
        line: attempt.line,
        // Nobody repeats a call that went as it should, and wording it costs as much as judging it.
        command: match (judgement.verdict(), &observations.command) {
            (Verdict::Pass, _) | (_, None) => String::new(),
            (_, Some((call, region, None))) => command(call, region),
            (_, Some((call, region, Some(url)))) => endpoint_command(call, region, url),
        },
    }
}
