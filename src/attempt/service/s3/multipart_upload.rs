//! Multipart uploads: begun, completed, aborted, and their parts listed.

use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};

use super::{of_object, on_object, stored_as, stored_fields};
use crate::{
    attempt::{
        Answer, Call, Effect, Field, Leaves, Operation, Param,
        service::send::{boxed, done, fields, send},
    },
    cloud::Clients,
};

/// `CreateMultipartUpload`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html>.
pub const CREATE: Operation = Operation {
    action: "s3:PutObject",
    may: &[
        Param::Encryption,
        Param::KmsKey,
        Param::BucketKey,
        Param::CustomerKey,
        Param::Acl,
        Param::Tags,
    ],
    leaves: Leaves::Upload,
    ..on_object("s3:CreateMultipartUpload", Effect::Writes, boxed!(create))
};

/// `CompleteMultipartUpload`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html>.
pub const COMPLETE: Operation = Operation {
    action: "s3:PutObject",
    needs: &[Param::Bucket, Param::Key, Param::Upload, Param::Parts],
    leaves: Leaves::CompletedUpload,
    ..on_object("s3:CompleteMultipartUpload", Effect::Consumes, boxed!(complete))
};

/// `AbortMultipartUpload`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html>.
pub const ABORT: Operation = Operation {
    needs: &[Param::Bucket, Param::Key, Param::Upload],
    leaves: Leaves::AbortedUpload,
    ..on_object("s3:AbortMultipartUpload", Effect::Consumes, boxed!(abort))
};

/// `ListParts`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html>.
pub const LIST_PARTS: Operation = Operation {
    action: "s3:ListMultipartUploadParts",
    needs: &[Param::Bucket, Param::Key, Param::Upload],
    ..on_object("s3:ListParts", Effect::Reads, boxed!(list_parts))
};

async fn create(clients: &Clients, call: &Call) -> Answer {
    let request = stored_as!(of_object!(clients.s3.create_multipart_upload(), call), call)
        .set_tagging(call.get(Param::Tags));
    send!(clients, request, |answer| {
        let mut output = stored_fields!(answer, None, None);
        output.extend(fields([(Field::UploadId, answer.upload_id())]));
        output
    })
}

async fn complete(clients: &Clients, call: &Call) -> Answer {
    let parts = call.get(Param::Parts).unwrap_or_default();
    let parts = parts.split(',').filter_map(|part| part.split_once(':')).map(|(number, etag)| {
        CompletedPart::builder().set_part_number(number.parse().ok()).e_tag(etag).build()
    });
    let parts = CompletedMultipartUpload::builder().set_parts(Some(parts.collect())).build();
    let request = of_object!(clients.s3.complete_multipart_upload(), call)
        .set_upload_id(call.get(Param::Upload))
        .multipart_upload(parts);
    send!(clients, request, |answer| stored_fields!(answer, answer.version_id(), answer.e_tag()))
}

async fn abort(clients: &Clients, call: &Call) -> Answer {
    let request = of_object!(clients.s3.abort_multipart_upload(), call);
    done!(clients, request.set_upload_id(call.get(Param::Upload)))
}

async fn list_parts(clients: &Clients, call: &Call) -> Answer {
    let request = of_object!(clients.s3.list_parts(), call).set_upload_id(call.get(Param::Upload));
    send!(clients, request, |answer| fields([(Field::UploadId, answer.upload_id())]))
}
