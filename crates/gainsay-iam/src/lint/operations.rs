//! API operations whose action has another name.

/// The operation and the action that it asks for.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html> and
/// <https://docs.aws.amazon.com/kms/latest/developerguide/kms-api-permissions-reference.html>
const OPERATIONS: &[(&str, &str)] = &[
    ("s3:AbortMultipartUploads", "`s3:AbortMultipartUpload`"),
    ("s3:CompleteMultipartUpload", "`s3:PutObject`"),
    ("s3:CopyObject", "`s3:PutObject`, and `s3:GetObject` on the source"),
    ("s3:CreateMultipartUpload", "`s3:PutObject`"),
    ("s3:DeleteBucketCors", "`s3:PutBucketCORS`"),
    ("s3:DeleteBucketEncryption", "`s3:PutEncryptionConfiguration`"),
    ("s3:DeleteBucketLifecycle", "`s3:PutLifecycleConfiguration`"),
    ("s3:DeleteBucketReplication", "`s3:PutReplicationConfiguration`"),
    ("s3:DeleteBucketTagging", "`s3:PutBucketTagging`"),
    ("s3:DeleteObjects", "`s3:DeleteObject`"),
    ("s3:DeletePublicAccessBlock", "`s3:PutBucketPublicAccessBlock`"),
    ("s3:GetBucketAccelerateConfiguration", "`s3:GetAccelerateConfiguration`"),
    ("s3:GetBucketEncryption", "`s3:GetEncryptionConfiguration`"),
    ("s3:GetBucketLifecycle", "`s3:GetLifecycleConfiguration`"),
    ("s3:GetBucketLifecycleConfiguration", "`s3:GetLifecycleConfiguration`"),
    ("s3:GetBucketReplication", "`s3:GetReplicationConfiguration`"),
    ("s3:GetObjectLockConfiguration", "`s3:GetBucketObjectLockConfiguration`"),
    ("s3:GetPublicAccessBlock", "`s3:GetBucketPublicAccessBlock`"),
    ("s3:HeadBucket", "`s3:ListBucket`"),
    ("s3:HeadObject", "`s3:GetObject`"),
    ("s3:ListBuckets", "`s3:ListAllMyBuckets`"),
    ("s3:ListMultipartUploads", "`s3:ListBucketMultipartUploads`"),
    ("s3:ListObjectVersions", "`s3:ListBucketVersions`"),
    ("s3:ListObjects", "`s3:ListBucket`"),
    ("s3:ListObjectsV2", "`s3:ListBucket`"),
    ("s3:ListParts", "`s3:ListMultipartUploadParts`"),
    ("s3:PutBucketAccelerateConfiguration", "`s3:PutAccelerateConfiguration`"),
    ("s3:PutBucketEncryption", "`s3:PutEncryptionConfiguration`"),
    ("s3:PutBucketLifecycle", "`s3:PutLifecycleConfiguration`"),
    ("s3:PutBucketLifecycleConfiguration", "`s3:PutLifecycleConfiguration`"),
    ("s3:PutBucketReplication", "`s3:PutReplicationConfiguration`"),
    ("s3:PutObjectLockConfiguration", "`s3:PutBucketObjectLockConfiguration`"),
    ("s3:PutPublicAccessBlock", "`s3:PutBucketPublicAccessBlock`"),
    ("s3:SelectObjectContent", "`s3:GetObject`"),
    ("s3:UploadPart", "`s3:PutObject`"),
    ("s3:UploadPartCopy", "`s3:PutObject`, and `s3:GetObject` on the source"),
    ("kms:ReEncrypt", "`kms:ReEncryptFrom` on the old key and `kms:ReEncryptTo` on the new"),
];

/// The action that the operation of this name asks for, where that is another.
pub(super) fn action_of(name: &str) -> Option<&'static str> {
    let of = OPERATIONS.iter().find(|(operation, _)| operation.eq_ignore_ascii_case(name));
    of.map(|(_, action)| *action)
}

#[cfg(test)]
mod tests {
    use super::OPERATIONS;
    use crate::actions::action;

    #[test]
    fn operations_are_no_actions_and_their_actions_are() {
        for (operation, actions) in OPERATIONS {
            assert!(action(operation).is_none(), "{operation}");
            for name in actions.split('`').skip(1).step_by(2) {
                assert!(action(name).is_some_and(|found| found.name == name), "{name}");
            }
        }
    }
}
