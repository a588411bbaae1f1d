//! Conditions: operators and keys that do not go together, and values that no key has.

use std::collections::BTreeMap;

use super::{At, Lint, arn};
use crate::actions::Action;
use crate::error::closest_word;
use crate::keys::{KEYS, Key, KeyType, condition_key};
use crate::pattern::patterns_overlap;
use crate::policy::Statement;
use crate::policy::condition::Condition;
use crate::policy::operand::Test;

pub(super) fn check(statement: &Statement, actions: Option<&[&'static Action]>, at: &mut At<'_>) {
    spellings(statement, at);
    for condition in &statement.conditions {
        match condition_key(&condition.key) {
            Some(key) => {
                operator_type(condition, key, at);
                sets(condition, key, at);
            }
            None => unknown_key(condition, actions, at),
        }
        booleans(condition, at);
        dates(condition, at);
        arns(condition, at);
        regions(condition, at);
        services(condition, at);
        tags(condition, statement, at);
    }
}

/// The key of a condition in two spellings: to AWS they are one, and the block has it twice.
fn spellings(statement: &Statement, at: &mut At<'_>) {
    let mut seen: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for condition in &statement.conditions {
        let place = (condition.name(), condition.lower.as_str());
        let first = *seen.entry(place).or_insert(&condition.key);
        if first != condition.key {
            let message = format!(
                "`{}` and `{first}` are one condition key: case does not matter. Write their \
                 values in one list",
                condition.key
            );
            at.condition(Lint::DuplicateKeyCase, condition, message);
        }
    }
}

/// The operators that are for a type of key, as the start of their names; string operators compare
/// ARNs as well.
const OPERATORS: &[(KeyType, &str)] = &[
    (KeyType::Bool, "Bool"),
    (KeyType::Numeric, "Numeric"),
    (KeyType::Date, "Date"),
    (KeyType::IpAddress, "IpAddress"),
    (KeyType::Binary, "BinaryEquals"),
    (KeyType::String, "String"),
    (KeyType::Arn, "Arn"),
];

fn type_of(test: Test) -> Option<KeyType> {
    match test {
        Test::Equals | Test::EqualsIgnoreCase | Test::Like => Some(KeyType::String),
        Test::Number(_) => Some(KeyType::Numeric),
        Test::Date(_) => Some(KeyType::Date),
        Test::Bool => Some(KeyType::Bool),
        Test::Binary => Some(KeyType::Binary),
        Test::Ip => Some(KeyType::IpAddress),
        Test::Arn => Some(KeyType::Arn),
        Test::Null => None,
    }
}

fn operator_type(condition: &Condition, key: &Key, at: &mut At<'_>) {
    let Some(of) = type_of(condition.test()) else {
        return;
    };
    let texts = |of| matches!(of, KeyType::String | KeyType::Arn);
    let fits = of == key.value_type
        || (texts(of) && texts(key.value_type))
        // It takes numbers of seconds, too.
        || (of == KeyType::Numeric && key.name == "aws:EpochTime");
    // The values of tags and of an encryption context are whatever their writer puts there; and a
    // variable may be compared as text with a key of its own type.
    let open = key.name.ends_with(['/', ':']) || condition.variables().next().is_some();
    if fits || open {
        return;
    }
    let takes = OPERATORS.iter().find(|(of, _)| *of == key.value_type);
    let takes = takes.map_or("String", |(_, name)| name);
    let more = if key.value_type == KeyType::IpAddress {
        ": a range is compared letter by letter here"
    } else {
        ""
    };
    let message = format!(
        "`{}` is not for `{}`{more}; its operators are those that begin with `{takes}`{}",
        condition.name(),
        condition.key,
        if key.value_type == KeyType::IpAddress { ", and `NotIpAddress`" } else { "" }
    );
    at.condition(Lint::OperatorType, condition, message);
}

/// `ForAllValues` and `ForAnyValue`: on keys with several values, and on no others.
fn sets(condition: &Condition, key: &Key, at: &mut At<'_>) {
    let (set, null) = (condition.operator().is_set_operator(), condition.test() == Test::Null);
    if set && null {
        let always = if condition.operator().is_for_all_values() { "holds" } else { "fails" };
        let message = format!("`{}` always {always}: write `Null` alone", condition.name());
        at.condition(Lint::NullWithQualifier, condition, message);
    } else if set && !key.multivalued {
        let message = format!(
            "`{}` has one value: `{}` is for keys with several; write `{}`",
            condition.key,
            condition.name(),
            condition.name().split_once(':').map_or("", |(_, plain)| plain)
        );
        at.condition(Lint::SingleValuedSet, condition, message);
    } else if !set && !null && key.multivalued {
        let message = format!(
            "`{}` may have several values: write `ForAnyValue:{name}` or `ForAllValues:{name}`",
            condition.key,
            name = condition.name()
        );
        at.condition(Lint::MissingQualifier, condition, message);
    }
}

fn booleans(condition: &Condition, at: &mut At<'_>) {
    if matches!(condition.test(), Test::Bool | Test::Null) && condition.raw_values.len() > 1 {
        let message = format!("`{}` takes one value, `true` or `false`", condition.name());
        at.condition(Lint::SeveralBooleans, condition, message);
    }
}

fn dates(condition: &Condition, at: &mut At<'_>) {
    let seconds = |value: &&String| {
        value.len() != 4
            && value.bytes().all(|b| b.is_ascii_digit() || b == b'-')
            && !value.get(1..).unwrap_or_default().contains('-')
    };
    if matches!(condition.test(), Test::Date(_))
        && condition.lower != "aws:epochtime"
        && let Some(value) = condition.raw_values.iter().find(seconds)
    {
        let message = format!(
            "`{value}` is read as seconds since 1970: write the date, such as \
             `2030-01-31T00:00:00Z`"
        );
        at.condition(Lint::EpochDate, condition, message);
    }
}

/// Values that are ARNs: whole ones, of a partition there is.
fn arns(condition: &Condition, at: &mut At<'_>) {
    let of_arns = condition.test() == Test::Arn
        || (type_of(condition.test()) == Some(KeyType::String)
            && condition_key(&condition.key).is_some_and(|key| key.value_type == KeyType::Arn));
    if !of_arns {
        return;
    }
    for value in &condition.raw_values {
        let parts: Vec<&str> = value.splitn(6, ':').collect();
        if let ["arn", partition, _, region, _, _] = parts.as_slice()
            && let Some(message) = arn::wrong_partition(partition, region)
        {
            at.condition(Lint::InvalidPartition, condition, format!("`{value}`: {message}"));
        }
        let whole = parts.len() == 6 || value.contains("${") || value == "*";
        if condition.test() == Test::Arn && !whole {
            let message = format!(
                "`{value}` matches no ARN: it has {} of the six fields, and `*` does not cross a \
                 colon",
                parts.len()
            );
            at.condition(Lint::IncompleteArnPattern, condition, message);
        }
    }
}

/// Keys whose values are Regions.
const REGIONS: &[&str] = &["aws:requestedregion", "kms:primaryregion", "kms:replicaregion"];

fn regions(condition: &Condition, at: &mut At<'_>) {
    let bad = |value: &&String| !value.contains(['*', '?', '$']) && !arn::is_region(value);
    if REGIONS.contains(&condition.lower.as_str())
        && type_of(condition.test()) == Some(KeyType::String)
        && let Some(value) = condition.raw_values.iter().find(bad)
    {
        let message = format!("`{value}` is no Region, such as `eu-west-1`");
        at.condition(Lint::InvalidRegion, condition, message);
    }
}

/// Keys whose values are service principals of a Region
/// (<https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service>).
fn services(condition: &Condition, at: &mut At<'_>) {
    let bad =
        |value: &&String| !value.contains("${") && !patterns_overlap(value, "?*.?*.amazonaws.com*");
    if condition.lower == "kms:viaservice"
        && type_of(condition.test()) == Some(KeyType::String)
        && let Some(value) = condition.raw_values.iter().find(bad)
    {
        let message = format!(
            "`{value}` is nothing that `{}` has: write service and Region, such as \
             `s3.eu-west-1.amazonaws.com`",
            condition.key
        );
        at.condition(Lint::ServicePrincipalFormat, condition, message);
    }
}

/// A condition on a tag of the resource leaves out every action whose resources have no tags, and
/// `NotAction` has many of them.
fn tags(condition: &Condition, statement: &Statement, at: &mut At<'_>) {
    let of_tag = condition.lower.starts_with("aws:resourcetag/");
    let absent = condition.holds(&crate::context::Context::new());
    if statement.excludes_actions() && of_tag && absent == Ok(false) {
        let message = format!(
            "`NotAction` has actions whose requests lack `{}`, and this leaves them out: list the \
             actions with `Action`",
            condition.key
        );
        at.condition(Lint::TagKeyWithNotAction, condition, message);
    }
}

/// The beginnings of the keys that the table of keys has all of.
const COMPLETE: &[&str] = &["aws:", "s3:", "kms:", "sts:"];

/// Keys that are no more, and what to write instead.
const REPLACED: &[(&str, &str)] = &[("aws:arn", "`aws:PrincipalArn` or `aws:SourceArn`")];

/// Keys that no page documents and that managed policies of AWS have, such as
/// `AWSMcpServiceActionsFullAccess` and `AWSSSOServiceRolePolicy`.
const UNDOCUMENTED: &[&str] = &["aws:ismcpserviceaction", "aws:principalorgmasteraccountid"];

fn unknown_key(condition: &Condition, actions: Option<&[&'static Action]>, at: &mut At<'_>) {
    let (key, lower) = (condition.key.as_str(), condition.lower.as_str());
    if UNDOCUMENTED.contains(&lower) {
        return;
    }
    let near = match REPLACED.iter().find(|(old, _)| *old == lower) {
        Some((_, new)) => format!("; write {new}"),
        None if key.contains(':') => nearest_key(key, actions).map_or_else(String::new, |near| {
            let user_named = near.ends_with(['/', ':']);
            let rest = if user_named { "NAME" } else { "" };
            format!("; did you mean `{near}{rest}`?")
        }),
        None => "; a key has a service before its name, such as `aws:SourceIp`".to_owned(),
    };
    // Web identity providers have keys of their own, with their host before the colon.
    let judged = COMPLETE.iter().any(|start| lower.starts_with(start)) || !key.contains(':');
    if judged {
        let so = match condition.holds(&crate::context::Context::new()) {
            Ok(true) => "this always holds",
            Ok(false) => "the statement never matches",
            Err(_) => "this asks nothing",
        };
        let message = format!("no request has the key `{key}`, so {so}{near}");
        at.condition(Lint::UnknownConditionKey, condition, message);
    }
}

/// The nearest key: of the statement's actions before any other.
fn nearest_key(key: &str, actions: Option<&[&'static Action]>) -> Option<&'static str> {
    let of_actions = actions.into_iter().flatten().flat_map(|action| action.all_keys());
    let global = KEYS.iter().map(|known| known.name).filter(|name| name.starts_with("aws:"));
    // `aws:ResourceTag` without the tag.
    let unfinished = KEYS.iter().map(|known| known.name).find(|name| {
        name.strip_suffix(['/', ':'])
            .is_some_and(|name| name.eq_ignore_ascii_case(key.trim_end_matches(['/', ':'])))
    });
    unfinished
        .or_else(|| closest_word(key, of_actions.chain(global)))
        .or_else(|| closest_word(key, KEYS.iter().map(|known| known.name)))
}
