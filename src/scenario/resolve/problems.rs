//! The problems of a file, each once.

use std::{collections::HashSet, ops::Range};

use gainsay_model::Source;

use crate::files::diag::{Diagnostic, Diagnostics};

/// Rows repeat the same text, so each problem is kept once.
#[derive(Default)]
pub(in crate::scenario) struct Problems {
    pub list: Diagnostics,
    seen: HashSet<(String, Range<usize>)>,
}

impl Problems {
    pub(in crate::scenario) fn push(
        &mut self,
        source: &Source,
        span: &Range<usize>,
        problem: Diagnostic,
    ) {
        if self.seen.insert((problem.message.clone(), span.clone())) {
            self.list.push(problem.at(source, span.clone()));
        }
    }
}
