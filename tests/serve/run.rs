//! `gainsay run` against `gainsay serve`, as against any other endpoint: what is made there is what the sandbox in process begins with, and
//! the attempts come out alike. Only what no endpoint tells is undecided.

use std::{collections::BTreeMap, fs};

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
    // The clients of S3 Control put the account before the host, and an address has no names below it.
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
        let (verdict, detail) = (result["verdict"].as_str().unwrap(), result["detail"].as_str().unwrap_or_default());
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

/// Where what is deployed is not what the files say, the check of the files and the reading disagree, and the run says so.
#[test]
fn what_is_read_there_is_held_against_what_is_written() {
    let folder = tempfile::tempdir().unwrap();
    copy_scenarios(folder.path());
    let deployed = folder.path().join("deployed");
    copy(&folder.path().join("secure-bucket"), &deployed);
    let environment = fs::read_to_string(deployed.join("environment.yaml")).unwrap();
    let weaker = environment.replace("blocked: [SSE-C]", "blocked: [NONE]");
    assert_ne!(environment, weaker);
    fs::write(deployed.join("environment.yaml"), weaker).unwrap();
    // Whoever calls there is another than the environment's caller.
    let trust = deployed.join("policies/trust.json");
    let trusted = fs::read_to_string(&trust)
        .unwrap()
        .replace("{{caller.arn}}", "arn:aws:iam::{{account}}:root");
    fs::write(trust, trusted).unwrap();
    let served = Served::start(&["--quiet", "--environment", deployed.join("environment.yaml").to_str().unwrap()]);
    let bindings = folder.path().join("bindings.yaml");
    let text = "account: \"111122223333\"\nroles:\n  auditor: { arn: \"arn:aws:iam::111122223333:role/auditor\" }\n\
                buckets:\n  evidence: { name: gainsay-evidence-111122223333 }\n";
    fs::write(&bindings, text).unwrap();
    let reports = folder.path().join("reports");
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
        .args(["--scenarios", folder.path().join("secure-bucket").to_str().unwrap()])
        .args(["--bindings", bindings.to_str().unwrap(), "--report-dir", reports.to_str().unwrap()])
        .args(["/SSC-01", "/VER-02"])
        .output()
        .unwrap();
    let said = format!("{}{}", stdout(&output), stderr(&output));
    assert_eq!(code(&output), 1, "{said}");
    assert!(
        said.contains("the methods disagree: attempted nothing, read fail, by the files pass"),
        "{said}"
    );
    let record: Value = serde_json::from_slice(&fs::read(reports.join("latest/record.json")).unwrap()).unwrap();
    let controls = record["summary"]["controls"].as_array().unwrap();
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
