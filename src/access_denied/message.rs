//! A refusal read from AWS's message.

use gainsay_model::Service;

use super::RefusedCall;
use crate::{
    attempt::{Answer, Refused},
    outcome::{Outcome, classify},
};

/// Why a text is no refusal that can be explained.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Nothing is written.
    #[error("the message is empty; give what AWS answered, or a record of CloudTrail")]
    Empty,
    /// The message is encoded.
    #[error(
        "the message is encoded: `aws sts decode-authorization-message --encoded-message ..` \
         decodes it for who may call it"
    )]
    Encoded,
    /// It is none of AWS's refusals.
    #[error("this is no refusal in AWS's words; give the whole message, as it came")]
    NoRefusal,
    /// It is no JSON, or no record.
    #[error("this is no record of CloudTrail: {0}")]
    NoRecord(String),
    /// Several records.
    #[error("{0} records are in it; give one")]
    Several(usize),
    /// The call of the record was not refused by authorization.
    #[error("the record is of `{event}`, which was {what}; only a refusal can be explained")]
    NotRefused {
        /// The event's name.
        event: String,
        /// What came of it.
        what: String,
    },
    /// Nothing tells what was refused.
    #[error(
        "nothing tells {0}: `Access Denied` alone names nothing; a record of CloudTrail of the \
         same call does"
    )]
    Untold(&'static str),
}

/// How the AWS CLI and the SDK for Python begin what they print.
const OPERATION: &str = ") when calling the ";

/// A message, perhaps as a client prints it.
pub(super) fn read(text: &str) -> Result<RefusedCall, ReadError> {
    if text.is_empty() {
        return Err(ReadError::Empty);
    }
    let (message, operation) = unwrapped(text);
    let mut call = of_message(&message)?;
    // What a call of S3's refuses in KMS's words S3 asked for the caller.
    let on_key = call.action.as_deref().is_some_and(|action| action.starts_with("kms:"));
    let of_s3 = operation.as_deref().is_some_and(is_of_s3);
    if on_key && of_s3 {
        via_s3(&mut call);
    }
    if call.principal.is_none() {
        return Err(ReadError::Untold("who was refused what"));
    }
    Ok(call)
}

/// Sets what is known of a call that S3 made to KMS for its caller.
pub(super) fn via_s3(call: &mut RefusedCall) {
    let region = call.resource.as_deref().and_then(|arn| arn.split(':').nth(3));
    let region = region.unwrap_or_default().to_owned();
    let mut set = |key: &str, value: String| call.context.push((key.to_owned(), vec![value]));
    set("aws:ViaAWSService", "true".to_owned());
    if !region.is_empty() {
        set("kms:ViaService", format!("s3.{region}.amazonaws.com"));
    }
}

/// Whether an operation is one of S3's and of no other service here.
fn is_of_s3(name: &str) -> bool {
    crate::attempt::OPERATIONS
        .iter()
        .any(|operation| operation.service == Service::S3 && operation.short_name() == name)
}

/// The message without what clients and the XML of S3 put around it, and the operation where a
/// client names it.
fn unwrapped(text: &str) -> (String, Option<String>) {
    if let Some((before, rest)) = text.split_once(OPERATION)
        && before.contains("An error occurred (")
        && let Some((operation, message)) = rest.split_once(" operation")
        && operation.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && let Some((_, message)) = message.split_once(": ")
    {
        return (message.to_owned(), Some(operation.to_owned()));
    }
    if let Some((_, rest)) = text.split_once("<Message>")
        && text.trim_start().starts_with('<')
        && let Some((message, _)) = rest.split_once("</Message>")
    {
        let mut message = message.to_owned();
        for (entity, character) in
            [("&quot;", "\""), ("&apos;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")]
        {
            message = message.replace(entity, character);
        }
        return (message, None);
    }
    // The code before the message, as the SDKs for other languages print it.
    for code in ["AccessDenied: ", "AccessDeniedException: "] {
        if let Some(message) = text.strip_prefix(code) {
            return (message.to_owned(), None);
        }
    }
    // The SDK for Go has more before the code, that for Java the request's id behind the message.
    let before_user = ["AccessDenied: User: ", "AccessDeniedException: User: "];
    let is_wrapped = !text.starts_with("User: ");
    let at = before_user
        .iter()
        .filter(|_| is_wrapped)
        .filter_map(|code| text.find(code).map(|at| at + code.len() - "User: ".len()));
    let message = at.min().and_then(|at| text.get(at..)).unwrap_or(text);
    let message = match message.rsplit_once(" (Service: ") {
        Some((message, rest)) if rest.ends_with(')') => message,
        _ => message.split("\n\tstatus code: ").next().unwrap_or(message),
    };
    (message.to_owned(), None)
}

/// What AWS's own words say. The grammar is that of the outcomes of attempts.
pub(super) fn of_message(message: &str) -> Result<RefusedCall, ReadError> {
    let message = message.trim();
    if message.to_lowercase().contains("encoded authorization failure message") {
        return Err(ReadError::Encoded);
    }
    let answer = Answer::Refused(Refused {
        status: 403,
        code: Some("AccessDenied".to_owned()),
        message: Some(message.to_owned()),
        ..Refused::default()
    });
    let Outcome::Denied(denial) = classify(Service::S3, &answer) else {
        return Err(ReadError::NoRefusal);
    };
    let last = denial.resource.as_deref().or(denial.action.as_deref());
    // Only what stands behind the resource is AWS's own reason.
    let behind =
        last.and_then(|last| message.split_once(" is not authorized").map(|(_, at)| (last, at)));
    let reason = match behind {
        Some((last, at)) => reason(at, last),
        None => message.get("Access Denied".len()..).unwrap_or_default(),
    };
    let reason = reason.trim_start_matches(['"', ' ', '.']);
    let explicit = if reason.starts_with("with an explicit deny") {
        Some(true)
    } else if reason.starts_with("because no ") {
        Some(false)
    } else {
        None
    };
    let arn = explicit.and_then(|_| reason.find("arn:aws")).and_then(|at| reason.get(at..));
    let policy = arn.and_then(|arn| arn.split([' ', ',']).next());
    let policy = policy.map(|arn| arn.trim_end_matches('.').to_owned());
    Ok(RefusedCall {
        principal: denial.principal,
        role: None,
        action: denial.action,
        resource: denial.resource,
        layers: denial.layers,
        explicit,
        policy,
        context: Vec::new(),
    })
}

/// What stands behind the resource: S3 quotes its ARN, which may hold anything, and so it ends at
/// the last quote.
fn reason<'a>(text: &'a str, last: &str) -> &'a str {
    let quoted = format!("\"{last}\"");
    if let Some(at) = text.find(&quoted) {
        return text.get(at + quoted.len()..).unwrap_or_default();
    }
    text.find(last).and_then(|at| text.get(at + last.len()..)).unwrap_or_default()
}
