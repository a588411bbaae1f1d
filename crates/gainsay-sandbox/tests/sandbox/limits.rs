//! What the sandbox does not model is refused as such, never allowed and never taken for a policy;
//! worlds are apart.

use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use serde_json::json;

use crate::support::{
    Field, How, Param, Place, Setup, Table, all, allow, delegated, field, outcome, run, send,
};

const KEY: [(Param, &str); 2] = [(Param::Bucket, "gs-b"), (Param::Key, "k")];
const UNMODELLED: &str = "501 NotImplemented not-implemented";

fn setup() -> Place {
    Setup::new().bucket("b", ", versioning: enabled", None).build()
}

type Change = fn(&mut HttpRequest);

fn query(request: &mut HttpRequest, more: &str) {
    let uri = format!("{}&{more}", request.uri());
    request.set_uri(uri).expect("a URI");
}

/// Each is a request that AWS gives a meaning of its own, and that a looser table would take for
/// the operation beside it.
const UNKNOWN: &[(&str, &str, Change, &str)] = &[
    ("nothing", "s3:PutObject", |_| {}, "allowed"),
    (
        "RenameObject",
        "s3:PutObject",
        |request| {
            let uri = request.uri().replace("x-id=PutObject", "renameObject");
            request.set_uri(uri).expect("a URI");
        },
        UNMODELLED,
    ),
    ("PutObjectRetention", "s3:PutObject", |request| query(request, "retention"), UNMODELLED),
    ("an unknown query key", "s3:GetObject", |request| query(request, "torrent"), UNMODELLED),
    (
        "a repeated query key",
        "s3:GetObject",
        |request| query(request, "x-id=GetObject"),
        UNMODELLED,
    ),
    (
        "another operation's x-id",
        "s3:GetObject",
        |request| {
            let uri = request.uri().replace("x-id=GetObject", "x-id=PutObject");
            request.set_uri(uri).expect("a URI");
        },
        UNMODELLED,
    ),
    (
        "an unknown x-amz header",
        "s3:PutObject",
        |request| _ = request.headers_mut().insert("x-amz-object-annotation-directive", "x"),
        UNMODELLED,
    ),
    (
        "object lock",
        "s3:DeleteObject",
        |request| _ = request.headers_mut().insert("x-amz-mfa", "x"),
        // Known to the table, so the signature is asked first: the header was not signed.
        "403 AccessDenied rejected",
    ),
];

#[test]
fn a_request_that_is_not_in_the_table_is_refused_as_such() {
    run(async {
        let place = setup();
        place.done("admin", "s3:PutObject", &[KEY[0], KEY[1], (Param::Body, "kept")]).await;
        let mut table = Table::default();
        for (name, operation, change, expected) in UNKNOWN {
            let place = place.fork();
            let clients = place.tampered("admin", change).await;
            let answer = send(&clients, operation, &[KEY[0], KEY[1]], How::default()).await;
            table.row(name, &outcome(operation, &answer), expected);
            if *expected != "allowed" {
                table.row(
                    &format!("{name}: the object"),
                    &field(&place.ask("admin", "s3:GetObject", &KEY).await, Field::Body),
                    "kept",
                );
                let versions = place.done("admin", "s3:ListObjectVersions", &KEY[..1]).await;
                table.row(
                    &format!("{name}: versions"),
                    &versions[&Field::Versions].len().to_string(),
                    "1",
                );
            }
        }
    });
}

#[test]
fn a_host_that_is_not_there_does_not_answer_for_another() {
    run(async {
        let place = setup();
        place.done("admin", "s3:PutObject", &KEY).await;
        for host in [
            "gs-b.s3.us-east-1.amazonaws.com",
            "gs-b.s3.eu-west-1.amazonaws.com.example.org",
            "localhost",
            "iam.amazonaws.com",
        ] {
            let clients = place
                .tampered("admin", move |request| {
                    let uri = request.uri().replace("gs-b.s3.eu-west-1.amazonaws.com", host);
                    request.set_uri(uri).expect("a URI");
                })
                .await;
            let answer = send(&clients, "s3:GetObject", &KEY, How::default()).await;
            let found = outcome("s3:GetObject", &answer);
            assert!(found.starts_with("501") || found.starts_with("unclear"), "{host}: {found}");
        }
        assert_eq!(place.outcome("admin", "s3:GetObject", &KEY).await, "allowed");
    });
}

/// A policy that the engine cannot decide is no policy's refusal, and no permission either.
#[test]
fn an_undecidable_policy_neither_allows_nor_denies() {
    run(async {
        let conditions = [
            (
                "a key that is absent",
                json!({ "StringEquals": { "aws:CalledVia": "x" } }),
                "allowed",
            ),
            ("a lone *", json!({ "ArnEquals": { "aws:PrincipalArn": "*" } }), UNMODELLED),
            ("no ARN", json!({ "ArnEquals": { "aws:PrincipalArn": "arn:*" } }), "allowed"),
            ("an unknown key", json!({ "Bool": { "aws:Unheard": "true" } }), UNMODELLED),
            ("no value", json!({ "ArnEquals": { "aws:PrincipalArn": [] } }), UNMODELLED),
            ("another service's", json!({ "Bool": { "ec2:IsLaunch": "true" } }), "allowed"),
            ("Null of a set", json!({ "ForAnyValue:Null": { "aws:TagKeys": "true" } }), "allowed"),
        ];
        let mut table = Table::default();
        for (name, condition, expected) in conditions {
            let deny = all("Deny", "s3:GetObject", "arn:aws:s3:::gs-b/*", condition.clone());
            let place = Setup::new().bucket("b", "", Some(json!([deny]))).build();
            place.done("admin", "s3:PutObject", &KEY).await;
            table.row(
                &format!("{name}: deny"),
                &place.outcome("admin", "s3:GetObject", &KEY).await,
                expected,
            );
            // The same doubt about a permission.
            let mut may = allow("s3:GetObject", "*");
            may["Condition"] = condition;
            let place = Setup::new().role("maybe", json!([may])).bucket("b", "", None).build();
            place.done("admin", "s3:PutObject", &KEY).await;
            let denied = if expected == "allowed" {
                "403 AccessDenied denied by identity: s3:GetObject"
            } else {
                UNMODELLED
            };
            table.row(
                &format!("{name}: allow"),
                &place.outcome("maybe", "s3:GetObject", &KEY).await,
                denied,
            );
        }
        // The same on a key, for KMS itself and through S3.
        let mut statements = delegated();
        let undecidable = json!({ "Effect": "Deny", "Principal": "*", "Action": "kms:*", "Resource": "*", "Condition": { "ArnEquals": { "aws:PrincipalArn": "*" } } });
        statements.as_array_mut().expect("a list").push(undecidable);
        let place = Setup::new().bucket("b", "", None).key("k", "", statements).build();
        let arn = place.environment.key("k").expect("the key").arn.clone();
        table.row(
            "kms",
            &place.outcome("admin", "kms:DescribeKey", &[(Param::KeyId, &arn)]).await,
            UNMODELLED,
        );
        let put = [KEY[0], KEY[1], (Param::Encryption, "aws:kms"), (Param::KmsKey, &arn)];
        table.row("through s3", &place.outcome("admin", "s3:PutObject", &put).await, UNMODELLED);
    });
}

#[test]
fn a_fork_is_a_world_of_its_own_with_the_same_sessions() {
    run(async {
        let place = setup();
        place.done("admin", "s3:PutObject", &[KEY[0], KEY[1], (Param::Body, "before")]).await;
        let session = place.credentials("admin").await;
        let fork = place.fork();
        fork.done("admin", "s3:PutObject", &[KEY[0], KEY[1], (Param::Body, "in the fork")]).await;
        let mut table = Table::default();
        for (name, place, expected) in
            [("the first", &place, "before"), ("the fork", &fork, "in the fork")]
        {
            // One session serves both.
            let clients = place.clients_of(Some(&session), false);
            let answer = send(&clients, "s3:GetObject", &KEY, How::default()).await;
            table.row(name, &field(&answer, Field::Body), expected);
        }
        // Clocks are apart, too.
        fork.sandbox.advance(Duration::from_secs(4000));
        for (name, place, expected) in [
            ("the first", &place, "allowed"),
            ("the fork", &fork, "400 ExpiredToken bad-credentials"),
        ] {
            let clients = place.clients_of(Some(&session), false);
            table.row(
                name,
                &outcome(
                    "s3:GetObject",
                    &send(&clients, "s3:GetObject", &KEY, How::default()).await,
                ),
                expected,
            );
        }
    });
}

#[test]
fn a_snapshot_brings_everything_back_but_the_clock() {
    run(async {
        let place = setup();
        place.done("admin", "s3:PutObject", &[KEY[0], KEY[1], (Param::Body, "before")]).await;
        let snapshot = place.sandbox.snapshot();
        let now = place.sandbox.now();
        place.done("admin", "s3:PutObject", &[KEY[0], KEY[1], (Param::Body, "after")]).await;
        place.done("admin", "s3:PutObject", &[KEY[0], (Param::Key, "more")]).await;
        place.sandbox.advance(Duration::from_secs(100));
        place.sandbox.restore(&snapshot);
        assert_eq!(field(&place.ask("admin", "s3:GetObject", &KEY).await, Field::Body), "before");
        assert_eq!(
            place.done("admin", "s3:ListObjectVersions", &KEY[..1]).await[&Field::Versions].len(),
            1
        );
        assert!(place.sandbox.now() >= now + Duration::from_secs(100), "time only moves forward");
    });
}
