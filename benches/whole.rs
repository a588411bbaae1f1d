//! One run of the program as a whole: how long it took, and the most memory it had.

use std::{
    fs,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// Runs a command to its end, which must be a good one. Answers the time, and the highest resident
/// size in KiB where the system tells.
pub fn measure(command: &mut Command) -> (Duration, u64) {
    let begun = Instant::now();
    let mut child = command.spawn().unwrap();
    let (id, ended) = (child.id(), Arc::new(AtomicBool::new(false)));
    let watching = ended.clone();
    // Seldom, for it takes time from what is measured; what is read is the highest so far.
    let watch = thread::spawn(move || {
        let mut peak = 0;
        while !watching.load(Ordering::Relaxed) {
            peak = peak.max(peak_kib(id).unwrap_or(0));
            thread::sleep(Duration::from_millis(5));
        }
        peak
    });
    let status = child.wait().unwrap();
    let took = begun.elapsed();
    ended.store(true, Ordering::Relaxed);
    assert!(status.success(), "{command:?}");
    (took, watch.join().unwrap())
}

fn peak_kib(id: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
