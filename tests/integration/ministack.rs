//! A target that nobody here wrote: `ministack` from `PyPI` (MIT), installed below `target/` and
//! started on loopback, with a TLS port and a plain one.
//!
//! Every attempt of secure-bucket passes there, or is skipped for a reason, or is in
//! `targets/ministack.yaml`, which says why it differs.

mod server;
mod table;

use std::{fmt::Write as _, fs, path::Path, process::Output};

use gainsay::{
    cloud::CredentialChain,
    files::{Bindings, load},
    provision::{self, Provisioned},
    suite,
};
use serde_json::Value;
use server::Server;
use table::Table;

use crate::common::{code, copy_scenarios, gainsay, stderr, stdout};

/// Any access key of twelve digits is the root user of that account there.
const ACCOUNT: &str = "222233334444";

/// A copy of the scenarios with the table's changes.
fn scenarios(table: &Table) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    copy_scenarios(copy.path());
    for change in &table.changes {
        let path = copy.path().join(&table.architecture).join(&change.file);
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(
            text.matches(&change.from).count(),
            1,
            "{} has no longer, once: {}",
            change.file,
            change.from
        );
        fs::write(path, text.replace(&change.from, &change.to)).unwrap();
    }
    copy
}

/// The program against the server, with its credentials and nobody else's.
fn on(server: &Server, account: &str, command: &str, arguments: &[&str]) -> Output {
    gainsay()
        .env_clear()
        .env("AWS_ACCESS_KEY_ID", account)
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .args([
            command,
            "--color",
            "never",
            "--target",
            &server.url,
            "--plain-url",
            &server.plain_url,
        ])
        .args(["--ca-file", server.ca_file.to_str().unwrap()])
        .args(arguments)
        .output()
        .unwrap()
}

fn record(reports: &Path) -> Value {
    serde_json::from_slice(&fs::read(reports.join("latest/record.json")).unwrap()).unwrap()
}

#[test]
fn a_target_nobody_here_wrote_answers_as_aws_apart_from_its_table() {
    let table = Table::read();
    let (scenarios, reports) = (scenarios(&table), tempfile::tempdir().unwrap());
    let folder = scenarios.path().to_str().unwrap();
    let (reports, architecture) = (reports.path(), table.architecture.as_str());
    let arguments =
        ["--scenarios", folder, "--report-dir", reports.to_str().unwrap(), architecture];

    let sandbox = gainsay().arg("run").args(arguments).output().unwrap();
    assert_eq!(
        code(&sandbox),
        0,
        "the changed copy must pass on the sandbox: {}",
        stdout(&sandbox)
    );

    let server = Server::start(&table);
    let mut all = arguments.to_vec();
    all.push("--provision");
    let output = on(&server, ACCOUNT, "run", &all);
    let said = format!("{}{}", stdout(&output), stderr(&output));
    let record = record(reports);
    assert_eq!(record["run"]["target"], server.url.as_str(), "{said}");
    assert_eq!(record["run"]["architectures"][0]["account"], ACCOUNT);
    assert_eq!(record["run"].get("left_behind"), None, "{said}");
    let counts = &record["summary"]["counts"];
    assert!(counts["pass"].as_u64().unwrap() >= 300, "{said}");
    let problems = table.compare(record["results"].as_array().unwrap());
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
    // What was made for the run is gone: nothing but keys, which wait for their deletion.
    assert_eq!(server.buckets(ACCOUNT), Vec::<String>::new());
    assert_eq!(server.roles(ACCOUNT), Vec::<String>::new());
}

/// What somebody else made, as far as the program knows: bindings name it, and nothing of a run may
/// stay in it.
struct Elsewhere {
    server: Server,
    scenarios: tempfile::TempDir,
    reports: tempfile::TempDir,
    made: Provisioned,
    bound: Bindings,
}

impl Elsewhere {
    fn new() -> Self {
        let table = Table::read();
        let (scenarios, server) = (scenarios(&table), Server::start(&table));
        let folders = load::load(&scenarios.path().join(&table.architecture)).unwrap();
        let (architectures, _) = suite::resolve(&folders).unwrap();
        let declared = &architectures[0].environment;
        let names = provision::names(
            declared,
            ACCOUNT,
            Some(&format!("arn:aws:iam::{ACCOUNT}:root")),
            "elsewhere",
        );
        let mut made = Provisioned::nothing(
            &server.target(),
            &CredentialChain::of(server::credentials(ACCOUNT)),
        );
        let resolve = |bindings: &Bindings| suite::environment_of(&folders[0], bindings);
        let making = made.make(declared, names, "elsewhere", resolve, || false);
        let bound = server::runtime().block_on(making).unwrap();
        Self { server, scenarios, reports: tempfile::tempdir().unwrap(), made, bound }
    }

    fn go(&self, account: &str, command: &str, cleanup: &str, more: &[&str]) -> Output {
        let file = self.scenarios.path().join("elsewhere.txt");
        fs::write(&file, written(&self.bound, cleanup)).unwrap();
        let (folder, file) = (self.scenarios.path().to_str().unwrap(), file.to_str().unwrap());
        let mut arguments = vec!["--scenarios", folder, "--bindings", file];
        if command == "run" {
            arguments.extend(["--report-dir", self.reports.path().to_str().unwrap()]);
        }
        arguments.extend(more);
        on(&self.server, account, command, &arguments)
    }

    /// Removes what was bound, all of which must still be there and empty, apart from what is known
    /// to be left.
    fn remove(self) {
        assert_eq!(server::runtime().block_on(self.made.remove()), Vec::<String>::new());
        assert_eq!(self.server.buckets(ACCOUNT), Vec::<String>::new());
    }
}

#[test]
fn what_was_bound_is_read_and_written_and_left_as_it_was() {
    let elsewhere = Elsewhere::new();
    // Everything bound is there; nothing is changed by looking.
    let doctor = elsewhere.go(ACCOUNT, "doctor", "admin", &["secure-bucket/landing"]);
    assert_eq!(code(&doctor), 0, "{}{}", stdout(&doctor), stderr(&doctor));
    for line in [
        "ok       role app: assumed",
        "ok       bucket evidence",
        "ok       key evidence",
        "0 problems; nothing was changed",
    ] {
        assert!(stdout(&doctor).contains(line), "{line}: {}", stdout(&doctor));
    }
    assert_eq!(elsewhere.server.versions(ACCOUNT), Vec::<String>::new());

    // A run that writes, is refused, deletes, uploads in parts, and gets through where it should
    // not.
    let wanted = [
        "secure-bucket/encryption/app",
        "secure-bucket/versions/",
        "secure-bucket/multipart/",
        "secure-bucket/homes/app",
        "secure-bucket/plain-http-writes/app.inbox/s3:DeleteObject",
    ];
    let lacking = elsewhere.go(ACCOUNT, "run", "admin", &wanted);
    assert_eq!(code(&lacking), 3, "{}", stdout(&lacking));
    assert!(
        stderr(&lacking).contains("the bindings of `secure-bucket` lack: key `partner`"),
        "{}",
        stderr(&lacking)
    );
    let output = elsewhere.go(
        ACCOUNT,
        "run",
        "admin",
        &[&wanted[..], &["--skip", "another-key.partner"]].concat(),
    );
    let record = record(elsewhere.reports.path());
    let results = record["results"].as_array().unwrap();
    let of = |kind: &str| results.iter().filter(|result| result["verdict"] == kind).count();
    assert!(of("pass") > 40 && of("fail") > 5, "{}{}", stdout(&output), stderr(&output));
    assert!(results.iter().any(|result| result["reason"] == "got-through"));
    assert_eq!(record["run"].get("left_behind"), None, "{}", stdout(&output));
    assert_eq!(elsewhere.server.versions(ACCOUNT), Vec::<String>::new());
    elsewhere.remove();
}

#[test]
fn the_wrong_account_is_left_alone_and_what_cannot_be_removed_is_told() {
    let elsewhere = Elsewhere::new();
    let other = elsewhere.go("555566667777", "run", "admin", &["secure-bucket/landing"]);
    assert_eq!(code(&other), 3, "{}", stdout(&other));
    assert!(stderr(&other).contains("the credentials are those of account `555566667777`, and the bindings are for `222233334444`"));
    assert!(!elsewhere.reports.path().join("latest").exists());

    // A clean-up role that may not remove anything: what stays is told, by its version, and is a
    // failure of its own.
    let one = "secure-bucket/versions/app/s3:GetObject/the-second-version-is-the-current-one";
    let output = elsewhere.go(ACCOUNT, "run", "stranger", &["--exact", one]);
    assert_eq!(code(&output), 5, "{}{}", stdout(&output), stderr(&output));
    let said = stdout(&output);
    assert!(
        said.contains("left behind")
            && said.contains("/twice.csv version ")
            && said.contains("AccessDenied"),
        "{said}"
    );
    assert_eq!(elsewhere.server.versions(ACCOUNT).len(), 2);
    elsewhere.remove();
}

/// Bindings as a user would write them.
fn written(bindings: &Bindings, cleanup: &str) -> String {
    let mut text = format!(
        "account: \"{}\"\nregion: {}\ncleanup: {cleanup}\n",
        bindings.account, bindings.region
    );
    text.push_str("may_write: [evidence, scratch, welcome]\nroles:\n");
    for (name, role) in &bindings.roles {
        writeln!(text, "  {name}: {{ arn: \"{}\" }}", role.arn).unwrap();
    }
    text.push_str("buckets:\n");
    for (name, bucket) in &bindings.buckets {
        writeln!(text, "  {name}: {{ name: {bucket} }}").unwrap();
    }
    text.push_str("keys:\n");
    for (name, key) in &bindings.keys {
        let alias = key.alias.as_ref().map(|alias| format!(", alias: {alias}")).unwrap_or_default();
        writeln!(text, "  {name}: {{ arn: \"{}\"{alias} }}", key.arn).unwrap();
    }
    text
}
