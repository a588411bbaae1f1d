//! What of the environment an attempt uses, with its witnesses and fixtures.

use std::{collections::BTreeSet, sync::Arc};

use gainsay_model::Role;

use super::needed_fixtures;
use crate::{
    attempt::{Principal, Request, Value},
    control::{On, Reading},
    files::{Bindings, Environment},
    scenario::{Attempt, Row},
};

/// What of an environment attempts and checks use, by logical names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Roles that ask, and those by way of which they are assumed.
    pub roles: BTreeSet<String>,
    /// Roles that are only named, as by an attempt to assume them.
    pub named: BTreeSet<String>,
    /// Buckets.
    pub buckets: BTreeSet<String>,
    /// KMS keys.
    pub keys: BTreeSet<String>,
    /// Trails.
    pub trails: BTreeSet<String>,
}

/// Every request an attempt rests on: its own, its witnesses', the reads after it, and those that
/// make its fixtures.
pub(super) fn requests(row: &Row, attempt: &Arc<Attempt>) -> Vec<Arc<Request>> {
    let mut requests = vec![attempt.request.clone()];
    requests.extend(attempt.then.iter().map(|then| then.request.clone()));
    let witnesses =
        attempt.witnesses.iter().flat_map(|both| [&both.target.request, &both.actor.request]);
    requests.extend(witnesses.cloned());
    let needed = needed_fixtures(&row.fixtures, std::slice::from_ref(attempt));
    let fixtures = row.fixtures.iter().zip(needed).filter(|(_, needed)| *needed);
    requests.extend(fixtures.map(|(fixture, _)| fixture.request.clone()));
    requests
}

impl Needs {
    /// What an attempt uses.
    #[must_use]
    pub fn of(row: &Row, attempt: &Arc<Attempt>) -> Self {
        let mut needs = Self::default();
        for request in requests(row, attempt) {
            for value in request.params.values() {
                needs.add(value);
            }
        }
        let expected =
            attempt.expect.iter().chain(attempt.then.iter().flat_map(|then| &then.expect));
        for value in expected
            .flat_map(|(_, values)| values)
            .chain(attempt.refusals.iter().filter_map(|refusal| refusal.on.as_ref()))
        {
            needs.add(value);
        }
        needs
    }

    /// What a check uses.
    #[must_use]
    pub fn of_check(reading: &Reading) -> Self {
        let mut needs = Self::default();
        needs.roles.insert(reading.reader.name.clone());
        let name = reading.subject.name.clone();
        match reading.check.on {
            On::Bucket => _ = needs.buckets.insert(name),
            On::Key => _ = needs.keys.insert(name),
            On::Trail => _ = needs.trails.insert(name),
            On::Account => {}
        }
        needs
    }

    fn add(&mut self, value: &Value) {
        match value {
            Value::Principal(Principal::Role(role)) => _ = self.roles.insert(role.name.clone()),
            Value::Role(role) => _ = self.named.insert(role.name.clone()),
            Value::Trail(trail) => _ = self.trails.insert(trail.logical.clone()),
            Value::Bucket(bucket) => _ = self.buckets.insert(bucket.logical.clone()),
            Value::Key(key, _) => _ = self.keys.insert(key.name.clone()),
            Value::Principal(Principal::Anonymous)
            | Value::Fixture(_)
            | Value::Fixtures(_)
            | Value::Text(_)
            | Value::Bool(_)
            | Value::Word(_)
            | Value::Words(_)
            | Value::Seconds(_) => {}
        }
    }

    /// Adds what another needs.
    pub fn extend(&mut self, other: Self) {
        self.roles.extend(other.roles);
        self.named.extend(other.named);
        self.buckets.extend(other.buckets);
        self.keys.extend(other.keys);
        self.trails.extend(other.trails);
    }

    /// Adds the roles that others are assumed by way of.
    pub fn add_assuming_roles(&mut self, environment: &Environment) {
        for role in self.roles(environment) {
            self.roles.extend(environment.chain(&role).map(|role| role.name.clone()));
        }
    }

    /// What bindings do not have of it, in words.
    #[must_use]
    pub fn missing(&self, bindings: &Bindings) -> Vec<String> {
        let via = |name: &String| bindings.roles.get(name)?.via.as_ref();
        let asking = self.roles.iter().chain(self.roles.iter().filter_map(via));
        let roles: BTreeSet<&String> = asking.chain(&self.named).collect();
        let roles = roles.into_iter().filter(|name| !bindings.roles.contains_key(*name));
        let buckets = self.buckets.iter().filter(|name| !bindings.buckets.contains_key(*name));
        let keys = self.keys.iter().filter(|name| !bindings.keys.contains_key(*name));
        let roles = roles.map(|name| format!("role `{name}`"));
        let buckets = buckets.map(|name| format!("bucket `{name}`"));
        let trails = self.trails.iter().filter(|name| !bindings.trails.contains_key(*name));
        let trails = trails.map(|name| format!("trail `{name}`"));
        let keys = keys.map(|name| format!("key `{name}`"));
        roles.chain(buckets).chain(keys).chain(trails).collect()
    }

    /// The roles that ask.
    #[must_use]
    pub fn roles(&self, environment: &Environment) -> Vec<Arc<Role>> {
        let roles =
            environment.deployed.roles.iter().filter(|role| self.roles.contains(&role.name));
        roles.cloned().collect()
    }
}
