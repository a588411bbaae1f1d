//! Whether a refusal applies to a role, or only to the session that made the request: whoever may
//! assume a role names the session and its source identity, so what another session of the role may
//! do, the role may do.
//!
//! Policies distinguish sessions by their ARN in `Principal`, `NotPrincipal` or as the grantee of a
//! grant, and by the keys of `KEYS`
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>).
//! When a session was made, and its tags, are not varied here.

use std::collections::BTreeSet;

use crate::context::{Context, Request};
use crate::evaluate::{Decision, Policies, Reason, evaluate, matching};
use crate::pattern::{literal_text, matching_texts};
use crate::policy::{Policy, Statement};
use crate::principal::{Entry, Principal};

/// `AROA...:SESSION`.
const USER_ID: &str = "aws:userid";
const SOURCE_IDENTITY: &str = "aws:sourceidentity";
/// Of a session that the request would make.
const SESSION_NAME: &str = "sts:rolesessionname";
/// The condition keys in which two sessions of a role differ, in lower case.
const KEYS: [&str; 3] = [USER_ID, SOURCE_IDENTITY, SESSION_NAME];
/// A session name that no policy has, for policies that name a session only to refuse it.
const UNNAMED_SESSION: &str = "another-session";
/// The most sessions that are tried; beyond them the result counts as not known.
const MAX_SESSIONS: usize = 1_000;

/// A session of the same role that is not refused, or of which that is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherSession {
    /// The statement, or the grant, that distinguishes it from the session that was refused.
    pub at: Option<Reason>,
    /// How it differs, for people: ``the session `arn:aws:sts::...` ``.
    pub value: String,
}

/// Looks for a session of the caller's role that would not be refused as the caller is. `None` if
/// there is none, if the caller is no session of a role, or if no policy distinguishes sessions.
#[must_use]
pub fn other_session(request: &Request<'_>, policies: &Policies<'_>) -> Option<OtherSession> {
    let Principal::Session { role, arn } = request.principal else {
        return None;
    };
    let grants =
        policies.grants.iter().flat_map(|grant| [Some(&grant.grantee), grant.retiring.as_ref()]);
    let granted: Vec<&String> = grants.flatten().filter(|arn| is_session(arn)).collect();
    let distinguishing: Vec<&Policy> =
        policies.all().filter(|policy| policy.distinguishes_sessions()).collect();
    if granted.is_empty() && distinguishing.is_empty() {
        return None;
    }
    let role_prefix = arn.rsplit_once('/').map_or(arn.as_str(), |(role_prefix, _)| role_prefix);
    let candidates = Candidates::of(&distinguishing, &granted, role_prefix, request.resource);
    if candidates.count() > MAX_SESSIONS {
        let value = "more sessions than are tried".to_owned();
        return Some(OtherSession { at: None, value });
    }
    for name in &candidates.names {
        for source in &candidates.sources {
            for next in &candidates.next {
                let principal = Principal::Session {
                    role: role.clone(),
                    arn: name
                        .as_ref()
                        .map_or_else(|| arn.clone(), |name| format!("{role_prefix}/{name}")),
                };
                let mut context = request.context.clone();
                let values = set_session(&mut context, &principal, [name, source, next]);
                let other = Request { principal: &principal, context: &context, ..*request };
                let at = match evaluate(&other, policies) {
                    Ok(evaluation) if evaluation.decision == Decision::Allow => {
                        let known = matching(request, policies);
                        let new = evaluation.by.into_iter().find(|reason| !known.contains(reason));
                        new.or_else(|| denying_statement(request, policies))
                    }
                    Ok(_) => continue,
                    Err(undecidable) => Some(undecidable.at().clone()),
                };
                return Some(OtherSession { at, value: values });
            }
        }
    }
    None
}

/// The first statement that denies a request.
fn denying_statement(request: &Request<'_>, policies: &Policies<'_>) -> Option<Reason> {
    evaluate(request, policies).ok()?.by.into_iter().next()
}

/// Gives a context the keys of another session, and describes in words how it differs.
fn set_session(
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

/// The sessions to try: every combination; `None` is what the caller has.
struct Candidates {
    names: Vec<Option<String>>,
    sources: Vec<Option<String>>,
    next: Vec<Option<String>>,
}

impl Candidates {
    /// What policies and grants name, and what none of them names.
    fn of(policies: &[&Policy], granted: &[&String], role_prefix: &str, resource: &str) -> Self {
        let name_of =
            |arn: &str| arn.strip_prefix(role_prefix)?.strip_prefix('/').map(str::to_owned);
        let mut names: BTreeSet<String> = granted.iter().filter_map(|arn| name_of(arn)).collect();
        let (mut sources, mut next) = (BTreeSet::new(), BTreeSet::new());
        names.insert(UNNAMED_SESSION.to_owned());
        for statement in policies.iter().flat_map(|policy| policy.statements()) {
            names.extend(statement.session_arns().filter_map(name_of));
            for condition in &statement.conditions {
                let values = || {
                    condition
                        .raw_values
                        .iter()
                        .flat_map(|text| [matching_texts(text), vec![literal_text(text)]].concat())
                };
                match condition.lower.as_str() {
                    USER_ID => names.extend(values().map(|id| after_colon(&id).to_owned())),
                    SOURCE_IDENTITY => sources.extend(values().chain([UNNAMED_SESSION.to_owned()])),
                    SESSION_NAME => next.extend(values().chain([UNNAMED_SESSION.to_owned()])),
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
    /// The ARNs of sessions in its `Principal` or `NotPrincipal`.
    fn session_arns(&self) -> impl Iterator<Item = &str> {
        let entries = self.principals.iter().flat_map(|principals| &principals.entries);
        entries.filter_map(|entry| match entry {
            Entry::Arn(arn) => is_session(arn).then_some(arn.as_str()),
            Entry::Everyone
            | Entry::Account(_)
            | Entry::Service(_)
            | Entry::Federated(_)
            | Entry::CanonicalUser => None,
        })
    }

    /// Whether it may apply to one session of a role and not to another.
    pub(crate) fn distinguishes_sessions(&self) -> bool {
        let conditions = self.conditions.iter().map(|condition| condition.lower.as_str());
        self.session_arns().next().is_some()
            || conditions.chain(self.variables()).any(|key| KEYS.contains(&key))
    }
}
