//! AWS Signature Version 4: who sent a request, and whether it arrived as it was signed.
//!
//! The algorithm is that of
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>,
//! for S3 with the differences of
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html> and
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>. Verification is
//! split in two because the key depends on the access key: [`parse`] reads what the request claims,
//! the caller finds the [`SigningKey`] and judges the token, [`Signature::verify`] proves the
//! claim.
//!
//! Forms AWS accepts and this does not model are refused as [`AuthError::NotModelled`], never
//! guessed at: Signature Version 4A, a `Date` header in place of `x-amz-date`, presigned query keys
//! in another letter case, a session token in the header of a presigned request. For
//! `STREAMING-*-PAYLOAD` bodies only the seed signature is proved here; the signatures of the
//! chunks are the wire layer's.

mod canonical;
mod error;
mod form;
mod read;
#[cfg(test)]
mod tests;
pub mod version2;

use std::fmt;

use gainsay_model::Service;
use hmac::{Hmac, KeyInit, Mac};
use http::request::Parts;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use time::{Duration, OffsetDateTime};

pub use error::{AuthError, Scope};
pub use form::parse_form;
pub use read::{parse, query_pairs};

/// The only algorithm.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// The last part of every credential scope.
const TERMINATOR: &str = "aws4_request";
/// How far the clocks may differ, for S3 the `MaxAllowedSkewMilliseconds` of its own error.
const SKEW: Duration = Duration::minutes(15);
/// The longest life of a presigned request.
const WEEK: Duration = Duration::seconds(604_800);
/// The payload of a request that does not say what its body is.
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";
/// The other payloads that are not a digest
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html>).
const STREAMING: &[&str] = &[
    "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
];

/// How the request was authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// By the `Authorization` header.
    Header,
    /// By query parameters: a presigned request.
    Query,
    /// By the fields of a form.
    Form,
}

/// The key of a credential and its scope: derived from the secret, the day, the Region and the
/// service.
pub type SigningKey = [u8; 32];

/// What a request claims of its sender. Nothing of it is proved before [`Signature::verify`].
#[derive(Clone, PartialEq, Eq)]
pub struct Signature {
    /// The access key id.
    pub access_key: String,
    /// `X-Amz-Date`.
    pub date: OffsetDateTime,
    /// The date of the credential scope, `YYYYMMDD`.
    pub scope_date: String,
    /// The region of the credential scope.
    pub region: String,
    /// The service of the credential scope.
    pub service: String,
    /// The session token.
    pub token: Option<String>,
    /// Where the signature was found.
    pub via: Via,
    /// How long a presigned request is valid.
    pub expires: Option<Duration>,
    /// The names of the signed headers: lower case, sorted, each once.
    pub signed_headers: Vec<String>,
    mac: [u8; 32],
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A token or signature in a log could be replayed while it is valid.
        f.debug_struct("Signature")
            .field("access_key", &self.access_key)
            .field("date", &self.date)
            .field("scope_date", &self.scope_date)
            .field("region", &self.region)
            .field("service", &self.service)
            .field("token", &self.token.as_ref().map(|_| "..."))
            .field("via", &self.via)
            .field("expires", &self.expires)
            .field("signed_headers", &self.signed_headers)
            .finish_non_exhaustive()
    }
}

impl Signature {
    /// Proves the claim: payload header, time, scope, signed headers, signature, body, in this
    /// order.
    ///
    /// The order is that of S3, as measured by others against the service one fault at a time (no
    /// AWS page gives it); that KMS and STS keep the same one is assumed. `body_sha256` is the
    /// lower-case hex digest of the body. KMS and STS sign that digest. S3 signs the value of the
    /// header `x-amz-content-sha256`, which must equal the digest where it is one.
    ///
    /// The `host` header may be missing from an in-process request; the URI's authority stands in.
    /// `key` is asked for once everything but the signature is found to be right.
    ///
    /// # Errors
    /// The first thing that is wrong, as AWS would call it.
    pub fn verify(
        &self,
        parts: &Parts,
        body_sha256: &str,
        key: impl FnOnce() -> Option<SigningKey>,
        now: OffsetDateTime,
        service: Service,
        region: &str,
    ) -> Result<(), AuthError> {
        let payload = self.payload(parts, body_sha256, service)?;
        self.check_time(now, service)?;
        self.check_scope(service, region)?;
        self.check_signed_headers(parts, service)?;
        let request = canonical::request(parts, service, self, payload)?;
        let expected =
            key().and_then(|key| self.sign(&key, &request)).ok_or(AuthError::Mismatch)?;
        if !bool::from(expected.as_slice().ct_eq(&self.mac)) {
            return Err(AuthError::Mismatch);
        }
        let digest = payload != UNSIGNED && !STREAMING.contains(&payload);
        if digest && !payload.eq_ignore_ascii_case(body_sha256) {
            return Err(AuthError::BodyMismatch);
        }
        Ok(())
    }

    /// The payload line of the canonical request.
    fn payload<'a>(
        &self,
        parts: &'a Parts,
        body_sha256: &'a str,
        service: Service,
    ) -> Result<&'a str, AuthError> {
        if service != Service::S3 {
            return Ok(body_sha256);
        }
        let mut lines = parts.headers.get_all("x-amz-content-sha256").iter();
        let value = match (lines.next(), lines.next(), self.via) {
            (None, _, Via::Query) => return Ok(UNSIGNED),
            (None, _, Via::Header | Via::Form) => return Err(AuthError::MissingPayload),
            (Some(value), None, _) => value.to_str().map_err(|_| AuthError::BadPayload)?,
            (Some(_), Some(_), _) => return Err(AuthError::BadPayload),
        };
        if value.starts_with("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD") {
            return Err(AuthError::NotModelled("Signature Version 4A"));
        }
        let digest = value.len() == 64 && value.bytes().all(|b| b.is_ascii_hexdigit());
        if digest || value == UNSIGNED || STREAMING.contains(&value) {
            Ok(value)
        } else {
            Err(AuthError::BadPayload)
        }
    }

    /// The time window.
    ///
    /// For S3 a presigned request is valid from fifteen minutes before its date, for the clocks may
    /// differ that much, until its date and expiry, this second included; with an expiry of zero it
    /// never is. KMS and STS are assumed to keep both limits, the expiry and the fifteen minutes
    /// (their common errors speak of fifteen minutes after the date stamp or the expiration date).
    fn check_time(&self, now: OffsetDateTime, service: Service) -> Result<(), AuthError> {
        let skewed = AuthError::Skewed { date: self.date, now };
        let age = now - self.date;
        let Some(expires) = self.expires else {
            return if age.abs() > SKEW { Err(skewed) } else { Ok(()) };
        };
        if age < -SKEW {
            Err(AuthError::NotYetValid { date: self.date, now })
        } else if age > expires || expires.is_zero() {
            Err(AuthError::Expired { date: self.date, now })
        } else if service != Service::S3 && age > SKEW {
            Err(skewed)
        } else {
            Ok(())
        }
    }

    fn check_scope(&self, service: Service, region: &str) -> Result<(), AuthError> {
        let stamp = canonical::stamp(self.date);
        let date = stamp.get(..8).unwrap_or_default();
        let fault = if self.region != region {
            Scope::Region { sent: self.region.clone(), expected: region.to_owned() }
        } else if self.service != service.signing_name() {
            Scope::Service { sent: self.service.clone(), expected: service.signing_name() }
        } else if self.scope_date != date {
            Scope::Date { sent: self.scope_date.clone(), expected: date.to_owned() }
        } else {
            return Ok(());
        };
        Err(AuthError::Scope { via: self.via, fault })
    }

    /// The headers of a presigned S3 request that its signature does not cover, which refuse it
    /// whatever they say. The signature itself is not looked at.
    ///
    /// # Errors
    /// There are such headers.
    pub fn check_presigned_headers(&self, parts: &Parts) -> Result<(), AuthError> {
        match self.via {
            Via::Query => self.check_signed_headers(parts, Service::S3),
            Via::Header | Via::Form => Ok(()),
        }
    }

    /// Every header that can change what a request does must be signed: `host` and all `x-amz-*`.
    ///
    /// S3 was measured to require `content-md5` too, and to let `x-amz-content-sha256` go, which
    /// the payload line covers. No AWS page lists more than `host`, `x-amz-*` and, if sent,
    /// `content-type`, the last of which S3 was measured not to require.
    fn check_signed_headers(&self, parts: &Parts, service: Service) -> Result<(), AuthError> {
        let s3 = service == Service::S3;
        let needed = |name: &str| {
            (name.starts_with("x-amz-") && !(s3 && name == "x-amz-content-sha256"))
                || (s3 && name == "content-md5")
        };
        let names = parts.headers.keys().map(http::HeaderName::as_str);
        let mut unsigned: Vec<String> = names
            .filter(|name| needed(name))
            .chain(["host"])
            .filter(|name| !self.signed_headers.iter().any(|signed| signed == name))
            .map(str::to_owned)
            .collect();
        unsigned.sort_unstable();
        if unsigned.is_empty() { Ok(()) } else { Err(AuthError::UnsignedHeaders(unsigned)) }
    }

    /// The credential with its scope, as requests write it.
    #[must_use]
    pub fn credential(&self) -> String {
        format!("{}/{}", self.access_key, self.scope())
    }

    /// The signing key of the credential scope, or nothing if HMAC refused the secret.
    #[must_use]
    pub fn key(&self, secret: &str) -> Option<SigningKey> {
        let mut key = hmac(format!("AWS4{secret}").as_bytes(), self.scope_date.as_bytes())?;
        for part in [&self.region, &self.service, TERMINATOR] {
            key = hmac(&key, part.as_bytes())?;
        }
        Some(key)
    }

    fn scope(&self) -> String {
        format!("{}/{}/{}/{TERMINATOR}", self.scope_date, self.region, self.service)
    }

    /// The signature of a canonical request.
    fn sign(&self, key: &SigningKey, request: &[u8]) -> Option<[u8; 32]> {
        hmac(key, self.string_to_sign(request).as_bytes())
    }

    fn string_to_sign(&self, request: &[u8]) -> String {
        format!(
            "{ALGORITHM}\n{}\n{}\n{}",
            canonical::stamp(self.date),
            self.scope(),
            hex::encode(Sha256::digest(request))
        )
    }

    /// The canonical request and the text to sign, as S3 calculates them: what it tells a client
    /// whose signature is another one.
    #[must_use]
    pub fn calculated(&self, parts: &Parts, body_sha256: &str) -> Option<(Vec<u8>, String)> {
        let payload = self.payload(parts, body_sha256, Service::S3).ok()?;
        let request = canonical::request(parts, Service::S3, self, payload).ok()?;
        let text = self.string_to_sign(&request);
        Some((request, text))
    }

    /// The signature as it was sent.
    #[must_use]
    pub fn sent(&self) -> String {
        hex::encode(self.mac)
    }
}

fn hmac(key: &[u8], data: &[u8]) -> Option<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(data);
    Some(mac.finalize().into_bytes().into())
}
