//! Clients that ask before they send a body (`Expect: 100-continue`): who may not upload is told
//! so, and sends nothing (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html> has
//! such a request). All else is answered once the body is there; to read it says 100 Continue.

use http::{Request, header, request::Parts};

use crate::{Payload, Sandbox, SandboxResponse};

const SHA256: &str = "x-amz-content-sha256";
/// The operations whose bodies may be long.
const UPLOADS: [&str; 2] = ["PutObject", "UploadPart"];

/// The refusal of an upload whatever its body is, found on a copy of the sandbox: 403, or 404 of a
/// bucket or an upload that is not there.
pub(super) async fn refusal(sandbox: &Sandbox, parts: &Parts) -> Option<SandboxResponse> {
    let expects = parts
        .headers
        .get(header::EXPECT)
        .is_some_and(|expected| expected.as_bytes().eq_ignore_ascii_case(b"100-continue"));
    let claimed = parts.headers.get(SHA256).and_then(|claimed| claimed.to_str().ok());
    // Without the digest a signature cannot be verified before the body is there.
    let verifiable = claimed.is_some() || !parts.headers.contains_key(header::AUTHORIZATION);
    if !expects || parts.method != http::Method::PUT || !verifiable {
        return None;
    }
    let payload = Payload::unread(claimed.unwrap_or_default());
    let request = Request::from_parts(parts.clone(), payload);
    let answer = sandbox.fork().answer(request).await;
    let is_final = matches!(answer.response.status().as_u16(), 403 | 404);
    (is_final && UPLOADS.contains(&answer.operation.as_ref())).then_some(answer)
}
