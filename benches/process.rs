//! The whole program, cold: reading, resolving and running the shipped scenarios, and writing the
//! reports. `cargo bench` prints the median of several runs and the highest memory seen.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_macros,
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark prints its figures and may stop at a surprise"
)]

#[path = "whole.rs"]
mod whole;

use std::process::{Command, Stdio};

const ROUNDS: usize = 21;

fn main() {
    let reports = tempfile::tempdir().unwrap();
    let (mut times, mut peak) = (Vec::new(), 0);
    for _ in 0..ROUNDS {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gainsay"));
        command
            .args(["run", "--report-dir", reports.path().to_str().unwrap()])
            .stdout(Stdio::null());
        let (took, highest) = whole::measure(&mut command);
        times.push(took);
        peak = peak.max(highest);
    }
    times.sort_unstable();
    println!("gainsay run, cold, {ROUNDS} rounds");
    println!("median: {:.1} ms", times.get(ROUNDS / 2).unwrap().as_secs_f64() * 1000.0);
    println!("peak:   {} MiB", peak / 1024);
}
