//! KMS grants: permissions beside the key policy, given to one principal on one key.
//!
//! Follows "Grants in AWS KMS"
//! (<https://docs.aws.amazon.com/kms/latest/developerguide/grants.html>) and "Retiring and revoking
//! grants" (<https://docs.aws.amazon.com/kms/latest/developerguide/grant-delete.html>).

use std::collections::BTreeMap;

use crate::context::{Context, Request};
use crate::explain::ElementView;
use crate::principal::{Entry, Principal, PrincipalMatch, entry_match};

/// A grant on a KMS key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The ARN of the key.
    pub key: String,
    /// The id of the account in which the grant was made.
    pub account: String,
    /// The grantee principal: the ARN of a role, of a session or of a user.
    pub grantee: String,
    /// The retiring principal: the ARN of who may retire the grant, besides its account.
    pub retiring: Option<String>,
    /// The operations it allows, as the API names them: `Decrypt`, `ReEncryptFrom`.
    pub operations: Vec<String>,
    /// What the encryption context of a cryptographic operation must be, if anything.
    pub constraint: Option<Constraint>,
}

/// A constraint of a grant on the encryption context of cryptographic operations. Keys and values
/// are compared letter by letter
/// (<https://docs.aws.amazon.com/kms/latest/developerguide/create-grant-overview.html#grant-constraints>).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Constraint {
    /// `EncryptionContextEquals`: these pairs and no others.
    Equals(BTreeMap<String, String>),
    /// `EncryptionContextSubset`: at least these pairs.
    Subset(BTreeMap<String, String>),
}

/// The operations that have an encryption context; a constraint does not apply to the others.
const WITH_CONTEXT: &[&str] = &[
    "Decrypt",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
];

/// The other operations that a grant on a symmetric key can have.
const WITHOUT_CONTEXT: &[&str] = &["CreateGrant", "DescribeKey", "RetireGrant"];

/// The action that retires a grant, in lower case, as the engine compares actions. The grant itself
/// names who may do so.
pub(crate) const RETIRE: &str = "kms:retiregrant";

impl Grant {
    /// Whether it is a grant to this caller on this key, and the action one that a grant could have
    /// allowed.
    pub(crate) fn is_relevant_to(&self, request: &Request<'_>) -> bool {
        let name = request.action.split_once(':').map_or("", |(_, name)| name);
        let is_grantable = WITH_CONTEXT
            .iter()
            .chain(WITHOUT_CONTEXT)
            .any(|operation| operation.eq_ignore_ascii_case(name));
        is_grantable
            && self.key == request.resource
            && match_arn(&self.grantee, request.principal).is_some()
    }

    /// How the grant allows a request, if it does.
    pub(crate) fn principal_match(&self, request: &Request<'_>) -> Option<PrincipalMatch> {
        if self.key != request.resource {
            return None;
        }
        if request.action.eq_ignore_ascii_case(RETIRE) {
            return self.retire(request.principal);
        }
        let principal_match = match_arn(&self.grantee, request.principal)?;
        let operation = self.operation(request.action)?;
        let within = match operation {
            // A grant that is made through a grant allows no more than that one.
            "CreateGrant" => {
                self.constraint.is_none() && self.grants_all_operations(request.context)
            }
            operation if WITH_CONTEXT.contains(&operation) => {
                self.constraint.as_ref().is_none_or(|constraint| constraint.holds(request.context))
            }
            _ => true,
        };
        within.then_some(principal_match)
    }

    /// Which parts of the grant match a request, as elements of an explanation.
    pub(crate) fn elements(&self, request: &Request<'_>) -> Vec<ElementView> {
        let retires = request.action.eq_ignore_ascii_case(RETIRE);
        let element =
            |element: &str, matched: bool, policy: Vec<String>, request: Vec<String>| ElementView {
                element: element.to_owned(),
                matched: Ok::<_, ()>(matched).into(),
                policy,
                request: Some(request),
            };
        let caller = vec![request.principal.to_string()];
        let mut elements = vec![element(
            "KeyId",
            self.key == request.resource,
            vec![self.key.clone()],
            vec![request.resource.to_owned()],
        )];
        if retires {
            let may = self.retire(request.principal).is_some();
            let retiring = self.retiring.iter().chain([&self.account]).cloned().collect();
            elements.push(element("RetiringPrincipal", may, retiring, caller));
            return elements;
        }
        let holds = match_arn(&self.grantee, request.principal).is_some();
        elements.push(element("GranteePrincipal", holds, vec![self.grantee.clone()], caller));
        let operation = self.operation(request.action);
        elements.push(element(
            "Operations",
            operation.is_some(),
            self.operations.clone(),
            vec![request.action.to_owned()],
        ));
        if let (Some(constraint), Some(operation)) = (&self.constraint, operation)
            && WITH_CONTEXT.contains(&operation)
        {
            let pairs =
                constraint.pairs().iter().map(|(key, value)| format!("{key}={value}")).collect();
            let keys =
                request.context.get("kms:EncryptionContextKeys").unwrap_or_default().to_vec();
            elements.push(element(
                constraint.kind(),
                constraint.holds(request.context),
                pairs,
                keys,
            ));
        }
        elements
    }

    /// The retiring principal, the grantee if `RetireGrant` is among the operations, and the
    /// account in which the grant was made. That the account passes this on through its identity
    /// policies, as it does for keys, is assumed: the guide says only that the permission can be
    /// used there and "has limited utility".
    fn retire(&self, principal: &Principal) -> Option<PrincipalMatch> {
        let retiring = self.retiring.as_ref().and_then(|arn| match_arn(arn, principal));
        let grantee = self.operation(RETIRE).and_then(|_| match_arn(&self.grantee, principal));
        let account =
            (principal.account() == Some(&self.account)).then_some(PrincipalMatch::Account);
        retiring.max(grantee).max(account)
    }

    /// The operation of the grant that an action is.
    fn operation(&self, action: &str) -> Option<&str> {
        let (service, name) = action.split_once(':')?;
        let same = |operation: &&String| {
            service.eq_ignore_ascii_case("kms") && operation.eq_ignore_ascii_case(name)
        };
        self.operations.iter().find(same).map(String::as_str)
    }

    fn grants_all_operations(&self, context: &Context) -> bool {
        let requested = context.get("kms:GrantOperations").unwrap_or_default();
        !requested.is_empty()
            && requested.iter().all(|operation| self.operations.contains(operation))
    }
}

impl Constraint {
    /// The name of the constraint in the API and in `kms:GrantConstraintType`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Equals(_) => "EncryptionContextEquals",
            Self::Subset(_) => "EncryptionContextSubset",
        }
    }

    /// The pairs of the encryption context that are constrained.
    #[must_use]
    pub fn pairs(&self) -> &BTreeMap<String, String> {
        match self {
            Self::Equals(pairs) | Self::Subset(pairs) => pairs,
        }
    }

    fn holds(&self, context: &Context) -> bool {
        let keys = context.get("kms:EncryptionContextKeys").unwrap_or_default();
        let has = |(key, value): (&String, &String)| {
            let actual = context.get(&format!("kms:EncryptionContext:{key}"));
            keys.contains(key) && matches!(actual, Some([only]) if only == value)
        };
        let all = self.pairs().iter().all(has);
        match self {
            Self::Equals(pairs) => all && pairs.len() == keys.len(),
            Self::Subset(_) => all,
        }
    }
}

/// How an ARN names the caller: a role's ARN every session of it, as in a policy. That boundary and
/// session policies limit what a role is granted, as they limit what a policy gives it, is assumed.
/// An account's root, which may be a retiring principal, stands for its account.
fn match_arn(arn: &str, principal: &Principal) -> Option<PrincipalMatch> {
    let entry = match arn.strip_suffix(":root").and_then(|start| start.rsplit_once(':')) {
        Some((_, account)) => Entry::Account(account.to_owned()),
        None => Entry::Arn(arn.to_owned()),
    };
    entry_match(&entry, principal)
}
