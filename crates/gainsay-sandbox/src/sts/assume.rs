//! `AssumeRole`: who becomes whom, and what the new session carries.
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>; session tags and who
//! may pass them: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html>.

use std::sync::Arc;

use gainsay_iam::Context;
use gainsay_model::Role;
use time::Duration;

use super::request::AssumeRoleRequest;
use crate::{
    authorize::{Identity, Question, Refusal, Scope, session_arn},
    query::{Fault, Parameters, elements},
    state::World,
    token::{Claims, Issuer},
};

/// A session made with another session's credentials lasts no longer, whatever its role says.
const MAX_CHAINED_SECONDS: i64 = 3600;

pub(super) fn assume(
    world: &mut World,
    scope: &Scope,
    issuer: &Issuer,
    parameters: Parameters,
) -> Result<String, Fault> {
    let calling = match &scope.identity {
        Identity::Session { claims, .. } => Some(claims.as_ref()),
        Identity::User { .. } | Identity::Federated { .. } | Identity::Anonymous => None,
    };
    let request = AssumeRoleRequest::read(parameters, calling)?;
    let role = authorized_role(world, scope, &request, calling)?;
    check_policies(world, &request.policy_arns)?;
    check_duration(&request, &role, calling.is_some())?;
    let expires = scope.now + Duration::seconds(request.seconds);
    let role_id = world.role_id(&role);
    let inherited = calling.map(Claims::inherited).unwrap_or_default();
    let transitive = inherited.iter().map(|(key, _)| key).chain(&request.transitive);
    let claims = Claims {
        access_key: String::new(),
        role_arn: role.arn.clone(),
        role_id: role_id.clone(),
        session_name: request.session_name.clone(),
        issued: scope.now.unix_timestamp(),
        expires: expires.unix_timestamp(),
        session_policy: request.policy,
        session_policies: request.policy_arns,
        transitive: transitive.cloned().collect(),
        tags: inherited.iter().chain(&request.tags).cloned().collect(),
        source_identity: request
            .source_identity
            .or_else(|| calling.and_then(|calling| calling.source_identity.clone())),
        access_grants: None,
    };
    let user = [
        ("Arn", session_arn(&role, &request.session_name)),
        ("AssumedRoleId", format!("{role_id}:{}", request.session_name)),
    ];
    let mut body = format!(
        "<AssumedRoleUser>{}</AssumedRoleUser>{}",
        elements(&user),
        super::credentials(issuer, world, &claims, expires)
    );
    // Nothing was packed: recorded by LocalStack, `test_assume_role`, 2024-06-05.
    if let Some(packed) = request.packed {
        body.push_str(&elements(&[("PackedPolicySize", packed.to_string())]));
    }
    if let Some(identity) = claims.source_identity {
        body.push_str(&elements(&[("SourceIdentity", identity)]));
    }
    Ok(body)
}

/// Every managed session policy is there: of AWS's own, those that are known. The code is assumed.
pub(super) fn check_policies(world: &World, arns: &[String]) -> Result<(), Fault> {
    for arn in arns {
        if world.directory.managed(arn).is_some() {
            continue;
        }
        if arn.starts_with("arn:aws:iam::aws:policy/") {
            return Err(Fault::not_modelled(&format!("the policy {arn}")));
        }
        return Err(Fault::new(
            400,
            "NoSuchEntity",
            format!("Policy {arn} does not exist or is not attachable."),
        ));
    }
    Ok(())
}

/// The words are those STS was seen to give.
fn check_duration(request: &AssumeRoleRequest, role: &Role, chained: bool) -> Result<(), Fault> {
    if chained && request.seconds > MAX_CHAINED_SECONDS {
        return Err(Fault::validation(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
        ));
    }
    if request.seconds > i64::from(role.max_session_duration) {
        return Err(Fault::validation(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    Ok(())
}

/// The role, if the trust policy and the caller's own policies let it be assumed, with these tags
/// and this source identity. A missing role is refused in the same words. In which order STS asks
/// for the three is assumed.
fn authorized_role(
    world: &World,
    scope: &Scope,
    request: &AssumeRoleRequest,
    calling: Option<&Claims>,
) -> Result<Arc<Role>, Fault> {
    let arn = request.role_arn.as_str();
    let Some(role) = world.roles.get(arn) else {
        return Err(refused(scope, "sts:AssumeRole", arn));
    };
    let context = context(scope, request, calling, role);
    let mut actions = vec!["sts:AssumeRole"];
    if !request.tags.is_empty() || calling.is_some_and(|calling| !calling.transitive.is_empty()) {
        actions.push("sts:TagSession");
    }
    if request.source_identity.is_some()
        || calling.is_some_and(|calling| calling.source_identity.is_some())
    {
        actions.push("sts:SetSourceIdentity");
    }
    for action in actions {
        let question = Question {
            action,
            resource: arn,
            resource_account: &role.account,
            resource_policy: Some(&role.trust),
            context: &context,
            settings: &[],
            restrict_public: false,
        };
        match scope.authorize(&question) {
            Ok(_permit) => {}
            // Callers of other accounts are told as much as those of the role's own.
            Err(Refusal::Denied(message)) if message == "Access Denied" => {
                return Err(refused(scope, action, arn));
            }
            Err(refusal) => return Err(refusal.into()),
        }
    }
    Ok(role.clone())
}

fn refused(scope: &Scope, action: &str, arn: &str) -> Fault {
    let who = scope.arn();
    let message = format!("User: {who} is not authorized to perform: {action} on resource: {arn}");
    Fault::new(403, "AccessDenied", message)
}

/// One context for all three actions, as the page on session tags says.
fn context(
    scope: &Scope,
    request: &AssumeRoleRequest,
    calling: Option<&Claims>,
    role: &Role,
) -> Context {
    let mut context = scope.context(&role.account);
    context.set("sts:RoleSessionName", request.session_name.as_str());
    if let Some(external_id) = &request.external_id {
        context.set("sts:ExternalId", external_id.as_str());
    }
    for (key, value) in &role.tags {
        context.set(&format!("aws:ResourceTag/{key}"), value.as_str());
        context.set(&format!("iam:ResourceTag/{key}"), value.as_str());
    }
    for (key, value) in &request.tags {
        context.set(&format!("aws:RequestTag/{key}"), value.as_str());
    }
    context.set_all("aws:TagKeys", request.tags.iter().map(|(key, _)| key.clone()));
    context.set_all("sts:TransitiveTagKeys", request.transitive.iter().cloned());
    if let Some(identity) = &request.source_identity {
        context.set("sts:SourceIdentity", identity.as_str());
    }
    // No page says whether what a session inherits counts as passed with the request.
    let Some(calling) = calling else { return context };
    if !calling.transitive.is_empty() {
        context.set_unmodelled("aws:TagKeys");
        context.set_unmodelled("sts:TransitiveTagKeys");
    }
    for key in &calling.transitive {
        context.set_unmodelled(&format!("aws:RequestTag/{key}"));
    }
    if calling.source_identity.is_some() && request.source_identity.is_none() {
        context.set_unmodelled("sts:SourceIdentity");
    }
    context
}

/// An AROA id that is the same in every row of a run.
pub(crate) fn role_id(role: &Role) -> String {
    use sha2::{Digest as _, Sha256};
    let hash = hex::encode_upper(Sha256::digest(role.arn.as_bytes()));
    format!("AROA{}", hash.get(..17).unwrap_or_default())
}
