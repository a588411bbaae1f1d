//! Every attempt below `scenarios/` is a test.

fn main() -> std::process::ExitCode {
    gainsay::harness::main("scenarios")
}
