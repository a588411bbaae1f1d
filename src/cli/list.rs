//! `gainsay list`.

use std::io;

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::{Selected, Terminal};
use crate::{exit::Exit, plan::Plan, record::ResultKind};

/// List the attempts and the checks.
#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    selected: Selected,
    /// How to print them
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: ListFormat,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum ListFormat {
    /// An id and what it claims on each line
    #[default]
    Pretty,
    /// An array of objects
    Json,
}

/// An attempt or a check as `--format json` lists it.
#[derive(Serialize)]
struct Listed<'a> {
    id: &'a str,
    kind: ResultKind,
    controls: &'a [String],
    principal: &'a str,
    operation: &'a str,
    attempt: &'a str,
    scenario: &'a str,
    file: &'a str,
    line: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    witnesses: Vec<ListedWitness<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assumed: Option<&'a str>,
}

#[derive(Serialize)]
struct ListedWitness<'a> {
    role: &'static str,
    attempt: &'a str,
    differences: &'a [String],
}

impl List {
    pub(super) fn execute(&self, terminal: &mut Terminal) -> io::Result<Exit> {
        let architectures = match self.selected.choose(terminal)? {
            Ok((architectures, _)) => architectures,
            Err(exit) => return Ok(exit),
        };
        let selection = self.selected.selection();
        let plan = Plan::new(&architectures, &selection);
        if plan.is_empty() {
            return terminal.nothing_selected("");
        }
        let mut listed = Vec::new();
        listed.extend(plan.checks.iter().map(|check| {
            let reading = check.reading;
            Listed {
                id: &reading.id,
                kind: ResultKind::Check,
                controls: std::slice::from_ref(&reading.control),
                principal: &reading.reader.name,
                operation: &reading.check.read,
                attempt: &reading.control,
                scenario: reading.statement,
                file: &reading.file,
                line: reading.line,
                witnesses: Vec::new(),
                assumed: None,
            }
        }));
        let rows: Vec<_> = plan.rows.iter().map(|row| (row, plan.attempts(row))).collect();
        for (row, attempts) in &rows {
            for attempt in attempts {
                let witnesses = attempt
                    .witnesses
                    .iter()
                    .flat_map(|both| [("target", &both.target), ("actor", &both.actor)]);
                listed.push(Listed {
                    id: &attempt.id,
                    kind: attempt.kind.into(),
                    controls: &attempt.controls,
                    principal: attempt.request.principal().name(),
                    operation: attempt.request.operation.name,
                    attempt: &attempt.label,
                    scenario: &row.scenario.title,
                    file: row.scenario.source.name(),
                    line: attempt.line,
                    witnesses: witnesses
                        .map(|(role, witness)| ListedWitness {
                            role,
                            attempt: &witness.label,
                            differences: &witness.differences,
                        })
                        .collect(),
                    assumed: attempt.assumed.as_deref(),
                });
            }
        }
        match self.format {
            ListFormat::Json => {
                serde_json::to_writer_pretty(&mut terminal.out, &listed)?;
                writeln!(terminal.out)?;
            }
            ListFormat::Pretty => {
                for attempt in &listed {
                    writeln!(
                        terminal.out,
                        "{}: {}",
                        crate::report::one_line(attempt.id),
                        attempt.kind.as_str()
                    )?;
                }
                writeln!(
                    terminal.out,
                    "\n{}",
                    crate::report::terminal::attempts_and_checks(plan.attempts, plan.checks.len())
                )?;
            }
        }
        terminal.tell_sample(&plan)?;
        Ok(Exit::Ok)
    }
}
