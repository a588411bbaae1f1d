//! Makes the call: one function per operation, through the official clients.

use aws_sdk_kms::{primitives::Blob, types::DataKeySpec};
use aws_sdk_s3::{
    operation::RequestId as _,
    primitives::ByteStream,
    types::{CompletedMultipartUpload, CompletedPart, ObjectCannedAcl, ServerSideEncryption, Tag, Tagging},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    Answer, Call, Field, Op, Output, Param,
    cli::tags,
    presigned::{presigned, presigning},
};
use crate::cloud::Clients;

/// Written where an attempt gives no body: bodies are synthetic, so nothing of value is ever at risk.
const BODY: &str = "synthetic body written by gainsay\n";
/// The key of SSE-C attempts. It protects nothing.
const CUSTOMER_KEY: [u8; 32] = *b"gainsay synthetic customer key..";

/// Makes a call with the clients of its principal and transport.
pub async fn call(clients: &Clients, call: &Call) -> Answer {
    match call.operation.service {
        super::Service::Kms => kms(clients, call).await,
        super::Service::Sts => sts(clients, call).await,
        super::Service::S3 => match call.operation.op {
            Op::PutObject | Op::CopyObject | Op::DeleteObject | Op::GetObject | Op::HeadObject | Op::UploadPart => {
                object(clients, call).await
            }
            Op::CreateMultipartUpload | Op::CompleteMultipartUpload | Op::AbortMultipartUpload | Op::ListParts => {
                multipart(clients, call).await
            }
            Op::GetObjectTagging | Op::PutObjectTagging | Op::DeleteObjectTagging | Op::GetObjectAcl | Op::PutObjectAcl => {
                object_settings(clients, call).await
            }
            Op::ListObjectsV2 | Op::ListObjectVersions | Op::ListMultipartUploads => listing(clients, call).await,
            _ => bucket(clients, call).await,
        },
    }
}

/// Sends a request and reads the fields of its answer.
macro_rules! send {
    ($clients:expr, $builder:expr, |$answer:ident| $fields:expr) => {
        match $builder.send().await {
            Ok($answer) => Answer::success($clients.last_status(), $answer.request_id(), $fields),
            Err(error) => Answer::from_error(&error),
        }
    };
}

/// Sends a request as it is, or as a presigned URL where the call says so.
macro_rules! send_or_presign {
    ($clients:expr, $call:expr, $builder:expr, |$answer:ident| $fields:expr) => {
        match presigning($clients, $call) {
            None => send!($clients, $builder, |$answer| $fields),
            Some(Ok(config)) => presigned($clients, $call, $builder.presigned(config).await).await,
            Some(Err(message)) => Answer::NotSent { message },
        }
    };
}

async fn object(clients: &Clients, call: &Call) -> Answer {
    let s3 = &clients.s3;
    let owner = call.bucket_owner.clone();
    let (bucket, key, version) = (call.get(Param::Bucket), call.get(Param::Key), call.get(Param::Version));
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
        _ => {
            let request = s3
                .delete_object()
                .set_bucket(bucket)
                .set_key(key)
                .set_version_id(version)
                .set_expected_bucket_owner(owner);
            send_or_presign!(clients, call, request, |answer| fields([(Field::Version, answer.version_id())]))
        }
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
                    output.insert(Field::Body, vec![String::from_utf8_lossy(&body.into_bytes()).into_owned()]);
                    Answer::Success {
                        status: clients.last_status(),
                        request_id,
                        output,
                    }
                }
                Err(error) => Answer::Unreachable {
                    message: format!("the body broke off: {error}"),
                },
            }
        }
    }
}

async fn multipart(clients: &Clients, call: &Call) -> Answer {
    let s3 = &clients.s3;
    let owner = call.bucket_owner.clone();
    let (bucket, key, upload) = (call.get(Param::Bucket), call.get(Param::Key), call.get(Param::Upload));
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
            let parts = parts
                .split(',')
                .filter_map(|part| part.split_once(':'))
                .map(|(number, etag)| CompletedPart::builder().set_part_number(number.parse().ok()).e_tag(etag).build());
            let upload_parts = CompletedMultipartUpload::builder().set_parts(Some(parts.collect())).build();
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
        _ => {
            let request = s3
                .list_parts()
                .set_bucket(bucket)
                .set_key(key)
                .set_upload_id(upload)
                .set_expected_bucket_owner(owner);
            send!(clients, request, |answer| fields([(Field::UploadId, answer.upload_id())]))
        }
    }
}

async fn object_settings(clients: &Clients, call: &Call) -> Answer {
    let s3 = &clients.s3;
    let owner = call.bucket_owner.clone();
    let (bucket, key, version) = (call.get(Param::Bucket), call.get(Param::Key), call.get(Param::Version));
    match call.operation.op {
        Op::GetObjectTagging => {
            let request = s3
                .get_object_tagging()
                .set_bucket(bucket)
                .set_key(key)
                .set_version_id(version)
                .set_expected_bucket_owner(owner);
            send!(clients, request, |answer| {
                let tags: Vec<String> = answer
                    .tag_set()
                    .iter()
                    .map(|tag| format!("{}={}", tag.key(), tag.value()))
                    .collect();
                Output::from([(Field::Tags, vec![tags.join("&")])])
            })
        }
        Op::PutObjectTagging => {
            let tags = tags(&call.get(Param::Tags).unwrap_or_default());
            let tags: Result<Vec<Tag>, _> = tags
                .into_iter()
                .map(|(key, value)| Tag::builder().key(key).value(value).build())
                .collect();
            let tagging = tags.and_then(|tags| Tagging::builder().set_tag_set(Some(tags)).build());
            match tagging {
                Ok(tagging) => {
                    let request = s3
                        .put_object_tagging()
                        .set_bucket(bucket)
                        .set_key(key)
                        .set_version_id(version)
                        .tagging(tagging);
                    send!(clients, request.set_expected_bucket_owner(owner), |answer| fields([(
                        Field::Version,
                        answer.version_id()
                    )]))
                }
                Err(error) => Answer::NotSent {
                    message: error.to_string(),
                },
            }
        }
        Op::DeleteObjectTagging => {
            let request = s3
                .delete_object_tagging()
                .set_bucket(bucket)
                .set_key(key)
                .set_version_id(version)
                .set_expected_bucket_owner(owner);
            send!(clients, request, |answer| fields([(Field::Version, answer.version_id())]))
        }
        Op::GetObjectAcl => {
            let request = s3
                .get_object_acl()
                .set_bucket(bucket)
                .set_key(key)
                .set_version_id(version)
                .set_expected_bucket_owner(owner);
            send!(clients, request, |answer| Output::new())
        }
        _ => {
            let request = s3
                .put_object_acl()
                .set_bucket(bucket)
                .set_key(key)
                .set_version_id(version)
                .set_expected_bucket_owner(owner)
                .set_acl(acl(call));
            send!(clients, request, |answer| Output::new())
        }
    }
}

async fn listing(clients: &Clients, call: &Call) -> Answer {
    let s3 = &clients.s3;
    let owner = call.bucket_owner.clone();
    let (bucket, prefix) = (call.get(Param::Bucket), call.get(Param::Prefix));
    match call.operation.op {
        Op::ListObjectsV2 => {
            let request = s3
                .list_objects_v2()
                .set_bucket(bucket)
                .set_prefix(prefix)
                .set_expected_bucket_owner(owner);
            send!(clients, request, |answer| {
                let keys = answer.contents().iter().filter_map(|object| object.key()).map(str::to_owned);
                Output::from([(Field::Keys, keys.collect())])
            })
        }
        Op::ListObjectVersions => {
            let request = s3
                .list_object_versions()
                .set_bucket(bucket)
                .set_prefix(prefix)
                .set_expected_bucket_owner(owner);
            send!(clients, request, |answer| {
                let ids = answer
                    .versions()
                    .iter()
                    .filter_map(|version| version.version_id())
                    .map(str::to_owned);
                Output::from([(Field::Versions, ids.collect())])
            })
        }
        _ => {
            let request = s3
                .list_multipart_uploads()
                .set_bucket(bucket)
                .set_prefix(prefix)
                .set_expected_bucket_owner(owner);
            send!(clients, request, |answer| {
                let keys = answer.uploads().iter().filter_map(|upload| upload.key()).map(str::to_owned);
                Output::from([(Field::Keys, keys.collect())])
            })
        }
    }
}

async fn bucket(clients: &Clients, call: &Call) -> Answer {
    let s3 = &clients.s3;
    let (bucket, owner) = (call.get(Param::Bucket), call.bucket_owner.clone());
    macro_rules! read {
        ($($op:ident => $method:ident),+; $last:ident) => {
            match call.operation.op {
                $(Op::$op => send!(clients, s3.$method().set_bucket(bucket).set_expected_bucket_owner(owner), |answer| Output::new()),)+
                _ => send!(clients, s3.$last().set_bucket(bucket).set_expected_bucket_owner(owner), |answer| Output::new()),
            }
        };
    }
    read!(
        GetBucketLocation => get_bucket_location,
        GetBucketVersioning => get_bucket_versioning,
        GetBucketPolicy => get_bucket_policy,
        GetBucketEncryption => get_bucket_encryption,
        GetBucketAcl => get_bucket_acl,
        GetPublicAccessBlock => get_public_access_block,
        GetBucketOwnershipControls => get_bucket_ownership_controls;
        head_bucket
    )
}

async fn kms(clients: &Clients, call: &Call) -> Answer {
    let kms = &clients.kms;
    let (key, dry_run) = (call.get(Param::KeyId), call.flag(Param::DryRun));
    match call.operation.op {
        Op::DescribeKey => send!(clients, kms.describe_key().set_key_id(key), |answer| {
            let metadata = answer.key_metadata();
            fields([
                (Field::Arn, metadata.and_then(|metadata| metadata.arn())),
                (
                    Field::KeyState,
                    metadata
                        .and_then(|metadata| metadata.key_state())
                        .map(aws_sdk_kms::types::KeyState::as_str),
                ),
            ])
        }),
        Op::Encrypt => {
            let request = kms.encrypt().set_key_id(key).set_dry_run(dry_run).plaintext(Blob::new(body(call)));
            send!(clients, request, |answer| ciphertext(answer.ciphertext_blob(), answer.key_id()))
        }
        Op::GenerateDataKey => {
            let request = kms
                .generate_data_key()
                .set_key_id(key)
                .set_dry_run(dry_run)
                .key_spec(DataKeySpec::Aes256);
            send!(clients, request, |answer| ciphertext(answer.ciphertext_blob(), answer.key_id()))
        }
        _ => match STANDARD.decode(call.get(Param::Ciphertext).unwrap_or_default()) {
            Ok(blob) => {
                let request = kms.decrypt().set_key_id(key).set_dry_run(dry_run).ciphertext_blob(Blob::new(blob));
                send!(clients, request, |answer| fields([(Field::Arn, answer.key_id())]))
            }
            Err(error) => Answer::NotSent {
                message: format!("the ciphertext is not base64: {error}"),
            },
        },
    }
}

async fn sts(clients: &Clients, call: &Call) -> Answer {
    match call.operation.op {
        Op::AssumeRole => {
            let request = clients
                .sts
                .assume_role()
                .set_role_arn(call.get(Param::Role))
                .role_session_name("gainsay")
                .duration_seconds(900)
                .set_external_id(call.get(Param::ExternalId));
            send!(clients, request, |answer| fields([(
                Field::Arn,
                answer.assumed_role_user().map(aws_sdk_sts::types::AssumedRoleUser::arn)
            )]))
        }
        _ => send!(clients, clients.sts.get_caller_identity(), |answer| fields([(
            Field::Arn,
            answer.arn()
        )])),
    }
}

fn fields<const N: usize>(pairs: [(Field, Option<&str>); N]) -> Output {
    pairs
        .into_iter()
        .filter_map(|(field, value)| Some((field, vec![value?.to_owned()])))
        .collect()
}

/// What S3 says of an object it stored or read.
pub(super) fn stored(
    encryption: Option<&ServerSideEncryption>,
    key: Option<&str>,
    bucket_key: Option<bool>,
    version: Option<&str>,
    etag: Option<&str>,
) -> Output {
    let mut output = fields([
        (Field::Encryption, encryption.map(ServerSideEncryption::as_str)),
        (Field::KmsKey, key),
        (Field::Version, version),
        (Field::Etag, etag),
    ]);
    output.insert(Field::BucketKey, vec![bucket_key.unwrap_or(false).to_string()]);
    output
}

fn ciphertext(blob: Option<&Blob>, key: Option<&str>) -> Output {
    let encoded = blob.map(|blob| STANDARD.encode(blob.as_ref()));
    fields([(Field::Ciphertext, encoded.as_deref()), (Field::Arn, key)])
}

pub(super) fn body(call: &Call) -> String {
    call.get(Param::Body).unwrap_or_else(|| BODY.to_owned())
}

fn encryption(call: &Call) -> Option<ServerSideEncryption> {
    call.get(Param::Encryption).map(|word| ServerSideEncryption::from(word.as_str()))
}

fn acl(call: &Call) -> Option<ObjectCannedAcl> {
    call.get(Param::Acl).map(|word| ObjectCannedAcl::from(word.as_str()))
}

#[derive(Default)]
struct CustomerKey {
    algorithm: Option<String>,
    key: Option<String>,
    md5: Option<String>,
}

fn customer_key(call: &Call) -> CustomerKey {
    use md5::{Digest as _, Md5};
    if call.flag(Param::CustomerKey) != Some(true) {
        return CustomerKey::default();
    }
    CustomerKey {
        algorithm: Some("AES256".to_owned()),
        key: Some(STANDARD.encode(CUSTOMER_KEY)),
        md5: Some(STANDARD.encode(Md5::digest(CUSTOMER_KEY))),
    }
}
