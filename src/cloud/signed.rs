//! Requests whose answers are wanted as they came, which the clients of AWS do not give: signed with AWS's own signer.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{
        PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode, sign,
    },
    sign::v4::SigningParams,
};
use aws_smithy_runtime_api::client::{http::HttpConnector as _, orchestrator::HttpRequest};
use aws_smithy_types::{body::SdkBody, byte_stream::ByteStream};

use super::{Endpoints, Target};
use crate::{
    attempt::{Answer, Output, Refused, Service, request_id},
    check::read::{Ask, error_code},
};

/// An answer as it came, whatever it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The HTTP status.
    pub status: u16,
    /// The service's id of the request.
    pub request_id: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

impl Told {
    /// Whether the service did what was asked.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        self.status >= 200 && self.status < 300
    }

    /// The answer in the words that every answer has.
    #[must_use]
    pub fn as_answer(&self, service: Service) -> Answer {
        if self.is_success() {
            return Answer::success(self.status, self.request_id.as_deref(), Output::new());
        }
        Answer::Refused(Refused {
            status: self.status,
            code: error_code(service, &self.body),
            request_id: self.request_id.clone(),
            ..Refused::default()
        })
    }
}

impl Target {
    /// Asks a service over TLS, as the owner of `credentials`.
    ///
    /// # Errors
    /// What there is in place of an answer: none came, it broke off, or the request could not be made.
    pub async fn ask(&self, credentials: &Credentials, service: Service, ask: &Ask) -> Result<Told, Answer> {
        let request = self
            .signed(credentials, service, ask)
            .map_err(|message| Answer::NotSent { message })?;
        let answer = self.connector.call(request).await;
        let mut response = answer.map_err(|error| Answer::Unreachable {
            message: error.to_string(),
        })?;
        let status = response.status().as_u16();
        let request_id = request_id(response.headers());
        match ByteStream::new(response.take_body()).collect().await {
            Ok(body) => Ok(Told {
                status,
                request_id,
                body: body.to_vec(),
            }),
            Err(error) => Err(Answer::Malformed {
                status,
                message: format!("the body broke off: {error}"),
            }),
        }
    }

    fn signed(&self, credentials: &Credentials, service: Service, ask: &Ask) -> Result<HttpRequest, String> {
        let base = match &self.endpoints {
            Endpoints::Regional => format!("https://{}{}", ask.prefix, service.host(&self.region)),
            Endpoints::One { url, .. } => url.trim_end_matches('/').to_owned(),
        };
        let uri = format!("{base}{}", ask.path);
        let mut builder = http::Request::builder().method(ask.method).uri(&uri);
        for (name, value) in &ask.headers {
            builder = builder.header(*name, value);
        }
        if let Some(name) = &self.name {
            builder = builder.header("user-agent", name.to_string());
        }
        let mut request = builder.body(SdkBody::from(ask.body.clone())).map_err(|error| error.to_string())?;
        let identity = credentials.clone().into();
        let params = SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(service.signing_name())
            .time(self.now())
            .settings(settings(service))
            .build()
            .map_err(|error| error.to_string())?
            .into();
        let headers = ask.headers.iter().map(|(name, value)| (*name, value.as_str()));
        let signable = SignableRequest::new(ask.method, &uri, headers, SignableBody::Bytes(ask.body.as_bytes()));
        let signable = signable.map_err(|error| error.to_string())?;
        let (instructions, _) = sign(signable, &params).map_err(|error| error.to_string())?.into_parts();
        instructions.apply_to_request_http1x(&mut request);
        HttpRequest::try_from(request).map_err(|error| error.to_string())
    }

    /// The target's time.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.time.now()
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
