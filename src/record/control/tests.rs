use serde_json::json;

use super::*;
use crate::files::Proof;

/// A result of the control `C`: its kind and verdict, and why where it is undecided.
fn result(id: &str, kind: &str, verdict: &str, reason: &str, outcome: &str) -> ResultRecord {
    let text = |text: &str| if text.is_empty() { json!(null) } else { json!(text) };
    serde_json::from_value(json!({
        "id": id, "architecture": "a", "scenario": "s", "title": "t", "row": "-",
        "operation": "s3:GetObject", "attempt": "it", "kind": kind, "controls": ["C"],
        "principal": "app", "verdict": verdict, "reason": text(reason), "outcome": text(outcome),
        "expected": { "effect": kind }, "tries": [], "started": "", "duration_ms": 0.0,
        "file": "s.yaml", "line": 1
    }))
    .unwrap_or_else(|problem| panic!("{problem}"))
}

/// What a run of these results says of `C`, which is proved by these kinds, of which there are as
/// many proofs more as were left out.
fn of(
    proved_by: &[Proof],
    left_out: usize,
    gaps: &[GapInfo],
    results: &[ResultRecord],
) -> ControlVerdict {
    let proved_by = ProvedBy::try_from(proved_by.to_vec()).unwrap_or_else(|why| panic!("{why}"));
    let chosen = results.iter().filter(|result| proved_by.takes(result.kind.proof())).count();
    let control = json!({
        "id": "C", "title": "t", "proved_by": proved_by, "planned": chosen + left_out,
        "chosen": chosen
    });
    let run: RunInfo = serde_json::from_value(json!({
        "id": "r", "gainsay": "0", "target": "aws", "started": "", "duration_ms": 0.0,
        "scenarios": "s", "calls": 0, "interrupted": false, "gaps": gaps,
        "architectures": [{
            "name": "a", "title": "t", "account": "1", "region": "r", "controls": [control]
        }]
    }))
    .unwrap_or_else(|problem| panic!("{problem}"));
    let summary = super::super::Summary::of(&run, results);
    summary.controls.first().map_or(ControlVerdict::Error, |control| control.verdict)
}

fn gap(controls: &[&str], results: &[&str], state: GapState) -> GapInfo {
    let owned = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
    GapInfo {
        architecture: "a".to_owned(),
        controls: owned(controls),
        results: owned(results),
        state,
        closed: Vec::new(),
        gap: GapRecord {
            owner: "o".to_owned(),
            reason: "r".to_owned(),
            expires: "2999-12-31".to_owned(),
        },
    }
}

#[test]
fn a_control_is_proved_by_what_proves_it() {
    use ControlVerdict as Is;
    const REFUSAL: &[Proof] = &[Proof::Refusal];
    const MIXED: &[Proof] = &[Proof::Refusal, Proof::PermittedAct];
    const EITHER: &[Proof] = &[Proof::Refusal, Proof::Setting];
    let made = |kind: &str| result("made", kind, "pass", "", "denied");
    let skipped = |kind: &str| result("left", kind, "skipped", "", "");
    let lost = |kind: &str| result("lost", kind, "inconclusive", "no-answer", "unreachable");
    let nobody = result("lost", "deny", "inconclusive", "no-session", "");
    let unclear = result("odd", "deny", "inconclusive", "no-answer", "unclear");
    let failed = result("bad", "allow", "fail", "refused", "denied");
    let waived = result("waived", "deny", "waived", "got-through", "allowed");
    for (kinds, results, expected) in [
        (REFUSAL, vec![made("deny")], Is::Pass),
        (REFUSAL, vec![made("reject"), made("allow")], Is::Pass),
        (REFUSAL, vec![made("allow")], Is::NotProved),
        (REFUSAL, vec![made("check")], Is::NotProved),
        (REFUSAL, vec![], Is::NotProved),
        (REFUSAL, vec![skipped("deny"), made("allow")], Is::NotProved),
        (REFUSAL, vec![skipped("deny"), made("deny")], Is::Partial),
        (REFUSAL, vec![made("deny"), skipped("allow")], Is::Pass),
        (REFUSAL, vec![made("deny"), lost("deny")], Is::Partial),
        (REFUSAL, vec![lost("deny")], Is::NotProved),
        (REFUSAL, vec![nobody], Is::NotProved),
        (REFUSAL, vec![made("deny"), lost("allow")], Is::Inconclusive),
        (REFUSAL, vec![made("deny"), unclear], Is::Inconclusive),
        (REFUSAL, vec![made("deny"), failed], Is::Fail),
        (REFUSAL, vec![made("deny"), waived.clone()], Is::Waived),
        (REFUSAL, vec![skipped("deny"), waived], Is::Partial),
        (MIXED, vec![made("allow"), skipped("deny")], Is::NotProved),
        (MIXED, vec![made("allow"), made("deny")], Is::Pass),
        (MIXED, vec![skipped("allow"), made("deny")], Is::Partial),
        (EITHER, vec![made("check")], Is::Pass),
        (EITHER, vec![made("check"), skipped("deny")], Is::Partial),
        (&[Proof::PermittedAct], vec![made("allow")], Is::Pass),
        (&[Proof::Setting], vec![made("allow"), made("deny")], Is::NotProved),
    ] {
        assert_eq!(of(kinds, 0, &[], &results), expected, "{kinds:?} {results:#?}");
    }
}

#[test]
fn what_the_user_left_out_is_not_selected_and_what_failed_stays() {
    const REFUSAL: &[Proof] = &[Proof::Refusal];
    for (verdict, expected) in [
        ("pass", ControlVerdict::NotSelected),
        ("skipped", ControlVerdict::NotSelected),
        ("waived", ControlVerdict::NotSelected),
        ("fail", ControlVerdict::Fail),
        ("inconclusive", ControlVerdict::Inconclusive),
        ("error", ControlVerdict::Error),
    ] {
        let results = [result("made", "deny", verdict, "", "")];
        assert_eq!(of(REFUSAL, 1, &[], &results), expected, "{verdict}");
    }
}

#[test]
fn a_gap_accepts_exactly_what_is_missing() {
    use ControlVerdict as Is;
    let left = |id: &str| result(id, "deny", "skipped", "", "");
    let made = result("made", "deny", "pass", "", "denied");
    let whole = |state| gap(&["C"], &[], state);
    let of_one = |id: &str| gap(&[], &[id], GapState::InForce);
    for (gaps, results, expected) in [
        (vec![whole(GapState::InForce)], vec![left("x"), left("y")], Is::KnownGap),
        (vec![whole(GapState::Expired)], vec![left("x"), left("y")], Is::NotProved),
        (vec![whole(GapState::InForce)], vec![left("x"), made.clone()], Is::Partial),
        (vec![of_one("x")], vec![left("x"), made.clone()], Is::KnownGap),
        (vec![of_one("x")], vec![left("x"), left("y"), made.clone()], Is::Partial),
        (vec![of_one("x"), of_one("y")], vec![left("x"), left("y")], Is::KnownGap),
        (vec![of_one("made")], vec![left("x"), made.clone()], Is::Partial),
        (vec![gap(&["D"], &[], GapState::InForce)], vec![left("x")], Is::NotProved),
        (vec![whole(GapState::InForce)], vec![made], Is::Pass),
    ] {
        assert_eq!(of(&[Proof::Refusal], 0, &gaps, &results), expected, "{gaps:?}");
    }
}
