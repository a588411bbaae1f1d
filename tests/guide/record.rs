//! The reference of `record.json` against the types that write it, and against real records.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use gainsay::record::RunRecord;
use serde_json::{Value, json};

use super::{
    book, chapter,
    common::{Copied, gainsay, stderr},
    section,
    served::Served,
};

/// A step from the record to what is in it.
#[derive(Clone, Debug)]
enum Step {
    Member(String),
    Each,
}

/// What may stand at a place of a record.
#[derive(Debug)]
enum Shape {
    Object(BTreeSet<String>),
    Word(BTreeSet<String>),
    /// A text, a number, a list of texts and the like.
    Plain,
}

/// What reading a record says of a value at a place: it lists what could stand there.
fn complaint(path: &[Step], value: Value) -> String {
    let record = path.iter().rev().fold(value, |inner, step| match step {
        Step::Member(name) => json!({ name: inner }),
        Step::Each => json!([inner]),
    });
    serde_json::from_value::<RunRecord>(record).unwrap_err().to_string()
}

/// What may stand at a place, and whether it is a list of it.
fn shape(path: &[Step]) -> (Shape, bool) {
    let stranger = json!({ "?": null });
    for is_list in [false, true] {
        let value = if is_list { json!([stranger]) } else { stranger.clone() };
        let said = complaint(path, value);
        let (_, known) = said.split_once("expected").unwrap_or_default();
        let known = || known.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        if said.contains("unknown field `?`") {
            return (Shape::Object(known()), is_list);
        }
        if said.contains("unknown variant `?`") {
            return (Shape::Word(known()), is_list);
        }
    }
    (Shape::Plain, false)
}

/// A row of the reference.
#[derive(Debug)]
struct Row {
    /// The type, without its link.
    is: String,
    /// Where it is described.
    described: Option<String>,
    always: bool,
}

/// The rows below a heading, by the member's name.
fn rows(page: &str, heading: &str) -> BTreeMap<String, Row> {
    let mut found = BTreeMap::new();
    for cells in book::rows(&section(page, heading)) {
        let link = cells[1].strip_prefix('[');
        let (is, described) = match link.and_then(|link| link.split_once("](")) {
            Some((is, target)) => (is.to_owned(), Some(target.trim_end_matches(')').to_owned())),
            None => (cells[1].clone(), None),
        };
        let row = Row { is, described, always: cells[2].is_empty() };
        let before = found.insert(cells[0].trim_matches('`').to_owned(), row);
        assert!(before.is_none(), "{heading}: {} is there twice", cells[0]);
    }
    found
}

/// Compares an object of the record, and all that is in it, with the table below a heading. Adds
/// the rows to `known`, by their path.
fn compare(page: &str, path: &[Step], at: &str, heading: &str, known: &mut BTreeMap<String, Row>) {
    let (Shape::Object(members), _) = shape(path) else {
        panic!("{at} is no object");
    };
    let rows = rows(page, heading);
    assert_eq!(rows.keys().cloned().collect::<BTreeSet<_>>(), members, "{heading}, which is {at}");
    for (name, row) in rows {
        let place = format!("{at}.{name}");
        let mut path = [path, &[Step::Member(name)]].concat();
        let (shape, is_list) = shape(&path);
        if is_list {
            path.push(Step::Each);
        }
        let target = || row.described.as_deref().unwrap_or_else(|| panic!("{place} leads nowhere"));
        match shape {
            Shape::Object(_) => {
                assert_eq!(row.is, if is_list { "list of objects" } else { "object" }, "{place}");
                let heading = target().trim_start_matches('#').to_owned();
                compare(page, &path, &place, &heading, known);
            }
            Shape::Word(words) => {
                assert_eq!(row.is, if is_list { "list of words" } else { "word" }, "{place}");
                assert_eq!(described_words(page, target()), words, "{place}");
            }
            Shape::Plain => assert!(row.described.is_none(), "{place}"),
        }
        known.insert(place, row);
    }
}

/// The words of the tables below a heading of this page or of another.
fn described_words(page: &str, target: &str) -> BTreeSet<String> {
    let (file, heading) = target.split_once('#').unwrap();
    let other = (!file.is_empty()).then(|| chapter(file));
    let rows = book::rows(&section(other.as_deref().unwrap_or(page), heading));
    rows.iter().map(|row| row[0].trim_matches('`').to_owned()).collect()
}

fn reference() -> BTreeMap<String, Row> {
    let mut known = BTreeMap::new();
    compare(&chapter("record.md"), &[], "", "the-record", &mut known);
    known
}

/// Whether a value is what the reference calls it.
fn is(value: &Value, word: &str) -> bool {
    let all = |word: &'static str| {
        let values = value.as_array();
        values.is_some_and(|values| values.iter().all(|value| is(value, word)))
    };
    match word {
        "string" | "word" => value.is_string(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "list of strings" | "list of words" => all("string"),
        "list of objects" => all("object"),
        "lists of strings by name" => {
            let lists = value.as_object();
            lists.is_some_and(|lists| lists.values().all(|list| is(list, "list of strings")))
        }
        other => panic!("no type is called `{other}`"),
    }
}

/// Holds a part of a real record against the reference; `seen` are the places that there were.
fn hold(value: &Value, at: &str, known: &BTreeMap<String, Row>, seen: &mut BTreeSet<String>) {
    let prefix = format!("{at}.");
    let own = known.iter().filter_map(|(place, row)| Some((place.strip_prefix(&prefix)?, row)));
    let own: BTreeMap<&str, &Row> = own.filter(|(name, _)| !name.contains('.')).collect();
    let object = value.as_object().unwrap();
    for (name, row) in &own {
        assert!(!row.always || object.contains_key(*name), "{at} lacks `{name}`: {value}");
    }
    for (name, value) in object {
        let place = format!("{prefix}{name}");
        let row = own.get(name.as_str()).unwrap_or_else(|| panic!("nothing describes {place}"));
        assert!(is(value, &row.is), "{place} is no {}: {value}", row.is);
        match row.is.as_str() {
            "object" => hold(value, &place, known, seen),
            "list of objects" => {
                for value in value.as_array().unwrap() {
                    hold(value, &place, known, seen);
                }
            }
            _ => {}
        }
        seen.insert(place);
    }
}

#[test]
fn the_reference_has_every_member_and_every_word_of_the_types() {
    assert!(reference().len() > 100);
}

#[test]
fn real_records_are_as_the_reference_says() {
    let (known, mut seen) = (reference(), BTreeSet::new());
    for record in [shipped(), weakened(), on_a_target()] {
        hold(&record, "", &known, &mut seen);
    }
    // What a target must be broken for, or less than the sandbox.
    let unseen: Vec<&String> = known.keys().filter(|place| !seen.contains(*place)).collect();
    assert_eq!(unseen, [".run.left_behind", ".run.not_deployed"]);
}

/// A run of everything that is shipped, as it is.
fn shipped() -> Value {
    let copy = Copied::new();
    copy.run(&["--format", "terse"]);
    copy.record()
}

/// Who accepts something, in a waiver or a gap.
const BY: &str = "owner: o, reason: r, expires: 2999-12-31";

/// A part of it, with something that fails, is waived, accepted, left out, sampled, and seen by one
/// method alone.
fn weakened() -> Value {
    let versioned = "name: gainsay-evidence-111122223333\n    versioning: ";
    let all = "\"Action\": \"s3:*\"";
    let copy = Copied::edited(&[
        (
            "secure-bucket/environment.yaml",
            &format!("{versioned}enabled"),
            &format!("{versioned}suspended"),
        ),
        (
            "secure-bucket/policies/evidence-bucket.json",
            all,
            "\"NotAction\": \"s3:GetObjectLegalHold\"",
        ),
    ]);
    let made = "secure-bucket/versions/app/s3:GetObject/the-first-version-is-still-there";
    let text = format!(
        "waivers:\n  - {{ control: VER-02, ticket: t, {BY} }}\ngaps:\n  \
         - {{ target: sandbox, controls: [TLS-01], {BY} }}\n  \
         - {{ target: sandbox, results: [{made}], {BY} }}\n"
    );
    fs::write(copy.path().join("secure-bucket/waivers.yaml"), text).unwrap();
    copy.run(&["secure-bucket", "--sample", "pairwise", "--skip", "plain-http-"]);
    copy.record()
}

/// A run on a target that is not the sandbox, where something is accepted not to be proved.
fn on_a_target() -> Value {
    let copy = Copied::new();
    let own = copy.path().join("secure-bucket");
    let environment = own.join("environment.yaml");
    let served = Served::start(&["--quiet", "--environment", environment.to_str().unwrap()]);
    let arn = "arn:aws:iam::111122223333:role";
    let role = |name: &str| format!("  {name}: {{ arn: \"{arn}/{name}\" }}\n");
    let key = "arn:aws:kms:eu-west-1:111122223333:key/0e71de9c-e000-4000-8000-000000000001";
    let bindings = format!(
        "account: \"111122223333\"\nroles:\n{}{}keys:\n  evidence: {{ arn: \"{key}\" }}\n",
        role("app"),
        role("admin")
    );
    fs::write(own.join("bindings.yaml"), bindings).unwrap();
    let target = served.told("https");
    let gaps = format!("gaps:\n  - {{ target: \"{target}\", controls: [KEY-05], {BY} }}\n");
    fs::write(own.join("waivers.yaml"), gaps).unwrap();
    let reports = copy.reports();
    let output = gainsay()
        .env("AWS_ACCESS_KEY_ID", served.told("caller_access_key_id"))
        .env("AWS_SECRET_ACCESS_KEY", served.told("caller_secret_access_key"))
        .args(["run", "secure-bucket/key-administration/app", "--target", target])
        .args(["--ca-file", served.told("ca"), "--scenarios", copy.path().to_str().unwrap()])
        .args(["--report-dir", reports.to_str().unwrap()])
        .output()
        .unwrap();
    assert!(reports.exists(), "{}", stderr(&output));
    copy.record()
}
