//! Configurations of a bucket that are only kept and read back: lifecycle, replication, logging, inventory, tags, notifications.
//!
//! Actions are those of each operation's page
//! (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html>). What is kept has no effect:
//! nothing expires, moves or is delivered in the sandbox.

use std::sync::Arc;

use s3s::{
    S3Result,
    dto::{BucketLifecycleConfiguration, BucketLoggingStatus, InventoryConfiguration, NotificationConfiguration, ReplicationConfiguration},
};

use super::{
    Held, error, not_modelled, open,
    raw::{Answer, Raw, document, malformed},
    tagging,
};
use crate::{
    environment::Versioning,
    iam::Context,
    sandbox::{authorize::Scope, pass_role::pass_role, state::World},
};

/// One kind of configuration.
struct Setting {
    put: &'static str,
    get: &'static str,
    delete: &'static str,
    /// Writing and deleting are one action.
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
}

/// What the content of a configuration is checked against.
struct Check<'a> {
    world: &'a World,
    held: &'a Held,
    raw: &'a Raw<'a>,
    context: &'a mut Context,
    /// What asks for more, once writing it is authorized.
    replication: Option<ReplicationConfiguration>,
    /// Tags are not kept as they were sent: S3 Control reads and writes them, too.
    tags: Option<Vec<(String, String)>>,
}

/// What is written once it is right and allowed.
enum Kept {
    Text(Arc<str>),
    Tags(Vec<(String, String)>),
}

const SETTINGS: &[Setting] = &[
    Setting {
        put: "PutBucketLifecycleConfiguration",
        get: "GetBucketLifecycleConfiguration",
        delete: "DeleteBucketLifecycle",
        write: "s3:PutLifecycleConfiguration",
        read: "s3:GetLifecycleConfiguration",
        absent: Absent::Error("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist"),
        by_id: false,
        check: |check| {
            let lifecycle: BucketLifecycleConfiguration = document(check.raw.body, "LifecycleConfiguration")?;
            // <https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html>.
            if lifecycle.rules.is_empty() || lifecycle.rules.len() > 1000 {
                Err(malformed())
            } else {
                Ok(())
            }
        },
    },
    Setting {
        put: "PutBucketReplication",
        get: "GetBucketReplication",
        delete: "DeleteBucketReplication",
        write: "s3:PutReplicationConfiguration",
        read: "s3:GetReplicationConfiguration",
        absent: Absent::Error(
            "ReplicationConfigurationNotFoundError",
            "The replication configuration was not found",
        ),
        by_id: false,
        check: |check| {
            let replication: ReplicationConfiguration = document(check.raw.body, "ReplicationConfiguration")?;
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
        write: "s3:PutBucketLogging",
        read: "s3:GetBucketLogging",
        absent: Absent::Empty("BucketLoggingStatus"),
        by_id: false,
        check: |check| {
            let logging: BucketLoggingStatus = document(check.raw.body, "BucketLoggingStatus")?;
            let Some(enabled) = logging.logging_enabled else { return Ok(()) };
            // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLogging.html>: same owner, same Region.
            let target = check.world.buckets.get(enabled.target_bucket.as_str());
            match target {
                Some(target) if target.config.account == check.held.account() => Ok(()),
                _ => Err(error(
                    400,
                    "InvalidTargetBucketForLogging",
                    "The target bucket for logging does not exist",
                )),
            }
        },
    },
    Setting {
        put: "PutBucketInventoryConfiguration",
        get: "GetBucketInventoryConfiguration",
        delete: "DeleteBucketInventoryConfiguration",
        write: "s3:PutInventoryConfiguration",
        read: "s3:GetInventoryConfiguration",
        absent: Absent::Error("NoSuchConfiguration", "The specified configuration does not exist."),
        by_id: true,
        check: |check| {
            let inventory: InventoryConfiguration = document(check.raw.body, "InventoryConfiguration")?;
            if check.raw.query("id") != Some(inventory.id.as_str()) {
                return Err(error(
                    400,
                    "InvalidArgument",
                    "The ID in the URI does not match the ID in the configuration",
                ));
            }
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
        write: "s3:PutBucketTagging",
        read: "s3:GetBucketTagging",
        absent: Absent::Error("NoSuchTagSet", "The TagSet does not exist"),
        by_id: false,
        check: |check| {
            check.tags = Some(tagging::written(check.raw.body)?);
            Ok(())
        },
    },
    Setting {
        put: "PutBucketNotificationConfiguration",
        get: "GetBucketNotificationConfiguration",
        delete: "",
        write: "s3:PutBucketNotification",
        read: "s3:GetBucketNotification",
        absent: Absent::Empty("NotificationConfiguration"),
        by_id: false,
        check: |check| {
            let notification: NotificationConfiguration = document(check.raw.body, "NotificationConfiguration")?;
            let destinations = [
                notification.lambda_function_configurations.is_some(),
                notification.queue_configurations.is_some(),
                notification.topic_configurations.is_some(),
            ];
            // S3 asks each destination whether it may be told.
            if destinations.contains(&true) {
                Err(not_modelled("destinations of notifications"))
            } else {
                Ok(())
            }
        },
    },
];

fn find(operation: &str) -> Option<&'static Setting> {
    SETTINGS
        .iter()
        .find(|setting| [setting.put, setting.get, setting.delete].contains(&operation))
}

/// Whether an operation writes, reads or deletes one of these.
pub(super) fn knows(operation: &str) -> bool {
    !operation.is_empty() && find(operation).is_some()
}

pub(super) fn answer(world: &mut World, scope: &Scope, raw: &Raw<'_>) -> S3Result<Answer> {
    let setting = find(raw.operation).ok_or_else(|| not_modelled("this operation"))?;
    let held = open(world, raw.bucket, raw.expected_owner())?;
    let id = if setting.by_id { raw.query("id").unwrap_or_default() } else { "" };
    let place = (setting.put, id.to_owned());
    if raw.operation == setting.get {
        let context = held.context(world, scope);
        let _permit = held.authorize(scope, setting.read, &context)?;
        if setting.get == "GetBucketTagging" && !held.bucket.tags.is_empty() {
            return Ok(Answer::xml(tagging::document_of(&held.bucket.tags)));
        }
        return match (held.bucket.settings.get(&place), &setting.absent) {
            (Some(kept), _) => Ok(Answer::xml(kept.as_ref())),
            (None, Absent::Error(code, message)) => Err(error(404, code, *message)),
            (None, Absent::Empty(root)) => Ok(Answer::xml(format!("<{root} xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"/>"))),
        };
    }
    let kept = if raw.operation == setting.put {
        Some(checked(world, scope, &held, setting, raw)?)
    } else {
        let context = held.context(world, scope);
        let _permit = held.authorize(scope, setting.write, &context)?;
        None
    };
    let bucket = world
        .bucket_mut(raw.bucket)
        .ok_or_else(|| error(404, "NoSuchBucket", "The specified bucket does not exist"))?;
    match kept {
        Some(Kept::Text(kept)) => {
            bucket.settings.insert(place, kept);
            Ok(Answer::empty(200))
        }
        // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketTagging.html> shows 204; the others answer 200.
        Some(Kept::Tags(tags)) => {
            bucket.tags = tags;
            Ok(Answer::empty(204))
        }
        None if setting.delete == "DeleteBucketTagging" => {
            bucket.tags.clear();
            Ok(Answer::empty(204))
        }
        None if bucket.settings.remove(&place).is_none() && setting.by_id => {
            Err(error(404, "NoSuchConfiguration", "The specified configuration does not exist."))
        }
        None => Ok(Answer::empty(204)),
    }
}

/// The content, once it is right and allowed. It is read first, since policies may ask what is in it; a request that is not
/// authorized is told so whatever is in it.
fn checked(world: &World, scope: &Scope, held: &Held, setting: &Setting, raw: &Raw<'_>) -> S3Result<Kept> {
    let mut context = held.context(world, scope);
    let mut check = Check {
        world,
        held,
        raw,
        context: &mut context,
        replication: None,
        tags: None,
    };
    let content = (setting.check)(&mut check);
    let (replication, tags) = (check.replication.take(), check.tags.take());
    let _permit = held.authorize(scope, setting.write, &context)?;
    content?;
    if let Some(replication) = replication {
        replicate(world, scope, held, &replication)?;
    }
    if let Some(tags) = tags {
        return Ok(Kept::Tags(tags));
    }
    let text = str::from_utf8(raw.body).map_err(|_| malformed())?;
    Ok(Kept::Text(text.into()))
}

/// Replication takes iam:PassRole on the role, versioning on both ends, and another bucket
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketReplication.html>). That the role is asked about after the bucket is
/// assumed.
fn replicate(world: &World, scope: &Scope, held: &Held, replication: &ReplicationConfiguration) -> S3Result<()> {
    let _permit = pass_role(world, scope, replication.role.as_str(), "s3.amazonaws.com")?;
    let invalid = |message: &'static str| error(400, "InvalidRequest", message);
    if held.bucket.config.versioning != Versioning::Enabled {
        return Err(invalid(
            "Versioning must be 'Enabled' on the bucket to apply a replication configuration",
        ));
    }
    for rule in &replication.rules {
        let name = rule.destination.bucket.strip_prefix("arn:aws:s3:::").unwrap_or_default();
        let Some(destination) = world.buckets.get(name) else {
            return Err(invalid("Destination bucket must exist."));
        };
        if name == held.bucket.config.name {
            return Err(invalid("Destination bucket cannot be the same as the source bucket."));
        }
        if destination.config.versioning != Versioning::Enabled {
            return Err(invalid("Destination bucket must have versioning enabled."));
        }
    }
    Ok(())
}
