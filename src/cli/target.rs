//! `--target` and what belongs to it: where the calls go.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use gainsay_model::Source;

use super::{Selected, Terminal};
use crate::{
    cloud::{Address, Chain, Target, TlsError, Trust, Url},
    diag::{Code, Diagnostic, Diagnostics},
    environment::{Bindings, Environment},
    exit::Exit,
    plan::{Limits, Needs, Plan, obstacle},
    provision::{self, Provisioned},
    runner::{Ground, Place, Stop, connect},
    suite::{self, Architecture, Folder, Names, load},
};

/// Where the calls go.
#[derive(Debug, Args)]
#[command(next_help_heading = "Target")]
pub(super) struct Where {
    /// `sandbox`, `aws`, or the URL of an endpoint that answers for S3, KMS, STS and IAM
    #[arg(long, value_name = "TARGET", default_value = "sandbox", value_parser = address)]
    target: Address,
    /// Where requests of an endpoint go that are sent in the clear
    #[arg(long, value_name = "URL", value_parser = plain)]
    plain_url: Option<Url>,
    /// Certification authorities to trust besides the system's, as PEM
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Accept any certificate of an endpoint
    #[arg(long)]
    insecure_tls: bool,
    /// What the environment's names stand for there; `bindings.yaml` beside `environment.yaml`
    /// where nothing is said
    #[arg(long, value_name = "FILE")]
    bindings: Option<PathBuf>,
}

fn address(text: &str) -> Result<Address, String> {
    match text {
        "sandbox" => Ok(Address::Sandbox),
        "aws" => Ok(Address::Aws),
        url => Url::parse(url)
            .map(Address::Url)
            .map_err(|error| format!("it is neither `sandbox` nor `aws`, and as a URL {error}")),
    }
}

fn plain(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    if url.is_plain() { Ok(url) } else { Err("it must begin with `http://`".to_owned()) }
}

/// Folders, their architectures, and warnings.
pub(super) type Chosen = (Vec<Folder>, Vec<Architecture>, Diagnostics);

/// What stops a command before anything was attempted.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Something is wrong with files.
    Files(Diagnostics),
    /// Something is wrong, in a sentence.
    Words(String),
    /// It was stopped while the environment was made, of which nothing is left.
    Stopped,
    /// As before, and some of what was made for the run could not be removed.
    Left(String, Vec<String>),
}

impl From<Diagnostics> for Trouble {
    fn from(problems: Diagnostics) -> Self {
        Self::Files(problems)
    }
}

impl From<Diagnostic> for Trouble {
    fn from(problem: Diagnostic) -> Self {
        Self::Files(problem.into())
    }
}

impl From<String> for Trouble {
    fn from(words: String) -> Self {
        Self::Words(words)
    }
}

impl Trouble {
    /// Shows it, and answers how the program then ends.
    pub(super) fn show(&self, terminal: &mut Terminal) -> io::Result<Exit> {
        match self {
            Self::Files(problems) => terminal.refuse(problems),
            Self::Words(words) => {
                writeln!(
                    terminal.err,
                    "error: {}\nnothing was attempted",
                    crate::report::one_line(words)
                )?;
                Ok(Exit::BadInput)
            }
            Self::Stopped => {
                writeln!(
                    terminal.err,
                    "stopped; nothing was attempted, and what was made is removed"
                )?;
                Ok(Exit::Undecided)
            }
            Self::Left(words, left) => {
                writeln!(
                    terminal.err,
                    "error: {}\nnothing was attempted",
                    crate::report::one_line(words)
                )?;
                for what in left {
                    writeln!(terminal.err, "left behind: {}", crate::report::one_line(what))?;
                }
                Ok(Exit::Unfinished)
            }
        }
    }
}

impl Where {
    /// Whether everything happens in this process.
    pub(super) fn is_sandbox(&self) -> bool {
        self.target == Address::Sandbox
    }

    /// What of the command line contradicts itself.
    pub(super) fn misuse(&self, provision: bool) -> Option<&'static str> {
        let is_url = matches!(self.target, Address::Url(_));
        if provision && self.target == Address::Aws {
            Some(
                "`--provision` makes and removes roles, keys and buckets, and does so on an endpoint only: in an account they are yours to make, and `bindings.yaml` names them",
            )
        } else if provision && !is_url {
            Some("`--provision` needs `--target URL`: the sandbox has its environment already")
        } else if provision && self.bindings.is_some() {
            Some("`--provision` binds every name itself, so `--bindings` has no place beside it")
        } else if !is_url
            && (self.plain_url.is_some() || self.ca_file.is_some() || self.insecure_tls)
        {
            Some("`--plain-url`, `--ca-file` and `--insecure-tls` are for `--target URL`")
        } else if self.is_sandbox() && self.bindings.is_some() {
            Some(
                "`--bindings` needs `--target aws` or `--target URL`: the sandbox has what the environment declares",
            )
        } else if self.insecure_tls && self.ca_file.is_some() {
            Some("`--insecure-tls` accepts any certificate, so `--ca-file` has no place beside it")
        } else {
            None
        }
    }

    /// The chosen architectures with their names bound as this target needs it, and their folders.
    pub(super) fn choose(
        &self,
        selected: &Selected,
        provision: bool,
        terminal: &mut Terminal,
    ) -> io::Result<Result<Chosen, Exit>> {
        let loaded = self.load(selected, provision);
        let (folders, architectures, warnings) = match loaded {
            Ok(loaded) => loaded,
            Err(trouble) => return trouble.show(terminal).map(Err),
        };
        match selected.unmatched(&architectures) {
            Some(text) => terminal
                .nothing_selected(&format!(" by `{}`", crate::report::one_line(text)))
                .map(Err),
            None => Ok(Ok((folders, architectures, warnings))),
        }
    }

    fn load(&self, selected: &Selected, provision: bool) -> Result<Chosen, Trouble> {
        let mut folders = load::load(&selected.scenarios)?;
        selected.check_paths()?;
        let other: Option<Source> = self.bindings.as_deref().map(load::file).transpose()?;
        if other.is_some() && folders.len() > 1 {
            let names = |folder: &Folder, text: &String| {
                *text == folder.name || text.starts_with(&format!("{}/", folder.name))
            };
            folders.retain(|folder| selected.selection.iter().any(|text| names(folder, text)));
            if folders.len() != 1 {
                return Err(
                    "`--bindings` is for one architecture: name it, as `gainsay run ARCHITECTURE`"
                        .to_owned()
                        .into(),
                );
            }
        }
        let names = if self.is_sandbox() || provision {
            Names::Declared
        } else {
            Names::Bound(other.as_ref())
        };
        let (architectures, warnings) = suite::resolve_as(&folders, names, selected.sample())?;
        Ok((folders, architectures, warnings))
    }

    /// What may be attempted on an architecture of this target, before anything is sent.
    pub(super) fn limits<'a>(&self, bindings: &'a Bindings, provision: bool) -> Limits<'a> {
        Limits { bindings, provisioned: provision, plain: self.can_be_plain() }
    }

    /// What is bound, or will be by `--provision`, in every architecture of a plan.
    pub(super) fn bindings(
        &self,
        plan: &Plan<'_>,
        provision: bool,
    ) -> Result<BTreeMap<String, Bindings>, Trouble> {
        let mut known = BTreeMap::new();
        let mut missing = Vec::new();
        for architecture in plan.architectures.iter().copied() {
            if provision {
                let environment = &architecture.environment;
                let bindings =
                    provision::names(environment, &environment.deployed.account, None, "");
                known.insert(architecture.name.clone(), bindings);
                continue;
            }
            let bindings = architecture.bindings.clone();
            let wanted = self.needed(plan, architecture, bindings.as_ref());
            let lacks = wanted.missing(bindings.as_ref().unwrap_or(&Bindings::default()));
            if bindings.is_none() {
                missing.push(
                    Diagnostic::new(
                        Code::Unbound,
                        format!(
                            "`{}` has no bindings, which say what its names stand for: {}",
                            architecture.name,
                            lacks.join(", ")
                        ),
                    )
                    .help(format!(
                        "write them to `{}/bindings.yaml`, or name a file with `--bindings`",
                        architecture.path
                    )),
                );
            } else if !lacks.is_empty() {
                missing.push(
                    Diagnostic::new(
                        Code::Unbound,
                        format!(
                            "the bindings of `{}` lack: {}",
                            architecture.name,
                            lacks.join(", ")
                        ),
                    )
                    .help("bind them, or select only attempts that do without them"),
                );
            }
            known.insert(architecture.name.clone(), bindings.unwrap_or_default());
        }
        if missing.is_empty() {
            return Ok(known);
        }
        let mut problems = Diagnostics::default();
        for problem in missing {
            problems.push(problem);
        }
        Err(problems.into())
    }

    fn needed(
        &self,
        plan: &Plan<'_>,
        architecture: &Architecture,
        bindings: Option<&Bindings>,
    ) -> Needs {
        let mut needs = plan.needs(architecture, |row, attempt| {
            bindings.is_none_or(|bindings| {
                obstacle(row, attempt, &self.limits(bindings, false)).is_none()
            })
        });
        if let Some(cleanup) = bindings.and_then(|bindings| bindings.cleanup.clone()) {
            needs.roles.insert(cleanup);
        }
        needs.close(&architecture.environment);
        needs
    }

    fn can_be_plain(&self) -> bool {
        match &self.target {
            Address::Sandbox | Address::Aws => true,
            Address::Url(url) => url.is_plain() || self.plain_url.is_some(),
        }
    }

    /// The endpoint of a call, as it is shown.
    pub(super) fn endpoint(&self, usual: String) -> String {
        let Address::Url(url) = &self.target else { return usual };
        let plain = usual.starts_with("http://").then_some(self.plain_url.as_ref()).flatten();
        plain.unwrap_or(url).as_str().to_owned()
    }

    fn target(&self, region: &str, run: &str) -> Result<Target, Trouble> {
        let trouble = |error: TlsError| Trouble::Words(error.to_string());
        match &self.target {
            // Nobody asks for the sandbox as a shared target.
            Address::Sandbox | Address::Aws => Target::aws(region, run, None).map_err(trouble),
            Address::Url(url) => {
                let trust = Trust {
                    authorities: self.ca_file.as_deref().map(authorities).transpose()?,
                    anyone: self.insecure_tls,
                };
                Target::endpoint(url, self.plain_url.as_ref(), &trust, region, run, None)
                    .map_err(trouble)
            }
        }
    }

    /// Connects to the target for every architecture: credentials, then whose they are, before
    /// anything else.
    pub(super) async fn connect(
        &self,
        plan: &Plan<'_>,
        bound: &BTreeMap<String, Bindings>,
        provision: bool,
        run: &str,
    ) -> Result<BTreeMap<String, Ground>, Trouble> {
        let mut grounds = BTreeMap::new();
        for architecture in plan.architectures.iter().copied() {
            let region = &architecture.environment.deployed.region;
            let bindings = bound.get(&architecture.name).cloned().unwrap_or_default();
            let target = self.target(region, run)?;
            let chain = Chain::find(bindings.profile.as_deref(), region).await;
            let meant = (!provision).then_some(bindings.account.as_str());
            let caller = connect(&target, chain, meant).await?;
            let ground =
                Ground { target, caller, bindings, plain: self.can_be_plain(), provisioned: None };
            grounds.insert(architecture.name.clone(), ground);
        }
        Ok(grounds)
    }

    /// What the record calls the target.
    pub(super) fn name(&self) -> String {
        self.target.to_string()
    }
}

/// Makes every architecture of a plan on the target. What was made is removed again where this
/// fails.
pub(super) async fn provision(
    plan: &Plan<'_>,
    folders: &[Folder],
    grounds: BTreeMap<String, Ground>,
    run: &str,
    stop: &Stop,
) -> Result<BTreeMap<String, Ground>, Trouble> {
    let mut made: BTreeMap<String, Ground> = BTreeMap::new();
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for architecture in plan.architectures.iter().copied() {
        let (Some(ground), Some(folder)) = (
            grounds.get(&architecture.name),
            folders.iter().find(|folder| folder.name == architecture.name),
        ) else {
            continue;
        };
        names.insert(&architecture.name);
        let mut provisioned = Provisioned::nothing(&ground.target, &ground.caller.chain);
        // Two architectures of one run do not share names.
        let own = format!("{run}{}", names.len());
        let bindings = provision::names(
            &architecture.environment,
            &ground.caller.account,
            Some(&ground.caller.arn),
            &own,
        );
        let resolve = |bindings: &Bindings| -> Result<Arc<Environment>, String> {
            suite::environment_of(folder, bindings).map_err(|problems| problems.to_string())
        };
        let done = provisioned
            .make(&architecture.environment, bindings, &own, resolve, || stop.is_interrupted())
            .await;
        let failed = done.as_ref().err().cloned();
        let ground = Ground {
            target: ground.target.clone(),
            caller: ground.caller.clone(),
            bindings: done.unwrap_or_default(),
            plain: ground.plain,
            provisioned: Some(provisioned),
        };
        made.insert(architecture.name.clone(), ground);
        if let Some(problem) = failed {
            let mut left = Vec::new();
            for provisioned in made.values().filter_map(|ground| ground.provisioned.as_ref()) {
                left.extend(provisioned.remove().await);
            }
            let words = format!("`{}` cannot be made on the target: {problem}", architecture.name);
            return Err(if left.is_empty() && stop.is_interrupted() {
                Trouble::Stopped
            } else if left.is_empty() {
                Trouble::Words(words)
            } else {
                Trouble::Left(words, left)
            });
        }
    }
    Ok(made)
}

/// A place to run, of grounds.
pub(super) fn place(name: String, grounds: BTreeMap<String, Ground>) -> Place {
    Place::Shared {
        name,
        grounds: grounds.into_iter().map(|(name, ground)| (name, Arc::new(ground))).collect(),
    }
}

fn authorities(path: &Path) -> Result<Vec<u8>, Trouble> {
    std::fs::read(path).map_err(|error| {
        Trouble::Words(format!("the CA file `{}` cannot be read: {error}", path.display()))
    })
}
