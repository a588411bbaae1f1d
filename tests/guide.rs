//! The guide is true: its examples are run, its links lead somewhere, and its references list what
//! there is and nothing else.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may stop at a surprise"
)]

#[path = "common/book.rs"]
mod book;
#[path = "guide/commands.rs"]
mod commands;
mod common;
#[path = "guide/record.rs"]
mod record;
#[path = "common/served.rs"]
mod served;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    thread,
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn chapters() -> Vec<PathBuf> {
    let folder = fs::read_dir(root().join("docs/guide/src")).unwrap();
    let mut found: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.file_name().unwrap() != "SUMMARY.md");
    found.sort();
    assert!(found.len() > 10, "{found:?}");
    found
}

/// The text of a chapter.
fn chapter(name: &str) -> String {
    fs::read_to_string(root().join("docs/guide/src").join(name)).unwrap()
}

/// The lines below a heading of a page.
fn section(page: &str, heading: &str) -> Vec<String> {
    let sections = book::sections(page);
    let mut found = sections.into_iter().filter(|(_, title, _)| book::anchor(title) == heading);
    let (_, _, lines) = found.next().unwrap_or_else(|| panic!("no heading is `{heading}`"));
    assert!(found.next().is_none(), "two headings are `{heading}`");
    lines
}

/// All but `serve.md`, which needs clients that others wrote: `tests/clients.rs` runs it.
#[test]
fn its_examples_are_current() {
    let chapters = chapters();
    let chapters = chapters.iter().filter(|path| path.file_name().unwrap() != "serve.md");
    let problems: Vec<String> = thread::scope(|scope| {
        let running: Vec<_> = chapters.map(|path| scope.spawn(|| book::run(path, &[]))).collect();
        let done = running.into_iter().map(|chapter| chapter.join().unwrap());
        done.filter_map(Result::err).collect()
    });
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
}

#[test]
fn its_summary_lists_every_chapter_and_nothing_else() {
    let listed = book::links(&chapter("SUMMARY.md"));
    let there: BTreeSet<String> = chapters()
        .iter()
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    let once: BTreeSet<String> = listed.iter().cloned().collect();
    assert_eq!(once.len(), listed.len(), "a chapter is listed twice: {listed:?}");
    assert_eq!(once, there);
}

#[test]
fn links_lead_to_files_and_headings_that_are_there() {
    let mut pages = chapters();
    let others = [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "benches/README.md",
        "docs/false-passes.md",
        "docs/guide/src/SUMMARY.md",
        "examples/other-repository/README.md",
        "reports/README.md",
    ];
    pages.extend(others.map(|page| root().join(page)));
    let (mut problems, mut followed) = (Vec::new(), 0);
    for page in &pages {
        let text = fs::read_to_string(page).unwrap();
        for link in book::links(&text) {
            if link.starts_with("https://") {
                continue;
            }
            followed += 1;
            let (file, heading) = link
                .split_once('#')
                .map_or((link.as_str(), None), |(file, heading)| (file, Some(heading)));
            let target =
                if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            let is_there = match heading {
                None => target.exists(),
                Some(heading) => fs::read_to_string(&target).is_ok_and(|text| {
                    let sections = book::sections(&text);
                    sections.iter().any(|(_, title, _)| book::anchor(title) == heading)
                }),
            };
            if !is_there {
                problems.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(followed > 50, "{followed}");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
