//! Objects: written, read, copied, deleted.

use aws_sdk_s3::{operation::RequestId as _, primitives::ByteStream, types::StorageClass};

use super::{
    acl, body, customer_key, encryption, fields, forgotten, send, send_or_presign, stored,
};
use crate::{
    attempt::{
        Answer, Call, Field, Op, Param,
        presigned::{presigned, presigning},
    },
    cloud::Clients,
};

#[expect(clippy::too_many_lines, reason = "an arm for each operation")]
pub(super) async fn object(clients: &Clients, call: &Call) -> Answer {
    let s3 = &clients.s3;
    let owner = call.bucket_owner.clone();
    let (bucket, key, version) =
        (call.get(Param::Bucket), call.get(Param::Key), call.get(Param::Version));
    let customer = customer_key(call);
    match call.operation.op {
        Op::PutObject => {
            let request = s3
                .put_object()
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
                .set_tagging(call.get(Param::Tags))
                .set_storage_class(
                    call.get(Param::StorageClass).map(|class| StorageClass::from(class.as_str())),
                )
                .body(ByteStream::from(body(call).into_bytes()));
            send_or_presign!(clients, call, request, |answer| stored(
                answer.server_side_encryption(),
                answer.ssekms_key_id(),
                answer.bucket_key_enabled(),
                answer.version_id(),
                answer.e_tag()
            ))
        }
        Op::CopyObject => {
            let request = s3
                .copy_object()
                .set_bucket(bucket)
                .set_key(key)
                .set_copy_source(call.get(Param::CopySource))
                .set_expected_bucket_owner(owner)
                .set_server_side_encryption(encryption(call))
                .set_ssekms_key_id(call.get(Param::KmsKey))
                .set_bucket_key_enabled(call.flag(Param::BucketKey))
                .set_sse_customer_algorithm(customer.algorithm)
                .set_sse_customer_key(customer.key)
                .set_sse_customer_key_md5(customer.md5)
                .set_acl(acl(call));
            send!(clients, request, |answer| stored(
                answer.server_side_encryption(),
                answer.ssekms_key_id(),
                answer.bucket_key_enabled(),
                answer.version_id(),
                answer.copy_object_result().and_then(|result| result.e_tag())
            ))
        }
        Op::UploadPart => {
            let number = call.get(Param::PartNumber).and_then(|number| number.parse().ok());
            let request = s3
                .upload_part()
                .set_bucket(bucket)
                .set_key(key)
                .set_upload_id(call.get(Param::Upload))
                .set_part_number(number)
                .set_expected_bucket_owner(owner)
                .body(ByteStream::from(body(call).into_bytes()));
            send_or_presign!(clients, call, request, |answer| stored(
                answer.server_side_encryption(),
                answer.ssekms_key_id(),
                answer.bucket_key_enabled(),
                None,
                answer.e_tag()
            ))
        }
        Op::GetObject => get_object(clients, call).await,
        Op::HeadObject => {
            let request = s3
                .head_object()
                .set_bucket(bucket)
                .set_key(key)
                .set_version_id(version)
                .set_expected_bucket_owner(owner);
            send_or_presign!(clients, call, request, |answer| stored(
                answer.server_side_encryption(),
                answer.ssekms_key_id(),
                answer.bucket_key_enabled(),
                answer.version_id(),
                answer.e_tag()
            ))
        }
        Op::DeleteObject => {
            let request = s3
                .delete_object()
                .set_bucket(bucket)
                .set_key(key)
                .set_version_id(version)
                .set_expected_bucket_owner(owner);
            send_or_presign!(clients, call, request, |answer| fields([(
                Field::Version,
                answer.version_id()
            )]))
        }
        _ => forgotten(call),
    }
}

async fn get_object(clients: &Clients, call: &Call) -> Answer {
    let request = clients
        .s3
        .get_object()
        .set_bucket(call.get(Param::Bucket))
        .set_key(call.get(Param::Key))
        .set_version_id(call.get(Param::Version))
        .set_expected_bucket_owner(call.bucket_owner.clone());
    match presigning(clients, call) {
        Some(Ok(config)) => return presigned(clients, call, request.presigned(config).await).await,
        Some(Err(message)) => return Answer::NotSent { message },
        None => {}
    }
    match request.send().await {
        Err(error) => Answer::from_error(&error),
        Ok(answer) => {
            let mut output = stored(
                answer.server_side_encryption(),
                answer.ssekms_key_id(),
                answer.bucket_key_enabled(),
                answer.version_id(),
                answer.e_tag(),
            );
            let request_id = answer.request_id().map(str::to_owned);
            // A read counts as a success only once its body has arrived whole.
            match answer.body.collect().await {
                Ok(body) => {
                    output.insert(
                        Field::Body,
                        vec![String::from_utf8_lossy(&body.into_bytes()).into_owned()],
                    );
                    Answer::Success { status: clients.last_status(), request_id, output }
                }
                // Not the same as no answer: it began as a success, and asking again must not make
                // it anything else.
                Err(error) => Answer::Malformed {
                    status: clients.last_status(),
                    message: format!("the body broke off: {error}"),
                },
            }
        }
    }
}
