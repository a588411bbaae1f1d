//! What S3 takes and the wire layer refuses, put into a form that the wire layer takes. The
//! signature has been verified by then, so a request may be changed.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use gainsay_model::xml::Element;
use http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts};

use crate::{payload::Payload, s3::system_header};

/// Parameters that are as good as absent when they are empty: S3 does not care about empty numbers
/// (recorded by LocalStack, `test_list_parts_empty_part_number_marker`).
const EMPTY_NUMBERS: [&str; 5] =
    ["max-keys", "max-parts", "max-uploads", "part-number-marker", "partNumber"];

/// Headers about an object that are kept and given back byte by byte (recorded by LocalStack,
/// `test_system_metadata_with_unicode`, 2026-02-21).
const KEPT_AS_SENT: [HeaderName; 5] = [
    header::CACHE_CONTROL,
    header::CONTENT_DISPOSITION,
    header::CONTENT_ENCODING,
    header::CONTENT_LANGUAGE,
    header::CONTENT_TYPE,
];

/// Conditions whose values are entity tags, quoted or not.
const CONDITIONS: [&str; 4] =
    ["if-match", "if-none-match", "x-amz-copy-source-if-match", "x-amz-copy-source-if-none-match"];

/// Changes what the wire layer would refuse. Returns the body that goes with it.
pub(super) fn adapt(operation: &str, parts: &mut Parts, body: Payload) -> Payload {
    let headers = &mut parts.headers;
    if matches!(operation, "GetObject" | "HeadObject") && !has_range(headers) {
        headers.remove(header::RANGE);
    }
    // Of a copy the first two are read as they are: the wire layer does not know them there.
    let first = if operation == "CopyObject" { 2 } else { 0 };
    for name in CONDITIONS.iter().skip(first) {
        quote(headers, name);
    }
    if matches!(operation, "PutObject" | "CopyObject" | "CreateMultipartUpload") {
        for name in &KEPT_AS_SENT {
            keep_as_sent(headers, name);
        }
        repair_metadata(headers);
    }
    // Clients write a space of a path as a plus, too (recorded by LocalStack,
    // `test_s3_copy_object_with_plus`).
    change(headers, "x-amz-copy-source", |source| {
        let (path, version) =
            source.split_once('?').map_or((source, None), |(path, version)| (path, Some(version)));
        let path = path.replace('+', "%20");
        Some(version.map_or_else(|| path.clone(), |version| format!("{path}?{version}")))
    });
    without_empty_numbers(parts);
    let replaced = match (operation, body.length()) {
        ("CompleteMultipartUpload", 0) => Some("<CompleteMultipartUpload/>"),
        ("PutObjectTagging", 1..=MAX_TAGGING) => without_tags(&body),
        _ => None,
    };
    let Some(document) = replaced else { return body };
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(document.len()));
    Payload::from(Bytes::from_static(document.as_bytes()))
}

/// The longest body that is looked at.
const MAX_TAGGING: u64 = 1 << 20;

/// A document of tags without a set is taken for one with an empty set (recorded by LocalStack,
/// `test_put_object_tagging_none_value`, 2026-02-23).
fn without_tags(body: &Payload) -> Option<&'static str> {
    let root = Element::read(&body.bytes(MAX_TAGGING)?)?;
    (root.name == "Tagging" && root.children.is_empty())
        .then_some("<Tagging><TagSet></TagSet></Tagging>")
}

/// Whether there is a range, and one that S3 does not pass over: what is no range, several ranges,
/// and a range that ends before it begins are all the whole object (recorded by LocalStack,
/// `test_get_object_range`, 2026-02-21).
fn has_range(headers: &HeaderMap) -> bool {
    let sent = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
    sent.is_some_and(|sent| sent != "bytes=-" && s3s::dto::Range::parse(sent).is_ok())
}

fn change(headers: &mut HeaderMap, name: &str, to: impl FnOnce(&str) -> Option<String>) {
    let Some(sent) = headers.get(name).and_then(|sent| sent.to_str().ok()) else { return };
    let changed = to(sent).and_then(|changed| HeaderValue::try_from(changed).ok());
    if let (Some(changed), Ok(name)) = (changed, HeaderName::try_from(name)) {
        headers.insert(name, changed);
    }
}

/// An entity tag is anything, in quotes or without (recorded by LocalStack,
/// `test_put_object_if_match_validation`, 2026-02-21).
fn quote(headers: &mut HeaderMap, name: &str) {
    change(headers, name, |sent| {
        (sent != "*" && !sent.is_empty() && !sent.starts_with("W/"))
            .then(|| format!("\"{}\"", sent.trim_matches('"')))
    });
}

fn keep_as_sent(headers: &mut HeaderMap, name: &HeaderName) {
    let sent = headers.get(name).and_then(|sent| std::str::from_utf8(sent.as_bytes()).ok());
    let kept = sent.and_then(system_header::kept).and_then(|kept| HeaderValue::try_from(kept).ok());
    if let Some(kept) = kept {
        headers.insert(name, kept);
    }
}

/// Metadata that says it is an encoded word and is none is read as far as it goes (recorded by
/// LocalStack, `test_user_metadata_rfc2047_bad_b64_encoded`, 2026-02-21).
fn repair_metadata(headers: &mut HeaderMap) {
    let names: Vec<HeaderName> =
        headers.keys().filter(|name| name.as_str().starts_with("x-amz-meta-")).cloned().collect();
    for name in names {
        change(headers, name.as_str(), |sent| {
            let word = sent.strip_prefix("=?UTF-8?B?")?.strip_suffix("?=")?;
            let valid = STANDARD.decode(word).ok().is_some_and(|b| String::from_utf8(b).is_ok());
            (!valid).then(|| {
                let text = String::from_utf8_lossy(&decode_as_far(word)).into_owned();
                format!("=?UTF-8?B?{}?=", STANDARD.encode(text))
            })
        });
    }
}

/// Base 64 in which what is not of its alphabet counts as six set bits; what is left over is lost.
fn decode_as_far(word: &str) -> Vec<u8> {
    let six = |byte: &u8| match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let groups = word.as_bytes().chunks_exact(4);
    let joined = groups.flat_map(|group| {
        let bits = group.iter().fold(0_u32, |bits, byte| (bits << 6) | u32::from(six(byte)));
        bits.to_be_bytes().into_iter().skip(1)
    });
    joined.collect()
}

fn without_empty_numbers(parts: &mut Parts) {
    let Some(query) = parts.uri.query() else { return };
    let empty = |pair: &&str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        value.is_empty() && EMPTY_NUMBERS.contains(&name)
    };
    if !query.split('&').any(|pair| empty(&pair)) {
        return;
    }
    let kept: Vec<&str> = query.split('&').filter(|pair| !empty(pair)).collect();
    let path = format!("{}?{}", parts.uri.path(), kept.join("&"));
    let mut uri = parts.uri.clone().into_parts();
    uri.path_and_query = path.parse().ok().or(uri.path_and_query);
    if let Ok(uri) = http::Uri::from_parts(uri) {
        parts.uri = uri;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn adapted(operation: &str, uri: &str, name: &str, value: &[u8]) -> Parts {
        let request = http::Request::builder()
            .uri(uri)
            .header(name, HeaderValue::from_bytes(value).unwrap())
            .body(())
            .unwrap();
        let (mut parts, ()) = request.into_parts();
        let _body = adapt(operation, &mut parts, Payload::from(Bytes::new()));
        parts
    }

    #[test]
    fn what_is_no_range_is_the_whole_object() {
        for (range, kept) in [
            ("bytes=0-8", true),
            ("bytes=-2", true),
            ("bytes=-0", true),
            ("bytes=100-200", true),
            ("bytes=1-0", false),
            ("bytes=-1-", false),
            ("bytes=0--1", false),
            ("bytes=0-1,3-4,7-9", false),
            ("0-1", false),
            ("bytes=-", false),
        ] {
            let parts = adapted("GetObject", "https://s3/b/k", "range", range.as_bytes());
            assert_eq!(parts.headers.contains_key("range"), kept, "{range}");
        }
    }

    #[test]
    fn empty_numbers_are_left_out() {
        let uri = "https://s3/b/k?uploadId=u&max-parts=&part-number-marker=3";
        let parts = adapted("ListParts", uri, "a", b"b");
        assert_eq!(parts.uri, "https://s3/b/k?uploadId=u&part-number-marker=3");
    }

    #[test]
    fn values_are_as_the_wire_layer_takes_them() {
        for (operation, name, sent, expected) in [
            ("PutObject", "if-match", "bad-char_/", "\"bad-char_/\""),
            ("GetObject", "if-none-match", "\"abc\"", "\"abc\""),
            ("PutObject", "if-none-match", "*", "*"),
            ("CopyObject", "x-amz-copy-source", "b/a+b?versionId=a+b", "b/a%20b?versionId=a+b"),
            ("PutObject", "x-amz-meta-a", "=?UTF-8?B?=GGG?=", "=?UTF-8?B?77+9Ye+/vQ==?="),
            ("PutObject", "x-amz-meta-a", "=?UTF-8?B?w6TDtg==?=", "=?UTF-8?B?w6TDtg==?="),
        ] {
            let parts = adapted(operation, "https://s3/b/k", name, sent.as_bytes());
            assert_eq!(parts.headers.get(name).unwrap(), expected, "{name}");
        }
        let kept = adapted("PutObject", "https://s3/b/k", "cache-control", "Ä".as_bytes());
        let kept = kept.headers.get("cache-control").unwrap().to_str().unwrap().to_owned();
        assert_eq!(system_header::as_sent(kept), "Ä");
    }
}
