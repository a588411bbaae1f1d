//! The policy simulator, answered by the engine that answers everything else
//! (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html>). It
//! makes no call; it evaluates policies over what the request says.

use std::collections::BTreeSet;

use gainsay_iam::{Context, Decision, Policies, Policy, PolicyKind, Principal, Request};
use gainsay_model::Document;

use super::{
    Call, Fault, Operation, Result, element, listed,
    state::{Boundary, Kind},
    wrapped,
};

pub(super) const OPERATIONS: &[(&str, Operation)] = &[
    ("SimulatePrincipalPolicy", principal),
    ("SimulateCustomPolicy", custom),
    ("GetContextKeysForCustomPolicy", keys_of_custom),
    ("GetContextKeysForPrincipalPolicy", keys_of_principal),
];

/// What is simulated, apart from actions and resources.
struct Simulation {
    principal: Principal,
    /// With the names by which answers call them.
    identity: Vec<(String, Policy)>,
    boundary: Option<Policy>,
    resource_policy: Option<String>,
    owner: Option<String>,
    context: Context,
    keys: BTreeSet<String>,
}

fn read(text: &str, kind: PolicyKind) -> Result<Policy> {
    Policy::from_text(kind, text)
        .map_err(|problem| Fault::new(400, "InvalidInput", problem.to_string()))
}

/// The policies and the context that a request brings.
fn common(call: &mut Call<'_>, principal: Principal) -> Result<Simulation> {
    let mut identity = Vec::new();
    for (at, text) in call.members("PolicyInputList").iter().enumerate() {
        identity.push((format!("PolicyInputList.{}", at + 1), read(text, PolicyKind::Identity)?));
    }
    let boundaries = call.members("PermissionsBoundaryPolicyInputList");
    let boundary = match boundaries.as_slice() {
        [] => None,
        [one] => Some(read(one, PolicyKind::Boundary)?),
        _ => return Err(Fault::new(400, "InvalidInput", "there may be one permissions boundary")),
    };
    let (mut context, mut keys) = (Context::new(), BTreeSet::new());
    for number in 1.. {
        let Some(name) = call.take(&format!("ContextEntries.member.{number}.ContextKeyName"))
        else {
            break;
        };
        let values = call.members(&format!("ContextEntries.member.{number}.ContextKeyValues"));
        _ = call.take(&format!("ContextEntries.member.{number}.ContextKeyType"));
        keys.insert(name.to_lowercase());
        match values.as_slice() {
            [one] => context.set(&name, one.as_str()),
            _ => context.set_all(&name, values),
        }
    }
    Ok(Simulation {
        principal,
        identity,
        boundary,
        resource_policy: call.take("ResourcePolicy"),
        owner: call.take("ResourceOwner"),
        context,
        keys,
    })
}

fn custom(call: &mut Call<'_>) -> Result<String> {
    call.ask("SimulateCustomPolicy", "*", |_| {})?;
    let caller = call
        .take("CallerArn")
        .unwrap_or_else(|| format!("arn:aws:iam::{}:user/simulated", call.account));
    let simulation = common(call, Principal::User { arn: caller })?;
    if simulation.identity.is_empty() {
        return Err(Fault::invalid("PolicyInputList must not be empty"));
    }
    run(call, &simulation)
}

fn principal(call: &mut Call<'_>) -> Result<String> {
    let arn = call.need("PolicySourceArn")?;
    call.ask("SimulatePrincipalPolicy", &arn, |_| {})?;
    let entity = call
        .world
        .directory
        .entities
        .get(&arn)
        .filter(|entity| entity.account == call.account)
        .cloned();
    let entity =
        entity.ok_or_else(|| Fault::missing(&format!("The principal {arn} cannot be found.")))?;
    if let Some(caller) = call.take("CallerArn").filter(|caller| *caller != arn) {
        return Err(Fault::not_modelled(&format!("the caller {caller} with another's policies")));
    }
    let (documents, boundary, principal) = match entity.kind {
        Kind::User => {
            let user = call.world.users.get(&arn).cloned();
            let user = user.ok_or_else(|| Fault::missing("The user cannot be found."))?;
            (user.policies.clone(), user.boundary.clone(), Principal::User { arn: arn.clone() })
        }
        Kind::Role => {
            let role = call.world.roles.get(&arn).cloned();
            let role = role.ok_or_else(|| Fault::missing("The role cannot be found."))?;
            let session = crate::authorize::session_arn(&role, "simulated");
            let principal = Principal::Session { role: arn.clone(), arn: session };
            (role.policies.clone(), role.boundary.clone(), principal)
        }
        Kind::Group => return Err(Fault::not_modelled("the simulation of a group")),
    };
    let mut simulation = common(call, principal)?;
    let own = documents
        .into_iter()
        .map(|document: Document| (document.source.name().to_owned(), document.policy));
    simulation.identity.splice(0..0, own);
    // A boundary in the request takes the place of the one that is there.
    if simulation.boundary.is_none() {
        simulation.boundary = boundary.map(|document| document.policy);
        if simulation.boundary.is_none() && matches!(entity.boundary, Some(Boundary::Managed(_))) {
            return Err(Fault::not_modelled("a boundary whose policy is gone"));
        }
    }
    run(call, &simulation)
}

/// Every action on every resource.
fn run(call: &mut Call<'_>, simulation: &Simulation) -> Result<String> {
    let actions = call.members("ActionNames");
    let mut resources = call.members("ResourceArns");
    call.done()?;
    if actions.is_empty() {
        return Err(Fault::invalid("ActionNames must not be empty"));
    }
    if resources.is_empty() {
        resources.push("*".to_owned());
    }
    let mut results = String::new();
    for action in &actions {
        if !action.contains(':') || action.contains('*') {
            return Err(Fault::new(
                400,
                "InvalidInput",
                format!("Invalid Entity Arn or action: {action}"),
            ));
        }
        for resource in &resources {
            results += &wrapped("member", &one(call, simulation, action, resource)?);
        }
    }
    Ok(format!("<EvaluationResults>{results}</EvaluationResults><IsTruncated>false</IsTruncated>"))
}

fn one(call: &Call<'_>, simulation: &Simulation, action: &str, resource: &str) -> Result<String> {
    let owner = simulation.owner.as_deref().map(|owner| owner.split(':').nth(4).unwrap_or(owner));
    let named = resource.split(':').nth(4).filter(|account| !account.is_empty());
    let account = owner.or(named).unwrap_or(&call.account);
    let kind = if resource.starts_with("arn:aws:kms:") {
        PolicyKind::KeyPolicy
    } else {
        PolicyKind::Bucket
    };
    let resource_policy =
        simulation.resource_policy.as_deref().map(|text| read(text, kind)).transpose()?;
    let identity: Vec<Policy> =
        simulation.identity.iter().map(|(_, policy)| policy.clone()).collect();
    let request = Request {
        principal: &simulation.principal,
        action,
        resource,
        resource_account: account,
        context: &simulation.context,
    };
    let policies = Policies {
        identity: &identity,
        resource: resource_policy.as_ref(),
        boundary: simulation.boundary.as_ref(),
        ..Policies::default()
    };
    let evaluation = gainsay_iam::evaluate(&request, &policies).map_err(|problem| {
        Fault::new(
            501,
            "NotImplemented",
            format!("the sandbox cannot decide this request: {problem}"),
        )
    })?;
    let decision = match evaluation.decision {
        Decision::Allow => "allowed",
        Decision::ExplicitDeny => "explicitDeny",
        Decision::ImplicitDeny => "implicitDeny",
    };
    let matched = evaluation.by.iter().filter_map(|reason| {
        let (id, kind) = match reason.layer {
            gainsay_iam::Layer::Identity => {
                (simulation.identity.get(reason.policy)?.0.as_str(), "IAM Policy")
            }
            gainsay_iam::Layer::Boundary => ("PermissionsBoundaryPolicyInputList.1", "IAM Policy"),
            _ => ("ResourcePolicy", "Resource Policy"),
        };
        Some(element("SourcePolicyId", id) + &element("SourcePolicyType", kind))
    });
    let told = |key: &String| simulation.keys.contains(&key.to_lowercase());
    let missing =
        condition_keys(&identity).into_iter().filter(|key| !told(key)).map(|key| escaped(&key));
    let mut xml = [
        element("EvalActionName", action),
        element("EvalResourceName", resource),
        element("EvalDecision", decision),
        listed("MatchedStatements", matched),
        listed("MissingContextValues", missing),
    ]
    .concat();
    if simulation.boundary.is_some() {
        let denied = evaluation.silent.contains(&gainsay_iam::Layer::Boundary)
            || evaluation.by.iter().any(|reason| {
                reason.layer == gainsay_iam::Layer::Boundary && decision == "explicitDeny"
            });
        let allowed = element("AllowedByPermissionsBoundary", &(!denied).to_string());
        xml += &wrapped("PermissionsBoundaryDecisionDetail", &allowed);
    }
    Ok(xml)
}

fn condition_keys(policies: &[Policy]) -> BTreeSet<String> {
    let statements = policies.iter().flat_map(Policy::statements);
    statements.flat_map(|statement| statement.condition_keys().map(str::to_owned)).collect()
}

fn escaped(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}

fn key_names(keys: &BTreeSet<String>) -> String {
    listed("ContextKeyNames", keys.iter().map(|key| escaped(key)))
}

fn keys_of_custom(call: &mut Call<'_>) -> Result<String> {
    call.ask("GetContextKeysForCustomPolicy", "*", |_| {})?;
    let texts = call.members("PolicyInputList");
    call.done()?;
    let policies =
        texts.iter().map(|text| read(text, PolicyKind::Identity)).collect::<Result<Vec<_>>>()?;
    Ok(key_names(&condition_keys(&policies)))
}

fn keys_of_principal(call: &mut Call<'_>) -> Result<String> {
    let arn = call.need("PolicySourceArn")?;
    call.ask("GetContextKeysForPrincipalPolicy", &arn, |_| {})?;
    let texts = call.members("PolicyInputList");
    call.done()?;
    let mut policies =
        texts.iter().map(|text| read(text, PolicyKind::Identity)).collect::<Result<Vec<_>>>()?;
    let of = |documents: &[Document]| {
        documents.iter().map(|document| document.policy.clone()).collect::<Vec<_>>()
    };
    let own = call.world.users.get(&arn).map(|user| of(&user.policies));
    let own = own.or_else(|| call.world.roles.get(&arn).map(|role| of(&role.policies)));
    policies.extend(
        own.ok_or_else(|| Fault::missing(&format!("The principal {arn} cannot be found.")))?,
    );
    Ok(key_names(&condition_keys(&policies)))
}
