//! What of an answer says what it is about. An answer about something else is no answer: another
//! key's state, the trail of another Region, the aliases of another account.

use serde_json::Value;

use super::{Parameters, Subject};

/// A member that says what an answer is about.
#[derive(Clone, Copy, Debug)]
pub struct Echo {
    /// Where it is: names with dots between them, `[]` behind that of a list, of which each counts.
    path: &'static str,
    /// What it has to be: text in which `{arn}`, `{account}`, `{region}` and `{resource}` (what
    /// follows the last slash of the ARN) are the resource's, and any other `{name}` is a parameter
    /// of the check. A `*` at the end stands for anything; `|` is between what is equally right.
    is: &'static str,
    /// Whether AWS always says it.
    always: bool,
}

/// A member that AWS always answers with.
pub(super) const fn says(path: &'static str, is: &'static str) -> Echo {
    Echo { path, is, always: true }
}

/// A member that AWS may leave out, and that is right where it is there.
pub(super) const fn may_say(path: &'static str, is: &'static str) -> Echo {
    Echo { path, is, always: false }
}

/// Why an answer is not about what was asked for; nothing where it is.
pub(super) fn mismatch(
    echoes: &[Echo],
    document: &Value,
    subject: &Subject,
    parameters: &Parameters,
) -> Option<String> {
    echoes.iter().find_map(|echo| {
        let mut leaves = Vec::new();
        gather(document, echo.path, &mut leaves);
        let (path, mut wanted) =
            (echo.path, echo.is.split('|').map(|one| fill(one, subject, parameters)));
        leaves.into_iter().find_map(|leaf| match leaf {
            None if !echo.always => None,
            None => Some(format!(
                "does not say `{path}`, which would be `{}`",
                wanted.next().unwrap_or_default()
            )),
            Some(Value::String(came)) if wanted.clone().any(|wanted| fits(&wanted, came)) => None,
            Some(came) => {
                let wanted: Vec<String> =
                    wanted.clone().map(|wanted| format!("`{wanted}`")).collect();
                Some(format!(
                    "is about something else: `{path}` is {came}, and not {}",
                    wanted.join(" or ")
                ))
            }
        })
    })
}

/// Every value at a path, and nothing for each that is not there. A list that is not there is
/// empty.
fn gather<'a>(value: &'a Value, path: &str, leaves: &mut Vec<Option<&'a Value>>) {
    let (name, rest) = path.split_once('.').unwrap_or((path, ""));
    let listed = name.strip_suffix("[]");
    let found = value.get(listed.unwrap_or(name));
    let each: Vec<&Value> = match (listed, found) {
        (None, Some(one)) => vec![one],
        (Some(_), Some(Value::Array(many))) => many.iter().collect(),
        (Some(_), None) => return,
        (None, None) | (Some(_), Some(_)) => return leaves.push(None),
    };
    for value in each {
        if rest.is_empty() {
            leaves.push(Some(value));
        } else {
            gather(value, rest, leaves);
        }
    }
}

/// Where a document says what it is about, as JSON pointers.
#[cfg(test)]
pub(super) fn pointers(echoes: &[Echo], document: &Value) -> Vec<String> {
    fn below(value: &Value, path: &str, at: &str, found: &mut Vec<String>) {
        let (name, rest) = path.split_once('.').unwrap_or((path, ""));
        let plain = name.trim_end_matches("[]");
        let here = format!("{at}/{plain}");
        match value.get(plain) {
            Some(_) if rest.is_empty() => found.push(here),
            Some(Value::Array(many)) if plain != name => {
                for (index, one) in many.iter().enumerate() {
                    below(one, rest, &format!("{here}/{index}"), found);
                }
            }
            Some(one) => below(one, rest, &here, found),
            None => {}
        }
    }
    let mut found = Vec::new();
    for echo in echoes {
        below(document, echo.path, "", &mut found);
    }
    found
}

/// Puts in what stands for something else. What is not known stays as it is written, which no
/// answer says.
fn fill(form: &str, subject: &Subject, parameters: &Parameters) -> String {
    let mut filled = String::new();
    let mut rest = form;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        match name {
            "arn" => filled.push_str(&subject.arn),
            "account" => filled.push_str(&subject.account),
            "region" => filled.push_str(&subject.region),
            "resource" => filled.push_str(subject.arn.rsplit('/').next().unwrap_or_default()),
            other => match parameters.get(other) {
                Some(value) => filled.push_str(value),
                None => filled.extend(["{", other, "}"]),
            },
        }
        rest = after;
    }
    filled + rest
}

fn fits(wanted: &str, came: &str) -> bool {
    match wanted.strip_suffix('*') {
        Some(start) => came.strip_prefix(start).is_some_and(|rest| !rest.is_empty()),
        None => wanted == came,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/k";

    fn mismatch_of(echo: Echo, document: &Value) -> Option<String> {
        let subject = Subject {
            name: "data".to_owned(),
            id: KEY.to_owned(),
            arn: KEY.to_owned(),
            account: "111122223333".to_owned(),
            region: "eu-west-1".to_owned(),
            organizations: std::sync::Arc::default(),
        };
        let parameters = Parameters::from([("log_group".to_owned(), "audit".to_owned())]);
        mismatch(&[echo], document, &subject, &parameters)
    }

    #[test]
    fn an_answer_is_about_what_was_asked_for() {
        for (echo, document) in [
            (says("Key.Arn", "{arn}"), json!({ "Key": { "Arn": KEY } })),
            (says("Keys[].Id", "{resource}"), json!({ "Keys": [{ "Id": "k" }, { "Id": "k" }] })),
            (says("Keys[].Id", "{resource}"), json!({ "Keys": [] })),
            (says("Keys[].Id", "{resource}"), json!({})),
            (says("KeyId", "{arn}|{resource}"), json!({ "KeyId": "k" })),
            (says("KeyId", "{arn}|{resource}"), json!({ "KeyId": KEY })),
            (says("Group", "{log_group}"), json!({ "Group": "audit" })),
            (
                says("Arn", "arn:aws:x:{region}:{account}:*"),
                json!({ "Arn": "arn:aws:x:eu-west-1:111122223333:a" }),
            ),
            (may_say("Name", "default"), json!({})),
        ] {
            assert_eq!(mismatch_of(echo, &document), None, "{echo:?} {document}");
        }
    }

    #[test]
    fn what_is_about_something_else_or_says_nothing_is_told() {
        for (echo, document, message) in [
            (
                says("Key.Arn", "{arn}"),
                json!({ "Key": { "Arn": "arn:other" } }),
                "`Key.Arn` is \"arn:other\", and not `arn:aws:kms:eu-west-1:111122223333:key/k`",
            ),
            (says("Key.Arn", "{arn}"), json!({ "Key": {} }), "does not say `Key.Arn`"),
            (says("Key.Arn", "{arn}"), json!({}), "does not say `Key.Arn`"),
            (says("Key.Arn", "{arn}"), json!({ "Key": [{ "Arn": KEY }] }), "does not say"),
            (says("Key.Arn", "{arn}"), json!({ "Key": { "Arn": [KEY] } }), "something else"),
            (
                says("Keys[].Id", "{resource}"),
                json!({ "Keys": [{ "Id": "k" }, { "Id": "l" }] }),
                "`Keys[].Id` is \"l\", and not `k`",
            ),
            (says("Keys[].Id", "{resource}"), json!({ "Keys": [{}] }), "does not say"),
            (says("Keys[].Id", "{resource}"), json!({ "Keys": { "Id": "k" } }), "does not say"),
            (says("KeyId", "{arn}|{resource}"), json!({ "KeyId": "l" }), "` or `k`"),
            (says("Group", "{other}"), json!({ "Group": "audit" }), "and not `{other}`"),
            (
                says("Arn", "arn:aws:x:{region}:{account}:*"),
                json!({ "Arn": "arn:aws:x:eu-west-1:1111222233334:a" }),
                "something else",
            ),
            (says("Arn", "a:*"), json!({ "Arn": "a:" }), "something else"),
            (may_say("Name", "default"), json!({ "Name": "other" }), "something else"),
        ] {
            let found = mismatch_of(echo, &document).unwrap_or_default();
            assert!(found.contains(message), "{echo:?} {document}: {found}");
        }
    }
}
