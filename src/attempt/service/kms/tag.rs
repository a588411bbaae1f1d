//! The tags of a key.

use aws_sdk_kms::types::Tag;

use super::on_key;
use crate::{
    attempt::{
        Answer, Call, Effect, Operation, Param,
        command::{CommandLine, Spelling, words},
        content::tags,
        service::send::{Unsendable, boxed, done, fallible, send, split, tag_field, tags_of},
    },
    cloud::Clients,
};

/// `TagResource`: <https://docs.aws.amazon.com/kms/latest/APIReference/API_TagResource.html>.
pub const TAG: Operation = Operation {
    needs: &[Param::KeyId, Param::Tags],
    command: CommandLine {
        options: &[(Param::Tags, Spelling::Own(tags_option))],
        ..CommandLine::USUAL
    },
    ..on_key("kms:TagResource", Effect::Configures, fallible!(tag))
};

/// `UntagResource`: <https://docs.aws.amazon.com/kms/latest/APIReference/API_UntagResource.html>.
pub const UNTAG: Operation = Operation {
    needs: &[Param::KeyId, Param::TagKeys],
    ..on_key("kms:UntagResource", Effect::Configures, boxed!(untag))
};

/// `ListResourceTags`:
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListResourceTags.html>.
pub const LIST: Operation = on_key("kms:ListResourceTags", Effect::Reads, boxed!(list_tags));

/// KMS has names of its own for the parts of a tag.
fn tags_option(value: &str) -> String {
    let tags = tags(value).into_iter().map(|(key, value)| format!("TagKey={key},TagValue={value}"));
    format!("--tags {}", words(tags))
}

async fn tag(clients: &Clients, call: &Call) -> Result<Answer, Unsendable> {
    let tags = tags_of(&call.get(Param::Tags).unwrap_or_default(), |key, value| {
        Tag::builder().tag_key(key).tag_value(value).build()
    })?;
    let request = clients.kms.tag_resource().set_key_id(call.get(Param::KeyId));
    Ok(done!(clients, request.set_tags(Some(tags))))
}

async fn untag(clients: &Clients, call: &Call) -> Answer {
    let request = clients.kms.untag_resource().set_key_id(call.get(Param::KeyId));
    done!(clients, request.set_tag_keys(split(call, Param::TagKeys)))
}

async fn list_tags(clients: &Clients, call: &Call) -> Answer {
    let request = clients.kms.list_resource_tags().set_key_id(call.get(Param::KeyId));
    send!(clients, request, |answer| {
        tag_field(answer.tags().iter().map(|tag| (tag.tag_key(), tag.tag_value())))
    })
}
