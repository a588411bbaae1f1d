//! Where every request enters: which service, who asks, and for S3 whether the request is one the sandbox models.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, request::Parts};
use http_body_util::BodyExt as _;
use s3s::{
    S3Error, S3ErrorCode, S3Result,
    auth::{S3Auth, SecretKey},
    config::{S3Config, StaticConfigProvider},
    host::{S3Host, VirtualHost},
    service::{S3Service, S3ServiceBuilder},
};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{
    Core,
    authorize::{Identity, Scope, session_policy},
    control,
    guard::{self, Level},
    kms,
    ruling::Ruling,
    s3::{self, Backend},
    signature::{self, AuthError, Service, Signature, Via, query_pairs},
    state::World,
    sts,
};

/// An answer, and what was decided on the way to it.
pub(super) struct Reply {
    pub response: Response<Bytes>,
    pub rulings: Vec<Ruling>,
}

/// The entrance of one sandbox.
pub(super) struct Front {
    core: Arc<Core>,
    s3: S3Service,
}

impl std::fmt::Debug for Front {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Front").finish_non_exhaustive()
    }
}

impl Front {
    pub(super) fn new(core: &Arc<Core>) -> Self {
        let mut builder = S3ServiceBuilder::new(Backend::new(core.clone()));
        // Authorization is the backend's, by the request's scope, which only `handle` below can make, after it has verified the signature.
        builder.set_auth(Secrets(core.clone()));
        builder.set_access(s3::Pass);
        builder.set_host(Hosts {
            domain: format!("s3.{}.amazonaws.com", core.region),
        });
        builder.set_config(Arc::new(StaticConfigProvider::new(Arc::new(wire_config()))));
        Self {
            core: core.clone(),
            s3: builder.build(),
        }
    }

    /// Answers a request.
    pub(super) async fn handle(&self, mut parts: Parts, body: Bytes) -> Reply {
        let request_id = Uuid::now_v7();
        let authority = parts
            .uri
            .authority()
            .map(|authority| authority.as_str().to_owned())
            .unwrap_or_default();
        if !parts.headers.contains_key(http::header::HOST)
            && let Ok(host) = HeaderValue::from_str(&authority)
        {
            parts.headers.insert(http::header::HOST, host);
        }
        match self.service(&authority) {
            Some((Service::S3, bucket)) => self.s3(parts, body, &s3_request_id(request_id), bucket.as_deref()).await,
            Some((Service::Kms, _)) => self.kms(&parts, &body, &request_id.to_string()),
            Some((Service::Sts, _)) => self.sts(&parts, &body, &request_id.to_string()),
            None => match self.control_account(&authority) {
                Some(account) => self.control(&parts, &body, &s3_request_id(request_id), account),
                None => no_host(&authority, &s3_request_id(request_id)),
            },
        }
    }

    /// The service of a host, and the bucket in it.
    fn service(&self, authority: &str) -> Option<(Service, Option<String>)> {
        let host = authority.split(':').next().unwrap_or_default();
        let region = &self.core.region;
        if host == format!("kms.{region}.amazonaws.com") {
            return Some((Service::Kms, None));
        }
        if host == format!("sts.{region}.amazonaws.com") {
            return Some((Service::Sts, None));
        }
        let bucket = host.strip_suffix(&format!("s3.{region}.amazonaws.com"))?;
        match bucket.strip_suffix('.') {
            // The alias of an access point stands where a bucket's name does; requests through access points are not modelled.
            Some(bucket) if bucket.ends_with("-s3alias") => None,
            Some(bucket) => Some((Service::S3, Some(bucket.to_owned()))),
            None => bucket.is_empty().then_some((Service::S3, None)),
        }
    }

    /// The account whose S3 Control endpoint a host is.
    fn control_account<'a>(&self, authority: &'a str) -> Option<&'a str> {
        let host = authority.split(':').next().unwrap_or_default();
        let account = host.strip_suffix(&format!(".s3-control.{}.amazonaws.com", self.core.region))?;
        (account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit())).then_some(account)
    }

    /// Who asks: the signature is verified, the token opened, its expiry compared with the sandbox's clock.
    fn authenticate(
        &self,
        world: &World,
        parts: &Parts,
        body: &[u8],
        service: Service,
    ) -> Result<(Identity, Option<Signature>), AuthError> {
        let Some(signature) = signature::parse(parts)? else {
            return Ok((Identity::Anonymous, None));
        };
        let identity = self.identify(world, &signature)?;
        let digest = hex::encode(Sha256::digest(body));
        let secret = self.core.issuer.secret_for(&signature.access_key);
        signature.verify(parts, &digest, &secret, world.now(), service, &self.core.region)?;
        Ok((identity, Some(signature)))
    }

    /// Whose access key and token these are, before anything is proved.
    fn identify(&self, world: &World, signature: &Signature) -> Result<Identity, AuthError> {
        let now = world.now();
        Ok(match &signature.token {
            Some(token) => {
                let claims = self
                    .core
                    .issuer
                    .open(token)
                    .filter(|claims| claims.access_key == signature.access_key);
                let claims = claims.ok_or(AuthError::InvalidToken)?;
                if claims.expires <= now.unix_timestamp() {
                    return Err(AuthError::ExpiredToken);
                }
                let role = world.roles.get(&claims.role_arn).cloned().ok_or(AuthError::InvalidToken)?;
                let policy = session_policy(&claims);
                if claims.session_policy.is_some() && policy.is_none() {
                    return Err(AuthError::InvalidToken);
                }
                Identity::Session {
                    role,
                    claims: Arc::new(claims),
                    policy,
                }
            }
            None if signature.access_key == world.caller.access_key => Identity::User(world.caller.clone()),
            None => return Err(AuthError::UnknownAccessKey),
        })
    }

    fn scope(&self, parts: &Parts, body: &[u8], service: Service, request_id: &str) -> Result<Scope, AuthError> {
        let world = self.core.world();
        let (identity, signature) = self.authenticate(&world, parts, body, service)?;
        let now = world.now();
        let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let presigned = signature.as_ref().filter(|signature| matches!(signature.via, Via::Query));
        Ok(Scope::new(
            identity,
            request_id.to_owned(),
            parts.uri.scheme_str() == Some("https"),
            now,
            signature.as_ref().map(|signature| match signature.via {
                Via::Header => "REST-HEADER",
                Via::Query => "REST-QUERY-STRING",
                Via::Form => "POST",
            }),
            presigned.map(|signature| (now - signature.date).whole_milliseconds()),
            header("user-agent"),
            header("x-amz-content-sha256"),
        )
        .explained(parts))
    }

    async fn s3(&self, mut parts: Parts, body: Bytes, request_id: &str, virtual_bucket: Option<&str>) -> Reply {
        let head = parts.method == http::Method::HEAD;
        let known = match check_guard(&parts, virtual_bucket) {
            Ok(known) => known,
            Err(unmodelled) => return s3_error(501, "NotImplemented", &unmodelled, request_id, head),
        };
        if known.operation == s3::post::OPERATION {
            return self.post(&known, &parts, &body, request_id);
        }
        let scope = match self.scope(&parts, &body, Service::S3, request_id) {
            Ok(scope) => Arc::new(scope),
            Err(error) => {
                return s3_error(
                    error.status(Service::S3),
                    error.code(Service::S3),
                    &error.message(Service::S3),
                    request_id,
                    head,
                );
            }
        };
        if s3::raw::knows(known.operation) {
            return self.raw(&known, &parts, &body, &scope);
        }
        // The signature was verified above. The wire layer needs it only to open a body that is signed in pieces, and would else verify it
        // a second time.
        if !header_starts_with(&parts.headers, "x-amz-content-sha256", "STREAMING-") {
            parts.headers.remove(http::header::AUTHORIZATION);
        }
        let mut request = http::Request::from_parts(parts, s3s::Body::from(body));
        request.extensions_mut().insert(scope.clone());
        let (status, mut headers, body) = match self.s3.call(request).await {
            Ok(response) => {
                let (parts, body) = response.into_parts();
                let accepted = parts.extensions.get::<s3::Accepted>().map(|_| StatusCode::ACCEPTED);
                match body.collect().await {
                    Ok(body) => (accepted.unwrap_or(parts.status), parts.headers, body.to_bytes()),
                    Err(error) => return s3_error(500, "InternalError", &error.to_string(), request_id, head),
                }
            }
            Err(_) => return s3_error(500, "InternalError", "the wire layer failed", request_id, head),
        };
        let body = if head && !status.is_success() { Bytes::new() } else { body };
        insert(&mut headers, "x-amz-request-id", request_id);
        Reply {
            response: respond(status, headers, body),
            rulings: scope.rulings(),
        }
    }

    /// A form upload: who asks stands in the form.
    fn post(&self, known: &Known, parts: &Parts, body: &[u8], request_id: &str) -> Reply {
        let problem = |error: &AuthError| {
            let (status, code) = (error.status(Service::S3), error.code(Service::S3));
            s3_error(status, code, &error.message(Service::S3), request_id, false)
        };
        match signature::parse(parts) {
            Ok(None) => {}
            Ok(Some(_)) => {
                return s3_error(
                    501,
                    "NotImplemented",
                    "the sandbox does not model forms that are signed twice",
                    request_id,
                    false,
                );
            }
            Err(error) => return problem(&error),
        }
        // What such headers mean beside a form no page says.
        if let Some(name) = parts.headers.keys().find(|name| name.as_str().starts_with("x-amz-")) {
            let message = format!("the sandbox does not model the header `{name}` beside a form");
            return s3_error(501, "NotImplemented", &message, request_id, false);
        }
        let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let form = match s3::post::parse(header("content-type"), body) {
            Ok(form) => form,
            Err(error) => return s3_problem(&error, request_id),
        };
        let mut world = self.core.world();
        let (identity, auth_type) = match self.authenticate_form(&world, &form) {
            Ok(found) => found,
            Err(error) => return problem(&error),
        };
        let now = world.now();
        let secure = parts.uri.scheme_str() == Some("https");
        let agent = header("user-agent").map(str::to_owned);
        let scope = Scope::new(identity, request_id.to_owned(), secure, now, auth_type, None, agent, None).explained(parts);
        let allowed = form
            .field("policy")
            .map_or(Ok(()), |policy| s3::post::check(policy, &form, &known.bucket, now));
        let answer = allowed.and_then(|()| s3::post::answer(&mut world, &scope, &form, &known.bucket));
        reply(answer, &scope)
    }

    /// Who sent a form, and how that was said.
    fn authenticate_form(&self, world: &World, form: &s3::post::Form<'_>) -> Result<(Identity, Option<&'static str>), AuthError> {
        let Some(signature) = signature::parse_form(|name| form.field(name))? else {
            return Ok((Identity::Anonymous, None));
        };
        let identity = self.identify(world, &signature)?;
        let secret = self.core.issuer.secret_for(&signature.access_key);
        let policy = form.field("policy").unwrap_or_default();
        signature.verify_form(policy, &secret, world.now(), &self.core.region)?;
        Ok((identity, Some("POST")))
    }

    /// A request that the wire layer does not know, or not well enough.
    fn raw(&self, known: &Known, parts: &Parts, body: &[u8], scope: &Scope) -> Reply {
        let request = s3::raw::Raw {
            operation: known.operation,
            bucket: &known.bucket,
            key: &known.key,
            query: &known.query,
            headers: &parts.headers,
            body,
        };
        reply(s3::raw::answer(&mut self.core.world(), scope, &request), scope)
    }

    /// S3 Control signs as S3 does, and words its refusals so.
    fn control(&self, parts: &Parts, body: &Bytes, request_id: &str, account: &str) -> Reply {
        let mut headers = HeaderMap::new();
        insert(&mut headers, "content-type", "application/xml");
        insert(&mut headers, "x-amz-request-id", request_id);
        let ((status, answer), rulings) = match &self.scope(parts, body, Service::S3, request_id) {
            Ok(scope) => {
                let answer = control::answer(&mut self.core.world(), scope, &self.core.issuer, account, parts, body);
                (answer, scope.rulings())
            }
            Err(problem) => {
                let body = control::error_body(request_id, problem.code(Service::S3), &problem.message(Service::S3));
                ((problem.status(Service::S3), body), Vec::new())
            }
        };
        let mut reply = refuse(status, headers, Bytes::from(answer));
        reply.rulings = rulings;
        reply
    }

    fn kms(&self, parts: &Parts, body: &Bytes, request_id: &str) -> Reply {
        let mut headers = HeaderMap::new();
        insert(&mut headers, "content-type", "application/x-amz-json-1.1");
        insert(&mut headers, "x-amzn-requestid", request_id);
        let error = |error: &AuthError| {
            let body = serde_json::json!({ "__type": error.code(Service::Kms), "message": error.message(Service::Kms) });
            (error.status(Service::Kms), body)
        };
        let scope = self.scope(parts, body, Service::Kms, request_id);
        let (status, answer, rulings) = match &scope {
            Ok(scope) if matches!(scope.identity, Identity::Anonymous) => {
                let (status, body) = error(&AuthError::Missing);
                (status, body, Vec::new())
            }
            Ok(scope) => {
                let target = parts
                    .headers
                    .get("x-amz-target")
                    .and_then(|value| value.to_str().ok())
                    .unwrap_or_default();
                let (status, body) = kms::answer(&mut self.core.world(), scope, target, body);
                (status, body, scope.rulings())
            }
            Err(problem) => {
                let (status, body) = error(problem);
                (status, body, Vec::new())
            }
        };
        let mut reply = refuse(status, headers, Bytes::from(answer.to_string()));
        reply.rulings = rulings;
        reply
    }

    fn sts(&self, parts: &Parts, body: &Bytes, request_id: &str) -> Reply {
        let mut headers = HeaderMap::new();
        insert(&mut headers, "content-type", "text/xml");
        insert(&mut headers, "x-amzn-requestid", request_id);
        let error = |error: &AuthError| {
            let body = sts::error_body(request_id, error.code(Service::Sts), &error.message(Service::Sts));
            (error.status(Service::Sts), body)
        };
        let scope = self.scope(parts, body, Service::Sts, request_id);
        let ((status, answer), rulings) = match &scope {
            Ok(scope) if matches!(scope.identity, Identity::Anonymous) => (error(&AuthError::Missing), Vec::new()),
            Ok(scope) => (sts::answer(&mut self.core.world(), scope, &self.core.issuer, body), scope.rulings()),
            Err(problem) => (error(problem), Vec::new()),
        };
        let mut reply = refuse(status, headers, Bytes::from(answer));
        reply.rulings = rulings;
        reply
    }
}

/// A host that is not modelled, such as an access point's, in the words of S3 or, for what looks like it, of S3 Control.
fn no_host(authority: &str, request_id: &str) -> Reply {
    let message = format!("the sandbox has no host `{authority}`");
    if authority.contains(".s3-control.") {
        let body = control::error_body(request_id, "NotImplemented", &message);
        return refuse(501, HeaderMap::new(), Bytes::from(body));
    }
    s3_error(501, "NotImplemented", &message, request_id, false)
}

/// The wire layer's own limits. Its clock is the machine's, and ours may be ahead of it, so its window is as wide as it goes:
/// time has been checked before.
fn wire_config() -> S3Config {
    let mut config = S3Config::default();
    config.presigned_url_max_skew_time_secs = u32::MAX;
    config
}

/// The guard table knows x-amz headers; of the standard ones these change what a request means and are not modelled.
const UNMODELLED: [&str; 5] = ["if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "range"];

/// What a request is, by the guard table.
struct Known {
    operation: &'static str,
    bucket: String,
    key: String,
    query: Vec<(String, String)>,
}

/// Whether exactly one row of the guard table accounts for the request.
fn check_guard(parts: &Parts, virtual_bucket: Option<&str>) -> Result<Known, String> {
    let path = parts.uri.path();
    let path = path.strip_prefix('/').unwrap_or(path);
    let (bucket, key) = match virtual_bucket {
        Some(bucket) => (bucket, path),
        None => path.split_once('/').unwrap_or((path, "")),
    };
    let level = match (virtual_bucket.is_some() || !path.is_empty(), key.is_empty()) {
        (false, _) => Level::Service,
        (true, true) => Level::Bucket,
        (true, false) => Level::Object,
    };
    let query = query_pairs(parts.uri.query().unwrap_or_default()).ok_or("the query cannot be decoded")?;
    let row = guard::identify(&parts.method, level, &query, &parts.headers).map_err(|unmodelled| unmodelled.to_string())?;
    if let Some(name) = UNMODELLED.iter().find(|name| parts.headers.contains_key(**name)) {
        return Err(format!("the sandbox does not model the header `{name}`"));
    }
    let key = percent_encoding::percent_decode_str(key).decode_utf8();
    Ok(Known {
        operation: row.operation,
        bucket: bucket.to_owned(),
        key: key.map_err(|_| "the key cannot be decoded")?.into_owned(),
        query,
    })
}

/// S3's request ids are 16 characters of capitals and digits.
fn s3_request_id(id: Uuid) -> String {
    let mut text = id.simple().to_string().to_uppercase();
    // The time is in front; the random end keeps ids of one millisecond apart.
    text.replace_range(6..22, "");
    text
}

fn header_starts_with(headers: &HeaderMap, name: &str, start: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .any(|value| value.as_bytes().starts_with(start.as_bytes()))
}

fn insert(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

fn respond(status: StatusCode, headers: HeaderMap, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

fn refuse(status: u16, headers: HeaderMap, body: Bytes) -> Reply {
    Reply {
        response: respond(
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            headers,
            body,
        ),
        rulings: Vec::new(),
    }
}

/// The answer of an operation that is not the wire layer's.
fn reply(answer: S3Result<s3::raw::Answer>, scope: &Scope) -> Reply {
    let mut reply = match answer {
        Ok(answer) => {
            let mut headers = HeaderMap::new();
            for (name, value) in &answer.headers {
                insert(&mut headers, name, value);
            }
            insert(&mut headers, "x-amz-request-id", &scope.request_id);
            refuse(answer.status, headers, Bytes::from(answer.body))
        }
        Err(error) => s3_problem(&error, &scope.request_id),
    };
    reply.rulings = scope.rulings();
    reply
}

/// An S3 error of an operation that is not the wire layer's.
fn s3_problem(error: &S3Error, request_id: &str) -> Reply {
    let status = error.status_code().map_or(500, |status| status.as_u16());
    s3_error(
        status,
        error.code().as_str(),
        error.message().unwrap_or_default(),
        request_id,
        false,
    )
}

/// An S3 error from before the wire layer. Answers to HEAD have no body.
fn s3_error(status: u16, code: &str, message: &str, request_id: &str, head: bool) -> Reply {
    let mut headers = HeaderMap::new();
    insert(&mut headers, "content-type", "application/xml");
    insert(&mut headers, "x-amz-request-id", request_id);
    let escape = |text: &str| quick_xml::escape::escape(text).into_owned();
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code><Message>{}</Message><RequestId>{request_id}</RequestId></Error>",
        escape(code),
        escape(message)
    );
    refuse(status, headers, if head { Bytes::new() } else { Bytes::from(body) })
}

/// The wire layer asks for the secret of an access key; whether the key exists was decided before.
struct Secrets(Arc<Core>);

#[async_trait::async_trait]
impl S3Auth for Secrets {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        Ok(SecretKey::from(self.0.issuer.secret_for(access_key)))
    }
}

/// Virtual-hosted and path style under one domain.
struct Hosts {
    domain: String,
}

impl S3Host for Hosts {
    fn parse_host_header<'a>(&'a self, host: &'a str) -> S3Result<VirtualHost<'a>> {
        let name = host.split(':').next().unwrap_or_default();
        if name == self.domain {
            return Ok(VirtualHost::new(self.domain.as_str()));
        }
        match name.strip_suffix(self.domain.as_str()).and_then(|bucket| bucket.strip_suffix('.')) {
            Some(bucket) => Ok(VirtualHost::new(self.domain.as_str()).with_bucket(bucket)),
            None => Err(S3Error::with_message(S3ErrorCode::InvalidRequest, "the host is not S3's")),
        }
    }
}
