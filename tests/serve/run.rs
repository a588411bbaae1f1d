//! `gainsay run` against `gainsay serve`, as against any other endpoint: what is made there is what the sandbox in process begins with, and
//! the attempts come out alike. Only what no endpoint tells is undecided.

use std::{collections::BTreeMap, fs};

use serde_json::Value;

use crate::{
    common::{code, gainsay, stderr, stdout},
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
