//! The engine on one core: decisions a second over policies that were compiled once, the cost of a
//! further statement, and hostile wildcards. `cargo bench -p gainsay-iam` prints medians; `gainsay
//! decide`, which reads the policies of every line, is in the bench of the same name of the tool.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_macros,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a benchmark prints its figures and may stop at a surprise"
)]

mod inputs;

use std::{hint::black_box, time::Instant};

use gainsay_iam::{Decision, EvaluationInput};
use serde_json::{Value, json};

use self::inputs::{decrypt, deny, not_granted, policy, refused_upload, upload};

const ROUNDS: usize = 11;
const DECISIONS: usize = 100_000;

fn main() {
    let inputs = [upload(), refused_upload(), decrypt(), not_granted()].map(|input| read(&input));
    let seconds = median(|| {
        for input in inputs.iter().cycle().take(DECISIONS) {
            black_box(input.evaluate().unwrap());
        }
    });
    println!("decisions a second, with the deciding statements: {:.0}", DECISIONS as f64 / seconds);

    for statements in [8, 64, 512] {
        let input = many(statements);
        let seconds = median(|| {
            for _ in 0..1_000 {
                black_box(input.evaluate().unwrap());
            }
        });
        println!(
            "{statements:>4} statements: {:.1} ns a statement",
            seconds * 1e6 / statements as f64
        );
    }

    let input = hostile();
    let seconds = median(|| {
        assert_eq!(black_box(input.evaluate().unwrap()).decision, Decision::ImplicitDeny);
    });
    println!("hostile wildcards, a policy of 20 KB: {:.0} us a decision", seconds * 1e6);
}

fn read(input: &Value) -> EvaluationInput {
    EvaluationInput::read(&input.to_string()).1.unwrap()
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

/// The upload with this many more statements.
fn many(statements: usize) -> EvaluationInput {
    let mut input = upload();
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
            json!([policy(&json!(of))])
        })
        .collect();
    input["policies"]["scp"] = json!(levels);
    read(&input)
}

/// Patterns that nearly match, against a resource as long as S3 takes.
fn hostile() -> EvaluationInput {
    let mut input = upload();
    let pattern = format!("arn:aws:s3:::shared/*{}b*", "a?".repeat(480));
    let statement =
        json!({ "Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": pattern });
    input["resource"] = json!(format!("arn:aws:s3:::shared/{}", "a".repeat(1_000)));
    input["policies"] = json!({ "resource": policy(&json!(vec![statement; 19])) });
    assert!(input["policies"].to_string().len() > 19_500);
    read(&input)
}
