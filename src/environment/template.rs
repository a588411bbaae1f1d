//! Fills `{{role.app.arn}}` and the like into policy documents.
//!
//! Only the text of JSON strings is touched, after parsing, so a name cannot change a document's structure. Policy
//! variables (`${aws:PrincipalTag/team}`) are left to the engine.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    diag::{Code, Diagnostic, Source},
    iam::{self, PathStep},
};

/// What each template name stands for.
pub(super) type Names = BTreeMap<String, String>;

/// Fills in every template of a document.
///
/// # Errors
/// The first template that has no such name, or is not closed.
pub(super) fn fill(source: &Source, value: &mut Value, names: &Names) -> Result<(), Diagnostic> {
    let mut path = Vec::new();
    fill_at(source, value, names, &mut path)
}

fn fill_at(source: &Source, value: &mut Value, names: &Names, path: &mut Vec<PathStep>) -> Result<(), Diagnostic> {
    match value {
        Value::String(text) if text.contains("{{") => {
            *text = fill_text(text, names).map_err(|unknown| diagnose(source, path, &unknown, names))?;
        }
        Value::Array(values) => {
            for (index, value) in values.iter_mut().enumerate() {
                path.push(PathStep::Index(index));
                fill_at(source, value, names, path)?;
                path.pop();
            }
        }
        Value::Object(members) => {
            for (key, value) in members {
                path.push(PathStep::Key(key.clone()));
                fill_at(source, value, names, path)?;
                path.pop();
            }
        }
        _ => {}
    }
    Ok(())
}

/// The filled text, or the name that is not known.
fn fill_text(text: &str, names: &Names) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").ok_or_else(|| after.to_owned())?;
        out.push_str(before);
        out.push_str(names.get(name.trim()).ok_or_else(|| name.trim().to_owned())?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

fn diagnose(source: &Source, path: &[PathStep], unknown: &str, names: &Names) -> Diagnostic {
    let span = iam::locate(source.text(), path).map_or(0..0, |place| place.range);
    Diagnostic::new(Code::BadTemplate, format!("`{{{{{unknown}}}}}` names nothing in the environment"))
        .at(source, span)
        .suggest(unknown, names.keys().map(String::as_str))
}
