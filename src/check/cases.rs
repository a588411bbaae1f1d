//! The cases of every check, `tests/checks/<control>.json`: what is read, and what it shows. And of every check: what cannot be read shows nothing.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop")]

use std::{fs, path::Path, sync::Arc};

use super::*;
use crate::{
    environment::{Document, catalogue},
    iam::{Policy, PolicyKind},
    verdict::Verdict,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    parameters: BTreeMap<String, String>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    verdict: Verdict,
    document: Value,
}

/// 2026-01-01, which is when cases are read.
fn now() -> SystemTime {
    UNIX_EPOCH + std::time::Duration::from_hours(490_896)
}

fn reader() -> Arc<Role> {
    let text = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}}"#;
    let policy = Policy::from_text(PolicyKind::TrustPolicy, text).unwrap();
    Arc::new(Role {
        name: "auditor".to_owned(),
        account: "111122223333".to_owned(),
        arn: "arn:aws:iam::111122223333:role/auditor".to_owned(),
        trust: Document::new(crate::diag::Source::new("trust.json", text), policy, text.to_owned()),
        external_id: None,
        source_profile: None,
        policies: Vec::new(),
        boundary: None,
        tags: Vec::new(),
        session_tags: Vec::new(),
        via: None,
        max_session_duration: 3600,
    })
}

fn reading(control: &str, statement: &'static str, check: &'static Check, parameters: BTreeMap<String, String>) -> Reading {
    let (id, arn) = match check.on {
        On::Bucket => ("evidence", "arn:aws:s3:::evidence"),
        On::Trail => (
            "arn:aws:cloudtrail:eu-west-1:111122223333:trail/gainsay-production",
            "arn:aws:cloudtrail:eu-west-1:111122223333:trail/gainsay-production",
        ),
        On::Account => ("111122223333", "arn:aws:iam::111122223333:root"),
        On::Key => (
            "key-id",
            "arn:aws:kms:eu-west-1:111122223333:key/0e71de9c-e000-4000-8000-000000000001",
        ),
    };
    Reading {
        id: format!("a/checks/evidence/{control}"),
        control: control.to_owned(),
        statement,
        check,
        subject: Subject {
            name: "evidence".to_owned(),
            id: id.to_owned(),
            arn: arn.to_owned(),
            account: "111122223333".to_owned(),
            organizations: Arc::default(),
        },
        parameters,
        reader: reader(),
        file: "baseline.yaml".to_owned(),
        line: 1,
    }
}

#[test]
fn every_check_has_cases_and_they_come_out_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/checks");
    let mut wrong = Vec::new();
    let mut checks = 0;
    for control in catalogue() {
        let Some(check) = &control.check else { continue };
        checks += 1;
        let row = check
            .row()
            .unwrap_or_else(|| panic!("{}: there is no read `{}`", control.id, check.read));
        assert_eq!(row.on, check.on, "{}", control.id);
        assert_ne!(check.holds.is_some(), check.search.is_some(), "{}", control.id);
        let path = folder.join(format!("{}.json", control.id.to_lowercase()));
        let text = fs::read(&path).unwrap_or_else(|problem| panic!("{} has no cases: {problem}", control.id));
        let cases: Cases = serde_json::from_slice(&text).unwrap();
        assert_eq!(
            cases.parameters.keys().collect::<Vec<_>>(),
            check.parameters.iter().collect::<Vec<_>>()
        );
        let reading = reading(&control.id, &control.statement, check, cases.parameters);
        for verdict in [Verdict::Pass, Verdict::Fail] {
            assert!(
                cases.cases.iter().any(|case| case.verdict == verdict),
                "{}: {verdict:?}",
                control.id
            );
        }
        for case in cases.cases {
            let judgement = judge(&reading, &Seen::Document(case.document), now());
            if judgement.verdict() != case.verdict {
                wrong.push(format!(
                    "{} {}: {:?} {}",
                    control.id,
                    case.name,
                    judgement.verdict(),
                    judgement.detail()
                ));
            }
        }
        for (status, body) in [
            (403, "<Error><Code>AccessDenied</Code></Error>"),
            (404, "<Error><Code>NoSuchBucket</Code></Error>"),
            (400, r#"{"__type":"AccessDeniedException"}"#),
            (503, ""),
            (200, "neither XML nor JSON"),
            (200, "<Error><Code>InternalError</Code></Error>"),
            (200, "<html><body>sign in</body></html>"),
            (200, r#"{"__type":"InternalFailure"}"#),
            (200, "[]"),
            (403, "<Error><Code>NoSuchBucketPolicy</Code></Error>"),
            (403, r#"{"__type":"ResourceNotFoundException"}"#),
            (404, "<html>NoSuchBucketPolicy</html>"),
        ] {
            let judgement = judge(&reading, &row.seen(status, body.as_bytes()), now());
            assert_eq!(judgement.verdict(), Verdict::Inconclusive, "{} {status} {body}", control.id);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(checks > 10, "{checks} checks");
    assert_eq!(fs::read_dir(folder).unwrap().count(), checks, "cases of no check");
}

#[test]
fn a_failing_search_tells_a_request() {
    let control = catalogue().iter().find(|control| control.id == "TLS-01").unwrap();
    let reading = reading("TLS-01", &control.statement, control.check.as_ref().unwrap(), BTreeMap::new());
    let open = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::evidence/*",
        "Condition":{"Bool":{"aws:SecureTransport":"false"}}}}"#;
    let judgement = judge(&reading, &Seen::Document(serde_json::json!({ "Policy": open })), now());
    assert_eq!(judgement.reason(), Some(Reason::DoesNotHold));
    assert!(judgement.detail().contains("on `arn:aws:s3:::evidence`"), "{}", judgement.detail());
    assert!(judgement.detail().contains("aws:securetransport=false"), "{}", judgement.detail());
}

#[test]
fn a_search_for_another_key_has_to_be_told_the_key() {
    let control = catalogue().iter().find(|control| control.id == "ENC-03").unwrap();
    let reading = reading("ENC-03", &control.statement, control.check.as_ref().unwrap(), BTreeMap::new());
    let any = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::evidence/*",
        "Condition":{"Null":{"s3:x-amz-server-side-encryption-aws-kms-key-id":"false"}}}}"#;
    let judgement = judge(&reading, &Seen::Document(serde_json::json!({ "Policy": any })), now());
    assert_eq!(judgement.verdict(), Verdict::Inconclusive, "{}", judgement.detail());
}

#[test]
fn what_is_not_configured_is_a_value() {
    let row = READS.iter().find(|row| row.name == "s3:GetBucketPolicy").unwrap();
    let absent = row.seen(404, b"<Error><Code>NoSuchBucketPolicy</Code></Error>");
    assert_eq!(absent, Seen::Document(Value::Null));
    let subject = Subject {
        name: "evidence".to_owned(),
        id: "evidence-bucket".to_owned(),
        arn: "arn:aws:s3:::evidence-bucket".to_owned(),
        account: "111122223333".to_owned(),
        organizations: Arc::default(),
    };
    assert_eq!(row.ask(&subject, &BTreeMap::new()).path, "/evidence-bucket?policy");
    assert_eq!(
        row.command(&subject, &BTreeMap::new()),
        "aws s3api get-bucket-policy --bucket evidence-bucket --expected-bucket-owner 111122223333"
    );
    let macie = READS.iter().find(|row| row.name == "macie2:GetMacieSession").unwrap();
    let refused = |message: &str| {
        macie.seen(
            403,
            format!(r#"{{"__type":"AccessDeniedException","message":"{message}"}}"#).as_bytes(),
        )
    };
    assert_eq!(refused("Macie is not enabled."), Seen::Document(Value::Null));
    assert!(matches!(
        refused("User: a is not authorized to perform: macie2:GetMacieSession"),
        Seen::NotRead(_)
    ));
    let key = READS.iter().find(|row| row.name == "kms:GetKeyPolicy").unwrap();
    assert_eq!(
        key.ask(&subject, &BTreeMap::new()).body,
        r#"{"KeyId":"evidence-bucket","PolicyName":"default"}"#
    );
}
