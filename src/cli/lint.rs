//! `gainsay lint`.

use std::{io, path::PathBuf};

use clap::{Args, ValueEnum};

use super::{Selected, Terminal};
use crate::exit::Exit;

/// Check scenarios, environments, baselines and policies without running anything.
#[derive(Debug, Args)]
pub(super) struct Lint {
    /// The folder with the scenarios
    #[arg(long, value_name = "DIR", default_value = "scenarios")]
    scenarios: PathBuf,
    /// What to fail on besides errors
    #[arg(long, value_enum, value_name = "WHAT")]
    deny: Option<Deny>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Deny {
    /// Fail on warnings too
    Warnings,
}

impl Lint {
    pub(super) fn execute(&self, terminal: &mut Terminal) -> io::Result<Exit> {
        let selected = Selected {
            selection: Vec::new(),
            exact: false,
            skip: Vec::new(),
            scenarios: self.scenarios.clone(),
            sample: None,
        };
        let (architectures, warnings) = match selected.load() {
            Ok(loaded) => loaded,
            Err(problems) => return terminal.refuse(&problems),
        };
        terminal.show(&warnings)?;
        for architecture in &architectures {
            let attempts: usize = architecture.scenarios.iter().map(|scenario| scenario.attempts().count()).sum();
            writeln!(
                terminal.out,
                "{}: {} scenarios, {attempts} attempts, {} controls",
                crate::report::one_line(&architecture.name),
                architecture.scenarios.len(),
                architecture.baseline.controls.len()
            )?;
        }
        let denied = self.deny == Some(Deny::Warnings) && !warnings.is_empty();
        writeln!(terminal.out, "{} warnings", warnings.len())?;
        Ok(if denied { Exit::BadInput } else { Exit::Ok })
    }
}
