//! What a file may not hold whatever its type: anchors, aliases, merges and tags, nulls, empty
//! values, several documents, and more of anything than a scenario needs.
//!
//! Looked for in the events of the parser, before anything is read into a type: serde does not see
//! tags and takes a null for "not written", so that `but: ~` would make an attempt vanish.

use std::ops::Range;

use serde_saphyr::granit_parser::{
    self, ErrorKind, Event, Parser, ScalarStyle, ScanError, Span, StructureStyle,
};

use gainsay_model::Source;

use super::{MAX_DEPTH, MAX_NODES};
use crate::files::diag::{Code, Diagnostic};

/// Reports the first thing that no file may hold.
pub(super) fn check(source: &Source) -> Result<(), Diagnostic> {
    let options = granit_parser::options! {
        disallow_directives: true,
        emit_unresolved_aliases: true,
        emit_anchor_events: true,
        emit_comments: false,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    let mut checker = Checker { source, open: Vec::new(), nodes: 0, documents: 0 };
    for event in Parser::new_from_str_with_options(source.text(), options) {
        let (event, span) = event.map_err(|error| syntax(source, &error))?;
        checker.event(&event, &span)?;
    }
    if checker.nodes == 0 {
        return Err(Diagnostic::new(Code::EmptyValue, "the file says nothing")
            .at(source, 0..0)
            .help("write what the file is for, or remove it"));
    }
    Ok(())
}

struct Checker<'a> {
    source: &'a Source,
    /// The collections around the next event.
    open: Vec<Collection>,
    nodes: usize,
    documents: usize,
}

struct Collection {
    start: usize,
    mapping: bool,
    flow: bool,
    /// Keys and values, or items, so far.
    nodes: usize,
    /// The last key, and where it stands.
    key: Option<(String, Range<usize>)>,
}

impl Collection {
    /// Whether what comes next is the value of a key.
    fn at_value(&self) -> bool {
        self.mapping && self.nodes % 2 == 1
    }
}

impl Checker<'_> {
    fn event(&mut self, event: &Event<'_>, span: &Span) -> Result<(), Diagnostic> {
        let range = span.byte_range().unwrap_or_default();
        let problem = |problem: Diagnostic| Err(problem.at(self.source, range.clone()));
        if let Some(tag) = span.tag_span().filter(|_| event.tag().is_some()) {
            return Err(super::tag().at(self.source, tag.byte_range().unwrap_or(range)));
        }
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    return problem(super::several_documents());
                }
            }
            Event::Anchor(..) | Event::Alias(_) | Event::UnresolvedAlias(_) => {
                return problem(super::anchor());
            }
            Event::Scalar(text, style, ..) => self.scalar(text, *style, &range)?,
            Event::SequenceStart(style, ..) => self.start(false, *style, &range)?,
            Event::MappingStart(style, ..) => self.start(true, *style, &range)?,
            Event::SequenceEnd | Event::MappingEnd => return self.end(&range),
            _ => {}
        }
        Ok(())
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        range: &Range<usize>,
    ) -> Result<(), Diagnostic> {
        let plain = style == ScalarStyle::Plain;
        if plain && text == "<<" {
            return Err(super::anchor().at(self.source, range.clone()));
        }
        // The parser says `~` for a value that is not written.
        if text.is_empty() || (plain && matches!(text, "~" | "null" | "Null" | "NULL")) {
            return Err(self.nothing(plain, range));
        }
        if plain && is_other_number(text) {
            return Err(Diagnostic::new(
                Code::WrongType,
                format!("`{text}` without quotes is a number, which may be written otherwise"),
            )
            .at(self.source, range.clone())
            .help(format!("quote it: \"{text}\"")));
        }
        self.node(range)?;
        if let Some(inside) = self.open.last_mut().filter(|inside| inside.at_value()) {
            inside.key = Some((text.to_owned(), range.clone()));
        }
        Ok(())
    }

    /// A null or an empty text: `{team}` without quotes, or a key without its value.
    fn nothing(&self, plain: bool, range: &Range<usize>) -> Diagnostic {
        let Some(inside) = self.open.last() else {
            return Diagnostic::new(Code::EmptyValue, "the file says nothing")
                .at(self.source, range.clone())
                .help("write what the file is for, or remove it");
        };
        if inside.at_value()
            && inside.flow
            && range.is_empty()
            && let Some(template) = self.unquoted_template(inside)
        {
            return template;
        }
        let key = inside.key.as_ref().filter(|_| inside.at_value());
        // A value that is not written has no place of its own, so its key is shown.
        let shown = match key {
            Some((_, key)) if range.is_empty() => key.clone(),
            _ => range.clone(),
        };
        let what = if plain && !range.is_empty() { "a null" } else { "an empty value" };
        empty(key.map(|(key, _)| key.as_str()), what).at(self.source, shown)
    }

    fn unquoted_template(&self, inside: &Collection) -> Option<Diagnostic> {
        let written = self.source.text().get(inside.start..)?;
        let name = written.strip_prefix('{')?.split_once('}')?.0;
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
        if name.is_empty() || !name.chars().all(is_name) {
            return None;
        }
        // Up to where the value would end, if it were a text.
        let nested = self.open.iter().rev().skip(1).any(|outer| outer.flow);
        let ends = |c: char| c.is_whitespace() || nested && matches!(c, ',' | '}' | ']');
        let after = written.get(name.len() + 2..)?;
        let value = written.get(..name.len() + 2 + after.find(ends).unwrap_or(after.len()))?;
        Some(
            Diagnostic::new(
                Code::WrongType,
                format!("`{{{name}}}` without quotes is a YAML mapping"),
            )
            .at(self.source, inside.start..inside.start + value.len())
            .help(format!("quote it: \"{value}\"")),
        )
    }

    fn start(
        &mut self,
        mapping: bool,
        style: StructureStyle,
        range: &Range<usize>,
    ) -> Result<(), Diagnostic> {
        self.node(range)?;
        self.open.push(Collection {
            start: range.start,
            mapping,
            flow: style == StructureStyle::Flow,
            nodes: 0,
            key: None,
        });
        Ok(())
    }

    fn end(&mut self, range: &Range<usize>) -> Result<(), Diagnostic> {
        let Some(ended) = self.open.pop() else { return Ok(()) };
        if ended.nodes > 0 {
            return Ok(());
        }
        let what = if ended.mapping { "an empty mapping" } else { "an empty list" };
        // The collection was counted when it began, so its key is the last of what is around it.
        let outer = self.open.last().filter(|outer| outer.mapping);
        let key = outer.and_then(|outer| outer.key.as_ref()).map(|(key, _)| key.as_str());
        Err(empty(key, what).at(self.source, ended.start..range.end))
    }

    /// Counts a key, a value or an item.
    fn node(&mut self, range: &Range<usize>) -> Result<(), Diagnostic> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(super::too_large().at(self.source, range.clone()));
        }
        if let Some(inside) = self.open.last_mut() {
            inside.nodes += 1;
        }
        Ok(())
    }
}

/// Whether a text is a number that a reader may hand on in another form: `007` as 7, `0x10` as 16.
fn is_other_number(text: &str) -> bool {
    let digits = text.trim_start_matches(['+', '-']);
    let looks = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let prefixed = ["0x", "0X", "0o", "0O", "0b", "0B"].iter().any(|prefix| {
        let rest = digits.strip_prefix(prefix);
        rest.is_some_and(|rest| {
            !rest.is_empty() && rest.chars().all(|c| c.is_ascii_hexdigit() || c == '_')
        })
    });
    let plain = digits.replace('_', "");
    let special = matches!(digits.to_ascii_lowercase().as_str(), ".inf" | ".nan");
    let number = looks && (prefixed || special || plain.parse::<f64>().is_ok());
    number && text.parse::<u64>().map_or(true, |value| value.to_string() != text)
}

/// A value that would assert nothing, and what to write instead.
fn empty(key: Option<&str>, what: &str) -> Diagnostic {
    let message = key.map_or_else(
        || format!("{what} asserts nothing"),
        |key| format!("{what} of `{key}` asserts nothing"),
    );
    match key {
        Some("attempts") => {
            Diagnostic::new(Code::EmptyScenario, "a scenario without attempts proves nothing")
                .help("add `- allow:` and `- deny:` under `attempts:`")
        }
        Some("of") => {
            Diagnostic::new(Code::EmptyScenario, "without values nothing would be attempted")
                .help("write at least one value, as `of: [a, b]`")
        }
        Some("by" | "one_of") => Diagnostic::new(Code::EmptyValue, message)
            .help("name a `layer`, a `sid`, a `code` or an `action`"),
        _ => Diagnostic::new(Code::EmptyValue, message).help("write a value, or remove the key"),
    }
}

/// Text that is not YAML.
fn syntax(source: &Source, error: &ScanError) -> Diagnostic {
    let start = error.marker().byte_offset().unwrap_or_default();
    let kind = error.kind();
    let help = match kind {
        ErrorKind::RecursionLimitExceeded => {
            return super::too_large().at(source, start..start + 1);
        }
        ErrorKind::UnclosedQuotedScalar
        | ErrorKind::InvalidQuotedScalarIndent
        | ErrorKind::DocumentIndicatorInQuotedScalar => "close the quote on the line it begins",
        ErrorKind::UnclosedFlowCollection { .. }
        | ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofImplicitFlowMapping
        | ErrorKind::ExpectedFlowMappingSeparator
        | ErrorKind::ExpectedFlowSequenceSeparator
        | ErrorKind::MismatchedFlowCollectionEnd { .. }
        | ErrorKind::MisplacedFlowCollectionEnd => {
            "close every `{` and `[`, and put a comma between their entries"
        }
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation => "use spaces",
        ErrorKind::DirectiveDisallowed => "remove the line that begins with `%`",
        ErrorKind::UnexpectedCharacter { .. } => {
            "put the text in double quotes, a control character as an escape"
        }
        ErrorKind::UnknownQuotedScalarEscape => {
            "write `\\\\` for a backslash, or use single quotes"
        }
        _ => {
            "align every key with its neighbours, and quote a text that holds `: ` or begins with a sign"
        }
    };
    let info = error.info();
    let message = info.lines().next().unwrap_or_default().trim_end_matches('.');
    Diagnostic::new(Code::Syntax, message).at(source, start..start + 1).help(help)
}
