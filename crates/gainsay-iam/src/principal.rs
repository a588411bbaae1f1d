//! Who asks, and whom a policy names.
//!
//! Follows "AWS JSON policy elements: Principal" and the page on `NotPrincipal`.

use std::borrow::Cow;
use std::fmt;

use super::error::Doubt;

/// Who makes a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// Nobody known: an unsigned request.
    Anonymous,
    /// The root user of an account.
    Root {
        /// The account id.
        account: String,
    },
    /// An IAM user, or a federated user session.
    User {
        /// `arn:aws:iam::ACCOUNT:user/NAME`.
        arn: String,
    },
    /// A session of a role.
    Session {
        /// The role: `arn:aws:iam::ACCOUNT:role/PATH/NAME`.
        role: String,
        /// The session: `arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION`.
        arn: String,
    },
    /// Who comes from a web identity or SAML provider to assume a role: the provider's name or ARN.
    Federated(String),
    /// An AWS service, such as `logging.s3.amazonaws.com`.
    Service(String),
}

impl Principal {
    /// The account of the principal; none for anonymous and for services.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        match self {
            Principal::Anonymous | Principal::Federated(_) | Principal::Service(_) => None,
            Principal::Root { account } => Some(account),
            Principal::User { arn } | Principal::Session { arn, .. } => arn.split(':').nth(4),
        }
    }

    /// The ARN as AWS prints it in messages, where this value holds it: for a user or a session.
    /// The ARN of a root user has to be made, see [`to_arn`](Self::to_arn).
    #[must_use]
    pub fn arn(&self) -> Option<&str> {
        match self {
            Principal::User { arn } | Principal::Session { arn, .. } => Some(arn),
            Principal::Anonymous
            | Principal::Root { .. }
            | Principal::Federated(_)
            | Principal::Service(_) => None,
        }
    }

    /// The ARN as AWS prints it in messages, the root user's included; none for anonymous and for
    /// services.
    #[must_use]
    pub fn to_arn(&self) -> Option<Cow<'_, str>> {
        match self {
            Principal::Root { account } => Some(Cow::Owned(format!("arn:aws:iam::{account}:root"))),
            other => other.arn().map(Cow::Borrowed),
        }
    }

    /// Whether this is a session of a service-linked role, which no organization policy limits.
    pub(super) fn is_service_linked(&self) -> bool {
        matches!(self, Principal::Session { role, .. } if role.contains(":role/aws-service-role/"))
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, self.to_arn()) {
            (_, Some(arn)) => f.write_str(&arn),
            (Principal::Service(name) | Principal::Federated(name), None) => f.write_str(name),
            (_, None) => f.write_str("anonymous"),
        }
    }
}

/// One entry of a `Principal` element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// `*` or `{"AWS": "*"}`.
    Everyone,
    /// An account id, or the ARN of its root.
    Account(String),
    /// A user, role, role session, federated user.
    Arn(String),
    Service(String),
    /// A web identity or SAML provider.
    Federated(String),
    CanonicalUser,
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Entry::Everyone => f.write_str("*"),
            Entry::Account(text)
            | Entry::Arn(text)
            | Entry::Service(text)
            | Entry::Federated(text) => f.write_str(text),
            Entry::CanonicalUser => f.write_str("a canonical user"),
        }
    }
}

/// How a statement comes to apply to the caller; the order is that of strength.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Grip {
    /// Through the account: a delegation, which needs the account's own policies to grant.
    Account,
    /// Through the role of the session: a grant that boundary and session policies still limit.
    Role,
    /// The caller itself, or everyone: a grant nothing of the identity limits in the same account.
    Direct,
}

/// The `Principal` or `NotPrincipal` of a statement.
#[derive(Clone, Debug)]
pub(super) struct Principals {
    pub(super) negated: bool,
    pub(super) entries: Vec<Entry>,
}

impl Principals {
    /// How the element matches the caller, if it does. `bounded` says that the caller has a
    /// permissions boundary.
    pub(super) fn grip(&self, principal: &Principal, bounded: bool) -> Result<Option<Grip>, Doubt> {
        if self.negated {
            return self.spares(principal, bounded).map(|spared| (!spared).then_some(Grip::Direct));
        }
        let grip = self.entries.iter().filter_map(|entry| named(entry, principal)).max();
        match grip {
            None if self.may_be_canonical(principal) => Err(Doubt::CanonicalUser),
            grip => Ok(grip),
        }
    }

    /// Whether the caller may be the canonical user the element names.
    fn may_be_canonical(&self, principal: &Principal) -> bool {
        principal.account().is_some() && self.entries.contains(&Entry::CanonicalUser)
    }

    /// Whether a `NotPrincipal` leaves the caller out. AWS checks the account, then the role, then
    /// the session, each for itself, so all have to be listed; it documents that a list without
    /// them "might" deny, and that a caller with a permissions boundary is never left out.
    fn spares(&self, principal: &Principal, bounded: bool) -> Result<bool, Doubt> {
        let limited = matches!(principal, Principal::User { .. } | Principal::Session { .. });
        if bounded && limited {
            return Ok(false);
        }
        if self.entries.contains(&Entry::Everyone) {
            return Ok(true);
        }
        let lists_arn = |arn: &str| {
            self.entries.iter().any(|entry| matches!(entry, Entry::Arn(listed) if listed == arn))
        };
        let lists_account =
            self.entries.iter().any(|entry| named(entry, principal).is_some() && is_account(entry));
        let complete = match principal {
            Principal::Anonymous => Some(false),
            Principal::Root { .. } => Some(lists_account),
            Principal::Service(_) | Principal::Federated(_) => {
                Some(self.entries.iter().any(|entry| named(entry, principal).is_some()))
            }
            Principal::User { arn } => match (lists_arn(arn), lists_account) {
                (true, true) => Some(true),
                (true, false) => None,
                (false, _) => Some(false),
            },
            Principal::Session { role, arn } => match (lists_arn(arn), lists_arn(role)) {
                (false, false) => Some(false),
                (true, true) if lists_account => Some(true),
                (false, true) if lists_account && !self.lists_session_of(arn) => Some(true),
                _ => None,
            },
        };
        match complete {
            Some(false) if self.may_be_canonical(principal) => Err(Doubt::CanonicalUser),
            Some(spared) => Ok(spared),
            None => Err(Doubt::PartialNotPrincipal),
        }
    }

    /// Whether some session of the same role is listed.
    fn lists_session_of(&self, session: &str) -> bool {
        let Some((role, _)) = session.rsplit_once('/') else {
            return false;
        };
        self.entries
            .iter()
            .any(|entry| matches!(entry, Entry::Arn(listed) if listed.rsplit_once('/').is_some_and(|(listed, _)| listed == role)))
    }
}

fn is_account(entry: &Entry) -> bool {
    matches!(entry, Entry::Account(_))
}

/// How an entry names the caller, if it does.
pub(super) fn named(entry: &Entry, principal: &Principal) -> Option<Grip> {
    match (entry, principal) {
        (Entry::Everyone, _) => Some(Grip::Direct),
        (Entry::Account(account), Principal::Root { account: own }) => {
            (account == own).then_some(Grip::Direct)
        }
        (Entry::Account(account), other) => {
            (other.account() == Some(account)).then_some(Grip::Account)
        }
        (Entry::Arn(listed), Principal::User { arn }) => (listed == arn).then_some(Grip::Direct),
        (Entry::Arn(listed), Principal::Session { role, arn }) => {
            if listed == arn {
                Some(Grip::Direct)
            } else {
                (listed == role).then_some(Grip::Role)
            }
        }
        (Entry::Service(listed), Principal::Service(name))
        | (Entry::Federated(listed), Principal::Federated(name)) => {
            (listed == name).then_some(Grip::Direct)
        }
        _ => None,
    }
}
