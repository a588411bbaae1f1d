//! `CloudTrail`.

use gainsay_model::Service;
use serde_json::{Value, json};

use super::{asked, fields, forgotten};
use crate::{
    attempt::{Answer, Ask, Call, Field, Op, Output, Param},
    cloud::Clients,
};

/// Each as somebody would make it who wants to leave no trace.
pub(super) async fn trail(clients: &Clients, call: &Call) -> Answer {
    let trail = call.get(Param::Trail);
    let (action, input) = match call.operation.op {
        Op::StopLogging => ("StopLogging", json!({ "Name": trail })),
        Op::DeleteTrail => ("DeleteTrail", json!({ "Name": trail })),
        Op::UpdateTrail => {
            ("UpdateTrail", json!({ "Name": trail, "EnableLogFileValidation": false }))
        }
        Op::PutEventSelectors => {
            let selector = json!({ "ReadWriteType": "ReadOnly", "IncludeManagementEvents": false });
            ("PutEventSelectors", json!({ "TrailName": trail, "EventSelectors": [selector] }))
        }
        Op::GetTrailStatus => ("GetTrailStatus", json!({ "Name": trail })),
        _ => return forgotten(call),
    };
    asked(clients, Service::CloudTrail, &Ask::cloudtrail(action, &input), |told| {
        let result = told.json(Service::CloudTrail)?;
        Ok(if action == "GetTrailStatus" { status(&result) } else { Output::new() })
    })
    .await
}

fn status(result: &Value) -> Output {
    let logging = result.get("IsLogging").and_then(Value::as_bool);
    fields([(Field::Logging, logging.map(|is| if is { "true" } else { "false" }))])
}
