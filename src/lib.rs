//! gainsay proves, by trying, that what an Amazon S3, KMS or STS policy forbids is really refused.
//!
//! # The map
//!
//! In reading order, which is the way of the data:
//!
//! 1. [`cli`] is where a command begins; [`exit`] is how it ends. [`harness`] is the other way in:
//!    attempts as tests.
//! 2. [`suite`] reads a scenarios folder; [`diag`] says what is wrong with it; [`environment`] is
//!    what is deployed and which [`environment::Control`]s were chosen; [`check`] is what is read
//!    of it; [`scenario`] is what will be attempted, every name resolved and every refusal with its
//!    witnesses. [`lint`] says what in them proves less than it seems to.
//! 3. [`plan`] chooses; [`runner`] makes the calls: [`principal`] has the sessions, [`attempt`] the
//!    operations, [`cloud`] the clients.
//! 4. [`outcome`] reads what came back; [`verdict`] judges it; [`tries`] says when it is asked
//!    again. These two are where a refusal is, or is not, believed.
//! 5. [`record`] is what a run leaves; [`report`] shows it.
//! 6. [`api_call`] and [`access_denied`] answer questions about calls without any scenario.
//! 7. [`gainsay_sandbox`] answers the calls, and refuses what AWS refuses: [`gainsay_iam`] decides.
//!    [`gainsay_sandbox::serve`] puts it on two ports for any client.
//!
//! ARCHITECTURE.md has the same as a picture, with what each part must not know.

pub mod access_denied;
pub mod api_call;
pub mod attempt;
pub mod check;
pub mod cli;
pub mod cloud;
pub mod diag;
pub mod environment;
pub mod exit;
pub mod harness;
pub mod lint;
pub mod outcome;
pub mod plan;
pub mod principal;
pub mod provision;
pub mod range;
pub mod record;
pub mod report;
pub mod runner;
pub mod scenario;
pub mod suite;
pub mod tries;
pub mod verdict;
