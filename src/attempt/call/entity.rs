//! What is done to one object besides reading and writing it whole.

use aws_sdk_s3::{
    operation::{RequestId as _, delete_objects::DeleteObjectsOutput},
    primitives::ByteStream,
    types::{
        Delete, ObjectAttributes, ObjectEncryption, ObjectIdentifier, RestoreRequest,
        SsekmsEncryption,
    },
};

use super::{body, fields, forgotten, send, stored};
use crate::{
    attempt::{Answer, Call, Field, Op, Output, Param, Refused},
    cloud::Clients,
};

/// How long a restored copy is asked for.
pub(in crate::attempt) const RESTORE_DAYS: i32 = 1;

pub(super) async fn entity(clients: &Clients, call: &Call) -> Answer {
    let s3 = &clients.s3;
    let owner = call.bucket_owner.clone();
    let (bucket, key, version) =
        (call.get(Param::Bucket), call.get(Param::Key), call.get(Param::Version));
    match call.operation.op {
        Op::DeleteObjects => delete_objects(clients, call).await,
        Op::UploadPartCopy => {
            let request = s3
                .upload_part_copy()
                .set_bucket(bucket)
                .set_key(key)
                .set_upload_id(call.get(Param::Upload))
                .set_part_number(call.get(Param::PartNumber).and_then(|number| number.parse().ok()))
                .set_copy_source(call.get(Param::CopySource))
                .set_expected_bucket_owner(owner);
            send!(clients, request, |answer| stored(
                answer.server_side_encryption(),
                answer.ssekms_key_id(),
                answer.bucket_key_enabled(),
                None,
                answer.copy_part_result().and_then(|result| result.e_tag())
            ))
        }
        Op::GetObjectAttributes => {
            let request = s3
                .get_object_attributes()
                .set_bucket(bucket)
                .set_key(key)
                .set_version_id(version)
                .set_expected_bucket_owner(owner)
                .object_attributes(ObjectAttributes::Etag)
                .object_attributes(ObjectAttributes::ObjectSize)
                .object_attributes(ObjectAttributes::StorageClass);
            send!(clients, request, |answer| fields([
                (Field::Etag, answer.e_tag()),
                (Field::Version, answer.version_id())
            ]))
        }
        Op::RestoreObject => {
            let request = s3
                .restore_object()
                .set_bucket(bucket)
                .set_key(key)
                .set_version_id(version)
                .set_expected_bucket_owner(owner)
                .restore_request(RestoreRequest::builder().days(RESTORE_DAYS).build());
            send!(clients, request, |answer| Output::new())
        }
        Op::UpdateObjectEncryption => {
            let kms = SsekmsEncryption::builder()
                .set_kms_key_arn(call.get(Param::KmsKey))
                .set_bucket_key_enabled(call.flag(Param::BucketKey))
                .build();
            match kms {
                Ok(kms) => {
                    let request = s3
                        .update_object_encryption()
                        .set_bucket(bucket)
                        .set_key(key)
                        .set_version_id(version)
                        .set_expected_bucket_owner(owner)
                        .object_encryption(ObjectEncryption::Ssekms(kms));
                    send!(clients, request, |answer| Output::new())
                }
                Err(error) => Answer::NotSent { message: error.to_string() },
            }
        }
        Op::PutObjectAnnotation
        | Op::GetObjectAnnotation
        | Op::ListObjectAnnotations
        | Op::DeleteObjectAnnotation => annotation(clients, call).await,
        _ => forgotten(call),
    }
}

async fn annotation(clients: &Clients, call: &Call) -> Answer {
    let s3 = &clients.s3;
    let owner = call.bucket_owner.clone();
    let (bucket, key, version) =
        (call.get(Param::Bucket), call.get(Param::Key), call.get(Param::Version));
    let name = call.get(Param::Annotation);
    match call.operation.op {
        Op::PutObjectAnnotation => {
            let request = s3
                .put_object_annotation()
                .set_bucket(bucket)
                .set_key(key)
                .set_version_id(version)
                .set_annotation_name(name)
                .set_expected_bucket_owner(owner)
                .annotation_payload(ByteStream::from(body(call).into_bytes()));
            send!(clients, request, |answer| fields([(Field::Etag, answer.e_tag())]))
        }
        Op::GetObjectAnnotation => {
            let request = s3
                .get_object_annotation()
                .set_bucket(bucket)
                .set_key(key)
                .set_version_id(version)
                .set_annotation_name(name)
                .set_expected_bucket_owner(owner);
            match request.send().await {
                Err(error) => Answer::from_error(&error),
                Ok(answer) => {
                    let mut output = fields([(Field::Etag, answer.e_tag())]);
                    let request_id = answer.request_id().map(str::to_owned);
                    match answer.annotation_payload.collect().await {
                        Ok(body) => {
                            output.insert(
                                Field::Body,
                                vec![String::from_utf8_lossy(&body.into_bytes()).into_owned()],
                            );
                            Answer::success(clients.last_status(), request_id.as_deref(), output)
                        }
                        Err(error) => {
                            Answer::Unreachable { message: format!("the body broke off: {error}") }
                        }
                    }
                }
            }
        }
        Op::ListObjectAnnotations => {
            let request = s3
                .list_object_annotations()
                .set_bucket(bucket)
                .set_key(key)
                .set_version_id(version)
                .set_expected_bucket_owner(owner);
            send!(clients, request, |answer| {
                let names =
                    answer.annotations().iter().map(|entry| entry.annotation_name().to_owned());
                Output::from([(Field::Keys, names.collect())])
            })
        }
        Op::DeleteObjectAnnotation => {
            let request = s3
                .delete_object_annotation()
                .set_bucket(bucket)
                .set_key(key)
                .set_version_id(version)
                .set_annotation_name(name)
                .set_expected_bucket_owner(owner);
            send!(clients, request, |answer| Output::new())
        }
        _ => forgotten(call),
    }
}

async fn delete_objects(clients: &Clients, call: &Call) -> Answer {
    let object = ObjectIdentifier::builder()
        .set_key(call.get(Param::Key))
        .set_version_id(call.get(Param::Version))
        .build();
    let delete = object.and_then(|object| Delete::builder().objects(object).build());
    let delete = match delete {
        Ok(delete) => delete,
        Err(error) => {
            return Answer::NotSent { message: error.to_string() };
        }
    };
    let request = clients
        .s3
        .delete_objects()
        .set_bucket(call.get(Param::Bucket))
        .set_expected_bucket_owner(call.bucket_owner.clone())
        .delete(delete);
    match request.send().await {
        Ok(answer) => of_one_key(clients, call, &answer),
        Err(error) => Answer::from_error(&error),
    }
}

/// The one key's own result, which is what the attempt is about: an answer of 200 says nothing of
/// it. Exactly one result, for this key and version, or nothing was learnt.
fn of_one_key(clients: &Clients, call: &Call, answer: &DeleteObjectsOutput) -> Answer {
    let status = clients.last_status();
    let (key, version) = (call.get(Param::Key), call.get(Param::Version));
    match (answer.deleted(), answer.errors()) {
        ([deleted], [])
            if deleted.key() == key.as_deref() && deleted.version_id() == version.as_deref() =>
        {
            let shown = deleted.delete_marker_version_id().or(deleted.version_id());
            Answer::success(status, answer.request_id(), fields([(Field::Version, shown)]))
        }
        // Of a refused key AWS is not known to repeat the version always.
        ([], [error])
            if error.key() == key.as_deref()
                && error.version_id().is_none_or(|id| Some(id) == version.as_deref()) =>
        {
            Answer::Refused(Refused {
                status,
                code: error.code().map(str::to_owned),
                message: error.message().map(str::to_owned),
                request_id: answer.request_id().map(str::to_owned),
                rulings: clients.last_rulings(),
                of_one_key: true,
                found: None,
            })
        }
        _ => Answer::Malformed {
            status,
            message: "the answer has not exactly one result, for the key that was to be deleted"
                .to_owned(),
        },
    }
}
