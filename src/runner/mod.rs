//! The runner: makes the calls of a plan and judges them. The only stage that touches the network.
//! It prints nothing: what happens is told as [`Event`]s.

mod again;
mod callers;
mod checks;
mod doctor;
mod event;
mod refusal;
mod result;
mod row;
mod shared;
mod stage;
mod stand;
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

pub use self::{
    doctor::{Finding, examine},
    event::Event,
    shared::{Caller, Ground, Place, connect},
};
use self::{row::RowRun, stage::Stage};
use crate::{
    cloud::WrapConnector,
    plan::{Plan, PlannedRow},
    record::{ArchitectureInfo, ResultRecord, RunInfo, RunRecord, Summary},
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

/// Asked for by Ctrl-C, or by the first failure under `--fail-fast`: no new attempts are made.
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

/// Runs a plan on the sandbox and tells what happens.
pub async fn run(
    plan: &Plan<'_>,
    options: &Options,
    stop: &Stop,
    emit: impl FnMut(&Event),
) -> Arc<RunRecord> {
    run_on(plan, &Place::Sandbox, options, stop, emit).await
}

/// Runs a plan somewhere and tells what happens. What was made for the run there is removed at its
/// end.
pub async fn run_on(
    plan: &Plan<'_>,
    place: &Place,
    options: &Options,
    stop: &Stop,
    mut emit: impl FnMut(&Event),
) -> Arc<RunRecord> {
    let begun = Instant::now();
    let architectures = &plan.architectures;
    let mut info = RunInfo {
        id: options.run.clone(),
        gainsay: env!("CARGO_PKG_VERSION").to_owned(),
        target: place.name(),
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
        not_deployed: place.not_deployed(),
    };
    emit(&Event::RunStarted {
        run: Box::new(info.clone()),
        attempts: plan.attempts,
        checks: plan.checks.len(),
    });
    // All at once: a target that is far away answers them together.
    let stages = join_all(architectures.iter().map(async |architecture| {
        let stage = Stage::prepare(plan, architecture, place, options).await;
        (architecture.name.clone(), Arc::new(stage))
    }));
    let stages: BTreeMap<String, Arc<Stage>> = stages.await.into_iter().collect();
    info.calls += stages.values().map(|stage| stage.calls).sum::<u64>();
    // What is deployed is read before attempts that must succeed change any of it.
    let stage = |architecture: &Architecture| stages.get(&architecture.name).cloned();
    let checked = checks::execute(plan, options, stop, stage, &mut emit).await;
    info.calls += checked.calls;
    let mut results = checked.results;
    let mut done = execute(plan, options, stop, &stages, &mut emit).await;
    done.sort_by_key(|(index, _)| *index);
    for (_, mut row) in done {
        info.calls += row.calls;
        info.left_behind.append(&mut row.left_behind);
        results.extend(row.results.drain(..).map(Arc::unwrap_or_clone));
    }
    info.calls += again::confirm(plan, options, stop, &stages, &mut results).await;
    info.left_behind.extend(place.close().await);
    info.waivers = architectures
        .iter()
        .flat_map(|architecture| waivers::told(architecture, &results))
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

/// What a row leaves.
#[derive(Debug, Default)]
struct RowDone {
    results: Vec<Arc<ResultRecord>>,
    calls: u64,
    left_behind: Vec<String>,
}

/// How often what has happened is told. Rows do not wake the teller for every result: that would
/// cost each call as much as judging it does.
const TELLING: Duration = Duration::from_millis(5);

/// How many rows are made before there is room for them, so that none has to be waited for.
const AHEAD: usize = 16;

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

/// Runs the rows, so many at a time, and tells their results as they come.
async fn execute(
    plan: &Plan<'_>,
    options: &Options,
    stop: &Stop,
    stages: &BTreeMap<String, Arc<Stage>>,
    emit: &mut impl FnMut(&Event),
) -> Vec<(usize, RowDone)> {
    let permits = Arc::new(Semaphore::new(options.jobs.max(1)));
    let (sender, receiver) = mpsc::channel();
    let mut tasks = JoinSet::new();
    // A row is made shortly before it begins: thousands of them would fill the memory with worlds
    // in which nothing happens yet.
    let mut waiting = in_order(plan, options.jobs).into_iter();
    // Rows by the tasks that run them, so that what becomes of a task is told of its row.
    let mut begin = |tasks: &mut JoinSet<_>, running: &mut BTreeMap<Id, usize>| {
        let staged = waiting
            .find_map(|(row, attempts)| Some((row, attempts, stages.get(&row.architecture.name)?)));
        let Some((row, attempts, stage)) = staged else { return };
        let run = RowRun::new(row, attempts, stage, options, stop.clone());
        let (permits, sender, index) = (permits.clone(), sender.clone(), row.index);
        let task = tasks.spawn(async move {
            let _permit = permits.acquire_owned().await;
            (index, run.run(&sender).await)
        });
        running.insert(task.id(), row.index);
    };
    let mut running = BTreeMap::new();
    for _ in 0..options.jobs.max(1) + AHEAD {
        begin(&mut tasks, &mut running);
    }
    let mut stopping = false;
    let mut tell_all = || {
        if stop.is_interrupted() && !stopping {
            stopping = true;
            emit(&Event::Stopping);
        }
        for event in receiver.try_iter() {
            emit(&event);
        }
    };
    let mut done = Vec::new();
    let mut ticks = tokio::time::interval(TELLING);
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
                        let lost = running.remove(&error.id());
                        let lost = lost.and_then(|index| plan.rows.iter().find(|row| row.index == index));
                        let staged = lost.and_then(|row| Some((row, stages.get(&row.architecture.name)?)));
                        if let Some((row, stage)) = staged {
                            let run = RowRun::new(row, plan.attempts(row), stage, options, stop.clone());
                            done.push((row.index, run.lost(&sender)));
                        }
                    }
                    None => break,
                }
                begin(&mut tasks, &mut running);
            }
            _ = ticks.tick() => tell_all(),
        }
    }
    tell_all();
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
