//! HTTP and TLS for targets that are not the sandbox.
//!
//! Every call has a deadline and every body a limit, here and for all clients, so that no answer
//! and no silence can hold a run up. The body is read before the answer is given: a success is one
//! that has arrived whole.

use std::{sync::Arc, time::Duration};

use aws_smithy_runtime_api::{
    client::{
        http::{
            HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
            SharedHttpConnector, http_client_fn,
        },
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
    },
    http::StatusCode,
};
use aws_smithy_types::body::SdkBody;
use http_body_util::{BodyExt as _, Limited};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector as Tcp},
    rt::TokioExecutor,
};
use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _},
};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a call may take, its answer's body included.
const CALL: Duration = Duration::from_secs(30);
/// No answer of an attempt is longer.
const MAX_ANSWER: usize = 64 << 20;

/// Whose certificates are accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// PEM text of certification authorities, besides those of the system.
    pub authorities: Option<Vec<u8>>,
    /// Any certificate at all.
    pub anyone: bool,
}

/// Why no connections can be made.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The text is no PEM.
    #[error("the CA file is not PEM: {0}")]
    Pem(String),
    /// There is none in it.
    #[error("the CA file holds no certificate")]
    NoCertificate,
    /// A certificate cannot be used.
    #[error("a certificate of the CA file cannot be used: {0}")]
    Certificate(rustls::Error),
    /// The TLS library refused its configuration.
    #[error("TLS cannot be set up: {0}")]
    Setup(rustls::Error),
}

type Connection = hyper_rustls::HttpsConnector<Tcp>;

/// Connections to whatever a request names, kept open between calls.
#[derive(Clone, Debug)]
struct Http {
    client: Client<Connection, SdkBody>,
    deadline: Duration,
}

/// A connector for any address.
///
/// # Errors
/// The authorities are no certificates.
pub(super) fn connector(trust: &Trust) -> Result<SharedHttpConnector, TlsError> {
    Ok(SharedHttpConnector::new(Http { client: client(trust)?, deadline: CALL }))
}

/// A client of the same kind for looking up credentials, which has shorter deadlines of its own:
/// nothing answers at the address of the instance metadata on most machines.
pub(super) fn client_for_credentials(trust: &Trust) -> Result<SharedHttpClient, TlsError> {
    let client = client(trust)?;
    Ok(http_client_fn(move |settings: &HttpConnectorSettings, _| {
        let wanted = settings.connect_timeout().zip(settings.read_timeout());
        SharedHttpConnector::new(Http {
            client: client.clone(),
            deadline: wanted.map_or(CALL, |(connect, read)| connect + read),
        })
    }))
}

fn client(trust: &Trust) -> Result<Client<Connection, SdkBody>, TlsError> {
    let mut tcp = Tcp::new();
    tcp.enforce_http(false);
    tcp.set_connect_timeout(Some(CONNECT));
    tcp.set_nodelay(true);
    let connection = HttpsConnectorBuilder::new()
        .with_tls_config(tls(trust)?)
        .https_or_http()
        .enable_http1()
        .wrap_connector(tcp);
    Ok(Client::builder(TokioExecutor::new()).build(connection))
}

fn tls(trust: &Trust) -> Result<ClientConfig, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Setup)?;
    if trust.anyone {
        let verifier = Arc::new(Anyone(provider));
        return Ok(builder
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth());
    }
    let mut roots = RootCertStore::empty();
    // What the system has that rustls cannot read is left out, as its own tools do; without any,
    // every call says so.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(pem) = &trust.authorities {
        let mut found = false;
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| TlsError::Pem(error.to_string()))?;
            roots.add(certificate).map_err(TlsError::Certificate)?;
            found = true;
        }
        if !found {
            return Err(TlsError::NoCertificate);
        }
    }
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

impl HttpConnector for Http {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Self { client, deadline } = self.clone();
        HttpConnectorFuture::new(async move {
            let request =
                request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            match tokio::time::timeout(deadline, exchange(&client, request)).await {
                Ok(answer) => answer,
                Err(elapsed) => Err(ConnectorError::timeout(elapsed.into())),
            }
        })
    }
}

async fn exchange(
    client: &Client<Connection, SdkBody>,
    request: http::Request<SdkBody>,
) -> Result<HttpResponse, ConnectorError> {
    let response =
        client.request(request).await.map_err(|error| ConnectorError::io(error.into()))?;
    let (parts, body) = response.into_parts();
    let body =
        Limited::new(body, MAX_ANSWER).collect().await.map_err(ConnectorError::io)?.to_bytes();
    let status = StatusCode::try_from(parts.status.as_u16())
        .map_err(|error| ConnectorError::other(error.into(), None))?;
    let mut response = HttpResponse::new(status, SdkBody::from(body));
    for (name, value) in &parts.headers {
        if let Ok(value) = value.to_str() {
            response.headers_mut().append(name.as_str().to_owned(), value.to_owned());
        }
    }
    Ok(response)
}

/// Accepts every certificate, and still checks that whoever shows it has its key.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at a surprise")]
mod tests {
    use super::*;

    fn trust(text: &str) -> Trust {
        Trust { authorities: Some(text.as_bytes().to_vec()), anyone: false }
    }

    #[test]
    fn a_ca_file_must_hold_certificates() {
        assert!(tls(&Trust::default()).is_ok());
        assert!(matches!(tls(&trust("")), Err(TlsError::NoCertificate)));
        assert!(matches!(tls(&trust("no PEM at all")), Err(TlsError::NoCertificate)));
        let broken = "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n";
        assert!(matches!(tls(&trust(broken)), Err(TlsError::Pem(_))));
        let other = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(matches!(tls(&trust(other)), Err(TlsError::Certificate(_))));
    }

    #[tokio::test]
    async fn nobody_there_is_an_error_and_not_a_wait() {
        let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut request = HttpRequest::empty();
        request.set_uri(format!("http://{unused}/")).unwrap();
        let error = connector(&Trust::default()).unwrap().call(request).await.unwrap_err();
        assert!(error.is_io(), "{error}");
    }

    #[tokio::test]
    async fn a_silent_server_is_a_timeout() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut request = HttpRequest::empty();
        request.set_uri(format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let http = Http {
            client: client(&Trust::default()).unwrap(),
            deadline: Duration::from_millis(50),
        };
        let error = http.call(request).await.unwrap_err();
        assert!(error.is_timeout(), "{error}");
    }
}
