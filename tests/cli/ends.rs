//! How a run and a command end: stopped, killed, or with nobody to read what they print.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use tempfile::TempDir;

use super::{changed, record, reports, run_in, weakened};
use crate::common::{code, copy_scenarios, gainsay, stderr};

/// A run of ten thousand attempts that has begun, and the lines that it prints from now on.
fn long_run(reports: &Path) -> (TempDir, std::process::Child, impl Iterator<Item = String>) {
    let copy = tempfile::tempdir().unwrap();
    copy_scenarios(copy.path());
    let numbers = (0..100).map(|n| format!("n{n}")).collect::<Vec<_>>().join(", ");
    let text = format!(
        "scenario: A long run\ncontrols: [ENC-06]\nfor_each:\n  row: {{ of: [{numbers}] }}\nrequest: {{ as: app, do: s3:PutObject, bucket: evidence, key: \"inbox/{{run}}/{{row}}\", encryption: aws:kms, kms_key: evidence }}\nattempts:\n  - allow: an upload\n    for_each: {{ n: {{ of: [{numbers}] }} }}\n"
    );
    fs::write(copy.path().join("secure-bucket/long.yaml"), text).unwrap();
    let scenarios = copy.path().to_str().unwrap();
    let mut child = gainsay()
        .args(["run", "long/", "--scenarios", scenarios, "--report-dir", reports.to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let begun = lines.by_ref().any(|line| line.starts_with("test ") && line.contains("... ok"));
    assert!(begun, "no attempt was made");
    (copy, child, lines)
}

fn signal(child: &std::process::Child, name: &str) {
    let sent = Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn ctrl_c_and_sigterm_stop_new_attempts_and_leave_whole_reports() {
    for name in ["-INT", "-TERM"] {
        let reports = reports();
        let (_copy, mut child, lines) = long_run(reports.path());
        signal(&child, name);
        let rest: Vec<String> = lines.collect();
        let status = child.wait().unwrap();
        assert_eq!(status.code(), Some(2), "{name}: {}", rest.last().map_or("", String::as_str));
        let record = record(reports.path());
        assert_eq!(record["run"]["interrupted"], true, "{name}");
        let counts = &record["summary"]["counts"];
        assert_eq!(counts["total"], 10_000);
        assert!(
            counts["pass"].as_u64().unwrap() > 0 && counts["error"].as_u64().unwrap() > 0,
            "{counts}"
        );
        let junit = fs::read_to_string(reports.path().join("latest/junit.xml")).unwrap();
        assert!(junit.contains("type=\"cancelled\""));
    }
}

/// Who reads the newest reports after a run was killed must not find those of a green run before
/// it.
#[test]
fn a_killed_run_is_the_latest_and_has_no_record() {
    let reports = reports();
    assert_eq!(code(&run_in(reports.path(), &["versions"])), 0);
    let finished = fs::read_link(reports.path().join("latest")).unwrap();
    let (_copy, mut child, _lines) = long_run(reports.path());
    signal(&child, "-KILL");
    child.wait().unwrap();
    let latest = fs::read_link(reports.path().join("latest")).unwrap();
    assert_ne!(latest, finished);
    for file in ["record.json", "junit.xml"] {
        assert!(!reports.path().join("latest").join(file).exists(), "{file}");
    }
    let output = run_in(reports.path(), &["--rerun-failed"]);
    assert_eq!(code(&output), 3);
    let told = stderr(&output);
    for run in [&latest, &finished] {
        assert!(told.contains(run.to_str().unwrap()), "{told}");
    }
    assert!(told.contains("did not finish"), "{told}");
}

/// `gainsay run | head -1`: how a command ends is what it found, however much of that somebody
/// reads.
#[test]
fn who_stops_reading_changes_no_exit_code() {
    let weakened = weakened();
    let scenarios = weakened.path().to_str().unwrap();
    let untrusted =
        changed("environment.yaml", "external_id: gainsay-partner", "external_id: another");
    let untrusted = untrusted.path().to_str().unwrap();
    let reports = reports();
    let in_reports = reports.path().to_str().unwrap();
    let cases: [(&[&str], i32); 6] = [
        (&["run", "--report-dir", in_reports, "--scenarios", scenarios, "key-names"], 1),
        (
            &[
                "run",
                "--report-dir",
                in_reports,
                "--scenarios",
                scenarios,
                "key-names",
                "--format",
                "json",
            ],
            1,
        ),
        (&["run", "--report-dir", in_reports, "key-names"], 0),
        (&["doctor", "--scenarios", untrusted], 3),
        (&["lint", "--scenarios", "/nowhere"], 3),
        (&["list"], 0),
    ];
    for (arguments, expected) in cases {
        for closed in ["stdout", "stderr"] {
            let mut command = gainsay();
            command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut child = command.spawn().unwrap();
            // Gone before the first line is read.
            if closed == "stdout" {
                drop(child.stdout.take());
            } else {
                drop(child.stderr.take());
            }
            let output = child.wait_with_output().unwrap();
            assert_eq!(
                output.status.code(),
                Some(expected),
                "{arguments:?}, {closed}: {}",
                stderr(&output)
            );
        }
        if arguments[0] == "run" {
            assert_eq!(record(reports.path())["summary"]["exit_code"], expected);
        }
    }
    let mut endless =
        gainsay().arg("decide").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut questions = endless.stdin.take().unwrap();
    drop(endless.stdout.take());
    while std::io::Write::write_all(&mut questions, b"{}\n").is_ok() {}
    assert_eq!(endless.wait().unwrap().code(), Some(0));
}
