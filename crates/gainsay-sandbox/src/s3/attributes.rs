//! `GetObjectAttributes`: what an object is, without its body.

use s3s::{
    S3Result,
    dto::{
        Checksum, ETag, GetObjectAttributesInput, GetObjectAttributesOutput,
        GetObjectAttributesParts, ObjectAttributes, ObjectPart, StorageClass,
    },
};

use super::{
    customer_key, error,
    error_detail::WithDetail as _,
    members::{customer_key_headers, set_checksums, shown_time},
    open, upload_parts,
    versions::{self, ExistingTags},
};
use crate::{
    authorize::Scope,
    kms::Sealed,
    state::{Content, World},
};

const NAMES: [&str; 5] = [
    ObjectAttributes::CHECKSUM,
    ObjectAttributes::ETAG,
    ObjectAttributes::OBJECT_PARTS,
    ObjectAttributes::OBJECT_SIZE,
    ObjectAttributes::STORAGE_CLASS,
];

/// Both s3:GetObjectAttributes and s3:GetObject, or those of versions
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html>). It gives no
/// order; that of the attributes is authorized first (assumed). It takes no KMS permission, as
/// `HeadObject` takes none (assumed: the page speaks of none for SSE-KMS).
#[expect(clippy::needless_pass_by_value, reason = "the wire layer hands inputs over by value")]
pub(super) fn get(
    world: &mut World,
    scope: &Scope,
    input: GetObjectAttributesInput,
) -> S3Result<GetObjectAttributesOutput> {
    let bucket = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    // Clients send the list on one line, too.
    let listed =
        || input.object_attributes.iter().flat_map(|attribute| attribute.as_str().split(','));
    let wanted = |name: &str| listed().any(|attribute| attribute.trim() == name);
    let actions = ["s3:GetObjectAttributes", "s3:GetObjectVersionAttributes"];
    let find = |actions| {
        let (version, tags) = (input.version_id.as_deref(), ExistingTags::NotKnown);
        versions::find_as(scope, &bucket, &input.key, version, actions, tags, |_| {})
    };
    find(actions)?;
    let (version, content) = find(versions::GET)?;
    // As https://github.com/versity/versitygw/issues/917 quotes AWS.
    if let Some(unknown) = listed().map(str::trim).find(|name| !NAMES.contains(name)) {
        return Err(error(400, "InvalidArgument", "Invalid attribute name specified.")
            .with_detail("ArgumentName", "x-amz-object-attributes")
            .with_detail("ArgumentValue", unknown));
    }
    let headers = customer_key_headers!(input);
    customer_key::check_digest(content, &headers, "Access Denied")?;
    let customer_key = customer_key::read(scope, &headers)?;
    customer_key::check(content, customer_key.as_ref())?;
    let class = StorageClass::from_static(content.storage_class);
    let in_parts = content.etag.contains('-');
    let checksum = content.checksum.as_ref().map(|sum| {
        let mut checksum = Checksum { checksum_type: Some(sum.kind()), ..Checksum::default() };
        set_checksums!(checksum, Some(&sum.without_parts()));
        checksum
    });
    Ok(GetObjectAttributesOutput {
        e_tag: wanted(ObjectAttributes::ETAG).then(|| ETag::Strong(content.etag.clone())),
        object_size: wanted(ObjectAttributes::OBJECT_SIZE)
            .then(|| i64::try_from(content.size).ok())
            .flatten(),
        storage_class: wanted(ObjectAttributes::STORAGE_CLASS).then_some(class),
        checksum: checksum.filter(|_| wanted(ObjectAttributes::CHECKSUM)),
        object_parts: (in_parts && wanted(ObjectAttributes::OBJECT_PARTS))
            .then(|| parts(content, input.max_parts, input.part_number_marker))
            .transpose()?,
        last_modified: Some(shown_time(version.modified)),
        version_id: versions::shown_id(&bucket, version),
        ..GetObjectAttributesOutput::default()
    })
}

/// The parts of an object. They are listed only where each has a checksum of its own; how many
/// there are is always said (recorded by LocalStack,
/// `test_complete_multipart_parts_checksum_composite` and `.._full_object`, 2026-02-21).
fn parts(
    content: &Content,
    max: Option<i32>,
    marker: Option<i32>,
) -> S3Result<GetObjectAttributesParts> {
    let total_parts_count = i32::try_from(content.body.len()).ok();
    if content.part_checksums.is_empty() {
        return Ok(GetObjectAttributesParts { total_parts_count, ..Default::default() });
    }
    let max = upload_parts::max_parts(max)?;
    let marker = marker.unwrap_or(0);
    let sized = content.part_checksums.iter().zip(content.body.iter().map(Sealed::length));
    let after: Vec<_> = sized.filter(|((number, _), _)| *number > marker).collect();
    let listed = after.iter().take(max).map(|((number, sum), size)| {
        let mut part = ObjectPart {
            part_number: Some(*number),
            size: i64::try_from(*size).ok(),
            ..ObjectPart::default()
        };
        set_checksums!(part, Some(sum));
        part
    });
    let listed: Vec<ObjectPart> = listed.collect();
    Ok(GetObjectAttributesParts {
        is_truncated: Some(after.len() > listed.len()),
        max_parts: i32::try_from(max).ok(),
        next_part_number_marker: listed.last().map_or(Some(0), |part| part.part_number),
        part_number_marker: Some(marker),
        parts: Some(listed),
        total_parts_count,
    })
}
