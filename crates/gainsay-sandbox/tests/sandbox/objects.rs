//! Objects: versions, what is missing, and what makes an object public.

use serde_json::json;

use crate::support::{
    ACCOUNT, Field, How, PARTNER, Param, Place, Setup, Table, all, allow, field, message, outcome,
    run,
};

const OPEN: &str = ", block_public_access: { block_public_acls: false, ignore_public_acls: false, block_public_policy: false, restrict_public_buckets: false }";
const RESTRICTED: &str = ", block_public_access: { block_public_acls: false, ignore_public_acls: false, block_public_policy: false, restrict_public_buckets: true }";

fn public(bucket: &str) -> serde_json::Value {
    let arns = [format!("arn:aws:s3:::{bucket}"), format!("arn:aws:s3:::{bucket}/*")];
    json!([
        all("Allow", ["s3:GetObject", "s3:ListBucket"].as_slice(), arns.as_slice(), json!(null)),
        { "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{PARTNER}:root") }, "Action": "s3:PutObject", "Resource": arns[1] }
    ])
}

fn setup() -> Place {
    let trust = json!({ "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:user/tester") }, "Action": "sts:AssumeRole" });
    Setup::new()
        .role(
            "lister",
            json!([allow(json!(["s3:GetObject*", "s3:PutObject", "s3:ListBucket"]), "*")]),
        )
        .role("blind", json!([allow(json!(["s3:GetObject*", "s3:PutObject"]), "*")]))
        .role_with("outsider", trust, json!([allow("*", "*")]), ", account: partner")
        .bucket("kept", ", versioning: enabled", None)
        .bucket("paused", ", versioning: suspended", None)
        .bucket("off", "", None)
        .bucket("open", OPEN, Some(public("gs-open")))
        .bucket("restricted", RESTRICTED, Some(public("gs-restricted")))
        .bucket("unblocked", ", encryption: { algorithm: AES256, blocked: [NONE] }", None)
        .build()
}

fn at<'a>(bucket: &'a str, key: &'a str) -> [(Param, &'a str); 2] {
    [(Param::Bucket, bucket), (Param::Key, key)]
}

#[test]
fn versions_are_kept_replaced_or_none() {
    run(async {
        let place = setup();
        let mut table = Table::default();
        for (bucket, versions, id) in
            [("gs-kept", 2, "its own"), ("gs-paused", 1, ""), ("gs-off", 1, "")]
        {
            let key = at(bucket, "k");
            let put = async |body| {
                place.ask("admin", "s3:PutObject", &[key[0], key[1], (Param::Body, body)]).await
            };
            let (one, two) = (put("one").await, put("two").await);
            let [first, second] = [&one, &two].map(|answer| field(answer, Field::Version));
            let shown = if first == second { second.as_str() } else { "its own" };
            table.row(&format!("{bucket}: version id"), shown, id);
            let listed = place.done("admin", "s3:ListObjectVersions", &key[..1]).await;
            table.row(
                &format!("{bucket}: versions"),
                &listed[&Field::Versions].len().to_string(),
                &versions.to_string(),
            );
            table.row(
                &format!("{bucket}: body"),
                &field(&place.ask("admin", "s3:GetObject", &key).await, Field::Body),
                "two",
            );
            if bucket == "gs-kept" {
                let old = [key[0], key[1], (Param::Version, first.as_str())];
                table.row(
                    "the old version",
                    &field(&place.ask("admin", "s3:GetObject", &old).await, Field::Body),
                    "one",
                );
            }
        }
    });
}

#[test]
fn a_delete_marker_hides_and_a_missing_key_is_told_to_those_who_may_list() {
    run(async {
        let place = setup();
        let key = at("gs-kept", "k");
        let first = field(&place.ask("admin", "s3:PutObject", &key).await, Field::Version);
        let marker = field(&place.ask("admin", "s3:DeleteObject", &key).await, Field::Version);
        let named = |id| [key[0], key[1], (Param::Version, id)];
        let of_another = at("gs-kept", "another");
        let other = field(&place.ask("admin", "s3:PutObject", &of_another).await, Field::Version);
        let never_given_out = format!("{}{}", "0".repeat(8), "f".repeat(24));
        let blind = "403 AccessDenied denied by identity: s3:ListBucket";
        let rows: [(&str, &str, &str, &[(Param, &str)], &str); 15] = [
            ("under a marker", "lister", "s3:GetObject", &key, "404 NoSuchKey absent"),
            ("under a marker", "blind", "s3:GetObject", &key, blind),
            ("under a marker", "lister", "s3:HeadObject", &key, "404 NotFound absent"),
            ("under a marker", "blind", "s3:HeadObject", &key, "403 - denied by -: nothing named"),
            (
                "the marker itself",
                "lister",
                "s3:GetObject",
                &named(&marker),
                "405 MethodNotAllowed rejected",
            ),
            ("the marker itself", "lister", "s3:HeadObject", &named(&marker), "405 - unclear"),
            ("the version below", "lister", "s3:GetObject", &named(&first), "allowed"),
            ("the version below", "blind", "s3:GetObject", &named(&first), "allowed"),
            (
                "no such version",
                "lister",
                "s3:GetObject",
                &named(&other),
                "404 NoSuchVersion absent",
            ),
            (
                "no version id",
                "lister",
                "s3:GetObject",
                &named(&never_given_out),
                "400 InvalidArgument rejected",
            ),
            ("missing", "lister", "s3:GetObject", &at("gs-kept", "none"), "404 NoSuchKey absent"),
            ("missing", "blind", "s3:GetObject", &at("gs-kept", "none"), blind),
            ("missing", "lister", "s3:HeadObject", &at("gs-kept", "none"), "404 NotFound absent"),
            (
                "missing",
                "blind",
                "s3:HeadObject",
                &at("gs-kept", "none"),
                "403 - denied by -: nothing named",
            ),
            ("no bucket", "admin", "s3:GetObject", &at("gs-none", "k"), "404 NoSuchBucket absent"),
        ];
        let mut table = Table::default();
        for (name, who, operation, params, expected) in rows {
            table.row(
                &format!("{name}: {who} {operation}"),
                &place.outcome(who, operation, params).await,
                expected,
            );
        }
        // The marker deleted, the object is back.
        table.row(
            "delete the marker",
            &place.outcome("admin", "s3:DeleteObject", &named(&marker)).await,
            "allowed",
        );
        table.row("it is back", &place.outcome("blind", "s3:GetObject", &key).await, "allowed");
    });
}

#[test]
fn each_layer_refuses_in_its_own_words() {
    run(async {
        let arn = "arn:aws:s3:::gs-b/*";
        let deny = json!({ "Effect": "Deny", "Action": "s3:GetObject", "Resource": arn });
        let boundary = ", boundary: limit.json";
        let limit = json!([allow("s3:PutObject", "*")]);
        let trust = crate::support::root_may("sts:AssumeRole");
        let place = Setup::new()
            .role("nothing", json!([allow("s3:ListAllMyBuckets", "*")]))
            .role("denied", json!([allow("s3:*", "*"), deny]))
            .role("limit", limit)
            .role_with("bounded", trust, json!([allow("s3:*", "*")]), boundary)
            .bucket("b", "", Some(json!([all("Deny", "s3:DeleteObject", arn, json!(null))])))
            .build();
        let key = at("gs-b", "k");
        place.done("admin", "s3:PutObject", &key).await;
        let rows = [
            (
                "nothing",
                "s3:GetObject",
                "identity",
                "because no identity-based policy allows the s3:GetObject action",
            ),
            (
                "denied",
                "s3:GetObject",
                "identity",
                "with an explicit deny in an identity-based policy",
            ),
            (
                "bounded",
                "s3:GetObject",
                "boundary",
                "because no permissions boundary allows the s3:GetObject action",
            ),
            (
                "admin",
                "s3:DeleteObject",
                "resource|block-public-access",
                "with an explicit deny in a resource-based policy",
            ),
        ];
        let mut table = Table::default();
        for (who, operation, layer, clause) in rows {
            let answer = place.ask(who, operation, &key).await;
            let expected = format!("403 AccessDenied denied by {layer}: {operation}");
            table.row(&format!("{who} {operation}"), &outcome(operation, &answer), &expected);
            let words = format!(
                "User: arn:aws:sts::{ACCOUNT}:assumed-role/{who}/tester is not authorized to perform: {operation} on resource: \"arn:aws:s3:::gs-b/k\" {clause}"
            );
            table.row(&format!("{who} {operation}: message"), &message(&answer), &words);
        }
        table.row(
            "bounded may put",
            &place.outcome("bounded", "s3:PutObject", &key).await,
            "allowed",
        );
        table.row("admin may get", &place.outcome("admin", "s3:GetObject", &key).await, "allowed");
    });
}

/// Which of Object Ownership and Block Public Access answers first is seen in transcripts, not
/// documented.
#[test]
fn acls_are_off_or_blocked() {
    run(async {
        let place = setup();
        let mut table = Table::default();
        for bucket in ["gs-off", "gs-open"] {
            place.done("admin", "s3:PutObject", &at(bucket, "k")).await;
        }
        let off = "400 AccessControlListNotSupported rejected";
        let blocked = "403 AccessDenied denied by block-public-access: s3:PutObjectAcl";
        for (bucket, operation, acl, expected) in [
            ("gs-off", "s3:PutObjectAcl", "public-read", blocked),
            ("gs-off", "s3:PutObjectAcl", "public-read-write", blocked),
            ("gs-off", "s3:PutObjectAcl", "authenticated-read", blocked),
            ("gs-off", "s3:PutObjectAcl", "private", off),
            ("gs-off", "s3:PutObjectAcl", "bucket-owner-full-control", "allowed"),
            ("gs-open", "s3:PutObjectAcl", "public-read", off),
            ("gs-off", "s3:PutObject", "public-read", off),
            ("gs-off", "s3:PutObject", "bucket-owner-full-control", "allowed"),
            ("gs-off", "s3:CreateMultipartUpload", "public-read", off),
            ("gs-off", "s3:CreateMultipartUpload", "bucket-owner-full-control", "allowed"),
        ] {
            let key = at(bucket, "k");
            let answer = place.ask("admin", operation, &[key[0], key[1], (Param::Acl, acl)]).await;
            table.row(
                &format!("{bucket} {operation} {acl}"),
                &outcome(operation, &answer),
                expected,
            );
            let clause = "because public ACLs are prevented by the BlockPublicAcls setting in S3 Block Public Access";
            if expected == blocked {
                table.row("clause", &message(&answer).ends_with(clause).to_string(), "true");
            }
            if expected == off {
                table.row("message", &message(&answer), "The bucket does not allow ACLs");
            }
        }
        // An ACL takes s3:PutObjectAcl besides.
        let key = at("gs-off", "k");
        let with = [key[0], key[1], (Param::Acl, "bucket-owner-full-control")];
        let refused = "403 AccessDenied denied by identity: s3:PutObjectAcl";
        table.row(
            "without the permission",
            &place.outcome("blind", "s3:PutObject", &with).await,
            refused,
        );
        table.row(
            "without the ACL",
            &place.outcome("blind", "s3:PutObject", &key).await,
            "allowed",
        );
        let tagged = [key[0], key[1], (Param::Tags, "a=b")];
        let refused = "403 AccessDenied denied by identity: s3:PutObjectTagging";
        table.row("tags", &place.outcome("blind", "s3:PutObject", &tagged).await, refused);
    });
}

/// A public policy grants to the bucket's own account only, even what it grants to another account
/// by name.
#[test]
fn a_public_bucket_can_be_restricted() {
    run(async {
        let place = setup();
        let mut table = Table::default();
        for (bucket, expected) in [
            ("gs-open", "allowed"),
            ("gs-restricted", "403 AccessDenied denied by -: nothing named"),
        ] {
            let key = at(bucket, "k");
            table.row(
                &format!("{bucket}, own"),
                &place.outcome("admin", "s3:PutObject", &key).await,
                "allowed",
            );
            for (who, operation) in [
                ("anonymous", "s3:GetObject"),
                ("anonymous", "s3:ListObjectsV2"),
                ("outsider", "s3:GetObject"),
                ("outsider", "s3:PutObject"),
            ] {
                table.row(
                    &format!("{bucket}, {who} {operation}"),
                    &place.outcome(who, operation, &key).await,
                    expected,
                );
            }
            table.row(
                &format!("{bucket}, own read"),
                &place.outcome("lister", "s3:GetObject", &key).await,
                "allowed",
            );
        }
    });
}

#[test]
fn sse_c_is_blocked_unless_the_bucket_allows_it() {
    run(async {
        let place = setup();
        let mut table = Table::default();
        let key = at("gs-off", "k");
        let with = [key[0], key[1], (Param::CustomerKey, "true")];
        for operation in ["s3:PutObject", "s3:CreateMultipartUpload"] {
            let answer = place.ask("admin", operation, &with).await;
            table.row(
                operation,
                &outcome(operation, &answer),
                "403 AccessDenied denied by encryption-block: s3:PutObject",
            );
            let words = format!(
                "User: arn:aws:sts::{ACCOUNT}:assumed-role/admin/tester is not authorized to perform: s3:PutObject on resource: \"arn:aws:s3:::gs-off/k\" because this bucket has blocked upload requests that specify Server Side Encryption with Customer provided keys (SSE-C). Please specify a different server-side encryption type"
            );
            table.row(&format!("{operation}: message"), &message(&answer), &words);
            table.row(
                &format!("{operation} without"),
                &place.outcome("admin", operation, &key).await,
                "allowed",
            );
        }
        let unblocked = [(Param::Bucket, "gs-unblocked"), key[1], with[2]];
        table.row(
            "not blocked",
            &place.outcome("admin", "s3:PutObject", &unblocked).await,
            "allowed",
        );
        // Over plain HTTP S3 refuses it itself (assumed: the words are seen in clones only).
        let plain = How { plain: true, ..How::default() };
        let answer = place.ask_as("admin", "s3:PutObject", &with, plain).await;
        table.row("plain HTTP", &outcome("s3:PutObject", &answer), "400 InvalidRequest rejected");
    });
}
