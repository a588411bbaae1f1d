//! Roles.

use crate::Document;

/// A role.
#[derive(Debug)]
pub struct Role {
    /// Its logical name.
    pub name: String,
    /// The account it is in.
    pub account: String,
    /// Its ARN.
    pub arn: String,
    /// Who may assume it.
    pub trust: Document,
    /// Identity policies.
    pub policies: Vec<Document>,
    /// The permissions boundary.
    pub boundary: Option<Document>,
    /// Tags.
    pub tags: Vec<(String, String)>,
    /// How long its sessions may last, in seconds.
    pub max_session_duration: u32,
}
