//! What determines condition keys and is part of neither caller, request nor resource: the
//! organization that an account is in, and the network that a request comes from. Where it is not
//! known, the keys that follow from it are not absent but unknown.
//!
//! Follows "AWS global condition context keys"
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>):
//! under each key, "Availability".

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::LazyLock;

use crate::context::Context;
use crate::keys::KEYS;
use crate::principal::Principal;

/// What determines a condition key, where that is neither the caller, the request nor the resource.
/// Where it is not known, [`Context::set_unknown`] says so.
///
/// Its text is how to state it in the files of the `gainsay` command: the end of the message of
/// [`Undecidable::MissingContext`](crate::Undecidable::MissingContext).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ExternalSource {
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

impl ExternalSource {
    const NETWORK: [Self; 5] =
        [Self::Endpoint, Self::Vpc, Self::EndpointOwner, Self::Address, Self::PrivateAddress];

    /// How to state it in the files of the `gainsay` command.
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

impl fmt::Display for ExternalSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.remedy())
    }
}

/// A set of sources, in a byte: there is one in the context of every request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct UnknownSources(u8);

impl UnknownSources {
    pub(crate) fn add(&mut self, source: ExternalSource) {
        self.0 |= 1 << source as u8;
    }

    pub(crate) fn has(self, source: ExternalSource) -> bool {
        self.0 & (1 << source as u8) != 0
    }
}

/// The keys of [`KEYS`] that an external source determines, by their name in lower case.
static EXTERNAL_KEYS: LazyLock<BTreeMap<String, ExternalSource>> = LazyLock::new(|| {
    let external =
        KEYS.iter().filter_map(|key| Some((key.name.to_lowercase(), key.determined_by?)));
    external.collect()
});

/// What determines a key, given in lower case, if that is an external source.
pub(crate) fn external_source(lower: &str) -> Option<ExternalSource> {
    EXTERNAL_KEYS.get(lower).copied()
}

/// Which organization each account is in: by account id, `None` for an account in no organization.
/// Of an account that is not listed it is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Organizations(pub BTreeMap<String, Option<Membership>>);

/// The place of an account in its organization, as `aws:PrincipalOrgID` and
/// `aws:PrincipalOrgPaths` have it
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The id of the organization: `o-a1b2c3d4e5`.
    pub id: String,
    /// The path to the account, as `aws:PrincipalOrgPaths` has it:
    /// `o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/`.
    pub path: String,
}

impl Organizations {
    /// Sets `aws:PrincipalOrgID` and `aws:PrincipalOrgPaths` in a context, or marks them unknown.
    /// Anonymous callers and services have neither.
    pub fn set_principal(&self, context: &mut Context, principal: &Principal) {
        if let Some(account) = principal.account() {
            let keys = ["aws:PrincipalOrgID", "aws:PrincipalOrgPaths"];
            self.set_context(context, account, ExternalSource::PrincipalOrganization, keys);
            // Which account manages the organization is not known.
            if context.get("aws:PrincipalOrgID").is_some() {
                context.set_unmodelled("aws:PrincipalOrgMasterAccountId");
            }
        }
    }

    /// Sets `aws:ResourceOrgID` and `aws:ResourceOrgPaths` in a context, or marks them unknown;
    /// `account` owns the resource.
    pub fn set_resource(&self, context: &mut Context, account: &str) {
        let keys = ["aws:ResourceOrgID", "aws:ResourceOrgPaths"];
        self.set_context(context, account, ExternalSource::ResourceOrganization, keys);
    }

    /// Sets `aws:SourceOrgID` and `aws:SourceOrgPaths` in a context, or marks them unknown;
    /// `account` is the one that a service acts for.
    pub fn set_source(&self, context: &mut Context, account: &str) {
        let keys = ["aws:SourceOrgID", "aws:SourceOrgPaths"];
        self.set_context(context, account, ExternalSource::SourceOrganization, keys);
    }

    fn set_context(
        &self,
        context: &mut Context,
        account: &str,
        source: ExternalSource,
        [id, paths]: [&str; 2],
    ) {
        match self.0.get(account) {
            None => context.set_unknown([source]),
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
    /// It is not known.
    #[default]
    Unknown,
    /// It comes through no endpoint.
    None,
    /// It comes through an endpoint, with this id (`vpce-1a2b3c4d`) or one that is not known.
    Through(Option<String>),
}

/// The network a request comes from, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Network {
    endpoint: Endpoint,
    vpc: Option<String>,
    address: Option<IpAddr>,
}

impl Network {
    /// The network of a request, from what is known of it: the endpoint, the id of the VPC and the
    /// address. A request with an address comes from there directly, unless it comes through an
    /// endpoint; one with a VPC comes through an endpoint.
    #[must_use]
    pub fn new(endpoint: Endpoint, vpc: Option<String>, address: Option<IpAddr>) -> Self {
        let endpoint = match endpoint {
            Endpoint::Unknown if vpc.is_some() => Endpoint::Through(None),
            Endpoint::Unknown if address.is_some() => Endpoint::None,
            known => known,
        };
        Self { endpoint, vpc, address }
    }

    /// Sets the condition keys of the network in a context, or marks them unknown. A request
    /// through an endpoint has no `aws:SourceIp`, and one through none has none of the endpoint's
    /// keys.
    pub fn set_context(&self, context: &mut Context) {
        let address = self.address.map(|address| address.to_string());
        match &self.endpoint {
            Endpoint::Unknown => context.set_unknown(ExternalSource::NETWORK),
            Endpoint::None => {
                set_or_unknown(context, ExternalSource::Address, "aws:SourceIp", address);
            }
            Endpoint::Through(id) => {
                context.set_unknown([ExternalSource::EndpointOwner]);
                set_or_unknown(context, ExternalSource::Endpoint, "aws:SourceVpce", id.clone());
                set_or_unknown(context, ExternalSource::Vpc, "aws:SourceVpc", self.vpc.clone());
                set_or_unknown(context, ExternalSource::PrivateAddress, "aws:VpcSourceIp", address);
            }
        }
    }

    /// Marks the condition keys of the network as not modelled in a context: for a request that a
    /// service makes for its caller, which comes from a network of the service
    /// (<https://docs.aws.amazon.com/kms/latest/developerguide/conditions-aws.html>).
    pub fn hide(context: &mut Context) {
        for (key, _) in
            EXTERNAL_KEYS.iter().filter(|(_, source)| ExternalSource::NETWORK.contains(source))
        {
            context.set_unmodelled(key);
        }
    }
}

fn set_or_unknown(context: &mut Context, source: ExternalSource, key: &str, value: Option<String>) {
    match value {
        Some(value) => context.set(key, value),
        None => context.set_unknown([source]),
    }
}
