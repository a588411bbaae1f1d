//! `gainsay gaps`.

use std::{io, path::PathBuf};

use clap::Args;

use super::Terminal;
use crate::{
    exit::Exit,
    report::{gaps::gaps, write},
};

/// Print what the last run did not prove on its target, as gaps for `waivers.yaml`
#[derive(Debug, Args)]
pub(super) struct Gaps {
    /// The folder with the reports
    #[arg(long, value_name = "DIR", default_value = "reports")]
    report_dir: PathBuf,
}

impl Gaps {
    pub(super) fn execute(&self, terminal: &mut Terminal) -> io::Result<Exit> {
        match write::read_latest(&self.report_dir) {
            Ok(record) => {
                write!(terminal.out, "{}", gaps(&record))?;
                Ok(Exit::Ok)
            }
            Err(error) => {
                writeln!(terminal.err, "error: {error}")?;
                Ok(Exit::BadInput)
            }
        }
    }
}
