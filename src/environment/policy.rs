//! A policy document: parsed, filled in, and refused where AWS would refuse it.

use gainsay_iam::{DocumentError, Finding, PathStep, Policy, PolicyKind, Problem};
use gainsay_model::{Document, Source};
use serde_json::Value;

use super::template::{self, TemplateNames};
use crate::diag::{Code, Diagnostic, suggestion};

/// Parses a policy document, fills in names, and refuses what AWS would refuse.
///
/// # Errors
/// The first problem of the document.
pub(super) fn read(
    kind: PolicyKind,
    source: &Source,
    known: &TemplateNames<'_>,
) -> Result<Document, Diagnostic> {
    let mut value = parse(source)?;
    template::fill(source, &mut value, known)?;
    compile(kind, source, &value)
}

/// Every mistake of a policy document that stands alone, in which nothing is a name to be filled in,
/// and what is suspicious in the rest. `bucket` is the bucket that a bucket policy is for.
#[must_use]
pub fn review_policy(
    kind: PolicyKind,
    source: &Source,
    bucket: Option<&str>,
) -> (Vec<Diagnostic>, Vec<Finding>) {
    let review = gainsay_iam::review(kind, source.text(), bucket);
    // Both are told with the place in the text.
    let of_text = |error: &&DocumentError| {
        !matches!(error.problem(), Problem::Json { .. } | Problem::DuplicateKey { .. })
    };
    let refused = review.errors.iter().filter(of_text).map(|error| refused(source, error));
    (parse(source).err().into_iter().chain(refused).collect(), review.findings)
}

fn parse(source: &Source) -> Result<Value, Diagnostic> {
    let value: Value = serde_json::from_str(source.text()).map_err(|error| {
        let start = offset(source.text(), error.line(), error.column());
        Diagnostic::new(
            Code::PolicySyntax,
            format!("`{}` is not JSON: {}", source.name(), plain(&error)),
        )
        .at(source, start..start + 1)
        .help("a policy is a JSON document; comments and trailing commas are not JSON")
    })?;
    match gainsay_iam::duplicate_key(source.text()) {
        None => Ok(value),
        Some((key, place)) => Err(Diagnostic::new(
            Code::DuplicateKey,
            format!("`{key}` is written twice"),
        )
        .at(source, place.range)
        .help("keep one of them: AWS refuses the document, and other readers keep only the last")),
    }
}

fn compile(kind: PolicyKind, source: &Source, value: &Value) -> Result<Document, Diagnostic> {
    let policy = Policy::from_value(kind, value).map_err(|error| refused(source, &error))?;
    for (statement, key) in gainsay_iam::condition_keys(&policy) {
        if !gainsay_iam::known_condition_key(key) {
            return Err(unknown_condition_key(source, value, statement, key));
        }
    }
    Ok(Document::new(source.clone(), policy, value.to_string()))
}

/// What AWS would refuse, with what to write instead.
fn refused(source: &Source, error: &DocumentError) -> Diagnostic {
    let problem = error.problem();
    let (message, help) = match problem {
        Problem::Action { action, why } => {
            (format!("invalid action `{action}`"), (*why).to_owned())
        }
        Problem::Resource { resource, why } => {
            (format!("invalid resource `{resource}`"), (*why).to_owned())
        }
        Problem::Principal { principal, why } => {
            (format!("invalid principal `{principal}`"), (*why).to_owned())
        }
        Problem::Variable { text, why } => {
            (format!("invalid policy variable in `{text}`"), (*why).to_owned())
        }
        Problem::Value { operator, value, expected } => {
            (format!("`{value}` is no value for `{operator}`"), format!("write {expected}"))
        }
        Problem::WrongType { expected, found } => {
            (format!("{found} stands where {expected} is wanted"), format!("write {expected}"))
        }
        other => {
            let help = error.help();
            (
                other.to_string(),
                help.unwrap_or_else(|| {
                    "AWS refuses the document; remove it or write it as AWS does".to_owned()
                }),
            )
        }
    };
    let span = gainsay_iam::locate(source.text(), error.path()).map_or(0..0, |place| place.range);
    Diagnostic::new(Code::PolicyRefused, message).at(source, span).help(help)
}

/// AWS takes the document. But a Deny on a key that no request has never matches.
fn unknown_condition_key(
    source: &Source,
    value: &Value,
    statement: usize,
    key: &str,
) -> Diagnostic {
    let span = place_of_condition(value, statement, key)
        .and_then(|path| gainsay_iam::locate(source.text(), &path))
        .map_or(0..0, |place| place.range);
    let near = suggestion(key, gainsay_iam::keys::KEYS.iter().map(|known| known.name))
        .filter(|help| help.starts_with("did you mean"));
    let near = near.map_or_else(String::new, |help| format!("{help} "));
    Diagnostic::new(
        Code::PolicyRefused,
        format!("`{key}` is not a condition key of S3, KMS, STS or a global one"),
    )
    .at(source, span)
    .help(format!("{near}A misspelt key is absent from every request: a Deny on it never matches"))
}

/// The way to a condition key of a statement.
fn place_of_condition(value: &Value, statement: usize, key: &str) -> Option<Vec<PathStep>> {
    let statements = value.get("Statement")?;
    let found = statements.get(statement).unwrap_or(statements);
    let operators = found.get("Condition")?.as_object()?;
    let (operator, _) = operators.iter().find(|(_, keys)| keys.get(key).is_some())?;
    let step = |name: &str| PathStep::Key(name.to_owned());
    Some(vec![
        step("Statement"),
        PathStep::Index(statement),
        step("Condition"),
        step(operator),
        step(key),
    ])
}

/// The parser's message without the place, which the diagnostic shows.
fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split_once(" at line").map_or(text.as_str(), |(message, _)| message).to_owned()
}

fn offset(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    // The end of the text is column 0 of the line after the last: the line break before it is
    // shown.
    (before + column).saturating_sub(1)
}
