//! Wildcard patterns and policy variables.
//!
//! Follows "IAM JSON policy elements: Resource" (wildcards) and "IAM policy elements: Variables and
//! tags".

use super::context::{Context, Found};
use super::error::Doubt;

/// One piece of a pattern, once it is known what is a wildcard and what is text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// This character and no other.
    Is(char),
    /// `?`: any one character.
    One,
    /// `*`: any characters, or none.
    Many,
}

/// Reads a pattern text in which `*` and `?` are wildcards.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = Piece> + '_ {
    text.chars().map(|c| match c {
        '*' => Piece::Many,
        '?' => Piece::One,
        c => Piece::Is(c),
    })
}

/// `?` so many times, then this text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Run {
    skip: usize,
    text: String,
}

/// What stands between two `*`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Segment(Vec<Run>);

impl Segment {
    fn push(&mut self, piece: Piece) {
        match (piece, self.0.last_mut()) {
            (Piece::Is(c), Some(run)) => run.text.push(c),
            (Piece::Is(c), None) => self.0.push(Run { skip: 0, text: c.to_string() }),
            (_, Some(run)) if run.text.is_empty() => run.skip += 1,
            (_, _) => self.0.push(Run { skip: 1, text: String::new() }),
        }
    }

    /// What is left of `text` after this segment, if it starts with it.
    fn strip<'t>(&self, mut text: &'t str) -> Option<&'t str> {
        for run in &self.0 {
            for _ in 0..run.skip {
                let mut rest = text.chars();
                rest.next()?;
                text = rest.as_str();
            }
            text = text.strip_prefix(run.text.as_str())?;
        }
        Some(text)
    }

    /// What is left of `text` after the first place where this segment fits.
    fn find<'t>(&self, text: &'t str) -> Option<&'t str> {
        if let [Run { skip: 0, text: only }] = self.0.as_slice() {
            // The standard search is linear, which keeps hostile patterns cheap.
            return text.split_once(only.as_str()).map(|(_, rest)| rest);
        }
        Places::of(self).find(text)
    }

    /// Whether `text` ends with this segment.
    fn ends(&self, text: &str) -> bool {
        if let [Run { skip: 0, text: only }] = self.0.as_slice() {
            return text.ends_with(only.as_str());
        }
        let length: usize = self.0.iter().map(|run| run.skip + run.text.chars().count()).sum();
        let start = match length.checked_sub(1) {
            None => return true,
            Some(before_last) => text.char_indices().rev().nth(before_last).map(|(at, _)| at),
        };
        start
            .and_then(|at| text.get(at..))
            .and_then(|end| self.strip(end))
            .is_some_and(str::is_empty)
    }
}

/// Where each character may stand in a segment, as bits: the search for it then advances through
/// all of its places at once (the Shift-And method of Baeza-Yates and Gonnet, "A new approach to
/// text searching", 1992).
struct Places {
    /// The last bit of a segment.
    last: u64,
    /// For any character: the places of `?`.
    any: Vec<u64>,
    /// For each character of the segment its places, those of `?` included; in the order of the
    /// characters.
    of: Vec<(char, Vec<u64>)>,
}

impl Places {
    fn of(segment: &Segment) -> Self {
        let length: usize = segment.0.iter().map(|run| run.skip + run.text.chars().count()).sum();
        let mut any = vec![0_u64; length.div_ceil(64)];
        let mut letters: Vec<(char, usize)> = Vec::new();
        let mut at = 0;
        for run in &segment.0 {
            (at..at + run.skip).for_each(|place| mark(&mut any, place));
            at += run.skip;
            letters.extend(run.text.chars().zip(at..));
            at += run.text.chars().count();
        }
        letters.sort_unstable();
        let mut of: Vec<(char, Vec<u64>)> = Vec::new();
        for (letter, place) in letters {
            if of.last().is_none_or(|(last, _)| *last != letter) {
                of.push((letter, any.clone()));
            }
            if let Some((_, bits)) = of.last_mut() {
                mark(bits, place);
            }
        }
        Self { last: 1 << ((length.max(1) - 1) % 64), any, of }
    }

    /// What is left of `text` after the first place where the segment fits.
    fn find<'t>(&self, text: &'t str) -> Option<&'t str> {
        if self.any.is_empty() {
            return Some(text);
        }
        let mut reached = vec![0_u64; self.any.len()];
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            let found = self.of.binary_search_by(|(letter, _)| letter.cmp(&c)).ok();
            let bits =
                found.and_then(|index| self.of.get(index)).map_or(&self.any, |(_, bits)| bits);
            let mut carry = 1;
            for (word, bits) in reached.iter_mut().zip(bits) {
                let next = *word >> 63;
                *word = ((*word << 1) | carry) & bits;
                carry = next;
            }
            if reached.last().is_some_and(|word| word & self.last != 0) {
                return Some(rest.as_str());
            }
        }
        None
    }
}

fn mark(bits: &mut [u64], place: usize) {
    if let Some(word) = bits.get_mut(place / 64) {
        *word |= 1 << (place % 64);
    }
}

/// A compiled wildcard pattern.
///
/// Matching takes each segment between two `*` at the first place it fits, which is enough because
/// `*` takes anything. Each is found in linear time, one with `?` in it in text times segment by
/// 64; so hostile patterns are cheap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Glob {
    head: Segment,
    tail: Vec<Segment>,
    shortest: usize,
}

impl Glob {
    pub(super) fn new(pattern: &str) -> Self {
        pieces(pattern).collect()
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        if text.len() < self.shortest {
            return false;
        }
        let Some(mut rest) = self.head.strip(text) else {
            return false;
        };
        let Some((last, middle)) = self.tail.split_last() else {
            return rest.is_empty();
        };
        for segment in middle {
            match segment.find(rest) {
                Some(after) => rest = after,
                None => return false,
            }
        }
        last.ends(rest)
    }
}

impl FromIterator<Piece> for Glob {
    fn from_iter<I: IntoIterator<Item = Piece>>(pieces: I) -> Self {
        let mut glob = Glob::default();
        for piece in pieces {
            match (piece, glob.tail.last_mut()) {
                (Piece::Many, _) => glob.tail.push(Segment::default()),
                (piece, Some(segment)) => segment.push(piece),
                (piece, None) => glob.head.push(piece),
            }
            glob.shortest += match piece {
                Piece::Is(c) => c.len_utf8(),
                Piece::One => 1,
                Piece::Many => 0,
            };
        }
        glob
    }
}

/// Whether `text` matches `pattern`, in which `*` is any characters or none and `?` any one
/// character.
#[must_use]
pub fn wildcard_match(pattern: &str, text: &str) -> bool {
    Glob::new(pattern).matches(text)
}

/// Whether some text matches both patterns.
pub(super) fn overlap(one: &str, other: &str) -> bool {
    let (one, other): (Vec<Piece>, Vec<Piece>) = (pieces(one).collect(), pieces(other).collect());
    let many = |pieces: &[Piece], at: Option<usize>| {
        at.and_then(|at| pieces.get(at)) == Some(&Piece::Many)
    };
    // `row[j]`: some text matches the pieces of `one` so far and the first `j` of `other`.
    let mut above: Vec<bool> = Vec::new();
    for i in 0..=one.len() {
        let mut row: Vec<bool> = Vec::with_capacity(other.len() + 1);
        for j in 0..=other.len() {
            let (up, left) = (above.get(j) == Some(&true), j > 0 && row.last() == Some(&true));
            let diagonal = j > 0 && above.get(j - 1) == Some(&true);
            // A `*` is left behind, or takes what the other has.
            let by_one = up && (many(&one, i.checked_sub(1)) || many(&other, Some(j)));
            let by_other = left && (many(&other, j.checked_sub(1)) || many(&one, Some(i)));
            let both = diagonal
                && match (
                    i.checked_sub(1).and_then(|i| one.get(i)),
                    j.checked_sub(1).and_then(|j| other.get(j)),
                ) {
                    (Some(Piece::Is(one)), Some(Piece::Is(other))) => one == other,
                    (Some(Piece::Many), _) | (_, Some(Piece::Many)) => false,
                    _ => true,
                };
            row.push((i, j) == (0, 0) || by_one || by_other || both);
        }
        above = row;
    }
    above.last() == Some(&true)
}

/// The pattern of everything that a value with variables may be.
pub(super) fn widest(pattern: &str) -> String {
    let Ok(Some(template)) = Template::parse(pattern) else {
        return pattern.to_owned();
    };
    let parts = template.0.iter().map(|part| match part {
        Part::Text(text) => text.clone(),
        // A letter that may be a wildcard elsewhere is any letter here.
        Part::Character(_) => "?".to_owned(),
        Part::Variable { .. } => "*".to_owned(),
    });
    parts.collect()
}

/// What stands for any text where a wildcard or a variable is filled in.
pub(super) const FILL: &str = "gainsay";

/// Texts that a pattern matches: with every `*` and every variable filled in, and with every `*`
/// empty.
pub(super) fn instances(pattern: &str) -> Vec<String> {
    let with = |many: &str| filled(pattern, |text| text.replace('*', many).replace('?', "x"));
    let mut instances = vec![with(FILL), with("")];
    instances.dedup();
    instances
}

/// The text that a value is where nothing in it is a wildcard, its variables filled in.
pub(super) fn literal(value: &str) -> String {
    filled(value, str::to_owned)
}

fn filled(pattern: &str, write: impl Fn(&str) -> String) -> String {
    let Ok(Some(template)) = Template::parse(pattern) else {
        return write(pattern);
    };
    let parts = template.0.iter().map(|part| match part {
        Part::Text(text) => write(text),
        Part::Character(c) => c.to_string(),
        Part::Variable { .. } => FILL.to_owned(),
    });
    parts.collect()
}

/// A part of a text that may have policy variables.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// As written; wildcards count.
    Text(String),
    /// `${*}`, `${?}`, `${$}`: the character itself.
    Character(char),
    /// `${key}` or `${key, 'default'}`.
    Variable { key: String, default: Option<String> },
}

/// A text with policy variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template(Vec<Part>);

/// What a template says for one request.
pub(super) enum Resolved {
    Pieces(Vec<Piece>),
    /// This variable has no value and no default.
    Absent(String),
}

impl Template {
    /// Reads the variables of `text`; `None` if there are none.
    pub(super) fn parse(text: &str) -> Result<Option<Self>, &'static str> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            let (inside, behind) = close(after)
                .ok_or("`${` without `}`: close it, or write `${$}` for the character")?;
            parts.push(variable(inside)?);
            rest = behind;
        }
        if parts.is_empty() {
            return Ok(None);
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Some(Self(parts)))
    }

    /// The keys its variables name, in lower case.
    pub(super) fn variables(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Variable { key, .. } => Some(key.as_str()),
            Part::Text(_) | Part::Character(_) => None,
        })
    }

    /// The pieces of this template if it needs nothing of a request.
    pub(super) fn constant(&self) -> Option<Vec<Piece>> {
        let mut out = Vec::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => out.extend(pieces(text)),
                Part::Character(c) => out.push(Piece::Is(*c)),
                Part::Variable { .. } => return None,
            }
        }
        Some(out)
    }

    /// The text with every variable replaced by a letter, to check the shape of what is around
    /// them.
    pub(super) fn outline(&self) -> String {
        let mut out = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Character(_) | Part::Variable { .. } => out.push('x'),
            }
        }
        out
    }

    /// Whether a variable stands before the `colons`-th colon.
    pub(super) fn varies_before(&self, colons: usize) -> bool {
        let mut seen = 0;
        for part in &self.0 {
            match part {
                Part::Text(text) => seen += text.matches(':').count(),
                Part::Variable { .. } if seen < colons => return true,
                Part::Character(_) | Part::Variable { .. } => {}
            }
        }
        false
    }

    /// Fills in the variables. What a variable brings is text: a `*` in it is no wildcard.
    pub(super) fn resolve(&self, context: &Context) -> Result<Resolved, Doubt> {
        let mut out = Vec::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => out.extend(pieces(text)),
                Part::Character(c) => out.push(Piece::Is(*c)),
                Part::Variable { key, default } => match (context.find(key), default) {
                    (Found::Unmodelled, _) => return Err(Doubt::Unmodelled(key.clone())),
                    (Found::Unsaid(outside), _) => return Err(Doubt::Unsaid(key.clone(), outside)),
                    (Found::Values([value]), _) => out.extend(value.chars().map(Piece::Is)),
                    (Found::Values([_, _, ..]), _) => {
                        return Err(Doubt::SeveralInVariable(key.clone()));
                    }
                    (Found::Values([]) | Found::Absent, Some(default)) => {
                        out.extend(default.chars().map(Piece::Is));
                    }
                    (Found::Values([]) | Found::Absent, None) => {
                        return Ok(Resolved::Absent(key.clone()));
                    }
                },
            }
        }
        Ok(Resolved::Pieces(out))
    }
}

/// Splits at the `}` that closes a variable, skipping a quoted default.
fn close(text: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            '}' if !quoted => return Some((text.get(..at)?, text.get(at + 1..)?)),
            _ => {}
        }
    }
    None
}

fn variable(inside: &str) -> Result<Part, &'static str> {
    match inside {
        "*" => return Ok(Part::Character('*')),
        "?" => return Ok(Part::Character('?')),
        "$" => return Ok(Part::Character('$')),
        _ => {}
    }
    let (key, default) = match inside.split_once(',') {
        None => (inside, None),
        Some((key, default)) => {
            let quoted = default.trim().strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
            (key, Some(quoted.ok_or("put the default value in single quotes")?.to_owned()))
        }
    };
    let key = key.trim().to_lowercase();
    if key.is_empty() {
        return Err("the variable has no name: write a condition key, such as `${aws:username}`");
    }
    Ok(Part::Variable { key, default })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards() {
        let cases = [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("?", "", false),
            ("?", "é", true),
            ("a*", "a", true),
            ("a*b", "a/x/b", true),
            ("a*b", "a/x/c", false),
            ("*a*b", "xaxb", true),
            ("*ab", "aab", true),
            ("a*a", "a", false),
            ("*?", "", false),
            ("*?", "é", true),
            ("*a?c*", "xxabcx", true),
            ("**a**", "bab", true),
            ("a?b*c?", "axbc", false),
            ("a?b*c?", "axbcc", true),
            ("[a-z]", "b", false),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(wildcard_match(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn patterns_that_share_a_text() {
        let sharing = [
            ("", ""),
            ("", "*"),
            ("a", "a"),
            ("a*", "*b"),
            ("*", "*"),
            ("a?c", "ab*"),
            ("*a*", "b*b"),
            ("arn:*:s3:::*/*", "arn:aws:s3:*"),
            ("arn:*:kms:*:*:key/*", "arn:aws:kms:eu-west-1:1:*"),
            ("a*b*c", "abc"),
            ("*x", "x*"),
            ("a**", "?"),
        ];
        let apart = [
            ("", "a"),
            ("a", "b"),
            ("a*", "b*"),
            ("*a", "*b"),
            ("a?c", "ac"),
            ("a*b", "a*c"),
            ("arn:*:s3:::*/*", "arn:aws:s3:::bucket"),
            ("??", "a"),
        ];
        for (one, other) in sharing {
            assert!(overlap(one, other) && overlap(other, one), "{one} {other}");
        }
        for (one, other) in apart {
            assert!(!overlap(one, other) && !overlap(other, one), "{one} {other}");
        }
    }

    #[test]
    fn a_hostile_pattern_is_cheap() {
        let text = "a".repeat(2_000);
        assert!(!wildcard_match(&"*a".repeat(1_000).replace("aa", "a?"), &format!("{text}b")));
        assert!(!wildcard_match(&format!("{}b", "a*".repeat(900)), &text));
    }

    #[test]
    fn malformed_variables() {
        for text in ["${aws:username", "${}", "${ , 'x'}", "${a, b}", "${a, 'b}"] {
            assert!(Template::parse(text).is_err(), "{text}");
        }
        assert_eq!(Template::parse("no $ { variable }"), Ok(None));
    }
}
