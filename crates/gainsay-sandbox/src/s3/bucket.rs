//! Reads of a bucket's configuration.

use gainsay_model::Versioning;
use s3s::{
    S3Result,
    dto::{
        BucketLocationConstraint, BucketVersioningStatus, GetBucketLocationInput,
        GetBucketLocationOutput, GetBucketOwnershipControlsInput, GetBucketOwnershipControlsOutput,
        GetBucketPolicyInput, GetBucketPolicyOutput, GetBucketPolicyStatusInput,
        GetBucketPolicyStatusOutput, GetBucketVersioningInput, GetBucketVersioningOutput,
        GetPublicAccessBlockInput, GetPublicAccessBlockOutput, HeadBucketInput, HeadBucketOutput,
        ObjectOwnership, OwnershipControls, OwnershipControlsRule, PolicyStatus,
        PublicAccessBlockConfiguration,
    },
};

use super::{Held, error, open};
use crate::{authorize::Scope, public, state::World};

fn read(
    world: &World,
    scope: &Scope,
    bucket: &str,
    owner: Option<&str>,
    action: &str,
) -> S3Result<Held> {
    let held = open(world, bucket, owner)?;
    let context = held.context(scope);
    let _permit = held.authorize(scope, action, &context)?;
    Ok(held)
}

macro_rules! reads {
    ($($name:ident($input:ident) -> $output:ident, $action:literal, |$world:ident, $held:ident| $answer:expr;)+) => {
        $(
            #[allow(clippy::needless_pass_by_value, reason = "the wire layer hands inputs over by value")]
            pub(super) fn $name($world: &mut World, scope: &Scope, input: $input) -> S3Result<$output> {
                let $held = read($world, scope, &input.bucket, input.expected_bucket_owner.as_deref(), $action)?;
                $answer
            }
        )+
    };
}

reads! {
    head(HeadBucketInput) -> HeadBucketOutput, "s3:ListBucket", |world, _held| Ok(HeadBucketOutput {
        bucket_region: Some(world.region.clone()),
        ..HeadBucketOutput::default()
    });
    location(GetBucketLocationInput) -> GetBucketLocationOutput, "s3:GetBucketLocation", |world, _held| Ok(GetBucketLocationOutput {
        // The oldest Region has no name here.
        location_constraint: (world.region != "us-east-1").then(|| BucketLocationConstraint::from(world.region.clone())),
    });
    versioning(GetBucketVersioningInput) -> GetBucketVersioningOutput, "s3:GetBucketVersioning", |world, held| Ok(GetBucketVersioningOutput {
        status: match held.bucket.config.versioning {
            Versioning::Off => None,
            Versioning::Enabled => Some(BucketVersioningStatus::from_static(BucketVersioningStatus::ENABLED)),
            Versioning::Suspended => Some(BucketVersioningStatus::from_static(BucketVersioningStatus::SUSPENDED)),
        },
        ..GetBucketVersioningOutput::default()
    });
    policy(GetBucketPolicyInput) -> GetBucketPolicyOutput, "s3:GetBucketPolicy", |world, held| match &held.bucket.config.policy {
        Some(document) => Ok(GetBucketPolicyOutput { policy: Some(document.text.to_string()) }),
        None => Err(error(404, "NoSuchBucketPolicy", "The bucket policy does not exist")),
    };
    policy_status(GetBucketPolicyStatusInput) -> GetBucketPolicyStatusOutput, "s3:GetBucketPolicyStatus", |world, held| {
        let Some(document) = &held.bucket.config.policy else {
            return Err(error(404, "NoSuchBucketPolicy", "The bucket policy does not exist"));
        };
        // What was stored has been read before; if it could not be, it counts as public.
        let is_public = serde_json::from_str(&document.text).map_or(true, |policy| public::is_public(&policy));
        Ok(GetBucketPolicyStatusOutput { policy_status: Some(PolicyStatus { is_public: Some(is_public) }) })
    };
    public_access_block(GetPublicAccessBlockInput) -> GetPublicAccessBlockOutput, "s3:GetBucketPublicAccessBlock", |world, held| {
        if held.bucket.deleted.contains("PutPublicAccessBlock") {
            return Err(error(404, "NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found"));
        }
        let block = held.bucket.config.public_access;
        Ok(GetPublicAccessBlockOutput {
            public_access_block_configuration: Some(PublicAccessBlockConfiguration {
                block_public_acls: Some(block.block_public_acls),
                ignore_public_acls: Some(block.ignore_public_acls),
                block_public_policy: Some(block.block_public_policy),
                restrict_public_buckets: Some(block.restrict_public_buckets),
            }),
        })
    };
    ownership(GetBucketOwnershipControlsInput) -> GetBucketOwnershipControlsOutput, "s3:GetBucketOwnershipControls", |world, held| {
        if held.bucket.deleted.contains("PutBucketOwnershipControls") {
            return Err(error(404, "OwnershipControlsNotFoundError", "The bucket ownership controls were not found"));
        }
        Ok(GetBucketOwnershipControlsOutput {
            ownership_controls: Some(OwnershipControls {
                rules: vec![OwnershipControlsRule { object_ownership: ObjectOwnership::from_static(held.bucket.config.ownership.as_str()) }],
            }),
        })
    };
}
