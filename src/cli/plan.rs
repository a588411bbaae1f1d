//! `gainsay plan`.

use std::io;

use clap::{Args, ValueEnum};

use super::{Selected, Terminal};
use crate::{
    exit::Exit,
    plan::{self, Step, steps},
    report::one_line,
};

/// Show every call in order, and send nothing.
#[derive(Debug, Args)]
pub(super) struct Plan {
    #[command(flatten)]
    selected: Selected,
    /// How to print the calls
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: PlanFormat,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum PlanFormat {
    /// A few lines for each call
    #[default]
    Pretty,
    /// An array of objects
    Json,
}

impl Plan {
    pub(super) fn execute(&self, terminal: &mut Terminal) -> io::Result<Exit> {
        let architectures = match self.selected.choose(terminal)? {
            Ok((architectures, _)) => architectures,
            Err(exit) => return Ok(exit),
        };
        let selection = self.selected.selection();
        let plan = plan::Plan::new(&architectures, &selection);
        if plan.attempts == 0 {
            return terminal.nothing_selected("");
        }
        let rows: Vec<(String, Vec<Step>)> = plan.rows.iter().map(|row| (row.name(), steps(row, &plan.attempts(row)))).collect();
        match self.format {
            PlanFormat::Json => {
                let calls: Vec<&Step> = rows.iter().flat_map(|(_, steps)| steps).collect();
                serde_json::to_writer_pretty(&mut terminal.out, &calls)?;
                writeln!(terminal.out)?;
            }
            PlanFormat::Pretty => pretty(&mut terminal.out, &rows)?,
        }
        terminal.tell_sample(&plan)?;
        Ok(Exit::Ok)
    }
}

fn pretty(out: &mut dyn io::Write, rows: &[(String, Vec<Step>)]) -> io::Result<()> {
    let mut calls = 0;
    for (row, steps) in rows {
        writeln!(out, "{}", one_line(row))?;
        for step in steps {
            calls += 1;
            let parameters: Vec<String> = step.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let sent = format!("{} {} {} {}", step.principal, step.operation, step.endpoint, parameters.join(" "));
            writeln!(out, "  {calls:>5} {:<8} {}", step.why, one_line(sent.trim_end()))?;
            writeln!(
                out,
                "        for {}; must be {}; if it succeeds it changes: {}",
                one_line(&step.of),
                one_line(&step.expected),
                step.changes
            )?;
        }
        writeln!(out)?;
    }
    writeln!(out, "{calls} calls, besides those that assume the roles; nothing was sent")
}
