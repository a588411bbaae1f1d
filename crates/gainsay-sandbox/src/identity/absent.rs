//! What nobody has here, because it cannot be made: instance profiles, passwords, MFA devices,
//! certificates, providers, aliases of the account. Programs that remove or read users and roles
//! ask for them, and are told that there are none; the operations that would make them are not
//! modelled.

use super::{Call, Fault, Operation, Result, element, entities::user_named, state::Kind, wrapped};

pub(super) const OPERATIONS: &[(&str, Operation)] = &[
    ("ListInstanceProfiles", |call| {
        let prefix = call.take("PathPrefix").unwrap_or_else(|| "/".to_owned());
        let resource = format!("arn:aws:iam::{}:instance-profile{prefix}", call.account);
        none(call, "ListInstanceProfiles", &resource, "InstanceProfiles")
    }),
    ("ListInstanceProfilesForRole", |call| {
        let name = call.need("RoleName")?;
        call.permitted("ListInstanceProfilesForRole", Kind::Role, &name, |_| {})?;
        empty(call, "InstanceProfiles")
    }),
    ("ListMFADevices", |call| of_user(call, "ListMFADevices", "MFADevices")),
    ("ListSigningCertificates", |call| of_user(call, "ListSigningCertificates", "Certificates")),
    ("ListSSHPublicKeys", |call| of_user(call, "ListSSHPublicKeys", "SSHPublicKeys")),
    ("ListServiceSpecificCredentials", |call| {
        of_user(call, "ListServiceSpecificCredentials", "ServiceSpecificCredentials")
    }),
    ("ListVirtualMFADevices", |call| {
        _ = call.take("AssignmentStatus");
        none(call, "ListVirtualMFADevices", "*", "VirtualMFADevices")
    }),
    ("ListAccountAliases", |call| none(call, "ListAccountAliases", "*", "AccountAliases")),
    ("ListOpenIDConnectProviders", |call| {
        providers(call, "ListOpenIDConnectProviders", "OpenIDConnectProviderList")
    }),
    ("ListSAMLProviders", |call| providers(call, "ListSAMLProviders", "SAMLProviderList")),
    ("GetLoginProfile", |call| login_profile(call, "GetLoginProfile")),
    ("DeleteLoginProfile", |call| login_profile(call, "DeleteLoginProfile")),
];

/// A page of a list without members.
fn empty(call: &mut Call<'_>, list: &str) -> Result<String> {
    call.page(list, std::iter::empty())
}

fn none(call: &mut Call<'_>, action: &str, resource: &str, list: &str) -> Result<String> {
    call.ask(action, resource, |_| {})?;
    empty(call, list)
}

fn of_user(call: &mut Call<'_>, action: &str, list: &str) -> Result<String> {
    user_named(call, action)?;
    empty(call, list)
}

/// These lists have no pages.
fn providers(call: &mut Call<'_>, action: &str, list: &str) -> Result<String> {
    call.done()?;
    call.ask(action, "*", |_| {})?;
    Ok(wrapped(list, ""))
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetLoginProfile.html>; the words are
/// assumed.
fn login_profile(call: &mut Call<'_>, action: &str) -> Result<String> {
    let (_, name) = user_named(call, action)?;
    call.done()?;
    Err(Fault::missing(&format!("Login Profile for User {name} cannot be found.")))
}

/// When a key was last used is not kept: as of one that was not
/// (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKeyLastUsed.html>).
pub(super) fn last_used(user: &str) -> String {
    let used = element("Region", "N/A") + &element("ServiceName", "N/A");
    element("UserName", user) + &wrapped("AccessKeyLastUsed", &used)
}
