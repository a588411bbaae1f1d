//! Buckets and their settings.

use std::sync::Arc;

use crate::{Document, Key, Setting};

/// A bucket.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// Its logical name.
    pub logical: String,
    /// Its name in S3.
    pub name: String,
    /// The account that owns it.
    pub account: String,
    /// Versioning.
    pub versioning: Versioning,
    /// Default encryption.
    pub encryption: DefaultEncryption,
    /// Encryption types that are blocked for uploads.
    pub blocks_customer_keys: bool,
    /// Object Ownership.
    pub ownership: Ownership,
    /// Block Public Access.
    pub public_access: PublicAccessBlock,
    /// The bucket policy.
    pub policy: Option<Document>,
    /// Further configurations, in file order.
    pub settings: Vec<Setting>,
}

impl Bucket {
    /// The bucket's ARN.
    #[must_use]
    pub fn arn(&self) -> String {
        format!("arn:aws:s3:::{}", self.name)
    }
}

/// Versioning of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Versioning {
    /// Never enabled.
    Off,
    /// Every write makes a version.
    Enabled,
    /// Writes replace the `null` version.
    Suspended,
}

/// Default encryption of a bucket. S3 encrypts every object:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html>.
#[derive(Clone, Debug)]
pub enum DefaultEncryption {
    /// Keys that S3 manages.
    S3,
    /// A KMS key; `None` is the AWS managed key `aws/s3`.
    Kms {
        /// The key.
        key: Option<Arc<Key>>,
        /// Whether an S3 Bucket Key is used.
        bucket_key: bool,
        /// Two layers of encryption (DSSE-KMS).
        dual_layer: bool,
    },
}

/// Object Ownership of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// ACLs are off.
    BucketOwnerEnforced,
    /// ACLs are on; the bucket owner owns what is written with `bucket-owner-full-control`.
    BucketOwnerPreferred,
    /// ACLs are on; the writer owns.
    ObjectWriter,
}

impl Ownership {
    /// The API's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BucketOwnerEnforced => "BucketOwnerEnforced",
            Self::BucketOwnerPreferred => "BucketOwnerPreferred",
            Self::ObjectWriter => "ObjectWriter",
        }
    }
}

/// Block Public Access of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "the four settings of the API")]
pub struct PublicAccessBlock {
    /// Refuse public ACLs.
    pub block_public_acls: bool,
    /// Ignore public ACLs.
    pub ignore_public_acls: bool,
    /// Refuse public bucket policies.
    pub block_public_policy: bool,
    /// Let a public policy grant to the bucket's account and to services only.
    pub restrict_public_buckets: bool,
}

impl PublicAccessBlock {
    /// All four on, as on every new bucket.
    pub const ALL: Self = Self {
        block_public_acls: true,
        ignore_public_acls: true,
        block_public_policy: true,
        restrict_public_buckets: true,
    };

    /// Each setting that is on in either.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self {
            block_public_acls: self.block_public_acls || other.block_public_acls,
            ignore_public_acls: self.ignore_public_acls || other.ignore_public_acls,
            block_public_policy: self.block_public_policy || other.block_public_policy,
            restrict_public_buckets: self.restrict_public_buckets || other.restrict_public_buckets,
        }
    }
}
