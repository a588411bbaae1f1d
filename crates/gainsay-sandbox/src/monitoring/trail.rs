//! `CloudTrail`: trails are read, started, stopped, changed and deleted.
//!
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_Operations.html>. Permission
//! is asked before the trail is looked for, and the words of the errors are assumed.

use std::sync::Arc;

use gainsay_model::{AdvancedEventSelector, EventSelector, Trail};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Answered, JsonAnswer, Scope, World, error, not_modelled, own, parse, permit};

pub(super) fn answer(world: &mut World, scope: &Scope, operation: &str, body: &[u8]) -> Answered {
    match operation {
        "GetTrail" => named(world, scope, "cloudtrail:GetTrail", body)
            .map(|trail| json!({ "Trail": printed(world, &trail) })),
        "GetTrailStatus" => named(world, scope, "cloudtrail:GetTrailStatus", body)
            .map(|trail| json!({ "IsLogging": trail.config.is_logging })),
        "GetEventSelectors" => of_trail(world, scope, "cloudtrail:GetEventSelectors", body)
            .map(|trail| selectors(&trail)),
        "GetInsightSelectors" => of_trail(world, scope, "cloudtrail:GetInsightSelectors", body)
            .and_then(|trail| insights(&trail)),
        "StartLogging" => logging(world, scope, "cloudtrail:StartLogging", body, true),
        "StopLogging" => logging(world, scope, "cloudtrail:StopLogging", body, false),
        "DeleteTrail" => delete(world, scope, body),
        "UpdateTrail" => parse(body).and_then(|input| update(world, scope, &input)),
        "PutEventSelectors" => parse(body).and_then(|input| put_selectors(world, scope, input)),
        other => Err(not_modelled(format!("cloudtrail:{other}"))),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Named {
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct OfTrail {
    trail_name: String,
}

fn named(
    world: &World,
    scope: &Scope,
    action: &str,
    body: &[u8],
) -> Result<Arc<Trail>, JsonAnswer> {
    let input: Named = parse(body)?;
    find(world, scope, action, &input.name)
}

fn of_trail(
    world: &World,
    scope: &Scope,
    action: &str,
    body: &[u8],
) -> Result<Arc<Trail>, JsonAnswer> {
    let input: OfTrail = parse(body)?;
    find(world, scope, action, &input.trail_name)
}

/// A trail by its name or its ARN, for whoever is permitted the action on it.
fn find(world: &World, scope: &Scope, action: &str, name: &str) -> Result<Arc<Trail>, JsonAnswer> {
    let account = scope.account().unwrap_or_default();
    let arn = if name.starts_with("arn:") {
        name.to_owned()
    } else {
        format!("arn:aws:cloudtrail:{}:{account}:trail/{name}", scope.region)
    };
    permit(scope, action, &arn)?;
    let found = own(world, scope).and_then(|watch| watch.trails.get(&arn)).cloned();
    found.ok_or_else(|| {
        let message = format!("Unknown trail: {arn} for the user: {account}");
        error(400, "TrailNotFoundException", message)
    })
}

/// A trail as `GetTrail` tells it.
fn printed(world: &World, trail: &Trail) -> Value {
    let config = &trail.config;
    let texts = [
        ("S3KeyPrefix", &config.prefix),
        ("KmsKeyId", &config.kms_key_id),
        ("CloudWatchLogsLogGroupArn", &config.cloud_watch_logs_log_group_arn),
        ("CloudWatchLogsRoleArn", &config.cloud_watch_logs_role_arn),
    ];
    let texts = texts.into_iter().filter_map(|(name, text)| Some((name, json!(text.as_ref()?))));
    let always = [
        ("Name", json!(trail.name)),
        ("TrailARN", json!(trail.arn)),
        ("HomeRegion", json!(world.region)),
        ("S3BucketName", json!(config.bucket)),
        ("IncludeGlobalServiceEvents", json!(config.include_global_service_events)),
        ("IsMultiRegionTrail", json!(config.is_multi_region_trail)),
        ("IsOrganizationTrail", json!(false)),
        ("LogFileValidationEnabled", json!(config.log_file_validation_enabled)),
        (
            "HasCustomEventSelectors",
            json!(
                !config.event_selectors.is_empty() || !config.advanced_event_selectors.is_empty()
            ),
        ),
        ("HasInsightSelectors", json!(!config.insight_selectors.is_empty())),
    ];
    let members: Map<String, Value> =
        always.into_iter().chain(texts).map(|(name, value)| (name.to_owned(), value)).collect();
    Value::Object(members)
}

/// Of a trail of which nothing was said, all management events and nothing else are recorded.
fn selectors(trail: &Trail) -> Value {
    let config = &trail.config;
    if !config.advanced_event_selectors.is_empty() {
        return json!({ "TrailARN": trail.arn, "AdvancedEventSelectors": config.advanced_event_selectors });
    }
    if config.event_selectors.is_empty() {
        return json!({ "TrailARN": trail.arn, "EventSelectors": [EventSelector::default()] });
    }
    json!({ "TrailARN": trail.arn, "EventSelectors": config.event_selectors })
}

fn insights(trail: &Trail) -> Answered {
    if trail.config.insight_selectors.is_empty() {
        let message = format!("Trail {} does not have Insights enabled.", trail.arn);
        return Err(error(400, "InsightNotEnabledException", message));
    }
    Ok(json!({ "TrailARN": trail.arn, "InsightSelectors": trail.config.insight_selectors }))
}

/// Puts a changed trail in the place of another.
fn keep(world: &mut World, trail: Trail) {
    let trails = &mut Arc::make_mut(&mut world.watch).trails;
    trails.insert(trail.arn.clone(), Arc::new(trail));
}

fn logging(
    world: &mut World,
    scope: &Scope,
    action: &str,
    body: &[u8],
    is_logging: bool,
) -> Answered {
    let mut trail = Arc::unwrap_or_clone(named(world, scope, action, body)?);
    trail.config.is_logging = is_logging;
    keep(world, trail);
    Ok(json!({}))
}

fn delete(world: &mut World, scope: &Scope, body: &[u8]) -> Answered {
    let trail = named(world, scope, "cloudtrail:DeleteTrail", body)?;
    Arc::make_mut(&mut world.watch).trails.remove(&trail.arn);
    Ok(json!({}))
}

/// What may be changed here without a bucket or a key that has to be looked at.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Update {
    name: String,
    #[serde(default)]
    include_global_service_events: Option<bool>,
    #[serde(default)]
    is_multi_region_trail: Option<bool>,
    #[serde(default)]
    enable_log_file_validation: Option<bool>,
}

fn update(world: &mut World, scope: &Scope, input: &Update) -> Answered {
    let mut trail =
        Arc::unwrap_or_clone(find(world, scope, "cloudtrail:UpdateTrail", &input.name)?);
    let config = &mut trail.config;
    for (flag, asked) in [
        (&mut config.include_global_service_events, input.include_global_service_events),
        (&mut config.is_multi_region_trail, input.is_multi_region_trail),
        (&mut config.log_file_validation_enabled, input.enable_log_file_validation),
    ] {
        *flag = asked.unwrap_or(*flag);
    }
    let mut answer = printed(world, &trail);
    if let Value::Object(members) = &mut answer {
        members.retain(|name, _| {
            !matches!(
                name.as_str(),
                "HomeRegion" | "HasCustomEventSelectors" | "HasInsightSelectors"
            )
        });
    }
    keep(world, trail);
    Ok(answer)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct PutSelectors {
    trail_name: String,
    #[serde(default)]
    event_selectors: Vec<EventSelector>,
    #[serde(default)]
    advanced_event_selectors: Vec<AdvancedEventSelector>,
}

/// Either kind of selector replaces whatever there was.
fn put_selectors(world: &mut World, scope: &Scope, input: PutSelectors) -> Answered {
    let mut trail = Arc::unwrap_or_clone(find(
        world,
        scope,
        "cloudtrail:PutEventSelectors",
        &input.trail_name,
    )?);
    if input.event_selectors.is_empty() == input.advanced_event_selectors.is_empty() {
        return Err(error(
            400,
            "InvalidEventSelectorsException",
            "Specify either EventSelectors or AdvancedEventSelectors.",
        ));
    }
    trail.config.event_selectors = input.event_selectors;
    trail.config.advanced_event_selectors = input.advanced_event_selectors;
    let answer = selectors(&trail);
    keep(world, trail);
    Ok(answer)
}
