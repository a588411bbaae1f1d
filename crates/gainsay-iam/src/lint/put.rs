//! What AWS stores and is seldom meant: misspelt keys, conditions that ask nothing, ARN patterns
//! that match nothing, documents too large for a customer.

use super::{Finding, Lint};
use crate::error::{PathStep, closest_word};
use crate::keys::KEYS;
use crate::layer::PolicyKind;
use crate::policy::condition::{Condition, is_unknown_key};
use crate::policy::operand::Test;
use crate::policy::{Policy, Statement};
use crate::put::Quota;

/// Where findings of one statement go.
struct At<'f> {
    statement: usize,
    findings: &'f mut Vec<Finding>,
}

impl At<'_> {
    fn add(&mut self, lint: Lint, element: &[&str], message: String) {
        let mut path = vec![PathStep::Key("Statement".to_owned()), PathStep::Index(self.statement)];
        path.extend(element.iter().map(|key| PathStep::Key((*key).to_owned())));
        self.findings.push(Finding { lint, path, message });
    }

    fn condition(&mut self, lint: Lint, condition: &Condition, message: String) {
        self.add(lint, &["Condition", condition.name(), &condition.key], message);
    }
}

/// What is found in one statement of a policy.
pub(super) fn statement(
    policy: &Policy,
    index: usize,
    statement: &Statement,
    findings: &mut Vec<Finding>,
) {
    let mut at = At { statement: index, findings };
    let earlier = policy.statements().iter().take(index);
    if let Some(sid) = statement.sid()
        && earlier.clone().any(|other| other.sid() == Some(sid))
    {
        let message = format!("`{sid}` is the `Sid` of an earlier statement, too");
        at.add(Lint::DuplicateSid, &["Sid"], message);
    }
    for operator in &statement.empty_operators {
        let message = format!("`{operator}` names no key and asks nothing");
        at.add(Lint::EmptyCondition, &["Condition", operator], message);
    }
    for condition in &statement.conditions {
        if condition.raw_values.is_empty() {
            let message = format!("`{}` is compared with no value", condition.key);
            at.condition(Lint::EmptyCondition, condition, message);
        }
        // S3 does not store a bucket policy with such a key of its own.
        if is_unknown_key(&condition.key) {
            let near = closest_word(&condition.key, KEYS.iter().map(|known| known.name));
            let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            let message = format!(
                "`{}` is no documented condition key of S3, KMS, STS or a global one{near}",
                condition.key
            );
            at.condition(Lint::UnknownKey, condition, message);
        }
        let incomplete = |value: &&String| value.as_str() != "*" && is_incomplete(value);
        if condition.test() == Test::Arn
            && let Some(value) = condition.raw_values.iter().find(incomplete)
        {
            let message = format!(
                "`{value}` has not the six segments of an ARN and matches none: `*` does not \
                 cross a colon"
            );
            at.condition(Lint::IncompleteArn, condition, message);
        }
    }
}

/// Whether a value has fewer than five colons outside of its variables, and no variable that may
/// bring some.
fn is_incomplete(value: &str) -> bool {
    !value.contains("${") && value.matches(':').count() < 5
}

/// An identity policy that is too large for what most are stored as.
pub(super) fn size(policy: &Policy, findings: &mut Vec<Finding>) {
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
