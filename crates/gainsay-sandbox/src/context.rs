//! What policies are told of every request.

use gainsay_iam::Context;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::authorize::{Identity, Scope};

impl Scope {
    /// The keys that every request carries:
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>.
    pub(super) fn context(&self, resource_account: &str) -> Context {
        let mut context = Context::new();
        context.set("aws:SecureTransport", self.secure.to_string());
        context.set("aws:RequestedRegion", self.region.as_str());
        context.set("aws:ResourceAccount", resource_account);
        context.set("aws:ViaAWSService", "false");
        context.set("aws:PrincipalIsAWSService", "false");
        self.organizations.set_principal(&mut context, &self.principal);
        self.organizations.set_resource(&mut context, resource_account);
        self.network.set_context(&mut context);
        context.set("aws:EpochTime", self.now.unix_timestamp().to_string());
        if let Ok(now) = self.now.replace_nanosecond(0).unwrap_or(self.now).format(&Rfc3339) {
            context.set("aws:CurrentTime", now);
        }
        if let Some(agent) = &self.user_agent {
            context.set("aws:UserAgent", agent.as_str());
        }
        if let Some(referer) = &self.referer {
            context.set("aws:referer", referer.as_str());
        }
        match &self.identity {
            Identity::Anonymous => {
                context.set("aws:PrincipalType", "Anonymous");
                context.set("aws:userid", "anonymous");
            }
            Identity::User { user, session } => {
                context.set("aws:PrincipalType", "User");
                context.set("aws:PrincipalArn", user.arn.as_str());
                context.set("aws:username", user.arn.rsplit('/').next().unwrap_or_default());
                context.set("aws:userid", user.id.as_str());
                for (key, value) in &user.tags {
                    context.set(&format!("aws:PrincipalTag/{key}"), value.as_str());
                }
                // Only temporary credentials have these:
                // <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>.
                if let Some(session) = session {
                    if let Some(issued) = rfc3339(session.issued) {
                        context.set("aws:TokenIssueTime", issued);
                    }
                    context.set("aws:MultiFactorAuthPresent", "false");
                }
            }
            Identity::Session { role, claims, .. } => {
                context.set("aws:PrincipalType", "AssumedRole");
                context.set("aws:PrincipalArn", role.arn.as_str());
                context.set("aws:userid", format!("{}:{}", claims.role_id, claims.session_name));
                if let Some(issued) = rfc3339(claims.issued) {
                    context.set("aws:TokenIssueTime", issued);
                }
                // No session here was begun with MFA, and of every session that was not the key
                // says so:
                // <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>.
                context.set("aws:MultiFactorAuthPresent", "false");
                for (key, value) in role.tags.iter().chain(&claims.tags) {
                    context.set(&format!("aws:PrincipalTag/{key}"), value.as_str());
                }
                if let Some(source) = &claims.source_identity {
                    context.set("aws:SourceIdentity", source.as_str());
                }
                if let Some(instance) = &claims.access_grants {
                    context.set("s3:AccessGrantsInstanceArn", instance.as_str());
                    // It is set, and no page says to what.
                    context.set_unmodelled("aws:SourceIdentity");
                    // Who began the session is a service.
                    context.set_unmodelled("aws:MultiFactorAuthPresent");
                }
            }
        }
        // Anonymous requests have it, too:
        // <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>.
        context
            .set("aws:PrincipalAccount", self.account().unwrap_or_else(|| "anonymous".to_owned()));
        context
    }
}

/// A time as condition keys have it; nothing where the seconds are of no time.
fn rfc3339(seconds: i64) -> Option<String> {
    OffsetDateTime::from_unix_timestamp(seconds).ok()?.format(&Rfc3339).ok()
}
