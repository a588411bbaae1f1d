//! The command line: what it prints, how it ends, what it refuses.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use crate::{
    common::{code, run, stderr},
    served::{Request, Served},
};

/// The environment of the first architecture.
const ENVIRONMENT: &str = "scenarios/secure-bucket/environment.yaml";

#[test]
fn one_line_of_json_says_all_that_a_client_needs() {
    let served = Served::start(&[]);
    assert!(served.told("https").starts_with("https://127.0.0.1:"));
    assert!(served.told("http").starts_with("http://127.0.0.1:"));
    assert!(fs::read_to_string(served.ca()).unwrap().starts_with("-----BEGIN CERTIFICATE-----"));
    assert_eq!((served.told("account"), served.told("region")), ("111122223333", "us-east-1"));
    assert!(served.told("access_key_id").starts_with("AKIA"));
    assert_eq!(served.told("secret_access_key").len(), 40);
}

#[test]
fn lines_for_a_shell_set_what_the_clients_read() {
    let mut child = Command::new("timeout")
        .args(["60", env!("CARGO_BIN_EXE_gainsay"), "serve", "--quiet"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines: Vec<String> =
        BufReader::new(child.stdout.take().unwrap()).lines().take(8).map(Result::unwrap).collect();
    let shell = Command::new("sh")
        .args([
            "-c",
            &format!("{}\necho $AWS_ENDPOINT_URL $AWS_REGION $GAINSAY_ACCOUNT", lines.join("\n")),
        ])
        .output()
        .unwrap();
    Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert!(child.wait().unwrap().success());
    let said = String::from_utf8(shell.stdout).unwrap();
    assert!(
        said.starts_with("https://127.0.0.1:") && said.ends_with(" us-east-1 111122223333\n"),
        "{said}"
    );
}

#[test]
fn it_begins_with_an_environment_and_keeps_nothing_of_a_stopped_one() {
    let served = Served::start(&["--environment", ENVIRONMENT]);
    assert_eq!(served.told("region"), "eu-west-1");
    let ca = served.ca();
    let bucket = Request::new("HEAD", "localhost", "/gainsay-evidence-111122223333");
    let head = served.ask(&bucket);
    assert!(matches!(head.status, 200 | 403), "{head:?}");
    let (code, log) = served.stop();
    assert_eq!(code, 0);
    assert!(log.contains("HEAD /gainsay-evidence-111122223333 -> "), "{log}");
    assert!(!ca.exists());
}

#[test]
fn the_log_says_who_asked_what_was_decided_and_by_which_statement() {
    let served = Served::start(&["--environment", ENVIRONMENT]);
    served.ask(&Request::new(
        "GET",
        "localhost",
        "/gainsay-evidence-111122223333/it%0Ais%1B%5B31m?versionId=secret",
    ));
    served.raw(b"GET /gainsay-evidence-111122223333/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let (_, log) = served.stop();
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines.len(), 2, "{log}");
    assert!(
        lines[0].contains(" http GET /gainsay-evidence-111122223333/it%0Ais%1B%5B31m -> 403 GetObject by arn:aws:iam::"),
        "{log}"
    );
    assert!(
        lines[0].contains("; explicit deny s3:GetObjectVersion on arn:aws:s3:::gainsay-evidence-111122223333/it\\u{a}is\\u{1b}[31m by "),
        "{log}"
    );
    assert!(lines[0].contains("(DenyInsecureTransport)") || lines[0].contains("json:"), "{log}");
    // The query of a presigned request is a credential.
    assert!(!log.contains("secret"), "{log}");
    assert!(lines[1].contains("by anonymous; explicit deny s3:GetObject on "), "{log}");
}

#[test]
fn the_certificate_is_written_where_it_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("it's a ca.pem");
    let served = Served::start(&["--ca-file", file.to_str().unwrap()]);
    assert_eq!(fs::canonicalize(served.ca()).unwrap(), fs::canonicalize(&file).unwrap());
}

#[test]
fn what_cannot_be_served_is_said() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for (arguments, exit, said) in [
        (vec!["serve", "--plain-port", &port], 5, "cannot listen on `127.0.0.1:"),
        (vec!["serve", "--listen", "203.0.113.1"], 5, "cannot listen on `203.0.113.1:0`"),
        (vec!["serve", "--listen", "example.org"], 64, "invalid value 'example.org'"),
        (
            vec!["serve", "--environment", "README.md"],
            3,
            "`README.md` is not an `environment.yaml`",
        ),
        (vec!["serve", "--environment", "nowhere/environment.yaml"], 3, "`nowhere` cannot be read"),
        (
            vec!["serve", "--ca-file", "/nowhere/ca.pem"],
            5,
            "the certificate cannot be written to `/nowhere/ca.pem`",
        ),
    ] {
        let output = run(&arguments);
        assert_eq!(code(&output), exit, "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(said), "{arguments:?}: {}", stderr(&output));
    }
}
