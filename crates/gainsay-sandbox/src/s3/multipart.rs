//! Multipart uploads. Encryption is settled when an upload is created; creating, uploading and
//! completing are all s3:PutObject
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html>).

use std::{collections::BTreeMap, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use s3s::{
    S3Result,
    dto::{
        AbortMultipartUploadInput, AbortMultipartUploadOutput, ChecksumAlgorithm, ChecksumType,
        CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CompletedPart,
        CreateMultipartUploadInput, CreateMultipartUploadOutput, ETag, ListPartsInput,
        ListPartsOutput, Part as ListedPart, Timestamp, UploadPartInput, UploadPartOutput,
    },
};

use super::{
    Held,
    acl::{self, asked_acl},
    conditional,
    customer::{self, CustomerKey},
    encryption::{self, Keys},
    error, lock, not_modelled,
    object::{self, Attributes, Write},
    open,
    raw::malformed,
    receive::{ALGORITHMS, Digests, Sum, Sums, Upload as Arrived, unkept},
    refuse_unmodelled, tagging,
};
use crate::{
    authorize::Scope,
    kms::{Blob, Opened, Sealed},
    state::{Encryption, Part, System, Upload, World},
};

/// Every part but the last (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>).
const MIN_PART: u64 = 5 * 1024 * 1024;
const PARTS_PAGE: usize = 1000;

pub(super) fn create(
    world: &mut World,
    scope: &Scope,
    input: CreateMultipartUploadInput,
) -> S3Result<CreateMultipartUploadOutput> {
    let held = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let lock = lock::Asked::read(
        &held,
        scope.now,
        input.object_lock_mode.as_ref().map(s3s::dto::ObjectLockMode::as_str),
        input.object_lock_retain_until_date.as_ref(),
        input
            .object_lock_legal_hold_status
            .as_ref()
            .map(s3s::dto::ObjectLockLegalHoldStatus::as_str),
    )?;
    object::check_limits(&input.key, input.metadata.as_ref())?;
    let storage_class =
        object::storage_class(input.storage_class.as_ref().map(s3s::dto::StorageClass::as_str))?;
    let checksum = checksum_of(input.checksum_algorithm.as_ref(), input.checksum_type.as_ref())?;
    let headers = encryption::Headers {
        algorithm: input.server_side_encryption,
        key: input.ssekms_key_id,
        bucket_key: input.bucket_key_enabled,
        context: input.ssekms_encryption_context,
        customer: [
            input.sse_customer_algorithm,
            input.sse_customer_key,
            input.sse_customer_key_md5,
        ],
    };
    let plan = encryption::plan(world, scope, &held, &headers)?;
    let tags = tagging::parse_header(input.tagging.as_deref())?;
    let asked = asked_acl!(input);
    let write = Write {
        key: &input.key,
        plan: &plan,
        acl: asked,
        tags: &tags,
        copy_source: None,
        storage_class: input.storage_class.as_ref().map(|_| storage_class),
        conditions: [None, None],
        lock,
    };
    write.authorize(scope, &held)?;
    if scope.account().is_none() {
        // Even where a policy allows it (recorded by third parties); a policy's Deny is told first
        // (assumed).
        return Err(error(
            403,
            "AccessDenied",
            "Anonymous users cannot initiate multipart uploads.  Please authenticate.",
        ));
    }
    let acl = acl::of_upload(world, scope, &held, &input.key, &asked)?;
    encryption::authorize_write(world, scope, &held, &input.key, &plan.encryption)?;
    let id = uuid::Uuid::new_v4().simple().to_string();
    let upload = Upload {
        key: input.key.clone(),
        started: world.now(),
        encryption: plan.encryption.clone(),
        told: plan.told,
        headers: System {
            content_type: input.content_type,
            cache_control: input.cache_control,
            content_disposition: input.content_disposition,
            content_encoding: object::stored_encoding(input.content_encoding),
            content_language: input.content_language,
            expires: input.expires,
            website_redirect: input.website_redirect_location,
        },
        metadata: input.metadata.unwrap_or_default().into_iter().collect(),
        tags,
        storage_class,
        lock: lock.settled(&held, scope.now),
        acl,
        checksum,
        parts: BTreeMap::new(),
    };
    if let Some(bucket) = world.bucket_mut(held.name()) {
        bucket.uploads.insert(id.clone(), Arc::new(upload));
    }
    let (algorithm, key, bucket_key) = encryption::reported(&plan.encryption);
    let (customer_algorithm, customer_md5) = customer::reported(&plan.encryption);
    Ok(CreateMultipartUploadOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(id),
        server_side_encryption: algorithm,
        ssekms_key_id: key,
        ssekms_encryption_context: encryption::reported_context(&plan.encryption),
        bucket_key_enabled: bucket_key,
        sse_customer_algorithm: customer_algorithm,
        sse_customer_key_md5: customer_md5,
        checksum_algorithm: input.checksum_algorithm,
        checksum_type: checksum.map(|(_, composite)| kind(composite)),
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
    /// Authorizes it as the write that it is. Policies see the encryption that was settled when the
    /// upload was created (assumed: header-conditioned policies have refused parts in the past).
    pub(super) fn authorize(&self, scope: &Scope, held: &Held) -> S3Result<Arc<Upload>> {
        let upload =
            held.bucket.uploads.get(self.upload).filter(|upload| upload.key == self.key).cloned();
        let mut context = held.context(scope);
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

fn authorize_step(scope: &Scope, held: &Held, key: &str, upload: &str) -> S3Result<Arc<Upload>> {
    let step = Step { key, upload, copy_source: None };
    step.authorize(scope, held)
}

/// What a part is made of.
pub(super) struct Content<'a> {
    pub blob: &'a Blob,
    pub md5: [u8; 16],
    pub checksum: Option<Sum>,
    pub customer: Option<&'a CustomerKey>,
}

/// Stores a part, whose bytes have arrived or been copied.
pub(super) fn put_part(
    world: &mut World,
    scope: &Scope,
    held: &Held,
    step: &Step<'_>,
    upload: &Upload,
    number: i32,
    content: Content<'_>,
) -> S3Result<Part> {
    if !(1..=10_000).contains(&number) {
        return Err(error(
            400,
            "InvalidArgument",
            "Part number must be an integer between 1 and 10000, inclusive",
        ));
    }
    check_customer(upload, content.customer)?;
    encryption::authorize(world, scope, held, step.key, &upload.encryption, "kms:Decrypt")?;
    let keys = Keys {
        world,
        held,
        object: step.key,
        encryption: &upload.encryption,
        customer: content.customer,
    };
    let part = Part {
        etag: object::body_etag(&upload.encryption, content.md5),
        size: content.blob.length(),
        body: keys.seal(content.blob)?,
        md5: content.md5,
        checksum: content.checksum,
        modified: world.now(),
    };
    let bucket = world.bucket_mut(held.name());
    if let Some(upload) = bucket.and_then(|bucket| bucket.uploads.get_mut(step.upload)) {
        Arc::make_mut(upload).parts.insert(number, part.clone());
    }
    Ok(part)
}

/// Every part comes with the key that the upload was begun with.
fn check_customer(upload: &Upload, key: Option<&CustomerKey>) -> S3Result<()> {
    let same = match (&upload.encryption, key) {
        (Encryption::Customer { md5 }, Some(key)) => *md5 == key.md5,
        (Encryption::Customer { .. }, None) | (_, Some(_)) => false,
        (_, None) => true,
    };
    if same {
        return Ok(());
    }
    let message = "The provided encryption parameters did not match the ones used originally.";
    Err(error(400, "InvalidRequest", message))
}

/// The algorithm of an upload's checksums and whether they are composite. Which go together stands
/// at <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html>.
fn checksum_of(
    algorithm: Option<&ChecksumAlgorithm>,
    kind: Option<&ChecksumType>,
) -> S3Result<Option<(&'static str, bool)>> {
    let Some(algorithm) = algorithm else {
        return match kind {
            None => Ok(None),
            Some(_) => Err(not_modelled("a type of checksums without their algorithm")),
        };
    };
    let lower = algorithm.as_str().to_ascii_lowercase();
    let name = ALGORITHMS.into_iter().find(|name| *name == lower);
    let name = name.ok_or_else(|| {
        error(400, "InvalidRequest", "Checksum algorithm provided is unsupported.")
    })?;
    let composite = match kind.map(ChecksumType::as_str) {
        None => name != "crc64nvme",
        Some(ChecksumType::COMPOSITE) => true,
        Some(_) => false,
    };
    let possible = if composite { name != "crc64nvme" } else { name.starts_with("crc") };
    if !possible {
        return Err(error(
            400,
            "InvalidRequest",
            format!(
                "The {} checksum type cannot be used with the {} checksum algorithm.",
                if composite { "COMPOSITE" } else { "FULL_OBJECT" },
                lower
            ),
        ));
    }
    Ok(Some((name, composite)))
}

fn kind(composite: bool) -> ChecksumType {
    ChecksumType::from_static(if composite {
        ChecksumType::COMPOSITE
    } else {
        ChecksumType::FULL_OBJECT
    })
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
    body: &Arrived,
) -> S3Result<UploadPartOutput> {
    let held = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let customer =
        [input.sse_customer_algorithm, input.sse_customer_key, input.sse_customer_key_md5];
    let customer = customer::read(scope, &customer)?;
    let step = Step { key: &input.key, upload: &input.upload_id, copy_source: None };
    let upload = step.authorize(scope, &held)?;
    let given = [
        input.checksum_crc32,
        input.checksum_crc32c,
        input.checksum_crc64nvme,
        input.checksum_sha1,
        input.checksum_sha256,
    ];
    let checksum = body.sums.check(given, &body.trailers, input.content_md5.as_deref())?;
    let checksum = match upload.checksum {
        None => checksum,
        Some((algorithm, _)) => Some(part_sum(&body.sums, algorithm, checksum)?),
    };
    let content =
        Content { blob: &body.blob, md5: body.sums.md5, checksum, customer: customer.as_ref() };
    let part = put_part(world, scope, &held, &step, &upload, input.part_number, content)?;
    let (algorithm, key, bucket_key) = encryption::reported(&upload.encryption);
    let (customer_algorithm, customer_md5) = customer::reported(&upload.encryption);
    let [crc32, crc32c, crc64nvme, sha1, sha256] = Sum::members(part.checksum.as_ref());
    Ok(UploadPartOutput {
        e_tag: Some(ETag::Strong(part.etag)),
        server_side_encryption: algorithm,
        ssekms_key_id: key,
        bucket_key_enabled: bucket_key,
        sse_customer_algorithm: customer_algorithm,
        sse_customer_key_md5: customer_md5,
        checksum_crc32: crc32,
        checksum_crc32c: crc32c,
        checksum_crc64nvme: crc64nvme,
        checksum_sha1: sha1,
        checksum_sha256: sha256,
        ..UploadPartOutput::default()
    })
}

/// A part of an upload with checksums has one of the same algorithm.
fn part_sum(sums: &Sums, algorithm: &'static str, sent: Option<Sum>) -> S3Result<Sum> {
    match sums.get(algorithm) {
        Some(value) => Ok(Sum { algorithm, value: value.to_owned(), composite: false }),
        None => Err(error(
            400,
            "InvalidRequest",
            format!(
                "Checksum Type mismatch occurred, expected checksum Type: {algorithm}, actual checksum Type: {}",
                sent.map_or("null", |sum| sum.algorithm)
            ),
        )),
    }
}

pub(super) fn complete(
    world: &mut World,
    scope: &Scope,
    input: CompleteMultipartUploadInput,
) -> S3Result<CompleteMultipartUploadOutput> {
    let held = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let customer =
        [input.sse_customer_algorithm, input.sse_customer_key, input.sse_customer_key_md5];
    let customer = customer::read(scope, &customer)?;
    let upload = authorize_step(scope, &held, &input.key, &input.upload_id)?;
    // The parts are read to be put together. AWS names kms:Decrypt for uploads with checksums; that
    // it is asked for always is assumed.
    encryption::authorize(world, scope, &held, &input.key, &upload.encryption, "kms:Decrypt")?;
    let wanted = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
    let parts = chosen(&upload, &wanted)?;
    let size: u64 = parts.iter().map(|part| part.size).sum();
    if input.mpu_object_size.is_some_and(|told| u64::try_from(told).ok() != Some(size)) {
        let message = "The provided 'x-amz-mp-object-size' header does not match what was computed";
        return Err(error(400, "InvalidRequest", message));
    }
    conditional::check_write(
        &held,
        &input.key,
        [input.if_match.as_ref(), input.if_none_match.as_ref()],
    )?;
    let body: Vec<Sealed> = parts.iter().map(|part| part.body.clone()).collect();
    let keys = Keys {
        world,
        held: &held,
        object: &input.key,
        encryption: &upload.encryption,
        customer: customer.as_ref(),
    };
    // A body under a customer's key can be read only with the key, which this request need not
    // bring.
    let readable = !matches!(upload.encryption, Encryption::Customer { .. }) || customer.is_some();
    let checksum = match upload.checksum {
        Some((algorithm, true)) => Some(composite(algorithm, &parts)?),
        Some((algorithm, false)) if readable => Some(whole(algorithm, keys.open(&body)?)?),
        None if readable => Some(whole("crc64nvme", keys.open(&body)?)?),
        Some(_) | None => None,
    };
    let given = [
        input.checksum_crc32,
        input.checksum_crc32c,
        input.checksum_crc64nvme,
        input.checksum_sha1,
        input.checksum_sha256,
    ];
    for (name, given) in ALGORITHMS.into_iter().zip(given) {
        let known = checksum.as_ref().filter(|sum| sum.algorithm == name).map(|sum| &sum.value);
        if given.is_some_and(|given| Some(&given) != known) {
            let name = name.to_ascii_uppercase();
            let message =
                format!("The {name} you specified did not match the calculated checksum.");
            return Err(error(400, "BadDigest", message));
        }
    }
    let etag = together(&parts);
    let attributes = Attributes {
        headers: upload.headers.clone(),
        metadata: upload.metadata.clone(),
        tags: upload.tags.clone(),
        storage_class: upload.storage_class,
        lock: upload.lock,
        acl: upload.acl.clone(),
        checksum: checksum.clone(),
    };
    let version =
        object::store(world, &held, &input.key, body, &etag, &upload.encryption, attributes)?;
    if let Some(bucket) = world.bucket_mut(held.name()) {
        bucket.uploads.remove(&input.upload_id);
    }
    let (algorithm, key, bucket_key) = encryption::reported(&upload.encryption);
    let [crc32, crc32c, crc64nvme, sha1, sha256] = Sum::members(checksum.as_ref());
    Ok(CompleteMultipartUploadOutput {
        location: Some(format!(
            "https://{}.s3.{}.amazonaws.com/{}",
            input.bucket, world.region, input.key
        )),
        bucket: Some(input.bucket),
        key: Some(input.key),
        e_tag: Some(ETag::Strong(etag)),
        version_id: version,
        server_side_encryption: algorithm,
        ssekms_key_id: key,
        bucket_key_enabled: bucket_key,
        checksum_crc32: crc32,
        checksum_crc32c: crc32c,
        checksum_crc64nvme: crc64nvme,
        checksum_sha1: sha1,
        checksum_sha256: sha256,
        checksum_type: checksum.as_ref().map(Sum::kind),
        ..CompleteMultipartUploadOutput::default()
    })
}

/// The parts that a list names, in its order.
fn chosen<'u>(upload: &'u Upload, wanted: &[CompletedPart]) -> S3Result<Vec<&'u Part>> {
    if wanted.is_empty() {
        return Err(malformed());
    }
    let mut parts: Vec<&Part> = Vec::new();
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
        let held = upload.parts.get(&number);
        let held =
            held.filter(|held| part.e_tag.as_ref().is_some_and(|etag| etag.value() == held.etag));
        let held = held.filter(|held| same_sum(part, held)).ok_or_else(|| {
            error(
                400,
                "InvalidPart",
                "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
            )
        })?;
        if let (Some((algorithm, true)), true) =
            (upload.checksum, sums_of(part).iter().all(Option::is_none))
        {
            return Err(error(
                400,
                "InvalidRequest",
                format!(
                    "The upload was created using a {algorithm} checksum. The complete request must include the checksum for each part. It was missing for part {number} in the request."
                ),
            ));
        }
        if held.size < MIN_PART && index + 1 < wanted.len() {
            return Err(error(
                400,
                "EntityTooSmall",
                "Your proposed upload is smaller than the minimum allowed size",
            ));
        }
        parts.push(held);
    }
    Ok(parts)
}

fn sums_of(part: &CompletedPart) -> [Option<&String>; 5] {
    [
        part.checksum_crc32.as_ref(),
        part.checksum_crc32c.as_ref(),
        part.checksum_crc64nvme.as_ref(),
        part.checksum_sha1.as_ref(),
        part.checksum_sha256.as_ref(),
    ]
}

/// Whether a checksum in the list is the part's own.
fn same_sum(part: &CompletedPart, held: &Part) -> bool {
    let known = |name: &str| {
        held.checksum.as_ref().filter(|sum| sum.algorithm == name).map(|sum| &sum.value)
    };
    ALGORITHMS
        .into_iter()
        .zip(sums_of(part))
        .all(|(name, sent)| sent.is_none() || sent == known(name))
}

/// The checksum of the parts' checksums.
fn composite(algorithm: &'static str, parts: &[&Part]) -> S3Result<Sum> {
    let mut digests = Digests::of(&[algorithm]);
    for part in parts {
        let value =
            part.checksum.as_ref().map(|sum| STANDARD.decode(&sum.value).unwrap_or_default());
        digests.update(&value.unwrap_or_default());
    }
    let sums = digests.finish();
    let value = sums.get(algorithm).ok_or_else(malformed)?;
    Ok(Sum { algorithm, value: format!("{value}-{}", parts.len()), composite: true })
}

/// The checksum of the whole, which is read for it.
fn whole(algorithm: &'static str, opened: Opened) -> S3Result<Sum> {
    let mut digests = Digests::of(&[algorithm]);
    for piece in opened.pieces(0..u64::MAX) {
        digests.update(&piece.map_err(|problem| unkept(&problem))?);
    }
    let sums = digests.finish();
    let value = sums.get(algorithm).ok_or_else(malformed)?;
    Ok(Sum { algorithm, value: value.to_owned(), composite: false })
}

/// The entity tag of what was uploaded in parts: the MD5 of their MD5s, and how many there are. AWS
/// promises only that it is no MD5 of the whole.
fn together(parts: &[&Part]) -> String {
    use md5::{Digest as _, Md5};
    let mut md5 = Md5::new();
    for part in parts {
        md5.update(part.md5);
    }
    format!("{}-{}", hex::encode(md5.finalize()), parts.len())
}

#[expect(clippy::needless_pass_by_value, reason = "the wire layer hands inputs over by value")]
pub(super) fn abort(
    world: &mut World,
    scope: &Scope,
    input: AbortMultipartUploadInput,
) -> S3Result<AbortMultipartUploadOutput> {
    let held = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    refuse_unmodelled(&[("conditional aborts", input.if_match_initiated_time.is_some())])?;
    let context = held.context(scope);
    let _permit = held.authorize_object(scope, "s3:AbortMultipartUpload", &input.key, &context)?;
    held.bucket
        .uploads
        .get(&input.upload_id)
        .filter(|upload| upload.key == input.key)
        .ok_or_else(no_such_upload)?;
    if let Some(bucket) = world.bucket_mut(held.name()) {
        bucket.uploads.remove(&input.upload_id);
    }
    Ok(AbortMultipartUploadOutput::default())
}

#[expect(clippy::needless_pass_by_value, reason = "the wire layer hands inputs over by value")]
pub(super) fn list_parts(
    world: &mut World,
    scope: &Scope,
    input: ListPartsInput,
) -> S3Result<ListPartsOutput> {
    let held = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let context = held.context(scope);
    let _permit =
        held.authorize_object(scope, "s3:ListMultipartUploadParts", &input.key, &context)?;
    let upload = held
        .bucket
        .uploads
        .get(&input.upload_id)
        .filter(|upload| upload.key == input.key)
        .ok_or_else(no_such_upload)?;
    let max = match input.max_parts.map(usize::try_from) {
        None => PARTS_PAGE,
        Some(Ok(max)) => max.min(PARTS_PAGE),
        Some(Err(_)) => {
            let message = "Argument max-parts must be an integer between 0 and 2147483647";
            return Err(error(400, "InvalidArgument", message));
        }
    };
    let marker = input.part_number_marker.unwrap_or(0);
    let after: Vec<(&i32, &Part)> = upload.parts.range(marker.saturating_add(1)..).collect();
    let parts = after.iter().take(max).map(|(number, part)| {
        let [crc32, crc32c, crc64nvme, sha1, sha256] = Sum::members(part.checksum.as_ref());
        ListedPart {
            part_number: Some(**number),
            e_tag: Some(ETag::Strong(part.etag.clone())),
            size: i64::try_from(part.size).ok(),
            last_modified: Some(Timestamp::from(part.modified)),
            checksum_crc32: crc32,
            checksum_crc32c: crc32c,
            checksum_crc64nvme: crc64nvme,
            checksum_sha1: sha1,
            checksum_sha256: sha256,
        }
    });
    let parts: Vec<ListedPart> = parts.collect();
    let truncated = after.len() > parts.len() && max > 0;
    let upper = |name: &str| ChecksumAlgorithm::from(name.to_ascii_uppercase());
    Ok(ListPartsOutput {
        next_part_number_marker: truncated
            .then(|| parts.last().and_then(|part| part.part_number))
            .flatten(),
        parts: Some(parts),
        part_number_marker: input.part_number_marker,
        max_parts: i32::try_from(max).ok(),
        is_truncated: Some(truncated),
        bucket: Some(input.bucket.clone()),
        key: Some(input.key.clone()),
        upload_id: Some(input.upload_id.clone()),
        owner: Some(acl::owner(held.account())),
        storage_class: Some(s3s::dto::StorageClass::from_static(upload.storage_class)),
        checksum_algorithm: upload.checksum.map(|(name, _)| upper(name)),
        checksum_type: upload.checksum.map(|(_, composite)| kind(composite)),
        ..ListPartsOutput::default()
    })
}
