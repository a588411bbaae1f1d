//! The canonical request
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>).

use http::request::Parts;
use http::{HeaderMap, Uri, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use super::{AuthError, Service, Signature, Via};

/// Everything but the unreserved characters, `A-Z a-z 0-9 - . _ ~`.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The format of `X-Amz-Date`.
pub(super) const STAMP: &[BorrowedFormatItem<'_>] =
    format_description!("[year][month][day]T[hour][minute][second]Z");

/// A time as `X-Amz-Date` writes it.
pub(super) fn stamp(at: OffsetDateTime) -> String {
    let utc = at.checked_to_offset(time::UtcOffset::UTC);
    utc.and_then(|at| at.format(STAMP).ok()).unwrap_or_default()
}

/// The canonical request. A signed header that is missing is a mismatch: no client signed that.
pub(super) fn request(
    parts: &Parts,
    service: Service,
    claim: &Signature,
    payload: &str,
) -> Result<Vec<u8>, AuthError> {
    let query = parts.uri.query().unwrap_or_default();
    let mut text = format!(
        "{}\n{}\n{}\n",
        parts.method,
        path(parts.uri.path(), service),
        query_line(query, claim.via)
    )
    .into_bytes();
    for name in &claim.signed_headers {
        text.extend_from_slice(name.as_bytes());
        text.push(b':');
        if name == "host" {
            write_host(&mut text, parts)?;
        } else {
            write_header(&mut text, &parts.headers, name)?;
        }
        text.push(b'\n');
    }
    text.push(b'\n');
    text.extend_from_slice(claim.signed_headers.join(";").as_bytes());
    text.push(b'\n');
    text.extend_from_slice(payload.as_bytes());
    Ok(text)
}

/// How paths of S3 Control begin.
const CONTROL: &str = "/v20180820/";

/// What is encoded in a path: the slash is not, where S3 signs.
const RESERVED_IN_PATH: &AsciiSet = &RESERVED.remove(b'/');

/// S3 takes the path as it is, decoded and encoded once, so that `%2F` is a slash as any other
/// (recorded by LocalStack, `test_pre_signed_url_forward_slash_bucket`); a key may well contain
/// `//` or `..`. The other services resolve those and encode what the client already encoded a
/// second time.
pub(super) fn path(raw: &str, service: Service) -> String {
    let raw = if raw.is_empty() { "/" } else { raw };
    let encoded = |text: &str| {
        let segments: Vec<String> = text.split('/').map(recode).collect();
        segments.join("/")
    };
    // S3 Control has names and ARNs in its paths, each encoded whole.
    if service == Service::S3 && raw.starts_with(CONTROL) {
        return encoded(raw);
    }
    if service == Service::S3 {
        let bytes: Vec<u8> = percent_decode(raw.as_bytes()).collect();
        return percent_encode(&bytes, RESERVED_IN_PATH).to_string();
    }
    let once = encoded(&normalised(raw));
    let twice = |segment| percent_encode(str::as_bytes(segment), RESERVED).to_string();
    once.split('/').map(twice).collect::<Vec<_>>().join("/")
}

/// Dot segments resolved and empty ones dropped (RFC 3986, 5.2.4).
fn normalised(raw: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in raw.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            other => segments.push(other),
        }
    }
    let last = raw.rsplit('/').next().unwrap_or_default();
    let slash = !segments.is_empty() && matches!(last, "" | "." | "..");
    format!("/{}{}", segments.join("/"), if slash { "/" } else { "" })
}

fn recode(text: &str) -> String {
    let bytes: Vec<u8> = percent_decode(text.as_bytes()).collect();
    percent_encode(&bytes, RESERVED).to_string()
}

/// The parameters of a query, decoded. A plus is a space, as in the forms of HTML.
pub(super) fn pairs(raw: &str) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    let decode = |text: &str| percent_decode(text.replace('+', " ").as_bytes()).collect();
    raw.split('&').filter(|part| !part.is_empty()).map(move |part| {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        (decode(key), decode(value))
    })
}

/// The parameters, encoded, sorted by key and value, without the signature of a presigned request.
fn query_line(raw: &str, via: Via) -> String {
    let encode = |bytes: &[u8]| percent_encode(bytes, RESERVED).to_string();
    let mut parameters: Vec<(String, String)> = pairs(raw)
        .filter(|(key, _)| via == Via::Header || key != b"X-Amz-Signature")
        .map(|(key, value)| (encode(&key), encode(&value)))
        .collect();
    parameters.sort_unstable();
    let joined: Vec<String> =
        parameters.iter().map(|(key, value)| format!("{key}={value}")).collect();
    joined.join("&")
}

/// The values of a header: trimmed, runs of spaces made one, joined by a comma.
fn write_header(text: &mut Vec<u8>, headers: &HeaderMap, name: &str) -> Result<(), AuthError> {
    let mut values = headers.get_all(name).iter();
    write_words(text, values.next().ok_or(AuthError::Mismatch)?.as_bytes());
    for value in values {
        text.push(b',');
        write_words(text, value.as_bytes());
    }
    Ok(())
}

fn write_words(text: &mut Vec<u8>, value: &[u8]) {
    let words = value.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    for (place, word) in words.enumerate() {
        if place > 0 {
            text.push(b' ');
        }
        text.extend_from_slice(word);
    }
}

/// The host the client addressed: the header, or the authority of an absolute URI without the port
/// that its scheme implies, which no client sends.
fn write_host(text: &mut Vec<u8>, parts: &Parts) -> Result<(), AuthError> {
    let authority = authority(&parts.uri);
    let mut lines = parts.headers.get_all(header::HOST).iter();
    let sent = match (lines.next(), lines.next()) {
        (None, _) => {
            text.extend_from_slice(authority.ok_or(AuthError::Mismatch)?.as_bytes());
            return Ok(());
        }
        (Some(sent), None) => sent.as_bytes(),
        (Some(_), Some(_)) => return Err(AuthError::Mismatch),
    };
    // Which of two names would choose the bucket is the wire layer's affair; what was signed must
    // not depend on it.
    let whole = parts.uri.authority().map(http::uri::Authority::as_str);
    let same = |name: &str| name.as_bytes().eq_ignore_ascii_case(sent);
    if whole.is_some_and(|whole| !same(whole)) && !authority.as_deref().is_some_and(same) {
        return Err(AuthError::NotModelled(
            "a Host header that differs from the address of the request",
        ));
    }
    write_words(text, sent);
    Ok(())
}

fn authority(uri: &Uri) -> Option<String> {
    let host = uri.host()?;
    let implied = match uri.scheme_str() {
        Some("http") => Some(80),
        Some("https") => Some(443),
        _ => None,
    };
    Some(match uri.port_u16() {
        Some(port) if Some(port) != implied => format!("{host}:{port}"),
        _ => host.to_owned(),
    })
}
