//! The parameters a request may have and the fields an answer is read into: one table each.
//!
//! The scenario format, its JSON Schema, the checks of `resolve`, the difference between an attempt
//! and its witness and the `aws` command in a failure all come from these two tables.

use std::{fmt, net::IpAddr};

use crate::{
    files::yaml::{Located, OneOrMany, Written},
    range::Range,
};

/// What a parameter's text means. The kind decides how it is resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A role by its logical name, or `anonymous`.
    Principal,
    /// A bucket by its logical name.
    Bucket,
    /// A KMS key by its logical name, or a fixture made by kms:CreateKey; `.id`, `.alias`,
    /// `.alias_arn` choose how it is sent (its ARN otherwise).
    Key,
    /// A role by its logical name, as the target of a call.
    Role,
    /// A trail by its logical name.
    Trail,
    /// A fixture, as a whole.
    Fixture,
    /// One or more fixtures.
    Fixtures,
    /// Text, with `{variables}`.
    Text,
    /// One or more texts; none of them may hold a comma.
    Texts,
    /// `true` or `false`.
    Bool,
    /// One of a few words.
    Word(&'static [&'static str]),
    /// Some of a few words.
    Words(&'static [&'static str]),
    /// A text of a form, known before the run.
    Formed(Form),
    /// A number of seconds (`90s`), minutes (`15m`) or hours (`1h`).
    Duration,
}

/// The form of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The id of a VPC endpoint, or `none`.
    Endpoint,
    /// The id of a VPC.
    Vpc,
    /// An address of either version of IP.
    Address,
}

impl Form {
    /// Whether a text has the form.
    #[must_use]
    pub fn has(self, text: &str) -> bool {
        match self {
            Self::Endpoint => text == NO_ENDPOINT || is_resource_id(text, "vpce-"),
            Self::Vpc => is_resource_id(text, "vpc-"),
            Self::Address => text.parse::<IpAddr>().is_ok(),
        }
    }

    /// How it is written.
    #[must_use]
    pub const fn example(self) -> &'static str {
        match self {
            Self::Endpoint => {
                "write the id of a VPC endpoint, as `vpce-0a1b2c3d4e5f60718`, or `none`"
            }
            Self::Vpc => "write the id of a VPC, as `vpc-0a1b2c3d4e5f60718`",
            Self::Address => "write one address, as `203.0.113.7` or `2001:db8::7`",
        }
    }
}

/// The word of a request that comes through no VPC endpoint.
pub(super) const NO_ENDPOINT: &str = "none";

/// Whether a text is an id of EC2's: 8 or 17 hexadecimal digits
/// (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html>).
fn is_resource_id(text: &str, prefix: &str) -> bool {
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let digits = |rest: &str| [8, 17].contains(&rest.len()) && rest.bytes().all(digit);
    text.strip_prefix(prefix).is_some_and(digits)
}

/// What a parameter is about. An attempt whose difference from its base request lies in one of
/// these alone has that request as both witnesses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Facet {
    /// Who asks.
    Principal,
    /// What is acted on.
    Target,
    /// How the object is to be encrypted.
    Encryption,
    /// How the request travels and is authenticated.
    Transport,
    /// Who may read the object.
    Acl,
    /// What is copied.
    Source,
    /// What is written or asked for.
    Content,
}

macro_rules! params {
    ($($(#[doc = $doc:literal])+ $variant:ident $field:ident $name:literal : $kind:expr, $facet:ident;)+) => {
        /// A parameter of a request.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Param { $($(#[doc = $doc])+ $variant,)+ }

        impl Param {
            /// Every parameter, in the order of declaration.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name in a scenario.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What its text means.
            #[must_use]
            pub const fn kind(self) -> Kind {
                match self { $(Self::$variant => $kind,)+ }
            }

            /// What it is about.
            #[must_use]
            pub const fn facet(self) -> Facet {
                match self { $(Self::$variant => Facet::$facet,)+ }
            }
        }

        /// A request, or a part of one, as it is written.
        #[derive(Clone, Debug, Default, serde::Deserialize, schemars::JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct RawRequest {
            /// The API operations to call; each is a test of its own.
            #[serde(default, rename = "do")]
            #[schemars(with = "OneOrMany<String>")]
            pub operations: OneOrMany<Located<String>>,
            $(
                $(#[doc = $doc])+
                #[serde(default, rename = $name)]
                #[schemars(with = "OneOrMany<String>")]
                pub $field: Written<OneOrMany<Located<String>>>,
            )+
        }

        impl RawRequest {
            /// The parameters that are written.
            pub fn params(&self) -> impl Iterator<Item = (Param, &[Located<String>])> {
                [$((Param::$variant, &self.$field),)+]
                    .into_iter()
                    .filter_map(|(param, values)| values.0.as_ref().map(|values| (param, values.0.as_slice())))
            }
        }
    };
}

/// What a grant on a symmetric key can allow:
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html>.
const GRANT_OPERATIONS: &[&str] = &[
    "Decrypt",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
    "CreateGrant",
    "RetireGrant",
    "DescribeKey",
];

params! {
    /// Who asks: a role of the environment by name, or `anonymous`.
    As r#as "as": Kind::Principal, Principal;
    /// The bucket, by its name in the environment.
    Bucket bucket "bucket": Kind::Bucket, Target;
    /// The object's key.
    Key key "key": Kind::Text, Target;
    /// The version id of the object.
    Version version "version": Kind::Text, Target;
    /// The multipart upload: a fixture made by s3:CreateMultipartUpload.
    Upload upload "upload": Kind::Fixture, Target;
    /// The parts of a multipart upload: fixtures made by s3:UploadPart.
    Parts parts "parts": Kind::Fixtures, Content;
    /// The number of the part to upload.
    PartNumber part_number "part_number": Kind::Text, Content;
    /// The object to copy: a fixture.
    CopySource copy_source "copy_source": Kind::Fixture, Source;
    /// The body to write. A few fixed bytes are written where none is given.
    Body body "body": Kind::Text, Content;
    /// The x-amz-server-side-encryption header.
    Encryption encryption "encryption": Kind::Word(&["AES256", "aws:kms", "aws:kms:dsse"]), Encryption;
    /// The KMS key to encrypt with, by its name in the environment.
    KmsKey kms_key "kms_key": Kind::Key, Encryption;
    /// Whether an S3 Bucket Key is asked for.
    BucketKey bucket_key "bucket_key": Kind::Bool, Encryption;
    /// Encrypt with a key that the customer provides (SSE-C).
    CustomerKey customer_key "customer_key": Kind::Bool, Encryption;
    /// The canned ACL.
    Acl acl "acl": Kind::Word(&["private", "public-read", "public-read-write", "authenticated-read", "bucket-owner-full-control"]), Acl;
    /// Tags of an object or a KMS key, as `a=1&b=2`.
    Tags tags "tags": Kind::Text, Content;
    /// Only keys that begin so are listed, or granted.
    Prefix prefix "prefix": Kind::Text, Content;
    /// `https` (the default) or `http`.
    Transport transport "transport": Kind::Word(&["https", "http"]), Transport;
    /// `new` (the default), or `old` for the session from before the clock was moved with
    /// `advance`.
    Session session "session": Kind::Word(&["new", "old"]), Transport;
    /// Send the request as a presigned URL that is valid this long.
    Presigned presigned "presigned": Kind::Duration, Transport;
    /// How long ago the presigned URL was signed.
    SignedAgo signed_ago "signed_ago": Kind::Duration, Transport;
    /// The VPC endpoint that the request comes through, `vpce-...`, or `none`. Only on the sandbox
    /// a request can say where it comes from.
    SourceVpce source_vpce "source_vpce": Kind::Formed(Form::Endpoint), Transport;
    /// The VPC that the request comes from through an endpoint, `vpc-...`.
    SourceVpc source_vpc "source_vpc": Kind::Formed(Form::Vpc), Transport;
    /// The address that the request comes from: a public one, unless it comes through a VPC
    /// endpoint.
    SourceIp source_ip "source_ip": Kind::Formed(Form::Address), Transport;
    /// The KMS key to call, by its name in the environment.
    KeyId key_id "key_id": Kind::Key, Target;
    /// The KMS key that what is re-encrypted is under, by its name in the environment.
    SourceKey source_key "source_key": Kind::Key, Target;
    /// What to decrypt: a fixture made by kms:Encrypt, kms:ReEncrypt or kms:GenerateDataKey.
    Ciphertext ciphertext "ciphertext": Kind::Fixture, Content;
    /// The encryption context, as `a=1&b=2`.
    EncryptionContext encryption_context "encryption_context": Kind::Text, Content;
    /// Ask KMS whether the call would succeed, without doing it.
    DryRun dry_run "dry_run": Kind::Bool, Content;
    /// Ask about the permission alone, without a ciphertext; together with `dry_run: true`.
    IgnoreCiphertext ignore_ciphertext "ignore_ciphertext": Kind::Bool, Content;
    /// The alias of a KMS key, with its `alias/`.
    Alias alias "alias": Kind::Text, Target;
    /// The grant: a fixture made by kms:CreateGrant. Where KMS takes a token, its token is sent.
    Grant grant "grant": Kind::Fixture, Content;
    /// The role that a grant, on a key or of S3 Access Grants, is to.
    Grantee grantee "grantee": Kind::Role, Content;
    /// The role that may retire a grant.
    RetiringPrincipal retiring_principal "retiring_principal": Kind::Role, Content;
    /// What a grant allows: one or more of the operations that grants have.
    GrantOperations grant_operations "grant_operations": Kind::Words(GRANT_OPERATIONS), Content;
    /// The encryption context that a grant asks for, exactly: `a=1&b=2`.
    ContextEquals context_equals "context_equals": Kind::Text, Content;
    /// The pairs that a grant asks for in the encryption context: `a=1&b=2`.
    ContextSubset context_subset "context_subset": Kind::Text, Content;
    /// After how many days a KMS key is to be deleted: 7 to 30.
    PendingDays pending_days "pending_days": Kind::Text, Content;
    /// Put a key policy although the caller may not be able to put the next one.
    BypassLockoutCheck bypass_lockout_check "bypass_lockout_check": Kind::Bool, Content;
    /// Keys of tags, as `a,b`.
    TagKeys tag_keys "tag_keys": Kind::Texts, Content;
    /// The role to assume, by its name in the environment.
    Role role "role": Kind::Role, Target;
    /// The external id to present to the role's trust policy.
    ExternalId external_id "external_id": Kind::Text, Content;
    /// Session tags to pass, as `a=1&b=2`.
    SessionTags session_tags "session_tags": Kind::Text, Content;
    /// Keys of session tags that later sessions inherit.
    TransitiveTags transitive_tags "transitive_tags": Kind::Texts, Content;
    /// The session policy to pass: a JSON document, its braces doubled.
    SessionPolicy session_policy "session_policy": Kind::Text, Content;
    /// The source identity to set.
    SourceIdentity source_identity "source_identity": Kind::Text, Content;
    /// How long the session is to last; fifteen minutes where nothing is said.
    Duration duration "duration": Kind::Duration, Content;
    /// The storage class.
    StorageClass storage_class "storage_class": Kind::Word(&["STANDARD", "GLACIER"]), Content;
    /// The name of an annotation.
    Annotation annotation "annotation": Kind::Text, Content;
    /// The bucket to replicate to, by its name in the environment.
    Destination destination "destination": Kind::Bucket, Content;
    /// The configuration or policy to write, as the AWS CLI takes it, in JSON, its braces doubled;
    /// what the environment declares if it is not given, or one that changes nothing.
    Document document "document": Kind::Text, Content;
    /// The trail, by its name in the environment.
    Trail trail "trail": Kind::Trail, Target;
    /// The name of the access point.
    AccessPoint access_point "access_point": Kind::Text, Target;
    /// The job: a fixture made by s3:CreateJob.
    Job job "job": Kind::Fixture, Target;
    /// The location of Access Grants: a fixture made by s3:CreateAccessGrantsLocation.
    Location location "location": Kind::Fixture, Target;
    /// What Access Grants is asked for or grants; `READ` where nothing is said.
    Permission permission "permission": Kind::Word(&["READ", "WRITE", "READWRITE"]), Content;
}

impl fmt::Display for Param {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How far the parameters go that are numbers: days, and seconds of a duration.
const RANGES: &[(Param, Range)] = &[
    (
        Param::PendingDays,
        Range::new(
            7,
            30,
            "https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html",
        ),
    ),
    (
        Param::PartNumber,
        Range::new(
            1,
            10_000,
            "https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html",
        ),
    ),
    (
        Param::Duration,
        Range::new(
            900,
            43_200,
            "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html",
        ),
    ),
];

impl Param {
    /// Those that say which network a request comes from.
    pub const NETWORK: [Self; 3] = [Self::SourceVpce, Self::SourceVpc, Self::SourceIp];

    /// What it may sensibly be, where it is a number.
    #[must_use]
    pub fn range(self) -> Option<&'static Range> {
        RANGES.iter().find(|(param, _)| *param == self).map(|(_, range)| range)
    }

    /// The parameter of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|param| param.as_str() == name)
    }
}

macro_rules! fields {
    ($($(#[doc = $doc:literal])+ $variant:ident $field:ident : $kind:expr;)+) => {
        /// A field of a successful answer that an expectation may name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Field { $($(#[doc = $doc])+ $variant,)+ }

        impl Field {
            /// The name in a scenario.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => stringify!($field),)+ }
            }

            /// What an expected text means.
            #[must_use]
            pub const fn kind(self) -> Kind {
                match self { $(Self::$variant => $kind,)+ }
            }
        }

        /// What a successful answer must say.
        #[derive(Clone, Debug, Default, serde::Deserialize, schemars::JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct RawExpect {
            $(
                $(#[doc = $doc])+
                #[serde(default)]
                #[schemars(with = "OneOrMany<String>")]
                pub $field: Written<OneOrMany<Located<String>>>,
            )+
        }

        impl RawExpect {
            /// The fields that are written.
            pub fn fields(&self) -> impl Iterator<Item = (Field, &[Located<String>])> {
                [$((Field::$variant, &self.$field),)+]
                    .into_iter()
                    .filter_map(|(field, values)| values.0.as_ref().map(|values| (field, values.0.as_slice())))
            }
        }
    };
}

fields! {
    /// The server-side encryption the answer reports.
    Encryption encryption: Kind::Word(&["AES256", "aws:kms", "aws:kms:dsse"]);
    /// The KMS key the answer reports.
    KmsKey kms_key: Kind::Key;
    /// Whether the answer reports an S3 Bucket Key.
    BucketKey bucket_key: Kind::Bool;
    /// The version id the answer reports.
    Version version: Kind::Text;
    /// The body that was read.
    Body body: Kind::Text;
    /// The version ids that were listed, newest first.
    Versions versions: Kind::Text;
    /// The keys that were listed.
    Keys keys: Kind::Text;
    /// The upload id of a multipart upload.
    UploadId upload_id: Kind::Text;
    /// The entity tag.
    Etag etag: Kind::Text;
    /// The ciphertext, in base64.
    Ciphertext ciphertext: Kind::Text;
    /// The ARN the answer names: a key, or the caller.
    Arn arn: Kind::Text;
    /// The id of a KMS key.
    Id id: Kind::Text;
    /// The tags, as `a=1&b=2`.
    Tags tags: Kind::Text;
    /// The state of a KMS key.
    KeyState key_state: Kind::Text;
    /// The id of a grant.
    GrantId grant_id: Kind::Text;
    /// The token of a grant.
    GrantToken grant_token: Kind::Text;
    /// The ids of the grants that were listed.
    Grants grants: Kind::Text;
    /// The aliases that were listed.
    Aliases aliases: Kind::Text;
    /// Whether a KMS key is rotated.
    Rotation rotation: Kind::Bool;
    /// The id of a job of Batch Operations.
    JobId job_id: Kind::Text;
    /// The id of a location of Access Grants.
    LocationId location_id: Kind::Text;
    /// The status of a job.
    JobStatus job_status: Kind::Text;
    /// A policy, as it is stored.
    Policy policy: Kind::Text;
    /// Whether a trail records.
    Logging logging: Kind::Bool;
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
