//! Statements: services and actions that there are not, and Allows that give more than they say.

use super::operations::action_of;
use super::services::SERVICES;
use super::{At, Lint};
use crate::actions::ACTIONS;
use crate::error::closest_word;
use crate::layer::PolicyKind;
use crate::pattern::wildcard_match;
use crate::policy::{Effect, Policy, Statement};
use crate::principal::Entry;

pub(super) fn check(policy: &Policy, statement: &Statement, at: &mut At<'_>) {
    services(policy.kind(), statement, at);
    pass_role(policy.kind(), statement, at);
    principals(policy.kind(), statement, at);
}

/// The actions of a statement as `Action` or `NotAction` has them.
pub(super) fn element(statement: &Statement) -> &'static str {
    if statement.excludes_actions() { "NotAction" } else { "Action" }
}

/// What to write for an action that the service does not have.
pub(super) fn suggestion(pattern: &str) -> String {
    if let Some(action) = action_of(pattern) {
        return format!("; the operation asks for {action}");
    }
    closest_word(pattern, ACTIONS.iter().map(|action| action.name))
        .map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}

fn services(kind: PolicyKind, statement: &Statement, at: &mut At<'_>) {
    for (index, pattern) in statement.actions().enumerate() {
        let Some((service, _)) = pattern.split_once(':') else {
            continue;
        };
        let lower = service.to_ascii_lowercase();
        let mut known = SERVICES.split_ascii_whitespace();
        if service != "*" && !known.any(|known| known == lower) {
            let near = closest_word(&lower, SERVICES.split_ascii_whitespace());
            let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            let message = format!("AWS has no service `{service}`, of `{pattern}`{near}");
            at.entry(Lint::UnknownService, element(statement), index, message);
        } else if kind == PolicyKind::KeyPolicy && !matches!(lower.as_str(), "kms" | "*") {
            let message = format!(
                "`{pattern}` is never asked for on a key: a key policy is about `kms:` actions"
            );
            at.entry(Lint::UnsupportedAction, element(statement), index, message);
        }
    }
}

/// `iam:PassRole` for every role and every service. `*` alone is an administrator's.
fn pass_role(kind: PolicyKind, statement: &Statement, at: &mut At<'_>) {
    let of_identity = matches!(kind, PolicyKind::Identity | PolicyKind::Session);
    let passes = |pattern: &str| {
        let lower = pattern.to_ascii_lowercase();
        lower.starts_with("iam:") && wildcard_match(&lower, "iam:passrole")
    };
    if !of_identity || statement.effect() != Effect::Allow || statement.excludes_actions() {
        return;
    }
    let Some(pattern) = statement.actions().find(|pattern| passes(pattern)) else {
        return;
    };
    let narrowed = statement.conditions.iter().any(|condition| {
        matches!(condition.lower.as_str(), "iam:passedtoservice" | "iam:associatedresourcearn")
    });
    let all = |resource: &str| {
        resource == "*" || resource.ends_with(":*") || resource.ends_with(":role/*")
    };
    let everywhere = statement.excludes_resources() || statement.resources().any(all);
    if everywhere && !narrowed {
        let element = if statement.excludes_resources() { "NotResource" } else { "Resource" };
        let message = format!(
            "`{pattern}` lets every role be passed to every service: name the roles, or the \
             service with `iam:PassedToService`"
        );
        at.add(Lint::PassRoleAnywhere, &[element], message);
    }
}

/// Condition keys that tell nothing about who asks.
const OF_ANYONE: &[&str] =
    &["aws:securetransport", "s3:x-amz-acl", "s3:x-amz-server-side-encryption"];

fn principals(kind: PolicyKind, statement: &Statement, at: &mut At<'_>) {
    let Some(principals) = &statement.principals else {
        return;
    };
    let limited =
        statement.conditions.iter().any(|condition| !OF_ANYONE.contains(&condition.lower.as_str()));
    if statement.effect() != Effect::Allow || limited || principals.negated {
        return;
    }
    if kind == PolicyKind::KeyPolicy && principals.entries.contains(&Entry::Everyone) {
        let message = "everyone may use the key, of every account: name who, or say with a \
                       condition who it is";
        at.add(Lint::OpenToEveryone, &["Principal"], message.to_owned());
    }
    let of_resource = matches!(kind, PolicyKind::Bucket | PolicyKind::KeyPolicy);
    let service = principals.entries.iter().find_map(|entry| match entry {
        Entry::Service(name) => Some(name),
        Entry::Everyone
        | Entry::Account(_)
        | Entry::Arn(_)
        | Entry::Federated(_)
        | Entry::CanonicalUser => None,
    });
    if let (true, Some(name)) = (of_resource, service) {
        let message = format!(
            "`{name}` may come here for whoever tells it to: say for whom, with `aws:SourceArn` or \
             `aws:SourceAccount`"
        );
        at.add(Lint::UnrestrictedService, &["Principal"], message);
    }
}
