//! What must come back: the fields of an answer, the refusals that will do, the reads that must
//! hold afterwards.

use std::{str::FromStr, sync::Arc};

use gainsay_iam::Layer;

use super::{
    Kind, Refusal, Then,
    raw::{RawAttempt, RawRefusal},
    resolve::Resolver,
    scope::Scope,
};
use crate::{
    attempt::{Effect, Facet, Field, Kind as ParamKind, RawExpect, Request, Value},
    files::{
        diag::{Code, Diagnostic},
        yaml::{Located, OneOrMany},
    },
    outcome::stands_for_several,
};

impl Resolver<'_> {
    pub(super) fn expect(
        &mut self,
        scope: &mut Scope<'_>,
        raw: Option<&RawExpect>,
    ) -> Vec<(Field, Vec<Value>)> {
        let mut expected = Vec::new();
        for (field, texts) in raw.into_iter().flat_map(RawExpect::fields) {
            let mut values = Vec::new();
            for text in texts {
                match scope.value(field.kind(), std::slice::from_ref(text)) {
                    Ok(value) => values.push(value),
                    Err((problem, span)) => self.problem(&span, problem),
                }
            }
            expected.push((field, values));
        }
        expected
    }

    pub(super) fn refusals(
        &mut self,
        scope: &mut Scope<'_>,
        raw: &RawAttempt,
        kind: Kind,
        label: &Located<String>,
    ) -> Vec<Refusal> {
        let mut refusals = Vec::new();
        for written in raw.by.iter().chain(&raw.one_of) {
            let refusal = self.refusal(scope, &written.value);
            let names_nothing =
                refusal.layers.is_empty() && refusal.sid.is_none() && refusal.codes.is_empty();
            if names_nothing && refusal.action.is_none() && refusal.unnamed.is_none() {
                self.problem(
                    &written.span,
                    Diagnostic::new(Code::EmptyValue, "an empty refusal asserts nothing")
                        .help("name a `layer`, a `sid`, a `code` or an `action`"),
                );
            }
            if kind == Kind::Reject && refusal.codes.is_empty() {
                self.problem(
                    &written.span,
                    Diagnostic::new(
                        Code::MissingKey,
                        format!("the answer of `{}` needs a `code`", label.value),
                    )
                    .help("as `code: AccessDenied`"),
                );
            }
            self.unnamed(&written.value);
            self.says(&written.value, &refusal, kind, label);
            let asks_policy =
                refusal.sid.is_some() || refusal.action.is_some() || refusal.on.is_some();
            if kind == Kind::Reject && refusal.layers.is_empty() && asks_policy {
                self.problem(
                    &written.span,
                    Diagnostic::new(
                        Code::MissingKey,
                        "a `sid`, `action`, `key`, `role` or `object` is of a policy's refusal, which a `reject` expects only with a `layer`",
                    )
                    .help("add the `layer`, or leave the code alone"),
                );
            }
            refusals.push(refusal);
        }
        refusals
    }

    /// Who says that nothing is named can ask for nothing that would have to be.
    fn unnamed(&mut self, raw: &RawRefusal) {
        let Some(why) = &raw.unnamed else {
            if let Some(layer) = raw.decided_by.iter().flat_map(|layers| &layers.0).next() {
                self.problem(
                    &layer.span,
                    Diagnostic::new(
                        Code::MissingKey,
                        "`decided_by` is of a refusal that AWS gives no reason for",
                    )
                    .help("write `layer`, or add why it is `unnamed`"),
                );
            }
            return;
        };
        if why.value.trim().is_empty() {
            self.problem(
                &why.span,
                Diagnostic::new(
                    Code::EmptyValue,
                    "`unnamed` does not say why AWS names no mechanism",
                )
                .help("say why, or name the `layer`"),
            );
        }
        let texts = [&raw.sid, &raw.says, &raw.action, &raw.key, &raw.role, &raw.object];
        let lists = [&raw.layer, &raw.code].into_iter().flatten().flat_map(|list| &list.0);
        if let Some(named) = lists.chain(texts.into_iter().flatten()).next() {
            self.problem(
                &named.span,
                Diagnostic::new(
                    Code::BadValue,
                    format!("`{}` is asked of a refusal that is said to name nothing", named.value),
                )
                .help("remove it or `unnamed`; what decides on the sandbox is `decided_by`"),
            );
        }
    }

    /// Only who is told nothing is refused without a reason.
    pub(super) fn is_told_nothing(&mut self, raw: &RawAttempt, request: &Request) {
        let owner = request.bucket().map(|bucket| bucket.account.as_str());
        if request.principal().may_be_given_no_reason(owner) {
            return;
        }
        let reasons = raw.by.iter().chain(&raw.one_of).filter_map(|by| by.value.unnamed.as_ref());
        for why in reasons {
            let name = request.principal().name();
            self.problem(
                &why.span,
                Diagnostic::new(
                    Code::BadValue,
                    format!(
                        "AWS tells `{name}` what refuses `{}`, so it is not unnamed",
                        request.operation
                    ),
                )
                .help("name the `layer`"),
            );
        }
    }

    /// A code that stands for several reasons proves none of them: the message's words, or a layer,
    /// say which is meant.
    fn says(&mut self, raw: &RawRefusal, refusal: &Refusal, kind: Kind, label: &Located<String>) {
        if let Some(says) = &raw.says {
            if refusal.codes.is_empty() {
                self.problem(
                    &says.span,
                    Diagnostic::new(
                        Code::MissingKey,
                        "`says` is of the message that comes with a `code`",
                    )
                    .help("add the `code`"),
                );
            }
            if says.value.trim().is_empty() {
                self.problem(
                    &says.span,
                    Diagnostic::new(Code::EmptyValue, "every message holds no words")
                        .help("write the words that tell the reason, or remove `says`"),
                );
            }
            return;
        }
        if kind != Kind::Reject || !refusal.layers.is_empty() {
            return;
        }
        for code in raw
            .code
            .iter()
            .flat_map(|codes| &codes.0)
            .filter(|code| stands_for_several(&code.value))
        {
            self.problem(
                &code.span,
                Diagnostic::new(
                    Code::MissingKey,
                    format!(
                        "`{}` stands for several reasons, so the answer of `{}` needs `says`",
                        code.value, label.value
                    ),
                )
                .help("add words of the message that tell which, as `says: Request has expired`"),
            );
        }
    }

    fn refusal(&mut self, scope: &mut Scope<'_>, raw: &RawRefusal) -> Refusal {
        let mut layers = Vec::new();
        let written = [&raw.layer, &raw.decided_by].into_iter().flatten();
        for layer in written.flat_map(|layers| &layers.0) {
            match Layer::from_str(&layer.value) {
                Ok(known) => layers.push(known),
                Err(_) => self.problem(
                    &layer.span,
                    Diagnostic::new(
                        Code::BadValue,
                        format!("no layer is called `{}`", layer.value),
                    )
                    .suggest(&layer.value, Layer::ALL.iter().map(|layer| layer.as_str())),
                ),
            }
        }
        let on = self.refused_on(scope, raw);
        let texts = |written: &Option<OneOrMany<Located<String>>>| {
            written
                .iter()
                .flat_map(|texts| texts.0.iter().map(|text| text.value.clone()))
                .collect::<Vec<_>>()
        };
        Refusal {
            layers,
            unnamed: raw.unnamed.as_ref().map(|why| why.value.clone()),
            sid: raw.sid.as_ref().map(|sid| sid.value.clone()),
            codes: texts(&raw.code),
            says: raw.says.as_ref().map(|says| says.value.trim().to_owned()),
            action: raw.action.as_ref().map(|action| action.value.clone()),
            on,
        }
    }

    /// The key, the role or the object that the action is refused on, where it is not the
    /// operation's own resource.
    fn refused_on(&mut self, scope: &mut Scope<'_>, raw: &RawRefusal) -> Option<Value> {
        let written = [
            (&raw.key, "key", ParamKind::Key, "kms:Decrypt"),
            (&raw.role, "role", ParamKind::Role, "iam:PassRole"),
            (&raw.object, "object", ParamKind::Fixture, "s3:GetObject"),
        ];
        let mut on = None;
        for (written, name, kind, example) in written {
            let Some(written) = written else { continue };
            if raw.action.is_none() {
                self.problem(
                    &written.span,
                    Diagnostic::new(
                        Code::BadValue,
                        format!("`{name}` says on which {name} the `action` is refused, and there is no `action`"),
                    )
                    .help(format!("add `action: {example}`, or remove `{name}`")),
                );
            }
            if on.is_some() {
                self.problem(
                    &written.span,
                    Diagnostic::new(Code::BadValue, "an action is refused on one thing")
                        .help("keep one of `key`, `role` and `object`"),
                );
            }
            match scope.value(kind, std::slice::from_ref(written)) {
                Ok(value) => on = Some(value),
                Err((problem, span)) => self.problem(&span, problem),
            }
        }
        on
    }

    pub(super) fn then(
        &mut self,
        scope: &mut Scope<'_>,
        raw: &RawAttempt,
        request: &Request,
    ) -> Vec<Then> {
        let mut reads = Vec::new();
        for then in &raw.then {
            let Some(written) = &then.value.read else {
                self.problem(
                    &then.span,
                    Diagnostic::new(Code::MissingKey, "`read` is missing")
                        .help("write `read: { do: s3:HeadObject }`"),
                );
                continue;
            };
            if written.operations.0.is_empty() {
                self.problem(
                    &then.span,
                    Diagnostic::new(Code::MissingKey, "`do` is missing, so nothing would be read")
                        .help("write `read: { do: s3:HeadObject }`"),
                );
                continue;
            }
            let inherit = [Arc::new(request.clone())];
            for mut read in self.requests(scope, written, &then.span, Some(&inherit)) {
                if read.operation.effect != Effect::Reads {
                    let place =
                        written.operations.0.iter().find(|name| name.value == read.operation.name);
                    self.problem(
                        place.map_or(&then.span, |name| &name.span),
                        Diagnostic::new(
                            Code::BadValue,
                            format!("`{}` does not read", read.operation),
                        )
                        .help("name an operation that reads, as `s3:HeadObject`"),
                    );
                    continue;
                }
                for (param, value) in &request.params {
                    if read.operation.takes(*param)
                        && matches!(param.facet(), Facet::Principal | Facet::Target)
                    {
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
}
