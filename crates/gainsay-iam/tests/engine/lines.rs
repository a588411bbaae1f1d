//! Many lines are answered as each is alone: the quick way to read a line, and the documents that
//! are kept, change no answer.

use std::{fs, path::Path};

use gainsay_iam::{LineDecider, Response};

fn alone(line: &[u8]) -> String {
    let mut out = Vec::new();
    Response::decide(line, false).write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn together(decider: &mut LineDecider, line: &[u8]) -> String {
    let mut out = Vec::new();
    decider.answer(line, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn seeds_are_answered_as_each_is_alone() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/decide");
    let mut decider = LineDecider::new(false);
    let mut count = 0;
    for _ in 0..2 {
        for entry in fs::read_dir(&folder).unwrap() {
            let line = fs::read(entry.unwrap().path()).unwrap();
            let line = line.trim_ascii();
            assert_eq!(together(&mut decider, line), alone(line));
            // Every beginning of it is malformed, or is taken for what it is.
            for length in (0..line.len()).step_by(7) {
                let cut = &line[..length];
                assert_eq!(together(&mut decider, cut), alone(cut), "{length}");
            }
            count += 1;
        }
    }
    assert!(count >= 40, "{count}");
}

#[test]
fn lines_out_of_the_ordinary_are_answered_as_each_is_alone() {
    const WHO: &str = r#""principal": "arn:aws:iam::111122223333:user/ann""#;
    const WHAT: &str = r#""action": "s3:GetObject", "resource": "arn:aws:s3:::b/k""#;
    const ALLOW: &str = r#"{"Version": "2012-10-17", "Statement": [{"Sid": "A", "Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}"#;
    let rows = [
        format!(r"{{{WHO}, {WHAT}}}"),
        format!(r#"{{"id": "a\u0041", {WHO}, {WHAT}}}"#),
        format!(r#"{{"id": 1.50, {WHO}, {WHAT}}}"#),
        format!(r#"{{"id": 0123, {WHO}, {WHAT}}}"#),
        format!(r#"{{"id": -3, {WHO}, {WHAT}}}"#),
        format!(r#"{{"id": 99999999999999999999, {WHO}, {WHAT}}}"#),
        format!(r#"{{"id": {{"a": [1]}}, {WHO}, {WHAT}}}"#),
        format!(r#"{{"id": 1, "id": 2, {WHO}, {WHAT}}}"#),
        format!(r#"{{"id": 1, {WHO}, {WHO}, {WHAT}}}"#),
        format!(r#"{{"id": 1, {WHO}, {WHAT}, "extra": 1}}"#),
        format!(r#"{{"id": 1, {WHO}, {WHAT}}} x"#),
        format!(r#"{{"id": 1, {WHO}, {WHAT},}}"#),
        format!(
            r#"{{"id": 1, {WHO}, {WHAT}, "context": {{"aws:SecureTransport": true, "s3:max-keys": 5}}}}"#
        ),
        format!(r#"{{"id": 1, {WHO}, {WHAT}, "context": {{"s3:prefix": "a", "S3:Prefix": "b"}}}}"#),
        format!(
            r#"{{"id": 1, {WHO}, {WHAT}, "context": {{"aws:TagKeys": ["a", "b"], "aws:SourceIp": []}}}}"#
        ),
        format!(r#"{{"id": 1, {WHO}, {WHAT}, "context": {{"aws:username": "bob"}}}}"#),
        format!(r#"{{"id": 1, {WHO}, {WHAT}, "context": null, "policies": null}}"#),
        format!(r#"{{"policies": {{"identity": {ALLOW}}}, {WHO}, {WHAT}, "id": "late"}}"#),
        format!(
            r#"{{"id": 1, {WHO}, {WHAT}, "policies": {{"identity": [{ALLOW}, {ALLOW}], "scp": [[{ALLOW}], []], "rcp": null}}}}"#
        ),
        format!(
            r#"{{"id": 1, {WHO}, {WHAT}, "policies": {{"identity": [{ALLOW}], "identity": []}}}}"#
        ),
        format!(r#"{{"id": 1, {WHO}, {WHAT}, "policies": {{"identity": [{ALLOW} {ALLOW}]}}}}"#),
        format!(
            r#"{{"id": 1, {WHO}, {WHAT}, "policies": {{"identity": [{ALLOW}], "grants": []}}}}"#
        ),
        format!(r#"{{"id": 1, {WHO}, {WHAT}, "policies": {{"resource": {ALLOW}}}}}"#),
        format!(
            r#"{{"id": 1, {WHO}, {WHAT}, "policies": {{"identity": {{"Statement": [], "Statement": []}}}}}}"#
        ),
        format!(r#"{{"id": 1, {WHO}, {WHAT}, "policies": {{"identity": {{"Statement": "}}"}}}}}}"#),
        format!(
            r#"{{"id": 1, {WHO}, {WHAT}, "policies": {{"identity": [{ALLOW}]}}, "public_access_block": {{"RestrictPublicBuckets": true}}}}"#
        ),
        format!(
            r#"{{"id": 1, {WHO}, {WHAT}, "resource_account": null, "policies": {{"identity": [{ALLOW}]}}}}"#
        ),
        format!("{{\"id\": \"a\tb\", {WHO}, {WHAT}}}"),
        format!(
            r#"{{"id": "ä", {WHO}, {WHAT}, "context": {{"aws:RequestTag/Ä": "ö"}}, "policies": {{"identity": [{ALLOW}]}}}}"#
        ),
        r#"{"id": 1}"#.to_owned(),
        "[]".to_owned(),
        "null".to_owned(),
        String::new(),
    ];
    let mut decider = LineDecider::new(false);
    for row in rows.iter().chain(&rows) {
        assert_eq!(together(&mut decider, row.as_bytes()), alone(row.as_bytes()), "{row}");
    }
    let not_utf8 = b"{\"id\": \"\xff\"}";
    assert_eq!(together(&mut decider, not_utf8), alone(not_utf8));
}
