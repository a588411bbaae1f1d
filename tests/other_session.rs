//! A refusal that another session of the same role would not meet is no refusal of the role.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at a surprise"
)]

mod common;

use std::fs;

use common::Copied;

const POLICY: &str = "secure-bucket/policies/evidence-bucket.json";
const FIRST: &str = "\"Statement\": [";
const SCENARIO: &str = r#"scenario: A stranger reads nothing
controls: [URL-01]
given:
  file: { as: app, do: s3:PutObject, bucket: evidence, key: "inbox/{run}/a.csv", encryption: aws:kms, kms_key: evidence }
  own: { as: stranger, do: s3:PutObject, bucket: scratch, key: "{run}/own.csv" }
request: { as: app, do: s3:GetObject, bucket: evidence, key: "{file.key}" }
attempts:
  - allow: its reader
  - allow: the stranger's own
    but: { as: stranger, bucket: scratch, key: "{own.key}" }
  - deny: a stranger
    but: { as: stranger }
    by: { layer: identity }
    witness: { actor: the stranger's own }
"#;

/// Runs the scenario with another statement in the bucket's policy; the verdict of the refusal, its
/// reason and its detail.
fn run(who: &str, condition: &str) -> (String, String, String) {
    let statement = format!(
        r#"{FIRST} {{ "Sid": "LetIn", "Effect": "Allow", "Principal": {who}, "Action": "s3:GetObject",
            "Resource": "{{{{bucket.evidence.arn}}}}/*", "Condition": {{ {condition} }} }},"#
    );
    let copy = Copied::edited(&[(POLICY, FIRST, &statement)]);
    fs::write(copy.path().join("secure-bucket/stranger.yaml"), SCENARIO).unwrap();
    let output = copy.run(&["secure-bucket/stranger"]);
    assert!(copy.reports().exists(), "{}", common::stderr(&output));
    let record = copy.record();
    let refused = record["results"].as_array().unwrap().last().unwrap().clone();
    let text = |name: &str| refused[name].as_str().unwrap_or_default().to_owned();
    (text("verdict"), text("reason"), text("detail"))
}

#[test]
fn what_another_session_could_do_is_not_proved_to_be_refused() {
    let session = |role: &str| {
        format!(r#"{{ "AWS": "arn:aws:sts::{{{{account}}}}:assumed-role/{role}/deploy" }}"#)
    };
    let own = r#"{ "AWS": "{{role.stranger.arn}}" }"#;
    for (who, condition, value) in [
        (session("stranger").as_str(), "", "assumed-role/stranger/deploy`"),
        (own, r#""StringLike": { "aws:userid": "*:deploy" }"#, "assumed-role/stranger/deploy`"),
        (
            own,
            r#""StringEquals": { "aws:SourceIdentity": "alice" }"#,
            "`aws:sourceidentity` `alice`",
        ),
    ] {
        let (verdict, reason, detail) = run(who, condition);
        assert_eq!(
            (verdict.as_str(), reason.as_str()),
            ("inconclusive", "other-session"),
            "{detail}"
        );
        assert!(detail.contains(value) && detail.contains("(`LetIn`)"), "{detail}");
    }
    for (who, condition) in [
        (session("app").as_str(), ""),
        (own, r#""StringLike": { "aws:userid": "AROANOBODY:deploy" }"#),
        (
            own,
            r#""StringEquals": { "aws:PrincipalTag/home": "nowhere", "aws:SourceIdentity": "alice" }"#,
        ),
    ] {
        let (verdict, _, detail) = run(who, condition);
        assert_eq!(verdict, "pass", "{who} {condition}: {detail}");
    }
}
