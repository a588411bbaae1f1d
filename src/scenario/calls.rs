//! From a written request to calls: the base request, and what an attempt changes of it.

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use super::{
    raw::RawAttempt,
    resolve::{Base, Change, Resolver, Variant},
    scope::Scope,
};
use crate::{
    attempt::{OPERATIONS, Operation, Param, Principal, RawRequest, Request, Value},
    files::{
        diag::{Code, Diagnostic},
        yaml::Located,
    },
};

impl<'a> Resolver<'a> {
    /// The requests that a written request stands for: one for each operation. With a base, what is
    /// written replaces.
    pub(super) fn requests(
        &mut self,
        scope: &mut Scope<'_>,
        written: &RawRequest,
        span: &Range<usize>,
        bases: Option<&[Arc<Request>]>,
    ) -> Vec<Request> {
        let operations = self.operations(written, span, bases.is_some());
        let others = bases.unwrap_or_default().iter().map(|base| base.operation);
        let mut asked = operations.clone();
        asked.extend(others.filter(|operation| !operations.contains(operation)));
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
            // Without any operation there is another problem already, here or in the base request.
            let taken = asked.is_empty() || asked.iter().any(|operation| operation.takes(param));
            if !taken && let Some(text) = texts.first() {
                let names: Vec<_> =
                    asked.iter().map(|operation| format!("`{operation}`")).collect();
                self.problem(
                    &text.span,
                    Diagnostic::new(
                        Code::BadParameter,
                        format!("{} has no `{param}`", names.join(", ")),
                    )
                    .help(takes(&asked)),
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
            requests.push(Request { operation, params: params.collect() });
        }
        if bases.is_none() {
            requests.retain(|request| self.is_complete(request, span));
        }
        requests
    }

    fn operations(
        &mut self,
        written: &RawRequest,
        span: &Range<usize>,
        optional: bool,
    ) -> Vec<&'static Operation> {
        let mut operations = Vec::new();
        for name in &written.operations.0 {
            match Operation::named(&name.value) {
                Some(operation) if operations.contains(&operation) => {
                    self.problem(
                        &name.span,
                        Diagnostic::new(
                            Code::DuplicateName,
                            format!("`{operation}` is written twice"),
                        )
                        .help("keep one"),
                    );
                }
                Some(operation) => operations.push(operation),
                None => {
                    let known = OPERATIONS.iter().map(|operation| operation.name);
                    self.problem(
                        &name.span,
                        Diagnostic::new(
                            Code::UnknownName,
                            format!("no operation is called `{}`", name.value),
                        )
                        .suggest(&name.value, known),
                    );
                }
            }
        }
        if written.operations.0.is_empty() && !optional {
            self.problem(
                span,
                Diagnostic::new(Code::MissingKey, "`do` is missing")
                    .help("name an operation, as `do: s3:PutObject`"),
            );
        }
        operations
    }

    /// Whether a request has all it needs.
    pub(super) fn is_complete(&mut self, request: &Request, span: &Range<usize>) -> bool {
        let yes = |param| request.params.get(&param) == Some(&Value::Bool(true));
        let without_ciphertext = request.operation.takes(Param::IgnoreCiphertext)
            && !request.params.contains_key(&Param::Ciphertext)
            && !yes(Param::IgnoreCiphertext);
        let missing: Vec<&str> = std::iter::once(&Param::As)
            .chain(request.operation.needs)
            .filter(|param| !request.params.contains_key(param))
            .chain(without_ciphertext.then_some(&Param::Ciphertext))
            .map(|param| param.as_str())
            .collect();
        if !missing.is_empty() {
            let what =
                missing.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            self.problem(
                span,
                Diagnostic::new(
                    Code::BadParameter,
                    format!("`{}` needs {what}", request.operation),
                )
                .help("add it to the request"),
            );
        }
        let has = |param| request.params.contains_key(&param);
        let contradiction = if has(Param::SignedAgo) && !has(Param::Presigned) {
            Some("`signed_ago` means nothing without `presigned`")
        } else if has(Param::Presigned) && matches!(request.principal(), Principal::Anonymous) {
            Some("`anonymous` has no credentials to presign with")
        } else if has(Param::Session) && self.raw.advance.is_none() {
            Some("`session` means nothing without `advance`")
        } else if has(Param::Session) && matches!(request.principal(), Principal::Anonymous) {
            Some("`anonymous` has no session")
        } else if has(Param::SourceVpc)
            && request.text(Param::SourceVpce).is_some_and(|id| id.shown() == "none")
        {
            Some(
                "what comes from a VPC comes through an endpoint: `source_vpc` contradicts \
                 `source_vpce: none`",
            )
        } else if yes(Param::IgnoreCiphertext) && !yes(Param::DryRun) {
            Some("`ignore_ciphertext` means nothing without `dry_run: true`")
        } else {
            None
        };
        if let Some(message) = contradiction {
            self.problem(
                span,
                Diagnostic::new(Code::BadParameter, message).help("remove one of them"),
            );
        }
        missing.is_empty() && contradiction.is_none()
    }

    /// The variants that an attempt is made in for any values of its variables, as its base
    /// requests or its own request name them.
    pub(super) fn variants(raw: &RawAttempt, bases: &[Base<'_>]) -> Vec<Variant> {
        if let Some(own) = &raw.request {
            let named =
                own.value.operations.0.iter().filter_map(|name| Operation::named(&name.value));
            return named.map(|operation| Variant { base: 0, operation }).collect();
        }
        let asked = raw.but.is_some() || !raw.without.is_empty();
        let other = raw.but.as_ref().and_then(|but| but.value.operations.0.first());
        let made = |base: &&Base<'_>| {
            !asked
                || Self::concerns(raw, &base.request)
                || other.is_some_and(|other| other.value != base.request.operation.name)
        };
        bases.iter().filter(made).map(Base::variant).collect()
    }

    /// The requests of an attempt with the base requests they came from: of the chosen variants, or
    /// of all where none were chosen.
    pub(super) fn attempt_requests(
        &mut self,
        scope: &mut Scope<'_>,
        attempt: &Located<RawAttempt>,
        bases: &[Base<'a>],
        chosen: Option<&[Variant]>,
    ) -> Vec<(Request, Option<Base<'a>>)> {
        let raw = &attempt.value;
        let is_chosen = |variant: Variant| chosen.is_none_or(|chosen| chosen.contains(&variant));
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
                .filter(|request| is_chosen(Variant::of(None, request)))
                .map(|request| (request, None))
                .collect();
        }
        if self.raw.request.0.is_empty() {
            self.problem(
                &attempt.span,
                Diagnostic::new(Code::MissingKey, "there is no base request to start from")
                    .help("add `request:` to the file or to this attempt"),
            );
        }
        let changed = raw.but.as_ref().map(|but| {
            let bases: Vec<_> = bases.iter().map(|base| base.request.clone()).collect();
            let requests = self.requests(scope, &but.value, &but.span, Some(&bases));
            (but, requests)
        });
        for name in &raw.without {
            let changed_too = raw.but.as_ref().is_some_and(|but| {
                but.value.params().any(|(param, _)| param.as_str() == name.value)
            });
            if changed_too {
                self.problem(
                    &name.span,
                    Diagnostic::new(
                        Code::ChangesNothing,
                        format!("`{}` is both changed by `but` and left out", name.value),
                    )
                    .help("keep one of them"),
                );
            }
        }
        let mut made = Vec::new();
        for base in bases.iter().filter(|base| is_chosen(base.variant())) {
            let mut request = base.request.as_ref().clone();
            let mut complete = true;
            if let Some((but, operations)) = &changed {
                complete = self.apply(scope, but, operations, &mut request);
            }
            for name in &raw.without {
                self.remove(name, &mut request);
            }
            let differs = request != *base.request;
            let asked = raw.but.is_some() || !raw.without.is_empty();
            let concerned = Self::concerns(raw, &base.request);
            if complete && asked && !differs && concerned {
                // Dropping it would leave a hole that no report shows.
                self.unchanged.push((attempt.span.clone(), base.request.operation.name));
            }
            if complete && (differs || !asked) && self.is_complete(&request, &attempt.span) {
                made.push((request, Some(base.clone())));
            }
        }
        made
    }

    /// Whether an attempt changes anything that an operation takes. One that changes only what it
    /// does not take says nothing of it.
    fn concerns(raw: &RawAttempt, base: &Request) -> bool {
        let changed = raw.but.iter().flat_map(|but| but.value.params().map(|(param, _)| param));
        let left_out = raw.without.iter().filter_map(|name| Param::named(&name.value));
        changed.chain(left_out).any(|param| base.operation.takes(param))
    }

    /// Applies a `but`; false if it cannot be.
    fn apply(
        &mut self,
        scope: &mut Scope<'_>,
        but: &Located<RawRequest>,
        operations: &[Request],
        request: &mut Request,
    ) -> bool {
        if let [other] = operations {
            let before = request.operation;
            request.operation = other.operation;
            request.params.retain(|param, _| other.operation.takes(*param));
            if let Some(name) = but.value.operations.0.first() {
                self.note_change(&name.span, before != other.operation, || same("do"));
            }
        } else if let Some(second) = but.value.operations.0.get(1) {
            self.problem(
                &second.span,
                Diagnostic::new(Code::BadValue, "`but` changes to one operation")
                    .help("write an attempt for each"),
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
                self.note_change(&text.span, changes, || same(param.as_str()));
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
                Diagnostic::new(
                    Code::BadParameter,
                    format!("no parameter is called `{}`", name.value),
                )
                .suggest(&name.value, known),
            );
            return;
        };
        let removed = request.params.remove(&param).is_some();
        self.note_change(&name.span, removed, || {
            format!("this changes nothing: the base request has no `{param}`")
        });
    }

    fn note_change(&mut self, span: &Range<usize>, changes: bool, same: impl FnOnce() -> String) {
        let change = self.changes.entry(span.start).or_insert_with(|| Change {
            same: same(),
            span: span.clone(),
            changes: false,
        });
        change.changes |= changes;
    }

    pub(super) fn check_changes(&mut self) {
        let unchanged = std::mem::take(&mut self.unchanged);
        let changes = std::mem::take(&mut self.changes);
        if changes.values().all(|change| change.changes) {
            for (span, operation) in unchanged {
                self.problem(
                    &span,
                    Diagnostic::new(
                        Code::ChangesNothing,
                        format!("for some values of its variables this is the base request itself, with `{operation}`"),
                    )
                    .help("leave those values out with `except`, or change something else"),
                );
            }
        }
        for change in changes.into_values() {
            if !change.changes {
                self.problem(
                    &change.span,
                    Diagnostic::new(Code::ChangesNothing, change.same).help(
                        "an attempt that differs in nothing proves nothing; change it or remove it",
                    ),
                );
            }
        }
    }
}

fn same(name: &str) -> String {
    format!("this changes nothing: the base request's `{name}` is the same")
}

fn takes(operations: &[&'static Operation]) -> String {
    let mut names: Vec<String> = Param::ALL
        .iter()
        .filter(|param| operations.iter().any(|operation| operation.takes(**param)))
        .map(|param| format!("`{param}`"))
        .collect();
    names.dedup();
    if names.is_empty() { "remove it".to_owned() } else { format!("it takes {}", names.join(", ")) }
}
