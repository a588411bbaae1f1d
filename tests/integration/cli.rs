//! The program as a user runs it: selection, formats, reports, exit codes, Ctrl-C.

mod ends;
mod questions;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;
use tempfile::TempDir;

use crate::common::{Copied, code, copy_scenarios, gainsay, run, stderr, stdout};

fn reports() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// `run` with its reports in a folder of its own.
fn run_in(reports: &Path, arguments: &[&str]) -> std::process::Output {
    let mut all = vec!["run", "--report-dir", reports.to_str().unwrap()];
    all.extend(arguments);
    run(&all)
}

fn record(reports: &Path) -> Value {
    serde_json::from_slice(&fs::read(reports.join("latest/record.json")).unwrap()).unwrap()
}

/// A copy of the scenarios whose policy lets any key through.
fn weakened() -> Copied {
    Copied::changed(&["secure-bucket/enc-03-other-keys-allowed"])
}

#[test]
fn the_shipped_scenarios_all_pass_and_prove_every_control_of_the_baseline() {
    let reports = reports();
    let output = run_in(reports.path(), &[]);
    assert_eq!(code(&output), 0, "{}", stdout(&output));
    let record = record(reports.path());
    let counts = &record["summary"]["counts"];
    assert!(counts["total"].as_u64().unwrap() >= 80);
    assert_eq!(counts["total"], counts["pass"]);
    let proved: BTreeSet<&str> = record["summary"]["controls"]
        .as_array()
        .unwrap()
        .iter()
        .map(|control| control["id"].as_str().unwrap())
        .collect();
    let architectures = record["run"]["architectures"].as_array().unwrap();
    let chosen: BTreeSet<&str> = architectures
        .iter()
        .flat_map(|architecture| architecture["controls"].as_array().unwrap())
        .map(|control| control["id"].as_str().unwrap())
        .collect();
    assert_eq!(proved, chosen);
    for result in record["results"].as_array().unwrap() {
        assert!(!result["controls"].as_array().unwrap().is_empty());
        if result["kind"] == "deny" || result["kind"] == "reject" {
            let roles: Vec<&str> = result["witnesses"]
                .as_array()
                .unwrap()
                .iter()
                .map(|witness| witness["role"].as_str().unwrap())
                .collect();
            assert_eq!(roles, ["target", "actor"], "{}", result["id"]);
            for witness in result["witnesses"].as_array().unwrap() {
                assert_eq!(
                    (witness["before"].as_str(), witness["after"].as_str()),
                    (Some("allowed"), Some("allowed"))
                );
            }
        }
    }
}

#[test]
fn selection_is_by_architecture_path_or_part_of_an_id() {
    let ids = |arguments: &[&str]| -> Vec<String> {
        let mut all = vec!["list", "--format", "json"];
        all.extend(arguments);
        let output = run(&all);
        if code(&output) == 4 {
            return Vec::new();
        }
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let listed: Value = serde_json::from_slice(&output.stdout).unwrap();
        listed
            .as_array()
            .unwrap()
            .iter()
            .map(|attempt| attempt["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let all = ids(&[]);
    let secure = ids(&["secure-bucket"]);
    assert!(all.len() > secure.len() && secure.iter().all(|id| id.starts_with("secure-bucket/")));
    assert_eq!(ids(&["encrypted-bucket", "key-lifecycle", "secure-bucket", "team-bucket"]), all);
    assert_eq!(ids(&["scenarios/secure-bucket"]), secure);
    let by_path = ids(&["scenarios/secure-bucket/versions.yaml"]);
    assert!(
        !by_path.is_empty() && by_path.iter().all(|id| id.starts_with("secure-bucket/versions/"))
    );
    assert_eq!(ids(&["./scenarios/secure-bucket/versions.yaml"]), by_path);
    assert_eq!(ids(&["secure-bucket/versions/"]), by_path);
    let one = by_path[0].as_str();
    assert_eq!(ids(&["--exact", one]), [one]);
    assert_eq!(ids(&["--exact", "versions"]), Vec::<String>::new());
    assert_eq!(
        ids(&["secure-bucket/versions/", "/landing/"]).len(),
        by_path.len() + ids(&["/landing/"]).len()
    );
    let skipped = ids(&["--skip", "secure-bucket/versions/"]);
    assert_eq!(skipped.len() + by_path.len(), all.len());
    let unique: BTreeSet<&String> = all.iter().collect();
    assert_eq!(unique.len(), all.len());
}

#[test]
fn a_scenario_that_nothing_would_read_is_an_error() {
    for (file, says) in [
        ("more/lost.yaml", "nothing reads `more/lost.yaml`"),
        ("versions.YML", "has the name of another file"),
        ("checks.yaml", "has the name that checks have"),
    ] {
        let copy = tempfile::tempdir().unwrap();
        copy_scenarios(copy.path());
        let path = copy.path().join("secure-bucket").join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::copy(root().join("scenarios/secure-bucket/versions.yaml"), path).unwrap();
        let output = run_in(reports().path(), &["--scenarios", copy.path().to_str().unwrap()]);
        assert_eq!(code(&output), 3);
        assert!(stderr(&output).contains(says), "{}", stderr(&output));
    }
}

#[test]
fn a_misspelt_selection_is_not_passed_over() {
    let output = run_in(reports().path(), &["secure-bucket/versions/", "secure-bucket/verisons/"]);
    assert_eq!(code(&output), 4);
    assert!(stderr(&output).contains("`secure-bucket/verisons/`"), "{}", stderr(&output));
}

#[test]
fn the_plan_has_every_call_of_the_run() {
    let planned: Value =
        serde_json::from_slice(&run(&["plan", "--format", "json"]).stdout).unwrap();
    let reports = reports();
    run_in(reports.path(), &[]);
    let record = record(reports.path());
    let planned: Vec<Value> = planned.as_array().unwrap().clone();
    // Where the clock is moved, which is no call, everyone of the row needs a new session.
    let moved = planned.iter().filter(|step| step["why"] == "advance");
    let moved: BTreeSet<&str> = moved.map(|step| step["row"].as_str().unwrap()).collect();
    let renewed: BTreeSet<(&str, &str)> = planned
        .iter()
        .map(|step| (step["row"].as_str().unwrap(), step["principal"].as_str().unwrap()))
        .filter(|(row, principal)| moved.contains(row) && !principal.is_empty())
        .collect();
    let architecture =
        |step: &Value| step["row"].as_str().unwrap().split('/').next().unwrap().to_owned();
    let roles: BTreeSet<(String, &str)> = planned
        .iter()
        .filter(|step| step["why"] != "advance")
        .map(|step| (architecture(step), step["principal"].as_str().unwrap()))
        .filter(|(_, name)| *name != "anonymous")
        .collect();
    // Each role of each architecture is assumed and asked who it is.
    let sessions = 2 * (roles.len() + renewed.len());
    assert_eq!(
        record["run"]["calls"].as_u64().unwrap(),
        (planned.len() - moved.len() + sessions) as u64
    );
    let pretty = stdout(&run(&["plan", "presigned/app"]));
    assert!(
        pretty.contains("http://s3.eu-west-1.amazonaws.com") && pretty.contains("nothing was sent"),
        "{pretty}"
    );
    assert_eq!(code(&run(&["plan", "no-such-thing"])), 4);
}

#[test]
fn exit_codes_say_how_it_went() {
    let reports = reports();
    assert_eq!(code(&run_in(reports.path(), &["versions"])), 0);
    assert_eq!(code(&run_in(reports.path(), &["no-such-thing"])), 4);
    assert_eq!(code(&run_in(reports.path(), &["--no-such-flag"])), 64);
    assert_eq!(code(&run_in(reports.path(), &["--jobs", "0"])), 64);
    assert_eq!(code(&run(&[])), 64);
    assert_eq!(code(&run(&["--help"])), 0);
    assert_eq!(code(&run_in(reports.path(), &["--scenarios", "/nowhere"])), 3);
    let weakened = weakened();
    let scenarios = weakened.path().to_str().unwrap();
    assert_eq!(code(&run_in(reports.path(), &["--scenarios", scenarios, "key-names"])), 1);
    // A report that cannot be written is exit 5, unless something failed.
    let file = reports.path().join("a-file");
    fs::write(&file, "").unwrap();
    assert_eq!(code(&run_in(&file, &["versions"])), 5);
    assert_eq!(code(&run_in(&file, &["--scenarios", scenarios, "key-names"])), 1);
    // A role that cannot be assumed proves nothing: undecided.
    let untrusted = Copied::changed(&["secure-bucket/external-id-is-another"]);
    let output = run_in(
        reports.path(),
        &[
            "--scenarios",
            untrusted.path().to_str().unwrap(),
            "access-outsiders",
            "--skip",
            "the-admin",
        ],
    );
    assert_eq!(code(&output), 2, "{}", stdout(&output));
    assert!(
        stdout(&output).contains("no-session") || stdout(&output).contains("no-fixture"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn a_failure_says_what_was_expected_what_came_back_and_where() {
    let reports = reports();
    let weakened = weakened();
    let scenarios = weakened.path().to_str().unwrap();
    let output = run_in(
        reports.path(),
        &[
            "--scenarios",
            scenarios,
            "--exact",
            "secure-bucket/key-names/app/s3:PutObject/by-the-id-of-another-key",
        ],
    );
    let text = stdout(&output);
    for part in [
        "got-through",
        "expected: refused by resource policy, statement DenyWrongKey",
        "came back: 200 (allowed)",
        "key-names.yaml:",
        "aws s3api put-object",
        "--ssekms-key-id",
        "ENC-04",
    ] {
        assert!(text.contains(part), "`{part}` is missing in:\n{text}");
    }
    // Another statement still refuses: the one that no longer does is named, with file and line of
    // those that do.
    let weakened = Copied::changed(&["secure-bucket/enc-02-other-encryption-allowed"]);
    let scenarios = weakened.path().to_str().unwrap();
    let output = run_in(
        reports.path(),
        &[
            "--scenarios",
            scenarios,
            "--exact",
            "secure-bucket/encryption/app.inbox/s3:PutObject/with-s3-managed-keys",
        ],
    );
    let text = stdout(&output);
    assert_eq!(code(&output), 1);
    let policy = weakened.path().join("secure-bucket/policies/evidence-bucket.json");
    let policy = fs::read_to_string(policy).unwrap();
    let before = policy.lines().take_while(|line| !line.contains("\"DenyWrongKey\""));
    let begins = before.enumerate().filter(|(_, line)| *line == "    {").last();
    let line = begins.unwrap().0 + 1;
    let place = format!("evidence-bucket.json:{line} DenyWrongKey");
    for part in ["wrong-reason", "DenyNotKms", &place, "403 AccessDenied"] {
        assert!(text.contains(part), "`{part}` is missing in:\n{text}");
    }
}

#[test]
fn fail_fast_stops_after_a_failure_and_rerun_failed_takes_what_did_not_pass() {
    let reports = reports();
    let weakened = weakened();
    let scenarios = weakened.path().to_str().unwrap();
    let output = run_in(
        reports.path(),
        &["--scenarios", scenarios, "--fail-fast", "--jobs", "1", "key-names"],
    );
    assert_eq!(code(&output), 1);
    let first = record(reports.path());
    assert_eq!(first["summary"]["counts"]["fail"], 1);
    assert!(first["summary"]["counts"]["skipped"].as_u64().unwrap() > 0);
    let output = run_in(reports.path(), &["--scenarios", scenarios, "key-names"]);
    assert_eq!(code(&output), 1);
    let failed = record(reports.path())["summary"]["counts"]["fail"].clone();
    let output = run_in(reports.path(), &["--scenarios", scenarios, "--rerun-failed"]);
    assert_eq!(code(&output), 1);
    let again = record(reports.path());
    assert_eq!(
        (&again["summary"]["counts"]["total"], &again["summary"]["counts"]["fail"]),
        (&failed, &failed)
    );
    // As shipped, the same ones pass; and then nothing is left to run.
    assert_eq!(code(&run_in(reports.path(), &["--rerun-failed"])), 0);
    assert_eq!(record(reports.path())["summary"]["counts"]["total"], failed);
    assert_eq!(code(&run_in(reports.path(), &["--rerun-failed"])), 4);
    // What failed under a name that is gone is not forgotten.
    assert_eq!(code(&run_in(reports.path(), &["--scenarios", scenarios, "key-names"])), 1);
    let renamed = Copied::changed(&["secure-bucket/attempt-renamed"]);
    let output = run_in(
        reports.path(),
        &["--scenarios", renamed.path().to_str().unwrap(), "--rerun-failed"],
    );
    assert_eq!(code(&output), 3);
    assert!(stderr(&output).contains("by-the-id-of-another-key"), "{}", stderr(&output));
    let nothing = tempfile::tempdir().unwrap();
    assert_eq!(code(&run_in(nothing.path(), &["--rerun-failed"])), 3);
}

#[test]
fn json_is_one_object_for_each_event_and_nothing_else() {
    let reports = reports();
    let output = run_in(reports.path(), &["--format", "json", "versions"]);
    let events: Vec<Value> =
        stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let named = |name: &str| events.iter().filter(|event| event["event"] == name).count();
    assert_eq!(named("run-started"), 1);
    assert_eq!(named("run-finished"), 1);
    assert_eq!(named("report-written"), 2);
    let total =
        events.iter().find(|event| event["event"] == "run-finished").unwrap()["record"]["summary"]
            ["counts"]["total"]
            .as_u64()
            .unwrap();
    assert_eq!(named("result") as u64, total);
}

#[test]
fn colour_is_for_terminals_and_those_who_ask() {
    let reports = reports();
    let has_colour = |command: &mut Command| {
        let output = command
            .args(["run", "versions", "--report-dir", reports.path().to_str().unwrap()])
            .output()
            .unwrap();
        stdout(&output).contains('\u{1b}')
    };
    assert!(!has_colour(&mut gainsay()));
    assert!(has_colour(gainsay().args(["--color", "always"])));
    assert!(!has_colour(gainsay().args(["--color", "never"])));
    assert!(!has_colour(gainsay().env("NO_COLOR", "1")));
    // An explicit wish beats the environment.
    assert!(has_colour(gainsay().env("NO_COLOR", "1").args(["--color", "always"])));
}

#[test]
fn latest_points_to_the_newest_reports_and_nothing_is_overwritten() {
    let reports = reports();
    run_in(reports.path(), &["versions"]);
    let first = fs::read_link(reports.path().join("latest")).unwrap();
    run_in(reports.path(), &["landing"]);
    let second = fs::read_link(reports.path().join("latest")).unwrap();
    assert_ne!(first, second);
    for run in [&first, &second] {
        for file in ["junit.xml", "record.json"] {
            assert!(reports.path().join(run).join(file).is_file());
        }
    }
    assert!(second.is_relative());
}

#[test]
fn a_copy_of_the_scenarios_runs_from_anywhere() {
    let copy = tempfile::tempdir().unwrap();
    copy_scenarios(&copy.path().join("mine"));
    let output = Command::new(env!("CARGO_BIN_EXE_gainsay"))
        .current_dir(copy.path())
        .args(["run", "--scenarios", "mine"])
        .output()
        .unwrap();
    assert_eq!(code(&output), 0, "{}{}", stdout(&output), stderr(&output));
    assert!(copy.path().join("reports/latest/junit.xml").is_file());
    // An architecture's own folder will do as well.
    let output = Command::new(env!("CARGO_BIN_EXE_gainsay"))
        .current_dir(copy.path())
        .args(["run", "--scenarios", "mine/secure-bucket", "versions"])
        .output()
        .unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
}

#[test]
fn hostile_keys_reach_the_sandbox_and_forge_no_report() {
    const HOSTILE: &str = r#"inbox/{run}/]]></system-out></testcase><testcase name="forged"/> a+b %2F é ☃ 'q' "d" test x ... ok"#;
    let copy = tempfile::tempdir().unwrap();
    copy_scenarios(copy.path());
    let text = format!(
        "scenario: Hostile keys\ncontrols: [ENC-06]\nrequest:\n  as: app\n  do: s3:PutObject\n  bucket: evidence\n  key: '{}'\n  encryption: aws:kms\n  kms_key: evidence\nattempts:\n  - allow: hostile ]]> <b> \" key\n    then:\n      - read: {{ do: s3:GetObject }}\n        expect: {{ encryption: aws:kms }}\n      - read: {{ do: s3:ListObjectsV2, prefix: 'inbox/{{run}}/]]' }}\n        expect: {{ keys: '{0}' }}\n  - deny: without a header\n    without: [encryption, kms_key]\n    by: {{ layer: resource, sid: DenyMissingEncryptionHeader }}\n",
        HOSTILE.replace('\'', "''")
    );
    fs::write(copy.path().join("secure-bucket/hostile.yaml"), text).unwrap();
    let reports = reports();
    let output = run_in(reports.path(), &["--scenarios", copy.path().to_str().unwrap(), "hostile"]);
    assert_eq!(code(&output), 0, "{}{}", stdout(&output), stderr(&output));
    let junit = fs::read_to_string(reports.path().join("latest/junit.xml")).unwrap();
    assert_eq!(junit.matches("<testcase ").count(), 2);
    assert_eq!(stdout(&output).lines().filter(|line| line.starts_with("test ")).count(), 2);
}

/// The repository's root.
fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// And of a folder that has none, or one that nothing is behind any more, the check says so.
#[test]
fn the_pages_in_the_repository_are_current() {
    let output = run(&["pages", "--check"]);
    assert_eq!(code(&output), 0, "stale: run `cargo run -- pages`: {}", stderr(&output));
    let other = tempfile::tempdir().unwrap();
    let folder = other.path().to_str().unwrap();
    assert_eq!(code(&run(&["pages", folder, "--check"])), 1);
    assert_eq!(code(&run(&["pages", folder])), 0);
    assert_eq!(code(&run(&["pages", folder, "--check"])), 0);
    fs::write(other.path().join("controls/GONE-01.md"), "").unwrap();
    let forgotten = run(&["pages", folder, "--check"]);
    assert_eq!(code(&forgotten), 1);
    assert!(stderr(&forgotten).contains("GONE-01.md` documents no control or architecture"));
}

#[test]
fn the_schemas_in_the_repository_are_the_programs() {
    for file in ["scenario", "environment", "baseline", "bindings", "waivers"] {
        let path = root().join(format!("schemas/{file}.schema.json"));
        let printed = stdout(&run(&["schema", file]));
        let checked_in = fs::read_to_string(&path).unwrap();
        assert!(
            printed == checked_in,
            "stale: run `cargo run -- schema {file} > {}`",
            path.display()
        );
    }
}

#[test]
fn a_further_team_is_one_line_of_the_environment() {
    let per_file = |reports: &Path| -> BTreeMap<String, BTreeSet<String>> {
        let mut rows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for result in record(reports)["results"].as_array().unwrap() {
            let text = |key: &str| result[key].as_str().unwrap().to_owned();
            rows.entry(text("scenario")).or_default().insert(text("row"));
        }
        rows
    };
    let (before, after) = (reports(), reports());
    assert_eq!(code(&run_in(before.path(), &["team-bucket"])), 0);
    let copy = tempfile::tempdir().unwrap();
    copy_scenarios(copy.path());
    let path = copy.path().join("team-bucket/environment.yaml");
    let environment = fs::read_to_string(&path).unwrap();
    let last = environment.lines().find(|line| line.contains("name: team-c")).unwrap();
    let further = last.replace("team-c", "team-d");
    fs::write(&path, environment.replace(last, &format!("{last}\n{further}"))).unwrap();
    let output =
        run_in(after.path(), &["team-bucket", "--scenarios", copy.path().to_str().unwrap()]);
    assert_eq!(code(&output), 0, "{}{}", stdout(&output), stderr(&output));
    let (three, four) = (per_file(before.path()), per_file(after.path()));
    for (file, rows) in &three {
        let found = &four[file];
        // A row for each team, or for each pair of teams: the fourth team stands wherever the third
        // does.
        let grown: BTreeSet<String> = rows
            .iter()
            .flat_map(|row| {
                [
                    row.clone(),
                    row.replace("team-c", "team-d"),
                    row.replace("team-b", "team-d"),
                    row.replace("team-a", "team-d"),
                ]
            })
            .collect();
        assert_eq!(*found, grown, "{file}");
    }
}

#[test]
fn a_sample_keeps_every_two_values_together_and_says_what_it_left_out() {
    type Met = BTreeSet<(String, String, bool)>;
    let listed = |sample: &[&str]| -> (usize, Met) {
        let output = run(&[&["list", "--format", "json", "team-bucket/"], sample].concat());
        let said = stderr(&output).contains("sample: pairwise: ");
        assert_eq!(said, !sample.is_empty(), "{}", stderr(&output));
        let attempts: Vec<Value> = serde_json::from_str(&stdout(&output)).unwrap();
        let mut met = Met::new();
        for attempt in &attempts {
            let id: Vec<&str> = attempt["id"].as_str().unwrap().split('/').collect();
            let file = id[1];
            let teams: Vec<&str> = id[2].split('.').collect();
            let what = format!("{}/{}", attempt["operation"], attempt["attempt"]);
            let refused = attempt["kind"] != "allow";
            met.insert((file.to_owned(), id[2].to_owned(), refused));
            for (place, team) in teams.iter().enumerate() {
                met.insert((file.to_owned(), format!("{place} {team} {what}"), refused));
            }
        }
        (attempts.len(), met)
    };
    let ((whole, together), (sample, still)) = (listed(&[]), listed(&["--sample", "pairwise"]));
    assert!(sample < whole, "{sample} of {whole}");
    assert_eq!(still, together);

    let reports = reports();
    let output = run_in(reports.path(), &["team-bucket/foreign-listings", "--sample", "pairwise"]);
    assert_eq!(code(&output), 0, "{}", stdout(&output));
    let words = "pairwise: 18 of 24 refusals, 18 of 24 allows; every two values together at least once per file";
    assert!(
        stdout(&output).contains(&format!("\nsample: {words}\ncontrols: ")),
        "{}",
        stdout(&output)
    );
    let record = record(reports.path());
    assert_eq!(
        record["run"]["sample"],
        serde_json::json!({ "refusals": { "kept": 18, "of": 24 }, "allows": { "kept": 18, "of": 24 } })
    );
    assert_eq!(record["summary"]["counts"]["total"], 36);
    let junit = fs::read_to_string(reports.path().join("latest/junit.xml")).unwrap();
    assert!(junit.contains(&format!("<property name=\"sample\" value=\"{words}\"/>")), "{junit}");
}
