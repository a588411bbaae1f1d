//! A search through the requests that policies can tell apart: is there one of a forbidden kind
//! that is not denied?
//!
//! A policy compares a request with finitely many texts. So finitely many requests stand for all:
//! for every principal, action, resource and condition value that a policy names, that one and one
//! beyond it. The answer is sound in what it finds, for every request found is decided by the
//! engine itself; that there is none holds within the space that was searched, which is told by
//! its size.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::actions::{ACTIONS, Action, action};
use super::condition::Condition;
use super::context::{Context, OwnedRequest, Request};
use super::document::{Asked, Effect, Policy, Statement};
use super::error::Undecidable;
use super::evaluate::{Decision, Policies, evaluate, is_denied};
use super::keys::condition_key;
use super::layer::Layer;
use super::operand::{Test, instant, network};
use super::outside::{Organizations, Outside, outside};
use super::pattern::{FILL, Glob, instances, literal};
use super::principal::{Entry, Principal};

/// So many requests are decided at most.
const MOST: usize = 500_000;
/// A name that no policy has.
const BEYOND: &str = "gainsay-beyond";
/// An account that no policy has: the numbers of AWS's own examples are others.
const STRANGER: &str = "987654321098";

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// A request that no statement denies, whether or not anything allows it.
    NotDenied,
    /// A request that is allowed.
    Allowed,
}

/// The requests that are searched: the product of its parts. Every part can be narrowed.
#[derive(Clone, Debug, Default)]
pub struct RequestSpace {
    /// Who asks.
    pub principals: Vec<Principal>,
    /// For what.
    pub actions: Vec<String>,
    /// On what, with the account that owns it.
    pub resources: Vec<(String, String)>,
    /// Keys that every request has.
    pub fixed: Context,
    /// Which organization each account is in. Who asks may be of any account that no policy names,
    /// in any organization: that varies. Of every other account it is a fact; a request whose
    /// decision rests on one that is not said is undecided.
    pub organizations: Organizations,
    /// Keys whose values vary: each of these, where nothing is the absent key. A key that is fixed
    /// does not vary.
    pub keys: BTreeMap<String, Vec<Option<Vec<String>>>>,
}

/// What a search comes to.
#[derive(Clone, Debug)]
pub enum SearchOutcome {
    /// A request of the kind.
    Request(Box<OwnedRequest>),
    /// None among so many.
    None {
        /// How many requests were decided.
        asked: usize,
    },
    /// None among those that could be decided; the first that could not.
    Undecided(Undecidable),
    /// The space has more requests than are searched.
    TooMany,
}

impl RequestSpace {
    /// Every request that these policies can tell apart, for resources of an account.
    #[must_use]
    pub fn of(policies: &Policies<'_>, account: &str) -> Self {
        let all: Vec<&Statement> = policies.every().flat_map(Policy::statements).collect();
        let mut resources: BTreeSet<(String, String)> = BTreeSet::new();
        let actions = actions(&all);
        let mut add = |resource: String| {
            let owner =
                resource.split(':').nth(4).filter(|owner| !owner.is_empty()).unwrap_or(account);
            let owner = owner.to_owned();
            resources.insert((resource, owner));
        };
        for pattern in all.iter().flat_map(|statement| statement.resources()) {
            for resource in instances(pattern) {
                beside(&resource).for_each(&mut add);
                add(resource);
            }
        }
        let types =
            actions.iter().filter_map(|name| action(name)).flat_map(|action| action.resources);
        for of in types {
            add(of.arn().replacen("arn:*:", "arn:aws:", 1).replace('*', BEYOND));
        }
        add("*".to_owned());
        let mut keys = keys(all.iter().flat_map(|statement| &statement.conditions));
        for variable in all.iter().flat_map(|statement| statement.variables()) {
            let options = keys.entry(variable.to_owned()).or_insert_with(|| vec![None]);
            options.extend([FILL, BEYOND].map(|value| Some(vec![value.to_owned()])));
            options.sort();
            options.dedup();
        }
        Self {
            principals: principals(&all, account),
            actions,
            resources: resources.into_iter().collect(),
            fixed: Context::new(),
            organizations: Organizations::default(),
            keys,
        }
    }

    /// Leaves of the actions that nothing tells apart the first. The statements match all of them
    /// or none, they are asked for on the same types of resource, and the engine makes no exception
    /// for one: a request with one of them is decided as one with another.
    pub fn leave_alike_actions(&mut self, policies: &Policies<'_>) {
        let statements: Vec<&Statement> = policies.every().flat_map(Policy::statements).collect();
        let mut seen = BTreeSet::new();
        self.actions.retain(|name| {
            let lower = name.to_ascii_lowercase();
            let known = action(name);
            let types = known.map_or(&[][..], |known| known.resources);
            let service = lower.split(':').next().unwrap_or_default().to_owned();
            let own =
                (known.is_none() || EXCEPTIONS.contains(&lower.as_str())).then(|| lower.clone());
            let matched: Vec<bool> =
                statements.iter().map(|statement| statement.actions.matches(&lower)).collect();
            seen.insert((service, own, types, matched))
        });
    }
}

/// The actions for which the engine makes an exception, in lower case.
const EXCEPTIONS: [&str; 4] =
    ["kms:retiregrant", "s3:getbucketpolicy", "s3:putbucketpolicy", "s3:deletebucketpolicy"];

/// Looks for a request of the space that is of a kind and meets the goal.
pub fn search(
    policies: &Policies<'_>,
    space: &RequestSpace,
    goal: Goal,
    is_of_kind: impl Fn(&Request<'_>) -> bool,
) -> SearchOutcome {
    let (mut asked, mut looked_at, mut undecided) = (0, 0_usize, None);
    for principal in &space.principals {
        for action in &space.actions {
            for (resource, account) in
                space.resources.iter().filter(|(resource, _)| is_possible(action, resource))
            {
                let mut fixed = space.fixed.clone();
                tell_who(&mut fixed, principal);
                tell_organizations(&mut fixed, space, principal, account);
                let request = Request {
                    principal,
                    action,
                    resource,
                    resource_account: account,
                    context: &fixed,
                };
                let varying = varying(policies, space, &request);
                let sizes = varying.iter().map(|(_, values)| values.len());
                let many = sizes.fold(1_usize, usize::saturating_mul);
                looked_at = looked_at.saturating_add(many);
                if looked_at > MOST {
                    return SearchOutcome::TooMany;
                }
                // What is settled is asked for once, whatever varies.
                let many = if many > 1 && is_settled(policies, &request, goal) { 1 } else { many };
                for number in 0..many {
                    let mut context = chosen(&space.fixed, &varying, number);
                    tell_who(&mut context, principal);
                    tell_organizations(&mut context, space, principal, account);
                    let request = Request { context: &context, ..request };
                    if !is_of_kind(&request) {
                        continue;
                    }
                    asked += 1;
                    match evaluate(&request, policies).map(|evaluation| evaluation.decision) {
                        Ok(Decision::Allow) => {}
                        Ok(Decision::ImplicitDeny) if goal == Goal::NotDenied => {}
                        Ok(_) => continue,
                        // Whatever else is in doubt.
                        Err(_) if is_denied(&request, policies) => continue,
                        Err(doubt) => {
                            undecided.get_or_insert(doubt);
                            continue;
                        }
                    }
                    return SearchOutcome::Request(Box::new(OwnedRequest::from(&request)));
                }
            }
        }
    }
    undecided.map_or(SearchOutcome::None { asked }, SearchOutcome::Undecided)
}

/// Whether a request, with nothing but what does not vary, is decided against the goal whatever
/// else it has: a statement denies it that reads nothing but fixed keys and who asks, or nobody
/// from elsewhere could be allowed it, since the resource's policy holds no statement that would.
fn is_settled(policies: &Policies<'_>, request: &Request<'_>, goal: Goal) -> bool {
    let own = policies.resource.map_or(&[][..], Policy::statements);
    let asked = Asked::new(request, policies.boundary.is_some());
    let is_elsewhere =
        request.principal.account() != Some(request.resource_account) && policies.grants.is_empty();
    if goal == Goal::Allowed
        && is_elsewhere
        && !own
            .iter()
            .any(|statement| statement.effect == Effect::Allow && statement.may_apply(&asked))
    {
        return true;
    }
    let Ok(evaluation) = evaluate(request, policies) else {
        return false;
    };
    let is_known = |key: &str| request.context.get(key).is_some() || TOLD_OF_WHO.contains(&key);
    let governing = evaluation
        .by
        .iter()
        .filter(|reason| matches!(reason.layer, Layer::Resource | Layer::KeyPolicy));
    evaluation.decision == Decision::ExplicitDeny
        && governing.filter_map(|reason| own.get(reason.statement)).any(|statement| {
            let conditions = statement.conditions.iter().map(|condition| condition.lower.as_str());
            conditions.chain(statement.variables()).all(is_known)
        })
}

/// Whether an action is ever asked for on a resource.
fn is_possible(name: &str, resource: &str) -> bool {
    match action(name) {
        None => resource != "*",
        Some(known) if known.resources.is_empty() => resource == "*",
        Some(known) => known.resources.iter().any(|of| of.fits(resource)),
    }
}

/// Resources beside one: what it lies in, as the bucket of an object, and others at every `/` and
/// after the ARN's start.
fn beside(resource: &str) -> impl Iterator<Item = String> + '_ {
    let start = resource.match_indices(':').nth(4).map(|(at, _)| at);
    let slashes = || resource.match_indices('/').map(|(at, _)| at);
    let others = start.into_iter().chain(slashes());
    let others = others.filter_map(|at| Some(format!("{}{BEYOND}", resource.get(..=at)?)));
    others.chain(slashes().filter_map(|at| resource.get(..at).map(str::to_owned)))
}

/// The keys that make a difference to a request: those of statements that match it but for their
/// conditions.
fn varying<'f>(
    policies: &Policies<'_>,
    space: &'f RequestSpace,
    request: &Request<'_>,
) -> Vec<(&'f str, &'f [Option<Vec<String>>])> {
    let asked = Asked::new(request, policies.boundary.is_some());
    let mut read: BTreeSet<String> = BTreeSet::new();
    for statement in policies.every().flat_map(Policy::statements) {
        if statement.may_apply(&asked) {
            // A variable in a resource or a value is read, too.
            read.extend(statement.variables().map(str::to_owned));
            read.extend(statement.conditions.iter().map(|condition| condition.lower.clone()));
        }
    }
    let varies = |(key, values): (&'f String, &'f Vec<Option<Vec<String>>>)| {
        let lower = key.to_lowercase();
        let is_free = match outside(&lower) {
            Some(Outside::PrincipalOrganization) => is_stranger(request.principal),
            Some(Outside::ResourceOrganization) => false,
            // Of a request, or of an account that no policy names: the searcher chooses.
            None
            | Some(
                Outside::SourceOrganization
                | Outside::Endpoint
                | Outside::Vpc
                | Outside::EndpointOwner
                | Outside::Address
                | Outside::PrivateAddress,
            ) => true,
        };
        (is_free && read.contains(&lower) && space.fixed.get(key).is_none())
            .then_some((key.as_str(), values.as_slice()))
    };
    space.keys.iter().filter_map(varies).collect()
}

/// The context of one number, of which each key's value is a digit.
fn chosen(
    fixed: &Context,
    varying: &[(&str, &[Option<Vec<String>>])],
    mut number: usize,
) -> Context {
    let mut context = fixed.clone();
    for (key, values) in varying {
        let base = values.len().max(1);
        if let Some(Some(values)) = values.get(number % base) {
            context.set_all(key, values.iter().cloned());
        }
        number /= base;
    }
    context
}

/// The keys of [`tell_who`], in lower case.
const TOLD_OF_WHO: [&str; 4] = [
    "aws:principalarn",
    "aws:principalaccount",
    "aws:principalservicename",
    "aws:principalisawsservice",
];

/// Who asks follows from the principal, and does not vary.
fn tell_who(context: &mut Context, principal: &Principal) {
    let arn = match principal {
        Principal::Session { role, .. } => Some(role.clone()),
        other => other.to_arn().map(std::borrow::Cow::into_owned),
    };
    // A list without values is an absent key.
    context.set_all("aws:PrincipalArn", arn);
    context.set_all("aws:PrincipalAccount", principal.account().map(str::to_owned));
    let service = match principal {
        Principal::Service(name) => Some(name.clone()),
        _ => None,
    };
    context.set_all("aws:PrincipalServiceName", service);
    context
        .set("aws:PrincipalIsAWSService", matches!(principal, Principal::Service(_)).to_string());
}

/// Tells of the organizations that are a fact.
fn tell_organizations(
    context: &mut Context,
    space: &RequestSpace,
    principal: &Principal,
    resource_account: &str,
) {
    if !is_stranger(principal) {
        space.organizations.set_principal(context, principal);
    }
    space.organizations.set_resource(context, resource_account);
}

/// Whether someone is of an account that no policy names.
fn is_stranger(principal: &Principal) -> bool {
    principal.account() == Some(STRANGER)
}

/// Who the statements tell apart: everyone they name, another of each account, a stranger and
/// nobody.
fn principals(statements: &[&Statement], account: &str) -> Vec<Principal> {
    let mut found = vec![Principal::Anonymous];
    let mut accounts = BTreeSet::from([account.to_owned(), STRANGER.to_owned()]);
    let entries = statements.iter().filter_map(|statement| statement.principals.as_ref());
    for entry in entries.flat_map(|principals| &principals.entries) {
        match entry {
            Entry::Account(account) => _ = accounts.insert(account.clone()),
            Entry::Service(name) => found.push(Principal::Service(name.clone())),
            Entry::Federated(name) => found.push(Principal::Federated(name.clone())),
            Entry::Arn(arn) => {
                accounts.extend(arn.split(':').nth(4).map(str::to_owned));
                found.push(holder(arn));
            }
            Entry::Everyone | Entry::CanonicalUser => {}
        }
    }
    // Conditions name principals, too.
    for condition in statements.iter().flat_map(|statement| &statement.conditions) {
        match condition.lower.as_str() {
            "aws:principalarn" => found.extend(
                condition
                    .written
                    .iter()
                    .flat_map(|written| instances(written))
                    .map(|arn| holder(&arn)),
            ),
            "aws:principalservicename" => {
                let names = condition.written.iter().flat_map(|written| instances(written));
                found.extend(names.map(Principal::Service));
            }
            "aws:principalaccount" => accounts.extend(condition.written.iter().cloned()),
            _ => {}
        }
    }
    for account in accounts {
        found.push(holder(&format!("arn:aws:iam::{account}:role/{BEYOND}")));
        found.push(Principal::Root { account });
    }
    let mut distinct: Vec<Principal> = Vec::new();
    for principal in found {
        if !distinct.contains(&principal) {
            distinct.push(principal);
        }
    }
    distinct
}

/// Who has an ARN: of a role one of its sessions.
fn holder(arn: &str) -> Principal {
    let (start, name) = arn.rsplit_once('/').unwrap_or(("", arn));
    let account = arn.split(':').nth(4).unwrap_or_default();
    if arn.contains(":role/") {
        Principal::Session {
            role: arn.to_owned(),
            arn: format!("arn:aws:sts::{account}:assumed-role/{name}/{BEYOND}"),
        }
    } else if let Some(role) = start.strip_prefix(&format!("arn:aws:sts::{account}:assumed-role/"))
    {
        Principal::Session {
            role: format!("arn:aws:iam::{account}:role/{role}"),
            arn: arn.to_owned(),
        }
    } else {
        Principal::User { arn: arn.to_owned() }
    }
}

/// The actions that the statements tell apart: every known one of the services they name, and what
/// they name in full.
fn actions(statements: &[&Statement]) -> Vec<String> {
    let mut found = BTreeSet::new();
    for pattern in statements.iter().flat_map(|statement| statement.actions()) {
        let service = pattern.split_once(':').map_or("*", |(service, _)| service);
        let of_service = |action: &&Action| {
            let own = action.name.split_once(':').map_or("", |(own, _)| own);
            service == "*" || own.eq_ignore_ascii_case(service)
        };
        found.extend(ACTIONS.iter().filter(of_service).map(|action| action.name.to_owned()));
        if !pattern.contains(['*', '?']) && action(pattern).is_none() {
            found.insert(pattern.to_owned());
        }
    }
    found.into_iter().collect()
}

/// For each key every value that the conditions tell apart, and the absent key.
pub(super) fn keys<'c>(
    conditions: impl Iterator<Item = &'c Condition>,
) -> BTreeMap<String, Vec<Option<Vec<String>>>> {
    let mut texts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for condition in conditions {
        let values = texts.entry(condition.lower.clone()).or_default();
        for written in &condition.written {
            values.extend(values_of(condition.test(), written));
        }
    }
    let many = |key: &str| condition_key(key).is_none_or(|known| known.many);
    let options = |(key, values): (String, BTreeSet<String>)| {
        let values: Vec<String> = values.into_iter().collect();
        let mut options: Vec<Option<Vec<String>>> = vec![None];
        options.extend(values.iter().map(|value| Some(vec![value.clone()])));
        if many(&key) {
            options.extend(values.windows(2).map(|pair| Some(pair.to_vec())));
            options.push((values.len() > 2).then(|| values.clone()));
        }
        options.dedup();
        (key, options)
    };
    texts.into_iter().map(options).collect()
}

/// A value that an operator holds for, and values on every side of it.
fn values_of(test: Test, written: &str) -> Vec<String> {
    match test {
        Test::Equals | Test::Like | Test::Arn => {
            let mut values = instances(written);
            values.push(literal(written));
            values.push(BEYOND.to_owned());
            values
        }
        Test::EqualsIgnoreCase => {
            let text = literal(written);
            vec![text.to_uppercase(), text.to_lowercase(), text, BEYOND.to_owned()]
        }
        Test::Number(_) => beside_number(written),
        Test::Date(_) => beside_date(written),
        Test::Bool => vec!["true".to_owned(), "false".to_owned()],
        Test::Null => vec![BEYOND.to_owned()],
        Test::Binary => vec![written.to_owned(), "Z2FpbnNheQ==".to_owned()],
        Test::Ip => beside_network(written),
    }
}

/// A number, and those next to it by its last digit.
fn beside_number(written: &str) -> Vec<String> {
    let decimals = written.split_once('.').map_or(0, |(_, fraction)| fraction.len().min(9));
    let mut values = vec![written.to_owned()];
    if let Ok(number) = written.parse::<f64>() {
        let step = 10_f64.powi(-i32::try_from(decimals).unwrap_or(0));
        values.extend([number - step, number + step].map(|number| format!("{number:.decimals$}")));
    }
    values
}

/// A moment, and those a second before and after.
fn beside_date(written: &str) -> Vec<String> {
    let mut values = vec![written.to_owned()];
    if let Some(moment) = instant(written) {
        let seconds = moment.unix_timestamp();
        values.extend(
            [seconds.saturating_sub(1), seconds.saturating_add(1)].map(|second| second.to_string()),
        );
    }
    values
}

/// The first and last address of a network, and those just outside.
fn beside_network(written: &str) -> Vec<String> {
    let Some(net) = network(written) else {
        return vec![written.to_owned()];
    };
    let (first, last) = (net.network(), net.broadcast());
    let moved = |address: IpAddr, by: i8| match address {
        IpAddr::V4(address) => {
            IpAddr::from(u32::from(address).wrapping_add_signed(i32::from(by)).to_be_bytes())
        }
        IpAddr::V6(address) => {
            IpAddr::from(u128::from(address).wrapping_add_signed(i128::from(by)).to_be_bytes())
        }
    };
    let mut values = vec![first, last];
    // The whole address space has no outside.
    values.extend(
        [moved(first, -1), moved(last, 1)].into_iter().filter(|address| !net.contains(address)),
    );
    values.into_iter().map(|address| address.to_string()).collect()
}

/// Whether a pattern of actions or resources covers another: everything the second matches, the
/// first does, too. It says no where it is not sure.
pub(super) fn covers(wide: &str, narrow: &str) -> bool {
    // A `*` of the narrow one can only be swallowed by one of the wide one, and a `?` must not be
    // taken for a `*`.
    if narrow.contains('*') && wide.contains('?') {
        return wide == narrow;
    }
    Glob::new(wide).matches(narrow)
}
