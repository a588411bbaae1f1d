//! What one architecture's rows share: where everything is deployed, and the sessions of its roles.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    Options, Place,
    shared::{Cleaner, Engine, Ground, Journal, Keeper},
    stand::Stand,
};
use crate::{
    cloud::Target,
    environment::{Environment, Role},
    plan::{self, Needs, Plan, PlannedRow, obstacle},
    principal::Sessions,
    sandbox::Sandbox,
    scenario::Attempt,
    suite::Architecture,
};

/// What one architecture's rows share.
#[derive(Debug)]
pub(super) struct Stage {
    on: On,
    pub sessions: Sessions,
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
    },
}

impl Stage {
    /// Makes everything ready for an architecture's rows.
    pub(super) async fn prepare(plan: &Plan<'_>, architecture: &Architecture, place: &Place, options: &Options) -> Self {
        match place.ground(&architecture.name) {
            None => Self::sandbox(plan, architecture, options).await,
            Some(ground) => Self::shared(plan, architecture, ground, options).await,
        }
    }

    /// Deploys an architecture into a sandbox and assumes the roles its rows need.
    async fn sandbox(plan: &Plan<'_>, architecture: &Architecture, options: &Options) -> Self {
        let rows = plan.rows.iter().filter(|row| std::ptr::eq(row.architecture, architecture));
        let names: BTreeSet<&str> = rows.flat_map(|row| plan::roles(row.row)).collect();
        let environment = &architecture.environment;
        let sandbox = Sandbox::new(environment);
        let target = Target::sandbox(&sandbox, &environment.region, options.between.as_ref());
        let roles: Vec<_> = environment
            .roles
            .iter()
            .filter(|role| names.contains(role.name.as_str()))
            .cloned()
            .collect();
        let sessions = Sessions::open(&target, &sandbox.caller_credentials(), environment, &roles, &options.run).await;
        Self {
            on: On::Sandbox(sandbox),
            calls: sessions.calls(),
            sessions,
        }
    }

    /// Assumes the roles that the attempts need which are made there.
    async fn shared(plan: &Plan<'_>, architecture: &Architecture, ground: &Arc<Ground>, options: &Options) -> Self {
        let environment = &architecture.environment;
        let mut needs = Needs::default();
        for row in plan.rows.iter().filter(|row| std::ptr::eq(row.architecture, architecture)) {
            let attempts = plan.attempts(row);
            let made = attempts
                .iter()
                .filter(|attempt| obstacle(row.row, attempt, &ground.limits()).is_none());
            made.for_each(|attempt| needs.extend(Needs::of(row.row, attempt)));
        }
        let roles = needs.roles(environment);
        let keeper = Arc::new(Keeper::new(ground, environment, &options.run));
        let sessions = keeper.open(&roles).await;
        let engine = Arc::new(Engine::new(environment, &roles, &options.run));
        let mut readers = Vec::new();
        if let Ok(credentials) = ground.caller.chain.credentials().await {
            readers.push(ground.target.fork().clients(Some(&credentials), false));
        }
        let open = roles.iter().filter_map(|role| sessions.get(&role.name).ok());
        readers.extend(open.map(|session| ground.target.fork().clients(Some(&session.credentials), false)));
        let mut calls = 1 + 2 * roles.len() as u64;
        for bucket in environment.buckets.iter().filter(|bucket| needs.buckets.contains(&bucket.logical)) {
            calls += engine.compare(bucket, &readers).await;
        }
        let cleanup = ground.bindings.cleanup.as_ref().and_then(|name| environment.role(name)).cloned();
        Self {
            on: On::Shared { keeper, engine, cleanup },
            sessions,
            calls,
        }
    }

    /// What a row stands on, and its clients' target.
    pub(super) fn stand(&self, environment: &Environment, options: &Options) -> (Stand, Target) {
        match &self.on {
            On::Sandbox(sandbox) => {
                let sandbox = sandbox.fork();
                let target = Target::sandbox(&sandbox, &environment.region, options.between.as_ref());
                (Stand::Sandbox(sandbox), target)
            }
            On::Shared { keeper, engine, cleanup } => {
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

    /// Why attempts of a row are not made, by their ids.
    pub(super) fn obstacles(&self, row: &PlannedRow<'_>, attempts: &[Arc<Attempt>]) -> BTreeMap<String, String> {
        let On::Shared { keeper, .. } = &self.on else {
            return BTreeMap::new();
        };
        let limits = keeper.ground().limits();
        let obstacles = attempts
            .iter()
            .filter_map(|attempt| Some((attempt.id.clone(), obstacle(row.row, attempt, &limits)?)));
        obstacles.collect()
    }

    /// What `{run}` is in a row. On a shared target rows would meet at one key, so each has its own.
    pub(super) fn run_of(&self, row: &PlannedRow<'_>, options: &Options) -> String {
        match &self.on {
            On::Sandbox(_) => options.run.clone(),
            On::Shared { .. } => format!("{}-{}", options.run, row.index),
        }
    }
}
