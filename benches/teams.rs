//! What a further team costs: the team bucket with 3, 10, 30 and 100 teams, the whole program cold.
//! Pairs of teams grow with the square of the teams, so what must not grow is the cost of a pair.
//! `cargo bench --bench teams` prints it, with the cost of a call.
//!
//! 30 and 100 teams run with `--sample pairwise`, which keeps every two teams together in every
//! file; 30 teams also whole with `GAINSAY_WHOLE=30` in the environment, which needs more memory
//! than a small machine has to spare.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_macros,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::cast_precision_loss,
    missing_docs,
    reason = "a benchmark prints its figures and may stop at a surprise"
)]

#[path = "whole.rs"]
mod whole;

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use gainsay::scenario::Sampled;
use serde::Deserialize;

/// How many teams, sampled or whole, and how many rounds.
const SIZES: [(usize, bool, usize); 6] =
    [(3, false, 5), (3, true, 5), (10, false, 3), (10, true, 3), (30, true, 1), (100, true, 1)];

/// Of the record, what is counted.
#[derive(Deserialize)]
struct Record {
    run: Run,
    summary: Summary,
}

#[derive(Deserialize)]
struct Run {
    calls: u64,
    sample: Option<Sampled>,
}

#[derive(Deserialize)]
struct Summary {
    counts: Counts,
}

#[derive(Deserialize)]
struct Counts {
    total: usize,
    pass: usize,
}

fn main() {
    println!("teams  sample    pairs  attempts    calls  wall s  peak MiB  us a pair  us a call");
    let whole = std::env::var("GAINSAY_WHOLE").ok().and_then(|teams| teams.parse().ok());
    for (teams, sampled, rounds) in SIZES.into_iter().chain(whole.map(|teams| (teams, false, 1))) {
        measure(teams, sampled, rounds);
    }
}

fn measure(teams: usize, sampled: bool, rounds: usize) {
    let folder = tempfile::tempdir().unwrap();
    copy(Path::new("scenarios/team-bucket"), folder.path());
    write_members(&folder.path().join("environment.yaml"), teams);
    let reports = tempfile::tempdir().unwrap();
    let (mut times, mut peak) = (Vec::new(), 0);
    for _ in 0..rounds {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gainsay"));
        command.args(["run", "--format", "terse"]).arg("--scenarios").arg(folder.path());
        command.arg("--report-dir").arg(reports.path());
        command.args(sampled.then_some("--sample=pairwise"));
        let (took, highest) = whole::measure(command.stdout(Stdio::null()));
        times.push(took);
        peak = peak.max(highest);
    }
    times.sort_unstable();
    let wall = times.get(rounds / 2).unwrap().as_secs_f64();
    let record = fs::read(reports.path().join("latest/record.json")).unwrap();
    let Record { run, summary } = serde_json::from_slice(&record).unwrap();
    assert_eq!(summary.counts.pass, summary.counts.total);
    assert_eq!(run.sample.is_some(), sampled);
    let pairs = teams * (teams - 1);
    println!(
        "{teams:>5}  {:<8}  {pairs:>5}  {:>8}  {:>7}  {wall:>6.2}  {:>8}  {:>9.0}  {:>9.1}",
        if sampled { "pairwise" } else { "-" },
        summary.counts.total,
        run.calls,
        peak / 1024,
        wall * 1e6 / pairs as f64,
        wall * 1e6 / run.calls as f64,
    );
}

/// The environment with so many teams in place of its own.
fn write_members(environment: &Path, teams: usize) {
    let text = fs::read_to_string(environment).unwrap();
    let (before, after) = text.split_once("    members:\n").expect("the members of the collection");
    let rest = after.split_once("\n\n").expect("an empty line after them").1;
    let member = |n| {
        format!("      - {{ name: team-{n}, prefix: team-{n}, rotation_days: 30, key_age: 20 }}\n")
    };
    let members = (1..=teams).map(member).collect::<Vec<String>>().concat();
    fs::write(environment, format!("{before}    members:\n{members}\n{rest}")).unwrap();
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
