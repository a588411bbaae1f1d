//! The log of requests: who asked for what, what was decided and by which statement. A line each,
//! on a stream of its own thread, so that nobody waits for a terminal.

use std::{
    fmt::Write as _,
    io::Write,
    sync::mpsc::{self, Receiver, Sender},
    thread::JoinHandle,
};

use gainsay_iam::Decision;
use gainsay_model::text::one_line;
use http::request::Parts;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{Answered, Decider, Ruling};

/// Where lines are written; clones write to the same.
#[derive(Clone, Debug)]
pub struct Log(Option<Sender<String>>);

impl Log {
    /// A log that nobody reads.
    #[must_use]
    pub const fn nowhere() -> Self {
        Self(None)
    }

    /// A log on a stream. The thread ends when the last clone is gone and everything is written, or
    /// when the stream is closed.
    #[must_use]
    pub fn to(stream: impl Write + Send + 'static) -> (Self, JoinHandle<()>) {
        let (sender, lines) = mpsc::channel();
        let thread = std::thread::spawn(move || write_all(&lines, std::io::BufWriter::new(stream)));
        (Self(Some(sender)), thread)
    }

    pub(super) const fn is_read(&self) -> bool {
        self.0.is_some()
    }

    pub(super) fn write(&self, line: &str) {
        if let Some(sender) = &self.0 {
            // A closed stream stops the log, not the server.
            _ = sender.send(line.to_owned());
        }
    }
}

fn write_all(lines: &Receiver<String>, mut stream: impl Write) {
    while let Ok(line) = lines.recv() {
        let written = writeln!(stream, "{line}").and_then(|()| {
            for line in lines.try_iter() {
                writeln!(stream, "{line}")?;
            }
            stream.flush()
        });
        if written.is_err() {
            return;
        }
    }
}

/// What a line says, begun when the request arrives.
pub(super) struct Entry {
    line: String,
}

impl Entry {
    pub(super) fn begin(parts: &Parts) -> Self {
        let time = OffsetDateTime::now_utc();
        let time = time.replace_nanosecond(0).unwrap_or(time).format(&Rfc3339).unwrap_or_default();
        let scheme = parts.uri.scheme_str().unwrap_or_default();
        let path = one_line(parts.uri.path());
        Self { line: format!("{time} {scheme} {} {path}", parts.method) }
    }

    /// The line of a request that never reached the sandbox.
    pub(super) fn problem(&mut self, status: u16, problem: &str) -> String {
        format!("{} -> {status}: {}", self.line, one_line(problem))
    }

    /// The line of an answered request. The query is left out: that of a presigned request is a
    /// credential.
    pub(super) fn answered(&mut self, answered: &Answered) -> String {
        let mut line = std::mem::take(&mut self.line);
        let operation = if answered.operation.is_empty() {
            "unknown operation".to_owned()
        } else {
            one_line(&answered.operation)
        };
        let caller =
            answered.caller().map_or_else(|| "nobody known".to_owned(), |arn| one_line(&arn));
        // Writing to a string cannot fail.
        _ = write!(line, " -> {} {operation} by {caller}", answered.response.status().as_u16());
        for ruling in answered.rulings().0.iter() {
            _ = write!(line, "; {}", decided(ruling));
        }
        line
    }
}

/// `allow s3:GetObject on arn:.. by identity policy team.json:4 (AllowReads)`.
fn decided(ruling: &Ruling) -> String {
    let word = match ruling.decision {
        Decision::Allow => "allow",
        Decision::ExplicitDeny => "explicit deny",
        Decision::ImplicitDeny => "implicit deny",
    };
    let mut text = format!("{word} {} on {}", one_line(&ruling.action), one_line(&ruling.resource));
    let deciders: Vec<String> = ruling.deciders.iter().map(decider).collect();
    if !deciders.is_empty() {
        _ = write!(text, " by {}", deciders.join(" and "));
    } else if !ruling.silent.is_empty() {
        let silent: Vec<&str> = ruling.silent.iter().map(|layer| layer.as_str()).collect();
        _ = write!(text, ": nothing allows it in {}", silent.join(" or "));
    }
    text
}

fn decider(decider: &Decider) -> String {
    let Some(statement) = &decider.statement else {
        return decider.layer.to_string();
    };
    let mut text = format!("{} {}:{}", decider.layer, one_line(statement.file()), statement.line());
    if let Some(sid) = &statement.sid {
        _ = write!(text, " ({})", one_line(sid));
    }
    text
}
