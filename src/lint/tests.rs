//! Every warning about a file of an architecture is found in what its page shows, and in these
//! rows; and not in what stands beside them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop")]

use std::{collections::HashSet, path::Path};

use time::macros::date;

use super::*;
use crate::{
    files::{Folder, catalogue, diag::Severity, load},
    suite::{self},
};

const TODAY: Date = date!(2026 - 05 - 30);

/// What is found in an architecture one file of which says something else, but for what its own
/// baseline leaves untested.
fn found(kind: Kind, text: &str) -> Vec<Diagnostic> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad_input/valid");
    let mut folders = load::load(&root).unwrap();
    let folder = folders.first_mut().unwrap();
    let file = match kind {
        Kind::Scenario => "put.yaml",
        Kind::Baseline => "baseline.yaml",
        Kind::Environment => "environment.yaml",
        Kind::Waivers => "waivers.yaml",
        Kind::Policy(_) => panic!("a policy is checked alone"),
    };
    if kind == Kind::Scenario {
        // The examples need not prove the control of the baseline.
        let proof = folder.file("put.yaml").as_ref().unwrap().text().to_owned();
        folder.insert("proof.yaml", Ok(Source::new("proof.yaml", proof)));
    }
    folder.insert(file, Ok(Source::new(file, text)));
    of(&folders)
}

fn of(folders: &[Folder]) -> Vec<Diagnostic> {
    let (architectures, warnings) = suite::resolve(folders).unwrap_or_else(|problems| {
        let problems: Vec<String> = problems.iter().map(|problem| problem.render(false)).collect();
        panic!("{}", problems.join("\n"));
    });
    assert!(warnings.is_empty(), "a run would show them, too");
    let files = suite::written(folders.first().unwrap(), folders).unwrap();
    let found = architecture(architectures.first().unwrap(), &files, TODAY);
    found.iter().cloned().collect()
}

fn codes(found: &[Diagnostic]) -> Vec<&'static str> {
    found.iter().map(|found| found.code.as_str()).collect()
}

#[test]
fn every_example_is_found_and_every_counterpart_is_clean() {
    for page in files::FILES {
        let all = found(page.kind, page.found);
        let here = all.iter().filter(|found| found.code == page.code);
        assert_eq!(here.count(), 1, "{}: {all:?}", page.code.as_str());
        assert!(all.iter().all(|found| found.place.is_some()));
        let clean = found(page.kind, page.clean);
        assert!(
            clean.iter().all(|found| found.code != page.code),
            "{}: {clean:?}",
            page.code.as_str()
        );
    }
}

#[test]
fn every_warning_has_one_page() {
    let pages: Vec<Code> = pages().map(|page| page.code).collect();
    let warnings: HashSet<Code> =
        Code::ALL.iter().copied().filter(|code| code.severity() == Severity::Warning).collect();
    assert_eq!(pages.iter().copied().collect::<HashSet<_>>(), warnings);
    assert_eq!(pages.len(), warnings.len());
}

const UPLOADS: &str = r#"scenario: Uploads use the main key
controls: [ENC-03]
given:
  file: { as: guest, do: s3:PutObject, bucket: lobby, key: "{run}/b.csv" }
request: { as: app, do: s3:PutObject, bucket: vault, key: "{run}/a.csv", encryption: aws:kms, kms_key: main }
attempts:
  - allow: with the main key
  - allow: the guest reads
    request: { as: guest, do: s3:GetObject, bucket: lobby, key: "{file.key}" }
"#;

/// What an attempt says, and what is found in it.
#[test]
fn attempts() {
    let spare = "  - deny: with the spare key\n    but: { kms_key: spare }\n    ";
    for (attempt, expected) in [
        (format!("{spare}by: {{ layer: resource }}"), None),
        (format!("{spare}by: {{ sid: DenyWrongKey }}"), None),
        (format!("{spare}by: {{ layer: [identity, resource] }}"), None),
        (format!("{spare}by: {{ layer: [identity, boundary, session] }}"), None),
        (format!("{spare}by: {{ layer: [identity, boundary, session, resource], sid: DenyWrongKey }}"), None),
        (spare.trim_end().to_owned(), Some("unattributed-deny")),
        (format!("{spare}by: {{ code: AccessDenied }}"), Some("unattributed-deny")),
        (format!("{spare}by: {{ action: kms:GenerateDataKey, key: spare }}"), Some("unattributed-deny")),
        (format!("{spare}by: {{ layer: [identity, boundary, session, resource] }}"), Some("unattributed-deny")),
        (format!("{spare}one_of: [{{ layer: [identity, boundary] }}, {{ layer: [session, resource] }}]"), Some("unattributed-deny")),
        (format!("{spare}one_of: [{{ layer: resource }}, {{ code: AccessDenied }}]"), Some("unattributed-deny")),
        (format!("{spare}one_of: [{{ layer: resource }}, {{ layer: identity }}]"), None),
        ("  - reject: with the spare key\n    but: { kms_key: spare }\n    \
         by: { code: InvalidArgument, says: kms }".to_owned(), None),
        ("  - reject: with the spare key\n    but: { kms_key: spare }\n    \
         by: { code: InvalidArgument, says: Argument }".to_owned(), Some("vacuous-expect")),
        ("  - reject: with the spare key\n    but: { kms_key: spare }\n    \
         by: { code: AccessDenied, says: Access Denied }".to_owned(), Some("vacuous-expect")),
        ("  - reject: with the spare key\n    but: { kms_key: spare }\n    \
         by: { code: AccessDenied, says: access denied by }".to_owned(), None),
        ("  - allow: for an hour\n    \
         request: { as: app, do: sts:AssumeRole, role: guest, duration: 1h }".to_owned(), None),
        ("  - allow: for a day\n    \
         request: { as: app, do: sts:AssumeRole, role: guest, duration: 24h }".to_owned(), Some("out-of-range")),
        ("  - reject: for a day\n    \
         request: { as: app, do: sts:AssumeRole, role: guest, duration: 24h }\n    \
         by: { code: ValidationError, says: DurationSeconds }\n    \
         witness: { target: for an hour, actor: for an hour }\n  - allow: for an hour\n    \
         request: { as: app, do: sts:AssumeRole, role: guest, duration: 1h }".to_owned(), None),
        ("  - allow: a month\n    \
         request: { as: app, do: kms:ScheduleKeyDeletion, key_id: main, pending_days: \"30\" }".to_owned(), None),
        ("  - allow: a day\n    \
         request: { as: app, do: kms:ScheduleKeyDeletion, key_id: main, pending_days: \"1\" }".to_owned(), Some("out-of-range")),
        ("  - allow: none\n    \
         request: { as: app, do: kms:ScheduleKeyDeletion, key_id: main, pending_days: \"-7\" }".to_owned(), Some("out-of-range")),
        ("  - allow: each\n    for_each: { days: { of: [\"7\", \"31\"] } }\n    \
         request: { as: app, do: kms:ScheduleKeyDeletion, key_id: main, pending_days: \"{days}\" }".to_owned(), Some("out-of-range")),
        ("  - allow: made\n    request: { as: app, do: kms:CreateKey }\n    \
         expect: { key_state: Enabled }".to_owned(), Some("vacuous-expect")),
        ("  - allow: is it\n    request: { as: app, do: kms:DescribeKey, key_id: main }\n    \
         expect: { key_state: Enabled }".to_owned(), None),
        ("  - allow: sealed\n    \
         request: { as: app, do: kms:GenerateDataKey, key_id: main }\n    \
         expect: { arn: \"arn:aws:kms:eu-west-1:111122223333:key/0e71de9c-e000-4000-8000-000000000001\" }".to_owned(), Some("vacuous-expect")),
        ("  - allow: by its alias\n    \
         request: { as: app, do: kms:GenerateDataKey, key_id: main.alias }\n    \
         expect: { arn: \"arn:aws:kms:eu-west-1:111122223333:key/0e71de9c-e000-4000-8000-000000000001\" }".to_owned(), None),
        ("  - allow: anew\n    \
         then: [{ read: { as: guest, do: s3:GetObject, bucket: lobby, key: \"{file.key}\", version: \"{file.version}\" }, expect: { version: \"{file.version}\" } }]".to_owned(), Some("vacuous-expect")),
        ("  - allow: anew\n    \
         then: [{ read: { as: guest, do: s3:GetObject, bucket: lobby, key: \"{file.key}\" }, expect: { version: \"{file.version}\" } }]".to_owned(), None),
    ] {
        let all = found(Kind::Scenario, &format!("{UPLOADS}{attempt}\n"));
        assert_eq!(codes(&all), expected.into_iter().collect::<Vec<_>>(), "{attempt}");
    }
}

/// What a baseline says of a check, and what is found in it.
#[test]
fn baselines() {
    for (control, expected) in [
        ("{ id: ROT-01, of: main, with: { days: 90 } }", None),
        ("{ id: ROT-01, of: main, with: { days: 2560 } }", None),
        ("{ id: ROT-01, of: main, with: { days: 89 } }", Some("out-of-range")),
        ("{ id: ROT-01, of: main, with: { days: 2561 } }", Some("out-of-range")),
        ("{ id: ROT-01, of: [main, spare], with: { days: 0 } }", Some("out-of-range")),
        ("{ id: LIF-01, of: vault, with: { days: \"-1\" } }", Some("out-of-range")),
        ("{ id: LIF-01, of: vault, with: { days: a month } }", Some("out-of-range")),
        ("{ id: LIF-01, of: vault, with: { days: 30 } }", None),
        ("{ id: LCK-01, of: vault, with: { days: 36500, mode: COMPLIANCE } }", None),
        (
            "{ id: LCK-01, of: vault, with: { days: 36501, mode: COMPLIANCE } }",
            Some("out-of-range"),
        ),
        ("{ id: VPE-01, not_testable: there is no endpoint }", Some("not-testable")),
    ] {
        let text = format!(
            "baseline: Uploads use one key\nreader: app\ncontrols:\n  - {{ id: ENC-03 }}\n  - {control}\n"
        );
        let all = found(Kind::Baseline, &text);
        assert_eq!(codes(&all), expected.into_iter().collect::<Vec<_>>(), "{control}");
        if let Some(one) = all.first() {
            let (source, span) = one.place.clone().unwrap();
            assert_eq!(source.line_of(span.start), 5, "{control}");
        }
    }
}

/// What is delivered to a bucket, the statements of its policy, and what is refused.
#[test]
fn deliveries_to_a_bucket() {
    let allow = |service: &str, actions: &str| {
        format!(
            r#"{{"Effect": "Allow", "Principal": {{"Service": "{service}"}}, "Action": {actions}, "Resource": ["arn:aws:s3:::lobby-111122223333", "arn:aws:s3:::lobby-111122223333/*"]}}"#
        )
    };
    let deny = |condition: &str| {
        format!(
            r#"{{"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::lobby-111122223333/*", "Condition": {condition}}}"#
        )
    };
    let config =
        allow("config.amazonaws.com", r#"["s3:GetBucketAcl", "s3:ListBucket", "s3:PutObject"]"#);
    let flow = allow("delivery.logs.amazonaws.com", r#"["s3:GetBucketAcl", "s3:PutObject"]"#);
    let elb = allow("logdelivery.elasticloadbalancing.amazonaws.com", r#""s3:PutObject""#);
    let outsiders = deny(r#"{"StringNotEquals": {"aws:PrincipalAccount": "111122223333"}}"#);
    let people = deny(
        r#"{"StringNotEqualsIfExists": {"aws:PrincipalAccount": "111122223333"}, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}"#,
    );
    let no_acl = deny(r#"{"StringNotEquals": {"s3:x-amz-acl": "private"}}"#);
    let insecure = deny(r#"{"Bool": {"aws:SecureTransport": "false"}}"#);
    // Under which encryption a flow log arrives no page says: undecided, and not warned of.
    let unencrypted = deny(r#"{"Null": {"s3:x-amz-server-side-encryption": "true"}}"#);
    for (by, encryption, statements, refused) in [
        ("config", "AES256", vec![&config], 0),
        ("config", "AES256", vec![&flow], 3),
        ("config", "AES256", vec![&config, &outsiders], 1),
        ("config", "AES256", vec![&config, &people, &insecure], 0),
        ("vpc-flow-logs", "AES256", vec![&flow, &unencrypted], 0),
        ("vpc-flow-logs", "AES256", vec![&flow, &no_acl], 1),
        ("vpc-flow-logs", "aws:kms, key: main", vec![&flow], 1),
        ("alb-access-logs", "AES256", vec![&elb], 0),
        ("alb-access-logs", "aws:kms, key: spare", vec![&elb], 1),
        ("server-access-logs", "AES256", vec![&elb], 1),
        ("replication, from: vault, role: app", "AES256", vec![&elb], 8),
    ] {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad_input/valid");
        let mut folders = load::load(&root).unwrap();
        let folder = folders.first_mut().unwrap();
        let policy = format!(
            r#"{{"Version": "2012-10-17", "Statement": [{}]}}"#,
            statements.iter().map(|text| text.as_str()).collect::<Vec<_>>().join(", ")
        );
        folder.insert("policies/lobby.json", Ok(Source::new("lobby.json", policy)));
        let text = folder.file("environment.yaml").unwrap().text().replace(
            "name: lobby-111122223333", &format!("name: lobby-111122223333, policy: policies/lobby.json, encryption: {{ algorithm: {encryption} }}, deliveries: [{{ by: {by} }}]"));
        folder.insert("environment.yaml", Ok(Source::new("environment.yaml", text)));
        let all = of(&folders);
        let here: Vec<_> = all.iter().filter(|one| one.code == Code::ServiceRefused).collect();
        assert_eq!(here.len(), refused, "{by} {encryption} {statements:?}: {here:?}");
    }
}

#[test]
fn a_waiver_may_last_a_year_and_one_that_has_ended_covers_nothing() {
    for (of, expires, expected) in [
        ("result: vault/put/-/s3:PutObject/with-the-spare-key", "2027-05-31", &[][..]),
        ("result: vault/put/-/s3:PutObject/with-the-spare-key", "2027-06-01", &["long-waiver"]),
        ("control: ENC-03", "2026-05-30", &["waives-everything"]),
        ("control: ENC-03", "2026-05-29", &[]),
        ("control: ENC-03", "9999-12-31", &["long-waiver", "waives-everything"]),
    ] {
        let text = format!(
            "waivers:\n  - {{ {of}, owner: storage, reason: old jobs, ticket: S-1, expires: \"{expires}\" }}\n"
        );
        assert_eq!(codes(&found(Kind::Waivers, &text)), expected, "{of} {expires}");
    }
}

#[test]
fn a_gap_may_last_a_year_and_not_be_of_everything() {
    for (of, expires, expected) in [
        ("results: [vault/put/-/s3:PutObject/with-the-spare-key]", "2027-05-31", &[][..]),
        ("results: [vault/put/-/s3:PutObject/with-the-spare-key]", "2027-06-01", &["long-waiver"]),
        ("controls: [ENC-03]", "2026-05-30", &["waives-everything"]),
    ] {
        let by = format!("owner: storage, reason: no keys there, expires: \"{expires}\"");
        let text = format!("gaps:\n  - {{ target: aws, {of}, {by} }}\n");
        assert_eq!(codes(&found(Kind::Waivers, &text)), expected, "{of} {expires}");
    }
}

#[test]
fn a_parameter_in_days_has_a_range_and_a_range_has_a_parameter() {
    let checks =
        catalogue().iter().filter_map(|control| Some((&control.id, control.check.as_ref()?)));
    for (id, check) in checks {
        for name in check.ranges.keys() {
            assert!(check.parameters.contains(name), "{id}: {name}");
        }
        for name in check.parameters.iter().filter(|name| name.ends_with("days")) {
            let range = check.ranges.get(name).unwrap_or_else(|| panic!("{id}: {name}"));
            assert!(
                range.least < range.most
                    && range.source.starts_with("https://docs.aws.amazon.com/"),
                "{id}"
            );
        }
    }
}
