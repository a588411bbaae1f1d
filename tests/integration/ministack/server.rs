//! `ministack`, installed and started: <https://pypi.org/project/ministack/>. It serves its TLS
//! port and its plain port from one process only if its ASGI server is started with both, so
//! hypercorn, which it runs on, is started directly.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Mutex,
    time::{Duration, Instant},
};

use gainsay::cloud::{SignedRequest, Target, Trust, Url};
use gainsay_model::Service;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use super::table::Table;

/// A server that lives as long as this does, and no longer than ten minutes whatever becomes of the
/// test.
pub struct Server {
    child: Child,
    pub url: String,
    pub plain_url: String,
    pub ca_file: PathBuf,
    folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        // `timeout` hands the signal on; a kill would leave the server behind.
        _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        _ = self.child.wait();
    }
}

impl Server {
    pub fn start(table: &Table) -> Self {
        let python = install(table);
        let folder = tempfile::tempdir().unwrap();
        certificates(folder.path());
        // Somebody else may take a port between finding it free and using it.
        for _ in 0..3 {
            let (tls, plain) = (free_port(), free_port());
            let log = fs::File::create(folder.path().join("log")).unwrap();
            let child = Command::new("timeout")
                .args(["--kill-after=5", "600"])
                .arg(&python)
                .args(["-m", "hypercorn", "ministack.app:app", "--workers", "0"])
                .args([
                    "--bind",
                    &format!("127.0.0.1:{tls}"),
                    "--insecure-bind",
                    &format!("127.0.0.1:{plain}"),
                ])
                .args(["--certfile", "leaf.pem", "--keyfile", "leaf.key"])
                .current_dir(folder.path())
                .env("TMPDIR", folder.path())
                .env("HOME", folder.path())
                .envs([
                    ("AUTH", "true"),
                    ("BIND_HOST", "127.0.0.1"),
                    ("IOT_MTLS_ENABLED", "0"),
                    ("SFTP_ENABLED", "0"),
                ])
                .envs([
                    ("AWS_ACCESS_KEY_ID", "test"),
                    ("AWS_SECRET_ACCESS_KEY", "test"),
                    ("LOG_LEVEL", "WARNING"),
                ])
                .stdin(Stdio::null())
                .stdout(log.try_clone().unwrap())
                .stderr(log)
                .spawn()
                .expect("`timeout` of coreutils starts the server");
            let mut server = Self {
                child,
                url: format!("https://127.0.0.1:{tls}"),
                plain_url: format!("http://127.0.0.1:{plain}"),
                ca_file: folder.path().join("ca.pem"),
                folder: tempfile::tempdir().unwrap(),
            };
            if server.answers(plain) {
                server.folder = folder;
                return server;
            }
        }
        panic!(
            "ministack does not answer:\n{}",
            fs::read_to_string(folder.path().join("log")).unwrap()
        );
    }

    fn answers(&mut self, port: u16) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_mins(1) && self.child.try_wait().unwrap().is_none() {
            if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) {
                let mut answer = String::new();
                stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
                _ = stream.write_all(b"GET /_ministack/health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
                _ = stream.read_to_string(&mut answer);
                if answer.starts_with("HTTP/1.1 200") {
                    return true;
                }
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        false
    }

    /// The buckets of an account.
    pub fn buckets(&self, account: &str) -> Vec<String> {
        let clients = self.target().clients(Some(&credentials(account)), false);
        let answer = runtime().block_on(clients.s3.list_buckets().send()).unwrap();
        answer.buckets().iter().map(|bucket| bucket.name().unwrap().to_owned()).collect()
    }

    /// Every version, delete marker and upload in the buckets of an account.
    pub fn versions(&self, account: &str) -> Vec<String> {
        let s3 = self.target().clients(Some(&credentials(account)), false).s3;
        let mut found = Vec::new();
        for bucket in self.buckets(account) {
            let listed =
                runtime().block_on(s3.list_object_versions().bucket(&bucket).send()).unwrap();
            found.extend(
                listed
                    .versions()
                    .iter()
                    .map(|version| format!("{bucket}/{}", version.key().unwrap())),
            );
            found.extend(
                listed
                    .delete_markers()
                    .iter()
                    .map(|marker| format!("{bucket}/{} marker", marker.key().unwrap())),
            );
            let uploads =
                runtime().block_on(s3.list_multipart_uploads().bucket(&bucket).send()).unwrap();
            found.extend(
                uploads
                    .uploads()
                    .iter()
                    .map(|upload| format!("{bucket}/{} upload", upload.key().unwrap())),
            );
        }
        found
    }

    /// The roles of an account, apart from those of services.
    pub fn roles(&self, account: &str) -> Vec<String> {
        let clients = self.target().clients(Some(&credentials(account)), false);
        let reply = runtime()
            .block_on(clients.ask(Service::Iam, &SignedRequest::iam("ListRoles", &[])))
            .unwrap();
        assert!(reply.is_success(), "{reply:?}");
        let body = String::from_utf8(reply.body).unwrap();
        let roles =
            body.split("<RoleName>").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned());
        roles.filter(|name| name.starts_with("gainsay")).collect()
    }

    pub fn target(&self) -> Target {
        let trust =
            Trust { authorities: Some(fs::read(&self.ca_file).unwrap()), any_certificate: false };
        let (url, plain) = (Url::parse(&self.url).unwrap(), Url::parse(&self.plain_url).unwrap());
        Target::endpoint(&url, Some(&plain), &trust, "eu-west-1", "test", None).unwrap()
    }
}

pub fn credentials(account: &str) -> aws_credential_types::Credentials {
    aws_credential_types::Credentials::new(account, "test", None, None, "test")
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// An authority and a certificate of it for 127.0.0.1: clients take no authority for a server.
fn certificates(folder: &Path) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &authority).unwrap();
    fs::write(folder.join("ca.pem"), authority.pem()).unwrap();
    fs::write(folder.join("leaf.pem"), leaf.pem()).unwrap();
    fs::write(folder.join("leaf.key"), key.serialize_pem()).unwrap();
}

/// Installs ministack into a virtual environment of its own, once for each version.
fn install(table: &Table) -> PathBuf {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock();
    let folder =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("ministack-{}", table.version));
    let (python, done) = (folder.join("bin/python"), folder.join("installed"));
    if done.exists() {
        return python;
    }
    _ = fs::remove_dir_all(&folder);
    let made = Command::new("python3").args(["-m", "venv"]).arg(&folder).output();
    let made = made
        .unwrap_or_else(|error| panic!("python3 cannot be started ({error}): install it, on Debian with `apt-get install python3-venv`"));
    let said = |output: &std::process::Output| {
        format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )
    };
    assert!(
        made.status.success(),
        "python3 makes no virtual environment: install python3-venv, on Debian with `apt-get install python3-venv`\n{}",
        said(&made)
    );
    let installed = Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
        .args([format!("ministack=={}", table.version), format!("hypercorn=={}", table.hypercorn)])
        .output()
        .unwrap();
    assert!(
        installed.status.success(),
        "ministack cannot be installed from PyPI:\n{}",
        said(&installed)
    );
    fs::write(done, "").unwrap();
    python
}
