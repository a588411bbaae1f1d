//! What is outside of a request and its policies, and decides nevertheless: the organization that
//! an account is in, and the network that a request comes from. An environment or a request says
//! it; a key of which nothing is said is not absent, it is not known.
//!
//! Follows "AWS global condition context keys"
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>):
//! under each key, "Availability".

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::LazyLock;

use super::context::Context;
use super::keys::KEYS;
use super::principal::Principal;

/// What a condition key follows from, where it is neither the caller, the request nor the resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outside {
    /// The organization of the principal's account.
    PrincipalOrganization,
    /// The organization of the resource's account.
    ResourceOrganization,
    /// The organization of the account that a service acts for.
    SourceOrganization,
    /// The VPC endpoint that the request comes through, if any.
    Endpoint,
    /// The VPC that the request comes from, if it comes through an endpoint.
    Vpc,
    /// Who owns that VPC or that endpoint.
    EndpointOwner,
    /// The public address that the request comes from, if it comes through no endpoint.
    Address,
    /// The private address that the request comes from, if it comes through an endpoint.
    PrivateAddress,
}

impl Outside {
    const NETWORK: [Self; 5] =
        [Self::Endpoint, Self::Vpc, Self::EndpointOwner, Self::Address, Self::PrivateAddress];

    /// How it is said.
    const fn remedy(self) -> &'static str {
        match self {
            Self::PrincipalOrganization | Self::ResourceOrganization | Self::SourceOrganization => {
                "say with `organization:` in environment.yaml which accounts are in one, or \
                 `organization: none`"
            }
            Self::Endpoint => {
                "say with `source_vpce:` in the request which endpoint it comes through, or \
                 `source_vpce: none`"
            }
            Self::Vpc => {
                "say with `source_vpc:` in the request which VPC it comes from, or \
                 `source_vpce: none`"
            }
            Self::EndpointOwner => {
                "say `source_vpce: none` in the request if it comes through no endpoint; whose one \
                 is cannot be said"
            }
            Self::Address => {
                "say with `source_ip:` in the request which address it comes from, or which \
                 endpoint with `source_vpce:`"
            }
            Self::PrivateAddress => {
                "say with `source_vpce:` and `source_ip:` in the request where it comes from, or \
                 `source_vpce: none`"
            }
        }
    }
}

impl fmt::Display for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.remedy())
    }
}

/// Some of them. It is a byte, for a context is made for every request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Unsaid(u8);

impl Unsaid {
    pub(super) fn add(&mut self, outside: Outside) {
        self.0 |= 1 << outside as u8;
    }

    pub(super) fn has(self, outside: Outside) -> bool {
        self.0 & (1 << outside as u8) != 0
    }
}

/// The keys of [`KEYS`] that follow from something outside, by their name in lower case.
static OUTSIDE: LazyLock<BTreeMap<String, Outside>> = LazyLock::new(|| {
    let outside = KEYS.iter().filter_map(|key| Some((key.name.to_lowercase(), key.outside?)));
    outside.collect()
});

/// What a key, given in lower case, follows from, if that is outside of the request.
pub(super) fn outside(lower: &str) -> Option<Outside> {
    OUTSIDE.get(lower).copied()
}

/// Which organization each account is in, as far as that is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Organizations(pub BTreeMap<String, Option<Membership>>);

/// Where an account is in an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The organization: `o-a1b2c3d4e5`.
    pub id: String,
    /// The path to the account: `o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/`.
    pub path: String,
}

impl Organizations {
    /// Tells a context of the organization of who asks. Nobody known is in one, and neither is a
    /// service.
    pub fn set_principal(&self, context: &mut Context, principal: &Principal) {
        if let Some(account) = principal.account() {
            let keys = ["aws:PrincipalOrgID", "aws:PrincipalOrgPaths"];
            self.set_context(context, account, Outside::PrincipalOrganization, keys);
        }
    }

    /// Tells a context of the organization of who owns the resource.
    pub fn set_resource(&self, context: &mut Context, account: &str) {
        let keys = ["aws:ResourceOrgID", "aws:ResourceOrgPaths"];
        self.set_context(context, account, Outside::ResourceOrganization, keys);
    }

    /// Tells a context of the organization of the account that a service acts for.
    pub fn set_source(&self, context: &mut Context, account: &str) {
        let keys = ["aws:SourceOrgID", "aws:SourceOrgPaths"];
        self.set_context(context, account, Outside::SourceOrganization, keys);
    }

    fn set_context(
        &self,
        context: &mut Context,
        account: &str,
        outside: Outside,
        [id, paths]: [&str; 2],
    ) {
        match self.0.get(account) {
            None => context.leave_unsaid([outside]),
            Some(None) => {}
            Some(Some(membership)) => {
                context.set(id, membership.id.as_str());
                context.set(paths, membership.path.as_str());
            }
        }
    }
}

/// Whether a request comes through a VPC endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Endpoint {
    /// Nothing is said.
    #[default]
    Unsaid,
    /// It comes through none.
    None,
    /// Through this one, or one of which nothing is said but that there is one.
    Through(Option<String>),
}

/// The network a request comes from, as far as it is said.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Network {
    endpoint: Endpoint,
    vpc: Option<String>,
    address: Option<IpAddr>,
}

impl Network {
    /// The network of a request that says so much. What has an address comes from there directly,
    /// unless it says that it comes through an endpoint; what has a VPC comes through one.
    #[must_use]
    pub fn new(endpoint: Endpoint, vpc: Option<String>, address: Option<IpAddr>) -> Self {
        let endpoint = match endpoint {
            Endpoint::Unsaid if vpc.is_some() => Endpoint::Through(None),
            Endpoint::Unsaid if address.is_some() => Endpoint::None,
            said => said,
        };
        Self { endpoint, vpc, address }
    }

    /// Tells a context where the request comes from. Through an endpoint it has no public address,
    /// and without one none of the keys that speak of it.
    pub fn set_context(&self, context: &mut Context) {
        let address = self.address.map(|address| address.to_string());
        match &self.endpoint {
            Endpoint::Unsaid => context.leave_unsaid(Outside::NETWORK),
            Endpoint::None => set_or_leave(context, Outside::Address, "aws:SourceIp", address),
            Endpoint::Through(id) => {
                context.leave_unsaid([Outside::EndpointOwner]);
                set_or_leave(context, Outside::Endpoint, "aws:SourceVpce", id.clone());
                set_or_leave(context, Outside::Vpc, "aws:SourceVpc", self.vpc.clone());
                set_or_leave(context, Outside::PrivateAddress, "aws:VpcSourceIp", address);
            }
        }
    }

    /// Of a request that a service makes for its caller, the context says nothing of a network: it
    /// comes from one of the service's
    /// (<https://docs.aws.amazon.com/kms/latest/developerguide/conditions-aws.html>), which nothing
    /// can say.
    pub fn hide(context: &mut Context) {
        for (key, _) in OUTSIDE.iter().filter(|(_, outside)| Outside::NETWORK.contains(outside)) {
            context.set_unmodelled(key);
        }
    }
}

fn set_or_leave(context: &mut Context, outside: Outside, key: &str, value: Option<String>) {
    match value {
        Some(value) => context.set(key, value),
        None => context.leave_unsaid([outside]),
    }
}
