//! `gainsay lint`.

use std::{io, path::PathBuf};

use clap::{Args, ValueEnum};
use gainsay_iam::PolicyKind;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::Terminal;
use crate::{
    exit::Exit,
    files::{
        diag::{Code, Diagnostic, Diagnostics, Severity},
        load,
    },
    lint,
    report::one_line,
    suite,
};

/// Check scenarios, environments, baselines and policies without running anything.
#[derive(Debug, Args)]
pub(super) struct Lint {
    /// The folder with the scenarios
    #[arg(long, value_name = "DIR", default_value = "scenarios")]
    scenarios: PathBuf,
    /// Check this policy document alone, and no scenarios: a file, or `-` for standard input; may
    /// be given more than once
    #[arg(long, value_name = "FILE", requires = "kind")]
    policy: Vec<PathBuf>,
    /// What kind of policy that is: once for every `--policy`, in their order, or once for all
    #[arg(long, value_enum, value_name = "KIND", requires = "policy")]
    kind: Vec<Kind>,
    /// The bucket that bucket policies are for: they may name no other
    #[arg(long, value_name = "NAME", requires = "policy")]
    bucket: Option<String>,
    /// How to print what is found
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    format: Format,
    /// What to fail on besides errors
    #[arg(long, value_enum, value_name = "WHAT")]
    deny: Option<Deny>,
    /// With `--deny warnings`: do not fail on warnings of this kind, by the word in their brackets
    #[arg(long, value_name = "CODE", requires = "deny", value_parser = warning)]
    allow: Vec<Code>,
    /// Say what a warning means, by the word in its brackets
    #[arg(long, value_name = "CODE", conflicts_with_all = ["policy", "deny", "format"])]
    explain: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Deny {
    /// Fail on warnings too
    Warnings,
}

/// How to print.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// One object on standard output
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Of a user, group or role
    Identity,
    /// Of a bucket
    Bucket,
    /// Of a KMS key
    Key,
    /// The trust policy of a role
    Trust,
    /// A permissions boundary
    Boundary,
    /// A session policy
    Session,
    /// A service control policy
    Scp,
    /// A resource control policy
    Rcp,
    /// Of a VPC endpoint
    VpcEndpoint,
}

impl From<Kind> for PolicyKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Identity => Self::Identity,
            Kind::Bucket => Self::Bucket,
            Kind::Key => Self::KeyPolicy,
            Kind::Trust => Self::TrustPolicy,
            Kind::Boundary => Self::Boundary,
            Kind::Session => Self::Session,
            Kind::Scp => Self::Scp,
            Kind::Rcp => Self::Rcp,
            Kind::VpcEndpoint => Self::VpcEndpoint,
        }
    }
}

impl Lint {
    pub(super) fn execute(&self, terminal: &mut Terminal) -> io::Result<Exit> {
        if let Some(code) = &self.explain {
            return explain(code, terminal);
        }
        let checked = match (self.policy.len(), self.kind.len()) {
            (0, _) => self.all(),
            (policies, kinds) if kinds != 1 && kinds != policies => {
                writeln!(
                    terminal.err,
                    "error: there are {policies} policies and {kinds} kinds: say the kind once, or \
                     once for each"
                )?;
                return Ok(Exit::Usage);
            }
            _ => Ok(self.policies()),
        };
        let Checked { lines, found } = match (checked, self.format) {
            (Ok(checked), _) => checked,
            (Err(problems), Format::Text) => return terminal.refuse(&problems),
            (Err(problems), Format::Json) => Checked { lines: Vec::new(), found: problems },
        };
        let is_error = |one: &&Diagnostic| one.code.severity() == Severity::Error;
        let errors = found.iter().filter(is_error).count();
        let warnings = found.len() - errors;
        match self.format {
            Format::Json => writeln!(terminal.out, "{:#}", json(&found, errors, warnings))?,
            Format::Text => {
                terminal.show(&found)?;
                for line in lines {
                    writeln!(terminal.out, "{line}")?;
                }
                if errors > 0 {
                    writeln!(terminal.out, "{}", count(errors, "error"))?;
                }
                writeln!(terminal.out, "{}", count(warnings, "warning"))?;
            }
        }
        let is_denied = |code: Code| {
            code.severity() == Severity::Error
                || (self.deny == Some(Deny::Warnings) && !self.allow.contains(&code))
        };
        let denied = found.iter().any(|one| is_denied(one.code));
        Ok(if denied { Exit::BadInput } else { Exit::Ok })
    }

    /// Checks each policy alone: a line for each that can be read.
    fn policies(&self) -> Checked {
        let mut checked = Checked::default();
        for (index, path) in self.policy.iter().enumerate() {
            let Some(kind) = self.kind.get(index).or(self.kind.first()) else {
                continue;
            };
            let source = if path.as_os_str() == "-" {
                load::standard_input(io::stdin().lock())
            } else {
                load::file(path)
            };
            match source {
                Ok(source) => {
                    let kind = PolicyKind::from(*kind);
                    let found = lint::lone_policy(kind, &source, self.bucket.as_deref());
                    checked.lines.push(format!("{}: checked", one_line(source.name())));
                    checked.found.extend(found);
                }
                Err(problem) => checked.found.push(problem),
            }
        }
        checked
    }

    /// Checks everything in the scenarios folder: a line for each architecture, and the warnings.
    fn all(&self) -> Result<Checked, Diagnostics> {
        let folders = load::load(&self.scenarios)?;
        let (architectures, mut found) = suite::resolve(&folders)?;
        let today = OffsetDateTime::now_utc().date();
        let mut lines = Vec::new();
        for (architecture, folder) in architectures.iter().zip(&folders) {
            let attempts: usize =
                architecture.scenarios.iter().map(|scenario| scenario.attempts().count()).sum();
            let documents = architecture.environment.deployed.documents();
            lines.push(format!(
                "{}: {}, {}, {}, {}",
                one_line(&architecture.name),
                count(architecture.scenarios.len(), "scenario"),
                count(attempts, "attempt"),
                count(architecture.baseline.controls.len(), "control"),
                if documents.len() == 1 {
                    "1 policy".to_owned()
                } else {
                    format!("{} policies", documents.len())
                }
            ));
            let files = suite::written(folder, &folders)?;
            found.extend(lint::architecture(architecture, &files, today));
            for document in documents {
                found.extend(lint::policy(document));
            }
        }
        Ok(Checked { lines, found })
    }
}

/// What was checked, and what was found in it.
#[derive(Default)]
struct Checked {
    lines: Vec<String>,
    found: Diagnostics,
}

/// So many of something.
fn count(number: usize, of: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {of}{plural}")
}

/// What was found, for programs.
fn json(found: &Diagnostics, errors: usize, warnings: usize) -> Value {
    let findings = found.iter().map(|one| {
        let is_warning = one.code.severity() == Severity::Warning;
        let (file, line, column) = match &one.place {
            Some((source, span)) => {
                let (line, column) = place(source.text(), span.start);
                (json!(source.name()), json!(line), json!(column))
            }
            None => (Value::Null, Value::Null, Value::Null),
        };
        json!({
            "code": one.code.as_str(),
            "severity": if is_warning { "warning" } else { "error" },
            "file": file,
            "line": line,
            "column": column,
            "message": one.message,
            "help": one.help,
            "page": is_warning.then(|| format!("docs/lint/{}.md", one.code.as_str())),
        })
    });
    let findings: Vec<Value> = findings.collect();
    json!({ "findings": findings, "errors": errors, "warnings": warnings })
}

/// The line and the column of a byte, both from 1; a column is a character.
fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

/// The warning of a word.
fn warning(code: &str) -> Result<Code, UnknownWarning> {
    let mut warnings = Code::ALL.iter().filter(|code| code.severity() == Severity::Warning);
    let known = warnings.find(|known| known.as_str() == code);
    known.copied().ok_or(UnknownWarning)
}

/// A word that is no warning's.
#[derive(Debug, thiserror::Error)]
#[error("no warning is called so; there are {}", words())]
struct UnknownWarning;

/// The words of all warnings.
fn words() -> String {
    let words: Vec<&str> = lint::pages().map(|page| page.code.as_str()).collect();
    words.join(", ")
}

fn explain(code: &str, terminal: &mut Terminal) -> io::Result<Exit> {
    if let Some(page) = lint::pages().find(|page| page.code.as_str() == code) {
        write!(terminal.out, "{}", page.markdown())?;
        return Ok(Exit::Ok);
    }
    writeln!(
        terminal.err,
        "error: no warning is called `{}`; there are {}",
        one_line(code),
        words()
    )?;
    Ok(Exit::Usage)
}
