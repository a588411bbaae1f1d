//! Diagnostics: what is wrong with a file the user wrote, where, and what to do about it.
//!
//! Every problem is data ([`Diagnostic`]); rendering is one function. Stable codes live in
//! [`Code`].

mod code;

use std::{fmt, ops::Range};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use gainsay_model::{
    Source,
    text::{is_deceptive, one_line},
};

pub use self::code::Code;

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The files can be run, but probably do not say what was meant.
    Warning,
    /// The files cannot be run.
    Error,
}

/// One problem: a stable code, a message, a place, and what to do.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// The stable name of this kind of problem.
    pub code: Code,
    /// Lower case, user's words in backticks.
    pub message: String,
    /// The file and the bytes meant, if the problem has a place.
    pub place: Option<(Source, Range<usize>)>,
    /// A few words under the caret.
    pub label: Option<String>,
    /// What to do.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A problem without a place.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), place: None, label: None, help: None }
    }

    /// Whether it points into this file.
    #[must_use]
    pub fn shows(&self, source: &Source) -> bool {
        self.place.as_ref().is_some_and(|(place, _)| place.is(source))
    }

    /// Points at bytes of a file.
    #[must_use]
    pub fn at(mut self, source: &Source, span: Range<usize>) -> Self {
        self.place = Some((source.clone(), span));
        self
    }

    /// A few words under the caret.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// What to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Suggests the nearest of the names that exist, if one is near.
    #[must_use]
    pub fn suggest<'a>(self, written: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        match suggestion(written, known) {
            Some(help) => self.help(help),
            None => self,
        }
    }

    /// Renders the problem as rustc would, with colour or without.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        let level = match self.code.severity() {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let message = one_line(&self.message);
        let mut group = Group::with_title(level.primary_title(message).id(self.code.as_str()));
        if let Some((source, span)) = &self.place {
            let text = source.text();
            let mut annotation = AnnotationKind::Primary.span(caret(text, span));
            if let Some(label) = &self.label {
                annotation = annotation.label(one_line(label));
            }
            group = group.element(
                Snippet::source(visible_keeping_length(text))
                    .path(one_line(source.name()))
                    .annotation(annotation),
            );
        }
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(one_line(help)));
        }
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        renderer.render(&[group])
    }
}

/// "did you mean `x`?", or the whole list when it is short.
#[must_use]
pub fn suggestion<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let known: Vec<&str> = known.into_iter().collect();
    let nearest = known
        .iter()
        .map(|name| (strsim::jaro_winkler(&written.to_lowercase(), &name.to_lowercase()), *name))
        .filter(|(score, _)| *score > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest {
        Some((_, name)) => Some(format!("did you mean `{name}`?")),
        None if known.is_empty() => None,
        None => Some(format!("known here: {}", list(&known))),
    }
}

fn list(names: &[&str]) -> String {
    const SHOWN: usize = 24;
    let mut text =
        names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        text.push_str(", ...");
    }
    text
}

/// A span that annotate-snippets accepts: inside the text, on character boundaries, on one line.
fn caret(text: &str, span: &Range<usize>) -> Range<usize> {
    let mut start = span.start.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let mut end = span.end.clamp(start, text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let line_end = text
        .get(start..end)
        .and_then(|part| part.find('\n'))
        .map_or(end, |newline| start + newline);
    start..line_end.max(start)
}

/// A text whose characters that could deceive are `?`, as many as they had bytes, so that byte
/// offsets stay valid; lines and tabs stay.
fn visible_keeping_length(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let hidden = !matches!(c, '\n' | '\t') && is_deceptive(c);
            let (shown, times) = if hidden { ('?', c.len_utf8()) } else { (c, 1) };
            std::iter::repeat_n(shown, times)
        })
        .collect()
}

/// Every problem found in one go.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Adds a problem.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Adds all problems of another list.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Whether any of them is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|d| d.code.severity() == Severity::Error)
    }

    /// The problems in the order they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.0.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for diagnostic in &self.0 {
            writeln!(f, "{}\n", diagnostic.render(false))?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_shows_file_line_caret_and_help() {
        let source = Source::new("a/b.yaml", "one: 1\ntwo: x\n");
        let text = Diagnostic::new(Code::UnknownName, "no role is called `x`")
            .at(&source, 12..13)
            .suggest("x", ["xx", "long-name"])
            .render(false);
        assert!(text.contains("a/b.yaml:2:6"), "{text}");
        assert!(text.contains('^'), "{text}");
        assert!(text.contains("did you mean `xx`?"), "{text}");
    }

    #[test]
    fn hostile_text_cannot_reach_the_terminal() {
        let source = Source::new("a.yaml", "one: \u{1b}[31m\u{202e}x\n");
        let text = Diagnostic::new(Code::UnknownName, "no \u{1b}[2J")
            .at(&source, 5..9)
            .label("\u{7}")
            .render(false);
        assert!(
            !text.contains('\u{1b}') && !text.contains('\u{202e}') && !text.contains('\u{7}'),
            "{text:?}"
        );
    }

    #[test]
    fn a_span_beyond_the_text_is_still_shown() {
        let source = Source::new("a.yaml", "né");
        let text = Diagnostic::new(Code::UnknownName, "m").at(&source, 2..99).render(false);
        assert!(text.contains("a.yaml:1"), "{text}");
    }
}
