//! What will be run: the selected attempts, with the fixtures and witnesses they need. Pure.

mod needs;
mod safety;
mod steps;

use std::{collections::BTreeSet, sync::Arc};

pub use self::{
    needs::Needs,
    safety::{Limits, obstacle, unreadable},
    steps::{Step, check_step, row_steps, skipped_step},
};
use crate::{
    attempt::{Fixture, On, Operation, Param, Principal, Request, Text, Value},
    control::Reading,
    files::Proof,
    record::{ControlInfo, PartInfo, ResultKind},
    scenario::{Attempt, Row, Sampled, Scenario},
    suite::Architecture,
};

/// The user's choice of attempts.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Architecture names, paths of scenario files, or parts of result ids; any of them. Empty for
    /// everything.
    pub wanted: Vec<String>,
    /// Whether a part of an id must be the whole of it.
    pub exact: bool,
    /// Parts of ids that are left out.
    pub skip: Vec<String>,
    /// Ids to run and no others: those that did not pass last time.
    pub only: Option<BTreeSet<String>>,
}

impl Selection {
    /// The choice as it was typed.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let skipped = self.skip.iter().map(|text| format!("--skip {text}"));
        let exact = self.exact.then(|| "--exact".to_owned());
        let again = self.only.is_some().then(|| "--rerun-failed".to_owned());
        self.wanted.iter().cloned().chain(exact).chain(skipped).chain(again).collect()
    }

    /// Whether what has an id in a file of an architecture is chosen.
    #[must_use]
    pub fn chooses(&self, architecture: &Architecture, file: &str, id: &str) -> bool {
        let matches = |text: &str| {
            if self.exact {
                return id == text;
            }
            architecture.name == text || is_path(text, architecture, file) || id.contains(text)
        };
        let skipped =
            |text: &String| if self.exact { id == text } else { id.contains(text.as_str()) };
        (self.wanted.is_empty() || self.wanted.iter().any(|text| matches(text)))
            && !self.skip.iter().any(skipped)
            && self.only.as_ref().is_none_or(|only| only.contains(id))
    }
}

/// Whether a text is the path of a file or of its architecture, as the user may type it.
fn is_path(text: &str, architecture: &Architecture, file: &str) -> bool {
    let text = text.trim_start_matches("./").trim_end_matches('/');
    let is = |path: &str| path.trim_start_matches("./").trim_end_matches('/') == text;
    is(file) || is(&architecture.path)
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
    /// The row's name as architecture/file/row.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}/{}", self.architecture.name, self.scenario.stem, self.row.slug)
    }
}

/// A check that was chosen.
#[derive(Clone, Copy, Debug)]
pub struct PlannedCheck<'a> {
    /// The architecture.
    pub architecture: &'a Architecture,
    /// What is read.
    pub reading: &'a Arc<Reading>,
}

/// What to run.
#[derive(Debug)]
pub struct Plan<'a> {
    /// The rows in the order of the files.
    pub rows: Vec<PlannedRow<'a>>,
    /// The checks in the order of the baselines: they are made before the rows, of which some
    /// change what is deployed.
    pub checks: Vec<PlannedCheck<'a>>,
    /// How many attempts are chosen.
    pub attempts: usize,
    /// The architectures of which something is run.
    pub architectures: Vec<&'a Architecture>,
    /// All there are.
    all: &'a [Architecture],
    selection: &'a Selection,
}

impl<'a> Plan<'a> {
    /// Chooses from architectures.
    #[must_use]
    pub fn new(architectures: &'a [Architecture], selection: &'a Selection) -> Self {
        let mut plan = Self {
            rows: Vec::new(),
            checks: Vec::new(),
            attempts: 0,
            architectures: Vec::new(),
            all: architectures,
            selection,
        };
        for architecture in architectures {
            let before = (plan.rows.len(), plan.checks.len());
            plan.choose(architecture);
            if before != (plan.rows.len(), plan.checks.len()) {
                plan.architectures.push(architecture);
            }
        }
        plan
    }

    fn choose(&mut self, architecture: &'a Architecture) {
        for scenario in &architecture.scenarios {
            for row in &scenario.rows {
                let chosen = |attempt: &&Arc<Attempt>| {
                    self.selection.chooses(architecture, scenario.source.name(), &attempt.id)
                };
                let chosen = row.attempts.iter().filter(chosen).count();
                if chosen > 0 {
                    self.attempts += chosen;
                    self.rows.push(PlannedRow {
                        architecture,
                        scenario,
                        row,
                        index: self.rows.len(),
                    });
                }
            }
        }
        for reading in &architecture.checks {
            if self.selection.chooses(architecture, &reading.file, &reading.id) {
                self.checks.push(PlannedCheck { architecture, reading });
            }
        }
    }

    /// Whether nothing is chosen.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.checks.is_empty()
    }

    /// What part of everything is chosen; nothing where it is all of it.
    #[must_use]
    pub fn part(&self) -> Option<PartInfo> {
        let chosen = self.attempts + self.checks.len();
        let of: usize = self.all.iter().map(Architecture::results).sum();
        let scenarios = self.all.iter().flat_map(|architecture| &architecture.scenarios);
        let sampled = scenarios.filter_map(|scenario| scenario.sampled).reduce(Sampled::and);
        let left_out = sampled.map_or(0, Sampled::left_out);
        if chosen == of + left_out {
            return None;
        }
        let mut by = self.selection.words();
        by.extend((left_out > 0).then(|| "--sample pairwise".to_owned()));
        let is_run =
            |one: &Architecture| self.architectures.iter().any(|other| other.name == one.name);
        let left = self.all.iter().filter(|architecture| !is_run(architecture));
        Some(PartInfo {
            chosen,
            of: of + left_out,
            by,
            left_out: left.map(|architecture| architecture.name.clone()).collect(),
        })
    }

    /// The controls of an architecture, with how many of their proofs there are and are chosen.
    #[must_use]
    pub fn controls(&self, architecture: &Architecture) -> Vec<ControlInfo> {
        let baseline = &architecture.baseline;
        let mut controls: Vec<ControlInfo> = baseline
            .controls
            .iter()
            .map(|control| ControlInfo {
                id: control.id.clone(),
                title: control.title.clone(),
                proved_by: control.proved_by.clone(),
                planned: 0,
                chosen: 0,
                sampled: false,
                not_testable: baseline.not_testable.get(&control.id).cloned(),
            })
            .collect();
        let mut count = |id: &str, proof: Proof, chosen: bool, sampled: bool| {
            let such = controls.iter_mut().filter(|control| control.id == id);
            for control in such.filter(|control| control.proved_by.takes(proof)) {
                control.planned += 1;
                control.chosen += usize::from(chosen);
                control.sampled |= sampled;
            }
        };
        for scenario in &architecture.scenarios {
            let sampled = scenario.sampled.is_some_and(|sampled| sampled.left_out() > 0);
            for attempt in scenario.attempts() {
                let file = scenario.source.name();
                let chosen = self.selection.chooses(architecture, file, &attempt.id);
                let proof = ResultKind::from(attempt.kind).proof();
                attempt.controls.iter().for_each(|id| count(id, proof, chosen, sampled));
            }
        }
        for reading in &architecture.checks {
            let chosen = self.selection.chooses(architecture, &reading.file, &reading.id);
            count(&reading.control, Proof::Setting, chosen, false);
        }
        controls
    }

    /// The rows of an architecture.
    pub fn rows_of(&self, architecture: &Architecture) -> impl Iterator<Item = &PlannedRow<'a>> {
        self.rows.iter().filter(move |row| std::ptr::eq(row.architecture, architecture))
    }

    /// The checks of an architecture.
    pub fn checks_of(&self, architecture: &Architecture) -> impl Iterator<Item = &'a Arc<Reading>> {
        let own =
            self.checks.iter().filter(move |check| std::ptr::eq(check.architecture, architecture));
        own.map(|check| check.reading)
    }

    /// The chosen attempts of a row, in file order.
    #[must_use]
    pub fn attempts(&self, row: &PlannedRow<'a>) -> Vec<Arc<Attempt>> {
        let file = row.scenario.source.name();
        let chosen =
            |attempt: &&Arc<Attempt>| self.selection.chooses(row.architecture, file, &attempt.id);
        row.row.attempts.iter().filter(chosen).cloned().collect()
    }

    /// What the chosen checks of an architecture use, and those of its chosen attempts that are
    /// `made`.
    #[must_use]
    pub fn needs(
        &self,
        architecture: &Architecture,
        made: impl Fn(&Row, &Arc<Attempt>) -> bool,
    ) -> Needs {
        let mut needs = Needs::default();
        for row in self.rows_of(architecture) {
            let attempts = self.attempts(row);
            let made = attempts.iter().filter(|attempt| made(row.row, attempt));
            made.for_each(|attempt| needs.extend(Needs::of(row.row, attempt)));
        }
        self.checks_of(architecture).for_each(|reading| needs.extend(Needs::of_check(reading)));
        needs
    }

    /// How much a sample kept of the files of which something is run; nothing where they are whole.
    #[must_use]
    pub fn sampled(&self) -> Option<Sampled> {
        let mut scenarios: Vec<&Scenario> = self.rows.iter().map(|row| row.scenario).collect();
        // The rows of a file follow one another.
        scenarios.dedup_by(|one, other| std::ptr::eq(*one, *other));
        scenarios.into_iter().filter_map(|scenario| scenario.sampled).reduce(Sampled::and)
    }
}

/// The roles that the requests of a row are made by.
#[must_use]
pub fn roles(row: &Row) -> BTreeSet<&str> {
    let witnesses = row.attempts.iter().flat_map(|attempt| {
        attempt.witnesses.iter().flat_map(|both| [&both.target.request, &both.actor.request])
    });
    let then =
        row.attempts.iter().flat_map(|attempt| attempt.then.iter().map(|then| &then.request));
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

/// Which fixtures the attempts, their witnesses and the fixtures themselves rest on. A text that
/// names a fixture's key refers to its object, so every fixture on a bucket and key that is used
/// counts; what is listed may be any of them. What sets the scene is for every attempt, and for
/// none where there is none: attempts that are skipped must change nothing.
#[must_use]
pub fn needed_fixtures(fixtures: &[Fixture], attempts: &[Arc<Attempt>]) -> Vec<bool> {
    let mut needed = vec![false; fixtures.len()];
    let mut pending: Vec<Arc<Request>> = Vec::new();
    let scene = fixtures
        .iter()
        .enumerate()
        .filter(|(_, fixture)| !attempts.is_empty() && fixture.sets_the_scene());
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
        let expected =
            attempt.expect.iter().chain(attempt.then.iter().flat_map(|then| &then.expect));
        found.extend(expected.flat_map(|(_, values)| values).flat_map(Value::fixtures));
    }
    loop {
        while let Some(index) = found.pop() {
            if let (Some(flag @ false), Some(fixture)) =
                (needed.get_mut(index), fixtures.get(index))
            {
                *flag = true;
                pending.push(fixture.request.clone());
            }
        }
        let Some(request) = pending.pop() else { return needed };
        found.extend(request.fixtures());
        let lists = request.operation.on == On::Bucket;
        let same = |fixture: &Fixture| {
            lists
                || (fixture.request.params.contains_key(&Param::Key)
                    && same_key(&fixture.request, &request))
        };
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
    [Param::Bucket, Param::Key].iter().all(|param| one.params.get(param) == other.params.get(param))
}

/// A read of the very version a fixture was made with, by whoever made it.
#[must_use]
pub fn proof_of(fixture: &Request, version: &str) -> Request {
    let mut params = fixture.params.clone();
    let own = [Param::As, Param::Bucket, Param::Key, Param::Transport];
    let kept = |param: &Param| own.contains(param) || Param::NETWORK.contains(param);
    params.retain(|param, _| kept(param));
    params.insert(Param::Version, Value::Text(Text::literal(version)));
    Request { operation: Operation::named("s3:HeadObject").unwrap_or(fixture.operation), params }
}
