//! Everything that is wrong with a document, at once.
//!
//! A policy is read up to its first mistake. Here the mistake is noted, what is wrong is replaced
//! by something that is right, and the document is read again, until nothing is wrong: so no
//! mistake hides another, and none hides what is suspicious beside it.

use serde_json::{Map, Value, json};

use super::{Finding, lint, lint_document};
use crate::error::{DocumentError, PathStep, Problem};
use crate::layer::PolicyKind;
use crate::location;
use crate::policy::Policy;
use crate::policy::grammar::{self, Rule};
use crate::put::{Put, Refusal, refusals};

/// What is wrong with a document, and what is suspicious in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Review {
    /// Why AWS would not read it; none if it would.
    pub errors: Vec<DocumentError>,
    /// Why AWS would not store what it has read.
    pub refusals: Vec<Refusal>,
    /// What is suspicious in the rest, in the order of the document.
    pub findings: Vec<Finding>,
}

/// Every reason why AWS would not store a text as a policy of a kind, and what is suspicious in
/// what is not concerned by them. `bucket` is the bucket that a bucket policy is for, where it is
/// known: AWS stores no bucket policy that names another.
///
/// ```
/// use gainsay_iam::{Lint, PolicyKind, lint::review};
///
/// let review = review(
///     PolicyKind::Identity,
///     r#"{"Version": "2012-10-17", "Statement": [
///         {"Effect": "Maybe", "Action": "s3:GetObject", "Resource": "reports/*"},
///         {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::reports/*"}]}"#,
///     None,
/// );
/// let errors: Vec<&str> = review.errors.iter().map(|error| error.problem().code()).collect();
/// assert_eq!(errors, ["effect", "resource"]);
/// assert_eq!(review.findings[0].lint, Lint::WrongResourceType);
/// ```
#[must_use]
pub fn review(kind: PolicyKind, text: &str, bucket: Option<&str>) -> Review {
    let mut review = Review::default();
    let Ok(document) = serde_json::from_str::<Value>(text) else {
        review.errors.extend(Policy::from_text(kind, text).err());
        return review;
    };
    if let Some((key, place)) = location::duplicate_key(text) {
        let problem = Problem::DuplicateKey { key, line: place.line, column: place.column };
        review.errors.push(DocumentError::new(&[], problem));
    }
    let mut repaired = document.clone();
    let mut repairs = Vec::new();
    let policies = compile(kind, &mut repaired, &mut repairs, &mut review.errors);
    let mut findings = lint_document(&document);
    for (first, policy) in policies {
        for mut refusal in refusals(&policy, &Put { bucket, exists: None }) {
            if let Some(PathStep::Index(index)) = refusal.path.get_mut(1) {
                *index += first;
            }
            if !repairs.iter().any(|repair| rests_on(repair, &refusal.path)) {
                review.refusals.push(refusal);
            }
        }
        for mut finding in lint(&policy) {
            if let Some(PathStep::Index(index)) = finding.path.get_mut(1) {
                *index += first;
            }
            findings.push(finding);
        }
    }
    findings.retain(|finding| !repairs.iter().any(|repair| concerns(repair, finding)));
    review.findings = findings;
    review
}

/// Whether what was replaced is in the statement, or the element, that a path leads to.
fn rests_on(repair: &[PathStep], path: &[PathStep]) -> bool {
    let statement = path.get(..path.len().min(2)).unwrap_or_default();
    repair.starts_with(statement) || path.starts_with(repair)
}

/// The most mistakes that are looked for.
const MOST: usize = 1_000;

/// Reads a document with all that is wrong replaced: one policy, or one for each statement with its
/// index where they are too much for one.
fn compile(
    kind: PolicyKind,
    document: &mut Value,
    repairs: &mut Vec<Vec<PathStep>>,
    errors: &mut Vec<DocumentError>,
) -> Vec<(usize, Policy)> {
    for _ in 0..MOST {
        let error = match Policy::from_value(kind, document) {
            Ok(policy) => return vec![(0, policy)],
            Err(error) => error,
        };
        let too_large = matches!(error.problem(), Problem::TooLarge { .. });
        if too_large {
            errors.push(error);
            return one_by_one(kind, document);
        }
        if errors.contains(&error) {
            break;
        }
        let before = document.clone();
        let repaired = repair(kind, document, &error);
        if !follows(&error, &repaired, repairs) {
            errors.push(error);
        }
        repairs.push(repaired);
        if *document == before {
            break;
        }
    }
    Vec::new()
}

/// Whether an element is missing only because its opposite was taken away.
fn follows(error: &DocumentError, repaired: &[PathStep], repairs: &[Vec<PathStep>]) -> bool {
    let Problem::Missing { element, .. } = error.problem() else {
        return false;
    };
    repairs.iter().any(|before| {
        let (Some((PathStep::Key(last), place)), Some((_, own))) =
            (before.split_last(), repaired.split_last())
        else {
            return false;
        };
        place == own && last.trim_start_matches("Not") == *element
    })
}

/// Each statement as a policy of its own.
fn one_by_one(kind: PolicyKind, document: &Value) -> Vec<(usize, Policy)> {
    let statements = document.get("Statement").and_then(Value::as_array);
    let alone = statements.into_iter().flatten().enumerate().filter_map(|(index, statement)| {
        let mut one = document.clone();
        *one.get_mut("Statement")? = statement.clone();
        Some((index, Policy::from_value(kind, &one).ok()?))
    });
    alone.collect()
}

/// Whether a finding rests on what was replaced.
fn concerns(repair: &[PathStep], finding: &Finding) -> bool {
    let of = |path: &[PathStep]| match path {
        [PathStep::Key(root), rest @ ..] if root == "Statement" => match rest {
            [PathStep::Index(index), rest @ ..] => Some((*index, rest.to_vec())),
            rest => Some((0, rest.to_vec())),
        },
        _ => None,
    };
    let (Some((at, replaced)), Some((own, place))) = (of(repair), of(&finding.path)) else {
        return false;
    };
    let Some(PathStep::Key(element)) = replaced.first() else {
        return at == own;
    };
    let reads = finding.lint.reads();
    let read = reads.iter().any(|read| element.trim_start_matches("Not") == *read);
    at == own && (read || place.starts_with(&replaced))
}

/// Replaces what an error is about; answers where that is.
fn repair(kind: PolicyKind, document: &mut Value, error: &DocumentError) -> Vec<PathStep> {
    let mut path = error.path().to_vec();
    let key = |key: &str| PathStep::Key(key.to_owned());
    let problem = error.problem();
    if let Problem::Missing { element, .. } = problem {
        path.push(key(element));
        set(document, &path, stand_in(kind, &path));
        return path;
    }
    if let Problem::Both { second, .. } = problem {
        path.push(key(second));
        remove(document, &path);
        return path;
    }
    let unknown = matches!(
        problem,
        Problem::UnknownElement { .. }
            | Problem::Forbidden { .. }
            | Problem::UnknownOperator { .. }
    );
    let element = element_of(&path);
    if unknown || matches!(element, "Sid" | "Id") {
        remove(document, &path);
    } else if element == "Condition" && steps_in(&path) > 1 {
        // The operator with its keys, or the key with its values.
        let before_value = path.len() - steps_in(&path) + 3;
        path.truncate(before_value);
        remove(document, &path);
        if let Some((_, operator)) = path.split_last()
            && steps_in(operator) == 2
            && at(document, operator)
                .is_some_and(|keys| keys.as_object().is_some_and(Map::is_empty))
        {
            remove(document, operator);
        }
    } else if path.is_empty() {
        // Nothing that could be right for the whole document.
    } else if matches!(problem, Problem::UnknownPrincipalType { .. }) {
        path.pop();
        set(document, &path, stand_in(kind, &path));
    } else {
        set(document, &path, stand_in(kind, &path));
    }
    path
}

/// The path from the statement on, without its index.
fn inside(path: &[PathStep]) -> &[PathStep] {
    match path {
        [PathStep::Key(root), PathStep::Index(_), rest @ ..] | [PathStep::Key(root), rest @ ..]
            if root == "Statement" =>
        {
            rest
        }
        rest => rest,
    }
}

fn steps_in(path: &[PathStep]) -> usize {
    inside(path).len()
}

/// The element of a statement, or of the document, that a path leads into.
fn element_of(path: &[PathStep]) -> &str {
    match inside(path).first() {
        Some(PathStep::Key(key)) => key,
        Some(PathStep::Index(_)) | None => "",
    }
}

/// Something right for a place, different for different places, so that nothing seems to be there
/// twice.
fn stand_in(kind: PolicyKind, path: &[PathStep]) -> Value {
    let place = path.iter().fold(String::new(), |text, step| match step {
        PathStep::Key(_) => text,
        PathStep::Index(index) => format!("{text}-{index}"),
    });
    let action = match kind {
        PolicyKind::KeyPolicy => "kms:Decrypt",
        PolicyKind::TrustPolicy => "sts:AssumeRole",
        PolicyKind::Identity
        | PolicyKind::Bucket
        | PolicyKind::Resource
        | PolicyKind::Boundary
        | PolicyKind::Session
        | PolicyKind::Scp
        | PolicyKind::Rcp
        | PolicyKind::VpcEndpoint => "s3:GetObject",
    };
    let resource = format!("arn:aws:s3:::stand-in{place}/*");
    let last_key = inside(path).iter().rev().find_map(|step| match step {
        PathStep::Key(key) => Some(key.as_str()),
        PathStep::Index(_) => None,
    });
    match element_of(path) {
        "Version" => json!("2012-10-17"),
        "Effect" => json!("Deny"),
        "Action" | "NotAction" => json!(action),
        "Resource" | "NotResource" => json!(resource),
        "Principal" | "NotPrincipal" => match last_key {
            Some("AWS") => json!("111122223333"),
            Some("Service") => json!("s3.amazonaws.com"),
            Some("Federated") => json!("cognito-identity.amazonaws.com"),
            Some("CanonicalUser") => json!("0".repeat(64)),
            _ if kind == PolicyKind::Rcp => json!("*"),
            _ => json!({ "AWS": "111122223333" }),
        },
        "Condition" => json!({}),
        _ => {
            let mut statement = Map::new();
            statement.insert("Effect".to_owned(), json!("Deny"));
            statement.insert("Action".to_owned(), json!(action));
            if grammar::resources(kind) == Rule::Required {
                statement.insert("Resource".to_owned(), json!(resource));
            }
            if grammar::principals(kind) == Rule::Required {
                statement.insert("Principal".to_owned(), json!("*"));
            }
            Value::Object(statement)
        }
    }
}

fn at<'v>(document: &'v mut Value, path: &[PathStep]) -> Option<&'v mut Value> {
    path.iter().try_fold(document, |value, step| match step {
        PathStep::Key(key) => value.get_mut(key),
        PathStep::Index(index) => value.get_mut(index),
    })
}

/// Puts a value in a place, also of a key that is not there yet.
fn set(document: &mut Value, path: &[PathStep], value: Value) {
    match path.split_last() {
        Some((PathStep::Key(key), before)) => {
            if let Some(Value::Object(object)) = at(document, before) {
                object.insert(key.clone(), value);
            }
        }
        _ => {
            if let Some(place) = at(document, path) {
                *place = value;
            }
        }
    }
}

fn remove(document: &mut Value, path: &[PathStep]) {
    if let Some((PathStep::Key(key), before)) = path.split_last()
        && let Some(Value::Object(object)) = at(document, before)
    {
        object.remove(key);
    }
}
