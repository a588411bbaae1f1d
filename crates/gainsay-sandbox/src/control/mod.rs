//! S3 Control: what belongs to an account, in REST and XML.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_AWS_S3_Control.html>; actions
//! and resources:
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>. What a
//! policy does not let a caller do is refused before anything is said of what there is.

mod access_grants;
mod access_point;
mod account;
mod job;
mod state;
mod tags;

use std::sync::Arc;

use http::{Method, request::Parts};
use percent_encoding::percent_decode_str;

pub(super) use self::state::{AccessPoint, Control};
use gainsay_iam::Context;
use gainsay_model::xml::{self, Element, wrap};

use super::{
    authorize::{Question, Refusal, Scope},
    gateway::s3_host_id,
    s3::{
        checksum::{self, ALGORITHMS},
        error_detail::ErrorDetails,
    },
    signature::query_pairs,
    state::World,
    token::Issuer,
};

/// Status and body.
pub(super) type XmlResponse = (u16, String);

const NAMESPACE: &str = "http://awss3control.amazonaws.com/doc/2018-08-20/";
const VERSION: &str = "/v20180820/";
/// The headers that every operation may carry; another `x-amz-` header is a feature that is not
/// modelled.
const HEADERS: [&str; 6] = [
    "x-amz-account-id",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-sdk-checksum-algorithm",
    "x-amz-security-token",
    "x-amz-user-agent",
];

/// A refusal: status, code and message.
#[derive(Debug)]
struct Fault {
    status: u16,
    code: &'static str,
    message: String,
    /// Elements beside code and message.
    details: ErrorDetails,
}

impl Fault {
    fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), details: ErrorDetails::default() }
    }

    /// The fault with another element.
    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.details.0.push((name, value.into()));
        self
    }

    fn not_modelled(what: &str) -> Self {
        Self::new(501, "NotImplemented", format!("the sandbox does not model {what}"))
    }

    fn malformed() -> Self {
        Self::new(
            400,
            "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our published schema",
        )
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Denied(message) => Self::new(403, "AccessDenied", message),
            Refusal::Undecidable(message) => Self::new(501, "NotImplemented", message),
        }
    }
}

/// What an operation answers: status, and for a body the name of its root and what is in it.
enum Done {
    Nothing(u16),
    Body(&'static str, String),
}

type Result<T> = std::result::Result<T, Fault>;

/// One call, as every operation sees it.
struct Call<'a> {
    world: &'a mut World,
    scope: &'a Scope,
    issuer: &'a Issuer,
    /// The account that is named in the host.
    account: &'a str,
    query: Vec<(String, String)>,
    body: &'a [u8],
}

/// Answers a call to an account's endpoint.
pub(super) fn answer(
    world: &mut World,
    scope: &Scope,
    issuer: &Issuer,
    account: &str,
    parts: &Parts,
    body: &[u8],
) -> XmlResponse {
    let done = check(account, parts, body).and_then(|query| {
        let mut call = Call { world, scope, issuer, account, query, body };
        call.route(&parts.method, parts.uri.path())
    });
    match done {
        Ok(Done::Nothing(status)) => (status, String::new()),
        Ok(Done::Body(root, inner)) => {
            let body = format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root} xmlns=\"{NAMESPACE}\">{inner}</{root}>"
            );
            (200, body)
        }
        Err(fault) => {
            let Fault { status, code, message, details } = fault;
            (status, error_body(&scope.request_id, code, &message, &details))
        }
    }
}

/// An error's body.
pub(super) fn error_body(
    request_id: &str,
    code: &str,
    message: &str,
    details: &ErrorDetails,
) -> String {
    let mut inner = xml::element("Code", code) + &xml::element("Message", message);
    for (name, value) in &details.0 {
        inner += &xml::element(name, value);
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ErrorResponse>{}{}{}</ErrorResponse>",
        wrap("Error", &inner),
        xml::element("RequestId", request_id),
        xml::element("HostId", &s3_host_id(request_id))
    )
}

/// The decoded query of a request that carries nothing unknown. A checksum is the body's: boto3
/// sends one with every operation about access grants, assumed to be checked as S3 checks it.
fn check(account: &str, parts: &Parts, body: &[u8]) -> Result<Vec<(String, String)>> {
    let names = || parts.headers.keys().map(http::HeaderName::as_str);
    let is_checksum = |name: &str| {
        name.strip_prefix("x-amz-checksum-").is_some_and(|name| ALGORITHMS.contains(&name))
    };
    let known = |name: &str| HEADERS.contains(&name) || is_checksum(name);
    if let Some(name) = names().find(|name| name.starts_with("x-amz-") && !known(name)) {
        return Err(Fault::not_modelled(&format!("the header `{name}`")));
    }
    checksum::check_whole(&parts.headers, body).map_err(|problem| {
        let code = match problem.code().as_str() {
            "BadDigest" => "BadDigest",
            "InvalidDigest" => "InvalidDigest",
            _ => "InvalidRequest",
        };
        Fault::new(400, code, problem.message().unwrap_or_default())
    })?;
    let mut named = parts.headers.get_all("x-amz-account-id").iter();
    if !named.all(|value| value.as_bytes() == account.as_bytes()) {
        return Err(Fault::new(
            400,
            "InvalidRequest",
            "The account of the header is not the account of the endpoint",
        ));
    }
    query_pairs(parts.uri.query().unwrap_or_default())
        .ok_or_else(|| Fault::not_modelled("a query that cannot be decoded"))
}

impl Call<'_> {
    fn route(&mut self, method: &Method, path: &str) -> Result<Done> {
        let unknown = || Fault::not_modelled(&format!("{method} on this path of S3 Control"));
        let path = path.strip_prefix(VERSION).ok_or_else(unknown)?;
        let segments: Vec<String> =
            path.split('/').map(decode).collect::<Option<_>>().ok_or_else(unknown)?;
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match (method.as_str(), segments.as_slice()) {
            ("POST", ["jobs"]) => self.create_job(),
            ("GET", ["jobs"]) => self.list_jobs(),
            ("GET", ["jobs", id]) => self.describe_job(id),
            ("GET", ["accesspoint"]) => self.list_access_points(),
            ("GET", ["accesspoint", name, "policyStatus"]) => {
                self.get_access_point_policy_status(name)
            }
            ("PUT", ["accesspoint", name]) => self.create_access_point(name),
            ("GET", ["accesspoint", name]) => self.get_access_point(name),
            ("DELETE", ["accesspoint", name]) => self.delete_access_point(name),
            ("PUT", ["accesspoint", name, "policy"]) => self.put_access_point_policy(name),
            ("GET", ["accesspoint", name, "policy"]) => self.get_access_point_policy(name),
            ("DELETE", ["accesspoint", name, "policy"]) => self.delete_access_point_policy(name),
            ("PUT", ["configuration", "publicAccessBlock"]) => self.put_public_access_block(),
            ("GET", ["configuration", "publicAccessBlock"]) => self.get_public_access_block(),
            ("DELETE", ["configuration", "publicAccessBlock"]) => self.delete_public_access_block(),
            ("POST", ["accessgrantsinstance"]) => self.create_instance(),
            ("GET", ["accessgrantsinstance"]) => self.get_instance(),
            ("DELETE", ["accessgrantsinstance"]) => self.delete_instance(),
            ("POST", ["accessgrantsinstance", "location"]) => self.create_location(),
            ("POST", ["accessgrantsinstance", "grant"]) => self.create_grant(),
            ("GET", ["accessgrantsinstance", "dataaccess"]) => self.get_data_access(),
            ("GET", ["tags", arn]) => self.list_tags(arn),
            ("POST", ["tags", arn]) => self.tag(arn),
            ("DELETE", ["tags", arn]) => self.untag(arn),
            _ => Err(unknown()),
        }
    }

    /// Refuses query keys that the operation does not have.
    fn takes_query(&self, known: &[&str]) -> Result<()> {
        match self.query.iter().find(|(key, _)| !known.contains(&key.as_str())) {
            Some((key, _)) => Err(Fault::not_modelled(&format!("the query key `{key}`"))),
            None => Ok(()),
        }
    }

    /// The body, which has this root and no children but these.
    fn read(&self, root: &str, known: &[&str]) -> Result<Element> {
        let element = Element::read(self.body).filter(|element| element.name == root);
        let element = element.ok_or_else(Fault::malformed)?;
        match element.unknown_child(known) {
            Some(name) => Err(Fault::not_modelled(&format!("`{name}` in {root}"))),
            None => Ok(element),
        }
    }

    fn context(&self) -> Context {
        super::s3::context(self.scope, self.account)
    }

    /// Asks for an action on what has no policy of its own.
    fn authorize(&self, action: &str, resource: &str, context: &Context) -> Result<()> {
        let _permit = self.scope.authorize(&self.question(action, resource, context))?;
        Ok(())
    }

    fn question<'q>(
        &'q self,
        action: &'q str,
        resource: &'q str,
        context: &'q Context,
    ) -> Question<'q> {
        Question {
            action,
            resource,
            resource_account: self.account,
            resource_policy: None,
            context,
            settings: &[],
            restrict_public: false,
        }
    }

    /// The ARN of something of the account.
    fn arn(&self, rest: &str) -> String {
        format!("arn:aws:s3:{}:{}:{rest}", self.world.region, self.account)
    }

    fn key(&self, name: &str) -> (String, String) {
        (self.account.to_owned(), name.to_owned())
    }

    /// What there is, to be changed.
    fn control(&mut self) -> &mut Control {
        Arc::make_mut(&mut self.world.control)
    }
}

fn decode(segment: &str) -> Option<String> {
    percent_decode_str(segment).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

/// A time as the API writes it.
fn timestamp(time: time::OffsetDateTime) -> String {
    let time = time.replace_nanosecond(0).unwrap_or(time);
    time.format(&time::format_description::well_known::Rfc3339).unwrap_or_default()
}
