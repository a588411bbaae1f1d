//! Configurations of a bucket that take effect: its policy, Block Public Access, default
//! encryption, versioning, Object Ownership.
//!
//! Actions and statuses are those of each operation's page
//! (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html>).
//! What was written holds from the next request on; AWS says that bucket configuration is
//! eventually consistent.

use std::sync::Arc;

use gainsay_iam::{
    Layer, PolicyKind, Publicity,
    put::{AwsError, Quota},
};
use gainsay_model::{Bucket as Config, Ownership, PublicAccessBlock, Versioning};
use s3s::{
    S3Result,
    dto::{
        BucketVersioningStatus, OwnershipControls, PublicAccessBlockConfiguration,
        VersioningConfiguration,
    },
};
use serde::Deserialize;

use super::{
    OpenBucket, acl, error,
    error_detail::WithDetail as _,
    method_not_allowed, no_such_bucket, not_modelled, open,
    raw_request::{RawRequest, RawResponse},
    xml::{document, document_of, escape, malformed, well_formed},
};
use crate::{
    authorize::Scope,
    state::{Bucket, DefaultEncryption, World},
    stored_policy::{self, KnownPrincipals},
};

/// What an operation does once it is authorized.
type Effect = fn(&mut Bucket, &RawRequest<'_>, &Requester<'_>) -> S3Result<RawResponse>;

/// Who requests an operation, and the Block Public Access that it meets.
struct Requester<'a> {
    scope: &'a Scope,
    principals: KnownPrincipals,
    /// Block Public Access as it holds.
    public_access: PublicAccessBlock,
}

/// An operation, its action and its effect.
const OPERATIONS: &[(&str, &str, Effect)] = &[
    ("PutBucketPolicy", "s3:PutBucketPolicy", put_policy),
    ("DeleteBucketPolicy", "s3:DeleteBucketPolicy", |bucket, _, _| {
        config(bucket).policy = None;
        Ok(RawResponse::empty(204))
    }),
    ("PutPublicAccessBlock", "s3:PutBucketPublicAccessBlock", put_public_access_block),
    // There is no action of its own:
    // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeletePublicAccessBlock.html>.
    ("DeletePublicAccessBlock", "s3:PutBucketPublicAccessBlock", |bucket, _, _| {
        bucket.deleted.insert("PutPublicAccessBlock");
        config(bucket).public_access = PublicAccessBlock {
            block_public_acls: false,
            ignore_public_acls: false,
            block_public_policy: false,
            restrict_public_buckets: false,
        };
        Ok(RawResponse::empty(204))
    }),
    ("PutBucketEncryption", "s3:PutEncryptionConfiguration", put_encryption),
    // It goes back to SSE-S3:
    // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketEncryption.html>. That SSE-C
    // stays blocked where it was is assumed.
    ("DeleteBucketEncryption", "s3:PutEncryptionConfiguration", |bucket, _, _| {
        bucket.default_encryption = DefaultEncryption::S3;
        bucket.encryption_configured = false;
        Ok(RawResponse::empty(204))
    }),
    ("GetBucketEncryption", "s3:GetEncryptionConfiguration", |bucket, _, _| {
        Ok(RawResponse::xml(encryption(bucket)))
    }),
    ("PutBucketVersioning", "s3:PutBucketVersioning", put_versioning),
    ("PutBucketOwnershipControls", "s3:PutBucketOwnershipControls", put_ownership),
    // There is no action of its own:
    // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketOwnershipControls.html>.
    ("DeleteBucketOwnershipControls", "s3:PutBucketOwnershipControls", |bucket, _, _| {
        bucket.deleted.insert("PutBucketOwnershipControls");
        config(bucket).ownership = Ownership::ObjectWriter;
        Ok(RawResponse::empty(204))
    }),
];

/// Whether an operation is one of these.
pub(super) fn knows(operation: &str) -> bool {
    OPERATIONS.iter().any(|(name, ..)| *name == operation)
}

/// Answers an operation on one of these configurations.
pub(super) fn answer(
    world: &mut World,
    scope: &Scope,
    raw: &RawRequest<'_>,
) -> S3Result<RawResponse> {
    let found = OPERATIONS.iter().find(|(name, ..)| *name == raw.operation);
    let (name, action, effect) = found.ok_or_else(|| not_modelled("this operation"))?;
    let bucket = open(world, raw.bucket, raw.expected_owner())?;
    let context = bucket.context(scope);
    let _permit = bucket.authorize(scope, action, &context)?;
    if name.ends_with("BucketPolicy") {
        check_own_account(scope, &bucket)?;
    }
    let public_access = bucket.public_access;
    let principals = KnownPrincipals::of(world);
    let state = world.bucket_mut(bucket.name()).ok_or_else(no_such_bucket)?;
    effect(state, raw, &Requester { scope, principals, public_access })
}

fn config(bucket: &mut Bucket) -> &mut Config {
    Arc::make_mut(&mut bucket.config)
}

/// With the permission but from another account:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html>.
fn check_own_account(scope: &Scope, bucket: &OpenBucket) -> S3Result<()> {
    if scope.account().as_deref() == Some(bucket.account()) {
        return Ok(());
    }
    Err(method_not_allowed())
}

fn put_policy(
    bucket: &mut Bucket,
    raw: &RawRequest<'_>,
    requester: &Requester<'_>,
) -> S3Result<RawResponse> {
    let refuse = |says: AwsError| error(400, says.code, says.message);
    if raw.header("x-amz-confirm-remove-self-bucket-access").is_some() {
        return Err(not_modelled("the confirmation of a lockout"));
    }
    if raw.body.len() > Quota::Bucket.max() {
        return Err(refuse(Quota::Bucket.error("")));
    }
    // What is not UTF-8 is no JSON.
    let text = String::from_utf8_lossy(raw.body);
    let name = bucket.config.name.clone();
    let source = format!("the policy put on {name}");
    let policy =
        stored_policy::read(PolicyKind::Bucket, &text, &source, &requester.principals, Some(&name))
            .map_err(refuse)?;
    let arn = bucket.config.arn();
    let publicity = policy.policy.publicity();
    if requester.public_access.block_public_policy && publicity == Publicity::Unknown {
        return Err(not_modelled("whether conditions keep a policy from being public"));
    }
    if requester.public_access.block_public_policy && publicity == Publicity::Public {
        let clause = concat!(
            "because public policies are prevented by the BlockPublicPolicy setting in ",
            "S3 Block Public Access"
        );
        return Err(requester
            .scope
            .refuse("s3:PutBucketPolicy", &arn, Layer::BlockPublicAccess, clause)
            .into());
    }
    config(bucket).policy = Some(policy);
    Ok(RawResponse::empty(204))
}

fn put_public_access_block(
    bucket: &mut Bucket,
    raw: &RawRequest<'_>,
    _: &Requester<'_>,
) -> S3Result<RawResponse> {
    let block: PublicAccessBlockConfiguration =
        document(raw.body, "PublicAccessBlockConfiguration")?;
    // What is not written is off:
    // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PublicAccessBlockConfiguration.html>.
    config(bucket).public_access = PublicAccessBlock {
        block_public_acls: block.block_public_acls.unwrap_or(false),
        ignore_public_acls: block.ignore_public_acls.unwrap_or(false),
        block_public_policy: block.block_public_policy.unwrap_or(false),
        restrict_public_buckets: block.restrict_public_buckets.unwrap_or(false),
    };
    bucket.deleted.remove("PutPublicAccessBlock");
    Ok(RawResponse::empty(200))
}

fn put_versioning(
    bucket: &mut Bucket,
    raw: &RawRequest<'_>,
    _: &Requester<'_>,
) -> S3Result<RawResponse> {
    let sent: VersioningConfiguration = document(raw.body, "VersioningConfiguration")?;
    let mfa_delete = sent.mfa_delete.as_ref().is_some_and(|mfa| mfa.as_str() != "Disabled");
    if mfa_delete || raw.header("x-amz-mfa").is_some() {
        return Err(not_modelled("MFA delete"));
    }
    let versioning = match sent.status.as_ref().map(BucketVersioningStatus::as_str) {
        Some(BucketVersioningStatus::ENABLED) => Versioning::Enabled,
        Some(BucketVersioningStatus::SUSPENDED) => Versioning::Suspended,
        // Recorded by LocalStack, `test_bucket_versioning_crud`, 21-02-2026.
        Some(_) => return Err(malformed()),
        None => {
            return Err(error(
                400,
                "IllegalVersioningConfigurationException",
                "The Versioning element must be specified",
            ));
        }
    };
    let replicated = bucket.settings.keys().any(|(name, _)| *name == "PutBucketReplication");
    if replicated && versioning != Versioning::Enabled {
        return Err(error(
            409,
            "InvalidBucketState",
            concat!(
                "A replication configuration is present on this bucket, ",
                "so the versioning state cannot be changed."
            ),
        ));
    }
    if bucket.lock.is_some() && versioning != Versioning::Enabled {
        return Err(error(
            409,
            "InvalidBucketState",
            concat!(
                "An Object Lock configuration is present on this bucket, ",
                "so the versioning state cannot be changed."
            ),
        ));
    }
    config(bucket).versioning = versioning;
    Ok(RawResponse::empty(200))
}

fn put_ownership(
    bucket: &mut Bucket,
    raw: &RawRequest<'_>,
    _: &Requester<'_>,
) -> S3Result<RawResponse> {
    let controls: OwnershipControls = document(raw.body, "OwnershipControls")?;
    let [rule] = controls.rules.as_slice() else {
        return Err(malformed());
    };
    let ownership = acl::ownership(rule.object_ownership.as_str()).ok_or_else(malformed)?;
    // <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-ownership-error-responses.html>.
    if ownership == Ownership::BucketOwnerEnforced && !bucket.acl.is_private() {
        return Err(error(
            400,
            "InvalidBucketAclWithObjectOwnership",
            "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
        ));
    }
    config(bucket).ownership = ownership;
    bucket.deleted.remove("PutBucketOwnershipControls");
    Ok(RawResponse::empty(200))
}

/// The wire layer has no name for `BlockedEncryptionTypes`, so this document is read here:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ServerSideEncryptionRule.html>.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Encryption {
    #[serde(rename = "@xmlns")]
    _xmlns: Option<String>,
    #[serde(rename = "Rule", default)]
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Rule {
    apply_server_side_encryption_by_default: Option<ByDefault>,
    bucket_key_enabled: Option<bool>,
    blocked_encryption_types: Option<Blocked>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ByDefault {
    #[serde(rename = "SSEAlgorithm")]
    algorithm: String,
    #[serde(rename = "KMSMasterKeyID")]
    key: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Blocked {
    #[serde(rename = "EncryptionType", default)]
    types: Vec<String>,
}

fn put_encryption(
    bucket: &mut Bucket,
    raw: &RawRequest<'_>,
    _: &Requester<'_>,
) -> S3Result<RawResponse> {
    well_formed(raw.body, "ServerSideEncryptionConfiguration")?;
    let text = str::from_utf8(raw.body).map_err(|_| malformed())?;
    let sent: Encryption = quick_xml::de::from_str(text).map_err(|problem| {
        if problem.to_string().contains("unknown field") {
            not_modelled("a member of this configuration")
        } else {
            malformed()
        }
    })?;
    let [rule] = sent.rules.as_slice() else { return Err(malformed()) };
    // Without the element it is assumed to stay as it was.
    let blocked = match &rule.blocked_encryption_types {
        None => None,
        Some(blocked) => match blocked.types.as_slice() {
            [one] if one == "SSE-C" => Some(true),
            [one] if one == "NONE" => Some(false),
            _ => return Err(malformed()),
        },
    };
    let bucket_key = rule.bucket_key_enabled.unwrap_or(false);
    let encryption = match &rule.apply_server_side_encryption_by_default {
        None => return Err(not_modelled("a rule without a default")),
        Some(default) => match (default.algorithm.as_str(), &default.key) {
            ("AES256", None) => DefaultEncryption::S3,
            ("AES256", Some(_)) => {
                return Err(error(
                    400,
                    "InvalidArgument",
                    concat!(
                        "a KMSMasterKeyID is not applicable if the default sse algorithm is not ",
                        "aws:kms or aws:kms:dsse"
                    ),
                )
                .with_detail("ArgumentName", "ApplyServerSideEncryptionByDefault"));
            }
            ("aws:kms" | "aws:kms:dsse", Some(key)) if key.is_empty() || key.len() > 2048 => {
                return Err(malformed());
            }
            // S3 does not look whether there is such a key.
            (kms @ ("aws:kms" | "aws:kms:dsse"), key) => DefaultEncryption::Kms {
                key: key.clone(),
                bucket_key,
                dual_layer: kms == "aws:kms:dsse",
            },
            _ => return Err(malformed()),
        },
    };
    bucket.default_encryption = encryption;
    bucket.encryption_configured = true;
    if let Some(blocked) = blocked {
        config(bucket).blocks_customer_keys = blocked;
    }
    Ok(RawResponse::empty(200))
}

fn encryption(bucket: &Bucket) -> String {
    let (algorithm, key, bucket_key) = match &bucket.default_encryption {
        DefaultEncryption::S3 => ("AES256", None, false),
        DefaultEncryption::Kms { key, bucket_key, dual_layer } => {
            (if *dual_layer { "aws:kms:dsse" } else { "aws:kms" }, key.as_deref(), *bucket_key)
        }
    };
    let key = key.map_or_else(String::new, |key| {
        format!("<KMSMasterKeyID>{}</KMSMasterKeyID>", escape(key))
    });
    let blocked = if bucket.config.blocks_customer_keys { "SSE-C" } else { "NONE" };
    let rule = format!(
        "<Rule><ApplyServerSideEncryptionByDefault>\
         <SSEAlgorithm>{algorithm}</SSEAlgorithm>{key}\
         </ApplyServerSideEncryptionByDefault>\
         <BucketKeyEnabled>{bucket_key}</BucketKeyEnabled>\
         <BlockedEncryptionTypes><EncryptionType>{blocked}</EncryptionType>\
         </BlockedEncryptionTypes></Rule>"
    );
    document_of("ServerSideEncryptionConfiguration", &rule)
}
