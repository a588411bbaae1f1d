//! Tags of objects.

use s3s::{
    S3Result,
    dto::{
        DeleteObjectTaggingInput, DeleteObjectTaggingOutput, GetObjectTaggingInput,
        GetObjectTaggingOutput, PutObjectTaggingInput, PutObjectTaggingOutput, Tag,
    },
};

use super::{
    OpenBucket, error, open, versions,
    xml::{self, escape},
};
use crate::{authorize::Scope, state::World};

/// The tags of one object
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html>).
pub(super) const MAX_TAGS: usize = 10;
/// The tags of one bucket
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketTagging.html>).
pub(super) const MAX_BUCKET_TAGS: usize = 50;

/// The x-amz-tagging header: `a=1&b=2`, url-encoded.
pub(super) fn parse_header(header: Option<&str>) -> S3Result<Vec<(String, String)>> {
    let pairs = form_urlencoded::parse(header.unwrap_or_default().as_bytes());
    check(pairs.map(|(key, value)| (key.into_owned(), value.into_owned())).collect(), MAX_TAGS)
}

/// The tags, where no key is there twice, there are at most `most`, and none is too long.
pub(super) fn check(tags: Vec<(String, String)>, most: usize) -> S3Result<Vec<(String, String)>> {
    let repeated = tags
        .iter()
        .enumerate()
        .any(|(index, (key, _))| tags.iter().take(index).any(|(earlier, _)| earlier == key));
    if repeated {
        return Err(error(400, "InvalidTag", "Cannot provide multiple Tags with the same key"));
    }
    if tags.len() > most {
        return Err(error(
            400,
            "BadRequest",
            if most == MAX_TAGS {
                "Object tags cannot be greater than 10"
            } else {
                "Bucket tag count cannot be greater than 50"
            },
        ));
    }
    if tags.iter().any(|(key, value)| {
        key.is_empty() || key.chars().count() > 128 || value.chars().count() > 256
    }) {
        return Err(error(
            400,
            "InvalidTag",
            "The TagKey or TagValue you have provided is invalid",
        ));
    }
    Ok(tags)
}

/// The document of a bucket's tags, as they are read.
pub(super) fn document_of(tags: &[(String, String)]) -> String {
    let tags = tags.iter().fold(String::new(), |tags, (key, value)| {
        tags + "<Tag><Key>" + &escape(key) + "</Key><Value>" + &escape(value) + "</Value></Tag>"
    });
    xml::document_of("Tagging", &format!("<TagSet>{tags}</TagSet>"))
}

/// The tags of a document of the wire layer's.
pub(super) fn pairs(tags: Vec<Tag>) -> Vec<(String, String)> {
    let tags = tags.into_iter();
    tags.map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default())).collect()
}

/// `GetObjectTagging`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectTagging.html>.
#[expect(clippy::needless_pass_by_value, reason = "the wire layer hands inputs over by value")]
pub(super) fn get(
    world: &mut World,
    scope: &Scope,
    input: GetObjectTaggingInput,
) -> S3Result<GetObjectTaggingOutput> {
    let bucket = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let actions = ["s3:GetObjectTagging", "s3:GetObjectVersionTagging"];
    let (version, content) =
        versions::find(scope, &bucket, &input.key, input.version_id.as_deref(), actions)?;
    let tags = content
        .tags
        .iter()
        .map(|(key, value)| Tag { key: Some(key.clone()), value: Some(value.clone()) });
    Ok(GetObjectTaggingOutput {
        tag_set: tags.collect(),
        version_id: versions::shown_id(&bucket, version),
    })
}

/// `PutObjectTagging`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectTagging.html>.
pub(super) fn put(
    world: &mut World,
    scope: &Scope,
    input: PutObjectTaggingInput,
) -> S3Result<PutObjectTaggingOutput> {
    let bucket = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let tags = check(pairs(input.tagging.tag_set), MAX_TAGS)?;
    let actions = ["s3:PutObjectTagging", "s3:PutObjectVersionTagging"];
    let version_id =
        replace(world, scope, &bucket, &input.key, input.version_id.as_deref(), actions, tags)?;
    Ok(PutObjectTaggingOutput { version_id })
}

/// `DeleteObjectTagging`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjectTagging.html>.
#[expect(clippy::needless_pass_by_value, reason = "the wire layer hands inputs over by value")]
pub(super) fn delete(
    world: &mut World,
    scope: &Scope,
    input: DeleteObjectTaggingInput,
) -> S3Result<DeleteObjectTaggingOutput> {
    let bucket = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let actions = ["s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging"];
    let version_id = replace(
        world,
        scope,
        &bucket,
        &input.key,
        input.version_id.as_deref(),
        actions,
        Vec::new(),
    )?;
    Ok(DeleteObjectTaggingOutput { version_id })
}

fn replace(
    world: &mut World,
    scope: &Scope,
    bucket: &OpenBucket,
    key: &str,
    version: Option<&str>,
    actions: [&str; 2],
    tags: Vec<(String, String)>,
) -> S3Result<Option<String>> {
    let (found, _) = versions::find(scope, bucket, key, version, actions)?;
    versions::change_content(world, bucket, key, &found.id, |content| content.tags = tags);
    Ok(versions::shown_id(bucket, found))
}
