//! Gaps: what a target cannot be asked, who accepted that, and until when.
//!
//! A refusal that cannot be tried without risk on a live account is skipped there, and its control
//! is then not proved. A gap says that somebody knows. It covers what was not made and nothing
//! else: it never makes a failure good, and never a pass.

use gainsay_model::Source;
use schemars::JsonSchema;
use serde::Deserialize;
use time::Date;

use super::{day_of, known_control, known_result, said};
use crate::files::baseline::Baseline;
use crate::files::{
    diag::{Code, Diagnostic},
    yaml::Located,
};

/// What is not proved on one target, and who accepted that.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawGap {
    /// The target, as the record names it: `aws`, the URL of an endpoint, or `sandbox`.
    pub target: Located<String>,
    /// Ids of controls of the baseline of which nothing is proved there. Where a part is proved,
    /// what is not has to be named by `results`.
    #[serde(default)]
    pub controls: Vec<Located<String>>,
    /// Ids of results that are not made there.
    #[serde(default)]
    pub results: Vec<Located<String>>,
    /// Who accepted it.
    pub owner: Located<String>,
    /// Why it cannot be proved there.
    pub reason: Located<String>,
    /// The last day on which it is accepted, `YYYY-MM-DD`, in UTC.
    pub expires: Located<String>,
}

/// What is accepted not to be proved on one target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The target, as the record names it.
    pub target: String,
    /// Ids of controls of which nothing is proved there.
    pub controls: Vec<String>,
    /// Ids of results that are not made there.
    pub results: Vec<String>,
    /// Who accepted it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// The last day on which it is accepted, in UTC.
    pub expires: Date,
}

impl Gap {
    /// Whether its last day is over.
    #[must_use]
    pub fn has_expired(&self, day: Date) -> bool {
        self.expires < day
    }

    /// What is said of a control or result that two gaps of the target are of.
    pub(super) fn named_twice(&self, id: &str) -> String {
        format!("`{id}` is in two gaps of the target `{}`", self.target)
    }

    /// A control or result that another gap of the same target is of, too.
    pub(super) fn shared<'g>(&self, other: &'g Self) -> Option<&'g str> {
        let both = |own: &[String], others: &'g [String]| others.iter().find(|id| own.contains(id));
        let same =
            both(&self.controls, &other.controls).or_else(|| both(&self.results, &other.results));
        same.filter(|_| self.target == other.target).map(String::as_str)
    }
}

/// Checks a gap. `results` are the ids of all results; nothing where not all are known.
pub(super) fn resolve(
    source: &Source,
    written: &Located<RawGap>,
    baseline: &Baseline,
    results: Option<&[&str]>,
) -> Result<Gap, Diagnostic> {
    let raw = &written.value;
    if raw.controls.is_empty() && raw.results.is_empty() {
        let problem = Diagnostic::new(Code::MissingKey, "the gap is of nothing");
        return Err(problem
            .at(source, written.span.clone())
            .help("name `controls` or `results` that are not proved on the target"));
    }
    for control in &raw.controls {
        known_control(source, control, baseline)?;
    }
    for result in &raw.results {
        known_result(source, result, results)?;
    }
    let texts = |ids: &[Located<String>]| ids.iter().map(|id| id.value.clone()).collect();
    Ok(Gap {
        target: said(source, "gap", "target", &raw.target)?,
        controls: texts(&raw.controls),
        results: texts(&raw.results),
        owner: said(source, "gap", "owner", &raw.owner)?,
        reason: said(source, "gap", "reason", &raw.reason)?,
        expires: day_of(source, "gap", &raw.expires)?,
    })
}
