//! What the runner adds to the calls it makes: the same calls through a bare SDK client against a
//! sandbox, and through the runner with its witnesses, verdicts and records. `cargo bench` prints
//! medians and their ratio, measured in one run.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_macros,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a benchmark prints its figures and may stop at a surprise"
)]

use std::{path::Path, time::Instant};

use gainsay::{
    attempt::{self, RunContext, fill},
    cloud::Target,
    files::{Folder, load},
    plan::{Plan, Selection},
    runner::{self, Options, Stop},
    session::Sessions,
    suite::{self, Architecture},
};
use gainsay_sandbox::Sandbox;

const CALLS: usize = 10_000;
const ROUNDS: usize = 5;

/// One row of uploads with the shipped policies: rows of a hundred attempts, all permitted, so that
/// runner and bare client make the very same calls.
fn architecture() -> Architecture {
    let mut folder = load::load(Path::new("scenarios")).expect("the shipped scenarios").remove(0);
    let shipped: Vec<String> = folder.scenarios().map(|(stem, _)| format!("{stem}.yaml")).collect();
    let mut only = Folder::new(folder.name.clone(), folder.path.clone());
    std::mem::swap(&mut only, &mut folder);
    for path in shipped {
        only.remove(&path);
    }
    let numbers = |n: usize| (0..n).map(|i| format!("r{i}")).collect::<Vec<_>>().join(", ");
    let text = format!(
        "scenario: uploads\ncontrols: [ENC-03]\nfor_each:\n  row: {{ of: [{}] }}\nrequest:\n  as: app\n  do: s3:PutObject\n  bucket: evidence\n  key: \"inbox/{{run}}/{{row}}.csv\"\n  encryption: aws:kms\n  kms_key: evidence\nattempts:\n  - allow: an upload\n    for_each: {{ n: {{ of: [{}] }} }}\n",
        numbers(CALLS / 100),
        numbers(100)
    );
    only.insert("uploads.yaml", Ok(gainsay_model::Source::new("uploads.yaml", text)));
    let (mut architectures, _) =
        suite::resolve(&[only]).unwrap_or_else(|problems| panic!("{problems}"));
    architectures.remove(0)
}

fn main() {
    let architecture = architecture();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (mut bare, mut whole) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        bare.push(runtime.block_on(bare_calls(&architecture)));
        whole.push(runtime.block_on(through_runner(&architecture)));
    }
    let (bare, whole) = (median(bare), median(whole));
    println!("{CALLS} uploads, medians of {ROUNDS} rounds, one thread");
    println!("bare SDK client: {bare:.1} us a call");
    println!("runner:          {whole:.1} us a call");
    println!("overhead:        {:.1} %", (whole / bare - 1.0) * 100.0);
}

/// Microseconds a call.
async fn bare_calls(architecture: &Architecture) -> f64 {
    let environment = &architecture.environment;
    let sandbox = Sandbox::new(&environment.deployed);
    let target = Target::sandbox(&sandbox, &environment.deployed.region, None);
    let sessions = Sessions::open(
        &target,
        &sandbox.caller_credentials().into(),
        environment,
        &environment.deployed.roles,
        "bench",
    )
    .await;
    let credentials = sessions.get("app").unwrap().credentials.clone();
    let rows: Vec<_> = architecture.scenarios.iter().flat_map(|scenario| &scenario.rows).collect();
    let mut calls = 0;
    let begun = Instant::now();
    for row in rows {
        // As the runner does: every row has a sandbox and clients of its own.
        let fork = sandbox.fork();
        let clients = Target::sandbox(&fork, &environment.deployed.region, None)
            .clients(Some(&credentials), false);
        let facts = RunContext { environment, run: "bench", fixtures: &[], outputs: &[] };
        let call = fill(&row.attempts.first().unwrap().request, &facts).unwrap();
        for _ in &row.attempts {
            let answer = attempt::call(&clients, &call).await;
            assert_eq!(answer.status(), Some(200));
            calls += 1;
        }
    }
    per_call(begun, calls)
}

async fn through_runner(architecture: &Architecture) -> f64 {
    let selection = Selection::default();
    let plan = Plan::new(std::slice::from_ref(architecture), &selection);
    let options = Options {
        jobs: 1,
        fail_fast: false,
        run: runner::new_run_id(),
        scenarios: "scenarios".to_owned(),
        share: true,
        wrap: None,
    };
    let begun = Instant::now();
    let record = runner::run(&plan, &options, &Stop::default(), |_| {}).await;
    assert_eq!(record.summary.counts.pass, CALLS);
    per_call(begun, CALLS)
}

#[expect(clippy::cast_precision_loss, reason = "counts are small")]
fn per_call(begun: Instant, calls: usize) -> f64 {
    begun.elapsed().as_secs_f64() * 1e6 / calls as f64
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
