//! The sandbox: S3, S3 Control, KMS, STS and what watches an account in process, refusing what AWS
//! refuses.
//!
//! A request goes: host -> service; authentication (signature, time, token: [`signature`],
//! [`token`]); for S3 the guard table ([`guard`]) and the wire layer; authorization of every action
//! it needs (`authorize`, over [`gainsay_iam`]); the effect. It fails closed: what is not modelled
//! is refused with `NotImplemented`, never allowed and never a policy's refusal. It knows nothing
//! of scenarios.

mod authorize;
#[cfg(feature = "aws")]
mod aws;
mod cache;
mod context;
mod control;
mod credentials;
mod empty;
mod front;
pub mod guard;
mod identity;
mod json;
mod kms;
mod monitoring;
mod pass_role;
mod payload;
mod public;
mod route;
mod ruling;
mod s3;
#[cfg(feature = "serve")]
pub mod serve;
mod session;
pub mod signature;
mod state;
mod sts;
pub mod token;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

pub use self::credentials::Credentials;
pub use self::payload::{Payload, PayloadError};
pub use self::route::REGIONS;
pub use self::ruling::{Decider, Explain, Ruling, RulingInput, Rulings, StatementRef};
use gainsay_model::{Document, Environment};

use self::{
    authorize::session_policy,
    front::Front,
    signature::{Signature, SigningKey},
    state::World,
    token::{Claims, Issuer},
};
use crate::cache::Cache;

/// A running sandbox. Clones share one world; [`Sandbox::fork`] makes another.
#[derive(Clone, Debug)]
pub struct Sandbox {
    core: Arc<Core>,
    front: Arc<Front>,
}

/// What every service of one sandbox shares.
#[derive(Debug)]
struct Core {
    world: Mutex<World>,
    issuer: Issuer,
    region: String,
    known: Arc<Known>,
}

/// What was worked out about who asks, for they ask many times. It follows from the issuer alone,
/// so forks share it.
#[derive(Debug, Default)]
struct Known {
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
        self.known.sessions.get_or_try(token, || {
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
        self.known.keys.get_or_try(&credential, || {
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

/// An answer, with what nobody but the sandbox knows of it.
pub struct Answered {
    /// What the client gets.
    pub response: http::Response<s3s::Body>,
    /// The operation by its name in AWS's API; empty where the request is none that is known.
    pub operation: std::borrow::Cow<'static, str>,
    scope: Option<Arc<authorize::Scope>>,
}

impl Answered {
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

impl std::fmt::Debug for Answered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answered")
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
        // As for key material: an all-zero key would still keep sandboxes apart from accounts,
        // which is all it is for.
        _ = getrandom::fill(&mut key);
        let world = World::new(environment, CALLER_ACCESS_KEY);
        Self::with(world, Issuer::new(key), &environment.region, Arc::default())
    }

    /// A sandbox with an empty account in a Region: nothing in it but a user who may do everything.
    #[must_use]
    pub fn empty(region: &str) -> Self {
        let sandbox = Self::new(&empty::environment(region));
        let mut world = sandbox.core.world();
        world.leave(CALLER_ACCESS_KEY);
        world.enter_admin(ADMIN_ACCESS_KEY);
        drop(world);
        sandbox
    }

    /// A sandbox in which an environment has just been deployed, with a user beside it who may do
    /// everything.
    #[must_use]
    pub fn with_admin(environment: &Environment) -> Self {
        let sandbox = Self::new(environment);
        sandbox.core.world().enter_admin(ADMIN_ACCESS_KEY);
        sandbox
    }

    fn with(world: World, issuer: Issuer, region: &str, known: Arc<Known>) -> Self {
        let core =
            Arc::new(Core { world: Mutex::new(world), issuer, region: region.to_owned(), known });
        let front = Arc::new(Front::new(&core));
        Self { core, front }
    }

    /// Another sandbox with a copy of this one's world. Sessions of one are sessions of the other.
    #[must_use]
    pub fn fork(&self) -> Self {
        let world = self.core.world().clone();
        Self::with(world, self.core.issuer.clone(), &self.core.region, self.core.known.clone())
    }

    /// Answers a request. The scheme and the authority of its URI say how and where it came.
    pub async fn answer(&self, request: http::Request<Payload>) -> Answered {
        let (parts, body) = request.into_parts();
        let reply = self.front.handle(parts, body).await;
        Answered { response: reply.response, operation: reply.operation, scope: reply.scope }
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
        world.settle_keys();
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
/// That of the user who may do everything.
const ADMIN_ACCESS_KEY: &str = "AKIAGAINSAYSANDBOX01";
