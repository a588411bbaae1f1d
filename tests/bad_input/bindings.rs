//! Names that stand for nothing on a target, and targets that cannot be.

use super::copy::Copy;

const ENDPOINT: &str = "--target=https://127.0.0.1:9";

const BOUND: &str = "account: \"111122223333\"\ncleanup: app\nmay_write: [vault]\nroles: { app: { arn: \"arn:aws:iam::111122223333:role/app\" } }\n\
     buckets: { vault: { name: my-vault } }\n";

#[test]
fn without_bindings_everything_that_is_needed_is_named() {
    let copy = Copy::new();
    for command in ["run", "plan", "doctor"] {
        let ran = copy.gainsay(&[command, "--scenarios", "s", "--color", "never", "--target", "aws"]);
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
        &[
            "error[unbound]: the bindings of `vault` lack: ",
            "key `main`",
            "select only attempts",
        ],
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
    copy.run(&[ENDPOINT, "--bindings", "s/elsewhere.txt"])
        .assert_refused(&copy, &["error["]);
}
