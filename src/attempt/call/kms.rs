//! KMS.

use aws_sdk_kms::{operation::RequestId as _, primitives::Blob, types::DataKeySpec};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{body, fields, send};
use crate::{
    attempt::{Answer, Call, Field, Op, Output, Param},
    cloud::Clients,
};

pub(super) async fn kms(clients: &Clients, call: &Call) -> Answer {
    let kms = &clients.kms;
    let (key, dry_run) = (call.get(Param::KeyId), call.flag(Param::DryRun));
    match call.operation.op {
        Op::DescribeKey => send!(clients, kms.describe_key().set_key_id(key), |answer| {
            let metadata = answer.key_metadata();
            fields([
                (Field::Arn, metadata.and_then(|metadata| metadata.arn())),
                (
                    Field::KeyState,
                    metadata
                        .and_then(|metadata| metadata.key_state())
                        .map(aws_sdk_kms::types::KeyState::as_str),
                ),
            ])
        }),
        Op::Encrypt => {
            let request = kms.encrypt().set_key_id(key).set_dry_run(dry_run).plaintext(Blob::new(body(call)));
            send!(clients, request, |answer| ciphertext(answer.ciphertext_blob(), answer.key_id()))
        }
        Op::GenerateDataKey => {
            let request = kms
                .generate_data_key()
                .set_key_id(key)
                .set_dry_run(dry_run)
                .key_spec(DataKeySpec::Aes256);
            send!(clients, request, |answer| ciphertext(answer.ciphertext_blob(), answer.key_id()))
        }
        _ => match STANDARD.decode(call.get(Param::Ciphertext).unwrap_or_default()) {
            Ok(blob) => {
                let request = kms.decrypt().set_key_id(key).set_dry_run(dry_run).ciphertext_blob(Blob::new(blob));
                send!(clients, request, |answer| fields([(Field::Arn, answer.key_id())]))
            }
            Err(error) => Answer::NotSent {
                message: format!("the ciphertext is not base64: {error}"),
            },
        },
    }
}

fn ciphertext(blob: Option<&Blob>, key: Option<&str>) -> Output {
    let encoded = blob.map(|blob| STANDARD.encode(blob.as_ref()));
    fields([(Field::Ciphertext, encoded.as_deref()), (Field::Arn, key)])
}
