//! Identity policies that are larger than most are stored as.

use super::{Finding, Lint};
use crate::error::PathStep;
use crate::layer::PolicyKind;
use crate::policy::Policy;
use crate::put::Quota;

/// An identity policy that is too large for what most are stored as.
pub(super) fn check(policy: &Policy, findings: &mut Vec<Finding>) {
    let most = Quota::Managed.max();
    if policy.kind() == PolicyKind::Identity && policy.size() > most {
        let message = format!(
            "identity policy of {} bytes: a customer's managed policy has at most {most}, the \
             inline policies of a role together {}, those of a user {}",
            policy.size(),
            Quota::InlineRole.max(),
            Quota::InlineUser.max(),
        );
        let path = vec![PathStep::Key("Statement".to_owned())];
        findings.push(Finding { lint: Lint::LargePolicy, path, message });
    }
}
