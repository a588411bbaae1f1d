//! Resources: of a type that the action is asked for on, and ARNs that there can be.

use std::collections::BTreeSet;

use super::arn::{self, fields, mismatch, overlaps};
use super::check::known;
use super::{At, Lint};
use crate::actions::{Action, ResourceType};
use crate::pattern::wildcard_match;
use crate::policy::Statement;

/// Actions on no resource that are nevertheless asked for on one: `s3:ListAllMyBuckets` on
/// `arn:aws:s3:::*`, as the policies of the first walkthrough have it
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/walkthrough1.html>).
const ON_ALL: &[(&str, &str)] = &[("s3:ListAllMyBuckets", "arn:aws:s3:::*")];

/// Actions that no request has for any of the statement's resources. Whether one was found.
pub(super) fn wrong_types(statement: &Statement, at: &mut At<'_>) -> bool {
    let patterns: Vec<&str> = statement.resources().collect();
    if patterns.is_empty() || statement.excludes_resources() || statement.excludes_actions() {
        return false;
    }
    let fits = |action: &Action| patterns.iter().any(|pattern| may_be_requested(action, pattern));
    let mut found = false;
    for pattern in statement.actions() {
        let Some(actions) = known(pattern).filter(|actions| !actions.is_empty()) else {
            continue;
        };
        if actions.iter().any(|action| fits(action)) {
            continue;
        }
        let takes: BTreeSet<&str> =
            actions.iter().flat_map(|action| action.resources).map(|of| of.arn()).collect();
        let takes: Vec<&str> = takes.into_iter().collect();
        let takes = if takes.is_empty() {
            "`*` only".to_owned()
        } else {
            format!("`{}`", takes.join("`, `"))
        };
        found = true;
        at.add(
            Lint::WrongResourceType,
            &["Resource"],
            format!("`{pattern}` is never asked for on these resources; it takes {takes}"),
        );
    }
    found
}

/// Whether an action may be requested on a resource that a pattern matches.
fn may_be_requested(action: &Action, pattern: &str) -> bool {
    // What is no ARN the engine may match with anything: not judged.
    let Some(pattern_fields) = fields(pattern) else {
        return true;
    };
    let on_all = ON_ALL
        .iter()
        .any(|(name, resource)| *name == action.name && wildcard_match(pattern, resource));
    // The reference gives some actions the keys of access points and not the type.
    let on_access_points =
        action.keys.contains(&"s3:DataAccessPointArn").then_some(&ResourceType::AccessPoint);
    let mut types = action.resources.iter().chain(on_access_points);
    on_all || types.any(|of| overlaps(&pattern_fields, *of))
}

/// The types of resource of each service whose table is complete.
const TYPES: &[(&str, &[ResourceType])] = &[
    (
        "s3",
        &[
            ResourceType::Bucket,
            ResourceType::Object,
            ResourceType::AccessPoint,
            ResourceType::AccessPointObject,
            ResourceType::MultiRegionAccessPoint,
            ResourceType::MultiRegionAccessPointRequest,
            ResourceType::Job,
            ResourceType::AccessGrant,
            ResourceType::AccessGrantsInstance,
            ResourceType::AccessGrantsLocation,
            ResourceType::StorageLensConfiguration,
            ResourceType::StorageLensGroup,
        ],
    ),
    ("kms", &[ResourceType::Key, ResourceType::Alias]),
];

/// ARNs in `Resource` or `NotResource` that no resource has. `judged` is whether the statement's
/// resources were found to be of the wrong type already.
pub(super) fn arns(statement: &Statement, judged: bool, at: &mut At<'_>) {
    let element = if statement.excludes_resources() { "NotResource" } else { "Resource" };
    for (index, resource) in statement.resources().enumerate() {
        let Some(pattern) = fields(resource) else {
            continue;
        };
        let [_, partition, service, region, ..] = &pattern;
        if let Some(message) = arn::wrong_partition(partition, region) {
            at.entry(Lint::InvalidPartition, element, index, format!("`{resource}`: {message}"));
            continue;
        }
        if let Some((name, _)) = TYPES.iter().find(|(name, _)| service.eq_ignore_ascii_case(name))
            && service != name
        {
            let message = format!("`{resource}`: the service of an ARN is in lower case, `{name}`");
            at.entry(Lint::InvalidArn, element, index, message);
            continue;
        }
        if judged {
            continue;
        }
        if !region.contains(['*', '?']) && !region.is_empty() && !arn::is_region(region) {
            let message = format!("`{resource}`: `{region}` is no Region, such as `eu-west-1`");
            at.entry(Lint::InvalidRegion, element, index, message);
        } else if let Some(message) = of_no_resource(resource, &pattern) {
            at.entry(Lint::InvalidArn, element, index, message);
        }
    }
}

/// Why an ARN is that of no resource of its service; `None` for services that are not judged.
fn of_no_resource(resource: &str, pattern: &[String; 6]) -> Option<String> {
    let [_, _, service, _, _, name] = pattern;
    let (_, types) = TYPES.iter().find(|(known, _)| service == known)?;
    if types.iter().any(|of| overlaps(pattern, *of)) {
        return None;
    }
    // The type that agrees in most fields is the one that was meant.
    let nearest = types
        .iter()
        .map(|of| (of, mismatches(pattern, *of)))
        .filter(|(_, wrong)| !wrong.contains(&5))
        .min_by_key(|(_, wrong)| wrong.len());
    Some(match nearest {
        Some((of, wrong)) => {
            let wrong: Vec<&str> =
                wrong.iter().filter_map(|at| arn::NAMES.get(*at).copied()).collect();
            format!(
                "`{resource}` matches no resource: look at its {}; the form is `{}`",
                wrong.join(" and "),
                of.arn()
            )
        }
        None => format!("`{resource}` matches no resource: `{service}` has none called `{name}`"),
    })
}

/// Every field in which a pattern and a type disagree.
fn mismatches(pattern: &[String; 6], of: ResourceType) -> Vec<usize> {
    let mut wrong = Vec::new();
    let mut pattern = pattern.clone();
    while let Some(at) = mismatch(&pattern, of) {
        wrong.push(at);
        match pattern.get_mut(at) {
            // What was found once is passed over.
            Some(field) if field != "*" => "*".clone_into(field),
            _ => break,
        }
    }
    wrong
}
