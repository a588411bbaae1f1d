//! Refused attempts and their witnesses.
//!
//! Witnesses are asked before an attempt and again after it. What a witness has answered holds
//! until something may have changed. On the sandbox a refusal changes nothing and a witness leaves
//! no trace, so refusals that follow each other share their witnesses: each is *pending* until its
//! row is about to change something or ends, and then the witnesses of all pending ones are asked
//! once more. So many refusals in a row cost little more than one call each. A target that all rows
//! share promises neither: there each refusal stands between witnesses of its own.

use std::sync::Arc;

use gainsay_model::Service;

use super::{
    result::{AttemptRun, Results},
    row_run::{CallResult, RowRun},
    shared::Effects,
    witness_log::LoggedAnswer,
};
use crate::{
    attempt::{Call, Effect, Field, Param, Request, fill},
    outcome::{Outcome, came_back},
    plan::proof_of,
    scenario::{Attempt, Witness, Witnesses},
    tries::one_may_have_acted,
    verdict::{
        ForbiddenAttempt, Judgement, Reason, WitnessAnswer, WitnessResult, WitnessResults,
        got_through, judge_refusal,
    },
};

/// A forbidden attempt that was made.
pub(super) struct Refusal {
    result: CallResult,
    /// Whether it happened all the same.
    effects: Effects,
    /// What its witnesses answered before.
    before: AnswersBefore,
    /// Its number among the forbidden attempts of the row, from 1.
    number: usize,
}

/// What both witnesses of a forbidden attempt answered before it.
pub(super) struct AnswersBefore {
    pub target: WitnessAnswer,
    pub actor: WitnessAnswer,
}

/// A forbidden attempt whose witnesses have yet to be asked once more.
pub(super) struct PendingRefusal {
    pub run: AttemptRun,
    pub refusal: Refusal,
}

/// Whether a call can have left something behind: only an answer that says no is sure to have left
/// nothing, and even that is shown by the witnesses and fixtures asked after it.
fn may_have_acted(result: &CallResult) -> bool {
    !is_refusal(result) || one_may_have_acted(&result.tries)
}

fn is_refusal(result: &CallResult) -> bool {
    matches!(result.outcome, Outcome::Denied(_) | Outcome::Rejected | Outcome::Absent)
}

/// The judgement of a refusal, after it was looked whether it happened all the same.
fn with_effects(judgement: Judgement, effects: Effects) -> Judgement {
    match (effects, judgement) {
        (Effects::Happened(what), _) => {
            let detail = format!("what was refused happened all the same: there is {what}");
            Judgement::fail(Reason::HappenedAnyway, detail)
        }
        (Effects::Unknown(why), Judgement::Pass) => {
            Judgement::inconclusive(Reason::EffectUnknown, why)
        }
        (Effects::NotLookedFor | Effects::None | Effects::Unknown(_), judgement) => judgement,
    }
}

impl RowRun {
    /// Makes a forbidden attempt after its witnesses. An error is the verdict of one that could not
    /// be made.
    pub(super) async fn refused(&mut self, attempt: &Attempt) -> Result<Refusal, Judgement> {
        let Some(witnesses) = &attempt.witnesses else {
            return Err(Judgement::inconclusive(Reason::NoWitness, "the attempt has no witnesses"));
        };
        let before = AnswersBefore {
            target: self.ask_witness(&witnesses.target, 0).await,
            actor: self.ask_witness(&witnesses.actor, 0).await,
        };
        let checkpoint = self.target.checkpoint();
        let call = self.call(&attempt.request)?;
        let state = self.target.look(&call).await;
        let mut result = self.send(&attempt.request, call).await?;
        self.target.explain(&result.call, &mut result.answer).await;
        let effects = match result.outcome {
            Outcome::Allowed => Effects::NotLookedFor,
            Outcome::Denied(_)
            | Outcome::Rejected
            | Outcome::Absent
            | Outcome::Throttled
            | Outcome::Unreachable
            | Outcome::BadCredentials
            | Outcome::NotImplemented
            | Outcome::Unclear => self.target.effects(&result.call, state).await,
        };
        let number = self.witnesses.count_attempt();
        let acted = may_have_acted(&result) || matches!(effects, Effects::Happened(_));
        if attempt.request.operation.effect != Effect::Reads && (acted || !self.shares()) {
            self.witnesses.invalidate();
        }
        if acted {
            // What should not have happened must not affect what comes after it.
            self.target.restore(&checkpoint).await;
        }
        Ok(Refusal { result, effects, before, number })
    }

    /// Whether what witnesses answered outlasts a refusal.
    const fn shares(&self) -> bool {
        self.progress.share && self.target.is_exact()
    }

    /// Whether a refusal of this attempt may wait for others. What must be read after it is read at
    /// once, and who asks to stop at the first failure asks to know of it at once.
    pub(super) fn may_wait(&self, attempt: &Attempt) -> bool {
        self.shares() && attempt.then.is_empty() && !self.progress.fail_fast
    }

    /// Asks the witnesses of every pending refusal once more, and gives it its verdict.
    pub(super) async fn judge_pending(&mut self, results: &mut Results<'_>) {
        for PendingRefusal { mut run, refusal } in std::mem::take(&mut self.witnesses.pending) {
            run.resume();
            let attempt = run.attempt.clone();
            let judgement = if self.progress.stop.is_interrupted() && is_refusal(&refusal.result) {
                Judgement::error(
                    Reason::Cancelled,
                    "the run was stopped before its witnesses were asked again",
                )
            } else {
                Box::pin(self.judge(&attempt, refusal, &mut run)).await
            };
            self.end(run, &judgement, results);
        }
    }

    async fn judge(
        &mut self,
        attempt: &Attempt,
        refusal: Refusal,
        run: &mut AttemptRun,
    ) -> Judgement {
        let Refusal { result, effects, before, number } = refusal;
        let expected = self.expected(&attempt.refusals, &result.call);
        let Some(witnesses) = &attempt.witnesses else {
            return Judgement::inconclusive(Reason::NoWitness, "the attempt has no witnesses");
        };
        run.observations.witnesses_before(witnesses, &before);
        let mut judgement = if result.outcome == Outcome::Allowed {
            got_through()
        } else {
            let answers = self.ask_witnesses_again(witnesses, before, number).await;
            run.observations.witnesses_after(&answers);
            let session = self.callers.session_arn(&result.call.principal);
            let forbidden = ForbiddenAttempt {
                kind: attempt.kind,
                call: &result.call,
                session: session.as_deref(),
                answer: &result.answer,
                outcome: &result.outcome,
                expected: &expected,
            };
            match (judge_refusal(&forbidden, &answers), self.other_session(attempt)) {
                // The target does not tell its policies; by the files another session may do it.
                (Judgement::Pass, Some(other)) => other,
                (judgement, _) => judgement,
            }
        };
        judgement = with_effects(judgement, effects);
        if judgement == Judgement::pass() {
            judgement = self.check_fixtures(attempt, &result.call, number).await;
        }
        if judgement == Judgement::pass() {
            judgement = self.then(attempt).await;
        }
        judgement = result.judge_tries(judgement);
        run.observations.expected = expected;
        run.observations.call_made(self, result);
        judgement
    }

    /// A success that was logged after `attempts` forbidden attempts or more and need not be asked
    /// for again; nothing where each refusal has witnesses of its own.
    fn logged(&self, request: &Arc<Request>, attempts: usize) -> Option<&LoggedAnswer> {
        self.witnesses.success_after(request, attempts).filter(|_| self.progress.share)
    }

    /// Asks both witnesses once more, after the forbidden attempt of this number.
    async fn ask_witnesses_again(
        &mut self,
        witnesses: &Witnesses,
        before: AnswersBefore,
        number: usize,
    ) -> WitnessResults {
        WitnessResults {
            target: WitnessResult {
                label: witnesses.target.label.clone(),
                before: before.target,
                after: self.ask_witness(&witnesses.target, number).await,
            },
            actor: WitnessResult {
                label: witnesses.actor.label.clone(),
                before: before.actor,
                after: self.ask_witness(&witnesses.actor, number).await,
            },
        }
    }

    /// Asks a witness, unless it has succeeded since something may have changed, and after
    /// `attempts` forbidden attempts or more.
    async fn ask_witness(&mut self, witness: &Witness, attempts: usize) -> WitnessAnswer {
        if let Some(logged) = self.logged(&witness.request, attempts) {
            return WitnessAnswer {
                outcome: logged.outcome.clone(),
                came_back: logged.came_back.clone(),
            };
        }
        // A witness leaves no trace: what it takes away or configures must be there for the attempt
        // it proves.
        let changes = witness.request.operation.effect != Effect::Reads;
        let checkpoint = changes.then(|| self.target.checkpoint());
        let (outcome, came_back) = match self.perform(&witness.request).await {
            Ok(result) => (result.outcome, came_back(&result.answer)),
            Err(judgement) => (Outcome::Unclear, judgement.detail().to_owned()),
        };
        if let Some(checkpoint) = checkpoint {
            self.target.restore(&checkpoint).await;
        }
        self.witnesses.insert(&witness.request, outcome.clone(), came_back.clone());
        WitnessAnswer { outcome, came_back }
    }

    /// A refused change must have changed nothing: every fixture on the same key still has the
    /// version it was made with.
    async fn check_fixtures(&mut self, attempt: &Attempt, call: &Call, number: usize) -> Judgement {
        if attempt.request.operation.effect == Effect::Reads
            || attempt.request.operation.service != Service::S3
        {
            return Judgement::pass();
        }
        for index in 0..self.fixtures.len() {
            let Some(fixture) = self.fixtures.get(index) else { continue };
            let version = self
                .outputs
                .get(index)
                .and_then(|output| output.get(&Field::Version))
                .and_then(|versions| versions.first());
            let Some(version) = version.cloned() else { continue };
            let Ok(made) = fill(&fixture.request, &self.facts()) else {
                continue;
            };
            if made.get(Param::Bucket) != call.get(Param::Bucket)
                || made.get(Param::Key) != call.get(Param::Key)
            {
                continue;
            }
            let proof = Arc::new(proof_of(&fixture.request, &version));
            if self.logged(&proof, number).is_some() {
                continue;
            }
            let name = fixture.name.clone();
            match self.perform(&proof).await {
                Ok(result) if result.outcome == Outcome::Allowed => {
                    self.witnesses.insert(&proof, result.outcome, String::new());
                }
                Ok(result) => {
                    let came_back = came_back(&result.answer);
                    let detail = format!("the fixture `{name}` is not what it was: {came_back}");
                    self.witnesses.insert(&proof, result.outcome, came_back);
                    return Judgement::inconclusive(Reason::FixtureChanged, detail);
                }
                Err(judgement) => return judgement,
            }
        }
        Judgement::pass()
    }
}
