//! What a parameter that is a number may sensibly be: data beside the parameter, with its source.

use std::{borrow::Cow, fmt};

use serde::Deserialize;

/// From where to where a parameter makes sense, both ends included.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// The least.
    pub least: u64,
    /// The most.
    pub most: u64,
    /// The page of AWS that says what the parameter is, and how far it goes where AWS sets an end.
    pub source: Cow<'static, str>,
}

impl Range {
    /// A range of the program's own tables.
    #[must_use]
    pub const fn new(least: u64, most: u64, source: &'static str) -> Self {
        Self { least, most, source: Cow::Borrowed(source) }
    }

    /// Whether a value is in it. A text that is no number is in none.
    #[must_use]
    pub fn holds(&self, value: &str) -> bool {
        value.parse().is_ok_and(|value| (self.least..=self.most).contains(&value))
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.least, self.most)
    }
}
