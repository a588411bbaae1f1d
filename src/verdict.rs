//! Whether what AWS did was right. Pure: an attempt, what came back, what its witnesses showed.
//!
//! The rule above all others: a refusal counts only when it is proved to be the right refusal.
//! Whatever is in doubt is inconclusive, and inconclusive is never a pass.

mod reason;
#[cfg(test)]
mod tests;

pub use self::reason::Reason;
use gainsay_iam::{Layer, OtherSession};
use gainsay_sandbox::{Ruling, Rulings};
use serde::{Deserialize, Serialize};

use crate::{
    attempt::{Answer, Call, Param, Principal, Refused},
    outcome::{Denial, Outcome, OutcomeKind, came_back, stands_for_several},
    scenario::Kind,
};

/// Whether what AWS did was right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// What must hold was seen to hold.
    Pass,
    /// What must hold was seen not to hold.
    Fail,
    /// Neither was seen.
    Inconclusive,
    /// The attempt was not made, or what it left could not be removed.
    Error,
    /// The attempt was not made, for a stated reason.
    Skipped,
    /// It failed, and someone answers for it until a date.
    Waived,
}

impl Verdict {
    /// Its word, as the record has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
            Self::Error => "error",
            Self::Skipped => "skipped",
            Self::Waived => "waived",
        }
    }
}

/// A verdict with its reason and a sentence for the reader. A pass has neither, and nothing that is
/// not a pass lacks them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It holds.
    Pass,
    /// Seen not to hold.
    Fail(Reason, String),
    /// Not seen either way.
    Inconclusive(Reason, String),
    /// Not attempted, or not cleaned up.
    Error(Reason, String),
    /// Not attempted, as asked.
    Skipped(String),
}

impl Judgement {
    /// The judgement that what must hold was seen to hold.
    #[must_use]
    pub const fn pass() -> Self {
        Self::Pass
    }

    /// The judgement that what must hold was seen not to hold.
    #[must_use]
    pub fn fail(reason: Reason, detail: impl Into<String>) -> Self {
        Self::Fail(reason, detail.into())
    }

    /// The judgement that neither was seen.
    #[must_use]
    pub fn inconclusive(reason: Reason, detail: impl Into<String>) -> Self {
        Self::Inconclusive(reason, detail.into())
    }

    /// The judgement of an attempt that is not made, for a stated reason.
    #[must_use]
    pub fn skipped(detail: impl Into<String>) -> Self {
        Self::Skipped(detail.into())
    }

    /// The judgement of an attempt that broke off or was stopped.
    #[must_use]
    pub fn error(reason: Reason, detail: impl Into<String>) -> Self {
        Self::Error(reason, detail.into())
    }

    /// The verdict, before anybody waives it.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        match self {
            Self::Pass => Verdict::Pass,
            Self::Fail(..) => Verdict::Fail,
            Self::Inconclusive(..) => Verdict::Inconclusive,
            Self::Error(..) => Verdict::Error,
            Self::Skipped(_) => Verdict::Skipped,
        }
    }

    /// Why it is not a pass; nothing for what was skipped.
    #[must_use]
    pub const fn reason(&self) -> Option<Reason> {
        match self {
            Self::Pass | Self::Skipped(_) => None,
            Self::Fail(reason, _) | Self::Inconclusive(reason, _) | Self::Error(reason, _) => {
                Some(*reason)
            }
        }
    }

    /// Why it is not a pass, in a sentence; empty for a pass.
    #[must_use]
    pub fn detail(&self) -> &str {
        match self {
            Self::Pass => "",
            Self::Fail(_, detail)
            | Self::Inconclusive(_, detail)
            | Self::Error(_, detail)
            | Self::Skipped(detail) => detail,
        }
    }
}

/// An answer that will do, with its values filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// The mechanisms, any of which; empty for any.
    pub layers: Vec<Layer>,
    /// Why AWS names no mechanism. A bare refusal will do then, and the layers are compared only
    /// where the target says which of them refused.
    pub unnamed: Option<String>,
    /// The statement.
    pub sid: Option<String>,
    /// The error codes, any of which; empty for an authorization refusal.
    pub codes: Vec<String>,
    /// Words that the message must hold, in any case.
    pub says: Option<String>,
    /// The action that must be the refused one.
    pub action: String,
    /// The ARN it must be refused on.
    pub resource: String,
}

/// What a witness answered when it was asked once.
#[derive(Clone, Debug)]
pub struct WitnessAnswer {
    /// What AWS did.
    pub outcome: Outcome,
    /// In a few words, what came back from the call.
    pub came_back: String,
}

/// A witness, and what it answered before the refusal and again after it.
#[derive(Clone, Debug)]
pub struct WitnessResult {
    /// What the file calls it.
    pub label: String,
    /// What it answered before the refusal.
    pub before: WitnessAnswer,
    /// What it answered after the refusal.
    pub after: WitnessAnswer,
}

/// What both witnesses of a refusal answered: four answers, none of which can be left out.
#[derive(Clone, Debug)]
pub struct WitnessResults {
    /// A permitted principal, at the same operation on this very object, key or role.
    pub target: WitnessResult,
    /// The refused session, on something of its own.
    pub actor: WitnessResult,
}

/// A forbidden attempt that was made.
#[derive(Clone, Copy, Debug)]
pub struct ForbiddenAttempt<'a> {
    /// `deny` or `reject`.
    pub kind: Kind,
    /// What was asked.
    pub call: &'a Call,
    /// The ARN of the session that asked; nothing for an anonymous caller.
    pub session: Option<&'a str>,
    /// What came back.
    pub answer: &'a Answer,
    /// What that means.
    pub outcome: &'a Outcome,
    /// The answers that will do, any of which.
    pub expected: &'a [Expected],
}

/// Judges a forbidden attempt that succeeded. No witness is needed for that.
#[must_use]
pub fn got_through() -> Judgement {
    Judgement::fail(Reason::GotThrough, "a forbidden act succeeded")
}

/// Judges a permitted attempt. `mismatches` are the fields of its answer that are not as expected.
#[must_use]
pub fn judge_allow(answer: &Answer, outcome: &Outcome, mismatches: &[String]) -> Judgement {
    match outcome {
        Outcome::Allowed if mismatches.is_empty() => Judgement::pass(),
        Outcome::Allowed => Judgement::fail(Reason::WrongAnswer, mismatches.join("; ")),
        Outcome::Denied(_) | Outcome::Rejected | Outcome::Absent => Judgement::fail(
            Reason::Refused,
            format!("a permitted act failed: {}", came_back(answer)),
        ),
        Outcome::BadCredentials
        | Outcome::Throttled
        | Outcome::Unreachable
        | Outcome::NotImplemented
        | Outcome::Unclear => Judgement::inconclusive(
            Reason::NoAnswer,
            format!("{}: {}", outcome.kind(), came_back(answer)),
        ),
    }
}

/// Judges a forbidden attempt by what came back and by what its witnesses answered.
#[must_use]
pub fn judge_refusal(attempt: &ForbiddenAttempt<'_>, witnesses: &WitnessResults) -> Judgement {
    let ForbiddenAttempt { kind, call, answer, outcome, expected, .. } = *attempt;
    if *outcome == Outcome::Allowed {
        return got_through();
    }
    if let Some(silent) = silent_witness(witnesses) {
        return silent;
    }
    let denial = match outcome {
        Outcome::Denied(denial) => Some(denial),
        Outcome::Rejected | Outcome::Absent if kind == Kind::Reject => None,
        // The attempt is made with a session that has ended; the code has to say so.
        Outcome::BadCredentials if kind == Kind::Reject && call.old_session => None,
        other => {
            let reason = if other.kind() == OutcomeKind::Rejected {
                Reason::NotAuthorization
            } else {
                Reason::NoAnswer
            };
            return Judgement::inconclusive(
                reason,
                format!("{} is no authorization refusal: {}", other.kind(), came_back(answer)),
            );
        }
    };
    let mut worst = None;
    for expected in expected {
        match compare(attempt, denial, expected) {
            Match::Yes => return other_session(attempt).unwrap_or_else(Judgement::pass),
            Match::Wrong(detail) => {
                worst = worst.or(Some(Judgement::fail(Reason::WrongReason, detail)));
            }
            Match::Unproved(detail) => {
                worst = Some(Judgement::inconclusive(Reason::Unproved, detail));
            }
        }
    }
    worst.unwrap_or_else(|| {
        Judgement::inconclusive(Reason::Unproved, "nothing says what must refuse it")
    })
}

/// Whoever may assume the role chooses its sessions, so a refusal of one of them that does not hold
/// for another is none of the role.
fn other_session(attempt: &ForbiddenAttempt<'_>) -> Option<Judgement> {
    let Answer::Refused(refused) = attempt.answer else {
        return None;
    };
    let ruling = refused.rulings.as_ref().or(refused.found.as_ref()).and_then(Rulings::refusal)?;
    let OtherSession { at, value } = ruling.other_session.as_ref()?;
    let at = at.as_ref().map(|at| format!(" by {at}")).unwrap_or_default();
    let detail =
        format!("this session was refused, but another of the role may not be{at}: {value}");
    Some(Judgement::inconclusive(Reason::OtherSession, detail))
}

/// Both witnesses must have succeeded, before and after. Nothing else makes a refusal count.
fn silent_witness(witnesses: &WitnessResults) -> Option<Judgement> {
    let WitnessResults { target, actor } = witnesses;
    let four = [
        ("target before", target, &target.before),
        ("target after", target, &target.after),
        ("actor before", actor, &actor.before),
        ("actor after", actor, &actor.after),
    ];
    let silent = four.into_iter().find(|(_, _, answer)| answer.outcome != Outcome::Allowed);
    silent.map(|(which, witness, answer)| {
        let detail = format!(
            "the witness `{}` ({which}) did not succeed: {}",
            witness.label, answer.came_back
        );
        Judgement::inconclusive(Reason::NoWitness, detail)
    })
}

enum Match {
    /// It is the expected refusal.
    Yes,
    /// It is known to be another.
    Wrong(String),
    /// It may be another.
    Unproved(String),
}

fn compare(attempt: &ForbiddenAttempt<'_>, denial: Option<&Denial>, expected: &Expected) -> Match {
    let kind = attempt.kind;
    let Answer::Refused(refused) = attempt.answer else {
        return Match::Unproved("no refusal came back".to_owned());
    };
    let code = refused.code.as_deref().unwrap_or_default();
    if !expected.codes.is_empty() && !expected.codes.iter().any(|wanted| wanted == code) {
        return Match::Unproved(format!(
            "the answer is `{}`, not `{}`",
            shown(code),
            expected.codes.join("` or `")
        ));
    }
    let message = refused.message.as_deref().unwrap_or_default();
    if let Some(says) = &expected.says
        && !message.to_lowercase().contains(&says.to_lowercase())
    {
        return Match::Unproved(format!(
            "`{code}` came for another reason: its message does not say `{says}`"
        ));
    }
    if code.is_empty() && refused.rulings.as_ref().and_then(Rulings::refusal).is_none() {
        // An expired URL, a bad signature and a policy all look the same on HEAD.
        return Match::Unproved("an answer without a code proves no reason".to_owned());
    }
    let Some(denial) = denial else {
        return compare_rejection(kind, refused, code, expected);
    };
    if kind == Kind::Reject && expected.layers.is_empty() {
        // An expired URL and a policy's refusal have the same code; only the words tell them apart.
        return Match::Unproved(format!(
            "`{code}` is an authorization refusal here, and no layer is expected to refuse"
        ));
    }
    match refused.rulings.as_ref().and_then(Rulings::refusal) {
        Some(ruling) => compare_ruling(ruling, denial, expected),
        None => compare_message(
            attempt,
            denial,
            expected,
            refused.found.as_ref().and_then(Rulings::refusal),
        ),
    }
}

/// A named answer that is no authorization refusal: the code is all it is known by, unless the
/// sandbox tells the mechanism, such as the state of a key.
fn compare_rejection(kind: Kind, refused: &Refused, code: &str, expected: &Expected) -> Match {
    if kind != Kind::Reject || expected.codes.is_empty() {
        return Match::Unproved(format!("`{code}` is no authorization refusal"));
    }
    if expected.layers.is_empty() && expected.sid.is_none() {
        if expected.says.is_none() && stands_for_several(code) {
            return Match::Unproved(format!(
                "`{code}` stands for several reasons, and nothing says which is meant"
            ));
        }
        return Match::Yes;
    }
    match refused.rulings.as_ref().and_then(Rulings::refusal) {
        Some(ruling) => compare_ruling(ruling, &Denial::default(), expected),
        None => {
            Match::Unproved(format!("`{code}` alone does not prove {}", words(&expected.layers)))
        }
    }
}

/// The sandbox knows all that decided, so another reason is known to be wrong.
fn compare_ruling(ruling: &Ruling, denial: &Denial, expected: &Expected) -> Match {
    let asked = !expected.layers.is_empty() || expected.sid.is_some();
    let mismatch =
        |detail: String| if asked { Match::Wrong(detail) } else { Match::Unproved(detail) };
    if denial.action.as_ref().is_some_and(|action| *action != ruling.action) {
        return Match::Unproved("the message and the decision name different actions".to_owned());
    }
    if !ruling.action.eq_ignore_ascii_case(&expected.action) || ruling.resource != expected.resource
    {
        return mismatch(format!(
            "refused for `{}` on `{}`, not for `{}` on `{}`",
            ruling.action, ruling.resource, expected.action, expected.resource
        ));
    }
    if let Some(sid) = &expected.sid {
        let named = ruling.deciders.iter().any(|decider| {
            let statement =
                decider.statement.as_ref().and_then(|statement| statement.sid.as_deref());
            statement == Some(sid.as_str())
                && (expected.layers.is_empty() || expected.layers.contains(&decider.layer))
        });
        return if named {
            Match::Yes
        } else {
            Match::Wrong(format!("refused, but not by the statement `{sid}`: {}", deciders(ruling)))
        };
    }
    if expected.layers.is_empty()
        || ruling.layers().iter().any(|layer| expected.layers.contains(layer))
    {
        return Match::Yes;
    }
    Match::Wrong(format!("refused, but not by {}: {}", words(&expected.layers), deciders(ruling)))
}

/// AWS tells one of several reasons and no Sid of a bucket policy, so another reason is only a
/// doubt. `found` is what the engine finds deciding over the target's own policies: it can narrow
/// down what the message says, never add to it.
fn compare_message(
    attempt: &ForbiddenAttempt<'_>,
    denial: &Denial,
    expected: &Expected,
    found: Option<&Ruling>,
) -> Match {
    let ForbiddenAttempt { call, session, .. } = *attempt;
    let asked =
        expected.unnamed.is_none() && (!expected.layers.is_empty() || expected.sid.is_some());
    let found = found.filter(|ruling| is_about(ruling, expected));
    match &denial.principal {
        Some(named) if !is_caller(call, session, named) => {
            let caller = session.unwrap_or_else(|| call.principal.name());
            return Match::Unproved(format!("`{named}` was refused, who is not `{caller}`"));
        }
        // Whoever names what was refused names whom.
        None if denial.action.is_some() => {
            return Match::Unproved("the message does not say who was refused".to_owned());
        }
        Some(_) | None => {}
    }
    match (&denial.action, &denial.resource) {
        (Some(action), resource) => {
            let same = action.eq_ignore_ascii_case(&expected.action)
                && resource
                    .as_ref()
                    .map_or(expected.resource == "*", |resource| *resource == expected.resource);
            if !same {
                let resource = resource.as_deref().unwrap_or("?");
                return Match::Unproved(format!(
                    "refused for `{action}` on `{resource}`, not for `{}` on `{}`",
                    expected.action, expected.resource
                ));
            }
        }
        (None, _) if asked => {
            return Match::Unproved("a bare `Access Denied` proves no layer".to_owned());
        }
        (None, _) if !denial.layers.is_empty() => {
            return Match::Unproved(
                "the message names a mechanism, but not what it refused".to_owned(),
            );
        }
        (None, _) if expected.action != call.action || expected.resource != call.resource => {
            return Match::Unproved(format!(
                "a bare `Access Denied` does not name `{}` on `{}`",
                expected.action, expected.resource
            ));
        }
        (None, _) if call.operation.takes(Param::CopySource) => {
            return Match::Unproved(
                "a bare `Access Denied` may be for the source of the copy".to_owned(),
            );
        }
        (None, _) if !call.principal.may_be_given_no_reason(call.bucket_owner.as_deref()) => {
            return Match::Unproved(
                "a bare `Access Denied` is not what a principal of the bucket's own account gets"
                    .to_owned(),
            );
        }
        (None, _) => return compare_bare(found, expected),
    }
    if let Some(sid) = &expected.sid {
        let Some(ruling) = found else {
            return Match::Unproved("this target does not tell which statement refused".to_owned());
        };
        let named = ruling.deciders.iter().any(|decider| {
            let statement =
                decider.statement.as_ref().and_then(|statement| statement.sid.as_deref());
            statement == Some(sid.as_str()) && denial.layers.contains(&decider.layer)
        });
        if !named {
            let found = deciders(ruling);
            let said = words(&denial.layers);
            return Match::Unproved(format!(
                "refused by {said}, which is not the statement `{sid}`; by the policies it would \
                 be: {found}"
            ));
        }
    }
    let mut layers = denial.layers.clone();
    if let Some(ruling) = found {
        layers.retain(|layer| ruling.layers().contains(layer));
    }
    let proved = !layers.is_empty() && layers.iter().all(|layer| expected.layers.contains(layer));
    if expected.layers.is_empty() || proved {
        Match::Yes
    } else {
        Match::Unproved(format!(
            "refused by {}, which does not prove {}",
            words(&denial.layers),
            words(&expected.layers)
        ))
    }
}

/// A bare refusal of who is told nothing. What the engine finds cannot prove the mechanism, but it
/// can contradict the one that is said to decide.
fn compare_bare(found: Option<&Ruling>, expected: &Expected) -> Match {
    let decides = |layer: &Layer| expected.layers.is_empty() || expected.layers.contains(layer);
    match found {
        Some(ruling) if !ruling.layers().iter().any(decides) => Match::Unproved(format!(
            "a bare `Access Denied`, and by the policies not {} would refuse but {}",
            words(&expected.layers),
            deciders(ruling)
        )),
        Some(_) | None => Match::Yes,
    }
}

/// Whether a ruling is about the action and resource that must be refused.
fn is_about(ruling: &Ruling, expected: &Expected) -> bool {
    ruling.action.eq_ignore_ascii_case(&expected.action) && ruling.resource == expected.resource
}

/// Whether a message that names this principal is about the one who called: the very session, for
/// another of the same role may be told apart by a policy. No page says what S3 calls nobody; it is
/// no ARN.
fn is_caller(call: &Call, session: Option<&str>, named: &str) -> bool {
    match &call.principal {
        Principal::Anonymous => !named.starts_with("arn:"),
        Principal::Role(_) => session == Some(named),
    }
}

/// What decided, in words: `resource policies/bucket.json:12 DenyNotKms`.
#[must_use]
pub fn deciders(ruling: &Ruling) -> String {
    let mut words: Vec<String> = ruling
        .deciders
        .iter()
        .map(|decider| match &decider.statement {
            Some(statement) => format!(
                "{} {}:{} {}",
                decider.layer,
                statement.file(),
                statement.line(),
                statement.sid.as_deref().unwrap_or("(no Sid)")
            ),
            None => decider.layer.to_string(),
        })
        .collect();
    words.extend(ruling.silent.iter().map(|layer| format!("{layer} (nothing allows it)")));
    words.join(", ")
}

fn words(layers: &[Layer]) -> String {
    if layers.is_empty() {
        return "no layer it names".to_owned();
    }
    layers.iter().map(|layer| layer.as_str()).collect::<Vec<_>>().join(" or ")
}

fn shown(code: &str) -> &str {
    if code.is_empty() { "an answer without a code" } else { code }
}
