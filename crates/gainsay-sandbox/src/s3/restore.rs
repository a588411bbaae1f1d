//! `RestoreObject`: archived objects are brought back.

use s3s::{
    S3Result,
    dto::{RestoreObjectInput, RestoreObjectOutput},
};

use super::{error_detail::WithDetail as _, not_modelled, open, versions, xml::malformed};
use crate::{authorize::Scope, state::World};

/// s3:RestoreObject; it has no action for versions
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_RestoreObject.html>). The sandbox restores
/// at once where AWS takes hours, and answers 202 where AWS says 200 of an object that was restored
/// before.
pub(super) fn restore(
    world: &mut World,
    scope: &Scope,
    input: RestoreObjectInput,
) -> S3Result<RestoreObjectOutput> {
    let bucket = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let (version, content) = versions::find(
        scope,
        &bucket,
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
    if !versions::is_archived(content) {
        return Err(versions::invalid_state(
            "Restore is not allowed for the object's current storage class",
        )
        .with_detail("StorageClass", content.storage_class));
    }
    versions::change_content(world, &bucket, &input.key, &version.id, |content| {
        content.restored = true;
    });
    Ok(RestoreObjectOutput::default())
}
