//! Listings. Each sees one page of at most 1000 entries; delimiters and further pages are not modelled.

use s3s::{
    S3Result,
    dto::{
        DeleteMarkerEntry, ETag, ListMultipartUploadsInput, ListMultipartUploadsOutput, ListObjectVersionsInput, ListObjectVersionsOutput,
        ListObjectsV2Input, ListObjectsV2Output, MultipartUpload, Object, ObjectStorageClass, ObjectVersion, ObjectVersionStorageClass,
        Timestamp,
    },
};

use super::{Held, error, not_modelled, open, refuse_unmodelled};
use crate::{
    iam::Context,
    sandbox::{authorize::Scope, state::World},
};

const PAGE: usize = 1000;

/// What a listing tells policies: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html>.
fn context(world: &World, scope: &Scope, held: &Held, prefix: Option<&str>, max: Option<i32>) -> Context {
    let mut context = held.context(world, scope);
    if let Some(prefix) = prefix {
        context.set("s3:prefix", prefix);
    }
    if let Some(max) = max {
        context.set("s3:max-keys", max.to_string());
    }
    context
}

fn page(max: Option<i32>) -> S3Result<usize> {
    match max.map(usize::try_from) {
        None => Ok(PAGE),
        Some(Ok(max)) => Ok(max.min(PAGE)),
        Some(Err(_)) => Err(error(
            400,
            "InvalidArgument",
            "Argument maxKeys must be an integer between 0 and 2147483647",
        )),
    }
}

/// A listing that would need another page is refused: to cut it short would hide keys.
fn whole<T>(entries: &[T], page: usize) -> S3Result<()> {
    if entries.len() > page {
        Err(not_modelled("listings of more than one page"))
    } else {
        Ok(())
    }
}

pub(super) fn objects(world: &mut World, scope: &Scope, input: ListObjectsV2Input) -> S3Result<ListObjectsV2Output> {
    let held = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    refuse_unmodelled(&[
        ("delimiters", input.delimiter.is_some()),
        ("further pages", input.continuation_token.is_some() || input.start_after.is_some()),
        ("url-encoded listings", input.encoding_type.is_some()),
        (
            "optional attributes of listings",
            input.optional_object_attributes.is_some() || input.fetch_owner.is_some(),
        ),
    ])?;
    let context = context(world, scope, &held, input.prefix.as_deref(), input.max_keys);
    let _permit = held.authorize(scope, "s3:ListBucket", &context)?;
    let prefix = input.prefix.clone().unwrap_or_default();
    let current = held.bucket.objects.iter().filter(|(key, _)| key.starts_with(&prefix));
    let contents: Vec<Object> = current
        .filter_map(|(key, versions)| {
            let version = versions.last()?;
            let content = version.content.as_ref()?;
            Some(Object {
                key: Some(key.clone()),
                e_tag: Some(ETag::Strong(content.etag.clone())),
                size: i64::try_from(content.size).ok(),
                last_modified: Some(Timestamp::from(version.modified)),
                storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
                ..Object::default()
            })
        })
        .collect();
    let page = page(input.max_keys)?;
    whole(&contents, page)?;
    Ok(ListObjectsV2Output {
        name: Some(input.bucket),
        prefix: Some(prefix),
        max_keys: i32::try_from(page).ok(),
        key_count: i32::try_from(contents.len()).ok(),
        is_truncated: Some(false),
        contents: Some(contents),
        ..ListObjectsV2Output::default()
    })
}

pub(super) fn versions(world: &mut World, scope: &Scope, input: ListObjectVersionsInput) -> S3Result<ListObjectVersionsOutput> {
    let held = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    refuse_unmodelled(&[
        ("delimiters", input.delimiter.is_some()),
        ("further pages", input.key_marker.is_some() || input.version_id_marker.is_some()),
        ("url-encoded listings", input.encoding_type.is_some()),
        ("optional attributes of listings", input.optional_object_attributes.is_some()),
    ])?;
    let context = context(world, scope, &held, input.prefix.as_deref(), input.max_keys);
    let _permit = held.authorize(scope, "s3:ListBucketVersions", &context)?;
    let prefix = input.prefix.clone().unwrap_or_default();
    let (mut versions, mut markers) = (Vec::new(), Vec::new());
    for (key, held_versions) in held.bucket.objects.iter().filter(|(key, _)| key.starts_with(&prefix)) {
        // Newest first, as S3 lists them.
        for (age, version) in held_versions.iter().rev().enumerate() {
            let modified = Some(Timestamp::from(version.modified));
            match &version.content {
                Some(content) => versions.push(ObjectVersion {
                    key: Some(key.clone()),
                    version_id: Some(version.id.clone()),
                    is_latest: Some(age == 0),
                    e_tag: Some(ETag::Strong(content.etag.clone())),
                    size: i64::try_from(content.size).ok(),
                    last_modified: modified,
                    storage_class: Some(ObjectVersionStorageClass::from_static(ObjectVersionStorageClass::STANDARD)),
                    ..ObjectVersion::default()
                }),
                None => markers.push(DeleteMarkerEntry {
                    key: Some(key.clone()),
                    version_id: Some(version.id.clone()),
                    is_latest: Some(age == 0),
                    last_modified: modified,
                    ..DeleteMarkerEntry::default()
                }),
            }
        }
    }
    let page = page(input.max_keys)?;
    whole(&versions, page)?;
    whole(&markers, page)?;
    Ok(ListObjectVersionsOutput {
        name: Some(input.bucket),
        prefix: Some(prefix),
        max_keys: i32::try_from(page).ok(),
        is_truncated: Some(false),
        versions: Some(versions),
        delete_markers: Some(markers),
        ..ListObjectVersionsOutput::default()
    })
}

pub(super) fn uploads(world: &mut World, scope: &Scope, input: ListMultipartUploadsInput) -> S3Result<ListMultipartUploadsOutput> {
    let held = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    refuse_unmodelled(&[
        ("delimiters", input.delimiter.is_some()),
        ("further pages", input.key_marker.is_some() || input.upload_id_marker.is_some()),
        ("url-encoded listings", input.encoding_type.is_some()),
    ])?;
    // The service authorization reference gives this action no `s3:prefix`; a policy that asks for it cannot be decided.
    let mut context = context(world, scope, &held, None, None);
    context.set_unmodelled("s3:prefix");
    let _permit = held.authorize(scope, "s3:ListBucketMultipartUploads", &context)?;
    let prefix = input.prefix.clone().unwrap_or_default();
    let uploads: Vec<MultipartUpload> = held
        .bucket
        .uploads
        .iter()
        .filter(|(_, upload)| upload.key.starts_with(&prefix))
        .map(|(id, upload)| MultipartUpload {
            key: Some(upload.key.clone()),
            upload_id: Some(id.clone()),
            initiated: Some(Timestamp::from(upload.started)),
            ..MultipartUpload::default()
        })
        .collect();
    whole(&uploads, page(input.max_uploads)?)?;
    Ok(ListMultipartUploadsOutput {
        bucket: Some(input.bucket),
        prefix: Some(prefix),
        is_truncated: Some(false),
        uploads: Some(uploads),
        ..ListMultipartUploadsOutput::default()
    })
}
