//! What is suspicious in a scenario.

use std::{collections::BTreeSet, str::FromStr};

use gainsay_iam::Layer;
use gainsay_model::{Service, Source};

use super::about;
use crate::{
    attempt::{Effect, Field, KeyForm, Param, Request, TextPart, Value},
    files::{
        diag::{Code, Diagnostics},
        yaml::Located,
    },
    scenario::{Attempt, Kind, RawAttempt, RawRefusal, RawScenario, Scenario},
    suite::Written,
};

/// The policies that a request may meet in any architecture, but for that of what is acted on
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>).
const OF_THE_CALLER: &[Layer] = &[Layer::Identity, Layer::Boundary, Layer::Session];

/// The policies of what is acted on: an S3 bucket, a KMS key, a role.
const OF_THE_TARGET: &[Layer] = &[Layer::Resource, Layer::KeyPolicy, Layer::TrustPolicy];

pub(super) fn check(
    scenario: &Scenario,
    (source, raw): &Written<RawScenario>,
    found: &mut Diagnostics,
) {
    let at_line = |line: usize| {
        raw.attempts.iter().find(|written| line_of(source, &written.value) == Some(line))
    };
    for written in &raw.attempts {
        unattributed(source, &written.value, found);
        repeated_codes(source, &written.value, found);
    }
    let mut reported = BTreeSet::new();
    for attempt in scenario.attempts() {
        let Some(label) = at_line(attempt.line).and_then(|written| label(&written.value)) else {
            continue;
        };
        // What must be rejected may be out of range for just that reason.
        if attempt.kind != Kind::Reject {
            out_of_range(source, label, &attempt.request, &mut reported, found);
        }
        if always_holds(attempt) && reported.insert((label.span.start, "expect")) {
            let message = format!("what `{}` expects holds for every success", label.value);
            found.push(about(source, label, Code::VacuousExpect, message));
        }
    }
    for fixture in scenario.rows.iter().flat_map(|row| &row.fixtures) {
        if let Some((name, _)) = raw.given.0.iter().find(|(name, _)| name.value == fixture.name) {
            out_of_range(source, name, &fixture.request, &mut reported, found);
        }
    }
}

fn label(raw: &RawAttempt) -> Option<&Located<String>> {
    [&raw.allow, &raw.deny, &raw.reject].into_iter().flatten().next()
}

fn line_of(source: &Source, raw: &RawAttempt) -> Option<usize> {
    label(raw).map(|label| source.line_of(label.span.start))
}

/// A `deny` that says nothing about who refuses.
fn unattributed(source: &Source, raw: &RawAttempt, found: &mut Diagnostics) {
    let Some(label) = &raw.deny else { return };
    let refusals: Vec<&Located<RawRefusal>> = raw.by.iter().chain(&raw.one_of).collect();
    let says = |who: &str| format!("`{}` may be refused by {who}", label.value);
    if let Some(any) = refusals.iter().find(|refusal| names_nobody(&refusal.value)) {
        found.push(about(source, any, Code::UnattributedDeny, says("anything")));
        return;
    }
    let Some(first) = refusals.first() else {
        found.push(about(source, label, Code::UnattributedDeny, says("anything")));
        return;
    };
    let only_layers = refusals.iter().all(|refusal| refusal.value.sid.is_none());
    let layers: Vec<Layer> = refusals.iter().flat_map(|refusal| layers(&refusal.value)).collect();
    let is_named = |layer: &Layer| layers.contains(layer);
    let excludes_none = OF_THE_CALLER.iter().all(&is_named) && OF_THE_TARGET.iter().any(&is_named);
    if only_layers && excludes_none {
        found.push(about(source, first, Code::UnattributedDeny, says("every policy there is")));
    }
}

fn names_nobody(refusal: &RawRefusal) -> bool {
    refusal.layer.is_none() && refusal.sid.is_none() && refusal.unnamed.is_none()
}

fn layers(refusal: &RawRefusal) -> Vec<Layer> {
    let written = [&refusal.layer, &refusal.decided_by].into_iter().flatten();
    written
        .flat_map(|layers| &layers.0)
        .filter_map(|layer| Layer::from_str(&layer.value).ok())
        .collect()
}

/// `says` that holds no word which its code has not.
fn repeated_codes(source: &Source, raw: &RawAttempt, found: &mut Diagnostics) {
    for refusal in raw.by.iter().chain(&raw.one_of) {
        let Some(says) = &refusal.value.says else { continue };
        let codes = refusal.value.code.iter().flat_map(|codes| &codes.0);
        if codes.into_iter().any(|code| letters(&code.value).contains(&letters(&says.value))) {
            let message = format!("`{}` says no more than the code", says.value);
            found.push(about(source, says, Code::VacuousExpect, message));
        }
    }
}

fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn out_of_range(
    source: &Source,
    label: &Located<String>,
    request: &Request,
    reported: &mut BTreeSet<(usize, &'static str)>,
    found: &mut Diagnostics,
) {
    for (param, value) in &request.params {
        let (Some(range), Some(value)) = (param.range(), number(value)) else {
            continue;
        };
        if !range.holds(&value) && reported.insert((label.span.start, param.as_str())) {
            let message = format!(
                "`{param}` of `{}` is {value}, which is not {range}: {}",
                label.value, range.source
            );
            found.push(about(source, label, Code::OutOfRange, message));
        }
    }
}

/// A value that is known before anything runs, as a number is written.
fn number(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) if text.0.iter().all(|part| matches!(part, TextPart::Literal(_))) => {
            Some(text.shown())
        }
        Value::Seconds(seconds) => Some(seconds.to_string()),
        Value::Text(_)
        | Value::Principal(_)
        | Value::Bucket(_)
        | Value::Key(..)
        | Value::Role(_)
        | Value::Trail(_)
        | Value::Fixture(_)
        | Value::Fixtures(_)
        | Value::Bool(_)
        | Value::Word(_)
        | Value::Words(_) => None,
    }
}

/// Whether an attempt, or a read after it, expects something, and nothing but what every success
/// answers.
fn always_holds(attempt: &Attempt) -> bool {
    let after = attempt.then.iter().map(|then| (&then.request, &then.expect));
    std::iter::once((&attempt.request, &attempt.expect)).chain(after).any(|(request, expect)| {
        !expect.is_empty()
            && expect.iter().all(|(field, values)| is_always(request, *field, values))
    })
}

/// What every success answers, by the page of the operation.
fn is_always(request: &Request, field: Field, values: &[Value]) -> bool {
    let repeats = |param| values.len() == 1 && values.first() == request.params.get(&param);
    let reads = request.operation.effect == Effect::Reads;
    match (request.operation.service, field) {
        // A version that is asked for is told again:
        // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>.
        (Service::S3, Field::Version) => reads && repeats(Param::Version),
        // KMS answers with the ARN of the key that was asked for, if it did anything at all:
        // <https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html>.
        (Service::Kms, Field::Arn) => {
            matches!(request.params.get(&Param::KeyId), Some(Value::Key(key, KeyForm::Arn))
                if is_text(values, &key.arn))
        }
        // A key of KMS's own material is enabled from the beginning:
        // <https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html>.
        (Service::Kms, Field::KeyState) => {
            request.operation.name == "kms:CreateKey" && is_text(values, "Enabled")
        }
        _ => false,
    }
}

fn is_text(values: &[Value], text: &str) -> bool {
    matches!(values, [Value::Text(written)] if written.shown() == text)
}
