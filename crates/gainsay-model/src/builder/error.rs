//! What can be wrong with an environment that a program makes.

use std::fmt;

use gainsay_iam::{DocumentError, PolicyKind};

/// Why an environment cannot be made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// An account id that is none.
    #[error("`{0}` is not an account id: an account id has 12 digits")]
    Account(String),
    /// A Region that cannot be one.
    #[error("`{0}` is not a Region: write it as `eu-west-1`")]
    Region(String),
    /// A name with characters that it may not have, or of the wrong length
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html> for
    /// buckets).
    #[error("`{name}` is not a valid {kind} name")]
    Name {
        /// What has the name.
        kind: ResourceKind,
        /// The name.
        name: String,
    },
    /// A name, id or alias that two resources have.
    #[error("two {kind} entries have the name `{name}`")]
    DuplicateName {
        /// What has the name.
        kind: ResourceKind,
        /// The name.
        name: String,
    },
    /// A bucket is encrypted with a key that the environment does not have.
    #[error("bucket `{bucket}` is encrypted with key `{key}`, which the environment does not have")]
    UnknownKey {
        /// The bucket's logical name.
        bucket: String,
        /// The key's logical name.
        key: String,
    },
    /// A policy that AWS would not store.
    #[error("the {kind} of {owner} is not valid: {error}")]
    Policy {
        /// Whose policy it is, such as ``role `app` ``.
        owner: String,
        /// The kind of policy.
        kind: PolicyKind,
        /// What the policy engine says.
        #[source]
        error: DocumentError,
    },
    /// A key id that is no UUID.
    #[error("`{id}` is not the id of key `{key}`: write a UUID")]
    KeyId {
        /// The key's logical name.
        key: String,
        /// The id.
        id: String,
    },
    /// A session duration that a role cannot have
    /// (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>).
    #[error("sessions of role `{role}` cannot last {seconds} seconds: write 3600 to 43200")]
    SessionDuration {
        /// The role's name.
        role: String,
        /// The duration in seconds.
        seconds: u32,
    },
    /// A rotation period that a key cannot have
    /// (<https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html>).
    #[error("key `{key}` cannot be rotated every {days} days: write 90 to 2560")]
    Rotation {
        /// The key's logical name.
        key: String,
        /// The period in days.
        days: u32,
    },
}

/// What an environment has, for messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResourceKind {
    /// Another account.
    Account,
    /// An IAM user.
    User,
    /// An IAM role.
    Role,
    /// An S3 bucket.
    Bucket,
    /// A KMS key.
    Key,
    /// An alias of a KMS key.
    Alias,
    /// A trail of AWS `CloudTrail`.
    Trail,
}

impl ResourceKind {
    /// A resource by kind and name, as messages call it.
    pub(super) fn named(self, name: &str) -> String {
        format!("{self} `{name}`")
    }
}

impl fmt::Display for ResourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Account => "account",
            Self::User => "user",
            Self::Role => "role",
            Self::Bucket => "bucket",
            Self::Key => "key",
            Self::Alias => "alias",
            Self::Trail => "trail",
        })
    }
}
