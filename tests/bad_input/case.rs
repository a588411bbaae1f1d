//! A case, read from its file.

use std::{fs, path::Path};

use super::copy::Copy;

/// What is expected, and the changes.
pub struct Case {
    pub name: String,
    pub codes: Vec<String>,
    says: Vec<String>,
    help: Vec<String>,
    changes: Vec<Change>,
}

struct Change {
    kind: Kind,
    file: String,
    lines: Vec<String>,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Edit,
    Create,
    Remove,
}

/// Where a caret must be: `file:line:column`, and how many characters long where that is told.
struct Mark {
    place: String,
    long: usize,
}

impl Case {
    /// Every case below a folder, by name.
    pub fn all(folder: &Path) -> Vec<Self> {
        let mut paths = Vec::new();
        let mut open = vec![folder.to_owned()];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { open.push(path) } else { paths.push(path) }
            }
        }
        paths.sort();
        let cases: Vec<Self> = paths
            .iter()
            .map(|path| {
                Self::read(
                    path.strip_prefix(folder).unwrap().to_str().unwrap(),
                    &fs::read_to_string(path).unwrap(),
                )
            })
            .collect();
        assert!(cases.len() > 200, "the cases were not found");
        cases
    }

    fn read(name: &str, text: &str) -> Self {
        let mut case = Self {
            name: name.to_owned(),
            codes: Vec::new(),
            says: Vec::new(),
            help: Vec::new(),
            changes: Vec::new(),
        };
        for line in text.lines() {
            let heading = [("--- ", Kind::Edit), ("+++ ", Kind::Create), ("!!! ", Kind::Remove)]
                .into_iter()
                .find_map(|(mark, kind)| Some((kind, line.strip_prefix(mark)?)));
            if let Some((kind, file)) = heading {
                case.changes.push(Change { kind, file: file.to_owned(), lines: Vec::new() });
            } else if let Some(change) = case.changes.last_mut() {
                change.lines.push(unescape(line));
            } else if let Some((key, value)) =
                line.split_once(": ").filter(|_| !line.starts_with('#'))
            {
                match key {
                    "code" => case.codes.push(value.to_owned()),
                    "says" => case.says.push(value.to_owned()),
                    "help" => case.help.push(value.to_owned()),
                    other => panic!("{name}: `{other}` means nothing here"),
                }
            } else {
                assert!(line.is_empty() || line.starts_with('#'), "{name}: {line}");
            }
        }
        assert!(
            !case.codes.is_empty() && !case.says.is_empty() && !case.help.is_empty(),
            "{name} expects nothing"
        );
        case
    }

    /// Runs the program on the changed copy.
    pub fn check(&self) -> Result<(), String> {
        let copy = Copy::new();
        let mut marks = Vec::new();
        for change in &self.changes {
            marks.extend(change.apply(&copy).map_err(|why| format!("{}: {why}", self.name))?);
        }
        let ran = copy.run(&[]);
        self.judge(&copy, &ran, &marks)
            .map_err(|why| format!("{}: {why}\n{}{}", self.name, ran.stdout, ran.stderr))
    }

    fn judge(&self, copy: &Copy, ran: &super::copy::Ran, marks: &[Mark]) -> Result<(), String> {
        ran.is_refused(copy, self.codes.len())?;
        let missing = |what: &str| Err(format!("it lacks `{what}`"));
        for code in &self.codes {
            if !ran.stderr.contains(&format!("error[{code}]: ")) {
                return missing(code);
            }
        }
        for part in &self.says {
            if !ran.stderr.contains(part.as_str()) {
                return missing(part);
            }
        }
        for part in &self.help {
            let found = ran.stderr.lines().any(|line| {
                line.trim_start_matches([' ', '=']).starts_with("help: ")
                    && line.contains(part.as_str())
            });
            if !found {
                return missing(&format!("help: {part}"));
            }
        }
        for mark in marks {
            let Some((_, shown)) = ran.stderr.split_once(&format!("{}\n", mark.place)) else {
                return missing(&mark.place);
            };
            let carets = shown
                .lines()
                .find(|line| line.contains('^'))
                .map_or(0, |line| line.matches('^').count());
            if carets == 0 || (mark.long > 0 && carets != mark.long) {
                return Err(format!(
                    "{} carets instead of {} at {}",
                    carets, mark.long, mark.place
                ));
            }
        }
        if marks.len() != self.codes.len()
            && !self.changes.iter().any(|change| change.kind == Kind::Remove)
        {
            return Err("a case marks the place of every problem".to_owned());
        }
        Ok(())
    }
}

impl Change {
    fn apply(&self, copy: &Copy) -> Result<Vec<Mark>, String> {
        let text = match self.kind {
            Kind::Remove => {
                fs::remove_file(copy.path(&self.file)).map_err(|error| error.to_string())?;
                return Ok(Vec::new());
            }
            Kind::Create => self.lines.iter().map(|line| format!("{line}\n")).collect(),
            Kind::Edit => self.edit(&copy.read(&self.file))?,
        };
        let (text, marks) = take_marks(&text, &format!("s/{}", self.file));
        copy.write(&self.file, text);
        Ok(marks)
    }

    fn edit(&self, text: &str) -> Result<String, String> {
        let with = |marks: [char; 2]| -> String {
            let lines = self.lines.iter().filter(|line| line.starts_with(marks));
            lines.map(|line| format!("{}\n", &line[1..])).collect()
        };
        let (old, new) = (with(['-', ' ']), with(['+', ' ']));
        // An edit of a marked context line marks it; the mark is no part of what is looked for.
        let old = old.replace(['«', '»'], "");
        let start = format!("\n{text}");
        let at: Vec<usize> = start.match_indices(&format!("\n{old}")).map(|(at, _)| at).collect();
        match at.as_slice() {
            [at] => Ok(format!("{}{new}{}", &text[..*at], &text[at + old.len()..])),
            _ => Err(format!("{} has these lines {} times:\n{old}", self.file, at.len())),
        }
    }
}

/// Takes the guillemets out of a text: what is left, and where they were.
fn take_marks(text: &str, file: &str) -> (String, Vec<Mark>) {
    let mut marks: Vec<Mark> = Vec::new();
    let mut lines = Vec::new();
    for (number, line) in text.split('\n').enumerate() {
        let mut rest = line;
        let mut out = String::new();
        while let Some((before, after)) = rest.split_once('«') {
            out.push_str(before);
            let long = after.split_once('»').map_or(0, |(inside, _)| inside.chars().count());
            marks.push(Mark {
                place: format!("{file}:{}:{}", number + 1, out.chars().count() + 1),
                long,
            });
            let (inside, after) = after.split_once('»').unwrap_or((after, ""));
            out.push_str(inside);
            rest = after;
        }
        out.push_str(rest);
        lines.push(out);
    }
    (lines.join("\n"), marks)
}

/// `\u{1b}` as that character.
fn unescape(line: &str) -> String {
    let mut parts = line.split("\\u{");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (digits, rest) = part.split_once('}').unwrap();
        out.push(char::from_u32(u32::from_str_radix(digits, 16).unwrap()).unwrap());
        out.push_str(rest);
    }
    out
}
