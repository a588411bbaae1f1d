//! The policy of a bucket.

use gainsay_model::Bucket;
use serde_json::{Value, json};

use super::{bucket_call, of_bucket, on_bucket};
use crate::{
    attempt::{
        Answer, Call, Effect, Operation, Param,
        command::CommandLine,
        content::{SYNTHETIC, document, document_option},
        service::send::{boxed, done},
    },
    cloud::Clients,
};

/// `GetBucketPolicy`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicy.html>.
pub const GET: Operation =
    on_bucket("s3:GetBucketPolicy", Effect::Reads, bucket_call!(get_bucket_policy));

/// `PutBucketPolicy`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html>.
pub const PUT: Operation = Operation {
    may: &[Param::Document],
    declared: Some(|request, _| Ok(request.bucket().and_then(|bucket| declared(bucket)))),
    harmless: Some(denies_nobody),
    command: CommandLine { more: |call| document_option("--policy", call), ..CommandLine::USUAL },
    ..on_bucket("s3:PutBucketPolicy", Effect::Configures, boxed!(put))
};

/// `DeleteBucketPolicy`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketPolicy.html>.
pub const DELETE: Operation =
    on_bucket("s3:DeleteBucketPolicy", Effect::Configures, bucket_call!(delete_bucket_policy));

pub(super) fn declared(bucket: &Bucket) -> Option<String> {
    bucket.policy.as_ref().map(|policy| policy.text.to_string())
}

/// A policy that denies what nobody has to those who have a tag that nobody has.
fn denies_nobody(call: &Call) -> Value {
    let bucket = call.get(Param::Bucket).unwrap_or_default();
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "GainsaySynthetic",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": format!("arn:aws:s3:::{bucket}/{SYNTHETIC}/*"),
            "Condition": { "StringEquals": { "aws:PrincipalTag/gainsay-synthetic": "never" } }
        }]
    })
}

async fn put(clients: &Clients, call: &Call) -> Answer {
    done!(clients, of_bucket!(clients.s3.put_bucket_policy(), call).policy(document(call)))
}
