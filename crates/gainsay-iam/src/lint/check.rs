//! The checks of the lints.

use std::collections::BTreeMap;

use super::{At, Finding, Lint};
use super::{arn, conditions as values, network, redundant, resources, statements};
use crate::{
    actions::{ACTIONS, Action, action},
    context::Context,
    keys::condition_key,
    pattern::{pattern_covers, wildcard_match},
    policy::{Effect, Policy, Statement, condition::Condition, operand::Test},
    principal::Entry,
};

/// Condition keys that are documented and that the Service Authorization Reference lists for no
/// action.
const OF_NO_ACTION: &[&str] =
    &["kms:CustomerMasterKeySpec", "kms:CustomerMasterKeyUsage", "kms:DataKeySpec"];

/// Finds the statements of a policy that cannot do what they seem to say, in the order of the
/// document.
///
/// ```
/// use gainsay_iam::{Lint, Policy, PolicyKind, lint};
///
/// let policy = Policy::from_text(
///     PolicyKind::Identity,
///     r#"{"Version": "2012-10-17", "Statement": {
///         "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::reports/*",
///         "Condition": {"StringEquals": {"aws:PrincipalArn": "arn:aws:iam::*:role/app"}}}}"#,
/// )?;
/// let findings = lint(&policy);
/// assert_eq!(findings[0].lint, Lint::WildcardInEquals);
/// assert_eq!(
///     findings[0].message,
///     "`arn:aws:iam::*:role/app` is compared letter by letter: \
///      `*` and `?` are wildcards in `StringLike` only"
/// );
/// # Ok::<(), gainsay_iam::DocumentError>(())
/// ```
#[must_use]
pub fn lint(policy: &Policy) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, statement) in policy.statements().iter().enumerate() {
        let mut at = At { statement: index, findings: &mut findings };
        let actions = actions_of(statement);
        unknown_actions(statement, &mut at);
        statements::check(policy, statement, &mut at);
        let judged = resources::wrong_types(statement, &mut at);
        resources::arns(statement, judged, &mut at);
        principals(statement, &mut at);
        contradictions(statement, &mut at);
        conditions(statement, actions.as_deref(), &mut at);
        values::check(statement, actions.as_deref(), &mut at);
        network::check(statement, &mut at);
        redundant::check(policy, index, statement, &mut at);
        if !policy.has_variables() {
            variables(statement, &mut at);
        }
        if let Some(deny) = policy.statements().iter().position(|deny| shadows(deny, statement)) {
            let name = policy
                .statements()
                .get(deny)
                .and_then(Statement::sid)
                .map_or_else(|| format!("statement {deny}"), |sid| format!("`{sid}`"));
            at.add(
                Lint::ShadowedAllow,
                &[],
                format!("everything that this Allow permits, {name} denies"),
            );
        }
    }
    super::size::check(policy, &mut findings);
    findings
}

/// The known actions that a pattern matches; `None` for a service whose actions are not known.
pub(super) fn known(pattern: &str) -> Option<Vec<&'static Action>> {
    let (service, _) = pattern.split_once(':')?;
    let prefix = format!("{}:", service.to_ascii_lowercase());
    let all = ACTIONS.iter().filter(|action| action.name.to_ascii_lowercase().starts_with(&prefix));
    let mut of_service = all.peekable();
    // Of IAM only one action is in the table.
    if prefix == "iam:" && action(pattern).is_none() {
        return None;
    }
    of_service.peek()?;
    let lower = pattern.to_ascii_lowercase();
    Some(
        of_service
            .filter(|action| wildcard_match(&lower, &action.name.to_ascii_lowercase()))
            .collect(),
    )
}

/// Every known action that a statement may be about; `None` if it may be about others, too.
fn actions_of(statement: &Statement) -> Option<Vec<&'static Action>> {
    if statement.excludes_actions() {
        return None;
    }
    let mut all = Vec::new();
    for pattern in statement.actions() {
        all.extend(known(pattern)?);
    }
    (!all.is_empty()).then_some(all)
}

fn unknown_actions(statement: &Statement, at: &mut At<'_>) {
    for pattern in statement
        .actions()
        .filter(|pattern| known(pattern).is_some_and(|actions| actions.is_empty()))
    {
        let message = format!(
            "`{pattern}` is no action: it matches none that the service has{}",
            statements::suggestion(pattern)
        );
        at.add(Lint::UnknownAction, &[statements::element(statement)], message);
    }
}

/// Principals of a partition that there is not.
fn principals(statement: &Statement, at: &mut At<'_>) {
    let Some(principals) = &statement.principals else {
        return;
    };
    for entry in &principals.entries {
        let text = entry.to_string();
        if let Some(("arn", rest)) = text.split_once(':')
            && let Some((partition, _)) = rest.split_once(':')
            && let Some(message) = arn::wrong_partition(partition, "")
        {
            let element = if principals.negated { "NotPrincipal" } else { "Principal" };
            at.add(Lint::InvalidPartition, &[element], format!("`{text}`: {message}"));
        }
    }
}

/// Conditions on one key that no value satisfies together. Judged only where one of them limits the
/// values to a list: the others are then evaluated with each of these.
fn contradictions(statement: &Statement, at: &mut At<'_>) {
    let mut by_key: BTreeMap<&str, Vec<&Condition>> = BTreeMap::new();
    for condition in &statement.conditions {
        by_key.entry(&condition.lower).or_default().push(condition);
    }
    for (key, conditions) in by_key {
        let vague = |condition: &&Condition| {
            condition.operator().is_set_operator() || condition.variables().next().is_some()
        };
        let options = conditions.iter().find_map(|condition| options_of(condition));
        let (Some(first), Some(options), false) =
            (conditions.first(), options, conditions.iter().any(vague))
        else {
            continue;
        };
        let holds = |option: &Option<String>| {
            let mut context = Context::new();
            context.set_all(key, option.clone());
            // What is undecidable may hold.
            conditions.iter().all(|condition| condition.holds(&context).unwrap_or(true))
        };
        if !options.iter().any(holds) {
            let message = format!(
                "no value of `{}`, and not its absence, satisfies what the statement asks of it",
                first.key
            );
            at.condition(Lint::NeverMatches, first, message);
        }
    }
}

/// Every value that satisfies a condition, where they can be counted; nothing is the absent key.
fn options_of(condition: &Condition) -> Option<Vec<Option<String>>> {
    let operator = condition.operator();
    if operator.is_negated() || operator.is_if_exists() {
        return None;
    }
    match condition.test() {
        Test::Equals => Some(condition.raw_values.iter().cloned().map(Some).collect()),
        Test::Bool => {
            Some(condition.raw_values.iter().map(|value| Some(value.to_lowercase())).collect())
        }
        Test::Null => {
            let absent =
                condition.raw_values.iter().all(|value| value.eq_ignore_ascii_case("true"));
            absent.then(|| vec![None])
        }
        Test::EqualsIgnoreCase
        | Test::Like
        | Test::Number(_)
        | Test::Date(_)
        | Test::Binary
        | Test::Ip
        | Test::Arn => None,
    }
}

fn conditions(statement: &Statement, actions: Option<&[&'static Action]>, at: &mut At<'_>) {
    let deny = statement.effect() == Effect::Deny;
    for condition in &statement.conditions {
        let (key, operator) = (condition.key.as_str(), condition.operator());
        let documented = condition_key(key).is_some()
            && !OF_NO_ACTION.iter().any(|known| known.eq_ignore_ascii_case(key));
        if let Some(actions) = actions
            && documented
            && !actions.iter().any(|action| action.may_have(key))
        {
            let so = match condition.holds(&Context::new()) {
                Ok(true) => "so this always holds",
                Ok(false) => "so the statement never matches",
                Err(_) => "so this asks nothing",
            };
            let message = format!("no request for these actions has the key `{key}`, {so}");
            at.condition(Lint::KeyNeverCarried, condition, message);
        }
        if matches!(condition.test(), Test::Equals | Test::EqualsIgnoreCase)
            && let Some(value) = condition.raw_values.iter().find(|value| has_wildcard(value))
        {
            let message = format!(
                "`{value}` is compared letter by letter: `*` and `?` are wildcards in \
                 `StringLike` only"
            );
            at.condition(Lint::WildcardInEquals, condition, message);
        }
        let mfa = key.eq_ignore_ascii_case("aws:MultiFactorAuthPresent");
        // A negated operator holds for an absent key anyway, and `BoolIfExists` is how AWS itself
        // writes that a flag is not set.
        if deny
            && operator.is_if_exists()
            && !operator.is_negated()
            && condition.test() != Test::Bool
        {
            let message = format!("this Deny also applies to every request that lacks `{key}`");
            at.condition(Lint::IfExistsInDeny, condition, message);
        }
        let says_false =
            condition.raw_values.iter().all(|value| value.eq_ignore_ascii_case("false"));
        if deny && mfa && condition.test() == Test::Bool && !operator.is_if_exists() && says_false {
            let message = "requests with long-term access keys lack this key, and this Deny spares \
                           them: write `BoolIfExists`";
            at.condition(Lint::MfaKeyAbsent, condition, message.to_owned());
        }
        if !deny
            && operator.is_for_all_values()
            && condition.test() != Test::Null
            && !is_there(condition, statement)
        {
            let message = format!(
                "a request without `{key}` satisfies this: add `\"Null\": {{\"{key}\": \"false\"}}`"
            );
            at.condition(Lint::ForAllValuesInAllow, condition, message);
        }
    }
}

/// Whether every request that satisfies the other conditions has the key of this one.
fn is_there(condition: &Condition, statement: &Statement) -> bool {
    // A condition on a tag of the request implies that the request has tags.
    let tag = match condition.lower.as_str() {
        "aws:tagkeys" => Some("aws:requesttag/"),
        "s3:requestobjecttagkeys" => Some("s3:requestobjecttag/"),
        // Every grant has operations.
        "kms:grantoperations" => return true,
        _ => None,
    };
    let nothing = Context::new();
    statement.conditions.iter().any(|other| {
        let same =
            other.lower == condition.lower || tag.is_some_and(|tag| other.lower.starts_with(tag));
        same && other.holds(&nothing) == Ok(false)
    })
}

/// Whether a value has a wildcard outside of policy variables.
fn has_wildcard(value: &str) -> bool {
    let mut rest = value;
    while let Some((before, after)) = rest.split_once("${") {
        if before.contains(['*', '?']) {
            return true;
        }
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    rest.contains(['*', '?'])
}

/// What looks like a variable and is read as text.
fn variables(statement: &Statement, at: &mut At<'_>) {
    let message = |text: &str| {
        format!("`{text}` is read as it stands: variables need `\"Version\": \"2012-10-17\"`")
    };
    if let Some(text) = statement.resources().find(|resource| resource.contains("${")) {
        let element = if statement.excludes_resources() { "NotResource" } else { "Resource" };
        at.add(Lint::VariableIn2008, &[element], message(text));
    }
    for condition in &statement.conditions {
        if let Some(text) = condition.raw_values.iter().find(|value| value.contains("${")) {
            at.condition(Lint::VariableIn2008, condition, message(text));
        }
    }
}

/// Whether a Deny denies everything that an Allow permits.
fn shadows(deny: &Statement, allow: &Statement) -> bool {
    if deny.effect() != Effect::Deny || allow.effect() != Effect::Allow {
        return false;
    }
    let plain =
        |statement: &Statement| !statement.excludes_actions() && !statement.excludes_resources();
    if !plain(deny) || !plain(allow) {
        return false;
    }
    let lower = |statement: &Statement| {
        statement.actions().map(str::to_ascii_lowercase).collect::<Vec<_>>()
    };
    let all = |wide: &[String], narrow: &[String]| {
        narrow.iter().all(|narrow| wide.iter().any(|wide| pattern_covers(wide, narrow)))
    };
    let resources =
        |statement: &Statement| statement.resources().map(str::to_owned).collect::<Vec<_>>();
    let principals = match (&deny.principals, &allow.principals) {
        (None, None) => true,
        (Some(deny), Some(allow)) => {
            let names =
                |entry| deny.entries.contains(&Entry::Everyone) || deny.entries.contains(entry);
            !deny.negated && !allow.negated && allow.entries.iter().all(names)
        }
        _ => false,
    };
    // A condition of the Deny that the Allow has as well narrows both alike.
    let same = |one: &Condition, other: &Condition| {
        one.to_string() == other.to_string() && one.raw_values == other.raw_values
    };
    let narrowed =
        |condition: &Condition| !allow.conditions.iter().any(|other| same(condition, other));
    principals
        && all(&lower(deny), &lower(allow))
        && all(&resources(deny), &resources(allow))
        && !deny.conditions.iter().any(narrowed)
}
