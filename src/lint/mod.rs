//! What is suspicious in files that can be run: warnings, which `gainsay lint` shows and no run
//! does.
//!
//! What is suspicious in a policy, the engine says ([`gainsay_iam::lint`](mod@gainsay_iam::lint));
//! what is suspicious in the other files of an architecture, [`architecture`] does. Both are pure.
//! Each warning has a [`Page`] with an example in which it is found and one in which it is not.

mod baseline;
mod conditions;
mod files;
mod page;
mod policies;
mod scenario;
mod services;
mod statements;
mod waivers;

#[cfg(test)]
mod tests;

use time::Date;

pub use self::page::{Kind, Page};
use gainsay_iam::{Finding, PolicyKind};
use gainsay_model::{Document, Source};

use crate::{
    files::{
        self as read,
        diag::{Code, Diagnostic, Diagnostics},
        yaml::Located,
    },
    suite::{Architecture, WrittenFiles},
};

/// Every page.
pub fn pages() -> impl Iterator<Item = &'static Page> {
    policies().chain(files::FILES)
}

/// The pages about policies.
fn policies() -> impl Iterator<Item = &'static Page> {
    policies::POLICIES.iter().chain(conditions::CONDITIONS).chain(statements::STATEMENTS)
}

/// What is suspicious in the scenarios, the baseline, the environment and the waivers of an
/// architecture on a day.
#[must_use]
pub fn architecture(architecture: &Architecture, files: &WrittenFiles, today: Date) -> Diagnostics {
    let mut found = Diagnostics::default();
    baseline::check(architecture, &files.baseline, &mut found);
    for (scenario, written) in architecture.scenarios.iter().zip(&files.scenarios) {
        scenario::check(scenario, written, &mut found);
    }
    services::check(&architecture.environment, &mut found);
    if let Some(written) = &files.waivers {
        waivers::check(architecture, written, today, &mut found);
    }
    found
}

/// What is suspicious in a policy, with its place.
#[must_use]
pub fn policy(document: &Document) -> Diagnostics {
    let as_stored = serde_json::from_str(&document.text).unwrap_or_default();
    let of_text = gainsay_iam::lint_document(&as_stored);
    let mut found = Diagnostics::default();
    // What AWS does not store comes first.
    for refusal in read::refusals(document, None) {
        found.push(refusal);
    }
    for finding in of_text.into_iter().chain(gainsay_iam::lint(&document.policy)) {
        found.push(of_finding(&document.source, finding));
    }
    found
}

/// Everything that AWS would refuse in a policy that stands alone, and what is suspicious in the
/// rest of it, in the order of the text. `bucket` is the bucket that a bucket policy is for.
#[must_use]
pub fn lone_policy(kind: PolicyKind, source: &Source, bucket: Option<&str>) -> Diagnostics {
    let (mut found, findings) = read::review_policy(kind, source, bucket);
    found.extend(findings.into_iter().map(|finding| of_finding(source, finding)));
    found.sort_by_key(|one| one.place.as_ref().map_or(0, |(_, span)| span.start));
    let mut all = Diagnostics::default();
    for one in found {
        all.push(one);
    }
    all
}

fn of_finding(source: &Source, finding: Finding) -> Diagnostic {
    let span = gainsay_iam::locate(source.text(), &finding.path).map_or(0..0, |place| place.range);
    warning(Code::of(finding.lint), finding.message).at(source, span)
}

/// A warning that says where to read more.
fn warning(code: Code, message: String) -> Diagnostic {
    Diagnostic::new(code, message)
        .help(format!("`gainsay lint --explain {}` says more", code.as_str()))
}

/// A warning about a text of a file.
fn about<T>(source: &Source, written: &Located<T>, code: Code, message: String) -> Diagnostic {
    warning(code, message).at(source, written.span.clone())
}
