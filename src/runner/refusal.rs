//! Refused attempts and their witnesses.
//!
//! Witnesses are asked before an attempt and again after it. What a witness has answered holds
//! until something may have changed. On the sandbox a refusal changes nothing and a witness leaves
//! no trace, so refusals that follow each other share their witnesses: each waits, *open*, until
//! its row is about to change something or ends, and then the witnesses of all open ones are asked
//! once more. A column of refusals so costs little more than its length. A target that all rows
//! share promises neither: there each refusal stands between witnesses of its own.

use std::sync::Arc;

use gainsay_model::Service;

use super::{
    result::{Case, Results},
    row::{Made, RowRun},
    shared::Effects,
    witness_log::Known,
};
use crate::{
    attempt::{Call, Effect, Field, Param, fill},
    outcome::Outcome,
    plan::proof_of,
    scenario::{Attempt, Request, Witness, Witnesses},
    tries::one_may_have_acted,
    verdict::{
        Attempted, Judgement, Reason, Testimonies, Testimony, Witnessed, came_back, got_through,
        judge_refusal,
    },
};

/// A forbidden attempt that was made.
pub(super) struct Refusal {
    made: Made,
    /// Whether it happened all the same.
    effects: Effects,
    /// What its witnesses answered before.
    before: Before,
    /// How many forbidden attempts had been made with this one.
    deed: usize,
}

/// What both witnesses answered before the attempt.
pub(super) struct Before {
    pub target: Testimony,
    pub actor: Testimony,
}

/// An attempt whose witnesses have yet to be asked once more.
pub(super) struct Waiting {
    pub case: Case,
    pub refusal: Refusal,
}

/// Whether a call can have left something behind: only an answer that says no is sure to have left
/// nothing, and even that is shown by the witnesses and fixtures asked after it.
fn may_have_acted(made: &Made) -> bool {
    !says_no(made) || one_may_have_acted(&made.tries)
}

fn says_no(made: &Made) -> bool {
    matches!(made.outcome, Outcome::Denied(_) | Outcome::Rejected | Outcome::Absent)
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
        let asked = Before {
            target: self.testify(&witnesses.target, 0).await,
            actor: self.testify(&witnesses.actor, 0).await,
        };
        let before = self.stand.mark();
        let call = self.call(&attempt.request)?;
        let state = self.stand.look(&call).await;
        let mut made = self.send(&attempt.request, call).await?;
        self.stand.explain(&made.call, &mut made.answer).await;
        let effects = match made.outcome {
            Outcome::Allowed => Effects::NotLookedFor,
            Outcome::Denied(_)
            | Outcome::Rejected
            | Outcome::Absent
            | Outcome::Throttled
            | Outcome::Unreachable
            | Outcome::BadCredentials
            | Outcome::NotImplemented
            | Outcome::Unclear => self.stand.effects(&made.call, state).await,
        };
        let deed = self.witnesses.deed();
        let acted = may_have_acted(&made) || matches!(effects, Effects::Happened(_));
        if attempt.request.operation.effect != Effect::Reads && (acted || !self.shares()) {
            self.witnesses.forget();
        }
        if acted {
            // What should not have happened must not colour what comes after it.
            self.stand.go_back(&before).await;
        }
        Ok(Refusal { made, effects, before: asked, deed })
    }

    /// Whether what witnesses answered outlasts a refusal.
    const fn shares(&self) -> bool {
        self.progress.share && self.stand.is_exact()
    }

    /// Whether a refusal of this attempt may wait for others. What must be read after it is read at
    /// once, and who asks to stop at the first failure asks to know of it at once.
    pub(super) fn may_wait(&self, attempt: &Attempt) -> bool {
        self.shares() && attempt.then.is_empty() && !self.progress.fail_fast
    }

    /// Asks the witnesses of every open refusal once more, and gives it its verdict.
    pub(super) async fn settle(&mut self, results: &mut Results<'_>) {
        for Waiting { mut case, refusal } in std::mem::take(&mut self.witnesses.open) {
            case.resume();
            let attempt = case.attempt.clone();
            let judgement = if self.progress.stop.is_interrupted() && says_no(&refusal.made) {
                Judgement::error(
                    Reason::Cancelled,
                    "the run was stopped before its witnesses were asked again",
                )
            } else {
                Box::pin(self.judge(&attempt, refusal, &mut case)).await
            };
            self.end(case, &judgement, results);
        }
    }

    async fn judge(&mut self, attempt: &Attempt, refusal: Refusal, case: &mut Case) -> Judgement {
        let Refusal { made, effects, before, deed } = refusal;
        let expected = self.expected(&attempt.refusals, &made.call);
        let Some(witnesses) = &attempt.witnesses else {
            return Judgement::inconclusive(Reason::NoWitness, "the attempt has no witnesses");
        };
        case.seen.witnesses(witnesses, &before);
        let mut judgement = if made.outcome == Outcome::Allowed {
            got_through()
        } else {
            let testimonies = self.asked_again(witnesses, before, deed).await;
            case.seen.asked_again(&testimonies);
            let session = self.callers.session_arn(&made.call.principal);
            let attempted = Attempted {
                kind: attempt.kind,
                call: &made.call,
                session: session.as_deref(),
                answer: &made.answer,
                outcome: &made.outcome,
                expected: &expected,
            };
            match (judge_refusal(&attempted, &testimonies), self.other_session(attempt)) {
                // The target does not tell its policies; by the files another session may do it.
                (Judgement::Pass, Some(other)) => other,
                (judgement, _) => judgement,
            }
        };
        judgement = with_effects(judgement, effects);
        if judgement == Judgement::pass() {
            judgement = self.prove_fixtures(attempt, &made.call, deed).await;
        }
        if judgement == Judgement::pass() {
            judgement = self.then(attempt).await;
        }
        judgement = made.judge_tries(judgement);
        case.seen.expected = expected;
        case.seen.made(self, made);
        judgement
    }

    /// What need not be asked again; nothing where each refusal has witnesses of its own.
    fn known(&self, request: &Arc<Request>, deeds: usize) -> Option<&Known> {
        self.witnesses.known(request, deeds).filter(|_| self.progress.share)
    }

    /// Asks both witnesses once more.
    async fn asked_again(
        &mut self,
        witnesses: &Witnesses,
        before: Before,
        deed: usize,
    ) -> Testimonies {
        Testimonies {
            target: Witnessed {
                label: witnesses.target.label.clone(),
                before: before.target,
                after: self.testify(&witnesses.target, deed).await,
            },
            actor: Witnessed {
                label: witnesses.actor.label.clone(),
                before: before.actor,
                after: self.testify(&witnesses.actor, deed).await,
            },
        }
    }

    /// Asks a witness, unless it has succeeded since something may have changed, and after so many
    /// deeds.
    async fn testify(&mut self, witness: &Witness, deeds: usize) -> Testimony {
        if let Some(known) = self.known(&witness.request, deeds) {
            return Testimony {
                outcome: known.outcome.clone(),
                came_back: known.came_back.clone(),
            };
        }
        // A witness leaves no trace: what it takes away or configures must be there for the attempt
        // it proves.
        let before = (witness.request.operation.effect != Effect::Reads).then(|| self.stand.mark());
        let (outcome, came_back) = match self.perform(&witness.request).await {
            Ok(made) => (made.outcome, came_back(&made.answer)),
            Err(judgement) => (Outcome::Unclear, judgement.detail().to_owned()),
        };
        if let Some(before) = before {
            self.stand.go_back(&before).await;
        }
        self.witnesses.remember(&witness.request, outcome.clone(), came_back.clone());
        Testimony { outcome, came_back }
    }

    /// A refused change must have changed nothing: every fixture on the same key still has the
    /// version it was made with.
    async fn prove_fixtures(&mut self, attempt: &Attempt, call: &Call, deed: usize) -> Judgement {
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
            if self.known(&proof, deed).is_some() {
                continue;
            }
            let name = fixture.name.clone();
            match self.perform(&proof).await {
                Ok(made) if made.outcome == Outcome::Allowed => {
                    self.witnesses.remember(&proof, made.outcome, String::new());
                }
                Ok(made) => {
                    self.witnesses.remember(&proof, made.outcome.clone(), came_back(&made.answer));
                    let detail = format!(
                        "the fixture `{name}` is not what it was: {}",
                        came_back(&made.answer)
                    );
                    return Judgement::inconclusive(Reason::FixtureChanged, detail);
                }
                Err(judgement) => return judgement,
            }
        }
        Judgement::pass()
    }
}
