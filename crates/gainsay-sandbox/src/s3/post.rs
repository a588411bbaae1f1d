//! Form uploads (POST): another way to say a PutObject, authorized and stored as one
//! (<https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html>).
//!
//! The wire layer has a reader of forms of its own, which is never used: it would take a form for
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
    error, not_modelled, put,
    raw_request::RawResponse,
    received_body::ReceivedBody,
    tagging,
    write::check_key,
    xml::{document, escape},
};
use crate::{authorize::Scope, state::World};

/// The operation's name in the guard table.
pub(crate) const OPERATION: &str = "PostObject";

/// Fields that are about the form, not the object; `check` and the signature have seen to them.
const OF_THE_FORM: &[&str] = &[
    "awsaccesskeyid",
    "bucket",
    "policy",
    "signature",
    "success_action_redirect",
    "success_action_status",
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-security-token",
    "x-amz-signature",
];

/// Stores what a form holds. Who sends it, and that its policy is met, has been found before.
pub(crate) fn answer(
    world: &mut World,
    scope: &Scope,
    form: &Form<'_>,
    bucket: &str,
) -> S3Result<RawResponse> {
    let input = input(form, bucket)?;
    let key = input.key.clone();
    let stored = put::put(world, scope, input, &ReceivedBody::of(form.file)?)?;
    let etag = stored.e_tag.map(|etag| format!("\"{}\"", etag.value()));
    let location = format!("https://{bucket}.s3.{}.amazonaws.com/{}", world.region, encoded(&key));
    let response = match (redirect(form, bucket, &key, etag.as_deref()), status(form)) {
        (Some(redirect), _) => RawResponse::empty(303).with("location", Some(redirect)),
        (None, 201) => {
            created(&location, bucket, &key, etag.as_deref()).with("location", Some(location))
        }
        (None, status) => RawResponse::empty(status).with("location", Some(location)),
    };
    Ok(response
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

/// The status of a success: 204 also where the form asks for another one that S3 does not know
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTForms.html>).
fn status(form: &Form<'_>) -> u16 {
    match form.field("success_action_status") {
        Some("200") => 200,
        Some("201") => 201,
        Some(_) | None => 204,
    }
}

/// Where a success leads, with what was stored in the query; what is no URL counts as nothing (the
/// same page).
fn redirect(form: &Form<'_>, bucket: &str, key: &str, etag: Option<&str>) -> Option<String> {
    let url = form.field("success_action_redirect")?;
    let parsed: http::Uri = url.parse().ok()?;
    if !matches!(parsed.scheme_str(), Some("http" | "https")) || parsed.host().is_none() {
        return None;
    }
    let mark = if parsed.query().is_some() { '&' } else { '?' };
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("bucket", bucket).append_pair("key", key);
    query.append_pair("etag", etag.unwrap_or_default());
    Some(format!("{url}{mark}{}", query.finish()))
}

/// The document of 201.
fn created(location: &str, bucket: &str, key: &str, etag: Option<&str>) -> RawResponse {
    let members = [
        ("Location", location),
        ("Bucket", bucket),
        ("Key", key),
        ("ETag", etag.unwrap_or_default()),
    ];
    let inner = members.map(|(name, text)| format!("<{name}>{}</{name}>", escape(text))).concat();
    let text =
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<PostResponse>{inner}</PostResponse>");
    RawResponse { status: 201, ..RawResponse::xml(text) }
}

/// A key in the path of a location, its slashes encoded, too (assumed).
fn encoded(key: &str) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    utf8_percent_encode(key, KEPT).to_string()
}

/// The fields as the input of a PutObject. A field that is not one of these is not modelled.
fn input(form: &Form<'_>, bucket: &str) -> S3Result<PutObjectInput> {
    let key = form.field("key").filter(|key| !key.is_empty());
    let key = key.ok_or_else(|| {
        error(
            400,
            "InvalidArgument",
            concat!(
                "Bucket POST must contain a field named 'key'.  ",
                "If it is specified, please check the order of the fields."
            ),
        )
    })?;
    if key.contains("${filename}") {
        return Err(not_modelled("keys with the name of a file that has none"));
    }
    check_key(key)?;
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
            "cache-control" => input.cache_control = text(),
            "content-disposition" => input.content_disposition = text(),
            "content-encoding" => input.content_encoding = text(),
            "x-amz-checksum-crc32" => input.checksum_crc32 = text(),
            "x-amz-checksum-crc32c" => input.checksum_crc32c = text(),
            "x-amz-checksum-crc64nvme" => input.checksum_crc64nvme = text(),
            "x-amz-checksum-sha1" => input.checksum_sha1 = text(),
            "x-amz-checksum-sha256" => input.checksum_sha256 = text(),
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
    let tags = tagging::check(tagging::pairs(tagging.tag_set), tagging::MAX_TAGS)?;
    Ok(form_urlencoded::Serializer::new(String::new()).extend_pairs(tags).finish())
}
