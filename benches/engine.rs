//! `gainsay decide` cold, over lines with their policies. `cargo bench --bench engine` prints the
//! median, and those of the engine itself from the bench of the same name of `gainsay-iam`.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_macros,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::format_collect,
    clippy::cast_precision_loss,
    missing_docs,
    reason = "a benchmark prints its figures and may stop at a surprise"
)]

#[path = "../crates/gainsay-iam/benches/engine/inputs.rs"]
#[expect(dead_code, reason = "the engine's own figures need more of them")]
mod inputs;

use std::{
    fs,
    process::{Command, Stdio},
    time::Instant,
};

use serde_json::Value;

use inputs::{refused_upload, upload};

const ROUNDS: usize = 11;
const LINES: usize = 100_000;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("inputs.jsonl");
    let lines = [line(upload()), line(refused_upload())];
    let bytes = lines.iter().map(String::len).sum::<usize>() / lines.len();
    fs::write(
        &file,
        lines.iter().cycle().take(LINES).map(|line| format!("{line}\n")).collect::<String>(),
    )
    .unwrap();
    let seconds = median(|| {
        let mut decide = Command::new(env!("CARGO_BIN_EXE_gainsay"));
        decide.args(["decide", "--input"]).arg(&file).stdout(Stdio::null());
        assert!(decide.status().unwrap().success());
    });
    println!("decide, cold, lines of {bytes} bytes: {:.0} lines a second", LINES as f64 / seconds);
}

fn median(mut measured: impl FnMut()) -> f64 {
    let mut seconds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            measured();
            begun.elapsed().as_secs_f64()
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    *seconds.get(ROUNDS / 2).unwrap()
}

/// An input with so few of its statements that it is a line of at most 1 KB.
fn line(mut input: Value) -> String {
    let statements = input["policies"]["resource"]["Statement"].as_array_mut().unwrap();
    statements.retain(|statement| statement["Sid"] == "Kms");
    input["policies"]["scp"] = Value::Null;
    input["context"]
        .as_object_mut()
        .unwrap()
        .retain(|key, _| !key.ends_with("key-id") && key != "aws:SourceIp");
    input["policies"]["identity"][0]["Statement"].as_array_mut().unwrap().pop();
    let line = input.to_string();
    assert!(line.len() > 850 && line.len() <= 1_024, "{}", line.len());
    line
}
