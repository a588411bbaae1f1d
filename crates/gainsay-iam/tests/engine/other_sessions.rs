//! Refusals that hold for every session of a role, and those that do not: each beside its
//! counterpart.

use gainsay_iam::{
    Context, Decision, Grant, Policies, Policy, PolicyKind, Principal, Request, evaluate,
    other_session,
};
use serde_json::{Value, json};

const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/app/gainsay-1";
const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1";

/// A request, and what the policies on both sides say.
struct Case {
    action: &'static str,
    resource: &'static str,
    identity: Value,
    own: Value,
    grantee: Option<&'static str>,
}

fn read(identity: &Value, own: &Value) -> Case {
    Case {
        action: "s3:GetObject",
        resource: "arn:aws:s3:::bucket/AROAAPP:deploy/k",
        identity: identity.clone(),
        own: own.clone(),
        grantee: None,
    }
}

/// The decision, and in what a session differs that is not refused.
fn decide(case: &Case) -> (Option<Decision>, Option<String>) {
    let compile = |kind, statements: &Value| {
        let document = json!({"Version": "2012-10-17", "Statement": statements});
        Policy::from_value(kind, &document).unwrap()
    };
    let kind = match case.action.split_once(':').unwrap().0 {
        "kms" => PolicyKind::KeyPolicy,
        "sts" => PolicyKind::TrustPolicy,
        _ => PolicyKind::Bucket,
    };
    let (identity, own) = (compile(PolicyKind::Identity, &case.identity), compile(kind, &case.own));
    let grants: Vec<Grant> = case
        .grantee
        .iter()
        .map(|grantee| Grant {
            key: KEY.to_owned(),
            account: "111122223333".to_owned(),
            grantee: (*grantee).to_owned(),
            retiring: None,
            operations: vec!["DescribeKey".to_owned()],
            constraint: None,
        })
        .collect();
    let policies = Policies {
        identity: std::slice::from_ref(&identity),
        resource: Some(&own),
        grants: &grants,
        ..Policies::default()
    };
    let principal = Principal::Session {
        role: "arn:aws:iam::111122223333:role/app".to_owned(),
        arn: SESSION.to_owned(),
    };
    let mut context = Context::new();
    context.set("aws:userid", "AROAAPP:gainsay-1");
    context.set("sts:RoleSessionName", "gainsay-1");
    let request = Request {
        principal: &principal,
        action: case.action,
        resource: case.resource,
        resource_account: "111122223333",
        context: &context,
    };
    let other = other_session(&request, &policies);
    let decision = evaluate(&request, &policies).ok().map(|evaluation| evaluation.decision);
    (decision, other.map(|other| other.value))
}

/// Whether each refusal is one of the role; `None` is a request that is not refused.
fn holds(rows: &[(&str, Case, Option<bool>)]) {
    for (name, case, expected) in rows {
        let (decision, other) = decide(case);
        let found = (decision != Some(Decision::Allow)).then_some(other.is_none());
        assert_eq!(found, *expected, "{name}: {decision:?} {other:?}");
    }
}

fn open() -> Value {
    json!({"Effect": "Allow", "Action": "*", "Resource": "*"})
}

fn nothing() -> Value {
    json!({"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"})
}

fn on_bucket(effect: &str, who: &Value, condition: &Value) -> Value {
    let mut statement = json!({
        "Effect": effect, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*",
        "Condition": condition});
    for (key, value) in who.as_object().unwrap() {
        statement[key] = value.clone();
    }
    statement
}

#[test]
fn a_session_that_is_named() {
    let allows = |arn: &str| {
        let who = json!({"Principal": {"AWS": arn}});
        read(&nothing(), &on_bucket("Allow", &who, &json!({})))
    };
    let spares = |arns: &Value| {
        let who = json!({"NotPrincipal": {"AWS": arns}});
        read(&open(), &on_bucket("Deny", &who, &json!({})))
    };
    let (of_app, of_other) = (
        "arn:aws:sts::111122223333:assumed-role/app/deploy",
        "arn:aws:sts::111122223333:assumed-role/other/deploy",
    );
    let role = "arn:aws:iam::111122223333:role/app";
    holds(&[
        ("another session", allows(of_app), Some(false)),
        ("the very session", allows(SESSION), None),
        ("the role", allows(role), None),
        ("a session of another role", allows(of_other), Some(true)),
        ("another session is spared", spares(&json!(["111122223333", of_app])), Some(false)),
        ("the role is listed, and no session", spares(&json!(["111122223333", role])), Some(true)),
        ("the session is spared", spares(&json!(["111122223333", role, SESSION])), None),
        ("one of another role is", spares(&json!(["111122223333", of_other])), Some(true)),
    ]);
    let (_, other) = decide(&allows(of_app));
    assert_eq!(other, Some(format!("the session `{of_app}`")));
}

#[test]
fn a_session_that_a_condition_tells_apart() {
    let everyone = json!({"Principal": "*"});
    let denies = |condition: Value| read(&open(), &on_bucket("Deny", &everyone, &condition));
    let but = |id: &str| denies(json!({"StringNotLike": {"aws:userid": id}}));
    let from = |operator: &str| denies(json!({operator: {"aws:SourceIdentity": "alice"}}));
    let never = json!([
        on_bucket("Deny", &everyone, &json!({"StringNotLike": {"aws:userid": "*:deploy"}})),
        on_bucket("Deny", &everyone, &json!({}))
    ]);
    let home = |resource: &str| {
        let own = json!({"Effect": "Allow", "Action": "s3:*", "Resource": resource});
        read(
            &own,
            &on_bucket("Deny", &everyone, &json!({"Bool": {"aws:SecureTransport": "false"}})),
        )
    };
    holds(&[
        ("all but another", but("AROAAPP:deploy"), Some(false)),
        ("all but some", but("*:de*"), Some(false)),
        ("all but this one", but("AROAAPP:gainsay-1"), None),
        ("all but one of another role", but("AROAOTHER:deploy"), Some(true)),
        (
            "only this one",
            denies(json!({"StringLike": {"aws:userid": "*:gainsay-*"}})),
            Some(false),
        ),
        ("without its identity", from("StringNotEquals"), Some(false)),
        ("with another identity", from("StringEquals"), None),
        ("everyone besides", read(&open(), &never), Some(true)),
        ("the folder of another", home("arn:aws:s3:::bucket/${aws:userid}/*"), Some(false)),
        ("its own folder", home("arn:aws:s3:::bucket/home/${aws:userid}/*"), Some(true)),
    ]);
}

#[test]
fn a_session_that_a_grant_is_to_and_one_yet_to_be_made() {
    let granted = |grantee| Case {
        action: "kms:DescribeKey",
        resource: KEY,
        identity: nothing(),
        own: json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "kms:*", "Resource": "*"}),
        grantee: Some(grantee),
    };
    let assumes = |key: &str, name: &str| Case {
        action: "sts:AssumeRole",
        resource: "arn:aws:iam::111122223333:role/admin",
        identity: nothing(),
        own: json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/app"}, "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {key: name}}}),
        grantee: None,
    };
    holds(&[
        (
            "to another session",
            granted("arn:aws:sts::111122223333:assumed-role/app/deploy"),
            Some(false),
        ),
        ("to the role", granted("arn:aws:iam::111122223333:role/app"), None),
        (
            "to one of another role",
            granted("arn:aws:sts::111122223333:assumed-role/other/deploy"),
            Some(true),
        ),
        ("by another name", assumes("sts:RoleSessionName", "deploy"), Some(false)),
        ("by its name", assumes("sts:RoleSessionName", "gainsay-1"), None),
        ("with what a session does not choose", assumes("sts:ExternalId", "deploy"), Some(true)),
    ]);
}
