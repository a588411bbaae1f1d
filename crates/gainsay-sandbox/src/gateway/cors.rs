//! Cross-origin resource sharing: what a browser is told of a bucket's rules. They refuse nothing
//! but the browser's own question beforehand (OPTIONS), which nobody signs
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html>,
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTOPTIONSobject.html>).

use http::{HeaderMap, Method, request::Parts};
use s3s::dto::CORSRule;

use super::{SandboxResponse, insert, respond, s3_error};
use crate::{s3, state::World};

const METHODS: [&str; 5] = ["GET", "PUT", "POST", "DELETE", "HEAD"];
const NOT_ENABLED: &str = "CORSResponse: CORS is not enabled for this bucket.";
const NOT_ALLOWED: &str = concat!(
    "CORSResponse: This CORS request is not allowed. This is usually because the evalution of ",
    "Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are ",
    "not whitelisted by the resource's CORS spec."
);

/// A request that says which origin it comes from.
pub(super) struct CrossOrigin {
    bucket: String,
    origin: String,
    method: String,
    /// Of the question beforehand: the headers that will be sent, in lower case.
    headers: Vec<String>,
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

impl CrossOrigin {
    /// Reads it of a request, if it says an origin.
    pub(super) fn read(parts: &Parts, virtual_bucket: Option<&str>) -> Option<Self> {
        let origin = text(&parts.headers, "origin")?;
        let path = parts.uri.path().trim_start_matches('/');
        let bucket = virtual_bucket.unwrap_or_else(|| path.split('/').next().unwrap_or_default());
        let announced = text(&parts.headers, "access-control-request-method");
        let headers = text(&parts.headers, "access-control-request-headers").unwrap_or_default();
        let headers = headers.split(',').map(|name| name.trim().to_ascii_lowercase());
        Some(Self {
            bucket: bucket.to_owned(),
            origin: origin.to_owned(),
            method: announced.unwrap_or(parts.method.as_str()).to_owned(),
            headers: headers.filter(|name| !name.is_empty()).collect(),
        })
    }

    /// Adds what the first rule that allows the request says to its answer.
    pub(super) fn extend(&self, world: &World, answer: &mut HeaderMap) {
        let rules = s3::cors_rules(world, &self.bucket).unwrap_or_default();
        if let Some(rule) = rules.iter().find(|rule| self.is_allowed_by(rule)) {
            self.describe(rule, answer);
        }
    }

    fn is_allowed_by(&self, rule: &CORSRule) -> bool {
        let headers = rule.allowed_headers.iter().flatten().map(|name| name.to_ascii_lowercase());
        let headers: Vec<String> = headers.collect();
        rule.allowed_origins.iter().any(|allowed| matches(allowed, &self.origin))
            && rule.allowed_methods.contains(&self.method)
            && self.headers.iter().all(|sent| headers.iter().any(|allowed| matches(allowed, sent)))
    }

    fn describe(&self, rule: &CORSRule, answer: &mut HeaderMap) {
        let anyone = rule.allowed_origins.iter().any(|allowed| allowed == "*");
        let origin = if anyone { "*" } else { self.origin.as_str() };
        insert(answer, "access-control-allow-origin", origin);
        if !anyone {
            insert(answer, "access-control-allow-credentials", "true");
        }
        insert(answer, "access-control-allow-methods", &rule.allowed_methods.join(", "));
        if !self.headers.is_empty() {
            insert(answer, "access-control-allow-headers", &self.headers.join(", "));
        }
        if let Some(exposed) = &rule.expose_headers {
            insert(answer, "access-control-expose-headers", &exposed.join(", "));
        }
        if let Some(seconds) = rule.max_age_seconds {
            insert(answer, "access-control-max-age", &seconds.to_string());
        }
        insert(
            answer,
            "vary",
            "Origin, Access-Control-Request-Headers, Access-Control-Request-Method",
        );
    }
}

/// One `*` stands for any text
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/ManageCorsUsing.html>).
fn matches(allowed: &str, sent: &str) -> bool {
    match allowed.split_once('*') {
        None => allowed == sent,
        Some((start, end)) => {
            sent.len() >= start.len() + end.len() && sent.starts_with(start) && sent.ends_with(end)
        }
    }
}

/// Answers the question beforehand; nothing where the request is another.
pub(super) fn preflight(
    world: &World,
    parts: &Parts,
    virtual_bucket: Option<&str>,
    request_id: &str,
) -> Option<SandboxResponse> {
    if parts.method != Method::OPTIONS {
        return None;
    }
    let refused = |status: u16, code: &str, message: &str| {
        Some(s3_error(status, code, message, request_id, false).with_operation("OPTIONS"))
    };
    let Some(asked) = CrossOrigin::read(parts, virtual_bucket) else {
        let message = "Insufficient information. Origin request header needed.";
        return refused(400, "BadRequest", message);
    };
    let method = text(&parts.headers, "access-control-request-method");
    if method.is_none_or(|method| !METHODS.contains(&method)) {
        let method = method.unwrap_or("null");
        let message = format!("Invalid Access-Control-Request-Method: {method}");
        return refused(400, "BadRequest", &message);
    }
    let Some(rules) = s3::cors_rules(world, &asked.bucket) else {
        return refused(403, "AccessForbidden", NOT_ENABLED);
    };
    let Some(rule) = rules.iter().find(|rule| asked.is_allowed_by(rule)) else {
        return refused(403, "AccessForbidden", NOT_ALLOWED);
    };
    let mut headers = HeaderMap::new();
    asked.describe(rule, &mut headers);
    Some(respond(200, headers, String::new()).with_operation("OPTIONS"))
}
