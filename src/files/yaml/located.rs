//! A value that remembers where in its file it was written.

use std::{borrow::Cow, ops::Range};

use serde::{Deserialize, Deserializer};

/// A value read from YAML, with the bytes it was written in.
///
/// Our own type rather than the reader's, so that only this file knows which YAML reader is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Byte range in the file.
    pub span: Range<usize>,
}

impl<T> Located<T> {
    /// Replaces the value and keeps the place.
    pub fn map<U>(&self, f: impl FnOnce(&T) -> U) -> Located<U> {
        Located { value: f(&self.value), span: self.span.clone() }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Located<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = serde_saphyr::Spanned::<T>::deserialize(deserializer)?;
        let span = super::span_of(&spanned.referenced);
        Ok(Self { value: spanned.value, span })
    }
}

impl<T: schemars::JsonSchema> schemars::JsonSchema for Located<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        T::json_schema(generator)
    }
}
