//! Who owns the objects of a bucket.

use aws_sdk_s3::{
    error::BuildError,
    types::{ObjectOwnership, OwnershipControls, OwnershipControlsRule},
};
use gainsay_model::Bucket;
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

/// `GetBucketOwnershipControls`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketOwnershipControls.html>.
pub const GET: Operation = on_bucket(
    "s3:GetBucketOwnershipControls",
    Effect::Reads,
    bucket_call!(get_bucket_ownership_controls),
);

/// `PutBucketOwnershipControls`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketOwnershipControls.html>.
pub const PUT: Operation = Operation {
    may: &[Param::Document],
    declared: Some(|request, _| Ok(request.bucket().map(|bucket| declared(bucket).to_string()))),
    harmless: Some(|_| json!({ "Rules": [{ "ObjectOwnership": "BucketOwnerEnforced" }] })),
    command: CommandLine {
        more: |call| document_option("--ownership-controls", call),
        ..CommandLine::USUAL
    },
    ..on_bucket("s3:PutBucketOwnershipControls", Effect::Configures, fallible!(put))
};

/// `DeleteBucketOwnershipControls`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketOwnershipControls.html>.
pub const DELETE: Operation = Operation {
    action: "s3:PutBucketOwnershipControls",
    ..on_bucket(
        "s3:DeleteBucketOwnershipControls",
        Effect::Configures,
        bucket_call!(delete_bucket_ownership_controls),
    )
};

pub(super) fn declared(bucket: &Bucket) -> Value {
    json!({ "Rules": [{ "ObjectOwnership": bucket.ownership.as_str() }] })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Rule {
    object_ownership: String,
}

async fn put(clients: &Clients, call: &Call) -> Result<Answer, Unsendable> {
    let document: Rules<Rule> = read_document(call)?;
    let rule = |rule: Rule| {
        OwnershipControlsRule::builder()
            .object_ownership(ObjectOwnership::from(rule.object_ownership.as_str()))
            .build()
    };
    let rules: Result<Vec<_>, BuildError> = document.rules.into_iter().map(rule).collect();
    let controls = OwnershipControls::builder().set_rules(Some(rules?)).build()?;
    let request = of_bucket!(clients.s3.put_bucket_ownership_controls(), call);
    Ok(done!(clients, request.ownership_controls(controls)))
}
