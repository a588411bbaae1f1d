//! Principals: the session of each role, assumed once and shown to be the right one.

use std::{collections::BTreeMap, sync::Arc, time::SystemTime};

use aws_credential_types::Credentials;
use aws_sdk_sts::types::Tag;

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
    /// Assumes every role given, as the caller, or by way of the roles that are to assume it.
    pub async fn open(target: &Target, caller: &Credentials, environment: &Environment, roles: &[Arc<Role>], run: &str) -> Self {
        let mut sessions = Self::default();
        for role in in_order(environment, roles) {
            let session = match &role.via {
                None => assume(target, caller, &environment.caller.arn, role, run).await,
                Some(via) => match sessions.get(via) {
                    Ok(by) => assume(target, &by.credentials, &by.arn, role, run).await,
                    Err(problem) => Err(problem),
                },
            };
            sessions.0.insert(role.name.clone(), session);
        }
        sessions
    }

    /// How many there are, or were to be.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
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

/// The roles and those they are assumed by way of, each after the one that assumes it. Circles were refused at load.
fn in_order<'a>(environment: &'a Environment, roles: &'a [Arc<Role>]) -> Vec<&'a Arc<Role>> {
    let mut ordered: Vec<&Arc<Role>> = Vec::new();
    for role in roles {
        let next = |role: &&'a Arc<Role>| role.via.as_ref().and_then(|via| environment.role(via));
        let mut way: Vec<&Arc<Role>> = std::iter::successors(Some(role), next).take(environment.roles.len()).collect();
        way.reverse();
        for role in way {
            if !ordered.iter().any(|other| other.name == role.name) {
                ordered.push(role);
            }
        }
    }
    ordered
}

/// Assumes a role with these credentials, which are those of `who`.
async fn assume(target: &Target, credentials: &Credentials, who: &str, role: &Role, run: &str) -> Result<Session, String> {
    let tags = role
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
        .set_external_id(role.external_id.clone())
        .set_tags((!tags.is_empty()).then_some(tags));
    let failed = |answer: &Answer| format!("`{who}` cannot assume `{}`: {}", role.arn, came_back(answer));
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
