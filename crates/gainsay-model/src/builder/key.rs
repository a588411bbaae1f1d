//! A KMS key as a program writes it.

use gainsay_iam::PolicyKind;

use super::{BuildError, PolicyText, ResourceKind, check_account, check_name};
use crate::{Key, default_key_policy};

/// A symmetric KMS key for [`EnvironmentBuilder::key`](super::EnvironmentBuilder::key).
///
/// Where nothing else is said it is in the environment's account, has the default key policy, which
/// leaves everything to the identity policies of that account, an id made from its name, and no
/// alias; it belongs to one Region and is not rotated.
#[derive(Clone, Debug)]
pub struct KeyBuilder {
    name: String,
    id: Option<String>,
    account: Option<String>,
    alias: Option<String>,
    policy: Option<PolicyText>,
    rotation: Option<u32>,
    multi_region: bool,
    age: u32,
}

impl KeyBuilder {
    /// A key with this logical name: 1 to 64 letters, digits, `-` and `_`.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            id: None,
            account: None,
            alias: None,
            policy: None,
            rotation: None,
            multi_region: false,
            age: 0,
        }
    }

    /// Sets the key id: a UUID. That of a multi-Region key is made from it.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Sets the account that the key is in, by its id.
    #[must_use]
    pub fn account(mut self, id: impl Into<String>) -> Self {
        self.account = Some(id.into());
        self
    }

    /// Sets the alias, which begins with `alias/`.
    #[must_use]
    pub fn alias(mut self, alias: impl Into<String>) -> Self {
        self.alias = Some(alias.into());
        self
    }

    /// Sets the key policy.
    #[must_use]
    pub fn policy(mut self, policy: impl Into<PolicyText>) -> Self {
        self.policy = Some(policy.into());
        self
    }

    /// Turns automatic rotation on, every 90 to 2560 days.
    #[must_use]
    pub fn rotation(mut self, days: u32) -> Self {
        self.rotation = Some(days);
        self
    }

    /// Makes it the primary of a multi-Region key.
    #[must_use]
    pub fn multi_region(mut self) -> Self {
        self.multi_region = true;
        self
    }

    /// Sets how many days ago it was made.
    #[must_use]
    pub fn age(mut self, days: u32) -> Self {
        self.age = days;
        self
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The id that it is given, or one that is the same whenever it is made from the same name.
    pub(super) fn id(&self) -> String {
        let made = || uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, self.name.as_bytes());
        let id = self.id.clone().unwrap_or_else(|| made().to_string());
        // <https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html>.
        if self.multi_region { format!("mrk-{}", id.replace('-', "")) } else { id }
    }

    /// Account and alias, which are together another pair for every key.
    pub(super) fn alias_in<'a>(&'a self, account: &'a str) -> Option<(&'a str, &'a str)> {
        Some((self.account.as_deref().unwrap_or(account), self.alias.as_deref()?))
    }

    /// The key, in `account` where it names no other.
    pub(super) fn build(&self, account: &str, region: &str) -> Result<Key, BuildError> {
        check_name(ResourceKind::Key, &self.name)?;
        let account = self.account.as_deref().unwrap_or(account);
        check_account(account)?;
        if let Some(id) = &self.id
            && uuid::Uuid::try_parse(id).is_err()
        {
            return Err(BuildError::KeyId { key: self.name.clone(), id: id.clone() });
        }
        if let Some(alias) = &self.alias {
            check_alias(alias)?;
        }
        if let Some(days) = self.rotation
            && !(90..=2560).contains(&days)
        {
            return Err(BuildError::Rotation { key: self.name.clone(), days });
        }
        let id = self.id();
        let (kind, owner) = (PolicyKind::KeyPolicy, ResourceKind::Key.named(&self.name));
        let policy = self.policy.clone().unwrap_or_else(|| default_key_policy(account).into());
        Ok(Key {
            name: self.name.clone(),
            arn: format!("arn:aws:kms:{region}:{account}:key/{id}"),
            id,
            account: account.to_owned(),
            alias: self.alias.clone(),
            policy: policy.compile(kind, &owner, format!("the {kind} of {owner}"))?,
            rotation: self.rotation,
            multi_region: self.multi_region,
            age: self.age,
        })
    }
}

/// Whether a customer managed key may have an alias
/// (<https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html>).
fn check_alias(alias: &str) -> Result<(), BuildError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/_-".contains(&byte);
    let name = alias.strip_prefix("alias/").unwrap_or_default();
    if (1..=250).contains(&name.len()) && !name.starts_with("aws/") && name.bytes().all(plain) {
        return Ok(());
    }
    Err(BuildError::Name { kind: ResourceKind::Alias, name: alias.to_owned() })
}
