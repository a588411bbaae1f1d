//! The actions of S3, as [`super`] says: those of access points, Access Grants, Batch Operations
//! and Storage Lens too.

use super::ResourceType::{
    AccessGrant, AccessGrantsInstance, AccessGrantsLocation, AccessPoint, AccessPointObject,
    Bucket, Job, MultiRegionAccessPoint, MultiRegionAccessPointRequest, Object,
    ObjectLambdaAccessPoint, StorageLensConfiguration, StorageLensGroup,
};
use super::{Action, Keys, Resources, list, permissions, read, tagging, write};

/// The condition keys of every S3 action but fifteen: `s3:AllowVendedLogDeliveryForResource`,
/// `s3:PutAccessPointPublicAccessBlock` and `s3:InitiateReplication` lack most of them, twelve more
/// `s3:x-amz-content-sha256`.
pub const S3_KEYS: &[&str] = &[
    "s3:ResourceAccount",
    "s3:TlsVersion",
    "s3:authType",
    "s3:signatureAge",
    "s3:signatureversion",
    "s3:x-amz-content-sha256",
];

// Resource types that rows share.
const OBJECT: Resources = &[Object, AccessPointObject];
const BUCKET: Resources = &[Bucket, AccessPoint];
const TAGGED: Resources = &[
    AccessGrant,
    AccessGrantsInstance,
    AccessGrantsLocation,
    AccessPoint,
    Bucket,
    StorageLensGroup,
];

// Condition keys that rows share, or that are many.
const VENDED_LOGS: Keys = &["s3:deliverySourceArn", "s3:logType", "s3:resourceArnBeingAuthorized"];
const RESOURCE_TAG: Keys = &["aws:ResourceTag/"];
const BYPASS_GOVERNANCE_RETENTION: Keys = &[
    "s3:RequestObjectTag/",
    "s3:RequestObjectTagKeys",
    "s3:x-amz-acl",
    "s3:x-amz-copy-source",
    "s3:x-amz-grant-full-control",
    "s3:x-amz-grant-read",
    "s3:x-amz-grant-read-acp",
    "s3:x-amz-grant-write",
    "s3:x-amz-grant-write-acp",
    "s3:x-amz-metadata-directive",
    "s3:x-amz-server-side-encryption",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "s3:x-amz-server-side-encryption-customer-algorithm",
    "s3:x-amz-storage-class",
    "s3:x-amz-website-redirect-location",
];
const NEW_GRANT: Keys =
    &["aws:RequestTag/", "aws:ResourceTag/", "aws:TagKeys", "s3:AccessGrantScope"];
const NEW_INSTANCE: Keys = &["aws:RequestTag/", "aws:ResourceTag/", "aws:TagKeys"];
const NEW_LOCATION: Keys =
    &["aws:RequestTag/", "aws:ResourceTag/", "aws:TagKeys", "s3:AccessGrantsLocationScope"];
const CREATE_ACCESS_POINT: Keys = &[
    "aws:RequestTag/",
    "aws:ResourceTag/",
    "aws:TagKeys",
    "s3:AccessPointNetworkOrigin",
    "s3:AccessPointTag/",
    "s3:DataAccessPointAccount",
    "s3:DataAccessPointArn",
    "s3:LocationConstraint",
    "s3:x-amz-acl",
];
const ORIGIN: Keys =
    &["s3:AccessPointNetworkOrigin", "s3:DataAccessPointAccount", "s3:DataAccessPointArn"];
const CREATE_BUCKET: Keys = &[
    "aws:RequestTag/",
    "aws:TagKeys",
    "s3:LocationConstraint",
    "s3:x-amz-acl",
    "s3:x-amz-bucket-namespace",
    "s3:x-amz-grant-full-control",
    "s3:x-amz-grant-read",
    "s3:x-amz-grant-read-acp",
    "s3:x-amz-grant-write",
    "s3:x-amz-grant-write-acp",
    "s3:x-amz-object-ownership",
];
const CREATE_JOB: Keys =
    &["aws:RequestTag/", "aws:TagKeys", "s3:RequestJobOperation", "s3:RequestJobPriority"];
const NEW_TAGS: Keys = &["aws:RequestTag/", "aws:TagKeys"];
const GRANT: Keys = &["aws:ResourceTag/", "s3:AccessGrantScope"];
const LOCATION: Keys = &["aws:ResourceTag/", "s3:AccessGrantsLocationScope"];
const ACCESS_POINT: Keys = AccessPoint.keys();
const JOB: Keys = &["s3:ExistingJobOperation", "s3:ExistingJobPriority"];
const ANNOTATION: Keys = &["s3:ExistingObjectTag/", "s3:x-amz-object-if-match"];
const VERSION_ANNOTATION: Keys =
    &["s3:ExistingObjectTag/", "s3:versionid", "s3:x-amz-object-if-match"];
const VERSION_TAGS: Keys = &["s3:ExistingObjectTag/", "s3:versionid"];
const GET_OBJECT: Keys = &["s3:AccessGrantsInstanceArn", "s3:ExistingObjectTag/"];
const GET_OBJECT_VERSION: Keys =
    &["s3:AccessGrantsInstanceArn", "s3:ExistingObjectTag/", "s3:versionid"];
const LIST_BUCKET: Keys =
    &["s3:AccessGrantsInstanceArn", "s3:delimiter", "s3:max-keys", "s3:prefix"];
const LIST_BUCKET_MULTIPART_UPLOADS: Keys = &[
    "aws:ResourceTag/",
    "s3:AccessGrantsInstanceArn",
    "s3:AccessPointNetworkOrigin",
    "s3:AccessPointTag/",
    "s3:DataAccessPointAccount",
    "s3:DataAccessPointArn",
];
const LIST_OBJECT_ANNOTATIONS: Keys =
    &["s3:annotation-prefix", "s3:ExistingObjectTag/", "s3:max-annotation-results"];
const LIST_OBJECT_VERSION_ANNOTATIONS: Keys =
    &["s3:annotation-prefix", "s3:ExistingObjectTag/", "s3:max-annotation-results", "s3:versionid"];
const PUT_BUCKET_ACL: Keys = &[
    "s3:x-amz-acl",
    "s3:x-amz-grant-full-control",
    "s3:x-amz-grant-read",
    "s3:x-amz-grant-read-acp",
    "s3:x-amz-grant-write",
    "s3:x-amz-grant-write-acp",
];
const PUT_JOB_TAGGING: Keys =
    &["aws:RequestTag/", "aws:TagKeys", "s3:ExistingJobOperation", "s3:ExistingJobPriority"];
const PUT_OBJECT: Keys = &[
    "s3:AccessGrantsInstanceArn",
    "s3:if-match",
    "s3:if-none-match",
    "s3:object-lock-event-hold",
    "s3:object-lock-event-hold-duration-days",
    "s3:object-lock-legal-hold",
    "s3:object-lock-mode",
    "s3:object-lock-remaining-retention-days",
    "s3:object-lock-retain-until-date",
    "s3:ObjectCreationOperation",
    "s3:RequestObjectTag/",
    "s3:RequestObjectTagKeys",
    "s3:x-amz-acl",
    "s3:x-amz-copy-source",
    "s3:x-amz-grant-full-control",
    "s3:x-amz-grant-read",
    "s3:x-amz-grant-read-acp",
    "s3:x-amz-grant-write",
    "s3:x-amz-grant-write-acp",
    "s3:x-amz-metadata-directive",
    "s3:x-amz-object-annotation-directive",
    "s3:x-amz-server-side-encryption",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "s3:x-amz-server-side-encryption-customer-algorithm",
    "s3:x-amz-storage-class",
    "s3:x-amz-website-redirect-location",
];
const PUT_OBJECT_ACL: Keys = &[
    "s3:AccessGrantsInstanceArn",
    "s3:ExistingObjectTag/",
    "s3:x-amz-acl",
    "s3:x-amz-grant-full-control",
    "s3:x-amz-grant-read",
    "s3:x-amz-grant-read-acp",
    "s3:x-amz-grant-write",
    "s3:x-amz-grant-write-acp",
    "s3:x-amz-storage-class",
];
const PUT_OBJECT_RETENTION: Keys = &[
    "s3:object-lock-event-hold",
    "s3:object-lock-event-hold-duration-days",
    "s3:object-lock-mode",
    "s3:object-lock-remaining-retention-days",
    "s3:object-lock-retain-until-date",
];
const PUT_OBJECT_TAGGING: Keys =
    &["s3:ExistingObjectTag/", "s3:RequestObjectTag/", "s3:RequestObjectTagKeys"];
const PUT_OBJECT_VERSION_ACL: Keys = &[
    "s3:AccessGrantsInstanceArn",
    "s3:ExistingObjectTag/",
    "s3:versionid",
    "s3:x-amz-acl",
    "s3:x-amz-grant-full-control",
    "s3:x-amz-grant-read",
    "s3:x-amz-grant-read-acp",
    "s3:x-amz-grant-write",
    "s3:x-amz-grant-write-acp",
    "s3:x-amz-storage-class",
];
const PUT_OBJECT_VERSION_TAGGING: Keys =
    &["s3:ExistingObjectTag/", "s3:RequestObjectTag/", "s3:RequestObjectTagKeys", "s3:versionid"];
const REPLICATE_OBJECT: Keys = &[
    "s3:object-lock-event-hold",
    "s3:object-lock-event-hold-duration-days",
    "s3:x-amz-server-side-encryption",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "s3:x-amz-server-side-encryption-customer-algorithm",
];
const UPDATE_JOB_PRIORITY: Keys =
    &["s3:ExistingJobOperation", "s3:ExistingJobPriority", "s3:RequestJobPriority"];
const UPDATE_JOB_STATUS: Keys =
    &["s3:ExistingJobOperation", "s3:ExistingJobPriority", "s3:JobSuspendedCause"];
const UPDATE_OBJECT_ENCRYPTION: Keys = &[
    "s3:ExistingObjectTag/",
    "s3:x-amz-server-side-encryption",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
];

/// Its actions, by name.
pub(super) const ACTIONS: &[Action] = &[
    write("s3:AbortMultipartUpload", OBJECT, &["s3:AccessGrantsInstanceArn"]),
    read("s3:AllowVendedLogDeliveryForResource", &[Bucket], VENDED_LOGS),
    permissions("s3:AssociateAccessGrantsIdentityCenter", &[AccessGrantsInstance], RESOURCE_TAG),
    permissions("s3:BypassGovernanceRetention", OBJECT, BYPASS_GOVERNANCE_RETENTION),
    permissions("s3:CreateAccessGrant", &[AccessGrant], NEW_GRANT),
    permissions("s3:CreateAccessGrantsInstance", &[AccessGrantsInstance], NEW_INSTANCE),
    permissions("s3:CreateAccessGrantsLocation", &[AccessGrantsLocation], NEW_LOCATION),
    write("s3:CreateAccessPoint", &[AccessPoint], CREATE_ACCESS_POINT),
    write("s3:CreateAccessPointForObjectLambda", &[ObjectLambdaAccessPoint], ORIGIN),
    write("s3:CreateBucket", &[Bucket], CREATE_BUCKET),
    write("s3:CreateBucketMetadataTableConfiguration", &[Bucket], &[]),
    write("s3:CreateJob", &[], CREATE_JOB),
    write("s3:CreateMultiRegionAccessPoint", &[MultiRegionAccessPoint], ORIGIN),
    write("s3:CreateStorageLensGroup", &[], NEW_TAGS),
    permissions("s3:DeleteAccessGrant", &[AccessGrant], GRANT),
    permissions("s3:DeleteAccessGrantsInstance", &[AccessGrantsInstance], RESOURCE_TAG),
    permissions(
        "s3:DeleteAccessGrantsInstanceResourcePolicy",
        &[AccessGrantsInstance],
        RESOURCE_TAG,
    ),
    permissions("s3:DeleteAccessGrantsLocation", &[AccessGrantsLocation], LOCATION),
    write("s3:DeleteAccessPoint", &[AccessPoint], ACCESS_POINT),
    write("s3:DeleteAccessPointForObjectLambda", &[ObjectLambdaAccessPoint], ORIGIN),
    permissions("s3:DeleteAccessPointPolicy", &[AccessPoint], ACCESS_POINT),
    permissions("s3:DeleteAccessPointPolicyForObjectLambda", &[ObjectLambdaAccessPoint], ORIGIN),
    write("s3:DeleteBucket", &[Bucket], &[]),
    write("s3:DeleteBucketMetadataTableConfiguration", &[Bucket], &[]),
    permissions("s3:DeleteBucketPolicy", &[Bucket], &[]),
    write("s3:DeleteBucketWebsite", &[Bucket], &[]),
    tagging("s3:DeleteJobTagging", &[Job], JOB),
    write("s3:DeleteMultiRegionAccessPoint", &[MultiRegionAccessPoint], ORIGIN),
    write("s3:DeleteObject", OBJECT, &["s3:AccessGrantsInstanceArn", "s3:if-match"]),
    write("s3:DeleteObjectAnnotation", OBJECT, ANNOTATION),
    tagging("s3:DeleteObjectTagging", OBJECT, &["s3:ExistingObjectTag/"]),
    write("s3:DeleteObjectVersion", OBJECT, &["s3:AccessGrantsInstanceArn", "s3:versionid"]),
    write("s3:DeleteObjectVersionAnnotation", OBJECT, VERSION_ANNOTATION),
    tagging("s3:DeleteObjectVersionTagging", OBJECT, VERSION_TAGS),
    write("s3:DeleteStorageLensConfiguration", &[StorageLensConfiguration], &[]),
    tagging("s3:DeleteStorageLensConfigurationTagging", &[StorageLensConfiguration], &[]),
    write("s3:DeleteStorageLensGroup", &[StorageLensGroup], &[]),
    read("s3:DescribeJob", &[Job], &[]),
    read("s3:DescribeMultiRegionAccessPointOperation", &[MultiRegionAccessPointRequest], &[]),
    permissions("s3:DissociateAccessGrantsIdentityCenter", &[AccessGrantsInstance], RESOURCE_TAG),
    read("s3:GetAccelerateConfiguration", &[Bucket], &[]),
    read("s3:GetAccessGrant", &[AccessGrant], GRANT),
    read("s3:GetAccessGrantsInstance", &[AccessGrantsInstance], RESOURCE_TAG),
    read("s3:GetAccessGrantsInstanceForPrefix", &[AccessGrantsInstance], RESOURCE_TAG),
    read("s3:GetAccessGrantsInstanceResourcePolicy", &[AccessGrantsInstance], RESOURCE_TAG),
    read("s3:GetAccessGrantsLocation", &[AccessGrantsLocation], LOCATION),
    read("s3:GetAccessPoint", &[], ACCESS_POINT),
    read("s3:GetAccessPointConfigurationForObjectLambda", &[ObjectLambdaAccessPoint], ORIGIN),
    read("s3:GetAccessPointForObjectLambda", &[ObjectLambdaAccessPoint], ORIGIN),
    read("s3:GetAccessPointPolicy", &[AccessPoint], ACCESS_POINT),
    read("s3:GetAccessPointPolicyForObjectLambda", &[ObjectLambdaAccessPoint], ORIGIN),
    read("s3:GetAccessPointPolicyStatus", &[AccessPoint], ACCESS_POINT),
    read("s3:GetAccessPointPolicyStatusForObjectLambda", &[ObjectLambdaAccessPoint], ORIGIN),
    read("s3:GetAccountPublicAccessBlock", &[], &[]),
    read("s3:GetAnalyticsConfiguration", &[Bucket], &[]),
    read("s3:GetBucketAbac", &[Bucket], &[]),
    read("s3:GetBucketAcl", BUCKET, &[]),
    read("s3:GetBucketCORS", BUCKET, &[]),
    read("s3:GetBucketLocation", BUCKET, &[]),
    read("s3:GetBucketLogging", &[Bucket], &[]),
    read("s3:GetBucketMetadataTableConfiguration", &[Bucket], &[]),
    read("s3:GetBucketNotification", BUCKET, &[]),
    read("s3:GetBucketObjectLockConfiguration", &[Bucket], &[]),
    read("s3:GetBucketOwnershipControls", &[Bucket], &[]),
    read("s3:GetBucketPolicy", BUCKET, &[]),
    read("s3:GetBucketPolicyStatus", &[Bucket], &[]),
    read("s3:GetBucketPublicAccessBlock", &[Bucket], &[]),
    read("s3:GetBucketRequestPayment", &[Bucket], &[]),
    read("s3:GetBucketTagging", &[Bucket], &[]),
    read("s3:GetBucketVersioning", &[Bucket], &[]),
    read("s3:GetBucketWebsite", &[Bucket], &[]),
    read("s3:GetDataAccess", &[AccessGrantsInstance], RESOURCE_TAG),
    read("s3:GetEncryptionConfiguration", &[Bucket], &[]),
    read("s3:GetIntelligentTieringConfiguration", &[Bucket], &[]),
    read("s3:GetInventoryConfiguration", &[Bucket], &[]),
    read("s3:GetJobTagging", &[Job], &[]),
    read("s3:GetLifecycleConfiguration", &[Bucket], &[]),
    read("s3:GetMetricsConfiguration", &[Bucket], &[]),
    read("s3:GetMultiRegionAccessPoint", &[MultiRegionAccessPoint], ORIGIN),
    read("s3:GetMultiRegionAccessPointPolicy", &[MultiRegionAccessPoint], ORIGIN),
    read("s3:GetMultiRegionAccessPointPolicyStatus", &[MultiRegionAccessPoint], ORIGIN),
    read("s3:GetMultiRegionAccessPointRoutes", &[MultiRegionAccessPoint], ORIGIN),
    read("s3:GetObject", OBJECT, GET_OBJECT),
    read("s3:GetObjectAcl", OBJECT, GET_OBJECT),
    read("s3:GetObjectAnnotation", OBJECT, &["s3:ExistingObjectTag/"]),
    read("s3:GetObjectAttributes", OBJECT, &["s3:ExistingObjectTag/"]),
    read("s3:GetObjectLegalHold", OBJECT, &[]),
    read("s3:GetObjectRetention", OBJECT, &[]),
    read("s3:GetObjectTagging", OBJECT, &["s3:ExistingObjectTag/"]),
    read("s3:GetObjectTorrent", &[Object], &[]),
    read("s3:GetObjectVersion", OBJECT, GET_OBJECT_VERSION),
    read("s3:GetObjectVersionAcl", OBJECT, GET_OBJECT_VERSION),
    read("s3:GetObjectVersionAnnotation", OBJECT, VERSION_TAGS),
    read("s3:GetObjectVersionAnnotationForReplication", &[Object], &[]),
    read("s3:GetObjectVersionAttributes", OBJECT, VERSION_TAGS),
    read("s3:GetObjectVersionForReplication", &[Object], &[]),
    read("s3:GetObjectVersionTagging", OBJECT, VERSION_TAGS),
    read("s3:GetObjectVersionTorrent", &[Object], &["s3:versionid"]),
    read("s3:GetReplicationConfiguration", &[Bucket], &[]),
    read("s3:GetStorageLensConfiguration", &[StorageLensConfiguration], &[]),
    read("s3:GetStorageLensConfigurationTagging", &[StorageLensConfiguration], &[]),
    read("s3:GetStorageLensDashboard", &[StorageLensConfiguration], &[]),
    read("s3:GetStorageLensGroup", &[StorageLensGroup], &[]),
    write("s3:InitiateReplication", &[Object], &[]),
    list("s3:ListAccessGrants", &[AccessGrantsInstance], RESOURCE_TAG),
    list("s3:ListAccessGrantsInstances", &[], &[]),
    list("s3:ListAccessGrantsLocations", &[AccessGrantsInstance], RESOURCE_TAG),
    list("s3:ListAccessPoints", &[], &[]),
    list("s3:ListAccessPointsForObjectLambda", &[], &[]),
    list("s3:ListAllMyBuckets", &[], &[]),
    list("s3:ListBucket", BUCKET, LIST_BUCKET),
    list("s3:ListBucketMultipartUploads", &[Bucket], LIST_BUCKET_MULTIPART_UPLOADS),
    list("s3:ListBucketVersions", BUCKET, LIST_BUCKET),
    list("s3:ListCallerAccessGrants", &[AccessGrantsInstance], RESOURCE_TAG),
    list("s3:ListJobs", &[], &[]),
    list("s3:ListMultiRegionAccessPoints", &[], &[]),
    list("s3:ListMultipartUploadParts", OBJECT, &["s3:AccessGrantsInstanceArn"]),
    list("s3:ListObjectAnnotations", OBJECT, LIST_OBJECT_ANNOTATIONS),
    list("s3:ListObjectVersionAnnotations", OBJECT, LIST_OBJECT_VERSION_ANNOTATIONS),
    list("s3:ListStorageLensConfigurations", &[], &[]),
    list("s3:ListStorageLensGroups", &[], &[]),
    list("s3:ListTagsForResource", TAGGED, &[]),
    permissions("s3:ObjectOwnerOverrideToBucketOwner", &[Object], &[]),
    write("s3:PauseReplication", &[Bucket], &["s3:destinationRegion"]),
    write("s3:PutAccelerateConfiguration", &[Bucket], &[]),
    permissions("s3:PutAccessGrantsInstanceResourcePolicy", &[AccessGrantsInstance], RESOURCE_TAG),
    write("s3:PutAccessPointConfigurationForObjectLambda", &[ObjectLambdaAccessPoint], ORIGIN),
    permissions("s3:PutAccessPointPolicy", &[AccessPoint], &[]),
    permissions("s3:PutAccessPointPolicyForObjectLambda", &[ObjectLambdaAccessPoint], ORIGIN),
    permissions("s3:PutAccessPointPublicAccessBlock", &[], &[]),
    permissions("s3:PutAccountPublicAccessBlock", &[], &[]),
    write("s3:PutAnalyticsConfiguration", &[Bucket], &[]),
    write("s3:PutBucketAbac", &[Bucket], &[]),
    permissions("s3:PutBucketAcl", &[Bucket], PUT_BUCKET_ACL),
    write("s3:PutBucketCORS", &[Bucket], &[]),
    write("s3:PutBucketLogging", &[Bucket], &[]),
    write("s3:PutBucketNotification", &[Bucket], &[]),
    write("s3:PutBucketObjectLockConfiguration", &[Bucket], &[]),
    permissions("s3:PutBucketOwnershipControls", &[Bucket], &[]),
    permissions("s3:PutBucketPolicy", &[Bucket], &[]),
    permissions("s3:PutBucketPublicAccessBlock", &[Bucket], &[]),
    write("s3:PutBucketRequestPayment", &[Bucket], &[]),
    tagging("s3:PutBucketTagging", &[Bucket], &[]),
    write("s3:PutBucketVersioning", &[Bucket], &[]),
    write("s3:PutBucketWebsite", &[Bucket], &[]),
    write("s3:PutEncryptionConfiguration", &[Bucket], &[]),
    write("s3:PutIntelligentTieringConfiguration", &[Bucket], &[]),
    write("s3:PutInventoryConfiguration", &[Bucket], &["s3:InventoryAccessibleOptionalFields"]),
    tagging("s3:PutJobTagging", &[Job], PUT_JOB_TAGGING),
    write("s3:PutLifecycleConfiguration", &[Bucket], &[]),
    write("s3:PutMetricsConfiguration", &[Bucket], &[]),
    permissions("s3:PutMultiRegionAccessPointPolicy", &[MultiRegionAccessPoint], ORIGIN),
    write("s3:PutObject", OBJECT, PUT_OBJECT),
    permissions("s3:PutObjectAcl", OBJECT, PUT_OBJECT_ACL),
    write("s3:PutObjectAnnotation", OBJECT, ANNOTATION),
    write("s3:PutObjectLegalHold", OBJECT, &["s3:object-lock-legal-hold"]),
    write("s3:PutObjectRetention", OBJECT, PUT_OBJECT_RETENTION),
    tagging("s3:PutObjectTagging", OBJECT, PUT_OBJECT_TAGGING),
    permissions("s3:PutObjectVersionAcl", OBJECT, PUT_OBJECT_VERSION_ACL),
    write("s3:PutObjectVersionAnnotation", OBJECT, VERSION_ANNOTATION),
    tagging("s3:PutObjectVersionTagging", OBJECT, PUT_OBJECT_VERSION_TAGGING),
    write("s3:PutReplicationConfiguration", &[Bucket], &["s3:isReplicationPauseRequest"]),
    write("s3:PutStorageLensConfiguration", &[], NEW_TAGS),
    tagging("s3:PutStorageLensConfigurationTagging", &[StorageLensConfiguration], NEW_TAGS),
    write("s3:ReplicateDelete", &[Object], &[]),
    write("s3:ReplicateObject", &[Object], REPLICATE_OBJECT),
    write("s3:ReplicateObjectAnnotation", &[Object], &[]),
    tagging("s3:ReplicateTags", &[Object], &[]),
    write("s3:RestoreObject", OBJECT, &[]),
    write("s3:SubmitMultiRegionAccessPointRoutes", &[MultiRegionAccessPoint], ORIGIN),
    tagging("s3:TagResource", TAGGED, NEW_TAGS),
    tagging("s3:UntagResource", TAGGED, &["aws:TagKeys"]),
    permissions("s3:UpdateAccessGrantsLocation", &[AccessGrantsLocation], LOCATION),
    write("s3:UpdateBucketMetadataAnnotationTableConfiguration", &[Bucket], &[]),
    write("s3:UpdateBucketMetadataInventoryTableConfiguration", &[Bucket], &[]),
    write("s3:UpdateBucketMetadataJournalTableConfiguration", &[Bucket], &[]),
    write("s3:UpdateJobPriority", &[Job], UPDATE_JOB_PRIORITY),
    write("s3:UpdateJobStatus", &[Job], UPDATE_JOB_STATUS),
    write("s3:UpdateObjectEncryption", OBJECT, UPDATE_OBJECT_ENCRYPTION),
    write("s3:UpdateStorageLensGroup", &[StorageLensGroup], &[]),
];
