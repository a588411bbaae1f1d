//! What AWS publishes is taken, and what it refuses at put time is refused in its words; each page
//! is beside its row.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test may stop"
)]

use gainsay_iam::PolicyKind::{
    Boundary, Bucket, Identity, KeyPolicy, Rcp, Scp, Session, TrustPolicy, VpcEndpoint,
};
use gainsay_iam::{
    Policy, PolicyKind, lint,
    lint::review,
    put::{AwsError, Put, Quota, document_error, refusals, rules},
};
use serde::Deserialize;
use serde_json::{Value, json};

const KEY_OWNER: &str = r#"{"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "kms:*", "Resource": "*"}"#;

fn document(statements: &str) -> String {
    format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#)
}

/// What AWS answers to a document, as `code: message`; `stored` if nothing is wrong with it.
fn put(kind: PolicyKind, text: &str, put: &Put<'_>) -> String {
    let says = |error: &AwsError| format!("{}: {}", error.code, error.message);
    match Policy::from_text(kind, text) {
        Err(error) => says(&document_error(kind, text, &error)),
        Ok(policy) => refusals(&policy, put)
            .first()
            .map_or_else(|| "stored".to_owned(), |refusal| says(&refusal.error)),
    }
}

/// A row of `put/stored.yaml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    kind: Kind,
    what: String,
    source: String,
    statement: Value,
}

/// A row of `put/refused.yaml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refused {
    kind: Kind,
    what: String,
    statement: Value,
    code: String,
    message: String,
    accepted: Value,
}

/// A kind of document, by its word in the tables.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Bucket,
    Key,
    Trust,
    Identity,
    Session,
    Scp,
    Rcp,
    VpcEndpoint,
}

impl Kind {
    const fn policy(self) -> PolicyKind {
        match self {
            Self::Bucket => Bucket,
            Self::Key => KeyPolicy,
            Self::Trust => TrustPolicy,
            Self::Identity => Identity,
            Self::Session => Session,
            Self::Scp => Scp,
            Self::Rcp => Rcp,
            Self::VpcEndpoint => VpcEndpoint,
        }
    }
}

fn stored() -> Vec<Stored> {
    serde_saphyr::from_str(include_str!("put/stored.yaml")).unwrap()
}

fn refused() -> Vec<Refused> {
    serde_saphyr::from_str(include_str!("put/refused.yaml")).unwrap()
}

#[test]
fn what_aws_publishes_is_stored() {
    for Stored { kind, what, source, statement } in stored() {
        let (kind, statement) = (kind.policy(), statement.to_string());
        let text = document(&statement);
        let own = Put {
            bucket: (kind == Bucket
                && !statement.contains(":accesspoint/")
                && statement.contains(":::"))
            .then_some("bucket"),
            exists: None,
        };
        assert_eq!(put(kind, &text, &own), "stored", "{kind}: {what} ({source})");
    }
}

#[test]
fn every_kind_has_a_document_that_is_stored_and_the_old_version_too() {
    for kind in [Bucket, KeyPolicy, TrustPolicy, Identity, Scp, Rcp, VpcEndpoint] {
        assert!(stored().iter().any(|row| row.kind.policy() == kind), "{kind}");
    }
    for Stored { kind, what, statement, .. } in stored() {
        let kind = kind.policy();
        if kind == Rcp {
            continue;
        }
        for version in [r#""Version": "2008-10-17", "Id": "x","#, ""] {
            let text = format!(r#"{{{version} "Statement": {statement}}}"#);
            assert_eq!(put(kind, &text, &Put::default()), "stored", "{kind}: {what}");
        }
    }
}

const JSON_EXCEPTION: &str = "MalformedPolicyDocumentException: ";
const RCP: &str =
    "The provided policy document does not meet the requirements of the specified policy type.";

#[test]
fn what_aws_refuses_is_refused_in_its_words() {
    let exists = |name: &str| !name.ends_with("/gone");
    let known = Put { bucket: Some("bucket"), exists: Some(&exists) };
    for Refused { kind, what, statement, code, message, accepted } in refused() {
        let kind = kind.policy();
        let answer = put(kind, &document(&statement.to_string()), &known);
        assert_eq!(answer, format!("{code}: {message}"), "{kind}: {what}");
        let answer = put(kind, &document(&accepted.to_string()), &known);
        assert_eq!(answer, "stored", "{kind}: {what}, as it is accepted");
    }
    // Without a version an RCP is none.
    let text =
        r#"{"Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}}"#;
    assert_eq!(put(Rcp, text, &known), format!("{JSON_EXCEPTION}{RCP}"));
    // The bucket and the principals are only asked where they are known.
    for what in ["another bucket", "a role that is not there"] {
        let rows = refused();
        let row = rows.iter().find(|row| row.what == what).unwrap();
        let text = document(&row.statement.to_string());
        assert_eq!(put(Bucket, &text, &Put::default()), "stored", "{what}");
    }
}

#[test]
fn every_rule_has_a_row_that_it_refuses() {
    let exists = |name: &str| !name.ends_with("/gone");
    let known = Put { bucket: Some("bucket"), exists: Some(&exists) };
    let mut texts: Vec<(PolicyKind, String)> = refused()
        .iter()
        .map(|row| (row.kind.policy(), document(&row.statement.to_string())))
        .collect();
    let statement = r#"{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}"#;
    texts.push((Rcp, format!(r#"{{"Statement": {statement}}}"#)));
    let found: Vec<(PolicyKind, &str)> = texts
        .iter()
        .filter_map(|(kind, text)| Some((*kind, Policy::from_text(*kind, text).ok()?)))
        .flat_map(|(kind, policy)| {
            refusals(&policy, &known).into_iter().map(move |refusal| (kind, refusal.rule))
        })
        .collect();
    for rule in rules() {
        assert!(
            found.iter().any(|(kind, code)| *code == rule.code && rule.kinds.contains(kind)),
            "{}: {}",
            rule.code,
            rule.what
        );
        assert!(rule.source.starts_with("https://"), "{}", rule.code);
    }
}

/// Recorded by `LocalStack`, tests `test_bucket_policy_exc` and
/// `test_create_role_with_malformed_assume_role_policy_document`.
#[test]
fn recorded_answers() {
    let byte = "MalformedPolicy: Policies must be valid JSON and the first byte must be '{'";
    for (kind, text, answer) in [
        (Bucket, "", byte),
        (Bucket, "invalid json", byte),
        (Bucket, "{}", "MalformedPolicy: Missing required field Statement"),
        (Bucket, "{\"a\"", "MalformedPolicy: This policy contains invalid Json"),
        (TrustPolicy, "{,}", "MalformedPolicyDocument: This policy contains invalid Json"),
    ] {
        assert_eq!(put(kind, text, &Put::default()), answer, "{kind}: {text}");
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>.
#[test]
fn sizes_are_those_of_where_a_document_is_stored() {
    let identity = |count: usize| {
        let statement = json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"});
        json!({"Version": "2012-10-17", "Statement": vec![statement; count]})
    };
    let warned = |value: &Value| {
        let policy = Policy::from_value(Identity, value).unwrap();
        lint(&policy).iter().any(|found| found.lint.code() == "large-policy")
    };
    assert!(!warned(&identity(100)), "{}", identity(100).to_string().len());
    // AWS's own are as large as this and larger.
    assert!(warned(&identity(2_000)));
    assert!(Policy::from_value(Boundary, &identity(100)).is_ok());
    assert!(Policy::from_value(Boundary, &identity(2_000)).is_err());
    for (quota, most, counts_white_space) in [
        (Quota::InlineUser, 2_048, false),
        (Quota::InlineGroup, 5_120, false),
        (Quota::InlineRole, 10_240, false),
        (Quota::Managed, 6_144, false),
        (Quota::Trust, 2_048, false),
        (Quota::Session, 2_048, true),
        (Quota::Bucket, 20_480, true),
        (Quota::Key, 32_768, true),
        (Quota::Endpoint, 20_480, true),
        (Quota::Scp, 10_240, true),
        (Quota::Rcp, 5_120, true),
    ] {
        assert_eq!(quota.max(), most, "{quota:?}");
        assert_eq!(quota.size_of("{ }"), if counts_white_space { 3 } else { 2 }, "{quota:?}");
    }
    let user = Quota::InlineUser.error("ann").message;
    assert_eq!(user, "Maximum policy size of 2048 bytes exceeded for user ann");
}

#[test]
fn what_is_stored_and_does_nothing_is_warned_of() {
    let found = |kind: PolicyKind, statement: &str| -> Vec<&'static str> {
        let review = review(kind, &document(statement), None);
        review.findings.iter().map(|found| found.lint.code()).collect()
    };
    let with = |condition: &str| {
        format!(
            r#"{{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*", "Condition": {condition}}}"#
        )
    };
    for (condition, code) in [
        (r#"{"StringEquals": {"aws:PrincipalOrgIds": "o"}}"#, "unknown-condition-key"),
        (r#"{"StringEquals": {"sts:Foo": "o"}}"#, "unknown-condition-key"),
        (r#"{"StringEquals": {}}"#, "empty-element"),
        (r#"{"IpAddress": {"aws:SourceIp": []}}"#, "empty-element"),
        (r#"{"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:topic"}}"#, "incomplete-arn-pattern"),
    ] {
        assert_eq!(found(Identity, &with(condition)), [code], "{condition}");
    }
    for condition in [
        r#"{"StringEquals": {"aws:PrincipalOrgID": "o"}}"#,
        r#"{"StringEquals": {"ec2:ResourceTag/team": "o"}}"#,
        r#"{"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:topic"}}"#,
        r#"{"ArnLike": {"aws:SourceArn": "${aws:PrincipalTag/arn}"}}"#,
    ] {
        assert_eq!(found(Identity, &with(condition)), [""; 0], "{condition}");
    }
    let sid = KEY_OWNER.replacen('{', r#"{"Sid": "A", "#, 1);
    assert_eq!(
        found(KeyPolicy, &format!("{sid}, {sid}")),
        ["redundant-statement", "duplicate-sid"]
    );
    assert_eq!(found(KeyPolicy, &format!("{sid}, {KEY_OWNER}")), ["redundant-statement"]);
}
