//! The policies that a refused call is compared with: those of an environment, or some that are
//! given alone.

use std::{collections::BTreeSet, sync::Arc};

use gainsay_iam::{
    Context, ContextValue, EvaluationInput, EvaluationInputError, Layer, OwnedRequest, Policies,
    Policy, PolicyKind, Principal, condition_keys,
};
use gainsay_model::{Bucket, Document};
use serde_json::{Value, json};

use super::RefusedCall;
use crate::files::Environment;

/// A refused call with the policies that it is compared with.
#[derive(Clone, Debug)]
pub struct Given {
    /// What the engine is asked.
    pub input: EvaluationInput,
    /// The files that the policies are from, by layer and by their place in it.
    pub documents: Vec<(Layer, usize, Document)>,
    /// The layers of which everything is given, also where it is nothing: where nothing is given of
    /// another, nothing is known of it.
    pub complete: Vec<Layer>,
    /// What of the call is in the environment under no name.
    pub missing: Vec<String>,
}

/// Why policies that are given alone cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PoliciesError {
    /// One of them is written twice, or it is no JSON.
    #[error("the policies cannot be read: {0}")]
    Malformed(String),
    /// The principal or a policy cannot be used.
    #[error(transparent)]
    Input(#[from] EvaluationInputError),
}

/// A resource of which the message says nothing.
const UNNAMED: &str = "the resource, which the message does not name";

/// The tags of the caller.
const CALLER_KEYS: &str = "aws:principaltag/";

/// The call with the policies of a JSON object, as `policies` of a line for `gainsay decide`.
///
/// # Errors
/// They cannot be used.
pub fn with_policies(call: &RefusedCall, text: &str) -> Result<Given, PoliciesError> {
    if let Some((key, _)) = gainsay_iam::duplicate_key(text) {
        return Err(PoliciesError::Malformed(format!("`{key}` is written twice in one object")));
    }
    let policies: Value =
        serde_json::from_str(text).map_err(|error| PoliciesError::Malformed(error.to_string()))?;
    let action = call.action.as_deref().unwrap_or_default();
    let line = json!({
        "principal": call.principal, "action": action,
        "resource": call.resource.as_deref().unwrap_or("*"), "policies": policies,
    });
    let (_, input) = EvaluationInput::read(&line.to_string());
    let mut input = input?;
    let mut context = known(call, &input.request.principal, &input.request.resource_account);
    if let (Principal::Session { role, .. }, Some(real)) =
        (&mut input.request.principal, &call.role)
    {
        role.clone_from(real);
        context.set("aws:PrincipalArn", real.as_str());
    }
    input.request.context = context;
    let named = |name: &str| policies.get(name).is_some();
    let complete = [
        ("identity", Layer::Identity),
        ("boundary", Layer::Boundary),
        ("session", Layer::Session),
        ("scp", Layer::Scp),
        ("rcp", Layer::Rcp),
        ("vpce", Layer::VpcEndpoint),
    ];
    let mut complete: Vec<Layer> =
        complete.into_iter().filter(|(name, _)| named(name)).map(|(_, layer)| layer).collect();
    if named("resource") {
        complete.extend([Layer::Resource, Layer::KeyPolicy, Layer::TrustPolicy]);
    }
    mark_unknown(call, &mut input, [text], false);
    let missing = call.resource.is_none().then(|| UNNAMED.to_owned()).into_iter().collect();
    Ok(Given { input, documents: Vec::new(), complete, missing })
}

/// The call with the policies of an environment; nothing where it has neither who asks nor what is
/// asked for.
#[must_use]
pub fn in_environment(call: &RefusedCall, environment: &Environment) -> Option<Given> {
    let name = call.principal.as_deref()?;
    let action = call.action.clone()?;
    let resource = call.resource.clone().unwrap_or_else(|| "*".to_owned());
    let principal = principal(name)?;
    let deployed = &environment.deployed;
    let is_of = |bucket: &&Arc<Bucket>| {
        let rest = resource.strip_prefix(bucket.arn().as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let blocks = deployed.buckets.iter().find(is_of).map(|bucket| bucket.public_access);
    let restrict_public_buckets = blocks
        .into_iter()
        .chain(deployed.block_public_access)
        .any(|block| block.restrict_public_buckets);
    let mut given = Given {
        input: EvaluationInput {
            request: OwnedRequest {
                principal,
                action,
                resource_account: String::new(),
                resource,
                context: Context::new(),
            },
            identity: Vec::new(),
            resource_policy: None,
            restrict_public_buckets,
            grants: Vec::new(),
            boundary: None,
            session: Vec::new(),
            scp: Vec::new(),
            rcp: Vec::new(),
            vpc_endpoint: None,
        },
        documents: Vec::new(),
        complete: Vec::new(),
        missing: Vec::new(),
    };
    let mut tags = None;
    let knows_caller = given.caller(call, environment, &mut tags);
    let knows_resource = given.resource(environment);
    if !knows_caller && !knows_resource {
        return None;
    }
    // Whoever is anonymous is known everywhere.
    if given.input.request.principal == Principal::Anonymous && !knows_resource {
        return None;
    }
    if given.input.request.resource_account.is_empty() {
        given.input.request.resource_account.clone_from(&deployed.account);
    }
    let request = &mut given.input.request;
    let mut context = known(call, &request.principal, &request.resource_account);
    deployed.organizations.set_principal(&mut context, &request.principal);
    deployed.organizations.set_resource(&mut context, &request.resource_account);
    if let Principal::Session { role, .. } = &request.principal {
        context.set("aws:PrincipalArn", role.as_str());
    }
    for (key, value) in tags.iter().flatten() {
        context.set(&format!("aws:PrincipalTag/{key}"), value.as_str());
    }
    request.context = context;
    let texts = given.documents.iter().map(|(_, _, document)| &*document.text);
    mark_unknown(call, &mut given.input, texts, tags.is_some());
    Some(given)
}

impl Given {
    /// Whether the environment knows who asks. Their tags are noted.
    fn caller(
        &mut self,
        call: &RefusedCall,
        environment: &Environment,
        tags: &mut Option<Vec<(String, String)>>,
    ) -> bool {
        let deployed = &environment.deployed;
        let (mut identity, mut boundary) = (Vec::new(), None);
        match &mut self.input.request.principal {
            Principal::Anonymous => return true,
            Principal::Session { role, arn } => {
                let account = arn.split(':').nth(4).unwrap_or_default();
                let name = role.rsplit('/').next().unwrap_or_default();
                let known = deployed.roles.iter().find(|known| {
                    let is_named = known.arn.rsplit('/').next() == Some(name);
                    let is_same = call.role.as_ref().is_none_or(|real| *real == known.arn);
                    known.account == account && is_named && is_same
                });
                let Some(known) = known else {
                    self.missing.push(format!("the role of `{arn}`"));
                    return false;
                };
                role.clone_from(&known.arn);
                identity.extend(&known.policies);
                boundary = known.boundary.as_ref();
                let session = environment.session(&known.name);
                let of_session = session.map(|session| session.session_tags.clone());
                let mut all = known.tags.clone();
                all.extend(of_session.unwrap_or_default());
                *tags = Some(all);
            }
            Principal::User { arn } if *arn == deployed.caller.arn => {
                identity.extend(&deployed.caller.policies);
            }
            principal => {
                self.missing.push(format!("`{principal}`"));
                return false;
            }
        }
        for (index, document) in identity.into_iter().enumerate() {
            self.documents.push((Layer::Identity, index, document.clone()));
            self.input.identity.push(document.policy.clone());
        }
        if let Some(document) = boundary {
            self.documents.push((Layer::Boundary, 0, document.clone()));
            self.input.boundary = Some(document.policy.clone());
        }
        self.complete.extend([Layer::Identity, Layer::Boundary]);
        true
    }

    /// Whether the environment knows what is asked for.
    fn resource(&mut self, environment: &Environment) -> bool {
        let (deployed, arn) = (&environment.deployed, self.input.request.resource.clone());
        let path = arn.strip_prefix("arn:aws:s3:::");
        let found =
            if let Some(name) = path.and_then(|path| path.split('/').next()) {
                deployed
                    .buckets
                    .iter()
                    .find(|bucket| bucket.name == name)
                    .map(|bucket| (bucket.account.clone(), bucket.policy.clone(), Layer::Resource))
            } else if arn.starts_with("arn:aws:kms:") {
                let alias = |key: &gainsay_model::Key| key.alias_arn().as_deref() == Some(&arn);
                deployed
                    .keys
                    .iter()
                    .chain(&deployed.managed_key)
                    .find(|key| key.arn == arn || alias(key))
                    .map(|key| (key.account.clone(), Some(key.policy.clone()), Layer::KeyPolicy))
            } else {
                deployed.roles.iter().find(|role| role.arn == arn).map(|role| {
                    (role.account.clone(), Some(role.trust.clone()), Layer::TrustPolicy)
                })
            };
        let Some((account, document, layer)) = found else {
            let unnamed = arn == "*";
            self.missing.push(if unnamed { UNNAMED.to_owned() } else { format!("`{arn}`") });
            return false;
        };
        // The trust policy of a role is asked for nothing but its sessions.
        let action = self.input.request.action.to_lowercase();
        let document =
            document.filter(|_| layer != Layer::TrustPolicy || action.starts_with("sts:"));
        self.input.request.resource_account = account;
        if let Some(document) = document {
            self.input.resource_policy = Some(document.policy.clone());
            self.documents.push((document.policy.kind().layer(), 0, document));
        }
        self.complete.push(layer);
        true
    }
}

fn principal(name: &str) -> Option<Principal> {
    let line = json!({ "principal": name, "action": "s3:GetObject", "resource": "*" });
    let (_, input) = EvaluationInput::read(&line.to_string());
    Some(input.ok()?.request.principal)
}

/// The condition keys that are known of the call.
fn known(call: &RefusedCall, principal: &Principal, resource_account: &str) -> Context {
    let mut context = Context::new();
    context.set("aws:ResourceAccount", resource_account);
    context
        .set("aws:PrincipalIsAWSService", matches!(principal, Principal::Service(_)).to_string());
    let kind = match principal {
        Principal::Anonymous => Some("Anonymous"),
        Principal::Root { .. } => Some("Account"),
        Principal::User { .. } => Some("User"),
        Principal::Session { .. } => Some("AssumedRole"),
        Principal::Federated(_) | Principal::Service(_) => None,
    };
    if let Some(kind) = kind {
        context.set("aws:PrincipalType", kind);
    }
    if let Some(account) = principal.account() {
        context.set("aws:PrincipalAccount", account);
        if call.action.as_deref().is_some_and(|action| action.starts_with("kms:")) {
            context.set("kms:CallerAccount", account);
        }
    }
    if let Principal::User { arn } = principal {
        context.set("aws:PrincipalArn", arn.as_str());
        context.set("aws:username", arn.rsplit('/').next().unwrap_or_default());
    }
    for (key, values) in &call.context {
        context.set_all(key, values.iter().cloned());
    }
    context
}

/// Marks every condition key that a policy reads and of which nothing is known: whether the request
/// had it cannot be told. Where the tags of the caller are known, all of them are.
fn mark_unknown<'a>(
    call: &RefusedCall,
    input: &mut EvaluationInput,
    texts: impl IntoIterator<Item = &'a str>,
    tags_are_known: bool,
) {
    // One that is told to have no value is known to be absent.
    let told: BTreeSet<String> = call.context.iter().map(|(key, _)| key.to_lowercase()).collect();
    let policies = all_policies(&input.policies());
    let of_conditions = policies.into_iter().flat_map(condition_keys);
    let mut read: BTreeSet<String> = of_conditions.map(|(_, key)| key.to_lowercase()).collect();
    read.extend(texts.into_iter().flat_map(variables));
    for key in read {
        let of_tags = tags_are_known && key.starts_with(CALLER_KEYS);
        let is_absent = input.request.context.value(&key) == ContextValue::Absent;
        if is_absent && !of_tags && !told.contains(&key) {
            input.request.context.set_unmodelled(&key);
        }
    }
}

/// The condition keys that the variables of a policy read: `${aws:username}`, or with what stands
/// in where it is absent, `${aws:username, 'nobody'}`.
fn variables(text: &str) -> Vec<String> {
    let variables = text.split("${").skip(1).filter_map(|rest| rest.split(['}', ',']).next());
    variables.map(|name| name.trim().to_lowercase()).collect()
}

fn all_policies<'a>(policies: &Policies<'a>) -> Vec<&'a Policy> {
    let mut all: Vec<&Policy> = policies.identity.iter().chain(policies.session).collect();
    all.extend(policies.resource);
    all.extend(policies.boundary);
    all.extend(policies.vpc_endpoint);
    all.extend(policies.scp.iter().chain(policies.rcp).flatten());
    all
}

/// The kind of a policy that a layer has, for words about it.
#[must_use]
pub(super) const fn kind(layer: Layer) -> Option<PolicyKind> {
    match layer {
        Layer::Identity => Some(PolicyKind::Identity),
        Layer::Resource => Some(PolicyKind::Bucket),
        Layer::Boundary => Some(PolicyKind::Boundary),
        Layer::Session => Some(PolicyKind::Session),
        Layer::Scp => Some(PolicyKind::Scp),
        Layer::Rcp => Some(PolicyKind::Rcp),
        Layer::VpcEndpoint => Some(PolicyKind::VpcEndpoint),
        Layer::KeyPolicy => Some(PolicyKind::KeyPolicy),
        Layer::TrustPolicy => Some(PolicyKind::TrustPolicy),
        Layer::Grant
        | Layer::BlockPublicAccess
        | Layer::ObjectOwnership
        | Layer::ObjectLock
        | Layer::EncryptionBlock
        | Layer::KeyState => None,
    }
}
