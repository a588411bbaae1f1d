//! A copy of the valid architecture, and the program run on it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// The copied scenarios folder is called `s`, the folder for reports `r`; the program is run beside
/// them.
pub struct Copy {
    pub root: tempfile::TempDir,
}

/// What the program did.
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Copy {
    pub fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        copy(
            Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bad_input/valid")),
            &root.path().join("s"),
        );
        Self { root }
    }

    /// An empty scenarios folder.
    pub fn empty() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("s")).unwrap();
        Self { root }
    }

    /// A path in the scenarios folder.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.path().join("s").join(relative)
    }

    pub fn write(&self, relative: &str, content: impl AsRef<[u8]>) {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub fn read(&self, relative: &str) -> String {
        fs::read_to_string(self.path(relative)).unwrap()
    }

    /// `gainsay run` on the copy.
    pub fn run(&self, more: &[&str]) -> Ran {
        self.gainsay(
            &[&["run", "--scenarios", "s", "--report-dir", "r", "--color", "never"], more].concat(),
        )
    }

    pub fn gainsay(&self, arguments: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gainsay"));
        self.finish(command.args(arguments))
    }

    /// `gainsay run` with no more than so much memory.
    pub fn run_within(&self, kib: u32) -> Ran {
        let script =
            format!("ulimit -v {kib}; exec \"$0\" run --scenarios s --report-dir r --color never");
        let mut command = Command::new("sh");
        self.finish(command.args(["-c", &script, env!("CARGO_BIN_EXE_gainsay")]))
    }

    fn finish(&self, command: &mut Command) -> Ran {
        let Output { status, stdout, stderr } =
            command.current_dir(self.root.path()).env_remove("NO_COLOR").output().unwrap();
        Ran {
            code: status.code().unwrap_or(-1),
            stdout: String::from_utf8(stdout).expect("the program writes UTF-8"),
            stderr: String::from_utf8(stderr).expect("the program writes UTF-8"),
        }
    }

    /// Whether a report was written.
    pub fn reported(&self) -> bool {
        self.root.path().join("r").exists()
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap().path();
        let target = to.join(entry.file_name().unwrap());
        if entry.is_dir() {
            copy(&entry, &target);
        } else {
            fs::copy(&entry, &target).unwrap();
        }
    }
}

impl Ran {
    /// What must hold of every refused input.
    pub fn is_refused(&self, copy: &Copy, problems: usize) -> Result<(), String> {
        let plural = if problems == 1 { "" } else { "s" };
        let closing = format!("{problems} problem{plural}; nothing was sent\n");
        let checks = [
            (self.code == 3, format!("the exit code is {}", self.code)),
            (
                !self.stdout.lines().any(|line| line.starts_with("test ")),
                "an attempt was made".to_owned(),
            ),
            (!copy.reported(), "a report was written".to_owned()),
            (
                self.stderr.ends_with(&closing),
                format!("it does not end with `{}`", closing.trim_end()),
            ),
            (
                self.stderr.lines().filter(|line| line.starts_with("error[")).count() == problems,
                format!("it has not {problems} problems"),
            ),
            (
                is_plain(&self.stderr) && is_plain(&self.stdout),
                "it writes to the terminal".to_owned(),
            ),
        ];
        match checks.into_iter().find(|(holds, _)| !holds) {
            Some((_, why)) => Err(why),
            None => Ok(()),
        }
    }

    /// The same, and the words are in the message.
    pub fn assert_refused(&self, copy: &Copy, words: &[&str]) {
        if let Err(why) = self.is_refused(copy, 1) {
            panic!("{why}\n{}{}", self.stdout, self.stderr);
        }
        for word in words {
            assert!(self.stderr.contains(word), "`{word}` is not in\n{}", self.stderr);
        }
    }
}

/// Whether nothing here moves the cursor, colours, rings or reorders.
pub fn is_plain(text: &str) -> bool {
    !text.chars().any(|c| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    })
}
