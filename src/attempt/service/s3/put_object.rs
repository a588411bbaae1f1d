//! Objects, written whole.

use aws_sdk_s3::{primitives::ByteStream, types::StorageClass};
use aws_smithy_types::body::SdkBody;

use super::{of_object, on_object, send_or_presign, stored_as, stored_fields};
use crate::{
    attempt::{
        Answer, Call, Effect, Leaves, Operation, Param,
        command::CommandLine,
        content::body,
        service::send::{Unsendable, fallible},
    },
    cloud::Clients,
};

/// `PutObject`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>.
pub const PUT: Operation = Operation {
    may: &[
        Param::Body,
        Param::Encryption,
        Param::KmsKey,
        Param::BucketKey,
        Param::CustomerKey,
        Param::Acl,
        Param::Tags,
        Param::StorageClass,
    ],
    leaves: Leaves::Version,
    command: CommandLine { presigned: "-X PUT --data-binary @body ", ..CommandLine::USUAL },
    ..on_object("s3:PutObject", Effect::Writes, fallible!(put))
};

async fn put(clients: &Clients, call: &Call) -> Result<Answer, Unsendable> {
    let class = call.get(Param::StorageClass).map(|class| StorageClass::from(class.as_str()));
    let request = stored_as!(of_object!(clients.s3.put_object(), call), call)
        .set_tagging(call.get(Param::Tags))
        .set_storage_class(class)
        .body(ByteStream::from(body(call).into_bytes()));
    Ok(send_or_presign!(clients, call, request, SdkBody::from(body(call)), |answer| {
        stored_fields!(answer, answer.version_id(), answer.e_tag())
    }))
}
