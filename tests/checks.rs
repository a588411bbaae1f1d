//! Checks: what is deployed is read as a role that may read it, and judged beside the attempts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at a surprise"
)]

mod common;

use std::fs;

use common::{Copied, code, stderr, stdout};
use serde_json::Value;

fn found<'a>(record: &'a Value, list: &str, id: &str) -> &'a Value {
    let list = if list == "results" { &record["results"] } else { &record["summary"][list] };
    let all = list.as_array().unwrap();
    all.iter().find(|one| one["id"] == id).unwrap_or_else(|| panic!("no `{id}`"))
}

const ENVIRONMENT: &str = "secure-bucket/environment.yaml";
const POLICY: &str = "secure-bucket/policies/evidence-bucket.json";
/// Plain HTTP is refused for reads alone.
const HTTP_FOR_WRITES: (&str, &str, &str) =
    (POLICY, "\"Action\": \"s3:*\"", "\"Action\": \"s3:Get*\"");

#[test]
fn a_search_that_fails_shows_a_request() {
    let copy = Copied::edited(&[HTTP_FOR_WRITES]);
    copy.run(&["/TLS-01"]);
    let record = copy.record();
    let result =
        found(&record, "results", "secure-bucket/checks/evidence/s3:GetBucketPolicy/TLS-01");
    let detail = result["detail"].as_str().unwrap();
    assert!(
        detail.contains("aws:securetransport=false") && detail.contains("does not deny `s3:"),
        "{detail}"
    );
    assert_eq!(result["kind"], "check");
    assert_eq!(result["reason"], "does-not-hold");
    assert_eq!(result["principal"], "auditor");
    assert!(result["observed"]["document"].as_str().unwrap().contains("DenyInsecureTransport"));
    assert!(
        result["command"]
            .as_str()
            .unwrap()
            .starts_with("aws s3api get-bucket-policy --bucket gainsay-evidence-111122223333")
    );
}

/// Who may not read proves nothing, either way; who cannot be assumed neither.
#[test]
fn what_cannot_be_read_is_inconclusive() {
    let auditor = "secure-bucket/policies/auditor.json";
    for (edit, reason) in [
        ((auditor, "\"s3:GetBucketVersioning\"", "\"s3:GetBucketTagging\""), "not-read"),
        (
            (
                "secure-bucket/environment.yaml",
                "    policies: [policies/auditor.json, policies/stranger.json]",
                "    policies: [policies/auditor.json, policies/stranger.json]\n    boundary: policies/stranger.json",
            ),
            "not-read",
        ),
        (
            (
                "secure-bucket/environment.yaml",
                "  auditor:                                # reads how everything is configured, and nothing of what is in it\n    trust: policies/trust.json",
                "  auditor:\n    trust: policies/trust-with-external-id.json",
            ),
            "no-session",
        ),
    ] {
        let copy = Copied::edited(&[edit]);
        let output = copy.run(&["VER-02"]);
        assert_eq!(code(&output), 2, "{edit:?}: {}{}", stdout(&output), stderr(&output));
        let record = copy.record();
        let result = found(
            &record,
            "results",
            "secure-bucket/checks/evidence/s3:GetBucketVersioning/VER-02",
        );
        assert_eq!(
            (result["verdict"].as_str(), result["reason"].as_str()),
            (Some("inconclusive"), Some(reason)),
            "{edit:?}"
        );
    }
}

/// What reads and what attempts say two things when the policy is weakened for one who attempts
/// nothing here.
#[test]
fn where_the_methods_disagree_it_is_said() {
    let all_but = r#""StringNotEquals": { "s3:x-amz-server-side-encryption-aws-kms-key-id": "{{key.evidence.arn}}" }, "ArnNotEquals": { "aws:PrincipalArn": "{{role.auditor.arn}}" }"#;
    let copy = Copied::edited(&[(
        POLICY,
        r#""StringNotEquals": { "s3:x-amz-server-side-encryption-aws-kms-key-id": "{{key.evidence.arn}}" }"#,
        all_but,
    )]);
    let output = copy.run(&[
        "secure-bucket/encryption/",
        "secure-bucket/checks/evidence/s3:GetBucketPolicy/ENC-03",
    ]);
    assert_eq!(code(&output), 1, "{}", stdout(&output));
    let record = copy.record();
    let control = found(&record, "controls", "ENC-03");
    assert_eq!(control["disagree"], true);
    assert_eq!(control["attempted"]["verdict"], "pass");
    assert_eq!(control["read"]["verdict"], "fail");
    assert!(
        stdout(&output).contains("the methods disagree: attempted pass, read fail"),
        "{}",
        stdout(&output)
    );
    let other = found(&record, "controls", "ENC-02");
    assert_eq!((&other["disagree"], &other["read"]), (&Value::Null, &Value::Null));
}

#[test]
fn checks_are_selected_listed_planned_and_run_again() {
    let copy = Copied::edited(&[(ENVIRONMENT, ", blocked: [SSE-C]", ", blocked: [NONE]")]);
    let id = "secure-bucket/checks/evidence/s3:GetBucketEncryption/SSC-01";
    let baseline = copy.path().join("secure-bucket/baseline.yaml");
    let listed = copy.call("list", &[baseline.to_str().unwrap()]);
    assert!(
        stdout(&listed).contains(&format!("{id}: check\n"))
            && stdout(&listed).ends_with("27 checks\n"),
        "{}",
        stdout(&listed)
    );
    let planned = copy.call("plan", &[id]);
    let planned = stdout(&planned);
    assert!(
        planned.contains("check    auditor s3:GetBucketEncryption https://s3.eu-west-1.amazonaws.com bucket=evidence"),
        "{planned}"
    );
    assert!(
        planned.ends_with("1 calls, besides those that assume the roles; nothing was sent\n"),
        "{planned}"
    );
    assert_eq!(code(&copy.run(&["secure-bucket/checks/", "--skip", "SSC"])), 0);
    assert_eq!(code(&copy.run(&["secure-bucket/checks/"])), 1);
    let again = copy.run(&["--rerun-failed"]);
    assert!(
        code(&again) == 1 && stdout(&again).contains("running 1 check of secure-bucket"),
        "{}",
        stdout(&again)
    );
    fs::write(
        &baseline,
        fs::read_to_string(&baseline).unwrap().replace("  - { id: SSC-01, of: evidence }\n", ""),
    )
    .unwrap();
    let gone = copy.run(&["--rerun-failed"]);
    assert!(code(&gone) == 3 && stderr(&gone).contains(id), "{}", stderr(&gone));
}

#[test]
fn a_check_can_be_waived() {
    let copy = Copied::edited(&[(ENVIRONMENT, ", blocked: [SSE-C]", ", blocked: [NONE]")]);
    let waiver = "waivers:\n  - { result: secure-bucket/checks/evidence/s3:GetBucketEncryption/SSC-01, owner: o, reason: r, ticket: t, expires: 2999-12-31 }\n";
    fs::write(copy.path().join("secure-bucket/waivers.yaml"), waiver).unwrap();
    let output = copy.run(&["secure-bucket/checks/"]);
    assert_eq!(code(&output), 0, "{}{}", stdout(&output), stderr(&output));
    assert_eq!(found(&copy.record(), "controls", "SSC-01")["verdict"], "waived");
}

#[test]
fn a_baseline_takes_over_what_another_chooses() {
    let copy = Copied::new();
    common::copy(&copy.path().join("secure-bucket"), &copy.path().join("stricter"));
    let baseline = "baseline: As the other, and stricter\nextends: secure-bucket\nwithout: [INV-01]\ncontrols:\n  - { id: LIF-01, of: evidence, with: { days: 31 } }\n";
    fs::write(copy.path().join("stricter/baseline.yaml"), baseline).unwrap();
    let output = copy.run(&["stricter/checks/", "secure-bucket/checks/"]);
    assert_eq!(code(&output), 1, "{}{}", stdout(&output), stderr(&output));
    let record = copy.record();
    let of = |name: &str| {
        let controls = record["summary"]["controls"].as_array().unwrap().iter();
        let own = controls.filter(|control| control["architecture"] == name);
        own.map(|control| {
            (
                control["id"].as_str().unwrap().to_owned(),
                control["verdict"].as_str().unwrap().to_owned(),
            )
        })
        .collect::<std::collections::BTreeMap<_, _>>()
    };
    let (mut expected, found) = (of("secure-bucket"), of("stricter"));
    assert_eq!(expected.remove("INV-01").as_deref(), Some("pass"));
    expected.insert("LIF-01".to_owned(), "fail".to_owned());
    assert_eq!(found, expected);
}

/// A control can be marked as not testable, and is told so.
#[test]
fn what_is_not_testable_is_told() {
    let copy = Copied::edited(&[(
        "secure-bucket/baseline.yaml",
        "  - { id: SSC-01, of: evidence }",
        "  - { id: SSC-01, not_testable: the target has no such setting }",
    )]);
    let output = copy.run(&["secure-bucket"]);
    assert_eq!(code(&output), 0, "{}{}", stdout(&output), stderr(&output));
    assert!(
        stdout(&output).contains("with customer-provided keys: the target has no such setting"),
        "{}",
        stdout(&output)
    );
}
