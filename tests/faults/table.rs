//! Everything that can go wrong and look like a refusal: one row each, with the scenario files it
//! is put on, and the verdict and reason that must come of it. None of it makes a `deny:` pass.

use gainsay::verdict::{
    Reason,
    Verdict::{self, Error, Fail, Inconclusive, Pass},
};

use super::{
    fault::{
        Break::{Refused, Timeout, Tls},
        Fault::{
            self, BreaksOff, Changed, Identity, Lost, None, Panics, Policies, Raw, Says, Stopped,
            Unsent,
        },
        On::{self, After, Attempt, Before, Everything, Sessions},
    },
    place::{COPY, DELETE, DELETED, KEY, NOBODY, READ, SEALED, Stem, URL},
};

/// A row.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub name: &'static str,
    pub stems: &'static [Stem],
    pub fault: Fault,
    /// Where it strikes; each is a test of its own.
    pub on: &'static [On],
    /// How often.
    pub times: usize,
    /// What comes of it when it strikes the attempt.
    pub verdict: Verdict,
    pub reason: Option<Reason>,
}

const ALWAYS: usize = usize::MAX;
/// Where an answer can go wrong: at the attempt, at a witness, everywhere.
const ANYWHERE: &[On] = &[Attempt, Before, After, Everything];
/// At the attempt: everywhere else it is no fault, or the same as another row.
const HERE: &[On] = &[Attempt];
const S3: &[Stem] = &[SEALED, READ, URL, NOBODY, DELETE];
/// Where a layer is asked for.
const LAYERED: &[Stem] = &[SEALED, READ, URL, DELETE];
const ONE: &[Stem] = &[READ, NOBODY];
const BOTH: &[Stem] = &[READ, KEY];

/// Undecided, for this reason when it strikes the attempt.
const fn row(
    name: &'static str,
    stems: &'static [Stem],
    on: &'static [On],
    fault: Fault,
    reason: Reason,
) -> Row {
    Row { name, stems, fault, on, times: ALWAYS, verdict: Inconclusive, reason: Some(reason) }
}

/// Another verdict.
const fn ends(verdict: Verdict, row: Row) -> Row {
    Row { verdict, ..row }
}

/// Strikes once.
const fn once(row: Row) -> Row {
    Row { times: 1, ..row }
}

/// What AWS itself says, which must pass: so that the rows beside it fail for what they say.
const fn passes(
    name: &'static str,
    stems: &'static [Stem],
    on: &'static [On],
    fault: Fault,
    times: usize,
) -> Row {
    Row { name, stems, fault, on, times, verdict: Pass, reason: Option::None }
}

macro_rules! words {
    ($who:literal, $action:literal, $on:literal, $clause:literal) => {
        concat!(
            "User: arn:aws:sts::111122223333:assumed-role/",
            $who,
            "/gainsay-run is not authorized to perform: ",
            $action,
            " on resource: ",
            $on,
            " ",
            $clause
        )
    };
}

const REPORT: &str = words!(
    "app",
    "s3:PutObject",
    "\"arn:aws:s3:::gs-data/run/report.csv\"",
    "with an explicit deny in a resource-based policy"
);
const FILE: &str = words!(
    "stranger",
    "s3:GetObject",
    "\"arn:aws:s3:::gs-data/run/file.csv\"",
    "because no identity-based policy allows the s3:GetObject action"
);

/// The table.
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    // What must pass.
    passes("no fault", &[SEALED, COPY, READ, URL, NOBODY, DELETE, KEY], HERE, None, 0),
    passes("AWS's own words for a bucket policy", &[SEALED], HERE, Says(403, "AccessDenied", REPORT), ALWAYS),
    passes("AWS's own words for an identity policy", &[READ, URL], HERE, Says(403, "AccessDenied", FILE), ALWAYS),
    passes("two words, to nobody", &[NOBODY], HERE, Says(403, "AccessDenied", "Access Denied"), ALWAYS),
    passes("throttled once", &[KEY], ANYWHERE, Says(400, "ThrottlingException", "Rate exceeded"), 1),
    passes("witnesses throttled once", &[SEALED], &[Before, After, Everything], Says(503, "SlowDown", "Please reduce your request rate."), 1),
    passes("a read whose answer was lost once", BOTH, ANYWHERE, Lost, 1),
    passes("sessions throttled once", ONE, &[Sessions], Says(400, "Throttling", "Rate exceeded"), 1),

    // What is not there.
    row("bucket missing", S3, ANYWHERE, Says(404, "NoSuchBucket", "The specified bucket does not exist"), Reason::NoAnswer),
    row("object missing", ONE, ANYWHERE, Says(404, "NoSuchKey", "The specified key does not exist."), Reason::NoAnswer),
    row("version missing", ONE, HERE, Says(404, "NoSuchVersion", "The specified version does not exist."), Reason::NoAnswer),
    row("object missing, told to one who may not list", &[READ, URL], HERE, Says(403, "AccessDenied", words!("stranger", "s3:ListBucket", "\"arn:aws:s3:::gs-data\"", "because no identity-based policy allows the s3:ListBucket action")), Reason::Unproved),
    row("fixture deleted by an earlier success", &[DELETED], HERE, None, Reason::NoWitness),
    row("key id unknown", &[SEALED], ANYWHERE, Says(400, "KMS.NotFoundException", "Invalid keyId"), Reason::NoAnswer),
    row("key unknown to KMS", &[KEY], ANYWHERE, Says(400, "NotFoundException", "Invalid keyId"), Reason::NoAnswer),
    row("key disabled", &[SEALED], ANYWHERE, Says(400, "KMS.DisabledException", "The key is disabled."), Reason::NotAuthorization),
    row("key disabled, says KMS", &[KEY], ANYWHERE, Says(400, "DisabledException", "The key is disabled."), Reason::NotAuthorization),
    row("key to be deleted", &[SEALED], HERE, Says(400, "KMS.KMSInvalidStateException", "The key is pending deletion."), Reason::NotAuthorization),

    // Who asks.
    row("expired token", S3, ANYWHERE, Says(400, "ExpiredToken", "The provided token has expired."), Reason::NoAnswer),
    row("expired token, says KMS", &[KEY], ANYWHERE, Says(400, "ExpiredTokenException", "The security token included in the request is expired"), Reason::NoAnswer),
    row("foreign token", ONE, ANYWHERE, Says(400, "InvalidToken", "The provided token is malformed or otherwise invalid."), Reason::NoAnswer),
    row("garbage token, really sent", &[SEALED, READ, DELETE, KEY], ANYWHERE, Changed(|request| { request.headers_mut().insert("x-amz-security-token", "garbage"); }), Reason::NoAnswer),
    row("no token, really sent", &[SEALED, READ, DELETE, KEY], ANYWHERE, Changed(|request| { request.headers_mut().remove("x-amz-security-token"); }), Reason::NoAnswer),
    row("wrong secret", S3, ANYWHERE, Says(403, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided."), Reason::NoAnswer),
    row("wrong signature, really sent", &[SEALED, READ, DELETE, KEY], ANYWHERE, Changed(|request| {
        let changed = request.headers().get("authorization").map(|value| format!("{}{}", &value[..value.len() - 1], if value.ends_with('0') { '1' } else { '0' }));
        if let Some(changed) = changed { request.headers_mut().insert("authorization", changed); }
    }), Reason::NoAnswer),
    row("a key id that is not there", ONE, ANYWHERE, Says(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."), Reason::NoAnswer),
    row("a token KMS does not know", &[KEY], ANYWHERE, Says(400, "UnrecognizedClientException", "The security token included in the request is invalid."), Reason::NoAnswer),
    row("clock skew", S3, ANYWHERE, Says(403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large."), Reason::NoAnswer),
    row("not signed up", ONE, HERE, Says(403, "NotSignedUp", "Your account is not signed up for the Amazon S3 service."), Reason::NotAuthorization),
    row("account suspended", ONE, HERE, Says(403, "AllAccessDisabled", "All access to this object has been disabled."), Reason::NotAuthorization),
    row("role cannot be assumed", &[SEALED, READ, KEY], &[Sessions], Says(403, "AccessDenied", "User: gainsay is not authorized to perform: sts:AssumeRole"), Reason::NoSession),
    row("role's trust is for another", &[SEALED, READ, KEY], &[Sessions], Policies(&[("trust.json", r#"{ "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:user/other" }, "Action": "sts:AssumeRole" }"#)]), Reason::NoSession),
    row("STS is busy to the end", &[SEALED, KEY], &[Sessions], Says(400, "Throttling", "Rate exceeded"), Reason::NoSession),
    row("STS is out of reach", &[SEALED, KEY], &[Sessions], Unsent(Refused), Reason::NoSession),
    row("caller is another role", &[SEALED, KEY], &[Sessions], Identity("arn:aws:sts::111122223333:assumed-role/other/gainsay"), Reason::NoSession),
    row("caller is a role of that name elsewhere", &[SEALED, KEY], &[Sessions], Identity("arn:aws:sts::444455556666:assumed-role/app/gainsay"), Reason::NoSession),
    row("caller is a user", &[SEALED, KEY], &[Sessions], Identity("arn:aws:iam::111122223333:user/app"), Reason::NoSession),
    row("caller is nobody", &[SEALED, KEY], &[Sessions], Identity(""), Reason::NoSession),
    row("actor refused everything", &[SEALED, COPY, READ, URL, DELETE, KEY], &[Everything], Policies(&[("app.json", r#"{ "Effect": "Deny", "Action": "*", "Resource": "*" }"#), ("stranger.json", r#"{ "Effect": "Deny", "Action": "*", "Resource": "*" }"#)]), Reason::NoWitness),

    // Where it went.
    row("another Region", S3, ANYWHERE, Says(301, "PermanentRedirect", "The bucket you are attempting to access must be addressed using the specified endpoint."), Reason::NoAnswer),
    row("a bucket that is being made", ONE, ANYWHERE, Says(307, "TemporaryRedirect", "Please re-send this request to the specified temporary endpoint."), Reason::NoAnswer),
    row("signed for another Region", S3, ANYWHERE, Says(400, "AuthorizationHeaderMalformed", "The authorization header is malformed; the region 'eu-west-1' is wrong"), Reason::NoAnswer),
    row("another Region's constraint", &[SEALED], HERE, Says(400, "IllegalLocationConstraintException", "The constraint is incompatible"), Reason::NoAnswer),
    row("redirected to another host", ONE, ANYWHERE, Raw(302, "text/html", "<html>Moved</html>"), Reason::NoAnswer),

    // No answer, or that of somebody else.
    row("throttled by S3 to the end", &[SEALED, NOBODY], ANYWHERE, Says(503, "SlowDown", "Please reduce your request rate."), Reason::NoAnswer),
    row("throttled by KMS to the end", &[SEALED, KEY], ANYWHERE, Says(400, "ThrottlingException", "Rate exceeded"), Reason::NoAnswer),
    row("too many requests", &[KEY], HERE, Says(429, "TooManyRequestsException", "Too Many Requests"), Reason::NoAnswer),
    row("500", &[SEALED, NOBODY], ANYWHERE, Says(500, "InternalError", "We encountered an internal error."), Reason::NoAnswer),
    row("503", &[NOBODY], ANYWHERE, Says(503, "ServiceUnavailable", "Service is unable to handle request."), Reason::NoAnswer),
    row("502 of a load balancer", &[SEALED, URL], HERE, Raw(502, "text/html", "<html>Bad Gateway</html>"), Reason::NoAnswer),
    row("connection refused", &[SEALED, URL, KEY], ANYWHERE, Unsent(Refused), Reason::NoAnswer),
    row("no answer in time", &[READ, NOBODY], ANYWHERE, Unsent(Timeout), Reason::NoAnswer),
    row("TLS failure", &[READ, KEY], ANYWHERE, Unsent(Tls), Reason::NoAnswer),
    row("reset in the body of a refusal", S3, ANYWHERE, BreaksOff(403), Reason::NoAnswer),
    row("reset in the body of a success", ONE, ANYWHERE, BreaksOff(200), Reason::NoAnswer),
    row("not implemented", S3, ANYWHERE, Says(501, "NotImplemented", "A header you provided implies functionality that is not implemented"), Reason::NoAnswer),
    row("an operation KMS does not know", &[KEY], HERE, Says(400, "UnknownOperationException", ""), Reason::NoAnswer),
    row("method not allowed", ONE, HERE, Says(405, "MethodNotAllowed", "The specified method is not allowed against this resource."), Reason::NotAuthorization),
    row("a proxy's page", S3, ANYWHERE, Raw(403, "text/html", "<html><head><title>403 Forbidden</title></head><body><h1>Access Denied</h1></body></html>"), Reason::NoAnswer),
    row("a proxy's page with S3's element in it", S3, HERE, Raw(403, "text/html", "<html><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error></html>"), Reason::NoAnswer),
    row("a gateway's JSON", S3, HERE, Raw(403, "application/json", r#"{"message":"Forbidden"}"#), Reason::NoAnswer),
    row("a firewall's AccessDenied", S3, HERE, Says(403, "AccessDenied", "Blocked by Web Filter. Your administrator's explicit deny applies."), Reason::NoAnswer),
    row("bytes", S3, HERE, Raw(403, "application/xml", "\u{0}\u{1}\u{fffd}<<<&&&"), Reason::NoAnswer),
    row("a JSON error cut short", &[KEY], HERE, Raw(400, "application/x-amz-json-1.1", r#"{"__type":"AccessDeniedException","mess"#), Reason::NoAnswer),
    row("an error cut short", S3, HERE, Raw(403, "application/xml", "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>Access Den"), Reason::NoAnswer),
    row("an error cut short between elements", S3, HERE, Raw(403, "application/xml", "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message>"), Reason::NoAnswer),
    row("an error without a message", S3, HERE, Raw(403, "application/xml", "<Error><Code>AccessDenied</Code></Error>"), Reason::NoAnswer),
    row("an empty 403", &[SEALED, READ, URL, NOBODY, DELETE], ANYWHERE, Raw(403, "application/xml", ""), Reason::Unproved),
    row("an empty 400", &[KEY], ANYWHERE, Raw(400, "application/x-amz-json-1.1", ""), Reason::NoAnswer),
    row("a success that is an error", &[COPY], HERE, Raw(200, "application/xml", "<?xml version=\"1.0\"?>\n<Error><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>"), Reason::NoAnswer),
    row("a success that is a refusal", &[COPY], HERE, Raw(200, "application/xml", "<?xml version=\"1.0\"?>\n<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"), Reason::NoAnswer),

    // A refusal, but of another kind.
    row("AccessDenied in a 404", S3, HERE, Says(404, "AccessDenied", "Access Denied"), Reason::NoAnswer),
    row("AccessDenied in a 401", S3, HERE, Says(401, "AccessDenied", "Access Denied"), Reason::NoAnswer),
    row("AccessDenied in a 500", &[NOBODY], HERE, Says(500, "AccessDenied", "Access Denied"), Reason::NoAnswer),
    row("S3's code from KMS", &[KEY], HERE, Says(403, "AccessDenied", "Access Denied"), Reason::NotAuthorization),
    row("KMS's code from S3", ONE, HERE, Says(403, "AccessDeniedException", "Access Denied"), Reason::NotAuthorization),
    row("Forbidden", S3, HERE, Says(403, "Forbidden", "Access Denied"), Reason::NotAuthorization),
    row("an expired URL", &[URL, NOBODY], HERE, Says(403, "AccessDenied", "Request has expired"), Reason::NotAuthorization),
    row("unsigned headers", S3, HERE, Says(403, "AccessDenied", "There were headers present in the request which were not signed"), Reason::NotAuthorization),
    row("a malformed request", S3, HERE, Says(400, "InvalidRequest", "The request is malformed"), Reason::NotAuthorization),
    row("archived", ONE, HERE, Says(403, "InvalidObjectState", "The operation is not valid for the object's storage class"), Reason::NotAuthorization),
    row("a failed precondition", &[SEALED], HERE, Says(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold"), Reason::NotAuthorization),
    row("two words where a layer is asked for", LAYERED, HERE, Says(403, "AccessDenied", "Access Denied"), Reason::Unproved),
    row("another layer", &[SEALED], HERE, Says(403, "AccessDenied", words!("app", "s3:PutObject", "\"arn:aws:s3:::gs-data/run/report.csv\"", "because no identity-based policy allows the s3:PutObject action")), Reason::Unproved),
    row("another layer: a service control policy", &[READ, URL], HERE, Says(403, "AccessDenied", words!("stranger", "s3:GetObject", "\"arn:aws:s3:::gs-data/run/file.csv\"", "with an explicit deny in a service control policy")), Reason::Unproved),
    row("another action", &[SEALED], HERE, Says(403, "AccessDenied", words!("app", "s3:PutObjectAcl", "\"arn:aws:s3:::gs-data/run/report.csv\"", "with an explicit deny in a resource-based policy")), Reason::Unproved),
    row("the key's action", &[SEALED], HERE, Says(403, "AccessDenied", words!("app", "kms:GenerateDataKey", "arn:aws:kms:eu-west-1:111122223333:key/0e71de9c-e000-4000-8000-000000000001", "because no resource-based policy allows the kms:GenerateDataKey action")), Reason::Unproved),
    row("another resource", &[SEALED], HERE, Says(403, "AccessDenied", words!("app", "s3:PutObject", "\"arn:aws:s3:::gs-data/run/report\"", "with an explicit deny in a resource-based policy")), Reason::Unproved),
    row("the source of a copy", &[COPY], HERE, Says(403, "AccessDenied", words!("app", "s3:GetObject", "\"arn:aws:s3:::gs-data/run/file.csv\"", "with an explicit deny in a resource-based policy")), Reason::Unproved),
    row("another principal", &[SEALED], HERE, Says(403, "AccessDenied", words!("other", "s3:PutObject", "\"arn:aws:s3:::gs-data/run/report.csv\"", "with an explicit deny in a resource-based policy")), Reason::Unproved),
    row("another principal, told to a stranger", &[READ, URL], HERE, Says(403, "AccessDenied", words!("app", "s3:GetObject", "\"arn:aws:s3:::gs-data/run/file.csv\"", "because no identity-based policy allows the s3:GetObject action")), Reason::Unproved),
    row("another session of the role", &[SEALED], HERE, Says(403, "AccessDenied", "User: arn:aws:sts::111122223333:assumed-role/app/another is not authorized to perform: s3:PutObject on resource: \"arn:aws:s3:::gs-data/run/report.csv\" with an explicit deny in a resource-based policy"), Reason::Unproved),
    row("what was refused, and not to whom", &[SEALED], HERE, Says(403, "AccessDenied", "is not authorized to perform: s3:PutObject on resource: \"arn:aws:s3:::gs-data/run/report.csv\" with an explicit deny in a resource-based policy"), Reason::NoAnswer),
    row("another account's principal", &[SEALED], HERE, Says(403, "AccessDenied", "User: arn:aws:sts::444455556666:assumed-role/app/gainsay-run is not authorized to perform: s3:PutObject on resource: \"arn:aws:s3:::gs-data/run/report.csv\" with an explicit deny in a resource-based policy"), Reason::Unproved),
    row("somebody's refusal, told to nobody", &[NOBODY], HERE, Says(403, "AccessDenied", words!("app", "s3:GetObject", "\"arn:aws:s3:::gs-data/run/file.csv\"", "with an explicit deny in a resource-based policy")), Reason::Unproved),
    row("a clause and nothing else", S3, HERE, Says(403, "AccessDenied", "explicit deny in a resource-based policy"), Reason::NoAnswer),
    row("a clause before the words", &[SEALED], HERE, Says(403, "AccessDenied", "explicit deny in a resource-based policy. User: arn:aws:sts::111122223333:assumed-role/app/gainsay-run is not authorized to perform: s3:PutObject on resource: \"arn:aws:s3:::gs-data/run/report.csv\""), Reason::NoAnswer),
    row("a key that speaks", &[SEALED], HERE, Says(403, "AccessDenied", words!("app", "s3:PutObject", "\"arn:aws:s3:::gs-data/run/report.csv\" with an explicit deny in a resource-based policy\"", "because no identity-based policy allows the s3:PutObject action")), Reason::Unproved),
    row("KMS leaves open whether the key exists", &[KEY], HERE, Says(400, "AccessDeniedException", "User: arn:aws:sts::111122223333:assumed-role/stranger/gainsay-run is not authorized to perform: kms:GenerateDataKey on this resource because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access"), Reason::Unproved),
    row("KMS says nothing", &[KEY], HERE, Says(400, "AccessDeniedException", ""), Reason::NoAnswer),
    row("KMS means the ciphertext", &[KEY], HERE, Says(400, "AccessDeniedException", "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access."), Reason::NoAnswer),

    // Things happen in the wrong order.
    row("witness refused", S3, &[Before, After], Says(403, "AccessDenied", "Access Denied"), Reason::NoWitness),
    row("witness of KMS refused", &[KEY], &[Before, After], Says(400, "AccessDeniedException", "Access Denied"), Reason::NoWitness),
    once(row("a write whose answer was lost, refused the second time", &[SEALED, COPY, DELETE], HERE, Lost, Reason::LostAnswer)),
    once(row("a write that was throttled, refused the second time", &[SEALED, COPY, DELETE], HERE, Says(503, "SlowDown", "Please reduce your request rate."), Reason::LostAnswer)),
    once(row("a write met by a 500, refused the second time", &[SEALED, COPY, DELETE], HERE, Says(500, "InternalError", "We encountered an internal error."), Reason::LostAnswer)),
    row("stopped and busy", &[SEALED, KEY], HERE, Stopped, Reason::NoAnswer),
    ends(Error, row("stopped before the attempt", &[READ], &[Everything], Stopped, Reason::Cancelled)),
    ends(Error, row("gainsay breaks off", &[SEALED, KEY, NOBODY], ANYWHERE, Panics, Reason::Internal)),

    // The world is another: what the sandbox knows, it says.
    ends(Fail, row("refused by another layer, as the sandbox knows", &[SEALED], HERE, Policies(&[
        ("data.json", r#"{ "Effect": "Allow", "Principal": "*", "Action": "s3:ListBucket", "Resource": "{{bucket.data.arn}}" }"#),
        ("app.json", r#"{ "Effect": "Allow", "Action": ["s3:*", "kms:*"], "Resource": "*" },
                        { "Effect": "Deny", "Action": "s3:PutObject", "Resource": "*", "Condition": { "Null": { "s3:x-amz-server-side-encryption": "true" } } }"#),
    ]), Reason::WrongReason)),
    ends(Fail, row("the forbidden act succeeds", &[SEALED], HERE, Policies(&[("data.json", r#"{ "Effect": "Allow", "Principal": "*", "Action": "s3:ListBucket", "Resource": "{{bucket.data.arn}}" }"#)]), Reason::GotThrough)),
    ends(Fail, row("a success of anyone's", &[SEALED, READ, URL, NOBODY], HERE, Raw(200, "application/octet-stream", ""), Reason::GotThrough)),
];
