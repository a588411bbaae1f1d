//! `gainsay serve` and clients that nobody here wrote: boto3 and the AWS CLI from `PyPI`, and curl.
//! What they do is in `tests/clients/`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Mutex,
};

use crate::common::{book, served::Served};

/// With the versions of their dependencies that `PyPI` has for them.
const PACKAGES: [&str; 2] = ["boto3==1.44.8", "awscli==1.46.3"];

/// The python of a virtual environment below `target/` that has the clients.
fn install() -> PathBuf {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(PACKAGES.join("-").replace("==", "-"));
    let (python, done) = (folder.join("bin/python"), folder.join("installed"));
    if done.exists() {
        return python;
    }
    let made = Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder).output();
    let made = made
        .unwrap_or_else(|error| panic!("python3 cannot be started ({error}): install it, on Debian with `apt-get install python3-venv`"));
    assert!(
        made.status.success(),
        "python3 makes no virtual environment: install python3-venv, on Debian with `apt-get install python3-venv`\n{}",
        said(&made)
    );
    let installed = Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
        .args(PACKAGES)
        .output()
        .unwrap();
    assert!(
        installed.status.success(),
        "the clients cannot be installed from PyPI:\n{}",
        said(&installed)
    );
    fs::write(done, "").unwrap();
    python
}

fn said(output: &Output) -> String {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

/// Runs a file against a server of its own.
fn run(file: &str) {
    run_against(&[], file);
}

fn run_against(arguments: &[&str], file: &str) {
    let python = install();
    let served = Served::start(&[&["--quiet"], arguments].concat());
    let output = Command::new("timeout")
        .arg("240")
        .arg(python)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(file))
        .env("GAINSAY_SERVE", served.line())
        // Nothing of whoever runs the tests, and nothing left in the tree.
        .env_remove("AWS_PROFILE")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{file}:\n{}", said(&output));
}

#[test]
fn boto3_gets_the_status_the_code_and_the_reason_of_aws() {
    run("probes.py");
}

/// AWS's own answers, as others recorded them, to calls of boto3.
#[test]
fn boto3_gets_the_answers_that_were_recorded() {
    run("recorded.py");
}

#[test]
fn boto3_reads_and_ends_what_watches_an_account() {
    run_against(&["--environment", "scenarios/encrypted-bucket/environment.yaml"], "watch.py");
}

#[test]
fn the_aws_cli_builds_a_hardened_bucket() {
    run("guide.py");
}

#[test]
fn curl_uses_presigned_urls_and_forms() {
    run("presigned.py");
}

#[test]
fn the_guide_lists_the_operations_that_boto3_finds() {
    run("operations.py");
}

#[test]
fn the_chapter_about_serving_is_current() {
    let chapter = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guide/src/serve.md");
    let programs = install().parent().unwrap().to_owned();
    // The name by which a reader calls it.
    assert!(programs.join("python3").exists());
    book::run(&chapter, &[programs]).unwrap_or_else(|problem| panic!("{problem}"));
}
