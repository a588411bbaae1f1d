//! Input that is too large, too deep, too repetitive or no text, and the memory it takes.

use super::copy::Copy;

/// More than the program needs for the valid architecture, and far less than a bomb would take.
const KIB: u32 = 300_000;

fn scenario_after(prefix: &str, text: &str) -> Copy {
    let copy = Copy::new();
    copy.write("vault/more.yaml", format!("{prefix}{text}"));
    copy
}

#[test]
fn the_limit_of_memory_leaves_room_for_the_valid_architecture() {
    let copy = Copy::new();
    let ran = copy.run_within(4 * KIB);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

#[test]
fn a_file_of_2_mib_is_refused_unread() {
    for (file, text) in
        [("vault/more.yaml", "# comment\n"), ("vault/policies/vault.json", "          ")]
    {
        let copy = Copy::new();
        copy.write(file, text.repeat((2 << 20) / 10 + 1));
        let name = format!("`s/{file}` has");
        copy.run_within(KIB).assert_refused(
            &copy,
            &["error[too-large]", &name, "a file may have 1048576", "help: split the file"],
        );
    }
}

#[test]
fn an_alias_bomb_is_refused_at_its_first_anchor() {
    let mut bomb = String::from("a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
    for level in 1..30 {
        let inner = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{inner}]\n"));
    }
    let copy = scenario_after("", &bomb);
    copy.run_within(KIB).assert_refused(
        &copy,
        &["error[anchor]", "s/vault/more.yaml:1:5", "^^^", "help: write the values out"],
    );
}

#[test]
fn deep_nesting_is_refused_in_yaml_and_json() {
    let deep = 200_000;
    for (open, column) in [("[", "scenario: "), ("{a: ", "scenario: "), ("- ", "")] {
        let copy = scenario_after(column, &open.repeat(deep));
        let ran = copy.run_within(KIB);
        ran.assert_refused(
            &copy,
            &[
                "error[too-large]",
                "s/vault/more.yaml:1:",
                "^",
                "nests deeper than 24 levels",
                "help: ",
            ],
        );
        assert!(ran.stderr.len() < 4_000, "{} bytes of message", ran.stderr.len());
    }
    let block: String = (0..1_000).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    let copy = scenario_after("", &block);
    copy.run_within(KIB)
        .assert_refused(&copy, &["error[too-large]", "s/vault/more.yaml:", "help: "]);
    let mixed: String = (0..20).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    let copy =
        scenario_after(&mixed, &format!("{}{}x{}", " ".repeat(20), "[".repeat(20), "]".repeat(20)));
    copy.run_within(KIB).is_refused(&copy, 1).unwrap();
    let copy = Copy::new();
    copy.write("vault/policies/vault.json", "[".repeat(deep));
    let ran = copy.run_within(KIB);
    ran.assert_refused(
        &copy,
        &["error[policy-syntax]", "s/vault/policies/vault.json:1:128", "recursion limit", "help: "],
    );
    assert!(ran.stderr.len() < 4_000, "{} bytes of message", ran.stderr.len());
}

#[test]
fn many_values_are_refused() {
    let copy = scenario_after("scenario: x\ncontrols:\n", &"- a\n".repeat(60_000));
    copy.run_within(KIB).assert_refused(
        &copy,
        &["error[too-large]", "s/vault/more.yaml:", "more than 50000 values", "help: "],
    );
}

#[test]
fn many_rows_are_refused() {
    let values: Vec<String> = (0..100).map(|value| format!("v{value}")).collect();
    let list = values.join(", ");
    let each: String =
        ["a", "b", "c", "d"].iter().map(|name| format!("  {name}: {{ of: [{list}] }}\n")).collect();
    let text = format!(
        "scenario: Too much\ncontrols: [ENC-03]\nfor_each:\n{each}request: {{ as: app, do: s3:PutObject, bucket: lobby, key: a }}\nattempts:\n  - allow: this\n"
    );
    let copy = scenario_after("", &text);
    copy.run_within(KIB)
        .assert_refused(&copy, &["error[too-large]", "s/vault/more.yaml:6:3", "^", "help: "]);
}

#[test]
fn a_file_that_is_not_utf_8_is_shown_at_its_first_bad_byte() {
    for (file, bytes, place) in [
        ("vault/more.yaml", &b"scenario: caf\xe9\n"[..], "s/vault/more.yaml:1:14"),
        (
            "vault/policies/vault.json",
            &b"{\n  \"Id\": \"\xff\"\n}"[..],
            "s/vault/policies/vault.json:2:10",
        ),
        ("vault/more.yaml", &b"\xff\xfes\0c\0"[..], "s/vault/more.yaml:1:1"),
    ] {
        let copy = Copy::new();
        copy.write(file, bytes);
        copy.run(&[]).assert_refused(
            &copy,
            &["error[not-utf8]", place, "^", "help: save the file as UTF-8"],
        );
    }
}

#[test]
fn a_byte_order_mark_and_windows_lines_are_read() {
    let copy = Copy::new();
    for file in [
        "vault/environment.yaml",
        "vault/baseline.yaml",
        "vault/put.yaml",
        "vault/policies/vault.json",
    ] {
        copy.write(file, format!("\u{feff}{}", copy.read(file).replace('\n', "\r\n")));
    }
    let ran = copy.run(&[]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn a_place_is_right_after_a_byte_order_mark_and_windows_lines() {
    let copy = Copy::new();
    let text = copy.read("vault/put.yaml").replace("as: app", "as: ap").replace('\n', "\r\n");
    copy.write("vault/put.yaml", format!("\u{feff}{text}"));
    copy.run(&[]).assert_refused(&copy, &["s/vault/put.yaml:4:7", "  ^^\n", "did you mean `app`?"]);
    copy.write("vault/put.yaml", format!("\u{feff}{}", text.replace("scenario: ", "scenari: ")));
    copy.run(&[])
        .assert_refused(&copy, &["s/vault/put.yaml:1:1", " ^^^^^^^\n", "did you mean `scenario`?"]);
}

#[test]
fn a_place_counts_characters_not_bytes() {
    let copy = Copy::new();
    let text = copy
        .read("vault/put.yaml")
        .replace("{ kms_key: spare }", "{ key: \"日本é\", kms_key: spar }");
    copy.write("vault/put.yaml", text);
    copy.run(&[]).assert_refused(&copy, &["s/vault/put.yaml:13:33", "did you mean `spare`?"]);
}

#[test]
fn a_policy_that_is_too_large_for_aws_is_refused() {
    let copy = Copy::new();
    let text = copy.read("vault/policies/vault.json");
    let many: Vec<String> =
        (0..2_000).map(|number| format!("\"{{{{bucket.vault.arn}}}}/{number}\"")).collect();
    copy.write(
        "vault/policies/vault.json",
        text.replace("\"{{bucket.vault.arn}}/*\"", &format!("[{}]", many.join(","))),
    );
    let words = [
        "error[policy-refused]",
        "s/vault/policies/vault.json:1:1",
        "^",
        "the limit is 20480",
        "help: merge statements",
    ];
    copy.run(&[]).assert_refused(&copy, &words);
}
