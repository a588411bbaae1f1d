//! Filter patterns of `CloudWatch` Logs for JSON events: whether one counts every event of a kind.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntaxForMetricFilters.html>,
//! "Using filter patterns to match terms in JSON log events". A pattern that asks for more than the
//! kind says counts some of them only.

use serde_json::{Map, Value};

/// Why a filter pattern is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// The pattern is not of the kind for JSON events, which stands in braces.
    #[error("`{pattern}` is no pattern for JSON events")]
    NotJson {
        /// The whole pattern.
        pattern: String,
    },
    /// A part of the pattern is of no form that is read here.
    #[error("`{rest}` of a filter pattern is not understood")]
    NotUnderstood {
        /// The pattern from where it is not understood.
        rest: String,
    },
}

/// Whether a pattern takes every event that has these fields, whatever else it has. A field that is
/// `null` is one that is absent.
///
/// # Errors
/// The part of the pattern that is not understood.
pub(super) fn takes(pattern: &str, event: &Map<String, Value>) -> Result<bool, PatternError> {
    let mut rest = pattern.trim();
    // What is empty takes everything.
    if rest.is_empty() {
        return Ok(true);
    }
    let inside = rest.strip_prefix('{').and_then(|inside| inside.strip_suffix('}'));
    rest = inside.ok_or_else(|| PatternError::NotJson { pattern: pattern.to_owned() })?;
    let mut reader = Reader { rest, depth: 0, event };
    let taken = reader.any()?;
    reader.skip();
    if reader.rest.is_empty() { Ok(taken == Some(true)) } else { Err(reader.not_understood()) }
}

/// Parentheses within parentheses, at most.
const DEPTH: usize = 64;

struct Reader<'a> {
    rest: &'a str,
    depth: usize,
    event: &'a Map<String, Value>,
}

/// True, false, or nothing where that depends on what else is in the event.
type Taken = Option<bool>;

impl<'a> Reader<'a> {
    fn not_understood(&self) -> PatternError {
        PatternError::NotUnderstood { rest: self.rest.trim().to_owned() }
    }

    fn skip(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take(&mut self, token: &str) -> bool {
        self.skip();
        let after = self.rest.strip_prefix(token);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    /// A word that is followed by something else than a letter.
    fn word(&mut self, word: &str) -> bool {
        self.skip();
        let after = self
            .rest
            .strip_prefix(word)
            .filter(|after| !after.starts_with(|c: char| c.is_ascii_alphanumeric()));
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn any(&mut self) -> Result<Taken, PatternError> {
        let mut taken = self.all()?;
        while self.take("||") {
            let other = self.all()?;
            taken = match (taken, other) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            };
        }
        Ok(taken)
    }

    fn all(&mut self) -> Result<Taken, PatternError> {
        let mut taken = self.one()?;
        while self.take("&&") {
            let other = self.one()?;
            taken = match (taken, other) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            };
        }
        Ok(taken)
    }

    fn one(&mut self) -> Result<Taken, PatternError> {
        if self.take("(") {
            self.depth += 1;
            if self.depth > DEPTH {
                return Err(self.not_understood());
            }
            let taken = self.any()?;
            self.depth -= 1;
            return if self.take(")") { Ok(taken) } else { Err(self.not_understood()) };
        }
        let field = self.field()?;
        let known = self.event.get(field);
        if self.word("NOT") {
            return if self.word("EXISTS") {
                Ok(known.map(Value::is_null))
            } else {
                Err(self.not_understood())
            };
        }
        if self.word("IS") {
            // Of what is known here nothing is true, false or null.
            let is_one = self.word("NULL") || self.word("TRUE") || self.word("FALSE");
            return if is_one { Ok(known.map(|_| false)) } else { Err(self.not_understood()) };
        }
        let equal = self.take("=");
        if !equal && !self.take("!=") {
            return self.compared(known);
        }
        let is = |text: &str, wanted: &str| matches_wildcard(wanted, text);
        let wanted = self.value()?;
        Ok(match known {
            Some(Value::String(text)) => Some(is(text, &wanted) == equal),
            // Whether what is absent differs from something, no page says.
            Some(Value::Null) if equal => Some(false),
            _ => None,
        })
    }

    /// Numbers are compared; nothing that is known here is one.
    fn compared(&mut self, known: Option<&Value>) -> Result<Taken, PatternError> {
        if !["<=", ">=", "<", ">"].iter().any(|operator| self.take(operator)) {
            return Err(self.not_understood());
        }
        self.value()?;
        Ok(known.map(|_| false))
    }

    /// `$.field`, as far as it is a name of the event itself; of what is in it nothing is known.
    fn field(&mut self) -> Result<&'a str, PatternError> {
        if !self.take("$.") {
            return Err(self.not_understood());
        }
        let is_part = |c: char| c.is_ascii_alphanumeric() || "_-.[]*".contains(c);
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let (field, after) = self.rest.split_at(end);
        if field.is_empty() {
            return Err(self.not_understood());
        }
        self.rest = after;
        Ok(field)
    }

    fn value(&mut self) -> Result<String, PatternError> {
        self.skip();
        let (value, after) = if let Some(quoted) = self.rest.strip_prefix('"') {
            quoted.split_once('"').ok_or_else(|| self.not_understood())?
        } else {
            let end = self.rest.find(|c: char| c.is_whitespace() || "()&|".contains(c));
            self.rest.split_at(end.unwrap_or(self.rest.len()))
        };
        // Escapes and regular expressions (`%...%`) are not read.
        if value.is_empty() || value.contains(['\\', '%']) {
            return Err(self.not_understood());
        }
        self.rest = after;
        Ok(value.to_owned())
    }
}

/// Whether a text is of a form in which `*` stands for anything.
fn matches_wildcard(form: &str, text: &str) -> bool {
    let mut parts = form.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of_key_deletion(pattern: &str) -> Result<bool, PatternError> {
        let event = json!({ "eventSource": "kms.amazonaws.com", "eventName": "ScheduleKeyDeletion", "errorCode": null });
        takes(pattern, event.as_object().map_or(&Map::new(), |event| event))
    }

    #[test]
    fn a_pattern_takes_every_event_of_a_kind_or_does_not() {
        for (pattern, expected) in [
            (
                "{($.eventSource = kms.amazonaws.com) && (($.eventName=DisableKey)||($.eventName=ScheduleKeyDeletion)) }",
                true,
            ),
            (r#"{ $.eventName = "ScheduleKeyDeletion" }"#, true),
            ("{ $.eventName = Schedule* }", true),
            ("{ $.eventName = *Key*ion && $.eventSource != s3.amazonaws.com }", true),
            ("{ $.eventName = ScheduleKeyDeletion && $.errorCode NOT EXISTS }", true),
            ("{ $.eventName = ScheduleKeyDeletion || $.userIdentity.type = Root }", true),
            ("", true),
            ("{ $.eventName = DisableKey }", false),
            ("{ $.eventName = schedulekeydeletion }", false),
            ("{ $.eventName != ScheduleKeyDeletion }", false),
            ("{ $.eventName = *Key }", false),
            ("{ $.eventName = ScheduleKeyDeletion && $.userIdentity.type = Root }", false),
            ("{ $.eventName = ScheduleKeyDeletion && $.errorCode = AccessDenied }", false),
            ("{ $.eventName = ScheduleKeyDeletion && $.awsRegion NOT EXISTS }", false),
            (
                "{ $.eventName = ScheduleKeyDeletion && $.requestParameters.pendingWindowInDays < 8 }",
                false,
            ),
            ("{ $.eventName IS NULL || $.readOnly IS FALSE }", false),
        ] {
            assert_eq!(of_key_deletion(pattern), Ok(expected), "{pattern}");
        }
    }

    #[test]
    fn what_is_not_understood_is_no_answer() {
        let deep = format!("{{ {} }}", "(".repeat(10_000));
        for pattern in [
            "ERROR",
            "{",
            "{}",
            "{ $.eventName }",
            "{ $.eventName = }",
            "{ $.eventName = %Key% }",
            r#"{ $.eventName = "a\"b" }"#,
            r#"{ $.eventName = "a }"#,
            "{ ($.eventName = a }",
            "{ $.eventName = a b }",
            "{ eventName = a }",
            "{ $.eventName NOT NULL }",
            "[a, b]",
            &deep,
        ] {
            assert!(of_key_deletion(pattern).is_err(), "{pattern}");
        }
    }
}
