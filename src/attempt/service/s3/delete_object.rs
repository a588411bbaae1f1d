//! One object or version, deleted.

use aws_smithy_types::body::SdkBody;

use super::{of_version, on_object, send_or_presign};
use crate::{
    attempt::{
        Answer, Call, Effect, Field, Leaves, Operation, Param,
        command::CommandLine,
        service::send::{Unsendable, fallible, fields},
    },
    cloud::Clients,
};

/// `DeleteObject`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html>.
pub const DELETE: Operation = Operation {
    action_with_version: Some("s3:DeleteObjectVersion"),
    may: &[Param::Version],
    leaves: Leaves::DeleteMarker,
    command: CommandLine { presigned: "-X DELETE ", ..CommandLine::USUAL },
    ..on_object("s3:DeleteObject", Effect::Consumes, fallible!(delete))
};

async fn delete(clients: &Clients, call: &Call) -> Result<Answer, Unsendable> {
    let request = of_version!(clients.s3.delete_object(), call);
    Ok(send_or_presign!(clients, call, request, SdkBody::empty(), |answer| {
        fields([(Field::Version, answer.version_id())])
    }))
}
