//! The place in which the faults happen: a small environment, and a scenario file for each
//! kind of request that must be refused.

use gainsay::{
    files::Folder,
    suite::{self, Architecture},
};
use gainsay_model::Source;

/// The name, without its ending, of a scenario file with one `deny:`.
pub type Stem = &'static str;

/// An upload without encryption: the bucket policy refuses it.
pub const SEALED: Stem = "sealed";
/// A copy without encryption.
pub const COPY: Stem = "copy";
/// A read by a role that is given nothing.
pub const READ: Stem = "read";
/// A read by presigned URL, whose answers no SDK client reads.
pub const URL: Stem = "url";
/// A read by nobody: S3 says no more than `Access Denied`, so these two words are enough.
pub const NOBODY: Stem = "nobody";
/// A deletion by a role that is given nothing.
pub const DELETE: Stem = "delete";
/// The use of a key by a role that is given nothing.
pub const KEY: Stem = "key";
/// A read of what was deleted before.
pub const DELETED: Stem = "deleted";

/// A new version by a role that is given nothing.
pub const OVERWRITE: Stem = "overwrite";
/// A deletion by a role that is given nothing, which shows itself by a read.
pub const REMOVE: Stem = "remove";
/// A change of tags by a role that is given nothing.
pub const TAG: Stem = "tag";

const ENVIRONMENT: &str = r#"environment: A place for faults
account: "111122223333"
region: eu-west-1
caller: { user: gainsay, policies: [caller.json] }
roles:
  app: { trust: trust.json, policies: [app.json] }
  stranger: { trust: trust.json, policies: [stranger.json] }
  auditor: { trust: trust.json, policies: [auditor.json] }
buckets:
  data: { name: gs-data, versioning: enabled, policy: data.json }
  home: { name: gs-home }
  open:
    name: gs-open
    block_public_access: { block_public_acls: true, ignore_public_acls: true, block_public_policy: false, restrict_public_buckets: false }
    policy: open.json
  sealed:
    name: gs-sealed
    versioning: enabled
    ownership: BucketOwnerEnforced
    encryption: { algorithm: aws:kms, key: team, bucket_key: true }
keys:
  team: { id: 0e71de9c-e000-4000-8000-000000000001, policy: key.json, alias: alias/team, rotation: 365 }
  own: { id: 0e71de9c-e000-4000-8000-000000000002, policy: key.json }
trails:
  main: { name: audit, config: trail.json }
monitoring: monitoring.json
"#;

const BASELINE: &str = "baseline: All that is tried here
reader: auditor
controls:
  - { id: ACC-01 }
  - { id: KST-01, of: team }
  - { id: ROT-01, of: team, with: { days: 365 } }
  - { id: ALI-01, of: team, with: { alias: team } }
  - { id: GRA-01, of: team }
  - { id: KPO-01, of: team }
  - { id: VER-02, of: sealed }
  - { id: OWN-01, of: sealed }
  - { id: DEF-01, of: sealed, with: { key: team } }
  - { id: BPA-01, of: sealed }
  - { id: XAC-01, of: [data, sealed] }
  - { id: TRL-01, of: main }
  - { id: TRL-08, of: main }
  - { id: TRL-09, of: main }
  - { id: ALM-03, of: account, with: { log_group: audit, metric: Changes, namespace: gainsay } }
  - { id: ALM-05, of: account, with: { metric: Changes, namespace: gainsay, topic: security } }
  - { id: ANA-01, of: account }
  - { id: MAC-01, of: account }
";

/// What is no policy.
const FILES_OF_CHECKS: &[(&str, &str)] = &[
    (
        "trail.json",
        r#"{ "S3BucketName": "gs-data", "IncludeGlobalServiceEvents": true, "IsMultiRegionTrail": true }"#,
    ),
    (
        "monitoring.json",
        r#"{
  "metricFilters": [{ "filterName": "f", "logGroupName": "audit", "filterPattern": "{ $.eventName = PutKeyPolicy }",
    "metricTransformations": [{ "metricName": "Changes", "metricNamespace": "gainsay", "metricValue": "1" }] }],
  "MetricAlarms": [{ "AlarmName": "a", "MetricName": "Changes", "Namespace": "gainsay", "Statistic": "Sum", "Period": 300,
    "AlarmActions": ["arn:aws:sns:eu-west-1:111122223333:security"], "EvaluationPeriods": 1, "Threshold": 1,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold" }],
  "analyzers": [{ "arn": "arn:aws:access-analyzer:eu-west-1:111122223333:analyzer/a", "name": "a", "type": "ACCOUNT", "status": "ACTIVE" }],
  "macie": { "status": "ENABLED", "automatedDiscovery": "ENABLED" }
}"#,
    ),
];

/// Policy files and their statements.
const POLICIES: &[(&str, &str)] = &[
    ("caller.json", r#"{ "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*" }"#),
    (
        "trust.json",
        r#"{ "Effect": "Allow", "Principal": { "AWS": "{{caller.arn}}" }, "Action": "sts:AssumeRole" }"#,
    ),
    ("app.json", r#"{ "Effect": "Allow", "Action": ["s3:*", "kms:*"], "Resource": "*" }"#),
    ("auditor.json", r#"{ "Effect": "Allow", "Action": "*", "Resource": "*" }"#),
    (
        "stranger.json",
        r#"{ "Effect": "Allow", "Action": "s3:*", "Resource": ["{{bucket.home.arn}}", "{{bucket.home.arn}}/*"] },
           { "Effect": "Allow", "Action": "kms:*", "Resource": "{{key.own.arn}}" }"#,
    ),
    (
        "data.json",
        r#"{ "Sid": "DenyUnencrypted", "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "{{bucket.data.arn}}/*",
             "Condition": { "Null": { "s3:x-amz-server-side-encryption": "true" } } }"#,
    ),
    (
        "open.json",
        r#"{ "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "{{bucket.open.arn}}/*" }"#,
    ),
    (
        "key.json",
        r#"{ "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::{{account}}:root" }, "Action": "kms:*", "Resource": "*" }"#,
    ),
];

const FILES: &str = r#"given:
  file: { as: app, do: s3:PutObject, bucket: data, key: "{run}/file.csv", encryption: AES256 }
  own: { as: stranger, do: s3:PutObject, bucket: home, key: "{run}/own.csv" }
"#;

/// What a stranger does to the file, which shows itself by a read at home.
macro_rules! a_strangers {
    ($does:literal) => {
        concat!(
            "request: { as: app, ",
            $does,
            " }\nattempts:\n  - allow: at home\n    request: { as: stranger, do: s3:GetObject, ",
            "bucket: home, key: \"{own.key}\" }\n  - deny: the stranger\n    ",
            "but: { as: stranger }\n    by: { layer: identity }\n    witness: { actor: at home }\n"
        )
    };
}

/// Scenario files: the name, and what is written below its title and control.
const SCENARIOS: &[(Stem, &str, &str)] = &[
    (
        SEALED,
        "",
        r#"request: { as: app, do: s3:PutObject, bucket: data, key: "{run}/report.csv", encryption: AES256 }
attempts:
  - allow: with encryption
  - deny: without
    without: [encryption]
    by: { layer: [resource, block-public-access] }
"#,
    ),
    (
        COPY,
        "given:\n  file: { as: app, do: s3:PutObject, bucket: data, key: \"{run}/file.csv\", encryption: AES256 }\n",
        r#"request: { as: app, do: s3:CopyObject, bucket: data, key: "{run}/copy.csv", copy_source: "{file}", encryption: AES256 }
attempts:
  - allow: with encryption
  - deny: without
    without: [encryption]
    by: { layer: [resource, block-public-access] }
"#,
    ),
    (
        READ,
        FILES,
        r#"request: { as: app, do: s3:GetObject, bucket: data, key: "{file.key}" }
attempts:
  - allow: the app
  - allow: at home
    request: { as: stranger, do: s3:GetObject, bucket: home, key: "{own.key}" }
  - deny: the stranger
    but: { as: stranger }
    by: { layer: identity }
    witness: { actor: at home }
"#,
    ),
    (
        URL,
        FILES,
        r#"request: { as: app, do: s3:GetObject, bucket: data, key: "{file.key}", presigned: 60s }
attempts:
  - allow: the app
  - allow: at home
    request: { as: stranger, do: s3:GetObject, bucket: home, key: "{own.key}", presigned: 60s }
  - deny: the stranger
    but: { as: stranger }
    by: { layer: identity }
    witness: { actor: at home }
"#,
    ),
    (
        NOBODY,
        r#"given:
  file: { as: app, do: s3:PutObject, bucket: data, key: "{run}/file.csv", encryption: AES256 }
  page: { as: app, do: s3:PutObject, bucket: open, key: "{run}/page.html" }
"#,
        r#"request: { as: app, do: s3:GetObject, bucket: data, key: "{file.key}" }
attempts:
  - allow: the app
  - allow: in the open
    request: { as: anonymous, do: s3:GetObject, bucket: open, key: "{page.key}" }
  - deny: nobody
    but: { as: anonymous }
    witness: { actor: in the open }
"#,
    ),
    (
        DELETE,
        FILES,
        r#"request: { as: app, do: s3:DeleteObject, bucket: data, key: "{file.key}" }
attempts:
  - allow: at home
    request: { as: stranger, do: s3:DeleteObject, bucket: home, key: "{own.key}" }
  - deny: the stranger
    but: { as: stranger }
    by: { layer: identity }
    witness: { actor: at home }
"#,
    ),
    (
        OVERWRITE,
        FILES,
        a_strangers!("do: s3:PutObject, bucket: data, key: \"{file.key}\", encryption: AES256"),
    ),
    (REMOVE, FILES, a_strangers!("do: s3:DeleteObject, bucket: data, key: \"{file.key}\"")),
    (
        TAG,
        FILES,
        r#"request: { as: app, do: s3:PutObjectTagging, bucket: data, key: "{file.key}", tags: "a=b" }
attempts:
  - allow: at home
    request: { as: stranger, do: s3:GetObject, bucket: home, key: "{own.key}" }
  - deny: the stranger
    but: { as: stranger, tags: "a=c" }
    by: { layer: identity }
    witness: { target: the app, actor: at home }
  - allow: the app
"#,
    ),
    (
        KEY,
        "",
        r"request: { as: app, do: kms:GenerateDataKey, key_id: team }
attempts:
  - allow: the app
  - allow: with its own
    request: { as: stranger, do: kms:GenerateDataKey, key_id: own }
  - deny: the stranger
    but: { as: stranger }
    by: { layer: identity }
    witness: { actor: with its own }
",
    ),
    (
        DELETED,
        FILES,
        r#"request: { as: app, do: s3:GetObject, bucket: data, key: "{file.key}" }
attempts:
  - allow: the app
  - allow: at home
    request: { as: stranger, do: s3:GetObject, bucket: home, key: "{own.key}" }
  - allow: deleting it
    request: { as: app, do: s3:DeleteObject, bucket: data, key: "{file.key}" }
  - deny: the stranger
    but: { as: stranger }
    by: { layer: identity }
    witness: { actor: at home }
"#,
    ),
];

/// The place, with other statements in some policy files.
pub fn place(changed: &[(&str, &str)]) -> Architecture {
    let mut folder = Folder::new("faults", "faults");
    let mut file = |path: &str, text: String| folder.insert(path, Ok(Source::new(path, text)));
    file("environment.yaml", ENVIRONMENT.to_owned());
    file("baseline.yaml", BASELINE.to_owned());
    for (path, text) in FILES_OF_CHECKS {
        file(path, (*text).to_owned());
    }
    for (path, statements) in POLICIES {
        let statements = changed
            .iter()
            .find(|(other, _)| other == path)
            .map_or(*statements, |(_, other)| *other);
        file(path, format!(r#"{{ "Version": "2012-10-17", "Statement": [{statements}] }}"#));
    }
    for (stem, given, rest) in SCENARIOS {
        file(
            &format!("{stem}.yaml"),
            format!("scenario: What {stem} forbids is refused\ncontrols: [ACC-01]\n{given}{rest}"),
        );
    }
    let (mut architectures, _) =
        suite::resolve(&[folder]).unwrap_or_else(|problems| panic!("{problems}"));
    architectures.remove(0)
}
