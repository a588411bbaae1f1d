//! What is read: a table of read-only calls, each as the AWS CLI makes it, and what of an error means that nothing is configured.
//!
//! Source of the S3 error codes: "List of error codes", <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{On, Seen, Subject, shape};
use crate::attempt::{Ask, Service, fault, quote};

/// A read-only call.
#[derive(Debug)]
pub struct Read {
    /// Its name, as in `s3:GetBucketEncryption`.
    pub name: &'static str,
    /// The service that answers.
    pub service: Service,
    /// What it is about.
    pub on: On,
    /// How it is asked.
    how: How,
    /// Errors that say that nothing is configured: a status, a code, and words of the message where the code says other things, too.
    absent: &'static [(u16, &'static str, &'static str)],
}

#[derive(Clone, Copy, Debug)]
enum How {
    /// S3: a query key, and the name under which the AWS CLI prints what is in the answer's root element.
    Query(&'static str, Option<&'static str>),
    /// S3: a query key, whose answer is a document that the AWS CLI prints as a text under a name.
    Text(&'static str, &'static str),
    /// S3 Control: a setting of the account, and the name under which the AWS CLI prints what is in the answer's root element.
    Account(&'static str, &'static str),
    /// A JSON protocol: the target of an operation, and the members of its input.
    Target(&'static str, &'static [(&'static str, Member)]),
    /// A path that answers with JSON.
    Path(&'static str),
}

/// A member of an input.
#[derive(Clone, Copy, Debug)]
enum Member {
    /// What is read.
    Subject,
    /// This.
    Word(&'static str),
    /// What the baseline says.
    Parameter(&'static str),
}

const fn bucket(name: &'static str, how: How, absent: &'static [(u16, &'static str, &'static str)]) -> Read {
    Read {
        name,
        service: Service::S3,
        on: On::Bucket,
        how,
        absent,
    }
}

const fn key(name: &'static str, target: &'static str, input: &'static [(&'static str, Member)]) -> Read {
    Read {
        name,
        service: Service::Kms,
        on: On::Key,
        how: How::Target(target, input),
        absent: &[],
    }
}

const fn trail(name: &'static str, target: &'static str, input: &'static [(&'static str, Member)]) -> Read {
    Read {
        name,
        service: Service::CloudTrail,
        on: On::Trail,
        how: How::Target(target, input),
        absent: &[],
    }
}

const fn account(name: &'static str, service: Service, how: How, absent: &'static [(u16, &'static str, &'static str)]) -> Read {
    Read {
        name,
        service,
        on: On::Account,
        how,
        absent,
    }
}

const KEY: (&str, Member) = ("KeyId", Member::Subject);
const TRAIL: &[(&str, Member)] = &[("TrailName", Member::Subject)];
const TRAIL_BY_NAME: &[(&str, Member)] = &[("Name", Member::Subject)];

/// The calls that checks make.
pub const READS: &[Read] = &[
    bucket(
        "s3:GetBucketEncryption",
        How::Query("encryption", Some("ServerSideEncryptionConfiguration")),
        &[(404, "ServerSideEncryptionConfigurationNotFoundError", "")],
    ),
    bucket("s3:GetBucketVersioning", How::Query("versioning", None), &[]),
    bucket(
        "s3:GetPublicAccessBlock",
        How::Query("publicAccessBlock", Some("PublicAccessBlockConfiguration")),
        &[(404, "NoSuchPublicAccessBlockConfiguration", "")],
    ),
    bucket(
        "s3:GetBucketOwnershipControls",
        How::Query("ownershipControls", Some("OwnershipControls")),
        &[(404, "OwnershipControlsNotFoundError", "")],
    ),
    bucket(
        "s3:GetBucketPolicyStatus",
        How::Query("policyStatus", Some("PolicyStatus")),
        &[(404, "NoSuchBucketPolicy", "")],
    ),
    bucket(
        "s3:GetBucketPolicy",
        How::Text("policy", "Policy"),
        &[(404, "NoSuchBucketPolicy", "")],
    ),
    bucket(
        "s3:GetBucketLifecycleConfiguration",
        How::Query("lifecycle", None),
        &[(404, "NoSuchLifecycleConfiguration", "")],
    ),
    bucket(
        "s3:GetBucketReplication",
        How::Query("replication", Some("ReplicationConfiguration")),
        &[(404, "ReplicationConfigurationNotFoundError", "")],
    ),
    bucket(
        "s3:GetObjectLockConfiguration",
        How::Query("object-lock", Some("ObjectLockConfiguration")),
        &[(404, "ObjectLockConfigurationNotFoundError", "")],
    ),
    bucket("s3:GetBucketNotificationConfiguration", How::Query("notification", None), &[]),
    bucket("s3:GetBucketLogging", How::Query("logging", None), &[]),
    bucket("s3:ListBucketInventoryConfigurations", How::Query("inventory", None), &[]),
    account(
        "s3control:GetPublicAccessBlock",
        Service::S3Control,
        How::Account("/v20180820/configuration/publicAccessBlock", "PublicAccessBlockConfiguration"),
        &[(404, "NoSuchPublicAccessBlockConfiguration", "")],
    ),
    key("kms:DescribeKey", "TrentService.DescribeKey", &[KEY]),
    key(
        "kms:GetKeyPolicy",
        "TrentService.GetKeyPolicy",
        &[KEY, ("PolicyName", Member::Word("default"))],
    ),
    key("kms:GetKeyRotationStatus", "TrentService.GetKeyRotationStatus", &[KEY]),
    key("kms:ListAliases", "TrentService.ListAliases", &[KEY]),
    key("kms:ListGrants", "TrentService.ListGrants", &[KEY]),
    trail(
        "cloudtrail:GetTrail",
        "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.GetTrail",
        TRAIL_BY_NAME,
    ),
    trail(
        "cloudtrail:GetTrailStatus",
        "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.GetTrailStatus",
        TRAIL_BY_NAME,
    ),
    trail(
        "cloudtrail:GetEventSelectors",
        "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.GetEventSelectors",
        TRAIL,
    ),
    Read {
        absent: &[(400, "InsightNotEnabledException", "")],
        ..trail(
            "cloudtrail:GetInsightSelectors",
            "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.GetInsightSelectors",
            TRAIL,
        )
    },
    account(
        "logs:DescribeMetricFilters",
        Service::Logs,
        How::Target(
            "Logs_20140328.DescribeMetricFilters",
            &[("logGroupName", Member::Parameter("log_group"))],
        ),
        &[(400, "ResourceNotFoundException", "")],
    ),
    account(
        "cloudwatch:DescribeAlarmsForMetric",
        Service::CloudWatch,
        How::Target(
            "GraniteServiceVersion20100801.DescribeAlarmsForMetric",
            &[
                ("MetricName", Member::Parameter("metric")),
                ("Namespace", Member::Parameter("namespace")),
            ],
        ),
        &[],
    ),
    // <https://docs.aws.amazon.com/macie/latest/APIReference/macie.html>: who asks where Macie is off is told so with the code of a refusal
    // (<https://github.com/prowler-cloud/prowler/issues/1279>).
    account(
        "macie2:GetMacieSession",
        Service::Macie,
        How::Path("/macie"),
        &[(403, "AccessDeniedException", "Macie is not enabled")],
    ),
    account(
        "macie2:GetAutomatedDiscoveryConfiguration",
        Service::Macie,
        How::Path("/automated-discovery/configuration"),
        &[(403, "AccessDeniedException", "Macie is not enabled")],
    ),
    account(
        "configservice:DescribeConfigurationRecorderStatus",
        Service::Config,
        How::Target("StarlingDoveService.DescribeConfigurationRecorderStatus", &[]),
        &[],
    ),
    account("accessanalyzer:ListAnalyzers", Service::AccessAnalyzer, How::Path("/analyzer"), &[]),
];

impl Read {
    /// The request for a resource, with what the baseline says. A bucket is asked of the account that must own it.
    #[must_use]
    pub fn ask(&self, subject: &Subject, parameters: &BTreeMap<String, String>) -> Ask {
        let get = |path: String, headers: Vec<(&'static str, String)>| Ask {
            method: "GET",
            path,
            headers,
            ..Ask::default()
        };
        match self.how {
            How::Query(query, _) | How::Text(query, _) => get(
                format!("/{}?{query}", subject.id),
                vec![("x-amz-expected-bucket-owner", subject.account.clone())],
            ),
            How::Account(path, _) => Ask {
                prefix: format!("{}.", subject.account),
                ..get(path.to_owned(), vec![("x-amz-account-id", subject.account.clone())])
            },
            How::Path(path) => get(path.to_owned(), Vec::new()),
            How::Target(target, input) => {
                let input = members(input, subject, parameters).map(|(name, value)| (name.to_owned(), json!(value)));
                Ask::json(version(self.service), target.to_owned(), &Value::Object(input.collect()))
            }
        }
    }

    /// The same as an `aws` command.
    #[must_use]
    pub fn command(&self, subject: &Subject, parameters: &BTreeMap<String, String>) -> String {
        let (service, name) = self.name.split_once(':').unwrap_or(("", self.name));
        let words = kebab(name);
        match self.how {
            How::Query(..) | How::Text(..) => format!(
                "aws s3api {words} --bucket {} --expected-bucket-owner {}",
                subject.id, subject.account
            ),
            How::Account(..) => format!("aws {service} {words} --account-id {}", subject.account),
            How::Path(_) => format!("aws {service} {words}"),
            How::Target(_, input) => members(input, subject, parameters)
                .fold(format!("aws {service} {words}"), |command, (member, value)| {
                    format!("{command} --{} {}", kebab(member), quote(value))
                }),
        }
    }

    /// What an answer says.
    #[must_use]
    pub fn seen(&self, status: u16, body: &[u8]) -> Seen {
        if (200..300).contains(&status) {
            let document = match self.how {
                How::Query(_, name) => shape::printed(body, name),
                How::Account(_, name) => shape::printed(body, Some(name)),
                How::Text(_, name) => std::str::from_utf8(body).ok().map(|text| json!({ name: text })),
                // An error stays one with whatever status it comes.
                How::Target(..) | How::Path(_) => serde_json::from_slice(body)
                    .ok()
                    .filter(|document: &Value| document.is_object() && document.get("__type").is_none())
                    .map(without_nulls),
            };
            let member = |name: &&str| document.as_ref()?.get(*name);
            let truncated = ["IsTruncated", "Truncated"]
                .iter()
                .filter_map(member)
                .any(|more| *more == Value::Bool(true));
            if truncated || ["nextToken", "NextToken"].iter().filter_map(member).any(Value::is_string) {
                return Seen::NotRead(format!("the answer of {} is only a part of all there is", self.name));
            }
            return document.map_or_else(
                || Seen::NotRead(format!("the answer of {} cannot be read", self.name)),
                Seen::Document,
            );
        }
        let says = |words: &str| String::from_utf8_lossy(body).contains(words);
        let is_absent = |found: &str| {
            let mut absent = self.absent.iter();
            absent.any(|(with, code, words)| *with == status && *code == found && says(words))
        };
        match fault(self.service, body).map(|fault| fault.code) {
            Some(code) if is_absent(&code) => Seen::Document(Value::Null),
            Some(code) => Seen::NotRead(format!("{} answered {status} {code}", self.name)),
            None => Seen::NotRead(format!("{} answered {status}", self.name)),
        }
    }
}

/// A document without the members that are `null`, which the AWS CLI does not print.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(members.map(|(name, value)| (name, without_nulls(value))).collect())
        }
        Value::Array(values) => Value::Array(values.into_iter().map(without_nulls).collect()),
        other => other,
    }
}

/// The members of an input, as far as they are known: a check's parameters are given, as the baseline was read.
fn members<'a>(
    input: &'a [(&'static str, Member)],
    subject: &'a Subject,
    parameters: &'a BTreeMap<String, String>,
) -> impl Iterator<Item = (&'static str, &'a str)> {
    input.iter().filter_map(|(name, member)| {
        let value = match member {
            Member::Subject => subject.id.as_str(),
            Member::Word(word) => word,
            Member::Parameter(name) => parameters.get(*name)?,
        };
        Some((*name, value))
    })
}

/// The version of a service's JSON protocol, as its API model says.
const fn version(service: Service) -> &'static str {
    match service {
        Service::CloudWatch => "1.0",
        _ => "1.1",
    }
}

/// A name of the API as the AWS CLI writes it.
fn kebab(name: &str) -> String {
    name.char_indices().fold(String::new(), |mut words, (at, c)| {
        if c.is_ascii_uppercase() && at > 0 {
            words.push('-');
        }
        words.push(c.to_ascii_lowercase());
        words
    })
}
