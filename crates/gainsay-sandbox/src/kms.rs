//! KMS: real encryption, and the calls of its JSON protocol that scenarios make.
//!
//! Errors and statuses: <https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html> and
//! each operation's page. Permission is asked first and the key's state second (assumed); what
//! cannot be right whoever asks, such as a waiting period of three days, is told before either
//! (assumed).

mod aliases;
mod blob;
mod crypto;
mod grants;
mod import;
mod input;
mod key;
mod lifecycle;
mod material;
mod page;
mod policy;
mod replicas;
mod rotation;
mod tags;

use std::sync::Arc;

use serde_json::{Value, json};

use self::page::Page;
pub(super) use self::{
    blob::{Blob, Opened, Sealed, Sealer},
    grants::KeyGrant,
    key::{Key, KeyState, Rotation},
    material::{KeyMaterial, Materials, Seals},
};
use gainsay_iam::{Context, Grant, Layer};

use super::{
    authorize::{Question, Scope, ask_key, key_context},
    json::{JsonResponse, JsonResult, error, not_modelled, parse, refused},
    state::World,
};

/// No request of these operations is longer: a key policy has at most 32 KiB, and JSON escapes may
/// make six bytes of one.
const MAX_BODY: usize = 1 << 18;

/// Answers a call. `target` is the x-amz-target header.
pub(super) fn answer(world: &mut World, scope: &Scope, target: &str, body: &[u8]) -> JsonResponse {
    let operation = target.strip_prefix("TrentService.").unwrap_or_default();
    if body.len() > MAX_BODY {
        return error(400, "ValidationException", "the request is too large");
    }
    if let Err(refusal) = input::check(operation, body) {
        return refusal;
    }
    world.apply_due_changes();
    let result = match operation {
        "DescribeKey" => parse(body).and_then(|input| lifecycle::describe(world, scope, &input)),
        "CreateKey" => parse(body).and_then(|input| lifecycle::create(world, scope, &input)),
        "EnableKey" => parse(body).and_then(|input| lifecycle::enable(world, scope, &input)),
        "DisableKey" => parse(body).and_then(|input| lifecycle::disable(world, scope, &input)),
        "ScheduleKeyDeletion" => {
            parse(body).and_then(|input| lifecycle::schedule(world, scope, &input))
        }
        "CancelKeyDeletion" => {
            parse(body).and_then(|input| lifecycle::cancel(world, scope, &input))
        }
        "UpdateKeyDescription" => {
            parse(body).and_then(|input| lifecycle::update_description(world, scope, &input))
        }
        "ListKeys" => parse(body).and_then(|input| lifecycle::list(world, scope, &input)),
        "EnableKeyRotation" => parse(body).and_then(|input| rotation::enable(world, scope, &input)),
        "DisableKeyRotation" => {
            parse(body).and_then(|input| rotation::disable(world, scope, &input))
        }
        "GetKeyRotationStatus" => {
            parse(body).and_then(|input| rotation::status(world, scope, &input))
        }
        "RotateKeyOnDemand" => {
            parse(body).and_then(|input| rotation::on_demand(world, scope, &input))
        }
        "ListKeyRotations" => parse(body).and_then(|input| rotation::list(world, scope, &input)),
        "ReplicateKey" => parse(body).and_then(|input| replicas::replicate(world, scope, &input)),
        "UpdatePrimaryRegion" => {
            parse(body).and_then(|input| replicas::update_primary(world, scope, &input))
        }
        "Encrypt" => parse(body).and_then(|input| crypto::encrypt(world, scope, &input)),
        "Decrypt" => parse(body).and_then(|input| crypto::decrypt(world, scope, &input)),
        "ReEncrypt" => parse(body).and_then(|input| crypto::re_encrypt(world, scope, &input)),
        "GenerateDataKey" => {
            parse(body).and_then(|input| crypto::generate(world, scope, &input, true))
        }
        "GenerateDataKeyWithoutPlaintext" => {
            parse(body).and_then(|input| crypto::generate(world, scope, &input, false))
        }
        "GenerateRandom" => parse(body).and_then(|input| crypto::random(scope, &input)),
        "CreateGrant" => parse(body).and_then(|input| grants::create(world, scope, &input)),
        "ListGrants" => parse(body).and_then(|input| grants::list(world, scope, &input)),
        "ListRetirableGrants" => {
            parse(body).and_then(|input| grants::list_retirable(world, scope, &input))
        }
        "RevokeGrant" => parse(body).and_then(|input| grants::revoke(world, scope, &input)),
        "RetireGrant" => parse(body).and_then(|input| grants::retire(world, scope, &input)),
        "GetKeyPolicy" => parse(body).and_then(|input| policy::get(world, scope, &input)),
        "ListKeyPolicies" => parse(body).and_then(|input| policy::list(world, scope, &input)),
        "PutKeyPolicy" => parse(body).and_then(|input| policy::put(world, scope, &input)),
        "CreateAlias" => parse(body).and_then(|input| aliases::create(world, scope, &input)),
        "UpdateAlias" => parse(body).and_then(|input| aliases::update(world, scope, &input)),
        "DeleteAlias" => parse(body).and_then(|input| aliases::delete(world, scope, &input)),
        "ListAliases" => parse(body).and_then(|input| aliases::list(world, scope, &input)),
        "TagResource" => parse(body).and_then(|input| tags::tag(world, scope, &input)),
        "UntagResource" => parse(body).and_then(|input| tags::untag(world, scope, &input)),
        "ListResourceTags" => parse(body).and_then(|input| tags::list(world, scope, &input)),
        "GetParametersForImport" | "ImportKeyMaterial" | "DeleteImportedKeyMaterial" => {
            import::answer(world, scope, operation, body)
        }
        other => Err(not_modelled(format!("kms:{other}"))),
    };
    result.map_or_else(|refusal| refusal, |body| (200, body))
}

/// An input that cannot be right.
fn invalid(message: impl Into<String>) -> JsonResponse {
    error(400, "ValidationException", message)
}

/// How a request names its key.
fn named(text: Option<&str>) -> Result<&str, JsonResponse> {
    text.ok_or_else(|| {
        invalid("1 validation error detected: Value null at 'keyId' failed to satisfy constraint: Member must not be null")
    })
}

/// A key by its id, its ARN, its alias or its alias's ARN.
fn key(world: &World, scope: &Scope, text: Option<&str>) -> Result<Arc<Key>, JsonResponse> {
    let text = named(text)?;
    let account = scope.account().unwrap_or_default();
    let shown = if text.starts_with("arn:") {
        text.to_owned()
    } else if text.starts_with("alias/") {
        format!("arn:aws:kms:{}:{account}:{text}", scope.region)
    } else if is_key_id(text) {
        format!("arn:aws:kms:{}:{account}:key/{text}", scope.region)
    } else {
        return Err(invalid_key_id(text));
    };
    if let Some(region) = text.strip_prefix("arn:aws:kms:").and_then(|rest| rest.split(':').next())
        && region != scope.region
    {
        return Err(error(400, "NotFoundException", format!("Invalid arn {region}")));
    }
    let arn = world.resolve_key(text, &account, &scope.region);
    let found = arn.and_then(|arn| world.key(&arn));
    found.cloned().ok_or_else(|| {
        if text.contains("alias/") {
            error(400, "NotFoundException", format!("Alias {shown} is not found."))
        } else {
            error(400, "NotFoundException", format!("Key '{shown}' does not exist"))
        }
    })
}

/// Recorded by `LocalStack`, `test_get_key_invalid_uuid`, 2023-11-07.
fn invalid_key_id(text: &str) -> JsonResponse {
    error(400, "NotFoundException", format!("Invalid keyId '{text}'"))
}

/// Whether a text has the form of a key's id: a UUID, or `mrk-` and 32 hexadecimal digits
/// (<https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id>).
fn is_key_id(text: &str) -> bool {
    let hexadecimal = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    if let Some(rest) = text.strip_prefix("mrk-") {
        return hexadecimal(rest, 32);
    }
    let groups: Vec<&str> = text.split('-').collect();
    let lengths = [8, 4, 4, 4, 12];
    groups.len() == lengths.len()
        && groups.iter().zip(lengths).all(|(group, length)| hexadecimal(group, length))
}

/// The alias a request names its key by, if it does: `kms:RequestAlias`.
fn alias_of(text: Option<&str>) -> Option<&str> {
    let text = text?;
    let name = if text.starts_with("arn:") { text.splitn(6, ':').last()? } else { text };
    name.starts_with("alias/").then_some(name)
}

/// A key by its id or its ARN, which is all that operations on the key itself take. What AWS
/// answers to an alias is assumed.
fn key_itself(world: &World, scope: &Scope, text: Option<&str>) -> Result<Arc<Key>, JsonResponse> {
    let text = named(text)?;
    if alias_of(Some(text)).is_some() {
        return Err(invalid_key_id(text));
    }
    key(world, scope, Some(text))
}

/// Who an operation's page lets ask: "Cross-account use".
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// The key's own account only. No policy can change that.
    Own,
    /// Any account that the key's policy or a grant lets.
    Any,
}

/// Asks whether an operation on a key itself is permitted, with what it tells policies besides.
fn permit(
    world: &World,
    scope: &Scope,
    key: &Key,
    action: &str,
    reach: Reach,
    set_context: impl FnOnce(&mut Context),
) -> Result<(), JsonResponse> {
    let mut context = key_context(scope, world, key);
    set_context(&mut context);
    let grants: Vec<Grant> = key.grants.iter().map(|key_grant| key_grant.grant.clone()).collect();
    let _permit = ask_key(scope, key, action, &context, &grants).map_err(refused)?;
    if reach == Reach::Own && scope.account().as_ref() != Some(&key.account) {
        return Err(not_modelled(format!(
            "what {action} answers another account that the key's policy permits it"
        )));
    }
    Ok(())
}

/// The states in which an operation succeeds:
/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html>.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    /// A key that is not to be deleted.
    Lasting,
    /// Such a key that has its material.
    Imported,
    /// An enabled key.
    Enabled,
}

fn in_state(scope: &Scope, key: &Key, action: &str, takes: Takes) -> Result<(), JsonResponse> {
    let fits = match takes {
        Takes::Lasting => !key.state.is_leaving(),
        Takes::Imported => !key.state.is_leaving() && key.state != KeyState::PendingImport,
        Takes::Enabled => key.state == KeyState::Enabled,
    };
    if fits {
        return Ok(());
    }
    match unusable(scope, key, action) {
        Some((code, message)) => Err(error(400, code, message)),
        None => Ok(()),
    }
}

/// Why a key cannot be used, by code and message; nothing if it can. For a key that waits to be
/// deleted the guide has two codes; this is the one that was recorded.
pub(super) fn unusable(scope: &Scope, key: &Key, action: &str) -> Option<(&'static str, String)> {
    let (code, message) = match key.state {
        KeyState::Enabled => return None,
        KeyState::Disabled => ("DisabledException", format!("{} is disabled.", key.arn)),
        KeyState::PendingDeletion(_) => {
            ("KMSInvalidStateException", format!("{} is pending deletion.", key.arn))
        }
        KeyState::PendingImport => {
            ("KMSInvalidStateException", format!("{} is pending import.", key.arn))
        }
        KeyState::PendingReplicaDeletion(_) => {
            ("KMSInvalidStateException", format!("{} is pending replica deletion.", key.arn))
        }
    };
    _ = scope.refuse(action, &key.arn, Layer::KeyState, "");
    Some((code, message))
}

/// Permission first, then what DryRun says: it always ends in an error
/// (<https://docs.aws.amazon.com/kms/latest/developerguide/testing-permissions.html>).
fn dry(dry_run: bool) -> Result<(), JsonResponse> {
    if dry_run {
        return Err(error(
            400,
            "DryRunOperationException",
            "The request would have succeeded, but the DryRun option is set.",
        ));
    }
    Ok(())
}

/// A time as the protocol writes it.
fn epoch(time: time::OffsetDateTime) -> Value {
    json!(time.unix_timestamp())
}

/// A question of which only identity policies speak.
fn ask(scope: &Scope, action: &str, resource: &str, account: &str) -> Result<(), JsonResponse> {
    let mut context = scope.context(account);
    context.set("kms:CallerAccount", account);
    let question = Question {
        action,
        resource,
        resource_account: account,
        resource_policy: None,
        context: &context,
        settings: &[],
        restrict_public: false,
    };
    let _permit = scope.authorize(&question).map_err(refused)?;
    Ok(())
}
