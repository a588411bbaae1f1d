//! Form uploads: a form is a PutObject by another door, and no way past what guards the first.

use aws_smithy_runtime_api::client::{http::HttpConnector as _, orchestrator::HttpRequest};
use aws_smithy_types::body::SdkBody;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::{
    admin::raw,
    support::{
        ACCOUNT, Field, How, Param, Place, REGION, Response, Setup, Table, all, allow, delegated,
        field, message, outcome, run,
    },
};

const BUCKET: (Param, &str) = (Param::Bucket, "gs-b");
const KEY: [(Param, &str); 2] = [BUCKET, (Param::Key, "mine/k")];

fn setup() -> Place {
    let null = json!({ "Null": { "s3:x-amz-server-side-encryption": "true" } });
    let http = json!({ "Bool": { "aws:SecureTransport": "false" } });
    let not_post = json!({ "StringEquals": { "s3:authType": "POST" } });
    let open = json!([
        all("Allow", "s3:PutObject", "arn:aws:s3:::gs-open/in/*", json!(null)),
        all("Deny", "s3:PutObject", "arn:aws:s3:::gs-open/in/*", http.clone()),
    ]);
    Setup::new()
        .role("team", json!([allow(json!(["s3:PutObject", "s3:GetObject"]), "arn:aws:s3:::gs-b/mine/*"), allow("kms:*", "*")]))
        .role("keyless", json!([allow("s3:*", "*")]))
        .bucket("b", ", versioning: enabled", None)
        .bucket("strict", "", Some(json!([all("Deny", "s3:PutObject", "arn:aws:s3:::gs-strict/*", null)])))
        .bucket("no-forms", "", Some(json!([all("Deny", "s3:PutObject", "arn:aws:s3:::gs-no-forms/*", not_post)])))
        .bucket(
            "open",
            ", block_public_access: { block_public_acls: true, ignore_public_acls: true, block_public_policy: false, restrict_public_buckets: false }",
            Some(open),
        )
        .bucket("unblocked", ", encryption: { algorithm: AES256, blocked: [NONE] }", None)
        .key("one", "", delegated())
        .build()
}

#[test]
fn a_form_is_authorized_and_stored_as_a_put() {
    run(async {
        let place = setup();
        let one = place.environment.key("one").expect("the key").arn.clone();
        let with = |more: &[(Param, &'static str)]| [KEY.as_slice(), more].concat();
        let mut table = Table::default();
        let put = "s3:PutObject";
        for (who, bucket, key, more, expected) in [
            ("team", "gs-b", "mine/k", [].as_slice(), "allowed"),
            ("team", "gs-b", "theirs/k", &[], "403 AccessDenied denied by identity: s3:PutObject"),
            (
                "team",
                "gs-strict",
                "mine/k",
                &[],
                "403 AccessDenied denied by resource|block-public-access: s3:PutObject",
            ),
            (
                "admin",
                "gs-strict",
                "k",
                &[],
                "403 AccessDenied denied by resource|block-public-access: s3:PutObject",
            ),
            ("admin", "gs-strict", "k", &[(Param::Encryption, "AES256")], "allowed"),
            ("admin", "gs-b", "k", &[(Param::Encryption, "aws:kms")], "allowed"),
            (
                "admin",
                "gs-b",
                "k",
                &[(Param::CustomerKey, "true")],
                "403 AccessDenied denied by encryption-block: s3:PutObject",
            ),
            (
                "admin",
                "gs-b",
                "k",
                &[(Param::Acl, "public-read")],
                "400 AccessControlListNotSupported rejected",
            ),
            ("admin", "gs-b", "k", &[(Param::Acl, "bucket-owner-full-control")], "allowed"),
            ("admin", "gs-b", "k", &[(Param::Tags, "a=b&c=@d")], "allowed"),
            (
                "team",
                "gs-b",
                "mine/k",
                &[(Param::Tags, "a=b")],
                "403 AccessDenied denied by identity: s3:PutObjectTagging",
            ),
            ("admin", "gs-b", "cold", &[(Param::StorageClass, "GLACIER")], "allowed"),
            ("admin", "gs-none", "k", &[], "404 NoSuchBucket absent"),
            ("anonymous", "gs-b", "mine/k", &[], "403 AccessDenied denied by -: nothing named"),
            ("anonymous", "gs-open", "in/k", &[], "allowed"),
            ("anonymous", "gs-open", "out/k", &[], "403 AccessDenied denied by -: nothing named"),
        ] {
            let params = [&[(Param::Bucket, bucket), (Param::Key, key)], more].concat();
            let name = format!("{who} {bucket}/{key} {more:?}");
            let result = place.outcome(who, "s3:PostObject", &params).await;
            table.row(&name, &result, expected);
            // By the first door it is the same.
            table.row(
                &format!("{name}, as a put"),
                &place.outcome(who, put, &params).await,
                expected,
            );
        }
        let keyed = [
            (Param::Encryption, "aws:kms"),
            (Param::KmsKey, one.as_str()),
            (Param::BucketKey, "true"),
            (Param::Body, "sent"),
        ];
        let keyed = [KEY.as_slice(), &keyed].concat();
        let result = place.outcome("keyless", "s3:PostObject", &keyed).await;
        table.row(
            "without the key",
            &result,
            "403 AccessDenied denied by identity: kms:GenerateDataKey",
        );
        let stored = place.ask("team", "s3:PostObject", &keyed).await;
        let shown =
            [Field::Encryption, Field::KmsKey, Field::BucketKey].map(|of| field(&stored, of));
        assert_eq!(shown, ["aws:kms".to_owned(), one.clone(), "true".to_owned()]);
        let read = place.ask("team", "s3:GetObject", &KEY).await;
        assert_eq!(field(&read, Field::Body), "sent");
        assert_eq!(field(&read, Field::Version), field(&stored, Field::Version));
        let tags = place.done("admin", "s3:PostObject", &with(&[(Param::Tags, "a=b&c=@d")])).await;
        drop(tags);
        let tags = place.ask("admin", "s3:GetObjectTagging", &KEY).await;
        assert_eq!(field(&tags, Field::Tags), "a=b&c=@d");
        let refused = place.ask("team", "s3:PostObject", &[BUCKET, (Param::Key, "theirs/k")]).await;
        assert_eq!(
            message(&refused),
            format!(
                "User: arn:aws:sts::{ACCOUNT}:assumed-role/team/tester is not authorized to perform: s3:PutObject on resource: \"arn:aws:s3:::gs-b/theirs/k\" because no identity-based policy allows the s3:PutObject action"
            )
        );
    });
}

#[test]
fn policies_see_that_it_is_a_form_and_how_it_came() {
    run(async {
        let place = setup();
        let at = |bucket| [(Param::Bucket, bucket), (Param::Key, "in/k")];
        let plain = How { plain: true, ..How::default() };
        let mut table = Table::default();
        let result = place.outcome("admin", "s3:PostObject", &at("gs-no-forms")).await;
        table.row(
            "a form",
            &result,
            "403 AccessDenied denied by resource|block-public-access: s3:PutObject",
        );
        table.row(
            "no form",
            &place.outcome("admin", "s3:PutObject", &at("gs-no-forms")).await,
            "allowed",
        );
        let result =
            place.ask_as("anonymous", "s3:PostObject", &at("gs-open"), plain.clone()).await;
        table.row(
            "plain",
            &outcome("s3:PostObject", &result),
            "403 AccessDenied denied by -: nothing named",
        );
        let result = place.ask_as("admin", "s3:PostObject", &at("gs-open"), plain).await;
        table.row(
            "plain, signed",
            &outcome("s3:PostObject", &result),
            "403 AccessDenied denied by resource|block-public-access: s3:PutObject",
        );
    });
}

/// A form that is good in every way, to be spoilt.
struct Sent {
    fields: Vec<(String, String)>,
    conditions: Vec<Value>,
    expiration: String,
    boundary: &'static str,
    content_type: String,
    secret: String,
    file: String,
    filename: &'static str,
    headers: Vec<(&'static str, &'static str)>,
}

impl Sent {
    async fn new(place: &Place) -> Self {
        let credentials = place.credentials("admin").await;
        let now = time::OffsetDateTime::now_utc();
        let stamp = now
            .format(time::macros::format_description!("[year][month][day]T[hour][minute][second]Z"))
            .expect("a date");
        let fields = [
            ("key", "k"),
            ("x-amz-algorithm", "AWS4-HMAC-SHA256"),
            (
                "x-amz-credential",
                &format!(
                    "{}/{}/{REGION}/s3/aws4_request",
                    credentials.access_key_id(),
                    &stamp[..8]
                ),
            ),
            ("x-amz-date", &stamp),
            ("x-amz-security-token", credentials.session_token().expect("a token")),
        ];
        let fields: Vec<_> =
            fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let mut conditions: Vec<Value> =
            fields.iter().map(|(name, value)| json!({ name: value })).collect();
        conditions.push(json!({ "bucket": "gs-b" }));
        Self {
            fields,
            conditions,
            expiration: (now + time::Duration::minutes(5))
                .format(&time::format_description::well_known::Rfc3339)
                .expect("a date"),
            boundary: "B",
            content_type: "multipart/form-data; boundary=B".to_owned(),
            secret: credentials.secret_access_key().to_owned(),
            file: "sent".to_owned(),
            filename: "f",
            headers: Vec::new(),
        }
    }

    fn set(&mut self, name: &str, value: &str) {
        self.fields.retain(|(known, _)| known != name);
        self.fields.push((name.to_owned(), value.to_owned()));
    }

    /// With its policy and the signature over it.
    fn sign(&mut self) {
        let policy =
            json!({ "expiration": self.expiration, "conditions": self.conditions }).to_string();
        let policy = STANDARD.encode(policy);
        let value = |name: &str| {
            self.fields
                .iter()
                .find(|(known, _)| known == name)
                .map_or("", |(_, value)| value)
                .to_owned()
        };
        let scope = value("x-amz-credential");
        let mut key = format!("AWS4{}", self.secret).into_bytes();
        for part in scope.split('/').skip(1).chain([policy.as_str()]) {
            let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key");
            mac.update(part.as_bytes());
            key = mac.finalize().into_bytes().to_vec();
        }
        self.fields.push(("policy".to_owned(), policy));
        self.fields.push(("x-amz-signature".to_owned(), hex::encode(key)));
    }

    async fn send(&self, place: &Place) -> String {
        raw(place, self.request()).await
    }

    fn request(&self) -> HttpRequest {
        let mut body = String::new();
        for (name, value) in &self.fields {
            body += &format!(
                "--{}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n",
                self.boundary
            );
        }
        body += &format!(
            "--{0}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{2}\"\r\n\r\n{1}\r\n--{0}--\r\n",
            self.boundary, self.file, self.filename
        );
        let mut request = http::Request::builder()
            .method("POST")
            .uri(format!("https://gs-b.s3.{REGION}.amazonaws.com/"))
            .header("content-type", &self.content_type);
        for (name, value) in &self.headers {
            request = request.header(*name, *value);
        }
        let request = request.body(SdkBody::from(body)).expect("a request");
        HttpRequest::try_from(request).expect("a request")
    }
}

type Spoil = fn(&mut Sent);

/// Each is changed before it is signed, or after.
const SPOILT: &[(&str, Spoil, Spoil, &str)] = &[
    ("nothing", |_| {}, |_| {}, "allowed"),
    ("another file", |_| {}, |sent| sent.file = "other".into(), "allowed"),
    ("a field that needs no condition", |sent| sent.set("x-ignore-me", "x"), |_| {}, "allowed"),
    ("another key", |_| {}, |sent| sent.set("key", "other"), "403 AccessDenied rejected"),
    ("a field more", |_| {}, |sent| sent.set("x-amz-meta-a", "b"), "403 AccessDenied rejected"),
    ("an ACL more", |_| {}, |sent| sent.set("acl", "public-read"), "403 AccessDenied rejected"),
    (
        "for another bucket",
        |sent| *sent.conditions.last_mut().expect("a condition") = json!({ "bucket": "gs-open" }),
        |_| {},
        "403 AccessDenied rejected",
    ),
    (
        "over",
        |sent| sent.expiration = "2020-01-01T00:00:00Z".into(),
        |_| {},
        "403 AccessDenied rejected",
    ),
    (
        "too long",
        |sent| sent.conditions.push(json!(["content-length-range", 0, 3])),
        |_| {},
        "400 EntityTooLarge rejected",
    ),
    (
        "too short",
        |sent| sent.conditions.push(json!(["content-length-range", 5, 9])),
        |_| {},
        "400 EntityTooSmall rejected",
    ),
    (
        "another policy",
        |_| {},
        |sent| {
            let policy = json!({ "expiration": sent.expiration, "conditions": [] }).to_string();
            sent.set("policy", &STANDARD.encode(policy));
        },
        "403 SignatureDoesNotMatch bad-credentials",
    ),
    (
        "no JSON",
        |_| {},
        |sent| sent.set("policy", "e30="),
        "403 SignatureDoesNotMatch bad-credentials",
    ),
    (
        "another secret",
        |sent| sent.secret.push('x'),
        |_| {},
        "403 SignatureDoesNotMatch bad-credentials",
    ),
    (
        "no signature",
        |_| {},
        |sent| sent.fields.retain(|(name, _)| name != "x-amz-signature"),
        "400 InvalidArgument rejected",
    ),
    (
        "no policy",
        |_| {},
        |sent| sent.fields.retain(|(name, _)| name != "policy"),
        "400 InvalidArgument rejected",
    ),
    (
        "a policy of nobody",
        |_| {},
        |sent| sent.fields.retain(|(name, _)| ["key", "policy"].contains(&name.as_str())),
        // In the words of a denial (recorded by LocalStack, `test_post_request_missing_fields`).
        "403 AccessDenied denied by -: nothing named",
    ),
    (
        "no token",
        |sent| sent.fields.retain(|(name, _)| name != "x-amz-security-token"),
        |_| {},
        "403 InvalidAccessKeyId bad-credentials",
    ),
    (
        "a token of somebody",
        |_| {},
        |sent| sent.set("x-amz-security-token", "x"),
        "400 InvalidToken bad-credentials",
    ),
    (
        "another algorithm",
        |sent| sent.set("x-amz-algorithm", "AWS4-HMAC-SHA1"),
        |_| {},
        "400 InvalidArgument rejected",
    ),
    (
        "Signature Version 2",
        |_| {},
        |sent| sent.set("AWSAccessKeyId", "AKIA"),
        "400 InvalidArgument rejected",
    ),
    (
        "another Region",
        |sent| {
            let (_, credential) = sent.fields[2].clone();
            sent.set("x-amz-credential", &credential.replace(REGION, "us-east-1"));
        },
        |_| {},
        "400 InvalidArgument rejected",
    ),
    (
        "a year ago",
        |sent| sent.set("x-amz-date", "20200101T000000Z"),
        |_| {},
        "403 AccessDenied rejected",
    ),
    (
        "a repeated field",
        |_| {},
        |sent| sent.fields.push(("KEY".to_owned(), "k".to_owned())),
        "501 NotImplemented not-implemented",
    ),
    (
        "a huge field",
        |_| {},
        |sent| sent.set("x-ignore-me", &"x".repeat(30_000)),
        "400 MaxPostPreDataLengthExceededError rejected",
    ),
    (
        "a huge name",
        |_| {},
        |sent| sent.set(&"x".repeat(30_000), "x"),
        "400 MalformedPOSTRequest rejected",
    ),
    (
        "a name with quotes",
        |_| {},
        |sent| sent.set("a\"; name=\"acl", "x"),
        "400 MalformedPOSTRequest rejected",
    ),
    ("another boundary", |_| {}, |sent| sent.boundary = "C", "400 MalformedPOSTRequest rejected"),
    (
        "no form",
        |_| {},
        |sent| sent.content_type = "text/plain".into(),
        "412 PreconditionFailed rejected",
    ),
    (
        "a header beside it",
        |_| {},
        |sent| sent.headers.push(("x-amz-acl", "private")),
        "501 NotImplemented not-implemented",
    ),
    (
        "signed twice",
        |_| {},
        |sent| sent.headers.push(("authorization", "AWS4-HMAC-SHA256 Credential=x")),
        // Of half a header the date is missed first.
        "403 AccessDenied unclear",
    ),
];

#[test]
fn a_form_that_is_not_what_was_signed_is_refused_and_by_no_policy_of_iam() {
    run(async {
        let place = setup();
        let mut table = Table::default();
        for (name, before, after, expected) in SPOILT {
            let place = place.fork();
            let mut sent = Sent::new(&place).await;
            before(&mut sent);
            sent.sign();
            after(&mut sent);
            table.row(name, &sent.send(&place).await, expected);
            if *expected != "allowed" {
                let list = place.done("admin", "s3:ListObjectsV2", &[BUCKET]).await;
                assert!(list[&Field::Keys].is_empty(), "{name} stored something");
            }
        }
    });
}

#[test]
fn a_form_dies_with_its_session() {
    run(async {
        let place = setup();
        let mut sent = Sent::new(&place).await;
        let later = time::OffsetDateTime::now_utc() + time::Duration::days(2);
        sent.expiration =
            later.format(&time::format_description::well_known::Rfc3339).expect("a date");
        sent.sign();
        let mut table = Table::default();
        table.row("alive", &sent.send(&place).await, "allowed");
        place.sandbox.advance(std::time::Duration::from_secs(3700));
        table.row("dead", &sent.send(&place).await, "400 ExpiredToken bad-credentials");
    });
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTForms.html>: the variable is
/// expanded before conditions are checked, in every field, without the folders of the file.
#[test]
fn the_name_of_the_file_is_known_to_every_field() {
    run(async {
        let place = setup();
        let mut table = Table::default();
        for (filename, prefix, expected) in [
            ("a.txt", "in/", "allowed"),
            ("C:\\folder\\a.txt", "in/a.txt", "allowed"),
            ("folder/a.txt", "in/a.txt", "allowed"),
            ("b.txt", "in/a", "403 AccessDenied rejected"),
            // The condition is on the name, not on the variable.
            ("a.txt", "in/${filename}", "403 AccessDenied rejected"),
            ("", "in/", "501 NotImplemented not-implemented"),
        ] {
            let place = place.fork();
            let mut sent = Sent::new(&place).await;
            sent.filename = filename;
            sent.set("key", "in/${filename}");
            sent.set("x-amz-meta-name", "${filename}");
            sent.conditions.remove(0);
            sent.conditions.push(json!(["starts-with", "$key", prefix]));
            sent.conditions.push(json!(["starts-with", "$x-amz-meta-name", ""]));
            sent.sign();
            table.row(&format!("{filename} {prefix}"), &sent.send(&place).await, expected);
            if expected == "allowed" {
                let admin = place.clients("admin", false).await;
                let head = admin.s3.head_object().bucket("gs-b").key("in/a.txt").send().await;
                let metadata = head.expect("the object").metadata.expect("its metadata");
                assert_eq!(metadata["name"], "a.txt");
            }
        }
    });
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTForms.html>.
#[test]
fn a_form_says_how_its_success_is_answered() {
    const HERE: &str = "https://gs-b.s3.eu-west-1.amazonaws.com/k";
    const AFTER: &str = "https://example.com/?bucket=gs-b&key=k&etag=";
    run(async {
        let place = setup();
        for (field, value, status, location) in [
            ("success_action_status", "200", 200, HERE),
            ("success_action_status", "201", 201, HERE),
            ("success_action_status", "204", 204, HERE),
            ("success_action_status", "404", 204, HERE),
            ("success_action_redirect", "https://example.com/", 303, AFTER),
            ("success_action_redirect", "no URL", 204, HERE),
            ("success_action_redirect", "javascript:alert(1)", 204, HERE),
        ] {
            let mut sent = Sent::new(&place).await;
            sent.set(field, value);
            sent.conditions.push(json!({ field: value }));
            sent.sign();
            let answer = place.sandbox.call(sent.request()).await.expect("an answer");
            let answer = Response::read(answer).await;
            assert_eq!(answer.status, status, "{value}");
            let cut = |text: &str| text.split("etag=").next().unwrap().to_owned();
            assert_eq!(cut(&answer.headers["location"]), cut(location), "{value}");
            let document = answer.body.contains("<PostResponse><Location>")
                && answer.body.contains("<Bucket>gs-b</Bucket><Key>k</Key><ETag>&quot;");
            assert_eq!(document, status == 201, "{}", answer.body);
            assert_eq!(answer.body.is_empty(), status != 201, "{}", answer.body);
            if status == 303 {
                assert!(answer.headers["location"].contains("etag=%22"), "{answer:?}");
            }
        }
    });
}
