//! Whether `CloudTrail` can deliver what it records to a bucket: log files under the trail's key, and digest files, which are never under one
//! (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/encrypting-cloudtrail-log-files-with-aws-kms.html>). A bucket policy that denies
//! everything but `aws:kms` ends log file validation. That encryption and key are told in headers is assumed.

use std::collections::BTreeMap;

use super::{
    Subject,
    search::{A_SERVICE, ENCRYPTION, KMS_KEY, SECURE, SOURCE_ACCOUNT, SOURCE_ARN},
};
use crate::iam::{Context, Decision, Found, OwnedRequest, Policies, Principal, evaluate};

/// What `CloudTrail` asks of the bucket, as the policy on its page answers it
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html>): each that is not allowed is found.
pub(super) fn undelivered(policies: &Policies<'_>, subject: &Subject, parameters: &BTreeMap<String, String>) -> Vec<Found> {
    let told = |name: &str| parameters.get(name).map(String::as_str).unwrap_or_default();
    let prefix = match told("prefix").trim_matches('/') {
        "" => String::new(),
        prefix => format!("{prefix}/"),
    };
    let object = |folder: &str| format!("{}/{prefix}AWSLogs/{}/{folder}/file.gz", subject.arn, subject.account);
    let acl = ("s3:x-amz-acl", "bucket-owner-full-control");
    let asked = [
        ("s3:GetBucketAcl", subject.arn.clone(), vec![]),
        (
            "s3:PutObject",
            object("CloudTrail"),
            vec![acl, (ENCRYPTION, "aws:kms"), (KMS_KEY, told("key"))],
        ),
        ("s3:PutObject", object("CloudTrail-Digest"), vec![acl, (ENCRYPTION, "AES256")]),
    ];
    let founds = asked.into_iter().map(|(action, resource, keys)| {
        let mut context = Context::new();
        let always = [(SECURE, "true"), (SOURCE_ARN, told("trail")), (SOURCE_ACCOUNT, &subject.account)];
        // What AWS tells of itself: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>.
        let service = [("aws:PrincipalIsAWSService", "true"), ("aws:PrincipalServiceName", A_SERVICE)];
        for (key, value) in always.iter().chain(&service).chain(&keys) {
            context.set(key, *value);
        }
        subject.organizations.tell_resource(&mut context, &subject.account);
        subject.organizations.tell_source(&mut context, &subject.account);
        // A service comes through nobody's VPC endpoint; from which address, no page says.
        context.set_unmodelled("aws:SourceIp");
        let request = OwnedRequest {
            principal: Principal::Service(A_SERVICE.to_owned()),
            action: action.to_owned(),
            resource,
            resource_account: subject.account.clone(),
            context,
        };
        match evaluate(&request.request(), policies) {
            Ok(evaluation) if evaluation.decision == Decision::Allow => Found::None { asked: 1 },
            Ok(_) => Found::Request(request.into()),
            Err(doubt) => Found::Undecided(doubt),
        }
    });
    founds.collect()
}
