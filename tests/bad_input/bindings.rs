//! Names that stand for nothing on a target, and targets that cannot be.

use super::copy::Copy;

const ENDPOINT: &str = "--target=https://127.0.0.1:9";

const BOUND: &str = "account: \"111122223333\"\ncleanup: app\nmay_write: [vault]\nroles: { app: { arn: \"arn:aws:iam::111122223333:role/app\" } }\n\
     buckets: { vault: { name: my-vault } }\n";

#[test]
fn without_bindings_everything_that_is_needed_is_named() {
    let copy = Copy::new();
    for command in ["run", "plan", "doctor"] {
        let ran =
            copy.gainsay(&[command, "--scenarios", "s", "--color", "never", "--target", "aws"]);
        ran.assert_refused(
            &copy,
            &[
                "error[unbound]: `vault` has no bindings",
                "role `app`",
                "bucket `vault`",
                "key `main`",
                "write them to `s/vault/bindings.yaml`",
            ],
        );
    }
}

#[test]
fn what_the_bindings_lack_is_named_at_once() {
    let copy = Copy::new();
    copy.write("vault/bindings.yaml", BOUND);
    let ran = copy.run(&[ENDPOINT, "--plain-url=http://127.0.0.1:9"]);
    ran.assert_refused(
        &copy,
        &["error[unbound]: the bindings of `vault` lack: ", "key `main`", "select only attempts"],
    );
    assert!(!ran.stderr.contains("role `app`"), "{}", ran.stderr);
}

#[test]
fn the_sandbox_does_not_use_bindings() {
    let copy = Copy::new();
    copy.write("vault/bindings.yaml", BOUND);
    assert_eq!(copy.run(&[]).code, 0);
}

#[test]
fn a_file_of_bindings_must_be_readable() {
    let copy = Copy::new();
    let ran = copy.run(&[ENDPOINT, "--bindings", "nowhere.yaml"]);
    ran.assert_refused(&copy, &["error[unreadable]: `nowhere.yaml` cannot be read"]);
    copy.write("elsewhere.txt", "account: 1\nfoo: 2\n");
    copy.run(&[ENDPOINT, "--bindings", "s/elsewhere.txt"]).assert_refused(&copy, &["error["]);
}

#[test]
fn the_key_that_aws_manages_is_bound_like_any_other() {
    let copy = Copy::new();
    copy.write(
        "vault/put.yaml",
        "scenario: Uploads use the main key\ncontrols: [ENC-03]\n\
         request: { as: app, do: s3:PutObject, bucket: vault, key: \"{run}/report.csv\", encryption: aws:kms, kms_key: main }\n\
         attempts:\n  - allow: with the main key\n  - deny: with the key AWS manages\n    but: { kms_key: aws/s3 }\n    by: { layer: resource }\n",
    );
    let plan = ["plan", "--scenarios", "s", "--color", "never", ENDPOINT];
    copy.write(
        "vault/bindings.yaml",
        format!("{BOUND}keys: {{ main: {{ arn: \"arn:aws:kms:eu-west-1:111122223333:key/0e71de9c-e000-4000-8000-000000000001\" }} }}\n"),
    );
    copy.gainsay(&plan)
        .assert_refused(&copy, &["error[unbound]: the bindings of `vault` lack: key `aws/s3`"]);
    copy.write(
        "vault/bindings.yaml",
        format!(
            "{BOUND}keys:\n  main: {{ arn: \"arn:aws:kms:eu-west-1:111122223333:key/0e71de9c-e000-4000-8000-000000000001\" }}\n  \
             aws/s3: {{ arn: \"arn:aws:kms:eu-west-1:111122223333:key/0e71de9c-e000-4000-8000-00000000000f\" }}\n"
        ),
    );
    let planned = copy.gainsay(&plan);
    assert_eq!(planned.code, 0, "{}{}", planned.stdout, planned.stderr);
}
