//! From an element of a policy to its line. Used only to point at it: documents are read with
//! `serde_json`.

use std::ops::Range;

use jsonc_parser::ast::{Object, Value};
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::error::PathStep;

/// Where something is in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// 1-based line.
    pub line: usize,
    /// 1-based column, in characters.
    pub column: usize,
    /// The bytes it takes.
    pub range: Range<usize>,
}

impl Place {
    fn new(text: &str, range: Range<usize>) -> Self {
        let before = text.get(..range.start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
            range,
        }
    }
}

/// The element at `path` in the JSON text, or its nearest ancestor that is there. A step into a key
/// is the key with its value. `None` if the text is no JSON.
#[must_use]
pub fn locate(text: &str, path: &[PathStep]) -> Option<Place> {
    let root = read(text)?;
    let mut value = &root;
    let mut range = span(value);
    for step in path {
        match (step, value) {
            (PathStep::Key(key), Value::Object(object)) => {
                let Some(property) =
                    object.properties.iter().find(|property| property.name.as_str() == key)
                else {
                    break;
                };
                range = property.range.start..property.range.end;
                value = &property.value;
            }
            (PathStep::Index(index), Value::Array(array)) => {
                let Some(element) = array.elements.get(*index) else {
                    break;
                };
                range = span(element);
                value = element;
            }
            // One may stand for a list of one.
            (PathStep::Index(0), value) => range = span(value),
            _ => break,
        }
    }
    Some(Place::new(text, range))
}

/// The place of statement `index`; `Statement` may be a single object. `None` if there is no such
/// statement.
#[must_use]
pub fn locate_statement(text: &str, index: usize) -> Option<Place> {
    let root = read(text)?;
    let Value::Object(document) = &root else {
        return None;
    };
    let statement =
        document.properties.iter().find(|property| property.name.as_str() == "Statement")?;
    match &statement.value {
        Value::Array(statements) => {
            statements.elements.get(index).map(|element| Place::new(text, span(element)))
        }
        single if index == 0 => Some(Place::new(text, span(single))),
        _ => None,
    }
}

/// The first key written twice in one object of the JSON text, and the place of the second: JSON
/// readers keep one of them silently, AWS refuses the document.
#[must_use]
pub fn duplicate_key(text: &str) -> Option<(String, Place)> {
    let root = read(text)?;
    let mut found: Option<(String, Range<usize>)> = None;
    let mut open = vec![&root];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(object) => {
                if let Some((key, range)) = twice(object)
                    && found.as_ref().is_none_or(|(_, first)| range.start < first.start)
                {
                    found = Some((key, range));
                }
                open.extend(object.properties.iter().map(|property| &property.value));
            }
            Value::Array(array) => open.extend(array.elements.iter()),
            _ => {}
        }
    }
    found.map(|(key, range)| (key, Place::new(text, range)))
}

fn twice(object: &Object<'_>) -> Option<(String, Range<usize>)> {
    let mut seen = std::collections::BTreeSet::new();
    let property =
        object.properties.iter().find(|property| !seen.insert(property.name.as_str()))?;
    Some((property.name.as_str().to_owned(), property.range.start..property.range.end))
}

/// The syntax tree. The strict reader goes first: it also bounds the depth, which the recursion of
/// the other needs.
fn read(text: &str) -> Option<Value<'_>> {
    serde_json::from_str::<serde_json::Value>(text).ok()?;
    let options = ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
    };
    parse_to_ast(text, &CollectOptions::default(), &options).ok()?.value
}

fn span(value: &Value<'_>) -> Range<usize> {
    let range = match value {
        Value::StringLit(node) => &node.range,
        Value::NumberLit(node) => &node.range,
        Value::BooleanLit(node) => &node.range,
        Value::Object(node) => &node.range,
        Value::Array(node) => &node.range,
        Value::NullKeyword(node) => &node.range,
    };
    range.start..range.end
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop")]
    use super::*;

    const TEXT: &str = "{\n  \"Statement\": [\n    { \"Sid\": \"é\", \"Effect\": \"Deny\" },\n    { \"Effect\": \"Allow\" }\n  ]\n}";

    fn key(name: &str) -> PathStep {
        PathStep::Key(name.to_owned())
    }

    #[test]
    fn elements_are_found() {
        let place = locate(TEXT, &[key("Statement"), PathStep::Index(0), key("Effect")]).unwrap();
        assert_eq!((place.line, place.column), (3, 19));
        assert_eq!(&TEXT[place.range], "\"Effect\": \"Deny\"");
        let nearest =
            locate(TEXT, &[key("Statement"), PathStep::Index(1), key("Condition"), key("Bool")])
                .unwrap();
        assert_eq!(locate_statement(TEXT, 1).unwrap(), nearest);
        assert_eq!(nearest.line, 4);
        assert_eq!(locate_statement(TEXT, 2), None);
        let single = r#"{"Statement": {"Effect": "Deny"}}"#;
        assert_eq!(&single[locate_statement(single, 0).unwrap().range], r#"{"Effect": "Deny"}"#);
        assert_eq!(locate("{", &[]), None);
        assert_eq!(locate(&"[".repeat(100_000), &[]), None);
    }

    #[test]
    fn duplicate_keys_are_found() {
        let text = "{\"a\": {\"x\": 1},\n \"b\": [{\"x\": 1, \"y\": 2, \"x\": 3}], \"a\": 2}";
        let (name, place) = duplicate_key(text).unwrap();
        assert_eq!((name.as_str(), place.line), ("x", 2));
        assert_eq!(duplicate_key(TEXT), None);
    }
}
