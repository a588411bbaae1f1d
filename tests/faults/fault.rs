//! What goes wrong, and the connector that makes it go wrong at one place of a row.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector},
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
};
use aws_smithy_types::body::SdkBody;
use gainsay::{cloud::WrapConnector, plan::Step, runner::Stop};
use http_body_util::{Full, Limited};

/// What goes wrong.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// The service answers this status, code and message, in its own form.
    Says(u16, &'static str, &'static str),
    /// This status, content type and body come back.
    Raw(u16, &'static str, &'static str),
    /// A body begins under this status and breaks off.
    BreaksOff(u16),
    /// No answer comes, and the request did not arrive.
    Unsent(Break),
    /// The request was carried out, and its answer was lost.
    Lost,
    /// The request arrives changed.
    Changed(fn(&mut HttpRequest)),
    /// `GetCallerIdentity` says another ARN.
    Identity(&'static str),
    /// The run is stopped; the service is busy.
    Stopped,
    /// gainsay itself breaks off.
    Panics,
    /// Statements of policy files are others.
    Policies(&'static [(&'static str, &'static str)]),
    /// Nothing.
    None,
}

/// How a connection fails.
#[derive(Clone, Copy, Debug)]
pub enum Break {
    Refused,
    Timeout,
    Tls,
}

/// Where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// At the attempt alone.
    Attempt,
    /// At the witnesses before it.
    Before,
    /// At the witnesses after it.
    After,
    /// At every call of the row.
    Everything,
    /// When the roles are assumed.
    Sessions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Attempt,
    Before,
    After,
    Other,
}

/// A fault at its place.
#[derive(Debug)]
pub struct Script {
    fault: Fault,
    on: On,
    /// How often it strikes.
    times: usize,
    phases: Vec<Phase>,
    stop: Stop,
    /// The request before, and the number of its call.
    at: Mutex<Option<(String, usize)>>,
    pub struck: AtomicUsize,
}

impl Script {
    /// A fault in the calls that the plan foretells for a row.
    pub fn new(fault: Fault, on: On, times: usize, steps: &[Step], stop: Stop) -> Arc<Self> {
        let attempt = steps.iter().rposition(|step| step.why == "attempt").unwrap_or(0);
        let phases = steps.iter().enumerate().map(|(index, step)| match step.why {
            "attempt" if index == attempt => Phase::Attempt,
            "witness" if index < attempt => Phase::Before,
            "witness" => Phase::After,
            _ => Phase::Other,
        });
        Arc::new(Self {
            fault,
            on,
            times,
            phases: phases.collect(),
            stop,
            at: Mutex::new(None),
            struck: AtomicUsize::new(0),
        })
    }

    pub fn connector(self: &Arc<Self>) -> WrapConnector {
        let script = self.clone();
        WrapConnector::new(move |inner| {
            SharedHttpConnector::new(Faulty { inner, script: script.clone() })
        })
    }

    /// Whether the fault strikes this request.
    fn strikes(&self, request: &HttpRequest) -> bool {
        if matches!(self.fault, Fault::Policies(_) | Fault::None) {
            return false;
        }
        let here = if request.uri().contains("//sts.") {
            self.on == On::Sessions && self.is_told(request)
        } else {
            let phase = self.phase(request);
            match self.on {
                On::Attempt => phase == Phase::Attempt,
                On::Before => phase == Phase::Before,
                On::After => phase == Phase::After,
                On::Everything => true,
                On::Sessions => false,
            }
        };
        here && self.struck.fetch_add(1, Ordering::SeqCst) < self.times
    }

    fn is_told(&self, request: &HttpRequest) -> bool {
        let asks = |action: &str| {
            let body = request.body().bytes().unwrap_or_default();
            String::from_utf8_lossy(body).contains(action)
        };
        !matches!(self.fault, Fault::Identity(_)) || asks("GetCallerIdentity")
    }

    /// A request that is the one before over again is another try of the same call.
    fn phase(&self, request: &HttpRequest) -> Phase {
        let this = fingerprint(request);
        let mut at = self.at.lock().expect("no test thread panics here");
        let index = match at.as_ref() {
            None => 0,
            Some((before, index)) if *before == this => *index,
            Some((_, index)) => index + 1,
        };
        *at = Some((this, index));
        self.phases.get(index).copied().unwrap_or(Phase::Other)
    }

    fn answer(&self, request: &HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let kms = request.uri().contains("//kms.");
        match self.fault {
            Fault::Says(status, code, message) => {
                let body = if request.uri().contains("//sts.") {
                    format!(
                        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
                    )
                } else if kms {
                    format!(r#"{{"__type":"{code}","message":"{}"}}"#, message.replace('"', "\\\""))
                } else {
                    error_xml(code, message)
                };
                Ok(response(
                    status,
                    if kms { "application/x-amz-json-1.1" } else { "application/xml" },
                    SdkBody::from(body),
                ))
            }
            Fault::Raw(status, kind, body) => Ok(response(status, kind, SdkBody::from(body))),
            Fault::BreaksOff(status) => {
                let broken = Limited::new(
                    Full::new(bytes::Bytes::from(error_xml("AccessDenied", "Access Denied"))),
                    10,
                );
                Ok(response(status, "application/xml", SdkBody::from_body_1_x(broken)))
            }
            Fault::Unsent(Break::Refused) => Err(ConnectorError::io("connection refused".into())),
            Fault::Unsent(Break::Timeout) => {
                Err(ConnectorError::timeout("no answer in time".into()))
            }
            Fault::Unsent(Break::Tls) => {
                Err(ConnectorError::other("invalid peer certificate: UnknownIssuer".into(), None))
            }
            Fault::Identity(arn) => {
                let body = format!(
                    "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult><Arn>{arn}</Arn>\
                     <UserId>AROA:x</UserId><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
                );
                Ok(response(200, "text/xml", SdkBody::from(body)))
            }
            Fault::Stopped => {
                self.stop.interrupt();
                Ok(response(
                    503,
                    "application/xml",
                    SdkBody::from(error_xml("SlowDown", "Please reduce your request rate.")),
                ))
            }
            Fault::Lost | Fault::Changed(_) | Fault::Policies(_) | Fault::Panics | Fault::None => {
                Err(ConnectorError::io("connection reset by peer".into()))
            }
        }
    }
}

fn error_xml(code: &str, message: &str) -> String {
    let message = message.replace('&', "&amp;").replace('<', "&lt;");
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message><RequestId>4442587FB7D0A2F9</RequestId></Error>"
    )
}

fn response(status: u16, kind: &'static str, body: SdkBody) -> HttpResponse {
    let status = status.try_into().expect("a status");
    let mut response = HttpResponse::new(status, body);
    response.headers_mut().insert("content-type", kind);
    response.headers_mut().insert("x-amz-request-id", "4442587FB7D0A2F9");
    if status.as_u16() / 100 == 3 {
        response.headers_mut().insert("location", "https://gs-data.s3.eu-central-1.example.com/");
    }
    response
}

/// What makes two requests the same call: not when they were sent, nor their signatures.
fn fingerprint(request: &HttpRequest) -> String {
    let headers = request.headers().iter().filter(|(name, _)| {
        name.starts_with("x-amz-")
            && !matches!(*name, "x-amz-date" | "x-amz-security-token" | "x-amz-content-sha256")
            && !name.contains("checksum")
    });
    let headers: Vec<_> = headers.collect();
    // A presigned URL has who asks in its query, and with it the time.
    let uri: Vec<&str> = request
        .uri()
        .split(['?', '&'])
        .filter(|part| {
            !part.starts_with("X-Amz-Date")
                && !part.starts_with("X-Amz-Signature")
                && !part.starts_with("X-Amz-Security")
        })
        .collect();
    let who = request
        .headers()
        .get("authorization")
        .unwrap_or_default()
        .split(", Signature")
        .next()
        .unwrap_or_default();
    let body = request.body().bytes().map(<[u8]>::to_vec);
    format!("{} {uri:?} {headers:?} {who} {body:?}", request.method())
}

#[derive(Debug)]
struct Faulty {
    inner: SharedHttpConnector,
    script: Arc<Script>,
}

impl HttpConnector for Faulty {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        if !self.script.strikes(&request) {
            return self.inner.call(request);
        }
        match self.script.fault {
            Fault::Changed(change) => {
                change(&mut request);
                self.inner.call(request)
            }
            Fault::Lost => {
                let done = self.inner.call(request);
                HttpConnectorFuture::new(async move {
                    _ = done.await;
                    Err(ConnectorError::io("connection reset by peer".into()))
                })
            }
            // Without the words that a panic prints.
            Fault::Panics => std::panic::resume_unwind(Box::new("a fault of the test")),
            _ => HttpConnectorFuture::ready(self.script.answer(&request)),
        }
    }
}
