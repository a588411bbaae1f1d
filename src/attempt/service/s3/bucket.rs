//! A bucket as such: whether it is there, and where.

use super::{bucket_call, on_bucket};
use crate::attempt::{Effect, Operation};

/// `HeadBucket`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html>.
pub const HEAD: Operation = Operation {
    action: "s3:ListBucket",
    ..on_bucket("s3:HeadBucket", Effect::Reads, bucket_call!(head_bucket))
};

/// `GetBucketLocation`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html>.
pub const LOCATION: Operation =
    on_bucket("s3:GetBucketLocation", Effect::Reads, bucket_call!(get_bucket_location));
