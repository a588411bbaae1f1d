//! Reads the scenarios folder. The only part of a suite that touches the disk.

use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use gainsay_model::Source;

use super::Folder;
use crate::files::{
    diag::{Code, Diagnostic, Diagnostics},
    yaml::{self, MAX_BYTES},
};

const MAX_FILES: usize = 2_000;

/// The architectures below `root`, or the one that `root` is.
///
/// # Errors
/// The folder cannot be read or holds no architecture.
pub fn load(root: &Path) -> Result<Vec<Folder>, Diagnostics> {
    let shown = root.display();
    let real = root.canonicalize().map_err(|error| {
        Diagnostic::new(
            Code::Unreadable,
            format!("the scenarios folder `{shown}` cannot be read: {}", reason(&error)),
        )
        .help("name another with `--scenarios DIR`")
    })?;
    let mut folders = Vec::new();
    let mut problems = Diagnostics::default();
    if root.join("environment.yaml").exists() {
        folders.push(folder(&real, root)?);
    } else {
        for path in entries(root)? {
            if path.is_dir() && path.join("environment.yaml").exists() {
                folders.push(folder(&real, &path)?);
            } else if let Some(yaml) = first_yaml(&path) {
                problems.push(not_read(root, &path, &yaml));
            }
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    if folders.is_empty() {
        return Err(Diagnostic::new(Code::NothingHere, format!("`{shown}` has no architecture"))
            .help("an architecture is a folder with an `environment.yaml`, a `baseline.yaml` and scenarios")
            .into());
    }
    Ok(folders)
}

/// A YAML file in a folder that is none of an architecture, or anywhere below it: an environment
/// before anything else.
fn first_yaml(folder: &Path) -> Option<PathBuf> {
    let yaml = |path: &&PathBuf| {
        path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
    };
    let mut found = None;
    let mut pending = vec![folder.to_owned()];
    let mut seen = 0;
    while let Some(directory) = pending.pop() {
        let entries = entries(&directory).unwrap_or_default();
        seen += entries.len();
        if let Some(environment) = entries.iter().find(|path| path.ends_with("environment.yaml")) {
            return Some(environment.clone());
        }
        found = found.or_else(|| entries.iter().find(yaml).cloned());
        // Where a link leads is no part of the folder, and may be the folder itself.
        pending.extend(entries.into_iter().filter(|path| path.is_dir() && !path.is_symlink()));
        if seen > MAX_FILES {
            break;
        }
    }
    found
}

/// What is wrong with a folder in which a YAML file is that nothing would read.
fn not_read(root: &Path, folder: &Path, yaml: &Path) -> Diagnostic {
    if yaml.ends_with("environment.yaml") {
        let architecture = yaml.parent().unwrap_or(folder);
        return Diagnostic::new(
            Code::NothingHere,
            format!(
                "`{}` is an architecture in a folder of its own, so nothing would read it",
                architecture.display()
            ),
        )
        .help(format!(
            "move it to `{}`, or name `{}` with `--scenarios`",
            root.join(architecture.file_name().unwrap_or_default()).display(),
            architecture.parent().unwrap_or(folder).display()
        ));
    }
    Diagnostic::new(
        Code::NothingHere,
        format!("`{}` has scenarios and no `environment.yaml`", folder.display()),
    )
    .help("add an `environment.yaml`, or move the folder away")
}

fn folder(root: &Path, path: &Path) -> Result<Folder, Diagnostics> {
    if !path.canonicalize().is_ok_and(|real| real.starts_with(root)) {
        return Err(leads_out(path, "copy the folder instead of linking to it").into());
    }
    let name =
        path.canonicalize().ok().and_then(|real| Some(real.file_name()?.to_str()?.to_owned()));
    let name = name.ok_or_else(|| {
        Diagnostic::new(Code::NotUtf8, format!("the name of `{}` is not UTF-8", path.display()))
    })?;
    let mut folder = Folder::new(name, path.display().to_string());
    let mut pending = vec![path.to_owned()];
    let mut seen = 0;
    while let Some(directory) = pending.pop() {
        for entry in entries(&directory)? {
            seen += 1;
            if seen > MAX_FILES {
                return Err(Diagnostic::new(
                    Code::TooLarge,
                    format!("`{}` has more than {MAX_FILES} files", path.display()),
                )
                .help("leave only what the scenarios need")
                .into());
            }
            // A link that leads out of the scenarios folder would let a copied scenario read any
            // file of the machine.
            let inside = entry.canonicalize().is_ok_and(|real| real.starts_with(root));
            let Some(relative) = entry.strip_prefix(path).ok().and_then(Path::to_str) else {
                continue;
            };
            if !inside {
                folder.insert(
                    relative,
                    Err(leads_out(&entry, "copy the file instead of linking to it")),
                );
            } else if entry.is_dir() {
                pending.push(entry);
            } else if is_input(relative) {
                folder.insert(relative, read(&entry));
            }
        }
    }
    Ok(folder)
}

fn leads_out(path: &Path, help: &str) -> Diagnostic {
    Diagnostic::new(
        Code::OutsidePath,
        format!("`{}` leads out of the scenarios folder", path.display()),
    )
    .help(help)
}

fn is_input(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| {
        ["yaml", "yml", "json", "xml"].iter().any(|known| extension.eq_ignore_ascii_case(known))
    })
}

/// The entries of a folder, sorted so that every machine reports in the same order.
fn entries(path: &Path) -> Result<Vec<PathBuf>, Diagnostics> {
    let unreadable = |error: &io::Error| {
        Diagnostic::new(
            Code::Unreadable,
            format!("the folder `{}` cannot be read: {}", path.display(), reason(error)),
        )
        .help("name a folder that you may read, with the architectures in it")
    };
    let mut entries = Vec::new();
    for entry in fs::read_dir(path).map_err(|error| unreadable(&error))? {
        entries.push(entry.map_err(|error| unreadable(&error))?.path());
    }
    entries.sort();
    Ok(entries)
}

/// One file that the command line names.
///
/// # Errors
/// It cannot be read, is too long or no UTF-8.
pub fn file(path: &Path) -> Result<Source, Diagnostic> {
    read(path)
}

/// A text from standard input.
///
/// # Errors
/// It cannot be read, is too long or no UTF-8.
pub fn standard_input(input: impl io::Read) -> Result<Source, Diagnostic> {
    let name = "standard input";
    let mut bytes = Vec::new();
    input.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(|error| {
        Diagnostic::new(Code::Unreadable, format!("{name} cannot be read: {}", reason(&error)))
            .help("name a file in place of `-`")
    })?;
    if bytes.len() > MAX_BYTES {
        return Err(yaml::too_long(name, bytes.len()));
    }
    decode(name, bytes)
}

fn read(path: &Path) -> Result<Source, Diagnostic> {
    let name = path.display().to_string();
    let unreadable = |error: io::Error| {
        Diagnostic::new(Code::Unreadable, format!("`{name}` cannot be read: {}", reason(&error)))
            .help("let the file be read, or remove it")
    };
    let size = fs::metadata(path).map_err(unreadable)?.len();
    if size > MAX_BYTES as u64 {
        return Err(yaml::too_long(&name, usize::try_from(size).unwrap_or(usize::MAX)));
    }
    decode(&name, fs::read(path).map_err(unreadable)?)
}

fn decode(name: &str, bytes: Vec<u8>) -> Result<Source, Diagnostic> {
    // A byte order mark, as editors on Windows write it, is no part of the text.
    let decoded = String::from_utf8(bytes)
        .map(|text| Source::new(name, text.strip_prefix('\u{feff}').unwrap_or(&text)));
    decoded.map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
        let source = Source::new(name, text);
        Diagnostic::new(Code::NotUtf8, format!("`{name}` is not UTF-8"))
            .at(&source, valid..valid + '\u{fffd}'.len_utf8())
            .help("save the file as UTF-8")
    })
}

fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split_once(" (os error").map_or(text.as_str(), |(message, _)| message).to_lowercase()
}
