//! `gainsay schema`.

use std::io;

use clap::{Args, ValueEnum};

use super::Terminal;
use crate::{
    exit::Exit,
    files::{RawBaseline, RawBindings, RawEnvironment, RawWaivers},
    scenario::RawScenario,
};

/// Print the JSON Schema of a file format.
#[derive(Debug, Args)]
pub(super) struct Schema {
    /// The file format
    #[arg(value_enum, value_name = "FILE")]
    file: File,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum File {
    /// A scenario
    Scenario,
    /// `environment.yaml`
    Environment,
    /// `baseline.yaml`
    Baseline,
    /// `bindings.yaml`
    Bindings,
    /// `waivers.yaml`
    Waivers,
}

impl Schema {
    pub(super) fn execute(&self, terminal: &mut Terminal) -> io::Result<Exit> {
        let schema = match self.file {
            File::Scenario => schemars::schema_for!(RawScenario),
            File::Environment => schemars::schema_for!(RawEnvironment),
            File::Baseline => schemars::schema_for!(RawBaseline),
            File::Bindings => schemars::schema_for!(RawBindings),
            File::Waivers => schemars::schema_for!(RawWaivers),
        };
        serde_json::to_writer_pretty(&mut terminal.out, &schema)?;
        writeln!(terminal.out)?;
        Ok(Exit::Ok)
    }
}
