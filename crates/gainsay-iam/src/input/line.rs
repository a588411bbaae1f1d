//! Reads a question from its line without building values of JSON, and keeps the documents it has
//! compiled: most lines of a long input repeat them.
//!
//! Only the shapes that questions usually have are read here. Whatever is out of the ordinary, an
//! escape in a text, a member that is there twice, a document with an error, is left to
//! [`EvaluationInput::read`], which says what is wrong: then there is no result.

use std::collections::HashMap;

use crate::context::Context;
use crate::input::json::JsonDocument;
use crate::input::{EvaluationInput, request, resource_kind};
use crate::layer::PolicyKind;
use crate::policy::Policy;

/// The most bytes of documents that are kept; beyond them all are forgotten.
const MOST_BYTES: usize = 2 << 20;
/// How many documents of a kind are compared with the text before its end is looked for.
const RECENT: usize = 8;
/// The kinds of policies in a question.
const KINDS: usize = 10;

/// Compiled documents by their text.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    known: HashMap<(PolicyKind, Box<str>), Policy>,
    /// By kind, those that were asked for last, the last one first.
    recent: [Vec<(Box<str>, Policy)>; KINDS],
    bytes: usize,
}

impl Documents {
    /// The document at the beginning of a text, and its length.
    fn at(&mut self, kind: PolicyKind, text: &str) -> Option<(Policy, usize)> {
        let recent = self.recent.get_mut(kind as usize)?;
        // A whole object is never the beginning of another one.
        if let Some(at) = recent.iter().position(|(known, _)| text.starts_with(known.as_ref())) {
            recent.get_mut(..=at)?.rotate_right(1);
            return recent.first().map(|(known, policy)| (policy.clone(), known.len()));
        }
        let document = text.get(..object_length(text.as_bytes())?)?;
        let key = (kind, Box::from(document));
        let policy = if let Some(policy) = self.known.get(&key) {
            policy.clone()
        } else {
            let value = serde_json::from_str::<JsonDocument>(document).ok()?;
            let policy = Policy::from_value(kind, &value.0).ok()?;
            self.bytes += document.len();
            if self.bytes > MOST_BYTES {
                self.known.clear();
                self.bytes = document.len();
            }
            self.known.insert(key, policy.clone());
            policy
        };
        recent.truncate(RECENT - 1);
        recent.insert(0, (Box::from(document), policy.clone()));
        Some((policy, document.len()))
    }
}

/// The length of the JSON object that a text begins with, if it is one.
fn object_length(text: &[u8]) -> Option<usize> {
    let (mut depth, mut at) = (0_usize, 0);
    loop {
        match text.get(at)? {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            b'"' => loop {
                at += 1;
                match text.get(at)? {
                    b'"' => break,
                    b'\\' => at += 1,
                    _ => {}
                }
            },
            _ => {}
        }
        at += 1;
    }
}

/// A question, and its id as JSON.
pub(crate) struct Question<'l> {
    pub(crate) id: &'l str,
    pub(crate) input: EvaluationInput,
}

/// What a line has of a question so far.
#[derive(Default)]
#[expect(clippy::option_option, reason = "null, too, is there only once")]
struct Members<'l> {
    id: Option<&'l str>,
    principal: Option<&'l str>,
    action: Option<&'l str>,
    resource: Option<&'l str>,
    resource_account: Option<Option<&'l str>>,
    context: Option<Context>,
    /// The policies, as they are written: their kind follows from the action, which may come later.
    policies: Option<&'l str>,
}

/// The policies of a question.
#[derive(Default)]
#[expect(clippy::option_option, reason = "null, too, is there only once")]
struct Compiled {
    identity: Option<Vec<Policy>>,
    resource: Option<Option<Policy>>,
    boundary: Option<Option<Policy>>,
    session: Option<Vec<Policy>>,
    scp: Option<Vec<Vec<Policy>>>,
    rcp: Option<Vec<Vec<Policy>>>,
    vpc_endpoint: Option<Option<Policy>>,
}

/// Reads the question of a line.
pub(crate) fn question<'l>(line: &'l str, documents: &mut Documents) -> Option<Question<'l>> {
    let mut cursor = Cursor { text: line, at: 0 };
    let mut members = Members::default();
    // A question without its action, which decides the kind of the resource's policy, is read
    // twice.
    let mut compiled = None;
    cursor.object(|cursor, name| match name {
        "id" => set(&mut members.id, cursor.id()?),
        "principal" => set(&mut members.principal, cursor.string()?),
        "action" => set(&mut members.action, cursor.string()?),
        "resource" => set(&mut members.resource, cursor.string()?),
        "resource_account" => {
            let account = if cursor.null() { None } else { Some(cursor.string()?) };
            set(&mut members.resource_account, account)
        }
        "context" => set(&mut members.context, cursor.context()?),
        "policies" => {
            let start = cursor.at;
            match members.action {
                Some(action) => {
                    set(&mut compiled, cursor.policies(action, documents)?)?;
                }
                None => cursor.at += object_length(cursor.rest().as_bytes())?,
            }
            set(&mut members.policies, line.get(start..cursor.at)?)
        }
        _ => None,
    })?;
    if !cursor.is_at_end() {
        return None;
    }
    let action = members.action?;
    let compiled = match (compiled, members.policies) {
        (Some(compiled), _) => compiled,
        (None, None) => Compiled::default(),
        (None, Some(text)) => Cursor { text, at: 0 }.policies(action, documents)?,
    };
    let request = request(
        members.principal?,
        action.to_owned(),
        members.resource?.to_owned(),
        members.resource_account.flatten().map(str::to_owned),
        members.context.unwrap_or_default(),
    );
    let input = EvaluationInput {
        request: request.ok()?,
        identity: compiled.identity.unwrap_or_default(),
        resource_policy: compiled.resource.flatten(),
        grants: Vec::new(),
        boundary: compiled.boundary.flatten(),
        session: compiled.session.unwrap_or_default(),
        scp: compiled.scp.unwrap_or_default(),
        rcp: compiled.rcp.unwrap_or_default(),
        vpc_endpoint: compiled.vpc_endpoint.flatten(),
        restrict_public_buckets: false,
    };
    Some(Question { id: members.id.unwrap_or("null"), input })
}

/// Sets what is there once.
fn set<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.replace(value).is_none().then_some(())
}

/// A place in a line.
struct Cursor<'l> {
    text: &'l str,
    at: usize,
}

impl<'l> Cursor<'l> {
    fn rest(&self) -> &'l str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.text.as_bytes().get(self.at)?;
            if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    fn is_at_end(&mut self) -> bool {
        self.peek().is_none()
    }

    /// Goes over a character, if it comes next.
    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn null(&mut self) -> bool {
        let found = self.peek() == Some(b'n') && self.rest().starts_with("null");
        self.at += if found { 4 } else { 0 };
        found
    }

    /// A text without escapes.
    fn string(&mut self) -> Option<&'l str> {
        if !self.eat(b'"') {
            return None;
        }
        let start = self.at;
        let bytes = self.text.as_bytes().get(start..)?;
        let length =
            bytes.iter().position(|byte| *byte == b'"' || *byte == b'\\' || *byte < 0x20)?;
        self.at = start + length + 1;
        (bytes.get(length) == Some(&b'"')).then(|| self.text.get(start..start + length)).flatten()
    }

    /// An id, as it is written: a text without escapes, a whole number, null.
    fn id(&mut self) -> Option<&'l str> {
        let first = self.peek()?;
        let start = self.at;
        match first {
            b'"' => _ = self.string()?,
            b'n' => self.null().then_some(())?,
            b'1'..=b'9' => {
                let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
                self.at += (digits <= 15).then_some(digits)?;
            }
            _ => return None,
        }
        self.text.get(start..self.at)
    }

    /// An object; `read` reads the value of a name.
    fn object(&mut self, mut read: impl FnMut(&mut Self, &'l str) -> Option<()>) -> Option<()> {
        if !self.eat(b'{') {
            return None;
        }
        if self.eat(b'}') {
            return Some(());
        }
        loop {
            let name = self.string()?;
            if !self.eat(b':') {
                return None;
            }
            read(self, name)?;
            if self.eat(b'}') {
                return Some(());
            }
            if !self.eat(b',') {
                return None;
            }
        }
    }

    /// A list.
    fn list<T>(&mut self, mut read: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        if !self.eat(b'[') {
            return None;
        }
        let mut values = Vec::new();
        if self.eat(b']') {
            return Some(values);
        }
        loop {
            values.push(read(self)?);
            if self.eat(b']') {
                return Some(values);
            }
            if !self.eat(b',') {
                return None;
            }
        }
    }

    fn context(&mut self) -> Option<Context> {
        let mut context = Context::new();
        self.object(|cursor, key| {
            // Two spellings of one key are an error, which is not said here.
            let lower = key.is_ascii().then(|| key.to_ascii_lowercase())?;
            if context.says(&lower) {
                return None;
            }
            if cursor.peek()? == b'[' {
                let values = cursor.list(|cursor| cursor.string().map(str::to_owned))?;
                context.set_all(key, values);
            } else {
                context.set_owned(lower, cursor.string()?);
            }
            Some(())
        })?;
        Some(context)
    }

    fn document(&mut self, kind: PolicyKind, documents: &mut Documents) -> Option<Policy> {
        if self.peek()? != b'{' {
            return None;
        }
        let (policy, length) = documents.at(kind, self.rest())?;
        self.at += length;
        Some(policy)
    }

    /// A document, or null.
    #[expect(clippy::option_option, reason = "null, too, is there only once")]
    fn one(&mut self, kind: PolicyKind, documents: &mut Documents) -> Option<Option<Policy>> {
        if self.null() { Some(None) } else { self.document(kind, documents).map(Some) }
    }

    /// A document, a list of them, or null.
    fn many(&mut self, kind: PolicyKind, documents: &mut Documents) -> Option<Vec<Policy>> {
        match self.peek()? {
            b'[' => self.list(|cursor| cursor.document(kind, documents)),
            b'{' => Some(vec![self.document(kind, documents)?]),
            _ => self.null().then(Vec::new),
        }
    }

    fn levels(&mut self, kind: PolicyKind, documents: &mut Documents) -> Option<Vec<Vec<Policy>>> {
        if self.null() {
            return Some(Vec::new());
        }
        self.list(|cursor| cursor.list(|cursor| cursor.document(kind, documents)))
    }

    fn policies(&mut self, action: &str, documents: &mut Documents) -> Option<Compiled> {
        let mut compiled = Compiled::default();
        let of_resource = resource_kind(action);
        self.object(|cursor, name| match name {
            "identity" => {
                set(&mut compiled.identity, cursor.many(PolicyKind::Identity, documents)?)
            }
            "resource" => set(&mut compiled.resource, cursor.one(of_resource, documents)?),
            "boundary" => set(&mut compiled.boundary, cursor.one(PolicyKind::Boundary, documents)?),
            "session" => set(&mut compiled.session, cursor.many(PolicyKind::Session, documents)?),
            "scp" => set(&mut compiled.scp, cursor.levels(PolicyKind::Scp, documents)?),
            "rcp" => set(&mut compiled.rcp, cursor.levels(PolicyKind::Rcp, documents)?),
            "vpce" => {
                set(&mut compiled.vpc_endpoint, cursor.one(PolicyKind::VpcEndpoint, documents)?)
            }
            "grants" => cursor.null().then_some(()),
            _ => None,
        })?;
        Some(compiled)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at a surprise")]
    use super::*;

    #[test]
    fn documents_are_compiled_once_and_the_bound_holds() {
        let mut documents = Documents::default();
        let text = |name: usize| {
            format!(
                r#"{{"Statement":{{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b{name}"}}}}"#
            )
        };
        let length = text(1_000).len();
        for name in 1_000..1_040 {
            let (_, found) = documents.at(PolicyKind::Identity, &(text(name) + ", 1]")).unwrap();
            assert_eq!(found, length);
        }
        assert_eq!((documents.known.len(), documents.bytes), (40, 40 * length));
        assert_eq!(documents.recent.iter().map(Vec::len).sum::<usize>(), RECENT);
        // Neither one of the last nor an older one is compiled again.
        assert!(documents.at(PolicyKind::Identity, &text(1_039)).is_some());
        assert!(documents.at(PolicyKind::Identity, &text(1_000)).is_some());
        assert_eq!(documents.known.len(), 40);
        // Another kind is another document, and one with an error is none.
        assert!(documents.at(PolicyKind::Scp, &text(1_000)).is_some());
        assert!(documents.at(PolicyKind::Bucket, &text(1_000)).is_none());
        assert_eq!(documents.known.len(), 41);
        documents.bytes = MOST_BYTES;
        assert!(documents.at(PolicyKind::Identity, &text(2_000)).is_some());
        assert_eq!((documents.known.len(), documents.bytes), (1, length));
    }

    #[test]
    fn an_object_ends_where_its_braces_do() {
        assert_eq!(object_length(br#"{"a":"}\"{","b":[{}]} }"#), Some(21));
        for open in [&br#"{"a":"}"#[..], b"{", b"", br#"{"a\"#] {
            assert_eq!(object_length(open), None);
        }
    }
}
