//! Policies that AWS manages. Only those are here whose text is short and published at
//! <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html>; another one
//! is not modelled.

use std::sync::LazyLock;

use gainsay_iam::{Policy, PolicyKind};
use gainsay_model::{Document, Source};

/// A policy of AWS.
pub(super) struct AwsManaged {
    pub name: &'static str,
    pub document: Document,
}

/// Name and text; the first as it is written there, which the simulator's positions show.
const TEXTS: &[(&str, &str)] = &[
    (
        "AdministratorAccess",
        r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": "*",
      "Resource": "*"
    }
  ]
}"#,
    ),
    (
        "AmazonS3FullAccess",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","s3-object-lambda:*"],"Resource":"*"}]}"#,
    ),
    (
        "AmazonS3ReadOnlyAccess",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:Get*","s3:List*","s3:Describe*","s3-object-lambda:Get*","s3-object-lambda:List*"],"Resource":"*"}]}"#,
    ),
    (
        "AWSKeyManagementServicePowerUser",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["kms:CreateAlias","kms:CreateKey","kms:DeleteAlias","kms:Describe*","kms:GenerateRandom","kms:Get*","kms:List*","kms:TagResource","kms:UntagResource","iam:ListGroups","iam:ListRoles","iam:ListUsers"],"Resource":"*"}]}"#,
    ),
];

static POLICIES: LazyLock<Vec<AwsManaged>> = LazyLock::new(|| {
    let read = |(name, text): &(&'static str, &'static str)| {
        let policy = Policy::from_text(PolicyKind::Identity, text).ok()?;
        let document =
            Document::new(Source::new(*name, (*text).to_owned()), policy, (*text).to_owned());
        Some(AwsManaged { name, document })
    };
    TEXTS.iter().filter_map(read).collect()
});

const PREFIX: &str = "arn:aws:iam::aws:policy/";

/// A policy of AWS by its ARN.
pub(super) fn find(arn: &str) -> Option<&'static AwsManaged> {
    let name = arn.strip_prefix(PREFIX)?;
    POLICIES.iter().find(|policy| policy.name == name)
}

/// All of them, with their ARNs.
pub(super) fn all() -> impl Iterator<Item = (String, &'static AwsManaged)> {
    POLICIES.iter().map(|policy| (format!("{PREFIX}{}", policy.name), policy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_policy_of_aws_can_be_read() {
        assert_eq!(POLICIES.len(), TEXTS.len());
        assert!(find("arn:aws:iam::aws:policy/AdministratorAccess").is_some());
        assert!(find("arn:aws:iam::aws:policy/Unknown").is_none());
        assert!(find("AdministratorAccess").is_none());
    }
}
