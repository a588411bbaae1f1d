//! Why a decision is what it is: every layer, statement and element, and what was compared.
//! Computed when it is asked for, apart from
//! [`evaluate`], and from the same parts, so that it cannot say anything else.

use std::fmt;

use serde::Serialize;

use super::context::{Found, Request};
use super::document::{Asked, Effect, Policy, Statement};
use super::error::Undecidable;
use super::evaluate::{
    Decision, Evaluation, Policies, Reason, evaluate, keeps_own_bucket_policy, limits_resources,
};
use super::layer::Layer;
use super::principal::Principal;

/// Whether an element, or a whole statement, matches the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Matched {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// It reads what is not modelled.
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

/// The evaluation of one request.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// Who asks.
    pub principal: String,
    /// The action.
    pub action: String,
    /// The resource.
    pub resource: String,
    /// The account that owns it.
    pub resource_account: String,
    /// The decision; nothing if it cannot be decided.
    pub decision: Option<Decision>,
    /// Why it cannot be decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// See [`Evaluation::by`].
    pub by: Vec<Reason>,
    /// See [`Evaluation::silent`].
    pub silent: Vec<Layer>,
    /// Of an implicit deny the statement that came nearest to allowing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub near: Option<Near>,
    /// The layers that are in use.
    pub layers: Vec<LayerView>,
}

/// One layer.
#[derive(Clone, Debug, Serialize)]
pub struct LayerView {
    /// Which.
    pub layer: Layer,
    /// Its policies; grants are counted as policies of one statement.
    pub policies: Vec<PolicyView>,
}

/// One policy.
#[derive(Clone, Debug, Serialize)]
pub struct PolicyView {
    /// Which of the layer, from 0.
    pub policy: usize,
    /// Its file, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Its statements.
    pub statements: Vec<StatementView>,
}

/// One statement.
#[derive(Clone, Debug, Serialize)]
pub struct StatementView {
    /// Which of the policy, from 0.
    pub statement: usize,
    /// Its Sid.
    pub sid: Option<String>,
    /// Its effect.
    pub effect: Effect,
    /// The line it begins on, where it has a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// Whether it matches: all of its elements do.
    pub matched: Matched,
    /// Its elements.
    pub elements: Vec<ElementView>,
}

/// One element of a statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ElementView {
    /// `Action`, `NotResource`, `Principal`, or the operator and key of a condition.
    pub element: String,
    /// Whether it matches.
    pub matched: Matched,
    /// What the policy has.
    pub policy: Vec<String>,
    /// What the request has; nothing if it lacks it.
    pub request: Option<Vec<String>>,
}

/// The statement that came nearest to allowing a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Near {
    /// The layer it belongs to.
    pub layer: Layer,
    /// See [`Reason::policy`].
    pub policy: usize,
    /// See [`Reason::statement`].
    pub statement: usize,
    /// Its Sid.
    pub sid: Option<String>,
    /// The elements of it that did not match.
    pub but: Vec<String>,
}

impl fmt::Display for Near {
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

/// Explains a decision.
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
/// one about the action, if there is any, and of those the one with the fewest elements that did
/// not match, the first of them.
#[must_use]
pub fn nearest_miss(
    request: &Request<'_>,
    policies: &Policies<'_>,
    evaluation: &Evaluation,
) -> Option<Near> {
    if evaluation.decision != Decision::ImplicitDeny {
        return None;
    }
    nearest(&views(request, policies), evaluation)
}

fn nearest(layers: &[LayerView], evaluation: &Evaluation) -> Option<Near> {
    if evaluation.decision != Decision::ImplicitDeny {
        return None;
    }
    let mut nearest: Option<Near> = None;
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
                nearest = Some(Near {
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
    let asked = Asked::new(request, policies.boundary.is_some());
    let has_policies =
        matches!(request.principal, Principal::User { .. } | Principal::Session { .. });
    let view = |layer: Layer, policies: Vec<&Policy>| LayerView {
        layer,
        policies: policies
            .into_iter()
            .enumerate()
            .map(|(index, policy)| policy_view(index, policy, &asked))
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
    if limits_resources(&asked) {
        add(Layer::Rcp, policies.rcp.iter().flatten().collect());
    }
    add(Layer::VpcEndpoint, policies.vpc_endpoint.into_iter().collect());
    if keeps_own_bucket_policy(&asked, policies.resource) {
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

fn policy_view(index: usize, policy: &Policy, asked: &Asked<'_>) -> PolicyView {
    PolicyView {
        policy: index,
        file: None,
        statements: policy
            .statements()
            .iter()
            .enumerate()
            .map(|(index, statement)| statement_view(index, statement, asked))
            .collect(),
    }
}

fn statement_view(index: usize, statement: &Statement, asked: &Asked<'_>) -> StatementView {
    let mut elements = Vec::new();
    if let Some(principals) = &statement.principals {
        elements.push(ElementView {
            element: named("Principal", principals.negated),
            matched: asked.grip(principals).map(|grip| grip.is_some()).into(),
            policy: principals.entries.iter().map(ToString::to_string).collect(),
            request: Some(vec![asked.principal.to_string()]),
        });
    }
    elements.push(ElementView {
        element: named("Action", statement.actions.negated),
        matched: Ok::<_, ()>(statement.actions.matches(&asked.action)).into(),
        policy: statement.actions().map(str::to_owned).collect(),
        request: Some(vec![asked.written_action.to_owned()]),
    });
    if let Some(resources) = &statement.resources {
        elements.push(ElementView {
            element: named("Resource", resources.negated),
            matched: resources.matches(asked).into(),
            policy: statement.resources().map(str::to_owned).collect(),
            request: Some(vec![asked.resource.to_owned()]),
        });
    }
    for condition in &statement.conditions {
        elements.push(ElementView {
            element: condition.to_string(),
            matched: condition.holds(asked.context).into(),
            policy: condition.written.clone(),
            request: match asked.context.find(&condition.lower) {
                Found::Values(values) => Some(values.to_vec()),
                Found::Absent | Found::Unmodelled | Found::Unsaid(_) => None,
            },
        });
    }
    StatementView {
        statement: index,
        sid: statement.sid().map(str::to_owned),
        effect: statement.effect(),
        line: None,
        matched: statement.applies(asked).map(|grip| grip.is_some()).into(),
        elements,
    }
}

fn named(element: &str, negated: bool) -> String {
    if negated { format!("Not{element}") } else { element.to_owned() }
}

fn grant_views(request: &Request<'_>, policies: &Policies<'_>) -> Vec<PolicyView> {
    let view = |(index, grant): (usize, &super::grant::Grant)| PolicyView {
        policy: index,
        file: None,
        statements: vec![StatementView {
            statement: 0,
            sid: None,
            effect: Effect::Allow,
            line: None,
            matched: Ok::<_, ()>(grant.grip(request).is_some()).into(),
            elements: grant.elements(request),
        }],
    };
    policies.grants.iter().enumerate().map(view).collect()
}
