//! Waivers: what may fail for a while, who answers for it, and until when.
//!
//! A waived attempt is made as any other. What it shows stays in the record; only its verdict says that somebody answers for it.

use schemars::JsonSchema;
use serde::Deserialize;
use time::{Date, format_description::well_known::Iso8601};

use super::Baseline;
use crate::diag::{Code, Diagnostic, Diagnostics, Located, Source, suggestion, yaml::present};

/// The failures of an architecture that somebody answers for.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "gainsay waivers")]
pub struct RawWaivers {
    /// The waivers.
    pub waivers: Vec<Located<RawWaiver>>,
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

/// The waivers of an architecture, in file order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waivers(pub Vec<Waiver>);

impl Waivers {
    /// Checks the waivers of a file. `results` are the ids of all attempts; nothing where not all are known.
    ///
    /// # Errors
    /// Waivers of nothing, of two things, of what there is not, or twice of one thing; fields that say nothing; days that are none.
    pub fn resolve(source: &Source, raw: &RawWaivers, baseline: &Baseline, results: Option<&[&str]>) -> Result<Self, Diagnostics> {
        let mut problems = Diagnostics::default();
        let mut waivers: Vec<Waiver> = Vec::new();
        for written in &raw.waivers {
            match waiver(source, written, baseline, results) {
                Ok(waiver) if waivers.iter().any(|other| other.of == waiver.of) => problems.push(
                    Diagnostic::new(Code::DuplicateName, format!("`{}` is waived twice", waiver.of))
                        .at(source, written.span.clone())
                        .help("keep one of them"),
                ),
                Ok(waiver) => waivers.push(waiver),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(Self(waivers)) } else { Err(problems) }
    }

    /// The waiver that covers a result on a day: the result's own, or where each of its controls has one the first of these.
    #[must_use]
    pub fn covering(&self, result: &str, controls: &[String], day: Date) -> Option<&Waiver> {
        let holds = |of: &Waived| self.0.iter().find(|waiver| waiver.of == *of && !waiver.has_expired(day));
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

fn waiver(source: &Source, written: &Located<RawWaiver>, baseline: &Baseline, results: Option<&[&str]>) -> Result<Waiver, Diagnostic> {
    let raw = &written.value;
    let of = match (&raw.control, &raw.result) {
        (Some(control), None) if baseline.control(&control.value).is_none() => {
            let known = baseline.controls.iter().map(|control| control.id.as_str());
            return Err(Diagnostic::new(
                Code::UnknownControl,
                format!("the baseline does not choose control `{}`", control.value),
            )
            .at(source, control.span.clone())
            .help(suggestion(&control.value, known).unwrap_or_else(|| "waive what the baseline chooses".to_owned())));
        }
        (None, Some(result)) if results.is_some_and(|known| !known.contains(&result.value.as_str())) => {
            let known = results.unwrap_or_default().iter().copied();
            let help = suggestion(&result.value, known).unwrap_or_else(|| "`gainsay list` prints the ids".to_owned());
            return Err(Diagnostic::new(Code::UnknownName, format!("there is no result `{}`", result.value))
                .at(source, result.span.clone())
                .help(help));
        }
        (Some(control), None) => Waived::Control(control.value.clone()),
        (None, Some(result)) => Waived::Result(result.value.clone()),
        _ => {
            return Err(
                Diagnostic::new(Code::BadValue, "a waiver is of a `control` or of a `result`, one of the two")
                    .at(source, written.span.clone())
                    .help("write one waiver for each"),
            );
        }
    };
    let said = |name: &str, field: &Located<String>| {
        if field.value.trim().is_empty() {
            let problem = Diagnostic::new(Code::EmptyValue, format!("the `{name}` of a waiver says nothing"));
            return Err(problem
                .at(source, field.span.clone())
                .help("somebody has to be able to ask about it"));
        }
        Ok(field.value.clone())
    };
    Ok(Waiver {
        of,
        owner: said("owner", &raw.owner)?,
        reason: said("reason", &raw.reason)?,
        ticket: said("ticket", &raw.ticket)?,
        expires: day(&raw.expires.value).ok_or_else(|| {
            Diagnostic::new(Code::BadValue, format!("`{}` is not a day", raw.expires.value.escape_debug()))
                .at(source, raw.expires.span.clone())
                .help("write it as `2027-03-31`: the last day on which the waiver holds")
        })?,
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
        let waivers = Waivers(vec![
            of(control("A"), "2026-05-31"),
            of(control("B"), "2026-05-31"),
            of(control("OLD"), "2026-05-29"),
            of(Waived::Result("x/y".to_owned()), "2026-05-30"),
        ]);
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
