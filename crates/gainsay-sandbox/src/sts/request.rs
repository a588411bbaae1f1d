//! A request of `AssumeRole`, read and checked before any policy is.
//!
//! Limits: <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>; tags:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html>. The messages on tags
//! are those STS was seen to give; that everything here is checked before authorization is assumed.

use gainsay_iam::{Policy, PolicyKind};

use crate::{
    query::{Fault, Parameters},
    token::Claims,
};

/// What a session lasts where nothing is said.
const DEFAULT_SECONDS: i64 = 3600;
const MAX_POLICY: usize = 2048;
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
    /// How much of what fits is used, in percent, where there is a policy or a tag.
    pub packed: Option<usize>,
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
        if !is_arn(&role_arn) {
            // Recorded by LocalStack, `test_sts_invalid_parameters`, 2025-07-21.
            return Err(Fault::validation(format!("{role_arn} is invalid")));
        }
        let mut request = Self {
            role_arn,
            session_name,
            external_id,
            seconds: seconds(duration.as_deref())?.unwrap_or(DEFAULT_SECONDS),
            policy,
            policy_arns,
            tags,
            transitive,
            source_identity,
            packed: None,
        };
        request.check_policy()?;
        request.check_source_identity(session)?;
        request.check_tags(session)?;
        request.pack(session)?;
        Ok(request)
    }

    fn check_policy(&self) -> Result<(), Fault> {
        let Some(policy) = &self.policy else { return Ok(()) };
        match Policy::from_text(PolicyKind::Session, policy) {
            Ok(_) => Ok(()),
            Err(problem) => Err(Fault::malformed_policy(policy, problem.to_string())),
        }
    }

    /// Once set it stays as it is:
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html>.
    /// STS was seen to say so in these words; the code is assumed.
    fn check_source_identity(&self, session: Option<&Claims>) -> Result<(), Fault> {
        let Some(identity) = &self.source_identity else { return Ok(()) };
        if starts_with_aws(identity) {
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
        if self.tags.iter().any(|(key, _)| starts_with_aws(key)) {
            return Err(constraint(
                "tags",
                "satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+",
            ));
        }
        let keys: Vec<String> = self.tags.iter().map(|(key, _)| key.to_lowercase()).collect();
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
        check_duplicates(&self.tags)
    }

    fn pack(&mut self, session: Option<&Claims>) -> Result<(), Fault> {
        let inherited = session.map(Claims::inherited).unwrap_or_default();
        let tags: Vec<_> = self.tags.iter().chain(&inherited).cloned().collect();
        self.packed = packed(&tags, self.policy.iter().chain(&self.policy_arns))?;
        Ok(())
    }
}

/// A number of seconds; how many there may be was looked at before.
pub(super) fn seconds(text: Option<&str>) -> Result<Option<i64>, Fault> {
    let malformed = |_| Fault::new(400, "MalformedInput", "DurationSeconds is not a number");
    text.map(|text| text.parse::<i64>().map_err(malformed)).transpose()
}

/// Tag keys are told apart without regard to case.
pub(super) fn check_duplicates(tags: &[(String, String)]) -> Result<(), Fault> {
    let mut keys: Vec<String> = tags.iter().map(|(key, _)| key.to_lowercase()).collect();
    keys.sort_unstable();
    keys.dedup();
    if keys.len() < tags.len() {
        return Err(Fault::parameter(
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        ));
    }
    Ok(())
}

/// How much of what fits is used, in percent, where there is something.
pub(super) fn packed<'a>(
    tags: &[(String, String)],
    policies: impl Iterator<Item = &'a String>,
) -> Result<Option<usize>, Fault> {
    let bytes = tags.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>()
        + policies.map(String::len).sum::<usize>();
    let packed = bytes * 100 / MAX_PACKED;
    if bytes > MAX_PACKED {
        let message = format!(
            "Packed policy consumes {packed}% of allotted space, please use smaller policy."
        );
        return Err(Fault::new(400, "PackedPolicyTooLarge", message));
    }
    Ok((bytes > 0).then_some(packed))
}

/// Six parts, of which partition, service and resource are not empty.
fn is_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", partition, service, _, _, resource] => {
            ![partition, service, resource].iter().any(|part| part.is_empty())
        }
        _ => false,
    }
}

fn constraint(member: &str, rule: &str) -> Fault {
    Fault::validation(format!(
        "1 validation error detected: Value at '{member}' failed to satisfy constraint: Member must {rule}"
    ))
}

/// `Tags.member.1.Key` and `.Value`, and so on.
pub(super) fn tags(parameters: &mut Parameters) -> Result<Vec<(String, String)>, Fault> {
    let keys = members(parameters, |index| format!("Tags.member.{index}.Key"));
    let values = members(parameters, |index| format!("Tags.member.{index}.Value"));
    if keys.len() != values.len() {
        return Err(constraint("tags", "not be null"));
    }
    Ok(keys.into_iter().zip(values).collect())
}

/// The members of a list, from the first on.
pub(super) fn members(parameters: &mut Parameters, name: impl Fn(usize) -> String) -> Vec<String> {
    // A list without members is written as its name alone.
    if let Some((list, _)) = name(1).split_once('.')
        && parameters.get(list).is_some_and(String::is_empty)
    {
        parameters.remove(list);
    }
    (1..).map_while(|index| parameters.remove(&name(index))).collect()
}

/// AWS keeps names that begin so for itself, in any case.
fn starts_with_aws(text: &str) -> bool {
    text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:"))
}
