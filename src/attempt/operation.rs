//! The operation catalogue: what each API operation is called, takes, acts on and does.
//!
//! Actions and resources follow the service authorization reference
//! (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>,
//! `list_awskeymanagementservice`, `list_awssecuritytokenservice`,
//! `list_awsidentityandaccessmanagementiam`, `list_awscloudtrail`).

use std::fmt;

use gainsay_model::Service;

use super::param::Param;

/// What an operation's resource is, in the sense of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// An object: `arn:aws:s3:::bucket/key`.
    Object,
    /// A bucket: `arn:aws:s3:::bucket`.
    Bucket,
    /// A KMS key.
    Key,
    /// An alias of a KMS key, in the caller's own account.
    Alias,
    /// A role.
    Role,
    /// No resource of its own: policies are asked about `*`.
    Anything,
    /// An access point.
    AccessPoint,
    /// A job of Batch Operations.
    Job,
    /// The jobs of the account.
    Jobs,
    /// The Access Grants instance of the account.
    AccessGrants,
    /// The locations of the account's Access Grants.
    Locations,
    /// A location of Access Grants.
    Location,
    /// A trail.
    Trail,
    /// The account.
    Account,
    /// Nothing: the call names no resource.
    Nothing,
}

/// What a success of the operation changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    Reads,
    /// It adds or replaces something.
    Writes,
    /// It takes something away, so that a second call may find it gone.
    Consumes,
    /// It changes the configuration of a bucket, a key or an account.
    Configures,
}

/// One row of the catalogue.
#[derive(Debug)]
pub struct Operation {
    /// The variant that selects the function which calls it.
    pub op: Op,
    /// The name in a scenario: `s3:PutObject`.
    pub name: &'static str,
    /// Its service.
    pub service: Service,
    /// The action AWS authorizes it as, by default.
    pub action: &'static str,
    /// The action when the request names a version.
    pub action_with_version: Option<&'static str>,
    /// Its resource.
    pub on: On,
    /// What its success changes.
    pub effect: Effect,
    /// The subcommand of the AWS CLI.
    pub cli: &'static str,
    /// Parameters without which it cannot be called.
    pub needs: &'static [Param],
    /// Parameters it may have besides.
    pub may: &'static [Param],
}

impl Operation {
    /// Whether the operation has this parameter. Who asks and how the request travels belong to
    /// every one.
    #[must_use]
    pub fn takes(&self, param: Param) -> bool {
        match param {
            Param::As | Param::Session | Param::SourceVpce | Param::SourceVpc | Param::SourceIp => {
                true
            }
            Param::Transport | Param::Presigned | Param::SignedAgo => self.service == Service::S3,
            other => self.needs.contains(&other) || self.may.contains(&other),
        }
    }

    /// Whether a fixture made by it is a state that every attempt of the row meets, named or not: a
    /// disabled key, a moved alias.
    #[must_use]
    pub fn sets_the_scene(&self) -> bool {
        self.effect == Effect::Configures
            || (self.effect == Effect::Consumes && self.service == Service::Kms)
    }

    /// The operation of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        OPERATIONS.iter().find(|operation| operation.name == name)
    }

    /// The name without its service.
    #[must_use]
    pub fn short_name(&self) -> &'static str {
        self.name.split_once(':').map_or(self.name, |(_, short)| short)
    }
}

impl PartialEq for Operation {
    fn eq(&self, other: &Self) -> bool {
        self.op == other.op
    }
}

impl Eq for Operation {}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

macro_rules! operations {
    ($($op:ident $service:ident:$name:literal $cli:literal, $action:literal $(/ $versioned:literal)?, $on:ident, $effect:ident,
        needs [$($need:ident)*], may [$($may:ident)*];)+) => {
        /// The operations, by name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "the variants are the API's own names")]
        pub enum Op { $($op,)+ }

        /// The catalogue.
        pub const OPERATIONS: &[Operation] = &[$(Operation {
            op: Op::$op,
            name: $name,
            service: Service::$service,
            action: $action,
            action_with_version: first(&[$($versioned)?]),
            on: On::$on,
            effect: Effect::$effect,
            cli: $cli,
            needs: &[$(Param::$need),*],
            may: &[$(Param::$may),*],
        },)+];
    };
}

const fn first(values: &[&'static str]) -> Option<&'static str> {
    match values {
        [value, ..] => Some(value),
        [] => None,
    }
}

operations! {
    PutObject S3:"s3:PutObject" "s3api put-object", "s3:PutObject", Object, Writes,
        needs [Bucket Key], may [Body Encryption KmsKey BucketKey CustomerKey Acl Tags StorageClass];
    CopyObject S3:"s3:CopyObject" "s3api copy-object", "s3:PutObject", Object, Writes,
        needs [Bucket Key CopySource], may [Encryption KmsKey BucketKey CustomerKey Acl];
    CreateMultipartUpload S3:"s3:CreateMultipartUpload" "s3api create-multipart-upload", "s3:PutObject", Object, Writes,
        needs [Bucket Key], may [Encryption KmsKey BucketKey CustomerKey Acl Tags];
    UploadPart S3:"s3:UploadPart" "s3api upload-part", "s3:PutObject", Object, Writes,
        needs [Bucket Key Upload PartNumber], may [Body];
    CompleteMultipartUpload S3:"s3:CompleteMultipartUpload" "s3api complete-multipart-upload", "s3:PutObject", Object, Consumes,
        needs [Bucket Key Upload Parts], may [];
    AbortMultipartUpload S3:"s3:AbortMultipartUpload" "s3api abort-multipart-upload", "s3:AbortMultipartUpload", Object, Consumes,
        needs [Bucket Key Upload], may [];
    ListParts S3:"s3:ListParts" "s3api list-parts", "s3:ListMultipartUploadParts", Object, Reads,
        needs [Bucket Key Upload], may [];
    GetObject S3:"s3:GetObject" "s3api get-object", "s3:GetObject"/"s3:GetObjectVersion", Object, Reads,
        needs [Bucket Key], may [Version];
    HeadObject S3:"s3:HeadObject" "s3api head-object", "s3:GetObject"/"s3:GetObjectVersion", Object, Reads,
        needs [Bucket Key], may [Version];
    DeleteObject S3:"s3:DeleteObject" "s3api delete-object", "s3:DeleteObject"/"s3:DeleteObjectVersion", Object, Consumes,
        needs [Bucket Key], may [Version];
    GetObjectTagging S3:"s3:GetObjectTagging" "s3api get-object-tagging", "s3:GetObjectTagging"/"s3:GetObjectVersionTagging", Object, Reads,
        needs [Bucket Key], may [Version];
    PutObjectTagging S3:"s3:PutObjectTagging" "s3api put-object-tagging", "s3:PutObjectTagging"/"s3:PutObjectVersionTagging", Object, Writes,
        needs [Bucket Key Tags], may [Version];
    DeleteObjectTagging S3:"s3:DeleteObjectTagging" "s3api delete-object-tagging", "s3:DeleteObjectTagging"/"s3:DeleteObjectVersionTagging", Object, Writes,
        needs [Bucket Key], may [Version];
    GetObjectAcl S3:"s3:GetObjectAcl" "s3api get-object-acl", "s3:GetObjectAcl"/"s3:GetObjectVersionAcl", Object, Reads,
        needs [Bucket Key], may [Version];
    PutObjectAcl S3:"s3:PutObjectAcl" "s3api put-object-acl", "s3:PutObjectAcl"/"s3:PutObjectVersionAcl", Object, Writes,
        needs [Bucket Key Acl], may [Version];
    HeadBucket S3:"s3:HeadBucket" "s3api head-bucket", "s3:ListBucket", Bucket, Reads, needs [Bucket], may [];
    ListObjectsV2 S3:"s3:ListObjectsV2" "s3api list-objects-v2", "s3:ListBucket", Bucket, Reads, needs [Bucket], may [Prefix];
    ListObjectVersions S3:"s3:ListObjectVersions" "s3api list-object-versions", "s3:ListBucketVersions", Bucket, Reads,
        needs [Bucket], may [Prefix];
    ListMultipartUploads S3:"s3:ListMultipartUploads" "s3api list-multipart-uploads", "s3:ListBucketMultipartUploads", Bucket, Reads,
        needs [Bucket], may [Prefix];
    GetBucketLocation S3:"s3:GetBucketLocation" "s3api get-bucket-location", "s3:GetBucketLocation", Bucket, Reads, needs [Bucket], may [];
    GetBucketVersioning S3:"s3:GetBucketVersioning" "s3api get-bucket-versioning", "s3:GetBucketVersioning", Bucket, Reads, needs [Bucket], may [];
    GetBucketPolicy S3:"s3:GetBucketPolicy" "s3api get-bucket-policy", "s3:GetBucketPolicy", Bucket, Reads, needs [Bucket], may [];
    GetBucketEncryption S3:"s3:GetBucketEncryption" "s3api get-bucket-encryption", "s3:GetEncryptionConfiguration", Bucket, Reads,
        needs [Bucket], may [];
    GetBucketAcl S3:"s3:GetBucketAcl" "s3api get-bucket-acl", "s3:GetBucketAcl", Bucket, Reads, needs [Bucket], may [];
    GetPublicAccessBlock S3:"s3:GetPublicAccessBlock" "s3api get-public-access-block", "s3:GetBucketPublicAccessBlock", Bucket, Reads,
        needs [Bucket], may [];
    GetBucketOwnershipControls S3:"s3:GetBucketOwnershipControls" "s3api get-bucket-ownership-controls", "s3:GetBucketOwnershipControls", Bucket, Reads,
        needs [Bucket], may [];
    DeleteObjects S3:"s3:DeleteObjects" "s3api delete-objects", "s3:DeleteObject"/"s3:DeleteObjectVersion", Object, Consumes,
        needs [Bucket Key], may [Version];
    PostObject S3:"s3:PostObject" "s3api put-object", "s3:PutObject", Object, Writes,
        needs [Bucket Key], may [Body Encryption KmsKey BucketKey CustomerKey Acl Tags StorageClass];
    UploadPartCopy S3:"s3:UploadPartCopy" "s3api upload-part-copy", "s3:PutObject", Object, Writes,
        needs [Bucket Key Upload PartNumber CopySource], may [];
    GetObjectAttributes S3:"s3:GetObjectAttributes" "s3api get-object-attributes", "s3:GetObjectAttributes"/"s3:GetObjectVersionAttributes", Object,
        Reads, needs [Bucket Key], may [Version];
    RestoreObject S3:"s3:RestoreObject" "s3api restore-object", "s3:RestoreObject", Object, Writes, needs [Bucket Key], may [Version];
    UpdateObjectEncryption S3:"s3:UpdateObjectEncryption" "s3api update-object-encryption", "s3:UpdateObjectEncryption", Object, Writes,
        needs [Bucket Key KmsKey], may [Version BucketKey];
    PutObjectAnnotation S3:"s3:PutObjectAnnotation" "s3api put-object-annotation", "s3:PutObjectAnnotation", Object, Writes,
        needs [Bucket Key Annotation], may [Version Body];
    GetObjectAnnotation S3:"s3:GetObjectAnnotation" "s3api get-object-annotation", "s3:GetObjectAnnotation", Object, Reads,
        needs [Bucket Key Annotation], may [Version];
    ListObjectAnnotations S3:"s3:ListObjectAnnotations" "s3api list-object-annotations", "s3:ListObjectAnnotations", Object, Reads,
        needs [Bucket Key], may [Version];
    DeleteObjectAnnotation S3:"s3:DeleteObjectAnnotation" "s3api delete-object-annotation", "s3:DeleteObjectAnnotation", Object, Consumes,
        needs [Bucket Key Annotation], may [Version];
    PutBucketPolicy S3:"s3:PutBucketPolicy" "s3api put-bucket-policy", "s3:PutBucketPolicy", Bucket, Configures,
        needs [Bucket], may [Document];
    DeleteBucketPolicy S3:"s3:DeleteBucketPolicy" "s3api delete-bucket-policy", "s3:DeleteBucketPolicy", Bucket, Configures,
        needs [Bucket], may [];
    PutPublicAccessBlock S3:"s3:PutPublicAccessBlock" "s3api put-public-access-block", "s3:PutBucketPublicAccessBlock", Bucket, Configures,
        needs [Bucket], may [Document];
    DeletePublicAccessBlock S3:"s3:DeletePublicAccessBlock" "s3api delete-public-access-block", "s3:PutBucketPublicAccessBlock", Bucket, Configures,
        needs [Bucket], may [];
    PutBucketEncryption S3:"s3:PutBucketEncryption" "s3api put-bucket-encryption", "s3:PutEncryptionConfiguration", Bucket, Configures,
        needs [Bucket], may [Document];
    DeleteBucketEncryption S3:"s3:DeleteBucketEncryption" "s3api delete-bucket-encryption", "s3:PutEncryptionConfiguration", Bucket, Configures,
        needs [Bucket], may [];
    PutBucketVersioning S3:"s3:PutBucketVersioning" "s3api put-bucket-versioning", "s3:PutBucketVersioning", Bucket, Configures,
        needs [Bucket], may [Document];
    PutBucketOwnershipControls S3:"s3:PutBucketOwnershipControls" "s3api put-bucket-ownership-controls", "s3:PutBucketOwnershipControls", Bucket,
        Configures, needs [Bucket], may [Document];
    DeleteBucketOwnershipControls S3:"s3:DeleteBucketOwnershipControls" "s3api delete-bucket-ownership-controls", "s3:PutBucketOwnershipControls", Bucket,
        Configures, needs [Bucket], may [];
    PutBucketAcl S3:"s3:PutBucketAcl" "s3api put-bucket-acl", "s3:PutBucketAcl", Bucket, Configures, needs [Bucket Acl], may [];
    PutBucketLifecycleConfiguration S3:"s3:PutBucketLifecycleConfiguration" "s3api put-bucket-lifecycle-configuration", "s3:PutLifecycleConfiguration",
        Bucket, Configures, needs [Bucket], may [];
    GetBucketLifecycleConfiguration S3:"s3:GetBucketLifecycleConfiguration" "s3api get-bucket-lifecycle-configuration", "s3:GetLifecycleConfiguration",
        Bucket, Reads, needs [Bucket], may [];
    DeleteBucketLifecycle S3:"s3:DeleteBucketLifecycle" "s3api delete-bucket-lifecycle", "s3:PutLifecycleConfiguration", Bucket, Configures,
        needs [Bucket], may [];
    PutBucketReplication S3:"s3:PutBucketReplication" "s3api put-bucket-replication", "s3:PutReplicationConfiguration", Bucket, Configures,
        needs [Bucket Role Destination], may [];
    GetBucketReplication S3:"s3:GetBucketReplication" "s3api get-bucket-replication", "s3:GetReplicationConfiguration", Bucket, Reads,
        needs [Bucket], may [];
    DeleteBucketReplication S3:"s3:DeleteBucketReplication" "s3api delete-bucket-replication", "s3:PutReplicationConfiguration", Bucket, Configures,
        needs [Bucket], may [];
    PutBucketLogging S3:"s3:PutBucketLogging" "s3api put-bucket-logging", "s3:PutBucketLogging", Bucket, Configures, needs [Bucket], may [];
    GetBucketLogging S3:"s3:GetBucketLogging" "s3api get-bucket-logging", "s3:GetBucketLogging", Bucket, Reads, needs [Bucket], may [];
    PutBucketInventoryConfiguration S3:"s3:PutBucketInventoryConfiguration" "s3api put-bucket-inventory-configuration", "s3:PutInventoryConfiguration",
        Bucket, Configures, needs [Bucket], may [];
    GetBucketInventoryConfiguration S3:"s3:GetBucketInventoryConfiguration" "s3api get-bucket-inventory-configuration", "s3:GetInventoryConfiguration",
        Bucket, Reads, needs [Bucket], may [];
    DeleteBucketInventoryConfiguration S3:"s3:DeleteBucketInventoryConfiguration" "s3api delete-bucket-inventory-configuration",
        "s3:PutInventoryConfiguration", Bucket, Configures, needs [Bucket], may [];
    PutBucketTagging S3:"s3:PutBucketTagging" "s3api put-bucket-tagging", "s3:PutBucketTagging", Bucket, Configures, needs [Bucket], may [Tags];
    GetBucketTagging S3:"s3:GetBucketTagging" "s3api get-bucket-tagging", "s3:GetBucketTagging", Bucket, Reads, needs [Bucket], may [];
    DeleteBucketTagging S3:"s3:DeleteBucketTagging" "s3api delete-bucket-tagging", "s3:PutBucketTagging", Bucket, Configures, needs [Bucket], may [];
    PutBucketNotificationConfiguration S3:"s3:PutBucketNotificationConfiguration" "s3api put-bucket-notification-configuration",
        "s3:PutBucketNotification", Bucket, Configures, needs [Bucket], may [];
    GetBucketNotificationConfiguration S3:"s3:GetBucketNotificationConfiguration" "s3api get-bucket-notification-configuration",
        "s3:GetBucketNotification", Bucket, Reads, needs [Bucket], may [];
    DescribeKey Kms:"kms:DescribeKey" "kms describe-key", "kms:DescribeKey", Key, Reads, needs [KeyId], may [Grant];
    Encrypt Kms:"kms:Encrypt" "kms encrypt", "kms:Encrypt", Key, Reads, needs [KeyId], may [Body EncryptionContext Grant DryRun];
    Decrypt Kms:"kms:Decrypt" "kms decrypt", "kms:Decrypt", Key, Reads,
        needs [KeyId], may [Ciphertext EncryptionContext Grant DryRun IgnoreCiphertext];
    ReEncrypt Kms:"kms:ReEncrypt" "kms re-encrypt", "kms:ReEncryptFrom", Key, Reads,
        needs [SourceKey KeyId], may [Ciphertext EncryptionContext Grant DryRun IgnoreCiphertext];
    GenerateDataKey Kms:"kms:GenerateDataKey" "kms generate-data-key", "kms:GenerateDataKey", Key, Reads,
        needs [KeyId], may [EncryptionContext Grant DryRun];
    GenerateDataKeyWithoutPlaintext Kms:"kms:GenerateDataKeyWithoutPlaintext" "kms generate-data-key-without-plaintext",
        "kms:GenerateDataKeyWithoutPlaintext", Key, Reads, needs [KeyId], may [EncryptionContext Grant DryRun];
    CreateGrant Kms:"kms:CreateGrant" "kms create-grant", "kms:CreateGrant", Key, Configures,
        needs [KeyId Grantee GrantOperations], may [RetiringPrincipal ContextEquals ContextSubset DryRun];
    ListGrants Kms:"kms:ListGrants" "kms list-grants", "kms:ListGrants", Key, Reads, needs [KeyId], may [];
    RevokeGrant Kms:"kms:RevokeGrant" "kms revoke-grant", "kms:RevokeGrant", Key, Consumes, needs [KeyId Grant], may [DryRun];
    RetireGrant Kms:"kms:RetireGrant" "kms retire-grant", "kms:RetireGrant", Key, Consumes, needs [KeyId Grant], may [DryRun];
    GetKeyPolicy Kms:"kms:GetKeyPolicy" "kms get-key-policy", "kms:GetKeyPolicy", Key, Reads, needs [KeyId], may [];
    PutKeyPolicy Kms:"kms:PutKeyPolicy" "kms put-key-policy", "kms:PutKeyPolicy", Key, Configures,
        needs [KeyId], may [Document BypassLockoutCheck];
    CreateKey Kms:"kms:CreateKey" "kms create-key", "kms:CreateKey", Anything, Writes, needs [], may [Document BypassLockoutCheck];
    EnableKey Kms:"kms:EnableKey" "kms enable-key", "kms:EnableKey", Key, Configures, needs [KeyId], may [];
    DisableKey Kms:"kms:DisableKey" "kms disable-key", "kms:DisableKey", Key, Configures, needs [KeyId], may [];
    ScheduleKeyDeletion Kms:"kms:ScheduleKeyDeletion" "kms schedule-key-deletion", "kms:ScheduleKeyDeletion", Key, Consumes,
        needs [KeyId], may [PendingDays];
    CancelKeyDeletion Kms:"kms:CancelKeyDeletion" "kms cancel-key-deletion", "kms:CancelKeyDeletion", Key, Consumes, needs [KeyId], may [];
    EnableKeyRotation Kms:"kms:EnableKeyRotation" "kms enable-key-rotation", "kms:EnableKeyRotation", Key, Configures,
        needs [KeyId], may [];
    DisableKeyRotation Kms:"kms:DisableKeyRotation" "kms disable-key-rotation", "kms:DisableKeyRotation", Key, Configures,
        needs [KeyId], may [];
    RotateKeyOnDemand Kms:"kms:RotateKeyOnDemand" "kms rotate-key-on-demand", "kms:RotateKeyOnDemand", Key, Configures,
        needs [KeyId], may [];
    GetKeyRotationStatus Kms:"kms:GetKeyRotationStatus" "kms get-key-rotation-status", "kms:GetKeyRotationStatus", Key, Reads,
        needs [KeyId], may [];
    CreateAlias Kms:"kms:CreateAlias" "kms create-alias", "kms:CreateAlias", Alias, Configures, needs [Alias KeyId], may [];
    UpdateAlias Kms:"kms:UpdateAlias" "kms update-alias", "kms:UpdateAlias", Alias, Configures, needs [Alias KeyId], may [];
    DeleteAlias Kms:"kms:DeleteAlias" "kms delete-alias", "kms:DeleteAlias", Alias, Consumes, needs [Alias], may [];
    ListAliases Kms:"kms:ListAliases" "kms list-aliases", "kms:ListAliases", Anything, Reads, needs [], may [KeyId];
    TagResource Kms:"kms:TagResource" "kms tag-resource", "kms:TagResource", Key, Configures, needs [KeyId Tags], may [];
    UntagResource Kms:"kms:UntagResource" "kms untag-resource", "kms:UntagResource", Key, Configures, needs [KeyId TagKeys], may [];
    ListResourceTags Kms:"kms:ListResourceTags" "kms list-resource-tags", "kms:ListResourceTags", Key, Reads, needs [KeyId], may [];
    AssumeRole Sts:"sts:AssumeRole" "sts assume-role", "sts:AssumeRole", Role, Reads, needs [Role],
        may [ExternalId SessionTags TransitiveTags SessionPolicy SourceIdentity Duration];
    CreateJob S3Control:"s3:CreateJob" "s3control create-job", "s3:CreateJob", Jobs, Writes, needs [Role Bucket], may [];
    DescribeJob S3Control:"s3:DescribeJob" "s3control describe-job", "s3:DescribeJob", Job, Reads, needs [Job], may [];
    ListJobs S3Control:"s3:ListJobs" "s3control list-jobs", "s3:ListJobs", Jobs, Reads, needs [], may [];
    CreateAccessPoint S3Control:"s3:CreateAccessPoint" "s3control create-access-point", "s3:CreateAccessPoint", AccessPoint, Configures,
        needs [AccessPoint Bucket], may [];
    GetAccessPoint S3Control:"s3:GetAccessPoint" "s3control get-access-point", "s3:GetAccessPoint", AccessPoint, Reads,
        needs [AccessPoint], may [];
    DeleteAccessPoint S3Control:"s3:DeleteAccessPoint" "s3control delete-access-point", "s3:DeleteAccessPoint", AccessPoint, Consumes,
        needs [AccessPoint], may [];
    PutAccessPointPolicy S3Control:"s3:PutAccessPointPolicy" "s3control put-access-point-policy", "s3:PutAccessPointPolicy", AccessPoint, Configures,
        needs [AccessPoint], may [Document];
    GetAccessPointPolicy S3Control:"s3:GetAccessPointPolicy" "s3control get-access-point-policy", "s3:GetAccessPointPolicy", AccessPoint, Reads,
        needs [AccessPoint], may [];
    DeleteAccessPointPolicy S3Control:"s3:DeleteAccessPointPolicy" "s3control delete-access-point-policy", "s3:DeleteAccessPointPolicy", AccessPoint, Configures,
        needs [AccessPoint], may [];
    GetDataAccess S3Control:"s3:GetDataAccess" "s3control get-data-access", "s3:GetDataAccess", AccessGrants, Reads,
        needs [Bucket], may [Prefix Permission];
    CreateAccessGrantsLocation S3Control:"s3:CreateAccessGrantsLocation" "s3control create-access-grants-location", "s3:CreateAccessGrantsLocation",
        Locations, Configures, needs [Role Bucket], may [Prefix];
    CreateAccessGrant S3Control:"s3:CreateAccessGrant" "s3control create-access-grant", "s3:CreateAccessGrant", Location, Configures,
        needs [Location Grantee], may [Prefix Permission];
    CreateAccessGrantsInstance S3Control:"s3:CreateAccessGrantsInstance" "s3control create-access-grants-instance", "s3:CreateAccessGrantsInstance",
        AccessGrants, Configures, needs [], may [];
    GetAccessGrantsInstance S3Control:"s3:GetAccessGrantsInstance" "s3control get-access-grants-instance", "s3:GetAccessGrantsInstance",
        AccessGrants, Reads, needs [], may [];
    DeleteAccessGrantsInstance S3Control:"s3:DeleteAccessGrantsInstance" "s3control delete-access-grants-instance", "s3:DeleteAccessGrantsInstance",
        AccessGrants, Configures, needs [], may [];
    PutAccountPublicAccessBlock S3Control:"s3control:PutPublicAccessBlock" "s3control put-public-access-block", "s3:PutAccountPublicAccessBlock",
        Account, Configures, needs [], may [];
    GetAccountPublicAccessBlock S3Control:"s3control:GetPublicAccessBlock" "s3control get-public-access-block", "s3:GetAccountPublicAccessBlock",
        Account, Reads, needs [], may [];
    DeleteAccountPublicAccessBlock S3Control:"s3control:DeletePublicAccessBlock" "s3control delete-public-access-block", "s3:PutAccountPublicAccessBlock",
        Account, Configures, needs [], may [];
    TagBucket S3Control:"s3:TagResource" "s3control tag-resource", "s3:TagResource", Bucket, Configures, needs [Bucket Tags], may [];
    UntagBucket S3Control:"s3:UntagResource" "s3control untag-resource", "s3:UntagResource", Bucket, Configures, needs [Bucket TagKeys], may [];
    ListTagsForResource S3Control:"s3:ListTagsForResource" "s3control list-tags-for-resource", "s3:ListTagsForResource", Bucket, Reads,
        needs [Bucket], may [];
    TagRole Iam:"iam:TagRole" "iam tag-role", "iam:TagRole", Role, Configures, needs [Role Tags], may [];
    ListRoleTags Iam:"iam:ListRoleTags" "iam list-role-tags", "iam:ListRoleTags", Role, Reads, needs [Role], may [];
    GetTrailStatus CloudTrail:"cloudtrail:GetTrailStatus" "cloudtrail get-trail-status", "cloudtrail:GetTrailStatus", Trail, Reads,
        needs [Trail], may [];
    StopLogging CloudTrail:"cloudtrail:StopLogging" "cloudtrail stop-logging", "cloudtrail:StopLogging", Trail, Configures, needs [Trail], may [];
    UpdateTrail CloudTrail:"cloudtrail:UpdateTrail" "cloudtrail update-trail", "cloudtrail:UpdateTrail", Trail, Configures, needs [Trail], may [];
    PutEventSelectors CloudTrail:"cloudtrail:PutEventSelectors" "cloudtrail put-event-selectors", "cloudtrail:PutEventSelectors", Trail, Configures,
        needs [Trail], may [];
    DeleteTrail CloudTrail:"cloudtrail:DeleteTrail" "cloudtrail delete-trail", "cloudtrail:DeleteTrail", Trail, Configures, needs [Trail], may [];
    GetCallerIdentity Sts:"sts:GetCallerIdentity" "sts get-caller-identity", "sts:GetCallerIdentity", Nothing, Reads, needs [], may [];
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_begin_with_their_service() {
        let names: HashSet<_> = OPERATIONS.iter().map(|operation| operation.name).collect();
        assert_eq!(names.len(), OPERATIONS.len());
        for operation in OPERATIONS {
            let (names, action): (&[&str], &str) = match operation.service {
                Service::S3 => (&["s3:"], "s3:"),
                // A name that S3 has too begins with the service's own.
                Service::S3Control => (&["s3:", "s3control:"], "s3:"),
                Service::Kms => (&["kms:"], "kms:"),
                Service::Sts => (&["sts:"], "sts:"),
                Service::Iam => (&["iam:"], "iam:"),
                Service::CloudTrail => (&["cloudtrail:"], "cloudtrail:"),
                // Of these nothing is attempted.
                Service::Logs
                | Service::CloudWatch
                | Service::AccessAnalyzer
                | Service::Macie
                | Service::Config => (&[], ""),
            };
            assert!(
                names.iter().any(|name| operation.name.starts_with(name))
                    && operation.action.starts_with(action),
                "{operation}"
            );
        }
    }

    #[test]
    fn an_operation_on_an_object_needs_a_bucket_and_a_key() {
        for operation in OPERATIONS {
            let needs = |param| operation.needs.contains(&param);
            match operation.on {
                On::Object => assert!(needs(Param::Bucket) && needs(Param::Key), "{operation}"),
                On::Bucket => assert!(needs(Param::Bucket), "{operation}"),
                On::Key => assert!(needs(Param::KeyId), "{operation}"),
                On::Role => assert!(needs(Param::Role), "{operation}"),
                On::Alias => assert!(needs(Param::Alias), "{operation}"),
                On::Anything | On::Nothing => assert!(operation.needs.is_empty(), "{operation}"),
                On::AccessPoint => assert!(needs(Param::AccessPoint), "{operation}"),
                On::Job => assert!(needs(Param::Job), "{operation}"),
                On::Trail => assert!(needs(Param::Trail), "{operation}"),
                On::Location => assert!(needs(Param::Location), "{operation}"),
                On::Jobs | On::Locations | On::AccessGrants | On::Account => {}
            }
        }
    }
}
