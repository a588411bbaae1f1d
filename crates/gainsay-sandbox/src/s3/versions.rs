//! The versions of an object: the one that a request names is found, authorized and changed, and
//! new ones are added.

use std::sync::Arc;

use gainsay_iam::Context;
use gainsay_model::Versioning;
use http::{HeaderMap, HeaderValue};
use s3s::S3Result;
use time::OffsetDateTime;

use super::{
    OpenBucket, error, error_detail::WithDetail as _, method_not_allowed, no_such_bucket,
    no_such_key,
};
use crate::{
    authorize::Scope,
    state::{Content, NULL_VERSION, Version, World},
};

/// The actions that read an object: its current version, and a version by its id.
pub(super) const GET: [&str; 2] = ["s3:GetObject", "s3:GetObjectVersion"];
/// The storage classes whose objects are restored before they are read.
const ARCHIVES: [&str; 2] = ["GLACIER", "DEEP_ARCHIVE"];

/// The version that a request names, once its action is authorized. `actions` are the one for the
/// current version and the one for a version that is named by its id.
///
/// Whether a missing key is said to be missing depends on s3:ListBucket, so that reading is no way
/// to list: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>.
///
/// # Errors
/// The action is refused, or there is no such version, or it is a delete marker.
pub(super) fn find<'a>(
    scope: &Scope,
    bucket: &'a OpenBucket,
    key: &str,
    version: Option<&str>,
    actions: [&str; 2],
) -> S3Result<(&'a Version, &'a Content)> {
    find_with(scope, bucket, key, version, actions, |_| {})
}

/// The version that a request names, as [`find`] finds it, where `set_context` adds condition keys
/// of the operation's own.
pub(super) fn find_with<'a>(
    scope: &Scope,
    bucket: &'a OpenBucket,
    key: &str,
    version: Option<&str>,
    actions: [&str; 2],
    set_context: impl FnOnce(&mut Context),
) -> S3Result<(&'a Version, &'a Content)> {
    find_as(scope, bucket, key, version, actions, ExistingTags::Sent, set_context)
}

/// Whether policies see the tags of the object that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ExistingTags {
    /// As `s3:ExistingObjectTag/KEY`.
    Sent,
    /// Of `GetObjectAttributes` and of the source of `CopyObject`: the service authorization
    /// reference has the key for the actions that they ask
    /// (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>),
    /// and third parties who tried it on AWS found that it is not sent. Which holds is not assumed.
    NotKnown,
}

/// The version that a request names, as [`find_with`] finds it, where policies see the tags or it
/// is not known whether they do.
pub(super) fn find_as<'a>(
    scope: &Scope,
    bucket: &'a OpenBucket,
    key: &str,
    version: Option<&str>,
    actions: [&str; 2],
    tags: ExistingTags,
    set_context: impl FnOnce(&mut Context),
) -> S3Result<(&'a Version, &'a Content)> {
    const TAG: &str = "s3:ExistingObjectTag/";
    let [of_current, of_version] = actions;
    let found = match version {
        Some(id) => bucket.state.version(key, id),
        None => bucket.state.current(key),
    };
    let mut context = bucket.context(scope);
    if let Some(id) = version {
        context.set("s3:VersionId", id);
    }
    let content = found.and_then(|found| found.content.as_ref());
    match tags {
        ExistingTags::Sent => {
            if let Some(content) = content {
                set_existing_tags(&mut context, content);
            }
        }
        ExistingTags::NotKnown => context.set_unmodelled_prefix(TAG),
    }
    set_context(&mut context);
    let action = if version.is_some() { of_version } else { of_current };
    let _permit = bucket.authorize_object(scope, action, key, &context)?;
    match (found, content) {
        (Some(found), Some(content)) => Ok((found, content)),
        (Some(marker), None) if version.is_some() => Err(on_delete_marker(&marker.id)),
        (Some(_), None) | (None, _) => {
            let listing = listing_context(scope, bucket, key);
            let _permit = bucket.authorize(scope, "s3:ListBucket", &listing)?;
            Err(match (version, found) {
                (Some(id), _) => no_such_version(bucket, key, id),
                (None, Some(marker)) => of_delete_marker(no_such_key(), &marker.id),
                (None, None) => no_such_key(),
            })
        }
    }
}

/// The error of a version id that names no version. One that S3 never gave out is no version id,
/// nor is any but `null` where the bucket never had versioning (recorded by LocalStack,
/// `test_get_object_with_version_unversioned_bucket`, 2026-02-21).
fn no_such_version(bucket: &OpenBucket, key: &str, id: &str) -> s3s::S3Error {
    if !may_be_id(bucket, id) {
        return invalid_id(id);
    }
    error(404, "NoSuchVersion", "The specified version does not exist.")
        .with_detail("Key", key)
        .with_detail("VersionId", id)
}

/// The error of what is no version id.
pub(super) fn invalid_id(id: &str) -> s3s::S3Error {
    error(400, "InvalidArgument", "Invalid version id specified")
        .with_detail("ArgumentName", "versionId")
        .with_detail("ArgumentValue", id)
}

/// Whether a bucket may have given out a version id.
pub(super) fn may_be_id(bucket: &OpenBucket, id: &str) -> bool {
    id == NULL_VERSION || (bucket.state.config.versioning != Versioning::Off && is_issued(id))
}

/// The error of an operation that a delete marker does not take: it can only be deleted
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeleteMarker.html>).
pub(super) fn on_delete_marker(id: &str) -> s3s::S3Error {
    let mut problem = of_delete_marker(method_not_allowed(), id);
    let mut headers = problem.headers().cloned().unwrap_or_default();
    headers.insert(http::header::ALLOW, HeaderValue::from_static("DELETE"));
    problem.set_headers(headers);
    problem.with_detail("ResourceType", "DeleteMarker")
}

/// What [`find`] found; where it is a delete marker that is current, the operation takes none
/// (405), as those about tags do (recorded by LocalStack, `test_object_tagging_delete_marker`,
/// 2026).
pub(super) fn unless_marker<T>(bucket: &OpenBucket, key: &str, found: S3Result<T>) -> S3Result<T> {
    let marker = bucket.state.current(key).filter(|current| current.content.is_none());
    found.map_err(|problem| match (problem.code().as_str(), marker) {
        ("NoSuchKey", Some(marker)) => on_delete_marker(&marker.id),
        _ => problem,
    })
}

/// Sets the condition keys about the tags that an object has.
pub(super) fn set_existing_tags(context: &mut Context, content: &Content) {
    for (tag, value) in &content.tags {
        context.set(&format!("s3:ExistingObjectTag/{tag}"), value.as_str());
    }
}

/// Marks the condition keys about the tags of the object that a write replaces: whether policies
/// see them no page says.
pub(super) fn set_replaced_tags(context: &mut Context, bucket: &OpenBucket, key: &str) {
    let replaced = bucket.state.current(key).and_then(|found| found.content.as_ref());
    for (tag, _) in replaced.iter().flat_map(|content| &content.tags) {
        context.set_unmodelled(&format!("s3:ExistingObjectTag/{tag}"));
    }
}

/// The condition keys of the question whether a missing key may be said to be missing: who may list
/// by the prefix that the key is may know (observed: such a request is 404). That policies see no
/// other parameters of a listing is not documented.
fn listing_context(scope: &Scope, bucket: &OpenBucket, key: &str) -> Context {
    let mut context = bucket.context(scope);
    context.set("s3:prefix", key);
    context.set_unmodelled("s3:delimiter");
    context.set_unmodelled("s3:max-keys");
    context
}

/// An error that a delete marker is the reason of, with the headers that say so.
fn of_delete_marker(mut problem: s3s::S3Error, id: &str) -> s3s::S3Error {
    let mut headers = HeaderMap::new();
    headers.insert("x-amz-delete-marker", HeaderValue::from_static("true"));
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert("x-amz-version-id", id);
    }
    problem.set_headers(headers);
    problem
}

/// Changes what a version holds, in place. A delete marker holds nothing, and stays as it is.
pub(super) fn change_content(
    world: &mut World,
    bucket: &OpenBucket,
    key: &str,
    id: &str,
    change: impl FnOnce(&mut Content),
) {
    let versions = world.bucket_mut(bucket.name()).and_then(|state| state.objects.get_mut(key));
    let version = versions.and_then(|versions| versions.iter_mut().find(|found| found.id == id));
    if let Some(content) = version.and_then(|version| Arc::make_mut(version).content.as_mut()) {
        change(content);
    }
}

/// Adds a version, or a delete marker where there is no content. Returns the id of the version,
/// unless the bucket never had versioning.
pub(super) fn push(
    world: &mut World,
    bucket: &OpenBucket,
    key: &str,
    modified: OffsetDateTime,
    content: Option<Content>,
) -> S3Result<Option<String>> {
    let versioning = bucket.state.config.versioning;
    let id = match versioning {
        Versioning::Enabled => new_id(world.next()),
        Versioning::Off | Versioning::Suspended => NULL_VERSION.to_owned(),
    };
    let version = Version { id: id.clone(), modified, content };
    world.bucket_mut(bucket.name()).ok_or_else(no_such_bucket)?.push(key, version);
    Ok((versioning != Versioning::Off).then_some(id))
}

/// A new version id, which is opaque to clients and unique in the sandbox. Its end tells that it
/// was given out.
fn new_id(sequence: u64) -> String {
    let random = uuid::Uuid::new_v4().simple().to_string();
    let id = format!("{sequence:08x}{}", random.get(..16).unwrap_or_default());
    let end = end_of(&id);
    id + &end
}

/// Whether an id is one that [`new_id`] makes.
fn is_issued(id: &str) -> bool {
    id.split_at_checked(24).is_some_and(|(start, end)| end == end_of(start))
}

fn end_of(start: &str) -> String {
    use md5::{Digest as _, Md5};
    hex::encode(Md5::digest(start)).get(..8).unwrap_or_default().to_owned()
}

/// The id of a version as responses show it: not where the bucket never had versioning.
pub(super) fn shown_id(bucket: &OpenBucket, version: &Version) -> Option<String> {
    (bucket.state.config.versioning != Versioning::Off).then(|| version.id.clone())
}

/// Whether an object is in an archive.
pub(super) fn is_archived(content: &Content) -> bool {
    ARCHIVES.contains(&content.storage_class)
}

/// An archived object is read only once it was restored:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>.
pub(super) fn check_readable(content: &Content) -> S3Result<()> {
    check_readable_as(content, "The operation is not valid for the object's storage class")
}

/// Refuses an archived object that was not restored, in an operation's own words.
pub(super) fn check_readable_as(content: &Content, message: &'static str) -> S3Result<()> {
    if is_archived(content) && !content.restored {
        return Err(invalid_state(message).with_detail("StorageClass", content.storage_class));
    }
    Ok(())
}

/// The error of an operation that the object's storage class does not allow.
pub(super) fn invalid_state(message: &'static str) -> s3s::S3Error {
    error(403, "InvalidObjectState", message)
}
