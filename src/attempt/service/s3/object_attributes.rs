//! What S3 says of an object without its body.

use aws_sdk_s3::types::ObjectAttributes;

use super::{of_version, on_object};
use crate::{
    attempt::{
        Answer, Call, Effect, Field, Operation, Param,
        command::CommandLine,
        service::send::{boxed, fields, send},
    },
    cloud::Clients,
};

/// `GetObjectAttributes`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html>.
pub const GET: Operation = Operation {
    action_with_version: Some("s3:GetObjectVersionAttributes"),
    may: &[Param::Version],
    command: CommandLine {
        more: |_| "--object-attributes ETag ObjectSize StorageClass".to_owned(),
        ..CommandLine::USUAL
    },
    ..on_object("s3:GetObjectAttributes", Effect::Reads, boxed!(get))
};

async fn get(clients: &Clients, call: &Call) -> Answer {
    let request = of_version!(clients.s3.get_object_attributes(), call)
        .object_attributes(ObjectAttributes::Etag)
        .object_attributes(ObjectAttributes::ObjectSize)
        .object_attributes(ObjectAttributes::StorageClass);
    send!(clients, request, |answer| fields([
        (Field::Etag, answer.e_tag()),
        (Field::Version, answer.version_id())
    ]))
}
