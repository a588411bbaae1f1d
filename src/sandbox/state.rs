//! What the sandbox holds. A world is cheap to clone: what is not changed is shared, so every row of a run has its own.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, SystemTime},
};

use serde_json::json;
use time::OffsetDateTime;

use super::{
    control::Control,
    kms::{KeyMaterial, Sealed},
};
use crate::{
    diag::Source,
    environment::{self, Document, Environment, Role},
    iam::{Policy, PolicyKind},
};

/// Everything that requests can see or change.
#[derive(Clone, Debug)]
pub(super) struct World {
    /// How far the clock is ahead of the machine's. It only grows.
    pub ahead: Duration,
    pub account: String,
    pub region: String,
    pub caller: Arc<User>,
    pub roles: BTreeMap<String, Arc<Role>>,
    pub buckets: BTreeMap<String, Arc<Bucket>>,
    /// By ARN.
    pub keys: BTreeMap<String, Arc<Key>>,
    /// What accounts have, and S3 Control reads and writes.
    pub control: Arc<Control>,
    /// What SSE-S3 encrypts with.
    pub s3_key: KeyMaterial,
    /// Grows with every write; makes version ids that sort.
    pub sequence: u64,
}

/// The IAM user that assumes the roles.
#[derive(Debug)]
pub(super) struct User {
    pub arn: String,
    pub access_key: String,
    pub policies: Vec<Document>,
}

/// A bucket.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    pub config: Arc<environment::Bucket>,
    /// Versions of each key, oldest first.
    pub objects: BTreeMap<String, Vec<Arc<Version>>>,
    pub uploads: BTreeMap<String, Arc<Upload>>,
}

/// A version of an object, or a delete marker.
#[derive(Clone, Debug)]
pub(super) struct Version {
    pub id: String,
    pub modified: OffsetDateTime,
    /// Nothing for a delete marker.
    pub content: Option<Content>,
}

/// What a version holds.
#[derive(Clone, Debug)]
#[expect(clippy::struct_field_names, reason = "`content_type` is the header's name")]
pub(super) struct Content {
    pub etag: String,
    pub size: usize,
    pub body: Sealed,
    pub encryption: Encryption,
    pub content_type: Option<String>,
    pub metadata: BTreeMap<String, String>,
    pub tags: Vec<(String, String)>,
}

/// How a version is encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Encryption {
    /// With keys that S3 manages.
    S3,
    /// With a KMS key.
    Kms { key: String, bucket_key: bool, dual_layer: bool },
}

/// A multipart upload. Its encryption was settled when it was created.
#[derive(Clone, Debug)]
pub(super) struct Upload {
    pub key: String,
    pub started: OffsetDateTime,
    pub encryption: Encryption,
    pub content_type: Option<String>,
    pub metadata: BTreeMap<String, String>,
    pub tags: Vec<(String, String)>,
    /// What policies were told of the encryption, and are told again for every step.
    pub told: Vec<(&'static str, String)>,
    /// By number; the bodies are sealed as objects are.
    pub parts: BTreeMap<i32, Part>,
}

/// A part of an upload.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub etag: String,
    pub size: usize,
    pub body: Sealed,
    pub modified: OffsetDateTime,
}

/// A KMS key.
#[derive(Debug)]
pub(super) struct Key {
    pub arn: String,
    pub id: String,
    pub account: String,
    pub alias: Option<String>,
    pub policy: Document,
    pub material: KeyMaterial,
    /// An AWS managed key, which AWS makes and nobody can change.
    pub managed: bool,
}

impl World {
    /// The world an environment describes, before anything has happened in it.
    pub(super) fn new(environment: &Environment, access_key: String) -> Self {
        let mut keys: BTreeMap<String, Arc<Key>> = environment
            .keys
            .iter()
            .map(|key| {
                let held = Key {
                    arn: key.arn.clone(),
                    id: key.id.clone(),
                    account: key.account.clone(),
                    alias: key.alias.clone(),
                    policy: key.policy.clone(),
                    material: KeyMaterial::generate(),
                    managed: false,
                };
                (key.arn.clone(), Arc::new(held))
            })
            .collect();
        let accounts = environment
            .buckets
            .iter()
            .map(|bucket| &bucket.account)
            .chain([&environment.account]);
        for account in accounts {
            if let Some(key) = aws_managed_key(account, &environment.region) {
                keys.entry(key.arn.clone()).or_insert_with(|| Arc::new(key));
            }
        }
        let buckets = environment.buckets.iter().map(|bucket| {
            let held = Bucket {
                config: bucket.clone(),
                objects: BTreeMap::new(),
                uploads: BTreeMap::new(),
            };
            (bucket.name.clone(), Arc::new(held))
        });
        Self {
            ahead: Duration::ZERO,
            account: environment.account.clone(),
            region: environment.region.clone(),
            caller: Arc::new(User {
                arn: environment.caller.arn.clone(),
                access_key,
                policies: environment.caller.policies.clone(),
            }),
            roles: environment.roles.iter().map(|role| (role.arn.clone(), role.clone())).collect(),
            buckets: buckets.collect(),
            keys,
            control: Arc::default(),
            s3_key: KeyMaterial::generate(),
            sequence: 0,
        }
    }

    /// The sandbox's time.
    pub(super) fn now(&self) -> OffsetDateTime {
        OffsetDateTime::from(SystemTime::now() + self.ahead)
    }

    /// A bucket to be changed.
    pub(super) fn bucket_mut(&mut self, name: &str) -> Option<&mut Bucket> {
        self.buckets.get_mut(name).map(Arc::make_mut)
    }

    /// The next number of the sequence.
    pub(super) fn next(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    /// The key that a text names for a caller of `account`: an ARN, an id, an alias or an alias's ARN.
    /// An ARN is resolved even if there is no such key: policies are evaluated on it before KMS is asked.
    pub(super) fn resolve_key(&self, text: &str, account: &str) -> Option<String> {
        if let Some(rest) = text.strip_prefix("arn:aws:kms:") {
            return match rest.split(':').nth(2) {
                Some(resource) if resource.starts_with("key/") => Some(text.to_owned()),
                Some(resource) if resource.starts_with("alias/") => {
                    let owner = rest.split(':').nth(1).unwrap_or_default();
                    self.key_by(|key| key.account == owner && key.alias.as_deref() == Some(resource))
                }
                _ => None,
            };
        }
        if text.starts_with("alias/") {
            return self.key_by(|key| key.account == account && key.alias.as_deref() == Some(text));
        }
        self.key_by(|key| key.account == account && key.id == text)
    }

    /// The AWS managed key `aws/s3` of an account.
    pub(super) fn managed_key(&self, account: &str) -> Option<String> {
        self.key_by(|key| key.managed && key.account == account)
    }

    fn key_by(&self, test: impl Fn(&Key) -> bool) -> Option<String> {
        self.keys.values().find(|key| test(key)).map(|key| key.arn.clone())
    }
}

impl Bucket {
    /// The current version of a key, delete markers included.
    pub(super) fn current(&self, key: &str) -> Option<&Arc<Version>> {
        self.objects.get(key)?.last()
    }

    /// A version by its id.
    pub(super) fn version(&self, key: &str, id: &str) -> Option<&Arc<Version>> {
        self.objects.get(key)?.iter().find(|version| version.id == id)
    }

    /// Adds a version as the bucket's versioning says.
    pub(super) fn push(&mut self, key: &str, version: Version) {
        let versions = self.objects.entry(key.to_owned()).or_default();
        // Without versioning, or suspended, a write replaces the version whose id is `null`.
        if version.id == NULL_VERSION {
            versions.retain(|held| held.id != NULL_VERSION);
        }
        versions.push(Arc::new(version));
    }
}

/// The version id of what is written without versioning.
pub(super) const NULL_VERSION: &str = "null";

/// The key `aws/s3`, which any principal of the account may use through S3 and nobody else:
/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html> shows such a policy. Its id is derived from the account,
/// so that every row of a run sees the same one.
fn aws_managed_key(account: &str, region: &str) -> Option<Key> {
    let id = uuid::Uuid::from_u128(0x0a55_0000_0000_4000_8000_0000_0000_0000_u128 | account.parse::<u128>().ok()?);
    let document = json!({
        "Version": "2012-10-17",
        "Id": "auto-s3-2",
        "Statement": [{
            "Sid": "Allow access through S3 for all principals in the account that are authorized to use S3",
            "Effect": "Allow",
            "Principal": { "AWS": "*" },
            "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
            "Resource": "*",
            "Condition": { "StringEquals": { "kms:ViaService": format!("s3.{region}.amazonaws.com"), "kms:CallerAccount": account } }
        }]
    });
    Some(Key {
        arn: format!("arn:aws:kms:{region}:{account}:key/{id}"),
        id: id.to_string(),
        account: account.to_owned(),
        alias: Some("alias/aws/s3".to_owned()),
        policy: Document::new(
            Source::new("the AWS managed key aws/s3", document.to_string()),
            Policy::from_value(PolicyKind::KeyPolicy, &document).ok()?,
            document.to_string(),
        ),
        material: KeyMaterial::generate(),
        managed: true,
    })
}
