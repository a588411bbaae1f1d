//! Annotations of objects: named payloads of a version.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectAnnotation.html> and its siblings
//! name one action each, and say that annotations are encrypted as their object is. Which KMS
//! permissions that takes is assumed to be what the object itself takes. No action for versions is
//! named, so it is assumed that a version id changes nothing in the action.

use std::fmt::Write as _;

use md5::{Digest as _, Md5};
use s3s::S3Result;
use time::format_description::well_known::Rfc3339;

use super::{
    OpenBucket,
    encryption::{self, Keys},
    error, not_modelled, open,
    raw_request::{RawRequest, RawResponse},
    received_body::storage_failure,
    versions::{self, shown_id},
    write::entity_tag,
    xml::escape,
};
use crate::{
    authorize::Scope,
    kms::Blob,
    state::{Annotation, Content, Version, World},
};

/// The longest payload, in bytes; the shortest is one byte
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectAnnotation.html>).
const MAX_PAYLOAD: usize = 1 << 20;
/// The annotations of one object
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectAnnotation.html>).
const MAX_ANNOTATIONS: usize = 1000;
/// The longest name, in bytes (assumed: the page of the naming rules was not read).
const MAX_NAME: usize = 512;

/// Whether an operation is about annotations.
pub(super) fn knows(operation: &str) -> bool {
    [
        "PutObjectAnnotation",
        "GetObjectAnnotation",
        "DeleteObjectAnnotation",
        "ListObjectAnnotations",
    ]
    .contains(&operation)
}

/// Answers an operation on annotations.
pub(super) fn answer(
    world: &mut World,
    scope: &Scope,
    raw: &RawRequest<'_>,
) -> S3Result<RawResponse> {
    let bucket = open(world, raw.bucket, raw.expected_owner())?;
    if raw.header("x-amz-object-if-match").is_some() {
        return Err(not_modelled("conditional requests"));
    }
    let name = raw.query("annotationName").unwrap_or_default();
    match raw.operation {
        "PutObjectAnnotation" => put(world, scope, &bucket, raw, name),
        "GetObjectAnnotation" => get(world, scope, &bucket, raw, name),
        "DeleteObjectAnnotation" => delete(world, scope, &bucket, raw, name),
        _ => list(scope, &bucket, raw),
    }
}

fn find<'a>(
    scope: &Scope,
    bucket: &'a OpenBucket,
    raw: &RawRequest<'_>,
    action: &str,
) -> S3Result<(&'a Version, &'a Content)> {
    versions::find(scope, bucket, raw.key, raw.query("versionId"), [action, action])
}

/// The keys of the object itself. An object under a customer's key cannot be read without it, and
/// an annotation has no way to bring it.
fn keys<'a>(
    world: &'a World,
    bucket: &'a OpenBucket,
    key: &'a str,
    content: &'a Content,
) -> Keys<'a> {
    Keys { world, bucket, object: key, encryption: &content.encryption, customer_key: None }
}

fn put(
    world: &mut World,
    scope: &Scope,
    bucket: &OpenBucket,
    raw: &RawRequest<'_>,
    name: &str,
) -> S3Result<RawResponse> {
    let (version, content) = find(scope, bucket, raw, "s3:PutObjectAnnotation")?;
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err(error(400, "InvalidAnnotationName", "The annotation name is not valid"));
    }
    if name.len() > MAX_NAME {
        return Err(error(400, "AnnotationNameTooLong", "The annotation name is too long"));
    }
    if raw.body.len() > MAX_PAYLOAD {
        return Err(error(
            400,
            "EntityTooLarge",
            "Your proposed upload exceeds the maximum allowed size",
        ));
    }
    if raw.body.is_empty() {
        return Err(error(
            400,
            "EntityTooSmall",
            "Your proposed upload is smaller than the minimum allowed size",
        ));
    }
    if content.annotations.len() >= MAX_ANNOTATIONS && !content.annotations.contains_key(name) {
        return Err(error(400, "AnnotationLimitExceeded", "The object has too many annotations"));
    }
    encryption::authorize_write(world, scope, bucket, raw.key, &content.encryption)?;
    let annotation = Annotation {
        etag: entity_tag(&content.encryption, Md5::digest(raw.body).into()),
        size: raw.body.len(),
        body: keys(world, bucket, raw.key, content)
            .seal(&Blob::of(raw.body).map_err(|problem| storage_failure(&problem))?)?,
        modified: world.now(),
    };
    let etag = annotation.etag.clone();
    versions::change_content(world, bucket, raw.key, &version.id, |content| {
        content.annotations.insert(name.to_owned(), annotation);
    });
    let inner =
        format!("<Key>{}</Key><AnnotationName>{}</AnnotationName>", escape(raw.key), escape(name));
    let response = RawResponse::document("PutObjectAnnotationOutput", &inner);
    Ok(described(response, &etag, bucket, version, content))
}

/// A response with the headers that describe an annotation and its object.
fn described(
    response: RawResponse,
    etag: &str,
    bucket: &OpenBucket,
    version: &Version,
    content: &Content,
) -> RawResponse {
    let (algorithm, ..) = encryption::reported(&content.encryption);
    let algorithm = algorithm.map(|algorithm| algorithm.as_str().to_owned());
    response
        .with("etag", Some(format!("\"{etag}\"")))
        .with("x-amz-server-side-encryption", algorithm)
        .with("x-amz-object-version-id", shown_id(bucket, version))
}

fn no_such_annotation() -> s3s::S3Error {
    error(404, "NoSuchAnnotation", "The specified annotation does not exist.")
}

fn get(
    world: &World,
    scope: &Scope,
    bucket: &OpenBucket,
    raw: &RawRequest<'_>,
    name: &str,
) -> S3Result<RawResponse> {
    let (version, content) = find(scope, bucket, raw, "s3:GetObjectAnnotation")?;
    let annotation = content.annotations.get(name).ok_or_else(no_such_annotation)?;
    encryption::authorize(world, scope, bucket, raw.key, &content.encryption, "kms:Decrypt")?;
    let opened =
        keys(world, bucket, raw.key, content).open(std::slice::from_ref(&annotation.body))?;
    let body = opened.bytes().map_err(|problem| storage_failure(&problem))?;
    let response = RawResponse { status: 200, headers: Vec::new(), body };
    Ok(described(response, &annotation.etag, bucket, version, content))
}

fn delete(
    world: &mut World,
    scope: &Scope,
    bucket: &OpenBucket,
    raw: &RawRequest<'_>,
    name: &str,
) -> S3Result<RawResponse> {
    let (version, content) = find(scope, bucket, raw, "s3:DeleteObjectAnnotation")?;
    if !content.annotations.contains_key(name) {
        return Err(no_such_annotation());
    }
    versions::change_content(world, bucket, raw.key, &version.id, |content| {
        content.annotations.remove(name);
    });
    Ok(RawResponse::empty(204).with("x-amz-object-version-id", shown_id(bucket, version)))
}

fn list(scope: &Scope, bucket: &OpenBucket, raw: &RawRequest<'_>) -> S3Result<RawResponse> {
    let pages = ["max-annotation-results", "annotation-prefix", "continuation-token"];
    if pages.iter().any(|key| raw.query(key).is_some()) {
        return Err(not_modelled("pages of annotations"));
    }
    let (version, content) = find(scope, bucket, raw, "s3:ListObjectAnnotations")?;
    let mut entries = String::new();
    for (name, annotation) in &content.annotations {
        _ = write!(
            entries,
            "<AnnotationEntry><AnnotationName>{}</AnnotationName><LastModified>{}</LastModified>\
             <ETag>&quot;{}&quot;</ETag><Size>{}</Size></AnnotationEntry>",
            escape(name),
            annotation.modified.format(&Rfc3339).unwrap_or_default(),
            annotation.etag,
            annotation.size
        );
    }
    let inner = format!(
        "<Annotations>{entries}</Annotations><Bucket>{}</Bucket><Key>{}</Key>\
         <AnnotationCount>{}</AnnotationCount>",
        escape(raw.bucket),
        escape(raw.key),
        content.annotations.len()
    );
    Ok(RawResponse::document("ListObjectAnnotationsOutput", &inner)
        .with("x-amz-object-version-id", shown_id(bucket, version)))
}
