//! Who a row's calls are made by: the sessions of its roles, and clients for each of them.

use std::{collections::BTreeMap, sync::Arc};

use gainsay_iam::Network;

use super::{shared::is_ending, stand::Stand};
use crate::{
    attempt::Call,
    cloud::{Clients, Target},
    principal::Sessions,
    scenario::Principal,
    verdict::{Judgement, Reason},
};

/// The sessions of a row's roles on its target, and the clients made so far.
pub(super) struct Callers {
    pub target: Target,
    sessions: Sessions,
    /// Those from before the clock was moved.
    old: Sessions,
    /// By principal, whether in the clear, whether with the old session, and the network.
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
        stand: &Stand,
    ) -> Result<Arc<Clients>, Judgement> {
        if let Principal::Role(role) = &call.principal
            && self.sessions.get(&role.name).is_ok_and(is_ending)
            && let Some(session) = stand.renew(role).await
        {
            self.sessions.put(&role.name, session);
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
                let session = sessions
                    .get(&role.name)
                    .map_err(|problem| Judgement::inconclusive(Reason::NoSession, problem))?;
                Some(&session.credentials)
            }
        };
        let clients = Arc::new(self.target.from(&call.network).clients(credentials, call.plain));
        self.clients.insert(key, clients.clone());
        Ok(clients)
    }

    /// Takes new sessions for everyone; those there were are the old ones now.
    pub(super) fn reopen(&mut self, opened: Sessions) {
        self.old = std::mem::replace(&mut self.sessions, opened);
        self.clients.clear();
    }

    /// The ARN of a principal's session; nothing of nobody's.
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
