//! What S3 Control holds: things of accounts rather than of buckets.

use std::collections::BTreeMap;

use gainsay_model::{Document, Environment, PublicAccessBlock, xml::Element};
use time::OffsetDateTime;

use super::grants::Permission;

/// Everything of S3 Control, by account.
#[derive(Clone, Debug, Default)]
pub(crate) struct Control {
    pub(super) jobs: BTreeMap<(String, String), Job>,
    pub(super) access_points: BTreeMap<(String, String), AccessPoint>,
    pub public_access: BTreeMap<String, PublicAccessBlock>,
    pub(super) instances: BTreeMap<String, Instance>,
}

impl Control {
    /// What an environment says of its account.
    pub fn of(environment: &Environment) -> Self {
        let block = environment.block_public_access;
        Self {
            public_access: block
                .into_iter()
                .map(|block| (environment.account.clone(), block))
                .collect(),
            ..Self::default()
        }
    }

    /// The access point that the name of a bucket in a request stands for: by its alias, or by what
    /// its host name begins with, `NAME-ACCOUNT`
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-naming.html>).
    pub fn access_point_named(&self, name: &str) -> Option<&AccessPoint> {
        let named = name.rsplit_once('-').and_then(|(point, account)| {
            self.access_points.get(&(account.to_owned(), point.to_owned()))
        });
        named.or_else(|| {
            let aliased = name
                .ends_with(ALIAS)
                .then(|| self.access_points.values().find(|point| point.alias == name));
            aliased.flatten()
        })
    }

    /// Whether a bucket has access points.
    pub fn has_access_points(&self, bucket: &str) -> bool {
        self.access_points.values().any(|point| point.bucket == bucket)
    }
}

/// A job of Batch Operations. It is kept, and does nothing.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub request: Element,
    pub operation: String,
    pub created: OffsetDateTime,
}

/// What the alias of every access point ends with.
pub(super) const ALIAS: &str = "-s3alias";

/// An access point.
#[derive(Clone, Debug)]
pub(crate) struct AccessPoint {
    pub account: String,
    pub name: String,
    pub bucket: String,
    pub bucket_account: String,
    pub vpc: Option<String>,
    pub public_access: PublicAccessBlock,
    pub policy: Option<Document>,
    pub alias: String,
    pub created: OffsetDateTime,
}

/// The Access Grants instance of an account.
#[derive(Clone, Debug)]
pub(super) struct Instance {
    pub created: OffsetDateTime,
    pub locations: Vec<Location>,
    pub grants: Vec<AccessGrant>,
}

/// A location that grants may be on, with the role whose sessions are handed out for it.
#[derive(Clone, Debug)]
pub(super) struct Location {
    pub id: String,
    pub scope: String,
    /// By its ARN.
    pub role: String,
}

/// A grant of Access Grants.
#[derive(Clone, Debug)]
pub(super) struct AccessGrant {
    pub id: String,
    /// The id of its location.
    pub location: String,
    /// The location's scope with the grant's own prefix, and a `*`.
    pub scope: String,
    /// The ARN of a role or user.
    pub grantee: String,
    pub permission: Permission,
}

impl AccessGrant {
    /// Whether another is the same but for its id.
    pub(super) fn same(&self, other: &Self) -> bool {
        (&self.location, &self.scope, &self.grantee, self.permission)
            == (&other.location, &other.scope, &other.grantee, other.permission)
    }
}
