//! What is read: a table of read-only calls, each as the AWS CLI makes it, and what of an error means that nothing is configured.
//!
//! Source of the S3 error codes: "List of error codes", <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>.

use serde_json::{Value, json};

use super::{On, Seen, Subject, shape};
use crate::attempt::Service;

/// A read-only call.
#[derive(Debug)]
pub struct Read {
    /// Its name, as in `s3:GetBucketEncryption`.
    pub name: &'static str,
    /// What it is about.
    pub on: On,
    /// How it is asked.
    how: How,
    /// Error codes that say that nothing is configured.
    absent: &'static [&'static str],
}

#[derive(Clone, Copy, Debug)]
enum How {
    /// S3: a query key, and the name under which the AWS CLI prints what is in the answer's root element.
    Query(&'static str, Option<&'static str>),
    /// S3: a query key, whose answer is a document that the AWS CLI prints as a text under a name.
    Text(&'static str, &'static str),
    /// S3 Control: a setting of the account, and the name under which the AWS CLI prints what is in the answer's root element.
    Account(&'static str, &'static str),
    /// KMS: an operation that takes the key, and whatever else it has to be told.
    Target(&'static str, &'static [(&'static str, &'static str)]),
}

const fn bucket(name: &'static str, how: How, absent: &'static [&'static str]) -> Read {
    Read {
        name,
        on: On::Bucket,
        how,
        absent,
    }
}

const fn key(name: &'static str, target: &'static str, more: &'static [(&'static str, &'static str)]) -> Read {
    Read {
        name,
        on: On::Key,
        how: How::Target(target, more),
        absent: &[],
    }
}

/// The calls that checks make.
pub const READS: &[Read] = &[
    bucket(
        "s3:GetBucketEncryption",
        How::Query("encryption", Some("ServerSideEncryptionConfiguration")),
        &["ServerSideEncryptionConfigurationNotFoundError"],
    ),
    bucket("s3:GetBucketVersioning", How::Query("versioning", None), &[]),
    bucket(
        "s3:GetPublicAccessBlock",
        How::Query("publicAccessBlock", Some("PublicAccessBlockConfiguration")),
        &["NoSuchPublicAccessBlockConfiguration"],
    ),
    bucket(
        "s3:GetBucketOwnershipControls",
        How::Query("ownershipControls", Some("OwnershipControls")),
        &["OwnershipControlsNotFoundError"],
    ),
    bucket(
        "s3:GetBucketPolicyStatus",
        How::Query("policyStatus", Some("PolicyStatus")),
        &["NoSuchBucketPolicy"],
    ),
    bucket("s3:GetBucketPolicy", How::Text("policy", "Policy"), &["NoSuchBucketPolicy"]),
    bucket(
        "s3:GetBucketLifecycleConfiguration",
        How::Query("lifecycle", None),
        &["NoSuchLifecycleConfiguration"],
    ),
    bucket(
        "s3:GetBucketReplication",
        How::Query("replication", Some("ReplicationConfiguration")),
        &["ReplicationConfigurationNotFoundError"],
    ),
    bucket(
        "s3:GetObjectLockConfiguration",
        How::Query("object-lock", Some("ObjectLockConfiguration")),
        &["ObjectLockConfigurationNotFoundError"],
    ),
    bucket("s3:GetBucketNotificationConfiguration", How::Query("notification", None), &[]),
    bucket("s3:GetBucketLogging", How::Query("logging", None), &[]),
    bucket("s3:ListBucketInventoryConfigurations", How::Query("inventory", None), &[]),
    Read {
        name: "s3control:GetPublicAccessBlock",
        on: On::Account,
        how: How::Account("/v20180820/configuration/publicAccessBlock", "PublicAccessBlockConfiguration"),
        absent: &["NoSuchPublicAccessBlockConfiguration"],
    },
    key("kms:DescribeKey", "DescribeKey", &[]),
    key("kms:GetKeyPolicy", "GetKeyPolicy", &[("PolicyName", "default")]),
    key("kms:GetKeyRotationStatus", "GetKeyRotationStatus", &[]),
    key("kms:ListAliases", "ListAliases", &[]),
    key("kms:ListGrants", "ListGrants", &[]),
];

/// A request to be signed and sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ask {
    /// The method.
    pub method: &'static str,
    /// What stands before the service's own host name.
    pub prefix: String,
    /// Path and query.
    pub path: String,
    /// Headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: String,
}

impl Read {
    /// The service that answers.
    #[must_use]
    pub const fn service(&self) -> Service {
        match self.how {
            How::Query(..) | How::Text(..) => Service::S3,
            How::Account(..) => Service::S3Control,
            How::Target(..) => Service::Kms,
        }
    }

    /// The request for a resource. A bucket is asked of the account that must own it.
    #[must_use]
    pub fn ask(&self, subject: &Subject) -> Ask {
        match self.how {
            How::Query(query, _) | How::Text(query, _) => Ask {
                method: "GET",
                prefix: String::new(),
                path: format!("/{}?{query}", subject.id),
                headers: vec![("x-amz-expected-bucket-owner", subject.account.clone())],
                body: String::new(),
            },
            How::Account(path, _) => Ask {
                method: "GET",
                prefix: format!("{}.", subject.account),
                path: path.to_owned(),
                headers: vec![("x-amz-account-id", subject.account.clone())],
                body: String::new(),
            },
            How::Target(target, more) => {
                let more = more.iter().map(|(name, value)| ((*name).to_owned(), json!(value)));
                let body: serde_json::Map<String, Value> = more.chain([("KeyId".to_owned(), json!(subject.id))]).collect();
                Ask {
                    method: "POST",
                    prefix: String::new(),
                    path: "/".to_owned(),
                    headers: vec![
                        ("content-type", "application/x-amz-json-1.1".to_owned()),
                        ("x-amz-target", format!("TrentService.{target}")),
                    ],
                    body: Value::Object(body).to_string(),
                }
            }
        }
    }

    /// The same as an `aws` command.
    #[must_use]
    pub fn command(&self, subject: &Subject) -> String {
        let (service, name) = self.name.split_once(':').unwrap_or(("", self.name));
        let words = name.char_indices().fold(String::new(), |mut words, (at, c)| {
            if c.is_ascii_uppercase() && at > 0 {
                words.push('-');
            }
            words.push(c.to_ascii_lowercase());
            words
        });
        match self.how {
            How::Query(..) | How::Text(..) => format!(
                "aws s3api {words} --bucket {} --expected-bucket-owner {}",
                subject.id, subject.account
            ),
            How::Account(..) => format!("aws {service} {words} --account-id {}", subject.account),
            How::Target(..) => format!("aws {service} {words} --key-id {}", subject.id),
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
                How::Target(..) => serde_json::from_slice(body).ok().filter(Value::is_object),
            };
            let more = |name| document.as_ref().and_then(|document| document.get(name)) == Some(&Value::Bool(true));
            if more("IsTruncated") || more("Truncated") {
                return Seen::NotRead(format!("the answer of {} is only a part of all there is", self.name));
            }
            return document.map_or_else(
                || Seen::NotRead(format!("the answer of {} cannot be read", self.name)),
                Seen::Document,
            );
        }
        match (status, error_code(self.service(), body)) {
            (404, Some(code)) if self.absent.contains(&code.as_str()) => Seen::Document(Value::Null),
            (_, Some(code)) => Seen::NotRead(format!("{} answered {status} {code}", self.name)),
            (_, None) => Seen::NotRead(format!("{} answered {status}", self.name)),
        }
    }
}

/// The code of an error.
#[must_use]
pub fn error_code(service: Service, body: &[u8]) -> Option<String> {
    match service {
        Service::Kms => {
            let error: Value = serde_json::from_slice(body).ok()?;
            let code = error.get("__type")?.as_str()?;
            Some(code.rsplit('#').next().unwrap_or(code).to_owned())
        }
        Service::S3 | Service::S3Control | Service::Sts => shape::error_code(body),
    }
}
