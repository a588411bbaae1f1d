//! Deletes: of one object, or of many with a result for each key.

use gainsay_model::Versioning;
use s3s::{
    S3Result,
    dto::{
        DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput,
        DeletedObject, Error,
    },
};

use super::{Held, error, lock, object::push, open, raw::malformed, refuse_unmodelled};
use crate::{authorize::Scope, state::World};

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html>.
const MAX_KEYS: usize = 1000;
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>.
const MAX_KEY: usize = 1024;

/// Deletes many. Each key is authorized on its own and has its own result: the answer is 200 even
/// if all were refused (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html>).
/// The words of a refusal are assumed to be those of a single delete.
pub(super) fn delete_many(
    world: &mut World,
    scope: &Scope,
    input: DeleteObjectsInput,
) -> S3Result<DeleteObjectsOutput> {
    let held = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let conditional = |object: &s3s::dto::ObjectIdentifier| {
        object.e_tag.is_some() || object.last_modified_time.is_some() || object.size.is_some()
    };
    refuse_unmodelled(&[
        ("MFA delete", input.mfa.is_some()),
        ("conditional deletes", input.delete.objects.iter().any(conditional)),
    ])?;
    let objects = input.delete.objects;
    if objects.is_empty() || objects.len() > MAX_KEYS {
        return Err(malformed());
    }
    let quiet = input.delete.quiet.unwrap_or(false);
    let (mut deleted, mut errors) = (Vec::new(), Vec::new());
    for object in objects {
        let result = if object.key.is_empty() {
            Err(error(400, "UserKeyMustBeSpecified", "The delete request must specify a key"))
        } else if object.key.len() > MAX_KEY {
            Err(error(400, "KeyTooLongError", "Your key is too long"))
        } else {
            // Each delete sees what those before it left.
            let held = open(world, &input.bucket, None)?;
            delete_one(
                world,
                scope,
                &held,
                &object.key,
                object.version_id.as_deref(),
                input.bypass_governance_retention,
            )
        };
        match result {
            Ok(_) if quiet => {}
            Ok(output) => deleted.push(DeletedObject {
                delete_marker: output.delete_marker,
                delete_marker_version_id: output
                    .version_id
                    .filter(|_| output.delete_marker == Some(true)),
                key: Some(object.key),
                version_id: object.version_id,
            }),
            // What the sandbox cannot decide must not look like AWS's word for one key.
            Err(problem) if problem.code().as_str() == "NotImplemented" => {
                std::sync::Arc::make_mut(&mut world.buckets)
                    .insert(input.bucket.clone(), held.bucket);
                return Err(problem);
            }
            Err(problem) => errors.push(Error {
                code: Some(problem.code().as_str().to_owned()),
                key: Some(object.key),
                message: problem.message().map(str::to_owned),
                version_id: object.version_id,
            }),
        }
    }
    Ok(DeleteObjectsOutput {
        deleted: Some(deleted),
        errors: Some(errors),
        ..DeleteObjectsOutput::default()
    })
}

#[expect(clippy::needless_pass_by_value, reason = "the wire layer hands inputs over by value")]
pub(super) fn delete(
    world: &mut World,
    scope: &Scope,
    input: DeleteObjectInput,
) -> S3Result<DeleteObjectOutput> {
    let held = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    refuse_unmodelled(&[
        ("MFA delete", input.mfa.is_some()),
        (
            "conditional deletes",
            input.if_match.is_some()
                || input.if_match_last_modified_time.is_some()
                || input.if_match_size.is_some(),
        ),
    ])?;
    delete_one(
        world,
        scope,
        &held,
        &input.key,
        input.version_id.as_deref(),
        input.bypass_governance_retention,
    )
}

/// Deletes one key or one version of it. Without versioning there is one version only, and its id
/// is `null`.
pub(super) fn delete_one(
    world: &mut World,
    scope: &Scope,
    held: &Held,
    key: &str,
    version: Option<&str>,
    bypass: Option<bool>,
) -> S3Result<DeleteObjectOutput> {
    let mut context = held.context(scope);
    let Some(id) = version else {
        let _permit = held.authorize_object(scope, "s3:DeleteObject", key, &context)?;
        return delete_current(world, held, key);
    };
    context.set("s3:VersionId", id);
    let _permit = held.authorize_object(scope, "s3:DeleteObjectVersion", key, &context)?;
    let bypasses = lock::bypasses(scope, held, key, bypass)?;
    if let Some(found) = held.bucket.version(key, id) {
        lock::check_removal(scope, held, key, found, bypasses)?;
    }
    let marker = held.bucket.version(key, id).is_some_and(|version| version.content.is_none());
    if let Some(bucket) = world.bucket_mut(held.name()) {
        let versions = bucket.objects.entry(key.to_owned()).or_default();
        versions.retain(|version| version.id != id);
        if versions.is_empty() {
            bucket.objects.remove(key);
        }
    }
    Ok(DeleteObjectOutput {
        delete_marker: marker.then_some(true),
        version_id: Some(id.to_owned()),
        ..DeleteObjectOutput::default()
    })
}

/// With versioning a delete adds a marker; without, it removes the object.
fn delete_current(world: &mut World, held: &Held, key: &str) -> S3Result<DeleteObjectOutput> {
    if held.bucket.config.versioning == Versioning::Off {
        if let Some(bucket) = world.bucket_mut(held.name()) {
            bucket.objects.remove(key);
        }
        return Ok(DeleteObjectOutput::default());
    }
    let version = push(world, held, key, None)?;
    Ok(DeleteObjectOutput {
        delete_marker: Some(true),
        version_id: version,
        ..DeleteObjectOutput::default()
    })
}
