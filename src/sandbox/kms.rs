//! KMS: real encryption, and the calls of its JSON protocol that scenarios make.
//!
//! Errors and statuses: <https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html> and each operation's page.

use std::{collections::BTreeMap, fmt};

use aes_gcm::{
    Aes256Gcm, KeyInit as _,
    aead::{Aead as _, Payload},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    authorize::{self, Refusal, Scope},
    state::{Key, World},
};

const NONCE: usize = 12;
/// First byte of every ciphertext blob.
const BLOB_FORM: u8 = 1;
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html>: plaintext is limited to 4096 bytes.
const MAX_PLAINTEXT: usize = 4096;

/// 256 bits that never leave the sandbox.
#[derive(Clone)]
pub(super) struct KeyMaterial([u8; 32]);

impl fmt::Debug for KeyMaterial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyMaterial(..)")
    }
}

impl KeyMaterial {
    /// Fresh random material.
    pub(super) fn generate() -> Self {
        let mut bytes = [0; 32];
        // Without randomness the key would be all zeros: weaker, but everything is still sealed and still bound to its
        // context, and the sandbox protects nothing of value.
        _ = getrandom::fill(&mut bytes);
        Self(bytes)
    }

    /// AES-256-GCM with a random nonce in front; `context` must be the same to open it.
    fn seal(&self, plaintext: &[u8], context: &[u8]) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).ok()?;
        let cipher = Aes256Gcm::new(&self.0.into());
        let sealed = cipher
            .encrypt(
                &nonce.into(),
                Payload {
                    msg: plaintext,
                    aad: context,
                },
            )
            .ok()?;
        Some([nonce.as_slice(), &sealed].concat())
    }

    fn open(&self, sealed: &[u8], context: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
        let cipher = Aes256Gcm::new(&self.0.into());
        cipher.decrypt(&(*nonce).into(), Payload { msg: sealed, aad: context }).ok()
    }
}

/// A body under a data key of its own, and the data key under a KMS key or S3's.
#[derive(Clone, Debug)]
pub(super) struct Sealed {
    data_key: Bytes,
    body: Bytes,
}

impl Sealed {
    /// Seals a body; `context` is the encryption context that binds it to its bucket or object.
    pub(super) fn seal(material: &KeyMaterial, context: &str, body: &[u8]) -> Option<Self> {
        let data_key = KeyMaterial::generate();
        Some(Self {
            body: data_key.seal(body, context.as_bytes())?.into(),
            data_key: material.seal(&data_key.0, context.as_bytes())?.into(),
        })
    }

    /// Opens it again; nothing if the key or the context is another.
    pub(super) fn open(&self, material: &KeyMaterial, context: &str) -> Option<Vec<u8>> {
        let data_key: [u8; 32] = material.open(&self.data_key, context.as_bytes())?.try_into().ok()?;
        KeyMaterial(data_key).open(&self.body, context.as_bytes())
    }
}

/// An answer of the JSON protocol: status and body.
pub(super) type JsonAnswer = (u16, Value);

/// Answers a call. `target` is the x-amz-target header.
pub(super) fn answer(world: &World, scope: &Scope, target: &str, body: &[u8]) -> JsonAnswer {
    let operation = target.strip_prefix("TrentService.").unwrap_or_default();
    let result = match operation {
        "DescribeKey" => parse(body).and_then(|input| describe(world, scope, &input)),
        "Encrypt" => parse(body).and_then(|input| encrypt(world, scope, &input)),
        "GenerateDataKey" => parse(body).and_then(|input| generate(world, scope, &input)),
        "Decrypt" => parse(body).and_then(|input| decrypt(world, scope, &input)),
        other => Err(error(501, "NotImplemented", format!("the sandbox does not model kms:{other}"))),
    };
    result.map_or_else(|refusal| refusal, |body| (200, body))
}

/// The inputs of the calls above. A member that is not listed is a feature that is not modelled, so it is refused.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Input {
    key_id: Option<String>,
    plaintext: Option<String>,
    ciphertext_blob: Option<String>,
    #[serde(default)]
    encryption_context: BTreeMap<String, String>,
    key_spec: Option<String>,
    number_of_bytes: Option<usize>,
    encryption_algorithm: Option<String>,
    #[serde(default)]
    dry_run: bool,
}

fn parse(body: &[u8]) -> Result<Input, JsonAnswer> {
    serde_json::from_slice(body).map_err(|problem| match problem.to_string() {
        text if text.starts_with("unknown field") => error(501, "NotImplemented", format!("the sandbox does not model this input: {text}")),
        text => error(400, "SerializationException", text),
    })
}

fn error(status: u16, code: &str, message: impl Into<String>) -> JsonAnswer {
    (status, json!({ "__type": code, "message": message.into() }))
}

fn refused(refusal: Refusal) -> JsonAnswer {
    match refusal {
        Refusal::Denied(message) => error(400, "AccessDeniedException", message),
        Refusal::Undecidable(message) => error(501, "NotImplemented", message),
    }
}

fn key<'a>(world: &'a World, scope: &Scope, input: &Input) -> Result<&'a Key, JsonAnswer> {
    let text = input
        .key_id
        .as_deref()
        .ok_or_else(|| error(400, "ValidationException", "KeyId must not be null"))?;
    let account = scope.account().unwrap_or_default();
    let arn = world.resolve_key(text, &account);
    let shown = if text.starts_with("arn:") || text.starts_with("alias/") {
        text.to_owned()
    } else {
        format!("arn:aws:kms:{}:{account}:key/{text}", world.region)
    };
    let found = arn.and_then(|arn| world.keys.get(&arn));
    found.map(AsRef::as_ref).ok_or_else(|| {
        let kind = if text.contains("alias/") { "Alias" } else { "Key" };
        let (name, tail) = if kind == "Alias" {
            (shown.clone(), "is not found.")
        } else {
            (format!("'{shown}'"), "does not exist")
        };
        error(400, "NotFoundException", format!("{kind} {name} {tail}"))
    })
}

fn describe(world: &World, scope: &Scope, input: &Input) -> Result<Value, JsonAnswer> {
    let key = key(world, scope, input)?;
    let _permit = authorize::authorize_key(scope, world, key, "kms:DescribeKey", None).map_err(refused)?;
    Ok(json!({ "KeyMetadata": {
        "AWSAccountId": key.account,
        "KeyId": key.id,
        "Arn": key.arn,
        "Enabled": true,
        "KeyState": "Enabled",
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "KeyManager": if key.managed { "AWS" } else { "CUSTOMER" },
        "Origin": "AWS_KMS",
        "MultiRegion": false,
    }}))
}

fn encrypt(world: &World, scope: &Scope, input: &Input) -> Result<Value, JsonAnswer> {
    let plaintext = decode(input.plaintext.as_deref())?;
    if plaintext.len() > MAX_PLAINTEXT {
        return Err(error(
            400,
            "ValidationException",
            "plaintext must have length less than or equal to 4096",
        ));
    }
    symmetric(input)?;
    let key = key(world, scope, input)?;
    use_key(world, scope, key, "kms:Encrypt", input)?;
    Ok(json!({ "CiphertextBlob": blob(key, &plaintext, input)?, "KeyId": key.arn, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT" }))
}

fn generate(world: &World, scope: &Scope, input: &Input) -> Result<Value, JsonAnswer> {
    let length = match (input.key_spec.as_deref(), input.number_of_bytes) {
        (Some("AES_256"), None) => 32,
        (Some("AES_128"), None) => 16,
        (None, Some(bytes @ 1..=1024)) => bytes,
        _ => {
            return Err(error(
                400,
                "ValidationException",
                "Please specify either number of bytes or key spec.",
            ));
        }
    };
    let key = key(world, scope, input)?;
    use_key(world, scope, key, "kms:GenerateDataKey", input)?;
    let mut data_key = vec![0; length];
    getrandom::fill(&mut data_key).map_err(|problem| error(500, "KMSInternalException", problem.to_string()))?;
    Ok(json!({ "CiphertextBlob": blob(key, &data_key, input)?, "Plaintext": STANDARD.encode(&data_key), "KeyId": key.arn }))
}

fn decrypt(world: &World, scope: &Scope, input: &Input) -> Result<Value, JsonAnswer> {
    symmetric(input)?;
    let invalid = || error(400, "InvalidCiphertextException", "");
    let bytes = decode(input.ciphertext_blob.as_deref())?;
    let (form, rest) = bytes.split_first().ok_or_else(invalid)?;
    let (length, rest) = rest.split_first_chunk::<2>().ok_or_else(invalid)?;
    let (arn, sealed) = rest
        .split_at_checked(usize::from(u16::from_be_bytes(*length)))
        .ok_or_else(invalid)?;
    let arn = std::str::from_utf8(arn).map_err(|_| invalid())?;
    let sealing = world.keys.get(arn).filter(|_| *form == BLOB_FORM).ok_or_else(invalid)?;
    if input.key_id.is_some() && key(world, scope, input)?.arn != sealing.arn {
        return Err(error(
            400,
            "IncorrectKeyException",
            "The key ID in the request does not identify a CMK that can perform this operation.",
        ));
    }
    use_key(world, scope, sealing, "kms:Decrypt", input)?;
    let plaintext = sealing.material.open(sealed, &context_bytes(input)).ok_or_else(invalid)?;
    Ok(json!({ "Plaintext": STANDARD.encode(plaintext), "KeyId": sealing.arn, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT" }))
}

/// Permission first, then what DryRun says: it always ends in an error
/// (<https://docs.aws.amazon.com/kms/latest/developerguide/testing-permissions.html>).
fn use_key(world: &World, scope: &Scope, key: &Key, action: &str, input: &Input) -> Result<(), JsonAnswer> {
    if !input.encryption_context.is_empty() {
        return Err(error(
            501,
            "NotImplemented",
            "the sandbox does not model encryption contexts of direct calls",
        ));
    }
    let _permit = authorize::authorize_key(scope, world, key, action, None).map_err(refused)?;
    if input.dry_run {
        return Err(error(
            400,
            "DryRunOperationException",
            "The request would have succeeded, but the DryRun option is set.",
        ));
    }
    Ok(())
}

fn symmetric(input: &Input) -> Result<(), JsonAnswer> {
    match input.encryption_algorithm.as_deref() {
        None | Some("SYMMETRIC_DEFAULT") => Ok(()),
        Some(other) => Err(error(501, "NotImplemented", format!("the sandbox does not model `{other}`"))),
    }
}

/// A blob names its key, so Decrypt finds it without being told.
fn blob(key: &Key, plaintext: &[u8], input: &Input) -> Result<String, JsonAnswer> {
    let internal = || error(500, "KMSInternalException", "sealing failed");
    let sealed = key.material.seal(plaintext, &context_bytes(input)).ok_or_else(internal)?;
    let length = u16::try_from(key.arn.len()).map_err(|_| internal())?;
    Ok(STANDARD.encode([&[BLOB_FORM], length.to_be_bytes().as_slice(), key.arn.as_bytes(), &sealed].concat()))
}

fn context_bytes(input: &Input) -> Vec<u8> {
    serde_json::to_vec(&input.encryption_context).unwrap_or_default()
}

fn decode(text: Option<&str>) -> Result<Vec<u8>, JsonAnswer> {
    let text = text.ok_or_else(|| error(400, "ValidationException", "a blob is missing"))?;
    STANDARD
        .decode(text)
        .map_err(|problem| error(400, "SerializationException", problem.to_string()))
}
