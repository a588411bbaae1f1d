//! Presigned URLs: made by the clients, sent as any HTTP client would send them, and their answers
//! read here.

use std::time::Duration;

use aws_sdk_s3::{
    presigning::{PresignedRequest, PresigningConfig},
    primitives::ByteStream,
    types::ServerSideEncryption,
};
use aws_smithy_runtime_api::client::{
    http::HttpConnector as _,
    orchestrator::{HttpRequest, HttpResponse},
    result::SdkError,
};
use aws_smithy_types::{body::SdkBody, error::metadata::ProvideErrorMetadata};

use super::{
    Answer, Call, Field, Op, Refused, Service,
    answer::{Fault, fault, request_id},
    call::{body, stored},
};
use crate::cloud::Clients;

/// No S3 error is longer; what is beyond is not read.
const MAX_ANSWER: usize = 1 << 20;

/// How to presign, where the call is to be sent as a URL.
pub(super) fn presigning(
    clients: &Clients,
    call: &Call,
) -> Option<Result<PresigningConfig, String>> {
    let (lifetime, age) = call.presigned?;
    let config = PresigningConfig::builder()
        .start_time(clients.now() - Duration::from_secs(age))
        .expires_in(Duration::from_secs(lifetime))
        .build();
    Some(config.map_err(|error| error.to_string()))
}

/// Sends a presigned request as any HTTP client would.
pub(super) async fn presigned<E>(
    clients: &Clients,
    call: &Call,
    request: Result<PresignedRequest, SdkError<E, HttpResponse>>,
) -> Answer
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let request = match request {
        Ok(request) => request,
        Err(error) => return Answer::from_error(&error),
    };
    let sends_body = matches!(call.operation.op, Op::PutObject | Op::UploadPart);
    let content = if sends_body { SdkBody::from(body(call)) } else { SdkBody::empty() };
    let request = match HttpRequest::try_from(request.make_http_1x_request(content)) {
        Ok(request) => request,
        Err(error) => {
            return Answer::NotSent { message: error.to_string() };
        }
    };
    match clients.connector.call(request).await {
        Ok(response) => read_raw(response).await,
        Err(error) => Answer::Unreachable { message: error.to_string() },
    }
}

pub(super) async fn read_raw(mut response: HttpResponse) -> Answer {
    let status = response.status().as_u16();
    let id = request_id(response.headers());
    let body = match ByteStream::new(response.take_body()).collect().await {
        Ok(body) => body.into_bytes(),
        Err(error) => {
            return Answer::Malformed { status, message: format!("the body broke off: {error}") };
        }
    };
    let text = String::from_utf8_lossy(body.get(..MAX_ANSWER).unwrap_or(&body)).into_owned();
    if response.status().is_success() {
        let header = |name: &str| response.headers().get(name);
        let encryption = header("x-amz-server-side-encryption").map(ServerSideEncryption::from);
        let bucket_key =
            header("x-amz-server-side-encryption-bucket-key-enabled").map(|value| value == "true");
        let mut output = stored(
            encryption.as_ref(),
            header("x-amz-server-side-encryption-aws-kms-key-id"),
            bucket_key,
            header("x-amz-version-id"),
            header("etag"),
        );
        output.insert(Field::Body, vec![text]);
        return Answer::Success { status, request_id: id, output };
    }
    match fault(Service::S3, text.as_bytes()) {
        Some(Fault { code, message }) => Answer::Refused(Refused {
            status,
            code: Some(code),
            message,
            request_id: id,
            of_one_key: false,
            rulings: response.extension().cloned(),
            found: None,
        }),
        None if text.is_empty() => Answer::Refused(Refused {
            status,
            request_id: id,
            rulings: response.extension().cloned(),
            ..Refused::default()
        }),
        None => Answer::Malformed { status, message: "the body is not an S3 error".to_owned() },
    }
}
