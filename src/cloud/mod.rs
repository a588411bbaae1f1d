//! Where calls go. One seam, at HTTP: the same SDK clients for every target.

use std::{
    sync::{
        Arc,
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

use crate::{attempt::Service, sandbox::Sandbox};

/// Something that answers S3, S3 Control, KMS and STS calls.
#[derive(Clone, Debug)]
pub struct Target {
    region: String,
    connector: SharedHttpConnector,
    http: SharedHttpClient,
    time: SharedTimeSource,
    last_status: Arc<AtomicU16>,
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

/// Notes the status of the last answer: the clients tell it of errors only.
#[derive(Debug)]
struct Watched {
    connector: SharedHttpConnector,
    last_status: Arc<AtomicU16>,
}

impl HttpConnector for Watched {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (answer, last_status) = (self.connector.call(request), self.last_status.clone());
        HttpConnectorFuture::new(async move {
            let response = answer.await?;
            last_status.store(response.status().as_u16(), Ordering::Relaxed);
            Ok(response)
        })
    }
}

impl Target {
    /// A sandbox as a target.
    #[must_use]
    pub fn sandbox(sandbox: &Sandbox, region: &str, between: Option<&Between>) -> Self {
        let last_status = Arc::new(AtomicU16::new(0));
        let inner = SharedHttpConnector::new(sandbox.clone());
        let connector = SharedHttpConnector::new(Watched {
            connector: match between {
                Some(Between(wrap)) => wrap(inner),
                None => inner,
            },
            last_status: last_status.clone(),
        });
        let answering = connector.clone();
        Self {
            region: region.to_owned(),
            http: http_client_fn(move |_, _| answering.clone()),
            connector,
            time: SharedTimeSource::new(sandbox.clone()),
            last_status,
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
        Clients {
            s3: aws_sdk_s3::Client::from_conf(s3.build()),
            s3control: aws_sdk_s3control::Client::from_conf(config!(aws_sdk_s3control, Service::S3Control).build()),
            kms: aws_sdk_kms::Client::from_conf(config!(aws_sdk_kms, Service::Kms).build()),
            sts: aws_sdk_sts::Client::from_conf(config!(aws_sdk_sts, Service::Sts).build()),
            connector: self.connector.clone(),
            time: self.time.clone(),
            last_status: self.last_status.clone(),
        }
    }
}

/// The clients of one principal over one transport.
#[derive(Clone, Debug)]
pub struct Clients {
    /// S3.
    pub s3: aws_sdk_s3::Client,
    /// S3 Control.
    pub s3control: aws_sdk_s3control::Client,
    /// KMS.
    pub kms: aws_sdk_kms::Client,
    /// STS.
    pub sts: aws_sdk_sts::Client,
    /// For presigned requests, which no client sends.
    pub connector: SharedHttpConnector,
    time: SharedTimeSource,
    last_status: Arc<AtomicU16>,
}

impl Clients {
    /// The HTTP status of the last answer. A row makes one call at a time with a target of its own.
    #[must_use]
    pub fn last_status(&self) -> u16 {
        self.last_status.load(Ordering::Relaxed)
    }

    /// The target's time.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.time.now()
    }
}
