//! Multipart uploads. Encryption is settled when an upload is created; creating, uploading and completing are all s3:PutObject
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html>).

use std::{collections::BTreeMap, sync::Arc};

use s3s::{
    S3Result,
    dto::{
        AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput, CompleteMultipartUploadOutput,
        CreateMultipartUploadInput, CreateMultipartUploadOutput, ETag, ListPartsInput, ListPartsOutput, Part as ListedPart, Timestamp,
        UploadPartInput, UploadPartOutput,
    },
};

use super::{
    Held, encryption, error,
    object::{self, Attributes, Write},
    open, refuse_unmodelled, tagging,
};
use crate::sandbox::{
    authorize::Scope,
    state::{Part, Upload, World},
};

/// Every part but the last (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>).
const MIN_PART: usize = 5 * 1024 * 1024;

pub(super) fn create(world: &mut World, scope: &Scope, input: CreateMultipartUploadInput) -> S3Result<CreateMultipartUploadOutput> {
    let held = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    refuse_unmodelled(&[
        (
            "object lock",
            input.object_lock_mode.is_some() || input.object_lock_legal_hold_status.is_some(),
        ),
        ("object lock", input.object_lock_retain_until_date.is_some()),
        ("website redirects", input.website_redirect_location.is_some()),
        (
            "storage classes",
            input.storage_class.as_ref().is_some_and(|class| class.as_str() != "STANDARD"),
        ),
    ])?;
    let headers = encryption::Headers {
        algorithm: input.server_side_encryption,
        key: input.ssekms_key_id,
        bucket_key: input.bucket_key_enabled,
        has_context: input.ssekms_encryption_context.is_some(),
        customer: [input.sse_customer_algorithm, input.sse_customer_key, input.sse_customer_key_md5],
    };
    let plan = encryption::plan(world, scope, &held, &headers)?;
    let tags = tagging::parse_header(input.tagging.as_deref())?;
    let grants = [
        input.grant_full_control,
        input.grant_read,
        input.grant_read_acp,
        input.grant_write_acp,
    ];
    let write = Write {
        key: &input.key,
        plan: &plan,
        acl: input.acl.as_ref(),
        grants: grants.iter().any(Option::is_some),
        tags: &tags,
        copy_source: None,
        storage_class: None,
    };
    write.authorize(world, scope, &held)?;
    if scope.account().is_none() {
        // Even where a policy allows it (recorded by third parties); a policy's Deny is told first (assumed).
        return Err(error(
            403,
            "AccessDenied",
            "Anonymous users cannot initiate multipart uploads.  Please authenticate.",
        ));
    }
    encryption::authorize(world, scope, &held, &input.key, &plan.encryption, "kms:GenerateDataKey")?;
    let id = uuid::Uuid::new_v4().simple().to_string();
    let upload = Upload {
        key: input.key.clone(),
        started: world.now(),
        encryption: plan.encryption.clone(),
        told: plan.told,
        content_type: input.content_type,
        metadata: input.metadata.unwrap_or_default().into_iter().collect(),
        tags,
        parts: BTreeMap::new(),
    };
    if let Some(bucket) = world.bucket_mut(&input.bucket) {
        bucket.uploads.insert(id.clone(), Arc::new(upload));
    }
    let (algorithm, key, bucket_key) = encryption::reported(&plan.encryption);
    Ok(CreateMultipartUploadOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(id),
        server_side_encryption: algorithm,
        ssekms_key_id: key,
        bucket_key_enabled: bucket_key,
        ..CreateMultipartUploadOutput::default()
    })
}

/// A step of an upload.
pub(super) struct Step<'a> {
    pub key: &'a str,
    pub upload: &'a str,
    pub copy_source: Option<&'a str>,
}

impl Step<'_> {
    /// Authorizes it as the write that it is. Policies see the encryption that was settled when the upload was created
    /// (assumed: header-conditioned policies have refused parts in the past).
    pub(super) fn authorize(&self, world: &World, scope: &Scope, held: &Held) -> S3Result<Arc<Upload>> {
        let upload = held
            .bucket
            .uploads
            .get(self.upload)
            .filter(|upload| upload.key == self.key)
            .cloned();
        let mut context = held.context(world, scope);
        for (name, value) in upload.iter().flat_map(|upload| &upload.told) {
            context.set(name, value.as_str());
        }
        if let Some(source) = self.copy_source {
            context.set("s3:x-amz-copy-source", source);
        }
        let _permit = held.authorize_object(scope, "s3:PutObject", self.key, &context)?;
        upload.ok_or_else(no_such_upload)
    }
}

fn authorize_step(world: &World, scope: &Scope, held: &Held, key: &str, upload: &str) -> S3Result<Arc<Upload>> {
    let step = Step {
        key,
        upload,
        copy_source: None,
    };
    step.authorize(world, scope, held)
}

/// Stores a part, whose bytes have arrived or been copied.
pub(super) fn put_part(
    world: &mut World,
    scope: &Scope,
    held: &Held,
    step: &Step<'_>,
    upload: &Upload,
    number: i32,
    bytes: &[u8],
) -> S3Result<Part> {
    if !(1..=10_000).contains(&number) {
        return Err(error(
            400,
            "InvalidArgument",
            "Part number must be an integer between 1 and 10000, inclusive",
        ));
    }
    encryption::authorize(world, scope, held, step.key, &upload.encryption, "kms:Decrypt")?;
    let part = Part {
        etag: object::body_etag(&upload.encryption, bytes),
        size: bytes.len(),
        body: encryption::seal(world, held, step.key, &upload.encryption, bytes)?,
        modified: world.now(),
    };
    let bucket = world.bucket_mut(&held.bucket.config.name);
    if let Some(upload) = bucket.and_then(|bucket| bucket.uploads.get_mut(step.upload)) {
        Arc::make_mut(upload).parts.insert(number, part.clone());
    }
    Ok(part)
}

fn no_such_upload() -> s3s::S3Error {
    error(
        404,
        "NoSuchUpload",
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
    )
}

pub(super) fn upload_part(
    world: &mut World,
    scope: &Scope,
    input: UploadPartInput,
    body: &object::Upload<'_>,
) -> S3Result<UploadPartOutput> {
    let held = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    refuse_unmodelled(&[(
        "SSE-C parts",
        input.sse_customer_algorithm.is_some() || input.sse_customer_key.is_some(),
    )])?;
    let step = Step {
        key: &input.key,
        upload: &input.upload_id,
        copy_source: None,
    };
    let upload = step.authorize(world, scope, &held)?;
    object::check_sums(
        body,
        [
            input.checksum_crc32,
            input.checksum_crc32c,
            input.checksum_crc64nvme,
            input.checksum_sha1,
            input.checksum_sha256,
        ],
        input.content_md5.as_deref(),
    )?;
    let etag = put_part(world, scope, &held, &step, &upload, input.part_number, body.bytes)?.etag;
    let (algorithm, key, bucket_key) = encryption::reported(&upload.encryption);
    Ok(UploadPartOutput {
        e_tag: Some(ETag::Strong(etag)),
        server_side_encryption: algorithm,
        ssekms_key_id: key,
        bucket_key_enabled: bucket_key,
        ..UploadPartOutput::default()
    })
}

pub(super) fn complete(world: &mut World, scope: &Scope, input: CompleteMultipartUploadInput) -> S3Result<CompleteMultipartUploadOutput> {
    let held = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    refuse_unmodelled(&[
        ("conditional writes", input.if_match.is_some() || input.if_none_match.is_some()),
        ("checksums of whole uploads", input.checksum_type.is_some()),
        (
            "SSE-C parts",
            input.sse_customer_algorithm.is_some() || input.sse_customer_key.is_some(),
        ),
    ])?;
    let upload = authorize_step(world, scope, &held, &input.key, &input.upload_id)?;
    // The parts are read to be put together. AWS names kms:Decrypt for uploads with checksums; that it is asked for always is assumed.
    encryption::authorize(world, scope, &held, &input.key, &upload.encryption, "kms:Decrypt")?;
    let wanted = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
    if wanted.is_empty() {
        return Err(error(
            400,
            "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our published schema",
        ));
    }
    let mut body = Vec::new();
    let mut last = 0;
    for (index, part) in wanted.iter().enumerate() {
        let number = part.part_number.unwrap_or_default();
        if number <= last {
            return Err(error(
                400,
                "InvalidPartOrder",
                "The list of parts was not in ascending order. Parts must be ordered by part number.",
            ));
        }
        last = number;
        let held_part = upload
            .parts
            .get(&number)
            .filter(|held| part.e_tag.as_ref().is_some_and(|etag| etag.value() == held.etag));
        let held_part = held_part.ok_or_else(|| {
            error(
                400,
                "InvalidPart",
                "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
            )
        })?;
        if held_part.size < MIN_PART && index + 1 < wanted.len() {
            return Err(error(
                400,
                "EntityTooSmall",
                "Your proposed upload is smaller than the minimum allowed size",
            ));
        }
        body.extend(encryption::unseal(world, &held, &input.key, &upload.encryption, &held_part.body)?);
    }
    let etag = format!("{}-{}", uuid::Uuid::new_v4().simple(), wanted.len());
    let attributes = Attributes {
        content_type: upload.content_type.clone(),
        metadata: upload.metadata.clone(),
        tags: upload.tags.clone(),
        storage_class: "STANDARD",
    };
    let version = object::store(world, &held, &input.key, &body, &etag, &upload.encryption, attributes)?;
    if let Some(bucket) = world.bucket_mut(&input.bucket) {
        bucket.uploads.remove(&input.upload_id);
    }
    let (algorithm, key, bucket_key) = encryption::reported(&upload.encryption);
    Ok(CompleteMultipartUploadOutput {
        location: Some(format!("https://{}.s3.{}.amazonaws.com/{}", input.bucket, world.region, input.key)),
        bucket: Some(input.bucket),
        key: Some(input.key),
        e_tag: Some(ETag::Strong(etag)),
        version_id: version,
        server_side_encryption: algorithm,
        ssekms_key_id: key,
        bucket_key_enabled: bucket_key,
        ..CompleteMultipartUploadOutput::default()
    })
}

#[expect(clippy::needless_pass_by_value, reason = "the wire layer hands inputs over by value")]
pub(super) fn abort(world: &mut World, scope: &Scope, input: AbortMultipartUploadInput) -> S3Result<AbortMultipartUploadOutput> {
    let held = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    refuse_unmodelled(&[("conditional aborts", input.if_match_initiated_time.is_some())])?;
    let context = held.context(world, scope);
    let _permit = held.authorize_object(scope, "s3:AbortMultipartUpload", &input.key, &context)?;
    held.bucket
        .uploads
        .get(&input.upload_id)
        .filter(|upload| upload.key == input.key)
        .ok_or_else(no_such_upload)?;
    if let Some(bucket) = world.bucket_mut(&input.bucket) {
        bucket.uploads.remove(&input.upload_id);
    }
    Ok(AbortMultipartUploadOutput::default())
}

pub(super) fn list_parts(world: &mut World, scope: &Scope, input: ListPartsInput) -> S3Result<ListPartsOutput> {
    let held = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    refuse_unmodelled(&[
        ("pages of parts", input.max_parts.is_some() || input.part_number_marker.is_some()),
        ("SSE-C parts", input.sse_customer_algorithm.is_some()),
    ])?;
    let context = held.context(world, scope);
    let _permit = held.authorize_object(scope, "s3:ListMultipartUploadParts", &input.key, &context)?;
    let upload = held
        .bucket
        .uploads
        .get(&input.upload_id)
        .filter(|upload| upload.key == input.key)
        .ok_or_else(no_such_upload)?;
    let parts = upload.parts.iter().map(|(number, part)| ListedPart {
        part_number: Some(*number),
        e_tag: Some(ETag::Strong(part.etag.clone())),
        size: i64::try_from(part.size).ok(),
        last_modified: Some(Timestamp::from(part.modified)),
        ..ListedPart::default()
    });
    Ok(ListPartsOutput {
        parts: Some(parts.collect()),
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(input.upload_id),
        is_truncated: Some(false),
        ..ListPartsOutput::default()
    })
}
