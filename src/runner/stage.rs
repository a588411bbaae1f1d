//! What one architecture's rows share: where everything is deployed, and the sessions of its roles.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use aws_credential_types::Credentials;
use gainsay_model::Role;
use gainsay_sandbox::Sandbox;

use super::{
    Options, Place,
    shared::{Cleaner, Engine, Ground, Journal, Keeper},
    stand::Stand,
};
use crate::{
    check::{Reading, Seen},
    cloud::{Clients, Target},
    environment::Environment,
    plan::{self, Plan, PlannedRow, obstacle, unreadable},
    principal::{Session, Sessions},
    scenario::Attempt,
    suite::Architecture,
};

/// What one architecture's rows share.
#[derive(Debug)]
pub(super) struct Stage {
    /// The target, as the record names it.
    pub place: String,
    on: On,
    pub sessions: Sessions,
    /// Whose sessions there are on a shared target.
    roles: Vec<Arc<Role>>,
    pub calls: u64,
}

#[derive(Debug)]
enum On {
    /// A sandbox that each row forks.
    Sandbox(Sandbox),
    /// A target that all rows share.
    Shared {
        keeper: Arc<Keeper>,
        engine: Arc<Engine>,
        cleanup: Option<Arc<Role>>,
        /// The same on a sandbox that is as the environment says.
        offline: Box<Stage>,
    },
}

impl Stage {
    /// Makes everything ready for an architecture's rows.
    pub(super) async fn prepare(
        plan: &Plan<'_>,
        architecture: &Architecture,
        place: &Place,
        options: &Options,
    ) -> Self {
        match place.ground(&architecture.name) {
            None => Self::sandbox(plan, architecture, options).await,
            Some(ground) => Self {
                place: place.name(),
                ..Self::shared(plan, architecture, ground, options).await
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
            place: Place::Sandbox.name(),
            on: On::Sandbox(sandbox),
            calls: sessions.calls(),
            roles: Vec::new(),
            sessions,
        }
    }

    /// The same where somebody else than the environment's caller assumes the roles: whether they
    /// could be assumed is not asked.
    fn by_the_files(plan: &Plan<'_>, architecture: &Architecture, options: &Options) -> Self {
        let environment = &architecture.environment;
        let sandbox = Sandbox::new(&environment.deployed);
        let mut sessions = Sessions::default();
        for role in roles(plan, architecture) {
            let tags =
                environment.session(&role.name).map_or(&[][..], |session| &session.session_tags);
            let name = format!("gainsay-{}", options.run);
            let session = Session {
                credentials: sandbox.session_of(&role, &name, tags).into(),
                arn: format!("arn:aws:sts::{}:assumed-role/{}/{name}", role.account, role.name),
            };
            sessions.put(&role.name, Ok(session));
        }
        Self {
            place: Place::Sandbox.name(),
            on: On::Sandbox(sandbox),
            sessions,
            roles: Vec::new(),
            calls: 0,
        }
    }

    /// Assumes the roles that the attempts need which are made there.
    async fn shared(
        plan: &Plan<'_>,
        architecture: &Architecture,
        ground: &Arc<Ground>,
        options: &Options,
    ) -> Self {
        let environment = &architecture.environment;
        let needs = plan
            .needs(architecture, |row, attempt| obstacle(row, attempt, &ground.limits()).is_none());
        let roles = needs.roles(environment);
        let keeper = Arc::new(Keeper::new(ground, environment, &options.run));
        let sessions = keeper.open(&roles).await;
        let engine = Arc::new(Engine::new(environment, &roles, &options.run));
        let readers = readers(&keeper, &roles).await;
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
                engine.take(&bucket.name);
            }
        }
        let cleanup = ground
            .bindings
            .cleanup
            .as_ref()
            .and_then(|name| environment.deployed.role(name))
            .cloned();
        Self {
            place: String::new(),
            on: On::Shared {
                keeper,
                engine,
                cleanup,
                offline: Box::new(Self::by_the_files(plan, architecture, options)),
            },
            sessions,
            roles,
            calls,
        }
    }

    /// What a row stands on, and its clients' target.
    pub(super) fn stand(&self, environment: &Environment, options: &Options) -> (Stand, Target) {
        match &self.on {
            On::Sandbox(sandbox) => {
                let sandbox = sandbox.fork();
                let target =
                    Target::sandbox(&sandbox, &environment.deployed.region, options.wrap.as_ref());
                (Stand::Sandbox(sandbox), target)
            }
            On::Shared { keeper, engine, cleanup, .. } => {
                let stand = Stand::Shared {
                    engine: engine.clone(),
                    cleaner: Cleaner::new(keeper, cleanup.clone()),
                    keeper: keeper.clone(),
                    journal: Journal::default(),
                };
                (stand, keeper.ground().target.fork())
            }
        }
    }

    /// Where checks read: what no row has changed.
    pub(super) fn target(&self, environment: &Environment, options: &Options) -> Target {
        match &self.on {
            On::Sandbox(sandbox) => {
                Target::sandbox(sandbox, &environment.deployed.region, options.wrap.as_ref())
            }
            On::Shared { keeper, .. } => keeper.ground().target.fork(),
        }
    }

    /// Whether others may change it while the run lasts.
    pub(super) const fn is_shared(&self) -> bool {
        matches!(self.on, On::Shared { .. })
    }

    /// The buckets whose policy was the declared one when the run began and is not any more, and
    /// how many calls it took to see that.
    pub(super) async fn changed_policies(
        &self,
        environment: &Environment,
    ) -> (BTreeSet<String>, u64) {
        let On::Shared { keeper, engine, .. } = &self.on else {
            return (BTreeSet::new(), 0);
        };
        let known = engine.known();
        let buckets =
            environment.deployed.buckets.iter().filter(|bucket| known.contains(&bucket.name));
        let (mut changed, mut calls) = (BTreeSet::new(), 0);
        let readers = readers(keeper, &self.roles).await;
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

    /// A session with time left.
    pub(super) async fn session(&self, role: &Arc<Role>) -> Result<Session, String> {
        match &self.on {
            On::Sandbox(_) => self.sessions.get(&role.name).cloned(),
            On::Shared { keeper, .. } => keeper.session(role).await,
        }
    }

    /// Where the rows are put to what the files say; nothing on the sandbox, which is that already.
    pub(super) fn offline(&self) -> Option<&Self> {
        match &self.on {
            On::Sandbox(_) => None,
            On::Shared { offline, .. } => Some(offline),
        }
    }

    /// What a check would read if everything were as the environment says; nothing on the sandbox,
    /// where it is.
    pub(super) async fn declared(&self, reading: &Reading) -> Option<Seen> {
        match &self.on {
            On::Sandbox(_) => None,
            On::Shared { engine, .. } => Some(engine.declared(reading).await),
        }
    }

    /// Why a check is not made.
    pub(super) fn unreadable(&self, reading: &Reading) -> Option<String> {
        match &self.on {
            On::Sandbox(_) => None,
            On::Shared { keeper, .. } => unreadable(reading, &keeper.ground().limits()),
        }
    }

    /// Why attempts of a row are not made, by their ids.
    pub(super) fn obstacles(
        &self,
        row: &PlannedRow<'_>,
        attempts: &[Arc<Attempt>],
    ) -> BTreeMap<String, String> {
        let On::Shared { keeper, .. } = &self.on else {
            return BTreeMap::new();
        };
        let limits = keeper.ground().limits();
        let obstacles = attempts
            .iter()
            .filter_map(|attempt| Some((attempt.id.clone(), obstacle(row.row, attempt, &limits)?)));
        obstacles.collect()
    }

    /// What `{run}` is in a row. On a shared target rows would meet at one key, so each has its
    /// own.
    pub(super) fn run_of(&self, row: &PlannedRow<'_>, options: &Options) -> String {
        match &self.on {
            On::Sandbox(_) => options.run.clone(),
            On::Shared { .. } => format!("{}-{}", options.run, row.index),
        }
    }
}

/// Those who may be able to read a bucket's policy: the caller, then every role.
async fn readers(keeper: &Arc<Keeper>, roles: &[Arc<Role>]) -> Vec<Clients> {
    let clients =
        |credentials: &Credentials| keeper.ground().target.fork().clients(Some(credentials), false);
    let mut readers = Vec::new();
    if let Ok(credentials) = keeper.ground().caller.chain.credentials().await {
        readers.push(clients(&credentials));
    }
    for role in roles {
        if let Ok(session) = keeper.session(role).await {
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
