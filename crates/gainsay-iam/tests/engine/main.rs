//! The engine through its public interface: tables of documented answers, properties that hold of
//! every policy and request, and what a search finds.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::type_complexity,
    reason = "a test may stop at a surprise, and its tables are read once"
)]

mod elements;
mod grants;
mod layers;
mod other_sessions;
mod properties;
mod search;
mod unknown_context;
