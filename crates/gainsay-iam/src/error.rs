//! Errors: what is wrong with a document, and what this engine declines to decide.

use std::fmt;

use crate::evaluate::Reason;
use crate::external::ExternalSource;
use crate::layer::PolicyKind;

/// One step from the document to an element inside it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PathStep {
    /// Into the value of this key.
    Key(String),
    /// Into this element of a list.
    Index(usize),
}

impl fmt::Display for PathStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PathStep::Key(key) => f.write_str(key),
            PathStep::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// The error for a policy document that AWS would not store. The message names the problem and the
/// element: ``unknown element `Resorce` (at `Statement[0].Resorce`)``.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{problem}{}", at(path))]
pub struct DocumentError {
    path: Vec<PathStep>,
    problem: Problem,
}

fn at(path: &[PathStep]) -> String {
    let mut text = String::new();
    for step in path {
        if matches!(step, PathStep::Key(_)) && !text.is_empty() {
            text.push('.');
        }
        text.push_str(&step.to_string());
    }
    if text.is_empty() { text } else { format!(" (at `{text}`)") }
}

impl DocumentError {
    pub(crate) fn new(path: &[PathStep], problem: Problem) -> Self {
        Self { path: path.to_vec(), problem }
    }

    /// Where in the document; [`locate`](crate::locate) turns it into a line of the text.
    #[must_use]
    pub fn path(&self) -> &[PathStep] {
        &self.path
    }

    /// What is wrong with the element.
    #[must_use]
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// A proposal how to fix it, if there is one, such as ``did you mean `Principal`?``.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match &self.problem {
            Problem::UnknownElement { suggestion, .. }
            | Problem::UnknownPrincipalType { suggestion, .. }
            | Problem::UnknownOperator { suggestion, .. } => {
                suggestion.map(|word| format!("did you mean `{word}`?"))
            }
            Problem::Version { .. } => Some("write `2012-10-17`".to_owned()),
            Problem::Effect { .. } => Some("write `Allow` or `Deny`".to_owned()),
            Problem::Missing { element, .. } => Some(format!("add `{element}` here")),
            Problem::Forbidden { element, .. } => Some(format!("remove `{element}`")),
            Problem::Both { second, .. } => {
                Some(format!("keep one of them, for example remove `{second}`"))
            }
            Problem::Empty { .. } => {
                Some("write at least one entry, or remove the element".to_owned())
            }
            Problem::DuplicateSid { .. } => {
                Some("give each statement a `Sid` of its own".to_owned())
            }
            Problem::DuplicateKey { .. } => Some("merge the two into one".to_owned()),
            Problem::TooLarge { .. } => Some("merge statements or shorten lists".to_owned()),
            Problem::Json { .. }
            | Problem::WrongType { .. }
            | Problem::Sid { .. }
            | Problem::Action { .. }
            | Problem::Resource { .. }
            | Problem::Principal { .. }
            | Problem::Value { .. }
            | Problem::SetOperator { .. }
            | Problem::Variable { .. } => None,
        }
    }
}

/// What is wrong with one element of a document.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The text is no JSON.
    #[error("not JSON, line {line}, column {column}: {message}")]
    Json {
        /// 1-based line.
        line: usize,
        /// 1-based column.
        column: usize,
        /// The message of the JSON parser.
        message: String,
    },
    /// One object has a key twice; JSON readers keep one of them silently, AWS refuses.
    #[error("key `{key}` is written twice in one object, line {line}, column {column}")]
    DuplicateKey {
        /// The key that is there twice.
        key: String,
        /// 1-based line of the second one.
        line: usize,
        /// 1-based column of the second one.
        column: usize,
    },
    /// A value of another JSON type than the element takes.
    #[error("expected {expected}, found {found}")]
    WrongType {
        /// What the element takes.
        expected: &'static str,
        /// What is there.
        found: &'static str,
    },
    /// An element the policy language does not have.
    #[error("unknown element `{name}`")]
    UnknownElement {
        /// The text in the document.
        name: String,
        /// The nearest element there is.
        suggestion: Option<&'static str>,
    },
    /// An element this kind of policy must have.
    #[error("missing element `{element}`")]
    Missing {
        /// The element.
        element: &'static str,
        /// The kind of policy.
        kind: PolicyKind,
    },
    /// An element this kind of policy, or this statement, may not have.
    #[error("`{element}` is not allowed {context}")]
    Forbidden {
        /// The element.
        element: &'static str,
        /// Where it is not allowed, such as `in a trust policy`.
        context: String,
    },
    /// Two elements that exclude each other.
    #[error("`{first}` and `{second}` exclude each other")]
    Both {
        /// The name of one element.
        first: &'static str,
        /// The name of the other element.
        second: &'static str,
    },
    /// A list or object that must not be empty.
    #[error("`{element}` is empty")]
    Empty {
        /// The element.
        element: String,
    },
    /// A `Version` AWS does not have.
    #[error("unknown policy version `{found}`")]
    Version {
        /// The text in the document.
        found: String,
    },
    /// An `Effect` AWS does not have.
    #[error("unknown effect `{found}`")]
    Effect {
        /// The text in the document.
        found: String,
    },
    /// A `Sid` with characters this kind of policy does not take.
    #[error("sid `{sid}` is not alphanumeric: use letters and digits only in {kind} statements")]
    Sid {
        /// The text in the document.
        sid: String,
        /// The kind of policy.
        kind: PolicyKind,
    },
    /// A `Sid` used by an earlier statement.
    #[error("sid `{sid}` is used twice")]
    DuplicateSid {
        /// The text in the document.
        sid: String,
    },
    /// An action that does not follow the grammar, or that this kind of policy does not take.
    #[error("invalid action `{action}`: {why}")]
    Action {
        /// The text in the document.
        action: String,
        /// What is wrong and what to write.
        why: &'static str,
    },
    /// A resource that does not follow the grammar, or that this kind of policy does not take.
    #[error("invalid resource `{resource}`: {why}")]
    Resource {
        /// The text in the document.
        resource: String,
        /// What is wrong and what to write.
        why: &'static str,
    },
    /// A principal that does not follow the grammar, or that this kind of policy does not take.
    #[error("invalid principal `{principal}`: {why}")]
    Principal {
        /// The text in the document.
        principal: String,
        /// What is wrong and what to write.
        why: &'static str,
    },
    /// A principal type AWS does not have.
    #[error("unknown principal type `{name}`")]
    UnknownPrincipalType {
        /// The text in the document.
        name: String,
        /// The nearest type there is.
        suggestion: Option<&'static str>,
    },
    /// A condition operator AWS does not have.
    #[error("unknown condition operator `{name}`")]
    UnknownOperator {
        /// The text in the document.
        name: String,
        /// The nearest operator there is.
        suggestion: Option<&'static str>,
    },
    /// A condition value the operator cannot compare with.
    #[error("`{value}` is no value for `{operator}`: write {expected}")]
    Value {
        /// The operator in the document.
        operator: String,
        /// The value in the document.
        value: String,
        /// What the operator takes.
        expected: &'static str,
    },
    /// A set operator on a key that has one value, which KMS refuses.
    #[error("`{operator}` is not allowed for `{key}` in a key policy: the key has one value")]
    SetOperator {
        /// The operator in the document.
        operator: String,
        /// The condition key in the document.
        key: String,
    },
    /// A policy variable with invalid syntax.
    #[error("invalid policy variable in `{text}`: {why}")]
    Variable {
        /// The text it is in.
        text: String,
        /// What is wrong and what to write.
        why: &'static str,
    },
    /// More text than AWS stores for this kind.
    #[error("{kind} of {size} bytes without white space: the limit is {limit}")]
    TooLarge {
        /// The size of this one.
        size: usize,
        /// The most there may be.
        limit: usize,
        /// The kind of policy.
        kind: PolicyKind,
    },
}

impl Problem {
    /// The stable code of the problem, such as `unknown-element`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Json { .. } => "json",
            Self::DuplicateKey { .. } => "duplicate-key",
            Self::WrongType { .. } => "wrong-type",
            Self::UnknownElement { .. } => "unknown-element",
            Self::Missing { .. } => "missing-element",
            Self::Forbidden { .. } => "forbidden-element",
            Self::Both { .. } => "exclusive-elements",
            Self::Empty { .. } => "empty-element",
            Self::Version { .. } => "version",
            Self::Effect { .. } => "effect",
            Self::Sid { .. } => "sid",
            Self::DuplicateSid { .. } => "duplicate-sid",
            Self::Action { .. } => "action",
            Self::Resource { .. } => "resource",
            Self::Principal { .. } => "principal",
            Self::UnknownPrincipalType { .. } => "unknown-principal-type",
            Self::UnknownOperator { .. } => "unknown-operator",
            Self::Value { .. } => "value",
            Self::SetOperator { .. } => "set-operator",
            Self::Variable { .. } => "variable",
            Self::TooLarge { .. } => "too-large",
        }
    }
}

/// The error for a request that this engine declines to decide. AWS would decide it, by something
/// that is not modelled here or that its documentation leaves open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Undecidable {
    /// A condition or variable reads a key whose presence in the request is not known.
    #[error("{at} reads the condition key `{key}`, which is not modelled for this request")]
    UnmodelledKey {
        /// The undecidable statement.
        at: Reason,
        /// The key, in lower case.
        key: String,
    },
    /// A condition or variable reads a key that is determined by something that is not known.
    #[error(
        "{at} reads the condition key `{key}`, and nothing says whether the request has it: \
         {determined_by}"
    )]
    MissingContext {
        /// The undecidable statement.
        at: Reason,
        /// The key, in lower case.
        key: String,
        /// What determines the key.
        determined_by: ExternalSource,
    },
    /// An operator for one value reads a key that has several in this request.
    #[error(
        "{at} compares `{key}`, which has several values in this request: use `ForAllValues:` or \
         `ForAnyValue:`"
    )]
    SeveralValues {
        /// The undecidable statement.
        at: Reason,
        /// The key, in lower case.
        key: String,
    },
    /// A policy variable names a key that has several values in this request.
    #[error("{at} uses the policy variable `{key}`, which has several values in this request")]
    SeveralValuesInVariable {
        /// The undecidable statement.
        at: Reason,
        /// The key, in lower case.
        key: String,
    },
    /// A `NotResource` names a variable that has no value in this request; AWS documents only
    /// `Resource`.
    #[error(
        "{at} uses the policy variable `{key}` in `NotResource`, and it has no value in this \
         request"
    )]
    AbsentInNotResource {
        /// The undecidable statement.
        at: Reason,
        /// The key, in lower case.
        key: String,
    },
    /// An ARN operator compares with a lone `*`; AWS documents that each of the six segments is
    /// compared for itself, and of this not whether it is every ARN.
    #[error("{at} compares an ARN with `{value}`, which has not the six segments of one")]
    NotAnArn {
        /// The undecidable statement.
        at: Reason,
        /// The value that is no ARN.
        value: String,
    },
    /// A statement names a canonical user; which account that is, is not part of a request.
    #[error("{at} names a canonical user, whose account is not known: name the account's ARN")]
    CanonicalUser {
        /// The undecidable statement.
        at: Reason,
    },
    /// A `NotPrincipal` lists the caller without its role or account; AWS documents only that it
    /// "might" deny.
    #[error("{at} lists the caller in `NotPrincipal` without {missing}: list that, too")]
    PartialNotPrincipal {
        /// The undecidable statement.
        at: Reason,
        /// What of the caller is not listed, such as `its account`.
        missing: &'static str,
    },
    /// Public buckets are restricted, and whether the bucket policy is public is not known.
    #[error(
        "{at} grants to everyone under a condition of which it is not known whether S3 Block Public \
         Access calls the policy public"
    )]
    Publicity {
        /// The statement that may make the policy public.
        at: Reason,
    },
}

impl Undecidable {
    /// The stable code of the reason, such as `missing-context`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnmodelledKey { .. } => "key-not-modelled",
            Self::MissingContext { .. } => "missing-context",
            Self::SeveralValues { .. } => "several-values",
            Self::SeveralValuesInVariable { .. } => "several-values-in-variable",
            Self::AbsentInNotResource { .. } => "absent-in-not-resource",
            Self::NotAnArn { .. } => "not-an-arn",
            Self::CanonicalUser { .. } => "canonical-user",
            Self::PartialNotPrincipal { .. } => "partial-not-principal",
            Self::Publicity { .. } => "publicity-not-known",
        }
    }

    /// The statement that is undecidable.
    #[must_use]
    pub fn at(&self) -> &Reason {
        match self {
            Undecidable::UnmodelledKey { at, .. }
            | Undecidable::MissingContext { at, .. }
            | Undecidable::SeveralValues { at, .. }
            | Undecidable::SeveralValuesInVariable { at, .. }
            | Undecidable::AbsentInNotResource { at, .. }
            | Undecidable::NotAnArn { at, .. }
            | Undecidable::CanonicalUser { at }
            | Undecidable::PartialNotPrincipal { at, .. }
            | Undecidable::Publicity { at } => at,
        }
    }
}

/// Why an element of a statement is undecidable; with the statement it becomes an [`Undecidable`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum UndecidableCause {
    Unmodelled(String),
    MissingContext(String, ExternalSource),
    SeveralValues(String),
    SeveralInVariable(String),
    AbsentInNotResource(String),
    NotAnArn(String),
    CanonicalUser,
    PartialNotPrincipal(&'static str),
}

impl UndecidableCause {
    pub(crate) fn at(self, at: Reason) -> Undecidable {
        match self {
            UndecidableCause::Unmodelled(key) => Undecidable::UnmodelledKey { at, key },
            UndecidableCause::MissingContext(key, determined_by) => {
                Undecidable::MissingContext { at, key, determined_by }
            }
            UndecidableCause::SeveralValues(key) => Undecidable::SeveralValues { at, key },
            UndecidableCause::SeveralInVariable(key) => {
                Undecidable::SeveralValuesInVariable { at, key }
            }
            UndecidableCause::AbsentInNotResource(key) => {
                Undecidable::AbsentInNotResource { at, key }
            }
            UndecidableCause::NotAnArn(value) => Undecidable::NotAnArn { at, value },
            UndecidableCause::CanonicalUser => Undecidable::CanonicalUser { at },
            UndecidableCause::PartialNotPrincipal(missing) => {
                Undecidable::PartialNotPrincipal { at, missing }
            }
        }
    }
}

/// The candidate closest to a misspelt word, if any is close enough to be worth proposing.
pub(crate) fn closest_word(
    word: &str,
    candidates: impl IntoIterator<Item = &'static str>,
) -> Option<&'static str> {
    let lower = word.to_lowercase();
    let most = (word.chars().count() / 3).clamp(1, 4);
    candidates
        .into_iter()
        .map(|candidate| {
            (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate)
        })
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
