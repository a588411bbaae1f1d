//! Whether a bucket policy is public in the sense of Block Public Access: what AWS calls "the
//! meaning of public"
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>).

use serde_json::Value;

/// Keys that tie a grant down when their values are fixed.
const FIXED: &[&str] = &[
    "aws:sourcearn",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:sourceaccount",
    "aws:sourceowner",
    "aws:principalorgid",
    "aws:principalaccount",
    "aws:principalarn",
    "aws:userid",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "s3:dataaccesspointarn",
    "s3:dataaccesspointaccount",
];

/// Operators that say what a value must be, rather than what it must not.
const POSITIVE: &[&str] =
    &["stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike"];

/// Whether some statement grants to everyone, or to everyone but for a condition that does not tie
/// it down. In doubt it is public: then the policy is refused, and what is refused wrongly is seen.
pub(super) fn is_public(policy: &Value) -> bool {
    let statements = match &policy["Statement"] {
        Value::Array(statements) => statements.as_slice(),
        one => std::slice::from_ref(one),
    };
    statements.iter().any(|statement| {
        let allows = statement["Effect"] == "Allow";
        allows && names_everyone(statement) && !tied_down(statement)
    })
}

fn names_everyone(statement: &Value) -> bool {
    if !statement["NotPrincipal"].is_null() {
        return true;
    }
    let principal = &statement["Principal"];
    let aws = &principal["AWS"];
    principal == "*" || texts(aws).any(|text| text == "*")
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let many = value.as_array().map(Vec::as_slice).unwrap_or_default();
    many.iter().filter_map(Value::as_str).chain(value.as_str())
}

fn tied_down(statement: &Value) -> bool {
    let operators = statement["Condition"].as_object();
    operators.into_iter().flatten().any(|(operator, keys)| {
        let operator = operator.to_lowercase();
        let fixes = |key: &str, values: &Value| match key {
            "aws:sourceip" => operator == "ipaddress" && all(values, is_narrow),
            key => {
                POSITIVE.contains(&operator.as_str())
                    && FIXED.contains(&key)
                    && all(values, is_fixed)
            }
        };
        keys.as_object()
            .into_iter()
            .flatten()
            .any(|(key, values)| fixes(&key.to_lowercase(), values))
    })
}

fn all(values: &Value, test: fn(&str) -> bool) -> bool {
    texts(values).next().is_some() && texts(values).all(test)
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
    use super::*;
    use serde_json::json;

    fn policy(principal: &Value, condition: &Value) -> Value {
        json!({ "Statement": { "Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*", "Condition": condition } })
    }

    #[test]
    fn everyone_is_public_unless_tied_down() {
        let everyone = json!("*");
        for condition in [
            json!({}),
            json!({ "StringEquals": { "aws:PrincipalTag/team": "a" } }),
            json!({ "StringLike": { "aws:SourceVpc": "vpc-*" } }),
            json!({ "StringNotEquals": { "aws:SourceVpc": "vpc-1" } }),
            json!({ "StringEquals": { "aws:SourceVpc": [] } }),
            json!({ "StringEquals": { "aws:userid": "${aws:userid}" } }),
            json!({ "IpAddress": { "aws:SourceIp": "0.0.0.0/1" } }),
            json!({ "IpAddress": { "aws:SourceIp": ["10.0.0.0/8", "0.0.0.0/0"] } }),
            json!({ "NotIpAddress": { "aws:SourceIp": "10.0.0.0/8" } }),
        ] {
            assert!(is_public(&policy(&everyone, &condition)), "{condition}");
        }
        for condition in [
            json!({ "StringEquals": { "aws:SourceVpce": "vpce-1" } }),
            json!({ "IpAddress": { "aws:SourceIp": "10.0.0.0/8" } }),
            json!({ "ArnLike": { "AWS:SourceArn": "arn:aws:sns:eu-west-1:1:t" } }),
        ] {
            assert!(!is_public(&policy(&everyone, &condition)), "{condition}");
        }
    }

    #[test]
    fn a_named_principal_or_a_deny_is_not_public() {
        assert!(is_public(&policy(&json!({ "AWS": ["arn:aws:iam::1:root", "*"] }), &json!({}))));
        assert!(!is_public(&policy(&json!({ "AWS": "arn:aws:iam::1:root" }), &json!({}))));
        assert!(!is_public(&policy(&json!({ "Service": "logging.s3.amazonaws.com" }), &json!({}))));
        let mut deny = policy(&json!("*"), &json!({}));
        deny["Statement"]["Effect"] = json!("Deny");
        assert!(!is_public(&deny));
        assert!(!is_public(&json!({})));
    }
}
