//! Grants: made, listed, revoked, retired.
//!
//! <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html>

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use gainsay_iam::{Constraint, Context, Grant};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;

use super::{
    JsonResponse, JsonResult, Key, Page, Reach, Takes, ask, dry, epoch, error, in_state, invalid,
    key_itself, not_modelled, permit, refused,
};
use crate::{
    authorize::{Scope, ask_key, key_context},
    state::World,
};

/// A grant as it is kept with its key.
#[derive(Clone, Debug)]
pub(crate) struct KeyGrant {
    pub id: String,
    pub name: Option<String>,
    pub created: OffsetDateTime,
    pub grant: Grant,
}

/// The operations a grant on a symmetric encryption key can have (API reference, `CreateGrant`).
const OPERATIONS: &[&str] = &[
    "Decrypt",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
    "CreateGrant",
    "RetireGrant",
    "DescribeKey",
];

const TOKEN_PREFIX: &str = "grant:";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Create {
    key_id: Option<String>,
    grantee_principal: Option<String>,
    retiring_principal: Option<String>,
    #[serde(default)]
    operations: Vec<String>,
    constraints: Option<Constraints>,
    name: Option<String>,
    #[serde(default)]
    grant_tokens: Vec<String>,
    #[serde(default)]
    dry_run: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Constraints {
    encryption_context_equals: Option<BTreeMap<String, String>>,
    encryption_context_subset: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct List {
    key_id: Option<String>,
    grant_id: Option<String>,
    grantee_principal: Option<String>,
    limit: Option<usize>,
    marker: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ListRetirable {
    retiring_principal: Option<String>,
    limit: Option<usize>,
    marker: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Revoke {
    key_id: Option<String>,
    grant_id: Option<String>,
    #[serde(default)]
    dry_run: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Retire {
    key_id: Option<String>,
    grant_id: Option<String>,
    grant_token: Option<String>,
    #[serde(default)]
    dry_run: bool,
}

pub(super) fn create(world: &mut World, scope: &Scope, input: &Create) -> JsonResult {
    let grantee = input
        .grantee_principal
        .as_ref()
        .ok_or_else(|| invalid("GranteePrincipal must not be null"))?;
    if input.operations.is_empty() {
        return Err(invalid("Operations must not be empty"));
    }
    if let Some(strange) =
        input.operations.iter().find(|asked| !OPERATIONS.contains(&asked.as_str()))
    {
        return Err(invalid(format!(
            "a grant on this kind of key cannot have the operation {strange:?}"
        )));
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b":/_-".contains(&byte);
    if input
        .name
        .as_ref()
        .is_some_and(|name| name.is_empty() || name.len() > 256 || !name.bytes().all(plain))
    {
        return Err(invalid("Name must match ^[a-zA-Z0-9:/_-]+$ and have at most 256 characters"));
    }
    known(world, grantee)?;
    input.retiring_principal.as_deref().map_or(Ok(()), |arn| known(world, arn))?;
    let constraint = constraint(input.constraints.as_ref())?;
    if constraint.is_some() && input.operations.iter().any(|operation| operation == "CreateGrant") {
        return Err(not_modelled("constraints on what is granted further"));
    }
    let key = key_itself(world, scope, input.key_id.as_deref())?;
    check_tokens(world, &input.grant_tokens)?;
    let grant = Grant {
        key: key.arn.clone(),
        account: scope.account().unwrap_or_default(),
        grantee: grantee.clone(),
        retiring: input.retiring_principal.clone(),
        operations: input.operations.clone(),
        constraint,
    };
    permit(world, scope, &key, "kms:CreateGrant", Reach::Any, |context| {
        set_context(context, &grant);
    })?;
    in_state(scope, &key, "kms:CreateGrant", Takes::Enabled)?;
    dry(input.dry_run)?;
    // A request with a name that is sent again finds the grant it made.
    let again = |key_grant: &&KeyGrant| {
        key_grant.name.is_some() && key_grant.name == input.name && key_grant.grant == grant
    };
    if let Some(key_grant) = key.grants.iter().find(again) {
        return Ok(json!({ "GrantId": key_grant.id, "GrantToken": token(&key_grant.id) }));
    }
    let number = world.next();
    let id = hex::encode(Sha256::digest(format!("{}/{number}", key.arn)));
    let key_grant =
        KeyGrant { id: id.clone(), name: input.name.clone(), created: scope.now, grant };
    if let Some(key) = world.key_mut(&key.arn) {
        key.grants.push(key_grant);
    }
    Ok(json!({ "GrantId": id, "GrantToken": token(&id) }))
}

/// What policies are told of a grant that is to be made. That a caller which is no AWS service is
/// said not to be one, rather than nothing being said, is assumed.
fn set_context(context: &mut Context, grant: &Grant) {
    context.set_all("kms:GrantOperations", grant.operations.iter().cloned());
    context.set("kms:GranteePrincipal", grant.grantee.as_str());
    context.set("kms:GrantIsForAWSResource", "false");
    if let Some(retiring) = &grant.retiring {
        context.set("kms:RetiringPrincipal", retiring.as_str());
    }
    set_constraint(context, grant);
}

/// Sets the condition keys about the constraint of a grant. The reference gives grants those of an
/// encryption context, too; whether they speak of a constraint's no page says.
fn set_constraint(context: &mut Context, grant: &Grant) {
    let Some(constraint) = &grant.constraint else { return };
    context.set("kms:GrantConstraintType", constraint.kind());
    context.set_unmodelled("kms:EncryptionContextKeys");
    for key in constraint.pairs().keys() {
        context.set_unmodelled(&format!("kms:EncryptionContext:{key}"));
    }
}

fn constraint(written: Option<&Constraints>) -> Result<Option<Constraint>, JsonResponse> {
    let Some(written) = written else { return Ok(None) };
    match (&written.encryption_context_equals, &written.encryption_context_subset) {
        (None, None) => Ok(None),
        (Some(pairs), None) => Ok(Some(Constraint::Equals(pairs.clone()))),
        (None, Some(pairs)) => Ok(Some(Constraint::Subset(pairs.clone()))),
        (Some(_), Some(_)) => Err(not_modelled("two constraints on one grant")),
    }
}

/// Roles of the environment, their sessions, and its caller. Whom else AWS takes is more than is
/// modelled.
fn known(world: &World, arn: &str) -> Result<(), JsonResponse> {
    if !arn.starts_with("arn:aws:") || arn.len() > 256 {
        return Err(error(400, "InvalidArnException", "a principal must be given by its ARN"));
    }
    let is_session = world.roles.values().any(|role| {
        let prefix = format!("arn:aws:sts::{}:assumed-role/{}/", role.account, role.name);
        arn.strip_prefix(&prefix).is_some_and(|name| !name.is_empty() && !name.contains('/'))
    });
    if world.roles.contains_key(arn) || is_session || world.users.contains_key(arn) {
        return Ok(());
    }
    Err(not_modelled(format!("the principal {arn}")))
}

pub(super) fn list(world: &World, scope: &Scope, input: &List) -> JsonResult {
    let key = key_itself(world, scope, input.key_id.as_deref())?;
    permit(world, scope, &key, "kms:ListGrants", Reach::Any, for_nobody)?;
    let wanted = |key_grant: &&KeyGrant| {
        input.grant_id.as_ref().is_none_or(|id| *id == key_grant.id)
            && input.grantee_principal.as_ref().is_none_or(|arn| *arn == key_grant.grant.grantee)
    };
    let page = Page::of(input.limit, input.marker.as_deref())?;
    Ok(page
        .answer("Grants", key.grants.iter().filter(wanted).map(|key_grant| shown(&key, key_grant))))
}

/// The grants of the caller's account in the Region that a principal may retire; only identity
/// policies speak of it
/// (<https://docs.aws.amazon.com/kms/latest/APIReference/API_ListRetirableGrants.html>).
pub(super) fn list_retirable(world: &World, scope: &Scope, input: &ListRetirable) -> JsonResult {
    let retiring = input
        .retiring_principal
        .as_ref()
        .ok_or_else(|| invalid("RetiringPrincipal must not be null"))?;
    let account = scope.account().unwrap_or_default();
    ask(scope, "kms:ListRetirableGrants", "*", &account)?;
    let page = Page::of(input.limit, input.marker.as_deref())?;
    let grants = world
        .keys
        .values()
        .filter(|key| key.account == account && key.region == scope.region && key.exists(scope.now))
        .flat_map(|key| key.grants.iter().map(move |key_grant| (key, key_grant)))
        .filter(|(_, key_grant)| key_grant.grant.retiring.as_ref() == Some(retiring))
        .map(|(key, key_grant)| shown(key, key_grant));
    Ok(page.answer("Grants", grants))
}

fn for_nobody(context: &mut Context) {
    context.set("kms:GrantIsForAWSResource", "false");
}

fn shown(key: &Key, key_grant: &KeyGrant) -> Value {
    let mut shown = json!({
        "KeyId": key.arn,
        "GrantId": key_grant.id,
        "CreationDate": epoch(key_grant.created),
        "GranteePrincipal": key_grant.grant.grantee,
        "IssuingAccount": format!("arn:aws:iam::{}:root", key_grant.grant.account),
        "Operations": key_grant.grant.operations,
    });
    if let Some(members) = shown.as_object_mut() {
        if let Some(name) = &key_grant.name {
            members.insert("Name".to_owned(), json!(name));
        }
        if let Some(retiring) = &key_grant.grant.retiring {
            members.insert("RetiringPrincipal".to_owned(), json!(retiring));
        }
        if let Some(constraint) = &key_grant.grant.constraint {
            members
                .insert("Constraints".to_owned(), json!({ constraint.kind(): constraint.pairs() }));
        }
    }
    shown
}

pub(super) fn revoke(world: &mut World, scope: &Scope, input: &Revoke) -> JsonResult {
    let id = input.grant_id.as_deref().ok_or_else(|| invalid("GrantId must not be null"))?;
    let key = key_itself(world, scope, input.key_id.as_deref())?;
    permit(world, scope, &key, "kms:RevokeGrant", Reach::Any, for_nobody)?;
    if !key.grants.iter().any(|key_grant| key_grant.id == id) {
        return Err(missing(id));
    }
    dry(input.dry_run)?;
    remove(world, &key.arn, id);
    Ok(json!({}))
}

/// The grant says who may retire it, so it has to be found before anyone is asked.
pub(super) fn retire(world: &mut World, scope: &Scope, input: &Retire) -> JsonResult {
    let (key, id) = match (&input.key_id, &input.grant_id, &input.grant_token) {
        (Some(key), Some(id), None) => (key_itself(world, scope, Some(key))?, id.clone()),
        (None, None, Some(token)) => {
            let id = token_id(token)?;
            let key = world
                .keys
                .values()
                .find(|key| key.grants.iter().any(|key_grant| key_grant.id == id));
            (key.cloned().ok_or_else(|| missing(&id))?, id)
        }
        _ => return Err(invalid("a grant is named by its token, or by its id and its key")),
    };
    let key_grant =
        key.grants.iter().find(|key_grant| key_grant.id == id).ok_or_else(|| missing(&id))?;
    let mut context = key_context(scope, world, &key);
    set_constraint(&mut context, &key_grant.grant);
    let _permit =
        ask_key(scope, &key, "kms:RetireGrant", &context, std::slice::from_ref(&key_grant.grant))
            .map_err(refused)?;
    dry(input.dry_run)?;
    remove(world, &key.arn, &id);
    Ok(json!({}))
}

fn remove(world: &mut World, key: &str, id: &str) {
    if let Some(key) = world.key_mut(key) {
        key.grants.retain(|key_grant| key_grant.id != id);
    }
}

fn missing(id: &str) -> JsonResponse {
    error(400, "NotFoundException", format!("Grant ID {id} not found"))
}

/// Grants of the sandbox hold at once, so a token adds nothing; but it has to be one.
pub(super) fn check_tokens(world: &World, tokens: &[String]) -> Result<(), JsonResponse> {
    for token in tokens {
        let id = token_id(token)?;
        if !world.keys.values().any(|key| key.grants.iter().any(|key_grant| key_grant.id == id)) {
            return Err(not_modelled("the token of a grant that is gone"));
        }
    }
    Ok(())
}

fn token(id: &str) -> String {
    STANDARD.encode(format!("{TOKEN_PREFIX}{id}"))
}

fn token_id(token: &str) -> Result<String, JsonResponse> {
    let bytes = STANDARD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let id = bytes.as_deref().and_then(|text| text.strip_prefix(TOKEN_PREFIX)).map(str::to_owned);
    id.ok_or_else(|| error(400, "InvalidGrantTokenException", "the grant token is not valid"))
}
