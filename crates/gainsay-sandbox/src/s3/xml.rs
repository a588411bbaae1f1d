//! XML documents of S3: read strictly, and written. What is not understood is refused.

use std::collections::BTreeMap;

use quick_xml::{Reader, events::Event};
use s3s::{
    S3Result,
    xml::{DeError, Deserialize, Deserializer, SerializeContent, Serializer},
};

use super::{error, not_modelled};

/// The error of a body that is not the document that the operation takes.
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

/// A document of S3's schema: its root, and what is in it.
pub(super) fn document_of(root: &str, inner: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <{root} xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{inner}</{root}>"
    )
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
