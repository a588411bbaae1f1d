//! Checksums of bodies: which are computed, and how they are compared with those that were sent
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html>).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::HeaderMap;
use md5::{Digest as _, Md5};
use s3s::{S3Result, checksum::ChecksumHasher, dto::Checksum};

use super::{error, error_detail::WithDetail as _, received_body::storage_failure};
use crate::kms::Opened;

/// The algorithms, as headers name them.
pub(crate) const ALGORITHMS: [&str; 5] = ["crc32", "crc32c", "crc64nvme", "sha1", "sha256"];

/// The checksum of an object or a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sum {
    /// One of the five names.
    pub algorithm: &'static str,
    /// In base 64; of parts together with `-` and their number.
    pub value: String,
    /// Whether it is the checksum of the parts' checksums.
    pub composite: bool,
}

impl Sum {
    /// The members of an output, one for each algorithm, of which one at most is there.
    pub(super) fn members(sum: Option<&Self>) -> [Option<String>; 5] {
        ALGORITHMS.map(|name| sum.filter(|sum| sum.algorithm == name).map(|sum| sum.value.clone()))
    }

    /// The algorithm as listings name it.
    pub(super) fn listed_algorithm(&self) -> s3s::dto::ChecksumAlgorithm {
        s3s::dto::ChecksumAlgorithm::from(self.algorithm.to_ascii_uppercase())
    }

    /// The value without the number of parts, as `GetObjectAttributes` shows it (recorded by
    /// LocalStack, `test_complete_multipart_parts_checksum_composite`, 2026-02-21).
    pub(super) fn without_parts(&self) -> Self {
        let value = self.value.split('-').next().unwrap_or_default().to_owned();
        Self { value, ..self.clone() }
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
    /// The algorithms that some header of an upload names; where none does, S3 itself computes the
    /// CRC-64
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html>).
    pub(super) fn for_headers(headers: &HeaderMap) -> Self {
        let value = |name: &str| {
            headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
        };
        let announced =
            ["x-amz-trailer", "x-amz-sdk-checksum-algorithm", "x-amz-checksum-algorithm"]
                .map(|name| value(name).to_ascii_lowercase());
        let named = |name: &str| {
            headers.contains_key(format!("x-amz-checksum-{name}"))
                || announced
                    .iter()
                    .any(|text| text.strip_prefix("x-amz-checksum-").unwrap_or(text) == name)
        };
        let mut digests =
            Self::of(&ALGORITHMS.into_iter().filter(|name| named(name)).collect::<Vec<_>>());
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

    /// What these algorithms, and MD5, compute of a body that is stored already.
    pub(super) fn of_body(body: &Opened, algorithms: &[&str]) -> S3Result<Sums> {
        let mut digests = Self::of(algorithms);
        for piece in body.clone().pieces(0..u64::MAX) {
            digests.update(&piece.map_err(|problem| storage_failure(&problem))?);
        }
        Ok(digests.finish())
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

    /// Takes more of the body.
    pub(super) fn update(&mut self, data: &[u8]) {
        self.md5.update(data);
        self.hasher.update(data);
    }

    /// What was computed, once all of the body was taken.
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

    /// The checksum of a whole body, where it was computed with this algorithm.
    pub(super) fn sum(&self, algorithm: &'static str) -> Option<Sum> {
        let value = self.get(algorithm)?.to_owned();
        Some(Sum { algorithm, value, composite: false })
    }

    /// Compares the digests that were sent, before the body in headers or after it in trailers,
    /// with what was computed. Returns the checksum to store: the one that was sent, or S3's own.
    ///
    /// # Errors
    /// A digest is malformed or not the body's, or there are several checksums.
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
                    .with_detail("Content-MD5", md5)
            })?;
            if given != self.md5 {
                let message = "The Content-MD5 you specified did not match what we received.";
                return Err(error(400, "BadDigest", message)
                    .with_detail("ExpectedDigest", hex::encode(given))
                    .with_detail("CalculatedDigest", STANDARD.encode(self.md5)));
            }
        }
        let given = ALGORITHMS.into_iter().zip(headers).filter_map(|(name, header)| {
            let trailer =
                || trailers.get(format!("x-amz-checksum-{name}"))?.to_str().ok().map(str::to_owned);
            Some((name, header.or_else(trailer)?))
        });
        let given: Vec<(&'static str, String)> = given.collect();
        if given.len() > 1 {
            let message = concat!(
                "Expecting a single x-amz-checksum- header. ",
                "Multiple checksum Types are not allowed."
            );
            return Err(error(400, "InvalidRequest", message));
        }
        if let Some((algorithm, value)) = given.into_iter().next() {
            check_form(algorithm, &value)?;
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
        Ok(self.sum("crc64nvme"))
    }
}

/// Compares the digests in the headers of a request with its whole body.
///
/// # Errors
/// A digest is malformed or not the body's, or there are several checksums.
pub(crate) fn check_whole(headers: &HeaderMap, body: &[u8]) -> S3Result<()> {
    let text = |name: &str| {
        headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let mut digests = Digests::for_headers(headers);
    digests.update(body);
    let sent = ALGORITHMS.map(|name| text(&format!("x-amz-checksum-{name}")));
    digests.finish().check(sent, &HeaderMap::new(), text("content-md5").as_deref())?;
    Ok(())
}

/// The bytes of each algorithm's checksum, in the order of [`ALGORITHMS`].
const LENGTHS: [usize; 5] = [4, 4, 8, 20, 32];

/// A checksum that was sent is one in base 64: else it is no wrong checksum but none at all
/// (recorded by LocalStack, `test_put_object_checksum`, 2026-02-21).
pub(super) fn check_form(algorithm: &str, value: &str) -> S3Result<()> {
    let length = ALGORITHMS.into_iter().zip(LENGTHS).find(|(name, _)| *name == algorithm);
    let decoded = STANDARD.decode(value).ok().map(|bytes| bytes.len());
    if decoded.is_some() && decoded == length.map(|(_, length)| length) {
        return Ok(());
    }
    let message = format!("Value for x-amz-checksum-{algorithm} header is invalid.");
    Err(error(400, "InvalidRequest", message))
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::check_whole;

    #[test]
    fn a_body_has_the_digests_of_its_headers() {
        let table = [
            (&[("x-amz-checksum-crc32", "AAAAAA==")][..], None),
            (&[("x-amz-checksum-crc32", "AAAAAQ==")], Some("BadDigest")),
            (&[("x-amz-checksum-crc32", "none")], Some("InvalidRequest")),
            (&[("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg==")], None),
            (&[("content-md5", "AAAAAAAAAAAAAAAAAAAAAA==")], Some("BadDigest")),
            (&[("content-md5", "none")], Some("InvalidDigest")),
            (&[], None),
        ];
        for (sent, expected) in table {
            let headers: HeaderMap = sent
                .iter()
                .map(|(name, value)| {
                    (HeaderName::from_static(name), HeaderValue::from_static(value))
                })
                .collect();
            let found = check_whole(&headers, b"").err();
            assert_eq!(found.as_ref().map(|problem| problem.code().as_str()), expected, "{sent:?}");
        }
    }
}
