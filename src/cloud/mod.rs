//! Where calls go. One seam, at HTTP: the same SDK clients for every target.

use std::{
    sync::{
        Arc, LazyLock, Mutex, PoisonError,
        atomic::{AtomicU16, Ordering},
    },
    time::SystemTime,
};

use aws_credential_types::Credentials;
use aws_smithy_async::time::SharedTimeSource;
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn},
    orchestrator::HttpRequest,
};
use aws_smithy_types::retry::RetryConfig;

use crate::{
    attempt::Service,
    sandbox::{Rulings, Sandbox},
};

/// Something that answers S3, S3 Control, KMS and STS calls.
#[derive(Clone, Debug)]
pub struct Target {
    region: String,
    connector: SharedHttpConnector,
    http: SharedHttpClient,
    time: SharedTimeSource,
    last: Arc<Last>,
}

/// What the clients tell of errors only.
#[derive(Debug, Default)]
struct Last {
    status: AtomicU16,
    rulings: Mutex<Option<Rulings>>,
}

/// What is put between the clients and their target, as latency in a benchmark or a fault in a test.
#[derive(Clone)]
pub struct Between(Arc<dyn Fn(SharedHttpConnector) -> SharedHttpConnector + Send + Sync>);

impl Between {
    /// Every connector is wrapped by `wrap`.
    pub fn new(wrap: impl Fn(SharedHttpConnector) -> SharedHttpConnector + Send + Sync + 'static) -> Self {
        Self(Arc::new(wrap))
    }
}

impl std::fmt::Debug for Between {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Between").finish_non_exhaustive()
    }
}

/// Notes what the clients do not tell of the last answer.
#[derive(Debug)]
struct Watched {
    connector: SharedHttpConnector,
    last: Arc<Last>,
}

impl HttpConnector for Watched {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (answer, last) = (self.connector.call(request), self.last.clone());
        HttpConnectorFuture::new(async move {
            let response = answer.await?;
            last.status.store(response.status().as_u16(), Ordering::Relaxed);
            *last.rulings.lock().unwrap_or_else(PoisonError::into_inner) = response.extension().cloned();
            Ok(response)
        })
    }
}

impl Target {
    /// A sandbox as a target.
    #[must_use]
    pub fn sandbox(sandbox: &Sandbox, region: &str, between: Option<&Between>) -> Self {
        let last = Arc::new(Last::default());
        let inner = SharedHttpConnector::new(sandbox.clone());
        let connector = SharedHttpConnector::new(Watched {
            connector: match between {
                Some(Between(wrap)) => wrap(inner),
                None => inner,
            },
            last: last.clone(),
        });
        let answering = connector.clone();
        Self {
            region: region.to_owned(),
            http: http_client_fn(move |_, _| answering.clone()),
            connector,
            time: SharedTimeSource::new(sandbox.clone()),
            last,
        }
    }

    /// Clients that call as `credentials`, or anonymously; over plain HTTP if `plain`.
    #[must_use]
    pub fn clients(&self, credentials: Option<&Credentials>, plain: bool) -> Clients {
        macro_rules! config {
            ($sdk:ident, $service:expr) => {{
                let mut config = $sdk::Config::builder()
                    .behavior_version($sdk::config::BehaviorVersion::latest())
                    .region($sdk::config::Region::new(self.region.clone()))
                    .http_client(self.http.clone())
                    .time_source(self.time.clone())
                    .identity_cache($sdk::config::IdentityCache::no_cache())
                    // The SDK signs some AccessDenied answers again and hides them; the runner records every try itself.
                    .retry_config(RetryConfig::disabled())
                    .stalled_stream_protection($sdk::config::StalledStreamProtectionConfig::disabled())
                    .timeout_config(aws_smithy_types::timeout::TimeoutConfig::disabled());
                if let Some(credentials) = credentials {
                    config = config.credentials_provider(credentials.clone());
                }
                if plain {
                    config = config.endpoint_url(format!("http://{}", crate::attempt::host($service, &self.region)));
                }
                config
            }};
        }
        let mut s3 = config!(aws_sdk_s3, Service::S3);
        if credentials.is_none() {
            s3 = s3.allow_no_auth();
        }
        let (s3control, kms, sts) = (
            config!(aws_sdk_s3control, Service::S3Control),
            config!(aws_sdk_kms, Service::Kms),
            config!(aws_sdk_sts, Service::Sts),
        );
        Clients {
            s3: lazy(move || aws_sdk_s3::Client::from_conf(s3.build())),
            s3control: lazy(move || aws_sdk_s3control::Client::from_conf(s3control.build())),
            kms: lazy(move || aws_sdk_kms::Client::from_conf(kms.build())),
            sts: lazy(move || aws_sdk_sts::Client::from_conf(sts.build())),
            connector: self.connector.clone(),
            time: self.time.clone(),
            last: self.last.clone(),
            credentials: credentials.cloned(),
            region: self.region.clone(),
        }
    }
}

/// A client that is made when it is first used: most principals of a row call one service, and a client costs as much as some calls.
pub type Lazy<T> = Arc<LazyLock<T, Box<dyn FnOnce() -> T + Send>>>;

fn lazy<T>(make: impl FnOnce() -> T + Send + 'static) -> Lazy<T> {
    Arc::new(LazyLock::new(Box::new(make)))
}

/// The clients of one principal over one transport.
#[derive(Clone, Debug)]
pub struct Clients {
    /// S3.
    pub s3: Lazy<aws_sdk_s3::Client>,
    /// S3 Control.
    pub s3control: Lazy<aws_sdk_s3control::Client>,
    /// KMS.
    pub kms: Lazy<aws_sdk_kms::Client>,
    /// STS.
    pub sts: Lazy<aws_sdk_sts::Client>,
    /// For presigned requests and forms, which no client sends.
    pub connector: SharedHttpConnector,
    /// For forms, which no client signs; nothing for an anonymous caller.
    pub credentials: Option<Credentials>,
    /// The Region.
    pub region: String,
    time: SharedTimeSource,
    last: Arc<Last>,
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
