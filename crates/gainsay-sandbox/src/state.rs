//! What the sandbox holds. A world is cheap to clone, however many roles and keys it has: what is
//! not changed is shared, so every row of a run has its own.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, SystemTime},
};

use gainsay_iam::Organizations;
use gainsay_model::{Document, Environment, Role};
use time::OffsetDateTime;

use super::{
    control::Control,
    identity::{AccessKey, Directory},
    kms::{Key, KeyMaterial, Rotation, Sealed},
    monitoring::Watch,
    s3::{AccessList, FinishedUpload, Sum},
};

/// Everything that requests can see or change.
#[derive(Clone, Debug)]
pub(super) struct World {
    /// How far the clock is ahead of the machine's. It only grows.
    pub ahead: Duration,
    pub account: String,
    pub region: String,
    /// Which organization each account is in, as far as the environment says.
    pub organizations: Arc<Organizations>,
    /// IAM users by ARN, with everything that the engine sees of them.
    pub users: Arc<BTreeMap<String, Arc<User>>>,
    /// Roles by ARN.
    pub roles: Arc<BTreeMap<String, Arc<Role>>>,
    /// Long-term access keys by id.
    pub access_keys: Arc<BTreeMap<String, AccessKey>>,
    /// Users, groups, roles and policies as IAM keeps them.
    pub directory: Arc<Directory>,
    pub buckets: Arc<BTreeMap<String, Arc<Bucket>>>,
    /// By ARN.
    pub keys: Arc<BTreeMap<String, Arc<Key>>>,
    /// The ARN of the key of every alias, by the alias's ARN. Several may be of one key.
    pub aliases: Arc<BTreeMap<String, String>>,
    /// What accounts have, and S3 Control reads and writes.
    pub control: Arc<Control>,
    /// What watches the account.
    pub watch: Arc<Watch>,
    /// What SSE-S3 encrypts with.
    pub s3_key: KeyMaterial,
    /// Grows with every write; makes version ids that sort.
    pub sequence: u64,
}

/// An IAM user as the engine sees it: with the policies of its groups.
#[derive(Debug)]
pub(super) struct User {
    pub arn: String,
    /// `AIDA...`
    pub id: String,
    pub policies: Vec<Document>,
    pub boundary: Option<Document>,
    pub tags: Vec<(String, String)>,
}

/// A bucket.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    pub config: Arc<gainsay_model::Bucket>,
    pub created: OffsetDateTime,
    /// Object Lock, where it is on: it is never turned off again.
    pub lock: Option<LockConfiguration>,
    /// Default encryption, which may name a key that nobody has: S3 does not look.
    pub default_encryption: DefaultEncryption,
    /// Whether that was configured, and not only how buckets are from the start.
    pub encryption_configured: bool,
    pub acl: AccessList,
    /// Its tags, which S3 and S3 Control both read and write.
    pub tags: Vec<(String, String)>,
    /// Configurations that are kept and read back, as they were sent: by the name of the operation
    /// that writes them, an inventory by that name and its id.
    pub settings: BTreeMap<(&'static str, String), Arc<str>>,
    /// Configurations that were deleted and whose reads say so, by the name of the operation that
    /// writes them.
    pub deleted: BTreeSet<&'static str>,
    /// Versions of each key, oldest first.
    pub objects: BTreeMap<String, Vec<Arc<Version>>>,
    pub uploads: BTreeMap<String, Arc<Upload>>,
    /// Uploads that were completed, by id.
    pub finished_uploads: BTreeMap<String, Arc<FinishedUpload>>,
}

/// Default encryption as it was configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum DefaultEncryption {
    /// With keys that S3 manages.
    S3,
    /// With a KMS key as it was written: an ARN, an id or an alias; nothing is the AWS managed key.
    Kms { key: Option<String>, bucket_key: bool, dual_layer: bool },
}

impl From<&gainsay_model::DefaultEncryption> for DefaultEncryption {
    fn from(declared: &gainsay_model::DefaultEncryption) -> Self {
        match declared {
            gainsay_model::DefaultEncryption::S3 => Self::S3,
            gainsay_model::DefaultEncryption::Kms { key, bucket_key, dual_layer } => Self::Kms {
                key: key.as_ref().map(|key| key.arn.clone()),
                bucket_key: *bucket_key,
                dual_layer: *dual_layer,
            },
        }
    }
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
pub(super) struct Content {
    pub etag: String,
    pub size: u64,
    /// One piece, or one for each part it was uploaded in.
    pub body: Vec<Sealed>,
    pub encryption: Encryption,
    pub checksum: Option<Sum>,
    /// The number and the checksum of each part it was uploaded in, where they have any of their
    /// own that answers show.
    pub part_checksums: Vec<(i32, Sum)>,
    pub headers: System,
    pub metadata: BTreeMap<String, String>,
    pub tags: Vec<(String, String)>,
    /// One of S3's names.
    pub storage_class: &'static str,
    pub lock: Lock,
    /// Whether a copy of an archived object can be read.
    pub restored: bool,
    /// By name.
    pub annotations: BTreeMap<String, Annotation>,
    pub acl: AccessList,
}

/// Object Lock of a bucket.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LockConfiguration {
    pub default: Option<DefaultRetention>,
}

/// What every new version is retained for.
#[derive(Clone, Copy, Debug)]
pub(super) struct DefaultRetention {
    pub mode: LockMode,
    pub period: u32,
    /// In days otherwise.
    pub in_years: bool,
}

/// The modes of a retention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LockMode {
    /// Those who may can shorten it.
    Governance,
    /// Nobody can.
    Compliance,
}

/// Until when a version is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Retention {
    pub mode: LockMode,
    pub until: OffsetDateTime,
}

/// What keeps a version from being removed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lock {
    pub retention: Option<Retention>,
    /// The legal hold; nothing where it was never set, which is not the same as off.
    pub hold: Option<bool>,
}

/// What HTTP says of a body, kept and given back.
#[derive(Clone, Debug, Default)]
pub(super) struct System {
    pub content_type: Option<String>,
    pub cache_control: Option<String>,
    pub content_disposition: Option<String>,
    pub content_encoding: Option<String>,
    pub content_language: Option<String>,
    pub expires: Option<s3s::dto::Timestamp>,
    pub website_redirect: Option<String>,
}

/// A named payload of a version.
#[derive(Clone, Debug)]
pub(super) struct Annotation {
    pub etag: String,
    pub size: usize,
    pub body: Sealed,
    pub modified: OffsetDateTime,
}

/// How a version is encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Encryption {
    /// With keys that S3 manages.
    S3,
    /// With a KMS key.
    Kms {
        key: String,
        bucket_key: bool,
        dual_layer: bool,
        /// The caller's own pairs of the encryption context.
        pairs: Arc<BTreeMap<String, String>>,
    },
    /// With a key that the caller holds (SSE-C).
    Customer {
        /// Of the key, in base 64.
        md5: String,
    },
}

/// A multipart upload. Its encryption was chosen when it was created.
#[derive(Clone, Debug)]
pub(super) struct Upload {
    pub key: String,
    pub started: OffsetDateTime,
    pub encryption: Encryption,
    pub headers: System,
    pub metadata: BTreeMap<String, String>,
    pub tags: Vec<(String, String)>,
    pub storage_class: &'static str,
    pub lock: Lock,
    pub acl: AccessList,
    /// The algorithm of its checksums, and whether they are put together from those of the parts.
    pub checksum: Option<(&'static str, bool)>,
    /// The condition keys of the encryption, which every later step of the upload has, too.
    pub encryption_keys: Vec<(&'static str, String)>,
    /// By number; the bodies are sealed as objects are.
    pub parts: BTreeMap<i32, Part>,
    pub initiator: Initiator,
    /// Whether there was an object of its key when it was created.
    pub existed: bool,
}

/// Who created an upload, as listings name it.
#[derive(Clone, Debug)]
pub(super) struct Initiator {
    pub id: String,
    pub name: String,
}

/// A part of an upload.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub etag: String,
    pub size: u64,
    pub body: Sealed,
    pub md5: [u8; 16],
    pub checksum: Option<Sum>,
    pub modified: OffsetDateTime,
}

impl World {
    /// The world an environment describes, before anything has happened in it.
    pub(super) fn new(environment: &Environment, access_key: &str) -> Self {
        let now = OffsetDateTime::now_utc();
        let mut keys: BTreeMap<String, Arc<Key>> = environment
            .keys
            .iter()
            .map(|key| {
                let (arn, id) = (key.arn.clone(), key.id.clone());
                let made = now - time::Duration::days(key.age.into());
                let base = Key::new(
                    &environment.region,
                    arn,
                    id,
                    key.account.clone(),
                    key.policy.clone(),
                    made,
                );
                let rotation = key
                    .rotation
                    .map(|days| Rotation { days, next: now + time::Duration::days(days.into()) });
                let primary = key.multi_region.then(|| environment.region.clone());
                (key.arn.clone(), Arc::new(Key { rotation, primary, ..base }))
            })
            .collect();
        let mut aliases: BTreeMap<String, String> = environment
            .keys
            .iter()
            .filter_map(|key| Some((key.alias_arn()?, key.arn.clone())))
            .collect();
        let accounts =
            environment.buckets.iter().map(|bucket| &bucket.account).chain([&environment.account]);
        for account in accounts {
            if let Some(key) = aws_managed_key(account, &environment.region, now) {
                aliases.insert(
                    alias_arn(&environment.region, account, MANAGED_ALIAS),
                    key.arn.clone(),
                );
                keys.entry(key.arn.clone()).or_insert_with(|| Arc::new(key));
            }
        }
        let buckets = environment
            .buckets
            .iter()
            .map(|bucket| (bucket.name.clone(), Arc::new(Bucket::new(bucket.clone(), now))));
        let mut world = Self {
            ahead: Duration::ZERO,
            account: environment.account.clone(),
            region: environment.region.clone(),
            organizations: environment.organizations.clone(),
            users: Arc::default(),
            access_keys: Arc::default(),
            directory: Arc::default(),
            roles: Arc::new(
                environment.roles.iter().map(|role| (role.arn.clone(), role.clone())).collect(),
            ),
            buckets: Arc::new(buckets.collect()),
            keys: Arc::new(keys),
            aliases: Arc::new(aliases),
            control: Arc::new(Control::of(environment)),
            watch: Arc::new(Watch::of(environment)),
            s3_key: KeyMaterial::generate(),
            sequence: 0,
        };
        world.add_principals(environment, access_key);
        world
    }

    /// The sandbox's time.
    pub(super) fn now(&self) -> OffsetDateTime {
        OffsetDateTime::from(SystemTime::now() + self.ahead)
    }

    /// A bucket to be changed.
    pub(super) fn bucket_mut(&mut self, name: &str) -> Option<&mut Bucket> {
        Arc::make_mut(&mut self.buckets).get_mut(name).map(Arc::make_mut)
    }

    /// The accounts of which anything is known here.
    pub(super) fn accounts(&self) -> Vec<String> {
        let users = self.users.keys().filter_map(|arn| arn.split(':').nth(4));
        let buckets = self.buckets.values().map(|bucket| bucket.config.account.as_str());
        let roles = self.roles.values().map(|role| role.account.as_str());
        let all: BTreeSet<&str> =
            users.chain(buckets).chain(roles).chain([self.account.as_str()]).collect();
        all.into_iter().map(str::to_owned).collect()
    }

    /// The next number of the sequence.
    pub(super) fn next(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    /// The key that a text names for a caller of `account` in a Region: an ARN, an id, an alias or
    /// an alias's ARN. An ARN is resolved even if there is no such key: policies are evaluated on
    /// it before KMS is asked.
    pub(super) fn resolve_key(&self, text: &str, account: &str, region: &str) -> Option<String> {
        if let Some(rest) = text.strip_prefix("arn:aws:kms:") {
            return match rest.split(':').nth(2) {
                Some(resource) if resource.starts_with("key/") => Some(text.to_owned()),
                Some(resource) if resource.starts_with("alias/") => self.aliases.get(text).cloned(),
                _ => None,
            };
        }
        if text.starts_with("alias/") {
            return self.aliases.get(&alias_arn(region, account, text)).cloned();
        }
        self.key_by(|key| key.account == account && key.region == region && key.id == text)
    }

    /// The AWS managed key `aws/s3` of an account.
    pub(super) fn managed_key(&self, account: &str) -> Option<String> {
        self.key_by(|key| key.managed && key.account == account)
    }

    /// A key that is there.
    pub(super) fn key(&self, arn: &str) -> Option<&Arc<Key>> {
        self.keys.get(arn).filter(|key| key.exists(self.now()))
    }

    /// A key to be changed.
    pub(super) fn key_mut(&mut self, arn: &str) -> Option<&mut Key> {
        Arc::make_mut(&mut self.keys).get_mut(arn).map(Arc::make_mut)
    }

    /// The names of a key's aliases.
    pub(super) fn aliases_of(&self, key: &str) -> impl Iterator<Item = &str> {
        self.aliases
            .iter()
            .filter(move |(_, target)| *target == key)
            .filter_map(|(alias, _)| alias.splitn(6, ':').last())
    }

    fn key_by(&self, test: impl Fn(&Key) -> bool) -> Option<String> {
        self.keys.values().find(|key| test(key)).map(|key| key.arn.clone())
    }
}

impl Bucket {
    /// An empty bucket.
    pub(super) fn new(config: Arc<gainsay_model::Bucket>, created: OffsetDateTime) -> Self {
        let settings = config.settings.iter();
        let settings = settings
            .map(|setting| ((setting.kind.put, setting.id.clone()), setting.text.clone()))
            .collect();
        Self {
            default_encryption: DefaultEncryption::from(&config.encryption),
            encryption_configured: !matches!(
                config.encryption,
                gainsay_model::DefaultEncryption::S3
            ),
            config,
            created,
            lock: None,
            acl: AccessList::default(),
            tags: Vec::new(),
            settings,
            deleted: BTreeSet::new(),
            objects: BTreeMap::new(),
            uploads: BTreeMap::new(),
            finished_uploads: BTreeMap::new(),
        }
    }

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
            versions.retain(|version| version.id != NULL_VERSION);
        }
        versions.push(Arc::new(version));
    }
}

/// The version id of what is written without versioning.
pub(super) const NULL_VERSION: &str = "null";

/// The alias of the AWS managed key of S3.
const MANAGED_ALIAS: &str = "alias/aws/s3";

/// The ARN of an alias.
pub(super) fn alias_arn(region: &str, account: &str, alias: &str) -> String {
    format!("arn:aws:kms:{region}:{account}:{alias}")
}

/// The key `aws/s3` of an account.
fn aws_managed_key(account: &str, region: &str, now: OffsetDateTime) -> Option<Key> {
    let key = gainsay_model::aws_managed_key(account, region)?;
    // AWS managed keys are rotated every year.
    let (days, next) = (365, now + time::Duration::days(365));
    Some(Key {
        managed: true,
        rotation: Some(Rotation { days, next }),
        ..Key::new(region, key.arn, key.id, key.account, key.policy, now)
    })
}
