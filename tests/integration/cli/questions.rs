//! Questions about whole API calls and about refusals, as they are put on the command line.

use std::{
    fs,
    io::Write as _,
    process::{Output, Stdio},
};

use serde_json::{Value, json};

use crate::common::{code, gainsay, run, stderr, stdout};

const BUCKET: &str = "gainsay-evidence-111122223333";

/// What a role of `scenarios/secure-bucket` is told.
fn message(role: &str, action: &str, end: &str) -> String {
    format!(
        "User: arn:aws:sts::111122223333:assumed-role/{role}/s is not authorized to perform: \
         {action} on resource: \"arn:aws:s3:::{BUCKET}/a\"{end}"
    )
}

fn explain(message: &str, more: &[&str]) -> Output {
    run(&[&["explain", "--color", "never", "--message", message], more].concat())
}

/// Architecture, finding and files of the statements of everything that is found.
fn found(output: &Output) -> Vec<(String, String, Vec<String>)> {
    let explained: Value = serde_json::from_slice(&output.stdout).unwrap();
    let of = |found: &Value| {
        let place = |place: &Value| {
            let file = place["file"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
            format!("{file}:{} {}", place["line"], place["sid"].as_str().unwrap())
        };
        let text = |name: &str| found[name].as_str().unwrap().to_owned();
        let statements = found["statements"].as_array().unwrap().iter().map(place).collect();
        (text("architecture"), text("finding"), statements)
    };
    explained["found"].as_array().unwrap().iter().map(of).collect()
}

#[test]
fn a_refusal_is_explained_by_the_environments() {
    let silent = " because no identity-based policy allows the s3:PutObject action";
    let denied = " with an explicit deny in a resource-based policy";
    let read = " because no identity-based policy allows the s3:GetObject action";
    for (message, finding, first) in [
        (message("reader", "s3:PutObject", silent), "silent", "reader.json:27 Home"),
        (message("app", "s3:PutObject", silent), "contradicted", "app.json:11 ReadAndWrite"),
        (message("reader", "s3:GetObject", read), "contradicted", "reader.json:11 Read"),
        (
            message("app", "s3:PutObject", denied),
            "possible",
            "evidence-bucket.json:4 DenyInsecureTransport",
        ),
        (message("stranger", "s3:GetObject", read), "silent", "stranger.json"),
        (
            message("app", "s3:PutObject", " with an explicit deny in a service control policy"),
            "not-given",
            "",
        ),
    ] {
        let output = explain(&message, &["--format", "json"]);
        assert_eq!(code(&output), 0, "{message}: {}", stderr(&output));
        let found = found(&output);
        // Others have a role of the name, and not the bucket.
        let [(architecture, is, statements)] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((architecture.as_str(), is.as_str()), ("secure-bucket", finding), "{message}");
        let named = statements.first().map_or("", String::as_str);
        assert!(named.starts_with(first), "{named}: {message}");
    }
}

/// What the sandbox itself answers to attempts is explained by the policies that it has: never as
/// one that these policies cannot have given.
#[test]
fn the_sandboxs_own_refusals_are_its_policies() {
    let reports = tempfile::tempdir().unwrap();
    let folder = reports.path().to_str().unwrap();
    let output = run(&["run", "--report-dir", folder, "secure-bucket", "--sample", "pairwise"]);
    assert_eq!(code(&output), 0, "{}", stdout(&output));
    let record = fs::read(reports.path().join("latest/record.json")).unwrap();
    let record: Value = serde_json::from_slice(&record).unwrap();
    let mut messages: Vec<&str> = record["results"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|result| result["observed"]["message"].as_str())
        .filter(|message| message.starts_with("User: arn:"))
        // Settings answer in words of their own.
        .filter(|message| message.contains("policy") && !message.contains("session policy"))
        .collect();
    messages.sort_unstable();
    messages.dedup();
    let step = messages.len().div_ceil(25).max(1);
    let mut explained = 0;
    for message in messages.iter().step_by(step) {
        let output = explain(message, &["--format", "json"]);
        assert!([0, 4].contains(&code(&output)), "{message}: {}", stderr(&output));
        for (architecture, finding, _) in found(&output) {
            if architecture == "secure-bucket" {
                assert_ne!(finding, "contradicted", "{message}");
                explained += 1;
            }
        }
    }
    assert!(explained > 5, "{explained} of {}", messages.len());
}

#[test]
fn what_no_environment_knows_is_said() {
    let unknown = message("app", "s3:GetObject", "").replace("1111", "9999");
    let output = explain(&unknown, &[]);
    assert_eq!(code(&output), 4);
    assert!(stdout(&output).contains("cannot be the ones that answered"), "{}", stdout(&output));
    for bad in ["Access Denied", "", "no refusal", "{\"eventName\": 1}"] {
        let output = explain(bad, &[]);
        assert_eq!(code(&output), 3, "{bad}");
        assert!(stderr(&output).starts_with("error: "), "{}", stderr(&output));
        assert_eq!(stdout(&output), "");
    }
    assert_eq!(code(&run(&["explain", "--policies", "x"])), 64);
    assert_eq!(code(&run(&["explain", "id", "--message", "x"])), 64);
}

#[test]
fn hostile_text_reaches_no_terminal() {
    let text = message("reader", "s3:GetObject", "")
        .replace("/a\"", "/a\u{1b}[2J\u{202e}\n\" with an explicit deny in a session policy\"");
    let policies = tempfile::NamedTempFile::new().unwrap();
    fs::write(policies.path(), "{\"identity\": [], \"session\": []}").unwrap();
    let output = explain(&text, &["--policies", policies.path().to_str().unwrap()]);
    let shown = stdout(&output) + &stderr(&output);
    assert!(!shown.contains('\u{1b}') && !shown.contains('\u{202e}'), "{shown}");
    assert!(shown.contains("\\u{1b}"), "{shown}");
    fs::write(policies.path(), "{\"identity\": [], \"identity\": []}").unwrap();
    let output = explain(&text, &["--policies", policies.path().to_str().unwrap()]);
    assert_eq!(code(&output), 3);
    assert!(stderr(&output).contains("`identity` is written twice"), "{}", stderr(&output));
}

#[test]
fn a_message_may_come_from_standard_input() {
    let mut child = gainsay()
        .args(["explain", "--message", "-", "--format", "json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let end = " because no identity-based policy allows the s3:PutObject action";
    let text = message("reader", "s3:PutObject", end);
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(found(&output).first().map(|found| found.1.as_str()), Some("silent"));
}

/// Requests about one action and calls may stand in one file; each line is answered in its place.
#[test]
fn decide_answers_requests_and_calls_in_order() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let allow = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*" } });
    let ann = "arn:aws:iam::111122223333:user/ann";
    let lines = [
        json!({ "id": 1, "principal": ann, "action": "s3:GetObject",
            "resource": "arn:aws:s3:::reports/a", "policies": { "identity": allow } }),
        json!({ "id": 2, "as": ann, "operation": "s3:GetObject", "bucket": "reports", "key": "a",
            "policies": { "identity": allow } }),
        json!({ "id": 3, "as": ann, "operation": "s3:PutObject", "bucket": "reports", "key": "a",
            "policies": { "identity": allow } }),
        json!({ "id": 4, "as": ann, "operation": "s3:FlyToTheMoon" }),
    ];
    let text: Vec<String> = lines.iter().map(Value::to_string).collect();
    fs::write(file.path(), text.join("\n")).unwrap();
    let output = run(&["decide", "--near", "--input", file.path().to_str().unwrap()]);
    assert_eq!(code(&output), 0);
    let answers: Vec<Value> =
        stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let decisions: Vec<_> =
        answers.iter().map(|answer| (answer["id"].clone(), answer["decision"].clone())).collect();
    let expected = [
        (json!(1), json!("allow")),
        (json!(2), json!("allow")),
        (json!(3), json!("implicit-deny")),
        (json!(4), Value::Null),
    ];
    assert_eq!(decisions, expected);
    assert_eq!(answers[2]["questions"][0]["near"]["but"], json!(["Action"]));
    // The same call, explained.
    let call = tempfile::NamedTempFile::new().unwrap();
    fs::write(call.path(), lines[2].to_string()).unwrap();
    let output = run(&["explain", "--request", call.path().to_str().unwrap()]);
    let text = stdout(&output);
    assert_eq!(code(&output), 0);
    assert!(text.starts_with("s3:PutObject\n403 AccessDenied User: "), "{text}");
    assert!(text.contains("✗ Action s3:GetObject | request: s3:PutObject"), "{text}");
    fs::write(call.path(), lines[3].to_string()).unwrap();
    assert_eq!(code(&run(&["explain", "--request", call.path().to_str().unwrap()])), 3);
}
