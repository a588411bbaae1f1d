//! A bucket as a program writes it.

use std::sync::Arc;

use gainsay_iam::PolicyKind;

use super::{BuildError, PolicyText, ResourceKind, check_account, check_name};
use crate::{
    AWS_MANAGED_KEY, Bucket, DefaultEncryption, Key, Ownership, PublicAccessBlock, Setting,
    Versioning,
};

/// An S3 bucket for [`EnvironmentBuilder::bucket`](super::EnvironmentBuilder::bucket).
///
/// Where nothing else is said it is a new bucket as S3 makes it: in the environment's account, with
/// all four settings of Block Public Access, ACLs off, SSE-S3, SSE-C blocked, no versioning and no
/// policy.
#[derive(Clone, Debug)]
pub struct BucketBuilder {
    name: String,
    logical: Option<String>,
    account: Option<String>,
    versioning: Versioning,
    encryption: BucketEncryption,
    blocks_customer_keys: bool,
    ownership: Ownership,
    public_access: PublicAccessBlock,
    policy: Option<PolicyText>,
    settings: Vec<Setting>,
}

impl BucketBuilder {
    /// A bucket with this name in S3: 3 to 63 of `a-z`, `0-9` and `-`, without a dot, which
    /// virtual-hosted HTTPS cannot serve.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            logical: None,
            account: None,
            versioning: Versioning::Off,
            encryption: BucketEncryption::s3(),
            blocks_customer_keys: true,
            ownership: Ownership::BucketOwnerEnforced,
            public_access: PublicAccessBlock::ALL,
            policy: None,
            settings: Vec::new(),
        }
    }

    /// Sets the logical name, by which [`Environment::bucket`](crate::Environment::bucket) finds
    /// it; it is the name in S3 otherwise.
    #[must_use]
    pub fn with_logical_name(mut self, name: impl Into<String>) -> Self {
        self.logical = Some(name.into());
        self
    }

    /// Sets the account that owns the bucket, by its id.
    #[must_use]
    pub fn account(mut self, id: impl Into<String>) -> Self {
        self.account = Some(id.into());
        self
    }

    /// Sets the bucket policy.
    #[must_use]
    pub fn policy(mut self, policy: impl Into<PolicyText>) -> Self {
        self.policy = Some(policy.into());
        self
    }

    /// Sets default encryption.
    #[must_use]
    pub fn encryption(mut self, encryption: BucketEncryption) -> Self {
        self.encryption = encryption;
        self
    }

    /// Lets uploads bring keys of their own (SSE-C), which new buckets refuse:
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/blocking-unblocking-s3-c-encryption-gpb.html>.
    #[must_use]
    pub fn allow_customer_keys(mut self) -> Self {
        self.blocks_customer_keys = false;
        self
    }

    /// Sets versioning.
    #[must_use]
    pub fn versioning(mut self, versioning: Versioning) -> Self {
        self.versioning = versioning;
        self
    }

    /// Sets Object Ownership.
    #[must_use]
    pub fn ownership(mut self, ownership: Ownership) -> Self {
        self.ownership = ownership;
        self
    }

    /// Sets Block Public Access of the bucket.
    #[must_use]
    pub fn block_public_access(mut self, block: PublicAccessBlock) -> Self {
        self.public_access = block;
        self
    }

    /// Adds a further configuration, such as a lifecycle.
    #[must_use]
    pub fn setting(mut self, setting: Setting) -> Self {
        self.settings.push(setting);
        self
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn logical(&self) -> &str {
        self.logical.as_deref().unwrap_or(&self.name)
    }

    /// The bucket, in `account` where it names no other.
    pub(super) fn build(&self, account: &str, keys: &[Arc<Key>]) -> Result<Bucket, BuildError> {
        if !is_bucket_name(&self.name) {
            return Err(BuildError::Name { kind: ResourceKind::Bucket, name: self.name.clone() });
        }
        let logical = self.logical();
        check_name(ResourceKind::Bucket, logical)?;
        let account = self.account.as_deref().unwrap_or(account);
        check_account(account)?;
        let (kind, owner) = (PolicyKind::Bucket, ResourceKind::Bucket.named(logical));
        let policy = self.policy.as_ref();
        let policy =
            policy.map(|text| text.compile(kind, &owner, format!("the {kind} of {owner}")));
        Ok(Bucket {
            logical: logical.to_owned(),
            name: self.name.clone(),
            account: account.to_owned(),
            versioning: self.versioning,
            encryption: self.encryption.resolve(logical, keys)?,
            blocks_customer_keys: self.blocks_customer_keys,
            ownership: self.ownership,
            public_access: self.public_access,
            policy: policy.transpose()?,
            settings: self.settings.clone(),
        })
    }
}

/// Default encryption of a bucket, with its key by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketEncryption(Algorithm);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Algorithm {
    S3,
    /// `key` is a logical name.
    Kms {
        key: String,
        bucket_key: bool,
        dual_layer: bool,
    },
}

impl BucketEncryption {
    /// SSE-S3: with keys that S3 manages.
    #[must_use]
    pub const fn s3() -> Self {
        Self(Algorithm::S3)
    }

    /// SSE-KMS with a key of the environment by its logical name, or with the AWS managed key,
    /// [`AWS_MANAGED_KEY`]; without an S3 Bucket Key.
    #[must_use]
    pub fn kms(key: impl Into<String>) -> Self {
        Self(Algorithm::Kms { key: key.into(), bucket_key: false, dual_layer: false })
    }

    /// DSSE-KMS: two layers of encryption with a key of the environment by its logical name, or
    /// with the AWS managed key, [`AWS_MANAGED_KEY`].
    #[must_use]
    pub fn kms_dual_layer(key: impl Into<String>) -> Self {
        Self(Algorithm::Kms { key: key.into(), bucket_key: false, dual_layer: true })
    }

    /// Uses an S3 Bucket Key, which only SSE-KMS has: nothing changes for SSE-S3 and DSSE-KMS
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html>).
    #[must_use]
    pub fn with_bucket_key(mut self) -> Self {
        if let Algorithm::Kms { bucket_key, dual_layer: false, .. } = &mut self.0 {
            *bucket_key = true;
        }
        self
    }

    fn resolve(&self, bucket: &str, keys: &[Arc<Key>]) -> Result<DefaultEncryption, BuildError> {
        let Algorithm::Kms { key: name, bucket_key, dual_layer } = &self.0 else {
            return Ok(DefaultEncryption::S3);
        };
        let key = keys.iter().find(|key| key.name == *name).cloned();
        if key.is_none() && name != AWS_MANAGED_KEY {
            return Err(BuildError::UnknownKey { bucket: bucket.to_owned(), key: name.clone() });
        }
        Ok(DefaultEncryption::Kms { key, bucket_key: *bucket_key, dual_layer: *dual_layer })
    }
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>, without dots.
fn is_bucket_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = name.as_bytes();
    (3..=63).contains(&bytes.len())
        && bytes.iter().all(|byte| plain(*byte) || *byte == b'-')
        && bytes.first().copied().is_some_and(plain)
        && bytes.last().copied().is_some_and(plain)
}
