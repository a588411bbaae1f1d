//! The inventories of a bucket, of which an attempt is about one that gainsay names.

use aws_sdk_s3::types::{
    InventoryConfiguration, InventoryDestination, InventoryFilter, InventoryFormat,
    InventoryFrequency, InventoryIncludedObjectVersions, InventoryS3BucketDestination,
    InventorySchedule,
};
use serde_json::{Value, json};

use super::{of_bucket, on_bucket, text};
use crate::{
    attempt::{
        Answer, Call, Effect, Operation, Param,
        command::CommandLine,
        content::{SYNTHETIC, document_option, read_document},
        service::send::{Unsendable, boxed, done, fallible},
    },
    cloud::Clients,
};

/// `PutBucketInventoryConfiguration`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketInventoryConfiguration.html>.
pub const PUT: Operation = Operation {
    action: "s3:PutInventoryConfiguration",
    harmless: Some(disabled),
    command: CommandLine {
        more: |call| format!("{} {}", id(call), document_option("--inventory-configuration", call)),
        ..CommandLine::USUAL
    },
    ..on_bucket("s3:PutBucketInventoryConfiguration", Effect::Configures, fallible!(put))
};

/// `GetBucketInventoryConfiguration`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketInventoryConfiguration.html>.
pub const GET: Operation = Operation {
    action: "s3:GetInventoryConfiguration",
    command: CommandLine { more: id, ..CommandLine::USUAL },
    ..on_bucket("s3:GetBucketInventoryConfiguration", Effect::Reads, boxed!(get))
};

/// `DeleteBucketInventoryConfiguration`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketInventoryConfiguration.html>.
pub const DELETE: Operation = Operation {
    action: "s3:PutInventoryConfiguration",
    command: CommandLine { more: id, ..CommandLine::USUAL },
    ..on_bucket("s3:DeleteBucketInventoryConfiguration", Effect::Configures, boxed!(delete))
};

fn id(_: &Call) -> String {
    format!("--id {SYNTHETIC}")
}

fn disabled(call: &Call) -> Value {
    let bucket = format!("arn:aws:s3:::{}", call.get(Param::Bucket).unwrap_or_default());
    let destination = json!({ "Bucket": bucket, "Format": "CSV", "Prefix": SYNTHETIC });
    json!({
        "Id": SYNTHETIC,
        "IsEnabled": false,
        "IncludedObjectVersions": "Current",
        "Schedule": { "Frequency": "Weekly" },
        "Filter": { "Prefix": format!("{SYNTHETIC}/") },
        "Destination": { "S3BucketDestination": destination },
    })
}

async fn put(clients: &Clients, call: &Call) -> Result<Answer, Unsendable> {
    let document: Value = read_document(call)?;
    let destination = InventoryS3BucketDestination::builder()
        .bucket(text(&document, "/Destination/S3BucketDestination/Bucket"))
        .format(InventoryFormat::Csv)
        .prefix(text(&document, "/Destination/S3BucketDestination/Prefix"))
        .build()?;
    let prefix = text(&document, "/Filter/Prefix");
    let inventory = InventoryConfiguration::builder()
        .id(text(&document, "/Id"))
        .is_enabled(false)
        .included_object_versions(InventoryIncludedObjectVersions::Current)
        .schedule(InventorySchedule::builder().frequency(InventoryFrequency::Weekly).build()?)
        .filter(InventoryFilter::builder().prefix(prefix).build()?)
        .destination(InventoryDestination::builder().s3_bucket_destination(destination).build())
        .build()?;
    let request = of_bucket!(clients.s3.put_bucket_inventory_configuration(), call)
        .id(SYNTHETIC)
        .inventory_configuration(inventory);
    Ok(done!(clients, request))
}

async fn get(clients: &Clients, call: &Call) -> Answer {
    let request = of_bucket!(clients.s3.get_bucket_inventory_configuration(), call);
    done!(clients, request.id(SYNTHETIC))
}

async fn delete(clients: &Clients, call: &Call) -> Answer {
    let request = of_bucket!(clients.s3.delete_bucket_inventory_configuration(), call);
    done!(clients, request.id(SYNTHETIC))
}
