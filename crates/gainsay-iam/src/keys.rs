//! The condition keys that AWS documents, as data: name, type, single-valued or multivalued.
//!
//! Follows "AWS global condition context keys" and the service authorization references of S3, KMS
//! and STS. A document may use any key; this table serves warnings about names that no request
//! carries.

use crate::external::ExternalSource;
use crate::policy::Policy;

/// The type of a condition key's values, which decides the operators that are for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyType {
    /// Texts, for string operators.
    String,
    /// ARNs, for ARN operators and string operators.
    Arn,
    /// `true` or `false`, for `Bool`.
    Bool,
    /// Numbers, for numeric operators.
    Numeric,
    /// Dates, for date operators.
    Date,
    /// Addresses, for `IpAddress` and `NotIpAddress`.
    IpAddress,
    /// Bytes in base64, for `BinaryEquals`.
    Binary,
}

/// A documented condition key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name; one that ends in `/` or `:` is a prefix, and the rest is the user's, such as a tag
    /// key.
    pub name: &'static str,
    /// The type of its values.
    pub value_type: KeyType,
    /// Whether it may have several values, so that `ForAllValues` and `ForAnyValue` apply.
    pub multivalued: bool,
    /// What determines it, where that is neither the caller, the request nor the resource.
    pub determined_by: Option<ExternalSource>,
}

impl Key {
    const fn determined_by(self, determined_by: ExternalSource) -> Self {
        Self { determined_by: Some(determined_by), ..self }
    }
}

/// The documented condition key of this name, if there is one; case does not matter.
#[must_use]
pub fn condition_key(key: &str) -> Option<&'static Key> {
    KEYS.iter().find(|known| {
        let length = known.name.len();
        let starts = key.get(..length).is_some_and(|start| start.eq_ignore_ascii_case(known.name));
        starts && (key.len() > length) == known.name.ends_with(['/', ':'])
    })
}

/// Whether AWS documents a condition key of this name, global or of S3, KMS or STS.
#[must_use]
pub fn known_condition_key(key: &str) -> bool {
    condition_key(key).is_some()
}

/// The condition keys that a policy uses, as it has them, each with the index of its statement.
pub fn condition_keys(policy: &Policy) -> impl Iterator<Item = (usize, &str)> {
    policy
        .statements()
        .iter()
        .enumerate()
        .flat_map(|(index, statement)| statement.condition_keys().map(move |key| (index, key)))
}

const fn one(name: &'static str, value_type: KeyType) -> Key {
    Key { name, value_type, multivalued: false, determined_by: None }
}

const fn many(name: &'static str, value_type: KeyType) -> Key {
    Key { name, value_type, multivalued: true, determined_by: None }
}

use KeyType::{Arn, Bool, Date, IpAddress, Numeric, String};

/// The documented condition keys, global and of S3, KMS and STS, and some of IAM and EC2.
pub const KEYS: &[Key] = &[
    // Global: the principal.
    one("aws:PrincipalArn", Arn),
    one("aws:PrincipalAccount", String),
    one("aws:PrincipalOrgID", String).determined_by(ExternalSource::PrincipalOrganization),
    one("aws:PrincipalOrgMasterAccountId", String)
        .determined_by(ExternalSource::PrincipalOrganization),
    many("aws:PrincipalOrgPaths", String).determined_by(ExternalSource::PrincipalOrganization),
    one("aws:PrincipalTag/", String),
    one("aws:PrincipalIsAWSService", Bool),
    one("aws:PrincipalServiceName", String),
    many("aws:PrincipalServiceNamesList", String),
    one("aws:PrincipalType", String),
    one("aws:userid", String),
    one("aws:username", String),
    // Global: the session.
    one("aws:AssumedRoot", Bool),
    one("aws:ChatbotSourceArn", Arn),
    one("aws:FederatedProvider", String),
    one("aws:TokenIssueTime", Date),
    one("aws:MultiFactorAuthAge", Numeric),
    one("aws:MultiFactorAuthPresent", Bool),
    one("aws:Ec2InstanceSourceVpc", String),
    one("aws:Ec2InstanceSourcePrivateIPv4", IpAddress),
    one("aws:SourceIdentity", String),
    one("ec2:RoleDelivery", Numeric),
    one("ec2:SourceInstanceArn", Arn),
    one("glue:RoleAssumedBy", String),
    one("glue:CredentialIssuingService", String),
    one("lambda:SourceFunctionArn", Arn),
    one("ssm:SourceInstanceArn", Arn),
    one("identitystore:UserId", String),
    // Global: the network.
    one("aws:SourceIp", IpAddress).determined_by(ExternalSource::Address),
    one("aws:SourceVpc", String).determined_by(ExternalSource::Vpc),
    one("aws:SourceVpcArn", Arn).determined_by(ExternalSource::EndpointOwner),
    one("aws:SourceVpce", String).determined_by(ExternalSource::Endpoint),
    one("aws:VpceAccount", String).determined_by(ExternalSource::EndpointOwner),
    one("aws:VpceOrgID", String).determined_by(ExternalSource::EndpointOwner),
    many("aws:VpceOrgPaths", String).determined_by(ExternalSource::EndpointOwner),
    one("aws:VpcSourceIp", IpAddress).determined_by(ExternalSource::PrivateAddress),
    // Global: the resource.
    one("aws:ResourceAccount", String),
    one("aws:ResourceOrgID", String).determined_by(ExternalSource::ResourceOrganization),
    many("aws:ResourceOrgPaths", String).determined_by(ExternalSource::ResourceOrganization),
    one("aws:ResourceTag/", String),
    // Global: the request.
    many("aws:CalledVia", String),
    one("aws:CalledViaFirst", String),
    one("aws:CalledViaLast", String),
    one("aws:CalledViaAWSMCP", String),
    one("aws:ViaAWSMCPService", Bool),
    one("aws:ViaAWSService", Bool),
    one("aws:CurrentTime", Date),
    one("aws:EpochTime", Date),
    one("aws:referer", String),
    one("aws:RequestedRegion", String),
    one("aws:RequestTag/", String),
    many("aws:TagKeys", String),
    one("aws:SecureTransport", Bool),
    one("aws:SourceAccount", String),
    one("aws:SourceArn", Arn),
    one("aws:SourceOrgID", String).determined_by(ExternalSource::SourceOrganization),
    many("aws:SourceOrgPaths", String).determined_by(ExternalSource::SourceOrganization),
    one("aws:UserAgent", String),
    // S3: the object.
    one("s3:ExistingObjectTag/", String),
    one("s3:RequestObjectTag/", String),
    many("s3:RequestObjectTagKeys", String),
    one("s3:versionid", String),
    one("s3:x-amz-storage-class", String),
    one("s3:x-amz-metadata-directive", String),
    one("s3:x-amz-copy-source", String),
    one("s3:x-amz-website-redirect-location", String),
    one("s3:if-match", String),
    one("s3:if-none-match", String),
    one("s3:ObjectCreationOperation", Bool),
    one("s3:annotation-prefix", String),
    one("s3:max-annotation-results", Numeric),
    one("s3:x-amz-object-annotation-directive", String),
    one("s3:x-amz-object-if-match", String),
    // S3: encryption.
    one("s3:x-amz-server-side-encryption", String),
    one("s3:x-amz-server-side-encryption-aws-kms-key-id", Arn),
    one("s3:x-amz-server-side-encryption-customer-algorithm", String),
    // S3: access control lists.
    one("s3:x-amz-acl", String),
    one("s3:x-amz-grant-full-control", String),
    one("s3:x-amz-grant-read", String),
    one("s3:x-amz-grant-read-acp", String),
    one("s3:x-amz-grant-write", String),
    one("s3:x-amz-grant-write-acp", String),
    one("s3:x-amz-object-ownership", String),
    // S3: Object Lock.
    one("s3:object-lock-mode", String),
    one("s3:object-lock-retain-until-date", Date),
    one("s3:object-lock-remaining-retention-days", Numeric),
    one("s3:object-lock-legal-hold", String),
    one("s3:object-lock-event-hold", String),
    one("s3:object-lock-event-hold-duration-days", Numeric),
    // S3: listing, location, replication, inventory.
    one("s3:prefix", String),
    one("s3:delimiter", String),
    one("s3:max-keys", Numeric),
    one("s3:LocationConstraint", String),
    one("s3:isReplicationPauseRequest", Bool),
    one("s3:deliverySourceArn", Arn),
    one("s3:logType", String),
    one("s3:resourceArnBeingAuthorized", Arn),
    one("s3:x-amz-bucket-namespace", String),
    one("s3:destinationRegion", String),
    many("s3:InventoryAccessibleOptionalFields", String),
    one("s3:BucketTag/", String),
    // S3: the connection and its signature.
    one("s3:TlsVersion", Numeric),
    one("s3:authType", String),
    one("s3:signatureversion", String),
    one("s3:signatureAge", Numeric),
    one("s3:x-amz-content-sha256", String),
    // S3: access points, Access Grants, Batch Operations, resource account.
    one("s3:ResourceAccount", String),
    one("s3:DataAccessPointAccount", String),
    one("s3:DataAccessPointArn", Arn),
    one("s3:AccessPointNetworkOrigin", String),
    one("s3:AccessPointTag/", String),
    one("s3:AccessGrantsInstanceArn", Arn),
    one("s3:AccessGrantScope", String),
    one("s3:AccessGrantsLocationScope", String),
    one("s3:ExistingJobOperation", String),
    one("s3:ExistingJobPriority", Numeric),
    one("s3:RequestJobOperation", String),
    one("s3:RequestJobPriority", Numeric),
    one("s3:JobSuspendedCause", String),
    // KMS.
    one("kms:BypassPolicyLockoutSafetyCheck", Bool),
    one("kms:CallerAccount", String),
    one("kms:CustomerMasterKeySpec", String),
    one("kms:CustomerMasterKeyUsage", String),
    one("kms:DataKeyPairSpec", String),
    one("kms:DataKeySpec", String),
    one("kms:EncapsulationAlgorithm", String),
    one("kms:EncryptionAlgorithm", String),
    one("kms:EncryptionContext:", String),
    many("kms:EncryptionContextKeys", String),
    one("kms:ExpirationModel", String),
    one("kms:GrantConstraintSourceArn", Arn),
    one("kms:GrantConstraintType", String),
    one("kms:GrantIsForAWSResource", Bool),
    many("kms:GrantOperations", String),
    one("kms:GranteePrincipal", Arn),
    one("kms:GranteeServicePrincipal", String),
    one("kms:KeyAgreementAlgorithm", String),
    one("kms:KeyOrigin", String),
    one("kms:KeySpec", String),
    one("kms:KeyUsage", String),
    one("kms:MacAlgorithm", String),
    one("kms:MessageType", String),
    one("kms:MultiRegion", Bool),
    one("kms:MultiRegionKeyType", String),
    one("kms:PrimaryRegion", String),
    one("kms:ReEncryptOnSameKey", Bool),
    one("kms:RecipientAttestation:", String),
    one("kms:ReplicaRegion", String),
    one("kms:RequestAlias", String),
    many("kms:ResourceAliases", String),
    one("kms:RetiringPrincipal", Arn),
    one("kms:RetiringServicePrincipal", String),
    one("kms:RotationPeriodInDays", Numeric),
    one("kms:ScheduleKeyDeletionPendingWindowInDays", Numeric),
    one("kms:SigningAlgorithm", String),
    one("kms:TrailingDaysWithoutKeyUsage", Numeric),
    one("kms:ValidTo", Date),
    one("kms:ViaService", String),
    one("kms:WrappingAlgorithm", String),
    one("kms:WrappingKeySpec", String),
    // STS.
    one("sts:AWSServiceName", String),
    one("sts:DurationSeconds", Numeric),
    one("sts:ExternalId", String),
    one("sts:RequestContext/", String),
    many("sts:RequestContextProviders", Arn),
    one("sts:RoleAuthorizedByIdp", Bool),
    one("sts:RoleSessionName", String),
    one("sts:SourceIdentity", String),
    one("sts:TaskPolicyArn", Arn),
    many("sts:TransitiveTagKeys", String),
    many("sts:IdentityTokenAudience", String),
    one("sts:SigningAlgorithm", String),
    // IAM, where roles and boundaries are made.
    one("iam:PassedToService", String),
    one("iam:AssociatedResourceArn", Arn),
    one("iam:PermissionsBoundary", Arn),
    one("iam:PolicyARN", Arn),
    one("iam:AWSServiceName", String),
    one("iam:ResourceTag/", String),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_keys() {
        for key in [
            "aws:SecureTransport",
            "AWS:securetransport",
            "s3:existingobjecttag/Team",
            "kms:EncryptionContext:a",
        ] {
            assert!(known_condition_key(key), "{key}");
        }
        let unknown = [
            "",
            "aws:PrincipalTag",
            "aws:PrincipalTag/",
            "s3:prefixx",
            "aws:SecureTransports",
            "é",
        ];
        for key in unknown {
            assert!(!known_condition_key(key), "{key}");
        }
        assert!(condition_key("kms:EncryptionContextKeys").is_some_and(|key| key.multivalued));
    }

    #[test]
    fn no_key_is_listed_twice() {
        let mut names: Vec<_> = KEYS.iter().map(|key| key.name.to_lowercase()).collect();
        names.sort();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
