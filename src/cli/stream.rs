//! Standard output and standard error, as long as somebody reads them.

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// Writes until nobody reads any more, and from then on nowhere: what a command finds, and how it
/// ends, does not depend on how much of its output somebody wants (`gainsay run | head -1`).
#[derive(Debug)]
pub(super) struct Stream<W> {
    out: W,
    closed: Arc<AtomicBool>,
}

impl<W: Write> Stream<W> {
    /// A stream, which notes in `closed` that nobody reads it.
    pub(super) fn new(out: W, closed: Arc<AtomicBool>) -> Self {
        Self { out, closed }
    }

    fn unless_closed<T>(&self, done: io::Result<T>, otherwise: T) -> io::Result<T> {
        match done {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed.store(true, Ordering::Relaxed);
                Ok(otherwise)
            }
            done => done,
        }
    }
}

impl<W: Write> Write for Stream<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let done = self.out.write(bytes);
        self.unless_closed(done, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let done = self.out.flush();
        self.unless_closed(done, ())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at a surprise")]
mod tests {
    use super::*;

    /// Takes so many bytes, and then fails.
    struct Full(usize, io::ErrorKind);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            match self.0.checked_sub(bytes.len()) {
                Some(left) => {
                    self.0 = left;
                    Ok(bytes.len())
                }
                None => Err(self.1.into()),
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            self.write(b"").map(|_| ())
        }
    }

    #[test]
    fn nobody_to_read_is_no_error_and_a_full_disk_is() {
        let closed = Arc::<AtomicBool>::default();
        let mut stream = Stream::new(Full(5, io::ErrorKind::BrokenPipe), closed.clone());
        stream.write_all(b"four").unwrap();
        assert!(!closed.load(Ordering::Relaxed));
        stream.write_all(b"more than that").unwrap();
        stream.flush().unwrap();
        assert!(closed.load(Ordering::Relaxed));
        let mut full = Stream::new(Full(0, io::ErrorKind::StorageFull), Arc::default());
        assert_eq!(full.write_all(b"one").unwrap_err().kind(), io::ErrorKind::StorageFull);
    }
}
