//! A suite: the architectures of a scenarios folder, read and resolved.

mod folder;
pub mod load;

use std::sync::Arc;

pub use self::folder::Folder;
use crate::{
    diag::{Code, Diagnostic, Diagnostics, Source, yaml},
    environment::{self, Baseline, Environment, RawBaseline, RawEnvironment},
    scenario::{self, RawScenario, Sample, Scenario},
};

/// An architecture: what is deployed, what must hold, and the scenarios that prove it.
#[derive(Debug)]
pub struct Architecture {
    /// The name of its folder.
    pub name: String,
    /// The folder as the user would type it.
    pub path: String,
    /// What is deployed.
    pub environment: Arc<Environment>,
    /// The controls chosen for it.
    pub baseline: Baseline,
    /// The scenarios, sorted by file.
    pub scenarios: Vec<Scenario>,
}

/// Resolves every folder, reporting the problems of all files at once.
///
/// # Errors
/// Every problem found. Warnings are returned with the architectures.
pub fn resolve(folders: &[Folder]) -> Result<(Vec<Architecture>, Diagnostics), Diagnostics> {
    resolve_sample(folders, Sample::All)
}

/// The same, of every scenario what a sample keeps.
///
/// # Errors
/// Every problem found. Warnings are returned with the architectures.
pub fn resolve_sample(folders: &[Folder], sample: Sample) -> Result<(Vec<Architecture>, Diagnostics), Diagnostics> {
    let mut problems = Diagnostics::default();
    let mut architectures = Vec::new();
    for folder in folders {
        match architecture(folder, sample) {
            Ok((architecture, warnings)) => {
                problems.extend(warnings);
                architectures.push(architecture);
            }
            Err(found) => problems.extend(found),
        }
    }
    if problems.has_errors() {
        Err(problems)
    } else {
        Ok((architectures, problems))
    }
}

fn architecture(folder: &Folder, sample: Sample) -> Result<(Architecture, Diagnostics), Diagnostics> {
    let mut problems = Diagnostics::default();
    let environment = read_file(folder, "environment.yaml").and_then(|(source, raw): (_, RawEnvironment)| {
        let environment = environment::resolve(&source, &raw, folder)?;
        Ok(Arc::new(environment))
    });
    let baseline = read_file(folder, "baseline.yaml")
        .and_then(|(source, raw): (Source, RawBaseline)| Ok((Baseline::resolve(&source, &raw)?, source, raw)));
    let mut files = Vec::new();
    for problem in folder.misplaced() {
        problems.push(problem);
    }
    for (stem, file) in folder.scenarios() {
        let read = file.clone().and_then(|source| Ok((yaml::read::<RawScenario>(&source)?, source)));
        match read {
            Ok((raw, source)) => files.push((stem, source, raw)),
            Err(problem) => problems.push(problem),
        }
    }
    let (environment, (baseline, baseline_source, raw_baseline)) = match (environment, baseline) {
        (Ok(environment), Ok(baseline)) => (environment, baseline),
        (environment, baseline) => {
            // Scenario problems would only repeat what is wrong here, so these alone are reported.
            problems.extend(environment.err().unwrap_or_default());
            problems.extend(baseline.err().unwrap_or_default());
            return Err(problems);
        }
    };
    if files.is_empty() && problems.is_empty() {
        problems.push(
            Diagnostic::new(Code::NothingHere, format!("`{}` has no scenario", folder.path))
                .help("add a YAML file beside `environment.yaml`"),
        );
    }
    let mut scenarios = Vec::new();
    for (stem, source, raw) in files {
        match scenario::resolve(&folder.name, stem, &source, &raw, &environment, &baseline, sample) {
            Ok(scenario) => scenarios.push(scenario),
            Err(found) => problems.extend(found),
        }
    }
    if problems.has_errors() {
        return Err(problems);
    }
    for choice in &raw_baseline.controls {
        let id = &choice.value.id;
        let proved = scenarios
            .iter()
            .any(|scenario| scenario.attempts().any(|attempt| attempt.controls.contains(&id.value)));
        if !proved {
            problems.push(
                Diagnostic::new(Code::UnprovedControl, format!("no attempt proves control `{}`", id.value))
                    .at(&baseline_source, id.span.clone())
                    .help("add an attempt with this control, or remove it from the baseline"),
            );
        }
    }
    let architecture = Architecture {
        name: folder.name.clone(),
        path: folder.path.clone(),
        environment,
        baseline,
        scenarios,
    };
    Ok((architecture, problems))
}

fn read_file<T: serde::de::DeserializeOwned>(folder: &Folder, name: &str) -> Result<(Source, T), Diagnostics> {
    let source = folder.file(name).map_err(|problem| {
        let help = format!(
            "add it: an architecture has an `environment.yaml`, a `baseline.yaml` and scenarios; `{name}` is looked for in its folder"
        );
        if problem.code == Code::Unreadable {
            problem.help(help)
        } else {
            problem
        }
    })?;
    let source = source.clone();
    let raw = yaml::read(&source)?;
    Ok((source, raw))
}
