//! The versioning of a bucket.

use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use gainsay_model::{Bucket, Versioning};
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

/// `GetBucketVersioning`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketVersioning.html>.
pub const GET: Operation =
    on_bucket("s3:GetBucketVersioning", Effect::Reads, bucket_call!(get_bucket_versioning));

/// `PutBucketVersioning`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketVersioning.html>.
pub const PUT: Operation = Operation {
    may: &[Param::Document],
    declared: Some(|request, _| Ok(request.bucket().map(|bucket| declared(bucket).to_string()))),
    harmless: Some(|_| json!({ "Status": "Enabled" })),
    command: CommandLine {
        more: |call| document_option("--versioning-configuration", call),
        ..CommandLine::USUAL
    },
    ..on_bucket("s3:PutBucketVersioning", Effect::Configures, fallible!(put))
};

/// A bucket without versioning cannot be put back to that; suspended is the nearest there is.
pub(super) fn declared(bucket: &Bucket) -> Value {
    let status = match bucket.versioning {
        Versioning::Enabled => "Enabled",
        Versioning::Suspended | Versioning::Off => "Suspended",
    };
    json!({ "Status": status })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Document {
    status: String,
}

async fn put(clients: &Clients, call: &Call) -> Result<Answer, Unsendable> {
    let document: Document = read_document(call)?;
    let configuration = VersioningConfiguration::builder()
        .status(BucketVersioningStatus::from(document.status.as_str()))
        .build();
    let request = of_bucket!(clients.s3.put_bucket_versioning(), call)
        .versioning_configuration(configuration);
    Ok(done!(clients, request))
}
