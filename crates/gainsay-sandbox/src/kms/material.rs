//! Real encryption: what a key's material does, and what a rotation leaves of it.

use std::fmt;

use aes_gcm::{
    Aes256Gcm, KeyInit as _,
    aead::{Aead as _, Payload},
};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;

const NONCE: usize = 12;
/// So much of a material's id stands in front of what it sealed.
const ID: usize = 16;

/// Something that seals, and opens what it sealed; `context` must be the same.
pub(crate) trait Seals {
    fn seal(&self, plaintext: &[u8], context: &[u8]) -> Option<Vec<u8>>;

    fn open(&self, sealed: &[u8], context: &[u8]) -> Option<Vec<u8>>;
}

/// 256 bits that never leave the sandbox.
#[derive(Clone)]
pub(crate) struct KeyMaterial(pub(super) [u8; 32]);

impl fmt::Debug for KeyMaterial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyMaterial(..)")
    }
}

impl KeyMaterial {
    /// Material that somebody else holds.
    pub(crate) const fn of(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Fresh random material.
    pub(crate) fn generate() -> Self {
        let mut bytes = [0; 32];
        // Without randomness the key would be all zeros: weaker, but everything is still sealed and
        // still bound to its context, and the sandbox protects nothing of value.
        _ = getrandom::fill(&mut bytes);
        Self(bytes)
    }
}

impl Seals for KeyMaterial {
    /// AES-256-GCM with a random nonce in front.
    fn seal(&self, plaintext: &[u8], context: &[u8]) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).ok()?;
        let cipher = Aes256Gcm::new(&self.0.into());
        let sealed =
            cipher.encrypt(&nonce.into(), Payload { msg: plaintext, aad: context }).ok()?;
        Some([nonce.as_slice(), &sealed].concat())
    }

    fn open(&self, sealed: &[u8], context: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
        let cipher = Aes256Gcm::new(&self.0.into());
        cipher.decrypt(&(*nonce).into(), Payload { msg: sealed, aad: context }).ok()
    }
}

/// All the material a key has had: the newest seals, and what an older one sealed stays readable.
#[derive(Clone, Debug)]
pub(crate) struct Materials {
    current: Material,
    /// Oldest first.
    former: Vec<Material>,
}

/// One generation of a key's material.
#[derive(Clone, Debug)]
pub(crate) struct Material {
    key: KeyMaterial,
    id: [u8; 32],
    /// How it came; nothing for the first, which came with the key.
    pub by: Option<(Rotated, OffsetDateTime)>,
}

/// What made a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rotated {
    Automatically,
    OnDemand,
}

impl Material {
    fn new(by: Option<(Rotated, OffsetDateTime)>) -> Self {
        let key = KeyMaterial::generate();
        let id = Sha256::new()
            .chain_update("the id of key material")
            .chain_update(key.0)
            .finalize()
            .into();
        Self { key, id, by }
    }

    /// 64 hexadecimal digits:
    /// <https://docs.aws.amazon.com/kms/latest/APIReference/API_RotationsListEntry.html>.
    pub(crate) fn id(&self) -> String {
        hex::encode(self.id)
    }
}

impl Materials {
    /// The first material of a new key.
    pub(crate) fn new() -> Self {
        Self { current: Material::new(None), former: Vec::new() }
    }

    /// What seals from now on is new.
    pub(crate) fn rotate(&mut self, by: Rotated, at: OffsetDateTime) {
        let next = Material::new(Some((by, at)));
        self.former.push(std::mem::replace(&mut self.current, next));
    }

    pub(crate) fn current(&self) -> &Material {
        &self.current
    }

    /// Oldest first; the last is the current one.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Material> {
        self.former.iter().chain([&self.current])
    }

    /// The material that sealed this.
    pub(super) fn sealing(&self, sealed: &[u8]) -> Option<&Material> {
        let id = sealed.get(..ID)?;
        self.all().find(|material| material.id.starts_with(id))
    }
}

impl Seals for Materials {
    fn seal(&self, plaintext: &[u8], context: &[u8]) -> Option<Vec<u8>> {
        let sealed = self.current.key.seal(plaintext, context)?;
        Some([self.current.id.get(..ID)?, &sealed].concat())
    }

    fn open(&self, sealed: &[u8], context: &[u8]) -> Option<Vec<u8>> {
        self.sealing(sealed)?.key.open(sealed.get(ID..)?, context)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn what_older_material_sealed_stays_readable() {
        let mut key = Materials::new();
        let at = OffsetDateTime::UNIX_EPOCH;
        let sealed: Vec<_> = (0..3)
            .map(|_| {
                let sealed = key.seal(b"secret", b"context").unwrap();
                key.rotate(Rotated::OnDemand, at);
                sealed
            })
            .collect();
        for (sealed, material) in sealed.iter().zip(key.all()) {
            assert_eq!(key.sealing(sealed).unwrap().id(), material.id());
            assert_eq!(key.open(sealed, b"context").unwrap(), b"secret");
            assert!(key.open(sealed, b"another").is_none());
            assert!(Materials::new().open(sealed, b"context").is_none());
        }
        let ids: std::collections::BTreeSet<_> = key.all().map(Material::id).collect();
        assert_eq!(ids.len(), 4);
        assert!(key.open(b"short", b"context").is_none());
    }
}
