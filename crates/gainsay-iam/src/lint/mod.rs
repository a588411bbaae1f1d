//! Lints of a policy that AWS accepts: statements that cannot do what they seem to say.

mod check;
mod put;

pub use check::lint;

use crate::error::PathStep;

/// A kind of [`Finding`]. The codes are stable: scripts may rely on them.
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
    /// An action on a resource of a type that no request for it has.
    WrongResourceType,
    /// A policy variable in a document without version 2012-10-17.
    VariableIn2008,
    /// `ForAllValues` in an Allow, which an absent key satisfies.
    ForAllValuesInAllow,
    /// An action that the service does not have.
    UnknownAction,
    /// A Deny for sessions without MFA that does not apply to long-term access keys, whose requests
    /// lack the key.
    MfaKeyAbsent,
    /// A condition key of AWS, S3, KMS or STS that is not documented.
    UnknownKey,
    /// A condition operator without keys, or a key without values.
    EmptyCondition,
    /// A `Sid` that an earlier statement has.
    DuplicateSid,
    /// An ARN pattern of fewer than six segments, which matches nothing.
    IncompleteArn,
    /// More text than AWS stores as a customer's managed policy.
    LargePolicy,
}

impl Lint {
    /// Every lint, in the order of declaration.
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
        Self::UnknownKey,
        Self::EmptyCondition,
        Self::DuplicateSid,
        Self::IncompleteArn,
        Self::LargePolicy,
    ];

    /// The stable code of the lint, such as `shadowed-allow`.
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
            Self::UnknownKey => "unknown-condition-key",
            Self::EmptyCondition => "empty-condition",
            Self::DuplicateSid => "duplicate-sid",
            Self::IncompleteArn => "incomplete-arn",
            Self::LargePolicy => "large-policy",
        }
    }
}

/// A statement that cannot do what it seems to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What kind of finding it is.
    pub lint: Lint,
    /// Where in the document; [`locate`](crate::locate) turns it into a line of the text.
    pub path: Vec<PathStep>,
    /// What is wrong with this statement, for people.
    pub message: String,
}
