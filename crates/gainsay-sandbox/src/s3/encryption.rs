//! Which key an upload is encrypted with, which condition keys policies see of it, and the KMS
//! permission it takes.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use gainsay_iam::Context;
use s3s::{S3Result, dto::ServerSideEncryption};

use super::{
    OpenBucket,
    customer_key::{self, CustomerKey},
    error,
    error_detail::WithDetail as _,
    not_modelled,
};
use crate::{
    authorize::{Scope, Via, authorize_key},
    kms::{self, Blob, Key, Opened, Sealed, Seals},
    state::{DefaultEncryption, Encryption, World},
};

const OVER_HTTP: &str = concat!(
    "Requests specifying Server Side Encryption with AWS KMS managed keys must be made over a ",
    "secure connection."
);
const NEEDS_KMS: &str = concat!(
    "Server Side Encryption with AWS KMS managed key requires HTTP header ",
    "x-amz-server-side-encryption : aws:kms"
);
const NOT_A_CONTEXT: &str = concat!(
    "The header 'x-amz-server-side-encryption-context' shall be Base64-encoded UTF-8 string ",
    "holding JSON which represents a string-string map"
);
const TWO_METHODS: &str = concat!(
    "Server Side Encryption with Customer provided key is incompatible with the encryption method ",
    "specified"
);

/// What the headers of an upload ask for.
#[derive(Clone, Debug, Default)]
pub(super) struct Headers {
    pub algorithm: Option<ServerSideEncryption>,
    pub key: Option<String>,
    pub bucket_key: Option<bool>,
    /// x-amz-server-side-encryption-context.
    pub context: Option<String>,
    /// SSE-C: algorithm, key and digest.
    pub customer_key: customer_key::Headers,
}

/// What an upload will be encrypted with.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub encryption: Encryption,
    /// The condition keys that policies see. A multipart upload keeps them for its parts.
    pub condition_keys: Vec<(&'static str, String)>,
    /// The key of SSE-C.
    pub customer_key: Option<CustomerKey>,
}

impl Plan {
    /// Sets the condition keys about the encryption.
    pub(super) fn set_context(&self, context: &mut Context) {
        for (key, value) in &self.condition_keys {
            context.set(key, value.as_str());
        }
    }
}

/// Decides how an upload is encrypted. Without a header the bucket's default applies: policies
/// then see no algorithm but the default key's ARN (recorded by aws-rcp-s3-require-encryption-kms).
/// A key id or alias reaches policies as the key's ARN (assumed: the same project's README).
pub(super) fn plan(
    world: &World,
    scope: &Scope,
    bucket: &OpenBucket,
    headers: &Headers,
) -> S3Result<Plan> {
    let mut plan = plan_without_context(world, scope, bucket, headers)?;
    let Some(written) = &headers.context else { return Ok(plan) };
    match &mut plan.encryption {
        Encryption::Kms { bucket_key: false, pairs, .. } => {
            *pairs = Arc::new(read_context(written)?);
        }
        // With a bucket key the context is the bucket's.
        Encryption::Kms { .. } => {
            return Err(not_modelled("encryption contexts beside a bucket key"));
        }
        Encryption::S3 | Encryption::Customer { .. } => {
            return Err(invalid_method(NEEDS_KMS));
        }
    }
    Ok(plan)
}

/// The pairs of `x-amz-server-side-encryption-context`, which is JSON in base 64
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>). S3's own pair is not the
/// caller's to give.
fn read_context(written: &str) -> S3Result<BTreeMap<String, String>> {
    let malformed = || error(400, "InvalidArgument", NOT_A_CONTEXT);
    let text = STANDARD.decode(written).map_err(|_| malformed())?;
    let pairs: BTreeMap<String, String> = serde_json::from_slice(&text).map_err(|_| malformed())?;
    let apart: BTreeSet<String> = pairs.keys().map(|name| name.to_lowercase()).collect();
    if apart.len() < pairs.len() || apart.contains(OWN_PAIR) {
        return Err(not_modelled(
            "encryption contexts whose keys differ only in case, or with the pair that S3 adds",
        ));
    }
    Ok(pairs)
}

fn plan_without_context(
    world: &World,
    scope: &Scope,
    bucket: &OpenBucket,
    headers: &Headers,
) -> S3Result<Plan> {
    // Whatever else is wrong with the key (recorded by LocalStack,
    // `test_put_object_validation_sse_c`, 2026-02-21).
    if let Some(algorithm) = &headers.algorithm
        && headers.customer_key.iter().any(Option::is_some)
    {
        return Err(error(400, "InvalidArgument", TWO_METHODS)
            .with_detail("ArgumentName", "x-amz-server-side-encryption")
            .with_detail("ArgumentValue", algorithm.as_str()));
    }
    if let Some(key) = customer_key::read(scope, &headers.customer_key)? {
        return plan_customer(headers, key);
    }
    let account = scope.account().unwrap_or_else(|| bucket.account().to_owned());
    let Some(algorithm) = &headers.algorithm else {
        if headers.key.is_some() {
            return Err(invalid_method(NEEDS_KMS));
        }
        return default_plan(world, bucket, headers, &account);
    };
    match algorithm.as_str() {
        ServerSideEncryption::AES256 if headers.key.is_some() => Err(invalid_method(NEEDS_KMS)),
        ServerSideEncryption::AES256 => Ok(Plan {
            encryption: Encryption::S3,
            condition_keys: vec![(ALGORITHM, ServerSideEncryption::AES256.to_owned())],
            customer_key: None,
        }),
        kms @ (ServerSideEncryption::AWS_KMS | ServerSideEncryption::AWS_KMS_DSSE) => {
            // S3 itself refuses this before any policy is asked, so over HTTP such an upload proves
            // nothing about the policy.
            if !scope.secure {
                return Err(error(400, "InvalidArgument", OVER_HTTP));
            }
            let key = match &headers.key {
                Some(text) => named_key(world, text, &account)?,
                // Not the bucket's default key:
                // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>.
                None => world
                    .managed_key(bucket.account())
                    .ok_or_else(|| unknown_key("alias/aws/s3"))?,
            };
            let dual_layer = kms == ServerSideEncryption::AWS_KMS_DSSE;
            Ok(Plan {
                condition_keys: vec![(ALGORITHM, kms.to_owned()), (KEY_ID, key.clone())],
                encryption: Encryption::Kms {
                    key,
                    bucket_key: !dual_layer
                        && headers.bucket_key.unwrap_or_else(|| default_bucket_key(bucket)),
                    dual_layer,
                    pairs: Arc::default(),
                },
                customer_key: None,
            })
        }
        // As OpenStack Swift answers in AWS's stead (`swift/common/middleware/s3api/s3request.py`).
        other => Err(invalid_method("The encryption method specified is not supported")
            .with_detail("ArgumentValue", other)),
    }
}

const ALGORITHM: &str = "s3:x-amz-server-side-encryption";
const KEY_ID: &str = "s3:x-amz-server-side-encryption-aws-kms-key-id";
const CUSTOMER_ALGORITHM: &str = "s3:x-amz-server-side-encryption-customer-algorithm";

/// SSE-C, whose key comes with the request.
fn plan_customer(headers: &Headers, key: CustomerKey) -> S3Result<Plan> {
    if headers.key.is_some() {
        return Err(error(400, "InvalidArgument", TWO_METHODS));
    }
    Ok(Plan {
        encryption: Encryption::Customer { md5: key.md5.clone() },
        condition_keys: vec![(CUSTOMER_ALGORITHM, "AES256".to_owned())],
        customer_key: Some(key),
    })
}

/// A default key by id or alias is looked up in the account of who asks, as AWS says of aliases
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketEncryption.html>).
fn default_plan(
    world: &World,
    bucket: &OpenBucket,
    headers: &Headers,
    account: &str,
) -> S3Result<Plan> {
    let plan = match &bucket.state.default_encryption {
        DefaultEncryption::S3 => {
            Plan { encryption: Encryption::S3, condition_keys: Vec::new(), customer_key: None }
        }
        DefaultEncryption::Kms { key, bucket_key, dual_layer } => {
            let key = match key {
                Some(key) => named_key(world, key, account)?,
                None => world
                    .managed_key(bucket.account())
                    .ok_or_else(|| unknown_key("alias/aws/s3"))?,
            };
            Plan {
                condition_keys: vec![(KEY_ID, key.clone())],
                encryption: Encryption::Kms {
                    key,
                    bucket_key: !dual_layer && headers.bucket_key.unwrap_or(*bucket_key),
                    dual_layer: *dual_layer,
                    pairs: Arc::default(),
                },
                customer_key: None,
            }
        }
    };
    Ok(plan)
}

fn default_bucket_key(bucket: &OpenBucket) -> bool {
    matches!(&bucket.state.default_encryption, DefaultEncryption::Kms { bucket_key: true, .. })
}

/// The refusal of what x-amz-server-side-encryption says.
fn invalid_method(message: &'static str) -> s3s::S3Error {
    error(400, "InvalidArgument", message)
        .with_detail("ArgumentName", "x-amz-server-side-encryption")
}

/// The key that an upload or a bucket's default names. S3 asks KMS of its own Region only, where
/// an id that is written as ids are names a key that is not there (recorded by LocalStack,
/// `test_s3_sse_validate_kms_key`, 2023-08-03).
fn named_key(world: &World, text: &str, account: &str) -> S3Result<String> {
    let region = text.strip_prefix("arn:aws:kms:").and_then(|rest| rest.split(':').next());
    if let Some(region) = region.filter(|region| *region != world.region) {
        return Err(error(400, "KMS.NotFoundException", format!("Invalid arn {region}")));
    }
    if let Some(key) = world.resolve_key(text, account, &world.region) {
        return Ok(key);
    }
    if uuid::Uuid::try_parse(text).is_ok() && text.len() == 36 {
        let arn = format!("arn:aws:kms:{}:{account}:key/{text}", world.region);
        return Err(error(400, "KMS.NotFoundException", format!("Key '{arn}' does not exist")));
    }
    Err(unknown_key(text))
}

fn unknown_key(text: &str) -> s3s::S3Error {
    let message = if text.contains("alias/") {
        format!("Alias {text} is not found.")
    } else if text.starts_with("arn:") {
        format!("Invalid arn {text}")
    } else {
        format!("Invalid keyId '{text}'")
    };
    error(400, "KMS.NotFoundException", message)
}

/// The KMS permission that a key takes under which something is written.
pub(super) fn authorize_write(
    world: &World,
    scope: &Scope,
    bucket: &OpenBucket,
    object: &str,
    encryption: &Encryption,
) -> S3Result<()> {
    authorize(world, scope, bucket, object, encryption, "kms:GenerateDataKey")
}

/// The KMS permission that an object's key takes, asked for in the caller's name through S3.
pub(super) fn authorize(
    world: &World,
    scope: &Scope,
    bucket: &OpenBucket,
    object: &str,
    encryption: &Encryption,
    action: &str,
) -> S3Result<()> {
    let Encryption::Kms { key, .. } = encryption else { return Ok(()) };
    // For an upload by the bucket's default, or any read: S3 serves SSE-KMS over TLS only.
    if !scope.secure {
        return Err(error(400, "InvalidArgument", OVER_HTTP));
    }
    let Some(found) = world.key(key) else {
        return Err(missing_key(scope, key, action));
    };
    let context = context(bucket, object, encryption);
    let _permit = authorize_key(scope, world, found, action, Some(&Via { context: &context }))?;
    // S3 answers as KMS does to it, with a prefix (recorded: localstack's snapshots of AWS).
    match kms::unusable(scope, found, action) {
        None => Ok(()),
        Some(("DisabledException", message)) => Err(error(400, "KMS.DisabledException", message)),
        Some((_, message)) => Err(error(400, "KMS.KMSInvalidStateException", message)),
    }
}

/// A key of the caller's own account is said not to exist; of another account's key KMS says
/// neither.
fn missing_key(scope: &Scope, key: &str, action: &str) -> s3s::S3Error {
    let owner = key.split(':').nth(4).unwrap_or_default();
    if scope.account().as_deref() == Some(owner) {
        return error(400, "KMS.NotFoundException", format!("Key '{key}' does not exist"));
    }
    let who = scope.arn();
    error(
        403,
        "AccessDenied",
        format!(
            "User: {who} is not authorized to perform: {action} on resource: {key} because the \
             resource does not exist in this Region, no resource-based policies allow access, or a \
             resource-based policy explicitly denies access"
        ),
    )
}

/// What S3 adds to every encryption context.
const OWN_PAIR: &str = "aws:s3:arn";

/// The encryption context: `aws:s3:arn`, with a bucket key the bucket's ARN
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html>), and the caller's own
/// pairs.
fn context(bucket: &OpenBucket, object: &str, encryption: &Encryption) -> BTreeMap<String, String> {
    let (arn, pairs) = match encryption {
        Encryption::Kms { bucket_key: true, pairs, .. } => (bucket.arn(), Some(pairs)),
        Encryption::Kms { pairs, .. } => (bucket.object_arn(object), Some(pairs)),
        Encryption::S3 | Encryption::Customer { .. } => (bucket.object_arn(object), None),
    };
    let mut context = pairs.map(|pairs| pairs.as_ref().clone()).unwrap_or_default();
    context.insert(OWN_PAIR.to_owned(), arn);
    context
}

/// What the data keys of a body are sealed with.
pub(super) struct Keys<'a> {
    pub world: &'a World,
    pub bucket: &'a OpenBucket,
    pub object: &'a str,
    pub encryption: &'a Encryption,
    /// The key that came with the request.
    pub customer_key: Option<&'a CustomerKey>,
}

impl Keys<'_> {
    fn with<T>(&self, act: impl FnOnce(&dyn Seals, &str) -> Option<T>) -> Option<T> {
        let context = context(self.bucket, self.object, self.encryption);
        let context = serde_json::to_string(&context).ok()?;
        match self.encryption {
            Encryption::S3 => act(&self.world.s3_key, &context),
            Encryption::Kms { key, .. } => act(&key_of(self.world, key)?.materials, &context),
            Encryption::Customer { .. } => act(&self.customer_key?.material, &context),
        }
    }

    /// Seals the data key of a body that has arrived.
    pub(super) fn seal(&self, blob: &Blob) -> S3Result<Sealed> {
        let sealed = self.with(|material, context| blob.seal(material, context));
        sealed.ok_or_else(|| error(500, "InternalError", "the body could not be sealed"))
    }

    /// Seals the data keys of a body that is in several pieces.
    pub(super) fn seal_all(&self, blobs: &[Blob]) -> S3Result<Vec<Sealed>> {
        blobs.iter().map(|blob| self.seal(blob)).collect()
    }

    /// Opens the data keys of what was sealed.
    pub(super) fn open(&self, sealed: &[Sealed]) -> S3Result<Opened> {
        let opened = self.with(|material, context| {
            sealed.iter().map(|sealed| sealed.open(material, context)).collect()
        });
        opened
            .map(Opened)
            .ok_or_else(|| error(500, "InternalError", "the body could not be opened"))
    }
}

fn key_of<'a>(world: &'a World, arn: &str) -> Option<&'a Key> {
    world.key(arn).map(AsRef::as_ref)
}

/// The header that reports an encryption context to its uploader; readers do not see it.
pub(super) fn reported_context(encryption: &Encryption) -> Option<String> {
    match encryption {
        Encryption::Kms { pairs, .. } if !pairs.is_empty() => {
            Some(STANDARD.encode(serde_json::to_string(pairs.as_ref()).ok()?))
        }
        Encryption::Kms { .. } | Encryption::S3 | Encryption::Customer { .. } => None,
    }
}

/// The headers that report an object's encryption: algorithm, key, bucket key.
pub(super) fn reported(
    encryption: &Encryption,
) -> (Option<ServerSideEncryption>, Option<String>, Option<bool>) {
    match encryption {
        Encryption::S3 => {
            (Some(ServerSideEncryption::from_static(ServerSideEncryption::AES256)), None, None)
        }
        Encryption::Customer { .. } => (None, None, None),
        Encryption::Kms { key, bucket_key, dual_layer, .. } => {
            let algorithm = if *dual_layer {
                ServerSideEncryption::AWS_KMS_DSSE
            } else {
                ServerSideEncryption::AWS_KMS
            };
            (
                Some(ServerSideEncryption::from_static(algorithm)),
                Some(key.clone()),
                bucket_key.then_some(true),
            )
        }
    }
}
