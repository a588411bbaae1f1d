//! Policies that requests store: read, and refused as AWS refuses them, by the tables of
//! [`gainsay_iam::put`].

use std::{collections::BTreeSet, sync::Arc};

use gainsay_iam::{
    Policy, PolicyKind,
    put::{AwsError, Put, document_error, refusals},
};
use gainsay_model::{Document, Source};

use super::{
    identity::{Directory, Kind},
    state::World,
};

/// The principals that are known here.
pub(super) struct KnownPrincipals {
    directory: Arc<Directory>,
    /// The accounts all of whose users and roles are known.
    accounts: BTreeSet<String>,
}

impl KnownPrincipals {
    pub(super) fn of(world: &World) -> Self {
        let accounts =
            world.directory.entities.values().map(|entity| entity.account.clone()).collect();
        Self { directory: world.directory.clone(), accounts }
    }

    /// Whether there is an account, a user or a role. Of an account of which nothing is known here
    /// everything is taken to exist; so are sessions, and the roles that are linked to services,
    /// which nobody makes here.
    fn exists(&self, name: &str) -> bool {
        let parts: Vec<&str> = name.splitn(6, ':').collect();
        let ["arn", _, "iam", "", account, resource] = parts.as_slice() else { return true };
        if !self.accounts.contains(*account) || resource.starts_with("role/aws-service-role/") {
            return true;
        }
        let found = self.directory.entities.get(name);
        found.is_some_and(|entity| matches!(entity.kind, Kind::User | Kind::Role))
    }
}

/// Reads a policy that a request stores; `bucket` is the bucket it becomes the policy of.
pub(super) fn read(
    kind: PolicyKind,
    text: &str,
    name: &str,
    known: &KnownPrincipals,
    bucket: Option<&str>,
) -> Result<Document, AwsError> {
    let policy =
        Policy::from_text(kind, text).map_err(|problem| document_error(kind, text, &problem))?;
    let exists = |name: &str| known.exists(name);
    let found = refusals(&policy, &Put { bucket, exists: Some(&exists) });
    // Whether a key's policy locks out is asked with the whole world in view, and may be bypassed.
    if let Some(refusal) = found.into_iter().find(|refusal| refusal.rule != "key-policy-lockout") {
        return Err(refusal.error);
    }
    Ok(Document::new(Source::new(name, text.to_owned()), policy, text.to_owned()))
}
