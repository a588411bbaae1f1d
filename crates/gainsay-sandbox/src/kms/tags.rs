//! The tags of a key.
//!
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_TagResource.html>. Codes and words were
//! recorded by `LocalStack` in January 2025 (`test_create_key_with_invalid_tag_key`,
//! `test_tag_key_with_duplicate_tag_keys_raises_error`); in which order tags are looked at is
//! assumed.

use std::collections::{BTreeMap, BTreeSet};

use gainsay_iam::Context;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    JsonResponse, JsonResult, Page, Reach, Takes, error, in_state, invalid, key_itself,
    not_modelled, permit,
};
use crate::{authorize::Scope, state::World};

const MAX_TAGS: usize = 50;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Tag {
    key_id: Option<String>,
    tags: Option<Vec<Pair>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Pair {
    tag_key: String,
    tag_value: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Untag {
    key_id: Option<String>,
    tag_keys: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct List {
    key_id: Option<String>,
    limit: Option<usize>,
    marker: Option<String>,
}

pub(super) fn tag(world: &mut World, scope: &Scope, input: &Tag) -> JsonResult {
    let action = "kms:TagResource";
    let pairs = input.tags.as_ref().ok_or_else(|| invalid("Tags must not be null"))?;
    let tags = read(pairs)?;
    let key = key_itself(world, scope, input.key_id.as_deref())?;
    permit(world, scope, &key, action, Reach::Own, |context| set_context(context, &tags))?;
    in_state(scope, &key, action, Takes::Lasting)?;
    let all: BTreeSet<&String> = key.tags.keys().chain(tags.keys()).collect();
    check_all(&all)?;
    if let Some(key) = world.key_mut(&key.arn) {
        key.tags.extend(tags);
    }
    Ok(json!({}))
}

/// The tags of a request, each of which can be one.
pub(super) fn read(pairs: &[Pair]) -> Result<BTreeMap<String, String>, JsonResponse> {
    let mut tags = BTreeMap::new();
    for pair in pairs {
        check(&pair.tag_key)?;
        if !is_plain(&pair.tag_value) {
            return Err(error(400, "TagException", "the tag value is not valid"));
        }
        if tags.insert(pair.tag_key.clone(), pair.tag_value.clone()).is_some() {
            return Err(error(400, "TagException", "Duplicate tag keys"));
        }
    }
    check_all(&tags.keys().collect())?;
    Ok(tags)
}

/// What a key can have together.
fn check_all(names: &BTreeSet<&String>) -> Result<(), JsonResponse> {
    let apart: BTreeSet<String> = names.iter().map(|name| name.to_lowercase()).collect();
    if apart.len() != names.len() {
        return Err(not_modelled(
            "tag keys that differ only in case, which policies cannot tell apart",
        ));
    }
    if names.len() > MAX_TAGS {
        return Err(error(400, "TagException", "Too many tags"));
    }
    Ok(())
}

/// What policies are told of the tags of a request.
pub(super) fn set_context(context: &mut Context, tags: &BTreeMap<String, String>) {
    for (name, value) in tags {
        context.set(&format!("aws:RequestTag/{name}"), value.as_str());
    }
    tell_keys(context, tags.keys());
}

pub(super) fn untag(world: &mut World, scope: &Scope, input: &Untag) -> JsonResult {
    let action = "kms:UntagResource";
    let names = input.tag_keys.as_ref().ok_or_else(|| invalid("TagKeys must not be null"))?;
    let names: BTreeSet<String> = names.iter().cloned().collect();
    names.iter().try_for_each(|name| check(name))?;
    let key = key_itself(world, scope, input.key_id.as_deref())?;
    permit(world, scope, &key, action, Reach::Own, |context| tell_keys(context, names.iter()))?;
    in_state(scope, &key, action, Takes::Lasting)?;
    if let Some(key) = world.key_mut(&key.arn) {
        key.tags.retain(|name, _| !names.contains(name));
    }
    Ok(json!({}))
}

pub(super) fn list(world: &World, scope: &Scope, input: &List) -> JsonResult {
    let key = key_itself(world, scope, input.key_id.as_deref())?;
    permit(world, scope, &key, "kms:ListResourceTags", Reach::Own, |_| {})?;
    let page = Page::of(input.limit, input.marker.as_deref())?;
    Ok(page.answer("Tags", shown(&key.tags)))
}

/// Tags as the protocol writes them.
pub(super) fn shown(tags: &BTreeMap<String, String>) -> impl Iterator<Item = Value> {
    tags.iter().map(|(name, value)| json!({ "TagKey": name, "TagValue": value }))
}

fn tell_keys<'a>(context: &mut Context, names: impl Iterator<Item = &'a String>) {
    context.set_all("aws:TagKeys", names.cloned());
}

/// Not AWS's own prefix; how long it may be was looked at before.
fn check(name: &str) -> Result<(), JsonResponse> {
    if name.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:")) {
        return Err(error(400, "TagException", "Tags beginning with aws: are reserved"));
    }
    if !is_plain(name) {
        return Err(error(400, "TagException", "the tag key is not valid"));
    }
    Ok(())
}

/// The characters that tags may have:
/// <https://docs.aws.amazon.com/kms/latest/developerguide/tagging-keys.html>.
fn is_plain(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || " +-=._:/@".contains(c))
}
