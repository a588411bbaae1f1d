//! The table that stands before the S3 wire layer: what is not in it is refused.
//!
//! The wire layer (s3s 0.14.1) routes a request it does not know to the nearest operation it does
//! know: `PUT /key?encryption` (`UpdateObjectEncryption`) arrived there as `PutObject` and
//! overwrote the object. It also passes over headers it does not know. Either would make the
//! sandbox allow what AWS answers otherwise, so a request reaches it only when exactly one [`Row`]
//! accounts for its method, every query key and every `x-amz-*` header. All else is 501
//! `NotImplemented`, which a run records as undecided.
//!
//! Presigned URLs may carry `x-amz-acl`, `x-amz-server-side-encryption` and the like as query keys.
//! No AWS page says how S3 treats them, so they are refused like any other unknown key.

mod rows;
#[cfg(test)]
mod tests;

use http::{HeaderMap, Method};

pub use rows::ROWS;

/// What the path of a request names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Neither a bucket nor a key.
    Service,
    /// A bucket.
    Bucket,
    /// A key in a bucket.
    Object,
}

impl Level {
    /// The word for it in messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Service => "service",
            Level::Bucket => "bucket",
            Level::Object => "object",
        }
    }
}

/// What the value of a required query key must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing: the key alone is the sub-resource (`?acl`).
    Empty,
    /// Exactly this (`list-type=2`).
    Is(&'static str),
    /// Anything but nothing (`uploadId`).
    Some,
}

impl Value {
    fn admits(self, value: &str) -> bool {
        match self {
            Value::Empty => value.is_empty(),
            Value::Is(only) => value == only,
            Value::Some => !value.is_empty(),
        }
    }
}

/// One operation and everything a request for it may carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The name in the S3 API, which is also the only value of `x-id` it goes with.
    pub operation: &'static str,
    /// The HTTP method.
    pub method: &'static str,
    /// What the path names.
    pub level: Level,
    /// Query keys that must be present.
    pub needs: &'static [(&'static str, Value)],
    /// Further query keys it may carry.
    pub may: &'static [&'static str],
    /// A header that must be present. For any row that does not list it, it must be absent.
    pub requires: Option<&'static str>,
    /// The `x-amz-*` headers it may carry beyond [`COMMON_HEADERS`], in groups.
    pub headers: &'static [&'static [&'static str]],
    /// Whether it may carry `x-amz-meta-*`.
    pub metadata: bool,
}

impl Row {
    fn takes_query(&self, query: &[(String, String)]) -> bool {
        let needed = |(key, value): &(&str, Value)| {
            let mut found = query.iter().filter(|(name, _)| name == key);
            found.next().is_some_and(|(_, sent)| value.admits(sent))
        };
        self.needs.iter().all(needed) && query.iter().all(|(key, value)| self.takes_key(key, value))
    }

    fn takes_key(&self, key: &str, value: &str) -> bool {
        PRESIGNED.contains(&key)
            || self.knows_key(key)
            || (key == "x-id" && value == self.operation)
    }

    fn knows_key(&self, key: &str) -> bool {
        self.may.contains(&key) || self.needs.iter().any(|(name, _)| *name == key)
    }

    fn takes_header(&self, name: &str) -> bool {
        let meta = |rest: &str| self.metadata && !rest.is_empty();
        !name.starts_with("x-amz-")
            || COMMON_HEADERS.contains(&name)
            || self.requires == Some(name)
            || self.headers.iter().any(|group| group.contains(&name))
            || name.strip_prefix("x-amz-meta-").is_some_and(meta)
    }

    fn takes_headers(&self, headers: &HeaderMap) -> bool {
        self.requires.is_none_or(|name| headers.contains_key(name))
            && headers.keys().all(|name| self.takes_header(name.as_str()))
    }
}

/// Headers any operation may carry.
///
/// The first six are listed at
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTCommonRequestHeaders.html> or belong to the
/// payload forms of <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html>; the
/// checksums are those of
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html> that the
/// wire layer verifies. SHA-512, MD5 and the `XXHash` family are newer: it would pass over them,
/// and a wrong checksum would be stored where AWS refuses it.
pub const COMMON_HEADERS: &[&str] = &[
    "x-amz-date",
    "x-amz-content-sha256",
    "x-amz-security-token",
    "x-amz-user-agent",
    "x-amz-decoded-content-length",
    "x-amz-trailer",
    "x-amz-expected-bucket-owner",
    "x-amz-request-payer",
    "x-amz-sdk-checksum-algorithm",
    "x-amz-checksum-algorithm",
    "x-amz-checksum-mode",
    "x-amz-checksum-type",
    "x-amz-checksum-crc32",
    "x-amz-checksum-crc32c",
    "x-amz-checksum-crc64nvme",
    "x-amz-checksum-sha1",
    "x-amz-checksum-sha256",
];

/// Query keys of a presigned request, which any operation may carry
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>).
const PRESIGNED: &[&str] = &[
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
    "X-Amz-Security-Token",
    "X-Amz-Content-Sha256",
    // Of Signature Version 2, which the gateway takes or refuses by itself
    // (<https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html>).
    "AWSAccessKeyId",
    "Expires",
    "Signature",
];

/// Whether S3 passes over a key in the query of a presigned URL: one that no operation has, and
/// that has a value, which no sub-resource has (LocalStack's tests against AWS send such ones, and
/// `If-Match`; those that begin with `x-amz-` it takes as headers, of which only that of the
/// requester who pays changes nothing here).
#[must_use]
pub fn is_passed_over(key: &str, value: &str) -> bool {
    let known = |row: &Row| row.knows_key(key) || row.needs.iter().any(|(name, _)| *name == key);
    let lower = key.to_ascii_lowercase();
    match lower.strip_prefix("x-amz-") {
        Some(rest) => rest == "request-payer" && value == "requester",
        None => {
            !value.is_empty()
                && key != "x-id"
                && !PRESIGNED.contains(&key)
                && !ROWS.iter().any(|row| known(row) || row.operation == key)
        }
    }
}

/// Keys and headers of which only some values are known.
///
/// A presigned URL signs `UNSIGNED-PAYLOAD` whatever its query says, so another digest there would
/// go unchecked; checksum algorithms are limited as in [`COMMON_HEADERS`].
const QUERY_VALUES: &[(&str, &[&str])] = &[("X-Amz-Content-Sha256", &["UNSIGNED-PAYLOAD"])];
const HEADER_VALUES: &[(&str, &[&str])] = &[
    ("x-amz-sdk-checksum-algorithm", ALGORITHMS),
    ("x-amz-checksum-algorithm", ALGORITHMS),
    (
        "x-amz-trailer",
        &[
            "x-amz-checksum-crc32",
            "x-amz-checksum-crc32c",
            "x-amz-checksum-crc64nvme",
            "x-amz-checksum-sha1",
            "x-amz-checksum-sha256",
        ],
    ),
];
const ALGORITHMS: &[&str] = &["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"];

/// Keys that mean something else, or nothing, when they are empty.
const NOT_EMPTY: &[&str] = &["versionId", "partNumber"];

/// Headers whose API type is a list, which clients may send on several lines.
const LISTS: &[&str] = &["x-amz-object-attributes", "x-amz-optional-object-attributes"];

/// What of a request is not in the table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unmodelled {
    /// No row has this method at this level.
    #[error("the sandbox has no {level} operation with the method {method}")]
    Method {
        /// The method, as sent.
        method: String,
        /// The level of the path.
        level: &'static str,
    },
    /// No row of this method and level has this query key.
    #[error("the sandbox knows no such operation with the query key `{0}`")]
    Query(String),
    /// A query key that was sent twice.
    #[error("the query key `{0}` is repeated")]
    RepeatedQuery(String),
    /// A known query key with a value that is not.
    #[error("the sandbox does not know this value of the query key `{0}`")]
    QueryValue(String),
    /// Known query keys, which no operation takes together.
    #[error("the sandbox knows no operation with exactly the query keys `{0}`")]
    QueryKeys(String),
    /// A header the operation does not list.
    #[error("the sandbox does not know the header `{0}` on this operation")]
    Header(String),
    /// A header that was sent twice.
    #[error("the header `{0}` is repeated")]
    RepeatedHeader(String),
    /// A known header with a value that is not.
    #[error("the sandbox does not know this value of the header `{0}`")]
    HeaderValue(String),
    /// A request for which the table has more than one row.
    #[error("the request is both {0} and {1}")]
    Ambiguous(&'static str, &'static str),
}

impl Unmodelled {
    /// The error code, AWS's own for what an endpoint does not implement
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>).
    #[must_use]
    pub fn code(&self) -> &'static str {
        "NotImplemented"
    }

    /// The HTTP status that goes with the code.
    #[must_use]
    pub fn status(&self) -> u16 {
        501
    }
}

/// Finds the one row that accounts for the whole request.
///
/// The query is decoded (see [`query_pairs`](crate::query_pairs)); keys compare by case, as S3's
/// do.
///
/// # Errors
/// Names what of the request is not in the table.
pub fn identify(
    method: &Method,
    level: Level,
    query: &[(String, String)],
    headers: &HeaderMap,
) -> Result<&'static Row, Unmodelled> {
    check_query(query)?;
    check_headers(headers)?;
    let candidates: Vec<&'static Row> =
        ROWS.iter().filter(|row| row.method == method.as_str() && row.level == level).collect();
    if candidates.is_empty() {
        return Err(Unmodelled::Method { method: method.to_string(), level: level.as_str() });
    }
    let by_query: Vec<&'static Row> =
        candidates.iter().copied().filter(|row| row.takes_query(query)).collect();
    if by_query.is_empty() {
        return Err(blame_query(&candidates, query));
    }
    let mut found = by_query.iter().filter(|row| row.takes_headers(headers));
    match (found.next(), found.next()) {
        (Some(row), None) => Ok(row),
        (Some(one), Some(two)) => Err(Unmodelled::Ambiguous(one.operation, two.operation)),
        (None, _) => Err(blame_header(&by_query, headers)),
    }
}

/// What no row can change: repeated keys and values never known.
fn check_query(query: &[(String, String)]) -> Result<(), Unmodelled> {
    for (at, (key, value)) in query.iter().enumerate() {
        if query.iter().skip(at + 1).any(|(other, _)| other == key) {
            return Err(Unmodelled::RepeatedQuery(key.clone()));
        }
        let unknown = |(name, known): &(&str, &[&str])| name == key && !known.contains(&&**value);
        let empty = value.is_empty() && NOT_EMPTY.contains(&key.as_str());
        if empty || QUERY_VALUES.iter().any(unknown) {
            return Err(Unmodelled::QueryValue(key.clone()));
        }
    }
    Ok(())
}

fn check_headers(headers: &HeaderMap) -> Result<(), Unmodelled> {
    for name in headers.keys() {
        let name = name.as_str();
        // The wire layer reads one line of a header; AWS may read another, or all of them.
        let lines = headers.get_all(name).iter().count();
        if lines > 1 && name.starts_with("x-amz-") && !LISTS.contains(&name) {
            return Err(Unmodelled::RepeatedHeader(name.to_owned()));
        }
        let known = HEADER_VALUES.iter().find(|(header, _)| *header == name);
        let sent = headers.get(name).and_then(|value| value.to_str().ok());
        if known.is_some_and(|(_, known)| sent.is_none_or(|sent| !known.contains(&sent))) {
            return Err(Unmodelled::HeaderValue(name.to_owned()));
        }
    }
    Ok(())
}

/// The most telling reason why no candidate takes the query.
fn blame_query(candidates: &[&'static Row], query: &[(String, String)]) -> Unmodelled {
    let known = |key: &str| {
        key == "x-id" || PRESIGNED.contains(&key) || candidates.iter().any(|row| row.knows_key(key))
    };
    if let Some((key, _)) = query.iter().find(|(key, _)| !known(key)) {
        return Unmodelled::Query(key.clone());
    }
    let refused = |(key, value): &&(String, String)| {
        let needed = |row: &&Row| row.needs.iter().any(|(name, _)| name == key);
        let admitted = |row: &&Row| {
            let admits = |(name, known): &(&str, Value)| name == key && known.admits(value);
            row.needs.iter().any(admits) || row.may.contains(&key.as_str())
        };
        candidates.iter().any(needed) && !candidates.iter().any(admitted)
    };
    if let Some((key, _)) = query.iter().find(refused) {
        return Unmodelled::QueryValue(key.clone());
    }
    let mut keys: Vec<&str> = query.iter().map(|(key, _)| key.as_str()).collect();
    keys.retain(|key| !PRESIGNED.contains(key));
    Unmodelled::QueryKeys(keys.join(", "))
}

/// The header for which every row that takes the query is ruled out.
fn blame_header(rows: &[&'static Row], headers: &HeaderMap) -> Unmodelled {
    let names = || headers.keys().map(http::HeaderName::as_str);
    let everywhere = names().find(|name| rows.iter().all(|row| !row.takes_header(name)));
    // With no header unknown to all, the row whose required header was sent is the one meant.
    let meant = rows
        .iter()
        .find(|row| row.requires.is_some_and(|name| headers.contains_key(name)))
        .or(rows.first());
    let there = names().find(|name| meant.is_some_and(|row| !row.takes_header(name)));
    let missing = meant.and_then(|row| row.requires);
    let name = everywhere.or(there).or(missing).unwrap_or_default();
    Unmodelled::Header(name.to_owned())
}
