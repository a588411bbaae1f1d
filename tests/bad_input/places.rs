//! Folders and paths: what is not there, what leads out, what is chosen on the command line.

use std::{fs, os::unix::fs::symlink};

use super::copy::{Copy, Ran};

#[test]
fn a_missing_folder() {
    let copy = Copy::new();
    let ran = copy.gainsay(&["run", "--scenarios", "nowhere", "--report-dir", "r"]);
    ran.assert_refused(
        &copy,
        &[
            "error[unreadable]",
            "`nowhere`",
            "no such file",
            "help: name another with `--scenarios DIR`",
        ],
    );
}

#[test]
fn an_empty_folder() {
    let copy = Copy::empty();
    copy.run(&[]).assert_refused(
        &copy,
        &["error[nothing-here]", "`s` has no architecture", "help: an architecture is a folder"],
    );
}

#[test]
fn a_file_for_a_folder() {
    let copy = Copy::new();
    let ran = copy.gainsay(&["run", "--scenarios", "s/vault/put.yaml", "--report-dir", "r"]);
    ran.assert_refused(&copy, &["error[unreadable]", "`s/vault/put.yaml`", "help: "]);
}

#[test]
fn a_folder_without_an_environment() {
    let copy = Copy::new();
    fs::remove_file(copy.path("vault/environment.yaml")).unwrap();
    copy.run(&[]).assert_refused(&copy, &["error[nothing-here]", "`environment.yaml`", "help: "]);
}

/// Beside architectures that are read, one that is not would be missed by nobody.
#[test]
fn an_architecture_in_a_folder_of_its_own() {
    for deeper in ["group/other", "group/of/others/other"] {
        let copy = Copy::new();
        for file in ["environment.yaml", "baseline.yaml", "put.yaml"] {
            copy.write(&format!("{deeper}/{file}"), copy.read(&format!("vault/{file}")));
        }
        let architecture = format!("`s/{deeper}` is an architecture in a folder of its own");
        copy.run(&[]).assert_refused(
            &copy,
            &["error[nothing-here]", &architecture, "help: move it to `s/other`"],
        );
    }
    let copy = Copy::new();
    copy.write("group/other/put.yaml", copy.read("vault/put.yaml"));
    copy.run(&[]).assert_refused(
        &copy,
        &["error[nothing-here]", "`s/group` has scenarios and no `environment.yaml`"],
    );
}

#[test]
fn one_architecture_without_an_environment_beside_another() {
    let copy = Copy::new();
    copy.write("other/put.yaml", copy.read("vault/put.yaml"));
    copy.run(&[]).assert_refused(
        &copy,
        &["error[nothing-here]", "`s/other` has scenarios and no `environment.yaml`", "help: "],
    );
}

#[test]
fn a_link_that_leads_out_is_not_followed() {
    for target in ["../outside.json", "/etc/passwd"] {
        let copy = Copy::new();
        fs::write(copy.root.path().join("outside.json"), "{}").unwrap();
        fs::remove_file(copy.path("vault/policies/guest.json")).unwrap();
        symlink(
            copy.root.path().join(target.trim_start_matches("../")),
            copy.path("vault/policies/guest.json"),
        )
        .unwrap();
        let words = [
            "error[outside-path]",
            "`s/vault/policies/guest.json` leads out",
            "s/vault/environment.yaml:7:",
            "^",
            "help: copy the file",
        ];
        copy.run(&[]).assert_refused(&copy, &words);
    }
}

#[test]
fn a_scenario_that_is_a_link_out_is_not_read() {
    let copy = Copy::new();
    fs::write(copy.root.path().join("more.yaml"), "secret: x").unwrap();
    symlink(copy.root.path().join("more.yaml"), copy.path("vault/more.yaml")).unwrap();
    let ran = copy.run(&[]);
    ran.assert_refused(
        &copy,
        &["error[outside-path]", "`s/vault/more.yaml` leads out", "help: copy the file"],
    );
    assert!(!ran.stderr.contains("secret"), "{}", ran.stderr);
}

#[test]
fn an_architecture_that_is_a_link_out_is_not_read() {
    let copy = Copy::new();
    let outside = copy.root.path().join("outside");
    fs::rename(copy.path("vault"), &outside).unwrap();
    symlink(&outside, copy.path("vault")).unwrap();
    copy.run(&[])
        .assert_refused(&copy, &["error[outside-path]", "`s/vault` leads out", "help: copy the f"]);
}

#[test]
fn a_link_in_circles_ends() {
    let copy = Copy::new();
    symlink(copy.path("vault"), copy.path("vault/policies/again")).unwrap();
    let ran = copy.run_within(300_000);
    assert!(ran.code == 3 || ran.code == 0, "{}", ran.stderr);
}

#[test]
fn a_link_that_leads_nowhere() {
    let copy = Copy::new();
    symlink("nowhere.yaml", copy.path("vault/more.yaml")).unwrap();
    copy.run(&[]).assert_refused(&copy, &["error[", "`s/vault/more.yaml`", "help: "]);
}

#[test]
fn a_folder_called_like_a_scenario() {
    let copy = Copy::new();
    fs::create_dir(copy.path("vault/more.yaml")).unwrap();
    let ran = copy.run(&[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

#[test]
fn a_name_of_a_file_cannot_write_to_the_terminal() {
    let copy = Copy::new();
    copy.write("vault/a\u{1b}[2Jb\nc\u{202e}.yaml", "scenari: x\n");
    copy.run(&[]).assert_refused(
        &copy,
        &["error[unknown-key]", "\\u{1b}[2Jb\\u{a}c\\u{202e}.yaml:1:1", "did you mean `scenario`?"],
    );
    let copy = Copy::new();
    fs::rename(copy.path("vault"), copy.path("va\u{1b}[2Jlt")).unwrap();
    for command in ["lint", "list"] {
        let ran = copy.gainsay(&[command, "--scenarios", "s"]);
        assert!(
            super::copy::is_plain(&ran.stdout) && super::copy::is_plain(&ran.stderr),
            "{}{}",
            ran.stdout,
            ran.stderr
        );
    }
}

fn nothing_selected(ran: &Ran, copy: &Copy) {
    assert_eq!(ran.code, 4, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("nothing is selected"), "{}", ran.stderr);
    assert!(!ran.stdout.contains("test ") && !copy.reported());
}

#[test]
fn a_selection_of_nothing() {
    let copy = Copy::new();
    for selection in [
        &["nonsense"][..],
        &["--exact", "vault"],
        &["vault", "--skip", "vault"],
        &["s/vault/nowhere.yaml"],
    ] {
        nothing_selected(&copy.run(selection), &copy);
    }
}

#[test]
fn a_selected_path_outside_the_folder() {
    let copy = Copy::new();
    fs::write(copy.root.path().join("else.yaml"), "").unwrap();
    for path in ["else.yaml", "./else.yaml", "s/../else.yaml", "/etc/passwd"] {
        let quoted = format!("`{path}` is outside the scenarios folder `s`");
        copy.run(&[path])
            .assert_refused(&copy, &["error[outside-path]", &quoted, "help: name its folder"]);
    }
}

#[test]
fn a_selected_path_may_be_written_in_any_way() {
    let copy = Copy::new();
    let absolute = copy.path("vault/put.yaml").display().to_string();
    for path in [
        "s/vault/put.yaml",
        "./s/vault/put.yaml",
        "s/vault",
        "s/vault/",
        "s/../s/vault/put.yaml",
        "s",
        &absolute,
    ] {
        let ran = copy.run(&[path]);
        assert_eq!(ran.code, 0, "{path}: {}{}", ran.stdout, ran.stderr);
    }
}

#[test]
fn a_hostile_selection_is_not_written_to_the_terminal() {
    let copy = Copy::new();
    fs::write(copy.root.path().join("a\u{1b}[2J.yaml"), "").unwrap();
    copy.run(&["a\u{1b}[2J.yaml"]).assert_refused(&copy, &["error[outside-path]", "\\u{1b}[2J"]);
}

#[test]
fn wrong_usage() {
    let copy = Copy::new();
    let usages: [&[&str]; 11] = [
        &[],
        &["walk"],
        &["run", "--nonsense"],
        &["run", "--jobs", "0"],
        &["run", "--jobs", "many"],
        &["run", "--format", "xml"],
        &["run", "--color", "perhaps"],
        &["run", "--scenarios"],
        &["run", "--fail-fast", "--fail-fast"],
        &["lint", "--deny", "everything"],
        &["schema", "poem"],
    ];
    for arguments in usages {
        let ran = copy.gainsay(arguments);
        assert_eq!(ran.code, 64, "{arguments:?}: {}{}", ran.stdout, ran.stderr);
        assert!(
            ran.stderr.contains("Usage: ") || ran.stderr.contains("--help"),
            "{arguments:?}: {}",
            ran.stderr
        );
        assert!(ran.stdout.is_empty() && !copy.reported(), "{arguments:?}");
    }
}

#[test]
fn list_and_lint_refuse_as_run_does() {
    let copy = Copy::new();
    copy.write("vault/put.yaml", copy.read("vault/put.yaml").replace("as: app", "as: ap"));
    for command in ["list", "lint"] {
        let ran = copy.gainsay(&[command, "--scenarios", "s", "--color", "never"]);
        ran.assert_refused(
            &copy,
            &["error[unknown-name]", "s/vault/put.yaml:4:7", "did you mean `app`?"],
        );
        assert!(ran.stdout.is_empty(), "{}", ran.stdout);
    }
}

#[test]
fn a_rerun_without_a_last_run() {
    let copy = Copy::new();
    let ran = copy.run(&["--rerun-failed"]);
    assert_eq!(ran.code, 3, "{}{}", ran.stdout, ran.stderr);
    assert!(!ran.stdout.contains("test ") && !copy.reported());
}
