//! What the calls of all services share: sending, and reading fields of an answer.

use std::num::ParseIntError;

use aws_sdk_s3::presigning::PresigningConfigError;
use aws_smithy_runtime_api::http::HttpError;
use aws_smithy_types::error::operation::BuildError;
use gainsay_model::xml::Element;

use crate::{
    attempt::{
        Answer, Call, Field, Output, Param, Response, Service,
        content::{joined, tags},
    },
    cloud::{Clients, SignedRequest},
};

/// Why a call could not be made of what the scenario says. Nothing was sent.
#[derive(Debug, thiserror::Error)]
pub(in crate::attempt) enum Unsendable {
    /// The document has not the form that the operation takes.
    #[error("`document` is not what this operation takes: {0}")]
    Document(#[from] serde_json::Error),
    /// The client finds something missing.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The client makes no URL that is good for so long.
    #[error(transparent)]
    Presigning(#[from] PresigningConfigError),
    /// What is to be decrypted is no ciphertext as a fixture yields it.
    #[error("the ciphertext is not base64: {0}")]
    Ciphertext(#[from] base64::DecodeError),
    /// A waiting period without a number of days.
    #[error("`pending_days` is not a number: {0}")]
    PendingDays(#[source] ParseIntError),
    /// A session without a number of seconds.
    #[error("the duration is no number of seconds")]
    Duration(#[source] ParseIntError),
    /// The credentials or the time give no signature.
    #[error("the form could not be signed")]
    Form,
    /// What is written makes no HTTP request: a header or an address that is none.
    #[error(transparent)]
    Request(#[from] http::Error),
    /// What is written makes no HTTP request for the connector.
    #[error(transparent)]
    Connector(#[from] HttpError),
}

impl From<Unsendable> for Answer {
    fn from(error: Unsendable) -> Self {
        Self::NotSent { message: error.to_string() }
    }
}

/// A function that makes a call and gives an `Answer`, as a row of the catalogue has it.
macro_rules! boxed {
    ($make:path) => {
        |clients, call| Box::pin($make(clients, call))
    };
}

/// A function that makes a call and may find it `Unsendable`, as a row of the catalogue has it.
macro_rules! fallible {
    ($make:path) => {
        |clients, call| {
            Box::pin(async move {
                $make(clients, call).await.unwrap_or_else($crate::attempt::Answer::from)
            })
        }
    };
}

/// Sends a request through a client and reads the fields of its answer.
macro_rules! send {
    ($clients:expr, $builder:expr, |$answer:ident| $fields:expr) => {{
        use aws_sdk_s3::operation::RequestId as _;
        match $builder.send().await {
            Ok($answer) => $crate::attempt::Answer::success(
                $clients.last_status(),
                $answer.request_id(),
                $fields,
            ),
            Err(error) => $crate::attempt::Answer::from_error(&error),
        }
    }};
}

/// Sends a request through a client and reads nothing of its answer.
macro_rules! done {
    ($clients:expr, $builder:expr) => {
        $crate::attempt::service::send::send!($clients, $builder, |_answer| {
            $crate::attempt::Output::new()
        })
    };
}

pub(super) use {boxed, done, fallible, send};

/// Sends a request that no client makes, and reads the fields of its answer.
pub(super) async fn send_signed<F>(
    clients: &Clients,
    service: Service,
    request: &SignedRequest,
    read: F,
) -> Answer
where
    F: FnOnce(&Response) -> Result<Output, Answer>,
{
    let answer = clients
        .ask(service, request)
        .await
        .and_then(|response| Ok(response.success(read(&response)?)));
    answer.unwrap_or_else(|answer| answer)
}

/// The fields of an answer that it has.
pub(in crate::attempt) fn fields<const N: usize>(pairs: [(Field, Option<&str>); N]) -> Output {
    pairs.into_iter().filter_map(|(field, value)| Some((field, vec![value?.to_owned()]))).collect()
}

/// The one field of an answer that is a list.
pub(super) fn list<'a>(field: Field, values: impl Iterator<Item = &'a str>) -> Output {
    Output::from([(field, values.map(str::to_owned).collect())])
}

/// The tags of an answer, as the clients give them.
pub(super) fn tag_field<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Output {
    Output::from([(Field::Tags, vec![joined(pairs)])])
}

/// The tags of an answer in XML.
pub(super) fn tag_elements(tags: &Element) -> Output {
    let text = |tag: &'_ Element, name| tag.get(name).unwrap_or_default().to_owned();
    let pairs: Vec<_> =
        tags.children.iter().map(|tag| (text(tag, "Key"), text(tag, "Value"))).collect();
    tag_field(pairs.iter().map(|(key, value)| (key.as_str(), value.as_str())))
}

/// The tags that a call writes, made into a client's own.
pub(super) fn tags_of<T>(
    text: &str,
    make: impl Fn(String, String) -> Result<T, BuildError>,
) -> Result<Vec<T>, BuildError> {
    tags(text).into_iter().map(|(key, value)| make(key, value)).collect()
}

/// Whether, as an answer's field says it.
pub(super) const fn yes_or_no(flag: bool) -> &'static str {
    if flag { "true" } else { "false" }
}

/// A list with commas; nothing where the parameter is not written.
pub(super) fn split(call: &Call, param: Param) -> Option<Vec<String>> {
    call.get(param).map(|text| text.split(',').map(str::to_owned).collect())
}
