//! What is not attempted on a target that is not the sandbox, and why. Pure.
//!
//! On the sandbox a snapshot undoes everything. Elsewhere an attempt is made only if its success,
//! the success of each of its witnesses and its fixtures can be undone: they read, or they write,
//! change or delete objects and uploads whose key holds the run id, in buckets where that was
//! agreed to, and they are then removed by their version. What is not known here is not
//! made.

use std::sync::Arc;

use super::{Needs, needs::requests};
use crate::{
    attempt::{Effect, Leaves, Param, Request, TextPart, Undo, Value},
    control::{self, Reading},
    files::Bindings,
    scenario::{Attempt, Kind, Row},
};

/// What the target allows.
#[derive(Clone, Copy, Debug)]
pub struct Limits<'a> {
    /// What the names stand for there.
    pub bindings: &'a Bindings,
    /// Whether everything in it was made for this run.
    pub provisioned: bool,
    /// Whether it can be reached over plain HTTP.
    pub plain: bool,
}

/// Why nothing of the account itself is asked of what `--provision` made.
const LEFT_ALONE: &str =
    "`--provision` leaves the settings of the account and its trails as they are";

/// Why an attempt is not made; nothing where it is.
#[must_use]
pub fn obstacle(row: &Row, attempt: &Arc<Attempt>, limits: &Limits<'_>) -> Option<String> {
    if let Some(why) = cannot_be_made(&Needs::of(row, attempt), limits) {
        return Some(why);
    }
    if row.advance.is_some() {
        return Some("its clock cannot be moved".to_owned());
    }
    let all = requests(row, attempt);
    if !limits.plain && all.iter().any(|request| is_plain(request)) {
        return Some(
            "it is sent in the clear, and there is no `--plain-url` to send it to".to_owned(),
        );
    }
    let says_network =
        |request: &&Request| Param::NETWORK.iter().any(|param| request.params.contains_key(param));
    if all.iter().any(|request| says_network(&request.as_ref())) {
        return Some(
            "it says which network it comes from, which only the sandbox can be told".to_owned(),
        );
    }
    let problem = all.iter().find_map(|request| {
        let why = cannot_be_undone(request, limits)?;
        Some(format!("the success of {} could not be undone here: {why}", request.operation))
    });
    problem.or_else(|| consumed(attempt))
}

/// Why a check is not made; nothing where it is. Reading changes nothing, so only what is not there
/// keeps from it.
#[must_use]
pub fn unreadable(reading: &Reading, limits: &Limits<'_>) -> Option<String> {
    if limits.provisioned && reading.check.on == control::On::Account {
        return Some(LEFT_ALONE.to_owned());
    }
    cannot_be_made(&Needs::of_check(reading), limits)
}

fn cannot_be_made(needs: &Needs, limits: &Limits<'_>) -> Option<String> {
    if limits.provisioned && !needs.trails.is_empty() {
        return Some(LEFT_ALONE.to_owned());
    }
    let missing = needs.missing(limits.bindings);
    (limits.provisioned && !missing.is_empty()).then(|| {
        format!(
            "`--provision` works in one account, so it cannot make what is in another: {}",
            missing.join(", ")
        )
    })
}

fn is_plain(request: &Request) -> bool {
    matches!(request.params.get(&Param::Transport), Some(Value::Word("http")))
}

/// Why a success of a request would stay.
fn cannot_be_undone(request: &Request, limits: &Limits<'_>) -> Option<String> {
    let only_asks = matches!(request.params.get(&Param::DryRun), Some(Value::Bool(true)));
    if request.operation.effect == Effect::Reads || only_asks {
        return None;
    }
    let versioning = request.bucket().map(|bucket| bucket.versioning);
    match request.operation.leaves.undo(versioning) {
        Undo::WithItsKey => {}
        Undo::NoVersions => return Some("the bucket keeps no versions".to_owned()),
        Undo::Impossible => return Some("it changes more than objects of this run".to_owned()),
    }
    let Some(bucket) = request.bucket() else {
        return Some("it names no bucket".to_owned());
    };
    if !limits.provisioned && limits.bindings.cleanup.is_none() {
        return Some("the bindings name no `cleanup` role that could remove it".to_owned());
    }
    if !limits.provisioned && !limits.bindings.may_write.contains(&bucket.logical) {
        return Some(format!("`may_write` of the bindings does not name `{}`", bucket.logical));
    }
    let own = request.text(Param::Key).is_some_and(|key| key.0.contains(&TextPart::Run));
    (!own).then(|| "its key does not hold `{run}`".to_owned())
}

/// A witness that takes away for good what it and the attempt act on cannot be asked twice.
fn consumed(attempt: &Attempt) -> Option<String> {
    if attempt.kind == Kind::Allow {
        return None;
    }
    let both = attempt.witnesses.as_ref()?;
    [&both.target.request, &both.actor.request].into_iter().find_map(|witness| {
        let version = witness.text(Param::Version);
        let for_good = match witness.operation.leaves {
            Leaves::CompletedUpload | Leaves::AbortedUpload => true,
            Leaves::DeleteMarker => version.is_some_and(|version| {
                !version.0.iter().all(|piece| matches!(piece, TextPart::Literal(_)))
            }),
            Leaves::Nothing
            | Leaves::Version
            | Leaves::Upload
            | Leaves::Part
            | Leaves::ObjectSetting(_)
            | Leaves::KmsKey
            | Leaves::Lasting => false,
        };
        for_good.then(|| {
            format!(
                "its witness {} takes away what is asked for, and that could not be undone here",
                witness.operation
            )
        })
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at a surprise")]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::suite::{self, Architecture};

    fn architectures() -> Vec<Architecture> {
        let folders = crate::files::load::load(Path::new("scenarios"))
            .unwrap_or_else(|problems| panic!("{problems}"));
        let (architectures, _) =
            suite::resolve(&folders).unwrap_or_else(|problems| panic!("{problems}"));
        architectures
    }

    /// Bindings that have every name, with these permissions.
    fn bindings(
        architecture: &Architecture,
        cleanup: Option<&str>,
        may_write: &[&str],
    ) -> Bindings {
        let environment = &architecture.environment;
        let role = |name: &String| (name.clone(), crate::files::BoundRole::default());
        Bindings {
            roles: environment.deployed.roles.iter().map(|found| role(&found.name)).collect(),
            buckets: environment
                .deployed
                .buckets
                .iter()
                .map(|bucket| (bucket.logical.clone(), bucket.name.clone()))
                .collect(),
            keys: crate::provision::names(environment, &environment.deployed.account, None, "")
                .keys,
            cleanup: cleanup.map(str::to_owned),
            may_write: may_write.iter().map(|name| (*name).to_owned()).collect(),
            ..Bindings::default()
        }
    }

    /// A row of which every attempt is skipped makes nothing, also where its fixtures set the scene
    /// for all of it.
    #[test]
    fn where_nothing_is_attempted_nothing_is_made() {
        let mut scenes = 0;
        for architecture in architectures() {
            for row in architecture.scenarios.iter().flat_map(|scenario| &scenario.rows) {
                let made = |attempts: &[Arc<Attempt>]| {
                    crate::plan::needed_fixtures(&row.fixtures, attempts).contains(&true)
                };
                assert!(!made(&[]));
                scenes += usize::from(
                    row.fixtures.iter().any(crate::attempt::Fixture::sets_the_scene)
                        && made(&row.attempts),
                );
            }
        }
        assert!(scenes > 10, "{scenes} rows have a scene");
    }

    /// Why each attempt of a scenario is not made, by its id.
    fn obstacles(
        architecture: &Architecture,
        stem: &str,
        limits: &Limits<'_>,
    ) -> Vec<(String, Option<String>)> {
        let scenario =
            architecture.scenarios.iter().find(|scenario| scenario.stem == stem).unwrap();
        let rows = scenario.rows.iter();
        let all = rows.flat_map(|row| {
            row.attempts
                .iter()
                .map(move |attempt| (attempt.id.clone(), obstacle(row, attempt, limits)))
        });
        all.collect()
    }

    fn of<'a>(name: &str, architectures: &'a [Architecture]) -> &'a Architecture {
        architectures.iter().find(|architecture| architecture.name == name).unwrap()
    }

    #[test]
    fn writing_needs_a_bucket_that_may_be_written_and_someone_to_remove_it() {
        let all = architectures();
        let secure = of("secure-bucket", &all);
        let cases = [
            (Some("admin"), vec!["evidence", "scratch", "welcome"], None),
            (
                Some("admin"),
                vec!["scratch"],
                Some("`may_write` of the bindings does not name `evidence`"),
            ),
            (None, vec!["evidence", "scratch"], Some("the bindings name no `cleanup` role")),
        ];
        for (cleanup, may_write, why) in cases {
            let bound = bindings(secure, cleanup, &may_write);
            let limits = |plain| Limits { bindings: &bound, provisioned: false, plain };
            let found = obstacles(secure, "versions", &limits(true));
            assert!(found.len() > 4);
            for (id, obstacle) in found {
                match (why, obstacle) {
                    (None, None) => {}
                    (Some(why), Some(obstacle)) if obstacle.contains(why) => {}
                    (_, obstacle) => panic!("{id}: {obstacle:?}"),
                }
            }
            // Reading harms nothing, whatever the bindings allow; but it must be possible to send
            // it.
            assert!(
                obstacles(secure, "plain-http-configuration", &limits(true))
                    .iter()
                    .all(|(_, why)| why.is_none())
            );
            let in_the_clear = obstacles(secure, "plain-http-configuration", &limits(false));
            let refused = in_the_clear
                .iter()
                .filter(|(_, why)| why.as_ref().is_some_and(|why| why.contains("--plain-url")));
            assert_eq!(refused.count() * 2, in_the_clear.len());
        }
    }

    #[test]
    fn what_changes_more_than_objects_of_the_run_is_never_attempted() {
        let all = architectures();
        let mut refused = 0;
        for architecture in &all {
            let names: Vec<&str> = architecture
                .environment
                .deployed
                .buckets
                .iter()
                .map(|bucket| bucket.logical.as_str())
                .collect();
            let cleanup =
                architecture.environment.deployed.roles.first().map(|role| role.name.as_str());
            let bound = bindings(architecture, cleanup, &names);
            let limits = Limits { bindings: &bound, provisioned: false, plain: true };
            for row in architecture.scenarios.iter().flat_map(|scenario| &scenario.rows) {
                for attempt in &row.attempts {
                    let changes = requests(row, attempt).iter().any(|request| {
                        request.operation.effect == Effect::Configures && !is_dry(request)
                    });
                    if changes {
                        refused += 1;
                        assert!(obstacle(row, attempt, &limits).is_some(), "{}", attempt.id);
                    }
                }
            }
        }
        assert!(refused > 50, "{refused}");
    }

    fn is_dry(request: &Request) -> bool {
        matches!(request.params.get(&Param::DryRun), Some(Value::Bool(true)))
    }

    #[test]
    fn what_cannot_be_made_for_a_run_is_not_asked_of_it() {
        let all = architectures();
        let secure = of("secure-bucket", &all);
        let bound =
            crate::provision::names(&secure.environment, "222233334444", None, "0123456789abcdef");
        let limits = Limits { bindings: &bound, provisioned: true, plain: true };
        for (id, why) in obstacles(secure, "access-outsiders", &limits) {
            let needs_another = !id.ends_with("/the-admin")
                || id.contains("s3:ListObjectsV2")
                || id.contains("s3:ListObjectVersions")
                || id.contains("s3:ListMultipart");
            match why {
                Some(why) => assert!(
                    why.contains("role `outsider`") || why.contains("bucket `partner`"),
                    "{id}: {why}"
                ),
                None => assert!(!needs_another, "{id}"),
            }
        }
        assert!(obstacles(secure, "versions", &limits).iter().all(|(_, why)| why.is_none()));
    }
}
