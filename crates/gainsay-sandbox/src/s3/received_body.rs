//! The body of an upload as it arrives: encrypted, and its checksums computed, piece by piece.

use futures::TryStreamExt as _;
use http::{HeaderMap, HeaderValue};
use s3s::{S3Result, dto::StreamingBlob};

use super::{
    aws_chunked,
    checksum::{ALGORITHMS, Digests, Sums},
    error,
    error_detail::WithDetail as _,
    not_modelled,
};
use crate::kms::{Blob, Sealer};

/// The longest body of one upload, in bytes
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>).
const MAX_PUT: u64 = 5 << 30;

/// A body that has arrived, what was computed of it, and the trailers behind it.
pub(crate) struct ReceivedBody {
    pub(super) blob: Blob,
    pub(super) sums: Sums,
    pub(super) trailers: HeaderMap,
}

impl ReceivedBody {
    /// Whether its sender gave a digest of it, in a header or in a trailer.
    pub(super) fn has_digest(
        &self,
        headers: &[Option<String>; 5],
        content_md5: Option<&str>,
    ) -> bool {
        let trailer = |name: &&str| self.trailers.contains_key(format!("x-amz-checksum-{name}"));
        content_md5.is_some()
            || headers.iter().any(Option::is_some)
            || ALGORITHMS.iter().any(trailer)
    }

    /// A body that is in memory already.
    pub(super) fn of(body: &[u8]) -> S3Result<Self> {
        let mut digests = Digests::for_headers(&HeaderMap::new());
        digests.update(body);
        Ok(Self {
            blob: Blob::of(body).map_err(|problem| storage_failure(&problem))?,
            sums: digests.finish(),
            trailers: HeaderMap::new(),
        })
    }
}

/// Takes a body as it comes. Nothing is locked meanwhile, and nothing is decided yet.
pub(super) async fn receive(
    body: Option<StreamingBlob>,
    headers: &HeaderMap,
) -> S3Result<ReceivedBody> {
    let (mut sealer, mut digests) = (Sealer::new(), Digests::for_headers(headers));
    let broken = |problem: s3s::StdError| error(400, "IncompleteBody", problem.to_string());
    let framing =
        headers.get("x-amz-content-sha256").map(HeaderValue::as_bytes).unwrap_or_default();
    let mut decoder =
        (framing == aws_chunked::UNSIGNED.as_bytes()).then(aws_chunked::Decoder::default);
    // Whatever else is in chunks the wire layer has opened, by the signature that it needs for it.
    if decoder.is_none()
        && framing.starts_with(b"STREAMING-")
        && !headers.contains_key(http::header::AUTHORIZATION)
    {
        return Err(not_modelled("signed chunks of a request without a signature in its headers"));
    }
    let mut length = 0;
    let mut take = |piece: &[u8]| {
        length += piece.len() as u64;
        if length > MAX_PUT {
            let message = "Your proposed upload exceeds the maximum allowed size";
            return Err(error(400, "EntityTooLarge", message)
                .with_detail("MaxSizeAllowed", MAX_PUT.to_string()));
        }
        digests.update(piece);
        sealer.write(piece).map_err(|problem| storage_failure(&problem))
    };
    if let Some(mut body) = body {
        while let Some(piece) = body.try_next().await.map_err(broken)? {
            match &mut decoder {
                Some(decoder) => decoder.push(&piece, &mut take)?,
                None => take(&piece)?,
            }
        }
    }
    // Of a body in chunks, what they hold together:
    // <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html>.
    let announced = headers
        .get("x-amz-decoded-content-length")
        .map(|announced| announced.to_str().unwrap_or_default());
    if announced.is_some_and(|announced| announced != length.to_string()) {
        return Err(aws_chunked::incomplete());
    }
    Ok(ReceivedBody {
        blob: sealer.finish().map_err(|problem| storage_failure(&problem))?,
        sums: digests.finish(),
        trailers: decoder.map_or_else(|| Ok(HeaderMap::new()), aws_chunked::Decoder::finish)?,
    })
}

impl ReceivedBody {
    /// A trailer that was announced has come.
    pub(super) fn check_trailers(&self, headers: &HeaderMap) -> S3Result<()> {
        let announced =
            headers.get("x-amz-trailer").and_then(|names| names.to_str().ok()).unwrap_or_default();
        let mut names = announced.split(',').map(str::trim).filter(|name| !name.is_empty());
        if names.all(|name| self.trailers.contains_key(name)) {
            return Ok(());
        }
        Err(aws_chunked::malformed())
    }
}

/// The error of a body that cannot be written or read, since the disk is full, or the like.
pub(super) fn storage_failure(problem: &std::io::Error) -> s3s::S3Error {
    error(500, "InternalError", format!("the body cannot be kept: {problem}"))
}
