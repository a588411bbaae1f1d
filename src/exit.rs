//! Exit codes, in one place.

use std::process::{ExitCode, Termination};

use crate::record::{ControlSummary, Counts, RunInfo, WaiverState};

/// How the program ends. The numbers are a contract with CI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything passed.
    Ok = 0,
    /// A forbidden act succeeded, a permitted one failed, something was refused for the wrong
    /// reason, what was read is not as it must be, or a waiver has expired.
    Failed = 1,
    /// Something is undecided, a control is not proved or in part only, or the run was stopped.
    Undecided = 2,
    /// The files are wrong. Nothing was sent.
    BadInput = 3,
    /// Nothing was selected, or everything was skipped.
    NothingRun = 4,
    /// A report could not be written, or what was made could not be removed.
    Unfinished = 5,
    /// The command line is wrong.
    Usage = 64,
}

impl Exit {
    /// The number.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// How the program ends that cannot write what it should: what is worse stays.
    #[must_use]
    pub const fn unwritten(self) -> Self {
        match self {
            Self::Ok | Self::Undecided | Self::Unfinished => Self::Unfinished,
            Self::Failed | Self::BadInput | Self::NothingRun | Self::Usage => self,
        }
    }

    /// How a run with these verdicts ends: the first that applies.
    #[must_use]
    pub fn of(counts: &Counts, controls: &[ControlSummary], run: &RunInfo) -> Self {
        let expired = run.waivers.iter().any(|waiver| waiver.state == WaiverState::Expired);
        if counts.fail > 0 || expired {
            Self::Failed
        } else if run.interrupted {
            Self::Undecided
        } else if !run.left_behind.is_empty() {
            Self::Unfinished
        } else if counts.inconclusive > 0 || counts.error > 0 {
            Self::Undecided
        } else if counts.total == counts.skipped {
            Self::NothingRun
        } else if controls.iter().any(|control| control.verdict.is_unproved()) {
            Self::Undecided
        } else {
            Self::Ok
        }
    }
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(self.code())
    }
}
