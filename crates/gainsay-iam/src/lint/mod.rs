//! What is suspicious in a policy that AWS takes: statements that cannot do what they seem to say.
//!
//! Pure: a policy in, findings out. [`crate::lint`] has what each means, with an example that is
//! found and one that is not.

mod check;

pub use check::lint;

use super::error::PathStep;

/// What is suspicious. The words are stable: scripts may rely on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lint {
    /// A statement whose conditions contradict each other.
    NeverMatches,
    /// An Allow everything of which a Deny of the same policy denies.
    ShadowedAllow,
    /// A condition on a key that no request for the statement's actions has.
    KeyNeverCarried,
    /// `...IfExists` in a Deny.
    IfExistsInDeny,
    /// A wildcard in a value that is compared letter by letter.
    WildcardInEquals,
    /// An action on a resource of a type that it is never asked for on.
    WrongResourceType,
    /// A policy variable in a document without version 2012-10-17.
    VariableIn2008,
    /// `ForAllValues` in an Allow, which an absent key satisfies.
    ForAllValuesInAllow,
    /// An action that the service does not have.
    UnknownAction,
    /// A Deny for sessions without MFA that spares who has no session at all.
    MfaKeyAbsent,
}

impl Lint {
    /// Every one, in the order of declaration.
    pub const ALL: &[Self] = &[
        Self::NeverMatches,
        Self::ShadowedAllow,
        Self::KeyNeverCarried,
        Self::IfExistsInDeny,
        Self::WildcardInEquals,
        Self::WrongResourceType,
        Self::VariableIn2008,
        Self::ForAllValuesInAllow,
        Self::UnknownAction,
        Self::MfaKeyAbsent,
    ];

    /// The word for it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NeverMatches => "never-matches",
            Self::ShadowedAllow => "shadowed-allow",
            Self::KeyNeverCarried => "key-never-carried",
            Self::IfExistsInDeny => "if-exists-in-deny",
            Self::WildcardInEquals => "wildcard-in-equals",
            Self::WrongResourceType => "wrong-resource-type",
            Self::VariableIn2008 => "variable-in-2008",
            Self::ForAllValuesInAllow => "for-all-values-in-allow",
            Self::UnknownAction => "unknown-action",
            Self::MfaKeyAbsent => "mfa-key-absent",
        }
    }
}

/// Something suspicious.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub lint: Lint,
    /// Where in the document; [`locate`](super::locate) turns it into a line of the text.
    pub path: Vec<PathStep>,
    /// What is the matter with this statement.
    pub message: String,
}
