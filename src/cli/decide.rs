//! `gainsay decide`.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Read},
    path::PathBuf,
};

use clap::Args;
use gainsay_iam::Response;

use super::Terminal;
use crate::{api_call, exit::Exit, report::one_line};

/// No question is longer: a line without an end must not fill the memory.
pub(super) const LONGEST: u64 = 4 << 20;

const EXAMPLE: &str = "A line asks, for example:
{\"id\": \"1\", \"principal\": \"arn:aws:iam::111122223333:user/ann\", \"action\": \"s3:GetObject\",
 \"resource\": \"arn:aws:s3:::bucket/key\", \"resource_account\": \"111122223333\", \"context\": {},
 \"policies\": {\"identity\": [{\"Version\": \"2012-10-17\", \"Statement\": [..]}]}}
Policies are `identity`, `resource`, `boundary`, `session`, `scp` and `rcp` (lists of levels), \
`vpce`, and KMS `grants`.

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
        let mut input = BufReader::with_capacity(1 << 18, input);
        let mut line = Vec::new();
        loop {
            line.clear();
            match (&mut input).take(LONGEST + 1).read_until(b'\n', &mut line) {
                Ok(0) => return Ok(Exit::Ok),
                Ok(_) => {}
                Err(error) => {
                    writeln!(
                        terminal.err,
                        "error: the questions cannot be read any further: {error}"
                    )?;
                    return Ok(Exit::BadInput);
                }
            }
            let question = line.trim_ascii();
            if line.len() as u64 > LONGEST && line.last() != Some(&b'\n') {
                input.skip_until(b'\n')?;
                let problem = format!("a line has more than {LONGEST} bytes");
                Response::malformed(problem).write(&mut terminal.out)?;
            } else if api_call::is_call(question) {
                serde_json::to_writer(&mut terminal.out, &api_call::decide(question, self.near))?;
                writeln!(terminal.out)?;
            } else if !question.is_empty() {
                Response::decide(question, self.near).write(&mut terminal.out)?;
            }
            // Who asks one question at a time waits for its answer.
            if input.buffer().is_empty() {
                terminal.out.flush()?;
            }
            // There may be no end of questions.
            if !terminal.is_read() {
                return Ok(Exit::Ok);
            }
        }
    }
}
