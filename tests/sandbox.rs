//! Every operation of the catalogue against the sandbox, through the real clients, and what a run
//! makes of its answers. What each service answers to which request is in the sandbox's own tests.
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

#[path = "sandbox/admin.rs"]
mod admin;
#[path = "sandbox/authentication.rs"]
mod authentication;
#[path = "sandbox/control.rs"]
mod control;
#[path = "sandbox/deletes.rs"]
mod deletes;
#[path = "sandbox/pivots.rs"]
mod pivots;
#[path = "sandbox/place.rs"]
mod place;
#[path = "sandbox/sessions.rs"]
mod sessions;
