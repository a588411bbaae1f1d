//! A session without `AssumeRole`: for whoever knows that another target has given one.

use aws_credential_types::Credentials;
use time::{Duration, OffsetDateTime};

use super::{Sandbox, token::Claims};
use crate::environment::Role;

/// Longer than any run.
const LIFETIME: Duration = Duration::hours(12);

impl Sandbox {
    /// Credentials of a session of a role, with the role's session tags. Whether it could be assumed is not asked.
    #[must_use]
    pub fn session_of(&self, role: &Role, name: &str) -> Credentials {
        let now = OffsetDateTime::from(self.now());
        let claims = Claims {
            access_key: String::new(),
            role_arn: role.arn.clone(),
            role_id: self.core.world().role_id(role),
            session_name: name.to_owned(),
            issued: now.unix_timestamp(),
            expires: (now + LIFETIME).unix_timestamp(),
            session_policy: None,
            session_policies: Vec::new(),
            transitive: Vec::new(),
            tags: role.session_tags.clone(),
            source_identity: None,
            access_grants: None,
        };
        let nonce = self.core.world().next();
        let issued = self.core.issuer.issue(&claims, nonce);
        Credentials::new(issued.access_key, issued.secret, Some(issued.token), None, "the sandbox")
    }
}
