//! Why a verdict is not a pass, as one word of the record.

use serde::{Deserialize, Serialize};

/// Why a verdict is not a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// A forbidden act succeeded.
    GotThrough,
    /// A permitted act was refused.
    Refused,
    /// It succeeded, but the answer says something else than expected.
    WrongAnswer,
    /// It was refused, but not by what must refuse it.
    WrongReason,
    /// It was refused, and happened all the same.
    HappenedAnyway,
    /// It was refused, and whether it happened all the same could not be seen.
    EffectUnknown,
    /// A read that must hold afterwards does not.
    ThenFailed,
    /// A witness did not succeed, so the refusal proves nothing.
    NoWitness,
    /// The refusal does not show what refused it.
    Unproved,
    /// The session was refused, and another of the same role would not be.
    OtherSession,
    /// It was refused for no reason of authorization.
    NotAuthorization,
    /// A fixture could not be made.
    NoFixture,
    /// A fixture is not what it was.
    FixtureChanged,
    /// What it rests on was changed while the run lasted.
    Changed,
    /// There is no session for the principal.
    NoSession,
    /// The target could not answer.
    NoAnswer,
    /// An earlier try may have done it: its answer was lost.
    LostAnswer,
    /// The run was stopped before the attempt.
    Cancelled,
    /// What was made could not be removed.
    NotCleaned,
    /// What was read is not as it must be.
    DoesNotHold,
    /// It could not be read, or what was read cannot be decided.
    NotRead,
    /// gainsay itself broke off.
    Internal,
}

impl Reason {
    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GotThrough => "got-through",
            Self::Refused => "refused",
            Self::WrongAnswer => "wrong-answer",
            Self::WrongReason => "wrong-reason",
            Self::HappenedAnyway => "happened-anyway",
            Self::EffectUnknown => "effect-unknown",
            Self::ThenFailed => "then-failed",
            Self::NoWitness => "no-witness",
            Self::Unproved => "unproved",
            Self::OtherSession => "other-session",
            Self::NotAuthorization => "not-authorization",
            Self::NoFixture => "no-fixture",
            Self::FixtureChanged => "fixture-changed",
            Self::Changed => "changed",
            Self::NoSession => "no-session",
            Self::NoAnswer => "no-answer",
            Self::LostAnswer => "lost-answer",
            Self::Cancelled => "cancelled",
            Self::NotCleaned => "not-cleaned",
            Self::DoesNotHold => "does-not-hold",
            Self::NotRead => "not-read",
            Self::Internal => "internal",
        }
    }

    /// Whether the target was not asked or did not answer, so that a gap can accept it.
    #[must_use]
    pub const fn is_unanswered(self) -> bool {
        match self {
            Self::NoSession | Self::NoAnswer | Self::NoFixture | Self::NotRead => true,
            Self::GotThrough
            | Self::Refused
            | Self::WrongAnswer
            | Self::WrongReason
            | Self::HappenedAnyway
            | Self::EffectUnknown
            | Self::OtherSession
            | Self::ThenFailed
            | Self::NoWitness
            | Self::Unproved
            | Self::NotAuthorization
            | Self::FixtureChanged
            | Self::Changed
            | Self::LostAnswer
            | Self::Cancelled
            | Self::NotCleaned
            | Self::DoesNotHold
            | Self::Internal => false,
        }
    }
}
