//! Requests that do not go through the wire layer (s3s): it does not know them, takes them for
//! others, or refuses members that AWS has. They are read here, strictly: what is not understood is
//! refused.

use std::collections::BTreeMap;

use http::HeaderMap;
use quick_xml::{Reader, events::Event};
use s3s::{
    S3Result,
    xml::{DeError, Deserialize, Deserializer, SerializeContent, Serializer},
};

use super::{admin, annotation, error, lock, not_modelled, receive::Digests, settings, update};
use crate::{authorize::Scope, state::World};

/// No configuration is longer (assumed; AWS names limits for some).
const MAX_BODY: usize = 1 << 20;

/// A request as it came.
pub(crate) struct Raw<'a> {
    pub operation: &'static str,
    pub bucket: &'a str,
    pub key: &'a str,
    pub query: &'a [(String, String)],
    pub headers: &'a HeaderMap,
    pub body: &'a [u8],
}

/// An answer as it goes.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub(super) fn empty(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    pub(super) fn xml(body: impl Into<String>) -> Self {
        Self {
            status: 200,
            headers: vec![("content-type", "application/xml".to_owned())],
            body: body.into().into_bytes(),
        }
    }

    pub(super) fn with(mut self, name: &'static str, value: Option<String>) -> Self {
        self.headers.extend(value.map(|value| (name, value)));
        self
    }
}

/// Whether an operation is answered here.
pub(crate) fn knows(operation: &str) -> bool {
    settings::knows(operation)
        || admin::knows(operation)
        || annotation::knows(operation)
        || lock::knows(operation)
        || operation == update::OPERATION
}

/// Answers a request that [`knows`] knows.
pub(crate) fn answer(world: &mut World, scope: &Scope, raw: &Raw<'_>) -> S3Result<Answer> {
    let body = raw.payload()?;
    let raw = Raw { body: &body, ..*raw };
    let operation = raw.operation;
    if settings::knows(operation) {
        settings::answer(world, scope, &raw)
    } else if admin::knows(operation) {
        admin::answer(world, scope, &raw)
    } else if annotation::knows(operation) {
        annotation::answer(world, scope, &raw)
    } else if lock::knows(operation) {
        lock::answer(world, scope, &raw)
    } else if operation == update::OPERATION {
        update::answer(world, scope, &raw)
    } else {
        Err(not_modelled("this operation"))
    }
}

impl Raw<'_> {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn expected_owner(&self) -> Option<&str> {
        self.header("x-amz-expected-bucket-owner")
    }

    /// The body without the frames of an upload in chunks, once its checksums are right.
    fn payload(&self) -> S3Result<Vec<u8>> {
        let digest = self.header("x-amz-content-sha256").unwrap_or_default();
        let framed =
            self.header("content-encoding").is_some_and(|coding| coding.contains("aws-chunked"));
        let (bytes, trailers) = match digest {
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER" => {
                let (bytes, trailers) = unframe(self.body).ok_or_else(|| {
                    error(400, "IncompleteBody", "The request body terminated unexpectedly")
                })?;
                let told = self
                    .header("x-amz-decoded-content-length")
                    .and_then(|length| length.parse::<usize>().ok());
                if told.is_some_and(|told| told != bytes.len()) {
                    return Err(error(
                        400,
                        "IncompleteBody",
                        "The request body terminated unexpectedly",
                    ));
                }
                (bytes, trailers)
            }
            signed if signed.starts_with("STREAMING-") => {
                return Err(not_modelled("signed chunks of this operation"));
            }
            _ if framed => return Err(not_modelled("this coding of the body")),
            _ => (self.body.to_vec(), HeaderMap::new()),
        };
        if bytes.len() > MAX_BODY {
            return Err(error(400, "MaxMessageLengthExceeded", "Your request was too big."));
        }
        let sum = |name: &str| self.header(&format!("x-amz-checksum-{name}")).map(str::to_owned);
        let mut digests = Digests::asked(self.headers);
        digests.update(&bytes);
        let sums = [sum("crc32"), sum("crc32c"), sum("crc64nvme"), sum("sha1"), sum("sha256")];
        digests.finish().check(sums, &trailers, self.header("content-md5"))?;
        Ok(bytes)
    }
}

/// Takes the frames off a body in unsigned chunks:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html>.
fn unframe(body: &[u8]) -> Option<(Vec<u8>, HeaderMap)> {
    let mut rest = body;
    let mut bytes = Vec::new();
    loop {
        let (size, after) = line(rest)?;
        let size = usize::from_str_radix(size, 16).ok()?;
        if size == 0 {
            return trailers(after).map(|trailers| (bytes, trailers));
        }
        let (chunk, after) = after.split_at_checked(size)?;
        bytes.extend_from_slice(chunk);
        rest = after.strip_prefix(b"\r\n")?;
    }
}

fn trailers(mut rest: &[u8]) -> Option<HeaderMap> {
    let mut trailers = BTreeMap::new();
    while !rest.is_empty() {
        let (text, after) = line(rest)?;
        rest = after;
        if let Some((name, value)) = text.split_once(':') {
            trailers.insert(name.trim().to_ascii_lowercase(), value.trim().to_owned());
        } else if !text.is_empty() {
            return None;
        }
    }
    let header = |(name, value): (String, String)| {
        let name = http::HeaderName::try_from(name).ok()?;
        Some((name, http::HeaderValue::try_from(value).ok()?))
    };
    trailers.into_iter().map(header).collect()
}

fn line(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.windows(2).position(|pair| pair == b"\r\n")?;
    let (text, rest) = bytes.split_at_checked(end)?;
    Some((str::from_utf8(text).ok()?, rest.get(2..)?))
}

pub(super) fn malformed() -> s3s::S3Error {
    error(
        400,
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
    )
}

/// A document of S3's schema. What is not XML, or not this document, is malformed. The wire layer
/// refuses or passes over members that it has no name for; AWS may have one, so they are not
/// modelled: what was read, written again, must have every element that was sent.
pub(super) fn document<T>(body: &[u8], root: &str) -> S3Result<T>
where
    T: for<'xml> Deserialize<'xml> + SerializeContent,
{
    let sent = elements(body, root)?;
    let read = T::deserialize(&mut Deserializer::new(body)).map_err(|problem| match problem {
        DeError::UnexpectedTagName => not_modelled("a member of this configuration"),
        _ => malformed(),
    })?;
    let mut written = Vec::new();
    Serializer::new(&mut written).content(root, &read).map_err(|_| malformed())?;
    let known = elements(&written, root)?;
    if sent.iter().all(|(path, count)| known.get(path).is_some_and(|known| known >= count)) {
        Ok(read)
    } else {
        Err(not_modelled("a member of this configuration"))
    }
}

/// One element of this name, nothing after it, no document type: nobody's entities are expanded.
pub(super) fn well_formed(body: &[u8], root: &str) -> S3Result<()> {
    elements(body, root).map(|_| ())
}

/// Deeper than any document of S3's.
const MAX_DEPTH: usize = 32;

/// The elements of a document: the way to each from the root, and how often it is there.
fn elements(body: &[u8], root: &str) -> S3Result<BTreeMap<Vec<Vec<u8>>, usize>> {
    let mut reader = Reader::from_reader(body);
    let mut path: Vec<Vec<u8>> = Vec::new();
    let mut found = BTreeMap::new();
    loop {
        let event = reader.read_event().map_err(|_| malformed())?;
        match event {
            Event::Start(ref element) | Event::Empty(ref element) => {
                let name = element.local_name().as_ref().to_vec();
                let second = path.is_empty() && (!found.is_empty() || name != root.as_bytes());
                if second || path.len() >= MAX_DEPTH {
                    return Err(malformed());
                }
                path.push(name);
                *found.entry(path.clone()).or_insert(0) += 1;
                if matches!(event, Event::Empty(_)) {
                    path.pop();
                }
            }
            Event::End(_) => _ = path.pop().ok_or_else(malformed)?,
            Event::Text(text) if path.is_empty() && !text.iter().all(u8::is_ascii_whitespace) => {
                return Err(malformed());
            }
            Event::Eof if !found.is_empty() && path.is_empty() => return Ok(found),
            Event::DocType(_) | Event::PI(_) | Event::CData(_) | Event::Eof => {
                return Err(malformed());
            }
            _ => {}
        }
    }
}

/// Text in an XML element.
pub(super) fn escape(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn frames_are_taken_off_whole_or_not_at_all() {
        let (bytes, trailers) =
            unframe(b"3\r\nabc\r\n2\r\nde\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n").unwrap();
        assert_eq!((bytes.as_slice(), trailers.len()), (b"abcde".as_slice(), 1));
        for broken in [
            "",
            "3",
            "3\r\n",
            "3\r\nab\r\n0\r\n\r\n",
            "3\r\nabcd\r\n0\r\n\r\n",
            "zz\r\nabc\r\n0\r\n",
            "3\r\nabc\r\n",
            "0\r\nno colon\r\n\r\n",
            "ffffffffffffffff\r\nabc\r\n0\r\n",
            "-1\r\nabc\r\n0\r\n\r\n",
            "3\r\nabc\r\n0\r\na:b",
        ] {
            assert!(unframe(broken.as_bytes()).is_none(), "{broken:?}");
        }
    }

    #[test]
    fn only_one_element_of_the_name_is_a_document() {
        for good in [
            "<A/>",
            "<?xml version=\"1.0\"?><A xmlns=\"x\"><B>c</B></A>\n",
            "<x:A xmlns:x=\"y\"></x:A>",
        ] {
            assert!(well_formed(good.as_bytes(), "A").is_ok(), "{good}");
        }
        for bad in [
            "",
            "A",
            "<B/>",
            "<A>",
            "</A>",
            "<A></B>",
            "<A/><A/>",
            "<A/>x",
            "x<A/>",
            "<!DOCTYPE A [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><A>&e;</A>",
            "<A><![CDATA[x]]></A>",
            "\u{0}",
            "<A",
        ] {
            assert!(well_formed(bad.as_bytes(), "A").is_err(), "{bad}");
        }
    }
}
