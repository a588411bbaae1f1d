//! Real encryption: what a key's material does to a body.

use std::fmt;

use aes_gcm::{
    Aes256Gcm, KeyInit as _,
    aead::{Aead as _, Payload},
};
use bytes::Bytes;

const NONCE: usize = 12;

/// 256 bits that never leave the sandbox.
#[derive(Clone)]
pub(in crate::sandbox) struct KeyMaterial([u8; 32]);

impl fmt::Debug for KeyMaterial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyMaterial(..)")
    }
}

impl KeyMaterial {
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

/// A body under a data key of its own, and the data key under a KMS key or S3's.
#[derive(Clone, Debug)]
pub(in crate::sandbox) struct Sealed {
    data_key: Bytes,
    body: Bytes,
}

impl Sealed {
    /// Seals a body; `context` is the encryption context that binds it to its bucket or object.
    pub(in crate::sandbox) fn seal(material: &KeyMaterial, context: &str, body: &[u8]) -> Option<Self> {
        let data_key = KeyMaterial::generate();
        Some(Self {
            body: data_key.seal(body, context.as_bytes())?.into(),
            data_key: material.seal(&data_key.0, context.as_bytes())?.into(),
        })
    }

    /// Opens it again; nothing if the key or the context is another.
    pub(in crate::sandbox) fn open(&self, material: &KeyMaterial, context: &str) -> Option<Vec<u8>> {
        let data_key: [u8; 32] = material.open(&self.data_key, context.as_bytes())?.try_into().ok()?;
        KeyMaterial(data_key).open(&self.body, context.as_bytes())
    }
}
