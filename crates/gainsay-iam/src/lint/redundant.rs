//! What is in a policy twice, or covered by what stands beside it.

use std::collections::BTreeSet;

use super::statements::element;
use super::{At, Lint};
use crate::pattern::pattern_covers;
use crate::policy::condition::Condition;
use crate::policy::operand::{Number, Order, Test};
use crate::policy::{Policy, Statement};

pub(super) fn check(policy: &Policy, index: usize, statement: &Statement, at: &mut At<'_>) {
    let lower: Vec<String> = statement.actions().map(str::to_ascii_lowercase).collect();
    let written: Vec<&str> = statement.actions().collect();
    report(&lower, &written, Lint::RedundantAction, element(statement), at);
    let resources: Vec<String> = statement.resources().map(str::to_owned).collect();
    let written: Vec<&str> = statement.resources().collect();
    let element = if statement.excludes_resources() { "NotResource" } else { "Resource" };
    report(&resources, &written, Lint::RedundantResource, element, at);
    for condition in &statement.conditions {
        values(condition, at);
    }
    let before = policy.statements().iter().take(index);
    if let Some(same) = before.clone().position(|other| is_same(other, statement)) {
        let message = format!("statement {same} says the same: remove one of them");
        at.add(Lint::RedundantStatement, &[], message);
    }
    if let Some(sid) = statement.sid()
        && before.clone().any(|other| other.sid() == Some(sid))
    {
        let message = format!("another statement has the sid `{sid}`, too");
        at.add(Lint::DuplicateSid, &["Sid"], message);
    }
}

/// Patterns that another of the list covers; of two that are the same, the later one.
fn report(patterns: &[String], written: &[&str], lint: Lint, element: &str, at: &mut At<'_>) {
    for (index, narrow) in patterns.iter().enumerate() {
        if !is_judged(narrow) {
            continue;
        }
        let covers = |(other, wide): (usize, &String)| {
            // A variable of the wide one is text to `pattern_covers`.
            let same = wide == narrow;
            let wider = !wide.contains("${") && pattern_covers(wide, narrow);
            let wider = wider && (is_bucket(narrow) || !is_bucket(wide));
            (other < index && same) || (other != index && !same && wider)
        };
        let Some(by) = patterns.iter().enumerate().position(covers) else {
            continue;
        };
        let (Some(by), Some(narrow)) = (written.get(by), written.get(index)) else {
            continue;
        };
        let message = if by == narrow {
            format!("`{narrow}` is in the list twice")
        } else {
            format!("`{by}` covers `{narrow}`")
        };
        at.entry(lint, element, index, message);
    }
}

/// The services whose actions and resources are judged: those of the tables of actions.
const SERVICES: &[&str] = &["s3", "kms", "sts", "iam"];

/// Whether an action or an ARN is of a service that is judged.
fn is_judged(pattern: &str) -> bool {
    let mut parts = pattern.split(':');
    let first = parts.next();
    let service = if first == Some("arn") { parts.nth(1) } else { first };
    pattern == "*" || service.is_some_and(|service| SERVICES.contains(&service))
}

/// Whether a pattern seems to name buckets: `arn:aws:s3:::reports*` matches the objects in them,
/// too, and is nevertheless written beside `arn:aws:s3:::reports*/*`.
fn is_bucket(pattern: &str) -> bool {
    pattern.contains(":s3:::") && !pattern.contains('/')
}

/// Of several limits of one kind only the widest counts; and no value counts twice.
fn values(condition: &Condition, at: &mut At<'_>) {
    let all = &condition.raw_values;
    let mut seen = BTreeSet::new();
    if matches!(condition.test(), Test::Bool | Test::Null) {
        return;
    }
    if let Some(twice) = all.iter().find(|value| !seen.insert(*value)) {
        let message = format!("`{twice}` is in the list twice");
        at.condition(Lint::RedundantValue, condition, message);
        return;
    }
    let Test::Number(order) = condition.test() else {
        return;
    };
    let numbers = all.iter().filter_map(|value| Some((Number::read(value)?, value)));
    let widest = match order {
        Order::Equal => None,
        Order::Less | Order::LessOrEqual => numbers.max_by(|one, other| one.0.cmp(&other.0)),
        Order::Greater | Order::GreaterOrEqual => numbers.min_by(|one, other| one.0.cmp(&other.0)),
    };
    if let Some((_, widest)) = widest.filter(|_| all.len() > 1) {
        let message = format!("any of these values is enough, so only `{widest}` counts");
        at.condition(Lint::RedundantValue, condition, message);
    }
}

/// Whether two statements say the same, whatever their `Sid`.
fn is_same(one: &Statement, other: &Statement) -> bool {
    let actions = |statement: &Statement| {
        statement.actions().map(str::to_ascii_lowercase).collect::<BTreeSet<_>>()
    };
    let resources =
        |statement: &Statement| statement.resources().map(str::to_owned).collect::<BTreeSet<_>>();
    let principals = |statement: &Statement| {
        let of = statement.principals.as_ref();
        of.map(|of| {
            let entries = of.entries.iter().map(|entry| format!("{entry:?}"));
            (of.negated, entries.collect::<BTreeSet<_>>())
        })
    };
    let conditions = |statement: &Statement| {
        let of = statement.conditions.iter().map(|condition| {
            let values: BTreeSet<&String> = condition.raw_values.iter().collect();
            format!("{} {} {values:?}", condition.name(), condition.lower)
        });
        of.collect::<BTreeSet<_>>()
    };
    one.effect() == other.effect()
        && one.excludes_actions() == other.excludes_actions()
        && one.excludes_resources() == other.excludes_resources()
        && actions(one) == actions(other)
        && resources(one) == resources(other)
        && principals(one) == principals(other)
        && conditions(one) == conditions(other)
}
