//! KMS from scenario files to verdicts: what attempts on keys, aliases and grants say, and what a
//! row's fixtures set up.

#![allow(clippy::unwrap_used, reason = "a test may stop at a surprise")]

mod common;

use std::{fs, path::Path};

use common::{code, run, stdout};
use tempfile::TempDir;

const ENVIRONMENT: &str = r#"
environment: One key, its administrator, and an application that only uses it
account: "111122223333"
region: eu-west-1
caller: { user: tester, policies: [caller.json] }
roles:
  keeper: { trust: trust.json, policies: [keeper.json] }
  app: { trust: trust.json, policies: [app.json] }
buckets:
  data: { name: gs-data, encryption: { algorithm: aws:kms, key: main, bucket_key: true } }
keys:
  main: { id: 00000000-0000-4000-8000-000000000001, alias: alias/main, policy: key.json }
  spare: { id: 00000000-0000-4000-8000-000000000002, alias: alias/spare, policy: key.json }
"#;

const BASELINE: &str = "baseline: what this test is about\ncontrols:\n  - { id: ENC-06 }\n";

/// Every administrative act on the key is the keeper's alone. The application shows that its
/// session works by describing the key.
const ADMINISTRATION: &str = r#"
scenario: Only its keeper administers the key
controls: [ENC-06]
given:
  grant: { as: keeper, do: kms:CreateGrant, key_id: main, grantee: app, grant_operations: [Encrypt, DescribeKey] }
  sealed: { as: keeper, do: kms:Encrypt, key_id: main }
request:
  as: keeper
  do:
    - kms:CreateGrant
    - kms:RevokeGrant
    - kms:RetireGrant
    - kms:PutKeyPolicy
    - kms:GetKeyPolicy
    - kms:DisableKey
    - kms:EnableKey
    - kms:ScheduleKeyDeletion
    - kms:EnableKeyRotation
    - kms:DisableKeyRotation
    - kms:TagResource
    - kms:UntagResource
    - kms:Decrypt
    - kms:ReEncrypt
    - kms:GenerateDataKeyWithoutPlaintext
    - kms:UpdateAlias
    - kms:DeleteAlias
    - kms:CreateKey
    - kms:ListAliases
  key_id: main
  grant: "{grant}"
  grantee: app
  grant_operations: [Decrypt]
  pending_days: "7"
  tags: team=red
  tag_keys: team
  ciphertext: "{sealed}"
  source_key: main
  alias: alias/spare
attempts:
  - allow: the application describes the key
    request: { as: app, do: kms:DescribeKey, key_id: main }
  - deny: the application
    but: { as: app }
    witness: { actor: the application describes the key }
"#;

/// Re-encrypting is asked about on the key the ciphertext is under, first.
const RE_ENCRYPTING: &str = r#"
scenario: Only the keeper moves a ciphertext to another key
controls: [ENC-06]
given:
  sealed: { as: keeper, do: kms:Encrypt, key_id: main }
request: { as: keeper, do: kms:ReEncrypt, source_key: main, key_id: spare, ciphertext: "{sealed}" }
attempts:
  - allow: the keeper
  - allow: the application describes the key
    request: { as: app, do: kms:DescribeKey, key_id: main }
  - deny: the application
    but: { as: app }
    by: { layer: identity }
    witness: { actor: the application describes the key }
  - deny: the application, of the other key
    request: { as: app, do: kms:ReEncrypt, source_key: spare, key_id: main, dry_run: true, ignore_ciphertext: true }
    by: { layer: identity, action: kms:ReEncryptFrom, key: spare }
    witness: { target: the other way, actor: the application describes the key }
  - allow: the other way
    request: { as: keeper, do: kms:ReEncrypt, source_key: spare, key_id: main, dry_run: true, ignore_ciphertext: true }
"#;

/// Configuration of a fixture holds for every attempt, named or not: the application may read only
/// through a grant.
const GRANTED: &str = r#"
scenario: The application reads through its grant, and only this bucket
controls: [ENC-06]
given:
  grant:
    as: keeper
    do: kms:CreateGrant
    key_id: main
    grantee: app
    grant_operations: [Decrypt]
    context_equals: aws:s3:arn=arn:aws:s3:::gs-data
  stored: { as: keeper, do: s3:PutObject, bucket: data, key: "{run}/a" }
request: { as: app, do: s3:GetObject, bucket: data, key: "{stored.key}" }
attempts:
  - allow: it reads
  - allow: the keeper writes
    request: { as: keeper, do: s3:PutObject, bucket: data, key: "{run}/b" }
  - deny: it writes
    request: { as: app, do: s3:PutObject, bucket: data, key: "{run}/b" }
    by: { layer: grant, action: kms:GenerateDataKey, key: main }
    witness: { target: the keeper writes, actor: it reads }
"#;

/// A key that the row makes is a key like any other.
const THROWAWAY: &str = r"
scenario: A key made for the row is disabled, and refuses
controls: [ENC-06]
given:
  made: { as: keeper, do: kms:CreateKey }
request: { as: keeper, do: [kms:PutKeyPolicy, kms:DisableKey, kms:ScheduleKeyDeletion], key_id: made }
attempts:
  - allow: the application describes its own key
    request: { as: app, do: kms:DescribeKey, key_id: main }
  - deny: the application
    but: { as: app }
    by: { layer: identity }
    witness: { actor: the application describes its own key }
  - allow: the keeper
    then: [{ read: { do: kms:DescribeKey } }]
";

/// A folder with one architecture; `app` is what the application's policy allows.
fn folder(scenarios: &[(&str, &str)], app: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("keys");
    fs::create_dir_all(&base).unwrap();
    let write = |name: &str, text: &str| fs::write(base.join(name), text).unwrap();
    let policy = |statement: &str| {
        format!("{{ \"Version\": \"2012-10-17\", \"Statement\": [{statement}] }}")
    };
    let allow = |action: &str| {
        format!("{{ \"Effect\": \"Allow\", \"Action\": [{action}], \"Resource\": \"*\" }}")
    };
    let root = "\"Principal\": { \"AWS\": \"arn:aws:iam::{{account}}:root\" }";
    write("environment.yaml", ENVIRONMENT);
    write("baseline.yaml", BASELINE);
    write("caller.json", &policy(&allow("\"sts:AssumeRole\"")));
    write("keeper.json", &policy(&allow("\"kms:*\", \"s3:*\"")));
    write("app.json", &policy(&allow(app)));
    write(
        "trust.json",
        &policy(&format!("{{ \"Effect\": \"Allow\", {root}, \"Action\": \"sts:AssumeRole\" }}")),
    );
    write(
        "key.json",
        &policy(&format!(
            "{{ \"Effect\": \"Allow\", {root}, \"Action\": \"kms:*\", \"Resource\": \"*\" }}"
        )),
    );
    for (name, text) in scenarios {
        write(name, text);
    }
    folder
}

fn outcome(folder: &Path, more: &[&str]) -> (i32, String) {
    let (scenarios, reports) =
        (folder.display().to_string(), folder.join("reports").display().to_string());
    let mut arguments = vec!["run", "--scenarios", &scenarios, "--report-dir", &reports];
    arguments.extend(more);
    let output = run(&arguments);
    (code(&output), stdout(&output) + &common::stderr(&output))
}

const USES_ONE_KEY: &str = "\"kms:DescribeKey\", \"s3:*\"";

#[test]
fn what_is_right_passes() {
    let scenarios = [
        ("administration.yaml", ADMINISTRATION),
        ("granted.yaml", GRANTED),
        ("re-encrypting.yaml", RE_ENCRYPTING),
        ("throwaway.yaml", THROWAWAY),
    ];
    let folder = folder(&scenarios, USES_ONE_KEY);
    let (code, output) = outcome(folder.path(), &["--color", "never"]);
    assert_eq!(code, 0, "{output}");
}

#[test]
fn what_gets_through_fails() {
    let folder = folder(&[("administration.yaml", ADMINISTRATION)], "\"kms:*\"");
    let (code, output) = outcome(folder.path(), &["--color", "never"]);
    assert_eq!(code, 1, "{output}");
    // One attempt is permitted; every other one got through.
    assert!(output.contains("1 passed; 19 failed; 0 inconclusive"), "{output}");
    // Each is shown as a command to try.
    let key = "arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-4000-8000-000000000001";
    let app = "--profile app --region eu-west-1";
    for command in [
        format!(
            "aws kms create-grant {app} --key-id {key} --grantee-principal arn:aws:iam::111122223333:role/app --operations Decrypt\n"
        ),
        format!("aws kms revoke-grant {app} --key-id {key} --grant-id "),
        format!("aws kms put-key-policy {app} --key-id {key} --policy '{{\"Statement\":"),
        format!("aws kms schedule-key-deletion {app} --key-id {key} --pending-window-in-days 7\n"),
        format!("aws kms tag-resource {app} --tags TagKey=team,TagValue=red --key-id {key}\n"),
        format!("aws kms untag-resource {app} --key-id {key} --tag-keys team\n"),
        format!(
            "aws kms re-encrypt {app} --destination-key-id {key} --source-key-id {key} --ciphertext-blob fileb://ciphertext --grant-tokens "
        ),
        format!("aws kms update-alias {app} --target-key-id {key} --alias-name alias/spare\n"),
        format!("aws kms delete-alias {app} --alias-name alias/spare\n"),
        format!("aws kms create-key {app}\n"),
    ] {
        assert!(output.contains(&command), "{command}\n{output}");
    }
}

/// S3 tells KMS the bucket, and the grant is for another.
#[test]
fn a_grant_for_another_bucket_reads_nothing() {
    let scenario = GRANTED.replace("arn:aws:s3:::gs-data", "arn:aws:s3:::gs-other");
    let folder = folder(&[("granted.yaml", &scenario)], USES_ONE_KEY);
    let (code, output) = outcome(folder.path(), &["--color", "never"]);
    assert_eq!(code, 1, "{output}");
    assert!(output.contains("keys/granted/-/s3:GetObject/it-reads"), "{output}");
    assert!(output.contains("identity policy or grant"), "{output}");
}

/// Without content a key keeps the policy it was declared with.
#[test]
fn putting_a_policy_without_content_changes_nothing() {
    let scenario = r#"
scenario: What is written back is what was declared
controls: [ENC-06]
request: { as: keeper, do: kms:PutKeyPolicy, key_id: main }
attempts:
  - allow: it is written back
    then:
      - read: { do: kms:GetKeyPolicy }
        expect: { policy: '{{"Statement":[{{"Action":"kms:*","Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::111122223333:root"}},"Resource":"*"}}],"Version":"2012-10-17"}}' }
  - allow: another
    but: { document: '{{"Statement":[{{"Action":"kms:*","Effect":"Allow","Principal":"*","Resource":"*"}}],"Version":"2012-10-17"}}' }
  - allow: the application may do everything now
    request: { as: app, do: kms:DisableKey, key_id: main }
"#;
    let folder = folder(&[("policy.yaml", scenario)], "\"s3:*\"");
    let (code, output) = outcome(folder.path(), &["--color", "never"]);
    assert_eq!(code, 0, "{output}");
}

#[test]
fn a_request_that_cannot_be_asked_is_refused_before_the_run() {
    let request = |request: &str| {
        format!(
            "scenario: x\ncontrols: [ENC-06]\ngiven: {{ made: {{ as: keeper, do: kms:CreateKey }} }}\nattempts:\n  - allow: it\n    request: {request}\n  - allow: more\n    request: {{ as: keeper, do: kms:DescribeKey, key_id: made }}\n"
        )
    };
    for (written, says) in [
        ("{ as: keeper, do: kms:Decrypt, key_id: main }", "`kms:Decrypt` needs `ciphertext`"),
        (
            "{ as: keeper, do: kms:Decrypt, key_id: main, ignore_ciphertext: true }",
            "`ignore_ciphertext` means nothing without `dry_run: true`",
        ),
        (
            "{ as: keeper, do: kms:CreateGrant, key_id: main, grantee: app, grant_operations: [Decrypt, Decrypt] }",
            "`Decrypt` is written twice",
        ),
        (
            "{ as: keeper, do: kms:CreateGrant, key_id: main, grantee: app, grant_operations: [Everything] }",
            "`Everything` is not a value of this key",
        ),
        (
            "{ as: keeper, do: kms:CreateGrant, key_id: main, grantee: app, grant_operations: [] }",
            "an empty list of `grant_operations` asserts nothing",
        ),
        ("{ as: keeper, do: kms:DescribeKey, key_id: maid }", "no key is called `maid`"),
        ("{ as: keeper, do: kms:UpdateAlias, key_id: main }", "`kms:UpdateAlias` needs `alias`"),
    ] {
        let folder = folder(&[("bad.yaml", &request(written))], "\"s3:*\"");
        let (code, output) = outcome(folder.path(), &["--color", "never"]);
        assert!(code == 3 && output.contains(says), "{written}: {code}\n{output}");
    }
    let fine =
        "{ as: keeper, do: kms:Decrypt, key_id: made, ignore_ciphertext: true, dry_run: true }";
    let folder = folder(&[("good.yaml", &request(fine))], "\"s3:*\"");
    let (code, output) = outcome(folder.path(), &["--color", "never"]);
    assert_eq!(code, 0, "{output}");
}
