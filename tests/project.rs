//! What holds of the repository as a whole: who may know of whom, licences, sizes.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at a surprise")]

use std::{
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

/// Part of the program, and what it must not name.
const STRANGERS: &[(&str, &[&str])] = &[
    // Reports are functions of the record.
    (
        "src/report",
        &[
            "gainsay_sandbox",
            "crate::attempt",
            "crate::cloud",
            "crate::environment",
            "crate::principal",
            "aws_sdk",
            "aws_smithy",
            "tokio",
        ],
    ),
    // Reading and resolving files is pure.
    ("src/scenario", &["std::fs", "tokio", "crate::cloud", "gainsay_sandbox", "crate::runner"]),
    ("src/environment", &["std::fs", "tokio", "crate::cloud", "gainsay_sandbox", "crate::runner"]),
    // Nothing but the runner and the calls it makes waits for anything.
    ("src/verdict.rs", &["tokio", "async ", "std::fs"]),
    ("src/outcome.rs", &["tokio", "async ", "std::fs"]),
];

#[test]
fn each_part_knows_only_what_it_may() {
    for (part, strangers) in STRANGERS {
        let path = root().join(part);
        let files = if path.is_dir() { sources(&path) } else { vec![path] };
        assert!(!files.is_empty());
        for file in files {
            let text = fs::read_to_string(&file).unwrap();
            // Documentation may name what the code must not.
            let code: String = text
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .collect::<Vec<_>>()
                .join("\n");
            for stranger in *strangers {
                let is_test = file.to_string_lossy().contains("tests");
                assert!(
                    is_test || !code.contains(stranger),
                    "{} names `{stranger}`",
                    file.display()
                );
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
    let (mut inside, mut comment_above, mut seen) = (false, false, 0);
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line == "[workspace.dependencies]";
        } else if inside && line.starts_with('#') {
            comment_above = true;
            continue;
        } else if inside && line.contains(" = ") {
            let described = line.contains(" # ") || comment_above || line.starts_with("aws-sdk");
            assert!(described, "`{line}` has no reason");
            seen += 1;
        }
        comment_above = false;
    }
    assert!(seen > 50);
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
