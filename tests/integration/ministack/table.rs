//! `targets/ministack.yaml`: what is answered differently, and why.

use std::{fs, path::Path};

use gainsay::files::yaml;
use gainsay_model::Source;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    pub target: String,
    pub version: String,
    pub hypercorn: String,
    pub architecture: String,
    pub changes: Vec<Change>,
    rows: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    pub file: String,
    pub from: String,
    pub to: String,
    why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    ids: Vec<String>,
    verdict: String,
    reason: String,
    #[serde(default)]
    says: String,
    why: String,
}

impl Table {
    pub fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("targets/ministack.yaml");
        let source = Source::new("targets/ministack.yaml", fs::read_to_string(path).unwrap());
        let table: Self =
            yaml::read(&source).unwrap_or_else(|problem| panic!("{}", problem.render(false)));
        assert_eq!(table.target, "ministack");
        assert!(
            table
                .changes
                .iter()
                .map(|change| &change.why)
                .chain(table.rows.iter().map(|row| &row.why))
                .all(|why| !why.is_empty())
        );
        table
    }

    /// What differs and is not in the table, and what is in the table and does not differ.
    pub fn compare(&self, results: &[Value]) -> Vec<String> {
        let text = |result: &Value, key: &str| result[key].as_str().unwrap_or_default().to_owned();
        let mut used: Vec<(&Row, &String, bool)> = Vec::new();
        for row in &self.rows {
            used.extend(row.ids.iter().map(|pattern| (row, pattern, false)));
        }
        let mut problems = Vec::new();
        for result in results {
            let (id, verdict, detail) =
                (text(result, "id"), text(result, "verdict"), text(result, "detail"));
            if verdict == "pass" || (verdict == "skipped" && !detail.is_empty()) {
                continue;
            }
            let mut known = false;
            for (row, pattern, is_used) in &mut used {
                if matches(pattern, &id)
                    && row.verdict == verdict
                    && row.reason == text(result, "reason")
                    && detail.contains(&row.says)
                {
                    known = true;
                    *is_used = true;
                }
            }
            if !known {
                problems.push(format!(
                    "not in the table: {id} {verdict} {} {detail}",
                    text(result, "reason")
                ));
            }
        }
        for (row, pattern, is_used) in used {
            if !is_used {
                problems.push(format!(
                    "the row no longer differs: {pattern} {} {}",
                    row.verdict, row.reason
                ));
            }
        }
        problems
    }
}

/// `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|after| {
            (0..=after.len()).any(|at| after.get(at..).is_some_and(|end| matches(rest, end)))
        }),
    }
}

#[test]
fn a_star_stands_for_any_text() {
    assert!(
        matches("*/a/*", "x/y/a/b/c")
            && matches("*b", "ab")
            && matches("a", "a")
            && matches("*", "")
    );
    assert!(!matches("*/a", "x/a/b") && !matches("a*c", "ab") && !matches("", "a"));
}
