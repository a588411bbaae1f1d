//! S3:
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html>.

pub mod annotation;
pub mod bucket;
pub mod bucket_acl;
pub mod bucket_encryption;
pub mod bucket_policy;
pub mod bucket_tagging;
pub mod copy_object;
pub mod delete_object;
pub mod delete_objects;
pub mod get_object;
pub mod inventory;
pub mod lifecycle;
pub mod listing;
pub mod logging;
pub mod multipart_upload;
pub mod notification;
pub mod object_acl;
pub mod object_attributes;
pub mod object_encryption;
pub mod object_tagging;
pub mod ownership_controls;
pub mod post_object;
pub mod public_access_block;
pub mod put_object;
pub mod replication;
pub mod restore_object;
pub mod upload_part;
pub mod versioning;

use aws_sdk_s3::types::{ObjectCannedAcl, ServerSideEncryption};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::Value;

use crate::attempt::{
    Call, Effect, Field, MakeCall, On, Operation, Output, Param, Service, service::send::fields,
};

/// The key of SSE-C attempts. It protects nothing.
const CUSTOMER_KEY: [u8; 32] = *b"gainsay synthetic customer key..";

/// Names the bucket of a call, and the account that must own it.
macro_rules! of_bucket {
    ($builder:expr, $call:expr) => {
        $builder
            .set_bucket($call.get($crate::attempt::Param::Bucket))
            .set_expected_bucket_owner($call.bucket_owner.clone())
    };
}

/// Names the object of a call.
macro_rules! of_object {
    ($builder:expr, $call:expr) => {
        $crate::attempt::service::s3::of_bucket!($builder, $call)
            .set_key($call.get($crate::attempt::Param::Key))
    };
}

/// Names the object of a call, and its version where one is written.
macro_rules! of_version {
    ($builder:expr, $call:expr) => {
        $crate::attempt::service::s3::of_object!($builder, $call)
            .set_version_id($call.get($crate::attempt::Param::Version))
    };
}

/// Says how an object is to be stored: encryption and ACL.
macro_rules! stored_as {
    ($builder:expr, $call:expr) => {{
        let customer = $crate::attempt::service::s3::customer_key($call);
        $builder
            .set_server_side_encryption($crate::attempt::service::s3::encryption($call))
            .set_ssekms_key_id($call.get($crate::attempt::Param::KmsKey))
            .set_bucket_key_enabled($call.flag($crate::attempt::Param::BucketKey))
            .set_sse_customer_algorithm(customer.algorithm)
            .set_sse_customer_key(customer.key)
            .set_sse_customer_key_md5(customer.md5)
            .set_acl($crate::attempt::service::s3::acl($call))
    }};
}

/// What an answer says of an object that was stored or read.
macro_rules! stored_fields {
    ($answer:expr, $version:expr, $etag:expr) => {
        $crate::attempt::service::s3::stored(
            $answer.server_side_encryption(),
            $answer.ssekms_key_id(),
            $answer.bucket_key_enabled(),
            $version,
            $etag,
        )
    };
}

/// Makes a call that names nothing but a bucket, with this method of the client.
macro_rules! bucket_call {
    ($method:ident) => {
        |clients, call| {
            Box::pin(async move {
                let request = $crate::attempt::service::s3::of_bucket!(clients.s3.$method(), call);
                $crate::attempt::service::send::done!(clients, request)
            })
        }
    };
}

/// Sends a request as it is, or as a presigned URL with its body where the call says so.
macro_rules! send_or_presign {
    ($clients:expr, $call:expr, $builder:expr, $body:expr, |$answer:ident| $fields:expr) => {
        match $crate::attempt::presigned::presigning($clients, $call)? {
            None => $crate::attempt::service::send::send!($clients, $builder, |$answer| $fields),
            Some(config) => {
                let request = $builder.presigned(config).await;
                $crate::attempt::presigned::presigned($clients, request, $body).await
            }
        }
    };
}

use {bucket_call, of_bucket, of_object, of_version, send_or_presign, stored_as, stored_fields};

/// An operation on an object, which needs a bucket and a key.
const fn on_object(name: &'static str, effect: Effect, call: MakeCall) -> Operation {
    Operation {
        needs: &[Param::Bucket, Param::Key],
        ..Operation::new(Service::S3, name, On::Object, effect, call)
    }
}

/// An operation on a bucket, which needs nothing else.
const fn on_bucket(name: &'static str, effect: Effect, call: MakeCall) -> Operation {
    Operation {
        needs: &[Param::Bucket],
        ..Operation::new(Service::S3, name, On::Bucket, effect, call)
    }
}

/// What S3 says of an object it stored or read.
pub(in crate::attempt) fn stored(
    encryption: Option<&ServerSideEncryption>,
    key: Option<&str>,
    bucket_key: Option<bool>,
    version: Option<&str>,
    etag: Option<&str>,
) -> Output {
    let mut output = fields([
        (Field::Encryption, encryption.map(ServerSideEncryption::as_str)),
        (Field::KmsKey, key),
        (Field::Version, version),
        (Field::Etag, etag),
    ]);
    output.insert(Field::BucketKey, vec![bucket_key.unwrap_or(false).to_string()]);
    output
}

fn encryption(call: &Call) -> Option<ServerSideEncryption> {
    call.get(Param::Encryption).map(|word| ServerSideEncryption::from(word.as_str()))
}

fn acl(call: &Call) -> Option<ObjectCannedAcl> {
    call.get(Param::Acl).map(|word| ObjectCannedAcl::from(word.as_str()))
}

/// The headers of SSE-C, where it is asked for.
#[derive(Default)]
struct CustomerKey {
    algorithm: Option<String>,
    key: Option<String>,
    md5: Option<String>,
}

fn customer_key(call: &Call) -> CustomerKey {
    use md5::{Digest as _, Md5};
    if call.flag(Param::CustomerKey) != Some(true) {
        return CustomerKey::default();
    }
    CustomerKey {
        algorithm: Some("AES256".to_owned()),
        key: Some(STANDARD.encode(CUSTOMER_KEY)),
        md5: Some(STANDARD.encode(Md5::digest(CUSTOMER_KEY))),
    }
}

/// A document that is a list of rules.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Rules<T> {
    rules: Vec<T>,
}

/// A text of a harmless document.
fn text(document: &Value, pointer: &str) -> String {
    document.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use gainsay_model::{Bucket, DefaultEncryption, Ownership, PublicAccessBlock, Versioning};
    use serde_json::json;

    use super::{
        bucket_encryption, bucket_policy, ownership_controls, public_access_block, versioning,
    };

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
        let bucket_with = bucket;
        let bucket = bucket(Versioning::Enabled);
        for (declared, expected) in [
            (versioning::declared(&bucket), json!({ "Status": "Enabled" })),
            (
                public_access_block::declared(&bucket),
                json!({ "BlockPublicAcls": true, "IgnorePublicAcls": true, "BlockPublicPolicy": false, "RestrictPublicBuckets": true }),
            ),
            (
                ownership_controls::declared(&bucket),
                json!({ "Rules": [{ "ObjectOwnership": "BucketOwnerPreferred" }] }),
            ),
            (
                bucket_encryption::declared(&bucket),
                json!({ "Rules": [{
                    "ApplyServerSideEncryptionByDefault": { "SSEAlgorithm": "aws:kms" },
                    "BucketKeyEnabled": true,
                    "BlockedEncryptionTypes": { "EncryptionType": ["SSE-C"] },
                }] }),
            ),
        ] {
            assert_eq!(declared, expected);
        }
        assert_eq!(
            versioning::declared(&bucket_with(Versioning::Off)),
            json!({ "Status": "Suspended" })
        );
        assert_eq!(bucket_policy::declared(&bucket_with(Versioning::Off)), None);
        assert!(bucket_policy::GET.declared.is_none());
    }
}
