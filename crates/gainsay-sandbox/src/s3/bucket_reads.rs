//! `HeadBucket`, and the reads of those configurations of a bucket that have an effect. Each takes
//! one action on the bucket.

#![expect(clippy::needless_pass_by_value, reason = "the wire layer hands inputs over by value")]

use gainsay_iam::Publicity;
use gainsay_model::Versioning;
use s3s::{
    S3Error, S3Result,
    dto::{
        BucketVersioningStatus, GetBucketOwnershipControlsInput, GetBucketOwnershipControlsOutput,
        GetBucketPolicyInput, GetBucketPolicyOutput, GetBucketPolicyStatusInput,
        GetBucketPolicyStatusOutput, GetBucketVersioningInput, GetBucketVersioningOutput,
        GetPublicAccessBlockInput, GetPublicAccessBlockOutput, ObjectOwnership, OwnershipControls,
        OwnershipControlsRule, PolicyStatus, PublicAccessBlockConfiguration,
    },
};

use super::{
    OpenBucket, error, not_modelled, open,
    raw_request::{RawRequest, RawResponse},
    xml::document_of,
};
use crate::{authorize::Scope, state::World};

/// Opens the bucket that an input names and authorizes an action on it.
macro_rules! authorized {
    ($world:expr, $scope:expr, $input:expr, $action:literal) => {{
        let owner = $input.expected_bucket_owner.as_deref();
        authorized($world, $scope, &$input.bucket, owner, $action)?
    }};
}

fn authorized(
    world: &World,
    scope: &Scope,
    name: &str,
    expected_owner: Option<&str>,
    action: &str,
) -> S3Result<OpenBucket> {
    let bucket = open(world, name, expected_owner)?;
    let context = bucket.context(scope);
    let _permit = bucket.authorize(scope, action, &context)?;
    Ok(bucket)
}

/// `HeadBucket`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html>.
pub(super) fn head(
    world: &mut World,
    scope: &Scope,
    raw: &RawRequest<'_>,
) -> S3Result<RawResponse> {
    let owner = raw.expected_owner();
    let bucket = authorized(world, scope, raw.bucket, owner, "s3:ListBucket")?;
    let by_alias = raw.bucket != bucket.name();
    Ok(RawResponse::empty(200)
        .with("x-amz-bucket-region", Some(world.region.clone()))
        .with("x-amz-bucket-arn", Some(bucket.arn()))
        .with("x-amz-access-point-alias", Some(by_alias.to_string())))
}

/// `GetBucketLocation`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html>. The oldest Region
/// has no name here.
pub(super) fn get_location(
    world: &mut World,
    scope: &Scope,
    raw: &RawRequest<'_>,
) -> S3Result<RawResponse> {
    let owner = raw.expected_owner();
    let _bucket = authorized(world, scope, raw.bucket, owner, "s3:GetBucketLocation")?;
    let named = Some(world.region.as_str()).filter(|region| *region != "us-east-1");
    Ok(RawResponse::xml(location(named)))
}

/// The document of `GetBucketLocation`, which is empty as an element without an end is (recorded by
/// LocalStack, `test_response_structure_get_bucket_location`).
fn location(region: Option<&str>) -> String {
    match region {
        Some(region) => document_of("LocationConstraint", region),
        None => document_of("LocationConstraint", "").replace("></LocationConstraint>", "/>"),
    }
}

/// `GetBucketVersioning`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketVersioning.html>.
pub(super) fn versioning(
    world: &mut World,
    scope: &Scope,
    input: GetBucketVersioningInput,
) -> S3Result<GetBucketVersioningOutput> {
    let bucket = authorized!(world, scope, input, "s3:GetBucketVersioning");
    let status = match bucket.state.config.versioning {
        Versioning::Off => None,
        Versioning::Enabled => Some(BucketVersioningStatus::ENABLED),
        Versioning::Suspended => Some(BucketVersioningStatus::SUSPENDED),
    };
    Ok(GetBucketVersioningOutput {
        status: status.map(BucketVersioningStatus::from_static),
        ..GetBucketVersioningOutput::default()
    })
}

fn no_policy() -> S3Error {
    error(404, "NoSuchBucketPolicy", "The bucket policy does not exist")
}

/// `GetBucketPolicy`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicy.html>.
pub(super) fn policy(
    world: &mut World,
    scope: &Scope,
    input: GetBucketPolicyInput,
) -> S3Result<GetBucketPolicyOutput> {
    let bucket = authorized!(world, scope, input, "s3:GetBucketPolicy");
    let document = bucket.state.config.policy.as_ref().ok_or_else(no_policy)?;
    Ok(GetBucketPolicyOutput { policy: Some(document.text.to_string()) })
}

/// `GetBucketPolicyStatus`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicyStatus.html>.
pub(super) fn policy_status(
    world: &mut World,
    scope: &Scope,
    input: GetBucketPolicyStatusInput,
) -> S3Result<GetBucketPolicyStatusOutput> {
    let bucket = authorized!(world, scope, input, "s3:GetBucketPolicyStatus");
    let document = bucket.state.config.policy.as_ref().ok_or_else(no_policy)?;
    let is_public = match document.policy.publicity() {
        Publicity::Public => true,
        Publicity::Private => false,
        Publicity::Unknown => {
            return Err(not_modelled("whether conditions keep a policy from being public"));
        }
    };
    Ok(GetBucketPolicyStatusOutput {
        policy_status: Some(PolicyStatus { is_public: Some(is_public) }),
    })
}

/// `GetPublicAccessBlock`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetPublicAccessBlock.html>.
pub(super) fn public_access_block(
    world: &mut World,
    scope: &Scope,
    input: GetPublicAccessBlockInput,
) -> S3Result<GetPublicAccessBlockOutput> {
    let bucket = authorized!(world, scope, input, "s3:GetBucketPublicAccessBlock");
    if bucket.state.deleted.contains("PutPublicAccessBlock") {
        return Err(error(
            404,
            "NoSuchPublicAccessBlockConfiguration",
            "The public access block configuration was not found",
        ));
    }
    let block = bucket.state.config.public_access;
    Ok(GetPublicAccessBlockOutput {
        public_access_block_configuration: Some(PublicAccessBlockConfiguration {
            block_public_acls: Some(block.block_public_acls),
            ignore_public_acls: Some(block.ignore_public_acls),
            block_public_policy: Some(block.block_public_policy),
            restrict_public_buckets: Some(block.restrict_public_buckets),
        }),
    })
}

/// `GetBucketOwnershipControls`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketOwnershipControls.html>.
pub(super) fn ownership(
    world: &mut World,
    scope: &Scope,
    input: GetBucketOwnershipControlsInput,
) -> S3Result<GetBucketOwnershipControlsOutput> {
    let bucket = authorized!(world, scope, input, "s3:GetBucketOwnershipControls");
    if bucket.state.deleted.contains("PutBucketOwnershipControls") {
        return Err(error(
            404,
            "OwnershipControlsNotFoundError",
            "The bucket ownership controls were not found",
        ));
    }
    let ownership = bucket.state.config.ownership.as_str();
    Ok(GetBucketOwnershipControlsOutput {
        ownership_controls: Some(OwnershipControls {
            rules: vec![OwnershipControlsRule {
                object_ownership: ObjectOwnership::from_static(ownership),
            }],
        }),
    })
}
