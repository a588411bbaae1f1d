//! Amazon S3, S3 Control, KMS, STS and IAM in process, refusing what their policies refuse: a
//! sandbox for tests of policies and of the programs that are subject to them.
//!
//! Other emulators store objects; this one authorizes. Every request is authenticated by its
//! signature and decided by the identity policies, permissions boundaries, session policies, bucket
//! policies, key policies, grants, trust policies and settings that apply to it. It fails closed:
//! what is not modelled is refused with `NotImplemented`, never allowed and never a policy's
//! refusal.
//!
//! # A policy under test
//!
//! An [`Environment`] says what is deployed, [`Sandbox::new`] deploys it, [`Sandbox::answer`]
//! answers a signed HTTP request, and [`SandboxResponse::rulings`] says which statements decided.
//!
//! ```
//! use gainsay_iam::Decision;
//! use gainsay_model::{BucketBuilder, Environment, RoleBuilder};
//! use gainsay_sandbox::Sandbox;
//! use serde_json::json;
//! # use std::{error::Error, time::SystemTime};
//! # use aws_sigv4::{http_request as sigv4, sign::v4};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn Error>> {
//! let environment = Environment::builder("111122223333", "eu-west-1")
//!     .role(RoleBuilder::new("app").policy(json!({
//!         "Version": "2012-10-17",
//!         "Statement": [{
//!             "Effect": "Allow",
//!             "Action": "s3:PutObject",
//!             "Resource": "arn:aws:s3:::reports/*"
//!         }]
//!     })))
//!     .bucket(BucketBuilder::new("reports").policy(json!({
//!         "Version": "2012-10-17",
//!         "Statement": [{
//!             "Sid": "TlsOnly",
//!             "Effect": "Deny",
//!             "Principal": "*",
//!             "Action": "s3:*",
//!             "Resource": ["arn:aws:s3:::reports", "arn:aws:s3:::reports/*"],
//!             "Condition": { "Bool": { "aws:SecureTransport": "false" } }
//!         }]
//!     })))
//!     .build()?;
//! let sandbox = Sandbox::new(&environment);
//! let app = sandbox.session_of(&environment.roles[0], "test", &[]);
//!
//! // `signed` calls the crate `aws-sigv4`.
//! let put = |scheme: &str| {
//!     signed(&app, format!("{scheme}://reports.s3.eu-west-1.amazonaws.com/june.csv"))
//! };
//! let accepted = sandbox.answer(put("https")?).await;
//! assert_eq!(accepted.response.status(), 200);
//!
//! let refused = sandbox.answer(put("http")?).await;
//! assert_eq!(refused.response.status(), 403);
//! let rulings = refused.rulings();
//! let ruling = rulings.refusal().ok_or("nothing refused it")?;
//! assert_eq!(ruling.action, "s3:PutObject");
//! assert_eq!(ruling.decision, Decision::ExplicitDeny);
//! let statement = ruling.deciders[0].statement.as_ref();
//! assert_eq!(statement.and_then(|statement| statement.sid.as_deref()), Some("TlsOnly"));
//! # Ok(())
//! # }
//! #
//! # fn signed(
//! #     credentials: &gainsay_sandbox::Credentials,
//! #     uri: String,
//! # ) -> Result<http::Request<gainsay_sandbox::Payload>, Box<dyn Error>> {
//! #     let body = b"a,b";
//! #     let mut settings = sigv4::SigningSettings::default();
//! #     settings.percent_encoding_mode = sigv4::PercentEncodingMode::Single;
//! #     settings.payload_checksum_kind = sigv4::PayloadChecksumKind::XAmzSha256;
//! #     let identity = aws_credential_types::Credentials::new(
//! #         &credentials.access_key_id,
//! #         &credentials.secret_access_key,
//! #         credentials.session_token.clone(),
//! #         None,
//! #         "the sandbox",
//! #     )
//! #     .into();
//! #     let parameters = v4::SigningParams::builder()
//! #         .identity(&identity)
//! #         .region("eu-west-1")
//! #         .name("s3")
//! #         .time(SystemTime::now())
//! #         .settings(settings)
//! #         .build()?
//! #         .into();
//! #     let signable = sigv4::SignableRequest::new(
//! #         "PUT",
//! #         &uri,
//! #         std::iter::empty(),
//! #         sigv4::SignableBody::Bytes(body),
//! #     )?;
//! #     let (instructions, _) = sigv4::sign(signable, &parameters)?.into_parts();
//! #     let mut request = http::Request::put(&uri).body(bytes::Bytes::from_static(body).into())?;
//! #     instructions.apply_to_request_http1x(&mut request);
//! #     Ok(request)
//! # }
//! ```
//!
//! # An empty account
//!
//! [`Sandbox::empty`] has nothing in it but a user who may do everything, with
//! [`Sandbox::admin_credentials`]: whatever a program needs it makes through the API.
//! [`Sandbox::with_admin`] has such a user beside what is deployed.
//!
//! ```
//! use gainsay_sandbox::Sandbox;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), http::Error> {
//! let sandbox = Sandbox::empty("eu-west-1");
//! assert!(sandbox.admin_credentials().access_key_id.starts_with("AKIA"));
//!
//! // A request that nobody signed.
//! let request = http::Request::get("https://s3.eu-west-1.amazonaws.com/reports/june.csv")
//!     .body(bytes::Bytes::new().into())?;
//! let answer = sandbox.answer(request).await;
//! assert_eq!(answer.response.status(), 404);
//! assert_eq!(answer.operation, "GetObject");
//! assert_eq!(answer.caller().as_deref(), Some("anonymous"));
//! # Ok(())
//! # }
//! ```
//!
//! # The clients of the AWS SDK
//!
//! With the feature `aws`, a [`Sandbox`] is the HTTP connector and the time source that the clients
//! of the AWS SDK take. No port is opened.
//!
//! ```
//! # #[cfg(not(feature = "aws"))]
//! # fn main() {}
//! # #[cfg(feature = "aws")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use aws_smithy_async::time::SharedTimeSource;
//! use aws_smithy_runtime_api::client::http::{SharedHttpConnector, http_client_fn};
//! # use aws_smithy_runtime_api::client::{http::HttpConnector, orchestrator::HttpRequest};
//! # use aws_smithy_types::body::SdkBody;
//! use gainsay_sandbox::Sandbox;
//!
//! let sandbox = Sandbox::empty("eu-west-1");
//! let connector = SharedHttpConnector::new(sandbox.clone());
//! # let again = connector.clone();
//! let http_client = http_client_fn(move |_, _| connector.clone());
//! let time_source = SharedTimeSource::new(sandbox.clone());
//! let credentials = aws_credential_types::Credentials::from(sandbox.admin_credentials());
//! // let config = aws_sdk_s3::Config::builder()
//! //     .behavior_version_latest()
//! //     .region(Region::new("eu-west-1"))
//! //     .credentials_provider(credentials)
//! //     .time_source(time_source)
//! //     .http_client(http_client)
//! //     .build();
//! # let mut request = HttpRequest::new(SdkBody::empty());
//! # request.set_uri("https://sts.eu-west-1.amazonaws.com/")?;
//! # assert_eq!(again.call(request).await?.status().as_u16(), 403);
//! # Ok(())
//! # }
//! ```
//!
//! # Any client
//!
//! With the feature `serve`, `serve::Server` answers on two local ports, one of which speaks TLS
//! with certificates of its own: for the AWS CLI and for programs in any language.
//!
//! # States
//!
//! Clones of a sandbox share one state; [`Sandbox::fork`] copies it, and [`Sandbox::snapshot`] and
//! [`Sandbox::restore`] go back to it, all of them cheaply. Its clock is the machine's until
//! [`Sandbox::advance`] moves it ahead: sessions end, keys are rotated and deleted.
//!
//! # How a request goes
//!
//! Host and service; authentication (signature, time, session token); for S3 the [`guard`] table
//! and the wire layer; authorization of every action it needs, by [`gainsay_iam`]; the effect. It
//! knows nothing of scenarios.

mod authorize;
#[cfg(feature = "aws")]
mod aws;
mod cache;
mod constraint;
mod context;
mod control;
mod credentials;
mod gateway;
pub mod guard;
mod identity;
mod json;
mod kms;
mod monitoring;
mod pass_role;
mod payload;
mod query;
mod route;
mod ruling;
mod s3;
#[cfg(feature = "serve")]
pub mod serve;
mod session;
mod signature;
mod state;
mod stored_policy;
mod sts;
mod token;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

pub use self::credentials::Credentials;
pub use self::payload::{Payload, PayloadError};
pub use self::route::REGIONS;
pub use self::ruling::{Decider, Explain, Ruling, RulingInput, Rulings, StatementRef};
pub use self::signature::query_pairs;
use gainsay_model::{Document, Environment};

use self::{
    authorize::session_policy,
    gateway::Gateway,
    signature::{Signature, SigningKey},
    state::World,
    token::{Claims, Issuer},
};
use crate::cache::Cache;

/// A running sandbox. Clones share one world; [`Sandbox::fork`] makes another.
#[derive(Clone, Debug)]
pub struct Sandbox {
    core: Arc<Core>,
    gateway: Arc<Gateway>,
}

/// What every service of one sandbox shares.
#[derive(Debug)]
struct Core {
    world: Mutex<World>,
    issuer: Issuer,
    region: String,
    authentication: Arc<AuthenticationCache>,
}

/// What authentication has found, for the same callers ask many times. It follows from the issuer
/// alone, so forks share it.
#[derive(Debug, Default)]
struct AuthenticationCache {
    /// Opened tokens, by token.
    sessions: Cache<Arc<Session>>,
    /// Signing keys, by credential and scope.
    keys: Cache<SigningKey>,
}

/// An opened token.
#[derive(Debug)]
struct Session {
    claims: Arc<Claims>,
    /// The inline session policy, compiled.
    policy: Option<Document>,
}

impl Core {
    /// The session of a token; nothing if nobody here issued it. Whether it is over is for the
    /// caller to see.
    fn session(&self, token: &str) -> Option<Arc<Session>> {
        self.authentication.sessions.get_or_try(token, || {
            let claims = self.issuer.open(token)?;
            let policy = session_policy(&claims);
            if claims.session_policy.is_some() && policy.is_none() {
                return None;
            }
            Some(Arc::new(Session { claims: claims.into(), policy }))
        })
    }

    /// The key that this signature must have been made with.
    fn signing_key(&self, signature: &Signature) -> Option<SigningKey> {
        let credential = signature.credential();
        self.authentication.keys.get_or_try(&credential, || {
            signature.key(&self.issuer.secret_for(&signature.access_key))
        })
    }

    /// The world, for the whole of one request: requests are atomic.
    fn world(&self) -> MutexGuard<'_, World> {
        // A poisoned lock means that a thread panicked, which lints forbid; the world itself is
        // whole after every statement.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The response to a request, with what nobody but the sandbox knows of it.
pub struct SandboxResponse {
    /// What the client gets.
    pub response: http::Response<s3s::Body>,
    /// The operation by its name in AWS's API; empty where the request is none that is known.
    pub operation: std::borrow::Cow<'static, str>,
    /// Who asked, and what was decided; nothing if the request was refused before that was known.
    scope: Option<Arc<authorize::Scope>>,
}

impl SandboxResponse {
    /// Who asked: an ARN, or `anonymous`; nothing if that was not proved.
    #[must_use]
    pub fn caller(&self) -> Option<String> {
        self.scope.as_ref().map(|scope| scope.arn())
    }

    /// What was decided.
    #[must_use]
    pub fn rulings(&self) -> Rulings {
        Rulings(self.scope.as_ref().map_or_else(Vec::new, |scope| scope.rulings()).into())
    }
}

impl std::fmt::Debug for SandboxResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SandboxResponse")
            .field("operation", &self.operation)
            .field("status", &self.response.status())
            .finish_non_exhaustive()
    }
}

/// A world as it was, to go back to.
#[derive(Clone, Debug)]
pub struct Snapshot(World);

impl Sandbox {
    /// A sandbox in which an environment has just been deployed.
    #[must_use]
    pub fn new(environment: &Environment) -> Self {
        let mut key = [0; 32];
        // Without random bytes the key is all zero: it would still keep sandboxes apart from
        // accounts, which is all it is for.
        _ = getrandom::fill(&mut key);
        let world = World::new(environment, CALLER_ACCESS_KEY);
        Self::with(world, Issuer::new(key), &environment.region, Arc::default())
    }

    /// A sandbox with an empty account in a Region: nothing in it but a user who may do everything.
    #[must_use]
    pub fn empty(region: &str) -> Self {
        let sandbox = Self::new(&Environment::empty(EXAMPLE_ACCOUNT, region));
        let mut world = sandbox.core.world();
        world.remove_user_of(CALLER_ACCESS_KEY);
        world.add_admin(ADMIN_ACCESS_KEY);
        drop(world);
        sandbox
    }

    /// A sandbox in which an environment has just been deployed, with a user beside it who may do
    /// everything.
    #[must_use]
    pub fn with_admin(environment: &Environment) -> Self {
        let sandbox = Self::new(environment);
        sandbox.core.world().add_admin(ADMIN_ACCESS_KEY);
        sandbox
    }

    fn with(
        world: World,
        issuer: Issuer,
        region: &str,
        authentication: Arc<AuthenticationCache>,
    ) -> Self {
        let core = Arc::new(Core {
            world: Mutex::new(world),
            issuer,
            region: region.to_owned(),
            authentication,
        });
        let gateway = Arc::new(Gateway::new(&core));
        Self { core, gateway }
    }

    /// Another sandbox with a copy of this one's world. Sessions of one are sessions of the other.
    #[must_use]
    pub fn fork(&self) -> Self {
        let world = self.core.world().clone();
        Self::with(
            world,
            self.core.issuer.clone(),
            &self.core.region,
            self.core.authentication.clone(),
        )
    }

    /// Answers a request. The scheme and the authority of its URI say how and where it came.
    pub async fn answer(&self, request: http::Request<Payload>) -> SandboxResponse {
        let (parts, body) = request.into_parts();
        self.gateway.handle(parts, body).await
    }

    /// The world as it is now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot(self.core.world().clone())
    }

    /// Goes back to a world as it was, except for its clock, which only moves forward.
    pub fn restore(&self, snapshot: &Snapshot) {
        let mut world = self.core.world();
        let ahead = world.ahead;
        *world = snapshot.0.clone();
        world.ahead = ahead.max(world.ahead);
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let mut world = self.core.world();
        world.ahead += by;
        world.apply_due_changes();
    }

    /// The sandbox's time.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        SystemTime::now() + self.core.world().ahead
    }

    /// Its Region.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.core.region
    }

    /// The account it is, beside which others may own buckets and roles.
    #[must_use]
    pub fn account(&self) -> String {
        self.core.world().account.clone()
    }

    /// The credentials of the user who may do everything.
    #[must_use]
    pub fn admin_credentials(&self) -> Credentials {
        self.long_term(ADMIN_ACCESS_KEY)
    }

    /// The credentials of the user that assumes the roles.
    #[must_use]
    pub fn caller_credentials(&self) -> Credentials {
        self.long_term(CALLER_ACCESS_KEY)
    }

    fn long_term(&self, access_key: &str) -> Credentials {
        Credentials {
            access_key_id: access_key.to_owned(),
            secret_access_key: self.core.issuer.secret_for(access_key),
            session_token: None,
        }
    }
}

/// The access key id of the environment's caller, after AWS's own example ids.
const CALLER_ACCESS_KEY: &str = "AKIAGAINSAYSANDBOX00";
/// The access key id of the user who may do everything.
const ADMIN_ACCESS_KEY: &str = "AKIAGAINSAYSANDBOX01";
/// The account of an empty sandbox: the example account of AWS's documentation.
const EXAMPLE_ACCOUNT: &str = "111122223333";

/// The README's examples, as doctests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
