//! The pages of what is suspicious in a policy.

use gainsay_iam::PolicyKind;

use super::page::{Kind, Page};
use crate::files::diag::Code;

/// The pages of what is suspicious in a policy, one for each [`Lint`](gainsay_iam::Lint).
pub(super) const POLICIES: &[Page] = &[
    Page {
        code: Code::NeverMatches,
        title: "the conditions of a statement contradict each other",
        why: "All conditions of a statement have to hold at once. No value of the key, and not its absence either, satisfies these, so the statement \
              does nothing: an Allow that grants nothing, or a Deny that refuses nothing.",
        instead: "Say what was meant with one condition, or with two statements.",
        source: Some(
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html",
        ),
        kind: Kind::Policy(PolicyKind::Bucket),
        found: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Sid": "DenyUnencrypted", "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::bucket/*",
    "Condition": {
      "Null": { "s3:x-amz-server-side-encryption": "true" },
      "StringEquals": { "s3:x-amz-server-side-encryption": "AES256" }
    } }] }"#,
        clean: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Sid": "DenyUnencrypted", "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::bucket/*",
    "Condition": { "StringNotEquals": { "s3:x-amz-server-side-encryption": "aws:kms" } } }] }"#,
    },
    Page {
        code: Code::ShadowedAllow,
        title: "a Deny of the same policy takes all that an Allow gives",
        why: "A Deny wins over every Allow. Where it covers all actions, resources, principals and conditions of an Allow beside it, that Allow can be \
              removed without any change, or the Deny reaches further than it was meant to.",
        instead: "Narrow the Deny, or remove the Allow.",
        source: Some(
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_AccessPolicyLanguage_Interplay.html",
        ),
        kind: Kind::Policy(PolicyKind::Identity),
        found: r#"
{ "Version": "2012-10-17", "Statement": [
    { "Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/reports/*" },
    { "Sid": "Nothing", "Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::bucket/*" }] }"#,
        clean: r#"
{ "Version": "2012-10-17", "Statement": [
    { "Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/reports/*" },
    { "Sid": "NoDeletes", "Effect": "Deny", "Action": "s3:Delete*", "Resource": "arn:aws:s3:::bucket/*" }] }"#,
    },
    Page {
        code: Code::KeyNeverCarried,
        title: "a condition on a key that these actions never carry",
        why: "A key that is absent from every request makes a positive operator false and a negated one, or one with `IfExists`, true. A Deny on it is \
              void, or denies everything; an Allow grants nothing, or grants without the condition.",
        instead: "Use a key that the service authorization reference lists for the action, or name the action that has the key.",
        source: Some(
            "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html",
        ),
        kind: Kind::Policy(PolicyKind::Identity),
        found: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Sid": "OnlyReports", "Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*",
    "Condition": { "StringEquals": { "s3:prefix": "secret/" } } }] }"#,
        clean: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Sid": "OnlyReports", "Effect": "Deny", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::bucket",
    "Condition": { "StringEquals": { "s3:prefix": "secret/" } } }] }"#,
    },
    Page {
        code: Code::IfExistsInDeny,
        title: "`IfExists` in a Deny",
        why: "`IfExists` makes the condition true where the key is absent. In a Deny with a positive operator that refuses every request without the key, \
              which is seldom meant. (Negated operators hold for an absent key anyway, and `BoolIfExists` with `false` is the usual way to say that a flag \
              is not set: neither is warned of.)",
        instead: "Leave `IfExists` out, or say with `Null` what an absent key means.",
        source: Some(
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html",
        ),
        kind: Kind::Policy(PolicyKind::Bucket),
        found: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Sid": "NoPublicAcl", "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::bucket/*",
    "Condition": { "StringEqualsIfExists": { "s3:x-amz-acl": "public-read" } } }] }"#,
        clean: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Sid": "NoPublicAcl", "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::bucket/*",
    "Condition": { "StringEquals": { "s3:x-amz-acl": "public-read" } } }] }"#,
    },
    Page {
        code: Code::WildcardInEquals,
        title: "a wildcard in a value that is compared letter by letter",
        why: "`StringEquals` and its relatives know no wildcards: `*` there is the character. The condition holds for hardly any request, so an Allow grants \
              nothing, and a Deny with the negated operator refuses everyone.",
        instead: "Write `StringLike`, or the whole value.",
        source: Some(
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html",
        ),
        kind: Kind::Policy(PolicyKind::Identity),
        found: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::bucket",
    "Condition": { "StringEquals": { "s3:prefix": "reports/*" } } }] }"#,
        clean: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::bucket",
    "Condition": { "StringLike": { "s3:prefix": "reports/*" } } }] }"#,
    },
    Page {
        code: Code::WrongResourceType,
        title: "an action on resources that it is never asked for on",
        why: "Every action is asked for on resources of certain types: `s3:GetObject` on objects, `s3:ListBucket` on buckets. An object action with the ARN of \
              a bucket, or a bucket action with that of objects, never matches.",
        instead: "Name the ARN of the right type; for a bucket and its objects that takes both.",
        source: Some(
            "https://docs.aws.amazon.com/AmazonS3/latest/userguide/security_iam_service-with-iam.html",
        ),
        kind: Kind::Policy(PolicyKind::Identity),
        found: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "arn:aws:s3:::bucket" }] }"#,
        clean: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": ["arn:aws:s3:::bucket", "arn:aws:s3:::bucket/*"] }] }"#,
    },
    Page {
        code: Code::VariableIn2008,
        title: "a policy variable in a document that has none",
        why: "Policy variables came with version 2012-10-17. In a document of version 2008-10-17, or without a version, `${aws:username}` is those fifteen \
              characters and matches nothing that was meant.",
        instead: "Write the version.",
        source: Some(
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html",
        ),
        kind: Kind::Policy(PolicyKind::Identity),
        found: r#"
{ "Version": "2008-10-17", "Statement": [{
    "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/${aws:username}/*" }] }"#,
        clean: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/${aws:username}/*" }] }"#,
    },
    Page {
        code: Code::ForAllValuesInAllow,
        title: "`ForAllValues` in an Allow, without `Null`",
        why: "`ForAllValues` holds for every value there is, and so for none: a request without the key satisfies it. In an Allow that grants to those who \
              send nothing.",
        instead: "Ask for the key as well, with `Null`.",
        source: Some(
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html",
        ),
        kind: Kind::Policy(PolicyKind::Identity),
        found: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Action": "kms:CreateKey", "Resource": "*",
    "Condition": { "ForAllValues:StringEquals": { "aws:TagKeys": ["team", "cost"] } } }] }"#,
        clean: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Action": "kms:CreateKey", "Resource": "*",
    "Condition": {
      "ForAllValues:StringEquals": { "aws:TagKeys": ["team", "cost"] },
      "Null": { "aws:TagKeys": "false" }
    } }] }"#,
    },
    Page {
        code: Code::UnknownAction,
        title: "an action that the service does not have",
        why: "AWS takes any name after the colon. One that no action has matches nothing: an Allow without effect, or a Deny of something that cannot happen.",
        instead: "Write the action as the service authorization reference does; API operations and actions often differ in name.",
        source: Some(
            "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html",
        ),
        kind: Kind::Policy(PolicyKind::Identity),
        found: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Action": "s3:ListObjectsV2", "Resource": "arn:aws:s3:::bucket" }] }"#,
        clean: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::bucket" }] }"#,
    },
    Page {
        code: Code::MfaKeyAbsent,
        title: "a Deny without MFA that spares long-term keys",
        why: "`aws:MultiFactorAuthPresent` is absent from requests that are signed with long-term access keys. `Bool` does not hold for an absent key, so the \
              Deny spares just those.",
        instead: "Write `BoolIfExists`.",
        source: Some(
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html",
        ),
        kind: Kind::Policy(PolicyKind::Identity),
        found: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "arn:aws:s3:::bucket/*",
    "Condition": { "Bool": { "aws:MultiFactorAuthPresent": "false" } } }] }"#,
        clean: r#"
{ "Version": "2012-10-17", "Statement": [{
    "Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "arn:aws:s3:::bucket/*",
    "Condition": { "BoolIfExists": { "aws:MultiFactorAuthPresent": "false" } } }] }"#,
    },
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop")]
    use super::*;
    use gainsay_iam::{Policy, lint::lint, review};

    #[test]
    fn every_example_is_found_and_every_counterpart_is_clean() {
        for page in crate::lint::policies() {
            let Kind::Policy(kind) = page.kind else {
                panic!("{} is not of a policy", page.code.as_str());
            };
            let of = |text: &str| {
                let review = review(kind, text, None);
                assert_eq!(review.errors, [], "{}", page.code.as_str());
                review.findings
            };
            let found = of(page.found);
            let codes: Vec<Code> = found.iter().map(|finding| Code::of(finding.lint)).collect();
            assert_eq!(codes, [page.code], "{found:?}");
            assert_eq!(of(page.clean), [], "{}", page.code.as_str());
        }
    }

    /// What AWS publishes, or is sensible, and once looked suspicious.
    #[test]
    #[rustfmt::skip] // One row, one statement.
    fn sensible_statements_are_clean() {
        let object = r#""Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*""#;
        let statements = [
            format!(r#""Effect": "Deny", {object}, "Condition": {{"NumericLessThan": {{"s3:TlsVersion": "1.2"}}}}"#),
            format!(r#""Effect": "Allow", {object}, "Condition": {{"DateGreaterThan": {{"aws:CurrentTime": "2026-01-01T00:00:00Z"}}, "DateLessThan": {{"aws:CurrentTime": "2026-06-30T23:59:59Z"}}}}"#),
            format!(r#""Effect": "Allow", {object}, "Condition": {{"IpAddress": {{"aws:SourceIp": "203.0.0.0/8"}}, "NotIpAddress": {{"aws:SourceIp": "203.0.113.0/24"}}}}"#),
            format!(r#""Effect": "Allow", {object}, "Condition": {{"StringLike": {{"aws:PrincipalArn": "arn:aws:iam::*:role/app-*"}}, "ArnLike": {{"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}}}}"#),
            format!(r#""Effect": "Deny", {object}, "Condition": {{"StringNotEqualsIfExists": {{"aws:PrincipalOrgID": "o-1"}}, "BoolIfExists": {{"aws:PrincipalIsAWSService": "false"}}}}"#),
            format!(r#""Effect": "Deny", {object}, "Condition": {{"BoolIfExists": {{"aws:SecureTransport": "false"}}}}"#),
            r#""Effect": "Allow", "Action": "kms:Decrypt", "Resource": "arn:aws:kms:eu-west-1:111122223333:*""#.to_owned(),
            r#""Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::111122223333:*""#.to_owned(),
            r#""Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:*""#.to_owned(),
            r#""Effect": "Allow", "Action": ["s3:GetAccessPoint", "s3:ListBucketMultipartUploads"], "Resource": "arn:aws:s3:eu-west-1:111122223333:accesspoint/mine""#.to_owned(),
            r#""Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/${aws:PrincipalTag/team}/*""#.to_owned(),
            r#""Effect": "Allow", "Action": "kms:CreateKey", "Resource": "*", "Condition": {"StringEquals": {"aws:RequestTag/team": "a"}, "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}"#.to_owned(),
            r#""Effect": "Allow", "Action": "kms:CreateGrant", "Resource": "*", "Condition": {"ForAllValues:StringEquals": {"kms:GrantOperations": ["Decrypt"]}}"#.to_owned(),
        ];
        for statement in statements {
            let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{{{statement}}}]}}"#);
            assert_eq!(lint(&Policy::from_text(PolicyKind::Identity, &text).unwrap()), [], "{statement}");
        }
    }

    #[test]
    fn the_words_are_those_of_the_engine() {
        let says = |condition: &str| {
            let text = format!(
                r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*", "Condition": {condition}}}]}}"#
            );
            let found = lint(&Policy::from_text(PolicyKind::Identity, &text).unwrap());
            found.first().unwrap().message.rsplit_once(", ").unwrap().1.to_owned()
        };
        for (condition, words) in [
            (r#"{"StringEquals": {"s3:prefix": "a"}}"#, "so the statement never matches"),
            (r#"{"StringNotEquals": {"s3:prefix": "a"}}"#, "so this always holds"),
            (
                r#"{"ForAnyValue:StringNotEquals": {"s3:prefix": "a"}}"#,
                "so the statement never matches",
            ),
            (r#"{"Null": {"s3:prefix": "false"}}"#, "so the statement never matches"),
            (r#"{"Null": {"s3:prefix": "true"}}"#, "so this always holds"),
        ] {
            assert_eq!(says(condition), words, "{condition}");
        }
    }
}
