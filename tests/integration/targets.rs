//! `--target`: what is refused before anything is sent, and what is said of a target that is not
//! there.

use std::{fs, process::Output};

use crate::common::{code, gainsay, stderr, stdout};

/// No port of this number answers: it is that of "discard", which nobody runs.
const NOBODY: &str = "https://127.0.0.1:9";

/// The program without anybody's credentials.
fn alone(arguments: &[&str]) -> Output {
    gainsay().env_clear().env("AWS_EC2_METADATA_DISABLED", "true").args(arguments).output().unwrap()
}

fn with_credentials(arguments: &[&str]) -> Output {
    gainsay()
        .env_clear()
        .envs([("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "secret")])
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn a_command_line_that_contradicts_itself_is_refused() {
    for (arguments, says) in [
        (vec!["run", "--target", "aws", "--provision"], "in an account they are yours to make"),
        (vec!["run", "--provision"], "`--provision` needs `--target URL`"),
        (
            vec!["run", "--target", NOBODY, "--provision", "--bindings", "b.yaml"],
            "binds every name itself",
        ),
        (vec!["run", "--plain-url", "http://127.0.0.1:9"], "are for `--target URL`"),
        (vec!["plan", "--target", "aws", "--insecure-tls"], "are for `--target URL`"),
        (vec!["doctor", "--bindings", "b.yaml"], "the sandbox has what the environment declares"),
        (
            vec!["run", "--target", NOBODY, "--ca-file", "x", "--insecure-tls"],
            "accepts any certificate",
        ),
        (vec!["run", "--target", "asw"], "neither `sandbox` nor `aws`"),
        (vec!["run", "--target", "https://user:secret@host"], "must not hold a user name"),
        (vec!["run", "--target", "https://host/path"], "must end after the host"),
        (vec!["run", "--target", NOBODY, "--plain-url", NOBODY], "must begin with `http://`"),
        (vec!["run", "--target", ""], "as a URL"),
    ] {
        let output = alone(&arguments);
        assert_eq!(code(&output), 64, "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(says), "{arguments:?}: {}", stderr(&output));
    }
}

#[test]
fn without_credentials_one_error_says_what_is_missing() {
    let reports = tempfile::tempdir().unwrap();
    let folder = reports.path().join("r");
    let run = [
        "run",
        "--target",
        NOBODY,
        "--provision",
        "--report-dir",
        folder.to_str().unwrap(),
        "secure-bucket",
    ];
    let output = alone(&run);
    assert_eq!(code(&output), 3);
    assert!(
        stderr(&output).starts_with("error: there are no AWS credentials"),
        "{}",
        stderr(&output)
    );
    assert!(
        stderr(&output).contains("AWS_ACCESS_KEY_ID")
            && stderr(&output).ends_with("nothing was attempted\n")
    );
    assert!(stdout(&output).is_empty() && !folder.exists());
}

#[test]
fn a_target_that_is_not_there_is_an_error_before_any_attempt() {
    let output = with_credentials(&["run", "--target", NOBODY, "--provision", "secure-bucket"]);
    assert_eq!(code(&output), 3);
    assert!(stderr(&output).contains("the target does not say who we are"), "{}", stderr(&output));
    assert!(stdout(&output).is_empty());
}

#[test]
fn a_ca_file_must_hold_certificates() {
    let folder = tempfile::tempdir().unwrap();
    let (empty, missing) = (folder.path().join("empty.pem"), folder.path().join("missing.pem"));
    fs::write(&empty, "").unwrap();
    for (file, says) in [(empty, "the CA file holds no certificate"), (missing, "cannot be read")] {
        let output = with_credentials(&[
            "run",
            "--target",
            NOBODY,
            "--provision",
            "--ca-file",
            file.to_str().unwrap(),
        ]);
        assert_eq!(code(&output), 3);
        assert!(stderr(&output).contains(says), "{}", stderr(&output));
    }
}

#[test]
fn the_plan_for_a_target_says_what_is_not_attempted_there_and_sends_nothing() {
    let planned = ["plan", "--target", NOBODY, "--provision", "--plain-url", "http://127.0.0.1:7"];
    let output = alone(
        &[&planned[..], &["secure-bucket/plain-http-objects", "secure-bucket/access-outsiders"]]
            .concat(),
    );
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let text = stdout(&output);
    assert!(
        text.contains("skipped secure-bucket/access-outsiders/-/s3:GetObject/the-outsider: "),
        "{text}"
    );
    assert!(text.contains("cannot make what is in another: role `outsider`"), "{text}");
    assert!(
        text.contains("s3:HeadObject https://127.0.0.1:9 ")
            && text.contains("s3:HeadObject http://127.0.0.1:7 "),
        "{text}"
    );
    assert!(!text.contains("amazonaws.com"), "{text}");
    let output =
        alone(&[&planned[..], &["--format", "json", "secure-bucket/access-outsiders"]].concat());
    let steps: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let skipped = steps.as_array().unwrap().iter().filter(|step| step["skipped"].is_string());
    assert!(skipped.count() > 10);
}

#[test]
fn the_doctor_finds_the_sandbox_well() {
    let output = alone(&["doctor", "secure-bucket"]);
    assert_eq!(code(&output), 0, "{}", stdout(&output));
    for line in [
        "ok       role outsider: assumed, as arn:aws:sts::444455556666:",
        "ok       bucket evidence: ",
        "ok       key partner: ",
        "ok       trail main: arn:aws:cloudtrail:eu-west-1:111122223333:trail/gainsay-production, read by app with cloudtrail:GetTrailStatus",
    ] {
        assert!(stdout(&output).contains(line), "{line}: {}", stdout(&output));
    }
    assert!(stdout(&output).ends_with("0 problems; nothing was changed\n"));
}
