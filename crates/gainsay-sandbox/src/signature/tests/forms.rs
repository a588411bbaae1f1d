//! Forms that cannot be read, and the words they are refused with.

use super::*;

/// The code and message S3 gives a request with this header or query.
fn s3(authorization: Option<&str>, query: &str) -> (&'static str, u16, String) {
    let mut builder = Request::builder().uri(format!("https://h/b/k?{query}"));
    builder = builder.header("x-amz-date", "20260102T030405Z");
    builder = builder.header("x-amz-content-sha256", UNSIGNED);
    if let Some(value) = authorization {
        builder = builder.header("authorization", value);
    }
    let parts = builder.body(()).unwrap().into_parts().0;
    let error = verify(&parts, "", SECRET, NOW, Service::S3).unwrap_err();
    let (code, status) = (error.code(Service::S3), error.status(Service::S3));
    (code, status, error.message(Service::S3))
}

#[test]
fn malformed_headers_are_named_as_s3_names_them() {
    let hex = "0".repeat(64);
    let scope = "AK/20260102/eu-central-1/s3/aws4_request";
    let header = |credential: &str| {
        format!(
            "AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host;x-amz-date, Signature={hex}"
        )
    };
    let code = |value: &str| s3(Some(value), "").0;
    assert_eq!(code(&header(scope)), "SignatureDoesNotMatch");
    for (credential, text) in [
        (
            "AK/20260102/us-east-1/s3/aws4_request",
            "the region 'us-east-1' is wrong; expecting 'eu-central-1'",
        ),
        (
            "AK/20260102/eu-central-1/kms/aws4_request",
            "incorrect service \"kms\". This endpoint belongs to \"s3\".",
        ),
        (
            "AK/20260101/eu-central-1/s3/aws4_request",
            "Invalid credential date. Date is not the same as X-Amz-Date.",
        ),
        (
            "AK/2026010/eu-central-1/s3/aws4_request",
            "incorrect date format \"2026010\". This date in the credential must be in the format \"yyyyMMdd\".",
        ),
        (
            "AK/20260102/eu-central-1/s3/aws4",
            "incorrect terminal \"aws4\". This endpoint uses \"aws4_request\".",
        ),
        (
            "/20260102/eu-central-1/s3/aws4_request",
            "a non-empty Access Key (AKID) must be provided in the credential.",
        ),
        (
            "AK",
            "the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".",
        ),
    ] {
        let message = format!("The authorization header is malformed; {text}");
        let expected = ("AuthorizationHeaderMalformed", 400, message);
        assert_eq!(s3(Some(&header(credential)), ""), expected);
    }
    let line = header(scope);
    for broken in [
        line.replace("Signature=", "Sig="),
        line.replace(", SignedHeaders=host;x-amz-date", ""),
        format!("{line}, Extra=1"),
        format!("{line}, Signature={hex}"),
        line.replace("host;x-amz-date", "x-amz-date;host"),
        line.replace("host;x-amz-date", "host;host;x-amz-date"),
        line.replace("host;", "Host;"),
    ] {
        assert_eq!(code(&broken), "AuthorizationHeaderMalformed", "{broken}");
    }
    assert_eq!(code(&line.replace("host;", "")), "AccessDenied");
    assert_eq!(code(&line.replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256")), "NotImplemented");
    assert_eq!(code("Bearer x"), "InvalidArgument");
    assert_eq!(code("AWS4-HMAC-SHA256"), "InvalidArgument");
    let version_2 = s3(Some("AWS AK:x"), "");
    assert_eq!((version_2.0, version_2.1), ("InvalidRequest", 400));
    assert_eq!(s3(None, "AWSAccessKeyId=AK&Signature=x"), version_2);
    assert_eq!(s3(Some(&line), "X-Amz-Algorithm=AWS4-HMAC-SHA256").0, "InvalidArgument");
    assert_eq!(s3(None, "Signature=x&X-Amz-Date=x").0, "InvalidArgument");
}

#[test]
fn malformed_queries_are_named_as_s3_names_them() {
    let parts = Case::new(Service::S3, Via::Query, "/b/k").sign();
    let query = parts.uri.query().unwrap().to_owned();
    let code = |query: &str| s3(None, query).0;
    for name in ["Algorithm", "Credential", "Signature", "Date", "SignedHeaders", "Expires"] {
        let without = query.replace(&format!("X-Amz-{name}="), "other=");
        assert_eq!(code(&without), "AuthorizationQueryParametersError", "{name}");
        let lower = query.replace(&format!("X-Amz-{name}="), &format!("x-amz-{name}="));
        assert_eq!(code(&lower), "NotImplemented", "{name}");
        assert_eq!(code(&format!("{query}&X-Amz-{name}=x")), "NotImplemented", "{name}");
    }
    for (from, to) in [
        ("Expires=60", "Expires=-1"),
        ("Expires=60", "Expires=1h"),
        ("Expires=60", "Expires=99999999999999999999"),
        ("Date=20260102T030405Z", "Date=2026-01-02T03:04:05Z"),
        ("Date=20260102T030405Z", "Date=+0260102T030405Z"),
        ("Date=20260102T030405Z", "Date=20261302T030405Z"),
        ("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA512"),
        ("eu-central-1", "us-east-1"),
    ] {
        let changed = query.replace(from, to);
        assert_eq!(code(&changed), "AuthorizationQueryParametersError", "{to}");
    }
    let other = s3(None, &query.replace("eu-central-1", "us-east-1"));
    let text = "Error parsing the X-Amz-Credential parameter; the region 'us-east-1' is wrong; expecting 'eu-central-1'";
    assert_eq!(other.2, text);
}

#[test]
fn dates_that_are_missing_or_of_another_header_are_refused() {
    let mut parts = Case::new(Service::S3, Via::Header, "/b/k").sign();
    parts.headers.remove("x-amz-date");
    assert_eq!(parse(&parts), Err(AuthError::MissingDate));
    parts.headers.insert("date", HeaderValue::from_static("Fri, 02 Jan 2026 03:04:05 GMT"));
    assert!(matches!(parse(&parts), Err(AuthError::NotModelled(_))));
}

#[test]
fn each_service_has_its_own_words() {
    let of = |error: &AuthError| {
        [Service::S3, Service::Kms, Service::Sts].map(|s| (error.code(s), error.status(s)))
    };
    let unknown = [
        ("InvalidAccessKeyId", 403),
        ("UnrecognizedClientException", 400),
        ("InvalidClientTokenId", 403),
    ];
    assert_eq!(of(&AuthError::UnknownAccessKey), unknown);
    let expired = [("ExpiredToken", 400), ("ExpiredTokenException", 400), ("ExpiredToken", 403)];
    assert_eq!(of(&AuthError::ExpiredToken), expired);
    let token = [
        ("InvalidToken", 400),
        ("UnrecognizedClientException", 400),
        ("InvalidClientTokenId", 403),
    ];
    assert_eq!(of(&AuthError::InvalidToken), token);
    let mismatch = [
        ("SignatureDoesNotMatch", 403),
        ("InvalidSignatureException", 400),
        ("SignatureDoesNotMatch", 403),
    ];
    assert_eq!(of(&AuthError::Mismatch), mismatch);
    assert_eq!(AuthError::ExpiredToken.to_string(), "The provided token has expired.");
    let claim = parse(&Case::new(Service::S3, Via::Header, "/").sign()).unwrap();
    assert!(!format!("{claim:?}").contains(TOKEN));
}

#[test]
fn a_request_without_any_authentication_is_anonymous() {
    let parts = Request::builder().uri("/b/k?versionId=1").body(()).unwrap().into_parts().0;
    assert_eq!(parse(&parts), Ok(None));
    assert_eq!(query_pairs("a=b+c&d&=&%ff"), None);
    let pair = |k: &str, v: &str| (k.to_owned(), v.to_owned());
    assert_eq!(query_pairs("a=b+c&&d"), Some(vec![pair("a", "b c"), pair("d", "")]));
}

proptest! {
    #[test]
    fn arbitrary_headers_never_panic_and_never_pass(
        line in prop_oneof!["[ -~]{0,80}", "AWS4-HMAC-SHA256 [A-Za-z=,;/0-9 ]{0,80}"],
        date in "[0-9TZ]{0,17}",
        query in "[ -~&&[^ \"<>`#\\\\^{}|]]{0,40}",
    ) {
        let builder = Request::builder().uri(format!("https://h/{query}?{query}"));
        if let Ok(request) = builder.header("authorization", line).header("x-amz-date", date).body(()) {
            prop_assert!(verify(&request.into_parts().0, "", SECRET, NOW, Service::S3).is_err());
        }
    }

    #[test]
    fn arbitrary_queries_never_panic_and_never_pass(
        values in proptest::collection::vec(("[A-Za-z0-9%+;/-]{0,20}", 0_usize..8), 0..9),
    ) {
        let names = ["Algorithm", "Credential", "Signature", "Date", "SignedHeaders", "Expires", "Security-Token", "x"];
        let query: Vec<String> = values.iter().map(|(v, n)| format!("X-Amz-{}={v}", names.get(*n).unwrap())).collect();
        let uri = format!("https://h/b/k?{}", query.join("&"));
        if let Ok(request) = Request::builder().uri(uri).body(()) {
            prop_assert!(verify(&request.into_parts().0, "", SECRET, NOW, Service::Sts).is_err());
        }
    }
}
