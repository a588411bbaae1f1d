//! Conditions on what is there: of reads, of copies' sources, and of writes.

use http::{HeaderMap, HeaderValue};
use s3s::{
    S3Result,
    dto::{ETagCondition, Timestamp, TimestampFormat},
};
use time::OffsetDateTime;

use super::{OpenBucket, error, no_such_key, not_modelled};
use crate::state::{Content, Version};

/// The four conditions of a read, in the order of RFC 9110, section 13.2.2, which S3's own page
/// follows: an entity tag that matches is enough, whatever the time
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>).
#[expect(clippy::struct_field_names, reason = "the names of the headers")]
pub(super) struct Conditions<'a> {
    pub if_match: Option<&'a ETagCondition>,
    pub if_none_match: Option<&'a ETagCondition>,
    pub if_modified_since: Option<&'a Timestamp>,
    pub if_unmodified_since: Option<&'a Timestamp>,
}

/// What a condition that fails makes of a request.
enum Failed {
    /// 412.
    Precondition,
    /// 304.
    NotModified,
}

impl Conditions<'_> {
    /// For GET and HEAD: 304 where the caller has it already, 412 where it is not what the caller
    /// wants.
    pub(super) fn check(&self, version: &Version, content: &Content) -> S3Result<()> {
        match self.failed(version, content) {
            None => Ok(()),
            Some(Failed::Precondition) => Err(precondition()),
            Some(Failed::NotModified) => {
                let mut unchanged = error(304, "NotModified", "Not Modified");
                let mut headers = HeaderMap::new();
                if let Ok(etag) = HeaderValue::from_str(&format!("\"{}\"", content.etag)) {
                    headers.insert(http::header::ETAG, etag);
                }
                let mut time = Vec::new();
                let written =
                    Timestamp::from(version.modified).format(TimestampFormat::HttpDate, &mut time);
                if let (Ok(()), Ok(time)) = (written, HeaderValue::from_bytes(&time)) {
                    headers.insert(http::header::LAST_MODIFIED, time);
                }
                unchanged.set_headers(headers);
                Err(unchanged)
            }
        }
    }

    /// For the source of a copy: 412 for all
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html>).
    pub(super) fn check_source(&self, version: &Version, content: &Content) -> S3Result<()> {
        match self.failed(version, content) {
            None => Ok(()),
            Some(Failed::Precondition | Failed::NotModified) => Err(precondition()),
        }
    }

    fn failed(&self, version: &Version, content: &Content) -> Option<Failed> {
        let matches = |condition: &ETagCondition| etag_matches(condition, content);
        match (self.if_match, self.if_unmodified_since) {
            (Some(condition), _) if !matches(condition) => return Some(Failed::Precondition),
            (None, Some(time)) if modified_after(version, time) => {
                return Some(Failed::Precondition);
            }
            _ => {}
        }
        match (self.if_none_match, self.if_modified_since) {
            (Some(condition), _) if matches(condition) => Some(Failed::NotModified),
            (None, Some(time)) if !modified_after(version, time) => Some(Failed::NotModified),
            _ => None,
        }
    }
}

fn etag_matches(condition: &ETagCondition, content: &Content) -> bool {
    match condition {
        ETagCondition::Any => true,
        ETagCondition::ETag(etag) => etag.value() == content.etag,
    }
}

/// Times of HTTP have no fractions of a second.
fn modified_after(version: &Version, time: &Timestamp) -> bool {
    let time = OffsetDateTime::from(time.clone());
    version.modified.unix_timestamp() > time.unix_timestamp()
}

fn precondition() -> s3s::S3Error {
    error(
        412,
        "PreconditionFailed",
        "At least one of the pre-conditions you specified did not hold",
    )
}

/// The conditions of a write: that nothing is there yet, or only what the caller knows
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>).
pub(super) fn check_write(
    bucket: &OpenBucket,
    key: &str,
    [if_match, if_none_match]: [Option<&ETagCondition>; 2],
) -> S3Result<()> {
    let current = bucket.state.current(key).and_then(|version| version.content.as_ref());
    match (if_match, if_none_match, current) {
        (Some(_), Some(_), _) => Err(not_modelled("two conditions on one write")),
        (None, Some(ETagCondition::ETag(_)), _) => {
            Err(not_modelled("If-None-Match of writes with anything but *"))
        }
        (None, Some(ETagCondition::Any), Some(_)) => Err(precondition()),
        (Some(ETagCondition::Any), None, _) => Err(not_modelled("If-Match of writes with *")),
        (Some(_), None, None) => Err(no_such_key()),
        (Some(condition), None, Some(content)) if !etag_matches(condition, content) => {
            Err(precondition())
        }
        _ => Ok(()),
    }
}

/// The condition of a delete: that what is there is what the caller knows
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html>).
pub(super) fn check_delete(content: &Content, condition: &ETagCondition) -> S3Result<()> {
    if etag_matches(condition, content) { Ok(()) } else { Err(precondition()) }
}
