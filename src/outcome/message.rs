//! The grammar of AWS's authorization refusals, read whole: who was refused, what, on what, and one
//! reason. A text that has more in it is none of AWS's own.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html> and
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>.

use gainsay_iam::Layer;

use super::{Denial, Outcome};

/// What a message under a code of refusal means. `Access Denied` and nothing more is what other
/// organizations, anonymous callers and old paths get.
pub(super) fn denial(message: &str) -> Outcome {
    if let Some(refused) = message.strip_prefix(GET_DATA_ACCESS).or(Some(message))
        && let Some(refused) = refused.strip_prefix(WHO)
    {
        return of_user(refused).map_or(Outcome::Unclear, Outcome::Denied);
    }
    if let Some(text) = message.strip_prefix("You do not have ")
        && let Some((word, _)) = text.split_once(PREFIX)
        && word.bytes().all(|byte| byte.is_ascii_uppercase())
    {
        // What stands after this is the caller's own word.
        return Outcome::Denied(of_layers(&[Layer::Grant]));
    }
    let lower = message.to_lowercase();
    if PROTOCOL.iter().any(|text| lower.contains(text)) {
        return Outcome::Rejected;
    }
    let Some(rest) = lower.strip_prefix("access denied") else {
        // A proxy, a firewall, an emulator.
        return Outcome::Unclear;
    };
    match rest.trim_end_matches('.') {
        "" => Outcome::Denied(Denial::default()),
        _ => {
            reason(rest, "").map_or(Outcome::Unclear, |layers| Outcome::Denied(of_layers(&layers)))
        }
    }
}

fn of_layers(layers: &[Layer]) -> Denial {
    Denial { layers: layers.to_vec(), ..Denial::default() }
}

/// Messages under `AccessDenied` that no policy is behind: an expired URL, headers that were not
/// signed.
const PROTOCOL: &[&str] = &[
    "request has expired",
    "headers present in the request which were not signed",
    "anonymous users cannot initiate multipart uploads",
    // A form that its own policy does not cover, or whose policy has expired.
    "invalid according to policy:",
    // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_UpdateObjectEncryption.html>: whoever
    // asks.
    "key in the request must be owned by the same account as the bucket",
];

const WHO: &str = "User: ";
const WHAT: &str = " is not authorized to perform: ";
const ON: &str = "on resource: ";

/// What S3 puts before what STS told it when it gives out credentials for a grant.
const GET_DATA_ACCESS: &str =
    "An error occurred (StsNotAuthorizedError) when calling the GetDataAccess operation: ";

/// How Access Grants goes on where there is no grant:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>.
const PREFIX: &str = " permissions to the requested S3 Prefix:";

/// `<arn> is not authorized to perform: <action> on resource: <arn> <reason>`; S3 quotes the ARN,
/// the others do not. A key may hold quotes, so the ARN ends at the last one.
fn of_user(text: &str) -> Option<Denial> {
    let (who, rest) = text.split_once(WHAT)?;
    let (action, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let (resource, rest) = match rest.strip_prefix(ON) {
        // KMS does not name what it does not tell to be there.
        None => (None, rest.strip_prefix("on this resource").unwrap_or(rest)),
        Some(named) => {
            let quoted = named.strip_prefix('"').and_then(|quoted| quoted.rsplit_once('"'));
            let (resource, rest) = quoted.or_else(|| named.split_once(' ')).unwrap_or((named, ""));
            (Some(resource), rest)
        }
    };
    let layers = reason(rest, action)?;
    let on_key = resource.is_some_and(|resource| resource.starts_with("arn:aws:kms:"));
    let is_one_word = |text: &str| !text.is_empty() && !text.contains(char::is_whitespace);
    if !is_one_word(who) || !is_one_word(action) {
        return None;
    }
    // No Block Public Access stands before a key: there the clause means one mechanism.
    let by_key_policy = on_key && layers.contains(&Layer::Resource);
    Some(Denial {
        principal: Some(who.to_owned()),
        action: Some(action.trim_end_matches('.').to_owned()),
        resource: resource.map(str::to_owned),
        layers: if by_key_policy { vec![Layer::KeyPolicy] } else { layers },
    })
}

/// The mechanisms that the reason may mean: none where AWS gives none or leaves it open; nothing
/// where it is not AWS's reason for this action.
fn reason(text: &str, action: &str) -> Option<Vec<Layer>> {
    let text = text.trim_start();
    if text.trim_end_matches('.').is_empty() {
        return Some(Vec::new());
    }
    let (lower, action) = (text.to_lowercase(), action.to_lowercase());
    REASONS.iter().find_map(|(clause, layers)| {
        let clause = clause.to_lowercase().replace("{action}", &action);
        let rest = text.get(lower.strip_prefix(&clause).map(|_| clause.len())?..)?;
        is_end(rest).then(|| layers.to_vec())
    })
}

/// Whether a reason may go on like this: with the policy's ARN, and where to read more.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied-authorization-id.html>.
fn is_end(rest: &str) -> bool {
    let through = rest.strip_prefix(" transitively through a service control policy");
    let rest = through.unwrap_or(rest);
    let policy = [": ", ", with policy ARN: "].iter().find_map(|word| rest.strip_prefix(*word));
    let rest = match policy {
        None => rest,
        Some(named) => {
            let (arn, rest) = named.split_once(' ').unwrap_or((named, ""));
            let is_arn = arn.starts_with("arn:aws") && arn.chars().all(is_of_arn);
            // A sentence may end behind it.
            match (is_arn, rest.is_empty()) {
                (false, _) => return false,
                (true, true) => return true,
                (true, false) => return is_more(rest),
            }
        }
    };
    let rest = rest.strip_prefix('.').unwrap_or(rest);
    rest.is_empty() || rest.strip_prefix(' ').is_some_and(is_more)
}

fn is_of_arn(c: char) -> bool {
    c.is_ascii_alphanumeric() || ":/_+=,.@-*".contains(c)
}

/// `Go to <url> for complete details, or call ... with the following authorization id: <id>`.
fn is_more(text: &str) -> bool {
    let parts = text.strip_prefix("Go to https://").and_then(|text| {
        text.split_once(
            " for complete details, or call the GetRequestAuthorizationDetails API with the \
             following authorization id: ",
        )
    });
    let is_word = |text: &str| text.chars().all(|c| is_of_arn(c) || "?#&".contains(c));
    parts.is_some_and(|(url, id)| is_word(url) && is_word(id))
}

/// How AWS words that a mechanism refuses an action, by a statement or by saying nothing; nothing
/// where no wording is known.
pub(crate) fn clause(layer: Layer, explicit: bool, action: &str) -> Option<String> {
    let (start, layer) = match (explicit, layer) {
        // A key policy is a resource-based policy here.
        (true, Layer::KeyPolicy) => ("with an explicit deny", Layer::Resource),
        (false, Layer::KeyPolicy) => ("because no ", Layer::Resource),
        (true, layer) => ("with an explicit deny", layer),
        (false, layer) => ("because no ", layer),
    };
    let words = |start: &str| {
        REASONS.iter().find(|(text, layers)| text.starts_with(start) && layers.contains(&layer))
    };
    // What a setting refuses has words of its own.
    let found = words(start).or_else(|| explicit.then(|| words("because ")).flatten());
    found.map(|(text, _)| text.replace("{action}", action))
}

/// The reasons and the mechanisms they may mean. S3 words `RestrictPublicBuckets` as a deny of the
/// bucket policy, and `IgnorePublicAcls` as its silence.
pub(super) const REASONS: &[(&str, &[Layer])] = &[
    ("with an explicit deny in a VPC endpoint policy", &[Layer::VpcEndpoint]),
    (
        "with an explicit deny in a resource-based policy",
        &[Layer::Resource, Layer::BlockPublicAccess],
    ),
    ("with an explicit deny in an identity-based policy", &[Layer::Identity]),
    ("with an explicit deny in a service control policy", &[Layer::Scp]),
    ("with an explicit deny in a resource control policy", &[Layer::Rcp]),
    ("with an explicit deny in a permissions boundary", &[Layer::Boundary]),
    ("with an explicit deny in a session policy", &[Layer::Session]),
    ("with an explicit deny in a sessions policy", &[Layer::Session]),
    ("with an explicit deny in the role trust policy", &[Layer::TrustPolicy]),
    ("because no identity-based policy allows the {action} action", &[Layer::Identity]),
    (
        "because no resource-based policy allows the {action} action",
        &[Layer::Resource, Layer::BlockPublicAccess],
    ),
    ("because no permissions boundary allows the {action} action", &[Layer::Boundary]),
    ("because no session policy allows the {action} action", &[Layer::Session]),
    ("because no VPC endpoint policy allows the {action} action", &[Layer::VpcEndpoint]),
    ("because no service control policy allows the {action} action", &[Layer::Scp]),
    ("because no resource control policy allows the {action} action", &[Layer::Rcp]),
    ("because no role trust policy allows the {action} action", &[Layer::TrustPolicy]),
    (
        "because public ACLs are prevented by the BlockPublicAcls setting in S3 Block Public \
         Access",
        &[Layer::BlockPublicAccess],
    ),
    (
        "because public access control lists (ACLs) are blocked by the BlockPublicAcls block \
         public access setting",
        &[Layer::BlockPublicAccess],
    ),
    (
        "because public policies are prevented by the BlockPublicPolicy setting in S3 Block \
         Public Access",
        &[Layer::BlockPublicAccess],
    ),
    (
        "because this bucket has blocked upload requests that specify Server Side Encryption with \
         Customer provided keys (SSE-C). Please specify a different server-side encryption type",
        &[Layer::EncryptionBlock],
    ),
    ("because object protected by object lock", &[Layer::ObjectLock]),
    // KMS leaves open on purpose whether the key exists.
    (
        "because the resource does not exist in this Region, no resource-based policies allow \
         access, or a resource-based policy explicitly denies access",
        &[],
    ),
];
