//! The pages of what is suspicious in ARNs, actions and conditions of a policy.

use gainsay_iam::PolicyKind;

use super::page::{Kind, Page};
use crate::files::diag::Code;

/// The page that lists what IAM Access Analyzer looks for.
const CHECKS: &str =
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html";

/// The pages, one for each [`Lint`](gainsay_iam::Lint).
pub(super) const CONDITIONS: &[Page] = &[
    Page {
        code: Code::InvalidArn,
        title: "an ARN that no resource has",
        why: "The ARN of a bucket or an object has neither Region nor account, and that of \
              a key has both. An ARN with a field too many, or one too few, is that of no \
              resource: the statement is about less than it seems to be.",
        instead: "Write the ARN as the service authorization reference has it.",
        source: Some(CHECKS),
        kind: Kind::Policy(PolicyKind::Identity),
        found: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Action": "s3:GetObject", "Resource": ["arn:aws:s3:::reports/*", "arn:aws:s3::111122223333:records/*"] }] }"#,
        clean: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Action": "s3:GetObject", "Resource": ["arn:aws:s3:::reports/*", "arn:aws:s3:::records/*"] }] }"#,
    },
    Page {
        code: Code::InvalidPartition,
        title: "a partition that AWS does not have",
        why: "The field behind `arn:` is `aws`, or `aws-cn`, `aws-us-gov` and so on for \
              the Regions of another partition. An ARN of a partition that there is not, \
              or that the Region is not in, is that of nothing.",
        instead: "Write the partition that the account is in.",
        source: Some(CHECKS),
        kind: Kind::Policy(PolicyKind::Identity),
        found: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Action": "kms:Decrypt", "Resource": "arn:aws:kms:cn-north-1:111122223333:key/*" }] }"#,
        clean: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Action": "kms:Decrypt", "Resource": "arn:aws-cn:kms:cn-north-1:111122223333:key/*" }] }"#,
    },
    Page {
        code: Code::InvalidRegion,
        title: "a Region that there is not",
        why: "A condition on a Region that no request is made in never holds, and its \
              opposite always does: a Deny of everything outside `eu-west` is a Deny of \
              everything.",
        instead: "Write the name of the Region, as `eu-west-1`, or compare with `StringLike`.",
        source: Some(CHECKS),
        kind: Kind::Policy(PolicyKind::Identity),
        found: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*",
    "Condition": { "StringNotEquals": { "aws:RequestedRegion": "eu-west" } } }] }"#,
        clean: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*",
    "Condition": { "StringNotEquals": { "aws:RequestedRegion": "eu-west-1" } } }] }"#,
    },
    Page {
        code: Code::UnknownService,
        title: "an action of a service that there is not",
        why: "AWS takes any prefix before the colon. One that no service has matches \
              nothing, so that an Allow gives nothing, and a Deny with `NotAction` spares \
              nothing.",
        instead: "Write the prefix that the service authorization reference has for the \
              service.",
        source: Some(CHECKS),
        kind: Kind::Policy(PolicyKind::Identity),
        found: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Deny", "NotAction": ["s3:*", "kmss:*"], "Resource": "*" }] }"#,
        clean: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Deny", "NotAction": ["s3:*", "kms:*"], "Resource": "*" }] }"#,
    },
    Page {
        code: Code::UnsupportedAction,
        title: "an action in a key policy that is not of KMS",
        why: "A key policy is asked about the key only. An action of another service there \
              is never asked for, even where the request is for an object under the key.",
        instead: "Write it where it is asked for: in a policy of the bucket or of who asks.",
        source: Some(CHECKS),
        kind: Kind::Policy(PolicyKind::KeyPolicy),
        found: r#"
{ "Version": "2012-10-17", "Statement": [
    { "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:root" }, "Action": "kms:*", "Resource": "*" },
    { "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:role/app" }, "Action": ["kms:Decrypt", "s3:GetObject"], "Resource": "*" }] }"#,
        clean: r#"
{ "Version": "2012-10-17", "Statement": [
    { "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:root" }, "Action": "kms:*", "Resource": "*" },
    { "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:role/app" }, "Action": "kms:Decrypt", "Resource": "*" }] }"#,
    },
    Page {
        code: Code::UnknownConditionKey,
        title: "a condition key that there is not",
        why: "AWS takes almost any name of a condition key. One that is misspelt is absent \
              from every request, so a Deny on it never matches, and one with a negated \
              operator always does.",
        instead: "Write the key as the service authorization reference or the page on global \
              condition keys has it. A key of a tag needs the tag behind a slash.",
        source: Some(CHECKS),
        kind: Kind::Policy(PolicyKind::Identity),
        found: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*",
    "Condition": { "Bool": { "aws:SecureTransprt": "false" } } }] }"#,
        clean: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*",
    "Condition": { "Bool": { "aws:SecureTransport": "false" } } }] }"#,
    },
    Page {
        code: Code::DuplicateKeyCase,
        title: "one condition key in two spellings",
        why: "The case of a condition key does not matter. Written twice in one block, \
              with different case, it is the same key with two lists of values, and which \
              of them counts is not documented.",
        instead: "Write the key once, with all of its values in one list.",
        source: Some(CHECKS),
        kind: Kind::Policy(PolicyKind::Identity),
        found: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*",
    "Condition": { "StringNotEquals": { "aws:SourceAccount": "111122223333", "aws:sourceaccount": "444455556666" } } }] }"#,
        clean: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*",
    "Condition": { "StringNotEquals": { "aws:SourceAccount": ["111122223333", "444455556666"] } } }] }"#,
    },
    Page {
        code: Code::OperatorType,
        title: "a condition operator for another type than the key has",
        why: "A string operator compares letter by letter: a CIDR range under \
              `StringNotEquals` equals no address, so a Deny on it refuses everyone. An \
              operator for another type than the key has seldom does what it seems to.",
        instead: "Use the operator of the type: `IpAddress` for addresses, `Bool` for flags, \
              `Numeric...` and `Date...` for numbers and dates.",
        source: Some(CHECKS),
        kind: Kind::Policy(PolicyKind::Identity),
        found: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*",
    "Condition": { "StringNotEquals": { "aws:SourceIp": "203.0.113.0/24" } } }] }"#,
        clean: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*",
    "Condition": { "NotIpAddress": { "aws:SourceIp": "203.0.113.0/24" } } }] }"#,
    },
    Page {
        code: Code::MissingQualifier,
        title: "a key with several values and neither `ForAllValues` nor `ForAnyValue`",
        why: "A request can have several values of this key. Without a qualifier the \
              operator is for one value, and what it does with several is not documented.",
        instead: "Say whether every value has to match, with `ForAllValues`, or one of them, \
              with `ForAnyValue`.",
        source: Some(CHECKS),
        kind: Kind::Policy(PolicyKind::Identity),
        found: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Deny", "Action": "kms:TagResource", "Resource": "*",
    "Condition": { "StringEquals": { "aws:TagKeys": "team" } } }] }"#,
        clean: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Deny", "Action": "kms:TagResource", "Resource": "*",
    "Condition": { "ForAnyValue:StringEquals": { "aws:TagKeys": "team" } } }] }"#,
    },
    Page {
        code: Code::SingleValuedSet,
        title: "`ForAllValues` or `ForAnyValue` on a key that has one value",
        why: "The qualifiers are for keys with several values. With `ForAllValues` a \
              request without the key satisfies the condition, which the plain operator \
              would refuse.",
        instead: "Leave the qualifier out.",
        source: Some(
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html",
        ),
        kind: Kind::Policy(PolicyKind::Identity),
        found: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*",
    "Condition": { "ForAllValues:StringEquals": { "aws:PrincipalAccount": "111122223333" } } }] }"#,
        clean: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*",
    "Condition": { "StringEquals": { "aws:PrincipalAccount": "111122223333" } } }] }"#,
    },
    Page {
        code: Code::NullWithQualifier,
        title: "`Null` with `ForAllValues` or `ForAnyValue`",
        why: "`ForAllValues:Null` holds for every request and `ForAnyValue:Null` for none, \
              whatever key and value are.",
        instead: "Write `Null` alone.",
        source: Some(CHECKS),
        kind: Kind::Policy(PolicyKind::Identity),
        found: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Deny", "Action": "kms:CreateKey", "Resource": "*",
    "Condition": { "ForAnyValue:Null": { "aws:TagKeys": "true" } } }] }"#,
        clean: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Deny", "Action": "kms:CreateKey", "Resource": "*",
    "Condition": { "Null": { "aws:TagKeys": "true" } } }] }"#,
    },
    Page {
        code: Code::SeveralBooleans,
        title: "`Bool` or `Null` with several values",
        why: "A flag is `true` or `false`. With both the condition holds for every request \
              that has the key, and asks nothing.",
        instead: "Write the one value that is meant.",
        source: Some(CHECKS),
        kind: Kind::Policy(PolicyKind::Identity),
        found: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*",
    "Condition": { "Bool": { "aws:SecureTransport": ["true", "false"] } } }] }"#,
        clean: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*",
    "Condition": { "Bool": { "aws:SecureTransport": "false" } } }] }"#,
    },
    Page {
        code: Code::PrivateSourceIp,
        title: "a private address in `aws:SourceIp`",
        why: "`aws:SourceIp` is the public address of a request. A request that comes \
              through a VPC endpoint lacks the key, so a private range there never \
              matches: an Allow gives nothing, and a Deny with `NotIpAddress` spares \
              nobody.",
        instead: "Use `aws:VpcSourceIp` together with `aws:SourceVpc`.",
        source: Some(CHECKS),
        kind: Kind::Policy(PolicyKind::Identity),
        found: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*",
    "Condition": { "NotIpAddress": { "aws:SourceIp": "10.0.0.0/8" } } }] }"#,
        clean: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*",
    "Condition": {
      "NotIpAddress": { "aws:VpcSourceIp": "10.0.0.0/8" },
      "StringEquals": { "aws:SourceVpc": "vpc-0abcdef1234567890" }
    } }] }"#,
    },
    Page {
        code: Code::IpRangeHostBits,
        title: "an address range with bits behind its mask",
        why: "The bits behind the mask are ignored: `203.0.113.7/24` is the range \
              `203.0.113.0/24`, and not one address.",
        instead: "Write the range, or the address with `/32`.",
        source: Some(CHECKS),
        kind: Kind::Policy(PolicyKind::Identity),
        found: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*",
    "Condition": { "NotIpAddress": { "aws:SourceIp": "203.0.113.7/24" } } }] }"#,
        clean: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*",
    "Condition": { "NotIpAddress": { "aws:SourceIp": "203.0.113.0/24" } } }] }"#,
    },
    Page {
        code: Code::MalformedVpcId,
        title: "an id that no VPC or VPC endpoint has",
        why: "The id of a VPC is `vpc-` and 8 or 17 hexadecimal digits, that of an \
              endpoint `vpce-` and as many. A condition on another text never holds, and a \
              Deny with its opposite refuses everyone.",
        instead: "Write the id of the endpoint with `aws:SourceVpce`, that of the VPC with \
              `aws:SourceVpc`.",
        source: Some("https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html"),
        kind: Kind::Policy(PolicyKind::Identity),
        found: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*",
    "Condition": { "StringNotEquals": { "aws:SourceVpce": "vpc-0abcdef1234567890" } } }] }"#,
        clean: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*",
    "Condition": { "StringNotEquals": { "aws:SourceVpce": "vpce-0abcdef1234567890" } } }] }"#,
    },
    Page {
        code: Code::MissingPairedKey,
        title: "`aws:VpcSourceIp` without the VPC",
        why: "Private addresses repeat: every VPC, of every account, may have `10.0.0.5`. \
              A condition on the address alone holds for all of them.",
        instead: "Ask for the VPC as well, with `aws:SourceVpc` or `aws:SourceVpce`.",
        source: Some(CHECKS),
        kind: Kind::Policy(PolicyKind::Identity),
        found: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*",
    "Condition": { "IpAddress": { "aws:VpcSourceIp": "10.0.0.0/16" } } }] }"#,
        clean: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*",
    "Condition": {
      "IpAddress": { "aws:VpcSourceIp": "10.0.0.0/16" },
      "StringEquals": { "aws:SourceVpc": "vpc-0abcdef1234567890" }
    } }] }"#,
    },
    Page {
        code: Code::ServicePrincipalFormat,
        title: "a service without its Region in `kms:ViaService`",
        why: "`kms:ViaService` is the service with its Region, as \
              `s3.eu-west-1.amazonaws.com`. `s3.amazonaws.com` equals the value of no \
              request.",
        instead: "Write service and Region, or compare with `StringLike` and \
              `s3.*.amazonaws.com`.",
        source: Some(CHECKS),
        kind: Kind::Policy(PolicyKind::Identity),
        found: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*",
    "Condition": { "StringEquals": { "kms:ViaService": "s3.amazonaws.com" } } }] }"#,
        clean: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*",
    "Condition": { "StringEquals": { "kms:ViaService": "s3.eu-west-1.amazonaws.com" } } }] }"#,
    },
    Page {
        code: Code::IncompleteArnPattern,
        title: "a pattern that is no whole ARN",
        why: "ARN operators compare the six fields of an ARN one by one, and `*` does not \
              cross a colon. A pattern with fewer fields matches no ARN.",
        instead: "Write every field, with `*` for those that may be anything.",
        source: Some(
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html",
        ),
        kind: Kind::Policy(PolicyKind::Identity),
        found: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::bucket/*",
    "Condition": { "ArnLike": { "aws:SourceArn": "arn:aws:sns:*:topic" } } }] }"#,
        clean: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::bucket/*",
    "Condition": { "ArnLike": { "aws:SourceArn": "arn:aws:sns:*:*:topic" } } }] }"#,
    },
    Page {
        code: Code::EpochDate,
        title: "a date as seconds since 1970",
        why: "Digits alone are read as seconds since 1970, in which leap seconds are not \
              counted, and nobody sees which day is meant: `20300131` is a day of August \
              1970.",
        instead: "Write the date as `2030-01-31`, or with a time and its zone.",
        source: Some(CHECKS),
        kind: Kind::Policy(PolicyKind::Identity),
        found: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*",
    "Condition": { "DateGreaterThan": { "aws:CurrentTime": "20300131" } } }] }"#,
        clean: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*",
    "Condition": { "DateGreaterThan": { "aws:CurrentTime": "2030-01-31T00:00:00Z" } } }] }"#,
    },
];
