//! The body of a request. A request is decided only when all of it has arrived, so it is stored
//! until then: in memory, or, where it is long, in a temporary file without a name.

use std::{fs::File, io, io::Write as _, os::unix::fs::FileExt as _, sync::Arc};

use bytes::Bytes;
use futures::stream;
use http_body::{Body, Frame};
use http_body_util::{BodyExt as _, StreamBody};
use sha2::{Digest as _, Sha256};

/// What is longer goes to a file.
const IN_MEMORY: usize = 1 << 20;
/// What is read back at a time.
const PIECE: usize = 1 << 18;

/// The body of a request, whole.
#[derive(Clone, Debug)]
pub struct Payload(Storage);

/// Where a body is until its request is decided.
#[derive(Clone, Debug)]
enum Storage {
    Memory(Bytes),
    File(Arc<Spooled>),
    /// Not read: the digest that the request claims.
    #[cfg(feature = "serve")]
    Unread(String),
}

/// A body in a file.
#[derive(Debug)]
struct Spooled {
    file: File,
    length: u64,
    digest: String,
}

/// Why a body was not taken.
#[derive(Debug, thiserror::Error)]
pub enum PayloadError {
    /// The connection broke, or what came is no body.
    #[error("the body broke off: {0}")]
    Broken(String),
    /// It is longer than any request may be.
    #[error("the body is longer than {0} bytes")]
    TooLong(u64),
    /// It cannot be stored in a temporary file.
    #[error("a long body cannot be kept in a temporary file: {0}")]
    NotStored(#[from] io::Error),
}

impl From<Bytes> for Payload {
    fn from(bytes: Bytes) -> Self {
        Self(Storage::Memory(bytes))
    }
}

impl Payload {
    /// Takes a body as it arrives.
    ///
    /// # Errors
    /// It breaks off, has more than `limit` bytes, or cannot be written to a temporary file.
    pub async fn receive<B>(mut body: B, limit: u64) -> Result<Self, PayloadError>
    where
        B: Body<Data = Bytes> + Unpin,
        B::Error: std::fmt::Display,
    {
        let mut first: Option<Bytes> = None;
        let mut memory = Vec::new();
        let mut spool: Option<(File, Sha256)> = None;
        let mut length = 0;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|problem| PayloadError::Broken(problem.to_string()))?;
            // Trailers of HTTP itself mean nothing to AWS.
            let Ok(data) = frame.into_data() else { continue };
            length += data.len() as u64;
            if length > limit {
                return Err(PayloadError::TooLong(limit));
            }
            if let Some((file, digest)) = &mut spool {
                digest.update(&data);
                file.write_all(&data)?;
                continue;
            }
            if first.is_none() && memory.is_empty() {
                first = Some(data);
                continue;
            }
            if let Some(before) = first.take() {
                memory.extend_from_slice(&before);
            }
            memory.extend_from_slice(&data);
            if memory.len() > IN_MEMORY {
                let (mut file, mut digest) = (tempfile::tempfile()?, Sha256::new());
                digest.update(&memory);
                file.write_all(&memory)?;
                memory = Vec::new();
                spool = Some((file, digest));
            }
        }
        Ok(Self(match (spool, first) {
            (Some((file, digest)), _) => Storage::File(Arc::new(Spooled {
                file,
                length,
                digest: hex::encode(digest.finalize()),
            })),
            // Nearly every body is one piece, and is not copied.
            (None, Some(only)) => Storage::Memory(only),
            (None, None) => Storage::Memory(memory.into()),
        }))
    }

    /// A body that was not read, as if it were empty, with the digest that the request claims.
    #[cfg(feature = "serve")]
    pub(super) fn unread(claimed: &str) -> Self {
        Self(Storage::Unread(claimed.to_owned()))
    }

    /// How many bytes it has.
    #[must_use]
    pub fn length(&self) -> u64 {
        match &self.0 {
            Storage::Memory(bytes) => bytes.len() as u64,
            Storage::File(spooled) => spooled.length,
            #[cfg(feature = "serve")]
            Storage::Unread(_) => 0,
        }
    }

    /// Its SHA-256 in lower-case hex.
    pub(super) fn digest(&self) -> String {
        match &self.0 {
            Storage::Memory(bytes) => hex::encode(Sha256::digest(bytes)),
            Storage::File(spooled) => spooled.digest.clone(),
            #[cfg(feature = "serve")]
            Storage::Unread(claimed) => claimed.clone(),
        }
    }

    /// All of it in memory; nothing if it is longer than the operations that need it so may be.
    pub(super) fn bytes(&self, limit: u64) -> Option<Bytes> {
        match &self.0 {
            Storage::Memory(bytes) => Some(bytes.clone()),
            Storage::File(spooled) if spooled.length <= limit => {
                let mut bytes = vec![0; usize::try_from(spooled.length).ok()?];
                spooled.file.read_exact_at(&mut bytes, 0).ok()?;
                Some(bytes.into())
            }
            Storage::File(_) => None,
            #[cfg(feature = "serve")]
            Storage::Unread(_) => Some(Bytes::new()),
        }
    }

    /// The body for the wire layer, read piece by piece.
    pub(super) fn into_body(self) -> s3s::Body {
        match self.0 {
            Storage::Memory(bytes) => s3s::Body::from(bytes),
            #[cfg(feature = "serve")]
            Storage::Unread(_) => s3s::Body::empty(),
            Storage::File(spooled) => {
                let pieces = stream::unfold((spooled, 0), |(spooled, at)| async move {
                    let piece = spooled.piece(at).transpose()?;
                    let next = at + piece.as_ref().map_or(0, |piece| piece.len() as u64);
                    Some((piece.map(Frame::data), (spooled, next)))
                });
                s3s::Body::http_body_unsync(StreamBody::new(pieces))
            }
        }
    }
}

impl Spooled {
    /// The piece that begins at `at`; nothing at the end. A file without a name is read from the
    /// page cache, so nobody waits.
    fn piece(&self, at: u64) -> io::Result<Option<Bytes>> {
        let left = usize::try_from(self.length.saturating_sub(at)).unwrap_or(PIECE);
        if left == 0 {
            return Ok(None);
        }
        let mut piece = vec![0; left.min(PIECE)];
        self.file.read_exact_at(&mut piece, at)?;
        Ok(Some(piece.into()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    async fn receive(pieces: Vec<Vec<u8>>, limit: u64) -> Result<Payload, PayloadError> {
        let frames =
            pieces.into_iter().map(|piece| Ok::<_, io::Error>(Frame::data(Bytes::from(piece))));
        Payload::receive(StreamBody::new(stream::iter(frames)), limit).await
    }

    #[tokio::test]
    async fn a_body_comes_back_as_it_came_however_long() {
        for sizes in [
            vec![],
            vec![0],
            vec![5],
            vec![5, 0, 7],
            vec![IN_MEMORY, 1],
            vec![IN_MEMORY + 1],
            vec![1, IN_MEMORY, 3, PIECE * 2],
        ] {
            let pieces: Vec<Vec<u8>> = sizes
                .iter()
                .enumerate()
                .map(|(at, size)| vec![u8::try_from(at + 1).unwrap(); *size])
                .collect();
            let whole = pieces.concat();
            let payload = receive(pieces, u64::MAX).await.unwrap();
            assert_eq!(payload.length(), whole.len() as u64, "{sizes:?}");
            assert_eq!(payload.digest(), hex::encode(Sha256::digest(&whole)), "{sizes:?}");
            assert_eq!(payload.bytes(u64::MAX).unwrap(), whole, "{sizes:?}");
            let read = payload.into_body().collect().await.unwrap().to_bytes();
            assert_eq!(read, whole, "{sizes:?}");
        }
    }

    #[tokio::test]
    async fn a_body_that_is_too_long_is_refused() {
        assert!(receive(vec![vec![0; 10]], 10).await.is_ok());
        assert!(matches!(
            receive(vec![vec![0; 10], vec![0]], 10).await,
            Err(PayloadError::TooLong(10))
        ));
        let long = receive(vec![vec![0; IN_MEMORY], vec![0]], u64::MAX).await.unwrap();
        assert!(long.bytes(IN_MEMORY as u64).is_none());
    }
}
