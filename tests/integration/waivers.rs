//! Waivers: what somebody answers for is attempted, shown and not counted as a failure, for as long
//! as it was said, and no longer.

use std::{fs, process::Output};

use serde_json::Value;

use crate::common::{Copied, code, stderr, stdout};

/// Two attempts that the statement on plain HTTP refuses.
const RESULT: &str =
    "secure-bucket/plain-http-objects/-/s3:GetObjectAnnotation/annotations-over-plain-http";
const OTHER: &str =
    "secure-bucket/plain-http-objects/-/s3:ListObjectAnnotations/annotations-over-plain-http";

/// Of a control of the selected attempts, or of a result.
fn waiver(of: &str, expires: &str) -> String {
    format!(
        "  - {{ {of}, owner: storage team, reason: the importer is old, ticket: SEC-118, expires: {expires} }}\n"
    )
}

struct Copy(Copied);

impl Copy {
    fn new(waivers: &str) -> Self {
        Self::of(Copied::new(), waivers)
    }

    /// A copy with a policy that refuses what it should by another statement than it should.
    fn weakened(waivers: &str) -> Self {
        Self::of(Copied::changed(&["secure-bucket/statement-renamed"]), waivers)
    }

    fn of(copy: Copied, waivers: &str) -> Self {
        if !waivers.is_empty() {
            fs::write(
                copy.path().join("secure-bucket/waivers.yaml"),
                format!("waivers:\n{waivers}"),
            )
            .unwrap();
        }
        Self(copy)
    }

    fn run(&self) -> Output {
        self.0.run(&[RESULT, OTHER])
    }

    fn reports(&self) -> std::path::PathBuf {
        self.0.reports()
    }

    fn record(&self) -> Value {
        self.0.record()
    }
}

fn verdicts(record: &Value) -> Vec<&str> {
    let results = record["results"].as_array().unwrap().iter();
    results.map(|result| result["verdict"].as_str().unwrap()).collect()
}

#[test]
fn what_is_waived_is_attempted_and_does_not_fail() {
    let without = Copy::weakened("");
    let output = without.run();
    assert_eq!(code(&output), 1, "{}", stdout(&output));
    let copy = Copy::weakened(&waiver("control: TLS-01", "2999-12-31"));
    let output = copy.run();
    assert_eq!(code(&output), 0, "{}{}", stdout(&output), stderr(&output));
    let said = stdout(&output);
    assert!(
        said.contains(
            "waived (by storage team until 2999-12-31 (SEC-118): the importer is old: wrong-reason"
        ),
        "{said}"
    );
    assert!(
        said.contains(
            "  in force: TLS-01 (storage team, SEC-118, until 2999-12-31): 2 results waived\n"
        ),
        "{said}"
    );
    let record = copy.record();
    assert_eq!(verdicts(&record), ["waived", "waived"]);
    assert_eq!(record["results"][0]["reason"], "wrong-reason", "what was found stays");
    assert_eq!(record["results"][0]["waiver"]["ticket"], "SEC-118");
    assert_eq!(record["run"]["waivers"][0]["state"], "in-force");
    let junit = fs::read_to_string(copy.reports().join("latest/junit.xml")).unwrap();
    assert!(junit.contains("<skipped") && junit.contains("waived by storage team"), "{junit}");
}

#[test]
fn a_waiver_of_a_result_is_of_no_other() {
    let copy = Copy::weakened(&waiver(&format!("result: \"{RESULT}\""), "2999-12-31"));
    assert_eq!(code(&copy.run()), 1);
    let mut verdicts: Vec<_> = verdicts(&copy.record()).into_iter().map(str::to_owned).collect();
    verdicts.sort();
    assert_eq!(verdicts, ["fail", "waived"]);
}

#[test]
fn an_expired_waiver_fails_whatever_it_is_of() {
    let copy = Copy::weakened(&waiver("control: TLS-01", "2020-02-29"));
    let output = copy.run();
    assert_eq!(code(&output), 1);
    assert_eq!(verdicts(&copy.record()), ["fail", "fail"], "it waives nothing");
    let copy = Copy::new(&waiver("control: TLS-01", "2020-02-29"));
    let output = copy.run();
    let said = stdout(&output);
    assert_eq!(code(&output), 1, "{said}");
    assert!(
        said.contains("  expired: TLS-01 (storage team, SEC-118, until 2020-02-29): mend"),
        "{said}"
    );
    assert!(said.contains("exit 1: a waiver has expired\n"), "{said}");
    assert_eq!(verdicts(&copy.record()), ["pass", "pass"]);
}

#[test]
fn a_waiver_that_is_not_needed_is_told() {
    let copy = Copy::new(
        &(waiver(&format!("result: \"{RESULT}\""), "2999-12-31")
            + &waiver("control: TLS-01", "2999-12-31")),
    );
    let output = copy.run();
    let said = stdout(&output);
    assert_eq!(code(&output), 0, "{said}");
    assert!(said.contains(&format!("  unneeded: {RESULT} (storage team")), "{said}");
    assert!(
        said.contains("  not tried: TLS-01 (storage team"),
        "others of the control were not selected: {said}"
    );
}

#[test]
fn a_waiver_of_nothing_is_an_error() {
    let by = "owner: o, reason: r, ticket: t";
    for (waivers, says) in [
        (
            waiver("control: TLS-09", "2999-12-31"),
            "error[unknown-control]: the baseline does not choose control `TLS-09`",
        ),
        (
            waiver("result: secure-bucket/none", "2999-12-31"),
            "error[unknown-name]: there is no result `secure-bucket/none`",
        ),
        (waiver("control: TLS-01", "31.12.2999"), "error[bad-value]: `31.12.2999` is not a day"),
        (
            format!("  - {{ {by}, expires: 2999-12-31 }}\n"),
            "error[bad-value]: a waiver is of a `control` or of a `result`",
        ),
        (
            format!("  - {{ control: TLS-01, result: x, {by}, expires: 2999-12-31 }}\n"),
            "error[bad-value]: a waiver is of a `control` or of a `result`",
        ),
        (
            "  - { control: TLS-01, owner: o, reason: r, expires: 2999-12-31 }\n".to_owned(),
            "ticket",
        ),
        (
            "  - { control: TLS-01, owner: \" \", reason: r, ticket: t, expires: 2999-12-31 }\n"
                .to_owned(),
            "error[empty-value]: the `owner` of a waiver says nothing",
        ),
        (
            waiver("control: TLS-01", "2999-12-31").repeat(2),
            "error[duplicate-name]: `TLS-01` is waived twice",
        ),
        (waiver("control: \"\\e[31m\"", "2999-12-31"), "error[unknown-control]"),
    ] {
        let copy = Copy::new(&waivers);
        let output = copy.run();
        assert_eq!(code(&output), 3, "{waivers}{}", stderr(&output));
        assert!(stderr(&output).contains(says), "{waivers}{}", stderr(&output));
        assert!(!stderr(&output).contains('\u{1b}'), "{waivers}");
    }
}
