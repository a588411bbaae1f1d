//! KMS grants: permissions beside the key policy, given to one principal on one key.
//!
//! Follows "Grants in AWS KMS"
//! (<https://docs.aws.amazon.com/kms/latest/developerguide/grants.html>) and "Retiring and revoking
//! grants" (<https://docs.aws.amazon.com/kms/latest/developerguide/grant-delete.html>).

use std::collections::BTreeMap;

use super::context::{Context, Request};
use super::explain::ElementView;
use super::principal::{Entry, Grip, Principal, named};

/// A grant. Cloning it is for a world that is cloned; the engine only reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The ARN of the key it is on.
    pub key: String,
    /// The account in which it was made.
    pub account: String,
    /// Who may use it: the ARN of a role, of a session or of a user.
    pub grantee: String,
    /// Who besides may retire it.
    pub retiring: Option<String>,
    /// What it allows, as the API names it: `Decrypt`, `ReEncryptFrom`.
    pub operations: Vec<String>,
    /// What the encryption context must be.
    pub constraint: Option<Constraint>,
}

/// What the encryption context of a cryptographic operation must be. Keys and values are compared
/// letter by letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Constraint {
    /// These pairs and no others.
    Equals(BTreeMap<String, String>),
    /// At least these pairs.
    Subset(BTreeMap<String, String>),
}

/// The operations that have an encryption context; a constraint says nothing of the others.
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

/// In lower case, as the engine compares actions. Who may retire a grant is said by the grant.
pub(super) const RETIRE: &str = "kms:retiregrant";

impl Grant {
    /// Whether it is a grant to this caller on this key, and the action one that a grant could have
    /// allowed.
    pub(super) fn concerns(&self, request: &Request<'_>) -> bool {
        let name = request.action.split_once(':').map_or("", |(_, name)| name);
        let could = WITH_CONTEXT
            .iter()
            .chain(WITHOUT_CONTEXT)
            .any(|operation| operation.eq_ignore_ascii_case(name));
        could && self.key == request.resource && hold(&self.grantee, request.principal).is_some()
    }

    /// How the grant allows a request, if it does.
    pub(super) fn grip(&self, request: &Request<'_>) -> Option<Grip> {
        if self.key != request.resource {
            return None;
        }
        if request.action.eq_ignore_ascii_case(RETIRE) {
            return self.retire(request.principal);
        }
        let grip = hold(&self.grantee, request.principal)?;
        let operation = self.operation(request.action)?;
        let within = match operation {
            // A grant made through a grant gives no more than that one.
            "CreateGrant" => self.constraint.is_none() && self.gives_all(request.context),
            operation if WITH_CONTEXT.contains(&operation) => {
                self.constraint.as_ref().is_none_or(|constraint| constraint.holds(request.context))
            }
            _ => true,
        };
        within.then_some(grip)
    }

    /// What of the grant matches a request, for people.
    pub(super) fn elements(&self, request: &Request<'_>) -> Vec<ElementView> {
        let retires = request.action.eq_ignore_ascii_case(RETIRE);
        let element =
            |element: &str, matched: bool, policy: Vec<String>, request: Vec<String>| ElementView {
                element: element.to_owned(),
                matched: Ok::<_, ()>(matched).into(),
                policy,
                request: Some(request),
            };
        let who = vec![request.principal.to_string()];
        let mut elements = vec![element(
            "KeyId",
            self.key == request.resource,
            vec![self.key.clone()],
            vec![request.resource.to_owned()],
        )];
        if retires {
            let may = self.retire(request.principal).is_some();
            let retiring = self.retiring.iter().chain([&self.account]).cloned().collect();
            elements.push(element("RetiringPrincipal", may, retiring, who));
            return elements;
        }
        let holds = hold(&self.grantee, request.principal).is_some();
        elements.push(element("GranteePrincipal", holds, vec![self.grantee.clone()], who));
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
    fn retire(&self, principal: &Principal) -> Option<Grip> {
        let retiring = self.retiring.as_ref().and_then(|arn| hold(arn, principal));
        let grantee = self.operation(RETIRE).and_then(|_| hold(&self.grantee, principal));
        let account = (principal.account() == Some(&self.account)).then_some(Grip::Account);
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

    fn gives_all(&self, context: &Context) -> bool {
        let asked = context.get("kms:GrantOperations").unwrap_or_default();
        !asked.is_empty() && asked.iter().all(|operation| self.operations.contains(operation))
    }
}

impl Constraint {
    /// The word of `kms:GrantConstraintType`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Equals(_) => "EncryptionContextEquals",
            Self::Subset(_) => "EncryptionContextSubset",
        }
    }

    /// The pairs.
    #[must_use]
    pub fn pairs(&self) -> &BTreeMap<String, String> {
        match self {
            Self::Equals(pairs) | Self::Subset(pairs) => pairs,
        }
    }

    fn holds(&self, context: &Context) -> bool {
        let keys = context.get("kms:EncryptionContextKeys").unwrap_or_default();
        let has = |(key, value): (&String, &String)| {
            let said = context.get(&format!("kms:EncryptionContext:{key}"));
            keys.contains(key) && matches!(said, Some([only]) if only == value)
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
fn hold(arn: &str, principal: &Principal) -> Option<Grip> {
    let entry = match arn.strip_suffix(":root").and_then(|start| start.rsplit_once(':')) {
        Some((_, account)) => Entry::Account(account.to_owned()),
        None => Entry::Arn(arn.to_owned()),
    };
    named(&entry, principal)
}
