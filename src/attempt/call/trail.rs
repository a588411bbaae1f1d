//! `CloudTrail`.

use aws_sdk_cloudtrail::{
    operation::RequestId as _,
    types::{EventSelector, ReadWriteType},
};

use super::{fields, send};
use crate::{
    attempt::{Answer, Call, Field, Op, Output, Param},
    cloud::Clients,
};

/// Each as somebody would make it who wants to leave no trace.
pub(super) async fn trail(clients: &Clients, call: &Call) -> Answer {
    let (cloudtrail, trail) = (&clients.cloudtrail, call.get(Param::Trail));
    match call.operation.op {
        Op::StopLogging => send!(clients, cloudtrail.stop_logging().set_name(trail), |_answer| Output::new()),
        Op::DeleteTrail => send!(clients, cloudtrail.delete_trail().set_name(trail), |_answer| Output::new()),
        Op::UpdateTrail => {
            let request = cloudtrail.update_trail().set_name(trail).enable_log_file_validation(false);
            send!(clients, request, |_answer| Output::new())
        }
        Op::PutEventSelectors => {
            let selector = EventSelector::builder().read_write_type(ReadWriteType::ReadOnly);
            let selector = selector.include_management_events(false).build();
            let request = cloudtrail.put_event_selectors().set_trail_name(trail).event_selectors(selector);
            send!(clients, request, |_answer| Output::new())
        }
        _ => send!(clients, cloudtrail.get_trail_status().set_name(trail), |answer| fields([(
            Field::Logging,
            answer.is_logging().map(|is| if is { "true" } else { "false" })
        )])),
    }
}
