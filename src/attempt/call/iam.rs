//! IAM: the tags of roles, by which policies tell roles apart.

use aws_sdk_iam::{operation::RequestId as _, types::Tag};

use super::send;
use crate::{
    attempt::{Answer, Call, Field, Op, Output, Param, cli::tags},
    cloud::Clients,
};

pub(super) async fn iam(clients: &Clients, call: &Call) -> Answer {
    let role = call.get(Param::Role).unwrap_or_default();
    // The API takes the name, which is the end of the ARN.
    let name = role.rsplit('/').next().unwrap_or_default();
    if call.operation.op == Op::ListRoleTags {
        return send!(clients, clients.iam.list_role_tags().role_name(name), |answer| {
            let pairs = answer.tags().iter().map(|tag| format!("{}={}", tag.key(), tag.value()));
            Output::from([(Field::Tags, vec![pairs.collect::<Vec<_>>().join("&")])])
        });
    }
    let tags = tags(&call.get(Param::Tags).unwrap_or_default()).into_iter();
    let tags: Result<Vec<Tag>, _> = tags.map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
    match tags {
        Ok(tags) => send!(clients, clients.iam.tag_role().role_name(name).set_tags(Some(tags)), |_answer| {
            Output::new()
        }),
        Err(error) => Answer::NotSent {
            message: error.to_string(),
        },
    }
}
