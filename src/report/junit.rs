//! `JUnit` XML of a record, and the check of what was written.
//!
//! There is no official schema. What every consumer reads is classname, name, time, and one
//! failure, error or skipped with a message and a text; what only some read (file, line,
//! properties) is there as well.

mod check;
mod names;
mod read;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeSet, HashMap},
    io,
    sync::LazyLock,
    time::Duration,
};

use quick_junit::{
    NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestRerun, TestSuite, XmlString,
};
use rayon::prelude::*;

use crate::{
    record::{ControlSummary, ObservedRecord, ResultRecord, RunRecord, TryRecord},
    report::{
        detail::{because, expected, of_try, unproved, witness_words},
        detail_lines, one_line,
    },
    verdict::{Reason, Verdict},
};
pub use check::check;
use names::{Suite, Unproved};

/// Why a `JUnit` report was not made, or is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum JunitError {
    /// The XML could not be produced.
    #[error("the JUnit report could not be made: {0}")]
    Serialize(#[from] quick_junit::SerializeError),
    /// What was written is no XML.
    #[error("the JUnit report is not well-formed at byte {position}: {}", one_line(problem))]
    NotWellFormed {
        /// Where, in bytes.
        position: u64,
        /// What is wrong.
        problem: String,
    },
    /// An element stands where none of its kind belongs.
    #[error("the JUnit report has `{}` inside `{parent}`", one_line(element))]
    Misplaced {
        /// The element.
        element: String,
        /// What it stands in.
        parent: String,
    },
    /// A number is not the record's.
    #[error(
        "the JUnit report has {} {}, the record has {expected}",
        one_line(found),
        one_line(what)
    )]
    Count {
        /// What was counted.
        what: String,
        /// The record's number.
        expected: usize,
        /// What the report has, `none` where it does not say.
        found: String,
    },
    /// A suite that is not in the record, or a second one of its name.
    #[error("the JUnit report has a suite `{}` too many", one_line(name))]
    UnknownSuite {
        /// Its name.
        name: String,
    },
    /// A test case that is not in the record, or a second one of its name.
    #[error(
        "the JUnit report has a test case `{}` too many in `{}`",
        one_line(name),
        one_line(suite)
    )]
    UnknownCase {
        /// The suite.
        suite: String,
        /// Its name.
        name: String,
    },
    /// A result of the record is not in the report.
    #[error("the JUnit report lacks the test case `{}` of `{}`", one_line(name), one_line(suite))]
    MissingCase {
        /// The suite.
        suite: String,
        /// Its name.
        name: String,
    },
    /// A test case says something else than the record.
    #[error(
        "the JUnit report says {found} for `{}` of `{}`, the record says {expected}",
        one_line(name),
        one_line(suite)
    )]
    Outcome {
        /// The suite.
        suite: String,
        /// The test case.
        name: String,
        /// The record's verdict.
        expected: Sign,
        /// The report's.
        found: Sign,
    },
}

/// What a test case of `JUnit` can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// No element: it passed.
    Success,
    /// `failure`.
    Failure,
    /// `error`.
    Error,
    /// `skipped`.
    Skipped,
}

impl Sign {
    /// How a verdict is said in `JUnit`.
    #[must_use]
    pub const fn of(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Pass => Self::Success,
            Verdict::Fail => Self::Failure,
            Verdict::Inconclusive | Verdict::Error => Self::Error,
            Verdict::Skipped | Verdict::Waived => Self::Skipped,
        }
    }
}

impl std::fmt::Display for Sign {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Error => "error",
            Self::Skipped => "skipped",
        })
    }
}

/// Writes the record as `JUnit` XML.
///
/// # Errors
///
/// When the XML cannot be produced, or not be written.
pub fn render(record: &RunRecord, out: impl io::Write) -> Result<(), JunitError> {
    let mut report = Report::new("gainsay");
    report.timestamp = record.run.started.parse().ok();
    report.set_time(milliseconds(record.run.duration_ms));
    report.add_test_suites(test_suites(record));
    report.serialize(out)?;
    Ok(())
}

/// Every suite: most of the work of a report.
fn test_suites(record: &RunRecord) -> Vec<TestSuite> {
    let suites = names::suites(record);
    let sample = record.run.sample.as_ref().map(ToString::to_string);
    let part = record.run.part.as_ref().map(|part| one_line(&part.to_string()));
    let finish = |mut out: TestSuite| {
        for (name, value) in [("sample", &sample), ("part", &part)] {
            if let Some(value) = value {
                out.add_property(Property::new(name, value));
            }
        }
        out
    };
    let make = |suite: &Suite<'_>| {
        let mut out = test_suite(suite);
        out.add_properties(controls(suite, record));
        finish(out)
    };
    let mut all: Vec<TestSuite> = suites.par_iter().map(make).collect();
    let unproved = names::unproved(record, &suites);
    all.extend(unproved.iter().map(|suite| finish(not_proved(suite))));
    all
}

/// The controls that are not proved: errors, as everything that is undecided.
fn not_proved(suite: &Unproved<'_>) -> TestSuite {
    let mut out = TestSuite::new(&suite.name);
    for (name, control) in &suite.cases {
        let text = unproved(control);
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_type(control.verdict.as_str());
        status.set_message(text.clone());
        status.set_description(text);
        let mut case = TestCase::new(name, status);
        case.set_classname(&suite.name);
        case.set_time(Duration::ZERO);
        case.add_property(Property::new("controls", one_line(&control.id)));
        case.add_property(Property::new("verdict", control.verdict.as_str()));
        out.add_test_case(case);
    }
    out.set_time(Duration::ZERO);
    out
}

/// What each method says of the controls of a suite, in the order of the summary, also where other
/// suites are of them.
fn controls(suite: &Suite<'_>, record: &RunRecord) -> Vec<Property> {
    let cases = suite.cases.iter().map(|case| case.result);
    let own: BTreeSet<(&str, &str)> = cases
        .flat_map(|result| {
            result.controls.iter().map(|control| (result.architecture.as_str(), control.as_str()))
        })
        .collect();
    let controls = record.summary.controls.iter();
    let own = controls
        .filter(|control| own.contains(&(control.architecture.as_str(), control.id.as_str())));
    own.map(|control| {
        Property::new(format!("control {}", one_line(&control.id)), one_line(&of_control(control)))
    })
    .collect()
}

/// `attempted pass, read nothing`; and what is missing, where it is not proved as a whole.
fn of_control(control: &ControlSummary) -> String {
    if control.verdict.lacks_proofs() {
        format!("{}; {}", control.methods(), unproved(control))
    } else {
        control.methods()
    }
}

fn test_suite(suite: &Suite<'_>) -> TestSuite {
    let name = XmlString::new(&suite.name);
    let file = suite.cases.first().map(|first| one_line(&first.result.file));
    let file = XmlString::new(file.unwrap_or_default());
    let mut out = TestSuite::new(name.clone());
    let mut time = Duration::ZERO;
    let mut texts = Texts::new();
    for case in &suite.cases {
        time = time.saturating_add(milliseconds(case.result.duration_ms));
        out.add_test_case(test_case(&name, &file, &case.name, case.result, &mut texts));
    }
    if let Some(first) = suite.cases.first() {
        out.timestamp = first.result.started.parse().ok();
        out.extra.insert(FILE.clone(), file);
        out.add_property(Property::new("title", one_line(&first.result.title)));
    }
    out.set_time(time);
    out
}

static FILE: LazyLock<XmlString> = LazyLock::new(|| XmlString::new("file"));
static LINE: LazyLock<XmlString> = LazyLock::new(|| XmlString::new("line"));

fn test_case(
    classname: &XmlString,
    file: &XmlString,
    name: &str,
    result: &ResultRecord,
    texts: &mut Texts,
) -> TestCase {
    let mut case = TestCase::new(name, status(result));
    case.set_classname(classname.clone());
    case.timestamp = result.started.parse().ok();
    case.set_time(milliseconds(result.duration_ms));
    case.extra.insert(FILE.clone(), file.clone());
    case.extra.insert(LINE.clone(), result.line.to_string().into());
    case.add_properties(properties(result, texts));
    case
}

fn status(result: &ResultRecord) -> TestCaseStatus {
    let mut status = match Sign::of(result.verdict) {
        Sign::Success => {
            let mut status = TestCaseStatus::success();
            status.add_reruns(reruns(result));
            return status;
        }
        Sign::Failure => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Sign::Error => TestCaseStatus::non_success(NonSuccessKind::Error),
        Sign::Skipped => TestCaseStatus::skipped(),
    };
    // Some consumers show the message only, others the text only: both must tell the reason.
    let verdict = result.verdict.as_str();
    let message = match because(result) {
        // `JUnit` has one word for what was skipped and what is waived.
        Some(reason) if result.verdict == Verdict::Waived => format!("{verdict} {reason}"),
        Some(reason) => reason,
        None => verdict.to_owned(),
    };
    status.set_message(message);
    status.set_type(result.reason.map_or(result.verdict.as_str(), Reason::as_str));
    let lines = detail_lines(result).into_iter().map(|(label, text)| format!("{label}: {text}\n"));
    status.set_description(lines.collect::<String>());
    status.add_reruns(reruns(result));
    status
}

/// The tries before the last: `flakyError` of a success, `rerunError` of anything else that was
/// attempted. Their readers want a type and a `stackTrace`.
fn reruns(result: &ResultRecord) -> Vec<TestRerun> {
    let rerun = |this: &TryRecord| {
        let mut rerun = TestRerun::new(NonSuccessKind::Error);
        rerun.set_message(of_try(this));
        rerun.set_type(this.outcome.as_str());
        rerun.set_stack_trace(of_try(this));
        rerun
    };
    earlier(result).iter().map(rerun).collect()
}

fn earlier(result: &ResultRecord) -> &[TryRecord] {
    match (Sign::of(result.verdict), result.tries.split_last()) {
        (Sign::Skipped, _) | (_, None) => &[],
        (_, Some((_, earlier))) => earlier,
    }
}

/// Texts that the results of a suite share as `XML` has them: making one looks at every letter
/// several times.
type Texts = HashMap<String, XmlString>;

/// The properties of a test case, in the order of [`values`].
const PROPERTIES: [&str; 14] = [
    "id",
    "controls",
    "principal",
    "operation",
    "expected",
    "outcome",
    "status",
    "code",
    "request_id",
    "layer",
    "sid",
    "witnesses",
    "verdict",
    "assumed",
];

/// Those that no two results have the same of.
const UNIQUE: [&str; 2] = ["id", "request_id"];

/// Their names as `XML` has them, for every case has them all.
static NAMES: LazyLock<[XmlString; 14]> = LazyLock::new(|| PROPERTIES.map(XmlString::new));

fn properties(result: &ResultRecord, texts: &mut Texts) -> Vec<Property> {
    // A property without a value says nothing, and some readers choke on it.
    let there = NAMES.iter().zip(values(result)).filter(|(_, value)| !value.is_empty());
    let property = |(name, value): (&XmlString, String)| {
        let make = || XmlString::new(one_line(&value));
        let value = if UNIQUE.contains(&name.as_str()) {
            make()
        } else {
            texts.entry(value.clone()).or_insert_with(make).clone()
        };
        Property::new(name.clone(), value)
    };
    there.map(property).collect()
}

fn values(result: &ResultRecord) -> [String; 14] {
    let none = ObservedRecord::default();
    let observed = result.observed.as_ref().unwrap_or(&none);
    let layers: Vec<&str> = observed.layer.iter().map(|layer| layer.as_str()).collect();
    let sids: Vec<&str> =
        observed.statements.iter().filter_map(|statement| statement.sid.as_deref()).collect();
    [
        result.id.clone(),
        result.controls.join(", "),
        result.principal.clone(),
        result.operation.clone(),
        expected(&result.expected),
        result.outcome.map(|outcome| outcome.to_string()).unwrap_or_default(),
        observed.status.map(|status| status.to_string()).unwrap_or_default(),
        observed.code.clone().unwrap_or_default(),
        observed.request_id.clone().unwrap_or_default(),
        layers.join(", "),
        sids.join(", "),
        witness_words(&result.witnesses),
        result.verdict.as_str().to_owned(),
        result.assumed.clone().unwrap_or_default(),
    ]
}

fn milliseconds(duration: f64) -> Duration {
    Duration::try_from_secs_f64(duration / 1000.0).unwrap_or_default()
}
