//! Each setting and statement of an architecture, weakened alone, fails the run and names its control.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at a surprise"
)]

#[path = "../common/mod.rs"]
mod common;
mod watched;

use std::collections::BTreeSet;

use common::{Copied, code, stderr, stdout};
use serde_json::Value;

/// The architecture, the file, what it says, what it says then, and the control that fails.
type Weakening = (&'static str, &'static str, &'static str, &'static str, &'static str);

const KEY: &str = "key-lifecycle";
const KEY_POLICY: &str = "policies/data-key.json";

const TEAM: &str = "team-bucket";
const SHARED: &str = "policies/shared-bucket.json";
const TEAM_KEY: &str = "policies/team-key.json";
const DATA: &str = "encrypted-bucket";
const DATA_POLICY: &str = "policies/data-bucket.json";
const DATA_KEY: &str = "policies/data-key.json";

const WEAKENINGS: &[Weakening] = &[
    // What is written, and under which key.
    (
        DATA,
        DATA_POLICY,
        r#""StringNotEquals": { "s3:x-amz-server-side-encryption": "aws:kms" }"#,
        r#""StringNotEquals": { "s3:x-amz-server-side-encryption": ["aws:kms", "AES256"] }"#,
        "ENC-02",
    ),
    (
        DATA,
        DATA_POLICY,
        r#""StringNotEquals": { "s3:x-amz-server-side-encryption": "aws:kms" }"#,
        r#""StringNotEquals": { "s3:x-amz-server-side-encryption": ["aws:kms", "aws:kms:dsse"] }"#,
        "ENC-02",
    ),
    (
        DATA,
        DATA_POLICY,
        r#"-aws-kms-key-id": "{{key.data.arn}}" }"#,
        r#"-aws-kms-key-id": ["{{key.data.arn}}", "{{key.other.arn}}"] }"#,
        "ENC-03",
    ),
    (
        DATA,
        DATA_POLICY,
        r#"-aws-kms-key-id": "{{key.data.arn}}" }"#,
        r#"-aws-kms-key-id": "{{key.data.arn}}" }, "ArnNotEquals": { "aws:PrincipalArn": "{{role.admin.arn}}" }"#,
        "ENC-03",
    ),
    (
        DATA,
        DATA_POLICY,
        r#""Null": { "s3:x-amz-server-side-encryption": "false", "s3:x-amz-server-side-encryption-aws-kms-key-id": "true" }"#,
        r#""Null": { "s3:x-amz-server-side-encryption": "true", "s3:x-amz-server-side-encryption-aws-kms-key-id": "true" }"#,
        "ENC-03",
    ),
    // Who uses the key, and how.
    (
        DATA,
        DATA_KEY,
        r#""ArnNotEquals": { "aws:PrincipalArn": "{{role.emergency.arn}}" }"#,
        r#""ArnNotEquals": { "aws:PrincipalArn": ["{{role.emergency.arn}}", "{{role.admin.arn}}"] }"#,
        "KEY-07",
    ),
    (DATA, DATA_KEY, r#""Action": ["kms:GenerateDataKey*", "#, r#""Action": ["#, "KEY-07"),
    (
        DATA,
        DATA_KEY,
        r#""AWS": "arn:aws:iam::{{account}}:root""#,
        r#""AWS": ["arn:aws:iam::{{account}}:root", "arn:aws:iam::{{accounts.partner}}:root"]"#,
        "KPO-01",
    ),
    (
        DATA,
        "policies/decrypts.json",
        r#""Action": "kms:Decrypt""#,
        r#""Action": ["kms:Decrypt", "kms:GenerateDataKey"]"#,
        "KEY-07",
    ),
    (
        DATA,
        "policies/encrypts.json",
        r#""Action": "kms:GenerateDataKey""#,
        r#""Action": ["kms:Decrypt", "kms:GenerateDataKey"]"#,
        "KEY-07",
    ),
    (
        DATA,
        "policies/decrypts-by-object.json",
        "\"{{bucket.data.arn}}/*\"",
        "\"{{bucket.data.arn}}*\"",
        "CTX-01",
    ),
    // Settings.
    (
        DATA,
        "environment.yaml",
        "key: data, bucket_key: true",
        "key: data, bucket_key: false",
        "BKY-01",
    ),
    (
        DATA,
        "environment.yaml",
        "algorithm: aws:kms, key: data",
        "algorithm: aws:kms, key: other",
        "DEF-01",
    ),
    (DATA, "environment.yaml", "blocked: [SSE-C]", "blocked: [NONE]", "SSC-01"),
    (
        DATA,
        "environment.yaml",
        "name: gainsay-production-111122223333\n    versioning: enabled",
        "name: gainsay-production-111122223333\n    versioning: suspended",
        "VER-01",
    ),
    (
        DATA,
        "environment.yaml",
        "name: gainsay-production-111122223333\n    versioning: enabled",
        "name: gainsay-production-111122223333\n    versioning: suspended",
        "VER-02",
    ),
    (
        DATA,
        "environment.yaml",
        "blocked: [SSE-C] }\n    ownership: BucketOwnerEnforced",
        "blocked: [SSE-C] }\n    ownership: ObjectWriter",
        "OWN-01",
    ),
    (
        DATA,
        "environment.yaml",
        "    block_public_access: { block_public_acls: true, ignore_public_acls: true, block_public_policy: true, restrict_public_buckets: true }\n    policy: policies/data",
        "    block_public_access: { block_public_acls: true, ignore_public_acls: true, block_public_policy: false, restrict_public_buckets: true }\n    policy: policies/data",
        "BPA-01",
    ),
    (
        DATA,
        "environment.yaml",
        "\nblock_public_access: { block_public_acls: true,",
        "\nblock_public_access: { block_public_acls: false,",
        "BPA-02",
    ),
    (DATA, "environment.yaml", ", logging: settings/data-logging.xml", "", "LOG-01"),
    (
        DATA,
        "settings/data-logging.xml",
        "{{bucket.logs.name}}",
        "{{bucket.scratch.name}}",
        "LOG-01",
    ),
    (DATA, "settings/data-logging.xml", "production/", "elsewhere/", "LOG-01"),
    (DATA, "environment.yaml", "lifecycle: settings/data-lifecycle.xml, ", "", "LIF-03"),
    (DATA, "settings/data-lifecycle.xml", "<Days>30</Days>", "<Days>60</Days>", "LIF-03"),
    (DATA, "settings/data-lifecycle.xml", "<Days>90</Days>", "<Days>91</Days>", "LIF-03"),
    (
        DATA,
        "settings/data-lifecycle.xml",
        "<Filter/>",
        "<Filter><Prefix>a/</Prefix></Filter>",
        "LIF-03",
    ),
    (DATA, "environment.yaml", "    multi_region: true\n", "", "MRK-01"),
    (DATA, "environment.yaml", "    rotation: 365\n", "", "ROT-01"),
    (
        DATA,
        "policies/logs-bucket.json",
        r#""Principal": { "Service": "logging.s3.amazonaws.com" }"#,
        r#""Principal": { "AWS": "arn:aws:iam::444455556666:root" }"#,
        "XAC-01",
    ),
    (
        DATA,
        "policies/logs-bucket.json",
        r#""ArnLike": { "aws:SourceArn": ["{{bucket.data.arn}}", "{{bucket.trail.arn}}"] },
        "StringEquals": { "aws:SourceAccount": "{{account}}" }"#,
        r#""ArnLike": { "aws:SourceArn": "arn:aws:s3:::*" }"#,
        "SVC-01",
    ),
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
    // Teams that share a bucket.
    (
        TEAM,
        SHARED,
        "\"Action\": \"s3:*\",\n      \"Resource\": [",
        "\"Action\": \"s3:Get*\",\n      \"Resource\": [",
        "TLS-01",
    ),
    (
        TEAM,
        SHARED,
        "\"DenyMissingEncryptionHeader\",\n      \"Effect\": \"Deny\",\n      \"Principal\": \"*\"",
        "\"DenyMissingEncryptionHeader\",\n      \"Effect\": \"Deny\",\n      \"Principal\": { \"AWS\": \"{{role.team-a.arn}}\" }",
        "ENC-01",
    ),
    (
        TEAM,
        SHARED,
        r#"{ "StringNotEquals": { "s3:x-amz-server-side-encryption": "aws:kms" } }"#,
        r#"{ "StringNotEquals": { "s3:x-amz-server-side-encryption": ["aws:kms", "AES256"] } }"#,
        "ENC-02",
    ),
    (
        TEAM,
        SHARED,
        r#"["s3:PutObject", "s3:UpdateObjectEncryption"]"#,
        r#"["s3:PutObject"]"#,
        "ENC-03",
    ),
    (
        TEAM,
        SHARED,
        r#""ArnNotEquals": { "aws:PrincipalArn": "{{role.recovery.arn}}" }"#,
        r#""ArnNotEquals": { "aws:PrincipalArn": ["{{role.recovery.arn}}", "{{role.team-a.arn}}"] }"#,
        "ENC-03",
    ),
    (
        TEAM,
        SHARED,
        r#""{{bucket.shared.arn}}/${aws:PrincipalTag/prefix}/*""#,
        r#""{{bucket.shared.arn}}/*""#,
        "ISO-01",
    ),
    (
        TEAM,
        SHARED,
        r#"["s3:ListBucket", "s3:ListBucketVersions"]"#,
        r#"["s3:ListBucketVersions"]"#,
        "ISO-02",
    ),
    (
        TEAM,
        TEAM_KEY,
        r#"["kms:GenerateDataKey*", "kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*"]"#,
        r#"["kms:GenerateDataKey*", "kms:Encrypt", "kms:ReEncrypt*"]"#,
        "KEY-02",
    ),
    (
        TEAM,
        TEAM_KEY,
        r#""ArnNotEquals": { "aws:PrincipalArn": "{{role.recovery.arn}}" }"#,
        r#""ArnNotEquals": { "aws:PrincipalArn": ["{{role.recovery.arn}}", "{{role.key-admin.arn}}"] }"#,
        "KEY-03",
    ),
    (
        TEAM,
        TEAM_KEY,
        r#""{{member.role.arn}}""#,
        r#"["{{member.role.arn}}", "{{role.team-a.arn}}"]"#,
        "KEY-01",
    ),
    (
        TEAM,
        TEAM_KEY,
        r#""AWS": "{{role.key-admin.arn}}""#,
        r#""AWS": ["{{role.key-admin.arn}}", "{{role.team-a.arn}}"]"#,
        "KEY-04",
    ),
    (
        TEAM,
        TEAM_KEY,
        r#""AWS": "arn:aws:iam::{{account}}:root""#,
        r#""AWS": ["arn:aws:iam::{{account}}:root", "arn:aws:iam::{{accounts.partner}}:root"]"#,
        "KPO-01",
    ),
    (
        TEAM,
        TEAM_KEY,
        r#""AWS": "arn:aws:iam::{{account}}:root""#,
        r#""AWS": "arn:aws:iam::{{account}}:root", "Service": "cloudtrail.amazonaws.com""#,
        "SVC-02",
    ),
    (
        TEAM,
        "policies/team.json",
        r#"["s3:GetBucketLocation", "s3:GetBucketVersioning"]"#,
        r#"["s3:GetBucketLocation", "s3:GetBucketVersioning", "s3:PutBucketTagging"]"#,
        "ADM-01",
    ),
    (
        TEAM,
        "policies/team.json",
        r#""Action": "kms:DescribeKey""#,
        r#""Action": ["kms:DescribeKey", "iam:PassRole", "s3:CreateJob"]"#,
        "PIV-01",
    ),
    (
        TEAM,
        "policies/team-trust.json",
        r#""{{role.broker.arn}}"]"#,
        r#""{{role.broker.arn}}", "{{role.prober.arn}}"]"#,
        "TRU-01",
    ),
    (
        TEAM,
        "policies/team-trust.json",
        "sts:TagSession",
        "sts:SetSourceIdentity",
        "ATT-01",
    ),
    (
        TEAM,
        "policies/vendor-trust.json",
        "\"Action\": \"sts:AssumeRole\",\n      \"Condition\": { \"StringEquals\": { \"sts:ExternalId\": \"vendor-of-team-bucket\" } }",
        "\"Action\": \"sts:AssumeRole\"",
        "TRU-01",
    ),
    (
        TEAM,
        "policies/team.json",
        r#""cloudtrail:GetTrailStatus""#,
        r#"["cloudtrail:GetTrailStatus", "cloudtrail:StopLogging"]"#,
        "TRL-06",
    ),
    (
        DATA,
        "policies/home.json",
        r#""cloudtrail:GetTrailStatus""#,
        r#"["cloudtrail:GetTrailStatus", "cloudtrail:PutEventSelectors"]"#,
        "TRL-06",
    ),
    (
        DATA,
        "policies/home.json",
        r#""Action": "kms:ListAliases""#,
        r#""Action": ["kms:ListAliases", "kms:DisableKey"]"#,
        "KEY-05",
    ),
    (
        DATA,
        "policies/home.json",
        r#""Action": "kms:ListAliases""#,
        r#""Action": ["kms:ListAliases", "s3:PutAccountPublicAccessBlock"]"#,
        "ACC-01",
    ),
    (
        "secure-bucket",
        "policies/app.json",
        r#""cloudtrail:GetTrailStatus""#,
        r#"["cloudtrail:GetTrailStatus", "cloudtrail:StopLogging"]"#,
        "TRL-06",
    ),
    (
        "secure-bucket",
        "policies/reader.json",
        r#""Action": "kms:ListAliases""#,
        r#""Action": ["kms:ListAliases", "kms:ScheduleKeyDeletion"]"#,
        "KEY-05",
    ),
    (TEAM, "environment.yaml", "key_age: 20", "key_age: 31", "ROT-02"),
    (TEAM, "environment.yaml", "rotation_days: 60", "rotation_days: 39", "ROT-02"),
    (
        TEAM,
        "policies/key-admin.json",
        r#"["key-id"]"#,
        r#"["key-id", "prefix"]"#,
        "ATT-01",
    ),
    (
        TEAM,
        "policies/team.json",
        r#""Action": "iam:ListRoleTags""#,
        r#""Action": ["iam:ListRoleTags", "iam:TagRole"]"#,
        "ATT-01",
    ),
    (TEAM, "environment.yaml", "blocked: [SSE-C]", "blocked: [NONE]", "SSC-01"),
    (
        TEAM,
        "environment.yaml",
        "ownership: BucketOwnerEnforced\n",
        "ownership: ObjectWriter\n",
        "OWN-01",
    ),
    (
        TEAM,
        "environment.yaml",
        "algorithm: aws:kms, key: shared",
        "algorithm: aws:kms, key: team-a",
        "DEF-01",
    ),
    (
        TEAM,
        "environment.yaml",
        "name: gainsay-shared-111122223333\n    versioning: enabled",
        "name: gainsay-shared-111122223333\n    versioning: suspended",
        "VER-02",
    ),
];

#[test]
fn every_weakening_fails_the_run_and_names_its_control() {
    let whole = Copied::new();
    assert_eq!(code(&whole.run(&["--format", "terse"])), 0, "nothing is weakened yet");
    let whole = whole.record();
    let wrong: Vec<String> = WEAKENINGS
        .iter()
        .filter_map(|(architecture, file, from, to, control)| {
            let proving = proving(&whole, architecture, control);
            let selected: Vec<&str> = proving.iter().map(String::as_str).collect();
            not_found(&selected, &format!("{architecture}/{file}"), from, to, control)
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), WEAKENINGS.len(), wrong.join("\n"));
}

/// The scenario files of an architecture that prove a control: what else there is knows nothing of it, and takes most of a run.
fn proving(whole: &Value, architecture: &str, control: &str) -> BTreeSet<String> {
    let results = whole["results"].as_array().unwrap().iter();
    let proving: BTreeSet<String> = results
        .filter(|result| result["architecture"] == architecture && result["controls"].as_array().unwrap().iter().any(|id| id == control))
        .map(|result| format!("{architecture}/{}/", result["scenario"].as_str().unwrap()))
        .collect();
    assert!(!proving.is_empty(), "nothing of {architecture} proves {control}");
    proving
}

/// Why an edit is not found by a run of what is selected, and named by its control; nothing where it is.
fn not_found(selected: &[&str], file: &str, from: &str, to: &str, control: &str) -> Option<String> {
    let copy = Copied::edited(&[(file, from, to)]);
    let output = copy.run(&[&["--format", "terse"], selected].concat());
    if code(&output) == 3 {
        return Some(format!("{file} {to}: {}", stderr(&output)));
    }
    let record = copy.record();
    let controls = record["summary"]["controls"].as_array().unwrap().iter();
    let failed: Vec<&str> = controls
        .filter(|found| found["verdict"] == "fail")
        .map(|found| found["id"].as_str().unwrap())
        .collect();
    let is_found = code(&output) == 1 && failed.contains(&control) && stdout(&output).contains(control);
    (!is_found).then(|| format!("{file} {to}: exit {}, failed {failed:?}", code(&output)))
}
