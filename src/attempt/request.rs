//! A request with every name resolved to the thing it names. Only what fixtures will yield is still
//! open.

use std::{collections::BTreeMap, fmt, sync::Arc};

use gainsay_model::{Bucket, Key, Role, Trail};

use crate::attempt::{Effect, Facet, Field, On, Operation, Param};

/// A call: an operation and its parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The operation.
    pub operation: &'static Operation,
    /// The parameters.
    pub params: BTreeMap<Param, Value>,
}

/// Who asks.
#[derive(Clone, Debug)]
pub enum Principal {
    /// A session of a role.
    Role(Arc<Role>),
    /// Nobody: the request is not signed.
    Anonymous,
}

impl Principal {
    /// The name in a scenario.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Role(role) => &role.name,
            Self::Anonymous => "anonymous",
        }
    }

    /// Whether a refusal of S3 may be a bare `Access Denied`, which names no mechanism: to who does
    /// not sign, and to who is not of the account that owns the bucket
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html>).
    #[must_use]
    pub fn may_be_given_no_reason(&self, bucket_owner: Option<&str>) -> bool {
        match self {
            Self::Anonymous => true,
            Self::Role(role) => bucket_owner.is_some_and(|owner| owner != role.account),
        }
    }
}

/// How a KMS key is named in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyForm {
    /// By its ARN.
    Arn,
    /// By its id.
    Id,
    /// By its alias.
    Alias,
    /// By the ARN of its alias.
    AliasArn,
}

/// The value of a parameter.
#[derive(Clone, Debug)]
pub enum Value {
    /// Who asks.
    Principal(Principal),
    /// A bucket.
    Bucket(Arc<Bucket>),
    /// A key, and how it is named.
    Key(Arc<Key>, KeyForm),
    /// A role to assume.
    Role(Arc<Role>),
    /// A trail.
    Trail(Arc<Trail>),
    /// A fixture, by its place in the row.
    Fixture(usize),
    /// Several fixtures.
    Fixtures(Vec<usize>),
    /// Text.
    Text(Text),
    /// `true` or `false`.
    Bool(bool),
    /// One of the words the parameter has.
    Word(&'static str),
    /// Some of the words the parameter has.
    Words(Vec<&'static str>),
    /// Seconds.
    Seconds(u64),
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Principal(Principal::Role(a)), Self::Principal(Principal::Role(b)))
            | (Self::Role(a), Self::Role(b)) => Arc::ptr_eq(a, b),
            (Self::Principal(Principal::Anonymous), Self::Principal(Principal::Anonymous)) => true,
            (Self::Bucket(a), Self::Bucket(b)) => Arc::ptr_eq(a, b),
            (Self::Trail(a), Self::Trail(b)) => Arc::ptr_eq(a, b),
            (Self::Key(a, form), Self::Key(b, other)) => Arc::ptr_eq(a, b) && form == other,
            (Self::Fixture(a), Self::Fixture(b)) => a == b,
            (Self::Fixtures(a), Self::Fixtures(b)) => a == b,
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Word(a), Self::Word(b)) => a == b,
            (Self::Words(a), Self::Words(b)) => a == b,
            (Self::Seconds(a), Self::Seconds(b)) => a == b,
            _ => false,
        }
    }
}

/// Text, parts of which are known only when the run begins or a fixture has been made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text(pub Vec<TextPart>);

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextPart {
    /// Text that is known when the file is read.
    Literal(String),
    /// The run id.
    Run,
    /// What making a fixture answered.
    Output {
        /// The fixture's place in the row.
        fixture: usize,
        /// The field of its answer.
        field: Field,
    },
}

impl Text {
    /// Text that is wholly known.
    #[must_use]
    pub fn literal(text: impl Into<String>) -> Self {
        Self(vec![TextPart::Literal(text.into())])
    }

    /// The text with what is still open shown by name.
    #[must_use]
    pub fn shown(&self) -> String {
        self.0
            .iter()
            .map(|part| match part {
                TextPart::Literal(text) => text.clone(),
                TextPart::Run => "{run}".to_owned(),
                TextPart::Output { field, .. } => format!("{{{field}}}"),
            })
            .collect()
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Principal(principal) => f.write_str(principal.name()),
            Self::Bucket(bucket) => f.write_str(&bucket.logical),
            Self::Key(key, form) => match form {
                KeyForm::Arn => f.write_str(&key.name),
                KeyForm::Id => write!(f, "{}.id", key.name),
                KeyForm::Alias => write!(f, "{}.alias", key.name),
                KeyForm::AliasArn => write!(f, "{}.alias_arn", key.name),
            },
            Self::Role(role) => f.write_str(&role.name),
            Self::Trail(trail) => f.write_str(&trail.logical),
            Self::Fixture(_) | Self::Fixtures(_) => f.write_str("a fixture"),
            Self::Text(text) => f.write_str(&text.shown()),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Word(word) => f.write_str(word),
            Self::Words(words) => f.write_str(&words.join(", ")),
            Self::Seconds(seconds) => write!(f, "{seconds}s"),
        }
    }
}

impl Request {
    /// Who asks.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        if let Some(Value::Principal(principal)) = self.params.get(&Param::As) {
            principal
        } else {
            &Principal::Anonymous
        }
    }

    /// The bucket.
    #[must_use]
    pub fn bucket(&self) -> Option<&Arc<Bucket>> {
        let Some(Value::Bucket(bucket)) = self.params.get(&Param::Bucket) else { return None };
        Some(bucket)
    }

    /// The text of a parameter.
    #[must_use]
    pub fn text(&self, param: Param) -> Option<&Text> {
        let Some(Value::Text(text)) = self.params.get(&param) else { return None };
        Some(text)
    }

    /// The action AWS authorizes the call as.
    #[must_use]
    pub fn action(&self) -> &'static str {
        match self.operation.action_with_version {
            Some(action) if self.params.contains_key(&Param::Version) => action,
            _ => self.operation.action,
        }
    }

    /// The parameters in which two requests differ.
    #[must_use]
    pub fn differing(&self, other: &Self) -> Vec<Param> {
        let mut params: Vec<Param> =
            self.params.keys().chain(other.params.keys()).copied().collect();
        params.sort_unstable();
        params.dedup();
        params.retain(|param| self.params.get(param) != other.params.get(param));
        params
    }

    /// What the requests differ in.
    #[must_use]
    pub fn facets(&self, other: &Self) -> Vec<Facet> {
        let mut facets: Vec<Facet> = self.differing(other).into_iter().map(Param::facet).collect();
        facets.sort_unstable();
        facets.dedup();
        facets
    }

    /// Whether a witness acts on the very thing an attempt acts on, in the same way. A read of one
    /// version shows that there is something under the key, also where the attempt names no version
    /// and would meet a delete marker.
    #[must_use]
    pub fn same_target(&self, attempt: &Self) -> bool {
        let target: &[Param] = match self.operation.on {
            On::Object => &[Param::Bucket, Param::Key, Param::Version],
            On::Bucket => &[Param::Bucket],
            // Who may retire a grant is said by the grant itself.
            On::Key if self.operation.needs.contains(&Param::Grant) => {
                &[Param::KeyId, Param::Grant]
            }
            On::Key => &[Param::KeyId, Param::SourceKey],
            On::Alias => &[Param::Alias, Param::KeyId],
            On::Role | On::Jobs => &[Param::Role],
            On::AccessPoint => &[Param::AccessPoint],
            On::Job => &[Param::Job],
            On::Trail => &[Param::Trail],
            On::AccessGrants => &[Param::Bucket, Param::Prefix],
            On::Locations => &[Param::Bucket, Param::Prefix, Param::Role],
            On::Location => &[Param::Location, Param::Prefix],
            On::Account | On::Anything | On::Nothing => &[],
        };
        let any_version =
            self.operation.effect == Effect::Reads && !attempt.params.contains_key(&Param::Version);
        let same = |param: &Param| {
            (*param == Param::Version && any_version)
                || self.params.get(param) == attempt.params.get(param)
        };
        self.operation == attempt.operation && target.iter().all(same)
    }

    /// The differences from another request, in words: `encryption: AES256 instead of aws:kms`.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let mut words = Vec::new();
        if self.operation != other.operation {
            words.push(format!("do: {} instead of {}", self.operation, other.operation));
        }
        for param in self.differing(other) {
            words.push(match (self.params.get(&param), other.params.get(&param)) {
                (Some(mine), Some(theirs)) => format!("{param}: {mine} instead of {theirs}"),
                (Some(mine), None) => format!("{param}: {mine}"),
                (None, _) => format!("no {param}"),
            });
        }
        words
    }

    /// Fixtures the request refers to.
    pub fn fixtures(&self) -> impl Iterator<Item = usize> {
        self.params.values().flat_map(Value::fixtures)
    }
}

impl Value {
    /// Fixtures the value refers to.
    #[must_use]
    pub fn fixtures(&self) -> Vec<usize> {
        match self {
            Self::Fixture(index) => vec![*index],
            Self::Fixtures(indexes) => indexes.clone(),
            Self::Text(text) => text
                .0
                .iter()
                .filter_map(|part| match part {
                    TextPart::Output { fixture, .. } => Some(*fixture),
                    TextPart::Literal(_) | TextPart::Run => None,
                })
                .collect(),
            Self::Principal(_)
            | Self::Bucket(_)
            | Self::Key(..)
            | Self::Role(_)
            | Self::Trail(_)
            | Self::Bool(_)
            | Self::Word(_)
            | Self::Words(_)
            | Self::Seconds(_) => Vec::new(),
        }
    }
}

/// Something that must exist for the attempts to mean anything.
#[derive(Clone, Debug)]
pub struct Fixture {
    /// Its name in the file.
    pub name: String,
    /// The request that makes it.
    pub request: Arc<Request>,
    /// The line it is written on.
    pub line: usize,
}

impl Fixture {
    /// Whether it is a state that every attempt of the row meets, named or not.
    #[must_use]
    pub fn sets_the_scene(&self) -> bool {
        self.request.operation.sets_the_scene()
    }
}
