//! What a search finds in policies that do what they promise, in equivalent spellings, and in
//! weakened ones.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop")]

use serde_json::{Value, json};

use super::{
    Context, Decision, Goal, Policies, Policy, PolicyKind, Principal, RequestSpace, SearchOutcome,
    evaluate, search,
};

const ACCOUNT: &str = "111122223333";

fn bucket(statements: &Value) -> Policy {
    Policy::from_value(
        PolicyKind::Bucket,
        &json!({"Version": "2012-10-17", "Statement": statements}),
    )
    .unwrap()
}

/// Looks for a request over plain HTTP that a bucket policy does not deny.
fn plain_http(statements: &Value) -> SearchOutcome {
    let policy = bucket(statements);
    let policies = Policies { resource: Some(&policy), ..Policies::default() };
    let mut space = RequestSpace::of(&policies, ACCOUNT);
    space.fixed.set("aws:SecureTransport", "false");
    let in_bucket = |resource: &str| {
        resource == "arn:aws:s3:::bucket" || resource.starts_with("arn:aws:s3:::bucket/")
    };
    // The root user of the bucket's account always reaches the bucket policy.
    let root = |principal: &Principal| matches!(principal, Principal::Root { .. });
    let found = search(&policies, &space, Goal::NotDenied, |request| {
        in_bucket(request.resource) && !root(request.principal)
    });
    if let SearchOutcome::Request(specimen) = &found {
        // What was found is what the engine itself says.
        let evaluation = evaluate(&specimen.request(), &policies).unwrap();
        assert_ne!(evaluation.decision, Decision::ExplicitDeny);
        assert_eq!(specimen.context.get("aws:SecureTransport").unwrap(), ["false"]);
    }
    found
}

fn tls(with: &Value) -> Value {
    let mut statement = json!({
        "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": ["arn:aws:s3:::bucket", "arn:aws:s3:::bucket/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}}});
    for (key, value) in with.as_object().unwrap() {
        statement[key] = value.clone();
    }
    statement
}

#[test]
fn equivalent_spellings_of_tls_only_leave_nothing() {
    let half = |resource: &str| tls(&json!({"Resource": resource}));
    let spellings = [
        tls(&json!({})),
        tls(&json!({"Principal": {"AWS": "*"}})),
        tls(&json!({"Resource": "arn:aws:s3:::bucket*"})),
        tls(&json!({"Action": "*"})),
        tls(&json!({"Action": ["s3:?*"]})),
        tls(&json!({"Condition": {"StringEquals": {"aws:SecureTransport": "false"}}})),
        tls(&json!({"Condition": {"BoolIfExists": {"AWS:securetransport": ["false"]}}})),
        tls(&json!({"Condition": {"StringNotEquals": {"aws:SecureTransport": "true"}}})),
        json!([half("arn:aws:s3:::bucket"), half("arn:aws:s3:::bucket/*")]),
    ];
    for spelling in spellings {
        let found = plain_http(&spelling);
        assert!(
            matches!(found, SearchOutcome::None { asked } if asked > 100),
            "{spelling}: {found:?}"
        );
    }
}

#[test]
fn every_weakening_of_tls_only_is_found_with_a_request() {
    let weakenings = [
        ("an action", tls(&json!({"Action": "s3:GetObject"})), "s3:"),
        (
            "a prefix of actions",
            tls(&json!({"Action": ["s3:Get*", "s3:Put*", "s3:Delete*"]})),
            "s3:",
        ),
        (
            "all but one",
            {
                let mut statement = tls(&json!({"NotAction": "s3:GetObject"}));
                statement.as_object_mut().unwrap().remove("Action");
                statement
            },
            "s3:GetObject",
        ),
        ("objects only", tls(&json!({"Resource": "arn:aws:s3:::bucket/*"})), "s3:"),
        (
            "a folder",
            tls(&json!({"Resource": ["arn:aws:s3:::bucket", "arn:aws:s3:::bucket/inbox/*"]})),
            "s3:",
        ),
        (
            "a principal",
            tls(&json!({"Principal": {"AWS": "arn:aws:iam::111122223333:role/app"}})),
            "s3:",
        ),
        (
            "another condition",
            tls(
                &json!({"Condition": {"Bool": {"aws:SecureTransport": "false"}, "StringEquals": {"aws:PrincipalTag/team": "a"}}}),
            ),
            "s3:",
        ),
        (
            "another range",
            tls(
                &json!({"Condition": {"Bool": {"aws:SecureTransport": "false"}, "NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}),
            ),
            "s3:",
        ),
        (
            "the wrong way round",
            tls(&json!({"Condition": {"Bool": {"aws:SecureTransport": "true"}}})),
            "s3:",
        ),
        (
            "an Allow",
            json!([{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": ["arn:aws:s3:::bucket", "arn:aws:s3:::bucket/*"]}]),
            "s3:",
        ),
    ];
    for (name, weakened, action) in weakenings {
        match plain_http(&weakened) {
            SearchOutcome::Request(specimen) => {
                assert!(specimen.action.starts_with(action), "{name}: {specimen:?}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}

/// Whether anyone outside the account is allowed anything.
fn outsiders(statements: &Value) -> SearchOutcome {
    let policy = bucket(statements);
    let everything = Policy::from_value(
        PolicyKind::Identity,
        &json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}),
    )
    .unwrap();
    let policies = Policies {
        identity: std::slice::from_ref(&everything),
        resource: Some(&policy),
        ..Policies::default()
    };
    let space = RequestSpace::of(&policies, ACCOUNT);
    search(&policies, &space, Goal::Allowed, |request| request.principal.account() != Some(ACCOUNT))
}

#[test]
fn who_may_come_from_outside() {
    let allow = |principal: Value, condition: Value| json!({"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*", "Condition": condition});
    let closed = [
        allow(json!({"AWS": "111122223333"}), json!({})),
        allow(json!({"AWS": "arn:aws:iam::111122223333:role/app"}), json!({})),
        allow(
            json!("*"),
            json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}, "Null": {"aws:PrincipalOrgID": "true"}}),
        ),
    ];
    for statement in closed {
        let found = outsiders(&statement);
        assert!(matches!(found, SearchOutcome::None { .. }), "{statement}: {found:?}");
    }
    let open = [
        (allow(json!("*"), json!({})), None),
        (allow(json!({"AWS": "999999999999"}), json!({})), Some("999999999999")),
        (
            allow(json!({"AWS": "arn:aws:iam::999999999999:role/vendor"}), json!({})),
            Some("999999999999"),
        ),
        (
            allow(
                json!("*"),
                json!({"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/app"}}),
            ),
            None,
        ),
        (allow(json!({"Service": "logging.s3.amazonaws.com"}), json!({})), None),
    ];
    for (statement, account) in open {
        match outsiders(&statement) {
            SearchOutcome::Request(specimen) => {
                if account.is_some() {
                    assert_eq!(specimen.principal.account(), account, "{statement}");
                }
            }
            other => panic!("{statement}: {other:?}"),
        }
    }
}

#[test]
fn variables_are_filled_in_on_both_sides() {
    let own = bucket(
        &json!([{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/app"}, "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::bucket/${aws:PrincipalTag/team}/*"}]),
    );
    let policies = Policies { resource: Some(&own), ..Policies::default() };
    let space = RequestSpace::of(&policies, ACCOUNT);
    let tagged = |context: &Context| context.get("aws:PrincipalTag/team").is_some();
    let session = |principal: &Principal| matches!(principal, Principal::Session { .. });
    let SearchOutcome::Request(specimen) =
        search(&policies, &space, Goal::Allowed, |request| session(request.principal))
    else {
        panic!("nobody")
    };
    assert!(tagged(&specimen.context) && matches!(specimen.principal, Principal::Session { .. }));
    let untagged = search(&policies, &space, Goal::Allowed, |request| {
        session(request.principal) && !tagged(request.context)
    });
    assert!(matches!(untagged, SearchOutcome::None { .. }), "{untagged:?}");
}

#[test]
fn a_family_that_is_too_large_and_a_doubt_are_told() {
    let many: serde_json::Map<String, Value> = (0..8)
        .map(|n| {
            (
                format!("aws:PrincipalTag/t{n}"),
                json!((0..8).map(|v| format!("v{v}")).collect::<Vec<_>>()),
            )
        })
        .collect();
    let large = tls(
        &json!({"Condition": {"StringNotEquals": many, "Bool": {"aws:SecureTransport": "true"}}}),
    );
    let found = plain_http(&json!([tls(&json!({})), large]));
    assert!(matches!(found, SearchOutcome::TooMany), "{found:?}");
    let canonical = "a".repeat(64);
    let doubt = tls(&json!({"Principal": {"CanonicalUser": canonical}}));
    let policy = bucket(&doubt);
    let policies = Policies { resource: Some(&policy), ..Policies::default() };
    let space = RequestSpace::of(&policies, ACCOUNT);
    let plain = |request: &super::Request<'_>| {
        request.context.get("aws:SecureTransport").is_some_and(|values| values == ["false"])
    };
    let known = |request: &super::Request<'_>| {
        matches!(request.principal, Principal::Session { .. })
            && request.resource.starts_with("arn:aws:s3:::bucket")
            && plain(request)
    };
    let found = search(&policies, &space, Goal::NotDenied, known);
    assert!(matches!(found, SearchOutcome::Undecided(_)), "{found:?}");
}

/// A shipped policy with something in place of every name of an environment.
fn filled(text: &str) -> String {
    let mut parts = text.split("{{");
    let mut filled = parts.next().unwrap().to_owned();
    for part in parts {
        let (name, rest) = part.split_once("}}").unwrap();
        let stands_for = match name {
            "account" => ACCOUNT.to_owned(),
            "region" => "eu-west-1".to_owned(),
            _ if name.starts_with("accounts.") => "444455556666".to_owned(),
            _ if name.contains("role") || name.contains("caller") => {
                format!("arn:aws:iam::{ACCOUNT}:role/{}", name.replace('*', "each"))
            }
            _ if name.contains("key.") => format!("arn:aws:kms:eu-west-1:{ACCOUNT}:key/{name}"),
            _ => format!("arn:aws:s3:::{}", name.replace('.', "-")),
        };
        filled += &stands_for;
        filled += rest;
    }
    filled
}

/// Every policy that is shipped, as a bucket's and as a key's, where it can be one.
fn shipped() -> Vec<Policy> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let mut policies = Vec::new();
    for architecture in std::fs::read_dir(root).unwrap() {
        for file in std::fs::read_dir(architecture.unwrap().path().join("policies")).unwrap() {
            let text = filled(&std::fs::read_to_string(file.unwrap().path()).unwrap());
            let kinds = [PolicyKind::Bucket, PolicyKind::KeyPolicy].into_iter();
            policies.extend(kinds.filter_map(|kind| Policy::from_text(kind, &text).ok()));
        }
    }
    assert!(policies.len() > 20, "{}", policies.len());
    policies
}

/// Asks of every shipped policy, for everyone and either goal, two spaces that must be answered
/// alike.
fn alike(
    one: impl Fn(&Policies<'_>, &RequestSpace, Goal) -> Vec<SearchOutcome>,
    other: impl Fn(&Policies<'_>, &RequestSpace, Goal) -> Vec<SearchOutcome>,
) {
    for policy in shipped() {
        let policies = Policies { resource: Some(&policy), ..Policies::default() };
        let mut space = RequestSpace::of(&policies, ACCOUNT);
        space.fixed.set("aws:SecureTransport", "false");
        for principal in std::mem::take(&mut space.principals) {
            space.principals = vec![principal];
            for goal in [Goal::NotDenied, Goal::Allowed] {
                let is_there = |outcomes: Vec<SearchOutcome>| {
                    let undecided =
                        outcomes.iter().any(|found| matches!(found, SearchOutcome::Undecided(_)));
                    (
                        outcomes.iter().any(|found| matches!(found, SearchOutcome::Request(_))),
                        undecided,
                    )
                };
                let (one, other) = (
                    is_there(one(&policies, &space, goal)),
                    is_there(other(&policies, &space, goal)),
                );
                assert!(
                    one == other || one.0 && other.0,
                    "{:?} {goal:?} {policy:?}",
                    space.principals
                );
            }
        }
    }
}

/// What is left out of a search is decided as what is kept.
#[test]
fn actions_that_are_alike_are_asked_for_once() {
    let all = |policies: &Policies<'_>, space: &RequestSpace, goal: Goal| {
        vec![search(policies, space, goal, |_| true)]
    };
    let few = |policies: &Policies<'_>, space: &RequestSpace, goal: Goal| {
        let mut few = space.clone();
        few.leave_alike_actions(policies);
        assert!(few.actions.len() <= space.actions.len().min(60), "{:?}", few.actions);
        all(policies, &few, goal)
    };
    alike(all, few);
}

/// What is settled by what does not vary is so with every value of what does: each value fixed in
/// its turn, nothing varies.
#[test]
fn what_is_settled_is_so_whatever_varies() {
    let once = |policies: &Policies<'_>, space: &RequestSpace, goal: Goal| {
        vec![search(policies, space, goal, |_| true)]
    };
    let each = |policies: &Policies<'_>, space: &RequestSpace, goal: Goal| {
        let mut few = space.clone();
        let keys = std::mem::take(&mut few.keys);
        let mut spaces = vec![few];
        for (key, values) in keys.iter().filter(|(key, _)| *key != "aws:securetransport") {
            let with = |space: &RequestSpace, value: &Option<Vec<String>>| {
                let mut with = space.clone();
                with.fixed.set_all(key, value.clone().unwrap_or_default());
                with
            };
            spaces = spaces
                .iter()
                .flat_map(|space| values.iter().map(move |value| with(space, value)))
                .collect();
            // Some of them are enough, from all over.
            let step = spaces.len() / 64 + 1;
            spaces = spaces.into_iter().step_by(step).collect();
        }
        spaces.iter().map(|space| search(policies, space, goal, |_| true)).collect()
    };
    // Request by request: among many there is nearly always one.
    let of = |space: &RequestSpace, action: &str, resource: &(String, String)| RequestSpace {
        actions: vec![action.to_owned()],
        resources: vec![resource.clone()],
        ..space.clone()
    };
    for action in ["s3:PutObject", "s3:GetBucketPolicy", "kms:Decrypt"] {
        for at in 0..12 {
            let part = |space: &RequestSpace| {
                space.resources.get(at).map(|resource| of(space, action, resource))
            };
            alike(
                |policies, space, goal| {
                    part(space).map_or(Vec::new(), |space| once(policies, &space, goal))
                },
                |policies, space, goal| {
                    part(space).map_or(Vec::new(), |space| each(policies, &space, goal))
                },
            );
        }
    }
}
