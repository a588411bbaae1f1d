//! The parameters a request may have and the fields an answer is read into: one table each.
//!
//! The scenario format, its JSON Schema, the checks of `resolve`, the difference between an attempt and its witness and
//! the `aws` command in a failure all come from these two tables.

use std::fmt;

use crate::diag::{Located, yaml::OneOrMany, yaml::present};

/// What a parameter's text means. The kind decides how it is resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A role by its logical name, or `anonymous`.
    Principal,
    /// A bucket by its logical name.
    Bucket,
    /// A KMS key by its logical name; `.id`, `.alias`, `.alias_arn` choose how it is sent (its ARN otherwise).
    Key,
    /// A role by its logical name, as the target of a call.
    Role,
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
    /// A number of seconds (`90s`), minutes (`15m`) or hours (`1h`).
    Duration,
}

/// What a parameter is about. An attempt whose difference from its base request lies in one of these alone
/// has that request as both witnesses.
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
                #[serde(default, rename = $name, deserialize_with = "present")]
                #[schemars(with = "OneOrMany<String>")]
                pub $field: Option<OneOrMany<Located<String>>>,
            )+
        }

        impl RawRequest {
            /// The parameters that are written.
            pub fn params(&self) -> impl Iterator<Item = (Param, &[Located<String>])> {
                [$((Param::$variant, &self.$field),)+]
                    .into_iter()
                    .filter_map(|(param, values)| values.as_ref().map(|values| (param, values.0.as_slice())))
            }
        }
    };
}

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
    /// Object tags, as `a=1&b=2`.
    Tags tags "tags": Kind::Text, Content;
    /// Only keys that begin so are listed.
    Prefix prefix "prefix": Kind::Text, Content;
    /// `https` (the default) or `http`.
    Transport transport "transport": Kind::Word(&["https", "http"]), Transport;
    /// Send the request as a presigned URL that is valid this long.
    Presigned presigned "presigned": Kind::Duration, Transport;
    /// How long ago the presigned URL was signed.
    SignedAgo signed_ago "signed_ago": Kind::Duration, Transport;
    /// The KMS key to call, by its name in the environment.
    KeyId key_id "key_id": Kind::Key, Target;
    /// What to decrypt: a fixture made by kms:Encrypt or kms:GenerateDataKey.
    Ciphertext ciphertext "ciphertext": Kind::Fixture, Content;
    /// Ask KMS whether the call would succeed, without doing it.
    DryRun dry_run "dry_run": Kind::Bool, Content;
    /// The role to assume, by its name in the environment.
    Role role "role": Kind::Role, Target;
    /// The external id to present to the role's trust policy.
    ExternalId external_id "external_id": Kind::Text, Content;
    /// Session tags to pass, as `a=1&b=2`.
    SessionTags session_tags "session_tags": Kind::Text, Content;
    /// Keys of session tags that later sessions inherit.
    TransitiveTags transitive_tags "transitive_tags": Kind::Texts, Content;
    /// The session policy to pass: a JSON document.
    SessionPolicy session_policy "session_policy": Kind::Text, Content;
    /// The source identity to set.
    SourceIdentity source_identity "source_identity": Kind::Text, Content;
    /// How long the session is to last; fifteen minutes where nothing is said.
    Duration duration "duration": Kind::Duration, Content;
}

impl fmt::Display for Param {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Param {
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
                #[serde(default, deserialize_with = "present")]
                #[schemars(with = "OneOrMany<String>")]
                pub $field: Option<OneOrMany<Located<String>>>,
            )+
        }

        impl RawExpect {
            /// The fields that are written.
            pub fn fields(&self) -> impl Iterator<Item = (Field, &[Located<String>])> {
                [$((Field::$variant, &self.$field),)+]
                    .into_iter()
                    .filter_map(|(field, values)| values.as_ref().map(|values| (field, values.0.as_slice())))
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
    /// The tags, as `a=1&b=2`.
    Tags tags: Kind::Text;
    /// The state of a KMS key.
    KeyState key_state: Kind::Text;
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
