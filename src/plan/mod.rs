//! What will be run: the selected attempts, with the fixtures and witnesses they need. Pure.

mod needs;
mod safety;
mod steps;

use std::{collections::BTreeSet, sync::Arc};

pub use self::{
    needs::Needs,
    safety::{Limits, obstacle},
    steps::{Step, skipped, steps},
};
use crate::{
    attempt::{On, Operation, Param},
    scenario::{Attempt, Fixture, Principal, Request, Row, Sampled, Scenario, Text, Value},
    suite::Architecture,
};

/// The user's choice of attempts.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Architecture names, paths of scenario files, or parts of result ids; any of them. Empty for everything.
    pub wanted: Vec<String>,
    /// Whether a part of an id must be the whole of it.
    pub exact: bool,
    /// Parts of ids that are left out.
    pub skip: Vec<String>,
    /// Ids to run and no others: those that did not pass last time.
    pub only: Option<BTreeSet<String>>,
}

impl Selection {
    /// Whether an attempt is chosen.
    #[must_use]
    pub fn chooses(&self, architecture: &Architecture, scenario: &Scenario, attempt: &Attempt) -> bool {
        let matches = |text: &str| {
            if self.exact {
                return attempt.id == text;
            }
            architecture.name == text || is_path(text, architecture, scenario) || attempt.id.contains(text)
        };
        let skipped = |text: &String| {
            if self.exact {
                attempt.id == *text
            } else {
                attempt.id.contains(text.as_str())
            }
        };
        (self.wanted.is_empty() || self.wanted.iter().any(|text| matches(text)))
            && !self.skip.iter().any(skipped)
            && self.only.as_ref().is_none_or(|only| only.contains(&attempt.id))
    }
}

/// Whether a text is the path of the scenario's file or architecture, as the user may type it.
fn is_path(text: &str, architecture: &Architecture, scenario: &Scenario) -> bool {
    let text = text.trim_start_matches("./").trim_end_matches('/');
    let is = |path: &str| path.trim_start_matches("./").trim_end_matches('/') == text;
    is(scenario.source.name()) || is(&architecture.path)
}

/// A row with the attempts that were chosen from it.
#[derive(Clone, Copy, Debug)]
pub struct PlannedRow<'a> {
    /// The architecture.
    pub architecture: &'a Architecture,
    /// The scenario.
    pub scenario: &'a Scenario,
    /// The row.
    pub row: &'a Row,
    /// Its place among the rows that are run.
    pub index: usize,
}

impl PlannedRow<'_> {
    /// architecture/file/row.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}/{}", self.architecture.name, self.scenario.stem, self.row.slug)
    }
}

/// The rows to run.
#[derive(Debug)]
pub struct Plan<'a> {
    /// The rows in the order of the files.
    pub rows: Vec<PlannedRow<'a>>,
    /// How many attempts are chosen.
    pub attempts: usize,
    selection: &'a Selection,
}

impl<'a> Plan<'a> {
    /// Chooses from architectures.
    #[must_use]
    pub fn new(architectures: &'a [Architecture], selection: &'a Selection) -> Self {
        let mut rows = Vec::new();
        let mut attempts = 0;
        for architecture in architectures {
            for scenario in &architecture.scenarios {
                for row in &scenario.rows {
                    let chosen = row
                        .attempts
                        .iter()
                        .filter(|attempt| selection.chooses(architecture, scenario, attempt))
                        .count();
                    if chosen > 0 {
                        attempts += chosen;
                        rows.push(PlannedRow {
                            architecture,
                            scenario,
                            row,
                            index: rows.len(),
                        });
                    }
                }
            }
        }
        Self { rows, attempts, selection }
    }

    /// The chosen attempts of a row, in file order.
    #[must_use]
    pub fn attempts(&self, row: &PlannedRow<'a>) -> Vec<Arc<Attempt>> {
        let chosen = |attempt: &&Arc<Attempt>| self.selection.chooses(row.architecture, row.scenario, attempt);
        row.row.attempts.iter().filter(chosen).cloned().collect()
    }

    /// How much a sample kept of the files of which something is run; nothing where they are whole.
    #[must_use]
    pub fn sampled(&self) -> Option<Sampled> {
        let mut scenarios: Vec<&Scenario> = self.rows.iter().map(|row| row.scenario).collect();
        // The rows of a file follow one another.
        scenarios.dedup_by(|one, other| std::ptr::eq(*one, *other));
        scenarios.into_iter().filter_map(|scenario| scenario.sampled).reduce(Sampled::and)
    }

    /// The architectures of which something is run.
    #[must_use]
    pub fn architectures(&self) -> Vec<&'a Architecture> {
        let mut found: Vec<&Architecture> = Vec::new();
        for row in &self.rows {
            if !found.iter().any(|known| std::ptr::eq(*known, row.architecture)) {
                found.push(row.architecture);
            }
        }
        found
    }
}

/// The roles that the requests of a row are made by.
#[must_use]
pub fn roles(row: &Row) -> BTreeSet<&str> {
    let witnesses = row.attempts.iter().flat_map(|attempt| {
        attempt
            .witnesses
            .iter()
            .flat_map(|both| [&both.target.request, &both.actor.request])
    });
    let then = row
        .attempts
        .iter()
        .flat_map(|attempt| attempt.then.iter().map(|then| &then.request));
    let own = row.attempts.iter().map(|attempt| &attempt.request);
    let fixtures = row.fixtures.iter().map(|fixture| &fixture.request);
    let requests = own.chain(fixtures).chain(witnesses).chain(then);
    requests
        .filter_map(|request| match request.principal() {
            Principal::Role(role) => Some(role.name.as_str()),
            Principal::Anonymous => None,
        })
        .collect()
}

/// Which fixtures the attempts, their witnesses and the fixtures themselves rest on. A text that names a fixture's key refers to
/// its object, so every fixture on a bucket and key that is used counts; what is listed may be any of them.
#[must_use]
pub fn needed_fixtures(fixtures: &[Fixture], attempts: &[Arc<Attempt>]) -> Vec<bool> {
    let mut needed = vec![false; fixtures.len()];
    let mut pending: Vec<Arc<Request>> = Vec::new();
    let scene = fixtures.iter().enumerate().filter(|(_, fixture)| fixture.sets_the_scene());
    let mut found: Vec<usize> = scene.map(|(index, _)| index).collect();
    for attempt in attempts {
        pending.push(attempt.request.clone());
        pending.extend(attempt.then.iter().map(|then| then.request.clone()));
        pending.extend(
            attempt
                .witnesses
                .iter()
                .flat_map(|both| [both.target.request.clone(), both.actor.request.clone()]),
        );
        let expected = attempt.expect.iter().chain(attempt.then.iter().flat_map(|then| &then.expect));
        found.extend(expected.flat_map(|(_, values)| values).flat_map(Value::fixtures));
    }
    loop {
        while let Some(index) = found.pop() {
            if let (Some(flag @ false), Some(fixture)) = (needed.get_mut(index), fixtures.get(index)) {
                *flag = true;
                pending.push(fixture.request.clone());
            }
        }
        let Some(request) = pending.pop() else { return needed };
        found.extend(request.fixtures());
        let lists = request.operation.on == On::Bucket;
        let same = |fixture: &Fixture| lists || (fixture.request.params.contains_key(&Param::Key) && same_key(&fixture.request, &request));
        found.extend(
            fixtures
                .iter()
                .enumerate()
                .filter(|(_, fixture)| same(fixture))
                .map(|(index, _)| index),
        );
    }
}

/// Whether two requests name one key of one bucket.
fn same_key(one: &Request, other: &Request) -> bool {
    [Param::Bucket, Param::Key]
        .iter()
        .all(|param| one.params.get(param) == other.params.get(param))
}

/// A read of the very version a fixture was made with, by whoever made it.
#[must_use]
pub fn proof_of(fixture: &Request, version: &str) -> Request {
    let mut params = fixture.params.clone();
    params.retain(|param, _| matches!(param, Param::As | Param::Bucket | Param::Key | Param::Transport));
    params.insert(Param::Version, Value::Text(Text::literal(version)));
    Request {
        operation: Operation::named("s3:HeadObject").unwrap_or(fixture.operation),
        params,
    }
}
