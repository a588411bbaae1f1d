//! The deletion of a key: planned, and called off.

use super::{described, on_key};
use crate::{
    attempt::{
        Answer, Call, Effect, Field, Operation, Param,
        service::send::{Unsendable, boxed, fallible, fields, send},
    },
    cloud::Clients,
};

/// `ScheduleKeyDeletion`:
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html>.
pub const SCHEDULE: Operation = Operation {
    may: &[Param::PendingDays],
    ..on_key("kms:ScheduleKeyDeletion", Effect::Consumes, fallible!(schedule))
};

/// `CancelKeyDeletion`:
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_CancelKeyDeletion.html>.
pub const CANCEL: Operation = on_key("kms:CancelKeyDeletion", Effect::Consumes, boxed!(cancel));

async fn schedule(clients: &Clients, call: &Call) -> Result<Answer, Unsendable> {
    let days = call.get(Param::PendingDays).map(|text| text.parse()).transpose();
    let request = clients
        .kms
        .schedule_key_deletion()
        .set_key_id(call.get(Param::KeyId))
        .set_pending_window_in_days(days.map_err(Unsendable::PendingDays)?);
    Ok(send!(clients, request, |answer| described(answer.key_id(), answer.key_state())))
}

async fn cancel(clients: &Clients, call: &Call) -> Answer {
    let request = clients.kms.cancel_key_deletion().set_key_id(call.get(Param::KeyId));
    send!(clients, request, |answer| fields([(Field::Arn, answer.key_id())]))
}
