#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod forms;

use std::time::{Duration as Span, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request as sigv4;
use aws_sigv4::sign::v4;
use http::{HeaderName, HeaderValue, Request};
use proptest::prelude::*;
use time::macros::datetime;

use super::*;

const KEY: &str = "AKIAIOSFODNN7EXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const TOKEN: &str = "the/token+of=the&key";
const REGION: &str = "eu-central-1";
const NOW: OffsetDateTime = datetime!(2026-01-02 03:04:05 UTC);
const BODY: &[u8] = b"a body";

fn digest(body: &[u8]) -> String {
    hex::encode(Sha256::digest(body))
}

/// A request and how AWS's own signer is to sign it.
struct Case {
    method: &'static str,
    uri: String,
    headers: Vec<(&'static str, String)>,
    service: Service,
    via: Via,
    token: bool,
    unsigned: bool,
    expires: u64,
}

impl Case {
    fn new(service: Service, via: Via, uri: &str) -> Self {
        Self {
            method: "PUT",
            uri: format!("https://host.example{uri}"),
            headers: Vec::new(),
            service,
            via,
            token: true,
            unsigned: false,
            expires: 60,
        }
    }

    fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    fn settings(&self) -> sigv4::SigningSettings {
        let mut settings = sigv4::SigningSettings::default();
        if self.service == Service::S3 {
            settings.percent_encoding_mode = sigv4::PercentEncodingMode::Single;
            settings.uri_path_normalization_mode = sigv4::UriPathNormalizationMode::Disabled;
            settings.payload_checksum_kind = sigv4::PayloadChecksumKind::XAmzSha256;
        }
        if self.via == Via::Query {
            settings.signature_location = sigv4::SignatureLocation::QueryParams;
            settings.expires_in = Some(Span::from_secs(self.expires));
            settings.payload_checksum_kind = sigv4::PayloadChecksumKind::NoHeader;
        }
        settings
    }

    fn sign(&self) -> Parts {
        let mut builder = Request::builder().method(self.method).uri(&self.uri);
        for (name, value) in &self.headers {
            builder = builder.header(*name, value);
        }
        let mut request = builder.body(()).unwrap();
        let token = self.token.then(|| TOKEN.to_owned());
        let identity = Credentials::new(KEY, SECRET, token, None, "test").into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(REGION)
            .name(self.service.signing_name())
            .time(SystemTime::from(NOW))
            .settings(self.settings())
            .build()
            .unwrap()
            .into();
        let headers = self.headers.iter().map(|(n, v)| (*n, v.as_str()));
        let s3_query = self.service == Service::S3 && self.via == Via::Query;
        let body = if self.unsigned || s3_query {
            sigv4::SignableBody::UnsignedPayload
        } else {
            sigv4::SignableBody::Bytes(BODY)
        };
        let signable = sigv4::SignableRequest::new(self.method, &self.uri, headers, body).unwrap();
        let (instructions, _) = sigv4::sign(signable, &params).unwrap().into_parts();
        instructions.apply_to_request_http1x(&mut request);
        request.into_parts().0
    }

    fn check(&self, parts: &Parts) -> Result<(), AuthError> {
        verify(parts, &digest(BODY), SECRET, NOW, self.service)
    }
}

fn verify(
    parts: &Parts,
    body: &str,
    secret: &str,
    now: OffsetDateTime,
    service: Service,
) -> Result<(), AuthError> {
    let claim = parse(parts)?.ok_or(AuthError::Missing)?;
    claim.verify(parts, body, || claim.key(secret), now, service, REGION)
}

const URIS: &[&str] = &[
    "",
    "/",
    "/?",
    "/bucket/key",
    "/bucket/a%20b%2Bc%26d%3De%3Af~%28g%29%2A%27%21",
    "/bucket/%C3%A4%E2%82%AC%F0%9F%98%80",
    "/bucket//a//b/",
    ENCODED_SLASH,
    "/bucket/../x/./y/..",
    "/bucket/.",
    "/bucket/100%25",
    "/bucket/k?acl",
    "/bucket/k?acl=",
    "/bucket?list-type=2&prefix=a%20b%2F&delimiter=%2F",
    "/bucket?prefix=a+b",
    "/bucket?prefix=%2B%26%3D%25%C3%BC&b=&a&c=1=2",
    "/bucket?z=1&a=2&A=3&a-b=4&a=1",
    "/bucket?versionId=null&x-id=GetObject",
];

const ENCODED_SLASH: &str = "/bucket/a%2Fb%2F";

/// Recorded by LocalStack, `test_pre_signed_url_forward_slash_bucket`: S3's canonical request has
/// the slash as it is.
#[test]
fn an_encoded_slash_is_a_slash_to_s3() {
    for via in [Via::Header, Via::Query] {
        let case = Case::new(Service::S3, via, ENCODED_SLASH);
        assert_eq!(case.check(&case.sign()), Err(AuthError::Mismatch));
    }
}

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for service in [Service::S3, Service::Kms, Service::Sts] {
        for via in [Via::Header, Via::Query] {
            // S3 decodes a slash before it calculates; the signer does not.
            let signed = |uri: &str| service != Service::S3 || uri != ENCODED_SLASH;
            for uri in URIS.iter().filter(|uri| signed(uri)) {
                all.push(Case::new(service, via, uri));
            }
            let mut plain = Case::new(service, via, "/b/k?x=1");
            plain.token = false;
            all.push(plain);
            all.push(
                Case::new(service, via, "/b/k")
                    .header("x-amz-meta-a", "  one   two  ")
                    .header("x-amz-meta-b", "1")
                    .header("x-amz-meta-b", " 2 ")
                    .header("content-type", "text/plain")
                    .header("x-amz-copy-source", "/b/k%20?versionId=1"),
            );
            all.push(Case::new(service, via, "/b/k").header("host", "host.example"));
        }
    }
    let mut unsigned = Case::new(Service::S3, Via::Header, "/b/k");
    unsigned.unsigned = true;
    all.push(unsigned);
    all
}

#[test]
fn what_the_official_signer_signs_is_verified() {
    for case in cases() {
        let parts = case.sign();
        let claim = parse(&parts).unwrap().unwrap();
        assert_eq!((claim.access_key.as_str(), claim.via), (KEY, case.via));
        assert_eq!(claim.token.as_deref(), case.token.then_some(TOKEN));
        assert_eq!((claim.date, claim.region.as_str()), (NOW, REGION));
        assert_eq!(case.check(&parts), Ok(()), "{} {:?}", case.uri, case.service);
    }
}

#[test]
fn ports_are_part_of_the_host_unless_the_scheme_implies_them() {
    for uri in ["https://h:443/b", "http://h:80/b", "http://h:8080/b", "http://127.0.0.1:9/b"] {
        let mut case = Case::new(Service::S3, Via::Header, "/");
        uri.clone_into(&mut case.uri);
        let mut parts = case.sign();
        assert_eq!(case.check(&parts), Ok(()), "{uri}");
        parts.headers.insert("host", HeaderValue::from_static("other"));
        let refused = matches!(case.check(&parts), Err(AuthError::NotModelled(_)));
        assert!(refused, "{uri}");
    }
    let case = Case::new(Service::S3, Via::Header, "/b/k");
    let mut parts = case.sign();
    parts.uri = "/b/k".parse().unwrap();
    assert_eq!(case.check(&parts), Err(AuthError::Mismatch));
    parts.headers.insert("host", HeaderValue::from_static("host.example"));
    assert_eq!(case.check(&parts), Ok(()));
    parts.headers.append("host", HeaderValue::from_static("host.example"));
    assert_eq!(case.check(&parts), Err(AuthError::Mismatch));
}

/// Every change of a signed part is refused.
#[test]
fn any_change_is_refused() {
    for case in cases() {
        let changed = |change: &dyn Fn(&mut Parts)| {
            let mut parts = case.sign();
            change(&mut parts);
            let answer = case.check(&parts);
            assert!(answer.is_err(), "{} {:?} {:?}", case.uri, case.service, case.via);
        };
        let uri = |parts: &Parts, path: &str, more: &str| {
            let old = format!(
                "{}{path}?{}{more}",
                parts.uri.path(),
                parts.uri.query().unwrap_or_default()
            );
            format!("https://host.example{old}").parse().unwrap()
        };
        changed(&|parts| parts.method = http::Method::DELETE);
        changed(&|parts| parts.uri = uri(parts, "x", ""));
        changed(&|parts| parts.uri = uri(parts, "", "&versionId=1"));
        changed(&|parts| parts.uri = uri(parts, "", "&acl"));
        changed(&|parts| {
            let text = parts.uri.to_string().replace("host.example", "other.example");
            parts.uri = text.parse().unwrap();
            parts.headers.remove("host");
        });
        changed(&|parts| {
            parts.headers.insert("x-amz-acl", HeaderValue::from_static("public-read"));
        });
        let names: Vec<HeaderName> = case.sign().headers.keys().cloned().collect();
        for name in names.iter().filter(|name| *name != "host") {
            changed(&|parts| {
                parts.headers.insert(name, HeaderValue::from_static("20260102T030406Z"));
            });
            changed(&|parts| {
                parts.headers.append(name, HeaderValue::from_static("20260102T030405Z"));
            });
        }
        // A body that is not signed may be another one; that is what UNSIGNED-PAYLOAD means.
        let free = case.unsigned || (case.service == Service::S3 && case.via == Via::Query);
        let body = verify(&case.sign(), &digest(b"other"), SECRET, NOW, case.service);
        assert_eq!(body.is_ok(), free);
        let secret = verify(&case.sign(), &digest(BODY), "other", NOW, case.service);
        assert_eq!(secret, Err(AuthError::Mismatch));
    }
}

#[test]
fn a_signature_for_another_region_service_or_day_is_refused() {
    for case in cases() {
        let parts = case.sign();
        let claim = parse(&parts).unwrap().unwrap();
        let body = digest(BODY);
        let region =
            claim.verify(&parts, &body, || claim.key(SECRET), NOW, case.service, "us-east-1");
        assert!(matches!(region, Err(AuthError::Scope { fault: Scope::Region { .. }, .. })));
        let other = if case.service == Service::Kms { Service::Sts } else { Service::Kms };
        assert!(claim.verify(&parts, &body, || claim.key(SECRET), NOW, other, REGION).is_err());
        for change in [
            |claim: &mut Signature| claim.region = "us-east-1".into(),
            |claim: &mut Signature| claim.service = "iam".into(),
            |claim: &mut Signature| claim.scope_date = "20260101".into(),
            |claim: &mut Signature| claim.date = NOW + Duration::seconds(1),
            |claim: &mut Signature| claim.mac = [0; 32],
            |claim: &mut Signature| claim.signed_headers = vec!["host".into(), "x".into()],
            |claim: &mut Signature| claim.signed_headers.clear(),
        ] {
            let mut claim = claim.clone();
            change(&mut claim);
            let answer =
                claim.verify(&parts, &body, || claim.key(SECRET), NOW, case.service, REGION);
            assert!(answer.is_err(), "{claim:?}");
        }
    }
}

#[test]
fn the_signature_for_a_token_does_not_serve_another_token() {
    let case = Case::new(Service::S3, Via::Header, "/b/k");
    let mut parts = case.sign();
    parts.headers.insert("x-amz-security-token", HeaderValue::from_static("other"));
    assert_eq!(case.check(&parts), Err(AuthError::Mismatch));
    parts.headers.remove("x-amz-security-token");
    assert_eq!(case.check(&parts), Err(AuthError::Mismatch));
    let case = Case::new(Service::S3, Via::Query, "/b/k");
    let parts = case.sign();
    let (head, tail) = parts.uri.query().unwrap().split_once("X-Amz-Security-Token=").unwrap();
    let rest = tail.split_once('&').map_or("", |(_, rest)| rest);
    for token in ["X-Amz-Security-Token=other&", ""] {
        let mut parts = case.sign();
        parts.uri = format!("https://host.example/b/k?{head}{token}{rest}").parse().unwrap();
        assert_eq!(case.check(&parts), Err(AuthError::Mismatch));
    }
}

#[test]
fn time_decides() {
    let at = |case: &Case, seconds| {
        let now = NOW + Duration::seconds(seconds);
        let answer = verify(&case.sign(), &digest(BODY), SECRET, now, case.service);
        answer.map_err(|error| (error.code(case.service), error.message(case.service)))
    };
    let header = Case::new(Service::S3, Via::Header, "/b/k");
    assert_eq!((at(&header, 900), at(&header, -900)), (Ok(()), Ok(())));
    for seconds in [901, -901] {
        assert_eq!(at(&header, seconds).unwrap_err().0, "RequestTimeTooSkewed");
    }
    let mut presigned = Case::new(Service::S3, Via::Query, "/b/k");
    assert_eq!((at(&presigned, 60), at(&presigned, -900)), (Ok(()), Ok(())));
    let denied = |message: &str| Err(("AccessDenied", message.to_owned()));
    assert_eq!(at(&presigned, 61), denied("Request has expired"));
    assert_eq!(at(&presigned, -901), denied("Request is not yet valid"));
    presigned.expires = 604_800;
    assert_eq!(at(&presigned, 604_800), Ok(()));
    presigned.expires = 0;
    assert_eq!(at(&presigned, 0), denied("Request has expired"));
    presigned.expires = 604_801;
    assert_eq!(at(&presigned, 0).unwrap_err().0, "AuthorizationQueryParametersError");
    let kms = Case::new(Service::Kms, Via::Header, "/");
    let text = "Signature expired: 20260102T030405Z is now earlier than 20260102T030406Z (20260102T031906Z - 15 min.)";
    assert_eq!(at(&kms, 901), Err(("InvalidSignatureException", text.to_owned())));
    let mut sts = Case::new(Service::Sts, Via::Query, "/");
    sts.expires = 3600;
    assert_eq!(at(&sts, 900), Ok(()));
    assert_eq!(at(&sts, 901).unwrap_err().0, "SignatureDoesNotMatch");
}

#[test]
fn the_payload_header_of_s3_is_checked() {
    let case = Case::new(Service::S3, Via::Header, "/b/k");
    let with = |value: Option<&str>| {
        let mut parts = case.sign();
        parts.headers.remove("x-amz-content-sha256");
        if let Some(value) = value {
            parts.headers.insert("x-amz-content-sha256", value.parse().unwrap());
        }
        case.check(&parts).unwrap_err()
    };
    assert_eq!(with(None), AuthError::MissingPayload);
    assert_eq!(with(Some("unsigned-payload")), AuthError::BadPayload);
    assert_eq!(with(Some(UNSIGNED)), AuthError::Mismatch);
    let asymmetric = with(Some("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"));
    assert!(matches!(asymmetric, AuthError::NotModelled(_)));
    let other = verify(&case.sign(), &digest(b""), SECRET, NOW, Service::S3);
    assert_eq!(other, Err(AuthError::BodyMismatch));
}

#[test]
fn headers_that_must_be_signed() {
    for via in [Via::Header, Via::Query] {
        let case = Case::new(Service::S3, via, "/b/k");
        for name in ["x-amz-meta-a", "x-amz-acl", "content-md5", "x-amz-checksum-mode"] {
            let mut parts = case.sign();
            parts.headers.insert(name, HeaderValue::from_static("x"));
            let expected = AuthError::UnsignedHeaders(vec![name.to_owned()]);
            assert_eq!(case.check(&parts), Err(expected));
        }
        let mut parts = case.sign();
        parts.headers.insert("content-type", HeaderValue::from_static("x"));
        parts.headers.insert("range", HeaderValue::from_static("bytes=0-1"));
        assert_eq!(case.check(&parts), Ok(()));
    }
}

proptest! {
    #[test]
    fn any_key_and_query_the_signer_signs_is_verified(key in ".{0,12}", value in ".{0,12}") {
        let encode = |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        let uri = format!("/b/{}?prefix={}", encode(&key).replace("%2F", "/").replace("%2E", ".").replace("%2D", "-").replace("%5F", "_").replace("%7E", "~"), encode(&value));
        for via in [Via::Header, Via::Query] {
            let case = Case::new(Service::S3, via, &uri);
            prop_assert_eq!(case.check(&case.sign()), Ok(()), "{}", uri);
        }
    }
}
