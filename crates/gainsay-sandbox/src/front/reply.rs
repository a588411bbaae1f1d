//! Answers as they go out: their headers, and the errors of S3.

use std::{borrow::Cow, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use s3s::{S3Error, S3Result};
use uuid::Uuid;

use super::Reply;
use crate::{authorize::Scope, s3};

/// The second id of an answer of S3: opaque, and as long as S3's.
pub(super) fn s3_host_id(request_id: &str) -> String {
    STANDARD.encode(request_id.repeat(4).get(..56).unwrap_or_default())
}

/// S3's request ids are 16 characters of capitals and digits.
pub(super) fn s3_request_id(id: Uuid) -> String {
    let mut text = id.simple().to_string().to_uppercase();
    // The time is in front; the random end keeps ids of one millisecond apart.
    text.replace_range(6..22, "");
    text
}

pub(super) fn header_starts_with(headers: &HeaderMap, name: &str, start: &str) -> bool {
    headers.get_all(name).iter().any(|value| value.as_bytes().starts_with(start.as_bytes()))
}

pub(super) fn insert(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

pub(super) fn refuse(status: u16, headers: HeaderMap, body: impl Into<s3s::Body>) -> Reply {
    let mut response = Response::new(body.into());
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *response.headers_mut() = headers;
    Reply { response, scope: None, operation: Cow::Borrowed("") }
}

/// The answer of an operation that is not the wire layer's.
pub(super) fn reply(answer: S3Result<s3::raw::Answer>, scope: Arc<Scope>) -> Reply {
    let reply = match answer {
        Ok(answer) => {
            let mut headers = HeaderMap::new();
            for (name, value) in &answer.headers {
                insert(&mut headers, name, value);
            }
            refuse(answer.status, headers, answer.body)
        }
        Err(error) => s3_problem(&error, &scope.request_id),
    };
    reply.of(scope)
}

/// An S3 error of an operation that is not the wire layer's.
pub(super) fn s3_problem(error: &S3Error, request_id: &str) -> Reply {
    let status = error.status_code().map_or(500, |status| status.as_u16());
    s3_error(status, error.code().as_str(), error.message().unwrap_or_default(), request_id, false)
}

/// An S3 error from before the wire layer. Answers to HEAD have no body.
pub(super) fn s3_error(
    status: u16,
    code: &str,
    message: &str,
    request_id: &str,
    head: bool,
) -> Reply {
    let mut headers = HeaderMap::new();
    insert(&mut headers, "content-type", "application/xml");
    let escape = |text: &str| quick_xml::escape::escape(text).into_owned();
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code><Message>{}</Message><RequestId>{request_id}</RequestId></Error>",
        escape(code),
        escape(message)
    );
    refuse(status, headers, if head { String::new() } else { body })
}
