//! S3 Access Grants: who registers locations and grants on them, who gets credentials, and what
//! those can do.

use aws_credential_types::Credentials;
use gainsay::{
    attempt::{Answer, Field, Param},
    cloud::Clients,
};
use gainsay_iam::Layer;
use serde_json::json;

use crate::{
    control::NO_GRANT,
    place::{
        ACCOUNT, How, Place, REGION, Setup, Table, all, allow, message, root_may, run, send,
        trusts_access_grants,
    },
};

fn role(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/{name}")
}

fn setup() -> Place {
    let pass = |service: &str| json!({ "Effect": "Allow", "Action": "iam:PassRole", "Resource": role("data"), "Condition": { "StringEquals": { "iam:PassedToService": service } } });
    let instance = format!("arn:aws:s3:{REGION}:{ACCOUNT}:access-grants/default");
    let vended = json!({ "Effect": "Allow", "Action": ["s3:*", "kms:*"], "Resource": "*", "Condition": { "ArnEquals": { "s3:AccessGrantsInstanceArn": instance } } });
    let ask = || json!([allow("s3:GetDataAccess", "*")]);
    let locations = || allow("s3:CreateAccessGrantsLocation", format!("{instance}/location/*"));
    let if_scope = json!({ "Effect": "Allow", "Action": "s3:CreateAccessGrant", "Resource": "*", "Condition": { "StringLike": { "s3:AccessGrantScope": "s3://gs-one/team-a/*" } } });
    Setup::new()
        .role_with("data", trusts_access_grants(), json!([vended]), "")
        .role("closed", json!([allow("s3:*", "*")]))
        .role("operator", ask())
        .role("other", ask())
        .role("nobody", json!([allow("s3:GetObject", "*")]))
        .role("registrar", json!([locations(), pass("access-grants.s3.amazonaws.com")]))
        .role("elsewhere", json!([locations(), pass("batchoperations.s3.amazonaws.com")]))
        .role("locator", json!([locations()]))
        .role("granter", json!([if_scope]))
        .role_with(
            "partner",
            root_may("sts:AssumeRole"),
            json!([allow("*", "*")]),
            ", account: partner",
        )
        .bucket("one", "", None)
        .bucket(
            "closed",
            "",
            Some(json!([all("Deny", "s3:GetObject", "arn:aws:s3:::gs-closed/*", json!(null))])),
        )
        .build()
}

/// An instance with the location of a bucket, and its id.
async fn located(place: &Place, bucket: &str, by: &str) -> String {
    place.done("admin", "s3:CreateAccessGrantsInstance", &[]).await;
    let at = [(Param::Bucket, bucket), (Param::Role, &role(by))];
    place.done("admin", "s3:CreateAccessGrantsLocation", &at).await[&Field::LocationId][0].clone()
}

async fn grant(place: &Place, location: &str, to: &str, prefix: &str, permission: &str) {
    let grantee = role(to);
    let params = [
        (Param::Location, location),
        (Param::Grantee, &grantee),
        (Param::Prefix, prefix),
        (Param::Permission, permission),
    ];
    place.done("admin", "s3:CreateAccessGrant", &params).await;
}

/// Clients with what `GetDataAccess` hands out.
async fn vended(place: &Place, who: &str, target: &str, permission: &str) -> Clients {
    let client = place.s3control(who).await;
    let request =
        client.get_data_access().account_id(ACCOUNT).target(target).permission(permission.into());
    let issued = request.send().await.expect("credentials").credentials.expect("credentials");
    let credentials = Credentials::new(
        issued.access_key_id.expect("a key"),
        issued.secret_access_key.expect("a secret"),
        issued.session_token,
        None,
        "test",
    );
    place.target.clients(Some(&credentials), false)
}

#[test]
fn only_a_grantee_gets_credentials() {
    run(async {
        let place = setup();
        let location = located(&place, "gs-one", "data").await;
        grant(&place, &location, "operator", "team-a/", "READ").await;
        grant(&place, &location, "operator", "team-b/", "WRITE").await;
        grant(&place, &location, "operator", "team-c/", "READWRITE").await;
        let mut table = Table::default();
        for (who, prefix, permission, expected) in [
            ("operator", "team-a/", "READ", "allowed"),
            ("operator", "team-a/2026/", "READ", "allowed"),
            ("operator", "team-a/", "WRITE", NO_GRANT),
            ("operator", "team-a/", "READWRITE", NO_GRANT),
            ("operator", "team-b/", "WRITE", "allowed"),
            ("operator", "team-b/", "READ", NO_GRANT),
            ("operator", "team-c/", "READ", "allowed"),
            ("operator", "team-c/", "READWRITE", "allowed"),
            ("operator", "team-", "READ", NO_GRANT),
            ("operator", "", "READ", NO_GRANT),
            ("other", "team-a/", "READ", NO_GRANT),
            ("admin", "team-a/", "READ", NO_GRANT),
            ("nobody", "team-a/", "READ", "403 AccessDenied denied by identity: s3:GetDataAccess"),
            ("operator", "team-a/*/", "READ", "501 NotImplemented not-implemented"),
        ] {
            let params = [
                (Param::Bucket, "gs-one"),
                (Param::Prefix, prefix),
                (Param::Permission, permission),
            ];
            let name = format!("{who} {permission} {prefix}");
            table.row(&name, &place.seen(who, "s3:GetDataAccess", &params).await, expected);
        }
        let of_another = [(Param::Bucket, "gs-closed"), (Param::Prefix, "team-a/")];
        table.row(
            "another bucket",
            &place.seen("operator", "s3:GetDataAccess", &of_another).await,
            NO_GRANT,
        );
        let answer = place.ask("other", "s3:GetDataAccess", &[(Param::Bucket, "gs-one")]).await;
        table.row(
            "message",
            &message(&answer),
            "You do not have READ permissions to the requested S3 Prefix: s3://gs-one/*",
        );
        let Answer::Refused(refused) = answer else { panic!("no refusal") };
        let ruling = refused.rulings.expect("rulings").refusal().expect("a refusal").clone();
        assert_eq!(ruling.layers(), [Layer::Grant]);
        assert_eq!(ruling.resource, format!("arn:aws:s3:{REGION}:{ACCOUNT}:access-grants/default"));
    });
}

#[test]
fn a_target_cannot_speak_for_s3() {
    run(async {
        let place = setup();
        located(&place, "gs-one", "data").await;
        let mut table = Table::default();
        for prefix in [
            "request has expired",
            "with an explicit deny in an identity-based policy",
            "Access Denied",
        ] {
            let params = [(Param::Bucket, "gs-one"), (Param::Prefix, prefix)];
            table.row(prefix, &place.seen("operator", "s3:GetDataAccess", &params).await, NO_GRANT);
        }
    });
}

#[test]
fn what_is_handed_out_is_good_for_the_grant_only() {
    run(async {
        let place = setup();
        for key in ["team-a/x", "team-b/x"] {
            place
                .done("admin", "s3:PutObject", &[(Param::Bucket, "gs-one"), (Param::Key, key)])
                .await;
        }
        let location = located(&place, "gs-one", "data").await;
        grant(&place, &location, "operator", "team-a/", "READWRITE").await;
        let reads = vended(&place, "operator", "s3://gs-one/team-a/*", "READ").await;
        let writes = vended(&place, "operator", "s3://gs-one/team-a/*", "WRITE").await;
        let not = |action: &str| format!("403 AccessDenied denied by session: {action}");
        let mut table = Table::default();
        for (name, clients, operation, at, expected) in [
            ("read", &reads, "s3:GetObject", "team-a/x", "allowed".to_owned()),
            ("read elsewhere", &reads, "s3:GetObject", "team-b/x", not("s3:GetObject")),
            ("write as reader", &reads, "s3:PutObject", "team-a/y", not("s3:PutObject")),
            ("tag", &reads, "s3:GetObjectTagging", "team-a/x", not("s3:GetObjectTagging")),
            ("write", &writes, "s3:PutObject", "team-a/y", "allowed".to_owned()),
            ("write elsewhere", &writes, "s3:PutObject", "team-b/y", not("s3:PutObject")),
            ("read as writer", &writes, "s3:GetObject", "team-a/x", not("s3:GetObject")),
        ] {
            let answer = send(
                clients,
                operation,
                &[(Param::Bucket, "gs-one"), (Param::Key, at)],
                How::default(),
            )
            .await;
            table.row(name, &crate::place::seen(operation, &answer), &expected);
        }
        for (prefix, expected) in [
            ("team-a/", "allowed".to_owned()),
            ("team-b/", not("s3:ListBucket")),
            ("", not("s3:ListBucket")),
        ] {
            let mut params = vec![(Param::Bucket, "gs-one")];
            params.extend((!prefix.is_empty()).then_some((Param::Prefix, prefix)));
            let answer = send(&reads, "s3:ListObjectsV2", &params, How::default()).await;
            table.row(
                &format!("list {prefix}"),
                &crate::place::seen("s3:ListObjectsV2", &answer),
                &expected,
            );
        }
        // The same role, assumed by anybody else, is not handed out by Access Grants.
        let read = [(Param::Bucket, "gs-one"), (Param::Key, "team-a/x")];
        let plain = place.seen("data", "s3:GetObject", &read).await;
        table.row("the role itself", &plain, "403 AccessDenied denied by identity: s3:GetObject");
    });
}

#[test]
fn the_bucket_and_the_roles_own_policies_still_hold() {
    run(async {
        let place = setup();
        place
            .done("admin", "s3:PutObject", &[(Param::Bucket, "gs-closed"), (Param::Key, "k")])
            .await;
        let location = located(&place, "gs-closed", "data").await;
        grant(&place, &location, "operator", "", "READ").await;
        let clients = vended(&place, "operator", "s3://gs-closed/*", "READ").await;
        let read = [(Param::Bucket, "gs-closed"), (Param::Key, "k")];
        let answer = send(&clients, "s3:GetObject", &read, How::default()).await;
        let mut table = Table::default();
        table.row(
            "the bucket's deny",
            &crate::place::seen("s3:GetObject", &answer),
            "403 AccessDenied denied by resource|block-public-access: s3:GetObject",
        );
        // A role that does not trust Access Grants is handed out to nobody.
        let place = setup();
        let location = located(&place, "gs-one", "closed").await;
        grant(&place, &location, "operator", "", "READ").await;
        table.row(
            "an untrusting role",
            &place.seen("operator", "s3:GetDataAccess", &[(Param::Bucket, "gs-one")]).await,
            "403 StsNotAuthorizedError rejected",
        );
    });
}

#[test]
fn a_location_needs_its_role_to_be_passed() {
    run(async {
        let place = setup();
        place.done("admin", "s3:CreateAccessGrantsInstance", &[]).await;
        let data = role("data");
        let (missing, closed) = (role("none"), role("closed"));
        let pass = "403 AccessDenied denied by identity: iam:PassRole";
        let mut table = Table::default();
        for (name, who, bucket, by, expected) in [
            ("may register only", "locator", "gs-one", &data, pass),
            ("may pass to another service", "elsewhere", "gs-one", &data, pass),
            ("may pass another role", "registrar", "gs-one", &closed, pass),
            (
                "may do neither",
                "nobody",
                "gs-one",
                &data,
                "403 AccessDenied denied by identity: s3:CreateAccessGrantsLocation",
            ),
            ("may do both", "registrar", "gs-one", &data, "allowed"),
            (
                "the same again",
                "registrar",
                "gs-one",
                &data,
                "409 AccessGrantsLocationAlreadyExistsError rejected",
            ),
            ("no such role", "admin", "gs-closed", &missing, "400 InvalidIamRole rejected"),
            (
                "from another account",
                "partner",
                "gs-closed",
                &data,
                "403 AccessDenied denied by -: nothing named",
            ),
        ] {
            let params = [(Param::Bucket, bucket), (Param::Role, by.as_str())];
            table.row(
                name,
                &place.seen(who, "s3:CreateAccessGrantsLocation", &params).await,
                expected,
            );
        }
        table.row(
            "an instance in use",
            &place.seen("admin", "s3:DeleteAccessGrantsInstance", &[]).await,
            "400 AccessGrantsInstanceNotEmptyError rejected",
        );
    });
}

#[test]
fn a_grant_is_made_on_a_location_that_is_there() {
    run(async {
        let place = setup();
        let location = located(&place, "gs-one", "data").await;
        let operator = role("operator");
        let mut table = Table::default();
        let denied = "403 AccessDenied denied by identity: s3:CreateAccessGrant";
        for (name, who, id, prefix, to, expected) in [
            (
                "within the scope",
                "granter",
                location.as_str(),
                "team-a/",
                operator.as_str(),
                "allowed",
            ),
            ("outside the scope", "granter", &location, "team-b/", &operator, denied),
            ("without any policy", "nobody", &location, "team-a/", &operator, denied),
            (
                "the same again",
                "admin",
                &location,
                "team-a/",
                &operator,
                "409 AccessGrantAlreadyExists rejected",
            ),
            (
                "no such location",
                "admin",
                "none",
                "team-a/",
                &operator,
                "404 NoSuchAccessGrantsLocationError absent",
            ),
            ("not an ARN", "admin", &location, "x/", "operator", "400 InvalidAccessGrant rejected"),
            (
                "a wildcard",
                "admin",
                &location,
                "x*/",
                &operator,
                "501 NotImplemented not-implemented",
            ),
        ] {
            let params = [(Param::Location, id), (Param::Prefix, prefix), (Param::Grantee, to)];
            table.row(name, &place.seen(who, "s3:CreateAccessGrant", &params).await, expected);
        }
    });
}
