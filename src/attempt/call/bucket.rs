//! Buckets: listings and configuration.

use aws_sdk_s3::operation::RequestId as _;

use super::{forgotten, send};
use crate::{
    attempt::{Answer, Call, Field, Op, Output, Param},
    cloud::Clients,
};

pub(super) async fn listing(clients: &Clients, call: &Call) -> Answer {
    let s3 = &clients.s3;
    let owner = call.bucket_owner.clone();
    let (bucket, prefix) = (call.get(Param::Bucket), call.get(Param::Prefix));
    match call.operation.op {
        Op::ListObjectsV2 => {
            let request = s3
                .list_objects_v2()
                .set_bucket(bucket)
                .set_prefix(prefix)
                .set_expected_bucket_owner(owner);
            send!(clients, request, |answer| {
                let keys =
                    answer.contents().iter().filter_map(|object| object.key()).map(str::to_owned);
                Output::from([(Field::Keys, keys.collect())])
            })
        }
        Op::ListObjectVersions => {
            let request = s3
                .list_object_versions()
                .set_bucket(bucket)
                .set_prefix(prefix)
                .set_expected_bucket_owner(owner);
            send!(clients, request, |answer| {
                let ids = answer
                    .versions()
                    .iter()
                    .filter_map(|version| version.version_id())
                    .map(str::to_owned);
                Output::from([(Field::Versions, ids.collect())])
            })
        }
        Op::ListMultipartUploads => {
            let request = s3
                .list_multipart_uploads()
                .set_bucket(bucket)
                .set_prefix(prefix)
                .set_expected_bucket_owner(owner);
            send!(clients, request, |answer| {
                let keys =
                    answer.uploads().iter().filter_map(|upload| upload.key()).map(str::to_owned);
                Output::from([(Field::Keys, keys.collect())])
            })
        }
        _ => forgotten(call),
    }
}

pub(super) async fn bucket(clients: &Clients, call: &Call) -> Answer {
    let s3 = &clients.s3;
    let (bucket, owner) = (call.get(Param::Bucket), call.bucket_owner.clone());
    macro_rules! read {
        ($($op:ident => $method:ident),+ $(,)?) => {
            match call.operation.op {
                $(Op::$op => send!(clients, s3.$method().set_bucket(bucket).set_expected_bucket_owner(owner), |answer| Output::new()),)+
                _ => forgotten(call),
            }
        };
    }
    read!(
        GetBucketLocation => get_bucket_location,
        GetBucketVersioning => get_bucket_versioning,
        GetBucketPolicy => get_bucket_policy,
        GetBucketEncryption => get_bucket_encryption,
        GetBucketAcl => get_bucket_acl,
        GetPublicAccessBlock => get_public_access_block,
        GetBucketOwnershipControls => get_bucket_ownership_controls,
        GetBucketLifecycleConfiguration => get_bucket_lifecycle_configuration,
        GetBucketReplication => get_bucket_replication,
        GetBucketLogging => get_bucket_logging,
        GetBucketTagging => get_bucket_tagging,
        GetBucketNotificationConfiguration => get_bucket_notification_configuration,
        DeleteBucketPolicy => delete_bucket_policy,
        DeletePublicAccessBlock => delete_public_access_block,
        DeleteBucketEncryption => delete_bucket_encryption,
        DeleteBucketOwnershipControls => delete_bucket_ownership_controls,
        DeleteBucketLifecycle => delete_bucket_lifecycle,
        DeleteBucketReplication => delete_bucket_replication,
        DeleteBucketTagging => delete_bucket_tagging,
        HeadBucket => head_bucket,
    )
}
