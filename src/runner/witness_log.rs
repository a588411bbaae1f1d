//! What the witnesses of a row have answered, and which refusals still wait for them.

use std::sync::Arc;

use super::refusal::Waiting;
use crate::{outcome::Outcome, scenario::Request};

/// An answer that holds until something may have changed.
pub(super) struct Known {
    request: Arc<Request>,
    pub outcome: Outcome,
    pub came_back: String,
    /// How many forbidden attempts had been made.
    deeds: usize,
}

/// What is known from witnesses, and since when.
#[derive(Default)]
pub(super) struct WitnessLog {
    known: Vec<Known>,
    /// How many forbidden attempts were made: what was asked since the last one comes after it.
    deeds: usize,
    /// Refusals whose witnesses have yet to be asked once more.
    pub open: Vec<Waiting>,
}

impl WitnessLog {
    /// Counts a forbidden attempt, and answers its number.
    pub(super) fn deed(&mut self) -> usize {
        self.deeds += 1;
        self.deeds
    }

    /// Something may have changed.
    pub(super) fn forget(&mut self) {
        self.known.clear();
    }

    /// A success of this very request after so many deeds, with nothing since that may have changed
    /// what it would be now.
    pub(super) fn known(&self, request: &Arc<Request>, deeds: usize) -> Option<&Known> {
        let same =
            |known: &&Known| Arc::ptr_eq(&known.request, request) || *known.request == **request;
        let known = self.known.iter().find(same)?;
        (known.deeds >= deeds && known.outcome == Outcome::Allowed).then_some(known)
    }

    /// Keeps what a witness answered, in place of what it answered before.
    pub(super) fn remember(&mut self, request: &Arc<Request>, outcome: Outcome, came_back: String) {
        self.known.retain(|known| *known.request != **request);
        self.known.push(Known { request: request.clone(), outcome, came_back, deeds: self.deeds });
    }
}
