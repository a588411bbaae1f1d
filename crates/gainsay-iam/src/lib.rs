//! The policy engine: given a request and every policy that applies to it, what AWS decides and
//! which statements decide it.
//!
//! Pure and total: no IO, no clock, no panics. What AWS has and this engine does not model is an
//! [`Undecidable`] error, never a guess; what AWS would refuse to store is a [`DocumentError`].
//!
//! Reading order: [`layer`] (the words), [`document`], `reader` and [`grammar`] (what a policy is),
//! [`pattern`], [`operand`] and [`condition`] (how one element matches), [`principal`], [`context`]
//! and [`outside`] (what is asked), [`grant`] (what stands beside a key policy), [`evaluate()`]
//! (how the layers compose).

pub mod actions;
pub mod answer;
pub mod condition;
pub mod context;
pub mod document;
pub mod error;
pub mod evaluate;
pub mod explain;
pub mod grammar;
pub mod grant;
pub mod input;
pub mod keys;
pub mod layer;
pub mod lint;
pub mod operand;
pub mod outside;
pub mod pattern;
pub mod place;
pub mod principal;
mod reader;
pub mod search;
pub mod sessions;
mod written;

#[cfg(test)]
mod cases;
#[cfg(test)]
mod compositions;
#[cfg(test)]
mod grants;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod other_sessions;
#[cfg(test)]
mod searches;
#[cfg(test)]
mod unsaid;

pub use answer::{Answer, Fault};
pub use context::{Context, OwnedRequest, Request};
pub use document::{Effect, Policy, Statement};
pub use error::{DocumentError, PathStep, Problem, Undecidable};
pub use evaluate::{Decision, Evaluation, Policies, Reason, evaluate};
pub use explain::{
    ElementView, Explanation, LayerView, Matched, Near, PolicyView, StatementView, explain,
    nearest_miss,
};
pub use grant::{Constraint, Grant};
pub use input::{EvaluationInput, EvaluationInputError};
pub use keys::{KeyType, condition_key, condition_keys, known_condition_key};
pub use layer::{Layer, PolicyKind, UnknownLayer};
pub use lint::{Finding, Lint, lint};
pub use outside::{Endpoint, Membership, Network, Organizations, Outside};
pub use pattern::wildcard_match;
pub use place::{Place, duplicate_key, locate, locate_statement};
pub use principal::Principal;
pub use search::{Goal, RequestSpace, SearchOutcome, search};
pub use sessions::{OtherSession, other_session};
