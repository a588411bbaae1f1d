//! An account in which nothing is, for whoever makes everything through the API.

use gainsay_model::{Caller, Environment, aws_managed_key};

/// The example account of AWS's documentation.
const ACCOUNT: &str = "111122223333";
/// The account. An environment has a caller; this one's is forgotten at once.
pub(super) fn environment(region: &str) -> Environment {
    Environment {
        account: ACCOUNT.to_owned(),
        region: region.to_owned(),
        accounts: Vec::new(),
        organizations: std::sync::Arc::default(),
        caller: Caller { arn: format!("arn:aws:iam::{ACCOUNT}:user/nobody"), policies: Vec::new() },
        roles: Vec::new(),
        buckets: Vec::new(),
        keys: Vec::new(),
        managed_key: aws_managed_key(ACCOUNT, region).map(std::sync::Arc::new),
        block_public_access: None,
        trails: Vec::new(),
        monitoring: std::sync::Arc::default(),
    }
}
