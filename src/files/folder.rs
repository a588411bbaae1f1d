//! The files of one architecture, read into memory: everything after this is pure.

use std::collections::BTreeMap;

use gainsay_model::Source;

use crate::files::diag::{Code, Diagnostic};

/// The files of one architecture, by path relative to its folder, with `/` between.
#[derive(Clone, Debug, Default)]
pub struct Folder {
    /// The architecture's name: that of its folder.
    pub name: String,
    /// The folder as the user would type it.
    pub path: String,
    files: BTreeMap<String, Result<Source, Diagnostic>>,
}

impl Folder {
    /// An empty folder.
    #[must_use]
    pub fn new(name: impl Into<String>, path: impl Into<String>) -> Self {
        Self { name: name.into(), path: path.into(), files: BTreeMap::new() }
    }

    /// Adds a file, or the reason why it cannot be read.
    pub fn insert(&mut self, path: impl Into<String>, file: Result<Source, Diagnostic>) {
        self.files.insert(path.into(), file);
    }

    /// Removes a file.
    pub fn remove(&mut self, path: &str) {
        self.files.remove(path);
    }

    /// The file at a path that a file of this folder names.
    ///
    /// # Errors
    /// The path leads out of the folder, or there is no such file, or it cannot be read.
    pub fn file(&self, path: &str) -> Result<&Source, Diagnostic> {
        let normal = normal(path).ok_or_else(|| {
            Diagnostic::new(
                Code::OutsidePath,
                format!("`{}` leads out of the scenarios folder", path.escape_debug()),
            )
            .help(format!("paths are relative to `{}`; copy the file there", self.path))
        })?;
        match self.files.get(&normal) {
            Some(Ok(source)) => Ok(source),
            Some(Err(problem)) => Err(problem.clone()),
            None => Err(Diagnostic::new(
                Code::Unreadable,
                format!("there is no file `{}` in `{}`", path.escape_debug(), self.path),
            )
            .suggest(&normal, self.files.keys().map(String::as_str))),
        }
    }

    /// The bindings, where there are some.
    #[must_use]
    pub fn bindings(&self) -> Option<&Result<Source, Diagnostic>> {
        self.files.get("bindings.yaml")
    }

    /// The waivers, where there are some.
    #[must_use]
    pub fn waivers(&self) -> Option<&Result<Source, Diagnostic>> {
        self.files.get("waivers.yaml")
    }

    /// The scenario files: YAML directly in the folder, apart from the environment, its bindings,
    /// the baseline and its waivers.
    pub fn scenarios(&self) -> impl Iterator<Item = (&str, &Result<Source, Diagnostic>)> {
        self.yaml().filter_map(|(path, stem, file)| {
            let scenario = !path.contains('/')
                && !matches!(
                    path,
                    "environment.yaml" | "bindings.yaml" | "baseline.yaml" | "waivers.yaml"
                );
            scenario.then_some((stem, file))
        })
    }

    /// YAML files that nothing would read, or that would read as another: what is in them would be
    /// missed without a word.
    #[must_use]
    pub fn misplaced(&self) -> Vec<Diagnostic> {
        let mut problems = Vec::new();
        let mut stems: Vec<&str> = Vec::new();
        for (path, stem, _) in self.yaml() {
            let shown = path.escape_debug();
            if path.contains('/') {
                problems.push(
                    Diagnostic::new(Code::OutsidePath, format!("nothing reads `{shown}` in `{}`", self.path))
                        .help("scenarios lie directly in the architecture's folder; move it there, or away"),
                );
            } else if stems.contains(&stem) {
                problems.push(
                    Diagnostic::new(
                        Code::DuplicateName,
                        format!("`{shown}` in `{}` has the name of another file", self.path),
                    )
                    .help("result ids begin with the file's name; give it its own"),
                );
            } else if stem == "checks" {
                problems.push(
                    Diagnostic::new(
                        Code::DuplicateName,
                        format!("`{shown}` in `{}` has the name that checks have", self.path),
                    )
                    .help("the ids of checks begin with `checks`; give the scenario its own name"),
                );
            }
            stems.push(stem);
        }
        problems
    }

    /// Path, path without extension, and content of every YAML file.
    fn yaml(&self) -> impl Iterator<Item = (&str, &str, &Result<Source, Diagnostic>)> {
        self.files.iter().filter_map(|(path, file)| {
            let (stem, extension) = path.rsplit_once('.')?;
            let yaml = ["yaml", "yml"].iter().any(|known| extension.eq_ignore_ascii_case(known));
            yaml.then_some((path.as_str(), stem, file))
        })
    }
}

/// `a/./b` as `a/b`; nothing for a path that is absolute or leaves the folder.
fn normal(path: &str) -> Option<String> {
    if path.starts_with('/') || path.contains(['\\', '\0']) {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop()?,
            part => parts.push(part),
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::normal;

    #[test]
    fn a_path_stays_in_its_folder() {
        assert_eq!(normal("policies/./a.json").as_deref(), Some("policies/a.json"));
        assert_eq!(normal("policies/../a.json").as_deref(), Some("a.json"));
        for outside in ["../a.json", "/etc/passwd", "a/../../b", "", "..", "a\\..\\b", "a\0b"] {
            assert_eq!(normal(outside), None, "{outside}");
        }
    }
}
