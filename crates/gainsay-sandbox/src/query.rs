//! The query protocol of STS and IAM: parameters in a form, answers and errors in XML
//! (<https://smithy.io/2.0/aws/protocols/aws-query-protocol.html>).

use std::{collections::BTreeMap, fmt::Write as _};

use gainsay_model::Service;

use super::{
    authorize::{Refusal, Scope},
    constraint::{Member, Problems, lower_first},
};

/// A response: HTTP status and XML body.
pub(super) type QueryResponse = (u16, String);

/// What an operation is asked, by the names of its parameters.
pub(super) type Parameters = BTreeMap<String, String>;

/// The services that speak the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Api {
    Sts,
    Iam,
}

impl Api {
    pub(super) const fn service(self) -> Service {
        match self {
            Self::Sts => Service::Sts,
            Self::Iam => Service::Iam,
        }
    }

    /// The XML namespace of its answers, which has the version of the API.
    const fn namespace(self) -> &'static str {
        match self {
            Self::Sts => "https://sts.amazonaws.com/doc/2011-06-15/",
            Self::Iam => "https://iam.amazonaws.com/doc/2010-05-08/",
        }
    }

    /// The response to an operation, by its name and the content of its result.
    pub(super) fn response(
        self,
        scope: &Scope,
        result: Result<(&'static str, String), Fault>,
    ) -> QueryResponse {
        let request_id = &scope.request_id;
        match result {
            Ok((operation, result)) => {
                // Its output has no members, and yet an element
                // (<https://github.com/ceph/s3-tests>, `test_iam.py`).
                let result = if result.is_empty() && operation != "UpdateRole" {
                    String::new()
                } else {
                    format!("<{operation}Result>{result}</{operation}Result>")
                };
                let body = format!(
                    "<{operation}Response xmlns=\"{}\">{result}<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>",
                    self.namespace()
                );
                (200, body)
            }
            Err(fault) => (fault.status, self.error_body(request_id, fault.code, &fault.message)),
        }
    }

    /// The body of an error response.
    pub(super) fn error_body(self, request_id: &str, code: &str, message: &str) -> String {
        format!(
            "<ErrorResponse xmlns=\"{}\"><Error><Type>Sender</Type>{}{}</Error><RequestId>{request_id}</RequestId></ErrorResponse>",
            self.namespace(),
            element("Code", code),
            element("Message", message)
        )
    }
}

/// An error response: HTTP status, code and message. Codes that both services have:
/// <https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html>.
#[derive(Debug)]
pub(super) struct Fault {
    status: u16,
    code: &'static str,
    message: String,
}

impl Fault {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    /// A parameter that breaks a constraint of the API.
    pub(super) fn validation(message: impl Into<String>) -> Self {
        Self::new(400, "ValidationError", message)
    }

    /// A feature that AWS has and the sandbox does not.
    pub(super) fn not_modelled(what: &str) -> Self {
        Self::new(501, "NotImplemented", format!("the sandbox does not model {what}"))
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

/// What a service's model says of the parameters of its operations.
#[derive(Debug)]
pub(super) struct Model {
    /// The members that each operation requires.
    pub required: &'static [(&'static str, &'static [&'static str])],
    /// What members may be, by their names without the numbers of lists.
    pub members: &'static [Member],
    /// What members have in one operation only.
    pub only: &'static [(&'static str, Member)],
    /// Lists of texts, and what each text may be.
    pub lists: &'static [Member],
    /// How many members lists may have.
    pub counts: &'static [(&'static str, usize)],
}

impl Model {
    /// Refuses parameters that break a constraint of their operation.
    pub(super) fn check(&self, operation: &str, parameters: &Parameters) -> Result<(), Fault> {
        let mut problems = Problems::default();
        let required = self.required.iter().find(|(name, _)| *name == operation);
        for name in required.map_or(&[] as &[&str], |(_, names)| names) {
            let is_it = |key: &String| {
                key.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            };
            if !parameters.keys().any(is_it) {
                problems.missing(&lower_first(name));
            }
        }
        let mut lists: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut counts: BTreeMap<&str, std::collections::BTreeSet<&str>> = BTreeMap::new();
        for (key, value) in parameters {
            let (name, path) = name_and_path(key);
            if let Some((list, rest)) = key.split_once(".member.") {
                let number = rest.split('.').next().unwrap_or_default();
                counts.entry(list).or_default().insert(number);
            }
            if self.lists.iter().any(|member| member.name == name) {
                lists.entry(name).or_default().push(value.clone());
                continue;
            }
            let only = self.only.iter().find(|(at, one)| *at == operation && one.name == name);
            let member = only.map(|(_, member)| member);
            let member = member.or_else(|| self.members.iter().find(|one| one.name == name));
            if let Some(member) = member {
                problems.check(member, &path, value);
            }
        }
        for (name, values) in &lists {
            if let Some(member) = self.lists.iter().find(|member| member.name == name) {
                // An empty list is written as the name alone.
                if !parameters.contains_key(name) {
                    problems.check_list(member, &lower_first(name), values);
                }
            }
        }
        for name in ["Key", "Value"] {
            for number in counts.get("Tags").into_iter().flatten() {
                if !parameters.contains_key(&format!("Tags.member.{number}.{name}")) {
                    problems.missing(&format!("tags.{number}.member.{}", lower_first(name)));
                }
            }
        }
        for (list, most) in self.counts {
            let count = counts.get(list).map_or(0, std::collections::BTreeSet::len);
            let shown = lists.get(*list).map(|values| values.join(", ")).unwrap_or_default();
            problems.check_count(&lower_first(list), &format!("[{shown}]"), count, *most);
        }
        problems.message().map_or(Ok(()), |message| Err(Fault::validation(message)))
    }
}

/// `Tags.Key` and `tags.1.member.key` of `Tags.member.1.Key`.
fn name_and_path(key: &str) -> (String, String) {
    let (mut names, mut path) = (Vec::new(), Vec::new());
    let mut parts = key.split('.');
    while let Some(part) = parts.next() {
        if part == "member" {
            let number = parts.next().unwrap_or_default();
            path.push(format!("{number}.member"));
        } else {
            names.push(part);
            path.push(lower_first(part));
        }
    }
    (names.join("."), path.join("."))
}

/// The name of the operation that a body asks for, before anything else of it is read.
pub(super) fn operation(body: &[u8]) -> String {
    let mut fields = form_urlencoded::parse(body);
    let action = fields.find(|(name, _)| name == "Action");
    action.map(|(_, value)| value.into_owned()).unwrap_or_default()
}

/// The parameters of a body, `Action` among them, each of which is given once.
pub(super) fn parameters(body: &[u8]) -> Result<Parameters, Fault> {
    let mut parameters = Parameters::new();
    for (name, value) in form_urlencoded::parse(body) {
        if parameters.insert(name.to_string(), value.into_owned()).is_some() {
            let message = format!("the parameter {name} is given twice");
            return Err(Fault::new(400, "MalformedInput", message));
        }
    }
    Ok(parameters)
}

/// An element with text in it.
pub(super) fn element(name: &str, value: &str) -> String {
    format!("<{name}>{}</{name}>", quick_xml::escape::escape(value))
}

/// Elements with text in them, one behind the other.
pub(super) fn elements(pairs: &[(&str, String)]) -> String {
    let mut xml = String::new();
    for (name, value) in pairs {
        _ = write!(xml, "{}", element(name, value));
    }
    xml
}
