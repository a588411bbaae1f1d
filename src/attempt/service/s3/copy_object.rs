//! Objects, copied by S3.

use super::{of_object, on_object, stored_as, stored_fields};
use crate::{
    attempt::{
        Answer, Call, Effect, Leaves, Operation, Param,
        service::send::{boxed, send},
    },
    cloud::Clients,
};

/// `CopyObject`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html>.
pub const COPY: Operation = Operation {
    action: "s3:PutObject",
    needs: &[Param::Bucket, Param::Key, Param::CopySource],
    may: &[Param::Encryption, Param::KmsKey, Param::BucketKey, Param::CustomerKey, Param::Acl],
    leaves: Leaves::Version,
    ..on_object("s3:CopyObject", Effect::Writes, boxed!(copy))
};

async fn copy(clients: &Clients, call: &Call) -> Answer {
    let request = stored_as!(of_object!(clients.s3.copy_object(), call), call)
        .set_copy_source(call.get(Param::CopySource));
    send!(clients, request, |answer| {
        let etag = answer.copy_object_result().and_then(|result| result.e_tag());
        stored_fields!(answer, answer.version_id(), etag)
    })
}
