//! The organization of an environment: its id, and where in it each account is.

use gainsay_iam::{Membership, Organizations};

use super::raw::{RawEnvironment, RawMembership, RawOrganization};
use crate::files::{
    diag::{Code, Diagnostic},
    yaml::Located,
};

/// What the environment's own account is called.
const OWN: &str = "account";

/// What is wrong with the organization as it is written, each with its place.
pub(super) fn check(raw: &RawEnvironment) -> Vec<(Diagnostic, &Located<String>)> {
    let Some(RawOrganization::Of(RawMembership { id, paths })) = &raw.organization else {
        return Vec::new();
    };
    let mut problems = Vec::new();
    if !is_id(&id.value) {
        let problem = Diagnostic::new(
            Code::BadValue,
            format!("`{}` is not the id of an organization", id.value),
        );
        problems.push((problem.help("write it as `o-a1b2c3d4e5`"), id));
    }
    for (name, path) in &paths.0 {
        let is_account = name.value == OWN || raw.accounts.get(&name.value).is_some();
        if !is_account {
            let problem = Diagnostic::new(
                Code::UnknownName,
                format!("no account is called `{}`", name.value),
            );
            let problem = problem
                .help("add it under `accounts:`, with its id; `account` is the environment's own");
            problems.push((problem.suggest(&name.value, raw.accounts.names().chain([OWN])), name));
        }
        if !is_path(&path.value, &id.value) {
            let problem = Diagnostic::new(
                Code::BadValue,
                format!(
                    "`{}` is not the path of an account in the organization `{}`",
                    path.value, id.value
                ),
            );
            let example = format!(
                "write it as `{}/r-ab12/ou-ab12-11111111/`, with the slash at its end",
                id.value
            );
            problems.push((problem.help(example), path));
        }
    }
    if let Some((name, _)) = raw.accounts.0.iter().find(|(name, _)| name.value == OWN) {
        let problem = Diagnostic::new(
            Code::DuplicateName,
            "`account` is the environment's own in an organization",
        );
        problems.push((problem.help("give the other account another name"), name));
    }
    problems
}

/// Which organization each account of the environment is in, as far as it is said. `account` gives
/// the id of an account by its name, the environment's own for none.
pub(super) fn resolve<'r, F>(raw: &'r RawEnvironment, account: F) -> Organizations
where
    F: Fn(Option<&'r Located<String>>) -> Option<String>,
{
    let Some(written) = &raw.organization else {
        return Organizations::default();
    };
    let others = raw.accounts.0.iter().map(|(name, _)| Some(name));
    let membership = |name: Option<&Located<String>>| match written {
        RawOrganization::None => None,
        RawOrganization::Of(RawMembership { id, paths }) => {
            let path = paths.get(name.map_or(OWN, |name| &name.value))?;
            Some(Membership { id: id.value.clone(), path: path.value.clone() })
        }
    };
    let of = others.chain([None]).filter_map(|name| Some((account(name)?, membership(name))));
    Organizations(of.collect())
}

/// Whether a text is `prefix` and so many lower-case letters and digits.
fn is_word(text: &str, prefix: &str, length: std::ops::RangeInclusive<usize>) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| {
        let lower = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        length.contains(&rest.len()) && rest.bytes().all(lower)
    })
}

/// `^o-[a-z0-9]{10,32}$`
/// (<https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html>).
fn is_id(text: &str) -> bool {
    is_word(text, "o-", 10..=32)
}

/// The organization, its root `^r-[0-9a-z]{4,32}$` and units `^ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}$`
/// which name the root
/// (<https://docs.aws.amazon.com/organizations/latest/APIReference/API_OrganizationalUnit.html>),
/// each with a slash after it
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed-view-data-orgs.html>).
fn is_path(text: &str, id: &str) -> bool {
    let mut parts = text.split('/');
    let (organization, root) = (parts.next(), parts.next().unwrap_or_default());
    let units: Vec<&str> = parts.collect();
    let Some((end, units)) = units.split_last() else { return false };
    let of_root = format!("ou-{}-", root.strip_prefix("r-").unwrap_or_default());
    let are_units = units.iter().all(|unit| is_word(unit, &of_root, 8..=32));
    organization == Some(id) && is_word(root, "r-", 4..=32) && end.is_empty() && are_units
}

#[cfg(test)]
mod tests {
    use super::{is_id, is_path};

    #[test]
    fn ids_and_paths_of_organizations() {
        assert!(is_id("o-a1b2c3d4e5"));
        for wrong in ["o-a1b2c3d4e", "o-A1b2c3d4e5", "a1b2c3d4e5f6", "o-a1b2c3d4e5/"] {
            assert!(!is_id(wrong), "{wrong}");
        }
        let path = |rest: &str| is_path(&format!("o-a1b2c3d4e5/{rest}"), "o-a1b2c3d4e5");
        assert!(path("r-ab12/") && path("r-ab12/ou-ab12-11111111/ou-ab12-22222222/"));
        for wrong in [
            "",
            "r-ab12",
            "r-ab1/",
            "r-ab12/ou-ab12-11111111",
            "r-ab12/ou-cd34-11111111/",
            "r-ab12/ou-ab12-1/",
            "r-ab12//",
        ] {
            assert!(!path(wrong), "{wrong}");
        }
        assert!(!is_path("o-bbbbbbbbbb/r-ab12/", "o-a1b2c3d4e5"));
    }
}
