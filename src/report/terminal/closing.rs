//! What is said when a run has ended: what did not pass and why, each control, the result.

use crate::{
    exit::Exit,
    record::{
        ControlCounts, ControlSummary, ControlVerdict, Counts, GapInfo, GapState, ResultKind,
        ResultRecord, RunRecord, WaiverInfo, WaiverState,
    },
    report::{
        detail::unproved,
        detail_lines, one_line,
        terminal::{
            attempts_and_checks, counted,
            style::{self, Paint},
        },
    },
    verdict::{Reason, Verdict},
};

/// How many ids a control lists: after a stopped run it would be most of them.
const IDS_OF_A_CONTROL: usize = 10;

/// The end of a run. `all_controls` is false where those that passed are not worth a line.
pub(super) fn text(record: &RunRecord, paint: Paint, all_controls: bool) -> String {
    let parts = [
        not_passed(record, paint),
        not_made(record),
        controls(record, paint, all_controls),
        not_deployed(record),
        left_behind(record),
        gaps(record, paint),
        waivers(record, paint),
        part(record),
        sample(record),
        control_line(record),
        result_line(record, paint),
        exit_line(record),
    ];
    format!("\n{}", parts.concat())
}

/// A block for each result that is not a pass.
fn not_passed(record: &RunRecord, paint: Paint) -> String {
    let others = record
        .results
        .iter()
        .filter(|result| result.verdict != Verdict::Pass && !is_prevented(result));
    let blocks: String = others.map(|result| block(result, paint)).collect();
    let heading = if record.summary.counts.fail > 0 { "failures" } else { "not passed" };
    if blocks.is_empty() { blocks } else { format!("{heading}:\n\n{blocks}") }
}

/// Attempts and checks that a stop prevented have nothing to tell but their number.
fn not_made(record: &RunRecord) -> String {
    let (checks, attempts): (Vec<_>, Vec<_>) = record
        .results
        .iter()
        .filter(|result| is_prevented(result))
        .partition(|result| result.kind == ResultKind::Check);
    match attempts_and_checks(attempts.len(), checks.len()) {
        nothing if nothing.is_empty() => nothing,
        prevented => format!("not made: {prevented}, because the run was stopped\n\n"),
    }
}

fn is_prevented(result: &ResultRecord) -> bool {
    result.reason == Some(Reason::Cancelled)
}

fn block(result: &ResultRecord, paint: Paint) -> String {
    let word = paint.verdict(result.verdict, style::word(result.verdict));
    let lines =
        detail_lines(result).into_iter().map(|(label, text)| format!("  {label}: {text}\n"));
    format!("---- {} {word} ----\n{}\n", one_line(&result.id), lines.collect::<String>())
}

/// The controls of which something was attempted or read, and those that are not testable where
/// their whole architecture was run.
fn controls(record: &RunRecord, paint: Paint, all: bool) -> String {
    let whole = |architecture: &str| {
        let mut own = record.summary.controls.iter();
        !own.any(|control| {
            control.architecture == architecture && control.verdict == ControlVerdict::NotSelected
        })
    };
    let is_shown = |control: &&ControlSummary| {
        let told = control.counts.total > 0
            || (control.not_testable.is_some() && whole(&control.architecture));
        told && (all || control.verdict != ControlVerdict::Pass)
    };
    let shown: Vec<&ControlSummary> = record.summary.controls.iter().filter(is_shown).collect();
    let several = record.run.architectures.len() > 1;
    let name = |control: &ControlSummary| {
        let architecture =
            if several { format!("{}/", control.architecture) } else { String::new() };
        one_line(&(architecture + &control.id))
    };
    let width = shown.iter().map(|control| name(control).chars().count()).max().unwrap_or_default();
    let line = |control: &&ControlSummary| {
        let word = control.verdict.as_str().replace('-', " ");
        let padding = " ".repeat("not testable".len().saturating_sub(word.len()));
        let word = paint.verdict(style::like(control.verdict), &word);
        let (name, title) = (name(control), one_line(&control.title));
        format!(
            "  {word}{padding}  {name:width$}  {title}: {}\n{}{}",
            control_counts(control),
            disagreement(control),
            ids_not_passed(record, control)
        )
    };
    let lines: String = shown.iter().map(line).collect();
    if lines.is_empty() { lines } else { format!("controls:\n{lines}\n") }
}

/// `24 attempts, 1 failed; 2 checks`: what did not pass is said, what passed is the rest.
fn control_counts(control: &ControlSummary) -> String {
    if let Some(why) = &control.not_testable {
        return one_line(why);
    }
    let methods = [(control.attempted, "attempt"), (control.read, "check")];
    let words = methods
        .into_iter()
        .filter_map(|(method, thing)| Some(method_counts(&method?.counts, thing)));
    let words = words.collect::<Vec<_>>().join("; ");
    if control.verdict.lacks_proofs() { format!("{words}; {}", unproved(control)) } else { words }
}

fn method_counts(counts: &Counts, thing: &str) -> String {
    let words = [
        (counts.fail, "failed"),
        (counts.inconclusive, "inconclusive"),
        (counts.error, if counts.error == 1 { "error" } else { "errors" }),
        (counts.skipped, "skipped"),
        (counts.waived, "waived"),
    ];
    let words = words
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| format!(", {number} {word}"));
    counted(counts.total, thing) + &words.collect::<String>()
}

/// What is attempted and what is read say two things of one control: a finding of its own.
fn disagreement(control: &ControlSummary) -> String {
    if control.disagree {
        format!("      the methods disagree: {}\n", control.methods())
    } else {
        String::new()
    }
}

fn ids_not_passed(record: &RunRecord, control: &ControlSummary) -> String {
    let of_control = |result: &&ResultRecord| {
        result.verdict != Verdict::Pass
            && result.architecture == control.architecture
            && result.controls.contains(&control.id)
    };
    let ids: Vec<&str> =
        record.results.iter().filter(of_control).map(|result| result.id.as_str()).collect();
    let lines = ids.iter().take(IDS_OF_A_CONTROL).map(|id| format!("      {}\n", one_line(id)));
    let more = match ids.len().saturating_sub(IDS_OF_A_CONTROL) {
        0 => String::new(),
        more => format!("      and {more} more\n"),
    };
    lines.collect::<String>() + &more
}

fn not_deployed(record: &RunRecord) -> String {
    if record.run.not_deployed.is_empty() {
        return String::new();
    }
    let lines = record.run.not_deployed.iter().map(|what| format!("  {}\n", one_line(what)));
    format!("the target does not have, so this was left out:\n{}\n", lines.collect::<String>())
}

fn left_behind(record: &RunRecord) -> String {
    if record.run.left_behind.is_empty() {
        return String::new();
    }
    let lines = record.run.left_behind.iter().map(|what| format!("  {}\n", one_line(what)));
    format!("left behind, remove by hand:\n{}\n", lines.collect::<String>())
}

/// Every waiver, and what is to be done about it.
fn waivers(record: &RunRecord, paint: Paint) -> String {
    let line = |info: &WaiverInfo| {
        let (like, todo) = match info.state {
            WaiverState::Expired => {
                (Verdict::Fail, "mend what it waived and remove it, or renew it".to_owned())
            }
            WaiverState::InForce => {
                (Verdict::Waived, format!("{} waived", counted(info.results, "result")))
            }
            WaiverState::Unneeded => {
                (Verdict::Pass, "all that it could waive passed; remove it".to_owned())
            }
            WaiverState::NotTried => (
                Verdict::Skipped,
                "nothing was waived, and not all that it could waive was attempted".to_owned(),
            ),
        };
        let (word, waiver) = (paint.verdict(like, info.state.as_str()), &info.waiver);
        let who = one_line(&format!(
            "{} ({}, {}, until {})",
            info.of, waiver.owner, waiver.ticket, waiver.expires
        ));
        format!("  {word}: {who}: {todo}\n")
    };
    let lines: String = record.run.waivers.iter().map(line).collect();
    if lines.is_empty() { lines } else { format!("waivers:\n{lines}\n") }
}

/// Every gap that somebody accepted on this target, and what is to be done about it.
fn gaps(record: &RunRecord, paint: Paint) -> String {
    let line = |info: &GapInfo| {
        let closed = one_line(&info.closed.join(", "));
        let (like, todo) = match info.state {
            GapState::Expired => (Verdict::Fail, "prove it, or accept it anew".to_owned()),
            GapState::Closed => (Verdict::Pass, "all of it is proved now; remove it".to_owned()),
            GapState::InForce if closed.is_empty() => (Verdict::Waived, one_line(&info.gap.reason)),
            GapState::InForce => {
                (Verdict::Waived, format!("these are made now, take them out of it: {closed}"))
            }
        };
        let word = paint.verdict(like, info.state.as_str());
        let of = info.controls.iter().cloned();
        let results = counted(info.results.len(), "result");
        let of: Vec<String> = of.chain((!info.results.is_empty()).then_some(results)).collect();
        let who = one_line(&format!(
            "{} of {} ({}, until {})",
            of.join(", "),
            info.architecture,
            info.gap.owner,
            info.gap.expires
        ));
        format!("  {word}: {who}: {todo}\n")
    };
    let lines: String = record.run.gaps.iter().map(line).collect();
    if lines.is_empty() { lines } else { format!("known gaps of this target:\n{lines}\n") }
}

/// That not everything was run, and what chose it.
fn part(record: &RunRecord) -> String {
    let Some(part) = &record.run.part else { return String::new() };
    let left = if part.left_out.is_empty() {
        String::new()
    } else {
        format!("; nothing of {}", one_line(&part.left_out.join(", ")))
    };
    format!("a part of the plan was run: {}{left}\n", one_line(&part.to_string()))
}

/// `controls: 36 pass; 1 not testable`.
fn control_line(record: &RunRecord) -> String {
    let counts = ControlCounts::of(&record.summary.controls).to_string();
    if counts.is_empty() { counts } else { format!("controls: {counts}\n") }
}

/// What was left out on purpose.
fn sample(record: &RunRecord) -> String {
    record.run.sample.map_or_else(String::new, |sampled| format!("sample: {sampled}\n"))
}

/// `result: FAILED. 120 passed; 3 failed; ...`
fn result_line(record: &RunRecord, paint: Paint) -> String {
    let Counts { pass, fail, inconclusive, error, skipped, waived, .. } = record.summary.counts;
    let errors = if error == 1 { "error" } else { "errors" };
    let waived = if waived > 0 { format!("; {waived} waived") } else { String::new() };
    let seconds = record.run.duration_ms / 1000.0;
    let calls = counted(usize::try_from(record.run.calls).unwrap_or(usize::MAX), "call");
    let Ending { word, like, .. } = ending(record);
    let word = paint.verdict(like, word);
    format!(
        "result: {word}. {pass} passed; {fail} failed; {inconclusive} inconclusive; {error} {errors}; {skipped} skipped{waived}; \
         finished in {seconds:.2}s, {calls}\n"
    )
}

fn exit_line(record: &RunRecord) -> String {
    match record.summary.exit_code {
        0 => String::new(),
        code => format!("exit {code}: {}\n", ending(record).meaning),
    }
}

/// What the exit code says: a word, the verdict whose colour it has, and a sentence.
struct Ending {
    word: &'static str,
    like: Verdict,
    meaning: &'static str,
}

fn ending(record: &RunRecord) -> Ending {
    let is = |exit: Exit| record.summary.exit_code == exit.code();
    let (word, like, meaning) = if is(Exit::Ok) {
        ("ok", Verdict::Pass, "everything passed")
    } else if is(Exit::Failed) {
        let meaning = if record.summary.counts.fail > 0 {
            "a forbidden act succeeded, a permitted one failed, something was refused for the wrong reason, or what was read is not as it must be"
        } else {
            "a waiver has expired"
        };
        ("FAILED", Verdict::Fail, meaning)
    } else if is(Exit::NothingRun) {
        ("NOTHING RUN", Verdict::Error, "nothing was selected, or everything was skipped")
    } else if is(Exit::Unfinished) {
        (
            "UNFINISHED",
            Verdict::Error,
            "a report could not be written, or what was made could not be removed",
        )
    } else if record.run.interrupted {
        ("STOPPED", Verdict::Inconclusive, "the run was stopped before its end")
    } else if record.summary.counts.inconclusive + record.summary.counts.error == 0 {
        (
            "NOT PROVED",
            Verdict::Inconclusive,
            "a control is not proved, or in part only; `gainsay gaps` prints what is missing, for \
             `waivers.yaml`",
        )
    } else {
        (
            "UNDECIDED",
            Verdict::Inconclusive,
            "something is undecided, and counts neither as passed nor as failed",
        )
    };
    Ending { word, like, meaning }
}
