//! Objects, deleted in one request; an attempt names one of them.

use aws_sdk_s3::{
    operation::{RequestId as _, delete_objects::DeleteObjectsOutput},
    types::{Delete, ObjectIdentifier},
};
use serde_json::{Map, json};

use super::{of_bucket, on_object};
use crate::{
    attempt::{
        Answer, Call, Effect, Field, Leaves, Operation, Param, Refused,
        command::{CommandLine, Spelling, quote},
        service::send::{Unsendable, fallible, fields},
    },
    cloud::Clients,
};

/// `DeleteObjects`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html>.
pub const DELETE: Operation = Operation {
    action: "s3:DeleteObject",
    action_with_version: Some("s3:DeleteObjectVersion"),
    may: &[Param::Version],
    leaves: Leaves::DeleteMarker,
    command: CommandLine {
        options: &[(Param::Key, Spelling::Nowhere), (Param::Version, Spelling::Nowhere)],
        more: list_option,
        ..CommandLine::USUAL
    },
    ..on_object("s3:DeleteObjects", Effect::Consumes, fallible!(delete))
};

fn list_option(call: &Call) -> String {
    let members = [("Key", call.get(Param::Key)), ("VersionId", call.get(Param::Version))];
    let object: Map<_, _> = members
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.into())))
        .collect();
    format!("--delete {}", quote(&json!({ "Objects": [object] }).to_string()))
}

async fn delete(clients: &Clients, call: &Call) -> Result<Answer, Unsendable> {
    let object = ObjectIdentifier::builder()
        .set_key(call.get(Param::Key))
        .set_version_id(call.get(Param::Version))
        .build()?;
    let list = Delete::builder().objects(object).build()?;
    let request = of_bucket!(clients.s3.delete_objects(), call).delete(list);
    Ok(match request.send().await {
        Ok(answer) => of_one_key(clients, call, &answer),
        Err(error) => Answer::from_error(&error),
    })
}

/// The one key's own result, which is what the attempt is about: an answer of 200 says nothing of
/// it. Exactly one result, for this key and version, or nothing was learnt.
fn of_one_key(clients: &Clients, call: &Call, answer: &DeleteObjectsOutput) -> Answer {
    let status = clients.last_status();
    let (key, version) = (call.get(Param::Key), call.get(Param::Version));
    match (answer.deleted(), answer.errors()) {
        ([deleted], [])
            if deleted.key() == key.as_deref() && deleted.version_id() == version.as_deref() =>
        {
            let shown = deleted.delete_marker_version_id().or(deleted.version_id());
            Answer::success(status, answer.request_id(), fields([(Field::Version, shown)]))
        }
        // Of a refused key AWS is not known to repeat the version always.
        ([], [error])
            if error.key() == key.as_deref()
                && error.version_id().is_none_or(|id| Some(id) == version.as_deref()) =>
        {
            Answer::Refused(Refused {
                status,
                code: error.code().map(str::to_owned),
                message: error.message().map(str::to_owned),
                request_id: answer.request_id().map(str::to_owned),
                rulings: clients.last_rulings(),
                of_one_key: true,
                found: None,
            })
        }
        _ => Answer::Malformed {
            status,
            message: "the answer has not exactly one result, for the key that was to be deleted"
                .to_owned(),
        },
    }
}
