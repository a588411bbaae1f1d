//! How the layers of policies compose into a decision.
//!
//! Follows "Policy evaluation logic", "Permissions boundaries for IAM entities", "Session policies"
//! (IAM user guide), "Default key policy" (KMS), "Service control policies" and "Resource control
//! policies" (Organizations).

mod layers;
mod scan;

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use self::layers::{CombinedResult, LayerResults, ResourceLayer};
pub(crate) use self::layers::{is_exempt_from_bucket_policy_denies, is_limited_by_rcps};
use self::scan::{MatchedStatement, Scan};
use crate::actions::uncontrolled;
use crate::context::Request;
use crate::error::Undecidable;
use crate::grant::Grant;
use crate::layer::{Layer, PolicyKind};
use crate::policy::Policy;
use crate::principal::Principal;
use crate::public::Publicity;

/// Every policy that applies to a request, compiled. An empty list or `None` is a mechanism that is
/// not in use, which refuses nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Policies<'a> {
    /// Identity-based policies: attached to the user (with its groups) or role, inline or managed.
    pub identity: &'a [Policy],
    /// The resource-based policy: of the bucket, the KMS key, or the role to assume. Its
    /// [`PolicyKind`](crate::PolicyKind) decides how it composes with the identity-based ones.
    pub resource: Option<&'a Policy>,
    /// The grants on the KMS key.
    pub grants: &'a [Grant],
    /// The permissions boundary of the user or role.
    pub boundary: Option<&'a Policy>,
    /// Session policies: passed when the session was made. What any of them allows, they allow.
    pub session: &'a [Policy],
    /// Service control policies of the principal's account: levels from the root down, each of
    /// which must allow.
    pub scp: &'a [Vec<Policy>],
    /// Resource control policies of the resource's account: levels from the root down. They only
    /// deny: `RCPFullAWSAccess`, which allows everything, is attached at every level.
    pub rcp: &'a [Vec<Policy>],
    /// The policy of the VPC endpoint the request came through.
    pub vpc_endpoint: Option<&'a Policy>,
    /// Whether S3 Block Public Access restricts public buckets (`RestrictPublicBuckets`) in the
    /// settings of the bucket, its account or the access point: a bucket policy that is public
    /// then grants to the bucket's own account and to AWS services only.
    pub restrict_public_buckets: bool,
}

impl<'p> Policies<'p> {
    /// Those that take part in the decision of a request: of a call that no policy controls, the
    /// policy of the VPC endpoint alone. That an endpoint limits such calls, too, is assumed: the
    /// pages speak of the caller's policies.
    pub(crate) fn taking_part(&self, request: &Request<'_>) -> Self {
        if uncontrolled(request.action).is_none() {
            return *self;
        }
        Self { vpc_endpoint: self.vpc_endpoint, ..Self::default() }
    }

    /// Every policy of every layer.
    pub(crate) fn all(&self) -> impl Iterator<Item = &'p Policy> + use<'p> {
        let levels = self.scp.iter().chain(self.rcp).flatten();
        let singles = [self.resource, self.boundary, self.vpc_endpoint].into_iter().flatten();
        self.identity.iter().chain(self.session).chain(levels).chain(singles)
    }
}

/// Whether AWS allows a request, and if not, whether a statement denies it.
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

impl Decision {
    /// Its stable name, such as `implicit-deny`: the one it is serialized as.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::ImplicitDeny => "implicit-deny",
            Self::ExplicitDeny => "explicit-deny",
        }
    }
}

/// A statement, or a KMS grant, that determines a decision. It is shown as
/// ``statement 0 of identity policy 1 (`Sid`)``.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Reason {
    /// The layer the statement belongs to.
    pub layer: Layer,
    /// Which policy of the layer, or which grant, from 0; SCPs and RCPs are counted through all
    /// levels.
    pub policy: usize,
    /// Which statement of the policy, from 0; 0 for a grant.
    pub statement: usize,
    /// The statement's `Sid`, if it has one.
    pub sid: Option<Arc<str>>,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "statement {} of {} policy {}", self.statement, self.layer, self.policy)?;
        self.sid.as_ref().map_or(Ok(()), |sid| write!(f, " (`{sid}`)"))
    }
}

/// A decision with its reasons.
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
    /// * and always `scp`, `vpc-endpoint` where they are in use and do not allow. RCPs only deny:
    ///   `RCPFullAWSAccess` stands beside them at every level;
    /// * none, if no policy controls the call and the service does not take the caller's
    ///   credentials: `sts:GetSessionToken` by a role's session.
    pub silent: Vec<Layer>,
}

/// Decides a request: an explicit deny in any layer wins, and without one every layer that has to
/// allow must do so ([policy evaluation logic][logic]). Calls that no policy controls
/// ([`actions::UNCONTROLLED`](crate::actions::UNCONTROLLED)) are allowed whatever policies say, and
/// where public buckets are restricted, a public bucket policy grants to nobody else's account.
/// There is an example on the front page of this crate.
///
/// # Errors
///
/// [`Undecidable`] if a statement that could take part in the decision reads something that is not
/// modelled. If that is a `Deny`, there is never a decision; if it is an `Allow`, there is one only
/// where a `Deny` decides whatever it says.
///
/// [logic]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
pub fn evaluate(request: &Request<'_>, policies: &Policies<'_>) -> Result<Evaluation, Undecidable> {
    let policies = &policies.taking_part(request);
    let mut scan = Scan::new(request, policies);
    let resource_layer = ResourceLayer::of(request, policies.resource);
    let results = LayerResults::collect(&mut scan, request, policies, resource_layer);
    if let Some(undecidable) = scan.undecidable_deny {
        return Err(undecidable);
    }
    if !scan.denies.is_empty() {
        return Ok(Evaluation {
            decision: Decision::ExplicitDeny,
            by: reasons(&scan.denies),
            silent: Vec::new(),
        });
    }
    if let Some(undecidable) = scan.undecidable_allow {
        return Err(undecidable);
    }
    let result = match uncontrolled(request.action) {
        Some(call) => CombinedResult::uncontrolled(call, request.principal),
        None => results.combine(request, resource_layer, policies.resource.is_some()),
    };
    let refused = !result.allows;
    let mut silent = result.silent;
    silent.extend(results.outer_silent());
    if silent.is_empty() && !refused {
        if let Some(blocked) = blocked_as_public(request, policies)? {
            return Ok(Evaluation {
                decision: Decision::ExplicitDeny,
                by: vec![blocked],
                silent: Vec::new(),
            });
        }
        scan.allows.retain(|matched| result.contributing.allows(matched, resource_layer));
        return Ok(Evaluation { decision: Decision::Allow, by: reasons(&scan.allows), silent });
    }
    silent.sort_unstable();
    silent.dedup();
    Ok(Evaluation { decision: Decision::ImplicitDeny, by: Vec::new(), silent })
}

/// The refusal of a request that policies allow, where public buckets are restricted and the bucket
/// policy is public: of everyone but AWS services and the bucket's own account, also of those that
/// the policy names
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-options>).
fn blocked_as_public(
    request: &Request<'_>,
    policies: &Policies<'_>,
) -> Result<Option<Reason>, Undecidable> {
    let policy = policies.resource.filter(|policy| {
        let exempt = matches!(request.principal, Principal::Service(_))
            || request.principal.account() == Some(request.resource_account);
        policies.restrict_public_buckets && policy.kind() == PolicyKind::Bucket && !exempt
    });
    let reason = |layer: Layer, statement: usize, sid: Option<&Arc<str>>| Reason {
        layer,
        policy: 0,
        statement,
        sid: sid.cloned(),
    };
    match policy.and_then(|policy| Some((policy, policy.most_public()?))) {
        None | Some((_, (_, Publicity::Private))) => Ok(None),
        Some((_, (_, Publicity::Public))) => Ok(Some(reason(Layer::BlockPublicAccess, 0, None))),
        Some((policy, (index, Publicity::Unknown))) => {
            let sid = policy.statements().get(index).and_then(|statement| statement.sid.as_ref());
            Err(Undecidable::Publicity { at: reason(Layer::Resource, index, sid) })
        }
    }
}

/// Whether some `Deny` certainly matches a request, whichever other statements are undecidable.
pub(crate) fn is_denied(request: &Request<'_>, policies: &Policies<'_>) -> bool {
    !scanned(request, policies).denies.is_empty()
}

/// The statements and grants that match a request, whatever the decision is.
pub(crate) fn matching(request: &Request<'_>, policies: &Policies<'_>) -> Vec<Reason> {
    let Scan { denies, allows, .. } = scanned(request, policies);
    reasons(&[denies, allows].concat())
}

fn scanned<'p>(request: &Request<'p>, policies: &Policies<'p>) -> Scan<'p> {
    let policies = &policies.taking_part(request);
    let mut scan = Scan::new(request, policies);
    let resource_layer = ResourceLayer::of(request, policies.resource);
    LayerResults::collect(&mut scan, request, policies, resource_layer);
    scan
}

fn reasons(statements: &[MatchedStatement<'_>]) -> Vec<Reason> {
    let mut reasons: Vec<Reason> = statements.iter().map(MatchedStatement::reason).collect();
    reasons.sort_unstable();
    reasons
}
