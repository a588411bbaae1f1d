//! STS.

use aws_sdk_sts::{
    operation::{RequestId as _, assume_role::builders::AssumeRoleFluentBuilder},
    types::Tag,
};

use super::{fields, forgotten, send};
use crate::{
    attempt::{Answer, Call, Field, Op, Param, cli::tags},
    cloud::Clients,
};

pub(super) async fn sts(clients: &Clients, call: &Call) -> Answer {
    match call.operation.op {
        Op::AssumeRole => {
            let request = match assume_role(clients, call) {
                Ok(request) => request,
                Err(message) => return Answer::NotSent { message },
            };
            send!(clients, request, |answer| fields([(
                Field::Arn,
                answer.assumed_role_user().map(aws_sdk_sts::types::AssumedRoleUser::arn)
            )]))
        }
        Op::GetCallerIdentity => send!(
            clients,
            clients.sts.get_caller_identity(),
            |answer| fields([(Field::Arn, answer.arn())])
        ),
        _ => forgotten(call),
    }
}

/// A session is as short as STS allows, unless the attempt is about that.
fn assume_role(clients: &Clients, call: &Call) -> Result<AssumeRoleFluentBuilder, String> {
    let tags = call.get(Param::SessionTags).map(|text| tags(&text)).unwrap_or_default();
    let tags: Result<Vec<Tag>, _> =
        tags.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
    let tags = tags.map_err(|error| error.to_string())?;
    let transitive = call.get(Param::TransitiveTags);
    let transitive = transitive.map(|keys| keys.split(',').map(str::to_owned).collect());
    let seconds = call.get(Param::Duration).map_or(Ok(900), |seconds| seconds.parse());
    Ok(clients
        .sts
        .assume_role()
        .set_role_arn(call.get(Param::Role))
        .role_session_name("gainsay")
        .duration_seconds(seconds.map_err(|_| "the duration is no number of seconds".to_owned())?)
        .set_external_id(call.get(Param::ExternalId))
        .set_tags((!tags.is_empty()).then_some(tags))
        .set_transitive_tag_keys(transitive)
        .set_policy(call.get(Param::SessionPolicy))
        .set_source_identity(call.get(Param::SourceIdentity)))
}
