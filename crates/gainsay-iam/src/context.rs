//! A request and its condition context: the input of an evaluation, apart from the policies.

use std::borrow::Cow;
use std::slice;

use crate::external::{ExternalSource, UnknownSources, external_source};
use crate::principal::Principal;

/// A request as an AWS service authorizes it: everything that a policy can match.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The caller.
    pub principal: &'a Principal,
    /// The action, such as `s3:GetObject`; case does not matter.
    pub action: &'a str,
    /// The ARN of the resource, or `*` where the action has none.
    pub resource: &'a str,
    /// The id of the account that owns the resource, of twelve digits.
    pub resource_account: &'a str,
    /// The condition keys of the request.
    pub context: &'a Context,
}

/// A [`Request`] that owns its parts, for requests that outlive what they were made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedRequest {
    /// The caller.
    pub principal: Principal,
    /// The action, such as `s3:GetObject`; case does not matter.
    pub action: String,
    /// The ARN of the resource, or `*` where the action has none.
    pub resource: String,
    /// The id of the account that owns the resource, of twelve digits.
    pub resource_account: String,
    /// The condition keys of the request.
    pub context: Context,
}

impl OwnedRequest {
    /// Borrows the parts, as [`evaluate`](crate::evaluate()) takes them.
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

/// The condition keys of a request with their values. Names of keys are case-insensitive.
///
/// A context is complete: a key that is not set is absent from the request, and conditions read it
/// as AWS reads an absent key. Where that is not known, [`set_unmodelled`](Self::set_unmodelled)
/// and [`set_unknown`](Self::set_unknown) make whatever reads the key
/// [`Undecidable`](crate::Undecidable).
///
/// ```
/// use gainsay_iam::{Context, ContextValue};
///
/// let mut context = Context::new();
/// context.set("aws:SecureTransport", "true");
/// context.set_all("aws:TagKeys", ["team", "stage"].map(str::to_owned));
/// context.set_unmodelled("kms:RequestAlias");
///
/// assert_eq!(context.get("AWS:SecureTransport"), Some(&["true".to_owned()][..]));
/// assert_eq!(context.value("aws:SourceIp"), ContextValue::Absent);
/// assert_eq!(context.value("kms:RequestAlias"), ContextValue::Unmodelled);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// In the order of the keys, which are in lower case: a request has a few, so that a sorted
    /// list is faster than a map.
    keys: Vec<(Cow<'static, str>, Values)>,
    /// A key that begins with one of these, in lower case, and is not set, may be present or not.
    unmodelled_prefixes: Vec<String>,
    /// A key that follows from one of these, and is not set, may be present or not.
    unknown: UnknownSources,
}

/// What a context has for a key.
#[derive(Clone, Debug)]
enum Values {
    /// The presence of the key is not known.
    Unmodelled,
    /// The one value that nearly every key has.
    One(String),
    /// Any other number of values; if none, the key is absent.
    Many(Vec<String>),
}

impl Values {
    fn known(&self) -> Option<&[String]> {
        match self {
            Self::Unmodelled => None,
            Self::One(value) => Some(slice::from_ref(value)),
            Self::Many(values) => Some(values),
        }
    }
}

impl PartialEq for Values {
    fn eq(&self, other: &Self) -> bool {
        self.known() == other.known()
    }
}

impl Eq for Values {}

/// What is known of one condition key of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContextValue<'a> {
    /// The request does not have the key.
    Absent,
    /// Whether AWS would send the key is not modelled.
    Unmodelled,
    /// The key follows from this, of which nothing is known.
    Unknown(ExternalSource),
    /// The request has the key, with at least one value.
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
        self.insert(lower(key), Values::One(value.into()));
    }

    /// Gives a key, whose name is in lower case, one value.
    pub(crate) fn set_owned(&mut self, lower: String, value: &str) {
        self.insert(Cow::Owned(lower), Values::One(value.to_owned()));
    }

    /// Gives a key several values, in place of any it had. Without values the key is absent.
    pub fn set_all(&mut self, key: &str, values: impl IntoIterator<Item = String>) {
        self.insert(lower(key), Values::Many(values.into_iter().collect()));
    }

    /// Marks a key of which it is not known whether AWS would send it: a statement that reads it is
    /// undecidable.
    pub fn set_unmodelled(&mut self, key: &str) {
        self.insert(lower(key), Values::Unmodelled);
    }

    /// Marks all keys that begin with this text, such as `s3:ExistingObjectTag/`, and are not set,
    /// as [`set_unmodelled`](Self::set_unmodelled) marks one.
    pub fn set_unmodelled_prefix(&mut self, prefix: &str) {
        self.unmodelled_prefixes.push(prefix.to_lowercase());
    }

    /// Sets a key, whose name is in lower case, of which nothing was said: to a value, or to one
    /// that is not known. Says whether that was so.
    pub(crate) fn set_unless_said(
        &mut self,
        lower: &'static str,
        value: impl FnOnce() -> Option<String>,
    ) -> bool {
        let place = self.keys.binary_search_by(|(known, _)| known.as_ref().cmp(lower));
        if let Err(at) = place {
            let values = value().map_or(Values::Unmodelled, Values::One);
            self.keys.insert(at, (Cow::Borrowed(lower), values));
        }
        place.is_err()
    }

    fn insert(&mut self, key: Cow<'static, str>, values: Values) {
        match self.keys.binary_search_by(|(known, _)| known.as_ref().cmp(&key)) {
            Ok(at) => {
                if let Some((_, place)) = self.keys.get_mut(at) {
                    *place = values;
                }
            }
            Err(at) => self.keys.insert(at, (key, values)),
        }
    }

    /// Marks sources of which nothing is known, such as the network: a statement that reads a key
    /// that follows from one of them, and is not set, is undecidable.
    pub fn set_unknown(&mut self, sources: impl IntoIterator<Item = ExternalSource>) {
        sources.into_iter().for_each(|source| self.unknown.add(source));
    }

    /// The values of a key; `None` if it is absent or not known. [`value`](Self::value) tells one
    /// from the other.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&[String]> {
        match self.value(key) {
            ContextValue::Values(values) => Some(values),
            ContextValue::Absent | ContextValue::Unmodelled | ContextValue::Unknown(_) => None,
        }
    }

    /// What is known of a key.
    #[must_use]
    pub fn value(&self, key: &str) -> ContextValue<'_> {
        self.find(&key.to_lowercase())
    }

    /// The keys that have a value, in lower case, with their values.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.keys.iter().filter_map(|(key, values)| {
            Some((key.as_ref(), values.known().filter(|values| !values.is_empty())?))
        })
    }

    /// Whether anything was said of a key, whose name is in lower case: that it is absent, too.
    pub(crate) fn says(&self, lower: &str) -> bool {
        self.entry(lower).is_some()
    }

    fn entry(&self, lower: &str) -> Option<&Values> {
        let at = self.keys.binary_search_by(|(known, _)| known.as_ref().cmp(lower)).ok()?;
        self.keys.get(at).map(|(_, values)| values)
    }

    /// What is known of a key whose name is in lower case already: conditions keep it so.
    pub(crate) fn find(&self, lower: &str) -> ContextValue<'_> {
        match self.entry(lower).map(Values::known) {
            None if self.unmodelled_prefixes.iter().any(|prefix| lower.starts_with(prefix)) => {
                ContextValue::Unmodelled
            }
            None if self.unknown == UnknownSources::default() => ContextValue::Absent,
            None => match external_source(lower) {
                Some(source) if self.unknown.has(source) => ContextValue::Unknown(source),
                _ => ContextValue::Absent,
            },
            Some(None) => ContextValue::Unmodelled,
            Some(Some([])) => ContextValue::Absent,
            Some(Some(values)) => ContextValue::Values(values),
        }
    }
}

fn lower(key: &str) -> Cow<'static, str> {
    Cow::Owned(key.to_lowercase())
}
