//! The access logs of a bucket.

use aws_sdk_s3::types::{BucketLoggingStatus, LoggingEnabled};
use serde_json::{Value, json};

use super::{bucket_call, of_bucket, on_bucket, text};
use crate::{
    attempt::{
        Answer, Call, Effect, Operation, Param,
        command::CommandLine,
        content::{SYNTHETIC, document_option, read_document},
        service::send::{Unsendable, done, fallible},
    },
    cloud::Clients,
};

/// `PutBucketLogging`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLogging.html>.
pub const PUT: Operation = Operation {
    harmless: Some(to_itself),
    command: CommandLine {
        more: |call| document_option("--bucket-logging-status", call),
        ..CommandLine::USUAL
    },
    ..on_bucket("s3:PutBucketLogging", Effect::Configures, fallible!(put))
};

/// `GetBucketLogging`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLogging.html>.
pub const GET: Operation =
    on_bucket("s3:GetBucketLogging", Effect::Reads, bucket_call!(get_bucket_logging));

fn to_itself(call: &Call) -> Value {
    let bucket = call.get(Param::Bucket).unwrap_or_default();
    let prefix = format!("{SYNTHETIC}/");
    json!({ "LoggingEnabled": { "TargetBucket": bucket, "TargetPrefix": prefix } })
}

async fn put(clients: &Clients, call: &Call) -> Result<Answer, Unsendable> {
    let document: Value = read_document(call)?;
    let enabled = LoggingEnabled::builder()
        .target_bucket(text(&document, "/LoggingEnabled/TargetBucket"))
        .target_prefix(text(&document, "/LoggingEnabled/TargetPrefix"))
        .build()?;
    let status = BucketLoggingStatus::builder().logging_enabled(enabled).build();
    let request = of_bucket!(clients.s3.put_bucket_logging(), call);
    Ok(done!(clients, request.bucket_logging_status(status)))
}
