//! Pages for readers whose examples are run: files that the reader is asked to write, changes of
//! them, and commands with what they print. A comment before a fenced block says what it is:
//!
//! - `<!-- folder: scenarios -->` begins in a new folder with a copy of the shipped scenarios,
//!   `<!-- folder: empty -->` in an empty one; `<!-- serve -->` starts a server there.
//! - `<!-- file: PATH -->` writes the block, `<!-- append: PATH -->` adds it to a file, and
//!   `<!-- change: PATH -->` applies a block of lines with `-`, `+` and a space before them.
//! - `<!-- sample -->` runs the lines that begin with `$ ` and compares what they print with the
//!   lines below each; `...` stands for any lines.
//! - `<!-- not run: WHY -->` says why a block cannot be run. Of a block in a language that could
//!   be run, nothing else is accepted.
//!
//! With `GAINSAY_SAMPLES=write` what is printed is written into the page.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "each test binary uses a part of this, and a test may stop at a surprise"
)]

use std::{
    fmt::Write as _,
    fs,
    ops::Range,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// The last day of the waivers that pages show, and one that a test does not outlive.
const DAY: (&str, &str) = ("2027-03-31", "2999-03-31");

/// A fenced block of a page, or a comment that stands alone.
#[derive(Clone, Debug)]
pub struct Block {
    /// What the comment before it says; empty without one.
    pub mark: String,
    /// The language of the fence; empty for a comment alone.
    pub language: String,
    /// What is between the fences.
    pub text: String,
    /// Where that is in the page, in bytes.
    pub range: Range<usize>,
    /// The line of the fence.
    pub line: usize,
}

/// Every block of a page, in order.
pub fn blocks(page: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let (mut mark, mut open, mut at) = (None::<(String, usize)>, None::<Block>, 0);
    for (number, line) in page.split_inclusive('\n').enumerate() {
        let (begun, bare) = (at, line.trim());
        at += line.len();
        if let Some(block) = &mut open {
            if bare == "```" {
                block.range.end = begun;
                page.get(block.range.clone()).unwrap().clone_into(&mut block.text);
                found.extend(open.take());
            }
        } else if let Some(language) = bare.strip_prefix("```") {
            open = Some(Block {
                mark: mark.take().map(|(mark, _)| mark).unwrap_or_default(),
                language: language.to_owned(),
                text: String::new(),
                range: at..at,
                line: number + 1,
            });
        } else if let Some(comment) = inside(bare, "<!--", "-->") {
            found.extend(mark.replace((comment.trim().to_owned(), number + 1)).map(alone));
        } else if !bare.is_empty() {
            found.extend(mark.take().map(alone));
        }
    }
    assert!(open.is_none(), "a fence is not closed");
    found.extend(mark.take().map(alone));
    found
}

/// What is between a beginning and an end.
fn inside<'a>(text: &'a str, begin: &str, end: &str) -> Option<&'a str> {
    text.strip_prefix(begin)?.strip_suffix(end)
}

fn alone((mark, line): (String, usize)) -> Block {
    Block { mark, language: String::new(), text: String::new(), range: 0..0, line }
}

/// What a page's blocks are run in.
struct Shop {
    folder: tempfile::TempDir,
    server: Option<Child>,
    /// Where programs are found before all others.
    programs: Vec<PathBuf>,
}

impl Drop for Shop {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            // `timeout` hands the signal on; a kill would leave the server behind.
            _ = Command::new("kill").args(["-TERM", &server.id().to_string()]).status();
            _ = server.wait();
        }
    }
}

impl Shop {
    fn new(with_scenarios: bool, programs: &[PathBuf]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        if with_scenarios {
            super::common::copy_scenarios(&folder.path().join("scenarios"));
        }
        let own = folder.path().join(".programs");
        fs::create_dir(&own).unwrap();
        // One row at a time, so that what is printed has one order; and no server stays behind.
        let shim = format!(
            "#!/bin/sh\nprogram={}\ncase \"$1\" in\n\
             run) shift; exec \"$program\" run --jobs 1 \"$@\" ;;\n\
             serve) exec timeout --kill-after=5 300 \"$program\" \"$@\" ;;\n\
             *) exec \"$program\" \"$@\" ;;\nesac\n",
            env!("CARGO_BIN_EXE_gainsay")
        );
        let path = own.join("gainsay");
        fs::write(&path, shim).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let mut all = vec![own];
        all.extend_from_slice(programs);
        Self { folder, server: None, programs: all }
    }

    fn path(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    fn shell(&self, script: &str) -> Command {
        let mut command = Command::new("timeout");
        let own = self.programs.iter().map(|path| path.display().to_string());
        let own: Vec<String> = own.collect();
        command
            .args(["--kill-after=5", "240", "sh", "-c", script])
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", format!("{}:{}", own.join(":"), std::env::var("PATH").unwrap()))
            .env("HOME", self.folder.path())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdin(Stdio::null());
        command
    }

    /// Starts `gainsay serve > endpoints.sh`, and waits until it says where it is.
    fn serve(&mut self, command: &str) {
        let child = self.shell(&format!("exec {command} 2> server.log")).spawn().unwrap();
        self.server = Some(child);
        let (file, begun) = (self.path("endpoints.sh"), Instant::now());
        while !fs::read_to_string(&file).is_ok_and(|text| text.ends_with('\n')) {
            assert!(begun.elapsed() < Duration::from_mins(1), "the server does not start");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// What each command of a block prints, standard error among it.
    fn run(&self, commands: &[String]) -> Vec<String> {
        const END: &str = "=== end of a command ===\n";
        // What one block exports the next finds, as in one terminal.
        let mut script = "exec 2>&1\n[ ! -e .exported ] || . ./.exported\n".to_owned();
        for command in commands {
            // The next command finds the exit code of the one before it.
            _ = writeln!(script, "{command}\n__status=$?; printf '\n%s' '{END}'; (exit $__status)");
        }
        script.push_str("export -p > .exported\n");
        let output = self.shell(&script.replace(DAY.0, DAY.1)).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let parts = text.split(END).map(str::trim_end);
        let parts: Vec<String> = parts.map(str::to_owned).collect();
        assert!(parts.len() > commands.len(), "a command ended the shell: {text}");
        parts.into_iter().take(commands.len()).collect()
    }

    /// Files that a page has made must be good ones.
    fn lint(&self) -> Result<(), String> {
        if !self.folder.path().join("scenarios").is_dir() {
            return Ok(());
        }
        let output = self.shell("exec 2>&1; gainsay lint").output().unwrap();
        if output.status.success() {
            return Ok(());
        }
        Err(format!("its files: {}", String::from_utf8(output.stdout).unwrap()))
    }
}

/// Runs what a page shows, from its top to its end; `programs` are folders with programs that it
/// needs. Answers what is not so.
pub fn run(page: &Path, programs: &[PathBuf]) -> Result<(), String> {
    let text = fs::read_to_string(page).unwrap();
    let (mut problems, mut written) = (Vec::new(), text.clone());
    let mut shop = Shop::new(false, programs);
    // From the end, so that what is written moves nothing that is still to be written.
    let mut corrections: Vec<(Range<usize>, String)> = Vec::new();
    for block in blocks(&text) {
        let (word, rest) = block
            .mark
            .split_once(':')
            .map_or((block.mark.as_str(), ""), |(word, rest)| (word, rest.trim()));
        let mut problem = |what: String| problems.push(format!("line {}: {what}", block.line));
        match word {
            "folder" => {
                if let Err(wrong) = shop.lint() {
                    problem(wrong);
                }
                shop = Shop::new(rest == "scenarios", programs);
            }
            "serve" => shop.serve(block.text.trim().trim_start_matches("$ ")),
            "file" => fs::write(shop.path(rest), block.text.replace(DAY.0, DAY.1)).unwrap(),
            "append" => {
                let path = shop.path(rest);
                let before = fs::read_to_string(&path).unwrap();
                fs::write(path, before + &block.text).unwrap();
            }
            "change" => {
                let path = shop.path(rest);
                match changed(&fs::read_to_string(&path).unwrap(), &block.text) {
                    Some(after) => fs::write(path, after).unwrap(),
                    None => problem(format!("{rest} has no such place, or several")),
                }
            }
            "sample" => match sample(&shop, &block.text) {
                Ok(()) => {}
                Err(Differs::Printed(now)) => corrections.push((block.range, now)),
                Err(Differs::Elided(what)) => problem(what),
            },
            "not run" if !rest.is_empty() => {}
            "" if matches!(block.language.as_str(), "text" | "") => {}
            "" => problem(format!("a block of `{}` has no mark", block.language)),
            other => problem(format!("no mark is called `{other}`")),
        }
    }
    problems.extend(shop.lint().err());
    let write = std::env::var("GAINSAY_SAMPLES").is_ok_and(|word| word == "write");
    for (range, now) in corrections.iter().rev() {
        written.replace_range(range.clone(), now);
        if !write {
            problems.push(format!("a sample is not current; now it is:\n{now}"));
        }
    }
    if write && !corrections.is_empty() {
        fs::write(page, written).unwrap();
    }
    let help = "with GAINSAY_SAMPLES=write samples without `...` are written anew";
    let shown = page.file_name().unwrap().to_string_lossy();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(format!("{shown}: {}\n({help})", problems.join("\n")))
    }
}

/// How a sample differs from what is printed.
enum Differs {
    /// What it should be.
    Printed(String),
    /// What is printed does not fit the lines that are shown.
    Elided(String),
}

fn sample(shop: &Shop, text: &str) -> Result<(), Differs> {
    let mut shown: Vec<(Vec<&str>, Vec<&str>)> = Vec::new();
    for line in text.lines() {
        match (shown.last_mut(), line.strip_prefix("$ ")) {
            (_, Some(_)) => shown.push((vec![line], Vec::new())),
            (Some((command, output)), None) => {
                let goes_on = output.is_empty() && line.starts_with("> ");
                if goes_on { command.push(line) } else { output.push(line) }
            }
            (None, None) => {
                let problem = format!("a sample begins without a command: {line}");
                return Err(Differs::Elided(problem));
            }
        }
    }
    let commands: Vec<String> = shown
        .iter()
        .map(|(lines, _)| {
            let bare: Vec<&str> = lines.iter().map(|line| line.get(2..).unwrap()).collect();
            bare.join("\n")
        })
        .collect();
    let printed = shop.run(&commands);
    let (mut now, mut same) = (String::new(), true);
    for ((command, output), printed) in shown.iter().zip(&printed) {
        let trimmed = &printed.trim_matches('\n').replace(DAY.1, DAY.0);
        let wanted: Vec<String> = normal(&output.join("\n"), shop.folder.path());
        let found = normal(trimmed, shop.folder.path());
        let lines: Vec<&str> = if fits(&wanted, &found) {
            output.clone()
        } else if output.contains(&"...") {
            let command = command.join("\n");
            return Err(Differs::Elided(format!("`{command}` prints:\n{trimmed}")));
        } else {
            same = false;
            trimmed.lines().collect()
        };
        for line in command.iter().chain(&lines) {
            now.extend([line, "\n"]);
        }
    }
    if same { Ok(()) } else { Err(Differs::Printed(now)) }
}

/// Whether lines are those that are wanted, of which `...` stands for any.
fn fits(wanted: &[String], found: &[String]) -> bool {
    match wanted.split_first() {
        None => found.is_empty(),
        Some((line, rest)) if line == "..." => {
            let mut ways = 0..=found.len();
            ways.any(|skip| fits(rest, found.get(skip..).unwrap()))
        }
        Some((line, rest)) => found.first() == Some(line) && fits(rest, found.get(1..).unwrap()),
    }
}

/// A text after a change: lines with `-` are replaced by those with `+`, others stay.
fn changed(text: &str, change: &str) -> Option<String> {
    let side = |other: char| {
        let lines = change.lines().filter(|line| !line.starts_with(other));
        lines.map(|line| line.get(1..).unwrap_or_default().to_owned() + "\n").collect::<String>()
    };
    let (old, new) = (side('+'), side('-'));
    (text.matches(&old).count() == 1).then(|| text.replace(&old, &new))
}

/// Lines without what differs from run to run.
pub fn normal(text: &str, folder: &Path) -> Vec<String> {
    let text = text.replace(&folder.display().to_string(), "FOLDER").replace(DAY.1, DAY.0);
    text.trim_matches('\n').lines().map(|line| normal_line(line.trim_end())).collect()
}

fn normal_line(line: &str) -> String {
    let mut line = line.to_owned();
    if let Some((before, after)) = line.clone().split_once("finished in ") {
        line = format!("{before}finished in _s{}", after.split_once('s').unwrap().1);
    }
    let mut parts = line.split("127.0.0.1:");
    let first = parts.next().unwrap_or_default().to_owned();
    let line = parts.fold(first, |line, part| {
        let rest = part.trim_start_matches(|char: char| char.is_ascii_digit());
        line + "127.0.0.1:PORT" + rest
    });
    let words = line.split(' ');
    let words = words.map(|word| if is_time(word) { "TIME" } else { word });
    let line = words.collect::<Vec<&str>>().join(" ");
    line.split_inclusive(ENDS).map(without_run_id).collect()
}

/// Whether a word is a time, such as `2026-05-30T12:00:00Z`.
fn is_time(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    word.ends_with('Z') && word.get(10..11) == Some("T") && digits >= 14
}

/// What a run id may stand beside.
const ENDS: [char; 8] = ['/', '-', ' ', '"', ':', ',', '=', '\''];

/// A run id is 32 hexadecimal digits.
fn without_run_id(part: &str) -> String {
    let word = part.trim_end_matches(ENDS);
    let is_run_id = word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_run_id { part.replacen(word, "RUN", 1) } else { part.to_owned() }
}

/// The lines of a page that are no block's.
pub fn prose(page: &str) -> Vec<&str> {
    let mut inside = false;
    let mut lines = Vec::new();
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            inside = !inside;
        } else if !inside {
            lines.push(line);
        }
    }
    lines
}

/// The headings of a page, each with its level, its text and the lines below it that are of no
/// deeper heading's.
pub fn sections(page: &str) -> Vec<(usize, String, Vec<String>)> {
    let mut found: Vec<(usize, String, Vec<String>)> = Vec::new();
    for line in prose(page) {
        let level = line.bytes().take_while(|byte| *byte == b'#').count();
        match (line.get(level..).and_then(|rest| rest.strip_prefix(' ')), found.last_mut()) {
            (Some(text), _) if level > 0 => found.push((level, text.to_owned(), Vec::new())),
            (_, Some((_, _, lines))) => lines.push(line.to_owned()),
            (_, None) => {}
        }
    }
    found
}

/// The cells of the tables among some lines, without heads.
pub fn rows<'a>(lines: impl IntoIterator<Item = &'a String>) -> Vec<Vec<String>> {
    let (mut rows, mut before): (Vec<Vec<String>>, usize) = (Vec::new(), 0);
    for line in lines {
        let Some(inner) = inside(line.trim(), "|", "|") else {
            before = 0;
            continue;
        };
        before += 1;
        if before > 2 {
            let cells = inner.replace("\\|", "\u{0}");
            let cells = cells.split('|').map(|cell| cell.trim().replace('\u{0}', "|"));
            rows.push(cells.collect());
        }
    }
    rows
}

/// The part of an address that names a heading, as forges and mdBook make it.
pub fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase();
    let kept =
        kept.chars().filter(|char| char.is_alphanumeric() || matches!(char, ' ' | '-' | '_'));
    kept.map(|char| if char == ' ' { '-' } else { char }).collect()
}

/// The targets of a page's links.
pub fn links(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in prose(page) {
        // What stands between backticks is no link.
        let plain: String = line.split('`').step_by(2).collect::<Vec<_>>().join("``");
        for part in plain.split("](").skip(1) {
            found.extend(part.split_once(')').map(|(target, _)| target.to_owned()));
        }
    }
    found
}
