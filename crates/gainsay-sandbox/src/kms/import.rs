//! Keys whose material their owner imports
//! (<https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys.html>): they can be made,
//! and wait for material. Importing it takes RSA keys to wrap it with, which are not modelled.

use serde::Deserialize;
use serde_json::json;

use super::{
    JsonResponse, JsonResult, Key, Reach, Takes, error, in_state, key_itself, lifecycle::OfKey,
    not_modelled, parse, permit,
};
use crate::{authorize::Scope, state::World};

/// What the two operations that import take, as far as it is looked at.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Import {
    key_id: Option<String>,
}

pub(super) fn answer(world: &World, scope: &Scope, operation: &str, body: &[u8]) -> JsonResult {
    let action = format!("kms:{operation}");
    if operation == "DeleteImportedKeyMaterial" {
        let input: OfKey = parse(body)?;
        let key = external(world, scope, input.key_id.as_deref(), &action)?;
        // There is none, which is no error:
        // <https://docs.aws.amazon.com/kms/latest/APIReference/API_DeleteImportedKeyMaterial.html>.
        return Ok(json!({ "KeyId": key.arn }));
    }
    let input: Import = parse(body)?;
    external(world, scope, input.key_id.as_deref(), &action)?;
    Err(not_modelled(format!("{action}: RSA keys that wrap material")))
}

/// A key with imported material, once the action on it is authorized.
fn external(
    world: &World,
    scope: &Scope,
    key_id: Option<&str>,
    action: &str,
) -> Result<std::sync::Arc<Key>, JsonResponse> {
    let key = key_itself(world, scope, key_id)?;
    // Which keys the requests set besides is of no account here: nothing is imported.
    permit(world, scope, &key, action, Reach::Own, |context| {
        for name in ["kms:WrappingAlgorithm", "kms:WrappingKeySpec", "kms:ExpirationModel"] {
            context.set_unmodelled(name);
        }
        context.set_unmodelled("kms:ValidTo");
    })?;
    if !key.external {
        return Err(not_for_origin(&key));
    }
    in_state(scope, &key, action, Takes::Lasting)?;
    Ok(key)
}

/// The words are those `LocalStack` has (localstack-core/localstack/services/kms/provider.py).
pub(super) fn not_for_origin(key: &Key) -> JsonResponse {
    let origin = if key.external { "EXTERNAL" } else { "AWS_KMS" };
    let message = format!("{} origin is {origin} which is not valid for this operation.", key.arn);
    error(400, "UnsupportedOperationException", message)
}
