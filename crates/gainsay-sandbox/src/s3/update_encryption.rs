//! `UpdateObjectEncryption`: another key for an object that is there, without writing it again
//! (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_UpdateObjectEncryption.html>).
//!
//! The wire layer would take it for PutObject. The page names `s3:UpdateObjectEncryption` and, of
//! KMS, `Encrypt`, `Decrypt`, `GenerateDataKey` and `ReEncrypt*`. Assumed, since it gives no order:
//! the action first, then what is wrong with the request, then the old key (`Decrypt`,
//! `ReEncryptFrom`), then the new one (`GenerateDataKey`, `Encrypt`, `ReEncryptTo`). Older guides
//! name s3:PutObject besides; this page does not. Policies see the new key as for an upload.

use s3s::S3Result;
use serde::Deserialize;

use super::{
    OpenBucket,
    encryption::{self, Keys},
    error, not_modelled, object_lock, open,
    raw_request::{RawRequest, RawResponse},
    versions,
    xml::{malformed, well_formed},
};
use crate::{
    authorize::Scope,
    state::{Content, Encryption, Version, World},
};

const WRONG_TYPE: &str = concat!(
    "Requests that modify an object encryption configuration require a valid new encryption ",
    "type. Valid values are SSEKMS. Modify the request to specify SSE-KMS for the updated ",
    "encryption type, and then try again."
);
const NO_ARN: &str = concat!(
    "Requests that modify an object's encryption type to SSE-KMS require an Amazon Web ",
    "Services KMS key Amazon Resource Name (ARN). Modify the request to specify a KMS key ",
    "ARN, and then try again."
);
const BAD_ARN: &str = concat!(
    "Requests that modify an object's encryption type to SSE-KMS require a valid Amazon Web ",
    "Services KMS key Amazon Resource Name (ARN). Confirm that you have a correctly ",
    "formatted KMS key ARN in your request, and then try again."
);
const SOURCE: &str = concat!(
    "The UpdateObjectEncryption operation doesn't support source objects with the ",
    "encryption type DSSE-KMS or SSE-C. Only source objects encrypted with SSE-S3 or ",
    "SSE-KMS are supported."
);
const FOREIGN: &str = concat!(
    "The Amazon Web Services KMS key in the request must be owned by the same account as ",
    "the bucket. Modify the request to specify a KMS key from the same account, and then ",
    "try again."
);

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

/// `UpdateObjectEncryption`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_UpdateObjectEncryption.html>.
pub(super) fn answer(
    world: &mut World,
    scope: &Scope,
    raw: &RawRequest<'_>,
) -> S3Result<RawResponse> {
    let bucket = open(world, raw.bucket, raw.expected_owner())?;
    let sent = read(raw.body);
    let version = raw.query("versionId");
    let (found, content) = authorized(scope, &bucket, raw, version, &sent)?;
    let encryption = wanted(&bucket, sent?, content)?;
    // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_UpdateObjectEncryption.html>: not while
    // the object is locked.
    object_lock::check_removal(scope, &bucket, raw.key, found, false)?;
    for action in ["kms:Decrypt", "kms:ReEncryptFrom"] {
        encryption::authorize(world, scope, &bucket, raw.key, &content.encryption, action)?;
    }
    for action in ["kms:GenerateDataKey", "kms:Encrypt", "kms:ReEncryptTo"] {
        encryption::authorize(world, scope, &bucket, raw.key, &encryption, action)?;
    }
    let keys = |encryption| Keys {
        world,
        bucket: &bucket,
        object: raw.key,
        encryption,
        customer_key: None,
    };
    let opened = keys(&content.encryption).open(&content.body)?;
    let sealed = keys(&encryption).seal_all(&opened.0)?;
    if !content.annotations.is_empty() {
        return Err(not_modelled("other keys for objects with annotations"));
    }
    versions::change_content(world, &bucket, raw.key, &found.id, |content| {
        content.encryption = encryption;
        content.body = sealed;
    });
    Ok(RawResponse::empty(200))
}

/// The version, once the action is authorized; no version has an action of its own.
fn authorized<'a>(
    scope: &Scope,
    bucket: &'a OpenBucket,
    raw: &RawRequest<'_>,
    version: Option<&str>,
    sent: &S3Result<Sent>,
) -> S3Result<(&'a Version, &'a Content)> {
    let new_key =
        sent.as_ref().ok().and_then(|sent| sent.kms.as_ref()).and_then(|kms| kms.key.as_deref());
    let keys =
        ["s3:x-amz-server-side-encryption", "s3:x-amz-server-side-encryption-aws-kms-key-id"];
    let set_context = |context: &mut gainsay_iam::Context| {
        for (name, value) in keys.into_iter().zip([new_key.map(|_| "aws:kms"), new_key]) {
            match value {
                Some(value) => context.set(name, value),
                None => context.set_unmodelled(name),
            }
        }
    };
    versions::find_with(
        scope,
        bucket,
        raw.key,
        version,
        ["s3:UpdateObjectEncryption"; 2],
        set_context,
    )
}

fn read(body: &[u8]) -> S3Result<Sent> {
    well_formed(body, "ObjectEncryption")?;
    let text = str::from_utf8(body).map_err(|_| malformed())?;
    quick_xml::de::from_str(text).map_err(|_| malformed())
}

/// The new encryption, where it is one that the operation can give.
fn wanted(bucket: &OpenBucket, sent: Sent, content: &Content) -> S3Result<Encryption> {
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
    if *account != bucket.account() {
        return Err(error(403, "AccessDenied", FOREIGN));
    }
    Ok(Encryption::Kms {
        key,
        bucket_key: kms.bucket_key.unwrap_or(false),
        dual_layer: false,
        pairs: std::sync::Arc::default(),
    })
}
