//! Writes the record and its `JUnit` report below the reports folder, and reads back what was written.
//!
//! A file has its name only once it was read back: whoever finds `record.json` or `junit.xml` finds all of it.

#[cfg(test)]
mod tests;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    record::RunRecord,
    report::{
        junit::{self, JunitError},
        one_line,
    },
};

/// The record's file in the folder of a run.
const RECORD: &str = "record.json";
/// The `JUnit` report's file in the folder of a run.
const JUNIT: &str = "junit.xml";
/// What points to the newest run: a link, or a file with its id where there are no links.
const LATEST: &str = if cfg!(unix) { "latest" } else { "latest.txt" };

/// Why a report was not written, or cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The file system said no.
    #[error("cannot {action} `{}`: {source}; {advice}", shown(path))]
    Io {
        /// What was to be done.
        action: &'static str,
        /// To which file.
        path: PathBuf,
        /// What the file system said.
        source: io::Error,
        /// What the reader can do.
        advice: &'static str,
    },
    /// A run id that is no plain name of a folder.
    #[error("`{}` cannot be a run id: it must be the name of a folder", one_line(id))]
    RunId {
        /// The id.
        id: String,
    },
    /// There are reports of this run already.
    #[error(
        "`{}` exists already: a report is never overwritten; move it away, or choose another folder with `--report-dir`",
        shown(path)
    )]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// What should point to the newest run is something else.
    #[error(
        "`{}` is not a link that gainsay made, so it is left alone; move it away, or choose another folder with `--report-dir`",
        shown(path)
    )]
    LatestNotLink {
        /// The file or folder.
        path: PathBuf,
    },
    /// What was read back is not what was written.
    #[error("`{}` was written but reads back differently; check the disk, and run again", shown(path))]
    ReadBack {
        /// The file.
        path: PathBuf,
    },
    /// The `JUnit` report does not say what the record says.
    #[error("`{}` was not written: {source}; this is a bug in gainsay, please report it", shown(path))]
    Junit {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: JunitError,
    },
    /// The record is no record.
    #[error("`{}` is not a record of this version of gainsay: {}; run once without `--rerun-failed`", shown(path), one_line(&source.to_string()))]
    Record {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// No run was recorded.
    #[error(
        "there is no earlier run in `{}`; run once without `--rerun-failed`, or name its folder with `--report-dir`",
        shown(path)
    )]
    NoLatest {
        /// The reports folder.
        path: PathBuf,
    },
}

/// Writes `<run id>/record.json` and `<run id>/junit.xml`, reads both back, and points `latest` to them.
///
/// # Errors
///
/// When a file cannot be written, reads back differently, or is there already; and when `latest` is not ours. The reports
/// are written in that last case.
pub fn write(directory: &Path, record: &RunRecord) -> Result<Vec<PathBuf>, ReportError> {
    let id = &record.run.id;
    let is_name = !id.is_empty() && !id.starts_with('.') && id.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    if !is_name || id == "latest" || id == LATEST {
        return Err(ReportError::RunId { id: id.clone() });
    }
    let folder = directory.join(id);
    fs::create_dir_all(&folder).map_err(|source| cannot("make the folder", &folder, source))?;

    let path = folder.join(RECORD);
    let of_record = |source| ReportError::Record {
        path: path.clone(),
        source,
    };
    {
        // Gone before the other report is made: of many results each is large.
        let mut json = serde_json::to_vec_pretty(record).map_err(of_record)?;
        json.push(b'\n');
        publish(&path, &json, |bytes| {
            serde_json::from_slice::<RunRecord>(bytes).map(drop).map_err(of_record)
        })?;
    }

    let junit_path = folder.join(JUNIT);
    let of_junit = |source| ReportError::Junit {
        path: junit_path.clone(),
        source,
    };
    let xml = junit::render(record).map_err(of_junit)?;
    publish(&junit_path, &xml, |bytes| junit::check(bytes, record).map_err(of_junit))?;

    point_to(directory, id)?;
    Ok(vec![path, junit_path])
}

/// The record of the newest run.
///
/// # Errors
///
/// When there is none, or it cannot be read.
pub fn read_latest(directory: &Path) -> Result<RunRecord, ReportError> {
    let folder = latest_folder(directory)?;
    let path = folder.join(RECORD);
    let bytes = fs::read(&path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => ReportError::NoLatest {
            path: directory.to_owned(),
        },
        _ => cannot("read", &path, source),
    })?;
    serde_json::from_slice(&bytes).map_err(|source| ReportError::Record { path, source })
}

/// Writes under another name, reads back, has it checked, and only then gives it its name.
fn publish(path: &Path, bytes: &[u8], check: impl FnOnce(&[u8]) -> Result<(), ReportError>) -> Result<(), ReportError> {
    if path.symlink_metadata().is_ok() {
        return Err(ReportError::Exists { path: path.to_owned() });
    }
    let draft = draft_of(path);
    let written = write_draft(&draft, bytes, path).and_then(|back| {
        if back != bytes {
            return Err(ReportError::ReadBack { path: path.to_owned() });
        }
        check(&back)?;
        fs::rename(&draft, path).map_err(|source| cannot("write", path, source))
    });
    if written.is_err() {
        // The first problem is the one to tell; a draft that stays is only litter.
        let _ = fs::remove_file(&draft);
    }
    written
}

/// Writes the draft and reads it back.
fn write_draft(draft: &Path, bytes: &[u8], path: &Path) -> Result<Vec<u8>, ReportError> {
    fs::write(draft, bytes).map_err(|source| cannot("write", path, source))?;
    fs::read(draft).map_err(|source| cannot("read back", path, source))
}

/// A name in the same folder, so that renaming cannot fall back on copying; of this process, so that two cannot meet.
fn draft_of(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}", std::process::id()))
}

#[cfg(unix)]
fn point_to(directory: &Path, id: &str) -> Result<(), ReportError> {
    let latest = directory.join(LATEST);
    if latest.symlink_metadata().is_ok_and(|metadata| !metadata.is_symlink()) {
        return Err(ReportError::LatestNotLink { path: latest });
    }
    // A link cannot be changed; a new one is put in its place at once, so that there always is one.
    let draft = draft_of(&latest);
    let _ = fs::remove_file(&draft);
    std::os::unix::fs::symlink(id, &draft).map_err(|source| cannot("write", &latest, source))?;
    fs::rename(&draft, &latest).map_err(|source| {
        let _ = fs::remove_file(&draft);
        cannot("write", &latest, source)
    })
}

#[cfg(not(unix))]
fn point_to(directory: &Path, id: &str) -> Result<(), ReportError> {
    let latest = directory.join(LATEST);
    if latest.symlink_metadata().is_ok_and(|metadata| !metadata.is_file()) {
        return Err(ReportError::LatestNotLink { path: latest });
    }
    let draft = draft_of(&latest);
    fs::write(&draft, id)
        .and_then(|()| fs::rename(&draft, &latest))
        .map_err(|source| cannot("write", &latest, source))
}

#[cfg(unix)]
#[expect(
    clippy::unnecessary_wraps,
    reason = "where there are no links, the file with the id can be unreadable"
)]
fn latest_folder(directory: &Path) -> Result<PathBuf, ReportError> {
    Ok(directory.join(LATEST))
}

#[cfg(not(unix))]
fn latest_folder(directory: &Path) -> Result<PathBuf, ReportError> {
    let id = fs::read_to_string(directory.join(LATEST)).map_err(|_| ReportError::NoLatest {
        path: directory.to_owned(),
    })?;
    Ok(directory.join(id))
}

fn cannot(action: &'static str, path: &Path, source: io::Error) -> ReportError {
    let advice = match source.kind() {
        io::ErrorKind::StorageFull => "make room on the disk",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => "choose a writable folder with `--report-dir`",
        _ => "choose another folder with `--report-dir`",
    };
    ReportError::Io {
        action,
        path: path.to_owned(),
        source,
        advice,
    }
}

fn shown(path: &Path) -> String {
    one_line(&path.display().to_string())
}
