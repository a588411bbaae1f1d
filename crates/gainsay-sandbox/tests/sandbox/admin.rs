//! Configuration of a bucket: who may write it, what it then does, what a read says where there is
//! none, and bodies that are none.

use aws_smithy_runtime_api::client::{http::HttpConnector as _, orchestrator::HttpRequest};
use gainsay_model::Service;
use serde_json::{Value, json};

use crate::support::{
    ACCOUNT, Answer, Field, PARTNER, Param, Place, REGION, Request, Response, Setup, Table, all,
    allow, delegated, field, message, outcome, run,
};

pub const BUCKET: (Param, &str) = (Param::Bucket, "gs-b");
const PASSED: &str = "arn:aws:iam::111122223333:role/copier";

pub fn setup() -> Place {
    let trust = json!({ "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:user/tester") }, "Action": "sts:AssumeRole" });
    let service = json!({ "Effect": "Allow", "Principal": { "Service": "s3.amazonaws.com" }, "Action": "sts:AssumeRole" });
    let objects = json!([allow(
        json!(["s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:DeleteObject"]),
        "*"
    )]);
    let partner = json!({ "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{PARTNER}:root") }, "Action": "s3:*", "Resource": "arn:aws:s3:::gs-shared" });
    Setup::new()
        .role("team", objects)
        .role_with("copier", service, json!([allow("s3:*", "*")]), "")
        .role_with("outsider", trust, json!([allow("*", "*")]), ", account: partner")
        .role("replicator", json!([allow("s3:*", "*")]))
        .role(
            "passer",
            json!([
                allow("s3:*", "*"),
                { "Effect": "Allow", "Action": "iam:PassRole", "Resource": PASSED, "Condition": { "StringEquals": { "iam:PassedToService": "s3.amazonaws.com" } } }
            ]),
        )
        .role(
            "wrong-service",
            json!([
                allow("s3:*", "*"),
                { "Effect": "Allow", "Action": "iam:PassRole", "Resource": PASSED, "Condition": { "StringEquals": { "iam:PassedToService": "batchoperations.s3.amazonaws.com" } } }
            ]),
        )
        .bucket("b", ", versioning: enabled", None)
        .bucket("off", "", None)
        .bucket("target", ", versioning: enabled", None)
        .bucket("shared", "", Some(json!([partner])))
        .key("k", "", delegated())
        .build()
}

/// Sends a request of this body, signed as `admin`, to the bucket `gs-b`; says status, code and
/// what they mean.
pub async fn signed(
    place: &Place,
    method: &'static str,
    path: &str,
    content_type: &str,
    body: Vec<u8>,
) -> String {
    let host = format!("gs-b.s3.{REGION}.amazonaws.com");
    let request = Request::new(Service::S3, method, host, path.to_owned()).body(content_type, body);
    worded(place.clients("admin", false).await.respond(&request, None).await)
}

/// Sends a request as it is; says status, code and what they mean.
pub async fn raw(place: &Place, request: HttpRequest) -> String {
    worded(Response::read(place.sandbox.call(request).await.expect("an answer")).await)
}

fn worded(response: Response) -> String {
    if response.status < 300 {
        return "allowed".to_owned();
    }
    let refused = response.error(Service::S3).unwrap_or_else(|| panic!("{response:?}"));
    outcome("s3:PutObject", &Answer::Refused(refused))
}

#[test]
fn what_was_not_configured_reads_as_absent_and_what_was_reads_back() {
    run(async {
        let place = setup();
        let mut table = Table::default();
        for (what, absent, again) in [
            (
                "BucketLifecycleConfiguration",
                "404 NoSuchLifecycleConfiguration absent",
                "DeleteBucketLifecycle",
            ),
            (
                "BucketReplication",
                "404 ReplicationConfigurationNotFoundError absent",
                "DeleteBucketReplication",
            ),
            (
                "BucketInventoryConfiguration",
                "404 NoSuchConfiguration absent",
                "DeleteBucketInventoryConfiguration",
            ),
            ("BucketTagging", "404 NoSuchTagSet absent", "DeleteBucketTagging"),
            ("BucketLogging", "allowed", ""),
            ("BucketNotificationConfiguration", "allowed", ""),
            ("BucketPolicy", "404 NoSuchBucketPolicy absent", "DeleteBucketPolicy"),
        ] {
            let (get, put) = (format!("s3:Get{what}"), format!("s3:Put{what}"));
            let with_role = [BUCKET, (Param::Role, PASSED), (Param::Destination, "gs-target")];
            let params = if what == "BucketReplication" { &with_role[..] } else { &[BUCKET] };
            table.row(&get, &place.outcome("admin", &get, &[BUCKET]).await, absent);
            table.row(&put, &place.outcome("admin", &put, params).await, "allowed");
            table.row(&get, &place.outcome("admin", &get, &[BUCKET]).await, "allowed");
            if !again.is_empty() {
                let delete = format!("s3:{again}");
                table.row(&delete, &place.outcome("admin", &delete, &[BUCKET]).await, "allowed");
                table.row(&get, &place.outcome("admin", &get, &[BUCKET]).await, absent);
            }
        }
        for (what, absent) in [
            ("PublicAccessBlock", "404 NoSuchPublicAccessBlockConfiguration absent"),
            ("BucketOwnershipControls", "404 OwnershipControlsNotFoundError absent"),
        ] {
            let [get, put, delete] =
                ["Get", "Put", "Delete"].map(|verb| format!("s3:{verb}{what}"));
            for (operation, expected) in [
                (&get, "allowed"),
                (&delete, "allowed"),
                (&get, absent),
                (&put, "allowed"),
                (&get, "allowed"),
            ] {
                table.row(operation, &place.outcome("admin", operation, &[BUCKET]).await, expected);
            }
        }
        let s3 = place.clients("admin", false).await.s3;
        place.done("admin", "s3:PutBucketLifecycleConfiguration", &[BUCKET]).await;
        let lifecycle = s3
            .get_bucket_lifecycle_configuration()
            .bucket("gs-b")
            .send()
            .await
            .expect("a lifecycle");
        assert_eq!(lifecycle.rules()[0].id(), Some("gainsay-synthetic"));
        place
            .done("admin", "s3:PutBucketTagging", &[BUCKET, (Param::Tags, "team=a&cost=@1")])
            .await;
        let tags = s3.get_bucket_tagging().bucket("gs-b").send().await.expect("tags");
        let tags: Vec<_> = tags.tag_set().iter().map(|tag| (tag.key(), tag.value())).collect();
        assert_eq!(tags, [("team", "a"), ("cost", "@1")]);
        place.done("admin", "s3:PutBucketInventoryConfiguration", &[BUCKET]).await;
        let other = s3.get_bucket_inventory_configuration().bucket("gs-b").id("other").send().await;
        assert!(other.is_err(), "an inventory has an id");
    });
}

pub fn policy(statements: Value) -> String {
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

pub async fn put_policy(place: &Place, bucket: &str, text: &str) -> Answer {
    place
        .ask("admin", "s3:PutBucketPolicy", &[(Param::Bucket, bucket), (Param::Document, text)])
        .await
}

#[test]
fn a_policy_that_was_put_decides_and_one_that_was_deleted_does_not() {
    run(async {
        let place = setup();
        let key = [BUCKET, (Param::Key, "k")];
        place.done("admin", "s3:PutObject", &key).await;
        let mut table = Table::default();
        let deny = all("Deny", "s3:GetObject", "arn:aws:s3:::gs-b/*", json!(null));
        let text = policy(json!([deny]));
        table.row(
            "put",
            &outcome("s3:PutBucketPolicy", &put_policy(&place, "gs-b", &text).await),
            "allowed",
        );
        let refused = "403 AccessDenied denied by resource|block-public-access: s3:GetObject";
        table.row("it decides", &place.outcome("admin", "s3:GetObject", &key).await, refused);
        let s3 = place.clients("admin", false).await.s3;
        let read = s3.get_bucket_policy().bucket("gs-b").send().await.expect("a policy");
        assert_eq!(read.policy(), Some(text.as_str()));
        table.row(
            "delete",
            &place.outcome("admin", "s3:DeleteBucketPolicy", &[BUCKET]).await,
            "allowed",
        );
        table.row("it is gone", &place.outcome("admin", "s3:GetObject", &key).await, "allowed");
        // From another account, whatever it is permitted.
        let shared = [(Param::Bucket, "gs-shared")];
        for operation in ["s3:PutBucketPolicy", "s3:DeleteBucketPolicy"] {
            let result = place.outcome("outsider", operation, &shared).await;
            table.row(operation, &result, "405 MethodNotAllowed rejected");
        }
        table.row(
            "another operation",
            &place.outcome("outsider", "s3:PutBucketVersioning", &shared).await,
            "allowed",
        );
    });
}

#[test]
fn a_policy_that_aws_refuses_is_refused() {
    run(async {
        let place = setup();
        let arn = "arn:aws:s3:::gs-b/*";
        let partner = json!({ "AWS": format!("arn:aws:iam::{PARTNER}:root") });
        let mut table = Table::default();
        let malformed = "400 MalformedPolicy rejected";
        for (name, text) in [
            ("empty", String::new()),
            ("not JSON", "Version: 2012-10-17".to_owned()),
            ("no statement", "{}".to_owned()),
            ("deep", "[".repeat(10_000)),
            (
                "too long",
                policy(
                    json!([{ "Sid": "x".repeat(21_000), "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": arn }]),
                ),
            ),
            (
                "another bucket",
                policy(json!([all("Deny", "s3:*", "arn:aws:s3:::gs-off/*", json!(null))])),
            ),
            (
                "a longer name",
                policy(json!([all("Deny", "s3:*", "arn:aws:s3:::gs-bb", json!(null))])),
            ),
            ("another service", policy(json!([all("Deny", "kms:*", arn, json!(null))]))),
            (
                "no principal",
                policy(json!([{ "Effect": "Deny", "Action": "s3:*", "Resource": arn }])),
            ),
            (
                "twice",
                policy(json!([all("Deny", "s3:*", arn, json!(null))]))
                    .replace("\"Effect\":\"Deny\"", "\"Effect\":\"Deny\",\"Effect\":\"Allow\""),
            ),
        ] {
            table.row(
                name,
                &outcome("s3:PutBucketPolicy", &put_policy(&place, "gs-b", &text).await),
                malformed,
            );
        }
        let absent = place.outcome("admin", "s3:GetBucketPolicy", &[BUCKET]).await;
        table.row("nothing was stored", &absent, "404 NoSuchBucketPolicy absent");
        let public = policy(json!([all("Allow", "s3:GetObject", arn, json!(null))]));
        let blocked = put_policy(&place, "gs-b", &public).await;
        table.row(
            "public",
            &outcome("s3:PutBucketPolicy", &blocked),
            "403 AccessDenied denied by block-public-access: s3:PutBucketPolicy",
        );
        assert!(
            message(&blocked).ends_with("because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access"),
            "{blocked:?}"
        );
        let named = policy(
            json!([{ "Effect": "Allow", "Principal": partner, "Action": "s3:GetObject", "Resource": arn }]),
        );
        table.row(
            "named",
            &outcome("s3:PutBucketPolicy", &put_policy(&place, "gs-b", &named).await),
            "allowed",
        );
        // Without the block it is public, and then it is.
        let key = [BUCKET, (Param::Key, "k")];
        place.done("admin", "s3:PutObject", &key).await;
        table.row(
            "unblock",
            &place.outcome("admin", "s3:DeletePublicAccessBlock", &[BUCKET]).await,
            "allowed",
        );
        table.row(
            "public",
            &outcome("s3:PutBucketPolicy", &put_policy(&place, "gs-b", &public).await),
            "allowed",
        );
        table.row("anyone", &place.outcome("anonymous", "s3:GetObject", &key).await, "allowed");
        table.row(
            "block",
            &place.outcome("admin", "s3:PutPublicAccessBlock", &[BUCKET]).await,
            "allowed",
        );
        let nobody = place.outcome("anonymous", "s3:GetObject", &key).await;
        table.row("nobody", &nobody, "403 AccessDenied denied by -: nothing named");
    });
}

#[test]
fn versioning_and_encryption_take_effect() {
    run(async {
        let place = setup();
        let off = [(Param::Bucket, "gs-off"), (Param::Key, "k")];
        let version =
            async || field(&place.ask("admin", "s3:PutObject", &off).await, Field::Version);
        let status = |status: &str| json!({ "Status": status }).to_string();
        let (enabled, suspended, neither) = (status("Enabled"), status("Suspended"), status("Off"));
        let put = async |document: &str| {
            let params = [off[0], (Param::Document, document)];
            place.outcome("admin", "s3:PutBucketVersioning", &params).await
        };
        let mut table = Table::default();
        table.row("off", &version().await, "");
        table.row("enable", &put(&enabled).await, "allowed");
        assert_eq!(version().await.len(), 32);
        table.row("suspend", &put(&suspended).await, "allowed");
        table.row("suspended", &version().await, "");
        table.row("neither", &put(&neither).await, "400 MalformedXML rejected");
        let arn = place.environment.key("k").expect("the key").arn.clone();
        let rule = |default: Value| {
            json!({ "Rules": [{ "ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": true, "BlockedEncryptionTypes": { "EncryptionType": ["NONE"] } }] }).to_string()
        };
        let encrypt = async |default: Value| {
            let document = rule(default);
            place
                .outcome("admin", "s3:PutBucketEncryption", &[off[0], (Param::Document, &document)])
                .await
        };
        table.row(
            "KMS",
            &encrypt(json!({ "SSEAlgorithm": "aws:kms", "KMSMasterKeyID": arn })).await,
            "allowed",
        );
        let stored = place.ask("admin", "s3:PutObject", &off).await;
        let shown =
            [Field::Encryption, Field::KmsKey, Field::BucketKey].map(|of| field(&stored, of));
        assert_eq!(shown, ["aws:kms".to_owned(), arn.clone(), "true".to_owned()]);
        let s3 = place.clients("admin", false).await.s3;
        let read = s3.get_bucket_encryption().bucket("gs-off").send().await.expect("encryption");
        let rules = read.server_side_encryption_configuration().expect("a configuration").rules();
        assert_eq!(
            rules[0]
                .apply_server_side_encryption_by_default()
                .and_then(|default| default.kms_master_key_id()),
            Some(arn.as_str())
        );
        assert_eq!(
            rules[0].blocked_encryption_types().expect("types").encryption_type()[0].as_str(),
            "NONE"
        );
        // S3 does not look whether there is such a key; the next upload does.
        table.row(
            "no such key",
            &encrypt(json!({ "SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/none" })).await,
            "allowed",
        );
        let result = place.outcome("admin", "s3:PutObject", &off).await;
        table.row("an upload by it", &result, "400 KMS.NotFoundException absent");
        let result = encrypt(json!({ "SSEAlgorithm": "AES256", "KMSMasterKeyID": arn })).await;
        table.row("a key for AES256", &result, "400 InvalidArgument rejected");
        table.row(
            "no algorithm",
            &encrypt(json!({ "SSEAlgorithm": "rot13" })).await,
            "400 MalformedXML rejected",
        );
        table.row(
            "delete",
            &place.outcome("admin", "s3:DeleteBucketEncryption", &off[..1]).await,
            "allowed",
        );
        let stored = place.ask("admin", "s3:PutObject", &off).await;
        assert_eq!(field(&stored, Field::Encryption), "AES256");
    });
}

#[test]
fn replication_takes_the_right_to_pass_the_role() {
    run(async {
        let place = setup();
        let with =
            |bucket, to| [(Param::Bucket, bucket), (Param::Role, PASSED), (Param::Destination, to)];
        let mut table = Table::default();
        for (who, params, expected) in [
            (
                "team",
                with("gs-b", "gs-target"),
                "403 AccessDenied denied by identity: s3:PutReplicationConfiguration",
            ),
            (
                "replicator",
                with("gs-b", "gs-target"),
                "403 AccessDenied denied by identity: iam:PassRole",
            ),
            (
                "wrong-service",
                with("gs-b", "gs-target"),
                "403 AccessDenied denied by identity: iam:PassRole",
            ),
            ("passer", with("gs-off", "gs-target"), "400 InvalidRequest rejected"),
            ("passer", with("gs-b", "gs-off"), "400 InvalidRequest rejected"),
            ("passer", with("gs-b", "gs-none"), "400 InvalidRequest rejected"),
            ("passer", with("gs-b", "gs-b"), "400 InvalidRequest rejected"),
            ("passer", with("gs-b", "gs-target"), "allowed"),
        ] {
            let answer = place.ask(who, "s3:PutBucketReplication", &params).await;
            table.row(
                &format!("{who} {params:?}"),
                &outcome("s3:PutBucketReplication", &answer),
                expected,
            );
            if who == "replicator" {
                assert_eq!(
                    message(&answer),
                    format!(
                        "User: arn:aws:sts::{ACCOUNT}:assumed-role/replicator/tester is not authorized to perform: iam:PassRole on resource: {PASSED} because no identity-based policy allows the iam:PassRole action"
                    )
                );
            }
        }
        let other = [
            BUCKET,
            (Param::Role, "arn:aws:iam::111122223333:role/admin"),
            (Param::Destination, "gs-target"),
        ];
        let result = place.outcome("passer", "s3:PutBucketReplication", &other).await;
        table.row("another role", &result, "403 AccessDenied denied by identity: iam:PassRole");
        let s3 = place.clients("admin", false).await.s3;
        let read =
            s3.get_bucket_replication().bucket("gs-b").send().await.expect("a configuration");
        assert_eq!(read.replication_configuration().expect("a configuration").role(), PASSED);
        let suspend = [BUCKET, (Param::Document, "{\"Status\":\"Suspended\"}")];
        let result = place.outcome("admin", "s3:PutBucketVersioning", &suspend).await;
        table.row("suspend a replicated bucket", &result, "409 InvalidBucketState rejected");
    });
}

#[test]
fn a_bucket_acl_is_what_ownership_and_block_public_access_leave_of_it() {
    run(async {
        let place = setup();
        let acl = |word| [BUCKET, (Param::Acl, word)];
        let mut table = Table::default();
        for (word, expected) in [
            ("public-read", "403 AccessDenied denied by block-public-access: s3:PutBucketAcl"),
            ("private", "400 AccessControlListNotSupported rejected"),
            ("bucket-owner-full-control", "allowed"),
        ] {
            table.row(word, &place.outcome("admin", "s3:PutBucketAcl", &acl(word)).await, expected);
        }
        table.row(
            "unblock",
            &place.outcome("admin", "s3:DeletePublicAccessBlock", &[BUCKET]).await,
            "allowed",
        );
        let result = place.outcome("admin", "s3:PutBucketAcl", &acl("public-read")).await;
        table.row("unblocked", &result, "400 AccessControlListNotSupported rejected");
        let writer =
            [BUCKET, (Param::Document, "{\"Rules\":[{\"ObjectOwnership\":\"ObjectWriter\"}]}")];
        table.row(
            "ACLs on",
            &place.outcome("admin", "s3:PutBucketOwnershipControls", &writer).await,
            "allowed",
        );
        let result = place.outcome("admin", "s3:PutBucketAcl", &acl("public-read")).await;
        table.row("ACLs on", &result, "allowed");
    });
}
