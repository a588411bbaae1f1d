//! The rotation of a key's material.

use super::{key_call, on_key};
use crate::{
    attempt::{
        Answer, Call, Effect, Field, Operation, Param,
        service::send::{boxed, fields, send, yes_or_no},
    },
    cloud::Clients,
};

/// `EnableKeyRotation`:
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html>.
pub const ENABLE: Operation =
    on_key("kms:EnableKeyRotation", Effect::Configures, key_call!(enable_key_rotation));

/// `DisableKeyRotation`:
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_DisableKeyRotation.html>.
pub const DISABLE: Operation =
    on_key("kms:DisableKeyRotation", Effect::Configures, key_call!(disable_key_rotation));

/// `RotateKeyOnDemand`:
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_RotateKeyOnDemand.html>.
pub const ROTATE: Operation =
    on_key("kms:RotateKeyOnDemand", Effect::Configures, key_call!(rotate_key_on_demand));

/// `GetKeyRotationStatus`:
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyRotationStatus.html>.
pub const STATUS: Operation = on_key("kms:GetKeyRotationStatus", Effect::Reads, boxed!(status));

async fn status(clients: &Clients, call: &Call) -> Answer {
    let request = clients.kms.get_key_rotation_status().set_key_id(call.get(Param::KeyId));
    send!(clients, request, |answer| fields([(
        Field::Rotation,
        Some(yes_or_no(answer.key_rotation_enabled()))
    )]))
}
