//! Parts of a multipart upload, sent or copied.

use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_types::body::SdkBody;

use super::{of_object, on_object, send_or_presign, stored_fields};
use crate::{
    attempt::{
        Answer, Call, Effect, Leaves, Operation, Param,
        command::CommandLine,
        content::body,
        service::send::{Unsendable, boxed, fallible, send},
    },
    cloud::Clients,
};

/// `UploadPart`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html>.
pub const UPLOAD: Operation = Operation {
    action: "s3:PutObject",
    needs: &[Param::Bucket, Param::Key, Param::Upload, Param::PartNumber],
    may: &[Param::Body],
    leaves: Leaves::Part,
    command: CommandLine { presigned: "-X PUT --data-binary @body ", ..CommandLine::USUAL },
    ..on_object("s3:UploadPart", Effect::Writes, fallible!(upload))
};

/// `UploadPartCopy`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html>.
pub const COPY: Operation = Operation {
    action: "s3:PutObject",
    needs: &[Param::Bucket, Param::Key, Param::Upload, Param::PartNumber, Param::CopySource],
    leaves: Leaves::Part,
    ..on_object("s3:UploadPartCopy", Effect::Writes, boxed!(copy))
};

fn number(call: &Call) -> Option<i32> {
    call.get(Param::PartNumber).and_then(|number| number.parse().ok())
}

async fn upload(clients: &Clients, call: &Call) -> Result<Answer, Unsendable> {
    let request = of_object!(clients.s3.upload_part(), call)
        .set_upload_id(call.get(Param::Upload))
        .set_part_number(number(call))
        .body(ByteStream::from(body(call).into_bytes()));
    Ok(send_or_presign!(clients, call, request, SdkBody::from(body(call)), |answer| {
        stored_fields!(answer, None, answer.e_tag())
    }))
}

async fn copy(clients: &Clients, call: &Call) -> Answer {
    let request = of_object!(clients.s3.upload_part_copy(), call)
        .set_upload_id(call.get(Param::Upload))
        .set_part_number(number(call))
        .set_copy_source(call.get(Param::CopySource));
    send!(clients, request, |answer| {
        let etag = answer.copy_part_result().and_then(|result| result.e_tag());
        stored_fields!(answer, None, etag)
    })
}
