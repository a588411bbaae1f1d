//! The tags of a bucket. An environment declares none, so one is written that nothing reads.

use aws_sdk_s3::types::{Tag, Tagging};

use super::{bucket_call, of_bucket, on_bucket};
use crate::{
    attempt::{
        Answer, Call, Effect, Operation, Param,
        command::{CommandLine, Spelling, tag_set},
        content::SYNTHETIC,
        service::send::{Unsendable, done, fallible, tags_of},
    },
    cloud::Clients,
};

/// `PutBucketTagging`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketTagging.html>.
pub const PUT: Operation = Operation {
    may: &[Param::Tags],
    command: CommandLine {
        options: &[(Param::Tags, Spelling::Own(tag_set))],
        more: synthetic,
        ..CommandLine::USUAL
    },
    ..on_bucket("s3:PutBucketTagging", Effect::Configures, fallible!(put))
};

/// `GetBucketTagging`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketTagging.html>.
pub const GET: Operation =
    on_bucket("s3:GetBucketTagging", Effect::Reads, bucket_call!(get_bucket_tagging));

/// `DeleteBucketTagging`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketTagging.html>.
pub const DELETE: Operation = Operation {
    action: "s3:PutBucketTagging",
    ..on_bucket("s3:DeleteBucketTagging", Effect::Configures, bucket_call!(delete_bucket_tagging))
};

fn synthetic(call: &Call) -> String {
    match call.get(Param::Tags) {
        Some(_) => String::new(),
        None => tag_set(&format!("{SYNTHETIC}=true")),
    }
}

async fn put(clients: &Clients, call: &Call) -> Result<Answer, Unsendable> {
    let given = call.get(Param::Tags).unwrap_or_else(|| format!("{SYNTHETIC}=true"));
    let tags = tags_of(&given, |key, value| Tag::builder().key(key).value(value).build())?;
    let tagging = Tagging::builder().set_tag_set(Some(tags)).build()?;
    Ok(done!(clients, of_bucket!(clients.s3.put_bucket_tagging(), call).tagging(tagging)))
}
