//! A search through the requests that policies distinguish: is there one of a forbidden kind that
//! is not denied?
//!
//! A policy compares a request with finitely many texts, so finitely many requests represent all:
//! for every principal, action, resource and condition value that a policy names, the space has
//! that one and one that no policy names. The search is sound in what it finds, as the engine
//! itself decides every request that is found. That there is none holds within the space that was
//! searched, whose size is part of the outcome.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::actions::{ACTIONS, Action, action, uncontrolled};
use crate::context::{Context, OwnedRequest, Request};
use crate::error::Undecidable;
use crate::evaluate::{Decision, Policies, evaluate, is_denied};
use crate::external::{ExternalSource, Organizations, external_source};
use crate::keys::condition_key;
use crate::layer::Layer;
use crate::pattern::{PLACEHOLDER, literal_text, matching_texts};
use crate::policy::condition::Condition;
use crate::policy::operand::{Test, instant, network};
use crate::policy::{Effect, Policy, PreparedRequest, Statement};
use crate::principal::{Entry, Principal};

/// The most requests that a search decides.
const MAX_REQUESTS: usize = 500_000;
/// A name that no policy has.
const UNNAMED: &str = "gainsay-beyond";
/// An account that no policy has: the numbers of AWS's own examples are others.
const UNNAMED_ACCOUNT: &str = "987654321098";

/// What a [`search()`] looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// A request that no statement denies, whether or not anything allows it.
    NotDenied,
    /// A request that is allowed.
    Allowed,
}

/// The requests that a [`search()`] goes through: the product of principals, actions, resources and
/// values of condition keys. Every part can be narrowed.
#[derive(Clone, Debug, Default)]
pub struct RequestSpace {
    /// The callers.
    pub principals: Vec<Principal>,
    /// The actions, such as `s3:GetObject`.
    pub actions: Vec<String>,
    /// The ARNs of the resources, each with the id of the account that owns it.
    pub resources: Vec<(String, String)>,
    /// The condition keys that are the same in every request.
    pub fixed: Context,
    /// Which organization each account is in. A caller of the account that no policy names may be
    /// in any organization: that varies. Of every other account it is fixed; a request whose
    /// decision depends on the organization of an account that is not listed is undecided.
    pub organizations: Organizations,
    /// The condition keys that vary, with the values they have in turn, where `None` is the absent
    /// key. A key in `fixed` does not vary.
    pub keys: BTreeMap<String, Vec<Option<Vec<String>>>>,
}

/// The outcome of a [`search()`].
#[derive(Clone, Debug)]
pub enum SearchOutcome {
    /// There is such a request: this one.
    Request(Box<OwnedRequest>),
    /// There is none in the space.
    None {
        /// How many requests were decided.
        evaluated: usize,
    },
    /// There is none among the requests that could be decided; this is why the first of the others
    /// could not.
    Undecided(Undecidable),
    /// The space has more requests than are searched.
    TooMany,
}

impl RequestSpace {
    /// Every request that these policies distinguish. Resources whose ARN has no account, as those
    /// of S3, belong to `account`.
    #[must_use]
    pub fn of(policies: &Policies<'_>, account: &str) -> Self {
        let all: Vec<&Statement> = policies.all().flat_map(Policy::statements).collect();
        let mut resources: BTreeSet<(String, String)> = BTreeSet::new();
        let actions = actions(&all);
        let mut add = |resource: String| {
            let owner =
                resource.split(':').nth(4).filter(|owner| !owner.is_empty()).unwrap_or(account);
            let owner = owner.to_owned();
            resources.insert((resource, owner));
        };
        for pattern in all.iter().flat_map(|statement| statement.resources()) {
            for resource in matching_texts(pattern) {
                adjacent_resources(&resource).for_each(&mut add);
                add(resource);
            }
        }
        let types =
            actions.iter().filter_map(|name| action(name)).flat_map(|action| action.resources);
        for of in types {
            add(of.arn().replacen("arn:*:", "arn:aws:", 1).replace('*', UNNAMED));
        }
        add("*".to_owned());
        let mut keys = keys(all.iter().flat_map(|statement| &statement.conditions));
        for variable in all.iter().flat_map(|statement| statement.variables()) {
            let options = keys.entry(variable.to_owned()).or_insert_with(|| vec![None]);
            options.extend([PLACEHOLDER, UNNAMED].map(|value| Some(vec![value.to_owned()])));
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

    /// Of actions that nothing distinguishes keeps the first only: the statements match all of them
    /// or none, they have the same types of resource, and the engine makes no exception for one. So
    /// a request with one of them is decided as one with another.
    pub fn drop_equivalent_actions(&mut self, policies: &Policies<'_>) {
        let statements: Vec<&Statement> = policies.all().flat_map(Policy::statements).collect();
        let mut classes = BTreeSet::new();
        self.actions.retain(|name| {
            let lower = name.to_ascii_lowercase();
            let known = action(name);
            let types = known.map_or(&[][..], |known| known.resources);
            let service = lower.split(':').next().unwrap_or_default().to_owned();
            let own =
                (known.is_none() || EXCEPTIONS.contains(&lower.as_str())).then(|| lower.clone());
            let matched: Vec<bool> =
                statements.iter().map(|statement| statement.actions.matches(&lower)).collect();
            classes.insert((service, own, types, matched))
        });
    }
}

/// The actions for which the engine makes an exception, in lower case.
const EXCEPTIONS: [&str; 5] = [
    "kms:retiregrant",
    "s3:deletebucketpolicy",
    "s3:getbucketpolicy",
    "s3:listallmybuckets",
    "s3:putbucketpolicy",
];

/// Looks for a request of the space that `filter` accepts and that meets the goal. The first one in
/// the order of the space is returned.
///
/// ```
/// use gainsay_iam::{
///     Goal, Policies, Policy, PolicyKind, Principal, RequestSpace, SearchOutcome, search,
/// };
///
/// // Denies plain HTTP for objects, and forgets the bucket itself.
/// let bucket = Policy::from_text(
///     PolicyKind::Bucket,
///     r#"{"Version": "2012-10-17", "Statement": {
///         "Effect": "Deny", "Principal": "*", "Action": "s3:*",
///         "Resource": "arn:aws:s3:::reports/*",
///         "Condition": {"Bool": {"aws:SecureTransport": "false"}}}}"#,
/// )?;
/// let policies = Policies { resource: Some(&bucket), ..Policies::default() };
/// let mut space = RequestSpace::of(&policies, "111122223333");
/// space.fixed.set("aws:SecureTransport", "false");
///
/// let outcome = search(&policies, &space, Goal::NotDenied, |request| {
///     request.action == "s3:ListBucket" && request.resource == "arn:aws:s3:::reports"
/// });
/// let SearchOutcome::Request(found) = outcome else { panic!("{outcome:?}") };
/// assert_eq!(found.principal, Principal::Anonymous);
/// # Ok::<(), gainsay_iam::DocumentError>(())
/// ```
pub fn search(
    policies: &Policies<'_>,
    space: &RequestSpace,
    goal: Goal,
    filter: impl Fn(&Request<'_>) -> bool,
) -> SearchOutcome {
    let (mut evaluated, mut size, mut undecided) = (0, 0_usize, None);
    for principal in &space.principals {
        for action in &space.actions {
            for (resource, account) in
                space.resources.iter().filter(|(resource, _)| may_be_requested_on(action, resource))
            {
                // Only the account that manages an organization assumes the root users of others,
                // and a search does not know which one that is.
                if action.eq_ignore_ascii_case("sts:AssumeRoot")
                    && principal.account() != Some(account.as_str())
                {
                    continue;
                }
                let mut fixed = space.fixed.clone();
                set_principal_keys(&mut fixed, principal);
                set_organization_keys(&mut fixed, space, principal, account);
                let request = Request {
                    principal,
                    action,
                    resource,
                    resource_account: account,
                    context: &fixed,
                };
                let varying = varying_keys(policies, space, &request);
                let sizes = varying.iter().map(|(_, values)| values.len());
                let combinations = sizes.fold(1_usize, usize::saturating_mul);
                size = size.saturating_add(combinations);
                if size > MAX_REQUESTS {
                    return SearchOutcome::TooMany;
                }
                // A decision that no varying key can change is made once.
                let combinations =
                    if combinations > 1 && is_decided_by_fixed_keys(policies, &request, goal) {
                        1
                    } else {
                        combinations
                    };
                for number in 0..combinations {
                    let mut context = context_variant(&space.fixed, &varying, number);
                    set_principal_keys(&mut context, principal);
                    set_organization_keys(&mut context, space, principal, account);
                    let request = Request { context: &context, ..request };
                    if !filter(&request) {
                        continue;
                    }
                    evaluated += 1;
                    match evaluate(&request, policies).map(|evaluation| evaluation.decision) {
                        Ok(Decision::Allow) => {}
                        Ok(Decision::ImplicitDeny) if goal == Goal::NotDenied => {}
                        Ok(_) => continue,
                        // Some statement denies it, whichever other is undecidable.
                        Err(_) if is_denied(&request, policies) => continue,
                        Err(undecidable) => {
                            undecided.get_or_insert(undecidable);
                            continue;
                        }
                    }
                    return SearchOutcome::Request(Box::new(OwnedRequest::from(&request)));
                }
            }
        }
    }
    undecided.map_or(SearchOutcome::None { evaluated }, SearchOutcome::Undecided)
}

/// Whether a request, with the fixed keys alone, is decided against the goal whatever the values of
/// the others: a statement denies it that reads nothing but fixed keys and those of the principal,
/// or the caller is of another account and no statement of the resource's policy may allow it.
fn is_decided_by_fixed_keys(policies: &Policies<'_>, request: &Request<'_>, goal: Goal) -> bool {
    let own = policies.resource.map_or(&[][..], Policy::statements);
    let prepared = PreparedRequest::new(request, policies.boundary.is_some());
    let is_cross_account =
        request.principal.account() != Some(request.resource_account) && policies.grants.is_empty();
    if goal == Goal::Allowed
        && is_cross_account
        && !own
            .iter()
            .any(|statement| statement.effect == Effect::Allow && statement.may_apply(&prepared))
    {
        return true;
    }
    let Ok(evaluation) = evaluate(request, policies) else {
        return false;
    };
    let is_known = |key: &str| request.context.get(key).is_some() || PRINCIPAL_KEYS.contains(&key);
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

/// Whether an action may be requested on a resource.
fn may_be_requested_on(name: &str, resource: &str) -> bool {
    match action(name) {
        None => resource != "*",
        Some(known) if known.resources.is_empty() => resource == "*",
        Some(known) => known.resources.iter().any(|of| of.fits(resource)),
    }
}

/// Resources next to one: what contains it, as the bucket of an object, and others at every `/` and
/// after the start of the ARN.
fn adjacent_resources(resource: &str) -> impl Iterator<Item = String> + '_ {
    let start = resource.match_indices(':').nth(4).map(|(at, _)| at);
    let slashes = || resource.match_indices('/').map(|(at, _)| at);
    let others = start.into_iter().chain(slashes());
    let others = others.filter_map(|at| Some(format!("{}{UNNAMED}", resource.get(..=at)?)));
    others.chain(slashes().filter_map(|at| resource.get(..at).map(str::to_owned)))
}

/// The keys that may change the decision of a request: those of statements that match it but for
/// their conditions.
fn varying_keys<'f>(
    policies: &Policies<'_>,
    space: &'f RequestSpace,
    request: &Request<'_>,
) -> Vec<(&'f str, &'f [Option<Vec<String>>])> {
    let prepared = PreparedRequest::new(request, policies.boundary.is_some());
    let mut read: BTreeSet<String> = BTreeSet::new();
    for statement in policies.all().flat_map(Policy::statements) {
        if statement.may_apply(&prepared) {
            // A variable in a resource or a value is read, too.
            read.extend(statement.variables().map(str::to_owned));
            read.extend(statement.conditions.iter().map(|condition| condition.lower.clone()));
        }
    }
    let varies = |(key, values): (&'f String, &'f Vec<Option<Vec<String>>>)| {
        let lower = key.to_lowercase();
        let is_free = match external_source(&lower) {
            Some(ExternalSource::PrincipalOrganization) => is_of_unnamed_account(request.principal),
            Some(ExternalSource::ResourceOrganization) => false,
            // Whoever makes the request chooses these.
            None
            | Some(
                ExternalSource::SourceOrganization
                | ExternalSource::Endpoint
                | ExternalSource::Vpc
                | ExternalSource::EndpointOwner
                | ExternalSource::Address
                | ExternalSource::PrivateAddress,
            ) => true,
        };
        (is_free && read.contains(&lower) && space.fixed.get(key).is_none())
            .then_some((key.as_str(), values.as_slice()))
    };
    space.keys.iter().filter_map(varies).collect()
}

/// The context of one combination of values, by its number: each key's value is a digit of it.
fn context_variant(
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

/// The keys of [`set_principal_keys`], in lower case.
const PRINCIPAL_KEYS: [&str; 4] = [
    "aws:principalarn",
    "aws:principalaccount",
    "aws:principalservicename",
    "aws:principalisawsservice",
];

/// Sets the keys that follow from the principal, which do not vary.
fn set_principal_keys(context: &mut Context, principal: &Principal) {
    let arn = match principal {
        Principal::Session { role, .. } => Some(role.clone()),
        Principal::Anonymous
        | Principal::Root { .. }
        | Principal::User { .. }
        | Principal::Federated(_)
        | Principal::Service(_) => principal.to_arn().map(std::borrow::Cow::into_owned),
    };
    // A list without values is an absent key.
    context.set_all("aws:PrincipalArn", arn);
    context.set_all("aws:PrincipalAccount", principal.account().map(str::to_owned));
    let service = match principal {
        Principal::Service(name) => Some(name.clone()),
        Principal::Anonymous
        | Principal::Root { .. }
        | Principal::User { .. }
        | Principal::Session { .. }
        | Principal::Federated(_) => None,
    };
    context.set_all("aws:PrincipalServiceName", service);
    context
        .set("aws:PrincipalIsAWSService", matches!(principal, Principal::Service(_)).to_string());
}

/// Sets the keys of the organizations that are fixed.
fn set_organization_keys(
    context: &mut Context,
    space: &RequestSpace,
    principal: &Principal,
    resource_account: &str,
) {
    if !is_of_unnamed_account(principal) {
        space.organizations.set_principal(context, principal);
    }
    space.organizations.set_resource(context, resource_account);
}

/// Whether a principal is of the account that no policy names.
fn is_of_unnamed_account(principal: &Principal) -> bool {
    principal.account() == Some(UNNAMED_ACCOUNT)
}

/// The principals that the statements distinguish: everyone they name, another of each account,
/// one of an account that they do not name, and an anonymous caller.
fn principals(statements: &[&Statement], account: &str) -> Vec<Principal> {
    let mut found = vec![Principal::Anonymous];
    let mut accounts = BTreeSet::from([account.to_owned(), UNNAMED_ACCOUNT.to_owned()]);
    let entries = statements.iter().filter_map(|statement| statement.principals.as_ref());
    for entry in entries.flat_map(|principals| &principals.entries) {
        match entry {
            Entry::Account(account) => _ = accounts.insert(account.clone()),
            Entry::Service(name) => found.push(Principal::Service(name.clone())),
            Entry::Federated(name) => found.push(Principal::Federated(name.clone())),
            Entry::Arn(arn) => {
                accounts.extend(arn.split(':').nth(4).map(str::to_owned));
                found.push(principal_of_arn(arn));
            }
            Entry::Everyone | Entry::CanonicalUser => {}
        }
    }
    // Conditions name principals, too.
    for condition in statements.iter().flat_map(|statement| &statement.conditions) {
        match condition.lower.as_str() {
            "aws:principalarn" => found.extend(
                condition
                    .raw_values
                    .iter()
                    .flat_map(|value| matching_texts(value))
                    .map(|arn| principal_of_arn(&arn)),
            ),
            "aws:principalservicename" => {
                let names = condition.raw_values.iter().flat_map(|value| matching_texts(value));
                found.extend(names.map(Principal::Service));
            }
            "aws:principalaccount" => accounts.extend(condition.raw_values.iter().cloned()),
            _ => {}
        }
    }
    for account in accounts {
        found.push(principal_of_arn(&format!("arn:aws:iam::{account}:role/{UNNAMED}")));
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

/// The principal that has an ARN; for a role, one of its sessions.
fn principal_of_arn(arn: &str) -> Principal {
    let (start, name) = arn.rsplit_once('/').unwrap_or(("", arn));
    let account = arn.split(':').nth(4).unwrap_or_default();
    if arn.contains(":role/") {
        Principal::Session {
            role: arn.to_owned(),
            arn: format!("arn:aws:sts::{account}:assumed-role/{name}/{UNNAMED}"),
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

/// The actions that the statements distinguish: every known one of the services they name, and
/// those they name in full, but none that no policy controls.
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
    found.retain(|action| uncontrolled(action).is_none());
    found.into_iter().collect()
}

/// For each key every value that the conditions distinguish, and the absent key.
fn keys<'c>(
    conditions: impl Iterator<Item = &'c Condition>,
) -> BTreeMap<String, Vec<Option<Vec<String>>>> {
    let mut texts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for condition in conditions {
        let values = texts.entry(condition.lower.clone()).or_default();
        for value in &condition.raw_values {
            values.extend(values_of(condition.test(), value));
        }
    }
    let many = |key: &str| condition_key(key).is_none_or(|known| known.multivalued);
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

/// A value that an operator holds for, and values next to it.
fn values_of(test: Test, value: &str) -> Vec<String> {
    match test {
        Test::Equals | Test::Like | Test::Arn => {
            let mut values = matching_texts(value);
            values.push(literal_text(value));
            values.push(UNNAMED.to_owned());
            values
        }
        Test::EqualsIgnoreCase => {
            let text = literal_text(value);
            vec![text.to_uppercase(), text.to_lowercase(), text, UNNAMED.to_owned()]
        }
        Test::Number(_) => adjacent_numbers(value),
        Test::Date(_) => adjacent_dates(value),
        Test::Bool => vec!["true".to_owned(), "false".to_owned()],
        Test::Null => vec![UNNAMED.to_owned()],
        Test::Binary => vec![value.to_owned(), "Z2FpbnNheQ==".to_owned()],
        Test::Ip => adjacent_addresses(value),
    }
}

/// A number, and those next to it by its last digit.
fn adjacent_numbers(value: &str) -> Vec<String> {
    let decimals = value.split_once('.').map_or(0, |(_, fraction)| fraction.len().min(9));
    let mut values = vec![value.to_owned()];
    if let Ok(number) = value.parse::<f64>() {
        let step = 10_f64.powi(-i32::try_from(decimals).unwrap_or(0));
        values.extend([number - step, number + step].map(|number| format!("{number:.decimals$}")));
    }
    values
}

/// A moment, and those a second before and after.
fn adjacent_dates(value: &str) -> Vec<String> {
    let mut values = vec![value.to_owned()];
    if let Some(moment) = instant(value) {
        let seconds = moment.unix_timestamp();
        values.extend(
            [seconds.saturating_sub(1), seconds.saturating_add(1)].map(|second| second.to_string()),
        );
    }
    values
}

/// The first and last address of a network, and those just outside.
fn adjacent_addresses(value: &str) -> Vec<String> {
    let Some(net) = network(value) else {
        return vec![value.to_owned()];
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
