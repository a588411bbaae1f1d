//! `gainsay lint`.

use std::{io, path::PathBuf};

use clap::{Args, ValueEnum};
use gainsay_iam::PolicyKind;
use time::OffsetDateTime;

use super::Terminal;
use crate::{
    diag::{Code, Diagnostics, Severity},
    environment,
    exit::Exit,
    lint,
    report::one_line,
    suite::{self, load},
};

/// Check scenarios, environments, baselines and policies without running anything.
#[derive(Debug, Args)]
pub(super) struct Lint {
    /// The folder with the scenarios
    #[arg(long, value_name = "DIR", default_value = "scenarios")]
    scenarios: PathBuf,
    /// Check this policy document alone, and no scenarios
    #[arg(long, value_name = "FILE", requires = "kind")]
    policy: Option<PathBuf>,
    /// What kind of policy that is
    #[arg(long, value_enum, value_name = "KIND", requires = "policy")]
    kind: Option<Kind>,
    /// What to fail on besides errors
    #[arg(long, value_enum, value_name = "WHAT")]
    deny: Option<Deny>,
    /// With `--deny warnings`: do not fail on warnings of this kind, by the word in their brackets
    #[arg(long, value_name = "CODE", requires = "deny", value_parser = warning)]
    allow: Vec<Code>,
    /// Say what a warning means, by the word in its brackets
    #[arg(long, value_name = "CODE", conflicts_with_all = ["policy", "deny"])]
    explain: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Deny {
    /// Fail on warnings too
    Warnings,
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
        let checked = match (&self.policy, self.kind) {
            (Some(path), Some(kind)) => load::file(path)
                .and_then(|source| environment::lone_policy(kind.into(), &source, None))
                .map(|document| {
                    (
                        vec![format!("{}: checked", one_line(&path.display().to_string()))],
                        lint::policy(&document),
                    )
                })
                .map_err(Diagnostics::from),
            _ => self.all(),
        };
        let (lines, warnings) = match checked {
            Ok(checked) => checked,
            Err(problems) => return terminal.refuse(&problems),
        };
        terminal.show(&warnings)?;
        for line in lines {
            writeln!(terminal.out, "{line}")?;
        }
        let is_denied = |code: Code| {
            let denied = self.deny == Some(Deny::Warnings) && !self.allow.contains(&code);
            denied || code.severity() == Severity::Error
        };
        let denied = warnings.iter().any(|warning| is_denied(warning.code));
        let plural = if warnings.len() == 1 { "" } else { "s" };
        writeln!(terminal.out, "{} warning{plural}", warnings.len())?;
        Ok(if denied { Exit::BadInput } else { Exit::Ok })
    }

    /// Checks everything in the scenarios folder: a line for each architecture, and the warnings.
    fn all(&self) -> Result<(Vec<String>, Diagnostics), Diagnostics> {
        let folders = load::load(&self.scenarios)?;
        let (architectures, mut warnings) = suite::resolve(&folders)?;
        let today = OffsetDateTime::now_utc().date();
        let mut lines = Vec::new();
        for (architecture, folder) in architectures.iter().zip(&folders) {
            let attempts: usize =
                architecture.scenarios.iter().map(|scenario| scenario.attempts().count()).sum();
            let documents = architecture.environment.deployed.documents();
            lines.push(format!(
                "{}: {} scenarios, {attempts} attempts, {} controls, {} policies",
                one_line(&architecture.name),
                architecture.scenarios.len(),
                architecture.baseline.controls.len(),
                documents.len()
            ));
            let files = suite::written(folder, &folders)?;
            warnings.extend(lint::architecture(architecture, &files, today));
            for document in documents {
                warnings.extend(lint::policy(document));
            }
        }
        Ok((lines, warnings))
    }
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
