//! Whether a bucket policy is public in the sense of S3 Block Public Access: what AWS calls "the
//! meaning of public"
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status>).

use crate::policy::condition::Condition;
use crate::policy::{Effect, Policy, Statement};

/// What is known of whether a policy is public.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Publicity {
    /// It grants only to principals that it names, or to everyone under conditions with fixed
    /// values.
    Private,
    /// It grants to everyone under conditions of which it is not known how AWS counts them.
    Unknown,
    /// It grants to everyone.
    Public,
}

/// What the values of a condition key must be, so that a statement for everyone is not public.
#[derive(Clone, Copy)]
enum Form {
    /// Without wildcards.
    Fixed,
    /// A fixed value, or a prefix of at least an organization and its root, and `*`.
    OrganizationPath,
    /// An ARN in which all but the last part is fixed.
    FixedAccount,
    /// `true`.
    True,
    /// Addresses in ranges not wider than `/8`, or `/32` of IPv6.
    Narrow,
    /// A fixed value; of a role's id with every session, `AROA...:*`, the page and what was tried
    /// differ.
    UserId,
}

/// The keys that tie a grant to everyone down. The page lists the keys down to
/// `s3:DataAccessPointAccount`, and calls the others "an AWS principal, user, role, or service
/// principal". How those count, and that a role's ARN may have a wildcard behind its account, was
/// tried on AWS by the authors of `@cloud-copilot/iam-simulate` 0.1.173, whose classifier of public
/// bucket policies says so; that the rest of an ARN's parts must be fixed is the page's rule.
const KEYS: &[(&str, Form)] = &[
    ("aws:sourceip", Form::Narrow),
    ("aws:sourcearn", Form::Fixed),
    ("aws:sourcevpc", Form::Fixed),
    ("aws:sourcevpce", Form::Fixed),
    ("aws:sourceowner", Form::Fixed),
    ("aws:sourceaccount", Form::Fixed),
    ("aws:userid", Form::UserId),
    ("s3:x-amz-server-side-encryption-aws-kms-key-id", Form::Fixed),
    ("s3:dataaccesspointarn", Form::FixedAccount),
    ("s3:dataaccesspointaccount", Form::Fixed),
    ("aws:principalorgid", Form::Fixed),
    ("aws:principalorgpaths", Form::OrganizationPath),
    ("aws:principalaccount", Form::Fixed),
    ("aws:principalarn", Form::FixedAccount),
    ("aws:principalisawsservice", Form::True),
    ("aws:principalservicename", Form::Fixed),
    ("aws:principalservicenameslist", Form::Fixed),
    ("aws:sourcevpcarn", Form::Fixed),
    ("aws:vpceaccount", Form::Fixed),
    ("aws:vpceorgid", Form::Fixed),
    ("aws:vpceorgpaths", Form::OrganizationPath),
];

/// The operators that say what a value must be, rather than what it must not, and that an absent
/// key does not satisfy.
const OPERATORS: &[&str] = &[
    "StringEquals",
    "StringEqualsIgnoreCase",
    "StringLike",
    "ArnEquals",
    "ArnLike",
    "Bool",
    "IpAddress",
    "ForAnyValue:StringEquals",
    "ForAnyValue:StringEqualsIgnoreCase",
    "ForAnyValue:StringLike",
    "ForAnyValue:ArnEquals",
    "ForAnyValue:ArnLike",
];

impl Policy {
    /// Whether the policy, of a bucket or an access point, is public in the sense of S3 Block
    /// Public Access: it is unless every statement that allows names its principals, or ties
    /// everyone down by a condition whose values are fixed.
    ///
    /// ```
    /// use gainsay_iam::{Policy, PolicyKind, Publicity};
    ///
    /// let publicity = |condition: &str| {
    ///     let text = format!(
    ///         r#"{{"Statement": {{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
    ///             "Resource": "arn:aws:s3:::b/*", "Condition": {condition}}}}}"#,
    ///     );
    ///     Policy::from_text(PolicyKind::Bucket, &text).map(|policy| policy.publicity())
    /// };
    /// let fixed = publicity(r#"{"StringEquals": {"aws:SourceVpce": "vpce-1"}}"#)?;
    /// assert_eq!(fixed, Publicity::Private);
    /// let pattern = publicity(r#"{"StringLike": {"aws:SourceVpce": "vpce-*"}}"#)?;
    /// assert_eq!(pattern, Publicity::Public);
    /// # Ok::<(), gainsay_iam::DocumentError>(())
    /// ```
    #[must_use]
    pub fn publicity(&self) -> Publicity {
        self.most_public().map_or(Publicity::Private, |(_, publicity)| publicity)
    }

    /// The statement that makes the policy public, or may, with what is known of it.
    pub(crate) fn most_public(&self) -> Option<(usize, Publicity)> {
        let statements = self.statements().iter().enumerate();
        let public = statements.map(|(index, statement)| (index, publicity(statement)));
        public
            .filter(|(_, publicity)| *publicity != Publicity::Private)
            .reduce(|first, next| if next.1 > first.1 { next } else { first })
    }
}

fn publicity(statement: &Statement) -> Publicity {
    if statement.effect() == Effect::Deny || !statement.names_everyone() {
        return Publicity::Private;
    }
    statement.conditions.iter().map(of_condition).min().unwrap_or(Publicity::Public)
}

/// What a statement for everyone is by one of its conditions.
fn of_condition(condition: &Condition) -> Publicity {
    let Some((_, form)) = KEYS.iter().find(|(key, _)| *key == condition.lower) else {
        return Publicity::Public;
    };
    if !OPERATORS.contains(&condition.name()) || condition.raw_values.is_empty() {
        return Publicity::Public;
    }
    let least = condition.raw_values.iter().map(|value| of_value(*form, value)).max();
    least.unwrap_or(Publicity::Public)
}

fn of_value(form: Form, value: &str) -> Publicity {
    let private = match form {
        Form::Fixed => is_fixed(value),
        Form::OrganizationPath => {
            let path = value.strip_suffix('*').unwrap_or(value);
            is_fixed(path) && path.starts_with("o-") && path.split('/').nth(1).is_some_and(is_fixed)
        }
        Form::FixedAccount => {
            let parts: Vec<&str> = value.splitn(6, ':').collect();
            match parts.as_slice() {
                ["arn", partition, service, region, account, name] => {
                    let head = [*partition, service, account];
                    head.into_iter().all(is_fixed)
                        && !region.contains(['*', '?', '$'])
                        && !name.contains('$')
                }
                _ => false,
            }
        }
        Form::True => value.eq_ignore_ascii_case("true"),
        Form::Narrow => is_narrow(value),
        Form::UserId => {
            if value.strip_suffix(":*").is_some_and(is_fixed) {
                return Publicity::Unknown;
            }
            is_fixed(value)
        }
    };
    if private { Publicity::Private } else { Publicity::Public }
}

/// Without wildcards or variables.
fn is_fixed(value: &str) -> bool {
    !value.is_empty() && !value.contains(['*', '?', '$'])
}

/// AWS calls ranges wider than /8 (IPv6: /32) public.
fn is_narrow(range: &str) -> bool {
    match range.parse::<ipnet::IpNet>() {
        Ok(net) => net.prefix_len() >= if net.addr().is_ipv4() { 8 } else { 32 },
        Err(_) => range.parse::<std::net::IpAddr>().is_ok(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at a surprise")]
    use serde_json::{Value, json};

    use super::*;
    use crate::layer::PolicyKind;

    fn of(principal: &Value, condition: &Value) -> Publicity {
        let document = json!({ "Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Principal": principal, "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::b/*", "Condition": condition
        } });
        Policy::from_value(PolicyKind::Bucket, &document).unwrap().publicity()
    }

    #[test]
    fn everyone_is_public_unless_tied_down() {
        let role = "arn:aws:iam::111122223333:role/x-*";
        for (condition, expected) in [
            (json!({}), Publicity::Public),
            (json!({ "StringEquals": { "aws:PrincipalTag/team": "a" } }), Publicity::Public),
            (json!({ "StringLike": { "aws:SourceVpc": "vpc-*" } }), Publicity::Public),
            (json!({ "StringNotEquals": { "aws:SourceVpc": "vpc-1" } }), Publicity::Public),
            (json!({ "StringEqualsIfExists": { "aws:SourceVpc": "vpc-1" } }), Publicity::Public),
            (
                json!({ "ForAllValues:StringEquals": { "aws:SourceVpc": "vpc-1" } }),
                Publicity::Public,
            ),
            (json!({ "StringEquals": { "aws:SourceVpc": "vpc-1" } }), Publicity::Private),
            (
                json!({ "StringEquals": { "aws:SourceVpce": ["vpce-1", "vpce-2"] } }),
                Publicity::Private,
            ),
            (
                json!({ "StringLike": { "aws:SourceVpce": ["vpce-1", "vpce-*"] } }),
                Publicity::Public,
            ),
            (json!({ "StringEquals": { "aws:userid": "${aws:userid}" } }), Publicity::Public),
            (json!({ "StringEquals": { "aws:userid": "AIDAEXAMPLE" } }), Publicity::Private),
            (json!({ "StringLike": { "aws:userid": "AROAEXAMPLE:*" } }), Publicity::Unknown),
            (json!({ "StringLike": { "aws:userid": "*" } }), Publicity::Public),
            (json!({ "IpAddress": { "aws:SourceIp": "0.0.0.0/1" } }), Publicity::Public),
            (
                json!({ "IpAddress": { "aws:SourceIp": ["10.0.0.0/8", "0.0.0.0/0"] } }),
                Publicity::Public,
            ),
            (json!({ "NotIpAddress": { "aws:SourceIp": "10.0.0.0/8" } }), Publicity::Public),
            (json!({ "IpAddress": { "aws:SourceIp": "10.0.0.0/8" } }), Publicity::Private),
            (json!({ "IpAddress": { "aws:SourceIp": "2001:db8::/31" } }), Publicity::Public),
            (json!({ "IpAddress": { "aws:SourceIp": "2001:db8::/32" } }), Publicity::Private),
            (
                json!({ "ArnLike": { "AWS:SourceArn": "arn:aws:sns:eu-west-1:1:t" } }),
                Publicity::Private,
            ),
            (json!({ "ArnLike": { "aws:PrincipalArn": role } }), Publicity::Private),
            (json!({ "ArnNotLike": { "aws:PrincipalArn": role } }), Publicity::Public),
            (
                json!({ "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/x" } }),
                Publicity::Public,
            ),
            (
                json!({ "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::1111*:role/x" } }),
                Publicity::Public,
            ),
            (
                json!({ "StringLike": { "s3:DataAccessPointArn": "arn:aws:s3:us-west-2:123456789012:accesspoint/*" } }),
                Publicity::Private,
            ),
            (
                json!({ "StringEquals": { "s3:DataAccessPointAccount": "123456789012" } }),
                Publicity::Private,
            ),
            (json!({ "StringEquals": { "aws:PrincipalOrgID": "o-1" } }), Publicity::Private),
            (
                json!({ "ForAnyValue:StringLike": { "aws:PrincipalOrgPaths": "o-1/r-1/*" } }),
                Publicity::Private,
            ),
            (
                json!({ "ForAnyValue:StringLike": { "aws:PrincipalOrgPaths": "*" } }),
                Publicity::Public,
            ),
            (json!({ "Bool": { "aws:PrincipalIsAWSService": "true" } }), Publicity::Private),
            (json!({ "Bool": { "aws:PrincipalIsAWSService": "false" } }), Publicity::Public),
            (
                json!({ "StringEquals": { "s3:ExistingObjectTag/a": "b", "aws:SourceVpc": "vpc-1" } }),
                Publicity::Private,
            ),
        ] {
            assert_eq!(of(&json!("*"), &condition), expected, "{condition}");
        }
    }

    #[test]
    fn a_named_principal_or_a_deny_is_not_public() {
        let root = "arn:aws:iam::111122223333:root";
        assert_eq!(of(&json!({ "AWS": [root, "*"] }), &json!({})), Publicity::Public);
        assert_eq!(of(&json!({ "AWS": root }), &json!({})), Publicity::Private);
        let service = json!({ "Service": "logging.s3.amazonaws.com" });
        assert_eq!(of(&service, &json!({})), Publicity::Private);
        let deny = json!({ "Statement": {
            "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*"
        } });
        let deny = Policy::from_value(PolicyKind::Bucket, &deny).unwrap();
        assert_eq!(deny.publicity(), Publicity::Private);
    }
}
