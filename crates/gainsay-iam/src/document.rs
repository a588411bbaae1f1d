//! A policy document, validated as AWS does on storing it and compiled once for many decisions.
//!
//! Follows "Grammar of the IAM JSON policy language" and "IAM JSON policy elements reference".

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::condition::Condition;
use super::context::{Context, Request};
use super::error::{DocumentError, Doubt, Problem};
use super::layer::PolicyKind;
use super::pattern::{Glob, Resolved, Template};
use super::place;
use super::principal::{Entry, Grip, Principal, Principals};
use super::reader::Reader;

/// A policy of one kind. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Policy {
    kind: PolicyKind,
    variables: bool,
    /// Whether any statement tells sessions of a role apart: found once, for few do.
    distinguishes_sessions: bool,
    statements: Arc<[Statement]>,
}

/// Whether a statement allows or denies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Effect {
    /// Grants.
    Allow,
    /// Denies, whatever else grants.
    Deny,
}

/// One statement of a policy.
#[derive(Clone, Debug)]
pub struct Statement {
    pub(super) sid: Option<Arc<str>>,
    pub(super) effect: Effect,
    pub(super) principals: Option<Principals>,
    pub(super) actions: Actions,
    pub(super) resources: Option<Resources>,
    pub(super) conditions: Vec<Condition>,
}

impl Policy {
    /// Reads and validates a document from a JSON value, any template variables of ours already
    /// filled in.
    ///
    /// # Errors
    ///
    /// If AWS would not store the document as a policy of this kind.
    pub fn from_value(kind: PolicyKind, value: &Value) -> Result<Policy, DocumentError> {
        let mut reader = Reader::new(kind);
        let statements = reader.read(value)?;
        Ok(Policy {
            kind,
            variables: reader.has_variables(),
            distinguishes_sessions: statements.iter().any(Statement::distinguishes_sessions),
            statements: statements.into(),
        })
    }

    /// Reads and validates a document from its text, duplicate keys included.
    ///
    /// # Errors
    ///
    /// If the text is no JSON, or AWS would not store the document as a policy of this kind.
    pub fn from_text(kind: PolicyKind, text: &str) -> Result<Policy, DocumentError> {
        let value: Value = serde_json::from_str(text).map_err(|error| {
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or_default().to_owned();
            DocumentError::new(
                &[],
                Problem::Json { line: error.line(), column: error.column(), message },
            )
        })?;
        if let Some((key, place)) = place::duplicate_key(text) {
            let problem = Problem::DuplicateKey { key, line: place.line, column: place.column };
            return Err(DocumentError::new(&[], problem));
        }
        Policy::from_value(kind, &value)
    }

    /// Which kind of policy this is.
    #[must_use]
    pub fn kind(&self) -> PolicyKind {
        self.kind
    }

    /// Whether `${...}` is a variable in it: only from version 2012-10-17 on.
    #[must_use]
    pub fn has_variables(&self) -> bool {
        self.variables
    }

    /// Whether it may say one thing of a session and another of another one of the same role.
    pub(super) fn distinguishes_sessions(&self) -> bool {
        self.distinguishes_sessions
    }

    /// The statements, in the order of the document.
    #[must_use]
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }
}

impl Statement {
    /// Its `Sid`, unless it has none or an empty one.
    #[must_use]
    pub fn sid(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// Whether it allows or denies.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// Whether it speaks of everyone: `*`, or all but some.
    #[must_use]
    pub fn names_everyone(&self) -> bool {
        let everyone = |principals: &Principals| {
            principals.negated || principals.entries.contains(&Entry::Everyone)
        };
        self.principals.as_ref().is_some_and(everyone)
    }

    /// The action patterns as written.
    pub fn actions(&self) -> impl Iterator<Item = &str> {
        self.actions.patterns.iter().map(|(source, _)| source.as_str())
    }

    /// Whether the actions are those of a `NotAction`.
    #[must_use]
    pub fn excludes_actions(&self) -> bool {
        self.actions.negated
    }

    /// The resource patterns as written; none in a trust policy.
    pub fn resources(&self) -> impl Iterator<Item = &str> {
        self.resources
            .iter()
            .flat_map(|resources| resources.patterns.iter().map(|pattern| pattern.source.as_str()))
    }

    /// Whether the resources are those of a `NotResource`.
    #[must_use]
    pub fn excludes_resources(&self) -> bool {
        self.resources.as_ref().is_some_and(|resources| resources.negated)
    }

    /// The condition keys as written, one for each use.
    pub fn condition_keys(&self) -> impl Iterator<Item = &str> {
        self.conditions.iter().map(|condition| condition.key.as_str())
    }

    /// The condition keys that its variables name, in lower case.
    pub(super) fn variables(&self) -> impl Iterator<Item = &str> {
        let of_resources =
            self.resources.iter().flat_map(|resources| &resources.patterns).flat_map(|pattern| {
                match &pattern.pattern {
                    Pattern::Varying(template) => Some(template.variables()),
                    Pattern::Fixed(_) => None,
                }
                .into_iter()
                .flatten()
            });
        of_resources.chain(self.conditions.iter().flat_map(Condition::variables))
    }

    /// Whether there is a context in which the statement applies to a request; nothing of the
    /// context is looked at.
    pub(super) fn may_apply(&self, asked: &Asked<'_>) -> bool {
        let fixed = |resources: &&Resources| {
            resources.patterns.iter().all(|pattern| matches!(pattern.pattern, Pattern::Fixed(_)))
        };
        let elsewhere = self
            .resources
            .as_ref()
            .filter(fixed)
            .is_some_and(|resources| resources.matches(asked) == Ok(false));
        let others =
            self.principals.as_ref().is_some_and(|principals| asked.grip(principals) == Ok(None));
        self.actions.matches(&asked.action) && !elsewhere && !others
    }

    /// How the statement applies to a request, if it does. An element that does not match outweighs
    /// any doubt about another.
    pub(super) fn applies(&self, asked: &Asked<'_>) -> Result<Option<Grip>, Doubt> {
        if !self.actions.matches(&asked.action) {
            return Ok(None);
        }
        let mut doubt = None;
        match self.resources.as_ref().map_or(Ok(true), |resources| resources.matches(asked)) {
            Ok(true) => {}
            Ok(false) => return Ok(None),
            Err(found) => doubt = Some(found),
        }
        let grip = match self
            .principals
            .as_ref()
            .map_or(Ok(Some(Grip::Direct)), |principals| asked.grip(principals))
        {
            Ok(None) => return Ok(None),
            Ok(Some(grip)) => grip,
            Err(found) => {
                doubt = doubt.or(Some(found));
                Grip::Direct
            }
        };
        for condition in &self.conditions {
            match condition.holds(asked.context) {
                Ok(true) => {}
                Ok(false) => return Ok(None),
                Err(found) => doubt = doubt.or(Some(found)),
            }
        }
        doubt.map_or(Ok(Some(grip)), Err)
    }
}

/// A request, made ready for many statements.
pub(super) struct Asked<'a> {
    pub(super) principal: &'a Principal,
    /// In lower case.
    pub(super) action: String,
    /// As it was asked.
    pub(super) written_action: &'a str,
    pub(super) resource: &'a str,
    pub(super) resource_account: &'a str,
    pub(super) context: &'a Context,
    bounded: bool,
}

impl<'a> Asked<'a> {
    pub(super) fn new(request: &Request<'a>, bounded: bool) -> Self {
        Self {
            principal: request.principal,
            action: request.action.to_ascii_lowercase(),
            written_action: request.action,
            resource: request.resource,
            resource_account: request.resource_account,
            context: request.context,
            bounded,
        }
    }

    pub(super) fn grip(&self, principals: &Principals) -> Result<Option<Grip>, Doubt> {
        principals.grip(self.principal, self.bounded)
    }
}

#[derive(Clone, Debug)]
pub(super) struct Actions {
    pub(super) negated: bool,
    pub(super) patterns: Vec<(String, Glob)>,
}

impl Actions {
    pub(super) fn matches(&self, lower: &str) -> bool {
        self.patterns.iter().any(|(_, glob)| glob.matches(lower)) != self.negated
    }
}

#[derive(Clone, Debug)]
pub(super) struct Resources {
    pub(super) negated: bool,
    pub(super) patterns: Vec<ResourcePattern>,
}

#[derive(Clone, Debug)]
pub(super) struct ResourcePattern {
    pub(super) source: String,
    pub(super) pattern: Pattern,
}

#[derive(Clone, Debug)]
pub(super) enum Pattern {
    Fixed(Glob),
    Varying(Template),
}

impl Resources {
    pub(super) fn matches(&self, asked: &Asked<'_>) -> Result<bool, Doubt> {
        let mut doubt = None;
        for ResourcePattern { pattern, .. } in &self.patterns {
            let matches = match pattern {
                Pattern::Fixed(glob) => glob.matches(asked.resource),
                Pattern::Varying(template) => match template.resolve(asked.context) {
                    Ok(Resolved::Pieces(pieces)) => {
                        pieces.into_iter().collect::<Glob>().matches(asked.resource)
                    }
                    Ok(Resolved::Absent(key)) if self.negated => {
                        doubt = doubt.or(Some(Doubt::AbsentInNotResource(key)));
                        false
                    }
                    Ok(Resolved::Absent(_)) => false,
                    Err(found) => {
                        doubt = doubt.or(Some(found));
                        false
                    }
                },
            };
            if matches {
                return Ok(!self.negated);
            }
        }
        doubt.map_or(Ok(self.negated), Err)
    }
}
