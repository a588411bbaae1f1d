//! What came back from a call: data, never an error of ours.

use std::{collections::BTreeMap, fmt};

use aws_smithy_runtime_api::{
    client::{orchestrator::HttpResponse, result::SdkError},
    http::Headers,
};
use aws_smithy_types::error::{ErrorMetadata, metadata::ProvideErrorMetadata};
use gainsay_model::{Service, xml::Element};
use gainsay_sandbox::Rulings;
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::Value;

use super::Field;
use crate::cloud::chain;

/// The fields of a successful answer.
pub type Output = BTreeMap<Field, Vec<String>>;

/// What came back.
#[derive(Clone, Debug)]
pub enum Answer {
    /// The call succeeded.
    Success {
        /// The HTTP status.
        status: u16,
        /// The service's id of the request.
        request_id: Option<String>,
        /// What it said.
        output: Output,
    },
    /// The service answered with an error.
    Refused(Refused),
    /// An answer came that is not one of the service: a proxy's page, a broken body.
    Malformed {
        /// The HTTP status.
        status: u16,
        /// What is wrong with it.
        message: String,
    },
    /// No answer came.
    Unreachable {
        /// Why.
        message: String,
    },
    /// The call could not be made.
    NotSent {
        /// Why.
        message: String,
    },
}

/// An error answer of a service.
#[derive(Clone, Debug, Default)]
pub struct Refused {
    /// The HTTP status.
    pub status: u16,
    /// The error code, where the answer has one (answers to HEAD have none).
    pub code: Option<String>,
    /// The message.
    pub message: Option<String>,
    /// The service's id of the request.
    pub request_id: Option<String>,
    /// What the sandbox decided and why; nothing from any other target.
    pub rulings: Option<Rulings>,
    /// What our engine finds deciding over the target's own policies, where the target itself does
    /// not tell.
    pub found: Option<Rulings>,
    /// Whether it is the result of one key in an answer that is itself no error: `DeleteObjects`
    /// answers 200 whatever became of each.
    pub of_one_key: bool,
}

impl Answer {
    /// A success.
    #[must_use]
    pub fn success(status: u16, request_id: Option<&str>, output: Output) -> Self {
        Self::Success { status, request_id: request_id.map(str::to_owned), output }
    }

    /// Reads an SDK error. Every kind of it becomes data. There is one of this for each operation,
    /// so what they share is elsewhere.
    pub fn from_error<E: ProvideErrorMetadata + std::error::Error + 'static>(
        error: &SdkError<E, HttpResponse>,
    ) -> Self {
        match error {
            SdkError::ServiceError(service) => {
                Self::of_service(service.raw(), service.err().meta())
            }
            SdkError::ResponseError(response) => {
                Self::Malformed { status: response.raw().status().as_u16(), message: chain(error) }
            }
            SdkError::TimeoutError(_) => {
                Self::Unreachable { message: "no answer in time".to_owned() }
            }
            SdkError::DispatchFailure(failure) => Self::Unreachable {
                message: failure.as_connector_error().map_or_else(
                    || "the request was not dispatched".to_owned(),
                    |error| chain(error),
                ),
            },
            _ => Self::NotSent { message: chain(error) },
        }
    }

    fn of_service(raw: &HttpResponse, meta: &ErrorMetadata) -> Self {
        let status = raw.status().as_u16();
        if !is_whole(raw.body().bytes().unwrap_or_default(), meta.code()) {
            return Self::Malformed {
                status,
                message: "the body is not an error of the service".to_owned(),
            };
        }
        Self::Refused(Refused {
            status,
            code: meta.code().map(str::to_owned),
            message: meta.message().map(str::to_owned),
            request_id: request_id(raw.headers()),
            rulings: raw.extension::<Rulings>().cloned(),
            found: None,
            of_one_key: false,
        })
    }

    /// An error answer without rulings, as any target but the sandbox gives; for tests.
    #[cfg(test)]
    pub(crate) fn refused(status: u16, code: &str, message: &str) -> Self {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Self::Refused(Refused {
            status,
            code: some(code),
            message: some(message),
            ..Refused::default()
        })
    }

    /// The HTTP status, where there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused(refused) => Some(refused.status),
            Self::Success { status, .. } | Self::Malformed { status, .. } => Some(*status),
            Self::Unreachable { .. } | Self::NotSent { .. } => None,
        }
    }

    /// The service's id of the request.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::Success { request_id, .. } => request_id.as_deref(),
            Self::Refused(refused) => refused.request_id.as_deref(),
            Self::Malformed { .. } | Self::Unreachable { .. } | Self::NotSent { .. } => None,
        }
    }
}

/// The request id of an answer: S3's header, then that of KMS and STS.
pub(crate) fn request_id(headers: &Headers) -> Option<String> {
    ["x-amz-request-id", "x-amzn-requestid"]
        .iter()
        .find_map(|name| headers.get(*name))
        .map(str::to_owned)
}

/// The error that a body tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Its code.
    pub code: String,
    /// Its message.
    pub message: Option<String>,
}

/// Reads an error body, which must be one error of the service's own form, with one code, at most
/// one message, and nothing behind it: what may mean two things proves neither. That of S3 is
/// `<Error>`, that of S3 Control and of the query protocol has one in its root
/// (<https://smithy.io/2.0/aws/protocols/aws-restxml-protocol.html>, "Error response
/// serialization"); the other services speak JSON, and may put a namespace in front of the code
/// (<https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html>).
pub(crate) fn fault(service: Service, body: &[u8]) -> Option<Fault> {
    match service {
        Service::S3 | Service::S3Control | Service::Sts | Service::Iam => fault_in_xml(body),
        Service::Kms
        | Service::CloudTrail
        | Service::Logs
        | Service::CloudWatch
        | Service::AccessAnalyzer
        | Service::Macie
        | Service::Config => fault_in_json(body),
    }
}

fn fault_in_xml(body: &[u8]) -> Option<Fault> {
    let root = Element::read(body)?;
    let error = match root.name.as_str() {
        "Error" => &root,
        "ErrorResponse" => root.only("Error")?,
        _ => return None,
    };
    Some(Fault {
        code: error.only("Code")?.text.clone(),
        message: match error.child("Message") {
            None => None,
            Some(_) => Some(error.only("Message")?.text.clone()),
        },
    })
}

fn fault_in_json(body: &[u8]) -> Option<Fault> {
    let (code, message) = code_and_message(body)?;
    let code = code?;
    Some(Fault { code: plain(&code).to_owned(), message })
}

/// A code without the namespace in front of it and the address behind it.
fn plain(code: &str) -> &str {
    let code = code.split(':').next().unwrap_or(code);
    code.rsplit('#').next().unwrap_or(code)
}

/// What the body of an error says in JSON, once each: the code may stand in a header instead.
fn code_and_message(body: &[u8]) -> Option<(Option<String>, Option<String>)> {
    let Members(members) = serde_json::from_slice(body).ok()?;
    let text = |names: [&str; 2]| {
        let mut values = members.iter().filter(|(name, _)| names.contains(&name.as_str()));
        let first = values.next().map(|(_, value)| value.as_str().map(str::to_owned));
        // A second one may say something else.
        if values.next().is_some() { None } else { Some(first.flatten()) }
    };
    Some((text(["__type", "code"])?, text(["message", "Message"])?))
}

/// The members of an object, each as often as it is written.
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(All)
    }
}

/// Whether a body is one whole error of a service, or nothing at all as after HEAD. The clients
/// read what they can of a page, of half an answer, or of two in one.
fn is_whole(body: &[u8], code: Option<&str>) -> bool {
    let body = body.trim_ascii();
    if body.is_empty() || code.is_none() {
        return body.is_empty();
    }
    // A header may name the code, too: where both do and differ, nobody knows which holds.
    if body.starts_with(b"<") {
        fault_in_xml(body).is_some_and(|fault| Some(fault.code.as_str()) == code)
    } else {
        let found = code_and_message(body).map(|(found, _)| found);
        found.is_some_and(|found| found.is_none_or(|found| Some(plain(&found)) == code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_body_is_read_as_its_service_writes_it() {
        let read = |service, body: &str| {
            fault(service, body.as_bytes()).map(|fault| (fault.code, fault.message))
        };
        let error = |code: &str, message: &str| {
            Some((code.to_owned(), (!message.is_empty()).then(|| message.to_owned())))
        };
        for (service, body, expected) in [
            (Service::S3, "<Error><Code>A</Code></Error>", error("A", "")),
            (Service::S3, "<html><Code>A</Code></html>", None),
            (
                Service::S3Control,
                "<ErrorResponse><Error><Code>A</Code></Error></ErrorResponse>",
                error("A", ""),
            ),
            (
                Service::Iam,
                "<ErrorResponse xmlns=\"u\"><Error><Type>Sender</Type><Code>A</Code><Message>m &amp; n</Message></Error></ErrorResponse>",
                error("A", "m & n"),
            ),
            (Service::Iam, r#"{"__type":"A"}"#, None),
            (Service::CloudTrail, r#"{"__type":"com.amazonaws#A","message":"m"}"#, error("A", "m")),
            (Service::Macie, r#"{"code":"A","Message":"m"}"#, error("A", "m")),
            (Service::CloudTrail, "<Error><Code>A</Code></Error>", None),
            (Service::CloudTrail, r#"{"message":"m"}"#, None),
        ] {
            assert_eq!(read(service, body), expected, "{body}");
        }
    }

    #[test]
    fn half_an_answer_is_none() {
        let error = "<?xml version=\"1.0\"?>\n<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
        let json = r#"{"__type":"com.amazonaws#AccessDenied","message":"no"}"#;
        for whole in [error, json] {
            assert!(is_whole(whole.as_bytes(), Some("AccessDenied")), "{whole}");
            assert!(!is_whole(whole.as_bytes(), None), "{whole}");
        }
        assert!(is_whole(b"", None) && is_whole(b" \n", None));
        for end in 1..error.len() {
            assert!(
                !is_whole(error.get(..end).unwrap_or_default().as_bytes(), Some("AccessDenied")),
                "{end}"
            );
        }
        let doubled = [
            "<Error><Code>AccessDenied</Code><Code>NoSuchKey</Code></Error>",
            "<Error><Code>AccessDenied</Code><Message>no</Message><Message>yes</Message></Error>",
            "<ErrorResponse><Error><Code>AccessDenied</Code></Error><Error><Code>A</Code></Error></ErrorResponse>",
            "<Error><Code>AccessDenied</Code></Error><Error><Code>A</Code></Error>",
            "<Error><Code>AccessDenied</Code></Error> and so on",
            "<html><Error><Code>AccessDenied</Code></Error></html>",
            r#"{"__type":"AccessDenied","__type":"NotFoundException","message":"no"}"#,
            r#"{"__type":"AccessDenied","code":"NotFoundException"}"#,
            r#"{"__type":"AccessDenied","message":"no","Message":"yes"}"#,
            r#"{"__type":"AccessDenied"} {"__type":"A"}"#,
            r#"[{"__type":"AccessDenied"}]"#,
            r#"{"__type":"NotFoundException","message":"a header says AccessDenied"}"#,
            "<Error><Code>NoSuchKey</Code></Error>",
        ];
        let broken = [
            json.trim_end_matches('}'),
            "Forbidden",
            "<Error></Code></Error>",
            "<Error>",
            "<Error/>",
        ];
        for broken in broken.into_iter().chain(doubled) {
            assert!(!is_whole(broken.as_bytes(), Some("AccessDenied")), "{broken}");
        }
    }
}
