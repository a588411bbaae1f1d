//! Key policies: read, replaced.

use gainsay_iam::{
    Decision, Layer, PolicyKind,
    put::{AwsError, Quota},
};
use gainsay_model::Document;
use serde::Deserialize;
use serde_json::json;

use super::{JsonResponse, JsonResult, Key, Page, Reach, error, key_itself, permit, refused};
use crate::{
    authorize::{Question, Scope, key_context},
    state::World,
    stored_policy::{self, KnownPrincipals},
};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Get {
    key_id: Option<String>,
    policy_name: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct List {
    key_id: Option<String>,
    limit: Option<usize>,
    marker: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Put {
    key_id: Option<String>,
    policy_name: Option<String>,
    policy: Option<String>,
    #[serde(default)]
    bypass_policy_lockout_safety_check: bool,
}

pub(super) fn get(world: &World, scope: &Scope, input: &Get) -> JsonResult {
    let key = key_itself(world, scope, input.key_id.as_deref())?;
    permit(world, scope, &key, "kms:GetKeyPolicy", Reach::Own, |_| {})?;
    only_default(input.policy_name.as_deref())?;
    Ok(json!({ "Policy": &*key.policy.text, "PolicyName": "default" }))
}

/// `default` is the only one there can be.
pub(super) fn list(world: &World, scope: &Scope, input: &List) -> JsonResult {
    let key = key_itself(world, scope, input.key_id.as_deref())?;
    permit(world, scope, &key, "kms:ListKeyPolicies", Reach::Own, |_| {})?;
    let page = Page::of(input.limit, input.marker.as_deref())?;
    Ok(page.answer("PolicyNames", std::iter::once(json!("default"))))
}

pub(super) fn put(world: &mut World, scope: &Scope, input: &Put) -> JsonResult {
    let text = input.policy.as_deref().ok_or_else(|| super::invalid("Policy must not be null"))?;
    let bypass = input.bypass_policy_lockout_safety_check;
    let key = key_itself(world, scope, input.key_id.as_deref())?;
    permit(world, scope, &key, "kms:PutKeyPolicy", Reach::Own, |context| {
        context.set("kms:BypassPolicyLockoutSafetyCheck", bypass.to_string());
    })?;
    only_default(input.policy_name.as_deref())?;
    let document = document(world, text)?;
    check_lockout(world, scope, &key, &document, bypass)?;
    if let Some(key) = world.key_mut(&key.arn) {
        key.policy = document;
    }
    Ok(json!({}))
}

/// `default` is the only name a key policy has.
fn only_default(name: Option<&str>) -> Result<(), JsonResponse> {
    match name {
        None | Some("default") => Ok(()),
        Some(_) => Err(error(400, "NotFoundException", "No such policy exists")),
    }
}

/// Compiles a policy as AWS would store it.
pub(super) fn document(world: &World, text: &str) -> Result<Document, JsonResponse> {
    let refuse = |says: AwsError| error(400, says.code, says.message);
    if Quota::Key.size_of(text) > Quota::Key.max() {
        return Err(refuse(Quota::Key.error("")));
    }
    let known = KnownPrincipals::of(world);
    stored_policy::read(PolicyKind::KeyPolicy, text, "a key policy that was put", &known, None)
        .map_err(refuse)
}

/// The caller must be able to put the next policy, too:
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html>. Whether a policy
/// that leaves this to identity policies, which do not allow it, passes the check is not
/// documented.
pub(super) fn check_lockout(
    world: &World,
    scope: &Scope,
    key: &Key,
    policy: &Document,
    bypass: bool,
) -> Result<(), JsonResponse> {
    if bypass {
        return Ok(());
    }
    let mut context = key_context(scope, world, key);
    context.set("kms:BypassPolicyLockoutSafetyCheck", "false");
    let question = Question {
        action: "kms:PutKeyPolicy",
        resource: &key.arn,
        resource_account: &key.account,
        resource_policy: Some(policy),
        context: &context,
        settings: &[],
        restrict_public: false,
    };
    let next = scope.simulate(&question).map_err(refused)?;
    let by_policy = next.by.iter().any(|reason| reason.layer == Layer::KeyPolicy)
        || next.silent.contains(&Layer::KeyPolicy);
    match next.decision {
        Decision::Allow => Ok(()),
        Decision::ExplicitDeny | Decision::ImplicitDeny if by_policy => Err(error(
            400,
            "MalformedPolicyDocumentException",
            "The new key policy will not allow you to update the key policy in the future.",
        )),
        Decision::ExplicitDeny | Decision::ImplicitDeny => Err(super::not_modelled(
            "the lockout check of a key policy that leaves the next one to identity policies",
        )),
    }
}
