//! What S3 refuses in the policy of a bucket or of an access point.

use super::{Context, Rule, Wrong, missing_principals, resource_element};
use crate::actions::{ACTIONS, Action, ResourceType, action};
use crate::error::closest_word;
use crate::keys::{KEYS, condition_key};
use crate::layer::PolicyKind;
use crate::pattern::{Glob, broadest_pattern};
use crate::policy::Statement;
use crate::principal::Entry;

const BUCKET: &[PolicyKind] = &[PolicyKind::Bucket];
const ERROR: &str = "MalformedPolicy";

/// In the order in which S3 looks: actions, principals, resources, conditions, and then whether
/// actions and resources go together. That a condition is named before the resource was seen by the
/// authors of versitygw.
pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "invalid-action",
        kinds: BUCKET,
        what: "an action that S3 does not have",
        error: ERROR,
        message: "Policy has invalid action",
        source: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/security_iam_service-with-iam.html",
        find: invalid_actions,
    },
    Rule {
        code: "invalid-principal",
        kinds: BUCKET,
        what: "an identity provider as principal",
        error: ERROR,
        message: "Invalid principal in policy",
        source: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/security_iam_service-with-iam.html",
        find: federated,
    },
    Rule {
        code: "principal-does-not-exist",
        kinds: BUCKET,
        what: "a user or role that does not exist",
        error: ERROR,
        message: "Invalid principal in policy",
        source: "https://repost.aws/knowledge-center/s3-invalid-principal-in-policy-error",
        find: missing_principals,
    },
    Rule {
        code: "located-bucket",
        kinds: BUCKET,
        what: "a bucket or an object with a Region or an account in its ARN",
        error: ERROR,
        message: "Policy has invalid resource",
        source: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-arn-format.html",
        find: located_buckets,
    },
    Rule {
        code: "other-bucket",
        kinds: BUCKET,
        what: "a resource of another bucket",
        error: ERROR,
        message: "Policy has invalid resource",
        source: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-bucket-user-policy-specifying-resources-example.html",
        find: other_buckets,
    },
    Rule {
        code: "invalid-condition-key",
        kinds: BUCKET,
        what: "an `s3:` key that S3 does not have, a key of KMS, or one without a service",
        error: ERROR,
        message: "Policy has an invalid condition key",
        source: "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html",
        find: invalid_keys,
    },
    Rule {
        code: "condition-without-action",
        kinds: BUCKET,
        what: "a condition key that one of the statement's actions does not have",
        error: ERROR,
        message: "Conditions do not apply to combination of actions and resources in statement",
        source: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html",
        find: conditions,
    },
    Rule {
        code: "action-without-resource",
        kinds: BUCKET,
        what: "an action for none of the statement's resources",
        error: ERROR,
        message: "Action does not apply to any resource(s) in statement",
        source: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/security_iam_service-with-iam.html",
        find: actions_without_resource,
    },
];

/// Keys that say something of the connection, the bucket or the access point, and not of one
/// action: S3 is not taken to refuse them anywhere.
const OF_EVERY_ACTION: &[&str] = &[
    "s3:AccessPointNetworkOrigin",
    "s3:AccessPointTag/",
    "s3:authType",
    "s3:BucketTag/",
    "s3:DataAccessPointAccount",
    "s3:DataAccessPointArn",
    "s3:ResourceAccount",
    "s3:signatureAge",
    "s3:signatureversion",
    "s3:TlsVersion",
    "s3:x-amz-content-sha256",
];

fn begins(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|found| found.eq_ignore_ascii_case(start))
}

/// Whether every resource is one of S3 itself: of directory buckets, Outposts and Object Lambda the
/// actions are not known here.
fn is_of_s3(statement: &Statement) -> bool {
    statement.resources().all(|resource| resource.split(':').nth(2) == Some("s3"))
}

/// The actions of S3 that a pattern matches; all for a pattern of every service.
fn matched(pattern: &str) -> impl Iterator<Item = &'static Action> {
    let lower = pattern.to_ascii_lowercase();
    let glob = Glob::new(if lower == "*:*" { "*" } else { &lower });
    ACTIONS.iter().filter(move |action| {
        begins(action.name, "s3:") && glob.matches(&action.name.to_ascii_lowercase())
    })
}

fn invalid_actions(statement: &Statement, _: &Context<'_>) -> Vec<Wrong> {
    if !is_of_s3(statement) {
        return Vec::new();
    }
    let element = if statement.excludes_actions() { "NotAction" } else { "Action" };
    let is_known = |pattern: &str| action(pattern).is_some_and(|known| begins(known.name, "s3:"));
    let invalid = statement
        .actions()
        .filter(|pattern| !is_known(pattern) && matched(pattern).next().is_none());
    invalid
        .map(|pattern| Wrong::at(&[element], pattern, format!("S3 has no action `{pattern}`")))
        .collect()
}

fn federated(statement: &Statement, _: &Context<'_>) -> Vec<Wrong> {
    let Some(principals) = &statement.principals else { return Vec::new() };
    let element = if principals.negated { "NotPrincipal" } else { "Principal" };
    let federated = principals.entries.iter().filter_map(|entry| match entry {
        Entry::Federated(name) => Some(name),
        Entry::Everyone
        | Entry::Account(_)
        | Entry::Arn(_)
        | Entry::Service(_)
        | Entry::CanonicalUser => None,
    });
    let why = |name: &String| {
        format!("`{name}` is an identity provider: name the role that its users assume")
    };
    federated.map(|name| Wrong::at(&[element, "Federated"], name, why(name))).collect()
}

/// The ARN of a bucket has neither Region nor account; one of an access point has both, or, for
/// several Regions, the account.
fn located_buckets(statement: &Statement, _: &Context<'_>) -> Vec<Wrong> {
    let element = resource_element(statement);
    let is_located = |resource: &&str| {
        let parts: Vec<&str> = resource.splitn(6, ':').collect();
        let ["arn", _, "s3", region, account, name] = parts.as_slice() else { return false };
        let is_said = |field: &str| !field.is_empty() && !field.contains(['*', '?', '$']);
        (is_said(region) || is_said(account))
            && !["accesspoint", "storage-lens", "job", "*", "?"]
                .iter()
                .any(|kind| name.starts_with(kind))
    };
    let why = |resource: &str| {
        format!("`{resource}` is no bucket: write `arn:aws:s3:::NAME`, without Region and account")
    };
    let located = statement.resources().filter(is_located);
    located.map(|resource| Wrong::at(&[element], resource, why(resource))).collect()
}

fn other_buckets(statement: &Statement, context: &Context<'_>) -> Vec<Wrong> {
    let Some(bucket) = context.put.bucket else { return Vec::new() };
    let element = resource_element(statement);
    let is_own = |resource: &&str| {
        let parts: Vec<&str> = resource.splitn(6, ':').collect();
        let ["arn", _, "s3", "", "", name] = parts.as_slice() else { return false };
        name.strip_prefix(bucket)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '*']))
    };
    let why = |resource: &str| format!("`{resource}` is nothing of the bucket `{bucket}`");
    let others = statement.resources().filter(|resource| !is_own(resource));
    others.map(|resource| Wrong::at(&[element], resource, why(resource))).collect()
}

fn invalid_keys(statement: &Statement, _: &Context<'_>) -> Vec<Wrong> {
    let is_invalid = |key: &str| {
        let of_s3 = begins(key, "s3:") && condition_key(key).is_none();
        of_s3 || begins(key, "kms:") || !key.contains(':')
    };
    let invalid = statement.conditions.iter().filter(|condition| is_invalid(&condition.key));
    invalid
        .map(|condition| {
            let key = &condition.key;
            let near = closest_word(key, KEYS.iter().map(|known| known.name));
            let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            let why = format!("S3 has no condition key `{key}`{near}");
            Wrong::at(&["Condition", condition.name(), key], key, why)
        })
        .collect()
}

fn conditions(statement: &Statement, _: &Context<'_>) -> Vec<Wrong> {
    if statement.excludes_actions() || !is_of_s3(statement) {
        return Vec::new();
    }
    let judged = statement.conditions.iter().filter(|condition| {
        begins(&condition.key, "s3:")
            && condition_key(&condition.key).is_some()
            && !OF_EVERY_ACTION.iter().any(|key| begins(&condition.key, key))
    });
    judged
        .filter_map(|condition| {
            let key = &condition.key;
            let lacks = |pattern: &&str| {
                let mut actions = matched(pattern).peekable();
                actions.peek().is_some() && !actions.any(|action| action.may_have(key))
            };
            let action = statement.actions().find(lacks)?;
            let why = format!("`{action}` has no key `{key}`: give it a statement of its own");
            Some(Wrong::at(&["Condition", condition.name(), key], key, why))
        })
        .collect()
}

/// Whether a resource may be a bucket, and whether it may be objects; the same of access points.
fn types_of(resource: &str) -> (bool, bool) {
    let broadest = broadest_pattern(resource);
    let name = broadest.splitn(6, ':').last().unwrap_or_default();
    let (of_objects, open) = match name.strip_prefix("accesspoint/") {
        Some(point) => (point.contains("/object/"), point.ends_with('*')),
        None => (name.contains('/'), name.contains('*')),
    };
    (!of_objects, of_objects || open)
}

fn actions_without_resource(statement: &Statement, _: &Context<'_>) -> Vec<Wrong> {
    if statement.excludes_actions() || statement.excludes_resources() || !is_of_s3(statement) {
        return Vec::new();
    }
    let types: Vec<(bool, bool)> = statement.resources().map(types_of).collect();
    let of_bucket = types.iter().any(|(bucket, _)| *bucket);
    let of_objects = types.iter().any(|(_, objects)| *objects);
    let applies = |action: &Action| {
        action.resources.iter().any(|of| match of {
            ResourceType::Bucket | ResourceType::AccessPoint => of_bucket,
            ResourceType::Object | ResourceType::AccessPointObject => of_objects,
            ResourceType::AccessGrant
            | ResourceType::AccessGrantsInstance
            | ResourceType::AccessGrantsLocation
            | ResourceType::Job
            | ResourceType::MultiRegionAccessPoint
            | ResourceType::MultiRegionAccessPointRequest
            | ResourceType::ObjectLambdaAccessPoint
            | ResourceType::StorageLensConfiguration
            | ResourceType::StorageLensGroup
            | ResourceType::Alias
            | ResourceType::Key
            | ResourceType::Role
            | ResourceType::User
            | ResourceType::RootUser
            | ResourceType::FederatedUser
            | ResourceType::SelfSession => false,
        })
    };
    // Of an action that S3 does not have it says something else.
    let lost = statement.actions().filter(|pattern| {
        let mut actions = matched(pattern).peekable();
        actions.peek().is_some() && !actions.any(applies)
    });
    let why = |pattern: &str| match (of_bucket, of_objects) {
        (true, false) => {
            format!("`{pattern}` is not asked for on buckets: name objects too, `.../*`")
        }
        (false, true) => {
            format!("`{pattern}` is not asked for on objects: name the bucket too, without `/`")
        }
        (_, _) => format!("`{pattern}` is asked for on no bucket and no object"),
    };
    lost.map(|pattern| Wrong::at(&["Resource"], pattern, why(pattern))).collect()
}
