//! Checks: what is deployed is read as a role that may read it, and judged beside the attempts.

use std::fs;

use serde_json::Value;

use crate::common::{self, Copied, changes::change, code, stderr, stdout};

fn found<'a>(record: &'a Value, list: &str, id: &str) -> &'a Value {
    let list = if list == "results" { &record["results"] } else { &record["summary"][list] };
    let all = list.as_array().unwrap();
    all.iter().find(|one| one["id"] == id).unwrap_or_else(|| panic!("no `{id}`"))
}

#[test]
fn a_search_that_fails_shows_a_request() {
    let copy = Copied::changed(&["secure-bucket/tls-01-only-reads"]);
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
    for (row, reason) in [
        ("secure-bucket/auditor-reads-no-versioning", "not-read"),
        ("secure-bucket/auditor-is-bounded", "not-read"),
        ("secure-bucket/auditor-cannot-be-assumed", "no-session"),
    ] {
        let copy = Copied::changed(&[row]);
        let output = copy.run(&["VER-02"]);
        assert_eq!(code(&output), 2, "{row}: {}{}", stdout(&output), stderr(&output));
        let record = copy.record();
        let result = found(
            &record,
            "results",
            "secure-bucket/checks/evidence/s3:GetBucketVersioning/VER-02",
        );
        assert_eq!(
            (result["verdict"].as_str(), result["reason"].as_str()),
            (Some("inconclusive"), Some(reason)),
            "{row}"
        );
    }
}

/// What reads and what attempts say two things when the policy is weakened for one who attempts
/// nothing here.
#[test]
fn where_the_methods_disagree_it_is_said() {
    let copy = Copied::changed(&["secure-bucket/enc-03-auditor-exempt"]);
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
    let copy = Copied::changed(&["secure-bucket/ssc-01-not-blocked"]);
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
    change(copy.path(), "secure-bucket/ssc-01-not-chosen");
    let gone = copy.run(&["--rerun-failed"]);
    assert!(code(&gone) == 3 && stderr(&gone).contains(id), "{}", stderr(&gone));
}

#[test]
fn a_check_can_be_waived() {
    let copy = Copied::changed(&["secure-bucket/ssc-01-not-blocked"]);
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
    let copy = Copied::changed(&["secure-bucket/ssc-01-not-testable"]);
    let output = copy.run(&["secure-bucket"]);
    assert_eq!(code(&output), 0, "{}{}", stdout(&output), stderr(&output));
    assert!(
        stdout(&output).contains("with customer-provided keys: the target has no such setting"),
        "{}",
        stdout(&output)
    );
}
