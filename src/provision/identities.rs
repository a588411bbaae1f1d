//! Roles and keys.

use gainsay_model::{Document, Key, Role, Service, xml::Element};
use serde_json::json;

use super::{ProvisionError, Provisioner, RemoveError, Resource, answered, failed, unless_absent};
use crate::{
    attempt::{Answer, numbered},
    cloud::{Clients, SignedRequest},
    files::BoundKey,
};

/// How long a key is kept before it is deleted, in days: the shortest time that KMS takes.
const PENDING_DAYS: i32 = 7;

impl Provisioner<'_> {
    /// A role with its trust policy, its tags and its boundary. What it may do comes when all roles
    /// are there.
    pub(super) async fn role(&mut self, role: &Role) -> Result<(), ProvisionError> {
        let name = name_of(&role.arn);
        let what = format!("role `{}`", role.name);
        let boundary = match &role.boundary {
            Some(boundary) => Some(self.policy(&format!("{name}-boundary"), boundary).await?),
            None => None,
        };
        let duration = role.max_session_duration.to_string();
        let tags: Vec<_> =
            role.tags.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        let tags: Vec<_> = numbered(&tags).collect();
        let mut parameters = vec![
            ("RoleName", name),
            ("AssumeRolePolicyDocument", role.trust.text.as_ref()),
            ("MaxSessionDuration", duration.as_str()),
        ];
        parameters.extend(boundary.as_deref().map(|arn| ("PermissionsBoundary", arn)));
        parameters.extend(tags.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        self.iam(&what, "CreateRole", &parameters).await?;
        self.note(Resource::Role(name.to_owned()));
        Ok(())
    }

    async fn policy(&mut self, name: &str, document: &Document) -> Result<String, ProvisionError> {
        let what = format!("policy `{name}`");
        let parameters = [("PolicyName", name), ("PolicyDocument", document.text.as_ref())];
        let result = self.iam(&what, "CreatePolicy", &parameters).await?;
        let arn = result
            .child("Policy")
            .and_then(|policy| policy.get("Arn"))
            .ok_or(ProvisionError::Nameless { what })?;
        self.note(Resource::Policy(arn.to_owned()));
        Ok(arn.to_owned())
    }

    /// What a role may do.
    pub(super) async fn role_policies(&mut self, role: &Role) -> Result<(), ProvisionError> {
        let name = name_of(&role.arn);
        for (index, document) in role.policies.iter().enumerate() {
            let policy = format!("gainsay-{index}");
            let parameters = [
                ("RoleName", name),
                ("PolicyName", policy.as_str()),
                ("PolicyDocument", document.text.as_ref()),
            ];
            let what = format!("policy of role `{}`", role.name);
            self.iam(&what, "PutRolePolicy", &parameters).await?;
            self.note(Resource::RolePolicy { role: name.to_owned(), policy });
        }
        Ok(())
    }

    async fn iam(
        &self,
        what: &str,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Element, ProvisionError> {
        let result = iam(&self.clients, action, parameters).await;
        result.map_err(|answer| ProvisionError::Answered {
            what: what.to_owned(),
            answer: Box::new(answer),
        })
    }

    /// A key, under the policy that a key has by default, and its alias.
    pub(super) async fn key(
        &mut self,
        key: &Key,
        bound: &mut BoundKey,
    ) -> Result<(), ProvisionError> {
        let name = &key.name;
        let what = format!("key `{name}`");
        let description = format!("{} {name}, made for one run of gainsay", self.prefix);
        let answer = self
            .clients
            .kms
            .create_key()
            .description(description)
            .multi_region(key.multi_region)
            .send()
            .await
            .map_err(failed(&what))?;
        let metadata =
            answer.key_metadata().ok_or_else(|| ProvisionError::Nameless { what: what.clone() })?;
        metadata.key_id().clone_into(&mut bound.id);
        self.note(Resource::Key(bound.id.clone()));
        let arn = metadata.arn().ok_or_else(|| ProvisionError::NoArn { what: what.clone() })?;
        arn.clone_into(&mut bound.arn);
        if let Some(days) = key.rotation.and_then(|days| i32::try_from(days).ok()) {
            let request = self
                .clients
                .kms
                .enable_key_rotation()
                .key_id(&bound.id)
                .rotation_period_in_days(days);
            let answer = request.send().await;
            self.setting(&format!("{what}, rotation"), answer)?;
        }
        if let Some(alias) = &bound.alias {
            let request =
                self.clients.kms.create_alias().alias_name(alias).target_key_id(&bound.id);
            request.send().await.map_err(failed(&format!("{what}, {alias}")))?;
            self.note(Resource::Alias(alias.clone()));
        }
        Ok(())
    }

    /// The policy of a key.
    pub(super) async fn key_policy(&mut self, key: &Key) -> Result<(), ProvisionError> {
        let request = self.clients.kms.put_key_policy().key_id(&key.id).policy_name("default");
        let answer = request.policy(key.policy.text.as_ref()).send().await;
        if answer.is_ok() {
            self.note(Resource::KeyPolicy { id: key.id.clone(), account: key.account.clone() });
        }
        self.setting(&format!("policy of key `{}`", key.name), answer)
    }
}

/// The last part of an ARN.
fn name_of(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or_default()
}

/// The policy of a key that was given none:
/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html>.
fn default_policy(account: &str) -> String {
    let statement = json!({
        "Sid": "Enable IAM User Permissions",
        "Effect": "Allow",
        "Principal": { "AWS": format!("arn:aws:iam::{account}:root") },
        "Action": "kms:*",
        "Resource": "*"
    });
    json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
}

async fn iam(
    clients: &Clients,
    action: &str,
    parameters: &[(&str, &str)],
) -> Result<Element, Answer> {
    clients.ask(Service::Iam, &SignedRequest::iam(action, parameters)).await?.iam(action)
}

/// Removes what is not a bucket. What is not there any more need not be removed.
pub(super) async fn remove(clients: &Clients, resource: &Resource) -> Result<(), RemoveError> {
    unless_absent(removed(clients, resource).await)
}

async fn removed(clients: &Clients, resource: &Resource) -> Result<(), Answer> {
    let kms = &clients.kms;
    match resource {
        Resource::Role(name) => iam(clients, "DeleteRole", &[("RoleName", name)]).await.map(drop),
        Resource::RolePolicy { role, policy } => {
            let parameters = [("RoleName", role.as_str()), ("PolicyName", policy.as_str())];
            iam(clients, "DeleteRolePolicy", &parameters).await.map(drop)
        }
        Resource::Policy(arn) => {
            iam(clients, "DeletePolicy", &[("PolicyArn", arn)]).await.map(drop)
        }
        Resource::Key(id) => {
            let request =
                kms.schedule_key_deletion().key_id(id).pending_window_in_days(PENDING_DAYS);
            answered(request.send().await).map(drop)
        }
        // Whoever could put the policy can put the next one (the lockout check sees to it), and
        // need not be able to do anything else.
        Resource::KeyPolicy { id, account } => {
            let request = kms.put_key_policy().key_id(id).policy_name("default");
            answered(request.policy(default_policy(account)).send().await).map(drop)
        }
        Resource::Alias(name) => {
            answered(kms.delete_alias().alias_name(name).send().await).map(drop)
        }
        Resource::Bucket(_) => Ok(()),
    }
}
