//! Principals: the session of each role, assumed once and shown to be the right one.

use std::{collections::BTreeMap, sync::Arc, time::SystemTime};

use aws_credential_types::Credentials;

use crate::{
    attempt::Answer,
    cloud::Target,
    environment::{Environment, Role},
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

/// The sessions of a run, by the roles' names: each, or why there is none.
#[derive(Clone, Debug, Default)]
pub struct Sessions(BTreeMap<String, Result<Session, String>>);

impl Sessions {
    /// Assumes every role given, as the caller.
    pub async fn open(target: &Target, caller: &Credentials, environment: &Environment, roles: &[Arc<Role>], run: &str) -> Self {
        let clients = target.clients(Some(caller), false);
        let mut sessions = BTreeMap::new();
        for role in roles {
            let session = assume(target, &clients.sts, role, environment, run).await;
            sessions.insert(role.name.clone(), session);
        }
        Self(sessions)
    }

    /// Keeps a role's session, or why there is none.
    pub fn put(&mut self, role: &str, session: Result<Session, String>) {
        self.0.insert(role.to_owned(), session);
    }

    /// The session of a role.
    ///
    /// # Errors
    /// Why there is none.
    pub fn get(&self, role: &str) -> Result<&Session, String> {
        match self.0.get(role) {
            Some(Ok(session)) => Ok(session),
            Some(Err(problem)) => Err(problem.clone()),
            None => Err(format!("the role `{role}` was not assumed")),
        }
    }
}

async fn assume(target: &Target, sts: &aws_sdk_sts::Client, role: &Role, environment: &Environment, run: &str) -> Result<Session, String> {
    let request = sts
        .assume_role()
        .role_arn(&role.arn)
        .role_session_name(format!("gainsay-{run}"))
        .duration_seconds(SECONDS)
        .set_external_id(role.external_id.clone());
    let failed = |answer: &Answer| format!("`{}` cannot assume `{}`: {}", environment.caller.arn, role.arn, came_back(answer));
    let answer = request.send().await.map_err(|error| failed(&Answer::from_error(&error)))?;
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
    let identity = target.clients(Some(&credentials), false).sts.get_caller_identity().send().await;
    let identity = identity.map_err(|error| {
        format!(
            "the session of `{}` is not accepted: {}",
            role.arn,
            came_back(&Answer::from_error(&error))
        )
    })?;
    let arn = identity.arn().unwrap_or_default();
    if is_session_of(arn, role) {
        Ok(Session {
            credentials,
            arn: arn.to_owned(),
        })
    } else {
        Err(format!("the session assumed for `{}` is `{arn}`", role.arn))
    }
}

/// `arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION` of this very role.
fn is_session_of(arn: &str, role: &Role) -> bool {
    let name = role.arn.rsplit('/').next().unwrap_or_default();
    arn.strip_prefix(&format!("arn:aws:sts::{}:assumed-role/{name}/", role.account))
        .is_some_and(|session| !session.contains('/'))
}
