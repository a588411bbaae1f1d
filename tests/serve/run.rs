//! `gainsay run` against `gainsay serve`, as against any other endpoint: what is made there is what
//! the sandbox in process begins with, and the attempts come out alike. Only what no endpoint tells
//! is undecided.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{
    common::{code, copy, copy_scenarios, gainsay, stderr, stdout},
    served::Served,
};

/// What an endpoint leaves undecided, by the reason that the run gives.
const UNDECIDED: [&str; 6] = [
    // As with AWS, which tells a stranger nothing and a HEAD no code.
    "a bare `Access Denied` proves no layer",
    "an answer without a code proves no reason",
    // Statements are known of the bucket's policy only, which the run can read.
    "this target does not tell which statement refused",
    "refused by no layer it names, which does not prove identity or trust-policy",
    "refused by no layer it names, which does not prove trust-policy",
    // The clients of S3 Control put the account before the host, and an address has no names below
    // it.
    "unreachable: io error: client error (Connect): invalid dns name",
];

#[test]
fn a_run_against_it_comes_out_as_in_process() {
    let served = Served::start(&["--region", "eu-west-1", "--quiet"]);
    let reports = tempfile::tempdir().unwrap();
    let output = gainsay()
        .env_clear()
        .env("AWS_ACCESS_KEY_ID", served.told("access_key_id"))
        .env("AWS_SECRET_ACCESS_KEY", served.told("secret_access_key"))
        .args(["run", "--color", "never", "--provision", "--target", served.told("https")])
        .args(["--plain-url", served.told("http"), "--ca-file", served.told("ca")])
        .args(["--report-dir", reports.path().to_str().unwrap()])
        .output()
        .unwrap();
    let said = format!("{}{}", stdout(&output), stderr(&output));
    assert_eq!(code(&output), 2, "some of it is undecided, and nothing worse: {said}");
    let record = fs::read(reports.path().join("latest/record.json")).unwrap();
    let record: Value = serde_json::from_slice(&record).unwrap();
    assert_eq!(
        record["run"].get("left_behind"),
        None,
        "everything that was made can be removed: {said}"
    );
    let mut counts = BTreeMap::new();
    for result in record["results"].as_array().unwrap() {
        let (verdict, detail) =
            (result["verdict"].as_str().unwrap(), result["detail"].as_str().unwrap_or_default());
        *counts.entry(verdict).or_insert(0) += 1;
        let known = match verdict {
            "pass" => true,
            "skipped" => !detail.is_empty(),
            _ => verdict == "inconclusive" && UNDECIDED.contains(&detail),
        };
        assert!(known, "{}: {verdict}: {detail}", result["id"]);
    }
    assert!(counts["pass"] > 1800 && counts["inconclusive"] < 150, "{counts:?}");
}

/// A copy of an architecture as it is deployed elsewhere: whoever calls there is another than the
/// environment's caller.
pub fn deployed(folder: &Path, edits: &[(&str, &str, &str)]) -> PathBuf {
    copy_scenarios(folder);
    let deployed = folder.join("deployed");
    copy(&folder.join("secure-bucket"), &deployed);
    let caller = ("policies/trust.json", "{{caller.arn}}", "arn:aws:iam::{{account}}:root");
    for (file, from, to) in edits.iter().chain([&caller]) {
        let path = deployed.join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "`{from}` in {file}");
        fs::write(path, text.replace(from, to)).unwrap();
    }
    deployed.join("environment.yaml")
}

/// Runs a selection of the files against what is deployed; answers what was said, the exit code and
/// the summary's controls.
fn run_there(
    folder: &Path,
    served: &Served,
    bindings: &str,
    selection: &[&str],
) -> (String, i32, Vec<Value>) {
    let path = folder.join("bindings.yaml");
    fs::write(&path, bindings).unwrap();
    let reports = folder.join("reports");
    let output = gainsay()
        .env_clear()
        .env("AWS_ACCESS_KEY_ID", served.told("access_key_id"))
        .env("AWS_SECRET_ACCESS_KEY", served.told("secret_access_key"))
        .args([
            "run",
            "--color",
            "never",
            "--target",
            served.told("https"),
            "--ca-file",
            served.told("ca"),
        ])
        .args(["--scenarios", folder.join("secure-bucket").to_str().unwrap()])
        .args(["--bindings", path.to_str().unwrap(), "--report-dir", reports.to_str().unwrap()])
        .args(selection)
        .output()
        .unwrap();
    let said = format!("{}{}", stdout(&output), stderr(&output));
    let record: Value =
        serde_json::from_slice(&fs::read(reports.join("latest/record.json")).unwrap()).unwrap();
    (said, code(&output), record["summary"]["controls"].as_array().unwrap().clone())
}

/// Where what is deployed is not what the files say, the check of the files and the reading
/// disagree, and the run says so.
#[test]
fn what_is_read_there_is_held_against_what_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let environment =
        deployed(folder.path(), &[("environment.yaml", "blocked: [SSE-C]", "blocked: [NONE]")]);
    let served = Served::start(&["--quiet", "--environment", environment.to_str().unwrap()]);
    let bindings = "account: \"111122223333\"\nroles:\n  auditor: { arn: \"arn:aws:iam::111122223333:role/auditor\" }\n\
                    buckets:\n  evidence: { name: gainsay-evidence-111122223333 }\n";
    let (said, code, controls) =
        run_there(folder.path(), &served, bindings, &["/SSC-01", "/VER-02"]);
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("the methods disagree: attempted nothing, read fail, by the files pass"),
        "{said}"
    );
    let of = |id: &str| controls.iter().find(|control| control["id"] == id).unwrap();
    assert_eq!(
        (&of("SSC-01")["disagree"], &of("SSC-01")["offline"]["verdict"]),
        (&Value::Bool(true), &Value::from("pass"))
    );
    assert_eq!(
        (&of("VER-02")["disagree"], &of("VER-02")["offline"]["verdict"]),
        (&Value::Null, &Value::from("pass"))
    );
}

/// So with attempts: what is refused by the files and done there is a disagreement, and what is
/// refused by both is none.
#[test]
fn what_is_attempted_there_is_held_against_what_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let more = (
        "policies/stranger.json",
        "[\"{{bucket.scratch.arn}}\",",
        "[\"{{bucket.evidence.arn}}\", \"{{bucket.scratch.arn}}\",",
    );
    let environment = deployed(folder.path(), &[more]);
    let served = Served::start(&["--quiet", "--environment", environment.to_str().unwrap()]);
    let role =
        |name: &str| format!("  {name}: {{ arn: \"arn:aws:iam::111122223333:role/{name}\" }}\n");
    let bindings = format!(
        "account: \"111122223333\"\nroles:\n{}{}{}buckets:\n  evidence: {{ name: gainsay-evidence-111122223333 }}\n  \
         scratch: {{ name: gainsay-scratch-111122223333 }}\nkeys:\n  evidence: {{ arn: \"arn:aws:kms:eu-west-1:111122223333:key/0e71de9c-e000-4000-8000-000000000001\" }}\n\
         cleanup: admin\nmay_write: [evidence, scratch]\n",
        role("app"),
        role("admin"),
        role("stranger")
    );
    let row = "secure-bucket/access-strangers/-/s3:";
    let (said, code, controls) = run_there(
        folder.path(),
        &served,
        &bindings,
        &["--exact", &format!("{row}ListObjectsV2/a-stranger")],
    );
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("the methods disagree: attempted fail, read nothing, by the files pass"),
        "{said}"
    );
    let of = |controls: &[Value]| {
        controls.iter().find(|control| control["id"] == "ACC-01").unwrap().clone()
    };
    assert_eq!(of(&controls)["disagree"], true, "{said}");
    let (said, code, controls) = run_there(
        folder.path(),
        &served,
        &bindings,
        &["--exact", &format!("{row}GetObject/a-stranger")],
    );
    assert_eq!(code, 0, "{said}");
    let control = of(&controls);
    assert_eq!(
        (&control["disagree"], &control["offline"]["verdict"]),
        (&Value::Null, &Value::from("pass")),
        "{said}"
    );
}
