//! The endings of AWS's refusals, by the kind of policy that refused.

use gainsay_iam::Layer;

pub(super) fn explicit_clause(layer: Layer) -> &'static str {
    match layer {
        Layer::Identity => "with an explicit deny in an identity-based policy",
        Layer::Boundary => "with an explicit deny in a permissions boundary",
        Layer::Session => "with an explicit deny in a session policy",
        Layer::Scp => "with an explicit deny in a service control policy",
        Layer::Rcp => "with an explicit deny in a resource control policy",
        Layer::VpcEndpoint => "with an explicit deny in a VPC endpoint policy",
        Layer::TrustPolicy => "with an explicit deny in the role trust policy",
        Layer::EncryptionBlock => {
            "because this bucket has blocked upload requests that specify Server Side Encryption with Customer provided keys (SSE-C). Please specify a different server-side encryption type"
        }
        Layer::ObjectLock => "because object protected by object lock.",
        _ => "with an explicit deny in a resource-based policy",
    }
}

pub(super) fn implicit_clause(layer: Layer, action: &str) -> String {
    let policy = match layer {
        Layer::Boundary => "permissions boundary",
        Layer::Session => "session policy",
        Layer::Scp => "service control policy",
        Layer::Rcp => "resource control policy",
        Layer::VpcEndpoint => "VPC endpoint policy",
        Layer::TrustPolicy => "role trust policy",
        Layer::Resource | Layer::KeyPolicy => "resource-based policy",
        _ => "identity-based policy",
    };
    format!("because no {policy} allows the {action} action")
}
