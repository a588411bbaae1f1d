//! A form upload as a browser sends it: a policy document, its signature, and the file
//! (<https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-UsingHTTPPOST.html>). No client of AWS
//! makes one.

use aws_credential_types::Credentials;
use aws_smithy_types::body::SdkBody;
use gainsay_model::xml::{element, wrap};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;
use time::{Duration, OffsetDateTime, macros::format_description};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    Param,
    clients::Clients,
    operations::{Params, encryption_headers},
};

const BOUNDARY: &str = "the-boundary-of-the-form";

/// The request of a form, signed where there are credentials.
pub fn request(params: Params<'_>, clients: &Clients, plain: bool) -> http::Request<SdkBody> {
    let tagging = params.get(Param::Tags).map(|_| {
        let tag = |(key, value): (&str, &str)| {
            wrap("Tag", &(element("Key", key) + &element("Value", value)))
        };
        wrap("Tagging", &wrap("TagSet", &params.pairs(Param::Tags).map(tag).collect::<String>()))
    });
    let mut form = vec![("key", params.text(Param::Key).to_owned())];
    form.extend(params.get(Param::Acl).map(|acl| ("acl", acl.to_owned())));
    form.extend(tagging.map(|tagging| ("tagging", tagging)));
    let class = params.get(Param::StorageClass);
    form.extend(class.map(|class| ("x-amz-storage-class", class.to_owned())));
    form.extend(encryption_headers(params));
    let (bucket, region) = (params.text(Param::Bucket), clients.region());
    if let Some(credentials) = clients.credentials() {
        let now = OffsetDateTime::from(clients.time.now());
        form.extend(signature(&form, bucket, credentials, region, now));
    }
    let field = |(name, value): &(&str, String)| {
        format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        )
    };
    let fields: String = form.iter().map(field).collect();
    let body = format!(
        "{fields}--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"body\"\r\nContent-Type: application/octet-stream\r\n\r\n{}\r\n--{BOUNDARY}--\r\n",
        params.body()
    );
    let scheme = if plain { "http" } else { "https" };
    http::Request::builder()
        .method("POST")
        .uri(format!("{scheme}://{bucket}.s3.{region}.amazonaws.com/"))
        .header("content-type", format!("multipart/form-data; boundary={BOUNDARY}"))
        .body(SdkBody::from(body))
        .expect("a request")
}

/// The policy, which names every field, and its signature.
fn signature(
    form: &[(&'static str, String)],
    bucket: &str,
    credentials: &Credentials,
    region: &str,
    now: OffsetDateTime,
) -> Vec<(&'static str, String)> {
    let stamp = now
        .format(format_description!("[year][month][day]T[hour][minute][second]Z"))
        .expect("a date");
    let expiration = (now + Duration::minutes(15))
        .format(format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].000Z"))
        .expect("a date");
    let scope = format!("{}/{region}/s3/aws4_request", &stamp[..8]);
    let mut fields = vec![
        ("x-amz-algorithm", "AWS4-HMAC-SHA256".to_owned()),
        ("x-amz-credential", format!("{}/{scope}", credentials.access_key_id())),
        ("x-amz-date", stamp.clone()),
    ];
    let token = credentials.session_token();
    fields.extend(token.map(|token| ("x-amz-security-token", token.to_owned())));
    let conditions = form.iter().chain(&fields).map(|(name, value)| json!({ *name: value }));
    let conditions: Vec<_> = conditions.chain([json!({ "bucket": bucket })]).collect();
    let policy = json!({ "expiration": expiration, "conditions": conditions }).to_string();
    let policy = STANDARD.encode(policy);
    let secret = format!("AWS4{}", credentials.secret_access_key()).into_bytes();
    let key = [&stamp[..8], region, "s3", "aws4_request"]
        .into_iter()
        .fold(secret, |key, part| mac(&key, part));
    let signature = hex::encode(mac(&key, &policy));
    fields.extend([("policy", policy), ("x-amz-signature", signature)]);
    fields
}

fn mac(key: &[u8], data: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length is a key");
    mac.update(data.as_bytes());
    mac.finalize().into_bytes().to_vec()
}
