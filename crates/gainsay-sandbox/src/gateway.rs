//! The gateway, where every request enters: which service, who asks, and for S3 whether the
//! request is one the sandbox models.

mod authentication;
mod cors;
mod refused_headers;
mod response;
mod s3_request;
mod wire_request;

use std::{borrow::Cow, sync::Arc};

use bytes::Bytes;
use gainsay_model::{IAM_REGION, Service};
use http::{HeaderMap, HeaderValue, StatusCode, request::Parts};
use s3s::{
    S3Error, S3ErrorCode, S3Result,
    auth::{S3Auth, SecretKey},
    config::{S3Config, StaticConfigProvider},
    host::{S3Host, VirtualHost},
    service::{S3Service, S3ServiceBuilder},
};
use uuid::Uuid;

pub(super) use self::response::s3_host_id;
use self::{
    authentication::{auth_error, prepare_version2, strip_version2},
    response::{
        finish_document, header_starts_with, insert, not_implemented, respond, rewrite_error,
        s3_error, s3_error_from, s3_request_id, s3_response,
    },
    s3_request::S3Request,
};
use super::{
    Core, SandboxResponse,
    authorize::{Identity, Scope},
    control, identity,
    json::{self, JsonResponse},
    kms, monitoring,
    payload::Payload,
    query,
    route::{Host, Route, host, route},
    s3::{self, Backend, error_detail::ErrorDetails},
    signature::{self, AuthError},
    state::World,
    sts,
};

/// The gateway of one sandbox.
pub(super) struct Gateway {
    core: Arc<Core>,
    s3: S3Service,
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway").finish_non_exhaustive()
    }
}

impl Gateway {
    pub(super) fn new(core: &Arc<Core>) -> Self {
        let mut builder = S3ServiceBuilder::new(Backend::new(core.clone()));
        // Authorization is the backend's, by the request's scope, which only `handle` below can
        // make, after it has verified the signature.
        builder.set_auth(Secrets(core.clone()));
        builder.set_access(s3::ScopeRequired);
        builder.set_host(Hosts { region: core.region.clone() });
        builder.set_config(Arc::new(StaticConfigProvider::new(Arc::new(wire_config()))));
        Self { core: core.clone(), s3: builder.build() }
    }

    /// Answers a request.
    pub(super) async fn handle(&self, mut parts: Parts, body: Payload) -> SandboxResponse {
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
        let route = route(&parts, &authority, &self.core.region);
        let (service, region, account) = match &route {
            // Nobody signs for STS when a web identity or SAML user asks, so that no signature says
            // which service it is for; S3 has no such request.
            Some(Route::S3(None)) if is_form_for_root(&parts) => {
                (Service::Sts, self.core.region.as_str(), "")
            }
            Some(Route::S3(bucket)) => {
                return self.s3(parts, body, &s3_request_id(request_id), bucket.as_deref()).await;
            }
            None => return no_host(&authority, &s3_request_id(request_id)),
            // S3 Control signs, and refuses what is not signed, as S3 does.
            Some(Route::Control(account)) => {
                (Service::S3, self.core.region.as_str(), account.as_str())
            }
            Some(Route::Other(service, region)) => (*service, region.as_str(), ""),
        };
        let Some(bytes) = body.bytes(MAX_CALL) else {
            return too_long(service, &request_id.to_string());
        };
        let call = Call { parts: &parts, payload: &body, bytes: &bytes, region };
        let id = request_id.to_string();
        match service {
            Service::S3 | Service::S3Control => {
                self.control(&call, &s3_request_id(request_id), account)
            }
            Service::Kms => self.kms(&call, &id),
            Service::Sts => self.query(&call, query::Api::Sts, &id),
            Service::Iam => self.query(&call, query::Api::Iam, &id),
            Service::CloudTrail
            | Service::Logs
            | Service::CloudWatch
            | Service::AccessAnalyzer
            | Service::Macie
            | Service::Config => self.watch(&call, service, &id),
        }
    }

    async fn s3(
        &self,
        parts: Parts,
        body: Payload,
        request_id: &str,
        virtual_bucket: Option<&str>,
    ) -> SandboxResponse {
        let preflight = cors::preflight(&self.core.world(), &parts, virtual_bucket, request_id);
        let mut response = if let Some(answer) = preflight {
            answer
        } else {
            let origin = cors::CrossOrigin::read(&parts, virtual_bucket);
            let mut answer = self.s3_request(parts, body, request_id, virtual_bucket).await;
            if let Some(origin) = origin {
                origin.extend(&self.core.world(), answer.response.headers_mut());
            }
            answer
        };
        let headers = response.response.headers_mut();
        insert(headers, "x-amz-request-id", request_id);
        insert(headers, "x-amz-id-2", &s3_host_id(request_id));
        headers.insert(http::header::SERVER, HeaderValue::from_static("AmazonS3"));
        response
    }

    async fn s3_request(
        &self,
        mut parts: Parts,
        body: Payload,
        request_id: &str,
        virtual_bucket: Option<&str>,
    ) -> SandboxResponse {
        let head = parts.method == http::Method::HEAD;
        if let Err(problem) = prepare_version2(&mut parts, virtual_bucket, &self.core.region) {
            return auth_error(&problem, &parts, "", None, request_id);
        }
        let identified = S3Request::identify(&parts, virtual_bucket)
            .and_then(|request| request.check_access_point(&self.core.world()));
        match identified {
            // What a URL's signature does not cover is refused before anybody asks what it means
            // (recorded by LocalStack, `test_s3_put_presigned_url_same_header_and_qs_parameter`,
            // 2023-08-04).
            Err(unmodelled) => {
                let claimed = signature::parse(&parts).ok().flatten();
                match claimed.map_or(Ok(()), |claim| claim.check_presigned_headers(&parts)) {
                    Err(problem) => auth_error(&problem, &parts, "", None, request_id),
                    Ok(()) => not_implemented(&unmodelled, request_id, head),
                }
            }
            Ok(request) if request.operation == s3::post::OPERATION => match body.bytes(MAX_FORM) {
                Some(bytes) => self
                    .post(&request, &parts, &bytes, request_id)
                    .with_operation(request.operation),
                None => s3_error(
                    501,
                    "NotImplemented",
                    "the sandbox does not model forms of this size",
                    request_id,
                    head,
                ),
            },
            Ok(request) => self
                .s3_operation(&request, parts, body, request_id)
                .await
                .with_operation(request.operation),
        }
    }

    async fn s3_operation(
        &self,
        s3_request: &S3Request,
        mut parts: Parts,
        body: Payload,
        request_id: &str,
    ) -> SandboxResponse {
        let head = parts.method == http::Method::HEAD;
        let scope = match self.scope(&parts, &body, Service::S3, &self.core.region, request_id) {
            Ok(scope) => Arc::new(scope),
            Err(problem) => {
                return auth_error(&problem, &parts, &body.digest(), None, request_id);
            }
        };
        if let Some(refused) = refused_headers::refused(s3_request.operation, &parts.headers) {
            let refused_headers::RefusedHeader { status, code, message } = refused;
            return s3_error(status, code, message, request_id, head).with_scope(scope);
        }
        if s3::raw_request::knows(s3_request.operation) {
            let mut answer = match body.bytes(MAX_CALL) {
                Some(bytes) => self.raw(s3_request, &parts, &bytes, scope),
                None => too_long(Service::S3, request_id),
            };
            if head {
                *answer.response.body_mut() = s3s::Body::empty();
            }
            return answer;
        }
        strip_version2(&mut parts);
        // The signature was verified above. The wire layer needs it only to open a body that is
        // signed in pieces, and would else verify it a second time.
        let is_upload = matches!(s3_request.operation, "PutObject" | "UploadPart");
        let signed_in_pieces = if is_upload { "STREAMING-AWS4" } else { "STREAMING-" };
        if !header_starts_with(&parts.headers, "x-amz-content-sha256", signed_in_pieces) {
            parts.headers.remove(http::header::AUTHORIZATION);
        }
        let body = wire_request::adapt(s3_request.operation, &mut parts, body);
        let mut request = http::Request::from_parts(parts, body.into_body());
        request.extensions_mut().insert(scope.clone());
        let slot = s3::error_detail::DetailSlot::default();
        request.extensions_mut().insert(slot.clone());
        let Ok(mut response) = self.s3.call(request).await else {
            return s3_error(500, "InternalError", "the wire layer failed", request_id, head);
        };
        if response.extensions().get::<s3::Accepted>().is_some() {
            *response.status_mut() = StatusCode::ACCEPTED;
        }
        // The wire layer says 200 to a HEAD of a range, and gives an unchanged object the body of
        // an error.
        if head && response.headers().contains_key(http::header::CONTENT_RANGE) {
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        }
        if (head && !response.status().is_success())
            || response.status() == StatusCode::NOT_MODIFIED
        {
            *response.body_mut() = s3s::Body::empty();
            response.headers_mut().remove(http::header::CONTENT_LENGTH);
            response.headers_mut().remove(http::header::CONTENT_TYPE);
        } else if response.status().is_success() {
            self.add_expiration(&mut response, s3_request);
        } else {
            rewrite_error(&mut response, request_id, slot.take(), s3_request).await;
        }
        finish_document(&mut response, s3_request.operation);
        SandboxResponse { response, scope: Some(scope), operation: Cow::Borrowed("") }
    }

    /// Says when the current version of an object expires. HEAD and GET of a version by its id say
    /// nothing of it (recorded by LocalStack,
    /// `test_bucket_lifecycle_configuration_object_expiry_versioned`).
    fn add_expiration(&self, response: &mut http::Response<s3s::Body>, request: &S3Request) {
        let by_version = request.query.iter().any(|(key, _)| key == "versionId");
        if !EXPIRING.contains(&request.operation) || by_version {
            return;
        }
        let world = self.core.world();
        let bucket = s3::access_point::bucket_of(&world, &request.bucket);
        let found = world.buckets.get(bucket).and_then(|bucket| {
            s3::lifecycle::expiration(bucket, &request.key, bucket.current(&request.key)?)
        });
        if let Some(value) = found {
            insert(response.headers_mut(), "x-amz-expiration", &value);
        }
    }

    /// A form upload: who asks stands in the form.
    fn post(
        &self,
        s3_request: &S3Request,
        parts: &Parts,
        body: &[u8],
        request_id: &str,
    ) -> SandboxResponse {
        let problem = |error: &AuthError| auth_error(error, parts, "", None, request_id);
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
            Err(error) => return s3_error_from(&error, request_id, s3_request),
        };
        let values = form.expanded();
        let form = form.with_values(&values);
        let mut world = self.core.world();
        let (identity, auth_type, version) = match self.authenticate_form(&world, &form) {
            Ok(found) => found,
            Err(error) => return auth_error(&error, parts, "", Some(&form), request_id),
        };
        let now = world.now();
        let secure = parts.uri.scheme_str() == Some("https");
        let agent = header("user-agent").map(str::to_owned);
        let region = self.core.region.clone();
        let scope = Scope::new(
            identity,
            request_id.to_owned(),
            secure,
            region,
            now,
            auth_type,
            None,
            agent,
            None,
        );
        let mut scope = scope.with_origin(&world, parts);
        scope.signature_version = version;
        let scope = Arc::new(scope);
        let allowed = form
            .field("policy")
            .map_or(Ok(()), |policy| s3::post::check(policy, &form, &s3_request.bucket, now));
        let answer =
            allowed.and_then(|()| s3::post::answer(&mut world, &scope, &form, &s3_request.bucket));
        s3_response(answer, scope, s3_request)
    }

    /// A request that the wire layer does not know, or not well enough.
    fn raw(
        &self,
        s3_request: &S3Request,
        parts: &Parts,
        body: &[u8],
        scope: Arc<Scope>,
    ) -> SandboxResponse {
        let request = s3::raw_request::RawRequest {
            operation: s3_request.operation,
            bucket: &s3_request.bucket,
            key: &s3_request.key,
            query: &s3_request.query,
            headers: &parts.headers,
            body,
        };
        let answer = s3::raw_request::answer(&mut self.core.world(), &scope, &request);
        s3_response(answer, scope, s3_request)
    }

    /// S3 Control signs as S3 does, and words its refusals so.
    fn control(&self, call: &Call<'_>, request_id: &str, account: &str) -> SandboxResponse {
        let mut headers = HeaderMap::new();
        insert(&mut headers, "content-type", "application/xml");
        insert(&mut headers, "x-amz-request-id", request_id);
        match self.scope(call.parts, call.payload, Service::S3, call.region, request_id) {
            Ok(scope) => {
                let (status, answer) = control::answer(
                    &mut self.core.world(),
                    &scope,
                    &self.core.issuer,
                    account,
                    call.parts,
                    call.bytes,
                );
                respond(status, headers, answer).with_scope(scope)
            }
            Err(problem) => {
                let body = control::error_body(
                    request_id,
                    problem.code(Service::S3),
                    &problem.message(Service::S3),
                    &ErrorDetails::default(),
                );
                respond(problem.status(Service::S3), headers, body)
            }
        }
    }

    fn kms(&self, call: &Call<'_>, request_id: &str) -> SandboxResponse {
        self.json(call, Service::Kms, request_id, |world, scope, target| {
            kms::answer(world, scope, target, call.bytes)
        })
    }

    /// A service of the JSON protocol.
    fn json(
        &self,
        call: &Call<'_>,
        service: Service,
        request_id: &str,
        answer: impl FnOnce(&mut World, &Scope, &str) -> JsonResponse,
    ) -> SandboxResponse {
        let mut headers = HeaderMap::new();
        insert(&mut headers, "content-type", "application/x-amz-json-1.1");
        insert(&mut headers, "x-amzn-requestid", request_id);
        let target = call.parts.headers.get("x-amz-target").and_then(|value| value.to_str().ok());
        let target = target.unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        match self.named_caller(call, service, request_id) {
            Ok(scope) => {
                let (status, body) = answer(&mut self.core.world(), &scope, target);
                respond(status, headers, body.to_string()).with_scope(scope)
            }
            Err(problem) => {
                let (status, code) = (problem.status(service), problem.code(service));
                let (status, body) = json::error(status, code, problem.message(service));
                respond(status, headers, body.to_string())
            }
        }
        .with_operation(operation)
    }

    /// A service that watches the account.
    fn watch(&self, call: &Call<'_>, service: Service, request_id: &str) -> SandboxResponse {
        self.json(call, service, request_id, |world, scope, target| {
            monitoring::answer(world, scope, service, call.parts, target, call.bytes)
        })
    }

    /// A service of the query protocol.
    fn query(&self, call: &Call<'_>, api: query::Api, request_id: &str) -> SandboxResponse {
        let mut headers = HeaderMap::new();
        insert(&mut headers, "content-type", "text/xml");
        insert(&mut headers, "x-amzn-requestid", request_id);
        let service = api.service();
        let operation = query::operation(call.bytes);
        if matches!(&*operation, "AssumeRoleWithWebIdentity" | "AssumeRoleWithSAML") {
            let message = format!("the sandbox does not model sts:{operation}");
            let body = api.error_body(request_id, "NotImplemented", &message);
            return respond(501, headers, body).with_operation(operation);
        }
        match self.named_caller(call, service, request_id) {
            Ok(mut scope) => {
                let (world, issuer) = (&mut self.core.world(), &self.core.issuer);
                let (status, body) = match api {
                    query::Api::Sts => sts::answer(world, &scope, issuer, call.bytes),
                    query::Api::Iam => {
                        // Policies see where IAM is, whatever the request was signed for.
                        IAM_REGION.clone_into(&mut scope.region);
                        identity::answer(world, &scope, issuer, call.bytes)
                    }
                };
                respond(status, headers, body).with_scope(scope)
            }
            Err(problem) => {
                let message = problem.message(service);
                let body = api.error_body(request_id, problem.code(service), &message);
                respond(problem.status(service), headers, body)
            }
        }
        .with_operation(operation)
    }

    /// Who asks a service that nobody may ask without a name.
    fn named_caller(
        &self,
        call: &Call<'_>,
        service: Service,
        request_id: &str,
    ) -> Result<Scope, AuthError> {
        match self.scope(call.parts, call.payload, service, call.region, request_id)? {
            scope if matches!(scope.identity, Identity::Anonymous) => Err(AuthError::Missing),
            scope => Ok(scope),
        }
    }
}

/// A request whose body is short.
struct Call<'a> {
    parts: &'a Parts,
    payload: &'a Payload,
    bytes: &'a Bytes,
    /// The Region that is asked.
    region: &'a str,
}

/// Whether a request is a form sent to the root, as calls of the query protocol are.
fn is_form_for_root(parts: &Parts) -> bool {
    parts.method == http::Method::POST
        && parts.uri.path() == "/"
        && header_starts_with(&parts.headers, "content-type", "application/x-www-form-urlencoded")
}

/// A body that is longer than any request of its kind. Codes and statuses are assumed.
fn too_long(service: Service, request_id: &str) -> SandboxResponse {
    if service == Service::S3 {
        let message = "Your request was too big.";
        return s3_error(400, "MaxMessageLengthExceeded", message, request_id, false);
    }
    respond(413, HeaderMap::new(), Bytes::new())
}

/// A host that is not modelled, such as an access point's, in the words of S3 or, for what looks
/// like it, of S3 Control.
fn no_host(authority: &str, request_id: &str) -> SandboxResponse {
    let message = format!("the sandbox has no host `{authority}`");
    if authority.contains(".s3-control.") {
        let body =
            control::error_body(request_id, "NotImplemented", &message, &ErrorDetails::default());
        return respond(501, HeaderMap::new(), body);
    }
    s3_error(501, "NotImplemented", &message, request_id, false)
}

/// The wire layer's own limits. Its clock is the machine's, and ours may be ahead of it, so its
/// window is as wide as it goes: time has been checked before.
fn wire_config() -> S3Config {
    let mut config = S3Config::default();
    config.presigned_url_max_skew_time_secs = u32::MAX;
    config
}

/// The operations whose answers say when the object expires
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html> and its like).
const EXPIRING: [&str; 5] =
    ["CompleteMultipartUpload", "CopyObject", "GetObject", "HeadObject", "PutObject"];

/// What a call takes whose body is no object. AWS's own limits are below it.
const MAX_CALL: u64 = 4 << 20;
/// The longest form upload. S3 takes objects of 5 GiB this way.
const MAX_FORM: u64 = 32 << 20;

/// The wire layer asks for the secret of an access key; whether the key exists was decided before.
struct Secrets(Arc<Core>);

#[async_trait::async_trait]
impl S3Auth for Secrets {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        Ok(SecretKey::from(self.0.issuer.secret_for(access_key)))
    }
}

/// Virtual-hosted and path style.
struct Hosts {
    region: String,
}

impl S3Host for Hosts {
    fn parse_host_header<'a>(&'a self, name: &'a str) -> S3Result<VirtualHost<'a>> {
        match host(name, &self.region) {
            Some(Host::S3(Some(bucket))) => {
                Ok(VirtualHost::new(self.region.as_str()).with_bucket(bucket))
            }
            Some(Host::S3(None)) => Ok(VirtualHost::new(self.region.as_str())),
            Some(Host::Other(..) | Host::Control(_)) | None => {
                Err(S3Error::with_message(S3ErrorCode::InvalidRequest, "the host is not S3's"))
            }
        }
    }
}
