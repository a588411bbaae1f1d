//! An architecture as it is deployed for a run: the target its rows share or the sandbox they fork,
//! and the sessions of its roles.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use aws_credential_types::Credentials;
use gainsay_model::Role;
use gainsay_sandbox::Sandbox;

use super::{
    Options, RunTarget,
    row_target::RowTarget,
    shared::{Cleaner, Engine, Journal, SessionStore, SharedTarget},
};
use crate::{
    cloud::{Clients, Target},
    control::{ReadOutcome, Reading},
    files::Environment,
    plan::{self, Plan, PlannedRow, obstacle, unreadable},
    scenario::Attempt,
    session::{Session, SessionError, Sessions},
    suite::Architecture,
};

/// An architecture as it is deployed for a run.
#[derive(Debug)]
pub(super) struct Deployment {
    /// The target, as the record names it.
    pub target_name: String,
    backend: Backend,
    pub sessions: Sessions,
    /// The roles that have sessions on a shared target; empty on the sandbox.
    roles: Vec<Arc<Role>>,
    /// How many calls it took to prepare it.
    pub calls: u64,
}

/// What answers the calls.
#[derive(Debug)]
enum Backend {
    /// A sandbox that each row forks.
    Sandbox(Sandbox),
    /// A target that all rows share.
    Shared {
        sessions: Arc<SessionStore>,
        engine: Arc<Engine>,
        cleanup: Option<Arc<Role>>,
        /// The architecture on a sandbox that is as the environment says.
        offline: Box<Deployment>,
    },
}

impl Deployment {
    /// Makes everything ready for an architecture's rows.
    pub(super) async fn prepare(
        plan: &Plan<'_>,
        architecture: &Architecture,
        target: &RunTarget,
        options: &Options,
    ) -> Self {
        match target.of_architecture(&architecture.name) {
            None => Self::sandbox(plan, architecture, options).await,
            Some(shared) => Self {
                target_name: target.name(),
                ..Self::shared(plan, architecture, shared, options).await
            },
        }
    }

    /// Deploys an architecture into a sandbox and assumes the roles its rows need.
    async fn sandbox(plan: &Plan<'_>, architecture: &Architecture, options: &Options) -> Self {
        let environment = &architecture.environment;
        let sandbox = Sandbox::new(&environment.deployed);
        let target = Target::sandbox(&sandbox, &environment.deployed.region, options.wrap.as_ref());
        let roles = roles(plan, architecture);
        let sessions = Sessions::open(
            &target,
            &sandbox.caller_credentials().into(),
            environment,
            &roles,
            &options.run,
        )
        .await;
        Self {
            target_name: RunTarget::Sandbox.name(),
            backend: Backend::Sandbox(sandbox),
            calls: sessions.calls(),
            roles: Vec::new(),
            sessions,
        }
    }

    /// Deploys an architecture into a sandbox for the offline verdicts of a run on another target.
    /// There somebody else than the environment's caller assumes the roles, so the sandbox issues
    /// their sessions without asking their trust policies.
    fn offline_sandbox(plan: &Plan<'_>, architecture: &Architecture, options: &Options) -> Self {
        let environment = &architecture.environment;
        let sandbox = Sandbox::new(&environment.deployed);
        let mut sessions = Sessions::default();
        for role in roles(plan, architecture) {
            let session = Session::issued(&sandbox, environment, &role, &options.run);
            sessions.insert(&role.name, Ok(session));
        }
        Self {
            target_name: RunTarget::Sandbox.name(),
            backend: Backend::Sandbox(sandbox),
            sessions,
            roles: Vec::new(),
            calls: 0,
        }
    }

    /// Assumes, on a shared target, the roles that are needed for the attempts that may be made
    /// there.
    async fn shared(
        plan: &Plan<'_>,
        architecture: &Architecture,
        shared: &Arc<SharedTarget>,
        options: &Options,
    ) -> Self {
        let environment = &architecture.environment;
        let needs = plan
            .needs(architecture, |row, attempt| obstacle(row, attempt, &shared.limits()).is_none());
        let roles = needs.roles(environment);
        let store = Arc::new(SessionStore::new(shared, environment, &options.run));
        let sessions = store.open(&roles).await;
        let engine = Arc::new(Engine::new(environment, &roles, &options.run));
        let readers = readers(&store, &roles).await;
        let mut calls = 1 + 2 * roles.len() as u64;
        for bucket in environment
            .deployed
            .buckets
            .iter()
            .filter(|bucket| needs.buckets.contains(&bucket.logical))
        {
            let (is_declared, asked) = engine.compare(bucket, &readers).await;
            calls += asked;
            if is_declared {
                engine.mark_declared(&bucket.name);
            }
        }
        let cleanup = shared
            .bindings
            .cleanup
            .as_ref()
            .and_then(|name| environment.deployed.role(name))
            .cloned();
        Self {
            target_name: String::new(),
            backend: Backend::Shared {
                sessions: store,
                engine,
                cleanup,
                offline: Box::new(Self::offline_sandbox(plan, architecture, options)),
            },
            sessions,
            roles,
            calls,
        }
    }

    /// Where a row runs, and what its clients call.
    pub(super) fn row_target(
        &self,
        environment: &Environment,
        options: &Options,
    ) -> (RowTarget, Target) {
        match &self.backend {
            Backend::Sandbox(sandbox) => {
                let sandbox = sandbox.fork();
                let target =
                    Target::sandbox(&sandbox, &environment.deployed.region, options.wrap.as_ref());
                (RowTarget::Sandbox(sandbox), target)
            }
            Backend::Shared { sessions, engine, cleanup, .. } => {
                let row_target = RowTarget::Shared {
                    engine: engine.clone(),
                    cleaner: Cleaner::new(sessions, cleanup.clone()),
                    sessions: sessions.clone(),
                    journal: Journal::default(),
                };
                (row_target, sessions.target().target.fork())
            }
        }
    }

    /// The target that checks read: on the sandbox one that no row has changed.
    pub(super) fn check_target(&self, environment: &Environment, options: &Options) -> Target {
        match &self.backend {
            Backend::Sandbox(sandbox) => {
                Target::sandbox(sandbox, &environment.deployed.region, options.wrap.as_ref())
            }
            Backend::Shared { sessions, .. } => sessions.target().target.fork(),
        }
    }

    /// Whether others may change it while the run lasts.
    pub(super) const fn is_shared(&self) -> bool {
        matches!(self.backend, Backend::Shared { .. })
    }

    /// The buckets whose policy was the declared one when the run began and is not any more, and
    /// how many calls it took to see that.
    pub(super) async fn changed_policies(
        &self,
        environment: &Environment,
    ) -> (BTreeSet<String>, u64) {
        let Backend::Shared { sessions, engine, .. } = &self.backend else {
            return (BTreeSet::new(), 0);
        };
        let declared = engine.declared_buckets();
        let buckets =
            environment.deployed.buckets.iter().filter(|bucket| declared.contains(&bucket.name));
        let (mut changed, mut calls) = (BTreeSet::new(), 0);
        let readers = readers(sessions, &self.roles).await;
        for bucket in buckets {
            let mut is_same = false;
            for _ in 0..2 {
                let (same, asked) = engine.compare(bucket, &readers).await;
                (is_same, calls) = (is_same || same, calls + asked);
                if is_same {
                    break;
                }
            }
            if !is_same {
                changed.insert(bucket.name.clone());
            }
        }
        (changed, calls)
    }

    /// A session of a role that does not end before the next call.
    pub(super) async fn session(&self, role: &Arc<Role>) -> Result<Session, SessionError> {
        match &self.backend {
            Backend::Sandbox(_) => self.sessions.get(&role.name).cloned(),
            Backend::Shared { sessions, .. } => sessions.session(role).await,
        }
    }

    /// The deployment for offline verdicts, on a sandbox that is as the environment says; nothing
    /// where the run itself is on the sandbox.
    pub(super) fn offline(&self) -> Option<&Self> {
        match &self.backend {
            Backend::Sandbox(_) => None,
            Backend::Shared { offline, .. } => Some(offline),
        }
    }

    /// What a check would read if everything were as the environment says; nothing on the sandbox,
    /// where it is.
    pub(super) async fn declared(&self, reading: &Reading) -> Option<ReadOutcome> {
        match &self.backend {
            Backend::Sandbox(_) => None,
            Backend::Shared { engine, .. } => Some(engine.declared(reading).await),
        }
    }

    /// Why a check is not made.
    pub(super) fn unreadable(&self, reading: &Reading) -> Option<String> {
        match &self.backend {
            Backend::Sandbox(_) => None,
            Backend::Shared { sessions, .. } => unreadable(reading, &sessions.target().limits()),
        }
    }

    /// Why attempts of a row are not made, by their ids.
    pub(super) fn obstacles(
        &self,
        row: &PlannedRow<'_>,
        attempts: &[Arc<Attempt>],
    ) -> BTreeMap<String, String> {
        let Backend::Shared { sessions, .. } = &self.backend else {
            return BTreeMap::new();
        };
        let limits = sessions.target().limits();
        let obstacles = attempts
            .iter()
            .filter_map(|attempt| Some((attempt.id.clone(), obstacle(row.row, attempt, &limits)?)));
        obstacles.collect()
    }

    /// What `{run}` is in a row. On a shared target rows would meet at one key, so each has its
    /// own.
    pub(super) fn run_of(&self, row: &PlannedRow<'_>, options: &Options) -> String {
        match &self.backend {
            Backend::Sandbox(_) => options.run.clone(),
            Backend::Shared { .. } => format!("{}-{}", options.run, row.index),
        }
    }
}

/// Those who may be able to read a bucket's policy: the caller, then every role.
async fn readers(sessions: &Arc<SessionStore>, roles: &[Arc<Role>]) -> Vec<Clients> {
    let shared = sessions.target();
    let clients =
        |credentials: &Credentials| shared.target.fork().clients(Some(credentials), false);
    let mut readers = Vec::new();
    if let Ok(credentials) = shared.caller.chain.credentials().await {
        readers.push(clients(&credentials));
    }
    for role in roles {
        if let Ok(session) = sessions.session(role).await {
            readers.push(clients(&session.credentials));
        }
    }
    readers
}

/// The roles that the rows and checks of an architecture need.
fn roles(plan: &Plan<'_>, architecture: &Architecture) -> Vec<Arc<Role>> {
    let mut names: BTreeSet<&str> =
        plan.rows_of(architecture).flat_map(|row| plan::roles(row.row)).collect();
    names.extend(plan.checks_of(architecture).map(|reading| reading.reader.name.as_str()));
    let roles = architecture
        .environment
        .deployed
        .roles
        .iter()
        .filter(|role| names.contains(role.name.as_str()));
    roles.cloned().collect()
}
