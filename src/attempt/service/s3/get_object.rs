//! Objects, read: whole, or what is said of them.

use aws_sdk_s3::operation::RequestId as _;
use aws_smithy_types::body::SdkBody;

use super::{of_version, on_object, send_or_presign, stored_fields};
use crate::{
    attempt::{
        Answer, Call, Effect, Field, Operation, Param,
        command::CommandLine,
        presigned::{presigned, presigning},
        service::send::{Unsendable, fallible},
    },
    cloud::Clients,
};

/// `GetObject`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>.
pub const GET: Operation = Operation {
    action_with_version: Some("s3:GetObjectVersion"),
    may: &[Param::Version],
    command: CommandLine { more: |_| "/dev/stdout".to_owned(), ..CommandLine::USUAL },
    ..on_object("s3:GetObject", Effect::Reads, fallible!(get))
};

/// `HeadObject`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html>.
pub const HEAD: Operation = Operation {
    action: "s3:GetObject",
    action_with_version: Some("s3:GetObjectVersion"),
    may: &[Param::Version],
    command: CommandLine { presigned: "-I ", ..CommandLine::USUAL },
    ..on_object("s3:HeadObject", Effect::Reads, fallible!(head))
};

async fn get(clients: &Clients, call: &Call) -> Result<Answer, Unsendable> {
    let request = of_version!(clients.s3.get_object(), call);
    if let Some(config) = presigning(clients, call)? {
        let request = request.presigned(config).await;
        return Ok(presigned(clients, request, SdkBody::empty()).await);
    }
    let answer = match request.send().await {
        Ok(answer) => answer,
        Err(error) => return Ok(Answer::from_error(&error)),
    };
    let status = clients.last_status();
    let mut output = stored_fields!(answer, answer.version_id(), answer.e_tag());
    let request_id = answer.request_id().map(str::to_owned);
    // A read counts as a success only once its body has arrived whole.
    Ok(match answer.body.collect().await {
        Ok(body) => {
            let text = String::from_utf8_lossy(&body.into_bytes()).into_owned();
            output.insert(Field::Body, vec![text]);
            Answer::Success { status, request_id, output }
        }
        // Not the same as no answer: it began as a success, and asking again must not make it
        // anything else.
        Err(error) => Answer::Malformed { status, message: format!("the body broke off: {error}") },
    })
}

async fn head(clients: &Clients, call: &Call) -> Result<Answer, Unsendable> {
    let request = of_version!(clients.s3.head_object(), call);
    Ok(send_or_presign!(clients, call, request, SdkBody::empty(), |answer| {
        stored_fields!(answer, answer.version_id(), answer.e_tag())
    }))
}
