//! The witnesses of a refused attempt: the allowed twins without which a refusal proves nothing.
//!
//! *Target*: a permitted principal succeeds at the same operation on this very thing. *Actor*: this
//! principal succeeds at the same operation over the same transport on something of its own, or,
//! where it is permitted nothing of the kind, at a read of the same service. S3 and S3 Control
//! count as one: their actions have one prefix, and a session that works for one works for the
//! other. The base request is the target unless operation or target differ, and both if only one
//! thing differs and it is not who asks.

use std::{ops::Range, sync::Arc};

use gainsay_model::Source;

use super::{
    Kind, Witness, Witnesses,
    resolve::{PendingAttempt, Problems, Variables},
};
use crate::{
    attempt::{Effect, Facet, On, Param, Request},
    files::{
        diag::{Code, Diagnostic},
        yaml::Located,
    },
};

/// The witnesses of an attempt; nothing for an allow, or where a problem was reported.
pub(super) fn find(
    attempt: &PendingAttempt<'_>,
    attempts: &[PendingAttempt<'_>],
    source: &Source,
    problems: &mut Problems,
) -> Option<Witnesses> {
    if attempt.kind == Kind::Allow {
        return None;
    }
    let mut report =
        |span: &Range<usize>, problem: Diagnostic| problems.push(source, span, problem);
    let named = attempt.raw.witness.as_ref().map(|witness| &witness.value);
    let target = match named.and_then(|witness| witness.target.as_ref()) {
        Some(label) => named_witness(attempt, attempts, label, &mut report)?,
        None => {
            base_target(attempt).map_err(|problem| report(&attempt.label.span, problem)).ok()?
        }
    };
    // What was named is shown; the base request has no name.
    let place = |named: Option<&Located<String>>| {
        named.map_or(&attempt.label.span, |label| &label.span).clone()
    };
    if !target.1.same_target(&attempt.request) {
        report(
            &place(named.and_then(|witness| witness.target.as_ref())),
            Diagnostic::new(
                Code::NoWitness,
                format!("`{}` does not act on the same thing as this attempt", target.0),
            )
            .help("the target witness must do the same operation on the same bucket, key, version or KMS key"),
        );
        return None;
    }
    let actor = match named.and_then(|witness| witness.actor.as_ref()) {
        Some(label) => named_witness(attempt, attempts, label, &mut report)?,
        None => base_actor(attempt).map_err(|problem| report(&attempt.label.span, problem)).ok()?,
    };
    if let Err(problem) = check_actor(attempt, &actor) {
        report(&place(named.and_then(|witness| witness.actor.as_ref())), problem);
        return None;
    }
    let witness = |(label, request): (String, Arc<Request>)| Witness {
        differences: attempt.request.differences(&request),
        label,
        request,
    };
    Some(Witnesses { target: witness(target), actor: witness(actor) })
}

fn base_target(attempt: &PendingAttempt<'_>) -> Result<(String, Arc<Request>), Diagnostic> {
    match &attempt.base {
        Some(base) if base.request.same_target(&attempt.request) => {
            Ok(("the base request".to_owned(), base.request.clone()))
        }
        Some(_) => Err(Diagnostic::new(
            Code::NoWitness,
            "this refusal has no target witness: the base request acts on something else",
        )
        .help("add `witness: { target: .. }` with an `allow` of this file on the same thing")),
        None => Err(Diagnostic::new(
            Code::NoWitness,
            "this refusal has no target witness: it has a request of its own",
        )
        .help("add `witness: { target: .., actor: .. }` with `allow`s of this file")),
    }
}

fn base_actor(attempt: &PendingAttempt<'_>) -> Result<(String, Arc<Request>), Diagnostic> {
    let problem = |message: &str| {
        Diagnostic::new(Code::NoWitness, message)
            .help("add `witness: { actor: .. }` with an `allow` by this principal on something of its own")
    };
    let base =
        attempt.base.as_ref().map(|base| &base.request).ok_or_else(|| {
            problem("this refusal has no actor witness: it has a request of its own")
        })?;
    let facets = base.facets(&attempt.request);
    if facets.contains(&Facet::Principal) {
        return Err(problem(
            "this refusal has no actor witness: nothing shows that this principal can do anything at all",
        ));
    }
    if facets.len() > 1 || base.operation != attempt.request.operation {
        return Err(problem(
            "this refusal has no actor witness: it differs from the base request in more than one thing",
        ));
    }
    Ok(("the base request".to_owned(), base.clone()))
}

fn check_actor(
    attempt: &PendingAttempt<'_>,
    (label, actor): &(String, Arc<Request>),
) -> Result<(), Diagnostic> {
    let request = &attempt.request;
    let differs = |param| actor.params.get(&param) != request.params.get(&param);
    if differs(Param::As) {
        return Err(Diagnostic::new(
            Code::NoWitness,
            format!("`{label}` is not by the same principal as this attempt"),
        )
        .help("the actor witness shows that this very session works"));
    }
    let same_way = attempt.base.as_ref().is_some_and(|base| Arc::ptr_eq(&base.request, actor))
        || !differs(Param::Transport);
    // What needs no permission and cannot be denied, as GetCallerIdentity, shows nothing.
    let reads = actor.operation.effect == Effect::Reads && actor.operation.on != On::Nothing;
    let nearest = actor.operation == request.operation
        || (actor.operation.service.is_with(request.operation.service) && reads);
    if same_way && nearest {
        return Ok(());
    }
    Err(Diagnostic::new(
        Code::NoWitness,
        format!("`{label}` does not show that this principal could make such a call"),
    )
    .help("the actor witness does the same operation over the same transport on something of its own, or a read of the same service; S3 and S3 Control are one"))
}

/// The `allow` of a label that belongs to this attempt: of the same operation where it has several,
/// of the same base request where it has several of that, and of the same variables where both have
/// them.
fn named_witness(
    attempt: &PendingAttempt<'_>,
    attempts: &[PendingAttempt<'_>],
    label: &Located<String>,
    report: &mut impl FnMut(&Range<usize>, Diagnostic),
) -> Option<(String, Arc<Request>)> {
    let all: Vec<&PendingAttempt<'_>> =
        attempts.iter().filter(|other| other.label.value == label.value).collect();
    if all.is_empty() {
        let known = attempts
            .iter()
            .filter(|other| other.kind == Kind::Allow)
            .map(|other| other.label.value.as_str());
        report(
            &label.span,
            Diagnostic::new(
                Code::NoWitness,
                format!("no attempt of this file is called `{}`", label.value),
            )
            .help("add an `allow` of that name")
            .suggest(&label.value, known),
        );
        return None;
    }
    let allows = all
        .iter()
        .filter(|other| other.kind == Kind::Allow && agree(&attempt.variables, &other.variables));
    let (same, others): (Vec<&&PendingAttempt<'_>>, Vec<_>) =
        allows.partition(|other| other.request.operation == attempt.request.operation);
    let mut candidates = if same.is_empty() { others } else { same };
    if let Some(base) = &attempt.base {
        let same_base = |other: &&&PendingAttempt<'_>| {
            other.base.as_ref().is_some_and(|theirs| theirs.index == base.index)
        };
        if candidates.iter().any(same_base) {
            candidates.retain(|other| same_base(other));
        }
    }
    match candidates.as_slice() {
        [witness] => Some((label.value.clone(), witness.request.clone())),
        [] => {
            report(
                &label.span,
                Diagnostic::new(
                    Code::NoWitness,
                    format!("`{}` is no `allow` for this attempt's values", label.value),
                )
                .help("a witness must be allowed; it has the same values of the variables that both have"),
            );
            None
        }
        _ => {
            report(
                &label.span,
                Diagnostic::new(
                    Code::NoWitness,
                    format!("`{}` stands for several attempts", label.value),
                )
                .help("name one of a single operation and row"),
            );
            None
        }
    }
}

/// Whether an attempt may name an `allow` of this label and values as its witness.
pub(super) fn may_name(attempt: &PendingAttempt<'_>, label: &str, variables: &Variables) -> bool {
    let Some(named) = attempt.raw.witness.as_ref().map(|witness| &witness.value) else {
        return false;
    };
    let mut labels = [&named.target, &named.actor].into_iter().flatten();
    labels.any(|named| named.value == label) && agree(&attempt.variables, variables)
}

/// Whether the variables that both have, have the same values.
fn agree(one: &Variables, other: &Variables) -> bool {
    one.iter().all(|(name, value)| {
        let theirs = other.iter().find(|(theirs, _)| theirs == name);
        theirs.is_none_or(|(_, theirs)| theirs.name() == value.name())
    })
}
