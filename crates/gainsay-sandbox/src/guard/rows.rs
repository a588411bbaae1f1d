//! The rows.
//!
//! Query keys and headers are those of the S3 API model, as the official Rust SDK serialises it
//! (aws-sdk-s3 1.157.0;
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html>).
//! Left out on purpose, hence refused:
//! - what the wire layer does not know and would pass over: `x-amz-object-lock-event-hold*`,
//!   `x-amz-object-annotation-directive`, `x-amz-bucket-namespace`;
//! - what only directory buckets have: `x-amz-write-offset-bytes`, `x-amz-if-match-*`.

use super::Level::{Bucket, Object, Service};
use super::Value::{Empty, Is, Some as Any};
use super::{Level, Row, Value};

const LIST: &[&str] = &["x-amz-optional-object-attributes"];
const DELETE: &[&str] = &["x-amz-mfa", "x-amz-bypass-governance-retention"];
const BYPASS: &[&str] = &["x-amz-bypass-governance-retention"];
const OBJECT_ACL: &[&str] = &[
    "x-amz-acl",
    "x-amz-grant-full-control",
    "x-amz-grant-read",
    "x-amz-grant-read-acp",
    "x-amz-grant-write-acp",
];
// Meant for buckets; the model has it on `PutObjectAcl` too, but not where an object is written.
const GRANT_WRITE: &[&str] = &["x-amz-grant-write"];
const BUCKET: &[&str] = &["x-amz-bucket-object-lock-enabled", "x-amz-object-ownership"];
const SSE: &[&str] = &[
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-context",
    "x-amz-server-side-encryption-bucket-key-enabled",
];
const SSE_C: &[&str] = &[
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-server-side-encryption-customer-key",
    "x-amz-server-side-encryption-customer-key-md5",
];
/// On a read: refused as what it is.
const SSE_OF_READ: &[&str] = &["x-amz-server-side-encryption"];
const STORE: &[&str] = &[
    "x-amz-storage-class",
    "x-amz-website-redirect-location",
    "x-amz-tagging",
    "x-amz-object-lock-mode",
    "x-amz-object-lock-retain-until-date",
    "x-amz-object-lock-legal-hold",
];
const COPY_SOURCE: &str = "x-amz-copy-source";
const COPY: &[&str] = &[
    "x-amz-copy-source-if-match",
    "x-amz-copy-source-if-modified-since",
    "x-amz-copy-source-if-none-match",
    "x-amz-copy-source-if-unmodified-since",
    "x-amz-copy-source-server-side-encryption-customer-algorithm",
    "x-amz-copy-source-server-side-encryption-customer-key",
    "x-amz-copy-source-server-side-encryption-customer-key-md5",
    "x-amz-source-expected-bucket-owner",
];
const COPY_WHOLE: &[&str] = &["x-amz-metadata-directive", "x-amz-tagging-directive"];
const COPY_PART: &[&str] = &["x-amz-copy-source-range"];
const ATTRIBUTES: &[&str] =
    &["x-amz-object-attributes", "x-amz-max-parts", "x-amz-part-number-marker"];
const COMPLETE: &[&str] = &["x-amz-mp-object-size"];
const MFA: &[&str] = &["x-amz-mfa"];
const ANNOTATED: &[&str] = &["x-amz-object-if-match"];
const SELF_ACCESS: &[&str] = &["x-amz-confirm-remove-self-bucket-access"];

const READ: &[&str] = &[
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "versionId",
    "partNumber",
];
const VERSION: &[&str] = &["versionId"];
const PART: &[(&str, Value)] = &[("partNumber", Any), ("uploadId", Any)];
const ANNOTATION: &[(&str, Value)] = &[("annotation", Empty), ("annotationName", Any)];
const UPLOAD: &[(&str, Value)] = &[("uploadId", Any)];

const fn row(operation: &'static str, method: &'static str, level: Level) -> Row {
    Row {
        operation,
        method,
        level,
        needs: &[],
        may: &[],
        requires: None,
        headers: &[],
        metadata: false,
    }
}

impl Row {
    const fn needs(mut self, needs: &'static [(&'static str, Value)]) -> Self {
        self.needs = needs;
        self
    }

    const fn may(mut self, may: &'static [&'static str]) -> Self {
        self.may = may;
        self
    }

    const fn requires(mut self, header: &'static str) -> Self {
        self.requires = Some(header);
        self
    }

    const fn headers(mut self, headers: &'static [&'static [&'static str]]) -> Self {
        self.headers = headers;
        self
    }

    const fn metadata(mut self) -> Self {
        self.metadata = true;
        self
    }
}

/// Every operation the sandbox knows.
pub const ROWS: &[Row] = &[
    // The service.
    row("ListBuckets", "GET", Service).may(&[
        "max-buckets",
        "continuation-token",
        "prefix",
        "bucket-region",
    ]),
    // Buckets.
    row("HeadBucket", "HEAD", Bucket),
    row("CreateBucket", "PUT", Bucket).headers(&[OBJECT_ACL, GRANT_WRITE, BUCKET]),
    row("DeleteBucket", "DELETE", Bucket),
    row("GetBucketLocation", "GET", Bucket).needs(&[("location", Empty)]),
    row("GetBucketVersioning", "GET", Bucket).needs(&[("versioning", Empty)]),
    row("GetBucketPolicy", "GET", Bucket).needs(&[("policy", Empty)]),
    row("GetBucketPolicyStatus", "GET", Bucket).needs(&[("policyStatus", Empty)]),
    row("GetBucketEncryption", "GET", Bucket).needs(&[("encryption", Empty)]),
    row("GetPublicAccessBlock", "GET", Bucket).needs(&[("publicAccessBlock", Empty)]),
    row("GetBucketOwnershipControls", "GET", Bucket).needs(&[("ownershipControls", Empty)]),
    row("GetBucketAcl", "GET", Bucket).needs(&[("acl", Empty)]),
    row("PutBucketAcl", "PUT", Bucket).needs(&[("acl", Empty)]).headers(&[OBJECT_ACL, GRANT_WRITE]),
    row("PutBucketPolicy", "PUT", Bucket).needs(&[("policy", Empty)]).headers(&[SELF_ACCESS]),
    row("DeleteBucketPolicy", "DELETE", Bucket).needs(&[("policy", Empty)]),
    row("PutPublicAccessBlock", "PUT", Bucket).needs(&[("publicAccessBlock", Empty)]),
    row("DeletePublicAccessBlock", "DELETE", Bucket).needs(&[("publicAccessBlock", Empty)]),
    row("PutBucketEncryption", "PUT", Bucket).needs(&[("encryption", Empty)]),
    row("DeleteBucketEncryption", "DELETE", Bucket).needs(&[("encryption", Empty)]),
    row("PutBucketVersioning", "PUT", Bucket).needs(&[("versioning", Empty)]).headers(&[MFA]),
    row("PutBucketOwnershipControls", "PUT", Bucket).needs(&[("ownershipControls", Empty)]),
    row("DeleteBucketOwnershipControls", "DELETE", Bucket).needs(&[("ownershipControls", Empty)]),
    row("PutBucketLifecycleConfiguration", "PUT", Bucket)
        .needs(&[("lifecycle", Empty)])
        .headers(&[&["x-amz-transition-default-minimum-object-size"]]),
    row("GetBucketLifecycleConfiguration", "GET", Bucket).needs(&[("lifecycle", Empty)]),
    row("DeleteBucketLifecycle", "DELETE", Bucket).needs(&[("lifecycle", Empty)]),
    row("PutBucketReplication", "PUT", Bucket).needs(&[("replication", Empty)]),
    row("GetBucketReplication", "GET", Bucket).needs(&[("replication", Empty)]),
    row("DeleteBucketReplication", "DELETE", Bucket).needs(&[("replication", Empty)]),
    row("PutBucketLogging", "PUT", Bucket).needs(&[("logging", Empty)]),
    row("GetBucketLogging", "GET", Bucket).needs(&[("logging", Empty)]),
    row("PutBucketInventoryConfiguration", "PUT", Bucket)
        .needs(&[("inventory", Empty), ("id", Any)]),
    row("GetBucketInventoryConfiguration", "GET", Bucket)
        .needs(&[("inventory", Empty), ("id", Any)]),
    row("DeleteBucketInventoryConfiguration", "DELETE", Bucket)
        .needs(&[("inventory", Empty), ("id", Any)]),
    row("PutBucketCors", "PUT", Bucket).needs(&[("cors", Empty)]),
    row("GetBucketCors", "GET", Bucket).needs(&[("cors", Empty)]),
    row("DeleteBucketCors", "DELETE", Bucket).needs(&[("cors", Empty)]),
    row("PutBucketWebsite", "PUT", Bucket).needs(&[("website", Empty)]),
    row("GetBucketWebsite", "GET", Bucket).needs(&[("website", Empty)]),
    row("DeleteBucketWebsite", "DELETE", Bucket).needs(&[("website", Empty)]),
    row("PutBucketAccelerateConfiguration", "PUT", Bucket).needs(&[("accelerate", Empty)]),
    row("GetBucketAccelerateConfiguration", "GET", Bucket).needs(&[("accelerate", Empty)]),
    row("PutBucketRequestPayment", "PUT", Bucket).needs(&[("requestPayment", Empty)]),
    row("GetBucketRequestPayment", "GET", Bucket).needs(&[("requestPayment", Empty)]),
    row("PutBucketAnalyticsConfiguration", "PUT", Bucket)
        .needs(&[("analytics", Empty), ("id", Any)]),
    row("GetBucketAnalyticsConfiguration", "GET", Bucket)
        .needs(&[("analytics", Empty), ("id", Any)]),
    row("DeleteBucketAnalyticsConfiguration", "DELETE", Bucket)
        .needs(&[("analytics", Empty), ("id", Any)]),
    row("ListBucketAnalyticsConfigurations", "GET", Bucket).needs(&[("analytics", Empty)]),
    row("PutBucketMetricsConfiguration", "PUT", Bucket).needs(&[("metrics", Empty), ("id", Any)]),
    row("GetBucketMetricsConfiguration", "GET", Bucket).needs(&[("metrics", Empty), ("id", Any)]),
    row("DeleteBucketMetricsConfiguration", "DELETE", Bucket)
        .needs(&[("metrics", Empty), ("id", Any)]),
    row("ListBucketMetricsConfigurations", "GET", Bucket).needs(&[("metrics", Empty)]),
    row("PutBucketIntelligentTieringConfiguration", "PUT", Bucket)
        .needs(&[("intelligent-tiering", Empty), ("id", Any)]),
    row("GetBucketIntelligentTieringConfiguration", "GET", Bucket)
        .needs(&[("intelligent-tiering", Empty), ("id", Any)]),
    row("DeleteBucketIntelligentTieringConfiguration", "DELETE", Bucket)
        .needs(&[("intelligent-tiering", Empty), ("id", Any)]),
    row("ListBucketIntelligentTieringConfigurations", "GET", Bucket)
        .needs(&[("intelligent-tiering", Empty)]),
    row("ListBucketInventoryConfigurations", "GET", Bucket).needs(&[("inventory", Empty)]),
    row("PutObjectLockConfiguration", "PUT", Bucket).needs(&[("object-lock", Empty)]),
    row("GetObjectLockConfiguration", "GET", Bucket).needs(&[("object-lock", Empty)]),
    row("PutBucketTagging", "PUT", Bucket).needs(&[("tagging", Empty)]),
    row("GetBucketTagging", "GET", Bucket).needs(&[("tagging", Empty)]),
    row("DeleteBucketTagging", "DELETE", Bucket).needs(&[("tagging", Empty)]),
    row("PutBucketNotificationConfiguration", "PUT", Bucket)
        .needs(&[("notification", Empty)])
        .headers(&[&["x-amz-skip-destination-validation"]]),
    row("GetBucketNotificationConfiguration", "GET", Bucket).needs(&[("notification", Empty)]),
    row("ListObjects", "GET", Bucket)
        .may(&["delimiter", "encoding-type", "marker", "max-keys", "prefix"])
        .headers(&[LIST]),
    row("ListObjectsV2", "GET", Bucket)
        .needs(&[("list-type", Is("2"))])
        .may(&[
            "delimiter",
            "encoding-type",
            "max-keys",
            "prefix",
            "continuation-token",
            "fetch-owner",
            "start-after",
        ])
        .headers(&[LIST]),
    row("ListObjectVersions", "GET", Bucket)
        .needs(&[("versions", Empty)])
        .may(&[
            "delimiter",
            "encoding-type",
            "key-marker",
            "max-keys",
            "prefix",
            "version-id-marker",
        ])
        .headers(&[LIST]),
    row("ListMultipartUploads", "GET", Bucket).needs(&[("uploads", Empty)]).may(&[
        "delimiter",
        "encoding-type",
        "key-marker",
        "max-uploads",
        "prefix",
        "upload-id-marker",
    ]),
    row("DeleteObjects", "POST", Bucket).needs(&[("delete", Empty)]).headers(&[DELETE]),
    // The fields of the form are the handler's: nothing of them is in the head of the request.
    row("PostObject", "POST", Bucket),
    // Objects.
    row("PutObject", "PUT", Object).headers(&[OBJECT_ACL, SSE, SSE_C, STORE]).metadata(),
    row("GetObject", "GET", Object).may(READ).headers(&[SSE_C, SSE_OF_READ]),
    row("HeadObject", "HEAD", Object).may(READ).headers(&[SSE_C, SSE_OF_READ]),
    row("GetObjectAttributes", "GET", Object)
        .needs(&[("attributes", Empty)])
        .may(VERSION)
        .headers(&[ATTRIBUTES, SSE_C]),
    row("DeleteObject", "DELETE", Object).may(VERSION).headers(&[DELETE]),
    row("CopyObject", "PUT", Object)
        .requires(COPY_SOURCE)
        .headers(&[OBJECT_ACL, SSE, SSE_C, STORE, COPY, COPY_WHOLE])
        .metadata(),
    row("GetObjectTagging", "GET", Object).needs(&[("tagging", Empty)]).may(VERSION),
    row("PutObjectTagging", "PUT", Object).needs(&[("tagging", Empty)]).may(VERSION),
    row("DeleteObjectTagging", "DELETE", Object).needs(&[("tagging", Empty)]).may(VERSION),
    row("GetObjectAcl", "GET", Object).needs(&[("acl", Empty)]).may(VERSION),
    row("PutObjectAcl", "PUT", Object)
        .needs(&[("acl", Empty)])
        .may(VERSION)
        .headers(&[OBJECT_ACL, GRANT_WRITE]),
    row("PutObjectRetention", "PUT", Object)
        .needs(&[("retention", Empty)])
        .may(VERSION)
        .headers(&[BYPASS]),
    row("GetObjectRetention", "GET", Object).needs(&[("retention", Empty)]).may(VERSION),
    row("PutObjectLegalHold", "PUT", Object).needs(&[("legal-hold", Empty)]).may(VERSION),
    row("GetObjectLegalHold", "GET", Object).needs(&[("legal-hold", Empty)]).may(VERSION),
    row("RestoreObject", "POST", Object).needs(&[("restore", Empty)]).may(VERSION),
    row("UpdateObjectEncryption", "PUT", Object).needs(&[("encryption", Empty)]).may(VERSION),
    row("PutObjectAnnotation", "PUT", Object).needs(ANNOTATION).may(VERSION).headers(&[ANNOTATED]),
    row("GetObjectAnnotation", "GET", Object).needs(ANNOTATION).may(VERSION),
    row("DeleteObjectAnnotation", "DELETE", Object)
        .needs(ANNOTATION)
        .may(VERSION)
        .headers(&[ANNOTATED]),
    row("ListObjectAnnotations", "GET", Object).needs(&[("annotation", Empty)]).may(&[
        "versionId",
        "max-annotation-results",
        "annotation-prefix",
        "continuation-token",
    ]),
    // Multipart uploads.
    row("CreateMultipartUpload", "POST", Object)
        .needs(&[("uploads", Empty)])
        .headers(&[OBJECT_ACL, SSE, SSE_C, STORE])
        .metadata(),
    row("UploadPart", "PUT", Object).needs(PART).headers(&[SSE_C]),
    row("UploadPartCopy", "PUT", Object)
        .needs(PART)
        .requires(COPY_SOURCE)
        .headers(&[SSE_C, COPY, COPY_PART]),
    row("CompleteMultipartUpload", "POST", Object).needs(UPLOAD).headers(&[SSE_C, COMPLETE]),
    row("AbortMultipartUpload", "DELETE", Object).needs(UPLOAD),
    row("ListParts", "GET", Object)
        .needs(UPLOAD)
        .may(&["max-parts", "part-number-marker"])
        .headers(&[SSE_C]),
];
