//! Policies: inline ones, managed ones with their versions, attachments, and permissions
//! boundaries.

use std::sync::Arc;

use gainsay_iam::{Context, PolicyKind, put::Quota};
use gainsay_model::Document;

use super::{
    Call, Fault, Operation, Result, date, element, encoded,
    entities::{check_path, no_policy},
    listed, managed,
    state::{Boundary, Kind, Managed, add_tags, remove_tags, unique_id},
    tags_element,
};
use crate::{
    state::World,
    stored_policy::{self, KnownPrincipals},
};

pub(super) const OPERATIONS: &[(&str, Operation)] = &[
    ("PutUserPolicy", |call| put_inline(call, Kind::User)),
    ("PutGroupPolicy", |call| put_inline(call, Kind::Group)),
    ("PutRolePolicy", |call| put_inline(call, Kind::Role)),
    ("GetUserPolicy", |call| get_inline(call, Kind::User)),
    ("GetGroupPolicy", |call| get_inline(call, Kind::Group)),
    ("GetRolePolicy", |call| get_inline(call, Kind::Role)),
    ("ListUserPolicies", |call| list_inline(call, Kind::User)),
    ("ListGroupPolicies", |call| list_inline(call, Kind::Group)),
    ("ListRolePolicies", |call| list_inline(call, Kind::Role)),
    ("DeleteUserPolicy", |call| delete_inline(call, Kind::User)),
    ("DeleteGroupPolicy", |call| delete_inline(call, Kind::Group)),
    ("DeleteRolePolicy", |call| delete_inline(call, Kind::Role)),
    ("AttachUserPolicy", |call| attach(call, Kind::User)),
    ("AttachGroupPolicy", |call| attach(call, Kind::Group)),
    ("AttachRolePolicy", |call| attach(call, Kind::Role)),
    ("DetachUserPolicy", |call| detach(call, Kind::User)),
    ("DetachGroupPolicy", |call| detach(call, Kind::Group)),
    ("DetachRolePolicy", |call| detach(call, Kind::Role)),
    ("ListAttachedUserPolicies", |call| list_attached(call, Kind::User)),
    ("ListAttachedGroupPolicies", |call| list_attached(call, Kind::Group)),
    ("ListAttachedRolePolicies", |call| list_attached(call, Kind::Role)),
    ("PutUserPermissionsBoundary", |call| put_boundary(call, Kind::User)),
    ("PutRolePermissionsBoundary", |call| put_boundary(call, Kind::Role)),
    ("DeleteUserPermissionsBoundary", |call| delete_boundary(call, Kind::User)),
    ("DeleteRolePermissionsBoundary", |call| delete_boundary(call, Kind::Role)),
    ("CreatePolicy", create),
    ("GetPolicy", get),
    ("ListPolicies", list),
    ("DeletePolicy", delete),
    ("CreatePolicyVersion", create_version),
    ("GetPolicyVersion", get_version),
    ("ListPolicyVersions", list_versions),
    ("SetDefaultPolicyVersion", set_default),
    ("DeletePolicyVersion", delete_version),
    ("ListEntitiesForPolicy", list_entities),
    ("TagPolicy", tag),
    ("UntagPolicy", untag),
    ("ListPolicyTags", list_tags),
];

// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>.
const MAX_ATTACHED: usize = 10;
const MAX_VERSIONS: usize = 5;

const fn inline_quota(kind: Kind) -> Quota {
    match kind {
        Kind::User => Quota::InlineUser,
        Kind::Group => Quota::InlineGroup,
        Kind::Role => Quota::InlineRole,
    }
}

/// Reads a policy.
fn document(world: &World, text: &str, name: &str) -> Result<Document> {
    let known = KnownPrincipals::of(world);
    stored_policy::read(PolicyKind::Identity, text, name, &known, None)
        .map_err(|says| Fault::new(400, says.code, says.message))
}

/// Reads a managed policy, which has a size of its own.
fn managed_document(world: &World, text: &str, name: &str) -> Result<Document> {
    if Quota::Managed.size_of(text) > Quota::Managed.max() {
        return Err(Fault::limit(Quota::Managed.error(name).message));
    }
    document(world, text, name)
}

/// The entity of a call, and its name.
fn named(call: &mut Call<'_>, kind: Kind) -> Result<String> {
    call.need(&format!("{}Name", kind.title()))
}

fn put_inline(call: &mut Call<'_>, kind: Kind) -> Result<String> {
    let (name, policy, text) =
        (named(call, kind)?, call.need("PolicyName")?, call.need("PolicyDocument")?);
    call.done()?;
    let entity = call.permitted(&format!("Put{}Policy", kind.title()), kind, &name, |_| {})?;
    let quota = inline_quota(kind);
    let others = entity.inline.iter().filter(|(name, _)| **name != policy);
    let size: usize = others.map(|(_, document)| quota.size_of(&document.text)).sum::<usize>()
        + quota.size_of(&text);
    if size > quota.max() {
        return Err(Fault::limit(quota.error(&entity.name).message));
    }
    let name = format!("{policy} of {} {}", kind.word(), entity.name);
    let document = document(call.world, &text, &name)?;
    call.change(&entity.arn(), |entity| _ = entity.inline.insert(policy, document));
    Ok(String::new())
}

fn no_inline(name: &str, policy: &str, kind: Kind) -> Fault {
    Fault::missing(&format!(
        "The {} policy with name {policy} cannot be found for {name}.",
        kind.word()
    ))
}

fn get_inline(call: &mut Call<'_>, kind: Kind) -> Result<String> {
    let (name, policy) = (named(call, kind)?, call.need("PolicyName")?);
    call.done()?;
    let title = kind.title();
    let entity = call.permitted(&format!("Get{title}Policy"), kind, &name, |_| {})?;
    let document = entity.inline.get(&policy).ok_or_else(|| no_inline(&name, &policy, kind))?;
    Ok([
        element(&format!("{title}Name"), &entity.name),
        element("PolicyName", &policy),
        element("PolicyDocument", &encoded(document)),
    ]
    .concat())
}

fn list_inline(call: &mut Call<'_>, kind: Kind) -> Result<String> {
    let name = named(call, kind)?;
    let entity = call.permitted(&format!("List{}Policies", kind.title()), kind, &name, |_| {})?;
    call.page(
        "PolicyNames",
        entity
            .inline
            .keys()
            .map(|name| (name.clone(), quick_xml::escape::escape(name.as_str()).into_owned())),
    )
}

fn delete_inline(call: &mut Call<'_>, kind: Kind) -> Result<String> {
    let (name, policy) = (named(call, kind)?, call.need("PolicyName")?);
    call.done()?;
    let entity = call.permitted(&format!("Delete{}Policy", kind.title()), kind, &name, |_| {})?;
    if !entity.inline.contains_key(&policy) {
        return Err(no_inline(&name, &policy, kind));
    }
    call.change(&entity.arn(), |entity| _ = entity.inline.remove(&policy));
    Ok(String::new())
}

fn attach(call: &mut Call<'_>, kind: Kind) -> Result<String> {
    let (name, policy) = (named(call, kind)?, call.need("PolicyArn")?);
    call.done()?;
    let set_context = |context: &mut Context| context.set("iam:PolicyARN", policy.as_str());
    let entity =
        call.permitted(&format!("Attach{}Policy", kind.title()), kind, &name, set_context)?;
    usable(call, &policy)?;
    if entity.attached.len() >= MAX_ATTACHED && !entity.attached.contains(&policy) {
        return Err(Fault::limit(format!(
            "Cannot exceed quota for PoliciesPer{}: {MAX_ATTACHED}",
            kind.title()
        )));
    }
    call.change(&entity.arn(), |entity| _ = entity.attached.insert(policy));
    Ok(String::new())
}

/// A managed policy that entities of the account may have. One of AWS that is not in the table is
/// not modelled.
fn usable(call: &Call<'_>, arn: &str) -> Result<()> {
    if call.world.directory.managed(arn).is_some() {
        return Ok(());
    }
    if arn.starts_with("arn:aws:iam::aws:policy/") {
        return Err(Fault::not_modelled(&format!("the policy {arn}")));
    }
    Err(no_policy(arn))
}

fn detach(call: &mut Call<'_>, kind: Kind) -> Result<String> {
    let (name, policy) = (named(call, kind)?, call.need("PolicyArn")?);
    call.done()?;
    let set_context = |context: &mut Context| context.set("iam:PolicyARN", policy.as_str());
    let entity =
        call.permitted(&format!("Detach{}Policy", kind.title()), kind, &name, set_context)?;
    if !entity.attached.contains(&policy) {
        return Err(Fault::missing(&format!("Policy {policy} was not found.")));
    }
    call.change(&entity.arn(), |entity| _ = entity.attached.remove(&policy));
    Ok(String::new())
}

fn list_attached(call: &mut Call<'_>, kind: Kind) -> Result<String> {
    let name = named(call, kind)?;
    let entity =
        call.permitted(&format!("ListAttached{}Policies", kind.title()), kind, &name, |_| {})?;
    let shown = |arn: &String| {
        let name = arn.rsplit('/').next().unwrap_or_default();
        (arn.clone(), element("PolicyName", name) + &element("PolicyArn", arn))
    };
    call.page("AttachedPolicies", entity.attached.iter().map(shown))
}

fn put_boundary(call: &mut Call<'_>, kind: Kind) -> Result<String> {
    let (name, policy) = (named(call, kind)?, call.need("PermissionsBoundary")?);
    call.done()?;
    let set_context =
        |context: &mut Context| context.set("iam:PermissionsBoundary", policy.as_str());
    let entity = call.permitted(
        &format!("Put{}PermissionsBoundary", kind.title()),
        kind,
        &name,
        set_context,
    )?;
    usable(call, &policy)?;
    call.change(&entity.arn(), |entity| entity.boundary = Some(Boundary::Managed(policy)));
    Ok(String::new())
}

fn delete_boundary(call: &mut Call<'_>, kind: Kind) -> Result<String> {
    let name = named(call, kind)?;
    call.done()?;
    let entity =
        call.permitted(&format!("Delete{}PermissionsBoundary", kind.title()), kind, &name, |_| {})?;
    call.change(&entity.arn(), |entity| entity.boundary = None);
    Ok(String::new())
}

/// In what kind of answer a policy is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// Alone: everything, tags also where there are none.
    Alone,
    /// As it was made: without its description
    /// (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_Policy.html>).
    Made,
    /// In a list: without description and tags
    /// (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListPolicies.html>).
    InList,
}

fn create(call: &mut Call<'_>) -> Result<String> {
    let (name, text) = (call.need("PolicyName")?, call.need("PolicyDocument")?);
    let given = call.take("Path");
    let (path, description) = (check_path(given)?, call.take("Description"));
    let tags = call.tags()?;
    call.done()?;
    let number = call.world.next();
    let mut policy = Managed {
        id: unique_id("ANPA", &format!("{}/{name}/{number}", call.account)),
        account: call.account.clone(),
        path,
        name,
        created: call.world.now(),
        description: description.unwrap_or_default(),
        tags,
        versions: std::collections::BTreeMap::new(),
        default: 1,
        last: 1,
    };
    let arn = policy.arn();
    let tags = policy.tags.clone();
    let set_context = |context: &mut Context| set_request_tags(context, &tags);
    call.ask("CreatePolicy", &arn, set_context)?;
    if !tags.is_empty() {
        call.ask("TagPolicy", &arn, set_context)?;
    }
    let document = managed_document(call.world, &text, &policy.name)?;
    let same = |other: &Arc<Managed>| {
        other.account == policy.account && other.name.eq_ignore_ascii_case(&policy.name)
    };
    if call.world.directory.policies.values().any(same) {
        return Err(Fault::exists(format!(
            "A policy called {} already exists. Duplicate names are not allowed.",
            policy.name
        )));
    }
    policy.versions.insert(1, (policy.created, document));
    let shown = format!("<Policy>{}</Policy>", shown(call, &arn, &policy, Shown::Made));
    call.world.directory_mut().policies.insert(arn, Arc::new(policy));
    Ok(shown)
}

/// A policy as answers show it.
fn shown(call: &Call<'_>, arn: &str, policy: &Managed, how: Shown) -> String {
    let attached = call
        .world
        .directory
        .entities
        .values()
        .filter(|entity| entity.attached.contains(arn))
        .count();
    let bounds = call
        .world
        .directory
        .entities
        .values()
        .filter(|entity| entity.boundary.as_ref().is_some_and(|boundary| boundary.is(arn)))
        .count();
    let mut xml = [
        element("PolicyName", &policy.name),
        element("PolicyId", &policy.id),
        element("Arn", arn),
        element("Path", &policy.path),
        element("DefaultVersionId", &format!("v{}", policy.default)),
        element("AttachmentCount", &attached.to_string()),
        element("PermissionsBoundaryUsageCount", &bounds.to_string()),
        element("IsAttachable", "true"),
        element("CreateDate", &date(policy.created)),
        element(
            "UpdateDate",
            &date(policy.versions.values().map(|(time, _)| *time).max().unwrap_or(policy.created)),
        ),
    ]
    .concat();
    if how == Shown::Alone && !policy.description.is_empty() {
        xml += &element("Description", &policy.description);
    }
    if how == Shown::Alone || (how == Shown::Made && !policy.tags.is_empty()) {
        xml += &tags_element(&policy.tags);
    }
    xml
}

fn no_such_policy(arn: &str) -> Fault {
    Fault::missing(&format!("Policy {arn} was not found."))
}

/// A customer's policy, once the action on it is authorized.
fn permitted(call: &mut Call<'_>, action: &str) -> Result<(String, Arc<Managed>)> {
    permitted_with(call, action, |_| {})
}

fn permitted_with(
    call: &mut Call<'_>,
    action: &str,
    set_context: impl FnOnce(&mut Context),
) -> Result<(String, Arc<Managed>)> {
    let arn = call.need("PolicyArn")?;
    let tags = call.world.directory.policies.get(&arn).map(|policy| policy.tags.clone());
    call.ask(action, &arn, |context| {
        for (key, value) in tags.iter().flatten() {
            context.set(&format!("aws:ResourceTag/{key}"), value.as_str());
            context.set(&format!("iam:ResourceTag/{key}"), value.as_str());
        }
        set_context(context);
    })?;
    if managed::find(&arn).is_some() {
        return Err(Fault::not_modelled("versions and metadata of AWS's own policies"));
    }
    let policy = call
        .world
        .directory
        .policies
        .get(&arn)
        .filter(|policy| policy.account == call.account)
        .cloned();
    let policy = policy.ok_or_else(|| no_such_policy(&arn))?;
    Ok((arn, policy))
}

fn get(call: &mut Call<'_>) -> Result<String> {
    let (arn, policy) = permitted(call, "GetPolicy")?;
    call.done()?;
    Ok(format!("<Policy>{}</Policy>", shown(call, &arn, &policy, Shown::Alone)))
}

/// What policies are told of the tags of a request.
fn set_request_tags(context: &mut Context, tags: &std::collections::BTreeMap<String, String>) {
    for (key, value) in tags {
        context.set(&format!("aws:RequestTag/{key}"), value.as_str());
    }
    if !tags.is_empty() {
        context.set_all("aws:TagKeys", tags.keys().cloned());
    }
}

fn tag(call: &mut Call<'_>) -> Result<String> {
    let tags = call.tags()?;
    let given = tags.clone();
    let (arn, policy) =
        permitted_with(call, "TagPolicy", |context| set_request_tags(context, &given))?;
    call.done()?;
    let mut all = policy.tags.clone();
    add_tags(&mut all, tags);
    if all.len() > 50 {
        return Err(Fault::limit("The number of tags has reached the maximum limit."));
    }
    change(call, &arn, |policy| policy.tags = all);
    Ok(String::new())
}

fn untag(call: &mut Call<'_>) -> Result<String> {
    let keys = call.members("TagKeys");
    let (arn, _) = permitted_with(call, "UntagPolicy", |context| {
        context.set_all("aws:TagKeys", keys.iter().cloned());
    })?;
    call.done()?;
    change(call, &arn, |policy| remove_tags(&mut policy.tags, &keys));
    Ok(String::new())
}

fn list_tags(call: &mut Call<'_>) -> Result<String> {
    let (_, policy) = permitted(call, "ListPolicyTags")?;
    let one = |(key, value): (&String, &String)| {
        (key.clone(), element("Key", key) + &element("Value", value))
    };
    call.page("Tags", policy.tags.iter().map(one))
}

fn list(call: &mut Call<'_>) -> Result<String> {
    let scope = call.take("Scope").unwrap_or_else(|| "All".to_owned());
    let attached = call.take("OnlyAttached").is_some_and(|only| only == "true");
    let prefix = call.take("PathPrefix").unwrap_or_else(|| "/".to_owned());
    let resource = format!("arn:aws:iam::{}:policy{prefix}", call.account);
    call.ask("ListPolicies", &resource, |_| {})?;
    if scope != "Local"
        && call.world.directory.policies.is_empty()
        && managed::all().next().is_none()
    {
        return Err(Fault::not_modelled("the list of AWS's own policies"));
    }
    if scope != "Local" {
        // Only some are here, and a list that leaves out the others would be a lie.
        return Err(Fault::not_modelled(
            "the list of AWS's own policies; ask with the scope Local",
        ));
    }
    let used = |arn: &String| {
        call.world.directory.entities.values().any(|entity| entity.attached.contains(arn))
    };
    let found: Vec<(String, String)> = call
        .world
        .directory
        .policies
        .iter()
        .filter(|(arn, policy)| {
            policy.account == call.account
                && policy.path.starts_with(&prefix)
                && (!attached || used(arn))
        })
        .map(|(arn, policy)| (arn.clone(), shown(call, arn, policy, Shown::InList)))
        .collect();
    call.page("Policies", found.into_iter())
}

fn delete(call: &mut Call<'_>) -> Result<String> {
    let (arn, policy) = permitted(call, "DeletePolicy")?;
    call.done()?;
    let bound = |boundary: &Option<Boundary>| {
        let Some(Boundary::Managed(other)) = boundary else { return false };
        *other == arn
    };
    if call
        .world
        .directory
        .entities
        .values()
        .any(|entity| entity.attached.contains(&arn) || bound(&entity.boundary))
    {
        return Err(Fault::conflict("Cannot delete a policy attached to entities."));
    }
    if policy.versions.len() > 1 {
        return Err(Fault::conflict(
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
        ));
    }
    call.world.directory_mut().policies.remove(&arn);
    Ok(String::new())
}

fn change(call: &mut Call<'_>, arn: &str, change: impl FnOnce(&mut Managed)) {
    if let Some(policy) = call.world.directory_mut().policies.get_mut(arn) {
        change(Arc::make_mut(policy));
    }
    let directory = call.world.directory.clone();
    call.world.refresh_principals(|entity| {
        let has = |entity: &super::Entity| {
            entity.attached.contains(arn)
                || matches!(&entity.boundary, Some(Boundary::Managed(other)) if other == arn)
        };
        has(entity)
            || entity.groups.iter().any(|group| {
                directory.find(Kind::Group, &entity.account, group).is_some_and(|group| has(group))
            })
    });
}

fn shown_version(policy: &Managed, number: u32, with_document: bool) -> String {
    let Some((time, document)) = policy.versions.get(&number) else {
        return String::new();
    };
    let document =
        if with_document { element("Document", &encoded(document)) } else { String::new() };
    [
        document,
        element("VersionId", &format!("v{number}")),
        element("IsDefaultVersion", &(number == policy.default).to_string()),
        element("CreateDate", &date(*time)),
    ]
    .concat()
}

fn create_version(call: &mut Call<'_>) -> Result<String> {
    let (arn, policy) = permitted(call, "CreatePolicyVersion")?;
    let text = call.need("PolicyDocument")?;
    let default = call.take("SetAsDefault").is_some_and(|set| set == "true");
    call.done()?;
    let document = managed_document(call.world, &text, &policy.name)?;
    if policy.versions.len() >= MAX_VERSIONS {
        return Err(Fault::limit(
            "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.",
        ));
    }
    let (number, now) = (policy.last + 1, call.world.now());
    change(call, &arn, |policy| {
        policy.versions.insert(number, (now, document));
        policy.last = number;
        if default {
            policy.default = number;
        }
    });
    let policy =
        call.world.directory.policies.get(&arn).cloned().ok_or_else(|| no_such_policy(&arn))?;
    Ok(format!("<PolicyVersion>{}</PolicyVersion>", shown_version(&policy, number, false)))
}

/// `v3`.
fn version(call: &mut Call<'_>, arn: &str, policy: &Managed) -> Result<u32> {
    let text = call.need("VersionId")?;
    let number = text.strip_prefix('v').and_then(|number| number.parse().ok());
    let number = number.filter(|number| policy.versions.contains_key(number));
    number.ok_or_else(|| {
        Fault::missing(&format!("Policy {arn} version {text} does not exist or is not attachable."))
    })
}

fn get_version(call: &mut Call<'_>) -> Result<String> {
    let (arn, policy) = permitted(call, "GetPolicyVersion")?;
    let number = version(call, &arn, &policy)?;
    call.done()?;
    Ok(format!("<PolicyVersion>{}</PolicyVersion>", shown_version(&policy, number, true)))
}

fn list_versions(call: &mut Call<'_>) -> Result<String> {
    let (_, policy) = permitted(call, "ListPolicyVersions")?;
    let entries: Vec<(String, String)> = policy
        .versions
        .keys()
        .map(|number| (format!("v{number:010}"), shown_version(&policy, *number, false)))
        .collect();
    call.page("Versions", entries.into_iter())
}

fn set_default(call: &mut Call<'_>) -> Result<String> {
    let (arn, policy) = permitted(call, "SetDefaultPolicyVersion")?;
    let number = version(call, &arn, &policy)?;
    call.done()?;
    change(call, &arn, |policy| policy.default = number);
    Ok(String::new())
}

fn delete_version(call: &mut Call<'_>) -> Result<String> {
    let (arn, policy) = permitted(call, "DeletePolicyVersion")?;
    let number = version(call, &arn, &policy)?;
    call.done()?;
    if number == policy.default {
        return Err(Fault::conflict("Cannot delete the default version of a policy."));
    }
    change(call, &arn, |policy| _ = policy.versions.remove(&number));
    Ok(String::new())
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListEntitiesForPolicy.html>: attached
/// as a policy or as a boundary, unless the request says which.
fn list_entities(call: &mut Call<'_>) -> Result<String> {
    let arn = call.need("PolicyArn")?;
    let (filter, usage) = (call.take("EntityFilter"), call.take("PolicyUsageFilter"));
    let prefix = call.take("PathPrefix").unwrap_or_else(|| "/".to_owned());
    call.ask("ListEntitiesForPolicy", &arn, |_| {})?;
    call.done()?;
    if call.world.directory.managed(&arn).is_none() {
        return Err(no_such_policy(&arn));
    }
    let is = |wanted: &Option<String>, one: &str| wanted.as_deref().is_none_or(|all| all == one);
    let mut lists = String::new();
    for (kind, list) in
        [(Kind::Group, "PolicyGroups"), (Kind::User, "PolicyUsers"), (Kind::Role, "PolicyRoles")]
    {
        let title = kind.title();
        let entities = call.world.directory.entities.values();
        let found = entities.filter(|entity| {
            entity.kind == kind
                && entity.account == call.account
                && entity.path.starts_with(&prefix)
                && is(&filter, title)
                && ((is(&usage, "PermissionsPolicy") && entity.attached.contains(&arn))
                    || (is(&usage, "PermissionsBoundary")
                        && entity.boundary.as_ref().is_some_and(|boundary| boundary.is(&arn))))
        });
        lists += &listed(
            list,
            found.map(|entity| {
                element(&format!("{title}Name"), &entity.name)
                    + &element(&format!("{title}Id"), &entity.id)
            }),
        );
    }
    Ok(format!("{lists}<IsTruncated>false</IsTruncated>"))
}
