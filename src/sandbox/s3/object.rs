//! Objects and their versions.

use std::collections::{BTreeMap, HashMap};

use http::HeaderMap;
use s3s::{
    S3Result,
    checksum::ChecksumHasher,
    dto::{
        ETag, GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput, ObjectCannedACL, PutObjectInput, PutObjectOutput,
        StreamingBlob, Timestamp,
    },
};

use super::{Held, acl, encryption, error, open, refuse_unmodelled, tagging};
use crate::{
    environment::Versioning,
    iam::{Context, Layer},
    sandbox::{
        authorize::Scope,
        state::{Content, Encryption, NULL_VERSION, Version, World},
    },
};

/// A body that has arrived, and what was said of it after it.
pub(super) struct Upload<'a> {
    pub bytes: &'a [u8],
    pub trailers: &'a HeaderMap,
}

/// What any upload carries besides its body.
pub(super) struct Attributes {
    pub content_type: Option<String>,
    pub metadata: BTreeMap<String, String>,
    pub tags: Vec<(String, String)>,
    /// `STANDARD` or `GLACIER`.
    pub storage_class: &'static str,
}

/// The storage classes that are modelled: one that is read at once, and one from which objects must be restored first.
pub(super) fn storage_class(class: Option<&str>) -> S3Result<&'static str> {
    match class {
        None | Some("STANDARD") => Ok("STANDARD"),
        Some("GLACIER") => Ok("GLACIER"),
        Some(_) => Err(super::not_modelled("storage classes other than STANDARD and GLACIER")),
    }
}

pub(super) fn put(world: &mut World, scope: &Scope, input: PutObjectInput, upload: &Upload<'_>) -> S3Result<PutObjectOutput> {
    let held = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    refuse_unmodelled(&[
        ("conditional writes", input.if_match.is_some() || input.if_none_match.is_some()),
        (
            "object lock",
            input.object_lock_mode.is_some() || input.object_lock_legal_hold_status.is_some(),
        ),
        ("object lock", input.object_lock_retain_until_date.is_some()),
        ("website redirects", input.website_redirect_location.is_some()),
        ("appends", input.write_offset_bytes.is_some()),
    ])?;
    let storage_class = storage_class(input.storage_class.as_ref().map(s3s::dto::StorageClass::as_str))?;
    let headers = encryption::Headers {
        algorithm: input.server_side_encryption,
        key: input.ssekms_key_id,
        bucket_key: input.bucket_key_enabled,
        has_context: input.ssekms_encryption_context.is_some(),
        customer: [input.sse_customer_algorithm, input.sse_customer_key, input.sse_customer_key_md5],
    };
    let plan = encryption::plan(world, scope, &held, &headers)?;
    let tags = tagging::parse_header(input.tagging.as_deref())?;
    let grants = [
        input.grant_full_control,
        input.grant_read,
        input.grant_read_acp,
        input.grant_write_acp,
    ];
    let write = Write {
        key: &input.key,
        plan: &plan,
        acl: input.acl.as_ref(),
        grants: grants.iter().any(Option::is_some),
        tags: &tags,
        copy_source: None,
        storage_class: input.storage_class.as_ref().map(|_| storage_class),
    };
    write.authorize(world, scope, &held)?;
    encryption::authorize(world, scope, &held, &input.key, &plan.encryption, "kms:GenerateDataKey")?;
    check_sums(
        upload,
        [
            input.checksum_crc32,
            input.checksum_crc32c,
            input.checksum_crc64nvme,
            input.checksum_sha1,
            input.checksum_sha256,
        ],
        input.content_md5.as_deref(),
    )?;
    let attributes = Attributes {
        content_type: input.content_type,
        metadata: input.metadata.unwrap_or_default().into_iter().collect(),
        tags,
        storage_class,
    };
    let etag = body_etag(&plan.encryption, upload.bytes);
    let version = store(world, &held, &input.key, upload.bytes, &etag, &plan.encryption, attributes)?;
    let (algorithm, key, bucket_key) = encryption::reported(&plan.encryption);
    Ok(PutObjectOutput {
        e_tag: Some(ETag::Strong(etag)),
        version_id: version,
        server_side_encryption: algorithm,
        ssekms_key_id: key,
        bucket_key_enabled: bucket_key,
        ..PutObjectOutput::default()
    })
}

/// Everything that the authorization of a write depends on, the same for puts, copies and multipart uploads.
pub(super) struct Write<'a> {
    pub key: &'a str,
    pub plan: &'a encryption::Plan,
    pub acl: Option<&'a ObjectCannedACL>,
    pub grants: bool,
    pub tags: &'a [(String, String)],
    pub copy_source: Option<&'a str>,
    /// As it was asked for.
    pub storage_class: Option<&'static str>,
}

impl Write<'_> {
    /// s3:PutObject, and for an ACL or tags their own actions too.
    pub(super) fn authorize(&self, world: &World, scope: &Scope, held: &Held) -> S3Result<()> {
        let mut context = held.context(world, scope);
        self.plan.tell(&mut context);
        if let Some(acl) = self.acl {
            context.set("s3:x-amz-acl", acl.as_str());
        }
        match self.storage_class {
            Some(class) => context.set("s3:x-amz-storage-class", class),
            // No page says whether policies are told of the default.
            None => context.set_unmodelled("s3:x-amz-storage-class"),
        }
        if let Some(source) = self.copy_source {
            context.set("s3:x-amz-copy-source", source);
        }
        for (key, value) in self.tags {
            context.set(&format!("s3:RequestObjectTag/{key}"), value.as_str());
        }
        if !self.tags.is_empty() {
            context.set_all("s3:RequestObjectTagKeys", self.tags.iter().map(|(key, _)| key.clone()));
        }
        let blocked = self.plan.customer && held.bucket.config.blocks_customer_keys;
        let settings: &[Layer] = if blocked { &[Layer::EncryptionBlock] } else { &[] };
        let _permit = held.ask(scope, "s3:PutObject", &held.object_arn(self.key), &context, settings)?;
        if self.plan.customer {
            return Err(super::not_modelled("SSE-C on a bucket that does not block it"));
        }
        if !self.tags.is_empty() {
            let _permit = held.authorize_object(scope, "s3:PutObjectTagging", self.key, &context)?;
        }
        if self.acl.is_some() || self.grants {
            let _permit = held.authorize_object(scope, "s3:PutObjectAcl", self.key, &context)?;
            acl::check_upload(held, self.acl, self.grants)?;
        }
        Ok(())
    }
}

/// The entity tag: the MD5 of the body where S3 manages the keys, something else otherwise
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html>).
pub(super) fn body_etag(encryption: &Encryption, body: &[u8]) -> String {
    use md5::{Digest as _, Md5};
    match encryption {
        Encryption::S3 => hex::encode(Md5::digest(body)),
        Encryption::Kms { .. } => uuid::Uuid::new_v4().simple().to_string(),
    }
}

/// Writes a version and answers its id, unless the bucket never had versioning.
pub(super) fn store(
    world: &mut World,
    held: &Held,
    key: &str,
    body: &[u8],
    etag: &str,
    encryption: &Encryption,
    attributes: Attributes,
) -> S3Result<Option<String>> {
    let sealed = encryption::seal(world, held, key, encryption, body)?;
    let content = Content {
        etag: etag.to_owned(),
        size: body.len(),
        body: sealed,
        encryption: encryption.clone(),
        content_type: attributes.content_type,
        metadata: attributes.metadata,
        tags: attributes.tags,
        storage_class: attributes.storage_class,
        restored: false,
        annotations: BTreeMap::new(),
    };
    push(world, held, key, Some(content))
}

pub(super) fn push(world: &mut World, held: &Held, key: &str, content: Option<Content>) -> S3Result<Option<String>> {
    let versioning = held.bucket.config.versioning;
    let id = match versioning {
        Versioning::Enabled => version_id(world.next()),
        Versioning::Off | Versioning::Suspended => NULL_VERSION.to_owned(),
    };
    let version = Version {
        id: id.clone(),
        modified: world.now(),
        content,
    };
    let bucket = world
        .bucket_mut(&held.bucket.config.name)
        .ok_or_else(|| error(404, "NoSuchBucket", "The specified bucket does not exist"))?;
    bucket.push(key, version);
    Ok((versioning != Versioning::Off).then_some(id))
}

/// Opaque to clients, unique in the sandbox.
fn version_id(sequence: u64) -> String {
    let random = uuid::Uuid::new_v4().simple().to_string();
    format!("{sequence:08x}{}", random.get(..24).unwrap_or_default())
}

pub(super) fn check_sums(upload: &Upload<'_>, given: [Option<String>; 5], content_md5: Option<&str>) -> S3Result<()> {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use md5::{Digest as _, Md5};
    const NAMES: [&str; 5] = ["crc32", "crc32c", "crc64nvme", "sha1", "sha256"];
    if content_md5.is_some_and(|md5| md5 != STANDARD.encode(Md5::digest(upload.bytes))) {
        return Err(error(
            400,
            "BadDigest",
            "The Content-MD5 you specified did not match what we received.",
        ));
    }
    for (name, header) in NAMES.into_iter().zip(given) {
        let trailer = upload
            .trailers
            .get(format!("x-amz-checksum-{name}"))
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        let Some(expected) = header.or(trailer) else { continue };
        let mut hasher = ChecksumHasher::default();
        match name {
            "crc32" => hasher.crc32 = Some(s3s::crypto::Checksum::new()),
            "crc32c" => hasher.crc32c = Some(s3s::crypto::Checksum::new()),
            "crc64nvme" => hasher.crc64nvme = Some(s3s::crypto::Checksum::new()),
            "sha1" => hasher.sha1 = Some(s3s::crypto::Checksum::new()),
            _ => hasher.sha256 = Some(s3s::crypto::Checksum::new()),
        }
        hasher.update(upload.bytes);
        let sums = hasher.finalize();
        let computed = [
            sums.checksum_crc32,
            sums.checksum_crc32c,
            sums.checksum_crc64nvme,
            sums.checksum_sha1,
            sums.checksum_sha256,
        ];
        if !computed.into_iter().flatten().any(|sum| sum == expected) {
            return Err(error(
                400,
                "BadDigest",
                format!("The {name} you specified did not match the calculated checksum."),
            ));
        }
    }
    Ok(())
}

/// The version that a read names, once it is authorized.
///
/// Whether a missing key is said to be missing depends on s3:ListBucket, so that reading is no way to list:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>.
pub(super) fn find<'a>(
    world: &World,
    scope: &Scope,
    held: &'a Held,
    key: &str,
    version: Option<&str>,
    actions: [&str; 2],
) -> S3Result<(&'a Version, &'a Content)> {
    find_told(world, scope, held, key, version, actions, |_| {})
}

/// The same, where policies are told more.
pub(super) fn find_told<'a>(
    world: &World,
    scope: &Scope,
    held: &'a Held,
    key: &str,
    version: Option<&str>,
    actions: [&str; 2],
    tell: impl FnOnce(&mut Context),
) -> S3Result<(&'a Version, &'a Content)> {
    let [plain, versioned] = actions;
    let found = match version {
        Some(id) => held.bucket.version(key, id),
        None => held.bucket.current(key),
    };
    let mut context = held.context(world, scope);
    if let Some(id) = version {
        context.set("s3:VersionId", id);
    }
    let content = found.and_then(|found| found.content.as_ref());
    for (tag, value) in content.iter().flat_map(|content| &content.tags) {
        context.set(&format!("s3:ExistingObjectTag/{tag}"), value.as_str());
    }
    tell(&mut context);
    let action = if version.is_some() { versioned } else { plain };
    let _permit = held.authorize_object(scope, action, key, &context)?;
    match (found, content) {
        (Some(found), Some(content)) => Ok((found, content)),
        (Some(_), None) if version.is_some() => Err(error(
            405,
            "MethodNotAllowed",
            "The specified method is not allowed against this resource.",
        )),
        _ => {
            let listing: Context = held.context(world, scope);
            let _permit = held.authorize(scope, "s3:ListBucket", &listing)?;
            Err(match version {
                Some(_) => error(404, "NoSuchVersion", "The specified version does not exist."),
                None => error(404, "NoSuchKey", "The specified key does not exist."),
            })
        }
    }
}

/// An archived object is read only once it was restored: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>.
pub(super) fn check_readable(content: &Content) -> S3Result<()> {
    if content.storage_class == "GLACIER" && !content.restored {
        return Err(invalid_state("The operation is not valid for the object's storage class"));
    }
    Ok(())
}

pub(super) fn invalid_state(message: &'static str) -> s3s::S3Error {
    error(403, "InvalidObjectState", message)
}

/// The header of the storage class, which STANDARD objects do not have.
fn shown_class(content: &Content) -> Option<s3s::dto::StorageClass> {
    (content.storage_class != "STANDARD").then(|| s3s::dto::StorageClass::from_static(content.storage_class))
}

pub(super) const GET: [&str; 2] = ["s3:GetObject", "s3:GetObjectVersion"];

#[expect(clippy::needless_pass_by_value, reason = "the wire layer hands inputs over by value")]
pub(super) fn get(world: &mut World, scope: &Scope, input: GetObjectInput) -> S3Result<GetObjectOutput> {
    let held = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    refuse_unmodelled(&[
        ("reading parts", input.part_number.is_some()),
        (
            "SSE-C reads",
            input.sse_customer_algorithm.is_some() || input.sse_customer_key.is_some(),
        ),
    ])?;
    let (version, content) = find(world, scope, &held, &input.key, input.version_id.as_deref(), GET)?;
    check_readable(content)?;
    encryption::authorize(world, scope, &held, &input.key, &content.encryption, "kms:Decrypt")?;
    let body = encryption::unseal(world, &held, &input.key, &content.encryption, &content.body)?;
    let (algorithm, key, bucket_key) = encryption::reported(&content.encryption);
    Ok(GetObjectOutput {
        content_length: i64::try_from(body.len()).ok(),
        body: Some(StreamingBlob::from(s3s::Body::from(body))),
        content_type: content.content_type.clone(),
        e_tag: Some(ETag::Strong(content.etag.clone())),
        last_modified: Some(Timestamp::from(version.modified)),
        metadata: Some(content.metadata.clone().into_iter().collect::<HashMap<_, _>>()),
        version_id: shown_version(&held, version),
        server_side_encryption: algorithm,
        ssekms_key_id: key,
        bucket_key_enabled: bucket_key,
        storage_class: shown_class(content),
        tag_count: (!content.tags.is_empty()).then(|| i32::try_from(content.tags.len()).unwrap_or(i32::MAX)),
        ..GetObjectOutput::default()
    })
}

#[expect(clippy::needless_pass_by_value, reason = "the wire layer hands inputs over by value")]
pub(super) fn head(world: &mut World, scope: &Scope, input: HeadObjectInput) -> S3Result<HeadObjectOutput> {
    let held = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    refuse_unmodelled(&[
        ("reading parts", input.part_number.is_some()),
        (
            "SSE-C reads",
            input.sse_customer_algorithm.is_some() || input.sse_customer_key.is_some(),
        ),
    ])?;
    // Reading what an object is takes no KMS permission.
    let (version, content) = find(world, scope, &held, &input.key, input.version_id.as_deref(), GET)?;
    let (algorithm, key, bucket_key) = encryption::reported(&content.encryption);
    Ok(HeadObjectOutput {
        content_length: i64::try_from(content.size).ok(),
        content_type: content.content_type.clone(),
        e_tag: Some(ETag::Strong(content.etag.clone())),
        last_modified: Some(Timestamp::from(version.modified)),
        metadata: Some(content.metadata.clone().into_iter().collect::<HashMap<_, _>>()),
        version_id: shown_version(&held, version),
        server_side_encryption: algorithm,
        ssekms_key_id: key,
        bucket_key_enabled: bucket_key,
        storage_class: shown_class(content),
        ..HeadObjectOutput::default()
    })
}

pub(super) fn shown_version(held: &Held, version: &Version) -> Option<String> {
    (held.bucket.config.versioning != Versioning::Off).then(|| version.id.clone())
}
