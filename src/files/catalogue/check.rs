//! The configuration check of a control, as the control's file says it: what is read of a deployed
//! resource, and what must hold of the answer.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::range::Range;

/// What a check is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum On {
    /// A bucket.
    Bucket,
    /// A KMS key.
    Key,
    /// A trail.
    Trail,
    /// The account.
    Account,
}

impl On {
    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bucket => "bucket",
            Self::Key => "key",
            Self::Trail => "trail",
            Self::Account => "account",
        }
    }
}

/// A check as a control's file says it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// What it is of.
    pub on: On,
    /// What is read: the name of a row of `control::READS`.
    pub read: String,
    /// Names of what the baseline has to say. `key` is the logical name of a key and stands for its
    /// ARN, `alias` is one and stands for its alias, `target` is that of a bucket and stands for
    /// its name, `source` for its ARN, `objects` for the ARN that those of its objects begin with,
    /// `trail` is that of a trail and stands for its ARN, `account` is that of an account and
    /// stands for its id, `topic` is that of an SNS topic of the account and stands for its ARN, or
    /// is one.
    #[serde(default)]
    pub parameters: Vec<String>,
    /// What a parameter that is a number may sensibly be, by its name.
    #[serde(default)]
    pub ranges: BTreeMap<String, Range>,
    /// What must hold, in `JMESPath` over what the AWS CLI prints; `$name` is a parameter, and
    /// `$now` the time in seconds.
    #[serde(default)]
    pub holds: Option<String>,
    /// The forbidden kind of request that the policy read must deny. Either this or `holds`.
    #[serde(default)]
    pub search: Option<Search>,
}

/// The kind of request that must not get through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Search {
    /// Anything in the clear.
    InsecureTransport,
    /// An upload that names no encryption.
    UnnamedEncryption,
    /// An upload with another encryption than `aws:kms`.
    OtherEncryption,
    /// An upload under another key than `$key`, or under none that is named.
    OtherKey,
    /// Anything by someone who is not of the account.
    Outsider,
    /// Anything by a service on behalf of nobody, or of another account.
    LooseService,
    /// What `CloudTrail` delivers for the trail `$trail`, under `$prefix` (`/` where there is none)
    /// and with `$key`: found where it is not allowed.
    TrailDelivery,
    /// What `CloudTrail` does with the key of the trail `$trail`: found where it is not allowed.
    TrailEncryption,
    /// What S3 delivers of the access logs of the bucket `$source` under `$prefix`: found where it
    /// is not allowed.
    LogDelivery,
}

impl Search {
    /// What such a request is, in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::InsecureTransport => "a request over plain HTTP that is not denied",
            Self::UnnamedEncryption => "an upload without an encryption header that is not denied",
            Self::OtherEncryption => "an upload not with `aws:kms` that is not denied",
            Self::OtherKey => "an upload with `aws:kms` and another or no key that is not denied",
            Self::LooseService => {
                "a request of a service for another account, or for none that it names, that is \
                 allowed"
            }
            Self::TrailDelivery => "a delivery of log or digest files that is not allowed",
            Self::TrailEncryption => "a use of the key by the trail that is not allowed",
            Self::LogDelivery => "a delivery of access logs that is not allowed",
            Self::Outsider => {
                "a request by a principal outside the account, AWS services excepted, that is \
                 allowed"
            }
        }
    }
}
