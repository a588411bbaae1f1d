//! Fills `{{role.app.arn}}` and the like into policy documents. `{{teams.*.role.arn}}` makes a text
//! a list of texts, one for each member.
//!
//! Only the text of JSON strings is touched, after parsing, so a name cannot change a document's
//! structure. Policy variables (`${aws:PrincipalTag/team}`) are left to the engine.

use std::{collections::BTreeMap, ops::Range};

use gainsay_iam::PathStep;
use gainsay_model::Source;
use serde_json::Value;

use super::collection::MemberNames;
use crate::files::diag::{Code, Diagnostic};

/// What each template name stands for.
pub(super) type Names = BTreeMap<String, String>;

/// The names that a document may speak of.
pub(super) struct TemplateNames<'a> {
    /// The names that every document may use.
    pub names: &'a Names,
    /// The names that only a document of one collection member may use: that member's.
    pub own: Option<&'a Names>,
    /// Lists over the members of collections.
    pub members: &'a MemberNames,
}

/// A template that cannot be filled in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum TemplateError {
    /// `{{` without `}}`.
    #[error("`{{{{{rest}}}}}` names nothing in the environment")]
    NotClosed {
        /// All that follows the braces.
        rest: String,
    },
    /// The environment has no such name.
    #[error("`{{{{{name}}}}}` names nothing in the environment")]
    UnknownName {
        /// The name between the braces.
        name: String,
    },
    /// A list where one text is wanted, or beside a list of another length.
    #[error("`{{{{{written}}}}}` names nothing in the environment")]
    List {
        /// The name between the braces, or the whole text.
        written: String,
    },
}

impl TemplateError {
    /// What is written at the place of the problem.
    pub(super) fn written(&self) -> &str {
        match self {
            Self::NotClosed { rest: written }
            | Self::UnknownName { name: written }
            | Self::List { written } => written,
        }
    }

    /// The problem without its place, with the nearest name that is known.
    pub(super) fn diagnostic(&self, known: &TemplateNames<'_>) -> Diagnostic {
        let own = known.own.into_iter().flat_map(Names::keys);
        let names = known.names.keys().chain(own).map(String::as_str);
        Diagnostic::new(Code::BadTemplate, self.to_string())
            .suggest(self.written(), names.chain(known.members.names()))
    }
}

impl TemplateNames<'_> {
    fn get(&self, name: &str) -> Option<&String> {
        self.names.get(name).or_else(|| self.own?.get(name))
    }
}

/// Fills in every template of a document.
///
/// # Errors
/// The first template that has no such name, or is not closed.
pub(super) fn fill(
    source: &Source,
    value: &mut Value,
    known: &TemplateNames<'_>,
) -> Result<(), Diagnostic> {
    let mut path = Vec::new();
    fill_at(source, value, known, &mut path)
}

fn fill_at(
    source: &Source,
    value: &mut Value,
    known: &TemplateNames<'_>,
    path: &mut Vec<PathStep>,
) -> Result<(), Diagnostic> {
    match value {
        Value::String(text) if text.contains("{{") => {
            let filled = fill_text(text, known)
                .map_err(|problem| problem.diagnostic(known).at(source, span_of(source, path)))?;
            *value = match filled {
                Filled::One(text) => Value::String(text),
                Filled::Each(texts) => texts.into_iter().map(Value::String).collect(),
            };
        }
        Value::Array(values) => {
            let mut filled = Vec::with_capacity(values.len());
            for (index, mut value) in std::mem::take(values).into_iter().enumerate() {
                let text = value.is_string();
                path.push(PathStep::Index(index));
                fill_at(source, &mut value, known, path)?;
                path.pop();
                match value {
                    // A list in place of one of several texts joins them.
                    Value::Array(each) if text => filled.extend(each),
                    value => filled.push(value),
                }
            }
            *values = filled;
        }
        Value::Object(members) => {
            for (key, value) in members {
                path.push(PathStep::Key(key.clone()));
                fill_at(source, value, known, path)?;
                path.pop();
            }
        }
        _ => {}
    }
    Ok(())
}

/// Fills in a text that is one text afterwards.
///
/// # Errors
/// The name that is not known, or stands for a list.
pub(super) fn text(text: &str, known: &TemplateNames<'_>) -> Result<String, TemplateError> {
    match fill_text(text, known)? {
        Filled::One(text) => Ok(text),
        Filled::Each(_) => Err(TemplateError::List { written: text.to_owned() }),
    }
}

enum Filled {
    One(String),
    Each(Vec<String>),
}

/// The filled text, or the name that is not known.
fn fill_text(text: &str, known: &TemplateNames<'_>) -> Result<Filled, TemplateError> {
    let mut filled = Filled::One(String::with_capacity(text.len()));
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after
            .split_once("}}")
            .ok_or_else(|| TemplateError::NotClosed { rest: after.to_owned() })?;
        let name = name.trim();
        filled.push(before);
        match (known.get(name), known.members.list(name)) {
            (Some(value), _) => filled.push(value),
            (None, Some(values)) => {
                filled = filled
                    .each(values)
                    .ok_or_else(|| TemplateError::List { written: name.to_owned() })?;
            }
            (None, None) => return Err(TemplateError::UnknownName { name: name.to_owned() }),
        }
        rest = after;
    }
    filled.push(rest);
    Ok(filled)
}

impl Filled {
    fn push(&mut self, text: &str) {
        match self {
            Self::One(filled) => filled.push_str(text),
            Self::Each(each) => each.iter_mut().for_each(|filled| filled.push_str(text)),
        }
    }

    /// A text for each value; a text that is a list already gets each value in its place. Nothing
    /// if they do not go together.
    fn each(self, values: &[String]) -> Option<Self> {
        let texts = match self {
            Self::One(text) => vec![text; values.len()],
            Self::Each(texts) if texts.len() == values.len() => texts,
            Self::Each(_) => return None,
        };
        Some(Self::Each(texts.into_iter().zip(values).map(|(text, value)| text + value).collect()))
    }
}

fn span_of(source: &Source, path: &[PathStep]) -> Range<usize> {
    gainsay_iam::locate(source.text(), path).map_or(0..0, |place| place.range)
}
