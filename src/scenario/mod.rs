//! Scenarios: what is attempted and what must come of it, with every name resolved.

mod base;
mod calls;
mod expectation;
mod raw;
mod resolve;
mod sample;
mod scope;
mod witness;

use std::{fmt, sync::Arc};

pub use self::{
    raw::{RawAttempt, RawRefusal, RawScenario},
    resolve::resolve,
    sample::{Sample, SampleCount, Sampled},
};
use gainsay_iam::Layer;
use gainsay_model::Source;

use crate::attempt::{Field, Fixture, Request, Value};

/// A scenario file, resolved.
#[derive(Debug)]
pub struct Scenario {
    /// The architecture it belongs to.
    pub architecture: String,
    /// The file's name without `.yaml`.
    pub stem: String,
    /// What holds, in one sentence.
    pub title: String,
    /// The file.
    pub source: Source,
    /// One for every combination of the `for_each` variables.
    pub rows: Vec<Row>,
    /// How many attempts a sample makes of it; nothing where it is whole.
    pub sampled: Option<Sampled>,
}

impl Scenario {
    /// Every attempt of every row.
    pub fn attempts(&self) -> impl Iterator<Item = &Arc<Attempt>> {
        self.rows.iter().flat_map(|row| &row.attempts)
    }
}

/// The unit of work: on the sandbox every row has an environment and a clock of its own.
#[derive(Debug)]
pub struct Row {
    /// The variables' values, as they stand in a result id; `-` where there are none.
    pub slug: String,
    /// Made before the attempts, in order.
    pub fixtures: Vec<Fixture>,
    /// How far the clock is moved once the fixtures are made, in seconds.
    pub advance: Option<u64>,
    /// In file order.
    pub attempts: Vec<Arc<Attempt>>,
}

/// What an attempt claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// It must succeed.
    Allow,
    /// It must be refused by an authorization mechanism.
    Deny,
    /// It must be refused with a named answer.
    Reject,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Reject => "reject",
        })
    }
}

/// One call, and what must come back.
#[derive(Debug)]
pub struct Attempt {
    /// architecture/file/row/operation/attempt.
    pub id: String,
    /// What the file calls it.
    pub label: String,
    /// What it claims.
    pub kind: Kind,
    /// The controls it proves.
    pub controls: Vec<String>,
    /// The call.
    pub request: Arc<Request>,
    /// For an allow: what the answer must say.
    pub expect: Vec<(Field, Vec<Value>)>,
    /// For a deny or reject: the answers that will do. Empty: any authorization refusal of the
    /// operation itself.
    pub refusals: Vec<Refusal>,
    /// For a deny or reject: what proves it.
    pub witnesses: Option<Witnesses>,
    /// Reads that must hold afterwards.
    pub then: Vec<Then>,
    /// What the expectation rests on, where AWS promises nothing.
    pub assumed: Option<String>,
    /// The line in the scenario file.
    pub line: usize,
}

/// An answer that will do.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// The mechanisms, any of which; empty for any.
    pub layers: Vec<Layer>,
    /// Why AWS names no mechanism: a bare refusal will do, and the layers are asked of who tells
    /// them.
    pub unnamed: Option<String>,
    /// The statement.
    pub sid: Option<String>,
    /// The error codes, any of which; empty for the service's authorization refusal.
    pub codes: Vec<String>,
    /// Words that the message must hold, in any case.
    pub says: Option<String>,
    /// The action refused, where it is not the operation's own.
    pub action: Option<String>,
    /// The key, role or object the action is refused on; the operation's own resource where there
    /// is none.
    pub on: Option<Value>,
}

/// The allowed twins of a refused attempt.
#[derive(Clone, Debug)]
pub struct Witnesses {
    /// A permitted principal succeeds on this very thing.
    pub target: Witness,
    /// This principal succeeds on something of its own.
    pub actor: Witness,
}

/// One allowed twin.
#[derive(Clone, Debug)]
pub struct Witness {
    /// What the file calls it.
    pub label: String,
    /// The call.
    pub request: Arc<Request>,
    /// Where it differs from the attempt.
    pub differences: Vec<String>,
}

/// A read that must hold after an attempt.
#[derive(Debug)]
pub struct Then {
    /// The call.
    pub request: Arc<Request>,
    /// What it must say.
    pub expect: Vec<(Field, Vec<Value>)>,
    /// The line in the scenario file.
    pub line: usize,
}
