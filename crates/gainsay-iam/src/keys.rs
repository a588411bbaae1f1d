//! The condition keys AWS documents, as data: name, type, one value or many.
//!
//! Follows "AWS global condition context keys" and the service authorization references of S3, KMS
//! and STS. A document may use any key; this table serves warnings about names that no request
//! carries.

use super::document::Policy;
use super::outside::Outside;

/// What the values of a key are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyType {
    /// For string operators.
    String,
    /// For ARN operators, and string operators.
    Arn,
    /// For `Bool`.
    Bool,
    /// For numeric operators.
    Numeric,
    /// For date operators.
    Date,
    /// For address operators.
    IpAddress,
    /// For `BinaryEquals`.
    Binary,
}

/// A condition key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name; one that ends in `/` or `:` is a prefix, and the rest is the user's, such as a tag
    /// key.
    pub name: &'static str,
    /// The type of its values.
    pub of: KeyType,
    /// Whether it may have several values, so that set operators apply.
    pub many: bool,
    /// What it follows from, where that is outside of the request and its policies and has to be
    /// said.
    pub outside: Option<Outside>,
}

impl Key {
    const fn follows(self, outside: Outside) -> Self {
        Self { outside: Some(outside), ..self }
    }
}

/// The documented key of this name, if there is one; case does not matter.
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

/// The condition keys a policy uses, as written, each with the index of its statement.
pub fn condition_keys(policy: &Policy) -> impl Iterator<Item = (usize, &str)> {
    policy
        .statements()
        .iter()
        .enumerate()
        .flat_map(|(index, statement)| statement.condition_keys().map(move |key| (index, key)))
}

const fn one(name: &'static str, of: KeyType) -> Key {
    Key { name, of, many: false, outside: None }
}

const fn many(name: &'static str, of: KeyType) -> Key {
    Key { name, of, many: true, outside: None }
}

use KeyType::{Arn, Bool, Date, IpAddress, Numeric, String};

/// Every documented key this program knows of.
pub const KEYS: &[Key] = &[
    // Global: the principal.
    one("aws:PrincipalArn", Arn),
    one("aws:PrincipalAccount", String),
    one("aws:PrincipalOrgID", String).follows(Outside::PrincipalOrganization),
    many("aws:PrincipalOrgPaths", String).follows(Outside::PrincipalOrganization),
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
    one("aws:SourceIp", IpAddress).follows(Outside::Address),
    one("aws:SourceVpc", String).follows(Outside::Vpc),
    one("aws:SourceVpcArn", Arn).follows(Outside::EndpointOwner),
    one("aws:SourceVpce", String).follows(Outside::Endpoint),
    one("aws:VpceAccount", String).follows(Outside::EndpointOwner),
    one("aws:VpceOrgID", String).follows(Outside::EndpointOwner),
    many("aws:VpceOrgPaths", String).follows(Outside::EndpointOwner),
    one("aws:VpcSourceIp", IpAddress).follows(Outside::PrivateAddress),
    // Global: the resource.
    one("aws:ResourceAccount", String),
    one("aws:ResourceOrgID", String).follows(Outside::ResourceOrganization),
    many("aws:ResourceOrgPaths", String).follows(Outside::ResourceOrganization),
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
    one("aws:SourceOrgID", String).follows(Outside::SourceOrganization),
    many("aws:SourceOrgPaths", String).follows(Outside::SourceOrganization),
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
        for key in
            ["", "aws:PrincipalTag", "aws:PrincipalTag/", "s3:prefixx", "aws:SecureTransports", "é"]
        {
            assert!(!known_condition_key(key), "{key}");
        }
        assert!(condition_key("kms:EncryptionContextKeys").is_some_and(|key| key.many));
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
