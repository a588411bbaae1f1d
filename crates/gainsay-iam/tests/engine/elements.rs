//! Tables of documents, conditions, variables and principals, each with the documented answer.

use gainsay_iam::{
    Context, Decision, Layer, PathStep, Policies, Policy, PolicyKind, Principal, Request,
    Undecidable, evaluate,
};
use serde_json::{Value, json};

use super::policy;

const ACCOUNT: &str = "111122223333";
const ROLE: &str = "arn:aws:iam::111122223333:role/team/app";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/app/s1";
const OBJECT: &str = "arn:aws:s3:::bucket/team-a/report:1.csv";

fn session() -> Principal {
    Principal::Session { role: ROLE.to_owned(), arn: SESSION.to_owned() }
}

fn user() -> Principal {
    Principal::User { arn: "arn:aws:iam::111122223333:user/ann".to_owned() }
}

fn context(keys: &Value) -> Context {
    let mut context = Context::new();
    for (key, value) in keys.as_object().unwrap() {
        match value {
            Value::String(text) => context.set(key, text),
            Value::Null => context.set_unmodelled(key),
            list => context.set_all(
                key,
                list.as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned()),
            ),
        }
    }
    context
}

fn decide(
    identity: &[Policy],
    resource: Option<&Policy>,
    who: &Principal,
    keys: &Value,
) -> Result<Decision, Undecidable> {
    let context = context(keys);
    let request = Request {
        principal: who,
        action: "s3:GetObject",
        resource: OBJECT,
        resource_account: ACCOUNT,
        context: &context,
    };
    evaluate(&request, &Policies { identity, resource, ..Policies::default() })
        .map(|answer| answer.decision)
}

/// Whether a condition holds, asked twice: of a lone Allow, and of a Deny beside an Allow.
fn holds(version: &str, condition: &Value, keys: &Value) -> Result<bool, Undecidable> {
    let allow =
        json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": condition});
    let deny = json!({"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": condition});
    let plain = json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"});
    let read = |statements: Value| {
        let document = json!({"Version": version, "Statement": statements});
        [Policy::from_value(PolicyKind::Identity, &document)
            .unwrap_or_else(|error| panic!("{error}: {document}"))]
    };
    let allowed =
        decide(&read(allow), None, &session(), keys).map(|decision| decision == Decision::Allow);
    let denied = decide(&read(json!([plain, deny])), None, &session(), keys)
        .map(|d| d == Decision::ExplicitDeny);
    match (allowed, denied) {
        (Ok(allowed), Ok(denied)) => {
            assert_eq!(allowed, denied, "{condition} {keys}");
            Ok(allowed)
        }
        (Err(doubt), Err(_)) => Err(doubt),
        (allowed, denied) => panic!("{allowed:?} {denied:?}: {condition} {keys}"),
    }
}

fn check(cases: &[(Value, Value, bool)]) {
    for (condition, keys, expected) in cases {
        assert_eq!(holds("2012-10-17", condition, keys), Ok(*expected), "{condition} {keys}");
    }
}

#[test]
#[rustfmt::skip] // One row, one case.
fn string_operators() {
    let a = || json!({"aws:username": "Ann"});
    check(&[
        (json!({"StringEquals": {"aws:username": "Ann"}}), a(), true),
        (json!({"StringEquals": {"AWS:UserName": ["x", "Ann"]}}), a(), true),
        (json!({"StringEquals": {"aws:username": "ann"}}), a(), false),
        (json!({"StringEquals": {"aws:username": "A*"}}), a(), false),
        (json!({"StringNotEquals": {"aws:username": ["x", "Ann"]}}), a(), false),
        (json!({"StringNotEquals": {"aws:username": ["x", "y"]}}), a(), true),
        (json!({"StringEqualsIgnoreCase": {"aws:username": "aNN"}}), a(), true),
        (json!({"StringNotEqualsIgnoreCase": {"aws:username": "aNN"}}), a(), false),
        (json!({"StringLike": {"aws:username": "?n*"}}), a(), true),
        (json!({"StringLike": {"aws:username": "a*"}}), a(), false),
        (json!({"StringNotLike": {"aws:username": ["x*", "A*"]}}), a(), false),
        (json!({"StringNotLike": {"aws:username": "a*"}}), a(), true),
        // AND over operators and over keys.
        (json!({"StringEquals": {"aws:username": "Ann"}, "StringLike": {"aws:userid": "*"}}), a(), false),
        (json!({"StringEquals": {"aws:username": "Ann", "aws:userid": "1"}}), a(), false),
        (json!({"StringEquals": {"aws:username": "Ann"}, "StringNotEquals": {"aws:userid": "1"}}), a(), true),
        (json!({"NumericEquals": {"s3:max-keys": 10}}), json!({"s3:max-keys": "10"}), true),
        (json!({}), a(), true),
    ]);
}

#[test]
#[rustfmt::skip] // One row, one case.
fn typed_operators() {
    let n = || json!({"s3:max-keys": "10"});
    let d = || json!({"aws:CurrentTime": "2026-05-01T12:00:00Z"});
    let i = || json!({"aws:SourceIp": "203.0.113.7"});
    let v6 = || json!({"aws:SourceIp": "2001:db8:0:0:0:0:0:1"});
    check(&[
        (json!({"NumericEquals": {"s3:max-keys": "10.0"}}), n(), true),
        (json!({"NumericNotEquals": {"s3:max-keys": 10}}), n(), false),
        (json!({"NumericLessThan": {"s3:max-keys": 9}}), n(), false),
        (json!({"NumericLessThan": {"s3:max-keys": 100}}), n(), true),
        (json!({"NumericLessThanEquals": {"s3:max-keys": 10}}), n(), true),
        (json!({"NumericGreaterThan": {"s3:max-keys": 10}}), n(), false),
        (json!({"NumericGreaterThanEquals": {"s3:max-keys": 10}}), n(), true),
        (json!({"NumericLessThan": {"s3:TlsVersion": 1.2}}), json!({"s3:TlsVersion": "1.1"}), true),
        (json!({"NumericEquals": {"s3:max-keys": 1}}), json!({"s3:max-keys": "one"}), false),
        (json!({"NumericNotEquals": {"s3:max-keys": 1}}), json!({"s3:max-keys": "one"}), true),
        (json!({"DateGreaterThan": {"aws:CurrentTime": "2026-05-01"}}), d(), true),
        (json!({"DateLessThan": {"aws:CurrentTime": "2026-05-01T13:00:00+02:00"}}), d(), false),
        (json!({"DateLessThanEquals": {"aws:CurrentTime": "1777636800"}}), d(), true),
        (json!({"DateEquals": {"aws:CurrentTime": 1_777_636_800}}), d(), true),
        (json!({"DateNotEquals": {"aws:CurrentTime": "2026"}}), d(), true),
        (json!({"DateGreaterThanEquals": {"aws:EpochTime": "2026"}}), json!({"aws:EpochTime": "1777636800"}), true),
        (json!({"Bool": {"aws:SecureTransport": false}}), json!({"aws:SecureTransport": "false"}), true),
        (json!({"Bool": {"aws:SecureTransport": "TRUE"}}), json!({"aws:SecureTransport": "true"}), true),
        (json!({"Bool": {"aws:SecureTransport": "true"}}), json!({"aws:SecureTransport": "yes"}), false),
        (json!({"BinaryEquals": {"k": "QUJD"}}), json!({"k": "QUJD"}), true),
        (json!({"BinaryEquals": {"k": "QUJD"}}), json!({"k": "QUJE"}), false),
        (json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}), i(), true),
        (json!({"IpAddress": {"aws:SourceIp": "203.0.113.7"}}), i(), true),
        (json!({"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "0.0.0.0/0"]}}), i(), true),
        (json!({"IpAddress": {"aws:SourceIp": "::/0"}}), i(), false),
        (json!({"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8", "203.0.113.0/30"]}}), i(), true),
        (json!({"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8", "203.0.113.0/24"]}}), i(), false),
        (json!({"IpAddress": {"aws:SourceIp": "2001:db8::/32"}}), v6(), true),
        (json!({"IpAddress": {"aws:SourceIp": "2001:DB8::1"}}), v6(), true),
        (json!({"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}), json!({}), true),
    ]);
}

#[test]
#[rustfmt::skip] // One row, one case.
fn arn_operators_compare_six_segments() {
    let arn = || json!({"aws:PrincipalArn": ROLE});
    check(&[
        (json!({"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}}), arn(), true),
        (json!({"ArnLike": {"aws:PrincipalArn": "arn:*:iam::1111*:role/team/?pp"}}), arn(), true),
        (json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam:*:role/team/app:x"}}), arn(), false),
        (json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:*:*:role/team/app:"}}), arn(), false),
        (json!({"ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}}), arn(), false),
        (json!({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::999999999999:role/*"}}), arn(), true),
        (json!({"ArnLike": {"k": "arn:aws:logs:r:1:log-group:*"}}), json!({"k": "arn:aws:logs:r:1:log-group:a:b"}), true),
        (json!({"ArnLike": {"k": "arn:aws:s3:::*"}}), json!({"k": "bucket"}), false),
        (json!({"ArnNotLike": {"k": "arn:aws:s3:::*"}}), json!({"k": "bucket"}), true),
        (json!({"StringLike": {"aws:PrincipalArn": "arn:*app"}}), arn(), true),
    ]);
    let loose = holds("2012-10-17", &json!({"ArnLike": {"k": "*"}}), &json!({"k": ROLE}));
    assert!(matches!(loose, Err(Undecidable::NotAnArn { .. })));
    // No `*` crosses a colon, so what has not six segments matches nothing
    // (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN>).
    check(&[
        (json!({"ArnLike": {"aws:PrincipalArn": "arn:*"}}), arn(), false),
        (json!({"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:topic"}}), json!({"aws:SourceArn": "arn:aws:sns:eu-west-1:111122223333:topic"}), false),
        (json!({"ArnNotLike": {"aws:PrincipalArn": "arn:*"}}), arn(), true),
    ]);
}

#[test]
#[rustfmt::skip] // One row, one case.
fn absent_keys_and_sets() {
    let none = || json!({});
    let tags = |values: &[&str]| json!({"aws:TagKeys": values});
    check(&[
        (json!({"StringEquals": {"k": "a"}}), none(), false),
        (json!({"StringNotEquals": {"k": "a"}}), none(), true),
        (json!({"StringNotLike": {"k": "a"}}), none(), true),
        (json!({"NumericNotEquals": {"k": 1}}), none(), true),
        (json!({"NumericLessThan": {"k": 1}}), none(), false),
        (json!({"ArnNotEquals": {"k": "arn:aws:s3:::b"}}), none(), true),
        (json!({"Bool": {"k": "false"}}), none(), false),
        (json!({"StringEqualsIfExists": {"k": "a"}}), none(), true),
        (json!({"StringEqualsIfExists": {"k": "a"}}), json!({"k": "b"}), false),
        (json!({"StringNotEqualsIfExists": {"k": "a"}}), none(), true),
        (json!({"BoolIfExists": {"k": "false"}}), none(), true),
        (json!({"ForAnyValue:StringEqualsIfExists": {"k": "a"}}), none(), true),
        (json!({"Null": {"k": "true"}}), none(), true),
        (json!({"Null": {"k": false}}), none(), false),
        (json!({"Null": {"k": false}}), json!({"k": "x"}), true),
        (json!({"Null": {"k": true}}), json!({"k": "x"}), false),
        (json!({"Null": {"k": true}}), json!({"k": []}), true),
        (json!({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}), tags(&["a", "b"]), true),
        (json!({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}), tags(&["a", "c"]), false),
        (json!({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}), none(), true),
        (json!({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}), tags(&[]), true),
        (json!({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}), tags(&[""]), true),
        (json!({"ForAllValues:StringNotEquals": {"aws:TagKeys": ["a"]}}), tags(&["b", "c"]), true),
        (json!({"ForAllValues:StringNotEquals": {"aws:TagKeys": ["a"]}}), tags(&["b", "a"]), false),
        (json!({"ForAllValues:StringNotEquals": {"aws:TagKeys": ["a"]}}), none(), true),
        (json!({"ForAnyValue:StringEquals": {"aws:TagKeys": ["a", "b"]}}), tags(&["c", "b"]), true),
        (json!({"ForAnyValue:StringEquals": {"aws:TagKeys": ["a", "b"]}}), tags(&["c"]), false),
        (json!({"ForAnyValue:StringEquals": {"aws:TagKeys": ["a", "b"]}}), none(), false),
        (json!({"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["a"]}}), tags(&["a", "b"]), true),
        (json!({"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["a"]}}), none(), false),
        (json!({"ForAnyValue:StringLike": {"aws:TagKeys": "t*"}}), json!({"aws:TagKeys": "team"}), true),
        (json!({"ForAllValues:Null": {"aws:TagKeys": true}}), tags(&["a"]), true),
        (json!({"ForAnyValue:Null": {"aws:TagKeys": true}}), none(), false),
    ]);
    let several = holds("2012-10-17", &json!({"StringEquals": {"aws:TagKeys": "a"}}), &tags(&["a", "b"]));
    assert!(matches!(several, Err(Undecidable::SeveralValues { .. })));
}

#[test]
#[rustfmt::skip] // One row, one case.
fn variables_in_conditions() {
    let prefix = || json!({"s3:prefix": "home/Ann/x", "aws:username": "Ann"});
    let star = || json!({"s3:prefix": "home/*", "aws:username": "*"});
    check(&[
        (json!({"StringLike": {"s3:prefix": "home/${aws:username}/*"}}), prefix(), true),
        (json!({"StringLike": {"s3:prefix": "home/${AWS:UserName}/*"}}), prefix(), true),
        (json!({"StringLike": {"s3:prefix": "home/${aws:username}"}}), star(), true),
        (
            json!({"StringLike": {"s3:prefix": "home/${aws:username}"}}),
            json!({"s3:prefix": "home/x", "aws:username": "*"}),
            false,
        ),
        (json!({"StringEquals": {"s3:prefix": "home/${*}"}}), star(), true),
        (json!({"StringLike": {"s3:prefix": "home/${*}"}}), prefix(), false),
        (json!({"StringLike": {"s3:prefix": "home/${*}"}}), star(), true),
        (json!({"StringEquals": {"k": "a${?}${$}{b}"}}), json!({"k": "a?${b}"}), true),
        (json!({"StringEquals": {"k": "${aws:username}"}}), json!({"k": "x"}), false),
        (json!({"StringNotEquals": {"k": "${aws:username}"}}), json!({"k": "x"}), true),
        (json!({"StringEquals": {"k": "${aws:username, 'x'}"}}), json!({"k": "x"}), true),
        (json!({"StringEquals": {"k": "${aws:username,'x'}"}}), json!({"k": "x", "aws:username": "y"}), false),
        (json!({"StringEquals": {"k": ["${aws:username}", "x"]}}), json!({"k": "x"}), true),
        (
            json!({"ArnLike": {"k": "arn:aws:s3:::b/${aws:PrincipalTag/team}/*"}}),
            json!({"k": "arn:aws:s3:::b/a/x", "aws:PrincipalTag/Team": "a"}),
            true,
        ),
    ]);
    let literal = json!({"StringEquals": {"k": "${aws:username}"}});
    let keys = json!({"k": "${aws:username}", "aws:username": "Ann"});
    assert_eq!(holds("2008-10-17", &literal, &keys), Ok(true));
    assert_eq!(holds("2012-10-17", &literal, &keys), Ok(false));
    let several = holds("2012-10-17", &literal, &json!({"k": "x", "aws:username": ["a", "b"]}));
    assert!(matches!(several, Err(Undecidable::SeveralValuesInVariable { .. })));
}

#[test]
fn what_is_not_known_is_undecidable_only_where_it_matters() {
    let condition = json!({"StringEquals": {"aws:userid": "x"}});
    let unmodelled = holds("2012-10-17", &condition, &json!({"aws:userid": null})).unwrap_err();
    assert!(matches!(&unmodelled, Undecidable::UnmodelledKey { key, .. } if key == "aws:userid"));
    assert_eq!(unmodelled.at().layer, Layer::Identity);
    let with_other = json!({"StringEquals": {"aws:userid": "x", "aws:username": "Ann"}});
    assert_eq!(
        holds("2012-10-17", &with_other, &json!({"aws:userid": null, "aws:username": "Bob"})),
        Ok(false)
    );
    let settled = json!([
        {"Effect": "Deny", "Action": "*", "Resource": "*"},
        {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition},
    ]);
    let settled = [policy(PolicyKind::Identity, &settled)];
    assert_eq!(
        decide(&settled, None, &user(), &json!({"aws:userid": null})),
        Ok(Decision::ExplicitDeny)
    );
}

#[test]
#[rustfmt::skip] // One row, one case.
fn actions_and_resources() {
    let keys = json!({"aws:username": "team-a", "x": "*"});
    let cases = [
        (json!({"Action": "s3:GetObject", "Resource": "*"}), true),
        (json!({"Action": "S3:getOBJECT", "Resource": "*"}), true),
        (json!({"Action": "s3:Get*", "Resource": OBJECT}), true),
        (json!({"Action": "s3:*Object", "Resource": "arn:aws:s3:::bucket/*"}), true),
        (json!({"Action": "s3:GetObjec?", "Resource": "arn:aws:s3:::*"}), true),
        (json!({"Action": "s3:GetObject?", "Resource": "*"}), false),
        (json!({"Action": ["s3:PutObject", "s3:Get*"], "Resource": ["arn:aws:s3:::x", OBJECT]}), true),
        (json!({"NotAction": "s3:Put*", "Resource": "*"}), true),
        (json!({"NotAction": ["s3:Put*", "s3:get*"], "Resource": "*"}), false),
        (json!({"Action": "*", "Resource": "arn:aws:s3:::bucket"}), false),
        (json!({"Action": "*", "Resource": "arn:aws:s3:::Bucket/*"}), false),
        (json!({"Action": "*", "Resource": "arn:aws:s3:::bucket/team-?/*"}), true),
        (json!({"Action": "*", "Resource": "arn:aws:s3:::bucket/team-a/*.csv"}), true),
        (json!({"Action": "*", "NotResource": "arn:aws:s3:::bucket/team-a/*"}), false),
        (json!({"Action": "*", "NotResource": "arn:aws:s3:::bucket/team-b/*"}), true),
        (json!({"Action": "*", "Resource": "arn:aws:s3:::bucket/${aws:username}/*"}), true),
        (json!({"Action": "*", "Resource": "arn:aws:s3:::bucket/${aws:userid}/*"}), false),
        (json!({"Action": "*", "Resource": "arn:aws:s3:::bucket/${aws:userid, 'team-a'}/*"}), true),
        (json!({"Action": "*", "Resource": "arn:aws:s3:::bucket/${x}"}), false),
        (json!({"Action": "*", "NotResource": "arn:aws:s3:::bucket/${aws:username}/*"}), false),
    ];
    for (statement, expected) in cases {
        for effect in ["Allow", "Deny"] {
            let mut statement = statement.clone();
            statement["Effect"] = json!(effect);
            let all = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
            let statements = if effect == "Allow" { statement.clone() } else { json!([all, statement]) };
            let matched = match decide(&[policy(PolicyKind::Identity, &statements)], None, &user(), &keys).unwrap() {
                Decision::Allow => effect == "Allow",
                Decision::ImplicitDeny => false,
                Decision::ExplicitDeny => true,
            };
            assert_eq!(matched, expected, "{statement}");
        }
    }
    let open = json!({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::bucket/${aws:userid}"});
    let open = decide(&[policy(PolicyKind::Identity, &open)], None, &user(), &keys);
    assert!(matches!(open, Err(Undecidable::AbsentInNotResource { .. })));
    let old = json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::bucket/${aws:username}/*"}});
    let old = [Policy::from_value(PolicyKind::Identity, &old).unwrap()];
    assert_eq!(decide(&old, None, &user(), &keys), Ok(Decision::ImplicitDeny));
}

#[test]
#[rustfmt::skip] // One row, one case.
fn principals_of_a_deny() {
    let root = Principal::Root { account: ACCOUNT.to_owned() };
    let logging = Principal::Service("logging.s3.amazonaws.com".to_owned());
    let (ann, app, nobody) = (user(), session(), Principal::Anonymous);
    // For each element: user ann, session app/s1, root, anonymous, service.
    let cases = [
        (json!("*"), [true, true, true, true, true]),
        (json!({"AWS": "*"}), [true, true, true, true, true]),
        (json!({"AWS": ACCOUNT}), [true, true, true, false, false]),
        (json!({"AWS": "arn:aws:iam::111122223333:root"}), [true, true, true, false, false]),
        (json!({"AWS": "arn:aws:iam::999999999999:root"}), [false; 5]),
        (json!({"AWS": "arn:aws:iam::111122223333:user/ann"}), [true, false, false, false, false]),
        (json!({"AWS": ["999999999999", ROLE]}), [false, true, false, false, false]),
        (json!({"AWS": "arn:aws:iam::111122223333:role/app"}), [false; 5]),
        (json!({"AWS": SESSION}), [false, true, false, false, false]),
        (json!({"AWS": "arn:aws:sts::111122223333:assumed-role/app/s2"}), [false; 5]),
        (json!({"Service": "logging.s3.amazonaws.com"}), [false, false, false, false, true]),
        (json!({"Service": ["a.amazonaws.com"], "AWS": [ROLE]}), [false, true, false, false, false]),
        (json!({"Federated": "accounts.google.com"}), [false; 5]),
    ];
    for (element, expected) in cases {
        let deny = json!({"Effect": "Deny", "Principal": element, "Action": "s3:*", "Resource": "arn:aws:s3:::bucket/*"});
        let bucket = policy(PolicyKind::Bucket, &deny);
        for (who, expected) in [&ann, &app, &root, &nobody, &logging].into_iter().zip(expected) {
            let denied = decide(&[], Some(&bucket), who, &json!({})) == Ok(Decision::ExplicitDeny);
            assert_eq!(denied, expected, "{element} {who}");
        }
    }
}

#[test]
fn a_not_principal_spares_whom_it_lists_in_full() {
    let bob = "arn:aws:iam::111122223333:user/bob";
    let other = "arn:aws:sts::111122223333:assumed-role/app/s2";
    let cases = [
        (json!([ACCOUNT, "arn:aws:iam::111122223333:user/ann"]), user(), Ok(false)),
        (json!(["arn:aws:iam::111122223333:user/ann"]), user(), Err("its account")),
        (json!([ACCOUNT, bob]), user(), Ok(true)),
        (json!([ACCOUNT]), user(), Ok(true)),
        (json!([ACCOUNT]), Principal::Root { account: ACCOUNT.to_owned() }, Ok(false)),
        (json!([ACCOUNT, ROLE]), session(), Ok(true)),
        (json!([ACCOUNT, ROLE, SESSION]), session(), Ok(false)),
        (json!([ACCOUNT, ROLE, other]), session(), Ok(true)),
        (json!([ACCOUNT, SESSION]), session(), Err("its role")),
        (json!([SESSION]), session(), Err("its role and account")),
        (json!([ROLE, SESSION]), session(), Err("its account")),
        (json!([ROLE]), session(), Ok(true)),
        (json!([ACCOUNT]), session(), Ok(true)),
        (json!([ACCOUNT, ROLE]), Principal::Anonymous, Ok(true)),
        (json!("*"), user(), Ok(false)),
    ];
    for (list, who, denied) in cases {
        let deny = json!({"Effect": "Deny", "NotPrincipal": {"AWS": list}, "Action": "s3:*", "Resource": "arn:aws:s3:::*"});
        let bucket = policy(PolicyKind::Bucket, &deny);
        let answer = decide(&[], Some(&bucket), &who, &json!({}));
        match denied {
            Ok(denied) => {
                assert_eq!(answer.map(|d| d == Decision::ExplicitDeny), Ok(denied), "{list} {who}");
            }
            Err(lacks) => assert!(
                matches!(answer, Err(Undecidable::PartialNotPrincipal { missing, .. }) if missing == lacks),
                "{list} {who}"
            ),
        }
    }
}

#[test]
#[rustfmt::skip] // One row, one case.
fn documents_aws_refuses() {
    use PolicyKind::{Bucket, Identity, KeyPolicy, Rcp, Scp, Session, TrustPolicy};
    let full = json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"});
    let with = |element: &str, value: Value| {
        let mut statement = full.clone();
        statement[element] = value;
        json!({"Version": "2012-10-17", "Statement": [statement]})
    };
    let without = |element: &str| {
        let mut statement = full.clone();
        statement.as_object_mut().unwrap().remove(element);
        json!({"Statement": statement})
    };
    let condition = |value: Value| with("Condition", value);
    let cases = [
        (Identity, json!([]), "expected a policy document, an object, found a list"),
        (Identity, json!({}), "missing element `Statement`"),
        (Identity, json!({"Statement": []}), "`Statement` is empty (at `Statement`)"),
        (Identity, json!({"Version": "2012-10-18", "Statement": full}), "unknown policy version"),
        (Identity, json!({"Statements": full}), "unknown element `Statements`"),
        (Identity, json!({"Statement": "x"}), "expected a statement"),
        (Identity, with("Principle", json!("*")), "unknown element `Principle` (at `Statement[0].Principle`)"),
        (Identity, with("Principal", json!("*")), "`Principal` is not allowed in identity policy statements"),
        (Scp, with("NotPrincipal", json!("*")), "`NotPrincipal` is not allowed"),
        (Identity, with("Effect", json!("allow")), "unknown effect `allow`"),
        (Identity, without("Effect"), "missing element `Effect`"),
        (Identity, without("Action"), "missing element `Action`"),
        (Identity, without("Resource"), "missing element `Resource`"),
        (Identity, with("NotAction", json!("s3:*")), "`Action` and `NotAction` exclude each other"),
        (Identity, with("NotResource", json!("*")), "`Resource` and `NotResource` exclude each other"),
        (Identity, with("Action", json!([])), "`Action` is empty"),
        (Identity, with("Action", json!([["s3:*"]])), "expected a string, found a list (at `Statement[0].Action[0]`)"),
        (Identity, with("Action", json!("GetObject")), "invalid action `GetObject`"),
        (Identity, with("Resource", json!("bucket/*")), "invalid resource `bucket/*`"),
        (Identity, with("Resource", json!("arn:aws:s3:::${x")), "invalid policy variable"),
        (Identity, with("Resource", json!("arn:aws:${aws:x}::111122223333:role/x")), "no service of an ARN"),
        (Identity, with("Resource", json!("arn:${aws:x}:iam::111122223333:role/x")), "no partition"),
        (Identity, with("Sid", json!("not alnum")), "is not alphanumeric"),
        (
            Identity,
            json!({"Statement": [with("Sid", json!("A"))["Statement"][0], with("Sid", json!("A"))["Statement"][0]]}),
            "sid `A` is used twice (at `Statement[1].Sid`)",
        ),
        (Identity, condition(json!({"StringEqual": {"k": "a"}})), "unknown condition operator `StringEqual`"),
        (Identity, condition(json!({"NullIfExists": {"k": true}})), "unknown condition operator `NullIfExists`"),
        (Identity, condition(json!({"stringequals": {"k": "a"}})), "unknown condition operator"),
        (Identity, condition(json!({"StringEquals": {"k": null}})), "found null"),
        (Identity, condition(json!({"NumericEquals": {"k": "ten"}})), "`ten` is no value for `NumericEquals`"),
        (Identity, condition(json!({"NumericEquals": {"k": "${x}"}})), "is no value for"),
        (Identity, condition(json!({"IpAddress": {"k": "10.0.0.0/33"}})), "is no value for"),
        (Identity, condition(json!({"DateLessThan": {"k": "tomorrow"}})), "is no value for"),
        (Identity, condition(json!({"Bool": {"k": "maybe"}})), "is no value for"),
        (Identity, condition(json!({"BinaryEquals": {"k": "%"}})), "is no value for"),
        (Identity, condition(json!(["x"])), "expected an object of condition operators"),
        (Bucket, with("Sid", json!("a")), "missing element `Principal`"),
        (Bucket, with("Principal", json!("*")), "invalid resource `*`"),
        (KeyPolicy, with("Principal", json!("111122223333")), "write an object"),
        (KeyPolicy, with("Principal", json!({})), "`Principal` is empty"),
        (KeyPolicy, with("Principal", json!({"Aws": "*"})), "unknown principal type `Aws`"),
        (KeyPolicy, with("Principal", json!({"AWS": "arn:aws:iam::111122223333:role/*"})), "invalid principal"),
        (KeyPolicy, with("NotPrincipal", json!({"AWS": ACCOUNT})), "`NotPrincipal` is not allowed with `Allow`"),
        (TrustPolicy, with("Principal", json!("*")), "invalid action `s3:*`"),
        (
            TrustPolicy,
            json!({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*"}}),
            "`Resource` is not allowed",
        ),
        (Rcp, with("Principal", json!({"AWS": ACCOUNT})), "names everyone"),
        (Session, condition(json!({"StringEquals": {"k": "x".repeat(2_048)}})), "the limit is 2048"),
    ];
    for (kind, document, expected) in cases {
        let error = Policy::from_value(kind, &document).err().map(|error| error.to_string());
        let error = error.unwrap_or_else(|| panic!("accepted: {document}"));
        assert!(error.contains(expected), "{document}\n  {error}\n  {expected}");
    }
}

#[test]
fn errors_point_and_help() {
    let document =
        json!({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*", "Conditon": {}}]});
    let error = Policy::from_value(PolicyKind::Identity, &document).unwrap_err();
    assert_eq!(error.help().unwrap(), "did you mean `Condition`?");
    let key = |name: &str| PathStep::Key(name.to_owned());
    assert_eq!(error.path(), [key("Statement"), PathStep::Index(0), key("Conditon")]);
    let error = Policy::from_text(PolicyKind::Identity, "{\"Statement\": {},\n \"Statement\": {}}")
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "key `Statement` is written twice in one object, line 2, column 2"
    );
    let error = Policy::from_text(PolicyKind::Identity, "{\n x").unwrap_err();
    assert!(error.to_string().starts_with("not JSON, line 2, column 2"), "{error}");
}

#[test]
#[rustfmt::skip] // One row, one case.
fn documents_aws_accepts() {
    let cases = [
        (PolicyKind::Identity, json!({"Id": "x", "Statement": {"Sid": "", "Effect": "Allow", "Action": "*", "Resource": "*"}})),
        (
            PolicyKind::KeyPolicy,
            json!({"Statement": [
            {"Sid": "Enable IAM", "Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "kms:*", "Resource": "*"}]}),
        ),
        (
            PolicyKind::TrustPolicy,
            json!({"Statement": [
            {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}]}),
        ),
        (PolicyKind::Rcp, json!({"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}]})),
        (
            PolicyKind::Bucket,
            json!({"Statement": [{"Effect": "Deny", "NotPrincipal": {"AWS": [ACCOUNT, ROLE]}, "NotAction": "s3:Get*",
            "NotResource": ["arn:aws:s3:::b"], "Condition": {"Bool": {"aws:SecureTransport": [false]}}}]}),
        ),
    ];
    for (kind, document) in cases {
        let policy = Policy::from_value(kind, &document).unwrap_or_else(|error| panic!("{error}: {document}"));
        assert_eq!(policy.statements().len(), 1);
    }
    let policy = policy(
        PolicyKind::Identity,
        &json!([
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"Null": {"s3:Prefix": true}}},
        ]),
    );
    assert_eq!(gainsay_iam::condition_keys(&policy).collect::<Vec<_>>(), [(1, "s3:Prefix")]);
}
