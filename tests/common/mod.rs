//! What the tests of the program as a whole share: running the binary as a user would.

#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test binary uses a part of this, and a test may stop at a surprise"
)]

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

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
