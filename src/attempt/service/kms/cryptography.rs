//! What a key is for: encrypting, decrypting, data keys.

use std::collections::HashMap;

use aws_sdk_kms::{
    primitives::Blob,
    types::{DataKeySpec, DryRunModifierType},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{grant, on_key, pairs};
use crate::{
    attempt::{
        Answer, Call, Effect, Field, Operation, Output, Param,
        command::{CommandLine, Spelling, map, quote},
        content::body,
        service::send::{Unsendable, boxed, fallible, fields, send},
    },
    cloud::Clients,
};

/// `Encrypt`: <https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html>.
pub const ENCRYPT: Operation = Operation {
    may: &[Param::Body, Param::EncryptionContext, Param::Grant, Param::DryRun],
    command: CommandLine {
        options: &[(Param::Body, Spelling::Option("--plaintext"))],
        ..CommandLine::USUAL
    },
    ..on_key("kms:Encrypt", Effect::Reads, boxed!(encrypt))
};

/// `Decrypt`: <https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html>.
pub const DECRYPT: Operation = Operation {
    may: &[
        Param::Ciphertext,
        Param::EncryptionContext,
        Param::Grant,
        Param::DryRun,
        Param::IgnoreCiphertext,
    ],
    ..on_key("kms:Decrypt", Effect::Reads, fallible!(decrypt))
};

/// `ReEncrypt`: <https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html>.
pub const RE_ENCRYPT: Operation = Operation {
    action: "kms:ReEncryptFrom",
    needs: &[Param::SourceKey, Param::KeyId],
    may: &[
        Param::Ciphertext,
        Param::EncryptionContext,
        Param::Grant,
        Param::DryRun,
        Param::IgnoreCiphertext,
    ],
    command: CommandLine {
        options: &[
            (Param::KeyId, Spelling::Option("--destination-key-id")),
            (Param::EncryptionContext, Spelling::Own(both_contexts)),
        ],
        ..CommandLine::USUAL
    },
    ..on_key("kms:ReEncrypt", Effect::Reads, fallible!(re_encrypt))
};

/// `GenerateDataKey`:
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKey.html>.
pub const GENERATE_DATA_KEY: Operation = Operation {
    may: &[Param::EncryptionContext, Param::Grant, Param::DryRun],
    command: CommandLine { more: key_spec, ..CommandLine::USUAL },
    ..on_key("kms:GenerateDataKey", Effect::Reads, boxed!(generate_data_key))
};

/// `GenerateDataKeyWithoutPlaintext`:
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKeyWithoutPlaintext.html>.
pub const GENERATE_DATA_KEY_WITHOUT_PLAINTEXT: Operation = Operation {
    may: &[Param::EncryptionContext, Param::Grant, Param::DryRun],
    command: CommandLine { more: key_spec, ..CommandLine::USUAL },
    ..on_key(
        "kms:GenerateDataKeyWithoutPlaintext",
        Effect::Reads,
        boxed!(generate_data_key_without_plaintext),
    )
};

fn both_contexts(value: &str) -> String {
    let context = quote(&map(value));
    format!("--source-encryption-context {context} --destination-encryption-context {context}")
}

fn key_spec(_: &Call) -> String {
    "--key-spec AES_256".to_owned()
}

/// Names the grant of a call, and says whether it is a dry run.
macro_rules! with_grant {
    ($builder:expr, $call:expr) => {
        $builder.set_grant_tokens(grant::tokens($call)).set_dry_run($call.flag(Param::DryRun))
    };
}

/// What is to be decrypted. KMS takes a call without it if asked about the permission alone.
fn ciphertext(call: &Call) -> Result<Option<Blob>, Unsendable> {
    let blob = call.get(Param::Ciphertext).map(|text| STANDARD.decode(text)).transpose()?;
    Ok(blob.map(Blob::new))
}

fn modifiers(call: &Call) -> Option<Vec<DryRunModifierType>> {
    let ignores = call.flag(Param::IgnoreCiphertext) == Some(true);
    ignores.then(|| vec![DryRunModifierType::IgnoreCiphertext])
}

fn context(call: &Call) -> Option<HashMap<String, String>> {
    pairs(call, Param::EncryptionContext)
}

/// What an answer says that has a ciphertext.
fn encrypted(blob: Option<&Blob>, key: Option<&str>) -> Output {
    let encoded = blob.map(|blob| STANDARD.encode(blob.as_ref()));
    fields([(Field::Ciphertext, encoded.as_deref()), (Field::Arn, key)])
}

async fn encrypt(clients: &Clients, call: &Call) -> Answer {
    let request = with_grant!(clients.kms.encrypt(), call)
        .set_key_id(call.get(Param::KeyId))
        .set_encryption_context(context(call))
        .plaintext(Blob::new(body(call)));
    send!(clients, request, |answer| encrypted(answer.ciphertext_blob(), answer.key_id()))
}

async fn decrypt(clients: &Clients, call: &Call) -> Result<Answer, Unsendable> {
    let request = with_grant!(clients.kms.decrypt(), call)
        .set_key_id(call.get(Param::KeyId))
        .set_ciphertext_blob(ciphertext(call)?)
        .set_encryption_context(context(call))
        .set_dry_run_modifiers(modifiers(call));
    Ok(send!(clients, request, |answer| fields([(Field::Arn, answer.key_id())])))
}

async fn re_encrypt(clients: &Clients, call: &Call) -> Result<Answer, Unsendable> {
    let request = with_grant!(clients.kms.re_encrypt(), call)
        .set_source_key_id(call.get(Param::SourceKey))
        .set_destination_key_id(call.get(Param::KeyId))
        .set_ciphertext_blob(ciphertext(call)?)
        .set_source_encryption_context(context(call))
        .set_destination_encryption_context(context(call))
        .set_dry_run_modifiers(modifiers(call));
    Ok(send!(clients, request, |answer| encrypted(answer.ciphertext_blob(), answer.key_id())))
}

async fn generate_data_key(clients: &Clients, call: &Call) -> Answer {
    let request = with_grant!(clients.kms.generate_data_key(), call)
        .set_key_id(call.get(Param::KeyId))
        .set_encryption_context(context(call))
        .key_spec(DataKeySpec::Aes256);
    send!(clients, request, |answer| encrypted(answer.ciphertext_blob(), answer.key_id()))
}

async fn generate_data_key_without_plaintext(clients: &Clients, call: &Call) -> Answer {
    let request = with_grant!(clients.kms.generate_data_key_without_plaintext(), call)
        .set_key_id(call.get(Param::KeyId))
        .set_encryption_context(context(call))
        .key_spec(DataKeySpec::Aes256);
    send!(clients, request, |answer| encrypted(answer.ciphertext_blob(), answer.key_id()))
}
