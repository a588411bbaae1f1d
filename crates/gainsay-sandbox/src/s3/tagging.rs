//! Tags of objects.

use s3s::{
    S3Result,
    dto::{
        DeleteObjectTaggingInput, DeleteObjectTaggingOutput, GetObjectTaggingInput,
        GetObjectTaggingOutput, PutObjectTaggingInput, PutObjectTaggingOutput, Tag,
    },
};

use super::{
    OpenBucket, error,
    error_detail::WithDetail as _,
    open, versions,
    xml::{self, escape},
};
use crate::{authorize::Scope, state::World};

/// The tags of one object
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html>).
pub(super) const MAX_TAGS: usize = 10;
const WRONG_HEADER: &str = concat!(
    "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters ",
    "without tag name duplicates."
);
/// The tags of one bucket
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketTagging.html>).
pub(super) const MAX_BUCKET_TAGS: usize = 50;

/// The x-amz-tagging header: `a=1&b=2`, url-encoded. What is none of a tag's characters, and a key
/// that is there twice, are faults of the header (recorded by LocalStack,
/// `test_object_tagging_exc`, 2026-02-23).
pub(super) fn parse_header(header: Option<&str>) -> S3Result<Vec<(String, String)>> {
    let header = header.unwrap_or_default();
    let pairs = form_urlencoded::parse(header.as_bytes());
    let pairs: Vec<(String, String)> =
        pairs.map(|(key, value)| (key.into_owned(), value.into_owned())).collect();
    let valid = pairs.iter().all(|(key, value)| is_text(key) && is_text(value));
    if !valid || repeated(&pairs).is_some() {
        return Err(error(400, "InvalidArgument", WRONG_HEADER)
            .with_detail("ArgumentName", "x-amz-tagging")
            .with_detail("ArgumentValue", header));
    }
    check_object(pairs)
}

/// Letters and digits of any script, spaces and these
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html>).
fn is_text(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c))
}

/// The key of a tag that is there twice.
fn repeated(tags: &[(String, String)]) -> Option<&str> {
    let earlier =
        |index: usize, key: &str| tags.iter().take(index).any(|(earlier, _)| earlier == key);
    let mut repeated = tags.iter().enumerate().filter(|(index, (key, _))| earlier(*index, key));
    repeated.next().map(|(_, (key, _))| key.as_str())
}

/// The tags of an object, in the words of S3 about each (recorded by LocalStack,
/// `test_tagging_validation`, 2026-02-23).
fn check_object(tags: Vec<(String, String)>) -> S3Result<Vec<(String, String)>> {
    let invalid = |message: &'static str, key: &str| {
        error(400, "InvalidTag", message).with_detail("TagKey", key)
    };
    if let Some(key) = repeated(&tags) {
        return Err(invalid("Cannot provide multiple Tags with the same key", key));
    }
    for (key, value) in &tags {
        if key.starts_with("aws:") {
            return Err(invalid("Your TagKey cannot be prefixed with aws:", key));
        }
        if !is_text(key) || key.is_empty() || key.chars().count() > 128 {
            return Err(invalid("The TagKey you have provided is invalid", key));
        }
        if !is_text(value) || value.chars().count() > 256 {
            let message = "The TagValue you have provided is invalid";
            return Err(invalid(message, key).with_detail("TagValue", value.as_str()));
        }
    }
    check(tags, MAX_TAGS)
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
    let found = versions::find(scope, &bucket, &input.key, input.version_id.as_deref(), actions);
    let (version, content) =
        versions::unless_marker(&bucket, &input.key, found).map_err(|problem| {
            match problem.code().as_str() {
                // With its bucket, here only (recorded by LocalStack, `test_object_tagging_exc`,
                // 2026-02-23).
                "NoSuchKey" => {
                    problem.with_detail("Key", format!("{}/{}", input.bucket, input.key))
                }
                _ => problem,
            }
        })?;
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
    if input.tagging.tag_set.iter().any(|tag| tag.key.is_none() || tag.value.is_none()) {
        return Err(xml::malformed());
    }
    let tags = check_object(pairs(input.tagging.tag_set))?;
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
    let found = versions::find(scope, bucket, key, version, actions);
    let (found, _) = versions::unless_marker(bucket, key, found)?;
    versions::change_content(world, bucket, key, &found.id, |content| content.tags = tags);
    Ok(versions::shown_id(bucket, found))
}
