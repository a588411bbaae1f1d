//! What a warning means: the page that `gainsay lint --explain` prints and `docs/lint/` has.

use std::fmt;

use gainsay_iam::PolicyKind;

use crate::files::diag::Code;

/// A page.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// The warning it is about.
    pub code: Code,
    /// In a few words.
    pub title: &'static str,
    /// Why it is suspicious.
    pub why: &'static str,
    /// What to do.
    pub instead: &'static str,
    /// The page of AWS that it follows, where it follows one.
    pub source: Option<&'static str>,
    /// What the examples are.
    pub kind: Kind,
    /// A file in which it is found.
    pub found: &'static str,
    /// One in which it is not.
    pub clean: &'static str,
}

/// What a file is that something is suspicious in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A policy.
    Policy(PolicyKind),
    /// A scenario.
    Scenario,
    /// A baseline.
    Baseline,
    /// An environment.
    Environment,
    /// The waivers of an architecture.
    Waivers,
}

impl Kind {
    /// The language it is written in, as a code block names it.
    #[must_use]
    pub const fn language(self) -> &'static str {
        match self {
            Self::Policy(_) => "json",
            Self::Scenario | Self::Baseline | Self::Environment | Self::Waivers => "yaml",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy(kind) => kind.fmt(f),
            Self::Scenario => f.write_str("scenario"),
            Self::Baseline => f.write_str("baseline"),
            Self::Environment => f.write_str("environment"),
            Self::Waivers => f.write_str("waivers.yaml"),
        }
    }
}

impl Page {
    /// The page as Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        let Self { code, title, why, instead, kind, .. } = self;
        let block = |example: &str| format!("```{}\n{}\n```", kind.language(), example.trim());
        let source =
            self.source.map_or_else(String::new, |source| format!("\nFollows <{source}>.\n"));
        format!(
            "# {}: {title}\n\n{why}\n\nFound, for example, in this {kind}:\n\n{}\n\n{instead}\n\n{}\n{source}",
            code.as_str(),
            block(self.found),
            block(self.clean),
        )
    }
}
