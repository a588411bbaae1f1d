//! KMS.

use std::collections::HashMap;

use aws_sdk_kms::{
    error::BuildError,
    operation::RequestId as _,
    primitives::Blob,
    types::{DataKeySpec, DryRunModifierType, GrantConstraints, GrantOperation, KeyState, Tag},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{body, fields, forgotten, send};
use crate::{
    attempt::{Answer, Call, Field, Op, Output, Param, cli::tags},
    cloud::Clients,
};

/// The empty answer of what only changes something.
macro_rules! done {
    ($clients:expr, $builder:expr) => {
        send!($clients, $builder, |_answer| Output::new())
    };
}

pub(super) async fn kms(clients: &Clients, call: &Call) -> Answer {
    match call.operation.op {
        Op::Encrypt
        | Op::Decrypt
        | Op::ReEncrypt
        | Op::GenerateDataKey
        | Op::GenerateDataKeyWithoutPlaintext => cryptography(clients, call).await,
        Op::CreateGrant | Op::ListGrants | Op::RevokeGrant | Op::RetireGrant => {
            grants(clients, call).await
        }
        Op::CreateAlias | Op::UpdateAlias | Op::DeleteAlias | Op::ListAliases => {
            aliases(clients, call).await
        }
        Op::TagResource | Op::UntagResource | Op::ListResourceTags => tagging(clients, call).await,
        Op::EnableKeyRotation
        | Op::DisableKeyRotation
        | Op::RotateKeyOnDemand
        | Op::GetKeyRotationStatus => rotation(clients, call).await,
        Op::ScheduleKeyDeletion | Op::CancelKeyDeletion | Op::EnableKey | Op::DisableKey => {
            state(clients, call).await
        }
        Op::CreateKey | Op::PutKeyPolicy | Op::GetKeyPolicy | Op::DescribeKey => {
            keys(clients, call).await
        }
        _ => forgotten(call),
    }
}

async fn cryptography(clients: &Clients, call: &Call) -> Answer {
    let kms = &clients.kms;
    let (key, dry_run) = (call.get(Param::KeyId), call.flag(Param::DryRun));
    let (context, tokens) = (pairs(call, Param::EncryptionContext), tokens(call));
    let modifiers = (call.flag(Param::IgnoreCiphertext) == Some(true))
        .then(|| vec![DryRunModifierType::IgnoreCiphertext]);
    let blob = match call.get(Param::Ciphertext).map(|text| STANDARD.decode(text)).transpose() {
        Ok(blob) => blob.map(Blob::new),
        Err(error) => {
            return Answer::NotSent { message: format!("the ciphertext is not base64: {error}") };
        }
    };
    match call.operation.op {
        Op::Encrypt => {
            let request = kms.encrypt().set_key_id(key).set_encryption_context(context);
            let request = request
                .set_grant_tokens(tokens)
                .set_dry_run(dry_run)
                .plaintext(Blob::new(body(call)));
            send!(clients, request, |answer| ciphertext(answer.ciphertext_blob(), answer.key_id()))
        }
        Op::GenerateDataKey => {
            let request = kms.generate_data_key().set_key_id(key).set_encryption_context(context);
            let request =
                request.set_grant_tokens(tokens).set_dry_run(dry_run).key_spec(DataKeySpec::Aes256);
            send!(clients, request, |answer| ciphertext(answer.ciphertext_blob(), answer.key_id()))
        }
        Op::GenerateDataKeyWithoutPlaintext => {
            let request = kms.generate_data_key_without_plaintext().set_key_id(key);
            let request = request.set_encryption_context(context).set_grant_tokens(tokens);
            let request = request.set_dry_run(dry_run).key_spec(DataKeySpec::Aes256);
            send!(clients, request, |answer| ciphertext(answer.ciphertext_blob(), answer.key_id()))
        }
        Op::ReEncrypt => {
            let request = kms.re_encrypt().set_source_key_id(call.get(Param::SourceKey));
            let request = request.set_destination_key_id(key).set_ciphertext_blob(blob);
            let request = request
                .set_source_encryption_context(context.clone())
                .set_destination_encryption_context(context);
            let request = request
                .set_grant_tokens(tokens)
                .set_dry_run(dry_run)
                .set_dry_run_modifiers(modifiers);
            send!(clients, request, |answer| ciphertext(answer.ciphertext_blob(), answer.key_id()))
        }
        Op::Decrypt => {
            let request = kms.decrypt().set_key_id(key).set_ciphertext_blob(blob);
            let request = request.set_encryption_context(context).set_grant_tokens(tokens);
            let request = request.set_dry_run(dry_run).set_dry_run_modifiers(modifiers);
            send!(clients, request, |answer| fields([(Field::Arn, answer.key_id())]))
        }
        _ => forgotten(call),
    }
}

async fn grants(clients: &Clients, call: &Call) -> Answer {
    let kms = &clients.kms;
    let (key, dry_run) = (call.get(Param::KeyId), call.flag(Param::DryRun));
    let id = grant(call).map(|(id, _)| id);
    match call.operation.op {
        Op::CreateGrant => {
            let asked = call.get(Param::GrantOperations).unwrap_or_default();
            let operations =
                asked.split(',').filter(|word| !word.is_empty()).map(GrantOperation::from);
            let (equals, subset) =
                (pairs(call, Param::ContextEquals), pairs(call, Param::ContextSubset));
            let constraints = (equals.is_some() || subset.is_some()).then(|| {
                let constraints = GrantConstraints::builder().set_encryption_context_equals(equals);
                constraints.set_encryption_context_subset(subset).build()
            });
            let request = kms.create_grant().set_key_id(key).set_dry_run(dry_run);
            let request = request
                .set_grantee_principal(call.get(Param::Grantee))
                .set_retiring_principal(call.get(Param::RetiringPrincipal))
                .set_operations(Some(operations.collect()))
                .set_constraints(constraints);
            send!(clients, request, |answer| fields([
                (Field::GrantId, answer.grant_id()),
                (Field::GrantToken, answer.grant_token())
            ]))
        }
        Op::ListGrants => send!(clients, kms.list_grants().set_key_id(key), |answer| list(
            Field::Grants,
            answer.grants().iter().filter_map(|grant| grant.grant_id())
        )),
        Op::RevokeGrant => {
            done!(clients, kms.revoke_grant().set_key_id(key).set_grant_id(id).set_dry_run(dry_run))
        }
        Op::RetireGrant => {
            done!(clients, kms.retire_grant().set_key_id(key).set_grant_id(id).set_dry_run(dry_run))
        }
        _ => forgotten(call),
    }
}

async fn keys(clients: &Clients, call: &Call) -> Answer {
    let kms = &clients.kms;
    let (key, policy, bypass) =
        (call.get(Param::KeyId), call.get(Param::Document), call.flag(Param::BypassLockoutCheck));
    match call.operation.op {
        Op::CreateKey => {
            let request =
                kms.create_key().set_policy(policy).set_bypass_policy_lockout_safety_check(bypass);
            send!(clients, request, |answer| {
                let metadata = answer.key_metadata();
                described(
                    metadata.and_then(|metadata| metadata.arn()),
                    metadata.and_then(|metadata| metadata.key_state()),
                )
            })
        }
        Op::PutKeyPolicy => {
            let request = kms.put_key_policy().set_key_id(key).set_policy(policy);
            done!(clients, request.set_bypass_policy_lockout_safety_check(bypass))
        }
        Op::GetKeyPolicy => send!(clients, kms.get_key_policy().set_key_id(key), |answer| fields(
            [(Field::Policy, answer.policy())]
        )),
        Op::DescribeKey => {
            let request = kms.describe_key().set_key_id(key).set_grant_tokens(tokens(call));
            send!(clients, request, |answer| {
                let metadata = answer.key_metadata();
                described(
                    metadata.and_then(|metadata| metadata.arn()),
                    metadata.and_then(|metadata| metadata.key_state()),
                )
            })
        }
        _ => forgotten(call),
    }
}

async fn state(clients: &Clients, call: &Call) -> Answer {
    let kms = &clients.kms;
    let key = call.get(Param::KeyId);
    match call.operation.op {
        Op::EnableKey => done!(clients, kms.enable_key().set_key_id(key)),
        Op::DisableKey => done!(clients, kms.disable_key().set_key_id(key)),
        Op::CancelKeyDeletion => send!(
            clients,
            kms.cancel_key_deletion().set_key_id(key),
            |answer| fields([(Field::Arn, answer.key_id())])
        ),
        Op::ScheduleKeyDeletion => {
            let days =
                match call.get(Param::PendingDays).map(|text| text.parse::<i32>()).transpose() {
                    Ok(days) => days,
                    Err(error) => {
                        return Answer::NotSent {
                            message: format!("`pending_days` is not a number: {error}"),
                        };
                    }
                };
            let request =
                kms.schedule_key_deletion().set_key_id(key).set_pending_window_in_days(days);
            send!(clients, request, |answer| described(answer.key_id(), answer.key_state()))
        }
        _ => forgotten(call),
    }
}

async fn rotation(clients: &Clients, call: &Call) -> Answer {
    let kms = &clients.kms;
    let key = call.get(Param::KeyId);
    match call.operation.op {
        Op::EnableKeyRotation => done!(clients, kms.enable_key_rotation().set_key_id(key)),
        Op::DisableKeyRotation => done!(clients, kms.disable_key_rotation().set_key_id(key)),
        Op::RotateKeyOnDemand => done!(clients, kms.rotate_key_on_demand().set_key_id(key)),
        Op::GetKeyRotationStatus => {
            send!(clients, kms.get_key_rotation_status().set_key_id(key), |answer| fields([(
                Field::Rotation,
                Some(if answer.key_rotation_enabled() { "true" } else { "false" })
            )]))
        }
        _ => forgotten(call),
    }
}

async fn aliases(clients: &Clients, call: &Call) -> Answer {
    let kms = &clients.kms;
    let (key, alias) = (call.get(Param::KeyId), call.get(Param::Alias));
    match call.operation.op {
        Op::CreateAlias => {
            done!(clients, kms.create_alias().set_alias_name(alias).set_target_key_id(key))
        }
        Op::UpdateAlias => {
            done!(clients, kms.update_alias().set_alias_name(alias).set_target_key_id(key))
        }
        Op::DeleteAlias => done!(clients, kms.delete_alias().set_alias_name(alias)),
        Op::ListAliases => send!(clients, kms.list_aliases().set_key_id(key), |answer| list(
            Field::Aliases,
            answer.aliases().iter().filter_map(|alias| alias.alias_name())
        )),
        _ => forgotten(call),
    }
}

async fn tagging(clients: &Clients, call: &Call) -> Answer {
    let kms = &clients.kms;
    let key = call.get(Param::KeyId);
    match call.operation.op {
        Op::TagResource => {
            let written = tags(&call.get(Param::Tags).unwrap_or_default());
            let pairs: Result<Vec<Tag>, BuildError> = written
                .into_iter()
                .map(|(key, value)| Tag::builder().tag_key(key).tag_value(value).build())
                .collect();
            match pairs {
                Ok(pairs) => {
                    done!(clients, kms.tag_resource().set_key_id(key).set_tags(Some(pairs)))
                }
                Err(error) => Answer::NotSent { message: error.to_string() },
            }
        }
        Op::UntagResource => {
            let names = call.get(Param::TagKeys).unwrap_or_default();
            let names = names.split(',').map(str::to_owned).collect();
            done!(clients, kms.untag_resource().set_key_id(key).set_tag_keys(Some(names)))
        }
        Op::ListResourceTags => {
            send!(clients, kms.list_resource_tags().set_key_id(key), |answer| {
                let pairs: Vec<String> = answer
                    .tags()
                    .iter()
                    .map(|tag| format!("{}={}", tag.tag_key(), tag.tag_value()))
                    .collect();
                fields([(Field::Tags, Some(pairs.join("&").as_str()))])
            })
        }
        _ => forgotten(call),
    }
}

fn described(arn: Option<&str>, state: Option<&KeyState>) -> Output {
    // Every ARN of a key ends with its id.
    let id = arn.and_then(|arn| arn.rsplit('/').next());
    fields([(Field::Arn, arn), (Field::Id, id), (Field::KeyState, state.map(KeyState::as_str))])
}

fn list<'a>(field: Field, values: impl Iterator<Item = &'a str>) -> Output {
    Output::from([(field, values.map(str::to_owned).collect())])
}

fn ciphertext(blob: Option<&Blob>, key: Option<&str>) -> Output {
    let encoded = blob.map(|blob| STANDARD.encode(blob.as_ref()));
    fields([(Field::Ciphertext, encoded.as_deref()), (Field::Arn, key)])
}

/// `a=1&b=2` as an encryption context.
fn pairs(call: &Call, param: Param) -> Option<HashMap<String, String>> {
    call.get(param).map(|text| tags(&text).into_iter().collect())
}

/// Id and token of the grant that a call names.
fn grant(call: &Call) -> Option<(String, String)> {
    let text = call.get(Param::Grant)?;
    let (id, token) = text.split_once(':')?;
    Some((id.to_owned(), token.to_owned()))
}

/// With its token a grant can be used before all of KMS knows of it:
/// <https://docs.aws.amazon.com/kms/latest/developerguide/using-grant-token.html>.
fn tokens(call: &Call) -> Option<Vec<String>> {
    grant(call).map(|(_, token)| vec![token])
}
