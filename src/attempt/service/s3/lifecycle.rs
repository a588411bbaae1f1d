//! The lifecycle rules of a bucket.

use aws_sdk_s3::types::{
    BucketLifecycleConfiguration, ExpirationStatus, LifecycleExpiration, LifecycleRule,
    LifecycleRuleFilter,
};
use serde_json::{Value, json};

use super::{bucket_call, of_bucket, on_bucket, text};
use crate::{
    attempt::{
        Answer, Call, Effect, Operation,
        command::CommandLine,
        content::{SYNTHETIC, document_option, read_document},
        service::send::{Unsendable, done, fallible},
    },
    cloud::Clients,
};

/// `PutBucketLifecycleConfiguration`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html>.
pub const PUT: Operation = Operation {
    action: "s3:PutLifecycleConfiguration",
    harmless: Some(|_| {
        json!({ "Rules": [{
            "ID": SYNTHETIC,
            "Status": "Disabled",
            "Filter": { "Prefix": format!("{SYNTHETIC}/") },
            "Expiration": { "Days": 3650 },
        }] })
    }),
    command: CommandLine {
        more: |call| document_option("--lifecycle-configuration", call),
        ..CommandLine::USUAL
    },
    ..on_bucket("s3:PutBucketLifecycleConfiguration", Effect::Configures, fallible!(put))
};

/// `GetBucketLifecycleConfiguration`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLifecycleConfiguration.html>.
pub const GET: Operation = Operation {
    action: "s3:GetLifecycleConfiguration",
    ..on_bucket(
        "s3:GetBucketLifecycleConfiguration",
        Effect::Reads,
        bucket_call!(get_bucket_lifecycle_configuration),
    )
};

/// `DeleteBucketLifecycle`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketLifecycle.html>.
pub const DELETE: Operation = Operation {
    action: "s3:PutLifecycleConfiguration",
    ..on_bucket(
        "s3:DeleteBucketLifecycle",
        Effect::Configures,
        bucket_call!(delete_bucket_lifecycle),
    )
};

async fn put(clients: &Clients, call: &Call) -> Result<Answer, Unsendable> {
    let document: Value = read_document(call)?;
    let days = document.pointer("/Rules/0/Expiration/Days").and_then(Value::as_i64);
    let days = days.and_then(|days| days.try_into().ok());
    let prefix = text(&document, "/Rules/0/Filter/Prefix");
    let rule = LifecycleRule::builder()
        .id(text(&document, "/Rules/0/ID"))
        .status(ExpirationStatus::from(text(&document, "/Rules/0/Status").as_str()))
        .filter(LifecycleRuleFilter::builder().prefix(prefix).build())
        .expiration(LifecycleExpiration::builder().set_days(days).build())
        .build()?;
    let configuration = BucketLifecycleConfiguration::builder().rules(rule).build()?;
    let request = of_bucket!(clients.s3.put_bucket_lifecycle_configuration(), call);
    Ok(done!(clients, request.lifecycle_configuration(configuration)))
}
