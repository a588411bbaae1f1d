//! Refused attempts and their witnesses.
//!
//! Witnesses are asked before an attempt and again after it. What a witness has answered holds until something may have changed. On the
//! sandbox a refusal changes nothing and a witness leaves no trace, so refusals that follow each other share their witnesses: each waits,
//! *open*, until its row is about to change something or ends, and then the witnesses of all open ones are asked once more. A column of
//! refusals so costs little more than its length. A target that all rows share promises neither: there each refusal stands between
//! witnesses of its own.

use std::sync::Arc;

use super::{
    result::{Case, Results},
    row::{Made, RowRun},
};
use crate::{
    attempt::{Call, Effect, Field, Param, Service, fill},
    outcome::Outcome,
    plan::proof_of,
    scenario::{Attempt, Request, Witness, Witnesses},
    tries::one_may_have_acted,
    verdict::{Judgement, Reason, Testimony, came_back, judge_refusal},
};

/// What a witness answered.
pub(super) struct Fresh {
    request: Arc<Request>,
    outcome: Outcome,
    came_back: String,
    /// How many forbidden attempts had been made.
    deeds: usize,
}

/// A forbidden attempt that was made.
pub(super) struct Refusal {
    made: Made,
    /// What its witnesses showed before.
    testimony: Vec<Testimony>,
    /// How many forbidden attempts had been made with this one.
    deed: usize,
}

/// An attempt whose witnesses have yet to be asked once more.
pub(super) struct Waiting {
    pub case: Case,
    pub refusal: Refusal,
}

/// Whether a call can have left something behind: only an answer that says no is sure to have left nothing, and even that is shown by the
/// witnesses and fixtures asked after it.
fn may_have_acted(made: &Made) -> bool {
    !says_no(made) || one_may_have_acted(&made.tries)
}

fn says_no(made: &Made) -> bool {
    matches!(made.outcome, Outcome::Denied(_) | Outcome::Rejected | Outcome::Absent)
}

/// Both witnesses with what they are for.
fn both(witnesses: &Witnesses) -> [(&'static str, &Witness); 2] {
    [("target", &witnesses.target), ("actor", &witnesses.actor)]
}

impl RowRun {
    /// Makes a forbidden attempt after its witnesses. An error is the verdict of one that could not be made.
    pub(super) async fn refused(&mut self, attempt: &Attempt) -> Result<Refusal, Judgement> {
        let Some(witnesses) = &attempt.witnesses else {
            return Err(Judgement::inconclusive(Reason::NoWitness, "the attempt has no witnesses"));
        };
        let mut testimony = Vec::with_capacity(4);
        for (role, (_, witness)) in ["target before", "actor before"].into_iter().zip(both(witnesses)) {
            testimony.push(self.testify(role, witness, 0).await);
        }
        let before = self.stand.mark();
        let mut made = self.perform(&attempt.request).await?;
        self.stand.explain(&made.call, &mut made.answer).await;
        self.deeds += 1;
        let acted = may_have_acted(&made);
        if attempt.request.operation.effect != Effect::Reads && (acted || !self.stand.is_exact()) {
            self.fresh.clear();
        }
        if acted {
            // What should not have happened must not colour what comes after it.
            self.stand.go_back(&before).await;
        }
        Ok(Refusal {
            made,
            testimony,
            deed: self.deeds,
        })
    }

    /// Whether a refusal of this attempt may wait for others. What must be read after it is read at once, and who asks to stop at the first
    /// failure asks to know of it at once.
    pub(super) fn may_wait(&self, attempt: &Attempt) -> bool {
        self.stand.is_exact() && attempt.then.is_empty() && !self.fail_fast
    }

    /// Asks the witnesses of every open refusal once more, and gives it its verdict.
    pub(super) async fn settle(&mut self, results: &mut Results<'_>) {
        for Waiting { mut case, refusal } in std::mem::take(&mut self.open) {
            case.resume();
            let attempt = case.attempt.clone();
            let judgement = if self.stop.is_interrupted() && says_no(&refusal.made) {
                Judgement::error(Reason::Cancelled, "the run was stopped before its witnesses were asked again")
            } else {
                self.judge(&attempt, refusal, &mut case).await
            };
            self.end(case, &judgement, results);
        }
    }

    async fn judge(&mut self, attempt: &Attempt, refusal: Refusal, case: &mut Case) -> Judgement {
        let Refusal { made, mut testimony, deed } = refusal;
        let witnesses = attempt.witnesses.as_ref();
        if made.outcome != Outcome::Allowed {
            for (role, (_, witness)) in ["target after", "actor after"]
                .into_iter()
                .zip(witnesses.into_iter().flat_map(both))
            {
                testimony.push(self.testify(role, witness, deed).await);
            }
        }
        let expected = self.expected(&attempt.refusals, &made.call);
        let mut judgement = judge_refusal(attempt.kind, &made.call, &made.answer, &made.outcome, &expected, &testimony);
        if judgement == Judgement::pass() {
            judgement = self.prove_fixtures(attempt, &made.call, deed).await;
        }
        if judgement == Judgement::pass() {
            judgement = self.then(attempt).await;
        }
        judgement = made.judge_tries(judgement);
        case.seen.expected = expected;
        if let Some(witnesses) = witnesses {
            case.seen.witnesses(&both(witnesses), &testimony);
        }
        case.seen.made(self, made);
        judgement
    }

    /// Asks a witness, unless it has succeeded since something may have changed, and after so many deeds.
    async fn testify(&mut self, role: &'static str, witness: &Witness, deeds: usize) -> Testimony {
        if let Some(known) = self.known(&witness.request, deeds) {
            return Testimony {
                role,
                label: witness.label.clone(),
                outcome: known.outcome.clone(),
                came_back: known.came_back.clone(),
            };
        }
        // A witness leaves no trace: what it takes away or configures must be there for the attempt it proves.
        let before = (witness.request.operation.effect != Effect::Reads).then(|| self.stand.mark());
        let (outcome, came_back) = match self.perform(&witness.request).await {
            Ok(made) => (made.outcome, came_back(&made.answer)),
            Err(judgement) => (Outcome::Unclear, judgement.detail),
        };
        if let Some(before) = before {
            self.stand.go_back(&before).await;
        }
        self.remember(&witness.request, outcome.clone(), came_back.clone());
        Testimony {
            role,
            label: witness.label.clone(),
            outcome,
            came_back,
        }
    }

    /// A success of this very request after so many deeds, with nothing since that may have changed what it would be now.
    fn known(&self, request: &Arc<Request>, deeds: usize) -> Option<&Fresh> {
        let same = |fresh: &&Fresh| Arc::ptr_eq(&fresh.request, request) || *fresh.request == **request;
        let known = self.fresh.iter().find(same)?;
        (known.deeds >= deeds && known.outcome == Outcome::Allowed).then_some(known)
    }

    /// Keeps what a witness answered.
    pub(super) fn remember(&mut self, request: &Arc<Request>, outcome: Outcome, came_back: String) {
        self.fresh.retain(|fresh| *fresh.request != **request);
        self.fresh.push(Fresh {
            request: request.clone(),
            outcome,
            came_back,
            deeds: self.deeds,
        });
    }

    /// A refused change must have changed nothing: every fixture on the same key still has the version it was made with.
    async fn prove_fixtures(&mut self, attempt: &Attempt, call: &Call, deed: usize) -> Judgement {
        if attempt.request.operation.effect == Effect::Reads || attempt.request.operation.service != Service::S3 {
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
            if made.get(Param::Bucket) != call.get(Param::Bucket) || made.get(Param::Key) != call.get(Param::Key) {
                continue;
            }
            let proof = Arc::new(proof_of(&fixture.request, &version));
            if self.known(&proof, deed).is_some() {
                continue;
            }
            let name = fixture.name.clone();
            match self.perform(&proof).await {
                Ok(made) if made.outcome == Outcome::Allowed => self.remember(&proof, made.outcome, String::new()),
                Ok(made) => {
                    self.remember(&proof, made.outcome.clone(), came_back(&made.answer));
                    let detail = format!("the fixture `{name}` is not what it was: {}", came_back(&made.answer));
                    return Judgement::inconclusive(Reason::FixtureChanged, detail);
                }
                Err(judgement) => return judgement,
            }
        }
        Judgement::pass()
    }
}
