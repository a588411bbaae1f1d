//! One row: its fixtures, then its attempts in file order, each refused one between its witnesses.

use std::{
    collections::BTreeMap,
    panic::AssertUnwindSafe,
    sync::{Arc, mpsc},
    time::Duration,
};

use futures::FutureExt as _;
use gainsay_model::Role;

use super::{
    Event, Options, RowDone, Stage, Stop,
    callers::Callers,
    result::{Case, Results, Seen, result},
    stand::Stand,
    witness_log::WitnessLog,
};
use crate::{
    attempt::{self, Answer, Call, Effect, Facts, Field, Output, Param, fill},
    environment::Waivers,
    outcome::{Outcome, classify},
    plan::{self, PlannedRow, needed_fixtures},
    principal::Sessions,
    record::{ResultRecord, TryRecord},
    scenario::{Attempt, Fixture, Kind, Refusal, Request, Value},
    suite::Architecture,
    tries::{Tries, judge_tries},
    verdict::{Expected, Judgement, Reason, Verdict, came_back, judge_allow},
};

/// Everything one row needs, owned, so that it can run on any thread.
pub(super) struct RowRun {
    name: String,
    setting: Setting,
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
    pub(super) stand: Stand,
    pub(super) callers: Callers,
    pub(super) witnesses: WitnessLog,
    pub(super) progress: Progress,
    /// The same row on a sandbox that is as the environment says, where this one is on something
    /// else.
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

/// Where a result belongs.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    pub architecture: String,
    pub scenario: String,
    pub title: String,
    pub row: String,
    pub file: String,
    pub environment: Arc<crate::environment::Environment>,
    /// The target, as the record names it.
    pub target: String,
    /// Those of the architecture.
    pub waivers: Waivers,
    /// What the attempts come to by the files alone, by their ids.
    pub by_the_files: BTreeMap<String, Verdict>,
    /// What another session of the role may do by the files alone, by the ids of the attempts.
    pub other_sessions: BTreeMap<String, String>,
}

/// A call that was made.
pub(super) struct Made {
    pub call: Call,
    pub answer: Answer,
    pub outcome: Outcome,
    pub tries: Vec<TryRecord>,
}

impl Made {
    /// What the tries before the last leave of a judgement of it.
    pub(super) fn judge_tries(&self, judgement: Judgement) -> Judgement {
        let allowed = self.outcome == Outcome::Allowed;
        judge_tries(judgement, self.call.operation.effect, &self.tries, allowed)
    }
}

impl RowRun {
    pub(super) fn new(
        row: &PlannedRow<'_>,
        attempts: Vec<Arc<Attempt>>,
        stage: &Stage,
        options: &Options,
        stop: Stop,
    ) -> Self {
        let Architecture { name, environment, waivers, .. } = row.architecture;
        let (stand, target) = stage.stand(environment, options);
        Self {
            name: row.name(),
            setting: Setting {
                architecture: name.clone(),
                scenario: row.scenario.stem.clone(),
                title: row.scenario.title.clone(),
                row: row.row.slug.clone(),
                file: row.scenario.source.name().to_owned(),
                environment: environment.clone(),
                target: stage.place.clone(),
                waivers: waivers.clone(),
                by_the_files: BTreeMap::new(),
                other_sessions: BTreeMap::new(),
            },
            offline: stage.offline().map(|offline| {
                let options = Options { fail_fast: false, ..options.clone() };
                Box::new(Self::new(row, attempts.clone(), offline, &options, Stop::default()))
            }),
            obstacles: stage.obstacles(row, &attempts),
            attempts,
            fixtures: row.row.fixtures.clone(),
            stand,
            callers: Callers::new(target, stage.sessions.clone()),
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
            run: stage.run_of(row, options),
            outputs: Vec::new(),
        }
    }

    /// Runs the row and tells each result as it comes.
    pub(super) async fn run(mut self, events: &mpsc::Sender<Event>) -> RowDone {
        // The receiver lives as long as the run; if it is gone there is nobody to tell.
        _ = events.send(Event::RowStarted { row: self.name.clone() });
        let mut results = Results::new(events);
        // What breaks here must neither take the row's results with it nor keep what was made from
        // being removed.
        let whole = AssertUnwindSafe(Box::pin(self.attempt_all(&mut results))).catch_unwind().await;
        if whole.is_err() {
            self.witnesses.open.clear();
            self.give_up(&mut results);
        }
        let (left_behind, calls) = self.stand.close().await;
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
                self.end(Case::begin(place, attempt), &judgement, results);
            }
        }
    }

    /// Makes the fixtures and the attempts.
    async fn attempt_all(&mut self, results: &mut Results<'_>) {
        if let Some(offline) = self.offline.take() {
            let results = Box::pin(offline.by_the_files()).await;
            self.setting.by_the_files = decided(&results);
            self.setting.other_sessions = other_sessions(&results);
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
            let mut case = Case::begin(place, attempt);
            let judgement = if self.progress.stop.is_interrupted() {
                Judgement::error(Reason::Cancelled, "the run was stopped before this attempt")
            } else if self.progress.stop.has_failed() {
                Judgement::skipped(
                    "not attempted: `--fail-fast` ended the run at an earlier failure",
                )
            } else if let Some(obstacle) = self.obstacles.get(&case.attempt.id) {
                Judgement::skipped(obstacle.clone())
            } else if let Some(problem) = &missing {
                Judgement::inconclusive(Reason::NoFixture, problem.clone())
            } else if case.attempt.kind == Kind::Allow {
                if case.attempt.request.operation.effect != Effect::Reads {
                    self.settle(results).await;
                }
                self.allowed(&case.attempt.clone(), &mut case.seen).await
            } else {
                match self.refused(&case.attempt.clone()).await {
                    Ok(refusal) => {
                        let waits = self.may_wait(&case.attempt);
                        self.witnesses.open.push(case.waits(refusal));
                        if !waits {
                            self.settle(results).await;
                        }
                        continue;
                    }
                    Err(judgement) => judgement,
                }
            };
            self.end(case, &judgement, results);
        }
        self.settle(results).await;
    }

    /// What the row comes to, whoever answers for it.
    async fn by_the_files(mut self) -> Vec<Arc<ResultRecord>> {
        self.setting.waivers = Waivers::default();
        let (events, _) = mpsc::channel();
        Box::pin(self.run(&events)).await.results
    }

    /// What another session of the role may do that the files let, where an attempt was refused.
    pub(super) fn other_session(&self, attempt: &Attempt) -> Option<Judgement> {
        let detail = self.setting.other_sessions.get(&attempt.id)?;
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
                Ok(Made { answer: Answer::Success { output, .. }, .. }) => {
                    self.outputs.push(output);
                }
                Ok(made) => {
                    return Some(format!(
                        "the fixture `{}` could not be made: {}",
                        fixture.name,
                        came_back(&made.answer)
                    ));
                }
                Err(judgement) => {
                    let (name, why) = (&fixture.name, judgement.detail());
                    return Some(format!("the fixture `{name}` could not be made: {why}"));
                }
            }
        }
        None
    }

    /// Moves the clock, where that is asked for, and gives every role a new session: the old ones
    /// may have ended.
    async fn move_clock(&mut self) {
        let Some((by, roles)) = self.advance.take() else { return };
        let Some(credentials) = self.stand.advance(by) else { return };
        let environment = self.setting.environment.clone();
        let target = &self.callers.target;
        let opened = Sessions::open(target, &credentials, &environment, &roles, &self.run).await;
        self.progress.calls += opened.calls();
        self.callers.reopen(opened);
    }

    /// Gives an attempt its verdict.
    pub(super) fn end(&mut self, case: Case, judgement: &Judgement, results: &mut Results<'_>) {
        if self.progress.fail_fast && judgement.verdict() == Verdict::Fail {
            self.progress.stop.fail();
        }
        let place = case.place;
        results.put(place, Arc::new(result(&self.setting, case, judgement)));
    }

    async fn allowed(&mut self, attempt: &Attempt, seen: &mut Seen) -> Judgement {
        let made = match self.perform(&attempt.request).await {
            Ok(made) => made,
            Err(judgement) => return judgement,
        };
        if attempt.request.operation.effect != Effect::Reads {
            self.witnesses.forget();
        }
        // A failure, too: it takes the place of a success before it.
        self.witnesses.remember(&attempt.request, made.outcome.clone(), came_back(&made.answer));
        let expected = self.expected_fields(&attempt.expect);
        seen.fields = expected.clone();
        let judgement =
            judge_allow(&made.answer, &made.outcome, &mismatches(&made.answer, &expected));
        let judgement = made.judge_tries(judgement);
        seen.made(self, made);
        if judgement != Judgement::pass() {
            return judgement;
        }
        self.then(attempt).await
    }

    /// The reads that must hold after an attempt.
    pub(super) async fn then(&mut self, attempt: &Attempt) -> Judgement {
        for then in &attempt.then {
            let made = match self.perform(&then.request).await {
                Ok(made) => made,
                Err(judgement) => return judgement,
            };
            self.witnesses.remember(&then.request, made.outcome.clone(), came_back(&made.answer));
            let expected = self.expected_fields(&then.expect);
            let judgement =
                judge_allow(&made.answer, &made.outcome, &mismatches(&made.answer, &expected));
            let told = |detail: &str| {
                format!("afterwards `{}` (line {}): {detail}", then.request.operation, then.line)
            };
            match judgement {
                Judgement::Pass => {}
                Judgement::Fail(_, detail) => {
                    return Judgement::fail(Reason::ThenFailed, told(&detail));
                }
                Judgement::Inconclusive(reason, detail) => {
                    return Judgement::inconclusive(reason, told(&detail));
                }
                Judgement::Error(reason, detail) => return Judgement::error(reason, told(&detail)),
                Judgement::Skipped(detail) => return Judgement::skipped(told(&detail)),
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
    pub(super) async fn perform(&mut self, request: &Request) -> Result<Made, Judgement> {
        let call = self.call(request)?;
        self.send(request, call).await
    }

    /// Makes a call that was filled in.
    pub(super) async fn send(&mut self, request: &Request, call: Call) -> Result<Made, Judgement> {
        let clients = self.callers.clients(&call, &self.stand).await?;
        let mut tries = Tries::default();
        loop {
            self.progress.calls += 1;
            let answer = attempt::call(&clients, &call).await;
            self.stand.note(request, &call, &answer);
            let outcome = classify(call.operation.service, &answer);
            match tries.next(&answer, &outcome) {
                Some(pause) if !self.progress.stop.is_interrupted() => {
                    tokio::time::sleep(pause).await;
                }
                _ => {
                    let tries = tries.into_vec();
                    return Ok(Made { call, answer, outcome, tries });
                }
            }
        }
    }

    pub(super) fn facts(&self) -> Facts<'_> {
        Facts {
            environment: &self.setting.environment,
            run: &self.run,
            fixtures: &self.fixtures,
            outputs: &self.outputs,
        }
    }

    /// The one URL of the target, where it has one.
    pub(super) fn one_url(&self, plain: bool) -> Option<String> {
        self.callers.target.one_url(plain)
    }

    pub(super) fn region(&self) -> &str {
        &self.setting.environment.deployed.region
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
                _ => default.resource.clone(),
            },
        });
        expected.collect()
    }

    fn expected_fields(&self, expect: &[(Field, Vec<Value>)]) -> BTreeMap<Field, Vec<String>> {
        let facts = self.facts();
        let fill = |field: Field, value: &Value| {
            // A fixture stands for the key it made where a key is told, and for what it wrote
            // elsewhere.
            let told_as = if field == Field::KmsKey { Param::KmsKey } else { Param::Body };
            attempt::fill_value(told_as, value, &facts).unwrap_or_else(|error| error.to_string())
        };
        expect
            .iter()
            .map(|(field, values)| {
                (*field, values.iter().map(|value| fill(*field, value)).collect())
            })
            .collect()
    }
}

/// What is decided of some results.
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
    // KMS tells of a dry run that would have succeeded with an error: it has no fields.
    let nothing = Output::new();
    let output = match answer {
        Answer::Success { output, .. } => output,
        _ => &nothing,
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
