//! Grants on a key. A call names one by its id; with its token it can be used before all of KMS
//! knows of it (<https://docs.aws.amazon.com/kms/latest/developerguide/using-grant-token.html>).

use aws_sdk_kms::types::{GrantConstraints, GrantOperation};

use super::{on_key, pairs};
use crate::{
    attempt::{
        Answer, Call, Effect, Field, Operation, Param,
        command::{CommandLine, Spelling, quote},
        service::send::{boxed, done, fields, list, send},
    },
    cloud::Clients,
};

/// `CreateGrant`: <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html>.
pub const CREATE: Operation = Operation {
    needs: &[Param::KeyId, Param::Grantee, Param::GrantOperations],
    may: &[Param::RetiringPrincipal, Param::ContextEquals, Param::ContextSubset, Param::DryRun],
    ..on_key("kms:CreateGrant", Effect::Configures, boxed!(create))
};

/// `ListGrants`: <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListGrants.html>.
pub const LIST: Operation = on_key("kms:ListGrants", Effect::Reads, boxed!(list_grants));

/// `RevokeGrant`: <https://docs.aws.amazon.com/kms/latest/APIReference/API_RevokeGrant.html>.
pub const REVOKE: Operation = Operation {
    needs: &[Param::KeyId, Param::Grant],
    may: &[Param::DryRun],
    command: CommandLine {
        options: &[(Param::Grant, Spelling::Own(id_option))],
        ..CommandLine::USUAL
    },
    ..on_key("kms:RevokeGrant", Effect::Consumes, boxed!(revoke))
};

/// `RetireGrant`: <https://docs.aws.amazon.com/kms/latest/APIReference/API_RetireGrant.html>.
pub const RETIRE: Operation = Operation {
    needs: &[Param::KeyId, Param::Grant],
    may: &[Param::DryRun],
    command: CommandLine {
        options: &[(Param::Grant, Spelling::Own(id_option))],
        ..CommandLine::USUAL
    },
    ..on_key("kms:RetireGrant", Effect::Consumes, boxed!(retire))
};

fn id_option(value: &str) -> String {
    let (id, _) = value.split_once(':').unwrap_or((value, ""));
    format!("--grant-id {}", quote(id))
}

/// Id and token of the grant that a call names.
fn grant(call: &Call) -> Option<(String, String)> {
    let text = call.get(Param::Grant)?;
    let (id, token) = text.split_once(':')?;
    Some((id.to_owned(), token.to_owned()))
}

/// The token of the grant that a call names, as KMS takes tokens.
pub(super) fn tokens(call: &Call) -> Option<Vec<String>> {
    grant(call).map(|(_, token)| vec![token])
}

async fn create(clients: &Clients, call: &Call) -> Answer {
    let operations = call.get(Param::GrantOperations).unwrap_or_default();
    let operations = operations.split(',').filter(|word| !word.is_empty());
    let (equals, subset) = (pairs(call, Param::ContextEquals), pairs(call, Param::ContextSubset));
    let constraints = (equals.is_some() || subset.is_some()).then(|| {
        let constraints = GrantConstraints::builder().set_encryption_context_equals(equals);
        constraints.set_encryption_context_subset(subset).build()
    });
    let request = clients
        .kms
        .create_grant()
        .set_key_id(call.get(Param::KeyId))
        .set_dry_run(call.flag(Param::DryRun))
        .set_grantee_principal(call.get(Param::Grantee))
        .set_retiring_principal(call.get(Param::RetiringPrincipal))
        .set_operations(Some(operations.map(GrantOperation::from).collect()))
        .set_constraints(constraints);
    send!(clients, request, |answer| fields([
        (Field::GrantId, answer.grant_id()),
        (Field::GrantToken, answer.grant_token())
    ]))
}

async fn list_grants(clients: &Clients, call: &Call) -> Answer {
    let request = clients.kms.list_grants().set_key_id(call.get(Param::KeyId));
    send!(clients, request, |answer| list(
        Field::Grants,
        answer.grants().iter().filter_map(|grant| grant.grant_id())
    ))
}

async fn revoke(clients: &Clients, call: &Call) -> Answer {
    let request = clients.kms.revoke_grant().set_key_id(call.get(Param::KeyId));
    let request = request.set_grant_id(grant(call).map(|(id, _)| id));
    done!(clients, request.set_dry_run(call.flag(Param::DryRun)))
}

async fn retire(clients: &Clients, call: &Call) -> Answer {
    let request = clients.kms.retire_grant().set_key_id(call.get(Param::KeyId));
    let request = request.set_grant_id(grant(call).map(|(id, _)| id));
    done!(clients, request.set_dry_run(call.flag(Param::DryRun)))
}
