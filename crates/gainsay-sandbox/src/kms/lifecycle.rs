//! Keys themselves: described, listed, made, enabled, disabled, deleted.

use std::collections::BTreeMap;

use gainsay_iam::Decision;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use time::Duration;

use super::{
    JsonResponse, JsonResult, Key, KeyState, Page, Reach, Takes, alias_of, ask, epoch, error,
    grants, in_state, invalid, key, key_itself, not_modelled, permit, policy, refused, rotation,
    tags::{self, Pair},
};
use crate::{
    authorize::{Question, Scope, set_key_properties},
    state::World,
};

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html>.
const MAX_DESCRIPTION: usize = 8192;
/// The condition key about when a key was last used, which is not kept.
const LAST_USE: &str = "kms:TrailingDaysWithoutKeyUsage";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Describe {
    key_id: Option<String>,
    #[serde(default)]
    grant_tokens: Vec<String>,
}

/// What most operations on a key take.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct OfKey {
    pub key_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct List {
    limit: Option<usize>,
    marker: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Create {
    policy: Option<String>,
    #[serde(default)]
    bypass_policy_lockout_safety_check: bool,
    key_usage: Option<String>,
    key_spec: Option<String>,
    customer_master_key_spec: Option<String>,
    origin: Option<String>,
    #[serde(default)]
    multi_region: bool,
    #[serde(default)]
    description: String,
    #[serde(default)]
    tags: Vec<Pair>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct UpdateDescription {
    key_id: Option<String>,
    description: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Schedule {
    key_id: Option<String>,
    pending_window_in_days: Option<i64>,
}

pub(super) fn describe(world: &World, scope: &Scope, input: &Describe) -> JsonResult {
    let key = key(world, scope, input.key_id.as_deref())?;
    grants::check_tokens(world, &input.grant_tokens)?;
    permit(world, scope, &key, "kms:DescribeKey", Reach::Any, |context| {
        if let Some(alias) = alias_of(input.key_id.as_deref()) {
            context.set("kms:RequestAlias", alias);
        }
    })?;
    Ok(json!({ "KeyMetadata": metadata(world, &key) }))
}

pub(super) fn metadata(world: &World, key: &Key) -> Value {
    let mut metadata = json!({
        "AWSAccountId": key.account,
        "KeyId": key.id,
        "Arn": key.arn,
        "Enabled": key.state == KeyState::Enabled,
        "KeyState": word(key.state),
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "KeyManager": if key.managed { "AWS" } else { "CUSTOMER" },
        "Origin": "AWS_KMS",
        "Description": key.description,
        "CreationDate": epoch(key.created),
        "CurrentKeyMaterialId": key.materials.current().id(),
        "MultiRegion": key.primary.is_some(),
    });
    let Some(members) = metadata.as_object_mut() else { return metadata };
    match key.state {
        KeyState::PendingDeletion(until) => {
            _ = members.insert("DeletionDate".to_owned(), epoch(until));
        }
        KeyState::PendingReplicaDeletion(days) => {
            _ = members.insert("PendingDeletionWindowInDays".to_owned(), json!(days));
        }
        KeyState::Enabled | KeyState::Disabled => {}
    }
    if let Some(configuration) = configuration(world, key) {
        members.insert("MultiRegionConfiguration".to_owned(), configuration);
    }
    metadata
}

/// What a multi-Region key says of its relatives:
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_MultiRegionConfiguration.html>.
fn configuration(world: &World, key: &Key) -> Option<Value> {
    let primary = key.primary.as_ref()?;
    let place = |key: &Key| json!({ "Arn": key.arn, "Region": key.region });
    let all: Vec<&Key> = world.family(key).map(AsRef::as_ref).chain([key]).collect();
    let replicas: Vec<Value> =
        all.iter().filter(|key| key.is_replica()).map(|key| place(key)).collect();
    Some(json!({
        "MultiRegionKeyType": if *primary == key.region { "PRIMARY" } else { "REPLICA" },
        "PrimaryKey": all.iter().find(|key| !key.is_replica()).map(|key| place(key)),
        "ReplicaKeys": replicas,
    }))
}

/// The keys of the caller's own account in the Region; only identity policies speak of it.
pub(super) fn list(world: &World, scope: &Scope, input: &List) -> JsonResult {
    let account = scope.account().unwrap_or_default();
    ask(scope, "kms:ListKeys", "*", &account)?;
    let page = Page::of(input.limit, input.marker.as_deref())?;
    let keys = world
        .keys
        .values()
        .filter(|key| key.account == account && key.region == scope.region && key.exists(scope.now))
        .map(|key| json!({ "KeyId": key.id, "KeyArn": key.arn }));
    Ok(page.answer("Keys", keys))
}

fn word(state: KeyState) -> &'static str {
    match state {
        KeyState::Enabled => "Enabled",
        KeyState::Disabled => "Disabled",
        KeyState::PendingDeletion(_) => "PendingDeletion",
        KeyState::PendingReplicaDeletion(_) => "PendingReplicaDeletion",
    }
}

/// Only identity policies speak of a key that is not there yet:
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html>.
pub(super) fn create(world: &mut World, scope: &Scope, input: &Create) -> JsonResult {
    let is = |written: &Option<String>, only: &str| {
        written.as_deref().is_none_or(|written| written == only)
    };
    let usual = is(&input.key_usage, "ENCRYPT_DECRYPT")
        && is(&input.key_spec, "SYMMETRIC_DEFAULT")
        && is(&input.customer_master_key_spec, "SYMMETRIC_DEFAULT")
        && is(&input.origin, "AWS_KMS");
    if !usual {
        return Err(not_modelled("keys other than symmetric ones with material of AWS"));
    }
    let description = checked_description(&input.description)?;
    let tags = tags::read(&input.tags)?;
    let account = scope.account().unwrap_or_default();
    let bypass = input.bypass_policy_lockout_safety_check;
    may_create(
        scope,
        input.multi_region.then_some("PRIMARY"),
        bypass,
        input.policy.is_some(),
        &tags,
    )?;
    let document = policy_of(input.policy.as_deref(), &account)?;
    let number = world.next();
    let id = key_id(&account, number, input.multi_region);
    let arn = format!("arn:aws:kms:{}:{account}:key/{id}", scope.region);
    let mut key = Key::new(&scope.region, arn.clone(), id, account, document, scope.now);
    key.description = description;
    key.tags = tags;
    key.primary = input.multi_region.then(|| scope.region.clone());
    // The default policy leaves everything to the account: who may make keys may have one with it
    // (the same page).
    if input.policy.is_some() {
        policy::check_lockout(world, scope, &key, &key.policy, bypass)?;
    }
    let answer = json!({ "KeyMetadata": metadata(world, &key) });
    std::sync::Arc::make_mut(&mut world.keys).insert(arn, key.into());
    Ok(answer)
}

/// Asks what a key that is to be made takes: `kms:CreateKey`, with tags `kms:TagResource`, with a
/// policy `kms:PutKeyPolicy`. `multi` is what kind of multi-Region key it is to be.
pub(super) fn may_create(
    scope: &Scope,
    multi: Option<&str>,
    bypass: bool,
    with_policy: bool,
    tags: &BTreeMap<String, String>,
) -> Result<(), JsonResponse> {
    let account = scope.account().unwrap_or_default();
    let mut context = scope.context(&account);
    context.set("kms:CallerAccount", account.as_str());
    context.set("kms:BypassPolicyLockoutSafetyCheck", bypass.to_string());
    set_key_properties(&mut context, multi);
    if !tags.is_empty() {
        tags::set_context(&mut context, tags);
    }
    let question = Question {
        action: "kms:CreateKey",
        resource: "*",
        resource_account: &account,
        resource_policy: None,
        context: &context,
        settings: &[],
        restrict_public: false,
    };
    let _permit = scope.authorize(&question).map_err(refused)?;
    if !tags.is_empty() {
        // On what resource is not documented: a policy for every key is the only one that could
        // name it.
        let tagging = Question { action: "kms:TagResource", ..question };
        let _permit = scope.authorize(&tagging).map_err(refused)?;
    }
    // The service authorization reference lists kms:PutKeyPolicy for CreateKey, and does not say
    // when it is asked for.
    let puts = Question { action: "kms:PutKeyPolicy", ..question };
    if with_policy && scope.simulate(&puts).map_err(refused)?.decision != Decision::Allow {
        return Err(not_modelled("a new key with a policy by a caller without kms:PutKeyPolicy"));
    }
    Ok(())
}

/// The policy of a new key.
pub(super) fn policy_of(
    text: Option<&str>,
    account: &str,
) -> Result<gainsay_model::Document, JsonResponse> {
    match text {
        Some(text) => policy::document(text),
        None => policy::document(&gainsay_model::default_key_policy(account).to_string()),
    }
}

/// A description that is short enough.
pub(super) fn checked_description(text: &str) -> Result<String, JsonResponse> {
    if text.chars().count() > MAX_DESCRIPTION {
        return Err(invalid("Description must have at most 8192 characters"));
    }
    Ok(text.to_owned())
}

/// An id in the form of a UUID, or as multi-Region keys have it; the same in every run of the same
/// calls.
fn key_id(account: &str, number: u64, multi_region: bool) -> String {
    let hash = Sha256::digest(format!("{account}/{number}"));
    let bytes: [u8; 16] = hash.first_chunk().copied().unwrap_or_default();
    let id = uuid::Builder::from_random_bytes(bytes).into_uuid();
    if multi_region {
        return format!("mrk-{}", id.simple());
    }
    id.to_string()
}

pub(super) fn enable(world: &mut World, scope: &Scope, input: &OfKey) -> JsonResult {
    let key = set_state(world, scope, input, "kms:EnableKey", KeyState::Enabled)?;
    rotation::catch_up(world, &key, scope.now);
    Ok(json!({}))
}

pub(super) fn disable(world: &mut World, scope: &Scope, input: &OfKey) -> JsonResult {
    set_state(world, scope, input, "kms:DisableKey", KeyState::Disabled)?;
    Ok(json!({}))
}

/// The key as it was before.
fn set_state(
    world: &mut World,
    scope: &Scope,
    input: &OfKey,
    action: &str,
    state: KeyState,
) -> Result<std::sync::Arc<Key>, JsonResponse> {
    change(world, scope, input.key_id.as_deref(), action, Takes::Lasting, |key| {
        key.state = state;
    })
}

/// Replaces the description.
pub(super) fn update_description(
    world: &mut World,
    scope: &Scope,
    input: &UpdateDescription,
) -> JsonResult {
    let text =
        input.description.as_deref().ok_or_else(|| invalid("Description must not be null"))?;
    let text = checked_description(text)?;
    change(
        world,
        scope,
        input.key_id.as_deref(),
        "kms:UpdateKeyDescription",
        Takes::Lasting,
        |key| {
            key.description = text;
        },
    )?;
    Ok(json!({}))
}

/// Asks, looks at the state, and changes the key.
fn change(
    world: &mut World,
    scope: &Scope,
    key_id: Option<&str>,
    action: &str,
    takes: Takes,
    change: impl FnOnce(&mut Key),
) -> Result<std::sync::Arc<Key>, JsonResponse> {
    let key = key_itself(world, scope, key_id)?;
    permit(world, scope, &key, action, Reach::Own, |context| {
        if action == "kms:DisableKey" {
            context.set_unmodelled(LAST_USE);
        }
    })?;
    in_state(scope, &key, action, takes)?;
    if let Some(key) = world.key_mut(&key.arn) {
        change(key);
    }
    Ok(key)
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html>: 7 to 30
/// days, 30 by default.
pub(super) fn schedule(world: &mut World, scope: &Scope, input: &Schedule) -> JsonResult {
    let action = "kms:ScheduleKeyDeletion";
    let days = input.pending_window_in_days.unwrap_or(30);
    if !(7..=30).contains(&days) {
        return Err(invalid("PendingWindowInDays must be between 7 and 30"));
    }
    let key = key_itself(world, scope, input.key_id.as_deref())?;
    let name = "kms:ScheduleKeyDeletionPendingWindowInDays";
    permit(world, scope, &key, action, Reach::Own, |context| {
        match input.pending_window_in_days {
            Some(days) => context.set(name, days.to_string()),
            // Whether policies see the default is not documented.
            None => context.set_unmodelled(name),
        }
        context.set_unmodelled(LAST_USE);
    })?;
    in_state(scope, &key, action, Takes::Lasting)?;
    let until = scope.now + Duration::days(days);
    // A primary key stays as long as it has replicas:
    // <https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-delete.html>.
    let waits = !key.is_replica() && world.family(&key).next().is_some();
    let state = if waits {
        KeyState::PendingReplicaDeletion(days)
    } else {
        KeyState::PendingDeletion(until)
    };
    if let Some(key) = world.key_mut(&key.arn) {
        key.state = state;
    }
    let mut answer =
        json!({ "KeyId": key.arn, "KeyState": word(state), "PendingWindowInDays": days });
    if let (false, Some(members)) = (waits, answer.as_object_mut()) {
        members.insert("DeletionDate".to_owned(), epoch(until));
    }
    Ok(answer)
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_CancelKeyDeletion.html>: the key is
/// disabled afterwards.
pub(super) fn cancel(world: &mut World, scope: &Scope, input: &OfKey) -> JsonResult {
    let key = key_itself(world, scope, input.key_id.as_deref())?;
    permit(world, scope, &key, "kms:CancelKeyDeletion", Reach::Own, |_| {})?;
    if !key.state.is_leaving() {
        return Err(error(
            400,
            "KMSInvalidStateException",
            format!("{} is not pending deletion.", key.arn),
        ));
    }
    if let Some(key) = world.key_mut(&key.arn) {
        key.state = KeyState::Disabled;
    }
    Ok(json!({ "KeyId": key.arn }))
}
