//! Changes of the shipped scenarios: the rows of `tests/weakenings/table.toml`, which says what
//! they hold, and JSON Patches (RFC 6902) whose paths may name members of lists.

use std::{collections::BTreeSet, fs, path::Path};

use json_patch::{
    PatchOperation,
    jsonptr::{Pointer, PointerBuf, Token},
};
use serde::Deserialize;
use serde_json::{Value, json};

/// `tests/weakenings/table.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// What must fail, each row alone.
    #[serde(rename = "weakening")]
    pub weakenings: Vec<Row>,
    /// What weakens nothing; the tests that name a row say what comes of it.
    #[serde(rename = "change")]
    pub changes: Vec<Row>,
}

/// A change of one file of some architectures, each alone.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// What is changed, in a few words; once in an architecture.
    pub id: String,
    /// The folders of the architectures.
    #[serde(rename = "in")]
    pub architectures: Vec<String>,
    /// The file below the architecture's folder.
    pub file: String,
    patch: Option<Vec<PatchOperation>>,
    from: Option<String>,
    to: Option<String>,
    /// The controls that fail then.
    #[serde(default)]
    pub fails: BTreeSet<String>,
    /// Only checks see it, and no other control fails.
    #[serde(default)]
    pub read: bool,
}

impl Table {
    pub fn read() -> Self {
        toml::from_str(include_str!("../../weakenings/table.toml")).unwrap()
    }

    /// The row that is called `architecture/id`.
    fn row(&self, name: &str) -> &Row {
        let (architecture, id) = name.split_once('/').unwrap();
        let rows = self.weakenings.iter().chain(&self.changes);
        let mut found = rows
            .filter(|row| row.id == id && row.architectures.iter().any(|one| one == architecture));
        let row = found.next().unwrap_or_else(|| panic!("no row is called `{name}`"));
        assert!(found.next().is_none(), "two rows are called `{name}`");
        row
    }
}

impl Row {
    /// The text of the file with the change; nothing where it has not what is changed, or not
    /// once, or nothing is changed.
    pub fn changed(&self, text: &str) -> Option<String> {
        let changed = match (&self.patch, &self.from, &self.to) {
            (Some(patch), None, None) => {
                let document = serde_json::from_str(text).unwrap();
                format!("{:#}", patched(&document, patch)?)
            }
            (None, Some(from), Some(to)) => {
                (text.matches(from).count() == 1).then(|| text.replace(from, to))?
            }
            _ => panic!("`{}` needs a `patch`, or `from` and `to`", self.id),
        };
        (changed != text).then_some(changed)
    }
}

/// Makes the change of the row that is called `architecture/id` in a copy of the scenarios.
pub fn change(scenarios: &Path, name: &str) {
    change_in(&scenarios.join(name.split_once('/').unwrap().0), name);
}

/// Makes the change of the row that is called `architecture/id` in a copy of the architecture,
/// whatever the copy is called.
pub fn change_in(architecture: &Path, name: &str) {
    let table = Table::read();
    let row = table.row(name);
    let path = architecture.join(&row.file);
    let changed = row.changed(&fs::read_to_string(&path).unwrap());
    let changed = changed.unwrap_or_else(|| panic!("{} has not what `{name}` changes", row.file));
    fs::write(path, changed).unwrap();
}

/// Adds a member to an object, instead of one that is there; or to a list, before an index or,
/// with `-`, at the end.
pub fn add(path: &str, value: impl Into<Value>) -> PatchOperation {
    operation(json!({ "op": "add", "path": path, "value": value.into() }))
}

/// Removes a member that is there.
pub fn remove(path: &str) -> PatchOperation {
    operation(json!({ "op": "remove", "path": path }))
}

/// Puts a value instead of a member that is there.
pub fn replace(path: &str, value: impl Into<Value>) -> PatchOperation {
    operation(json!({ "op": "replace", "path": path, "value": value.into() }))
}

fn operation(value: Value) -> PatchOperation {
    serde_json::from_value(value).unwrap()
}

/// A segment of a path: `/` and `~` have a meaning there.
pub fn segment(text: &str) -> String {
    Token::new(text).encoded().to_owned()
}

/// The document after a patch; nothing where the patch does not fit or changes nothing. In a path,
/// a segment of a list that is neither a number nor `-` selects its only member that is this text
/// or has it as a value, as its `Sid`.
pub fn patched(document: &Value, patch: &[PatchOperation]) -> Option<Value> {
    let mut changed = document.clone();
    for operation in patch {
        let mut operation = operation.clone();
        let path = match &mut operation {
            PatchOperation::Add(add) => &mut add.path,
            PatchOperation::Remove(remove) => &mut remove.path,
            PatchOperation::Replace(replace) => &mut replace.path,
            PatchOperation::Move(_) | PatchOperation::Copy(_) | PatchOperation::Test(_) => {
                panic!("tests/same knows no such operation: {operation}")
            }
        };
        *path = with_indices(path, &changed);
        json_patch::patch(&mut changed, &[operation]).ok()?;
    }
    (changed != *document).then_some(changed)
}

/// The path with indices of what it names in lists; what is not there stays a name, which no list
/// has.
fn with_indices(path: &Pointer, document: &Value) -> PointerBuf {
    let mut at = Some(document);
    let segments = path.tokens().map(|token| {
        let name = token.decoded();
        let segment = match at {
            Some(Value::Array(list)) => {
                index(list, &name).map_or_else(|| name.to_string(), |index| index.to_string())
            }
            _ => name.to_string(),
        };
        at = at.and_then(|value| match value {
            Value::Array(list) => list.get(segment.parse::<usize>().ok()?),
            other => other.get(&segment),
        });
        Token::new(segment)
    });
    PointerBuf::from_tokens(segments)
}

fn index(list: &[Value], name: &str) -> Option<usize> {
    if name == "-" || name.parse::<usize>().is_ok() {
        return None;
    }
    let is_it = |member: &Value| {
        member == name
            || member.as_object().is_some_and(|object| object.values().any(|value| value == name))
    };
    let mut found = list.iter().enumerate().filter(|(_, member)| is_it(member));
    let (index, _) = found.next()?;
    found.next().is_none().then_some(index)
}
