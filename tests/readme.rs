//! The README shows what the program prints today, its scenario works, and it stays short.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may stop at a surprise"
)]

#[path = "common/book.rs"]
mod book;
mod common;

use std::{fs, path::Path};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn its_examples_are_current() {
    book::run(&root().join("README.md"), &[]).unwrap_or_else(|problem| panic!("{problem}"));
}

#[test]
fn it_is_short() {
    let lines = fs::read_to_string(root().join("README.md")).unwrap().lines().count();
    assert!(lines <= 150, "{lines} lines: what is long has a chapter in docs/guide");
}

/// In both places, in the words of the program itself.
#[test]
fn exit_codes_mean_what_the_program_says() {
    let source = fs::read_to_string(root().join("src/exit.rs")).unwrap();
    let body = source.split_once("pub enum Exit {").unwrap().1.split_once("\n}").unwrap().0;
    let (mut said, mut wanted) = (String::new(), Vec::new());
    for line in body.lines().map(str::trim) {
        if let Some(words) = line.strip_prefix("/// ") {
            said = format!("{said} {words}").trim().to_owned();
        } else if let Some((_, number)) = line.trim_end_matches(',').split_once(" = ") {
            wanted.push([number.to_owned(), std::mem::take(&mut said)]);
        }
    }
    assert!(wanted.len() > 5, "{wanted:?}");
    for page in ["README.md", "docs/guide/src/commands.md"] {
        let text = fs::read_to_string(root().join(page)).unwrap();
        let sections = book::sections(&text);
        let (_, _, lines) = sections.iter().find(|(_, title, _)| title == "Exit codes").unwrap();
        let rows: Vec<[String; 2]> = book::rows(lines)
            .into_iter()
            .map(|row| [row[0].trim_matches('`').to_owned(), row[1].clone()])
            .collect();
        assert_eq!(rows, wanted, "{page}");
    }
}
