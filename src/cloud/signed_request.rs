//! A request as it is sent where no client of AWS makes it.

use serde_json::Value;

/// The version of IAM's API (<https://docs.aws.amazon.com/IAM/latest/APIReference/Welcome.html>).
const IAM: &str = "2010-05-08";

/// What an operation of `CloudTrail` is called after (`targetPrefix` of its API model).
const CLOUDTRAIL: &str = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101";

/// A request to be signed and sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignedRequest {
    /// The method.
    pub method: &'static str,
    /// What stands before the service's own host name.
    pub prefix: String,
    /// Path and query.
    pub path: String,
    /// Headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: String,
}

impl SignedRequest {
    /// An operation of IAM, with its parameters by name: a list's are numbered,
    /// `Tags.member.1.Key`.
    #[must_use]
    pub fn iam(action: &str, parameters: &[(&str, &str)]) -> Self {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("Action", action)
            .append_pair("Version", IAM)
            .extend_pairs(parameters)
            .finish();
        Self {
            method: "POST",
            path: "/".to_owned(),
            headers: vec![("content-type", "application/x-www-form-urlencoded".to_owned())],
            body: form,
            ..Self::default()
        }
    }

    /// An operation of `CloudTrail`, with its input.
    #[must_use]
    pub fn cloudtrail(action: &str, input: &Value) -> Self {
        Self::json("1.1", format!("{CLOUDTRAIL}.{action}"), input)
    }

    /// An operation of a JSON protocol in one of its versions, `1.0` or `1.1`: the target that
    /// names it, and its input.
    #[must_use]
    pub fn json(version: &str, target: String, input: &Value) -> Self {
        Self {
            method: "POST",
            path: "/".to_owned(),
            headers: vec![
                ("content-type", format!("application/x-amz-json-{version}")),
                ("x-amz-target", target),
            ],
            body: input.to_string(),
            ..Self::default()
        }
    }
}
