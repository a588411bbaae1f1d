//! The sandbox refuses what AWS refuses and allows what AWS allows: status, code and message,
//! through the real clients.
//!
//! Each refusal stands beside what is allowed. Rows marked `assumed` rest on no page of AWS.
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

#[path = "sandbox/accounts.rs"]
mod accounts;
#[path = "sandbox/admin.rs"]
mod admin;
#[path = "sandbox/authentication.rs"]
mod authentication;
#[path = "sandbox/control.rs"]
mod control;
#[path = "sandbox/deletes.rs"]
mod deletes;
#[path = "sandbox/directory.rs"]
mod directory;
#[path = "sandbox/encryption.rs"]
mod encryption;
#[path = "sandbox/grants.rs"]
mod grants;
#[path = "sandbox/hostile_configurations.rs"]
mod hostile_configurations;
#[path = "sandbox/kms.rs"]
mod kms;
#[path = "sandbox/kms_aliases.rs"]
mod kms_aliases;
#[path = "sandbox/kms_life.rs"]
mod kms_life;
#[path = "sandbox/kms_requests.rs"]
mod kms_requests;
#[path = "sandbox/limits.rs"]
mod limits;
#[path = "sandbox/object_lock.rs"]
mod object_lock;
#[path = "sandbox/objects.rs"]
mod objects;
#[path = "sandbox/pivots.rs"]
mod pivots;
#[path = "sandbox/place.rs"]
mod place;
#[path = "sandbox/post.rs"]
mod post;
#[path = "sandbox/roles.rs"]
mod roles;
#[path = "sandbox/sessions.rs"]
mod sessions;
