//! Where a row runs: on a sandbox of its own, or on a shared target where what it makes is noted
//! and removed.

use std::{sync::Arc, time::Duration};

use aws_credential_types::Credentials;
use gainsay_model::Role;
use gainsay_sandbox::{Sandbox, Snapshot};

use super::shared::{
    Cleaner, Effects, Engine, Journal, LookError, SessionStore, State, is_looked_for,
};
use crate::{
    attempt::{Answer, Call, Request},
    session::{Session, SessionError},
};

/// Where a row runs.
pub(super) enum RowTarget {
    Sandbox(Sandbox),
    Shared { sessions: Arc<SessionStore>, engine: Arc<Engine>, cleaner: Cleaner, journal: Journal },
}

/// A state to go back to.
pub(super) enum Checkpoint {
    Snapshot(Snapshot),
    Journal(usize),
}

impl RowTarget {
    /// Whether a refusal leaves everything as it was, and `restore` leaves no trace of what was
    /// done.
    pub(super) const fn is_exact(&self) -> bool {
        matches!(self, Self::Sandbox(_))
    }

    /// Remembers the state as it is now.
    pub(super) fn checkpoint(&self) -> Checkpoint {
        match self {
            Self::Sandbox(sandbox) => Checkpoint::Snapshot(sandbox.snapshot()),
            Self::Shared { journal, .. } => Checkpoint::Journal(journal.mark()),
        }
    }

    /// Undoes what was done since a checkpoint of this target.
    pub(super) async fn restore(&mut self, checkpoint: &Checkpoint) {
        match (self, checkpoint) {
            (Self::Sandbox(sandbox), Checkpoint::Snapshot(snapshot)) => sandbox.restore(snapshot),
            (Self::Shared { cleaner, journal, .. }, Checkpoint::Journal(mark)) => {
                cleaner.remove(journal.since(*mark)).await;
            }
            // A row has one target, and all its checkpoints are of it.
            (Self::Sandbox(_), Checkpoint::Journal(_))
            | (Self::Shared { .. }, Checkpoint::Snapshot(_)) => {}
        }
    }

    /// Moves the clock, and answers the credentials of whoever opens the sessions; nothing where no
    /// clock can be moved.
    pub(super) fn advance(&self, by: Duration) -> Option<Credentials> {
        match self {
            Self::Sandbox(sandbox) => {
                sandbox.advance(by);
                Some(sandbox.caller_credentials().into())
            }
            Self::Shared { .. } => None,
        }
    }

    /// Notes what a call has made.
    pub(super) fn note(&mut self, request: &Request, call: &Call, answer: &Answer) {
        if let Self::Shared { journal, .. } = self {
            journal.note(request, call, answer);
        }
    }

    /// What is under the key of a change, where a target may say no and make it all the same;
    /// nothing elsewhere.
    pub(super) async fn look(&mut self, call: &Call) -> Option<Result<State, LookError>> {
        match self {
            Self::Shared { cleaner, .. } if is_looked_for(call) => Some(cleaner.look(call).await),
            Self::Shared { .. } | Self::Sandbox(_) => None,
        }
    }

    /// What became of a refused change, from what was under its key before. What it made is noted.
    pub(super) async fn effects(
        &mut self,
        call: &Call,
        before: Option<Result<State, LookError>>,
    ) -> Effects {
        let Some(before) = before else { return Effects::NotLookedFor };
        let Some(after) = self.look(call).await else {
            return Effects::NotLookedFor;
        };
        if let (Self::Shared { journal, .. }, Ok(before), Ok(after)) = (self, &before, &after) {
            journal.found(after.made_since(before, call));
        }
        Effects::between(before, after)
    }

    /// What decided a refusal, where the target does not tell.
    pub(super) async fn explain(&self, call: &Call, answer: &mut Answer) {
        if let (Self::Shared { engine, .. }, Answer::Refused(refused)) = (self, answer) {
            refused.found = engine.decides(call).await;
        }
    }

    /// Another session of a role; nothing on the sandbox, where sessions outlive their rows.
    pub(super) async fn renew(&self, role: &Arc<Role>) -> Option<Result<Session, SessionError>> {
        match self {
            Self::Sandbox(_) => None,
            Self::Shared { sessions, .. } => Some(sessions.session(role).await),
        }
    }

    /// Removes all that was made. Answers what could not be, and how many calls that took.
    pub(super) async fn close(&mut self) -> (Vec<String>, u64) {
        match self {
            Self::Sandbox(_) => (Vec::new(), 0),
            Self::Shared { cleaner, journal, .. } => {
                cleaner.remove(journal.all()).await;
                (std::mem::take(&mut cleaner.left), cleaner.calls)
            }
        }
    }
}
