//! The encryption of an object that is stored.

use aws_sdk_s3::types::{ObjectEncryption, SsekmsEncryption};
use serde_json::{Map, json};

use super::{of_version, on_object};
use crate::{
    attempt::{
        Answer, Call, Effect, Leaves, ObjectSetting, Operation, Param,
        command::{CommandLine, Spelling, quote},
        service::send::{Unsendable, done, fallible},
    },
    cloud::Clients,
};

/// `UpdateObjectEncryption`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_UpdateObjectEncryption.html>.
pub const UPDATE: Operation = Operation {
    needs: &[Param::Bucket, Param::Key, Param::KmsKey],
    may: &[Param::Version, Param::BucketKey],
    leaves: Leaves::ObjectSetting(ObjectSetting::Encryption),
    command: CommandLine {
        options: &[(Param::KmsKey, Spelling::Nowhere), (Param::BucketKey, Spelling::Nowhere)],
        more: encryption_option,
        ..CommandLine::USUAL
    },
    ..on_object("s3:UpdateObjectEncryption", Effect::Writes, fallible!(update))
};

fn encryption_option(call: &Call) -> String {
    let mut kms = Map::new();
    kms.extend(call.get(Param::KmsKey).map(|key| ("KMSKeyArn".to_owned(), key.into())));
    kms.extend(
        call.flag(Param::BucketKey).map(|flag| ("BucketKeyEnabled".to_owned(), flag.into())),
    );
    format!("--object-encryption {}", quote(&json!({ "SSEKMS": kms }).to_string()))
}

async fn update(clients: &Clients, call: &Call) -> Result<Answer, Unsendable> {
    let kms = SsekmsEncryption::builder()
        .set_kms_key_arn(call.get(Param::KmsKey))
        .set_bucket_key_enabled(call.flag(Param::BucketKey))
        .build()?;
    let request = of_version!(clients.s3.update_object_encryption(), call)
        .object_encryption(ObjectEncryption::Ssekms(kms));
    Ok(done!(clients, request))
}
