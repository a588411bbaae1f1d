//! Real encryption: what a key's material does.

use std::fmt;

use aes_gcm::{
    Aes256Gcm, KeyInit as _,
    aead::{Aead as _, Payload},
};

const NONCE: usize = 12;

/// 256 bits that never leave the sandbox.
#[derive(Clone)]
pub(in crate::sandbox) struct KeyMaterial(pub(super) [u8; 32]);

impl fmt::Debug for KeyMaterial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyMaterial(..)")
    }
}

impl KeyMaterial {
    /// Material that somebody else holds.
    pub(in crate::sandbox) const fn of(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Fresh random material.
    pub(in crate::sandbox) fn generate() -> Self {
        let mut bytes = [0; 32];
        // Without randomness the key would be all zeros: weaker, but everything is still sealed and still bound to its
        // context, and the sandbox protects nothing of value.
        _ = getrandom::fill(&mut bytes);
        Self(bytes)
    }

    /// AES-256-GCM with a random nonce in front; `context` must be the same to open it.
    pub(super) fn seal(&self, plaintext: &[u8], context: &[u8]) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).ok()?;
        let cipher = Aes256Gcm::new(&self.0.into());
        let sealed = cipher
            .encrypt(
                &nonce.into(),
                Payload {
                    msg: plaintext,
                    aad: context,
                },
            )
            .ok()?;
        Some([nonce.as_slice(), &sealed].concat())
    }

    pub(super) fn open(&self, sealed: &[u8], context: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
        let cipher = Aes256Gcm::new(&self.0.into());
        cipher.decrypt(&(*nonce).into(), Payload { msg: sealed, aad: context }).ok()
    }
}
