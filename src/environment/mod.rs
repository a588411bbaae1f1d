//! The environment of an architecture: who and what the scenarios speak of, by logical name.

mod baseline;
mod bindings;
mod collection;
mod extends;
mod gap;
mod managed;
mod monitoring;
mod organization;
mod policy;
mod proof;
mod raw;
mod resolve;
mod sessions;
mod settings;
mod template;
mod waiver;

use std::sync::{Arc, OnceLock};

pub use self::policy::lone_policy;
pub use self::{
    baseline::{Baseline, Control, Mapping, Remediation, Served, catalogue},
    bindings::{Bindings, BoundKey, BoundRole, RawBindings},
    collection::{Collection, Member},
    extends::extended,
    gap::{Gap, RawGap},
    managed::aws_managed_key,
    monitoring::{
        AdvancedEventSelector, Analyzer, DataResource, EventSelector, FieldSelector, InsightSelector, Macie, MetricAlarm, MetricFilter,
        MetricTransformation, Monitoring, Recorder, Trail, TrailConfig,
    },
    proof::{Proof, ProvedBy},
    raw::{RawBaseline, RawControlChoice, RawEnvironment},
    resolve::{resolve, resolve_bound},
    settings::{SETTING_KINDS, Setting, SettingKind},
    waiver::{RawWaivers, Waived, Waiver, Waivers},
};
use crate::{diag::Source, iam};

/// A policy document: what the engine evaluates, and the file it was read from.
#[derive(Clone, Debug)]
pub struct Document {
    /// The file, for pointing at a line.
    pub source: Source,
    /// The compiled policy.
    pub policy: iam::Policy,
    /// The document as AWS would store it, with names filled in.
    pub text: Arc<str>,
    lines: Arc<OnceLock<Vec<usize>>>,
}

impl Document {
    /// A compiled policy with the file it was read from and the text AWS would store.
    #[must_use]
    pub fn new(source: Source, policy: iam::Policy, text: String) -> Self {
        Self {
            source,
            policy,
            text: text.into(),
            lines: Arc::default(),
        }
    }

    /// The line (from 1) on which a statement begins. Found when someone first asks: most decisions are never looked at.
    #[must_use]
    pub fn line(&self, statement: usize) -> usize {
        let lines = self.lines.get_or_init(|| {
            let line = |index| iam::locate_statement(self.source.text(), index).map_or(1, |place| place.line);
            (0..self.policy.statements().len()).map(line).collect()
        });
        lines.get(statement).copied().unwrap_or(1)
    }
}

/// What is deployed.
#[derive(Debug)]
pub struct Environment {
    /// What the architecture is, in one sentence.
    pub title: String,
    /// The account id.
    pub account: String,
    /// The Region.
    pub region: String,
    /// Block Public Access of the account, where it says anything.
    pub block_public_access: Option<PublicAccessBlock>,
    /// Names and ids of other accounts.
    pub accounts: Vec<(String, String)>,
    /// Which organization each of the accounts is in, as far as it is said.
    pub organizations: Arc<iam::Organizations>,
    /// Who assumes the roles.
    pub caller: Caller,
    /// The roles in file order.
    pub roles: Vec<Arc<Role>>,
    /// The buckets in file order.
    pub buckets: Vec<Arc<Bucket>>,
    /// The keys in file order.
    pub keys: Vec<Arc<Key>>,
    /// The account's AWS managed key for S3, which is there without being declared.
    pub managed_key: Option<Arc<Key>>,
    /// What of these belongs together.
    pub collections: Vec<Collection>,
    /// The trails in file order.
    pub trails: Vec<Arc<Trail>>,
    /// What else watches the account.
    pub monitoring: Arc<Monitoring>,
}

/// The IAM user whose credentials assume the roles.
#[derive(Debug)]
pub struct Caller {
    /// The user's ARN.
    pub arn: String,
    /// Identity policies.
    pub policies: Vec<Document>,
}

/// A role.
#[derive(Debug)]
pub struct Role {
    /// Its logical name.
    pub name: String,
    /// The account it is in.
    pub account: String,
    /// Its ARN.
    pub arn: String,
    /// Who may assume it.
    pub trust: Document,
    /// The external id its trust policy asks for.
    pub external_id: Option<String>,
    /// The profile whose credentials assume it, where it is bound to one.
    pub source_profile: Option<String>,
    /// Identity policies.
    pub policies: Vec<Document>,
    /// The permissions boundary.
    pub boundary: Option<Document>,
    /// Tags.
    pub tags: Vec<(String, String)>,
    /// Session tags with which it is assumed.
    pub session_tags: Vec<(String, String)>,
    /// The logical name of the role whose session assumes it, in place of the caller.
    pub via: Option<String>,
    /// How long its sessions may last, in seconds.
    pub max_session_duration: u32,
}

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

/// Default encryption of a bucket. S3 encrypts every object: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html>.
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

/// A symmetric KMS key for encryption and decryption.
#[derive(Debug)]
pub struct Key {
    /// Its logical name.
    pub name: String,
    /// Its key id.
    pub id: String,
    /// The account it is in.
    pub account: String,
    /// Its ARN.
    pub arn: String,
    /// Its alias with the prefix `alias/`.
    pub alias: Option<String>,
    /// The key policy.
    pub policy: Document,
    /// After how many days it is rotated; nothing where it is not.
    pub rotation: Option<u32>,
    /// Whether it is the primary of a multi-Region key.
    pub multi_region: bool,
    /// How many days ago it was made.
    pub age: u32,
}

impl Key {
    /// The ARN of its alias.
    #[must_use]
    pub fn alias_arn(&self) -> Option<String> {
        let prefix = self.arn.split_once(":key/").map(|(prefix, _)| prefix)?;
        self.alias.as_ref().map(|alias| format!("{prefix}:{alias}"))
    }
}

impl Environment {
    /// Every policy, each file once: the members of a collection share theirs.
    #[must_use]
    pub fn documents(&self) -> Vec<&Document> {
        let of_roles = self
            .roles
            .iter()
            .flat_map(|role| role.policies.iter().chain([&role.trust]).chain(&role.boundary));
        let of_buckets = self.buckets.iter().filter_map(|bucket| bucket.policy.as_ref());
        let of_keys = self.keys.iter().map(|key| &key.policy);
        let all = self.caller.policies.iter().chain(of_roles).chain(of_buckets).chain(of_keys);
        let mut seen = std::collections::BTreeSet::new();
        all.filter(|document| seen.insert((document.source.name(), document.policy.kind())))
            .collect()
    }

    /// The role of a name.
    #[must_use]
    pub fn role(&self, name: &str) -> Option<&Arc<Role>> {
        self.roles.iter().find(|role| role.name == name)
    }

    /// The bucket of a name.
    #[must_use]
    pub fn bucket(&self, name: &str) -> Option<&Arc<Bucket>> {
        self.buckets.iter().find(|bucket| bucket.logical == name)
    }

    /// The collection of a name.
    #[must_use]
    pub fn collection(&self, name: &str) -> Option<&Collection> {
        self.collections.iter().find(|collection| collection.name == name)
    }

    /// The key of a name; `aws/s3` is the AWS managed one.
    #[must_use]
    pub fn key(&self, name: &str) -> Option<&Arc<Key>> {
        let managed = self.managed_key.as_ref().filter(|_| name == managed::NAME);
        managed.or_else(|| self.keys.iter().find(|key| key.name == name))
    }
}
