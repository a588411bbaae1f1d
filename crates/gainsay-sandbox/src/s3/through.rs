//! Requests through an access point: its policy and its settings are asked, and then the bucket's.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-policies.html>: what an
//! access point's policy permits, the bucket's side must permit, too. That the access point is
//! asked first is assumed.

use gainsay_iam::{Context, Decision};
use gainsay_model::PublicAccessBlock;

use super::{Permit, S3Result, not_modelled};
use crate::{
    authorize::{Question, Scope},
    control::AccessPoint,
    state::World,
};

/// What access points take:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-service-api-support.html>.
const OPERATIONS: &[&str] = &[
    "AbortMultipartUpload",
    "CompleteMultipartUpload",
    "CopyObject",
    "CreateMultipartUpload",
    "DeleteObject",
    "DeleteObjectTagging",
    "DeleteObjects",
    "GetBucketAcl",
    "GetBucketCors",
    "GetBucketLocation",
    "GetBucketNotificationConfiguration",
    "GetBucketPolicy",
    "GetObject",
    "GetObjectAcl",
    "GetObjectAttributes",
    "GetObjectLegalHold",
    "GetObjectRetention",
    "GetObjectTagging",
    "HeadBucket",
    "HeadObject",
    "ListMultipartUploads",
    "ListObjects",
    "ListObjectsV2",
    "ListObjectVersions",
    "ListParts",
    "PutObject",
    "PutObjectAcl",
    "PutObjectLegalHold",
    "PutObjectRetention",
    "PutObjectTagging",
    "RestoreObject",
    "UploadPart",
    "UploadPartCopy",
];

/// Why an operation on what is named like a bucket is not answered: it is an access point, which
/// does not take it. What AWS answers then is not documented.
pub(crate) fn refuses(world: &World, name: &str, operation: &str) -> Option<String> {
    if OPERATIONS.contains(&operation) || world.buckets.contains_key(name) {
        return None;
    }
    let point = world.control.access_point_named(name)?;
    Some(format!("the sandbox does not model {operation} through the access point {}", point.name))
}

/// An access point that a request came through.
#[derive(Clone, Debug)]
pub(super) struct Through {
    point: AccessPoint,
    arn: String,
    public_access: PublicAccessBlock,
}

impl Through {
    /// The access point of that alias or host name, with Block Public Access as it holds.
    pub(super) fn find(world: &World, name: &str) -> Option<Self> {
        let point = world.control.access_point_named(name)?.clone();
        let of_account = world.control.public_access.get(&point.account);
        let public_access = of_account
            .map_or(point.public_access, |of_account| point.public_access.or(*of_account));
        Some(Self {
            arn: format!(
                "arn:aws:s3:{}:{}:accesspoint/{}",
                world.region, point.account, point.name
            ),
            point,
            public_access,
        })
    }

    pub(super) fn bucket(&self) -> &str {
        &self.point.bucket
    }

    /// What policies are told of it, the bucket's, too.
    pub(super) fn set_context(&self, context: &mut Context) {
        context.set("s3:DataAccessPointAccount", self.point.account.as_str());
        context.set("s3:DataAccessPointArn", self.arn.as_str());
        context.set("s3:AccessPointNetworkOrigin", "Internet");
    }

    /// `key` is the object's, where it is one that is asked for.
    fn question<'a>(
        &'a self,
        action: &'a str,
        resource: &'a str,
        context: &'a Context,
    ) -> Question<'a> {
        Question {
            action,
            resource,
            resource_account: &self.point.account,
            resource_policy: self.point.policy.as_ref(),
            context,
            settings: &[],
            restrict_public: self.public_access.restrict_public_buckets,
        }
    }

    fn resource(&self, key: Option<&str>) -> String {
        match key {
            Some(key) => format!("{}/object/{key}", self.arn),
            None => self.arn.clone(),
        }
    }

    /// Asks for an action.
    pub(super) fn ask(
        &self,
        scope: &Scope,
        action: &str,
        key: Option<&str>,
        context: &Context,
    ) -> S3Result<Permit> {
        if self.point.vpc.is_some() {
            return Err(not_modelled(
                "requests to an access point of a VPC, which none here comes from",
            ));
        }
        Ok(scope.authorize(&self.question(action, &self.resource(key), context))?)
    }

    /// Whether an action would be permitted.
    pub(super) fn foresees(
        &self,
        scope: &Scope,
        action: &str,
        key: Option<&str>,
        context: &Context,
    ) -> S3Result<bool> {
        let resource = self.resource(key);
        let evaluation = scope.foresee(&self.question(action, &resource, context))?;
        Ok(evaluation.decision == Decision::Allow)
    }
}
