//! How the layers compose.
//!
//! Follows "Policy evaluation logic", "Permissions boundaries for IAM entities", "Session policies"
//! (IAM user guide), "Default key policy" (KMS), "Service control policies" and "Resource control
//! policies" (Organizations).

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::context::Request;
use super::document::{Asked, Effect, Policy};
use super::error::{Doubt, Undecidable};
use super::grant::{self, Grant};
use super::layer::{Layer, PolicyKind};
use super::principal::{Grip, Principal};

/// Every policy that applies to a request. An empty list or `None` is a mechanism that is not in
/// use.
#[derive(Clone, Copy, Debug, Default)]
pub struct Policies<'a> {
    /// Attached to the user (with its groups) or role.
    pub identity: &'a [Policy],
    /// Of the bucket, the key, or the role to assume; its [`PolicyKind`] decides how it composes.
    pub resource: Option<&'a Policy>,
    /// The grants on the key.
    pub grants: &'a [Grant],
    /// The permissions boundary of the user or role.
    pub boundary: Option<&'a Policy>,
    /// Passed when the session was made; what any of them allows, they allow.
    pub session: &'a [Policy],
    /// Service control policies of the principal's account: levels from the root down, each of
    /// which must allow.
    pub scp: &'a [Vec<Policy>],
    /// Resource control policies of the resource's account, in levels too.
    pub rcp: &'a [Vec<Policy>],
    /// Of the VPC endpoint the request came through.
    pub vpc_endpoint: Option<&'a Policy>,
}

impl<'p> Policies<'p> {
    /// Every policy.
    pub(super) fn every(&self) -> impl Iterator<Item = &'p Policy> + use<'p> {
        let levels = self.scp.iter().chain(self.rcp).flatten();
        let singles = [self.resource, self.boundary, self.vpc_endpoint].into_iter().flatten();
        self.identity.iter().chain(self.session).chain(levels).chain(singles)
    }
}

/// What AWS decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// Every layer that has to allow does, and none denies.
    Allow,
    /// Nothing denies, and a layer that has to allow does not.
    ImplicitDeny,
    /// A statement denies.
    ExplicitDeny,
}

/// A statement that takes part in a decision.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Reason {
    /// The layer it belongs to.
    pub layer: Layer,
    /// Which policy of the layer, or which grant, from 0; SCPs and RCPs are counted through all
    /// levels.
    pub policy: usize,
    /// Which statement of the policy, from 0; 0 for a grant.
    pub statement: usize,
    /// Its `Sid`, if it has one.
    pub sid: Option<Arc<str>>,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "statement {} of {} policy {}", self.statement, self.layer, self.policy)?;
        self.sid.as_ref().map_or(Ok(()), |sid| write!(f, " (`{sid}`)"))
    }
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The decision.
    pub decision: Decision,
    /// The deciding statements, in the order of layer, policy, statement. For an explicit deny
    /// every `Deny` that matches, in any layer; for an allow every `Allow` that matches in a layer
    /// that took part in allowing; else empty.
    pub by: Vec<Reason>,
    /// For an implicit deny, the layers that would have had to allow and did not:
    ///
    /// * in the resource's own account, if nothing grants: `identity`, and `resource` too if the
    ///   resource has a policy;
    /// * `boundary`, `session`: those that do not allow what the identity or a grant to the role
    ///   does;
    /// * a key or trust policy that neither grants nor delegates: only that policy; one that
    ///   delegates: `identity`;
    /// * `grant` besides, if there are grants to the caller on the key and none of them allows
    ///   this, which one could;
    /// * across accounts: those of `identity` and the resource's policy that do not allow;
    /// * anonymous callers and services: the resource's policy;
    /// * and always `scp`, `rcp`, `vpc-endpoint` where they are in use and do not allow.
    pub silent: Vec<Layer>,
}

/// Decides a request.
///
/// # Errors
///
/// If a statement that could take part in the decision reads something that is not modelled. A
/// `Deny` in doubt always makes the answer one; an `Allow` in doubt only where no `Deny` settles
/// it.
pub fn evaluate(request: &Request<'_>, policies: &Policies<'_>) -> Result<Evaluation, Undecidable> {
    let mut scan = Scan::new(request, policies);
    let governing = Governing::of(request, policies.resource);
    let spoken = Spoken::hear(&mut scan, request, policies, governing);
    if let Some(doubt) = scan.deny_doubt {
        return Err(doubt);
    }
    if !scan.denies.is_empty() {
        return Ok(Evaluation {
            decision: Decision::ExplicitDeny,
            by: reasons(&scan.denies),
            silent: Vec::new(),
        });
    }
    if let Some(doubt) = scan.allow_doubt {
        return Err(doubt);
    }
    let sides = spoken.sides(request, governing, policies.resource.is_some());
    let mut silent = sides.silent;
    silent.extend(spoken.outer_silent());
    if silent.is_empty() {
        scan.allows.retain(|hit| sides.used.allows(hit, governing));
        return Ok(Evaluation { decision: Decision::Allow, by: reasons(&scan.allows), silent });
    }
    silent.sort_unstable();
    silent.dedup();
    Ok(Evaluation { decision: Decision::ImplicitDeny, by: Vec::new(), silent })
}

/// Whether some `Deny` matches a request, whatever is in doubt besides.
pub(super) fn is_denied(request: &Request<'_>, policies: &Policies<'_>) -> bool {
    let mut scan = Scan::new(request, policies);
    Spoken::hear(&mut scan, request, policies, Governing::of(request, policies.resource));
    !scan.denies.is_empty()
}

/// The statements and grants that match a request, whatever comes of it.
pub(super) fn matching(request: &Request<'_>, policies: &Policies<'_>) -> Vec<Reason> {
    let mut scan = Scan::new(request, policies);
    Spoken::hear(&mut scan, request, policies, Governing::of(request, policies.resource));
    reasons(&[scan.denies, scan.allows].concat())
}

fn reasons(hits: &[Hit<'_>]) -> Vec<Reason> {
    let mut reasons: Vec<Reason> = hits.iter().map(Hit::reason).collect();
    reasons.sort_unstable();
    reasons
}

/// A statement that matches.
#[derive(Clone, Copy)]
struct Hit<'p> {
    layer: Layer,
    policy: usize,
    statement: usize,
    sid: Option<&'p Arc<str>>,
    grip: Grip,
}

impl Hit<'_> {
    fn reason(&self) -> Reason {
        Reason {
            layer: self.layer,
            policy: self.policy,
            statement: self.statement,
            sid: self.sid.cloned(),
        }
    }
}

/// Goes through the statements and keeps what matches.
struct Scan<'p> {
    asked: Asked<'p>,
    denies: Vec<Hit<'p>>,
    allows: Vec<Hit<'p>>,
    deny_doubt: Option<Undecidable>,
    allow_doubt: Option<Undecidable>,
}

impl<'p> Scan<'p> {
    fn new(request: &Request<'p>, policies: &Policies<'p>) -> Self {
        Self {
            asked: Asked::new(request, policies.boundary.is_some()),
            denies: Vec::new(),
            allows: Vec::new(),
            deny_doubt: None,
            allow_doubt: None,
        }
    }

    /// The strongest grant of one policy; its denials are kept.
    fn policy(
        &mut self,
        layer: Layer,
        index: usize,
        policy: &'p Policy,
        denies: bool,
    ) -> Option<Grip> {
        let mut strongest = None;
        for (statement, rule) in policy.statements().iter().enumerate() {
            let deny = rule.effect() == Effect::Deny;
            if deny && !denies {
                continue;
            }
            let hit = |grip| Hit { layer, policy: index, statement, sid: rule.sid.as_ref(), grip };
            match rule.applies(&self.asked) {
                Ok(None) => {}
                Ok(Some(grip)) if deny => self.denies.push(hit(grip)),
                Ok(Some(grip)) => {
                    strongest = strongest.max(Some(grip));
                    self.allows.push(hit(grip));
                }
                Err(doubt) => self.doubt(deny, doubt, &hit(Grip::Direct)),
            }
        }
        strongest
    }

    fn doubt(&mut self, deny: bool, doubt: Doubt, hit: &Hit<'_>) {
        let slot = if deny { &mut self.deny_doubt } else { &mut self.allow_doubt };
        slot.get_or_insert_with(|| doubt.at(hit.reason()));
    }

    /// The strongest grant of the resource's policy. That of a key cannot let anyone retire a
    /// grant, only forbid it.
    fn resource(&mut self, layer: Layer, policy: &'p Policy, denies: bool) -> Option<Grip> {
        let strongest = self.policy(layer, 0, policy, denies);
        if self.asked.action == grant::RETIRE {
            self.allows.retain(|hit| hit.layer != layer);
            return None;
        }
        strongest
    }

    /// The strongest hold that a grant on the key gives.
    fn grants(&mut self, request: &Request<'_>, grants: &[Grant]) -> Option<Grip> {
        let mut strongest = None;
        for (index, grip) in grants
            .iter()
            .enumerate()
            .filter_map(|(index, grant)| Some((index, grant.grip(request)?)))
        {
            strongest = strongest.max(Some(grip));
            self.allows.push(Hit {
                layer: Layer::Grant,
                policy: index,
                statement: 0,
                sid: None,
                grip,
            });
        }
        strongest
    }

    /// Whether any policy of a list allows.
    fn any(&mut self, layer: Layer, policies: &'p [Policy]) -> bool {
        let mut allowed = false;
        for (index, policy) in policies.iter().enumerate() {
            allowed |= self.policy(layer, index, policy, true).is_some();
        }
        allowed
    }

    /// Whether every level has a policy that allows.
    fn levels(&mut self, layer: Layer, levels: &'p [Vec<Policy>]) -> bool {
        let (mut allowed, mut index) = (true, 0);
        for level in levels {
            let mut level_allows = false;
            for policy in level {
                level_allows |= self.policy(layer, index, policy, true).is_some();
                index += 1;
            }
            allowed &= level_allows;
        }
        allowed
    }
}

/// The resource's side of a decision.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Governing {
    layer: Layer,
    /// Nothing is allowed without this policy: keys and roles, unlike buckets, are not their
    /// account's by default.
    required: bool,
}

impl Governing {
    /// Every key has a key policy and every role a trust policy, so a request for one without it
    /// meets silence.
    fn of(request: &Request<'_>, resource: Option<&Policy>) -> Self {
        let service = |name: &str| {
            request.action.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(name))
        };
        let layer = match resource.map(Policy::kind) {
            Some(PolicyKind::KeyPolicy) => Layer::KeyPolicy,
            Some(PolicyKind::TrustPolicy) => Layer::TrustPolicy,
            None if service("kms:") && request.resource.contains(":key/") => Layer::KeyPolicy,
            None if service("sts:") && request.resource.contains(":role/") => Layer::TrustPolicy,
            _ => Layer::Resource,
        };
        Self { layer, required: layer != Layer::Resource }
    }
}

/// What each layer says, denials apart.
#[expect(clippy::struct_excessive_bools, reason = "one yes or no for each layer")]
#[derive(Clone, Copy)]
struct Spoken {
    identity: bool,
    resource: Option<Grip>,
    granted: Option<Grip>,
    /// Whether there are grants to the caller on the key, whatever they allow, and this is
    /// something a grant can allow.
    has_grants: bool,
    boundary: bool,
    session: bool,
    scp: bool,
    rcp: bool,
    vpc_endpoint: bool,
}

impl Spoken {
    fn hear<'p>(
        scan: &mut Scan<'p>,
        request: &Request<'p>,
        policies: &Policies<'p>,
        governing: Governing,
    ) -> Self {
        let principal = scan.asked.principal;
        let (has_policies, has_account) = match principal {
            Principal::User { .. } | Principal::Session { .. } => (true, true),
            Principal::Root { .. } => (false, true),
            Principal::Anonymous | Principal::Federated(_) | Principal::Service(_) => {
                (false, false)
            }
        };
        let organized = !principal.is_service_linked();
        let identity = has_policies && scan.any(Layer::Identity, policies.identity);
        let resource_denies = !keeps_own_bucket_policy(&scan.asked, policies.resource);
        Self {
            // The root user has every permission its account can give.
            identity: identity || matches!(principal, Principal::Root { .. }),
            resource: policies
                .resource
                .and_then(|policy| scan.resource(governing.layer, policy, resource_denies)),
            granted: scan.grants(request, policies.grants),
            has_grants: policies.grants.iter().any(|grant| grant.concerns(request)),
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
            rcp: !limits_resources(&scan.asked) || scan.levels(Layer::Rcp, policies.rcp),
            vpc_endpoint: match policies.vpc_endpoint {
                Some(policy) => scan.policy(Layer::VpcEndpoint, 0, policy, true).is_some(),
                None => true,
            },
        }
    }

    fn outer_silent(self) -> impl Iterator<Item = Layer> {
        [(self.scp, Layer::Scp), (self.rcp, Layer::Rcp), (self.vpc_endpoint, Layer::VpcEndpoint)]
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

    /// What identity and resource give between them.
    fn sides(self, request: &Request<'_>, governing: Governing, has_policy: bool) -> Sides {
        let mut sides = match request.principal.account() {
            None => self.grant_without_identity(governing),
            Some(account) if account == request.resource_account => {
                self.grant_in_account(governing, has_policy)
            }
            Some(_) => self.grant_across_accounts(governing),
        };
        if !sides.silent.is_empty() && self.has_grants && self.granted.is_none() {
            sides.silent.push(Layer::Grant);
        }
        sides
    }

    fn grant_without_identity(self, governing: Governing) -> Sides {
        match self.resource {
            Some(_) => Sides::used(Used {
                identity: false,
                limits: false,
                weakest: Some(Grip::Account),
                weakest_grant: None,
            }),
            None => Sides::silent(vec![governing.layer]),
        }
    }

    fn grant_in_account(self, governing: Governing, has_policy: bool) -> Sides {
        let within_limits = self.boundary && self.session;
        // Without a policy that grants or delegates, a key or role is closed to its own account.
        let open =
            !governing.required || self.resource.is_some() || self.granted == Some(Grip::Account);
        let strongest = self.resource.max(self.granted);
        let by_identity = open && self.identity && within_limits;
        let by_role = strongest >= Some(Grip::Role) && within_limits;
        let by_name = strongest == Some(Grip::Direct);
        if by_identity || by_role || by_name {
            let weakest = match (governing.required && by_identity, within_limits) {
                (true, _) => Grip::Account,
                (false, true) => Grip::Role,
                (false, false) => Grip::Direct,
            };
            let limits = by_identity || (by_role && strongest == Some(Grip::Role));
            return Sides::used(Used {
                identity: by_identity,
                limits,
                weakest: Some(weakest),
                weakest_grant: Some(weakest),
            });
        }
        Sides::silent(if strongest >= Some(Grip::Role) {
            self.limits_silent()
        } else if !open {
            vec![governing.layer]
        } else if self.identity {
            self.limits_silent()
        } else if has_policy && !governing.required && strongest.is_none() {
            vec![Layer::Identity, governing.layer]
        } else {
            vec![Layer::Identity]
        })
    }

    fn grant_across_accounts(self, governing: Governing) -> Sides {
        let mut silent = if self.identity { self.limits_silent() } else { vec![Layer::Identity] };
        if self.resource.is_none() {
            silent.push(governing.layer);
        }
        let by_policy = silent.is_empty();
        // A grant needs no identity policy on the other side, except one to the account.
        let within_limits = self.boundary && self.session;
        let by_grant = match self.granted {
            None => false,
            Some(Grip::Account) => self.identity && within_limits,
            Some(Grip::Role) => within_limits,
            Some(Grip::Direct) => true,
        };
        if !by_policy && !by_grant {
            return Sides::silent(silent);
        }
        Sides::used(Used {
            identity: by_policy || self.granted == Some(Grip::Account),
            limits: by_policy || self.granted != Some(Grip::Direct),
            weakest: by_policy.then_some(Grip::Account),
            weakest_grant: if within_limits { Some(Grip::Role) } else { Some(Grip::Direct) }
                .min(self.granted),
        })
    }
}

/// Whether resource control policies have a say: not over service-linked roles, and not over who
/// retires a grant
/// (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>).
pub(super) fn limits_resources(asked: &Asked<'_>) -> bool {
    !asked.principal.is_service_linked() && asked.action != grant::RETIRE
}

/// The root user of the bucket's account can always read, replace and remove the bucket policy,
/// whatever that policy denies (S3 API reference, `PutBucketPolicy`).
pub(super) fn keeps_own_bucket_policy(asked: &Asked<'_>, resource: Option<&Policy>) -> bool {
    let own =
        matches!(asked.principal, Principal::Root { account } if account == asked.resource_account);
    own && resource.is_some_and(|policy| policy.kind() == PolicyKind::Bucket)
        && matches!(
            asked.action.as_str(),
            "s3:getbucketpolicy" | "s3:putbucketpolicy" | "s3:deletebucketpolicy"
        )
}

/// What identity and resource come to.
struct Sides {
    used: Used,
    /// Empty if they allow.
    silent: Vec<Layer>,
}

impl Sides {
    fn used(used: Used) -> Self {
        Self { used, silent: Vec::new() }
    }

    fn silent(silent: Vec<Layer>) -> Self {
        Self {
            used: Used { identity: false, limits: false, weakest: None, weakest_grant: None },
            silent,
        }
    }
}

/// Which statements take part in an allow.
struct Used {
    identity: bool,
    /// Boundary and session.
    limits: bool,
    /// The weakest hold of a resource statement that counts.
    weakest: Option<Grip>,
    /// The same of a grant.
    weakest_grant: Option<Grip>,
}

impl Used {
    fn allows(&self, hit: &Hit<'_>, governing: Governing) -> bool {
        match hit.layer {
            Layer::Identity => self.identity,
            Layer::Boundary | Layer::Session => self.limits,
            Layer::Grant => self.weakest_grant.is_some_and(|weakest| hit.grip >= weakest),
            layer if layer == governing.layer => {
                self.weakest.is_some_and(|weakest| hit.grip >= weakest)
            }
            _ => true,
        }
    }
}
