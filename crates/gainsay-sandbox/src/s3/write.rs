//! The one sequence by which an object is written, whichever operation writes it. Each state is
//! made of the one before it, so that none of its rules can be left out:
//!
//! 1. [`WriteHeaders`]: what the headers ask for. Each of their rules is a method, since operations
//!    differ in which they refuse first.
//! 2. [`WriteRequest`]: the headers understood.
//! 3. [`AuthorizedWrite`]: what policies, Object Ownership and Block Public Access have let pass.
//! 4. [`PermittedWrite`]: what the KMS key of the new object has let pass, too.
//! 5. [`SealedWrite`]: what the object will be, its body sealed under that key.
//! 6. [`StoredWrite`]: the version that was added, for the response to report.
//!
//! A multipart upload goes through it twice: when it is created it becomes an [`Upload`] in place
//! of a sealed object, and when it is completed the sealed object is made of the upload.

use std::collections::BTreeMap;

use gainsay_iam::{Context, Layer};
use s3s::{
    S3Result,
    dto::{ETagCondition, Metadata, StorageClass},
};
use time::OffsetDateTime;

use super::{
    AccessList, OpenBucket,
    acl::{self, AclHeaders},
    checksum::Sum,
    conditional, encryption,
    encryption::{Keys, Plan},
    error,
    error_detail::WithDetail as _,
    not_modelled,
    object_lock::{LockHeaders, LockRequest},
    received_body::ReceivedBody,
    versions,
};
use crate::{
    authorize::Scope,
    kms::{Blob, Sealed},
    state::{Content, Encryption, Initiator, Lock, System, Upload, World},
};

/// The classes of general purpose buckets that an upload can ask for, which `FSX_OPENZFS` is not:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html>.
const STORAGE_CLASSES: [&str; 8] = [
    "STANDARD",
    "REDUCED_REDUNDANCY",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "GLACIER_IR",
    "GLACIER",
    "DEEP_ARCHIVE",
];
/// The length of a key in bytes
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>).
const MAX_KEY: usize = 1024;
/// The type of an object that was written without one
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>).
const CONTENT_TYPE: &str = "binary/octet-stream";
/// The metadata that a caller defines, in bytes
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html>).
const MAX_METADATA: usize = 2048;

/// The headers that `PutObject`, `CopyObject` and `CreateMultipartUpload` have in common.
pub(super) struct WriteHeaders<'a> {
    pub acl: AclHeaders<'a>,
    pub encryption: encryption::Headers,
    pub lock: LockHeaders<'a>,
    pub metadata: Option<&'a Metadata>,
    pub storage_class: Option<&'a StorageClass>,
    pub system: System,
    pub tagging: Option<&'a str>,
}

impl WriteHeaders<'_> {
    /// The key and the metadata are no longer than S3 allows.
    pub(super) fn check_limits(&self, key: &str) -> S3Result<()> {
        check_key(key)?;
        let metadata = self.metadata.iter().flat_map(|metadata| metadata.iter());
        let size = metadata.map(|(name, value)| name.len() + value.len()).sum::<usize>();
        if size > MAX_METADATA {
            // The details are those of https://github.com/versity/versitygw/issues/2086.
            return Err(error(
                400,
                "MetadataTooLarge",
                "Your metadata headers exceed the maximum allowed metadata size",
            )
            .with_detail("Size", size.to_string())
            .with_detail("MaxSizeAllowed", MAX_METADATA.to_string()));
        }
        Ok(())
    }

    /// The storage class, which is `STANDARD` where none is named.
    pub(super) fn storage_class(&self) -> S3Result<&'static str> {
        let Some(class) = self.storage_class else { return Ok("STANDARD") };
        let known = STORAGE_CLASSES.into_iter().find(|known| *known == class.as_str());
        known.ok_or_else(|| {
            error(400, "InvalidStorageClass", "The storage class you specified is not valid")
                .with_detail("StorageClassRequested", class.as_str())
        })
    }

    /// What of an object the headers say themselves.
    fn system(&self) -> System {
        let sent = self.system.content_encoding.as_deref();
        System {
            content_encoding: sent.and_then(own_encoding),
            content_type: Some(
                self.system.content_type.clone().unwrap_or_else(|| CONTENT_TYPE.to_owned()),
            ),
            ..self.system.clone()
        }
    }

    fn metadata(&self) -> BTreeMap<String, String> {
        let metadata = self.metadata.iter().flat_map(|metadata| metadata.iter());
        metadata.map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

/// The codings of an object, as they were sent. A coding of the body on its way is none of the
/// object's: where it stands among others it is left out
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html>).
fn own_encoding(sent: &str) -> Option<String> {
    let codings = || sent.split(',').map(str::trim);
    if codings().all(|coding| coding != "aws-chunked") {
        return (!sent.is_empty()).then(|| sent.to_owned());
    }
    let own: Vec<&str> = codings().filter(|coding| *coding != "aws-chunked").collect();
    let separator = if sent.contains(", ") { ", " } else { "," };
    (!own.is_empty()).then(|| own.join(separator))
}

/// A key is no longer than S3 allows.
pub(super) fn check_key(key: &str) -> S3Result<()> {
    if key.len() > MAX_KEY {
        // As https://github.com/versity/versitygw/issues/2080 quotes AWS.
        return Err(error(400, "KeyTooLongError", "Your key is too long")
            .with_detail("Size", key.len().to_string())
            .with_detail("MaxSizeAllowed", MAX_KEY.to_string()));
    }
    Ok(())
}

/// What writes an object, with what only that operation has.
#[derive(Clone, Copy)]
pub(super) enum Operation<'a> {
    /// With If-Match and If-None-Match.
    Put {
        conditions: [Option<&'a ETagCondition>; 2],
    },
    /// With the source, as `BUCKET/KEY`, and the header about the metadata.
    Copy {
        source: &'a str,
        metadata_directive: Option<&'a str>,
    },
    CreateMultipartUpload,
}

/// A write whose headers are understood: everything that its authorization depends on.
pub(super) struct WriteRequest<'a> {
    pub operation: Operation<'a>,
    pub bucket: &'a OpenBucket,
    pub key: &'a str,
    pub headers: &'a WriteHeaders<'a>,
    pub lock: LockRequest,
    pub storage_class: &'static str,
    pub plan: Plan,
    pub tags: Vec<(String, String)>,
}

impl<'a> WriteRequest<'a> {
    /// Authorizes s3:PutObject, and for tags, Object Lock and an ACL their own actions too; then
    /// reads the ACL, which Object Ownership and Block Public Access may refuse.
    pub(super) fn authorize(self, world: &World, scope: &Scope) -> S3Result<AuthorizedWrite<'a>> {
        let bucket = self.bucket;
        let mut context = self.context(scope);
        let blocked = self.plan.customer_key.is_some() && bucket.state.config.blocks_customer_keys;
        let settings: &[Layer] = if blocked { &[Layer::EncryptionBlock] } else { &[] };
        let _permit =
            bucket.authorize_against(scope, "s3:PutObject", Some(self.key), &context, settings)?;
        versions::set_replaced_tags(&mut context, bucket, self.key);
        // Its owner is who uploads it, and sets its ACL as such (recorded by LocalStack,
        // `test_s3_batch_delete_objects_using_requests_with_acl`, 2023-08-03).
        let own = bucket.state.config.ownership != gainsay_model::Ownership::BucketOwnerEnforced;
        if scope.account().is_none() && own && self.headers.acl.is_some() {
            return Err(not_modelled("ACLs of objects that belong to nobody"));
        }
        let tagging = (!self.tags.is_empty()).then_some("s3:PutObjectTagging");
        let acl = self.headers.acl.is_some().then_some("s3:PutObjectAcl");
        for action in tagging.into_iter().chain(self.lock.actions()).chain(acl) {
            let _permit = bucket.authorize_object(scope, action, self.key, &context)?;
        }
        self.check_caller(scope)?;
        check_redirect(&self.headers.system)?;
        let acl = acl::of_upload(world, scope, bucket, self.key, &self.headers.acl)?;
        Ok(AuthorizedWrite {
            properties: Properties {
                system: self.headers.system(),
                metadata: self.headers.metadata(),
                tags: self.tags,
                storage_class: self.storage_class,
                lock: self.lock.of_new_version(bucket, scope.now),
                acl,
            },
            operation: self.operation,
            bucket,
            key: self.key,
            lock: self.lock,
            plan: self.plan,
        })
    }

    /// The condition keys that policies see of a write.
    fn context(&self, scope: &Scope) -> Context {
        let mut context = self.bucket.context(scope);
        self.plan.set_context(&mut context);
        self.headers.acl.set_context(&mut context);
        match self.headers.storage_class {
            Some(_) => context.set("s3:x-amz-storage-class", self.storage_class),
            // No page says whether policies see the default.
            None => context.set_unmodelled("s3:x-amz-storage-class"),
        }
        set_tags(&mut context, &self.tags);
        if let Some(location) = &self.headers.system.website_redirect {
            context.set("s3:x-amz-website-redirect-location", location.as_str());
        }
        match self.operation {
            Operation::Put { conditions } => {
                set_creation(&mut context, true);
                set_conditions(&mut context, conditions);
            }
            Operation::Copy { source, metadata_directive } => {
                set_creation(&mut context, true);
                context.set("s3:x-amz-copy-source", source);
                // Absent where the header is, whose default policies do not see (assumed).
                if let Some(directive) = metadata_directive {
                    context.set("s3:x-amz-metadata-directive", directive);
                }
            }
            Operation::CreateMultipartUpload => set_creation(&mut context, false),
        }
        self.lock.set_context(&mut context, self.bucket, scope.now);
        context
    }

    /// Multipart uploads are not for anonymous callers, even where a policy allows them (recorded
    /// by third parties); a policy's Deny is said first (assumed).
    fn check_caller(&self, scope: &Scope) -> S3Result<()> {
        match self.operation {
            Operation::CreateMultipartUpload if scope.account().is_none() => Err(error(
                403,
                "AccessDenied",
                "Anonymous users cannot initiate multipart uploads.  Please authenticate.",
            )),
            Operation::Put { .. } | Operation::Copy { .. } | Operation::CreateMultipartUpload => {
                Ok(())
            }
        }
    }
}

/// Sets the condition keys about the tags that a request brings.
pub(super) fn set_tags(context: &mut Context, tags: &[(String, String)]) {
    for (key, value) in tags {
        context.set(&format!("s3:RequestObjectTag/{key}"), value.as_str());
    }
    if !tags.is_empty() {
        context.set_all("s3:RequestObjectTagKeys", tags.iter().map(|(key, _)| key.clone()));
    }
}

/// Sets the condition key about whether a write makes an object, as PutObject, `CopyObject` and
/// `CompleteMultipartUpload` do and the other steps of a multipart upload do not:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html>.
pub(super) fn set_creation(context: &mut Context, creates: bool) {
    context.set("s3:ObjectCreationOperation", creates.to_string());
}

/// Sets the condition keys about conditional writes:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html>.
pub(super) fn set_conditions(context: &mut Context, conditions: [Option<&ETagCondition>; 2]) {
    for (key, condition) in ["s3:if-match", "s3:if-none-match"].into_iter().zip(conditions) {
        match condition {
            Some(ETagCondition::Any) => context.set(key, "*"),
            Some(ETagCondition::ETag(etag)) => context.set(key, etag.value()),
            None => {}
        }
    }
}

/// What an object has besides its body and its encryption.
pub(super) struct Properties {
    pub system: System,
    pub metadata: BTreeMap<String, String>,
    pub tags: Vec<(String, String)>,
    pub storage_class: &'static str,
    pub lock: Lock,
    pub acl: AccessList,
}

impl Properties {
    /// The properties that a multipart upload was created with.
    pub(super) fn of_upload(upload: &Upload) -> Self {
        Self {
            system: upload.headers.clone(),
            metadata: upload.metadata.clone(),
            tags: upload.tags.clone(),
            storage_class: upload.storage_class,
            lock: upload.lock,
            acl: upload.acl.clone(),
        }
    }
}

/// A write that the actions of S3 permit.
pub(super) struct AuthorizedWrite<'a> {
    /// From the headers; a copy takes some of them from its source.
    pub properties: Properties,
    operation: Operation<'a>,
    bucket: &'a OpenBucket,
    key: &'a str,
    lock: LockRequest,
    plan: Plan,
}

impl<'a> AuthorizedWrite<'a> {
    /// Authorizes kms:GenerateDataKey, where the new object is encrypted with a KMS key.
    pub(super) fn authorize_key(
        self,
        world: &World,
        scope: &Scope,
    ) -> S3Result<PermittedWrite<'a>> {
        let encryption = &self.plan.encryption;
        encryption::authorize_write(world, scope, self.bucket, self.key, encryption)?;
        Ok(PermittedWrite(self))
    }
}

/// A write that the actions of S3 and of KMS permit.
pub(super) struct PermittedWrite<'a>(AuthorizedWrite<'a>);

impl<'a> PermittedWrite<'a> {
    /// Checks a body that was sent: against the digests that came with it, and whether Object Lock
    /// takes one. Returns the checksum to store.
    pub(super) fn check_body(
        &self,
        body: &ReceivedBody,
        sent: [Option<String>; 5],
        content_md5: Option<&str>,
    ) -> S3Result<Option<Sum>> {
        let Self(write) = self;
        if write.lock.needs_digest(write.bucket) && !body.has_digest(&sent, content_md5) {
            return Err(error(
                400,
                "InvalidRequest",
                concat!(
                    "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object ",
                    "requests with Object Lock parameters"
                ),
            ));
        }
        body.sums.check(sent, &body.trailers, content_md5)
    }

    /// Checks the conditions of the write against what is there.
    pub(super) fn check_conditions(&self) -> S3Result<()> {
        match self.0.operation {
            Operation::Put { conditions } => {
                conditional::check_write(self.0.bucket, self.0.key, conditions, None)
            }
            Operation::Copy { .. } | Operation::CreateMultipartUpload => Ok(()),
        }
    }

    /// Seals the body under the key of the new object.
    pub(super) fn seal(
        self,
        world: &World,
        body: &[Blob],
        md5: [u8; 16],
        checksum: Option<Sum>,
    ) -> S3Result<SealedWrite<'a>> {
        let Self(write) = self;
        let keys = Keys {
            world,
            bucket: write.bucket,
            object: write.key,
            encryption: &write.plan.encryption,
            customer_key: write.plan.customer_key.as_ref(),
        };
        Ok(SealedWrite {
            bucket: write.bucket,
            key: write.key,
            etag: entity_tag(&write.plan.encryption, md5),
            body: keys.seal_all(body)?,
            encryption: write.plan.encryption,
            checksum,
            part_checksums: Vec::new(),
            properties: write.properties,
        })
    }

    /// Makes a multipart upload of it, whose parts are still to come. `checksum` is the algorithm
    /// of its checksums and whether the object's is put together from those of the parts.
    pub(super) fn into_upload(
        self,
        started: OffsetDateTime,
        checksum: Option<(&'static str, bool)>,
        initiator: Initiator,
    ) -> Upload {
        let Self(AuthorizedWrite { properties, bucket, key, plan, .. }) = self;
        Upload {
            key: key.to_owned(),
            started,
            encryption: plan.encryption,
            encryption_keys: plan.condition_keys,
            headers: properties.system,
            metadata: properties.metadata,
            tags: properties.tags,
            storage_class: properties.storage_class,
            lock: properties.lock,
            acl: properties.acl,
            checksum,
            initiator,
            parts: BTreeMap::new(),
            existed: bucket.state.current(key).is_some_and(|found| found.content.is_some()),
        }
    }
}

/// The entity tag: the MD5 of the body where S3 manages the keys, something else otherwise
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html>).
pub(super) fn entity_tag(encryption: &Encryption, md5: [u8; 16]) -> String {
    match encryption {
        Encryption::S3 => hex::encode(md5),
        Encryption::Kms { .. } | Encryption::Customer { .. } => {
            uuid::Uuid::new_v4().simple().to_string()
        }
    }
}

/// An object that is ready to be stored.
pub(super) struct SealedWrite<'a> {
    pub bucket: &'a OpenBucket,
    pub key: &'a str,
    pub etag: String,
    pub body: Vec<Sealed>,
    pub encryption: Encryption,
    pub checksum: Option<Sum>,
    pub part_checksums: Vec<(i32, Sum)>,
    pub properties: Properties,
}

impl SealedWrite<'_> {
    /// Adds the object as a new version.
    pub(super) fn store(self, world: &mut World) -> S3Result<StoredWrite> {
        let modified = world.now();
        let properties = self.properties;
        let content = Content {
            etag: self.etag.clone(),
            size: self.body.iter().map(Sealed::length).sum(),
            body: self.body,
            encryption: self.encryption.clone(),
            checksum: self.checksum.clone(),
            part_checksums: self.part_checksums,
            headers: properties.system,
            metadata: properties.metadata,
            tags: properties.tags,
            storage_class: properties.storage_class,
            lock: properties.lock,
            restored: false,
            annotations: BTreeMap::new(),
            acl: properties.acl,
        };
        Ok(StoredWrite {
            version_id: versions::push(world, self.bucket, self.key, modified, Some(content))?,
            etag: self.etag,
            modified,
            encryption: self.encryption,
            checksum: self.checksum,
        })
    }
}

/// A write that is done, as responses report it.
pub(super) struct StoredWrite {
    pub etag: String,
    /// Nothing where the bucket never had versioning.
    pub version_id: Option<String>,
    pub modified: OffsetDateTime,
    pub encryption: Encryption,
    pub checksum: Option<Sum>,
}

/// Where a website sends those who ask for the object
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>).
pub(super) fn check_redirect(system: &System) -> S3Result<()> {
    let known = |location: &str| {
        ["/", "http://", "https://"].iter().any(|start| location.starts_with(start))
    };
    match &system.website_redirect {
        Some(location) if !known(location) => Err(error(
            400,
            "InvalidRedirectLocation",
            concat!(
                "The website redirect location must have a prefix of 'http://' or 'https://' ",
                "or '/'."
            ),
        )),
        Some(_) | None => Ok(()),
    }
}
