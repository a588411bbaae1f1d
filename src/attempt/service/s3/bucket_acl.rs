//! The ACL of a bucket.

use aws_sdk_s3::types::BucketCannedAcl;

use super::{bucket_call, of_bucket, on_bucket};
use crate::{
    attempt::{
        Answer, Call, Effect, Operation, Param,
        service::send::{boxed, done},
    },
    cloud::Clients,
};

/// `GetBucketAcl`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketAcl.html>.
pub const GET: Operation =
    on_bucket("s3:GetBucketAcl", Effect::Reads, bucket_call!(get_bucket_acl));

/// `PutBucketAcl`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketAcl.html>.
pub const PUT: Operation = Operation {
    needs: &[Param::Bucket, Param::Acl],
    ..on_bucket("s3:PutBucketAcl", Effect::Configures, boxed!(put))
};

async fn put(clients: &Clients, call: &Call) -> Answer {
    let acl = call.get(Param::Acl).map(|word| BucketCannedAcl::from(word.as_str()));
    done!(clients, of_bucket!(clients.s3.put_bucket_acl(), call).set_acl(acl))
}
