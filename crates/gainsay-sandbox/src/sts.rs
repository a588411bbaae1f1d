//! STS: `AssumeRole`, `GetSessionToken` and `GetCallerIdentity` in its query protocol.
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>.

mod asked;
mod assume;

pub(crate) use self::assume::role_id;

use std::{collections::BTreeMap, fmt::Write as _};

use time::format_description::well_known::Rfc3339;

use super::{
    authorize::{Identity, Scope},
    state::World,
    token::{Claims, Issuer},
};

/// An answer of the query protocol: status and XML body.
pub(super) type XmlAnswer = (u16, String);

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// A refusal: status, code and message.
#[derive(Debug)]
struct Fault {
    status: u16,
    code: &'static str,
    message: String,
}

impl Fault {
    fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    fn validation(message: impl Into<String>) -> Self {
        Self::new(400, "ValidationError", message)
    }

    fn parameter(message: &str) -> Self {
        Self::new(400, "InvalidParameterValue", message)
    }

    fn not_modelled(what: &str) -> Self {
        Self::new(501, "NotImplemented", format!("the sandbox does not model {what}"))
    }
}

/// Answers a call.
pub(super) fn answer(world: &mut World, scope: &Scope, issuer: &Issuer, body: &[u8]) -> XmlAnswer {
    match call(world, scope, issuer, body) {
        Ok((operation, result)) => success(scope, operation, &result),
        Err(fault) => (fault.status, error_body(&scope.request_id, fault.code, &fault.message)),
    }
}

fn call(
    world: &mut World,
    scope: &Scope,
    issuer: &Issuer,
    body: &[u8],
) -> Result<(&'static str, String), Fault> {
    let mut parameters = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(body) {
        if parameters.insert(name.to_string(), value.into_owned()).is_some() {
            return Err(Fault::new(
                400,
                "MalformedInput",
                format!("the parameter {name} is given twice"),
            ));
        }
    }
    match parameters.remove("Action").as_deref() {
        Some("GetCallerIdentity") => {
            Ok(("GetCallerIdentity", identity(world, scope, &parameters)?))
        }
        Some("GetSessionToken") => {
            Ok(("GetSessionToken", session_token(world, scope, issuer, parameters)?))
        }
        Some("AssumeRole") => Ok(("AssumeRole", assume::assume(world, scope, issuer, parameters)?)),
        other => Err(Fault::not_modelled(&format!("sts:{}", other.unwrap_or_default()))),
    }
}

fn identity(
    world: &World,
    scope: &Scope,
    parameters: &BTreeMap<String, String>,
) -> Result<String, Fault> {
    if let Some(unmodelled) = parameters.keys().find(|name| *name != "Version") {
        return Err(Fault::not_modelled(&format!("the parameter {unmodelled}")));
    }
    let arn = scope.arn();
    let user_id =
        scope.context(&world.account).get("aws:userid").and_then(|ids| ids.first().cloned());
    let account = scope.account().unwrap_or_default();
    let result = [("Arn", arn), ("UserId", user_id.unwrap_or_default()), ("Account", account)];
    Ok(elements(&result))
}

/// Temporary credentials of a user
/// (<https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html>): 15 minutes to
/// 36 hours, half a day where nothing is said. No permission is needed, and who has temporary
/// credentials already gets no others.
fn session_token(
    world: &mut World,
    scope: &Scope,
    issuer: &Issuer,
    mut parameters: BTreeMap<String, String>,
) -> Result<String, Fault> {
    let seconds = parameters.remove("DurationSeconds");
    if let Some(unmodelled) = parameters.keys().find(|name| *name != "Version") {
        return Err(Fault::not_modelled(&format!("the parameter {unmodelled}")));
    }
    let seconds = match seconds.map(|seconds| seconds.parse::<i64>()) {
        None => 43_200,
        Some(Ok(seconds @ 900..=129_600)) => seconds,
        Some(_) => return Err(Fault::validation("DurationSeconds must be between 900 and 129600")),
    };
    let Identity::User { user, session: None } = &scope.identity else {
        return Err(Fault::new(
            403,
            "AccessDenied",
            "Cannot call GetSessionToken with session credentials",
        ));
    };
    let expires = scope.now + time::Duration::seconds(seconds);
    let claims = Claims {
        access_key: String::new(),
        role_arn: user.arn.clone(),
        role_id: user.id.clone(),
        session_name: String::new(),
        issued: scope.now.unix_timestamp(),
        expires: expires.unix_timestamp(),
        session_policy: None,
        session_policies: Vec::new(),
        tags: Vec::new(),
        transitive: Vec::new(),
        source_identity: None,
        access_grants: None,
    };
    let credentials = issuer.issue(&claims, world.next());
    let expiration = expires.replace_nanosecond(0).unwrap_or(expires);
    let issued = [
        ("AccessKeyId", credentials.access_key),
        ("SecretAccessKey", credentials.secret),
        ("SessionToken", credentials.token),
        ("Expiration", expiration.format(&Rfc3339).unwrap_or_default()),
    ];
    Ok(format!("<Credentials>{}</Credentials>", elements(&issued)))
}

fn success(scope: &Scope, operation: &str, result: &str) -> XmlAnswer {
    let body = format!(
        "<{operation}Response xmlns=\"{NAMESPACE}\"><{operation}Result>{result}</{operation}Result><ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata></{operation}Response>",
        scope.request_id
    );
    (200, body)
}

/// An error answer's body.
pub(super) fn error_body(request_id: &str, code: &str, message: &str) -> String {
    format!(
        "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>Sender</Type>{}</Error><RequestId>{request_id}</RequestId></ErrorResponse>",
        elements(&[("Code", code.to_owned()), ("Message", message.to_owned())])
    )
}

fn elements(pairs: &[(&str, String)]) -> String {
    let mut xml = String::new();
    for (name, value) in pairs {
        _ = write!(xml, "<{name}>{}</{name}>", quick_xml::escape::escape(value.as_str()));
    }
    xml
}
