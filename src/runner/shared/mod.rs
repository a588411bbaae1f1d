//! Targets that are not the sandbox: AWS and endpoints. They are shared: nothing can be forked or
//! restored there, so what a run makes is noted and removed.

mod cleaner;
mod connect;
mod effects;
mod engine;
mod journal;
mod keeper;

use std::{collections::BTreeMap, sync::Arc};

pub use self::connect::{Caller, connect};
pub(super) use self::{
    cleaner::Cleaner,
    effects::{Effects, LookError, State, is_looked_for},
    engine::Engine,
    journal::Journal,
    keeper::{Keeper, is_ending},
};
use crate::{cloud::Target, environment::Bindings, plan::Limits, provision::Provisioned};

/// Where a run happens.
#[derive(Debug, Default)]
pub enum Place {
    /// In a sandbox for each architecture.
    #[default]
    Sandbox,
    /// On a target that was connected to.
    Shared {
        /// What the record calls it.
        name: String,
        /// What each architecture has there.
        grounds: BTreeMap<String, Arc<Ground>>,
    },
}

/// What an architecture has on a shared target.
#[derive(Debug)]
pub struct Ground {
    /// How it is reached.
    pub target: Target,
    /// Who runs gainsay.
    pub caller: Caller,
    /// What its names stand for.
    pub bindings: Bindings,
    /// Whether it can be reached in the clear.
    pub plain: bool,
    /// What was made for this run, to be removed after it.
    pub provisioned: Option<Provisioned>,
}

impl Ground {
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

impl Place {
    /// What the record calls it.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Sandbox => "sandbox".to_owned(),
            Self::Shared { name, .. } => name.clone(),
        }
    }

    /// What an architecture has there; nothing on the sandbox.
    pub(super) fn ground(&self, architecture: &str) -> Option<&Arc<Ground>> {
        match self {
            Self::Sandbox => None,
            Self::Shared { grounds, .. } => grounds.get(architecture),
        }
    }

    /// What the target would not take when the environment was made there.
    pub(super) fn not_deployed(&self) -> Vec<String> {
        let grounds = match self {
            Self::Sandbox => return Vec::new(),
            Self::Shared { grounds, .. } => grounds.values(),
        };
        let provisioned = grounds.filter_map(|ground| ground.provisioned.as_ref());
        provisioned.flat_map(|made| made.refused.iter().cloned()).collect()
    }

    /// Removes what was made for the run. Answers what could not be.
    pub async fn close(&self) -> Vec<String> {
        let mut left = Vec::new();
        if let Self::Shared { grounds, .. } = self {
            for ground in grounds.values() {
                if let Some(provisioned) = &ground.provisioned {
                    left.extend(provisioned.remove().await);
                }
            }
        }
        left
    }
}
