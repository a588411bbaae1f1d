//! Reads a policy document out of JSON, with the checks AWS makes on storing it.
//!
//! Follows "Grammar of the IAM JSON policy language".

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::error::{DocumentError, PathStep, Problem, closest_word};
use crate::layer::PolicyKind;
use crate::pattern::{Glob, Template, pieces};
use crate::policy::condition::{BadValue, Condition, Operator};
use crate::policy::grammar::{self, Rule};
use crate::policy::{Actions, Effect, Pattern, ResourcePattern, Resources, Statement};
use crate::principal::{Entry, Principals};

const ELEMENTS: &[&str] = &["Version", "Id", "Statement"];
const STATEMENT_ELEMENTS: &[&str] = &[
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

/// Reads a document and keeps the path to the element it is at, for errors.
pub(crate) struct Reader {
    kind: PolicyKind,
    /// Whether `${...}` is a variable: only from version 2012-10-17 on.
    variables: bool,
    path: Vec<PathStep>,
}

type Read<T> = Result<T, DocumentError>;

impl Reader {
    pub(crate) fn new(kind: PolicyKind) -> Self {
        Self { kind, variables: false, path: Vec::new() }
    }

    /// Reads a whole document: its statements, and its size without white space between elements.
    pub(crate) fn read(&mut self, value: &Value) -> Read<(Vec<Statement>, usize)> {
        let statements = self.document(value)?;
        Ok((statements, self.size(value)?))
    }

    /// Whether the document that was read has variables.
    pub(crate) fn has_variables(&self) -> bool {
        self.variables
    }

    fn error<T>(&self, problem: Problem) -> Read<T> {
        Err(DocumentError::new(&self.path, problem))
    }

    /// Reads an element that is one step further in.
    fn step<T>(&mut self, step: PathStep, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        self.path.push(step);
        let result = read(self);
        self.path.pop();
        result
    }

    fn key<T>(&mut self, key: &str, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        self.step(PathStep::Key(key.to_owned()), read)
    }

    fn object<'v>(&self, value: &'v Value, expected: &'static str) -> Read<&'v Map<String, Value>> {
        match value {
            Value::Object(object) => Ok(object),
            other => self.error(Problem::WrongType { expected, found: type_of(other) }),
        }
    }

    fn string<'v>(&self, value: &'v Value) -> Read<&'v str> {
        match value {
            Value::String(text) => Ok(text),
            other => self.error(Problem::WrongType { expected: "a string", found: type_of(other) }),
        }
    }

    /// Reads a value or a list of values; an empty list is an error.
    fn each<T>(
        &mut self,
        element: &str,
        value: &Value,
        mut read: impl FnMut(&mut Self, &Value) -> Read<T>,
    ) -> Read<Vec<T>> {
        match value {
            Value::Array(list) if list.is_empty() => {
                self.error(Problem::Empty { element: element.to_owned() })
            }
            Value::Array(list) => list
                .iter()
                .enumerate()
                .map(|(index, value)| {
                    self.step(PathStep::Index(index), |reader| read(reader, value))
                })
                .collect(),
            one => read(self, one).map(|one| vec![one]),
        }
    }

    fn only_known(
        &mut self,
        object: &Map<String, Value>,
        known: &'static [&'static str],
    ) -> Read<()> {
        let unknown = |name: &&String| !known.contains(&name.as_str());
        let Some(name) = object.keys().find(unknown) else {
            return Ok(());
        };
        let suggestion = closest_word(name, known.iter().copied());
        let problem = Problem::UnknownElement { name: name.clone(), suggestion };
        self.key(name, |reader| reader.error(problem))
    }

    fn size(&self, value: &Value) -> Read<usize> {
        let mut counter = Counter(0);
        // Writing to a counter cannot fail.
        let _ = serde_json::to_writer(&mut counter, value);
        match grammar::size_limit(self.kind) {
            Some(limit) if counter.0 > limit => {
                self.error(Problem::TooLarge { size: counter.0, limit, kind: self.kind })
            }
            Some(_) | None => Ok(counter.0),
        }
    }

    fn document(&mut self, value: &Value) -> Read<Vec<Statement>> {
        let object = self.object(value, "a policy document, an object")?;
        self.only_known(object, ELEMENTS)?;
        if let Some(version) = object.get("Version") {
            self.variables = self.key("Version", |reader| match reader.string(version)? {
                "2012-10-17" => Ok(true),
                "2008-10-17" => Ok(false),
                other => reader.error(Problem::Version { found: other.to_owned() }),
            })?;
        }
        if let Some(id) = object.get("Id") {
            self.key("Id", |reader| reader.string(id).map(drop))?;
        }
        let Some(statement) = object.get("Statement") else {
            return self.error(Problem::Missing { element: "Statement", kind: self.kind });
        };
        let mut sids = BTreeSet::new();
        self.key("Statement", |reader| {
            reader.each("Statement", statement, |reader, value| reader.statement(value, &mut sids))
        })
    }

    fn statement(&mut self, value: &Value, sids: &mut BTreeSet<String>) -> Read<Statement> {
        let object = self.object(value, "a statement, an object")?;
        self.only_known(object, STATEMENT_ELEMENTS)?;
        Ok(Statement {
            sid: self.sid(object, sids)?,
            effect: self.effect(object)?,
            principals: self.principals(object)?,
            actions: self.actions(object)?,
            resources: self.resources(object)?,
            conditions: self.conditions(object)?,
            has_bare_star: object.get("Principal").and_then(Value::as_str) == Some("*"),
        })
    }

    fn sid(
        &mut self,
        object: &Map<String, Value>,
        sids: &mut BTreeSet<String>,
    ) -> Read<Option<Arc<str>>> {
        let Some(value) = object.get("Sid") else {
            return Ok(None);
        };
        self.key("Sid", |reader| {
            let sid = reader.string(value)?;
            let (kind, owned) = (reader.kind, sid.to_owned());
            if grammar::sids_are_alphanumeric(kind)
                && !sid.bytes().all(|b| b.is_ascii_alphanumeric())
            {
                return reader.error(Problem::Sid { sid: owned, kind });
            }
            if sid.is_empty() {
                return Ok(None);
            }
            if grammar::sids_are_unique(kind) && !sids.insert(owned.clone()) {
                return reader.error(Problem::DuplicateSid { sid: owned });
            }
            Ok(Some(owned.into()))
        })
    }

    fn effect(&mut self, object: &Map<String, Value>) -> Read<Effect> {
        let Some(value) = object.get("Effect") else {
            return self.error(Problem::Missing { element: "Effect", kind: self.kind });
        };
        self.key("Effect", |reader| match reader.string(value)? {
            "Allow" => Ok(Effect::Allow),
            "Deny" => Ok(Effect::Deny),
            other => reader.error(Problem::Effect { found: other.to_owned() }),
        })
    }

    /// The one of two elements that is there, and whether it is the second, the negated one.
    fn either<'v>(
        &mut self,
        object: &'v Map<String, Value>,
        [first, second]: [&'static str; 2],
        rule: Rule,
    ) -> Read<Option<(&'static str, &'v Value, bool)>> {
        let found = match (object.get(first), object.get(second)) {
            (Some(_), Some(_)) => return self.error(Problem::Both { first, second }),
            (None, None) if rule == Rule::Forbidden => return Ok(None),
            (None, None) => {
                return self.error(Problem::Missing { element: first, kind: self.kind });
            }
            (Some(value), None) => (first, value, false),
            (None, Some(value)) => (second, value, true),
        };
        if rule == Rule::Forbidden {
            return self.forbidden(found.0, format!("in {} statements", self.kind));
        }
        Ok(Some(found))
    }

    fn forbidden<T>(&mut self, element: &'static str, context: String) -> Read<T> {
        self.key(element, |reader| reader.error(Problem::Forbidden { element, context }))
    }

    fn principals(&mut self, object: &Map<String, Value>) -> Read<Option<Principals>> {
        let rule = grammar::principals(self.kind);
        let Some((element, value, negated)) =
            self.either(object, ["Principal", "NotPrincipal"], rule)?
        else {
            return Ok(None);
        };
        if negated && !grammar::may_exclude_principals(self.kind) {
            return self.forbidden(element, format!("in a {}", self.kind));
        }
        if negated && object.get("Effect").and_then(Value::as_str) == Some("Allow") {
            return self.forbidden(element, "with `Allow`".to_owned());
        }
        let entries = self.key(element, |reader| reader.entries(element, value))?;
        if self.kind == PolicyKind::Rcp && entries.iter().any(|entry| *entry != Entry::Everyone) {
            let why = "a resource control policy names everyone, `*`";
            return self.key(element, |reader| {
                reader.error(Problem::Principal { principal: value.to_string(), why })
            });
        }
        Ok(Some(Principals { negated, entries }))
    }

    fn entries(&mut self, element: &'static str, value: &Value) -> Read<Vec<Entry>> {
        let object = match value {
            Value::String(text) if text == "*" => return Ok(vec![Entry::Everyone]),
            Value::String(text) => {
                let why =
                    "write an object such as `{\"AWS\": \"111122223333\"}`, or `*` for everyone";
                return self.error(Problem::Principal { principal: text.clone(), why });
            }
            other => self.object(other, "`*` or an object")?,
        };
        if object.is_empty() {
            return self.error(Problem::Empty { element: element.to_owned() });
        }
        let mut entries = Vec::new();
        for (name, value) in object {
            entries.extend(self.key(name, |reader| {
                if !grammar::PRINCIPAL_TYPES.contains(&name.as_str()) {
                    let suggestion = closest_word(name, grammar::PRINCIPAL_TYPES.iter().copied());
                    return reader
                        .error(Problem::UnknownPrincipalType { name: name.clone(), suggestion });
                }
                reader.each(name, value, |reader, value| {
                    let text = reader.string(value)?;
                    grammar::principal(name, text).or_else(|why| {
                        reader.error(Problem::Principal { principal: text.to_owned(), why })
                    })
                })
            })?);
        }
        Ok(entries)
    }

    fn actions(&mut self, object: &Map<String, Value>) -> Read<Actions> {
        let found = self.either(object, ["Action", "NotAction"], Rule::Required)?;
        let Some((element, value, negated)) = found else {
            return Ok(Actions { negated: false, patterns: Vec::new() });
        };
        let patterns = self.key(element, |reader| {
            reader.each(element, value, |reader, value| {
                let action = reader.string(value)?;
                match grammar::action(reader.kind, action) {
                    Ok(()) => Ok((action.to_owned(), Glob::new(&action.to_ascii_lowercase()))),
                    Err(why) => reader.error(Problem::Action { action: action.to_owned(), why }),
                }
            })
        })?;
        Ok(Actions { negated, patterns })
    }

    fn resources(&mut self, object: &Map<String, Value>) -> Read<Option<Resources>> {
        let rule = grammar::resources(self.kind);
        let Some((element, value, negated)) =
            self.either(object, ["Resource", "NotResource"], rule)?
        else {
            return Ok(None);
        };
        let patterns = self.key(element, |reader| reader.each(element, value, Self::resource))?;
        Ok(Some(Resources { negated, patterns }))
    }

    fn resource(&mut self, value: &Value) -> Read<ResourcePattern> {
        let source = self.string(value)?.to_owned();
        let whole = grammar::complete(self.kind, &source).into_owned();
        let template = if self.variables { Template::parse(&whole) } else { Ok(None) };
        let template =
            template.or_else(|why| self.error(Problem::Variable { text: source.clone(), why }))?;
        // The page says after the fifth colon; AWS's own AmazonTimestreamInfluxDBServiceRolePolicy
        // has one for the account
        // (<https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonTimestreamInfluxDBServiceRolePolicy.html>).
        if template.as_ref().is_some_and(|template| template.varies_before(3)) {
            let why = "a variable stands in no partition and no service of an ARN";
            return self.error(Problem::Variable { text: source, why });
        }
        let outline = template.as_ref().map_or_else(|| whole.clone(), Template::outline);
        grammar::resource(self.kind, &outline)
            .or_else(|why| self.error(Problem::Resource { resource: source.clone(), why }))?;
        let pattern = match template {
            None => Pattern::Fixed(pieces(&whole).collect()),
            Some(template) => match template.constant() {
                Some(pieces) => Pattern::Fixed(pieces.into_iter().collect()),
                None => Pattern::Varying(template),
            },
        };
        Ok(ResourcePattern { source, pattern })
    }

    fn conditions(&mut self, object: &Map<String, Value>) -> Read<Vec<Condition>> {
        let Some(value) = object.get("Condition") else {
            return Ok(Vec::new());
        };
        self.key("Condition", |reader| {
            let mut conditions = Vec::new();
            for (name, keys) in reader.object(value, "an object of condition operators")? {
                conditions.extend(reader.key(name, |reader| reader.operator(name, keys))?);
            }
            Ok(conditions)
        })
    }

    fn operator(&mut self, name: &str, keys: &Value) -> Read<Vec<Condition>> {
        let operator = Operator::read(name).or_else(|suggestion| {
            self.error(Problem::UnknownOperator { name: name.to_owned(), suggestion })
        })?;
        // One without keys asks nothing; AWS stores it.
        let keys = self.object(keys, "an object of condition keys")?;
        let mut conditions = Vec::new();
        for (key, values) in keys {
            if self.kind == PolicyKind::KeyPolicy
                && operator.is_set_operator()
                && grammar::is_never_a_set(key)
            {
                let problem = Problem::SetOperator { operator: name.to_owned(), key: key.clone() };
                return self.key(key, |reader| reader.error(problem));
            }
            let mut condition = Condition::new(operator, name, key);
            self.key(key, |reader| {
                // AWS stores a key without values, too.
                if values.as_array().is_some_and(Vec::is_empty) {
                    return Ok(Vec::new());
                }
                reader.each(key, values, |reader, value| {
                    let text = reader.scalar(value)?;
                    condition.push(&text, reader.variables).or_else(|bad| match bad {
                        BadValue::Expected(expected) => reader.error(Problem::Value {
                            operator: name.to_owned(),
                            value: text,
                            expected,
                        }),
                        BadValue::Variable(why) => reader.error(Problem::Variable { text, why }),
                    })
                })
            })?;
            conditions.push(condition);
        }
        Ok(conditions)
    }

    /// A condition value: numbers and booleans may lack their quotes.
    fn scalar(&self, value: &Value) -> Read<String> {
        match value {
            Value::String(text) => Ok(text.clone()),
            Value::Number(number) => Ok(number.to_string()),
            Value::Bool(truth) => Ok(truth.to_string()),
            other => self.error(Problem::WrongType {
                expected: "a string, a number or a boolean",
                found: type_of(other),
            }),
        }
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Counts the bytes written to it.
struct Counter(usize);

impl io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
