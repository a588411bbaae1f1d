//! The program as a whole, run as a user would: one binary for everything that needs no harness of
//! its own, so that the dependencies are linked once. `cargo test --test integration MODULE::` runs
//! the tests of one module.
//!
//! What modules read lies beside this folder: `tests/bad_input/cases`, `tests/clients`,
//! `tests/weakenings/table.toml`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at a surprise"
)]

mod bad_input;
mod checks;
mod cli;
mod clients;
mod common;
mod guide;
mod kms_run;
mod ministack;
mod missing_context;
mod other_session;
mod policies;
mod project;
mod readme;
mod serve;
mod targets;
mod waivers;
mod weaken;
mod weakenings;
