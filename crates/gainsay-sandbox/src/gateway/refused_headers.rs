//! Headers that S3 refuses by themselves, whatever the operation would make of the request. That
//! they are refused once the sender is known and before anything is authorized is assumed.

use http::{HeaderMap, header};

/// An error in S3's words.
pub(super) struct RefusedHeader {
    pub status: u16,
    pub code: &'static str,
    pub message: &'static str,
}

/// The first header of a request that is refused.
pub(super) fn refused(operation: &str, headers: &HeaderMap) -> Option<RefusedHeader> {
    // S3 has to know how long a body is before it comes: by its length, or where it comes in pieces
    // by the length of what is in them
    // (<https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html>). Code and message
    // are those of <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>.
    let known = [header::CONTENT_LENGTH.as_str(), "x-amz-decoded-content-length"];
    if headers.contains_key(header::TRANSFER_ENCODING)
        && !known.iter().any(|name| headers.contains_key(*name))
    {
        return Some(RefusedHeader {
            status: 501,
            code: "NotImplemented",
            message: "A header you provided implies functionality that is not implemented",
        });
    }
    // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>, "Encryption": 400. Of
    // the other headers about encryption the page says nothing. The words were seen by third
    // parties.
    if matches!(operation, "GetObject" | "HeadObject")
        && headers.contains_key("x-amz-server-side-encryption")
    {
        return Some(RefusedHeader {
            status: 400,
            code: "InvalidArgument",
            message: "x-amz-server-side-encryption header is not supported for this operation.",
        });
    }
    if headers.get("content-md5").is_some_and(|digest| digest.as_bytes().trim_ascii().is_empty()) {
        return Some(RefusedHeader {
            status: 400,
            code: "InvalidDigest",
            message: "The Content-MD5 you specified was invalid.",
        });
    }
    None
}
