//! Configurations of a bucket that are only stored and read back: lifecycle, replication, logging,
//! inventory, tags, notifications, CORS and more.
//!
//! Actions are those of each operation's page
//! (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html>).
//! What is stored has no effect but on headers, which tell of CORS and of when an object expires:
//! nothing expires, moves or is delivered in the sandbox.

use std::sync::Arc;

use gainsay_iam::Context;
use gainsay_model::{Versioning, xml::Element};
use s3s::{
    S3Result,
    dto::{
        AccelerateConfiguration, AnalyticsConfiguration, BucketLoggingStatus, CORSConfiguration,
        CORSRule, IntelligentTieringConfiguration, InventoryConfiguration, MetricsConfiguration,
        NotificationConfiguration, ReplicationConfiguration, RequestPaymentConfiguration, Tagging,
        WebsiteConfiguration,
    },
};

use super::{
    OpenBucket, WithDetail as _,
    bucket_tags::{self, TaggedBy},
    error, lifecycle, no_such_bucket, not_modelled, open,
    raw_request::{RawRequest, RawResponse},
    setting_rules::{
        check_cors, check_id, check_inventory_destination, check_values, check_website, with_ids,
    },
    tagging,
    xml::{document, malformed},
};
use crate::{
    authorize::Scope,
    pass_role::pass_role,
    state::{Bucket, World},
};

/// One kind of configuration.
struct Setting {
    put: &'static str,
    get: &'static str,
    delete: &'static str,
    /// Of configurations that have ids, what lists them, and the root of its answer.
    list: (&'static str, &'static str),
    /// Writing and deleting are one action, but for websites.
    write: &'static str,
    read: &'static str,
    /// What a read says where there is none: an error, or an empty document.
    absent: Absent,
    /// Whether there may be several, by id.
    by_id: bool,
    check: fn(&mut Check<'_>) -> S3Result<()>,
}

enum Absent {
    Error(&'static str, &'static str),
    Empty(&'static str),
    /// What holds where nothing was written: the root, and what is in it.
    Document(&'static str, &'static str),
}

const NO_CONFIGURATION: Absent =
    Absent::Error("NoSuchConfiguration", "The specified configuration does not exist.");
/// Configurations with ids that a bucket may have
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketInventoryConfiguration.html>),
/// and those on one page of a list.
const MAX_CONFIGURATIONS: usize = 1000;
const LIST_PAGE: usize = 100;

/// What the content of a configuration is checked against.
struct Check<'a> {
    world: &'a World,
    bucket: &'a OpenBucket,
    raw: &'a RawRequest<'a>,
    context: &'a mut Context,
    /// What asks for more, once writing it is authorized.
    replication: Option<ReplicationConfiguration>,
    /// Tags are not stored as they were sent: S3 Control reads and writes them, too.
    tags: Option<Vec<(String, String)>>,
    /// The document as it is kept, where that is not as it was sent.
    text: Option<String>,
}

/// What is written once it is right and allowed.
enum NewSetting {
    Text(Arc<str>),
    Tags(Vec<(String, String)>),
}

const NO_LIST: (&str, &str) = ("", "");

/// The rules of a bucket about requests from other origins, if it has any.
pub(crate) fn cors_rules(world: &World, bucket: &str) -> Option<Vec<CORSRule>> {
    let settings = &world.buckets.get(bucket)?.settings;
    let stored = settings.get(&("PutBucketCors", String::new()))?;
    let rules: CORSConfiguration = document(stored.as_bytes(), "CORSConfiguration").ok()?;
    Some(rules.cors_rules)
}

const SETTINGS: &[Setting] = &[
    Setting {
        put: "PutBucketLifecycleConfiguration",
        get: "GetBucketLifecycleConfiguration",
        delete: "DeleteBucketLifecycle",
        list: NO_LIST,
        write: "s3:PutLifecycleConfiguration",
        read: "s3:GetLifecycleConfiguration",
        absent: Absent::Error(
            "NoSuchLifecycleConfiguration",
            "The lifecycle configuration does not exist",
        ),
        by_id: false,
        check: |check| {
            check.text = Some(lifecycle::checked(check.raw)?);
            Ok(())
        },
    },
    Setting {
        put: "PutBucketReplication",
        get: "GetBucketReplication",
        delete: "DeleteBucketReplication",
        list: NO_LIST,
        write: "s3:PutReplicationConfiguration",
        read: "s3:GetReplicationConfiguration",
        absent: Absent::Error(
            "ReplicationConfigurationNotFoundError",
            "The replication configuration was not found",
        ),
        by_id: false,
        check: |check| {
            // Only a pause that AWS Fault Injection Service asks for is one, and what the key is of
            // other requests no page says.
            check.context.set_unmodelled("s3:isReplicationPauseRequest");
            let replication: ReplicationConfiguration =
                document(check.raw.body, "ReplicationConfiguration")?;
            if replication.rules.is_empty() || replication.rules.len() > 1000 {
                return Err(malformed());
            }
            check.replication = Some(replication);
            Ok(())
        },
    },
    Setting {
        put: "PutBucketLogging",
        get: "GetBucketLogging",
        delete: "",
        list: NO_LIST,
        write: "s3:PutBucketLogging",
        read: "s3:GetBucketLogging",
        absent: Absent::Empty("BucketLoggingStatus"),
        by_id: false,
        check: |check| {
            let logging: BucketLoggingStatus = document(check.raw.body, "BucketLoggingStatus")?;
            let Some(enabled) = logging.logging_enabled else { return Ok(()) };
            // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLogging.html>: same
            // owner, same Region.
            let target = check.world.buckets.get(enabled.target_bucket.as_str());
            match target {
                Some(target) if target.config.account == check.bucket.account() => Ok(()),
                _ => {
                    let message = "The target bucket for logging does not exist";
                    let error = error(400, "InvalidTargetBucketForLogging", message);
                    Err(error.with_detail("TargetBucket", enabled.target_bucket.as_str()))
                }
            }
        },
    },
    Setting {
        put: "PutBucketInventoryConfiguration",
        get: "GetBucketInventoryConfiguration",
        delete: "DeleteBucketInventoryConfiguration",
        list: ("ListBucketInventoryConfigurations", "ListInventoryConfigurationsResult"),
        write: "s3:PutInventoryConfiguration",
        read: "s3:GetInventoryConfiguration",
        absent: NO_CONFIGURATION,
        by_id: true,
        check: |check| {
            let inventory: InventoryConfiguration =
                document(check.raw.body, "InventoryConfiguration")?;
            let root = check_values(check.raw.body)?;
            check_id(&root, check.raw.query("id"))?;
            check_inventory_destination(&root)?;
            let fields = inventory.optional_fields.unwrap_or_default();
            let fields = fields.iter().map(|field| field.as_str().to_owned());
            check.context.set_all("s3:InventoryAccessibleOptionalFields", fields);
            Ok(())
        },
    },
    Setting {
        put: "PutBucketTagging",
        get: "GetBucketTagging",
        delete: "DeleteBucketTagging",
        list: NO_LIST,
        write: "s3:PutBucketTagging",
        read: "s3:GetBucketTagging",
        absent: Absent::Error("NoSuchTagSet", "The TagSet does not exist"),
        by_id: false,
        check: |check| {
            let _typed: Tagging = document(check.raw.body, "Tagging")?;
            let root = Element::read(check.raw.body).ok_or_else(malformed)?;
            let set = root.only("TagSet").ok_or_else(malformed)?;
            check.tags = Some(bucket_tags::read(set, TaggedBy::PutBucketTagging)?);
            Ok(())
        },
    },
    Setting {
        put: "PutBucketNotificationConfiguration",
        get: "GetBucketNotificationConfiguration",
        delete: "",
        list: NO_LIST,
        write: "s3:PutBucketNotification",
        read: "s3:GetBucketNotification",
        absent: Absent::Empty("NotificationConfiguration"),
        by_id: false,
        check: |check| {
            let notification: NotificationConfiguration =
                document(check.raw.body, "NotificationConfiguration")?;
            let destinations = [
                notification.lambda_function_configurations.is_some(),
                notification.queue_configurations.is_some(),
                notification.topic_configurations.is_some(),
            ];
            // S3 tries whether each destination can be reached, unless the request says not to.
            let skips = check
                .raw
                .header("x-amz-skip-destination-validation")
                .is_some_and(|value| value.eq_ignore_ascii_case("true"));
            if destinations.contains(&true) && !skips {
                // There is no queue, topic or function here, so none can be validated
                // (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html>).
                Err(error(
                    400,
                    "InvalidArgument",
                    "Unable to validate the following destination configurations",
                ))
            } else {
                Ok(())
            }
        },
    },
    Setting {
        put: "PutBucketCors",
        get: "GetBucketCors",
        delete: "DeleteBucketCors",
        list: NO_LIST,
        write: "s3:PutBucketCORS",
        read: "s3:GetBucketCORS",
        absent: Absent::Error("NoSuchCORSConfiguration", "The CORS configuration does not exist"),
        by_id: false,
        check: |check| {
            let _typed: CORSConfiguration = document(check.raw.body, "CORSConfiguration")?;
            check_cors(check.raw.body)
        },
    },
    Setting {
        put: "PutBucketWebsite",
        get: "GetBucketWebsite",
        delete: "DeleteBucketWebsite",
        list: NO_LIST,
        write: "s3:PutBucketWebsite",
        read: "s3:GetBucketWebsite",
        absent: Absent::Error(
            "NoSuchWebsiteConfiguration",
            "The specified bucket does not have a website configuration",
        ),
        by_id: false,
        check: |check| {
            let _typed: WebsiteConfiguration = document(check.raw.body, "WebsiteConfiguration")?;
            check_website(check.raw.body)
        },
    },
    Setting {
        put: "PutBucketAccelerateConfiguration",
        get: "GetBucketAccelerateConfiguration",
        delete: "",
        list: NO_LIST,
        write: "s3:PutAccelerateConfiguration",
        read: "s3:GetAccelerateConfiguration",
        absent: Absent::Empty("AccelerateConfiguration"),
        by_id: false,
        check: |check| {
            let sent: AccelerateConfiguration =
                document(check.raw.body, "AccelerateConfiguration")?;
            let status = sent.status.ok_or_else(malformed)?;
            if check.bucket.state.config.name.contains('.') {
                // <https://docs.aws.amazon.com/AmazonS3/latest/userguide/transfer-acceleration.html>.
                return Err(error(
                    400,
                    "InvalidRequest",
                    concat!(
                        "S3 Transfer Acceleration is not supported for buckets with periods (.) ",
                        "in their names"
                    ),
                ));
            }
            if ["Enabled", "Suspended"].contains(&status.as_str()) {
                Ok(())
            } else {
                Err(malformed())
            }
        },
    },
    Setting {
        put: "PutBucketRequestPayment",
        get: "GetBucketRequestPayment",
        delete: "",
        list: NO_LIST,
        write: "s3:PutBucketRequestPayment",
        read: "s3:GetBucketRequestPayment",
        absent: Absent::Document("RequestPaymentConfiguration", "<Payer>BucketOwner</Payer>"),
        by_id: false,
        check: |check| {
            let sent: RequestPaymentConfiguration =
                document(check.raw.body, "RequestPaymentConfiguration")?;
            match sent.payer.as_str() {
                "BucketOwner" => Ok(()),
                "Requester" => Err(not_modelled("buckets whose requesters pay")),
                _ => Err(malformed()),
            }
        },
    },
    Setting {
        put: "PutBucketAnalyticsConfiguration",
        get: "GetBucketAnalyticsConfiguration",
        delete: "DeleteBucketAnalyticsConfiguration",
        list: ("ListBucketAnalyticsConfigurations", "ListBucketAnalyticsConfigurationResult"),
        write: "s3:PutAnalyticsConfiguration",
        read: "s3:GetAnalyticsConfiguration",
        absent: NO_CONFIGURATION,
        by_id: true,
        check: |check| {
            let _typed: AnalyticsConfiguration =
                document(check.raw.body, "AnalyticsConfiguration")?;
            check_id(&check_values(check.raw.body)?, check.raw.query("id"))
        },
    },
    Setting {
        put: "PutBucketMetricsConfiguration",
        get: "GetBucketMetricsConfiguration",
        delete: "DeleteBucketMetricsConfiguration",
        list: ("ListBucketMetricsConfigurations", "ListMetricsConfigurationsResult"),
        write: "s3:PutMetricsConfiguration",
        read: "s3:GetMetricsConfiguration",
        absent: NO_CONFIGURATION,
        by_id: true,
        check: |check| {
            let _typed: MetricsConfiguration = document(check.raw.body, "MetricsConfiguration")?;
            check_id(&check_values(check.raw.body)?, check.raw.query("id"))
        },
    },
    Setting {
        put: "PutBucketIntelligentTieringConfiguration",
        get: "GetBucketIntelligentTieringConfiguration",
        delete: "DeleteBucketIntelligentTieringConfiguration",
        list: (
            "ListBucketIntelligentTieringConfigurations",
            "ListBucketIntelligentTieringConfigurationsOutput",
        ),
        write: "s3:PutIntelligentTieringConfiguration",
        read: "s3:GetIntelligentTieringConfiguration",
        absent: NO_CONFIGURATION,
        by_id: true,
        check: |check| {
            let _typed: IntelligentTieringConfiguration =
                document(check.raw.body, "IntelligentTieringConfiguration")?;
            check_id(&check_values(check.raw.body)?, check.raw.query("id"))
        },
    },
];

fn find(operation: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| {
        [setting.put, setting.get, setting.delete, setting.list.0].contains(&operation)
    })
}

/// Whether an operation writes, reads or deletes one of these.
pub(super) fn knows(operation: &str) -> bool {
    !operation.is_empty() && find(operation).is_some()
}

/// Answers an operation on one of these configurations.
pub(super) fn answer(
    world: &mut World,
    scope: &Scope,
    raw: &RawRequest<'_>,
) -> S3Result<RawResponse> {
    let setting = find(raw.operation).ok_or_else(|| not_modelled("this operation"))?;
    let bucket = open(world, raw.bucket, raw.expected_owner())?;
    let id = if setting.by_id { raw.query("id").unwrap_or_default() } else { "" };
    let place = (setting.put, id.to_owned());
    if raw.operation == setting.list.0 {
        return list(scope, &bucket, setting);
    }
    if raw.operation == setting.get {
        let context = bucket.context(scope);
        let _permit = bucket.authorize(scope, setting.read, &context)?;
        if setting.get == "GetBucketTagging" && !bucket.state.tags.is_empty() {
            return Ok(RawResponse::xml(tagging::document_of(&bucket.state.tags)));
        }
        return match (bucket.state.settings.get(&place), &setting.absent) {
            (Some(text), _) => Ok(RawResponse::xml(text.as_ref())
                .with(lifecycle::MINIMUM_HEADER, minimum_size(&bucket.state, setting))),
            (None, Absent::Error(code, message)) => Err(error(404, code, *message)),
            (None, Absent::Empty(root)) => Ok(RawResponse::document(root, "")),
            (None, Absent::Document(root, inner)) => Ok(RawResponse::document(root, inner)),
        };
    }
    let new = if raw.operation == setting.put {
        Some(checked(world, scope, &bucket, setting, raw)?)
    } else {
        let context = bucket.context(scope);
        let action = if setting.delete == "DeleteBucketWebsite" {
            "s3:DeleteBucketWebsite"
        } else {
            setting.write
        };
        let _permit = bucket.authorize(scope, action, &context)?;
        None
    };
    let state = world.bucket_mut(bucket.name()).ok_or_else(no_such_bucket)?;
    match new {
        Some(NewSetting::Text(text)) => {
            let others = state
                .settings
                .keys()
                .filter(|(put, other)| *put == setting.put && other != id)
                .count();
            if setting.by_id && others >= MAX_CONFIGURATIONS {
                return Err(error(
                    400,
                    "TooManyConfigurations",
                    concat!(
                        "You are attempting to create a new configuration but have already ",
                        "reached the 1,000-configuration limit."
                    ),
                ));
            }
            state.settings.insert(place, text);
            if setting.put == lifecycle::PUT {
                let sent = raw.header(lifecycle::MINIMUM_HEADER);
                let sent = sent.unwrap_or(lifecycle::MINIMUM_DEFAULT);
                state.settings.insert(minimum_place(), sent.into());
            }
            // Those that have ids answer so (recorded by LocalStack,
            // `test_s3_analytics_configurations`, 21-02-2026).
            let status = if setting.by_id { 204 } else { 200 };
            Ok(RawResponse::empty(status)
                .with(lifecycle::MINIMUM_HEADER, minimum_size(state, setting)))
        }
        // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketTagging.html> shows 204;
        // the others answer 200.
        Some(NewSetting::Tags(tags)) => {
            state.tags = tags;
            Ok(RawResponse::empty(204))
        }
        None if setting.delete == "DeleteBucketTagging" => {
            state.tags.clear();
            Ok(RawResponse::empty(204))
        }
        None if state.settings.remove(&place).is_none() && setting.by_id => {
            Err(error(404, "NoSuchConfiguration", "The specified configuration does not exist."))
        }
        None => Ok(RawResponse::empty(204)),
    }
}

/// Where the smallest size of a transition is kept that a lifecycle configuration came with.
fn minimum_place() -> (&'static str, String) {
    (lifecycle::MINIMUM_HEADER, String::new())
}

fn minimum_size(bucket: &Bucket, setting: &Setting) -> Option<String> {
    let stored = bucket.settings.get(&minimum_place()).map(AsRef::as_ref);
    let value = stored.unwrap_or(lifecycle::MINIMUM_DEFAULT);
    (setting.put == lifecycle::PUT).then(|| value.to_owned())
}

/// All configurations of a kind. A list that would need another page is refused: to cut it short
/// would hide some.
fn list(scope: &Scope, bucket: &OpenBucket, setting: &Setting) -> S3Result<RawResponse> {
    let context = bucket.context(scope);
    let _permit = bucket.authorize(scope, setting.read, &context)?;
    let stored = bucket.state.settings.iter().filter(|((put, _), _)| *put == setting.put);
    let texts: Vec<&str> = stored.map(|(_, text)| undeclared(text)).collect();
    if texts.len() > LIST_PAGE {
        return Err(not_modelled("lists of more than one page"));
    }
    let inner = format!("{}<IsTruncated>false</IsTruncated>", texts.concat());
    Ok(RawResponse::document(setting.list.1, &inner))
}

/// An XML document without its declaration.
fn undeclared(text: &str) -> &str {
    let text = text.trim_start();
    let rest = text.strip_prefix("<?xml").and_then(|rest| rest.split_once("?>"));
    rest.map_or(text, |(_, rest)| rest.trim_start())
}

/// The content, once it is right and allowed. It is read first, since policies may ask what is in
/// it; a request that is not authorized is refused as such, whatever is in it.
fn checked(
    world: &World,
    scope: &Scope,
    bucket: &OpenBucket,
    setting: &Setting,
    raw: &RawRequest<'_>,
) -> S3Result<NewSetting> {
    let mut context = bucket.context(scope);
    let mut check = Check {
        world,
        bucket,
        raw,
        context: &mut context,
        replication: None,
        tags: None,
        text: None,
    };
    let content = (setting.check)(&mut check);
    let (replication, tags) = (check.replication.take(), check.tags.take());
    let kept = check.text.take().or_else(|| with_ids(raw.body));
    let _permit = bucket.authorize(scope, setting.write, &context)?;
    content?;
    if let Some(replication) = replication {
        replicate(world, scope, bucket, &replication)?;
    }
    if let Some(tags) = tags {
        return Ok(NewSetting::Tags(tags));
    }
    if let Some(kept) = kept {
        return Ok(NewSetting::Text(kept.into()));
    }
    let text = str::from_utf8(raw.body).map_err(|_| malformed())?;
    Ok(NewSetting::Text(text.into()))
}

/// Replication takes iam:PassRole on the role, versioning on both ends, and another bucket
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketReplication.html>). That the role
/// is asked about after the bucket is assumed.
fn replicate(
    world: &World,
    scope: &Scope,
    bucket: &OpenBucket,
    replication: &ReplicationConfiguration,
) -> S3Result<()> {
    let _permit = pass_role(world, scope, replication.role.as_str(), "s3.amazonaws.com")?;
    let invalid = |message: &'static str| error(400, "InvalidRequest", message);
    if bucket.state.config.versioning != Versioning::Enabled {
        return Err(invalid(
            "Versioning must be 'Enabled' on the bucket to apply a replication configuration",
        ));
    }
    for rule in &replication.rules {
        let name = rule.destination.bucket.strip_prefix("arn:aws:s3:::").unwrap_or_default();
        let Some(destination) = world.buckets.get(name) else {
            // Recorded by LocalStack, `test_replication_config_without_filter`, 21-02-2026.
            return Err(invalid("Destination bucket must have versioning enabled."));
        };
        if name == bucket.state.config.name {
            return Err(invalid("Destination bucket cannot be the same as the source bucket."));
        }
        if destination.config.versioning != Versioning::Enabled {
            return Err(invalid("Destination bucket must have versioning enabled."));
        }
    }
    Ok(())
}
