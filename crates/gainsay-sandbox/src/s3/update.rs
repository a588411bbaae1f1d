//! `UpdateObjectEncryption`: another key for an object that is there, without writing it again
//! (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_UpdateObjectEncryption.html>).
//!
//! The wire layer would take it for PutObject. The page names `s3:UpdateObjectEncryption` and, of
//! KMS, `Encrypt`, `Decrypt`, `GenerateDataKey` and `ReEncrypt*`. Assumed, since it gives no order:
//! the action first, then what is wrong with the request, then the old key (`Decrypt`,
//! `ReEncryptFrom`), then the new one (`GenerateDataKey`, `Encrypt`, `ReEncryptTo`). Older guides
//! name s3:PutObject besides; this page does not. Policies are told of the new key as for an
//! upload.

use std::sync::Arc;

use s3s::S3Result;
use serde::Deserialize;

use super::{
    Held,
    encryption::{self, Keys},
    error, lock, not_modelled, object, open,
    raw::{Answer, Raw, malformed, well_formed},
};
use crate::{
    authorize::Scope,
    state::{Content, Encryption, Version, World},
};

pub(super) const OPERATION: &str = "UpdateObjectEncryption";

const WRONG_TYPE: &str = "Requests that modify an object encryption configuration require a valid new encryption type. Valid values are SSEKMS. Modify the request to specify SSE-KMS for the updated encryption type, and then try again.";
const NO_ARN: &str = "Requests that modify an object's encryption type to SSE-KMS require an Amazon Web Services KMS key Amazon Resource Name (ARN). Modify the request to specify a KMS key ARN, and then try again.";
const BAD_ARN: &str = "Requests that modify an object's encryption type to SSE-KMS require a valid Amazon Web Services KMS key Amazon Resource Name (ARN). Confirm that you have a correctly formatted KMS key ARN in your request, and then try again.";
const SOURCE: &str = "The UpdateObjectEncryption operation doesn't support source objects with the encryption type DSSE-KMS or SSE-C. Only source objects encrypted with SSE-S3 or SSE-KMS are supported.";
const FOREIGN: &str = "The Amazon Web Services KMS key in the request must be owned by the same account as the bucket. Modify the request to specify a KMS key from the same account, and then try again.";

#[derive(Deserialize)]
struct Sent {
    #[serde(rename = "SSE-KMS")]
    kms: Option<Kms>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kms {
    #[serde(rename = "KMSKeyArn")]
    key: Option<String>,
    #[serde(rename = "BucketKeyEnabled")]
    bucket_key: Option<bool>,
}

pub(super) fn answer(world: &mut World, scope: &Scope, raw: &Raw<'_>) -> S3Result<Answer> {
    let held = open(world, raw.bucket, raw.expected_owner())?;
    let sent = read(raw.body);
    let version = raw.query("versionId");
    let (found, content) = authorized(scope, &held, raw, version, &sent)?;
    let encryption = wanted(&held, sent?, content)?;
    // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_UpdateObjectEncryption.html>: not while
    // the object is locked.
    lock::check_removal(scope, &held, raw.key, found, false)?;
    for action in ["kms:Decrypt", "kms:ReEncryptFrom"] {
        encryption::authorize(world, scope, &held, raw.key, &content.encryption, action)?;
    }
    for action in ["kms:GenerateDataKey", "kms:Encrypt", "kms:ReEncryptTo"] {
        encryption::authorize(world, scope, &held, raw.key, &encryption, action)?;
    }
    let keys =
        |encryption| Keys { world, held: &held, object: raw.key, encryption, customer: None };
    let sealed = keys(&encryption).seal_all(&keys(&content.encryption).open(&content.body)?)?;
    if !content.annotations.is_empty() {
        return Err(not_modelled("other keys for objects with annotations"));
    }
    let id = found.id.clone();
    let versions = world.bucket_mut(held.name()).and_then(|bucket| bucket.objects.get_mut(raw.key));
    let held_version = versions.and_then(|versions| versions.iter_mut().find(|held| held.id == id));
    if let Some(content) = held_version.and_then(|version| Arc::make_mut(version).content.as_mut())
    {
        content.encryption = encryption;
        content.body = sealed;
    }
    Ok(Answer::empty(200))
}

/// The version, once the action is authorized; no version has an action of its own.
fn authorized<'a>(
    scope: &Scope,
    held: &'a Held,
    raw: &Raw<'_>,
    version: Option<&str>,
    sent: &S3Result<Sent>,
) -> S3Result<(&'a Version, &'a Content)> {
    let told =
        sent.as_ref().ok().and_then(|sent| sent.kms.as_ref()).and_then(|kms| kms.key.as_deref());
    let keys =
        ["s3:x-amz-server-side-encryption", "s3:x-amz-server-side-encryption-aws-kms-key-id"];
    let set_context = |context: &mut gainsay_iam::Context| {
        for (name, value) in keys.into_iter().zip([told.map(|_| "aws:kms"), told]) {
            match value {
                Some(value) => context.set(name, value),
                None => context.set_unmodelled(name),
            }
        }
    };
    object::find_told(scope, held, raw.key, version, ["s3:UpdateObjectEncryption"; 2], set_context)
}

fn read(body: &[u8]) -> S3Result<Sent> {
    well_formed(body, "ObjectEncryption")?;
    let text = str::from_utf8(body).map_err(|_| malformed())?;
    quick_xml::de::from_str(text).map_err(|_| malformed())
}

/// The new encryption, where it is one that the operation can give.
fn wanted(held: &Held, sent: Sent, content: &Content) -> S3Result<Encryption> {
    let invalid = |message: &'static str| error(400, "InvalidRequest", message);
    let kms = sent.kms.ok_or_else(|| invalid(WRONG_TYPE))?;
    let key = kms.key.filter(|key| !key.is_empty()).ok_or_else(|| invalid(NO_ARN))?;
    let parts: Vec<&str> = key.split(':').collect();
    let ["arn", "aws", "kms", region, account, resource] = parts.as_slice() else {
        return Err(invalid(BAD_ARN));
    };
    if region.is_empty() || account.len() != 12 || !resource.starts_with("key/") {
        return Err(invalid(BAD_ARN));
    }
    if matches!(
        &content.encryption,
        Encryption::Kms { dual_layer: true, .. } | Encryption::Customer { .. }
    ) {
        return Err(invalid(SOURCE));
    }
    // S3's own refusal, no policy's: whoever may use that key.
    if *account != held.account() {
        return Err(error(403, "AccessDenied", FOREIGN));
    }
    Ok(Encryption::Kms {
        key,
        bucket_key: kms.bucket_key.unwrap_or(false),
        dual_layer: false,
        pairs: std::sync::Arc::default(),
    })
}
