//! The sandbox refuses what AWS refuses and allows what AWS allows: status, code and message.
//!
//! Requests are made by the real clients where a test is about what they read, and otherwise from
//! the tables of `support`, signed with AWS's own signer. Each refusal stands beside what is
//! allowed. Rows marked `assumed` rest on no page of AWS.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::too_many_lines,
    clippy::type_complexity,
    clippy::needless_pass_by_value,
    clippy::format_push_string,
    missing_docs,
    reason = "a test ends where something is not as it says, and its tables and builders are read once"
)]

mod accounts;
mod admin;
mod authentication;
mod condition_keys;
mod control;
mod deletes;
mod directory;
mod encryption;
mod grants;
mod hostile_configurations;
mod kms;
mod kms_aliases;
mod kms_input;
mod kms_life;
mod kms_requests;
mod limits;
mod object_lock;
mod objects;
mod post;
mod roles;
mod s3_answers;
mod sessions;
mod support;
