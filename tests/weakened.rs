//! Each setting and statement of an architecture, weakened alone, fails the run and names its control.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at a surprise"
)]

mod common;

use std::fs;

use common::{code, copy_scenarios, gainsay, stderr, stdout};
use serde_json::Value;

/// The architecture, the file, what it says, what it says then, and the control that fails.
type Weakening = (&'static str, &'static str, &'static str, &'static str, &'static str);

const KEY: &str = "key-lifecycle";
const KEY_POLICY: &str = "policies/data-key.json";

const WEAKENINGS: &[Weakening] = &[
    // Who administers the key.
    (
        KEY,
        KEY_POLICY,
        r#""kms:List*", "kms:PutKeyPolicy"]"#,
        r#""kms:List*", "kms:PutKeyPolicy", "kms:DisableKey", "kms:TagResource"]"#,
        "KEY-05",
    ),
    (
        KEY,
        "policies/delegate.json",
        r#""kms:ListResourceTags"]"#,
        r#""kms:ListResourceTags", "kms:PutKeyPolicy"]"#,
        "KEY-05",
    ),
    (
        KEY,
        KEY_POLICY,
        r#""Principal": { "AWS": "{{role.key-admin.arn}}" }"#,
        r#""Principal": { "AWS": ["{{role.key-admin.arn}}", "{{role.app.arn}}"] }"#,
        "KEY-05",
    ),
    (
        KEY,
        KEY_POLICY,
        r#""Principal": { "AWS": "{{role.key-admin.arn}}" }"#,
        r#""Principal": { "AWS": "{{role.app.arn}}" }"#,
        "KEY-05",
    ),
    (
        KEY,
        KEY_POLICY,
        r#""kms:CreateAlias", "kms:UpdateAlias", "kms:DeleteAlias"
      ],"#,
        r#""kms:CreateAlias", "kms:UpdateAlias"
      ],"#,
        "KEY-05",
    ),
    // Who uses it.
    (
        KEY,
        KEY_POLICY,
        r#"      "Condition": { "StringEquals": { "kms:ViaService": "s3.{{region}}.amazonaws.com" } }"#,
        r#"      "Condition": {}"#,
        "KEY-02",
    ),
    (
        KEY,
        KEY_POLICY,
        r#""Principal": { "AWS": "{{role.emergency.arn}}" }"#,
        r#""Principal": { "AWS": ["{{role.emergency.arn}}", "{{role.stranger.arn}}"] }"#,
        "KEY-02",
    ),
    (
        KEY,
        KEY_POLICY,
        r#""Principal": { "AWS": "{{role.emergency.arn}}" }"#,
        r#""Principal": { "AWS": ["{{role.emergency.arn}}", "{{role.key-admin.arn}}"] }"#,
        "KEY-03",
    ),
    (
        KEY,
        KEY_POLICY,
        r#""Principal": { "AWS": "{{role.emergency.arn}}" }"#,
        r#""Principal": { "AWS": ["{{role.emergency.arn}}", "{{role.outsider.arn}}"] }"#,
        "KPO-01",
    ),
    (
        KEY,
        "policies/key-admin.json",
        r#""kms:CreateKey""#,
        r#"["kms:CreateKey", "s3:GetObject", "kms:Decrypt"]"#,
        "KEY-03",
    ),
    // What the account delegates.
    (
        KEY,
        KEY_POLICY,
        r#""Principal": { "AWS": "arn:aws:iam::{{account}}:root" }"#,
        r#""Principal": { "AWS": "*" }"#,
        "KPO-01",
    ),
    (
        KEY,
        KEY_POLICY,
        r#""Principal": { "AWS": "arn:aws:iam::{{account}}:root" }"#,
        r#""Principal": { "AWS": ["arn:aws:iam::{{account}}:root", "{{role.stranger.arn}}"] }"#,
        "KEY-06",
    ),
    // Settings.
    (KEY, "environment.yaml", "    rotation: 365\n", "", "ROT-01"),
    (KEY, "environment.yaml", "rotation: 365", "rotation: 366", "ROT-01"),
    (KEY, "environment.yaml", "bucket_key: true", "bucket_key: false", "BKY-01"),
    (
        KEY,
        "environment.yaml",
        "{ algorithm: aws:kms, key: data, bucket_key: true, blocked: [SSE-C] }",
        "{ algorithm: aws:kms, bucket_key: true, blocked: [SSE-C] }",
        "DEF-01",
    ),
];

#[test]
fn every_weakening_fails_the_run_and_names_its_control() {
    let mut wrong = Vec::new();
    for (architecture, file, from, to, control) in WEAKENINGS {
        let copy = tempfile::tempdir().unwrap();
        copy_scenarios(copy.path());
        let path = copy.path().join(architecture).join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.matches(from).count(), 1, "`{from}` in {architecture}/{file}");
        fs::write(path, text.replace(from, to)).unwrap();
        let reports = copy.path().join("reports");
        let output = gainsay()
            .args([
                "run",
                "--color",
                "never",
                "--format",
                "terse",
                "--scenarios",
                copy.path().to_str().unwrap(),
            ])
            .args(["--report-dir", reports.to_str().unwrap(), architecture])
            .output()
            .unwrap();
        let named = || {
            let record: Value = serde_json::from_slice(&fs::read(reports.join("latest/record.json")).unwrap()).unwrap();
            let controls = record["summary"]["controls"].as_array().unwrap().iter();
            let failed: Vec<String> = controls
                .filter(|found| found["verdict"] == "fail")
                .map(|found| found["id"].as_str().unwrap().to_owned())
                .collect();
            failed
        };
        if code(&output) == 3 {
            wrong.push(format!("{architecture}/{file} {to}: {}", stderr(&output)));
        } else if code(&output) != 1 || !named().contains(&(*control).to_owned()) || !stdout(&output).contains(control) {
            wrong.push(format!("{architecture}/{file} {to}: exit {}, failed {:?}", code(&output), named()));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), WEAKENINGS.len(), wrong.join("\n"));
}
