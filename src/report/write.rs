//! Writes the record and its `JUnit` report below the reports folder, and reads back what was
//! written.
//!
//! A file has its name only once it was read back: whoever finds `record.json` or `junit.xml` finds
//! all of it.

#[cfg(test)]
mod tests;

use std::{
    fmt, fs,
    io::{self, BufWriter, Write as _},
    path::{Path, PathBuf},
};

use crc32fast::Hasher;
use serde::{
    Deserialize, Deserializer,
    de::{SeqAccess, Visitor},
};

use crate::{
    record::{ResultRecord, RunInfo, RunRecord, Summary},
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
    #[error(
        "`{}` was written but reads back differently; check the disk, and run again",
        shown(path)
    )]
    ReadBack {
        /// The file.
        path: PathBuf,
    },
    /// The `JUnit` report does not say what the record says.
    #[error(
        "`{}` was not written: {source}; this is a bug in gainsay, please report it",
        shown(path)
    )]
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
    /// The newest run has no record.
    #[error("the last run, `{}`, did not finish; {}", shown(run), last_finished(finished.as_deref()))]
    Unfinished {
        /// Its folder.
        run: PathBuf,
        /// The folder of the newest run that has one.
        finished: Option<PathBuf>,
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

/// Makes the folder of a run that begins, and points `latest` to it, so that nobody takes an
/// earlier run's reports for those of a run that was killed.
///
/// # Errors
/// The folder cannot be made, and when `latest` is not ours.
pub fn begin(directory: &Path, id: &str) -> Result<(), ReportError> {
    make_folder(directory, id)?;
    point_to(directory, id)
}

/// Writes `<run id>/record.json` and `<run id>/junit.xml`, reads both back, and points `latest` to
/// them.
///
/// # Errors
///
/// When a file cannot be written, reads back differently, or is there already; and when `latest` is
/// not ours. The reports are written in that last case.
pub fn write(directory: &Path, record: &RunRecord) -> Result<Vec<PathBuf>, ReportError> {
    let id = &record.run.id;
    let folder = make_folder(directory, id)?;

    let (path, junit_path) = (folder.join(RECORD), folder.join(JUNIT));
    // Each takes as long as a good part of a run on the sandbox.
    let (json, junit) = std::thread::scope(|scope| {
        let junit = scope.spawn(|| draft_junit(&junit_path, record));
        (draft_record(&path, record), junit.join())
    });
    json?.publish()?;
    // Only a panic, which lints forbid, ends the other thread early.
    junit.unwrap_or_else(|_| Err(ReportError::ReadBack { path: junit_path.clone() }))?.publish()?;

    point_to(directory, id)?;
    Ok(vec![path, junit_path])
}

/// The folder of a run, which is there afterwards.
fn make_folder(directory: &Path, id: &str) -> Result<PathBuf, ReportError> {
    let is_name = !id.is_empty()
        && !id.starts_with('.')
        && id.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    if !is_name || id == "latest" || id == LATEST {
        return Err(ReportError::RunId { id: id.to_owned() });
    }
    let folder = directory.join(id);
    fs::create_dir_all(&folder).map_err(|source| cannot("make the folder", &folder, source))?;
    Ok(folder)
}

fn draft_record(path: &Path, record: &RunRecord) -> Result<Draft, ReportError> {
    let of_record = |source| ReportError::Record { path: path.to_owned(), source };
    let render = |out: &mut BufWriter<Out>| {
        serde_json::to_writer_pretty(&mut *out, record).map_err(of_record)?;
        _ = out.write_all(b"\n");
        Ok(())
    };
    draft(path, render, |bytes| {
        let read: ReadBack = serde_json::from_slice(bytes).map_err(of_record)?;
        if read.results.0 == record.results.len() {
            return Ok(());
        }
        Err(ReportError::ReadBack { path: path.to_owned() })
    })
}

fn draft_junit(path: &Path, record: &RunRecord) -> Result<Draft, ReportError> {
    let of_junit = |source| ReportError::Junit { path: path.to_owned(), source };
    let render = |out: &mut BufWriter<Out>| junit::render(record, out).map_err(of_junit);
    draft(path, render, |bytes| junit::check(bytes, record).map_err(of_junit))
}

/// A record as it is read back: every result is read, and none is kept.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "that it can be read is what is asked")]
struct ReadBack {
    run: RunInfo,
    summary: Summary,
    results: Many,
}

/// How many results there are.
struct Many(usize);

impl<'de> Deserialize<'de> for Many {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Counts;
        impl<'de> Visitor<'de> for Counts {
            type Value = Many;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of results")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut results: A) -> Result<Many, A::Error> {
                let mut many = 0;
                while results.next_element::<ResultRecord>()?.is_some() {
                    many += 1;
                }
                Ok(Many(many))
            }
        }
        deserializer.deserialize_seq(Counts)
    }
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
        io::ErrorKind::NotFound if folder.exists() => ReportError::Unfinished {
            run: folder.canonicalize().unwrap_or_else(|_| folder.clone()),
            finished: newest_finished(directory),
        },
        io::ErrorKind::NotFound => ReportError::NoLatest { path: directory.to_owned() },
        _ => cannot("read", &path, source),
    })?;
    serde_json::from_slice(&bytes).map_err(|source| ReportError::Record { path, source })
}

/// The folder of the newest run that has a record: run ids begin with the time.
fn newest_finished(directory: &Path) -> Option<PathBuf> {
    let folders = fs::read_dir(directory).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let finished = folders.filter(|folder| !folder.is_symlink() && folder.join(RECORD).is_file());
    finished.max()
}

fn last_finished(folder: Option<&Path>) -> String {
    let advice = "run once without `--rerun-failed`";
    match folder {
        Some(folder) => format!("the last that did is `{}`; {advice}", shown(folder)),
        None => format!("none before it did; {advice}"),
    }
}

/// A file that was written under another name, and read back and checked. It is removed unless it
/// is published.
struct Draft {
    draft: PathBuf,
    path: PathBuf,
}

impl Draft {
    /// Gives it its name.
    fn publish(self) -> Result<(), ReportError> {
        fs::rename(&self.draft, &self.path).map_err(|source| cannot("write", &self.path, source))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Gone where it was published; else the first problem is the one to tell, and a draft that
        // stays is only litter.
        _ = fs::remove_file(&self.draft);
    }
}

/// A file that is being written, and a checksum of what should be in it: against a disk that keeps
/// something else, not against people.
struct Out {
    file: fs::File,
    sum: Hasher,
    /// What the file system said no to: the formats wrap it, each in its own way.
    problem: Option<io::Error>,
}

impl io::Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.file.write_all(bytes) {
            Ok(()) => {
                self.sum.update(bytes);
                Ok(bytes.len())
            }
            Err(problem) => {
                let kind = problem.kind();
                self.problem.get_or_insert(problem);
                Err(kind.into())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Writes a draft, reads it back and has it checked. Nothing of a report is in memory twice: of
/// many results each is large.
fn draft(
    path: &Path,
    render: impl FnOnce(&mut BufWriter<Out>) -> Result<(), ReportError>,
    check: impl FnOnce(&[u8]) -> Result<(), ReportError>,
) -> Result<Draft, ReportError> {
    if path.symlink_metadata().is_ok() {
        return Err(ReportError::Exists { path: path.to_owned() });
    }
    let draft = Draft { draft: draft_of(path), path: path.to_owned() };
    let unwritten = |source| cannot("write", path, source);
    let file = fs::File::create(&draft.draft).map_err(unwritten)?;
    let out = Out { file, sum: Hasher::new(), problem: None };
    let mut out = BufWriter::with_capacity(64 << 10, out);
    let rendered = render(&mut out);
    let flushed = out.flush();
    let (out, _) = out.into_parts();
    if let Some(problem) = out.problem {
        return Err(unwritten(problem));
    }
    rendered?;
    flushed.map_err(unwritten)?;
    let back = fs::read(&draft.draft).map_err(|source| cannot("read back", path, source))?;
    if crc32fast::hash(&back) != out.sum.finalize() {
        return Err(ReportError::ReadBack { path: path.to_owned() });
    }
    check(&back)?;
    Ok(draft)
}

/// A name in the same folder, so that renaming cannot fall back on copying; of this process, so
/// that two cannot meet.
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
    let id = fs::read_to_string(directory.join(LATEST))
        .map_err(|_| ReportError::NoLatest { path: directory.to_owned() })?;
    Ok(directory.join(id))
}

fn cannot(action: &'static str, path: &Path, source: io::Error) -> ReportError {
    let advice = match source.kind() {
        io::ErrorKind::StorageFull => "make room on the disk",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "choose a writable folder with `--report-dir`"
        }
        _ => "choose another folder with `--report-dir`",
    };
    ReportError::Io { action, path: path.to_owned(), source, advice }
}

fn shown(path: &Path) -> String {
    one_line(&path.display().to_string())
}
