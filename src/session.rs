//! Sessions of roles: each is assumed once and shown to be the right one.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::SystemTime,
};

use aws_credential_types::Credentials;
use aws_sdk_sts::types::Tag;
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::{metadata::ProvideErrorMetadata, operation::BuildError};
use futures::future::join_all;
use gainsay_model::{Role, Service};
use gainsay_sandbox::Sandbox;
use tokio::task::JoinError;

use crate::{
    attempt::Answer,
    cloud::{CredentialError, Target},
    files::{Environment, SessionSettings},
    outcome::{came_back, classify},
    tries::Tries,
};

/// How long a session lasts, in seconds: as short as STS allows.
const SESSION_SECONDS: i32 = 900;

/// A session of a role.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its credentials.
    pub credentials: Credentials,
    /// Its ARN, as `GetCallerIdentity` tells it.
    pub arn: String,
}

impl Session {
    /// A session that a sandbox issues without asking the trust policy of the role.
    #[must_use]
    pub fn issued(
        sandbox: &Sandbox,
        environment: &Environment,
        role: &Arc<Role>,
        run: &str,
    ) -> Self {
        let tags = environment.session(&role.name).map_or(&[][..], |session| &session.session_tags);
        let name = session_name(run);
        Self {
            credentials: sandbox.session_of(role, &name, tags).into(),
            arn: format!("arn:aws:sts::{}:assumed-role/{}/{name}", role.account, role.name),
        }
    }
}

/// What the sessions of a run are called.
fn session_name(run: &str) -> String {
    format!("gainsay-{run}")
}

/// Why a role has no session.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SessionError {
    /// Nobody asked for one.
    #[error("the role `{role}` was not assumed")]
    NotAssumed {
        /// The role's name.
        role: String,
    },
    /// There are no credentials to assume it with.
    #[error(transparent)]
    Credentials(#[from] CredentialError),
    /// A session tag cannot be sent.
    #[error("{source}")]
    Tag {
        /// What the client says.
        source: Arc<BuildError>,
    },
    /// STS refused.
    #[error("`{caller}` cannot assume `{role}`: {}", came_back(answer))]
    Refused {
        /// The ARN of whoever asked.
        caller: String,
        /// The role's ARN.
        role: String,
        /// What came back.
        answer: Box<Answer>,
    },
    /// The answer of STS has no credentials.
    #[error("STS gave no credentials for `{role}`")]
    NoCredentials {
        /// The role's ARN.
        role: String,
    },
    /// STS does not accept the credentials that it gave.
    #[error("the session of `{role}` is not accepted: {}", came_back(answer))]
    NotAccepted {
        /// The role's ARN.
        role: String,
        /// What came back.
        answer: Box<Answer>,
    },
    /// The session is of another role.
    #[error("the session assumed for `{role}` is `{session}`")]
    OtherRole {
        /// The role's ARN.
        role: String,
        /// The ARN of the session.
        session: String,
    },
    /// The task that asked broke off.
    #[error("{source}")]
    BrokeOff {
        /// How it ended.
        source: Arc<JoinError>,
    },
}

/// The sessions of a run, by the roles' names: each, or why there is none. Cloning shares them.
#[derive(Clone, Debug, Default)]
pub struct Sessions {
    by_role: Arc<BTreeMap<String, Result<Session, SessionError>>>,
    calls: u64,
}

impl Sessions {
    /// Assumes every role given, as the caller, or by way of the roles that are to assume it. What
    /// waits for nothing is asked for at once: no row begins before the last is there.
    pub async fn open(
        target: &Target,
        caller: &Credentials,
        environment: &Environment,
        roles: &[Arc<Role>],
        run: &str,
    ) -> Self {
        let calls = Arc::new(AtomicU64::new(0));
        let mut sessions = Self::default();
        for round in rounds(environment, roles) {
            let names: Vec<String> = round.iter().map(|role| role.name.clone()).collect();
            let opening = round.into_iter().map(|role| {
                let by = match environment.via(&role.name) {
                    None => Ok((caller.clone(), environment.deployed.caller.arn.clone())),
                    Some(via) => {
                        sessions.get(&via.name).map(|by| (by.credentials.clone(), by.arn.clone()))
                    }
                };
                let settings = environment.session(&role.name).cloned().unwrap_or_default();
                let (target, role, run, calls) =
                    (target.clone(), role.clone(), run.to_owned(), calls.clone());
                // On every core: a sandbox answers as fast as it is asked.
                let opening = tokio::spawn(async move {
                    let (credentials, caller) = by?;
                    assume(&target, &credentials, &caller, &role, &settings, &run, &calls).await
                });
                async {
                    let broke_off = |error| SessionError::BrokeOff { source: Arc::new(error) };
                    opening.await.map_err(broke_off)?
                }
            });
            let opened = join_all(opening.collect::<Vec<_>>()).await;
            let names = names.into_iter().zip(opened);
            Arc::make_mut(&mut sessions.by_role).extend(names);
        }
        sessions.calls = calls.load(Ordering::Relaxed);
        sessions
    }

    /// How many calls it took to open them.
    #[must_use]
    pub const fn calls(&self) -> u64 {
        self.calls
    }

    /// Keeps a role's session, or why there is none.
    pub fn insert(&mut self, role: &str, session: Result<Session, SessionError>) {
        Arc::make_mut(&mut self.by_role).insert(role.to_owned(), session);
    }

    /// The session of a role.
    ///
    /// # Errors
    /// Why there is none.
    pub fn get(&self, role: &str) -> Result<&Session, SessionError> {
        match self.by_role.get(role) {
            Some(Ok(session)) => Ok(session),
            Some(Err(error)) => Err(error.clone()),
            None => Err(SessionError::NotAssumed { role: role.to_owned() }),
        }
    }
}

/// The roles and those they are assumed by way of, in rounds: each in a later round than the role
/// that assumes it. Circles were refused at load.
fn rounds<'a>(environment: &'a Environment, roles: &'a [Arc<Role>]) -> Vec<Vec<&'a Arc<Role>>> {
    let mut rounds: Vec<Vec<&Arc<Role>>> = Vec::new();
    for role in roles {
        let mut chain: Vec<&Arc<Role>> = environment.chain(role).collect();
        chain.reverse();
        for (depth, role) in chain.into_iter().enumerate() {
            if rounds.len() == depth {
                rounds.push(Vec::new());
            }
            if let Some(round) = rounds.get_mut(depth)
                && !round.iter().any(|other| other.name == role.name)
            {
                round.push(role);
            }
        }
    }
    rounds
}

/// Assumes a role with these credentials, which are those of `caller`, an ARN.
async fn assume(
    target: &Target,
    credentials: &Credentials,
    caller: &str,
    role: &Role,
    settings: &SessionSettings,
    run: &str,
    calls: &AtomicU64,
) -> Result<Session, SessionError> {
    let tags = settings
        .session_tags
        .iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build());
    let tags = tags
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| SessionError::Tag { source: Arc::new(error) })?;
    let sts = target.clients(Some(credentials), false).sts;
    let request = sts
        .assume_role()
        .role_arn(&role.arn)
        .role_session_name(session_name(run))
        .duration_seconds(SESSION_SECONDS)
        .set_external_id(settings.external_id.clone())
        .set_tags((!tags.is_empty()).then_some(tags));
    let answer = ask(calls, || request.clone().send()).await;
    let answer = answer.map_err(|answer| SessionError::Refused {
        caller: caller.to_owned(),
        role: role.arn.clone(),
        answer: Box::new(answer),
    })?;
    let issued = answer
        .credentials()
        .ok_or_else(|| SessionError::NoCredentials { role: role.arn.clone() })?;
    let credentials = Credentials::new(
        issued.access_key_id(),
        issued.secret_access_key(),
        Some(issued.session_token().to_owned()),
        SystemTime::try_from(*issued.expiration()).ok(),
        "sts:AssumeRole",
    );
    // Credentials that work for someone else would make every refusal look right.
    let identity = target.clients(Some(&credentials), false).sts.get_caller_identity();
    let identity = ask(calls, || identity.clone().send()).await;
    let identity = identity.map_err(|answer| SessionError::NotAccepted {
        role: role.arn.clone(),
        answer: Box::new(answer),
    })?;
    let arn = identity.arn().unwrap_or_default();
    if is_session_of(arn, role) {
        Ok(Session { credentials, arn: arn.to_owned() })
    } else {
        Err(SessionError::OtherRole { role: role.arn.clone(), session: arn.to_owned() })
    }
}

/// Calls STS, again where [`Tries`] says so.
async fn ask<T, E, F>(calls: &AtomicU64, send: impl Fn() -> F) -> Result<T, Answer>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
{
    let mut tries = Tries::default();
    loop {
        calls.fetch_add(1, Ordering::Relaxed);
        let answer = match send().await {
            Ok(answer) => return Ok(answer),
            Err(error) => Answer::from_error(&error),
        };
        match tries.next(&answer, &classify(Service::Sts, &answer)) {
            Some(pause) => tokio::time::sleep(pause).await,
            None => return Err(answer),
        }
    }
}

/// Whether an ARN is `arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION` of this very role.
pub(crate) fn is_session_of(arn: &str, role: &Role) -> bool {
    let name = role.arn.rsplit('/').next().unwrap_or_default();
    arn.strip_prefix(&format!("arn:aws:sts::{}:assumed-role/{name}/", role.account))
        .is_some_and(|session| !session.contains('/'))
}
