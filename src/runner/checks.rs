//! Checks: before the rows, what is deployed is read and judged.

use std::{sync::Arc, time::Instant};

use aws_credential_types::Credentials;
use futures::{StreamExt as _, stream};
use time::OffsetDateTime;

use super::{
    Deployment, Options, Stop, millis,
    result::{final_verdict, observed},
    timestamp,
};
use crate::{
    attempt::Answer,
    cloud::Target,
    control::{self, ReadOutcome, Reading},
    files::Environment,
    outcome::{Outcome, came_back, classify},
    plan::{Plan, PlannedCheck},
    record::{Event, ExpectedRecord, ObservedRecord, ResultKind, ResultRecord, TryRecord},
    suite::Architecture,
    tries::Tries,
    verdict::{Judgement, Reason, Verdict},
};

/// What the checks leave.
#[derive(Debug, Default)]
pub(super) struct Checked {
    pub results: Vec<ResultRecord>,
    pub calls: u64,
}

/// Makes every check of a plan, `Options::jobs` at a time, and emits the results in its order.
pub(super) async fn execute(
    plan: &Plan<'_>,
    options: &Options,
    stop: &Stop,
    deployment: impl Fn(&Architecture) -> Option<Arc<Deployment>>,
    emit: &mut impl FnMut(&Event),
) -> Checked {
    let begin = |planned: &PlannedCheck<'_>| {
        let made = |deployment| CheckRun::new(planned, deployment, options, stop);
        let both = deployment(planned.architecture)
            .map(|deployment| (made(deployment.clone()), made(deployment)));
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
        // Every architecture of the plan is deployed.
        let Some((result, calls)) = made else { continue };
        checked.calls += calls;
        let result = Arc::new(result);
        emit(&Event::Result { result: result.clone() });
        checked.results.push(Arc::unwrap_or_clone(result));
    }
    checked
}

/// Makes a check that passed once more, and again where it does not pass then. Answers what to say
/// of it where it passed neither time, and how many calls that took.
pub(super) async fn read_again(
    planned: &PlannedCheck<'_>,
    deployment: &Arc<Deployment>,
    options: &Options,
    stop: &Stop,
) -> (Option<String>, u64) {
    let mut calls = 0;
    let mut what = None;
    for _ in 0..2 {
        let (result, asked) =
            CheckRun::new(planned, deployment.clone(), options, stop).make().await;
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
    waivers: crate::files::Waivers,
    environment: Arc<Environment>,
    deployment: Arc<Deployment>,
    target: Target,
    stop: Stop,
    fail_fast: bool,
}

/// What was observed of a check.
#[derive(Default)]
struct CheckObservations {
    answer: Option<(Answer, Outcome)>,
    document: Option<String>,
    principal_arn: Option<String>,
    tries: Vec<TryRecord>,
    offline: Option<Verdict>,
}

impl CheckRun {
    fn new(
        planned: &PlannedCheck<'_>,
        deployment: Arc<Deployment>,
        options: &Options,
        stop: &Stop,
    ) -> Self {
        let architecture = planned.architecture;
        Self {
            reading: planned.reading.clone(),
            architecture: architecture.name.clone(),
            waivers: architecture.waivers.clone(),
            environment: architecture.environment.clone(),
            target: deployment.check_target(&architecture.environment, options),
            deployment,
            stop: stop.clone(),
            fail_fast: options.fail_fast,
        }
    }

    /// The result, and how many calls it took.
    async fn make(self) -> (ResultRecord, u64) {
        let started = timestamp(OffsetDateTime::now_utc());
        let begun = Instant::now();
        let mut observations = CheckObservations::default();
        let judgement = if self.stop.is_interrupted() {
            Judgement::error(Reason::Cancelled, "the run was stopped before this check")
        } else if self.stop.has_failed() {
            Judgement::skipped("not checked: `--fail-fast` ended the run at an earlier failure")
        } else if let Some(obstacle) = self.deployment.unreadable(&self.reading) {
            Judgement::skipped(obstacle)
        } else {
            match self.deployment.session(&self.reading.reader).await {
                Ok(session) => {
                    observations.principal_arn = Some(session.arn.clone());
                    let seen = self.read(&session.credentials, &mut observations).await;
                    let now = self.target.now();
                    let declared = self.deployment.declared(&self.reading).await;
                    observations.offline =
                        declared.map(|seen| control::judge(&self.reading, &seen, now).verdict());
                    control::judge(&self.reading, &seen, now)
                }
                Err(error) => Judgement::inconclusive(Reason::NoSession, error.to_string()),
            }
        };
        if self.fail_fast && judgement.verdict() == Verdict::Fail {
            self.stop.fail();
        }
        let calls = observations.tries.len() as u64;
        (self.record(observations, &judgement, started, begun), calls)
    }

    /// The result of a check that broke off.
    fn lost(self) -> ResultRecord {
        let judgement = Judgement::error(
            Reason::Internal,
            "gainsay broke off in this check; this is a bug, please report it",
        );
        self.record(
            CheckObservations::default(),
            &judgement,
            timestamp(OffsetDateTime::now_utc()),
            Instant::now(),
        )
    }

    /// Reads, again where nothing was decided.
    async fn read(
        &self,
        credentials: &Credentials,
        observations: &mut CheckObservations,
    ) -> ReadOutcome {
        let Some(row) = self.reading.check.row() else {
            return ReadOutcome::NotRead(format!(
                "nothing is called `{}`",
                self.reading.check.read
            ));
        };
        let ask = row.ask(&self.reading.subject, &self.reading.parameters);
        let clients = self.target.clients(Some(credentials), false);
        let mut tries = Tries::default();
        let (answer, response) = loop {
            let response = clients.ask(row.service, &ask).await;
            let answer = match &response {
                Ok(response) => response.as_answer(row.service),
                Err(answer) => answer.clone(),
            };
            let outcome = classify(row.service, &answer);
            match tries.next(&answer, &outcome) {
                Some(pause) if !self.stop.is_interrupted() => tokio::time::sleep(pause).await,
                _ => break ((answer, outcome), response),
            }
        };
        observations.tries = tries.into_vec();
        let seen = match &response {
            Ok(response) => row.outcome(&self.reading.subject, response.status, &response.body),
            Err(answer) => ReadOutcome::NotRead(came_back(answer)),
        };
        if let ReadOutcome::Document(document) = &seen {
            observations.document = Some(document.to_string());
        }
        observations.answer = Some(answer);
        seen
    }

    fn record(
        self,
        observations: CheckObservations,
        judgement: &Judgement,
        started: String,
        begun: Instant,
    ) -> ResultRecord {
        let reading = &self.reading;
        let controls = vec![reading.control.clone()];
        let decided = final_verdict(
            &self.waivers,
            &self.deployment.target_name,
            &reading.id,
            &controls,
            judgement,
        );
        let command = match (judgement.verdict(), reading.check.row()) {
            // Nobody repeats what went as it should.
            (Verdict::Pass, _) | (_, None) => String::new(),
            (_, Some(row)) => {
                let endpoint =
                    self.target.endpoint_url(false).map(|url| format!(" --endpoint-url {url}"));
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
            principal_arn: observations.principal_arn,
            verdict: decided.verdict,
            reason: judgement.reason(),
            detail: judgement.detail().to_owned(),
            waiver: decided.waiver,
            gap: decided.gap,
            offline: observations.offline,
            outcome: observations.tries.last().map(|last| last.outcome),
            expected: ExpectedRecord {
                effect: ResultKind::Check.as_str().to_owned(),
                ..ExpectedRecord::default()
            },
            observed: observations.answer.map(|(answer, outcome)| ObservedRecord {
                document: observations.document,
                ..observed(&answer, &outcome)
            }),
            witnesses: Vec::new(),
            assumed: None,
            tries: observations.tries,
            started,
            duration_ms: millis(begun),
            file: reading.file.clone(),
            line: reading.line,
            command,
        }
    }
}
