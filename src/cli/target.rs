//! `--target` and what belongs to it: where the calls go.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
};

use clap::Args;
use gainsay_model::Source;

use super::{Selected, Terminal};
use crate::{
    cloud::{Address, CredentialChain, Target, TlsError, Trust, Url, UrlError},
    exit::Exit,
    files::{
        Bindings, Folder,
        diag::{Code, Diagnostic, Diagnostics},
        load,
    },
    plan::{Limits, Needs, Plan, obstacle},
    provision::{self, ProvisionError, Provisioned},
    report::one_line,
    runner::{ConnectError, SharedTarget, Stop, connect},
    suite::{self, Architecture, Names},
};

/// The options that say where the calls go.
#[derive(Debug, Args)]
#[command(next_help_heading = "Target")]
pub(super) struct TargetArgs {
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

/// Why a text is no target.
#[derive(Debug, thiserror::Error)]
enum AddressError {
    /// It is neither a word for a target nor a URL.
    #[error("it is neither `sandbox` nor `aws`, and as a URL {0}")]
    Unknown(UrlError),
    /// It is no URL.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// It is a URL of another scheme.
    #[error("it must begin with `http://`")]
    NotPlain,
}

fn address(text: &str) -> Result<Address, AddressError> {
    match text {
        "sandbox" => Ok(Address::Sandbox),
        "aws" => Ok(Address::Aws),
        url => Url::parse(url).map(Address::Url).map_err(AddressError::Unknown),
    }
}

fn plain(text: &str) -> Result<Url, AddressError> {
    let url = Url::parse(text)?;
    if url.is_plain() { Ok(url) } else { Err(AddressError::NotPlain) }
}

/// What was read for a command: folders, their architectures, and warnings.
pub(super) type Loaded = (Vec<Folder>, Vec<Architecture>, Diagnostics);

/// Options that do not go together.
#[derive(Debug, thiserror::Error)]
pub(super) enum UsageError {
    /// Nothing is made in an account.
    #[error(
        "`--provision` makes and removes roles, keys and buckets, and does so on an endpoint only: \
         in an account they are yours to make, and `bindings.yaml` names them"
    )]
    ProvisionOnAws,
    /// Nothing need be made in the sandbox.
    #[error("`--provision` needs `--target URL`: the sandbox has its environment already")]
    ProvisionOnSandbox,
    /// What is made has names of its own.
    #[error("`--provision` binds every name itself, so `--bindings` has no place beside it")]
    ProvisionWithBindings,
    /// Options of an endpoint without one.
    #[error("`--plain-url`, `--ca-file` and `--insecure-tls` are for `--target URL`")]
    EndpointOptions,
    /// The sandbox needs no bindings.
    #[error(
        "`--bindings` needs `--target aws` or `--target URL`: the sandbox has what the environment \
         declares"
    )]
    BindingsOnSandbox,
    /// Certificates that would not be looked at.
    #[error("`--insecure-tls` accepts any certificate, so `--ca-file` has no place beside it")]
    InsecureWithCaFile,
}

/// What stops a command before anything was attempted.
#[derive(Debug, thiserror::Error)]
pub(super) enum CommandError {
    /// The command line contradicts itself.
    #[error(transparent)]
    Usage(#[from] UsageError),
    /// Something is wrong with files.
    #[error("{0}")]
    Files(#[from] Diagnostics),
    /// One bindings file cannot be for several architectures.
    #[error("`--bindings` is for one architecture: name it, as `gainsay run ARCHITECTURE`")]
    SeveralArchitectures,
    /// No connections can be made.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The certification authorities cannot be read.
    #[error("the CA file `{}` cannot be read: {source}", path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// What the file system says.
        source: io::Error,
    },
    /// The target cannot be used.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// It was stopped while the environment was made, of which nothing is left.
    #[error("stopped; nothing was attempted, and what was made is removed")]
    Stopped,
    /// The environment could not be made.
    #[error("`{architecture}` cannot be made on the target: {source}")]
    Provision {
        /// Of which architecture.
        architecture: String,
        /// Why.
        source: ProvisionError,
        /// What was made before and could not be removed.
        left: Vec<String>,
    },
}

impl From<Diagnostic> for CommandError {
    fn from(problem: Diagnostic) -> Self {
        Self::Files(problem.into())
    }
}

impl CommandError {
    /// Shows it, and answers how the program then ends.
    pub(super) fn show(&self, terminal: &mut Terminal) -> io::Result<Exit> {
        match self {
            Self::Usage(error) => {
                writeln!(terminal.err, "error: {error}")?;
                Ok(Exit::Usage)
            }
            Self::Files(problems) => terminal.refuse(problems),
            Self::Stopped => {
                writeln!(terminal.err, "{self}")?;
                Ok(Exit::Undecided)
            }
            Self::SeveralArchitectures
            | Self::Tls(_)
            | Self::CaFile { .. }
            | Self::Connect(_)
            | Self::Provision { .. } => {
                let text = one_line(&self.to_string());
                writeln!(terminal.err, "error: {text}\nnothing was attempted")?;
                for what in self.left() {
                    writeln!(terminal.err, "left behind: {}", one_line(what))?;
                }
                Ok(if self.left().is_empty() { Exit::BadInput } else { Exit::Unfinished })
            }
        }
    }

    /// What was made for the command and could not be removed.
    fn left(&self) -> &[String] {
        match self {
            Self::Provision { left, .. } => left,
            Self::Usage(_)
            | Self::Files(_)
            | Self::SeveralArchitectures
            | Self::Tls(_)
            | Self::CaFile { .. }
            | Self::Connect(_)
            | Self::Stopped => &[],
        }
    }
}

impl TargetArgs {
    /// Whether everything happens in this process.
    pub(super) fn is_sandbox(&self) -> bool {
        self.target == Address::Sandbox
    }

    /// Whether the options go together.
    fn check(&self, provision: bool) -> Result<(), UsageError> {
        let is_url = matches!(self.target, Address::Url(_));
        if provision && self.target == Address::Aws {
            Err(UsageError::ProvisionOnAws)
        } else if provision && !is_url {
            Err(UsageError::ProvisionOnSandbox)
        } else if provision && self.bindings.is_some() {
            Err(UsageError::ProvisionWithBindings)
        } else if !is_url
            && (self.plain_url.is_some() || self.ca_file.is_some() || self.insecure_tls)
        {
            Err(UsageError::EndpointOptions)
        } else if self.is_sandbox() && self.bindings.is_some() {
            Err(UsageError::BindingsOnSandbox)
        } else if self.insecure_tls && self.ca_file.is_some() {
            Err(UsageError::InsecureWithCaFile)
        } else {
            Ok(())
        }
    }

    /// The chosen architectures with their names bound as this target needs it, and their folders.
    pub(super) fn choose(
        &self,
        selected: &Selected,
        provision: bool,
        terminal: &mut Terminal,
    ) -> io::Result<Result<Loaded, Exit>> {
        let loaded = self.load(selected, provision);
        let (folders, architectures, warnings) = match loaded {
            Ok(loaded) => loaded,
            Err(error) => return error.show(terminal).map(Err),
        };
        match selected.unmatched(&architectures) {
            Some(text) => terminal.nothing_selected(&format!(" by `{}`", one_line(text))).map(Err),
            None => Ok(Ok((folders, architectures, warnings))),
        }
    }

    fn load(&self, selected: &Selected, provision: bool) -> Result<Loaded, CommandError> {
        self.check(provision)?;
        let mut folders = load::load(&selected.scenarios)?;
        selected.check_paths()?;
        let other: Option<Source> = self.bindings.as_deref().map(load::file).transpose()?;
        if other.is_some() && folders.len() > 1 {
            let names = |folder: &Folder, text: &String| {
                *text == folder.name || text.starts_with(&format!("{}/", folder.name))
            };
            folders.retain(|folder| selected.selection.iter().any(|text| names(folder, text)));
            if folders.len() != 1 {
                return Err(CommandError::SeveralArchitectures);
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
    ) -> Result<BTreeMap<String, Bindings>, CommandError> {
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
        needs.add_assuming_roles(&architecture.environment);
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

    fn target(&self, region: &str, run: &str) -> Result<Target, CommandError> {
        let target = match &self.target {
            // Nobody asks for the sandbox as a shared target.
            Address::Sandbox | Address::Aws => Target::aws(region, run, None)?,
            Address::Url(url) => {
                let trust = Trust {
                    authorities: self.ca_file.as_deref().map(authorities).transpose()?,
                    any_certificate: self.insecure_tls,
                };
                Target::endpoint(url, self.plain_url.as_ref(), &trust, region, run, None)?
            }
        };
        Ok(target)
    }

    /// Connects to the target for every architecture: credentials, then whose they are, before
    /// anything else.
    pub(super) async fn connect(
        &self,
        plan: &Plan<'_>,
        bound: &BTreeMap<String, Bindings>,
        provision: bool,
        run: &str,
    ) -> Result<BTreeMap<String, SharedTarget>, CommandError> {
        let mut targets = BTreeMap::new();
        for architecture in plan.architectures.iter().copied() {
            let region = &architecture.environment.deployed.region;
            let bindings = bound.get(&architecture.name).cloned().unwrap_or_default();
            let target = self.target(region, run)?;
            let chain = CredentialChain::find(bindings.profile.as_deref(), region).await;
            let meant = (!provision).then_some(bindings.account.as_str());
            let caller = connect(&target, chain, meant).await?;
            let shared = SharedTarget {
                target,
                caller,
                bindings,
                plain: self.can_be_plain(),
                provisioned: None,
            };
            targets.insert(architecture.name.clone(), shared);
        }
        Ok(targets)
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
    targets: BTreeMap<String, SharedTarget>,
    run: &str,
    stop: &Stop,
) -> Result<BTreeMap<String, SharedTarget>, CommandError> {
    let mut made: BTreeMap<String, SharedTarget> = BTreeMap::new();
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for architecture in plan.architectures.iter().copied() {
        let (Some(shared), Some(folder)) = (
            targets.get(&architecture.name),
            folders.iter().find(|folder| folder.name == architecture.name),
        ) else {
            continue;
        };
        names.insert(&architecture.name);
        let mut provisioned = Provisioned::nothing(&shared.target, &shared.caller.chain);
        // Two architectures of one run do not share names.
        let own = format!("{run}{}", names.len());
        let bindings = provision::names(
            &architecture.environment,
            &shared.caller.account,
            Some(&shared.caller.arn),
            &own,
        );
        let resolve = |bindings: &Bindings| suite::environment_of(folder, bindings);
        let done = provisioned
            .make(&architecture.environment, bindings, &own, resolve, || stop.is_interrupted())
            .await;
        let (bindings, failed) = match done {
            Ok(bindings) => (bindings, None),
            Err(source) => (Bindings::default(), Some(source)),
        };
        let shared = SharedTarget {
            target: shared.target.clone(),
            caller: shared.caller.clone(),
            bindings,
            plain: shared.plain,
            provisioned: Some(provisioned),
        };
        made.insert(architecture.name.clone(), shared);
        if let Some(source) = failed {
            let mut left = Vec::new();
            for provisioned in made.values().filter_map(|shared| shared.provisioned.as_ref()) {
                left.extend(provisioned.remove().await);
            }
            return Err(if left.is_empty() && stop.is_interrupted() {
                CommandError::Stopped
            } else {
                let architecture = architecture.name.clone();
                CommandError::Provision { architecture, source, left }
            });
        }
    }
    Ok(made)
}

fn authorities(path: &Path) -> Result<Vec<u8>, CommandError> {
    std::fs::read(path).map_err(|source| CommandError::CaFile { path: path.to_owned(), source })
}
