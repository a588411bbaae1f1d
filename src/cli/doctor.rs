//! `gainsay doctor`.

use std::{collections::BTreeSet, io};

use clap::Args;

use super::{
    Selected, Terminal,
    target::{self, Where},
};
use crate::{
    exit::Exit,
    plan::Plan,
    report::one_line,
    runner::{self, Place},
    suite::Architecture,
};

/// Assume every role and read every bucket, key and trail, and change nothing
#[derive(Debug, Args)]
pub(super) struct Doctor {
    #[command(flatten)]
    selected: Selected,
    #[command(flatten)]
    at: Where,
}

impl Doctor {
    pub(super) fn execute(&self, terminal: &mut Terminal) -> io::Result<Exit> {
        if let Some(misuse) = self.at.misuse(false) {
            writeln!(terminal.err, "error: {misuse}")?;
            return Ok(Exit::Usage);
        }
        let architectures = match self.at.choose(&self.selected, false, terminal)? {
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
        let mut place = Place::Sandbox;
        if !self.at.is_sandbox() {
            let connected = self.at.bindings(&plan, false).and_then(|bindings| {
                let connected = self.at.connect(&plan, &bindings, false, &run);
                runtime.block_on(connected)
            });
            match connected {
                Ok(grounds) => place = target::place(self.at.name(), grounds),
                Err(trouble) => return trouble.show(terminal),
            }
        }
        let mut problems = 0;
        for architecture in plan.architectures.iter().copied() {
            writeln!(
                terminal.out,
                "{} on {}",
                one_line(&architecture.name),
                one_line(&self.at.name())
            )?;
            let needed = needed(&plan, architecture);
            let is_needed = |kind: &str, name: &str| needed.contains(&format!("{kind} {name}"));
            for finding in runtime.block_on(runner::examine(architecture, &place, &run, is_needed))
            {
                let (word, text) = match &finding.found {
                    Ok(text) => ("ok", text),
                    Err(text) => ("problem", text),
                };
                problems += usize::from(finding.found.is_err());
                writeln!(
                    terminal.out,
                    "  {word:<8} {}: {}",
                    one_line(&finding.what),
                    one_line(text)
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
    needs.close(&architecture.environment);
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
