//! An archived object, brought back for a while.

use aws_sdk_s3::types::RestoreRequest;

use super::{of_version, on_object};
use crate::{
    attempt::{
        Answer, Call, Effect, Operation, Param,
        command::CommandLine,
        service::send::{boxed, done},
    },
    cloud::Clients,
};

/// How long a restored copy is asked for.
const DAYS: i32 = 1;

/// `RestoreObject`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_RestoreObject.html>.
pub const RESTORE: Operation = Operation {
    may: &[Param::Version],
    command: CommandLine {
        more: |_| format!("--restore-request Days={DAYS}"),
        ..CommandLine::USUAL
    },
    ..on_object("s3:RestoreObject", Effect::Writes, boxed!(restore))
};

async fn restore(clients: &Clients, call: &Call) -> Answer {
    let request = of_version!(clients.s3.restore_object(), call)
        .restore_request(RestoreRequest::builder().days(DAYS).build());
    done!(clients, request)
}
