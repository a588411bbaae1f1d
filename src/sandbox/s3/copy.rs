//! Copies: a read of the source and a write of the destination, each with its own authorization and key.

use s3s::{
    S3Result,
    dto::{
        CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopyPartResult, CopySource, ETag, Timestamp, UploadPartCopyInput,
        UploadPartCopyOutput,
    },
};

use super::{
    Held, encryption, error, multipart, not_modelled,
    object::{self, Attributes, Write},
    open, refuse_unmodelled,
};
use crate::sandbox::{
    authorize::Scope,
    state::{Content, World},
};

pub(super) fn copy(world: &mut World, scope: &Scope, input: CopyObjectInput) -> S3Result<CopyObjectOutput> {
    let held = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    refuse_unmodelled(&[
        (
            "conditional copies",
            input.copy_source_if_match.is_some() || input.copy_source_if_none_match.is_some(),
        ),
        (
            "conditional copies",
            input.copy_source_if_modified_since.is_some() || input.copy_source_if_unmodified_since.is_some(),
        ),
        (
            "SSE-C sources",
            input.copy_source_sse_customer_algorithm.is_some() || input.copy_source_sse_customer_key.is_some(),
        ),
        (
            "directives of copies",
            input.metadata_directive.is_some() || input.tagging_directive.is_some() || input.tagging.is_some(),
        ),
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
    let CopySource::Bucket { bucket, key, version_id } = &input.copy_source else {
        return Err(not_modelled("copies from access points"));
    };
    let source = open(world, bucket, input.expected_source_bucket_owner.as_deref())?;
    let headers = encryption::Headers {
        algorithm: input.server_side_encryption,
        key: input.ssekms_key_id,
        bucket_key: input.bucket_key_enabled,
        has_context: input.ssekms_encryption_context.is_some(),
        customer: [input.sse_customer_algorithm, input.sse_customer_key, input.sse_customer_key_md5],
    };
    let plan = encryption::plan(world, scope, &held, &headers)?;
    let grants = [
        input.grant_full_control,
        input.grant_read,
        input.grant_read_acp,
        input.grant_write_acp,
    ];
    let copy_source = format!("{bucket}/{key}");
    // AWS documents no order; the destination is asked first (assumed), so that a refused write is told as one.
    let write = Write {
        key: &input.key,
        plan: &plan,
        acl: input.acl.as_ref(),
        grants: grants.iter().any(Option::is_some),
        tags: &[],
        copy_source: Some(&copy_source),
        storage_class: None,
    };
    write.authorize(world, scope, &held)?;
    let (body, attributes) = read_source(world, scope, &source, key, version_id.as_deref())?;
    encryption::authorize(world, scope, &held, &input.key, &plan.encryption, "kms:GenerateDataKey")?;
    let etag = object::body_etag(&plan.encryption, &body);
    let modified = world.now();
    let version = object::store(world, &held, &input.key, &body, &etag, &plan.encryption, attributes)?;
    let (algorithm, kms_key, bucket_key) = encryption::reported(&plan.encryption);
    Ok(CopyObjectOutput {
        copy_object_result: Some(CopyObjectResult {
            e_tag: Some(ETag::Strong(etag)),
            last_modified: Some(Timestamp::from(modified)),
            ..CopyObjectResult::default()
        }),
        version_id: version,
        server_side_encryption: algorithm,
        ssekms_key_id: kms_key,
        bucket_key_enabled: bucket_key,
        ..CopyObjectOutput::default()
    })
}

/// A part copied from an object: a read of the source and a step of the upload
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html>). The upload is asked first, as for a copy (assumed).
#[expect(clippy::needless_pass_by_value, reason = "the wire layer hands inputs over by value")]
pub(super) fn copy_part(world: &mut World, scope: &Scope, input: UploadPartCopyInput) -> S3Result<UploadPartCopyOutput> {
    let held = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    refuse_unmodelled(&[
        (
            "conditional copies",
            input.copy_source_if_match.is_some() || input.copy_source_if_none_match.is_some(),
        ),
        (
            "conditional copies",
            input.copy_source_if_modified_since.is_some() || input.copy_source_if_unmodified_since.is_some(),
        ),
        (
            "SSE-C sources",
            input.copy_source_sse_customer_algorithm.is_some() || input.copy_source_sse_customer_key.is_some(),
        ),
        (
            "SSE-C parts",
            input.sse_customer_algorithm.is_some() || input.sse_customer_key.is_some(),
        ),
        ("ranges of copies", input.copy_source_range.is_some()),
    ])?;
    let CopySource::Bucket { bucket, key, version_id } = &input.copy_source else {
        return Err(not_modelled("copies from access points"));
    };
    let source = open(world, bucket, input.expected_source_bucket_owner.as_deref())?;
    let step = multipart::Step {
        key: &input.key,
        upload: &input.upload_id,
        copy_source: Some(&format!("{bucket}/{key}")),
    };
    let upload = step.authorize(world, scope, &held)?;
    let (_, content) = object::find(world, scope, &source, key, version_id.as_deref(), object::GET)?;
    let body = open_source(world, scope, &source, key, content)?;
    let part = multipart::put_part(world, scope, &held, &step, &upload, input.part_number, &body)?;
    let (algorithm, kms_key, bucket_key) = encryption::reported(&upload.encryption);
    Ok(UploadPartCopyOutput {
        copy_part_result: Some(CopyPartResult {
            e_tag: Some(ETag::Strong(part.etag)),
            last_modified: Some(Timestamp::from(part.modified)),
            ..CopyPartResult::default()
        }),
        copy_source_version_id: version_id.as_deref().map(str::to_owned),
        server_side_encryption: algorithm,
        ssekms_key_id: kms_key,
        bucket_key_enabled: bucket_key,
        ..UploadPartCopyOutput::default()
    })
}

fn open_source(world: &World, scope: &Scope, source: &Held, key: &str, content: &Content) -> S3Result<Vec<u8>> {
    object::check_readable(content)?;
    encryption::authorize(world, scope, source, key, &content.encryption, "kms:Decrypt")?;
    encryption::unseal(world, source, key, &content.encryption, &content.body)
}

fn read_source(world: &World, scope: &Scope, source: &Held, key: &str, version: Option<&str>) -> S3Result<(Vec<u8>, Attributes)> {
    let (_, content) = object::find(world, scope, source, key, version, object::GET)?;
    if !content.tags.is_empty() {
        let context = source.context(world, scope);
        let _permit = source.authorize_object(scope, "s3:GetObjectTagging", key, &context)?;
        return Err(error(501, "NotImplemented", "the sandbox does not model copies of tagged objects"));
    }
    if !content.annotations.is_empty() {
        return Err(not_modelled("copies of objects with annotations"));
    }
    let body = open_source(world, scope, source, key, content)?;
    let attributes = Attributes {
        content_type: content.content_type.clone(),
        metadata: content.metadata.clone(),
        tags: Vec::new(),
        storage_class: "STANDARD",
    };
    Ok((body, attributes))
}
