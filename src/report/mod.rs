//! Reporters: what happened in a run, for people and for programs.
//!
//! A reporter folds the events of the runner, or renders the finished record. None of them judges
//! or counts: the summary of the record is the only source of counts and of the exit code, so no
//! two reports can disagree.
//!
//! Ids, keys, messages and labels come from files and from servers. Every reporter shows them
//! through [`one_line`], so that none of them can forge a line, an element or a colour.

pub mod gaps;
pub mod junit;
pub mod pages;
pub mod terminal;
pub mod write;

mod detail;
#[cfg(test)]
mod sample;

pub use detail::detail_lines;
pub(crate) use detail::unproved;

use std::fmt::Write as _;

use gainsay_model::text::is_deceptive;

pub use gainsay_model::text::one_line;

use crate::runner::Event;

/// Something that follows a run.
pub trait Reporter {
    /// Takes note of an event.
    ///
    /// # Errors
    ///
    /// When what it writes to does not take it.
    fn report(&mut self, event: &Event) -> std::io::Result<()>;
}

/// A line of JSON with every character escaped that could make it look like something else. Such a
/// character can only stand inside a string, whose value stays what it was.
fn one_json_line(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if is_deceptive(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use super::*;

    #[test]
    fn json_keeps_its_value() {
        let value = "a\n\u{9b}\u{202e}\u{e0041}\u{7f} ü";
        let line = one_json_line(&serde_json::to_string(value).unwrap());
        assert_eq!(line, "\"a\\n\\u009b\\u202e\\udb40\\udc41\\u007f ü\"");
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), value);
    }
}
