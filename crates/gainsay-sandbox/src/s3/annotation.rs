//! Annotations of objects: named payloads of a version.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectAnnotation.html> and its siblings
//! name one action each, and say that annotations are encrypted as their object is. Which KMS
//! permissions that takes is assumed to be what the object itself takes. No action for versions is
//! named, so it is assumed that a version id changes nothing in the action.

use std::{fmt::Write as _, sync::Arc};

use md5::{Digest as _, Md5};
use s3s::S3Result;
use time::format_description::well_known::Rfc3339;

use super::{
    Held,
    encryption::{self, Keys},
    error, not_modelled,
    object::{self, shown_version},
    open,
    raw::{Answer, Raw, escape},
    receive::unkept,
};
use crate::{
    authorize::Scope,
    kms::Blob,
    state::{Annotation, Content, Version, World},
};

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectAnnotation.html>: 1 byte to 1 MiB,
/// 1,000 to an object.
const MAX_PAYLOAD: usize = 1 << 20;
const MAX_ANNOTATIONS: usize = 1000;
/// Assumed: the page of the naming rules was not read.
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

pub(super) fn answer(world: &mut World, scope: &Scope, raw: &Raw<'_>) -> S3Result<Answer> {
    let held = open(world, raw.bucket, raw.expected_owner())?;
    if raw.header("x-amz-object-if-match").is_some() {
        return Err(not_modelled("conditional requests"));
    }
    let name = raw.query("annotationName").unwrap_or_default();
    match raw.operation {
        "PutObjectAnnotation" => put(world, scope, &held, raw, name),
        "GetObjectAnnotation" => get(world, scope, &held, raw, name),
        "DeleteObjectAnnotation" => delete(world, scope, &held, raw, name),
        _ => list(scope, &held, raw),
    }
}

fn find<'a>(
    scope: &Scope,
    held: &'a Held,
    raw: &Raw<'_>,
    action: &str,
) -> S3Result<(&'a Version, &'a Content)> {
    object::find(scope, held, raw.key, raw.query("versionId"), [action, action])
}

fn change(
    world: &mut World,
    held: &Held,
    key: &str,
    version: &str,
    change: impl FnOnce(&mut Content),
) {
    let versions = world.bucket_mut(held.name()).and_then(|bucket| bucket.objects.get_mut(key));
    let version = versions.and_then(|versions| versions.iter_mut().find(|held| held.id == version));
    if let Some(content) = version.and_then(|version| Arc::make_mut(version).content.as_mut()) {
        change(content);
    }
}

/// The object's own. One under a customer's key cannot be read without it, and an annotation has no
/// way to bring it.
fn keys<'a>(world: &'a World, held: &'a Held, key: &'a str, content: &'a Content) -> Keys<'a> {
    Keys { world, held, object: key, encryption: &content.encryption, customer: None }
}

fn put(
    world: &mut World,
    scope: &Scope,
    held: &Held,
    raw: &Raw<'_>,
    name: &str,
) -> S3Result<Answer> {
    let (version, content) = find(scope, held, raw, "s3:PutObjectAnnotation")?;
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
    encryption::authorize_write(world, scope, held, raw.key, &content.encryption)?;
    let annotation = Annotation {
        etag: object::body_etag(&content.encryption, Md5::digest(raw.body).into()),
        size: raw.body.len(),
        body: keys(world, held, raw.key, content)
            .seal(&Blob::of(raw.body).map_err(|problem| unkept(&problem))?)?,
        modified: world.now(),
    };
    let etag = format!("\"{}\"", annotation.etag);
    let (algorithm, ..) = encryption::reported(&content.encryption);
    change(world, held, raw.key, &version.id, |content| {
        content.annotations.insert(name.to_owned(), annotation);
    });
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<PutObjectAnnotationOutput xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Key>{}</Key><AnnotationName>{}</AnnotationName></PutObjectAnnotationOutput>",
        escape(raw.key),
        escape(name)
    );
    Ok(Answer::xml(body)
        .with("etag", Some(etag))
        .with(
            "x-amz-server-side-encryption",
            algorithm.map(|algorithm| algorithm.as_str().to_owned()),
        )
        .with("x-amz-object-version-id", shown_version(held, version)))
}

fn no_such_annotation() -> s3s::S3Error {
    error(404, "NoSuchAnnotation", "The specified annotation does not exist.")
}

fn get(world: &World, scope: &Scope, held: &Held, raw: &Raw<'_>, name: &str) -> S3Result<Answer> {
    let (version, content) = find(scope, held, raw, "s3:GetObjectAnnotation")?;
    let annotation = content.annotations.get(name).ok_or_else(no_such_annotation)?;
    encryption::authorize(world, scope, held, raw.key, &content.encryption, "kms:Decrypt")?;
    let opened =
        keys(world, held, raw.key, content).open(std::slice::from_ref(&annotation.body))?;
    let body = opened.bytes().map_err(|problem| unkept(&problem))?;
    let (algorithm, ..) = encryption::reported(&content.encryption);
    let answer = Answer { status: 200, headers: Vec::new(), body };
    Ok(answer
        .with("etag", Some(format!("\"{}\"", annotation.etag)))
        .with(
            "x-amz-server-side-encryption",
            algorithm.map(|algorithm| algorithm.as_str().to_owned()),
        )
        .with("x-amz-object-version-id", shown_version(held, version)))
}

fn delete(
    world: &mut World,
    scope: &Scope,
    held: &Held,
    raw: &Raw<'_>,
    name: &str,
) -> S3Result<Answer> {
    let (version, content) = find(scope, held, raw, "s3:DeleteObjectAnnotation")?;
    if !content.annotations.contains_key(name) {
        return Err(no_such_annotation());
    }
    change(world, held, raw.key, &version.id, |content| {
        content.annotations.remove(name);
    });
    Ok(Answer::empty(204).with("x-amz-object-version-id", shown_version(held, version)))
}

fn list(scope: &Scope, held: &Held, raw: &Raw<'_>) -> S3Result<Answer> {
    let pages = ["max-annotation-results", "annotation-prefix", "continuation-token"];
    if pages.iter().any(|key| raw.query(key).is_some()) {
        return Err(not_modelled("pages of annotations"));
    }
    let (version, content) = find(scope, held, raw, "s3:ListObjectAnnotations")?;
    let mut entries = String::new();
    for (name, annotation) in &content.annotations {
        _ = write!(
            entries,
            "<AnnotationEntry><AnnotationName>{}</AnnotationName><LastModified>{}</LastModified><ETag>&quot;{}&quot;</ETag><Size>{}</Size></AnnotationEntry>",
            escape(name),
            annotation.modified.format(&Rfc3339).unwrap_or_default(),
            annotation.etag,
            annotation.size
        );
    }
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListObjectAnnotationsOutput xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Annotations>{entries}</Annotations><Bucket>{}</Bucket><Key>{}</Key><AnnotationCount>{}</AnnotationCount></ListObjectAnnotationsOutput>",
        escape(raw.bucket),
        escape(raw.key),
        content.annotations.len()
    );
    Ok(Answer::xml(body).with("x-amz-object-version-id", shown_version(held, version)))
}
