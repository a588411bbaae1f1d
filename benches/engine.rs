//! The policy engine on one core: decisions a second over policies that were compiled once,
//! `gainsay decide` cold over lines with their policies, the cost of a further statement, and
//! hostile wildcards. `cargo bench --bench engine` prints medians.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_macros,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::format_collect,
    clippy::cast_precision_loss,
    missing_docs,
    reason = "a benchmark prints its figures and may stop at a surprise"
)]

use std::{
    fs,
    hint::black_box,
    process::{Command, Stdio},
    time::Instant,
};

use gainsay_iam::{Decision, EvaluationInput};
use serde_json::{Value, json};

const ROUNDS: usize = 11;
const DECISIONS: usize = 100_000;
const LINES: usize = 100_000;

fn main() {
    let questions = [upload(), refused_upload(), decrypt(), nobodys()]
        .map(|question| EvaluationInput::read(&question.to_string()).1.unwrap());
    let seconds = median(|| {
        for question in questions.iter().cycle().take(DECISIONS) {
            black_box(question.evaluate().unwrap());
        }
    });
    println!("decisions a second, with the deciding statements: {:.0}", DECISIONS as f64 / seconds);

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("questions.jsonl");
    let lines = [line(upload()), line(refused_upload())];
    let bytes = lines.iter().map(String::len).sum::<usize>() / lines.len();
    fs::write(
        &file,
        lines.iter().cycle().take(LINES).map(|line| format!("{line}\n")).collect::<String>(),
    )
    .unwrap();
    let seconds = median(|| {
        let mut decide = Command::new(env!("CARGO_BIN_EXE_gainsay"));
        decide.args(["decide", "--input"]).arg(&file).stdout(Stdio::null());
        assert!(decide.status().unwrap().success());
    });
    println!("decide, cold, lines of {bytes} bytes: {:.0} lines a second", LINES as f64 / seconds);

    for statements in [8, 64, 512] {
        let question = many(statements);
        let seconds = median(|| {
            for _ in 0..1_000 {
                black_box(question.evaluate().unwrap());
            }
        });
        println!(
            "{statements:>4} statements: {:.1} ns a statement",
            seconds * 1e6 / statements as f64
        );
    }

    let question = hostile();
    let seconds = median(|| {
        assert_eq!(black_box(question.evaluate().unwrap()).decision, Decision::ImplicitDeny);
    });
    println!("hostile wildcards, a policy of 20 KB: {:.0} us a decision", seconds * 1e6);
}

fn median(mut measured: impl FnMut()) -> f64 {
    let mut seconds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            measured();
            begun.elapsed().as_secs_f64()
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    *seconds.get(ROUNDS / 2).unwrap()
}

/// Two identity policies, a bucket policy of eight statements, a service control policy.
fn upload() -> Value {
    json!({
        "principal": "arn:aws:sts::111122223333:assumed-role/team-a/run",
        "action": "s3:PutObject",
        "resource": "arn:aws:s3:::shared/team-a/report.csv",
        "resource_account": "111122223333",
        "context": {
            "aws:SecureTransport": "true",
            "aws:PrincipalArn": "arn:aws:iam::111122223333:role/team-a",
            "aws:PrincipalAccount": "111122223333",
            "aws:PrincipalTag/prefix": "team-a",
            "aws:SourceIp": "203.0.113.7",
            "s3:x-amz-server-side-encryption": "aws:kms",
            "s3:x-amz-server-side-encryption-aws-kms-key-id": "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555"
        },
        "policies": {
            "identity": [
                { "Version": "2012-10-17", "Statement": [
                    { "Sid": "Own", "Effect": "Allow", "Action": ["s3:GetObject*", "s3:PutObject*"], "Resource": "arn:aws:s3:::shared/${aws:PrincipalTag/prefix}/*" },
                    { "Sid": "List", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::shared" }
                ] },
                { "Version": "2012-10-17", "Statement": { "Sid": "Keys", "Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": "*" } }
            ],
            "resource": { "Version": "2012-10-17", "Statement": [
                deny("Tls", "s3:*", &json!({ "Bool": { "aws:SecureTransport": "false" } })),
                deny("Header", "s3:PutObject", &json!({ "Null": { "s3:x-amz-server-side-encryption": "true" } })),
                deny("Kms", "s3:PutObject", &json!({ "StringNotEquals": { "s3:x-amz-server-side-encryption": "aws:kms" } })),
                deny("Key", "s3:PutObject", &json!({ "ArnNotEquals": { "s3:x-amz-server-side-encryption-aws-kms-key-id": "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555" } })),
                deny("Prefix", "s3:*Object*", &json!({ "StringNotLike": { "aws:PrincipalTag/prefix": "team-*" } })),
                deny("Network", "s3:*", &json!({ "NotIpAddress": { "aws:SourceIp": ["203.0.113.0/24", "2001:db8::/32"] } })),
                deny("Account", "s3:*", &json!({ "StringNotEquals": { "aws:PrincipalAccount": "111122223333" } })),
                { "Sid": "Teams", "Effect": "Allow", "Principal": { "AWS": ["arn:aws:iam::111122223333:role/team-a", "arn:aws:iam::111122223333:role/team-b"] },
                  "Action": "s3:PutObject", "Resource": "arn:aws:s3:::shared/*" }
            ] },
            "scp": [[{ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": "*", "Resource": "*" } }]]
        }
    })
}

fn refused_upload() -> Value {
    let mut question = upload();
    *question.pointer_mut("/context/s3:x-amz-server-side-encryption").unwrap() = json!("AES256");
    question
}

fn decrypt() -> Value {
    let mut question = upload();
    question["action"] = json!("kms:Decrypt");
    question["resource"] =
        json!("arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555");
    question["policies"]["resource"] = json!({ "Version": "2012-10-17", "Statement": [
        { "Sid": "Account", "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:root" }, "Action": "kms:*", "Resource": "*" },
        { "Sid": "Team", "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:role/team-a" }, "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": "*" }
    ] });
    question
}

fn nobodys() -> Value {
    let mut question = upload();
    question["resource"] = json!("arn:aws:s3:::shared/team-b/report.csv");
    question["policies"]["resource"]["Statement"].as_array_mut().unwrap().pop();
    question
}

fn deny(sid: &str, action: &str, condition: &Value) -> Value {
    json!({ "Sid": sid, "Effect": "Deny", "Principal": "*", "Action": action, "Resource": ["arn:aws:s3:::shared", "arn:aws:s3:::shared/*"], "Condition": condition })
}

/// The same with so few statements that it is a line of at most 1 KB.
fn line(mut question: Value) -> String {
    let statements = question["policies"]["resource"]["Statement"].as_array_mut().unwrap();
    statements.retain(|statement| statement["Sid"] == "Kms");
    question["policies"]["scp"] = Value::Null;
    question["context"]
        .as_object_mut()
        .unwrap()
        .retain(|key, _| !key.ends_with("key-id") && key != "aws:SourceIp");
    question["policies"]["identity"][0]["Statement"].as_array_mut().unwrap().pop();
    let line = question.to_string();
    assert!(line.len() > 850 && line.len() <= 1_024, "{}", line.len());
    line
}

fn many(statements: usize) -> EvaluationInput {
    let mut question = upload();
    let statement = |n: usize| {
        deny(
            &format!("S{n}"),
            "s3:PutObject",
            &json!({ "StringEquals": { "aws:PrincipalTag/prefix": format!("team-{n}x") } }),
        )
    };
    // The size of a bucket policy is limited, so the statements are spread over policies of several
    // levels.
    let levels: Vec<Value> = (0..statements)
        .collect::<Vec<_>>()
        .chunks(16)
        .map(|chunk| {
            let mut of: Vec<Value> = chunk.iter().map(|n| statement(*n)).collect();
            for statement in &mut of {
                statement.as_object_mut().unwrap().remove("Principal");
            }
            of.push(json!({ "Effect": "Allow", "Action": "*", "Resource": "*" }));
            json!([{ "Version": "2012-10-17", "Statement": of }])
        })
        .collect();
    question["policies"]["scp"] = json!(levels);
    EvaluationInput::read(&question.to_string()).1.unwrap()
}

/// Patterns that fit nearly, against a resource as long as S3 takes.
fn hostile() -> EvaluationInput {
    let mut question = upload();
    let pattern = format!("arn:aws:s3:::shared/*{}b*", "a?".repeat(480));
    let statements: Vec<Value> = (0..19)
        .map(|_| json!({ "Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": pattern }))
        .collect();
    question["resource"] = json!(format!("arn:aws:s3:::shared/{}", "a".repeat(1_000)));
    question["policies"] =
        json!({ "resource": { "Version": "2012-10-17", "Statement": statements } });
    assert!(question["policies"].to_string().len() > 19_500);
    EvaluationInput::read(&question.to_string()).1.unwrap()
}
