//! A policy document with the file it was read from.

use std::sync::{Arc, OnceLock};

use gainsay_iam::{Policy, locate_statement};

use crate::Source;

/// A policy document: what the engine evaluates, and the file it was read from.
#[derive(Clone, Debug)]
pub struct Document {
    /// The file, for pointing at a line.
    pub source: Source,
    /// The compiled policy.
    pub policy: Policy,
    /// The document as AWS would store it, with names filled in.
    pub text: Arc<str>,
    lines: Arc<OnceLock<Vec<usize>>>,
}

impl Document {
    /// A compiled policy with the file it was read from and the text AWS would store.
    #[must_use]
    pub fn new(source: Source, policy: Policy, text: String) -> Self {
        Self { source, policy, text: text.into(), lines: Arc::default() }
    }

    /// The line (from 1) on which a statement begins. Found when someone first asks: most decisions
    /// are never looked at.
    #[must_use]
    pub fn line(&self, statement: usize) -> usize {
        let lines = self.lines.get_or_init(|| {
            let line =
                |index| locate_statement(self.source.text(), index).map_or(1, |place| place.line);
            (0..self.policy.statements().len()).map(line).collect()
        });
        lines.get(statement).copied().unwrap_or(1)
    }
}
