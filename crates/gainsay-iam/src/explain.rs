//! Why a decision is what it is: every layer, statement and element, and what was compared.
//! Computed on demand, apart from [`evaluate`] but by the same functions, so that the two cannot
//! differ.

use std::fmt;

use serde::Serialize;

use crate::context::{ContextValue, Request};
use crate::error::Undecidable;
use crate::evaluate::{
    Decision, Evaluation, Policies, Reason, evaluate, is_exempt_from_bucket_policy_denies,
    is_limited_by_rcps,
};
use crate::grant::Grant;
use crate::layer::Layer;
use crate::policy::{Effect, Policy, PreparedRequest, Statement};
use crate::principal::Principal;

/// Whether an element, or a whole statement, matches a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Matched {
    /// It matches.
    Yes,
    /// It does not match.
    No,
    /// It reads something that is not modelled.
    Undecided,
}

impl<E> From<Result<bool, E>> for Matched {
    fn from(result: Result<bool, E>) -> Self {
        match result {
            Ok(true) => Self::Yes,
            Ok(false) => Self::No,
            Err(_) => Self::Undecided,
        }
    }
}

/// How the decision of one request came about: the result of [`explain()`].
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// The caller: an ARN, the name of a service, or `anonymous`.
    pub principal: String,
    /// The action.
    pub action: String,
    /// The ARN of the resource.
    pub resource: String,
    /// The id of the account that owns the resource.
    pub resource_account: String,
    /// The decision; `None` if it cannot be decided.
    pub decision: Option<Decision>,
    /// Why it cannot be decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The deciding statements, as [`Evaluation::by`] has them.
    pub by: Vec<Reason>,
    /// The layers that would have had to allow, as [`Evaluation::silent`] has them.
    pub silent: Vec<Layer>,
    /// Of an implicit deny the statement that came nearest to allowing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub near: Option<NearestMiss>,
    /// The layers that are in use.
    pub layers: Vec<LayerView>,
}

/// One layer of an [`Explanation`].
#[derive(Clone, Debug, Serialize)]
pub struct LayerView {
    /// The layer.
    pub layer: Layer,
    /// Its policies; grants are counted as policies of one statement.
    pub policies: Vec<PolicyView>,
}

/// One policy of an [`Explanation`].
#[derive(Clone, Debug, Serialize)]
pub struct PolicyView {
    /// The index of the policy, or of the grant, in its layer, from 0.
    pub policy: usize,
    /// The file it is from, which is left to the caller to set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Its statements.
    pub statements: Vec<StatementView>,
}

/// One statement of an [`Explanation`].
#[derive(Clone, Debug, Serialize)]
pub struct StatementView {
    /// The index of the statement in its policy, from 0.
    pub statement: usize,
    /// Its `Sid`, if it has one.
    pub sid: Option<String>,
    /// Its effect.
    pub effect: Effect,
    /// The line of the file that it begins on, from 1, which is left to the caller to set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// Whether it matches: all of its elements do.
    pub matched: Matched,
    /// Its elements, without `Sid` and `Effect`.
    pub elements: Vec<ElementView>,
}

/// One element of a statement of an [`Explanation`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ElementView {
    /// `Action`, `NotResource`, `Principal`, or the operator and key of a condition.
    pub element: String,
    /// Whether it matches the request.
    pub matched: Matched,
    /// The values that the policy has.
    pub policy: Vec<String>,
    /// The values that the request has; `None` if it lacks the key.
    pub request: Option<Vec<String>>,
}

/// The statement that came nearest to allowing a request that was not allowed. It is shown as
/// `Allow ReadReports matched all but Resource`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NearestMiss {
    /// The layer it belongs to.
    pub layer: Layer,
    /// The index of the policy, or of the grant, in its layer, from 0.
    pub policy: usize,
    /// The index of the statement in its policy, from 0; 0 for a grant.
    pub statement: usize,
    /// Its `Sid`, if it has one.
    pub sid: Option<String>,
    /// The elements of the statement that did not match.
    pub but: Vec<String>,
}

impl fmt::Display for NearestMiss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.sid {
            Some(sid) => write!(f, "Allow {sid}")?,
            None => write!(
                f,
                "the Allow in statement {} of {} policy {}",
                self.statement, self.layer, self.policy
            )?,
        }
        write!(f, " matched all but {}", self.but.join(" and "))
    }
}

/// Explains the decision of a request: every layer that is in use and takes part, with every
/// statement and every element, whether it matches, and what was compared.
///
/// ```
/// use gainsay_iam::{EvaluationInput, Matched, explain};
///
/// let (_, input) = EvaluationInput::read(
///     r#"{"principal": "arn:aws:iam::111122223333:user/ann", "action": "s3:GetObject",
///         "resource": "arn:aws:s3:::payroll/may.csv", "resource_account": "111122223333",
///         "policies": {"identity": {"Version": "2012-10-17", "Statement": {
///             "Sid": "ReadReports", "Effect": "Allow", "Action": "s3:Get*",
///             "Resource": "arn:aws:s3:::reports/*"}}}}"#,
/// );
/// let input = input?;
/// let explanation = explain(&input.request(), &input.policies());
///
/// let near = explanation.near.map(|near| near.to_string());
/// assert_eq!(near.as_deref(), Some("Allow ReadReports matched all but Resource"));
/// let statement = &explanation.layers[0].policies[0].statements[0];
/// assert_eq!(statement.matched, Matched::No);
/// let [action, resource] = statement.elements.as_slice() else { panic!() };
/// assert_eq!((action.element.as_str(), action.matched), ("Action", Matched::Yes));
/// assert_eq!((resource.element.as_str(), resource.matched), ("Resource", Matched::No));
/// assert_eq!(resource.policy, ["arn:aws:s3:::reports/*"]);
/// # Ok::<(), gainsay_iam::EvaluationInputError>(())
/// ```
#[must_use]
pub fn explain(request: &Request<'_>, policies: &Policies<'_>) -> Explanation {
    let layers = views(request, policies);
    let evaluated = evaluate(request, policies);
    let near = match &evaluated {
        Ok(evaluation) => nearest(&layers, evaluation),
        Err(_) => None,
    };
    let error = evaluated.as_ref().err().map(Undecidable::to_string);
    let (decision, by, silent) = match evaluated {
        Ok(Evaluation { decision, by, silent }) => (Some(decision), by, silent),
        Err(_) => (None, Vec::new(), Vec::new()),
    };
    Explanation {
        principal: request.principal.to_string(),
        action: request.action.to_owned(),
        resource: request.resource.to_owned(),
        resource_account: request.resource_account.to_owned(),
        decision,
        error,
        by,
        silent,
        near,
        layers,
    }
}

/// Of an implicit deny the statement that came nearest to allowing, in the layers that were silent:
/// one about the action, if there is any, and of those the first with the fewest elements that did
/// not match. `None` for every other decision.
#[must_use]
pub fn nearest_miss(
    request: &Request<'_>,
    policies: &Policies<'_>,
    evaluation: &Evaluation,
) -> Option<NearestMiss> {
    if evaluation.decision != Decision::ImplicitDeny {
        return None;
    }
    nearest(&views(request, policies), evaluation)
}

fn nearest(layers: &[LayerView], evaluation: &Evaluation) -> Option<NearestMiss> {
    if evaluation.decision != Decision::ImplicitDeny {
        return None;
    }
    let mut nearest: Option<NearestMiss> = None;
    let distance =
        |but: &[String]| (but.iter().any(|element| element.ends_with("Action")), but.len());
    for view in layers.iter().filter(|view| evaluation.silent.contains(&view.layer)) {
        for policy in &view.policies {
            for statement in
                policy.statements.iter().filter(|statement| statement.effect == Effect::Allow)
            {
                let missed =
                    statement.elements.iter().filter(|element| element.matched == Matched::No);
                let but: Vec<String> = missed.map(|element| element.element.clone()).collect();
                // What matches in a layer that is silent was not enough: a delegation, a level of
                // several.
                if but.is_empty()
                    || nearest
                        .as_ref()
                        .is_some_and(|nearest| distance(&nearest.but) <= distance(&but))
                {
                    continue;
                }
                nearest = Some(NearestMiss {
                    layer: view.layer,
                    policy: policy.policy,
                    statement: statement.statement,
                    sid: statement.sid.clone(),
                    but,
                });
            }
        }
    }
    nearest
}

/// Every layer that is in use and takes part.
fn views(request: &Request<'_>, policies: &Policies<'_>) -> Vec<LayerView> {
    let policies = &policies.taking_part(request);
    let prepared = PreparedRequest::new(request, policies.boundary.is_some());
    let has_policies =
        matches!(request.principal, Principal::User { .. } | Principal::Session { .. });
    let view = |layer: Layer, policies: Vec<&Policy>| LayerView {
        layer,
        policies: policies
            .into_iter()
            .enumerate()
            .map(|(index, policy)| policy_view(index, policy, &prepared))
            .collect(),
    };
    let mut layers = Vec::new();
    let mut add = |layer: Layer, policies: Vec<&Policy>| {
        if !policies.is_empty() {
            layers.push(view(layer, policies));
        }
    };
    if has_policies {
        add(Layer::Identity, policies.identity.iter().collect());
        add(Layer::Boundary, policies.boundary.into_iter().collect());
    }
    if request.principal.account().is_some() {
        add(Layer::Session, policies.session.iter().collect());
    }
    if let Some(policy) = policies.resource {
        add(policy.kind().layer(), vec![policy]);
    }
    if request.principal.account().is_some() && !request.principal.is_service_linked() {
        add(Layer::Scp, policies.scp.iter().flatten().collect());
    }
    if is_limited_by_rcps(&prepared) {
        add(Layer::Rcp, policies.rcp.iter().flatten().collect());
    }
    add(Layer::VpcEndpoint, policies.vpc_endpoint.into_iter().collect());
    if is_exempt_from_bucket_policy_denies(&prepared, policies.resource) {
        for layer in layers.iter_mut().filter(|layer| layer.layer == Layer::Resource) {
            for policy in &mut layer.policies {
                policy.statements.retain(|statement| statement.effect == Effect::Allow);
            }
        }
    }
    if !policies.grants.is_empty() {
        layers.push(LayerView { layer: Layer::Grant, policies: grant_views(request, policies) });
    }
    layers.sort_by_key(|view| view.layer);
    layers
}

fn policy_view(index: usize, policy: &Policy, prepared: &PreparedRequest<'_>) -> PolicyView {
    PolicyView {
        policy: index,
        file: None,
        statements: policy
            .statements()
            .iter()
            .enumerate()
            .map(|(index, statement)| statement_view(index, statement, prepared))
            .collect(),
    }
}

fn statement_view(
    index: usize,
    statement: &Statement,
    prepared: &PreparedRequest<'_>,
) -> StatementView {
    let mut elements = Vec::new();
    if let Some(principals) = &statement.principals {
        elements.push(ElementView {
            element: named("Principal", principals.negated),
            matched: prepared
                .principal_match(principals)
                .map(|principal_match| principal_match.is_some())
                .into(),
            policy: principals.entries.iter().map(ToString::to_string).collect(),
            request: Some(vec![prepared.principal.to_string()]),
        });
    }
    elements.push(ElementView {
        element: named("Action", statement.actions.negated),
        matched: Ok::<_, ()>(statement.actions.matches(&prepared.action)).into(),
        policy: statement.actions().map(str::to_owned).collect(),
        request: Some(vec![prepared.raw_action.to_owned()]),
    });
    if let Some(resources) = &statement.resources {
        elements.push(ElementView {
            element: named("Resource", resources.negated),
            matched: resources.matches(prepared).into(),
            policy: statement.resources().map(str::to_owned).collect(),
            request: Some(vec![prepared.resource.to_owned()]),
        });
    }
    for condition in &statement.conditions {
        elements.push(ElementView {
            element: condition.to_string(),
            matched: condition.holds(prepared.context).into(),
            policy: condition.raw_values.clone(),
            request: match prepared.context.find(&condition.lower) {
                ContextValue::Values(values) => Some(values.to_vec()),
                ContextValue::Absent | ContextValue::Unmodelled | ContextValue::Unknown(_) => None,
            },
        });
    }
    StatementView {
        statement: index,
        sid: statement.sid().map(str::to_owned),
        effect: statement.effect(),
        line: None,
        matched: statement
            .applies(prepared)
            .map(|principal_match| principal_match.is_some())
            .into(),
        elements,
    }
}

fn named(element: &str, negated: bool) -> String {
    if negated { format!("Not{element}") } else { element.to_owned() }
}

fn grant_views(request: &Request<'_>, policies: &Policies<'_>) -> Vec<PolicyView> {
    let view = |(index, grant): (usize, &Grant)| PolicyView {
        policy: index,
        file: None,
        statements: vec![StatementView {
            statement: 0,
            sid: None,
            effect: Effect::Allow,
            line: None,
            matched: Ok::<_, ()>(grant.principal_match(request).is_some()).into(),
            elements: grant.elements(request),
        }],
    };
    policies.grants.iter().enumerate().map(view).collect()
}
