//! Checks: what is read of a deployed resource, and what must hold of it. A second way to prove a
//! control, beside attempts.
//!
//! Reading order: [`read`] (what is read, and the shape it has), [`expression`] (what must hold of
//! a setting), [`search`] (what must hold of a policy), [`judge`]. Pure: `runner::checks` makes the
//! calls.
//!
//! A check is data in its control's file under `checks/`. What is absent is a value; what could not
//! be read is inconclusive, and so is an answer that says itself that it is about something else
//! ([`read`] has what must be said).

mod check;
mod delivery;
mod echo;
pub mod expression;
mod filter;
mod judge;
pub mod read;
pub mod search;
mod shape;

#[cfg(test)]
mod cases;

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;

pub use self::{
    check::resolve,
    delivery::{DeliveryValues, ServiceAnswer, answers, prefixes},
    judge::judge,
    read::{READS, Read},
};
pub use crate::files::{Check, On, Search};
use gainsay_iam::Organizations;
use gainsay_model::Role;

/// The values that the baseline gives the parameters of a check, by name.
pub type Parameters = BTreeMap<String, String>;

/// The resource that is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Its logical name.
    pub name: String,
    /// What the call names it by: a bucket's name, the ARN of a key or a trail, an account's id.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// The account that owns it.
    pub account: String,
    /// The Region it is in.
    pub region: String,
    /// Which organization each account is in, as far as the environment says.
    pub organizations: Arc<Organizations>,
}

/// A check of one resource, as a baseline asks for it.
#[derive(Clone, Debug)]
pub struct Reading {
    /// architecture/checks/resource/read/control.
    pub id: String,
    /// The control.
    pub control: String,
    /// What the control says must hold.
    pub statement: &'static str,
    /// What is read, and what must hold.
    pub check: &'static Check,
    /// Of what.
    pub subject: Subject,
    /// What the baseline says.
    pub parameters: BTreeMap<String, String>,
    /// Who reads.
    pub reader: Arc<Role>,
    /// The baseline, as it was typed.
    pub file: String,
    /// The line that asks for it.
    pub line: usize,
}

/// What a read of a deployed resource answered.
#[derive(Clone, Debug, PartialEq)]
pub enum ReadOutcome {
    /// What is there, in the shape the AWS CLI prints; `null` where nothing is configured.
    Document(Value),
    /// It could not be read, and why.
    NotRead(String),
}
