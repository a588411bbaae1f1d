//! From what was seen to the record of one result.

use std::{
    collections::BTreeMap,
    sync::{Arc, mpsc},
    time::Instant,
};

use gainsay_sandbox::Rulings;
use time::OffsetDateTime;

use super::{
    Event, millis,
    refusal::{Before, Refusal, Waiting},
    row::{Made, RowRun, Setting},
    timestamp,
    waivers::{accepted, record},
};
use crate::{
    attempt::{Answer, Call, Field, Param, command},
    environment::Waivers,
    outcome::Outcome,
    record::{
        ExpectedRecord, GapRecord, ObservedRecord, ResultRecord, StatementRecord, TryRecord,
        WaiverRecord, WitnessRecord,
    },
    scenario::{Attempt, Witnesses},
    verdict::{Expected, Judgement, Reason, Testimonies, Verdict},
};

/// The results of a row, told in the order of the file however long some have to wait.
pub(super) struct Results<'a> {
    events: &'a mpsc::Sender<Event>,
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

    /// Takes the result of the attempt at a place in the row, and tells what can be told.
    pub(super) fn put(&mut self, place: usize, result: Arc<ResultRecord>) {
        self.early.insert(place, result);
        while let Some(result) = self.early.remove(&self.done.len()) {
            // The receiver lives as long as the run; if it is gone there is nobody to tell.
            _ = self.events.send(Event::Result { result: result.clone() });
            self.done.push(result);
        }
    }
}

/// An attempt on its way to its verdict.
pub(super) struct Case {
    /// Its place in the row.
    pub place: usize,
    pub attempt: Arc<Attempt>,
    pub seen: Seen,
    pub started: String,
    begun: Instant,
    /// How long it took before it had to wait, in milliseconds.
    took: f64,
}

impl Case {
    pub(super) fn begin(place: usize, attempt: Arc<Attempt>) -> Self {
        Self {
            place,
            attempt,
            seen: Seen::default(),
            started: timestamp(OffsetDateTime::now_utc()),
            begun: Instant::now(),
            took: 0.0,
        }
    }

    pub(super) fn waits(mut self, refusal: Refusal) -> Waiting {
        self.took = millis(self.begun);
        Waiting { case: self, refusal }
    }

    /// The time that others took is not this one's.
    pub(super) fn resume(&mut self) {
        self.begun = Instant::now();
    }

    /// How long it took, in milliseconds.
    pub(super) fn duration(&self) -> f64 {
        self.took + millis(self.begun)
    }
}

/// What was seen of an attempt.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub expected: Vec<Expected>,
    pub fields: BTreeMap<Field, Vec<String>>,
    witnesses: Vec<WitnessRecord>,
    outcome: Option<Outcome>,
    observed: Option<ObservedRecord>,
    command: Option<(Call, String, Option<String>)>,
    principal_arn: Option<String>,
    tries: Vec<TryRecord>,
}

impl Seen {
    /// Keeps what a call showed.
    pub(super) fn made(&mut self, row: &RowRun, made: Made) {
        self.tries = made.tries;
        self.principal_arn = row.callers.session_arn(&made.call.principal);
        let url = row.one_url(made.call.plain);
        self.command = Some((made.call, row.region().to_owned(), url));
        self.observed = Some(observed(&made.answer, &made.outcome));
        self.outcome = Some(made.outcome);
    }

    /// Keeps what the witnesses answered before the attempt.
    pub(super) fn witnesses(&mut self, witnesses: &Witnesses, before: &Before) {
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

    /// Keeps what they answered after it.
    pub(super) fn asked_again(&mut self, testimonies: &Testimonies) {
        let after = [&testimonies.target.after, &testimonies.actor.after];
        for (record, after) in self.witnesses.iter_mut().zip(after) {
            record.after = Some(after.outcome.kind());
        }
    }
}

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
            let told = refused.rulings.as_ref().and_then(Rulings::refusal);
            if let Some(ruling) = told {
                observed.action = Some(ruling.action.clone());
                observed.resource = Some(ruling.resource.clone());
                observed.layer = ruling.layers();
            }
            if let Some(ruling) = told.or_else(|| refused.found.as_ref().and_then(Rulings::refusal))
            {
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

/// The command for a target with one URL for every service and bucket.
fn elsewhere(call: &Call, region: &str, url: &str) -> String {
    let text = command(call, region);
    let scheme = if call.plain { "http" } else { "https" };
    let host = call.operation.service.host(region);
    let bucket = call.get(Param::Bucket).unwrap_or_default();
    let text = text
        .replace(&format!("{scheme}://{bucket}.{host}/"), &format!("{url}/{bucket}"))
        .replace(&format!("{scheme}://{host}"), url);
    if text.contains(url) { text } else { format!("{text} --endpoint-url {url}") }
}

/// What became of a result because somebody answers for it.
pub(super) struct Settled {
    pub verdict: Verdict,
    pub waiver: Option<WaiverRecord>,
    pub gap: Option<GapRecord>,
}

/// What did not pass, somebody may answer for. What was not made on this target, because it is
/// left out there or because nobody answered, somebody may have accepted: it is then skipped.
pub(super) fn settle(
    waivers: &Waivers,
    target: &str,
    id: &str,
    controls: &[String],
    judgement: &Judgement,
) -> Settled {
    let verdict = judgement.verdict();
    let today = OffsetDateTime::now_utc().date();
    let unmade = match verdict {
        Verdict::Skipped => true,
        Verdict::Inconclusive => judgement.reason().is_some_and(Reason::is_unanswered),
        Verdict::Pass | Verdict::Fail | Verdict::Error | Verdict::Waived => false,
    };
    let gap = waivers.gap(target, id, controls, today).filter(|_| unmade);
    if let Some(gap) = gap {
        let (verdict, gap) = (Verdict::Skipped, Some(accepted(gap)));
        return Settled { verdict, waiver: None, gap };
    }
    let waivable = matches!(verdict, Verdict::Fail | Verdict::Inconclusive);
    let waiver = waivers.covering(id, controls, today).filter(|_| waivable);
    Settled {
        verdict: waiver.map_or(verdict, |_| Verdict::Waived),
        waiver: waiver.map(record),
        gap: None,
    }
}

/// The record of a result.
pub(super) fn result(setting: &Setting, case: Case, judgement: &Judgement) -> ResultRecord {
    let duration_ms = case.duration();
    let Case { attempt, seen, started, .. } = case;
    let mut expected = ExpectedRecord {
        effect: attempt.kind.to_string(),
        fields: seen
            .fields
            .into_iter()
            .map(|(field, values)| (field.as_str().to_owned(), values))
            .collect(),
        ..ExpectedRecord::default()
    };
    for answer in &seen.expected {
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
    let settled =
        settle(&setting.waivers, &setting.target, &attempt.id, &attempt.controls, judgement);
    ResultRecord {
        id: attempt.id.clone(),
        architecture: setting.architecture.clone(),
        scenario: setting.scenario.clone(),
        title: setting.title.clone(),
        row: setting.row.clone(),
        operation: attempt.request.operation.name.to_owned(),
        attempt: attempt.label.clone(),
        kind: attempt.kind.into(),
        controls: attempt.controls.clone(),
        principal: attempt.request.principal().name().to_owned(),
        principal_arn: seen.principal_arn,
        verdict: settled.verdict,
        reason: judgement.reason(),
        detail: judgement.detail().to_owned(),
        waiver: settled.waiver,
        gap: settled.gap,
        offline: setting.by_the_files.get(&attempt.id).copied(),
        outcome: seen.outcome.as_ref().map(Outcome::kind),
        expected,
        observed: seen.observed,
        witnesses: seen.witnesses,
        assumed: attempt.assumed.clone(),
        tries: seen.tries,
        started,
        duration_ms,
        file: setting.file.clone(),
        line: attempt.line,
        // Nobody repeats a call that went as it should, and wording it costs as much as judging it.
        command: match (judgement.verdict(), &seen.command) {
            (Verdict::Pass, _) | (_, None) => String::new(),
            (_, Some((call, region, None))) => command(call, region),
            (_, Some((call, region, Some(url)))) => elsewhere(call, region, url),
        },
    }
}
