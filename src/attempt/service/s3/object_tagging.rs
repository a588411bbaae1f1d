//! The tags of an object.

use aws_sdk_s3::types::{Tag, Tagging};

use super::{of_version, on_object};
use crate::{
    attempt::{
        Answer, Call, Effect, Field, Leaves, ObjectSetting, Operation, Param,
        command::{CommandLine, Spelling, tag_set},
        service::send::{Unsendable, boxed, fallible, fields, send, tag_field, tags_of},
    },
    cloud::Clients,
};

/// `GetObjectTagging`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectTagging.html>.
pub const GET: Operation = Operation {
    action_with_version: Some("s3:GetObjectVersionTagging"),
    may: &[Param::Version],
    ..on_object("s3:GetObjectTagging", Effect::Reads, boxed!(get))
};

/// `PutObjectTagging`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectTagging.html>.
pub const PUT: Operation = Operation {
    action_with_version: Some("s3:PutObjectVersionTagging"),
    needs: &[Param::Bucket, Param::Key, Param::Tags],
    may: &[Param::Version],
    leaves: Leaves::ObjectSetting(ObjectSetting::Tags),
    command: CommandLine {
        options: &[(Param::Tags, Spelling::Own(tag_set))],
        ..CommandLine::USUAL
    },
    ..on_object("s3:PutObjectTagging", Effect::Writes, fallible!(put))
};

/// `DeleteObjectTagging`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjectTagging.html>.
pub const DELETE: Operation = Operation {
    action_with_version: Some("s3:DeleteObjectVersionTagging"),
    may: &[Param::Version],
    leaves: Leaves::ObjectSetting(ObjectSetting::Tags),
    ..on_object("s3:DeleteObjectTagging", Effect::Writes, boxed!(delete))
};

async fn get(clients: &Clients, call: &Call) -> Answer {
    let request = of_version!(clients.s3.get_object_tagging(), call);
    send!(clients, request, |answer| {
        tag_field(answer.tag_set().iter().map(|tag| (tag.key(), tag.value())))
    })
}

async fn put(clients: &Clients, call: &Call) -> Result<Answer, Unsendable> {
    let tags = tags_of(&call.get(Param::Tags).unwrap_or_default(), |key, value| {
        Tag::builder().key(key).value(value).build()
    })?;
    let tagging = Tagging::builder().set_tag_set(Some(tags)).build()?;
    let request = of_version!(clients.s3.put_object_tagging(), call).tagging(tagging);
    Ok(send!(clients, request, |answer| fields([(Field::Version, answer.version_id())])))
}

async fn delete(clients: &Clients, call: &Call) -> Answer {
    let request = of_version!(clients.s3.delete_object_tagging(), call);
    send!(clients, request, |answer| fields([(Field::Version, answer.version_id())]))
}
