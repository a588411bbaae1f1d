//! Rotation: on and off, its period, on demand, and what it has done.
//!
//! <https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html>. A rotation on demand
//! is done at once (assumed: AWS says that it begins at once).

use serde::Deserialize;
use serde_json::{Value, json};
use time::Duration;

use super::{
    JsonResponse, JsonResult, Key, KeyState, Page, Reach, Rotation, Takes, epoch, error, import,
    in_state, invalid, key_itself,
    lifecycle::OfKey,
    material::{Material, Rotated},
    not_modelled, permit,
};
use crate::{authorize::Scope, state::World};

/// How often a key may be rotated on demand, as often as one likes at once: recorded by
/// `LocalStack`, `test_key_rotations_limits`, 2025-04-03. The page has said 25 since
/// (<https://docs.aws.amazon.com/kms/latest/APIReference/API_RotateKeyOnDemand.html>).
const ON_DEMAND: usize = 10;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Enable {
    key_id: Option<String>,
    rotation_period_in_days: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct List {
    key_id: Option<String>,
    include_key_material: Option<String>,
    limit: Option<usize>,
    marker: Option<String>,
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html>: 90 to 2560
/// days, 365 by default. That the first rotation comes a whole period after this call, also where
/// rotation was on, is assumed.
pub(super) fn enable(world: &mut World, scope: &Scope, input: &Enable) -> JsonResult {
    let action = "kms:EnableKeyRotation";
    let days = input.rotation_period_in_days.unwrap_or(365);
    let key = key_itself(world, scope, input.key_id.as_deref())?;
    permit(world, scope, &key, action, Reach::Own, |context| {
        match input.rotation_period_in_days {
            Some(days) => context.set("kms:RotationPeriodInDays", days.to_string()),
            // Whether policies see the default is not documented.
            None => context.set_unmodelled("kms:RotationPeriodInDays"),
        }
    })?;
    in_state(scope, &key, action, Takes::Enabled)?;
    at_the_primary(&key)?;
    let next = scope.now + Duration::days(i64::from(days));
    world.change_shared(&key, |key| key.rotation = Some(Rotation { days, next }));
    Ok(json!({}))
}

pub(super) fn disable(world: &mut World, scope: &Scope, input: &OfKey) -> JsonResult {
    let action = "kms:DisableKeyRotation";
    let key = key_itself(world, scope, input.key_id.as_deref())?;
    permit(world, scope, &key, action, Reach::Own, |_| {})?;
    in_state(scope, &key, action, Takes::Enabled)?;
    at_the_primary(&key)?;
    world.change_shared(&key, |key| key.rotation = None);
    Ok(json!({}))
}

/// While a key is disabled or waits to be deleted it is not rotated; the status of the latter is
/// told as off
/// (<https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyRotationStatus.html>).
pub(super) fn status(world: &World, scope: &Scope, input: &OfKey) -> JsonResult {
    let key = key_itself(world, scope, input.key_id.as_deref())?;
    permit(world, scope, &key, "kms:GetKeyRotationStatus", Reach::Any, |_| {})?;
    match key.rotation.filter(|_| !key.state.is_leaving()) {
        Some(rotation) => Ok(json!({
            "KeyId": key.id,
            "KeyRotationEnabled": true,
            "RotationPeriodInDays": rotation.days,
            "NextRotationDate": epoch(rotation.next),
        })),
        None => Ok(json!({ "KeyId": key.id, "KeyRotationEnabled": false })),
    }
}

pub(super) fn on_demand(world: &mut World, scope: &Scope, input: &OfKey) -> JsonResult {
    let action = "kms:RotateKeyOnDemand";
    let key = key_itself(world, scope, input.key_id.as_deref())?;
    permit(world, scope, &key, action, Reach::Own, |_| {})?;
    in_state(scope, &key, action, Takes::Enabled)?;
    at_the_primary(&key)?;
    let on_demand = key.materials.all().filter(|material| match material.by {
        Some((Rotated::OnDemand, _)) => true,
        Some((Rotated::Automatically, _)) | None => false,
    });
    if on_demand.count() >= ON_DEMAND {
        let message = format!(
            "The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be performed for this key: {}",
            key.arn
        );
        return Err(error(400, "LimitExceededException", message));
    }
    world.rotate(&key, Rotated::OnDemand, scope.now);
    Ok(json!({ "KeyId": key.id }))
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeyRotations.html>; the order,
/// oldest first, is assumed.
pub(super) fn list(world: &World, scope: &Scope, input: &List) -> JsonResult {
    let with_first = match input.include_key_material.as_deref() {
        None | Some("ROTATIONS_ONLY") => false,
        Some("ALL_KEY_MATERIAL") => true,
        Some(_) => {
            return Err(invalid("IncludeKeyMaterial must be ALL_KEY_MATERIAL or ROTATIONS_ONLY"));
        }
    };
    let key = key_itself(world, scope, input.key_id.as_deref())?;
    permit(world, scope, &key, "kms:ListKeyRotations", Reach::Own, |_| {})?;
    let current = key.materials.current().id();
    let entries = key
        .materials
        .all()
        .filter(|material| with_first || material.by.is_some())
        .map(|material| shown(&key, material, &current));
    Ok(Page::of(input.limit, input.marker.as_deref())?.answer("Rotations", entries))
}

fn shown(key: &Key, material: &Material, current: &str) -> Value {
    let id = material.id();
    let mut shown = json!({
        "KeyId": key.id,
        "KeyMaterialState": if id == current { "CURRENT" } else { "NON_CURRENT" },
        "KeyMaterialId": id,
    });
    if let (Some((by, at)), Some(members)) = (material.by, shown.as_object_mut()) {
        let by = match by {
            Rotated::Automatically => "AUTOMATIC",
            Rotated::OnDemand => "ON_DEMAND",
        };
        members.insert("RotationDate".to_owned(), epoch(at));
        members.insert("RotationType".to_owned(), json!(by));
    }
    shown
}

/// A key that is enabled again is rotated at once if that was to happen meanwhile.
pub(super) fn catch_up(world: &mut World, key: &Key, now: time::OffsetDateTime) {
    let Some(rotation) = key.rotation.filter(|rotation| rotation.next <= now && !key.is_replica())
    else {
        return;
    };
    world.rotate(key, Rotated::Automatically, now);
    let next = now + Duration::days(i64::from(rotation.days));
    world.change_shared(key, |key| key.rotation = Some(Rotation { next, ..rotation }));
}

/// What is imported is not rotated here
/// (<https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html>). Rotation is a
/// property that replicas share, and is set at the primary. AWS managed keys are rotated by AWS.
fn at_the_primary(key: &Key) -> Result<(), JsonResponse> {
    if key.managed {
        return Err(not_modelled(
            "what the rotation of an AWS managed key answers to whom its policy permits it",
        ));
    }
    if key.external {
        return Err(import::not_for_origin(key));
    }
    if key.is_replica() {
        let message = format!("{} is a replica key: rotation is set at the primary key.", key.arn);
        return Err(error(400, "UnsupportedOperationException", message));
    }
    debug_assert!(key.state == KeyState::Enabled, "asked before");
    Ok(())
}
