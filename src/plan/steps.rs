//! Every call of a row, in the order in which the runner makes them if all goes as it should. Pure.

use std::sync::Arc;

use gainsay_model::{Service, Versioning};
use serde::Serialize;

use super::PlannedRow;
use crate::{
    attempt::{Effect, On, Op, Param, account},
    check::Reading,
    environment::Environment,
    scenario::{Attempt, Fixture, Kind, Principal, Refusal, Request, Value},
};

/// One call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The row it belongs to: architecture/file/row.
    pub row: String,
    /// Why it is made: `fixture`, `attempt`, `witness`, `then`, `proof`, `check`; `advance` where
    /// the clock is moved.
    pub why: &'static str,
    /// The fixture's name, or the id of the attempt or check.
    pub of: String,
    /// Who asks.
    pub principal: String,
    /// The operation.
    pub operation: &'static str,
    /// The parameters, as they are written.
    pub parameters: Vec<(String, String)>,
    /// Where it goes: `https://s3.eu-west-1.amazonaws.com`.
    pub endpoint: String,
    /// What must come of it.
    pub expected: String,
    /// What it would change if it succeeded.
    pub changes: String,
    /// Why it is not made, where it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
}

/// An attempt that is not made.
#[must_use]
pub fn skipped(row: &PlannedRow<'_>, attempt: &Attempt, why: String) -> Step {
    let mut walk = Walk::of(row);
    walk.call("attempt", &attempt.id, &attempt.request, "skipped");
    let step = walk.steps.pop().unwrap_or_default();
    Step { skipped: Some(why), ..step }
}

/// The calls of a row for the attempts that were chosen from it. `exact` is whether it stands on a
/// sandbox, where refusals share their witnesses.
#[must_use]
pub fn steps(row: &PlannedRow<'_>, attempts: &[Arc<Attempt>], exact: bool) -> Vec<Step> {
    let mut walk = Walk { exact, ..Walk::of(row) };
    let needed = super::needed_fixtures(&row.row.fixtures, attempts);
    for (fixture, _) in row.row.fixtures.iter().zip(needed).filter(|(_, needed)| *needed) {
        walk.call("fixture", &fixture.name, &fixture.request, "allowed");
    }
    if let Some(seconds) = row.row.advance {
        walk.clock(seconds);
    }
    for attempt in attempts {
        match attempt.kind {
            Kind::Allow => walk.allowed(attempt),
            Kind::Deny | Kind::Reject => walk.refused(attempt),
        }
    }
    walk.settle();
    walk.steps
}

/// The call of a check, or why it is not made.
#[must_use]
pub fn read(reading: &Reading, environment: &Environment, skipped: Option<String>) -> Step {
    let check = reading.check;
    let row = reading.id.rsplitn(3, '/').last().unwrap_or_default();
    Step {
        row: row.to_owned(),
        why: "check",
        of: reading.id.clone(),
        principal: reading.reader.name.clone(),
        operation: &check.read,
        parameters: vec![(check.on.as_str().to_owned(), reading.subject.name.clone())],
        endpoint: check
            .row()
            .map(|row| format!("https://{}", row.service.host(&environment.deployed.region)))
            .unwrap_or_default(),
        expected: "as the control says".to_owned(),
        changes: "nothing".to_owned(),
        skipped,
    }
}

struct Walk<'a> {
    row: String,
    environment: &'a Environment,
    fixtures: &'a [Fixture],
    steps: Vec<Step>,
    /// Witnesses and proofs that need not be asked again: the runner keeps the same list.
    fresh: Vec<(Arc<Request>, usize)>,
    /// Forbidden attempts so far.
    deeds: usize,
    /// Refusals whose witnesses have yet to be asked once more, with their number.
    open: Vec<(Arc<Attempt>, usize)>,
    /// Whether refusals change nothing.
    exact: bool,
}

impl<'a> Walk<'a> {
    fn of(row: &'a PlannedRow<'_>) -> Self {
        Self {
            row: row.name(),
            environment: &row.architecture.environment,
            fixtures: &row.row.fixtures,
            steps: Vec::new(),
            fresh: Vec::new(),
            deeds: 0,
            open: Vec::new(),
            exact: true,
        }
    }

    fn call(&mut self, why: &'static str, of: &str, request: &Request, expected: &str) {
        let plain = matches!(request.params.get(&Param::Transport), Some(Value::Word("http")));
        let scheme = if plain { "http" } else { "https" };
        let shown = |value: &Value| match value {
            Value::Fixture(index) => self.fixture_names(&[*index]),
            Value::Fixtures(indexes) => self.fixture_names(indexes),
            other => other.to_string(),
        };
        let parameters = request
            .params
            .iter()
            .filter(|(param, _)| !matches!(param, Param::As | Param::Transport));
        let step = Step {
            row: self.row.clone(),
            why,
            of: of.to_owned(),
            principal: request.principal().name().to_owned(),
            operation: request.operation.name,
            parameters: parameters
                .map(|(param, value)| (param.to_string(), shown(value)))
                .collect(),
            endpoint: format!("{scheme}://{}", self.host(request)),
            expected: expected.to_owned(),
            changes: changes(request),
            skipped: None,
        };
        self.steps.push(step);
    }

    /// No call: the clock is moved, and everyone gets a new session.
    fn clock(&mut self, seconds: u64) {
        self.steps.push(Step {
            row: self.row.clone(),
            why: "advance",
            of: "the clock".to_owned(),
            parameters: vec![("seconds".to_owned(), seconds.to_string())],
            expected: "moved".to_owned(),
            changes: "the sandbox's time".to_owned(),
            ..Step::default()
        });
    }

    fn host(&self, request: &Request) -> String {
        let host = request.operation.service.host(&self.environment.deployed.region);
        match request.operation.service {
            Service::S3Control => format!("{}.{host}", account(request, self.environment)),
            _ => host,
        }
    }

    fn fixture_names(&self, indexes: &[usize]) -> String {
        let names = indexes
            .iter()
            .filter_map(|index| self.fixtures.get(*index))
            .map(|fixture| fixture.name.as_str());
        names.collect::<Vec<_>>().join(", ")
    }

    fn allowed(&mut self, attempt: &Attempt) {
        let changes = attempt.request.operation.effect != Effect::Reads;
        if changes {
            self.settle();
        }
        self.call("attempt", &attempt.id, &attempt.request, "allowed");
        if changes {
            self.fresh.clear();
        }
        self.remember(&attempt.request);
        for then in &attempt.then {
            self.call("then", &attempt.id, &then.request, "allowed");
        }
    }

    fn refused(&mut self, attempt: &Arc<Attempt>) {
        let Some(both) = &attempt.witnesses else { return };
        self.unless_known("witness", attempt, &both.target.request, 0);
        self.unless_known("witness", attempt, &both.actor.request, 0);
        self.call("attempt", &attempt.id, &attempt.request, &refusal(attempt));
        self.deeds += 1;
        self.open.push((attempt.clone(), self.deeds));
        if !self.exact && attempt.request.operation.effect != Effect::Reads {
            self.fresh.clear();
        }
        if !self.exact || !attempt.then.is_empty() {
            self.settle();
        }
    }

    fn settle(&mut self) {
        for (attempt, deed) in std::mem::take(&mut self.open) {
            let Some(both) = &attempt.witnesses else { continue };
            self.unless_known("witness", &attempt, &both.target.request, deed);
            self.unless_known("witness", &attempt, &both.actor.request, deed);
            self.proofs(&attempt, deed);
            for then in &attempt.then {
                self.call("then", &attempt.id, &then.request, "allowed");
            }
        }
    }

    /// A call that need not be made where it was made after so many refusals.
    fn unless_known(
        &mut self,
        why: &'static str,
        attempt: &Attempt,
        request: &Arc<Request>,
        deeds: usize,
    ) {
        let known = self.fresh.iter().find(|(known, _)| known == request);
        if known.is_none_or(|(_, asked)| *asked < deeds) {
            self.call(why, &attempt.id, request, "allowed");
            self.remember(request);
        }
    }

    fn remember(&mut self, request: &Arc<Request>) {
        self.fresh.retain(|(known, _)| known != request);
        self.fresh.push((request.clone(), self.deeds));
    }

    /// Reads of the versions that a refused change must not have changed.
    fn proofs(&mut self, attempt: &Attempt, deed: usize) {
        let request = &attempt.request;
        if request.operation.effect == Effect::Reads || request.operation.service != Service::S3 {
            return;
        }
        for fixture in self.fixtures {
            let makes_versions = matches!(
                fixture.request.operation.op,
                Op::PutObject | Op::CopyObject | Op::CompleteMultipartUpload
            );
            let versioned =
                fixture.request.bucket().is_some_and(|bucket| bucket.versioning != Versioning::Off);
            if makes_versions && versioned && super::same_key(&fixture.request, request) {
                let proof = Arc::new(super::proof_of(
                    &fixture.request,
                    &format!("{{{}.version}}", fixture.name),
                ));
                self.unless_known("proof", attempt, &proof, deed);
            }
        }
    }
}

fn refusal(attempt: &Attempt) -> String {
    let words = |refusal: &Refusal| {
        let mut words = Vec::new();
        if !refusal.layers.is_empty() {
            words.push(
                refusal.layers.iter().map(|layer| layer.as_str()).collect::<Vec<_>>().join(" or "),
            );
        }
        words.extend(refusal.sid.clone());
        words.extend(refusal.unnamed.is_some().then(|| "(unnamed)".to_owned()));
        words.extend(refusal.codes.iter().cloned());
        words.join(" ")
    };
    let by: Vec<String> = attempt.refusals.iter().map(words).collect();
    if by.is_empty() { "refused".to_owned() } else { format!("refused by {}", by.join(", or by ")) }
}

fn changes(request: &Request) -> String {
    let what = match request.operation.on {
        On::Object => "an object",
        On::Bucket => "a bucket",
        On::Key => "a KMS key",
        On::Alias => "an alias",
        On::AccessPoint => "an access point",
        On::Job | On::Jobs => "a job",
        On::Trail => "a trail",
        On::Locations | On::Location => "Access Grants",
        On::AccessGrants => "the Access Grants instance",
        On::Account | On::Anything => "the account",
        On::Role | On::Nothing => "nothing",
    };
    let whose = match request.principal() {
        Principal::Anonymous => " (by anyone)",
        Principal::Role(_) => "",
    };
    match request.operation.effect {
        Effect::Reads => "nothing".to_owned(),
        Effect::Writes => format!("adds or replaces {what} or its settings{whose}"),
        Effect::Configures => format!("changes the configuration of {what}{whose}"),
        Effect::Consumes => format!("takes away or finishes {what}{whose}"),
    }
}
