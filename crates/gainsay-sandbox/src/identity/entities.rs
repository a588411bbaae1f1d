//! Users, groups and roles.

use std::sync::Arc;

use gainsay_iam::{Context, PolicyKind, put::Quota};
use gainsay_model::Document;

use super::{
    Call, Fault, Operation, Result, date, element, encoded, no_such,
    state::{Boundary, Entity, Kind, add_tags, remove_tags},
    tags_element, wrapped,
};
use crate::{
    state::World,
    stored_policy::{self, KnownPrincipals},
};

pub(super) const OPERATIONS: &[(&str, Operation)] = &[
    ("CreateUser", |call| create(call, Kind::User)),
    ("CreateGroup", |call| create(call, Kind::Group)),
    ("CreateRole", |call| create(call, Kind::Role)),
    ("GetUser", get_user),
    ("GetRole", get_role),
    ("GetGroup", get_group),
    ("ListUsers", |call| list(call, Kind::User)),
    ("ListGroups", |call| list(call, Kind::Group)),
    ("ListRoles", |call| list(call, Kind::Role)),
    ("DeleteUser", |call| delete(call, Kind::User)),
    ("DeleteGroup", |call| delete(call, Kind::Group)),
    ("DeleteRole", |call| delete(call, Kind::Role)),
    ("UpdateRole", update_role),
    ("UpdateRoleDescription", update_description),
    ("UpdateUser", |call| rename(call, Kind::User)),
    ("UpdateGroup", |call| rename(call, Kind::Group)),
    ("UpdateAssumeRolePolicy", update_trust),
    ("AddUserToGroup", |call| membership(call, "AddUserToGroup")),
    ("RemoveUserFromGroup", |call| membership(call, "RemoveUserFromGroup")),
    ("ListGroupsForUser", groups_of),
    ("TagUser", |call| tag(call, Kind::User)),
    ("TagRole", |call| tag(call, Kind::Role)),
    ("UntagUser", |call| untag(call, Kind::User)),
    ("UntagRole", |call| untag(call, Kind::Role)),
    ("ListUserTags", |call| list_tags(call, Kind::User)),
    ("ListRoleTags", |call| list_tags(call, Kind::Role)),
];

/// `/` or `/a/b/`.
pub(super) fn check_path(path: Option<String>) -> Result<String> {
    let path = path.unwrap_or_else(|| "/".to_owned());
    let printable = path.bytes().all(|byte| (0x21..=0x7e).contains(&byte));
    if path.len() <= 512
        && printable
        && path.starts_with('/')
        && path.ends_with('/')
        && !path.contains("//")
    {
        return Ok(path);
    }
    Err(Fault::validation(
        "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.",
    ))
}

/// Reads a trust policy.
fn trust(world: &World, text: &str, of: &str) -> Result<Document> {
    if Quota::Trust.size_of(text) > Quota::Trust.max() {
        return Err(Fault::limit(Quota::Trust.error(of).message));
    }
    let (name, known) = (format!("the trust policy of {of}"), KnownPrincipals::of(world));
    stored_policy::read(PolicyKind::TrustPolicy, text, &name, &known, None)
        .map_err(|says| Fault::new(400, says.code, says.message))
}

fn create(call: &mut Call<'_>, kind: Kind) -> Result<String> {
    let field = format!("{}Name", kind.title());
    let name = call.need(&field)?;
    let given = call.take("Path");
    let path = check_path(given)?;
    let (boundary, trusted, description, seconds) = (
        call.take("PermissionsBoundary"),
        call.take("AssumeRolePolicyDocument"),
        call.take("Description"),
        call.take("MaxSessionDuration"),
    );
    let given = seconds.is_some();
    let tags = if kind == Kind::Group { std::collections::BTreeMap::new() } else { call.tags()? };
    call.done()?;
    let number = call.world.next();
    let mut entity = Entity::new(kind, &call.account, &path, &name, call.world.now(), number);
    let arn = entity.arn();
    let set_context = |context: &mut Context| {
        if let Some(boundary) = &boundary {
            context.set("iam:PermissionsBoundary", boundary.as_str());
        }
        for (key, value) in &tags {
            context.set(&format!("aws:RequestTag/{key}"), value.as_str());
        }
        if !tags.is_empty() {
            context.set_all("aws:TagKeys", tags.keys().cloned());
        }
    };
    let title = kind.title();
    call.ask(&format!("Create{title}"), &arn, set_context)?;
    if !tags.is_empty() {
        call.ask(&format!("Tag{title}"), &arn, set_context)?;
    }
    if kind == Kind::Role {
        let text = trusted
            .ok_or_else(|| Fault::validation("AssumeRolePolicyDocument must not be null"))?;
        entity.trust = Some(trust(call.world, &text, &name)?);
        entity.max_session_duration = duration(seconds)?;
    }
    if call.world.directory.find(kind, &call.account, &name).is_some() {
        return Err(Fault::exists(format!("{title} with name {name} already exists.")));
    }
    if let Some(boundary) = boundary {
        call.world.directory.managed(&boundary).ok_or_else(|| no_policy(&boundary))?;
        entity.boundary = Some(Boundary::Managed(boundary));
    }
    entity.description = description.unwrap_or_default();
    entity.tags = tags;
    let shown = format!("<{title}>{}</{title}>", shown(&entity, Shown::Made { given }));
    call.world.directory_mut().entities.insert(arn.clone(), Arc::new(entity));
    call.world.refresh_principal(&arn);
    Ok(shown)
}

/// 1 to 12 hours (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>).
fn duration(seconds: Option<String>) -> Result<u32> {
    match seconds.map(|seconds| seconds.parse::<u32>()) {
        None => Ok(3600),
        Some(Ok(seconds @ 3600..=43_200)) => Ok(seconds),
        Some(_) => Err(Fault::validation("MaxSessionDuration must be between 3600 and 43200")),
    }
}

pub(super) fn no_policy(arn: &str) -> Fault {
    Fault::missing(&format!("Policy {arn} does not exist or is not attachable."))
}

/// In what kind of answer an entity is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// Alone: everything.
    Alone,
    /// As it was made: how long sessions last only where the request said so (recorded by
    /// `LocalStack`, `test_create_describe_role`, 2025-03-06; that it is told otherwise is
    /// assumed).
    Made { given: bool },
    /// In a list, which has no tags, no permissions boundary and no last use
    /// (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoles.html>).
    InList,
}

/// An entity as answers show it.
fn shown(entity: &Entity, how: Shown) -> String {
    let title = entity.kind.title();
    let mut xml = [
        element("Path", &entity.path),
        element(&format!("{title}Name"), &entity.name),
        element(&format!("{title}Id"), &entity.id),
        element("Arn", &entity.arn()),
        element("CreateDate", &date(entity.created)),
    ]
    .concat();
    if let Some(trust) = &entity.trust {
        xml += &element("AssumeRolePolicyDocument", &encoded(trust));
        if how != (Shown::Made { given: false }) {
            xml += &element("MaxSessionDuration", &entity.max_session_duration.to_string());
        }
        if !entity.description.is_empty() {
            xml += &element("Description", &entity.description);
        }
    }
    if how == Shown::InList {
        return xml;
    }
    if let Some(Boundary::Managed(arn)) = &entity.boundary {
        let inner =
            element("PermissionsBoundaryType", "Policy") + &element("PermissionsBoundaryArn", arn);
        xml += &wrapped("PermissionsBoundary", &inner);
    }
    if !entity.tags.is_empty() {
        xml += &tags_element(&entity.tags);
    }
    // When a role was last used is not kept: as of one that was not.
    if entity.kind == Kind::Role && how == Shown::Alone {
        xml += &wrapped("RoleLastUsed", "");
    }
    xml
}

/// The user that a call names, or who calls.
pub(super) fn user_named(call: &mut Call<'_>, action: &str) -> Result<(String, String)> {
    let name = match call.take("UserName") {
        Some(name) => name,
        None => match &call.scope.identity {
            super::Identity::User { user, .. } => {
                user.arn.rsplit('/').next().unwrap_or_default().to_owned()
            }
            super::Identity::Session { .. }
            | super::Identity::Federated { .. }
            | super::Identity::Anonymous => {
                return Err(Fault::validation(
                    "Must specify userName when calling with non-User credentials",
                ));
            }
        },
    };
    let user = call.permitted(action, Kind::User, &name, |_| {})?;
    Ok((user.arn(), user.name.clone()))
}

fn get_user(call: &mut Call<'_>) -> Result<String> {
    // Who asks where nothing is said, if that is a user:
    // <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUser.html>.
    let (arn, name) = user_named(call, "GetUser")?;
    call.done()?;
    let user = call.world.directory.entities.get(&arn).ok_or_else(|| no_such(Kind::User, &name))?;
    Ok(format!("<User>{}</User>", shown(user, Shown::Alone)))
}

fn get_role(call: &mut Call<'_>) -> Result<String> {
    let name = call.need("RoleName")?;
    call.done()?;
    let role = call.permitted("GetRole", Kind::Role, &name, |_| {})?;
    Ok(format!("<Role>{}</Role>", shown(&role, Shown::Alone)))
}

fn get_group(call: &mut Call<'_>) -> Result<String> {
    let name = call.need("GroupName")?;
    let group = call.permitted("GetGroup", Kind::Group, &name, |_| {})?;
    let directory = call.world.directory.clone();
    let members = directory
        .entities
        .values()
        .filter(|user| user.account == group.account && user.groups.contains(&group.name));
    let users = members.map(|user| (user.name.clone(), shown(user, Shown::InList)));
    let page = call.page("Users", users)?;
    Ok(format!("<Group>{}</Group>{page}", shown(&group, Shown::Alone)))
}

fn list(call: &mut Call<'_>, kind: Kind) -> Result<String> {
    let prefix = call.take("PathPrefix").unwrap_or_else(|| "/".to_owned());
    let resource = format!("arn:aws:iam::{}:{}{prefix}", call.account, kind.word());
    call.ask(&format!("List{}s", kind.title()), &resource, |_| {})?;
    let directory = call.world.directory.clone();
    let account = call.account.clone();
    let found: Vec<(String, String)> = directory
        .entities
        .values()
        .filter(|entity| {
            entity.kind == kind && entity.account == account && entity.path.starts_with(&prefix)
        })
        .map(|entity| (entity.name.clone(), shown(entity, Shown::InList)))
        .collect();
    call.page(&format!("{}s", kind.title()), found.into_iter())
}

fn delete(call: &mut Call<'_>, kind: Kind) -> Result<String> {
    let title = kind.title();
    let name = call.need(&format!("{title}Name"))?;
    call.done()?;
    let entity = call.permitted(&format!("Delete{title}"), kind, &name, |_| {})?;
    let arn = entity.arn();
    if !entity.attached.is_empty() {
        return Err(Fault::conflict("Cannot delete entity, must detach all policies first."));
    }
    if !entity.inline.is_empty() {
        return Err(Fault::conflict("Cannot delete entity, must delete policies first."));
    }
    if !entity.groups.is_empty() {
        return Err(Fault::conflict("Cannot delete entity, must remove users from group first."));
    }
    if call.world.access_keys.values().any(|key| key.user == arn) {
        return Err(Fault::conflict("Cannot delete entity, must delete access keys first."));
    }
    if kind == Kind::Group
        && call
            .world
            .directory
            .entities
            .values()
            .any(|user| user.account == entity.account && user.groups.contains(&entity.name))
    {
        return Err(Fault::conflict("Cannot delete entity, must remove users from group first."));
    }
    call.world.directory_mut().entities.remove(&arn);
    call.world.refresh_principal(&arn);
    Ok(String::new())
}

fn update_role(call: &mut Call<'_>) -> Result<String> {
    let name = call.need("RoleName")?;
    let (description, seconds) = (call.take("Description"), call.take("MaxSessionDuration"));
    call.done()?;
    let role = call.permitted("UpdateRole", Kind::Role, &name, |_| {})?;
    let seconds = seconds.map(|seconds| duration(Some(seconds))).transpose()?;
    call.change(&role.arn(), |role| {
        role.max_session_duration = seconds.unwrap_or(3600);
        role.description = description.unwrap_or_default();
    });
    Ok(String::new())
}

/// The old form of `UpdateRole`, which answers with the role.
fn update_description(call: &mut Call<'_>) -> Result<String> {
    let (name, description) = (call.need("RoleName")?, call.take("Description"));
    call.done()?;
    let role = call.permitted("UpdateRoleDescription", Kind::Role, &name, |_| {})?;
    let arn = role.arn();
    call.change(&arn, |role| role.description = description.unwrap_or_default());
    let role = call.world.directory.entities.get(&arn);
    let role = role.ok_or_else(|| no_such(Kind::Role, &name))?;
    Ok(format!("<Role>{}</Role>", shown(role, Shown::InList)))
}

/// Another name or path: what is attached stays, the id too
/// (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateUser.html>). The permission is
/// asked for under the old name and under the new.
fn rename(call: &mut Call<'_>, kind: Kind) -> Result<String> {
    let title = kind.title();
    let (action, name) = (format!("Update{title}"), call.need(&format!("{title}Name"))?);
    let (to, path) = (call.take(&format!("New{title}Name")), call.take("NewPath"));
    let path = path.map(|path| check_path(Some(path))).transpose()?;
    call.done()?;
    let entity = call.permitted(&action, kind, &name, |_| {})?;
    let mut next = Entity::clone(&entity);
    next.name = to.unwrap_or(next.name);
    next.path = path.unwrap_or(next.path);
    let (from, arn) = (entity.arn(), next.arn());
    call.ask(&action, &arn, |_| {})?;
    if let Some(other) = call.world.directory.find(kind, &call.account, &next.name)
        && other.id != entity.id
    {
        return Err(Fault::exists(format!("{title} with name {} already exists.", next.name)));
    }
    let (old, new) = (entity.name.clone(), next.name.clone());
    let directory = call.world.directory_mut();
    directory.entities.remove(&from);
    directory.entities.insert(arn.clone(), Arc::new(next));
    if kind == Kind::Group {
        for user in directory.entities.values_mut().filter(|user| user.groups.contains(&old)) {
            let groups = &mut Arc::make_mut(user).groups;
            groups.remove(&old);
            groups.insert(new.clone());
        }
        call.world.refresh_principals(|user| user.groups.contains(&new));
    } else {
        let keys = Arc::make_mut(&mut call.world.access_keys);
        for key in keys.values_mut().filter(|key| key.user == from) {
            key.user.clone_from(&arn);
        }
        call.world.refresh_principal(&from);
        call.world.refresh_principal(&arn);
    }
    Ok(String::new())
}

fn update_trust(call: &mut Call<'_>) -> Result<String> {
    let (name, text) = (call.need("RoleName")?, call.need("PolicyDocument")?);
    call.done()?;
    let role = call.permitted("UpdateAssumeRolePolicy", Kind::Role, &name, |_| {})?;
    let document = trust(call.world, &text, &role.name)?;
    call.change(&role.arn(), |role| role.trust = Some(document));
    Ok(String::new())
}

/// The group is what is asked about.
fn membership(call: &mut Call<'_>, action: &str) -> Result<String> {
    let (group, user) = (call.need("GroupName")?, call.need("UserName")?);
    call.done()?;
    let group = call.permitted(action, Kind::Group, &group, |_| {})?;
    let found = call.world.directory.find(Kind::User, &call.account, &user);
    let arn = found.ok_or_else(|| no_such(Kind::User, &user))?.arn();
    let adds = action == "AddUserToGroup";
    let is_in = call.world.directory.entities.get(&arn);
    if !adds && !is_in.is_some_and(|user| user.groups.contains(&group.name)) {
        // The words are moto's.
        return Err(Fault::missing(&format!("User {user} not in group {}", group.name)));
    }
    call.change(&arn, |user| {
        if adds {
            user.groups.insert(group.name.clone());
        } else {
            user.groups.remove(&group.name);
        }
    });
    Ok(String::new())
}

fn groups_of(call: &mut Call<'_>) -> Result<String> {
    let name = call.need("UserName")?;
    let user = call.permitted("ListGroupsForUser", Kind::User, &name, |_| {})?;
    let directory = call.world.directory.clone();
    let groups =
        user.groups.iter().filter_map(|group| directory.find(Kind::Group, &user.account, group));
    call.page("Groups", groups.map(|group| (group.name.clone(), shown(group, Shown::InList))))
}

fn tag(call: &mut Call<'_>, kind: Kind) -> Result<String> {
    let title = kind.title();
    let name = call.need(&format!("{title}Name"))?;
    let tags = call.tags()?;
    call.done()?;
    let entity = call.permitted(&format!("Tag{title}"), kind, &name, |context| {
        for (key, value) in &tags {
            context.set(&format!("aws:RequestTag/{key}"), value.as_str());
        }
        context.set_all("aws:TagKeys", tags.keys().cloned());
    })?;
    let mut all = entity.tags.clone();
    add_tags(&mut all, tags);
    if all.len() > 50 {
        return Err(Fault::limit("The number of tags has reached the maximum limit."));
    }
    call.change(&entity.arn(), |entity| entity.tags = all);
    Ok(String::new())
}

fn untag(call: &mut Call<'_>, kind: Kind) -> Result<String> {
    let title = kind.title();
    let name = call.need(&format!("{title}Name"))?;
    let keys = call.members("TagKeys");
    call.done()?;
    let entity = call.permitted(&format!("Untag{title}"), kind, &name, |context| {
        context.set_all("aws:TagKeys", keys.iter().cloned());
    })?;
    call.change(&entity.arn(), |entity| remove_tags(&mut entity.tags, &keys));
    Ok(String::new())
}

fn list_tags(call: &mut Call<'_>, kind: Kind) -> Result<String> {
    let title = kind.title();
    let name = call.need(&format!("{title}Name"))?;
    let entity = call.permitted(&format!("List{title}Tags"), kind, &name, |_| {})?;
    let one = |(key, value): (&String, &String)| {
        (key.clone(), element("Key", key) + &element("Value", value))
    };
    call.page("Tags", entity.tags.iter().map(one))
}
