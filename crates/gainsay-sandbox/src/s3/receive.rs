//! A body as it arrives: sealed, and summed up, piece by piece.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures::TryStreamExt as _;
use http::{HeaderMap, HeaderValue};
use md5::{Digest as _, Md5};
use s3s::{
    S3Result,
    checksum::ChecksumHasher,
    dto::{Checksum, StreamingBlob},
};

use super::{chunks, error, not_modelled};
use crate::kms::{Blob, Sealer};

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>.
const MAX_PUT: u64 = 5 << 30;

/// The algorithms, as headers name them.
pub(super) const ALGORITHMS: [&str; 5] = ["crc32", "crc32c", "crc64nvme", "sha1", "sha256"];

/// The checksum of an object or a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sum {
    /// One of the five names.
    pub algorithm: &'static str,
    /// In base 64; of parts together with `-` and their number.
    pub value: String,
    /// Whether it is the sum of the parts' sums.
    pub composite: bool,
}

impl Sum {
    /// The five members of an answer, of which one at most is there.
    pub(super) fn members(sum: Option<&Self>) -> [Option<String>; 5] {
        ALGORITHMS.map(|name| sum.filter(|sum| sum.algorithm == name).map(|sum| sum.value.clone()))
    }

    /// `FULL_OBJECT` or `COMPOSITE`.
    pub(super) fn kind(&self) -> s3s::dto::ChecksumType {
        let kind = if self.composite {
            s3s::dto::ChecksumType::COMPOSITE
        } else {
            s3s::dto::ChecksumType::FULL_OBJECT
        };
        s3s::dto::ChecksumType::from_static(kind)
    }
}

/// What is computed of a body.
pub(super) struct Digests {
    md5: Md5,
    hasher: ChecksumHasher,
}

/// What was computed.
pub(super) struct Sums {
    pub md5: [u8; 16],
    checksums: Checksum,
}

impl Digests {
    /// Only what some header speaks of; where none does, S3 itself computes the CRC-64
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html>).
    pub(super) fn asked(headers: &HeaderMap) -> Self {
        let value = |name: &str| {
            headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
        };
        let said = ["x-amz-trailer", "x-amz-sdk-checksum-algorithm", "x-amz-checksum-algorithm"]
            .map(|name| value(name).to_ascii_lowercase());
        let asked = |name: &str| {
            headers.contains_key(format!("x-amz-checksum-{name}"))
                || said
                    .iter()
                    .any(|text| text.strip_prefix("x-amz-checksum-").unwrap_or(text) == name)
        };
        let mut digests =
            Self::of(&ALGORITHMS.into_iter().filter(|name| asked(name)).collect::<Vec<_>>());
        let hasher = &mut digests.hasher;
        if hasher.crc32.is_none()
            && hasher.crc32c.is_none()
            && hasher.sha1.is_none()
            && hasher.sha256.is_none()
        {
            hasher.crc64nvme.get_or_insert_with(s3s::crypto::Checksum::new);
        }
        digests
    }

    /// These algorithms, and MD5.
    pub(super) fn of(algorithms: &[&str]) -> Self {
        let mut hasher = ChecksumHasher::default();
        for name in algorithms {
            match *name {
                "crc32" => hasher.crc32 = Some(s3s::crypto::Checksum::new()),
                "crc32c" => hasher.crc32c = Some(s3s::crypto::Checksum::new()),
                "crc64nvme" => hasher.crc64nvme = Some(s3s::crypto::Checksum::new()),
                "sha1" => hasher.sha1 = Some(s3s::crypto::Checksum::new()),
                _ => hasher.sha256 = Some(s3s::crypto::Checksum::new()),
            }
        }
        Self { md5: Md5::new(), hasher }
    }

    pub(super) fn update(&mut self, data: &[u8]) {
        self.md5.update(data);
        self.hasher.update(data);
    }

    pub(super) fn finish(self) -> Sums {
        Sums { md5: self.md5.finalize().into(), checksums: self.hasher.finalize() }
    }
}

impl Sums {
    /// What was computed with an algorithm.
    pub(super) fn get(&self, algorithm: &str) -> Option<&str> {
        let sums = &self.checksums;
        match algorithm {
            "crc32" => sums.checksum_crc32.as_deref(),
            "crc32c" => sums.checksum_crc32c.as_deref(),
            "crc64nvme" => sums.checksum_crc64nvme.as_deref(),
            "sha1" => sums.checksum_sha1.as_deref(),
            _ => sums.checksum_sha256.as_deref(),
        }
    }

    /// Compares what was said of the body, before it in headers or after it in trailers, with what
    /// was computed; answers the checksum to keep: the one that was sent, or S3's own.
    pub(super) fn check(
        &self,
        headers: [Option<String>; 5],
        trailers: &HeaderMap,
        content_md5: Option<&str>,
    ) -> S3Result<Option<Sum>> {
        if let Some(md5) = content_md5 {
            let given = STANDARD.decode(md5).ok().filter(|md5| md5.len() == self.md5.len());
            let given = given.ok_or_else(|| {
                error(400, "InvalidDigest", "The Content-MD5 you specified was invalid.")
            })?;
            if given != self.md5 {
                let message = "The Content-MD5 you specified did not match what we received.";
                return Err(error(400, "BadDigest", message));
            }
        }
        let given = ALGORITHMS.into_iter().zip(headers).filter_map(|(name, header)| {
            let trailer =
                || trailers.get(format!("x-amz-checksum-{name}"))?.to_str().ok().map(str::to_owned);
            Some((name, header.or_else(trailer)?))
        });
        let given: Vec<(&'static str, String)> = given.collect();
        if given.len() > 1 {
            let message = "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.";
            return Err(error(400, "InvalidRequest", message));
        }
        if let Some((algorithm, value)) = given.into_iter().next() {
            if self.get(algorithm) != Some(value.as_str()) {
                let name = algorithm.to_ascii_uppercase();
                return Err(error(
                    400,
                    "BadDigest",
                    format!("The {name} you specified did not match the calculated checksum."),
                ));
            }
            return Ok(Some(Sum { algorithm, value, composite: false }));
        }
        Ok(self.get("crc64nvme").map(|value| Sum {
            algorithm: "crc64nvme",
            value: value.to_owned(),
            composite: false,
        }))
    }
}

/// A body that has arrived, and what was said of it after it.
pub(crate) struct Upload {
    pub(super) blob: Blob,
    pub(super) sums: Sums,
    pub(super) trailers: HeaderMap,
}

impl Upload {
    /// Whether its sender said a digest of it.
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
        let mut digests = Digests::asked(&HeaderMap::new());
        digests.update(body);
        Ok(Self {
            blob: Blob::of(body).map_err(|problem| unkept(&problem))?,
            sums: digests.finish(),
            trailers: HeaderMap::new(),
        })
    }
}

/// Takes a body as it comes. Nothing is locked meanwhile, and nothing is decided yet.
pub(super) async fn receive(body: Option<StreamingBlob>, headers: &HeaderMap) -> S3Result<Upload> {
    let (mut sealer, mut digests) = (Sealer::new(), Digests::asked(headers));
    let broken = |problem: s3s::StdError| error(400, "IncompleteBody", problem.to_string());
    let sealed_as =
        headers.get("x-amz-content-sha256").map(HeaderValue::as_bytes).unwrap_or_default();
    let mut decoder = (sealed_as == chunks::UNSIGNED.as_bytes()).then(chunks::Decoder::default);
    // Whatever else is in chunks the wire layer has opened, by the signature that it needs for it.
    if decoder.is_none()
        && sealed_as.starts_with(b"STREAMING-")
        && !headers.contains_key(http::header::AUTHORIZATION)
    {
        return Err(not_modelled("signed chunks of a request without a signature in its headers"));
    }
    let mut length = 0;
    let mut take = |piece: &[u8]| {
        length += piece.len() as u64;
        if length > MAX_PUT {
            let message = "Your proposed upload exceeds the maximum allowed size";
            return Err(error(400, "EntityTooLarge", message));
        }
        digests.update(piece);
        sealer.write(piece).map_err(|problem| unkept(&problem))
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
    let said =
        headers.get("x-amz-decoded-content-length").map(|said| said.to_str().unwrap_or_default());
    if said.is_some_and(|said| said != length.to_string()) {
        return Err(chunks::incomplete());
    }
    Ok(Upload {
        blob: sealer.finish().map_err(|problem| unkept(&problem))?,
        sums: digests.finish(),
        trailers: decoder.map_or_else(|| Ok(HeaderMap::new()), chunks::Decoder::finish)?,
    })
}

impl Upload {
    /// A trailer that was announced has come.
    pub(super) fn check_trailers(&self, headers: &HeaderMap) -> S3Result<()> {
        let announced =
            headers.get("x-amz-trailer").and_then(|names| names.to_str().ok()).unwrap_or_default();
        let mut names = announced.split(',').map(str::trim).filter(|name| !name.is_empty());
        if names.all(|name| self.trailers.contains_key(name)) {
            return Ok(());
        }
        Err(chunks::malformed())
    }
}

/// A disk that is full, or the like.
pub(super) fn unkept(problem: &std::io::Error) -> s3s::S3Error {
    error(500, "InternalError", format!("the body cannot be kept: {problem}"))
}
