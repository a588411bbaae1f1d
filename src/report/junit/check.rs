//! Compares a `JUnit` report that was written with the record: what was written is what is so.

use std::collections::HashMap;

use crate::{
    record::{Counts, RunRecord},
    report::junit::{
        JunitError, Sign, earlier, names,
        read::{Attributes, ReadSuite, Reading},
    },
};

/// Reads the report to its end and compares suites, test cases and counts, as elements and as
/// declared, with the record.
///
/// # Errors
///
/// The first difference, or why the report is no XML.
pub fn check(xml: &[u8], record: &RunRecord) -> Result<(), JunitError> {
    let read = Reading::of(xml)?;
    let Counts { total, fail, inconclusive, error, skipped, waived, .. } = record.summary.counts;
    let unproved = record.summary.controls.iter();
    let unproved = unproved.filter(|control| control.verdict.is_unproved()).count();
    let expected = Tally {
        tests: total + unproved,
        failures: fail,
        errors: inconclusive + error + unproved,
        skipped: skipped + waived,
    };
    let suites = names::suites(record);
    let controls = names::unproved(record, &suites);
    same("testsuite elements", suites.len() + controls.len(), read.suites.len())?;
    same_cases(&suites, &controls, &read)?;
    expected.same(&Tally::of(&read.suites))?;
    expected.declared(&read.declared, "in all")?;
    read.suites.iter().try_for_each(|suite| {
        let found = Tally::of(std::slice::from_ref(suite));
        found.declared(&suite.declared, &format!("in the suite `{}`", suite.name))
    })
}

/// What the record says of the cases of a suite: the sign, and how many tries came before the last.
type Cases<'a> = HashMap<&'a str, (Sign, usize)>;

/// Every result is there once under its name, with its verdict, and nothing else is.
fn same_cases(
    suites: &[names::Suite<'_>],
    controls: &[names::Unproved<'_>],
    read: &Reading,
) -> Result<(), JunitError> {
    let mut left: HashMap<&str, Cases<'_>> = HashMap::new();
    for suite in controls {
        let cases = suite.cases.iter().map(|(name, _)| (name.as_str(), (Sign::Error, 0)));
        left.insert(&suite.name, cases.collect());
    }
    for suite in suites {
        let cases = suite.cases.iter().map(|case| {
            (case.name.as_str(), (Sign::of(case.result.verdict), earlier(case.result).len()))
        });
        left.insert(&suite.name, cases.collect());
    }
    for suite in &read.suites {
        let unknown = || JunitError::UnknownSuite { name: suite.name.clone() };
        let mut cases = left.remove(suite.name.as_str()).ok_or_else(unknown)?;
        for case in &suite.cases {
            let place = || (suite.name.clone(), case.name.clone());
            if case.classname != suite.name {
                let (suite, name) = place();
                return Err(JunitError::UnknownCase { suite, name });
            }
            match cases.remove(case.name.as_str()) {
                Some((expected, reruns)) if expected == case.sign => {
                    same(&format!("earlier tries of `{}`", case.name), reruns, case.reruns)?;
                }
                Some((expected, _)) => {
                    let (suite, name) = place();
                    return Err(JunitError::Outcome { suite, name, expected, found: case.sign });
                }
                None => {
                    let (suite, name) = place();
                    return Err(JunitError::UnknownCase { suite, name });
                }
            }
        }
        missing(&suite.name, &cases)?;
    }
    left.iter().try_for_each(|(suite, cases)| missing(suite, cases))
}

fn missing(suite: &str, cases: &Cases<'_>) -> Result<(), JunitError> {
    let Some(name) = cases.keys().min() else { return Ok(()) };
    Err(JunitError::MissingCase { suite: suite.to_owned(), name: (*name).to_owned() })
}

fn same(what: &str, expected: usize, found: usize) -> Result<(), JunitError> {
    if expected == found {
        return Ok(());
    }
    Err(JunitError::Count { what: what.to_owned(), expected, found: found.to_string() })
}

/// The four numbers of `JUnit`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Tally {
    fn of(suites: &[ReadSuite]) -> Self {
        let mut tally = Self::default();
        for case in suites.iter().flat_map(|suite| &suite.cases) {
            tally.tests += 1;
            match case.sign {
                Sign::Success => {}
                Sign::Failure => tally.failures += 1,
                Sign::Error => tally.errors += 1,
                Sign::Skipped => tally.skipped += 1,
            }
        }
        tally
    }

    const fn numbers(&self) -> [(&'static str, usize); 4] {
        [
            ("tests", self.tests),
            ("failures", self.failures),
            ("errors", self.errors),
            ("skipped", self.skipped),
        ]
    }

    /// Whether the elements that were found are as many.
    fn same(&self, found: &Self) -> Result<(), JunitError> {
        let mut pairs = self.numbers().into_iter().zip(found.numbers());
        pairs.try_for_each(|((name, expected), (_, found))| same(name, expected, found))
    }

    /// Whether the attributes of an element say the same.
    fn declared(&self, attributes: &Attributes, place: &str) -> Result<(), JunitError> {
        for (name, expected) in self.numbers() {
            let found = attributes.get(name).map_or("none", String::as_str);
            if found != expected.to_string() {
                let what = format!("{name} declared {place}");
                return Err(JunitError::Count { what, expected, found: found.to_owned() });
            }
        }
        Ok(())
    }
}
