//! What services of AWS ask of the bucket they deliver to, and of its key: the table
//! `deliveries.yaml` beside this file, each row with the page it follows.

use std::{collections::BTreeMap, sync::LazyLock};

use gainsay_model::Source;
use serde::Deserialize;

use crate::files::yaml;

/// A delivery of a service, and what it asks for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceDelivery {
    /// The name by which an environment names it, as `cloudtrail`.
    pub name: String,
    /// What is done, in a sentence that goes on where something refuses it.
    pub does: String,
    /// The service principal that asks; none where a role does in its name.
    #[serde(default)]
    pub service: Option<String>,
    /// Whether a role asks that the service assumes.
    #[serde(default)]
    pub role: bool,
    /// The template of `aws:SourceArn`.
    #[serde(default)]
    pub source_arn: Option<String>,
    /// Whether it delivers only to buckets whose default encryption is SSE-S3.
    #[serde(default)]
    pub sse_s3_only: bool,
    /// AWS's page.
    pub page: String,
    /// The requests.
    pub asks: Vec<ServiceRequest>,
}

/// A request of a service.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceRequest {
    /// Whose policy answers.
    pub of: Answers,
    /// The action.
    pub action: String,
    /// The template of the resource's ARN.
    pub resource: String,
    /// The value without which the request is not made.
    #[serde(default)]
    pub needs: Option<String>,
    /// The value with which it is not made.
    #[serde(default)]
    pub lacks: Option<String>,
    /// Further condition keys, with templates of their values.
    #[serde(default)]
    pub context: BTreeMap<String, String>,
}

/// The resource whose policy answers a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answers {
    /// The receiving bucket.
    Bucket,
    /// The key that what is delivered is under.
    Key,
    /// The bucket that something is delivered from.
    Source,
    /// The key that its objects are under.
    SourceKey,
}

/// Every delivery of the table.
#[must_use]
pub fn deliveries() -> &'static [ServiceDelivery] {
    static DELIVERIES: LazyLock<Vec<ServiceDelivery>> = LazyLock::new(|| {
        let source = Source::new("deliveries.yaml", include_str!("deliveries.yaml"));
        // That it is read whole a test shows.
        yaml::read(&source).unwrap_or_default()
    });
    &DELIVERIES
}

/// The delivery of a name.
#[must_use]
pub fn delivery(name: &str) -> Option<&'static ServiceDelivery> {
    deliveries().iter().find(|delivery| delivery.name == name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop")]
    use super::*;
    use gainsay_iam::actions::action;

    #[test]
    fn the_table_is_read_and_names_actions_and_one_who_asks() {
        let source = Source::new("deliveries.yaml", include_str!("deliveries.yaml"));
        let table: Vec<ServiceDelivery> =
            yaml::read(&source).unwrap_or_else(|problem| panic!("{}", problem.render(false)));
        assert_eq!(table.len(), deliveries().len());
        for row in &table {
            assert!(row.service.is_some() != row.role, "{}", row.name);
            assert!(row.page.starts_with("https://docs.aws.amazon.com/"), "{}", row.name);
            for ask in &row.asks {
                assert!(action(&ask.action).is_some(), "{}: {}", row.name, ask.action);
            }
        }
    }
}
