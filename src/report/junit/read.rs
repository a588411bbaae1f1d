//! Reads a `JUnit` report, strictly.
//!
//! Stricter than XML: an element this program does not write, or a CDATA section, comment,
//! processing instruction or document type, is an error, for none of them can be in the report
//! unless something forged it.

use std::collections::HashMap;

use quick_xml::{
    Reader, XmlVersion,
    escape::resolve_predefined_entity,
    events::{BytesRef, BytesStart, BytesText, Event},
};

use crate::report::junit::{JunitError, Sign};

/// What a report says.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// The attributes of the root.
    pub(super) declared: Attributes,
    pub(super) suites: Vec<ReadSuite>,
    /// The open elements.
    open: Vec<Element>,
    /// Whether the root was seen.
    begun: bool,
}

/// A suite that was read.
#[derive(Debug)]
pub(super) struct ReadSuite {
    pub(super) name: String,
    pub(super) declared: Attributes,
    pub(super) cases: Vec<ReadCase>,
}

/// A test case that was read.
#[derive(Debug)]
pub(super) struct ReadCase {
    pub(super) name: String,
    pub(super) classname: String,
    pub(super) sign: Sign,
    /// How many tries were made before the last.
    pub(super) reruns: usize,
}

/// Attributes by name.
pub(super) type Attributes = HashMap<String, String>;

/// A try before the one that succeeded.
const FLAKY: &str = "flakyError";

/// The elements this program writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Element {
    Suites,
    Suite,
    Case,
    Properties,
    Property,
    Sign(Sign),
    /// A try before the last, of a case that succeeded in the end or did not.
    Rerun(&'static str),
    StackTrace,
}

impl Element {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "testsuites" => Self::Suites,
            "testsuite" => Self::Suite,
            "testcase" => Self::Case,
            "properties" => Self::Properties,
            "property" => Self::Property,
            "failure" => Self::Sign(Sign::Failure),
            "error" => Self::Sign(Sign::Error),
            "skipped" => Self::Sign(Sign::Skipped),
            "flakyError" => Self::Rerun(FLAKY),
            "rerunError" => Self::Rerun("rerunError"),
            "stackTrace" => Self::StackTrace,
            _ => return None,
        })
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Suites => "testsuites",
            Self::Suite => "testsuite",
            Self::Case => "testcase",
            Self::Properties => "properties",
            Self::Property => "property",
            Self::Rerun(name) => name,
            Self::StackTrace => "stackTrace",
            Self::Sign(Sign::Failure) => "failure",
            Self::Sign(Sign::Skipped) => "skipped",
            Self::Sign(Sign::Error | Sign::Success) => "error",
        }
    }

    const fn belongs_in(self, parent: Option<Self>) -> bool {
        match self {
            Self::Suites => parent.is_none(),
            Self::Suite => matches!(parent, Some(Self::Suites)),
            Self::Case => matches!(parent, Some(Self::Suite)),
            Self::Properties => matches!(parent, Some(Self::Suite | Self::Case)),
            Self::Property => matches!(parent, Some(Self::Properties)),
            Self::Sign(_) | Self::Rerun(_) => matches!(parent, Some(Self::Case)),
            Self::StackTrace => matches!(parent, Some(Self::Rerun(_))),
        }
    }
}

impl Reading {
    /// Reads a report to its end.
    pub(super) fn of(xml: &[u8]) -> Result<Self, JunitError> {
        let text = std::str::from_utf8(xml)
            .map_err(|error| ill_formed(error.valid_up_to(), "not UTF-8"))?;
        let plain = text.bytes().all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~'));
        if !plain && let Some((position, c)) = text.char_indices().find(|(_, c)| !is_xml(*c)) {
            return Err(ill_formed(
                position,
                &format!("the character {} is not allowed", c.escape_unicode()),
            ));
        }
        let mut reader = Reader::from_str(text);
        let mut reading = Self::default();
        loop {
            let event = reader
                .read_event()
                .map_err(|error| at(reader.error_position(), &error.to_string()))?;
            let end = matches!(event, Event::Eof);
            reading.event(event).map_err(|problem| problem.at(reader.buffer_position()))?;
            if end {
                return Ok(reading);
            }
        }
    }

    fn event(&mut self, event: Event<'_>) -> Result<(), Problem> {
        match event {
            Event::Start(start) => self.start(&start),
            Event::Empty(start) => {
                self.start(&start)?;
                self.open.pop();
                Ok(())
            }
            Event::End(_) => {
                self.open.pop();
                Ok(())
            }
            Event::Text(text) => self.text(&text),
            Event::GeneralRef(reference) => self.reference(&reference),
            Event::Decl(_) if !self.begun => Ok(()),
            Event::Eof if self.begun && self.open.is_empty() => Ok(()),
            Event::Eof => Err(Problem::new("it ends before its last element does")),
            Event::Decl(_)
            | Event::CData(_)
            | Event::Comment(_)
            | Event::PI(_)
            | Event::DocType(_) => Err(Problem::new("only elements and text belong in a report")),
        }
    }

    fn start(&mut self, start: &BytesStart<'_>) -> Result<(), Problem> {
        let name = start.name();
        let name = String::from_utf8_lossy(name.as_ref());
        let parent = self.open.last().copied();
        let misplaced = || Problem::Misplaced {
            element: name.clone().into_owned(),
            parent: parent.map_or("the document", Element::name).to_owned(),
        };
        let element = Element::named(&name)
            .filter(|element| element.belongs_in(parent))
            .ok_or_else(misplaced)?;
        // The others have no attribute that is compared.
        let kept = matches!(element, Element::Suites | Element::Suite | Element::Case);
        let mut attributes = attributes(start, kept)?;
        let mut take = |name: &str| attributes.remove(name).unwrap_or_default();
        match element {
            Element::Suites if self.begun => return Err(misplaced()),
            Element::Suites => {
                self.begun = true;
                self.declared = attributes;
            }
            Element::Suite => {
                let name = take("name");
                self.suites.push(ReadSuite { name, declared: attributes, cases: Vec::new() });
            }
            Element::Case => {
                let case = ReadCase {
                    name: take("name"),
                    classname: take("classname"),
                    sign: Sign::Success,
                    reruns: 0,
                };
                self.suites.last_mut().ok_or_else(misplaced)?.cases.push(case);
            }
            Element::Sign(sign) => {
                let case = self.case().ok_or_else(misplaced)?;
                if case.sign != Sign::Success || case.reruns > 0 {
                    return Err(misplaced());
                }
                case.sign = sign;
            }
            Element::Rerun(name) => {
                let case = self.case().ok_or_else(misplaced)?;
                if (case.sign == Sign::Success) != (name == FLAKY) {
                    return Err(misplaced());
                }
                case.reruns += 1;
            }
            Element::StackTrace | Element::Properties | Element::Property => {}
        }
        self.open.push(element);
        Ok(())
    }

    /// The test case that is being read.
    fn case(&mut self) -> Option<&mut ReadCase> {
        self.suites.last_mut().and_then(|suite| suite.cases.last_mut())
    }

    /// Text belongs inside a failure, error, skipped or stack trace; elsewhere there is only
    /// indentation.
    fn text(&self, text: &BytesText<'_>) -> Result<(), Problem> {
        let text = String::from_utf8_lossy(text);
        if text.contains("]]>") {
            return Err(Problem::new("`]]>` must be escaped"));
        }
        if matches!(self.open.last(), Some(Element::Sign(_) | Element::StackTrace))
            || text.chars().all(|c| matches!(c, ' ' | '\n' | '\r' | '\t'))
        {
            return Ok(());
        }
        Err(Problem::new("there is text between the elements"))
    }

    fn reference(&self, reference: &BytesRef<'_>) -> Result<(), Problem> {
        let name = String::from_utf8_lossy(reference);
        let character =
            reference.resolve_char_ref().map_err(|error| Problem::new(&error.to_string()))?;
        let known = character.map_or_else(|| resolve_predefined_entity(&name).is_some(), is_xml);
        if known && matches!(self.open.last(), Some(Element::Sign(_) | Element::StackTrace)) {
            return Ok(());
        }
        Err(Problem::new(&format!("`&{name};` does not belong there")))
    }
}

/// The attributes of an element: all are read, and kept if they are needed.
fn attributes(start: &BytesStart<'_>, kept: bool) -> Result<Attributes, Problem> {
    let mut attributes = Attributes::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| Problem::new(&error.to_string()))?;
        let name = String::from_utf8_lossy(attribute.key.as_ref());
        let escaped = attribute.value.contains(&b'&');
        // What is neither escaped nor kept was looked at with the whole text.
        if !kept && !escaped && !attribute.value.contains(&b'<') {
            continue;
        }
        let value = attribute
            .normalized_value(XmlVersion::Explicit1_0)
            .map_err(|error| Problem::new(&error.to_string()))?;
        if attribute.value.contains(&b'<') || !value.chars().all(is_xml) {
            return Err(Problem::new(&format!(
                "the value of `{name}` has a character that is not allowed"
            )));
        }
        if kept {
            attributes.insert(name.into_owned(), value.into_owned());
        }
    }
    Ok(attributes)
}

/// The characters of XML 1.0.
const fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// An error that does not know its place yet.
enum Problem {
    IllFormed(String),
    Misplaced { element: String, parent: String },
}

impl Problem {
    fn new(problem: &str) -> Self {
        Self::IllFormed(problem.to_owned())
    }

    fn at(self, position: u64) -> JunitError {
        match self {
            Self::IllFormed(problem) => at(position, &problem),
            Self::Misplaced { element, parent } => JunitError::Misplaced { element, parent },
        }
    }
}

fn at(position: u64, problem: &str) -> JunitError {
    JunitError::NotWellFormed { position, problem: problem.to_owned() }
}

fn ill_formed(position: usize, problem: &str) -> JunitError {
    at(u64::try_from(position).unwrap_or(u64::MAX), problem)
}
