//! The pages of what is suspicious in the statements of a policy, and in the document.

use gainsay_iam::PolicyKind;

use super::page::{Kind, Page};
use crate::files::diag::Code;

/// The page that lists what IAM Access Analyzer looks for.
const CHECKS: &str =
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html";

/// The pages, one for each [`Lint`](gainsay_iam::Lint).
pub(super) const STATEMENTS: &[Page] = &[
    Page {
        code: Code::TagKeyWithNotAction,
        title: "a condition on a tag of the resource, with `NotAction`",
        why: "Many actions are on resources whose tags AWS does not look at. Their \
              requests lack `aws:ResourceTag`, so the condition does not hold, and a Deny \
              does not refuse them.",
        instead: "List the actions with `Action`.",
        source: Some(CHECKS),
        kind: Kind::Policy(PolicyKind::Identity),
        found: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Deny", "NotAction": "kms:DescribeKey", "Resource": "*",
    "Condition": { "StringEquals": { "aws:ResourceTag/secret": "yes" } } }] }"#,
        clean: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Deny", "Action": ["kms:Decrypt", "kms:ReEncryptFrom"], "Resource": "*",
    "Condition": { "StringEquals": { "aws:ResourceTag/secret": "yes" } } }] }"#,
    },
    Page {
        code: Code::PassRoleAnywhere,
        title: "`iam:PassRole` for every role",
        why: "Who passes a role to a service acts through it with everything that the role \
              may do. For every role and every service that is the permission of an \
              administrator.",
        instead: "Name the roles, or the service with `iam:PassedToService`.",
        source: Some(CHECKS),
        kind: Kind::Policy(PolicyKind::Identity),
        found: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Action": "iam:PassRole", "Resource": "*" }] }"#,
        clean: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::111122223333:role/replication",
    "Condition": { "StringEquals": { "iam:PassedToService": "s3.amazonaws.com" } } }] }"#,
    },
    Page {
        code: Code::UnrestrictedService,
        title: "a service as principal, for whatever account it acts",
        why: "A service acts for every account that tells it to. Without a condition \
              another account can have the service write here, or use the key: the \
              confused deputy.",
        instead: "Say for whom the service may come, with `aws:SourceArn`, \
              `aws:SourceAccount`, `aws:SourceOrgID` or `aws:SourceOrgPaths`.",
        source: Some(CHECKS),
        kind: Kind::Policy(PolicyKind::Bucket),
        found: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Principal": { "Service": "logging.s3.amazonaws.com" }, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::logs/*" }] }"#,
        clean: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Principal": { "Service": "logging.s3.amazonaws.com" }, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::logs/*",
    "Condition": { "StringEquals": { "aws:SourceAccount": "111122223333" } } }] }"#,
    },
    Page {
        code: Code::OpenToEveryone,
        title: "a key policy that lets everyone use the key",
        why: "`Principal: \"*\"` is everyone, of every account. Without a condition the \
              key is as good as public.",
        instead: "Name who uses the key, or say with a condition of which account or \
              organization they are.",
        source: Some(
            "https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html",
        ),
        kind: Kind::Policy(PolicyKind::KeyPolicy),
        found: r#"
{ "Version": "2012-10-17", "Statement": [
    { "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:root" }, "Action": "kms:*", "Resource": "*" },
    { "Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*" }] }"#,
        clean: r#"
{ "Version": "2012-10-17", "Statement": [
    { "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:root" }, "Action": "kms:*", "Resource": "*" },
    { "Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*",
    "Condition": { "StringEquals": { "kms:CallerAccount": "111122223333" } } }] }"#,
    },
    Page {
        code: Code::RedundantAction,
        title: "an action that another covers",
        why: "`s3:Get*` has `s3:GetObject` in it. Whoever takes the narrow one away, to \
              forbid it, changes nothing.",
        instead: "Keep the wide one, or list what is meant.",
        source: Some(CHECKS),
        kind: Kind::Policy(PolicyKind::Identity),
        found: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Action": ["s3:GetObject*", "s3:GetObjectTagging"], "Resource": "arn:aws:s3:::bucket/*" }] }"#,
        clean: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Action": ["s3:GetObject", "s3:GetObjectTagging"], "Resource": "arn:aws:s3:::bucket/*" }] }"#,
    },
    Page {
        code: Code::RedundantResource,
        title: "a resource that another covers",
        why: "A pattern with `*` covers what is listed beside it. Whoever takes the narrow \
              one away, to forbid it, changes nothing.",
        instead: "Keep the wide one, or list what is meant.",
        source: Some(CHECKS),
        kind: Kind::Policy(PolicyKind::Identity),
        found: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Action": "s3:GetObject", "Resource": ["arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket/reports/*"] }] }"#,
        clean: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Action": "s3:GetObject", "Resource": ["arn:aws:s3:::bucket/drafts/*", "arn:aws:s3:::bucket/reports/*"] }] }"#,
    },
    Page {
        code: Code::RedundantValue,
        title: "a value that changes nothing",
        why: "Any value of the list is enough, so of several limits only the widest \
              counts, and a value that is there twice counts once.",
        instead: "Write the one limit that is meant.",
        source: Some(CHECKS),
        kind: Kind::Policy(PolicyKind::Identity),
        found: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::bucket",
    "Condition": { "NumericLessThanEquals": { "s3:max-keys": ["10", "100"] } } }] }"#,
        clean: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::bucket",
    "Condition": { "NumericLessThanEquals": { "s3:max-keys": "10" } } }] }"#,
    },
    Page {
        code: Code::RedundantStatement,
        title: "a statement that is in the policy already",
        why: "Two statements say the same. Whoever changes one of them may not see the \
              other, which then still gives what was taken away.",
        instead: "Remove one of them.",
        source: Some(CHECKS),
        kind: Kind::Policy(PolicyKind::Identity),
        found: r#"
{ "Version": "2012-10-17", "Statement": [
    { "Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*" },
    { "Sid": "ReadToo", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::bucket/*"] }] }"#,
        clean: r#"
{ "Version": "2012-10-17", "Statement": [
    { "Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*" },
    { "Sid": "ReadToo", "Effect": "Allow", "Action": ["s3:GetObjectVersion"], "Resource": ["arn:aws:s3:::bucket/*"] }] }"#,
    },
    Page {
        code: Code::DuplicateSid,
        title: "two statements with one `Sid`",
        why: "A `Sid` is how messages, logs and tests name a statement. With two of one \
              name nobody can tell which is meant, and identity policies refuse it.",
        instead: "Give each statement a `Sid` of its own.",
        source: Some(CHECKS),
        kind: Kind::Policy(PolicyKind::KeyPolicy),
        found: r#"
{ "Version": "2012-10-17", "Statement": [
    { "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:root" }, "Action": "kms:*", "Resource": "*" },
    { "Sid": "Use", "Effect": "Allow", "Principal": { "AWS": "111122223333" }, "Action": "kms:Decrypt", "Resource": "*" },
    { "Sid": "Use", "Effect": "Allow", "Principal": { "AWS": "444455556666" }, "Action": "kms:Encrypt", "Resource": "*" }] }"#,
        clean: r#"
{ "Version": "2012-10-17", "Statement": [
    { "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:root" }, "Action": "kms:*", "Resource": "*" },
    { "Sid": "Read", "Effect": "Allow", "Principal": { "AWS": "111122223333" }, "Action": "kms:Decrypt", "Resource": "*" },
    { "Sid": "Write", "Effect": "Allow", "Principal": { "AWS": "444455556666" }, "Action": "kms:Encrypt", "Resource": "*" }] }"#,
    },
    Page {
        code: Code::MissingVersion,
        title: "a document without `Version`",
        why: "Without `Version` a document is of version 2008-10-17, in which policy \
              variables such as `${aws:username}` are text.",
        instead: "Write `\"Version\": \"2012-10-17\"`.",
        source: Some(CHECKS),
        kind: Kind::Policy(PolicyKind::Identity),
        found: r#"
{ "Statement": [{
    "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*" }] }"#,
        clean: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*" }] }"#,
    },
    Page {
        code: Code::EmptyElement,
        title: "an element with nothing in it",
        why: "An empty `Condition`, an operator without keys or a key without values was \
              meant to ask something and asks nothing, or something else.",
        instead: "Write what it is to ask, or leave it out.",
        source: Some(CHECKS),
        kind: Kind::Policy(PolicyKind::Identity),
        found: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*", "Condition": {} }] }"#,
        clean: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*" }] }"#,
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
