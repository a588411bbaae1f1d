//! Checks: before the rows, what is deployed is read and judged.

use std::{sync::Arc, time::Instant};

use aws_credential_types::Credentials;
use futures::{StreamExt as _, stream};
use time::OffsetDateTime;

use super::{
    Event, Options, Stage, Stop, millis,
    result::{observed, settle},
    timestamp,
};
use crate::{
    attempt::Answer,
    check::{self, Reading, Seen},
    cloud::Target,
    environment::Environment,
    outcome::{Outcome, classify},
    plan::{Plan, PlannedCheck},
    record::{ExpectedRecord, ObservedRecord, ResultKind, ResultRecord, TryRecord},
    suite::Architecture,
    tries::Tries,
    verdict::{Judgement, Reason, Verdict, came_back},
};

/// What the checks leave.
#[derive(Debug, Default)]
pub(super) struct Checked {
    pub results: Vec<ResultRecord>,
    pub calls: u64,
}

/// Makes every check of a plan, so many at a time, and tells their results in its order.
pub(super) async fn execute(
    plan: &Plan<'_>,
    options: &Options,
    stop: &Stop,
    stage: impl Fn(&Architecture) -> Option<Arc<Stage>>,
    emit: &mut impl FnMut(&Event),
) -> Checked {
    let begin = |planned: &PlannedCheck<'_>| {
        let made = |stage| CheckRun::new(planned, stage, options, stop);
        let both = stage(planned.architecture).map(|stage| (made(stage.clone()), made(stage)));
        async {
            let (made, spare) = both?;
            // On every core: to search a policy is work. A check that panicked, which lints forbid,
            // has a result all the same.
            Some(tokio::spawn(made.make()).await.unwrap_or_else(|_| (spare.lost(), 0)))
        }
    };
    let mut checked = Checked::default();
    let mut made = stream::iter(plan.checks.iter().map(begin)).buffered(options.jobs.max(1));
    while let Some(made) = made.next().await {
        // Every architecture of the plan has its stage.
        let Some((result, calls)) = made else { continue };
        checked.calls += calls;
        let result = Arc::new(result);
        emit(&Event::Result { result: result.clone() });
        checked.results.push(Arc::unwrap_or_clone(result));
    }
    checked
}

/// What a check says when it is read again, where that is another thing, and how many calls it
/// took.
type Again = (Option<String>, u64);

/// Reads once more what a check passed by, and again where it says something else: what it says
/// then, and how many calls that took.
pub(super) async fn read_again(
    planned: &PlannedCheck<'_>,
    stage: &Arc<Stage>,
    options: &Options,
    stop: &Stop,
) -> Again {
    let mut calls = 0;
    let mut what = None;
    for _ in 0..2 {
        let (result, asked) = CheckRun::new(planned, stage.clone(), options, stop).make().await;
        calls += asked;
        if result.verdict == Verdict::Pass {
            return (None, calls);
        }
        what = Some(format!(
            "it held when the run began, and not when it was read again at its end: {}",
            result.detail
        ));
    }
    (what, calls)
}

/// Everything one check needs, owned, so that it can be made on any thread.
struct CheckRun {
    reading: Arc<Reading>,
    architecture: String,
    waivers: crate::environment::Waivers,
    environment: Arc<Environment>,
    stage: Arc<Stage>,
    target: Target,
    stop: Stop,
    fail_fast: bool,
}

/// What was seen of a check.
#[derive(Default)]
struct Look {
    answer: Option<(Answer, Outcome)>,
    document: Option<String>,
    principal_arn: Option<String>,
    tries: Vec<TryRecord>,
    offline: Option<Verdict>,
}

impl CheckRun {
    fn new(planned: &PlannedCheck<'_>, stage: Arc<Stage>, options: &Options, stop: &Stop) -> Self {
        let architecture = planned.architecture;
        Self {
            reading: planned.reading.clone(),
            architecture: architecture.name.clone(),
            waivers: architecture.waivers.clone(),
            environment: architecture.environment.clone(),
            target: stage.target(&architecture.environment, options),
            stage,
            stop: stop.clone(),
            fail_fast: options.fail_fast,
        }
    }

    /// The result, and how many calls it took.
    async fn make(self) -> (ResultRecord, u64) {
        let started = timestamp(OffsetDateTime::now_utc());
        let begun = Instant::now();
        let mut look = Look::default();
        let judgement = if self.stop.is_interrupted() {
            Judgement::error(Reason::Cancelled, "the run was stopped before this check")
        } else if self.stop.has_failed() {
            Judgement::skipped("not checked: `--fail-fast` ended the run at an earlier failure")
        } else if let Some(obstacle) = self.stage.unreadable(&self.reading) {
            Judgement::skipped(obstacle)
        } else {
            match self.stage.session(&self.reading.reader).await {
                Ok(session) => {
                    look.principal_arn = Some(session.arn.clone());
                    let seen = self.look(&session.credentials, &mut look).await;
                    let now = self.target.now();
                    let declared = self.stage.declared(&self.reading).await;
                    look.offline =
                        declared.map(|seen| check::judge(&self.reading, &seen, now).verdict());
                    check::judge(&self.reading, &seen, now)
                }
                Err(problem) => Judgement::inconclusive(Reason::NoSession, problem),
            }
        };
        if self.fail_fast && judgement.verdict() == Verdict::Fail {
            self.stop.fail();
        }
        let calls = look.tries.len() as u64;
        (self.record(look, &judgement, started, begun), calls)
    }

    /// The result of a check of which nothing is known.
    fn lost(self) -> ResultRecord {
        let judgement = Judgement::error(
            Reason::Internal,
            "gainsay broke off in this check; this is a bug, please report it",
        );
        self.record(
            Look::default(),
            &judgement,
            timestamp(OffsetDateTime::now_utc()),
            Instant::now(),
        )
    }

    /// Reads, again where nothing was decided.
    async fn look(&self, credentials: &Credentials, look: &mut Look) -> Seen {
        let Some(row) = self.reading.check.row() else {
            return Seen::NotRead(format!("nothing is called `{}`", self.reading.check.read));
        };
        let ask = row.ask(&self.reading.subject, &self.reading.parameters);
        let clients = self.target.clients(Some(credentials), false);
        let mut tries = Tries::default();
        let (answer, told) = loop {
            let told = clients.ask(row.service, &ask).await;
            let answer = match &told {
                Ok(told) => told.as_answer(row.service),
                Err(answer) => answer.clone(),
            };
            let outcome = classify(row.service, &answer);
            match tries.next(&answer, &outcome) {
                Some(pause) if !self.stop.is_interrupted() => tokio::time::sleep(pause).await,
                _ => break ((answer, outcome), told),
            }
        };
        look.tries = tries.into_vec();
        let seen = match &told {
            Ok(told) => row.seen(&self.reading.subject, told.status, &told.body),
            Err(answer) => Seen::NotRead(came_back(answer)),
        };
        if let Seen::Document(document) = &seen {
            look.document = Some(document.to_string());
        }
        look.answer = Some(answer);
        seen
    }

    fn record(
        self,
        look: Look,
        judgement: &Judgement,
        started: String,
        begun: Instant,
    ) -> ResultRecord {
        let reading = &self.reading;
        let controls = vec![reading.control.clone()];
        let settled = settle(&self.waivers, &self.stage.place, &reading.id, &controls, judgement);
        let command = match (judgement.verdict(), reading.check.row()) {
            // As for attempts: nobody repeats what went as it should.
            (Verdict::Pass, _) | (_, None) => String::new(),
            (_, Some(row)) => {
                let endpoint =
                    self.target.one_url(false).map(|url| format!(" --endpoint-url {url}"));
                format!(
                    "{} --profile {} --region {}{}",
                    row.command(&reading.subject, &reading.parameters),
                    reading.reader.name,
                    self.environment.deployed.region,
                    endpoint.unwrap_or_default()
                )
            }
        };
        ResultRecord {
            id: reading.id.clone(),
            architecture: self.architecture,
            scenario: "checks".to_owned(),
            title: reading.statement.trim().to_owned(),
            row: reading.subject.name.clone(),
            operation: reading.check.read.clone(),
            attempt: reading.control.clone(),
            kind: ResultKind::Check,
            controls,
            principal: reading.reader.name.clone(),
            principal_arn: look.principal_arn,
            verdict: settled.verdict,
            reason: judgement.reason(),
            detail: judgement.detail().to_owned(),
            waiver: settled.waiver,
            gap: settled.gap,
            offline: look.offline,
            outcome: look.tries.last().map(|last| last.outcome),
            expected: ExpectedRecord {
                effect: ResultKind::Check.as_str().to_owned(),
                ..ExpectedRecord::default()
            },
            observed: look.answer.map(|(answer, outcome)| ObservedRecord {
                document: look.document,
                ..observed(&answer, &outcome)
            }),
            witnesses: Vec::new(),
            assumed: None,
            tries: look.tries,
            started,
            duration_ms: millis(begun),
            file: reading.file.clone(),
            line: reading.line,
            command,
        }
    }
}
