//! Bad input: every mistake gets file, line, caret and a suggestion, exit 3, and nothing is sent.
//!
//! A case is a file below `tests/bad_input/cases/`: what is expected, then changes to a copy of
//! `tests/bad_input/valid/`.
//!
//! ```text
//! # a word of explanation
//! code: unknown-key               one for every problem, and there are no others
//! says: there is no `encrpytion`  a part of the message
//! help: did you mean              a part of the help
//! --- vault/put.yaml              an edit: the lines after `-` become those after `+`, ` ` stays
//! -  encryption: aws:kms
//! +  «encrpytion»: aws:kms        the guillemets are where the caret must be; they are not written
//! +++ vault/more.yaml             a new file
//! !!! vault/baseline.yaml         a file to remove
//! ```
//!
//! `\u{1b}` anywhere in a change is that character. What cannot be told so is a test of its own
//! below.

#![allow(
    clippy::format_collect,
    clippy::format_push_string,
    reason = "short texts, and easier to read"
)]

mod bindings;
mod case;
mod copy;
mod fuzz;
mod limits;
mod places;

use std::{collections::BTreeSet, fs, path::Path};

use case::Case;

/// The valid architecture is valid, so that a case fails for its own reason.
#[test]
fn the_valid_architecture_passes() {
    let copy = copy::Copy::new();
    let ran = copy.run(&[]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.lines().any(|line| line.starts_with("test ")), "{}", ran.stdout);
    assert!(copy.reported());
}

#[test]
fn every_mistake_is_shown_where_it_is_and_nothing_is_sent() {
    let cases = Case::all(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bad_input/cases")));
    let only = std::env::var("CASE").unwrap_or_default();
    let chosen: Vec<&Case> = cases.iter().filter(|case| case.name.contains(&only)).collect();
    let half = chosen.len().div_ceil(2).max(1);
    let failures: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = chosen
            .chunks(half)
            .map(|cases| {
                scope.spawn(move || {
                    cases.iter().filter_map(|case| case.check().err()).collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(
        failures.is_empty(),
        "{} of {} cases:\n\n{}",
        failures.len(),
        chosen.len(),
        failures.join("\n\n")
    );
}

/// Every kind of problem that input can have is shown by a case or a test here.
#[test]
fn every_code_has_a_case() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bad_input"));
    let cases = Case::all(&root.join("cases"));
    let shown: BTreeSet<&str> =
        cases.iter().flat_map(|case| case.codes.iter().map(String::as_str)).collect();
    let own = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/integration/bad_input"));
    let tests = ["bindings.rs", "limits.rs", "places.rs"]
        .map(|file| fs::read_to_string(own.join(file)).unwrap())
        .concat();
    let errors = gainsay::files::diag::Code::ALL
        .iter()
        .filter(|code| code.severity() == gainsay::files::diag::Severity::Error);
    let missing: Vec<_> = errors
        .filter(|code| {
            !shown.contains(code.as_str()) && !tests.contains(&format!("error[{}]", code.as_str()))
        })
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
