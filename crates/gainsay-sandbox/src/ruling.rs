//! What the sandbox decided about a request, and by which statements. It travels beside the answer,
//! never inside it: AWS does not say as much.

use std::sync::Arc;

use gainsay_iam::{Decision, EvaluationInput, Layer, OtherSession};
use gainsay_model::Document;

/// Every authorization decision of one request, in the order they were made.
#[derive(Clone, Debug)]
pub struct Rulings(pub Arc<[Ruling]>);

/// One authorization decision.
#[derive(Clone, Debug)]
pub struct Ruling {
    /// The action that was asked for.
    pub action: String,
    /// The ARN it was asked on.
    pub resource: String,
    /// The decision.
    pub decision: Decision,
    /// What decided: every matching Deny of an explicit deny, every matching Allow of an allow.
    pub deciders: Vec<Decider>,
    /// For an implicit deny: the layers that would have had to allow and did not.
    pub silent: Vec<Layer>,
    /// Of a refusal by policies: another session of the caller's role that they would not refuse.
    pub other_session: Option<OtherSession>,
    /// What the engine was asked, for requests that want to be explained.
    pub input: Option<Arc<RulingInput>>,
}

/// What the engine was asked.
#[derive(Clone, Debug)]
pub struct RulingInput {
    /// The request and the policies.
    pub input: EvaluationInput,
    /// The documents that the policies were read from, by layer and by their place in it.
    pub documents: Vec<(Layer, usize, Document)>,
}

/// An extension of a request that asks the sandbox to keep, beside each ruling, what the engine was
/// asked. It changes no answer.
#[derive(Clone, Copy, Debug)]
pub struct Explain;

/// One thing that decided.
#[derive(Clone, Debug)]
pub struct Decider {
    /// The mechanism.
    pub layer: Layer,
    /// The statement, where the mechanism is a policy.
    pub statement: Option<StatementRef>,
}

/// A statement of a policy file.
#[derive(Clone, Debug)]
pub struct StatementRef {
    /// The policy.
    pub document: Document,
    /// Its index in the document, from 0.
    pub index: usize,
    /// Its Sid.
    pub sid: Option<Arc<str>>,
}

impl StatementRef {
    /// The policy's file.
    #[must_use]
    pub fn file(&self) -> &str {
        self.document.source.name()
    }

    /// The line the statement begins on.
    #[must_use]
    pub fn line(&self) -> usize {
        self.document.line(self.index)
    }
}

impl Rulings {
    /// The decision that refused the request.
    #[must_use]
    pub fn refusal(&self) -> Option<&Ruling> {
        self.0.iter().find(|ruling| ruling.decision != Decision::Allow)
    }
}

impl Ruling {
    /// Every mechanism that refuses: those of explicit statements, or those that were silent.
    #[must_use]
    pub fn layers(&self) -> Vec<Layer> {
        let mut layers: Vec<Layer> = self
            .deciders
            .iter()
            .map(|decider| decider.layer)
            .chain(self.silent.iter().copied())
            .collect();
        layers.sort_unstable();
        layers.dedup();
        layers
    }
}
