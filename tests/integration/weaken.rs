//! Weakening any one Deny statement of the bucket policy is noticed, and spelling it otherwise is
//! not.

mod mutate;
mod witnesses;

use std::{
    collections::{BTreeMap, HashSet},
    fs,
    path::{Path, PathBuf},
    process::Output,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use gainsay::{
    attempt::OPERATIONS,
    files::{Folder, load},
    plan::{Plan, Selection},
    record::{Event, ResultRecord, RunRecord},
    runner::{self, Options, Stop},
    suite::{self, Architecture},
    verdict::{Reason, Verdict},
};
use gainsay_model::{Service, Source};
use mutate::{Mutant, World};
use serde_json::{Value, json};

use crate::common::{
    Copied,
    changes::{patched, replace},
    sampled, stderr,
};

const POLICY: &str = "policies/evidence-bucket.json";

/// Weakenings that no request of the environment can show: the Sid (nothing for any), the name, and
/// why.
const UNNOTICEABLE: &[(Option<&str>, &str, &str)] = &[(
    Some("DenyInsecureTransport"),
    "NotAction is s3:AbortMultipartUpload",
    "an upload can be aborted once, so an abort over TLS cannot be seen to succeed both before and after",
)];

fn scenarios() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

fn folder() -> Folder {
    let mut folders =
        load::load(&scenarios().join("secure-bucket")).expect("the shipped scenarios are readable");
    folders.pop().expect("one architecture")
}

fn shipped(path: &str) -> Value {
    let text = folder().file(path).expect("the shipped policy").text().to_owned();
    serde_json::from_str(&text).expect("JSON")
}

/// The shipped scenarios with other files.
fn resolve(files: &[(&str, &Value)]) -> Architecture {
    let mut folder = folder();
    for (path, value) in files {
        let text = serde_json::to_string_pretty(value).expect("JSON");
        folder.insert(*path, Ok(Source::new(*path, text)));
    }
    let (mut architectures, _) = suite::resolve(&[folder]).unwrap_or_else(|problems| {
        let shown: Vec<String> = problems.iter().map(|problem| problem.render(false)).collect();
        panic!("{}", shown.join("\n"))
    });
    architectures.pop().expect("one architecture")
}

fn world() -> World {
    let environment = resolve(&[]).environment;
    let mut actions: Vec<&str> = OPERATIONS
        .iter()
        .filter(|operation| operation.service == Service::S3)
        .flat_map(|operation| [Some(operation.action), operation.action_with_version])
        .flatten()
        .collect();
    actions.sort_unstable();
    actions.dedup();
    World {
        roles: environment.deployed.roles.iter().map(|role| role.arn.clone()).collect(),
        account: environment.deployed.account.clone(),
        partner: environment
            .deployed
            .role("outsider")
            .expect("a role of another account")
            .account
            .clone(),
        other_keys: environment
            .deployed
            .keys
            .iter()
            .filter(|key| key.name != "evidence")
            .map(|key| key.arn.clone())
            .collect(),
        other_bucket: environment.deployed.bucket("scratch").expect("another bucket").arn(),
        actions,
    }
}

/// Whether a failure names a statement: it had to refuse and did not, or it refuses what it must
/// not. One that asks where a request comes from, which none of them says, is named as what cannot
/// be decided.
fn names(result: &ResultRecord, sid: &str) -> bool {
    let refused = result.observed.iter().flat_map(|observed| &observed.statements);
    // An attempt that asks for no statement, because AWS would not tell, is named by its own id.
    let named = result.expected.sid.as_deref();
    let lost = match result.reason {
        Some(Reason::GotThrough) => named.is_none_or(|named| named == sid),
        Some(Reason::WrongReason) => named == Some(sid) && result.detail.contains(sid),
        _ => false,
    };
    let gained = result.reason == Some(Reason::Refused)
        && refused.clone().any(|statement| statement.sid.as_deref() == Some(sid));
    let undecided =
        result.detail.contains(&format!("(`{sid}`) reads the condition key `aws:sourceip`"));
    match result.verdict {
        Verdict::Fail => lost || gained,
        Verdict::Inconclusive => undecided,
        _ => false,
    }
}

/// Runs in this process until a failure names the statement. A failure of a part of a run is one of
/// the whole: rows know nothing of each other, and every row that is run is run as it is.
fn named(
    architecture: &Architecture,
    wanted: &[&str],
    fail_fast: bool,
    sid: &str,
) -> Option<String> {
    let architectures = std::slice::from_ref(architecture);
    let selection = Selection {
        wanted: wanted.iter().map(|text| format!("secure-bucket/{text}")).collect(),
        ..Selection::default()
    };
    let plan = Plan::new(architectures, &selection);
    let options = Options {
        jobs: 1,
        fail_fast,
        run: mutate::RUN.to_owned(),
        scenarios: "scenarios".to_owned(),
        share: true,
        wrap: None,
    };
    let stop = Stop::default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .event_interval(1)
        .build()
        .expect("a runtime");
    let mut found = None;
    runtime.block_on(runner::run(&plan, &options, &stop, |event| {
        if let Event::Result { result } = event
            && names(result, sid)
        {
            found.get_or_insert_with(|| result.id.clone());
            stop.interrupt();
        }
    }));
    found
}

/// Does the work on every core.
fn each<T: Sync>(work: &[T], job: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(item) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
                    job(item);
                }
            });
        }
    });
}

fn unnoticeable(mutant: &Mutant) -> bool {
    UNNOTICEABLE
        .iter()
        .any(|(sid, name, _)| sid.is_none_or(|sid| sid == mutant.sid) && mutant.name == *name)
}

/// The files whose attempts name the statement most.
fn likely(sid: &str) -> &'static [&'static str] {
    if sid == "DenyInsecureTransport" {
        &["plain-http", "presigned", "key-names"]
    } else {
        &["encryption", "presigned", "key-names"]
    }
}

#[test]
fn every_weakening_of_a_deny_statement_is_noticed() {
    let all = mutate::weakenings(&shipped(POLICY), &world());
    assert!(all.len() > 200, "{} weakenings", all.len());
    let mutants = sampled("weakenings of a deny statement", 60, all);
    let missed = Mutex::new(Vec::new());
    each(&mutants, |mutant| {
        let architecture = resolve(&[(POLICY, &mutant.policy)]);
        // The first failure is nearly always the one.
        let found = [(likely(&mutant.sid), true), (&[], true), (&[], false)]
            .into_iter()
            .find_map(|(wanted, fail_fast)| named(&architecture, wanted, fail_fast, &mutant.sid));
        if found.is_some() == unnoticeable(mutant) {
            let what = if found.is_some() {
                "is noticed, so it is no exception"
            } else {
                "goes unnoticed"
            };
            missed
                .lock()
                .expect("no test thread panics here")
                .push(format!("{}: {} {what}", mutant.sid, mutant.name));
        }
    });
    let mut missed = missed.into_inner().expect("no test thread panics here");
    missed.sort();
    assert!(missed.is_empty(), "{} of {}:\n{}", missed.len(), mutants.len(), missed.join("\n"));
}

/// Runs the program on a copy of the shipped scenarios with one other file.
fn gainsay(path: &str, value: &Value) -> (Output, RunRecord) {
    let copy = Copied::new();
    fs::write(copy.path().join("secure-bucket").join(path), format!("{value:#}"))
        .expect("the copy can be written");
    let output = copy.run(&["--format", "terse", "secure-bucket"]);
    let record = fs::read(copy.reports().join("latest/record.json"));
    let record = record.unwrap_or_else(|_| panic!("no record: {}", stderr(&output)));
    (output, serde_json::from_slice(&record).expect("a record"))
}

#[test]
fn the_program_exits_1_and_names_what_changed() {
    let mutants = mutate::weakenings(&shipped(POLICY), &world());
    let mut kinds = HashSet::new();
    let noticeable = mutants.iter().filter(|mutant| !unnoticeable(mutant));
    let one_of_each: Vec<&Mutant> =
        noticeable.filter(|mutant| kinds.insert((&mutant.sid, mutant.kind))).collect();
    // Four statements; a value list can be widened in two of them.
    assert_eq!(one_of_each.len(), 4 * 7 + 2);
    for mutant in sampled("kinds of weakening, by the program", 10, one_of_each) {
        let (output, record) = gainsay(POLICY, &mutant.policy);
        let what = format!("{}: {}", mutant.sid, mutant.name);
        assert_eq!(
            output.status.code(),
            Some(1),
            "{what}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let printed = String::from_utf8_lossy(&output.stdout);
        let named = record.results.iter().filter(|result| names(result, &mutant.sid));
        let named = named.filter(|result| printed.contains(&result.id)).count();
        assert!(named > 0 && printed.contains(&mutant.sid), "{what} is not named:\n{printed}");
    }
}

#[test]
fn the_program_exits_0_for_other_spellings() {
    for (name, policy) in mutate::spellings(&shipped(POLICY)) {
        let (output, record) = gainsay(POLICY, &policy);
        let failed = record.results.iter().filter(|result| result.verdict != Verdict::Pass);
        let failed: Vec<_> = failed.map(|result| (&result.id, &result.detail)).collect();
        assert_eq!(output.status.code(), Some(0), "{name}: {failed:#?}");
    }
}

#[test]
fn removing_a_statement_from_a_role_policy_is_noticed() {
    let mut removed = BTreeMap::new();
    for role in ["app", "reader", "admin", "stranger"] {
        let path = format!("policies/{role}.json");
        let policy = shipped(&path);
        for sid in policy["Statement"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|statement| statement["Sid"].as_str())
        {
            // IAM takes no policy without a statement, so something harmless stands in.
            let nothing = json!({ "Sid": "Nothing", "Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*" });
            let without = patched(&policy, &[replace(&format!("/Statement/{sid}"), nothing)]);
            let without = without.expect("another statement");
            let (output, record) = gainsay(&path, &without);
            let refused = record
                .results
                .iter()
                .filter(|result| result.reason == Some(Reason::Refused))
                .count();
            removed.insert(format!("{role} without {sid}"), (output.status.code(), refused > 0));
        }
    }
    let wrong: Vec<_> =
        removed.iter().filter(|(_, outcome)| **outcome != (Some(1), true)).collect();
    assert!(wrong.is_empty() && removed.len() == 13, "{wrong:#?} of {}", removed.len());
}
