//! Attempts as calls: the operation catalogue, the parameters, and one function per operation that
//! makes the call.

mod answer;
mod ask;
mod call;
mod cli;
mod content;
mod fill;
mod operation;
mod param;
mod presigned;

pub(crate) use self::{
    answer::{chain, fault, request_id},
    call::numbered,
    cli::quote,
};
pub use gainsay_model::Service;

pub use self::{
    answer::{Answer, Output, Refused},
    ask::Ask,
    call::call,
    cli::command,
    fill::{Call, Facts, FillError, account, fill, fill_value, fixture_arn},
    operation::{Effect, OPERATIONS, On, Op, Operation},
    param::{Facet, Field, Form, Kind, Param, RawExpect, RawRequest},
};
