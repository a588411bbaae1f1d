//! A request before it is signed.

use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SigningSettings, UriPathNormalizationMode,
};
use aws_smithy_types::body::SdkBody;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use gainsay_model::Service;
use md5::{Digest as _, Md5};

/// A request before it is signed.
#[derive(Clone, Debug)]
pub struct Request {
    pub service: Service,
    pub method: &'static str,
    pub host: String,
    /// Path and query.
    pub target: String,
    /// The headers that are signed.
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn new(service: Service, method: &'static str, host: String, target: String) -> Self {
        Self { service, method, host, target, headers: Vec::new(), body: Vec::new() }
    }

    /// With a header, if it has a value.
    pub fn header(mut self, name: &'static str, value: Option<impl Into<String>>) -> Self {
        self.headers.extend(value.map(|value| (name, value.into())));
        self
    }

    pub fn body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("content-type", Some(content_type))
    }

    /// With a document, and the digest that S3 wants of some.
    pub fn document(self, content_type: &str, text: &str) -> Self {
        let digest = STANDARD.encode(Md5::digest(text));
        self.body(content_type, text).header("content-md5", Some(digest))
    }

    /// As it is sent, but for the signature.
    pub fn http(&self, plain: bool) -> Result<http::Request<SdkBody>, http::Error> {
        let scheme = if plain { "http" } else { "https" };
        let mut request = http::Request::builder()
            .method(self.method)
            .uri(format!("{scheme}://{}{}", self.host, self.target));
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if matches!(self.method, "PUT" | "POST") {
            request = request.header("content-length", self.body.len());
        }
        request.body(SdkBody::from(self.body.clone()))
    }

    /// S3 signs paths as they are sent, and the hash of the body with them
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>).
    pub fn signing_settings(&self) -> SigningSettings {
        let mut settings = SigningSettings::default();
        if self.service.signing_name() == "s3" {
            settings.percent_encoding_mode = PercentEncodingMode::Single;
            settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        }
        settings
    }
}
