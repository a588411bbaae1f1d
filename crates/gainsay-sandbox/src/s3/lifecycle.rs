//! Lifecycle configurations: what S3 takes, and when an object expires by them. Nothing expires in
//! the sandbox; answers say when it would.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html>.
//! Codes and words are those of public transcripts of AWS's answers, and of LocalStack's recordings
//! of 2026 (`test_bucket_lifecycle_configuration_object_expiry` and its like), which name what is
//! `MalformedXML`. What rests on neither is marked as assumed.

use gainsay_model::xml::Element;
use s3s::{S3Error, S3Result, dto::BucketLifecycleConfiguration};
use time::{
    Date, Duration, OffsetDateTime, Time, UtcOffset, format_description::well_known::Rfc3339,
    macros::format_description,
};

use super::{
    WithDetail as _, error,
    raw_request::RawRequest,
    setting_rules,
    xml::{document, document_of, malformed},
};
use crate::state::{Bucket, Version};

/// The operation that writes it, by which it is stored.
pub(super) const PUT: &str = "PutBucketLifecycleConfiguration";
/// Which objects are too small to change class where no rule says it, and what it can be
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html>).
pub(super) const MINIMUM_HEADER: &str = "x-amz-transition-default-minimum-object-size";
/// Its value where a request has none.
pub(super) const MINIMUM_DEFAULT: &str = "all_storage_classes_128K";
const MINIMUM_VALUES: [&str; 2] = [MINIMUM_DEFAULT, "varies_by_storage_class"];

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html>.
const MAX_RULES: usize = 1000;
const MAX_ID: usize = 255;
/// The largest object, in bytes.
const MAX_SIZE: u64 = 1_099_511_627_776_000;

/// The classes that objects can change to, and after how many days at the earliest
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html>).
const CLASSES: [(&str, u32); 6] = [
    ("STANDARD_IA", 30),
    ("ONEZONE_IA", 30),
    ("INTELLIGENT_TIERING", 0),
    ("GLACIER_IR", 0),
    ("GLACIER", 0),
    ("DEEP_ARCHIVE", 0),
];
const ACTIONS: [&str; 5] = [
    "Expiration",
    "Transition",
    "NoncurrentVersionExpiration",
    "NoncurrentVersionTransition",
    "AbortIncompleteMultipartUpload",
];
const PREDICATES: [&str; 5] =
    ["Prefix", "Tag", "And", "ObjectSizeGreaterThan", "ObjectSizeLessThan"];

fn argument(message: impl Into<String>) -> S3Error {
    error(400, "InvalidArgument", message)
}

fn request(message: impl Into<String>) -> S3Error {
    error(400, "InvalidRequest", message)
}

/// Reads a configuration and gives it back as S3 keeps it: every rule has an id.
pub(super) fn checked(raw: &RawRequest<'_>) -> S3Result<String> {
    let _typed: BucketLifecycleConfiguration = document(raw.body, "LifecycleConfiguration")?;
    let mut root = Element::read(raw.body).ok_or_else(malformed)?;
    if root.children.is_empty() || root.children.len() > MAX_RULES {
        return Err(malformed());
    }
    for rule in &root.children {
        check_rule(rule)?;
    }
    check_forms(&root)?;
    check_ids(&root)?;
    let sent = raw.header(MINIMUM_HEADER).unwrap_or(MINIMUM_DEFAULT);
    if !MINIMUM_VALUES.contains(&sent) {
        return Err(request(format!("Invalid TransitionDefaultMinimumObjectSize found: {sent}")));
    }
    for rule in &mut root.children {
        setting_rules::name(rule, "ID");
    }
    let rules: String = root.children.iter().map(Element::write).collect();
    Ok(document_of("LifecycleConfiguration", &rules))
}

fn check_rule(rule: &Element) -> S3Result<()> {
    if rule.name != "Rule" || !matches!(rule.get("Status"), Some("Enabled" | "Disabled")) {
        return Err(malformed());
    }
    check_filter(rule)?;
    rule.children.iter().try_for_each(|child| match child.name.as_str() {
        "Expiration" => check_expiration(child),
        "NoncurrentVersionExpiration" => {
            let days = child.get("NoncurrentDays").ok_or_else(malformed)?;
            positive(days, "NoncurrentDays", &child.name)
        }
        "Transition" => check_transition(child),
        "NoncurrentVersionTransition" => check_class(child, "NoncurrentDays"),
        "AbortIncompleteMultipartUpload" => {
            let days = child.get("DaysAfterInitiation").ok_or_else(malformed)?;
            positive(days, "DaysAfterInitiation", &child.name)
        }
        _ => Ok(()),
    })?;
    if !rule.children.iter().any(|child| ACTIONS.contains(&child.name.as_str())) {
        return Err(request("At least one action needs to be specified in a rule"));
    }
    check_together(rule)
}

/// What of a filter and of an action, or of two actions, S3 does not take together.
fn check_together(rule: &Element) -> S3Result<()> {
    let filter = Filter::of(rule);
    let sized = filter.more_than.is_some() || filter.less_than.is_some();
    let has = |action: &str| rule.child(action).is_some();
    let marker = rule.child("Expiration").and_then(|it| it.child("ExpiredObjectDeleteMarker"));
    // That a marker's code is that of an upload is assumed, and so is its refusal of tags.
    for (action, what, refused) in [
        (has("AbortIncompleteMultipartUpload"), "Tags", !filter.tags.is_empty()),
        (has("AbortIncompleteMultipartUpload"), "Object Size", sized),
        (marker.is_some(), "Tags", !filter.tags.is_empty()),
        (marker.is_some(), "Object Size", sized),
    ] {
        if action && refused {
            let action = if marker.is_some() && !has("AbortIncompleteMultipartUpload") {
                "ExpiredObjectDeleteMarker"
            } else {
                "AbortIncompleteMultipartUpload"
            };
            return Err(request(format!("{action} cannot be specified with {what}.")));
        }
    }
    let shown = format!("(prefix={})", filter.prefix);
    let transitions = || rule.children.iter().filter(|child| child.name == "Transition");
    for (at, transition) in transitions().enumerate() {
        let class = transition.get("StorageClass");
        if transitions().take(at).any(|earlier| earlier.get("StorageClass") == class) {
            return Err(argument(format!(
                "'StorageClass' must be different for 'Transition' actions in same 'Rule' with \
                 filter '{shown}'"
            )));
        }
    }
    let timed = || transitions().chain(rule.child("Expiration"));
    let by = |word: &str| timed().any(|action| action.child(word).is_some());
    if by("Date") && by("Days") {
        // The code is assumed.
        return Err(request(format!(
            "Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle \
             rule for filter '{shown}'"
        )));
    }
    Ok(())
}

fn check_filter(rule: &Element) -> S3Result<()> {
    let filter = match (rule.child("Filter"), rule.child("Prefix")) {
        (None, Some(_)) => return Ok(()),
        (Some(filter), None) => filter,
        // That a rule cannot have both is assumed.
        (Some(_), Some(_)) | (None, None) => return Err(malformed()),
    };
    if filter.children.len() > 1 {
        return Err(malformed());
    }
    let Some(predicate) = filter.children.first() else { return Ok(()) };
    let known = |element: &Element| PREDICATES.contains(&element.name.as_str());
    if !known(predicate) {
        return Err(malformed());
    }
    if predicate.name == "And" {
        let whole = predicate.children.len() > 1;
        if !whole || !predicate.children.iter().all(|it| known(it) && it.name != "And") {
            return Err(malformed());
        }
    }
    let read = Filter::of(rule);
    let repeated = read
        .tags
        .iter()
        .enumerate()
        .any(|(at, (key, _))| read.tags.iter().take(at).any(|(earlier, _)| earlier == key));
    if repeated {
        return Err(request("Duplicate Tag Keys are not allowed."));
    }
    match (read.more_than, read.less_than) {
        (_, Some(most)) if most == 0 || most > MAX_SIZE => {
            Err(request(format!("'ObjectSizeLessThan' should be between 1 and {MAX_SIZE}.")))
        }
        (Some(least), Some(most)) if most <= least => Err(request(
            "'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'.",
        )),
        _ => Ok(()),
    }
}

fn check_expiration(expiration: &Element) -> S3Result<()> {
    // Of the three there may be one.
    let [one] = expiration.children.as_slice() else { return Err(malformed()) };
    match one.name.as_str() {
        "Days" => positive(&one.text, "Days", "Expiration"),
        "Date" => midnight(&one.text).map(|_| ()),
        "ExpiredObjectDeleteMarker" => Ok(()),
        _ => Err(malformed()),
    }
}

fn check_transition(transition: &Element) -> S3Result<()> {
    match (transition.get("Days"), transition.get("Date")) {
        (Some(_), None) => check_class(transition, "Days"),
        (None, Some(date)) => midnight(date).and_then(|_| class(transition).map(|_| ())),
        (Some(_), Some(_)) | (None, None) => Err(malformed()),
    }
}

fn class(transition: &Element) -> S3Result<(&'static str, u32)> {
    let class = transition.get("StorageClass").unwrap_or_default();
    CLASSES.iter().find(|(name, _)| *name == class).copied().ok_or_else(malformed)
}

/// Whether the class is one that there is, and not entered too early. Noncurrent versions are
/// assumed to be worded as current ones.
fn check_class(transition: &Element, member: &str) -> S3Result<()> {
    let (class, least) = class(transition)?;
    let days: i64 = transition.get(member).unwrap_or_default().parse().map_err(|_| malformed())?;
    let action = transition.name.as_str();
    if days < 0 {
        return Err(argument(format!("'{member}' in {action} action must be nonnegative")));
    }
    if days < i64::from(least) {
        return Err(argument(format!(
            "'{member}' in {action} action must be greater than or equal to {least} for \
             storageClass '{class}'"
        )));
    }
    Ok(())
}

fn positive(days: &str, member: &str, action: &str) -> S3Result<()> {
    let days: i64 = days.parse().map_err(|_| malformed())?;
    if days > 0 {
        return Ok(());
    }
    Err(argument(format!("'{member}' for {action} action must be a positive integer")))
}

/// A date, which begins a day.
fn midnight(text: &str) -> S3Result<OffsetDateTime> {
    let read = OffsetDateTime::parse(text, &Rfc3339).ok();
    let day = || {
        let day = Date::parse(text, format_description!("[year]-[month]-[day]")).ok()?;
        Some(day.midnight().assume_utc())
    };
    let at = read.or_else(day).ok_or_else(malformed)?.to_offset(UtcOffset::UTC);
    if at.time() == Time::MIDNIGHT {
        return Ok(at);
    }
    // How AWS writes the value is not known.
    let error = argument("'Date' must be at midnight GMT").with_detail("ArgumentName", "Date");
    Err(error.with_detail("ArgumentValue", text))
}

/// A configuration has prefixes at the level of its rules, or filters.
fn check_forms(root: &Element) -> S3Result<()> {
    let with = |name: &str| root.children.iter().position(|rule| rule.child(name).is_some());
    match (with("Prefix"), with("Filter")) {
        (Some(prefix), Some(filter)) if prefix < filter => {
            Err(request("Filter element can only be used in Lifecycle V2."))
        }
        (Some(_), Some(_)) => Err(request(concat!(
            "Base level prefix cannot be used in Lifecycle V2, prefixes are only supported in the ",
            "Filter."
        ))),
        (Some(_), None) | (None, Some(_) | None) => Ok(()),
    }
}

fn check_ids(root: &Element) -> S3Result<()> {
    let ids: Vec<&str> = root.children.iter().filter_map(|rule| rule.get("ID")).collect();
    if ids.iter().any(|id| id.chars().count() > MAX_ID) {
        return Err(argument("ID length should not exceed allowed limit of 255"));
    }
    let repeated =
        |(at, id): (usize, &&str)| !id.is_empty() && ids.iter().take(at).any(|i| i == id);
    if ids.iter().enumerate().any(repeated) {
        return Err(argument("Rule ID must be unique. Found same ID for more than one rule"));
    }
    Ok(())
}

/// Which objects a rule is about.
#[derive(Default)]
struct Filter<'a> {
    prefix: &'a str,
    tags: Vec<(&'a str, &'a str)>,
    more_than: Option<u64>,
    less_than: Option<u64>,
}

impl<'a> Filter<'a> {
    fn of(rule: &'a Element) -> Self {
        let mut read = Self::default();
        let filter = rule.child("Filter").unwrap_or(rule);
        for predicate in &filter.child("And").unwrap_or(filter).children {
            match predicate.name.as_str() {
                "Prefix" => read.prefix = &predicate.text,
                "Tag" => read.tags.push((
                    predicate.get("Key").unwrap_or_default(),
                    predicate.get("Value").unwrap_or_default(),
                )),
                "ObjectSizeGreaterThan" => read.more_than = predicate.text.parse().ok(),
                "ObjectSizeLessThan" => read.less_than = predicate.text.parse().ok(),
                _ => {}
            }
        }
        read
    }

    fn matches(&self, key: &str, tags: &[(String, String)], size: u64) -> bool {
        key.starts_with(self.prefix)
            && self.tags.iter().all(|(key, value)| tags.iter().any(|(k, v)| k == key && v == value))
            && self.more_than.is_none_or(|least| size > least)
            && self.less_than.is_none_or(|most| size < most)
    }
}

/// `x-amz-expiration` of the current version of an object: when the first rule that it meets has it
/// expire, at the midnight after so many days
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-expire-general-considerations.html>).
/// The id stands there as it is, spaces and all, in every public transcript.
pub(crate) fn expiration(bucket: &Bucket, key: &str, version: &Version) -> Option<String> {
    let text = bucket.settings.get(&(PUT, String::new()))?;
    let content = version.content.as_ref()?;
    let root = Element::read(text.as_bytes())?;
    let due = root.children.iter().filter(|rule| {
        rule.get("Status") == Some("Enabled")
            && Filter::of(rule).matches(key, &content.tags, content.size)
    });
    let due = due.filter_map(|rule| {
        let expiration = rule.child("Expiration")?;
        let at = match (expiration.get("Days"), expiration.get("Date")) {
            (Some(days), _) => {
                let days = Duration::days(days.parse().ok()?);
                let day = version.modified.to_offset(UtcOffset::UTC).checked_add(days)?;
                day.date().next_day()?.midnight().assume_utc()
            }
            (None, Some(date)) => midnight(date).ok()?,
            (None, None) => return None,
        };
        Some((at, rule.get("ID").unwrap_or_default()))
    });
    // Of several at the same time the first is named.
    let (at, id) = due.min_by_key(|(at, _)| *at)?;
    let format = format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    Some(format!("expiry-date=\"{}\", rule-id=\"{id}\"", at.format(format).ok()?))
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    fn outcome(rules: &str, minimum: Option<&str>) -> String {
        let mut headers = HeaderMap::new();
        if let Some(minimum) = minimum.and_then(|text| text.parse().ok()) {
            headers.insert(MINIMUM_HEADER, minimum);
        }
        let body = format!("<LifecycleConfiguration>{rules}</LifecycleConfiguration>");
        let raw = RawRequest {
            operation: PUT,
            bucket: "b",
            key: "",
            query: &[],
            headers: &headers,
            body: body.as_bytes(),
        };
        match checked(&raw) {
            Ok(text) => text,
            Err(error) => {
                format!("{} {}", error.code().as_str(), error.message().unwrap_or_default())
            }
        }
    }

    fn rule(inner: &str) -> String {
        format!("<Rule><ID>r</ID><Status>Enabled</Status>{inner}</Rule>")
    }

    const ALL: &str = "<Filter/>";
    const EXPIRES: &str = "<Expiration><Days>7</Days></Expiration>";

    #[test]
    fn a_rule_is_kept_with_an_id() {
        let kept = outcome(&rule(&format!("{ALL}{EXPIRES}")), None);
        assert!(kept.contains("<ID>r</ID>"), "{kept}");
        let made = outcome(&rule(&format!("{ALL}{EXPIRES}")).replace("<ID>r</ID>", ""), None);
        let id = made.split("<ID>").nth(1).and_then(|rest| rest.split("</ID>").next());
        assert_eq!(id.map(str::len), Some(48), "{made}");
    }

    #[test]
    fn what_is_no_rule_is_refused_in_aws_words() {
        let transition = |days: u32, class: &str| {
            format!(
                "<Transition><Days>{days}</Days><StorageClass>{class}</StorageClass></Transition>"
            )
        };
        let tag = "<Tag><Key>a</Key><Value>b</Value></Tag>";
        let early = "InvalidArgument 'Days' in Transition action must be greater than or equal to 30 \
                     for storageClass 'STANDARD_IA'";
        for (inner, expected) in [
            (EXPIRES.to_owned(), "MalformedXML"),
            (format!("<Filter><Prefix>a</Prefix>{tag}</Filter>{EXPIRES}"), "MalformedXML"),
            (format!("<Filter><And><Prefix>a</Prefix></And></Filter>{EXPIRES}"), "MalformedXML"),
            (
                format!("<Filter><And>{tag}{tag}</And></Filter>{EXPIRES}"),
                "InvalidRequest Duplicate Tag Keys are not allowed.",
            ),
            (format!("{ALL}<NoncurrentVersionExpiration/>"), "MalformedXML"),
            (
                format!(
                    "{ALL}<Expiration><Days>1</Days><ExpiredObjectDeleteMarker>true\
                     </ExpiredObjectDeleteMarker></Expiration>"
                ),
                "MalformedXML",
            ),
            (
                format!("{ALL}<Expiration><Date>2027-01-01T00:00:01Z</Date></Expiration>"),
                "InvalidArgument 'Date' must be at midnight GMT",
            ),
            (
                format!("{ALL}<Expiration><Days>0</Days></Expiration>"),
                "InvalidArgument 'Days' for Expiration action must be a positive integer",
            ),
            (format!("{ALL}{}", transition(29, "STANDARD_IA")), early),
            (format!("{ALL}{}", transition(30, "NONE")), "MalformedXML"),
            (ALL.to_owned(), "InvalidRequest At least one action needs"),
            (
                format!(
                    "<Filter>{tag}</Filter><AbortIncompleteMultipartUpload><DaysAfterInitiation>1\
                     </DaysAfterInitiation></AbortIncompleteMultipartUpload>"
                ),
                "InvalidRequest AbortIncompleteMultipartUpload cannot be specified with Tags.",
            ),
        ] {
            let answer = outcome(&rule(&inner), None);
            assert!(answer.starts_with(expected), "{inner}: {answer}");
        }
        let good = rule(&format!("{ALL}{EXPIRES}"));
        let twice = outcome(&(good.clone() + &good), None);
        assert!(twice.starts_with("InvalidArgument Rule ID must be unique."), "{twice}");
        let long = outcome(&good.replace(">r<", &format!(">{}<", "r".repeat(256))), None);
        assert!(long.starts_with("InvalidArgument ID length"), "{long}");
        let mixed = good.replace(">r<", ">s<").replace("<Filter/>", "<Prefix>a</Prefix>");
        let mixed = outcome(&(good.clone() + &mixed), None);
        assert!(mixed.starts_with("InvalidRequest Base level prefix"), "{mixed}");
        assert_eq!(
            outcome(&good, Some("value")),
            "InvalidRequest Invalid TransitionDefaultMinimumObjectSize found: value"
        );
        for fine in [
            format!("{ALL}{}", transition(30, "STANDARD_IA")),
            format!("{ALL}{}", transition(0, "GLACIER")),
            format!("<Prefix>a</Prefix>{EXPIRES}"),
            format!("{ALL}<Expiration><Date>2027-01-01T00:00:00Z</Date></Expiration>"),
        ] {
            let answer = outcome(&rule(&fine), Some("varies_by_storage_class"));
            assert!(answer.starts_with("<?xml"), "{fine}: {answer}");
        }
    }
}
