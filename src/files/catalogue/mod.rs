//! The catalogue of controls that comes with the program: data below `checks/`, one file each.

mod check;
mod deliveries;
mod proof;

use std::sync::LazyLock;

use gainsay_model::Source;
use include_dir::{Dir, include_dir};
use serde::Deserialize;

pub use self::{
    check::{Check, On, Search},
    deliveries::{Answers, ServiceDelivery, ServiceRequest, deliveries, delivery},
    proof::{Proof, ProvedBy},
};
use super::yaml;

static CHECKS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/checks");

/// What must hold.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// The id, as `ENC-01`.
    pub id: String,
    /// A few words.
    pub title: String,
    /// What must hold, in a sentence that can be true or false.
    #[serde(default)]
    pub statement: String,
    /// Why it matters.
    #[serde(default)]
    pub rationale: String,
    /// `low`, `medium`, `high` or `critical`.
    #[serde(default)]
    pub severity: String,
    /// By what it is proved.
    pub proved_by: ProvedBy,
    /// How to bring about the state that must hold.
    #[serde(default)]
    pub remediation: Option<Remediation>,
    /// The requirements of other frameworks that it corresponds to.
    #[serde(default)]
    pub mappings: Vec<Mapping>,
    /// The requirements of the architectures that it covers.
    #[serde(default)]
    pub serves: Vec<Served>,
    /// What is read to prove it, where it can be.
    #[serde(default)]
    pub check: Option<Check>,
}

/// How to bring about the state that a control asks for. What depends on the account is a
/// placeholder in capitals, as `BUCKET` or `ACCOUNT_ID`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remediation {
    /// What to change, in one or two sentences.
    pub summary: String,
    /// The policy or the configuration to apply: JSON, or XML where the API takes nothing else.
    #[serde(default)]
    pub document: Option<String>,
    /// The commands of the AWS CLI; `file://document.json` in them is the document.
    pub cli: String,
    /// The setting in Terraform.
    pub terraform: String,
}

/// A requirement of an architecture, in a few words.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Served {
    /// The architecture.
    pub architecture: String,
    /// What must hold of it.
    pub row: String,
}

/// The ids of corresponding requirements in a framework.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// The framework with its version, as `CIS AWS Foundations 5.0`.
    pub framework: String,
    /// The ids there.
    pub ids: Vec<String>,
}

/// The controls that come with the program, sorted by id. They are data under `checks/`, one file
/// each.
#[must_use]
pub fn catalogue() -> &'static [Control] {
    static CATALOGUE: LazyLock<Vec<Control>> = LazyLock::new(|| {
        let mut controls: Vec<Control> =
            files(&CHECKS).filter_map(|source| yaml::read(&source).ok()).collect();
        controls.sort_by(|a, b| a.id.cmp(&b.id));
        controls
    });
    &CATALOGUE
}

fn files(dir: &'static Dir<'static>) -> impl Iterator<Item = Source> {
    let nested = dir.dirs().flat_map(Dir::files);
    nested.filter_map(|file| Some(Source::new(file.path().to_str()?, file.contents_utf8()?)))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use gainsay_iam::{Policy, PolicyKind};

    #[test]
    fn every_file_of_the_catalogue_is_read_and_named_after_its_id() {
        let mut seen = 0;
        for source in files(&CHECKS) {
            let control: Control =
                yaml::read(&source).unwrap_or_else(|problem| panic!("{}", problem.render(false)));
            let stem =
                source.name().rsplit('/').next().unwrap_or_default().trim_end_matches(".yaml");
            assert_eq!(stem, control.id.to_lowercase());
            assert!(!control.statement.is_empty() && !control.rationale.is_empty(), "{stem}");
            // These are there for their own sake, and those of the catalogue that no architecture
            // here asks for.
            let own = [
                "EVT-01", "SES-01", "DIR-01", "BKP-01", "SHD-01", "OBJ-01", "GTE-01", "USE-01",
                "IMP-01", "NIT-01", "LST-01",
            ];
            let own = own.contains(&control.id.as_str()) || control.id.starts_with("ORG-");
            assert_eq!(control.serves.is_empty(), own, "{stem}");
            let Some(remediation) = &control.remediation else {
                panic!("{stem} has no remediation");
            };
            for (part, text) in [
                ("summary", &remediation.summary),
                ("cli", &remediation.cli),
                ("terraform", &remediation.terraform),
            ] {
                assert!(!text.trim().is_empty(), "{stem} has no {part}");
            }
            // Where a command names a file, the page shows what is in it.
            assert_eq!(
                remediation.cli.matches("file://").count(),
                remediation.cli.matches("file://document.json").count(),
                "{stem}"
            );
            let named = remediation.cli.contains("file://");
            assert!(!named || remediation.document.is_some(), "{stem} does not show its document");
            // Each of these is in no framework that was read.
            let unmapped = ["ALI-01", "ANA-01", "BKY-01", "CFG-01", "INV-01", "TRL-11"]
                .contains(&control.id.as_str());
            assert_eq!(control.mappings.is_empty(), unmapped, "{stem}");
            assert!(
                ["low", "medium", "high", "critical"].contains(&control.severity.as_str()),
                "{stem}"
            );
            seen += 1;
        }
        assert_eq!(seen, catalogue().len());
        assert!(seen > 0);
    }

    /// A policy that is to be applied is one that the engine, and so AWS, takes.
    #[test]
    fn every_policy_of_a_remediation_is_a_policy() {
        use PolicyKind::{Bucket, Identity, KeyPolicy, Rcp, Scp, TrustPolicy};
        let mut policies = 0;
        for control in catalogue() {
            let remediation = control.remediation.as_ref();
            let document = remediation.and_then(|remediation| remediation.document.as_deref());
            let Some(document) = document.filter(|document| !document.starts_with('<')) else {
                continue;
            };
            let document = filled_in(document);
            let value: Value = match serde_json::from_str(&document) {
                Ok(value) => value,
                Err(problem) => panic!("{}: {problem}", control.id),
            };
            if !document.contains("\"Effect\"") {
                continue;
            }
            let value = if value.get("Statement").is_some() {
                value
            } else {
                json!({ "Version": "2012-10-17", "Statement": value })
            };
            // The policy of a resource names principals, and the policy of a principal does not.
            let kinds = if document.contains("Principal\":") {
                &[Bucket, KeyPolicy, TrustPolicy, Rcp][..]
            } else {
                &[Identity, Scp]
            };
            let read: Vec<_> = kinds.iter().map(|kind| Policy::from_value(*kind, &value)).collect();
            assert!(read.iter().any(Result::is_ok), "{}: {read:?}", control.id);
            policies += 1;
        }
        assert!(policies > 20, "{policies} policies");
    }

    /// A document of a remediation with something in place of every placeholder.
    fn filled_in(document: &str) -> String {
        [
            ("VENDOR_ACCOUNT_ID", "444455556666"),
            ("ACCOUNT_ID", "111122223333"),
            ("REGION", "eu-west-1"),
            ("KEY_ID", "0e71de9c-e000-4000-8000-000000000001"),
            ("ORG_ID", "o-exampleorgid"),
            ("BUCKET", "bucket"),
        ]
        .iter()
        .fold(document.to_owned(), |text, (placeholder, value)| text.replace(placeholder, value))
    }
}
