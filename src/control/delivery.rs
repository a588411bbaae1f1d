//! Whether a service of AWS can do what it was set up for: what it asks is put to the policy that
//! was read, and each that is not allowed is found. The one search that looks for what is not
//! allowed.
//!
//! What is said of the requests follows the policies on AWS's pages, which pin what they allow by
//! these keys. That nothing else is told with them (an endpoint, encryption where none is named
//! here) is assumed.

use gainsay_iam::{Context, Decision, OwnedRequest, Policies, Principal, SearchOutcome, evaluate};

use super::{
    Parameters, Subject,
    search::{ENCRYPTION, KMS_KEY, SECURE, SOURCE_ACCOUNT, SOURCE_ARN},
};

const CLOUDTRAIL: &str = "cloudtrail.amazonaws.com";
const LOGGING: &str = "logging.s3.amazonaws.com";
/// <https://docs.aws.amazon.com/kms/latest/developerguide/services-cloudtrail.html>.
const TRAIL_CONTEXT: &str = "kms:EncryptionContext:aws:cloudtrail:arn";

/// A request of a service, and what it is made for.
struct ServiceRequest<'a> {
    service: &'static str,
    source: &'a str,
    action: &'static str,
    resource: String,
    keys: Vec<(&'static str, &'a str)>,
}

/// What `CloudTrail` asks of the bucket of a trail
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html>):
/// log files under the trail's key, and digest files, which are never under one
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/encrypting-cloudtrail-log-files-with-aws-kms.html>).
/// A bucket policy that denies everything but `aws:kms` ends log file validation. That encryption
/// and key are told in headers is assumed.
pub(super) fn trail_delivery(
    policies: &Policies<'_>,
    subject: &Subject,
    parameters: &Parameters,
) -> Vec<SearchOutcome> {
    let source = parameter(parameters, "trail");
    let prefix = match parameter(parameters, "prefix").trim_matches('/') {
        "" => String::new(),
        prefix => format!("{prefix}/"),
    };
    let object = |folder: &str| {
        format!("{}/{prefix}AWSLogs/{}/{folder}/file.gz", subject.arn, subject.account)
    };
    let acl = ("s3:x-amz-acl", "bucket-owner-full-control");
    let asks = |action, resource, keys| ServiceRequest {
        service: CLOUDTRAIL,
        source,
        action,
        resource,
        keys,
    };
    refused(
        policies,
        subject,
        [
            asks("s3:GetBucketAcl", subject.arn.clone(), vec![]),
            asks(
                "s3:PutObject",
                object("CloudTrail"),
                vec![acl, (ENCRYPTION, "aws:kms"), (KMS_KEY, parameter(parameters, "key"))],
            ),
            asks("s3:PutObject", object("CloudTrail-Digest"), vec![acl, (ENCRYPTION, "AES256")]),
        ],
    )
}

/// What `CloudTrail` asks of the key of a trail, each action that `kms:GenerateDataKey*` on AWS's
/// page stands for
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html>).
pub(super) fn trail_encryption(
    policies: &Policies<'_>,
    subject: &Subject,
    parameters: &Parameters,
) -> Vec<SearchOutcome> {
    let source = parameter(parameters, "trail");
    let asks = |action, keys| ServiceRequest {
        service: CLOUDTRAIL,
        source,
        action,
        resource: subject.arn.clone(),
        keys,
    };
    refused(
        policies,
        subject,
        [
            asks("kms:GenerateDataKey", vec![(TRAIL_CONTEXT, source)]),
            asks("kms:GenerateDataKeyWithoutPlaintext", vec![(TRAIL_CONTEXT, source)]),
            asks("kms:DescribeKey", vec![]),
        ],
    )
}

/// What S3 asks of the bucket that takes the access logs of the bucket `$source`
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html>). The
/// prefix is all that stands before a file's date
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerLogs.html>).
pub(super) fn log_delivery(
    policies: &Policies<'_>,
    subject: &Subject,
    parameters: &Parameters,
) -> Vec<SearchOutcome> {
    let prefix = parameter(parameters, "prefix");
    let request = ServiceRequest {
        service: LOGGING,
        source: parameter(parameters, "source"),
        action: "s3:PutObject",
        resource: format!("{}/{prefix}2026-01-01-00-00-00-0123456789ABCDEF", subject.arn),
        keys: vec![],
    };
    refused(policies, subject, [request])
}

fn parameter<'a>(parameters: &'a Parameters, name: &str) -> &'a str {
    parameters.get(name).map(String::as_str).unwrap_or_default()
}

/// What is not allowed of what a service asks for, on behalf of the account that the resource is
/// in.
fn refused<'a>(
    policies: &Policies<'_>,
    subject: &Subject,
    requests: impl IntoIterator<Item = ServiceRequest<'a>>,
) -> Vec<SearchOutcome> {
    let outcomes = requests.into_iter().map(|request| {
        let mut context = Context::new();
        let always = [
            (SECURE, "true"),
            (SOURCE_ARN, request.source),
            (SOURCE_ACCOUNT, &subject.account),
            // What AWS tells of itself:
            // <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>.
            ("aws:PrincipalIsAWSService", "true"),
            ("aws:PrincipalServiceName", request.service),
        ];
        for (key, value) in always.iter().chain(&request.keys) {
            context.set(key, *value);
        }
        subject.organizations.set_resource(&mut context, &subject.account);
        subject.organizations.set_source(&mut context, &subject.account);
        // A service comes through nobody's VPC endpoint; from which address, no page says.
        context.set_unmodelled("aws:SourceIp");
        let owned = OwnedRequest {
            principal: Principal::Service(request.service.to_owned()),
            action: request.action.to_owned(),
            resource: request.resource,
            resource_account: subject.account.clone(),
            context,
        };
        match evaluate(&owned.request(), policies) {
            Ok(evaluation) if evaluation.decision == Decision::Allow => {
                SearchOutcome::None { evaluated: 1 }
            }
            Ok(_) => SearchOutcome::Request(owned.into()),
            Err(doubt) => SearchOutcome::Undecided(doubt),
        }
    });
    outcomes.collect()
}
