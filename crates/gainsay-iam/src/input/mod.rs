//! A request with every policy that applies to it, read from JSON.

mod caller;
mod json;
pub(crate) mod line;

use serde_json::Value;

use crate::context::{Context, OwnedRequest, Request};
use crate::error::{DocumentError, Undecidable};
use crate::evaluate::{Evaluation, Policies, evaluate};
use crate::grant::{Constraint, Grant};
use crate::input::json::{JsonConstraints, JsonDocument, JsonGrant, JsonInput, JsonPolicies};
use crate::layer::PolicyKind;
use crate::policy::Policy;
use crate::principal::Principal;

/// A request and every policy that applies to it, owned: what [`evaluate`] takes, in one value. It
/// can be read from JSON:
///
/// ```
/// use gainsay_iam::{Decision, EvaluationInput};
///
/// let (id, input) = EvaluationInput::read(
///     r#"{"id": "1",
///         "principal": "arn:aws:sts::111122223333:assumed-role/app/s1",
///         "action": "s3:PutObject", "resource": "arn:aws:s3:::bucket/key",
///         "resource_account": "111122223333",
///         "context": {"aws:SecureTransport": "true"},
///         "policies": {
///             "identity": [{"Version": "2012-10-17", "Statement": {
///                 "Effect": "Allow", "Action": "s3:*", "Resource": "*"}}],
///             "scp": [[{"Version": "2012-10-17", "Statement": {
///                 "Effect": "Deny", "Action": "s3:Put*", "Resource": "*"}}]]}}"#,
/// );
/// assert_eq!(id, "1");
/// assert_eq!(input?.evaluate()?.decision, Decision::ExplicitDeny);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// `policies` may have `identity`, `resource`, `boundary`, `session`, `vpce`, `grants` (as
/// `kms:ListGrants` prints them), and `scp` and `rcp`, which are lists of levels. Of an account
/// that manages its organization leave both out: they do not limit it. `public_access_block` has
/// the settings of S3 Block Public Access, as `GetPublicAccessBlock` prints them, or a list: those
/// of the bucket, of its account, of the access point.
///
/// The context is complete: a key it lacks is absent, except those that follow from the rest of the
/// question and that AWS always sends. `aws:PrincipalArn`, `aws:PrincipalAccount`,
/// `aws:PrincipalType`, `aws:username`, `aws:PrincipalIsAWSService` and `kms:CallerAccount` follow
/// from the principal, `aws:ResourceAccount` from the resource; `aws:userid`, whose id the
/// principal does not have, is undecidable where it is read and not given. A context that says
/// otherwise is an error. The path of a session's role is read from `aws:PrincipalArn`, because the
/// ARN of a session does not have it.
#[derive(Clone, Debug)]
pub struct EvaluationInput {
    /// The request.
    pub request: OwnedRequest,
    /// Identity-based policies of the user or role.
    pub identity: Vec<Policy>,
    /// The resource-based policy: of the bucket, the KMS key, or the role to assume.
    pub resource_policy: Option<Policy>,
    /// The grants on the KMS key.
    pub grants: Vec<Grant>,
    /// The permissions boundary of the user or role.
    pub boundary: Option<Policy>,
    /// The session policies.
    pub session: Vec<Policy>,
    /// Service control policies: levels from the root down.
    pub scp: Vec<Vec<Policy>>,
    /// Resource control policies: levels from the root down.
    pub rcp: Vec<Vec<Policy>>,
    /// The policy of the VPC endpoint the request came through.
    pub vpc_endpoint: Option<Policy>,
    /// Whether S3 Block Public Access restricts public buckets.
    pub restrict_public_buckets: bool,
}

/// The error for JSON that is no [`EvaluationInput`].
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluationInputError {
    /// It is no JSON, or of another shape.
    #[error("the question cannot be read: {0}")]
    Malformed(String),
    /// The principal is none of those a request can have.
    #[error(
        "`{0}` is no principal: write the ARN of a user, of a role session or of an account's \
         root, the name of a service, or `anonymous`{role}",
        role = of_role(.0)
    )]
    Principal(String),
    /// A policy is one that AWS would not store.
    #[error("`policies.{place}`: {error}")]
    Policy {
        /// Where it is below `policies`, such as `identity[0]`.
        place: String,
        /// What is wrong with the policy.
        error: DocumentError,
    },
    /// The context has a key that follows from the rest of the question, and has it differently.
    #[error("the context's `{key}` is {found}, and {of} has {expected}")]
    Contradiction {
        /// The key.
        key: &'static str,
        /// What the context has.
        found: String,
        /// What the key follows from.
        of: String,
        /// What that says of the key.
        expected: String,
    },
    /// A grant, of this index, has constraints of both kinds, which KMS does not make.
    #[error("`policies.grants[{0}]` has constraints of both kinds; KMS takes one")]
    Grant(usize),
}

/// How a role asks, for the ARN of a role: always as a session of it.
fn of_role(principal: &str) -> String {
    let parts: Vec<&str> = principal.splitn(6, ':').collect();
    let ["arn", partition, "iam", "", account, name] = parts.as_slice() else {
        return String::new();
    };
    // The ARN of a session has no path.
    let role = name.strip_prefix("role/").and_then(|name| name.rsplit('/').next());
    role.map_or_else(String::new, |role| {
        format!("; a role asks as a session: `arn:{partition}:sts::{account}:assumed-role/{role}/SESSION`")
    })
}

impl EvaluationInputError {
    /// The stable code of the error, such as `malformed`; of a policy that AWS would not store, the
    /// code of its [`Problem`](crate::Problem).
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed",
            Self::Principal(_) => "principal",
            Self::Policy { error, .. } => error.problem().code(),
            Self::Grant(_) => "grant",
            Self::Contradiction { .. } => "contradiction",
        }
    }
}

impl EvaluationInput {
    /// Reads an input from JSON, and the `id` it has, null if none. An input with an error has its
    /// id, too, if it can be found.
    ///
    /// # Errors
    ///
    /// [`EvaluationInputError`] if the text is no JSON of this shape, or a policy is one that AWS
    /// would not store.
    pub fn read(line: &str) -> (Value, Result<Self, EvaluationInputError>) {
        match serde_json::from_str::<JsonInput>(line) {
            Ok(mut input) => {
                let id = std::mem::take(&mut input.id);
                (id, Self::of(input))
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
    fn of(input: JsonInput) -> Result<Self, EvaluationInputError> {
        let JsonInput {
            id: _,
            principal,
            action,
            resource,
            resource_account,
            context,
            policies,
            public_access_block,
        } = input;
        let request =
            request(&principal, action, resource, resource_account, context.into_context())?;
        Ok(Self {
            restrict_public_buckets: public_access_block.restricts(),
            ..Self::compiled(request, policies)?
        })
    }

    fn compiled(request: OwnedRequest, input: JsonPolicies) -> Result<Self, EvaluationInputError> {
        let kind = resource_kind(&request.action);
        Ok(Self {
            identity: many(PolicyKind::Identity, "identity", &input.identity.0)?,
            resource_policy: one(kind, "resource", input.resource.as_ref())?,
            grants: grants(input.grants.unwrap_or_default(), &request.resource)?,
            boundary: one(PolicyKind::Boundary, "boundary", input.boundary.as_ref())?,
            session: many(PolicyKind::Session, "session", &input.session.0)?,
            scp: levels(PolicyKind::Scp, "scp", &input.scp.0)?,
            rcp: levels(PolicyKind::Rcp, "rcp", &input.rcp.0)?,
            vpc_endpoint: one(PolicyKind::VpcEndpoint, "vpce", input.vpce.as_ref())?,
            restrict_public_buckets: false,
            request,
        })
    }

    /// The request, as [`evaluate`] takes it.
    #[must_use]
    pub fn request(&self) -> Request<'_> {
        self.request.request()
    }

    /// The policies, as [`evaluate`] takes them.
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
            restrict_public_buckets: self.restrict_public_buckets,
        }
    }

    /// Decides the request.
    ///
    /// # Errors
    ///
    /// [`Undecidable`] if a statement that could take part in the decision reads something that is
    /// not modelled.
    pub fn evaluate(&self) -> Result<Evaluation, Undecidable> {
        evaluate(&self.request(), &self.policies())
    }
}

/// The request, with the condition keys that follow from the rest of it.
fn request(
    principal: &str,
    action: String,
    resource: String,
    resource_account: Option<String>,
    mut context: Context,
) -> Result<OwnedRequest, EvaluationInputError> {
    let principal = parse_principal(principal, &action, &context)?;
    caller::set_principal(&mut context, &principal)?;
    caller::set_kms_caller(&mut context, &action, &principal)?;
    let resource_account = caller::set_resource_account(
        &mut context,
        &action,
        &resource,
        resource_account,
        &principal,
    )?;
    Ok(OwnedRequest { principal, action, resource, resource_account, context })
}

/// The kind of the resource's policy, by the service of the action.
fn resource_kind(action: &str) -> PolicyKind {
    let service = action.split_once(':').map_or("", |(service, _)| service);
    let is = |name: &str| service.eq_ignore_ascii_case(name);
    if is("kms") {
        PolicyKind::KeyPolicy
    } else if is("sts") {
        PolicyKind::TrustPolicy
    } else if is("s3") {
        PolicyKind::Bucket
    } else {
        PolicyKind::Resource
    }
}

fn compile(
    kind: PolicyKind,
    place: impl FnOnce() -> String,
    document: &JsonDocument,
) -> Result<Policy, EvaluationInputError> {
    // `GetBucketPolicy` and `GetKeyPolicy` answer the document as a text.
    let policy = match &document.0 {
        Value::String(text) if text.trim_start().starts_with('{') => Policy::from_text(kind, text),
        value => Policy::from_value(kind, value),
    };
    policy.map_err(|error| EvaluationInputError::Policy { place: place(), error })
}

fn one(
    kind: PolicyKind,
    name: &str,
    document: Option<&JsonDocument>,
) -> Result<Option<Policy>, EvaluationInputError> {
    // A list of one document can mean nothing else.
    match document.map(|document| &document.0) {
        Some(Value::Array(only)) if only.len() == 1 => {
            let mut compiled = only
                .iter()
                .map(|value| compile(kind, || format!("{name}[0]"), &JsonDocument(value.clone())));
            compiled.next().transpose()
        }
        _ => document.map(|document| compile(kind, || name.to_owned(), document)).transpose(),
    }
}

fn many(
    kind: PolicyKind,
    name: &str,
    documents: &[JsonDocument],
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
    levels: &[Vec<JsonDocument>],
) -> Result<Vec<Vec<Policy>>, EvaluationInputError> {
    let compiled = levels
        .iter()
        .enumerate()
        .map(|(index, level)| many(kind, &format!("{name}[{index}]"), level));
    compiled.collect()
}

fn grants(input: Vec<JsonGrant>, resource: &str) -> Result<Vec<Grant>, EvaluationInputError> {
    let grant = |(index, input): (usize, JsonGrant)| {
        let constraint = match input.constraints.unwrap_or_default() {
            JsonConstraints { equals: Some(_), subset: Some(_) } => {
                return Err(EvaluationInputError::Grant(index));
            }
            JsonConstraints { equals: Some(pairs), .. } => Some(Constraint::Equals(pairs)),
            JsonConstraints { subset: Some(pairs), .. } => Some(Constraint::Subset(pairs)),
            JsonConstraints { .. } => None,
        };
        // `ListGrants` prints the id of the key or its ARN; grants on another key do not match.
        let key = match input.key {
            Some(key) if key.starts_with("arn:") => key,
            Some(id) if !resource.ends_with(&format!("/{id}")) => id,
            _ => resource.to_owned(),
        };
        let account = match input.issuing_account {
            Some(root) => root.split(':').nth(4).map_or_else(|| root.clone(), str::to_owned),
            None => resource.split(':').nth(4).unwrap_or_default().to_owned(),
        };
        Ok(Grant {
            key,
            account,
            grantee: input.grantee,
            retiring: input.retiring,
            operations: input.operations.iter().map(|name| operation(name)).collect(),
            constraint,
        })
    };
    input.into_iter().enumerate().map(grant).collect()
}

/// The name of an operation, `Decrypt`, also where it is given as the action, `kms:Decrypt`.
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

/// The principal that an ARN, a service name or `anonymous` names.
fn parse_principal(
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
                        role: role_of_session(partition, account, role, context),
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

/// The ARN of a session's role: with its path, where `aws:PrincipalArn` has it.
fn role_of_session(partition: &str, account: &str, name: &str, context: &Context) -> String {
    let plain = format!("arn:{partition}:iam::{account}:role/{name}");
    let Some([principal_arn]) = context.get("aws:PrincipalArn") else {
        return plain;
    };
    let same_account = principal_arn.starts_with(&format!("arn:{partition}:iam::{account}:role/"));
    if same_account && principal_arn.rsplit('/').next() == Some(name) {
        principal_arn.clone()
    } else {
        plain
    }
}
