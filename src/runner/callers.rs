//! The callers of a row: the sessions of its roles, and clients for each of them.

use std::{collections::BTreeMap, sync::Arc};

use gainsay_iam::Network;

use super::{row_target::RowTarget, shared::is_ending};
use crate::{
    attempt::{Call, Principal},
    cloud::{Clients, Target},
    session::Sessions,
    verdict::{Judgement, Reason},
};

/// The sessions of a row's roles on its target, and the clients made so far.
pub(super) struct Callers {
    pub target: Target,
    sessions: Sessions,
    /// The sessions from before the clock was moved.
    old: Sessions,
    /// By principal, whether over plain HTTP, whether with the old session, and the network.
    clients: BTreeMap<(String, bool, bool, Network), Arc<Clients>>,
}

impl Callers {
    pub(super) fn new(target: Target, sessions: Sessions) -> Self {
        Self { target, sessions, old: Sessions::default(), clients: BTreeMap::new() }
    }

    /// The clients of a call's principal. An error is a judgement: the call cannot be made.
    pub(super) async fn clients(
        &mut self,
        call: &Call,
        row_target: &RowTarget,
    ) -> Result<Arc<Clients>, Judgement> {
        if let Principal::Role(role) = &call.principal
            && self.sessions.get(&role.name).is_ok_and(is_ending)
            && let Some(session) = row_target.renew(role).await
        {
            self.sessions.insert(&role.name, session);
            self.clients.retain(|(name, ..), _| *name != role.name);
        }
        let (name, network) = (call.principal.name().to_owned(), call.network.clone());
        let key = (name, call.plain, call.old_session, network);
        if let Some(clients) = self.clients.get(&key) {
            return Ok(clients.clone());
        }
        let credentials = match &call.principal {
            Principal::Anonymous => None,
            Principal::Role(role) => {
                let sessions = if call.old_session { &self.old } else { &self.sessions };
                let session = sessions.get(&role.name).map_err(|error| {
                    Judgement::inconclusive(Reason::NoSession, error.to_string())
                })?;
                Some(&session.credentials)
            }
        };
        let clients = Arc::new(self.target.from(&call.network).clients(credentials, call.plain));
        self.clients.insert(key, clients.clone());
        Ok(clients)
    }

    /// Replaces all sessions by new ones, and keeps the ones there were as the old sessions.
    pub(super) fn replace_sessions(&mut self, opened: Sessions) {
        self.old = std::mem::replace(&mut self.sessions, opened);
        self.clients.clear();
    }

    /// The ARN of a principal's session; nothing for an anonymous caller.
    pub(super) fn session_arn(&self, principal: &Principal) -> Option<String> {
        match principal {
            Principal::Role(role) => {
                let session = self.sessions.get(&role.name).ok();
                session.map(|session| session.arn.clone())
            }
            Principal::Anonymous => None,
        }
    }
}
