//! `gainsay serve` as a process: its command line, its wire, and many clients at once.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at a surprise"
)]

#[path = "serve/command.rs"]
mod command;
mod common;
#[path = "serve/gaps.rs"]
mod gaps;
#[path = "serve/many.rs"]
mod many;
#[path = "serve/run.rs"]
mod run;
#[path = "common/served.rs"]
mod served;
#[path = "serve/wire.rs"]
mod wire;
