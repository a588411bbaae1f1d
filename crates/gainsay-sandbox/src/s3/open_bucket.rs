//! A bucket that a request has opened: found by its name or by one of its access points, with Block
//! Public Access as it holds; and what is authorized on it and on its objects.

use std::sync::Arc;

use gainsay_iam::{Context, Decision, Layer};
use gainsay_model::PublicAccessBlock;
use s3s::S3Result;

use super::{access_point::OpenAccessPoint, acl, context, error, no_such_bucket};
use crate::{
    authorize::{Permit, Question, Scope},
    state::{Bucket, World},
};

/// A bucket as one request sees it: what is in it when the request begins, and by which way the
/// request came to it.
pub(super) struct OpenBucket {
    pub state: Arc<Bucket>,
    /// Block Public Access as it holds: of the bucket and of its account, whichever is stricter
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>).
    pub public_access: PublicAccessBlock,
    /// The access point that the request names in the bucket's place.
    access_point: Option<OpenAccessPoint>,
}

/// Finds the bucket and checks who must own it, which S3 does before any policy.
///
/// # Errors
/// There is no such bucket, or it is not the expected owner's.
pub(super) fn open(
    world: &World,
    name: &str,
    expected_owner: Option<&str>,
) -> S3Result<OpenBucket> {
    let access_point =
        if world.buckets.contains_key(name) { None } else { OpenAccessPoint::find(world, name) };
    let name = access_point.as_ref().map_or(name, OpenAccessPoint::bucket);
    let state = world.buckets.get(name).cloned().ok_or_else(no_such_bucket)?;
    match expected_owner {
        Some(owner) if owner.len() != 12 || !owner.bytes().all(|byte| byte.is_ascii_digit()) => {
            // Recorded by LocalStack, `test_get_bucket_policy_invalid_account_id`, 21-02-2026.
            Err(error(
                400,
                "InvalidBucketOwnerAWSAccountID",
                format!(
                    "The value of the expected bucket owner parameter must be an AWS Account \
                     ID... [{owner}]"
                ),
            ))
        }
        Some(owner) if owner != state.config.account => {
            Err(error(403, "AccessDenied", "Access Denied"))
        }
        Some(_) | None => {
            let of_account = world.control.public_access.get(&state.config.account);
            let own = state.config.public_access;
            let public_access = of_account.map_or(own, |of_account| own.or(*of_account));
            Ok(OpenBucket { state, public_access, access_point })
        }
    }
}

impl OpenBucket {
    /// The account of the bucket's owner.
    pub(super) fn account(&self) -> &str {
        &self.state.config.account
    }

    /// The ARN of the bucket.
    pub(super) fn arn(&self) -> String {
        self.state.config.arn()
    }

    /// The ARN of an object in the bucket.
    pub(super) fn object_arn(&self, key: &str) -> String {
        format!("{}/{key}", self.arn())
    }

    /// The bucket's own name, also where the request names an access point.
    pub(super) fn name(&self) -> &str {
        &self.state.config.name
    }

    /// The condition keys of any request for this bucket.
    pub(super) fn context(&self, scope: &Scope) -> Context {
        let mut context = context(scope, self.account());
        if let Some(access_point) = &self.access_point {
            access_point.set_context(&mut context);
        }
        context
    }

    /// Authorizes an action on the bucket itself.
    pub(super) fn authorize(
        &self,
        scope: &Scope,
        action: &str,
        context: &Context,
    ) -> S3Result<Permit> {
        self.authorize_against(scope, action, None, context, &[])
    }

    /// Authorizes an action on an object.
    pub(super) fn authorize_object(
        &self,
        scope: &Scope,
        action: &str,
        key: &str,
        context: &Context,
    ) -> S3Result<Permit> {
        self.authorize_against(scope, action, Some(key), context, &[])
    }

    /// Authorizes an action on the bucket or, with a key, on one of its objects, where `settings`
    /// outside the policies refuse it whatever the policies allow.
    pub(super) fn authorize_against(
        &self,
        scope: &Scope,
        action: &str,
        key: Option<&str>,
        context: &Context,
        settings: &[Layer],
    ) -> S3Result<Permit> {
        if let Some(access_point) = &self.access_point {
            let _permit = access_point.authorize(scope, action, key, context)?;
        }
        let resource = key.map_or_else(|| self.arn(), |key| self.object_arn(key));
        let question = self.question(action, &resource, context, settings);
        let Some(list) = acl::granting(self, scope, &question, key)? else {
            return Ok(scope.authorize(&question)?);
        };
        let by_list = Question { resource_policy: Some(&list), restrict_public: false, ..question };
        Ok(scope.authorize(&by_list)?)
    }

    /// Whether policies would allow an action on an object. Nothing is recorded of it.
    pub(super) fn would_permit(
        &self,
        scope: &Scope,
        action: &str,
        key: &str,
        context: &Context,
    ) -> S3Result<bool> {
        if let Some(access_point) = &self.access_point
            && !access_point.would_permit(scope, action, Some(key), context)?
        {
            return Ok(false);
        }
        let resource = self.object_arn(key);
        let evaluation = scope.simulate(&self.question(action, &resource, context, &[]))?;
        Ok(evaluation.decision == Decision::Allow)
    }

    fn question<'a>(
        &'a self,
        action: &'a str,
        resource: &'a str,
        context: &'a Context,
        settings: &'a [Layer],
    ) -> Question<'a> {
        let config = &self.state.config;
        Question {
            action,
            resource,
            resource_account: &config.account,
            resource_policy: config.policy.as_ref(),
            context,
            settings,
            restrict_public: self.public_access.restrict_public_buckets,
        }
    }
}
