//! The whole program, cold: reading, resolving and running the shipped scenarios, and writing the reports. `cargo bench` prints the median
//! of several runs and the highest memory seen.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_macros,
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark prints its figures and may stop at a surprise"
)]

use std::{
    fs,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

const ROUNDS: usize = 21;

fn main() {
    let reports = tempfile::tempdir().unwrap();
    let (mut times, mut peak) = (Vec::new(), 0);
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_gainsay"))
            .args(["run", "--report-dir", reports.path().to_str().unwrap()])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        while child.try_wait().unwrap().is_none() {
            peak = peak.max(peak_kib(&child).unwrap_or(0));
            thread::sleep(Duration::from_micros(500));
        }
        times.push(begun.elapsed());
        assert!(child.wait().unwrap().success());
    }
    times.sort_unstable();
    println!("gainsay run, cold, {ROUNDS} rounds");
    println!("median: {:.1} ms", times.get(ROUNDS / 2).unwrap().as_secs_f64() * 1000.0);
    println!("peak:   {} MiB", peak / 1024);
}

/// The child's highest resident size so far, where the system tells.
fn peak_kib(child: &Child) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
