//! Requests that no client of AWS sends: those whose answers are wanted as they came, and those to
//! services of which so few operations are called that their clients do not pay for the time it
//! takes to build them. Signed with AWS's own signer.

use std::error::Error;

use aws_sigv4::{
    http_request::{
        PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
        UriPathNormalizationMode, sign,
    },
    sign::v4::SigningParams,
};
use aws_smithy_runtime_api::client::{http::HttpConnector as _, orchestrator::HttpRequest};
use aws_smithy_types::{body::SdkBody, byte_stream::ByteStream};
use gainsay_model::{Service, xml::Element};
use gainsay_sandbox::Rulings;
use serde_json::Value;

use super::Clients;
use crate::attempt::{Answer, Ask, Output, Refused, chain, fault, request_id};

/// An answer as it came, whatever it says.
#[derive(Clone, Debug)]
pub struct Told {
    /// The HTTP status.
    pub status: u16,
    /// The service's id of the request.
    pub request_id: Option<String>,
    /// The body.
    pub body: Vec<u8>,
    /// What the sandbox decided and why; nothing from any other target.
    rulings: Option<Rulings>,
}

impl Told {
    /// Whether the service did what was asked: 200, 204 where there is nothing to answer with, and
    /// 201
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_PutPublicAccessBlock.html>). A
    /// proxy that changed an answer says 203, and 206 is a part of one
    /// (<https://www.rfc-editor.org/rfc/rfc9110.html#section-15.3>).
    #[must_use]
    pub const fn is_success(&self) -> bool {
        matches!(self.status, 200 | 201 | 204)
    }

    /// The answer in the words that every answer has.
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

    /// A success with what was read of it.
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

    /// Of an operation that answers with nothing.
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
    pub async fn ask(&self, service: Service, ask: &Ask) -> Result<Told, Answer> {
        let request = self
            .signed(service, ask)
            .map_err(|error| Answer::NotSent { message: chain(error.as_ref()) })?;
        let answer = self.connector.call(request).await;
        let mut response =
            answer.map_err(|error| Answer::Unreachable { message: chain(&error) })?;
        let status = response.status().as_u16();
        let request_id = request_id(response.headers());
        let rulings = response.extension().cloned();
        match ByteStream::new(response.take_body()).collect().await {
            Ok(body) => Ok(Told { status, request_id, body: body.to_vec(), rulings }),
            Err(error) => {
                Err(Answer::Malformed { status, message: format!("the body broke off: {error}") })
            }
        }
    }

    fn signed(
        &self,
        service: Service,
        ask: &Ask,
    ) -> Result<HttpRequest, Box<dyn Error + Send + Sync>> {
        let credentials =
            self.credentials.as_ref().ok_or("there are no credentials to sign it with")?;
        let (base, region) = if let Some(url) = &self.endpoint {
            (url.clone(), self.region.as_str())
        } else {
            let scheme = if self.plain { "http" } else { "https" };
            let host = service.host(&self.region);
            (format!("{scheme}://{}{host}", ask.prefix), service.signing_region(&self.region))
        };
        let uri = format!("{base}{}", ask.path);
        let mut builder = http::Request::builder().method(ask.method).uri(&uri);
        for (name, value) in &ask.headers {
            builder = builder.header(*name, value);
        }
        if let Some(name) = &self.name {
            builder = builder.header("user-agent", name.to_string());
        }
        let mut request = builder.body(SdkBody::from(ask.body.clone()))?;
        let identity = credentials.clone().into();
        let params = SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name(service.signing_name())
            .time(self.now())
            .settings(settings(service))
            .build()?
            .into();
        let headers = ask.headers.iter().map(|(name, value)| (*name, value.as_str()));
        let signable = SignableRequest::new(
            ask.method,
            &uri,
            headers,
            SignableBody::Bytes(ask.body.as_bytes()),
        )?;
        let (instructions, _) = sign(signable, &params)?.into_parts();
        instructions.apply_to_request_http1x(&mut request);
        Ok(HttpRequest::try_from(request)?)
    }
}

/// S3 signs paths as they are sent, and the hash of the body with them
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>).
fn settings(service: Service) -> SigningSettings {
    let mut settings = SigningSettings::default();
    if service.signing_name() == "s3" {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    }
    settings
}
