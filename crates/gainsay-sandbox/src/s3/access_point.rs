//! Requests to a bucket by way of an access point: they are authorized by the access point's policy
//! and settings first, and then by the bucket's.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-policies.html>: what an
//! access point's policy permits, the bucket's side must permit, too. The order of the two is
//! assumed.

use gainsay_iam::{Context, Decision};
use gainsay_model::PublicAccessBlock;

use s3s::S3Result;

use super::not_modelled;
use crate::{
    authorize::{Permit, Question, Scope},
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

/// Why an operation is not answered whose bucket is the alias or the host name of an access point:
/// access points do not support it. What AWS answers then is not documented.
pub(crate) fn refusal(world: &World, name: &str, operation: &str) -> Option<String> {
    if OPERATIONS.contains(&operation) || world.buckets.contains_key(name) {
        return None;
    }
    let point = world.control.access_point_named(name)?;
    Some(format!("the sandbox does not model {operation} through the access point {}", point.name))
}

/// The bucket that a request is for, which may name an access point in its place.
pub(crate) fn bucket_of<'a>(world: &'a World, name: &'a str) -> &'a str {
    if world.buckets.contains_key(name) {
        return name;
    }
    world.control.access_point_named(name).map_or(name, |point| point.bucket.as_str())
}

/// An access point that a request names in place of a bucket.
#[derive(Clone, Debug)]
pub(super) struct OpenAccessPoint {
    point: AccessPoint,
    arn: String,
    public_access: PublicAccessBlock,
}

impl OpenAccessPoint {
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

    /// The name of the bucket behind it.
    pub(super) fn bucket(&self) -> &str {
        &self.point.bucket
    }

    /// Sets the condition keys about the access point, for its own policy and the bucket's.
    pub(super) fn set_context(&self, context: &mut Context) {
        context.set("s3:DataAccessPointAccount", self.point.account.as_str());
        context.set("s3:DataAccessPointArn", self.arn.as_str());
        context.set("s3:AccessPointNetworkOrigin", "Internet");
    }

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

    /// Authorizes an action on the access point or, with a key, on an object behind it.
    pub(super) fn authorize(
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

    /// Whether its policy would allow an action. Nothing is recorded of it.
    pub(super) fn would_permit(
        &self,
        scope: &Scope,
        action: &str,
        key: Option<&str>,
        context: &Context,
    ) -> S3Result<bool> {
        let resource = self.resource(key);
        let evaluation = scope.simulate(&self.question(action, &resource, context))?;
        Ok(evaluation.decision == Decision::Allow)
    }
}
