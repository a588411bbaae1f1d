//! Whether a refusal is of the role, or only of the session that asked: whoever may assume a role
//! names the session and its source identity, so what another session of the role may do, the role
//! may do.
//!
//! A session is told apart by its ARN in `Principal`, `NotPrincipal` or as the grantee of a grant,
//! and by the keys of `KEYS`
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>).
//! When it was made, and its tags, are not of this: a scenario says them.

use std::collections::BTreeSet;

use super::context::{Context, Request};
use super::document::{Policy, Statement};
use super::evaluate::{Decision, Policies, Reason, evaluate, matching};
use super::pattern::{instances, literal};
use super::principal::{Entry, Principal};

/// `AROA...:SESSION`.
const USER_ID: &str = "aws:userid";
const SOURCE_IDENTITY: &str = "aws:sourceidentity";
/// Of a session that is yet to be made.
const SESSION_NAME: &str = "sts:rolesessionname";
/// The condition keys in which two sessions of a role differ, in lower case.
const KEYS: [&str; 3] = [USER_ID, SOURCE_IDENTITY, SESSION_NAME];
/// A name that no policy has, for one that speaks of a session only to refuse it.
const ANOTHER: &str = "another-session";
/// So many sessions are tried at most; beyond them it counts as not known.
const MOST: usize = 1_000;

/// A session of the same role that is not refused, or of which it is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherSession {
    /// The statement, or the grant, that tells it from the one that was refused.
    pub at: Option<Reason>,
    /// In what it differs: `aws:userid AROA...:name`.
    pub value: String,
}

/// Looks for a session of the caller's role that would not be refused as the caller is. Nothing if
/// the caller is no session, or no policy tells one session from another.
#[must_use]
pub fn other_session(request: &Request<'_>, policies: &Policies<'_>) -> Option<OtherSession> {
    let Principal::Session { role, arn } = request.principal else {
        return None;
    };
    let grants =
        policies.grants.iter().flat_map(|grant| [Some(&grant.grantee), grant.retiring.as_ref()]);
    let granted: Vec<&String> = grants.flatten().filter(|arn| is_session(arn)).collect();
    let telling: Vec<&Policy> =
        policies.every().filter(|policy| policy.distinguishes_sessions()).collect();
    if granted.is_empty() && telling.is_empty() {
        return None;
    }
    let of_role = arn.rsplit_once('/').map_or(arn.as_str(), |(of_role, _)| of_role);
    let sought = Sought::of(&telling, &granted, of_role, request.resource);
    if sought.count() > MOST {
        let value = "more sessions than are tried".to_owned();
        return Some(OtherSession { at: None, value });
    }
    for name in &sought.names {
        for source in &sought.sources {
            for next in &sought.next {
                let principal = Principal::Session {
                    role: role.clone(),
                    arn: name
                        .as_ref()
                        .map_or_else(|| arn.clone(), |name| format!("{of_role}/{name}")),
                };
                let mut context = request.context.clone();
                let values = rename(&mut context, &principal, [name, source, next]);
                let other = Request { principal: &principal, context: &context, ..*request };
                let at = match evaluate(&other, policies) {
                    Ok(evaluation) if evaluation.decision == Decision::Allow => {
                        let known = matching(request, policies);
                        let new = evaluation.by.into_iter().find(|reason| !known.contains(reason));
                        new.or_else(|| refusing(request, policies))
                    }
                    Ok(_) => continue,
                    Err(doubt) => Some(doubt.at().clone()),
                };
                return Some(OtherSession { at, value: values });
            }
        }
    }
    None
}

/// The statement that denies a request.
fn refusing(request: &Request<'_>, policies: &Policies<'_>) -> Option<Reason> {
    evaluate(request, policies).ok()?.by.into_iter().next()
}

/// Gives a context what another session has. Answers in words what it was given.
fn rename(
    context: &mut Context,
    principal: &Principal,
    [name, source, next]: [&Option<String>; 3],
) -> String {
    let mut words = Vec::new();
    if let Some(name) = name {
        let id = context.get(USER_ID).and_then(<[String]>::first).cloned().unwrap_or_default();
        let id = id.split_once(':').map_or(id.as_str(), |(role, _)| role);
        context.set(USER_ID, format!("{id}:{name}"));
        words.push(format!("the session `{principal}`"));
    }
    for (key, value) in [(SOURCE_IDENTITY, source), (SESSION_NAME, next)] {
        if let Some(value) = value {
            context.set(key, value.as_str());
            words.push(format!("`{key}` `{value}`"));
        }
    }
    words.join(" with ")
}

/// The sessions to try: every combination; nothing is what the caller has.
struct Sought {
    names: Vec<Option<String>>,
    sources: Vec<Option<String>>,
    next: Vec<Option<String>>,
}

impl Sought {
    /// What policies and grants tell apart, and what none of them names.
    fn of(policies: &[&Policy], granted: &[&String], of_role: &str, resource: &str) -> Self {
        let name_of = |arn: &str| arn.strip_prefix(of_role)?.strip_prefix('/').map(str::to_owned);
        let mut names: BTreeSet<String> = granted.iter().filter_map(|arn| name_of(arn)).collect();
        let (mut sources, mut next) = (BTreeSet::new(), BTreeSet::new());
        names.insert(ANOTHER.to_owned());
        for statement in policies.iter().flat_map(|policy| policy.statements()) {
            names.extend(statement.session_arns().filter_map(name_of));
            for condition in &statement.conditions {
                let values = || {
                    condition
                        .written
                        .iter()
                        .flat_map(|text| [instances(text), vec![literal(text)]].concat())
                };
                match condition.lower.as_str() {
                    USER_ID => names.extend(values().map(|id| after_colon(&id).to_owned())),
                    SOURCE_IDENTITY => sources.extend(values().chain([ANOTHER.to_owned()])),
                    SESSION_NAME => next.extend(values().chain([ANOTHER.to_owned()])),
                    _ => {}
                }
            }
            // A variable stands for what the resource has in its place.
            for variable in statement.variables() {
                let parts = || resource.split('/').map(str::to_owned);
                match variable {
                    USER_ID => names.extend(parts().map(|part| after_colon(&part).to_owned())),
                    SOURCE_IDENTITY => sources.extend(parts()),
                    _ => {}
                }
            }
        }
        let options = |values: BTreeSet<String>| {
            let values = values.into_iter().filter(|value| !value.is_empty()).map(Some);
            std::iter::once(None).chain(values).collect()
        };
        Self { names: options(names), sources: options(sources), next: options(next) }
    }

    fn count(&self) -> usize {
        let lists = [&self.names, &self.sources, &self.next];
        lists.iter().map(|list| list.len()).fold(1, usize::saturating_mul)
    }
}

fn after_colon(text: &str) -> &str {
    text.rsplit_once(':').map_or(text, |(_, after)| after)
}

fn is_session(arn: &str) -> bool {
    arn.contains(":assumed-role/")
}

impl Statement {
    /// The ARNs of sessions that it names, or leaves out.
    fn session_arns(&self) -> impl Iterator<Item = &str> {
        let entries = self.principals.iter().flat_map(|principals| &principals.entries);
        entries.filter_map(|entry| match entry {
            Entry::Arn(arn) if is_session(arn) => Some(arn.as_str()),
            _ => None,
        })
    }

    /// Whether it may apply to one session of a role and not to another.
    pub(super) fn distinguishes_sessions(&self) -> bool {
        let conditions = self.conditions.iter().map(|condition| condition.lower.as_str());
        self.session_arns().next().is_some()
            || conditions.chain(self.variables()).any(|key| KEYS.contains(&key))
    }
}
