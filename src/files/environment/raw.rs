//! An environment file as it is written.

use schemars::JsonSchema;
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};

use crate::files::yaml::{Entries, Located, present};

/// What is deployed: for the sandbox with its full configuration, for an account by the same
/// logical names.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "gainsay environment")]
pub struct RawEnvironment {
    /// What the architecture is, in one sentence.
    pub environment: Located<String>,
    /// The account, 12 digits in quotes.
    pub account: Located<String>,
    /// The Region.
    pub region: Located<String>,
    /// Other accounts, by a name of their own.
    #[serde(default)]
    pub accounts: Entries<Located<String>>,
    /// The organization that the accounts are in, or `none`. Where nothing is said, what a policy
    /// asks of it is not known.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "RawOrganization")]
    pub organization: Option<RawOrganization>,
    /// Block Public Access of the account; all four are off where nothing is said.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "RawPublicAccess")]
    pub block_public_access: Option<RawPublicAccess>,
    /// Who assumes the roles.
    pub caller: RawCaller,
    /// The roles, by logical name.
    #[serde(default)]
    pub roles: Entries<RawRole>,
    /// The buckets, by logical name.
    #[serde(default)]
    pub buckets: Entries<RawBucket>,
    /// The KMS keys, by logical name.
    #[serde(default)]
    pub keys: Entries<RawKey>,
    /// Alike things of which a member is one entry, by the collection's name.
    #[serde(default)]
    pub collections: Entries<RawCollection>,
    /// The trails, by logical name.
    #[serde(default)]
    pub trails: Entries<RawTrail>,
    /// The file of what else watches the account: metric filters, alarms, analyzers, recorders and
    /// Macie, in JSON as the API answers with them.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub monitoring: Option<Located<String>>,
}

/// The organization: `none`, or which one and who is in it.
#[derive(Clone, Debug)]
pub enum RawOrganization {
    /// The accounts are in none.
    None,
    /// They, or some of them, are in this one.
    Of(RawMembership),
}

/// An organization and its members.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawMembership {
    /// Its id: `o-a1b2c3d4e5`.
    pub id: Located<String>,
    /// Where each member is, as `o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/`, by the account's name
    /// under `accounts`; `account` is the environment's own. Every other account is in no
    /// organization.
    pub paths: Entries<Located<String>>,
}

impl<'de> Deserialize<'de> for RawOrganization {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // A choice by node kind, as for `OneOrMany`: serde's `untagged` would lose the places.
        struct Node;
        impl<'de> Visitor<'de> for Node {
            type Value = RawOrganization;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("`none` or a mapping")
            }

            fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Self::Value, E> {
                match word {
                    "none" => Ok(RawOrganization::None),
                    other => Err(E::unknown_variant(other, &["none"])),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                RawMembership::deserialize(MapAccessDeserializer::new(map)).map(RawOrganization::Of)
            }
        }
        deserializer.deserialize_any(Node)
    }
}

impl JsonSchema for RawOrganization {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "RawOrganization".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "anyOf": [{ "const": "none" }, generator.subschema_for::<RawMembership>()] })
    }
}

/// A trail.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawTrail {
    /// The name in `CloudTrail`.
    pub name: Located<String>,
    /// The file of its configuration: JSON as the API answers with it.
    pub config: Located<String>,
}

/// A collection: what every member has, and the members.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawCollection {
    /// What every member has.
    pub template: RawTemplate,
    /// The members: each has a `name` and whatever fields the template and the scenarios speak of.
    pub members: Vec<Entries<Located<String>>>,
}

/// What every member of a collection has, under the member's own name. `{field}` is a field of the
/// member's entry; policies may name `{{member.role.arn}}` and the like.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawTemplate {
    /// A role.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "RawRole")]
    pub role: Option<RawRole>,
    /// A KMS key.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "RawKey")]
    pub key: Option<RawKey>,
    /// A bucket.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "RawBucket")]
    pub bucket: Option<RawBucket>,
}

/// The IAM user whose credentials assume the roles. In an account it is whoever runs gainsay.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawCaller {
    /// The user's name.
    pub user: Located<String>,
    /// Identity policies.
    #[serde(default)]
    pub policies: Vec<Located<String>>,
}

/// A role.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawRole {
    /// The account it is in, by its name under `accounts`; the environment's own otherwise.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub account: Option<Located<String>>,
    /// The trust policy.
    pub trust: Located<String>,
    /// The external id its trust policy asks for.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub external_id: Option<Located<String>>,
    /// Identity policies.
    #[serde(default)]
    pub policies: Vec<Located<String>>,
    /// The permissions boundary.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub boundary: Option<Located<String>>,
    /// Tags of the role.
    #[serde(default)]
    pub tags: Entries<Located<String>>,
    /// Session tags with which it is assumed.
    #[serde(default)]
    pub session_tags: Entries<Located<String>>,
    /// The role whose session assumes it, in place of the caller.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub via: Option<Located<String>>,
    /// How long its sessions may last, in seconds; 3600 where nothing is said.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub max_session_duration: Option<Located<String>>,
}

/// A bucket.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawBucket {
    /// The name in S3.
    pub name: Located<String>,
    /// The account it is in; the environment's own otherwise.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub account: Option<Located<String>>,
    /// `enabled`, `suspended`, or left out for never enabled.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub versioning: Option<Located<String>>,
    /// Default encryption. S3 encrypts with AES256 where nothing is said.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "RawEncryption")]
    pub encryption: Option<RawEncryption>,
    /// Object Ownership; `BucketOwnerEnforced` where nothing is said.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub ownership: Option<Located<String>>,
    /// Block Public Access; all four are on where nothing is said.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "RawPublicAccess")]
    pub block_public_access: Option<RawPublicAccess>,
    /// The bucket policy.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub policy: Option<Located<String>>,
    /// Further configurations: `lifecycle`, `logging` or `inventory`, each with the file of its XML
    /// document.
    #[serde(default)]
    pub settings: Entries<Located<String>>,
    /// What services of AWS deliver to the bucket, besides what trails, access logging and
    /// inventories of the environment say. `gainsay lint` warns where a policy would refuse it.
    #[serde(default)]
    pub deliveries: Vec<RawDelivery>,
}

/// A delivery of a service of AWS to a bucket.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawDelivery {
    /// What is delivered: `cloudtrail`, `server-access-logs`, `inventory`, `config`,
    /// `alb-access-logs`, `vpc-flow-logs` or `replication`.
    pub by: Located<String>,
    /// What the keys of delivered objects begin with.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub prefix: Option<Located<String>>,
    /// The bucket that is replicated.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub from: Option<Located<String>>,
    /// The role that replicates.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub role: Option<Located<String>>,
}

/// Default encryption of a bucket.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawEncryption {
    /// `AES256`, `aws:kms` or `aws:kms:dsse`.
    pub algorithm: Located<String>,
    /// The KMS key, by its logical name.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub key: Option<Located<String>>,
    /// Whether an S3 Bucket Key is used.
    #[serde(default)]
    pub bucket_key: bool,
    /// Encryption types that are blocked; `SSE-C` where nothing is said, as on every new bucket;
    /// `NONE` unblocks.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Vec<String>")]
    pub blocked: Option<Vec<Located<String>>>,
}

/// Block Public Access of a bucket.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "the four settings of the API")]
pub struct RawPublicAccess {
    /// Refuse public ACLs.
    pub block_public_acls: bool,
    /// Ignore public ACLs.
    pub ignore_public_acls: bool,
    /// Refuse public bucket policies.
    pub block_public_policy: bool,
    /// Let a public policy grant to the bucket's account and to services only.
    pub restrict_public_buckets: bool,
}

/// A KMS key: symmetric, for encryption and decryption.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawKey {
    /// The key id: a UUID, of which a multi-Region key makes its own. Made from the key's name
    /// where nothing is said.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub id: Option<Located<String>>,
    /// The account it is in; the environment's own otherwise.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub account: Option<Located<String>>,
    /// The alias, beginning with `alias/`.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub alias: Option<Located<String>>,
    /// The key policy.
    pub policy: Located<String>,
    /// After how many days the key is rotated, 90 to 2560; never where nothing is said.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub rotation: Option<Located<String>>,
    /// Whether it is a multi-Region key, of which this is the primary.
    #[serde(default)]
    pub multi_region: bool,
    /// How many days ago the key was made; now where nothing is said. Only the sandbox can make one
    /// that is older.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub age: Option<Located<String>>,
}

impl RawRole {
    /// Every text that may speak of a member.
    pub(super) fn texts(&mut self) -> Vec<&mut Located<String>> {
        let Self {
            account,
            trust,
            external_id,
            policies,
            boundary,
            tags,
            session_tags,
            via,
            max_session_duration,
        } = self;
        let tags = tags.0.iter_mut().chain(&mut session_tags.0).map(|(_, value)| value);
        let options =
            [account, external_id, boundary, via, max_session_duration].into_iter().flatten();
        std::iter::once(trust).chain(policies).chain(options).chain(tags).collect()
    }
}

impl RawBucket {
    /// Every text that may speak of a member.
    pub(super) fn texts(&mut self) -> Vec<&mut Located<String>> {
        let key = self.encryption.as_mut().and_then(|encryption| encryption.key.as_mut());
        let settings = self.settings.0.iter_mut().map(|(_, file)| file);
        let deliveries = self.deliveries.iter_mut().flat_map(|delivery| {
            let RawDelivery { by: _, prefix, from, role } = delivery;
            [prefix, from, role].into_iter().flatten()
        });
        [Some(&mut self.name), self.account.as_mut(), self.policy.as_mut(), key]
            .into_iter()
            .flatten()
            .chain(settings)
            .chain(deliveries)
            .collect()
    }
}

impl RawKey {
    /// Every text that may speak of a member.
    pub(super) fn texts(&mut self) -> Vec<&mut Located<String>> {
        let Self { id, account, alias, policy, rotation, multi_region: _, age } = self;
        [id, account, alias, rotation, age].into_iter().flatten().chain([policy]).collect()
    }
}
