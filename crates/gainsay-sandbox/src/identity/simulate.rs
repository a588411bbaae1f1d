//! The policy simulator, answered by the engine that answers everything else
//! (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html>). It
//! makes no call; it evaluates policies over what the request says.

use std::collections::BTreeSet;

use gainsay_iam::{Context, Decision, Layer, Policies, Policy, PolicyKind, Principal, Request};
use gainsay_model::Document;

use super::{
    Call, Fault, Operation, Result, element, listed,
    position::{Place, places},
    state::{Boundary, Directory, Entity, Kind},
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
    identity: Vec<Named>,
    boundary: Option<Named>,
    resource_policy: Option<String>,
    owner: Option<String>,
    context: Context,
    keys: BTreeSet<String>,
    /// Whether answers speak of the organization of the account: where an entity is simulated. What
    /// its policies allow is allowed here, as the sandbox has none.
    organization: bool,
}

/// A policy, with the name by which answers call it.
struct Named {
    id: String,
    policy: Policy,
    /// Where its statements stand.
    places: Vec<Place>,
}

impl Named {
    fn new(id: impl Into<String>, policy: Policy, text: &str) -> Self {
        Self { id: id.into(), policy, places: places(text) }
    }

    fn read(id: impl Into<String>, text: &str, kind: PolicyKind) -> Result<Self> {
        Ok(Self::new(id, read(text, kind)?, text))
    }

    /// A statement of it, as answers refer to it.
    fn matched(&self, statement: usize, kind: &str) -> String {
        let mut xml = element("SourcePolicyId", &self.id) + &element("SourcePolicyType", kind);
        if let Some(place) = self.places.get(statement) {
            xml += &wrapped("StartPosition", &position(place.start));
            xml += &wrapped("EndPosition", &position(place.end));
        }
        xml
    }
}

fn position((line, column): (usize, usize)) -> String {
    element("Line", &line.to_string()) + &element("Column", &column.to_string())
}

fn read(text: &str, kind: PolicyKind) -> Result<Policy> {
    Policy::from_text(kind, text)
        .map_err(|problem| Fault::new(400, "InvalidInput", problem.to_string()))
}

/// The policies and the context that a request brings.
fn common(call: &mut Call<'_>, principal: Principal) -> Result<Simulation> {
    let mut identity = Vec::new();
    for (at, text) in call.members("PolicyInputList").iter().enumerate() {
        let id = format!("PolicyInputList.{}", at + 1);
        identity.push(Named::read(id, text, PolicyKind::Identity)?);
    }
    let boundaries = call.members("PermissionsBoundaryPolicyInputList");
    let boundary = match boundaries.as_slice() {
        [] => None,
        [one] => {
            Some(Named::read("PermissionsBoundaryPolicyInputList.1", one, PolicyKind::Boundary)?)
        }
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
        organization: false,
    })
}

fn custom(call: &mut Call<'_>) -> Result<String> {
    call.ask("SimulateCustomPolicy", "*", |_| {})?;
    let caller = call
        .take("CallerArn")
        .unwrap_or_else(|| format!("arn:aws:iam::{}:user/simulated", call.account));
    let simulation = common(call, Principal::User { arn: caller })?;
    if simulation.identity.is_empty() {
        return Err(Fault::validation("PolicyInputList must not be empty"));
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
    let caller = match entity.kind {
        Kind::User => Principal::User { arn: arn.clone() },
        Kind::Role => {
            let role = call.world.roles.get(&arn).cloned();
            let role = role.ok_or_else(|| Fault::missing("The role cannot be found."))?;
            let session = crate::authorize::session_arn(&role, "simulated");
            Principal::Session { role: arn.clone(), arn: session }
        }
        // Nobody is a group: somebody who has its policies.
        Kind::Group => {
            Principal::User { arn: format!("arn:aws:iam::{}:user/simulated", call.account) }
        }
    };
    let mut simulation = common(call, caller)?;
    let directory = call.world.directory.clone();
    let mut own = policies_of(&directory, &entity);
    for name in &entity.groups {
        if let Some(group) = directory.find(Kind::Group, &entity.account, name) {
            own.extend(policies_of(&directory, group));
        }
    }
    simulation.identity.splice(0..0, own);
    simulation.organization = true;
    // A boundary in the request takes the place of the one that is there.
    if simulation.boundary.is_none() {
        simulation.boundary = match &entity.boundary {
            None => None,
            Some(Boundary::Declared(document)) => Some(named("PermissionsBoundary", document)),
            Some(Boundary::Managed(arn)) => {
                let document = directory.managed(arn);
                let document = document
                    .ok_or_else(|| Fault::not_modelled("a boundary whose policy is gone"))?;
                Some(named(last_part(arn), &document))
            }
        };
    }
    run(call, &simulation)
}

fn last_part(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or_default()
}

fn named(id: impl Into<String>, document: &Document) -> Named {
    Named::new(id, document.policy.clone(), &document.text)
}

/// The policies that an entity has of itself. Inline ones are called by kind, owner and name, as in
/// answers of AWS about roles that were published; of users and groups that is assumed.
fn policies_of(directory: &Directory, entity: &Entity) -> Vec<Named> {
    let inline = entity.inline.iter().map(|(name, document)| {
        named(format!("{}_{}_{name}", entity.kind.word(), entity.name), document)
    });
    let attached = entity
        .attached
        .iter()
        .filter_map(|arn| Some(named(last_part(arn), &directory.managed(arn)?)));
    inline.chain(attached).collect()
}

/// Every action on every resource.
fn run(call: &mut Call<'_>, simulation: &Simulation) -> Result<String> {
    let actions = call.members("ActionNames");
    let mut resources = call.members("ResourceArns");
    if actions.is_empty() {
        return Err(Fault::validation("ActionNames must not be empty"));
    }
    if resources.is_empty() {
        resources.push("*".to_owned());
    }
    let mut results = Vec::new();
    for action in &actions {
        if !action.contains(':') || action.contains('*') {
            return Err(Fault::new(
                400,
                "InvalidInput",
                format!("Invalid Entity Arn or action: {action}"),
            ));
        }
        for resource in &resources {
            // A number that sorts as text: the marker of a page.
            let number = format!("{:09}", results.len() + 1);
            results.push((number, one(call, simulation, action, resource)?));
        }
    }
    call.page("EvaluationResults", results.into_iter())
}

/// The result of one action on one resource. Where the resource is named, it has a result of its
/// own besides, which has what is missing of the context
/// (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_EvaluationResult.html>).
fn one(call: &Call<'_>, simulation: &Simulation, action: &str, resource: &str) -> Result<String> {
    let owner = simulation.owner.as_deref().map(|owner| owner.split(':').nth(4).unwrap_or(owner));
    let stated = resource.split(':').nth(4).filter(|account| !account.is_empty());
    let account = owner.or(stated).unwrap_or(&call.account);
    let kind = if resource.starts_with("arn:aws:kms:") {
        PolicyKind::KeyPolicy
    } else {
        PolicyKind::Bucket
    };
    let resource_policy = simulation.resource_policy.as_deref();
    let resource_policy =
        resource_policy.map(|text| Named::read("ResourcePolicy", text, kind)).transpose()?;
    let identity: Vec<Policy> =
        simulation.identity.iter().map(|named| named.policy.clone()).collect();
    let request = Request {
        principal: &simulation.principal,
        action,
        resource,
        resource_account: account,
        context: &simulation.context,
    };
    let policies = Policies {
        identity: &identity,
        resource: resource_policy.as_ref().map(|named| &named.policy),
        boundary: simulation.boundary.as_ref().map(|named| &named.policy),
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
        let (named, kind) = match reason.layer {
            Layer::Identity => (simulation.identity.get(reason.policy), "IAM Policy"),
            Layer::Boundary => (simulation.boundary.as_ref(), "IAM Policy"),
            Layer::Resource
            | Layer::Session
            | Layer::Scp
            | Layer::Rcp
            | Layer::VpcEndpoint
            | Layer::KeyPolicy
            | Layer::Grant
            | Layer::TrustPolicy
            | Layer::BlockPublicAccess
            | Layer::ObjectOwnership
            | Layer::ObjectLock
            | Layer::EncryptionBlock
            | Layer::KeyState => (resource_policy.as_ref(), "Resource Policy"),
        };
        Some(named?.matched(reason.statement, kind))
    });
    let matched = listed("MatchedStatements", matched);
    let is_given = |key: &String| simulation.keys.contains(&key.to_lowercase());
    let missing =
        condition_keys(&identity).into_iter().filter(|key| !is_given(key)).map(|key| escaped(&key));
    let missing = listed("MissingContextValues", missing);
    let bounded = simulation.boundary.as_ref().map_or(String::new(), |_| {
        let denied = evaluation.silent.contains(&Layer::Boundary)
            || evaluation
                .by
                .iter()
                .any(|reason| reason.layer == Layer::Boundary && decision == "explicitDeny");
        let allowed = element("AllowedByPermissionsBoundary", &(!denied).to_string());
        wrapped("PermissionsBoundaryDecisionDetail", &allowed)
    });
    let mut xml = element("EvalActionName", action)
        + &element("EvalResourceName", resource)
        + &element("EvalDecision", decision)
        + &matched;
    if resource == "*" {
        xml += &missing;
    } else {
        xml += &listed("MissingContextValues", std::iter::empty());
        // What there is to say across accounts is left out.
        if account == call.account {
            xml += &wrapped("EvalDecisionDetails", "");
        }
        let own = element("EvalResourceName", resource)
            + &element("EvalResourceDecision", decision)
            + &matched
            + &missing
            + &bounded;
        xml += &listed("ResourceSpecificResults", std::iter::once(own));
    }
    if simulation.organization {
        // Recorded by LocalStack of an account in an organization whose policies allow.
        let allowed = element("AllowedByOrganizations", "true");
        xml += &wrapped("OrganizationsDecisionDetail", &allowed);
    }
    Ok(xml + &bounded)
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
    let directory = call.world.directory.clone();
    let entity = directory.entities.get(&arn).filter(|entity| entity.account == call.account);
    let entity =
        entity.ok_or_else(|| Fault::missing(&format!("The principal {arn} cannot be found.")))?;
    policies.extend(policies_of(&directory, entity).into_iter().map(|named| named.policy));
    for name in &entity.groups {
        if let Some(group) = directory.find(Kind::Group, &entity.account, name) {
            policies.extend(policies_of(&directory, group).into_iter().map(|named| named.policy));
        }
    }
    Ok(key_names(&condition_keys(&policies)))
}
