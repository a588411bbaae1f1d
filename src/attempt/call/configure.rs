//! Configuration of a bucket: written, and inventories, which have an id.

use aws_sdk_s3::{
    error::BuildError,
    operation::RequestId as _,
    types::{
        BlockedEncryptionTypes, BucketCannedAcl, BucketLifecycleConfiguration, BucketLoggingStatus,
        BucketVersioningStatus, DeleteMarkerReplication, DeleteMarkerReplicationStatus,
        Destination, EncryptionType, EventBridgeConfiguration, ExpirationStatus,
        InventoryConfiguration, InventoryDestination, InventoryFilter, InventoryFormat,
        InventoryFrequency, InventoryIncludedObjectVersions, InventoryS3BucketDestination,
        InventorySchedule, LifecycleExpiration, LifecycleRule, LifecycleRuleFilter, LoggingEnabled,
        NotificationConfiguration, ObjectOwnership, OwnershipControls, OwnershipControlsRule,
        PublicAccessBlockConfiguration, ReplicationConfiguration, ReplicationRule,
        ReplicationRuleFilter, ReplicationRuleStatus, ServerSideEncryption,
        ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
        Tag, Tagging, VersioningConfiguration,
    },
};
use serde::Deserialize;
use serde_json::Value;

use super::{forgotten, send};
use crate::{
    attempt::{
        Answer, Call, Op, Output, Param,
        cli::tags,
        content::{SYNTHETIC, content},
    },
    cloud::Clients,
};

/// Why a configuration could not be made of what is written.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error("`document` is not what this operation takes: {0}")]
    Document(#[from] serde_json::Error),
    #[error("{0}")]
    Build(#[from] BuildError),
}

pub(super) async fn configure(clients: &Clients, call: &Call) -> Answer {
    let s3 = &clients.s3;
    let owner = call.bucket_owner.clone();
    let bucket = call.get(Param::Bucket);
    macro_rules! put {
        ($method:ident, $member:ident, $made:expr) => {
            match $made {
                Ok(made) => {
                    let request = s3
                        .$method()
                        .set_bucket(bucket)
                        .set_expected_bucket_owner(owner)
                        .$member(made);
                    send!(clients, request, |answer| Output::new())
                }
                Err(unusable) => Answer::NotSent { message: unusable.to_string() },
            }
        };
    }
    match call.operation.op {
        Op::PutBucketAcl => {
            let acl = call.get(Param::Acl).map(|word| BucketCannedAcl::from(word.as_str()));
            let request = s3
                .put_bucket_acl()
                .set_bucket(bucket)
                .set_expected_bucket_owner(owner)
                .set_acl(acl);
            send!(clients, request, |answer| Output::new())
        }
        Op::PutBucketPolicy => {
            let request = s3
                .put_bucket_policy()
                .set_bucket(bucket)
                .set_expected_bucket_owner(owner)
                .set_policy(content(call));
            send!(clients, request, |answer| Output::new())
        }
        Op::PutPublicAccessBlock => put!(
            put_public_access_block,
            public_access_block_configuration,
            public_access_block(call)
        ),
        Op::PutBucketEncryption => {
            put!(put_bucket_encryption, server_side_encryption_configuration, encryption(call))
        }
        Op::PutBucketVersioning => {
            put!(put_bucket_versioning, versioning_configuration, versioning(call))
        }
        Op::PutBucketOwnershipControls => {
            put!(put_bucket_ownership_controls, ownership_controls, ownership(call))
        }
        Op::PutBucketLifecycleConfiguration => {
            put!(put_bucket_lifecycle_configuration, lifecycle_configuration, lifecycle(call))
        }
        Op::PutBucketReplication => {
            put!(put_bucket_replication, replication_configuration, replication(call))
        }
        Op::PutBucketLogging => put!(put_bucket_logging, bucket_logging_status, logging(call)),
        Op::PutBucketTagging => put!(put_bucket_tagging, tagging, tagging(call)),
        Op::PutBucketNotificationConfiguration => {
            let notification = NotificationConfiguration::builder()
                .event_bridge_configuration(EventBridgeConfiguration::builder().build())
                .build();
            put!(
                put_bucket_notification_configuration,
                notification_configuration,
                Ok::<_, Unusable>(notification)
            )
        }
        Op::PutBucketInventoryConfiguration
        | Op::GetBucketInventoryConfiguration
        | Op::DeleteBucketInventoryConfiguration => inventories(clients, call).await,
        _ => forgotten(call),
    }
}

async fn inventories(clients: &Clients, call: &Call) -> Answer {
    let s3 = &clients.s3;
    let owner = call.bucket_owner.clone();
    let bucket = call.get(Param::Bucket);
    match call.operation.op {
        Op::PutBucketInventoryConfiguration => match inventory(call) {
            Ok(inventory) => {
                let request = s3
                    .put_bucket_inventory_configuration()
                    .set_bucket(bucket)
                    .set_expected_bucket_owner(owner)
                    .id(SYNTHETIC)
                    .inventory_configuration(inventory);
                send!(clients, request, |answer| Output::new())
            }
            Err(unusable) => Answer::NotSent { message: unusable.to_string() },
        },
        Op::GetBucketInventoryConfiguration => {
            let request = s3
                .get_bucket_inventory_configuration()
                .set_bucket(bucket)
                .set_expected_bucket_owner(owner)
                .id(SYNTHETIC);
            send!(clients, request, |answer| Output::new())
        }
        Op::DeleteBucketInventoryConfiguration => {
            let request = s3
                .delete_bucket_inventory_configuration()
                .set_bucket(bucket)
                .set_expected_bucket_owner(owner)
                .id(SYNTHETIC);
            send!(clients, request, |answer| Output::new())
        }
        _ => forgotten(call),
    }
}

/// The content as one of the types below. A member they do not have is refused, so that nothing is
/// sent that was not meant.
fn read<T: for<'de> Deserialize<'de>>(call: &Call) -> Result<T, Unusable> {
    Ok(serde_json::from_str(&content(call).unwrap_or_default())?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
#[expect(
    clippy::struct_excessive_bools,
    clippy::struct_field_names,
    reason = "the four settings of the API"
)]
struct Block {
    block_public_acls: bool,
    ignore_public_acls: bool,
    block_public_policy: bool,
    restrict_public_buckets: bool,
}

fn public_access_block(call: &Call) -> Result<PublicAccessBlockConfiguration, Unusable> {
    let block: Block = read(call)?;
    Ok(PublicAccessBlockConfiguration::builder()
        .block_public_acls(block.block_public_acls)
        .ignore_public_acls(block.ignore_public_acls)
        .block_public_policy(block.block_public_policy)
        .restrict_public_buckets(block.restrict_public_buckets)
        .build())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Versioning {
    status: String,
}

fn versioning(call: &Call) -> Result<VersioningConfiguration, Unusable> {
    let versioning: Versioning = read(call)?;
    Ok(VersioningConfiguration::builder()
        .status(BucketVersioningStatus::from(versioning.status.as_str()))
        .build())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Rules<T> {
    rules: Vec<T>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Ownership {
    object_ownership: String,
}

fn ownership(call: &Call) -> Result<OwnershipControls, Unusable> {
    let controls: Rules<Ownership> = read(call)?;
    let rule = |rule: Ownership| {
        OwnershipControlsRule::builder()
            .object_ownership(ObjectOwnership::from(rule.object_ownership.as_str()))
            .build()
    };
    let rules: Result<Vec<_>, _> = controls.rules.into_iter().map(rule).collect();
    Ok(OwnershipControls::builder().set_rules(Some(rules?)).build()?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Encryption {
    apply_server_side_encryption_by_default: ByDefault,
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
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Blocked {
    encryption_type: Vec<String>,
}

fn encryption(call: &Call) -> Result<ServerSideEncryptionConfiguration, Unusable> {
    let configuration: Rules<Encryption> = read(call)?;
    let rule = |rule: Encryption| {
        let default = ServerSideEncryptionByDefault::builder()
            .sse_algorithm(ServerSideEncryption::from(
                rule.apply_server_side_encryption_by_default.algorithm.as_str(),
            ))
            .set_kms_master_key_id(rule.apply_server_side_encryption_by_default.key)
            .build()?;
        let blocked = rule.blocked_encryption_types.map(|blocked| {
            let types = blocked.encryption_type.iter().map(|of| EncryptionType::from(of.as_str()));
            BlockedEncryptionTypes::builder().set_encryption_type(Some(types.collect())).build()
        });
        Ok(ServerSideEncryptionRule::builder()
            .apply_server_side_encryption_by_default(default)
            .set_bucket_key_enabled(rule.bucket_key_enabled)
            .set_blocked_encryption_types(blocked)
            .build())
    };
    let rules: Result<Vec<_>, BuildError> = configuration.rules.into_iter().map(rule).collect();
    Ok(ServerSideEncryptionConfiguration::builder().set_rules(Some(rules?)).build()?)
}

/// A text of the fixed configuration.
fn text(document: &Value, pointer: &str) -> String {
    document.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn lifecycle(call: &Call) -> Result<BucketLifecycleConfiguration, Unusable> {
    let fixed: Value = read(call)?;
    let days = fixed.pointer("/Rules/0/Expiration/Days").and_then(Value::as_i64);
    let rule = LifecycleRule::builder()
        .id(text(&fixed, "/Rules/0/ID"))
        .status(ExpirationStatus::from(text(&fixed, "/Rules/0/Status").as_str()))
        .filter(
            LifecycleRuleFilter::builder().prefix(text(&fixed, "/Rules/0/Filter/Prefix")).build(),
        )
        .expiration(
            LifecycleExpiration::builder()
                .set_days(days.and_then(|days| days.try_into().ok()))
                .build(),
        )
        .build()?;
    Ok(BucketLifecycleConfiguration::builder().rules(rule).build()?)
}

fn replication(call: &Call) -> Result<ReplicationConfiguration, Unusable> {
    let fixed: Value = read(call)?;
    let markers =
        DeleteMarkerReplication::builder().status(DeleteMarkerReplicationStatus::Disabled).build();
    let rule = ReplicationRule::builder()
        .id(text(&fixed, "/Rules/0/ID"))
        .priority(1)
        .status(ReplicationRuleStatus::from(text(&fixed, "/Rules/0/Status").as_str()))
        .filter(
            ReplicationRuleFilter::builder().prefix(text(&fixed, "/Rules/0/Filter/Prefix")).build(),
        )
        .delete_marker_replication(markers)
        .destination(
            Destination::builder().bucket(text(&fixed, "/Rules/0/Destination/Bucket")).build()?,
        )
        .build()?;
    Ok(ReplicationConfiguration::builder().role(text(&fixed, "/Role")).rules(rule).build()?)
}

fn logging(call: &Call) -> Result<BucketLoggingStatus, Unusable> {
    let fixed: Value = read(call)?;
    let enabled = LoggingEnabled::builder()
        .target_bucket(text(&fixed, "/LoggingEnabled/TargetBucket"))
        .target_prefix(text(&fixed, "/LoggingEnabled/TargetPrefix"))
        .build()?;
    Ok(BucketLoggingStatus::builder().logging_enabled(enabled).build())
}

fn inventory(call: &Call) -> Result<InventoryConfiguration, Unusable> {
    let fixed: Value = read(call)?;
    let destination = InventoryS3BucketDestination::builder()
        .bucket(text(&fixed, "/Destination/S3BucketDestination/Bucket"))
        .format(InventoryFormat::Csv)
        .prefix(text(&fixed, "/Destination/S3BucketDestination/Prefix"))
        .build()?;
    Ok(InventoryConfiguration::builder()
        .id(text(&fixed, "/Id"))
        .is_enabled(false)
        .included_object_versions(InventoryIncludedObjectVersions::Current)
        .schedule(InventorySchedule::builder().frequency(InventoryFrequency::Weekly).build()?)
        .filter(InventoryFilter::builder().prefix(text(&fixed, "/Filter/Prefix")).build()?)
        .destination(InventoryDestination::builder().s3_bucket_destination(destination).build())
        .build()?)
}

/// Of a bucket's tags none are declared.
fn tagging(call: &Call) -> Result<Tagging, Unusable> {
    let given = call.get(Param::Tags).unwrap_or_else(|| format!("{SYNTHETIC}=true"));
    let tags: Result<Vec<Tag>, BuildError> = tags(&given)
        .into_iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect();
    Ok(Tagging::builder().set_tag_set(Some(tags?)).build()?)
}
