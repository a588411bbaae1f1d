//! `GetObject` and `HeadObject`: the whole of an object, a range of it, or a part of its upload.
//! Both are one read; a `HeadObject` only leaves the body where it is.

use std::{collections::HashMap, ops::Range};

use futures::stream;
use http::{HeaderMap, HeaderValue};
use s3s::{
    S3Result,
    dto::{
        ChecksumMode, ETag, GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput,
        ObjectLockLegalHoldStatus, ObjectLockMode, StorageClass, StreamingBlob, Timestamp,
    },
};

use super::{
    OpenBucket,
    checksum::Sum,
    conditional::Conditions,
    customer_key,
    encryption::{self, Keys},
    error,
    error_detail::WithDetail as _,
    members::{customer_key_headers, set_checksums, set_customer_key, set_encryption, shown_time},
    object_lock, open, versions,
};
use crate::{
    authorize::Scope,
    kms::{Opened, Sealed},
    state::{Content, Lock, System, Version, World},
};

/// What of an object is read.
struct Slice {
    range: Range<u64>,
    /// Whether the response is partial (206), though it may be all of it.
    partial: bool,
    /// Of an object that was uploaded in parts and is read by one.
    parts: Option<i32>,
}

impl Slice {
    fn new(content: &Content, range: Option<s3s::dto::Range>, part: Option<i32>) -> S3Result<Self> {
        let size = content.size;
        match (range, part) {
            (None, None) => Ok(Self { range: 0..size, partial: false, parts: None }),
            (Some(_), Some(_)) => Err(error(
                400,
                "InvalidRequest",
                "Cannot specify both Range header and partNumber query parameter",
            )),
            (Some(range), None) => {
                let found = range.check(size);
                let range = found.map_err(|_| {
                    error(416, "InvalidRange", "The requested range is not satisfiable")
                        .with_detail("ActualObjectSize", size.to_string())
                        .with_detail("RangeRequested", range.to_header_string())
                })?;
                Ok(Self { range, partial: true, parts: None })
            }
            (None, Some(part)) => Self::of_part(content, part),
        }
    }

    fn of_part(content: &Content, part: i32) -> S3Result<Self> {
        if !(1..=10_000).contains(&part) {
            let message = "Part number must be an integer between 1 and 10000, inclusive";
            return Err(error(400, "InvalidArgument", message)
                .with_detail("ArgumentName", "partNumber")
                .with_detail("ArgumentValue", part.to_string()));
        }
        let before = usize::try_from(part - 1).unwrap_or(usize::MAX);
        let length = content.body.get(before).map(Sealed::length);
        let length = length.ok_or_else(|| {
            error(416, "InvalidPartNumber", "The requested partnumber is not satisfiable")
                .with_detail("ActualPartCount", content.body.len().to_string())
                .with_detail("PartNumberRequested", part.to_string())
        })?;
        let start: u64 = content.body.iter().take(before).map(Sealed::length).sum();
        let in_parts = content.etag.contains('-');
        Ok(Self {
            range: start..start + length,
            partial: true,
            parts: in_parts.then(|| i32::try_from(content.body.len()).unwrap_or(i32::MAX)),
        })
    }

    fn length(&self) -> Option<i64> {
        i64::try_from(self.range.end - self.range.start).ok()
    }

    /// The header Content-Range; an empty body has none.
    fn content_range(&self, size: u64) -> Option<String> {
        let Range { start, end } = self.range;
        (self.partial && end > start).then(|| format!("bytes {start}-{}/{size}", end - 1))
    }

    fn is_whole(&self, size: u64) -> bool {
        self.range == (0..size)
    }
}

/// What `GetObject` and `HeadObject` ask for.
struct ReadRequest<'a> {
    key: &'a str,
    version: Option<&'a str>,
    customer_key: customer_key::Headers,
    /// The headers that the response is to have in place of the object's.
    overrides: System,
    conditions: Conditions<'a>,
    range: Option<s3s::dto::Range>,
    part_number: Option<i32>,
    checksum_mode: Option<&'a ChecksumMode>,
}

/// Reads the [`ReadRequest`] of an input of either operation: they have their members in common by
/// name only.
macro_rules! read_request {
    ($input:expr) => {
        ReadRequest {
            key: &$input.key,
            version: $input.version_id.as_deref(),
            customer_key: customer_key_headers!($input),
            overrides: System {
                content_type: $input.response_content_type.clone(),
                cache_control: $input.response_cache_control.clone(),
                content_disposition: $input.response_content_disposition.clone(),
                content_encoding: $input.response_content_encoding.clone(),
                content_language: $input.response_content_language.clone(),
                expires: $input.response_expires.clone(),
                website_redirect: None,
            },
            conditions: Conditions {
                if_match: $input.if_match.as_ref(),
                if_none_match: $input.if_none_match.as_ref(),
                if_modified_since: $input.if_modified_since.as_ref(),
                if_unmodified_since: $input.if_unmodified_since.as_ref(),
            },
            range: $input.range,
            part_number: $input.part_number,
            checksum_mode: $input.checksum_mode.as_ref(),
        }
    };
}

/// An object that has been read, as responses report it.
struct ReadObject<'a> {
    version: &'a Version,
    content: &'a Content,
    version_id: Option<String>,
    headers: System,
    slice: Slice,
    /// For `GetObject` only.
    body: Option<Opened>,
    checksum: Option<Sum>,
    /// What of its lock the caller may see.
    lock: Lock,
}

/// Makes the output of either operation of a [`ReadObject`].
macro_rules! read_output {
    ($output:ident, $read:expr) => {{
        let ReadObject { version, content, version_id, headers, slice, checksum, lock, .. } = $read;
        let mut output = $output {
            accept_ranges: Some("bytes".to_owned()),
            content_length: slice.length(),
            content_range: slice.content_range(content.size),
            parts_count: slice.parts,
            content_type: headers.content_type,
            cache_control: headers.cache_control,
            content_disposition: headers.content_disposition,
            content_encoding: headers.content_encoding,
            content_language: headers.content_language,
            expires: headers.expires,
            website_redirect_location: headers.website_redirect,
            e_tag: Some(ETag::Strong(content.etag.clone())),
            last_modified: Some(shown_time(version.modified)),
            metadata: Some(content.metadata.clone().into_iter().collect::<HashMap<_, _>>()),
            version_id,
            storage_class: storage_class_header(content),
            restore: restore_header(content),
            checksum_type: checksum.as_ref().map(Sum::kind),
            object_lock_mode: lock
                .retention
                .map(|retention| ObjectLockMode::from_static(retention.mode.as_str())),
            object_lock_retain_until_date: lock
                .retention
                .map(|retention| Timestamp::from(retention.until)),
            object_lock_legal_hold_status: lock
                .hold
                .map(|hold| ObjectLockLegalHoldStatus::from_static(object_lock::hold_word(hold))),
            ..$output::default()
        };
        set_encryption!(output, &content.encryption);
        set_customer_key!(output, &content.encryption);
        set_checksums!(output, checksum.as_ref());
        output
    }};
}

/// Which of the two operations reads.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operation {
    Get,
    Head,
}

impl ReadRequest<'_> {
    /// Reads what the object is and, for `GetObject`, opens its body, too: that takes an object
    /// which is not archived, and kms:Decrypt. Reading what an object is takes no KMS permission.
    fn read<'b>(
        &self,
        world: &World,
        scope: &Scope,
        bucket: &'b OpenBucket,
        operation: Operation,
    ) -> S3Result<ReadObject<'b>> {
        let reads_body = operation == Operation::Get;
        let (version, content) =
            versions::find(scope, bucket, self.key, self.version, versions::GET)?;
        customer_key::check_digest(content, &self.customer_key, customer_key::WRONG_KEY)?;
        let customer_key = customer_key::read(scope, &self.customer_key)?;
        let headers = self.headers(scope, &content.headers)?;
        self.conditions.check(version, content, scope.now)?;
        if reads_body {
            versions::check_readable(content)?;
        }
        customer_key::check(content, customer_key.as_ref())?;
        if reads_body {
            let encryption = &content.encryption;
            encryption::authorize(world, scope, bucket, self.key, encryption, "kms:Decrypt")?;
        }
        let slice = Slice::new(content, self.range, self.part_number)?;
        let keys = Keys {
            world,
            bucket,
            object: self.key,
            encryption: &content.encryption,
            customer_key: customer_key.as_ref(),
        };
        let body = reads_body.then(|| keys.open(&content.body)).transpose()?;
        Ok(ReadObject {
            version,
            content,
            version_id: versions::shown_id(bucket, version),
            headers,
            body,
            checksum: self.checksum(content, &slice),
            lock: object_lock::visible(scope, bucket, self.key, content)?,
            slice,
        })
    }

    /// The headers of the response: those that a signed request asks for, or the object's
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>).
    fn headers(&self, scope: &Scope, stored: &System) -> S3Result<System> {
        let wanted = &self.overrides;
        let any = wanted.content_type.is_some()
            || wanted.cache_control.is_some()
            || wanted.content_disposition.is_some()
            || wanted.content_encoding.is_some()
            || wanted.content_language.is_some()
            || wanted.expires.is_some();
        if any && scope.account().is_none() {
            return Err(error(
                400,
                "InvalidRequest",
                "Request specific response headers cannot be used for anonymous GET requests.",
            ));
        }
        let either = |wanted: &Option<String>, stored: &Option<String>| {
            wanted.as_ref().or(stored.as_ref()).cloned()
        };
        Ok(System {
            content_type: either(&wanted.content_type, &stored.content_type),
            cache_control: either(&wanted.cache_control, &stored.cache_control),
            content_disposition: either(&wanted.content_disposition, &stored.content_disposition),
            content_encoding: either(&wanted.content_encoding, &stored.content_encoding),
            content_language: either(&wanted.content_language, &stored.content_language),
            expires: wanted.expires.as_ref().or(stored.expires.as_ref()).cloned(),
            website_redirect: stored.website_redirect.clone(),
        })
    }

    /// The checksum is reported to those who ask for it: that of the part that is read, where the
    /// parts have their own (recorded by LocalStack,
    /// `test_complete_multipart_parts_checksum_composite`, 2026-02-21), or the object's.
    fn checksum(&self, content: &Content, slice: &Slice) -> Option<Sum> {
        let wanted =
            self.checksum_mode.is_some_and(|mode| mode.as_str().eq_ignore_ascii_case("ENABLED"));
        let of_part = self
            .part_number
            .and_then(|number| content.part_checksums.iter().find(|(part, _)| *part == number));
        if let Some((_, sum)) = of_part {
            return wanted.then(|| Sum { composite: true, ..sum.clone() });
        }
        content.checksum.clone().filter(|_| wanted && slice.is_whole(content.size))
    }
}

/// How many tags an object has, if it has any.
fn tag_count(content: &Content) -> Option<i32> {
    let tags = content.tags.len();
    (tags > 0).then(|| i32::try_from(tags).unwrap_or(i32::MAX))
}

/// The header of the storage class. `STANDARD` has none.
fn storage_class_header(content: &Content) -> Option<StorageClass> {
    (content.storage_class != "STANDARD").then(|| StorageClass::from_static(content.storage_class))
}

/// The header of an archived object that was brought back. For how long is not modelled.
fn restore_header(content: &Content) -> Option<String> {
    content.restored.then(|| "ongoing-request=\"false\"".to_owned())
}

/// `GetObject`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>.
#[expect(clippy::needless_pass_by_value, reason = "the wire layer hands inputs over by value")]
pub(super) fn get(
    world: &mut World,
    scope: &Scope,
    input: GetObjectInput,
) -> S3Result<GetObjectOutput> {
    let bucket = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let mut read = read_request!(input).read(world, scope, &bucket, Operation::Get)?;
    let range = read.slice.range.clone();
    let pieces = read.body.take().map(|body| body.pieces(range));
    Ok(GetObjectOutput {
        body: pieces.map(|pieces| StreamingBlob::wrap(stream::iter(pieces))),
        tag_count: tag_count(read.content),
        ..read_output!(GetObjectOutput, read)
    })
}

/// `HeadObject`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html>.
#[expect(clippy::needless_pass_by_value, reason = "the wire layer hands inputs over by value")]
pub(super) fn head(
    world: &mut World,
    scope: &Scope,
    input: HeadObjectInput,
) -> S3Result<(HeadObjectOutput, HeaderMap)> {
    let bucket = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let read = read_request!(input).read(world, scope, &bucket, Operation::Head)?;
    let mut headers = HeaderMap::new();
    if let Some(tags) = tag_count(read.content) {
        // The wire layer has no member for it.
        headers.insert("x-amz-tagging-count", HeaderValue::from(tags));
    }
    Ok((read_output!(HeadObjectOutput, read), headers))
}
