//! The policy of a key.

use serde_json::json;

use super::on_key;
use crate::{
    attempt::{
        Answer, Call, Effect, Field, FillError, Operation, Param, Request, RunContext, Value,
        command::{CommandLine, Spelling},
        fill::fixture_param,
        service::send::{boxed, done, fields, send},
    },
    cloud::Clients,
};

/// `GetKeyPolicy`: <https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyPolicy.html>.
pub const GET: Operation = on_key("kms:GetKeyPolicy", Effect::Reads, boxed!(get));

/// `PutKeyPolicy`: <https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html>.
pub const PUT: Operation = Operation {
    may: &[Param::Document, Param::BypassLockoutCheck],
    declared: Some(declared),
    command: CommandLine {
        options: &[(Param::Document, Spelling::Option("--policy"))],
        ..CommandLine::USUAL
    },
    ..on_key("kms:PutKeyPolicy", Effect::Configures, boxed!(put))
};

/// The policy a key was deployed or made with: an attempt that gives no other writes this one back.
fn declared(request: &Request, context: &RunContext<'_>) -> Result<Option<String>, FillError> {
    let key = request.params.get(&Param::KeyId);
    if let Some(Value::Key(key, _)) = key {
        return Ok(Some(key.policy.text.to_string()));
    }
    if let Some(Value::Fixture(index)) = key {
        let made = fixture_param(*index, Param::Document, context)?;
        if !made.is_empty() {
            return Ok(Some(made));
        }
    }
    // What KMS gives a key that is made without a policy:
    // <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html>.
    let root = format!("arn:aws:iam::{}:root", context.environment.deployed.account);
    let statement = json!({
        "Effect": "Allow",
        "Principal": { "AWS": root },
        "Action": "kms:*",
        "Resource": "*",
    });
    Ok(Some(json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()))
}

async fn get(clients: &Clients, call: &Call) -> Answer {
    let request = clients.kms.get_key_policy().set_key_id(call.get(Param::KeyId));
    send!(clients, request, |answer| fields([(Field::Policy, answer.policy())]))
}

async fn put(clients: &Clients, call: &Call) -> Answer {
    let request = clients
        .kms
        .put_key_policy()
        .set_key_id(call.get(Param::KeyId))
        .set_policy(call.get(Param::Document))
        .set_bypass_policy_lockout_safety_check(call.flag(Param::BypassLockoutCheck));
    done!(clients, request)
}
