//! `gainsay serve` in a process of its own, for tests and nobody else.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "each test binary uses a part of this, and a test may stop at a surprise"
)]

use std::{
    fmt::Write as _,
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, SystemTime},
};

use aws_credential_types::Credentials;
use aws_sigv4::{http_request as sigv4, sign::v4};
use gainsay::cloud::{Target, Trust, Url};
use serde_json::Value;

/// A server that lives as long as this does, and no longer than five minutes whatever becomes of
/// the test.
pub struct Served {
    child: Child,
    told: Value,
    folder: tempfile::TempDir,
}

impl Drop for Served {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            // `timeout` hands the signal on; a kill would leave the server behind.
            _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
            _ = self.child.wait();
        }
    }
}

impl Served {
    pub fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let mut child = Command::new("timeout")
            .args(["--kill-after=5", "300"])
            .arg(env!("CARGO_BIN_EXE_gainsay"))
            .args(["serve", "--json"])
            .args(arguments)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("`timeout` of coreutils starts the server");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let told = serde_json::from_str(&line).unwrap_or_else(|_| {
            panic!("{line}{}", fs::read_to_string(folder.path().join("log")).unwrap())
        });
        Self { child, told, folder }
    }

    /// What it says of itself.
    pub fn told(&self, name: &str) -> &str {
        self.told[name].as_str().unwrap_or_else(|| panic!("it says no `{name}`: {}", self.told))
    }

    /// All of it, as it was printed.
    pub fn line(&self) -> String {
        self.told.to_string()
    }

    /// The log, whole once the server has stopped.
    pub fn stop(mut self) -> (i32, String) {
        Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        let status = self.child.wait().unwrap();
        (status.code().unwrap(), fs::read_to_string(self.folder.path().join("log")).unwrap())
    }

    pub fn ca(&self) -> PathBuf {
        self.told("ca").into()
    }

    /// The credentials of the user who may do everything.
    pub fn admin(&self) -> Credentials {
        Credentials::new(
            self.told("access_key_id"),
            self.told("secret_access_key"),
            None,
            None,
            "test",
        )
    }

    /// The credentials of the environment's caller.
    pub fn caller(&self) -> Credentials {
        Credentials::new(
            self.told("caller_access_key_id"),
            self.told("caller_secret_access_key"),
            None,
            None,
            "test",
        )
    }

    /// The SDK's clients, over TLS.
    pub fn target(&self) -> Target {
        let trust = Trust { authorities: Some(fs::read(self.ca()).unwrap()), anyone: false };
        let (url, plain) =
            (Url::parse(self.told("https")).unwrap(), Url::parse(self.told("http")).unwrap());
        Target::endpoint(&url, Some(&plain), &trust, self.told("region"), "test", None).unwrap()
    }

    /// `127.0.0.1:PORT` of the plain port.
    pub fn plain(&self) -> &str {
        self.told("http").strip_prefix("http://").unwrap()
    }

    /// Sends bytes on the plain port and reads the answer until the server closes the connection or
    /// says nothing more for a while.
    pub fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.plain()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        stream.write_all(bytes).unwrap();
        let mut answer = Vec::new();
        _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Sends a signed request to the plain port under a host name, and reads the answer.
    pub fn ask(&self, request: &Request<'_>) -> Reply {
        Reply::read(&self.raw(&request.bytes(&self.admin(), self.told("region"))))
    }
}

/// A request of S3, as it is written on the wire.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    pub method: &'a str,
    pub host: &'a str,
    pub path: &'a str,
    pub headers: &'a [(&'a str, &'a str)],
    pub body: &'a [u8],
    pub service: &'a str,
}

impl<'a> Request<'a> {
    pub const fn new(method: &'a str, host: &'a str, path: &'a str) -> Self {
        Self { method, host, path, headers: &[], body: b"", service: "s3" }
    }

    pub const fn body(mut self, body: &'a [u8]) -> Self {
        self.body = body;
        self
    }

    pub const fn headers(mut self, headers: &'a [(&'a str, &'a str)]) -> Self {
        self.headers = headers;
        self
    }

    /// Signed, with a length, on a connection that ends with the answer.
    pub fn bytes(&self, credentials: &Credentials, region: &str) -> Vec<u8> {
        let url = format!("http://{}{}", self.host, self.path);
        let identity = credentials.clone().into();
        let mut settings = sigv4::SigningSettings::default();
        let payload = self.headers.iter().find(|(name, _)| *name == "x-amz-content-sha256");
        if payload.is_none() {
            settings.payload_checksum_kind = sigv4::PayloadChecksumKind::XAmzSha256;
        }
        settings.percent_encoding_mode = sigv4::PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = sigv4::UriPathNormalizationMode::Disabled;
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name(self.service)
            .time(SystemTime::now())
            .settings(settings)
            .build()
            .unwrap();
        let body = payload.map_or(sigv4::SignableBody::Bytes(self.body), |(_, said)| {
            sigv4::SignableBody::Precomputed((*said).to_owned())
        });
        let signable =
            sigv4::SignableRequest::new(self.method, &url, self.headers.iter().copied(), body)
                .unwrap();
        let (instructions, _) = sigv4::sign(signable, &params.into()).unwrap().into_parts();
        let mut signed = http::Request::builder().method(self.method).uri(&url).body(()).unwrap();
        instructions.apply_to_request_http1x(&mut signed);
        let mut text = format!(
            "{} {} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\nConnection: close\r\n",
            self.method,
            self.path,
            self.host,
            self.body.len()
        );
        let headers =
            signed.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
        for (name, value) in headers.chain(self.headers.iter().copied()) {
            write!(text, "{name}: {value}\r\n").unwrap();
        }
        let mut bytes = (text + "\r\n").into_bytes();
        bytes.extend_from_slice(self.body);
        bytes
    }
}

/// An answer, taken apart.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Reply {
    pub fn read(text: &str) -> Self {
        let (head, body) =
            text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: `{text}`"));
        Self {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_ascii_lowercase(),
            body: body.to_owned(),
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// The code of an error.
    pub fn code(&self) -> &str {
        let after = self.body.split("<Code>").nth(1).unwrap_or_default();
        after.split("</Code>").next().unwrap_or_default()
    }
}
