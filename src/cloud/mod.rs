//! Where calls go. One seam, at HTTP: the same SDK clients for every target.

mod address;
mod credentials;
mod http;
mod signed;
mod signed_request;

use std::{
    sync::{
        Arc, LazyLock, Mutex, PoisonError,
        atomic::{AtomicU16, Ordering},
    },
    time::SystemTime,
};

use aws_credential_types::Credentials;
use aws_sdk_s3::config::{AppName, RequestChecksumCalculation, ResponseChecksumValidation};
use aws_smithy_async::time::SharedTimeSource;
use aws_smithy_runtime_api::client::{
    http::{
        HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
    },
    orchestrator::HttpRequest,
};
use aws_smithy_types::retry::RetryConfig;

pub use self::{
    address::{Address, Url, UrlError},
    credentials::{CredentialChain, CredentialError},
    http::{TlsError, Trust},
    signed::SendError,
    signed_request::SignedRequest,
};
use gainsay_iam::Network;
use gainsay_model::Service;
use gainsay_sandbox::{Rulings, Sandbox};

/// Something that answers S3, S3 Control, KMS and STS calls.
#[derive(Clone, Debug)]
pub struct Target {
    region: String,
    endpoints: Endpoints,
    /// What the clients say of themselves, so that a trail shows which run a call belongs to.
    name: Option<AppName>,
    connector: SharedHttpConnector,
    http: SharedHttpClient,
    time: SharedTimeSource,
    last: Arc<LastResponse>,
}

/// What the clients do not tell of a success, noted of the last response.
#[derive(Debug, Default)]
struct LastResponse {
    status: AtomicU16,
    rulings: Mutex<Option<Rulings>>,
}

/// Which hosts the clients call.
#[derive(Clone, Debug)]
enum Endpoints {
    /// AWS's own names, by service and Region: those of the sandbox, too.
    Regional,
    /// One URL for every service, and one for what is to travel over plain HTTP.
    Single { url: String, plain: String },
}

/// Marks requests with the network they come from. Only the sandbox sees the mark: it is no part of
/// what is sent.
#[derive(Debug)]
struct FromNetwork {
    connector: SharedHttpConnector,
    network: Network,
}

impl HttpConnector for FromNetwork {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        request.add_extension(self.network.clone());
        self.connector.call(request)
    }
}

/// What is put between the clients and their target: latency in a benchmark, a fault in a test.
#[derive(Clone)]
pub struct WrapConnector(Arc<dyn Fn(SharedHttpConnector) -> SharedHttpConnector + Send + Sync>);

impl WrapConnector {
    /// A wrapper that `wrap` makes around every connector.
    pub fn new(
        wrap: impl Fn(SharedHttpConnector) -> SharedHttpConnector + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(wrap))
    }
}

impl std::fmt::Debug for WrapConnector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WrapConnector").finish_non_exhaustive()
    }
}

/// Notes of each response what the clients do not tell.
#[derive(Debug)]
struct RecordingConnector {
    connector: SharedHttpConnector,
    last: Arc<LastResponse>,
}

impl HttpConnector for RecordingConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (answer, last) = (self.connector.call(request), self.last.clone());
        HttpConnectorFuture::new(async move {
            let response = answer.await?;
            last.status.store(response.status().as_u16(), Ordering::Relaxed);
            *last.rulings.lock().unwrap_or_else(PoisonError::into_inner) =
                response.extension().cloned();
            Ok(response)
        })
    }
}

/// What the clients of every service have in common.
macro_rules! config {
    ($target:expr, $sdk:ident, $credentials:expr, $url:expr) => {{
        let mut config = $sdk::Config::builder()
            .behavior_version($sdk::config::BehaviorVersion::latest())
            .region($sdk::config::Region::new($target.region.clone()))
            .http_client($target.http.clone())
            .time_source($target.time.clone())
            .identity_cache($sdk::config::IdentityCache::no_cache())
            // The SDK signs some AccessDenied answers again and hides them; the runner records
            // every try itself.
            .retry_config(RetryConfig::disabled())
            .stalled_stream_protection($sdk::config::StalledStreamProtectionConfig::disabled())
            // Deadlines are the connector's.
            .timeout_config(aws_smithy_types::timeout::TimeoutConfig::disabled());
        if let Some(credentials) = $credentials {
            config = config.credentials_provider(credentials.clone());
        }
        if let Some(url) = $url {
            config = config.endpoint_url(url);
        }
        config.set_app_name($target.name.clone());
        config
    }};
}

impl Target {
    /// A sandbox as a target.
    #[must_use]
    pub fn sandbox(sandbox: &Sandbox, region: &str, wrap: Option<&WrapConnector>) -> Self {
        let inner = SharedHttpConnector::new(sandbox.clone());
        let time = SharedTimeSource::new(sandbox.clone());
        Self::over(inner, region, time, Endpoints::Regional, None, wrap)
    }

    /// AWS itself, in a Region.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn aws(region: &str, run: &str, wrap: Option<&WrapConnector>) -> Result<Self, TlsError> {
        let connector = http::connector(&Trust::default())?;
        Ok(Self::over(
            connector,
            region,
            SharedTimeSource::default(),
            Endpoints::Regional,
            Some(run),
            wrap,
        ))
    }

    /// An endpoint that answers for S3, KMS, STS and IAM. `plain` is where requests go that are to
    /// travel over plain HTTP.
    ///
    /// # Errors
    /// The trusted certificates cannot be used.
    pub fn endpoint(
        url: &Url,
        plain: Option<&Url>,
        trust: &Trust,
        region: &str,
        run: &str,
        wrap: Option<&WrapConnector>,
    ) -> Result<Self, TlsError> {
        let endpoints = Endpoints::Single {
            url: url.as_str().to_owned(),
            plain: plain.unwrap_or(url).as_str().to_owned(),
        };
        let connector = http::connector(trust)?;
        Ok(Self::over(connector, region, SharedTimeSource::default(), endpoints, Some(run), wrap))
    }

    fn over(
        inner: SharedHttpConnector,
        region: &str,
        time: SharedTimeSource,
        endpoints: Endpoints,
        run: Option<&str>,
        wrap: Option<&WrapConnector>,
    ) -> Self {
        let last = Arc::new(LastResponse::default());
        let connector = SharedHttpConnector::new(RecordingConnector {
            connector: match wrap {
                Some(WrapConnector(wrap)) => wrap(inner),
                None => inner,
            },
            last: last.clone(),
        });
        let answering = connector.clone();
        Self {
            region: region.to_owned(),
            endpoints,
            name: run.and_then(|run| AppName::new(format!("gainsay-{run}")).ok()),
            http: http_client_fn(move |_, _| answering.clone()),
            connector,
            time,
            last,
        }
    }

    /// A target for another row, which shares the connections and not the note of the last
    /// response.
    #[must_use]
    pub fn fork(&self) -> Self {
        let last = Arc::new(LastResponse::default());
        let connector = SharedHttpConnector::new(RecordingConnector {
            connector: self.connector.clone(),
            last: last.clone(),
        });
        let answering = connector.clone();
        Self {
            http: http_client_fn(move |_, _| answering.clone()),
            connector,
            last,
            ..self.clone()
        }
    }

    /// The target as it is called from a network.
    #[must_use]
    pub fn from(&self, network: &Network) -> Self {
        if *network == Network::default() {
            return self.clone();
        }
        let connector = SharedHttpConnector::new(FromNetwork {
            connector: self.connector.clone(),
            network: network.clone(),
        });
        let answering = connector.clone();
        Self { http: http_client_fn(move |_, _| answering.clone()), connector, ..self.clone() }
    }

    /// The one URL of every service, over plain HTTP if `plain`; nothing where each service has a
    /// host of its own.
    #[must_use]
    pub fn endpoint_url(&self, plain: bool) -> Option<String> {
        match &self.endpoints {
            Endpoints::Regional => None,
            Endpoints::Single { .. } => self.url(Service::S3, plain),
        }
    }

    /// The target's time.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.time.now()
    }

    /// The URL of a service, where it is not the SDK's own choice.
    fn url(&self, service: Service, plain: bool) -> Option<String> {
        match (&self.endpoints, plain) {
            (Endpoints::Regional, true) => Some(format!("http://{}", service.host(&self.region))),
            (Endpoints::Regional, false) => None,
            (Endpoints::Single { plain, .. }, true) => Some(plain.clone()),
            (Endpoints::Single { url, .. }, false) => Some(url.clone()),
        }
    }

    /// Clients that call as `credentials`, or anonymously; over plain HTTP if `plain`.
    #[must_use]
    pub fn clients(&self, credentials: Option<&Credentials>, plain: bool) -> Clients {
        let caller = Arc::new((self.clone(), credentials.cloned()));
        let (of_s3, of_kms, of_sts) = (caller.clone(), caller.clone(), caller);
        Clients {
            s3: lazy(move || of_s3.0.s3(of_s3.1.as_ref(), plain)),
            kms: lazy(move || {
                let (target, credentials) = &*of_kms;
                aws_sdk_kms::Client::from_conf(
                    config!(target, aws_sdk_kms, credentials, target.url(Service::Kms, plain))
                        .build(),
                )
            }),
            sts: lazy(move || {
                let (target, credentials) = &*of_sts;
                aws_sdk_sts::Client::from_conf(
                    config!(target, aws_sdk_sts, credentials, target.url(Service::Sts, plain))
                        .build(),
                )
            }),
            connector: self.connector.clone(),
            time: self.time.clone(),
            last: self.last.clone(),
            credentials: credentials.cloned(),
            region: self.region.clone(),
            endpoint: self.endpoint_url(plain),
            plain,
            name: self.name.clone(),
        }
    }

    fn s3(&self, credentials: Option<&Credentials>, plain: bool) -> aws_sdk_s3::Client {
        let mut config = config!(self, aws_sdk_s3, credentials, self.url(Service::S3, plain));
        if credentials.is_none() {
            config = config.allow_no_auth();
        }
        // Bodies are signed, so a checksum beside them proves nothing more; and many compatible
        // endpoints know none.
        config = config
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        if let Endpoints::Single { .. } = self.endpoints {
            // One host answers for every bucket.
            config = config.force_path_style(true);
        }
        aws_sdk_s3::Client::from_conf(config.build())
    }
}

/// A client that is made when it is first used: most principals of a row call one service, and a
/// client costs as much as some calls.
pub type Lazy<T> = Arc<LazyLock<T, Box<dyn FnOnce() -> T + Send>>>;

/// A client that `make` makes when it is first used.
pub fn lazy<T>(make: impl FnOnce() -> T + Send + 'static) -> Lazy<T> {
    Arc::new(LazyLock::new(Box::new(make)))
}

/// The clients of one principal over one transport.
#[derive(Clone, Debug)]
pub struct Clients {
    /// S3.
    pub s3: Lazy<aws_sdk_s3::Client>,
    /// KMS.
    pub kms: Lazy<aws_sdk_kms::Client>,
    /// STS.
    pub sts: Lazy<aws_sdk_sts::Client>,
    /// For presigned requests, forms and [`Clients::ask`], which no client sends.
    pub connector: SharedHttpConnector,
    /// For forms and [`Clients::ask`], which no client signs; nothing for an anonymous caller.
    pub credentials: Option<Credentials>,
    /// The Region.
    pub region: String,
    /// The one URL of every service, where it is not AWS's own hosts: for forms, too.
    pub endpoint: Option<String>,
    plain: bool,
    name: Option<AppName>,
    time: SharedTimeSource,
    last: Arc<LastResponse>,
}

impl Clients {
    /// The HTTP status of the last answer. A row makes one call at a time with a target of its own.
    #[must_use]
    pub fn last_status(&self) -> u16 {
        self.last.status.load(Ordering::Relaxed)
    }

    /// What the sandbox decided about the last call; nothing from any other target.
    #[must_use]
    pub fn last_rulings(&self) -> Option<Rulings> {
        self.last.rulings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The target's time.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.time.now()
    }
}

/// An error and what caused it, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
