//! What is deployed in an account.

use std::{collections::BTreeSet, sync::Arc};

use gainsay_iam::Organizations;

use crate::{AWS_MANAGED_KEY, Bucket, Document, Key, Monitoring, PublicAccessBlock, Role, Trail};

/// What is deployed in an account, by logical names.
#[derive(Debug)]
pub struct Environment {
    /// The account id.
    pub account: String,
    /// The Region.
    pub region: String,
    /// Block Public Access of the account, where it says anything.
    pub block_public_access: Option<PublicAccessBlock>,
    /// Names and ids of other accounts.
    pub accounts: Vec<(String, String)>,
    /// Which organization each of the accounts is in, as far as it is said.
    pub organizations: Arc<Organizations>,
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
        let mut seen = BTreeSet::new();
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

    /// The key of a name; `aws/s3` is the AWS managed one.
    #[must_use]
    pub fn key(&self, name: &str) -> Option<&Arc<Key>> {
        let managed = self.managed_key.as_ref().filter(|_| name == AWS_MANAGED_KEY);
        managed.or_else(|| self.keys.iter().find(|key| key.name == name))
    }
}
