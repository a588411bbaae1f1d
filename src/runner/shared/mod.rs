//! Targets that are not the sandbox: AWS and endpoints. All rows of a run share them, and nothing
//! can be forked or restored there, so what a run makes is noted and removed.

mod caller;
mod cleaner;
mod effects;
mod engine;
mod journal;
mod sessions;

use std::{collections::BTreeMap, sync::Arc};

pub use self::caller::{Caller, ConnectError, connect};
pub(super) use self::{
    cleaner::Cleaner,
    effects::{Effects, LookError, State, is_looked_for},
    engine::Engine,
    journal::Journal,
    sessions::{SessionStore, is_ending},
};
use crate::{cloud::Target, files::Bindings, plan::Limits, provision::Provisioned};

/// Where a run happens.
#[derive(Debug, Default)]
pub enum RunTarget {
    /// In a sandbox for each architecture.
    #[default]
    Sandbox,
    /// On a target that was connected to.
    Shared {
        /// What the record calls it.
        name: String,
        /// What each architecture has there, by its name.
        targets: BTreeMap<String, Arc<SharedTarget>>,
    },
}

/// What one architecture has on a target that all its rows share.
#[derive(Debug)]
pub struct SharedTarget {
    /// How it is reached.
    pub target: Target,
    /// Who runs gainsay.
    pub caller: Caller,
    /// What the environment's names stand for there.
    pub bindings: Bindings,
    /// Whether it can be reached over plain HTTP.
    pub plain: bool,
    /// What was made for this run, to be removed after it; nothing without `--provision`.
    pub provisioned: Option<Provisioned>,
}

impl SharedTarget {
    /// What may be attempted on it.
    #[must_use]
    pub fn limits(&self) -> Limits<'_> {
        Limits {
            bindings: &self.bindings,
            provisioned: self.provisioned.is_some(),
            plain: self.plain,
        }
    }
}

impl RunTarget {
    /// A target that was connected to, with what each architecture has there.
    #[must_use]
    pub fn shared(name: String, targets: BTreeMap<String, SharedTarget>) -> Self {
        let targets = targets.into_iter().map(|(name, target)| (name, Arc::new(target))).collect();
        Self::Shared { name, targets }
    }

    /// What the record calls the target.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Sandbox => "sandbox".to_owned(),
            Self::Shared { name, .. } => name.clone(),
        }
    }

    /// What an architecture has on a shared target; nothing on the sandbox.
    pub(super) fn of_architecture(&self, architecture: &str) -> Option<&Arc<SharedTarget>> {
        match self {
            Self::Sandbox => None,
            Self::Shared { targets, .. } => targets.get(architecture),
        }
    }

    /// What the target would not take when the environment was made there.
    pub(super) fn not_deployed(&self) -> Vec<String> {
        let targets = match self {
            Self::Sandbox => return Vec::new(),
            Self::Shared { targets, .. } => targets.values(),
        };
        let provisioned = targets.filter_map(|target| target.provisioned.as_ref());
        provisioned.flat_map(|made| made.refused.iter().cloned()).collect()
    }

    /// Removes what was made for the run. Answers what could not be removed, a sentence each.
    pub async fn close(&self) -> Vec<String> {
        let mut left = Vec::new();
        if let Self::Shared { targets, .. } = self {
            for target in targets.values() {
                if let Some(provisioned) = &target.provisioned {
                    left.extend(provisioned.remove().await);
                }
            }
        }
        left
    }
}
