//! The response to a request that no client made, and what it says as an answer.

use aws_smithy_types::byte_stream::ByteStream;
use gainsay_model::{Service, xml::Element};
use gainsay_sandbox::Rulings;
use serde_json::Value;

use super::{
    Answer, Output, Refused,
    answer::{fault, request_id},
};
use crate::cloud::{Clients, SendError, SignedRequest};

/// The response to a request, as it came, whatever it says.
#[derive(Clone, Debug)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The service's id of the request.
    pub request_id: Option<String>,
    /// The body.
    pub body: Vec<u8>,
    /// What the sandbox decided and why; nothing from any other target.
    rulings: Option<Rulings>,
}

impl Response {
    /// Whether the service did what was asked: 200, 204 where there is nothing to answer with, and
    /// 201
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_PutPublicAccessBlock.html>). A
    /// proxy that changed an answer says 203, and 206 is a part of one
    /// (<https://www.rfc-editor.org/rfc/rfc9110.html#section-15.3>).
    #[must_use]
    pub const fn is_success(&self) -> bool {
        matches!(self.status, 200 | 201 | 204)
    }

    /// The response as an answer of the service.
    #[must_use]
    pub fn as_answer(&self, service: Service) -> Answer {
        if self.is_success() {
            return self.success(Output::new());
        }
        let refused = |code, message| {
            Answer::Refused(Refused {
                status: self.status,
                code,
                message,
                request_id: self.request_id.clone(),
                rulings: self.rulings.clone(),
                ..Refused::default()
            })
        };
        if (200..300).contains(&self.status) {
            return self.malformed("no operation of the service succeeds with this status");
        }
        match fault(service, &self.body) {
            Some(fault) => refused(Some(fault.code), fault.message),
            None if self.body.trim_ascii().is_empty() => refused(None, None),
            None => self.malformed("the body is not an error of the service"),
        }
    }

    /// A success with the fields that were read of it.
    #[must_use]
    pub fn success(&self, output: Output) -> Answer {
        Answer::success(self.status, self.request_id.as_deref(), output)
    }

    /// The root element of an answer in XML.
    ///
    /// # Errors
    /// The answer is a refusal, or has another root.
    pub(crate) fn element(&self, service: Service, root: &str) -> Result<Element, Answer> {
        if !self.is_success() {
            return Err(self.as_answer(service));
        }
        let found = Element::read(&self.body).filter(|found| found.name == root);
        found.ok_or_else(|| self.malformed(&format!("the body is no `{root}`")))
    }

    /// The result of an operation of IAM, which is empty for some.
    ///
    /// # Errors
    /// The answer is a refusal, or not the answer of this operation.
    pub(crate) fn iam(&self, action: &str) -> Result<Element, Answer> {
        let root = self.element(Service::Iam, &format!("{action}Response"))?;
        Ok(root.child(&format!("{action}Result")).cloned().unwrap_or_default())
    }

    /// The result of an operation that answers with an empty body.
    ///
    /// # Errors
    /// The answer is a refusal, or not empty.
    pub(crate) fn nothing(&self, service: Service) -> Result<Output, Answer> {
        if !self.is_success() {
            return Err(self.as_answer(service));
        }
        if !self.body.trim_ascii().is_empty() {
            return Err(self.malformed("there is a body where none is expected"));
        }
        Ok(Output::new())
    }

    /// The result of an operation of a JSON protocol, which has no body for some.
    ///
    /// # Errors
    /// The answer is a refusal, or not an object.
    pub(crate) fn json(&self, service: Service) -> Result<Value, Answer> {
        if !self.is_success() {
            return Err(self.as_answer(service));
        }
        if self.body.trim_ascii().is_empty() {
            return Ok(Value::Null);
        }
        let document = serde_json::from_slice(&self.body).ok();
        let document = document
            .filter(|document: &Value| document.is_object() && document.get("__type").is_none());
        document.ok_or_else(|| self.malformed("the body is not an answer of the service"))
    }

    fn malformed(&self, message: &str) -> Answer {
        Answer::Malformed { status: self.status, message: message.to_owned() }
    }
}

impl Clients {
    /// Signs a request, sends it and gives the answer as it came.
    ///
    /// # Errors
    /// What there is in place of an answer: none came, it broke off, or the request could not be
    /// made.
    pub async fn ask(&self, service: Service, ask: &SignedRequest) -> Result<Response, Answer> {
        let mut response = self.send(service, ask).await.map_err(|error| match error {
            SendError::NotMade(_) => Answer::NotSent { message: error.to_string() },
            SendError::Unreachable(_) => Answer::Unreachable { message: error.to_string() },
        })?;
        let status = response.status().as_u16();
        let request_id = request_id(response.headers());
        let rulings = response.extension().cloned();
        match ByteStream::new(response.take_body()).collect().await {
            Ok(body) => Ok(Response { status, request_id, body: body.to_vec(), rulings }),
            Err(error) => {
                Err(Answer::Malformed { status, message: format!("the body broke off: {error}") })
            }
        }
    }
}
