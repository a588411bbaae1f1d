//! Bindings: which real account, roles, buckets and keys the names of an environment stand for.
//!
//! They replace names, ARNs and accounts where the environment is resolved, before anything is
//! filled into a policy, so scenarios, requests and documents all see the bound ones.

use std::collections::{BTreeMap, BTreeSet};

use gainsay_model::Source;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Environment,
    syntax::{is_account, is_bucket_name, is_region},
};
use crate::files::{
    diag::{Code, Diagnostic, Diagnostics},
    yaml::{Entries, Located, present},
};

/// `bindings.yaml` as it is written.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "gainsay bindings")]
pub struct RawBindings {
    /// The account the caller must be in, 12 digits in quotes. It is verified before anything else.
    pub account: Located<String>,
    /// The Region; the environment's own where nothing is said.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub region: Option<Located<String>>,
    /// The profile whose credentials assume the roles; the default chain where nothing is said.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub profile: Option<Located<String>>,
    /// Other accounts, by their name in the environment.
    #[serde(default)]
    pub accounts: Entries<Located<String>>,
    /// The roles, by their name in the environment.
    #[serde(default)]
    pub roles: Entries<RawBoundRole>,
    /// The buckets, by their name in the environment.
    #[serde(default)]
    pub buckets: Entries<RawBoundBucket>,
    /// The KMS keys, by their name in the environment.
    #[serde(default)]
    pub keys: Entries<RawBoundKey>,
    /// The trails, by their name in the environment.
    #[serde(default)]
    pub trails: Entries<RawBoundTrail>,
    /// The role, by its name in the environment, that removes the versions and uploads that a run
    /// has made, and looks at what a refused change has left: it lists versions and uploads.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub cleanup: Option<Located<String>>,
    /// The buckets, by their name in the environment, in which objects below a key with the run's
    /// id may be written and deleted. Attempts that would write elsewhere are skipped.
    #[serde(default)]
    pub may_write: Vec<Located<String>>,
}

/// A role.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawBoundRole {
    /// Its ARN.
    pub arn: Located<String>,
    /// The external id its trust policy asks for; the environment's where nothing is said.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub external_id: Option<Located<String>>,
    /// The profile whose credentials assume it; the caller's where nothing is said.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub source_profile: Option<Located<String>>,
    /// The tags of its sessions; the environment's where nothing is said.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "std::collections::BTreeMap<String, String>")]
    pub session_tags: Option<Entries<Located<String>>>,
    /// The role, by its name in the environment, whose session assumes it; the environment's where
    /// nothing is said.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub via: Option<Located<String>>,
}

/// A bucket.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawBoundBucket {
    /// Its name in S3.
    pub name: Located<String>,
}

/// A KMS key.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawBoundKey {
    /// Its ARN.
    pub arn: Located<String>,
    /// Its alias, beginning with `alias/`; the environment's where nothing is said.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub alias: Option<Located<String>>,
}

/// A trail.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawBoundTrail {
    /// Its ARN.
    pub arn: Located<String>,
}

/// What the names of an environment stand for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bindings {
    /// The account.
    pub account: String,
    /// The Region.
    pub region: String,
    /// Who assumes the roles, where it is known.
    pub caller: Option<String>,
    /// Whose credentials assume the roles.
    pub profile: Option<String>,
    /// Other accounts, by name.
    pub accounts: BTreeMap<String, String>,
    /// Roles, by name.
    pub roles: BTreeMap<String, BoundRole>,
    /// Names of buckets, by name in the environment.
    pub buckets: BTreeMap<String, String>,
    /// Keys, by name.
    pub keys: BTreeMap<String, BoundKey>,
    /// ARNs of trails, by name in the environment.
    pub trails: BTreeMap<String, String>,
    /// The role that removes what a run has made; without one, the caller does.
    pub cleanup: Option<String>,
    /// Where objects may be written.
    pub may_write: BTreeSet<String>,
}

/// A role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BoundRole {
    /// Its ARN.
    pub arn: String,
    /// The account it is in.
    pub account: String,
    /// Its external id, where it is not the environment's.
    pub external_id: Option<String>,
    /// Whose credentials assume it, where it is not the caller.
    pub source_profile: Option<String>,
    /// The tags of its sessions, where they are not the environment's.
    pub session_tags: Option<Vec<(String, String)>>,
    /// The role whose session assumes it, where it is not the environment's.
    pub via: Option<String>,
}

/// A key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundKey {
    /// Its ARN.
    pub arn: String,
    /// The account it is in.
    pub account: String,
    /// Its id.
    pub id: String,
    /// Its alias, where it is not the environment's.
    pub alias: Option<String>,
}

impl Bindings {
    /// Checks bindings against the environment they are for.
    ///
    /// # Errors
    /// Every name the environment does not have, and every value that cannot be one.
    pub fn resolve(
        source: &Source,
        raw: &RawBindings,
        environment: &Environment,
    ) -> Result<Self, Diagnostics> {
        let mut check = Check { source, problems: Diagnostics::default() };
        let bindings = check.bindings(raw, environment);
        if check.problems.is_empty() { Ok(bindings) } else { Err(check.problems) }
    }
}

struct Check<'a> {
    source: &'a Source,
    problems: Diagnostics,
}

impl Check<'_> {
    fn bindings(&mut self, raw: &RawBindings, environment: &Environment) -> Bindings {
        let region = raw
            .region
            .as_ref()
            .map_or(&environment.deployed.region, |region| &region.value)
            .clone();
        if let Some(written) = raw.region.as_ref().filter(|_| !is_region(&region)) {
            self.bad(written, format!("`{region}` is not a Region"), "write it as `eu-west-1`");
        }
        for account in std::iter::once(&raw.account).chain(raw.accounts.0.iter().map(|(_, id)| id))
        {
            if !is_account(&account.value) {
                let help = "an account id has 12 digits; write it in quotes";
                self.bad(account, format!("`{}` is not an account id", account.value), help);
            }
        }
        let accounts: Vec<&str> =
            environment.deployed.accounts.iter().map(|(name, _)| name.as_str()).collect();
        let roles: Vec<&str> =
            environment.deployed.roles.iter().map(|role| role.name.as_str()).collect();
        let buckets: Vec<&str> =
            environment.deployed.buckets.iter().map(|bucket| bucket.logical.as_str()).collect();
        let keys = environment.deployed.keys.iter().chain(&environment.deployed.managed_key);
        let keys: Vec<&str> = keys.map(|key| key.name.as_str()).collect();
        self.known("account", raw.accounts.0.iter().map(|(name, _)| name), &accounts);
        self.known("role", raw.roles.0.iter().map(|(name, _)| name).chain(&raw.cleanup), &roles);
        self.known(
            "bucket",
            raw.buckets.0.iter().map(|(name, _)| name).chain(&raw.may_write),
            &buckets,
        );
        self.known("key", raw.keys.0.iter().map(|(name, _)| name), &keys);
        let trails: Vec<&str> =
            environment.deployed.trails.iter().map(|trail| trail.logical.as_str()).collect();
        self.known("trail", raw.trails.0.iter().map(|(name, _)| name), &trails);
        self.trails(raw);
        if let Some(cleanup) = raw.cleanup.as_ref().filter(|name| {
            raw.roles.get(&name.value).is_none() && roles.contains(&name.value.as_str())
        }) {
            self.bad(
                cleanup,
                format!("`{}` cleans up and is not bound", cleanup.value),
                "add it under `roles:`",
            );
        }
        self.known("role", raw.roles.0.iter().filter_map(|(_, role)| role.via.as_ref()), &roles);
        self.check_chains(raw, environment);
        let bound_roles = raw
            .roles
            .0
            .iter()
            .filter_map(|(name, role)| Some((name.value.clone(), self.role(role)?)));
        let bound_roles = bound_roles.collect();
        let bound_keys = raw
            .keys
            .0
            .iter()
            .filter_map(|(name, key)| Some((name.value.clone(), self.key(key, &region)?)));
        let bound_keys = bound_keys.collect();
        self.buckets(raw);
        self.unique(&raw.keys.0.iter().map(|(_, key)| &key.arn).collect::<Vec<_>>());
        self.unique(&raw.roles.0.iter().map(|(_, role)| &role.arn).collect::<Vec<_>>());
        let text = |written: &Option<Located<String>>| {
            written.as_ref().map(|written| written.value.clone())
        };
        let named = raw
            .buckets
            .0
            .iter()
            .map(|(name, bucket)| (name.value.clone(), bucket.name.value.clone()));
        Bindings {
            account: raw.account.value.clone(),
            region,
            caller: None,
            profile: text(&raw.profile),
            accounts: raw
                .accounts
                .0
                .iter()
                .map(|(name, id)| (name.value.clone(), id.value.clone()))
                .collect(),
            roles: bound_roles,
            buckets: named.collect(),
            keys: bound_keys,
            trails: raw
                .trails
                .0
                .iter()
                .map(|(name, trail)| (name.value.clone(), trail.arn.value.clone()))
                .collect(),
            cleanup: text(&raw.cleanup),
            may_write: raw.may_write.iter().map(|name| name.value.clone()).collect(),
        }
    }

    /// What is wrong with the ARNs of the trails.
    fn trails(&mut self, raw: &RawBindings) {
        for (_, trail) in raw.trails.0.iter().filter(|(_, trail)| !is_trail(&trail.arn.value)) {
            let help = "write it as `arn:aws:cloudtrail:eu-west-1:111122223333:trail/name`";
            self.bad(&trail.arn, format!("`{}` is not the ARN of a trail", trail.arn.value), help);
        }
        self.unique(&raw.trails.0.iter().map(|(_, trail)| &trail.arn).collect::<Vec<_>>());
    }

    /// What is wrong with the names of the buckets.
    fn buckets(&mut self, raw: &RawBindings) {
        for (_, bucket) in
            raw.buckets.0.iter().filter(|(_, bucket)| !is_bucket_name(&bucket.name.value))
        {
            let help = "3 to 63 of a-z, 0-9, `-`, beginning and ending with a letter or digit";
            self.bad(&bucket.name, format!("`{}` is not a bucket name", bucket.name.value), help);
        }
        let names = raw.buckets.0.iter().map(|(_, bucket)| &bucket.name);
        self.unique(&names.collect::<Vec<_>>());
    }

    /// A role is assumed by way of another or with a profile, and never by way of itself.
    fn check_chains(&mut self, raw: &RawBindings, environment: &Environment) {
        let via = |name: &str| {
            let bound = raw
                .roles
                .get(name)
                .and_then(|role| role.via.as_ref())
                .map(|via| via.value.as_str());
            bound.or_else(|| environment.session(name)?.via.as_deref())
        };
        for (name, role) in &raw.roles.0 {
            let mut chain = std::iter::successors(via(&name.value), |at| via(at))
                .take(environment.deployed.roles.len());
            if let Some(written) = role.via.as_ref().filter(|_| chain.any(|at| at == name.value)) {
                let help = "remove one `via` of the circle: the caller assumes that role";
                self.bad(
                    written,
                    format!("`{}` would be assumed by way of itself", name.value),
                    help,
                );
            }
            if let Some(profile) =
                role.source_profile.as_ref().filter(|_| via(&name.value).is_some())
            {
                let help = "write the profile for the role that begins the chain";
                self.bad(
                    profile,
                    format!(
                        "`{}` is assumed by way of another role, not with a profile",
                        name.value
                    ),
                    help,
                );
            }
        }
    }

    fn bad(&mut self, at: &Located<String>, message: String, help: &str) {
        let problem = Diagnostic::new(Code::BadValue, message).at(self.source, at.span.clone());
        self.problems.push(problem.help(help));
    }

    /// Two names for one thing would make an attempt its own witness.
    fn unique(&mut self, values: &[&Located<String>]) {
        for (index, value) in values.iter().enumerate() {
            if values.iter().take(index).any(|earlier| earlier.value == value.value) {
                self.problems.push(
                    Diagnostic::new(
                        Code::DuplicateName,
                        format!("`{}` is bound twice", value.value),
                    )
                    .at(self.source, value.span.clone())
                    .help("two names of the environment must stand for two things"),
                );
            }
        }
    }

    fn known<'n>(
        &mut self,
        what: &str,
        written: impl Iterator<Item = &'n Located<String>>,
        names: &[&str],
    ) {
        for name in written.filter(|name| !names.contains(&name.value.as_str())) {
            self.problems.push(
                Diagnostic::new(
                    Code::UnknownName,
                    format!("the environment has no {what} called `{}`", name.value),
                )
                .at(self.source, name.span.clone())
                .help("remove it, or add it to the environment")
                .suggest(&name.value, names.iter().copied()),
            );
        }
    }

    fn role(&mut self, raw: &RawBoundRole) -> Option<BoundRole> {
        let parts: Vec<&str> = raw.arn.value.splitn(6, ':').collect();
        let account = match parts.as_slice() {
            ["arn", _, "iam", "", account, role]
                if is_account(account) && is_path(role, "role/") =>
            {
                (*account).to_owned()
            }
            _ => {
                let help = "write it as `arn:aws:iam::111122223333:role/name`";
                self.bad(&raw.arn, format!("`{}` is not the ARN of a role", raw.arn.value), help);
                return None;
            }
        };
        Some(BoundRole {
            arn: raw.arn.value.clone(),
            account,
            external_id: raw.external_id.as_ref().map(|id| id.value.clone()),
            source_profile: raw.source_profile.as_ref().map(|profile| profile.value.clone()),
            session_tags: raw.session_tags.as_ref().map(|tags| {
                let tags =
                    tags.0.iter().map(|(key, value)| (key.value.clone(), value.value.clone()));
                tags.collect()
            }),
            via: raw.via.as_ref().map(|via| via.value.clone()),
        })
    }

    fn key(&mut self, raw: &RawBoundKey, region: &str) -> Option<BoundKey> {
        if let Some(alias) = raw.alias.as_ref().filter(|alias| !is_path(&alias.value, "alias/")) {
            self.bad(
                alias,
                format!("`{}` is not an alias", alias.value),
                "write it as `alias/name`",
            );
        }
        let parts: Vec<&str> = raw.arn.value.splitn(6, ':').collect();
        match parts.as_slice() {
            ["arn", _, "kms", place, account, key]
                if is_account(account) && is_path(key, "key/") =>
            {
                if *place != region {
                    let help = "the key, its bucket and the calls are in one Region";
                    self.bad(&raw.arn, format!("`{}` is not in `{region}`", raw.arn.value), help);
                }
                Some(BoundKey {
                    arn: raw.arn.value.clone(),
                    account: (*account).to_owned(),
                    id: key.trim_start_matches("key/").to_owned(),
                    alias: raw.alias.as_ref().map(|alias| alias.value.clone()),
                })
            }
            _ => {
                let help = "write it as `arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab`";
                self.bad(&raw.arn, format!("`{}` is not the ARN of a key", raw.arn.value), help);
                None
            }
        }
    }
}

fn is_trail(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    matches!(parts.as_slice(), ["arn", _, "cloudtrail", region, account, trail]
        if is_region(region) && is_account(account) && is_path(trail, "trail/"))
}

/// `prefix` and a name after it, of characters that an ARN may hold.
fn is_path(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|name| {
        !name.is_empty()
            && !name.ends_with('/')
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/+=,.@_-".contains(&byte))
    })
}
