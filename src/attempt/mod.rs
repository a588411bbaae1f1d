//! Attempts as calls: what is said of an operation (`operation`, `param`), the operations
//! themselves (`service`), and how a request of a scenario becomes one that is sent.

mod answer;
mod command;
mod content;
mod fill;
mod leaves;
mod operation;
mod param;
mod presigned;
mod request;
mod response;
mod service;

pub(crate) use self::{answer::fault, command::quote, service::numbered};
pub use gainsay_model::Service;

use self::operation::MakeCall;
pub use self::{
    answer::{Answer, Output, Refused},
    command::command,
    fill::{Call, FillError, RunContext, account, fill, fill_value, fixture_arn},
    leaves::{Leaves, ObjectSetting, Undo},
    operation::{Effect, On, Operation},
    param::{Facet, Field, Form, Kind, Param, RawExpect, RawRequest},
    request::{Fixture, KeyForm, Principal, Request, Text, TextPart, Value},
    response::Response,
    service::{OPERATIONS, call},
};
