//! Answers as they go out: their headers, and the errors of S3.

use std::{borrow::Cow, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use gainsay_model::xml::Element;
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body_util::BodyExt as _;
use s3s::{S3Error, S3Result};
use uuid::Uuid;

use super::s3_request::{S3Request, UnmodelledRequest};
use crate::{
    SandboxResponse,
    authorize::Scope,
    guard::Unmodelled,
    s3::{
        self,
        error_detail::{self, ErrorDetails},
    },
};

impl SandboxResponse {
    pub(super) fn with_operation(mut self, operation: impl Into<Cow<'static, str>>) -> Self {
        self.operation = operation.into();
        self
    }

    pub(super) fn with_scope(mut self, scope: impl Into<Arc<Scope>>) -> Self {
        self.scope = Some(scope.into());
        self
    }
}

/// The second id of an answer of S3: opaque, and as long as S3's.
pub(crate) fn s3_host_id(request_id: &str) -> String {
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

/// A response, of a request whose sender and operation are not known yet.
pub(super) fn respond(
    status: u16,
    headers: HeaderMap,
    body: impl Into<s3s::Body>,
) -> SandboxResponse {
    let mut response = Response::new(body.into());
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *response.headers_mut() = headers;
    SandboxResponse { response, scope: None, operation: Cow::Borrowed("") }
}

/// The answer of an operation that is not the wire layer's.
pub(super) fn s3_response(
    answer: S3Result<s3::raw_request::RawResponse>,
    scope: Arc<Scope>,
    request: &S3Request,
) -> SandboxResponse {
    let response = match answer {
        Ok(answer) => {
            let mut headers = HeaderMap::new();
            for (name, value) in &answer.headers {
                insert(&mut headers, name, value);
            }
            respond(answer.status, headers, answer.body)
        }
        Err(error) => s3_error_from(&error, &scope.request_id, request),
    };
    response.with_scope(scope)
}

/// An S3 error of an operation that is not the wire layer's.
pub(super) fn s3_error_from(
    error: &S3Error,
    request_id: &str,
    request: &S3Request,
) -> SandboxResponse {
    let status = error.status_code().map_or(500, |status| status.as_u16());
    let (code, message) = (error.code().as_str(), error.message().unwrap_or_default());
    let details = error_detail::of(error);
    let details = error_detail::complete(code, details, &request.bucket, &request.key);
    let details = error_detail::of_method(code, details, request.method.as_str());
    let mut answer = detailed_error(status, code, message, request_id, &details);
    if let Some(headers) = error.headers() {
        answer.response.headers_mut().extend(headers.clone());
    }
    answer
}

/// An S3 error from before the wire layer. Answers to HEAD have no body.
pub(super) fn s3_error(
    status: u16,
    code: &str,
    message: &str,
    request_id: &str,
    head: bool,
) -> SandboxResponse {
    let mut answer = detailed_error(status, code, message, request_id, &ErrorDetails::default());
    if head {
        *answer.response.body_mut() = s3s::Body::empty();
    }
    answer
}

/// An S3 error with its details.
pub(super) fn detailed_error(
    status: u16,
    code: &str,
    message: &str,
    request_id: &str,
    details: &ErrorDetails,
) -> SandboxResponse {
    let mut headers = HeaderMap::new();
    insert(&mut headers, "content-type", "application/xml");
    respond(status, headers, error_document(code, message, request_id, details))
}

fn error_document(code: &str, message: &str, request_id: &str, details: &ErrorDetails) -> String {
    let element = gainsay_model::xml::element;
    let details: String = details.0.iter().map(|(name, value)| element(name, value)).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>{}{}{details}{}{}</Error>",
        element("Code", code),
        element("Message", message),
        element("RequestId", request_id),
        element("HostId", &s3_host_id(request_id)),
    )
}

/// Words of errors that the wire layer has no words for
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>).
const MESSAGES: &[(&str, &str)] = &[
    ("InvalidBucketName", "The specified bucket is not valid."),
    ("InvalidURI", "Couldn't parse the specified URI."),
    ("KeyTooLongError", "Your key is too long"),
    (
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
    ),
    ("MissingContentLength", "You must provide the Content-Length HTTP header."),
    ("MissingRequestBodyError", "Request Body is empty"),
];

/// How the wire layer words its refusal of a value, which follows; S3's words for it, and the name
/// of the argument.
const REFUSED_VALUES: &[(&str, &str, &str)] = &[
    (
        "invalid query: max-keys: ",
        "Provided max-keys not an integer or within integer range",
        "max-keys",
    ),
    (
        "invalid query: max-parts: ",
        "Provided max-parts not an integer or within integer range",
        "max-parts",
    ),
    (
        "invalid query: max-uploads: ",
        "Provided max-uploads not an integer or within integer range",
        "max-uploads",
    ),
    (
        "invalid query: part-number-marker: ",
        "Provided part-number-marker not an integer or within integer range",
        "part-number-marker",
    ),
    (
        "invalid query: partNumber: ",
        "Part number must be an integer between 1 and 10000, inclusive",
        "partNumber",
    ),
];
/// How the wire layer and S3 word a copy source that names no object; S3 does not repeat its value
/// (LocalStack, `extract_bucket_key_version_id_from_copy_source`).
const REFUSED_SOURCE: (&str, &str, &str) =
    ("invalid header: x-amz-copy-source: ", "Invalid copy source object key", "x-amz-copy-source");

/// The words of S3 for a refusal of the wire layer's, and what it says of the argument.
fn in_words_of_s3(message: &str) -> Option<(&'static str, [(&'static str, String); 2])> {
    let (start, words, name) = REFUSED_SOURCE;
    if message.starts_with(start) {
        return Some((
            words,
            [("ArgumentName", name.to_owned()), ("ArgumentValue", name.to_owned())],
        ));
    }
    REFUSED_VALUES.iter().find_map(|(start, words, name)| {
        let value = message.strip_prefix(start)?.to_owned();
        Some((*words, [("ArgumentName", (*name).to_owned()), ("ArgumentValue", value)]))
    })
}

/// Writes the error that the wire layer answers as S3 does, with its details.
pub(super) async fn rewrite_error(
    response: &mut Response<s3s::Body>,
    request_id: &str,
    details: ErrorDetails,
    request: &S3Request,
) {
    let body = std::mem::replace(response.body_mut(), s3s::Body::empty());
    let Ok(body) = body.collect().await else { return };
    let body = body.to_bytes();
    let Some(error) = Element::read(&body).filter(|root| root.name == "Error") else {
        *response.body_mut() = s3s::Body::from(body);
        return;
    };
    let code = error.get("Code").unwrap_or_default();
    let known = MESSAGES.iter().find(|(known, _)| *known == code).map(|(_, message)| *message);
    let message = error.get("Message").or(known).unwrap_or_default();
    let mut details = details;
    let mut message = message;
    if let Some((words, arguments)) = in_words_of_s3(message) {
        message = words;
        details.0.extend(arguments);
    }
    let details = error_detail::complete(code, details, &request.bucket, &request.key);
    let details = error_detail::of_method(code, details, request.method.as_str());
    let text = error_document(code, message, request_id, &details);
    response.headers_mut().remove(http::header::CONTENT_LENGTH);
    insert(response.headers_mut(), "content-type", "application/xml");
    *response.body_mut() = s3s::Body::from(text.into_bytes());
}

/// Headers of directory buckets, which AWS itself does not implement for the others (recorded by
/// LocalStack, `test_delete_object_if_match_size_non_express`, 2026-02-21).
const DIRECTORY_BUCKETS_ONLY: [&str; 2] =
    ["x-amz-if-match-size", "x-amz-if-match-last-modified-time"];

/// The refusal of a request that is not modelled, in AWS's words where AWS refuses it, too.
pub(super) fn not_implemented(
    unmodelled: &UnmodelledRequest,
    request_id: &str,
    head: bool,
) -> SandboxResponse {
    if let UnmodelledRequest::Guard(Unmodelled::Header(name)) = unmodelled
        && DIRECTORY_BUCKETS_ONLY.contains(&name.as_str())
    {
        let message = "A header you provided implies functionality that is not implemented";
        let details = ErrorDetails(vec![("Header", name.clone())]);
        return detailed_error(501, "NotImplemented", message, request_id, &details);
    }
    s3_error(501, "NotImplemented", &unmodelled.to_string(), request_id, head)
}

/// The prologue of a document as the wire layer writes it, which S3 ends with a new line.
const PROLOGUE: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";

/// Writes a document of the wire layer's as S3 does.
pub(super) fn finish_document(response: &mut Response<s3s::Body>, operation: &str) {
    if operation == "GetObject" && response.status().is_success() {
        return;
    }
    let bytes = response.body().bytes();
    let text = bytes.as_ref().and_then(|bytes| std::str::from_utf8(bytes).ok());
    let Some(rest) = text.and_then(|text| text.strip_prefix(PROLOGUE)) else { return };
    let mut rest = rest.trim_start().to_owned();
    if operation == "GetObjectAttributes" {
        rest = etag_first(&rest).unwrap_or(rest);
    }
    response.headers_mut().remove(http::header::CONTENT_LENGTH);
    *response.body_mut() = s3s::Body::from(format!("{PROLOGUE}\n{rest}").into_bytes());
}

/// The entity tag of an object's attributes comes first, and without quotes (recorded by
/// LocalStack, `test_response_structure_get_obj_attrs`, 2026).
fn etag_first(document: &str) -> Option<String> {
    let (before, rest) = document.split_once("<ETag>")?;
    let (etag, after) = rest.split_once("</ETag>")?;
    let (root, before) = before.split_at(before.find('>')? + 1);
    let etag = etag.replace("&quot;", "").replace('"', "");
    Some(format!("{root}<ETag>{etag}</ETag>{before}{after}"))
}
