//! Multipart uploads. Encryption is decided when an upload is created; creating, uploading and
//! completing are all s3:PutObject
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html>).

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use s3s::{
    S3Result,
    dto::{
        AbortMultipartUploadInput, AbortMultipartUploadOutput, ChecksumAlgorithm, ChecksumType,
        CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CompletedPart,
        CreateMultipartUploadInput, CreateMultipartUploadOutput, ETag, ETagCondition,
        UploadPartInput, UploadPartOutput,
    },
};

use super::{
    OpenBucket,
    checksum::{ALGORITHMS, Digests, Sum, Sums},
    conditional,
    customer_key::{self, CustomerKey},
    encryption::{self, Keys},
    error,
    error_detail::WithDetail as _,
    finished_upload::{self, FinishedUpload},
    members::{
        customer_key_headers, sent_checksums, set_checksums, set_customer_key, set_encryption,
        write_headers,
    },
    open,
    received_body::ReceivedBody,
    refuse_unmodelled, tagging, upload_parts,
    write::{
        Operation, Properties, SealedWrite, WriteRequest, check_redirect, entity_tag,
        set_conditions, set_creation,
    },
    xml::malformed,
};
use crate::{
    authorize::Scope,
    kms::{Blob, Sealed},
    state::{Encryption, Part, Upload, World},
};

const INVALID_PART: &str = concat!(
    "One or more of the specified parts could not be found.  The part may not have been uploaded, ",
    "or the specified entity tag may not match the part's entity tag."
);
const NO_SUCH_UPLOAD_CODE: &str = "NoSuchUpload";
const NO_SUCH_UPLOAD: &str = concat!(
    "The specified upload does not exist. ",
    "The upload ID may be invalid, or the upload may have been aborted or completed."
);
/// The shortest part, in bytes, which the last one may be shorter than
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>).
const MIN_PART: u64 = 5 * 1024 * 1024;

/// `CreateMultipartUpload`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html>.
#[expect(clippy::needless_pass_by_value, reason = "the wire layer hands inputs over by value")]
pub(super) fn create(
    world: &mut World,
    scope: &Scope,
    input: CreateMultipartUploadInput,
) -> S3Result<CreateMultipartUploadOutput> {
    let bucket = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let headers = write_headers!(input);
    let lock = headers.lock.read(&bucket, scope.now)?;
    headers.check_limits(&input.key)?;
    let storage_class = headers.storage_class()?;
    check_redirect(&headers.system)?;
    let checksum = checksum_of(input.checksum_algorithm.as_ref(), input.checksum_type.as_ref())?;
    let request = WriteRequest {
        operation: Operation::CreateMultipartUpload,
        bucket: &bucket,
        key: &input.key,
        headers: &headers,
        lock,
        storage_class,
        plan: encryption::plan(world, scope, &bucket, &headers.encryption)?,
        tags: tagging::parse_header(headers.tagging)?,
    };
    let write = request.authorize(world, scope)?.authorize_key(world, scope)?;
    let id = uuid::Uuid::new_v4().simple().to_string();
    let upload = write.into_upload(world.now(), checksum, upload_parts::initiator(scope));
    let mut output = CreateMultipartUploadOutput {
        bucket: Some(input.bucket.clone()),
        key: Some(input.key.clone()),
        upload_id: Some(id.clone()),
        ssekms_encryption_context: encryption::reported_context(&upload.encryption),
        checksum_algorithm: input.checksum_algorithm.clone(),
        checksum_type: checksum.map(|(_, composite)| kind(composite)),
        ..CreateMultipartUploadOutput::default()
    };
    set_encryption!(output, &upload.encryption);
    set_customer_key!(output, &upload.encryption);
    if let Some(state) = world.bucket_mut(bucket.name()) {
        state.uploads.insert(id, Arc::new(upload));
    }
    Ok(output)
}

/// The upload of that id, which is an upload of that key.
pub(super) fn find<'a>(bucket: &'a OpenBucket, key: &str, id: &str) -> Option<&'a Arc<Upload>> {
    bucket.state.uploads.get(id).filter(|upload| upload.key == key)
}

/// A step of an upload.
pub(super) struct Step<'a> {
    pub key: &'a str,
    pub upload: &'a str,
    pub kind: StepKind<'a>,
}

/// What a step of an upload does, with what policies see of it.
#[derive(Clone, Copy)]
pub(super) enum StepKind<'a> {
    Part,
    /// With the source, as `BUCKET/KEY`.
    CopiedPart {
        source: &'a str,
    },
    /// With If-Match and If-None-Match.
    Completion {
        conditions: [Option<&'a ETagCondition>; 2],
    },
}

impl Step<'_> {
    /// Authorizes it as the write that it is. Policies see the encryption of the upload, decided
    /// when it was created (assumed: header-conditioned policies have refused parts in the past).
    pub(super) fn authorize(&self, scope: &Scope, bucket: &OpenBucket) -> S3Result<Arc<Upload>> {
        let upload = find(bucket, self.key, self.upload).cloned();
        let mut context = bucket.context(scope);
        for (name, value) in upload.iter().flat_map(|upload| &upload.encryption_keys) {
            context.set(name, value.as_str());
        }
        match self.kind {
            StepKind::Part => set_creation(&mut context, false),
            StepKind::CopiedPart { source } => {
                set_creation(&mut context, false);
                context.set("s3:x-amz-copy-source", source);
            }
            StepKind::Completion { conditions } => {
                set_creation(&mut context, true);
                set_conditions(&mut context, conditions);
            }
        }
        let _permit = bucket.authorize_object(scope, "s3:PutObject", self.key, &context)?;
        upload.ok_or_else(|| no_such_upload(self.upload))
    }
}

/// What a part is made of.
pub(super) struct PartContent<'a> {
    pub blob: &'a Blob,
    pub md5: [u8; 16],
    pub checksum: Option<Sum>,
    pub customer_key: Option<&'a CustomerKey>,
}

/// A part has a number that S3 takes.
pub(super) fn check_number(number: i32) -> S3Result<()> {
    if (1..=10_000).contains(&number) {
        return Ok(());
    }
    let message = "Part number must be an integer between 1 and 10000, inclusive";
    Err(error(400, "InvalidArgument", message)
        .with_detail("ArgumentName", "partNumber")
        .with_detail("ArgumentValue", number.to_string()))
}

/// Stores a part, whose bytes have arrived or been copied.
pub(super) fn put_part(
    world: &mut World,
    scope: &Scope,
    bucket: &OpenBucket,
    step: &Step<'_>,
    upload: &Upload,
    number: i32,
    content: PartContent<'_>,
) -> S3Result<Part> {
    check_customer(upload, content.customer_key)?;
    encryption::authorize(world, scope, bucket, step.key, &upload.encryption, "kms:Decrypt")?;
    let keys = Keys {
        world,
        bucket,
        object: step.key,
        encryption: &upload.encryption,
        customer_key: content.customer_key,
    };
    let part = Part {
        etag: entity_tag(&upload.encryption, content.md5),
        size: content.blob.length(),
        body: keys.seal(content.blob)?,
        md5: content.md5,
        checksum: content.checksum,
        modified: world.now(),
    };
    let state = world.bucket_mut(bucket.name());
    if let Some(upload) = state.and_then(|state| state.uploads.get_mut(step.upload)) {
        Arc::make_mut(upload).parts.insert(number, part.clone());
    }
    Ok(part)
}

/// Every part comes with the key that the upload was begun with.
fn check_customer(upload: &Upload, key: Option<&CustomerKey>) -> S3Result<()> {
    let same = match (&upload.encryption, key) {
        (Encryption::Customer { md5 }, Some(key)) => *md5 == key.md5,
        (Encryption::Customer { .. }, None) => false,
        (Encryption::S3 | Encryption::Kms { .. }, key) => key.is_none(),
    };
    if same {
        return Ok(());
    }
    // Recorded by LocalStack, `test_multipart_upload_sse_c_validation`, 2026-02-21.
    let message = match (&upload.encryption, key) {
        (Encryption::Customer { .. }, Some(_)) => {
            "The provided encryption parameters did not match the ones used originally."
        }
        _ => concat!(
            "The multipart upload initiate requested encryption. ",
            "Subsequent part requests must include the appropriate encryption parameters."
        ),
    };
    Err(error(400, "InvalidRequest", message))
}

/// The algorithm of an upload's checksums and whether they are composite. Which go together stands
/// at <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html>.
fn checksum_of(
    algorithm: Option<&ChecksumAlgorithm>,
    kind: Option<&ChecksumType>,
) -> S3Result<Option<(&'static str, bool)>> {
    // The words of AWS stand in OpenStack Swift's tests, which are run against it
    // (`test/s3api`, the checksums of multipart uploads).
    let known = [ChecksumType::COMPOSITE, ChecksumType::FULL_OBJECT];
    if kind.is_some_and(|kind| !known.contains(&kind.as_str())) {
        let message = "Value for x-amz-checksum-type header is invalid.";
        return Err(error(400, "InvalidRequest", message));
    }
    let Some(algorithm) = algorithm else {
        return match kind {
            None => Ok(None),
            Some(_) => Err(error(
                400,
                "InvalidRequest",
                concat!(
                    "The x-amz-checksum-type header can only be used with the ",
                    "x-amz-checksum-algorithm header."
                ),
            )),
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

pub(super) fn kind(composite: bool) -> ChecksumType {
    ChecksumType::from_static(if composite {
        ChecksumType::COMPOSITE
    } else {
        ChecksumType::FULL_OBJECT
    })
}

pub(super) fn no_such_upload(id: &str) -> s3s::S3Error {
    error(404, NO_SUCH_UPLOAD_CODE, NO_SUCH_UPLOAD).with_detail("UploadId", id)
}

/// `UploadPart`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html>.
#[expect(clippy::needless_pass_by_value, reason = "the wire layer hands inputs over by value")]
pub(super) fn upload_part(
    world: &mut World,
    scope: &Scope,
    input: UploadPartInput,
    body: &ReceivedBody,
) -> S3Result<UploadPartOutput> {
    let bucket = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let customer_key = customer_key::read(scope, &customer_key_headers!(input))?;
    let step = Step { key: &input.key, upload: &input.upload_id, kind: StepKind::Part };
    let upload = step.authorize(scope, &bucket)?;
    check_number(input.part_number)?;
    let sent = sent_checksums!(input);
    let checksum = body.sums.check(sent, &body.trailers, input.content_md5.as_deref())?;
    let checksum = match upload.checksum {
        None => checksum,
        Some((algorithm, _)) => Some(part_checksum(&body.sums, algorithm, checksum)?),
    };
    let content = PartContent {
        blob: &body.blob,
        md5: body.sums.md5,
        checksum,
        customer_key: customer_key.as_ref(),
    };
    let part = put_part(world, scope, &bucket, &step, &upload, input.part_number, content)?;
    let mut output =
        UploadPartOutput { e_tag: Some(ETag::Strong(part.etag)), ..UploadPartOutput::default() };
    set_encryption!(output, &upload.encryption);
    set_customer_key!(output, &upload.encryption);
    set_checksums!(output, part.checksum.as_ref());
    Ok(output)
}

/// A part of an upload with checksums has one of the same algorithm.
fn part_checksum(sums: &Sums, algorithm: &'static str, sent: Option<Sum>) -> S3Result<Sum> {
    sums.sum(algorithm).ok_or_else(|| {
        let actual = sent.map_or("null", |sum| sum.algorithm);
        error(
            400,
            "InvalidRequest",
            format!(
                "Checksum Type mismatch occurred, expected checksum Type: {algorithm}, \
                 actual checksum Type: {actual}"
            ),
        )
    })
}

/// Completing is the last step of the write that creating began: the object is encrypted and
/// described as the upload is, and made of its parts.
pub(super) fn complete(
    world: &mut World,
    scope: &Scope,
    input: CompleteMultipartUploadInput,
) -> S3Result<CompleteMultipartUploadOutput> {
    let bucket = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let customer_key = customer_key::read(scope, &customer_key_headers!(input))?;
    let conditions = [input.if_match.as_ref(), input.if_none_match.as_ref()];
    let kind = StepKind::Completion { conditions };
    let step = Step { key: &input.key, upload: &input.upload_id, kind };
    let wanted = input.multipart_upload.as_ref().and_then(|upload| upload.parts.as_deref());
    let upload = match step.authorize(scope, &bucket) {
        Err(problem) if problem.code().as_str() == NO_SUCH_UPLOAD_CODE => {
            let finished = finished_upload::find(&bucket, &input, wanted.unwrap_or_default());
            return Ok(finished?.ok_or(problem)?.output(world, &input.bucket));
        }
        other => other?,
    };
    // The parts are read to be put together. AWS names kms:Decrypt for uploads with checksums; that
    // it is asked for always is assumed.
    encryption::authorize(world, scope, &bucket, &input.key, &upload.encryption, "kms:Decrypt")?;
    let since = conditional::Since { time: upload.started, existed: upload.existed };
    conditional::check_write(&bucket, &input.key, conditions, Some(since))?;
    check_type(&upload, input.checksum_type.as_ref())?;
    let parts = chosen(&upload, &input.upload_id, wanted.unwrap_or_default())?;
    let size: u64 = parts.iter().map(|part| part.size).sum();
    if input.mpu_object_size.is_some_and(|stated| u64::try_from(stated).ok() != Some(size)) {
        let stated = input.mpu_object_size.unwrap_or_default();
        let message = format!(
            "The provided 'x-amz-mp-object-size' header value {stated} does not match what was \
             computed: {size}"
        );
        return Err(error(400, "InvalidRequest", message));
    }
    let body: Vec<Sealed> = parts.iter().map(|part| part.body.clone()).collect();
    let keys = Keys {
        world,
        bucket: &bucket,
        object: &input.key,
        encryption: &upload.encryption,
        customer_key: customer_key.as_ref(),
    };
    let checksum = whole_checksum(&upload, &parts, &keys, &body)?;
    check_sent(sent_checksums!(input), checksum.as_ref())?;
    let sealed = SealedWrite {
        bucket: &bucket,
        key: &input.key,
        etag: entity_tag_of_parts(&parts),
        body,
        encryption: upload.encryption.clone(),
        checksum,
        part_checksums: part_checksums(&upload, wanted.unwrap_or_default(), &parts),
        properties: Properties::of_upload(&upload),
    };
    let stored = sealed.store(world)?;
    let finished = FinishedUpload {
        key: input.key.clone(),
        parts: finished_upload::named(wanted.unwrap_or_default()),
        etag: stored.etag,
        version_id: stored.version_id,
        encryption: stored.encryption,
        checksum: stored.checksum,
    };
    let output = CompleteMultipartUploadOutput { ..finished.output(world, &input.bucket) };
    if let Some(state) = world.bucket_mut(bucket.name()) {
        state.uploads.remove(&input.upload_id);
        state.finished_uploads.insert(input.upload_id, Arc::new(finished));
    }
    Ok(output)
}

/// The checksum of the object: put together from those of the parts, or computed of the whole. A
/// body under a customer's key can be read only with the key, which a completion need not bring.
fn whole_checksum(
    upload: &Upload,
    parts: &[&Part],
    keys: &Keys<'_>,
    body: &[Sealed],
) -> S3Result<Option<Sum>> {
    let readable = match upload.encryption {
        Encryption::Customer { .. } => keys.customer_key.is_some(),
        Encryption::S3 | Encryption::Kms { .. } => true,
    };
    let algorithm = match upload.checksum {
        Some((algorithm, true)) => return composite(algorithm, parts).map(Some),
        Some((algorithm, false)) => algorithm,
        None => "crc64nvme",
    };
    if !readable {
        return Ok(None);
    }
    let sums = Digests::of_body(&keys.open(body)?, &[algorithm])?;
    sums.sum(algorithm).ok_or_else(malformed).map(Some)
}

/// Every checksum that a completion brings is the object's.
fn check_sent(sent: [Option<String>; 5], checksum: Option<&Sum>) -> S3Result<()> {
    for (name, sent) in ALGORITHMS.into_iter().zip(sent) {
        let known = checksum.filter(|sum| sum.algorithm == name).map(|sum| &sum.value);
        if sent.is_some_and(|sent| Some(&sent) != known) {
            let name = name.to_ascii_uppercase();
            let message =
                format!("The {name} you specified did not match the calculated checksum.");
            return Err(error(400, "BadDigest", message));
        }
    }
    Ok(())
}

/// A completion has the upload's type of checksums, if it names one (recorded by LocalStack,
/// `test_complete_multipart_parts_checksum_full_object`, 2026-02-21).
fn check_type(upload: &Upload, named: Option<&ChecksumType>) -> S3Result<()> {
    let of_upload = upload.checksum.map(|(_, composite)| kind(composite));
    let Some(named) = named.filter(|named| Some(*named) != of_upload.as_ref()) else {
        return Ok(());
    };
    // What S3 computes itself is of the whole object.
    if of_upload.is_none() && named.as_str() == ChecksumType::FULL_OBJECT {
        return Ok(());
    }
    let of_upload = of_upload.as_ref().map_or("null", ChecksumType::as_str);
    let message = format!(
        "The upload was created using the {of_upload} checksum mode. The complete request must use \
         the same checksum mode."
    );
    Err(error(400, "InvalidRequest", message))
}

/// The checksums of the parts themselves, which only composite ones keep.
fn part_checksums(upload: &Upload, wanted: &[CompletedPart], parts: &[&Part]) -> Vec<(i32, Sum)> {
    if !upload.checksum.is_some_and(|(_, composite)| composite) {
        return Vec::new();
    }
    let numbers = wanted.iter().map(|part| part.part_number.unwrap_or_default());
    numbers.zip(parts).filter_map(|(number, part)| Some((number, part.checksum.clone()?))).collect()
}

/// The parts that a list names, in its order.
fn chosen<'u>(upload: &'u Upload, id: &str, wanted: &[CompletedPart]) -> S3Result<Vec<&'u Part>> {
    if wanted.is_empty() {
        return Err(error(400, "InvalidRequest", "You must specify at least one part"));
    }
    let mut parts: Vec<&Part> = Vec::new();
    let mut last = 0;
    for (index, listed) in wanted.iter().enumerate() {
        // As https://github.com/versity/versitygw/issues/2111 quotes AWS.
        let (Some(number), Some(etag)) = (listed.part_number, listed.e_tag.as_ref()) else {
            return Err(malformed());
        };
        let etag = etag.value();
        if number <= last {
            return Err(error(
                400,
                "InvalidPartOrder",
                concat!(
                    "The list of parts was not in ascending order. ",
                    "Parts must be ordered by part number."
                ),
            )
            .with_detail("UploadId", id));
        }
        last = number;
        let invalid = || {
            error(400, "InvalidPart", INVALID_PART)
                .with_detail("UploadId", id)
                .with_detail("PartNumber", number.to_string())
                .with_detail("ETag", etag)
        };
        let part = upload.parts.get(&number).filter(|part| part.etag == etag);
        let part = part.ok_or_else(invalid)?;
        check_algorithm(upload, listed, number)?;
        if !same_checksum(upload, listed, part) {
            return Err(invalid());
        }
        if part.size < MIN_PART && index + 1 < wanted.len() {
            return Err(error(
                400,
                "EntityTooSmall",
                "Your proposed upload is smaller than the minimum allowed size",
            )
            .with_detail("ProposedSize", part.size.to_string())
            .with_detail("MinSizeAllowed", MIN_PART.to_string())
            .with_detail("PartNumber", number.to_string())
            .with_detail("ETag", etag));
        }
        parts.push(part);
    }
    Ok(parts)
}

/// Where the object's checksum is put together from those of the parts, the list has each of them.
/// Another algorithm's is compared with what is not there (LocalStack, `complete_multipart`).
fn check_algorithm(upload: &Upload, listed: &CompletedPart, number: i32) -> S3Result<()> {
    let Some((algorithm, true)) = upload.checksum else { return Ok(()) };
    let named = ALGORITHMS.into_iter().zip(sent_checksums!(listed));
    let named: Vec<&str> = named.filter(|(_, sum)| sum.is_some()).map(|(name, _)| name).collect();
    match named.first() {
        _ if named.contains(&algorithm) => Ok(()),
        Some(other) => {
            let message = format!(
                "The {other} you specified for part {number} did not match what we received."
            );
            Err(error(400, "BadDigest", message))
        }
        None => Err(error(
            400,
            "InvalidRequest",
            format!(
                "The upload was created using a {algorithm} checksum. The complete request must \
                 include the checksum for each part. It was missing for part {number} in the request."
            ),
        )),
    }
}

/// Whether every checksum that the list has of a part is the part's own. Where the upload was
/// created without checksums, its parts have none (recorded by LocalStack,
/// `test_multipart_checksum_type_default_for_checksum`).
fn same_checksum(upload: &Upload, listed: &CompletedPart, part: &Part) -> bool {
    let own = part.checksum.as_ref().filter(|_| upload.checksum.is_some());
    check_sent(sent_checksums!(listed), own).is_ok()
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

/// The entity tag of what was uploaded in parts: the MD5 of their MD5s, and how many there are. AWS
/// promises only that it is no MD5 of the whole.
fn entity_tag_of_parts(parts: &[&Part]) -> String {
    use md5::{Digest as _, Md5};
    let mut md5 = Md5::new();
    for part in parts {
        md5.update(part.md5);
    }
    format!("{}-{}", hex::encode(md5.finalize()), parts.len())
}

/// `AbortMultipartUpload`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html>.
#[expect(clippy::needless_pass_by_value, reason = "the wire layer hands inputs over by value")]
pub(super) fn abort(
    world: &mut World,
    scope: &Scope,
    input: AbortMultipartUploadInput,
) -> S3Result<AbortMultipartUploadOutput> {
    let bucket = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    refuse_unmodelled(&[("conditional aborts", input.if_match_initiated_time.is_some())])?;
    let context = bucket.context(scope);
    let _permit =
        bucket.authorize_object(scope, "s3:AbortMultipartUpload", &input.key, &context)?;
    find(&bucket, &input.key, &input.upload_id).ok_or_else(|| no_such_upload(&input.upload_id))?;
    if let Some(state) = world.bucket_mut(bucket.name()) {
        state.uploads.remove(&input.upload_id);
    }
    Ok(AbortMultipartUploadOutput::default())
}
