//! A request of `AssumeRole`, read and checked before any policy is.
//!
//! Limits: <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>; tags:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html>. The messages on tags
//! are those STS was seen to give; that everything here is checked before authorization is assumed.

use gainsay_iam::{Policy, PolicyKind, put::document_error};

use crate::{
    query::{Fault, Parameters},
    token::Claims,
};

const MIN_SECONDS: i64 = 900;
const MAX_SECONDS: i64 = 43_200;
/// What a session lasts where nothing is said.
const DEFAULT_SECONDS: i64 = 3600;
const MAX_TAGS: usize = 50;
const MAX_KEY: usize = 128;
const MAX_VALUE: usize = 256;
const MAX_POLICY: usize = 2048;
const MAX_POLICIES: usize = 10;
/// Policy and tags are packed into a binary form with a limit of its own, which no page gives.
/// Assumed: as many bytes as two policies.
const MAX_PACKED: usize = 2 * MAX_POLICY;

/// A call of `AssumeRole`, well formed.
#[derive(Debug)]
pub(super) struct AssumeRoleRequest {
    pub role_arn: String,
    pub session_name: String,
    pub external_id: Option<String>,
    pub seconds: i64,
    pub policy: Option<String>,
    /// Of managed policies.
    pub policy_arns: Vec<String>,
    pub tags: Vec<(String, String)>,
    pub transitive: Vec<String>,
    pub source_identity: Option<String>,
    /// How much of what fits is used, in percent.
    pub packed: usize,
}

impl AssumeRoleRequest {
    /// Reads a call; `session` is the caller's own, whose tags may be inherited.
    pub(super) fn read(
        mut parameters: Parameters,
        session: Option<&Claims>,
    ) -> Result<Self, Fault> {
        let mut take = |name: &str| parameters.remove(name);
        let (role_arn, session_name, external_id) =
            (take("RoleArn"), take("RoleSessionName"), take("ExternalId"));
        let (duration, policy, source_identity) =
            (take("DurationSeconds"), take("Policy"), take("SourceIdentity"));
        _ = take("Version");
        let tags = tags(&mut parameters)?;
        let transitive =
            members(&mut parameters, |index| format!("TransitiveTagKeys.member.{index}"));
        let policy_arns =
            members(&mut parameters, |index| format!("PolicyArns.member.{index}.arn"));
        // MFA devices and whatever else is left.
        if let Some(unmodelled) = parameters.keys().next() {
            return Err(Fault::not_modelled(&format!("the parameter {unmodelled}")));
        }
        let (Some(role_arn), Some(session_name)) = (role_arn, session_name) else {
            return Err(Fault::validation("RoleArn and RoleSessionName are required"));
        };
        if !is_name(&session_name) {
            return Err(constraint(
                "roleSessionName",
                "satisfy regular expression pattern: [\\w+=,.@-]{2,64}",
            ));
        }
        let mut request = Self {
            role_arn,
            session_name,
            external_id,
            seconds: seconds(duration.as_deref())?,
            policy,
            policy_arns,
            tags,
            transitive,
            source_identity,
            packed: 0,
        };
        request.check_policy()?;
        request.check_source_identity(session)?;
        request.check_tags(session)?;
        request.pack(session)?;
        Ok(request)
    }

    fn check_policy(&self) -> Result<(), Fault> {
        if self.policy_arns.len() > MAX_POLICIES {
            return Err(constraint(
                "policyArns",
                &format!("have length less than or equal to {MAX_POLICIES}"),
            ));
        }
        let Some(policy) = &self.policy else { return Ok(()) };
        if policy.is_empty() || policy.chars().count() > MAX_POLICY {
            return Err(constraint(
                "policy",
                &format!("have length less than or equal to {MAX_POLICY}"),
            ));
        }
        match Policy::from_text(PolicyKind::Session, policy) {
            Ok(_) => Ok(()),
            Err(problem) => {
                let says = document_error(PolicyKind::Session, policy, &problem);
                Err(Fault::new(400, says.code, says.message))
            }
        }
    }

    /// Once set it stays as it is:
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html>.
    /// STS was seen to say so in these words; the code is assumed.
    fn check_source_identity(&self, session: Option<&Claims>) -> Result<(), Fault> {
        let Some(identity) = &self.source_identity else { return Ok(()) };
        if !is_name(identity) || starts_with_aws(identity) {
            return Err(constraint(
                "sourceIdentity",
                "satisfy regular expression pattern: [\\w+=,.@-]*",
            ));
        }
        match session.and_then(|session| session.source_identity.as_ref()) {
            Some(set) if set != identity => Err(Fault::parameter(
                "The source identity is already set for this assume role session",
            )),
            _ => Ok(()),
        }
    }

    fn check_tags(&self, session: Option<&Claims>) -> Result<(), Fault> {
        if self.tags.len() > MAX_TAGS || self.transitive.len() > MAX_TAGS {
            return Err(constraint(
                "tags",
                &format!("have length less than or equal to {MAX_TAGS}"),
            ));
        }
        for (key, value) in &self.tags {
            if !is_tag_text(key, MAX_KEY) || key.is_empty() || starts_with_aws(key) {
                return Err(constraint(
                    "tags",
                    "satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+",
                ));
            }
            if !is_tag_text(value, MAX_VALUE) {
                return Err(constraint(
                    "tags",
                    "satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*",
                ));
            }
        }
        let mut keys: Vec<String> = self.tags.iter().map(|(key, _)| key.to_lowercase()).collect();
        let among = |keys: &[String], key: &str| keys.contains(&key.to_lowercase());
        let inherited = session.map_or(&[] as &[String], |session| &session.transitive);
        if inherited.iter().any(|key| among(&keys, key)) {
            return Err(Fault::parameter(
                "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
            ));
        }
        if !self.transitive.iter().all(|key| among(&keys, key)) {
            return Err(Fault::parameter(
                "The specified transitive tag key must be included in the requested tags.",
            ));
        }
        let count = keys.len();
        keys.sort_unstable();
        keys.dedup();
        if keys.len() < count {
            return Err(Fault::parameter(
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
            ));
        }
        Ok(())
    }

    fn pack(&mut self, session: Option<&Claims>) -> Result<(), Fault> {
        let inherited = session.map(Claims::inherited).unwrap_or_default();
        let tags = self.tags.iter().chain(&inherited).map(|(key, value)| key.len() + value.len());
        let bytes = tags.sum::<usize>()
            + self.policy.iter().chain(&self.policy_arns).map(String::len).sum::<usize>();
        self.packed = bytes * 100 / MAX_PACKED;
        if bytes > MAX_PACKED {
            let message = format!(
                "Packed policy consumes {}% of allotted space, please use smaller policy.",
                self.packed
            );
            return Err(Fault::new(400, "PackedPolicyTooLarge", message));
        }
        Ok(())
    }
}

fn seconds(text: Option<&str>) -> Result<i64, Fault> {
    let Some(text) = text else { return Ok(DEFAULT_SECONDS) };
    let shown: String = text.chars().take(20).collect();
    let bound = |words: &str| {
        Fault::validation(format!(
            "1 validation error detected: Value '{shown}' at 'durationSeconds' failed to satisfy constraint: Member must have value {words}"
        ))
    };
    match text.parse::<i64>() {
        Ok(seconds) if seconds < MIN_SECONDS => Err(bound("greater than or equal to 900")),
        Ok(seconds) if seconds > MAX_SECONDS => Err(bound("less than or equal to 43200")),
        Ok(seconds) => Ok(seconds),
        Err(_) => Err(Fault::new(400, "MalformedInput", "DurationSeconds is not a number")),
    }
}

fn constraint(member: &str, rule: &str) -> Fault {
    Fault::validation(format!(
        "1 validation error detected: Value at '{member}' failed to satisfy constraint: Member must {rule}"
    ))
}

/// `Tags.member.1.Key` and `.Value`, and so on.
fn tags(parameters: &mut Parameters) -> Result<Vec<(String, String)>, Fault> {
    let keys = members(parameters, |index| format!("Tags.member.{index}.Key"));
    let values = members(parameters, |index| format!("Tags.member.{index}.Value"));
    if keys.len() != values.len() {
        return Err(constraint("tags", "not be null"));
    }
    Ok(keys.into_iter().zip(values).collect())
}

/// The members of a list, from the first on.
fn members(parameters: &mut Parameters, name: impl Fn(usize) -> String) -> Vec<String> {
    (1..).map_while(|index| parameters.remove(&name(index))).collect()
}

/// `[\w+=,.@-]{2,64}`.
fn is_name(name: &str) -> bool {
    (2..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b))
}

/// Letters, separators, numbers and a few signs.
fn is_tag_text(text: &str, most: usize) -> bool {
    let separator = |c: char| c.is_whitespace() && !c.is_control();
    text.chars().count() <= most
        && text.chars().all(|c| c.is_alphanumeric() || separator(c) || "_.:/=+-@".contains(c))
}

/// AWS keeps names that begin so for itself, in any case.
fn starts_with_aws(text: &str) -> bool {
    text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:"))
}
