//! A role as a program writes it.

use gainsay_iam::PolicyKind;
use serde_json::{Value, json};

use super::{BuildError, PolicyText, ResourceKind, check_account, check_name};
use crate::Role;

/// An IAM role for [`EnvironmentBuilder::role`](super::EnvironmentBuilder::role).
///
/// Where nothing else is said it is in the environment's account, trusts that account (who of it
/// may assume the role is then up to identity policies), has no permissions and no boundary, and
/// its sessions last up to one hour.
#[derive(Clone, Debug)]
pub struct RoleBuilder {
    name: String,
    account: Option<String>,
    trust: Option<PolicyText>,
    policies: Vec<PolicyText>,
    boundary: Option<PolicyText>,
    tags: Vec<(String, String)>,
    max_session_duration: u32,
}

impl RoleBuilder {
    /// A role with this name: 1 to 64 letters, digits, `-` and `_`.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            account: None,
            trust: None,
            policies: Vec::new(),
            boundary: None,
            tags: Vec::new(),
            max_session_duration: 3600,
        }
    }

    /// Sets the account that the role is in, by its id.
    #[must_use]
    pub fn account(mut self, id: impl Into<String>) -> Self {
        self.account = Some(id.into());
        self
    }

    /// Sets the trust policy: who may assume the role.
    #[must_use]
    pub fn trust(mut self, policy: impl Into<PolicyText>) -> Self {
        self.trust = Some(policy.into());
        self
    }

    /// Adds an identity policy.
    #[must_use]
    pub fn policy(mut self, policy: impl Into<PolicyText>) -> Self {
        self.policies.push(policy.into());
        self
    }

    /// Sets the permissions boundary.
    #[must_use]
    pub fn boundary(mut self, policy: impl Into<PolicyText>) -> Self {
        self.boundary = Some(policy.into());
        self
    }

    /// Adds a tag.
    #[must_use]
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.push((key.into(), value.into()));
        self
    }

    /// Sets how long a session may last: 3600 to 43200 seconds.
    #[must_use]
    pub fn max_session_duration(mut self, seconds: u32) -> Self {
        self.max_session_duration = seconds;
        self
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The role, in `account` where it names no other.
    pub(super) fn build(&self, account: &str) -> Result<Role, BuildError> {
        check_name(ResourceKind::Role, &self.name)?;
        let account = self.account.as_deref().unwrap_or(account);
        check_account(account)?;
        if !(3600..=43_200).contains(&self.max_session_duration) {
            return Err(BuildError::SessionDuration {
                role: self.name.clone(),
                seconds: self.max_session_duration,
            });
        }
        let owner = ResourceKind::Role.named(&self.name);
        let compile = |kind: PolicyKind, text: &PolicyText| {
            text.compile(kind, &owner, format!("the {kind} of {owner}"))
        };
        let trust = self.trust.clone().unwrap_or_else(|| trusts_account(account).into());
        Ok(Role {
            name: self.name.clone(),
            account: account.to_owned(),
            arn: format!("arn:aws:iam::{account}:role/{}", self.name),
            trust: compile(PolicyKind::TrustPolicy, &trust)?,
            policies: PolicyText::compile_all(&self.policies, &owner)?,
            boundary: self
                .boundary
                .as_ref()
                .map(|text| compile(PolicyKind::Boundary, text))
                .transpose()?,
            tags: self.tags.clone(),
            max_session_duration: self.max_session_duration,
        })
    }
}

/// The trust policy that the console writes for a role that principals of an account may assume.
fn trusts_account(account: &str) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": { "AWS": format!("arn:aws:iam::{account}:root") },
            "Action": "sts:AssumeRole"
        }]
    })
}
