//! STS: `AssumeRole` and `GetCallerIdentity` in its query protocol.
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>.

use std::{collections::BTreeMap, fmt::Write as _};

use time::{Duration, format_description::well_known::Rfc3339};

use super::{
    authorize::{Question, Refusal, Scope, session_arn},
    state::World,
    token::{Claims, Issuer},
};
use crate::environment::Role;

/// An answer of the query protocol: status and XML body.
pub(super) type XmlAnswer = (u16, String);

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
const MIN_SECONDS: i64 = 900;
/// Roles have the default maximum of one hour; chaining is limited to as much.
const MAX_SECONDS: i64 = 3600;

/// Answers a call.
pub(super) fn answer(world: &mut World, scope: &Scope, issuer: &Issuer, body: &[u8]) -> XmlAnswer {
    let mut parameters = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(body) {
        if parameters.insert(name.to_string(), value.into_owned()).is_some() {
            return error(scope, 400, "MalformedInput", &format!("the parameter {name} is given twice"));
        }
    }
    match parameters.remove("Action").as_deref() {
        Some("GetCallerIdentity") => identity(world, scope, &parameters),
        Some("AssumeRole") => assume(world, scope, issuer, parameters),
        other => {
            let name = other.unwrap_or_default();
            error(scope, 501, "NotImplemented", &format!("the sandbox does not model sts:{name}"))
        }
    }
}

fn identity(world: &World, scope: &Scope, parameters: &BTreeMap<String, String>) -> XmlAnswer {
    if let Some(unmodelled) = parameters.keys().find(|name| *name != "Version") {
        return error(
            scope,
            501,
            "NotImplemented",
            &format!("the sandbox does not model the parameter {unmodelled}"),
        );
    }
    let arn = scope.arn();
    let user_id = scope
        .context(world, &world.account)
        .get("aws:userid")
        .and_then(|ids| ids.first().cloned());
    let account = scope.account().unwrap_or_default();
    let result = [("Arn", arn), ("UserId", user_id.unwrap_or_default()), ("Account", account)];
    success(scope, "GetCallerIdentity", &elements(&result))
}

fn assume(world: &mut World, scope: &Scope, issuer: &Issuer, mut parameters: BTreeMap<String, String>) -> XmlAnswer {
    let mut take = |name: &str| parameters.remove(name);
    let (role_arn, session, external_id) = (take("RoleArn"), take("RoleSessionName"), take("ExternalId"));
    let (duration, _version) = (take("DurationSeconds"), take("Version"));
    if let Some(unmodelled) = parameters.keys().next() {
        return error(
            scope,
            501,
            "NotImplemented",
            &format!("the sandbox does not model the parameter {unmodelled}"),
        );
    }
    let (Some(role_arn), Some(session)) = (role_arn, session) else {
        return error(scope, 400, "ValidationError", "RoleArn and RoleSessionName are required");
    };
    if !is_session_name(&session) {
        return error(
            scope,
            400,
            "ValidationError",
            "1 validation error detected: Value at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]{2,64}",
        );
    }
    let seconds = duration.map_or(Ok(MAX_SECONDS), |text| text.parse::<i64>());
    let seconds = match seconds {
        Ok(seconds) if seconds >= MIN_SECONDS => seconds,
        _ => return error(scope, 400, "ValidationError", "the value at 'durationSeconds' must be at least 900"),
    };
    let role = match authorized_role(world, scope, &role_arn, &session, external_id.as_deref()) {
        Ok(role) => role,
        Err(refusal) => return refusal,
    };
    if seconds > MAX_SECONDS {
        return error(
            scope,
            400,
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        );
    }
    let expires = scope.now + Duration::seconds(seconds);
    let role_id = role_id(&role);
    let claims = Claims {
        access_key: String::new(),
        role_arn: role.arn.clone(),
        role_id: role_id.clone(),
        session_name: session.clone(),
        issued: scope.now.unix_timestamp(),
        expires: expires.unix_timestamp(),
        session_policy: None,
        tags: Vec::new(),
        source_identity: None,
    };
    let credentials = issuer.issue(&claims, world.next());
    let expiration = expires
        .replace_nanosecond(0)
        .unwrap_or(expires)
        .format(&Rfc3339)
        .unwrap_or_default();
    let user = [
        ("Arn", session_arn(&role, &session)),
        ("AssumedRoleId", format!("{role_id}:{session}")),
    ];
    let issued = [
        ("AccessKeyId", credentials.access_key),
        ("SecretAccessKey", credentials.secret),
        ("SessionToken", credentials.token),
        ("Expiration", expiration),
    ];
    let body = format!(
        "<AssumedRoleUser>{}</AssumedRoleUser><Credentials>{}</Credentials>",
        elements(&user),
        elements(&issued)
    );
    success(scope, "AssumeRole", &body)
}

/// The role, if the trust policy and the caller's own policies let it be assumed. A missing role is refused in the same words.
fn authorized_role(
    world: &World,
    scope: &Scope,
    arn: &str,
    session: &str,
    external_id: Option<&str>,
) -> Result<std::sync::Arc<Role>, XmlAnswer> {
    let Some(role) = world.roles.get(arn) else {
        let who = scope.arn();
        let message = format!("User: {who} is not authorized to perform: sts:AssumeRole on resource: {arn}");
        return Err(error(scope, 403, "AccessDenied", &message));
    };
    let mut context = scope.context(world, &role.account);
    context.set("sts:RoleSessionName", session);
    if let Some(external_id) = external_id {
        context.set("sts:ExternalId", external_id);
    }
    for (key, value) in &role.tags {
        context.set(&format!("aws:ResourceTag/{key}"), value.as_str());
        context.set(&format!("iam:ResourceTag/{key}"), value.as_str());
    }
    let question = Question {
        action: "sts:AssumeRole",
        resource: arn,
        resource_account: &role.account,
        resource_policy: Some(&role.trust),
        context: &context,
        settings: &[],
        restrict_public: false,
    };
    match scope.authorize(&question) {
        Ok(_permit) => Ok(role.clone()),
        Err(Refusal::Denied(message)) => {
            // Callers of other accounts are told as much as those of the role's own.
            let who = scope.arn();
            let message = if message == "Access Denied" {
                format!("User: {who} is not authorized to perform: sts:AssumeRole on resource: {arn}")
            } else {
                message
            };
            Err(error(scope, 403, "AccessDenied", &message))
        }
        Err(Refusal::Undecidable(message)) => Err(error(scope, 501, "NotImplemented", &message)),
    }
}

/// `[\w+=,.@-]{2,64}`.
fn is_session_name(name: &str) -> bool {
    (2..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b))
}

/// An AROA id that is the same in every row of a run.
fn role_id(role: &Role) -> String {
    use sha2::{Digest as _, Sha256};
    let hash = hex::encode_upper(Sha256::digest(role.arn.as_bytes()));
    format!("AROA{}", hash.get(..17).unwrap_or_default())
}

fn success(scope: &Scope, operation: &str, result: &str) -> XmlAnswer {
    let body = format!(
        "<{operation}Response xmlns=\"{NAMESPACE}\"><{operation}Result>{result}</{operation}Result><ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata></{operation}Response>",
        scope.request_id
    );
    (200, body)
}

fn error(scope: &Scope, status: u16, code: &str, message: &str) -> XmlAnswer {
    (status, error_body(&scope.request_id, code, message))
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
