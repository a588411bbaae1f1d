//! What only the text of a document shows: elements that are empty or not there.

use serde_json::Value;

use super::{Finding, Lint};
use crate::error::PathStep;

/// Finds what a compiled policy no longer shows: a missing version, and elements with nothing in
/// them.
///
/// ```
/// use gainsay_iam::{Lint, lint::lint_document};
///
/// let document = serde_json::json!({"Statement": []});
/// assert_eq!(lint_document(&document)[0].lint, Lint::MissingVersion);
/// ```
#[must_use]
pub fn lint_document(document: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    let Some(object) = document.as_object() else {
        return findings;
    };
    if !object.contains_key("Version") {
        let message = "without `Version` the document is of version 2008-10-17, in which \
                       variables are text: write `\"Version\": \"2012-10-17\"`";
        findings.push(Finding {
            lint: Lint::MissingVersion,
            path: Vec::new(),
            message: message.to_owned(),
        });
    }
    let one = std::slice::from_ref(document.get("Statement").unwrap_or(&Value::Null));
    let statements = document.get("Statement").and_then(Value::as_array).map_or(one, Vec::as_slice);
    for (index, statement) in statements.iter().enumerate() {
        empty_elements(index, statement, &mut findings);
    }
    findings
}

fn empty_elements(index: usize, statement: &Value, findings: &mut Vec<Finding>) {
    let mut add = |keys: &[&str], message: String| {
        let mut path = vec![PathStep::Key("Statement".to_owned()), PathStep::Index(index)];
        path.extend(keys.iter().map(|key| PathStep::Key((*key).to_owned())));
        findings.push(Finding { lint: Lint::EmptyElement, path, message });
    };
    if statement.get("Sid").and_then(Value::as_str) == Some("") {
        add(&["Sid"], "the `Sid` is empty: write one, or leave it out".to_owned());
    }
    let Some(condition) = statement.get("Condition").and_then(Value::as_object) else {
        return;
    };
    if condition.is_empty() {
        add(&["Condition"], "the `Condition` is empty and asks nothing".to_owned());
    }
    for (operator, keys) in condition {
        let Some(keys) = keys.as_object() else {
            continue;
        };
        if keys.is_empty() {
            add(&["Condition", operator], format!("`{operator}` has no key and asks nothing"));
        }
        for (key, values) in keys {
            if values.as_array().is_some_and(Vec::is_empty) {
                let message = format!("`{operator}` has no value for `{key}`: {}", empty(operator));
                add(&["Condition", operator, key], message);
            }
        }
    }
}

/// What an operator without values asks
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html>).
fn empty(operator: &str) -> &'static str {
    if operator.starts_with("ForAnyValue:") {
        "this never holds"
    } else if operator.starts_with("ForAllValues:") || operator.ends_with("IfExists") {
        "this holds only for a request without the key, which `Null` with `true` says"
    } else {
        "write one, or leave the key out"
    }
}
