//! What is read: a table of read-only calls, each as the AWS CLI makes it, and what of an error
//! means that nothing is configured.
//!
//! Source of the S3 error codes: "List of error codes",
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>.

use std::collections::BTreeMap;

use gainsay_iam::duplicate_key;
use gainsay_model::{Service, xml::Element};
use serde_json::{Value, json};

use super::{
    Check, On, ReadOutcome, Subject,
    echo::{Echo, may_say, mismatch, says},
    shape,
};
use crate::{
    attempt::{fault, quote},
    cloud::SignedRequest,
};

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
    /// Errors that say that nothing is configured: a status, a code, and words of the message where
    /// the code says other things, too.
    absent: &'static [(u16, &'static str, &'static str)],
    /// What of the answer says what it is about.
    echoes: &'static [Echo],
}

#[derive(Clone, Copy, Debug)]
enum How {
    /// S3: a query key, the answer's root element, and whether the AWS CLI prints what is in it
    /// under that name.
    Query(&'static str, &'static str, Printed),
    /// S3: a query key, whose answer is a document that the AWS CLI prints as a text under a name.
    Text(&'static str, &'static str),
    /// S3 Control: a setting of the account, and the answer's root element, under whose name the
    /// AWS CLI prints what is in it.
    Account(&'static str, &'static str),
    /// A JSON protocol: the target of an operation, and the members of its input.
    Target(&'static str, &'static [(&'static str, Member)]),
    /// A path that answers with JSON.
    Path(&'static str),
}

/// How the AWS CLI prints what is in a root element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Printed {
    /// Under the element's name.
    Named,
    /// As it is.
    Bare,
}
use Printed::{Bare, Named};

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

type Absent = &'static [(u16, &'static str, &'static str)];
type Input = &'static [(&'static str, Member)];
type Echoes = &'static [Echo];

/// The answer has no member that says what it is about. What there is instead is the request, which
/// is signed: of S3 the bucket and the account that must own it, of S3 Control the account.
const NOTHING: Echoes = &[];

/// No answer of S3 names its bucket, but for errors: there a `BucketName` is compared.
const fn bucket(name: &'static str, how: How, absent: Absent) -> Read {
    Read { name, service: Service::S3, on: On::Bucket, how, absent, echoes: NOTHING }
}

const fn key(name: &'static str, target: &'static str, input: Input, echoes: Echoes) -> Read {
    Read {
        name,
        service: Service::Kms,
        on: On::Key,
        how: How::Target(target, input),
        absent: &[],
        echoes,
    }
}

const fn trail(name: &'static str, target: &'static str, input: Input, echoes: Echoes) -> Read {
    Read {
        name,
        service: Service::CloudTrail,
        on: On::Trail,
        how: How::Target(target, input),
        absent: &[],
        echoes,
    }
}

const fn account(
    name: &'static str,
    service: Service,
    how: How,
    absent: Absent,
    echoes: Echoes,
) -> Read {
    Read { name, service, on: On::Account, how, absent, echoes }
}

const KEY: (&str, Member) = ("KeyId", Member::Subject);
const MACIE_IS_OFF: Absent = &[(403, "AccessDeniedException", "Macie is not enabled")];
const TRAIL: &[(&str, Member)] = &[("TrailName", Member::Subject)];
const TRAIL_BY_NAME: &[(&str, Member)] = &[("Name", Member::Subject)];
const TRAIL_ARN: Echoes = &[says("TrailARN", "{arn}")];

/// The calls that checks make.
pub const READS: &[Read] = &[
    bucket(
        "s3:GetBucketEncryption",
        How::Query("encryption", "ServerSideEncryptionConfiguration", Named),
        &[(404, "ServerSideEncryptionConfigurationNotFoundError", "")],
    ),
    bucket(
        "s3:GetBucketVersioning",
        How::Query("versioning", "VersioningConfiguration", Bare),
        &[],
    ),
    bucket(
        "s3:GetPublicAccessBlock",
        How::Query("publicAccessBlock", "PublicAccessBlockConfiguration", Named),
        &[(404, "NoSuchPublicAccessBlockConfiguration", "")],
    ),
    bucket(
        "s3:GetBucketOwnershipControls",
        How::Query("ownershipControls", "OwnershipControls", Named),
        &[(404, "OwnershipControlsNotFoundError", "")],
    ),
    bucket(
        "s3:GetBucketPolicyStatus",
        How::Query("policyStatus", "PolicyStatus", Named),
        &[(404, "NoSuchBucketPolicy", "")],
    ),
    bucket("s3:GetBucketPolicy", How::Text("policy", "Policy"), &[(404, "NoSuchBucketPolicy", "")]),
    bucket(
        "s3:GetBucketLifecycleConfiguration",
        How::Query("lifecycle", "LifecycleConfiguration", Bare),
        &[(404, "NoSuchLifecycleConfiguration", "")],
    ),
    bucket(
        "s3:GetBucketReplication",
        How::Query("replication", "ReplicationConfiguration", Named),
        &[(404, "ReplicationConfigurationNotFoundError", "")],
    ),
    bucket(
        "s3:GetObjectLockConfiguration",
        How::Query("object-lock", "ObjectLockConfiguration", Named),
        &[(404, "ObjectLockConfigurationNotFoundError", "")],
    ),
    bucket(
        "s3:GetBucketNotificationConfiguration",
        How::Query("notification", "NotificationConfiguration", Bare),
        &[],
    ),
    bucket("s3:GetBucketLogging", How::Query("logging", "BucketLoggingStatus", Bare), &[]),
    bucket(
        "s3:ListBucketInventoryConfigurations",
        How::Query("inventory", "ListInventoryConfigurationsResult", Bare),
        &[],
    ),
    account(
        "s3control:GetPublicAccessBlock",
        Service::S3Control,
        How::Account(
            "/v20180820/configuration/publicAccessBlock",
            "PublicAccessBlockConfiguration",
        ),
        &[(404, "NoSuchPublicAccessBlockConfiguration", "")],
        NOTHING,
    ),
    // <https://docs.aws.amazon.com/kms/latest/APIReference/API_KeyMetadata.html>.
    key(
        "kms:DescribeKey",
        "TrentService.DescribeKey",
        &[KEY],
        &[
            says("KeyMetadata.Arn", "{arn}"),
            says("KeyMetadata.KeyId", "{resource}"),
            // KeyMetadata need have no more than the KeyId:
            // <https://docs.aws.amazon.com/kms/latest/APIReference/API_KeyMetadata.html>.
            may_say("KeyMetadata.AWSAccountId", "{account}"),
        ],
    ),
    // The answer names the policy and not the key
    // (<https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyPolicy.html>).
    key(
        "kms:GetKeyPolicy",
        "TrentService.GetKeyPolicy",
        &[KEY, ("PolicyName", Member::Word("default"))],
        &[may_say("PolicyName", "default")],
    ),
    // <https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyRotationStatus.html> shows the
    // id alone. Replicas share it, and the rotation, too.
    key(
        "kms:GetKeyRotationStatus",
        "TrentService.GetKeyRotationStatus",
        &[KEY],
        &[says("KeyId", "{arn}|{resource}")],
    ),
    // <https://docs.aws.amazon.com/kms/latest/APIReference/API_AliasListEntry.html>.
    key(
        "kms:ListAliases",
        "TrentService.ListAliases",
        &[KEY],
        &[
            says("Aliases[].TargetKeyId", "{resource}"),
            says("Aliases[].AliasArn", "arn:aws:kms:{region}:{account}:alias/*"),
        ],
    ),
    // <https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantListEntry.html>. A list without
    // grants names no key.
    key("kms:ListGrants", "TrentService.ListGrants", &[KEY], &[says("Grants[].KeyId", "{arn}")]),
    // <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_Trail.html>.
    trail(
        "cloudtrail:GetTrail",
        "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.GetTrail",
        TRAIL_BY_NAME,
        &[
            says("Trail.TrailARN", "{arn}"),
            says("Trail.Name", "{resource}"),
            says("Trail.HomeRegion", "{region}"),
        ],
    ),
    // <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html>.
    trail(
        "cloudtrail:GetTrailStatus",
        "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.GetTrailStatus",
        TRAIL_BY_NAME,
        NOTHING,
    ),
    // <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetEventSelectors.html>,
    // and `API_GetInsightSelectors.html`.
    trail(
        "cloudtrail:GetEventSelectors",
        "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.GetEventSelectors",
        TRAIL,
        TRAIL_ARN,
    ),
    Read {
        absent: &[(400, "InsightNotEnabledException", "")],
        ..trail(
            "cloudtrail:GetInsightSelectors",
            "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.GetInsightSelectors",
            TRAIL,
            TRAIL_ARN,
        )
    },
    // <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_MetricFilter.html>.
    account(
        "logs:DescribeMetricFilters",
        Service::Logs,
        How::Target(
            "Logs_20140328.DescribeMetricFilters",
            &[("logGroupName", Member::Parameter("log_group"))],
        ),
        &[(400, "ResourceNotFoundException", "")],
        &[says("metricFilters[].logGroupName", "{log_group}")],
    ),
    // <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricAlarm.html>.
    // Alarms of this list are of one metric (`API_DescribeAlarmsForMetric.html`).
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
        &[
            says("MetricAlarms[].MetricName", "{metric}"),
            says("MetricAlarms[].Namespace", "{namespace}"),
            says("MetricAlarms[].AlarmArn", "arn:aws:cloudwatch:{region}:{account}:alarm:*"),
        ],
    ),
    // <https://docs.aws.amazon.com/macie/latest/APIReference/macie.html>: who asks where Macie is
    // off is told so with the code of a refusal
    // (<https://github.com/prowler-cloud/prowler/issues/1279>). The role is that of the account.
    account(
        "macie2:GetMacieSession",
        Service::Macie,
        How::Path("/macie"),
        MACIE_IS_OFF,
        &[says("serviceRole", "arn:aws:iam::{account}:role/*")],
    ),
    // <https://docs.aws.amazon.com/macie/latest/APIReference/automated-discovery-configuration.html>.
    account(
        "macie2:GetAutomatedDiscoveryConfiguration",
        Service::Macie,
        How::Path("/automated-discovery/configuration"),
        MACIE_IS_OFF,
        NOTHING,
    ),
    // <https://docs.aws.amazon.com/config/latest/APIReference/API_ConfigurationRecorderStatus.html>
    // has the ARN among what may be left out.
    account(
        "configservice:DescribeConfigurationRecorderStatus",
        Service::Config,
        How::Target("StarlingDoveService.DescribeConfigurationRecorderStatus", &[]),
        &[],
        &[may_say("ConfigurationRecordersStatus[].arn", "arn:aws:config:{region}:{account}:*")],
    ),
    // <https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_AnalyzerSummary.html>.
    account(
        "accessanalyzer:ListAnalyzers",
        Service::AccessAnalyzer,
        How::Path("/analyzer"),
        &[],
        &[says("analyzers[].arn", "arn:aws:access-analyzer:{region}:{account}:analyzer/*")],
    ),
];

impl Check {
    /// The row of the table that says how the check's read is made; the test of the catalogue sees
    /// to it that there is one.
    #[must_use]
    pub fn row(&self) -> Option<&'static Read> {
        READS.iter().find(|row| row.name == self.read)
    }
}

impl Read {
    /// The request for a resource, with what the baseline says. A bucket is asked of the account
    /// that must own it.
    #[must_use]
    pub fn ask(&self, subject: &Subject, parameters: &BTreeMap<String, String>) -> SignedRequest {
        let get = |path: String, headers: Vec<(&'static str, String)>| SignedRequest {
            method: "GET",
            path,
            headers,
            ..SignedRequest::default()
        };
        match self.how {
            How::Query(query, ..) | How::Text(query, _) => get(
                format!("/{}?{query}", subject.id),
                vec![("x-amz-expected-bucket-owner", subject.account.clone())],
            ),
            How::Account(path, _) => SignedRequest {
                prefix: format!("{}.", subject.account),
                ..get(path.to_owned(), vec![("x-amz-account-id", subject.account.clone())])
            },
            How::Path(path) => get(path.to_owned(), Vec::new()),
            How::Target(target, input) => {
                let input = members(input, subject, parameters)
                    .map(|(name, value)| (name.to_owned(), json!(value)));
                SignedRequest::json(
                    version(self.service),
                    target.to_owned(),
                    &Value::Object(input.collect()),
                )
            }
        }
    }

    /// The call as a command of the AWS CLI, which a reader can repeat.
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
            How::Target(_, input) => members(input, subject, parameters).fold(
                format!("aws {service} {words}"),
                |command, (member, value)| {
                    format!("{command} --{} {}", kebab(member), quote(value))
                },
            ),
        }
    }

    /// What an answer about a resource says. Only 200 has one: none of these calls is documented to
    /// answer otherwise, and 203 and 206 say themselves that they are not the whole of the
    /// service's.
    #[must_use]
    pub fn outcome(&self, subject: &Subject, status: u16, body: &[u8]) -> ReadOutcome {
        if status != 200 {
            return self.refused(subject, status, body);
        }
        let document = match self.how {
            How::Query(_, root, printed) => shape::printed(body, root, printed == Named),
            How::Account(_, root) => shape::printed(body, root, true),
            How::Text(_, name) => std::str::from_utf8(body)
                .ok()
                .filter(|text| object(text).is_some())
                .map(|text| json!({ name: text })),
            // An error stays one with whatever status it comes.
            How::Target(..) | How::Path(_) => std::str::from_utf8(body)
                .ok()
                .and_then(object)
                .filter(|document| document.get("__type").is_none())
                .map(without_nulls),
        };
        match document {
            None => ReadOutcome::NotRead(format!("the answer of {} cannot be read", self.name)),
            Some(document) if is_a_part(&document) => ReadOutcome::NotRead(format!(
                "the answer of {} is only a part of all there is",
                self.name
            )),
            Some(document) => ReadOutcome::Document(document),
        }
    }

    /// What an answer without success says: that nothing is configured, or nothing.
    fn refused(&self, subject: &Subject, status: u16, body: &[u8]) -> ReadOutcome {
        let says = |words: &str| String::from_utf8_lossy(body).contains(words);
        let is_absent = |found: &str| {
            let mut absent = self.absent.iter();
            absent.any(|(with, code, words)| *with == status && *code == found && says(words))
        };
        match fault(self.service, body).map(|fault| fault.code) {
            Some(code) if is_absent(&code) => {
                let named =
                    Element::read(body).and_then(|root| root.get("BucketName").map(str::to_owned));
                match named.filter(|named| *named != subject.id) {
                    Some(other) => ReadOutcome::NotRead(format!(
                        "the answer of {} is about something else: `BucketName` is `{other}`, and not `{}`",
                        self.name, subject.id
                    )),
                    None => ReadOutcome::Document(Value::Null),
                }
            }
            Some(code) => ReadOutcome::NotRead(format!("{} answered {status} {code}", self.name)),
            None => ReadOutcome::NotRead(format!("{} answered {status}", self.name)),
        }
    }

    /// Why a document is not about a resource; nothing where it is. That nothing is configured
    /// names nothing.
    #[must_use]
    pub fn mismatch(
        &self,
        document: &Value,
        subject: &Subject,
        parameters: &BTreeMap<String, String>,
    ) -> Option<String> {
        let echoes = if document.is_null() { NOTHING } else { self.echoes };
        let why = mismatch(echoes, document, subject, parameters)?;
        Some(format!("the answer of {} {why}", self.name))
    }

    /// Where a document says what it is about, as JSON pointers.
    #[cfg(test)]
    pub(super) fn echoed(&self, document: &Value) -> Vec<String> {
        super::echo::pointers(self.echoes, document)
    }
}

/// An object in JSON that has no key twice: of two, nobody knows which holds.
fn object(text: &str) -> Option<Value> {
    let document: Value = serde_json::from_str(text).ok()?;
    (document.is_object() && duplicate_key(text).is_none()).then_some(document)
}

/// What says that there is more: `Truncated` of KMS and `IsTruncated` of S3 where they are not
/// false, and a token or marker of a further page, whatever the service calls it.
fn is_a_part(document: &Value) -> bool {
    let members = document.as_object().into_iter().flatten();
    members.into_iter().any(|(name, value)| match name.to_ascii_lowercase().as_str() {
        "truncated" | "istruncated" => *value != Value::Bool(false),
        "nexttoken" | "nextmarker" | "nextcontinuationtoken" => true,
        _ => false,
    })
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

/// The members of an input, as far as they are known: a check's parameters are given, as the
/// baseline was read.
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
        Service::S3
        | Service::S3Control
        | Service::Kms
        | Service::Sts
        | Service::Iam
        | Service::CloudTrail
        | Service::Logs
        | Service::AccessAnalyzer
        | Service::Macie
        | Service::Config => "1.1",
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
