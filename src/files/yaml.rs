//! The one way from YAML text to a typed value.
//!
//! `serde-saphyr` gives places, duplicate-key errors and input budgets; its errors become
//! [`Diagnostic`]s here, so that every message of the program has the same form. What no file may
//! hold, whatever its type, is found before by `shape`.

mod located;
mod shape;

use std::{marker::PhantomData, ops::Range};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, MapAccess, Visitor},
};
use serde_saphyr::{DuplicateKeyPolicy, Error, Location, MergeKeyPolicy, Options};

use gainsay_model::Source;

pub use self::located::Located;
use super::diag::{Code, Diagnostic};

/// Longer files are refused before they are parsed.
pub const MAX_BYTES: usize = 1 << 20;
const MAX_DEPTH: usize = 24;
const MAX_NODES: usize = 50_000;

/// Reads one YAML document.
///
/// # Errors
/// The first problem of the file: shape errors end the reading of a file, so there is one at most.
pub fn read<T: DeserializeOwned>(source: &Source) -> Result<T, Diagnostic> {
    let text = source.text();
    if text.len() > MAX_BYTES {
        return Err(too_long(source.name(), text.len()));
    }
    if let Some(tab) = indenting_tab(text) {
        return Err(Diagnostic::new(Code::Syntax, "a tab cannot indent YAML")
            .at(source, tab..tab + 1)
            .help("use spaces"));
    }
    shape::check(source)?;
    serde_saphyr::from_str_with_options(text, options()).map_err(|error| diagnose(source, &error))
}

fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            max_nodes: MAX_NODES,
            max_events: 4 * MAX_NODES,
            max_anchors: 0,
            max_aliases: 0,
            max_merge_keys: 0,
            max_documents: 1,
            max_total_scalar_bytes: MAX_BYTES,
        },
        duplicate_keys: DuplicateKeyPolicy::Error,
        merge_keys: MergeKeyPolicy::Error,
        strict_booleans: true,
        reject_unsupported_tags: true,
    }
}

/// The byte range of a place; an unknown place is the start of the file.
pub(super) fn span_of(location: &Location) -> Range<usize> {
    let span = location.span();
    let number = |value: Option<u64>, otherwise: u64| {
        usize::try_from(value.unwrap_or(otherwise)).unwrap_or_default()
    };
    let start = number(span.byte_offset(), span.offset());
    start..start + number(span.byte_len(), span.len())
}

/// The first tab in the indentation of a line, which YAML forbids.
fn indenting_tab(text: &str) -> Option<usize> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        let blank = line.trim().is_empty();
        if let Some(tab) = line.get(..indent).and_then(|indent| indent.find('\t'))
            && !blank
        {
            return Some(start + tab);
        }
        start += line.len();
    }
    None
}

fn diagnose(source: &Source, error: &Error) -> Diagnostic {
    let span = error.location().map_or(0..0, |location| span_of(&location));
    let problem = match error.without_snippet() {
        Error::SerdeUnknownField { field, expected, .. } => {
            Diagnostic::new(Code::UnknownKey, format!("there is no `{field}` here"))
                .suggest(field, expected.iter().copied())
        }
        Error::SerdeUnknownVariant { variant, expected, .. } => {
            Diagnostic::new(Code::BadValue, format!("`{variant}` is not a value of this key"))
                .suggest(variant, expected.iter().copied())
        }
        Error::SerdeMissingField { field, .. } => {
            Diagnostic::new(Code::MissingKey, format!("`{field}` is missing"))
                .help(format!("add `{field}:`"))
        }
        Error::DuplicateMappingKey { key, .. } => {
            let key = key.as_deref().unwrap_or("?");
            Diagnostic::new(Code::DuplicateKey, format!("`{key}` is written twice"))
                .help("keep one of them")
        }
        Error::NullIntoString { .. } => Diagnostic::new(Code::EmptyValue, "a null asserts nothing")
            .help("write a value, or remove the key"),
        Error::MultipleDocuments { .. } => several_documents(),
        Error::MergeKeyNotAllowed { .. } | Error::UnknownAnchor { .. } => anchor(),
        Error::UnsupportedTag { .. } => tag(),
        Error::Budget { .. } => too_large(),
        Error::InvalidBooleanStrict { .. } => {
            let word = word_at(source, &span);
            Diagnostic::new(Code::WrongType, format!("`{word}` is neither `true` nor `false`"))
                .help("write `true` or `false`")
        }
        Error::Unexpected { expected, .. } => wrong_type(source, &span, expected),
        Error::SerdeInvalidType { expected, .. } | Error::SerdeInvalidValue { expected, .. } => {
            wrong_type(source, &span, expected)
        }
        other => {
            let text = other.to_string();
            let (message, _) = text.split_once(" at line ").unwrap_or((&text, ""));
            Diagnostic::new(Code::Syntax, message.lines().next().unwrap_or_default())
                .help("compare it with the other files of the folder")
        }
    };
    problem.at(source, span)
}

/// A file that is longer than any scenario.
pub(crate) fn too_long(name: &str, bytes: usize) -> Diagnostic {
    Diagnostic::new(
        Code::TooLarge,
        format!("`{name}` has {bytes} bytes; a file may have {MAX_BYTES}"),
    )
    .help("split the file")
}

fn anchor() -> Diagnostic {
    Diagnostic::new(Code::Anchor, "YAML anchors, aliases and merges hide what a file says")
        .help("write the values out, or use `for_each`")
}

fn tag() -> Diagnostic {
    Diagnostic::new(Code::Anchor, "YAML tags hide what a file says").help("remove the tag")
}

fn several_documents() -> Diagnostic {
    Diagnostic::new(Code::Syntax, "the file has several documents")
        .help("write one scenario to a file; remove the `---`")
}

fn too_large() -> Diagnostic {
    Diagnostic::new(
        Code::TooLarge,
        format!(
            "the file nests deeper than {MAX_DEPTH} levels or has more than {MAX_NODES} values"
        ),
    )
    .help("a scenario needs far less; split the file")
}

/// What is written at a place, up to the end of the word.
fn word_at<'a>(source: &'a Source, span: &Range<usize>) -> &'a str {
    let written = source.text().get(span.start..).unwrap_or_default();
    let end = written.find(|c: char| c.is_whitespace() || matches!(c, ',' | ']' | '}'));
    written.get(..end.unwrap_or(written.len())).unwrap_or_default()
}

/// A value of another kind than its key wants, told by what stands at its place.
fn wrong_type(source: &Source, span: &Range<usize>, expected: &str) -> Diagnostic {
    let written = source.text().get(span.start..).unwrap_or_default();
    let line = written.lines().next().unwrap_or_default().trim_end();
    let found = if line.starts_with('[') || line.starts_with("- ") {
        "a list"
    } else if line.starts_with('{')
        || (!line.starts_with(['"', '\'']) && (line.contains(": ") || line.ends_with(':')))
    {
        "a mapping"
    } else {
        "a text"
    };
    let (wanted, help) = if expected.contains("mapping") {
        ("a mapping", "write `key: value`, or `{ key: value }`")
    } else if expected.contains("list of texts") {
        ("a text or a list of texts", "write a text, or `[a, b]`")
    } else if expected.contains("sequence") {
        ("a list", "write a list, as `[a, b]`")
    } else if expected.contains("string") {
        ("a text", "write a text; in quotes where it begins with a sign")
    } else {
        (expected, "write that")
    };
    Diagnostic::new(Code::WrongType, format!("{found} stands where {wanted} is wanted")).help(help)
}

/// For `Option` fields: what is written must be a value. serde would read `key:` (null) as "not
/// written".
pub(crate) fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// A field of which there are many of one type, and whose value must be one where it is written, as
/// `present` sees to: a type of its own is compiled once, a function named at every field once for
/// each.
#[derive(Clone, Debug)]
pub struct Written<T>(pub Option<T>);

impl<T> Default for Written<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Written<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(|value| Self(Some(value)))
    }
}

/// A mapping in file order, with the place of every key.
#[derive(Clone, Debug)]
pub struct Entries<V>(pub Vec<(Located<String>, V)>);

impl<V> Default for Entries<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<V> Entries<V> {
    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&V> {
        self.0.iter().find(|(name, _)| name.value == key).map(|(_, value)| value)
    }

    /// The keys, for suggestions.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.value.as_str())
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Entries<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntriesVisitor<V>(PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for EntriesVisitor<V> {
            type Value = Entries<V>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a mapping of names")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(EntriesVisitor(PhantomData))
    }
}

impl<V: schemars::JsonSchema> schemars::JsonSchema for Entries<V> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Entries_of_{}", V::schema_name()).into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        std::collections::BTreeMap::<String, V>::json_schema(generator)
    }
}

/// One value or a list of them, where a list would be noise for the common case.
#[derive(Clone, Debug)]
pub struct OneOrMany<T>(pub Vec<T>);

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<Located<T>> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // A hand-written choice by node kind: serde's `untagged` would lose the places and the good
        // messages.
        let node = Located::<OneOrManyNode<T>>::deserialize(deserializer)?;
        Ok(Self(match node.value {
            OneOrManyNode::One(value) => vec![Located { value, span: node.span }],
            OneOrManyNode::Many(values) => values,
        }))
    }
}

enum OneOrManyNode<T> {
    One(T),
    Many(Vec<Located<T>>),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrManyNode<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NodeVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for NodeVisitor<T> {
            type Value = OneOrManyNode<T>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a text or a list of texts")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
                T::deserialize(serde::de::value::StrDeserializer::new(text)).map(OneOrManyNode::One)
            }

            fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Self::Value, E> {
                self.visit_str(if value { "true" } else { "false" })
            }

            fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Self::Value, E> {
                self.visit_str(&value.to_string())
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut seq: A,
            ) -> Result<Self::Value, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = seq.next_element()? {
                    values.push(value);
                }
                Ok(OneOrManyNode::Many(values))
            }
        }
        deserializer.deserialize_any(NodeVisitor(PhantomData))
    }
}

impl<T: schemars::JsonSchema> schemars::JsonSchema for OneOrMany<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("One_or_many_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let one = T::json_schema(generator);
        schemars::json_schema!({ "anyOf": [one, { "type": ["boolean", "integer"] }, { "type": "array", "items": one, "minItems": 1 }] })
    }
}
