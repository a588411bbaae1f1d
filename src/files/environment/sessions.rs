//! How a role is assumed for a run: with which session tags, by way of which other role, for how
//! long at most.

use super::raw::{RawEnvironment, RawRole};
use crate::files::{
    diag::{Code, Diagnostic},
    yaml::Located,
};

/// With what the session of a role is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionSettings {
    /// The external id that its trust policy asks for.
    pub external_id: Option<String>,
    /// The profile whose credentials assume it, where it is bound to one.
    pub source_profile: Option<String>,
    /// Session tags.
    pub session_tags: Vec<(String, String)>,
    /// The logical name of the role whose session assumes it, in place of the caller.
    pub via: Option<String>,
}

/// What a role's sessions last at most where nothing is said, and the least and most it may say:
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>.
const MAX_DURATION: u32 = 3600;
const LONGEST: u32 = 43_200;

/// How long the role's sessions may last.
pub(super) fn max_duration(raw: &RawRole) -> Result<u32, (Diagnostic, &Located<String>)> {
    let Some(written) = &raw.max_session_duration else {
        return Ok(MAX_DURATION);
    };
    let seconds =
        written.value.parse().ok().filter(|seconds| (MAX_DURATION..=LONGEST).contains(seconds));
    seconds.ok_or_else(|| {
        let problem = Diagnostic::new(
            Code::BadValue,
            format!("`{}` is not how long a session may last", written.value),
        )
        .help("write a number of seconds from 3600 to 43200");
        (problem, written)
    })
}

/// What is wrong with how the roles are assumed, and where.
pub(super) fn check(raw: &RawEnvironment) -> Vec<(Diagnostic, &Located<String>)> {
    let mut problems = Vec::new();
    for (name, role) in &raw.roles.0 {
        problems.extend(max_duration(role).err());
        let Some(via) = &role.via else { continue };
        if raw.roles.get(&via.value).is_none() {
            let problem =
                Diagnostic::new(Code::UnknownName, format!("no role is called `{}`", via.value));
            problems.push((problem.suggest(&via.value, raw.roles.names()), via));
        } else if leads_back(raw, &name.value) {
            let problem = Diagnostic::new(
                Code::BadValue,
                format!("`{}` would be assumed by way of itself", name.value),
            )
            .help("remove one `via` of the circle: the caller assumes that role");
            problems.push((problem, via));
        }
    }
    problems
}

/// Whether following `via` from a role comes back to it.
fn leads_back(raw: &RawEnvironment, name: &str) -> bool {
    let next = |name: &str| {
        raw.roles.get(name).and_then(|role| role.via.as_ref()).map(|via| via.value.as_str())
    };
    let way = std::iter::successors(next(name), |at| next(at));
    way.take(raw.roles.0.len()).any(|at| at == name)
}
