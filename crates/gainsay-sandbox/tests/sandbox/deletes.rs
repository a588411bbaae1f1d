//! Many deletes in one request, each with its own answer; parts copied; archived objects;
//! annotations; another key for an object.

use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use serde_json::json;

use crate::support::{
    ACCOUNT, Answer, Field, How, Param, Place, Setup, Table, allow, delegated, field, message,
    outcome, run, send,
};

const BUCKET: (Param, &str) = (Param::Bucket, "gs-b");

fn setup() -> Place {
    let mine = "arn:aws:s3:::gs-b/mine/*";
    let partner_key =
        json!([{ "Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*" }]);
    Setup::new()
        .role("team", json!([allow("s3:*", mine), allow("kms:*", "*")]))
        .role(
            "keyless",
            json!([
                allow("s3:*", "arn:aws:s3:::gs-b/*"),
                allow("kms:*", "arn:aws:kms:eu-west-1:111122223333:key/*1")
            ]),
        )
        .role(
            "reader",
            json!([
                allow("s3:GetObject", "*"),
                allow("s3:ListBucket", "*"),
                allow("s3:PutObject", "arn:aws:s3:::gs-b/mine/*")
            ]),
        )
        .bucket("b", ", versioning: enabled", None)
        .key("one", "", delegated())
        .key("two", "", delegated())
        .key("theirs", ", account: partner", partner_key)
        .build()
}

fn at(key: &str) -> [(Param, &str); 2] {
    [BUCKET, (Param::Key, key)]
}

#[test]
fn each_key_of_many_is_authorized_on_its_own() {
    run(async {
        let place = setup();
        for key in ["mine/a", "theirs/a"] {
            place.done("admin", "s3:PutObject", &at(key)).await;
        }
        let keys = ["mine/a", "theirs/a", "mine/none"]
            .map(|key| ObjectIdentifier::builder().key(key).build().expect("a key"));
        let delete = Delete::builder().set_objects(Some(keys.to_vec())).build().expect("keys");
        let clients = place.clients("team", false).await;
        let answer =
            clients.s3.delete_objects().bucket("gs-b").delete(delete).send().await.expect("200");
        assert_eq!(clients.last_status(), 200);
        let deleted: Vec<_> =
            answer.deleted().iter().map(|deleted| deleted.key().expect("a key")).collect();
        assert_eq!(deleted, ["mine/a", "mine/none"]);
        assert!(answer.deleted().iter().all(|deleted| deleted.delete_marker() == Some(true)
            && deleted.delete_marker_version_id().is_some()));
        let [error] = answer.errors() else { panic!("{answer:?}") };
        assert_eq!((error.key(), error.code()), (Some("theirs/a"), Some("AccessDenied")));
        assert_eq!(
            error.message(),
            Some(
                format!("User: arn:aws:sts::{ACCOUNT}:assumed-role/team/tester is not authorized to perform: s3:DeleteObject on resource: \"arn:aws:s3:::gs-b/theirs/a\" because no identity-based policy allows the s3:DeleteObject action").as_str()
            )
        );
        let mut table = Table::default();
        table.row(
            "deleted",
            &place.outcome("admin", "s3:GetObject", &at("mine/a")).await,
            "404 NoSuchKey absent",
        );
        table.row(
            "kept",
            &place.outcome("admin", "s3:GetObject", &at("theirs/a")).await,
            "allowed",
        );
    });
}

#[test]
fn one_key_refused_in_an_answer_of_200_is_a_refusal() {
    run(async {
        let place = setup();
        let version =
            field(&place.ask("admin", "s3:PutObject", &at("theirs/a")).await, Field::Version);
        let versioned = [BUCKET, (Param::Key, "theirs/a"), (Param::Version, version.as_str())];
        let mut table = Table::default();
        for (who, params, expected) in [
            (
                "team",
                at("theirs/a").as_slice(),
                "200 AccessDenied denied by identity: s3:DeleteObject",
            ),
            (
                "team",
                versioned.as_slice(),
                "200 AccessDenied denied by identity: s3:DeleteObjectVersion",
            ),
            ("anonymous", versioned.as_slice(), "200 AccessDenied denied by -: nothing named"),
            ("admin", versioned.as_slice(), "allowed"),
            ("team", at("mine/none").as_slice(), "allowed"),
        ] {
            let answer = place.ask(who, "s3:DeleteObjects", params).await;
            table.row(
                &format!("{who} {params:?}"),
                &outcome("s3:DeleteObjects", &answer),
                expected,
            );
            if let Answer::Refused(refused) = answer {
                assert!(refused.of_one_key);
                // What decided comes with it, as with any refusal.
                let rulings = refused.rulings.expect("rulings");
                assert_eq!(
                    rulings.refusal().expect("a refusal").resource,
                    "arn:aws:s3:::gs-b/theirs/a"
                );
            }
        }
        table.row(
            "the version is gone",
            &place.outcome("admin", "s3:GetObject", &versioned).await,
            "404 NoSuchVersion absent",
        );
        // Of the request itself, it is an ordinary refusal.
        let gone = [(Param::Bucket, "gs-none"), (Param::Key, "k")];
        table.row(
            "no bucket",
            &place.outcome("team", "s3:DeleteObjects", &gone).await,
            "404 NoSuchBucket absent",
        );
    });
}

#[test]
fn hostile_lists_of_keys_are_refused() {
    run(async {
        let place = setup();
        place.done("admin", "s3:PutObject", &at("mine/a")).await;
        let mut table = Table::default();
        let many =
            format!("<Delete>{}</Delete>", "<Object><Key>mine/a</Key></Object>".repeat(1001));
        for (name, body, expected) in [
            ("not XML", "{}".to_owned(), "400 MalformedXML rejected"),
            ("empty", String::new(), "400 MissingRequestBodyError rejected"),
            ("no objects", "<Delete></Delete>".to_owned(), "400 MalformedXML rejected"),
            (
                "another document",
                "<Tagging><TagSet/></Tagging>".to_owned(),
                "400 MalformedXML rejected",
            ),
            ("too many", many, "400 MalformedXML rejected"),
        ] {
            let sent = post(&place, "/?delete", "application/xml", body).await;
            table.row(name, &sent, expected);
        }
        table.row("kept", &place.outcome("admin", "s3:GetObject", &at("mine/a")).await, "allowed");
        let huge = "k".repeat(1100);
        let answer = place.ask("admin", "s3:DeleteObjects", &at(&huge)).await;
        table.row(
            "a huge key",
            &outcome("s3:DeleteObjects", &answer),
            "200 KeyTooLongError unclear",
        );
    });
}

/// A signed POST of this body, in the words of [`outcome`](crate::support::outcome).
async fn post(place: &Place, path: &str, content_type: &str, body: String) -> String {
    crate::admin::signed(place, "POST", path, content_type, body.into_bytes()).await
}

#[test]
fn a_part_is_copied_only_by_who_may_read_and_write() {
    run(async {
        let place = setup();
        let one = place.environment.key("one").expect("the key").arn.clone();
        let two = place.environment.key("two").expect("the key").arn.clone();
        let mut table = Table::default();
        for (source, key) in [("theirs/a", &one), ("mine/a", &one), ("mine/two", &two)] {
            let params = [
                BUCKET,
                (Param::Key, source),
                (Param::Encryption, "aws:kms"),
                (Param::KmsKey, key),
                (Param::Body, source),
            ];
            place.done("admin", "s3:PutObject", &params).await;
        }
        for (who, source, target, key, expected) in [
            ("team", "gs-b/mine/a", "mine/new", &one, "allowed"),
            (
                "team",
                "gs-b/theirs/a",
                "mine/new",
                &one,
                "403 AccessDenied denied by identity: s3:GetObject",
            ),
            (
                "team",
                "gs-b/mine/a",
                "theirs/new",
                &one,
                "403 AccessDenied denied by identity: s3:PutObject",
            ),
            (
                "reader",
                "gs-b/theirs/a",
                "mine/new",
                &one,
                "403 AccessDenied denied by identity: kms:Decrypt",
            ),
            ("keyless", "gs-b/mine/a", "mine/new", &one, "allowed"),
            (
                "keyless",
                "gs-b/mine/two",
                "mine/new",
                &one,
                "403 AccessDenied denied by identity: kms:Decrypt",
            ),
            (
                "keyless",
                "gs-b/mine/a",
                "mine/new",
                &two,
                "403 AccessDenied denied by identity: kms:Decrypt",
            ),
            (
                "team",
                "gs-b/mine/none",
                "mine/new",
                &one,
                "403 AccessDenied denied by identity: s3:ListBucket",
            ),
        ] {
            let create = [
                BUCKET,
                (Param::Key, target),
                (Param::Encryption, "aws:kms"),
                (Param::KmsKey, key),
            ];
            let upload = field(
                &place.ask("admin", "s3:CreateMultipartUpload", &create).await,
                Field::UploadId,
            );
            let params = [
                BUCKET,
                (Param::Key, target),
                (Param::Upload, upload.as_str()),
                (Param::PartNumber, "1"),
                (Param::CopySource, source),
            ];
            let answer = place.ask(who, "s3:UploadPartCopy", &params).await;
            table.row(
                &format!("{who} {source} {target} {key}"),
                &outcome("s3:UploadPartCopy", &answer),
                expected,
            );
            if expected == "allowed" {
                let parts = format!("1:{}", field(&answer, Field::Etag));
                let complete = [
                    BUCKET,
                    (Param::Key, target),
                    (Param::Upload, upload.as_str()),
                    (Param::Parts, parts.as_str()),
                ];
                place.done("admin", "s3:CompleteMultipartUpload", &complete).await;
                let read = place.ask("admin", "s3:GetObject", &at(target)).await;
                table.row("what was copied", &field(&read, Field::Body), "mine/a");
            }
        }
    });
}

#[test]
fn attributes_take_two_permissions_and_tell_of_no_missing_key() {
    run(async {
        let place = Setup::new()
            .role("both", json!([allow(json!(["s3:GetObject*", "s3:ListBucket"]), "*")]))
            .role(
                "attributes",
                json!([allow(
                    json!(["s3:GetObjectAttributes", "s3:GetObjectVersionAttributes"]),
                    "*"
                )]),
            )
            .role("content", json!([allow(json!(["s3:GetObject", "s3:GetObjectVersion"]), "*")]))
            .bucket("b", ", versioning: enabled", None)
            .build();
        let put = place.ask("admin", "s3:PutObject", &at("k")).await;
        let version = field(&put, Field::Version);
        let versioned = [BUCKET, (Param::Key, "k"), (Param::Version, version.as_str())];
        let mut table = Table::default();
        for (who, params, expected) in [
            ("both", at("k").as_slice(), "allowed"),
            ("both", versioned.as_slice(), "allowed"),
            ("attributes", at("k").as_slice(), "403 AccessDenied denied by identity: s3:GetObject"),
            (
                "attributes",
                versioned.as_slice(),
                "403 AccessDenied denied by identity: s3:GetObjectVersion",
            ),
            (
                "content",
                at("k").as_slice(),
                "403 AccessDenied denied by identity: s3:GetObjectAttributes",
            ),
            (
                "content",
                versioned.as_slice(),
                "403 AccessDenied denied by identity: s3:GetObjectVersionAttributes",
            ),
            ("both", at("none").as_slice(), "404 NoSuchKey absent"),
            (
                "attributes",
                at("none").as_slice(),
                "403 AccessDenied denied by identity: s3:ListBucket",
            ),
        ] {
            table.row(
                &format!("{who} {params:?}"),
                &place.outcome(who, "s3:GetObjectAttributes", params).await,
                expected,
            );
        }
        let read = place.ask("both", "s3:GetObjectAttributes", &at("k")).await;
        // In quotes everywhere but here (recorded by LocalStack, `test_put_object_checksum`,
        // 2026-02-21).
        assert_eq!(field(&read, Field::Etag), field(&put, Field::Etag).trim_matches('"'));
    });
}

#[test]
fn an_archived_object_is_restored_before_it_is_read() {
    run(async {
        let place = setup();
        place.done("admin", "s3:PutObject", &at("mine/warm")).await;
        let cold = [
            BUCKET,
            (Param::Key, "mine/cold"),
            (Param::StorageClass, "GLACIER"),
            (Param::Body, "cold"),
        ];
        place.done("admin", "s3:PutObject", &cold).await;
        let mut table = Table::default();
        let state = "403 InvalidObjectState rejected";
        for (who, operation, key, expected) in [
            ("team", "s3:GetObject", "mine/cold", state),
            (
                "reader",
                "s3:RestoreObject",
                "mine/cold",
                "403 AccessDenied denied by identity: s3:RestoreObject",
            ),
            // Refused by policy before the state of the object is told.
            (
                "reader",
                "s3:RestoreObject",
                "mine/warm",
                "403 AccessDenied denied by identity: s3:RestoreObject",
            ),
            ("team", "s3:RestoreObject", "mine/warm", state),
            ("team", "s3:RestoreObject", "mine/cold", "allowed"),
            ("team", "s3:GetObject", "mine/cold", "allowed"),
        ] {
            table.row(
                &format!("{who} {operation} {key}"),
                &place.outcome(who, operation, &at(key)).await,
                expected,
            );
        }
        let clients = place.clients("team", false).await;
        send(&clients, "s3:RestoreObject", &at("mine/cold"), How::default()).await;
        assert_eq!(clients.last_status(), 202);
    });
}

#[test]
fn annotations_have_actions_of_their_own() {
    run(async {
        let place = Setup::new()
            .role(
                "writer",
                json!([allow(
                    json!(["s3:PutObjectAnnotation", "s3:DeleteObjectAnnotation"]),
                    "arn:aws:s3:::gs-b/*"
                )]),
            )
            .role(
                "reader",
                json!([allow(
                    json!(["s3:GetObjectAnnotation", "s3:ListObjectAnnotations"]),
                    "arn:aws:s3:::gs-b/*"
                )]),
            )
            .bucket("b", ", versioning: enabled", None)
            .build();
        place.done("admin", "s3:PutObject", &at("k")).await;
        let note = [
            BUCKET,
            (Param::Key, "k"),
            (Param::Annotation, "a <b>"),
            (Param::Body, "what was noted"),
        ];
        let mut table = Table::default();
        for (who, operation, params, expected) in [
            (
                "reader",
                "s3:PutObjectAnnotation",
                note.as_slice(),
                "403 AccessDenied denied by identity: s3:PutObjectAnnotation",
            ),
            ("writer", "s3:PutObjectAnnotation", note.as_slice(), "allowed"),
            (
                "writer",
                "s3:GetObjectAnnotation",
                &note[..3],
                "403 AccessDenied denied by identity: s3:GetObjectAnnotation",
            ),
            ("reader", "s3:GetObjectAnnotation", &note[..3], "allowed"),
            (
                "writer",
                "s3:ListObjectAnnotations",
                &note[..2],
                "403 AccessDenied denied by identity: s3:ListObjectAnnotations",
            ),
            ("reader", "s3:ListObjectAnnotations", &note[..2], "allowed"),
            (
                "reader",
                "s3:DeleteObjectAnnotation",
                &note[..3],
                "403 AccessDenied denied by identity: s3:DeleteObjectAnnotation",
            ),
        ] {
            table.row(
                &format!("{who} {operation}"),
                &place.outcome(who, operation, params).await,
                expected,
            );
        }
        let read = place.ask("reader", "s3:GetObjectAnnotation", &note[..3]).await;
        assert_eq!(field(&read, Field::Body), "what was noted");
        let listed = place.done("reader", "s3:ListObjectAnnotations", &note[..2]).await;
        assert_eq!(listed[&Field::Keys], ["a <b>"]);
        table.row(
            "delete",
            &place.outcome("writer", "s3:DeleteObjectAnnotation", &note[..3]).await,
            "allowed",
        );
        let gone = place.outcome("reader", "s3:GetObjectAnnotation", &note[..3]).await;
        table.row("it is gone", &gone, "404 NoSuchAnnotation absent");
        let long = "n".repeat(2000);
        let name = [BUCKET, (Param::Key, "k"), (Param::Annotation, long.as_str())];
        let result = place.outcome("writer", "s3:PutObjectAnnotation", &name).await;
        table.row("a huge name", &result, "400 AnnotationNameTooLong rejected");
    });
}

#[test]
fn an_object_gets_another_key_only_from_who_may_use_both() {
    run(async {
        let place = setup();
        let arn = |name: &str| place.environment.key(name).expect("the key").arn.clone();
        let (one, two, theirs) = (arn("one"), arn("two"), arn("theirs"));
        let put = [
            BUCKET,
            (Param::Key, "mine/a"),
            (Param::Encryption, "aws:kms"),
            (Param::KmsKey, one.as_str()),
            (Param::Body, "kept"),
        ];
        place.done("admin", "s3:PutObject", &put).await;
        place.done("admin", "s3:PutObject", &[BUCKET, (Param::Key, "theirs/a")]).await;
        let to = |key, to| [BUCKET, (Param::Key, key), (Param::KmsKey, to)];
        let missing = format!("{}9", &one[..one.len() - 1]);
        let mut table = Table::default();
        for (who, params, expected) in [
            (
                "reader",
                to("mine/a", two.as_str()),
                "403 AccessDenied denied by identity: s3:UpdateObjectEncryption",
            ),
            (
                "team",
                to("theirs/a", &one),
                "403 AccessDenied denied by identity: s3:UpdateObjectEncryption",
            ),
            (
                "keyless",
                to("mine/a", &two),
                "403 AccessDenied denied by identity: kms:GenerateDataKey",
            ),
            ("team", to("mine/a", &theirs), "403 AccessDenied rejected"),
            ("team", to("mine/a", "alias/one"), "400 InvalidRequest rejected"),
            (
                "team",
                to("mine/a", "arn:aws:kms:eu-west-1:111122223333:alias/one"),
                "400 InvalidRequest rejected",
            ),
            ("team", to("mine/a", &missing), "400 KMS.NotFoundException absent"),
            ("team", to("mine/a", &two), "allowed"),
        ] {
            table.row(
                &format!("{who} {params:?}"),
                &place.outcome(who, "s3:UpdateObjectEncryption", &params).await,
                expected,
            );
        }
        let read = place.ask("admin", "s3:GetObject", &at("mine/a")).await;
        assert_eq!(
            (field(&read, Field::KmsKey), field(&read, Field::Body)),
            (two.clone(), "kept".to_owned())
        );
        // Who may use the old key only has lost the object, and may not take it back.
        let back = place.outcome("keyless", "s3:UpdateObjectEncryption", &to("mine/a", &one)).await;
        table.row("back", &back, "403 AccessDenied denied by identity: kms:Decrypt");
        let foreign = place.ask("team", "s3:UpdateObjectEncryption", &to("mine/a", &theirs)).await;
        assert!(
            message(&foreign).contains("must be owned by the same account as the bucket"),
            "{foreign:?}"
        );
        for (name, body, expected) in [
            (
                "SSE-S3",
                "<ObjectEncryption><SSE-S3/></ObjectEncryption>",
                "400 InvalidRequest rejected",
            ),
            ("nothing", "<ObjectEncryption/>", "400 InvalidRequest rejected"),
            (
                "no key",
                "<ObjectEncryption><SSE-KMS/></ObjectEncryption>",
                "400 InvalidRequest rejected",
            ),
            ("not XML", "encryption", "400 MalformedXML rejected"),
            ("two", "<ObjectEncryption/><ObjectEncryption/>", "400 MalformedXML rejected"),
        ] {
            let result = crate::admin::signed(
                &place,
                "PUT",
                "/mine/a?encryption",
                "application/xml",
                body.into(),
            )
            .await;
            table.row(name, &result, expected);
        }
        let read = place.ask("admin", "s3:GetObject", &at("mine/a")).await;
        assert_eq!(
            (field(&read, Field::KmsKey), field(&read, Field::Body)),
            (two, "kept".to_owned())
        );
    });
}
