//! Makes an environment on an endpoint for one run, and removes it afterwards.
//!
//! Keys, roles and buckets get names and ids of the run's own, so that they meet nothing that is
//! there. What they are then is answered as [`Bindings`], and the environment is resolved again
//! with them, so that every policy names the real ones. What is in another account than that of the
//! caller cannot be made. A setting that the target does not have is noted and left out: the
//! attempts then show what that means.

mod buckets;
mod identities;

use std::sync::{Arc, Mutex, PoisonError};

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::{metadata::ProvideErrorMetadata, operation::BuildError};
use gainsay_model::Service;

use crate::{
    attempt::Answer,
    cloud::{Clients, CredentialChain, CredentialError, Target},
    files::{Bindings, BoundRole, Environment, diag::Diagnostics},
    outcome::{OutcomeKind, came_back, classify},
};

/// Something that was made on the target.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Resource {
    Role(String),
    RolePolicy {
        role: String,
        policy: String,
    },
    Policy(String),
    Key(String),
    /// The policy of a key, which may keep its maker from removing the key.
    KeyPolicy {
        id: String,
        account: String,
    },
    Alias(String),
    Bucket(String),
}

/// Why an environment was not made on a target.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    /// There are no credentials to make it with.
    #[error(transparent)]
    Credentials(#[from] CredentialError),
    /// The environment cannot be resolved with the names and ids that the target gave.
    #[error("{0}")]
    Environment(#[from] Diagnostics),
    /// It was to stop.
    #[error("it was stopped")]
    Stopped,
    /// The target answered otherwise than with a success.
    #[error("{what}: {}", came_back(answer))]
    Answered {
        /// What was to be made: ``bucket `evidence`, versioning``.
        what: String,
        /// What came back.
        answer: Box<Answer>,
    },
    /// The answer to a creation does not name what was created.
    #[error("{what}: the answer names none")]
    Nameless {
        /// What was to be made.
        what: String,
    },
    /// The answer to a creation does not have the ARN of what was created.
    #[error("{what}: the answer has no ARN")]
    NoArn {
        /// What was to be made.
        what: String,
    },
    /// The client cannot express a setting.
    #[error("{what}: {source}")]
    Build {
        /// What was to be made.
        what: String,
        /// What the client says.
        source: BuildError,
    },
}

/// Why something that was made for a run is still there.
#[derive(Debug, thiserror::Error)]
enum RemoveError {
    /// There are no credentials to remove it with.
    #[error(transparent)]
    Credentials(#[from] CredentialError),
    /// The target answered otherwise than with a success.
    #[error("{}", came_back(answer))]
    Answered {
        /// What came back.
        answer: Box<Answer>,
    },
    /// What is in a bucket cannot be listed.
    #[error("{what}: {}", came_back(answer))]
    NotListed {
        /// `uploads` or `versions`.
        what: &'static str,
        /// What came back.
        answer: Box<Answer>,
    },
}

/// What was made on a target for a run.
#[derive(Debug)]
pub struct Provisioned {
    /// Settings that the target does not have, each with what it answered.
    pub refused: Vec<String>,
    /// What is there, the oldest first.
    resources: Mutex<Vec<Resource>>,
    target: Target,
    chain: CredentialChain,
}

/// Makes resources on a target, in the name of a caller.
struct Provisioner<'a> {
    clients: Clients,
    provisioned: &'a mut Provisioned,
    /// Begins every name.
    prefix: String,
}

/// Whether something of an environment can be made: it is in the environment's own account.
fn is_own(account: &str, declared: &Environment) -> bool {
    account == declared.deployed.account
}

/// The names that what is made for a run will have. The ids of keys are not known before they are
/// made, so here they have the environment's.
#[must_use]
pub fn names(declared: &Environment, account: &str, caller: Option<&str>, run: &str) -> Bindings {
    let prefix = prefix(run);
    let roles = declared.deployed.roles.iter().filter(|role| is_own(&role.account, declared));
    let roles = roles.enumerate().map(|(index, role)| {
        let bound = BoundRole {
            arn: format!(
                "arn:aws:iam::{account}:role/{}",
                short(&format!("{prefix}-{index}-{}", role.name), 64)
            ),
            account: account.to_owned(),
            via: declared.via(&role.name).map(|via| via.name.clone()),
            ..BoundRole::default()
        };
        (role.name.clone(), bound)
    });
    let buckets =
        declared.deployed.buckets.iter().filter(|bucket| is_own(&bucket.account, declared));
    let buckets = buckets.enumerate().map(|(index, bucket)| {
        let plain: String =
            bucket.logical.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
        (bucket.logical.clone(), short(&format!("{prefix}-{index}{plain}"), 63))
    });
    let keys = declared.deployed.keys.iter().filter(|key| is_own(&key.account, declared));
    let keys = keys.map(|key| {
        let bound = crate::files::BoundKey {
            arn: key.arn.clone(),
            account: account.to_owned(),
            id: key.id.clone(),
            alias: key
                .alias
                .as_ref()
                .map(|alias| alias.replacen("alias/", &format!("alias/{prefix}-"), 1)),
        };
        (key.name.clone(), bound)
    });
    Bindings {
        account: account.to_owned(),
        region: declared.deployed.region.clone(),
        caller: caller.map(str::to_owned),
        roles: roles.collect(),
        buckets: buckets.collect(),
        keys: keys.collect(),
        ..Bindings::default()
    }
}

/// The last digits of a run id are random.
fn prefix(run: &str) -> String {
    let start = run.len().saturating_sub(12);
    format!("gainsay-{}", run.get(start..).unwrap_or(run))
}

fn short(name: &str, longest: usize) -> String {
    name.chars().take(longest).collect()
}

impl Provisioned {
    /// What there is before anything is made: nothing.
    #[must_use]
    pub fn nothing(target: &Target, chain: &CredentialChain) -> Self {
        Self {
            refused: Vec::new(),
            resources: Mutex::default(),
            target: target.clone(),
            chain: chain.clone(),
        }
    }

    /// Makes an environment. `resolve` resolves it with other bindings. What was made is remembered
    /// also where this fails.
    ///
    /// # Errors
    /// What could not be made, and why.
    pub async fn make(
        &mut self,
        declared: &Environment,
        mut bindings: Bindings,
        run: &str,
        resolve: impl Fn(&Bindings) -> Result<Arc<Environment>, Diagnostics>,
        is_stopped: impl Fn() -> bool,
    ) -> Result<Bindings, ProvisionError> {
        let credentials = self.chain.credentials().await?;
        let mut maker = Provisioner::new(self, &credentials, run);
        let stopped = || if is_stopped() { Err(ProvisionError::Stopped) } else { Ok(()) };
        // Keys first: only they have ids that nobody can choose, and a role's tags and boundary can
        // name them as any policy can.
        for key in declared.deployed.keys.iter().filter(|key| is_own(&key.account, declared)) {
            stopped()?;
            if let Some(bound) = bindings.keys.get_mut(&key.name) {
                maker.key(key, bound).await?;
            }
        }
        let environment = resolve(&bindings)?;
        for role in
            environment.deployed.roles.iter().filter(|role| bindings.roles.contains_key(&role.name))
        {
            stopped()?;
            maker.role(role).await?;
        }
        for role in
            environment.deployed.roles.iter().filter(|role| bindings.roles.contains_key(&role.name))
        {
            stopped()?;
            maker.role_policies(role).await?;
        }
        for key in
            environment.deployed.keys.iter().filter(|key| bindings.keys.contains_key(&key.name))
        {
            stopped()?;
            maker.key_policy(key).await?;
        }
        for bucket in environment
            .deployed
            .buckets
            .iter()
            .filter(|bucket| bindings.buckets.contains_key(&bucket.logical))
        {
            stopped()?;
            maker.bucket(bucket, &environment.deployed.region).await?;
        }
        for bucket in environment
            .deployed
            .buckets
            .iter()
            .filter(|bucket| bindings.buckets.contains_key(&bucket.logical))
        {
            stopped()?;
            maker.bucket_documents(bucket).await?;
        }
        Ok(bindings)
    }

    /// Removes all that was made, the newest first. Answers what could not be removed, each with
    /// the reason.
    pub async fn remove(&self) -> Vec<String> {
        let resources =
            std::mem::take(&mut *self.resources.lock().unwrap_or_else(PoisonError::into_inner));
        if resources.is_empty() {
            return Vec::new();
        }
        let left =
            |resource: &Resource, error: &RemoveError| format!("{}: {error}", resource.shown());
        let credentials = match self.chain.credentials().await {
            Ok(credentials) => credentials,
            Err(error) => {
                let error = error.into();
                return resources.iter().map(|resource| left(resource, &error)).collect();
            }
        };
        let clients = self.target.fork().clients(Some(&credentials), false);
        let mut all_left = Vec::new();
        for resource in resources.into_iter().rev() {
            let removed = match &resource {
                Resource::Bucket(bucket) => buckets::remove(&clients.s3, bucket).await,
                Resource::Role(_)
                | Resource::RolePolicy { .. }
                | Resource::Policy(_)
                | Resource::Key(_)
                | Resource::KeyPolicy { .. }
                | Resource::Alias(_) => identities::remove(&clients, &resource).await,
            };
            all_left.extend(removed.err().map(|error| left(&resource, &error)));
        }
        all_left
    }
}

impl<'a> Provisioner<'a> {
    fn new(provisioned: &'a mut Provisioned, credentials: &Credentials, run: &str) -> Self {
        Self {
            clients: provisioned.target.fork().clients(Some(credentials), false),
            prefix: prefix(run),
            provisioned,
        }
    }

    /// Notes what was made, to be removed after the run.
    fn note(&mut self, resource: Resource) {
        let resources = &self.provisioned.resources;
        resources.lock().unwrap_or_else(PoisonError::into_inner).push(resource);
    }

    /// A setting that the target does not have is left out; anything else that goes wrong ends the
    /// making.
    fn setting<T, E>(
        &mut self,
        what: &str,
        answer: Result<T, SdkError<E, HttpResponse>>,
    ) -> Result<(), ProvisionError>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        match answer {
            Ok(_) => Ok(()),
            Err(error) => self.refused(what, Answer::from_error(&error)),
        }
    }

    fn refused(&mut self, what: &str, answer: Answer) -> Result<(), ProvisionError> {
        let is_missing = classify(Service::S3, &answer).kind() == OutcomeKind::NotImplemented;
        let error = ProvisionError::Answered { what: what.to_owned(), answer: Box::new(answer) };
        if is_missing {
            self.provisioned.refused.push(error.to_string());
            return Ok(());
        }
        Err(error)
    }
}

impl Resource {
    fn shown(&self) -> String {
        match self {
            Self::Role(name) => format!("role {name}"),
            Self::RolePolicy { role, policy } => format!("policy {policy} of role {role}"),
            Self::Policy(arn) => format!("policy {arn}"),
            Self::Key(id) => format!("KMS key {id}"),
            Self::KeyPolicy { id, .. } => format!("policy of KMS key {id}"),
            Self::Alias(name) => format!("KMS {name}"),
            Self::Bucket(name) => format!("bucket {name}"),
        }
    }
}

/// The error of a call that was to make something.
fn failed<E>(what: &str) -> impl Fn(SdkError<E, HttpResponse>) -> ProvisionError + '_
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    move |error| ProvisionError::Answered {
        what: what.to_owned(),
        answer: Box::new(Answer::from_error(&error)),
    }
}

/// A call of a client that removes something. What is not there any more need not be removed.
fn gone<T, E>(answer: Result<T, SdkError<E, HttpResponse>>) -> Result<(), RemoveError>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    unless_absent(answered(answer).map(drop))
}

/// Whether something was removed, or was not there any more.
fn unless_absent(answer: Result<(), Answer>) -> Result<(), RemoveError> {
    match answer {
        Err(answer) if answer.status() != Some(404) => {
            Err(RemoveError::Answered { answer: Box::new(answer) })
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// A call of a client, with its error as what came back.
fn answered<T, E>(answer: Result<T, SdkError<E, HttpResponse>>) -> Result<T, Answer>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    answer.map_err(|error| Answer::from_error(&error))
}
