//! Keys themselves: described, made, enabled, disabled, deleted, rotated.

use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use time::Duration;

use super::{
    Answered, JsonAnswer, Reach, Takes, alias_of, epoch, error, grants, in_state, invalid, key, key_itself, not_modelled, permit, policy,
    refused,
};
use crate::{
    iam::Decision,
    sandbox::{
        authorize::{Question, Scope, told_of_keys},
        state::{Key, KeyState, World},
    },
};

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
    key_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Create {
    policy: Option<String>,
    #[serde(default)]
    bypass_policy_lockout_safety_check: bool,
    key_usage: Option<String>,
    key_spec: Option<String>,
    origin: Option<String>,
    #[serde(default)]
    multi_region: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Schedule {
    key_id: Option<String>,
    pending_window_in_days: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct EnableRotation {
    key_id: Option<String>,
    rotation_period_in_days: Option<u32>,
}

pub(super) fn describe(world: &World, scope: &Scope, input: &Describe) -> Answered {
    let key = key(world, scope, input.key_id.as_deref())?;
    grants::check_tokens(world, &input.grant_tokens)?;
    permit(world, scope, &key, "kms:DescribeKey", Reach::Any, |context| {
        if let Some(alias) = alias_of(input.key_id.as_deref()) {
            context.set("kms:RequestAlias", alias);
        }
    })?;
    Ok(json!({ "KeyMetadata": metadata(&key) }))
}

fn metadata(key: &Key) -> Value {
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
        "MultiRegion": false,
    });
    if let (KeyState::PendingDeletion(until), Some(members)) = (key.state, metadata.as_object_mut()) {
        members.insert("DeletionDate".to_owned(), epoch(until));
    }
    metadata
}

fn word(state: KeyState) -> &'static str {
    match state {
        KeyState::Enabled => "Enabled",
        KeyState::Disabled => "Disabled",
        KeyState::PendingDeletion(_) => "PendingDeletion",
    }
}

/// Only identity policies speak of a key that is not there yet:
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html>.
pub(super) fn create(world: &mut World, scope: &Scope, input: &Create) -> Answered {
    let is = |written: &Option<String>, only: &str| written.as_deref().is_none_or(|written| written == only);
    let usual = is(&input.key_usage, "ENCRYPT_DECRYPT") && is(&input.key_spec, "SYMMETRIC_DEFAULT") && is(&input.origin, "AWS_KMS");
    if !usual || input.multi_region {
        return Err(not_modelled(
            "keys other than symmetric ones of a single Region with material of AWS",
        ));
    }
    let account = scope.account().unwrap_or_default();
    let bypass = input.bypass_policy_lockout_safety_check;
    let mut context = scope.context(world, &account);
    context.set("kms:CallerAccount", account.as_str());
    context.set("kms:BypassPolicyLockoutSafetyCheck", bypass.to_string());
    told_of_keys(&mut context);
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
    // The service authorization reference lists kms:PutKeyPolicy for CreateKey, and does not say when it is asked for.
    let puts = Question {
        action: "kms:PutKeyPolicy",
        ..question
    };
    if input.policy.is_some() && scope.foresee(&puts).map_err(refused)?.decision != Decision::Allow {
        return Err(not_modelled("kms:CreateKey with a policy by a caller without kms:PutKeyPolicy"));
    }
    let document = match &input.policy {
        Some(text) => policy::document(text)?,
        None => policy::document(&policy::default_text(&account))?,
    };
    let number = world.next();
    let id = key_id(&account, number);
    let arn = format!("arn:aws:kms:{}:{account}:key/{id}", world.region);
    let key = Key::new(arn.clone(), id, account, document);
    policy::check_lockout(world, scope, &key, &key.policy, bypass)?;
    let answer = json!({ "KeyMetadata": metadata(&key) });
    std::sync::Arc::make_mut(&mut world.keys).insert(arn, key.into());
    Ok(answer)
}

/// An id in the form of a UUID, the same in every run of the same calls.
fn key_id(account: &str, number: u64) -> String {
    let hash = Sha256::digest(format!("{account}/{number}"));
    let bytes: [u8; 16] = hash.first_chunk().copied().unwrap_or_default();
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

pub(super) fn enable(world: &mut World, scope: &Scope, input: &OfKey) -> Answered {
    set_state(world, scope, input, "kms:EnableKey", KeyState::Enabled)
}

pub(super) fn disable(world: &mut World, scope: &Scope, input: &OfKey) -> Answered {
    set_state(world, scope, input, "kms:DisableKey", KeyState::Disabled)
}

fn set_state(world: &mut World, scope: &Scope, input: &OfKey, action: &str, state: KeyState) -> Answered {
    change(world, scope, input.key_id.as_deref(), action, Takes::Lasting, |key| {
        key.state = state;
    })?;
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
) -> Result<(), JsonAnswer> {
    let key = key_itself(world, scope, key_id)?;
    permit(world, scope, &key, action, Reach::Own, |_| {})?;
    in_state(scope, &key, action, takes)?;
    if let Some(key) = world.key_mut(&key.arn) {
        change(key);
    }
    Ok(())
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html>: 7 to 30 days, 30 by default.
pub(super) fn schedule(world: &mut World, scope: &Scope, input: &Schedule) -> Answered {
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
    })?;
    in_state(scope, &key, action, Takes::Lasting)?;
    let state = KeyState::PendingDeletion(scope.now + Duration::days(days));
    if let Some(key) = world.key_mut(&key.arn) {
        key.state = state;
    }
    Ok(json!({
        "KeyId": key.arn,
        "DeletionDate": epoch(scope.now + Duration::days(days)),
        "KeyState": word(state),
        "PendingWindowInDays": days,
    }))
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_CancelKeyDeletion.html>: the key is disabled afterwards.
pub(super) fn cancel(world: &mut World, scope: &Scope, input: &OfKey) -> Answered {
    let key = key_itself(world, scope, input.key_id.as_deref())?;
    permit(world, scope, &key, "kms:CancelKeyDeletion", Reach::Own, |_| {})?;
    if !matches!(key.state, KeyState::PendingDeletion(_)) {
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

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html>: 90 to 2560 days, 365 by default.
pub(super) fn enable_rotation(world: &mut World, scope: &Scope, input: &EnableRotation) -> Answered {
    let action = "kms:EnableKeyRotation";
    let days = input.rotation_period_in_days.unwrap_or(365);
    if !(90..=2560).contains(&days) {
        return Err(invalid("RotationPeriodInDays must be between 90 and 2560"));
    }
    let key = key_itself(world, scope, input.key_id.as_deref())?;
    permit(world, scope, &key, action, Reach::Own, |context| {
        match input.rotation_period_in_days {
            Some(days) => context.set("kms:RotationPeriodInDays", days.to_string()),
            // As above.
            None => context.set_unmodelled("kms:RotationPeriodInDays"),
        }
    })?;
    in_state(scope, &key, action, Takes::Enabled)?;
    if let Some(key) = world.key_mut(&key.arn) {
        key.rotation = Some(days);
    }
    Ok(json!({}))
}

pub(super) fn disable_rotation(world: &mut World, scope: &Scope, input: &OfKey) -> Answered {
    let action = "kms:DisableKeyRotation";
    change(world, scope, input.key_id.as_deref(), action, Takes::Enabled, |key| {
        key.rotation = None;
    })?;
    Ok(json!({}))
}

/// While a key is disabled or waits to be deleted it is not rotated; the status of the latter is told as off
/// (<https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyRotationStatus.html>).
pub(super) fn rotation(world: &World, scope: &Scope, input: &OfKey) -> Answered {
    let key = key_itself(world, scope, input.key_id.as_deref())?;
    permit(world, scope, &key, "kms:GetKeyRotationStatus", Reach::Any, |_| {})?;
    let leaving = matches!(key.state, KeyState::PendingDeletion(_));
    match key.rotation.filter(|_| !leaving) {
        Some(days) => Ok(json!({ "KeyId": key.arn, "KeyRotationEnabled": true, "RotationPeriodInDays": days })),
        None => Ok(json!({ "KeyId": key.arn, "KeyRotationEnabled": false })),
    }
}
