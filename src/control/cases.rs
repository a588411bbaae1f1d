//! The cases of every check, `tests/checks/<control>.json`: what is read, and what it shows. And of
//! every check: what cannot be read shows nothing.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop")]

use std::{
    fs,
    path::Path,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use gainsay_iam::{Policy, PolicyKind};
use gainsay_model::Document;
use serde::Deserialize;
use serde_json::json;

use super::*;
use crate::{
    files::catalogue,
    verdict::{Reason, Verdict},
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
        trust: Document::new(
            gainsay_model::Source::new("trust.json", text),
            policy,
            text.to_owned(),
        ),
        policies: Vec::new(),
        boundary: None,
        tags: Vec::new(),
        max_session_duration: 3600,
    })
}

fn reading(
    control: &str,
    statement: &'static str,
    check: &'static Check,
    parameters: BTreeMap<String, String>,
) -> Reading {
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
            region: "eu-west-1".to_owned(),
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
        let text = fs::read(&path)
            .unwrap_or_else(|problem| panic!("{} has no cases: {problem}", control.id));
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
            let judgement = judge(&reading, &ReadOutcome::Document(case.document), now());
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
            (200, "<Other><Status>Enabled</Status></Other>"),
            (200, r#"{"a":1,"a":1}"#),
            (403, "<Error><Code>NoSuchBucketPolicy</Code></Error>"),
            (403, r#"{"__type":"ResourceNotFoundException"}"#),
            (404, "<html>NoSuchBucketPolicy</html>"),
        ] {
            let judgement =
                judge(&reading, &row.outcome(&reading.subject, status, body.as_bytes()), now());
            assert_eq!(
                judgement.verdict(),
                Verdict::Inconclusive,
                "{} {status} {body}",
                control.id
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(checks > 10, "{checks} checks");
    assert_eq!(fs::read_dir(folder).unwrap().count(), checks, "cases of no check");
}

/// What passes passes no more when its answer says of one thing that it is about another, or leaves
/// it out, and neither as a part or in other words than the service's own.
#[test]
fn an_answer_about_something_else_is_none() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/checks");
    let mut lies = 0;
    for control in catalogue() {
        let Some(check) = &control.check else { continue };
        let row = check.row().unwrap();
        let text = fs::read(folder.join(format!("{}.json", control.id.to_lowercase()))).unwrap();
        let cases: Cases = serde_json::from_slice(&text).unwrap();
        let reading = reading(&control.id, &control.statement, check, cases.parameters);
        let mut says = |what: &str, seen: ReadOutcome| {
            lies += 1;
            let judgement = judge(&reading, &seen, now());
            assert_eq!(judgement.verdict(), Verdict::Inconclusive, "{} {what}", control.id);
        };
        for case in cases
            .cases
            .iter()
            .filter(|case| case.verdict == Verdict::Pass && case.document.is_object())
        {
            for pointer in row.echoed(&case.document) {
                let mut other = case.document.clone();
                *other.pointer_mut(&pointer).unwrap() = Value::from("another");
                says(&format!("{}: {pointer}", case.name), ReadOutcome::Document(other));
            }
            if matches!(
                row.service,
                crate::attempt::Service::S3 | crate::attempt::Service::S3Control
            ) {
                continue;
            }
            let body = case.document.to_string();
            let seen =
                |status: u16, body: &str| row.outcome(&reading.subject, status, body.as_bytes());
            assert_eq!(
                seen(200, &body),
                ReadOutcome::Document(case.document.clone()),
                "{} {}",
                control.id,
                case.name
            );
            for status in [201, 202, 203, 204, 206, 226, 302, 500] {
                says(&format!("{}: {status}", case.name), seen(status, &body));
            }
            let with = |member: &str| body.replacen('{', &format!("{{{member},"), 1);
            for member in [
                r#""NextToken":"a""#,
                r#""nextToken":"""#,
                r#""NextMarker":"a""#,
                r#""Truncated":true"#,
                r#""IsTruncated":"true""#,
                r#""__type":"AccessDeniedException""#,
            ] {
                says(&format!("{}: {member}", case.name), seen(200, &with(member)));
            }
            for name in case.document.as_object().unwrap().keys() {
                says(
                    &format!("{}: {name} twice", case.name),
                    seen(200, &with(&format!(r#""{name}":null"#))),
                );
            }
        }
    }
    assert!(lies > 1000, "{lies} lies");
}

/// S3's answers name no bucket: what is not AWS's own element under 200 alone is no answer.
#[test]
fn an_answer_of_s3_has_its_own_root_and_one_rule() {
    let subject = Subject {
        name: "data".to_owned(),
        id: "data".to_owned(),
        arn: "arn:aws:s3:::data".to_owned(),
        account: "111122223333".to_owned(),
        region: "eu-west-1".to_owned(),
        organizations: Arc::default(),
    };
    let seen = |read: &str, status: u16, body: &str| {
        let row = READS.iter().find(|row| row.name == read).unwrap();
        matches!(row.outcome(&subject, status, body.as_bytes()), ReadOutcome::Document(_))
    };
    let owned = "<Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule>";
    let sealed = "<Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule>";
    let list = "ListInventoryConfigurationsResult";
    for (read, root, inside) in [
        (
            "s3:GetBucketVersioning",
            "VersioningConfiguration",
            "<Status>Enabled</Status>".to_owned(),
        ),
        ("s3:GetBucketOwnershipControls", "OwnershipControls", owned.to_owned()),
        ("s3:GetBucketEncryption", "ServerSideEncryptionConfiguration", sealed.to_owned()),
        ("s3:GetBucketPolicyStatus", "PolicyStatus", "<IsPublic>FALSE</IsPublic>".to_owned()),
        (
            "s3:ListBucketInventoryConfigurations",
            list,
            "<IsTruncated>false</IsTruncated>".to_owned(),
        ),
        (
            "s3control:GetPublicAccessBlock",
            "PublicAccessBlockConfiguration",
            "<BlockPublicAcls>true</BlockPublicAcls>".to_owned(),
        ),
    ] {
        assert!(seen(read, 200, &format!("<{root}>{inside}</{root}>")), "{read}");
        for status in [201, 203, 204, 206] {
            assert!(!seen(read, status, &format!("<{root}>{inside}</{root}>")), "{read} {status}");
        }
        for body in [
            format!("<Other>{inside}</Other>"),
            format!("<{root}>{inside}{inside}</{root}>"),
            format!("<Error><{root}>{inside}</{root}></Error>"),
            format!("<{root}>{inside}</{root}><{root}/>"),
            inside.clone(),
        ] {
            assert!(!seen(read, 200, &body), "{read} {body}");
        }
    }
    let more = format!("<{list}><IsTruncated>true</IsTruncated></{list}>");
    assert!(!seen("s3:ListBucketInventoryConfigurations", 200, &more));
    let more = format!("<{list}><NextContinuationToken>a</NextContinuationToken></{list}>");
    assert!(!seen("s3:ListBucketInventoryConfigurations", 200, &more));
    assert!(seen("s3:GetBucketPolicy", 200, r#"{"Statement":[]}"#));
    for body in ["[]", "", "\"{}\"", "{", r#"{"Statement":[],"Statement":[]}"#] {
        assert!(!seen("s3:GetBucketPolicy", 200, body), "{body}");
    }
}

/// Whoever applies what a remediation shows satisfies the check.
#[test]
fn what_a_remediation_shows_satisfies_its_check() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/checks");
    let mut shown = 0;
    for control in catalogue() {
        let remediation = control.remediation.as_ref();
        let document = remediation.and_then(|remediation| remediation.document.as_deref());
        let (Some(check), Some(document)) = (&control.check, document) else {
            continue;
        };
        let text = fs::read(folder.join(format!("{}.json", control.id.to_lowercase()))).unwrap();
        let cases: Cases = serde_json::from_slice(&text).unwrap();
        let document = filled_in(document, &cases.parameters);
        let value: Value = serde_json::from_str(&document).unwrap();
        let answer = match check.read.as_str() {
            // A statement that is to be added stands alone.
            "s3:GetBucketPolicy" | "kms:GetKeyPolicy" if value.get("Effect").is_some() => {
                let policy = json!({ "Version": "2012-10-17", "Statement": value });
                json!({ "Policy": policy.to_string() })
            }
            "s3:GetBucketPolicy" | "kms:GetKeyPolicy" => json!({ "Policy": document }),
            "s3:GetBucketEncryption" => json!({ "ServerSideEncryptionConfiguration": value }),
            "s3:GetBucketReplication" => json!({ "ReplicationConfiguration": value }),
            "s3:ListBucketInventoryConfigurations" => {
                let one = [value];
                json!({ "InventoryConfigurationList": one })
            }
            "s3:GetBucketLifecycleConfiguration" => value,
            // What is set with other commands is not what is read.
            _ => continue,
        };
        let reading = reading(&control.id, &control.statement, check, cases.parameters);
        let judgement = judge(&reading, &ReadOutcome::Document(answer), now());
        assert_eq!(judgement.verdict(), Verdict::Pass, "{}: {}", control.id, judgement.detail());
        shown += 1;
    }
    assert!(shown > 12, "{shown} documents");
}

/// A document of a remediation for what the cases are about. The bucket that takes logs is what is
/// read where there is one, and the bucket that is logged is another.
fn filled_in(document: &str, parameters: &BTreeMap<String, String>) -> String {
    let given = |name: &str, default: &str| match parameters.get(name) {
        Some(value) => value.clone(),
        None => default.to_owned(),
    };
    let read = ["LOG_BUCKET", "TRAIL_BUCKET"].into_iter().find(|name| document.contains(name));
    let other = given("source", "arn:aws:s3:::data").replace("arn:aws:s3:::", "");
    // `/` stands for no prefix.
    let prefix = given("prefix", "prefix").trim_start_matches('/').to_owned();
    let folder = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
    [
        ("TARGET_BUCKET", given("target", "target")),
        (read.unwrap_or("BUCKET"), "evidence".to_owned()),
        ("TRAIL_BUCKET", other.clone()),
        ("BUCKET", other),
        (
            "arn:aws:kms:REGION:ACCOUNT_ID:key/KEY_ID",
            given("key", "arn:aws:kms:eu-west-1:111122223333:key/1"),
        ),
        (
            "arn:aws:cloudtrail:REGION:ACCOUNT_ID:trail/TRAIL_NAME",
            given("trail", "arn:aws:cloudtrail:eu-west-1:111122223333:trail/a"),
        ),
        ("PREFIX/", folder),
        ("PREFIX", prefix),
        ("ACCOUNT_ID", "111122223333".to_owned()),
        ("REGION", "eu-west-1".to_owned()),
    ]
    .iter()
    .fold(document.to_owned(), |text, (placeholder, value)| text.replace(placeholder, value))
}

#[test]
fn a_failing_search_tells_a_request() {
    let control = catalogue().iter().find(|control| control.id == "TLS-01").unwrap();
    let reading =
        reading("TLS-01", &control.statement, control.check.as_ref().unwrap(), BTreeMap::new());
    let open = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::evidence/*",
        "Condition":{"Bool":{"aws:SecureTransport":"false"}}}}"#;
    let judgement = judge(&reading, &ReadOutcome::Document(json!({ "Policy": open })), now());
    assert_eq!(judgement.reason(), Some(Reason::DoesNotHold));
    assert!(judgement.detail().contains("on `arn:aws:s3:::evidence`"), "{}", judgement.detail());
    assert!(judgement.detail().contains("aws:securetransport=false"), "{}", judgement.detail());
}

#[test]
fn a_search_for_another_key_has_to_be_told_the_key() {
    let control = catalogue().iter().find(|control| control.id == "ENC-03").unwrap();
    let reading =
        reading("ENC-03", &control.statement, control.check.as_ref().unwrap(), BTreeMap::new());
    let any = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::evidence/*",
        "Condition":{"Null":{"s3:x-amz-server-side-encryption-aws-kms-key-id":"false"}}}}"#;
    let judgement = judge(&reading, &ReadOutcome::Document(json!({ "Policy": any })), now());
    assert_eq!(judgement.verdict(), Verdict::Inconclusive, "{}", judgement.detail());
}

#[test]
fn what_is_not_configured_is_a_value() {
    let row = READS.iter().find(|row| row.name == "s3:GetBucketPolicy").unwrap();
    let subject = Subject {
        name: "evidence".to_owned(),
        id: "evidence-bucket".to_owned(),
        arn: "arn:aws:s3:::evidence-bucket".to_owned(),
        account: "111122223333".to_owned(),
        region: "eu-west-1".to_owned(),
        organizations: Arc::default(),
    };
    let absent = |of: &str| {
        row.outcome(
            &subject,
            404,
            format!("<Error><Code>NoSuchBucketPolicy</Code>{of}</Error>").as_bytes(),
        )
    };
    assert_eq!(absent(""), ReadOutcome::Document(Value::Null));
    assert_eq!(
        absent("<BucketName>evidence-bucket</BucketName>"),
        ReadOutcome::Document(Value::Null)
    );
    assert!(matches!(absent("<BucketName>another-bucket</BucketName>"), ReadOutcome::NotRead(_)));
    assert_eq!(row.ask(&subject, &BTreeMap::new()).path, "/evidence-bucket?policy");
    assert_eq!(
        row.command(&subject, &BTreeMap::new()),
        "aws s3api get-bucket-policy --bucket evidence-bucket --expected-bucket-owner 111122223333"
    );
    let macie = READS.iter().find(|row| row.name == "macie2:GetMacieSession").unwrap();
    let refused = |message: &str| {
        macie.outcome(
            &subject,
            403,
            format!(r#"{{"__type":"AccessDeniedException","message":"{message}"}}"#).as_bytes(),
        )
    };
    assert_eq!(refused("Macie is not enabled."), ReadOutcome::Document(Value::Null));
    assert!(matches!(
        refused("User: a is not authorized to perform: macie2:GetMacieSession"),
        ReadOutcome::NotRead(_)
    ));
    let key = READS.iter().find(|row| row.name == "kms:GetKeyPolicy").unwrap();
    assert_eq!(
        key.ask(&subject, &BTreeMap::new()).body,
        r#"{"KeyId":"evidence-bucket","PolicyName":"default"}"#
    );
}
