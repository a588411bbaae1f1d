//! What the names of an environment stand for: their own accounts, ARNs and ids, or those they are
//! bound to.

use super::{
    super::raw::RawOrganization, Code, Diagnostic, Located, MemberNames, Names, RawBucket, RawKey,
    RawRole, RawTrail, Resolver, key_id,
};
use crate::files::{BoundKey, BoundRole};

impl Resolver<'_> {
    /// The account of a role, bucket or key: the environment's own, or another by name.
    pub(super) fn account(&self, name: Option<&Located<String>>) -> Result<String, Diagnostic> {
        let Some(name) = name else {
            return Ok(self.own_account().to_owned());
        };
        if let Some(bound) = self.bindings.and_then(|bindings| bindings.accounts.get(&name.value)) {
            return Ok(bound.clone());
        }
        self.raw.accounts.get(&name.value).map(|id| id.value.clone()).ok_or_else(|| {
            Diagnostic::new(Code::UnknownName, format!("no account is called `{}`", name.value))
                .at(self.source, name.span.clone())
                .help("add it under `accounts:`, with its id")
                .suggest(&name.value, self.raw.accounts.names())
        })
    }

    pub(super) fn own_account(&self) -> &str {
        self.bindings.map_or(&self.raw.account.value, |bindings| &bindings.account)
    }

    pub(super) fn region(&self) -> &str {
        self.bindings.map_or(&self.raw.region.value, |bindings| &bindings.region)
    }

    pub(super) fn bound_role(&self, name: &str) -> Option<&BoundRole> {
        self.bindings?.roles.get(name)
    }

    pub(super) fn bound_key(&self, name: &str) -> Option<&BoundKey> {
        self.bindings?.keys.get(name)
    }

    pub(super) fn role_arn(&self, name: &str, role: &RawRole) -> Result<String, Diagnostic> {
        match self.bound_role(name) {
            Some(bound) => Ok(bound.arn.clone()),
            None => {
                Ok(format!("arn:aws:iam::{}:role/{name}", self.account(role.account.as_ref())?))
            }
        }
    }

    pub(super) fn key_arn(&self, name: &str, key: &RawKey) -> Result<String, Diagnostic> {
        if let Some(bound) = self.bound_key(name) {
            return Ok(bound.arn.clone());
        }
        let account = self.account(key.account.as_ref())?;
        Ok(format!("arn:aws:kms:{}:{account}:key/{}", self.region(), key_id(name, key)))
    }

    pub(super) fn key_id(&self, name: &str, key: &RawKey) -> String {
        self.bound_key(name).map_or_else(|| key_id(name, key), |bound| bound.id.clone())
    }

    pub(super) fn bucket_name(&self, name: &str, bucket: &RawBucket) -> String {
        let bound = self.bindings.and_then(|bindings| bindings.buckets.get(name));
        bound.unwrap_or(&bucket.name.value).clone()
    }

    pub(super) fn trail_arn(&self, name: &str, trail: &RawTrail) -> String {
        let bound = self.bindings.and_then(|bindings| bindings.trails.get(name));
        bound.cloned().unwrap_or_else(|| {
            let (region, account) = (self.region(), self.own_account());
            format!("arn:aws:cloudtrail:{region}:{account}:trail/{}", trail.name.value)
        })
    }

    pub(super) fn caller_arn(&self) -> String {
        match self.bindings.and_then(|bindings| bindings.caller.as_ref()) {
            Some(caller) => caller.clone(),
            None => {
                format!("arn:aws:iam::{}:user/{}", self.own_account(), self.raw.caller.user.value)
            }
        }
    }

    /// Everything a policy template may name.
    pub(super) fn collect_names(&mut self) {
        let raw = self.raw;
        let mut names = Names::new();
        names.insert("account".into(), self.own_account().to_owned());
        names.insert("region".into(), self.region().to_owned());
        names.insert("caller.arn".into(), self.caller_arn());
        for (name, id) in &raw.accounts.0 {
            let id = self.account(Some(name)).unwrap_or_else(|_| id.value.clone());
            names.insert(format!("accounts.{}", name.value), id);
        }
        if let Some(RawOrganization::Of(membership)) = &raw.organization {
            names.insert("organization.id".into(), membership.id.value.clone());
        }
        for (name, role) in &raw.roles.0 {
            match self.role_arn(&name.value, role) {
                Ok(arn) => _ = names.insert(format!("role.{}.arn", name.value), arn),
                Err(problem) => self.problems.push(problem),
            }
        }
        for (name, bucket) in &raw.buckets.0 {
            let bound = self.bucket_name(&name.value, bucket);
            names.insert(format!("bucket.{}.arn", name.value), format!("arn:aws:s3:::{bound}"));
            names.insert(format!("bucket.{}.name", name.value), bound);
        }
        for (name, key) in &raw.keys.0 {
            names.insert(format!("key.{}.id", name.value), self.key_id(&name.value, key));
            match self.key_arn(&name.value, key) {
                Ok(arn) => _ = names.insert(format!("key.{}.arn", name.value), arn),
                Err(problem) => self.problems.push(problem),
            }
        }
        for (name, trail) in &raw.trails.0 {
            names.insert(format!("trail.{}.arn", name.value), self.trail_arn(&name.value, trail));
        }
        self.members = MemberNames::of(raw, &names);
        self.names = names;
    }
}
