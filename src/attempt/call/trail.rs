//! `CloudTrail`.

use serde_json::{Value, json};

use super::fields;
use crate::{
    attempt::{Answer, Ask, Call, Field, Op, Output, Param, Service},
    cloud::Clients,
};

/// Each as somebody would make it who wants to leave no trace.
pub(super) async fn trail(clients: &Clients, call: &Call) -> Answer {
    let trail = call.get(Param::Trail);
    let (action, input) = match call.operation.op {
        Op::StopLogging => ("StopLogging", json!({ "Name": trail })),
        Op::DeleteTrail => ("DeleteTrail", json!({ "Name": trail })),
        Op::UpdateTrail => ("UpdateTrail", json!({ "Name": trail, "EnableLogFileValidation": false })),
        Op::PutEventSelectors => {
            let selector = json!({ "ReadWriteType": "ReadOnly", "IncludeManagementEvents": false });
            ("PutEventSelectors", json!({ "TrailName": trail, "EventSelectors": [selector] }))
        }
        _ => ("GetTrailStatus", json!({ "Name": trail })),
    };
    let told = match clients.ask(Service::CloudTrail, &Ask::cloudtrail(action, &input)).await {
        Ok(told) => told,
        Err(answer) => return answer,
    };
    match told.json(Service::CloudTrail) {
        Ok(result) if action == "GetTrailStatus" => told.success(status(&result)),
        Ok(_) => told.success(Output::new()),
        Err(answer) => answer,
    }
}

fn status(result: &Value) -> Output {
    let logging = result.get("IsLogging").and_then(Value::as_bool);
    fields([(Field::Logging, logging.map(|is| if is { "true" } else { "false" }))])
}
