//! `CopyObject` and `UploadPartCopy`: a read of the source and a write of the destination, each
//! with its own authorization and key.

use http::HeaderMap;
use s3s::{
    S3Result,
    dto::{
        CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopyPartResult, CopySource, ETag,
        MetadataDirective, TaggingDirective, UploadPartCopyInput, UploadPartCopyOutput,
    },
};

use super::{
    OpenBucket,
    checksum::{ALGORITHMS, Digests, Sum},
    conditional,
    customer_key::{self, CustomerKey},
    encryption::{self, Keys},
    error,
    error_detail::WithDetail as _,
    members::{
        customer_key_headers, set_checksums, set_customer_key, set_encryption, shown_time,
        source_conditions, source_customer_key_headers, write_headers,
    },
    multipart, not_modelled, open,
    received_body::storage_failure,
    tagging,
    versions::{self, ExistingTags},
    write::{Operation, Properties, WriteRequest, set_tags},
};
use crate::{
    authorize::Scope,
    kms::{Opened, Sealer},
    state::{Content, Encryption, System, Version, World},
};

const ONTO_ITSELF: &str = concat!(
    "This copy request is illegal because it is trying to copy an object to itself without ",
    "changing the object's metadata, storage class, website redirect location or encryption ",
    "attributes."
);
const TOO_LARGE: &str = concat!(
    "The specified copy source is larger than the maximum allowable size for a copy source: ",
    "5368709120"
);
const OF_ARCHIVE: &str = "Operation is not valid for the source object's storage class";
const OF_DELETE_MARKER: &str =
    "The source of a copy request may not specifically refer to a delete marker by version id.";
const WRONG_RANGE: &str = concat!(
    "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last ",
    "are the zero-based offsets of the first and last bytes to copy"
);
/// What is longer is copied in parts
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html>).
const MAX_COPY: u64 = 5 << 30;

/// `CopyObject`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html>.
#[expect(clippy::needless_pass_by_value, reason = "the wire layer hands inputs over by value")]
pub(super) fn copy(
    world: &mut World,
    scope: &Scope,
    input: CopyObjectInput,
    sent: &HeaderMap,
) -> S3Result<CopyObjectOutput> {
    let bucket = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let headers = write_headers!(input);
    let lock = headers.lock.read(&bucket, scope.now)?;
    headers.check_limits(&input.key)?;
    // The wire layer has no members for them.
    let [if_match, if_none_match] = [http::header::IF_MATCH, http::header::IF_NONE_MATCH]
        .map(|name| sent.get(name).and_then(|sent| conditional::condition(sent.as_bytes())));
    let conditions = [if_match.as_ref(), if_none_match.as_ref()];
    let replaces = Replaces::read(&input)?;
    let source = Source::open(
        world,
        scope,
        &input.copy_source,
        input.expected_source_bucket_owner.as_deref(),
        &source_customer_key_headers!(input),
    )?;
    let request = WriteRequest {
        operation: Operation::Copy {
            source: &source.header(scope),
            metadata_directive: input.metadata_directive.as_ref().map(MetadataDirective::as_str),
        },
        bucket: &bucket,
        key: &input.key,
        headers: &headers,
        lock,
        // In this order they are refused.
        plan: encryption::plan(world, scope, &bucket, &headers.encryption)?,
        storage_class: headers.storage_class()?,
        tags: tagging::parse_header(headers.tagging.filter(|_| replaces.tags))?,
    };
    let unchanged = !replaces.metadata
        && source.version.is_none()
        && input.storage_class.is_none()
        && input.website_redirect_location.is_none()
        && headers.encryption.algorithm.is_none()
        && request.plan.customer_key.is_none();
    // AWS documents no order; the destination is authorized first (assumed), so that a refused
    // write is reported as one.
    let mut write = request.authorize(world, scope)?;
    let (version, content) = source.find(scope, ExistingTags::NotKnown)?;
    conditional::check_write(&bucket, &input.key, conditions, None)?;
    if !replaces.tags {
        write.properties.tags = copied_tags(scope, &source, content, &bucket, &input.key)?;
    }
    if !replaces.metadata {
        take_metadata(&mut write.properties, content);
    }
    if !content.annotations.is_empty() {
        return Err(not_modelled("copies of objects with annotations"));
    }
    source_conditions!(input).check_source(version, content, scope.now)?;
    // A copy onto itself may change the encryption that the bucket was given, and that of an object
    // which is not encrypted as buckets are from the start (recorded by LocalStack,
    // `test_copy_in_place_with_bucket_encryption`, 2026-02-21).
    let unchanged = unchanged
        && !bucket.state.encryption_configured
        && content.encryption == Encryption::S3
        && !content.restored;
    if unchanged && source.name == input.bucket && source.key == input.key {
        return Err(error(400, "InvalidRequest", ONTO_ITSELF));
    }
    if content.size > MAX_COPY {
        return Err(error(400, "InvalidRequest", TOO_LARGE));
    }
    let opened = source.read(world, scope, content)?;
    let write = write.authorize_key(world, scope)?;
    let algorithm =
        input.checksum_algorithm.as_ref().map(|algorithm| algorithm.as_str().to_ascii_lowercase());
    let algorithm = checksum_algorithm(content, algorithm.as_deref());
    let sums = Digests::of_body(&opened, &[algorithm])?;
    let sealed = write.seal(world, &opened.0, sums.md5, sums.sum(algorithm))?;
    let stored = sealed.store(world)?;
    let mut result = CopyObjectResult {
        e_tag: Some(ETag::Strong(stored.etag)),
        last_modified: Some(shown_time(stored.modified)),
        checksum_type: stored.checksum.as_ref().map(Sum::kind),
        ..CopyObjectResult::default()
    };
    set_checksums!(result, stored.checksum.as_ref());
    let mut output = CopyObjectOutput {
        copy_object_result: Some(result),
        copy_source_version_id: versions::shown_id(&source.bucket, version)
            .filter(|id| id != crate::state::NULL_VERSION),
        version_id: stored.version_id,
        ssekms_encryption_context: encryption::reported_context(&stored.encryption),
        ..CopyObjectOutput::default()
    };
    set_encryption!(output, &stored.encryption);
    set_customer_key!(output, &stored.encryption);
    Ok(output)
}

/// The object that is copied, as a request names it.
struct Source<'a> {
    bucket: OpenBucket,
    /// The name of the bucket as it was written.
    name: &'a str,
    key: &'a str,
    version: Option<&'a str>,
    customer_key: Option<CustomerKey>,
}

impl<'a> Source<'a> {
    /// Opens the bucket of the source and reads the key of SSE-C that the source may need.
    fn open(
        world: &World,
        scope: &Scope,
        source: &'a CopySource,
        expected_owner: Option<&str>,
        customer_key: &customer_key::Headers,
    ) -> S3Result<Self> {
        let CopySource::Bucket { bucket: name, key, version_id } = source else {
            return Err(not_modelled("copies from access points"));
        };
        Ok(Self {
            bucket: open(world, name, expected_owner).map_err(|problem| {
                match problem.code().as_str() {
                    "NoSuchBucket" => problem.with_detail("BucketName", &**name),
                    _ => problem,
                }
            })?,
            name,
            key,
            version: version_id.as_deref(),
            customer_key: customer_key::read(scope, customer_key)?,
        })
    }

    /// The source as policies see it: as the header has it, encoded or not (tried on AWS by third
    /// parties; the pages show names alone, such as `BUCKET/KEY`).
    fn header(&self, scope: &Scope) -> String {
        scope.copy_source.clone().unwrap_or_else(|| format!("{}/{}", self.name, self.key))
    }

    /// The version that is copied, once reading it is authorized.
    fn find(&self, scope: &Scope, tags: ExistingTags) -> S3Result<(&Version, &Content)> {
        let actions = versions::GET;
        let found =
            versions::find_as(scope, &self.bucket, self.key, self.version, actions, tags, |_| {});
        // What is missing is the source, and not what the request's own path names.
        found.map_err(|problem| match problem.code().as_str() {
            "MethodNotAllowed" => error(400, "InvalidRequest", OF_DELETE_MARKER),
            "NoSuchKey" => problem.with_detail("Key", self.key),
            _ => problem,
        })
    }

    /// The body, once its key may be used.
    fn read(&self, world: &World, scope: &Scope, content: &Content) -> S3Result<Opened> {
        let (bucket, customer_key) = (&self.bucket, self.customer_key.as_ref());
        versions::check_readable_as(content, OF_ARCHIVE)?;
        customer_key::check(content, customer_key)?;
        encryption::authorize(world, scope, bucket, self.key, &content.encryption, "kms:Decrypt")?;
        let encryption = &content.encryption;
        Keys { world, bucket, object: self.key, encryption, customer_key }.open(&content.body)
    }
}

/// What of the source is replaced: the two directives.
struct Replaces {
    metadata: bool,
    tags: bool,
}

impl Replaces {
    fn read(input: &CopyObjectInput) -> S3Result<Self> {
        let directive = |word: Option<&str>, name: &str| match word {
            None | Some("COPY") => Ok(false),
            Some("REPLACE") => Ok(true),
            Some(word) => Err(error(400, "InvalidArgument", format!("Unknown {name} directive."))
                .with_detail("ArgumentName", format!("x-amz-{name}-directive"))
                .with_detail("ArgumentValue", word)),
        };
        let metadata = directive(
            input.metadata_directive.as_ref().map(MetadataDirective::as_str),
            "metadata",
        )?;
        let tags =
            directive(input.tagging_directive.as_ref().map(TaggingDirective::as_str), "tagging")?;
        // Tags beside COPY are passed over (recorded by LocalStack,
        // `test_s3_copy_tagging_directive`).
        Ok(Self { metadata, tags })
    }
}

/// Takes over the source's metadata, and with it every header but the redirect.
fn take_metadata(properties: &mut Properties, source: &Content) {
    properties.metadata.clone_from(&source.metadata);
    properties.system = System {
        website_redirect: properties.system.website_redirect.take(),
        ..source.headers.clone()
    };
}

/// The source's tags, which take s3:GetObjectTagging there and s3:PutObjectTagging at the
/// destination (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html>).
fn copied_tags(
    scope: &Scope,
    source: &Source<'_>,
    content: &Content,
    bucket: &OpenBucket,
    key: &str,
) -> S3Result<Vec<(String, String)>> {
    if content.tags.is_empty() {
        return Ok(Vec::new());
    }
    let action =
        if source.version.is_some() { "s3:GetObjectVersionTagging" } else { "s3:GetObjectTagging" };
    let mut context = source.bucket.context(scope);
    if let Some(id) = source.version {
        context.set("s3:VersionId", id);
    }
    versions::set_existing_tags(&mut context, content);
    let _permit = source.bucket.authorize_object(scope, action, source.key, &context)?;
    let mut context = bucket.context(scope);
    set_tags(&mut context, &content.tags);
    versions::set_replaced_tags(&mut context, bucket, key);
    let _permit = bucket.authorize_object(scope, "s3:PutObjectTagging", key, &context)?;
    Ok(content.tags.clone())
}

/// The algorithm of a copy's checksum: the one that was asked for, or the source's, or S3's own. It
/// is computed anew, since the copy is one piece whatever the source was.
fn checksum_algorithm(source: &Content, requested: Option<&str>) -> &'static str {
    let wanted = requested.or(source.checksum.as_ref().map(|checksum| checksum.algorithm));
    ALGORITHMS.into_iter().find(|name| wanted == Some(*name)).unwrap_or("crc64nvme")
}

/// A part copied from an object: a read of the source and a step of the upload
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html>). The upload is
/// authorized first, as the destination of a copy is (assumed).
#[expect(clippy::needless_pass_by_value, reason = "the wire layer hands inputs over by value")]
pub(super) fn copy_part(
    world: &mut World,
    scope: &Scope,
    input: UploadPartCopyInput,
) -> S3Result<UploadPartCopyOutput> {
    let bucket = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let source = Source::open(
        world,
        scope,
        &input.copy_source,
        input.expected_source_bucket_owner.as_deref(),
        &source_customer_key_headers!(input),
    )?;
    let customer_key = customer_key::read(scope, &customer_key_headers!(input))?;
    let step = multipart::Step {
        key: &input.key,
        upload: &input.upload_id,
        kind: multipart::StepKind::CopiedPart { source: &source.header(scope) },
    };
    let upload = step.authorize(scope, &bucket)?;
    multipart::check_number(input.part_number)?;
    let (version, content) = source.find(scope, ExistingTags::Sent)?;
    source_conditions!(input).check_source(version, content, scope.now)?;
    let range = part_range(input.copy_source_range.as_deref(), content.size)?;
    let opened = source.read(world, scope, content)?;
    let algorithm = upload.checksum.map_or("crc64nvme", |(algorithm, _)| algorithm);
    let (mut sealer, mut digests) = (Sealer::new(), Digests::of(&[algorithm]));
    for piece in opened.pieces(range) {
        let piece = piece.map_err(|problem| storage_failure(&problem))?;
        digests.update(&piece);
        sealer.write(&piece).map_err(|problem| storage_failure(&problem))?;
    }
    let sums = digests.finish();
    let content = multipart::PartContent {
        blob: &sealer.finish().map_err(|problem| storage_failure(&problem))?,
        md5: sums.md5,
        checksum: sums.sum(algorithm),
        customer_key: customer_key.as_ref(),
    };
    let part =
        multipart::put_part(world, scope, &bucket, &step, &upload, input.part_number, content)?;
    let mut result = CopyPartResult {
        e_tag: Some(ETag::Strong(part.etag)),
        last_modified: Some(shown_time(part.modified)),
        ..CopyPartResult::default()
    };
    set_checksums!(result, part.checksum.as_ref().filter(|_| upload.checksum.is_some()));
    let mut output = UploadPartCopyOutput {
        copy_part_result: Some(result),
        copy_source_version_id: versions::shown_id(&source.bucket, version),
        ..UploadPartCopyOutput::default()
    };
    set_encryption!(output, &upload.encryption);
    set_customer_key!(output, &upload.encryption);
    Ok(output)
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
        // Recorded by LocalStack, `test_upload_part_copy_range`.
        Some((first, last)) if first <= last && first >= size => Err(error(
            400,
            "InvalidRequest",
            "The specified copy range is invalid for the source object size",
        )),
        Some((first, last)) if first <= last => Err(error(
            400,
            "InvalidArgument",
            format!("Range specified is not valid for source object of size: {size}"),
        )
        .with_detail("ArgumentName", "x-amz-copy-source-range")
        .with_detail("ArgumentValue", text)),
        Some(_) | None => Err(error(400, "InvalidArgument", WRONG_RANGE)
            .with_detail("ArgumentName", "x-amz-copy-source-range")
            .with_detail("ArgumentValue", text)),
    }
}
