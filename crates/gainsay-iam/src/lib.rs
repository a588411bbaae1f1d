//! The IAM policy evaluation of AWS, as a library: given a request and every policy that applies to
//! it, what AWS decides, and which statements decide it.
//!
//! [`evaluate()`] composes identity-based policies, the policy of the resource (bucket, KMS key or
//! role), KMS grants, permissions boundary, session policies, SCPs, RCPs and the policy of the VPC
//! endpoint, within an account and across accounts, following AWS's page on
//! [policy evaluation logic][logic]. The answer is an [`Evaluation`]: a [`Decision`] with the
//! statements that determine it, or the layers that would have had to allow and did not.
//! [`explain()`] shows every statement and element of one decision, [`search()`] looks for a
//! request that policies should refuse and do not, and [`lint()`] finds statements that cannot do
//! what they seem to say.
//!
//! The engine is pure and total: no I/O, no clock, no global state, no panics. [`Policy`] validates
//! a document as AWS does on storing it, and what AWS would not store is a [`DocumentError`].
//!
//! # What is not modelled
//!
//! What AWS has and this engine does not model is [`Undecidable`], an error with the statement and
//! the reason, and never a guess:
//!
//! * a statement reads a condition key of which the [`Context`] does not say whether the request
//!   has it ([`Context::set_unmodelled`], [`Context::set_unknown`]);
//! * public buckets are restricted, and whether the policy is public is not known;
//! * a statement names a canonical user, or the caller in `NotPrincipal` without its role or
//!   account;
//! * an operator or a variable for one value meets several, or an ARN operator a lone `*`;
//! * a condition reads a key that begins like those of [`keys`] and is not among them, or gives a
//!   key no value to compare with.
//!
//! The context is complete: a key of [`keys`] or of another service that is not set is absent.
//! Condition keys that follow from the principal (`aws:PrincipalArn`) are set by the caller, too;
//! [`EvaluationInput::read`] sets them. Of Block Public Access only what it makes of public bucket
//! policies is decided ([`Policies::restrict_public_buckets`]). ACLs, Object Ownership, Object Lock
//! and key states are not policies and not decided here; [`Layer`] has words for them, for programs
//! that do. The documents may name any action; the tables in [`actions`] and
//! [`keys`], which lint and search read, have S3, KMS and STS.
//!
//! # Decide a request
//!
//! ```
//! use gainsay_iam::{
//!     Context, Decision, Layer, Policies, Policy, PolicyKind, Principal, Request, evaluate,
//! };
//!
//! let identity = [Policy::from_text(
//!     PolicyKind::Identity,
//!     r#"{"Version": "2012-10-17", "Statement": {
//!         "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::reports/*"}}"#,
//! )?];
//! let bucket = Policy::from_text(
//!     PolicyKind::Bucket,
//!     r#"{"Version": "2012-10-17", "Statement": {
//!         "Sid": "TlsOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
//!         "Resource": "arn:aws:s3:::reports/*",
//!         "Condition": {"Bool": {"aws:SecureTransport": "false"}}}}"#,
//! )?;
//! let policies =
//!     Policies { identity: &identity, resource: Some(&bucket), ..Policies::default() };
//! let principal = Principal::User { arn: "arn:aws:iam::111122223333:user/ann".to_owned() };
//! let decide = |action: &str, secure_transport: &str| {
//!     let mut context = Context::new();
//!     context.set("aws:SecureTransport", secure_transport);
//!     let request = Request {
//!         principal: &principal,
//!         action,
//!         resource: "arn:aws:s3:::reports/2026.csv",
//!         resource_account: "111122223333",
//!         context: &context,
//!     };
//!     evaluate(&request, &policies)
//! };
//!
//! // Allowed, by the one statement of the identity policy.
//! let allowed = decide("s3:GetObject", "true")?;
//! assert_eq!(allowed.decision, Decision::Allow);
//! assert_eq!(allowed.by[0].layer, Layer::Identity);
//!
//! // Denied by a statement of the bucket policy.
//! let denied = decide("s3:GetObject", "false")?;
//! assert_eq!(denied.decision, Decision::ExplicitDeny);
//! assert_eq!(denied.by[0].to_string(), "statement 0 of resource policy 0 (`TlsOnly`)");
//!
//! // Not allowed by anyone: these layers could have, and are silent.
//! let silent = decide("s3:DeleteObject", "true")?;
//! assert_eq!(silent.decision, Decision::ImplicitDeny);
//! assert_eq!(silent.silent, [Layer::Identity, Layer::Resource]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! More examples are at [`explain()`], [`search()`], [`lint()`] and [`EvaluationInput`].
//!
//! [logic]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html

#![warn(unreachable_pub)]

pub mod actions;
mod context;
mod error;
mod evaluate;
mod explain;
mod external;
mod grant;
mod input;
pub mod keys;
mod layer;
pub mod lint;
mod location;
mod other_session;
mod pattern;
mod policy;
mod principal;
mod public;
pub mod put;
mod response;
mod search;

pub use context::{Context, ContextValue, OwnedRequest, Request};
pub use error::{DocumentError, PathStep, Problem, Undecidable};
pub use evaluate::{Decision, Evaluation, Policies, Reason, evaluate};
pub use explain::{
    ElementView, Explanation, LayerView, Matched, NearestMiss, PolicyView, StatementView, explain,
    nearest_miss,
};
pub use external::{Endpoint, ExternalSource, Membership, Network, Organizations};
pub use grant::{Constraint, Grant};
pub use input::{EvaluationInput, EvaluationInputError};
pub use keys::{KeyType, condition_key, condition_keys, known_condition_key};
pub use layer::{Layer, PolicyKind, UnknownLayer};
pub use lint::{Finding, Lint, Review, lint, lint_document, review};
pub use location::{Location, duplicate_key, locate, locate_statement};
pub use other_session::{OtherSession, other_session};
pub use pattern::wildcard_match;
pub use policy::{Effect, Policy, Statement};
pub use principal::Principal;
pub use public::Publicity;
pub use response::{LineDecider, Response, ResponseError};
pub use search::{Goal, RequestSpace, SearchOutcome, search};

/// The example of the README is run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
