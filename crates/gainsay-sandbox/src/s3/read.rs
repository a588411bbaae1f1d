//! GET and HEAD: the whole of an object, a range of it, or a part of its upload.

use std::{collections::HashMap, ops::Range};

use futures::stream;
use s3s::{
    S3Result,
    dto::{
        ETag, GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput,
        ObjectLockLegalHoldStatus, ObjectLockMode, StorageClass, StreamingBlob, Timestamp,
    },
};

use super::{
    conditional::Conditions,
    customer,
    encryption::{self, Keys},
    error, lock,
    object::{self, GET, find},
    open,
    receive::Sum,
};
use crate::{
    authorize::Scope,
    kms::Sealed,
    state::{Content, System, World},
};

/// What of an object is read.
struct Slice {
    range: Range<u64>,
    /// Whether the answer is partial (206), though it may be all of it.
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
                let range = range.check(size);
                let range = range.map_err(|_| {
                    error(416, "InvalidRange", "The requested range is not satisfiable")
                })?;
                Ok(Self { range, partial: true, parts: None })
            }
            (None, Some(part)) => Self::of_part(content, part),
        }
    }

    fn of_part(content: &Content, part: i32) -> S3Result<Self> {
        if !(1..=10_000).contains(&part) {
            let message = "Part number must be an integer between 1 and 10000, inclusive";
            return Err(error(400, "InvalidArgument", message));
        }
        let before = usize::try_from(part - 1).unwrap_or(usize::MAX);
        let length = content.body.get(before).map(Sealed::length);
        let length = length.ok_or_else(|| {
            error(416, "InvalidPartNumber", "The requested partnumber is not satisfiable")
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
    fn shown(&self, size: u64) -> Option<String> {
        let Range { start, end } = self.range;
        (self.partial && end > start).then(|| format!("bytes {start}-{}/{size}", end - 1))
    }

    fn is_whole(&self, size: u64) -> bool {
        self.range == (0..size)
    }
}

/// The checksum is told to those who ask for it, and of a part of the object only where that is
/// known: not here.
fn told(content: &Content, slice: &Slice, mode: Option<&s3s::dto::ChecksumMode>) -> Option<Sum> {
    let asked = mode.is_some_and(|mode| mode.as_str() == "ENABLED");
    content.checksum.clone().filter(|_| asked && slice.is_whole(content.size))
}

/// `STANDARD` has no header.
fn shown_class(content: &Content) -> Option<StorageClass> {
    (content.storage_class != "STANDARD").then(|| StorageClass::from_static(content.storage_class))
}

/// The header of an archived object that was brought back. For how long is not kept.
fn shown_restore(content: &Content) -> Option<String> {
    content.restored.then(|| "ongoing-request=\"false\"".to_owned())
}

/// What a signed request wants to be told in place of what is kept:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>.
fn overridden(scope: &Scope, kept: &System, wanted: System) -> S3Result<System> {
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
    Ok(System {
        content_type: wanted.content_type.or_else(|| kept.content_type.clone()),
        cache_control: wanted.cache_control.or_else(|| kept.cache_control.clone()),
        content_disposition: wanted
            .content_disposition
            .or_else(|| kept.content_disposition.clone()),
        content_encoding: wanted.content_encoding.or_else(|| kept.content_encoding.clone()),
        content_language: wanted.content_language.or_else(|| kept.content_language.clone()),
        expires: wanted.expires.or_else(|| kept.expires.clone()),
        website_redirect: kept.website_redirect.clone(),
    })
}

pub(super) fn get(
    world: &mut World,
    scope: &Scope,
    input: GetObjectInput,
) -> S3Result<GetObjectOutput> {
    let held = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let customer =
        [input.sse_customer_algorithm, input.sse_customer_key, input.sse_customer_key_md5];
    let customer = customer::read(scope, &customer)?;
    let wanted = System {
        content_type: input.response_content_type,
        cache_control: input.response_cache_control,
        content_disposition: input.response_content_disposition,
        content_encoding: input.response_content_encoding,
        content_language: input.response_content_language,
        expires: input.response_expires,
        website_redirect: None,
    };
    let (version, content) = find(scope, &held, &input.key, input.version_id.as_deref(), GET)?;
    let headers = overridden(scope, &content.headers, wanted)?;
    let conditions = Conditions {
        if_match: input.if_match.as_ref(),
        if_none_match: input.if_none_match.as_ref(),
        if_modified_since: input.if_modified_since.as_ref(),
        if_unmodified_since: input.if_unmodified_since.as_ref(),
    };
    conditions.check(version, content)?;
    object::check_readable(content)?;
    customer::check(content, customer.as_ref())?;
    encryption::authorize(world, scope, &held, &input.key, &content.encryption, "kms:Decrypt")?;
    let slice = Slice::new(content, input.range, input.part_number)?;
    let keys = Keys {
        world,
        held: &held,
        object: &input.key,
        encryption: &content.encryption,
        customer: customer.as_ref(),
    };
    let pieces = keys.open(&content.body)?.pieces(slice.range.clone());
    let (algorithm, key, bucket_key) = encryption::reported(&content.encryption);
    let (customer_algorithm, customer_md5) = customer::reported(&content.encryption);
    let checksum = told(content, &slice, input.checksum_mode.as_ref());
    let lock = lock::shown(scope, &held, &input.key, content)?;
    let [crc32, crc32c, crc64nvme, sha1, sha256] = Sum::members(checksum.as_ref());
    Ok(GetObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        content_length: slice.length(),
        content_range: slice.shown(content.size),
        parts_count: slice.parts,
        body: Some(StreamingBlob::wrap(stream::iter(pieces))),
        content_type: headers.content_type,
        cache_control: headers.cache_control,
        content_disposition: headers.content_disposition,
        content_encoding: headers.content_encoding,
        content_language: headers.content_language,
        expires: headers.expires,
        website_redirect_location: headers.website_redirect,
        e_tag: Some(ETag::Strong(content.etag.clone())),
        last_modified: Some(Timestamp::from(version.modified)),
        metadata: Some(content.metadata.clone().into_iter().collect::<HashMap<_, _>>()),
        version_id: object::shown_version(&held, version),
        server_side_encryption: algorithm,
        ssekms_key_id: key,
        bucket_key_enabled: bucket_key,
        sse_customer_algorithm: customer_algorithm,
        sse_customer_key_md5: customer_md5,
        storage_class: shown_class(content),
        restore: shown_restore(content),
        tag_count: (!content.tags.is_empty())
            .then(|| i32::try_from(content.tags.len()).unwrap_or(i32::MAX)),
        checksum_crc32: crc32,
        checksum_crc32c: crc32c,
        checksum_crc64nvme: crc64nvme,
        checksum_sha1: sha1,
        checksum_sha256: sha256,
        checksum_type: checksum.as_ref().map(Sum::kind),
        object_lock_mode: lock
            .retention
            .map(|retention| ObjectLockMode::from_static(retention.mode.as_str())),
        object_lock_retain_until_date: lock
            .retention
            .map(|retention| Timestamp::from(retention.until)),
        object_lock_legal_hold_status: lock
            .hold
            .then(|| ObjectLockLegalHoldStatus::from_static("ON")),
        ..GetObjectOutput::default()
    })
}

pub(super) fn head(
    world: &mut World,
    scope: &Scope,
    input: HeadObjectInput,
) -> S3Result<HeadObjectOutput> {
    let held = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let customer =
        [input.sse_customer_algorithm, input.sse_customer_key, input.sse_customer_key_md5];
    let customer = customer::read(scope, &customer)?;
    let wanted = System {
        content_type: input.response_content_type,
        cache_control: input.response_cache_control,
        content_disposition: input.response_content_disposition,
        content_encoding: input.response_content_encoding,
        content_language: input.response_content_language,
        expires: input.response_expires,
        website_redirect: None,
    };
    // Reading what an object is takes no KMS permission.
    let (version, content) = find(scope, &held, &input.key, input.version_id.as_deref(), GET)?;
    let headers = overridden(scope, &content.headers, wanted)?;
    let conditions = Conditions {
        if_match: input.if_match.as_ref(),
        if_none_match: input.if_none_match.as_ref(),
        if_modified_since: input.if_modified_since.as_ref(),
        if_unmodified_since: input.if_unmodified_since.as_ref(),
    };
    conditions.check(version, content)?;
    customer::check(content, customer.as_ref())?;
    let slice = Slice::new(content, input.range, input.part_number)?;
    let (algorithm, key, bucket_key) = encryption::reported(&content.encryption);
    let (customer_algorithm, customer_md5) = customer::reported(&content.encryption);
    let checksum = told(content, &slice, input.checksum_mode.as_ref());
    let lock = lock::shown(scope, &held, &input.key, content)?;
    let [crc32, crc32c, crc64nvme, sha1, sha256] = Sum::members(checksum.as_ref());
    Ok(HeadObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        content_length: slice.length(),
        content_range: slice.shown(content.size),
        parts_count: slice.parts,
        content_type: headers.content_type,
        cache_control: headers.cache_control,
        content_disposition: headers.content_disposition,
        content_encoding: headers.content_encoding,
        content_language: headers.content_language,
        expires: headers.expires,
        website_redirect_location: headers.website_redirect,
        e_tag: Some(ETag::Strong(content.etag.clone())),
        last_modified: Some(Timestamp::from(version.modified)),
        metadata: Some(content.metadata.clone().into_iter().collect::<HashMap<_, _>>()),
        version_id: object::shown_version(&held, version),
        server_side_encryption: algorithm,
        ssekms_key_id: key,
        bucket_key_enabled: bucket_key,
        sse_customer_algorithm: customer_algorithm,
        sse_customer_key_md5: customer_md5,
        storage_class: shown_class(content),
        restore: shown_restore(content),
        checksum_crc32: crc32,
        checksum_crc32c: crc32c,
        checksum_crc64nvme: crc64nvme,
        checksum_sha1: sha1,
        checksum_sha256: sha256,
        checksum_type: checksum.as_ref().map(Sum::kind),
        object_lock_mode: lock
            .retention
            .map(|retention| ObjectLockMode::from_static(retention.mode.as_str())),
        object_lock_retain_until_date: lock
            .retention
            .map(|retention| Timestamp::from(retention.until)),
        object_lock_legal_hold_status: lock
            .hold
            .then(|| ObjectLockLegalHoldStatus::from_static("ON")),
        ..HeadObjectOutput::default()
    })
}
