//! What a policy asks of the organization and of the network is not guessed: a result that rests on
//! it is inconclusive until it is said.

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
const ENVIRONMENT: &str = "secure-bucket/environment.yaml";
const REGION: &str = "region: eu-west-1";

/// Runs a permitted read and, where there is something else to say, a forbidden one, with a bucket
/// policy that denies everything under a condition. Answers the verdicts, and the detail of the
/// first.
fn run(
    condition: &str,
    organization: &str,
    network: &str,
    other: Option<&str>,
) -> (Vec<String>, String) {
    let statement = format!(
        r#"{FIRST} {{ "Sid": "DenyOutside", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
            "Resource": ["{{{{bucket.evidence.arn}}}}", "{{{{bucket.evidence.arn}}}}/*"], "Condition": {{ {condition} }} }},"#
    );
    let region = format!("{REGION}\n{organization}");
    let copy = Copied::edited(&[(POLICY, FIRST, &statement), (ENVIRONMENT, REGION, &region)]);
    let denied =
        other.map(|other| format!("  - deny: elsewhere\n    but: {{ {other} }}\n    by: {{ layer: resource, sid: DenyOutside }}\n"));
    let scenario = format!(
        "scenario: Reading from where it is allowed\ncontrols: [URL-01]\n\
         given:\n  file: {{ as: app, do: s3:PutObject, bucket: evidence, key: \"inbox/{{run}}/a.csv\", encryption: aws:kms, kms_key: evidence{network} }}\n\
         request: {{ as: app, do: s3:GetObject, bucket: evidence, key: \"{{file.key}}\"{network} }}\n\
         attempts:\n  - allow: here\n{}",
        denied.unwrap_or_default()
    );
    fs::write(copy.path().join("secure-bucket/from-where.yaml"), scenario).unwrap();
    let output = copy.run(&["secure-bucket/from-where"]);
    assert!(copy.reports().exists(), "{}", common::stderr(&output));
    let record = copy.record();
    let results = record["results"].as_array().unwrap();
    let verdicts =
        results.iter().map(|result| result["verdict"].as_str().unwrap().to_owned()).collect();
    (verdicts, results[0]["detail"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn where_a_request_comes_from_is_asked_for_until_it_says_so() {
    let endpoint = r#""StringNotEquals": { "aws:SourceVpce": "vpce-1a2b3c4d" }"#;
    let vpc = r#""StringNotEquals": { "aws:SourceVpc": "vpc-1a2b3c4d" }"#;
    let address = r#""NotIpAddress": { "aws:SourceIp": "203.0.113.0/24" }"#;
    let private = r#""NotIpAddress": { "aws:VpcSourceIp": "10.0.0.0/8" }"#;
    let said = [
        (endpoint, ", source_vpce: vpce-1a2b3c4d", "source_vpce: none"),
        (endpoint, ", source_vpce: vpce-1a2b3c4d", "source_vpce: vpce-4d3c2b1a"),
        (vpc, ", source_vpc: vpc-1a2b3c4d", "source_vpc: vpc-4d3c2b1a"),
        (address, ", source_ip: 203.0.113.7", "source_ip: 198.51.100.7"),
        // What comes through an endpoint has no public address.
        (address, ", source_ip: 203.0.113.7", "source_vpce: vpce-1a2b3c4d"),
        (private, ", source_vpce: vpce-1a2b3c4d, source_ip: 10.0.0.7", "source_ip: 11.0.0.7"),
    ];
    for (condition, here, elsewhere) in said {
        let (verdicts, detail) = run(condition, "", here, Some(elsewhere));
        assert_eq!(verdicts, ["pass", "pass"], "{condition}: {detail}");
    }
    let unsaid = [
        (endpoint, "", "source_vpce: none", "`aws:sourcevpce`", "say with `source_vpce:`"),
        (
            vpc,
            ", source_vpce: vpce-1a2b3c4d",
            "source_vpc: vpc-4d3c2b1a",
            "`aws:sourcevpc`",
            "say with `source_vpc:`",
        ),
        (address, "", "source_ip: 198.51.100.7", "`aws:sourceip`", "say with `source_ip:`"),
        (
            address,
            ", source_vpce: none",
            "source_ip: 198.51.100.7",
            "`aws:sourceip`",
            "say with `source_ip:`",
        ),
        (
            private,
            ", source_vpce: vpce-1a2b3c4d",
            "source_ip: 11.0.0.7",
            "`aws:vpcsourceip`",
            "say with `source_vpce:` and",
        ),
    ];
    for (condition, here, elsewhere, key, remedy) in unsaid {
        let (verdicts, detail) = run(condition, "", here, Some(elsewhere));
        assert_eq!(verdicts, ["inconclusive", "inconclusive"], "{condition}: {detail}");
        assert!(detail.contains(key) && detail.contains(remedy), "{detail}");
    }
}

#[test]
fn which_organization_an_account_is_in_is_asked_for_until_it_is_said() {
    let member = r#""StringNotEquals": { "aws:PrincipalOrgID": "{{organization.id}}" }"#;
    let in_unit = r#""ForAllValues:StringNotLike": { "aws:ResourceOrgPaths": "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*" }"#;
    let paths = |paths: &str| format!("organization: {{ id: o-a1b2c3d4e5, paths: {{ {paths} }} }}");
    let own = paths("account: o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/");
    let rows = [
        (member, own.clone(), "pass"),
        (member, paths("partner: o-a1b2c3d4e5/r-ab12/"), "inconclusive"),
        (in_unit, own, "pass"),
        (in_unit, paths("account: o-a1b2c3d4e5/r-ab12/"), "inconclusive"),
        (in_unit, "organization: none".to_owned(), "inconclusive"),
    ];
    for (condition, organization, expected) in rows {
        let (verdicts, detail) = run(condition, &organization, "", None);
        assert_eq!(verdicts, [expected], "{condition} {organization}: {detail}");
        // It is refused: the fixture could not be made, and for no want of knowledge.
        assert!(!detail.contains("nothing says"), "{detail}");
    }
    let (verdicts, detail) = run(in_unit, "", "", None);
    assert_eq!(verdicts, ["inconclusive"], "{detail}");
    assert!(
        detail.contains("`aws:resourceorgpaths`")
            && detail.contains("`organization:` in environment.yaml"),
        "{detail}"
    );
}
