//! The XML of S3 and S3 Control: read into a small tree, written as text.

use quick_xml::{
    Reader,
    escape::{escape, resolve_predefined_entity},
    events::Event,
};

/// Deeper than any body of the API.
const MAX_DEPTH: usize = 16;

/// An element with its text and children. Attributes are left out: only namespaces have any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// Its name without a prefix.
    pub name: String,
    /// Its own text, with references resolved.
    pub text: String,
    /// Its children in document order.
    pub children: Vec<Element>,
}

impl Element {
    /// Reads a body; nothing if it is not one.
    #[must_use]
    pub fn read(body: &[u8]) -> Option<Self> {
        let mut reader = Reader::from_str(std::str::from_utf8(body).ok()?);
        let mut open: Vec<Element> = Vec::new();
        let mut root = None;
        loop {
            let closed = match reader.read_event().ok()? {
                Event::Start(start) if root.is_none() && open.len() < MAX_DEPTH => {
                    open.push(Self::named(start.local_name().as_ref()));
                    None
                }
                Event::Empty(start) if root.is_none() => {
                    Some(Self::named(start.local_name().as_ref()))
                }
                Event::End(_) => Some(open.pop()?),
                Event::Text(text) => {
                    let text = std::str::from_utf8(&text).ok()?;
                    match open.last_mut() {
                        Some(element) => element.text.push_str(text),
                        None if text.trim().is_empty() => {}
                        None => return None,
                    }
                    None
                }
                Event::GeneralRef(reference) => {
                    let text = match reference.resolve_char_ref().ok()? {
                        Some(c) => c.to_string(),
                        None => resolve_predefined_entity(std::str::from_utf8(&reference).ok()?)?
                            .to_owned(),
                    };
                    open.last_mut()?.text.push_str(&text);
                    None
                }
                Event::Decl(_) => None,
                Event::Eof => return root.filter(|_| open.is_empty()),
                // Comments, processing instructions, document types, CDATA: no client sends them.
                _ => return None,
            };
            if let Some(element) = closed {
                match open.last_mut() {
                    Some(parent) => parent.children.push(element),
                    None => root = Some(element),
                }
            }
        }
    }

    /// The namespace that the root of a body is in by its own attribute, where it says one.
    #[must_use]
    pub fn namespace(body: &[u8]) -> Option<String> {
        let mut reader = Reader::from_str(std::str::from_utf8(body).ok()?);
        loop {
            let root = match reader.read_event().ok()? {
                Event::Start(root) | Event::Empty(root) => root,
                Event::Eof => return None,
                _ => continue,
            };
            let own = match root.name().prefix() {
                None => "xmlns".to_owned(),
                Some(prefix) => format!("xmlns:{}", String::from_utf8_lossy(prefix.as_ref())),
            };
            let said = root.try_get_attribute(own).ok()??;
            return Some(String::from_utf8_lossy(&said.value).into_owned());
        }
    }

    fn named(name: &[u8]) -> Self {
        Self { name: String::from_utf8_lossy(name).into_owned(), ..Self::default() }
    }

    /// The one child of a name.
    #[must_use]
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The child of a name, where there is exactly one.
    #[must_use]
    pub fn only(&self, name: &str) -> Option<&Self> {
        let mut children = self.children.iter().filter(|child| child.name == name);
        children.next().filter(|_| children.next().is_none())
    }

    /// The text of the one child of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.as_str())
    }

    /// The first child that is not among these names, or is there twice.
    #[must_use]
    pub fn stranger(&self, known: &[&str]) -> Option<&str> {
        let name = |child: &Self| child.name.clone();
        let mut seen = Vec::new();
        for child in &self.children {
            if !known.contains(&child.name.as_str()) || seen.contains(&name(child)) {
                return Some(&child.name);
            }
            seen.push(name(child));
        }
        None
    }

    /// The element as it is written.
    #[must_use]
    pub fn write(&self) -> String {
        if self.children.is_empty() {
            return element(&self.name, &self.text);
        }
        wrap(&self.name, &self.children.iter().map(Self::write).collect::<String>())
    }
}

/// An element with text.
#[must_use]
pub fn element(name: &str, text: &str) -> String {
    wrap(name, &escape(text))
}

/// An element with what is written already.
#[must_use]
pub fn wrap(name: &str, inner: &str) -> String {
    format!("<{name}>{inner}</{name}>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_namespace_of_a_root_is_its_own() {
        for (body, expected) in [
            (r#"<?xml version="1.0"?><A xmlns="urn:a"><B xmlns="urn:b"/></A>"#, Some("urn:a")),
            (r#"<a:A xmlns:a="urn:a" xmlns="urn:b"/>"#, Some("urn:a")),
            (r#"<A><B xmlns="urn:b"/></A>"#, None),
            ("", None),
        ] {
            assert_eq!(Element::namespace(body.as_bytes()).as_deref(), expected, "{body}");
        }
    }

    #[test]
    fn a_body_is_read_and_written_as_it_was() {
        let body = r#"<?xml version="1.0"?><A xmlns="urn:x"><B>1 &lt; 2 &#38; 3</B><C><D>d</D></C><E/></A>"#;
        let read = Element::read(body.as_bytes()).unwrap_or_default();
        assert_eq!(read.get("B"), Some("1 < 2 & 3"));
        assert_eq!(read.child("C").and_then(|c| c.get("D")), Some("d"));
        assert_eq!(read.write(), "<A><B>1 &lt; 2 &amp; 3</B><C><D>d</D></C><E></E></A>");
        assert_eq!(read.stranger(&["B", "C", "E"]), None);
        assert_eq!(read.stranger(&["B", "E"]), Some("C"));
    }

    #[test]
    fn what_is_no_body_is_refused() {
        let deep = "<a>".repeat(40) + &"</a>".repeat(40);
        let bad = [
            "",
            "text",
            "<a>",
            "<a></b>",
            "<a/><b/>",
            "<a/>x",
            "<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>",
            "<a>&e;</a>",
            "<a><!-- c --></a>",
            "<a><![CDATA[x]]></a>",
            &deep,
        ];
        for body in bad {
            assert_eq!(Element::read(body.as_bytes()), None, "{body}");
        }
        assert_eq!(Element::read(b"\xff"), None);
        let twice = Element::read(b"<a><b/><b/></a>").unwrap_or_default();
        assert_eq!(twice.stranger(&["b"]), Some("b"));
    }
}
