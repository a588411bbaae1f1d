//! The public access block of a bucket.

use aws_sdk_s3::types::PublicAccessBlockConfiguration;
use gainsay_model::Bucket;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{bucket_call, of_bucket, on_bucket};
use crate::{
    attempt::{
        Answer, Call, Effect, Operation, Param,
        command::CommandLine,
        content::{document_option, read_document},
        service::send::{Unsendable, done, fallible},
    },
    cloud::Clients,
};

/// `GetPublicAccessBlock`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetPublicAccessBlock.html>.
pub const GET: Operation = Operation {
    action: "s3:GetBucketPublicAccessBlock",
    ..on_bucket("s3:GetPublicAccessBlock", Effect::Reads, bucket_call!(get_public_access_block))
};

/// `PutPublicAccessBlock`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutPublicAccessBlock.html>.
pub const PUT: Operation = Operation {
    action: "s3:PutBucketPublicAccessBlock",
    may: &[Param::Document],
    declared: Some(|request, _| Ok(request.bucket().map(|bucket| declared(bucket).to_string()))),
    harmless: Some(|_| {
        json!({
            "BlockPublicAcls": true,
            "IgnorePublicAcls": true,
            "BlockPublicPolicy": true,
            "RestrictPublicBuckets": true,
        })
    }),
    command: CommandLine {
        more: |call| document_option("--public-access-block-configuration", call),
        ..CommandLine::USUAL
    },
    ..on_bucket("s3:PutPublicAccessBlock", Effect::Configures, fallible!(put))
};

/// `DeletePublicAccessBlock`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeletePublicAccessBlock.html>.
pub const DELETE: Operation = Operation {
    action: "s3:PutBucketPublicAccessBlock",
    ..on_bucket(
        "s3:DeletePublicAccessBlock",
        Effect::Configures,
        bucket_call!(delete_public_access_block),
    )
};

pub(super) fn declared(bucket: &Bucket) -> Value {
    let block = &bucket.public_access;
    json!({
        "BlockPublicAcls": block.block_public_acls,
        "IgnorePublicAcls": block.ignore_public_acls,
        "BlockPublicPolicy": block.block_public_policy,
        "RestrictPublicBuckets": block.restrict_public_buckets,
    })
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

async fn put(clients: &Clients, call: &Call) -> Result<Answer, Unsendable> {
    let block: Block = read_document(call)?;
    let configuration = PublicAccessBlockConfiguration::builder()
        .block_public_acls(block.block_public_acls)
        .ignore_public_acls(block.ignore_public_acls)
        .block_public_policy(block.block_public_policy)
        .restrict_public_buckets(block.restrict_public_buckets)
        .build();
    let request = of_bucket!(clients.s3.put_public_access_block(), call)
        .public_access_block_configuration(configuration);
    Ok(done!(clients, request))
}
