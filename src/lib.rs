//! gainsay proves, by trying, that what an Amazon S3, KMS or STS policy forbids is really refused.
//!
//! # The map
//!
//! In reading order, which is the way of the data:
//!
//! 1. [`cli`] is where a command begins; [`exit`] is how it ends. [`harness`] is the other way in:
//!    attempts as tests.
//! 2. [`files`] reads what a user wrote and says what is wrong with it; [`scenario`] is what will
//!    be attempted, every name resolved and every refusal with its witnesses; [`control`] is what
//!    is read of what is deployed; [`suite`] has them together. [`lint`] says what in them proves
//!    less than it seems to.
//! 3. [`plan`] chooses; [`runner`] makes the calls: [`session`] has the sessions, [`attempt`] the
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
pub mod cli;
pub mod cloud;
pub mod control;
pub mod exit;
pub mod files;
pub mod harness;
pub mod lint;
pub mod outcome;
pub mod plan;
pub mod provision;
pub mod range;
pub mod record;
pub mod report;
pub mod runner;
pub mod scenario;
pub mod session;
pub mod suite;
pub mod tries;
pub mod verdict;
