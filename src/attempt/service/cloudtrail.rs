//! `CloudTrail`: a trail is ended, blinded or changed as somebody would do it who wants to leave no
//! trace (<https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_Operations.html>).

use serde_json::{Value, json};

use crate::{
    attempt::{
        Answer, Call, Effect, Field, On, Operation, Output, Param, Service,
        command::{CommandLine, Spelling},
        service::send::{boxed, fields, send_signed, yes_or_no},
    },
    cloud::{Clients, SignedRequest},
};

/// `GetTrailStatus`:
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html>.
pub const GET_TRAIL_STATUS: Operation = Operation {
    needs: &[Param::Trail],
    ..Operation::new(
        Service::CloudTrail,
        "cloudtrail:GetTrailStatus",
        On::Trail,
        Effect::Reads,
        boxed!(get_trail_status),
    )
};

/// `StopLogging`:
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_StopLogging.html>.
pub const STOP_LOGGING: Operation = Operation {
    needs: &[Param::Trail],
    ..Operation::new(
        Service::CloudTrail,
        "cloudtrail:StopLogging",
        On::Trail,
        Effect::Configures,
        boxed!(stop_logging),
    )
};

/// `UpdateTrail`:
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_UpdateTrail.html>.
pub const UPDATE_TRAIL: Operation = Operation {
    needs: &[Param::Trail],
    command: CommandLine {
        more: |_| "--no-enable-log-file-validation".to_owned(),
        ..CommandLine::USUAL
    },
    ..Operation::new(
        Service::CloudTrail,
        "cloudtrail:UpdateTrail",
        On::Trail,
        Effect::Configures,
        boxed!(update_trail),
    )
};

/// `PutEventSelectors`:
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_PutEventSelectors.html>.
pub const PUT_EVENT_SELECTORS: Operation = Operation {
    needs: &[Param::Trail],
    command: CommandLine {
        options: &[(Param::Trail, Spelling::Option("--trail-name"))],
        more: |_| {
            "--event-selectors ReadWriteType=ReadOnly,IncludeManagementEvents=false".to_owned()
        },
        ..CommandLine::USUAL
    },
    ..Operation::new(
        Service::CloudTrail,
        "cloudtrail:PutEventSelectors",
        On::Trail,
        Effect::Configures,
        boxed!(put_event_selectors),
    )
};

/// `DeleteTrail`:
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DeleteTrail.html>.
pub const DELETE_TRAIL: Operation = Operation {
    needs: &[Param::Trail],
    ..Operation::new(
        Service::CloudTrail,
        "cloudtrail:DeleteTrail",
        On::Trail,
        Effect::Configures,
        boxed!(delete_trail),
    )
};

async fn get_trail_status(clients: &Clients, call: &Call) -> Answer {
    let input = json!({ "Name": call.get(Param::Trail) });
    send_action(clients, "GetTrailStatus", &input, |status| {
        let logging = status.get("IsLogging").and_then(Value::as_bool);
        fields([(Field::Logging, logging.map(yes_or_no))])
    })
    .await
}

async fn stop_logging(clients: &Clients, call: &Call) -> Answer {
    let input = json!({ "Name": call.get(Param::Trail) });
    send_action(clients, "StopLogging", &input, |_| Output::new()).await
}

async fn update_trail(clients: &Clients, call: &Call) -> Answer {
    let input = json!({ "Name": call.get(Param::Trail), "EnableLogFileValidation": false });
    send_action(clients, "UpdateTrail", &input, |_| Output::new()).await
}

async fn put_event_selectors(clients: &Clients, call: &Call) -> Answer {
    let selector = json!({ "ReadWriteType": "ReadOnly", "IncludeManagementEvents": false });
    let input = json!({ "TrailName": call.get(Param::Trail), "EventSelectors": [selector] });
    send_action(clients, "PutEventSelectors", &input, |_| Output::new()).await
}

async fn delete_trail(clients: &Clients, call: &Call) -> Answer {
    let input = json!({ "Name": call.get(Param::Trail) });
    send_action(clients, "DeleteTrail", &input, |_| Output::new()).await
}

/// Sends an action and reads its result.
async fn send_action(
    clients: &Clients,
    action: &str,
    input: &Value,
    read: fn(&Value) -> Output,
) -> Answer {
    let request = SignedRequest::cloudtrail(action, input);
    send_signed(clients, Service::CloudTrail, &request, |answer| {
        Ok(read(&answer.json(Service::CloudTrail)?))
    })
    .await
}
