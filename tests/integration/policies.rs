//! The commands that read files and send nothing: `decide`, `explain` and `lint`, as a user runs
//! them.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Output, Stdio},
};

use gainsay::lint::{Kind, pages};
use gainsay_iam::PolicyKind;
use serde_json::{Value, json};

use crate::common::{changes::change, code, copy_scenarios, gainsay, stderr, stdout};

fn question(id: &str, action: &str) -> Value {
    json!({
        "id": id, "principal": "arn:aws:iam::111122223333:user/ann", "action": action, "resource": "arn:aws:s3:::bucket/key",
        "resource_account": "111122223333",
        "policies": { "identity": [{ "Version": "2012-10-17", "Statement": [{ "Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*" }] }] }
    })
}

fn decide(input: &[u8], arguments: &[&str]) -> Output {
    let mut child = gainsay()
        .arg("decide")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut stdin, input) = (child.stdin.take().unwrap(), input.to_vec());
    let writer = std::thread::spawn(move || _ = stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

fn answers(output: &Output) -> Vec<Value> {
    assert_eq!(code(output), 0, "{}", stderr(output));
    stdout(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_line_is_answered_in_order_whatever_is_wrong_with_another() {
    let mut unknown = question("4", "s3:GetObject");
    unknown["policies"]["identity"][0]["Statement"][0]["Condition"] =
        json!({ "StringMatches": { "aws:username": "ann" } });
    let mut nobody = question("5", "s3:GetObject");
    nobody["principal"] = json!("ann");
    let mut extra = question("6", "s3:GetObject");
    extra["polices"] = json!({});
    let twice = question("7", "s3:GetObject").to_string().replacen(
        "\"Effect\":\"Allow\"",
        "\"Effect\":\"Deny\",\"Effect\":\"Allow\"",
        1,
    );
    let lines: Vec<Vec<u8>> = vec![
        question("1", "s3:GetObject").to_string().into_bytes(),
        b"{\"id\": \"2\", ".to_vec(),
        question("3", "s3:PutObject").to_string().into_bytes(),
        unknown.to_string().into_bytes(),
        nobody.to_string().into_bytes(),
        extra.to_string().into_bytes(),
        twice.into_bytes(),
        b"   ".to_vec(),
        b"{\"id\": \"\xff\"}".to_vec(),
        b"[]".to_vec(),
        vec![b'['; 100_000],
        format!("{{\"id\":\"{}\"}}", "x".repeat(5 << 20)).into_bytes(),
        question("last", "s3:GetObject").to_string().into_bytes(),
    ];
    let found = answers(&decide(&lines.join(&b'\n'), &[]));
    let short: Vec<(Value, Value, Value)> = found
        .iter()
        .map(|answer| {
            (answer["id"].clone(), answer["decision"].clone(), answer["error"]["code"].clone())
        })
        .collect();
    let row = |id: Value, decision: Value, code: Value| (id, decision, code);
    assert_eq!(
        short,
        [
            row(json!("1"), json!("allow"), Value::Null),
            row(Value::Null, Value::Null, json!("malformed")),
            row(json!("3"), json!("implicit-deny"), Value::Null),
            row(json!("4"), Value::Null, json!("unknown-operator")),
            row(json!("5"), Value::Null, json!("principal")),
            row(json!("6"), Value::Null, json!("malformed")),
            row(json!("7"), Value::Null, json!("malformed")),
            row(Value::Null, Value::Null, json!("malformed")),
            row(Value::Null, Value::Null, json!("malformed")),
            row(Value::Null, Value::Null, json!("malformed")),
            row(Value::Null, Value::Null, json!("malformed")),
            row(json!("last"), json!("allow"), Value::Null),
        ]
    );
    assert_eq!(
        found[0],
        json!({ "id": "1", "decision": "allow", "by": [{ "layer": "identity", "policy": 0, "statement": 0, "sid": "Read" }], "silent": [], "error": null })
    );
    assert_eq!(found[2]["silent"], json!(["identity"]));
    let message = |index: usize| found[index]["error"]["message"].as_str().unwrap();
    assert!(
        message(3)
            .contains("`policies.identity[0]`: unknown condition operator `StringMatches` (at `Statement[0].Condition.StringMatches`)")
    );
    assert!(message(4).contains("`ann` is no principal") && message(4).ends_with("`anonymous`"));
    assert!(message(6).contains("key `Effect` is written twice"));
    assert!(message(10).contains("4194304 bytes"), "{}", message(10));
}

#[test]
fn a_line_at_the_limit_takes_nothing_from_the_next() {
    for length in [(4 << 20) - 1, 4 << 20, (4 << 20) + 1] {
        let mut long = question("long", "s3:GetObject").to_string();
        long.push_str(&" ".repeat(length - long.len()));
        let input = format!("{long}\n{}\n", question("next", "s3:GetObject"));
        let found = answers(&decide(input.as_bytes(), &[]));
        assert_eq!((found.len(), &found[1]["id"]), (2, &json!("next")), "{length}");
        assert_eq!(found[0]["id"] == "long", length <= 4 << 20, "{length}: {}", found[0]);
    }
}

#[test]
fn many_condition_keys_are_cheap_and_a_key_is_there_once() {
    let mut many = question("1", "s3:GetObject");
    many["context"] = Value::Object(
        (0..100_000).map(|n| (format!("aws:PrincipalTag/{n}"), json!("x"))).collect(),
    );
    let mut twice = question("2", "s3:GetObject");
    twice["context"] = json!({ "aws:username": "a", "AWS:UserName": "b" });
    let begun = std::time::Instant::now();
    let found = answers(&decide(format!("{many}\n{twice}").as_bytes(), &[]));
    assert_eq!(
        (&found[0]["decision"], &found[1]["error"]["code"]),
        (&json!("allow"), &json!("malformed"))
    );
    // By the square it was minutes.
    assert!(begun.elapsed().as_secs() < 20);
}

#[test]
fn a_question_is_answered_before_the_next_is_asked() {
    let mut child =
        gainsay().arg("decide").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut stdin, mut stdout) =
        (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
    for id in ["a", "b"] {
        writeln!(stdin, "{}", question(id, "s3:GetObject")).unwrap();
        stdin.flush().unwrap();
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap()["id"], id);
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn the_arn_of_a_role_is_told_how_its_session_is_written() {
    let mut line = question("1", "s3:GetObject");
    line["principal"] = json!("arn:aws:iam::111122223333:role/teams/app");
    let found = answers(&decide(line.to_string().as_bytes(), &[]));
    let message = found[0]["error"]["message"].as_str().unwrap();
    let session = "`arn:aws:sts::111122223333:assumed-role/app/SESSION`";
    assert!(message.ends_with(&format!("; a role asks as a session: {session}")), "{message}");
}

#[test]
fn the_nearest_miss_is_told_where_it_is_asked_for() {
    let line = question("1", "s3:PutObject").to_string();
    assert_eq!(answers(&decide(line.as_bytes(), &[]))[0].get("near"), None);
    assert_eq!(
        answers(&decide(line.as_bytes(), &["--near"]))[0]["near"],
        json!({ "layer": "identity", "policy": 0, "statement": 0, "sid": "Read", "but": ["Action"] })
    );
    let allowed = question("1", "s3:GetObject").to_string();
    assert_eq!(answers(&decide(allowed.as_bytes(), &["--near"]))[0].get("near"), None);
}

#[test]
fn questions_come_from_a_file_or_from_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("questions.jsonl");
    fs::write(
        &file,
        format!("{}\n\n{}", question("1", "s3:GetObject"), question("2", "s3:GetObject")),
    )
    .unwrap();
    let output = gainsay().args(["decide", "--input"]).arg(&file).output().unwrap();
    assert_eq!(answers(&output).len(), 2);
    let output =
        gainsay().args(["decide", "--input"]).arg(folder.path().join("none")).output().unwrap();
    assert_eq!((code(&output), stdout(&output).as_str()), (3, ""));
    assert!(
        stderr(&output).contains("cannot be read")
            && stderr(&output).contains("name another file with `--input`")
    );
    assert_eq!(answers(&decide(b"", &["--input", "-"])), Vec::<Value>::new());
}

/// The text without what differs from run to run.
fn normal(text: &str) -> String {
    let word = |word: &str| word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let parts = text.split_inclusive(['/', '-', ' ', '\n', ',', '"']).map(|part| {
        let bare = part.trim_end_matches(['/', '-', ' ', '\n', ',', '"']);
        if word(bare) { part.replace(bare, "RUN") } else { part.to_owned() }
    });
    parts.collect()
}

fn run_in(folder: &Path, arguments: &[&str]) -> Output {
    gainsay().current_dir(folder).args(arguments).output().unwrap()
}

#[test]
fn an_attempt_is_explained_with_files_lines_and_what_was_compared() {
    let folder = tempfile::tempdir().unwrap();
    copy_scenarios(&folder.path().join("scenarios"));
    let id = "secure-bucket/encryption/app.inbox/s3:PutObject/with-s3-managed-keys";
    let output = run_in(folder.path(), &["explain", id]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let text = normal(&stdout(&output));
    for line in [
        "s3:PutObject on arn:aws:s3:::gainsay-evidence-111122223333/inbox/RUN/report.csv",
        "explicit deny",
        "├─ identity: would allow",
        "└─ resource: denies",
        "   ├─ ✓ Deny DenyNotKms (scenarios/secure-bucket/policies/evidence-bucket.json:20)",
        "   │  └─ ✓ StringNotEquals s3:x-amz-server-side-encryption aws:kms | request: AES256",
        "   ├─ ✗ Deny DenyInsecureTransport (scenarios/secure-bucket/policies/evidence-bucket.json:4)",
        "   │  └─ ✗ Bool aws:SecureTransport false | request: true",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    assert!(!text.contains('\u{1b}'));
    let coloured = run_in(folder.path(), &["explain", "--color", "always", id]);
    assert!(stdout(&coloured).contains("\u{1b}[31mexplicit deny\u{1b}[0m"));

    let output = run_in(folder.path(), &["explain", "--format", "json", id]);
    let explained: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(explained["id"], id);
    assert_eq!(explained["questions"][0]["decision"], "explicit-deny");
    let layers = explained["questions"][0]["layers"].as_array().unwrap();
    let bucket = layers.iter().find(|layer| layer["layer"] == "resource").unwrap();
    let statement = &bucket["policies"][0]["statements"][2];
    assert_eq!(
        (&statement["sid"], &statement["line"], &statement["matched"]),
        (&json!("DenyNotKms"), &json!(20), &json!("yes"))
    );
    assert_eq!(statement["elements"][3]["request"], json!(["AES256"]));

    // An upload asks twice: for the object, and for the key.
    let allowed = "secure-bucket/encryption/app.inbox/s3:PutObject/with-the-named-key";
    let output = run_in(folder.path(), &["explain", "--format", "json", allowed]);
    let explained: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let actions: Vec<&str> = explained["questions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|question| question["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["s3:PutObject", "kms:GenerateDataKey"]);
}

#[test]
fn what_is_to_be_explained_has_to_be_one_attempt_or_a_request() {
    let folder = tempfile::tempdir().unwrap();
    copy_scenarios(&folder.path().join("scenarios"));
    let several = run_in(folder.path(), &["explain", "secure-bucket/presigned/app"]);
    assert_eq!(code(&several), 3);
    assert!(stderr(&several).contains("is a part of 5 result ids"), "{}", stderr(&several));
    assert_eq!(code(&run_in(folder.path(), &["explain", "no-such-attempt"])), 4);
    assert_eq!(code(&run_in(folder.path(), &["explain"])), 64);

    fs::write(folder.path().join("request.json"), question("1", "s3:PutObject").to_string())
        .unwrap();
    let output = run_in(folder.path(), &["explain", "--request", "request.json"]);
    assert_eq!(code(&output), 0);
    assert!(
        stdout(&output)
            .contains("implicit deny: identity did not allow; Allow Read matched all but Action"),
        "{}",
        stdout(&output)
    );
    fs::write(folder.path().join("bad.json"), "{").unwrap();
    let output = run_in(folder.path(), &["explain", "--request", "bad.json"]);
    assert_eq!(code(&output), 3);
    assert!(stderr(&output).contains("`gainsay decide --help`"), "{}", stderr(&output));
}

#[test]
fn every_warning_has_a_page_and_those_about_policies_are_shown_with_their_place() {
    let folder = tempfile::tempdir().unwrap();
    for page in pages() {
        let word = page.code.as_str();
        let explained = run_in(folder.path(), &["lint", "--explain", word]);
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/lint/{word}.md"));
        assert_eq!(
            fs::read_to_string(&file).unwrap_or_default(),
            stdout(&explained),
            "write this to {}",
            file.display()
        );
        let kind = match page.kind {
            Kind::Policy(PolicyKind::Bucket) => "bucket",
            Kind::Policy(PolicyKind::KeyPolicy) => "key",
            Kind::Policy(_) => "identity",
            Kind::Scenario | Kind::Baseline | Kind::Environment | Kind::Waivers => {
                continue;
            }
        };
        let lint = |text: &str, more: &[&str]| {
            fs::write(folder.path().join("policy.json"), text.trim()).unwrap();
            let arguments = [&["lint", "--policy", "policy.json", "--kind", kind], more].concat();
            run_in(folder.path(), &arguments)
        };
        let found = lint(page.found, &[]);
        assert_eq!(code(&found), 0, "{word}");
        assert!(
            stderr(&found).contains(&format!("warning[{word}]"))
                && stderr(&found).contains("policy.json:"),
            "{}",
            stderr(&found)
        );
        assert!(stdout(&found).ends_with("1 warning\n"));
        assert_eq!(code(&lint(page.found, &["--deny", "warnings"])), 3);
        let clean = lint(page.clean, &["--deny", "warnings"]);
        assert_eq!(
            (code(&clean), stdout(&clean).as_str()),
            (0, "policy.json: checked\n0 warnings\n"),
            "{word}"
        );
    }
    let files =
        fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/lint")).unwrap().count();
    assert_eq!(files, pages().count(), "a page of nothing");
    assert_eq!(code(&run_in(folder.path(), &["lint", "--explain", "no-such-code"])), 64);
}

#[test]
fn a_suspicious_policy_of_an_architecture_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let scenarios = folder.path().join("scenarios");
    copy_scenarios(&scenarios);
    let accepted = ["lint", "--deny", "warnings", "--allow", "not-testable"];
    let clean = run_in(folder.path(), &accepted);
    assert_eq!(code(&clean), 0, "{}", stderr(&clean));
    change(&scenarios, "secure-bucket/wildcard-in-equals");
    let found = run_in(folder.path(), &accepted);
    assert_eq!(code(&found), 3);
    assert!(
        stderr(&found).contains("warning[wildcard-in-equals]")
            && stderr(&found).contains("evidence-bucket.json:"),
        "{}",
        stderr(&found)
    );
    // What AWS would refuse is an error, as it was.
    fs::write(
        folder.path().join("bad.json"),
        "{\"Version\": \"2012-10-17\", \"Statement\": {\"Effect\": \"Maybe\"}}",
    )
    .unwrap();
    let refused = run_in(folder.path(), &["lint", "--policy", "bad.json", "--kind", "trust"]);
    assert_eq!(code(&refused), 3);
    assert!(
        stderr(&refused).contains("error[policy-refused]: unknown effect `Maybe`"),
        "{}",
        stderr(&refused)
    );
}

#[test]
fn a_suspicious_scenario_is_shown_by_lint_with_its_place_and_by_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let scenarios = folder.path().join("scenarios");
    copy_scenarios(&scenarios);
    let scenario = scenarios.join("encrypted-bucket/access-outsiders.yaml");
    let text = fs::read_to_string(&scenario).unwrap();
    let line = text.lines().position(|line| line.contains("deny:")).unwrap() + 1;
    let without: String = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("by:"))
        .map(|line| line.to_owned() + "\n")
        .collect();
    assert_ne!(without, text);
    fs::write(&scenario, without).unwrap();
    let found = run_in(folder.path(), &["lint", "--deny", "warnings", "--allow", "not-testable"]);
    assert_eq!(code(&found), 3);
    let warnings = stderr(&found);
    assert!(
        warnings.contains("warning[unattributed-deny]")
            && warnings.contains(&format!("access-outsiders.yaml:{line}:")),
        "{warnings}"
    );
    let accepted =
        ["lint", "--deny", "warnings", "--allow", "not-testable", "--allow", "unattributed-deny"];
    assert_eq!(code(&run_in(folder.path(), &accepted)), 0);
    assert_eq!(
        code(&run_in(folder.path(), &["lint", "--allow", "not-testable"])),
        64,
        "nothing is denied"
    );
    assert_eq!(
        code(&run_in(folder.path(), &["lint", "--deny", "warnings", "--allow", "unknown-key"])),
        64,
        "an error"
    );
    for command in ["run", "list"] {
        let ran = run_in(folder.path(), &[command, "encrypted-bucket/access-outsiders"]);
        assert_eq!(
            (code(&ran), stderr(&ran).contains("unattributed-deny")),
            (0, false),
            "{command}"
        );
    }
}

/// Several policies in one call, one of them from standard input, each with its kind; and as JSON.
#[test]
fn several_policies_are_checked_at_once_and_every_mistake_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let bad = r#"{
  "Version": "2012-10-17",
  "Statement": [
    { "Effect": "Maybe", "Action": "s3:GetObject", "Resource": "records/*" },
    { "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::records/*" }
  ]
}"#;
    let trust = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"}}"#;
    fs::write(folder.path().join("bad.json"), bad).unwrap();
    fs::write(folder.path().join("trust.json"), trust).unwrap();
    let lint = |arguments: &[&str]| {
        let mut child = gainsay()
            .current_dir(folder.path())
            .arg("lint")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(trust.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    let two = ["--policy", "bad.json", "--kind", "identity", "--policy", "-", "--kind", "trust"];
    let output = lint(&two);
    assert_eq!(code(&output), 3);
    let shown = stdout(&output);
    assert_eq!(shown, "bad.json: checked\nstandard input: checked\n2 errors\n1 warning\n");
    let told = stderr(&output);
    for word in ["unknown effect `Maybe`", "invalid resource", "warning[wrong-resource-type]"] {
        assert!(told.contains(word), "{word}\n{told}");
    }
    let output = lint(&[&two[..], &["--format", "json"]].concat());
    assert_eq!((code(&output), stderr(&output).as_str()), (3, ""));
    let found: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!((&found["errors"], &found["warnings"]), (&json!(2), &json!(1)));
    let findings = found["findings"].as_array().unwrap();
    let short: Vec<Value> = findings
        .iter()
        .map(|one| json!([one["code"], one["severity"], one["file"], one["line"], one["page"]]))
        .collect();
    assert_eq!(
        json!(short),
        json!([
            ["policy-refused", "error", "bad.json", 4, null],
            ["policy-refused", "error", "bad.json", 4, null],
            ["wrong-resource-type", "warning", "bad.json", 5, "docs/lint/wrong-resource-type.md"],
        ])
    );
    assert_eq!(findings[2]["column"], 53);
    // One kind may be for all; two of three are not enough.
    let all = ["--kind", "trust", "--policy", "-", "--policy", "trust.json"];
    let output = lint(&all);
    assert_eq!((code(&output), stderr(&output).as_str()), (0, ""));
    assert_eq!(code(&lint(&[&all[..], &["--policy", "-", "--kind", "bucket"]].concat())), 64);
    let output = lint(&["--kind", "trust", "--policy", "none.json", "--policy", "trust.json"]);
    assert_eq!(code(&output), 3, "the other is checked");
    assert!(stdout(&output).contains("trust.json: checked"));
}

#[test]
fn a_bucket_policy_may_be_told_its_bucket() {
    let folder = tempfile::tempdir().unwrap();
    let text = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::records/*"}}"#;
    fs::write(folder.path().join("policy.json"), text).unwrap();
    for (bucket, expected) in [("records", 0), ("record", 3)] {
        let arguments = ["lint", "--policy", "policy.json", "--kind", "bucket", "--bucket", bucket];
        let output = run_in(folder.path(), &arguments);
        assert_eq!(code(&output), expected, "{}", stderr(&output));
    }
}
