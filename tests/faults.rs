//! Everything that can go wrong and look like a refusal, put on a row of its own through the real
//! runner: none of it is a pass. `tests/faults/table.rs` is the table; every row on every
//! scenario file and in every place is a test. `tests/faults/reads.rs` has the lies told to checks.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::string_slice,
    missing_docs,
    reason = "a test ends where something is not as it says, and the words of the table are read once"
)]

#[path = "faults/any.rs"]
mod any;
#[path = "faults/fault.rs"]
mod fault;
#[path = "faults/place.rs"]
mod place;
#[path = "faults/reads.rs"]
mod reads;
#[path = "faults/shared.rs"]
mod shared;
#[path = "faults/table.rs"]
mod table;

use std::{
    collections::BTreeMap,
    process::ExitCode,
    sync::{Arc, Mutex, atomic::Ordering},
};

use gainsay::{
    plan::{self, Plan, Selection},
    record::{ResultKind, RunRecord},
    runner::{self, Options, Stop},
    scenario::{Attempt, Kind, Scenario},
    suite::Architecture,
    verdict::{Reason, Verdict},
};
use libtest_mimic::{Arguments, Failed, Trial};

use crate::{
    fault::{Fault, On, Script},
    place::Stem,
    table::{Row, TABLE},
};

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // They wait for tries more than they compute.
    arguments.test_threads.get_or_insert(32);
    let mut trials = Vec::new();
    for row in TABLE {
        for stem in row.stems {
            for on in row.on {
                let name = format!("{stem}/{}/{on:?}", row.name);
                trials.push(Trial::test(name, move || holds(row, stem, *on)));
            }
        }
    }
    for &(name, lie, stem, cleanup, wanted) in shared::LIES {
        let name = format!("elsewhere/{name}");
        trials.push(Trial::test(name, move || shared::holds(lie, stem, cleanup, wanted)));
    }
    trials.push(Trial::test("the table is long enough and names no row twice", the_table));
    for (check, name, lie) in reads::LIES {
        trials
            .push(Trial::test(format!("check/{check}/{name}"), move || reads::holds(check, *lie)));
    }
    trials.push(Trial::test("every check passes without a lie", reads::without_a_lie));
    trials.push(Trial::test("no bytes of any kind pass", any::no_bytes_pass));
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Runs the row with its fault, and without.
fn holds(row: &Row, stem: Stem, on: On) -> Result<(), Failed> {
    let architecture = place::place(match row.fault {
        Fault::Policies(changed) => changed,
        _ => &[],
    });
    let (record, struck) = run(&architecture, stem, row.fault, on, row.times);
    let result = record.results.first().ok_or("no result")?;
    if !matches!(row.fault, Fault::Policies(_) | Fault::None) && struck == 0 {
        return Err("the fault did not strike".into());
    }
    if matches!(row.fault, Fault::Stopped) && struck != 1 {
        return Err("a stopped run tried again".into());
    }
    if matches!(row.fault, Fault::BreaksOff(_)) && result.tries.len() > 1 {
        return Err("an answer that broke off was asked for again".into());
    }
    let (verdict, reason) = wanted(row, &architecture, stem, on);
    if (result.verdict, result.reason) != (verdict, reason) {
        return Err(format!(
            "{} {:?}, not {verdict:?} {reason:?}:\n{result:#?}",
            result.verdict.as_str(),
            result.reason
        )
        .into());
    }
    let exit = match verdict {
        Verdict::Pass => 0,
        Verdict::Fail => 1,
        _ => 2,
    };
    if record.summary.exit_code != exit {
        return Err(format!("exit code {}, not {exit}", record.summary.exit_code).into());
    }
    if verdict == Verdict::Pass {
        let tries = result.tries.len();
        let retried = on == On::Attempt && row.times == 1;
        return if tries == 1 + usize::from(retried) {
            Ok(())
        } else {
            Err(format!("{tries} tries").into())
        };
    }
    // The same row without its fault passes, or it would prove nothing that it does not.
    if stem == place::DELETED {
        return Ok(());
    }
    if passes_without(stem) {
        Ok(())
    } else {
        Err("it does not pass without the fault either".into())
    }
}

/// Whether the row of a scenario file passes without a fault: tried once, for it is the same for
/// every fault.
fn passes_without(stem: Stem) -> bool {
    static KNOWN: Mutex<BTreeMap<Stem, bool>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().expect("no test thread panics here");
    *known.entry(stem).or_insert_with(|| {
        let (record, _) = run(&place::place(&[]), stem, Fault::None, On::Attempt, 0);
        record.summary.exit_code == 0 && record.summary.counts.pass == 1
    })
}

/// What must come of a fault at this place: the row says it of the attempt; elsewhere a witness, a
/// fixture or a session is missing.
fn wanted(row: &Row, architecture: &Architecture, stem: Stem, on: On) -> (Verdict, Option<Reason>) {
    let has_fixtures = scenario(architecture, stem).rows.iter().any(|row| !row.fixtures.is_empty());
    let reason = match (row.verdict, on) {
        (Verdict::Pass, _) => None,
        (Verdict::Inconclusive, On::Everything | On::Sessions) if has_fixtures => {
            Some(Reason::NoFixture)
        }
        (Verdict::Inconclusive, On::Before | On::After | On::Everything) => Some(Reason::NoWitness),
        _ => row.reason,
    };
    (row.verdict, reason)
}

fn scenario(architecture: &Architecture, stem: Stem) -> &Scenario {
    let mut scenarios = architecture.scenarios.iter();
    scenarios.find(|scenario| scenario.stem == stem).expect("the scenario file")
}

/// Runs the one forbidden attempt of a scenario file, and tells how often the fault struck.
fn run(
    architecture: &Architecture,
    stem: Stem,
    fault: Fault,
    on: On,
    times: usize,
) -> (Arc<RunRecord>, usize) {
    let forbidden = |attempt: &&Arc<Attempt>| attempt.kind == Kind::Deny;
    let attempt = scenario(architecture, stem).attempts().find(forbidden).expect("a deny");
    let mut wanted = vec![attempt.id.clone()];
    if stem == place::DELETED {
        wanted =
            scenario(architecture, stem).attempts().map(|attempt| attempt.id.clone()).collect();
    }
    let selection = Selection { wanted, exact: true, ..Selection::default() };
    let plan = Plan::new(std::slice::from_ref(architecture), &selection);
    let row = plan.rows.first().expect("a row");
    let stop = Stop::default();
    let script = Script::new(
        fault,
        on,
        times,
        &plan::row_steps(row, &plan.attempts(row), true),
        stop.clone(),
    );
    let options = Options {
        jobs: 1,
        fail_fast: false,
        // The table's messages name objects by it.
        run: "run".to_owned(),
        scenarios: "faults".to_owned(),
        share: true,
        wrap: Some(script.connector()),
    };
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut record = runtime.block_on(runner::run(&plan, &options, &stop, |_| {}));
    if stem == place::DELETED {
        // What was permitted is only there to have happened before.
        let record = Arc::make_mut(&mut record);
        record.results.retain(|result| result.kind == ResultKind::Deny);
    }
    (record, script.struck.load(Ordering::SeqCst).min(times))
}

fn the_table() -> Result<(), Failed> {
    let mut names: Vec<&str> = TABLE.iter().map(|row| row.name).collect();
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    let faulty = TABLE.iter().filter(|row| row.verdict != Verdict::Pass).count();
    if names.len() == all && faulty >= 45 {
        Ok(())
    } else {
        Err(format!("{faulty} faults, {} names of {all}", names.len()).into())
    }
}
