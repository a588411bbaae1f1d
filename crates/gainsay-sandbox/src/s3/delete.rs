//! Deletes: of one object, or of many with a result for each key.

use std::sync::Arc;

use gainsay_model::Versioning;
use s3s::{
    S3Result,
    dto::{
        DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput,
        DeletedObject, ETagCondition, Error,
    },
};

use super::{
    OpenBucket, conditional, error, not_modelled, object_lock, open, refuse_unmodelled,
    versions::{invalid_id, may_be_id, push, set_existing_tags},
    write::{check_key, set_conditions},
    xml::malformed,
};
use crate::{authorize::Scope, state::World};

/// The keys of one `DeleteObjects`
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html>).
const MAX_KEYS: usize = 1000;

/// Deletes many. Each key is authorized on its own and has its own result: the answer is 200 even
/// if all were refused (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html>).
/// The words of a refusal are assumed to be those of a single delete.
pub(super) fn delete_many(
    world: &mut World,
    scope: &Scope,
    input: DeleteObjectsInput,
) -> S3Result<DeleteObjectsOutput> {
    let bucket = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    // Times and sizes are conditions of directory buckets only.
    let conditional = |object: &s3s::dto::ObjectIdentifier| {
        object.last_modified_time.is_some() || object.size.is_some()
    };
    refuse_unmodelled(&[
        ("MFA delete", input.mfa.is_some()),
        ("deletes by time or size", input.delete.objects.iter().any(conditional)),
    ])?;
    object_lock::check_bypass_header(&bucket, input.bypass_governance_retention)?;
    let objects = input.delete.objects;
    if objects.is_empty() || objects.len() > MAX_KEYS {
        return Err(malformed());
    }
    let quiet = input.delete.quiet.unwrap_or(false);
    let (mut deleted, mut errors) = (Vec::new(), Vec::new());
    for object in objects {
        let result = if object.key.is_empty() {
            Err(error(400, "UserKeyMustBeSpecified", "The delete request must specify a key"))
        } else if let Err(problem) = check_key(&object.key) {
            Err(problem)
        } else {
            // Each delete sees what those before it left.
            let bucket = open(world, &input.bucket, None)?;
            let condition = object.e_tag.clone().map(ETagCondition::ETag);
            Target {
                key: &object.key,
                version: object.version_id.as_deref(),
                condition: condition.as_ref(),
                bypass: input.bypass_governance_retention,
            }
            .delete(world, scope, &bucket)
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
                // The bucket is as it was, under its own name, where the request names an access
                // point.
                let name = bucket.name().to_owned();
                Arc::make_mut(&mut world.buckets).insert(name, bucket.state);
                return Err(problem);
            }
            // Here what is no version id names no version (recorded by LocalStack,
            // `test_delete_objects`, 2026-02-21).
            Err(problem) if problem.message() == invalid_id("").message() => errors.push(Error {
                code: Some("NoSuchVersion".to_owned()),
                key: Some(object.key),
                message: Some("The specified version does not exist.".to_owned()),
                version_id: object.version_id,
            }),
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

/// `DeleteObject`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html>.
#[expect(clippy::needless_pass_by_value, reason = "the wire layer hands inputs over by value")]
pub(super) fn delete(
    world: &mut World,
    scope: &Scope,
    input: DeleteObjectInput,
) -> S3Result<DeleteObjectOutput> {
    let bucket = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    refuse_unmodelled(&[
        ("MFA delete", input.mfa.is_some()),
        (
            "deletes by time or size",
            input.if_match_last_modified_time.is_some() || input.if_match_size.is_some(),
        ),
    ])?;
    object_lock::check_bypass_header(&bucket, input.bypass_governance_retention)?;
    Target {
        key: &input.key,
        version: input.version_id.as_deref(),
        condition: input.if_match.as_ref(),
        bypass: input.bypass_governance_retention,
    }
    .delete(world, scope, &bucket)
}

/// What one delete is of, and under which conditions.
struct Target<'a> {
    key: &'a str,
    version: Option<&'a str>,
    /// If-Match.
    condition: Option<&'a ETagCondition>,
    bypass: Option<bool>,
}

impl Target<'_> {
    /// Deletes the key or one version of it. Without versioning there is one version only, and its
    /// id is `null`.
    fn delete(
        &self,
        world: &mut World,
        scope: &Scope,
        bucket: &OpenBucket,
    ) -> S3Result<DeleteObjectOutput> {
        let key = self.key;
        let mut context = bucket.context(scope);
        set_conditions(&mut context, [self.condition, None]);
        let Some(id) = self.version else {
            let _permit = bucket.authorize_object(scope, "s3:DeleteObject", key, &context)?;
            self.check_condition(scope, bucket)?;
            return delete_current(world, bucket, key);
        };
        if self.condition.is_some() {
            // Conditions are on the current version.
            return Err(not_modelled("conditional deletes of versions"));
        }
        context.set("s3:VersionId", id);
        let _permit = bucket.authorize_object(scope, "s3:DeleteObjectVersion", key, &context)?;
        let bypasses = object_lock::bypasses(scope, bucket, key, self.bypass)?;
        if !may_be_id(bucket, id) {
            return Err(invalid_id(id));
        }
        let found = bucket.state.version(key, id);
        if let Some(found) = found {
            object_lock::check_removal(scope, bucket, key, found, bypasses)?;
        }
        let marker = found.is_some_and(|version| version.content.is_none());
        if let Some(state) = world.bucket_mut(bucket.name()) {
            let versions = state.objects.entry(key.to_owned()).or_default();
            versions.retain(|version| version.id != id);
            if versions.is_empty() {
                state.objects.remove(key);
            }
        }
        Ok(DeleteObjectOutput {
            delete_marker: marker.then_some(true),
            version_id: Some(id.to_owned()),
            ..DeleteObjectOutput::default()
        })
    }

    /// If-Match of a delete: to compare an entity tag takes s3:GetObject, too
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html>). What is
    /// said where nothing is there is not modelled: third parties disagree.
    fn check_condition(&self, scope: &Scope, bucket: &OpenBucket) -> S3Result<()> {
        let Some(condition) = self.condition else { return Ok(()) };
        let current = bucket.state.current(self.key);
        let content = current.and_then(|version| version.content.as_ref());
        if matches!(condition, ETagCondition::ETag(_)) {
            let mut context = bucket.context(scope);
            if let Some(content) = content {
                set_existing_tags(&mut context, content);
            }
            let _permit = bucket.authorize_object(scope, "s3:GetObject", self.key, &context)?;
        }
        let content = content.ok_or_else(|| not_modelled("conditional deletes of nothing"))?;
        conditional::check_delete(content, condition)
    }
}

/// With versioning a delete adds a marker; without, it removes the object.
fn delete_current(
    world: &mut World,
    bucket: &OpenBucket,
    key: &str,
) -> S3Result<DeleteObjectOutput> {
    if bucket.state.config.versioning == Versioning::Off {
        if let Some(state) = world.bucket_mut(bucket.name()) {
            state.objects.remove(key);
        }
        return Ok(DeleteObjectOutput::default());
    }
    let version = push(world, bucket, key, world.now(), None)?;
    Ok(DeleteObjectOutput {
        delete_marker: Some(true),
        version_id: version,
        ..DeleteObjectOutput::default()
    })
}
