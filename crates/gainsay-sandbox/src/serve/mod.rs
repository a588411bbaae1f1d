//! The sandbox on two ports, for any client: one speaks TLS, one is plain.
//!
//! Connections speak HTTP/1.1, as those of S3, KMS, STS and IAM do. What arrives is read whole
//! (long bodies into a temporary file), answered by [`Sandbox::answer`], and logged.

mod certificate;
mod expectation;
pub mod log;

use std::{
    convert::Infallible,
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use http::{Request, Response, StatusCode, Uri, uri::Scheme};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

pub use self::certificate::CertificateError;
use self::{certificate::Certificates, log::Log};
use crate::{Payload, PayloadError, Sandbox};

/// The longest body: a part or an object of 5 GiB
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>), and the frames of a
/// signed stream around it.
const LONGEST_BODY: u64 = (5 << 30) + (64 << 20);
/// How long a client may take for the head of a request, and for a handshake.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long requests that are being answered may still take when the server stops.
const LAST: Duration = Duration::from_secs(5);

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A port is taken, or may not be listened on.
    #[error("cannot listen on `{address}`: {problem}; choose another port or address")]
    Listen {
        /// What was asked for.
        address: SocketAddr,
        /// The system's word.
        problem: io::Error,
    },
    /// The certificates cannot be made.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
}

/// A server that listens and does not answer yet.
pub struct Server {
    sandbox: Sandbox,
    tls: TcpListener,
    plain: TcpListener,
    acceptor: TlsAcceptor,
    certificates: Certificates,
    addresses: [SocketAddr; 2],
}

impl Server {
    /// Listens on two ports of an address; port 0 takes a free one. The certificates are made for
    /// the names that clients use.
    ///
    /// # Errors
    /// A port cannot be listened on, or no certificate can be made.
    pub async fn bind(
        sandbox: Sandbox,
        address: IpAddr,
        tls_port: u16,
        plain_port: u16,
        region: &str,
    ) -> Result<Self, ServeError> {
        let certificates = Certificates::new(address, region, &sandbox.account())?;
        let acceptor = TlsAcceptor::from(Arc::new(certificates.config()?));
        let (tls, tls_address) = listen(SocketAddr::new(address, tls_port)).await?;
        let (plain, plain_address) = listen(SocketAddr::new(address, plain_port)).await?;
        Ok(Self {
            sandbox,
            tls,
            plain,
            acceptor,
            certificates,
            addresses: [tls_address, plain_address],
        })
    }

    /// `https://..` and `http://..`, as a client on this machine reaches them.
    #[must_use]
    pub fn urls(&self) -> [String; 2] {
        let [tls, plain] = self.addresses.map(reachable);
        [format!("https://{tls}"), format!("http://{plain}")]
    }

    /// The certificate of the authority that signed the server's, in PEM.
    #[must_use]
    pub fn authority(&self) -> String {
        self.certificates.authority()
    }

    /// Answers until `stop` is done; then what is being answered is finished, for at most five
    /// seconds.
    pub async fn run(self, stop: impl Future<Output = ()>, log: Log) {
        let connections = GracefulShutdown::new();
        let handler = Handler { sandbox: self.sandbox, log };
        let mut stop = std::pin::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                accepted = self.tls.accept() => {
                    if let Some(stream) = tcp_stream(accepted).await {
                        let (handler, acceptor) = (handler.clone(), self.acceptor.clone());
                        let watcher = connections.watcher();
                        tokio::spawn(async move {
                            // A client that does not trust the certificate ends the handshake; that
                            // is its business.
                            let handshake = acceptor.accept(stream);
                            let stream = tokio::time::timeout(PATIENCE, handshake).await;
                            if let Ok(Ok(stream)) = stream {
                                handler.connection(stream, Scheme::HTTPS, watcher).await;
                            }
                        });
                    }
                }
                accepted = self.plain.accept() => {
                    if let Some(stream) = tcp_stream(accepted).await {
                        let (handler, watcher) = (handler.clone(), connections.watcher());
                        tokio::spawn(async move {
                            handler.connection(stream, Scheme::HTTP, watcher).await;
                        });
                    }
                }
            }
        }
        _ = tokio::time::timeout(LAST, connections.shutdown()).await;
    }
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ServeError> {
    let listen = async {
        let listener = TcpListener::bind(address).await?;
        let bound = listener.local_addr()?;
        Ok((listener, bound))
    };
    listen.await.map_err(|problem| ServeError::Listen { address, problem })
}

/// A connection; an error of one is none of the server, unless there are no more of them: then
/// others must end first.
async fn tcp_stream(accepted: io::Result<(TcpStream, SocketAddr)>) -> Option<TcpStream> {
    if let Ok((stream, _)) = accepted {
        // Answers are small, and a client waits for each.
        _ = stream.set_nodelay(true);
        return Some(stream);
    }
    tokio::time::sleep(Duration::from_millis(20)).await;
    None
}

/// How a client on this machine reaches an address that stands for all of them.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => {
            SocketAddr::new(std::net::Ipv4Addr::LOCALHOST.into(), address.port())
        }
        IpAddr::V6(ip) if ip.is_unspecified() => {
            SocketAddr::new(std::net::Ipv6Addr::LOCALHOST.into(), address.port())
        }
        _ => address,
    }
}

/// What every connection shares.
#[derive(Clone)]
struct Handler {
    sandbox: Sandbox,
    log: Log,
}

impl Handler {
    async fn connection<S>(&self, stream: S, scheme: Scheme, watcher: Watcher)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let service = service_fn(|request| {
            let scheme = scheme.clone();
            async move { Ok::<_, Infallible>(self.answer(request, scheme).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(PATIENCE)
            .serve_connection(TokioIo::new(stream), service);
        // A connection that breaks concerns its client only.
        _ = watcher.watch(connection).await;
    }

    async fn answer(&self, request: Request<Incoming>, scheme: Scheme) -> Response<s3s::Body> {
        let (mut parts, body) = request.into_parts();
        let Some(uri) = absolute(&parts, scheme) else {
            return refuse(StatusCode::BAD_REQUEST);
        };
        parts.uri = uri;
        let mut entry = log::Entry::begin(&parts);
        if let Some(refused) = expectation::refusal(&self.sandbox, &parts).await {
            if self.log.is_read() {
                self.log.write(&entry.response(&refused));
            }
            return refused.response;
        }
        let payload = match Payload::receive(body, LONGEST_BODY).await {
            Ok(payload) => payload,
            Err(problem) => {
                let status = match problem {
                    PayloadError::TooLong(_) => StatusCode::PAYLOAD_TOO_LARGE,
                    PayloadError::Broken(_) => StatusCode::BAD_REQUEST,
                    PayloadError::NotStored(_) => StatusCode::INSUFFICIENT_STORAGE,
                };
                self.log.write(&entry.problem(status.as_u16(), &problem.to_string()));
                return refuse(status);
            }
        };
        let response = self.sandbox.answer(Request::from_parts(parts, payload)).await;
        if self.log.is_read() {
            self.log.write(&entry.response(&response));
        }
        response.response
    }
}

/// The URI with its scheme and host. A request that has two hosts, or none, has no answer.
fn absolute(parts: &http::request::Parts, scheme: Scheme) -> Option<Uri> {
    let mut hosts = parts.headers.get_all(http::header::HOST).iter();
    let host = hosts.next()?.to_str().ok()?;
    if hosts.next().is_some() {
        return None;
    }
    let mut uri = parts.uri.clone().into_parts();
    // A client that takes the server for its proxy sends the whole URI; its Host then says the
    // same.
    if uri.authority.as_ref().is_some_and(|authority| authority.as_str() != host) {
        return None;
    }
    uri.scheme = Some(scheme);
    uri.authority = Some(host.parse().ok()?);
    if uri.path_and_query.is_none() {
        uri.path_and_query = Some(http::uri::PathAndQuery::from_static("/"));
    }
    Uri::from_parts(uri).ok()
}

fn refuse(status: StatusCode) -> Response<s3s::Body> {
    let mut response = Response::new(s3s::Body::empty());
    *response.status_mut() = status;
    response
}
