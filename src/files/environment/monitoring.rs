//! Reads the files of what watches an account: JSON with the members that the API answers with.

use gainsay_model::Source;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::template::{self, TemplateNames};
use crate::files::diag::{Code, Diagnostic};

/// Reads a file.
///
/// # Errors
/// What is no JSON, names what the environment does not have, or has not the members it should.
pub(super) fn read<T: DeserializeOwned>(
    file: &Source,
    known: &TemplateNames<'_>,
) -> Result<T, Diagnostic> {
    let mut value: Value = serde_json::from_str(file.text()).map_err(|problem| {
        let before: usize = file
            .text()
            .split_inclusive('\n')
            .take(problem.line().saturating_sub(1))
            .map(str::len)
            .sum();
        let at = (before + problem.column().saturating_sub(1)).min(file.text().len());
        Diagnostic::new(Code::BadValue, format!("this is no JSON: {problem}"))
            .at(file, at..at)
            .help("write the members as the API answers with them")
    })?;
    template::fill(file, &mut value, known)?;
    T::deserialize(value).map_err(|problem| {
        let message = problem.to_string();
        // A member that is none is told by its name, so that the place can be shown.
        let named = message.split('`').nth(1).map(|name| format!("\"{name}\"")).unwrap_or_default();
        let at = file.text().find(&named).filter(|_| !named.is_empty());
        let span = at.map_or(0..0, |at| at..at + named.len());
        Diagnostic::new(Code::BadValue, message)
            .at(file, span)
            .help("write the members as the API answers with them")
    })
}
