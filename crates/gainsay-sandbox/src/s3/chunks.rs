//! Bodies in chunks that are not signed one by one, with trailers behind them.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html>. The wire layer
//! opens only what is signed; an anonymous upload can be in chunks, too.

use http::{HeaderMap, HeaderName, HeaderValue};

use super::{S3Result, error};

/// What `x-amz-content-sha256` says of such a body.
pub(super) const UNSIGNED: &str = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
/// A line between chunks is a size or a trailer, and no longer.
const LONGEST_LINE: usize = 8 << 10;

/// Opens a body as it arrives, however it is cut.
#[derive(Default)]
pub(super) struct Decoder {
    state: State,
    /// The line that is not at its end yet.
    line: Vec<u8>,
    trailers: HeaderMap,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Size,
    /// So much of a chunk is to come.
    Data(u64),
    AfterData,
    Trailers,
    Done,
}

impl Decoder {
    /// Takes more of the body, and hands on what chunks hold.
    pub(super) fn push(
        &mut self,
        mut input: &[u8],
        mut sink: impl FnMut(&[u8]) -> S3Result<()>,
    ) -> S3Result<()> {
        while !input.is_empty() {
            if let State::Data(left) = self.state {
                let here = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
                let (data, rest) = input.split_at(here);
                sink(data)?;
                input = rest;
                let left = left - here as u64;
                self.state = if left == 0 { State::AfterData } else { State::Data(left) };
                continue;
            }
            let end = input.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
            let (part, rest) = input.split_at(end.unwrap_or(input.len()));
            self.line.extend_from_slice(part);
            input = rest;
            if self.line.len() > LONGEST_LINE {
                return Err(incomplete());
            }
            if end.is_some() {
                let line = std::mem::take(&mut self.line);
                self.line(line.strip_suffix(b"\r\n").ok_or_else(incomplete)?)?;
            }
        }
        Ok(())
    }

    /// A line, without its end.
    fn line(&mut self, line: &[u8]) -> S3Result<()> {
        self.state = match self.state {
            State::Size => match size(line).ok_or_else(incomplete)? {
                0 => State::Trailers,
                size => State::Data(size),
            },
            State::AfterData if line.is_empty() => State::Size,
            State::Trailers if line.is_empty() => State::Done,
            State::Trailers => {
                let (name, value) = trailer(line).ok_or_else(malformed)?;
                self.trailers.append(name, value);
                State::Trailers
            }
            State::AfterData | State::Data(_) | State::Done => return Err(incomplete()),
        };
        Ok(())
    }

    /// The trailers, if the body came to its end.
    pub(super) fn finish(self) -> S3Result<HeaderMap> {
        match self.state {
            State::Done if self.line.is_empty() => Ok(self.trailers),
            State::Trailers => Err(malformed()),
            _ => Err(incomplete()),
        }
    }
}

/// Hexadecimal digits; what may stand behind a `;` is for chunks that are signed.
fn size(line: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(line).ok()?;
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    u64::from_str_radix(digits, 16).ok().filter(|_| plain)
}

fn trailer(line: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let at = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = line.split_at(at);
    let value = value.get(1..)?.trim_ascii();
    Some((HeaderName::from_bytes(name).ok()?, HeaderValue::from_bytes(value).ok()?))
}

pub(super) fn incomplete() -> s3s::S3Error {
    let message =
        "You did not provide the number of bytes specified by the Content-Length HTTP header";
    error(400, "IncompleteBody", message)
}

pub(super) fn malformed() -> s3s::S3Error {
    let message = "The request contained trailing data that was not well-formed or did not conform to our published schema.";
    error(400, "MalformedTrailerError", message)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What the body holds, and its trailers; the code where it is refused.
    fn decoded(body: &[u8], cut: usize) -> Result<(Vec<u8>, usize), String> {
        let (mut decoder, mut held) = (Decoder::default(), Vec::new());
        let code = |problem: s3s::S3Error| problem.code().as_str().to_owned();
        for piece in body.chunks(cut.max(1)) {
            let sink = |data: &[u8]| {
                held.extend_from_slice(data);
                Ok(())
            };
            decoder.push(piece, sink).map_err(code)?;
        }
        Ok((held, decoder.finish().map_err(code)?.len()))
    }

    #[test]
    fn a_body_is_opened_or_refused() {
        for (body, expected) in [
            ("3\r\nabc\r\n0\r\n\r\n", Ok(("abc", 0))),
            ("3\r\na\r\n\r\n0\r\nx-y: z\r\nw:\r\n\r\n", Ok(("a\r\n", 2))),
            ("0\r\n\r\n", Ok(("", 0))),
            ("", Err("IncompleteBody")),
            ("3\r\nabc\r\n", Err("IncompleteBody")),
            ("3\r\nabcd\r\n0\r\n\r\n", Err("IncompleteBody")),
            ("3\nabc\r\n0\r\n\r\n", Err("IncompleteBody")),
            ("-3\r\nabc\r\n0\r\n\r\n", Err("IncompleteBody")),
            ("+3\r\nabc\r\n0\r\n\r\n", Err("IncompleteBody")),
            ("3;chunk-signature=0\r\nabc\r\n0\r\n\r\n", Err("IncompleteBody")),
            ("fffffffffffffffff\r\nabc", Err("IncompleteBody")),
            ("\r\n", Err("IncompleteBody")),
            ("0\r\n\r\nmore\r\n", Err("IncompleteBody")),
            ("0\r\nno trailer\r\n\r\n", Err("MalformedTrailerError")),
            ("0\r\n", Err("MalformedTrailerError")),
            ("0\r\nx:y\r\n", Err("MalformedTrailerError")),
        ] {
            for cut in [1, 2, 3, 7, 1000] {
                let got = decoded(body.as_bytes(), cut);
                let expected = expected
                    .map(|(held, trailers)| (held.as_bytes().to_vec(), trailers))
                    .map_err(str::to_owned);
                assert_eq!(got, expected, "{body:?} by {cut}");
            }
        }
        assert_eq!(decoded(&vec![b'0'; LONGEST_LINE + 1], 100), Err("IncompleteBody".to_owned()));
    }

    proptest! {
        #[test]
        fn chunks_come_back_however_they_are_cut(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..6), cut in 1_usize..50) {
            let mut body = Vec::new();
            for chunk in &chunks {
                body.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                body.extend_from_slice(chunk);
                body.extend_from_slice(b"\r\n");
            }
            body.extend_from_slice(b"0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n");
            prop_assert_eq!(decoded(&body, cut), Ok((chunks.concat(), 1)));
        }

        #[test]
        fn nothing_breaks_it(body in prop::collection::vec(any::<u8>(), 0..200), cut in 1_usize..50) {
            _ = decoded(&body, cut);
        }
    }
}
