//! Keys: made, described, enabled and disabled.

use super::{described, grant, key_call, on_key};
use crate::{
    attempt::{
        Answer, Call, Effect, Leaves, On, Operation, Param, Service,
        command::{CommandLine, Spelling},
        service::send::{boxed, send},
    },
    cloud::Clients,
};

/// `CreateKey`: <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html>.
pub const CREATE: Operation = Operation {
    may: &[Param::Document, Param::BypassLockoutCheck],
    leaves: Leaves::KmsKey,
    command: CommandLine {
        options: &[(Param::Document, Spelling::Option("--policy"))],
        ..CommandLine::USUAL
    },
    ..Operation::new(Service::Kms, "kms:CreateKey", On::Anything, Effect::Writes, boxed!(create))
};

/// `DescribeKey`: <https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html>.
pub const DESCRIBE: Operation = Operation {
    may: &[Param::Grant],
    ..on_key("kms:DescribeKey", Effect::Reads, boxed!(describe))
};

/// `EnableKey`: <https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKey.html>.
pub const ENABLE: Operation = on_key("kms:EnableKey", Effect::Configures, key_call!(enable_key));

/// `DisableKey`: <https://docs.aws.amazon.com/kms/latest/APIReference/API_DisableKey.html>.
pub const DISABLE: Operation = on_key("kms:DisableKey", Effect::Configures, key_call!(disable_key));

async fn create(clients: &Clients, call: &Call) -> Answer {
    let request = clients
        .kms
        .create_key()
        .set_policy(call.get(Param::Document))
        .set_bypass_policy_lockout_safety_check(call.flag(Param::BypassLockoutCheck));
    send!(clients, request, |answer| {
        let metadata = answer.key_metadata();
        described(
            metadata.and_then(|metadata| metadata.arn()),
            metadata.and_then(|metadata| metadata.key_state()),
        )
    })
}

async fn describe(clients: &Clients, call: &Call) -> Answer {
    let request = clients
        .kms
        .describe_key()
        .set_key_id(call.get(Param::KeyId))
        .set_grant_tokens(grant::tokens(call));
    send!(clients, request, |answer| {
        let metadata = answer.key_metadata();
        described(
            metadata.and_then(|metadata| metadata.arn()),
            metadata.and_then(|metadata| metadata.key_state()),
        )
    })
}
