//! What a run says of each control: by what it is proved, how much of that was made, and what
//! became of the gaps that somebody accepted.

use serde::{Deserialize, Serialize};

use super::{Counts, ResultKind, ResultRecord, RunInfo};
use crate::{files::ProvedBy, verdict::Verdict};

/// A control of a baseline, and what the plan has for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ControlInfo {
    /// The id.
    pub id: String,
    /// A few words.
    pub title: String,
    /// The kinds of proof that count.
    pub proved_by: ProvedBy,
    /// How many proofs of these kinds there are.
    pub planned: usize,
    /// How many of these proofs were chosen to be made.
    pub chosen: usize,
    /// Whether a sample left out some that are not counted here.
    #[serde(default, skip_serializing_if = "is_false")]
    pub sampled: bool,
    /// Why it can be neither attempted nor read here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_testable: Option<String>,
}

/// What a run says of a control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ControlVerdict {
    /// Every proof that is planned was made and passed.
    Pass,
    /// What must hold was seen not to hold.
    Fail,
    /// Something about it is undecided.
    Inconclusive,
    /// An attempt or check was not made, or what it left could not be removed.
    Error,
    /// Something failed, and somebody answers for it.
    Waived,
    /// No proof was made that is enough.
    NotProved,
    /// Some proofs were made and passed, and the target left out others.
    Partial,
    /// Not all is proved, and exactly that is accepted by a gap in `waivers.yaml`.
    KnownGap,
    /// What was made passed, and the user left out other proofs.
    NotSelected,
    /// The baseline says that it can be neither attempted nor read.
    NotTestable,
}

impl ControlVerdict {
    /// All verdicts of controls, in the order in which they are counted.
    pub const ALL: [Self; 10] = [
        Self::Pass,
        Self::Fail,
        Self::Inconclusive,
        Self::Error,
        Self::NotProved,
        Self::Partial,
        Self::Waived,
        Self::KnownGap,
        Self::NotSelected,
        Self::NotTestable,
    ];

    /// Its word, as the record has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
            Self::Error => "error",
            Self::Waived => "waived",
            Self::NotProved => "not-proved",
            Self::Partial => "partial",
            Self::KnownGap => "known-gap",
            Self::NotSelected => "not-selected",
            Self::NotTestable => "not-testable",
        }
    }

    /// Whether proofs are missing, and nothing worse was seen.
    #[must_use]
    pub const fn lacks_proofs(self) -> bool {
        match self {
            Self::NotProved | Self::Partial | Self::KnownGap | Self::NotSelected => true,
            Self::Pass
            | Self::Fail
            | Self::Inconclusive
            | Self::Error
            | Self::Waived
            | Self::NotTestable => false,
        }
    }

    /// Whether a control that should be proved is not, and nobody chose or accepted that.
    #[must_use]
    pub const fn is_unproved(self) -> bool {
        match self {
            Self::NotProved | Self::Partial => true,
            Self::Pass
            | Self::Fail
            | Self::Inconclusive
            | Self::Error
            | Self::Waived
            | Self::KnownGap
            | Self::NotSelected
            | Self::NotTestable => false,
        }
    }
}

/// How many proofs of a control there are, and how many of them were made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proofs {
    /// Proofs that there are, of the kinds that count for the control.
    pub planned: usize,
    /// Proofs of these kinds that were chosen by the user.
    pub chosen: usize,
    /// Proofs of these kinds that were made, whatever they came to.
    pub made: usize,
}

/// What a run says of one control.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ControlSummary {
    /// The architecture.
    pub architecture: String,
    /// The control's id.
    pub id: String,
    /// A few words.
    pub title: String,
    /// What follows from its results and from what is missing among them.
    pub verdict: ControlVerdict,
    /// The proofs that count.
    pub proofs: Proofs,
    /// How many of each verdict, helpers included.
    pub counts: Counts,
    /// What its attempts came to; nothing without any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempted: Option<MethodSummary>,
    /// What its checks came to; nothing without any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<MethodSummary>,
    /// What attempts and checks would come to if everything were as the environment says; nothing
    /// on the sandbox, where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offline: Option<MethodSummary>,
    /// Whether one method passed and another failed: then one is wrong about what is deployed,
    /// or what is deployed is not what is written.
    #[serde(default, skip_serializing_if = "is_false")]
    pub disagree: bool,
    /// Why it can be neither attempted nor read here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_testable: Option<String>,
}

/// What one way of proving a control came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MethodSummary {
    /// The worst verdict.
    pub verdict: Verdict,
    /// How many of each.
    pub counts: Counts,
}

impl MethodSummary {
    /// What counted verdicts come to; nothing where there are none.
    fn of(counts: Counts) -> Option<Self> {
        (counts.total > 0).then(|| Self { verdict: counts.verdict(), counts })
    }
}

/// Who accepted that something is not made on a target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GapRecord {
    /// Who accepted it.
    pub owner: String,
    /// Why it cannot be proved there.
    pub reason: String,
    /// The last day on which it is accepted: RFC 3339, UTC.
    pub expires: String,
}

/// A gap, and what became of it in this run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GapInfo {
    /// The architecture.
    pub architecture: String,
    /// The controls of which nothing is proved.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub controls: Vec<String>,
    /// The results that are not made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<String>,
    /// What became of it.
    pub state: GapState,
    /// Of its results, those that were made in this run, and of its controls, those of which
    /// something was: they are no gap of the kind any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closed: Vec<String>,
    /// Who accepted it, and until when.
    pub gap: GapRecord,
}

/// What became of a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GapState {
    /// It is accepted.
    InForce,
    /// Its last day is over: it accepts nothing any more.
    Expired,
    /// All of it was made: it can be removed.
    Closed,
}

impl GapState {
    /// Its word, as the terminal shows it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InForce => "in force",
            Self::Expired => "expired",
            Self::Closed => "closed",
        }
    }
}

/// How many controls came to each verdict, in the order of [`ControlVerdict::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ControlCounts([usize; ControlVerdict::ALL.len()]);

impl ControlCounts {
    /// Counts controls.
    #[must_use]
    pub fn of(controls: &[ControlSummary]) -> Self {
        Self(ControlVerdict::ALL.map(|verdict| {
            let such = controls.iter().filter(|control| control.verdict == verdict);
            such.count()
        }))
    }
}

impl std::fmt::Display for ControlCounts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let there = ControlVerdict::ALL.iter().zip(self.0).filter(|(_, number)| *number > 0);
        let words: Vec<String> = there
            .map(|(verdict, number)| format!("{number} {}", verdict.as_str().replace('-', " ")))
            .collect();
        f.write_str(&words.join("; "))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_false(value: &bool) -> bool {
    !*value
}

impl ControlInfo {
    /// Whether a result of its architecture is a proof of it that was not made.
    #[must_use]
    pub fn is_missing(&self, result: &ResultRecord) -> bool {
        result.is_unmade()
            && result.controls.contains(&self.id)
            && self.proved_by.takes(result.kind.proof())
    }
}

impl ControlSummary {
    /// The verdict of each method: `attempted pass, read fail, by the files pass`.
    #[must_use]
    pub fn methods(&self) -> String {
        let word = |method: Option<MethodSummary>| {
            method.map_or("nothing", |method| method.verdict.as_str())
        };
        let offline =
            self.offline.map(|method| format!(", by the files {}", method.verdict.as_str()));
        format!(
            "attempted {}, read {}{}",
            word(self.attempted),
            word(self.read),
            offline.unwrap_or_default()
        )
    }

    /// What the results of a run say of a control.
    pub(super) fn of(
        run: &RunInfo,
        architecture: &str,
        control: &ControlInfo,
        results: &[ResultRecord],
    ) -> Self {
        let own: Vec<&ResultRecord> = results
            .iter()
            .filter(|result| result.architecture == architecture)
            .filter(|result| result.controls.contains(&control.id))
            .collect();
        let counted = |wanted: &dyn Fn(&ResultRecord) -> Option<Verdict>| {
            let mut counts = Counts::default();
            own.iter().filter_map(|result| wanted(result)).for_each(|verdict| counts.add(verdict));
            counts
        };
        let counts = counted(&|result| Some(result.verdict));
        let attempted =
            counted(&|result| (result.kind != ResultKind::Check).then_some(result.verdict));
        let read = counted(&|result| (result.kind == ResultKind::Check).then_some(result.verdict));
        let offline = counted(&|result| result.offline);
        let [attempted, read, offline] = [attempted, read, offline].map(MethodSummary::of);
        let methods = [attempted, read, offline];
        let is = |verdict| methods.iter().flatten().any(|method| method.verdict == verdict);
        // A proof that could not be asked for is missing, and not undecided.
        let made = counted(&|result| {
            let counts = control.proved_by.takes(result.kind.proof());
            (!counts || !result.is_unmade()).then_some(result.verdict)
        });
        let (proofs, missing) = proved(run, architecture, control, &own);
        Self {
            architecture: architecture.to_owned(),
            id: control.id.clone(),
            title: control.title.clone(),
            verdict: verdict(control, &made, proofs, missing),
            proofs,
            counts,
            attempted,
            read,
            offline,
            disagree: is(Verdict::Pass) && is(Verdict::Fail),
            not_testable: control.not_testable.clone(),
        }
    }
}

/// What is missing among the chosen proofs of a control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Missing {
    /// Nothing.
    Nothing,
    /// Exactly what somebody accepted.
    Accepted,
    /// More than that, and none that is enough was made.
    All,
    /// More than that, and some were made.
    Some,
}

/// How many proofs of a control were made, and what is missing.
fn proved(
    run: &RunInfo,
    architecture: &str,
    control: &ControlInfo,
    own: &[&ResultRecord],
) -> (Proofs, Missing) {
    let counts = own.iter().filter(|result| control.proved_by.takes(result.kind.proof()));
    let (missing, made): (Vec<&ResultRecord>, Vec<&ResultRecord>) =
        counts.partition(|result| result.is_unmade());
    let proofs = Proofs { planned: control.planned, chosen: control.chosen, made: made.len() };
    let enough = made.iter().any(|result| control.proved_by.suffices(result.kind.proof()));
    let gaps = run
        .gaps
        .iter()
        .filter(|gap| gap.architecture == architecture && gap.state != GapState::Expired);
    let gaps: Vec<&GapInfo> = gaps.collect();
    let whole = !enough && gaps.iter().any(|gap| gap.controls.contains(&control.id));
    let accepted =
        |result: &&ResultRecord| whole || gaps.iter().any(|gap| gap.results.contains(&result.id));
    let missing = match (missing.is_empty(), enough) {
        (true, true) => Missing::Nothing,
        (false, _) if missing.iter().all(accepted) => Missing::Accepted,
        (_, false) => Missing::All,
        (false, true) => Missing::Some,
    };
    (proofs, missing)
}

/// What follows for a control. What was seen to be wrong stands above what was not seen.
fn verdict(
    control: &ControlInfo,
    counts: &Counts,
    proofs: Proofs,
    missing: Missing,
) -> ControlVerdict {
    let seen = match counts.verdict() {
        Verdict::Fail => return ControlVerdict::Fail,
        Verdict::Error => return ControlVerdict::Error,
        Verdict::Inconclusive => return ControlVerdict::Inconclusive,
        Verdict::Waived => ControlVerdict::Waived,
        Verdict::Pass | Verdict::Skipped => ControlVerdict::Pass,
    };
    if control.not_testable.is_some() {
        return ControlVerdict::NotTestable;
    }
    if proofs.chosen < proofs.planned || control.sampled {
        return ControlVerdict::NotSelected;
    }
    match missing {
        Missing::Nothing => seen,
        Missing::Accepted => ControlVerdict::KnownGap,
        Missing::All => ControlVerdict::NotProved,
        Missing::Some => ControlVerdict::Partial,
    }
}

#[cfg(test)]
mod tests;
