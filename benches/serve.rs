//! `gainsay serve`: signed HEADs and small GETs in process on one core, the same over loopback
//! beside ministack and moto, how soon the first answer comes after the start, and what the server
//! needs when nobody asks.
//!
//! The clients are raw: requests are signed before and written as they are, so that what is
//! measured is the server. ministack and moto come from `PyPI` into a virtual environment below
//! `target/`; without `python3` or a way to `PyPI` they are left out.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_macros,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a benchmark prints its figures and may stop at a surprise"
)]

use std::{
    fmt::Write as _,
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant, SystemTime},
};

use aws_credential_types::Credentials;
use aws_sigv4::{http_request as sigv4, sign::v4};
use bytes::Bytes;
use gainsay_sandbox::Sandbox;

const ROUNDS: usize = 5;
const CALLS: usize = 20_000;
const CONNECTIONS: usize = 8;
const SPELL: Duration = Duration::from_secs(2);
const BODY: &[u8] = b"a small object, as most are";

fn main() {
    in_process();
    let ours = over_loopback("gainsay", &mut Process::gainsay());
    for (name, mut process) in [("ministack", Process::ministack()), ("moto", Process::moto())]
        .into_iter()
        .filter_map(|(name, process)| Some((name, process?)))
    {
        let theirs = over_loopback(name, &mut process);
        println!("gainsay answers {:.0} times as many as {name}", ours / theirs);
    }
    start_and_rest();
    long_upload();
}

/// Requests a second on one thread, without a network.
fn in_process() {
    let sandbox = Sandbox::empty("us-east-1");
    let credentials: Credentials = sandbox.admin_credentials().into();
    let host = "s3.us-east-1.amazonaws.com";
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let call = |request: http::Request<Bytes>| {
        let sandbox = sandbox.clone();
        async move { sandbox.answer(request.map(Into::into)).await.response.status() }
    };
    for (method, path, body) in
        [("PUT", "/bench", Bytes::new()), ("PUT", "/bench/key", Bytes::from_static(BODY))]
    {
        let status = runtime.block_on(call(signed(
            method,
            &format!("https://{host}{path}"),
            &body,
            &credentials,
        )));
        assert!(status.is_success(), "{method} {path}: {status}");
    }
    for method in ["HEAD", "GET"] {
        let request =
            signed(method, &format!("https://{host}/bench/key"), &Bytes::new(), &credentials);
        let mut rates: Vec<f64> = (0..ROUNDS)
            .map(|_| {
                let begun = Instant::now();
                runtime.block_on(async {
                    for _ in 0..CALLS {
                        assert!(call(request.clone()).await.is_success());
                    }
                });
                f64::from(u32::try_from(CALLS).unwrap()) / begun.elapsed().as_secs_f64()
            })
            .collect();
        println!(
            "{method} in process, one core: {:.0} a second (target 60,000)",
            median(&mut rates)
        );
    }
}

/// Requests a second over loopback, by a few connections that each ask as fast as they are
/// answered.
fn over_loopback(name: &str, process: &mut Process) -> f64 {
    for (method, path, body) in
        [("PUT", "/bench", Bytes::new()), ("PUT", "/bench/key", Bytes::from_static(BODY))]
    {
        let request = process.request(method, path, &body);
        let status = Connection::new(process.port).ask(&request);
        assert_eq!(status, 200, "{name}: {method} {path}");
    }
    let rate = |method| {
        let request = process.request(method, "/bench/key", &Bytes::new());
        let mut rates: Vec<f64> =
            (0..3).map(|_| spell(process.port, &request, method == "HEAD")).collect();
        median(&mut rates)
    };
    let (head, get) = (rate("HEAD"), rate("GET"));
    println!(
        "{name} over loopback, {CONNECTIONS} connections: {head:.0} HEADs, {get:.0} GETs a second"
    );
    get
}

fn spell(port: u16, request: &[u8], head: bool) -> f64 {
    let begun = Instant::now();
    let ask = || {
        let mut connection = Connection::new(port);
        connection.head = head;
        let mut answers = 0_u32;
        while begun.elapsed() < SPELL {
            let status = connection.ask(request);
            assert_eq!(status, 200);
            answers += 1;
        }
        answers
    };
    let answers: u32 = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    f64::from(answers) / begun.elapsed().as_secs_f64()
}

/// From the start of the process to its first answer, and its memory after a second in which nobody
/// asked.
fn start_and_rest() {
    let mut times: Vec<f64> = (0..9)
        .map(|_| {
            let begun = Instant::now();
            let process = Process::gainsay();
            let request = process.request("GET", "/", &Bytes::new());
            let status = Connection::new(process.port).ask(&request);
            assert_eq!(status, 200);
            begun.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    println!("start to first answer: {:.1} ms (target 50)", median(&mut times));
    let process = Process::gainsay();
    std::thread::sleep(Duration::from_secs(1));
    let resident = memory(&process, "VmRSS:");
    println!("memory at rest: {resident} (target 30 MiB)");
}

/// One upload of a gibibyte: how long it takes, and the most memory that the server ever had.
fn long_upload() {
    const PIECE: usize = 1 << 20;
    const PIECES: usize = 1 << 10;
    let process = Process::gainsay();
    let bucket = process.request("PUT", "/bench", &Bytes::new());
    assert_eq!(Connection::new(process.port).ask(&bucket), 200);
    let url = format!("http://127.0.0.1:{}/bench/long", process.port);
    let mut request =
        signed_as("PUT", &url, sigv4::SignableBody::UnsignedPayload, &process.credentials);
    let length = (PIECE * PIECES).to_string();
    request.headers_mut().insert("content-length", length.parse().unwrap());
    let begun = Instant::now();
    let mut connection = Connection::new(process.port);
    connection.stream.set_read_timeout(Some(Duration::from_mins(2))).unwrap();
    let text = head(&request, &format!("127.0.0.1:{}", process.port), "/bench/long");
    connection.stream.write_all(text.as_bytes()).unwrap();
    let piece: Vec<u8> = (0..PIECE).map(|at| u8::try_from(at % 251).unwrap()).collect();
    for _ in 0..PIECES {
        connection.stream.write_all(&piece).unwrap();
    }
    let mut answer = [0; 12];
    connection.stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    let seconds = begun.elapsed().as_secs_f64();
    let most = memory(&process, "VmHWM:");
    println!("an upload of 1 GiB: {seconds:.1} s, at most {most} of memory (target 200 MiB)");
}

/// What the kernel says of a process's memory.
fn memory(process: &Process, name: &str) -> String {
    let status =
        fs::read_to_string(format!("/proc/{}/status", process.child.id())).unwrap_or_default();
    let found = status.lines().find_map(|line| line.strip_prefix(name));
    found.unwrap_or("unknown").trim().to_owned()
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A request of S3, signed.
fn signed(
    method: &str,
    url: &str,
    body: &Bytes,
    credentials: &Credentials,
) -> http::Request<Bytes> {
    signed_as(method, url, sigv4::SignableBody::Bytes(body), credentials).map(|()| body.clone())
}

fn signed_as(
    method: &str,
    url: &str,
    body: sigv4::SignableBody<'_>,
    credentials: &Credentials,
) -> http::Request<()> {
    let identity = credentials.clone().into();
    let mut settings = sigv4::SigningSettings::default();
    settings.payload_checksum_kind = sigv4::PayloadChecksumKind::XAmzSha256;
    settings.percent_encoding_mode = sigv4::PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = sigv4::UriPathNormalizationMode::Disabled;
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name("s3")
        .time(SystemTime::now())
        .settings(settings)
        .build()
        .unwrap();
    let signable = sigv4::SignableRequest::new(method, url, std::iter::empty(), body).unwrap();
    let (instructions, _) = sigv4::sign(signable, &params.into()).unwrap().into_parts();
    let mut request = http::Request::builder().method(method).uri(url).body(()).unwrap();
    instructions.apply_to_request_http1x(&mut request);
    request
}

/// A server in a process of its own.
struct Process {
    child: Child,
    port: u16,
    credentials: Credentials,
    _folder: Option<tempfile::TempDir>,
}

impl Drop for Process {
    fn drop(&mut self) {
        _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        _ = self.child.wait();
    }
}

impl Process {
    fn gainsay() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_gainsay"))
            .args(["serve", "--json", "--quiet"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let told: serde_json::Value = serde_json::from_str(&line).unwrap();
        let text = |name: &str| told[name].as_str().unwrap().to_owned();
        Self {
            child,
            port: text("http").rsplit(':').next().unwrap().parse().unwrap(),
            credentials: Credentials::new(
                text("access_key_id"),
                text("secret_access_key"),
                None,
                None,
                "bench",
            ),
            _folder: None,
        }
    }

    fn ministack() -> Option<Self> {
        let python = install("ministack-bench", &["ministack==1.5.33", "hypercorn==0.18.0"])?;
        let port = free_port();
        let bind = format!("127.0.0.1:{port}");
        let mut command = Command::new(python);
        command.args(["-m", "hypercorn", "ministack.app:app", "--workers", "0", "--bind", &bind]);
        command.envs([
            ("BIND_HOST", "127.0.0.1"),
            ("IOT_MTLS_ENABLED", "0"),
            ("SFTP_ENABLED", "0"),
            ("LOG_LEVEL", "WARNING"),
        ]);
        Self::other(command, port)
    }

    fn moto() -> Option<Self> {
        let python = install("moto-bench", &["moto[server]==5.2.5"])?;
        let port = free_port();
        let mut command = Command::new(python);
        command.args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()]);
        Self::other(command, port)
    }

    fn other(mut command: Command, port: u16) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        command.current_dir(folder.path()).env("HOME", folder.path()).env("TMPDIR", folder.path());
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let process = Self {
            child,
            port,
            credentials: Credentials::new("test", "test", None, None, "bench"),
            _folder: Some(folder),
        };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if begun.elapsed() > Duration::from_mins(1) {
                println!("a server does not start and is left out");
                return None;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Some(process)
    }

    /// A request as its bytes.
    fn request(&self, method: &str, path: &str, body: &Bytes) -> Vec<u8> {
        let request = signed(
            method,
            &format!("http://127.0.0.1:{}{path}", self.port),
            body,
            &self.credentials,
        );
        let mut request = request;
        request.headers_mut().insert("content-length", body.len().into());
        let mut bytes = head(&request, &format!("127.0.0.1:{}", self.port), path).into_bytes();
        bytes.extend_from_slice(body);
        bytes
    }
}

/// The lines of a request before its body.
fn head<Body>(request: &http::Request<Body>, host: &str, path: &str) -> String {
    let mut text = format!("{} {path} HTTP/1.1\r\nhost: {host}\r\n", request.method());
    for (name, value) in request.headers() {
        write!(text, "{name}: {}\r\n", value.to_str().unwrap()).unwrap();
    }
    text + "\r\n"
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The python of a virtual environment with these packages; nothing if there is no way to have it.
fn install(name: &str, packages: &[&str]) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let (python, done) = (folder.join("bin/python"), folder.join("installed"));
    if !done.exists() {
        let made = Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder).status();
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
        let installed = made.is_ok_and(|status| status.success())
            && Command::new(&python)
                .args(pip)
                .args(packages)
                .status()
                .is_ok_and(|status| status.success());
        if !installed {
            println!("{packages:?} cannot be installed and is left out");
            return None;
        }
        fs::write(done, "").unwrap();
    }
    Some(python)
}

/// A connection that is kept for as long as the server keeps it.
struct Connection {
    port: u16,
    stream: TcpStream,
    buffer: Vec<u8>,
    head: bool,
}

impl Connection {
    fn new(port: u16) -> Self {
        Self { port, stream: Self::open(port), buffer: vec![0; 1 << 16], head: false }
    }

    fn open(port: u16) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream
    }

    /// The status of the answer. A connection that the server closes is opened again: moto closes
    /// each after its answer.
    fn ask(&mut self, request: &[u8]) -> u16 {
        for _ in 0..5 {
            if let Some((status, closes)) = self.try_to_ask(request) {
                if closes {
                    self.stream = Self::open(self.port);
                }
                return status;
            }
            self.stream = Self::open(self.port);
        }
        panic!("port {} does not answer", self.port);
    }

    fn try_to_ask(&mut self, request: &[u8]) -> Option<(u16, bool)> {
        self.stream.write_all(request).ok()?;
        let mut read = 0;
        loop {
            let more = self.stream.read(&mut self.buffer[read..]).ok().filter(|more| *more > 0)?;
            read += more;
            let Some(end) = self.buffer[..read].windows(4).position(|window| window == b"\r\n\r\n")
            else {
                continue;
            };
            let head = String::from_utf8_lossy(&self.buffer[..end]).to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
            let whole = end + 4 + if self.head { 0 } else { length };
            while read < whole {
                read += self.stream.read(&mut self.buffer[read..]).ok().filter(|more| *more > 0)?;
            }
            let closes = head.lines().any(|line| line.replace(' ', "") == "connection:close");
            return Some((head.split(' ').nth(1).unwrap().parse().unwrap(), closes));
        }
    }
}
