//! The parts of a multipart upload, page by page, and who created it.

use s3s::{
    S3Result,
    dto::{ChecksumAlgorithm, ETag, ListPartsInput, ListPartsOutput, Part as ListedPart},
};

use super::{
    acl, error,
    error_detail::WithDetail as _,
    members::{set_checksums, shown_time},
    multipart::{find, kind, no_such_upload},
    open,
};
use crate::{
    authorize::Scope,
    state::{Initiator, Part, Upload, World},
};

/// The parts of one page of `ListParts`
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html>).
const PARTS_PAGE: usize = 1000;

/// Who creates an upload: an IAM user by its ARN, the root user by the account's canonical user id
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_Initiator.html>). The name of a session is
/// assumed.
pub(super) fn initiator(scope: &Scope) -> Initiator {
    let arn = scope.arn();
    let account = scope.account().unwrap_or_default();
    if arn.ends_with(":root") {
        return Initiator { id: acl::canonical_id(&account), name: account };
    }
    let name = arn.rsplit(':').next().unwrap_or_default();
    let name = name.split_once('/').map_or(name, |(_, name)| name).to_owned();
    Initiator { id: arn, name }
}

/// The initiator of an upload as listings show it.
pub(super) fn shown_initiator(upload: &Upload) -> s3s::dto::Initiator {
    s3s::dto::Initiator {
        id: Some(upload.initiator.id.clone()),
        display_name: Some(upload.initiator.name.clone()),
    }
}

/// How many parts a page has at most.
pub(super) fn max_parts(asked: Option<i32>) -> S3Result<usize> {
    match asked.map(usize::try_from) {
        None => Ok(PARTS_PAGE),
        Some(Ok(max)) => Ok(max.min(PARTS_PAGE)),
        Some(Err(_)) => Err(negative("max-parts", asked.unwrap_or_default())),
    }
}

/// The refusal of a number below zero (<https://github.com/versity/versitygw/issues/1383> quotes it
/// of the marker).
pub(super) fn negative(name: &'static str, value: i32) -> s3s::S3Error {
    let message = format!("Argument {name} must be an integer between 0 and 2147483647");
    error(400, "InvalidArgument", message)
        .with_detail("ArgumentName", name)
        .with_detail("ArgumentValue", value.to_string())
}

/// `ListParts`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html>.
#[expect(clippy::needless_pass_by_value, reason = "the wire layer hands inputs over by value")]
pub(super) fn list_parts(
    world: &mut World,
    scope: &Scope,
    input: ListPartsInput,
) -> S3Result<ListPartsOutput> {
    let bucket = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let context = bucket.context(scope);
    let _permit =
        bucket.authorize_object(scope, "s3:ListMultipartUploadParts", &input.key, &context)?;
    let upload = find(&bucket, &input.key, &input.upload_id)
        .ok_or_else(|| no_such_upload(&input.upload_id))?;
    let max = max_parts(input.max_parts)?;
    let marker = input.part_number_marker.unwrap_or(0);
    if marker < 0 {
        return Err(negative("part-number-marker", marker));
    }
    let after: Vec<(&i32, &Part)> = upload.parts.range(marker.saturating_add(1)..).collect();
    let parts = after.iter().take(max).map(|(number, part)| {
        let mut listed = ListedPart {
            part_number: Some(**number),
            e_tag: Some(ETag::Strong(part.etag.clone())),
            size: i64::try_from(part.size).ok(),
            last_modified: Some(shown_time(part.modified)),
            ..ListedPart::default()
        };
        // Not where the upload was created without (recorded by LocalStack,
        // `test_list_parts_pagination`, 2026-02-21).
        set_checksums!(listed, part.checksum.as_ref().filter(|_| upload.checksum.is_some()));
        listed
    });
    let parts: Vec<ListedPart> = parts.collect();
    let truncated = after.len() > parts.len() && max > 0;
    let upper = |name: &str| ChecksumAlgorithm::from(name.to_ascii_uppercase());
    Ok(ListPartsOutput {
        next_part_number_marker: parts.last().map_or(Some(0), |part| part.part_number),
        parts: Some(parts),
        part_number_marker: Some(marker),
        initiator: Some(shown_initiator(upload)),
        max_parts: i32::try_from(max).ok(),
        is_truncated: Some(truncated),
        bucket: Some(input.bucket.clone()),
        key: Some(input.key.clone()),
        upload_id: Some(input.upload_id.clone()),
        owner: Some(acl::owner(bucket.account())),
        storage_class: Some(s3s::dto::StorageClass::from_static(upload.storage_class)),
        checksum_algorithm: upload.checksum.map(|(name, _)| upper(name)),
        checksum_type: upload.checksum.map(|(_, composite)| kind(composite)),
        ..ListPartsOutput::default()
    })
}
