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

mod asked;
mod delivery;
mod echo;
pub mod expression;
mod filter;
pub mod read;
pub mod search;
mod shape;

#[cfg(test)]
mod cases;

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use serde::Deserialize;
use serde_json::Value;

pub use self::{
    asked::asked,
    read::{READS, Read},
    search::Search,
};
use gainsay_iam::Organizations;
use gainsay_model::Role;

use crate::{
    range::Range,
    verdict::{Judgement, Reason},
};

/// What a check is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum On {
    /// A bucket.
    Bucket,
    /// A KMS key.
    Key,
    /// A trail.
    Trail,
    /// The account.
    Account,
}

impl On {
    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bucket => "bucket",
            Self::Key => "key",
            Self::Trail => "trail",
            Self::Account => "account",
        }
    }
}

/// A check as a control's file says it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// What it is of.
    pub on: On,
    /// What is read: the name of a row of [`READS`].
    pub read: String,
    /// Names of what the baseline has to say. `key` is the logical name of a key and stands for its
    /// ARN, `alias` is one and stands for its alias, `target` is that of a bucket and stands for
    /// its name, `source` for its ARN, `objects` for the ARN that those of its objects begin with,
    /// `trail` is that of a trail and stands for its ARN, `account` is that of an account and
    /// stands for its id, `topic` is that of an SNS topic of the account and stands for its ARN, or
    /// is one.
    #[serde(default)]
    pub parameters: Vec<String>,
    /// What a parameter that is a number may sensibly be, by its name.
    #[serde(default)]
    pub ranges: BTreeMap<String, Range>,
    /// What must hold, in `JMESPath` over what the AWS CLI prints; `$name` is a parameter, and
    /// `$now` the time in seconds.
    #[serde(default)]
    pub holds: Option<String>,
    /// The forbidden kind of request that the policy read must deny. Either this or `holds`.
    #[serde(default)]
    pub search: Option<Search>,
}

impl Check {
    /// The row of what is read; the test of the catalogue sees to it that there is one.
    #[must_use]
    pub fn row(&self) -> Option<&'static Read> {
        READS.iter().find(|row| row.name == self.read)
    }
}

/// What the baseline tells a check, by the names of its parameters.
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

/// What reading came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// What is there, in the shape the AWS CLI prints; `null` where nothing is configured.
    Document(Value),
    /// It could not be read, and why.
    NotRead(String),
}

/// Whether what was read is as it must be at a time. What could not be read, or cannot be decided,
/// is neither right nor wrong.
#[must_use]
pub fn judge(reading: &Reading, seen: &Seen, now: SystemTime) -> Judgement {
    let document = match seen {
        Seen::NotRead(why) => return Judgement::inconclusive(Reason::NotRead, why.clone()),
        Seen::Document(document) => document,
    };
    let (check, subject) = (reading.check, &reading.subject);
    let stray = check.row().and_then(|row| row.stray(document, subject, &reading.parameters));
    if let Some(why) = stray {
        return Judgement::inconclusive(Reason::NotRead, why);
    }
    match (&check.holds, check.search) {
        (Some(expression), None) => {
            match expression::holds(expression, document, &at(&reading.parameters, now)) {
                Ok(true) => Judgement::pass(),
                Ok(false) => Judgement::fail(
                    Reason::DoesNotHold,
                    format!("{} of `{}` answers {document}", check.read, subject.name),
                ),
                Err(why) => Judgement::inconclusive(Reason::NotRead, why),
            }
        }
        (None, Some(kind)) => search::judge(kind, check.on, document, subject, &reading.parameters),
        _ => Judgement::inconclusive(
            Reason::NotRead,
            "the check says neither or both of `holds` and `search`",
        ),
    }
}

/// Parameters, with the time in seconds as `now`.
fn at(parameters: &BTreeMap<String, String>, now: SystemTime) -> BTreeMap<String, String> {
    let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let mut parameters = parameters.clone();
    parameters.insert("now".to_owned(), seconds.to_string());
    parameters
}
