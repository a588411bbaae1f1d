//! Whether each layer allows a request, and whether they allow it together.

use super::Policies;
use super::scan::{MatchedStatement, Scan};
use crate::actions::UncontrolledCall;
use crate::context::Request;
use crate::grant;
use crate::layer::{Layer, PolicyKind};
use crate::policy::{Policy, PreparedRequest};
use crate::principal::{Principal, PrincipalMatch};
use crate::put::RCP_SERVICES;

/// The layer of the resource-based policy.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct ResourceLayer {
    layer: Layer,
    /// Nothing is allowed without this policy: keys and roles, unlike buckets, are not their
    /// account's by default.
    required: bool,
}

impl ResourceLayer {
    /// Every key has a key policy and every role a trust policy: a request for one of which none is
    /// given is not allowed.
    pub(super) fn of(request: &Request<'_>, resource: Option<&Policy>) -> Self {
        let service = |name: &str| {
            request.action.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(name))
        };
        let layer = match resource.map(Policy::kind) {
            Some(PolicyKind::KeyPolicy) => Layer::KeyPolicy,
            Some(PolicyKind::TrustPolicy) => Layer::TrustPolicy,
            None if service("kms:") && request.resource.contains(":key/") => Layer::KeyPolicy,
            None if service("sts:") && request.resource.contains(":role/") => Layer::TrustPolicy,
            None
            | Some(
                PolicyKind::Identity
                | PolicyKind::Bucket
                | PolicyKind::Resource
                | PolicyKind::Boundary
                | PolicyKind::Session
                | PolicyKind::Scp
                | PolicyKind::Rcp
                | PolicyKind::VpcEndpoint,
            ) => Layer::Resource,
        };
        Self { layer, required: layer != Layer::Resource }
    }
}

/// Whether each layer allows, denials apart.
#[expect(clippy::struct_excessive_bools, reason = "one answer for each layer")]
#[derive(Clone, Copy)]
pub(super) struct LayerResults {
    identity: bool,
    resource: Option<PrincipalMatch>,
    granted: Option<PrincipalMatch>,
    /// Whether there are grants to the caller on the key, whatever they allow, and this is
    /// something a grant can allow.
    has_grants: bool,
    boundary: bool,
    session: bool,
    scp: bool,
    vpc_endpoint: bool,
}

impl LayerResults {
    pub(super) fn collect<'p>(
        scan: &mut Scan<'p>,
        request: &Request<'p>,
        policies: &Policies<'p>,
        resource_layer: ResourceLayer,
    ) -> Self {
        let principal = scan.request.principal;
        let (has_policies, has_account) = match principal {
            Principal::User { .. } | Principal::Session { .. } => (true, true),
            Principal::Root { .. } => (false, true),
            Principal::Anonymous | Principal::Federated(_) | Principal::Service(_) => {
                (false, false)
            }
        };
        let organized = !principal.is_service_linked();
        let identity = has_policies && scan.any(Layer::Identity, policies.identity);
        if is_limited_by_rcps(&scan.request) {
            // What they allow does not matter: RCPFullAWSAccess stands at every level, cannot be
            // detached, and customers write no Allow
            // (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_evaluation.html>).
            scan.levels(Layer::Rcp, policies.rcp);
        }
        let resource_denies =
            !is_exempt_from_bucket_policy_denies(&scan.request, policies.resource);
        Self {
            // The root user has every permission its account can give.
            identity: identity || matches!(principal, Principal::Root { .. }),
            resource: policies
                .resource
                .and_then(|policy| scan.resource(resource_layer.layer, policy, resource_denies)),
            granted: scan.grants(request, policies.grants),
            has_grants: policies.grants.iter().any(|grant| grant.is_relevant_to(request)),
            boundary: match policies.boundary {
                Some(policy) if has_policies => {
                    scan.policy(Layer::Boundary, 0, policy, true).is_some()
                }
                _ => true,
            },
            session: !has_account
                || policies.session.is_empty()
                || scan.any(Layer::Session, policies.session),
            scp: !(has_account && organized) || scan.levels(Layer::Scp, policies.scp),
            vpc_endpoint: match policies.vpc_endpoint {
                Some(policy) => scan.policy(Layer::VpcEndpoint, 0, policy, true).is_some(),
                None => true,
            },
        }
    }

    pub(super) fn outer_silent(self) -> impl Iterator<Item = Layer> {
        [(self.scp, Layer::Scp), (self.vpc_endpoint, Layer::VpcEndpoint)]
            .into_iter()
            .filter_map(|(allows, layer)| (!allows).then_some(layer))
    }

    /// The limits of an identity that do not allow.
    fn limits_silent(self) -> Vec<Layer> {
        [(self.boundary, Layer::Boundary), (self.session, Layer::Session)]
            .into_iter()
            .filter_map(|(allows, layer)| (!allows).then_some(layer))
            .collect()
    }

    /// Whether identity-based and resource-based permissions allow together.
    pub(super) fn combine(
        self,
        request: &Request<'_>,
        resource_layer: ResourceLayer,
        has_policy: bool,
    ) -> CombinedResult {
        let mut result = match request.principal.account() {
            // An origin access identity has no policies of its own
            // (<https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html>).
            None | Some("cloudfront") => self.combine_without_identity(resource_layer),
            Some(account) if account == request.resource_account => {
                self.combine_in_account(resource_layer, has_policy)
            }
            // The root user of a member account has no policy that could name who assumes it
            // (<https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoot.html>).
            Some(_) if request.action.eq_ignore_ascii_case("sts:AssumeRoot") => {
                self.combine_in_account(resource_layer, has_policy)
            }
            Some(_) => self.combine_across_accounts(resource_layer),
        };
        if !result.allows && self.has_grants && self.granted.is_none() {
            result.silent.push(Layer::Grant);
        }
        result
    }

    fn combine_without_identity(self, resource_layer: ResourceLayer) -> CombinedResult {
        match self.resource {
            Some(_) => CombinedResult::contributing(Contributing {
                identity: false,
                limits: false,
                weakest: Some(PrincipalMatch::Account),
                weakest_grant: None,
            }),
            None => CombinedResult::silent(vec![resource_layer.layer]),
        }
    }

    fn combine_in_account(self, resource_layer: ResourceLayer, has_policy: bool) -> CombinedResult {
        let within_limits = self.boundary && self.session;
        // Without a policy that grants or delegates, a key or role is closed to its own account.
        let open = !resource_layer.required
            || self.resource.is_some()
            || self.granted == Some(PrincipalMatch::Account);
        let strongest = self.resource.max(self.granted);
        let by_identity = open && self.identity && within_limits;
        let by_role = strongest >= Some(PrincipalMatch::Role) && within_limits;
        let by_name = strongest == Some(PrincipalMatch::Direct);
        if by_identity || by_role || by_name {
            let weakest = match (resource_layer.required && by_identity, within_limits) {
                (true, _) => PrincipalMatch::Account,
                (false, true) => PrincipalMatch::Role,
                (false, false) => PrincipalMatch::Direct,
            };
            let limits = by_identity || (by_role && strongest == Some(PrincipalMatch::Role));
            return CombinedResult::contributing(Contributing {
                identity: by_identity,
                limits,
                weakest: Some(weakest),
                weakest_grant: Some(weakest),
            });
        }
        CombinedResult::silent(if strongest >= Some(PrincipalMatch::Role) {
            self.limits_silent()
        } else if !open {
            vec![resource_layer.layer]
        } else if self.identity {
            self.limits_silent()
        } else if has_policy && !resource_layer.required && strongest.is_none() {
            vec![Layer::Identity, resource_layer.layer]
        } else {
            vec![Layer::Identity]
        })
    }

    fn combine_across_accounts(self, resource_layer: ResourceLayer) -> CombinedResult {
        let mut silent = if self.identity { self.limits_silent() } else { vec![Layer::Identity] };
        if self.resource.is_none() {
            silent.push(resource_layer.layer);
        }
        let by_policy = silent.is_empty();
        // A grant needs no identity policy on the other side, except one to the account.
        let within_limits = self.boundary && self.session;
        let by_grant = match self.granted {
            None => false,
            Some(PrincipalMatch::Account) => self.identity && within_limits,
            Some(PrincipalMatch::Role) => within_limits,
            Some(PrincipalMatch::Direct) => true,
        };
        if !by_policy && !by_grant {
            return CombinedResult::silent(silent);
        }
        CombinedResult::contributing(Contributing {
            identity: by_policy || self.granted == Some(PrincipalMatch::Account),
            limits: by_policy || self.granted != Some(PrincipalMatch::Direct),
            weakest: by_policy.then_some(PrincipalMatch::Account),
            weakest_grant: if within_limits {
                Some(PrincipalMatch::Role)
            } else {
                Some(PrincipalMatch::Direct)
            }
            .min(self.granted),
        })
    }
}

/// Whether resource control policies limit a request: one on a resource of a service that has them,
/// not one of a service-linked role, and not the retirement of a grant
/// (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>).
pub(crate) fn is_limited_by_rcps(prepared: &PreparedRequest<'_>) -> bool {
    let service = prepared.action.split(':').next().unwrap_or_default();
    RCP_SERVICES.contains(&service)
        && !prepared.principal.is_service_linked()
        && prepared.action != grant::RETIRE
}

/// The root user of the bucket's account can always read, replace and remove the bucket policy,
/// whatever that policy denies (S3 API reference, `PutBucketPolicy`).
pub(crate) fn is_exempt_from_bucket_policy_denies(
    prepared: &PreparedRequest<'_>,
    resource: Option<&Policy>,
) -> bool {
    let owner = prepared.resource_account;
    let is_owner = matches!(prepared.principal, Principal::Root { account } if account == owner);
    is_owner
        && resource.is_some_and(|policy| policy.kind() == PolicyKind::Bucket)
        && matches!(
            prepared.action.as_str(),
            "s3:getbucketpolicy" | "s3:putbucketpolicy" | "s3:deletebucketpolicy"
        )
}

/// What identity-based and resource-based permissions come to.
pub(super) struct CombinedResult {
    pub(super) contributing: Contributing,
    pub(super) allows: bool,
    /// The layers that would have had to allow; empty if they allow.
    pub(super) silent: Vec<Layer>,
}

impl CombinedResult {
    fn contributing(contributing: Contributing) -> Self {
        Self { contributing, allows: true, silent: Vec::new() }
    }

    fn silent(silent: Vec<Layer>) -> Self {
        Self { contributing: NOTHING, allows: false, silent }
    }

    /// The result of a call that no policy controls.
    pub(super) fn uncontrolled(call: &UncontrolledCall, principal: &Principal) -> Self {
        Self { contributing: NOTHING, allows: call.is_open_to(principal), silent: Vec::new() }
    }
}

const NOTHING: Contributing =
    Contributing { identity: false, limits: false, weakest: None, weakest_grant: None };

/// Which of the matching statements determine an allow.
pub(super) struct Contributing {
    identity: bool,
    /// Whether permissions boundary and session policies do.
    limits: bool,
    /// The weakest match of a statement of the resource's policy that counts.
    weakest: Option<PrincipalMatch>,
    /// The weakest match of a grant that counts.
    weakest_grant: Option<PrincipalMatch>,
}

impl Contributing {
    pub(super) fn allows(
        &self,
        matched: &MatchedStatement<'_>,
        resource_layer: ResourceLayer,
    ) -> bool {
        match matched.layer {
            Layer::Identity => self.identity,
            Layer::Boundary | Layer::Session => self.limits,
            Layer::Grant => {
                self.weakest_grant.is_some_and(|weakest| matched.principal_match >= weakest)
            }
            layer if layer == resource_layer.layer => {
                self.weakest.is_some_and(|weakest| matched.principal_match >= weakest)
            }
            Layer::Resource
            | Layer::Scp
            | Layer::Rcp
            | Layer::VpcEndpoint
            | Layer::KeyPolicy
            | Layer::TrustPolicy
            | Layer::BlockPublicAccess
            | Layer::ObjectOwnership
            | Layer::ObjectLock
            | Layer::EncryptionBlock
            | Layer::KeyState => true,
        }
    }
}
