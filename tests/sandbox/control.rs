//! S3 Control: every operation of the catalogue and its action.

use gainsay::{
    attempt::{Field, OPERATIONS, Operation, Param},
    cloud::Clients,
};
use gainsay_model::Service;
use serde_json::{Value, json};

use crate::place::{
    ACCOUNT, How, Place, Setup, Table, allow, message, outcome, root_may, run, send,
    trusts_access_grants,
};

/// The access point that most operations act on.
pub const MADE: &str = "made-before";
const JOBS_ROLE: &str = "arn:aws:iam::111122223333:role/jobs";

/// What was made for an operation to act on.
pub struct Made {
    pub job: String,
    pub location: String,
}

/// Makes what an operation acts on, unless it makes that itself; the admin has a grant.
pub async fn prepare(place: &Place, operation: &Operation, bucket: &str, role: &str) -> Made {
    let point = [(Param::AccessPoint, MADE), (Param::Bucket, bucket)];
    if operation.name != "s3:CreateAccessPoint" {
        place.done("admin", "s3:CreateAccessPoint", &point).await;
        place.done("admin", "s3:PutAccessPointPolicy", &point).await;
    }
    if operation.name != "s3:CreateAccessGrantsInstance" {
        place.done("admin", "s3:CreateAccessGrantsInstance", &[]).await;
    }
    place.done("admin", "s3control:PutPublicAccessBlock", &[]).await;
    let job = [(Param::Role, role), (Param::Bucket, bucket)];
    let job = place.done("admin", "s3:CreateJob", &job).await[&Field::JobId][0].clone();
    let mut location = String::new();
    if operation.takes(Param::Location) || operation.name == "s3:GetDataAccess" {
        let at = [(Param::Bucket, bucket), (Param::Role, role)];
        let made = place.done("admin", "s3:CreateAccessGrantsLocation", &at).await;
        location.clone_from(&made[&Field::LocationId][0]);
        let admin = format!("arn:aws:iam::{ACCOUNT}:role/admin");
        let grant = [
            (Param::Location, location.as_str()),
            (Param::Grantee, &admin),
            (Param::Prefix, "granted/"),
        ];
        place.done("admin", "s3:CreateAccessGrant", &grant).await;
        place
            .done(
                "admin",
                "s3:CreateAccessGrant",
                &[grant[0], grant[1], (Param::Permission, "READWRITE")],
            )
            .await;
    }
    Made { job, location }
}

fn setup() -> Place {
    Setup::new()
        .role("nothing", json!([allow("s3:GetBucketLocation", "*")]))
        .role_with("jobs", trusts_access_grants(), json!([allow("s3:*", "*")]), "")
        .role_with(
            "bounded",
            root_may("sts:AssumeRole"),
            json!([allow("*", "*")]),
            ", boundary: nothing.json",
        )
        .bucket("one", "", None)
        .build()
}

async fn with_session_policy(place: &Place, statement: Value) -> Clients {
    let sts = place.clients("caller", false).await.sts;
    let policy = json!({ "Version": "2012-10-17", "Statement": statement }).to_string();
    let request =
        sts.assume_role().role_arn(format!("arn:aws:iam::{ACCOUNT}:role/admin")).policy(policy);
    let issued = request
        .role_session_name("tester")
        .send()
        .await
        .expect("a session")
        .credentials
        .expect("credentials");
    let credentials = aws_credential_types::Credentials::new(
        issued.access_key_id,
        issued.secret_access_key,
        Some(issued.session_token),
        None,
        "test",
    );
    place.target.clients(Some(&credentials), false)
}

fn values(operation: &Operation, made: &Made) -> Vec<(Param, String)> {
    let all = [
        (Param::AccessPoint, MADE.to_owned()),
        (Param::Bucket, "gs-one".to_owned()),
        (Param::Role, JOBS_ROLE.to_owned()),
        (Param::Job, made.job.clone()),
        (Param::Location, made.location.clone()),
        (Param::Grantee, JOBS_ROLE.to_owned()),
        (Param::Tags, "team=a".to_owned()),
        (Param::TagKeys, "team".to_owned()),
    ];
    all.into_iter().filter(|(param, _)| operation.needs.contains(param)).collect()
}

#[test]
fn every_operation_needs_its_action_from_every_layer() {
    run(async {
        let base = setup();
        let mut table = Table::default();
        for operation in
            OPERATIONS.iter().filter(|operation| operation.service == Service::S3Control)
        {
            let place = base.fork();
            let made = prepare(&place, operation, "gs-one", JOBS_ROLE).await;
            let owned = values(operation, &made);
            let params: Vec<(Param, &str)> =
                owned.iter().map(|(param, value)| (*param, value.as_str())).collect();
            let limited = with_session_policy(&place, allow("iam:*", "*")).await;
            let deny = json!([allow("*", "*"), { "Effect": "Deny", "Action": operation.action, "Resource": "*" }]);
            let denied = with_session_policy(&place, deny).await;
            let bounded = place.clients("bounded", false).await;
            let nothing = place.clients("nothing", false).await;
            for (who, clients, layer, clause) in [
                ("nothing", &nothing, "identity", "because no identity-based policy allows"),
                ("bounded", &bounded, "boundary", "because no permissions boundary allows"),
                ("limited", &limited, "session", "because no session policy allows"),
                ("denied", &denied, "session", "with an explicit deny in a session policy"),
            ] {
                let answer = send(clients, operation.name, &params, How::default()).await;
                let expected = format!("403 AccessDenied denied by {layer}: {}", operation.action);
                table.row(
                    &format!("{who} {operation}"),
                    &outcome(operation.name, &answer),
                    &expected,
                );
                let words = message(&answer);
                assert!(words.contains(clause), "{operation}: {words}");
            }
            table.row(
                &format!("admin {operation}"),
                &place.outcome("admin", operation.name, &params).await,
                "allowed",
            );
        }
    });
}
