//! Object Lock: retention periods and legal holds, which keep versions from being removed or
//! weakened (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html>). The clock
//! is the sandbox's.
//!
//! Codes and messages are those recorded from AWS by localstack's snapshots of 2026-02-21, where
//! there are such.

use std::sync::Arc;

use gainsay_iam::{Context, Layer};
use gainsay_model::Versioning;
use s3s::{
    S3Result,
    dto::{ObjectLockConfiguration, ObjectLockLegalHold, ObjectLockRetention, Timestamp},
};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    Held, error, not_modelled, object, open,
    raw::{Answer, Raw, document, malformed},
};
use crate::{
    authorize::Scope,
    state::{
        Content, DefaultRetention, Lock, LockConfiguration, LockMode, Retention, Version, World,
    },
};

/// Operation and what it does.
type Effect = fn(&mut World, &Scope, &Raw<'_>) -> S3Result<Answer>;

const OPERATIONS: &[(&str, Effect)] = &[
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

pub(super) fn answer(world: &mut World, scope: &Scope, raw: &Raw<'_>) -> S3Result<Answer> {
    let found = OPERATIONS.iter().find(|(name, _)| *name == raw.operation);
    let (_, effect) = found.ok_or_else(|| not_modelled("this operation"))?;
    effect(world, scope, raw)
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
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Governance => "GOVERNANCE",
            Self::Compliance => "COMPLIANCE",
        }
    }
}

/// What an upload asks for, beside what the bucket gives every version.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asked {
    pub retention: Option<Retention>,
    pub hold: Option<bool>,
}

impl Asked {
    /// Reads the three headers of an upload.
    pub(super) fn read(
        held: &Held,
        now: OffsetDateTime,
        mode_header: Option<&str>,
        until: Option<&Timestamp>,
        hold: Option<&str>,
    ) -> S3Result<Self> {
        if mode_header.is_none() && until.is_none() && hold.is_none() {
            return Ok(Self::default());
        }
        let invalid = |message: &'static str| error(400, "InvalidArgument", message);
        let retention = match (mode_header, until) {
            (None, None) => None,
            (Some(word), Some(until)) => {
                let mode = mode(word).ok_or_else(|| invalid("Unknown wormMode directive."))?;
                Some(Retention { mode, until: OffsetDateTime::from(until.clone()) })
            }
            _ => {
                return Err(invalid(
                    "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied",
                ));
            }
        };
        let hold = match hold {
            None => None,
            Some("ON") => Some(true),
            Some("OFF") => Some(false),
            Some(_) => return Err(invalid("Legal Hold must be either of 'ON' or 'OFF'")),
        };
        if held.bucket.lock.is_none() {
            return Err(no_lock());
        }
        if retention.is_some_and(|retention| retention.until <= now) {
            return Err(invalid("The retain until date must be in the future!"));
        }
        Ok(Self { retention, hold })
    }

    /// What policies are told of it.
    pub(super) fn set_context(&self, context: &mut Context, now: OffsetDateTime) {
        if let Some(retention) = &self.retention {
            tell_retention(context, retention, now);
        }
        if let Some(hold) = self.hold {
            context.set("s3:object-lock-legal-hold", if hold { "ON" } else { "OFF" });
        }
    }

    /// The actions it takes besides s3:PutObject
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>).
    pub(super) fn actions(&self) -> impl Iterator<Item = &'static str> {
        let retention = self.retention.map(|_| "s3:PutObjectRetention");
        retention.into_iter().chain(self.hold.map(|_| "s3:PutObjectLegalHold"))
    }

    /// What a new version has: what was asked for, or the bucket's default from now on.
    pub(super) fn settled(&self, held: &Held, now: OffsetDateTime) -> Lock {
        let default = held.bucket.lock.as_ref().and_then(|lock| lock.default);
        let retention = self.retention.or_else(|| {
            default.map(|default| Retention {
                mode: default.mode,
                until: now + Duration::days(default.days()),
            })
        });
        Lock { retention, hold: self.hold.unwrap_or(false) }
    }

    /// Whether an upload has to say a digest of its body.
    pub(super) fn needs_digest(&self, held: &Held) -> bool {
        let default = held.bucket.lock.as_ref().is_some_and(|lock| lock.default.is_some());
        default || self.retention.is_some() || self.hold.is_some()
    }
}

impl DefaultRetention {
    fn days(self) -> i64 {
        // A year of a retention period is 365 days (assumed).
        i64::from(self.period) * if self.in_years { 365 } else { 1 }
    }
}

fn tell_retention(context: &mut Context, retention: &Retention, now: OffsetDateTime) {
    context.set("s3:object-lock-mode", retention.mode.as_str());
    context.set("s3:object-lock-retain-until-date", date(retention.until));
    // Whole days, begun ones too (assumed).
    let seconds = (retention.until - now).whole_seconds().max(0);
    let days = seconds / 86_400 + i64::from(seconds % 86_400 != 0);
    context.set("s3:object-lock-remaining-retention-days", days.to_string());
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
    held: &Held,
    key: &str,
    version: &Version,
    bypasses: bool,
) -> S3Result<()> {
    let Some(content) = &version.content else { return Ok(()) };
    let active = content.lock.retention.filter(|retention| retention.until > scope.now);
    let kept = match active {
        Some(Retention { mode: LockMode::Governance, .. }) => !bypasses,
        Some(_) => true,
        None => false,
    };
    if content.lock.hold || kept {
        return Err(protected(scope, held, key, "s3:DeleteObjectVersion"));
    }
    Ok(())
}

fn protected(scope: &Scope, held: &Held, key: &str, action: &str) -> s3s::S3Error {
    scope
        .refuse_in_words(action, &held.object_arn(key), Layer::ObjectLock, PROTECTED.to_owned())
        .into()
}

/// Whether the caller gets around a retention in governance mode: the header asks for it, and it
/// takes a permission of its own.
pub(super) fn bypasses(
    scope: &Scope,
    held: &Held,
    key: &str,
    header: Option<bool>,
) -> S3Result<bool> {
    if header != Some(true) {
        return Ok(false);
    }
    if held.bucket.lock.is_none() {
        return Err(error(
            400,
            "InvalidArgument",
            "x-amz-bypass-governance-retention is only applicable to Object Lock enabled buckets.",
        ));
    }
    let context = held.context(scope);
    let _permit = held.authorize_object(scope, "s3:BypassGovernanceRetention", key, &context)?;
    Ok(true)
}

fn put_configuration(world: &mut World, scope: &Scope, raw: &Raw<'_>) -> S3Result<Answer> {
    let held = open(world, raw.bucket, raw.expected_owner())?;
    let context = held.context(scope);
    let _permit = held.authorize(scope, "s3:PutBucketObjectLockConfiguration", &context)?;
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
    if held.bucket.config.versioning != Versioning::Enabled {
        return Err(error(
            409,
            "InvalidBucketState",
            "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
        ));
    }
    if let Some(bucket) = world.bucket_mut(held.name()) {
        bucket.lock = Some(LockConfiguration { default });
    }
    Ok(Answer::empty(200))
}

fn get_configuration(world: &mut World, scope: &Scope, raw: &Raw<'_>) -> S3Result<Answer> {
    let held = open(world, raw.bucket, raw.expected_owner())?;
    let context = held.context(scope);
    let _permit = held.authorize(scope, "s3:GetBucketObjectLockConfiguration", &context)?;
    let lock = held.bucket.lock.as_ref().ok_or_else(|| {
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
    Ok(xml(
        "ObjectLockConfiguration",
        &format!("<ObjectLockEnabled>Enabled</ObjectLockEnabled>{rule}"),
    ))
}

fn xml(root: &str, inner: &str) -> Answer {
    Answer::xml(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root} xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{inner}</{root}>"
    ))
}

/// The version that a request is about, once its action is authorized. A delete marker has no lock,
/// and cannot have one.
fn found<'a>(
    scope: &Scope,
    held: &'a Held,
    raw: &Raw<'_>,
    action: &str,
    set_context: impl FnOnce(&mut Context),
) -> S3Result<(&'a Version, &'a Content)> {
    let version = raw.query("versionId");
    let marker = version.is_none()
        && held.bucket.current(raw.key).is_some_and(|current| current.content.is_none());
    let found = object::find_told(scope, held, raw.key, version, [action; 2], set_context);
    let found = found.map_err(|problem| match problem.code().as_str() {
        "NoSuchKey" if marker => error(
            405,
            "MethodNotAllowed",
            "The specified method is not allowed against this resource.",
        ),
        _ => problem,
    })?;
    if held.bucket.lock.is_none() {
        return Err(no_lock());
    }
    Ok(found)
}

fn change(world: &mut World, held: &Held, raw: &Raw<'_>, id: &str, change: impl FnOnce(&mut Lock)) {
    let versions = world.bucket_mut(held.name()).and_then(|bucket| bucket.objects.get_mut(raw.key));
    let version = versions.and_then(|versions| versions.iter_mut().find(|held| held.id == id));
    if let Some(content) = version.and_then(|version| Arc::make_mut(version).content.as_mut()) {
        change(&mut content.lock);
    }
}

fn put_retention(world: &mut World, scope: &Scope, raw: &Raw<'_>) -> S3Result<Answer> {
    let held = open(world, raw.bucket, raw.expected_owner())?;
    let sent = read_retention(raw);
    let wanted = sent.as_ref().ok().copied().flatten();
    let (version, content) = found(scope, &held, raw, "s3:PutObjectRetention", |context| {
        if let Some(wanted) = &wanted {
            tell_retention(context, wanted, scope.now);
        }
    })?;
    let header = raw
        .header("x-amz-bypass-governance-retention")
        .map(|value| value.eq_ignore_ascii_case("true"));
    let bypasses = bypasses(scope, &held, raw.key, header)?;
    let wanted = sent?;
    if wanted.is_some_and(|wanted| wanted.until <= scope.now) {
        let message = "The retain until date must be in the future!";
        return Err(error(400, "InvalidArgument", message));
    }
    if let Some(active) = content.lock.retention.filter(|retention| retention.until > scope.now) {
        // To lengthen it and to make it stricter is always allowed.
        let weaker = wanted.is_none_or(|wanted| {
            wanted.until < active.until
                || (active.mode == LockMode::Compliance && wanted.mode == LockMode::Governance)
        });
        if weaker && !(bypasses && active.mode == LockMode::Governance) {
            return Err(protected(scope, &held, raw.key, "s3:PutObjectRetention"));
        }
    }
    let id = version.id.clone();
    change(world, &held, raw, &id, |lock| lock.retention = wanted);
    Ok(Answer::empty(200))
}

/// Mode and date, or neither: then the retention is taken away.
fn read_retention(raw: &Raw<'_>) -> S3Result<Option<Retention>> {
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

fn get_retention(world: &mut World, scope: &Scope, raw: &Raw<'_>) -> S3Result<Answer> {
    let held = open(world, raw.bucket, raw.expected_owner())?;
    let (_, content) = found(scope, &held, raw, "s3:GetObjectRetention", |_| {})?;
    let retention = content.lock.retention.ok_or_else(none_of_object)?;
    let inner = format!(
        "<Mode>{}</Mode><RetainUntilDate>{}</RetainUntilDate>",
        retention.mode.as_str(),
        date(retention.until)
    );
    Ok(xml("Retention", &inner))
}

fn put_hold(world: &mut World, scope: &Scope, raw: &Raw<'_>) -> S3Result<Answer> {
    let held = open(world, raw.bucket, raw.expected_owner())?;
    let sent: S3Result<ObjectLockLegalHold> = document(raw.body, "LegalHold");
    let status = sent.as_ref().ok().and_then(|sent| sent.status.clone());
    let (version, _) = found(scope, &held, raw, "s3:PutObjectLegalHold", |context| {
        if let Some(status) = &status {
            context.set("s3:object-lock-legal-hold", status.as_str());
        }
    })?;
    sent?;
    let hold = match status.as_ref().map(s3s::dto::ObjectLockLegalHoldStatus::as_str) {
        Some("ON") => true,
        Some("OFF") => false,
        _ => return Err(malformed()),
    };
    let id = version.id.clone();
    change(world, &held, raw, &id, |lock| lock.hold = hold);
    Ok(Answer::empty(200))
}

fn get_hold(world: &mut World, scope: &Scope, raw: &Raw<'_>) -> S3Result<Answer> {
    let held = open(world, raw.bucket, raw.expected_owner())?;
    let (_, content) = found(scope, &held, raw, "s3:GetObjectLegalHold", |_| {})?;
    if !content.lock.hold && content.lock.retention.is_none() {
        return Err(none_of_object());
    }
    let status = if content.lock.hold { "ON" } else { "OFF" };
    Ok(xml("LegalHold", &format!("<Status>{status}</Status>")))
}

/// What GET and HEAD show of a lock: only what the caller may ask for by itself
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>).
pub(super) fn shown(scope: &Scope, held: &Held, key: &str, content: &Content) -> S3Result<Lock> {
    let mut shown = content.lock;
    if held.bucket.lock.is_none() {
        return Ok(Lock::default());
    }
    let context = held.context(scope);
    if shown.retention.is_some() && !held.foresees(scope, "s3:GetObjectRetention", key, &context)? {
        shown.retention = None;
    }
    if shown.hold && !held.foresees(scope, "s3:GetObjectLegalHold", key, &context)? {
        shown.hold = false;
    }
    Ok(shown)
}
