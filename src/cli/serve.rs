//! `gainsay serve`.

use std::{
    io,
    net::{IpAddr, Ipv4Addr},
    path::{Path, PathBuf},
};

use clap::{Args, builder::PossibleValuesParser};
use gainsay_sandbox::{
    REGIONS, Sandbox,
    serve::{Server, log::Log},
};
use serde::Serialize;
use tokio::{
    runtime::Runtime,
    signal::unix::{Signal, SignalKind, signal},
};

use super::Terminal;
use crate::{
    exit::Exit,
    files::{
        Environment,
        diag::{Code, Diagnostic, Diagnostics},
        load,
    },
    report::one_line,
    suite,
};

const EXAMPLE: &str = "Its first lines set a shell's environment for the AWS CLI and the SDKs:
  gainsay serve > endpoints.sh &    and then    . ./endpoints.sh; aws s3 mb s3://a-bucket
Whatever a request is refused for stands on the error stream, with the statement that decided.";

/// Answer S3, S3 Control, KMS, STS and IAM on local ports, refusing what AWS refuses.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Serve {
    /// The address to listen on; everyone who reaches it may try to use the server
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    listen: IpAddr,
    /// The port that speaks TLS; 0 takes a free one
    #[arg(long, value_name = "N", default_value_t = 0)]
    tls_port: u16,
    /// The port without TLS; 0 takes a free one
    #[arg(long, value_name = "N", default_value_t = 0)]
    plain_port: u16,
    /// The environment to begin with, an `environment.yaml`; an empty account where nothing is said
    #[arg(long, value_name = "FILE")]
    environment: Option<PathBuf>,
    /// The Region of the empty account
    #[arg(long, value_name = "REGION", default_value = "us-east-1", conflicts_with = "environment",
          value_parser = PossibleValuesParser::new(REGIONS), hide_possible_values = true)]
    region: String,
    /// Where to write the certificate to trust; a temporary file where nothing is said
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Print one line of JSON in place of the lines for a shell
    #[arg(long)]
    json: bool,
    /// Write no log of requests
    #[arg(long)]
    quiet: bool,
}

/// No client could trust the server.
#[derive(Debug, thiserror::Error)]
#[error("the certificate cannot be written to `{}`: {source}; name another file with `--ca-file`",
        one_line(&path.display().to_string()))]
struct CertificateNotWritten {
    path: PathBuf,
    source: io::Error,
}

/// What a client must know.
#[derive(Serialize)]
struct Endpoints {
    https: String,
    http: String,
    ca: String,
    account: String,
    region: String,
    access_key_id: String,
    secret_access_key: String,
    /// Of the environment's caller, who assumes its roles.
    #[serde(skip_serializing_if = "Option::is_none")]
    caller_access_key_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    caller_secret_access_key: Option<String>,
}

impl Serve {
    pub(super) fn execute(&self, terminal: &mut Terminal) -> io::Result<Exit> {
        let environment = match self.environment() {
            Ok(environment) => environment,
            Err(problems) => return terminal.refuse(&problems),
        };
        let folder = tempfile::Builder::new().prefix("gainsay-").tempdir()?;
        let ca = self.ca_file.clone().unwrap_or_else(|| folder.path().join("ca.pem"));
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        self.run(runtime, environment.as_ref(), &ca, terminal)
    }

    fn run(
        &self,
        runtime: Runtime,
        environment: Option<&Environment>,
        ca: &Path,
        terminal: &mut Terminal,
    ) -> io::Result<Exit> {
        let sandbox = environment.map_or_else(
            || Sandbox::empty(&self.region),
            |environment| Sandbox::with_admin(&environment.deployed),
        );
        // Before anything is printed: who reads the endpoints may end the program at once.
        let [interrupt, terminate] = {
            let _guard = runtime.enter();
            [signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?]
        };
        let region = sandbox.region();
        let server =
            Server::bind(sandbox.clone(), self.listen, self.tls_port, self.plain_port, region);
        let server = match runtime.block_on(server) {
            Ok(server) => server,
            Err(problem) => {
                writeln!(terminal.err, "error: {problem}")?;
                return Ok(Exit::Unfinished);
            }
        };
        if let Err(source) = std::fs::write(ca, server.authority()) {
            let problem = CertificateNotWritten { path: ca.to_owned(), source };
            writeln!(terminal.err, "error: {problem}")?;
            return Ok(Exit::Unfinished);
        }
        let ca = ca.canonicalize().unwrap_or_else(|_| ca.to_owned());
        self.announce(&sandbox, &server, &ca, terminal)?;
        let (log, writer) = if self.quiet {
            (Log::nowhere(), None)
        } else {
            let (log, writer) = Log::to(io::stderr());
            (log, Some(writer))
        };
        runtime.block_on(server.run(stopped(interrupt, terminate), log));
        // Whoever still holds a connection is not waited for; what was logged is.
        drop(runtime);
        if let Some(writer) = writer {
            _ = writer.join();
        }
        Ok(Exit::Ok)
    }

    fn announce(
        &self,
        sandbox: &Sandbox,
        server: &Server,
        ca: &Path,
        terminal: &mut Terminal,
    ) -> io::Result<()> {
        let [https, http] = server.urls();
        let credentials = sandbox.admin_credentials();
        let caller = self.environment.as_ref().map(|_| sandbox.caller_credentials());
        let endpoints = Endpoints {
            https,
            http,
            ca: ca.display().to_string(),
            account: sandbox.account(),
            region: sandbox.region().to_owned(),
            access_key_id: credentials.access_key_id,
            secret_access_key: credentials.secret_access_key,
            caller_access_key_id: caller.as_ref().map(|caller| caller.access_key_id.clone()),
            caller_secret_access_key: caller.map(|caller| caller.secret_access_key),
        };
        if self.json {
            writeln!(terminal.out, "{}", serde_json::to_string(&endpoints)?)?;
        } else {
            for (name, value) in endpoints.variables() {
                writeln!(terminal.out, "export {name}={}", quoted(value))?;
            }
        }
        terminal.out.flush()
    }

    /// The environment to begin with.
    fn environment(&self) -> Result<Option<Environment>, Diagnostics> {
        let Some(path) = &self.environment else { return Ok(None) };
        if path.file_name().is_none_or(|name| name != "environment.yaml") {
            let shown = path.display();
            return Err(Diagnostic::new(
                Code::NothingHere,
                format!("`{shown}` is not an `environment.yaml`"),
            )
            .help("name the file: the policies it speaks of are read from its folder")
            .into());
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folders = load::load(folder.unwrap_or_else(|| Path::new(".")))?;
        folders.iter().map(suite::declared).next().transpose()
    }
}

impl Endpoints {
    /// The names that the AWS CLI and the SDKs read
    /// (<https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html>), and ours.
    fn variables(&self) -> Vec<(&'static str, &str)> {
        let mut variables = vec![
            ("AWS_ENDPOINT_URL", self.https.as_str()),
            ("AWS_CA_BUNDLE", &self.ca),
            ("AWS_ACCESS_KEY_ID", &self.access_key_id),
            ("AWS_SECRET_ACCESS_KEY", &self.secret_access_key),
            ("AWS_REGION", &self.region),
            ("AWS_DEFAULT_REGION", &self.region),
            ("GAINSAY_PLAIN_URL", &self.http),
            ("GAINSAY_ACCOUNT", &self.account),
        ];
        let caller = [
            ("GAINSAY_CALLER_ACCESS_KEY_ID", &self.caller_access_key_id),
            ("GAINSAY_CALLER_SECRET_ACCESS_KEY", &self.caller_secret_access_key),
        ];
        variables
            .extend(caller.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))));
        variables
    }
}

/// A word of a shell, whatever a path has in it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Until the program is asked to stop.
async fn stopped(mut interrupt: Signal, mut terminate: Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_a_word_back_as_it_was() {
        assert_eq!(quoted("/tmp/a b"), "'/tmp/a b'");
        assert_eq!(quoted("it's $(rm)"), r"'it'\''s $(rm)'");
    }
}
