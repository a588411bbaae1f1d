//! The JSON response to a JSON request, line by line.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use crate::error::Undecidable;
use crate::evaluate::{Decision, Evaluation, Reason};
use crate::explain::{NearestMiss, nearest_miss};
use crate::input::{EvaluationInput, EvaluationInputError};
use crate::layer::Layer;

/// The response to one [`EvaluationInput`] as a line of JSON. It has either a decision or an error.
///
/// ```
/// use gainsay_iam::{Decision, Response};
///
/// let line = br#"{"id": 7, "principal": "arn:aws:iam::111122223333:user/ann",
///     "action": "s3:GetObject", "resource": "arn:aws:s3:::reports/2026.csv"}"#;
/// let response = Response::decide(line, false);
/// assert_eq!(response.decision, Some(Decision::ImplicitDeny));
///
/// let mut out = Vec::new();
/// response.write(&mut out)?;
/// let expected = r#"{"id":7,"decision":"implicit-deny","by":[],"silent":["identity"],"error":null}"#;
/// assert_eq!(String::from_utf8_lossy(&out), format!("{expected}\n"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Response {
    /// The `id` of the input; null where it has none.
    pub id: Value,
    /// The decision; null if the input cannot be decided.
    pub decision: Option<Decision>,
    /// The deciding statements, as [`Evaluation::by`] has them.
    pub by: Vec<Reason>,
    /// The layers that would have had to allow, as [`Evaluation::silent`] has them.
    pub silent: Vec<Layer>,
    /// Where it was requested: of an implicit deny the statement that came nearest to allowing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub near: Option<NearestMiss>,
    /// Why there is no decision.
    pub error: Option<ResponseError>,
}

/// Why an input cannot be decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ResponseError {
    /// A stable code: that of an [`EvaluationInputError`] or of an [`Undecidable`].
    pub code: &'static str,
    /// What is wrong, for people.
    pub message: String,
}

impl From<&EvaluationInputError> for ResponseError {
    fn from(error: &EvaluationInputError) -> Self {
        Self { code: error.code(), message: error.to_string() }
    }
}

impl From<&Undecidable> for ResponseError {
    fn from(error: &Undecidable) -> Self {
        Self { code: error.code(), message: error.to_string() }
    }
}

impl Response {
    /// Reads a line of JSON and decides it. `near` is whether the nearest miss is looked for, which
    /// costs as much as the decision.
    #[must_use]
    pub fn decide(line: &[u8], near: bool) -> Self {
        let text = match std::str::from_utf8(line) {
            Ok(text) => text,
            Err(error) => return Self::malformed(error.to_string()),
        };
        let (id, input) = EvaluationInput::read(text);
        let input = match input {
            Ok(input) => input,
            Err(error) => return Self::undecided(id, ResponseError::from(&error)),
        };
        match input.evaluate() {
            Ok(evaluation) => {
                let near = near
                    .then(|| nearest_miss(&input.request(), &input.policies(), &evaluation))
                    .flatten();
                let Evaluation { decision, by, silent } = evaluation;
                Self { id, decision: Some(decision), by, silent, near, error: None }
            }
            Err(error) => Self::undecided(id, ResponseError::from(&error)),
        }
    }

    /// The response to a line that cannot be read, with what is wrong with it.
    #[must_use]
    pub fn malformed(problem: String) -> Self {
        Self::undecided(Value::Null, ResponseError::from(&EvaluationInputError::Malformed(problem)))
    }

    fn undecided(id: Value, fault: ResponseError) -> Self {
        Self {
            id,
            decision: None,
            by: Vec::new(),
            silent: Vec::new(),
            near: None,
            error: Some(fault),
        }
    }

    /// Writes it as one line of JSON with its line feed.
    ///
    /// # Errors
    ///
    /// Any error of the writer.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        serde_json::to_writer(&mut *out, self)?;
        out.write_all(b"\n")
    }
}
