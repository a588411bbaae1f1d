//! Requests that do not go through the wire layer (s3s): it does not know them, takes them for
//! others, or refuses members that AWS has. They are read here, strictly: what is not understood is
//! refused.

use std::collections::BTreeMap;

use http::HeaderMap;
use s3s::S3Result;

use super::{
    account_buckets, acl, annotation, bucket_reads, checksum::Digests, enforced_settings, error,
    not_modelled, object_lock, stored_settings, update_encryption, xml,
};
use crate::{authorize::Scope, state::World};

/// No configuration is longer (assumed; AWS names limits for some).
const MAX_BODY: usize = 1 << 20;

/// A request as it came, once authentication and the guard have seen to it.
pub(crate) struct RawRequest<'a> {
    pub operation: &'static str,
    pub bucket: &'a str,
    pub key: &'a str,
    pub query: &'a [(String, String)],
    pub headers: &'a HeaderMap,
    pub body: &'a [u8],
}

/// A response as it is sent.
#[derive(Debug, Default)]
pub(crate) struct RawResponse {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl RawResponse {
    /// A response without a body.
    pub(super) fn empty(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// A response (200) that is an XML document.
    pub(super) fn xml(body: impl Into<String>) -> Self {
        Self {
            status: 200,
            headers: vec![("content-type", "application/xml".to_owned())],
            body: body.into().into_bytes(),
        }
    }

    /// A document of S3's schema: its root, and what is in it.
    pub(super) fn document(root: &str, inner: &str) -> Self {
        Self::xml(xml::document_of(root, inner))
    }

    /// The response with another header, if there is a value for it.
    pub(super) fn with(mut self, name: &'static str, value: Option<String>) -> Self {
        self.headers.extend(value.map(|value| (name, value)));
        self
    }
}

/// Whether an operation is one of a module's.
type Knows = fn(&str) -> bool;
/// Answers a raw request of a known operation.
type Handler = fn(&mut World, &Scope, &RawRequest<'_>) -> S3Result<RawResponse>;

/// The operations that have a handler each.
const OPERATIONS: [(&str, Handler); 7] = [
    ("CreateBucket", account_buckets::create),
    ("ListBuckets", account_buckets::list),
    ("HeadBucket", bucket_reads::head),
    ("GetBucketLocation", bucket_reads::get_location),
    ("PutBucketAcl", acl::put_bucket),
    ("PutObjectAcl", acl::put_object),
    ("UpdateObjectEncryption", update_encryption::answer),
];

/// The modules whose operations have a table or a beginning of their own.
const MODULES: [(Knows, Handler); 4] = [
    (stored_settings::knows, stored_settings::answer),
    (enforced_settings::knows, enforced_settings::answer),
    (annotation::knows, annotation::answer),
    (object_lock::knows, object_lock::answer),
];

fn handler(operation: &str) -> Option<Handler> {
    let own = OPERATIONS.iter().find(|(name, _)| *name == operation);
    let of_module = || MODULES.iter().find(|(knows, _)| knows(operation));
    own.map(|(_, handler)| *handler).or_else(|| of_module().map(|(_, handler)| *handler))
}

/// Whether an operation is answered from the raw request.
pub(crate) fn knows(operation: &str) -> bool {
    handler(operation).is_some()
}

/// Answers a request whose operation [`knows`] knows.
///
/// # Errors
/// The operation's own error, or the body cannot be read.
pub(crate) fn answer(
    world: &mut World,
    scope: &Scope,
    raw: &RawRequest<'_>,
) -> S3Result<RawResponse> {
    let body = raw.payload()?;
    let raw = RawRequest { body: &body, ..*raw };
    let handler = handler(raw.operation).ok_or_else(|| not_modelled("this operation"))?;
    handler(world, scope, &raw)
}

impl RawRequest<'_> {
    /// The value of a header, where it is text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The value of a parameter of the query.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The account that must own the bucket, if the request says so.
    pub(super) fn expected_owner(&self) -> Option<&str> {
        self.header("x-amz-expected-bucket-owner")
    }

    /// The body without the frames of an upload in chunks, once its checksums are right.
    fn payload(&self) -> S3Result<Vec<u8>> {
        let digest = self.header("x-amz-content-sha256").unwrap_or_default();
        let framed =
            self.header("content-encoding").is_some_and(|coding| coding.contains("aws-chunked"));
        let (bytes, trailers) = match digest {
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER" => {
                let (bytes, trailers) = unframe(self.body).ok_or_else(|| {
                    error(400, "IncompleteBody", "The request body terminated unexpectedly")
                })?;
                let announced = self
                    .header("x-amz-decoded-content-length")
                    .and_then(|length| length.parse::<usize>().ok());
                if announced.is_some_and(|announced| announced != bytes.len()) {
                    return Err(error(
                        400,
                        "IncompleteBody",
                        "The request body terminated unexpectedly",
                    ));
                }
                (bytes, trailers)
            }
            signed if signed.starts_with("STREAMING-") => {
                return Err(not_modelled("signed chunks of this operation"));
            }
            _ if framed => return Err(not_modelled("this coding of the body")),
            _ => (self.body.to_vec(), HeaderMap::new()),
        };
        if bytes.len() > MAX_BODY {
            return Err(error(400, "MaxMessageLengthExceeded", "Your request was too big."));
        }
        let sum = |name: &str| self.header(&format!("x-amz-checksum-{name}")).map(str::to_owned);
        let mut digests = Digests::for_headers(self.headers);
        digests.update(&bytes);
        let sums = [sum("crc32"), sum("crc32c"), sum("crc64nvme"), sum("sha1"), sum("sha256")];
        digests.finish().check(sums, &trailers, self.header("content-md5"))?;
        Ok(bytes)
    }
}

/// Takes the frames off a body in unsigned chunks:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html>.
fn unframe(body: &[u8]) -> Option<(Vec<u8>, HeaderMap)> {
    let mut rest = body;
    let mut bytes = Vec::new();
    loop {
        let (size, after) = line(rest)?;
        let size = usize::from_str_radix(size, 16).ok()?;
        if size == 0 {
            return trailers(after).map(|trailers| (bytes, trailers));
        }
        let (chunk, after) = after.split_at_checked(size)?;
        bytes.extend_from_slice(chunk);
        rest = after.strip_prefix(b"\r\n")?;
    }
}

fn trailers(mut rest: &[u8]) -> Option<HeaderMap> {
    let mut trailers = BTreeMap::new();
    while !rest.is_empty() {
        let (text, after) = line(rest)?;
        rest = after;
        if let Some((name, value)) = text.split_once(':') {
            trailers.insert(name.trim().to_ascii_lowercase(), value.trim().to_owned());
        } else if !text.is_empty() {
            return None;
        }
    }
    let header = |(name, value): (String, String)| {
        let name = http::HeaderName::try_from(name).ok()?;
        Some((name, http::HeaderValue::try_from(value).ok()?))
    };
    trailers.into_iter().map(header).collect()
}

fn line(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.windows(2).position(|pair| pair == b"\r\n")?;
    let (text, rest) = bytes.split_at_checked(end)?;
    Some((str::from_utf8(text).ok()?, rest.get(2..)?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn frames_are_taken_off_whole_or_not_at_all() {
        let (bytes, trailers) =
            unframe(b"3\r\nabc\r\n2\r\nde\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n").unwrap();
        assert_eq!((bytes.as_slice(), trailers.len()), (b"abcde".as_slice(), 1));
        for broken in [
            "",
            "3",
            "3\r\n",
            "3\r\nab\r\n0\r\n\r\n",
            "3\r\nabcd\r\n0\r\n\r\n",
            "zz\r\nabc\r\n0\r\n",
            "3\r\nabc\r\n",
            "0\r\nno colon\r\n\r\n",
            "ffffffffffffffff\r\nabc\r\n0\r\n",
            "-1\r\nabc\r\n0\r\n\r\n",
            "3\r\nabc\r\n0\r\na:b",
        ] {
            assert!(unframe(broken.as_bytes()).is_none(), "{broken:?}");
        }
    }
}
