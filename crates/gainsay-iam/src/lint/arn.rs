//! ARNs field by field: which resource types a pattern may match.

use crate::actions::ResourceType;
use crate::pattern::{broadest_pattern, patterns_overlap};

/// The six fields of an ARN pattern, variables as `*`. Fields that the pattern leaves to a trailing
/// `*` are `*`. `None` for `*` alone, and for what has too few fields.
pub(super) fn fields(pattern: &str) -> Option<[String; 6]> {
    let broad = broadest_pattern(pattern);
    let mut parts: Vec<&str> = broad.splitn(6, ':').collect();
    if parts.len() < 2 || parts.first() != Some(&"arn") {
        return None;
    }
    if parts.len() < 6 && broad.ends_with('*') {
        parts.resize(6, "*");
    }
    let parts: Vec<String> = parts.into_iter().map(str::to_owned).collect();
    parts.try_into().ok()
}

/// The names of the fields, for messages.
pub(super) const NAMES: [&str; 6] = ["prefix", "partition", "service", "Region", "account", "name"];

/// The first field in which no ARN of a type can match a pattern; `None` if all may. A `*` of the
/// type stays within its field: it is no colon.
pub(super) fn mismatch(pattern: &[String; 6], of: ResourceType) -> Option<usize> {
    let mut expected = of.arn().splitn(6, ':');
    (0..6).zip(pattern).find_map(|(at, field)| {
        let expected = expected.next().unwrap_or_default();
        (!field_overlaps(at, field, expected, of)).then_some(at)
    })
}

fn field_overlaps(at: usize, field: &str, expected: &str, of: ResourceType) -> bool {
    let expected = match (at, expected) {
        // With an empty Region the access point is a multi-Region one.
        (3, "*") if matches!(of, ResourceType::AccessPoint | ResourceType::AccessPointObject) => {
            "*"
        }
        (3, "*") => "?*",
        (4, "*") => "????????????",
        _ => expected,
    };
    // The name of a bucket has no slash, and every S3 ARN with an empty account that has one is
    // that of an object.
    let of_object = at == 5 && of == ResourceType::Bucket && field.contains('/');
    patterns_overlap(field, expected) && !of_object
}

/// Whether an ARN of a type may match a pattern.
pub(super) fn overlaps(pattern: &[String; 6], of: ResourceType) -> bool {
    mismatch(pattern, of).is_none()
}

/// The partitions of AWS and the beginning of the names of their Regions.
///
/// <https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html>
/// and the endpoints of the AWS SDKs (`partitions.json`).
pub(super) const PARTITIONS: &[(&str, &[&str])] = &[
    ("aws", &["us-", "eu-", "ap-", "ca-", "sa-", "me-", "af-", "il-", "mx-"]),
    ("aws-cn", &["cn-"]),
    ("aws-us-gov", &["us-gov-"]),
    ("aws-iso", &["us-iso-"]),
    ("aws-iso-b", &["us-isob-"]),
    ("aws-iso-e", &["eu-isoe-"]),
    ("aws-iso-f", &["us-isof-"]),
    ("aws-eusc", &["eusc-"]),
];

/// What is wrong with the partition of an ARN pattern.
pub(super) fn wrong_partition(partition: &str, region: &str) -> Option<String> {
    if !is_partition(partition) {
        let names: Vec<&str> = PARTITIONS.iter().map(|(name, _)| *name).collect();
        return Some(format!(
            "AWS has no partition `{partition}`; there are `{}`",
            names.join("`, `")
        ));
    }
    // The longest beginning: `us-gov-` before `us-`.
    let (own, _) = PARTITIONS
        .iter()
        .flat_map(|(name, starts)| starts.iter().map(move |start| (*name, *start)))
        .filter(|(_, start)| region.starts_with(start))
        .max_by_key(|(_, start)| start.len())?;
    (!patterns_overlap(partition, own))
        .then(|| format!("the Region `{region}` is in partition `{own}`, not in `{partition}`"))
}

/// Whether AWS has a partition, or one that a pattern may match.
pub(crate) fn is_partition(partition: &str) -> bool {
    PARTITIONS.iter().any(|(name, _)| patterns_overlap(partition, name))
}

/// Whether a text has the form of a Region's name, such as `eu-west-1` or `us-gov-east-1`.
pub(super) fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let ([first, middle @ .., last], true) = (parts.as_slice(), parts.len() >= 3) else {
        return false;
    };
    let letters = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    (2..=4).contains(&first.len())
        && letters(first)
        && middle.iter().all(|part| letters(part))
        && !last.is_empty()
        && last.bytes().all(|b| b.is_ascii_digit())
}
