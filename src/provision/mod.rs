//! Makes an environment on an endpoint for one run, and removes it afterwards.
//!
//! Keys, roles and buckets get names and ids of the run's own, so that they meet nothing that is
//! there; what they are then is told as
//! [`Bindings`], and the environment is resolved again with them, so that every policy names the real ones. What is in another account than the
//! caller's cannot be made. A setting that the target does not have is noted and left out: the
//! attempts then show what that means.

mod buckets;
mod identities;

use std::sync::{Arc, Mutex, PoisonError};

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use gainsay_model::Service;

use crate::{
    attempt::Answer,
    cloud::{Chain, Clients, Target},
    environment::{Bindings, BoundRole, Environment},
    outcome::{OutcomeKind, classify},
    verdict::came_back,
};

/// Something that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Made {
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

/// Why something could not be made or removed.
#[derive(Debug, thiserror::Error)]
enum ProvisionError {
    /// The target answered otherwise than with a success.
    #[error("{what}: {}", came_back(answer))]
    Answered {
        /// What was to be made or removed.
        what: String,
        /// What came back.
        answer: Answer,
    },
    /// The answer to a creation does not name what was created.
    #[error("{what}: the answer names none")]
    Nameless {
        /// What was to be made.
        what: String,
    },
}

impl From<ProvisionError> for String {
    fn from(error: ProvisionError) -> Self {
        error.to_string()
    }
}

/// What was made for a run.
#[derive(Debug)]
pub struct Provisioned {
    /// Settings that the target does not have, each with what it answered.
    pub refused: Vec<String>,
    made: Mutex<Vec<Made>>,
    target: Target,
    chain: Chain,
}

/// Who makes it, and where.
struct Maker<'a> {
    clients: Clients,
    provisioned: &'a mut Provisioned,
    /// Begins every name.
    prefix: String,
}

/// Whether something of an environment can be made: it is in the environment's own account.
fn is_own(account: &str, declared: &Environment) -> bool {
    account == declared.deployed.account
}

/// The names that a run's things will have. Keys have none before they are made, so here they have
/// the environment's.
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
        let bound = crate::environment::BoundKey {
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
    /// Nothing yet.
    #[must_use]
    pub fn nothing(target: &Target, chain: &Chain) -> Self {
        Self {
            refused: Vec::new(),
            made: Mutex::default(),
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
        resolve: impl Fn(&Bindings) -> Result<Arc<Environment>, String>,
        is_stopped: impl Fn() -> bool,
    ) -> Result<Bindings, String> {
        let credentials = self.chain.credentials().await?;
        let mut maker = Maker::new(self, &credentials, run);
        let stopped = || if is_stopped() { Err("it was stopped".to_owned()) } else { Ok(()) };
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

    /// Removes all that was made, the newest first. Answers what could not be removed.
    pub async fn remove(&self) -> Vec<String> {
        let made = std::mem::take(&mut *self.made.lock().unwrap_or_else(PoisonError::into_inner));
        if made.is_empty() {
            return Vec::new();
        }
        let credentials = match self.chain.credentials().await {
            Ok(credentials) => credentials,
            Err(problem) => {
                return made.iter().map(|made| format!("{}: {problem}", made.shown())).collect();
            }
        };
        let clients = self.target.fork().clients(Some(&credentials), false);
        let mut left = Vec::new();
        for made in made.into_iter().rev() {
            let removed = match &made {
                Made::Bucket(bucket) => {
                    let removed = buckets::remove(&clients.s3, bucket).await;
                    removed.map_err(|problem| format!("{}: {problem}", made.shown()))
                }
                other => identities::remove(&clients, other).await.map_err(String::from),
            };
            left.extend(removed.err());
        }
        left
    }
}

impl<'a> Maker<'a> {
    fn new(provisioned: &'a mut Provisioned, credentials: &Credentials, run: &str) -> Self {
        Self {
            clients: provisioned.target.fork().clients(Some(credentials), false),
            prefix: prefix(run),
            provisioned,
        }
    }

    fn made(&mut self, made: Made) {
        self.provisioned.made.lock().unwrap_or_else(PoisonError::into_inner).push(made);
    }

    /// A setting that the target does not have is left out; anything else that goes wrong ends the
    /// making.
    fn setting<T, E>(
        &mut self,
        what: &str,
        answer: Result<T, SdkError<E, HttpResponse>>,
    ) -> Result<(), String>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        match answer {
            Ok(_) => Ok(()),
            Err(error) => self.refused(what, &Answer::from_error(&error)),
        }
    }

    fn refused(&mut self, what: &str, answer: &Answer) -> Result<(), String> {
        if classify(Service::S3, answer).kind() == OutcomeKind::NotImplemented {
            self.provisioned.refused.push(format!("{what}: {}", came_back(answer)));
            return Ok(());
        }
        Err(format!("{what}: {}", came_back(answer)))
    }
}

impl Made {
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

/// What went wrong with something, in a sentence.
fn failed<E>(what: &str) -> impl Fn(SdkError<E, HttpResponse>) -> String + '_
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    move |error| format!("{what}: {}", came_back(&Answer::from_error(&error)))
}

/// What is not there any more need not be removed.
fn gone<T, E>(answer: Result<T, SdkError<E, HttpResponse>>) -> Result<(), String>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match answered(answer) {
        Err(answer) if answer.status() != Some(404) => Err(came_back(&answer)),
        _ => Ok(()),
    }
}

/// A call of a client, with its error as what came back.
fn answered<T, E>(answer: Result<T, SdkError<E, HttpResponse>>) -> Result<T, Answer>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    answer.map_err(|error| Answer::from_error(&error))
}
