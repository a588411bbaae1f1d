//! The lines of an input, as many at a time as are there to be read: who asks one question at a
//! time gets its answer, and a long input comes in pieces that are worth sharing out.

use std::io::{self, Read};

/// The bytes that are read at a time.
const PIECE: usize = 1 << 20;

/// Whole lines.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Chunk<'a> {
    /// Each with its line feed, which the last line of the input may lack. One that was read as a
    /// whole may be longer than the limit.
    Lines(&'a [u8]),
    /// The beginning of a line that is longer than the limit, all of which has been passed over.
    TooLong,
}

/// Reads whole lines.
#[derive(Debug)]
pub(super) struct Chunks<R> {
    input: R,
    /// No line without its line feed is kept if it is longer.
    longest: usize,
    buffer: Vec<u8>,
    /// Where the lines begin that were not handed out yet, and where what was read ends.
    begin: usize,
    end: usize,
}

impl<R: Read> Chunks<R> {
    pub(super) fn new(input: R, longest: usize) -> Self {
        Self { input, longest, buffer: vec![0; PIECE], begin: 0, end: 0 }
    }

    /// The next lines; nothing at the end of the input.
    pub(super) fn read_lines(&mut self) -> io::Result<Option<Chunk<'_>>> {
        self.buffer.copy_within(self.begin..self.end, 0);
        (self.begin, self.end) = (0, self.end - self.begin);
        let mut searched = 0;
        loop {
            let new = self.buffer.get(searched..self.end).unwrap_or_default();
            if let Some(last) = new.iter().rposition(|byte| *byte == b'\n') {
                self.begin = searched + last + 1;
                return Ok(Some(Chunk::Lines(self.buffer.get(..self.begin).unwrap_or_default())));
            }
            if self.end > self.longest {
                self.skip_line()?;
                return Ok(Some(Chunk::TooLong));
            }
            searched = self.end;
            if self.end == self.buffer.len() {
                self.buffer.resize(self.end + PIECE, 0);
            }
            if self.read()? == 0 {
                self.begin = self.end;
                let lines = self.buffer.get(..self.end).unwrap_or_default();
                return Ok((!lines.is_empty()).then_some(Chunk::Lines(lines)));
            }
        }
    }

    /// Passes over the line at the beginning of what was read.
    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let read = self.buffer.get(..self.end).unwrap_or_default();
            if let Some(at) = read.iter().position(|byte| *byte == b'\n') {
                self.begin = at + 1;
                return Ok(());
            }
            self.end = 0;
            if self.read()? == 0 {
                self.begin = 0;
                return Ok(());
            }
        }
    }

    fn read(&mut self) -> io::Result<usize> {
        loop {
            match self.input.read(self.buffer.get_mut(self.end..).unwrap_or_default()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(read) => {
                    self.end += read;
                    return Ok(read);
                }
                Err(error) => return Err(error),
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at a surprise")]
mod tests {
    use super::*;

    /// Hands out so many bytes at a time.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = self.1.min(self.0.len()).min(buffer.len());
            let (now, later) = self.0.split_at(length);
            buffer.get_mut(..length).unwrap().copy_from_slice(now);
            self.0 = later;
            Ok(length)
        }
    }

    fn lines(input: &str, step: usize, longest: usize) -> Vec<String> {
        let mut chunks = Chunks::new(Slow(input.as_bytes(), step), longest);
        let mut lines = Vec::new();
        while let Some(chunk) = chunks.read_lines().unwrap() {
            match chunk {
                Chunk::Lines(text) => {
                    let text = std::str::from_utf8(text).unwrap();
                    let known = |line: &str| line.len() <= longest;
                    lines.extend(text.lines().map(|line| {
                        if known(line) { line.to_owned() } else { "too long".to_owned() }
                    }));
                }
                Chunk::TooLong => lines.push("too long".to_owned()),
            }
        }
        lines
    }

    #[test]
    fn lines_are_the_same_however_they_arrive() {
        let long = "x".repeat(9);
        let input = format!("a\n\nbb\n{long}\nccc\n12345678\n{long}");
        let expected = ["a", "", "bb", "too long", "ccc", "12345678", "too long"];
        for step in 1..40 {
            assert_eq!(lines(&input, step, 8), expected, "{step}");
        }
        assert_eq!(lines("", 1, 8), Vec::<String>::new());
        assert_eq!(lines("a", 1, 8), ["a"]);
    }

    #[test]
    fn what_is_there_is_handed_out_at_once() {
        let mut chunks = Chunks::new(Slow(b"one\ntwo\nthr", 8), 100);
        assert_eq!(chunks.read_lines().unwrap(), Some(Chunk::Lines(b"one\ntwo\n")));
        assert_eq!(chunks.read_lines().unwrap(), Some(Chunk::Lines(b"thr")));
        assert_eq!(chunks.read_lines().unwrap(), None);
    }

    #[test]
    fn a_line_longer_than_a_piece_is_whole() {
        let long = "y".repeat(PIECE * 2 + 5);
        let input = format!("a\n{long}\nb\n");
        assert_eq!(lines(&input, 1 << 16, PIECE * 3), ["a", long.as_str(), "b"]);
        assert_eq!(lines(&input, 1 << 16, PIECE * 2), ["a", "too long", "b"]);
    }
}
