//! `gainsay explain --message`.

use std::{fs, io, io::Read as _, path::Path};

use gainsay_iam::{Effect, explain};
use serde::Serialize;

use super::{LONGEST, OutputFormat, located, tree};
use crate::{
    access_denied::{
        self, Comparison, Finding, Given, Place, PoliciesError, ReadError, RefusedCall,
    },
    cli::Terminal,
    exit::Exit,
    files::{Folder, diag::Diagnostics, load},
    report::one_line,
    suite,
};

/// Why a refusal cannot be explained.
#[derive(Debug, thiserror::Error)]
enum MessageError {
    /// The file system said no.
    #[error("{what} cannot be read: {source}")]
    Unreadable {
        /// What was read.
        what: String,
        /// What it said.
        source: io::Error,
    },
    /// It is longer than anything that AWS writes.
    #[error("{what} has more than {LONGEST} bytes")]
    TooLong {
        /// What was read.
        what: String,
    },
    /// It is no refusal.
    #[error("{}", one_line(&.0.to_string()))]
    Message(#[from] ReadError),
    /// The policies cannot be used.
    #[error("{}", one_line(&.0.to_string()))]
    Policies(#[from] PoliciesError),
}

/// A refusal, and what each set of policies says of it.
#[derive(Debug, Serialize)]
struct Explained {
    refused: RefusedCall,
    found: Vec<Comparison>,
}

/// Explains the refusal that a message or record tells.
pub(super) fn execute(
    message: &str,
    policies: Option<&Path>,
    scenarios: &Path,
    format: OutputFormat,
    terminal: &mut Terminal,
) -> io::Result<Exit> {
    let read = message_text(message).and_then(|text| {
        let call = access_denied::read(&text)?;
        let alone = policies.map(|path| {
            let what = format!("the policies in `{}`", one_line(&path.display().to_string()));
            let file = fs::File::open(path).map_err(|source| unreadable(&what, source))?;
            let policies = limited(file, &what)?;
            Ok::<_, MessageError>(access_denied::with_policies(&call, &policies)?)
        });
        Ok((call, alone.transpose()?))
    });
    let (refused, alone) = match read {
        Ok(read) => read,
        Err(error) => {
            writeln!(terminal.err, "error: {error}")?;
            return Ok(Exit::BadInput);
        }
    };
    let found = match alone {
        Some(given) => vec![comparison(&refused, &given, None)],
        None => match load::load(scenarios).and_then(|read| in_folders(&refused, &read)) {
            Ok(found) => found,
            Err(problems) => return terminal.refuse(&problems),
        },
    };
    let exit = if found.is_empty() { Exit::NothingRun } else { Exit::Ok };
    let explained = Explained { refused, found };
    match format {
        OutputFormat::Json => {
            serde_json::to_writer_pretty(&mut terminal.out, &explained)?;
            writeln!(terminal.out)?;
        }
        OutputFormat::Text => text(&explained, scenarios, terminal)?,
    }
    Ok(exit)
}

/// What the environments of some folders say: those that have both who asks and what is asked for,
/// or else those that have one of them.
fn in_folders(call: &RefusedCall, folders: &[Folder]) -> Result<Vec<Comparison>, Diagnostics> {
    let mut found = Vec::new();
    for folder in folders {
        for environment in suite::environments(folder)? {
            let given = access_denied::in_environment(call, &environment);
            found.extend(given.map(|given| (folder.name.clone(), given)));
        }
    }
    if found.iter().any(|(_, given)| given.missing.is_empty()) {
        found.retain(|(_, given)| given.missing.is_empty());
    }
    let compared = found.into_iter().map(|(name, given)| comparison(call, &given, Some(name)));
    Ok(compared.collect())
}

fn comparison(call: &RefusedCall, given: &Given, architecture: Option<String>) -> Comparison {
    let asked = explain(&given.input.request(), &given.input.policies());
    let explanation = located(asked, &given.documents);
    let mut judged = access_denied::judge(call, given, &explanation);
    if !given.missing.is_empty() {
        let missing = given.missing.join(" and ");
        judged.says = format!("{}; nothing is known of {missing}", judged.says);
    }
    Comparison { architecture, judged, explanation }
}

fn message_text(message: &str) -> Result<String, MessageError> {
    if message == "-" {
        return limited(io::stdin().lock(), "the message");
    }
    if message.len() as u64 > LONGEST {
        return Err(MessageError::TooLong { what: "the message".to_owned() });
    }
    Ok(message.to_owned())
}

fn unreadable(what: &str, source: io::Error) -> MessageError {
    MessageError::Unreadable { what: what.to_owned(), source }
}

fn limited(input: impl io::Read, what: &str) -> Result<String, MessageError> {
    let mut text = String::new();
    let read = input.take(LONGEST + 1).read_to_string(&mut text);
    let read = read.map_err(|source| unreadable(what, source))?;
    if read as u64 > LONGEST {
        return Err(MessageError::TooLong { what: what.to_owned() });
    }
    Ok(text)
}

fn text(explained: &Explained, scenarios: &Path, terminal: &mut Terminal) -> io::Result<()> {
    let Explained { refused, found } = explained;
    let shown = |text: &Option<String>| text.as_deref().map_or_else(String::new, one_line);
    let resource = refused.resource.as_deref().unwrap_or("a resource that is not named");
    writeln!(
        terminal.out,
        "refused: {} on {}\nto: {}",
        shown(&refused.action),
        one_line(resource),
        shown(&refused.principal)
    )?;
    if let Some(policy) = &refused.policy {
        writeln!(terminal.out, "by the policy {}", one_line(policy))?;
    }
    if found.is_empty() {
        writeln!(
            terminal.out,
            "\nthe policies cannot be the ones that answered: no environment in `{}` has this \
             principal or this resource",
            one_line(&scenarios.display().to_string())
        )?;
    }
    for comparison in found {
        let Comparison { architecture, judged, explanation } = comparison;
        let whose = architecture.as_deref().map_or_else(
            || "the policies given".to_owned(),
            |name| format!("the architecture {}", one_line(name)),
        );
        writeln!(terminal.out, "\n{whose}: {}: {}", word(judged.finding), one_line(&judged.says))?;
        for place in &judged.statements {
            writeln!(terminal.out, "  {}", line(place))?;
        }
        writeln!(terminal.out)?;
        write!(terminal.out, "{}", tree::text(explanation, terminal.colour_out))?;
    }
    Ok(())
}

const fn word(finding: Finding) -> &'static str {
    match finding {
        Finding::Decided => "decided",
        Finding::Silent => "silent",
        Finding::Possible => "possible",
        Finding::Contradicted => "contradicted",
        Finding::NotGiven => "not-given",
    }
}

/// A statement in one line: where it is, and what of it does not match.
fn line(place: &Place) -> String {
    let at = match (&place.file, place.line) {
        (Some(file), Some(line)) => format!("{}:{line}", one_line(file)),
        _ => format!("{} policy {}, statement {}", place.layer, place.policy, place.statement),
    };
    let effect = if place.effect == Effect::Allow { "Allow" } else { "Deny" };
    let sid = place.sid.as_deref().map_or_else(String::new, |sid| format!(" {}", one_line(sid)));
    let list = |elements: &[String]| {
        elements.iter().map(|element| one_line(element)).collect::<Vec<_>>().join(" and ")
    };
    let mut line = format!("{at}: {effect}{sid}");
    if !place.but.is_empty() {
        line += " matched all but ";
        line += &list(&place.but);
    }
    if !place.unknown.is_empty() {
        line += " reads what is not told: ";
        line += &list(&place.unknown);
    }
    line
}
