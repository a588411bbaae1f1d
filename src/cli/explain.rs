//! `gainsay explain`.

mod message;
mod tree;

use std::{
    fs, io,
    io::Read as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector},
    orchestrator::HttpRequest,
};
use clap::{Args, ValueEnum};
use gainsay_iam::{EvaluationInput, EvaluationInputError, Explanation, Layer, explain};
use gainsay_model::Document;
use gainsay_sandbox::{Explain as Wanted, RulingInput, Rulings};
use serde::Serialize;

use super::{Selected, Terminal, decide::LONGEST};
use crate::{
    api_call,
    cloud::WrapConnector,
    exit::Exit,
    files::diag::Diagnostics,
    plan::Plan,
    record::ResultRecord,
    report::one_line,
    runner::{self, Options, Stop},
    suite::Architecture,
};

/// Show why a request is allowed or refused: every layer, statement and element, and what was
/// compared
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// The attempt, by its result id or a part of it that no other has; it is made on the sandbox
    #[arg(
        value_name = "RESULT_ID",
        required_unless_present_any = ["request", "message"],
        conflicts_with_all = ["request", "message"]
    )]
    id: Option<String>,
    /// Instead of an attempt a request with its policies, as a line for `gainsay decide`: a file,
    /// or `-` for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "message")]
    request: Option<PathBuf>,
    /// Instead of an attempt a refusal that AWS gave: the message, as it is or as a client prints
    /// it, or the record of the call in `CloudTrail`; `-` for standard input
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    message: Option<String>,
    /// With `--message`: the policies to compare with, in place of the scenarios' environments, as
    /// `policies` of a line for `gainsay decide`
    #[arg(long, value_name = "FILE", requires = "message")]
    policies: Option<PathBuf>,
    /// The folder with the scenarios
    #[arg(long, value_name = "DIR", default_value = "scenarios")]
    scenarios: PathBuf,
    /// How to print it
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: OutputFormat,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum OutputFormat {
    /// A tree
    #[default]
    Text,
    /// One object
    Json,
}

/// What is explained: every question that one request put to the engine, in order.
#[derive(Debug, Serialize)]
struct Explained {
    /// The result id, for an attempt, or the operation of an API call.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// What the sandbox answered, for an attempt or an API call.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<String>,
    questions: Vec<Explanation>,
}

/// Why a request cannot be explained.
#[derive(Debug, thiserror::Error)]
enum RequestError {
    /// The file system said no.
    #[error(
        "the request in `{}` cannot be read: {source}; name another file with `--request`",
        one_line(&path.display().to_string())
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// No request is as long.
    #[error(
        "the request in `{}` has more than {LONGEST} bytes",
        one_line(&path.display().to_string())
    )]
    TooLong {
        /// The file.
        path: PathBuf,
    },
    /// It is no request.
    #[error("{}; `gainsay decide --help` shows what a request is", one_line(&.0.to_string()))]
    Malformed(#[from] EvaluationInputError),
    /// The API call cannot be put.
    #[error("{}; the chapter on the policy engine has what a call is", one_line(.0))]
    Call(String),
}

impl Explain {
    pub(super) fn execute(&self, terminal: &mut Terminal) -> io::Result<Exit> {
        if let Some(text) = &self.message {
            let policies = self.policies.as_deref();
            return message::execute(text, policies, &self.scenarios, self.format, terminal);
        }
        let explained = match (&self.request, &self.id) {
            (Some(path), _) => match Self::request(path) {
                Ok(explained) => explained,
                Err(error) => {
                    writeln!(terminal.err, "error: {error}")?;
                    return Ok(Exit::BadInput);
                }
            },
            (None, id) => match self.attempt(id.as_deref().unwrap_or_default(), terminal)? {
                Ok(explained) => explained,
                Err(exit) => return Ok(exit),
            },
        };
        match self.format {
            OutputFormat::Json => {
                serde_json::to_writer_pretty(&mut terminal.out, &explained)?;
                writeln!(terminal.out)?;
            }
            OutputFormat::Text => {
                if let (Some(id), Some(answer)) = (&explained.id, &explained.answer) {
                    writeln!(terminal.out, "{}\n{}\n", one_line(id), one_line(answer))?;
                }
                if explained.questions.is_empty() {
                    writeln!(terminal.out, "no policy was asked")?;
                }
                for (index, question) in explained.questions.iter().enumerate() {
                    let gap = if index > 0 { "\n" } else { "" };
                    write!(terminal.out, "{gap}{}", tree::text(question, terminal.colour_out))?;
                }
            }
        }
        Ok(Exit::Ok)
    }

    fn request(path: &Path) -> Result<Explained, RequestError> {
        let input: io::Result<Box<dyn io::Read>> = if path.as_os_str() == "-" {
            Ok(Box::new(io::stdin().lock()))
        } else {
            fs::File::open(path).map(|file| Box::new(file) as Box<dyn io::Read>)
        };
        let mut text = String::new();
        let read = input.and_then(|input| input.take(LONGEST + 1).read_to_string(&mut text));
        let path = || path.to_owned();
        let read = read.map_err(|source| RequestError::Unreadable { path: path(), source })?;
        if read as u64 > LONGEST {
            return Err(RequestError::TooLong { path: path() });
        }
        if api_call::is_call(text.as_bytes()) {
            return Self::call(&text);
        }
        let (_, input) = EvaluationInput::read(&text);
        let input = input?;
        Ok(Explained {
            id: None,
            answer: None,
            questions: vec![explain(&input.request(), &input.policies())],
        })
    }

    /// Every question of a whole API call.
    fn call(text: &str) -> Result<Explained, RequestError> {
        let decided = api_call::decide(text.as_bytes(), false);
        let words = match (&decided.answer, &decided.error) {
            (None, Some(error)) if decided.questions.is_empty() => {
                return Err(RequestError::Call(error.message.clone()));
            }
            (_, Some(error)) => format!("undecided: {}", error.message),
            (Some(answer), None) => {
                let status = answer.status.to_string();
                let words = [Some(&status), answer.code.as_ref(), answer.message.as_ref()];
                words.into_iter().flatten().cloned().collect::<Vec<_>>().join(" ")
            }
            (None, None) => "undecided".to_owned(),
        };
        Ok(Explained {
            id: decided.operation,
            answer: Some(words),
            questions: decided
                .questions
                .iter()
                .filter_map(api_call::CallQuestion::explanation)
                .collect(),
        })
    }

    /// Makes the attempt on the sandbox, and explains the call that was judged.
    fn attempt(&self, id: &str, terminal: &mut Terminal) -> io::Result<Result<Explained, Exit>> {
        let mut selected = Selected {
            selection: vec![id.to_owned()],
            exact: false,
            skip: Vec::new(),
            scenarios: self.scenarios.clone(),
            sample: None,
        };
        let architectures = match selected.load() {
            Ok((architectures, _)) => architectures,
            Err(problems) => return terminal.refuse(&problems).map(Err),
        };
        let ids = chosen(&architectures, &selected);
        selected.exact = ids.iter().any(|chosen| chosen == id);
        match (ids.as_slice(), selected.exact) {
            ([_], _) | (_, true) => {}
            ([], _) => {
                return terminal.nothing_selected(&format!(" by `{}`", one_line(id))).map(Err);
            }
            ([first, .., last], _) => {
                writeln!(
                    terminal.err,
                    "error: `{}` is a part of {} result ids, from `{}` to `{}`; name one: \
                     `gainsay list` shows them",
                    one_line(id),
                    ids.len(),
                    one_line(first),
                    one_line(last)
                )?;
                return Ok(Err(Exit::BadInput));
            }
        }
        let selection = selected.selection();
        let plan = Plan::new(&architectures, &selection);
        let rulings = RulingLog::default();
        let options = Options {
            jobs: 1,
            fail_fast: false,
            run: runner::new_run_id(),
            scenarios: self.scenarios.display().to_string(),
            share: true,
            wrap: Some(rulings.wrap()),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let record = runtime.block_on(runner::run(&plan, &options, &Stop::default(), |_| {}));
        let Some(result) = record.results.first() else {
            return terminal.refuse(&Diagnostics::default()).map(Err);
        };
        Ok(Ok(explained(result, &rulings)))
    }
}

fn chosen(architectures: &[Architecture], selected: &Selected) -> Vec<String> {
    let selection = selected.selection();
    let plan = Plan::new(architectures, &selection);
    let attempts = plan.rows.iter().flat_map(|row| plan.attempts(row));
    attempts.map(|attempt| attempt.id.clone()).collect()
}

fn explained(result: &ResultRecord, rulings: &RulingLog) -> Explained {
    let observed = result.observed.as_ref();
    let request_id = observed.and_then(|observed| observed.request_id.as_deref());
    let found = request_id.and_then(|id| rulings.of_request(id));
    let words = observed.map_or_else(
        || "not made".to_owned(),
        |observed| {
            let status = observed.status.map(|status| status.to_string());
            let words = [status.as_ref(), observed.code.as_ref(), observed.message.as_ref()];
            words.into_iter().flatten().cloned().collect::<Vec<_>>().join(" ")
        },
    );
    Explained {
        id: Some(result.id.clone()),
        answer: Some(format!("{}: {words}", result.verdict.as_str())),
        questions: found
            .iter()
            .flat_map(|rulings| rulings.0.iter())
            .filter_map(|ruling| ruling.input.as_deref().map(placed))
            .collect(),
    }
}

/// The explanation with the files and lines of the policies.
fn placed(input: &RulingInput) -> Explanation {
    located(explain(&input.input.request(), &input.input.policies()), &input.documents)
}

/// An explanation with the files and lines of its policies.
fn located(mut explanation: Explanation, documents: &[(Layer, usize, Document)]) -> Explanation {
    for view in &mut explanation.layers {
        for policy in &mut view.policies {
            let document = documents
                .iter()
                .find(|(layer, index, _)| (*layer, *index) == (view.layer, policy.policy));
            let Some((_, _, document)) = document else { continue };
            policy.file = Some(document.source.name().to_owned());
            for statement in &mut policy.statements {
                statement.line = Some(document.line(statement.statement));
            }
        }
    }
    explanation
}

/// What the sandbox decided about each call, by its request id.
#[derive(Clone, Debug, Default)]
struct RulingLog(Arc<Mutex<Vec<(String, Rulings)>>>);

/// Asks for every call to be explained, and keeps what comes back beside the answer.
#[derive(Debug)]
struct ExplainConnector {
    inner: SharedHttpConnector,
    calls: RulingLog,
}

impl RulingLog {
    fn wrap(&self) -> WrapConnector {
        let calls = self.clone();
        WrapConnector::new(move |inner| {
            SharedHttpConnector::new(ExplainConnector { inner, calls: calls.clone() })
        })
    }

    fn of_request(&self, request_id: &str) -> Option<Rulings> {
        let calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        calls.iter().rfind(|(id, _)| id == request_id).map(|(_, rulings)| rulings.clone())
    }
}

impl HttpConnector for ExplainConnector {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        request.add_extension(Wanted);
        let (answer, calls) = (self.inner.call(request), self.calls.clone());
        HttpConnectorFuture::new(async move {
            let response = answer.await?;
            let id = ["x-amz-request-id", "x-amzn-requestid"]
                .iter()
                .find_map(|name| response.headers().get(*name));
            if let (Some(id), Some(rulings)) = (id, response.extension::<Rulings>()) {
                let mut calls = calls.0.lock().unwrap_or_else(PoisonError::into_inner);
                calls.push((id.to_owned(), rulings.clone()));
            }
            Ok(response)
        })
    }
}
