//! Sealed bodies, however long: AES-256-GCM in chunks, so that no more than a chunk is ever open,
//! and beyond a size in a file.
//!
//! A body has a data key of its own, and the data key is sealed by a KMS key or by S3's with the
//! encryption context. Chunks have their number and whether they are the last for a nonce (the data
//! key seals nothing else), so that they can be neither reordered nor cut.

use std::{fs::File, io, io::Write as _, ops::Range, os::unix::fs::FileExt as _, sync::Arc};

use aes_gcm::{Aes256Gcm, KeyInit as _, aead::Aead as _};
use bytes::Bytes;

use super::{KeyMaterial, Seals};

/// Bytes in a chunk.
const CHUNK: usize = 256 << 10;
/// What sealing adds.
const TAG: usize = 16;
/// What is longer goes to a file.
const IN_MEMORY: usize = 1 << 20;

/// Seals a body as it arrives.
pub(crate) struct Sealer {
    key: KeyMaterial,
    cipher: Aes256Gcm,
    /// What does not fill a chunk yet.
    rest: Vec<u8>,
    chunks: u64,
    length: u64,
    sealed: Held,
}

#[derive(Debug)]
enum Held {
    /// Chunk by chunk.
    Memory(Vec<Vec<u8>>),
    /// One behind the other; each but the last is as long as the others. A file without a name,
    /// which is gone with its last user.
    File(File),
}

/// The chunks of a body.
#[derive(Debug)]
struct Chunks {
    held: Held,
    count: u64,
    length: u64,
}

/// A body with its data key in the open.
#[derive(Clone, Debug)]
pub(crate) struct Blob {
    key: KeyMaterial,
    chunks: Arc<Chunks>,
}

/// A body whose data key is sealed.
#[derive(Clone, Debug)]
pub(crate) struct Sealed {
    data_key: Bytes,
    chunks: Arc<Chunks>,
}

impl Sealer {
    pub(crate) fn new() -> Self {
        let key = KeyMaterial::generate();
        Self {
            cipher: Aes256Gcm::new(&key.0.into()),
            key,
            rest: Vec::new(),
            chunks: 0,
            length: 0,
            sealed: Held::Memory(Vec::new()),
        }
    }

    /// Takes more of the body.
    pub(crate) fn write(&mut self, mut data: &[u8]) -> io::Result<()> {
        self.length += data.len() as u64;
        // A full chunk waits until more comes: it may be the last.
        while self.rest.len() + data.len() > CHUNK {
            let (now, later) = data.split_at(CHUNK - self.rest.len());
            self.rest.extend_from_slice(now);
            data = later;
            self.seal(false)?;
        }
        self.rest.extend_from_slice(data);
        Ok(())
    }

    pub(crate) fn finish(mut self) -> io::Result<Blob> {
        self.seal(true)?;
        Ok(Blob {
            key: self.key,
            chunks: Arc::new(Chunks { held: self.sealed, count: self.chunks, length: self.length }),
        })
    }

    fn seal(&mut self, last: bool) -> io::Result<()> {
        let nonce = nonce(self.chunks, last).into();
        let sealed = self.cipher.encrypt(&nonce, self.rest.as_slice());
        let sealed = sealed.map_err(|_| io::Error::other("a chunk cannot be sealed"))?;
        self.rest.clear();
        self.chunks += 1;
        match &mut self.sealed {
            Held::File(file) => file.write_all(&sealed)?,
            Held::Memory(chunks) => {
                chunks.push(sealed);
                if chunks.len() * CHUNK > IN_MEMORY {
                    let mut file = tempfile::tempfile()?;
                    for chunk in chunks.iter() {
                        file.write_all(chunk)?;
                    }
                    self.sealed = Held::File(file);
                }
            }
        }
        Ok(())
    }
}

fn nonce(number: u64, last: bool) -> [u8; 12] {
    let mut nonce = [0; 12];
    let parts = std::iter::once(u8::from(last)).chain([0; 3]).chain(number.to_be_bytes());
    for (to, from) in nonce.iter_mut().zip(parts) {
        *to = from;
    }
    nonce
}

impl Chunks {
    fn read(&self, number: u64) -> io::Result<Vec<u8>> {
        match &self.held {
            Held::Memory(chunks) => {
                let chunk = usize::try_from(number).ok().and_then(|number| chunks.get(number));
                chunk.cloned().ok_or_else(|| io::Error::other("a chunk is missing"))
            }
            Held::File(file) => {
                let at = number * (CHUNK + TAG) as u64;
                let left = self.length - number * CHUNK as u64;
                let plain = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
                let mut chunk = vec![0; plain + TAG];
                file.read_exact_at(&mut chunk, at)?;
                Ok(chunk)
            }
        }
    }
}

impl Blob {
    /// A body that is in memory.
    pub(crate) fn of(body: &[u8]) -> io::Result<Self> {
        let mut sealer = Sealer::new();
        sealer.write(body)?;
        sealer.finish()
    }

    pub(crate) fn length(&self) -> u64 {
        self.chunks.length
    }

    /// Seals the data key; `context` is the encryption context that binds it to its bucket or
    /// object.
    pub(crate) fn seal(&self, material: &dyn Seals, context: &str) -> Option<Sealed> {
        Some(Sealed {
            data_key: material.seal(&self.key.0, context.as_bytes())?.into(),
            chunks: self.chunks.clone(),
        })
    }

    /// A chunk, opened.
    fn chunk(&self, cipher: &Aes256Gcm, number: u64) -> io::Result<Vec<u8>> {
        let nonce = nonce(number, number + 1 == self.chunks.count).into();
        let opened = cipher.decrypt(&nonce, self.chunks.read(number)?.as_slice());
        opened.map_err(|_| io::Error::other("a chunk cannot be opened"))
    }

    /// The bytes of a range, chunk by chunk.
    fn pieces(self, range: Range<u64>) -> impl Iterator<Item = io::Result<Bytes>> + Send + Sync {
        let size = CHUNK as u64;
        let cipher = Aes256Gcm::new(&self.key.0.into());
        let numbers =
            if range.is_empty() { 0..0 } else { range.start / size..range.end.div_ceil(size) };
        numbers.map(move |number| {
            let chunk = Bytes::from(self.chunk(&cipher, number)?);
            let begins = number * size;
            let within = |at: u64| {
                usize::try_from(at.saturating_sub(begins)).unwrap_or(usize::MAX).min(chunk.len())
            };
            Ok(chunk.slice(within(range.start)..within(range.end)))
        })
    }
}

impl Sealed {
    /// Opens the data key; nothing if the key or the context is another.
    pub(crate) fn open(&self, material: &dyn Seals, context: &str) -> Option<Blob> {
        let data_key: [u8; 32] =
            material.open(&self.data_key, context.as_bytes())?.try_into().ok()?;
        Some(Blob { key: KeyMaterial(data_key), chunks: self.chunks.clone() })
    }

    pub(crate) fn length(&self) -> u64 {
        self.chunks.length
    }
}

/// The body of an object: one blob, or one for each part it was uploaded in.
#[derive(Clone, Debug)]
pub(crate) struct Opened(pub Vec<Blob>);

impl Opened {
    /// The bytes of a range, piece by piece.
    pub(crate) fn pieces(
        self,
        range: Range<u64>,
    ) -> impl Iterator<Item = io::Result<Bytes>> + Send + Sync {
        let mut begins = 0;
        self.0.into_iter().flat_map(move |blob| {
            let (from, length) = (begins, blob.length());
            begins += length;
            let within = |at: u64| at.saturating_sub(from).min(length);
            let inside = within(range.start)..within(range.end);
            blob.pieces(inside)
        })
    }

    /// All of it in memory, for what is known to be short.
    pub(crate) fn bytes(self) -> io::Result<Vec<u8>> {
        let mut whole = Vec::new();
        for piece in self.pieces(0..u64::MAX) {
            whole.extend_from_slice(&piece?);
        }
        Ok(whole)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn body(length: usize) -> Vec<u8> {
        (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect()
    }

    fn read(opened: &Opened, range: Range<u64>) -> Vec<u8> {
        opened.clone().pieces(range).flat_map(|piece| piece.unwrap().to_vec()).collect()
    }

    #[test]
    fn every_range_of_a_body_comes_back_whatever_its_length() {
        for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, IN_MEMORY, IN_MEMORY + CHUNK + 7] {
            let (whole, n) = (body(length), length as u64);
            let opened = Opened(vec![Blob::of(&whole).unwrap()]);
            assert_eq!(read(&opened, 0..u64::MAX), whole);
            for range in [
                0..n,
                0..1,
                1..n.max(1),
                n / 2..n,
                n.saturating_sub(1)..n,
                CHUNK as u64 - 1..CHUNK as u64 + 1,
            ] {
                let at = |at: u64| usize::try_from(at).unwrap().min(length);
                let expected = &whole[at(range.start).min(at(range.end))..at(range.end)];
                assert_eq!(read(&opened, range.clone()), expected, "{length} {range:?}");
            }
        }
    }

    #[test]
    fn parts_are_one_body() {
        let parts = [body(3), body(CHUNK), body(0), body(5)];
        let opened = Opened(parts.iter().map(|part| Blob::of(part).unwrap()).collect());
        let whole = parts.concat();
        assert_eq!(read(&opened, 0..u64::MAX), whole);
        assert_eq!(read(&opened, 2..CHUNK as u64 + 5), whole[2..CHUNK + 5]);
        assert_eq!(opened.bytes().unwrap(), whole);
    }

    #[test]
    fn only_the_key_and_the_context_open_it() {
        let (key, other) = (KeyMaterial::generate(), KeyMaterial::generate());
        let sealed = Blob::of(b"secret").unwrap().seal(&key, "arn").unwrap();
        assert_eq!(Opened(vec![sealed.open(&key, "arn").unwrap()]).bytes().unwrap(), b"secret");
        assert!(sealed.open(&other, "arn").is_none());
        assert!(sealed.open(&key, "nra").is_none());
    }

    #[test]
    fn chunks_can_be_neither_reordered_nor_cut() {
        let blob = Blob::of(&body(3 * CHUNK)).unwrap();
        let chunks = || match &blob.chunks.held {
            Held::Memory(chunks) => chunks.clone(),
            Held::File(_) => unreachable!("it is short"),
        };
        let with = |chunks: Vec<Vec<u8>>| Blob {
            key: blob.key.clone(),
            chunks: Arc::new(Chunks {
                count: chunks.len() as u64,
                length: chunks.iter().map(|chunk| (chunk.len() - TAG) as u64).sum(),
                held: Held::Memory(chunks),
            }),
        };
        assert!(Opened(vec![with(chunks())]).bytes().is_ok());
        let mut swapped = chunks();
        swapped.swap(0, 1);
        assert!(Opened(vec![with(swapped)]).bytes().is_err());
        let mut cut = chunks();
        cut.pop();
        assert!(Opened(vec![with(cut)]).bytes().is_err());
    }
}
