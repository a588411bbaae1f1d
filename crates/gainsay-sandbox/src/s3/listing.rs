//! Listings of objects, of versions, and of uploads, page by page.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use gainsay_iam::Context;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::{
    S3Result,
    dto::{
        CommonPrefix, DeleteMarkerEntry, ETag, EncodingType, ListMultipartUploadsInput,
        ListMultipartUploadsOutput, ListObjectVersionsInput, ListObjectVersionsOutput,
        ListObjectsInput, ListObjectsOutput, ListObjectsV2Input, ListObjectsV2Output,
        MultipartUpload, Object, ObjectStorageClass, ObjectVersion, ObjectVersionStorageClass,
        StorageClass, Timestamp,
    },
};

use super::{
    Held, acl, error, open,
    page::{Asked, Last, Page, page},
    refuse_unmodelled,
};
use crate::{
    authorize::Scope,
    state::{Content, Upload, Version, World},
};

const PAGE: usize = 1000;
/// What stays as it is in a listing with `encoding-type=url`.
const PLAIN: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/').remove(b'*');

/// What every listing of a bucket is asked by.
struct List<'a> {
    prefix: Option<&'a str>,
    delimiter: Option<&'a str>,
    max: Option<i32>,
    encoding: Option<&'a EncodingType>,
}

impl List<'_> {
    /// What a listing tells policies:
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html>.
    fn context(&self, scope: &Scope, held: &Held) -> Context {
        let mut context = held.context(scope);
        if let Some(prefix) = self.prefix {
            context.set("s3:prefix", prefix);
        }
        if let Some(delimiter) = self.delimiter {
            context.set("s3:delimiter", delimiter);
        }
        if let Some(max) = self.max {
            context.set("s3:max-keys", max.to_string());
        }
        context
    }

    fn max(&self) -> S3Result<usize> {
        match self.max.map(usize::try_from) {
            None => Ok(PAGE),
            Some(Ok(max)) => Ok(max.min(PAGE)),
            Some(Err(_)) => Err(error(
                400,
                "InvalidArgument",
                "Argument maxKeys must be an integer between 0 and 2147483647",
            )),
        }
    }

    fn page<'k, T>(
        &self,
        after: Option<&str>,
        entries: impl Iterator<Item = (&'k str, T)>,
        first: impl Fn(&T) -> bool,
    ) -> S3Result<Page<T>> {
        if self.encoding.is_some_and(|encoding| encoding.as_str() != EncodingType::URL) {
            return Err(error(
                400,
                "InvalidArgument",
                "Invalid Encoding Method specified in Request",
            ));
        }
        let asked = Asked {
            prefix: self.prefix.unwrap_or_default(),
            delimiter: self.delimiter.filter(|delimiter| !delimiter.is_empty()),
            after: after.filter(|after| !after.is_empty()),
            max: self.max()?,
        };
        Ok(page(&asked, entries, first))
    }

    /// A name as the answer writes it.
    fn shown(&self, name: &str) -> String {
        match self.encoding {
            Some(_) => utf8_percent_encode(name, PLAIN).to_string(),
            None => name.to_owned(),
        }
    }

    fn prefixes(&self, prefixes: &[String]) -> Option<Vec<CommonPrefix>> {
        let shown = |prefix: &String| CommonPrefix { prefix: Some(self.shown(prefix)) };
        (!prefixes.is_empty()).then(|| prefixes.iter().map(shown).collect())
    }

    fn echo(&self, name: Option<&str>) -> Option<String> {
        name.map(|name| self.shown(name))
    }
}

/// A continuation token: opaque to clients.
pub(super) fn sealed(last: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("1/{last}"))
}

/// What a continuation token was made of.
pub(super) fn opened(token: &str) -> S3Result<String> {
    let text = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let last = text.and_then(|text| text.strip_prefix("1/").map(str::to_owned));
    last.ok_or_else(|| {
        error(400, "InvalidArgument", "The continuation token provided is incorrect")
    })
}

/// The keys that a listing of objects shows: those whose current version is no delete marker.
fn current(held: &Held) -> impl Iterator<Item = (&str, Listed<'_>)> {
    held.bucket.objects.iter().filter_map(|(key, versions)| {
        let version = versions.last()?;
        let content = version.content.as_ref()?;
        Some((key.as_str(), Listed { key, version, content }))
    })
}

/// A version with what it holds.
struct Listed<'a> {
    key: &'a str,
    version: &'a Version,
    content: &'a Content,
}

impl Listed<'_> {
    fn object(&self, list: &List<'_>, owner: Option<&str>) -> Object {
        Object {
            key: Some(list.shown(self.key)),
            e_tag: Some(ETag::Strong(self.content.etag.clone())),
            size: i64::try_from(self.content.size).ok(),
            last_modified: Some(Timestamp::from(self.version.modified)),
            storage_class: Some(ObjectStorageClass::from_static(self.content.storage_class)),
            owner: owner.map(acl::owner),
            ..Object::default()
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the wire layer hands inputs over by value")]
pub(super) fn objects_v1(
    world: &mut World,
    scope: &Scope,
    input: ListObjectsInput,
) -> S3Result<ListObjectsOutput> {
    let held = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    refuse_unmodelled(&[(
        "optional attributes of listings",
        input.optional_object_attributes.is_some(),
    )])?;
    let list = List {
        prefix: input.prefix.as_deref(),
        delimiter: input.delimiter.as_deref(),
        max: input.max_keys,
        encoding: input.encoding_type.as_ref(),
    };
    let _permit = held.authorize(scope, "s3:ListBucket", &list.context(scope, &held))?;
    let page = list.page(input.marker.as_deref(), current(&held), |_| false)?;
    let owner = Some(held.account());
    Ok(ListObjectsOutput {
        name: Some(input.bucket.clone()),
        prefix: Some(list.shown(list.prefix.unwrap_or_default())),
        marker: Some(list.shown(input.marker.as_deref().unwrap_or_default())),
        max_keys: i32::try_from(list.max()?).ok(),
        is_truncated: Some(page.next.is_some()),
        // Told only with a delimiter:
        // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjects.html>.
        next_marker: page
            .next
            .filter(|_| list.delimiter.is_some())
            .map(|last| list.shown(&last.text())),
        contents: Some(page.entries.iter().map(|listed| listed.object(&list, owner)).collect()),
        common_prefixes: list.prefixes(&page.prefixes),
        delimiter: list.echo(list.delimiter),
        encoding_type: input.encoding_type.clone(),
        ..ListObjectsOutput::default()
    })
}

#[expect(clippy::needless_pass_by_value, reason = "the wire layer hands inputs over by value")]
pub(super) fn objects(
    world: &mut World,
    scope: &Scope,
    input: ListObjectsV2Input,
) -> S3Result<ListObjectsV2Output> {
    let held = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    refuse_unmodelled(&[(
        "optional attributes of listings",
        input.optional_object_attributes.is_some(),
    )])?;
    let list = List {
        prefix: input.prefix.as_deref(),
        delimiter: input.delimiter.as_deref(),
        max: input.max_keys,
        encoding: input.encoding_type.as_ref(),
    };
    let _permit = held.authorize(scope, "s3:ListBucket", &list.context(scope, &held))?;
    let token = input.continuation_token.as_deref().map(opened).transpose()?;
    // Where there is a token, it says where to go on. A common prefix is passed over only where it
    // stood on the page before.
    let start = input.start_after.as_deref();
    let page = match (&token, start) {
        (Some(token), _) => list.page(Some(token), current(&held), |_| false)?,
        (None, Some(start)) => {
            list.page(None, current(&held).filter(|(key, _)| *key > start), |_| false)?
        }
        (None, None) => list.page(None, current(&held), |_| false)?,
    };
    let owner = input.fetch_owner.unwrap_or(false).then(|| held.account());
    Ok(ListObjectsV2Output {
        name: Some(input.bucket.clone()),
        prefix: Some(list.shown(list.prefix.unwrap_or_default())),
        max_keys: i32::try_from(list.max()?).ok(),
        key_count: i32::try_from(page.entries.len() + page.prefixes.len()).ok(),
        is_truncated: Some(page.next.is_some()),
        next_continuation_token: page.next.map(|last| sealed(&last.text())),
        continuation_token: input.continuation_token.clone(),
        start_after: list.echo(start),
        contents: Some(page.entries.iter().map(|listed| listed.object(&list, owner)).collect()),
        common_prefixes: list.prefixes(&page.prefixes),
        delimiter: list.echo(list.delimiter),
        encoding_type: input.encoding_type.clone(),
        ..ListObjectsV2Output::default()
    })
}

#[expect(clippy::needless_pass_by_value, reason = "the wire layer hands inputs over by value")]
pub(super) fn versions(
    world: &mut World,
    scope: &Scope,
    input: ListObjectVersionsInput,
) -> S3Result<ListObjectVersionsOutput> {
    let held = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    refuse_unmodelled(&[(
        "optional attributes of listings",
        input.optional_object_attributes.is_some(),
    )])?;
    let list = List {
        prefix: input.prefix.as_deref(),
        delimiter: input.delimiter.as_deref(),
        max: input.max_keys,
        encoding: input.encoding_type.as_ref(),
    };
    let _permit = held.authorize(scope, "s3:ListBucketVersions", &list.context(scope, &held))?;
    let marker = input.version_id_marker.as_deref().filter(|marker| !marker.is_empty());
    if marker.is_some() && input.key_marker.is_none() {
        return Err(error(
            400,
            "InvalidArgument",
            "A version-id marker cannot be specified without a key marker.",
        ));
    }
    // Newest first, as S3 lists them.
    let all = held.bucket.objects.iter().flat_map(|(key, versions)| {
        let newest_first = versions.iter().rev().enumerate();
        newest_first.map(move |(age, version)| (key.as_str(), (key.as_str(), age, version)))
    });
    // The first entry behind the marker is the one next to it in age.
    let at = marker.and_then(|id| {
        let versions = held.bucket.objects.get(input.key_marker.as_deref()?)?;
        versions.iter().rev().position(|version| version.id == id)
    });
    let page =
        list.page(input.key_marker.as_deref(), all, |(_, age, _)| at.is_some_and(|at| *age > at))?;
    let next_version = match (&page.next, page.entries.last()) {
        (Some(Last::Key(_)), Some((_, _, version))) => Some(version.id.clone()),
        _ => None,
    };
    let (mut versions, mut markers) = (Vec::new(), Vec::new());
    for (key, age, version) in &page.entries {
        let (key, id, latest) = (Some(list.shown(key)), Some(version.id.clone()), Some(*age == 0));
        let (modified, owner) =
            (Some(Timestamp::from(version.modified)), Some(acl::owner(held.account())));
        match &version.content {
            Some(content) => versions.push(ObjectVersion {
                key,
                version_id: id,
                is_latest: latest,
                e_tag: Some(ETag::Strong(content.etag.clone())),
                size: i64::try_from(content.size).ok(),
                last_modified: modified,
                owner,
                storage_class: Some(ObjectVersionStorageClass::from_static(content.storage_class)),
                ..ObjectVersion::default()
            }),
            None => markers.push(DeleteMarkerEntry {
                key,
                version_id: id,
                is_latest: latest,
                last_modified: modified,
                owner,
            }),
        }
    }
    Ok(ListObjectVersionsOutput {
        name: Some(input.bucket.clone()),
        prefix: Some(list.shown(list.prefix.unwrap_or_default())),
        key_marker: Some(list.shown(input.key_marker.as_deref().unwrap_or_default())),
        version_id_marker: input.version_id_marker.clone(),
        max_keys: i32::try_from(list.max()?).ok(),
        is_truncated: Some(page.next.is_some()),
        next_key_marker: page.next.map(|last| list.shown(&last.text())),
        next_version_id_marker: next_version,
        versions: Some(versions),
        delete_markers: Some(markers),
        common_prefixes: list.prefixes(&page.prefixes),
        delimiter: list.echo(list.delimiter),
        encoding_type: input.encoding_type.clone(),
        ..ListObjectVersionsOutput::default()
    })
}

#[expect(clippy::needless_pass_by_value, reason = "the wire layer hands inputs over by value")]
pub(super) fn uploads(
    world: &mut World,
    scope: &Scope,
    input: ListMultipartUploadsInput,
) -> S3Result<ListMultipartUploadsOutput> {
    let held = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let list = List {
        prefix: input.prefix.as_deref(),
        delimiter: input.delimiter.as_deref(),
        max: input.max_uploads,
        encoding: input.encoding_type.as_ref(),
    };
    // The service authorization reference gives this action no `s3:prefix`; a policy that asks for
    // it cannot be decided.
    let mut context = held.context(scope);
    for key in ["s3:prefix", "s3:delimiter", "s3:max-keys"] {
        context.set_unmodelled(key);
    }
    let _permit = held.authorize(scope, "s3:ListBucketMultipartUploads", &context)?;
    let mut all: Vec<(&str, (&String, &Upload))> = held
        .bucket
        .uploads
        .iter()
        .map(|(id, upload)| (upload.key.as_str(), (id, &**upload)))
        .collect();
    all.sort_by_key(|(key, (id, upload))| (*key, upload.started, (*id).clone()));
    let marker = input.upload_id_marker.as_deref().filter(|marker| !marker.is_empty());
    let position = |id: &str| all.iter().position(|(_, (other, _))| *other == id);
    let at = marker.and_then(position);
    let (prefix, numbered) = (list.prefix.unwrap_or_default().to_owned(), all.iter().enumerate());
    let entries = numbered.map(|(number, (key, (id, upload)))| (*key, (number, *id, *upload)));
    let page = list.page(input.key_marker.as_deref(), entries, |(number, ..)| {
        at.is_some_and(|at| *number > at)
    })?;
    let next_upload = match (&page.next, page.entries.last()) {
        (Some(Last::Key(_)), Some((_, id, _))) => Some((*id).clone()),
        _ => None,
    };
    let uploads = page.entries.iter().map(|(_, id, upload)| MultipartUpload {
        key: Some(list.shown(&upload.key)),
        upload_id: Some((*id).clone()),
        initiated: Some(Timestamp::from(upload.started)),
        owner: Some(acl::owner(held.account())),
        storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
        ..MultipartUpload::default()
    });
    Ok(ListMultipartUploadsOutput {
        bucket: Some(input.bucket.clone()),
        prefix: Some(list.shown(&prefix)),
        key_marker: Some(list.shown(input.key_marker.as_deref().unwrap_or_default())),
        upload_id_marker: input.upload_id_marker.clone(),
        max_uploads: i32::try_from(list.max()?).ok(),
        is_truncated: Some(page.next.is_some()),
        next_upload_id_marker: next_upload,
        uploads: Some(uploads.collect()),
        common_prefixes: list.prefixes(&page.prefixes),
        delimiter: list.echo(list.delimiter),
        encoding_type: input.encoding_type.clone(),
        next_key_marker: page.next.map(|last| list.shown(&last.text())),
        ..ListMultipartUploadsOutput::default()
    })
}
