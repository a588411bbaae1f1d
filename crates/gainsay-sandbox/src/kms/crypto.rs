//! `Encrypt`, `Decrypt`, `ReEncrypt` and data keys.

use std::{collections::BTreeMap, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use gainsay_iam::Context;
use serde::Deserialize;
use serde_json::json;

use super::{
    JsonResponse, JsonResult, Key, Reach, Seals as _, Takes, alias_of, ask, dry, error, grants,
    in_state, invalid, key, not_modelled, permit,
};
use crate::{authorize::Scope, state::World};

/// First byte of every ciphertext blob.
const BLOB_FORM: u8 = 1;
/// The only algorithm of symmetric keys.
const ALGORITHM: &str = "SYMMETRIC_DEFAULT";

type Pairs = BTreeMap<String, String>;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Encrypt {
    key_id: Option<String>,
    plaintext: Option<String>,
    #[serde(default)]
    encryption_context: Pairs,
    encryption_algorithm: Option<String>,
    #[serde(default)]
    grant_tokens: Vec<String>,
    #[serde(default)]
    dry_run: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Decrypt {
    key_id: Option<String>,
    ciphertext_blob: Option<String>,
    #[serde(default)]
    encryption_context: Pairs,
    encryption_algorithm: Option<String>,
    #[serde(default)]
    grant_tokens: Vec<String>,
    #[serde(default)]
    dry_run: bool,
    #[serde(default)]
    dry_run_modifiers: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ReEncrypt {
    ciphertext_blob: Option<String>,
    source_key_id: Option<String>,
    #[serde(default)]
    source_encryption_context: Pairs,
    source_encryption_algorithm: Option<String>,
    destination_key_id: Option<String>,
    #[serde(default)]
    destination_encryption_context: Pairs,
    destination_encryption_algorithm: Option<String>,
    #[serde(default)]
    grant_tokens: Vec<String>,
    #[serde(default)]
    dry_run: bool,
    #[serde(default)]
    dry_run_modifiers: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Generate {
    key_id: Option<String>,
    key_spec: Option<String>,
    number_of_bytes: Option<usize>,
    #[serde(default)]
    encryption_context: Pairs,
    #[serde(default)]
    grant_tokens: Vec<String>,
    #[serde(default)]
    dry_run: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Random {
    number_of_bytes: Option<usize>,
}

/// Random bytes, of which only identity policies speak:
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateRandom.html>.
pub(super) fn random(scope: &Scope, input: &Random) -> JsonResult {
    // Recorded by LocalStack, `test_generate_random_invalid_number_of_bytes[None]`, 2023-04-13.
    let length = input.number_of_bytes.ok_or_else(|| invalid("NumberOfBytes is required."))?;
    ask(scope, "kms:GenerateRandom", "*", &scope.account().unwrap_or_default())?;
    Ok(json!({ "Plaintext": STANDARD.encode(random_bytes(length)?) }))
}

fn random_bytes(length: usize) -> Result<Vec<u8>, JsonResponse> {
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes)
        .map_err(|problem| error(500, "KMSInternalException", problem.to_string()))?;
    Ok(bytes)
}

pub(super) fn encrypt(world: &World, scope: &Scope, input: &Encrypt) -> JsonResult {
    let plaintext = decode(input.plaintext.as_deref())?;
    symmetric(input.encryption_algorithm.as_deref())?;
    let use_of = Use::new(&input.encryption_context, input.key_id.as_deref())?;
    let key = key(world, scope, input.key_id.as_deref())?;
    use_of.permit(world, scope, &key, "kms:Encrypt", &input.grant_tokens)?;
    dry(input.dry_run)?;
    Ok(
        json!({ "CiphertextBlob": use_of.seal(&key, &plaintext)?, "KeyId": key.arn, "EncryptionAlgorithm": ALGORITHM }),
    )
}

pub(super) fn generate(
    world: &World,
    scope: &Scope,
    input: &Generate,
    plaintext: bool,
) -> JsonResult {
    let length = match (input.key_spec.as_deref(), input.number_of_bytes) {
        (Some("AES_256"), None) => 32,
        (Some("AES_128"), None) => 16,
        (None, Some(bytes @ 1..=1024)) => bytes,
        _ => return Err(invalid("Please specify either number of bytes or key spec.")),
    };
    let mut use_of = Use::new(&input.encryption_context, input.key_id.as_deref())?;
    use_of.data_key = true;
    let key = key(world, scope, input.key_id.as_deref())?;
    let action =
        if plaintext { "kms:GenerateDataKey" } else { "kms:GenerateDataKeyWithoutPlaintext" };
    use_of.permit(world, scope, &key, action, &input.grant_tokens)?;
    dry(input.dry_run)?;
    let data_key = random_bytes(length)?;
    let mut answer = json!({
        "CiphertextBlob": use_of.seal(&key, &data_key)?,
        "KeyId": key.arn,
    });
    if let (true, Some(members)) = (plaintext, answer.as_object_mut()) {
        members.insert("Plaintext".to_owned(), json!(STANDARD.encode(&data_key)));
    }
    Ok(answer)
}

pub(super) fn decrypt(world: &World, scope: &Scope, input: &Decrypt) -> JsonResult {
    symmetric(input.encryption_algorithm.as_deref())?;
    let use_of = Use::new(&input.encryption_context, input.key_id.as_deref())?;
    let ignored = ignores_ciphertext(&input.dry_run_modifiers, input.dry_run)?;
    let (sealing, sealed) =
        source(world, scope, input.ciphertext_blob.as_deref(), input.key_id.as_deref(), ignored)?;
    use_of.permit(world, scope, &sealing, "kms:Decrypt", &input.grant_tokens)?;
    if ignored {
        dry(true)?;
    }
    let plaintext = open(&sealing, &sealed, &use_of)?;
    dry(input.dry_run)?;
    Ok(json!({
        "Plaintext": STANDARD.encode(plaintext),
        "KeyId": sealing.arn,
        "EncryptionAlgorithm": ALGORITHM,
    }))
}

/// The two permissions of <https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html>;
/// that the source's is asked for first is assumed.
pub(super) fn re_encrypt(world: &World, scope: &Scope, input: &ReEncrypt) -> JsonResult {
    symmetric(input.source_encryption_algorithm.as_deref())?;
    symmetric(input.destination_encryption_algorithm.as_deref())?;
    let mut from = Use::new(&input.source_encryption_context, input.source_key_id.as_deref())?;
    let mut to =
        Use::new(&input.destination_encryption_context, input.destination_key_id.as_deref())?;
    let ignored = ignores_ciphertext(&input.dry_run_modifiers, input.dry_run)?;
    let (sealing, sealed) = source(
        world,
        scope,
        input.ciphertext_blob.as_deref(),
        input.source_key_id.as_deref(),
        ignored,
    )?;
    let target = key(world, scope, input.destination_key_id.as_deref())?;
    let same = Some(sealing.arn == target.arn);
    (from.same_key, to.same_key) = (same, same);
    from.permit(world, scope, &sealing, "kms:ReEncryptFrom", &input.grant_tokens)?;
    to.permit(world, scope, &target, "kms:ReEncryptTo", &input.grant_tokens)?;
    if ignored {
        dry(true)?;
    }
    let plaintext = open(&sealing, &sealed, &from)?;
    dry(input.dry_run)?;
    Ok(json!({
        "CiphertextBlob": to.seal(&target, &plaintext)?,
        "SourceKeyId": sealing.arn,
        "KeyId": target.arn,
        "SourceEncryptionAlgorithm": ALGORITHM,
        "DestinationEncryptionAlgorithm": ALGORITHM,
    }))
}

/// What is sealed. Which material sealed it is not told: the pages of the operations have members
/// for its id (`KeyMaterialId` and others), the recorded answers have not (`LocalStack`,
/// `test_generate_data_key`, 2023-05-11; `test_re_encrypt`, 2025-06-09).
fn open(key: &Key, sealed: &[u8], use_of: &Use<'_>) -> Result<Vec<u8>, JsonResponse> {
    key.materials.open(sealed, &use_of.bytes()).ok_or_else(invalid_ciphertext)
}

/// One use of a key: what policies and grants are told of it, and what binds the ciphertext.
struct Use<'a> {
    context: &'a Pairs,
    alias: Option<&'a str>,
    data_key: bool,
    /// For `ReEncrypt`: whether both keys are one.
    same_key: Option<bool>,
}

impl<'a> Use<'a> {
    fn new(context: &'a Pairs, key_id: Option<&'a str>) -> Result<Self, JsonResponse> {
        let lower: std::collections::BTreeSet<String> =
            context.keys().map(|key| key.to_lowercase()).collect();
        // Condition keys are not case-sensitive: policies could not tell such a pair apart.
        if lower.len() != context.len() {
            return Err(not_modelled("encryption contexts whose keys differ only in case"));
        }
        Ok(Self { context, alias: alias_of(key_id), data_key: false, same_key: None })
    }

    fn permit(
        &self,
        world: &World,
        scope: &Scope,
        key: &Key,
        action: &str,
        tokens: &[String],
    ) -> Result<(), JsonResponse> {
        grants::check_tokens(world, tokens)?;
        permit(world, scope, key, action, Reach::Any, |context| self.set_context(context))?;
        in_state(scope, key, action, Takes::Enabled)
    }

    fn set_context(&self, context: &mut Context) {
        context.set("kms:EncryptionAlgorithm", ALGORITHM);
        context.set_all("kms:EncryptionContextKeys", self.context.keys().cloned());
        for (key, value) in self.context {
            context.set(&format!("kms:EncryptionContext:{key}"), value.as_str());
        }
        if let Some(alias) = self.alias {
            context.set("kms:RequestAlias", alias);
        }
        if let Some(same) = self.same_key {
            context.set("kms:ReEncryptOnSameKey", same.to_string());
        }
        if self.data_key {
            context.set_unmodelled("kms:DataKeySpec");
        }
    }

    fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self.context).unwrap_or_default()
    }

    /// A blob names its key, so Decrypt finds it without being told.
    fn seal(&self, key: &Key, plaintext: &[u8]) -> Result<String, JsonResponse> {
        let internal = || error(500, "KMSInternalException", "sealing failed");
        let sealed = key.materials.seal(plaintext, &self.bytes()).ok_or_else(internal)?;
        let length = u16::try_from(key.arn.len()).map_err(|_| internal())?;
        Ok(STANDARD.encode(
            [&[BLOB_FORM], length.to_be_bytes().as_slice(), key.arn.as_bytes(), &sealed].concat(),
        ))
    }
}

/// The key of a ciphertext, and what is sealed in it. Where the ciphertext is to be ignored the
/// request must name the key.
fn source(
    world: &World,
    scope: &Scope,
    blob: Option<&str>,
    key_id: Option<&str>,
    ignored: bool,
) -> Result<(Arc<Key>, Vec<u8>), JsonResponse> {
    if ignored {
        return Ok((key(world, scope, key_id)?, Vec::new()));
    }
    let bytes = decode(blob)?;
    let (form, rest) = bytes.split_first().ok_or_else(invalid_ciphertext)?;
    let (length, rest) = rest.split_first_chunk::<2>().ok_or_else(invalid_ciphertext)?;
    let (arn, sealed) = rest
        .split_at_checked(usize::from(u16::from_be_bytes(*length)))
        .ok_or_else(invalid_ciphertext)?;
    let arn = std::str::from_utf8(arn).map_err(|_| invalid_ciphertext())?;
    let sealing = world.key(arn).filter(|_| *form == BLOB_FORM).ok_or_else(invalid_ciphertext)?;
    // What a multi-Region key sealed, its relative in the Region that is asked opens.
    let sealing = [sealing]
        .into_iter()
        .chain(world.family(sealing))
        .find(|key| key.region == scope.region)
        .ok_or_else(invalid_ciphertext)?;
    if key_id.is_some() && key(world, scope, key_id)?.arn != sealing.arn {
        return Err(error(
            400,
            "IncorrectKeyException",
            "The key ID in the request does not identify a CMK that can perform this operation.",
        ));
    }
    Ok((sealing.clone(), sealed.to_vec()))
}

/// `IGNORE_CIPHERTEXT` "only applies when `DryRun` is set to `true`" (API reference); that it is an
/// error without is assumed.
fn ignores_ciphertext(modifiers: &[String], dry_run: bool) -> Result<bool, JsonResponse> {
    match modifiers {
        [] => Ok(false),
        [only] if only == "IGNORE_CIPHERTEXT" && dry_run => Ok(true),
        [only] if only == "IGNORE_CIPHERTEXT" => {
            Err(invalid("DryRunModifiers apply only when DryRun is true"))
        }
        _ => Err(not_modelled("these DryRunModifiers")),
    }
}

fn invalid_ciphertext() -> JsonResponse {
    error(400, "InvalidCiphertextException", "")
}

fn symmetric(algorithm: Option<&str>) -> Result<(), JsonResponse> {
    match algorithm {
        None | Some(ALGORITHM) => Ok(()),
        Some(other) => Err(not_modelled(format!("`{other}`"))),
    }
}

fn decode(text: Option<&str>) -> Result<Vec<u8>, JsonResponse> {
    let text = text.ok_or_else(|| invalid("a blob is missing"))?;
    STANDARD
        .decode(text)
        .map_err(|problem| error(400, "SerializationException", problem.to_string()))
}
