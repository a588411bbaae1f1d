//! The reference of commands against what `--help` says.

use std::collections::BTreeSet;

use super::{book, chapter, common, section};

/// What `--help` prints.
fn help(arguments: &[&str]) -> String {
    common::stdout(&common::run(&[arguments, &["--help"]].concat()))
}

/// Long options that a text begins a line with, or names in the first cell of a row.
fn options<'a>(texts: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for text in texts {
        for word in text.split([' ', '`', ',', '=']) {
            if word.len() > 2 && word.starts_with("--") {
                found.insert(word.to_owned());
            }
        }
    }
    found
}

fn options_of_help(command: &str) -> BTreeSet<String> {
    let help = help(&[command]);
    let lines = help.lines().map(str::trim_start);
    // An option is described below its line, where others may be named.
    let own = lines.filter(|line| line.starts_with("--") || line.starts_with("-h, --help"));
    let mut found = options(own.map(|line| line.trim_start_matches("-h, ")));
    for common in ["--color", "--help"] {
        assert!(found.remove(common), "{command}");
    }
    found
}

#[test]
fn the_reference_lists_every_command() {
    let help = help(&[]);
    let listed = help.split_once("Commands:").unwrap().1.split_once("Options:").unwrap().0;
    let names = listed.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let mut names: Vec<&str> = names.filter_map(|line| line.split_whitespace().next()).collect();
    names.retain(|name| *name != "help");
    assert!(names.len() > 8, "{names:?}");
    let page = chapter("commands.md");
    let sections = book::sections(&page);
    let described = sections.iter().filter_map(|(_, title, _)| title.strip_prefix("gainsay "));
    let mut described: Vec<&str> = described.collect();
    let table = book::rows(&section(&page, "commands"));
    let table = table.iter().map(|row| row[0].split('`').nth(1).unwrap());
    let mut table: Vec<&str> = table.collect();
    for list in [&mut names, &mut described, &mut table] {
        list.sort_unstable();
    }
    assert_eq!(described, names);
    assert_eq!(table, names);
}

#[test]
fn the_reference_lists_every_option_of_each_command() {
    let page = chapter("commands.md");
    let of = |heading: &str| {
        let rows = book::rows(&section(&page, heading));
        options(rows.iter().map(|row| row[0].as_str()))
    };
    for (_, title, lines) in book::sections(&page) {
        let Some(command) = title.strip_prefix("gainsay ") else { continue };
        let mut described = of(&book::anchor(&title));
        let text = lines.join(" ");
        for shared in ["selection", "target"] {
            if text.contains(&format!("(#{shared})")) {
                described.extend(of(shared));
            }
        }
        assert_eq!(described, options_of_help(command), "{command}");
    }
}
