//! What an object carries besides its content: tags and ACL.

use aws_sdk_s3::{
    operation::RequestId as _,
    types::{Tag, Tagging},
};

use super::{acl, fields, forgotten, send};
use crate::{
    attempt::{Answer, Call, Field, Op, Output, Param, cli::tags},
    cloud::Clients,
};

pub(super) async fn object_settings(clients: &Clients, call: &Call) -> Answer {
    let s3 = &clients.s3;
    let owner = call.bucket_owner.clone();
    let (bucket, key, version) =
        (call.get(Param::Bucket), call.get(Param::Key), call.get(Param::Version));
    match call.operation.op {
        Op::GetObjectTagging => {
            let request = s3
                .get_object_tagging()
                .set_bucket(bucket)
                .set_key(key)
                .set_version_id(version)
                .set_expected_bucket_owner(owner);
            send!(clients, request, |answer| {
                let tags: Vec<String> = answer
                    .tag_set()
                    .iter()
                    .map(|tag| format!("{}={}", tag.key(), tag.value()))
                    .collect();
                Output::from([(Field::Tags, vec![tags.join("&")])])
            })
        }
        Op::PutObjectTagging => {
            let tags = tags(&call.get(Param::Tags).unwrap_or_default());
            let tags: Result<Vec<Tag>, _> = tags
                .into_iter()
                .map(|(key, value)| Tag::builder().key(key).value(value).build())
                .collect();
            let tagging = tags.and_then(|tags| Tagging::builder().set_tag_set(Some(tags)).build());
            match tagging {
                Ok(tagging) => {
                    let request = s3
                        .put_object_tagging()
                        .set_bucket(bucket)
                        .set_key(key)
                        .set_version_id(version)
                        .tagging(tagging);
                    send!(clients, request.set_expected_bucket_owner(owner), |answer| fields([(
                        Field::Version,
                        answer.version_id()
                    )]))
                }
                Err(error) => Answer::NotSent { message: error.to_string() },
            }
        }
        Op::DeleteObjectTagging => {
            let request = s3
                .delete_object_tagging()
                .set_bucket(bucket)
                .set_key(key)
                .set_version_id(version)
                .set_expected_bucket_owner(owner);
            send!(clients, request, |answer| fields([(Field::Version, answer.version_id())]))
        }
        Op::GetObjectAcl => {
            let request = s3
                .get_object_acl()
                .set_bucket(bucket)
                .set_key(key)
                .set_version_id(version)
                .set_expected_bucket_owner(owner);
            send!(clients, request, |answer| Output::new())
        }
        Op::PutObjectAcl => {
            let request = s3
                .put_object_acl()
                .set_bucket(bucket)
                .set_key(key)
                .set_version_id(version)
                .set_expected_bucket_owner(owner)
                .set_acl(acl(call));
            send!(clients, request, |answer| Output::new())
        }
        _ => forgotten(call),
    }
}
