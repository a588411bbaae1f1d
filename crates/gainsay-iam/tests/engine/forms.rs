//! A question that can mean one thing only is read, however it is written; one that can mean two is
//! an error that says what to write.

use gainsay_iam::{Decision, EvaluationInput, EvaluationInputError};
use serde_json::{Value, json};

fn allow() -> Value {
    let statement = json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"});
    json!({"Version": "2012-10-17", "Statement": statement})
}

fn bucket(effect: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": {
        "Effect": effect, "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*",
    }})
}

fn read(policies: &Value) -> Result<EvaluationInput, EvaluationInputError> {
    let question = json!({
        "principal": "arn:aws:iam::111122223333:user/ann", "action": "s3:GetObject",
        "resource": "arn:aws:s3:::b/k", "policies": policies,
    });
    EvaluationInput::read(&question.to_string()).1
}

fn decision(policies: &Value) -> Decision {
    read(policies).unwrap().evaluate().unwrap().decision
}

#[test]
fn one_document_may_stand_for_a_list_of_one_and_the_reverse() {
    let level = json!([[allow()]]);
    for scp in [&level, &json!([allow()]), &allow(), &json!([allow().to_string()])] {
        assert_eq!(decision(&json!({"identity": allow(), "scp": scp})), Decision::Allow, "{scp}");
    }
    let silent = json!({"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Action": "ec2:*", "Resource": "*"}});
    let refused = json!({"identity": allow(), "scp": silent});
    assert_eq!(decision(&refused), Decision::ImplicitDeny);
    for resource in [bucket("Deny"), json!([bucket("Deny")]), bucket("Deny").to_string().into()] {
        let policies = json!({"identity": [allow().to_string()], "resource": resource});
        assert_eq!(decision(&policies), Decision::ExplicitDeny, "{resource}");
    }
}

#[test]
fn the_policy_of_a_resource_may_be_called_what_it_is() {
    for name in ["resource", "resource_policy", "bucket_policy"] {
        assert_eq!(decision(&json!({name: bucket("Allow")})), Decision::Allow, "{name}");
        assert_eq!(decision(&json!({name: bucket("Deny")})), Decision::ExplicitDeny, "{name}");
    }
    let limits = json!({"identity": allow(), "permissions_boundary": bucket("Allow")});
    assert!(read(&limits).unwrap_err().to_string().contains("`policies.boundary`"));
    let twice = json!({"resource": bucket("Allow"), "bucket_policy": bucket("Allow")});
    assert!(read(&twice).unwrap_err().to_string().contains("duplicate field"));
}

#[test]
fn what_can_mean_two_things_is_an_error_that_says_what_to_write() {
    let two = json!({"identity": allow(), "scp": [allow(), allow()]});
    let said = read(&two).unwrap_err().to_string();
    assert!(said.contains("`[[A, B]]`") && said.contains("`[[A], [B]]`"), "{said}");
    let two = json!({"resource": [bucket("Allow"), bucket("Deny")]});
    assert!(read(&two).unwrap_err().to_string().contains("`policies.resource`"));
    // A text that is no document is none.
    assert!(read(&json!({"identity": ["AdministratorAccess"]})).is_err());
}
