//! The caller of a request, and the principals that a policy names.
//!
//! Follows "AWS JSON policy elements: Principal" and the page on `NotPrincipal`.

use std::borrow::Cow;
use std::fmt;

use crate::error::UndecidableCause;

/// The caller of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// An unsigned request.
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
    /// A user of a web identity or SAML provider, who assumes a role: the provider's name or ARN.
    Federated(String),
    /// An AWS service by its service principal, such as `logging.s3.amazonaws.com`.
    Service(String),
}

impl Principal {
    /// The id of the principal's account; `None` for anonymous callers, services and federated
    /// users.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        match self {
            Principal::Anonymous | Principal::Federated(_) | Principal::Service(_) => None,
            Principal::Root { account } => Some(account),
            Principal::User { arn } | Principal::Session { arn, .. } => arn.split(':').nth(4),
        }
    }

    /// The partition of the ARN of a user or a session, such as `aws-cn`; `None` for all others.
    pub(crate) fn partition(&self) -> Option<&str> {
        self.arn().and_then(|arn| arn.split(':').nth(1))
    }

    /// The ARN of a user or of a session, which AWS prints in messages; `None` for all others. The
    /// ARN of a root user is made by [`to_arn`](Self::to_arn).
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

    /// The ARN of a user, a session or a root user, which AWS prints in messages; `None` for
    /// anonymous callers, services and federated users.
    #[must_use]
    pub fn to_arn(&self) -> Option<Cow<'_, str>> {
        match self {
            Principal::Root { account } => Some(Cow::Owned(format!("arn:aws:iam::{account}:root"))),
            Principal::Anonymous
            | Principal::User { .. }
            | Principal::Session { .. }
            | Principal::Federated(_)
            | Principal::Service(_) => self.arn().map(Cow::Borrowed),
        }
    }

    /// Whether this is a session of a service-linked role, which no organization policy limits.
    pub(crate) fn is_service_linked(&self) -> bool {
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
pub(crate) enum Entry {
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

/// How a `Principal` element, or a grant, names the caller; in the order of strength.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PrincipalMatch {
    /// By its account: a delegation, which needs the account's own policies to allow.
    Account,
    /// By the role of its session: permissions boundary and session policies still limit it.
    Role,
    /// Itself, or as everyone: in the same account nothing of the identity limits it.
    Direct,
}

/// The `Principal` or `NotPrincipal` of a statement.
#[derive(Clone, Debug)]
pub(crate) struct Principals {
    pub(crate) negated: bool,
    pub(crate) entries: Vec<Entry>,
}

impl Principals {
    /// How the element matches the caller, if it does; `bounded` is whether the caller has a
    /// permissions boundary.
    pub(crate) fn principal_match(
        &self,
        principal: &Principal,
        bounded: bool,
    ) -> Result<Option<PrincipalMatch>, UndecidableCause> {
        if self.negated {
            return self
                .excludes(principal, bounded)
                .map(|excluded| (!excluded).then_some(PrincipalMatch::Direct));
        }
        let principal_match =
            self.entries.iter().filter_map(|entry| entry_match(entry, principal)).max();
        match principal_match {
            None if self.may_be_canonical(principal) => Err(UndecidableCause::CanonicalUser),
            principal_match => Ok(principal_match),
        }
    }

    /// Whether the caller may be the canonical user the element names.
    fn may_be_canonical(&self, principal: &Principal) -> bool {
        principal.account().is_some() && self.entries.contains(&Entry::CanonicalUser)
    }

    /// Whether a `NotPrincipal` leaves the caller out. AWS checks the account, then the role, then
    /// the session, each for itself, so all have to be listed; it documents that a list without
    /// them "might" deny, and that a caller with a permissions boundary is never left out.
    fn excludes(&self, principal: &Principal, bounded: bool) -> Result<bool, UndecidableCause> {
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
        let lists_account = self
            .entries
            .iter()
            .any(|entry| entry_match(entry, principal).is_some() && is_account(entry));
        let complete = match principal {
            Principal::Anonymous => Some(false),
            Principal::Root { .. } => Some(lists_account),
            Principal::Service(_) | Principal::Federated(_) => {
                Some(self.entries.iter().any(|entry| entry_match(entry, principal).is_some()))
            }
            Principal::User { arn } => match (lists_arn(arn), lists_account) {
                (true, true) => Some(true),
                (true, false) => None,
                (false, _) => Some(false),
            },
            Principal::Session { role, arn } => match (lists_arn(arn), lists_arn(role)) {
                // That its role alone leaves no session out was seen by those who reported
                // <https://github.com/japan-d2/secure-stack-template-aws/issues/34>,
                // <https://github.com/aws/aws-cdk/issues/12865>,
                // <https://github.com/aws/aws-cli/issues/1333>, and by
                // <https://blog.neverendingqs.com/2017/09/24/aws-lambda-notprincipal.html>.
                (false, _) => Some(false),
                (true, true) if lists_account => Some(true),
                (true, _) => None,
            },
        };
        match complete {
            Some(false) if self.may_be_canonical(principal) => Err(UndecidableCause::CanonicalUser),
            Some(excluded) => Ok(excluded),
            None => {
                Err(UndecidableCause::PartialNotPrincipal(self.unlisted(principal, lists_account)))
            }
        }
    }

    /// What a `NotPrincipal` that lists a part of the caller lacks.
    fn unlisted(&self, principal: &Principal, lists_account: bool) -> &'static str {
        let lists_role = match principal {
            Principal::Session { role, .. } => self
                .entries
                .iter()
                .any(|entry| matches!(entry, Entry::Arn(listed) if listed == role)),
            Principal::Anonymous
            | Principal::Root { .. }
            | Principal::User { .. }
            | Principal::Federated(_)
            | Principal::Service(_) => true,
        };
        match (lists_role, lists_account) {
            (false, false) => "its role and account",
            (false, true) => "its role",
            (true, _) => "its account",
        }
    }
}

fn is_account(entry: &Entry) -> bool {
    matches!(entry, Entry::Account(_))
}

/// How an entry names the caller, if it does.
pub(crate) fn entry_match(entry: &Entry, principal: &Principal) -> Option<PrincipalMatch> {
    match (entry, principal) {
        (Entry::Everyone, _) => Some(PrincipalMatch::Direct),
        (Entry::Account(account), Principal::Root { account: own }) => {
            (account == own).then_some(PrincipalMatch::Direct)
        }
        (Entry::Account(account), other) => {
            (other.account() == Some(account)).then_some(PrincipalMatch::Account)
        }
        (Entry::Arn(listed), Principal::User { arn }) => {
            (listed == arn).then_some(PrincipalMatch::Direct)
        }
        (Entry::Arn(listed), Principal::Session { role, arn }) => {
            if listed == arn {
                Some(PrincipalMatch::Direct)
            } else {
                (listed == role).then_some(PrincipalMatch::Role)
            }
        }
        (Entry::Service(listed), Principal::Service(name))
        | (Entry::Federated(listed), Principal::Federated(name)) => {
            (listed == name).then_some(PrincipalMatch::Direct)
        }
        (Entry::CanonicalUser, _)
        | (
            Entry::Arn(_),
            Principal::Anonymous
            | Principal::Root { .. }
            | Principal::Federated(_)
            | Principal::Service(_),
        )
        | (
            Entry::Service(_),
            Principal::Anonymous
            | Principal::Root { .. }
            | Principal::User { .. }
            | Principal::Session { .. }
            | Principal::Federated(_),
        )
        | (
            Entry::Federated(_),
            Principal::Anonymous
            | Principal::Root { .. }
            | Principal::User { .. }
            | Principal::Session { .. }
            | Principal::Service(_),
        ) => None,
    }
}
