//! The run of one row: its fixtures, then its attempts in file order, each refused one between its
//! witnesses.

use std::{
    collections::BTreeMap,
    panic::AssertUnwindSafe,
    sync::{Arc, mpsc},
    time::Duration,
};

use futures::FutureExt as _;
use gainsay_model::Role;

use super::{
    Deployment, Options, RowDone, Stop,
    callers::Callers,
    result::{AttemptRun, Observations, Results, result},
    row_target::RowTarget,
    witness_log::WitnessLog,
};
use crate::{
    attempt::{
        self, Answer, Call, Effect, Field, Fixture, Output, Param, Request, RunContext, Value, fill,
    },
    files::Waivers,
    outcome::{Outcome, came_back, classify},
    plan::{self, PlannedRow, needed_fixtures},
    record::{Event, ResultRecord, TryRecord},
    scenario::{Attempt, Kind, Refusal},
    session::Sessions,
    suite::Architecture,
    tries::{Tries, judge_tries},
    verdict::{Expected, Judgement, Reason, Verdict, judge_allow},
};

/// Everything one row needs, owned, so that it can run on any thread.
pub(super) struct RowRun {
    name: String,
    context: RowContext,
    attempts: Vec<Arc<Attempt>>,
    pub(super) fixtures: Vec<Fixture>,
    /// What each fixture answered when it was made, in order.
    pub(super) outputs: Vec<Output>,
    /// Why attempts are not made here, by their ids.
    obstacles: BTreeMap<String, String>,
    /// How far the clock is moved once the fixtures are made, and who then needs a new session.
    advance: Option<(Duration, Vec<Arc<Role>>)>,
    /// What `{run}` is in this row.
    run: String,
    pub(super) target: RowTarget,
    pub(super) callers: Callers,
    pub(super) witnesses: WitnessLog,
    pub(super) progress: Progress,
    /// For offline verdicts, the row on a sandbox that is as the environment says; nothing where
    /// this one is on the sandbox.
    offline: Option<Box<RowRun>>,
}

/// How far a row is, and what ends it early.
pub(super) struct Progress {
    pub stop: Stop,
    pub fail_fast: bool,
    /// Whether refusals that follow each other may share their witnesses.
    pub share: bool,
    calls: u64,
}

/// What all results of a row have in common.
#[derive(Clone, Debug)]
pub(super) struct RowContext {
    pub architecture: String,
    pub scenario: String,
    pub title: String,
    pub row: String,
    pub file: String,
    pub environment: Arc<crate::files::Environment>,
    /// The target, as the record names it.
    pub target_name: String,
    /// The waivers and gaps of the architecture.
    pub waivers: Waivers,
    /// The verdicts of the attempts on a sandbox that is as the environment says, by their ids.
    pub offline_verdicts: BTreeMap<String, Verdict>,
    /// Why another session of the role may do what was refused, by the ids of the attempts, as
    /// that sandbox found it.
    pub other_sessions: BTreeMap<String, String>,
}

/// A call that was made, and what came of it.
pub(super) struct CallResult {
    pub call: Call,
    pub answer: Answer,
    pub outcome: Outcome,
    pub tries: Vec<TryRecord>,
}

impl CallResult {
    /// What the tries before the last leave of a judgement of the call.
    pub(super) fn judge_tries(&self, judgement: Judgement) -> Judgement {
        let allowed = self.outcome == Outcome::Allowed;
        judge_tries(judgement, self.call.operation.effect, &self.tries, allowed)
    }
}

impl RowRun {
    pub(super) fn new(
        row: &PlannedRow<'_>,
        attempts: Vec<Arc<Attempt>>,
        deployment: &Deployment,
        options: &Options,
        stop: Stop,
    ) -> Self {
        let Architecture { name, environment, waivers, .. } = row.architecture;
        let (row_target, target) = deployment.row_target(environment, options);
        Self {
            name: row.name(),
            context: RowContext {
                architecture: name.clone(),
                scenario: row.scenario.stem.clone(),
                title: row.scenario.title.clone(),
                row: row.row.slug.clone(),
                file: row.scenario.source.name().to_owned(),
                environment: environment.clone(),
                target_name: deployment.target_name.clone(),
                waivers: waivers.clone(),
                offline_verdicts: BTreeMap::new(),
                other_sessions: BTreeMap::new(),
            },
            offline: deployment.offline().map(|offline| {
                let options = Options { fail_fast: false, ..options.clone() };
                Box::new(Self::new(row, attempts.clone(), offline, &options, Stop::default()))
            }),
            obstacles: deployment.obstacles(row, &attempts),
            attempts,
            fixtures: row.row.fixtures.clone(),
            target: row_target,
            callers: Callers::new(target, deployment.sessions.clone()),
            witnesses: WitnessLog::default(),
            progress: Progress {
                stop,
                fail_fast: options.fail_fast,
                share: options.share,
                calls: 0,
            },
            advance: row.row.advance.map(|seconds| {
                let names = plan::roles(row.row);
                let roles = environment
                    .deployed
                    .roles
                    .iter()
                    .filter(|role| names.contains(role.name.as_str()));
                (Duration::from_secs(seconds), roles.cloned().collect())
            }),
            run: deployment.run_of(row, options),
            outputs: Vec::new(),
        }
    }

    /// Runs the row and sends each result as it comes.
    pub(super) async fn run(mut self, events: &mpsc::Sender<Event>) -> RowDone {
        // The receiver lives as long as the run; if it is gone nobody wants to know.
        _ = events.send(Event::RowStarted { row: self.name.clone() });
        let mut results = Results::new(events);
        // What breaks here must neither take the row's results with it nor keep what was made from
        // being removed.
        let whole = AssertUnwindSafe(Box::pin(self.attempt_all(&mut results))).catch_unwind().await;
        if whole.is_err() {
            self.witnesses.pending.clear();
            self.give_up(&mut results);
        }
        let (left_behind, calls) = self.target.close().await;
        RowDone { results: results.done, calls: self.progress.calls + calls, left_behind }
    }

    /// The results of a row of which nothing is known.
    pub(super) fn lost(mut self, events: &mpsc::Sender<Event>) -> RowDone {
        let mut results = Results::new(events);
        self.give_up(&mut results);
        RowDone {
            results: results.done,
            calls: self.progress.calls,
            left_behind: vec![format!("whatever the row {} made", self.name)],
        }
    }

    /// An error for every attempt that has no result.
    fn give_up(&mut self, results: &mut Results<'_>) {
        for (place, attempt) in self.attempts.clone().into_iter().enumerate() {
            if !results.has(place) {
                let judgement = Judgement::error(
                    Reason::Internal,
                    "gainsay broke off in this row; this is a bug, please report it",
                );
                self.end(AttemptRun::begin(place, attempt), &judgement, results);
            }
        }
    }

    /// Makes the fixtures and the attempts.
    async fn attempt_all(&mut self, results: &mut Results<'_>) {
        if let Some(offline) = self.offline.take() {
            let results = Box::pin(offline.run_offline()).await;
            self.context.offline_verdicts = decided(&results);
            self.context.other_sessions = other_sessions(&results);
        }
        let made = self.attempts.iter().filter(|attempt| !self.obstacles.contains_key(&attempt.id));
        let needed = needed_fixtures(&self.fixtures, &made.cloned().collect::<Vec<_>>());
        let missing = if self.progress.stop.is_interrupted() {
            None
        } else {
            match self.make_fixtures(&needed).await {
                None => {
                    self.move_clock().await;
                    None
                }
                problem => problem,
            }
        };
        for (place, attempt) in self.attempts.clone().into_iter().enumerate() {
            // The sandbox answers at once, so a row would never let the runtime see a Ctrl-C.
            tokio::task::yield_now().await;
            let mut run = AttemptRun::begin(place, attempt);
            let judgement = if self.progress.stop.is_interrupted() {
                Judgement::error(Reason::Cancelled, "the run was stopped before this attempt")
            } else if self.progress.stop.has_failed() {
                Judgement::skipped(
                    "not attempted: `--fail-fast` ended the run at an earlier failure",
                )
            } else if let Some(obstacle) = self.obstacles.get(&run.attempt.id) {
                Judgement::skipped(obstacle.clone())
            } else if let Some(problem) = &missing {
                Judgement::inconclusive(Reason::NoFixture, problem.clone())
            } else if run.attempt.kind == Kind::Allow {
                if run.attempt.request.operation.effect != Effect::Reads {
                    self.judge_pending(results).await;
                }
                self.allowed(&run.attempt.clone(), &mut run.observations).await
            } else {
                match self.refused(&run.attempt.clone()).await {
                    Ok(refusal) => {
                        let may_wait = self.may_wait(&run.attempt);
                        self.witnesses.pending.push(run.pending(refusal));
                        if !may_wait {
                            self.judge_pending(results).await;
                        }
                        continue;
                    }
                    Err(judgement) => judgement,
                }
            };
            self.end(run, &judgement, results);
        }
        self.judge_pending(results).await;
    }

    /// The results of the row for offline verdicts: without waivers, and no event is sent.
    async fn run_offline(mut self) -> Vec<Arc<ResultRecord>> {
        self.context.waivers = Waivers::default();
        let (events, _) = mpsc::channel();
        Box::pin(self.run(&events)).await.results
    }

    /// The judgement of a refusal that another session of the role would not meet, as the offline
    /// verdicts found; nothing where there is no such session.
    pub(super) fn other_session(&self, attempt: &Attempt) -> Option<Judgement> {
        let detail = self.context.other_sessions.get(&attempt.id)?;
        Some(Judgement::inconclusive(Reason::OtherSession, detail.clone()))
    }

    /// Makes the fixtures; answers what went wrong.
    async fn make_fixtures(&mut self, needed: &[bool]) -> Option<String> {
        for (index, fixture) in self.fixtures.clone().iter().enumerate() {
            if !needed.get(index).copied().unwrap_or(true) {
                self.outputs.push(Output::new());
                continue;
            }
            match self.perform(&fixture.request).await {
                Ok(CallResult { answer: Answer::Success { output, .. }, .. }) => {
                    self.outputs.push(output);
                }
                Ok(result) => return Some(not_made(fixture, &came_back(&result.answer))),
                Err(judgement) => return Some(not_made(fixture, judgement.detail())),
            }
        }
        None
    }

    /// Moves the clock, where that is asked for, and gives every role a new session: the old ones
    /// may have ended.
    async fn move_clock(&mut self) {
        let Some((by, roles)) = self.advance.take() else { return };
        let Some(credentials) = self.target.advance(by) else { return };
        let environment = self.context.environment.clone();
        let target = &self.callers.target;
        let opened = Sessions::open(target, &credentials, &environment, &roles, &self.run).await;
        self.progress.calls += opened.calls();
        self.callers.replace_sessions(opened);
    }

    /// Gives an attempt its verdict.
    pub(super) fn end(
        &mut self,
        run: AttemptRun,
        judgement: &Judgement,
        results: &mut Results<'_>,
    ) {
        if self.progress.fail_fast && judgement.verdict() == Verdict::Fail {
            self.progress.stop.fail();
        }
        let place = run.place;
        results.insert(place, Arc::new(result(&self.context, run, judgement)));
    }

    async fn allowed(&mut self, attempt: &Attempt, observations: &mut Observations) -> Judgement {
        let result = match self.perform(&attempt.request).await {
            Ok(result) => result,
            Err(judgement) => return judgement,
        };
        if attempt.request.operation.effect != Effect::Reads {
            self.witnesses.invalidate();
        }
        // A failure, too: it takes the place of an earlier success.
        self.witnesses.insert(&attempt.request, result.outcome.clone(), came_back(&result.answer));
        let expected = self.expected_fields(&attempt.expect);
        observations.fields = expected.clone();
        let judgement =
            judge_allow(&result.answer, &result.outcome, &mismatches(&result.answer, &expected));
        let judgement = result.judge_tries(judgement);
        observations.call_made(self, result);
        if judgement != Judgement::pass() {
            return judgement;
        }
        self.then(attempt).await
    }

    /// The reads that must hold after an attempt.
    pub(super) async fn then(&mut self, attempt: &Attempt) -> Judgement {
        for then in &attempt.then {
            let result = match self.perform(&then.request).await {
                Ok(result) => result,
                Err(judgement) => return judgement,
            };
            self.witnesses.insert(&then.request, result.outcome.clone(), came_back(&result.answer));
            let expected = self.expected_fields(&then.expect);
            let judgement = judge_allow(
                &result.answer,
                &result.outcome,
                &mismatches(&result.answer, &expected),
            );
            let afterwards = |detail: &str| {
                format!("afterwards `{}` (line {}): {detail}", then.request.operation, then.line)
            };
            match judgement {
                Judgement::Pass => {}
                Judgement::Fail(_, detail) => {
                    return Judgement::fail(Reason::ThenFailed, afterwards(&detail));
                }
                Judgement::Inconclusive(reason, detail) => {
                    return Judgement::inconclusive(reason, afterwards(&detail));
                }
                Judgement::Error(reason, detail) => {
                    return Judgement::error(reason, afterwards(&detail));
                }
                Judgement::Skipped(detail) => return Judgement::skipped(afterwards(&detail)),
            }
        }
        Judgement::pass()
    }

    /// A request with everything filled in. An error is a judgement: it cannot be.
    pub(super) fn call(&self, request: &Request) -> Result<Call, Judgement> {
        fill(request, &self.facts())
            .map_err(|error| Judgement::inconclusive(Reason::NoFixture, error.to_string()))
    }

    /// Makes a call as its principal. An error is a judgement: the call could not be made.
    pub(super) async fn perform(&mut self, request: &Request) -> Result<CallResult, Judgement> {
        let call = self.call(request)?;
        self.send(request, call).await
    }

    /// Makes a call that was filled in.
    pub(super) async fn send(
        &mut self,
        request: &Request,
        call: Call,
    ) -> Result<CallResult, Judgement> {
        let clients = self.callers.clients(&call, &self.target).await?;
        let mut tries = Tries::default();
        loop {
            self.progress.calls += 1;
            let answer = attempt::call(&clients, &call).await;
            self.target.note(request, &call, &answer);
            let outcome = classify(call.operation.service, &answer);
            match tries.next(&answer, &outcome) {
                Some(pause) if !self.progress.stop.is_interrupted() => {
                    tokio::time::sleep(pause).await;
                }
                _ => {
                    let tries = tries.into_vec();
                    return Ok(CallResult { call, answer, outcome, tries });
                }
            }
        }
    }

    pub(super) fn facts(&self) -> RunContext<'_> {
        RunContext {
            environment: &self.context.environment,
            run: &self.run,
            fixtures: &self.fixtures,
            outputs: &self.outputs,
        }
    }

    /// The URL of every service, where the target has one.
    pub(super) fn endpoint_url(&self, plain: bool) -> Option<String> {
        self.callers.target.endpoint_url(plain)
    }

    pub(super) fn region(&self) -> &str {
        &self.context.environment.deployed.region
    }

    /// The answers that will do, with what they are about filled in from the operation catalogue.
    pub(super) fn expected(&self, refusals: &[Refusal], call: &Call) -> Vec<Expected> {
        let default = Expected {
            action: call.action.to_owned(),
            resource: call.resource.clone(),
            ..Expected::default()
        };
        if refusals.is_empty() {
            return vec![default];
        }
        let expected = refusals.iter().map(|refusal| Expected {
            layers: refusal.layers.clone(),
            unnamed: refusal.unnamed.clone(),
            sid: refusal.sid.clone(),
            codes: refusal.codes.clone(),
            says: refusal.says.clone(),
            action: refusal.action.clone().unwrap_or_else(|| default.action.clone()),
            resource: match &refusal.on {
                Some(Value::Key(key, _)) => key.arn.clone(),
                Some(Value::Role(role)) => role.arn.clone(),
                Some(Value::Fixture(index)) => {
                    attempt::fixture_arn(*index, &self.facts()).unwrap_or_default()
                }
                Some(
                    Value::Principal(_)
                    | Value::Bucket(_)
                    | Value::Trail(_)
                    | Value::Fixtures(_)
                    | Value::Text(_)
                    | Value::Bool(_)
                    | Value::Word(_)
                    | Value::Words(_)
                    | Value::Seconds(_),
                )
                | None => default.resource.clone(),
            },
        });
        expected.collect()
    }

    fn expected_fields(&self, expect: &[(Field, Vec<Value>)]) -> BTreeMap<Field, Vec<String>> {
        let facts = self.facts();
        let fill = |field: Field, value: &Value| {
            // A fixture stands for the key it made where a key is answered, and for what it wrote
            // elsewhere.
            let param = if field == Field::KmsKey { Param::KmsKey } else { Param::Body };
            attempt::fill_value(param, value, &facts).unwrap_or_else(|error| error.to_string())
        };
        expect
            .iter()
            .map(|(field, values)| {
                (*field, values.iter().map(|value| fill(*field, value)).collect())
            })
            .collect()
    }
}

/// What a fixture that could not be made leaves to say.
fn not_made(fixture: &Fixture, why: &str) -> String {
    format!("the fixture `{}` could not be made: {why}", fixture.name)
}

/// The verdicts that decide something, by the ids of their results.
fn decided(results: &[Arc<ResultRecord>]) -> BTreeMap<String, Verdict> {
    let is_decided = |verdict| matches!(verdict, Verdict::Pass | Verdict::Fail);
    let decided = results.iter().filter(|result| is_decided(result.verdict));
    decided.map(|result| (result.id.clone(), result.verdict)).collect()
}

/// The refusals of some results that another session of the role would not meet, and why.
fn other_sessions(results: &[Arc<ResultRecord>]) -> BTreeMap<String, String> {
    let found = results.iter().filter(|result| result.reason == Some(Reason::OtherSession));
    found.map(|result| (result.id.clone(), result.detail.clone())).collect()
}

/// Fields of a successful answer that are not as expected.
fn mismatches(answer: &Answer, expected: &BTreeMap<Field, Vec<String>>) -> Vec<String> {
    // KMS answers a dry run that would have succeeded with an error, which has no fields.
    let nothing = Output::new();
    let output = match answer {
        Answer::Success { output, .. } => output,
        Answer::Refused(_)
        | Answer::Malformed { .. }
        | Answer::Unreachable { .. }
        | Answer::NotSent { .. } => &nothing,
    };
    let mut mismatches = Vec::new();
    for (field, wanted) in expected {
        let found = output.get(field).cloned().unwrap_or_default();
        if found != *wanted {
            let found = if found.is_empty() {
                "nothing".to_owned()
            } else {
                format!("`{}`", found.join("`, `"))
            };
            mismatches.push(format!("`{field}` is {found}, expected `{}`", wanted.join("`, `")));
        }
    }
    mismatches
}
