//! Makes the call: one function per operation, through the official clients.

mod bucket;
mod configure;
mod control;
mod entity;
mod iam;
mod kms;
mod multipart;
mod object;
mod post;
mod settings;
mod sts;
mod trail;

pub(crate) use self::iam::numbered;
pub(super) use self::{entity::RESTORE_DAYS, post::fields as form_fields};
use aws_sdk_s3::types::{ObjectCannedAcl, ServerSideEncryption};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use gainsay_model::xml::Element;

use super::{Answer, Ask, Call, Field, Op, Output, Param, Service};
use crate::cloud::{Clients, Told};

/// Written where an attempt gives no body: bodies are synthetic, so nothing of value is ever at
/// risk.
const BODY: &str = "synthetic body written by gainsay\n";
/// The key of SSE-C attempts. It protects nothing.
const CUSTOMER_KEY: [u8; 32] = *b"gainsay synthetic customer key..";

/// Makes a call with the clients of its principal and transport.
pub async fn call(clients: &Clients, call: &Call) -> Answer {
    match call.operation.service {
        // Rarely called, and the largest of the futures: every attempt would carry its size.
        Service::S3Control => Box::pin(control::control(clients, call)).await,
        Service::Kms => kms::kms(clients, call).await,
        Service::Sts => Box::pin(sts::sts(clients, call)).await,
        Service::Iam => Box::pin(iam::iam(clients, call)).await,
        Service::CloudTrail => Box::pin(trail::trail(clients, call)).await,
        Service::Logs
        | Service::CloudWatch
        | Service::AccessAnalyzer
        | Service::Macie
        | Service::Config => {
            Answer::NotSent { message: format!("{} is read by checks only", call.operation) }
        }
        Service::S3 => match call.operation.op {
            Op::PutObject
            | Op::CopyObject
            | Op::DeleteObject
            | Op::GetObject
            | Op::HeadObject
            | Op::UploadPart => object::object(clients, call).await,
            Op::CreateMultipartUpload
            | Op::CompleteMultipartUpload
            | Op::AbortMultipartUpload
            | Op::ListParts => multipart::multipart(clients, call).await,
            Op::GetObjectTagging
            | Op::PutObjectTagging
            | Op::DeleteObjectTagging
            | Op::GetObjectAcl
            | Op::PutObjectAcl => settings::object_settings(clients, call).await,
            Op::DeleteObjects
            | Op::UploadPartCopy
            | Op::GetObjectAttributes
            | Op::RestoreObject
            | Op::UpdateObjectEncryption
            | Op::PutObjectAnnotation
            | Op::GetObjectAnnotation
            | Op::ListObjectAnnotations
            | Op::DeleteObjectAnnotation => entity::entity(clients, call).await,
            Op::PostObject => post::post(clients, call).await,
            Op::PutBucketAcl
            | Op::PutBucketPolicy
            | Op::PutPublicAccessBlock
            | Op::PutBucketEncryption
            | Op::PutBucketVersioning
            | Op::PutBucketOwnershipControls
            | Op::PutBucketLifecycleConfiguration
            | Op::PutBucketReplication
            | Op::PutBucketLogging
            | Op::PutBucketInventoryConfiguration
            | Op::GetBucketInventoryConfiguration
            | Op::DeleteBucketInventoryConfiguration
            | Op::PutBucketTagging
            | Op::PutBucketNotificationConfiguration => configure::configure(clients, call).await,
            Op::ListObjectsV2 | Op::ListObjectVersions | Op::ListMultipartUploads => {
                bucket::listing(clients, call).await
            }
            _ => bucket::bucket(clients, call).await,
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
use {send, send_or_presign};

/// In place of the call of an operation that was forgotten where its like are called: no operation
/// is anybody's default, a delete least of all.
fn forgotten(call: &Call) -> Answer {
    Answer::NotSent {
        message: format!(
            "nothing says how {} is called; this is a bug, please report it",
            call.operation
        ),
    }
}

/// Sends a request that no client makes, and reads the fields of its answer.
async fn asked<F>(clients: &Clients, service: Service, ask: &Ask, read: F) -> Answer
where
    F: FnOnce(&Told) -> Result<Output, Answer>,
{
    let answer = clients.ask(service, ask).await.and_then(|told| Ok(told.success(read(&told)?)));
    answer.unwrap_or_else(|answer| answer)
}

/// Tags as an answer lists them.
fn listed_tags(tags: &Element) -> Output {
    let text = |tag: &Element, name| tag.get(name).unwrap_or_default().to_owned();
    let pairs =
        tags.children.iter().map(|tag| format!("{}={}", text(tag, "Key"), text(tag, "Value")));
    Output::from([(Field::Tags, vec![pairs.collect::<Vec<_>>().join("&")])])
}

fn fields<const N: usize>(pairs: [(Field, Option<&str>); N]) -> Output {
    pairs.into_iter().filter_map(|(field, value)| Some((field, vec![value?.to_owned()]))).collect()
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
