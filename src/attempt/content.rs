//! What attempts write.
//!
//! An administrative attempt writes back what the environment declares, so that one that succeeds
//! against expectation changes nothing. Where nothing is declared it writes one fixed configuration
//! that does no harm: rules that never apply, under names that say where they are from. Both are
//! said at the operation, in the form that the AWS CLI takes.

use serde::Deserialize;

use super::{Call, Param, command::quote};

/// Written where an attempt gives no body: bodies are synthetic, so nothing of value is ever at
/// risk.
const BODY: &str = "synthetic body written by gainsay\n";

/// The id of rules and inventories, and the prefix they are about, which no object has.
pub(super) const SYNTHETIC: &str = "gainsay-synthetic";

/// The body that a call writes.
pub(super) fn body(call: &Call) -> String {
    call.get(Param::Body).unwrap_or_else(|| BODY.to_owned())
}

/// The document that an operation writes: what the scenario gives or the environment declares,
/// which `fill` put in its place, or the one that does no harm.
pub(super) fn document(call: &Call) -> String {
    let given = call.get(Param::Document);
    let harmless = || call.operation.harmless.map(|make| make(call).to_string());
    given.or_else(harmless).unwrap_or_default()
}

/// The document as a type. A member that the type does not have is refused, so that nothing is sent
/// that was not meant.
///
/// # Errors
/// It is not of this type.
pub(super) fn read_document<T: for<'de> Deserialize<'de>>(
    call: &Call,
) -> Result<T, serde_json::Error> {
    serde_json::from_str(&document(call))
}

/// The document as an option of the AWS CLI.
pub(super) fn document_option(name: &str, call: &Call) -> String {
    format!("{name} {}", quote(&document(call)))
}

/// `a=1&b=2` as pairs.
#[must_use]
pub(super) fn tags(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

/// Pairs as `a=1&b=2`.
#[must_use]
pub(super) fn joined<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    pairs.map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join("&")
}
