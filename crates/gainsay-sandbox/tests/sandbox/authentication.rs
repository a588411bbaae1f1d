//! Who asks: signatures, tokens, time, presigned URLs, nobody.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_smithy_async::time::{SharedTimeSource, StaticTimeSource};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use serde_json::json;

use crate::support::{
    ACCOUNT, Field, How, PARTNER, Param, Place, Setup, Table, all, delegated, outcome, run, send,
};

const KEY: [(Param, &str); 2] = [(Param::Bucket, "gs-plain"), (Param::Key, "k")];

fn setup() -> Place {
    // So that there is a policy to read.
    let never = all(
        "Deny",
        "s3:*",
        "arn:aws:s3:::gs-plain",
        json!({ "StringEquals": { "aws:PrincipalTag/x": "x" } }),
    );
    Setup::new()
        .bucket("plain", ", versioning: enabled", Some(json!([never])))
        .bucket(
            "open",
            ", versioning: enabled, block_public_access: { block_public_acls: true, ignore_public_acls: true, block_public_policy: false, restrict_public_buckets: false }",
            Some(json!([all("Allow", "s3:*", ["arn:aws:s3:::gs-open", "arn:aws:s3:::gs-open/*"].as_slice(), json!(null))])),
        )
        .bucket("spare", ", versioning: enabled", None)
        .key("k", "", delegated())
        .build()
}

/// The same with an object to read.
async fn with_object() -> Place {
    let place = setup();
    place.done("admin", "s3:PutObject", &KEY).await;
    place
}

fn authorization(request: &mut HttpRequest, change: impl Fn(&str) -> String) {
    let old = request.headers().get("authorization").expect("a signed request").to_owned();
    request.headers_mut().insert("authorization", change(&old));
}

fn uri(request: &mut HttpRequest, change: impl Fn(&str) -> String) {
    let new = change(request.uri());
    request.set_uri(new).expect("a URI");
}

type Change = fn(&mut HttpRequest);

/// What is changed after signing, and what S3 answers to PutObject.
const TAMPERED: &[(&str, Change, &str)] = &[
    ("nothing", |_| {}, "allowed"),
    (
        "a signed header",
        |request| _ = request.headers_mut().insert("x-amz-date", "20200101T000000Z"),
        "403 RequestTimeTooSkewed bad-credentials",
    ),
    (
        "the token's header",
        |request| _ = request.headers_mut().insert("x-amz-security-token", "garbage"),
        "400 InvalidToken bad-credentials",
    ),
    (
        "no token at all",
        |request| _ = request.headers_mut().remove("x-amz-security-token"),
        "403 InvalidAccessKeyId bad-credentials",
    ),
    (
        "the method's meaning, by the key",
        |request| uri(request, |uri| uri.replace("/k?", "/other?")),
        "403 SignatureDoesNotMatch bad-credentials",
    ),
    (
        "the query",
        |request| uri(request, |uri| uri.replace("?x-id=PutObject", "")),
        "403 SignatureDoesNotMatch bad-credentials",
    ),
    (
        "the body",
        |request| *request.body_mut() = SdkBody::from("something else"),
        "400 XAmzContentSHA256Mismatch rejected",
    ),
    (
        "another x-amz header",
        |request| _ = request.headers_mut().insert("x-amz-acl", "bucket-owner-full-control"),
        "403 AccessDenied rejected",
    ),
    (
        "the signature",
        |request| {
            authorization(request, |old| {
                format!("{}{}", &old[..old.len() - 1], if old.ends_with('0') { '1' } else { '0' })
            });
        },
        "403 SignatureDoesNotMatch bad-credentials",
    ),
    (
        "the Region in the scope",
        |request| authorization(request, |old| old.replace("/eu-west-1/", "/us-east-1/")),
        "400 AuthorizationHeaderMalformed bad-credentials",
    ),
    (
        "the service in the scope",
        |request| authorization(request, |old| old.replace("/s3/", "/kms/")),
        "400 AuthorizationHeaderMalformed bad-credentials",
    ),
    (
        "Signature Version 2",
        |request| authorization(request, |_| "AWS AKIAGAINSAYSANDBOX00:c2lnbmF0dXJl".to_owned()),
        // The token is not that of this access key.
        "400 InvalidToken bad-credentials",
    ),
    (
        "an unknown scheme",
        |request| authorization(request, |_| "Bearer x".to_owned()),
        "400 InvalidArgument rejected",
    ),
    (
        "no authorization, but a token",
        |request| _ = request.headers_mut().remove("authorization"),
        "403 AccessDenied denied by -: nothing named",
    ),
];

#[test]
fn a_request_changed_after_signing_is_refused() {
    run(async {
        let place = setup();
        let mut table = Table::default();
        for (name, change, expected) in TAMPERED {
            let clients = place.tampered("admin", change).await;
            let answer = send(
                &clients,
                "s3:PutObject",
                &[KEY[0], KEY[1], (Param::Body, "a body")],
                How::default(),
            )
            .await;
            table.row(name, &outcome("s3:PutObject", &answer), expected);
        }
        drop(table);
        // Each refusal left the bucket as it was: only the untouched request wrote.
        let versions = place.done("admin", "s3:ListObjectVersions", &[KEY[0]]).await;
        assert_eq!(versions[&Field::Versions].len(), 1);
    });
}

/// KMS and STS; codes and statuses of a garbage token and a missing signature are assumed.
#[test]
fn kms_and_sts_check_who_asks_too() {
    run(async {
        let place = setup();
        let arn = place.environment.key("k").expect("the key").arn.clone();
        let rows: [(&str, Change, &str, &str); 5] = [
            ("nothing", |_| {}, "allowed", "allowed"),
            (
                "the signature",
                |request| {
                    authorization(request, |old| {
                        format!(
                            "{}{}",
                            &old[..old.len() - 1],
                            if old.ends_with('0') { '1' } else { '0' }
                        )
                    });
                },
                "400 InvalidSignatureException bad-credentials",
                "403 SignatureDoesNotMatch bad-credentials",
            ),
            (
                "the body",
                |request| *request.body_mut() = SdkBody::from("{}"),
                "400 InvalidSignatureException bad-credentials",
                "403 SignatureDoesNotMatch bad-credentials",
            ),
            (
                "the token",
                |request| _ = request.headers_mut().insert("x-amz-security-token", "garbage"),
                "400 UnrecognizedClientException bad-credentials",
                "403 InvalidClientTokenId bad-credentials",
            ),
            (
                "Signature Version 2",
                |request| {
                    authorization(request, |_| "AWS AKIAGAINSAYSANDBOX00:c2lnbmF0dXJl".to_owned());
                },
                "400 IncompleteSignatureException bad-credentials",
                "400 IncompleteSignature bad-credentials",
            ),
        ];
        let mut table = Table::default();
        for (name, change, kms, sts) in rows {
            let clients = place.tampered("admin", change).await;
            let answer =
                send(&clients, "kms:DescribeKey", &[(Param::KeyId, &arn)], How::default()).await;
            table.row(&format!("kms, {name}"), &outcome("kms:DescribeKey", &answer), kms);
            let answer = send(&clients, "sts:GetCallerIdentity", &[], How::default()).await;
            table.row(&format!("sts, {name}"), &outcome("sts:GetCallerIdentity", &answer), sts);
        }
    });
}

/// Forks share what a token says and not what became of its session.
#[test]
fn a_session_that_ended_in_one_fork_lives_in_another() {
    run(async {
        let place = with_object().await;
        let mine = place.credentials("admin").await;
        let ask = async |place: &Place| {
            let clients = place.clients_of(Some(&mine), false);
            outcome("s3:GetObject", &send(&clients, "s3:GetObject", &KEY, How::default()).await)
        };
        assert_eq!(ask(&place).await, "allowed");
        let (later, now) = (place.fork(), place.fork());
        later.sandbox.advance(Duration::from_hours(2));
        assert_eq!(ask(&later).await, "400 ExpiredToken bad-credentials");
        assert_eq!(ask(&now).await, "allowed");
        assert_eq!(ask(&later).await, "400 ExpiredToken bad-credentials");
    });
}

#[test]
fn credentials_that_are_not_a_session_are_refused() {
    run(async {
        let place = with_object().await;
        let mine = place.credentials("admin").await;
        let other = setup().credentials("admin").await;
        let second = place.credentials("admin").await;
        let token = |credentials: &Credentials| credentials.session_token().map(str::to_owned);
        let made =
            |key: &str, secret: &str, token| Credentials::new(key, secret, token, None, "test");
        let (key, secret) = (mine.access_key_id(), mine.secret_access_key());
        let rows = [
            ("a session", mine.clone(), "allowed", "allowed"),
            (
                "a wrong secret",
                made(key, "wrong", token(&mine)),
                "403 SignatureDoesNotMatch bad-credentials",
                "403 SignatureDoesNotMatch bad-credentials",
            ),
            (
                "an unknown access key",
                made("AKIAUNKNOWNUNKNOWN00", secret, None),
                "403 InvalidAccessKeyId bad-credentials",
                "403 InvalidClientTokenId bad-credentials",
            ),
            (
                "a token with another access key",
                made(second.access_key_id(), second.secret_access_key(), token(&mine)),
                "400 InvalidToken bad-credentials",
                "403 InvalidClientTokenId bad-credentials",
            ),
            (
                "a session of another sandbox",
                other,
                "400 InvalidToken bad-credentials",
                "403 InvalidClientTokenId bad-credentials",
            ),
            (
                "the caller's key with a token",
                made(
                    "AKIAGAINSAYSANDBOX00",
                    &place.sandbox.caller_credentials().secret_access_key,
                    token(&mine),
                ),
                "400 InvalidToken bad-credentials",
                "403 InvalidClientTokenId bad-credentials",
            ),
        ];
        let mut table = Table::default();
        for (name, credentials, s3, sts) in rows {
            let clients = place.clients_of(Some(&credentials), false);
            table.row(
                name,
                &outcome(
                    "s3:GetObject",
                    &send(&clients, "s3:GetObject", &KEY, How::default()).await,
                ),
                s3,
            );
            let answer = send(&clients, "sts:GetCallerIdentity", &[], How::default()).await;
            table.row(&format!("{name}, sts"), &outcome("sts:GetCallerIdentity", &answer), sts);
        }
    });
}

#[test]
fn a_session_ends_with_its_time() {
    run(async {
        let place = with_object().await;
        let arn = place.environment.key("k").expect("the key").arn.clone();
        let clients = place.clients("admin", false).await;
        let mut table = Table::default();
        let at = async |table: &mut Table, when: &str, expected: [&str; 3]| {
            let calls: [(&str, Vec<(Param, &str)>); 3] = [
                ("s3:GetObject", KEY.to_vec()),
                ("kms:DescribeKey", vec![(Param::KeyId, arn.as_str())]),
                ("sts:GetCallerIdentity", Vec::new()),
            ];
            for ((operation, params), expected) in calls.iter().zip(expected) {
                let answer = send(&clients, operation, params, How::default()).await;
                table.row(&format!("{when}: {operation}"), &outcome(operation, &answer), expected);
            }
        };
        place.sandbox.advance(Duration::from_secs(3590));
        at(&mut table, "ten seconds before its end", ["allowed"; 3]).await;
        place.sandbox.advance(Duration::from_secs(20));
        let expired = [
            "400 ExpiredToken bad-credentials",
            "400 ExpiredTokenException bad-credentials",
            "403 ExpiredToken bad-credentials",
        ];
        at(&mut table, "ten seconds after its end", expired).await;
        table.row("a new session", &place.outcome("admin", "s3:GetObject", &KEY).await, "allowed");
    });
}

/// S3 allows the clocks fifteen minutes.
#[test]
fn a_clock_that_is_off_is_refused() {
    run(async {
        let place = with_object().await;
        let mut table = Table::default();
        for (minutes, late, expected) in [
            (14, true, "allowed"),
            (16, true, "403 RequestTimeTooSkewed bad-credentials"),
            (14, false, "allowed"),
            (16, false, "403 RequestTimeTooSkewed bad-credentials"),
        ] {
            let place = place.fork();
            let mut clients = place.clients("admin", false).await;
            let off = Duration::from_secs(minutes * 60);
            let now = place.sandbox.now();
            let time = if late { now - off } else { now + off };
            clients.time = SharedTimeSource::new(StaticTimeSource::new(time));
            let answer = send(&clients, "s3:GetObject", &KEY, How::default()).await;
            table.row(
                &format!("{minutes} minutes, late: {late}"),
                &outcome("s3:GetObject", &answer),
                expected,
            );
        }
    });
}

#[test]
fn a_presigned_url_is_as_good_as_its_signature_and_its_time() {
    run(async {
        let place = with_object().await;
        let clients = place.clients("admin", false).await;
        let plain = place.clients("admin", true).await;
        let presigned =
            |lifetime, age, plain| How { presigned: Some((lifetime, age)), plain, owner: None };
        let mut table = Table::default();
        for (name, clients, how, expected) in [
            ("over TLS", &clients, presigned(60, 0, false), "allowed"),
            ("over plain HTTP", &plain, presigned(60, 0, true), "allowed"),
            ("near its end", &clients, presigned(60, 50, false), "allowed"),
            ("expired", &clients, presigned(60, 70, false), "403 AccessDenied rejected"),
            ("older than the skew, but alive", &clients, presigned(3600, 1800, false), "allowed"),
        ] {
            let answer = send(clients, "s3:GetObject", &KEY, how).await;
            table.row(name, &outcome("s3:GetObject", &answer), expected);
        }
        let changes: [(&str, Change, &str); 4] = [
            ("nothing", |_| {}, "allowed"),
            (
                "another key",
                |request| uri(request, |uri| uri.replace("/k?", "/other?")),
                "403 SignatureDoesNotMatch bad-credentials",
            ),
            (
                "a longer life",
                |request| uri(request, |uri| uri.replace("X-Amz-Expires=60", "X-Amz-Expires=600")),
                "403 SignatureDoesNotMatch bad-credentials",
            ),
            (
                "a header that is not signed",
                |request| _ = request.headers_mut().insert("x-amz-request-payer", "requester"),
                "403 AccessDenied rejected",
            ),
        ];
        for (name, change, expected) in changes {
            let clients = place.tampered("admin", change).await;
            let answer = send(&clients, "s3:GetObject", &KEY, presigned(60, 0, false)).await;
            table.row(&format!("tampered: {name}"), &outcome("s3:GetObject", &answer), expected);
        }
        // Its time is the sandbox's, whatever the machine's clock says.
        for (seconds, expected) in [(50, "allowed"), (70, "403 AccessDenied rejected")] {
            let fork = place.fork();
            let sandbox = fork.sandbox.clone();
            let clients = fork
                .tampered("admin", move |_| sandbox.advance(Duration::from_secs(seconds)))
                .await;
            let answer = send(&clients, "s3:GetObject", &KEY, presigned(60, 0, false)).await;
            table.row(
                &format!("used {seconds} s later"),
                &outcome("s3:GetObject", &answer),
                expected,
            );
        }
        // It can do what its signer can, and no more; it dies with the session.
        place.sandbox.advance(Duration::from_secs(3700));
        let answer = send(&clients, "s3:GetObject", &KEY, presigned(604_800, 0, false)).await;
        table.row(
            "of a session that ended",
            &outcome("s3:GetObject", &answer),
            "400 ExpiredToken bad-credentials",
        );
    });
}

#[test]
fn the_bucket_must_be_the_expected_owners() {
    run(async {
        let place = with_object().await;
        let mut table = Table::default();
        for (owner, expected) in [
            (ACCOUNT, "allowed"),
            (PARTNER, "403 AccessDenied denied by -: nothing named"),
            ("not an account", "400 InvalidBucketOwnerAWSAccountID rejected"),
        ] {
            let how = How { owner: Some(owner.to_owned()), ..How::default() };
            for operation in ["s3:GetObject", "s3:PutObject", "s3:ListObjectsV2", "s3:DeleteObject"]
            {
                let answer = place.ask_as("admin", operation, &KEY, how.clone()).await;
                table.row(&format!("{operation} {owner}"), &outcome(operation, &answer), expected);
                if operation == "s3:DeleteObject" && expected == "allowed" {
                    place.done("admin", "s3:PutObject", &KEY).await;
                }
            }
        }
    });
}
