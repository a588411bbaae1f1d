//! The words and colours of verdicts.

use anstyle::{AnsiColor, Style};

use crate::{record::ControlVerdict, verdict::Verdict};

const GREEN: Style = AnsiColor::Green.on_default();
const RED: Style = AnsiColor::Red.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const GREY: Style = AnsiColor::BrightBlack.on_default();

/// Colours words, or leaves them alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paint {
    pub(super) colour: bool,
}

impl Paint {
    /// In the colour of the verdict.
    pub(super) fn verdict(self, verdict: Verdict, text: &str) -> String {
        self.with(of(verdict), text)
    }

    /// For what is said by the way.
    pub(super) fn aside(self, text: &str) -> String {
        self.with(GREY, text)
    }

    fn with(self, style: Style, text: &str) -> String {
        if self.colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

/// The word at the end of a result's line, as `cargo test` shouts it.
pub(super) const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "ok",
        Verdict::Fail => "FAILED",
        Verdict::Inconclusive => "inconclusive",
        Verdict::Error => "ERROR",
        Verdict::Skipped => "skipped",
        Verdict::Waived => "waived",
    }
}

/// The same in one character.
pub(super) const fn character(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => ".",
        Verdict::Fail => "F",
        Verdict::Inconclusive => "?",
        Verdict::Error => "E",
        Verdict::Skipped => "s",
        Verdict::Waived => "w",
    }
}

const fn of(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Pass => GREEN,
        Verdict::Fail | Verdict::Error => RED,
        Verdict::Inconclusive | Verdict::Waived => YELLOW,
        Verdict::Skipped => GREY,
    }
}

/// The verdict whose colour that of a control has.
pub(super) const fn like(verdict: ControlVerdict) -> Verdict {
    match verdict {
        ControlVerdict::Pass => Verdict::Pass,
        ControlVerdict::Fail => Verdict::Fail,
        ControlVerdict::Error => Verdict::Error,
        ControlVerdict::Inconclusive | ControlVerdict::NotProved | ControlVerdict::Partial => {
            Verdict::Inconclusive
        }
        ControlVerdict::Waived | ControlVerdict::KnownGap => Verdict::Waived,
        ControlVerdict::NotSelected | ControlVerdict::NotTestable => Verdict::Skipped,
    }
}
