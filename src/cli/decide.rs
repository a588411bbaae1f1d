//! `gainsay decide`.

mod chunks;

use std::{
    fs::File,
    io::{self, BufRead as _, Read},
    path::PathBuf,
    thread,
};

use clap::Args;
use gainsay_iam::{LineDecider, Response};

use self::chunks::{Chunk, Chunks};
use super::Terminal;
use crate::{api_call, exit::Exit, report::one_line};

/// No question is longer: a line without an end must not fill the memory.
pub(super) const LONGEST: u64 = 4 << 20;

const EXAMPLE: &str = "A line asks, for example:
{\"id\": \"1\", \"principal\": \"arn:aws:iam::111122223333:user/ann\", \"action\": \"s3:GetObject\",
 \"resource\": \"arn:aws:s3:::bucket/key\", \"resource_account\": \"111122223333\", \"context\": {},
 \"policies\": {\"identity\": [{\"Version\": \"2012-10-17\", \"Statement\": [..]}]}}
Policies are `identity`, `resource`, `boundary`, `session`, `scp` and `rcp` (lists of levels), \
`vpce`, and KMS `grants`. Beside them stands `public_access_block`, as `GetPublicAccessBlock` prints
it, or a list: with `RestrictPublicBuckets` a public bucket policy grants nothing outside its account.

Or about a whole API call, whose actions and resources it answers one by one:
{\"operation\": \"s3:GetObject\", \"as\": \"arn:aws:iam::111122223333:user/ann\", \"bucket\": \"reports\",
 \"key\": \"2026.csv\", \"policies\": {\"identity\": [..]}, \"buckets\": {\"reports\": {\"policy\": {..}}}}
Operation and parameters are those of a scenario.";

/// Decide requests as AWS does, with the policies beside them: JSON lines in, JSON lines out.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Decide {
    /// The file with the questions; standard input where nothing is said, or `-`
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// For what no statement allows, say which came nearest and what of it did not match
    #[arg(long)]
    near: bool,
}

impl Decide {
    pub(super) fn execute(&self, terminal: &mut Terminal) -> io::Result<Exit> {
        match self.input.as_ref().filter(|path| path.as_os_str() != "-") {
            None => self.answer(io::stdin().lock(), terminal),
            Some(path) => match File::open(path) {
                Ok(file) => self.answer(file, terminal),
                Err(error) => {
                    let path = one_line(&path.display().to_string());
                    writeln!(
                        terminal.err,
                        "error: the questions in `{path}` cannot be read: {error}; name another \
                         file with `--input`"
                    )?;
                    Ok(Exit::BadInput)
                }
            },
        }
    }

    /// One line in, one line out, in order; whatever is wrong with a line does not stop the next.
    fn answer(&self, input: impl Read, terminal: &mut Terminal) -> io::Result<Exit> {
        let mut input = Chunks::new(input, usize::try_from(LONGEST).unwrap_or(usize::MAX));
        let count = thread::available_parallelism().map_or(1, usize::from);
        let mut workers: Vec<Worker> = (0..count).map(|_| Worker::new(self.near)).collect();
        loop {
            match input.read_lines() {
                Ok(None) => return Ok(Exit::Ok),
                Ok(Some(Chunk::Lines(lines))) => answer_together(&mut workers, lines),
                Ok(Some(Chunk::TooLong)) => {
                    if let Some(worker) = workers.first_mut() {
                        worker.too_long();
                    }
                }
                Err(error) => {
                    writeln!(
                        terminal.err,
                        "error: the questions cannot be read any further: {error}"
                    )?;
                    return Ok(Exit::BadInput);
                }
            }
            for worker in &mut workers {
                terminal.out.write_all(&worker.answers)?;
                worker.answers.clear();
            }
            // Who asks one question at a time waits for its answer.
            terminal.out.flush()?;
            // There may be no end of questions.
            if !terminal.is_read() {
                return Ok(Exit::Ok);
            }
        }
    }
}

/// So few bytes of questions are answered sooner by one thread than by several.
const FEW: usize = 16 << 10;

/// Answers lines on one thread.
struct Worker {
    decider: LineDecider,
    /// Whether the nearest miss is looked for.
    near: bool,
    /// The answers that were not written yet.
    answers: Vec<u8>,
}

impl Worker {
    fn new(near: bool) -> Self {
        Self { decider: LineDecider::new(near), near, answers: Vec::new() }
    }

    fn answer(&mut self, mut lines: &[u8]) {
        while !lines.is_empty() {
            let (line, rest) = lines.split_at(end_of_line(lines, 0));
            lines = rest;
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            if line.len() as u64 > LONGEST {
                self.too_long();
                continue;
            }
            let line = line.trim_ascii();
            if !line.is_empty() {
                self.answer_line(line);
            }
        }
    }

    /// Answers one question.
    fn answer_line(&mut self, line: &[u8]) {
        if api_call::is_call(line) {
            // Writing to memory fails for want of memory alone.
            _ = serde_json::to_writer(&mut self.answers, &api_call::decide(line, self.near));
            self.answers.push(b'\n');
            return;
        }
        self.decider.answer(line, &mut self.answers);
    }

    fn too_long(&mut self) {
        let problem = format!("a line has more than {LONGEST} bytes");
        // Writing to memory fails for want of memory alone.
        _ = Response::malformed(problem).write(&mut self.answers);
    }
}

/// Shares lines out among workers, so that their answers, one worker's after the other's, are in
/// the order of the lines.
fn answer_together(workers: &mut [Worker], lines: &[u8]) {
    if let ([worker], _) | ([worker, ..], ..=FEW) = (&mut *workers, lines.len()) {
        return worker.answer(lines);
    }
    let share = lines.len().div_ceil(workers.len().max(1));
    rayon::scope(|scope| {
        let mut rest = lines;
        for worker in workers {
            let (part, later) = rest.split_at(end_of_line(rest, share));
            rest = later;
            scope.spawn(move |_| worker.answer(part));
        }
    });
}

/// The end of the line that a place is in.
fn end_of_line(lines: &[u8], at: usize) -> usize {
    // Its search is faster than a loop; reading from memory does not fail.
    let at = at.min(lines.len());
    let mut rest = lines.get(at..).unwrap_or_default();
    at + rest.skip_until(b'\n').unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at a surprise")]
mod tests {
    use super::*;

    #[test]
    fn answers_are_in_the_order_of_the_lines() {
        for count in [1, 2, 3, 8] {
            let mut workers: Vec<Worker> = (0..count).map(|_| Worker::new(false)).collect();
            for lines in [0, 1, 2, 700] {
                let padding = " ".repeat(60);
                let line = |id| format!("{{\"id\": {id}}}{padding}");
                let input = (0..lines).map(line).collect::<Vec<_>>().join("\n");
                answer_together(&mut workers, input.as_bytes());
                let mut ids = Vec::new();
                for worker in &mut workers {
                    let answers = String::from_utf8(std::mem::take(&mut worker.answers)).unwrap();
                    ids.extend(answers.lines().map(|line| {
                        let answer: serde_json::Value = serde_json::from_str(line).unwrap();
                        answer.get("id").and_then(serde_json::Value::as_u64).unwrap()
                    }));
                }
                assert_eq!(ids, (0..lines).collect::<Vec<_>>(), "{count} workers");
            }
        }
    }
}
