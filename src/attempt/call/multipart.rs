//! Multipart uploads.

use aws_sdk_s3::{
    operation::RequestId as _,
    types::{CompletedMultipartUpload, CompletedPart},
};

use super::{acl, customer_key, encryption, fields, forgotten, send, stored};
use crate::{
    attempt::{Answer, Call, Field, Op, Output, Param},
    cloud::Clients,
};

pub(super) async fn multipart(clients: &Clients, call: &Call) -> Answer {
    let s3 = &clients.s3;
    let owner = call.bucket_owner.clone();
    let (bucket, key, upload) =
        (call.get(Param::Bucket), call.get(Param::Key), call.get(Param::Upload));
    match call.operation.op {
        Op::CreateMultipartUpload => {
            let customer = customer_key(call);
            let request = s3
                .create_multipart_upload()
                .set_bucket(bucket)
                .set_key(key)
                .set_expected_bucket_owner(owner)
                .set_server_side_encryption(encryption(call))
                .set_ssekms_key_id(call.get(Param::KmsKey))
                .set_bucket_key_enabled(call.flag(Param::BucketKey))
                .set_sse_customer_algorithm(customer.algorithm)
                .set_sse_customer_key(customer.key)
                .set_sse_customer_key_md5(customer.md5)
                .set_acl(acl(call))
                .set_tagging(call.get(Param::Tags));
            send!(clients, request, |answer| {
                let mut output = stored(
                    answer.server_side_encryption(),
                    answer.ssekms_key_id(),
                    answer.bucket_key_enabled(),
                    None,
                    None,
                );
                output.extend(fields([(Field::UploadId, answer.upload_id())]));
                output
            })
        }
        Op::CompleteMultipartUpload => {
            let parts = call.get(Param::Parts).unwrap_or_default();
            let parts =
                parts.split(',').filter_map(|part| part.split_once(':')).map(|(number, etag)| {
                    CompletedPart::builder()
                        .set_part_number(number.parse().ok())
                        .e_tag(etag)
                        .build()
                });
            let upload_parts =
                CompletedMultipartUpload::builder().set_parts(Some(parts.collect())).build();
            let request = s3
                .complete_multipart_upload()
                .set_bucket(bucket)
                .set_key(key)
                .set_upload_id(upload)
                .set_expected_bucket_owner(owner)
                .multipart_upload(upload_parts);
            send!(clients, request, |answer| stored(
                answer.server_side_encryption(),
                answer.ssekms_key_id(),
                answer.bucket_key_enabled(),
                answer.version_id(),
                answer.e_tag()
            ))
        }
        Op::AbortMultipartUpload => {
            let request = s3
                .abort_multipart_upload()
                .set_bucket(bucket)
                .set_key(key)
                .set_upload_id(upload)
                .set_expected_bucket_owner(owner);
            send!(clients, request, |answer| Output::new())
        }
        Op::ListParts => {
            let request = s3
                .list_parts()
                .set_bucket(bucket)
                .set_key(key)
                .set_upload_id(upload)
                .set_expected_bucket_owner(owner);
            send!(clients, request, |answer| fields([(Field::UploadId, answer.upload_id())]))
        }
        _ => forgotten(call),
    }
}
