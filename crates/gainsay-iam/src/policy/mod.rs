//! A policy document, validated as AWS does on storing it and compiled once for many decisions.
//!
//! Follows "Grammar of the IAM JSON policy language" and "IAM JSON policy elements reference".

pub(crate) mod condition;
pub(crate) mod grammar;
pub(crate) mod operand;
mod reader;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::actions::matched_resource;
use crate::context::{Context, Request};
use crate::error::{DocumentError, Problem, UndecidableCause};
use crate::layer::PolicyKind;
use crate::location;
use crate::pattern::{Glob, Resolved, Template};
use crate::policy::condition::Condition;
use crate::policy::reader::Reader;
use crate::principal::{Entry, Principal, PrincipalMatch, Principals};

/// A valid policy document of one kind, compiled for many decisions. Cloning is cheap: the
/// statements are shared.
///
/// ```
/// use gainsay_iam::{Policy, PolicyKind, locate};
///
/// let text = r#"{
///   "Version": "2012-10-17",
///   "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resorce": "*"}
/// }"#;
/// let error = Policy::from_text(PolicyKind::Identity, text).unwrap_err();
/// assert_eq!(error.to_string(), "unknown element `Resorce` (at `Statement.Resorce`)");
/// assert_eq!(error.help().as_deref(), Some("did you mean `Resource`?"));
/// assert_eq!(locate(text, error.path()).map(|location| location.line), Some(3));
/// ```
#[derive(Clone, Debug)]
pub struct Policy {
    kind: PolicyKind,
    /// In bytes, without white space between elements.
    size: usize,
    variables: bool,
    /// Whether any statement distinguishes sessions of a role: computed once, for few do.
    distinguishes_sessions: bool,
    statements: Arc<[Statement]>,
}

/// Whether a statement allows or denies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Effect {
    /// The statement allows what it matches.
    Allow,
    /// The statement denies what it matches, whatever else allows it.
    Deny,
}

/// One statement of a policy.
#[derive(Clone, Debug)]
pub struct Statement {
    pub(crate) sid: Option<Arc<str>>,
    pub(crate) effect: Effect,
    pub(crate) principals: Option<Principals>,
    pub(crate) actions: Actions,
    pub(crate) resources: Option<Resources>,
    pub(crate) conditions: Vec<Condition>,
    /// Whether its `Principal` is `*` itself, and not an object.
    pub(crate) has_bare_star: bool,
}

impl Policy {
    /// Reads and validates a document from a JSON value. A key that an object has twice is lost in
    /// such a value: [`from_text`](Self::from_text) refuses it, as AWS does.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] if AWS would not store the document as a policy of this kind.
    pub fn from_value(kind: PolicyKind, value: &Value) -> Result<Policy, DocumentError> {
        let mut reader = Reader::new(kind);
        let (statements, size) = reader.read(value)?;
        Ok(Policy {
            kind,
            size,
            variables: reader.has_variables(),
            distinguishes_sessions: statements.iter().any(Statement::distinguishes_sessions),
            statements: statements.into(),
        })
    }

    /// Reads and validates a document from its JSON text.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] if the text is no JSON, or AWS would not store the document as a policy of
    /// this kind.
    pub fn from_text(kind: PolicyKind, text: &str) -> Result<Policy, DocumentError> {
        let value: Value = serde_json::from_str(text).map_err(|error| {
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or_default().to_owned();
            DocumentError::new(
                &[],
                Problem::Json { line: error.line(), column: error.column(), message },
            )
        })?;
        if let Some((key, place)) = location::duplicate_key(text) {
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

    /// How many bytes it has without white space between elements.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// Whether `${...}` is a variable in it: only from version 2012-10-17 on.
    #[must_use]
    pub fn has_variables(&self) -> bool {
        self.variables
    }

    /// Whether it may match one session of a role and not another.
    pub(crate) fn distinguishes_sessions(&self) -> bool {
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

    /// Whether its `Principal` is everyone, `*`, or its `NotPrincipal` everyone but some.
    #[must_use]
    pub fn names_everyone(&self) -> bool {
        let everyone = |principals: &Principals| {
            principals.negated || principals.entries.contains(&Entry::Everyone)
        };
        self.principals.as_ref().is_some_and(everyone)
    }

    /// The patterns of `Action` or `NotAction`, as the document has them.
    pub fn actions(&self) -> impl Iterator<Item = &str> {
        self.actions.patterns.iter().map(|(source, _)| source.as_str())
    }

    /// Whether the actions are those of a `NotAction`.
    #[must_use]
    pub fn excludes_actions(&self) -> bool {
        self.actions.negated
    }

    /// The patterns of `Resource` or `NotResource`, as the document has them; none in a trust
    /// policy.
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

    /// The condition keys as the document has them, one for each use.
    pub fn condition_keys(&self) -> impl Iterator<Item = &str> {
        self.conditions.iter().map(|condition| condition.key.as_str())
    }

    /// The condition keys that its variables name, in lower case.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &str> {
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

    /// Whether the statement may apply to a request with some context: the request's own context is
    /// not read.
    pub(crate) fn may_apply(&self, prepared: &PreparedRequest<'_>) -> bool {
        let fixed = |resources: &&Resources| {
            resources.patterns.iter().all(|pattern| matches!(pattern.pattern, Pattern::Fixed(_)))
        };
        let is_other_resource = self
            .resources
            .as_ref()
            .filter(fixed)
            .is_some_and(|resources| resources.matches(prepared) == Ok(false));
        let is_other_principal = self
            .principals
            .as_ref()
            .is_some_and(|principals| prepared.principal_match(principals) == Ok(None));
        self.actions.matches(&prepared.action) && !is_other_resource && !is_other_principal
    }

    /// How the statement applies to a request, if it does. An element that does not match outweighs
    /// any other that is undecidable.
    pub(crate) fn applies(
        &self,
        prepared: &PreparedRequest<'_>,
    ) -> Result<Option<PrincipalMatch>, UndecidableCause> {
        if !self.actions.matches(&prepared.action) {
            return Ok(None);
        }
        let mut cause = None;
        match self.resources.as_ref().map_or(Ok(true), |resources| resources.matches(prepared)) {
            Ok(true) => {}
            Ok(false) => return Ok(None),
            Err(found) => cause = Some(found),
        }
        let principal_match =
            match self.principals.as_ref().map_or(Ok(Some(PrincipalMatch::Direct)), |principals| {
                prepared.principal_match(principals)
            }) {
                Ok(None) => return Ok(None),
                Ok(Some(principal_match)) => principal_match,
                Err(found) => {
                    cause = cause.or(Some(found));
                    PrincipalMatch::Direct
                }
            };
        for condition in &self.conditions {
            match condition.holds(prepared.context) {
                Ok(true) => {}
                Ok(false) => return Ok(None),
                Err(found) => cause = cause.or(Some(found)),
            }
        }
        cause.map_or(Ok(Some(principal_match)), Err)
    }
}

/// A request, prepared for matching many statements.
pub(crate) struct PreparedRequest<'a> {
    pub(crate) principal: &'a Principal,
    /// In lower case.
    pub(crate) action: String,
    /// As the request has it.
    pub(crate) raw_action: &'a str,
    /// What resource patterns are compared with.
    pub(crate) resource: &'a str,
    pub(crate) resource_account: &'a str,
    pub(crate) context: &'a Context,
    bounded: bool,
}

impl<'a> PreparedRequest<'a> {
    pub(crate) fn new(request: &Request<'a>, bounded: bool) -> Self {
        let action = request.action.to_ascii_lowercase();
        let resource = matched_resource(&action, request.resource, request.principal);
        Self {
            principal: request.principal,
            action,
            raw_action: request.action,
            resource,
            resource_account: request.resource_account,
            context: request.context,
            bounded,
        }
    }

    pub(crate) fn principal_match(
        &self,
        principals: &Principals,
    ) -> Result<Option<PrincipalMatch>, UndecidableCause> {
        principals.principal_match(self.principal, self.bounded)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Actions {
    pub(crate) negated: bool,
    pub(crate) patterns: Vec<(String, Glob)>,
}

impl Actions {
    pub(crate) fn matches(&self, lower: &str) -> bool {
        self.patterns.iter().any(|(_, glob)| glob.matches(lower)) != self.negated
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Resources {
    pub(crate) negated: bool,
    pub(crate) patterns: Vec<ResourcePattern>,
}

#[derive(Clone, Debug)]
pub(crate) struct ResourcePattern {
    pub(crate) source: String,
    pub(crate) pattern: Pattern,
}

#[derive(Clone, Debug)]
pub(crate) enum Pattern {
    Fixed(Glob),
    Varying(Template),
}

impl Resources {
    pub(crate) fn matches(&self, prepared: &PreparedRequest<'_>) -> Result<bool, UndecidableCause> {
        let mut cause = None;
        for ResourcePattern { pattern, .. } in &self.patterns {
            let matches = match pattern {
                Pattern::Fixed(glob) => glob.matches(prepared.resource),
                Pattern::Varying(template) => match template.resolve(prepared.context) {
                    Ok(Resolved::Pieces(pieces)) => {
                        pieces.into_iter().collect::<Glob>().matches(prepared.resource)
                    }
                    Ok(Resolved::Absent(key)) if self.negated => {
                        cause = cause.or(Some(UndecidableCause::AbsentInNotResource(key)));
                        false
                    }
                    Ok(Resolved::Absent(_)) => false,
                    Err(found) => {
                        cause = cause.or(Some(found));
                        false
                    }
                },
            };
            if matches {
                return Ok(!self.negated);
            }
        }
        cause.map_or(Ok(self.negated), Err)
    }
}
