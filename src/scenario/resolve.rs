//! From a scenario as written to rows of attempts. Every problem of a file is reported in one go.

mod bases;
mod problems;
mod values;

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    ops::Range,
    sync::Arc,
};

pub(super) use self::{
    bases::{Base, Variant},
    problems::Problems,
};
use gainsay_model::Source;

use super::{
    Attempt, Kind, Refusal, Row, Sample, Scenario, Then,
    raw::{RawAttempt, RawForEach, RawScenario},
    sample::Sampler,
    scope::{Binding, Scope, seconds},
    witness,
};
use crate::{
    attempt::{Field, Fixture, Operation, Request, Value},
    files::{
        Baseline, Environment,
        diag::{Code, Diagnostic, Diagnostics},
        yaml::{Entries, Located},
    },
};

/// More rows of a file, or attempts in all its rows, are a mistake in a `for_each`.
const MAX_ROWS: usize = 10_000;
const MAX_ATTEMPTS: usize = 50_000;

/// Resolves a scenario file: all of it, or what a sample keeps.
///
/// # Errors
/// Everything in the file that is wrong.
pub fn resolve(
    architecture: &str,
    stem: &str,
    source: &Source,
    raw: &RawScenario,
    environment: &Environment,
    baseline: &Baseline,
    sample: Sample,
) -> Result<Scenario, Diagnostics> {
    let mut resolver = Resolver {
        prefix: format!("{architecture}/{stem}"),
        source,
        raw,
        environment,
        problems: Problems::default(),
        changes: BTreeMap::new(),
        unchanged: Vec::new(),
        used_fixtures: BTreeSet::new(),
        ambiguous_bases: false,
        attempts: 0,
        sampler: (sample == Sample::Pairwise).then(Sampler::default),
    };
    resolver.check_file(baseline);
    let mut rows: Vec<Row> = resolver
        .combinations(&raw.for_each, &[])
        .into_iter()
        .map(|variables| resolver.row(&variables))
        .collect();
    if resolver.sampler.is_some() {
        rows.retain(|row| !row.attempts.is_empty());
    }
    resolver.check_changes();
    resolver.check_fixtures();
    resolver.check_ids(&rows);
    let problems = resolver.problems.list;
    if problems.is_empty() {
        Ok(Scenario {
            architecture: architecture.to_owned(),
            stem: stem.to_owned(),
            title: raw.scenario.value.clone(),
            source: source.clone(),
            rows,
            sampled: resolver.sampler.map(|sampler| sampler.sampled),
        })
    } else {
        Err(problems)
    }
}

/// How far a clock can be moved, in seconds: longer than any period that a key or a session has.
const LONGEST_ADVANCE: u64 = 4000 * 86_400;

/// The variables of a row or attempt, in file order.
pub(super) type Variables = Vec<(String, Binding)>;

/// An attempt before its witnesses are known.
pub(super) struct PendingAttempt<'a> {
    pub raw: &'a RawAttempt,
    pub label: &'a Located<String>,
    pub kind: Kind,
    pub variables: Variables,
    pub request: Arc<Request>,
    /// Which attempt of the file it is.
    entry: usize,
    /// Whether it is only there for others to name as their witness.
    left_out: bool,
    /// The base request for this operation, unless the attempt has a request of its own.
    pub base: Option<Base<'a>>,
    expect: Vec<(Field, Vec<Value>)>,
    refusals: Vec<Refusal>,
    then: Vec<Then>,
}

/// A `but` or `without` entry.
pub(super) struct Change {
    /// What is to be said if it changes nothing.
    pub same: String,
    pub span: Range<usize>,
    /// Whether it changes the base request in any row.
    pub changes: bool,
}

pub(super) struct Resolver<'a> {
    prefix: String,
    pub(super) source: &'a Source,
    pub(super) raw: &'a RawScenario,
    environment: &'a Environment,
    problems: Problems,
    /// Every `but` and `without` entry, by its place.
    pub(super) changes: BTreeMap<usize, Change>,
    /// Attempts that are the base request itself in some row: their place and operation.
    pub(super) unchanged: Vec<(Range<usize>, &'static str)>,
    used_fixtures: BTreeSet<usize>,
    /// Whether base requests are not told apart, so that ids say nothing of the attempts.
    ambiguous_bases: bool,
    /// How many there are so far.
    attempts: usize,
    /// What is kept, where not everything is.
    sampler: Option<Sampler>,
}

impl<'a> Resolver<'a> {
    pub(super) fn problem(&mut self, span: &Range<usize>, problem: Diagnostic) {
        self.problems.push(self.source, span, problem);
    }

    fn check_file(&mut self, baseline: &Baseline) {
        let raw = self.raw;
        if raw.scenario.value.trim().is_empty() {
            self.problem(
                &raw.scenario.span,
                Diagnostic::new(Code::EmptyValue, "the scenario says nothing")
                    .help("say what holds, in one sentence"),
            );
        }
        if raw.attempts.is_empty() {
            self.problem(
                &raw.scenario.span,
                Diagnostic::new(Code::EmptyScenario, "a scenario without attempts proves nothing")
                    .help("add `- allow:` and `- deny:` under `attempts:`"),
            );
        }
        for attempt in &raw.attempts {
            let controls = if attempt.value.controls.is_empty() {
                &raw.controls
            } else {
                &attempt.value.controls
            };
            if controls.is_empty() {
                self.problem(
                    &attempt.span,
                    Diagnostic::new(Code::MissingKey, "this attempt belongs to no control")
                        .help("add `controls: [ID]` to the file or the attempt"),
                );
            }
        }
        let ids = raw
            .controls
            .iter()
            .chain(raw.attempts.iter().flat_map(|attempt| &attempt.value.controls));
        for id in ids {
            if baseline.control(&id.value).is_none() {
                let known = baseline.controls.iter().map(|control| control.id.as_str());
                self.problem(
                    &id.span,
                    Diagnostic::new(
                        Code::UnknownControl,
                        format!("the baseline has no control `{}`", id.value),
                    )
                    .suggest(&id.value, known),
                );
            }
        }
        self.check_names();
        self.check_bases();
    }

    /// A name means one thing: what hides another would change what an attempt says.
    fn check_names(&mut self) {
        let raw = self.raw;
        let variables = raw.for_each.0.iter().map(|(name, _)| name);
        let outer: Vec<&Located<String>> =
            variables.chain(raw.given.0.iter().map(|(name, _)| name)).collect();
        let inner = |attempt: &'a Located<RawAttempt>| {
            attempt.value.for_each.0.iter().map(|(name, _)| name)
        };
        let taken = |name: &str, before: &[&Located<String>]| {
            name == "run" || before.iter().any(|earlier| earlier.value == name)
        };
        let mut twice: Vec<&Located<String>> = Vec::new();
        for (index, name) in outer.iter().enumerate() {
            if taken(&name.value, outer.get(..index).unwrap_or_default()) {
                twice.push(name);
            }
        }
        twice.extend(raw.attempts.iter().flat_map(inner).filter(|name| taken(&name.value, &outer)));
        for name in twice {
            self.problem(
                &name.span,
                Diagnostic::new(
                    Code::DuplicateName,
                    format!("`{}` already names something here", name.value),
                )
                .help("give it another name"),
            );
        }
    }

    /// The product of the variables' values, the first variable slowest.
    fn combinations(
        &mut self,
        for_each: &Entries<RawForEach>,
        outer: &[(String, Binding)],
    ) -> Vec<Variables> {
        let mut rows: Vec<Variables> = vec![Vec::new()];
        for (name, each) in &for_each.0 {
            let mut next = Vec::new();
            let mut broken = false;
            for row in rows {
                let known: Variables = outer.iter().chain(&row).cloned().collect();
                let values = self.values(name, each, known);
                broken |= values.is_none();
                if next.len() > MAX_ROWS {
                    break;
                }
                for binding in values.unwrap_or_default() {
                    let mut row = row.clone();
                    row.push((name.value.clone(), binding));
                    next.push(row);
                }
            }
            if next.len() > MAX_ROWS {
                self.problem(
                    &name.span,
                    Diagnostic::new(
                        Code::TooLarge,
                        format!("these variables have more than {MAX_ROWS} combinations"),
                    )
                    .help("leave out values, or write a file for each part"),
                );
                return Vec::new();
            }
            rows = next;
            if rows.is_empty() {
                if broken {
                    return rows;
                }
                self.problem(
                    &name.span,
                    Diagnostic::new(
                        Code::EmptyScenario,
                        format!("`{}` has no value, so nothing would be attempted", name.value),
                    )
                    .help("name a collection with members, or a list"),
                );
            }
        }
        rows
    }

    /// The values of a variable; nothing if a problem was reported.
    fn values(
        &mut self,
        name: &Located<String>,
        each: &RawForEach,
        known: Variables,
    ) -> Option<Vec<Binding>> {
        let mut scope = self.scope(known, &[]);
        let (found, problem) = match (&each.collection, each.of.as_slice()) {
            (Some(collection), []) => values::of_collection(&mut scope, collection, &each.except),
            (None, values) if each.except.is_empty() => {
                (values.iter().map(|value| Binding::Text(value.value.clone())).collect(), None)
            }
            _ => (
                Vec::new(),
                Some((
                    Diagnostic::new(
                        Code::BadValue,
                        "`for_each` takes either `in`, with or without `except`, or `of`",
                    )
                    .help(format!(
                        "write `{}: {{ in: roles }}` or `{0}: {{ of: [a, b] }}`",
                        name.value
                    )),
                    name.span.clone(),
                )),
            ),
        };
        if let Some((problem, span)) = problem {
            self.problem(&span, problem);
            return None;
        }
        Some(found)
    }

    fn scope<'s>(&self, variables: Variables, fixtures: &'s [Fixture]) -> Scope<'s>
    where
        'a: 's,
    {
        Scope { environment: self.environment, variables, fixtures, used: BTreeSet::new() }
    }

    fn row(&mut self, variables: &Variables) -> Row {
        let raw = self.raw;
        let mut fixtures: Vec<Fixture> = Vec::new();
        for (name, written) in &raw.given.0 {
            let mut scope = self.scope(variables.clone(), &fixtures);
            let requests = self.requests(&mut scope, written, &name.span, None);
            let used = scope.used;
            self.used_fixtures.extend(used);
            match requests.as_slice() {
                [request] => fixtures.push(Fixture {
                    name: name.value.clone(),
                    request: Arc::new(request.clone()),
                    line: self.source.line_of(name.span.start),
                }),
                [] => {}
                _ => self.problem(
                    &name.span,
                    Diagnostic::new(Code::BadValue, "a fixture has one operation")
                        .help("make a fixture for each"),
                ),
            }
        }
        let complete = fixtures.len() == raw.given.0.len();
        let bases = self.bases(variables, &fixtures, complete);
        let mut pending = Vec::new();
        if complete {
            let mut entries: Vec<(usize, &Located<RawAttempt>)> =
                raw.attempts.iter().enumerate().collect();
            if self.sampler.is_some() {
                // Which witnesses are wanted is known when the refusals are.
                entries.sort_by_key(|(_, attempt)| attempt.value.allow.is_some());
            }
            for entry in entries {
                self.expand(entry, variables, &fixtures, &bases, &mut pending);
            }
            pending.sort_by_key(|attempt| attempt.entry);
        }
        let attempts = self.finish(variables, pending);
        let advance = raw.advance.as_ref().and_then(|written| {
            let text = self.scope(variables.clone(), &[]).word(&written.value);
            let read = text.and_then(|text| seconds(&text, LONGEST_ADVANCE));
            read.map_err(|problem| self.problem(&written.span, problem)).ok()
        });
        let slug =
            variables.iter().map(|(_, binding)| slug(binding.name())).collect::<Vec<_>>().join(".");
        Row {
            slug: if slug.is_empty() { "-".to_owned() } else { slug },
            fixtures,
            advance,
            attempts,
        }
    }

    /// Adds the attempts that one entry of the file stands for in this row.
    fn expand(
        &mut self,
        (entry, attempt): (usize, &'a Located<RawAttempt>),
        outer: &Variables,
        fixtures: &[Fixture],
        bases: &[Base<'a>],
        pending: &mut Vec<PendingAttempt<'a>>,
    ) {
        let raw = &attempt.value;
        let Some((kind, label)) = self.kind(attempt) else { return };
        let variants = Self::variants(raw, bases);
        for inner in self.combinations(&raw.for_each, outer) {
            let variables: Variables = outer.iter().cloned().chain(inner).collect();
            let sampled = self.sample((entry, kind), &variables, &variants);
            let is_witness = |variant: &Variant| {
                let names = |other: &&PendingAttempt<'_>| {
                    witness::may_name(other, &label.value, &variables)
                };
                let fits = |other: &PendingAttempt<'_>| {
                    let theirs = other.request.operation;
                    *theirs == *variant.operation
                        || !variants.iter().any(|variant| variant.operation == theirs)
                };
                pending.iter().filter(names).any(fits)
            };
            // Where nothing is left out, nothing is asked either.
            let chosen: Option<Vec<Variant>> = sampled.as_ref().map(|sampled| {
                let wanted = |variant: &Variant| sampled.contains(variant) || is_witness(variant);
                variants.iter().copied().filter(wanted).collect()
            });
            if chosen.as_ref().is_some_and(Vec::is_empty) {
                continue;
            }
            let is_left_out =
                |variant| sampled.as_ref().is_some_and(|sampled| !sampled.contains(&variant));
            let mut scope = self.scope(variables.clone(), fixtures);
            let requests = self.attempt_requests(&mut scope, attempt, bases, chosen.as_deref());
            let expect = self.expect(&mut scope, raw.expect.as_ref());
            let refusals = self.refusals(&mut scope, raw, kind, label);
            self.attempts += sampled.as_ref().map_or(requests.len(), Vec::len);
            if self.attempts > MAX_ATTEMPTS {
                self.too_many(label);
                return;
            }
            for (request, base) in requests {
                let then = self.then(&mut scope, raw, &request);
                self.is_told_nothing(raw, &request);
                pending.push(PendingAttempt {
                    raw,
                    label,
                    kind,
                    variables: variables.clone(),
                    entry,
                    left_out: is_left_out(Variant::of(base.as_ref(), &request)),
                    request: Arc::new(request),
                    base,
                    expect: expect.clone(),
                    refusals: refusals.clone(),
                    then,
                });
            }
            self.used_fixtures.extend(scope.used);
        }
    }

    /// Which variants of an attempt are made with these values; nothing where all are.
    fn sample(
        &mut self,
        of: (usize, Kind),
        variables: &Variables,
        variants: &[Variant],
    ) -> Option<Vec<Variant>> {
        let sampler = self.sampler.as_mut()?;
        let variables: Vec<(&str, &str)> =
            variables.iter().map(|(name, value)| (name.as_str(), value.name())).collect();
        Some(sampler.choose(of, &variables, variants))
    }

    fn too_many(&mut self, label: &Located<String>) {
        let help = if self.sampler.is_some() {
            "leave out values of `for_each`, or split the file"
        } else {
            "leave out values of `for_each`, split the file, or make a part of them with `--sample pairwise`"
        };
        self.problem(
            &label.span,
            Diagnostic::new(
                Code::TooLarge,
                format!("the file has more than {MAX_ATTEMPTS} attempts"),
            )
            .help(help),
        );
    }

    fn kind(&mut self, attempt: &'a Located<RawAttempt>) -> Option<(Kind, &'a Located<String>)> {
        let raw = &attempt.value;
        let written: Vec<(Kind, &Located<String>)> =
            [(Kind::Allow, &raw.allow), (Kind::Deny, &raw.deny), (Kind::Reject, &raw.reject)]
                .into_iter()
                .filter_map(|(kind, label)| label.as_ref().map(|label| (kind, label)))
                .collect();
        let [(kind, label)] = written.as_slice() else {
            self.problem(
                &attempt.span,
                Diagnostic::new(
                    Code::MissingKey,
                    "an attempt is exactly one of `allow`, `deny` and `reject`",
                )
                .help("write `- deny: without an encryption header`"),
            );
            return None;
        };
        if slug(&label.value).is_empty() {
            self.problem(
                &label.span,
                Diagnostic::new(Code::EmptyValue, "the attempt has no name")
                    .help("say in a few words what differs"),
            );
        }
        let misplaced = match kind {
            Kind::Allow if raw.by.is_some() || !raw.one_of.is_empty() => Some((
                "an `allow` is not refused, so it has no `by`",
                "remove it, or write `deny:`",
            )),
            Kind::Allow if raw.witness.is_some() => {
                Some(("an `allow` needs no `witness`", "remove it, or write `deny:`"))
            }
            Kind::Deny | Kind::Reject if raw.expect.is_some() => Some((
                "a refused request has no answer to `expect` anything of",
                "remove it; `by` says what must refuse the request",
            )),
            Kind::Reject if raw.by.is_none() && raw.one_of.is_empty() => Some((
                "a `reject` must name the answer",
                "add `by: { code: ValidationException }`, or write `deny:`",
            )),
            _ if raw.by.is_some() && !raw.one_of.is_empty() => {
                Some(("`by` and `one_of` exclude each other", "keep one of them"))
            }
            _ => None,
        };
        if let Some((message, help)) = misplaced {
            self.problem(&label.span, Diagnostic::new(Code::BadValue, message).help(help));
        }
        Some((*kind, label))
    }

    /// Finds the witnesses and gives every attempt its id.
    fn finish(&mut self, row: &Variables, pending: Vec<PendingAttempt<'a>>) -> Vec<Arc<Attempt>> {
        let witnesses: Vec<_> = pending
            .iter()
            .map(|attempt| witness::find(attempt, &pending, self.source, &mut self.problems))
            .collect();
        let row_slug =
            row.iter().map(|(_, binding)| slug(binding.name())).collect::<Vec<_>>().join(".");
        let row_slug = if row_slug.is_empty() { "-" } else { &row_slug };
        let mut attempts = Vec::new();
        for (attempt, witnesses) in
            pending.into_iter().zip(witnesses).filter(|(attempt, _)| !attempt.left_out)
        {
            let own =
                attempt.variables.iter().skip(row.len()).map(|(_, binding)| slug(binding.name()));
            let base = attempt.base.as_ref().and_then(|base| base.name).map(slug);
            let name = std::iter::once(slug(&attempt.label.value)).chain(base).chain(own);
            let name = name.collect::<Vec<_>>().join(".");
            let controls = if attempt.raw.controls.is_empty() {
                &self.raw.controls
            } else {
                &attempt.raw.controls
            };
            attempts.push(Arc::new(Attempt {
                id: format!("{}/{row_slug}/{}/{name}", self.prefix, attempt.request.operation),
                label: attempt.label.value.clone(),
                kind: attempt.kind,
                controls: controls.iter().map(|id| id.value.clone()).collect(),
                request: attempt.request,
                expect: attempt.expect,
                refusals: attempt.refusals,
                witnesses,
                then: attempt.then,
                assumed: attempt.raw.assumed.as_ref().map(|text| text.value.clone()),
                line: self.source.line_of(attempt.label.span.start),
            }));
        }
        attempts
    }

    fn check_fixtures(&mut self) {
        let raw = self.raw;
        for (index, (name, written)) in raw.given.0.iter().enumerate() {
            // Where something else is wrong, what would have used the fixture may not have been
            // read.
            let mentioned = !self.problems.list.is_empty()
                && self.source.text().matches(name.value.as_str()).count() > 1;
            // What configures is used by whatever happens under it.
            let configures =
                written.operations.0.iter().any(|name| {
                    Operation::named(&name.value).is_some_and(Operation::sets_the_scene)
                });
            if !self.used_fixtures.contains(&index) && !mentioned && !configures {
                self.problem(
                    &name.span,
                    Diagnostic::new(
                        Code::UnusedFixture,
                        format!("nothing uses the fixture `{}`", name.value),
                    )
                    .help(format!("refer to it as `{{{}.key}}`, or remove it", name.value)),
                );
            }
        }
    }

    fn check_ids(&mut self, rows: &[Row]) {
        let mut slugs = HashSet::new();
        let same = rows.iter().find(|row| !slugs.insert(row.slug.as_str()));
        if let (Some(row), Some((name, _))) = (same, self.raw.for_each.0.first()) {
            self.problem(
                &name.span,
                Diagnostic::new(
                    Code::DuplicateName,
                    format!("two rows have the name `{}`", row.slug),
                )
                .help(
                    "choose values that differ in letters and digits: result ids keep nothing else",
                ),
            );
            return;
        }
        let (mut ids, ambiguous) = (HashSet::new(), self.ambiguous_bases);
        for attempt in rows.iter().flat_map(|row| &row.attempts).filter(|_| !ambiguous) {
            if !ids.insert(attempt.id.as_str()) {
                let label = self
                    .raw
                    .attempts
                    .iter()
                    .filter_map(|raw| {
                        [&raw.value.allow, &raw.value.deny, &raw.value.reject]
                            .into_iter()
                            .flatten()
                            .next()
                    })
                    .rfind(|label| label.value == attempt.label);
                let span = label.map_or(0..0, |label| label.span.clone());
                self.problem(
                    &span,
                    Diagnostic::new(
                        Code::DuplicateName,
                        format!("two attempts have the id `{}`", attempt.id),
                    )
                    .help("give this one another name"),
                );
            }
        }
    }
}

/// The part of an id that a text becomes: `With S3-managed keys!` is `with-s3-managed-keys`.
#[must_use]
pub(super) fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars() {
        if c.is_alphanumeric() || c == '_' {
            slug.extend(c.to_lowercase());
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').to_owned()
}
