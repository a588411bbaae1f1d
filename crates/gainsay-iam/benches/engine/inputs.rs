//! Inputs of the engine, as JSON: a request with every policy that applies to it.

use serde_json::{Value, json};

const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555";
const TEAM_A: &str = "arn:aws:iam::111122223333:role/team-a";

/// Two identity policies, a bucket policy of eight statements, a service control policy.
pub fn upload() -> Value {
    json!({
        "principal": "arn:aws:sts::111122223333:assumed-role/team-a/run",
        "action": "s3:PutObject",
        "resource": "arn:aws:s3:::shared/team-a/report.csv",
        "resource_account": "111122223333",
        "context": {
            "aws:SecureTransport": "true",
            "aws:PrincipalArn": TEAM_A,
            "aws:PrincipalAccount": "111122223333",
            "aws:PrincipalTag/prefix": "team-a",
            "aws:SourceIp": "203.0.113.7",
            "s3:x-amz-server-side-encryption": "aws:kms",
            "s3:x-amz-server-side-encryption-aws-kms-key-id": KEY
        },
        "policies": {
            "identity": [
                policy(&json!([
                    {
                        "Sid": "Own",
                        "Effect": "Allow",
                        "Action": ["s3:GetObject*", "s3:PutObject*"],
                        "Resource": "arn:aws:s3:::shared/${aws:PrincipalTag/prefix}/*"
                    },
                    {
                        "Sid": "List",
                        "Effect": "Allow",
                        "Action": "s3:ListBucket",
                        "Resource": "arn:aws:s3:::shared"
                    }
                ])),
                policy(&json!({
                    "Sid": "Keys",
                    "Effect": "Allow",
                    "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
                    "Resource": "*"
                }))
            ],
            "resource": policy(&bucket_statements()),
            "scp": [[policy(&json!({ "Effect": "Allow", "Action": "*", "Resource": "*" }))]]
        }
    })
}

fn bucket_statements() -> Value {
    const ENCRYPTION: &str = "s3:x-amz-server-side-encryption";
    const KEY_ID: &str = "s3:x-amz-server-side-encryption-aws-kms-key-id";
    let networks = ["203.0.113.0/24", "2001:db8::/32"];
    let account = "111122223333";
    json!([
        deny("Tls", "s3:*", &json!({ "Bool": { "aws:SecureTransport": "false" } })),
        deny("Header", "s3:PutObject", &json!({ "Null": { ENCRYPTION: "true" } })),
        deny("Kms", "s3:PutObject", &json!({ "StringNotEquals": { ENCRYPTION: "aws:kms" } })),
        deny("Key", "s3:PutObject", &json!({ "ArnNotEquals": { KEY_ID: KEY } })),
        deny(
            "Prefix",
            "s3:*Object*",
            &json!({ "StringNotLike": { "aws:PrincipalTag/prefix": "team-*" } })
        ),
        deny("Network", "s3:*", &json!({ "NotIpAddress": { "aws:SourceIp": networks } })),
        deny(
            "Account",
            "s3:*",
            &json!({ "StringNotEquals": { "aws:PrincipalAccount": account } })
        ),
        {
            "Sid": "Teams",
            "Effect": "Allow",
            "Principal": { "AWS": [TEAM_A, "arn:aws:iam::111122223333:role/team-b"] },
            "Action": "s3:PutObject",
            "Resource": "arn:aws:s3:::shared/*"
        }
    ])
}

/// The upload without encryption by KMS, which a statement of the bucket policy denies.
pub fn refused_upload() -> Value {
    let mut input = upload();
    *input.pointer_mut("/context/s3:x-amz-server-side-encryption").unwrap() = json!("AES256");
    input
}

/// A decryption that the key policy allows.
pub fn decrypt() -> Value {
    let mut input = upload();
    input["action"] = json!("kms:Decrypt");
    input["resource"] = json!(KEY);
    input["policies"]["resource"] = policy(&json!([
        {
            "Sid": "Account",
            "Effect": "Allow",
            "Principal": { "AWS": "arn:aws:iam::111122223333:root" },
            "Action": "kms:*",
            "Resource": "*"
        },
        {
            "Sid": "Team",
            "Effect": "Allow",
            "Principal": { "AWS": TEAM_A },
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": "*"
        }
    ]));
    input
}

/// A request that nothing denies and nothing allows.
pub fn not_granted() -> Value {
    let mut input = upload();
    input["resource"] = json!("arn:aws:s3:::shared/team-b/report.csv");
    input["policies"]["resource"]["Statement"].as_array_mut().unwrap().pop();
    input
}

/// A statement that denies an action on the bucket of the inputs under a condition.
pub fn deny(sid: &str, action: &str, condition: &Value) -> Value {
    json!({
        "Sid": sid,
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": ["arn:aws:s3:::shared", "arn:aws:s3:::shared/*"],
        "Condition": condition
    })
}

/// A policy document with these statements, or this one.
pub fn policy(statements: &Value) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}
