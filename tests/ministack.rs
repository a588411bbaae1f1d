//! A target that nobody here wrote: ministack from PyPI (MIT), installed below `target/` and started on loopback, with a TLS port and a plain one.
//!
//! Every attempt of secure-bucket passes there, or is skipped for a reason, or is in `targets/ministack.yaml`, which says why it differs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at a surprise"
)]

mod common;
#[path = "ministack/server.rs"]
mod server;
#[path = "ministack/table.rs"]
mod table;

use std::{fs, path::Path, process::Output};

use common::{code, copy_scenarios, gainsay, stderr, stdout};
use serde_json::Value;
use server::Server;
use table::Table;

/// Any access key of twelve digits is the root user of that account there.
const ACCOUNT: &str = "222233334444";

/// A copy of the scenarios with the table's changes.
fn scenarios(table: &Table) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    copy_scenarios(copy.path());
    for change in &table.changes {
        let path = copy.path().join(&table.architecture).join(&change.file);
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(
            text.matches(&change.from).count(),
            1,
            "{} has no longer, once: {}",
            change.file,
            change.from
        );
        fs::write(path, text.replace(&change.from, &change.to)).unwrap();
    }
    copy
}

/// The program against the server, with its credentials and nobody else's.
fn on(server: &Server, account: &str, command: &str, arguments: &[&str]) -> Output {
    gainsay()
        .env_clear()
        .env("AWS_ACCESS_KEY_ID", account)
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .args([
            command,
            "--color",
            "never",
            "--target",
            &server.url,
            "--plain-url",
            &server.plain_url,
        ])
        .args(["--ca-file", server.ca_file.to_str().unwrap()])
        .args(arguments)
        .output()
        .unwrap()
}

fn record(reports: &Path) -> Value {
    serde_json::from_slice(&fs::read(reports.join("latest/record.json")).unwrap()).unwrap()
}

#[test]
fn a_target_nobody_here_wrote_answers_as_aws_apart_from_its_table() {
    let table = Table::read();
    let (scenarios, reports) = (scenarios(&table), tempfile::tempdir().unwrap());
    let folder = scenarios.path().to_str().unwrap();
    let (reports, architecture) = (reports.path(), table.architecture.as_str());
    let arguments = ["--scenarios", folder, "--report-dir", reports.to_str().unwrap(), architecture];

    let sandbox = gainsay().arg("run").args(arguments).output().unwrap();
    assert_eq!(code(&sandbox), 0, "the changed copy must pass on the sandbox: {}", stdout(&sandbox));

    let server = Server::start(&table);
    let mut all = arguments.to_vec();
    all.push("--provision");
    let output = on(&server, ACCOUNT, "run", &all);
    let said = format!("{}{}", stdout(&output), stderr(&output));
    let record = record(reports);
    assert_eq!(record["run"]["target"], server.url.as_str(), "{said}");
    assert_eq!(record["run"]["architectures"][0]["account"], ACCOUNT);
    assert_eq!(record["run"].get("left_behind"), None, "{said}");
    let counts = &record["summary"]["counts"];
    println!("{counts}, {} calls", record["run"]["calls"]);
    assert!(counts["pass"].as_u64().unwrap() >= 300, "{said}");
    let problems = table.compare(record["results"].as_array().unwrap());
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
    // What was made for the run is gone: nothing but keys, which wait for their deletion.
    assert_eq!(server.buckets(ACCOUNT), Vec::<String>::new());
    assert_eq!(server.roles(ACCOUNT), Vec::<String>::new());
}
