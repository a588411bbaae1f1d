//! Configuration of a bucket: every operation of the catalogue that writes one.

use gainsay::attempt::{Effect, OPERATIONS, On, Operation, Param};
use gainsay_model::Service;
use serde_json::json;

use crate::place::{ACCOUNT, Place, Setup, Table, allow, message, outcome, run};

const BUCKET: (Param, &str) = (Param::Bucket, "gs-b");
const PASSED: &str = "arn:aws:iam::111122223333:role/copier";

fn setup() -> Place {
    let objects = json!([allow(
        json!(["s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:DeleteObject"]),
        "*"
    )]);
    let service = json!({ "Effect": "Allow", "Principal": { "Service": "s3.amazonaws.com" }, "Action": "sts:AssumeRole" });
    Setup::new()
        .role("team", objects)
        .role_with("copier", service, json!([allow("s3:*", "*")]), "")
        .bucket("b", ", versioning: enabled", None)
        .bucket("target", ", versioning: enabled", None)
        .build()
}

/// What any administrative operation needs.
fn needs(operation: &Operation) -> Vec<(Param, &'static str)> {
    let all = [
        BUCKET,
        (Param::Acl, "bucket-owner-full-control"),
        (Param::Role, PASSED),
        (Param::Destination, "gs-target"),
    ];
    all.into_iter().filter(|(param, _)| operation.needs.contains(param)).collect()
}

#[test]
fn a_team_configures_nothing_and_an_administrator_everything() {
    run(async {
        let place = setup();
        let mut table = Table::default();
        let mut count = 0;
        for operation in OPERATIONS.iter().filter(|operation| {
            operation.on == On::Bucket && operation.effect == Effect::Configures
        }) {
            if operation.service != Service::S3 {
                continue;
            }
            count += 1;
            let place = place.fork();
            let params = needs(operation);
            if operation.name == "s3:DeleteBucketInventoryConfiguration" {
                place.done("admin", "s3:PutBucketInventoryConfiguration", &params).await;
            }
            let expected = format!("403 AccessDenied denied by identity: {}", operation.action);
            let answer = place.ask("team", operation.name, &params).await;
            table.row(operation.name, &outcome(operation.name, &answer), &expected);
            assert_eq!(
                message(&answer),
                format!(
                    "User: arn:aws:sts::{ACCOUNT}:assumed-role/team/tester is not authorized to perform: {0} on resource: \"arn:aws:s3:::gs-b\" because no identity-based policy allows the {0} action",
                    operation.action
                )
            );
            let anonymous = place.outcome("anonymous", operation.name, &params).await;
            table.row(operation.name, &anonymous, "403 AccessDenied denied by -: nothing named");
            table.row(
                operation.name,
                &place.outcome("admin", operation.name, &params).await,
                "allowed",
            );
        }
        assert_eq!(count, 20);
    });
}
