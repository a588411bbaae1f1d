//! A policy document: parsed, filled in, and refused where AWS would refuse it.

use gainsay_iam::{
    DocumentError, Finding, Policy, PolicyKind, Problem,
    put::{AwsError, Put, Quota, Refusal},
};
use gainsay_model::{Document, Source};
use serde_json::Value;

use super::template::{self, TemplateNames};
use crate::files::diag::{Code, Diagnostic};

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

/// Every mistake of a policy document that stands alone, in which nothing is a name to be filled
/// in, and what is suspicious in the rest. `bucket` is the bucket that a bucket policy is for.
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
    let mut problems: Vec<Diagnostic> = parse(source).err().into_iter().collect();
    let errors = review.errors.iter().filter(of_text);
    problems.extend(errors.map(|error| refused(source, error)));
    problems.extend(review.refusals.iter().map(|refusal| not_stored(source, refusal)));
    problems.extend(too_large(kind, source, source.text()).err());
    (problems, review.findings)
}

/// For what AWS does not store a document, in its own words; `bucket` as for [`review_policy`].
#[must_use]
pub fn refusals(document: &Document, bucket: Option<&str>) -> Vec<Diagnostic> {
    let found = gainsay_iam::put::refusals(&document.policy, &Put { bucket, exists: None });
    found.iter().map(|refusal| not_stored(&document.source, refusal)).collect()
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
    // What does not exist is a mistake whatever is done with the document; what only does not go
    // together, `lint` says, and a run shows what it does.
    if let Some(refusal) = gainsay_iam::put::invalid_entries(&policy).first() {
        return Err(not_stored(source, refusal));
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

/// What AWS refuses beyond the grammar, in its own words.
fn not_stored(source: &Source, refusal: &Refusal) -> Diagnostic {
    let span = gainsay_iam::locate(source.text(), &refusal.path).map_or(0..0, |place| place.range);
    let AwsError { code, message } = &refusal.error;
    Diagnostic::new(Code::PolicyRefused, refusal.why.clone())
        .at(source, span)
        .help(format!("AWS refuses it with {code}: {message}"))
}

/// What AWS refuses because of its size, where white space counts.
fn too_large(kind: PolicyKind, source: &Source, text: &str) -> Result<(), Diagnostic> {
    let Some(quota) = Quota::of(kind) else { return Ok(()) };
    let size = quota.size_of(text);
    if size <= quota.max() {
        return Ok(());
    }
    let message = format!("{kind} of {size} characters: the limit is {}", quota.max());
    let AwsError { code, message: says } = quota.error("");
    Err(Diagnostic::new(Code::PolicyRefused, message)
        .at(source, 0..1)
        .help(format!("AWS refuses it with {code}: {says}")))
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
