//! The record of a run: the single source of every report. Reports are pure functions of it.

mod control;
mod event;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::{
    control::{
        ControlCounts, ControlInfo, ControlSummary, ControlVerdict, GapInfo, GapRecord, GapState,
        MethodSummary, Proofs,
    },
    event::Event,
};
use gainsay_iam::Layer;

use crate::{
    exit::Exit,
    files::Proof,
    outcome::OutcomeKind,
    scenario::{Kind, Sampled},
    verdict::{Reason, Verdict},
};

/// A finished run.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunRecord {
    /// What was run, where and when.
    pub run: RunInfo,
    /// How many of each verdict, and the verdict of each control.
    pub summary: Summary,
    /// Every selected check in the order of the baselines, then every selected attempt in that of
    /// the files.
    pub results: Vec<ResultRecord>,
}

/// What was run, where and when.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunInfo {
    /// Unique; also part of every key the run writes.
    pub id: String,
    /// The version of gainsay.
    pub gainsay: String,
    /// `sandbox`, or the endpoint.
    pub target: String,
    /// When it began: RFC 3339, UTC.
    pub started: String,
    /// How long it took, in milliseconds.
    pub duration_ms: f64,
    /// The scenarios folder as it was typed.
    pub scenarios: String,
    /// Calls made, witnesses, fixtures and cleaning up included.
    pub calls: u64,
    /// Whether the run was stopped before its end.
    pub interrupted: bool,
    /// The architectures that were run.
    pub architectures: Vec<ArchitectureInfo>,
    /// How much `--sample pairwise` kept of the files that were run; nothing without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<Sampled>,
    /// What could not be removed afterwards.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_behind: Vec<String>,
    /// What part of the plan was run, where that was not all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<PartInfo>,
    /// Every gap of the architectures on this target, and what became of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<GapInfo>,
    /// Every waiver of the architectures that were run, and what became of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waivers: Vec<WaiverInfo>,
    /// What a target that the environment was made on would not take of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_deployed: Vec<String>,
}

/// What part of a plan was run, by the user's own choice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartInfo {
    /// How many attempts and checks were chosen.
    pub chosen: usize,
    /// How many there are.
    pub of: usize,
    /// What chose them, as it was typed: names and parts of ids, `--skip TEXT`, `--rerun-failed`,
    /// `--sample pairwise`.
    pub by: Vec<String>,
    /// The architectures of which nothing was chosen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
}

impl std::fmt::Display for PartInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let by: Vec<String> = self.by.iter().map(|word| format!("`{word}`")).collect();
        write!(f, "{} of {} attempts and checks, chosen by {}", self.chosen, self.of, by.join(", "))
    }
}

/// A waiver, and what became of it in this run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaiverInfo {
    /// The architecture.
    pub architecture: String,
    /// The control or the result that it is of.
    pub of: String,
    /// What became of it.
    pub state: WaiverState,
    /// How many results it waived.
    pub results: usize,
    /// Who answers for it, and until when.
    pub waiver: WaiverRecord,
}

/// Who answers for a failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaiverRecord {
    /// Who answers for it.
    pub owner: String,
    /// Why it may fail.
    pub reason: String,
    /// Where it is followed up.
    pub ticket: String,
    /// The last day on which it holds: RFC 3339, UTC.
    pub expires: String,
}

/// What became of a waiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WaiverState {
    /// It waived something.
    InForce,
    /// Its last day is over: the run fails until it is renewed or removed.
    Expired,
    /// All that it could waive was attempted, and nothing had to be waived.
    Unneeded,
    /// Not all that it could waive was attempted, and nothing had to be waived.
    NotTried,
}

impl WaiverState {
    /// Its word, as the terminal shows it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InForce => "in force",
            Self::Expired => "expired",
            Self::Unneeded => "unneeded",
            Self::NotTried => "not tried",
        }
    }
}

/// An architecture that was run.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArchitectureInfo {
    /// Its name.
    pub name: String,
    /// What it is, in one sentence.
    pub title: String,
    /// The account.
    pub account: String,
    /// The Region.
    pub region: String,
    /// Ids and titles of the baseline's controls, in its order.
    pub controls: Vec<ControlInfo>,
}

/// How many of each verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// All results.
    pub total: usize,
    /// Results that passed.
    pub pass: usize,
    /// Results that failed.
    pub fail: usize,
    /// Results that are undecided.
    pub inconclusive: usize,
    /// Results of attempts or checks that broke off, were stopped, or left something behind.
    pub error: usize,
    /// Results that were skipped.
    pub skipped: usize,
    /// Results that failed or are undecided, and are waived.
    pub waived: usize,
}

impl Counts {
    /// Counts one more result.
    pub fn add(&mut self, verdict: Verdict) {
        self.total += 1;
        *match verdict {
            Verdict::Pass => &mut self.pass,
            Verdict::Fail => &mut self.fail,
            Verdict::Inconclusive => &mut self.inconclusive,
            Verdict::Error => &mut self.error,
            Verdict::Skipped => &mut self.skipped,
            Verdict::Waived => &mut self.waived,
        } += 1;
    }

    /// The worst verdict that was counted; `skipped` where nothing was made.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        if self.fail > 0 {
            Verdict::Fail
        } else if self.error > 0 {
            Verdict::Error
        } else if self.inconclusive > 0 {
            Verdict::Inconclusive
        } else if self.waived > 0 {
            Verdict::Waived
        } else if self.pass > 0 {
            Verdict::Pass
        } else {
            Verdict::Skipped
        }
    }
}

/// The verdicts of a run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// All results.
    pub counts: Counts,
    /// The exit code that follows.
    pub exit_code: u8,
    /// By `architecture/control`, in the order of the baselines.
    pub controls: Vec<ControlSummary>,
}

/// What is claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResultKind {
    /// It must succeed.
    Allow,
    /// It must be refused by an authorization mechanism.
    Deny,
    /// It must be refused with a named answer.
    Reject,
    /// What is read must be as the control says.
    Check,
}

impl From<Kind> for ResultKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Allow => Self::Allow,
            Kind::Deny => Self::Deny,
            Kind::Reject => Self::Reject,
        }
    }
}

impl ResultKind {
    /// What it proves of a control, if it passes.
    #[must_use]
    pub const fn proof(self) -> Proof {
        match self {
            Self::Allow => Proof::PermittedAct,
            Self::Deny | Self::Reject => Proof::Refusal,
            Self::Check => Proof::Setting,
        }
    }

    /// Its word, as the record has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Reject => "reject",
            Self::Check => "check",
        }
    }
}

/// One attempt or check: what was claimed, what came back, what it proves.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResultRecord {
    /// architecture/file/row/operation/attempt; of a check
    /// architecture/`checks`/resource/operation/control.
    pub id: String,
    /// The architecture.
    pub architecture: String,
    /// The scenario file without `.yaml`; `checks` of a check.
    pub scenario: String,
    /// What the scenario, or the control of a check, says holds.
    pub title: String,
    /// The values of the row's variables, `-` for none; of a check the resource's logical name.
    pub row: String,
    /// The operation.
    pub operation: String,
    /// What the file calls the attempt; of a check the control.
    pub attempt: String,
    /// allow, deny, reject or check.
    pub kind: ResultKind,
    /// The controls it proves.
    pub controls: Vec<String>,
    /// Who asked, by logical name.
    pub principal: String,
    /// The session's ARN, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal_arn: Option<String>,
    /// Whether what AWS did was right.
    pub verdict: Verdict,
    /// Why it is not a pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Why it is not a pass, in a sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// Who answers for it, where it is waived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiver: Option<WaiverRecord>,
    /// Who accepted that it is not made on this target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap: Option<GapRecord>,
    /// On a target that is not the sandbox: the verdict if everything were there as the environment
    /// says, without asking it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offline: Option<Verdict>,
    /// What AWS did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<OutcomeKind>,
    /// What had to come back.
    pub expected: ExpectedRecord,
    /// What came back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<ObservedRecord>,
    /// The witnesses of a refusal, and what they showed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub witnesses: Vec<WitnessRecord>,
    /// What the expectation rests on, where AWS promises nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assumed: Option<String>,
    /// Every try of the call, in order: more than one only where there was no answer, or a busy or
    /// failing service. Judged is the last.
    pub tries: Vec<TryRecord>,
    /// When it began: RFC 3339, UTC.
    pub started: String,
    /// How long it took with its witnesses, in milliseconds.
    pub duration_ms: f64,
    /// The scenario file, or the baseline that asks for a check, as it was typed.
    pub file: String,
    /// The attempt's line in it.
    pub line: usize,
    /// The call of the attempt or check as an `aws` command, where it did not pass.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub command: String,
}

impl RunRecord {
    /// How the program ends after the run, if all of it can be reported.
    #[must_use]
    pub fn exit(&self) -> Exit {
        exit(&self.summary.counts, &self.summary.controls, &self.run)
    }
}

impl ResultRecord {
    /// Whether it was left out on this target, or nobody there could be asked.
    #[must_use]
    pub fn is_unmade(&self) -> bool {
        let unasked = self.outcome == Some(OutcomeKind::Unreachable)
            || self.reason == Some(Reason::NoSession);
        match self.verdict {
            Verdict::Skipped => true,
            Verdict::Inconclusive => unasked,
            Verdict::Pass | Verdict::Fail | Verdict::Error | Verdict::Waived => false,
        }
    }
}

/// What had to come back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedRecord {
    /// `allow`, `deny`, `reject` or `check`.
    pub effect: String,
    /// The mechanisms, any of which.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layer: Vec<Layer>,
    /// Why AWS names no mechanism, so that a bare refusal would do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unnamed: Option<String>,
    /// The statement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The error codes, any of which.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub code: Vec<String>,
    /// Words that the message had to hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
    /// The action that had to be the refused one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// The ARN it had to be refused on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// What the answer had to say.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, Vec<String>>,
}

/// What came back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObservedRecord {
    /// The HTTP status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The error code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The service's id of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The action that was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// The ARN it was refused on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// The mechanisms that refused, or those the message may mean.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layer: Vec<Layer>,
    /// The statements that decided, where the target tells or the engine finds them in the target's
    /// own policies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statements: Vec<StatementRecord>,
    /// What a check read, in the shape the AWS CLI prints; `null` where nothing is configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// What a success said.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, Vec<String>>,
}

/// One try of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TryRecord {
    /// What AWS did.
    pub outcome: OutcomeKind,
    /// The HTTP status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The error code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// A statement that decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatementRecord {
    /// The mechanism.
    pub layer: Layer,
    /// The policy file.
    pub file: String,
    /// The line the statement begins on.
    pub line: usize,
    /// Its Sid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
}

/// A witness and what it showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WitnessRecord {
    /// `target` or `actor`.
    pub role: String,
    /// What the file calls it.
    pub attempt: String,
    /// Where the attempt differs from it.
    pub differences: Vec<String>,
    /// What AWS did before the attempt.
    pub before: OutcomeKind,
    /// What AWS did after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<OutcomeKind>,
}

impl Summary {
    /// Counts the results of a run. The exit code follows from them and from the controls.
    #[must_use]
    pub fn of(run: &RunInfo, results: &[ResultRecord]) -> Self {
        let mut counts = Counts::default();
        for result in results {
            counts.add(result.verdict);
        }
        let controls = run.architectures.iter().flat_map(|architecture| {
            let controls = architecture.controls.iter();
            controls.map(|control| ControlSummary::of(run, &architecture.name, control, results))
        });
        let controls: Vec<ControlSummary> = controls.collect();
        Self { counts, exit_code: exit(&counts, &controls, run).code(), controls }
    }
}

/// How a run ends that has these verdicts: the first that applies.
fn exit(counts: &Counts, controls: &[ControlSummary], run: &RunInfo) -> Exit {
    let expired = run.waivers.iter().any(|waiver| waiver.state == WaiverState::Expired);
    if counts.fail > 0 || expired {
        Exit::Failed
    } else if run.interrupted {
        Exit::Undecided
    } else if !run.left_behind.is_empty() {
        Exit::Unfinished
    } else if counts.inconclusive > 0 || counts.error > 0 {
        Exit::Undecided
    } else if counts.total == counts.skipped {
        Exit::NothingRun
    } else if controls.iter().any(|control| control.verdict.is_unproved()) {
        Exit::Undecided
    } else {
        Exit::Ok
    }
}
