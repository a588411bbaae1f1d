//! A KMS key as it is kept, and what becomes of it as time goes by.

use std::{collections::BTreeMap, sync::Arc};

use gainsay_model::Document;
use time::{Duration, OffsetDateTime};

use super::{KeyGrant, Materials, material::Rotated};
use crate::state::World;

/// A KMS key.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub arn: String,
    pub id: String,
    pub account: String,
    pub region: String,
    pub policy: Document,
    pub description: String,
    pub created: OffsetDateTime,
    /// The key material; a multi-Region key has the same in every Region, as id and rotation.
    pub materials: Materials,
    /// An AWS managed key, which AWS makes and nobody can change.
    pub managed: bool,
    /// Whether its material is its owner's to import (`Origin` is `EXTERNAL`).
    pub external: bool,
    pub state: KeyState,
    /// Where automatic rotation is on.
    pub rotation: Option<Rotation>,
    /// Of a multi-Region key the Region of the primary.
    pub primary: Option<String>,
    pub tags: BTreeMap<String, String>,
    /// In the order in which they were made.
    pub grants: Vec<KeyGrant>,
}

/// Automatic rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rotation {
    pub days: u32,
    pub next: OffsetDateTime,
}

/// The states of a key:
/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html>. The passing states of
/// multi-Region keys, `Creating` and `Updating`, are over before anybody can see them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyState {
    Enabled,
    Disabled,
    /// Its owner has not imported its material.
    PendingImport,
    /// Gone at that time.
    PendingDeletion(OffsetDateTime),
    /// A primary key whose waiting period of so many days begins when its last replica is gone.
    PendingReplicaDeletion(i64),
}

impl KeyState {
    /// Whether it is to be deleted.
    pub(crate) fn is_leaving(self) -> bool {
        matches!(self, Self::PendingDeletion(_) | Self::PendingReplicaDeletion(_))
    }
}

impl Key {
    /// A key as it is when it has just been made.
    pub(crate) fn new(
        region: &str,
        arn: String,
        id: String,
        account: String,
        policy: Document,
        now: OffsetDateTime,
    ) -> Self {
        Self {
            arn,
            id,
            account,
            region: region.to_owned(),
            policy,
            description: String::new(),
            created: now,
            materials: Materials::new(),
            managed: false,
            external: false,
            state: KeyState::Enabled,
            rotation: None,
            primary: None,
            tags: BTreeMap::new(),
            grants: Vec::new(),
        }
    }

    /// Whether it is of several Regions and not the primary.
    pub(super) fn is_replica(&self) -> bool {
        self.primary.as_ref().is_some_and(|primary| *primary != self.region)
    }

    /// Whether another key is this one in another Region.
    pub(super) fn is_family(&self, other: &Self) -> bool {
        self.primary.is_some()
            && other.primary.is_some()
            && self.id == other.id
            && self.account == other.account
    }

    /// Whether it is there: one that waited for its deletion long enough is not.
    pub(crate) fn exists(&self, now: OffsetDateTime) -> bool {
        !matches!(self.state, KeyState::PendingDeletion(until) if until <= now)
    }

    /// Whether time has something to do here.
    fn is_due(&self, now: OffsetDateTime) -> bool {
        let rotates = self.state == KeyState::Enabled
            && !self.is_replica()
            && self.rotation.is_some_and(|rotation| rotation.next <= now);
        rotates || !self.exists(now) || matches!(self.state, KeyState::PendingReplicaDeletion(_))
    }
}

impl World {
    /// The other keys of a multi-Region key that are there.
    pub(super) fn family(&self, key: &Key) -> impl Iterator<Item = &Arc<Key>> {
        let now = self.now();
        self.keys
            .values()
            .filter(move |other| other.arn != key.arn && key.is_family(other) && other.exists(now))
    }

    /// Changes what a key shares with its replicas.
    pub(super) fn change_shared(&mut self, key: &Key, change: impl Fn(&mut Key)) {
        let arns: Vec<String> =
            self.family(key).map(|other| other.arn.clone()).chain([key.arn.clone()]).collect();
        for arn in arns {
            if let Some(key) = self.key_mut(&arn) {
                change(key);
            }
        }
    }

    /// Replaces the material of a key and its replicas.
    pub(super) fn rotate(&mut self, key: &Key, by: Rotated, at: OffsetDateTime) {
        let mut materials = key.materials.clone();
        materials.rotate(by, at);
        self.change_shared(key, |key| key.materials = materials.clone());
    }

    /// Does what was to happen by now: keys go and their aliases with them, what waited for
    /// replicas waits for its own deletion, and enabled keys are rotated as often as they were to
    /// be.
    pub(crate) fn apply_due_changes(&mut self) {
        let now = self.now();
        let due: Vec<Arc<Key>> =
            self.keys.values().filter(|key| key.is_due(now)).cloned().collect();
        for key in &due {
            if !key.exists(now) {
                Arc::make_mut(&mut self.keys).remove(&key.arn);
                Arc::make_mut(&mut self.aliases).retain(|_, target| *target != key.arn);
                let aliases = self.aliases.clone();
                Arc::make_mut(&mut self.alias_times).retain(|alias, _| aliases.contains_key(alias));
            }
        }
        for key in due {
            match (key.state, key.rotation) {
                // From when the last replica went, which is told as now: AWS does not say how soon
                // it notices.
                (KeyState::PendingReplicaDeletion(days), _)
                    if self.family(&key).next().is_none() =>
                {
                    if let Some(key) = self.key_mut(&key.arn) {
                        key.state = KeyState::PendingDeletion(now + Duration::days(days));
                    }
                }
                (KeyState::Enabled, Some(rotation)) => self.rotate_until(&key.arn, rotation, now),
                (
                    KeyState::Enabled
                    | KeyState::Disabled
                    | KeyState::PendingImport
                    | KeyState::PendingDeletion(_)
                    | KeyState::PendingReplicaDeletion(_),
                    _,
                ) => {}
            }
        }
    }

    fn rotate_until(&mut self, arn: &str, mut rotation: Rotation, now: OffsetDateTime) {
        while rotation.next <= now {
            let Some(key) = self.keys.get(arn).cloned() else { return };
            self.rotate(&key, Rotated::Automatically, rotation.next);
            rotation.next += Duration::days(i64::from(rotation.days.max(1)));
            self.change_shared(&key, |key| key.rotation = Some(rotation));
        }
    }
}
