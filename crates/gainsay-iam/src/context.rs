//! What is asked: the request and its condition context.

use std::collections::BTreeMap;

use super::outside::{Outside, Unsaid, outside};
use super::principal::Principal;

/// One request, complete: everything a policy can ask about it.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Who asks.
    pub principal: &'a Principal,
    /// The action, such as `s3:GetObject`; case does not matter.
    pub action: &'a str,
    /// The ARN of the resource, or `*` where the action has none.
    pub resource: &'a str,
    /// The account that owns the resource.
    pub resource_account: &'a str,
    /// The condition keys of the request.
    pub context: &'a Context,
}

/// A request that stands for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedRequest {
    /// See [`Request::principal`].
    pub principal: Principal,
    /// See [`Request::action`].
    pub action: String,
    /// See [`Request::resource`].
    pub resource: String,
    /// See [`Request::resource_account`].
    pub resource_account: String,
    /// See [`Request::context`].
    pub context: Context,
}

impl OwnedRequest {
    /// The request.
    #[must_use]
    pub fn request(&self) -> Request<'_> {
        Request {
            principal: &self.principal,
            action: &self.action,
            resource: &self.resource,
            resource_account: &self.resource_account,
            context: &self.context,
        }
    }
}

impl From<&Request<'_>> for OwnedRequest {
    fn from(request: &Request<'_>) -> Self {
        Self {
            principal: request.principal.clone(),
            action: request.action.to_owned(),
            resource: request.resource.to_owned(),
            resource_account: request.resource_account.to_owned(),
            context: request.context.clone(),
        }
    }
}

/// The condition context of a request. It is complete: a key it lacks is absent, unless it follows
/// from something of which nothing is said. Keys are case-insensitive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// By key in lower case; `None` is a key whose presence is not known.
    keys: BTreeMap<String, Option<Vec<String>>>,
    /// That of which nothing is said: what follows from it and is not set may be there or not.
    unsaid: Unsaid,
}

/// What a context says of one key.
pub(super) enum Found<'a> {
    Absent,
    Unmodelled,
    /// It follows from this, of which nothing is said.
    Unsaid(Outside),
    Values(&'a [String]),
}

impl Context {
    /// A context without keys.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives a key one value, in place of any it had.
    pub fn set(&mut self, key: &str, value: impl Into<String>) {
        self.keys.insert(key.to_lowercase(), Some(vec![value.into()]));
    }

    /// Gives a key these values, in place of any it had. Without values the key counts as absent.
    pub fn set_all(&mut self, key: &str, values: impl IntoIterator<Item = String>) {
        self.keys.insert(key.to_lowercase(), Some(values.into_iter().collect()));
    }

    /// Says that it is not known whether AWS would send this key: what reads it is undecidable.
    pub fn set_unmodelled(&mut self, key: &str) {
        self.keys.insert(key.to_lowercase(), None);
    }

    /// Says that nothing is said of these: what reads a key that follows from one of them, and is
    /// not set, is undecidable.
    pub fn leave_unsaid(&mut self, outside: impl IntoIterator<Item = Outside>) {
        outside.into_iter().for_each(|outside| self.unsaid.add(outside));
    }

    /// The values of a key; `None` if it is absent or not known.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&[String]> {
        match self.find(&key.to_lowercase()) {
            Found::Values(values) => Some(values),
            Found::Absent | Found::Unmodelled | Found::Unsaid(_) => None,
        }
    }

    /// The keys that have a value, in lower case, with their values.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.keys.iter().filter_map(|(key, values)| {
            Some((key.as_str(), values.as_deref().filter(|values| !values.is_empty())?))
        })
    }

    /// What is known of a key, given in lower case.
    pub(super) fn find(&self, lower: &str) -> Found<'_> {
        match self.keys.get(lower) {
            None if self.unsaid == Unsaid::default() => Found::Absent,
            None => match outside(lower) {
                Some(outside) if self.unsaid.has(outside) => Found::Unsaid(outside),
                _ => Found::Absent,
            },
            Some(None) => Found::Unmodelled,
            Some(Some(values)) if values.is_empty() => Found::Absent,
            Some(Some(values)) => Found::Values(values),
        }
    }
}
