//! S3 Control:
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_AWS_S3_Control.html>.

pub mod access_grants;
pub mod access_point;
pub mod access_point_policy;
pub mod account_public_access_block;
pub mod bucket_tags;
pub mod job;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use gainsay_model::xml::{Element, element};
use md5::{Digest as _, Md5};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{
    attempt::{
        Answer, Call, Field, Output, Service,
        service::send::{fields, send_signed},
    },
    cloud::{Clients, SignedRequest},
};

/// What may stand in a part of a path or of a query as it is (RFC 3986, section 2.3).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The namespace of every body.
const NAMESPACE: &str = "http://awss3control.amazonaws.com/doc/2018-08-20/";

/// What is sent, and what is read of the answer.
struct Exchange {
    method: &'static str,
    /// Path and query below the version.
    path: String,
    body: String,
    /// The root element of the answer; nothing where there is no body.
    root: &'static str,
    /// What of the answer is read.
    read: fn(&Element) -> Output,
}

impl Exchange {
    fn new(method: &'static str, path: String) -> Self {
        Self { method, path, body: String::new(), root: "", read: |_| Output::new() }
    }

    /// With a body: a root element, and what is in it.
    fn sends(self, root: &str, inner: &str) -> Self {
        Self { body: format!("<{root} xmlns=\"{NAMESPACE}\">{inner}</{root}>"), ..self }
    }

    /// With an answer that has this root element.
    fn answers(self, root: &'static str, read: fn(&Element) -> Output) -> Self {
        Self { root, read, ..self }
    }

    async fn send(self, clients: &Clients, call: &Call) -> Answer {
        let request = SignedRequest {
            method: self.method,
            prefix: format!("{}.", call.account),
            path: format!("/v20180820{}", self.path),
            headers: vec![
                ("content-type", "application/xml".to_owned()),
                ("content-md5", STANDARD.encode(Md5::digest(&self.body))),
                ("x-amz-account-id", call.account.clone()),
            ],
            body: self.body,
        };
        send_signed(clients, Service::S3Control, &request, |answer| {
            if self.root.is_empty() {
                return answer.nothing(Service::S3Control);
            }
            Ok((self.read)(&answer.element(Service::S3Control, self.root)?))
        })
        .await
    }
}

/// A function that makes the call of an `Exchange`, as a row of the catalogue has it.
macro_rules! exchange {
    ($make:path) => {
        |clients, call| Box::pin(async move { $make(call).send(clients, call).await })
    };
}

use exchange;

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

/// An element, where there is something to be in it.
fn optional(name: &str, text: Option<&str>) -> String {
    text.map(|text| element(name, text)).unwrap_or_default()
}

/// The ARN that an answer has in this element.
fn arn(result: &Element, name: &str) -> Output {
    fields([(Field::Arn, result.get(name))])
}
