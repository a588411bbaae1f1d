//! `GetObjectAttributes`: what an object is, without its body.

use s3s::{
    S3Result,
    dto::{
        Checksum, ETag, GetObjectAttributesInput, GetObjectAttributesOutput,
        GetObjectAttributesParts, ObjectAttributes, StorageClass, Timestamp,
    },
};

use super::{
    customer_key, error,
    members::{customer_key_headers, set_checksums},
    open, refuse_unmodelled,
    versions::{self, ExistingTags},
};
use crate::{authorize::Scope, state::World};

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
    refuse_unmodelled(&[(
        "pages of parts",
        input.max_parts.is_some() || input.part_number_marker.is_some(),
    )])?;
    let customer_key = customer_key::read(scope, &customer_key_headers!(input))?;
    let actions = ["s3:GetObjectAttributes", "s3:GetObjectVersionAttributes"];
    let find = |actions| {
        let (version, tags) = (input.version_id.as_deref(), ExistingTags::NotKnown);
        versions::find_as(scope, &bucket, &input.key, version, actions, tags, |_| {})
    };
    find(actions)?;
    let (version, content) = find(versions::GET)?;
    if input.object_attributes.is_empty() {
        return Err(error(400, "InvalidArgument", "Invalid attribute name specified."));
    }
    customer_key::check(content, customer_key.as_ref())?;
    let class = StorageClass::from_static(content.storage_class);
    let in_parts = content.etag.contains('-');
    let checksum = content.checksum.as_ref().map(|sum| {
        let mut checksum = Checksum { checksum_type: Some(sum.kind()), ..Checksum::default() };
        set_checksums!(checksum, Some(sum));
        checksum
    });
    Ok(GetObjectAttributesOutput {
        e_tag: wanted(ObjectAttributes::ETAG).then(|| ETag::Strong(content.etag.clone())),
        object_size: wanted(ObjectAttributes::OBJECT_SIZE)
            .then(|| i64::try_from(content.size).ok())
            .flatten(),
        storage_class: wanted(ObjectAttributes::STORAGE_CLASS).then_some(class),
        checksum: checksum.filter(|_| wanted(ObjectAttributes::CHECKSUM)),
        // The parts themselves are listed only for uploads with checksums of their parts; how many
        // there are always.
        object_parts: (in_parts && wanted(ObjectAttributes::OBJECT_PARTS)).then(|| {
            GetObjectAttributesParts {
                total_parts_count: i32::try_from(content.body.len()).ok(),
                ..GetObjectAttributesParts::default()
            }
        }),
        last_modified: Some(Timestamp::from(version.modified)),
        version_id: versions::shown_id(&bucket, version),
        ..GetObjectAttributesOutput::default()
    })
}
