//! `gainsay doctor`.

use std::{collections::BTreeSet, io};

use clap::Args;

use super::{Selected, Terminal, target::TargetArgs};
use crate::{
    exit::Exit,
    plan::Plan,
    report::one_line,
    runner::{self, RunTarget},
    suite::Architecture,
};

/// Assume every role and read every bucket, key and trail, and change nothing
#[derive(Debug, Args)]
pub(super) struct Doctor {
    #[command(flatten)]
    selected: Selected,
    #[command(flatten)]
    target: TargetArgs,
}

impl Doctor {
    pub(super) fn execute(&self, terminal: &mut Terminal) -> io::Result<Exit> {
        let architectures = match self.target.choose(&self.selected, false, terminal)? {
            Ok((_, architectures, _)) => architectures,
            Err(exit) => return Ok(exit),
        };
        let selection = self.selected.selection();
        let plan = Plan::new(&architectures, &selection);
        if plan.is_empty() {
            return terminal.nothing_selected("");
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let run = runner::new_run_id();
        let mut target = RunTarget::Sandbox;
        if !self.target.is_sandbox() {
            let connected = self.target.bindings(&plan, false).and_then(|bindings| {
                let connected = self.target.connect(&plan, &bindings, false, &run);
                runtime.block_on(connected)
            });
            match connected {
                Ok(targets) => target = RunTarget::shared(self.target.name(), targets),
                Err(error) => return error.show(terminal),
            }
        }
        let mut problems = 0;
        for architecture in plan.architectures.iter().copied() {
            writeln!(
                terminal.out,
                "{} on {}",
                one_line(&architecture.name),
                one_line(&self.target.name())
            )?;
            let needed = needed(&plan, architecture);
            let is_needed = |kind: &str, name: &str| needed.contains(&format!("{kind} {name}"));
            for finding in runtime.block_on(runner::examine(architecture, &target, &run, is_needed))
            {
                let (word, text) = match &finding.found {
                    Ok(text) => ("ok", text.clone()),
                    Err(error) => ("problem", error.to_string()),
                };
                problems += usize::from(finding.found.is_err());
                writeln!(
                    terminal.out,
                    "  {word:<8} {}: {}",
                    one_line(&finding.what),
                    one_line(&text)
                )?;
            }
        }
        let plural = if problems == 1 { "" } else { "s" };
        writeln!(terminal.out, "{problems} problem{plural}; nothing was changed")?;
        Ok(if problems == 0 { Exit::Ok } else { Exit::BadInput })
    }
}

/// What the selected attempts use, and who cleans up.
fn needed(plan: &Plan<'_>, architecture: &Architecture) -> BTreeSet<String> {
    let mut needs = plan.needs(architecture, |_, _| true);
    if let Some(bindings) = &architecture.bindings {
        // What could be selected and is not bound is no problem of this target.
        needs.roles.extend(bindings.cleanup.clone());
        needs.roles.retain(|name| bindings.roles.contains_key(name));
        needs.buckets.retain(|name| bindings.buckets.contains_key(name));
        needs.keys.retain(|name| bindings.keys.contains_key(name));
        needs.trails.retain(|name| bindings.trails.contains_key(name));
    }
    needs.add_assuming_roles(&architecture.environment);
    let named = |kind: &'static str, names: BTreeSet<String>| {
        names.into_iter().map(move |name| format!("{kind} {name}"))
    };
    let roles = named("role", needs.roles);
    roles
        .chain(named("bucket", needs.buckets))
        .chain(named("key", needs.keys))
        .chain(named("trail", needs.trails))
        .collect()
}
