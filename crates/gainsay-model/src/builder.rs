//! Environments made by a program: [`Environment::builder`] and what it is given.

mod bucket;
mod error;
mod key;
mod role;
#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, sync::Arc};

use gainsay_iam::{Organizations, Policy, PolicyKind};
use serde_json::{Value, json};

pub use self::{
    bucket::{BucketBuilder, BucketEncryption},
    error::{BuildError, ResourceKind},
    key::KeyBuilder,
    role::RoleBuilder,
};
use crate::{
    Caller, Document, Environment, Key, Monitoring, PublicAccessBlock, Source, Trail,
    aws_managed_key,
};

/// A policy as a program writes it: JSON text, or a [`serde_json::Value`].
///
/// It is compiled by [`EnvironmentBuilder::build`], which says what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyText(String);

impl From<&str> for PolicyText {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for PolicyText {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<Value> for PolicyText {
    fn from(value: Value) -> Self {
        Self(value.to_string())
    }
}

impl PolicyText {
    /// The compiled policy. `owner` says whose it is, and `source` is its name in messages, which
    /// has to be another one for every policy of an environment.
    fn compile(
        &self,
        kind: PolicyKind,
        owner: &str,
        source: impl Into<String>,
    ) -> Result<Document, BuildError> {
        let policy = Policy::from_text(kind, &self.0).map_err(|error| BuildError::Policy {
            owner: owner.to_owned(),
            kind,
            error,
        })?;
        Ok(Document::new(Source::new(source, self.0.as_str()), policy, self.0.clone()))
    }

    /// The compiled identity policies of a user or role, each under its number.
    fn compile_all(texts: &[Self], owner: &str) -> Result<Vec<Document>, BuildError> {
        let kind = PolicyKind::Identity;
        let numbered = (1..).zip(texts);
        numbered
            .map(|(number, text)| text.compile(kind, owner, format!("{kind} {number} of {owner}")))
            .collect()
    }
}

/// Collects what is deployed in an account; [`Environment::builder`] begins one.
///
/// Nothing is checked before [`EnvironmentBuilder::build`].
#[derive(Clone, Debug)]
pub struct EnvironmentBuilder {
    account: String,
    region: String,
    block_public_access: Option<PublicAccessBlock>,
    accounts: Vec<(String, String)>,
    organizations: Organizations,
    caller: Option<(String, Vec<PolicyText>)>,
    roles: Vec<RoleBuilder>,
    buckets: Vec<BucketBuilder>,
    keys: Vec<KeyBuilder>,
    trails: Vec<Trail>,
    monitoring: Monitoring,
}

impl Environment {
    /// Begins an environment in an account (12 digits) and a Region (such as `eu-west-1`).
    ///
    /// ```
    /// use gainsay_model::{BucketBuilder, BucketEncryption, Environment, KeyBuilder, RoleBuilder};
    /// use serde_json::json;
    ///
    /// let environment = Environment::builder("111122223333", "eu-west-1")
    ///     .role(RoleBuilder::new("app").policy(json!({
    ///         "Version": "2012-10-17",
    ///         "Statement": [{
    ///             "Effect": "Allow",
    ///             "Action": "s3:GetObject",
    ///             "Resource": "arn:aws:s3:::reports/*"
    ///         }]
    ///     })))
    ///     .key(KeyBuilder::new("data").alias("alias/data"))
    ///     .bucket(BucketBuilder::new("reports").encryption(BucketEncryption::kms("data")))
    ///     .build()?;
    /// assert_eq!(environment.roles[0].arn, "arn:aws:iam::111122223333:role/app");
    /// # Ok::<(), gainsay_model::BuildError>(())
    /// ```
    #[must_use]
    pub fn builder(account: impl Into<String>, region: impl Into<String>) -> EnvironmentBuilder {
        EnvironmentBuilder {
            account: account.into(),
            region: region.into(),
            block_public_access: None,
            accounts: Vec::new(),
            organizations: Organizations::default(),
            caller: None,
            roles: Vec::new(),
            buckets: Vec::new(),
            keys: Vec::new(),
            trails: Vec::new(),
            monitoring: Monitoring::default(),
        }
    }

    /// An account in which nothing is deployed, with a caller that has no permissions. Account and
    /// Region are not checked.
    #[must_use]
    pub fn empty(account: &str, region: &str) -> Self {
        Self {
            account: account.to_owned(),
            region: region.to_owned(),
            block_public_access: None,
            accounts: Vec::new(),
            organizations: Arc::default(),
            caller: Caller {
                arn: format!("arn:aws:iam::{account}:user/nobody"),
                policies: Vec::new(),
            },
            roles: Vec::new(),
            buckets: Vec::new(),
            keys: Vec::new(),
            managed_key: aws_managed_key(account, region).map(Arc::new),
            trails: Vec::new(),
            monitoring: Arc::default(),
        }
    }
}

impl EnvironmentBuilder {
    /// Adds a role.
    #[must_use]
    pub fn role(mut self, role: RoleBuilder) -> Self {
        self.roles.push(role);
        self
    }

    /// Adds a bucket.
    #[must_use]
    pub fn bucket(mut self, bucket: BucketBuilder) -> Self {
        self.buckets.push(bucket);
        self
    }

    /// Adds a KMS key.
    #[must_use]
    pub fn key(mut self, key: KeyBuilder) -> Self {
        self.keys.push(key);
        self
    }

    /// Sets who assumes the roles: an IAM user of the account by its name, with its identity
    /// policies. Otherwise it is the user `caller`, who may assume every role with tags and a
    /// source identity, and do nothing else.
    #[must_use]
    pub fn caller<P: Into<PolicyText>>(
        mut self,
        user: impl Into<String>,
        policies: impl IntoIterator<Item = P>,
    ) -> Self {
        self.caller = Some((user.into(), policies.into_iter().map(Into::into).collect()));
        self
    }

    /// Sets Block Public Access of the whole account, which is added to each bucket's own; it is
    /// off otherwise.
    #[must_use]
    pub fn block_public_access(mut self, block: PublicAccessBlock) -> Self {
        self.block_public_access = Some(block);
        self
    }

    /// Gives another account (12 digits) a name.
    #[must_use]
    pub fn other_account(mut self, name: impl Into<String>, id: impl Into<String>) -> Self {
        self.accounts.push((name.into(), id.into()));
        self
    }

    /// Sets which organization each account is in. Otherwise nothing is said of that, and requests
    /// that depend on it cannot be decided.
    #[must_use]
    pub fn organizations(mut self, organizations: Organizations) -> Self {
        self.organizations = organizations;
        self
    }

    /// Adds a trail of AWS `CloudTrail`.
    #[must_use]
    pub fn trail(mut self, trail: Trail) -> Self {
        self.trails.push(trail);
        self
    }

    /// Sets what else watches the account; nothing does otherwise.
    #[must_use]
    pub fn monitoring(mut self, monitoring: Monitoring) -> Self {
        self.monitoring = monitoring;
        self
    }

    /// Checks names and values, compiles every policy, and makes the environment.
    ///
    /// # Errors
    /// The first thing that is wrong: a value of the wrong form, a name that is used twice, a key
    /// that is not declared, or a policy that AWS would not store.
    pub fn build(self) -> Result<Environment, BuildError> {
        check_account(&self.account)?;
        for (_, id) in &self.accounts {
            check_account(id)?;
        }
        if !is_region(&self.region) {
            return Err(BuildError::Region(self.region));
        }
        self.check_unique()?;
        let keys = self.keys.iter().map(|key| key.build(&self.account, &self.region).map(Arc::new));
        let keys = keys.collect::<Result<Vec<Arc<Key>>, _>>()?;
        let roles = self.roles.iter().map(|role| role.build(&self.account).map(Arc::new));
        let roles = roles.collect::<Result<Vec<_>, _>>()?;
        let buckets =
            self.buckets.iter().map(|bucket| bucket.build(&self.account, &keys).map(Arc::new));
        let buckets = buckets.collect::<Result<Vec<_>, _>>()?;
        let (user, policies) = match self.caller {
            Some(caller) => caller,
            None => ("caller".to_owned(), vec![may_assume_roles().into()]),
        };
        check_name(ResourceKind::User, &user)?;
        let caller = Caller {
            arn: format!("arn:aws:iam::{}:user/{user}", self.account),
            policies: PolicyText::compile_all(&policies, &ResourceKind::User.named(&user))?,
        };
        Ok(Environment {
            block_public_access: self.block_public_access,
            accounts: self.accounts,
            organizations: Arc::new(self.organizations),
            caller,
            roles,
            buckets,
            keys,
            trails: self.trails.into_iter().map(Arc::new).collect(),
            monitoring: Arc::new(self.monitoring),
            ..Environment::empty(&self.account, &self.region)
        })
    }

    /// Whether everything has a name of its own.
    fn check_unique(&self) -> Result<(), BuildError> {
        check_distinct(ResourceKind::Role, self.roles.iter().map(RoleBuilder::name))?;
        check_distinct(ResourceKind::Key, self.keys.iter().map(KeyBuilder::name))?;
        check_distinct(ResourceKind::Bucket, self.buckets.iter().map(BucketBuilder::logical))?;
        check_distinct(ResourceKind::Bucket, self.buckets.iter().map(BucketBuilder::name))?;
        check_distinct(ResourceKind::Trail, self.trails.iter().map(|trail| &*trail.logical))?;
        check_distinct(ResourceKind::Account, self.accounts.iter().map(|(name, _)| &**name))?;
        let ids = self.keys.iter().map(KeyBuilder::id).collect::<Vec<_>>();
        check_distinct(ResourceKind::Key, ids.iter().map(String::as_str))?;
        let mut aliases = BTreeSet::new();
        for key in &self.keys {
            if let Some(alias) = key.alias_in(&self.account)
                && !aliases.insert(alias)
            {
                return Err(BuildError::DuplicateName {
                    kind: ResourceKind::Alias,
                    name: alias.1.to_owned(),
                });
            }
        }
        Ok(())
    }
}

/// The identity policy of a user who may assume every role that trusts it, as the console's wizard
/// writes it, with session tags and a source identity besides.
fn may_assume_roles() -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
            "Resource": "*"
        }]
    })
}

/// Whether no name comes twice.
fn check_distinct<'a>(
    kind: ResourceKind,
    names: impl Iterator<Item = &'a str>,
) -> Result<(), BuildError> {
    let mut earlier = BTreeSet::new();
    for name in names {
        if !earlier.insert(name) {
            return Err(BuildError::DuplicateName { kind, name: name.to_owned() });
        }
    }
    Ok(())
}

fn check_account(id: &str) -> Result<(), BuildError> {
    if id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(());
    }
    Err(BuildError::Account(id.to_owned()))
}

/// Names appear in ARNs, so they are kept to what every service takes.
fn check_name(kind: ResourceKind, name: &str) -> Result<(), BuildError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if (1..=64).contains(&name.len()) && name.bytes().all(plain) {
        return Ok(());
    }
    Err(BuildError::Name { kind, name: name.to_owned() })
}

fn is_region(region: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !region.is_empty() && region.bytes().all(plain)
}
