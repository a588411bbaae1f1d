//! Signature Version 2 of S3, in the query of a URL and in the fields of a form: what clients make
//! by default in the oldest Regions
//! (<https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html>). It signs less than
//! Version 4: neither the host nor the Region, and of the query only what chooses the operation.
//! What it does not sign and could change an operation is refused as not modelled.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderName, HeaderValue, request::Parts};
use sha1::Sha1;
use subtle::ConstantTimeEq as _;
use time::{OffsetDateTime, format_description::well_known::Rfc2822};

use super::{AuthError, SKEW, canonical::pairs, read::instant};

/// Where S3 takes Version 2
/// (<https://docs.aws.amazon.com/general/latest/gr/signature-version-2.html>); elsewhere it says
/// which version it takes.
const REGIONS: [&str; 8] = [
    "ap-northeast-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "eu-west-1",
    "sa-east-1",
    "us-east-1",
    "us-west-1",
    "us-west-2",
];

/// Whether a Region takes Version 2.
#[must_use]
pub fn is_taken_in(region: &str) -> bool {
    REGIONS.contains(&region)
}

/// The keys of a query that are signed, those that name a sub-resource and those that change the
/// headers of the answer (the page above, and what AWS's own SDK for Python signs).
const SIGNED: [&str; 34] = [
    "accelerate",
    "acl",
    "analytics",
    "cors",
    "delete",
    "inventory",
    "lifecycle",
    "location",
    "logging",
    "metrics",
    "notification",
    "object-lock",
    "partNumber",
    "policy",
    "replication",
    "requestPayment",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "restore",
    "select",
    "select-type",
    "storageClass",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "website",
];
/// The keys of the signature itself, in a query.
const OWN: [&str; 3] = ["AWSAccessKeyId", "Expires", "Signature"];
/// Headers that clients put into the query to sign them, besides those that begin with `x-amz-`.
const IN_QUERY: [&str; 2] = ["content-md5", "content-type"];
const INCOMPLETE: &str =
    "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters";

/// What a request or a form claims of its sender.
#[derive(Clone, PartialEq, Eq)]
pub struct Version2 {
    /// The access key id.
    pub access_key: String,
    /// The session token.
    pub token: Option<String>,
    /// When a URL ends.
    pub expires: Option<OffsetDateTime>,
    /// When a request was signed by its header.
    pub date: Option<OffsetDateTime>,
    /// The signature as it was sent.
    pub sent: String,
}

impl std::fmt::Debug for Version2 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A token or signature in a log could be replayed while it is valid.
        f.debug_struct("Version2")
            .field("access_key", &self.access_key)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

/// Whether a query is signed so, be it badly.
#[must_use]
pub fn in_query(parts: &Parts) -> bool {
    let query = parts.uri.query().unwrap_or_default();
    pairs(query).any(|(key, _)| key == b"AWSAccessKeyId" || key == b"Signature")
}

/// Puts the headers that stand in the query where headers stand: S3 takes them as such, and every
/// later reader knows them there only.
///
/// # Errors
/// One is there twice, or is no header.
pub fn restore_headers(parts: &mut Parts) -> Result<(), AuthError> {
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let is_header = |key: &[u8]| {
        key.starts_with(b"x-amz-") || IN_QUERY.iter().any(|name| name.as_bytes() == key)
    };
    let mut kept = Vec::new();
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let Some((key, value)) = pairs(part).next().filter(|(key, _)| is_header(key)) else {
            kept.push(part);
            continue;
        };
        let unreadable = |_| AuthError::NotModelled("this header in the query of a URL");
        let name = HeaderName::from_bytes(&key).map_err(|error| unreadable(error.to_string()))?;
        let value =
            HeaderValue::from_bytes(&value).map_err(|error| unreadable(error.to_string()))?;
        if parts.headers.insert(name, value).is_some() {
            return Err(AuthError::NotModelled("a header beside itself in the query of a URL"));
        }
    }
    let path = format!("{}?{}", parts.uri.path(), kept.join("&"));
    set_path(parts, &path);
    Ok(())
}

/// Takes the keys of the signature out of a query.
pub fn remove(parts: &mut Parts) {
    let query = parts.uri.query().unwrap_or_default();
    let own = |part: &str| OWN.contains(&part.split('=').next().unwrap_or_default());
    let kept: Vec<&str> = query.split('&').filter(|part| !own(part)).collect();
    let path = format!("{}?{}", parts.uri.path(), kept.join("&"));
    set_path(parts, &path);
}

/// Puts a slash behind the path.
pub fn add_slash(parts: &mut Parts) {
    let query = parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let path = format!("{}/{query}", parts.uri.path());
    set_path(parts, &path);
}

fn set_path(parts: &mut Parts, path: &str) {
    let mut uri = parts.uri.clone().into_parts();
    uri.path_and_query = path.parse().ok().or(uri.path_and_query);
    if let Ok(uri) = http::Uri::from_parts(uri) {
        parts.uri = uri;
    }
}

/// Reads what a URL claims, once its headers are [where they belong](restore_headers).
///
/// # Errors
/// It is not whole, in AWS's words, or has a key in its query that would not be signed and is not
/// known to change nothing.
pub fn parse(parts: &Parts, may_be_unsigned: &[&str]) -> Result<Version2, AuthError> {
    let query = parts.uri.query().unwrap_or_default();
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    for (key, value) in pairs(query) {
        let (Ok(key), Ok(value)) = (String::from_utf8(key), String::from_utf8(value)) else {
            return Err(AuthError::NotModelled("a query that cannot be decoded"));
        };
        let name = key.as_str();
        let known =
            OWN.contains(&name) || SIGNED.contains(&name) || may_be_unsigned.contains(&name);
        if found.insert(key.clone(), value).is_some() || !known {
            return Err(AuthError::NotModelled(
                "this key in the query of a URL with Signature Version 2",
            ));
        }
    }
    if parts.headers.contains_key(http::header::AUTHORIZATION) {
        return Err(AuthError::TwoMechanisms);
    }
    let [Some(access_key), Some(expires), Some(sent)] = OWN.map(|name| found.get(name)) else {
        return Err(AuthError::IncompleteQuery(INCOMPLETE.to_owned()));
    };
    let seconds = expires.parse().ok();
    let expires = seconds.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
    let expires = expires.ok_or_else(|| {
        let sent = found.get("Expires").map(String::as_str).unwrap_or_default();
        AuthError::IncompleteQuery(format!("Invalid date (should be seconds since epoch): {sent}"))
    })?;
    let token = match parts.headers.get("x-amz-security-token").map(HeaderValue::to_str) {
        None => None,
        Some(token) => Some(token.map_err(|_| AuthError::InvalidToken)?.to_owned()),
    };
    let (access_key, sent) = (access_key.clone(), sent.clone());
    Ok(Version2 { access_key, token, expires: Some(expires), date: None, sent })
}

/// Reads what the `Authorization` header claims, `AWS KEY:SIGNATURE`; nothing if it is of another
/// scheme.
///
/// # Errors
/// It cannot be read, or the request has no date, or a query that would not be signed.
pub fn parse_header(
    parts: &Parts,
    may_be_unsigned: &[&str],
) -> Result<Option<Version2>, AuthError> {
    let mut lines = parts.headers.get_all(http::header::AUTHORIZATION).iter();
    let line = lines.next().and_then(|line| line.to_str().ok());
    let Some(claim) = line.and_then(|line| line.strip_prefix("AWS ")) else { return Ok(None) };
    let (access_key, sent) = claim.split_once(':').ok_or(AuthError::UnknownScheme)?;
    for (key, _) in pairs(parts.uri.query().unwrap_or_default()) {
        let key = String::from_utf8_lossy(&key).into_owned();
        if !SIGNED.contains(&key.as_str()) && !may_be_unsigned.contains(&key.as_str()) {
            return Err(AuthError::NotModelled(
                "this key in the query of a request with Signature Version 2",
            ));
        }
    }
    let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let date = text("x-amz-date").or_else(|| text("date")).ok_or(AuthError::MissingDate)?;
    let date = OffsetDateTime::parse(date, &Rfc2822).ok().or_else(|| instant(date));
    let date = date.ok_or(AuthError::MissingDate)?;
    Ok(Some(Version2 {
        access_key: access_key.to_owned(),
        token: text("x-amz-security-token").map(str::to_owned),
        expires: None,
        date: Some(date),
        sent: sent.to_owned(),
    }))
}

/// Reads what a form claims; nothing if it claims nothing in this version. `field` finds a field by
/// its name in lower case.
///
/// # Errors
/// A field is missing.
pub fn parse_form<'a>(
    field: impl Fn(&str) -> Option<&'a str>,
) -> Result<Option<Version2>, AuthError> {
    let (access_key, sent) = (field("awsaccesskeyid"), field("signature"));
    if access_key.is_none() && sent.is_none() {
        return Ok(None);
    }
    let need = |found: Option<&'a str>, name| found.ok_or(AuthError::MissingField(name));
    need(field("policy"), "Policy")?;
    Ok(Some(Version2 {
        access_key: need(access_key, "AWSAccessKeyId")?.to_owned(),
        token: field("x-amz-security-token").map(str::to_owned),
        expires: None,
        date: None,
        sent: need(sent, "Signature")?.to_owned(),
    }))
}

impl Version2 {
    /// Proves the claim: the time of a URL, then the signature over the text.
    ///
    /// # Errors
    /// The first thing that is wrong, as AWS would call it.
    pub fn verify(&self, text: &str, secret: &str, now: OffsetDateTime) -> Result<(), AuthError> {
        if let Some(expires) = self.expires
            && now > expires
        {
            return Err(AuthError::Expired { date: expires, now });
        }
        if let Some(date) = self.date
            && (now - date).abs() > SKEW
        {
            return Err(AuthError::Skewed { date, now });
        }
        let mut mac =
            Hmac::<Sha1>::new_from_slice(secret.as_bytes()).map_err(|_| AuthError::Mismatch)?;
        mac.update(text.as_bytes());
        let expected = mac.finalize().into_bytes();
        let sent = STANDARD.decode(&self.sent).map_err(|_| AuthError::Mismatch)?;
        if bool::from(expected.as_slice().ct_eq(&sent)) { Ok(()) } else { Err(AuthError::Mismatch) }
    }
}

/// The text that a URL signs; `bucket` is the one that the host names.
#[must_use]
pub fn string_to_sign(parts: &Parts, bucket: Option<&str>) -> String {
    let header = |name: &str| {
        let value = parts.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().trim().to_owned()
    };
    let query = parts.uri.query().unwrap_or_default();
    let decoded: Vec<(String, String)> = pairs(query)
        .map(|(key, value)| {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            (text(&key), text(&value))
        })
        .collect();
    let by_header = parts.headers.contains_key(http::header::AUTHORIZATION);
    let expires = decoded.iter().find(|(key, _)| key == "Expires" && !by_header);
    let date = match expires {
        Some((_, value)) => value.clone(),
        // The other date is signed among the headers.
        None if parts.headers.contains_key("x-amz-date") => String::new(),
        None => header("date"),
    };
    let mut text = format!(
        "{}\n{}\n{}\n{}\n",
        parts.method,
        header("content-md5"),
        header("content-type"),
        date
    );
    let names: std::collections::BTreeSet<&str> =
        parts.headers.keys().map(HeaderName::as_str).collect();
    for name in names.into_iter().filter(|name| name.starts_with("x-amz-")) {
        let values = parts.headers.get_all(name).iter();
        let values: Vec<&str> =
            values.filter_map(|value| value.to_str().ok()).map(str::trim).collect();
        for piece in [name, ":", &values.join(","), "\n"] {
            text.push_str(piece);
        }
    }
    if let Some(bucket) = bucket {
        text.push('/');
        text.push_str(bucket);
    }
    text += parts.uri.path();
    let mut signed: Vec<&(String, String)> =
        decoded.iter().filter(|(key, _)| SIGNED.contains(&key.as_str())).collect();
    signed.sort_unstable();
    for (place, (key, value)) in signed.into_iter().enumerate() {
        text.push(if place == 0 { '?' } else { '&' });
        text += key;
        if !value.is_empty() {
            text.push('=');
            text.push_str(value);
        }
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    /// The key pair of the page's examples.
    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

    fn parts(method: &str, uri: &str) -> Parts {
        http::Request::builder().method(method).uri(uri).body(()).unwrap().into_parts().0
    }

    fn at(seconds: i64) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(seconds).unwrap()
    }

    #[test]
    fn the_example_of_the_page_is_right() {
        let uri = "http://johnsmith.s3.amazonaws.com/photos/puppy.jpg?AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=NpgCjnDzrM%2BWFzoENXmpNDUsSn8%3D&Expires=1175139620";
        let parts = parts("GET", uri);
        let claim = parse(&parts, &[]).unwrap();
        let text = string_to_sign(&parts, Some("johnsmith"));
        assert_eq!(text, "GET\n\n\n1175139620\n/johnsmith/photos/puppy.jpg");
        assert_eq!(claim.access_key, "AKIAIOSFODNN7EXAMPLE");
        assert_eq!(claim.verify(&text, SECRET, at(1_175_139_620)), Ok(()));
        let late = claim.verify(&text, SECRET, at(1_175_139_621));
        assert!(matches!(late, Err(AuthError::Expired { .. })), "{late:?}");
        let other = text.replace("puppy", "kitten");
        assert_eq!(claim.verify(&other, SECRET, at(0)), Err(AuthError::Mismatch));
        assert_eq!(claim.verify(&text, "another", at(0)), Err(AuthError::Mismatch));
    }

    #[test]
    fn the_header_of_the_page_is_right() {
        let uri = "https://awsexamplebucket1.us-west-1.s3.amazonaws.com/photos/puppy.jpg";
        let mut parts = parts("GET", uri);
        for (name, value) in [
            ("date", "Tue, 27 Mar 2007 19:36:42 +0000"),
            ("authorization", "AWS AKIAIOSFODNN7EXAMPLE:qgk2+6Sv9/oM7G3qLEjTH1a1l1g="),
        ] {
            parts.headers.insert(name, HeaderValue::from_static(value));
        }
        let claim = parse_header(&parts, &[]).unwrap().unwrap();
        let text = string_to_sign(&parts, Some("awsexamplebucket1"));
        assert_eq!(claim.verify(&text, SECRET, at(1_175_024_202)), Ok(()));
        let late = claim.verify(&text, SECRET, at(1_175_024_202 + 901));
        assert!(matches!(late, Err(AuthError::Skewed { .. })), "{late:?}");
        assert_eq!(claim.verify(&text, "other", at(1_175_024_202)), Err(AuthError::Mismatch));
    }

    #[test]
    fn what_would_not_be_signed_is_refused() {
        let signed = "https://s3/b/k?AWSAccessKeyId=A&Signature=AA%3D%3D&Expires=9";
        assert!(parse(&parts("GET", signed), &[]).is_ok());
        for (more, fine) in [
            ("&acl", true),
            ("&versionId=1", true),
            ("&prefix=a", false),
            ("&retention", false),
            ("&AWSAccessKeyId=B", false),
        ] {
            let answer = parse(&parts("GET", &format!("{signed}{more}")), &[]);
            assert_eq!(answer.is_ok(), fine, "{more}");
        }
        assert!(parse(&parts("GET", &format!("{signed}&prefix=a")), &["prefix"]).is_ok());
        for (from, to) in [("&Expires=9", ""), ("Expires=9", "Expires=soon")] {
            let answer = parse(&parts("GET", &signed.replace(from, to)), &[]);
            assert!(matches!(answer, Err(AuthError::IncompleteQuery(_))), "{to}: {answer:?}");
        }
    }

    #[test]
    fn headers_in_the_query_are_headers() {
        let mut parts =
            parts("PUT", "https://s3/b/k?x-amz-acl=private&Expires=9&content-type=a%2Fb");
        restore_headers(&mut parts).unwrap();
        assert_eq!(parts.uri, "https://s3/b/k?Expires=9");
        let text = string_to_sign(&parts, None);
        assert_eq!(text, "PUT\n\na/b\n9\nx-amz-acl:private\n/b/k");
        let mut twice = self::parts("PUT", "https://s3/b/k?x-amz-acl=private");
        twice.headers.insert("x-amz-acl", HeaderValue::from_static("public-read"));
        assert!(restore_headers(&mut twice).is_err());
    }

    #[test]
    fn a_form_has_all_fields_or_none() {
        let form = |fields: &'static [(&str, &str)]| {
            parse_form(|name| fields.iter().find(|(key, _)| *key == name).map(|(_, value)| *value))
        };
        assert_eq!(form(&[("policy", "x")]), Ok(None));
        let whole: &[(&str, &str)] =
            &[("policy", "x"), ("awsaccesskeyid", "A"), ("signature", "s")];
        assert!(form(whole).is_ok_and(|found| found.is_some()));
        for (fields, missing) in [
            (&[("policy", "x"), ("awsaccesskeyid", "A")][..], "Signature"),
            (&[("policy", "x"), ("signature", "s")], "AWSAccessKeyId"),
            (&[("awsaccesskeyid", "A"), ("signature", "s")], "Policy"),
        ] {
            assert_eq!(form(fields), Err(AuthError::MissingField(missing)));
        }
    }
}
