//! What watches an account: its trails, and what counts, compares and tells what is in them.
//! Members are those that the API answers with
//! (<https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_Trail.html>,
//! <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_MetricFilter.html>,
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricAlarm.html>,
//! <https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_AnalyzerSummary.html>).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trail {
    /// Its logical name.
    pub logical: String,
    /// Its name in `CloudTrail`.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// How it is configured.
    pub config: TrailConfig,
}

/// How a trail is configured: what `GetTrail`, `GetTrailStatus`, `GetEventSelectors` and
/// `GetInsightSelectors` say of it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
#[expect(clippy::struct_excessive_bools, reason = "the members of the API")]
pub struct TrailConfig {
    /// The bucket that log files are delivered to.
    #[serde(rename = "S3BucketName")]
    pub bucket: String,
    /// What their keys begin with.
    #[serde(default, rename = "S3KeyPrefix")]
    pub prefix: Option<String>,
    /// Whether events of global services are recorded; they are where nothing is said.
    #[serde(default = "yes")]
    pub include_global_service_events: bool,
    /// Whether events of every Region are recorded.
    #[serde(default)]
    pub is_multi_region_trail: bool,
    /// Whether digest files are delivered, by which changes can be found.
    #[serde(default)]
    pub log_file_validation_enabled: bool,
    /// The key that log files are encrypted with.
    #[serde(default)]
    pub kms_key_id: Option<String>,
    /// The log group that events are delivered to.
    #[serde(default)]
    pub cloud_watch_logs_log_group_arn: Option<String>,
    /// The role that delivers them.
    #[serde(default)]
    pub cloud_watch_logs_role_arn: Option<String>,
    /// Whether it records; it does where nothing is said.
    #[serde(default = "yes")]
    pub is_logging: bool,
    /// What is recorded, as basic event selectors say it.
    #[serde(default)]
    pub event_selectors: Vec<EventSelector>,
    /// What is recorded, as advanced event selectors say it.
    #[serde(default)]
    pub advanced_event_selectors: Vec<AdvancedEventSelector>,
    /// What unusual activity is looked for.
    #[serde(default)]
    pub insight_selectors: Vec<InsightSelector>,
}

const fn yes() -> bool {
    true
}

/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_EventSelector.html>.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct EventSelector {
    /// `All`, `ReadOnly` or `WriteOnly`.
    #[serde(default = "all")]
    pub read_write_type: String,
    /// Whether management events are recorded.
    #[serde(default = "yes")]
    pub include_management_events: bool,
    /// Of which resources data events are recorded.
    #[serde(default)]
    pub data_resources: Vec<DataResource>,
    /// Services whose management events are left out.
    #[serde(default)]
    pub exclude_management_event_sources: Vec<String>,
}

impl Default for EventSelector {
    /// What a trail records of which nobody has said anything.
    fn default() -> Self {
        Self {
            read_write_type: all(),
            include_management_events: true,
            data_resources: Vec::new(),
            exclude_management_event_sources: Vec::new(),
        }
    }
}

fn all() -> String {
    "All".to_owned()
}

/// Resources of one type.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct DataResource {
    /// As `AWS::S3::Object`.
    pub r#type: String,
    /// What their ARNs begin with.
    pub values: Vec<String>,
}

/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedEventSelector.html>.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct AdvancedEventSelector {
    /// What it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What holds of every event that is recorded.
    pub field_selectors: Vec<FieldSelector>,
}

/// What holds of a field of an event.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct FieldSelector {
    /// The field.
    pub field: String,
    /// It is one of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub equals: Vec<String>,
    /// It begins with one of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub starts_with: Vec<String>,
    /// It ends with one of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ends_with: Vec<String>,
    /// It is none of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_equals: Vec<String>,
    /// It begins with none of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_starts_with: Vec<String>,
    /// It ends with none of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_ends_with: Vec<String>,
}

/// What unusual activity is looked for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct InsightSelector {
    /// As `ApiCallRateInsight`.
    pub insight_type: String,
}

/// What counts, compares and tells what happens in an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Monitoring {
    /// What is counted.
    #[serde(default, rename = "metricFilters")]
    pub metric_filters: Vec<MetricFilter>,
    /// When somebody is told.
    #[serde(default, rename = "MetricAlarms")]
    pub metric_alarms: Vec<MetricAlarm>,
    /// What looks for what is open to others.
    #[serde(default)]
    pub analyzers: Vec<Analyzer>,
    /// What keeps the history of configurations.
    #[serde(default, rename = "ConfigurationRecordersStatus")]
    pub recorders: Vec<Recorder>,
    /// Macie; it is off where nothing is said.
    #[serde(default)]
    pub macie: Option<Macie>,
}

/// A recorder of AWS Config
/// (<https://docs.aws.amazon.com/config/latest/APIReference/API_ConfigurationRecorderStatus.html>).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Recorder {
    /// Its name.
    pub name: String,
    /// Whether it records.
    pub recording: bool,
    /// `Success` or `Failure` of the last time.
    pub last_status: String,
}

/// What Macie does.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Macie {
    /// `ENABLED` or `PAUSED`.
    pub status: String,
    /// Whether it looks by itself for what is sensitive: `ENABLED` or `DISABLED`.
    pub automated_discovery: String,
}

/// A filter that counts the events of a log group.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct MetricFilter {
    /// Its name.
    pub filter_name: String,
    /// Which events.
    pub filter_pattern: String,
    /// Of which log group.
    pub log_group_name: String,
    /// Where they are counted.
    pub metric_transformations: Vec<MetricTransformation>,
}

/// A metric that a filter counts in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct MetricTransformation {
    /// Its name.
    pub metric_name: String,
    /// Its namespace.
    pub metric_namespace: String,
    /// What an event counts.
    pub metric_value: String,
    /// By which fields of an event the metric is told apart: a metric for each of their values, and
    /// none of all of them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dimensions: BTreeMap<String, String>,
}

/// An alarm of a metric.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct MetricAlarm {
    /// Its name.
    pub alarm_name: String,
    /// The metric.
    pub metric_name: String,
    /// Its namespace.
    pub namespace: String,
    /// Whether it acts; it does where nothing is said.
    #[serde(default = "yes")]
    pub actions_enabled: bool,
    /// Who is told.
    #[serde(default)]
    pub alarm_actions: Vec<String>,
    /// As `Sum`.
    pub statistic: String,
    /// In seconds.
    pub period: u32,
    /// How many periods are looked at.
    pub evaluation_periods: u32,
    /// In how many of them it has to be so; in all where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub datapoints_to_alarm: Option<u32>,
    /// Of which of the metrics of that name; of the one without any where nothing is said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dimensions: Vec<Dimension>,
    /// Of which unit alone, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// From where on.
    pub threshold: u32,
    /// As `GreaterThanOrEqualToThreshold`.
    pub comparison_operator: String,
    /// As `notBreaching`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub treat_missing_data: Option<String>,
}

/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html>.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Dimension {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// An analyzer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Analyzer {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// As `ACCOUNT`.
    pub r#type: String,
    /// As `ACTIVE`.
    pub status: String,
}
