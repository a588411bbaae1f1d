//! Waivers: what may fail for a while, who answers for it, and until when.
//!
//! A waived attempt is made as any other. What it shows stays in the record; only its verdict says
//! that somebody answers for it.

mod gap;

use gainsay_model::Source;
use schemars::JsonSchema;
use serde::Deserialize;
use time::{Date, format_description::well_known::Iso8601};

pub use self::gap::Gap;
use self::gap::RawGap;
use super::baseline::Baseline;
use crate::files::{
    diag::{Code, Diagnostic, Diagnostics, suggestion},
    yaml::{Located, present},
};

/// What of an architecture may fail, and what of it is not proved on a target: somebody answers
/// for either. At least one of the two lists is there.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "gainsay waivers")]
pub struct RawWaivers {
    /// What may fail.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Vec<RawWaiver>")]
    pub waivers: Option<Vec<Located<RawWaiver>>>,
    /// What is not proved on a target.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Vec<RawGap>")]
    pub gaps: Option<Vec<Located<RawGap>>>,
}

/// One waiver: of a control or of a result, one of the two.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawWaiver {
    /// The id of a control of the baseline. A result is waived if all of its controls are.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub control: Option<Located<String>>,
    /// The id of a result.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub result: Option<Located<String>>,
    /// Who answers for it.
    pub owner: Located<String>,
    /// Why it may fail.
    pub reason: Located<String>,
    /// Where it is followed up.
    pub ticket: Located<String>,
    /// The last day on which it holds, `YYYY-MM-DD`, in UTC.
    pub expires: Located<String>,
}

/// What a waiver is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waived {
    /// A control, by its id.
    Control(String),
    /// A result, by its id.
    Result(String),
}

/// A waiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiver {
    /// What it is of.
    pub of: Waived,
    /// Who answers for it.
    pub owner: String,
    /// Why it may fail.
    pub reason: String,
    /// Where it is followed up.
    pub ticket: String,
    /// The last day on which it holds, in UTC.
    pub expires: Date,
}

/// The waivers and gaps of an architecture, in file order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waivers {
    /// What may fail.
    pub waivers: Vec<Waiver>,
    /// What is not proved on a target.
    pub gaps: Vec<Gap>,
}

impl Waivers {
    /// Checks the waivers and gaps of a file. `results` are the ids of all results; nothing where
    /// not all are known.
    ///
    /// # Errors
    /// Waivers of nothing, of two things, of what there is not, or twice of one thing; gaps of
    /// nothing, or of what there is not; fields that say nothing; days that are none; a file
    /// with neither.
    pub fn resolve(
        source: &Source,
        raw: &RawWaivers,
        baseline: &Baseline,
        results: Option<&[&str]>,
    ) -> Result<Self, Diagnostics> {
        let mut problems = Diagnostics::default();
        if raw.waivers.is_none() && raw.gaps.is_none() {
            let problem =
                Diagnostic::new(Code::MissingKey, "there are neither `waivers` nor `gaps`");
            problems.push(problem.at(source, 0..0).help("add one of them, or remove the file"));
        }
        let mut waivers: Vec<Waiver> = Vec::new();
        for written in raw.waivers.iter().flatten() {
            match waiver(source, written, baseline, results) {
                Ok(waiver) if waivers.iter().any(|other| other.of == waiver.of) => problems.push(
                    Diagnostic::new(
                        Code::DuplicateName,
                        format!("`{}` is waived twice", waiver.of),
                    )
                    .at(source, written.span.clone())
                    .help("keep one of them"),
                ),
                Ok(waiver) => waivers.push(waiver),
                Err(problem) => problems.push(problem),
            }
        }
        let mut gaps = Vec::new();
        for written in raw.gaps.iter().flatten() {
            match gap::resolve(source, written, baseline, results) {
                Ok(gap) => match gaps.iter().find_map(|other: &Gap| other.shared(&gap)) {
                    None => gaps.push(gap),
                    Some(id) => problems.push(
                        Diagnostic::new(Code::DuplicateName, gap.named_twice(id))
                            .at(source, written.span.clone())
                            .help("keep one of them"),
                    ),
                },
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(Self { waivers, gaps }) } else { Err(problems) }
    }

    /// The gap that covers a result on a target on a day: one of the result itself, or where each
    /// of its controls is in one the first of these.
    #[must_use]
    pub fn gap(&self, target: &str, result: &str, controls: &[String], day: Date) -> Option<&Gap> {
        let here = || {
            let gaps = self.gaps.iter();
            gaps.filter(|gap| gap.target == target && !gap.has_expired(day))
        };
        if let Some(gap) = here().find(|gap| gap.results.iter().any(|id| id == result)) {
            return Some(gap);
        }
        let of = |control: &String| here().find(|gap| gap.controls.contains(control));
        let mut each = controls.iter().map(of);
        let first = each.next()??;
        each.all(|gap| gap.is_some()).then_some(first)
    }

    /// The waiver that covers a result on a day: the result's own, or where each of its controls
    /// has one the first of these.
    #[must_use]
    pub fn covering(&self, result: &str, controls: &[String], day: Date) -> Option<&Waiver> {
        let holds = |of: &Waived| {
            self.waivers.iter().find(|waiver| waiver.of == *of && !waiver.has_expired(day))
        };
        if let Some(waiver) = holds(&Waived::Result(result.to_owned())) {
            return Some(waiver);
        }
        let mut each = controls.iter().map(|control| holds(&Waived::Control(control.clone())));
        let first = each.next()??;
        each.all(|waiver| waiver.is_some()).then_some(first)
    }
}

impl Waiver {
    /// Whether its last day is over.
    #[must_use]
    pub fn has_expired(&self, day: Date) -> bool {
        self.expires < day
    }
}

impl std::fmt::Display for Waived {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Control(id) | Self::Result(id) => f.write_str(id),
        }
    }
}

fn waiver(
    source: &Source,
    written: &Located<RawWaiver>,
    baseline: &Baseline,
    results: Option<&[&str]>,
) -> Result<Waiver, Diagnostic> {
    let raw = &written.value;
    let of = match (&raw.control, &raw.result) {
        (Some(control), None) => {
            known_control(source, control, baseline)?;
            Waived::Control(control.value.clone())
        }
        (None, Some(result)) => {
            known_result(source, result, results)?;
            Waived::Result(result.value.clone())
        }
        (None, None) | (Some(_), Some(_)) => {
            let problem = "a waiver is of a `control` or of a `result`, one of the two";
            return Err(Diagnostic::new(Code::BadValue, problem)
                .at(source, written.span.clone())
                .help("write one waiver for each"));
        }
    };
    Ok(Waiver {
        of,
        owner: said(source, "waiver", "owner", &raw.owner)?,
        reason: said(source, "waiver", "reason", &raw.reason)?,
        ticket: said(source, "waiver", "ticket", &raw.ticket)?,
        expires: day_of(source, "waiver", &raw.expires)?,
    })
}

/// Sees to it that the baseline chooses a control.
pub(super) fn known_control(
    source: &Source,
    control: &Located<String>,
    baseline: &Baseline,
) -> Result<(), Diagnostic> {
    if baseline.control(&control.value).is_some() {
        return Ok(());
    }
    let known = baseline.controls.iter().map(|control| control.id.as_str());
    let help = suggestion(&control.value, known);
    let problem = format!("the baseline does not choose control `{}`", control.value);
    Err(Diagnostic::new(Code::UnknownControl, problem)
        .at(source, control.span.clone())
        .help(help.unwrap_or_else(|| "name what the baseline chooses".to_owned())))
}

/// The ids of all results; nothing where not all are known.
pub(super) type Ids<'a> = Option<&'a [&'a str]>;

/// Sees to it that there is a result, where all are known.
pub(super) fn known_result(
    source: &Source,
    result: &Located<String>,
    results: Ids<'_>,
) -> Result<(), Diagnostic> {
    let Some(known) = results else { return Ok(()) };
    if known.contains(&result.value.as_str()) {
        return Ok(());
    }
    let help = suggestion(&result.value, known.iter().copied());
    Err(Diagnostic::new(Code::UnknownName, format!("there is no result `{}`", result.value))
        .at(source, result.span.clone())
        .help(help.unwrap_or_else(|| "`gainsay list` prints the ids".to_owned())))
}

/// A field that says something.
pub(super) fn said(
    source: &Source,
    of: &str,
    name: &str,
    field: &Located<String>,
) -> Result<String, Diagnostic> {
    if field.value.trim().is_empty() {
        let problem = format!("the `{name}` of a {of} says nothing");
        return Err(Diagnostic::new(Code::EmptyValue, problem)
            .at(source, field.span.clone())
            .help("somebody has to be able to ask about it"));
    }
    Ok(field.value.clone())
}

/// The day that a field says.
pub(super) fn day_of(
    source: &Source,
    of: &str,
    field: &Located<String>,
) -> Result<Date, Diagnostic> {
    day(&field.value).ok_or_else(|| {
        let problem = format!("`{}` is not a day", field.value.escape_debug());
        Diagnostic::new(Code::BadValue, problem)
            .at(source, field.span.clone())
            .help(format!("write it as `2027-03-31`: the last day on which the {of} holds"))
    })
}

/// `YYYY-MM-DD`.
fn day(text: &str) -> Option<Date> {
    let day = Date::parse(text, &Iso8601::DATE).ok()?;
    (day.to_string() == text).then_some(day)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn of(of: Waived, expires: &str) -> Waiver {
        Waiver {
            of,
            owner: "storage".to_owned(),
            reason: "until release 4".to_owned(),
            ticket: "SEC-1".to_owned(),
            expires: day(expires).unwrap(),
        }
    }

    #[test]
    fn a_result_is_covered_by_its_own_waiver_or_by_those_of_all_its_controls() {
        let control = |id: &str| Waived::Control(id.to_owned());
        let waivers = Waivers {
            gaps: Vec::new(),
            waivers: vec![
                of(control("A"), "2026-05-31"),
                of(control("B"), "2026-05-31"),
                of(control("OLD"), "2026-05-29"),
                of(Waived::Result("x/y".to_owned()), "2026-05-30"),
            ],
        };
        for (result, controls, date, expected) in [
            ("r", &["A"][..], "2026-05-30", Some("A")),
            ("r", &["A"], "2026-05-31", Some("A")),
            ("r", &["A"], "2026-06-01", None),
            ("r", &["B", "A"], "2026-05-30", Some("B")),
            ("r", &["A", "C"], "2026-05-30", None),
            ("r", &["C", "A"], "2026-05-30", None),
            ("r", &["OLD"], "2026-05-30", None),
            ("r", &["A", "OLD"], "2026-05-30", None),
            ("r", &[], "2026-05-30", None),
            ("x/y", &["C"], "2026-05-30", Some("x/y")),
            ("x/y", &["C"], "2026-05-31", None),
            ("x/y", &["A"], "2026-05-31", Some("A")),
        ] {
            let controls: Vec<String> = controls.iter().map(|id| (*id).to_owned()).collect();
            let covering = waivers.covering(result, &controls, day(date).unwrap());
            assert_eq!(
                covering.map(|waiver| waiver.of.to_string()).as_deref(),
                expected,
                "{result} {controls:?} {date}"
            );
        }
    }

    #[test]
    fn days_have_one_form() {
        for good in ["2026-01-31", "2028-02-29", "0001-01-01"] {
            assert!(day(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "2026-02-29",
            "2026-1-31",
            "20260131",
            "2026-W05-6",
            "2026-031",
            "31.01.2026",
            "2026-01-31T00:00:00Z",
            " 2026-01-31",
            "+2026-01-31",
        ] {
            assert!(day(bad).is_none(), "{bad}");
        }
    }
}
