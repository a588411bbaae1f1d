//! The default encryption of a bucket.

use aws_sdk_s3::{
    error::BuildError,
    types::{
        BlockedEncryptionTypes, EncryptionType, ServerSideEncryption,
        ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
    },
};
use gainsay_model::{Bucket, DefaultEncryption};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Rules, bucket_call, of_bucket, on_bucket};
use crate::{
    attempt::{
        Answer, Call, Effect, Operation, Param,
        command::CommandLine,
        content::{document_option, read_document},
        service::send::{Unsendable, done, fallible},
    },
    cloud::Clients,
};

/// `GetBucketEncryption`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketEncryption.html>.
pub const GET: Operation = Operation {
    action: "s3:GetEncryptionConfiguration",
    ..on_bucket("s3:GetBucketEncryption", Effect::Reads, bucket_call!(get_bucket_encryption))
};

/// `PutBucketEncryption`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketEncryption.html>.
pub const PUT: Operation = Operation {
    action: "s3:PutEncryptionConfiguration",
    may: &[Param::Document],
    declared: Some(|request, _| Ok(request.bucket().map(|bucket| declared(bucket).to_string()))),
    harmless: Some(|_| {
        let default = json!({ "SSEAlgorithm": "AES256" });
        json!({ "Rules": [{ "ApplyServerSideEncryptionByDefault": default }] })
    }),
    command: CommandLine {
        more: |call| document_option("--server-side-encryption-configuration", call),
        ..CommandLine::USUAL
    },
    ..on_bucket("s3:PutBucketEncryption", Effect::Configures, fallible!(put))
};

/// `DeleteBucketEncryption`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketEncryption.html>.
pub const DELETE: Operation = Operation {
    action: "s3:PutEncryptionConfiguration",
    ..on_bucket(
        "s3:DeleteBucketEncryption",
        Effect::Configures,
        bucket_call!(delete_bucket_encryption),
    )
};

pub(super) fn declared(bucket: &Bucket) -> Value {
    let blocked = if bucket.blocks_customer_keys { "SSE-C" } else { "NONE" };
    let (default, bucket_key) = match &bucket.encryption {
        DefaultEncryption::S3 => (json!({ "SSEAlgorithm": "AES256" }), false),
        DefaultEncryption::Kms { key, bucket_key, dual_layer } => {
            let algorithm = if *dual_layer { "aws:kms:dsse" } else { "aws:kms" };
            let mut default = json!({ "SSEAlgorithm": algorithm });
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Rule {
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

fn rule(rule: Rule) -> Result<ServerSideEncryptionRule, BuildError> {
    let default = rule.apply_server_side_encryption_by_default;
    let default = ServerSideEncryptionByDefault::builder()
        .sse_algorithm(ServerSideEncryption::from(default.algorithm.as_str()))
        .set_kms_master_key_id(default.key)
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
}

async fn put(clients: &Clients, call: &Call) -> Result<Answer, Unsendable> {
    let document: Rules<Rule> = read_document(call)?;
    let rules: Result<Vec<_>, BuildError> = document.rules.into_iter().map(rule).collect();
    let configuration =
        ServerSideEncryptionConfiguration::builder().set_rules(Some(rules?)).build()?;
    let request = of_bucket!(clients.s3.put_bucket_encryption(), call)
        .server_side_encryption_configuration(configuration);
    Ok(done!(clients, request))
}
