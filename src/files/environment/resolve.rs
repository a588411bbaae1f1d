//! From the environment as written to the environment as meant. Every problem is reported at once.

mod names;

use std::sync::Arc;

use gainsay_iam::PolicyKind;
use gainsay_model::{
    Bucket, Caller, DefaultEncryption, Document, Key, Monitoring, Ownership, PublicAccessBlock,
    Role, Setting, Source, Trail, Versioning, aws_managed_key,
};

use super::{
    Collection, Environment, Member,
    collection::{self, MemberNames},
    deliveries, monitoring, organization, policy,
    raw::{
        RawBucket, RawCollection, RawEncryption, RawEnvironment, RawKey, RawRole, RawTemplate,
        RawTrail,
    },
    sessions::{self, SessionSettings},
    settings,
    template::{self, Names, TemplateNames},
};
use crate::files::{
    Bindings, Folder,
    diag::{Code, Diagnostic, Diagnostics},
    syntax::{bad_name, is_account, is_bucket_name, is_name, is_region},
    yaml::{Entries, Located},
};

/// Resolves an environment; policy paths are looked up in `folder`.
///
/// # Errors
/// Every name, value, path and policy that is wrong.
pub fn resolve(
    source: &Source,
    raw: &RawEnvironment,
    folder: &Folder,
) -> Result<Environment, Diagnostics> {
    resolve_bound(source, raw, folder, None)
}

/// Resolves an environment whose names stand for what bindings say.
///
/// # Errors
/// Every name, value, path, policy and binding that is wrong.
pub fn resolve_bound(
    source: &Source,
    raw: &RawEnvironment,
    folder: &Folder,
    bindings: Option<&Bindings>,
) -> Result<Environment, Diagnostics> {
    let raw = &collection::expand(source, raw)?;
    let mut resolver = Resolver {
        source,
        raw,
        folder,
        bindings,
        names: Names::new(),
        members: MemberNames::default(),
        problems: Diagnostics::default(),
    };
    resolver.check_values();
    if resolver.problems.has_errors() {
        // These values are filled into the policies, where they would only be complained about
        // again.
        return Err(resolver.problems);
    }
    resolver.collect_names();
    let environment = resolver.environment();
    match environment {
        Some(environment) if !resolver.problems.has_errors() => Ok(environment),
        _ => Err(resolver.problems),
    }
}

struct Resolver<'a> {
    source: &'a Source,
    raw: &'a RawEnvironment,
    folder: &'a Folder,
    bindings: Option<&'a Bindings>,
    names: Names,
    members: MemberNames,
    problems: Diagnostics,
}

impl Resolver<'_> {
    fn problem(&mut self, diagnostic: Diagnostic, at: &Located<String>) {
        self.problems.push(diagnostic.at(self.source, at.span.clone()));
    }

    fn check_values(&mut self) {
        let raw = self.raw;
        let accounts = std::iter::once(&raw.account).chain(raw.accounts.0.iter().map(|(_, id)| id));
        for id in accounts {
            if !is_account(&id.value) {
                self.problem(
                    Diagnostic::new(Code::BadValue, format!("`{}` is not an account id", id.value))
                        .help("an account id has 12 digits; write it in quotes"),
                    id,
                );
            }
        }
        let region = &raw.region;
        if !is_region(&region.value) {
            self.problem(
                Diagnostic::new(Code::BadValue, format!("`{}` is not a Region", region.value))
                    .help("write it as `eu-west-1`"),
                region,
            );
        }
        let roles = raw.roles.0.iter().map(|(name, _)| name);
        let trails = raw.trails.0.iter().map(|(name, _)| name);
        for logical in roles.chain(raw.buckets.0.iter().map(|(name, _)| name)).chain(trails) {
            if !is_name(&logical.value) {
                self.problem(bad_name(&logical.value), logical);
            }
        }
        for (name, _) in raw.roles.0.iter().filter(|(name, _)| name.value == "anonymous") {
            self.problem(
                Diagnostic::new(
                    Code::BadValue,
                    "`anonymous` is who asks without credentials, so it cannot be a role",
                )
                .help("give it another name"),
                name,
            );
        }
        for (_, bucket) in &raw.buckets.0 {
            if !is_bucket_name(&bucket.name.value) {
                self.problem(
                    Diagnostic::new(
                        Code::BadValue,
                        format!("`{}` is not a bucket name", bucket.name.value),
                    )
                    .help("3 to 63 of a-z, 0-9, `-`, beginning and ending with a letter or digit"),
                    &bucket.name,
                );
            }
        }
        for (logical, key) in &raw.keys.0 {
            if !is_name(&logical.value) {
                self.problem(bad_name(&logical.value), logical);
            }
            if let Some(id) = &key.id
                && uuid::Uuid::try_parse(&id.value).is_err()
            {
                self.problem(
                    Diagnostic::new(Code::BadValue, format!("`{}` is not a key id", id.value))
                        .help("write a UUID as `1234abcd-12ab-34cd-56ef-1234567890ab`"),
                    id,
                );
            }
            if let Some(alias) = &key.alias
                && (!alias.value.starts_with("alias/")
                    || alias.value.starts_with("alias/aws/")
                    || alias.value.len() < 7)
            {
                self.problem(
                    Diagnostic::new(
                        Code::BadValue,
                        format!("`{}` is not an alias of a customer managed key", alias.value),
                    )
                    .help("begin it with `alias/`; `alias/aws/` belongs to AWS"),
                    alias,
                );
            }
        }
        self.check_unique();
        for (problem, at) in sessions::check(raw) {
            self.problem(problem, at);
        }
        for (problem, at) in organization::check(raw) {
            self.problem(problem, at);
        }
    }

    /// Two things of one name in S3 or KMS could not both exist.
    fn check_unique(&mut self) {
        let raw = self.raw;
        let buckets: Vec<_> = raw.buckets.0.iter().map(|(_, bucket)| &bucket.name).collect();
        let ids: Vec<_> = raw.keys.0.iter().filter_map(|(_, key)| key.id.as_ref()).collect();
        for names in [buckets, ids] {
            for (index, name) in names.iter().enumerate() {
                if names.iter().take(index).any(|earlier| earlier.value == name.value) {
                    self.problem(
                        Diagnostic::new(
                            Code::DuplicateName,
                            format!("`{}` is used twice", name.value),
                        )
                        .help("give each its own"),
                        name,
                    );
                }
            }
        }
    }

    fn environment(&mut self) -> Option<Environment> {
        let raw = self.raw;
        let keys: Vec<Option<Arc<Key>>> =
            raw.keys.0.iter().map(|(name, key)| self.key(name, key).map(Arc::new)).collect();
        let known: Vec<Arc<Key>> = keys.iter().flatten().cloned().collect();
        let roles: Vec<_> =
            raw.roles.0.iter().map(|(name, role)| self.role(name, role).map(Arc::new)).collect();
        let buckets: Vec<_> = raw
            .buckets
            .0
            .iter()
            .map(|(name, bucket)| self.bucket(name, bucket, &known).map(Arc::new))
            .collect();
        let sessions: Vec<_> = raw
            .roles
            .0
            .iter()
            .map(|(name, role)| Some((name.value.clone(), self.session(name, role)?)))
            .collect();
        let policies = self.documents(PolicyKind::Identity, &raw.caller.policies, None);
        let (roles, buckets): (Vec<Arc<Role>>, Vec<Arc<Bucket>>) = (
            roles.into_iter().collect::<Option<_>>()?,
            buckets.into_iter().collect::<Option<_>>()?,
        );
        let keys: Vec<Arc<Key>> = keys.into_iter().collect::<Option<_>>()?;
        let trails: Vec<_> = raw
            .trails
            .0
            .iter()
            .map(|(name, trail)| self.trail(name, trail).map(Arc::new))
            .collect();
        let monitoring = match &raw.monitoring {
            Some(path) => self.monitoring(path)?,
            None => Monitoring::default(),
        };
        let collections = raw.collections.0.iter().map(|(name, written)| Collection {
            name: name.value.clone(),
            members: written
                .members
                .iter()
                .filter_map(|fields| member(written, fields, &roles, &keys, &buckets))
                .collect(),
        });
        let collections = collections.collect();
        let declared = deliveries::resolve(self.source, raw, &buckets, &roles);
        let declared = declared.map_err(|found| self.problems.extend(found)).ok()?;
        let deployed = gainsay_model::Environment {
            managed_key: self.managed_key(),
            account: self.own_account().to_owned(),
            region: self.region().to_owned(),
            accounts: self.accounts(),
            organizations: Arc::new(organization::resolve(raw, |name| self.account(name).ok())),
            caller: Caller { arn: self.caller_arn(), policies: policies? },
            roles,
            buckets,
            keys,
            block_public_access: raw.block_public_access.map(PublicAccessBlock::from),
            trails: trails.into_iter().collect::<Option<_>>()?,
            monitoring: Arc::new(monitoring),
        };
        Some(Environment {
            title: raw.environment.value.clone(),
            deployed,
            collections,
            sessions: sessions.into_iter().collect::<Option<_>>()?,
            declared_deliveries: declared,
        })
    }

    fn accounts(&self) -> Vec<(String, String)> {
        let names = self.raw.accounts.0.iter().map(|(name, _)| name);
        names
            .filter_map(|name| Some((name.value.clone(), self.account(Some(name)).ok()?)))
            .collect()
    }

    fn role(&mut self, name: &Located<String>, raw: &RawRole) -> Option<Role> {
        let of = Some(name.value.as_str());
        let trust = self.document(PolicyKind::TrustPolicy, &raw.trust, of);
        let policies = self.documents(PolicyKind::Identity, &raw.policies, of);
        let boundary =
            raw.boundary.as_ref().map(|path| self.document(PolicyKind::Boundary, path, of));
        let boundary = match boundary {
            Some(document) => Some(document?),
            None => None,
        };
        let bound = self.bound_role(&name.value).cloned();
        let bound = bound.as_ref();
        Some(Role {
            name: name.value.clone(),
            account: match bound {
                Some(bound) => bound.account.clone(),
                None => self.account(raw.account.as_ref()).ok()?,
            },
            arn: self.role_arn(&name.value, raw).ok()?,
            trust: trust?,
            policies: policies?,
            boundary,
            tags: self.tags(name, &raw.tags)?,
            max_session_duration: sessions::max_duration(raw).ok()?,
        })
    }

    /// How a role is assumed: what its binding says goes before what the environment says.
    fn session(&mut self, name: &Located<String>, raw: &RawRole) -> Option<SessionSettings> {
        let bound = self.bound_role(&name.value).cloned().unwrap_or_default();
        let written = |text: &Option<Located<String>>| text.as_ref().map(|text| text.value.clone());
        Some(SessionSettings {
            external_id: bound.external_id.or_else(|| written(&raw.external_id)),
            source_profile: bound.source_profile,
            session_tags: match bound.session_tags {
                Some(tags) => tags,
                None => self.tags(name, &raw.session_tags)?,
            },
            via: bound.via.or_else(|| written(&raw.via)),
        })
    }

    /// The tags of a role; `{{key.NAME.id}}` and the like are filled in as in policies.
    fn tags(
        &mut self,
        name: &Located<String>,
        raw: &Entries<Located<String>>,
    ) -> Option<Vec<(String, String)>> {
        let mut tags = Some(Vec::new());
        for (key, value) in &raw.0 {
            match template::text(&value.value, &self.known(Some(&name.value))) {
                Ok(text) => {
                    if let Some(tags) = &mut tags {
                        tags.push((key.value.clone(), text));
                    }
                }
                Err(unknown) => {
                    let problem = Diagnostic::new(Code::BadTemplate, unknown.to_string())
                        .suggest(unknown.written(), self.names.keys().map(String::as_str));
                    self.problem(problem, value);
                    tags = None;
                }
            }
        }
        tags
    }

    /// What a text of something of this name, which may be a collection's member, may speak of.
    fn known(&self, of: Option<&str>) -> TemplateNames<'_> {
        TemplateNames {
            names: &self.names,
            own: of.and_then(|name| self.members.own(name)),
            members: &self.members,
        }
    }

    /// The AWS managed key: of an account that is bound, the one it is bound to.
    fn managed_key(&self) -> Option<Arc<Key>> {
        let made = aws_managed_key(&self.raw.account.value, &self.raw.region.value)?;
        Some(Arc::new(match self.bound_key(&made.name) {
            Some(bound) => Key {
                arn: bound.arn.clone(),
                id: bound.id.clone(),
                account: bound.account.clone(),
                ..made
            },
            None => made,
        }))
    }

    fn key(&mut self, name: &Located<String>, raw: &RawKey) -> Option<Key> {
        let policy = self.document(PolicyKind::KeyPolicy, &raw.policy, Some(&name.value));
        let bound = self.bound_key(&name.value);
        let alias = bound.and_then(|bound| bound.alias.clone());
        Some(Key {
            name: name.value.clone(),
            id: self.key_id(&name.value, raw),
            account: match bound {
                Some(bound) => bound.account.clone(),
                None => self.account(raw.account.as_ref()).ok()?,
            },
            arn: self.key_arn(&name.value, raw).ok()?,
            alias: alias.or_else(|| raw.alias.as_ref().map(|alias| alias.value.clone())),
            policy: policy?,
            rotation: self.rotation(raw),
            multi_region: raw.multi_region,
            age: self.age(raw),
        })
    }

    fn rotation(&mut self, raw: &RawKey) -> Option<u32> {
        let written = raw.rotation.as_ref()?;
        let days = settings::rotation(&written.value);
        days.map_err(|problem| self.problem(problem, written)).ok()
    }

    fn age(&mut self, raw: &RawKey) -> u32 {
        let Some(written) = &raw.age else { return 0 };
        let days = settings::age(&written.value);
        days.map_err(|problem| self.problem(problem, written)).unwrap_or_default()
    }

    fn setting(
        &mut self,
        kind: &Located<String>,
        path: &Located<String>,
        bucket: &str,
    ) -> Option<Setting> {
        let file = self.file(path)?;
        let setting = settings::read(kind, self.source, &file, &self.known(Some(bucket)));
        setting.map_err(|problem| self.problems.push(problem)).ok()
    }

    fn trail(&mut self, name: &Located<String>, raw: &RawTrail) -> Option<Trail> {
        Some(Trail {
            logical: name.value.clone(),
            name: raw.name.value.clone(),
            arn: self.trail_arn(&name.value, raw),
            config: self.monitoring(&raw.config)?,
        })
    }

    fn monitoring<T: serde::de::DeserializeOwned>(&mut self, path: &Located<String>) -> Option<T> {
        let file = self.file(path)?;
        let read = monitoring::read(&file, &self.known(None));
        read.map_err(|problem| self.problems.push(problem)).ok()
    }

    fn bucket(
        &mut self,
        logical: &Located<String>,
        raw: &RawBucket,
        keys: &[Arc<Key>],
    ) -> Option<Bucket> {
        let account = match self.account(raw.account.as_ref()) {
            Ok(account) => account,
            Err(problem) => {
                self.problems.push(problem);
                return None;
            }
        };
        let versioning = self.word(raw.versioning.as_ref(), Versioning::Off, &VERSIONING);
        let ownership =
            self.word(raw.ownership.as_ref(), Ownership::BucketOwnerEnforced, &OWNERSHIP);
        let encryption = match &raw.encryption {
            Some(encryption) => self.encryption(encryption, keys),
            None => Some(DefaultEncryption::S3),
        };
        let blocks_customer_keys = self.blocks_customer_keys(raw.encryption.as_ref());
        let policy = raw
            .policy
            .as_ref()
            .map(|path| self.document(PolicyKind::Bucket, path, Some(&logical.value)));
        let policy = match policy {
            Some(document) => Some(document?),
            None => None,
        };
        let settings =
            raw.settings.0.iter().map(|(kind, path)| self.setting(kind, path, &logical.value));
        let settings: Vec<_> = settings.collect();
        let settings = settings.into_iter().collect::<Option<Vec<_>>>()?;
        Some(Bucket {
            logical: logical.value.clone(),
            name: self.bucket_name(&logical.value, raw),
            account,
            versioning: versioning?,
            encryption: encryption?,
            blocks_customer_keys,
            ownership: ownership?,
            public_access: raw
                .block_public_access
                .map_or(PublicAccessBlock::ALL, PublicAccessBlock::from),
            policy,
            settings,
        })
    }

    /// SSE-C is blocked on every bucket made since April 2026:
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/blocking-unblocking-s3-c-encryption-gpb.html>.
    fn blocks_customer_keys(&mut self, raw: Option<&RawEncryption>) -> bool {
        let Some(blocked) = raw.and_then(|raw| raw.blocked.as_ref()) else {
            return true;
        };
        for word in blocked {
            if !["SSE-C", "NONE"].contains(&word.value.as_str()) {
                self.problem(
                    Diagnostic::new(Code::BadValue, format!("`{}` cannot be blocked", word.value))
                        .suggest(&word.value, ["SSE-C", "NONE"]),
                    word,
                );
            }
        }
        blocked.iter().any(|word| word.value == "SSE-C")
    }

    fn encryption(&mut self, raw: &RawEncryption, keys: &[Arc<Key>]) -> Option<DefaultEncryption> {
        let word = &raw.algorithm;
        let key = match &raw.key {
            None => None,
            Some(name) => {
                let found = keys.iter().find(|key| key.name == name.value).cloned();
                // A key that is declared and did not resolve has its own problem already.
                if found.is_none() && self.raw.keys.get(&name.value).is_none() {
                    self.problem(
                        Diagnostic::new(
                            Code::UnknownName,
                            format!("no key is called `{}`", name.value),
                        )
                        .suggest(&name.value, self.raw.keys.names()),
                        name,
                    );
                }
                Some(found?)
            }
        };
        match word.value.as_str() {
            "AES256" => {
                if let Some(name) = &raw.key {
                    self.problem(
                        Diagnostic::new(Code::BadValue, "a KMS key cannot be used with `AES256`")
                            .help("write `algorithm: aws:kms`"),
                        name,
                    );
                }
                Some(DefaultEncryption::S3)
            }
            "aws:kms" | "aws:kms:dsse" => Some(DefaultEncryption::Kms {
                key,
                bucket_key: raw.bucket_key,
                dual_layer: word.value == "aws:kms:dsse",
            }),
            other => {
                self.problem(
                    Diagnostic::new(
                        Code::BadValue,
                        format!("`{other}` is not an encryption algorithm"),
                    )
                    .suggest(other, ["AES256", "aws:kms", "aws:kms:dsse"]),
                    word,
                );
                None
            }
        }
    }

    fn word<T: Copy>(
        &mut self,
        raw: Option<&Located<String>>,
        default: T,
        words: &[(&str, T)],
    ) -> Option<T> {
        let Some(raw) = raw else { return Some(default) };
        let found = words.iter().find(|(word, _)| *word == raw.value).map(|(_, value)| *value);
        if found.is_none() {
            self.problem(
                Diagnostic::new(
                    Code::BadValue,
                    format!("`{}` is not a value of this key", raw.value),
                )
                .suggest(&raw.value, words.iter().map(|(word, _)| *word)),
                raw,
            );
        }
        found
    }

    fn documents(
        &mut self,
        kind: PolicyKind,
        paths: &[Located<String>],
        of: Option<&str>,
    ) -> Option<Vec<Document>> {
        let documents: Vec<_> = paths.iter().map(|path| self.document(kind, path, of)).collect();
        documents.into_iter().collect()
    }

    /// The file of a path, or nothing and the problem told.
    fn file(&mut self, path: &Located<String>) -> Option<Source> {
        match self.folder.file(&path.value) {
            Ok(source) => return Some(source.clone()),
            // A file that is there and no text shows its own place.
            Err(problem) if problem.place.is_some() => self.problems.push(problem),
            Err(problem) => self.problem(problem, path),
        }
        None
    }

    /// Reads a policy of something of this name, which may be a collection's member.
    fn document(
        &mut self,
        kind: PolicyKind,
        path: &Located<String>,
        of: Option<&str>,
    ) -> Option<Document> {
        let source = self.file(path)?;
        match policy::read(kind, &source, &self.known(of)) {
            Ok(document) => Some(document),
            Err(problem) => {
                // Several roles may have one policy; what is wrong with it is said once.
                let said =
                    |known: &Diagnostic| known.message == problem.message && known.shows(&source);
                if !self.problems.iter().any(said) {
                    self.problems.push(problem);
                }
                None
            }
        }
    }
}

const VERSIONING: [(&str, Versioning); 2] =
    [("enabled", Versioning::Enabled), ("suspended", Versioning::Suspended)];
const OWNERSHIP: [(&str, Ownership); 3] = [
    ("BucketOwnerEnforced", Ownership::BucketOwnerEnforced),
    ("BucketOwnerPreferred", Ownership::BucketOwnerPreferred),
    ("ObjectWriter", Ownership::ObjectWriter),
];

/// The id a key is given, or one that is the same whenever it is made from the same name.
fn key_id(name: &str, key: &RawKey) -> String {
    let id = match &key.id {
        Some(id) => id.value.clone(),
        None => uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, name.as_bytes()).to_string(),
    };
    // <https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html>.
    if key.multi_region { format!("mrk-{}", id.replace('-', "")) } else { id }
}

fn member(
    written: &RawCollection,
    fields: &Entries<Located<String>>,
    roles: &[Arc<Role>],
    keys: &[Arc<Key>],
    buckets: &[Arc<Bucket>],
) -> Option<Arc<Member>> {
    let RawTemplate { role, key, bucket } = &written.template;
    let name = fields.get("name")?.value.clone();
    Some(Arc::new(Member {
        role: role
            .is_some()
            .then(|| roles.iter().find(|role| role.name == name).cloned())
            .flatten(),
        key: key.is_some().then(|| keys.iter().find(|key| key.name == name).cloned()).flatten(),
        bucket: bucket
            .is_some()
            .then(|| buckets.iter().find(|bucket| bucket.logical == name).cloned())
            .flatten(),
        fields: fields
            .0
            .iter()
            .map(|(field, value)| (field.value.clone(), value.value.clone()))
            .collect(),
        name,
    }))
}
