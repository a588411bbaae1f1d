//! Grants: what one covers, and how it composes with every other layer.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::type_complexity,
    reason = "a test may stop, and its tables are read once"
)]

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    Constraint, Context, Decision, Evaluation, Grant, Layer, Policies, Policy, PolicyKind,
    Principal, Request, evaluate,
};

const HOME: &str = "111122223333";
const AWAY: &str = "999999999999";
const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/k";
const OTHER_KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/other";
const ROLE: &str = "arn:aws:iam::111122223333:role/app";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/app/s1";
const USER: &str = "arn:aws:iam::111122223333:user/ann";
const BUCKET: &str = "arn:aws:s3:::bucket";

fn policy(kind: PolicyKind, statements: &Value) -> Policy {
    let document = json!({"Version": "2012-10-17", "Statement": statements});
    Policy::from_value(kind, &document).unwrap_or_else(|error| panic!("{error}: {document}"))
}

fn says(kind: PolicyKind, effect: &str, action: &str, principal: Option<&str>) -> Policy {
    let mut statement = json!({"Effect": effect, "Action": action, "Resource": "*"});
    if let (Some(principal), Some(object)) = (principal, statement.as_object_mut()) {
        object.insert("Principal".to_owned(), json!({"AWS": principal}));
    }
    policy(kind, &statement)
}

fn session() -> Principal {
    Principal::Session { role: ROLE.to_owned(), arn: SESSION.to_owned() }
}

fn to(grantee: &str, operations: &[&str]) -> Grant {
    Grant {
        key: KEY.to_owned(),
        account: HOME.to_owned(),
        grantee: grantee.to_owned(),
        retiring: None,
        operations: operations.iter().map(|operation| (*operation).to_owned()).collect(),
        constraint: None,
    }
}

fn pairs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn context(pairs: &[(&str, &str)]) -> Context {
    let mut context = Context::new();
    for (key, value) in pairs {
        context.set(&format!("kms:EncryptionContext:{key}"), *value);
    }
    context.set_all("kms:EncryptionContextKeys", pairs.iter().map(|(key, _)| (*key).to_owned()));
    context
}

/// Asks as a caller of the account `HOME` on [`KEY`], which belongs to `owner`.
fn ask(
    principal: &Principal,
    action: &str,
    owner: &str,
    context: &Context,
    policies: &Policies<'_>,
) -> Evaluation {
    let request = Request { principal, action, resource: KEY, resource_account: owner, context };
    evaluate(&request, policies).unwrap()
}

fn layers(evaluation: &Evaluation) -> Vec<Layer> {
    evaluation.by.iter().map(|reason| reason.layer).collect()
}

#[test]
#[rustfmt::skip] // One row, one case.
fn what_a_grant_covers() {
    let user = Principal::User { arn: USER.to_owned() };
    let root = Principal::Root { account: HOME.to_owned() };
    let elsewhere = Grant { key: OTHER_KEY.to_owned(), ..to(ROLE, &["Decrypt"]) };
    let other_session = "arn:aws:sts::111122223333:assumed-role/app/s2";
    let cases: [(&str, &Principal, &str, Grant, bool); 17] = [
        ("the role's session", &session(), "kms:Decrypt", to(ROLE, &["Decrypt"]), true),
        ("an action in another case", &session(), "KMS:decrypt", to(ROLE, &["Decrypt"]), true),
        ("the session by name", &session(), "kms:Decrypt", to(SESSION, &["Decrypt"]), true),
        ("another session", &session(), "kms:Decrypt", to(other_session, &["Decrypt"]), false),
        ("another role", &session(), "kms:Decrypt", to("arn:aws:iam::111122223333:role/apps", &["Decrypt"]), false),
        ("a user", &user, "kms:Decrypt", to(USER, &["Decrypt"]), true),
        ("another user", &user, "kms:Decrypt", to(ROLE, &["Decrypt"]), false),
        ("another operation", &session(), "kms:Encrypt", to(ROLE, &["Decrypt"]), false),
        ("one of several", &session(), "kms:Encrypt", to(ROLE, &["Decrypt", "Encrypt"]), true),
        ("no prefix", &session(), "kms:GenerateDataKeyWithoutPlaintext", to(ROLE, &["GenerateDataKey"]), false),
        ("an action of another service", &session(), "s3:Decrypt", to(ROLE, &["Decrypt"]), false),
        ("both halves of ReEncrypt apart", &session(), "kms:ReEncryptTo", to(ROLE, &["ReEncryptFrom"]), false),
        ("another key", &session(), "kms:Decrypt", elsewhere, false),
        ("the root user", &root, "kms:Decrypt", to("arn:aws:iam::111122223333:root", &["Decrypt"]), true),
        ("the root user of another account", &root, "kms:Decrypt", to("arn:aws:iam::999999999999:root", &["Decrypt"]), false),
        ("anonymous", &Principal::Anonymous, "kms:Decrypt", to(ROLE, &["Decrypt"]), false),
        ("no operation", &session(), "kms:Decrypt", to(ROLE, &[]), false),
    ];
    let closed = says(PolicyKind::KeyPolicy, "Allow", "kms:*", Some("arn:aws:iam::111122223333:role/owner"));
    for (name, who, action, grant, covered) in cases {
        let grants = [grant];
        let evaluation = ask(who, action, HOME, &Context::new(), &Policies { resource: Some(&closed), grants: &grants, ..Policies::default() });
        assert_eq!(evaluation.decision == Decision::Allow, covered, "{name}: {evaluation:?}");
        assert_eq!(layers(&evaluation), if covered { vec![Layer::Grant] } else { Vec::new() }, "{name}");
    }
    // What no grant can allow is not refused by one.
    let grants = [to(ROLE, &["Decrypt"])];
    let policies = Policies { resource: Some(&closed), grants: &grants, ..Policies::default() };
    for (action, silent) in [("kms:Encrypt", &[Layer::KeyPolicy, Layer::Grant][..]), ("kms:DisableKey", &[Layer::KeyPolicy])] {
        assert_eq!(ask(&session(), action, HOME, &Context::new(), &policies).silent, silent, "{action}");
    }
}

#[test]
#[rustfmt::skip] // One row, one case.
fn how_a_grant_composes() {
    use Layer::{Boundary, Identity, KeyPolicy, Rcp, Scp, Session};
    let kind = |kind, effect: &str, action: &str| says(kind, effect, action, None);
    let may = [kind(PolicyKind::Identity, "Allow", "kms:*")];
    let may_not = [kind(PolicyKind::Identity, "Deny", "kms:*")];
    let closed = says(PolicyKind::KeyPolicy, "Allow", "kms:*", Some("arn:aws:iam::111122223333:role/owner"));
    let open = says(PolicyKind::KeyPolicy, "Allow", "kms:*", Some(HOME));
    let shut = says(PolicyKind::KeyPolicy, "Deny", "kms:Decrypt", Some("*"));
    let narrow = kind(PolicyKind::Boundary, "Allow", "s3:*");
    let brief = [kind(PolicyKind::Session, "Allow", "s3:*")];
    let scp = [vec![kind(PolicyKind::Scp, "Allow", "s3:*")]];
    let rcp = [vec![says(PolicyKind::Rcp, "Deny", "kms:*", Some("*"))]];
    let (role, own, other) = ([to(ROLE, &["Decrypt"])], [to(SESSION, &["Decrypt"])], [to(ROLE, &["Encrypt"])]);
    let base = Policies { resource: Some(&closed), grants: &role, ..Policies::default() };
    // What denies, or is silent; nothing if it is allowed. Then, for an allow, what allows.
    let cases: [(&str, &str, Policies<'_>, Decision, &[Layer]); 20] = [
        ("beside a key policy that is silent", HOME, base, Decision::Allow, &[Layer::Grant]),
        ("without an identity policy, across accounts", AWAY, base, Decision::Allow, &[Layer::Grant]),
        ("the identity decides nothing where the key policy is closed", HOME, Policies { identity: &may, ..base }, Decision::Allow, &[Layer::Grant]),
        ("all that allows is named", HOME, Policies { identity: &may, resource: Some(&open), ..base }, Decision::Allow, &[Identity, KeyPolicy, Layer::Grant]),
        ("across accounts, too", AWAY, Policies { identity: &may, resource: Some(&open), ..base }, Decision::Allow, &[Identity, KeyPolicy, Layer::Grant]),
        ("a key policy alone is not enough across accounts", AWAY, Policies { resource: Some(&open), ..base }, Decision::Allow, &[Layer::Grant]),
        ("a deny of the key policy", HOME, Policies { resource: Some(&shut), ..base }, Decision::ExplicitDeny, &[KeyPolicy]),
        ("the same, across accounts", AWAY, Policies { resource: Some(&shut), ..base }, Decision::ExplicitDeny, &[KeyPolicy]),
        ("a deny of the identity", HOME, Policies { identity: &may_not, ..base }, Decision::ExplicitDeny, &[Identity]),
        ("a deny of a resource control policy", HOME, Policies { rcp: &rcp, ..base }, Decision::ExplicitDeny, &[Rcp]),
        ("a service control policy that is silent", HOME, Policies { scp: &scp, ..base }, Decision::ImplicitDeny, &[Scp]),
        ("a boundary limits what the role is granted", HOME, Policies { boundary: Some(&narrow), ..base }, Decision::ImplicitDeny, &[Boundary]),
        ("not what the session is", HOME, Policies { boundary: Some(&narrow), grants: &own, ..base }, Decision::Allow, &[Layer::Grant]),
        ("a session policy does, too", HOME, Policies { session: &brief, ..base }, Decision::ImplicitDeny, &[Session]),
        ("not what the session is granted", HOME, Policies { session: &brief, grants: &own, ..base }, Decision::Allow, &[Layer::Grant]),
        ("a session policy across accounts", AWAY, Policies { session: &brief, ..base }, Decision::ImplicitDeny, &[Identity, KeyPolicy]),
        ("another operation", HOME, Policies { grants: &other, ..base }, Decision::ImplicitDeny, &[KeyPolicy, Layer::Grant]),
        ("another operation, delegated", HOME, Policies { grants: &other, resource: Some(&open), ..base }, Decision::ImplicitDeny, &[Identity, Layer::Grant]),
        ("no grant", HOME, Policies { grants: &[], ..base }, Decision::ImplicitDeny, &[KeyPolicy]),
        ("no grant is no doubt about the rest", HOME, Policies { grants: &other, identity: &may, resource: Some(&open), ..base }, Decision::Allow, &[Identity, KeyPolicy]),
    ];
    for (name, owner, policies, decision, expected) in cases {
        let evaluation = ask(&session(), "kms:Decrypt", owner, &Context::new(), &policies);
        let seen = if decision == Decision::ImplicitDeny { evaluation.silent.clone() } else { layers(&evaluation) };
        assert_eq!((evaluation.decision, seen.as_slice()), (decision, expected), "{name}");
    }
}

#[test]
#[rustfmt::skip] // One row, one case.
fn a_constraint_is_on_the_encryption_context() {
    let subset = |said: &[(&str, &str)]| Some(Constraint::Subset(pairs(said)));
    let equals = |said: &[(&str, &str)]| Some(Constraint::Equals(pairs(said)));
    let bucket = [("aws:s3:arn", BUCKET)];
    let both = [("aws:s3:arn", BUCKET), ("team", "red")];
    let cases: [(&str, &str, Option<Constraint>, &[(&str, &str)], bool); 14] = [
        ("no constraint, no context", "kms:Decrypt", None, &[], true),
        ("no constraint", "kms:Decrypt", None, &bucket, true),
        ("the same", "kms:Decrypt", equals(&bucket), &bucket, true),
        ("none", "kms:Decrypt", equals(&bucket), &[], false),
        ("more than equal", "kms:Decrypt", equals(&bucket), &both, false),
        ("another value", "kms:Decrypt", equals(&bucket), &[("aws:s3:arn", "arn:aws:s3:::other")], false),
        ("the value in another case", "kms:Decrypt", equals(&bucket), &[("aws:s3:arn", "arn:aws:s3:::BUCKET")], false),
        ("the key in another case", "kms:Decrypt", equals(&bucket), &[("AWS:S3:ARN", BUCKET)], false),
        ("a subset", "kms:GenerateDataKey", subset(&bucket), &both, true),
        ("no subset", "kms:GenerateDataKey", subset(&both), &bucket, false),
        ("a subset of nothing", "kms:GenerateDataKey", subset(&bucket), &[], false),
        ("nothing is in everything", "kms:GenerateDataKey", subset(&[]), &both, true),
        ("nothing equals only nothing", "kms:GenerateDataKey", equals(&[]), &both, false),
        ("DescribeKey has no context", "kms:DescribeKey", equals(&bucket), &[], true),
    ];
    for (name, action, constraint, said, covered) in cases {
        let grants = [Grant { constraint, ..to(ROLE, &["Decrypt", "GenerateDataKey", "DescribeKey"]) }];
        let evaluation = ask(&session(), action, HOME, &context(said), &Policies { grants: &grants, ..Policies::default() });
        assert_eq!(evaluation.decision == Decision::Allow, covered, "{name}: {evaluation:?}");
    }
}

#[test]
#[rustfmt::skip] // One row, one case.
fn the_grant_says_who_may_retire_it() {
    let named = says(PolicyKind::KeyPolicy, "Allow", "kms:*", Some(ROLE));
    let shut = says(PolicyKind::KeyPolicy, "Deny", "kms:RetireGrant", Some("*"));
    let may = [says(PolicyKind::Identity, "Allow", "kms:RetireGrant", None)];
    let may_not = [says(PolicyKind::Identity, "Deny", "kms:RetireGrant", None)];
    let to_other = |retiring: Option<&str>| Grant { retiring: retiring.map(str::to_owned), ..to("arn:aws:iam::111122223333:role/x", &["RetireGrant"]) };
    let from_away = Grant { account: AWAY.to_owned(), ..to_other(None) };
    let base = Policies { resource: Some(&named), ..Policies::default() };
    let deny = Decision::ImplicitDeny;
    let cases: [(&str, Policies<'_>, Grant, Decision, &[Layer]); 9] = [
        ("the retiring principal", base, to_other(Some(ROLE)), Decision::Allow, &[Layer::Grant]),
        ("the grantee, if the grant says so", base, to(ROLE, &["RetireGrant"]), Decision::Allow, &[Layer::Grant]),
        ("the grantee otherwise", base, to(ROLE, &["Decrypt"]), deny, &[Layer::Identity]),
        ("the key policy cannot allow it", base, to_other(None), deny, &[Layer::Identity]),
        ("the account that made it", Policies { identity: &may, ..base }, to_other(None), Decision::Allow, &[Layer::Identity, Layer::Grant]),
        ("another account made it", Policies { identity: &may, ..base }, from_away, deny, &[Layer::KeyPolicy]),
        ("the key policy can forbid it", Policies { resource: Some(&shut), ..base }, to_other(Some(ROLE)), Decision::ExplicitDeny, &[Layer::KeyPolicy]),
        ("the identity, too", Policies { identity: &may_not, ..base }, to_other(Some(ROLE)), Decision::ExplicitDeny, &[Layer::Identity]),
        ("without any policy", Policies { resource: None, ..base }, to_other(Some(SESSION)), Decision::Allow, &[Layer::Grant]),
    ];
    for (name, policies, grant, decision, expected) in cases {
        let grants = [grant];
        let evaluation = ask(&session(), "kms:RetireGrant", HOME, &Context::new(), &Policies { grants: &grants, ..policies });
        let seen = if decision == deny { evaluation.silent.clone() } else { layers(&evaluation) };
        assert_eq!((evaluation.decision, seen.as_slice()), (decision, expected), "{name}");
    }
}

#[test]
#[rustfmt::skip] // One row, one case.
fn a_grant_made_through_a_grant_gives_no_more() {
    let parent = to(ROLE, &["CreateGrant", "Decrypt"]);
    let bound = Grant { constraint: Some(Constraint::Subset(pairs(&[("a", "1")]))), ..parent.clone() };
    let cases: [(&str, &Grant, &[&str], bool); 5] = [
        ("as much", &parent, &["Decrypt"], true),
        ("more", &parent, &["Decrypt", "Encrypt"], false),
        ("nothing that is known", &parent, &[], false),
        ("within a constraint, which is not modelled", &bound, &["Decrypt"], false),
        ("not without CreateGrant", &to(ROLE, &["Decrypt"]), &["Decrypt"], false),
    ];
    for (name, grant, asked, covered) in cases {
        let mut context = Context::new();
        context.set_all("kms:GrantOperations", asked.iter().map(|operation| (*operation).to_owned()));
        let grants = [grant.clone()];
        let evaluation = ask(&session(), "kms:CreateGrant", HOME, &context, &Policies { grants: &grants, ..Policies::default() });
        assert_eq!(evaluation.decision == Decision::Allow, covered, "{name}");
    }
}
