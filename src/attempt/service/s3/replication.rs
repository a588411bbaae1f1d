//! The replication of a bucket.

use aws_sdk_s3::types::{
    DeleteMarkerReplication, DeleteMarkerReplicationStatus, Destination, ReplicationConfiguration,
    ReplicationRule, ReplicationRuleFilter, ReplicationRuleStatus,
};
use serde_json::{Value, json};

use super::{bucket_call, of_bucket, on_bucket, text};
use crate::{
    attempt::{
        Answer, Call, Effect, Operation, Param,
        command::{CommandLine, Spelling},
        content::{SYNTHETIC, document_option, read_document},
        service::send::{Unsendable, done, fallible},
    },
    cloud::Clients,
};

/// `PutBucketReplication`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketReplication.html>.
pub const PUT: Operation = Operation {
    action: "s3:PutReplicationConfiguration",
    needs: &[Param::Bucket, Param::Role, Param::Destination],
    harmless: Some(disabled),
    command: CommandLine {
        options: &[(Param::Role, Spelling::Nowhere)],
        more: |call| document_option("--replication-configuration", call),
        ..CommandLine::USUAL
    },
    ..on_bucket("s3:PutBucketReplication", Effect::Configures, fallible!(put))
};

/// `GetBucketReplication`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketReplication.html>.
pub const GET: Operation = Operation {
    action: "s3:GetReplicationConfiguration",
    ..on_bucket("s3:GetBucketReplication", Effect::Reads, bucket_call!(get_bucket_replication))
};

/// `DeleteBucketReplication`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketReplication.html>.
pub const DELETE: Operation = Operation {
    action: "s3:PutReplicationConfiguration",
    ..on_bucket(
        "s3:DeleteBucketReplication",
        Effect::Configures,
        bucket_call!(delete_bucket_replication),
    )
};

fn disabled(call: &Call) -> Value {
    let destination = call.get(Param::Destination).unwrap_or_default();
    json!({
        "Role": call.get(Param::Role),
        "Rules": [{
            "ID": SYNTHETIC,
            "Priority": 1,
            "Status": "Disabled",
            "Filter": { "Prefix": format!("{SYNTHETIC}/") },
            "DeleteMarkerReplication": { "Status": "Disabled" },
            "Destination": { "Bucket": format!("arn:aws:s3:::{destination}") },
        }],
    })
}

async fn put(clients: &Clients, call: &Call) -> Result<Answer, Unsendable> {
    let document: Value = read_document(call)?;
    let markers =
        DeleteMarkerReplication::builder().status(DeleteMarkerReplicationStatus::Disabled).build();
    let prefix = text(&document, "/Rules/0/Filter/Prefix");
    let destination = text(&document, "/Rules/0/Destination/Bucket");
    let rule = ReplicationRule::builder()
        .id(text(&document, "/Rules/0/ID"))
        .priority(1)
        .status(ReplicationRuleStatus::from(text(&document, "/Rules/0/Status").as_str()))
        .filter(ReplicationRuleFilter::builder().prefix(prefix).build())
        .delete_marker_replication(markers)
        .destination(Destination::builder().bucket(destination).build()?)
        .build()?;
    let configuration =
        ReplicationConfiguration::builder().role(text(&document, "/Role")).rules(rule).build()?;
    let request = of_bucket!(clients.s3.put_bucket_replication(), call);
    Ok(done!(clients, request.replication_configuration(configuration)))
}
