//! The sessions of a shared target: assumed once, shared by all rows, renewed before they expire.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, SystemTime},
};

use gainsay_model::Role;
use tokio::sync::Mutex;

use super::{Caller, SharedTarget};
use crate::{
    cloud::CredentialChain,
    files::Environment,
    session::{Session, SessionError, Sessions},
};

/// A session with less left than this is renewed before the next call.
const MIN_REMAINING: Duration = Duration::from_mins(1);

/// Assumes roles and remembers their sessions.
#[derive(Debug)]
pub(in crate::runner) struct SessionStore {
    target: Arc<SharedTarget>,
    environment: Arc<Environment>,
    run: String,
    sessions: Mutex<BTreeMap<String, Session>>,
}

impl SessionStore {
    pub(in crate::runner) fn new(
        target: &Arc<SharedTarget>,
        environment: &Arc<Environment>,
        run: &str,
    ) -> Self {
        Self {
            target: target.clone(),
            environment: environment.clone(),
            run: run.to_owned(),
            sessions: Mutex::default(),
        }
    }

    /// The target that the sessions are for.
    pub(in crate::runner) fn target(&self) -> &SharedTarget {
        &self.target
    }

    /// The session of each role, or why it has none.
    pub(in crate::runner) async fn open(&self, roles: &[Arc<Role>]) -> Sessions {
        let mut opened = Sessions::default();
        for role in roles {
            opened.insert(&role.name, self.session(role).await);
        }
        opened
    }

    /// A session of a role that does not end within the next minute, assumed where there is none.
    pub(in crate::runner) async fn session(
        &self,
        role: &Arc<Role>,
    ) -> Result<Session, SessionError> {
        // Held while it is assumed: the other rows wait for this session instead of each assuming
        // its own.
        let mut sessions = self.sessions.lock().await;
        if let Some(session) = sessions.get(&role.name).filter(|session| !is_ending(session)) {
            return Ok(session.clone());
        }
        let Caller { chain, .. } = &self.target.caller;
        // Whoever begins the chain is the one that a profile is for.
        let first = self.environment.chain(role).last();
        let settings = first.and_then(|role| self.environment.session(&role.name));
        let credentials = match settings.and_then(|settings| settings.source_profile.as_ref()) {
            Some(profile) => {
                CredentialChain::find(Some(profile), &self.environment.deployed.region)
                    .await
                    .credentials()
                    .await?
            }
            None => chain.credentials().await?,
        };
        let target = self.target.target.fork();
        let opened = Sessions::open(
            &target,
            &credentials,
            &self.environment,
            std::slice::from_ref(role),
            &self.run,
        )
        .await;
        let session = opened.get(&role.name)?.clone();
        sessions.insert(role.name.clone(), session.clone());
        Ok(session)
    }
}

/// Whether a session ends before a call with it may have.
pub(in crate::runner) fn is_ending(session: &Session) -> bool {
    let ends = session.credentials.expiry();
    ends.is_some_and(|ends| ends < SystemTime::now() + MIN_REMAINING)
}

#[cfg(test)]
mod tests {
    use aws_credential_types::Credentials;

    use super::*;

    #[test]
    fn a_session_is_renewed_a_minute_before_it_ends() {
        let session = |left: u64| Session {
            credentials: Credentials::new(
                "a",
                "s",
                None,
                Some(SystemTime::now() + Duration::from_secs(left)),
                "test",
            ),
            arn: String::new(),
        };
        assert!(is_ending(&session(0)));
        assert!(is_ending(&session(58)));
        assert!(!is_ending(&session(62)));
        assert!(!is_ending(&session(900)));
    }
}
