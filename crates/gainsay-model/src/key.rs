//! KMS keys, and the one that AWS makes and nobody declares: `aws/s3`.

use gainsay_iam::{Policy, PolicyKind};
use serde_json::{Value, json};

use crate::{Document, Source};

/// A symmetric KMS key for encryption and decryption.
#[derive(Debug)]
pub struct Key {
    /// Its logical name.
    pub name: String,
    /// Its key id.
    pub id: String,
    /// The account it is in.
    pub account: String,
    /// Its ARN.
    pub arn: String,
    /// Its alias with the prefix `alias/`.
    pub alias: Option<String>,
    /// The key policy.
    pub policy: Document,
    /// After how many days it is rotated; nothing where it is not.
    pub rotation: Option<u32>,
    /// Whether it is the primary of a multi-Region key.
    pub multi_region: bool,
    /// How many days ago it was made.
    pub age: u32,
}

impl Key {
    /// The ARN of its alias.
    #[must_use]
    pub fn alias_arn(&self) -> Option<String> {
        let prefix = self.arn.split_once(":key/").map(|(prefix, _)| prefix)?;
        self.alias.as_ref().map(|alias| format!("{prefix}:{alias}"))
    }
}

/// What scenarios call it.
pub const AWS_MANAGED_KEY: &str = "aws/s3";

/// The AWS managed key `aws/s3` of an account, which any principal of the account may use through
/// S3 and nobody else, while the account's own policies say who may look at it:
/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html> shows such a policy,
/// and that an administrator may look is recorded by `LocalStack`, 2026-02-21
/// (`test_s3_bucket_encryption_sse_kms_aws_managed_key`). Its id is made from the account's, so
/// that every row of a run sees the same one. Nothing for what is no account id.
#[must_use]
pub fn aws_managed_key(account: &str, region: &str) -> Option<Key> {
    let id = uuid::Uuid::from_u128(
        0x0a55_0000_0000_4000_8000_0000_0000_0000_u128 | account.parse::<u128>().ok()?,
    );
    let document = json!({
        "Version": "2012-10-17",
        "Id": "auto-s3-2",
        "Statement": [{
            "Sid": "Allow access through S3 for all principals in the account that are authorized to use S3",
            "Effect": "Allow",
            "Principal": { "AWS": "*" },
            "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
            "Resource": "*",
            "Condition": { "StringEquals": { "kms:ViaService": format!("s3.{region}.amazonaws.com"), "kms:CallerAccount": account } }
        }, {
            "Sid": "Allow direct access to key metadata to the account",
            "Effect": "Allow",
            "Principal": { "AWS": format!("arn:aws:iam::{account}:root") },
            "Action": ["kms:Describe*", "kms:Get*", "kms:List*"],
            "Resource": "*"
        }]
    });
    Some(Key {
        name: AWS_MANAGED_KEY.to_owned(),
        arn: format!("arn:aws:kms:{region}:{account}:key/{id}"),
        id: id.to_string(),
        account: account.to_owned(),
        alias: Some(format!("alias/{AWS_MANAGED_KEY}")),
        // It is rotated every year, which nobody can set.
        rotation: None,
        multi_region: false,
        age: 0,
        policy: Document::new(
            Source::new("the AWS managed key aws/s3", document.to_string()),
            Policy::from_value(PolicyKind::KeyPolicy, &document).ok()?,
            document.to_string(),
        ),
    })
}

/// The policy of a key that is made without one: whatever the identity policies of the account say
/// (<https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html>).
#[must_use]
pub fn default_key_policy(account: &str) -> Value {
    json!({
        "Version": "2012-10-17",
        "Id": "key-default-1",
        "Statement": [{
            "Sid": "Enable IAM User Permissions",
            "Effect": "Allow",
            "Principal": { "AWS": format!("arn:aws:iam::{account}:root") },
            "Action": "kms:*",
            "Resource": "*"
        }]
    })
}
