//! The header x-amz-expiration: when the current version of an object expires by a rule of its
//! bucket (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html>). It is told, and
//! nothing expires.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::dto::{
    BucketLifecycleConfiguration, ExpirationStatus, LifecycleRule, LifecycleRuleAndOperator,
    LifecycleRuleFilter, Tag,
};
use time::{Duration, OffsetDateTime, Time, macros::format_description};

use super::{OpenBucket, xml::document};
use crate::state::{Content, World};

/// The header for the object under a key as it is in the world now; nothing where no rule removes
/// it. Of several rules the one that is due first is told.
pub(super) fn header(world: &World, bucket: &OpenBucket, key: &str) -> Option<String> {
    let state = world.buckets.get(bucket.name())?;
    let stored = state.settings.get(&("PutBucketLifecycleConfiguration", String::new()))?;
    let root = "LifecycleConfiguration";
    let lifecycle: BucketLifecycleConfiguration = document(stored.as_bytes(), root).ok()?;
    let version = state.current(key)?;
    let content = version.content.as_ref()?;
    let due = lifecycle.rules.iter().filter(|rule| applies(rule, key, content));
    let due = due.filter_map(|rule| Some((expires(rule, version.modified)?, rule.id.as_deref()?)));
    let (date, id) = due.min_by_key(|(date, _)| *date)?;
    let format = format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    let (date, id) = (date.format(format).ok()?, utf8_percent_encode(id, KEPT));
    Some(format!("expiry-date=\"{date}\", rule-id=\"{id}\""))
}

/// What stays as it is in the id of a rule.
const KEPT: &percent_encoding::AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'*');

fn applies(rule: &LifecycleRule, key: &str, content: &Content) -> bool {
    let starts = |prefix: Option<&str>| prefix.is_none_or(|prefix| key.starts_with(prefix));
    let has = |tag: &Tag| {
        content.tags.iter().any(|(name, value)| {
            tag.key.as_ref() == Some(name) && tag.value.as_ref() == Some(value)
        })
    };
    let size = i64::try_from(content.size).unwrap_or(i64::MAX);
    let fits = |least: Option<i64>, most: Option<i64>| {
        least.is_none_or(|least| size > least) && most.is_none_or(|most| size < most)
    };
    let both = |and: &LifecycleRuleAndOperator| {
        starts(and.prefix.as_deref())
            && and.tags.iter().flatten().all(has)
            && fits(and.object_size_greater_than, and.object_size_less_than)
    };
    let filtered = |filter: &LifecycleRuleFilter| {
        starts(filter.prefix.as_deref())
            && filter.tag.iter().all(has)
            && fits(filter.object_size_greater_than, filter.object_size_less_than)
            && filter.and.as_ref().is_none_or(both)
    };
    rule.status.as_str() == ExpirationStatus::ENABLED
        && starts(rule.prefix.as_deref())
        && rule.filter.as_ref().is_none_or(filtered)
}

/// The midnight after so many days
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html>), or the date
/// of the rule.
fn expires(rule: &LifecycleRule, modified: OffsetDateTime) -> Option<OffsetDateTime> {
    let expiration = rule.expiration.as_ref()?;
    if let Some(date) = &expiration.date {
        return Some(OffsetDateTime::from(date.clone()));
    }
    let passed = modified + Duration::days(i64::from(expiration.days?));
    Some(passed.replace_time(Time::MIDNIGHT) + Duration::DAY)
}
