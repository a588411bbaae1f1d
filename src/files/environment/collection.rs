//! Collections: alike things of which a member is one entry, as teams with a role and a key each.
//!
//! Before anything is resolved a collection is written out: for every member the template's role,
//! key and bucket, under the member's name. What follows knows only roles, keys and buckets; that
//! they belong together is kept in [`Collection`].

use std::{collections::BTreeMap, sync::Arc};

use gainsay_model::{Bucket, Key, Role, Source};

use super::{
    raw::{RawCollection, RawEnvironment, RawTemplate},
    template::Names,
};
use crate::files::{
    diag::{Code, Diagnostic, Diagnostics},
    syntax::{bad_name, is_name},
    yaml::{Entries, Located},
};

/// Alike things, in file order.
#[derive(Debug)]
pub struct Collection {
    /// Its name, as `teams`.
    pub name: String,
    /// Its members.
    pub members: Vec<Arc<Member>>,
}

/// One of them.
#[derive(Debug)]
pub struct Member {
    /// Its name, which is that of its role, key and bucket too.
    pub name: String,
    /// Its role, where the template has one.
    pub role: Option<Arc<Role>>,
    /// Its key, where the template has one.
    pub key: Option<Arc<Key>>,
    /// Its bucket, where the template has one.
    pub bucket: Option<Arc<Bucket>>,
    /// What its entry says besides.
    pub fields: Vec<(String, String)>,
}

impl Member {
    /// What its entry says under a name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }
}

/// Names a collection cannot have: in templates and `for_each` they mean something else.
const TAKEN: [&str; 10] = [
    "account", "accounts", "region", "caller", "role", "roles", "bucket", "buckets", "key", "keys",
];
/// Fields a member cannot have, for the same reason.
const TAKEN_FIELDS: [&str; 3] = ["role", "key", "bucket"];

/// Writes every collection out.
///
/// # Errors
/// Every member and template that is wrong.
pub(super) fn expand(source: &Source, raw: &RawEnvironment) -> Result<RawEnvironment, Diagnostics> {
    let mut expanded = raw.clone();
    let mut problems = Diagnostics::default();
    let mut report = |problem: Diagnostic, at: &Located<String>| {
        problems.push(problem.at(source, at.span.clone()));
    };
    for (name, collection) in &raw.collections.0 {
        if TAKEN.contains(&name.value.as_str()) || !is_name(&name.value) {
            report(
                Diagnostic::new(
                    Code::BadValue,
                    format!("`{}` cannot be a collection's name", name.value),
                )
                .help("call it what it is, as `teams`"),
                name,
            );
        }
        let mut names: Vec<&str> = Vec::new();
        for member in &collection.members {
            let Some(called) = member_name(name, member, &mut report) else {
                continue;
            };
            if names.contains(&called.value.as_str()) {
                report(
                    Diagnostic::new(
                        Code::DuplicateName,
                        format!("`{}` is used twice", called.value),
                    )
                    .help("give each its own"),
                    called,
                );
                continue;
            }
            names.push(&called.value);
            add(&mut expanded, &collection.template, called, member, &mut report);
        }
    }
    if problems.has_errors() { Err(problems) } else { Ok(expanded) }
}

fn member_name<'m>(
    collection: &Located<String>,
    member: &'m Entries<Located<String>>,
    report: &mut impl FnMut(Diagnostic, &Located<String>),
) -> Option<&'m Located<String>> {
    for (field, _) in &member.0 {
        if TAKEN_FIELDS.contains(&field.value.as_str()) || !is_name(&field.value) {
            report(
                Diagnostic::new(
                    Code::BadValue,
                    format!("`{}` cannot be a member's field", field.value),
                )
                .help("`role`, `key` and `bucket` come from the template"),
                field,
            );
        }
    }
    let Some(name) = member.get("name") else {
        let at = member.0.first().map_or(collection, |(field, _)| field);
        report(
            Diagnostic::new(
                Code::MissingKey,
                format!("a member of `{}` has no `name`", collection.value),
            )
            .help("add `name:`"),
            at,
        );
        return None;
    };
    if !is_name(&name.value) {
        report(bad_name(&name.value), name);
        return None;
    }
    Some(name)
}

/// Adds a member's role, key and bucket to the environment.
fn add(
    expanded: &mut RawEnvironment,
    template: &RawTemplate,
    name: &Located<String>,
    member: &Entries<Located<String>>,
    report: &mut impl FnMut(Diagnostic, &Located<String>),
) {
    let mut fill = |texts: Vec<&mut Located<String>>| {
        for text in texts {
            match filled(&text.value, &name.value, member) {
                Ok(filled) => text.value = filled,
                Err(unknown) => {
                    let problem = Diagnostic::new(Code::BadTemplate, unknown.to_string())
                        .suggest(unknown.written(), member.names());
                    report(problem, text);
                }
            }
        }
    };
    if let Some(role) = &template.role {
        let mut role = role.clone();
        fill(role.texts());
        expanded.roles.0.push((name.clone(), role));
    }
    if let Some(key) = &template.key {
        let mut key = key.clone();
        fill(key.texts());
        expanded.keys.0.push((name.clone(), key));
    }
    if let Some(bucket) = &template.bucket {
        let mut bucket = bucket.clone();
        fill(bucket.texts());
        expanded.buckets.0.push((name.clone(), bucket));
    }
    for names in [
        expanded.roles.names().collect::<Vec<_>>(),
        expanded.keys.names().collect(),
        expanded.buckets.names().collect(),
    ] {
        if names.iter().filter(|other| **other == name.value).count() > 1 {
            report(
                Diagnostic::new(
                    Code::DuplicateName,
                    format!("`{}` already names something else here", name.value),
                )
                .help("give the member another name"),
                name,
            );
        }
    }
}

/// A `{field}` of a template that its member does not fill in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum FieldError {
    /// A brace without its partner.
    #[error("`{{{rest}}}` is no field of the member `{member}`")]
    NotClosed {
        /// All that follows the brace.
        rest: String,
        member: String,
    },
    /// The member's entry has no such field.
    #[error("`{{{field}}}` is no field of the member `{member}`")]
    Unknown { field: String, member: String },
}

impl FieldError {
    /// What is written after the brace.
    fn written(&self) -> &str {
        match self {
            Self::NotClosed { rest: written, .. } | Self::Unknown { field: written, .. } => written,
        }
    }
}

/// Fills in `{field}`; `{{name}}` is left for when all names are known. What is filled in is not
/// scanned again.
fn filled(text: &str, name: &str, member: &Entries<Located<String>>) -> Result<String, FieldError> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        if let Some((later, after)) =
            after.strip_prefix('{').and_then(|inner| inner.split_once("}}"))
        {
            out.extend(["{{", later, "}}"]);
            rest = after;
            continue;
        }
        let (field, after) = after.split_once('}').ok_or_else(|| FieldError::NotClosed {
            rest: after.to_owned(),
            member: name.to_owned(),
        })?;
        let unknown = || FieldError::Unknown { field: field.to_owned(), member: name.to_owned() };
        out.push_str(&member.get(field.trim()).ok_or_else(unknown)?.value);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

/// The members' values, for policy templates: `teams.*.role.arn` is a list, `member.role.arn` the
/// member's own.
#[derive(Debug, Default)]
pub(super) struct MemberNames {
    lists: BTreeMap<String, Vec<String>>,
    own: BTreeMap<String, Names>,
}

impl MemberNames {
    /// Collects them; what roles, keys and buckets have is taken from the names already known.
    pub(super) fn of(raw: &RawEnvironment, names: &Names) -> Self {
        let mut found = Self::default();
        for (name, collection) in &raw.collections.0 {
            for member in &collection.members {
                found.add(&name.value, collection, member, names);
            }
        }
        found
    }

    fn add(
        &mut self,
        collection: &str,
        raw: &RawCollection,
        member: &Entries<Located<String>>,
        names: &Names,
    ) {
        let Some(name) = member.get("name") else { return };
        let mut values: Names = member
            .0
            .iter()
            .map(|(field, value)| (field.value.clone(), value.value.clone()))
            .collect();
        for (kind, there) in [
            ("role", raw.template.role.is_some()),
            ("key", raw.template.key.is_some()),
            ("bucket", raw.template.bucket.is_some()),
        ] {
            let prefix = format!("{kind}.{}.", name.value);
            let own = names
                .range(prefix.clone()..)
                .take_while(|(key, _)| there && key.starts_with(&prefix));
            values.extend(own.map(|(key, value)| {
                (format!("{kind}.{}", key.trim_start_matches(&prefix)), value.clone())
            }));
        }
        for (path, value) in &values {
            self.lists.entry(format!("{collection}.*.{path}")).or_default().push(value.clone());
        }
        let own =
            values.into_iter().map(|(path, value)| (format!("member.{path}"), value)).collect();
        self.own.insert(name.value.clone(), own);
    }

    /// What `{{teams.*.role.arn}}` stands for.
    pub(super) fn list(&self, path: &str) -> Option<&[String]> {
        self.lists.get(path).map(Vec::as_slice)
    }

    /// What a policy of a member's role, key or bucket may name besides.
    pub(super) fn own(&self, member: &str) -> Option<&Names> {
        self.own.get(member)
    }

    /// Every list's name, for suggestions.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.lists.keys().map(String::as_str)
    }
}
