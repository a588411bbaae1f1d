//! A suite: the architectures of a scenarios folder, read and resolved.

use std::{collections::BTreeMap, sync::Arc};

use gainsay_model::Source;
use rayon::prelude::*;

use crate::{
    control::{self, Reading},
    files::{
        self, Baseline, Bindings, Environment, Folder, Proof, RawBaseline, RawBindings,
        RawEnvironment, RawWaivers, Waivers,
        diag::{Code, Diagnostic, Diagnostics},
        yaml,
    },
    record::ResultKind,
    scenario::{self, Attempt, RawScenario, Sample, Scenario},
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
    /// What of it may fail for a while.
    pub waivers: Waivers,
    /// The scenarios, sorted by file.
    pub scenarios: Vec<Scenario>,
    /// What is read of what is deployed, in the order of the baseline.
    pub checks: Vec<Arc<Reading>>,
    /// What its names stand for, where that is not what the environment says.
    pub bindings: Option<Bindings>,
}

impl Architecture {
    /// How many attempts and checks it has.
    #[must_use]
    pub fn results(&self) -> usize {
        let attempts = self.scenarios.iter().map(|scenario| scenario.attempts().count());
        attempts.sum::<usize>() + self.checks.len()
    }
}

/// A file as it is written, with its text.
pub type Written<T> = (Source, T);

/// The files of an architecture as they are written, in which a warning has its place.
#[derive(Debug)]
pub struct WrittenFiles {
    /// The baseline, with what it takes over from others.
    pub baseline: Written<RawBaseline>,
    /// The scenarios, in the order of the architecture's.
    pub scenarios: Vec<Written<RawScenario>>,
    /// The waivers, where there are some.
    pub waivers: Option<Written<RawWaivers>>,
}

/// What the names of an environment stand for.
#[derive(Clone, Copy, Debug)]
pub enum Names<'a> {
    /// What the environment itself says, as on the sandbox. Bindings beside it are checked and not
    /// used.
    Declared,
    /// What `bindings.yaml` beside it says, or another file.
    Bound(Option<&'a Source>),
    /// What is known, by architecture.
    Given(&'a BTreeMap<String, Bindings>),
}

/// Resolves every folder, reporting the problems of all files at once.
///
/// # Errors
/// Every problem found. Warnings are returned with the architectures.
pub fn resolve(folders: &[Folder]) -> Result<(Vec<Architecture>, Diagnostics), Diagnostics> {
    resolve_as(folders, Names::Declared, Sample::All)
}

/// Resolves every folder with names that stand for what `names` says, and of every scenario what a
/// sample keeps.
///
/// # Errors
/// Every problem found in any file. Warnings are returned with the architectures.
pub fn resolve_as(
    folders: &[Folder],
    names: Names<'_>,
    sample: Sample,
) -> Result<(Vec<Architecture>, Diagnostics), Diagnostics> {
    let mut problems = Diagnostics::default();
    let mut architectures = Vec::new();
    // Reading them is a good part of a run on the sandbox.
    let resolve = |folder| architecture(folder, folders, names, sample);
    for resolved in folders.par_iter().map(resolve).collect::<Vec<_>>() {
        match resolved {
            Ok((architecture, warnings)) => {
                problems.extend(warnings);
                architectures.push(architecture);
            }
            Err(found) => problems.extend(found),
        }
    }
    if problems.has_errors() { Err(problems) } else { Ok((architectures, problems)) }
}

/// The environment of a folder with names that stand for what bindings say.
///
/// # Errors
/// Every problem of the environment.
pub fn environment_of(
    folder: &Folder,
    bindings: &Bindings,
) -> Result<Arc<Environment>, Diagnostics> {
    let known = BTreeMap::from([(folder.name.clone(), bindings.clone())]);
    environment(folder, Names::Given(&known)).map(|(environment, _)| environment)
}

/// The environment of a folder as it is written, whatever else is in the folder.
///
/// # Errors
/// Every problem of the environment.
pub fn declared(folder: &Folder) -> Result<Environment, Diagnostics> {
    let (source, raw): (Source, RawEnvironment) = read_file(folder, "environment.yaml")?;
    files::resolve(&source, &raw, folder)
}

/// The environment of a folder as it is written, and with the names of `bindings.yaml` beside it
/// where there is one, whatever else is in the folder.
///
/// # Errors
/// Every problem of either.
pub fn environments(folder: &Folder) -> Result<Vec<Arc<Environment>>, Diagnostics> {
    let (declared, _) = environment(folder, Names::Declared)?;
    let (bound, bindings) = environment(folder, Names::Bound(None))?;
    Ok(if bindings.is_some() { vec![declared, bound] } else { vec![declared] })
}

/// The files of an architecture as they are written.
///
/// # Errors
/// Files that cannot be read; none of a folder that was resolved.
pub fn written(folder: &Folder, folders: &[Folder]) -> Result<WrittenFiles, Diagnostics> {
    fn read<T: serde::de::DeserializeOwned>(
        file: &Result<Source, Diagnostic>,
    ) -> Result<(Source, T), Diagnostic> {
        let source = file.clone()?;
        let raw = yaml::read(&source)?;
        Ok((source, raw))
    }
    Ok(WrittenFiles {
        baseline: baseline(folder, folders, &mut Vec::new())?,
        scenarios: folder.scenarios().map(|(_, file)| read(file)).collect::<Result<_, _>>()?,
        waivers: folder.waivers().map(read).transpose()?,
    })
}

/// The environment, and the bindings that were used for it.
fn environment(
    folder: &Folder,
    names: Names<'_>,
) -> Result<(Arc<Environment>, Option<Bindings>), Diagnostics> {
    let (source, raw): (Source, RawEnvironment) = read_file(folder, "environment.yaml")?;
    let declared = files::resolve(&source, &raw, folder)?;
    let written = match (names, folder.bindings()) {
        (Names::Bound(Some(other)), _) => Some(other.clone()),
        (_, Some(beside)) => Some(beside.clone()?),
        (_, None) => None,
    };
    let mut bindings = None;
    if let Some(source) = written {
        let raw: RawBindings = yaml::read(&source)?;
        bindings = Some(Bindings::resolve(&source, &raw, &declared)?);
    }
    let bindings = match names {
        Names::Declared => None,
        Names::Bound(_) => bindings,
        Names::Given(known) => known.get(&folder.name).cloned(),
    };
    if bindings.is_none() {
        return Ok((Arc::new(declared), None));
    }
    let bound = files::resolve_bound(&source, &raw, folder, bindings.as_ref())?;
    Ok((Arc::new(bound), bindings))
}

fn architecture(
    folder: &Folder,
    folders: &[Folder],
    names: Names<'_>,
    sample: Sample,
) -> Result<(Architecture, Diagnostics), Diagnostics> {
    let mut problems = Diagnostics::default();
    let environment = environment(folder, names);
    let baseline = baseline(folder, folders, &mut Vec::new())
        .and_then(|(source, raw)| Ok((Baseline::resolve(&source, &raw)?, source, raw)));
    let mut files = Vec::new();
    for problem in folder.misplaced() {
        problems.push(problem);
    }
    let written: Vec<_> = folder.scenarios().collect();
    let read = written.par_iter().map(|(stem, file)| {
        let source = (*file).clone()?;
        let raw = yaml::read::<RawScenario>(&source)?;
        Ok::<_, Diagnostic>((*stem, source, raw))
    });
    for read in read.collect::<Vec<_>>() {
        match read {
            Ok(file) => files.push(file),
            Err(problem) => problems.push(problem),
        }
    }
    let ((environment, bindings), (baseline, baseline_source, raw_baseline)) =
        match (environment, baseline) {
            (Ok(environment), Ok(baseline)) => (environment, baseline),
            (environment, baseline) => {
                // Scenario problems would only repeat what is wrong here, so these alone are
                // reported.
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
    let resolved = files.par_iter().map(|(stem, source, raw)| {
        scenario::resolve(&folder.name, stem, source, raw, &environment, &baseline, sample)
    });
    for resolved in resolved.collect::<Vec<_>>() {
        match resolved {
            Ok(scenario) => scenarios.push(scenario),
            Err(found) => problems.extend(found),
        }
    }
    if problems.has_errors() {
        return Err(problems);
    }
    let checks = match control::resolve(&folder.name, &baseline_source, &raw_baseline, &environment)
    {
        Ok(checks) => checks,
        Err(found) => {
            problems.extend(found);
            return Err(problems);
        }
    };
    // A sample keeps every attempt once, so what has no proof in it has none at all.
    problems.extend(proved(&baseline_source, &raw_baseline, &baseline, &scenarios, &checks));
    let waivers = match waivers(folder, &baseline, &scenarios, &checks, sample) {
        Ok(waivers) => waivers,
        Err(found) => {
            problems.extend(found);
            return Err(problems);
        }
    };
    let architecture = Architecture {
        name: folder.name.clone(),
        path: folder.path.clone(),
        environment,
        baseline,
        waivers,
        scenarios,
        checks,
        bindings,
    };
    Ok((architecture, problems))
}

/// The baseline of a folder, with what it takes over from others. `way` are those that led here.
fn baseline<'f>(
    folder: &'f Folder,
    folders: &'f [Folder],
    way: &mut Vec<&'f str>,
) -> Result<(Source, RawBaseline), Diagnostics> {
    let (source, raw): (Source, RawBaseline) = read_file(folder, "baseline.yaml")?;
    let Some(extends) = &raw.extends else {
        return Ok((source, raw));
    };
    way.push(&folder.name);
    let other = folders.iter().find(|other| other.name == extends.value);
    let problem = match other {
        Some(other) if !way.contains(&other.name.as_str()) => {
            let (_, other) = baseline(other, folders, way)?;
            let raw = files::extended(&source, &raw, &other, &extends.span)?;
            return Ok((source, raw));
        }
        Some(_) => Diagnostic::new(
            Code::BadValue,
            format!("the baseline of `{}` would extend itself", extends.value),
        )
        .at(&source, extends.span.clone())
        .help("remove one `extends` of the circle"),
        None => Diagnostic::new(
            Code::UnknownName,
            format!("there is no architecture `{}` beside this one", extends.value),
        )
        .at(&source, extends.span.clone())
        .suggest(&extends.value, folders.iter().map(|other| other.name.as_str())),
    };
    Err(problem.into())
}

/// Whether every control has a proof that is enough, or is marked as not testable; and only what
/// has none is marked.
fn proved(
    source: &Source,
    raw: &RawBaseline,
    baseline: &Baseline,
    scenarios: &[Scenario],
    checks: &[Arc<Reading>],
) -> Diagnostics {
    let mut problems = Diagnostics::default();
    for (choice, control) in raw.controls.iter().zip(&baseline.controls) {
        let id = &choice.value.id;
        let proves = |attempt: &Attempt| {
            let proof = ResultKind::from(attempt.kind).proof();
            attempt.controls.contains(&id.value) && control.proved_by.suffices(proof)
        };
        let attempted =
            scenarios.iter().any(|scenario| scenario.attempts().any(|attempt| proves(attempt)));
        let is_read = checks.iter().any(|reading| reading.control == id.value);
        let read = is_read && control.proved_by.suffices(Proof::Setting);
        let (message, help) = match (attempted || read, &choice.value.not_testable) {
            (true, None) | (false, Some(_)) => continue,
            (false, None) => (
                format!(
                    "nothing proves control `{}`, which is proved by: {}",
                    id.value, control.proved_by
                ),
                "add an attempt of that kind with this control, say with `of:` what its check \
                 reads, or why it is `not_testable:`",
            ),
            (true, Some(_)) => (
                format!("control `{}` is proved here and said not to be testable", id.value),
                "remove `not_testable:`",
            ),
        };
        problems.push(
            Diagnostic::new(Code::UnprovedControl, message).at(source, id.span.clone()).help(help),
        );
    }
    problems
}

/// The waivers beside the baseline. Of a sample not every attempt is known.
fn waivers(
    folder: &Folder,
    baseline: &Baseline,
    scenarios: &[Scenario],
    checks: &[Arc<Reading>],
    sample: Sample,
) -> Result<Waivers, Diagnostics> {
    let Some(file) = folder.waivers() else {
        return Ok(Waivers::default());
    };
    let source = file.clone()?;
    let raw: RawWaivers = yaml::read(&source)?;
    let ids: Vec<&str> = scenarios
        .iter()
        .flat_map(Scenario::attempts)
        .map(|attempt| attempt.id.as_str())
        .chain(checks.iter().map(|reading| reading.id.as_str()))
        .collect();
    let known = matches!(sample, Sample::All).then_some(ids.as_slice());
    Waivers::resolve(&source, &raw, baseline, known)
}

fn read_file<T: serde::de::DeserializeOwned>(
    folder: &Folder,
    name: &str,
) -> Result<(Source, T), Diagnostics> {
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
