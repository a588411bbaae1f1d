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
use aws_smithy_runtime_api::client::{
    http::HttpConnector as _,
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
};
use aws_smithy_types::body::SdkBody;
use gainsay_model::Service;

use super::{Clients, SignedRequest, chain};

/// Why a signed request has no response.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// It could not be made or signed.
    #[error("{}", chain(.0.as_ref()))]
    NotMade(Box<dyn Error + Send + Sync>),
    /// Nobody answered it.
    #[error("{}", chain(.0))]
    Unreachable(ConnectorError),
}

impl Clients {
    /// Signs a request and sends it.
    ///
    /// # Errors
    /// It cannot be made or signed, or nobody answers.
    pub(crate) async fn send(
        &self,
        service: Service,
        request: &SignedRequest,
    ) -> Result<HttpResponse, SendError> {
        let request = self.signed(service, request).map_err(SendError::NotMade)?;
        self.connector.call(request).await.map_err(SendError::Unreachable)
    }

    fn signed(
        &self,
        service: Service,
        ask: &SignedRequest,
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
