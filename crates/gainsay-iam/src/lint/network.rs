//! Conditions on addresses and networks.

use ipnet::IpNet;

use super::{At, Lint};
use crate::pattern::patterns_overlap;
use crate::policy::Statement;
use crate::policy::condition::Condition;
use crate::policy::operand::{Test, network};

/// Ranges that no request from the internet has: private, link-local and loopback addresses.
///
/// RFC 1918, RFC 3927, RFC 1122, RFC 6598, RFC 4193, RFC 4291.
const PRIVATE: &[&str] = &[
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "127.0.0.0/8",
    "fc00::/7",
    "fe80::/10",
    "::1/128",
];

pub(super) fn check(statement: &Statement, at: &mut At<'_>) {
    for condition in &statement.conditions {
        if condition.test() == Test::Ip {
            private(condition, at);
            host_bits(condition, at);
        }
        ids(condition, at);
        paired(condition, statement, at);
    }
}

fn is_private(net: &IpNet) -> bool {
    PRIVATE.iter().any(|range| range.parse::<IpNet>().is_ok_and(|range| range.contains(net)))
}

fn private(condition: &Condition, at: &mut At<'_>) {
    if condition.lower != "aws:sourceip" {
        return;
    }
    let is = |value: &&String| network(value).is_some_and(|net| is_private(&net));
    let values: Vec<&String> = condition.raw_values.iter().filter(is).collect();
    let Some(first) = values.first() else {
        return;
    };
    let so = match (values.len() == condition.raw_values.len(), condition.operator().is_negated()) {
        (true, false) => "so this never holds",
        (true, true) => "so this always holds",
        (false, _) => "so this value has no effect",
    };
    let message = format!(
        "`{first}` is private, and `aws:SourceIp` has public addresses only, {so}; \
         `aws:VpcSourceIp` has the address of a request through a VPC endpoint"
    );
    at.condition(Lint::PrivateSourceIp, condition, message);
}

fn host_bits(condition: &Condition, at: &mut At<'_>) {
    for value in &condition.raw_values {
        if let Ok(net) = value.parse::<IpNet>()
            && net.trunc() != net
        {
            let message = format!(
                "the address of `{value}` has bits set behind its mask, which are ignored: write \
                 `{}`",
                net.trunc()
            );
            at.condition(Lint::IpRangeHostBits, condition, message);
        }
    }
}

/// Keys whose values are ids, and what the ids begin with.
const IDS: &[(&str, &str)] =
    &[("aws:sourcevpc", "vpc-"), ("aws:sourcevpce", "vpce-"), ("aws:ec2instancesourcevpc", "vpc-")];

/// An id of a VPC or an endpoint has 8 or 17 hexadecimal digits
/// (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html>).
fn ids(condition: &Condition, at: &mut At<'_>) {
    let Some((_, start)) = IDS.iter().find(|(key, _)| condition.lower == *key) else {
        return;
    };
    let is_text = matches!(condition.test(), Test::Equals | Test::EqualsIgnoreCase | Test::Like);
    let wild = |value: &str| condition.test() == Test::Like && value.contains(['*', '?']);
    let fits = |value: &str| {
        if wild(value) {
            return [8, 17]
                .iter()
                .any(|digits| patterns_overlap(value, &format!("{start}{}", "?".repeat(*digits))));
        }
        value.strip_prefix(start).is_some_and(|digits| {
            matches!(digits.len(), 8 | 17)
                && digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        })
    };
    let bad = |value: &&String| !value.contains("${") && !fits(value);
    if is_text && let Some(value) = condition.raw_values.iter().find(bad) {
        let message = format!(
            "`{value}` is no id that `{}` has: `{start}` and 8 or 17 hexadecimal digits",
            condition.key
        );
        at.condition(Lint::MalformedVpcId, condition, message);
    }
}

/// Private addresses repeat from VPC to VPC
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-vpcsourceip>).
fn paired(condition: &Condition, statement: &Statement, at: &mut At<'_>) {
    const PAIRS: &[&str] = &["aws:sourcevpc", "aws:sourcevpce", "aws:sourcevpcarn"];
    let has_pair =
        || statement.conditions.iter().any(|other| PAIRS.contains(&other.lower.as_str()));
    // As a variable in `aws:Ec2InstanceSourcePrivateIPv4` it is compared and not listed.
    if condition.lower == "aws:vpcsourceip" && condition.test() == Test::Ip && !has_pair() {
        let message = "every VPC may have these addresses: ask for the VPC as well, with \
                       `aws:SourceVpc` or `aws:SourceVpce`";
        at.condition(Lint::MissingPairedKey, condition, message.to_owned());
    }
}
