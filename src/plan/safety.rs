//! What is not attempted on a target that is not the sandbox, and why. Pure.
//!
//! On the sandbox a snapshot undoes everything. Elsewhere an attempt is made only if its success, the success of each of its witnesses and its
//! fixtures can be undone: they read, or they write, change or delete objects and uploads whose key holds the run id, in buckets where
//! that was agreed to, and the journal then removes them by their version. What is not known here is not made.

use std::sync::Arc;

use super::{Needs, needs::requests};
use crate::{
    attempt::{Effect, Op, Param},
    environment::{Bindings, Versioning},
    scenario::{Attempt, Kind, Piece, Request, Row, Value},
};

/// What the target allows.
#[derive(Clone, Copy, Debug)]
pub struct Limits<'a> {
    /// What the names stand for there.
    pub bindings: &'a Bindings,
    /// Whether everything in it was made for this run.
    pub provisioned: bool,
    /// Whether it can be reached in the clear.
    pub plain: bool,
}

/// Why an attempt is not made; nothing where it is.
#[must_use]
pub fn obstacle(row: &Row, attempt: &Arc<Attempt>, limits: &Limits<'_>) -> Option<String> {
    let missing = Needs::of(row, attempt).missing(limits.bindings);
    if limits.provisioned && !missing.is_empty() {
        return Some(format!(
            "`--provision` works in one account, so it cannot make what is in another: {}",
            missing.join(", ")
        ));
    }
    let all = requests(row, attempt);
    if !limits.plain && all.iter().any(|request| is_plain(request)) {
        return Some("it is sent in the clear, and there is no `--plain-url` to send it to".to_owned());
    }
    let problem = all.iter().find_map(|request| {
        let why = cannot_be_undone(request, limits)?;
        Some(format!("the success of {} could not be undone here: {why}", request.operation))
    });
    problem.or_else(|| consumed(attempt))
}

fn is_plain(request: &Request) -> bool {
    matches!(request.params.get(&Param::Transport), Some(Value::Word("http")))
}

/// Why a success of a request would stay.
fn cannot_be_undone(request: &Request, limits: &Limits<'_>) -> Option<String> {
    let only_asks = matches!(request.params.get(&Param::DryRun), Some(Value::Bool(true)));
    if request.operation.effect == Effect::Reads || only_asks {
        return None;
    }
    let versioning = request.bucket().map(|bucket| bucket.versioning);
    match request.operation.op {
        Op::PutObject
        | Op::CopyObject
        | Op::CreateMultipartUpload
        | Op::UploadPart
        | Op::CompleteMultipartUpload
        | Op::AbortMultipartUpload
        | Op::PostObject
        | Op::UploadPartCopy
        | Op::UpdateObjectEncryption
        | Op::PutObjectAnnotation
        | Op::DeleteObjectAnnotation
        | Op::PutObjectTagging
        | Op::DeleteObjectTagging
        | Op::PutObjectAcl => {}
        // A marker can be removed, and a version of the run's own key was the run's own.
        Op::DeleteObject | Op::DeleteObjects if versioning == Some(Versioning::Enabled) => {}
        Op::DeleteObject | Op::DeleteObjects => return Some("the bucket keeps no versions".to_owned()),
        _ => return Some("it changes more than objects of this run".to_owned()),
    }
    let Some(bucket) = request.bucket() else {
        return Some("it names no bucket".to_owned());
    };
    if !limits.provisioned && limits.bindings.cleanup.is_none() {
        return Some("the bindings name no `cleanup` role that could remove it".to_owned());
    }
    if !limits.provisioned && !limits.bindings.may_write.contains(&bucket.logical) {
        return Some(format!("`may_write` of the bindings does not name `{}`", bucket.logical));
    }
    let own = request.text(Param::Key).is_some_and(|key| key.0.contains(&Piece::Run));
    (!own).then(|| "its key does not hold `{run}`".to_owned())
}

/// A witness that takes away for good what it and the attempt act on cannot be asked twice.
fn consumed(attempt: &Attempt) -> Option<String> {
    if attempt.kind == Kind::Allow {
        return None;
    }
    let both = attempt.witnesses.as_ref()?;
    [&both.target.request, &both.actor.request].into_iter().find_map(|witness| {
        let version = witness.text(Param::Version);
        let for_good = match witness.operation.op {
            Op::CompleteMultipartUpload | Op::AbortMultipartUpload => true,
            Op::DeleteObject | Op::DeleteObjects => {
                version.is_some_and(|version| !version.0.iter().all(|piece| matches!(piece, Piece::Literal(_))))
            }
            _ => false,
        };
        for_good.then(|| {
            format!(
                "its witness {} takes away what is asked for, and that could not be undone here",
                witness.operation
            )
        })
    })
}
