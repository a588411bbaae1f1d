//! The notifications of a bucket.

use aws_sdk_s3::types::{EventBridgeConfiguration, NotificationConfiguration};
use serde_json::json;

use super::{bucket_call, of_bucket, on_bucket};
use crate::{
    attempt::{
        Answer, Call, Effect, Operation,
        command::CommandLine,
        content::document_option,
        service::send::{boxed, done},
    },
    cloud::Clients,
};

/// `PutBucketNotificationConfiguration`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html>.
pub const PUT: Operation = Operation {
    action: "s3:PutBucketNotification",
    harmless: Some(|_| json!({ "EventBridgeConfiguration": {} })),
    command: CommandLine {
        more: |call| document_option("--notification-configuration", call),
        ..CommandLine::USUAL
    },
    ..on_bucket("s3:PutBucketNotificationConfiguration", Effect::Configures, boxed!(put))
};

/// `GetBucketNotificationConfiguration`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketNotificationConfiguration.html>.
pub const GET: Operation = Operation {
    action: "s3:GetBucketNotification",
    ..on_bucket(
        "s3:GetBucketNotificationConfiguration",
        Effect::Reads,
        bucket_call!(get_bucket_notification_configuration),
    )
};

async fn put(clients: &Clients, call: &Call) -> Answer {
    let notification = NotificationConfiguration::builder()
        .event_bridge_configuration(EventBridgeConfiguration::builder().build())
        .build();
    let request = of_bucket!(clients.s3.put_bucket_notification_configuration(), call)
        .notification_configuration(notification);
    done!(clients, request)
}
