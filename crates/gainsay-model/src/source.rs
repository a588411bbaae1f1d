//! A file as it was read, for pointing at its lines.

use std::sync::Arc;

/// One file as it was read: the name the user knows it by, and its text.
#[derive(Clone, Debug)]
pub struct Source(Arc<SourceInner>);

#[derive(Debug)]
struct SourceInner {
    name: String,
    text: String,
}

impl Source {
    /// A file called `name` (as the user would type it) with its text.
    #[must_use]
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self(Arc::new(SourceInner { name: name.into(), text: text.into() }))
    }

    /// The path as the user would type it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The text of the file.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// Whether both are one file that was read once, whatever it is called.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The line (from 1) that holds byte `offset`.
    #[must_use]
    pub fn line_of(&self, offset: usize) -> usize {
        let before = self.text().as_bytes().get(..offset).unwrap_or_default();
        before.split(|byte| *byte == b'\n').count()
    }
}
