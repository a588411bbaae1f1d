//! One API call, decided with the policies beside it: `gainsay decide` and `gainsay explain` with
//! `operation`.
//!
//! What a call asks of policies is written down nowhere here. The call is put to a sandbox of what
//! it acts on, in which nothing forbids it: the rulings of that sandbox are all the questions it
//! needs, with their contexts. Each is then decided by the engine with the policies that were
//! given.

mod answer;
mod deploy;
mod error;
mod input;
mod put;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at a surprise")]
mod tests;

use gainsay_iam::{
    Decision, EvaluationInput, Explanation, Layer, NearestMiss, Reason, ResponseError, explain,
    nearest_miss,
};
use serde::Serialize;
use serde_json::Value;

pub use self::{answer::CallAnswer, error::CallError};
use self::{deploy::Deployed, input::Input};
use crate::attempt::Operation;

/// What is decided about an API call, as a line of JSON.
#[derive(Debug, Serialize)]
pub struct CallDecision {
    /// The `id` of the input; null where it has none.
    pub id: Value,
    /// The operation, as the input names it.
    pub operation: Option<String>,
    /// What the policies say of the whole: `allow`, or the decision that refuses it first; null if
    /// it cannot be decided.
    pub decision: Option<Decision>,
    /// What the service answers.
    pub answer: Option<CallAnswer>,
    /// Every action on every resource that the call needs, in the order in which they are asked.
    pub questions: Vec<CallQuestion>,
    /// Why there is no decision.
    pub error: Option<ResponseError>,
}

/// One action on one resource that a call needs.
#[derive(Debug, Serialize)]
pub struct CallQuestion {
    /// The action.
    pub action: String,
    /// The ARN of the resource.
    pub resource: String,
    /// The account that owns it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_account: Option<String>,
    /// The decision; null if it cannot be decided.
    pub decision: Option<Decision>,
    /// The deciding statements.
    pub by: Vec<Reason>,
    /// A setting that refuses what the policies allow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub setting: Option<Layer>,
    /// The layers that would have had to allow, and did not.
    pub silent: Vec<Layer>,
    /// Where it was asked for: the statement that came nearest to allowing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub near: Option<NearestMiss>,
    /// Why there is no decision.
    pub error: Option<ResponseError>,
    /// What the engine was asked; nothing where a setting decides.
    #[serde(skip)]
    pub input: Option<Box<EvaluationInput>>,
}

impl CallQuestion {
    /// The decision with every layer, statement and element; nothing where no policy was asked.
    #[must_use]
    pub fn explanation(&self) -> Option<Explanation> {
        let input = self.input.as_ref()?;
        let mut explanation = explain(&input.request(), &input.policies());
        if let Some(setting) = self.setting {
            explanation.decision = self.decision;
            explanation.by.clear();
            explanation.error = Some(format!("the policies allow it, and {setting} refuses it"));
        }
        Some(explanation)
    }
}

/// Whether a line asks about an API call: it has a member `operation`, which no question about one
/// action has.
#[must_use]
pub fn is_call(line: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Named {
        operation: Option<serde::de::IgnoredAny>,
    }
    // Most lines are none, and need not be read twice.
    std::str::from_utf8(line).is_ok_and(|text| {
        text.contains("\"operation\"")
            && serde_json::from_str::<Named>(text).is_ok_and(|named| named.operation.is_some())
    })
}

/// Decides the API call of a line of JSON. `near` is whether the nearest miss is looked for.
#[must_use]
pub fn decide(line: &[u8], near: bool) -> CallDecision {
    let value = serde_json::from_slice::<Value>(line).unwrap_or_default();
    let member = |name| value.get(name).cloned();
    let whole = CallDecision {
        id: member("id").unwrap_or_default(),
        operation: member("operation").and_then(|name| name.as_str().map(str::to_owned)),
        decision: None,
        answer: None,
        questions: Vec::new(),
        error: None,
    };
    match put(line, near) {
        Err(error) => CallDecision { error: Some(error.to_response()), ..whole },
        Ok(made) => made.decided(whole),
    }
}

/// What came of putting the call to the sandbox and its questions to the engine.
struct Made {
    questions: Vec<CallQuestion>,
    /// What the sandbox answers that lets everything through.
    permitted: Result<CallAnswer, CallError>,
    operation: &'static Operation,
    principal: String,
}

impl Made {
    fn decided(self, whole: CallDecision) -> CallDecision {
        let Self { questions, permitted, operation, principal } = self;
        let refused = questions.iter().find(|question| question.decision != Some(Decision::Allow));
        let not_modelled = matches!(&permitted, Err(CallError::NotModelled(_)));
        let (decision, answer, error) = match (refused, permitted) {
            // What is not modelled might have been asked first.
            (_, Err(error)) if not_modelled => (None, None, Some(error.to_response())),
            // A setting refuses in the sandbox as it does here.
            (Some(question), Err(CallError::Rejected(answer))) if question.setting.is_some() => {
                (question.decision, Some(answer), None)
            }
            (Some(question), _) => {
                let answer = CallAnswer::refused(operation, &principal, question);
                let error = question.decision.is_none().then(|| question.error.clone()).flatten();
                (question.decision, answer, error)
            }
            (None, Ok(answer)) => (Some(Decision::Allow), Some(answer), None),
            (None, Err(error)) => (None, error.answer(), Some(error.to_response())),
        };
        CallDecision { decision, answer, questions, error, ..whole }
    }
}

fn put(line: &[u8], near: bool) -> Result<Made, CallError> {
    let text =
        std::str::from_utf8(line).map_err(|error| CallError::Malformed(error.to_string()))?;
    let input = Input::read(text)?;
    let deployed = Deployed::of(&input)?;
    // One call at a time, in this process: nothing of it waits for anything.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|source| CallError::Runtime { source })?;
    let answered = runtime.block_on(put::put(&input, &deployed))?;
    let questions = answered.rulings.0.iter();
    Ok(Made {
        questions: questions.map(|ruling| question(&input, &deployed, ruling, near)).collect(),
        permitted: answered.answer,
        operation: input.operation,
        principal: input.principal.to_string(),
    })
}

/// A question of the sandbox, decided with the policies that were given.
fn question(
    input: &Input,
    deployed: &Deployed,
    ruling: &gainsay_sandbox::Ruling,
    near: bool,
) -> CallQuestion {
    let setting = ruling
        .deciders
        .iter()
        .find(|decider| decider.statement.is_none() && decider.layer != Layer::Grant)
        .map(|decider| decider.layer)
        .filter(|_| ruling.decision != Decision::Allow);
    let mut question = CallQuestion {
        action: ruling.action.clone(),
        resource: ruling.resource.clone(),
        resource_account: None,
        decision: Some(ruling.decision),
        by: Vec::new(),
        setting,
        silent: ruling.silent.clone(),
        near: None,
        error: None,
        input: None,
    };
    let Some(asked) = &ruling.input else { return question };
    let asked = input.asked(deployed, &asked.input);
    question.resource_account = Some(asked.request.resource_account.clone());
    match asked.evaluate() {
        Err(error) => {
            question.decision = None;
            question.setting = None;
            question.silent = Vec::new();
            question.error = Some(ResponseError::from(&error));
        }
        Ok(evaluation) => {
            let allowed = evaluation.decision == Decision::Allow;
            if near {
                question.near = nearest_miss(&asked.request(), &asked.policies(), &evaluation);
            }
            if !allowed {
                // A policy refuses it already.
                question.setting = None;
            }
            if question.setting.is_none() {
                question.decision = Some(evaluation.decision);
                question.by = evaluation.by;
            }
            question.silent = evaluation.silent;
        }
    }
    question.input = Some(Box::new(asked));
    question
}
