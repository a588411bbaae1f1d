//! With what a client of the sandbox signs.

use std::fmt;

use crate::token::TemporaryCredentials;

/// Credentials: of a user, or of a session where they have a token.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// `AKIA..` of a user, `ASIA..` of a session.
    pub access_key_id: String,
    /// What requests are signed with.
    pub secret_access_key: String,
    /// What a request of a session has to carry.
    pub session_token: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

impl From<TemporaryCredentials> for Credentials {
    fn from(issued: TemporaryCredentials) -> Self {
        Self {
            access_key_id: issued.access_key,
            secret_access_key: issued.secret,
            session_token: Some(issued.token),
        }
    }
}
