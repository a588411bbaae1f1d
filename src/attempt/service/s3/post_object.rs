//! A form upload as a browser sends it: a policy document, its signature, and the file
//! (<https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-UsingHTTPPOST.html>). No client of AWS
//! makes one.

use std::fmt::Write as _;

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::{http::HttpConnector as _, orchestrator::HttpRequest};
use aws_smithy_types::body::SdkBody;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;
use time::{
    Duration, OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description,
};

use super::{customer_key, on_object};
use crate::{
    attempt::{
        Answer, Call, Effect, Leaves, Operation, Param, Principal, Service,
        command::{CommandLine, quote},
        content::{body, tags},
        presigned::read_raw,
        service::send::{Unsendable, fallible},
    },
    cloud::Clients,
};

const STAMP: &[BorrowedFormatItem<'_>] =
    format_description!("[year][month][day]T[hour][minute][second]Z");
const EXPIRATION: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].000Z");
/// How long a form is good for.
const LIFETIME: Duration = Duration::minutes(15);

/// `PostObject`: <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html>.
pub const POST: Operation = Operation {
    action: "s3:PutObject",
    may: &[
        Param::Body,
        Param::Encryption,
        Param::KmsKey,
        Param::BucketKey,
        Param::CustomerKey,
        Param::Acl,
        Param::Tags,
        Param::StorageClass,
    ],
    leaves: Leaves::Version,
    command: CommandLine { instead: Some(form), ..CommandLine::USUAL },
    ..on_object("s3:PostObject", Effect::Writes, fallible!(post))
};

/// No `aws` command sends a form. The policy and its signature are the reader's to make: they are
/// good for minutes only.
fn form(call: &Call, region: &str) -> String {
    let scheme = if call.plain { "http" } else { "https" };
    let bucket = call.get(Param::Bucket).unwrap_or_default();
    let mut text = "curl".to_owned();
    for (name, value) in form_fields(call) {
        _ = write!(text, " --form-string {}", quote(&format!("{name}={value}")));
    }
    if matches!(call.principal, Principal::Role(_)) {
        text.push_str(
            " -F \"policy=$POLICY\" -F \"x-amz-credential=$CREDENTIAL\" \
             -F x-amz-algorithm=AWS4-HMAC-SHA256 -F \"x-amz-date=$DATE\" \
             -F \"x-amz-security-token=$TOKEN\" -F \"x-amz-signature=$SIGNATURE\"",
        );
    }
    let address = format!("{scheme}://{bucket}.{}/", Service::S3.host(region));
    _ = write!(text, " -F file=@body {}", quote(&address));
    text
}

async fn post(clients: &Clients, call: &Call) -> Result<Answer, Unsendable> {
    let bucket = call.get(Param::Bucket).unwrap_or_default();
    let mut form = form_fields(call);
    if let Some(credentials) = &clients.credentials {
        let now = OffsetDateTime::from(clients.now());
        let more = signed(&form, &bucket, credentials, &clients.region, now);
        form.extend(more.ok_or(Unsendable::Form)?);
    }
    let boundary = format!("gainsay-{}", uuid::Uuid::new_v4().simple());
    let address = if let Some(url) = &clients.endpoint {
        format!("{url}/{bucket}")
    } else {
        let scheme = if call.plain { "http" } else { "https" };
        format!("{scheme}://{bucket}.{}/", call.operation.service.host(&clients.region))
    };
    let request = http::Request::builder()
        .method("POST")
        .uri(address)
        .header("content-type", format!("multipart/form-data; boundary={boundary}"))
        .body(SdkBody::from(multipart(&form, &body(call), &boundary)));
    Ok(match clients.connector.call(HttpRequest::try_from(request?)?).await {
        Ok(response) => read_raw(response).await,
        Err(error) => Answer::Unreachable { message: error.to_string() },
    })
}

/// The fields that say what to store and how.
fn form_fields(call: &Call) -> Vec<(&'static str, String)> {
    let customer = customer_key(call);
    let written = [
        ("key", call.get(Param::Key)),
        ("acl", call.get(Param::Acl)),
        ("tagging", call.get(Param::Tags).map(|text| tagging(&text))),
        ("x-amz-storage-class", call.get(Param::StorageClass)),
        ("x-amz-server-side-encryption", call.get(Param::Encryption)),
        ("x-amz-server-side-encryption-aws-kms-key-id", call.get(Param::KmsKey)),
        ("x-amz-server-side-encryption-bucket-key-enabled", call.get(Param::BucketKey)),
        ("x-amz-server-side-encryption-customer-algorithm", customer.algorithm),
        ("x-amz-server-side-encryption-customer-key", customer.key),
        ("x-amz-server-side-encryption-customer-key-MD5", customer.md5),
    ];
    written.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// Tags as the document that forms take, where a header has `a=1&b=2`.
fn tagging(text: &str) -> String {
    let mut set = String::new();
    for (key, value) in tags(text) {
        let escape = |text: &str| quick_xml::escape::escape(text).into_owned();
        _ = write!(set, "<Tag><Key>{}</Key><Value>{}</Value></Tag>", escape(&key), escape(&value));
    }
    format!("<Tagging><TagSet>{set}</TagSet></Tagging>")
}

/// The policy, which names every field, and its signature.
fn signed(
    form: &[(&'static str, String)],
    bucket: &str,
    credentials: &Credentials,
    region: &str,
    now: OffsetDateTime,
) -> Option<Vec<(&'static str, String)>> {
    let stamp = now.format(STAMP).ok()?;
    let day = stamp.get(..8)?;
    let mut more = vec![
        ("x-amz-algorithm", "AWS4-HMAC-SHA256".to_owned()),
        (
            "x-amz-credential",
            format!("{}/{day}/{region}/s3/aws4_request", credentials.access_key_id()),
        ),
        ("x-amz-date", stamp.clone()),
    ];
    more.extend(
        credentials.session_token().map(|token| ("x-amz-security-token", token.to_owned())),
    );
    let named = form.iter().chain(&more).map(|(name, value)| json!({ *name: value }));
    let policy = json!({
        "expiration": (now + LIFETIME).format(EXPIRATION).ok()?,
        "conditions": named.chain([json!({ "bucket": bucket })]).collect::<Vec<_>>(),
    });
    let policy = STANDARD.encode(policy.to_string());
    let mut key =
        mac(format!("AWS4{}", credentials.secret_access_key()).as_bytes(), day.as_bytes())?;
    for part in [region, "s3", "aws4_request"] {
        key = mac(&key, part.as_bytes())?;
    }
    let signature = hex::encode(mac(&key, policy.as_bytes())?);
    more.extend([("policy", policy), ("x-amz-signature", signature)]);
    Some(more)
}

fn mac(key: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(data);
    Some(mac.finalize().into_bytes().to_vec())
}

fn multipart(form: &[(&'static str, String)], file: &str, boundary: &str) -> String {
    let mut text = String::new();
    for (name, value) in form {
        _ = write!(
            text,
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        );
    }
    _ = write!(
        text,
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"body\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n{file}\r\n--{boundary}--\r\n"
    );
    text
}
