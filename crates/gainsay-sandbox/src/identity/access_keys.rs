//! Access keys of users.

use std::{collections::BTreeSet, sync::Arc};

use super::{Call, Fault, Operation, Result, date, element, entities::user_named};

pub(super) const OPERATIONS: &[(&str, Operation)] = &[
    ("CreateAccessKey", create),
    ("ListAccessKeys", list),
    ("UpdateAccessKey", update),
    ("DeleteAccessKey", delete),
    ("GetAccessKeyLastUsed", last_used),
];

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>.
const MAX_KEYS: usize = 2;
/// The alphabet of access key ids, base 32
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>).
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn create(call: &mut Call<'_>) -> Result<String> {
    let (arn, name) = user_named(call, "CreateAccessKey")?;
    call.done()?;
    if call.world.access_keys.values().filter(|key| key.user == arn).count() >= MAX_KEYS {
        return Err(Fault::limit(format!("Cannot exceed quota for AccessKeysPerUser: {MAX_KEYS}")));
    }
    let mut random = [0; 16];
    getrandom::fill(&mut random)
        .map_err(|problem| Fault::new(500, "ServiceFailure", problem.to_string()))?;
    let letters = random
        .iter()
        .filter_map(|byte| ALPHABET.get(usize::from(byte % 32)))
        .map(|letter| char::from(*letter));
    let id: String = "AKIA".chars().chain(letters).collect();
    call.world.add_access_key(&arn, &id);
    let key = [
        element("UserName", &name),
        element("AccessKeyId", &id),
        element("Status", "Active"),
        element("SecretAccessKey", &call.issuer.secret_for(&id)),
        element("CreateDate", &date(call.world.now())),
    ];
    Ok(format!("<AccessKey>{}</AccessKey>", key.concat()))
}

fn list(call: &mut Call<'_>) -> Result<String> {
    let (arn, name) = user_named(call, "ListAccessKeys")?;
    let keys = call.world.access_keys.clone();
    let shown = keys.iter().filter(|(_, key)| key.user == arn).map(|(id, key)| {
        let xml = [
            element("UserName", &name),
            element("AccessKeyId", id),
            element("Status", if key.active { "Active" } else { "Inactive" }),
            element("CreateDate", &date(key.created)),
        ];
        (id.clone(), xml.concat())
    });
    let shown: BTreeSet<(String, String)> = shown.collect();
    call.page("AccessKeyMetadata", shown.into_iter())
}

fn update(call: &mut Call<'_>) -> Result<String> {
    let (arn, _) = user_named(call, "UpdateAccessKey")?;
    let (id, status) = (call.need("AccessKeyId")?, call.need("Status")?);
    call.done()?;
    let active = match status.as_str() {
        "Active" => true,
        "Inactive" => false,
        _ => return Err(Fault::validation("Status must be Active or Inactive")),
    };
    let key = Arc::make_mut(&mut call.world.access_keys).get_mut(&id).filter(|key| key.user == arn);
    key.ok_or_else(|| no_key(&id))?.active = active;
    Ok(String::new())
}

fn delete(call: &mut Call<'_>) -> Result<String> {
    let (arn, _) = user_named(call, "DeleteAccessKey")?;
    let id = call.need("AccessKeyId")?;
    call.done()?;
    if call.world.access_keys.get(&id).is_none_or(|key| key.user != arn) {
        return Err(no_key(&id));
    }
    Arc::make_mut(&mut call.world.access_keys).remove(&id);
    Ok(String::new())
}

fn last_used(call: &mut Call<'_>) -> Result<String> {
    let id = call.need("AccessKeyId")?;
    call.done()?;
    let user = call.world.access_keys.get(&id).map(|key| key.user.clone());
    call.ask("GetAccessKeyLastUsed", user.as_deref().unwrap_or("*"), |_| {})?;
    let user = user.ok_or_else(|| no_key(&id))?;
    Ok(super::absent::last_used(user.rsplit('/').next().unwrap_or_default()))
}

fn no_key(id: &str) -> Fault {
    Fault::missing(&format!("The Access Key with id {id} cannot be found."))
}
