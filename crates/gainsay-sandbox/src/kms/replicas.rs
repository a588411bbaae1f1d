//! Multi-Region keys: replicated into another Region, and the primary moved there.
//!
//! <https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html>.
//! Replicas have the id, the material and the rotation of their primary; policy, tags, aliases,
//! grants and description are each key's own.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    JsonResponse, JsonResult, Reach, Takes, error, in_state, invalid,
    key::Key,
    key_itself, lifecycle, permit, policy,
    tags::{self, Pair},
};
use crate::{authorize::Scope, route, state::World};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Replicate {
    key_id: Option<String>,
    replica_region: Option<String>,
    policy: Option<String>,
    #[serde(default)]
    bypass_policy_lockout_safety_check: bool,
    #[serde(default)]
    description: String,
    #[serde(default)]
    tags: Vec<Pair>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct UpdatePrimary {
    key_id: Option<String>,
    primary_region: Option<String>,
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ReplicateKey.html>: `kms:ReplicateKey`
/// on the primary, `kms:CreateKey` in the Region of the replica; the order is assumed.
pub(super) fn replicate(world: &mut World, scope: &Scope, input: &Replicate) -> JsonResult {
    let action = "kms:ReplicateKey";
    let region = region_of(input.replica_region.as_deref(), "ReplicaRegion")?;
    let description = lifecycle::checked_description(&input.description)?;
    let tags = tags::read(&input.tags)?;
    let primary = key_itself(world, scope, input.key_id.as_deref())?;
    permit(world, scope, &primary, action, Reach::Own, |context| {
        context.set("kms:ReplicaRegion", region);
    })?;
    let bypass = input.bypass_policy_lockout_safety_check;
    let there = scope.in_region(region);
    let made = lifecycle::may_create(
        &there,
        Some("REPLICA"),
        false,
        bypass,
        input.policy.is_some(),
        &tags,
    );
    scope.record_rulings_of(&there);
    made?;
    in_state(scope, &primary, action, Takes::Enabled)?;
    is_primary(&primary)?;
    let arn = format!("arn:aws:kms:{region}:{}:key/{}", primary.account, primary.id);
    if region == primary.region || world.key(&arn).is_some() {
        return Err(error(400, "AlreadyExistsException", format!("{arn} already exists.")));
    }
    let document = lifecycle::policy_of(world, input.policy.as_deref(), &primary.account)?;
    let replica = Key {
        description,
        materials: primary.materials.clone(),
        rotation: primary.rotation,
        primary: primary.primary.clone(),
        tags,
        ..Key::new(
            region,
            arn.clone(),
            primary.id.clone(),
            primary.account.clone(),
            document,
            scope.now,
        )
    };
    if input.policy.is_some() {
        policy::check_lockout(world, scope, &replica, &replica.policy, bypass)?;
    }
    std::sync::Arc::make_mut(&mut world.keys).insert(arn, replica.clone().into());
    let mut metadata = lifecycle::metadata(world, &replica);
    if let Some(members) = metadata.as_object_mut() {
        // The answer is given before the replica is ready; who asks next finds it enabled.
        members.insert("KeyState".to_owned(), json!("Creating"));
        members.insert("Enabled".to_owned(), json!(false));
    }
    let tags: Vec<Value> = tags::shown(&replica.tags).collect();
    Ok(
        json!({ "ReplicaKeyMetadata": metadata, "ReplicaPolicy": &*replica.policy.text, "ReplicaTags": tags }),
    )
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdatePrimaryRegion.html>: the
/// permission on both keys; which is asked for first is assumed.
pub(super) fn update_primary(
    world: &mut World,
    scope: &Scope,
    input: &UpdatePrimary,
) -> JsonResult {
    let action = "kms:UpdatePrimaryRegion";
    let region = region_of(input.primary_region.as_deref(), "PrimaryRegion")?;
    let primary = key_itself(world, scope, input.key_id.as_deref())?;
    permit(world, scope, &primary, action, Reach::Own, |context| {
        context.set("kms:PrimaryRegion", region);
    })?;
    in_state(scope, &primary, action, Takes::Enabled)?;
    is_primary(&primary)?;
    if region == primary.region {
        return Err(error(
            400,
            "UnsupportedOperationException",
            format!("{} is the primary key already.", primary.arn),
        ));
    }
    let replica = world.family(&primary).find(|key| key.region == region).cloned();
    let replica = replica.ok_or_else(|| {
        let message = format!("{} has no replica key in {region}.", primary.arn);
        error(400, "NotFoundException", message)
    })?;
    permit(world, scope, &replica, action, Reach::Own, |context| {
        context.set("kms:PrimaryRegion", region);
    })?;
    in_state(scope, &replica, action, Takes::Enabled)?;
    world.change_shared(&primary, |key| key.primary = Some(region.to_owned()));
    Ok(json!({}))
}

fn region_of<'a>(text: Option<&'a str>, name: &str) -> Result<&'a str, JsonResponse> {
    let region = text.ok_or_else(|| invalid(format!("{name} must not be null")))?;
    if route::REGIONS.contains(&region) {
        return Ok(region);
    }
    Err(invalid(format!("{name} `{region}` is not a Region that the sandbox knows")))
}

fn is_primary(key: &Key) -> Result<(), JsonResponse> {
    if key.primary.is_some() && !key.is_replica() {
        return Ok(());
    }
    let message = format!("{} is not a multi-Region primary key.", key.arn);
    Err(error(400, "UnsupportedOperationException", message))
}
