//! Listings of objects, of versions, and of uploads, page by page.

mod page;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use gainsay_iam::Context;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::{
    S3Result,
    dto::{
        ChecksumAlgorithm, CommonPrefix, DeleteMarkerEntry, ETag, EncodingType,
        ListMultipartUploadsInput, ListMultipartUploadsOutput, ListObjectVersionsInput,
        ListObjectVersionsOutput, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input,
        ListObjectsV2Output, MultipartUpload, Object, ObjectStorageClass, ObjectVersion,
        ObjectVersionStorageClass, StorageClass,
    },
};

use self::page::{Last, Page, PageRequest, page};
use super::{
    OpenBucket, acl, checksum::Sum, error, error_detail::WithDetail as _, members::shown_time,
    multipart, open, refuse_unmodelled, upload_parts,
};
use crate::{
    authorize::Scope,
    state::{Content, Upload, Version, World},
};

const PAGE: usize = 1000;
/// What stays as it is in a listing with `encoding-type=url`.
const NOT_ENCODED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/').remove(b'*');

/// The parameters that every listing of a bucket has.
struct ListRequest<'a> {
    prefix: Option<&'a str>,
    delimiter: Option<&'a str>,
    max: Option<i32>,
    /// What S3 calls it where it refuses it (of uploads assumed, as it says of parts).
    max_name: &'static str,
    encoding: Option<&'a EncodingType>,
}

/// Reads the [`ListRequest`] of an input: inputs have these members in common by name only.
macro_rules! list_request {
    ($input:expr, $max:ident) => {
        ListRequest {
            prefix: $input.prefix.as_deref(),
            delimiter: $input.delimiter.as_deref(),
            max: $input.$max,
            max_name: if stringify!($max) == "max_uploads" { "max-uploads" } else { "maxKeys" },
            encoding: $input.encoding_type.as_ref(),
        }
    };
}

impl ListRequest<'_> {
    /// The condition keys of a listing:
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html>.
    fn context(&self, scope: &Scope, bucket: &OpenBucket) -> Context {
        let mut context = bucket.context(scope);
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
            Some(Err(_)) => {
                Err(upload_parts::negative(self.max_name, self.max.unwrap_or_default()))
            }
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
            )
            .with_detail("ArgumentName", "encoding-type")
            .with_detail("ArgumentValue", self.encoding.map_or("", EncodingType::as_str)));
        }
        let request = PageRequest {
            prefix: self.prefix.unwrap_or_default(),
            delimiter: self.delimiter.filter(|delimiter| !delimiter.is_empty()),
            after: after.filter(|after| !after.is_empty()),
            max: self.max()?,
        };
        Ok(page(&request, entries, first))
    }

    /// A name as the answer writes it.
    fn encoded(&self, name: &str) -> String {
        match self.encoding {
            Some(_) => utf8_percent_encode(name, NOT_ENCODED).to_string(),
            None => name.to_owned(),
        }
    }

    fn prefixes(&self, prefixes: &[String]) -> Option<Vec<CommonPrefix>> {
        let common = |prefix: &String| CommonPrefix { prefix: Some(self.encoded(prefix)) };
        (!prefixes.is_empty()).then(|| prefixes.iter().map(common).collect())
    }

    /// An empty delimiter is none (recorded by LocalStack, `test_list_objects_with_prefix[]`,
    /// 2025-01-21).
    fn shown_delimiter(&self) -> Option<String> {
        self.encoded_if_any(self.delimiter.filter(|delimiter| !delimiter.is_empty()))
    }

    fn encoded_if_any(&self, name: Option<&str>) -> Option<String> {
        name.map(|name| self.encoded(name))
    }
}

/// A continuation token: opaque to clients.
pub(super) fn continuation_token(last: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("1/{last}"))
}

/// What a continuation token was made of.
pub(super) fn read_continuation_token(token: &str) -> S3Result<String> {
    let text = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let last = text.and_then(|text| text.strip_prefix("1/").map(str::to_owned));
    last.ok_or_else(|| {
        error(400, "InvalidArgument", "The continuation token provided is incorrect")
            .with_detail("ArgumentName", "continuation-token")
    })
}

/// The keys that a listing of objects shows: those whose current version is no delete marker.
fn current(bucket: &OpenBucket) -> impl Iterator<Item = (&str, Listed<'_>)> {
    bucket.state.objects.iter().filter_map(|(key, versions)| {
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
    fn object(&self, list: &ListRequest<'_>, owner: Option<&str>) -> Object {
        Object {
            key: Some(list.encoded(self.key)),
            e_tag: Some(ETag::Strong(self.content.etag.clone())),
            size: i64::try_from(self.content.size).ok(),
            last_modified: Some(shown_time(self.version.modified)),
            storage_class: Some(ObjectStorageClass::from_static(self.content.storage_class)),
            checksum_algorithm: self
                .content
                .checksum
                .as_ref()
                .map(|sum| vec![sum.listed_algorithm()]),
            checksum_type: self.content.checksum.as_ref().map(Sum::kind),
            owner: owner.map(acl::owner),
            ..Object::default()
        }
    }
}

/// `ListObjects`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjects.html>.
#[expect(clippy::needless_pass_by_value, reason = "the wire layer hands inputs over by value")]
pub(super) fn objects_v1(
    world: &mut World,
    scope: &Scope,
    input: ListObjectsInput,
) -> S3Result<ListObjectsOutput> {
    let bucket = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let attributes = input.optional_object_attributes.is_some();
    refuse_unmodelled(&[("optional attributes of listings", attributes)])?;
    let list = list_request!(input, max_keys);
    let _permit = bucket.authorize(scope, "s3:ListBucket", &list.context(scope, &bucket))?;
    let page = list.page(input.marker.as_deref(), current(&bucket), |_| false)?;
    // Those who are not signed in do not see it (recorded by LocalStack,
    // `test_bucket_name_with_dots`, 2026-02-21).
    let owner = scope.account().map(|_| bucket.account());
    Ok(ListObjectsOutput {
        name: Some(input.bucket.clone()),
        prefix: Some(list.encoded(list.prefix.unwrap_or_default())),
        marker: Some(list.encoded(input.marker.as_deref().unwrap_or_default())),
        max_keys: i32::try_from(list.max()?).ok(),
        is_truncated: Some(page.next.is_some()),
        // Shown only with a delimiter:
        // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjects.html>.
        next_marker: page
            .next
            .filter(|_| list.delimiter.is_some())
            .map(|last| list.encoded(&last.text())),
        contents: Some(page.entries.iter().map(|listed| listed.object(&list, owner)).collect()),
        common_prefixes: list.prefixes(&page.prefixes),
        delimiter: list.shown_delimiter(),
        encoding_type: input.encoding_type.clone(),
        ..ListObjectsOutput::default()
    })
}

/// `ListObjectsV2`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>.
#[expect(clippy::needless_pass_by_value, reason = "the wire layer hands inputs over by value")]
pub(super) fn objects(
    world: &mut World,
    scope: &Scope,
    input: ListObjectsV2Input,
) -> S3Result<ListObjectsV2Output> {
    let bucket = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let attributes = input.optional_object_attributes.is_some();
    refuse_unmodelled(&[("optional attributes of listings", attributes)])?;
    let list = list_request!(input, max_keys);
    let _permit = bucket.authorize(scope, "s3:ListBucket", &list.context(scope, &bucket))?;
    let token = input.continuation_token.as_deref().map(read_continuation_token).transpose()?;
    // Where there is a token, it says where to go on. A common prefix is passed over only where it
    // stood on the page before.
    let start = input.start_after.as_deref();
    let page = match (&token, start) {
        (Some(token), _) => list.page(Some(token), current(&bucket), |_| false)?,
        (None, Some(start)) => {
            list.page(None, current(&bucket).filter(|(key, _)| *key > start), |_| false)?
        }
        (None, None) => list.page(None, current(&bucket), |_| false)?,
    };
    let owner = input.fetch_owner.unwrap_or(false).then(|| bucket.account());
    Ok(ListObjectsV2Output {
        name: Some(input.bucket.clone()),
        prefix: Some(list.encoded(list.prefix.unwrap_or_default())),
        max_keys: i32::try_from(list.max()?).ok(),
        key_count: i32::try_from(page.entries.len() + page.prefixes.len()).ok(),
        is_truncated: Some(page.next.is_some()),
        next_continuation_token: page.next.map(|last| continuation_token(&last.text())),
        continuation_token: input.continuation_token.clone(),
        // Not where the token says where to go on (recorded by LocalStack,
        // `test_list_objects_v2_continuation_token_safe_chars`, 2026-02-21).
        start_after: list.encoded_if_any(start.filter(|_| token.is_none())),
        contents: Some(page.entries.iter().map(|listed| listed.object(&list, owner)).collect()),
        common_prefixes: list.prefixes(&page.prefixes),
        delimiter: list.shown_delimiter(),
        encoding_type: input.encoding_type.clone(),
        ..ListObjectsV2Output::default()
    })
}

/// `ListObjectVersions`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html>.
#[expect(clippy::needless_pass_by_value, reason = "the wire layer hands inputs over by value")]
pub(super) fn versions(
    world: &mut World,
    scope: &Scope,
    input: ListObjectVersionsInput,
) -> S3Result<ListObjectVersionsOutput> {
    let bucket = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let attributes = input.optional_object_attributes.is_some();
    refuse_unmodelled(&[("optional attributes of listings", attributes)])?;
    let list = list_request!(input, max_keys);
    let _permit =
        bucket.authorize(scope, "s3:ListBucketVersions", &list.context(scope, &bucket))?;
    let marker = input.version_id_marker.as_deref().filter(|marker| !marker.is_empty());
    if marker.is_some() && input.key_marker.is_none() {
        return Err(error(
            400,
            "InvalidArgument",
            "A version-id marker cannot be specified without a key marker.",
        )
        .with_detail("ArgumentName", "version-id-marker")
        .with_detail("ArgumentValue", marker.unwrap_or_default()));
    }
    // Newest first, as S3 lists them.
    let all = bucket.state.objects.iter().flat_map(|(key, versions)| {
        let newest_first = versions.iter().rev().enumerate();
        newest_first.map(move |(age, version)| (key.as_str(), (key.as_str(), age, version)))
    });
    // The first entry behind the marker is the one next to it in age.
    let at = marker.and_then(|id| {
        let versions = bucket.state.objects.get(input.key_marker.as_deref()?)?;
        versions.iter().rev().position(|version| version.id == id)
    });
    let page =
        list.page(input.key_marker.as_deref(), all, |(_, age, _)| at.is_some_and(|at| *age > at))?;
    let last_is_key = matches!(page.next, Some(Last::Key(_)));
    let next_version =
        page.entries.last().filter(|_| last_is_key).map(|(_, _, version)| version.id.clone());
    let (mut versions, mut markers) = (Vec::new(), Vec::new());
    for (key, age, version) in &page.entries {
        let (key, id, latest) =
            (Some(list.encoded(key)), Some(version.id.clone()), Some(*age == 0));
        let (modified, owner) =
            (Some(shown_time(version.modified)), Some(acl::owner(bucket.account())));
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
                checksum_algorithm: content
                    .checksum
                    .as_ref()
                    .map(|sum| vec![sum.listed_algorithm()]),
                checksum_type: content.checksum.as_ref().map(Sum::kind),
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
        prefix: Some(list.encoded(list.prefix.unwrap_or_default())),
        key_marker: Some(list.encoded(input.key_marker.as_deref().unwrap_or_default())),
        version_id_marker: Some(input.version_id_marker.clone().unwrap_or_default()),
        max_keys: i32::try_from(list.max()?).ok(),
        is_truncated: Some(page.next.is_some()),
        next_key_marker: page.next.map(|last| list.encoded(&last.text())),
        next_version_id_marker: next_version,
        versions: Some(versions),
        delete_markers: Some(markers),
        common_prefixes: list.prefixes(&page.prefixes),
        delimiter: list.shown_delimiter(),
        encoding_type: input.encoding_type.clone(),
        ..ListObjectVersionsOutput::default()
    })
}

/// `ListMultipartUploads`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html>.
#[expect(clippy::needless_pass_by_value, reason = "the wire layer hands inputs over by value")]
pub(super) fn uploads(
    world: &mut World,
    scope: &Scope,
    input: ListMultipartUploadsInput,
) -> S3Result<ListMultipartUploadsOutput> {
    let bucket = open(world, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let list = list_request!(input, max_uploads);
    // The service authorization reference gives this action no `s3:prefix`; a policy that asks for
    // it cannot be decided.
    let mut context = bucket.context(scope);
    for key in ["s3:prefix", "s3:delimiter", "s3:max-keys"] {
        context.set_unmodelled(key);
    }
    let _permit = bucket.authorize(scope, "s3:ListBucketMultipartUploads", &context)?;
    let mut all: Vec<(&str, (&String, &Upload))> = bucket
        .state
        .uploads
        .iter()
        .map(|(id, upload)| (upload.key.as_str(), (id, &**upload)))
        .collect();
    all.sort_by_key(|(key, (id, upload))| (*key, upload.started, (*id).clone()));
    let key_marker = input.key_marker.as_deref().unwrap_or_default();
    let marker = input.upload_id_marker.as_deref();
    let marker = marker.filter(|marker| !marker.is_empty() && !key_marker.is_empty());
    if let Some(id) = marker
        && bucket.state.uploads.get(id).is_none_or(|upload| upload.key != key_marker)
    {
        return Err(error(400, "InvalidArgument", "Invalid uploadId marker")
            .with_detail("ArgumentName", "upload-id-marker")
            .with_detail("ArgumentValue", id));
    }
    let position = |id: &str| all.iter().position(|(_, (other, _))| *other == id);
    let at = marker.and_then(position);
    let (prefix, numbered) = (list.prefix.unwrap_or_default().to_owned(), all.iter().enumerate());
    let entries = numbered.map(|(number, (key, (id, upload)))| (*key, (number, *id, *upload)));
    let page = list.page(input.key_marker.as_deref(), entries, |(number, ..)| {
        at.is_some_and(|at| *number > at)
    })?;
    // The last upload of the page, whether or not there are more; nothing for a common prefix.
    let last = page.entries.last().filter(|_| !matches!(page.last, Some(Last::Prefix(_))));
    let next_upload = last.map(|(_, id, _)| (*id).clone()).unwrap_or_default();
    let next_key = last.map(|(_, _, upload)| list.encoded(&upload.key)).unwrap_or_default();
    let uploads = page.entries.iter().map(|(_, id, upload)| MultipartUpload {
        key: Some(list.encoded(&upload.key)),
        upload_id: Some((*id).clone()),
        initiated: Some(shown_time(upload.started)),
        initiator: Some(upload_parts::shown_initiator(upload)),
        owner: Some(acl::owner(bucket.account())),
        storage_class: Some(StorageClass::from_static(upload.storage_class)),
        checksum_algorithm: upload
            .checksum
            .map(|(name, _)| ChecksumAlgorithm::from(name.to_ascii_uppercase())),
        checksum_type: upload.checksum.map(|(_, composite)| multipart::kind(composite)),
    });
    Ok(ListMultipartUploadsOutput {
        bucket: Some(input.bucket.clone()),
        // Recorded by LocalStack, `test_list_multiparts_next_marker`, 2026-02-21: no empty prefix,
        // a marker of an upload only beside that of its key, and the next markers always.
        prefix: (!prefix.is_empty()).then(|| list.encoded(&prefix)),
        key_marker: Some(list.encoded(key_marker)),
        upload_id_marker: Some(marker.unwrap_or_default().to_owned()),
        max_uploads: i32::try_from(list.max()?).ok(),
        is_truncated: Some(page.next.is_some()),
        next_upload_id_marker: Some(next_upload),
        uploads: Some(uploads.collect()),
        common_prefixes: list.prefixes(&page.prefixes),
        delimiter: list.shown_delimiter(),
        encoding_type: input.encoding_type.clone(),
        next_key_marker: Some(next_key),
        ..ListMultipartUploadsOutput::default()
    })
}
