//! The official clients over a sandbox, and requests that are signed here with AWS's own signer.

use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU16, Ordering},
    },
    time::{Duration, SystemTime},
};

use aws_credential_types::Credentials;
use aws_sdk_s3::config::{RequestChecksumCalculation, ResponseChecksumValidation};
use aws_sigv4::{http_request as sigv4, sign::v4};
use aws_smithy_async::time::SharedTimeSource;
use aws_smithy_runtime_api::client::{
    http::{
        HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
    },
    orchestrator::HttpRequest,
};
use aws_smithy_types::{body::SdkBody, retry::RetryConfig, timeout::TimeoutConfig};
use gainsay_sandbox::{Explain, Ruling, Sandbox};

use super::{
    Answer, Param,
    answer::{Response, read},
    form,
    operations::{Params, request},
    request::Request,
};

/// How a request is sent.
#[derive(Clone, Default)]
pub struct How {
    pub plain: bool,
    /// As a presigned URL: for how many seconds, and how many seconds ago.
    pub presigned: Option<(u64, u64)>,
    /// The expected owner of the bucket.
    pub owner: Option<String>,
}

/// A client that is made when it is first used: most tests call one service.
type Lazy<T> = LazyLock<T, Box<dyn FnOnce() -> T + Send>>;

/// The clients of one principal.
pub struct Clients {
    pub s3: Lazy<aws_sdk_s3::Client>,
    pub kms: Lazy<aws_sdk_kms::Client>,
    pub sts: Lazy<aws_sdk_sts::Client>,
    /// What the requests that are signed here are signed at.
    pub time: SharedTimeSource,
    common: Common,
    last_status: Arc<AtomicU16>,
}

/// What all clients have in common.
#[derive(Clone)]
struct Common {
    connector: SharedHttpConnector,
    credentials: Option<Credentials>,
    region: String,
    time: SharedTimeSource,
    plain: bool,
}

/// Builds the configuration of a client.
macro_rules! config {
    ($sdk:ident, $common:expr) => {{
        let mut config = $sdk::Config::builder()
            .behavior_version($sdk::config::BehaviorVersion::latest())
            .region($sdk::config::Region::new($common.region.clone()))
            .http_client($common.http())
            .time_source($common.time.clone())
            .identity_cache($sdk::config::IdentityCache::no_cache())
            .retry_config(RetryConfig::disabled())
            .stalled_stream_protection($sdk::config::StalledStreamProtectionConfig::disabled())
            .timeout_config(TimeoutConfig::disabled());
        if let Some(credentials) = &$common.credentials {
            config = config.credentials_provider(credentials.clone());
        }
        config
    }};
}

impl Common {
    fn http(&self) -> SharedHttpClient {
        let connector = self.connector.clone();
        http_client_fn(move |_, _| connector.clone())
    }

    /// Where requests go that travel in the clear; the client's own choice where they do not.
    fn endpoint(&self, service: &str) -> Option<String> {
        self.plain.then(|| format!("http://{service}.{}.amazonaws.com", self.region))
    }

    fn s3(&self) -> aws_sdk_s3::Client {
        let mut config = config!(aws_sdk_s3, self)
            // Bodies are signed: a checksum beside them proves nothing more.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        config.set_endpoint_url(self.endpoint("s3"));
        if self.credentials.is_none() {
            config = config.allow_no_auth();
        }
        aws_sdk_s3::Client::from_conf(config.build())
    }

    fn kms(&self) -> aws_sdk_kms::Client {
        let mut config = config!(aws_sdk_kms, self);
        config.set_endpoint_url(self.endpoint("kms"));
        aws_sdk_kms::Client::from_conf(config.build())
    }

    fn sts(&self) -> aws_sdk_sts::Client {
        let mut config = config!(aws_sdk_sts, self);
        config.set_endpoint_url(self.endpoint("sts"));
        aws_sdk_sts::Client::from_conf(config.build())
    }
}

impl Clients {
    /// Clients of a sandbox with these credentials, or with none.
    pub fn new(sandbox: &Sandbox, credentials: Option<&Credentials>, plain: bool) -> Self {
        let connector = SharedHttpConnector::new(sandbox.clone());
        Self::over(connector, sandbox, credentials, plain)
    }

    /// Clients whose requests are changed after they were signed.
    pub fn tampered(
        sandbox: &Sandbox,
        credentials: &Credentials,
        change: impl Fn(&mut HttpRequest) + Send + Sync + 'static,
    ) -> Self {
        let connector = Tamper { sandbox: sandbox.clone(), change: Box::new(change) };
        Self::over(SharedHttpConnector::new(connector), sandbox, Some(credentials), false)
    }

    fn over(
        connector: SharedHttpConnector,
        sandbox: &Sandbox,
        credentials: Option<&Credentials>,
        plain: bool,
    ) -> Self {
        let last_status = Arc::new(AtomicU16::new(0));
        let noting = Noting { connector, last_status: last_status.clone() };
        let common = Common {
            connector: SharedHttpConnector::new(noting),
            credentials: credentials.cloned(),
            region: sandbox.region().to_owned(),
            time: SharedTimeSource::new(sandbox.clone()),
            plain,
        };
        let (s3, kms, sts) = (common.clone(), common.clone(), common.clone());
        Self {
            s3: LazyLock::new(Box::new(move || s3.s3())),
            kms: LazyLock::new(Box::new(move || kms.kms())),
            sts: LazyLock::new(Box::new(move || sts.sts())),
            time: common.time.clone(),
            common,
            last_status,
        }
    }

    /// The client of S3 Control.
    pub fn s3control(&self) -> aws_sdk_s3control::Client {
        aws_sdk_s3control::Client::from_conf(config!(aws_sdk_s3control, self.common).build())
    }

    /// The status of the last answer.
    pub fn last_status(&self) -> u16 {
        self.last_status.load(Ordering::Relaxed)
    }

    pub fn region(&self) -> &str {
        &self.common.region
    }

    pub fn credentials(&self) -> Option<&Credentials> {
        self.common.credentials.as_ref()
    }

    /// Signs a request where there are credentials, and sends it.
    pub async fn respond(&self, request: &Request, presigned: Option<(u64, u64)>) -> Response {
        let request = match self.credentials() {
            None => request.http(self.common.plain).expect("a request"),
            Some(credentials) => self.signed(request, credentials, presigned),
        };
        self.respond_as_it_is(request).await
    }

    /// Signs a request, sends it, and says what was decided of it and by which question.
    pub async fn explain(
        &self,
        request: &Request,
        presigned: Option<(u64, u64)>,
    ) -> (u16, Vec<Ruling>) {
        let credentials = self.credentials().expect("credentials");
        let mut http = self.signed(request, credentials, presigned);
        http.extensions_mut().insert(Explain);
        let response = self.respond_as_it_is(http).await;
        let rulings = response.rulings.as_ref().map(|rulings| rulings.0.to_vec());
        (response.status, rulings.unwrap_or_default())
    }

    /// Sends a request as it is.
    pub async fn respond_as_it_is(&self, request: http::Request<SdkBody>) -> Response {
        let request = HttpRequest::try_from(request).expect("a request");
        Response::read(self.common.connector.call(request).await.expect("an answer")).await
    }

    fn signed(
        &self,
        request: &Request,
        credentials: &Credentials,
        presigned: Option<(u64, u64)>,
    ) -> http::Request<SdkBody> {
        let mut http = request.http(self.common.plain).expect("a request");
        let uri = http.uri().to_string();
        let identity = credentials.clone().into();
        let (ago, settings) = match presigned {
            None => (0, request.signing_settings()),
            Some((lifetime, ago)) => {
                let mut settings = request.signing_settings();
                settings.signature_location = sigv4::SignatureLocation::QueryParams;
                settings.payload_checksum_kind = sigv4::PayloadChecksumKind::NoHeader;
                settings.expires_in = Some(Duration::from_secs(lifetime));
                (ago, settings)
            }
        };
        let time: SystemTime = self.time.now() - Duration::from_secs(ago);
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(request.service.signing_region(self.region()))
            .name(request.service.signing_name())
            .time(time)
            .settings(settings)
            .build()
            .expect("parameters")
            .into();
        let headers = request.headers.iter().map(|(name, value)| (*name, value.as_str()));
        let body = match presigned {
            None => sigv4::SignableBody::Bytes(&request.body),
            Some(_) => sigv4::SignableBody::UnsignedPayload,
        };
        let signable =
            sigv4::SignableRequest::new(request.method, &uri, headers, body).expect("a request");
        let (instructions, _) = sigv4::sign(signable, &params).expect("a signature").into_parts();
        instructions.apply_to_request_http1x(&mut http);
        http
    }
}

/// Calls an operation by its name, as `s3:PutObject`, and reads the answer.
pub async fn send(
    clients: &Clients,
    operation: &str,
    params: &[(Param, &str)],
    how: How,
) -> Answer {
    let params = Params(params);
    let response = if operation == "s3:PostObject" {
        let form = form::request(params, clients, clients.common.plain);
        clients.respond_as_it_is(form).await
    } else {
        let request = request(operation, params, how.owner.as_deref(), clients.region());
        clients.respond(&request, how.presigned).await
    };
    read(operation, params, response)
}

/// Notes the status of each answer, of which the clients say nothing where it is a success.
#[derive(Debug)]
struct Noting {
    connector: SharedHttpConnector,
    last_status: Arc<AtomicU16>,
}

impl HttpConnector for Noting {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (answer, last_status) = (self.connector.call(request), self.last_status.clone());
        HttpConnectorFuture::new(async move {
            let response = answer.await?;
            last_status.store(response.status().as_u16(), Ordering::Relaxed);
            Ok(response)
        })
    }
}

struct Tamper {
    sandbox: Sandbox,
    change: Box<dyn Fn(&mut HttpRequest) + Send + Sync>,
}

impl std::fmt::Debug for Tamper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tamper")
    }
}

impl HttpConnector for Tamper {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        (self.change)(&mut request);
        self.sandbox.call(request)
    }
}
