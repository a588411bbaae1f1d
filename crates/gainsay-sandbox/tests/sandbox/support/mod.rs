//! What the tests are written with: an environment made of literals, requests in anyone's name, and
//! answers in one line.

mod answer;
mod clients;
mod form;
mod operations;
mod place;
mod request;

pub use self::{
    answer::{Answer, Field, Output, Refused, Response, field, message, outcome},
    clients::{Clients, How, send},
    operations::{Param, operation_request},
    place::{
        ACCOUNT, PARTNER, Place, REGION, Setup, all, allow, delegated, root_may,
        trusts_access_grants,
    },
    request::Request,
};

/// Runs a test's future.
pub fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime").block_on(test);
}

/// Compares every row and reports all that differ.
#[derive(Default)]
pub struct Table(Vec<String>);

impl Table {
    pub fn row(&mut self, name: &str, actual: &str, expected: &str) {
        if actual != expected {
            self.0.push(format!("{name}\n      got {actual}\n expected {expected}"));
        }
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        assert!(self.0.is_empty() || std::thread::panicking(), "{}", self.0.join("\n"));
    }
}
