//! That refusals share their witnesses saves calls and changes no verdict: every scenario comes out
//! alike with witnesses of its own for each refusal, also where a policy is weakened.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
};

use gainsay::{
    files::load,
    plan::{Plan, Selection},
    record::RunRecord,
    runner::{self, Options, Stop},
    suite::{self, Architecture},
    verdict::{Reason, Verdict},
};

use super::{POLICY, each, mutate, resolve, sampled, scenarios, shipped, world};

/// What a run found, by the ids of the results.
type Found = BTreeMap<String, (Verdict, Option<Reason>)>;

fn run(architectures: &[Architecture], share: bool) -> RunRecord {
    let selection = Selection::default();
    let plan = Plan::new(architectures, &selection);
    let options = Options {
        jobs: 1,
        fail_fast: false,
        run: runner::new_run_id(),
        scenarios: "scenarios".to_owned(),
        share,
        wrap: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.expect("a runtime");
    let record = runtime.block_on(runner::run(&plan, &options, &Stop::default(), |_| {}));
    RunRecord::clone(&record)
}

fn found(record: &RunRecord) -> Found {
    let results = record.results.iter();
    results.map(|result| (result.id.clone(), (result.verdict, result.reason))).collect()
}

/// What comes out otherwise; and how many calls sharing saves of how many.
fn differences(architectures: &[Architecture]) -> (Vec<String>, u64, u64) {
    let [shared, alone] = [true, false].map(|share| run(architectures, share));
    let (one, other) = (found(&shared), found(&alone));
    let ids: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let different = ids.into_iter().filter(|id| one.get(*id) != other.get(*id));
    let messages =
        different.map(|id| format!("{id}: {:?}, alone {:?}", one.get(id), other.get(id)));
    (messages.collect(), shared.run.calls, alone.run.calls)
}

#[test]
fn sharing_witnesses_changes_no_verdict_of_the_shipped_scenarios() {
    let folders = load::load(&scenarios()).expect("the shipped scenarios are readable");
    let (architectures, _) =
        suite::resolve(&folders).unwrap_or_else(|problems| panic!("{problems}"));
    let (different, shared, alone) = differences(&architectures);
    assert!(different.is_empty(), "{}", different.join("\n"));
    // It does share: otherwise nothing was compared.
    assert!(shared * 10 < alone * 9, "{shared} calls, alone {alone}");
}

#[test]
fn sharing_witnesses_changes_no_verdict_under_weakened_policies() {
    let all = mutate::weakenings(&shipped(POLICY), &world());
    let mutants = sampled("weakenings with and without shared witnesses", 12, all);
    let wrong = Mutex::new(Vec::new());
    each(&mutants, |mutant| {
        let (different, ..) = differences(&[resolve(&[(POLICY, &mutant.policy)])]);
        if !different.is_empty() {
            let message = format!("{} {}:\n{}", mutant.sid, mutant.name, different.join("\n"));
            wrong.lock().expect("no test thread panics here").push(message);
        }
    });
    let wrong = wrong.into_inner().expect("no test thread panics here");
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), mutants.len(), wrong.join("\n"));
}
