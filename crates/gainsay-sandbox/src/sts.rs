//! STS in its query protocol: sessions of roles and users, and who asks.
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>.

mod assume;
mod federation;
mod input;
mod request;

pub(crate) use self::assume::role_id;

use gainsay_iam::actions::uncontrolled;
use time::format_description::well_known::Rfc3339;

use super::{
    authorize::{Identity, Question, Scope},
    query::{self, Api, Fault, Parameters, QueryResponse, elements},
    state::World,
    token::{Claims, Issuer},
};

impl Fault {
    fn parameter(message: &str) -> Self {
        Self::new(400, "InvalidParameterValue", message)
    }
}

/// Answers a call.
pub(super) fn answer(
    world: &mut World,
    scope: &Scope,
    issuer: &Issuer,
    body: &[u8],
) -> QueryResponse {
    Api::Sts.response(scope, call(world, scope, issuer, body))
}

fn call(
    world: &mut World,
    scope: &Scope,
    issuer: &Issuer,
    body: &[u8],
) -> Result<(&'static str, String), Fault> {
    let mut parameters = query::parameters(body)?;
    let action = parameters.remove("Action");
    input::MODEL.check(action.as_deref().unwrap_or_default(), &parameters)?;
    match action.as_deref() {
        Some("GetCallerIdentity") => {
            Ok(("GetCallerIdentity", identity(world, scope, &parameters)?))
        }
        Some("GetSessionToken") => {
            Ok(("GetSessionToken", session_token(world, scope, issuer, parameters)?))
        }
        Some("GetFederationToken") => {
            let answer = federation::token(world, scope, issuer, parameters)?;
            Ok(("GetFederationToken", answer))
        }
        Some("GetAccessKeyInfo") => {
            Ok(("GetAccessKeyInfo", key_info(world, scope, &mut parameters)?))
        }
        Some("DecodeAuthorizationMessage") => Err(decode(scope)),
        Some("AssumeRole") => Ok(("AssumeRole", assume::assume(world, scope, issuer, parameters)?)),
        other => Err(Fault::not_modelled(&format!("sts:{}", other.unwrap_or_default()))),
    }
}

fn identity(world: &World, scope: &Scope, parameters: &Parameters) -> Result<String, Fault> {
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
    mut parameters: Parameters,
) -> Result<String, Fault> {
    let seconds = parameters.remove("DurationSeconds");
    if let Some(unmodelled) = parameters.keys().find(|name| *name != "Version") {
        return Err(Fault::not_modelled(&format!("the parameter {unmodelled}")));
    }
    let seconds = request::seconds(seconds.as_deref())?.unwrap_or(43_200);
    let open = uncontrolled("sts:GetSessionToken")
        .is_some_and(|uncontrolled| uncontrolled.is_open_to(&scope.principal));
    let (true, Identity::User { user, session: None }) = (open, &scope.identity) else {
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
    Ok(credentials(issuer, world, &claims, expires))
}

/// The account of a user's access key
/// (<https://docs.aws.amazon.com/STS/latest/APIReference/API_GetAccessKeyInfo.html>); AWS reads it
/// off other keys, too.
fn key_info(world: &World, scope: &Scope, parameters: &mut Parameters) -> Result<String, Fault> {
    let id = parameters.remove("AccessKeyId").unwrap_or_default();
    if let Some(unmodelled) = parameters.keys().find(|name| *name != "Version") {
        return Err(Fault::not_modelled(&format!("the parameter {unmodelled}")));
    }
    ask(scope, "sts:GetAccessKeyInfo")?;
    let key = world.access_keys.get(&id);
    let account = key.and_then(|key| key.user.split(':').nth(4));
    let account = account.ok_or_else(|| Fault::not_modelled("the account of this access key"))?;
    Ok(elements(&[("Account", account.to_owned())]))
}

/// A question of which only identity policies speak.
fn ask(scope: &Scope, action: &str) -> Result<(), Fault> {
    let account = scope.account().unwrap_or_default();
    let _permit = scope.authorize(&Question {
        action,
        resource: "*",
        resource_account: &account,
        resource_policy: None,
        context: &scope.context(&account),
        settings: &[],
        restrict_public: false,
    })?;
    Ok(())
}

/// No service of the sandbox encodes a message, so what is sent is none. The words are assumed;
/// the code is that of
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html>.
fn decode(scope: &Scope) -> Fault {
    match ask(scope, "sts:DecodeAuthorizationMessage") {
        Ok(()) => Fault::new(400, "InvalidAuthorizationMessageException", "Message is not valid"),
        Err(refused) => refused,
    }
}

/// New credentials, as answers show them.
fn credentials(
    issuer: &Issuer,
    world: &mut World,
    claims: &Claims,
    expires: time::OffsetDateTime,
) -> String {
    let credentials = issuer.issue(claims, world.next());
    let expiration = expires.replace_nanosecond(0).unwrap_or(expires);
    let issued = [
        ("AccessKeyId", credentials.access_key),
        ("SecretAccessKey", credentials.secret),
        ("SessionToken", credentials.token),
        ("Expiration", expiration.format(&Rfc3339).unwrap_or_default()),
    ];
    format!("<Credentials>{}</Credentials>", elements(&issued))
}
