//! The engine through its public interface: tables of documented answers, properties that hold of
//! every policy and request, and what a search finds.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::type_complexity,
    reason = "a test may stop at a surprise, and its tables are read once"
)]

mod elements;
mod forms;
mod grants;
mod layers;
mod lines;
mod other_sessions;
mod properties;
mod search;
mod unknown_context;

use gainsay_iam::{Policy, PolicyKind};
use serde_json::{Value, json};

/// A policy of this kind with these statements, or this one.
fn policy(kind: PolicyKind, statements: &Value) -> Policy {
    let document = json!({"Version": "2012-10-17", "Statement": statements});
    Policy::from_value(kind, &document).unwrap_or_else(|error| panic!("{error}: {document}"))
}

/// A bucket policy with these statements, or this one.
fn bucket(statements: &Value) -> Policy {
    policy(PolicyKind::Bucket, statements)
}
