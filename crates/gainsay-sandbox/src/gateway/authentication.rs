//! Who asks: signatures are verified, tokens opened, and what is wrong with them is said as AWS
//! says it.

use gainsay_model::Service;
use http::request::Parts;
use time::{
    OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339, macros::format_description,
};

use super::{
    Gateway,
    response::{detailed_error, header_starts_with},
};
use crate::{
    SandboxResponse,
    authorize::{Identity, Scope, session_policies},
    payload::Payload,
    s3::{error_detail::ErrorDetails, post::Form},
    signature::{self, AuthError, Via, version2},
    state::World,
};

/// `s3:signatureversion` of Signature Version 4, and of Version 2
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/bucket-policy-s3-sigv4-conditions.html>).
const VERSION_4: &str = "AWS4-HMAC-SHA256";
const VERSION_2: &str = "AWS";

/// The keys of a query that Version 2 does not sign, and which choose no operation: those of lists.
/// That AWS lets them be changed is how Version 2 is.
const UNSIGNED_IN_VERSION_2: &[&str] = &[
    "continuation-token",
    "delimiter",
    "encoding-type",
    "fetch-owner",
    "key-marker",
    "list-type",
    "marker",
    "max-keys",
    "max-parts",
    "max-uploads",
    "part-number-marker",
    "prefix",
    "start-after",
    "upload-id-marker",
    "version-id-marker",
    "x-id",
];

/// Who asks, and how that was said.
struct Authenticated {
    identity: Identity,
    auth_type: Option<&'static str>,
    /// When a URL was signed.
    date: Option<OffsetDateTime>,
    version: &'static str,
}

impl Authenticated {
    fn anonymous() -> Self {
        let identity = Identity::Anonymous;
        Self { identity, auth_type: None, date: None, version: VERSION_4 }
    }
}

/// The bucket that the host of a request names, kept for its signature.
#[derive(Clone)]
struct VirtualBucket(Option<String>);

/// Makes a URL with Signature Version 2 ready where the Region takes it: headers that stand in its
/// query are put where headers stand.
pub(super) fn prepare_version2(
    parts: &mut Parts,
    virtual_bucket: Option<&str>,
    region: &str,
) -> Result<(), AuthError> {
    if !version2::is_taken_in(region) {
        return Ok(());
    }
    if version2::in_query(parts) {
        version2::restore_headers(parts)?;
    }
    parts.extensions.insert(VirtualBucket(virtual_bucket.map(str::to_owned)));
    Ok(())
}

/// Takes a verified signature of Version 2 out of the query, which the wire layer would read.
pub(super) fn strip_version2(parts: &mut Parts) {
    if version2::in_query(parts) {
        version2::remove(parts);
    }
}

impl Gateway {
    /// Who asks: the signature is verified, the token opened, its expiry compared with the
    /// sandbox's clock.
    fn authenticate(
        &self,
        world: &World,
        parts: &Parts,
        body: &Payload,
        service: Service,
        region: &str,
    ) -> Result<Authenticated, AuthError> {
        if service == Service::S3
            && let Some(found) = self.authenticate_version2(world, parts)?
        {
            return Ok(found);
        }
        let Some(signature) = signature::parse(parts)? else {
            return Ok(Authenticated::anonymous());
        };
        let identity = self.identify(world, &signature.access_key, signature.token.as_deref())?;
        // Of what was not signed no digest is needed, and a body may be long.
        let unsigned = header_starts_with(&parts.headers, "x-amz-content-sha256", "UNSIGNED-")
            || header_starts_with(&parts.headers, "x-amz-content-sha256", "STREAMING-");
        let digest = if unsigned && service == Service::S3 { String::new() } else { body.digest() };
        let key = || self.core.signing_key(&signature);
        signature.verify(parts, &digest, key, world.now(), service, region)?;
        let (auth_type, date) = match signature.via {
            Via::Header => ("REST-HEADER", None),
            Via::Query => ("REST-QUERY-STRING", Some(signature.date)),
            Via::Form => ("POST", None),
        };
        Ok(Authenticated { identity, auth_type: Some(auth_type), date, version: VERSION_4 })
    }

    /// Whose access key and token these are, before anything is proved.
    fn identify(
        &self,
        world: &World,
        access_key: &str,
        token: Option<&str>,
    ) -> Result<Identity, AuthError> {
        let Some(token) = token else {
            let key = world.access_keys.get(access_key).filter(|key| key.active);
            let user = key.and_then(|key| world.users.get(&key.user)).cloned();
            let user = user.ok_or(AuthError::UnknownAccessKey)?;
            return Ok(Identity::User { user, session: None });
        };
        let session =
            self.core.session(token).filter(|session| session.claims.access_key == access_key);
        let session = session.ok_or(AuthError::InvalidToken)?;
        let claims = &session.claims;
        if claims.expires <= world.now().unix_timestamp() {
            return Err(AuthError::ExpiredToken);
        }
        if claims.role_id.starts_with("AIDA") {
            let user = world.users.get(&claims.role_arn).filter(|user| user.id == claims.role_id);
            return Ok(Identity::User {
                user: user.cloned().ok_or(AuthError::InvalidToken)?,
                session: Some(claims.clone()),
            });
        }
        if claims.role_arn.contains(":federated-user/") {
            return Ok(Identity::Federated { claims: claims.clone() });
        }
        // A role that was made again under the same name is another one.
        let role =
            world.roles.get(&claims.role_arn).filter(|role| world.role_id(role) == claims.role_id);
        Ok(Identity::Session {
            role: role.cloned().ok_or(AuthError::InvalidToken)?,
            claims: claims.clone(),
            policies: session_policies(world, session.policy.as_ref(), claims)
                .ok_or(AuthError::InvalidToken)?,
        })
    }

    pub(super) fn scope(
        &self,
        parts: &Parts,
        body: &Payload,
        service: Service,
        region: &str,
        request_id: &str,
    ) -> Result<Scope, AuthError> {
        let world = self.core.world();
        let found = self.authenticate(&world, parts, body, service, region)?;
        let now = world.now();
        let header = |name: &str| {
            parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
        };
        let mut scope = Scope::new(
            found.identity,
            request_id.to_owned(),
            parts.uri.scheme_str() == Some("https"),
            region.to_owned(),
            now,
            found.auth_type,
            found.date.map(|date| (now - date).whole_milliseconds()),
            header("user-agent"),
            header("x-amz-content-sha256"),
        );
        scope.signature_version = found.version;
        Ok(scope.with_origin(&world, parts))
    }

    /// Who signed with Version 2, where the Region takes it; nothing if nobody did.
    fn authenticate_version2(
        &self,
        world: &World,
        parts: &Parts,
    ) -> Result<Option<Authenticated>, AuthError> {
        let Some(VirtualBucket(bucket)) = parts.extensions.get() else { return Ok(None) };
        let (claim, auth_type) = if version2::in_query(parts) {
            (version2::parse(parts, UNSIGNED_IN_VERSION_2)?, "REST-QUERY-STRING")
        } else {
            match version2::parse_header(parts, UNSIGNED_IN_VERSION_2)? {
                Some(claim) => (claim, "REST-HEADER"),
                None => return Ok(None),
            }
        };
        let identity = self.identify(world, &claim.access_key, claim.token.as_deref())?;
        let text = version2::string_to_sign(parts, bucket.as_deref());
        let secret = self.core.issuer.secret_for(&claim.access_key);
        claim.verify(&text, &secret, world.now()).or_else(|problem| {
            // A bucket in the path is signed with a slash behind it by AWS's SDK for Python, whose
            // path has none.
            let alone = bucket.is_none() && !parts.uri.path().trim_start_matches('/').contains('/');
            if problem != AuthError::Mismatch || !alone {
                return Err(problem);
            }
            let mut slashed = parts.clone();
            version2::add_slash(&mut slashed);
            let text = version2::string_to_sign(&slashed, None);
            claim.verify(&text, &secret, world.now())
        })?;
        let auth_type = Some(auth_type);
        Ok(Some(Authenticated { identity, auth_type, date: None, version: VERSION_2 }))
    }

    /// Who sent a form, how that was said, and by which version.
    pub(super) fn authenticate_form(
        &self,
        world: &World,
        form: &Form<'_>,
    ) -> Result<(Identity, Option<&'static str>, &'static str), AuthError> {
        let field = |name: &str| form.field(name);
        let policy = form.field("policy").unwrap_or_default();
        if version2::is_taken_in(&self.core.region)
            && let Some(claim) = version2::parse_form(field)?
        {
            let identity = self.identify(world, &claim.access_key, claim.token.as_deref())?;
            let secret = self.core.issuer.secret_for(&claim.access_key);
            claim.verify(policy, &secret, world.now())?;
            return Ok((identity, Some("POST"), VERSION_2));
        }
        let Some(signature) = signature::parse_form(field)? else {
            return Ok((Identity::Anonymous, None, VERSION_4));
        };
        let identity = self.identify(world, &signature.access_key, signature.token.as_deref())?;
        let key = || self.core.signing_key(&signature);
        signature.verify_form(policy, key, world.now(), &self.core.region)?;
        Ok((identity, Some("POST"), VERSION_4))
    }
}

/// The refusal of a request or a form whose sender is not who it says, with AWS's details.
pub(super) fn auth_error(
    problem: &AuthError,
    parts: &Parts,
    body_sha256: &str,
    form: Option<&Form<'_>>,
    request_id: &str,
) -> SandboxResponse {
    let details = ErrorDetails(details(problem, parts, body_sha256, form));
    let (status, code) = (problem.status(Service::S3), problem.code(Service::S3));
    let message = problem.message(Service::S3);
    let mut answer = detailed_error(status, code, &message, request_id, &details);
    if parts.method == http::Method::HEAD {
        *answer.response.body_mut() = s3s::Body::empty();
    }
    answer
}

type Details = Vec<(&'static str, String)>;

/// The elements of AWS's answer beside code and message, as public transcripts have them.
fn details(
    problem: &AuthError,
    parts: &Parts,
    body_sha256: &str,
    form: Option<&Form<'_>>,
) -> Details {
    let signature = || signature::parse(parts).ok().flatten();
    match problem {
        AuthError::MissingField(name) => {
            vec![("ArgumentName", (*name).to_owned()), ("ArgumentValue", String::new())]
        }
        AuthError::UnsignedHeaders(names) => vec![("HeadersNotSigned", names.join(", "))],
        AuthError::Skewed { date, now } => {
            let format = format_description!("[year][month][day]T[hour][minute][second]Z");
            let sent = date.to_offset(UtcOffset::UTC).format(format).unwrap_or_default();
            vec![
                ("RequestTime", sent),
                ("ServerTime", time(*now)),
                ("MaxAllowedSkewMilliseconds", "900000".to_owned()),
            ]
        }
        AuthError::Expired { date, now } => {
            let lifetime = signature().and_then(|signature| signature.expires);
            let end = lifetime.map_or(*date, |lifetime| *date + lifetime);
            let lifetime = lifetime.map(|it| ("X-Amz-Expires", it.whole_seconds().to_string()));
            let rest = [("Expires", time(end)), ("ServerTime", time(*now))];
            lifetime.into_iter().chain(rest).collect()
        }
        AuthError::UnknownAccessKey => {
            let key = claimed(parts, form).map(|(key, _)| ("AWSAccessKeyId", key));
            key.into_iter().collect()
        }
        AuthError::Scope { fault: signature::Scope::Region { expected, .. }, .. } => {
            vec![("Region", expected.clone())]
        }
        AuthError::Mismatch => mismatch(parts, body_sha256, form).unwrap_or_default(),
        AuthError::Missing
        | AuthError::TwoMechanisms
        | AuthError::Version2
        | AuthError::IncompleteQuery(_)
        | AuthError::UnknownScheme
        | AuthError::Malformed { .. }
        | AuthError::Scope { .. }
        | AuthError::MissingDate
        | AuthError::MissingPayload
        | AuthError::BadPayload
        | AuthError::BodyMismatch
        | AuthError::NotYetValid { .. }
        | AuthError::InvalidToken
        | AuthError::ExpiredToken
        | AuthError::NotModelled(_) => Details::new(),
    }
}

/// The access key and the signature that a request or a form claims.
fn claimed(parts: &Parts, form: Option<&Form<'_>>) -> Option<(String, String)> {
    let version2 = |claim: version2::Version2| (claim.access_key, claim.sent);
    let version4 = |claim: signature::Signature| (claim.access_key.clone(), claim.sent());
    if let Some(form) = form {
        let field = |name: &str| form.field(name);
        return match version2::parse_form(field) {
            Ok(Some(claim)) => Some(version2(claim)),
            Ok(None) => signature::parse_form(field).ok().flatten().map(version4),
            Err(_) => None,
        };
    }
    if version2::in_query(parts) {
        return version2::parse(parts, UNSIGNED_IN_VERSION_2).ok().map(version2);
    }
    match version2::parse_header(parts, UNSIGNED_IN_VERSION_2) {
        Ok(Some(claim)) => Some(version2(claim)),
        Ok(None) => signature::parse(parts).ok().flatten().map(version4),
        Err(_) => None,
    }
}

/// What S3 says to a signature that is another one: what it calculated itself.
fn mismatch(parts: &Parts, body_sha256: &str, form: Option<&Form<'_>>) -> Option<Details> {
    let (key, sent) = claimed(parts, form)?;
    let (request, text) = match (form, signature::parse(parts)) {
        (Some(form), _) => (None, form.field("policy").unwrap_or_default().to_owned()),
        (None, Ok(Some(signature))) => {
            let (request, text) = signature.calculated(parts, body_sha256)?;
            (Some(request), text)
        }
        (None, _) => {
            let VirtualBucket(bucket) = parts.extensions.get()?;
            (None, version2::string_to_sign(parts, bucket.as_deref()))
        }
    };
    let bytes = |text: &[u8]| {
        let pairs: Vec<String> = text.iter().map(|byte| format!("{byte:02x}")).collect();
        pairs.join(" ")
    };
    let mut details = vec![
        ("AWSAccessKeyId", key),
        ("StringToSign", text.clone()),
        ("SignatureProvided", sent),
        ("StringToSignBytes", bytes(text.as_bytes())),
    ];
    if let Some(request) = request {
        details.push(("CanonicalRequest", String::from_utf8_lossy(&request).into_owned()));
        details.push(("CanonicalRequestBytes", bytes(&request)));
    }
    Some(details)
}

fn time(at: OffsetDateTime) -> String {
    let at = at.to_offset(UtcOffset::UTC).replace_nanosecond(0).unwrap_or(at);
    at.format(&Rfc3339).unwrap_or_default()
}
