//! What a target cannot be asked: the control is not proved, or in part only, and the run is not
//! green until somebody accepted exactly that.

use std::fs;

use serde_json::Value;

use super::run::deployed;
use crate::common::{code, gainsay, served::Served, stderr, stdout};

/// A baseline whose refusals change a key, which is not tried where it could not be undone, and
/// whose settings can be read.
const BASELINE: &str = "baseline: a key and a setting\nreader: auditor\ncontrols:\n  \
    - { id: KEY-05 }\n  - { id: SSC-01, of: evidence }\n";

/// A refusal of the same control that only reads.
const READS: &str = "scenario: A stranger learns nothing of the key\ncontrols: [KEY-05]\n\
    request: { as: admin, do: kms:DescribeKey, key_id: evidence }\nattempts:\n  \
    - allow: the administrator\n  \
    - deny: a stranger\n    but: { as: stranger }\n    by: { layer: identity }\n    \
    witness: { actor: it lists aliases }\n  \
    - allow: it lists aliases\n    request: { as: stranger, do: kms:ListAliases }\n";

/// A server with the environment of a small architecture, and the architecture.
struct Place {
    folder: tempfile::TempDir,
    served: Served,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let environment = deployed(folder.path(), &[]);
        let own = folder.path().join("secure-bucket");
        for file in fs::read_dir(&own).unwrap().map(|file| file.unwrap().path()) {
            let needed = ["environment.yaml", "key-administration.yaml"];
            let name = file.file_name().unwrap().to_str().unwrap();
            if file.is_file() && !needed.contains(&name) {
                fs::remove_file(file).unwrap();
            }
        }
        fs::write(own.join("baseline.yaml"), BASELINE).unwrap();
        let environment = environment.to_str().unwrap().to_owned();
        let served = Served::start(&["--quiet", "--environment", &environment]);
        let roles = ["app", "admin", "auditor", "reader", "stranger"];
        let roles = roles.map(|name| {
            format!("  {name}: {{ arn: \"arn:aws:iam::111122223333:role/{name}\" }}\n")
        });
        let key = "arn:aws:kms:eu-west-1:111122223333:key/0e71de9c-e000-4000-8000-000000000001";
        let bindings = format!(
            "account: \"111122223333\"\nroles:\n{}buckets:\n  \
             evidence: {{ name: gainsay-evidence-111122223333 }}\nkeys:\n  \
             evidence: {{ arn: \"{key}\" }}\n",
            roles.concat()
        );
        fs::write(folder.path().join("bindings.yaml"), bindings).unwrap();
        Self { folder, served }
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.folder.path().join("secure-bucket").join(file), text).unwrap();
    }

    fn call(&self, arguments: &[&str]) -> (i32, String) {
        let output = gainsay()
            .env_clear()
            .env("AWS_ACCESS_KEY_ID", self.served.printed("access_key_id"))
            .env("AWS_SECRET_ACCESS_KEY", self.served.printed("secret_access_key"))
            .current_dir(self.folder.path())
            .args(arguments)
            .output()
            .unwrap();
        (code(&output), stdout(&output) + &stderr(&output))
    }

    /// Runs it on the server: the exit code, what was said, and what the record says of KEY-05.
    fn run(&self, more: &[&str]) -> (i32, String, Value) {
        let target =
            ["--target", self.served.printed("https"), "--ca-file", self.served.printed("ca")];
        let fixed = ["run", "--color", "never", "--scenarios", "secure-bucket"];
        let bound = ["--bindings", "bindings.yaml"];
        let (code, said) = self.call(&[&fixed[..], &target, &bound, more].concat());
        let record = self.report("record.json");
        let record: Value = serde_json::from_str(&record).unwrap();
        let controls = record["summary"]["controls"].as_array().unwrap();
        let control = controls.iter().find(|control| control["id"] == "KEY-05").unwrap();
        (code, said, control.clone())
    }

    fn report(&self, file: &str) -> String {
        fs::read_to_string(self.folder.path().join("reports/latest").join(file)).unwrap()
    }

    /// What `gainsay gaps` prints, with somebody who accepts it.
    fn accepted(&self) -> String {
        let (code, gaps) = self.call(&["gaps"]);
        assert_eq!(code, 0, "{gaps}");
        gaps.replace("owner: \"\"", "owner: platform")
            .replace("reason: \"\"", "reason: tried on the sandbox only")
            .replace("expires: \"\"", "expires: \"2999-12-31\"")
    }
}

#[test]
fn what_cannot_be_tried_is_not_proved_until_somebody_accepts_it() {
    let place = Place::new();
    let (code, said, control) = place.run(&[]);
    assert_eq!((code, &control["verdict"]), (2, &Value::from("not-proved")), "{said}");
    assert!(said.contains("  not proved    KEY-05  Only the designated administrators"), "{said}");
    assert!(said.contains("not proved: 0 of 16 proofs made; the target left out 16\n"), "{said}");
    assert!(said.contains("\nresult: NOT PROVED. ") && said.contains("gainsay gaps"), "{said}");
    let junit = place.report("junit.xml");
    assert!(junit.contains("classname=\"secure-bucket.controls\""), "{junit}");
    assert!(junit.contains("type=\"not-proved\""), "{junit}");

    let (_, empty) = place.call(&["gaps"]);
    place.write("waivers.yaml", &empty);
    let (code, said) = place.call(&["lint", "--scenarios", "secure-bucket"]);
    assert!(code == 3 && said.contains("an empty value of `owner`"), "{said}");

    place.write("waivers.yaml", &place.accepted());
    let (code, said, control) = place.run(&[]);
    assert_eq!((code, &control["verdict"]), (0, &Value::from("known-gap")), "{said}");
    assert!(said.contains("known gap, accepted by platform until 2999-12-31: tried on"), "{said}");
    assert!(said.contains("  in force: KEY-05 of secure-bucket (platform, until 2999"), "{said}");
    assert!(!place.report("junit.xml").contains("secure-bucket.controls"));

    // The same where the gap is of another target, and where its last day is over.
    let accepted = place.accepted();
    assert!(accepted.is_empty(), "nothing is open: {accepted}");
    let gap = fs::read_to_string(place.folder.path().join("secure-bucket/waivers.yaml")).unwrap();
    for (from, to) in [(place.served.printed("https"), "aws"), ("2999-12-31", "2020-12-31")] {
        place.write("waivers.yaml", &gap.replace(from, to));
        let (code, said, control) = place.run(&[]);
        assert_eq!((code, &control["verdict"]), (2, &Value::from("not-proved")), "{to}: {said}");
    }
}

#[test]
fn a_gap_is_exactly_what_was_accepted() {
    let place = Place::new();
    place.run(&[]);
    place.write("waivers.yaml", &place.accepted());
    // A part of it is proved now: what is not has to be named.
    place.write("reads.yaml", READS);
    let (code, said, control) = place.run(&[]);
    assert_eq!((code, &control["verdict"]), (2, &Value::from("partial")), "{said}");
    assert!(said.contains("partial: 1 of 17 proofs made; the target left out 16\n"), "{said}");
    assert!(said.contains("these are made now, take them out of it: KEY-05\n"), "{said}");
    let accepted = place.accepted();
    place.write("waivers.yaml", &accepted);
    let (code, said, control) = place.run(&[]);
    assert_eq!((code, &control["verdict"]), (0, &Value::from("known-gap")), "{said}");

    // One more that is missing, and one that is made.
    let missing = "      - \"secure-bucket/key-administration/app/kms:DisableKey/another-role\"\n";
    assert_eq!(accepted.matches(missing).count(), 1, "{accepted}");
    place.write("waivers.yaml", &accepted.replace(missing, ""));
    let (code, said, control) = place.run(&[]);
    assert_eq!((code, &control["verdict"]), (2, &Value::from("partial")), "{said}");
    let made = "secure-bucket/reads/-/kms:DescribeKey/a-stranger";
    place.write(
        "waivers.yaml",
        &accepted.replace(missing, &format!("{missing}      - \"{made}\"\n")),
    );
    let (code, said, _) = place.run(&[]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains(&format!("these are made now, take them out of it: {made}\n")), "{said}");
}

#[test]
fn what_the_user_leaves_out_is_not_selected() {
    let place = Place::new();
    place.write("reads.yaml", READS);
    let (code, said, control) = place.run(&["--skip", "kms:DisableKey/"]);
    assert_eq!((code, &control["verdict"]), (0, &Value::from("not-selected")), "{said}");
    let words = "proofs made; you left out 4, the target left out 12\n";
    assert!(said.contains(&format!("not selected: 1 of 17 {words}")), "{said}");
    assert!(said.contains("\na part of the plan was run: "), "{said}");
    assert!(said.contains(", chosen by `--skip kms:DisableKey/`\n"), "{said}");
    assert!(place.report("junit.xml").contains("name=\"part\" value=\""));
}
