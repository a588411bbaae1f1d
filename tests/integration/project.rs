//! What holds of the repository as a whole: who may know of whom, licences, sizes.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The modules of the tool, each above those that may name it: there is no circle.
const ORDER: &[&str] = &[
    "range",
    "exit",
    "files",
    "cloud",
    "attempt",
    "outcome",
    "scenario",
    "verdict",
    "control",
    "record",
    "tries",
    "session",
    "provision",
    "suite",
    "plan",
    "runner",
    "report",
    "lint",
    "api_call",
    "access_denied",
    "harness",
    "cli",
];

/// Parts of the tool, and what they must not name besides: the network and the disk, where they are
/// pure.
const FORBIDDEN: &[(&str, &[&str])] = &[
    // Reports are functions of the record.
    (
        "report",
        &[
            "crate::attempt",
            "crate::cloud",
            "crate::session",
            "crate::runner",
            "gainsay_sandbox",
            "aws_sdk",
            "aws_smithy",
            "tokio",
        ],
    ),
    // Reading and resolving files is pure, but for the one that reads a folder.
    ("files", &["tokio", "gainsay_sandbox"]),
    ("scenario", &["std::fs", "tokio", "crate::cloud", "gainsay_sandbox"]),
    ("suite", &["std::fs", "tokio", "crate::cloud", "gainsay_sandbox"]),
    ("control", &["std::fs", "tokio", "gainsay_sandbox"]),
    // Nothing but the runner and the calls it makes waits for anything.
    ("verdict", &["tokio", "async ", "std::fs"]),
    ("outcome", &["tokio", "async ", "std::fs"]),
];

/// The code of a module's files without comments and tests, by path.
fn code(module: &str) -> Vec<(PathBuf, String)> {
    let (file, folder) = (root().join(format!("src/{module}.rs")), root().join("src").join(module));
    let mut files = if folder.is_dir() { sources(&folder) } else { Vec::new() };
    files.extend(file.exists().then_some(file));
    assert!(!files.is_empty(), "there is no module `{module}`");
    files.retain(|path| !path.components().any(|part| part.as_os_str() == "tests"));
    files.retain(|path| !["tests.rs", "cases.rs"].iter().any(|name| path.ends_with(name)));
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        let code = lines.collect::<Vec<_>>().join("\n");
        (path, code)
    };
    files.into_iter().map(read).collect()
}

/// The modules that code names below `crate::`, one by one or in braces.
fn named(code: &str) -> BTreeSet<String> {
    let word = |text: &str| -> String {
        text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
    };
    let mut names = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        let Some(tree) = rest.strip_prefix('{') else {
            names.insert(word(rest));
            continue;
        };
        let (mut depth, mut at_start) = (0_u32, true);
        for (at, c) in tree.char_indices() {
            match c {
                '}' if depth == 0 => break,
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => at_start = true,
                c if at_start && depth == 0 && !c.is_whitespace() => {
                    names.insert(word(&tree[at..]));
                    at_start = false;
                }
                _ => {}
            }
        }
    }
    names
}

#[test]
fn modules_stand_on_each_other_in_one_order() {
    let written: BTreeSet<String> = fs::read_to_string(root().join("src/lib.rs"))
        .unwrap()
        .lines()
        .filter_map(|line| Some(line.strip_prefix("pub mod ")?.trim_end_matches(';').to_owned()))
        .collect();
    assert_eq!(written, ORDER.iter().map(|name| (*name).to_owned()).collect());
    for (at, module) in ORDER.iter().enumerate() {
        for (path, code) in code(module) {
            for name in named(&code) {
                let theirs = ORDER.iter().position(|other| *other == name);
                assert!(
                    theirs.is_none_or(|theirs| theirs <= at),
                    "{} names `{name}`, which stands on it",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn each_part_knows_only_what_it_may() {
    for (module, names) in FORBIDDEN {
        for (path, code) in code(module) {
            let modules = named(&code);
            for name in *names {
                let is_named = match name.strip_prefix("crate::") {
                    Some(name) => modules.contains(name),
                    None => code.contains(name) && !path.ends_with("files/load.rs"),
                };
                assert!(!is_named, "{} names `{name}`", path.display());
            }
        }
    }
}

#[test]
fn files_can_be_seen_whole() {
    for folder in ["src", "crates", "tests", "benches"] {
        for file in sources(&root().join(folder)) {
            let lines = fs::read_to_string(&file).unwrap().lines().count();
            assert!(lines <= 650, "{} has {lines} lines; split it", file.display());
        }
    }
}

/// Versions, features and reasons stand once, in the workspace's manifest.
#[test]
fn every_dependency_says_why_it_is_there() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let (mut inside, mut comment_above, mut described) = (false, false, 0);
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line == "[workspace.dependencies]";
        } else if inside && line.starts_with('#') {
            comment_above = true;
            continue;
        } else if inside && line.contains(" = ") {
            let is_described = line.contains(" # ") || comment_above || line.starts_with("aws-sdk");
            assert!(is_described, "`{line}` has no reason");
            described += 1;
        }
        comment_above = false;
    }
    assert!(described > 50);
}

/// A crate takes its dependencies from the workspace; ours stand in one order, so none can know of
/// one that stands on it.
#[test]
fn crates_stand_on_each_other_in_one_order() {
    let order = ["gainsay-iam", "gainsay-model", "gainsay-sandbox", "gainsay"];
    for (at, name) in order.iter().enumerate() {
        let folder = if *name == "gainsay" { root() } else { root().join("crates").join(name) };
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        let manifest = manifest.split("[workspace.dependencies]").next().unwrap();
        let mut inside = false;
        for line in manifest.lines() {
            if line.starts_with('[') {
                inside = line.ends_with("dependencies]");
            } else if let Some((dependency, _)) =
                line.split_once(['.', ' ']).filter(|_| inside && line.contains('='))
            {
                assert!(
                    line.contains("workspace = true"),
                    "{name}: `{line}` is not the workspace's"
                );
                let theirs = order.iter().position(|other| *other == dependency);
                assert!(theirs.is_none_or(|theirs| theirs < at), "{name} depends on {dependency}");
            }
        }
    }
}

#[test]
fn licences_are_permissive() {
    let deny = fs::read_to_string(root().join("deny.toml")).unwrap();
    let allowed: Vec<&str> = deny
        .split("allow = [")
        .nth(1)
        .unwrap()
        .split(']')
        .next()
        .unwrap()
        .split('"')
        .skip(1)
        .step_by(2)
        .collect();
    let output = Command::new(env!("CARGO"))
        .current_dir(root())
        .args(["metadata", "--format-version", "1", "--locked"])
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 100);
    for package in packages {
        let licence = package["license"].as_str().unwrap_or("none").replace('/', " OR ");
        let plain = licence.replace(['(', ')'], "");
        let permissive = plain
            .split(" AND ")
            .all(|needed| needed.split(" OR ").any(|choice| allowed.contains(&choice.trim())));
        assert!(permissive, "{} is under `{licence}`", package["name"]);
    }
}

/// What a page says was tried, is there.
#[test]
fn the_page_of_false_passes_names_tests_that_are_there() {
    let page = fs::read_to_string(root().join("docs/false-passes.md")).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| way "));
    let rows: Vec<&str> = rows.collect();
    assert!(rows.len() > 20);
    for row in rows {
        let last = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        let paths: Vec<&str> = last.split('`').skip(1).step_by(2).collect();
        assert!(!paths.is_empty(), "{row}");
        for path in paths {
            assert!(root().join(path).exists(), "{path}: {row}");
        }
    }
}
