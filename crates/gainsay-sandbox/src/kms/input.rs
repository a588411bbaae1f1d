//! What an input must be before it is read: which members each operation requires, and what each
//! may be, as the API reference's pages of the operations say
//! (<https://docs.aws.amazon.com/kms/latest/APIReference/API_Operations.html>).

use serde_json::Value;

use super::{JsonResponse, invalid};
use crate::constraint::{Member, Problems, Rule, is_name, is_word, lower_first};

/// The members that each operation requires.
const REQUIRED: &[(&str, &[&str])] = &[
    ("DescribeKey", &["KeyId"]),
    ("EnableKey", &["KeyId"]),
    ("DisableKey", &["KeyId"]),
    ("ScheduleKeyDeletion", &["KeyId"]),
    ("CancelKeyDeletion", &["KeyId"]),
    ("UpdateKeyDescription", &["KeyId", "Description"]),
    ("EnableKeyRotation", &["KeyId"]),
    ("DisableKeyRotation", &["KeyId"]),
    ("GetKeyRotationStatus", &["KeyId"]),
    ("RotateKeyOnDemand", &["KeyId"]),
    ("ListKeyRotations", &["KeyId"]),
    ("ReplicateKey", &["KeyId", "ReplicaRegion"]),
    ("UpdatePrimaryRegion", &["KeyId", "PrimaryRegion"]),
    ("Encrypt", &["KeyId", "Plaintext"]),
    ("ReEncrypt", &["DestinationKeyId"]),
    ("GenerateDataKey", &["KeyId"]),
    ("GenerateDataKeyWithoutPlaintext", &["KeyId"]),
    ("CreateGrant", &["KeyId", "GranteePrincipal", "Operations"]),
    ("ListGrants", &["KeyId"]),
    ("ListRetirableGrants", &["RetiringPrincipal"]),
    ("RevokeGrant", &["KeyId", "GrantId"]),
    ("GetKeyPolicy", &["KeyId"]),
    ("ListKeyPolicies", &["KeyId"]),
    ("PutKeyPolicy", &["KeyId", "Policy"]),
    ("CreateAlias", &["AliasName", "TargetKeyId"]),
    ("UpdateAlias", &["AliasName", "TargetKeyId"]),
    ("DeleteAlias", &["AliasName"]),
    ("TagResource", &["KeyId", "Tags"]),
    ("UntagResource", &["KeyId", "TagKeys"]),
    ("ListResourceTags", &["KeyId"]),
    ("GetParametersForImport", &["KeyId", "WrappingAlgorithm", "WrappingKeySpec"]),
    ("ImportKeyMaterial", &["KeyId", "ImportToken", "EncryptedKeyMaterial"]),
    ("DeleteImportedKeyMaterial", &["KeyId"]),
];

const KEY_ID: &[Rule] = &[Rule::Length(1, 2048)];
const NAME: &[Rule] = &[
    Rule::Length(1, 256),
    Rule::Pattern("^[a-zA-Z0-9:/_-]+$", |c| c.is_ascii_alphanumeric() || ":/_-".contains(c)),
];
const PRINCIPAL: &[Rule] =
    &[Rule::Length(1, 256), Rule::Pattern("^[\\w+=,.@:/-]+$", |c| is_name(c) || ":/".contains(c))];
const REGION: &[Rule] = &[
    Rule::Length(1, 32),
    Rule::Pattern("^([a-z]+-){2,3}\\d+$", |c| {
        c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'
    }),
];
const ALGORITHM: &[Rule] =
    &[Rule::OneOf(&["SYMMETRIC_DEFAULT", "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "SM2PKE"])];
/// In the order of the page of `CreateKey`; the order in AWS's messages is assumed, here and below.
const KEY_SPECS: &[Rule] = &[Rule::OneOf(&[
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "ECC_NIST_P256",
    "ECC_NIST_P384",
    "ECC_NIST_P521",
    "ECC_SECG_P256K1",
    "SYMMETRIC_DEFAULT",
    "HMAC_224",
    "HMAC_256",
    "HMAC_384",
    "HMAC_512",
    "SM2",
    "ML_DSA_44",
    "ML_DSA_65",
    "ML_DSA_87",
    "ECC_NIST_EDWARDS25519",
])];
const OPERATIONS: &[Rule] = &[Rule::OneOf(&[
    "Decrypt",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
    "Sign",
    "Verify",
    "GetPublicKey",
    "CreateGrant",
    "RetireGrant",
    "DescribeKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateMac",
    "VerifyMac",
    "DeriveSharedSecret",
])];

/// What members with one value may be. Names mean the same in every operation but where `ONLY`
/// says otherwise.
const MEMBERS: &[Member] = &[
    Member::new("KeyId", KEY_ID),
    Member::new("SourceKeyId", KEY_ID),
    Member::new("DestinationKeyId", KEY_ID),
    Member::new("TargetKeyId", KEY_ID),
    Member::new("AliasName", NAME),
    Member::new("Name", NAME),
    Member::new("Description", &[Rule::Length(0, 8192)]),
    Member::new("Policy", &[Rule::Length(1, 131_072)]),
    Member::new("PolicyName", &[Rule::Length(1, 128), Rule::Pattern("[\\w]+", is_word)]),
    Member::new("Limit", &[Rule::Range(1, 1000)]),
    Member::new("Marker", &[Rule::Length(1, 1024)]),
    Member::new("NumberOfBytes", &[Rule::Range(1, 1024)]),
    Member::new("RotationPeriodInDays", &[Rule::Range(90, 2560)]),
    Member::new("PendingWindowInDays", &[Rule::Range(1, 365)]),
    Member::new("KeySpec", KEY_SPECS),
    Member::new("CustomerMasterKeySpec", KEY_SPECS),
    Member::new(
        "KeyUsage",
        &[Rule::OneOf(&["SIGN_VERIFY", "ENCRYPT_DECRYPT", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT"])],
    ),
    Member::new(
        "Origin",
        &[Rule::OneOf(&["AWS_KMS", "EXTERNAL", "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"])],
    ),
    Member::new("EncryptionAlgorithm", ALGORITHM),
    Member::new("SourceEncryptionAlgorithm", ALGORITHM),
    Member::new("DestinationEncryptionAlgorithm", ALGORITHM),
    Member::new("GrantId", &[Rule::Length(1, 128)]),
    Member::new("GrantToken", &[Rule::Length(1, 8192)]),
    Member::new("GranteePrincipal", PRINCIPAL),
    Member::new("RetiringPrincipal", PRINCIPAL),
    Member::new("ReplicaRegion", REGION),
    Member::new("PrimaryRegion", REGION),
    Member::new("IncludeKeyMaterial", &[Rule::OneOf(&["ALL_KEY_MATERIAL", "ROTATIONS_ONLY"])]),
    Member::new("Tags.TagKey", &[Rule::Length(1, 128)]),
    Member::new("Tags.TagValue", &[Rule::Length(0, 256)]),
];

/// What members have in one operation only.
const ONLY: &[(&str, Member)] = &[
    ("GenerateDataKey", Member::new("KeySpec", &[Rule::OneOf(&["AES_256", "AES_128"])])),
    (
        "GenerateDataKeyWithoutPlaintext",
        Member::new("KeySpec", &[Rule::OneOf(&["AES_256", "AES_128"])]),
    ),
];

/// Lists of texts: how many there may be, and what each may be.
const LISTS: &[(usize, Member)] = &[
    (10, Member::new("GrantTokens", &[Rule::Length(1, 8192)])),
    (usize::MAX, Member::new("TagKeys", &[Rule::Length(1, 128)])),
    (usize::MAX, Member::new("Operations", OPERATIONS)),
];

/// Bytes, by how long they are once decoded; what they are is shown in no message.
const BLOBS: &[Member] = &[
    Member::hidden("Plaintext", &[Rule::Length(1, 4096)]),
    Member::hidden("CiphertextBlob", &[Rule::Length(1, 6144)]),
    Member::hidden("ImportToken", &[Rule::Length(1, 6144)]),
    Member::hidden("EncryptedKeyMaterial", &[Rule::Length(1, 6144)]),
];

/// Refuses an input that breaks a constraint of its operation.
pub(super) fn check(operation: &str, body: &[u8]) -> Result<(), JsonResponse> {
    // What cannot be read is refused by who reads it.
    let Ok(Value::Object(input)) = serde_json::from_slice::<Value>(body) else { return Ok(()) };
    let mut problems = Problems::default();
    let required = REQUIRED.iter().find(|(name, _)| *name == operation);
    for name in required.map_or(&[] as &[&str], |(_, names)| names) {
        if input.get(*name).is_none_or(Value::is_null) {
            problems.missing(&lower_first(name));
        }
    }
    for (name, value) in &input {
        check_member(&mut problems, operation, name, value);
    }
    match problems.message() {
        Some(message) => Err(invalid(message)),
        None => Ok(()),
    }
}

fn check_member(problems: &mut Problems, operation: &str, name: &str, value: &Value) {
    let path = lower_first(name);
    if let (Some(member), Value::String(text)) = (named(BLOBS, name), value) {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        if let Ok(bytes) = STANDARD.decode(text) {
            problems.check_bytes(member, &path, bytes.len());
        }
        return;
    }
    let only = ONLY.iter().find(|(at, member)| *at == operation && member.name == name);
    if let Some(member) = only.map(|(_, member)| member).or_else(|| named(MEMBERS, name)) {
        if let Some(text) = text(value) {
            problems.check(member, &path, &text);
        }
        return;
    }
    let Value::Array(entries) = value else { return };
    if let Some((most, member)) = LISTS.iter().find(|(_, member)| member.name == name) {
        let texts: Vec<String> = entries.iter().filter_map(text).collect();
        problems.check_list(member, &path, &texts);
        problems.check_count(&path, &format!("[{}]", texts.join(", ")), texts.len(), *most);
        return;
    }
    for (at, entry) in entries.iter().enumerate() {
        let Value::Object(inner) = entry else { continue };
        if name == "Tags" {
            for key in ["TagKey", "TagValue"] {
                if inner.get(key).is_none_or(Value::is_null) {
                    problems.missing(&format!("{path}.{}.member.{}", at + 1, lower_first(key)));
                }
            }
        }
        for (key, value) in inner {
            let member = named(MEMBERS, &format!("{name}.{key}"));
            if let (Some(member), Some(text)) = (member, text(value)) {
                let path = format!("{path}.{}.member.{}", at + 1, lower_first(key));
                problems.check(member, &path, &text);
            }
        }
    }
}

fn named(members: &'static [Member], name: &str) -> Option<&'static Member> {
    members.iter().find(|member| member.name == name)
}

/// A value as messages show it.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}
