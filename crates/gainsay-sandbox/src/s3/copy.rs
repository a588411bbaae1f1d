//! Copies: a read of the source and a write of the destination, each with its own authorization and
//! key.

use std::collections::BTreeMap;

use s3s::{
    S3Result,
    dto::{
        CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopyPartResult, CopySource, ETag,
        MetadataDirective, StorageClass, TaggingDirective, Timestamp, UploadPartCopyInput,
        UploadPartCopyOutput,
    },
};

use super::{
    Held,
    acl::{self, asked_acl},
    conditional::Conditions,
    customer::{self, CustomerKey},
    encryption::{self, Keys},
    error, lock, multipart, not_modelled,
    object::{self, Attributes, Write},
    open,
    receive::{ALGORITHMS, Digests, Sum, unkept},
    tagging,
};
use crate::{
    authorize::Scope,
    kms::{Opened, Sealer},
    state::{Content, System, World},
};

const ONTO_ITSELF: &str = "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.";
/// What is longer is copied in parts
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html>).
const MAX_COPY: u64 = 5 << 30;

#[expect(clippy::needless_pass_by_value, reason = "the wire layer hands inputs over by value")]
pub(super) fn copy(
    world: &mut World,
    scope: &Scope,
    input: CopyObjectInput,
) -> S3Result<CopyObjectOutput> {
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
    let replaces = Replaces::read(&input)?;
    let CopySource::Bucket { bucket, key, version_id } = &input.copy_source else {
        return Err(not_modelled("copies from access points"));
    };
    let source = open(world, bucket, input.expected_source_bucket_owner.as_deref())?;
    let source_key = customer::read(scope, &source_key(&input))?;
    let headers = headers(&input);
    let plan = encryption::plan(world, scope, &held, &headers)?;
    let storage_class =
        object::storage_class(input.storage_class.as_ref().map(StorageClass::as_str))?;
    let tags = tagging::parse_header(input.tagging.as_deref().filter(|_| replaces.tags))?;
    // AWS documents no order; the destination is asked first (assumed), so that a refused write is
    // told as one.
    authorize_write(scope, &held, &input, (&plan, &tags, lock))?;
    // The source's is not taken over:
    // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html>.
    let acl = acl::of_upload(world, scope, &held, &input.key, &asked_acl!(input))?;
    let (version, content) = object::find(scope, &source, key, version_id.as_deref(), object::GET)?;
    let tags = if replaces.tags {
        tags
    } else {
        copied_tags(scope, (&source, key, version_id.is_some()), (&held, &input.key), content)?
    };
    if !content.annotations.is_empty() {
        return Err(not_modelled("copies of objects with annotations"));
    }
    conditions(&input).check_source(version, content)?;
    let unchanged = !replaces.metadata
        && version_id.is_none()
        && input.storage_class.is_none()
        && input.website_redirect_location.is_none()
        && headers.algorithm.is_none()
        && plan.customer.is_none();
    if unchanged && bucket.as_ref() == input.bucket && key.as_ref() == input.key {
        return Err(error(400, "InvalidRequest", ONTO_ITSELF));
    }
    if content.size > MAX_COPY {
        let message = "The specified copy source is larger than the maximum allowable size for a copy source: 5368709120";
        return Err(error(400, "InvalidRequest", message));
    }
    let opened = open_source(world, scope, &source, key, content, source_key.as_ref())?;
    encryption::authorize_write(world, scope, &held, &input.key, &plan.encryption)?;
    let algorithm =
        input.checksum_algorithm.as_ref().map(|algorithm| algorithm.as_str().to_ascii_lowercase());
    let (md5, checksum) = summed(&opened, content, algorithm.as_deref())?;
    let attributes = Attributes {
        headers: replaces.headers(&input, content),
        metadata: replaces.metadata(&input, content),
        tags,
        storage_class,
        lock: lock.settled(&held, scope.now),
        acl,
        checksum: checksum.clone(),
    };
    let etag = object::body_etag(&plan.encryption, md5);
    let keys = Keys {
        world,
        held: &held,
        object: &input.key,
        encryption: &plan.encryption,
        customer: plan.customer.as_ref(),
    };
    let body = keys.seal_all(&opened)?;
    let modified = world.now();
    let source_version = object::shown_version(&source, version);
    let version =
        object::store(world, &held, &input.key, body, &etag, &plan.encryption, attributes)?;
    let (algorithm, kms_key, bucket_key) = encryption::reported(&plan.encryption);
    let (customer_algorithm, customer_md5) = customer::reported(&plan.encryption);
    let [crc32, crc32c, crc64nvme, sha1, sha256] = Sum::members(checksum.as_ref());
    Ok(CopyObjectOutput {
        copy_object_result: Some(CopyObjectResult {
            e_tag: Some(ETag::Strong(etag)),
            last_modified: Some(Timestamp::from(modified)),
            checksum_crc32: crc32,
            checksum_crc32c: crc32c,
            checksum_crc64nvme: crc64nvme,
            checksum_sha1: sha1,
            checksum_sha256: sha256,
            checksum_type: checksum.as_ref().map(Sum::kind),
        }),
        copy_source_version_id: source_version,
        version_id: version,
        server_side_encryption: algorithm,
        ssekms_key_id: kms_key,
        ssekms_encryption_context: encryption::reported_context(&plan.encryption),
        bucket_key_enabled: bucket_key,
        sse_customer_algorithm: customer_algorithm,
        sse_customer_key_md5: customer_md5,
        ..CopyObjectOutput::default()
    })
}

fn source_key(input: &CopyObjectInput) -> customer::Headers {
    [
        input.copy_source_sse_customer_algorithm.clone(),
        input.copy_source_sse_customer_key.clone(),
        input.copy_source_sse_customer_key_md5.clone(),
    ]
}

/// The encryption of the destination.
fn headers(input: &CopyObjectInput) -> encryption::Headers {
    encryption::Headers {
        algorithm: input.server_side_encryption.clone(),
        key: input.ssekms_key_id.clone(),
        bucket_key: input.bucket_key_enabled,
        context: input.ssekms_encryption_context.clone(),
        customer: [
            input.sse_customer_algorithm.clone(),
            input.sse_customer_key.clone(),
            input.sse_customer_key_md5.clone(),
        ],
    }
}

fn authorize_write(
    scope: &Scope,
    held: &Held,
    input: &CopyObjectInput,
    (plan, tags, lock): (&encryption::Plan, &[(String, String)], lock::Asked),
) -> S3Result<()> {
    let class = input.storage_class.as_ref().map(StorageClass::as_str);
    let storage_class = object::storage_class(class)?;
    let CopySource::Bucket { bucket, key, .. } = &input.copy_source else {
        return Err(not_modelled("copies from access points"));
    };
    let write = Write {
        key: &input.key,
        plan,
        acl: asked_acl!(input),
        tags,
        copy_source: Some(&format!("{bucket}/{key}")),
        storage_class: class.map(|_| storage_class),
        conditions: [None, None],
        lock,
    };
    write.authorize(scope, held)
}

/// What of the source is not taken over: the two directives.
struct Replaces {
    metadata: bool,
    tags: bool,
}

impl Replaces {
    fn read(input: &CopyObjectInput) -> S3Result<Self> {
        let directive = |word: Option<&str>, name: &str| match word {
            None | Some("COPY") => Ok(false),
            Some("REPLACE") => Ok(true),
            Some(_) => Err(error(400, "InvalidArgument", format!("Unknown {name} directive."))),
        };
        let metadata = directive(
            input.metadata_directive.as_ref().map(MetadataDirective::as_str),
            "metadata",
        )?;
        let tags =
            directive(input.tagging_directive.as_ref().map(TaggingDirective::as_str), "tagging")?;
        if input.tagging.is_some() && !tags {
            // What AWS makes of tags beside COPY no page says.
            return Err(not_modelled("tags of a copy that takes the source's"));
        }
        Ok(Self { metadata, tags })
    }

    fn metadata(&self, input: &CopyObjectInput, content: &Content) -> BTreeMap<String, String> {
        if !self.metadata {
            return content.metadata.clone();
        }
        let sent = input.metadata.iter().flat_map(|sent| sent.iter());
        sent.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// Everything but the redirect goes with the metadata.
    fn headers(&self, input: &CopyObjectInput, content: &Content) -> System {
        if !self.metadata {
            return System {
                website_redirect: input.website_redirect_location.clone(),
                ..content.headers.clone()
            };
        }
        System {
            content_type: input.content_type.clone(),
            cache_control: input.cache_control.clone(),
            content_disposition: input.content_disposition.clone(),
            content_encoding: object::stored_encoding(input.content_encoding.clone()),
            content_language: input.content_language.clone(),
            expires: input.expires.clone(),
            website_redirect: input.website_redirect_location.clone(),
        }
    }
}

fn conditions(input: &CopyObjectInput) -> Conditions<'_> {
    Conditions {
        if_match: input.copy_source_if_match.as_ref(),
        if_none_match: input.copy_source_if_none_match.as_ref(),
        if_modified_since: input.copy_source_if_modified_since.as_ref(),
        if_unmodified_since: input.copy_source_if_unmodified_since.as_ref(),
    }
}

/// The source's tags, which take s3:GetObjectTagging there and s3:PutObjectTagging at the
/// destination (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html>).
fn copied_tags(
    scope: &Scope,
    from: (&Held, &str, bool),
    to: (&Held, &str),
    content: &Content,
) -> S3Result<Vec<(String, String)>> {
    if content.tags.is_empty() {
        return Ok(Vec::new());
    }
    let (source, key, versioned) = from;
    let action = if versioned { "s3:GetObjectVersionTagging" } else { "s3:GetObjectTagging" };
    let context = source.context(scope);
    let _permit = source.authorize_object(scope, action, key, &context)?;
    let (held, key) = to;
    let mut context = held.context(scope);
    object::set_tags(&mut context, &content.tags);
    let _permit = held.authorize_object(scope, "s3:PutObjectTagging", key, &context)?;
    Ok(content.tags.clone())
}

/// The MD5 and the checksum of a copy, which is one piece whatever the source was: they are known,
/// or the source is read for them.
fn summed(
    opened: &Opened,
    content: &Content,
    algorithm: Option<&str>,
) -> S3Result<([u8; 16], Option<Sum>)> {
    let kept = content.checksum.as_ref().map(|sum| sum.algorithm);
    let name = ALGORITHMS
        .into_iter()
        .find(|name| algorithm.or(kept) == Some(*name))
        .unwrap_or("crc64nvme");
    let mut digests = Digests::of(&[name]);
    for piece in opened.clone().pieces(0..u64::MAX) {
        digests.update(&piece.map_err(|problem| unkept(&problem))?);
    }
    let sums = digests.finish();
    let sum = sums.get(name).map(|value| Sum {
        algorithm: name,
        value: value.to_owned(),
        composite: false,
    });
    Ok((sums.md5, sum))
}

/// A part copied from an object: a read of the source and a step of the upload
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html>). The upload is asked
/// first, as for a copy (assumed).
pub(super) fn copy_part(
    world: &mut World,
    scope: &Scope,
    input: UploadPartCopyInput,
) -> S3Result<UploadPartCopyOutput> {
    let held = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let CopySource::Bucket { bucket, key, version_id } = &input.copy_source else {
        return Err(not_modelled("copies from access points"));
    };
    let source = open(world, bucket, input.expected_source_bucket_owner.as_deref())?;
    let source_key = [
        input.copy_source_sse_customer_algorithm,
        input.copy_source_sse_customer_key,
        input.copy_source_sse_customer_key_md5,
    ];
    let source_key = customer::read(scope, &source_key)?;
    let own_key =
        [input.sse_customer_algorithm, input.sse_customer_key, input.sse_customer_key_md5];
    let own_key = customer::read(scope, &own_key)?;
    let step = multipart::Step {
        key: &input.key,
        upload: &input.upload_id,
        copy_source: Some(&format!("{bucket}/{key}")),
    };
    let upload = step.authorize(scope, &held)?;
    let (version, content) = object::find(scope, &source, key, version_id.as_deref(), object::GET)?;
    let conditions = Conditions {
        if_match: input.copy_source_if_match.as_ref(),
        if_none_match: input.copy_source_if_none_match.as_ref(),
        if_modified_since: input.copy_source_if_modified_since.as_ref(),
        if_unmodified_since: input.copy_source_if_unmodified_since.as_ref(),
    };
    conditions.check_source(version, content)?;
    let range = part_range(input.copy_source_range.as_deref(), content.size)?;
    let opened = open_source(world, scope, &source, key, content, source_key.as_ref())?;
    let algorithm = upload.checksum.map_or("crc64nvme", |(algorithm, _)| algorithm);
    let (mut sealer, mut digests) = (Sealer::new(), Digests::of(&[algorithm]));
    for piece in opened.pieces(range) {
        let piece = piece.map_err(|problem| unkept(&problem))?;
        digests.update(&piece);
        sealer.write(&piece).map_err(|problem| unkept(&problem))?;
    }
    let sums = digests.finish();
    let made = multipart::Content {
        blob: &sealer.finish().map_err(|problem| unkept(&problem))?,
        md5: sums.md5,
        checksum: sums.get(algorithm).map(|value| Sum {
            algorithm,
            value: value.to_owned(),
            composite: false,
        }),
        customer: own_key.as_ref(),
    };
    let source_version = object::shown_version(&source, version);
    let part = multipart::put_part(world, scope, &held, &step, &upload, input.part_number, made)?;
    let (algorithm, kms_key, bucket_key) = encryption::reported(&upload.encryption);
    let [crc32, crc32c, crc64nvme, sha1, sha256] =
        Sum::members(part.checksum.as_ref().filter(|_| upload.checksum.is_some()));
    Ok(UploadPartCopyOutput {
        copy_part_result: Some(CopyPartResult {
            e_tag: Some(ETag::Strong(part.etag)),
            last_modified: Some(Timestamp::from(part.modified)),
            checksum_crc32: crc32,
            checksum_crc32c: crc32c,
            checksum_crc64nvme: crc64nvme,
            checksum_sha1: sha1,
            checksum_sha256: sha256,
        }),
        copy_source_version_id: source_version,
        server_side_encryption: algorithm,
        ssekms_key_id: kms_key,
        bucket_key_enabled: bucket_key,
        ..UploadPartCopyOutput::default()
    })
}

/// `bytes=FIRST-LAST`, both named and both within the source
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html>).
fn part_range(text: Option<&str>, size: u64) -> S3Result<std::ops::Range<u64>> {
    let Some(text) = text else { return Ok(0..size) };
    let ends = text.strip_prefix("bytes=").and_then(|ends| ends.split_once('-'));
    let ends = ends
        .and_then(|(first, last)| Some((first.parse::<u64>().ok()?, last.parse::<u64>().ok()?)));
    match ends {
        Some((first, last)) if first <= last && last < size => Ok(first..last + 1),
        Some((first, last)) if first <= last => Err(error(
            400,
            "InvalidArgument",
            format!("Range specified is not valid for source object of size: {size}"),
        )),
        _ => Err(error(
            400,
            "InvalidArgument",
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy",
        )),
    }
}

fn open_source(
    world: &World,
    scope: &Scope,
    source: &Held,
    key: &str,
    content: &Content,
    customer: Option<&CustomerKey>,
) -> S3Result<Opened> {
    object::check_readable(content)?;
    customer::check(content, customer)?;
    encryption::authorize(world, scope, source, key, &content.encryption, "kms:Decrypt")?;
    let keys = Keys { world, held: source, object: key, encryption: &content.encryption, customer };
    keys.open(&content.body)
}
