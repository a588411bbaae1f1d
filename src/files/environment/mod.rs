//! The environment of an architecture: who and what the scenarios speak of, by logical name.

mod collection;
mod deliveries;
mod monitoring;
mod organization;
mod policy;
mod raw;
mod resolve;
mod sessions;
mod settings;
mod template;

use std::{collections::BTreeMap, sync::Arc};

use gainsay_model::Role;

pub use self::{
    collection::{Collection, Member},
    deliveries::Delivery,
    policy::{refusals, review_policy},
    raw::RawEnvironment,
    resolve::{resolve, resolve_bound},
    sessions::SessionSettings,
};

/// What the scenarios of an architecture speak of.
#[derive(Debug)]
pub struct Environment {
    /// What the architecture is, in one sentence.
    pub title: String,
    /// What is deployed.
    pub deployed: gainsay_model::Environment,
    /// What of it belongs together.
    pub collections: Vec<Collection>,
    /// How each role is assumed, by its logical name.
    pub sessions: BTreeMap<String, SessionSettings>,
    /// What services deliver, beyond what trails and settings say.
    pub declared_deliveries: Vec<Delivery>,
}

impl Environment {
    /// The collection of a name.
    #[must_use]
    pub fn collection(&self, name: &str) -> Option<&Collection> {
        self.collections.iter().find(|collection| collection.name == name)
    }

    /// How a role is assumed.
    #[must_use]
    pub fn session(&self, role: &str) -> Option<&SessionSettings> {
        self.sessions.get(role)
    }

    /// The role whose session assumes another; nothing where the caller does.
    #[must_use]
    pub fn via(&self, role: &str) -> Option<&Arc<Role>> {
        self.deployed.role(self.session(role)?.via.as_ref()?)
    }

    /// A role, the one it is assumed by way of, and so on to the one that the caller assumes.
    /// Circles were refused where the file was read.
    pub fn chain<'a>(&'a self, role: &'a Arc<Role>) -> impl Iterator<Item = &'a Arc<Role>> {
        let next = |role: &&'a Arc<Role>| self.via(&role.name);
        std::iter::successors(Some(role), next).take(self.deployed.roles.len())
    }
}
