//! Reads what a request claims.

use http::request::Parts;
use http::{HeaderMap, header};
use time::{Duration, OffsetDateTime, PrimitiveDateTime};

use super::canonical::{STAMP, pairs};
use super::{ALGORITHM, AuthError, Scope, Signature, TERMINATOR, Via, WEEK};

/// The query keys of a presigned request. The last may be absent.
const PRESIGNED: [&str; 7] = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Signature",
    "X-Amz-Date",
    "X-Amz-SignedHeaders",
    "X-Amz-Expires",
    "X-Amz-Security-Token",
];
/// The query keys of Signature Version 2
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/RESTAuthentication.html>).
const VERSION_2: [&str; 2] = ["AWSAccessKeyId", "Signature"];
const INCOMPLETE: &str = "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.";
const VERSION_4A: &str = "AWS4-ECDSA-P256-SHA256";

type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// The query of a request, decoded as the signature decodes it, or nothing if it is not UTF-8.
#[must_use]
pub fn query_pairs(raw: &str) -> Option<Vec<(String, String)>> {
    let text = |bytes| String::from_utf8(bytes).ok();
    pairs(raw).map(|(key, value)| Some((text(key)?, text(value)?))).collect()
}

/// Reads the signature of a request. Nothing means that it carries no authentication at all, which
/// S3 treats as anonymous and KMS and STS refuse ([`AuthError::Missing`]).
///
/// Half a presigned request is refused, where S3 was measured to take one without
/// `X-Amz-Algorithm` as anonymous: an anonymous answer to a request that tried to be more would
/// prove nothing.
///
/// # Errors
/// What is wrong with the form, as AWS would call it.
pub fn parse(parts: &Parts) -> Result<Option<Signature>, AuthError> {
    let query: Pairs = pairs(parts.uri.query().unwrap_or_default()).collect();
    let presigned = any(&query, &PRESIGNED);
    let version_2 = any(&query, &VERSION_2);
    let mut lines = parts.headers.get_all(header::AUTHORIZATION).iter();
    match (lines.next(), lines.next()) {
        (Some(_), _) if presigned || version_2 => Err(AuthError::TwoMechanisms),
        (Some(_), Some(_)) => Err(AuthError::UnknownScheme),
        (Some(line), None) => {
            let line = line.to_str().map_err(|_| AuthError::UnknownScheme)?;
            from_header(line, &parts.headers).map(Some)
        }
        (None, _) if presigned && version_2 => Err(AuthError::TwoMechanisms),
        (None, _) if version_2 => Err(AuthError::Version2),
        (None, _) if presigned => from_query(&query, &parts.headers).map(Some),
        (None, _) => Ok(None),
    }
}

fn any(query: &Pairs, names: &[&str]) -> bool {
    let one = |key: &[u8]| names.iter().any(|n| n.as_bytes().eq_ignore_ascii_case(key));
    query.iter().any(|(key, _)| one(key))
}

fn from_header(line: &str, headers: &HeaderMap) -> Result<Signature, AuthError> {
    let (scheme, rest) = line.split_once(' ').ok_or(AuthError::UnknownScheme)?;
    match scheme {
        ALGORITHM => {}
        VERSION_4A => return Err(AuthError::NotModelled("Signature Version 4A")),
        other if other.eq_ignore_ascii_case("AWS") => return Err(AuthError::Version2),
        _ => return Err(AuthError::UnknownScheme),
    }
    let date = header_date(headers)?;
    let [credential, signed, signature] = components(rest).ok_or_else(|| {
        malformed(
            Via::Header,
            "the authorization header requires three components: Credential, SignedHeaders, and Signature.",
        )
    })?;
    let token = one_line(headers, "x-amz-security-token", AuthError::InvalidToken)?;
    let token = token.map(str::to_owned);
    let claim = Claim { via: Via::Header, credential, signed, signature };
    claim.read(date, token, None)
}

/// `Credential`, `SignedHeaders` and `Signature`, in whatever order.
fn components(rest: &str) -> Option<[&str; 3]> {
    let parts: Vec<(&str, &str)> =
        rest.split(',').map(|part| part.trim().split_once('=')).collect::<Option<_>>()?;
    let value = |name| {
        let mut found = parts.iter().filter(|(key, _)| *key == name);
        found.next().map(|(_, value)| *value)
    };
    let all = [value("Credential")?, value("SignedHeaders")?, value("Signature")?];
    (parts.len() == all.len()).then_some(all)
}

fn header_date(headers: &HeaderMap) -> Result<OffsetDateTime, AuthError> {
    match one_line(headers, "x-amz-date", AuthError::MissingDate)? {
        Some(date) => instant(date).ok_or(AuthError::MissingDate),
        None if headers.contains_key(header::DATE) => {
            Err(AuthError::NotModelled("a signature dated by the Date header"))
        }
        None => Err(AuthError::MissingDate),
    }
}

/// A header that may be there once; the error if it is repeated or unreadable.
fn one_line<'a>(
    headers: &'a HeaderMap,
    name: &str,
    error: AuthError,
) -> Result<Option<&'a str>, AuthError> {
    let mut lines = headers.get_all(name).iter();
    match (lines.next(), lines.next()) {
        (None, _) => Ok(None),
        (Some(line), None) => line.to_str().map(Some).map_err(|_| error),
        (Some(_), Some(_)) => Err(error),
    }
}

fn from_query(query: &Pairs, headers: &HeaderMap) -> Result<Signature, AuthError> {
    check_keys(query)?;
    check_algorithm(get(query, "X-Amz-Algorithm"))?;
    let values: Option<Vec<&str>> = PRESIGNED.iter().take(6).map(|n| get(query, n)).collect();
    let values: Option<[&str; 6]> = values.and_then(|values| values.try_into().ok());
    let [_, credential, signature, date, signed, expires] =
        values.ok_or_else(|| malformed(Via::Query, INCOMPLETE))?;
    if headers.contains_key("x-amz-security-token") {
        return Err(AuthError::NotModelled("a session token in the header of a presigned request"));
    }
    let format = "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"";
    let date = instant(date).ok_or_else(|| malformed(Via::Query, format))?;
    let token = match query.iter().find(|(key, _)| key == b"X-Amz-Security-Token") {
        None => None,
        Some((_, token)) => {
            let token = str::from_utf8(token).map_err(|_| AuthError::InvalidToken)?;
            Some(token.to_owned())
        }
    };
    let claim = Claim { via: Via::Query, credential, signed, signature };
    claim.read(date, token, Some(lifetime(expires)?))
}

/// The presigned keys, each at most once and in the usual letter case.
fn check_keys(query: &Pairs) -> Result<(), AuthError> {
    for name in PRESIGNED.map(str::as_bytes) {
        let keys = query.iter().map(|(key, _)| key.as_slice());
        let alike: Vec<&[u8]> = keys.filter(|key| key.eq_ignore_ascii_case(name)).collect();
        if alike.len() > 1 {
            return Err(AuthError::NotModelled("a repeated presigned query key"));
        }
        if alike.iter().any(|key| *key != name) {
            return Err(AuthError::NotModelled("presigned query keys in another letter case"));
        }
    }
    Ok(())
}

fn get<'a>(query: &'a Pairs, name: &str) -> Option<&'a str> {
    let mut found = query.iter().filter(|(key, _)| key == name.as_bytes());
    let (_, value) = found.next()?;
    str::from_utf8(value).ok()
}

fn check_algorithm(algorithm: Option<&str>) -> Result<(), AuthError> {
    match algorithm {
        // Its absence is one of the incomplete forms.
        Some(ALGORITHM) | None => Ok(()),
        Some(VERSION_4A) => Err(AuthError::NotModelled("Signature Version 4A")),
        Some(_) => Err(malformed(
            Via::Query,
            "X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256\"",
        )),
    }
}

fn lifetime(expires: &str) -> Result<Duration, AuthError> {
    let wrong = |detail: &str| malformed(Via::Query, detail);
    let seconds: i64 = expires.parse().map_err(|_| wrong("X-Amz-Expires should be a number"))?;
    if seconds < 0 {
        Err(wrong("X-Amz-Expires must be non-negative"))
    } else if seconds > WEEK.whole_seconds() {
        Err(wrong(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds",
        ))
    } else {
        Ok(Duration::seconds(seconds))
    }
}

/// The parts both forms have.
pub(super) struct Claim<'a> {
    pub via: Via,
    pub credential: &'a str,
    pub signed: &'a str,
    pub signature: &'a str,
}

impl Claim<'_> {
    pub(super) fn read(
        &self,
        date: OffsetDateTime,
        token: Option<String>,
        expires: Option<Duration>,
    ) -> Result<Signature, AuthError> {
        let scope = |fault| AuthError::Scope { via: self.via, fault };
        let parts: Vec<&str> = self.credential.split('/').collect();
        let parts: [&str; 5] = parts.try_into().map_err(|_| scope(Scope::Parts))?;
        let [access_key, scope_date, region, service, terminator] = parts;
        if scope_date.len() != 8 || !scope_date.bytes().all(|b| b.is_ascii_digit()) {
            return Err(scope(Scope::DateFormat(scope_date.to_owned())));
        }
        if access_key.is_empty() {
            return Err(scope(Scope::EmptyKey));
        }
        if terminator != TERMINATOR {
            return Err(scope(Scope::Terminator(terminator.to_owned())));
        }
        // A digest of another length cannot be the right one, and needs no secret to be refused.
        let mut mac = [0; 32];
        hex::decode_to_slice(self.signature, &mut mac).map_err(|_| AuthError::Mismatch)?;
        Ok(Signature {
            access_key: access_key.to_owned(),
            date,
            scope_date: scope_date.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
            token,
            via: self.via,
            expires,
            signed_headers: self.signed_headers()?,
            mac,
        })
    }

    /// Signed headers must be lower case, sorted and each once, as the documentation has clients
    /// write them. That AWS refuses other lists is assumed.
    fn signed_headers(&self) -> Result<Vec<String>, AuthError> {
        let names: Vec<String> = self.signed.split(';').map(str::to_owned).collect();
        let plain = |name: &String| {
            let known = |b: u8| b.is_ascii_graphic() && !b.is_ascii_uppercase() && b != b':';
            !name.is_empty() && name.bytes().all(known)
        };
        let sorted = names.iter().zip(names.iter().skip(1)).all(|(a, b)| a < b);
        if names.iter().all(plain) && sorted {
            return Ok(names);
        }
        Err(malformed(
            self.via,
            "SignedHeaders must be a sorted list of header names in lower case.",
        ))
    }
}

pub(super) fn malformed(via: Via, detail: &str) -> AuthError {
    AuthError::Malformed { via, detail: detail.to_owned() }
}

pub(super) fn instant(text: &str) -> Option<OffsetDateTime> {
    // The length keeps out signs and longer years, which the parser would take.
    let plain = text.len() == 16;
    let read = PrimitiveDateTime::parse(text, STAMP).ok();
    read.filter(|_| plain).map(PrimitiveDateTime::assume_utc)
}
