//! A session without `AssumeRole`: for whoever knows that another target has given one.

use gainsay_model::Role;
use time::{Duration, OffsetDateTime};

use crate::{Credentials, Sandbox, token::Claims};

/// Longer than any run.
const LIFETIME: Duration = Duration::hours(12);

impl Sandbox {
    /// Credentials of a session of a role, with session tags. Whether it could be assumed is not
    /// asked.
    #[must_use]
    pub fn session_of(&self, role: &Role, name: &str, tags: &[(String, String)]) -> Credentials {
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
            tags: tags.to_vec(),
            source_identity: None,
            access_grants: None,
        };
        let nonce = self.core.world().next();
        self.core.issuer.issue(&claims, nonce).into()
    }
}
