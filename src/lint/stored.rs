//! The pages of what AWS stores in a policy although it does nothing, or not what it seems to.

use gainsay_iam::PolicyKind;

use super::page::{Kind, Page};
use crate::files::diag::Code;

/// The pages, one for each code.
pub(super) const STORED: &[Page] = &[
    Page {
        code: Code::UnknownConditionKey,
        title: "a condition key that AWS does not document",
        why: "IAM stores any key. One that AWS does not send is absent from every request, so a Deny on it never matches, or always. It may also be a \
              key that is newer than gainsay: then `gainsay decide` says that it cannot know. (S3 refuses a bucket policy with an `s3:` key that it \
              does not have.)",
        instead: "Write the key as the service authorization reference does.",
        source: Some(
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_actions-resources-contextkeys.html",
        ),
        kind: Kind::Policy(PolicyKind::Identity),
        found: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Deny", "Action": "s3:*", "Resource": "*",
    "Condition": { "Bool": { "aws:SecureTransports": "false" } } }] }"#,
        clean: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Deny", "Action": "s3:*", "Resource": "*",
    "Condition": { "Bool": { "aws:SecureTransport": "false" } } }] }"#,
    },
    Page {
        code: Code::EmptyCondition,
        title: "a condition that compares with nothing",
        why: "AWS stores an operator without keys and a key without values; templates write them where a list came out empty. The operator asks nothing, \
              so the statement holds without it. What a key without values does, AWS does not document.",
        instead: "Take the operator or the key out, or write the values that were meant.",
        source: Some(
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html",
        ),
        kind: Kind::Policy(PolicyKind::Identity),
        found: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*",
    "Condition": { "StringEquals": {} } }] }"#,
        clean: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*" }] }"#,
    },
    Page {
        code: Code::DuplicateSid,
        title: "a `Sid` that two statements have",
        why: "S3 and KMS store a policy that uses a `Sid` twice, and IAM refuses one. Whoever reads which statement decided, in a message or in a test, \
              cannot tell the two apart.",
        instead: "Give each statement a `Sid` of its own.",
        source: Some(
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html",
        ),
        kind: Kind::Policy(PolicyKind::Bucket),
        found: r#"
{ "Version": "2012-10-17", "Statement": [
    { "Sid": "Read", "Effect": "Allow", "Principal": { "AWS": "111122223333" }, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*" },
    { "Sid": "Read", "Effect": "Allow", "Principal": { "AWS": "111122223333" }, "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::bucket" }] }"#,
        clean: r#"
{ "Version": "2012-10-17", "Statement": [
    { "Sid": "Read", "Effect": "Allow", "Principal": { "AWS": "111122223333" }, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*" },
    { "Sid": "List", "Effect": "Allow", "Principal": { "AWS": "111122223333" }, "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::bucket" }] }"#,
    },
    Page {
        code: Code::IncompleteArn,
        title: "an ARN pattern of fewer than six segments",
        why: "The ARN operators compare an ARN segment by segment, and `*` does not cross a colon. A pattern with fewer than five colons is no ARN and \
              matches none: an Allow on it grants nothing, and a Deny with the negated operator refuses everyone.",
        instead: "Write all six segments, or compare with `StringLike`, whose `*` is any text.",
        source: Some(
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN",
        ),
        kind: Kind::Policy(PolicyKind::Bucket),
        found: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Principal": { "Service": "logging.s3.amazonaws.com" }, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::bucket/*",
    "Condition": { "ArnLike": { "aws:SourceArn": "arn:aws:s3:*" } } }] }"#,
        clean: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Principal": { "Service": "logging.s3.amazonaws.com" }, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::bucket/*",
    "Condition": { "ArnLike": { "aws:SourceArn": "arn:aws:s3:::*" } } }] }"#,
    },
    Page {
        code: Code::LargePolicy,
        title: "an identity policy larger than a customer's managed policy may be",
        why: "IAM stores at most 6,144 characters as a customer's managed policy, and in inline policies together 10,240 of a role, 5,120 of a group and \
              2,048 of a user, white space not counted. Only the policies that AWS itself manages are larger.",
        instead: "Shorten lists with wildcards, or make several policies of one.",
        source: Some("https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"),
        kind: Kind::Policy(PolicyKind::Identity),
        found: include_str!("examples/large-policy.json"),
        clean: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Action": "s3:GetObject", "Resource": [
      "arn:aws:s3:::company-reports/departments/department-???/monthly/*"
    ] }] }"#,
    },
];
