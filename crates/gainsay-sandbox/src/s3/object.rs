//! Objects and their versions: writing them, and finding them to be read.

use std::collections::BTreeMap;

use gainsay_iam::{Context, Layer};
use gainsay_model::Versioning;
use http::{HeaderMap, HeaderValue};
use s3s::{
    S3Result,
    dto::{ETag, ETagCondition, PutObjectInput, PutObjectOutput},
};

use super::{
    AccessList, Held,
    acl::{self, asked_acl},
    conditional, customer,
    encryption::{self, Keys},
    error, lock, open,
    receive::{Sum, Upload},
    refuse_unmodelled, tagging,
};
use crate::{
    authorize::Scope,
    kms::Sealed,
    state::{Content, Encryption, Lock, NULL_VERSION, System, Version, World},
};

/// What any upload carries besides its body.
pub(super) struct Attributes {
    pub headers: System,
    pub metadata: BTreeMap<String, String>,
    pub tags: Vec<(String, String)>,
    pub storage_class: &'static str,
    pub lock: Lock,
    pub acl: AccessList,
    pub checksum: Option<Sum>,
}

/// The classes of general purpose buckets
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html>). Objects of
/// the two archives are restored before they are read.
const CLASSES: [&str; 9] = [
    "STANDARD",
    "REDUCED_REDUNDANCY",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "GLACIER_IR",
    "GLACIER",
    "DEEP_ARCHIVE",
    "FSX_OPENZFS",
];
const ARCHIVES: [&str; 2] = ["GLACIER", "DEEP_ARCHIVE"];

/// The class of an upload.
pub(super) fn storage_class(class: Option<&str>) -> S3Result<&'static str> {
    let Some(class) = class else { return Ok("STANDARD") };
    let known = CLASSES.into_iter().find(|known| *known == class && class != "FSX_OPENZFS");
    known.ok_or_else(|| {
        error(400, "InvalidStorageClass", "The storage class you specified is not valid")
    })
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>, and 2 KB for the
/// metadata that a caller defines
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html>).
pub(super) fn check_limits(key: &str, metadata: Option<&s3s::dto::Metadata>) -> S3Result<()> {
    if key.len() > 1024 {
        return Err(error(400, "KeyTooLongError", "Your key is too long"));
    }
    let size: usize = metadata
        .iter()
        .flat_map(|all| all.iter())
        .map(|(name, value)| name.len() + value.len())
        .sum();
    if size > 2048 {
        return Err(error(
            400,
            "MetadataTooLarge",
            "Your metadata headers exceed the maximum allowed metadata size",
        ));
    }
    Ok(())
}

/// A coding of the body on its way is none of the object.
pub(super) fn stored_encoding(encoding: Option<String>) -> Option<String> {
    let codings = encoding?;
    let kept: Vec<&str> =
        codings.split(',').map(str::trim).filter(|coding| *coding != "aws-chunked").collect();
    (!kept.is_empty()).then(|| kept.join(","))
}

fn asked_lock(scope: &Scope, held: &Held, input: &PutObjectInput) -> S3Result<lock::Asked> {
    lock::Asked::read(
        held,
        scope.now,
        input.object_lock_mode.as_ref().map(s3s::dto::ObjectLockMode::as_str),
        input.object_lock_retain_until_date.as_ref(),
        input
            .object_lock_legal_hold_status
            .as_ref()
            .map(s3s::dto::ObjectLockLegalHoldStatus::as_str),
    )
}

pub(super) fn put(
    world: &mut World,
    scope: &Scope,
    input: PutObjectInput,
    upload: &Upload,
) -> S3Result<PutObjectOutput> {
    let held = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    refuse_unmodelled(&[("appends", input.write_offset_bytes.is_some())])?;
    check_limits(&input.key, input.metadata.as_ref())?;
    let lock = asked_lock(scope, &held, &input)?;
    let storage_class =
        storage_class(input.storage_class.as_ref().map(s3s::dto::StorageClass::as_str))?;
    let headers = encryption::Headers {
        algorithm: input.server_side_encryption,
        key: input.ssekms_key_id,
        bucket_key: input.bucket_key_enabled,
        context: input.ssekms_encryption_context,
        customer: [
            input.sse_customer_algorithm,
            input.sse_customer_key,
            input.sse_customer_key_md5,
        ],
    };
    let plan = encryption::plan(world, scope, &held, &headers)?;
    let tags = tagging::parse_header(input.tagging.as_deref())?;
    let asked = asked_acl!(input);
    let write = Write {
        key: &input.key,
        plan: &plan,
        acl: asked,
        tags: &tags,
        copy_source: None,
        storage_class: input.storage_class.as_ref().map(|_| storage_class),
        conditions: [input.if_match.as_ref(), input.if_none_match.as_ref()],
        lock,
    };
    write.authorize(scope, &held)?;
    let acl = acl::of_upload(world, scope, &held, &input.key, &asked)?;
    encryption::authorize_write(world, scope, &held, &input.key, &plan.encryption)?;
    let given = [
        input.checksum_crc32,
        input.checksum_crc32c,
        input.checksum_crc64nvme,
        input.checksum_sha1,
        input.checksum_sha256,
    ];
    if lock.needs_digest(&held) && !upload.has_digest(&given, input.content_md5.as_deref()) {
        return Err(error(
            400,
            "InvalidRequest",
            "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters",
        ));
    }
    let checksum = upload.sums.check(given, &upload.trailers, input.content_md5.as_deref())?;
    conditional::check_write(&held, &input.key, write.conditions)?;
    let attributes = Attributes {
        headers: System {
            content_type: input.content_type,
            cache_control: input.cache_control,
            content_disposition: input.content_disposition,
            content_encoding: stored_encoding(input.content_encoding),
            content_language: input.content_language,
            expires: input.expires,
            website_redirect: input.website_redirect_location,
        },
        metadata: input.metadata.unwrap_or_default().into_iter().collect(),
        tags,
        storage_class,
        lock: lock.settled(&held, scope.now),
        acl,
        checksum: checksum.clone(),
    };
    let etag = body_etag(&plan.encryption, upload.sums.md5);
    let keys = Keys {
        world,
        held: &held,
        object: &input.key,
        encryption: &plan.encryption,
        customer: plan.customer.as_ref(),
    };
    let body = vec![keys.seal(&upload.blob)?];
    let version = store(world, &held, &input.key, body, &etag, &plan.encryption, attributes)?;
    let (algorithm, key, bucket_key) = encryption::reported(&plan.encryption);
    let (customer_algorithm, customer_md5) = customer::reported(&plan.encryption);
    let [crc32, crc32c, crc64nvme, sha1, sha256] = Sum::members(checksum.as_ref());
    Ok(PutObjectOutput {
        e_tag: Some(ETag::Strong(etag)),
        version_id: version,
        server_side_encryption: algorithm,
        ssekms_key_id: key,
        ssekms_encryption_context: encryption::reported_context(&plan.encryption),
        bucket_key_enabled: bucket_key,
        sse_customer_algorithm: customer_algorithm,
        sse_customer_key_md5: customer_md5,
        checksum_crc32: crc32,
        checksum_crc32c: crc32c,
        checksum_crc64nvme: crc64nvme,
        checksum_sha1: sha1,
        checksum_sha256: sha256,
        checksum_type: checksum.as_ref().map(Sum::kind),
        ..PutObjectOutput::default()
    })
}

/// Everything that the authorization of a write depends on, the same for puts, copies and multipart
/// uploads.
pub(super) struct Write<'a> {
    pub key: &'a str,
    pub plan: &'a encryption::Plan,
    pub acl: acl::Asked<'a>,
    pub tags: &'a [(String, String)],
    pub copy_source: Option<&'a str>,
    /// As it was asked for.
    pub storage_class: Option<&'static str>,
    /// If-Match and If-None-Match.
    pub conditions: [Option<&'a ETagCondition>; 2],
    pub lock: lock::Asked,
}

impl Write<'_> {
    /// s3:PutObject, and for an ACL or tags their own actions too.
    pub(super) fn authorize(&self, scope: &Scope, held: &Held) -> S3Result<()> {
        let mut context = held.context(scope);
        self.plan.set_context(&mut context);
        self.acl.set_context(&mut context);
        match self.storage_class {
            Some(class) => context.set("s3:x-amz-storage-class", class),
            // No page says whether policies are told of the default.
            None => context.set_unmodelled("s3:x-amz-storage-class"),
        }
        if let Some(source) = self.copy_source {
            context.set("s3:x-amz-copy-source", source);
        }
        set_tags(&mut context, self.tags);
        // <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html>.
        for (key, condition) in ["s3:if-match", "s3:if-none-match"].into_iter().zip(self.conditions)
        {
            match condition {
                Some(ETagCondition::Any) => context.set(key, "*"),
                Some(ETagCondition::ETag(etag)) => context.set(key, etag.value()),
                None => {}
            }
        }
        self.lock.set_context(&mut context, scope.now);
        let blocked = self.plan.customer.is_some() && held.bucket.config.blocks_customer_keys;
        let settings: &[Layer] = if blocked { &[Layer::EncryptionBlock] } else { &[] };
        let _permit = held.ask(scope, "s3:PutObject", Some(self.key), &context, settings)?;
        if !self.tags.is_empty() {
            let _permit =
                held.authorize_object(scope, "s3:PutObjectTagging", self.key, &context)?;
        }
        for action in self.lock.actions() {
            let _permit = held.authorize_object(scope, action, self.key, &context)?;
        }
        if self.acl.is_some() {
            let _permit = held.authorize_object(scope, "s3:PutObjectAcl", self.key, &context)?;
        }
        Ok(())
    }
}

/// What policies are told of the tags of a request.
pub(super) fn set_tags(context: &mut Context, tags: &[(String, String)]) {
    for (key, value) in tags {
        context.set(&format!("s3:RequestObjectTag/{key}"), value.as_str());
    }
    if !tags.is_empty() {
        context.set_all("s3:RequestObjectTagKeys", tags.iter().map(|(key, _)| key.clone()));
    }
}

/// The entity tag: the MD5 of the body where S3 manages the keys, something else otherwise
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html>).
pub(super) fn body_etag(encryption: &Encryption, md5: [u8; 16]) -> String {
    match encryption {
        Encryption::S3 => hex::encode(md5),
        Encryption::Kms { .. } | Encryption::Customer { .. } => {
            uuid::Uuid::new_v4().simple().to_string()
        }
    }
}

/// Writes a version and answers its id, unless the bucket never had versioning.
pub(super) fn store(
    world: &mut World,
    held: &Held,
    key: &str,
    body: Vec<Sealed>,
    etag: &str,
    encryption: &Encryption,
    attributes: Attributes,
) -> S3Result<Option<String>> {
    let content = Content {
        etag: etag.to_owned(),
        size: body.iter().map(Sealed::length).sum(),
        body,
        encryption: encryption.clone(),
        checksum: attributes.checksum,
        headers: attributes.headers,
        metadata: attributes.metadata,
        tags: attributes.tags,
        storage_class: attributes.storage_class,
        lock: attributes.lock,
        restored: false,
        annotations: BTreeMap::new(),
        acl: attributes.acl,
    };
    push(world, held, key, Some(content))
}

pub(super) fn push(
    world: &mut World,
    held: &Held,
    key: &str,
    content: Option<Content>,
) -> S3Result<Option<String>> {
    let versioning = held.bucket.config.versioning;
    let id = match versioning {
        Versioning::Enabled => version_id(world.next()),
        Versioning::Off | Versioning::Suspended => NULL_VERSION.to_owned(),
    };
    let version = Version { id: id.clone(), modified: world.now(), content };
    let bucket = world
        .bucket_mut(held.name())
        .ok_or_else(|| error(404, "NoSuchBucket", "The specified bucket does not exist"))?;
    bucket.push(key, version);
    Ok((versioning != Versioning::Off).then_some(id))
}

/// Opaque to clients, unique in the sandbox.
fn version_id(sequence: u64) -> String {
    let random = uuid::Uuid::new_v4().simple().to_string();
    format!("{sequence:08x}{}", random.get(..24).unwrap_or_default())
}

/// The version that a read names, once it is authorized.
///
/// Whether a missing key is said to be missing depends on s3:ListBucket, so that reading is no way
/// to list: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>.
pub(super) fn find<'a>(
    scope: &Scope,
    held: &'a Held,
    key: &str,
    version: Option<&str>,
    actions: [&str; 2],
) -> S3Result<(&'a Version, &'a Content)> {
    find_told(scope, held, key, version, actions, |_| {})
}

/// The same, where policies are told more.
pub(super) fn find_told<'a>(
    scope: &Scope,
    held: &'a Held,
    key: &str,
    version: Option<&str>,
    actions: [&str; 2],
    set_context: impl FnOnce(&mut Context),
) -> S3Result<(&'a Version, &'a Content)> {
    let [plain, versioned] = actions;
    let found = match version {
        Some(id) => held.bucket.version(key, id),
        None => held.bucket.current(key),
    };
    let mut context = held.context(scope);
    if let Some(id) = version {
        context.set("s3:VersionId", id);
    }
    let content = found.and_then(|found| found.content.as_ref());
    for (tag, value) in content.iter().flat_map(|content| &content.tags) {
        context.set(&format!("s3:ExistingObjectTag/{tag}"), value.as_str());
    }
    set_context(&mut context);
    let action = if version.is_some() { versioned } else { plain };
    let _permit = held.authorize_object(scope, action, key, &context)?;
    match (found, content) {
        (Some(found), Some(content)) => Ok((found, content)),
        (Some(found), None) if version.is_some() => {
            let message = "The specified method is not allowed against this resource.";
            Err(of_marker(error(405, "MethodNotAllowed", message), &found.id))
        }
        _ => {
            let listing: Context = held.context(scope);
            let _permit = held.authorize(scope, "s3:ListBucket", &listing)?;
            let missing = error(404, "NoSuchKey", "The specified key does not exist.");
            Err(match (version, found) {
                (Some(_), _) => {
                    error(404, "NoSuchVersion", "The specified version does not exist.")
                }
                (None, Some(marker)) => of_marker(missing, &marker.id),
                (None, None) => missing,
            })
        }
    }
}

/// An error that a delete marker is the reason of.
fn of_marker(mut problem: s3s::S3Error, id: &str) -> s3s::S3Error {
    let mut headers = HeaderMap::new();
    headers.insert("x-amz-delete-marker", HeaderValue::from_static("true"));
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert("x-amz-version-id", id);
    }
    problem.set_headers(headers);
    problem
}

/// An archived object is read only once it was restored:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>.
pub(super) fn check_readable(content: &Content) -> S3Result<()> {
    if ARCHIVES.contains(&content.storage_class) && !content.restored {
        return Err(invalid_state("The operation is not valid for the object's storage class"));
    }
    Ok(())
}

/// Whether an object is in an archive.
pub(super) fn is_archived(content: &Content) -> bool {
    ARCHIVES.contains(&content.storage_class)
}

pub(super) fn invalid_state(message: &'static str) -> s3s::S3Error {
    error(403, "InvalidObjectState", message)
}

pub(super) const GET: [&str; 2] = ["s3:GetObject", "s3:GetObjectVersion"];

pub(super) fn shown_version(held: &Held, version: &Version) -> Option<String> {
    (held.bucket.config.versioning != Versioning::Off).then(|| version.id.clone())
}
