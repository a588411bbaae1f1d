//! PutObject. A form upload (POST) is one, too, once its form is read.

use s3s::{
    S3Result,
    dto::{ETag, PutObjectInput, PutObjectOutput},
};

use super::{
    checksum::Sum,
    encryption,
    members::{sent_checksums, set_checksums, set_customer_key, set_encryption, write_headers},
    open,
    received_body::ReceivedBody,
    refuse_unmodelled, tagging,
    write::{Operation, WriteRequest},
};
use crate::{
    authorize::Scope,
    state::{NULL_VERSION, World},
};

/// `PutObject`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>.
#[expect(clippy::needless_pass_by_value, reason = "the wire layer hands inputs over by value")]
pub(super) fn put(
    world: &mut World,
    scope: &Scope,
    input: PutObjectInput,
    body: &ReceivedBody,
) -> S3Result<PutObjectOutput> {
    let bucket = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    refuse_unmodelled(&[("appends", input.write_offset_bytes.is_some())])?;
    let headers = write_headers!(input);
    headers.check_limits(&input.key)?;
    let request = WriteRequest {
        operation: Operation::Put {
            conditions: [input.if_match.as_ref(), input.if_none_match.as_ref()],
        },
        bucket: &bucket,
        key: &input.key,
        headers: &headers,
        // In this order they are refused.
        lock: headers.lock.read(&bucket, scope.now)?,
        storage_class: headers.storage_class()?,
        plan: encryption::plan(world, scope, &bucket, &headers.encryption)?,
        tags: tagging::parse_header(headers.tagging)?,
    };
    let write = request.authorize(world, scope)?.authorize_key(world, scope)?;
    let checksum = write.check_body(body, sent_checksums!(input), input.content_md5.as_deref())?;
    write.check_conditions()?;
    let sealed = write.seal(world, std::slice::from_ref(&body.blob), body.sums.md5, checksum)?;
    let stored = sealed.store(world)?;
    let mut output = PutObjectOutput {
        e_tag: Some(ETag::Strong(stored.etag)),
        // Not while versioning is suspended (recorded by LocalStack,
        // `test_put_object_on_suspended_bucket`, 2026-02-21).
        version_id: stored.version_id.filter(|id| id != NULL_VERSION),
        ssekms_encryption_context: encryption::reported_context(&stored.encryption),
        checksum_type: stored.checksum.as_ref().map(Sum::kind),
        ..PutObjectOutput::default()
    };
    set_encryption!(output, &stored.encryption);
    set_customer_key!(output, &stored.encryption);
    set_checksums!(output, stored.checksum.as_ref());
    Ok(output)
}
