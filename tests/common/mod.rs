//! What the tests of the program as a whole share: running the binary as a user would.

#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test binary uses a part of this, and a test may stop at a surprise"
)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

/// The binary under test, from the repository's root, without the caller's colours.
pub fn gainsay() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gainsay"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env_remove("NO_COLOR");
    command
}

/// Runs the binary with these arguments.
pub fn run(arguments: &[&str]) -> Output {
    gainsay().args(arguments).output().unwrap()
}

/// What was printed on standard output.
pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// What was printed on standard error.
pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The exit code.
pub fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

/// A copy of the shipped scenarios below `directory`.
pub fn copy_scenarios(directory: &Path) {
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios"), directory);
}

/// Copies a folder.
pub fn copy(from: &Path, to: &Path) {
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

/// A copy of the shipped scenarios of its own, and what running it leaves.
pub struct Copied(tempfile::TempDir);

impl Copied {
    pub fn new() -> Self {
        let copy = tempfile::tempdir().unwrap();
        copy_scenarios(copy.path());
        Self(copy)
    }

    /// The same with another text in some files; each of the old ones is there once.
    pub fn edited(edits: &[(&str, &str, &str)]) -> Self {
        let copy = Self::new();
        for (file, from, to) in edits {
            let path = copy.path().join(file);
            let text = fs::read_to_string(&path).unwrap();
            assert_eq!(text.matches(from).count(), 1, "`{from}` in {file}");
            fs::write(path, text.replace(from, to)).unwrap();
        }
        copy
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn reports(&self) -> PathBuf {
        self.path().join("reports")
    }

    pub fn call(&self, command: &str, arguments: &[&str]) -> Output {
        let fixed = [command, "--color", "never", "--scenarios", self.path().to_str().unwrap()];
        gainsay().args(fixed).args(arguments).output().unwrap()
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        let reports = self.reports();
        self.call("run", &[&["--report-dir", reports.to_str().unwrap()], arguments].concat())
    }

    pub fn record(&self) -> Value {
        serde_json::from_slice(&fs::read(self.reports().join("latest/record.json")).unwrap())
            .unwrap()
    }
}

/// A fixed part of what is long to try: every so many-th, so that about `about` are tried; all of
/// it where `GAINSAY_TESTS=all` is set, as `.ci/deep` does. What was tried is noted below
/// `target/tmp/sampled`, and the end of `.ci/run` prints it.
pub fn sampled<T>(what: &str, about: usize, all: Vec<T>) -> Vec<T> {
    let (whole, total) =
        (std::env::var("GAINSAY_TESTS").is_ok_and(|tests| tests == "all"), all.len());
    let step = if whole { 1 } else { total.div_ceil(about).max(1) };
    let tried: Vec<T> = all.into_iter().step_by(step).collect();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sampled");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(what.replace(' ', "-")), format!("{what}: {} of {total}\n", tried.len()))
        .unwrap();
    tried
}
