//! The runner: makes the calls of a plan and judges them. The only module that touches the network.
//! It prints nothing: what happens is emitted as [`Event`]s.

mod callers;
mod checks;
mod deployment;
mod doctor;
mod refusal;
mod reread;
mod result;
mod row_run;
mod row_target;
mod shared;
mod waivers;
mod witness_log;

use std::{
    cmp::Reverse,
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

use futures::future::join_all;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tokio::{
    sync::Semaphore,
    task::{Id, JoinSet},
};

use self::{deployment::Deployment, row_run::RowRun};
pub use self::{
    doctor::{Finding, NotReady, examine},
    shared::{Caller, ConnectError, RunTarget, SharedTarget, connect},
};
use crate::{
    cloud::WrapConnector,
    plan::{Plan, PlannedRow},
    record::{ArchitectureInfo, Event, ResultRecord, RunInfo, RunRecord, Summary},
    scenario::Attempt,
    suite::Architecture,
};

/// How a run is made.
#[derive(Clone, Debug)]
pub struct Options {
    /// Rows at a time.
    pub jobs: usize,
    /// Whether to make no more attempts after the first failure.
    pub fail_fast: bool,
    /// The run id.
    pub run: String,
    /// The scenarios folder as it was typed.
    pub scenarios: String,
    /// Whether refusals share what witnesses answered while nothing can have changed it. It saves
    /// calls and changes no verdict; without it every witness is asked before and after each.
    pub share: bool,
    /// What is put between the clients and the target, in tests and benchmarks.
    pub wrap: Option<WrapConnector>,
}

/// A request to make no new attempts, by Ctrl-C or by the first failure under `--fail-fast`.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    interrupted: Arc<AtomicBool>,
    failed: Arc<AtomicBool>,
}

impl Stop {
    /// Stops the run.
    pub fn interrupt(&self) {
        self.interrupted.store(true, Ordering::SeqCst);
    }

    /// Whether someone stopped the run.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::SeqCst)
    }

    fn fail(&self) {
        self.failed.store(true, Ordering::SeqCst);
    }

    fn has_failed(&self) -> bool {
        self.failed.load(Ordering::SeqCst)
    }
}

/// A new run id: sortable by time, and plain enough for keys, session names and file names.
#[must_use]
pub fn new_run_id() -> String {
    uuid::Uuid::now_v7().simple().to_string()
}

/// Runs a plan on the sandbox and emits what happens.
pub async fn run(
    plan: &Plan<'_>,
    options: &Options,
    stop: &Stop,
    emit: impl FnMut(&Event),
) -> Arc<RunRecord> {
    run_on(plan, &RunTarget::Sandbox, options, stop, emit).await
}

/// Runs a plan on a target and emits what happens. What was made for the run there is removed at
/// its end.
pub async fn run_on(
    plan: &Plan<'_>,
    target: &RunTarget,
    options: &Options,
    stop: &Stop,
    mut emit: impl FnMut(&Event),
) -> Arc<RunRecord> {
    let begun = Instant::now();
    let architectures = &plan.architectures;
    let mut info = RunInfo {
        id: options.run.clone(),
        gainsay: env!("CARGO_PKG_VERSION").to_owned(),
        target: target.name(),
        started: timestamp(OffsetDateTime::now_utc()),
        duration_ms: 0.0,
        scenarios: options.scenarios.clone(),
        calls: 0,
        interrupted: false,
        architectures: architectures
            .iter()
            .map(|architecture| architecture_info(plan, architecture))
            .collect(),
        part: plan.part(),
        gaps: Vec::new(),
        sample: plan.sampled(),
        left_behind: Vec::new(),
        waivers: Vec::new(),
        not_deployed: target.not_deployed(),
    };
    emit(&Event::RunStarted {
        run: Box::new(info.clone()),
        attempts: plan.attempts,
        checks: plan.checks.len(),
    });
    // All at once: a target that is far away answers them together.
    let deployments = join_all(architectures.iter().map(async |architecture| {
        let deployment = Deployment::prepare(plan, architecture, target, options).await;
        (architecture.name.clone(), Arc::new(deployment))
    }));
    let deployments: Deployments = deployments.await.into_iter().collect();
    info.calls += deployments.values().map(|deployment| deployment.calls).sum::<u64>();
    // What is deployed is read before attempts that must succeed change any of it.
    let deployment = |architecture: &Architecture| deployments.get(&architecture.name).cloned();
    let checked = checks::execute(plan, options, stop, deployment, &mut emit).await;
    info.calls += checked.calls;
    let mut results = checked.results;
    let mut done = execute(plan, options, stop, &deployments, &mut emit).await;
    done.sort_by_key(|(index, _)| *index);
    for (_, mut row) in done {
        info.calls += row.calls;
        info.left_behind.append(&mut row.left_behind);
        results.extend(row.results.drain(..).map(Arc::unwrap_or_clone));
    }
    info.calls += reread::confirm(plan, options, stop, &deployments, &mut results).await;
    info.left_behind.extend(target.close().await);
    info.waivers = architectures
        .iter()
        .flat_map(|architecture| waivers::waivers(architecture, &results))
        .collect();
    let gaps = architectures.iter();
    info.gaps =
        gaps.flat_map(|architecture| waivers::gaps(architecture, &info.target, &results)).collect();
    info.interrupted = stop.is_interrupted();
    info.duration_ms = millis(begun);
    let record = Arc::new(RunRecord { summary: Summary::of(&info, &results), run: info, results });
    emit(&Event::RunFinished { record: record.clone() });
    record
}

/// Every architecture of a plan as it is deployed, by its name.
type Deployments = BTreeMap<String, Arc<Deployment>>;

/// What a row leaves.
#[derive(Debug, Default)]
struct RowDone {
    results: Vec<Arc<ResultRecord>>,
    calls: u64,
    left_behind: Vec<String>,
}

/// How often events of rows are emitted. Rows do not wake the emitting task for every result: that
/// would cost each call as much as judging it does.
const EMIT_INTERVAL: Duration = Duration::from_millis(5);

/// How many rows are prepared besides those that run, so that none has to be waited for.
const ROWS_AHEAD: usize = 16;

/// The rows in the order they begin. Where several run at a time the longest begin first, for the
/// run is as long as the last to end.
fn in_order<'a>(plan: &'a Plan<'a>, jobs: usize) -> Vec<(&'a PlannedRow<'a>, Vec<Arc<Attempt>>)> {
    let mut rows: Vec<_> = plan.rows.iter().map(|row| (row, plan.attempts(row))).collect();
    if jobs > 1 {
        rows.sort_by_cached_key(|(row, attempts)| {
            Reverse(
                row.row.fixtures.len()
                    + attempts.iter().map(|attempt| calls(attempt)).sum::<usize>(),
            )
        });
    }
    rows
}

/// About how many calls an attempt takes: a refused one asks its witnesses again.
fn calls(attempt: &Attempt) -> usize {
    let witnesses = match &attempt.witnesses {
        None => 0,
        Some(both) if both.target.request == both.actor.request => 1,
        Some(_) => 2,
    };
    1 + witnesses + attempt.then.len()
}

/// Runs the rows, `Options::jobs` at a time, and emits their results as they come.
async fn execute(
    plan: &Plan<'_>,
    options: &Options,
    stop: &Stop,
    deployments: &Deployments,
    emit: &mut impl FnMut(&Event),
) -> Vec<(usize, RowDone)> {
    let permits = Arc::new(Semaphore::new(options.jobs.max(1)));
    let (sender, receiver) = mpsc::channel();
    let mut tasks = JoinSet::new();
    // A row is made shortly before it begins: thousands of them would fill the memory with worlds
    // in which nothing happens yet.
    let mut waiting = in_order(plan, options.jobs).into_iter();
    // Rows by the tasks that run them, so that a task that broke off is reported as its row.
    let mut begin = |tasks: &mut JoinSet<_>, running: &mut BTreeMap<Id, usize>| {
        let next = waiting.find_map(|(row, attempts)| {
            Some((row, attempts, deployments.get(&row.architecture.name)?))
        });
        let Some((row, attempts, deployment)) = next else { return };
        let run = RowRun::new(row, attempts, deployment, options, stop.clone());
        let (permits, sender, index) = (permits.clone(), sender.clone(), row.index);
        let task = tasks.spawn(async move {
            let _permit = permits.acquire_owned().await;
            (index, run.run(&sender).await)
        });
        running.insert(task.id(), row.index);
    };
    // The row of an index, to report it as lost.
    let lost = |index: usize| {
        let row = plan.rows.iter().find(|row| row.index == index)?;
        let deployment = deployments.get(&row.architecture.name)?;
        Some((index, RowRun::new(row, plan.attempts(row), deployment, options, stop.clone())))
    };
    let mut running = BTreeMap::new();
    for _ in 0..options.jobs.max(1) + ROWS_AHEAD {
        begin(&mut tasks, &mut running);
    }
    let mut stopping = false;
    let mut emit_all = || {
        if stop.is_interrupted() && !stopping {
            stopping = true;
            emit(&Event::Stopping);
        }
        for event in receiver.try_iter() {
            emit(&event);
        }
    };
    let mut done = Vec::new();
    let mut ticks = tokio::time::interval(EMIT_INTERVAL);
    loop {
        tokio::select! {
            finished = tasks.join_next_with_id() => {
                match finished {
                    Some(Ok((id, row))) => {
                        running.remove(&id);
                        done.push(row);
                    }
                    // A row catches its own panics, which lints forbid. Whatever else ends one:
                    // every attempt that was planned has a result.
                    Some(Err(error)) => {
                        let index = running.remove(&error.id());
                        if let Some((index, run)) = index.and_then(lost) {
                            done.push((index, run.lost(&sender)));
                        }
                    }
                    None => break,
                }
                begin(&mut tasks, &mut running);
            }
            _ = ticks.tick() => emit_all(),
        }
    }
    emit_all();
    done
}

fn architecture_info(plan: &Plan<'_>, architecture: &Architecture) -> ArchitectureInfo {
    ArchitectureInfo {
        name: architecture.name.clone(),
        title: architecture.environment.title.clone(),
        account: architecture.environment.deployed.account.clone(),
        region: architecture.environment.deployed.region.clone(),
        controls: plan.controls(architecture),
    }
}

fn timestamp(time: OffsetDateTime) -> String {
    time.format(&Rfc3339).unwrap_or_default()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a duration in microseconds fits a double exactly for 285 years"
)]
fn millis(since: Instant) -> f64 {
    since.elapsed().as_micros() as f64 / 1000.0
}
