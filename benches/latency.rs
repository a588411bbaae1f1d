//! What the runner loses of the time that a target far away leaves: every call of the shipped
//! scenarios takes 50 ms longer, 64 rows run at a time (and 16, which is fewer than there are), and
//! the wall is compared with what nobody could better. `cargo bench --bench latency` prints both
//! and their ratio.
//!
//! The ideal is a bound from below, not a schedule. The sessions come first: assumed at once, each
//! is two calls one after the other. Then the rows: the calls of a row are one after the other, so
//! no run is shorter than its longest row; and n rows at a time make at most n calls at a time, so
//! none is shorter than an nth of all calls. What a call costs besides the latency is counted as
//! nothing.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_macros,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a benchmark prints its figures and may stop at a surprise"
)]

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector},
    orchestrator::HttpRequest,
};
use gainsay::{
    cloud::WrapConnector,
    exit::Exit,
    files::load,
    plan::{Plan, Selection},
    runner::{self, Options, Stop},
    suite,
};

const LATENCY: Duration = Duration::from_millis(50);
const JOBS: [usize; 2] = [64, 16];
const ROUNDS: usize = 5;

/// Answers later, and counts.
#[derive(Debug)]
struct Far {
    inner: SharedHttpConnector,
    calls: Arc<AtomicU32>,
}

impl HttpConnector for Far {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let inner = self.inner.clone();
        HttpConnectorFuture::new(async move {
            tokio::time::sleep(LATENCY).await;
            inner.call(request).await
        })
    }
}

fn main() {
    let folders = load::load(Path::new("scenarios/secure-bucket")).expect("the shipped scenarios");
    let (architectures, _) =
        suite::resolve(&folders).unwrap_or_else(|problems| panic!("{problems}"));
    let selection = Selection::default();
    let plan = Plan::new(&architectures, &selection);
    // As the command has it.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(64)
        .enable_all()
        .build()
        .unwrap();
    println!("{} rows, {LATENCY:?} a call, medians of {ROUNDS} rounds", plan.rows.len());
    for jobs in JOBS {
        let mut rounds: Vec<(f64, Duration, Duration)> =
            (0..ROUNDS).map(|_| round(&plan, jobs, &runtime)).collect();
        rounds.sort_by(|one, other| one.0.total_cmp(&other.0));
        let (ratio, wall, ideal) = rounds.get(ROUNDS / 2).copied().unwrap();
        let (wall, ideal) = (wall.as_secs_f64() * 1000.0, ideal.as_secs_f64() * 1000.0);
        println!("{jobs} at a time: {wall:.0} ms, ideal {ideal:.0} ms, ratio {ratio:.3}");
    }
}

/// Ratio, wall and ideal of one run.
fn round(
    plan: &Plan<'_>,
    jobs: usize,
    runtime: &tokio::runtime::Runtime,
) -> (f64, Duration, Duration) {
    // A counter for every target: that of the sessions is the first, then one for each row.
    let counters: Arc<Mutex<Vec<Arc<AtomicU32>>>> = Arc::default();
    let known = counters.clone();
    let between = WrapConnector::new(move |inner| {
        let calls = Arc::<AtomicU32>::default();
        known.lock().unwrap().push(calls.clone());
        SharedHttpConnector::new(Far { inner, calls })
    });
    let options = Options {
        jobs,
        fail_fast: false,
        run: runner::new_run_id(),
        scenarios: "scenarios".to_owned(),
        share: true,
        wrap: Some(between),
    };
    let begun = Instant::now();
    let record = runtime.block_on(runner::run(plan, &options, &Stop::default(), |_| {}));
    let wall = begun.elapsed();
    assert_eq!(record.summary.exit_code, Exit::Ok.code());
    let counts: Vec<u32> =
        counters.lock().unwrap().iter().map(|calls| calls.load(Ordering::Relaxed)).collect();
    let (_sessions, rows) = counts.split_first().unwrap();
    assert_eq!(rows.len(), plan.rows.len());
    assert_eq!(u64::from(counts.iter().sum::<u32>()), record.run.calls);
    let longest = LATENCY * rows.iter().copied().max().unwrap_or_default();
    let shared = LATENCY * rows.iter().sum::<u32>() / u32::try_from(jobs).unwrap();
    let ideal = 2 * LATENCY + longest.max(shared);
    (wall.as_secs_f64() / ideal.as_secs_f64(), wall, ideal)
}
