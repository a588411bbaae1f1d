//! Object Lock: retention periods and legal holds, which keep versions from being removed or
//! weakened (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html>). The clock
//! is the sandbox's.
//!
//! Codes and messages are those recorded from AWS by localstack's snapshots of 2026-02-21, where
//! there are such.

use gainsay_iam::{Context, Layer};
use gainsay_model::Versioning;
use s3s::{
    S3Result,
    dto::{
        ObjectLockConfiguration, ObjectLockLegalHold, ObjectLockLegalHoldStatus, ObjectLockMode,
        ObjectLockRetention, Timestamp,
    },
};
use time::{Date, Duration, Month, OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    OpenBucket, error,
    error_detail::WithDetail as _,
    not_modelled, open,
    raw_request::{RawRequest, RawResponse},
    versions,
    xml::{document, malformed},
};
use crate::{
    authorize::Scope,
    state::{
        Content, DefaultRetention, Lock, LockConfiguration, LockMode, Retention, Version, World,
    },
};

/// Operation and what it does.
type Handler = fn(&mut World, &Scope, &RawRequest<'_>) -> S3Result<RawResponse>;

const OPERATIONS: &[(&str, Handler)] = &[
    ("PutObjectLockConfiguration", put_configuration),
    ("GetObjectLockConfiguration", get_configuration),
    ("PutObjectRetention", put_retention),
    ("GetObjectRetention", get_retention),
    ("PutObjectLegalHold", put_hold),
    ("GetObjectLegalHold", get_hold),
];

/// Whether an operation is one of these.
pub(super) fn knows(operation: &str) -> bool {
    OPERATIONS.iter().any(|(name, _)| *name == operation)
}

/// Answers an operation on Object Lock.
pub(super) fn answer(
    world: &mut World,
    scope: &Scope,
    raw: &RawRequest<'_>,
) -> S3Result<RawResponse> {
    let found = OPERATIONS.iter().find(|(name, _)| *name == raw.operation);
    let (_, handler) = found.ok_or_else(|| not_modelled("this operation"))?;
    handler(world, scope, raw)
}

const PROTECTED: &str = "Access Denied because object protected by object lock.";

fn no_lock() -> s3s::S3Error {
    error(400, "InvalidRequest", "Bucket is missing Object Lock Configuration")
}

fn mode(word: &str) -> Option<LockMode> {
    match word {
        "GOVERNANCE" => Some(LockMode::Governance),
        "COMPLIANCE" => Some(LockMode::Compliance),
        _ => None,
    }
}

impl LockMode {
    /// The API's word for the mode.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Governance => "GOVERNANCE",
            Self::Compliance => "COMPLIANCE",
        }
    }
}

/// The headers of an upload about Object Lock.
pub(super) struct LockHeaders<'a> {
    pub mode: Option<&'a ObjectLockMode>,
    pub until: Option<&'a Timestamp>,
    pub legal_hold: Option<&'a ObjectLockLegalHoldStatus>,
}

/// What an upload asks for, beside what the bucket gives every version.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LockRequest {
    retention: Option<Retention>,
    hold: Option<bool>,
}

impl LockHeaders<'_> {
    /// Reads the headers.
    ///
    /// # Errors
    /// They are not valid, or the bucket has no Object Lock.
    pub(super) fn read(&self, bucket: &OpenBucket, now: OffsetDateTime) -> S3Result<LockRequest> {
        if self.mode.is_none() && self.until.is_none() && self.legal_hold.is_none() {
            return Ok(LockRequest::default());
        }
        let invalid = |message: &'static str| error(400, "InvalidArgument", message);
        let retention = match (self.mode, self.until) {
            (None, None) => None,
            (Some(word), Some(until)) => {
                let mode = mode(word.as_str()).ok_or_else(|| {
                    // As https://github.com/versity/versitygw/issues/1736 quotes AWS.
                    invalid("Unknown wormMode directive.")
                        .with_detail("ArgumentName", "x-amz-object-lock-mode")
                        .with_detail("ArgumentValue", word.as_str())
                })?;
                Some(Retention { mode, until: OffsetDateTime::from(until.clone()) })
            }
            // Which one AWS names is assumed: the one that is missing.
            (mode, None) | (mode @ None, Some(_)) => {
                let missing = match mode {
                    Some(_) => "x-amz-object-lock-retain-until-date",
                    None => "x-amz-object-lock-mode",
                };
                return Err(invalid(concat!(
                    "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode ",
                    "must both be supplied"
                ))
                .with_detail("ArgumentName", missing));
            }
        };
        let hold = match self.legal_hold.map(ObjectLockLegalHoldStatus::as_str) {
            None => None,
            Some("ON") => Some(true),
            Some("OFF") => Some(false),
            // As https://github.com/versity/versitygw/issues/1775 quotes AWS.
            Some(word) => {
                return Err(invalid("Legal Hold must be either of 'ON' or 'OFF'")
                    .with_detail("ArgumentName", "x-amz-object-lock-legal-hold")
                    .with_detail("ArgumentValue", word));
            }
        };
        if bucket.state.lock.is_none() {
            // One word here, as https://github.com/versity/versitygw/issues/1751 quotes AWS.
            let message = "Bucket is missing ObjectLockConfiguration";
            return Err(error(400, "InvalidRequest", message));
        }
        if let Some(past) = retention.filter(|retention| retention.until <= now) {
            return Err(in_the_past("x-amz-object-lock-retain-until-date", past.until));
        }
        Ok(LockRequest { retention, hold })
    }
}

impl LockRequest {
    /// Sets the condition keys about it. They have what will hold, so that policies see the
    /// bucket's default, too (recorded by third parties).
    pub(super) fn set_context(
        &self,
        context: &mut Context,
        bucket: &OpenBucket,
        now: OffsetDateTime,
    ) {
        let lock = self.of_new_version(bucket, now);
        if let Some(retention) = &lock.retention {
            set_retention(context, retention, now);
        }
        if let Some(hold) = lock.hold {
            context.set("s3:object-lock-legal-hold", hold_word(hold));
        }
    }

    /// The actions it takes besides s3:PutObject
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>).
    pub(super) fn actions(&self) -> impl Iterator<Item = &'static str> {
        let retention = self.retention.map(|_| "s3:PutObjectRetention");
        retention.into_iter().chain(self.hold.map(|_| "s3:PutObjectLegalHold"))
    }

    /// The lock of a new version: what was asked for, or the bucket's default from now on. A legal
    /// hold that is said to be off leaves the default out (recorded by third parties).
    pub(super) fn of_new_version(&self, bucket: &OpenBucket, now: OffsetDateTime) -> Lock {
        let default = bucket.state.lock.as_ref().and_then(|lock| lock.default);
        let default = default.filter(|_| self.hold != Some(false));
        let retention = self.retention.or_else(|| {
            default.map(|default| Retention { mode: default.mode, until: default.until(now) })
        });
        Lock { retention, hold: self.hold }
    }

    /// Whether an upload has to bring a digest of its body.
    pub(super) fn needs_digest(&self, bucket: &OpenBucket) -> bool {
        let default = bucket.state.lock.as_ref().is_some_and(|lock| lock.default.is_some());
        default || self.retention.is_some() || self.hold.is_some()
    }
}

impl DefaultRetention {
    /// When the retention of a version that is made now ends. Years are those of the calendar
    /// (recorded by third parties); what becomes of 29 February is assumed.
    fn until(self, now: OffsetDateTime) -> OffsetDateTime {
        if !self.in_years {
            return now + Duration::days(i64::from(self.period));
        }
        let year = now.year().saturating_add(i32::try_from(self.period).unwrap_or(i32::MAX));
        let same_day = now.replace_year(year);
        same_day.unwrap_or_else(|_| now + Duration::days(i64::from(self.period) * 365))
    }
}

fn set_retention(context: &mut Context, retention: &Retention, now: OffsetDateTime) {
    context.set("s3:object-lock-mode", retention.mode.as_str());
    context.set("s3:object-lock-retain-until-date", date(retention.until));
    // Whole days, begun ones too (assumed).
    let seconds = (retention.until - now).whole_seconds().max(0);
    let days = seconds / 86_400 + i64::from(seconds % 86_400 != 0);
    context.set("s3:object-lock-remaining-retention-days", days.to_string());
}

/// The error of a date that has passed, which it names in the time of the Pacific (recorded by
/// LocalStack, `test_s3_put_object_retention`: `Tue Dec 31 16:00:00 PST 2019`).
fn in_the_past(argument: &'static str, until: OffsetDateTime) -> s3s::S3Error {
    error(400, "InvalidArgument", "The retain until date must be in the future!")
        .with_detail("ArgumentName", argument)
        .with_detail("ArgumentValue", pacific(until))
}

/// A time as the Pacific writes it: an hour ahead from the second Sunday of March to the first of
/// November, from two o'clock on.
fn pacific(time: OffsetDateTime) -> String {
    let sunday = |month, number: i64| {
        let first = Date::from_calendar_date(time.year(), month, 1).unwrap_or(Date::MIN);
        let to_sunday = (7 - i64::from(first.weekday().number_days_from_sunday())) % 7;
        first.saturating_add(Duration::days(to_sunday + 7 * (number - 1))).midnight().assume_utc()
    };
    // Two o'clock is ten in UTC, and nine once clocks are ahead.
    let summer = (sunday(Month::March, 2) + Duration::hours(10))
        ..(sunday(Month::November, 1) + Duration::hours(9));
    let (hours, zone) = if summer.contains(&time) { (7, "PDT") } else { (8, "PST") };
    let local = time - Duration::hours(hours);
    let (weekday, month) = (local.weekday().to_string(), local.month().to_string());
    format!(
        "{} {} {:02} {:02}:{:02}:{:02} {zone} {}",
        weekday.get(..3).unwrap_or_default(),
        month.get(..3).unwrap_or_default(),
        local.day(),
        local.hour(),
        local.minute(),
        local.second(),
        local.year()
    )
}

fn date(time: OffsetDateTime) -> String {
    time.replace_nanosecond(0).unwrap_or(time).format(&Rfc3339).unwrap_or_default()
}

/// Whether a version may be removed now. Nothing of a lock can be got around but a retention in
/// governance mode, by who may and says so.
///
/// # Errors
/// The lock's refusal, which no policy can lift.
pub(super) fn check_removal(
    scope: &Scope,
    bucket: &OpenBucket,
    key: &str,
    version: &Version,
    bypasses: bool,
) -> S3Result<()> {
    let Some(content) = &version.content else { return Ok(()) };
    let active = content.lock.retention.filter(|retention| retention.until > scope.now);
    let retained = match active.map(|retention| retention.mode) {
        Some(LockMode::Governance) => !bypasses,
        Some(LockMode::Compliance) => true,
        None => false,
    };
    if content.lock.hold == Some(true) || retained {
        return Err(refusal(scope, bucket, key, "s3:DeleteObjectVersion"));
    }
    Ok(())
}

fn refusal(scope: &Scope, bucket: &OpenBucket, key: &str, action: &str) -> s3s::S3Error {
    scope
        .refuse_in_words(action, &bucket.object_arn(key), Layer::ObjectLock, PROTECTED.to_owned())
        .into()
}

/// A header about bypassing, whatever it says, is for buckets with Object Lock (recorded by
/// `LocalStack`, `test_delete_object_with_no_locking`, 2025-01-21). That it is said before anything
/// is authorized is assumed.
pub(super) fn check_bypass_header(bucket: &OpenBucket, header: Option<bool>) -> S3Result<()> {
    if header.is_none() || bucket.state.lock.is_some() {
        return Ok(());
    }
    Err(error(
        400,
        "InvalidArgument",
        "x-amz-bypass-governance-retention is only applicable to Object Lock enabled buckets.",
    )
    .with_detail("ArgumentName", "x-amz-bypass-governance-retention"))
}

/// The API's word for a legal hold.
pub(super) const fn hold_word(hold: bool) -> &'static str {
    if hold { "ON" } else { "OFF" }
}

/// Whether the caller gets around a retention in governance mode: the header requests it, and it
/// takes a permission of its own.
pub(super) fn bypasses(
    scope: &Scope,
    bucket: &OpenBucket,
    key: &str,
    header: Option<bool>,
) -> S3Result<bool> {
    if header != Some(true) {
        return Ok(false);
    }
    let context = bucket.context(scope);
    let _permit = bucket.authorize_object(scope, "s3:BypassGovernanceRetention", key, &context)?;
    Ok(true)
}

fn put_configuration(
    world: &mut World,
    scope: &Scope,
    raw: &RawRequest<'_>,
) -> S3Result<RawResponse> {
    let bucket = open(world, raw.bucket, raw.expected_owner())?;
    let context = bucket.context(scope);
    let _permit = bucket.authorize(scope, "s3:PutBucketObjectLockConfiguration", &context)?;
    let sent: ObjectLockConfiguration = document(raw.body, "ObjectLockConfiguration")?;
    if sent.object_lock_enabled.as_ref().is_none_or(|enabled| enabled.as_str() != "Enabled") {
        return Err(malformed());
    }
    let default = sent.rule.map(|rule| rule.default_retention.ok_or_else(malformed)).transpose()?;
    let default = default.map(|default| {
        let mode =
            default.mode.as_ref().and_then(|word| mode(word.as_str())).ok_or_else(malformed)?;
        let (period, in_years) = match (default.days, default.years) {
            (Some(days), None) => (days, false),
            (None, Some(years)) => (years, true),
            _ => return Err(malformed()),
        };
        let period = u32::try_from(period).ok().filter(|period| *period > 0);
        let invalid = || {
            error(
                400,
                "InvalidArgument",
                "Default retention period must be a positive integer value.",
            )
        };
        let period = period.ok_or_else(invalid)?;
        // <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html>: no
        // more than a hundred years.
        if period > if in_years { 100 } else { 36_500 } {
            return Err(error(400, "InvalidArgument", "Default retention period too large"));
        }
        Ok(DefaultRetention { mode, period, in_years })
    });
    let default = default.transpose()?;
    if bucket.state.config.versioning != Versioning::Enabled {
        return Err(error(
            409,
            "InvalidBucketState",
            "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
        ));
    }
    if let Some(state) = world.bucket_mut(bucket.name()) {
        state.lock = Some(LockConfiguration { default });
    }
    Ok(RawResponse::empty(200))
}

fn get_configuration(
    world: &mut World,
    scope: &Scope,
    raw: &RawRequest<'_>,
) -> S3Result<RawResponse> {
    let bucket = open(world, raw.bucket, raw.expected_owner())?;
    let context = bucket.context(scope);
    let _permit = bucket.authorize(scope, "s3:GetBucketObjectLockConfiguration", &context)?;
    let lock = bucket.state.lock.as_ref().ok_or_else(|| {
        let message = "Object Lock configuration does not exist for this bucket";
        error(404, "ObjectLockConfigurationNotFoundError", message)
    })?;
    let rule = lock.default.map_or_else(String::new, |default| {
        let unit = if default.in_years { "Years" } else { "Days" };
        format!(
            "<Rule><DefaultRetention><Mode>{}</Mode><{unit}>{}</{unit}></DefaultRetention></Rule>",
            default.mode.as_str(),
            default.period
        )
    });
    Ok(RawResponse::document(
        "ObjectLockConfiguration",
        &format!("<ObjectLockEnabled>Enabled</ObjectLockEnabled>{rule}"),
    ))
}

/// The version that a request is about, once its action is authorized. A delete marker has no lock,
/// and cannot have one.
fn find_version<'a>(
    scope: &Scope,
    bucket: &'a OpenBucket,
    raw: &RawRequest<'_>,
    action: &str,
    set_context: impl FnOnce(&mut Context),
) -> S3Result<(&'a Version, &'a Content)> {
    let version = raw.query("versionId");
    let found = versions::find_with(scope, bucket, raw.key, version, [action; 2], set_context);
    let found = versions::unless_marker(bucket, raw.key, found)?;
    if bucket.state.lock.is_none() {
        return Err(no_lock());
    }
    Ok(found)
}

fn put_retention(world: &mut World, scope: &Scope, raw: &RawRequest<'_>) -> S3Result<RawResponse> {
    let bucket = open(world, raw.bucket, raw.expected_owner())?;
    let sent = read_retention(raw);
    let wanted = sent.as_ref().ok().copied().flatten();
    let (version, content) =
        find_version(scope, &bucket, raw, "s3:PutObjectRetention", |context| {
            if let Some(wanted) = &wanted {
                set_retention(context, wanted, scope.now);
            }
        })?;
    let header = raw
        .header("x-amz-bypass-governance-retention")
        .map(|value| value.eq_ignore_ascii_case("true"));
    let bypasses = bypasses(scope, &bucket, raw.key, header)?;
    let wanted = sent?;
    if wanted.is_some_and(|wanted| wanted.until <= scope.now) {
        let until = wanted.map_or(scope.now, |wanted| wanted.until);
        return Err(in_the_past("RetainUntilDate", until));
    }
    if let Some(active) = content.lock.retention.filter(|retention| retention.until > scope.now) {
        // To lengthen it is always allowed. Another mode takes a bypass even where it is the
        // stricter one (ceph/ceph#42505, tried on AWS; the test of ceph's s3-tests is
        // `test_object_lock_changing_mode_from_governance_without_bypass`).
        let changes =
            wanted.is_none_or(|wanted| wanted.until < active.until || wanted.mode != active.mode);
        if changes && !(bypasses && active.mode == LockMode::Governance) {
            return Err(refusal(scope, &bucket, raw.key, "s3:PutObjectRetention"));
        }
    }
    versions::change_content(world, &bucket, raw.key, &version.id, |content| {
        content.lock.retention = wanted;
    });
    Ok(RawResponse::empty(200))
}

/// Mode and date, or neither: then the retention is taken away.
fn read_retention(raw: &RawRequest<'_>) -> S3Result<Option<Retention>> {
    let sent: ObjectLockRetention = document(raw.body, "Retention")?;
    match (sent.mode, sent.retain_until_date) {
        (None, None) => Ok(None),
        (Some(word), Some(until)) => Ok(Some(Retention {
            mode: mode(word.as_str()).ok_or_else(malformed)?,
            until: OffsetDateTime::from(until),
        })),
        _ => Err(malformed()),
    }
}

fn none_of_object() -> s3s::S3Error {
    error(
        404,
        "NoSuchObjectLockConfiguration",
        "The specified object does not have a ObjectLock configuration",
    )
}

fn get_retention(world: &mut World, scope: &Scope, raw: &RawRequest<'_>) -> S3Result<RawResponse> {
    let bucket = open(world, raw.bucket, raw.expected_owner())?;
    let (_, content) = find_version(scope, &bucket, raw, "s3:GetObjectRetention", |_| {})?;
    let retention = content.lock.retention.ok_or_else(none_of_object)?;
    let inner = format!(
        "<Mode>{}</Mode><RetainUntilDate>{}</RetainUntilDate>",
        retention.mode.as_str(),
        date(retention.until)
    );
    Ok(RawResponse::document("Retention", &inner))
}

fn put_hold(world: &mut World, scope: &Scope, raw: &RawRequest<'_>) -> S3Result<RawResponse> {
    let bucket = open(world, raw.bucket, raw.expected_owner())?;
    let sent: S3Result<ObjectLockLegalHold> = document(raw.body, "LegalHold");
    let status = sent.as_ref().ok().and_then(|sent| sent.status.clone());
    let found = find_version(scope, &bucket, raw, "s3:PutObjectLegalHold", |context| {
        if let Some(status) = &status {
            context.set("s3:object-lock-legal-hold", status.as_str());
        }
    });
    // A body is missed before a lock is (recorded by LocalStack, `test_put_object_legal_hold_exc`,
    // 2026-02-21).
    let (version, _) = match (found, sent) {
        (Err(problem), Err(_)) if problem.code().as_str() == "InvalidRequest" => {
            return Err(malformed());
        }
        (found, sent) => {
            let found = found?;
            sent?;
            found
        }
    };
    let hold = match status.as_ref().map(ObjectLockLegalHoldStatus::as_str) {
        Some("ON") => true,
        Some("OFF") => false,
        _ => return Err(malformed()),
    };
    versions::change_content(world, &bucket, raw.key, &version.id, |content| {
        content.lock.hold = Some(hold);
    });
    Ok(RawResponse::empty(200))
}

fn get_hold(world: &mut World, scope: &Scope, raw: &RawRequest<'_>) -> S3Result<RawResponse> {
    let bucket = open(world, raw.bucket, raw.expected_owner())?;
    let (_, content) = find_version(scope, &bucket, raw, "s3:GetObjectLegalHold", |_| {})?;
    let hold = content.lock.hold.ok_or_else(none_of_object)?;
    Ok(RawResponse::document("LegalHold", &format!("<Status>{}</Status>", hold_word(hold))))
}

/// What GET and HEAD show of a lock: only what the caller may ask for by itself
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>).
pub(super) fn visible(
    scope: &Scope,
    bucket: &OpenBucket,
    key: &str,
    content: &Content,
) -> S3Result<Lock> {
    let mut visible = content.lock;
    if bucket.state.lock.is_none() {
        return Ok(Lock::default());
    }
    let context = bucket.context(scope);
    if visible.retention.is_some()
        && !bucket.would_permit(scope, "s3:GetObjectRetention", key, &context)?
    {
        visible.retention = None;
    }
    if visible.hold.is_some()
        && !bucket.would_permit(scope, "s3:GetObjectLegalHold", key, &context)?
    {
        visible.hold = None;
    }
    Ok(visible)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn the_pacific_is_eight_hours_behind_and_seven_in_summer() {
        for (utc, expected) in [
            ("2020-01-01T00:00:00Z", "Tue Dec 31 16:00:00 PST 2019"),
            ("2020-03-08T09:59:59Z", "Sun Mar 08 01:59:59 PST 2020"),
            ("2020-03-08T10:00:00Z", "Sun Mar 08 03:00:00 PDT 2020"),
            ("2020-11-01T08:59:59Z", "Sun Nov 01 01:59:59 PDT 2020"),
            ("2020-11-01T09:00:00Z", "Sun Nov 01 01:00:00 PST 2020"),
        ] {
            assert_eq!(pacific(OffsetDateTime::parse(utc, &Rfc3339).unwrap()), expected);
        }
    }
}
