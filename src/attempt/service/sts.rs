//! STS: <https://docs.aws.amazon.com/STS/latest/APIReference/API_Operations.html>.

use aws_sdk_sts::types::{AssumedRoleUser, Tag};

use crate::{
    attempt::{
        Answer, Call, Effect, Field, On, Operation, Param, Service,
        command::CommandLine,
        service::send::{Unsendable, boxed, fallible, fields, send, split, tags_of},
    },
    cloud::Clients,
};

/// `AssumeRole`: <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>.
pub const ASSUME_ROLE: Operation = Operation {
    needs: &[Param::Role],
    may: &[
        Param::ExternalId,
        Param::SessionTags,
        Param::TransitiveTags,
        Param::SessionPolicy,
        Param::SourceIdentity,
        Param::Duration,
    ],
    command: CommandLine {
        more: |_| format!("--role-session-name {SESSION}"),
        ..CommandLine::USUAL
    },
    ..Operation::new(
        Service::Sts,
        "sts:AssumeRole",
        On::Role,
        Effect::Reads,
        fallible!(assume_role),
    )
};

/// `GetCallerIdentity`:
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>.
pub const GET_CALLER_IDENTITY: Operation = Operation::new(
    Service::Sts,
    "sts:GetCallerIdentity",
    On::Nothing,
    Effect::Reads,
    boxed!(get_caller_identity),
);

/// The name of every session that an attempt asks for.
const SESSION: &str = "gainsay";

/// A session is as short as STS allows, unless the attempt is about that.
const SHORTEST: i32 = 900;

async fn assume_role(clients: &Clients, call: &Call) -> Result<Answer, Unsendable> {
    let tags = tags_of(&call.get(Param::SessionTags).unwrap_or_default(), |key, value| {
        Tag::builder().key(key).value(value).build()
    })?;
    let seconds = call.get(Param::Duration).map_or(Ok(SHORTEST), |seconds| seconds.parse());
    let request = clients
        .sts
        .assume_role()
        .set_role_arn(call.get(Param::Role))
        .role_session_name(SESSION)
        .duration_seconds(seconds.map_err(Unsendable::Duration)?)
        .set_external_id(call.get(Param::ExternalId))
        .set_tags((!tags.is_empty()).then_some(tags))
        .set_transitive_tag_keys(split(call, Param::TransitiveTags))
        .set_policy(call.get(Param::SessionPolicy))
        .set_source_identity(call.get(Param::SourceIdentity));
    Ok(send!(clients, request, |answer| {
        fields([(Field::Arn, answer.assumed_role_user().map(AssumedRoleUser::arn))])
    }))
}

async fn get_caller_identity(clients: &Clients, _: &Call) -> Answer {
    let request = clients.sts.get_caller_identity();
    send!(clients, request, |answer| fields([(Field::Arn, answer.arn())]))
}
