//! Every attempt of the shipped scenarios as a test of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    gainsay::harness::main("scenarios")
}
