//! An account in which nothing is, for whoever makes everything through the API.

use crate::{
    diag::Source,
    environment::{self, Caller, Document, Environment},
    iam::{Policy, PolicyKind},
};

/// The example account of AWS's documentation.
const ACCOUNT: &str = "111122223333";
/// The Region that clients take if nothing is said.
const REGION: &str = "us-east-1";
/// What the AWS managed policy `AdministratorAccess` says
/// (<https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AdministratorAccess.html>).
const ADMINISTRATOR: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// The account, with a user who may do everything.
pub(super) fn environment() -> Environment {
    let policy = Policy::from_text(PolicyKind::Identity, ADMINISTRATOR).ok();
    let document = |policy| {
        Document::new(
            Source::new("AdministratorAccess", ADMINISTRATOR.to_owned()),
            policy,
            ADMINISTRATOR.to_owned(),
        )
    };
    Environment {
        title: "an empty account".to_owned(),
        account: ACCOUNT.to_owned(),
        region: REGION.to_owned(),
        accounts: Vec::new(),
        caller: Caller {
            arn: format!("arn:aws:iam::{ACCOUNT}:user/admin"),
            policies: policy.map(document).into_iter().collect(),
        },
        roles: Vec::new(),
        buckets: Vec::new(),
        keys: Vec::new(),
        managed_key: environment::aws_managed_key(ACCOUNT, REGION).map(std::sync::Arc::new),
        collections: Vec::new(),
    }
}
