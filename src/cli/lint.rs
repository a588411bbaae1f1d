//! `gainsay lint`.

use std::{io, path::PathBuf};

use clap::{Args, ValueEnum};

use super::{Selected, Terminal};
use crate::{
    diag::{Code, Diagnostic, Diagnostics, Source},
    environment::{self, Document},
    exit::Exit,
    iam::{self, PolicyKind, lint::Page},
    report::one_line,
    suite::load,
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
    /// Say what a warning about a policy means, by the word in its brackets
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
                .and_then(|source| environment::lone_policy(kind.into(), &source))
                .map(|document| {
                    (
                        vec![format!("{}: checked", one_line(&path.display().to_string()))],
                        findings(&document),
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
        let denied = self.deny == Some(Deny::Warnings) && !warnings.is_empty();
        let plural = if warnings.len() == 1 { "" } else { "s" };
        writeln!(terminal.out, "{} warning{plural}", warnings.len())?;
        Ok(if denied { Exit::BadInput } else { Exit::Ok })
    }

    /// Checks everything in the scenarios folder: a line for each architecture, and the warnings.
    fn all(&self) -> Result<(Vec<String>, Diagnostics), Diagnostics> {
        let selected = Selected {
            selection: Vec::new(),
            exact: false,
            skip: Vec::new(),
            scenarios: self.scenarios.clone(),
            sample: None,
        };
        let (architectures, mut warnings) = selected.load()?;
        let mut lines = Vec::new();
        for architecture in &architectures {
            let attempts: usize = architecture.scenarios.iter().map(|scenario| scenario.attempts().count()).sum();
            let documents = architecture.environment.documents();
            lines.push(format!(
                "{}: {} scenarios, {attempts} attempts, {} controls, {} policies",
                one_line(&architecture.name),
                architecture.scenarios.len(),
                architecture.baseline.controls.len(),
                documents.len()
            ));
            for document in documents {
                warnings.extend(findings(document));
            }
        }
        Ok((lines, warnings))
    }
}

fn explain(code: &str, terminal: &mut Terminal) -> io::Result<Exit> {
    if let Some(page) = Page::of(code) {
        write!(terminal.out, "{}", page.markdown())?;
        return Ok(Exit::Ok);
    }
    let codes: Vec<&str> = iam::lint::PAGES.iter().map(|page| page.lint.code()).collect();
    writeln!(
        terminal.err,
        "error: no warning about a policy is called `{}`; there are {}",
        one_line(code),
        codes.join(", ")
    )?;
    Ok(Exit::Usage)
}

/// What is suspicious in a policy, with its place.
fn findings(document: &Document) -> Diagnostics {
    let mut found = Diagnostics::default();
    for finding in iam::lint(&document.policy) {
        let source: &Source = &document.source;
        let span = iam::locate(source.text(), &finding.path).map_or(0..0, |place| place.range);
        let code = finding.lint.code();
        found.push(
            Diagnostic::new(Code::of(finding.lint), finding.message)
                .at(source, span)
                .help(format!("`gainsay lint --explain {code}` says more")),
        );
    }
    found
}
