//! What watches the account: `CloudTrail`'s trails, metric filters of `CloudWatch` Logs, alarms of
//! `CloudWatch`, analyzers. It is configured and read; nothing is recorded, counted or told.
//!
//! Which resource an action is on follows the service authorization reference
//! (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudtrail.html>,
//! `list_amazoncloudwatchlogs`, `list_amazoncloudwatch`, `list_awsiamaccessanalyzer`).

mod trail;

use std::{collections::BTreeMap, sync::Arc};

use gainsay_model::{Environment, MetricAlarm, Monitoring, Service, Trail};
use http::request::Parts;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    authorize::{Question, Scope},
    json::{Answered, JsonAnswer, error, not_modelled, parse, refused},
    state::World,
};

/// What watches the environment's account.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    /// By ARN.
    trails: BTreeMap<String, Arc<Trail>>,
    other: Arc<Monitoring>,
}

impl Watch {
    /// What an environment says.
    pub(super) fn of(environment: &Environment) -> Self {
        Self {
            trails: environment
                .trails
                .iter()
                .map(|trail| (trail.arn.clone(), trail.clone()))
                .collect(),
            other: environment.monitoring.clone(),
        }
    }

    /// Whether there is a log group: there is where something is delivered to it or counted in it.
    fn has_log_group(&self, name: &str) -> bool {
        let delivered = self
            .trails
            .values()
            .filter_map(|trail| trail.config.cloud_watch_logs_log_group_arn.as_deref());
        let mut delivered = delivered.filter_map(|arn| arn.split(':').nth(6));
        delivered.any(|known| known == name)
            || self.other.metric_filters.iter().any(|filter| filter.log_group_name == name)
    }
}

/// Answers a call of one of the services; `target` is the x-amz-target header, where the protocol
/// has one.
pub(super) fn answer(
    world: &mut World,
    scope: &Scope,
    service: Service,
    parts: &Parts,
    target: &str,
    body: &[u8],
) -> JsonAnswer {
    let operation = target.rsplit('.').next().unwrap_or_default();
    let answered = match service {
        Service::CloudTrail => trail::answer(world, scope, operation, body),
        Service::Logs if operation == "DescribeMetricFilters" => {
            parse(body).and_then(|input| metric_filters(world, scope, &input))
        }
        Service::CloudWatch if operation == "DescribeAlarmsForMetric" => {
            parse(body).and_then(|input| alarms(world, scope, &input))
        }
        Service::AccessAnalyzer
            if (parts.method.as_str(), parts.uri.path()) == ("GET", "/analyzer") =>
        {
            analyzers(world, scope, parts)
        }
        Service::Config if operation == "DescribeConfigurationRecorderStatus" => {
            parse(body).and_then(|input| recorders(world, scope, &input))
        }
        Service::Macie if parts.method == http::Method::GET => {
            macie(world, scope, parts.uri.path())
        }
        _ => Err(not_modelled(format!("{}:{operation}", service.signing_name()))),
    };
    answered.map_or_else(|refusal| refusal, |body| (200, body))
}

/// Whether identity policies permit an action: no other policy speaks of these services here.
fn permit(scope: &Scope, action: &str, resource: &str) -> Result<(), JsonAnswer> {
    let account = scope.account().unwrap_or_default();
    let question = Question {
        action,
        resource,
        resource_account: &account,
        resource_policy: None,
        context: &scope.context(&account),
        settings: &[],
        restrict_public: false,
    };
    let _permit = scope.authorize(&question).map_err(refused)?;
    Ok(())
}

/// What watches the account of whoever asks: nothing is known of others.
fn own<'a>(world: &'a World, scope: &Scope) -> Option<&'a Watch> {
    (scope.account().as_ref() == Some(&world.account)).then_some(&*world.watch)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct OfLogGroup {
    log_group_name: String,
}

fn metric_filters(world: &World, scope: &Scope, input: &OfLogGroup) -> Answered {
    let group = &input.log_group_name;
    let account = scope.account().unwrap_or_default();
    permit(
        scope,
        "logs:DescribeMetricFilters",
        &format!("arn:aws:logs:{}:{account}:log-group:{group}", scope.region),
    )?;
    let watch = own(world, scope).filter(|watch| watch.has_log_group(group));
    let watch = watch.ok_or_else(|| {
        error(400, "ResourceNotFoundException", "The specified log group does not exist.")
    })?;
    let filters: Vec<_> = watch
        .other
        .metric_filters
        .iter()
        .filter(|filter| filter.log_group_name == *group)
        .collect();
    Ok(json!({ "metricFilters": filters }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct OfMetric {
    metric_name: String,
    namespace: String,
}

fn alarms(world: &World, scope: &Scope, input: &OfMetric) -> Answered {
    permit(scope, "cloudwatch:DescribeAlarmsForMetric", "*")?;
    let alarms = own(world, scope).map(|watch| &watch.other.metric_alarms).into_iter().flatten();
    let alarms = alarms.filter(|alarm| {
        alarm.metric_name == input.metric_name && alarm.namespace == input.namespace
    });
    let alarms: Vec<_> = alarms.map(|alarm| told(world, alarm)).collect();
    Ok(json!({ "MetricAlarms": alarms }))
}

/// An alarm with its ARN
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricAlarm.html>).
fn told(world: &World, alarm: &MetricAlarm) -> Value {
    let mut told = json!(alarm);
    if let Value::Object(members) = &mut told {
        let arn = format!(
            "arn:aws:cloudwatch:{}:{}:alarm:{}",
            world.region, world.account, alarm.alarm_name
        );
        members.insert("AlarmArn".to_owned(), json!(arn));
    }
    told
}

fn analyzers(world: &World, scope: &Scope, parts: &Parts) -> Answered {
    if parts.uri.query().is_some_and(|query| !query.is_empty()) {
        return Err(not_modelled("a list of some of the analyzers"));
    }
    permit_rest(scope, "access-analyzer:ListAnalyzers")?;
    let analyzers = own(world, scope).map_or(&[][..], |watch| &watch.other.analyzers);
    Ok(json!({ "analyzers": analyzers }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfAll {}

fn recorders(world: &World, scope: &Scope, _: &OfAll) -> Answered {
    permit(scope, "config:DescribeConfigurationRecorderStatus", "*")?;
    let recorders = own(world, scope).map_or(&[][..], |watch| &watch.other.recorders);
    Ok(json!({ "ConfigurationRecordersStatus": recorders }))
}

/// What Macie does; where it is off, whoever asks is told so with the code of a refusal.
fn macie(world: &World, scope: &Scope, path: &str) -> Answered {
    let action = match path {
        "/macie" => "macie2:GetMacieSession",
        "/automated-discovery/configuration" => "macie2:GetAutomatedDiscoveryConfiguration",
        other => return Err(not_modelled(format!("macie2 {other}"))),
    };
    permit_rest(scope, action)?;
    let macie = own(world, scope).and_then(|watch| watch.other.macie.as_ref());
    let macie =
        macie.ok_or_else(|| error(403, "AccessDeniedException", "Macie is not enabled."))?;
    if path != "/macie" {
        return Ok(json!({ "status": macie.automated_discovery }));
    }
    // <https://docs.aws.amazon.com/macie/latest/user/service-linked-roles.html>.
    let role = format!(
        "arn:aws:iam::{}:role/aws-service-role/macie.amazonaws.com/AWSServiceRoleForAmazonMacie",
        world.account
    );
    Ok(json!({ "serviceRole": role, "status": macie.status }))
}

/// As [`permit`], for an action on no resource of a service that speaks REST and refuses with 403
/// (<https://docs.aws.amazon.com/access-analyzer/latest/APIReference/CommonErrors.html>).
fn permit_rest(scope: &Scope, action: &str) -> Result<(), JsonAnswer> {
    permit(scope, action, "*")
        .map_err(|(status, body)| (if status == 400 { 403 } else { status }, body))
}
