//! The actions of KMS, as [`super`] says.

use super::ResourceType::{Alias, Key};
use super::{Action, Keys, list, permissions, read, tagging, write};

/// The condition keys of every KMS action but nine: those of custom key stores and
/// `kms:GenerateRandom` lack `kms:ViaService`, `kms:ListRetirableGrants` and
/// `kms:SynchronizeMultiRegionKey` both.
pub const KMS_KEYS: &[&str] = &["kms:CallerAccount", "kms:ViaService"];

// Condition keys that rows share, or that are many.
const CREATE_GRANT: Keys = &[
    "kms:EncryptionContext:",
    "kms:EncryptionContextKeys",
    "kms:GrantConstraintSourceArn",
    "kms:GrantConstraintType",
    "kms:GranteePrincipal",
    "kms:GranteeServicePrincipal",
    "kms:GrantIsForAWSResource",
    "kms:GrantOperations",
    "kms:RetiringPrincipal",
    "kms:RetiringServicePrincipal",
];
const CREATE_KEY: Keys = &[
    "aws:RequestTag/",
    "aws:ResourceTag/",
    "aws:TagKeys",
    "kms:BypassPolicyLockoutSafetyCheck",
    "kms:KeyOrigin",
    "kms:KeySpec",
    "kms:KeyUsage",
    "kms:MultiRegion",
    "kms:MultiRegionKeyType",
];
const DECRYPT: Keys = &[
    "kms:EncryptionAlgorithm",
    "kms:EncryptionContext:",
    "kms:EncryptionContextKeys",
    "kms:RecipientAttestation:",
    "kms:RequestAlias",
];
const DERIVE_SHARED_SECRET: Keys =
    &["kms:KeyAgreementAlgorithm", "kms:RecipientAttestation:", "kms:RequestAlias"];
const ENCRYPT: Keys = &[
    "kms:EncryptionAlgorithm",
    "kms:EncryptionContext:",
    "kms:EncryptionContextKeys",
    "kms:RequestAlias",
];
const GENERATE_DATA_KEY_PAIR: Keys = &[
    "kms:DataKeyPairSpec",
    "kms:EncryptionAlgorithm",
    "kms:EncryptionContext:",
    "kms:EncryptionContextKeys",
    "kms:RecipientAttestation:",
    "kms:RequestAlias",
];
const GENERATE_DATA_KEY_PAIR_WITHOUT_PLAINTEXT: Keys = &[
    "kms:DataKeyPairSpec",
    "kms:EncryptionAlgorithm",
    "kms:EncryptionContext:",
    "kms:EncryptionContextKeys",
    "kms:RequestAlias",
];
const GET_PARAMETERS_FOR_IMPORT: Keys = &["kms:WrappingAlgorithm", "kms:WrappingKeySpec"];
const RE_ENCRYPT: Keys = &[
    "kms:EncryptionAlgorithm",
    "kms:EncryptionContext:",
    "kms:EncryptionContextKeys",
    "kms:ReEncryptOnSameKey",
    "kms:RequestAlias",
];
const RETIRE_GRANT: Keys =
    &["kms:EncryptionContext:", "kms:EncryptionContextKeys", "kms:GrantConstraintType"];
const SCHEDULE_KEY_DELETION: Keys =
    &["kms:ScheduleKeyDeletionPendingWindowInDays", "kms:TrailingDaysWithoutKeyUsage"];
const SIGN: Keys = &["kms:MessageType", "kms:RequestAlias", "kms:SigningAlgorithm"];

/// Its actions, by name.
pub(super) const ACTIONS: &[Action] = &[
    write("kms:CancelKeyDeletion", &[Key], &[]),
    write("kms:ConnectCustomKeyStore", &[], &[]),
    write("kms:CreateAlias", &[Alias, Key], &[]),
    write("kms:CreateCustomKeyStore", &[], &[]),
    permissions("kms:CreateGrant", &[Key], CREATE_GRANT),
    write("kms:CreateKey", &[], CREATE_KEY),
    write("kms:Decapsulate", &[Key], &["kms:EncapsulationAlgorithm", "kms:RequestAlias"]),
    write("kms:Decrypt", &[Key], DECRYPT),
    write("kms:DeleteAlias", &[Alias, Key], &[]),
    write("kms:DeleteCustomKeyStore", &[], &[]),
    write("kms:DeleteImportedKeyMaterial", &[Key], &[]),
    write("kms:DeriveSharedSecret", &[Key], DERIVE_SHARED_SECRET),
    read("kms:DescribeCustomKeyStores", &[], &[]),
    read("kms:DescribeKey", &[Key], &["kms:RequestAlias"]),
    write("kms:DisableKey", &[Key], &["kms:TrailingDaysWithoutKeyUsage"]),
    write("kms:DisableKeyRotation", &[Key], &[]),
    write("kms:DisconnectCustomKeyStore", &[], &[]),
    write("kms:EnableKey", &[Key], &[]),
    write("kms:EnableKeyRotation", &[Key], &["kms:RotationPeriodInDays"]),
    write("kms:Encapsulate", &[Key], &["kms:EncapsulationAlgorithm", "kms:RequestAlias"]),
    write("kms:Encrypt", &[Key], ENCRYPT),
    write("kms:GenerateDataKey", &[Key], DECRYPT),
    write("kms:GenerateDataKeyPair", &[Key], GENERATE_DATA_KEY_PAIR),
    write(
        "kms:GenerateDataKeyPairWithoutPlaintext",
        &[Key],
        GENERATE_DATA_KEY_PAIR_WITHOUT_PLAINTEXT,
    ),
    write("kms:GenerateDataKeyWithoutPlaintext", &[Key], ENCRYPT),
    write("kms:GenerateMac", &[Key], &["kms:MacAlgorithm", "kms:RequestAlias"]),
    write("kms:GenerateRandom", &[], &["kms:RecipientAttestation:"]),
    read("kms:GetKeyLastUsage", &[Key], &[]),
    read("kms:GetKeyPolicy", &[Key], &[]),
    read("kms:GetKeyRotationStatus", &[Key], &[]),
    read("kms:GetParametersForImport", &[Key], GET_PARAMETERS_FOR_IMPORT),
    read("kms:GetPublicKey", &[Key], &["kms:RequestAlias"]),
    write("kms:ImportKeyMaterial", &[Key], &["kms:ExpirationModel", "kms:ValidTo"]),
    list("kms:ListAliases", &[], &[]),
    list("kms:ListGrants", &[Key], &["kms:GrantIsForAWSResource"]),
    list("kms:ListKeyPolicies", &[Key], &[]),
    list("kms:ListKeyRotations", &[Key], &[]),
    list("kms:ListKeys", &[], &[]),
    list("kms:ListResourceTags", &[Key], &[]),
    list("kms:ListRetirableGrants", &[], &[]),
    permissions("kms:PutKeyPolicy", &[Key], &["kms:BypassPolicyLockoutSafetyCheck"]),
    write("kms:ReEncryptFrom", &[Key], RE_ENCRYPT),
    write("kms:ReEncryptTo", &[Key], RE_ENCRYPT),
    write("kms:ReplicateKey", &[Key], &["kms:ReplicaRegion"]),
    permissions("kms:RetireGrant", &[Key], RETIRE_GRANT),
    permissions("kms:RevokeGrant", &[Key], &["kms:GrantIsForAWSResource"]),
    write("kms:RotateKeyOnDemand", &[Key], &[]),
    write("kms:ScheduleKeyDeletion", &[Key], SCHEDULE_KEY_DELETION),
    write("kms:Sign", &[Key], SIGN),
    write("kms:SynchronizeMultiRegionKey", &[Key], &[]),
    tagging("kms:TagResource", &[Key], &["aws:RequestTag/", "aws:TagKeys"]),
    tagging("kms:UntagResource", &[Key], &["aws:TagKeys"]),
    write("kms:UpdateAlias", &[Alias, Key], &[]),
    write("kms:UpdateCustomKeyStore", &[], &[]),
    write("kms:UpdateKeyDescription", &[Key], &[]),
    write("kms:UpdatePrimaryRegion", &[Key], &["kms:PrimaryRegion"]),
    write("kms:Verify", &[Key], SIGN),
    write("kms:VerifyMac", &[Key], &["kms:MacAlgorithm", "kms:RequestAlias"]),
];
