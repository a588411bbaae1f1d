//! Reporters: what happened in a run, for people and for programs.
//!
//! A reporter folds the events of the runner, or renders the finished record. None of them judges or counts: the summary of
//! the record is the only source of counts and of the exit code, so no two reports can disagree.
//!
//! Ids, keys, messages and labels come from files and from servers. Every reporter shows them through [`one_line`], so that
//! none of them can forge a line, an element or a colour.

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

use crate::{diag::is_deceptive, runner::Event};

/// Something that follows a run.
pub trait Reporter {
    /// Takes note of an event.
    ///
    /// # Errors
    ///
    /// When what it writes to does not take it.
    fn report(&mut self, event: &Event) -> std::io::Result<()>;
}

/// The text on one line, with every character visible that could make it look like something else: control characters, line
/// ends, and what reorders or hides text become `\u{..}`.
#[must_use]
pub fn one_line(text: &str) -> String {
    // Nearly all of a report, and three times as fast.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_deceptive(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// The same for a line of JSON, where such a character can only stand inside a string: its value stays what it was.
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
    fn one_line_shows_what_could_deceive() {
        assert_eq!(one_line("a\nb\r\t\u{1b}[2K\u{9b}\u{0}"), r"a\u{a}b\u{d}\u{9}\u{1b}[2K\u{9b}\u{0}");
        assert_eq!(
            one_line("\u{202e}\u{2066}\u{200b}\u{2028}\u{feff}"),
            r"\u{202e}\u{2066}\u{200b}\u{2028}\u{feff}"
        );
        assert_eq!(
            one_line("Schlüssel für 日本 \u{1f511} <&>\"'"),
            "Schlüssel für 日本 \u{1f511} <&>\"'"
        );
    }

    #[test]
    fn json_keeps_its_value() {
        let value = "a\n\u{9b}\u{202e}\u{e0041}\u{7f} ü";
        let line = one_json_line(&serde_json::to_string(value).unwrap());
        assert_eq!(line, "\"a\\n\\u009b\\u202e\\udb40\\udc41\\u007f ü\"");
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), value);
    }
}
