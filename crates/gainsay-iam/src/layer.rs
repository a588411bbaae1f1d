//! The words for the mechanisms that can refuse a request, and for the kinds of policy.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Every mechanism that can refuse a request; one set of words everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// A policy attached to the user, group or role.
    Identity,
    /// A bucket policy, or another resource-based policy.
    Resource,
    /// The permissions boundary of the user or role.
    Boundary,
    /// A policy passed when the session was made.
    Session,
    /// A service control policy of the principal's organization.
    Scp,
    /// A resource control policy of the resource's organization.
    Rcp,
    /// The policy of the VPC endpoint the request came through.
    VpcEndpoint,
    /// The policy of the KMS key.
    KeyPolicy,
    /// A grant: on a KMS key, or of S3 Access Grants.
    Grant,
    /// The trust policy of the role.
    TrustPolicy,
    /// S3 Block Public Access.
    BlockPublicAccess,
    /// S3 Object Ownership: ACLs are off.
    ObjectOwnership,
    /// S3 Object Lock.
    ObjectLock,
    /// The bucket's blocked encryption types.
    EncryptionBlock,
    /// The state of the KMS key: disabled, pending deletion.
    KeyState,
}

impl Layer {
    /// Every layer, in the order of declaration.
    pub const ALL: &[Layer] = &[
        Layer::Identity,
        Layer::Resource,
        Layer::Boundary,
        Layer::Session,
        Layer::Scp,
        Layer::Rcp,
        Layer::VpcEndpoint,
        Layer::KeyPolicy,
        Layer::Grant,
        Layer::TrustPolicy,
        Layer::BlockPublicAccess,
        Layer::ObjectOwnership,
        Layer::ObjectLock,
        Layer::EncryptionBlock,
        Layer::KeyState,
    ];

    /// The word for this layer, as scenarios, records and reports write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Layer::Identity => "identity",
            Layer::Resource => "resource",
            Layer::Boundary => "boundary",
            Layer::Session => "session",
            Layer::Scp => "scp",
            Layer::Rcp => "rcp",
            Layer::VpcEndpoint => "vpc-endpoint",
            Layer::KeyPolicy => "key-policy",
            Layer::Grant => "grant",
            Layer::TrustPolicy => "trust-policy",
            Layer::BlockPublicAccess => "block-public-access",
            Layer::ObjectOwnership => "object-ownership",
            Layer::ObjectLock => "object-lock",
            Layer::EncryptionBlock => "encryption-block",
            Layer::KeyState => "key-state",
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that names no layer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown layer `{word}`: use one of {}", words())]
pub struct UnknownLayer {
    /// The word as written.
    pub word: String,
}

fn words() -> String {
    let words: Vec<&str> = Layer::ALL.iter().map(|layer| layer.as_str()).collect();
    words.join(", ")
}

impl FromStr for Layer {
    type Err = UnknownLayer;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Layer::ALL
            .iter()
            .copied()
            .find(|layer| layer.as_str() == word)
            .ok_or_else(|| UnknownLayer { word: word.to_owned() })
    }
}

/// Which kind of policy a document is; decides required and forbidden elements, size limits, and,
/// for the policy of a resource, how it composes with the identity's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PolicyKind {
    /// Attached to a user, group or role, inline or managed.
    Identity,
    /// An S3 bucket policy.
    Bucket,
    /// The policy of a resource of another service.
    Resource,
    /// A KMS key policy.
    KeyPolicy,
    /// A role trust policy.
    TrustPolicy,
    /// A permissions boundary.
    Boundary,
    /// A session policy.
    Session,
    /// A service control policy.
    Scp,
    /// A resource control policy.
    Rcp,
    /// A VPC endpoint policy.
    VpcEndpoint,
}

impl PolicyKind {
    /// What people call a policy of this kind, for messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            PolicyKind::Identity => "identity policy",
            PolicyKind::Bucket => "bucket policy",
            PolicyKind::Resource => "resource policy",
            PolicyKind::KeyPolicy => "key policy",
            PolicyKind::TrustPolicy => "trust policy",
            PolicyKind::Boundary => "permissions boundary",
            PolicyKind::Session => "session policy",
            PolicyKind::Scp => "service control policy",
            PolicyKind::Rcp => "resource control policy",
            PolicyKind::VpcEndpoint => "VPC endpoint policy",
        }
    }

    /// The layer a policy of this kind speaks for.
    #[must_use]
    pub fn layer(self) -> Layer {
        match self {
            PolicyKind::Identity => Layer::Identity,
            PolicyKind::Bucket | PolicyKind::Resource => Layer::Resource,
            PolicyKind::KeyPolicy => Layer::KeyPolicy,
            PolicyKind::TrustPolicy => Layer::TrustPolicy,
            PolicyKind::Boundary => Layer::Boundary,
            PolicyKind::Session => Layer::Session,
            PolicyKind::Scp => Layer::Scp,
            PolicyKind::Rcp => Layer::Rcp,
            PolicyKind::VpcEndpoint => Layer::VpcEndpoint,
        }
    }
}

impl fmt::Display for PolicyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layer_reads_back_from_its_word() {
        for layer in Layer::ALL {
            assert_eq!(layer.as_str().parse(), Ok(*layer));
            assert_eq!(serde_json::to_value(layer).ok(), Some(layer.as_str().into()));
        }
        assert!("bucket".parse::<Layer>().is_err());
    }
}
