//! What the targets of the sandbox share: a sandbox with one private object, requests made of
//! bytes, and answers read whole.

use std::time::SystemTime;

use aws_sigv4::{http_request as sigv4, sign::v4};
use bytes::Bytes;
use gainsay_sandbox::Sandbox;
use http_body_util::BodyExt as _;

/// What the private object holds.
pub const BODY: &[u8] = b"the secret of one account";
const HOST: &str = "s3.us-east-1.amazonaws.com";

/// An answer, read.
#[derive(Debug)]
pub struct Answer {
    pub status: http::StatusCode,
    pub caller: Option<String>,
    pub body: Bytes,
}

/// An account with one bucket and one object in it.
#[must_use]
pub fn with_object() -> Sandbox {
    let sandbox = Sandbox::empty("us-east-1");
    for (path, body) in [("/private", b"".as_slice()), ("/private/key", BODY)] {
        let made = answer(&sandbox, signed(&sandbox, "PUT", path, body));
        assert!(made.status.is_success(), "{made:?}");
    }
    sandbox
}

/// What the private object holds now.
#[must_use]
pub fn read(sandbox: &Sandbox) -> Bytes {
    answer(sandbox, signed(sandbox, "GET", "/private/key", b"")).body
}

/// Answers a request, on this thread.
#[must_use]
pub fn answer(sandbox: &Sandbox, request: http::Request<Bytes>) -> Answer {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let answered = sandbox.answer(request.map(Into::into)).await;
        let caller = answered.caller();
        let (parts, body) = answered.response.into_parts();
        Answer {
            status: parts.status,
            caller,
            body: body.collect().await.expect("a body").to_bytes(),
        }
    })
}

/// A request of the account's administrator.
#[must_use]
pub fn signed(sandbox: &Sandbox, method: &str, path: &str, body: &[u8]) -> http::Request<Bytes> {
    signed_with(sandbox, method, path, &[], body)
}

/// The same with headers, one of which may say what the payload is.
#[must_use]
pub fn signed_with(sandbox: &Sandbox, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> http::Request<Bytes> {
    let url = format!("https://{HOST}{path}");
    let credentials: aws_credential_types::Credentials = sandbox.admin_credentials().into();
    let identity = credentials.into();
    let mut settings = sigv4::SigningSettings::default();
    settings.percent_encoding_mode = sigv4::PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = sigv4::UriPathNormalizationMode::Disabled;
    let payload = headers.iter().find(|(name, _)| *name == "x-amz-content-sha256");
    if payload.is_none() {
        settings.payload_checksum_kind = sigv4::PayloadChecksumKind::XAmzSha256;
    }
    let signable = payload.map_or(sigv4::SignableBody::Bytes(body), |(_, value)| {
        sigv4::SignableBody::Precomputed((*value).to_owned())
    });
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name("s3")
        .time(SystemTime::now())
        .settings(settings)
        .build()
        .expect("parameters");
    let all = headers.iter().copied().chain([("host", HOST)]);
    let signable = sigv4::SignableRequest::new(method, &url, all, signable).expect("a request");
    let (instructions, _) = sigv4::sign(signable, &params.into()).expect("a signature").into_parts();
    let mut request = http::Request::builder().method(method).uri(&url).header("host", HOST);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(Bytes::copy_from_slice(body)).expect("a request");
    instructions.apply_to_request_http1x(&mut request);
    request
}

/// A request as text: method and target on the first line, a header on each line, a blank line, and
/// the body. Nothing for what is no request of HTTP.
#[must_use]
pub fn request(data: &[u8]) -> Option<http::Request<Bytes>> {
    let end = data.windows(2).position(|pair| pair == b"\n\n").unwrap_or(data.len());
    let (head, body) = data.split_at(end);
    let mut lines = std::str::from_utf8(head).ok()?.lines();
    let (method, target) = lines.next()?.split_once(' ')?;
    let uri = format!("https://{HOST}{target}");
    let mut request = http::Request::builder().method(method).uri(uri);
    for line in lines {
        let (name, value) = line.split_once(':')?;
        request = request.header(name, value.trim());
    }
    request.body(Bytes::copy_from_slice(body.get(2..).unwrap_or_default())).ok()
}
