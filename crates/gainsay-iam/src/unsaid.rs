//! What is not said is neither absent nor there: of one condition, of one request, and of a search.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at a surprise")]

use serde_json::{Value, json};

use super::context::Found;
use super::search::{self as searching, search};
use super::{
    Context, Decision, Endpoint, Goal, Membership, Network, Organizations, Policies, Policy,
    PolicyKind, Principal, Request, RequestSpace, Undecidable, evaluate,
};

const ACCOUNT: &str = "111122223333";
const VENDOR: &str = "999999999999";

fn bucket(statements: &Value) -> Policy {
    Policy::from_value(
        PolicyKind::Bucket,
        &json!({"Version": "2012-10-17", "Statement": statements}),
    )
    .unwrap()
}

fn in_organization(accounts: &[(&str, Option<&str>)]) -> Organizations {
    let membership = |id: &str| Membership { id: id.to_owned(), path: format!("{id}/r-ab12/") };
    let of = accounts.iter().map(|(account, id)| ((*account).to_owned(), id.map(membership)));
    Organizations(of.collect())
}

/// What a context says of each key: its value, `-` for an absent one, `?` for one of which nothing
/// is said.
fn told(context: &Context, keys: &[&str]) -> Vec<String> {
    let told = keys.iter().map(|key| match context.find(key) {
        Found::Absent => "-".to_owned(),
        Found::Unsaid(_) | Found::Unmodelled => "?".to_owned(),
        Found::Values(values) => values.join(","),
    });
    told.collect()
}

#[test]
fn what_follows_from_the_network_that_is_said() {
    let keys = [
        "aws:sourcevpce",
        "aws:sourcevpc",
        "aws:vpcsourceip",
        "aws:sourceip",
        "aws:vpceorgid",
        "aws:vpceaccount",
        "aws:sourcevpcarn",
        "aws:vpceorgpaths",
    ];
    let through = |id: &str| Endpoint::Through(Some(id.to_owned()));
    let (vpc, address) = (Some("vpc-1".to_owned()), Some("203.0.113.7".parse().unwrap()));
    let rows = [
        (Endpoint::Unsaid, None, None, ["?", "?", "?", "?", "?", "?", "?", "?"]),
        (Endpoint::None, None, None, ["-", "-", "-", "?", "-", "-", "-", "-"]),
        (Endpoint::None, None, address, ["-", "-", "-", "203.0.113.7", "-", "-", "-", "-"]),
        (Endpoint::Unsaid, None, address, ["-", "-", "-", "203.0.113.7", "-", "-", "-", "-"]),
        (through("vpce-1"), None, None, ["vpce-1", "?", "?", "-", "?", "?", "?", "?"]),
        (
            through("vpce-1"),
            vpc.clone(),
            address,
            ["vpce-1", "vpc-1", "203.0.113.7", "-", "?", "?", "?", "?"],
        ),
        (Endpoint::Unsaid, vpc, None, ["?", "vpc-1", "?", "-", "?", "?", "?", "?"]),
    ];
    for (endpoint, vpc, address, expected) in rows {
        let mut context = Context::new();
        let network = Network::new(endpoint, vpc, address);
        network.set_context(&mut context);
        assert_eq!(told(&context, &keys), expected, "{network:?}");
        Network::hide(&mut context);
        assert_eq!(told(&context, &keys), ["?"; 8], "{network:?}, by a service");
    }
}

#[test]
fn what_follows_from_the_organizations_that_are_said() {
    let user = Principal::User { arn: format!("arn:aws:iam::{VENDOR}:user/a") };
    let service = Principal::Service("logging.s3.amazonaws.com".to_owned());
    let keys =
        ["aws:principalorgid", "aws:principalorgpaths", "aws:resourceorgid", "aws:sourceorgid"];
    let own = in_organization(&[(ACCOUNT, Some("o-1")), (VENDOR, None)]);
    let rows = [
        (Organizations::default(), &user, ["?", "?", "?", "?"]),
        (Organizations::default(), &Principal::Anonymous, ["-", "-", "?", "?"]),
        (Organizations::default(), &service, ["-", "-", "?", "?"]),
        (own.clone(), &user, ["-", "-", "o-1", "o-1"]),
        (in_organization(&[(VENDOR, Some("o-2"))]), &user, ["o-2", "o-2/r-ab12/", "?", "?"]),
        (own, &Principal::Anonymous, ["-", "-", "o-1", "o-1"]),
    ];
    for (organizations, principal, expected) in rows {
        let mut context = Context::new();
        organizations.set_principal(&mut context, principal);
        organizations.set_resource(&mut context, ACCOUNT);
        organizations.set_source(&mut context, ACCOUNT);
        assert_eq!(told(&context, &keys), expected, "{organizations:?} {principal}");
    }
}

/// A read by a user of the account, of a bucket with this policy, from a network of which nothing
/// is said.
fn read(statements: &Value) -> Result<Decision, Undecidable> {
    let principal = Principal::User { arn: format!("arn:aws:iam::{ACCOUNT}:user/a") };
    let mut context = Context::new();
    Network::default().set_context(&mut context);
    context.set("aws:SecureTransport", "true");
    let policy = bucket(statements);
    let request = Request {
        principal: &principal,
        action: "s3:GetObject",
        resource: "arn:aws:s3:::bucket/k",
        resource_account: ACCOUNT,
        context: &context,
    };
    let policies = Policies { resource: Some(&policy), ..Policies::default() };
    evaluate(&request, &policies).map(|evaluation| evaluation.decision)
}

#[test]
fn an_element_that_does_not_match_outweighs_what_is_not_said() {
    let statement = |effect: &str, condition: &Value| json!({"Effect": effect, "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::bucket/*", "Condition": condition});
    let outside = json!({"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}});
    let plain_outside = json!({"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}, "Bool": {"aws:SecureTransport": "false"}});
    let open = statement("Allow", &json!({}));
    let undecided = [
        json!([open, statement("Deny", &outside)]),
        json!([statement("Allow", &outside)]),
        json!([open, statement("Deny", &json!({"Null": {"aws:SourceVpce": "true"}}))]),
        json!([
            open,
            statement("Deny", &json!({"StringNotEqualsIfExists": {"aws:SourceVpce": "vpce-1"}}))
        ]),
        json!([{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::bucket/${aws:SourceVpc, 'k'}"}]),
    ];
    for statements in undecided {
        let found = read(&statements);
        assert!(
            matches!(found, Err(Undecidable::MissingContext { .. })),
            "{statements}: {found:?}"
        );
    }
    let decided = [
        (json!([open, statement("Deny", &plain_outside)]), Decision::Allow),
        (json!([open, statement("Allow", &plain_outside)]), Decision::Allow),
        (
            json!([statement("Allow", &outside), statement("Deny", &json!({}))]),
            Decision::ExplicitDeny,
        ),
    ];
    for (statements, decision) in decided {
        assert_eq!(read(&statements), Ok(decision), "{statements}");
    }
}

/// What a search among requests of everyone but services comes to, in a word.
fn searched(
    statements: &Value,
    organizations: &Organizations,
    goal: Goal,
    of_kind: impl Fn(&Request<'_>) -> bool,
) -> &'static str {
    let policy = bucket(statements);
    let everything = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
    let everything = Policy::from_value(PolicyKind::Identity, &everything).unwrap();
    let policies = Policies {
        identity: std::slice::from_ref(&everything),
        resource: Some(&policy),
        ..Policies::default()
    };
    let mut family = RequestSpace::of(&policies, ACCOUNT);
    family.principals.retain(|principal| !matches!(principal, Principal::Service(_)));
    family.organizations = organizations.clone();
    match search(&policies, &family, goal, of_kind) {
        searching::SearchOutcome::Request(_) => "found",
        searching::SearchOutcome::None { .. } => "none",
        searching::SearchOutcome::Undecided(Undecidable::MissingContext { .. }) => "not said",
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_search_that_rests_on_what_is_not_said_is_undecided() {
    let tls = |condition: &Value| json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": ["arn:aws:s3:::bucket", "arn:aws:s3:::bucket/*"], "Condition": condition});
    let whole = tls(&json!({"Bool": {"aws:SecureTransport": "false"}}));
    let ours = tls(
        &json!({"Bool": {"aws:SecureTransport": "false"}, "StringEquals": {"aws:ResourceOrgID": "o-1"}}),
    );
    let others = tls(&json!({"StringNotEquals": {"aws:ResourceOrgID": "o-1"}}));
    let from_here = tls(
        &json!({"Bool": {"aws:SecureTransport": "false"}, "IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
    );
    let theirs = tls(
        &json!({"Bool": {"aws:SecureTransport": "false"}, "StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}),
    );
    let unsaid = Organizations::default();
    let member = in_organization(&[(ACCOUNT, Some("o-1"))]);
    let outside = in_organization(&[(ACCOUNT, None)]);
    let rows = [
        (json!([ours]), &unsaid, "not said"),
        (json!([ours]), &member, "none"),
        (json!([ours]), &outside, "found"),
        // What is denied for certain is so whatever else may deny it.
        (json!([others, whole]), &unsaid, "none"),
        // Whoever asks chooses from where, and someone of any organization may ask.
        (json!([from_here]), &unsaid, "found"),
        (json!([theirs]), &unsaid, "found"),
    ];
    let bucket = |request: &Request<'_>| request.resource.starts_with("arn:aws:s3:::bucket");
    let own = |request: &Request<'_>| {
        let root = matches!(request.principal, Principal::Root { .. });
        let plain =
            request.context.get("aws:SecureTransport").is_some_and(|values| values == ["false"]);
        !root && bucket(request) && plain
    };
    for (statements, organizations, expected) in rows {
        assert_eq!(
            searched(&statements, organizations, Goal::NotDenied, own),
            expected,
            "{statements} {organizations:?}"
        );
    }
    let allow = |principal: &Value| json!({"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}});
    let vendor = allow(&json!({"AWS": VENDOR}));
    let rows = [
        (vendor.clone(), &unsaid, "not said"),
        (vendor.clone(), &in_organization(&[(VENDOR, None)]), "none"),
        (vendor, &in_organization(&[(VENDOR, Some("o-1"))]), "found"),
        (allow(&json!("*")), &unsaid, "found"),
    ];
    for (statement, organizations, expected) in rows {
        let outsider = |request: &Request<'_>| request.principal.account() != Some(ACCOUNT);
        assert_eq!(
            searched(&statement, organizations, Goal::Allowed, outsider),
            expected,
            "{statement} {organizations:?}"
        );
    }
}
