//! `GetFederationToken`: credentials of a federated user, who can be told who it is. What else it
//! may do is not modelled, and is answered so by whoever is asked.
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html>.

use gainsay_iam::{Policy, PolicyKind, put::document_error};

use super::{credentials, request};
use crate::{
    authorize::{Identity, Question, Scope},
    query::{Fault, Parameters, elements},
    state::World,
    token::{Claims, Issuer},
};

/// What a session lasts where nothing is said: half a day.
const DEFAULT_SECONDS: i64 = 43_200;

pub(super) fn token(
    world: &mut World,
    scope: &Scope,
    issuer: &Issuer,
    mut parameters: Parameters,
) -> Result<String, Fault> {
    let name = parameters.remove("Name").unwrap_or_default();
    let seconds = request::seconds(parameters.remove("DurationSeconds").as_deref())?;
    let policy = parameters.remove("Policy");
    let tags = request::tags(&mut parameters)?;
    let policy_arns =
        request::members(&mut parameters, |index| format!("PolicyArns.member.{index}.arn"));
    if let Some(unmodelled) = parameters.keys().find(|name| *name != "Version") {
        return Err(Fault::not_modelled(&format!("the parameter {unmodelled}")));
    }
    if let Some(policy) = &policy {
        Policy::from_text(PolicyKind::Session, policy).map_err(|problem| {
            let says = document_error(PolicyKind::Session, policy, &problem);
            Fault::new(400, says.code, says.message)
        })?;
    }
    request::check_duplicates(&tags)?;
    let Identity::User { session: None, .. } = &scope.identity else {
        let message = "Cannot call GetFederationToken with session credentials";
        return Err(Fault::new(403, "AccessDenied", message));
    };
    let account = scope.account().unwrap_or_default();
    let arn = format!("arn:aws:sts::{account}:federated-user/{name}");
    let mut context = scope.context(&account);
    for (key, value) in &tags {
        context.set(&format!("aws:RequestTag/{key}"), value.as_str());
    }
    context.set_all("aws:TagKeys", tags.iter().map(|(key, _)| key.clone()));
    let mut actions = vec!["sts:GetFederationToken"];
    if !tags.is_empty() {
        actions.push("sts:TagSession");
    }
    for action in actions {
        let _permit = scope.authorize(&Question {
            action,
            resource: &arn,
            resource_account: &account,
            resource_policy: None,
            context: &context,
            settings: &[],
            restrict_public: false,
        })?;
    }
    super::assume::check_policies(world, &policy_arns)?;
    let packed = request::packed(&tags, policy.iter().chain(&policy_arns))?;
    let id = format!("{account}:{name}");
    let expires = scope.now + time::Duration::seconds(seconds.unwrap_or(DEFAULT_SECONDS));
    let claims = Claims {
        access_key: String::new(),
        role_arn: arn.clone(),
        role_id: id.clone(),
        session_name: name,
        issued: scope.now.unix_timestamp(),
        expires: expires.unix_timestamp(),
        session_policy: policy,
        session_policies: policy_arns,
        tags,
        transitive: Vec::new(),
        source_identity: None,
        access_grants: None,
    };
    let user = elements(&[("FederatedUserId", id), ("Arn", arn)]);
    let mut body = format!(
        "<FederatedUser>{user}</FederatedUser>{}",
        credentials(issuer, world, &claims, expires)
    );
    if let Some(packed) = packed {
        body.push_str(&elements(&[("PackedPolicySize", packed.to_string())]));
    }
    Ok(body)
}
