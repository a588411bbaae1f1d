//! How the program ends: the exit codes, in one place.

use std::process::{ExitCode, Termination};

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
    /// All ways the program ends, by their exit codes.
    pub const ALL: [Self; 7] = [
        Self::Ok,
        Self::Failed,
        Self::Undecided,
        Self::BadInput,
        Self::NothingRun,
        Self::Unfinished,
        Self::Usage,
    ];

    /// The exit code.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// What an exit code means; nothing for one that the program does not end with.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|exit| exit.code() == code)
    }

    /// How the program ends that cannot write what it should: what is worse stays.
    #[must_use]
    pub const fn unwritten(self) -> Self {
        match self {
            Self::Ok | Self::Undecided | Self::Unfinished => Self::Unfinished,
            Self::Failed | Self::BadInput | Self::NothingRun | Self::Usage => self,
        }
    }
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(self.code())
    }
}
