//! What watches the account, weakened alone. Only checks read it, so only they are made.

use super::not_found;

/// The file, what it says, what it says then, and the control that fails: in every architecture whose file says it.
type Weakening = (&'static str, &'static str, &'static str, &'static str);

const ARCHITECTURES: [&str; 3] = ["encrypted-bucket", "secure-bucket", "team-bucket"];
const TRAIL: &str = "settings/trail.json";
const BUCKET: &str = "policies/trail-bucket.json";
const WATCH: &str = "settings/monitoring.json";

const WEAKENINGS: &[Weakening] = &[
    (TRAIL, r#""IsMultiRegionTrail": true"#, r#""IsMultiRegionTrail": false"#, "TRL-01"),
    (
        TRAIL,
        r#""IncludeGlobalServiceEvents": true"#,
        r#""IncludeGlobalServiceEvents": false"#,
        "TRL-01",
    ),
    (TRAIL, "\n  \"KmsKeyId\": \"{{key.trail.arn}}\",", "", "TRL-02"),
    (
        TRAIL,
        "{{key.trail.arn}}",
        "arn:aws:kms:{{region}}:{{account}}:key/0e71de9c-e000-4000-8000-00000000ffff",
        "TRL-02",
    ),
    (
        TRAIL,
        r#""LogFileValidationEnabled": true"#,
        r#""LogFileValidationEnabled": false"#,
        "TRL-03",
    ),
    (TRAIL, r#"["AWS::S3::Object"]"#, r#"["AWS::S3Outposts::Object"]"#, "TRL-04"),
    (
        TRAIL,
        r#"{ "Field": "eventCategory", "Equals": ["Data"] },"#,
        r#"{ "Field": "eventCategory", "Equals": ["Data"] }, { "Field": "readOnly", "Equals": ["false"] },"#,
        "TRL-04",
    ),
    (
        TRAIL,
        r#"{ "Field": "eventCategory", "Equals": ["Data"] },"#,
        r#"{ "Field": "eventCategory", "Equals": ["Data"] }, { "Field": "eventName", "NotEquals": ["GetObject"] },"#,
        "TRL-04",
    ),
    (TRAIL, "{{bucket.data.arn}}/", "{{bucket.data.arn}}/a", "TRL-04"),
    (TRAIL, "{{bucket.shared.arn}}/", "{{bucket.scratch.arn}}/", "TRL-04"),
    (TRAIL, "{{bucket.evidence.arn}}/", "{{bucket.scratch.arn}}/", "TRL-04"),
    (TRAIL, r#""ReadWriteType": "All""#, r#""ReadWriteType": "WriteOnly""#, "TRL-04"),
    (TRAIL, r#""ReadWriteType": "All""#, r#""ReadWriteType": "ReadOnly""#, "TRL-09"),
    (
        TRAIL,
        r#""IncludeManagementEvents": true"#,
        r#""IncludeManagementEvents": false"#,
        "TRL-09",
    ),
    (
        TRAIL,
        r#""IncludeManagementEvents": true"#,
        r#""IncludeManagementEvents": true, "ExcludeManagementEventSources": ["kms.amazonaws.com"]"#,
        "TRL-09",
    ),
    (
        TRAIL,
        r#"[{ "Field": "eventCategory", "Equals": ["Management"] }]"#,
        r#"[{ "Field": "eventCategory", "Equals": ["Management"] }, { "Field": "eventSource", "NotEquals": ["kms.amazonaws.com"] }]"#,
        "TRL-09",
    ),
    (TRAIL, r#""IsLogging": true"#, r#""IsLogging": false"#, "TRL-08"),
    (TRAIL, r#", { "InsightType": "ApiErrorRateInsight" }"#, "", "TRL-11"),
    (TRAIL, "log-group:gainsay-trail:", "log-group:elsewhere:", "TRL-13"),
    (TRAIL, "{{bucket.trail.name}}", "{{bucket.scratch.name}}", "TRL-14"),
    (TRAIL, r#""S3KeyPrefix": "audit""#, r#""S3KeyPrefix": "other""#, "TRL-14"),
    // The bucket that the trail is delivered to.
    (
        "environment.yaml",
        "\n    settings: { logging: settings/trail-logging.xml }",
        "",
        "TRL-05",
    ),
    ("settings/trail-logging.xml", "trail/", "elsewhere/", "TRL-05"),
    (
        "settings/trail-logging.xml",
        "{{bucket.logs.name}}",
        "{{bucket.scratch.name}}",
        "TRL-05",
    ),
    (BUCKET, r#"["aws:kms", "AES256"]"#, r#"["aws:kms"]"#, "TRL-12"),
    (BUCKET, r#""s3:GetBucketAcl""#, r#""s3:GetBucketLocation""#, "TRL-12"),
    (
        BUCKET,
        "/audit/AWSLogs/{{account}}/*",
        "/audit/AWSLogs/{{account}}/CloudTrail/*",
        "TRL-12",
    ),
    (
        BUCKET,
        r#"{ "StringEquals": { "aws:SourceArn": "{{trail.main.arn}}" } }"#,
        r#"{ "StringLike": { "aws:SourceArn": "arn:aws:cloudtrail:*" } }"#,
        "SVC-01",
    ),
    (
        BUCKET,
        "\"Statement\": [",
        "\"Statement\": [{ \"Effect\": \"Allow\", \"Principal\": \"*\", \"Action\": \"s3:GetObject\", \"Resource\": \"{{bucket.trail.arn}}/*\" },",
        "TRL-10",
    ),
    (
        "policies/trail-key.json",
        ",\n      \"Condition\": { \"StringEquals\": { \"aws:SourceArn\": \"{{trail.main.arn}}\" } }",
        "",
        "SVC-02",
    ),
    // Who is told.
    (WATCH, " || ($.eventName = DeleteBucketPolicy)", "", "ALM-01"),
    (
        WATCH,
        "{ ($.eventSource = s3.amazonaws.com)",
        "{ ($.userIdentity.type = Root)",
        "ALM-01",
    ),
    (WATCH, "($.eventName = DisableKey) || ", "", "ALM-02"),
    (
        WATCH,
        "($.eventName = PutKeyPolicy)",
        "($.eventName = PutKeyPolicy) && ($.errorCode = AccessDenied)",
        "ALM-03",
    ),
    (WATCH, " || ($.eventName = StopLogging)", "", "ALM-04"),
    (
        WATCH,
        "\"filterName\": \"key-policies\",\n      \"logGroupName\": \"gainsay-trail\"",
        "\"filterName\": \"key-policies\",\n      \"logGroupName\": \"other\"",
        "ALM-03",
    ),
    (WATCH, r#"["arn:aws:sns:{{region}}:{{account}}:security"]"#, "[]", "ALM-05"),
    (WATCH, r#""EvaluationPeriods": 1"#, r#""EvaluationPeriods": 2"#, "ALM-05"),
    (WATCH, r#""Threshold": 1"#, r#""Threshold": 10"#, "ALM-05"),
    (WATCH, r#""status": "ACTIVE""#, r#""status": "DISABLED""#, "ANA-01"),
    (WATCH, r#""recording": true"#, r#""recording": false"#, "CFG-01"),
    (WATCH, r#"{ "status": "ENABLED","#, r#"{ "status": "PAUSED","#, "MAC-01"),
    (
        WATCH,
        r#""automatedDiscovery": "ENABLED""#,
        r#""automatedDiscovery": "DISABLED""#,
        "MAC-02",
    ),
    (
        WATCH,
        ",\n  \"macie\": { \"status\": \"ENABLED\", \"automatedDiscovery\": \"ENABLED\" }",
        "",
        "MAC-01",
    ),
    ("environment.yaml", "\nmonitoring: settings/monitoring.json", "", "ALM-05"),
];

#[test]
fn every_weakening_of_what_watches_fails_its_control() {
    let mut wrong = Vec::new();
    let mut edits = 0;
    for (file, from, to, control) in WEAKENINGS {
        let before = edits;
        for architecture in ARCHITECTURES {
            let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
            let text = std::fs::read_to_string(root.join(architecture).join(file)).unwrap_or_default();
            let baseline = std::fs::read_to_string(root.join(architecture).join("baseline.yaml")).unwrap();
            if text.contains(from) && baseline.contains(control) {
                edits += 1;
                wrong.extend(not_found(
                    &[&format!("{architecture}/checks/")],
                    &format!("{architecture}/{file}"),
                    from,
                    to,
                    control,
                ));
            }
        }
        assert!(edits > before, "no architecture has `{from}` in {file}");
    }
    assert!(wrong.is_empty(), "{} of {edits}:\n{}", wrong.len(), wrong.join("\n"));
}
