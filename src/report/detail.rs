//! What there is to say about one result, for the terminal and for `JUnit` alike.

use std::collections::BTreeMap;

use gainsay_iam::Layer;

use crate::{
    outcome::OutcomeKind,
    record::{
        ControlSummary, ExpectedRecord, GapRecord, Proofs, ResultKind, ResultRecord,
        StatementRecord, TryRecord, WaiverRecord, WitnessRecord,
    },
    report::one_line,
    verdict::Verdict,
};

/// Everything a reader needs to understand a result, as labels and texts of one line each.
#[must_use]
pub fn detail_lines(result: &ResultRecord) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    if !result.controls.is_empty() {
        lines.push(("controls", one_line(&result.controls.join(", "))));
    }
    lines.push(("expected", expected_of(result)));
    lines.push(("came back", came_back(result)));
    lines.extend(deciders(result).into_iter().map(|text| ("decided by", text)));
    if let Some(reason) = because(result) {
        lines.push((result.verdict.as_str(), reason));
    }
    if result.witnesses.iter().any(|witness| !succeeded(witness)) {
        lines.extend(result.witnesses.iter().map(|witness| ("witness", of_witness(witness))));
    }
    if result.tries.len() > 1 {
        lines.push(("tries", tries(result)));
    }
    lines.push(("at", one_line(&format!("{}:{}", result.file, result.line))));
    if !result.command.is_empty() {
        lines.push(("try", one_line(&result.command)));
    }
    if let Some(assumed) = &result.assumed {
        lines.push(("assumed", one_line(assumed)));
    }
    lines
}

/// Every try and what came of it: `3: 503 SlowDown (throttled), unreachable, 403 AccessDenied
/// (denied)`.
fn tries(result: &ResultRecord) -> String {
    let words: Vec<String> = result.tries.iter().map(of_try).collect();
    format!("{}: {}", words.len(), words.join(", "))
}

/// What a pass that took more than one try is remarked with: a pass all the same, but not to be
/// overlooked.
pub(super) fn retried(result: &ResultRecord) -> Option<String> {
    let tries = result.tries.len();
    (tries > 1).then(|| format!("at try {tries}"))
}

/// What came of a try.
pub(super) fn of_try(this: &TryRecord) -> String {
    let status = this.status.map(|status| status.to_string());
    let words: Vec<&str> = status.as_deref().into_iter().chain(this.code.as_deref()).collect();
    if words.is_empty() {
        return this.outcome.as_str().to_owned();
    }
    one_line(&format!("{} ({})", words.join(" "), this.outcome))
}

/// What had to come back, or of a check what must hold.
fn expected_of(result: &ResultRecord) -> String {
    match result.kind {
        ResultKind::Check => one_line(&result.title),
        ResultKind::Allow | ResultKind::Deny | ResultKind::Reject => expected(&result.expected),
    }
}

/// What had to come back.
pub(super) fn expected(expected: &ExpectedRecord) -> String {
    let mut text = match expected.effect.as_str() {
        "allow" => "allowed".to_owned(),
        "deny" => "refused".to_owned(),
        "reject" => "rejected".to_owned(),
        "check" => "as the control says".to_owned(),
        other => one_line(other),
    };
    if !expected.layer.is_empty() {
        text.push_str(" by ");
        text.push_str(&any_of(expected.layer.iter().map(|layer| mechanism(*layer))));
    }
    if let Some(why) = &expected.unnamed {
        text.push_str(", which AWS need not name (");
        text.push_str(&one_line(why));
        text.push(')');
    }
    if let Some(sid) = &expected.sid {
        text.push_str(", statement ");
        text.push_str(&one_line(sid));
    }
    if !expected.code.is_empty() {
        text.push_str(" with ");
        text.push_str(&any_of(expected.code.iter().map(|code| one_line(code))));
    }
    if let Some(says) = &expected.says {
        text.push_str(", saying ");
        text.push_str(&one_line(says));
    }
    if let Some(action) = &expected.action {
        text.push_str(", for ");
        text.push_str(&one_line(action));
    }
    if let Some(resource) = &expected.resource {
        text.push_str(", on ");
        text.push_str(&one_line(resource));
    }
    text.push_str(&with_fields(&expected.fields));
    text
}

/// What came back instead, or what came back as it should.
fn came_back(result: &ResultRecord) -> String {
    let mut text = String::new();
    let fields = result.observed.as_ref().map(|observed| {
        let status = observed.status.map(|status| status.to_string());
        let document = observed.document.as_deref();
        let words =
            [status.as_deref(), observed.code.as_deref(), observed.message.as_deref(), document];
        let words: Vec<&str> =
            words.into_iter().flatten().filter(|word| !word.is_empty()).collect();
        text = one_line(&words.join(" "));
        with_fields(&observed.fields)
    });
    match result.outcome {
        None if text.is_empty() && result.kind == ResultKind::Check => {
            "nothing, it was not read".clone_into(&mut text);
        }
        None if text.is_empty() => "nothing, the attempt was not made".clone_into(&mut text),
        Some(outcome) if text.is_empty() => outcome.as_str().clone_into(&mut text),
        // A refusal speaks for itself; what is none, is said.
        None | Some(OutcomeKind::Denied | OutcomeKind::Rejected) => {}
        Some(outcome) => {
            text.push_str(" (");
            text.push_str(outcome.as_str());
            text.push(')');
        }
    }
    text + &fields.unwrap_or_default()
}

/// Each deciding statement with its place; the bare mechanisms where the target names no statement.
fn deciders(result: &ResultRecord) -> Vec<String> {
    let Some(observed) = &result.observed else { return Vec::new() };
    if observed.statements.is_empty() && !observed.layer.is_empty() {
        return vec![any_of(observed.layer.iter().map(|layer| mechanism(*layer)))];
    }
    observed.statements.iter().map(of_statement).collect()
}

fn of_statement(statement: &StatementRecord) -> String {
    let StatementRecord { layer, file, line, sid } = statement;
    let sid = sid.as_ref().map(|sid| format!(" {sid}")).unwrap_or_default();
    one_line(&format!("{layer} {file}:{line}{sid}"))
}

/// Why it is not a pass: the word and the sentence.
pub(super) fn because(result: &ResultRecord) -> Option<String> {
    let reason = result.reason.map(|reason| reason.as_str().to_owned());
    let detail = Some(one_line(&result.detail)).filter(|detail| !detail.is_empty());
    let waiver = result.waiver.as_ref().map(|waiver| {
        let WaiverRecord { owner, reason, ticket, expires } = waiver;
        one_line(&format!("by {owner} until {expires} ({ticket}): {reason}"))
    });
    let gap = result.gap.as_ref().map(|gap| {
        let GapRecord { owner, reason, expires } = gap;
        one_line(&format!("known gap, accepted by {owner} until {expires}: {reason}"))
    });
    let words: Vec<String> = waiver.into_iter().chain(gap).chain(reason).chain(detail).collect();
    (result.verdict != Verdict::Pass && !words.is_empty()).then(|| words.join(": "))
}

/// What is missing of a control that is not proved as a whole.
pub(crate) fn unproved(control: &ControlSummary) -> String {
    let Proofs { planned, chosen, made } = control.proofs;
    let by_choice = planned.saturating_sub(chosen);
    let by_target = chosen.saturating_sub(made);
    let left = [(by_choice, "you left out"), (by_target, "the target left out")];
    let left = left.into_iter().filter(|(number, _)| *number > 0);
    let left: Vec<String> = left.map(|(number, who)| format!("{who} {number}")).collect();
    let word = control.verdict.as_str().replace('-', " ");
    format!("{word}: {made} of {planned} proofs made; {}", left.join(", "))
        .trim_end_matches("; ")
        .to_owned()
}

fn succeeded(witness: &WitnessRecord) -> bool {
    witness.before == OutcomeKind::Allowed
        && witness.after.is_none_or(|after| after == OutcomeKind::Allowed)
}

fn of_witness(witness: &WitnessRecord) -> String {
    let after = witness.after.map_or("not tried", OutcomeKind::as_str);
    let differences = if witness.differences.is_empty() {
        "nothing".to_owned()
    } else {
        witness.differences.join(", ")
    };
    let WitnessRecord { role, attempt, before, .. } = witness;
    one_line(&format!(
        "{role} `{attempt}`: before {before}, after {after}; differs in {differences}"
    ))
}

/// All witnesses as one property: `target=base request before=allowed after=allowed`.
pub(super) fn witness_words(witnesses: &[WitnessRecord]) -> String {
    let words = witnesses.iter().map(|WitnessRecord { role, attempt, before, after, .. }| {
        let after = after.map(|after| format!(" after={after}")).unwrap_or_default();
        one_line(&format!("{role}={attempt} before={before}{after}"))
    });
    words.collect::<Vec<_>>().join("; ")
}

/// What refused a passing deny, or answered a passing reject, in a few words.
pub(super) fn refused_by(result: &ResultRecord) -> Option<String> {
    let observed = result.observed.as_ref()?;
    if result.kind == ResultKind::Reject {
        return observed.code.as_ref().map(|code| format!("rejected with {}", one_line(code)));
    }
    if result.kind != ResultKind::Deny {
        return None;
    }
    let mut names: Vec<String> = observed.statements.iter().map(name_of).collect();
    if names.is_empty() {
        names = observed.layer.iter().map(|layer| mechanism(*layer)).collect();
    }
    names.dedup();
    (!names.is_empty()).then(|| format!("refused by {}", names.join(", ")))
}

/// The Sid, or where the statement stands.
fn name_of(statement: &StatementRecord) -> String {
    let place = || format!("{}:{}", statement.file, statement.line);
    one_line(&statement.sid.clone().unwrap_or_else(place))
}

/// What people call it: some of the words are adjectives.
pub(super) fn mechanism(layer: Layer) -> String {
    match layer {
        Layer::Identity | Layer::Resource | Layer::Session => format!("{layer} policy"),
        other => other.to_string(),
    }
}

fn any_of(words: impl Iterator<Item = String>) -> String {
    words.collect::<Vec<_>>().join(" or ")
}

fn with_fields(fields: &BTreeMap<String, Vec<String>>) -> String {
    let fields = fields.iter().map(|(name, values)| match values.as_slice() {
        [value] => format!(", {name} = {value}"),
        values => format!(", {name} = [{}]", values.join(", ")),
    });
    one_line(&fields.collect::<String>())
}
