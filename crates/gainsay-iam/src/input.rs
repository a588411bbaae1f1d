//! One question to the engine with everything it needs, owned; and the line of JSON that asks it,
//! as `gainsay decide` reads it.
//!
//! ```json
//! {"id": "1", "principal": "arn:aws:sts::111122223333:assumed-role/app/s1", "action": "s3:PutObject", "resource": "arn:aws:s3:::b/k",
//!  "resource_account": "111122223333", "context": {"aws:SecureTransport": "true"},
//!  "policies": {"identity": [{}], "resource": {}, "boundary": {}, "session": {}, "scp": [[{}], [{}]], "rcp": [[{}]], "vpce": {}, "grants": [{}]}}
//! ```
//!
//! The context is complete: a key it lacks is absent, also one that follows from the principal. The
//! one thing read out of it is the path of a session's role, from `aws:PrincipalArn`, because the
//! ARN of a session does not tell it.

use serde_json::Value;

use super::context::{Context, OwnedRequest, Request};
use super::document::Policy;
use super::error::{DocumentError, Undecidable};
use super::evaluate::{Evaluation, Policies, evaluate};
use super::grant::{Constraint, Grant};
use super::layer::PolicyKind;
use super::principal::Principal;
use super::written::{Written, WrittenConstraints, WrittenDocument, WrittenGrant, WrittenPolicies};

/// A request and every policy that applies to it.
#[derive(Clone, Debug)]
pub struct EvaluationInput {
    /// The request.
    pub request: OwnedRequest,
    /// See [`Policies`], of which these are the owned parts.
    pub identity: Vec<Policy>,
    /// The policy of the resource.
    pub resource_policy: Option<Policy>,
    /// The grants on the key.
    pub grants: Vec<Grant>,
    /// The permissions boundary.
    pub boundary: Option<Policy>,
    /// The session policies.
    pub session: Vec<Policy>,
    /// Service control policies by level.
    pub scp: Vec<Vec<Policy>>,
    /// Resource control policies by level.
    pub rcp: Vec<Vec<Policy>>,
    /// The policy of the VPC endpoint.
    pub vpc_endpoint: Option<Policy>,
}

/// Why a line asks nothing that can be answered.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum EvaluationInputError {
    /// It is no JSON, or not that of a question.
    #[error("the question cannot be read: {0}")]
    Malformed(String),
    /// The principal is none of those a request can have.
    #[error(
        "`{0}` is no principal: write the ARN of a user, of a role session or of an account's root, the name of a service, or `anonymous`"
    )]
    Principal(String),
    /// A policy that AWS would not store.
    #[error("`policies.{place}`: {error}")]
    Policy {
        /// Which: `identity[0]`.
        place: String,
        /// What is wrong with it.
        error: DocumentError,
    },
    /// A grant with constraints of both kinds, which KMS does not make.
    #[error("`policies.grants[{0}]` has constraints of both kinds; KMS takes one")]
    Grant(usize),
}

impl EvaluationInputError {
    /// The stable word for it. For a policy that AWS would not store, that of its problem.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed",
            Self::Principal(_) => "principal",
            Self::Policy { error, .. } => error.problem().code(),
            Self::Grant(_) => "grant",
        }
    }
}

impl EvaluationInput {
    /// Reads a question, and the id it has: also that of a question that cannot be answered, if it
    /// can be found.
    pub fn read(line: &str) -> (Value, Result<Self, EvaluationInputError>) {
        match serde_json::from_str::<Written>(line) {
            Ok(written) => {
                let Written {
                    id,
                    principal,
                    action,
                    resource,
                    resource_account,
                    context,
                    policies,
                } = written;
                let context = context.into_context();
                let input = principal_of(&principal, &action, &context).and_then(|principal| {
                    let request = OwnedRequest {
                        resource_account: resource_account
                            .unwrap_or_else(|| account_of(&resource, &principal)),
                        principal,
                        action,
                        resource,
                        context,
                    };
                    Self::of(request, policies)
                });
                (id, input)
            }
            Err(error) => {
                let id = serde_json::from_str::<Value>(line)
                    .ok()
                    .and_then(|value| value.get("id").cloned())
                    .unwrap_or_default();
                (id, Err(EvaluationInputError::Malformed(error.to_string())))
            }
        }
    }

    /// The request with its policies, compiled.
    fn of(request: OwnedRequest, written: WrittenPolicies) -> Result<Self, EvaluationInputError> {
        let service = request.action.split_once(':').map_or("", |(service, _)| service);
        let kind = match service.to_ascii_lowercase().as_str() {
            "kms" => PolicyKind::KeyPolicy,
            "sts" => PolicyKind::TrustPolicy,
            "s3" => PolicyKind::Bucket,
            _ => PolicyKind::Resource,
        };
        Ok(Self {
            identity: many(PolicyKind::Identity, "identity", &written.identity.0)?,
            resource_policy: one(kind, "resource", written.resource.as_ref())?,
            grants: grants(written.grants.unwrap_or_default(), &request.resource)?,
            boundary: one(PolicyKind::Boundary, "boundary", written.boundary.as_ref())?,
            session: many(PolicyKind::Session, "session", &written.session.0)?,
            scp: levels(PolicyKind::Scp, "scp", &written.scp.0)?,
            rcp: levels(PolicyKind::Rcp, "rcp", &written.rcp.0)?,
            vpc_endpoint: one(PolicyKind::VpcEndpoint, "vpce", written.vpce.as_ref())?,
            request,
        })
    }

    /// The request.
    #[must_use]
    pub fn request(&self) -> Request<'_> {
        self.request.request()
    }

    /// The policies.
    #[must_use]
    pub fn policies(&self) -> Policies<'_> {
        Policies {
            identity: &self.identity,
            resource: self.resource_policy.as_ref(),
            grants: &self.grants,
            boundary: self.boundary.as_ref(),
            session: &self.session,
            scp: &self.scp,
            rcp: &self.rcp,
            vpc_endpoint: self.vpc_endpoint.as_ref(),
        }
    }

    /// What AWS decides.
    ///
    /// # Errors
    /// As [`evaluate`].
    pub fn evaluate(&self) -> Result<Evaluation, Undecidable> {
        evaluate(&self.request(), &self.policies())
    }
}

fn compile(
    kind: PolicyKind,
    place: impl FnOnce() -> String,
    document: &WrittenDocument,
) -> Result<Policy, EvaluationInputError> {
    Policy::from_value(kind, &document.0)
        .map_err(|error| EvaluationInputError::Policy { place: place(), error })
}

fn one(
    kind: PolicyKind,
    name: &str,
    document: Option<&WrittenDocument>,
) -> Result<Option<Policy>, EvaluationInputError> {
    document.map(|document| compile(kind, || name.to_owned(), document)).transpose()
}

fn many(
    kind: PolicyKind,
    name: &str,
    documents: &[WrittenDocument],
) -> Result<Vec<Policy>, EvaluationInputError> {
    let compiled = documents
        .iter()
        .enumerate()
        .map(|(index, document)| compile(kind, || format!("{name}[{index}]"), document));
    compiled.collect()
}

fn levels(
    kind: PolicyKind,
    name: &str,
    levels: &[Vec<WrittenDocument>],
) -> Result<Vec<Vec<Policy>>, EvaluationInputError> {
    let compiled = levels
        .iter()
        .enumerate()
        .map(|(index, level)| many(kind, &format!("{name}[{index}]"), level));
    compiled.collect()
}

fn grants(written: Vec<WrittenGrant>, resource: &str) -> Result<Vec<Grant>, EvaluationInputError> {
    let grant = |(index, written): (usize, WrittenGrant)| {
        let constraint = match written.constraints.unwrap_or_default() {
            WrittenConstraints { equals: Some(_), subset: Some(_) } => {
                return Err(EvaluationInputError::Grant(index));
            }
            WrittenConstraints { equals: Some(pairs), .. } => Some(Constraint::Equals(pairs)),
            WrittenConstraints { subset: Some(pairs), .. } => Some(Constraint::Subset(pairs)),
            WrittenConstraints { .. } => None,
        };
        // `ListGrants` prints the id of the key or its ARN; grants of another key do not concern
        // the question.
        let key = match written.key {
            Some(key) if key.starts_with("arn:") => key,
            Some(id) if !resource.ends_with(&format!("/{id}")) => id,
            _ => resource.to_owned(),
        };
        let account = match written.issuing_account {
            Some(root) => root.split(':').nth(4).map_or_else(|| root.clone(), str::to_owned),
            None => resource.split(':').nth(4).unwrap_or_default().to_owned(),
        };
        Ok(Grant {
            key,
            account,
            grantee: written.grantee,
            retiring: written.retiring,
            operations: written.operations.iter().map(|name| operation(name)).collect(),
            constraint,
        })
    };
    written.into_iter().enumerate().map(grant).collect()
}

/// `Decrypt`, also where it is written as the action is.
fn operation(name: &str) -> String {
    name.strip_prefix("kms:").unwrap_or(name).to_owned()
}

/// Providers of web identities that a trust policy names without an ARN
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>).
const WEB_IDENTITIES: [&str; 4] = [
    "cognito-identity.amazonaws.com",
    "www.amazon.com",
    "graph.facebook.com",
    "accounts.google.com",
];

/// The principal that a text names.
fn principal_of(
    text: &str,
    action: &str,
    context: &Context,
) -> Result<Principal, EvaluationInputError> {
    let federated = ["sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(action))
        || WEB_IDENTITIES.contains(&text);
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let principal = match parts.as_slice() {
        ["anonymous"] => Principal::Anonymous,
        ["arn", _, "iam", "", account, "root"] => {
            Principal::Root { account: (*account).to_owned() }
        }
        ["arn", _, "iam", "", _, name] if name.starts_with("user/") => {
            Principal::User { arn: text.to_owned() }
        }
        ["arn", _, "iam", "", _, name]
            if name.starts_with("saml-provider/") || name.starts_with("oidc-provider/") =>
        {
            Principal::Federated(text.to_owned())
        }
        ["arn", _, "sts", "", _, name] if name.starts_with("federated-user/") => {
            Principal::User { arn: text.to_owned() }
        }
        ["arn", partition, "sts", "", account, name] => {
            match name.split('/').collect::<Vec<_>>().as_slice() {
                ["assumed-role", role, session] if !role.is_empty() && !session.is_empty() => {
                    Principal::Session {
                        role: role_of(partition, account, role, context),
                        arn: text.to_owned(),
                    }
                }
                _ => return Err(EvaluationInputError::Principal(text.to_owned())),
            }
        }
        [name] if name.contains('.') && federated => Principal::Federated((*name).to_owned()),
        [name] if name.contains('.') => Principal::Service((*name).to_owned()),
        _ => return Err(EvaluationInputError::Principal(text.to_owned())),
    };
    Ok(principal)
}

/// The role of a session: with its path, where the context tells it.
fn role_of(partition: &str, account: &str, name: &str, context: &Context) -> String {
    let plain = format!("arn:{partition}:iam::{account}:role/{name}");
    let Some([told]) = context.get("aws:PrincipalArn") else {
        return plain;
    };
    let same_account = told.starts_with(&format!("arn:{partition}:iam::{account}:role/"));
    if same_account && told.rsplit('/').next() == Some(name) { told.clone() } else { plain }
}

/// The account of a resource whose account is not told: that of its ARN, else the principal's.
fn account_of(resource: &str, principal: &Principal) -> String {
    let told = resource.split(':').nth(4).filter(|account| !account.is_empty());
    told.or_else(|| principal.account()).unwrap_or_default().to_owned()
}
