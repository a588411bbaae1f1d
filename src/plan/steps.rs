//! Every call of a row, in the order in which the runner makes them if all goes as it should. Pure.

use std::sync::Arc;

use gainsay_model::{Service, Versioning};
use serde::Serialize;

use super::PlannedRow;
use crate::{
    attempt::{Effect, Fixture, On, Param, Principal, Request, Value, account},
    control::Reading,
    files::Environment,
    scenario::{Attempt, Kind, Refusal},
};

/// One call that the runner will make, as `gainsay plan` shows it.
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

/// The step of an attempt that is not made, with the reason.
#[must_use]
pub fn skipped_step(row: &PlannedRow<'_>, attempt: &Attempt, why: String) -> Step {
    let mut builder = StepBuilder::of(row);
    builder.call("attempt", &attempt.id, &attempt.request, "skipped");
    let step = builder.steps.pop().unwrap_or_default();
    Step { skipped: Some(why), ..step }
}

/// The calls of a row for the attempts that were chosen from it. `exact` is whether it runs on a
/// sandbox, where refusals share their witnesses.
#[must_use]
pub fn row_steps(row: &PlannedRow<'_>, attempts: &[Arc<Attempt>], exact: bool) -> Vec<Step> {
    let mut builder = StepBuilder { exact, ..StepBuilder::of(row) };
    let needed = super::needed_fixtures(&row.row.fixtures, attempts);
    for (fixture, _) in row.row.fixtures.iter().zip(needed).filter(|(_, needed)| *needed) {
        builder.call("fixture", &fixture.name, &fixture.request, "allowed");
    }
    if let Some(seconds) = row.row.advance {
        builder.clock(seconds);
    }
    for attempt in attempts {
        match attempt.kind {
            Kind::Allow => builder.allowed(attempt),
            Kind::Deny | Kind::Reject => builder.refused(attempt),
        }
    }
    builder.judge_pending();
    builder.steps
}

/// The call of a check, or why it is not made.
#[must_use]
pub fn check_step(reading: &Reading, environment: &Environment, skipped: Option<String>) -> Step {
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

struct StepBuilder<'a> {
    row: String,
    environment: &'a Environment,
    fixtures: &'a [Fixture],
    steps: Vec<Step>,
    /// Witnesses and proofs that need not be asked again, each with how many forbidden attempts are
    /// before it: what the runner keeps in its log of witnesses.
    answered: Vec<(Arc<Request>, usize)>,
    /// How many forbidden attempts there are so far.
    forbidden_attempts: usize,
    /// Refusals whose witnesses have yet to be asked once more, with their number, from 1.
    pending: Vec<(Arc<Attempt>, usize)>,
    /// Whether refusals change nothing.
    exact: bool,
}

impl<'a> StepBuilder<'a> {
    fn of(row: &'a PlannedRow<'_>) -> Self {
        Self {
            row: row.name(),
            environment: &row.architecture.environment,
            fixtures: &row.row.fixtures,
            steps: Vec::new(),
            answered: Vec::new(),
            forbidden_attempts: 0,
            pending: Vec::new(),
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
            Service::S3
            | Service::Kms
            | Service::Sts
            | Service::Iam
            | Service::CloudTrail
            | Service::Logs
            | Service::CloudWatch
            | Service::AccessAnalyzer
            | Service::Macie
            | Service::Config => host,
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
            self.judge_pending();
        }
        self.call("attempt", &attempt.id, &attempt.request, "allowed");
        if changes {
            self.answered.clear();
        }
        self.remember(&attempt.request);
        for then in &attempt.then {
            self.call("then", &attempt.id, &then.request, "allowed");
        }
    }

    fn refused(&mut self, attempt: &Arc<Attempt>) {
        let Some(both) = &attempt.witnesses else { return };
        self.call_unless_answered("witness", attempt, &both.target.request, 0);
        self.call_unless_answered("witness", attempt, &both.actor.request, 0);
        self.call("attempt", &attempt.id, &attempt.request, &refusal(attempt));
        self.forbidden_attempts += 1;
        self.pending.push((attempt.clone(), self.forbidden_attempts));
        if !self.exact && attempt.request.operation.effect != Effect::Reads {
            self.answered.clear();
        }
        if !self.exact || !attempt.then.is_empty() {
            self.judge_pending();
        }
    }

    /// The calls after which every pending refusal has its verdict.
    fn judge_pending(&mut self) {
        for (attempt, number) in std::mem::take(&mut self.pending) {
            let Some(both) = &attempt.witnesses else { continue };
            self.call_unless_answered("witness", &attempt, &both.target.request, number);
            self.call_unless_answered("witness", &attempt, &both.actor.request, number);
            self.proofs(&attempt, number);
            for then in &attempt.then {
                self.call("then", &attempt.id, &then.request, "allowed");
            }
        }
    }

    /// A call that is made unless it was made after `attempts` forbidden attempts or more.
    fn call_unless_answered(
        &mut self,
        why: &'static str,
        attempt: &Attempt,
        request: &Arc<Request>,
        attempts: usize,
    ) {
        let answered = self.answered.iter().find(|(answered, _)| answered == request);
        if answered.is_none_or(|(_, before)| *before < attempts) {
            self.call(why, &attempt.id, request, "allowed");
            self.remember(request);
        }
    }

    fn remember(&mut self, request: &Arc<Request>) {
        self.answered.retain(|(answered, _)| answered != request);
        self.answered.push((request.clone(), self.forbidden_attempts));
    }

    /// Reads of the versions that a refused change must not have changed.
    fn proofs(&mut self, attempt: &Attempt, number: usize) {
        let request = &attempt.request;
        if request.operation.effect == Effect::Reads || request.operation.service != Service::S3 {
            return;
        }
        for fixture in self.fixtures {
            let makes_versions = fixture.request.operation.leaves.is_a_version();
            let versioned =
                fixture.request.bucket().is_some_and(|bucket| bucket.versioning != Versioning::Off);
            if makes_versions && versioned && super::same_key(&fixture.request, request) {
                let proof = Arc::new(super::proof_of(
                    &fixture.request,
                    &format!("{{{}.version}}", fixture.name),
                ));
                self.call_unless_answered("proof", attempt, &proof, number);
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
