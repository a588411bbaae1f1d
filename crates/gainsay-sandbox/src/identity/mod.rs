//! IAM: users, groups, roles, policies and access keys in its query protocol, and the policy
//! simulator (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html>). What is
//! changed holds from the next request on; AWS says that it is eventually consistent.
//!
//! An operation is asked about before it is told what there is. Actions, resources and condition
//! keys:
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html>.

mod absent;
mod access_keys;
mod entities;
mod input;
mod managed;
mod policies;
mod position;
mod simulate;
mod state;

use std::{collections::BTreeMap, fmt::Write as _};

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

pub(super) use self::state::{AccessKey, Directory, Kind};
use gainsay_iam::Context;
use gainsay_model::{Document, Environment};

use self::state::{Boundary, Entity};
use super::{
    authorize::{Identity, Question, Scope},
    query::{self, Api, Fault, Parameters, QueryResponse, element},
    state::{User, World},
    token::Issuer,
};

/// What a page has where nothing is said
/// (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUsers.html>).
const PAGE: usize = 100;

impl Fault {
    fn missing(what: &str) -> Self {
        Self::new(404, "NoSuchEntity", what)
    }

    fn exists(message: impl Into<String>) -> Self {
        Self::new(409, "EntityAlreadyExists", message)
    }

    fn conflict(message: &str) -> Self {
        Self::new(409, "DeleteConflict", message)
    }

    fn limit(message: impl Into<String>) -> Self {
        Self::new(409, "LimitExceeded", message)
    }
}

type Result<T> = std::result::Result<T, Fault>;

/// One call, as every operation sees it.
struct Call<'a> {
    world: &'a mut World,
    scope: &'a Scope,
    issuer: &'a Issuer,
    account: String,
    /// What is left of the parameters: whoever reads one takes it.
    parameters: Parameters,
}

/// What an operation does: its answer is the content of its result.
type Operation = fn(&mut Call<'_>) -> Result<String>;

/// Answers a call.
pub(super) fn answer(
    world: &mut World,
    scope: &Scope,
    issuer: &Issuer,
    body: &[u8],
) -> QueryResponse {
    Api::Iam.response(scope, call(world, scope, issuer, body))
}

fn call(
    world: &mut World,
    scope: &Scope,
    issuer: &Issuer,
    body: &[u8],
) -> Result<(&'static str, String)> {
    let mut parameters = query::parameters(body)?;
    let action = parameters.remove("Action").unwrap_or_default();
    _ = parameters.remove("Version");
    let tables = [
        entities::OPERATIONS,
        policies::OPERATIONS,
        access_keys::OPERATIONS,
        simulate::OPERATIONS,
        absent::OPERATIONS,
    ];
    let found = tables.into_iter().flatten().find(|(name, _)| *name == action);
    let (name, operation) = found.ok_or_else(|| Fault::not_modelled(&format!("iam:{action}")))?;
    if matches!(&scope.identity, Identity::User { session: Some(_), .. }) {
        // <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html>: not
        // without MFA. Code and words are assumed.
        let message = "The security token included in the request is invalid";
        return Err(Fault::new(403, "InvalidClientTokenId", message));
    }
    input::check(name, &parameters)?;
    let account = scope.account().unwrap_or_default();
    let mut call = Call { world, scope, issuer, account, parameters };
    let answer = operation(&mut call)?;
    Ok((name, answer))
}

impl Call<'_> {
    fn take(&mut self, name: &str) -> Option<String> {
        self.parameters.remove(name)
    }

    fn need(&mut self, name: &str) -> Result<String> {
        let value = self.take(name).filter(|value| !value.is_empty());
        value.ok_or_else(|| {
            Fault::validation(format!(
                "1 validation error detected: Value null at '{}' failed to satisfy constraint: Member must not be null",
                crate::constraint::lower_first(name)
            ))
        })
    }

    /// The members of a list, `NAME.member.1` and so on.
    fn members(&mut self, name: &str) -> Vec<String> {
        self.skip_empty(name);
        let mut found = Vec::new();
        while let Some(value) = self.take(&format!("{name}.member.{}", found.len() + 1)) {
            found.push(value);
        }
        found
    }

    /// A list without members is written as its name alone.
    fn skip_empty(&mut self, name: &str) {
        if self.parameters.get(name).is_some_and(String::is_empty) {
            _ = self.take(name);
        }
    }

    /// `Tags.member.N.Key` and `.Value`, within IAM's limits.
    fn tags(&mut self) -> Result<BTreeMap<String, String>> {
        self.skip_empty("Tags");
        let mut tags = BTreeMap::new();
        for number in 1.. {
            let Some(key) = self.take(&format!("Tags.member.{number}.Key")) else {
                break;
            };
            let value = self.take(&format!("Tags.member.{number}.Value")).unwrap_or_default();
            if key.to_lowercase().starts_with("aws:") {
                return Err(Fault::new(400, "InvalidInput", "A tag is not valid"));
            }
            // The words are those that clients have seen:
            // <https://github.com/github-aws-runners/terraform-aws-github-runner/pull/1346>.
            let same = |other: &String| other.to_lowercase() == key.to_lowercase();
            if tags.keys().any(same) || tags.insert(key.clone(), value).is_some() {
                return Err(Fault::new(
                    400,
                    "InvalidInput",
                    "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
                ));
            }
        }
        Ok(tags)
    }

    /// Everything was read: a parameter that is left is a feature that is not modelled.
    fn done(&self) -> Result<()> {
        match self.parameters.keys().next() {
            Some(name) => Err(Fault::not_modelled(&format!("the parameter {name}"))),
            None => Ok(()),
        }
    }

    /// Asks for an action on a resource, with what the request tells besides.
    fn ask(
        &self,
        action: &str,
        resource: &str,
        set_context: impl FnOnce(&mut Context),
    ) -> Result<()> {
        let mut context = self.scope.context(&self.account);
        if let Some(entity) = self.world.directory.entities.get(resource) {
            for (key, value) in &entity.tags {
                context.set(&format!("aws:ResourceTag/{key}"), value.as_str());
                context.set(&format!("iam:ResourceTag/{key}"), value.as_str());
            }
            if let Some(Boundary::Managed(arn)) = &entity.boundary {
                context.set("iam:PermissionsBoundary", arn.as_str());
            }
        }
        set_context(&mut context);
        let _permit = self.scope.authorize(&Question {
            action: &format!("iam:{action}"),
            resource,
            resource_account: &self.account,
            resource_policy: None,
            context: &context,
            settings: &[],
            restrict_public: false,
        })?;
        Ok(())
    }

    /// The ARN of what a name names, whether or not it is there: then its path is not known.
    fn arn_of(&self, kind: Kind, name: &str) -> String {
        match self.world.directory.find(kind, &self.account, name) {
            Some(entity) => entity.arn(),
            None => format!("arn:aws:iam::{}:{}/{name}", self.account, kind.word()),
        }
    }

    /// An entity, once the action on it is authorized.
    fn permitted(
        &self,
        action: &str,
        kind: Kind,
        name: &str,
        set_context: impl FnOnce(&mut Context),
    ) -> Result<std::sync::Arc<Entity>> {
        self.ask(action, &self.arn_of(kind, name), set_context)?;
        self.world
            .directory
            .find(kind, &self.account, name)
            .cloned()
            .ok_or_else(|| no_such(kind, name))
    }

    /// Changes an entity, and lets the engine see it.
    fn change(&mut self, arn: &str, change: impl FnOnce(&mut Entity)) {
        let mut group = None;
        if let Some(entity) = self.world.directory_mut().entities.get_mut(arn) {
            let entity = std::sync::Arc::make_mut(entity);
            change(entity);
            group = (entity.kind == Kind::Group).then(|| entity.name.clone());
        }
        self.world.refresh_principal(arn);
        if let Some(group) = group {
            self.world.refresh_principals(|entity| entity.groups.contains(&group));
        }
    }

    /// One page of a list, sorted by name without regard to case
    /// (<https://github.com/ceph/s3-tests>, `test_iam.py`, which AWS passes).
    fn page(
        &mut self,
        list: &str,
        entries: impl Iterator<Item = (String, String)>,
    ) -> Result<String> {
        let max = match self.take("MaxItems").map(|max| max.parse::<usize>()) {
            None => PAGE,
            Some(Ok(max @ 1..=1000)) => max,
            Some(_) => return Err(Fault::validation("MaxItems must be between 1 and 1000")),
        };
        let after = self.take("Marker").unwrap_or_default().to_lowercase();
        self.done()?;
        let mut entries: Vec<(String, String)> =
            entries.filter(|(name, _)| name.to_lowercase() > after).collect();
        entries.sort_by_cached_key(|(name, _)| name.to_lowercase());
        let mut rest = entries.into_iter().peekable();
        let (mut shown, mut last, mut count) = (String::new(), String::new(), 0);
        while let Some((name, xml)) = rest.next_if(|_| count < max) {
            _ = write!(shown, "<member>{xml}</member>");
            (last, count) = (name, count + 1);
        }
        let more = rest.peek().is_some();
        let marker = if more { element("Marker", &last) } else { String::new() };
        Ok(format!("<{list}>{shown}</{list}><IsTruncated>{more}</IsTruncated>{marker}"))
    }
}

fn no_such(kind: Kind, name: &str) -> Fault {
    Fault::missing(&format!("The {} with name {name} cannot be found.", kind.word()))
}

/// An element with elements in it.
fn wrapped(name: &str, inner: &str) -> String {
    format!("<{name}>{inner}</{name}>")
}

/// A list of the query protocol.
fn listed(name: &str, members: impl Iterator<Item = String>) -> String {
    let mut inner = String::new();
    for member in members {
        inner.push_str(&wrapped("member", &member));
    }
    wrapped(name, &inner)
}

fn date(time: OffsetDateTime) -> String {
    let time = time.replace_nanosecond(0).unwrap_or(time);
    time.format(&Rfc3339).unwrap_or_default()
}

/// A document as IAM writes it in answers: percent-encoded (RFC 3986).
fn encoded(document: &Document) -> String {
    percent_encoding::utf8_percent_encode(&document.text, percent_encoding::NON_ALPHANUMERIC)
        .to_string()
}

fn tags_element(tags: &BTreeMap<String, String>) -> String {
    listed("Tags", tags.iter().map(|(key, value)| element("Key", key) + &element("Value", value)))
}

impl World {
    /// Fills the directory with the caller and the roles of an environment, as if they had been
    /// made through the API.
    pub(super) fn add_principals(&mut self, environment: &Environment, access_key: &str) {
        let now = self.now();
        let named = |documents: &[Document]| {
            documents
                .iter()
                .enumerate()
                .map(|(at, document)| (format!("policy-{at}"), document.clone()))
                .collect()
        };
        let mut directory = Directory::default();
        let mut caller = Entity::new(Kind::User, &environment.account, "/", "", now, 0);
        let (path, name) = path_and_name(&environment.caller.arn);
        (caller.path, caller.name, caller.inline) =
            (path, name, named(&environment.caller.policies));
        // The same in every sandbox: made from the access key.
        caller.id = access_key.replacen("AKIA", "AIDA", 1);
        let user = User {
            arn: environment.caller.arn.clone(),
            id: caller.id.clone(),
            policies: environment.caller.policies.clone(),
            boundary: None,
            tags: Vec::new(),
        };
        directory.entities.insert(environment.caller.arn.clone(), caller.into());
        for role in &environment.roles {
            let (path, name) = path_and_name(&role.arn);
            let mut entity = Entity::new(Kind::Role, &role.account, &path, &name, now, 0);
            entity.id = super::sts::role_id(role);
            entity.inline = named(&role.policies);
            entity.boundary = role.boundary.clone().map(Boundary::Declared);
            entity.tags = role.tags.iter().cloned().collect();
            entity.trust = Some(role.trust.clone());
            entity.max_session_duration = role.max_session_duration;
            directory.entities.insert(role.arn.clone(), entity.into());
        }
        self.directory = directory.into();
        std::sync::Arc::make_mut(&mut self.users).insert(user.arn.clone(), user.into());
        self.add_access_key(&environment.caller.arn, access_key);
    }

    /// Removes an access key and its user.
    pub(super) fn remove_user_of(&mut self, access_key: &str) {
        let key = std::sync::Arc::make_mut(&mut self.access_keys).remove(access_key);
        if let Some(key) = key {
            self.directory_mut().entities.remove(&key.user);
            self.refresh_principal(&key.user);
        }
    }

    fn add_access_key(&mut self, user: &str, access_key: &str) {
        let key = AccessKey { user: user.to_owned(), active: true, created: self.now() };
        std::sync::Arc::make_mut(&mut self.access_keys).insert(access_key.to_owned(), key);
    }

    /// A user who may do everything in the account; one that is there already is left alone and
    /// the new one has another name.
    pub(super) fn add_admin(&mut self, access_key: &str) {
        let account = self.account.clone();
        let mut name = "admin".to_owned();
        while self.directory.find(Kind::User, &account, &name).is_some() {
            name.insert_str(0, "gainsay-");
        }
        let mut entity = Entity::new(Kind::User, &account, "/", &name, self.now(), 0);
        entity.attached.insert("arn:aws:iam::aws:policy/AdministratorAccess".to_owned());
        let arn = entity.arn();
        self.directory_mut().entities.insert(arn.clone(), entity.into());
        self.refresh_principal(&arn);
        self.add_access_key(&arn, access_key);
    }
}

/// `/path/` and name of a user or role.
fn path_and_name(arn: &str) -> (String, String) {
    let resource = arn.splitn(6, ':').last().unwrap_or_default();
    let path = resource.split_once('/').map_or(resource, |(_, path)| path);
    match path.rsplit_once('/') {
        Some((path, name)) => (format!("/{path}/"), name.to_owned()),
        None => ("/".to_owned(), path.to_owned()),
    }
}
