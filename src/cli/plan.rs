//! `gainsay plan`.

use std::{collections::BTreeMap, io, sync::Arc};

use clap::{Args, ValueEnum};

use super::{
    Selected, Terminal,
    target::{CommandError, TargetArgs},
};
use crate::{
    exit::Exit,
    files::Bindings,
    plan::{self, PlannedCheck, PlannedRow, Step, check_step, obstacle, row_steps, skipped_step},
    report::one_line,
    scenario::Attempt,
};

/// Show every call in order, and send nothing.
#[derive(Debug, Args)]
pub(super) struct Plan {
    #[command(flatten)]
    selected: Selected,
    #[command(flatten)]
    target: TargetArgs,
    /// Plan for an environment that is made on the endpoint for the run
    #[arg(long, help_heading = "Target")]
    provision: bool,
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
        let architectures = match self.target.choose(&self.selected, self.provision, terminal)? {
            Ok((_, architectures, _)) => architectures,
            Err(exit) => return Ok(exit),
        };
        let selection = self.selected.selection();
        let plan = plan::Plan::new(&architectures, &selection);
        if plan.is_empty() {
            return terminal.nothing_selected("");
        }
        let bindings = match self.bindings(&plan) {
            Ok(bindings) => bindings,
            Err(error) => return error.show(terminal),
        };
        let checks = plan
            .checks
            .iter()
            .map(|check| self.check(check, bindings.get(&check.architecture.name)));
        let rows = plan.rows.iter().map(|row| {
            (row.name(), self.steps(row, plan.attempts(row), bindings.get(&row.architecture.name)))
        });
        let rows: Vec<(String, Vec<Step>)> = checks.chain(rows).collect();
        match self.format {
            PlanFormat::Json => {
                let calls: Vec<&Step> = rows.iter().flat_map(|(_, steps)| steps).collect();
                serde_json::to_writer_pretty(&mut terminal.out, &calls)?;
                writeln!(terminal.out)?;
            }
            PlanFormat::Pretty => pretty(&mut terminal.out, &rows)?,
        }
        terminal.show_sample(&plan)?;
        Ok(Exit::Ok)
    }

    /// What the names stand for; nothing on the sandbox.
    fn bindings(&self, plan: &plan::Plan<'_>) -> Result<BTreeMap<String, Bindings>, CommandError> {
        if self.target.is_sandbox() {
            return Ok(BTreeMap::new());
        }
        self.target.bindings(plan, self.provision)
    }

    /// The call of a check, under the name of its group: architecture/`checks`/resource.
    fn check(&self, check: &PlannedCheck<'_>, bindings: Option<&Bindings>) -> (String, Vec<Step>) {
        let skipped = bindings.and_then(|bindings| {
            plan::unreadable(check.reading, &self.target.limits(bindings, self.provision))
        });
        let mut step = check_step(check.reading, &check.architecture.environment, skipped);
        if bindings.is_some() {
            step.endpoint = self.target.endpoint(std::mem::take(&mut step.endpoint));
        }
        (step.row.clone(), vec![step])
    }

    /// The calls of a row, and after them what is not attempted.
    fn steps(
        &self,
        row: &PlannedRow<'_>,
        attempts: Vec<Arc<Attempt>>,
        bindings: Option<&Bindings>,
    ) -> Vec<Step> {
        let Some(bindings) = bindings else {
            return row_steps(row, &attempts, true);
        };
        let limits = self.target.limits(bindings, self.provision);
        let mut made = Vec::new();
        let mut not_made = Vec::new();
        for attempt in attempts {
            match obstacle(row.row, &attempt, &limits) {
                None => made.push(attempt),
                Some(why) => not_made.push(skipped_step(row, &attempt, why)),
            }
        }
        let mut all = row_steps(row, &made, false);
        all.extend(not_made);
        for step in &mut all {
            step.endpoint = self.target.endpoint(std::mem::take(&mut step.endpoint));
        }
        all
    }
}

fn pretty(out: &mut dyn io::Write, rows: &[(String, Vec<Step>)]) -> io::Result<()> {
    let mut calls = 0;
    let mut not_made = 0;
    for (row, steps) in rows {
        writeln!(out, "{}", one_line(row))?;
        for step in steps {
            if let Some(why) = &step.skipped {
                not_made += 1;
                writeln!(out, "        skipped {}: {}", one_line(&step.of), one_line(why))?;
                continue;
            }
            if step.why == "advance" {
                let seconds = step.parameters.first().map_or("", |(_, seconds)| seconds.as_str());
                writeln!(
                    out,
                    "        the clock is moved by {seconds} s, and everyone asks with a new \
                     session"
                )?;
                continue;
            }
            calls += 1;
            let parameters: Vec<String> =
                step.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let sent = format!(
                "{} {} {} {}",
                step.principal,
                step.operation,
                step.endpoint,
                parameters.join(" ")
            );
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
    if not_made > 0 {
        writeln!(out, "{not_made} attempts are not made there")?;
    }
    writeln!(out, "{calls} calls, besides those that assume the roles; nothing was sent")
}
