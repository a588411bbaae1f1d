//! Aliases: made, moved, taken away, listed.
//!
//! AWS authorizes these on the alias, by identity policies, and on each key concerned:
//! <https://docs.aws.amazon.com/kms/latest/developerguide/alias-access.html>. That the alias is
//! asked about first is assumed.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;
use time::OffsetDateTime;

use super::{
    JsonResponse, JsonResult, Key, Page, Reach, Takes, alias_of, ask, epoch, error, in_state,
    invalid, key_itself, permit,
};
use crate::{
    authorize::Scope,
    state::{World, alias_arn},
};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct OfBoth {
    alias_name: Option<String>,
    target_key_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct OfAlias {
    alias_name: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct List {
    key_id: Option<String>,
    limit: Option<usize>,
    marker: Option<String>,
}

pub(super) fn create(world: &mut World, scope: &Scope, input: &OfBoth) -> JsonResult {
    let action = "kms:CreateAlias";
    let alias = Alias::read(scope, input.alias_name.as_deref())?;
    let key = target(world, scope, input)?;
    alias.permit(scope, action)?;
    permit(world, scope, &key, action, Reach::Own, |_| {})?;
    if world.aliases.contains_key(&alias.arn) {
        return Err(error(
            400,
            "AlreadyExistsException",
            format!("An alias with the name {} already exists", alias.arn),
        ));
    }
    in_state(scope, &key, action, Takes::Lasting)?;
    Arc::make_mut(&mut world.alias_times).insert(alias.arn.clone(), (scope.now, scope.now));
    Arc::make_mut(&mut world.aliases).insert(alias.arn, key.arn.clone());
    Ok(json!({}))
}

/// The key the alias leaves may be in any state; the one it moves to must last
/// (<https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html>).
pub(super) fn update(world: &mut World, scope: &Scope, input: &OfBoth) -> JsonResult {
    let action = "kms:UpdateAlias";
    let alias = Alias::read(scope, input.alias_name.as_deref())?;
    let next = target(world, scope, input)?;
    alias.permit(scope, action)?;
    let current = alias.target(world)?;
    if let Some(current) = world.key(&current).cloned() {
        permit(world, scope, &current, action, Reach::Own, |_| {})?;
    }
    permit(world, scope, &next, action, Reach::Own, |_| {})?;
    in_state(scope, &next, action, Takes::Lasting)?;
    let made = times(world, &alias.arn, &current).0;
    Arc::make_mut(&mut world.alias_times).insert(alias.arn.clone(), (made, scope.now));
    Arc::make_mut(&mut world.aliases).insert(alias.arn, next.arn.clone());
    Ok(json!({}))
}

pub(super) fn delete(world: &mut World, scope: &Scope, input: &OfAlias) -> JsonResult {
    let action = "kms:DeleteAlias";
    let alias = Alias::read(scope, input.alias_name.as_deref())?;
    alias.permit(scope, action)?;
    let current = alias.target(world)?;
    if let Some(current) = world.key(&current).cloned() {
        permit(world, scope, &current, action, Reach::Own, |_| {})?;
    }
    Arc::make_mut(&mut world.aliases).remove(&alias.arn);
    Arc::make_mut(&mut world.alias_times).remove(&alias.arn);
    Ok(json!({}))
}

/// The key an alias is to be of, which cannot be named by another alias. The words are those that
/// moto has; code and words are assumed.
fn target(world: &World, scope: &Scope, input: &OfBoth) -> Result<Arc<Key>, JsonResponse> {
    let text = input.target_key_id.as_deref();
    if alias_of(text).is_some() {
        return Err(invalid("Aliases must refer to keys. Not aliases"));
    }
    key_itself(world, scope, text)
}

/// When an alias was made and when it was last moved.
fn times(world: &World, alias: &str, key: &str) -> (OffsetDateTime, OffsetDateTime) {
    let made = || world.keys.get(key).map_or(OffsetDateTime::UNIX_EPOCH, |key| key.created);
    world.alias_times.get(alias).copied().unwrap_or_else(|| (made(), made()))
}

/// The aliases of the caller's own account; the permission has no resource.
pub(super) fn list(world: &World, scope: &Scope, input: &List) -> JsonResult {
    let account = scope.account().unwrap_or_default();
    ask(scope, "kms:ListAliases", "*", &account)?;
    let of_key = match &input.key_id {
        Some(text) => Some(key_itself(world, scope, Some(text))?.arn.clone()),
        None => None,
    };
    let page = Page::of(input.limit, input.marker.as_deref())?;
    let prefix = alias_arn(&scope.region, &account, "");
    let aliases = world
        .aliases
        .iter()
        .filter(|(_, key)| of_key.as_ref().is_none_or(|wanted| wanted == *key))
        .filter_map(|(arn, key)| {
            let name = arn.strip_prefix(&prefix)?;
            let id = key.rsplit('/').next()?;
            let (made, moved) = times(world, arn, key);
            Some(json!({
                "AliasName": name,
                "AliasArn": arn,
                "TargetKeyId": id,
                "CreationDate": epoch(made),
                "LastUpdatedDate": epoch(moved),
            }))
        });
    Ok(page.answer("Aliases", aliases))
}

/// An alias of the caller's account, whether there is one or not.
struct Alias {
    arn: String,
    account: String,
}

impl Alias {
    /// <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html>: `alias/` and
    /// letters, digits, `/`, `_`, `-`; at most 256 characters; `alias/aws/` is AWS's own. The words
    /// for a wrong prefix are those `LocalStack` has
    /// (localstack-core/localstack/services/kms/utils.py); those for a colon, moto's.
    fn read(scope: &Scope, name: Option<&str>) -> Result<Self, JsonResponse> {
        let name = name.ok_or_else(|| invalid("AliasName must not be null"))?;
        let rest = name.strip_prefix("alias/").ok_or_else(|| {
            invalid("Alias must start with the prefix \"alias/\". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html")
        })?;
        if rest.is_empty() {
            return Err(invalid("Invalid identifier"));
        }
        if rest.contains(':') {
            return Err(invalid(format!("{name} contains invalid characters for an alias")));
        }
        if rest.starts_with("aws/") {
            return Err(error(400, "NotAuthorizedException", ""));
        }
        let account = scope.account().unwrap_or_default();
        Ok(Self { arn: alias_arn(&scope.region, &account, name), account })
    }

    fn permit(&self, scope: &Scope, action: &str) -> Result<(), JsonResponse> {
        ask(scope, action, &self.arn, &self.account)
    }

    /// The ARN of its key.
    fn target(&self, world: &World) -> Result<String, JsonResponse> {
        let found = world.aliases.get(&self.arn).cloned();
        found.ok_or_else(|| {
            error(400, "NotFoundException", format!("Alias {} is not found.", self.arn))
        })
    }
}
