//! `gainsay pages`.

use std::{fs, io, path::PathBuf};

use clap::Args;

use super::Terminal;
use crate::{
    exit::Exit,
    files::load,
    report::{
        one_line,
        pages::{Page, pages},
    },
    suite,
};

/// Write a page for each control and each architecture: statement, rationale, evidence,
/// remediation and framework mappings
#[derive(Debug, Args)]
pub(super) struct Pages {
    /// The folder of the pages
    #[arg(value_name = "DIR", default_value = "docs")]
    folder: PathBuf,
    /// The scenarios folder
    #[arg(long, value_name = "DIR", default_value = "scenarios")]
    scenarios: PathBuf,
    /// Write nothing; fail if a page is not current
    #[arg(long)]
    check: bool,
}

impl Pages {
    pub(super) fn execute(&self, terminal: &mut Terminal) -> io::Result<Exit> {
        let loaded = load::load(&self.scenarios).and_then(|folders| suite::resolve(&folders));
        let architectures = match loaded {
            Ok((architectures, _)) => architectures,
            Err(problems) => return terminal.refuse(&problems),
        };
        let pages = pages(&architectures);
        let stale: Vec<&Page> = pages.iter().filter(|page| !self.is_current(page)).collect();
        if self.check {
            let forgotten = self.forgotten(&pages);
            for page in &stale {
                let path = self.folder.join(&page.path);
                writeln!(
                    terminal.err,
                    "`{}` is not current; `gainsay pages` writes it",
                    one_line(&path.display().to_string())
                )?;
            }
            for path in &forgotten {
                writeln!(
                    terminal.err,
                    "`{}` documents no control or architecture of these; remove it",
                    one_line(&path.display().to_string())
                )?;
            }
            return Ok(if stale.is_empty() && forgotten.is_empty() {
                Exit::Ok
            } else {
                Exit::Failed
            });
        }
        for page in &stale {
            let path = self.folder.join(&page.path);
            let written = path
                .parent()
                .map_or(Ok(()), fs::create_dir_all)
                .and_then(|()| fs::write(&path, &page.text));
            if let Err(error) = written {
                writeln!(
                    terminal.err,
                    "error: `{}` cannot be written: {error}",
                    one_line(&path.display().to_string())
                )?;
                return Ok(Exit::Unfinished);
            }
        }
        writeln!(terminal.out, "{} pages, {} of them written", pages.len(), stale.len())?;
        Ok(Exit::Ok)
    }

    /// Pages in the folder that document no control or architecture of these.
    fn forgotten(&self, pages: &[Page]) -> Vec<PathBuf> {
        let known: Vec<PathBuf> = pages.iter().map(|page| self.folder.join(&page.path)).collect();
        let folders = ["controls", "architectures"].map(|name| self.folder.join(name));
        let there = folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten();
        let mut forgotten: Vec<PathBuf> = there
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| !known.contains(path))
            .collect();
        forgotten.sort();
        forgotten
    }

    fn is_current(&self, page: &Page) -> bool {
        fs::read_to_string(self.folder.join(&page.path)).is_ok_and(|text| text == page.text)
    }
}
