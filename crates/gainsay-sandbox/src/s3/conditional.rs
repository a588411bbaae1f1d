//! Conditions on what is there: of reads, of copies' sources, and of writes.

use http::{HeaderMap, HeaderValue};
use s3s::{
    S3Result,
    dto::{ETag, ETagCondition, Timestamp, TimestampFormat},
};
use time::OffsetDateTime;

use super::{OpenBucket, error, error_detail::WithDetail as _, no_such_key};
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
    pub(super) fn check(
        &self,
        version: &Version,
        content: &Content,
        now: OffsetDateTime,
    ) -> S3Result<()> {
        match self.failed(version, content, now) {
            None => Ok(()),
            Some((Failed::Precondition, header)) => Err(precondition(header)),
            Some((Failed::NotModified, _)) => {
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
    pub(super) fn check_source(
        &self,
        version: &Version,
        content: &Content,
        now: OffsetDateTime,
    ) -> S3Result<()> {
        match self.failed(version, content, now) {
            None => Ok(()),
            Some((Failed::Precondition | Failed::NotModified, header)) => {
                Err(precondition(&format!("x-amz-copy-source-{header}")))
            }
        }
    }

    /// What the first condition that fails makes of the request, and its header. A time in the
    /// future is no condition (RFC 9110, section 13.1.3; recorded by LocalStack,
    /// `test_s3_copy_object_preconditions` and `test_s3_get_object_preconditions`, 2026-02-21).
    fn failed(
        &self,
        version: &Version,
        content: &Content,
        now: OffsetDateTime,
    ) -> Option<(Failed, &'static str)> {
        let matches = |condition: &ETagCondition| etag_matches(condition, content);
        match (self.if_match, self.if_unmodified_since) {
            (Some(condition), _) if !matches(condition) => {
                return Some((Failed::Precondition, "If-Match"));
            }
            (None, Some(time)) if modified_after(version, time) => {
                return Some((Failed::Precondition, "If-Unmodified-Since"));
            }
            _ => {}
        }
        let past = |time: &Timestamp| OffsetDateTime::from(time.clone()) <= now;
        match (self.if_none_match, self.if_modified_since) {
            (Some(condition), _) if matches(condition) => {
                Some((Failed::NotModified, "If-None-Match"))
            }
            (None, Some(time)) if past(time) && !modified_after(version, time) => {
                Some((Failed::NotModified, "If-Modified-Since"))
            }
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

/// The error of a condition that does not hold, by its header.
pub(super) fn precondition(header: &str) -> s3s::S3Error {
    let message = "At least one of the pre-conditions you specified did not hold";
    error(412, "PreconditionFailed", message).with_detail("Condition", header)
}

/// The error of a condition that would hold if it were not for what happened meanwhile.
fn conflict(header: &str, key: &str) -> s3s::S3Error {
    let message = concat!(
        "The conditional request cannot succeed due to a conflicting operation against this ",
        "resource."
    );
    error(409, "ConditionalRequestConflict", message)
        .with_detail("Condition", header)
        .with_detail("Key", key)
}

/// The error of a header that S3 does not take on a write, or not with this value: AWS itself does
/// not implement it (recorded by LocalStack, `test_put_object_if_none_match_validation`,
/// 2026-02-21).
fn not_accepted(header: &str, additional: String) -> s3s::S3Error {
    let message = "A header you provided implies functionality that is not implemented";
    error(501, "NotImplemented", message)
        .with_detail("Header", header)
        .with_detail("additionalMessage", additional)
}

fn value_not_accepted(header: &str) -> s3s::S3Error {
    let additional = format!("We don't accept the provided value of {header} header for this API");
    not_accepted(header, additional)
}

/// A condition as a header writes it: what is not an entity tag matches none.
pub(super) fn condition(sent: &[u8]) -> Option<ETagCondition> {
    let text = std::str::from_utf8(sent).ok()?.trim();
    match text {
        "" => None,
        "*" => Some(ETagCondition::Any),
        _ => Some(ETagCondition::ETag(ETag::Strong(text.trim_matches('"').to_owned()))),
    }
}

/// The conditions of a write: that nothing is there yet, or only what the caller knows
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>).
pub(super) fn check_write(
    bucket: &OpenBucket,
    key: &str,
    [if_match, if_none_match]: [Option<&ETagCondition>; 2],
    since: Option<Since>,
) -> S3Result<()> {
    let version = bucket.state.current(key);
    let current = version.and_then(|version| Some((version, version.content.as_ref()?)));
    match (if_match, if_none_match, current) {
        (Some(_), Some(_), _) => Err(not_accepted(
            "If-Match,If-None-Match",
            "Multiple conditional request headers present in the request".to_owned(),
        )),
        (None, Some(ETagCondition::ETag(_)), _) => Err(value_not_accepted("If-None-Match")),
        (None, Some(ETagCondition::Any), Some(_)) => Err(precondition("If-None-Match")),
        (None, Some(ETagCondition::Any), None) if since.is_some_and(|since| since.existed) => {
            Err(conflict("If-None-Match", key))
        }
        (Some(ETagCondition::Any), None, _) => Err(value_not_accepted("If-Match")),
        (Some(_), None, None) => Err(no_such_key().with_detail("Key", key)),
        (Some(condition), None, Some((_, content))) if !etag_matches(condition, content) => {
            Err(precondition("If-Match"))
        }
        (Some(_), None, Some((version, _)))
            if since.is_some_and(|since| version.modified > since.time) =>
        {
            Err(conflict("If-Match", key))
        }
        (Some(_), None, Some(_)) | (None, Some(_), None) | (None, None, _) => Ok(()),
    }
}

/// Since when a multipart upload watches its key: what happens to the key meanwhile is a conflict
/// (recorded by LocalStack, `test_multipart_if_match_with_put` and `.._with_delete`, 2026-02-21).
#[derive(Clone, Copy)]
pub(super) struct Since {
    pub time: OffsetDateTime,
    /// Whether there was an object then.
    pub existed: bool,
}

/// The condition of a delete: that what is there is what the caller knows
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html>).
pub(super) fn check_delete(content: &Content, condition: &ETagCondition) -> S3Result<()> {
    if etag_matches(condition, content) { Ok(()) } else { Err(precondition("If-Match")) }
}
