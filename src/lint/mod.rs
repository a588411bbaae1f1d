//! What is suspicious in files that can be run: warnings, which `gainsay lint` shows and no run
//! does.
//!
//! What is suspicious in a policy, the engine says ([`gainsay_iam::lint`](mod@gainsay_iam::lint));
//! what is suspicious in the other files of an architecture, [`architecture`] does. Both are pure.
//! Each warning has a [`Page`] with an example in which it is found and one in which it is not.

mod baseline;
mod files;
mod page;
mod policies;
mod scenario;
mod stored;
mod waivers;

#[cfg(test)]
mod tests;

use time::Date;

pub use self::page::{Kind, Page};
use gainsay_model::{Document, Source};

use crate::{
    diag::{Code, Diagnostic, Diagnostics, Located},
    environment,
    suite::{Architecture, WrittenFiles},
};

/// Every page.
pub fn pages() -> impl Iterator<Item = &'static Page> {
    policies::POLICIES.iter().chain(stored::STORED).chain(files::FILES)
}

/// What is suspicious in the scenarios, the baseline and the waivers of an architecture on a day.
#[must_use]
pub fn architecture(architecture: &Architecture, files: &WrittenFiles, today: Date) -> Diagnostics {
    let mut found = Diagnostics::default();
    baseline::check(architecture, &files.baseline, &mut found);
    for (scenario, written) in architecture.scenarios.iter().zip(&files.scenarios) {
        scenario::check(scenario, written, &mut found);
    }
    if let Some(written) = &files.waivers {
        waivers::check(architecture, written, today, &mut found);
    }
    found
}

/// What is suspicious in a policy, with its place.
#[must_use]
pub fn policy(document: &Document) -> Diagnostics {
    let mut found = Diagnostics::default();
    // What AWS does not store comes first.
    for refusal in environment::refusals(document, None) {
        found.push(refusal);
    }
    for finding in gainsay_iam::lint(&document.policy) {
        let source: &Source = &document.source;
        let span =
            gainsay_iam::locate(source.text(), &finding.path).map_or(0..0, |place| place.range);
        found.push(warning(Code::of(finding.lint), finding.message).at(source, span));
    }
    found
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
