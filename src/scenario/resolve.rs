//! From a scenario as written to rows of attempts. Every problem of a file is reported in one go.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    ops::Range,
    str::FromStr,
    sync::Arc,
};

use super::{
    Attempt, Fixture, Kind, Refusal, Request, Row, Scenario, Then, Value,
    raw::{RawAttempt, RawForEach, RawRefusal, RawScenario},
    scope::{Binding, Scope},
    witness,
};
use crate::{
    attempt::{Facet, Field, Kind as ParamKind, OPERATIONS, Operation, Param, RawExpect, RawRequest},
    diag::{Code, Diagnostic, Diagnostics, Located, Source, yaml::Entries},
    environment::{Baseline, Environment},
    iam::Layer,
};

/// Resolves a scenario file.
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
) -> Result<Scenario, Diagnostics> {
    let mut resolver = Resolver {
        prefix: format!("{architecture}/{stem}"),
        source,
        raw,
        environment,
        problems: Problems::default(),
        changes: BTreeMap::new(),
        used_fixtures: BTreeSet::new(),
    };
    resolver.check_file(baseline);
    let rows: Vec<Row> = resolver
        .combinations(&raw.for_each, &[])
        .into_iter()
        .map(|variables| resolver.row(&variables))
        .collect();
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
        })
    } else {
        Err(problems)
    }
}

/// Rows repeat the same text, so each problem is kept once.
#[derive(Default)]
pub(super) struct Problems {
    list: Diagnostics,
    seen: HashSet<(String, Range<usize>)>,
}

impl Problems {
    pub(super) fn push(&mut self, source: &Source, span: &Range<usize>, problem: Diagnostic) {
        if self.seen.insert((problem.message.clone(), span.clone())) {
            self.list.push(problem.at(source, span.clone()));
        }
    }
}

/// The variables of a row or attempt, in file order.
pub(super) type Variables = Vec<(String, Binding)>;

/// An attempt before its witnesses are known.
pub(super) struct Draft<'a> {
    pub raw: &'a RawAttempt,
    pub label: &'a Located<String>,
    pub kind: Kind,
    pub variables: Variables,
    pub request: Arc<Request>,
    /// The base request for this operation, unless the attempt has a request of its own.
    pub base: Option<Arc<Request>>,
    expect: Vec<(Field, Vec<Value>)>,
    refusals: Vec<Refusal>,
    then: Vec<Then>,
}

struct Change {
    name: String,
    span: Range<usize>,
    changes: bool,
}

struct Resolver<'a> {
    prefix: String,
    source: &'a Source,
    raw: &'a RawScenario,
    environment: &'a Environment,
    problems: Problems,
    /// Every `but` and `without` entry, by its place: whether it changes the base request in any row.
    changes: BTreeMap<usize, Change>,
    used_fixtures: BTreeSet<usize>,
}

impl<'a> Resolver<'a> {
    fn problem(&mut self, span: &Range<usize>, problem: Diagnostic) {
        self.problems.push(self.source, span, problem);
    }

    fn check_file(&mut self, baseline: &Baseline) {
        let raw = self.raw;
        if raw.scenario.value.trim().is_empty() {
            self.problem(
                &raw.scenario.span,
                Diagnostic::new(Code::EmptyValue, "the scenario says nothing").help("say what holds, in one sentence"),
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
                    Diagnostic::new(Code::UnknownControl, format!("the baseline has no control `{}`", id.value)).suggest(&id.value, known),
                );
            }
        }
        let mut names: Vec<&Located<String>> = Vec::new();
        let declared = raw
            .for_each
            .0
            .iter()
            .map(|(name, _)| name)
            .chain(raw.given.0.iter().map(|(name, _)| name));
        for name in declared {
            if names.iter().any(|earlier| earlier.value == name.value) || name.value == "run" {
                self.problem(
                    &name.span,
                    Diagnostic::new(Code::DuplicateName, format!("`{}` already names something here", name.value))
                        .help("give it another name"),
                );
            }
            names.push(name);
        }
    }

    /// The product of the variables' values, the first variable slowest.
    fn combinations(&mut self, for_each: &Entries<RawForEach>, outer: &[(String, Binding)]) -> Vec<Variables> {
        let mut rows: Vec<Variables> = vec![Vec::new()];
        for (name, each) in &for_each.0 {
            let mut next = Vec::new();
            for row in rows {
                let known: Variables = outer.iter().chain(&row).cloned().collect();
                for binding in self.values(name, each, known) {
                    let mut row = row.clone();
                    row.push((name.value.clone(), binding));
                    next.push(row);
                }
            }
            rows = next;
            if rows.is_empty() {
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

    fn values(&mut self, name: &Located<String>, each: &RawForEach, known: Variables) -> Vec<Binding> {
        let mut scope = self.scope(known, &[]);
        let (found, problem) = match (&each.collection, each.of.as_slice()) {
            (Some(collection), []) => collection_values(&mut scope, collection, &each.except),
            (None, values) if each.except.is_empty() => (values.iter().map(|value| Binding::Text(value.value.clone())).collect(), None),
            _ => (
                Vec::new(),
                Some((
                    Diagnostic::new(Code::BadValue, "`for_each` takes either `in`, with or without `except`, or `of`")
                        .help(format!("write `{}: {{ in: roles }}` or `{0}: {{ of: [a, b] }}`", name.value)),
                    name.span.clone(),
                )),
            ),
        };
        if let Some((problem, span)) = problem {
            self.problem(&span, problem);
        }
        found
    }

    fn scope<'s>(&self, variables: Variables, fixtures: &'s [Fixture]) -> Scope<'s>
    where
        'a: 's,
    {
        Scope {
            environment: self.environment,
            variables,
            fixtures,
            used: BTreeSet::new(),
        }
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
                    Diagnostic::new(Code::BadValue, "a fixture has one operation").help("make a fixture for each"),
                ),
            }
        }
        let complete = fixtures.len() == raw.given.0.len();
        let bases = self.bases(variables, &fixtures, complete);
        let mut drafts = Vec::new();
        if complete {
            for attempt in &raw.attempts {
                self.drafts(attempt, variables, &fixtures, &bases, &mut drafts);
            }
        }
        let attempts = self.finish(variables, drafts);
        let slug = variables
            .iter()
            .map(|(_, binding)| slug(binding.name()))
            .collect::<Vec<_>>()
            .join(".");
        Row {
            slug: if slug.is_empty() { "-".to_owned() } else { slug },
            fixtures,
            attempts,
        }
    }

    fn bases(&mut self, variables: &Variables, fixtures: &[Fixture], complete: bool) -> Vec<Arc<Request>> {
        let raw = self.raw;
        let (Some(written), true) = (&raw.request, complete) else {
            return Vec::new();
        };
        let span = raw.scenario.span.clone();
        let mut scope = self.scope(variables.clone(), fixtures);
        let requests = self.requests(&mut scope, written, &span, None);
        self.used_fixtures.extend(scope.used);
        requests.into_iter().map(Arc::new).collect()
    }

    /// The requests that a written request stands for: one for each operation. With a base, what is written replaces.
    fn requests(
        &mut self,
        scope: &mut Scope<'_>,
        written: &RawRequest,
        span: &Range<usize>,
        base: Option<&[Arc<Request>]>,
    ) -> Vec<Request> {
        let operations = self.operations(written, span, base.is_some());
        let mut values = BTreeMap::new();
        let mut broken = false;
        for (param, texts) in written.params() {
            match scope.value(param.kind(), texts) {
                Ok(value) => _ = values.insert(param, value),
                Err((problem, place)) => {
                    let place = if place.is_empty() { span.clone() } else { place };
                    self.problem(&place, problem);
                    broken = true;
                }
            }
            let bases = base.unwrap_or_default().iter().map(|base| base.operation);
            let taken = operations.iter().copied().chain(bases).any(|operation| operation.takes(param));
            if !taken && let Some(text) = texts.first() {
                let names: Vec<_> = operations.iter().map(|operation| format!("`{operation}`")).collect();
                let who = if names.is_empty() {
                    "the base request's operation".to_owned()
                } else {
                    names.join(", ")
                };
                self.problem(
                    &text.span,
                    Diagnostic::new(Code::BadParameter, format!("{who} has no `{param}`")).help(takes(&operations)),
                );
                broken = true;
            }
        }
        if broken {
            return Vec::new();
        }
        let mut requests = Vec::new();
        for operation in operations {
            let params = values
                .iter()
                .filter(|(param, _)| operation.takes(**param))
                .map(|(param, value)| (*param, value.clone()));
            requests.push(Request {
                operation,
                params: params.collect(),
            });
        }
        if base.is_none() {
            requests.retain(|request| self.is_complete(request, span));
        }
        requests
    }

    fn operations(&mut self, written: &RawRequest, span: &Range<usize>, optional: bool) -> Vec<&'static Operation> {
        let mut operations = Vec::new();
        for name in &written.operations.0 {
            match Operation::named(&name.value) {
                Some(operation) if operations.contains(&operation) => {
                    self.problem(
                        &name.span,
                        Diagnostic::new(Code::DuplicateName, format!("`{operation}` is written twice")).help("keep one"),
                    );
                }
                Some(operation) => operations.push(operation),
                None => {
                    let known = OPERATIONS.iter().map(|operation| operation.name);
                    self.problem(
                        &name.span,
                        Diagnostic::new(Code::UnknownName, format!("no operation is called `{}`", name.value)).suggest(&name.value, known),
                    );
                }
            }
        }
        if written.operations.0.is_empty() && !optional {
            self.problem(
                span,
                Diagnostic::new(Code::MissingKey, "`do` is missing").help("name an operation, as `do: s3:PutObject`"),
            );
        }
        operations
    }

    /// Whether a request has all it needs.
    fn is_complete(&mut self, request: &Request, span: &Range<usize>) -> bool {
        let missing: Vec<&str> = std::iter::once(&Param::As)
            .chain(request.operation.needs)
            .filter(|param| !request.params.contains_key(param))
            .map(|param| param.as_str())
            .collect();
        if !missing.is_empty() {
            let what = missing.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            self.problem(
                span,
                Diagnostic::new(Code::BadParameter, format!("`{}` needs {what}", request.operation)).help("add it to the request"),
            );
        }
        let has = |param| request.params.contains_key(&param);
        let contradiction = if has(Param::SignedAgo) && !has(Param::Presigned) {
            Some("`signed_ago` means nothing without `presigned`")
        } else if has(Param::Presigned) && matches!(request.principal(), super::Principal::Anonymous) {
            Some("`anonymous` has no credentials to presign with")
        } else {
            None
        };
        if let Some(message) = contradiction {
            self.problem(span, Diagnostic::new(Code::BadParameter, message).help("remove one of them"));
        }
        missing.is_empty() && contradiction.is_none()
    }

    /// Adds the attempts that one entry of the file stands for in this row.
    fn drafts(
        &mut self,
        attempt: &'a Located<RawAttempt>,
        outer: &Variables,
        fixtures: &[Fixture],
        bases: &[Arc<Request>],
        drafts: &mut Vec<Draft<'a>>,
    ) {
        let raw = &attempt.value;
        let Some((kind, label)) = self.kind(attempt) else { return };
        for inner in self.combinations(&raw.for_each, outer) {
            let variables: Variables = outer.iter().cloned().chain(inner).collect();
            let mut scope = self.scope(variables.clone(), fixtures);
            let requests = self.attempt_requests(&mut scope, attempt, bases);
            let expect = self.expect(&mut scope, raw.expect.as_ref());
            let refusals = self.refusals(&mut scope, raw, kind, label);
            for (request, base) in requests {
                let then = self.then(&mut scope, raw, &request);
                drafts.push(Draft {
                    raw,
                    label,
                    kind,
                    variables: variables.clone(),
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

    fn kind(&mut self, attempt: &'a Located<RawAttempt>) -> Option<(Kind, &'a Located<String>)> {
        let raw = &attempt.value;
        let written: Vec<(Kind, &Located<String>)> = [(Kind::Allow, &raw.allow), (Kind::Deny, &raw.deny), (Kind::Reject, &raw.reject)]
            .into_iter()
            .filter_map(|(kind, label)| label.as_ref().map(|label| (kind, label)))
            .collect();
        let [(kind, label)] = written.as_slice() else {
            self.problem(
                &attempt.span,
                Diagnostic::new(Code::MissingKey, "an attempt is exactly one of `allow`, `deny` and `reject`")
                    .help("write `- deny: without an encryption header`"),
            );
            return None;
        };
        if slug(&label.value).is_empty() {
            self.problem(
                &label.span,
                Diagnostic::new(Code::EmptyValue, "the attempt has no name").help("say in a few words what differs"),
            );
        }
        let misplaced = match kind {
            Kind::Allow if raw.by.is_some() || !raw.one_of.is_empty() => Some("an `allow` is not refused, so it has no `by`"),
            Kind::Allow if raw.witness.is_some() => Some("an `allow` needs no `witness`"),
            Kind::Deny | Kind::Reject if raw.expect.is_some() => Some("a refused request has no answer to `expect` anything of"),
            Kind::Reject if raw.by.is_none() && raw.one_of.is_empty() => Some("a `reject` must name the answer: add `by: { code: .. }`"),
            _ if raw.by.is_some() && !raw.one_of.is_empty() => Some("`by` and `one_of` exclude each other"),
            _ => None,
        };
        if let Some(message) = misplaced {
            self.problem(&label.span, Diagnostic::new(Code::BadValue, message));
        }
        Some((*kind, label))
    }

    fn attempt_requests(
        &mut self,
        scope: &mut Scope<'_>,
        attempt: &Located<RawAttempt>,
        bases: &[Arc<Request>],
    ) -> Vec<(Request, Option<Arc<Request>>)> {
        let raw = &attempt.value;
        if let Some(own) = &raw.request {
            if raw.but.is_some() || !raw.without.is_empty() {
                self.problem(
                    &own.span,
                    Diagnostic::new(
                        Code::BadValue,
                        "`request` replaces the base request, so `but` and `without` have nothing to change",
                    )
                    .help("write everything into `request`"),
                );
            }
            return self
                .requests(scope, &own.value, &own.span, None)
                .into_iter()
                .map(|request| (request, None))
                .collect();
        }
        if self.raw.request.is_none() {
            self.problem(
                &attempt.span,
                Diagnostic::new(Code::MissingKey, "there is no base request to start from")
                    .help("add `request:` to the file or to this attempt"),
            );
        }
        let changed = raw.but.as_ref().map(|but| {
            let requests = self.requests(scope, &but.value, &but.span, Some(bases));
            (but, requests)
        });
        let mut made = Vec::new();
        for base in bases {
            let mut request = base.as_ref().clone();
            let mut complete = true;
            if let Some((but, operations)) = &changed {
                complete = self.apply(scope, but, operations, &mut request);
            }
            for name in &raw.without {
                self.remove(name, &mut request);
            }
            let differs = request != **base;
            let asked = raw.but.is_some() || !raw.without.is_empty();
            if complete && (differs || !asked) && self.is_complete(&request, &attempt.span) {
                made.push((request, Some(base.clone())));
            }
        }
        made
    }

    /// Applies a `but`; false if it cannot be.
    fn apply(&mut self, scope: &mut Scope<'_>, but: &Located<RawRequest>, operations: &[Request], request: &mut Request) -> bool {
        if let [other] = operations {
            let before = request.operation;
            request.operation = other.operation;
            request.params.retain(|param, _| other.operation.takes(*param));
            if let Some(name) = but.value.operations.0.first() {
                self.note_change("do", &name.span, before != other.operation);
            }
        } else if let Some(second) = but.value.operations.0.get(1) {
            self.problem(
                &second.span,
                Diagnostic::new(Code::BadValue, "`but` changes to one operation").help("write an attempt for each"),
            );
            return false;
        }
        for (param, texts) in but.value.params() {
            // A value that does not resolve was reported when the `but` was read.
            let Ok(value) = scope.value(param.kind(), texts) else {
                return false;
            };
            if !request.operation.takes(param) {
                continue;
            }
            let changes = request.params.get(&param) != Some(&value);
            if let Some(text) = texts.first() {
                self.note_change(param.as_str(), &text.span, changes);
            }
            request.params.insert(param, value);
        }
        true
    }

    fn remove(&mut self, name: &Located<String>, request: &mut Request) {
        let Some(param) = Param::named(&name.value) else {
            let known = request.params.keys().map(|param| param.as_str());
            self.problem(
                &name.span,
                Diagnostic::new(Code::BadParameter, format!("no parameter is called `{}`", name.value)).suggest(&name.value, known),
            );
            return;
        };
        let removed = request.params.remove(&param).is_some();
        self.note_change(param.as_str(), &name.span, removed);
    }

    fn note_change(&mut self, name: &str, span: &Range<usize>, changes: bool) {
        let change = self.changes.entry(span.start).or_insert_with(|| Change {
            name: name.to_owned(),
            span: span.clone(),
            changes: false,
        });
        change.changes |= changes;
    }

    fn check_changes(&mut self) {
        for change in std::mem::take(&mut self.changes).into_values() {
            if !change.changes {
                self.problem(
                    &change.span,
                    Diagnostic::new(
                        Code::ChangesNothing,
                        format!("this changes nothing: the base request's `{}` is the same", change.name),
                    )
                    .help("an attempt that differs in nothing proves nothing; change it or remove it"),
                );
            }
        }
    }

    fn expect(&mut self, scope: &mut Scope<'_>, raw: Option<&RawExpect>) -> Vec<(Field, Vec<Value>)> {
        let mut expected = Vec::new();
        for (field, texts) in raw.into_iter().flat_map(RawExpect::fields) {
            let mut values = Vec::new();
            for text in texts {
                match scope.one(field.kind(), &text.value) {
                    Ok(value) => values.push(value),
                    Err(problem) => self.problem(&text.span, problem),
                }
            }
            expected.push((field, values));
        }
        expected
    }

    fn refusals(&mut self, scope: &mut Scope<'_>, raw: &RawAttempt, kind: Kind, label: &Located<String>) -> Vec<Refusal> {
        let mut refusals = Vec::new();
        for written in raw.by.iter().chain(&raw.one_of) {
            let refusal = self.refusal(scope, &written.value);
            let empty = refusal.layers.is_empty() && refusal.sid.is_none() && refusal.codes.is_empty() && refusal.action.is_none();
            if empty {
                self.problem(
                    &written.span,
                    Diagnostic::new(Code::EmptyValue, "an empty refusal asserts nothing")
                        .help("name a `layer`, a `sid`, a `code` or an `action`"),
                );
            }
            if kind == Kind::Reject && refusal.codes.is_empty() {
                self.problem(
                    &written.span,
                    Diagnostic::new(Code::MissingKey, format!("the answer of `{}` needs a `code`", label.value))
                        .help("as `code: AccessDenied`"),
                );
            }
            refusals.push(refusal);
        }
        refusals
    }

    fn refusal(&mut self, scope: &mut Scope<'_>, raw: &RawRefusal) -> Refusal {
        let mut layers = Vec::new();
        for layer in raw.layer.iter().flat_map(|layers| &layers.0) {
            match Layer::from_str(&layer.value) {
                Ok(known) => layers.push(known),
                Err(_) => self.problem(
                    &layer.span,
                    Diagnostic::new(Code::BadValue, format!("no layer is called `{}`", layer.value))
                        .suggest(&layer.value, Layer::ALL.iter().map(|layer| layer.as_str())),
                ),
            }
        }
        let key = raw.key.as_ref().and_then(|key| match scope.one(ParamKind::Key, &key.value) {
            Ok(value) => Some(value),
            Err(problem) => {
                self.problem(&key.span, problem);
                None
            }
        });
        let texts = |written: &Option<crate::diag::yaml::OneOrMany<Located<String>>>| {
            written
                .iter()
                .flat_map(|texts| texts.0.iter().map(|text| text.value.clone()))
                .collect::<Vec<_>>()
        };
        Refusal {
            layers,
            sid: raw.sid.as_ref().map(|sid| sid.value.clone()),
            codes: texts(&raw.code),
            action: raw.action.as_ref().map(|action| action.value.clone()),
            key,
        }
    }

    fn then(&mut self, scope: &mut Scope<'_>, raw: &RawAttempt, request: &Request) -> Vec<Then> {
        let mut reads = Vec::new();
        for then in &raw.then {
            let Some(written) = &then.value.read else {
                self.problem(
                    &then.span,
                    Diagnostic::new(Code::MissingKey, "`read` is missing").help("write `read: { do: s3:HeadObject }`"),
                );
                continue;
            };
            let inherit = [Arc::new(request.clone())];
            for mut read in self.requests(scope, written, &then.span, Some(&inherit)) {
                for (param, value) in &request.params {
                    if read.operation.takes(*param) && matches!(param.facet(), Facet::Principal | Facet::Target) {
                        read.params.entry(*param).or_insert_with(|| value.clone());
                    }
                }
                if self.is_complete(&read, &then.span) {
                    reads.push(Then {
                        request: Arc::new(read),
                        expect: self.expect(scope, then.value.expect.as_ref()),
                        line: self.source.line_of(then.span.start),
                    });
                }
            }
        }
        reads
    }

    /// Finds the witnesses and gives every attempt its id.
    fn finish(&mut self, row: &Variables, drafts: Vec<Draft<'a>>) -> Vec<Arc<Attempt>> {
        let witnesses: Vec<_> = drafts
            .iter()
            .map(|draft| witness::find(draft, &drafts, self.source, &mut self.problems))
            .collect();
        let row_slug = row.iter().map(|(_, binding)| slug(binding.name())).collect::<Vec<_>>().join(".");
        let row_slug = if row_slug.is_empty() { "-" } else { &row_slug };
        let mut attempts = Vec::new();
        for (draft, witnesses) in drafts.into_iter().zip(witnesses) {
            let own = draft.variables.iter().skip(row.len()).map(|(_, binding)| slug(binding.name()));
            let name = std::iter::once(slug(&draft.label.value)).chain(own).collect::<Vec<_>>().join(".");
            let controls = if draft.raw.controls.is_empty() {
                &self.raw.controls
            } else {
                &draft.raw.controls
            };
            attempts.push(Arc::new(Attempt {
                id: format!("{}/{row_slug}/{}/{name}", self.prefix, draft.request.operation),
                label: draft.label.value.clone(),
                kind: draft.kind,
                controls: controls.iter().map(|id| id.value.clone()).collect(),
                request: draft.request,
                expect: draft.expect,
                refusals: draft.refusals,
                witnesses,
                then: draft.then,
                assumed: draft.raw.assumed.as_ref().map(|text| text.value.clone()),
                line: self.source.line_of(draft.label.span.start),
            }));
        }
        attempts
    }

    fn check_fixtures(&mut self) {
        let raw = self.raw;
        for (index, (name, _)) in raw.given.0.iter().enumerate() {
            if !self.used_fixtures.contains(&index) {
                self.problem(
                    &name.span,
                    Diagnostic::new(Code::UnusedFixture, format!("nothing uses the fixture `{}`", name.value))
                        .help(format!("refer to it as `{{{}.key}}`, or remove it", name.value)),
                );
            }
        }
    }

    fn check_ids(&mut self, rows: &[Row]) {
        let mut seen = HashSet::new();
        for attempt in rows.iter().flat_map(|row| &row.attempts) {
            if !seen.insert(attempt.id.as_str()) {
                let label = self
                    .raw
                    .attempts
                    .iter()
                    .filter_map(|raw| [&raw.value.allow, &raw.value.deny, &raw.value.reject].into_iter().flatten().next())
                    .rfind(|label| label.value == attempt.label);
                let span = label.map_or(0..0, |label| label.span.clone());
                self.problem(
                    &span,
                    Diagnostic::new(Code::DuplicateName, format!("two attempts have the id `{}`", attempt.id))
                        .help("give this one another name"),
                );
            }
        }
    }
}

type Found = (Vec<Binding>, Option<(Diagnostic, Range<usize>)>);

fn collection_values(scope: &mut Scope<'_>, collection: &Located<String>, except: &[Located<String>]) -> Found {
    let environment = scope.environment;
    let mut members: Vec<Binding> = match collection.value.as_str() {
        "roles" => environment.roles.iter().cloned().map(Binding::Role).collect(),
        "buckets" => environment.buckets.iter().cloned().map(Binding::Bucket).collect(),
        "keys" => environment.keys.iter().cloned().map(Binding::Key).collect(),
        other => {
            let problem = Diagnostic::new(Code::UnknownName, format!("no collection is called `{other}`"))
                .suggest(other, ["roles", "buckets", "keys"]);
            return (Vec::new(), Some((problem, collection.span.clone())));
        }
    };
    for name in except {
        let left_out = match scope.word(&name.value) {
            Ok(left_out) => left_out,
            Err(problem) => return (Vec::new(), Some((problem, name.span.clone()))),
        };
        let before = members.len();
        let known: Vec<String> = members.iter().map(|member| member.name().to_owned()).collect();
        members.retain(|member| member.name() != left_out);
        if members.len() == before {
            let problem = Diagnostic::new(Code::UnknownName, format!("`{left_out}` is not in `{}`", collection.value))
                .suggest(&left_out, known.iter().map(String::as_str));
            return (Vec::new(), Some((problem, name.span.clone())));
        }
    }
    (members, None)
}

fn takes(operations: &[&'static Operation]) -> String {
    let mut names: Vec<String> = Param::ALL
        .iter()
        .filter(|param| operations.iter().any(|operation| operation.takes(**param)))
        .map(|param| format!("`{param}`"))
        .collect();
    names.dedup();
    if names.is_empty() {
        "remove it".to_owned()
    } else {
        format!("it takes {}", names.join(", "))
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
