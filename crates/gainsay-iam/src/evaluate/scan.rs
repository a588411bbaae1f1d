//! Which statements and grants match a request, layer by layer.

use std::sync::Arc;

use super::{Policies, Reason};
use crate::context::Request;
use crate::error::{Undecidable, UndecidableCause};
use crate::grant::{self, Grant};
use crate::layer::Layer;
use crate::policy::{Effect, Policy, PreparedRequest};
use crate::principal::PrincipalMatch;

/// A statement that matches the request, and how it names the caller.
#[derive(Clone, Copy)]
pub(super) struct MatchedStatement<'p> {
    pub(super) layer: Layer,
    policy: usize,
    statement: usize,
    sid: Option<&'p Arc<str>>,
    pub(super) principal_match: PrincipalMatch,
}

impl MatchedStatement<'_> {
    pub(super) fn reason(&self) -> Reason {
        Reason {
            layer: self.layer,
            policy: self.policy,
            statement: self.statement,
            sid: self.sid.cloned(),
        }
    }
}

/// Goes through the statements of every layer and collects those that match.
pub(super) struct Scan<'p> {
    pub(super) request: PreparedRequest<'p>,
    pub(super) denies: Vec<MatchedStatement<'p>>,
    pub(super) allows: Vec<MatchedStatement<'p>>,
    pub(super) undecidable_deny: Option<Undecidable>,
    pub(super) undecidable_allow: Option<Undecidable>,
}

impl<'p> Scan<'p> {
    pub(super) fn new(request: &Request<'p>, policies: &Policies<'p>) -> Self {
        Self {
            request: PreparedRequest::new(request, policies.boundary.is_some()),
            denies: Vec::new(),
            allows: Vec::new(),
            undecidable_deny: None,
            undecidable_allow: None,
        }
    }

    /// The strongest match of an `Allow` of one policy. What matches is collected; `denies` is
    /// whether its `Deny` statements count.
    pub(super) fn policy(
        &mut self,
        layer: Layer,
        index: usize,
        policy: &'p Policy,
        denies: bool,
    ) -> Option<PrincipalMatch> {
        let mut strongest = None;
        for (statement, rule) in policy.statements().iter().enumerate() {
            let deny = rule.effect() == Effect::Deny;
            if deny && !denies {
                continue;
            }
            let matched = |principal_match| MatchedStatement {
                layer,
                policy: index,
                statement,
                sid: rule.sid.as_ref(),
                principal_match,
            };
            match rule.applies(&self.request) {
                Ok(None) => {}
                Ok(Some(principal_match)) if deny => self.denies.push(matched(principal_match)),
                Ok(Some(principal_match)) => {
                    strongest = strongest.max(Some(principal_match));
                    self.allows.push(matched(principal_match));
                }
                Err(undecidable) => {
                    self.undecidable(deny, undecidable, &matched(PrincipalMatch::Direct));
                }
            }
        }
        strongest
    }

    fn undecidable(
        &mut self,
        deny: bool,
        undecidable: UndecidableCause,
        matched: &MatchedStatement<'_>,
    ) {
        let slot = if deny { &mut self.undecidable_deny } else { &mut self.undecidable_allow };
        slot.get_or_insert_with(|| undecidable.at(matched.reason()));
    }

    /// The strongest match of an `Allow` of the resource's policy. A key policy cannot let anyone
    /// retire a grant, only forbid it.
    pub(super) fn resource(
        &mut self,
        layer: Layer,
        policy: &'p Policy,
        denies: bool,
    ) -> Option<PrincipalMatch> {
        let strongest = self.policy(layer, 0, policy, denies);
        if self.request.action == grant::RETIRE {
            self.allows.retain(|matched| matched.layer != layer);
            return None;
        }
        strongest
    }

    /// The strongest match of a grant on the key.
    pub(super) fn grants(
        &mut self,
        request: &Request<'_>,
        grants: &[Grant],
    ) -> Option<PrincipalMatch> {
        let mut strongest = None;
        for (index, principal_match) in grants
            .iter()
            .enumerate()
            .filter_map(|(index, grant)| Some((index, grant.principal_match(request)?)))
        {
            strongest = strongest.max(Some(principal_match));
            self.allows.push(MatchedStatement {
                layer: Layer::Grant,
                policy: index,
                statement: 0,
                sid: None,
                principal_match,
            });
        }
        strongest
    }

    /// Whether any policy of a list allows.
    pub(super) fn any(&mut self, layer: Layer, policies: &'p [Policy]) -> bool {
        let mut allowed = false;
        for (index, policy) in policies.iter().enumerate() {
            allowed |= self.policy(layer, index, policy, true).is_some();
        }
        allowed
    }

    /// Whether every level has a policy that allows.
    pub(super) fn levels(&mut self, layer: Layer, levels: &'p [Vec<Policy>]) -> bool {
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
