//! The answer to a line of JSON that asks the engine something, as a line of JSON.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use super::error::Undecidable;
use super::evaluate::{Decision, Evaluation, Reason};
use super::explain::{Near, nearest_miss};
use super::input::{EvaluationInput, EvaluationInputError};
use super::layer::Layer;

/// What the engine says to a question. Either there is a decision, or there is an error.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    /// The id of the question; null where it has none.
    pub id: Value,
    /// The decision; null if the question cannot be decided.
    pub decision: Option<Decision>,
    /// See [`Evaluation::by`].
    pub by: Vec<Reason>,
    /// See [`Evaluation::silent`].
    pub silent: Vec<Layer>,
    /// Where it was asked for: of an implicit deny the statement that came nearest to allowing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub near: Option<Near>,
    /// Why there is no decision.
    pub error: Option<Fault>,
}

/// Why a question cannot be decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// A stable word.
    pub code: &'static str,
    /// The same for people.
    pub message: String,
}

impl From<&EvaluationInputError> for Fault {
    fn from(error: &EvaluationInputError) -> Self {
        Self { code: error.code(), message: error.to_string() }
    }
}

impl From<&Undecidable> for Fault {
    fn from(error: &Undecidable) -> Self {
        Self { code: error.code(), message: error.to_string() }
    }
}

impl Answer {
    /// Answers a line. `near` is whether the nearest miss is looked for, which costs as much as the
    /// decision.
    #[must_use]
    pub fn to(line: &[u8], near: bool) -> Self {
        let text = match std::str::from_utf8(line) {
            Ok(text) => text,
            Err(error) => return Self::malformed(error.to_string()),
        };
        let (id, input) = EvaluationInput::read(text);
        let input = match input {
            Ok(input) => input,
            Err(error) => return Self::undecided(id, Fault::from(&error)),
        };
        match input.evaluate() {
            Ok(evaluation) => {
                let near = near
                    .then(|| nearest_miss(&input.request(), &input.policies(), &evaluation))
                    .flatten();
                let Evaluation { decision, by, silent } = evaluation;
                Self { id, decision: Some(decision), by, silent, near, error: None }
            }
            Err(error) => Self::undecided(id, Fault::from(&error)),
        }
    }

    /// The answer to a line that is no question.
    #[must_use]
    pub fn malformed(problem: String) -> Self {
        Self::undecided(Value::Null, Fault::from(&EvaluationInputError::Malformed(problem)))
    }

    fn undecided(id: Value, fault: Fault) -> Self {
        Self {
            id,
            decision: None,
            by: Vec::new(),
            silent: Vec::new(),
            near: None,
            error: Some(fault),
        }
    }

    /// Writes it as one line.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        serde_json::to_writer(&mut *out, self)?;
        out.write_all(b"\n")
    }
}
