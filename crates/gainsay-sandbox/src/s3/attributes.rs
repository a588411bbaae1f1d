//! What an object is, and archived objects brought back.

use std::sync::Arc;

use s3s::{
    S3Result,
    dto::{
        Checksum, ETag, GetObjectAttributesInput, GetObjectAttributesOutput,
        GetObjectAttributesParts, ObjectAttributes, RestoreObjectInput, RestoreObjectOutput,
        StorageClass, Timestamp,
    },
};

use super::{
    customer, error, not_modelled, object, open, raw::malformed, receive::Sum, refuse_unmodelled,
};
use crate::{authorize::Scope, state::World};

/// Both s3:GetObjectAttributes and s3:GetObject, or those of versions
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html>). It gives no
/// order; the attributes are asked first (assumed). As for HEAD, no KMS permission is asked
/// (assumed: the page speaks of none for SSE-KMS).
#[expect(clippy::needless_pass_by_value, reason = "the wire layer hands inputs over by value")]
pub(super) fn get(
    world: &mut World,
    scope: &Scope,
    input: GetObjectAttributesInput,
) -> S3Result<GetObjectAttributesOutput> {
    let held = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    // Clients send the list on one line, too.
    let listed =
        || input.object_attributes.iter().flat_map(|attribute| attribute.as_str().split(','));
    let asked = |name: &str| listed().any(|attribute| attribute.trim() == name);
    refuse_unmodelled(&[(
        "pages of parts",
        input.max_parts.is_some() || input.part_number_marker.is_some(),
    )])?;
    let customer = [
        input.sse_customer_algorithm.clone(),
        input.sse_customer_key.clone(),
        input.sse_customer_key_md5.clone(),
    ];
    let customer = customer::read(scope, &customer)?;
    let actions = ["s3:GetObjectAttributes", "s3:GetObjectVersionAttributes"];
    object::find(scope, &held, &input.key, input.version_id.as_deref(), actions)?;
    let (version, content) =
        object::find(scope, &held, &input.key, input.version_id.as_deref(), object::GET)?;
    if input.object_attributes.is_empty() {
        return Err(error(400, "InvalidArgument", "Invalid attribute name specified."));
    }
    customer::check(content, customer.as_ref())?;
    let class = StorageClass::from_static(content.storage_class);
    let in_parts = content.etag.contains('-');
    let [crc32, crc32c, crc64nvme, sha1, sha256] = Sum::members(content.checksum.as_ref());
    let checksum = content.checksum.as_ref().map(|sum| Checksum {
        checksum_crc32: crc32,
        checksum_crc32c: crc32c,
        checksum_crc64nvme: crc64nvme,
        checksum_sha1: sha1,
        checksum_sha256: sha256,
        checksum_type: Some(sum.kind()),
    });
    Ok(GetObjectAttributesOutput {
        e_tag: asked(ObjectAttributes::ETAG).then(|| ETag::Strong(content.etag.clone())),
        object_size: asked(ObjectAttributes::OBJECT_SIZE)
            .then(|| i64::try_from(content.size).ok())
            .flatten(),
        storage_class: asked(ObjectAttributes::STORAGE_CLASS).then_some(class),
        checksum: checksum.filter(|_| asked(ObjectAttributes::CHECKSUM)),
        // The parts themselves are listed only for uploads with checksums of their parts; how many
        // there are always.
        object_parts: (in_parts && asked(ObjectAttributes::OBJECT_PARTS)).then(|| {
            GetObjectAttributesParts {
                total_parts_count: i32::try_from(content.body.len()).ok(),
                ..GetObjectAttributesParts::default()
            }
        }),
        last_modified: Some(Timestamp::from(version.modified)),
        version_id: object::shown_version(&held, version),
        ..GetObjectAttributesOutput::default()
    })
}

/// s3:RestoreObject; it has no action for versions
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_RestoreObject.html>). The sandbox restores
/// at once where AWS takes hours, and answers 202 where AWS says 200 of an object that was restored
/// before.
pub(super) fn restore(
    world: &mut World,
    scope: &Scope,
    input: RestoreObjectInput,
) -> S3Result<RestoreObjectOutput> {
    let held = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let (version, content) = object::find(
        scope,
        &held,
        &input.key,
        input.version_id.as_deref(),
        ["s3:RestoreObject"; 2],
    )?;
    let request = input.restore_request.ok_or_else(malformed)?;
    let selects = request.select_parameters.is_some()
        || request.output_location.is_some()
        || request.type_.is_some();
    if selects {
        return Err(not_modelled("S3 Select"));
    }
    if request.days.is_none_or(|days| days < 1) {
        return Err(malformed());
    }
    if !object::is_archived(content) {
        return Err(object::invalid_state(
            "Restore is not allowed for the object's current storage class",
        ));
    }
    let id = version.id.clone();
    let versions =
        world.bucket_mut(held.name()).and_then(|bucket| bucket.objects.get_mut(&input.key));
    let found = versions.and_then(|versions| versions.iter_mut().find(|version| version.id == id));
    if let Some(content) = found.and_then(|version| Arc::make_mut(version).content.as_mut()) {
        content.restored = true;
    }
    Ok(RestoreObjectOutput::default())
}
