//! What policies see of a request: copy sources as they were sent, tags that may not be sent, and
//! public policies where public buckets are restricted.

use serde_json::json;

use crate::support::{Param, Place, Setup, Table, all, allow, root_may, run};

const RESTRICTED: &str = ", block_public_access: { block_public_acls: true, ignore_public_acls: true, block_public_policy: false, restrict_public_buckets: true }";

fn setup() -> Place {
    let copies = |pattern: &str| {
        let like = json!({ "StringLike": { "s3:x-amz-copy-source": pattern } });
        all("Deny", "s3:PutObject", "arn:aws:s3:::gs-to/*", like)
    };
    let tagged = json!({ "StringEquals": { "s3:ExistingObjectTag/secret": "yes" } });
    let read = ["s3:GetObject", "s3:GetObjectAttributes"];
    let public = |condition| all("Allow", "s3:GetObject", "arn:aws:s3:::gs-*/*", condition);
    let role = |arn: &str| json!({ "ArnLike": { "aws:PrincipalArn": arn } });
    let of_bucket = |name: &str, condition| {
        let mut statement = public(condition);
        statement["Resource"] = json!(format!("arn:aws:s3:::gs-{name}/*"));
        json!([statement])
    };
    Setup::new()
        .role("app", json!([allow("s3:*", "*")]))
        .role_with(
            "x-app",
            root_may("sts:AssumeRole"),
            json!([allow("*", "*")]),
            ", account: partner",
        )
        .bucket("from", "", None)
        .bucket("to", "", Some(json!([copies("gs-from/private/*")])))
        .bucket(
            "tagged",
            "",
            Some(json!([all("Deny", json!(read), "arn:aws:s3:::gs-tagged/*", tagged)])),
        )
        .bucket(
            "named",
            RESTRICTED,
            Some(of_bucket("named", role("arn:aws:iam::444455556666:role/x-*"))),
        )
        .bucket("any", RESTRICTED, Some(of_bucket("any", role("arn:aws:iam::*:role/x-*"))))
        .build()
}

/// Compared as it was sent: tried on AWS by third parties. The copy itself is of the same object.
#[test]
fn the_source_of_a_copy_is_compared_as_it_was_sent() {
    run(async {
        let place = setup();
        for key in ["private/a", "public/a"] {
            place
                .done("app", "s3:PutObject", &[(Param::Bucket, "gs-from"), (Param::Key, key)])
                .await;
        }
        let mut table = Table::default();
        let denied = "403 AccessDenied denied by resource|block-public-access: s3:PutObject";
        for (source, expected) in [
            ("gs-from/private/a", denied),
            ("gs-from/%70rivate/a", "allowed"),
            ("/gs-from/private/a", "allowed"),
            ("gs-from/public/a", "allowed"),
        ] {
            let params = [(Param::Bucket, "gs-to"), (Param::Key, "k"), (Param::CopySource, source)];
            let outcome = place.outcome("app", "s3:CopyObject", &params).await;
            table.row(source, &outcome, expected);
        }
    });
}

#[test]
fn of_tags_that_may_not_be_sent_nothing_is_decided() {
    run(async {
        let place = setup();
        let mut table = Table::default();
        let denied = "403 AccessDenied denied by resource|block-public-access: s3:GetObject";
        let not_known = "501 NotImplemented not-implemented";
        for (key, tags, read) in [("yes", "secret=yes", denied), ("no", "secret=no", "allowed")] {
            let at = [(Param::Bucket, "gs-tagged"), (Param::Key, key)];
            place.done("app", "s3:PutObject", &[at[0], at[1], (Param::Tags, tags)]).await;
            let source = format!("gs-tagged/{key}");
            let copy = [
                (Param::Bucket, "gs-from"),
                (Param::Key, "copy"),
                (Param::CopySource, source.as_str()),
            ];
            let rows: [(&str, &[(Param, &str)], &str); 3] = [
                ("s3:GetObject", &at, read),
                ("s3:GetObjectAttributes", &at, not_known),
                ("s3:CopyObject", &copy, not_known),
            ];
            for (operation, params, expected) in rows {
                let outcome = place.outcome("app", operation, params).await;
                table.row(&format!("{operation} {tags}"), &outcome, expected);
            }
        }
    });
}

/// A role's ARN may have a wildcard behind its account.
#[test]
fn a_policy_is_public_by_what_it_leaves_open() {
    run(async {
        let place = setup();
        let mut table = Table::default();
        for (bucket, expected) in
            [("gs-named", "allowed"), ("gs-any", "403 AccessDenied denied by -: nothing named")]
        {
            let at = [(Param::Bucket, bucket), (Param::Key, "k")];
            place.done("admin", "s3:PutObject", &at).await;
            let own = place.outcome("admin", "s3:GetObject", &at).await;
            table.row(&format!("admin {bucket}"), &own, "allowed");
            let other = place.outcome("x-app", "s3:GetObject", &at).await;
            table.row(&format!("x-app {bucket}"), &other, expected);
        }
    });
}
