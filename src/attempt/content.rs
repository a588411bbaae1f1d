//! What administrative writes write, as the AWS CLI takes it.
//!
//! An attempt writes back what the environment declares, so that one that succeeds against
//! expectation changes nothing. Where nothing is declared it writes one fixed configuration that
//! does no harm: rules that never apply, under names that say where they are from.

use gainsay_model::{Bucket, DefaultEncryption, Versioning};
use serde_json::{Value, json};

use super::{Call, Op, Param};

/// The id of rules and inventories, and the prefix they are about, which no object has.
pub(super) const SYNTHETIC: &str = "gainsay-synthetic";

/// What the environment declares of a bucket, in the form of the operation that writes it.
pub(super) fn declared(op: Op, bucket: Option<&Bucket>) -> Option<String> {
    let bucket = bucket?;
    let document = match op {
        Op::PutBucketPolicy => return bucket.policy.as_ref().map(|policy| policy.text.to_string()),
        Op::PutBucketVersioning => {
            // A bucket without versioning cannot be put back to that; suspended is the nearest
            // there is.
            let status =
                if bucket.versioning == Versioning::Enabled { "Enabled" } else { "Suspended" };
            json!({ "Status": status })
        }
        Op::PutPublicAccessBlock => json!({
            "BlockPublicAcls": bucket.public_access.block_public_acls,
            "IgnorePublicAcls": bucket.public_access.ignore_public_acls,
            "BlockPublicPolicy": bucket.public_access.block_public_policy,
            "RestrictPublicBuckets": bucket.public_access.restrict_public_buckets,
        }),
        Op::PutBucketOwnershipControls => {
            json!({ "Rules": [{ "ObjectOwnership": bucket.ownership.as_str() }] })
        }
        Op::PutBucketEncryption => {
            let blocked = if bucket.blocks_customer_keys { "SSE-C" } else { "NONE" };
            let (default, bucket_key) = match &bucket.encryption {
                DefaultEncryption::S3 => (json!({ "SSEAlgorithm": "AES256" }), false),
                DefaultEncryption::Kms { key, bucket_key, dual_layer } => {
                    let mut default = json!({ "SSEAlgorithm": if *dual_layer { "aws:kms:dsse" } else { "aws:kms" } });
                    if let (Some(key), Some(default)) = (key, default.as_object_mut()) {
                        default.insert("KMSMasterKeyID".to_owned(), json!(key.arn));
                    }
                    (default, *bucket_key)
                }
            };
            json!({ "Rules": [{
                "ApplyServerSideEncryptionByDefault": default,
                "BucketKeyEnabled": bucket_key,
                "BlockedEncryptionTypes": { "EncryptionType": [blocked] },
            }] })
        }
        _ => return None,
    };
    Some(document.to_string())
}

/// What an operation writes: what the scenario gives, or the environment declares, or the fixed
/// configuration.
pub(super) fn content(call: &Call) -> Option<String> {
    let written = call.get(Param::Document);
    written.or_else(|| fixed(call).map(|document| document.to_string()))
}

fn fixed(call: &Call) -> Option<Value> {
    let bucket = call.get(Param::Bucket).unwrap_or_default();
    let document = match call.operation.op {
        Op::PutBucketPolicy => json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Sid": "GainsaySynthetic",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:GetObject",
                "Resource": format!("arn:aws:s3:::{bucket}/{SYNTHETIC}/*"),
                "Condition": { "StringEquals": { "aws:PrincipalTag/gainsay-synthetic": "never" } }
            }]
        }),
        Op::PutBucketVersioning => json!({ "Status": "Enabled" }),
        Op::PutPublicAccessBlock => {
            json!({ "BlockPublicAcls": true, "IgnorePublicAcls": true, "BlockPublicPolicy": true, "RestrictPublicBuckets": true })
        }
        Op::PutBucketOwnershipControls => {
            json!({ "Rules": [{ "ObjectOwnership": "BucketOwnerEnforced" }] })
        }
        Op::PutBucketEncryption => {
            json!({ "Rules": [{ "ApplyServerSideEncryptionByDefault": { "SSEAlgorithm": "AES256" } }] })
        }
        Op::PutBucketLifecycleConfiguration => json!({ "Rules": [{
            "ID": SYNTHETIC,
            "Status": "Disabled",
            "Filter": { "Prefix": format!("{SYNTHETIC}/") },
            "Expiration": { "Days": 3650 },
        }] }),
        Op::PutBucketReplication => json!({
            "Role": call.get(Param::Role),
            "Rules": [{
                "ID": SYNTHETIC,
                "Priority": 1,
                "Status": "Disabled",
                "Filter": { "Prefix": format!("{SYNTHETIC}/") },
                "DeleteMarkerReplication": { "Status": "Disabled" },
                "Destination": { "Bucket": format!("arn:aws:s3:::{}", call.get(Param::Destination).unwrap_or_default()) },
            }],
        }),
        Op::PutBucketLogging => {
            json!({ "LoggingEnabled": { "TargetBucket": bucket, "TargetPrefix": format!("{SYNTHETIC}/") } })
        }
        Op::PutBucketInventoryConfiguration => json!({
            "Id": SYNTHETIC,
            "IsEnabled": false,
            "IncludedObjectVersions": "Current",
            "Schedule": { "Frequency": "Weekly" },
            "Filter": { "Prefix": format!("{SYNTHETIC}/") },
            "Destination": { "S3BucketDestination": { "Bucket": format!("arn:aws:s3:::{bucket}"), "Format": "CSV", "Prefix": SYNTHETIC } },
        }),
        Op::PutBucketNotificationConfiguration => json!({ "EventBridgeConfiguration": {} }),
        _ => return None,
    };
    Some(document)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gainsay_model::{Ownership, PublicAccessBlock};

    fn bucket(versioning: Versioning) -> Bucket {
        Bucket {
            logical: "b".to_owned(),
            name: "gs-b".to_owned(),
            account: "111122223333".to_owned(),
            versioning,
            encryption: DefaultEncryption::Kms { key: None, bucket_key: true, dual_layer: false },
            blocks_customer_keys: true,
            ownership: Ownership::BucketOwnerPreferred,
            public_access: PublicAccessBlock {
                block_public_policy: false,
                ..PublicAccessBlock::ALL
            },
            policy: None,
            settings: Vec::new(),
        }
    }

    #[test]
    fn what_is_declared_is_written_back() {
        for (op, expected) in [
            (Op::PutBucketVersioning, json!({ "Status": "Enabled" })),
            (
                Op::PutPublicAccessBlock,
                json!({ "BlockPublicAcls": true, "IgnorePublicAcls": true, "BlockPublicPolicy": false, "RestrictPublicBuckets": true }),
            ),
            (
                Op::PutBucketOwnershipControls,
                json!({ "Rules": [{ "ObjectOwnership": "BucketOwnerPreferred" }] }),
            ),
            (
                Op::PutBucketEncryption,
                json!({ "Rules": [{
                    "ApplyServerSideEncryptionByDefault": { "SSEAlgorithm": "aws:kms" },
                    "BucketKeyEnabled": true,
                    "BlockedEncryptionTypes": { "EncryptionType": ["SSE-C"] },
                }] }),
            ),
        ] {
            let declared = declared(op, Some(&bucket(Versioning::Enabled)))
                .and_then(|text| serde_json::from_str::<Value>(&text).ok());
            assert_eq!(declared, Some(expected), "{op:?}");
        }
        assert_eq!(
            declared(Op::PutBucketVersioning, Some(&bucket(Versioning::Off))),
            Some(json!({ "Status": "Suspended" }).to_string())
        );
        assert_eq!(declared(Op::PutBucketPolicy, Some(&bucket(Versioning::Off))), None);
        assert_eq!(declared(Op::GetBucketPolicy, Some(&bucket(Versioning::Off))), None);
        assert_eq!(declared(Op::PutBucketVersioning, None), None);
    }
}
