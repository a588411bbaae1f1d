//! Form uploads (POST): another way to say a PutObject, authorized and stored as one
//! (<https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html>).
//!
//! The wire layer has a reader of forms of its own, which is never asked: it would take a form for
//! authorized that this one refuses.

mod form;
mod policy;

use s3s::{
    S3Result,
    dto::{ObjectCannedACL, PutObjectInput, ServerSideEncryption, StorageClass, Tagging},
};

pub(crate) use self::{
    form::{Form, parse},
    policy::check,
};
use super::{
    error, not_modelled, object,
    raw::{Answer, document},
    receive::Upload,
    tagging,
};
use crate::{authorize::Scope, state::World};

/// The operation's name in the guard table.
pub(crate) const OPERATION: &str = "PostObject";

/// Fields that are about the form, not the object; `check` and the signature have seen to them.
const OF_THE_FORM: &[&str] = &[
    "bucket",
    "policy",
    "success_action_status",
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-security-token",
    "x-amz-signature",
];

/// Stores what a form holds. Who asks, and that the policy was met, was settled before.
pub(crate) fn answer(
    world: &mut World,
    scope: &Scope,
    form: &Form<'_>,
    bucket: &str,
) -> S3Result<Answer> {
    let status = match form.field("success_action_status") {
        // An unknown value counts as none: the answer is 204.
        None | Some("" | "204") => 204,
        Some("200") => 200,
        Some(_) => return Err(not_modelled("other answers to forms")),
    };
    let input = input(form, bucket)?;
    let stored = object::put(world, scope, input, &Upload::of(form.file)?)?;
    let etag = stored.e_tag.map(|etag| format!("\"{}\"", etag.value()));
    Ok(Answer::empty(status)
        .with("etag", etag)
        .with("x-amz-version-id", stored.version_id)
        .with(
            "x-amz-server-side-encryption",
            stored.server_side_encryption.map(|algorithm| algorithm.as_str().to_owned()),
        )
        .with("x-amz-server-side-encryption-aws-kms-key-id", stored.ssekms_key_id)
        .with(
            "x-amz-server-side-encryption-bucket-key-enabled",
            stored.bucket_key_enabled.map(|enabled| enabled.to_string()),
        ))
}

/// The fields as the input of a PutObject. A field that is not one of these is not modelled.
fn input(form: &Form<'_>, bucket: &str) -> S3Result<PutObjectInput> {
    let key = form.field("key").filter(|key| !key.is_empty());
    let key = key.ok_or_else(|| {
        error(
            400,
            "InvalidArgument",
            "Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the fields.",
        )
    })?;
    if key.contains("${filename}") {
        return Err(not_modelled("keys with the name of the file"));
    }
    if key.len() > 1024 {
        return Err(error(400, "KeyTooLongError", "Your key is too long"));
    }
    let mut input = PutObjectInput {
        bucket: bucket.to_owned(),
        key: key.to_owned(),
        ..PutObjectInput::default()
    };
    for (name, value) in &form.fields {
        let text = || Some((*value).to_owned());
        match name.as_str() {
            "key" => {}
            "bucket" if *value != bucket => {
                return Err(not_modelled("a field `bucket` that is not the bucket"));
            }
            form if OF_THE_FORM.contains(&form) || form.starts_with("x-ignore-") => {}
            "acl" => input.acl = Some(ObjectCannedACL::from((*value).to_owned())),
            "content-type" => input.content_type = text(),
            "tagging" => input.tagging = Some(tags(value)?),
            "x-amz-storage-class" => {
                input.storage_class = Some(StorageClass::from((*value).to_owned()));
            }
            "x-amz-server-side-encryption" => {
                input.server_side_encryption =
                    Some(ServerSideEncryption::from((*value).to_owned()));
            }
            "x-amz-server-side-encryption-aws-kms-key-id" => input.ssekms_key_id = text(),
            "x-amz-server-side-encryption-bucket-key-enabled" => {
                let flag = value.parse().map_err(|_| {
                    error(400, "InvalidArgument", "The bucket key flag is true or false")
                })?;
                input.bucket_key_enabled = Some(flag);
            }
            "x-amz-server-side-encryption-context" => input.ssekms_encryption_context = text(),
            "x-amz-server-side-encryption-customer-algorithm" => {
                input.sse_customer_algorithm = text();
            }
            "x-amz-server-side-encryption-customer-key" => input.sse_customer_key = text(),
            "x-amz-server-side-encryption-customer-key-md5" => input.sse_customer_key_md5 = text(),
            other => match other.strip_prefix("x-amz-meta-").filter(|rest| !rest.is_empty()) {
                Some(meta) => {
                    _ = input
                        .metadata
                        .get_or_insert_default()
                        .insert(meta.to_owned(), (*value).to_owned());
                }
                None => return Err(not_modelled("this field of a form")),
            },
        }
    }
    Ok(input)
}

/// A form has its tags as a document, a header has them as `a=1&b=2`.
fn tags(text: &str) -> S3Result<String> {
    let tagging: Tagging = document(text.as_bytes(), "Tagging")?;
    let tags = tagging
        .tag_set
        .into_iter()
        .map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default()));
    let tags = tagging::check(tags.collect(), tagging::MAX_TAGS)?;
    Ok(form_urlencoded::Serializer::new(String::new()).extend_pairs(tags).finish())
}
