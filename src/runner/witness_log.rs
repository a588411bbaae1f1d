//! What the witnesses of a row have answered, and which refusals still wait for them.

use std::sync::Arc;

use super::refusal::PendingRefusal;
use crate::{attempt::Request, outcome::Outcome};

/// The answer to a request, which holds until something may have changed.
pub(super) struct LoggedAnswer {
    request: Arc<Request>,
    pub outcome: Outcome,
    pub came_back: String,
    /// How many forbidden attempts had been made when it was asked.
    attempts_before: usize,
}

/// The answers of a row's witnesses that still hold, and the refusals that wait for more.
#[derive(Default)]
pub(super) struct WitnessLog {
    answers: Vec<LoggedAnswer>,
    /// How many forbidden attempts were made in the row.
    forbidden_attempts: usize,
    /// Refusals whose witnesses have yet to be asked once more.
    pub pending: Vec<PendingRefusal>,
}

impl WitnessLog {
    /// Counts a forbidden attempt, and answers its number, from 1.
    pub(super) fn count_attempt(&mut self) -> usize {
        self.forbidden_attempts += 1;
        self.forbidden_attempts
    }

    /// Drops all answers, because something may have changed.
    pub(super) fn invalidate(&mut self) {
        self.answers.clear();
    }

    /// The success of this very request, if it was asked after `attempts` forbidden attempts or
    /// more, and nothing since may have changed what it would be now.
    pub(super) fn success_after(
        &self,
        request: &Arc<Request>,
        attempts: usize,
    ) -> Option<&LoggedAnswer> {
        let is_same = |answer: &&LoggedAnswer| {
            Arc::ptr_eq(&answer.request, request) || *answer.request == **request
        };
        let answer = self.answers.iter().find(is_same)?;
        (answer.attempts_before >= attempts && answer.outcome == Outcome::Allowed).then_some(answer)
    }

    /// Keeps the answer to a request, in place of what it was answered before.
    pub(super) fn insert(&mut self, request: &Arc<Request>, outcome: Outcome, came_back: String) {
        self.answers.retain(|answer| *answer.request != **request);
        self.answers.push(LoggedAnswer {
            request: request.clone(),
            outcome,
            came_back,
            attempts_before: self.forbidden_attempts,
        });
    }
}
