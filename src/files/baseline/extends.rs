//! One baseline that extends another: it takes over the other's controls, and says which it leaves
//! out or chooses otherwise.

use std::ops::Range;

use gainsay_model::Source;

use super::{RawBaseline, RawControlChoice};
use crate::files::{
    diag::{Code, Diagnostic, Diagnostics},
    yaml::{Entries, Located, OneOrMany},
};

/// A baseline with what it takes over from the one it extends. What is taken over stands where the
/// baseline says that it extends.
///
/// # Errors
/// Controls that are left out and that the other does not choose.
pub fn extended(
    source: &Source,
    own: &RawBaseline,
    other: &RawBaseline,
    at: &Range<usize>,
) -> Result<RawBaseline, Diagnostics> {
    let mut problems = Diagnostics::default();
    let chosen = |id: &str, controls: &[Located<RawControlChoice>]| {
        controls.iter().any(|choice| choice.value.id.value == id)
    };
    for id in own.without.iter().filter(|id| !chosen(&id.value, &other.controls)) {
        let known = other.controls.iter().map(|choice| choice.value.id.value.as_str());
        problems.push(
            Diagnostic::new(
                Code::UnknownControl,
                format!("the baseline that is extended does not choose control `{}`", id.value),
            )
            .at(source, id.span.clone())
            .suggest(&id.value, known),
        );
    }
    let left_out = |id: &str| own.without.iter().any(|without| without.value == id);
    let taken = other.controls.iter().filter(|choice| {
        let id = &choice.value.id.value;
        !left_out(id) && !chosen(id, &own.controls)
    });
    let taken = taken.map(|choice| Located { value: moved(&choice.value, at), span: at.clone() });
    let merged = RawBaseline {
        reader: own.reader.clone().or_else(|| other.reader.as_ref().map(|reader| text(reader, at))),
        controls: taken.chain(own.controls.iter().cloned()).collect(),
        ..own.clone()
    };
    if problems.is_empty() { Ok(merged) } else { Err(problems) }
}

fn text(written: &Located<String>, at: &Range<usize>) -> Located<String> {
    Located { value: written.value.clone(), span: at.clone() }
}

fn moved(choice: &RawControlChoice, at: &Range<usize>) -> RawControlChoice {
    let RawControlChoice { id, title, proved_by, of, with, not_testable } = choice;
    RawControlChoice {
        id: text(id, at),
        title: title.as_ref().map(|title| text(title, at)),
        proved_by: proved_by.clone(),
        of: of.as_ref().map(|names| OneOrMany(names.0.iter().map(|name| text(name, at)).collect())),
        with: Entries(
            with.0.iter().map(|(name, value)| (text(name, at), text(value, at))).collect(),
        ),
        not_testable: not_testable.as_ref().map(|why| text(why, at)),
    }
}
