//! STS.

use aws_sdk_sts::operation::RequestId as _;

use super::{fields, send};
use crate::{
    attempt::{Answer, Call, Field, Op, Param},
    cloud::Clients,
};

pub(super) async fn sts(clients: &Clients, call: &Call) -> Answer {
    match call.operation.op {
        Op::AssumeRole => {
            let request = clients
                .sts
                .assume_role()
                .set_role_arn(call.get(Param::Role))
                .role_session_name("gainsay")
                .duration_seconds(900)
                .set_external_id(call.get(Param::ExternalId));
            send!(clients, request, |answer| fields([(
                Field::Arn,
                answer.assumed_role_user().map(aws_sdk_sts::types::AssumedRoleUser::arn)
            )]))
        }
        _ => send!(clients, clients.sts.get_caller_identity(), |answer| fields([(
            Field::Arn,
            answer.arn()
        )])),
    }
}
