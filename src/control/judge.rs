//! What was read of a resource, and what must hold of it: a judgement.

use std::{
    collections::BTreeMap,
    time::{SystemTime, UNIX_EPOCH},
};

use super::{ReadOutcome, Reading, expression, search};
use crate::verdict::{Judgement, Reason};

/// Whether what was read is as it must be at a time. What could not be read, or cannot be decided,
/// is neither right nor wrong.
#[must_use]
pub fn judge(reading: &Reading, outcome: &ReadOutcome, now: SystemTime) -> Judgement {
    let document = match outcome {
        ReadOutcome::NotRead(why) => return Judgement::inconclusive(Reason::NotRead, why.clone()),
        ReadOutcome::Document(document) => document,
    };
    let (check, subject) = (reading.check, &reading.subject);
    let mismatch = check.row().and_then(|row| row.mismatch(document, subject, &reading.parameters));
    if let Some(why) = mismatch {
        return Judgement::inconclusive(Reason::NotRead, why);
    }
    match (&check.holds, check.search) {
        (Some(expression), None) => {
            match expression::holds(expression, document, &at(&reading.parameters, now)) {
                Ok(true) => Judgement::pass(),
                Ok(false) => Judgement::fail(
                    Reason::DoesNotHold,
                    format!("{} of `{}` answers {document}", check.read, subject.name),
                ),
                Err(why) => Judgement::inconclusive(Reason::NotRead, why.to_string()),
            }
        }
        (None, Some(kind)) => search::judge(kind, check.on, document, subject, &reading.parameters),
        _ => Judgement::inconclusive(
            Reason::NotRead,
            "the check says neither or both of `holds` and `search`",
        ),
    }
}

/// Parameters, with the time in seconds as `now`.
fn at(parameters: &BTreeMap<String, String>, now: SystemTime) -> BTreeMap<String, String> {
    let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let mut parameters = parameters.clone();
    parameters.insert("now".to_owned(), seconds.to_string());
    parameters
}
