//! Principals: the session of each role, assumed once and shown to be the right one.

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
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use futures::future::join_all;
use gainsay_model::{Role, Service};

use crate::{
    attempt::Answer,
    cloud::Target,
    environment::{Environment, SessionSettings},
    outcome::classify,
    tries::Tries,
    verdict::came_back,
};

/// A session is as short as STS allows.
const SECONDS: i32 = 900;

/// A session of a role.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its credentials.
    pub credentials: Credentials,
    /// Its ARN, as `GetCallerIdentity` tells it.
    pub arn: String,
}

/// The sessions of a run, by the roles' names: each, or why there is none. Cloning shares them.
#[derive(Clone, Debug, Default)]
pub struct Sessions {
    by_role: Arc<BTreeMap<String, Result<Session, String>>>,
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
        for wave in waves(environment, roles) {
            let names: Vec<String> = wave.iter().map(|role| role.name.clone()).collect();
            let opening = wave.into_iter().map(|role| {
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
                    let (credentials, who) = by?;
                    assume(&target, &credentials, &who, &role, &settings, &run, &calls).await
                });
                async { opening.await.unwrap_or_else(|error| Err(error.to_string())) }
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
    pub fn put(&mut self, role: &str, session: Result<Session, String>) {
        Arc::make_mut(&mut self.by_role).insert(role.to_owned(), session);
    }

    /// The session of a role.
    ///
    /// # Errors
    /// Why there is none.
    pub fn get(&self, role: &str) -> Result<&Session, String> {
        match self.by_role.get(role) {
            Some(Ok(session)) => Ok(session),
            Some(Err(problem)) => Err(problem.clone()),
            None => Err(format!("the role `{role}` was not assumed")),
        }
    }
}

/// The roles and those they are assumed by way of, each in a later wave than the one that assumes
/// it. Circles were refused at load.
fn waves<'a>(environment: &'a Environment, roles: &'a [Arc<Role>]) -> Vec<Vec<&'a Arc<Role>>> {
    let mut waves: Vec<Vec<&Arc<Role>>> = Vec::new();
    for role in roles {
        let mut way: Vec<&Arc<Role>> = environment.chain(role).collect();
        way.reverse();
        for (depth, role) in way.into_iter().enumerate() {
            if waves.len() == depth {
                waves.push(Vec::new());
            }
            match waves.get_mut(depth) {
                Some(wave) if !wave.iter().any(|other| other.name == role.name) => wave.push(role),
                _ => {}
            }
        }
    }
    waves
}

/// Assumes a role with these credentials, which are those of `who`.
async fn assume(
    target: &Target,
    credentials: &Credentials,
    who: &str,
    role: &Role,
    settings: &SessionSettings,
    run: &str,
    calls: &AtomicU64,
) -> Result<Session, String> {
    let tags = settings
        .session_tags
        .iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build());
    let tags = tags.collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())?;
    let sts = target.clients(Some(credentials), false).sts;
    let request = sts
        .assume_role()
        .role_arn(&role.arn)
        .role_session_name(format!("gainsay-{run}"))
        .duration_seconds(SECONDS)
        .set_external_id(settings.external_id.clone())
        .set_tags((!tags.is_empty()).then_some(tags));
    let failed =
        |answer: &Answer| format!("`{who}` cannot assume `{}`: {}", role.arn, came_back(answer));
    let answer = ask(calls, || request.clone().send()).await.map_err(|answer| failed(&answer))?;
    let issued = answer
        .credentials()
        .ok_or_else(|| format!("STS gave no credentials for `{}`", role.arn))?;
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
    let identity = identity.map_err(|answer| {
        format!("the session of `{}` is not accepted: {}", role.arn, came_back(&answer))
    })?;
    let arn = identity.arn().unwrap_or_default();
    if is_session_of(arn, role) {
        Ok(Session { credentials, arn: arn.to_owned() })
    } else {
        Err(format!("the session assumed for `{}` is `{arn}`", role.arn))
    }
}

/// Asks STS, again where the rule of [`Tries`] says so.
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

/// `arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION` of this very role.
pub(crate) fn is_session_of(arn: &str, role: &Role) -> bool {
    let name = role.arn.rsplit('/').next().unwrap_or_default();
    arn.strip_prefix(&format!("arn:aws:sts::{}:assumed-role/{name}/", role.account))
        .is_some_and(|session| !session.contains('/'))
}
