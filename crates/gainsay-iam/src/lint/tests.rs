//! What is found in a statement, and what is not in the one beside it.
#![allow(clippy::unwrap_used, reason = "a test may stop")]

use serde_json::{Value, json};

use super::{Lint, lint, review};
use crate::layer::PolicyKind;
use crate::location::locate;
use crate::policy::Policy;

fn document(statements: &Value) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

fn found(kind: PolicyKind, statement: &Value) -> Vec<&'static str> {
    let policy = Policy::from_text(kind, &document(statement)).unwrap();
    lint(&policy).iter().map(|finding| finding.lint.code()).collect()
}

/// An Allow of an identity policy.
fn on(actions: &Value, resources: &Value) -> Vec<&'static str> {
    let statement = json!({"Effect": "Allow", "Action": actions, "Resource": resources});
    found(PolicyKind::Identity, &statement)
}

/// What the conditions of a Deny are found to be.
fn of(conditions: &Value) -> Vec<&'static str> {
    let statement = json!({
        "Effect": "Deny", "Action": ["s3:*", "kms:*", "sts:*"], "Resource": "*",
        "Condition": conditions
    });
    found(PolicyKind::Identity, &statement)
}

const WRONG: &[&str] = &["wrong-resource-type"];

#[test]
fn resources_are_compared_field_by_field() {
    let account = "arn:aws:s3::111122223333:records/*";
    for (action, resource, expected) in [
        // The commonest mistake of all, and its right form.
        ("s3:ListBucket", "arn:aws:s3:::records/*", WRONG),
        ("s3:ListBucket", "arn:aws:s3:::records", &[]),
        ("s3:ListBucket", "arn:aws:s3:::records*", &[]),
        ("s3:ListBucket", "arn:aws:s3:::*", &[]),
        ("s3:ListBucket", "*", &[]),
        ("s3:List*", "arn:aws:s3:::records/*", &[]), // s3:ListMultipartUploadParts is of objects.
        ("s3:GetObject", "arn:aws:s3:::records", WRONG),
        ("s3:GetObject", "arn:aws:s3:::records*", &[]),
        ("s3:GetObject", "arn:aws:s3:::records/*", &[]),
        ("s3:GetObject", "arn:aws:s3:::${aws:username}", &[]),
        ("s3:GetObject", account, WRONG),
        ("s3:ListBucket", account, WRONG),
        ("s3:GetObject", "arn:aws:s3:eu-west-1::records/*", WRONG),
        ("s3:GetObject", "arn:aws:s3:*:*:records/*", &[]),
        ("s3:GetObject", "arn:aws:s3:eu-west-1:111122223333:accesspoint/mine/object/*", &[]),
        ("s3:GetObject", "arn:aws:s3::111122223333:accesspoint/mrap.mrap/object/*", &[]),
        ("s3:GetObject", "arn:aws:s3:eu-west-1:111122223333:accesspoint/mine", WRONG),
        ("kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:alias/*", WRONG),
        ("kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:key/*", &[]),
        ("kms:Decrypt", "arn:aws:kms:*:*:*", &[]),
        ("kms:Decrypt", "arn:aws:kms:*::key/*", WRONG),
        ("kms:Decrypt", "arn:aws:kms::111122223333:key/*", WRONG),
        ("kms:CreateAlias", "arn:aws:kms:*:111122223333:alias/*", &[]),
        ("sts:AssumeRole", "arn:aws:s3:::records/*", WRONG),
        ("sts:AssumeRole", "arn:aws:iam::111122223333:role/*", &[]),
        ("sts:AssumeRole", "arn:aws:iam::*:role/app", &[]),
        ("sts:AssumeRole", "arn:aws:iam::1111:role/app", WRONG),
        // https://docs.aws.amazon.com/AmazonS3/latest/userguide/walkthrough1.html
        ("s3:ListAllMyBuckets", "arn:aws:s3:::*", &[]),
        ("s3:ListAllMyBuckets", "*", &[]),
        ("s3:ListAllMyBuckets", "arn:aws:s3:::records", WRONG),
        ("kms:ListKeys", "arn:aws:kms:*:*:key/*", WRONG),
        // Services that the table of actions does not have.
        (
            "s3express:CreateSession",
            "arn:aws:s3express:*:111122223333:bucket/records--use1-az4--x-s3",
            &[],
        ),
        (
            "s3-outposts:GetObject",
            "arn:aws:s3-outposts:eu-west-1:111122223333:outpost/op-1/bucket/records/object/*",
            &[],
        ),
        (
            "s3-object-lambda:GetObject",
            "arn:aws:s3-object-lambda:eu-west-1:111122223333:accesspoint/mine",
            &[],
        ),
    ] {
        assert_eq!(on(&json!(action), &json!(resource)), expected, "{action} {resource}");
    }
    // One of several resources is enough, and each action has to have one.
    assert_eq!(
        on(&json!(["s3:GetObject", "s3:ListBucket"]), &json!("arn:aws:s3:::records/*")),
        WRONG
    );
    assert_eq!(
        on(
            &json!(["s3:GetObject", "s3:ListBucket"]),
            &json!(["arn:aws:s3:::records", "arn:aws:s3:::records/*"])
        ),
        [""; 0]
    );
}

#[test]
fn an_arn_beside_a_good_one_is_judged_alone() {
    for (resource, expected) in [
        ("arn:aws:s3::111122223333:records/*", &["invalid-arn"][..]),
        ("arn:aws:s3:eu-west-1::records", &["invalid-arn"]),
        ("arn:aws:s3:eu-west-1:111122223333:accesspoint/mine", &[]),
        ("arn:aws:s3:eu-west-1:1111:accesspoint/mine", &["invalid-arn"]),
        ("arn:aws:S3:::records", &["invalid-arn"]),
        ("arn:aws:s3:::records/*", &[]),
        ("arn:aws:kms:eu-west-1:111122223333:key/*", &[]),
        ("arn:aws:kms:eu-west-1:111122223333:keys/*", &["invalid-arn"]),
        ("arn:aws:kms:eu-west:111122223333:key/*", &["invalid-region"]),
        ("arn:amazon:s3:::records/*", &["invalid-partition"]),
        ("arn:aws:kms:cn-north-1:111122223333:key/*", &["invalid-partition"]),
        ("arn:aws-cn:kms:cn-north-1:111122223333:key/*", &[]),
        ("arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/*", &[]),
        ("arn:aws-eusc:kms:eusc-de-east-1:111122223333:key/*", &[]),
        ("arn:aws*:s3:::records/*", &[]),
        ("arn:*:s3:::records/*", &[]),
        ("arn:aws:dynamodb:anywhere:1:table/x", &["invalid-region"]),
        ("arn:aws:dynamodb:eu-west-1:111122223333:table/x", &[]),
    ] {
        assert_eq!(
            on(
                &json!(["s3:*", "kms:*"]),
                &json!(["arn:aws:s3:::a", "arn:aws:kms:*:*:key/a", resource])
            ),
            expected,
            "{resource}"
        );
    }
}

#[test]
fn conditions() {
    const NONE: &[&str] = &[];
    let vpc = "vpc-0abcdef1234567890";
    for (condition, expected) in [
        // Types.
        (json!({"StringNotEquals": {"aws:SourceIp": "203.0.113.0/24"}}), &["operator-type"][..]),
        (json!({"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}), NONE),
        (json!({"StringEquals": {"aws:SecureTransport": "false"}}), &["operator-type"]),
        (json!({"Bool": {"aws:PrincipalArn": "true"}}), &["operator-type"]),
        (json!({"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/app"}}), NONE),
        (json!({"ArnLike": {"s3:DataAccessPointArn": "arn:aws:s3:*:*:accesspoint/mine"}}), NONE),
        (json!({"NumericGreaterThan": {"aws:EpochTime": "1700000000"}}), NONE),
        (json!({"NumericLessThan": {"aws:PrincipalTag/level": "3"}}), NONE),
        (
            json!({"StringNotEquals": {"aws:Ec2InstanceSourcePrivateIPv4": "${aws:VpcSourceIp}"}}),
            NONE,
        ),
        (json!({"Null": {"aws:SecureTransport": "true"}}), NONE),
        // Sets.
        (json!({"StringEquals": {"aws:TagKeys": "team"}}), &["missing-qualifier"]),
        (json!({"ForAnyValue:StringEquals": {"aws:TagKeys": "team"}}), NONE),
        (json!({"Null": {"aws:TagKeys": "true"}}), NONE),
        (
            json!({"ForAllValues:StringEquals": {"aws:PrincipalAccount": "111122223333"}}),
            &["single-valued-set"],
        ),
        (json!({"ForAnyValue:StringEquals": {"s3:prefix": "a"}}), &["single-valued-set"]),
        (json!({"ForAnyValue:Null": {"aws:TagKeys": "true"}}), &["null-with-qualifier"]),
        (json!({"ForAnyValue:StringEquals": {"identitystore:none": "a"}}), NONE),
        // Booleans and keys written twice.
        (json!({"Bool": {"aws:SecureTransport": ["true", "false"]}}), &["several-booleans"]),
        (json!({"Null": {"aws:SourceVpce": ["true", "false"]}}), &["several-booleans"]),
        (
            json!({"StringEquals": {"aws:SourceAccount": "111122223333", "aws:sourceaccount": "111122223333"}}),
            &["duplicate-key-case"],
        ),
        (
            json!({"StringEquals": {"aws:SourceAccount": "111122223333"}, "StringLike": {"aws:sourceaccount": "1111*"}}),
            NONE,
        ),
        // Addresses and networks.
        (json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}), &["private-source-ip"]),
        (
            json!({"NotIpAddress": {"aws:SourceIp": ["203.0.113.0/24", "192.168.0.0/16"]}}),
            &["private-source-ip"],
        ),
        (json!({"IpAddress": {"aws:SourceIp": ["0.0.0.0/0", "::/0"]}}), NONE),
        (
            json!({"IpAddress": {"aws:VpcSourceIp": "10.0.0.0/8"}, "StringEquals": {"aws:SourceVpc": vpc}}),
            NONE,
        ),
        (json!({"IpAddress": {"aws:VpcSourceIp": "10.0.0.0/8"}}), &["missing-paired-key"]),
        (json!({"IpAddress": {"aws:SourceIp": "203.0.113.7/24"}}), &["ip-range-host-bits"]),
        (json!({"IpAddress": {"aws:SourceIp": "203.0.113.7"}}), NONE),
        (json!({"StringNotEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}}), NONE),
        (json!({"StringNotEquals": {"aws:SourceVpce": "vpce-1a2b3c4"}}), &["malformed-vpc-id"]),
        (json!({"StringNotEquals": {"aws:SourceVpce": "vpc-1a2b3c4d"}}), &["malformed-vpc-id"]),
        (json!({"StringNotEquals": {"aws:SourceVpc": "vpc-1A2B3C4D"}}), &["malformed-vpc-id"]),
        (json!({"StringNotLike": {"aws:SourceVpc": ["vpc-*", "*"]}}), NONE),
        (json!({"StringNotLike": {"aws:SourceVpc": "vpce-*"}}), &["malformed-vpc-id"]),
        (json!({"StringNotEquals": {"aws:SourceVpc": "${aws:PrincipalTag/vpc}"}}), NONE),
        // Values.
        (json!({"DateLessThan": {"aws:CurrentTime": "1900000000"}}), &["epoch-date"]),
        (
            json!({"DateLessThan": {"aws:CurrentTime": ["2030", "2030-01-31", "2030-01-31T00:00:00Z"]}}),
            NONE,
        ),
        (json!({"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:topic"}}), &["incomplete-arn-pattern"]),
        (json!({"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:topic"}}), NONE),
        (
            json!({"ArnNotLike": {"aws:PrincipalArn": "arn:amazon:iam::*:role/app"}}),
            &["invalid-partition"],
        ),
        (
            json!({"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-west"]}}),
            &["invalid-region"],
        ),
        (
            json!({"StringNotEquals": {"aws:RequestedRegion": ["us-gov-west-1", "us-isob-east-1", "ap-southeast-12"]}}),
            NONE,
        ),
        (json!({"StringNotLike": {"aws:RequestedRegion": "eu-*"}}), NONE),
        (
            json!({"StringNotEquals": {"kms:ViaService": "s3.amazonaws.com"}}),
            &["service-principal-format"],
        ),
        (
            json!({"StringNotLike": {"kms:ViaService": ["s3.*.amazonaws.com", "*.amazonaws.com", "s3.cn-north-1.amazonaws.com.cn"]}}),
            NONE,
        ),
        (json!({"NumericLessThan": {"s3:max-keys": ["10", "20"]}}), &["redundant-value"]),
        (json!({"NumericEquals": {"s3:max-keys": ["10", "20"]}}), NONE),
        (json!({"StringEquals": {"s3:prefix": ["a", "b", "a"]}}), &["redundant-value"]),
        // Keys.
        (json!({"Bool": {"aws:SecureTransprt": "false"}}), &["unknown-condition-key"]),
        (json!({"StringEquals": {"aws:ResourceTag": "a"}}), &["unknown-condition-key"]),
        (json!({"StringEquals": {"aws:ARN": "a"}}), &["unknown-condition-key"]),
        (json!({"StringEquals": {"SourceIp": "a"}}), &["unknown-condition-key"]),
        (json!({"StringEquals": {"ec2:ResourceTag/team": "a"}}), NONE),
        (json!({"Bool": {"aws:IsMcpServiceAction": "true"}}), NONE),
        (
            json!({"StringEquals": {"token.actions.githubusercontent.com:sub": "repo:a/b:ref:refs/heads/main"}}),
            NONE,
        ),
    ] {
        assert_eq!(of(&condition), expected, "{condition}");
    }
}

#[test]
fn statements() {
    let key = "arn:aws:kms:eu-west-1:111122223333:key/a";
    let role = json!({"AWS": "arn:aws:iam::111122223333:role/app"});
    let trail = json!({"Service": "cloudtrail.amazonaws.com"});
    for (kind, statement, expected) in [
        (
            PolicyKind::Identity,
            json!({"Effect": "Deny", "NotAction": "s33:*", "Resource": "*"}),
            &["unknown-service"][..],
        ),
        (
            PolicyKind::Identity,
            json!({"Effect": "Deny", "NotAction": ["s3:*", "IAM:*", "bedrock:*"], "Resource": "*"}),
            &[],
        ),
        (
            PolicyKind::KeyPolicy,
            json!({"Effect": "Allow", "Principal": role, "Action": ["kms:Decrypt", "s3:GetObject"], "Resource": "*"}),
            &["unsupported-action"],
        ),
        (
            PolicyKind::KeyPolicy,
            json!({"Effect": "Allow", "Principal": role, "Action": "*", "Resource": "*"}),
            &[],
        ),
        (
            PolicyKind::KeyPolicy,
            json!({"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}),
            &["open-to-everyone"],
        ),
        (
            PolicyKind::KeyPolicy,
            json!({"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*", "Condition": {"StringEquals": {"kms:CallerAccount": "111122223333"}}}),
            &[],
        ),
        (
            PolicyKind::KeyPolicy,
            json!({"Effect": "Deny", "Principal": "*", "Action": "kms:*", "Resource": "*"}),
            &[],
        ),
        (
            PolicyKind::Bucket,
            json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::site/*"}),
            &[],
        ),
        (
            PolicyKind::Bucket,
            json!({"Effect": "Allow", "Principal": trail, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::logs/*", "Condition": {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}}}),
            &["unrestricted-service"],
        ),
        (
            PolicyKind::Bucket,
            json!({"Effect": "Allow", "Principal": trail, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::logs/*", "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}}}),
            &[],
        ),
        (
            PolicyKind::TrustPolicy,
            json!({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}),
            &[],
        ),
        (
            PolicyKind::TrustPolicy,
            json!({"Effect": "Allow", "Principal": {"AWS": "arn:awss:iam::111122223333:role/app"}, "Action": "sts:AssumeRole"}),
            &["invalid-partition"],
        ),
        (
            PolicyKind::Identity,
            json!({"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}),
            &["pass-role-anywhere"],
        ),
        (
            PolicyKind::Identity,
            json!({"Effect": "Allow", "Action": "iam:*", "NotResource": "arn:aws:iam::111122223333:role/admin"}),
            &["pass-role-anywhere"],
        ),
        (
            PolicyKind::Identity,
            json!({"Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::111122223333:role/app"}),
            &[],
        ),
        (
            PolicyKind::Identity,
            json!({"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*", "Condition": {"StringEquals": {"iam:PassedToService": "s3.amazonaws.com"}}}),
            &[],
        ),
        (
            PolicyKind::Identity,
            json!({"Effect": "Deny", "Action": "iam:PassRole", "Resource": "*"}),
            &[],
        ),
        (PolicyKind::Scp, json!({"Effect": "Allow", "Action": "*", "Resource": "*"}), &[]),
        (
            PolicyKind::Identity,
            json!({"Effect": "Deny", "NotAction": "s3:GetObject", "Resource": "*", "Condition": {"StringEquals": {"aws:ResourceTag/secret": "yes"}}}),
            &["tag-key-with-not-action"],
        ),
        (
            PolicyKind::Identity,
            json!({"Effect": "Deny", "NotAction": "s3:GetObject", "Resource": "*", "Condition": {"StringNotEquals": {"aws:ResourceTag/secret": "no"}}}),
            &[],
        ),
        (
            PolicyKind::Identity,
            json!({"Effect": "Allow", "Action": ["s3:Get*", "s3:getobject"], "Resource": "*"}),
            &["redundant-action"],
        ),
        (
            PolicyKind::Identity,
            json!({"Effect": "Allow", "Action": ["ec2:Describe*", "ec2:DescribeHosts"], "Resource": "*"}),
            &[],
        ),
        (
            PolicyKind::Identity,
            json!({"Effect": "Allow", "Action": "kms:Decrypt", "Resource": [key, "arn:aws:kms:*:*:key/*"]}),
            &["redundant-resource"],
        ),
        (
            PolicyKind::Identity,
            json!({"Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::a*", "arn:aws:s3:::a*/*"]}),
            &[],
        ),
        (
            PolicyKind::Identity,
            json!([{"Sid": "A", "Effect": "Allow", "Action": "kms:Decrypt", "Resource": key}, {"Sid": "B", "Effect": "Allow", "Action": "KMS:decrypt", "Resource": [key]}]),
            &["redundant-statement"],
        ),
        (
            PolicyKind::Scp,
            json!([{"Sid": "A", "Effect": "Deny", "Action": "kms:Decrypt", "Resource": "*"}, {"Sid": "A", "Effect": "Deny", "Action": "kms:Encrypt", "Resource": "*"}]),
            &["duplicate-sid"],
        ),
    ] {
        assert_eq!(found(kind, &statement), expected, "{statement}");
    }
}

#[test]
fn what_was_meant_is_proposed() {
    let message = |statement: Value| {
        let policy = Policy::from_text(PolicyKind::Identity, &document(&statement)).unwrap();
        lint(&policy).first().unwrap().message.clone()
    };
    let allow = |action: &str| json!({"Effect": "Allow", "Action": action, "Resource": "*"});
    let with = |action: &str, key: &str| {
        json!({
            "Effect": "Allow", "Action": action, "Resource": "*",
            "Condition": {"StringEquals": {key: "a"}}
        })
    };
    for (statement, expected) in [
        (allow("s3:ListObjectsV2"), "; the operation asks for `s3:ListBucket`"),
        (allow("s3:GetObjects"), "; did you mean `s3:GetObject`?"),
        (allow("kms:ReEncrypt"), "`kms:ReEncryptFrom` on the old key"),
        (allow("s3s:GetObject"), "AWS has no service `s3s`, of `s3s:GetObject`; did you mean"),
        // Of the action's service before any other.
        (with("s3:ListBucket", "s3:prefx"), "; did you mean `s3:prefix`?"),
        (
            with("kms:Decrypt", "kms:EncryptionContext"),
            "; did you mean `kms:EncryptionContext:NAME`?",
        ),
        (with("sts:AssumeRole", "sts:ExternalID2"), "; did you mean `sts:ExternalId`?"),
        (with("sts:AssumeRole", "aws:arn"), "; write `aws:PrincipalArn` or `aws:SourceArn`"),
        (with("sts:AssumeRole", "SourceIp"), "a key has a service before its name"),
    ] {
        let message = message(statement);
        assert!(message.contains(expected), "{message}");
    }
}

/// No mistake hides another, and none hides what is suspicious beside it.
#[test]
fn every_mistake_is_found_at_once() {
    let bad = json!({"Version": "2012-10-18", "Owner": "me", "Statement": [
        {"Sid": "A", "Effect": "Maybe", "Action": "GetObject", "Resource": "records/*",
         "Condition": {"StringMatches": {"s3:prefix": "a"},
                       "StringEquals": {"s3:prefix": "a*", "aws:SourceIp": {}}}},
        {"Sid": "A", "Principal": "*", "Action": [], "Resource": ["arn:aws:s3:::a", 1]},
        "a statement",
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::records/*"},
        {"Effect": "Allow", "Action": "s3:GetObject", "NotAction": "s3:PutObject",
         "Resource": "arn:aws:s3:::records", "Condition": {"Bool": {"aws:SecureTransport": "yes"}}}
    ]});
    let text = serde_json::to_string_pretty(&bad).unwrap();
    let all = review(PolicyKind::Identity, &text, None);
    let mut codes: Vec<&str> = all.errors.iter().map(|error| error.problem().code()).collect();
    codes.sort_unstable();
    let expected = [
        "action",
        "duplicate-sid",
        "effect",
        "empty-element",
        "exclusive-elements",
        "forbidden-element",
        "missing-element",
        "resource",
        "unknown-element",
        "unknown-operator",
        "value",
        "version",
        "wrong-type",
        "wrong-type",
        "wrong-type",
    ];
    assert_eq!(codes, expected, "{:#?}", all.errors);
    assert!(all.errors.iter().all(|error| locate(&text, error.path()).is_some()));
    let found: Vec<Lint> = all.findings.iter().map(|finding| finding.lint).collect();
    // The last statement has `Action` and `NotAction`, and so nothing is said of its resources.
    let expected = [Lint::WildcardInEquals, Lint::WrongResourceType];
    assert_eq!(found, expected, "{:#?}", all.findings);
}

#[test]
fn what_is_replaced_is_not_found_suspicious() {
    for (kind, statement, errors) in [
        // The stand-in has another action than the resource is for.
        (
            PolicyKind::Identity,
            json!({"Effect": "Allow", "Action": 1, "Resource": "arn:aws:s3:::a"}),
            1,
        ),
        (PolicyKind::Identity, json!([1, 2]), 2),
        (
            PolicyKind::Bucket,
            json!({"Effect": "Deny", "NotPrincipal": 1, "Action": "s3:*", "Resource": "arn:aws:s3:::a"}),
            1,
        ),
        (
            PolicyKind::TrustPolicy,
            json!({"Effect": "Allow", "NotPrincipal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"}),
            1,
        ),
        (
            PolicyKind::TrustPolicy,
            json!({"Effect": "Allow", "Principal": {"Aws": "111122223333"}, "Action": "s3:GetObject", "Resource": "*"}),
            3,
        ),
        (
            PolicyKind::KeyPolicy,
            json!({"Effect": "Allow", "Principal": {"AWS": ["*a", "*b"]}, "Action": "kms:*", "Resource": "*"}),
            2,
        ),
    ] {
        let all = review(kind, &document(&statement), None);
        assert_eq!((all.errors.len(), all.findings.len()), (errors, 0), "{statement} {all:#?}");
    }
    let long: Vec<Value> = (0..400)
        .map(|n| json!({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": format!("arn:aws:s3:::records-{n}/*")}))
        .collect();
    let all = review(PolicyKind::Identity, &document(&json!(long)), None);
    // Only AWS's own policies are as large: a finding beside those of the statements.
    assert_eq!((all.errors.len(), all.findings.len()), (0, 401), "larger than a customer's");
    for text in
        ["", "{", "[]", "1", "{}", "{\"Statement\": []}", "{\"Statement\": 1, \"Statement\": 2}"]
    {
        assert!(!review(PolicyKind::Identity, text, None).errors.is_empty(), "{text}");
    }
}

#[test]
fn what_only_the_text_shows() {
    let found = |text: &str| {
        let all = review(PolicyKind::KeyPolicy, text, None);
        all.findings.iter().map(|finding| finding.lint.code()).collect::<Vec<_>>()
    };
    let rest = r#""Effect": "Deny", "Principal": "*", "Action": "kms:*", "Resource": "*""#;
    for (text, expected) in [
        (format!(r#"{{"Statement": {{{rest}}}}}"#), &["missing-version"][..]),
        (format!(r#"{{"Version": "2008-10-17", "Statement": {{{rest}}}}}"#), &[]),
        (
            format!(r#"{{"Version": "2012-10-17", "Statement": {{{rest}, "Sid": ""}}}}"#),
            &["empty-element"],
        ),
        (
            format!(r#"{{"Version": "2012-10-17", "Statement": [{{{rest}, "Condition": {{}}}}]}}"#),
            &["empty-element"],
        ),
    ] {
        assert_eq!(found(&text), expected, "{text}");
    }
}

#[test]
fn a_bucket_policy_is_about_its_own_bucket() {
    for (resource, errors) in [
        (json!("arn:aws:s3:::records"), 0),
        (json!(["arn:aws:s3:::records/*", "arn:aws:s3:::records*"]), 0),
        (json!("arn:aws:s3:::record"), 1),
        (json!(["arn:aws:s3:::records", "arn:aws:s3:::others/*", "arn:aws:s3:::records-2"]), 2),
    ] {
        let statement = json!({
            "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": resource
        });
        let all = |bucket| review(PolicyKind::Bucket, &document(&statement), bucket).refusals.len();
        assert_eq!((all(Some("records")), all(None)), (errors, 0), "{resource}");
    }
}
