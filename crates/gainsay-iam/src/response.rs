//! The JSON response to a JSON request, line by line.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use crate::error::Undecidable;
use crate::evaluate::{Decision, Evaluation, Reason};
use crate::explain::{NearestMiss, nearest_miss};
use crate::input::line::{self, Documents};
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

/// Answers many questions, each of which is a line of JSON with its policies, as
/// [`Response::decide`] does. Documents that repeat are compiled once; what is kept is bounded.
///
/// ```
/// use gainsay_iam::LineDecider;
///
/// let (mut decider, mut answers) = (LineDecider::new(false), Vec::new());
/// for id in [7, 8] {
///     let line = format!(
///         r#"{{"id": {id}, "principal": "arn:aws:iam::111122223333:user/ann",
///             "action": "s3:GetObject", "resource": "arn:aws:s3:::reports/2026.csv"}}"#
///     );
///     decider.answer(line.as_bytes(), &mut answers);
/// }
/// let expected = r#"{"id":8,"decision":"implicit-deny","by":[],"silent":["identity"],"error":null}"#;
/// assert_eq!(String::from_utf8_lossy(&answers).lines().last(), Some(expected));
/// ```
#[derive(Debug, Default)]
pub struct LineDecider {
    near: bool,
    documents: Documents,
}

impl LineDecider {
    /// One that has compiled nothing yet; `near` is whether the nearest miss is looked for.
    #[must_use]
    pub fn new(near: bool) -> Self {
        Self { near, documents: Documents::default() }
    }

    /// Decides the question of a line, and adds the answer to `out`, as a line of JSON with its
    /// line feed.
    pub fn answer(&mut self, line: &[u8], out: &mut Vec<u8>) {
        let begin = out.len();
        if self.near || self.write_usual(line, out).is_none() {
            out.truncate(begin);
            // Writing to memory fails for want of memory alone.
            _ = Response::decide(line, self.near).write(out);
        }
    }

    /// The answer to a line of the usual shape that has a decision.
    fn write_usual(&mut self, line: &[u8], out: &mut Vec<u8>) -> Option<()> {
        let question = line::question(str::from_utf8(line).ok()?, &mut self.documents)?;
        let Evaluation { decision, by, silent } = question.input.evaluate().ok()?;
        for part in ["{\"id\":", question.id, ",\"decision\":\"", decision.as_str()] {
            out.extend_from_slice(part.as_bytes());
        }
        out.extend_from_slice(b"\",\"by\":[");
        for (index, reason) in by.iter().enumerate() {
            out.extend_from_slice(if index > 0 { b",{\"layer\":\"" } else { b"{\"layer\":\"" });
            out.extend_from_slice(reason.layer.as_str().as_bytes());
            write!(out, "\",\"policy\":{},\"statement\":{}", reason.policy, reason.statement)
                .ok()?;
            out.extend_from_slice(b",\"sid\":");
            serde_json::to_writer(&mut *out, &reason.sid).ok()?;
            out.push(b'}');
        }
        out.extend_from_slice(b"],\"silent\":[");
        for (index, layer) in silent.iter().enumerate() {
            out.extend_from_slice(if index > 0 { b",\"" } else { b"\"" });
            out.extend_from_slice(layer.as_str().as_bytes());
            out.push(b'"');
        }
        out.extend_from_slice(b"],\"error\":null}\n");
        Some(())
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
