//! Who asks: nobody, of every operation of the catalogue.

use gainsay::{
    attempt::{Effect, Field, OPERATIONS, Operation, Param},
    outcome::{Outcome, classify},
};
use gainsay_model::Service;
use serde_json::json;

use crate::{
    control,
    place::{How, Place, Setup, all, delegated, run, send},
};

fn setup() -> Place {
    // So that there is a policy to read.
    let never = all(
        "Deny",
        "s3:*",
        "arn:aws:s3:::gs-plain",
        json!({ "StringEquals": { "aws:PrincipalTag/x": "x" } }),
    );
    Setup::new()
        .bucket("plain", ", versioning: enabled", Some(json!([never])))
        .bucket(
            "open",
            ", versioning: enabled, block_public_access: { block_public_acls: true, ignore_public_acls: true, block_public_policy: false, restrict_public_buckets: false }",
            Some(json!([all("Allow", "s3:*", ["arn:aws:s3:::gs-open", "arn:aws:s3:::gs-open/*"].as_slice(), json!(null))])),
        )
        .bucket("spare", ", versioning: enabled", None)
        .key("k", "", delegated())
        .build()
}

/// What an operation reads or takes away must be there.
async fn prepare(place: &Place, operation: &Operation, bucket: &str) {
    let at = [(Param::Bucket, bucket), (Param::Key, "k"), (Param::Annotation, "note")];
    let role = place.environment.deployed.role("admin").expect("the role").arn.clone();
    match operation.short_name() {
        "RestoreObject" => {
            _ = place
                .done("admin", "s3:PutObject", &[at[0], at[1], (Param::StorageClass, "GLACIER")])
                .await;
        }
        "GetObjectAnnotation" | "DeleteObjectAnnotation" => {
            _ = place.done("admin", "s3:PutObjectAnnotation", &at).await;
        }
        "GetBucketLifecycleConfiguration" => {
            _ = place.done("admin", "s3:PutBucketLifecycleConfiguration", &at[..1]).await;
        }
        "GetBucketReplication" => {
            let params = [at[0], (Param::Role, role.as_str()), (Param::Destination, "gs-spare")];
            place.done("admin", "s3:PutBucketReplication", &params).await;
        }
        "GetBucketInventoryConfiguration" | "DeleteBucketInventoryConfiguration" => {
            _ = place.done("admin", "s3:PutBucketInventoryConfiguration", &at[..1]).await;
        }
        "GetBucketTagging" => _ = place.done("admin", "s3:PutBucketTagging", &at[..1]).await,
        _ => {}
    }
}

/// Everything that any operation needs.
async fn values(place: &Place, operation: &Operation, bucket: &str) -> Vec<(Param, String)> {
    let key = [(Param::Bucket, bucket), (Param::Key, "k")];
    let version = place.done("admin", "s3:PutObject", &key).await;
    let upload =
        place.done("admin", "s3:CreateMultipartUpload", &key).await[&Field::UploadId][0].clone();
    let part = [key[0], key[1], (Param::Upload, upload.as_str()), (Param::PartNumber, "1")];
    let etag = place.done("admin", "s3:UploadPart", &part).await[&Field::Etag][0].clone();
    let arn = place.environment.deployed.key("k").expect("the key").arn.clone();
    let blob = place.done("admin", "kms:Encrypt", &[(Param::KeyId, &arn)]).await
        [&Field::Ciphertext][0]
        .clone();
    let role = place.environment.deployed.role("admin").expect("the role").arn.clone();
    drop(version);
    let granting = [
        (Param::KeyId, arn.as_str()),
        (Param::Grantee, role.as_str()),
        (Param::GrantOperations, "Decrypt"),
    ];
    let made = place.done("admin", "kms:CreateGrant", &granting).await;
    let grant = format!("{}:{}", made[&Field::GrantId][0], made[&Field::GrantToken][0]);
    if operation.name == "kms:CancelKeyDeletion" {
        place.done("admin", "kms:ScheduleKeyDeletion", &granting[..1]).await;
    }
    // Each operation on aliases meets the state it needs.
    let alias = match operation.name {
        "kms:CreateAlias" => "alias/new",
        _ => "alias/k",
    };
    let made = if operation.service == Service::S3Control {
        Some(control::prepare(place, operation, bucket, &role).await)
    } else {
        None
    };
    let (job, location) = made.map(|made| (made.job, made.location)).unwrap_or_default();
    prepare(place, operation, bucket).await;
    let all = [
        (Param::Bucket, bucket.to_owned()),
        // A copy onto itself that changes nothing is no copy.
        (Param::Key, if operation.name == "s3:CopyObject" { "copied" } else { "k" }.to_owned()),
        (Param::CopySource, format!("{bucket}/k")),
        (Param::Upload, upload),
        (Param::PartNumber, "1".to_owned()),
        (Param::Parts, format!("1:{etag}")),
        (Param::Tags, "a=b".to_owned()),
        (Param::Acl, "bucket-owner-full-control".to_owned()),
        (Param::KeyId, arn.clone()),
        (Param::KmsKey, arn.clone()),
        (Param::Annotation, "note".to_owned()),
        (Param::Destination, "gs-spare".to_owned()),
        (Param::Ciphertext, blob),
        (Param::Role, role.clone()),
        (Param::SourceKey, arn.clone()),
        (Param::Grantee, role),
        (Param::GrantOperations, "Decrypt".to_owned()),
        (Param::Grant, grant),
        (Param::Alias, alias.to_owned()),
        (Param::TagKeys, "a,b".to_owned()),
        (Param::AccessPoint, control::MADE.to_owned()),
        (Param::Job, job),
        (Param::Location, location),
        (Param::Trail, "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main".to_owned()),
    ];
    let takes = |param: Param| match param {
        // What the call cannot do without, although the catalogue has another way.
        Param::Ciphertext => operation.takes(param),
        Param::Document => operation.name == "kms:PutKeyPolicy",
        other => operation.needs.contains(&other),
    };
    let policy = place.environment.deployed.key("k").expect("the key").policy.text.to_string();
    all.into_iter().chain([(Param::Document, policy)]).filter(|(param, _)| takes(*param)).collect()
}

#[test]
fn nobody_gets_nothing_from_any_operation() {
    run(async {
        let place = setup();
        for operation in OPERATIONS {
            let place = place.fork();
            let owned = values(&place, operation, "gs-plain").await;
            let params: Vec<(Param, &str)> =
                owned.iter().map(|(param, value)| (*param, value.as_str())).collect();
            let before = place.snapshot_of_bucket("gs-plain").await;
            let answer = if operation.service == Service::S3 {
                place.ask("anonymous", operation.name, &params).await
            } else {
                // The other clients send nothing unsigned by themselves.
                let unsigned = place.tampered("admin", |request| {
                    request.headers_mut().remove("authorization");
                    request.headers_mut().remove("x-amz-security-token");
                });
                send(&unsigned.await, operation.name, &params, How::default()).await
            };
            let of_s3 = matches!(operation.service, Service::S3 | Service::S3Control);
            let refused = match classify(operation.service, &answer) {
                Outcome::Denied(denial) => {
                    of_s3 && denial.layers.is_empty() && denial.action.is_none()
                }
                Outcome::BadCredentials => !of_s3,
                _ => false,
            };
            assert!(refused, "anonymous {operation}: {answer:?}");
            assert_eq!(
                place.snapshot_of_bucket("gs-plain").await,
                before,
                "anonymous {operation} changed something"
            );
            // The same call by someone who may, and, for what needs no more than a bucket policy,
            // by nobody where that is allowed.
            let who = if operation.name == "sts:AssumeRole" { "caller" } else { "admin" };
            assert_eq!(
                place.outcome(who, operation.name, &params).await,
                "allowed",
                "{who} {operation}"
            );
            if operation.service == Service::S3
                && operation.effect == Effect::Reads
                && operation.name != "s3:GetBucketPolicy"
            {
                let owned = values(&place, operation, "gs-open").await;
                let params: Vec<(Param, &str)> =
                    owned.iter().map(|(param, value)| (*param, value.as_str())).collect();
                assert_eq!(
                    place.outcome("anonymous", operation.name, &params).await,
                    "allowed",
                    "anonymous {operation}, open"
                );
            }
        }
    });
}

impl Place {
    /// What a change of the bucket would change.
    async fn snapshot_of_bucket(&self, bucket: &str) -> Vec<String> {
        let mut found = Vec::new();
        for list in ["s3:ListObjectsV2", "s3:ListObjectVersions", "s3:ListMultipartUploads"] {
            found.push(format!("{:?}", self.done("admin", list, &[(Param::Bucket, bucket)]).await));
        }
        let key = [(Param::Bucket, bucket), (Param::Key, "k")];
        found.push(format!("{:?}", self.done("admin", "s3:GetObjectTagging", &key).await));
        found
    }
}
