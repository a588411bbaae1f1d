//! How layers compose: the cross product against a second, plainer statement of the documented
//! rules, and named cases.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may stop")]

use serde_json::{Value, json};

use super::{
    Context, Decision, Evaluation, Layer, Policies, Policy, PolicyKind, Principal, Reason, Request,
    Undecidable, evaluate,
};

const HOME: &str = "111122223333";
const AWAY: &str = "999999999999";
const ROLE: &str = "arn:aws:iam::111122223333:role/app";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/app/s1";
const USER: &str = "arn:aws:iam::111122223333:user/ann";

fn policy(kind: PolicyKind, statements: &Value) -> Policy {
    let document = json!({"Version": "2012-10-17", "Statement": statements});
    Policy::from_value(kind, &document).unwrap_or_else(|error| panic!("{error}: {document}"))
}

/// A policy with one statement; `says` is `allow`, `deny` or `silent`, which allows something else.
fn says(kind: PolicyKind, says: &str, principal: Option<&Value>) -> Policy {
    let (resource, action, other) = match kind {
        PolicyKind::Bucket => (Some("arn:aws:s3:::bucket/*"), "s3:*", "s3:ListBucket"),
        PolicyKind::TrustPolicy => (None, "sts:*", "sts:TagSession"),
        _ => (Some("*"), "*", "s3:ListBucket"),
    };
    let effect = if says == "deny" { "Deny" } else { "Allow" };
    let mut statement =
        json!({"Effect": effect, "Action": if says == "silent" { other } else { action }});
    if let Some(resource) = resource {
        statement["Resource"] = json!(resource);
    }
    if let Some(principal) = principal {
        statement["Principal"] = principal.clone();
    }
    policy(kind, &statement)
}

struct World {
    action: &'static str,
    resource: &'static str,
    kind: PolicyKind,
}

const WORLDS: [World; 3] = [
    World { action: "s3:GetObject", resource: "arn:aws:s3:::bucket/k", kind: PolicyKind::Bucket },
    World {
        action: "kms:Decrypt",
        resource: "arn:aws:kms:eu-west-1:1:key/k",
        kind: PolicyKind::KeyPolicy,
    },
    World {
        action: "sts:AssumeRole",
        resource: "arn:aws:iam::1:role/r",
        kind: PolicyKind::TrustPolicy,
    },
];

fn session() -> Principal {
    Principal::Session { role: ROLE.to_owned(), arn: SESSION.to_owned() }
}

fn user() -> Principal {
    Principal::User { arn: USER.to_owned() }
}

fn root() -> Principal {
    Principal::Root { account: HOME.to_owned() }
}

impl World {
    fn ask(
        &self,
        principal: &Principal,
        owner: &str,
        policies: &Policies<'_>,
    ) -> Result<Evaluation, Undecidable> {
        let context = Context::new();
        let request = Request {
            principal,
            action: self.action,
            resource: self.resource,
            resource_account: owner,
            context: &context,
        };
        evaluate(&request, policies)
    }
}

/// The decision as the tables of the user guides give it, for a caller of the account `HOME`.
#[derive(Clone, Copy)]
struct Expectation<'a> {
    is_user: bool,
    required: bool,
    same_account: bool,
    grantee: &'a str,
    identity: &'a str,
    boundary: &'a str,
    session: &'a str,
    scp: &'a str,
}

impl Expectation<'_> {
    fn decision(&self) -> Decision {
        let layers = [self.identity, self.boundary, self.session, self.scp, self.grantee];
        if layers.contains(&"deny") {
            return Decision::ExplicitDeny;
        }
        let not_silent = |layer: &str| matches!(layer, "absent" | "allow");
        let limits = not_silent(self.boundary) && not_silent(self.session);
        let identity = self.identity == "allow" && limits;
        let granted = match (self.same_account, self.grantee) {
            (false, "none" | "other") => false,
            (false, _) | (true, "account") => identity,
            (true, "everyone" | "self") => true,
            (true, "role") if !self.is_user => limits,
            (true, _) => identity && !self.required,
        };
        if granted && not_silent(self.scp) { Decision::Allow } else { Decision::ImplicitDeny }
    }
}

fn grantee(world: &World, grantee: &str, is_user: bool) -> Policy {
    let own = if is_user { USER } else { SESSION };
    let principal = match grantee {
        "account" => json!({"AWS": HOME}),
        "role" => json!({"AWS": ROLE}),
        "self" => json!({"AWS": own}),
        "everyone" | "deny" => json!("*"),
        _ => json!({"AWS": "arn:aws:iam::111122223333:role/another"}),
    };
    says(world.kind, if grantee == "deny" { "deny" } else { "allow" }, Some(&principal))
}

#[test]
#[rustfmt::skip] // One row, one case.
fn the_cross_product_of_layers() {
    let voices = ["absent", "allow", "silent", "deny"];
    let mut asked = 0;
    for world in &WORLDS {
        let optional = |kind, voice: &str| (voice != "absent").then(|| says(kind, voice, None));
        for is_user in [true, false] {
            let principal = if is_user { user() } else { session() };
            for grantee_word in ["none", "other", "account", "role", "self", "everyone", "deny"] {
                if is_user && grantee_word == "role" {
                    continue;
                }
                let resource = (grantee_word != "none").then(|| grantee(world, grantee_word, is_user));
                for identity_word in ["silent", "allow", "deny"] {
                    let identity = [says(PolicyKind::Identity, identity_word, None)];
                    for (boundary_word, session_word) in voices.iter().flat_map(|b| voices.map(|s| (*b, s))) {
                        let boundary = optional(PolicyKind::Boundary, boundary_word);
                        let session: Vec<_> = optional(PolicyKind::Session, session_word).into_iter().collect();
                        for scp_word in voices {
                            let scp: Vec<_> = optional(PolicyKind::Scp, scp_word).map(|p| vec![p]).into_iter().collect();
                            for owner in [HOME, AWAY] {
                                let policies = Policies {
                                    identity: &identity,
                                    resource: resource.as_ref(),
                                    boundary: boundary.as_ref(),
                                    session: &session,
                                    scp: &scp,
                                    ..Policies::default()
                                };
                                let expected = Expectation {
                                    is_user,
                                    required: world.kind != PolicyKind::Bucket,
                                    same_account: owner == HOME,
                                    grantee: grantee_word,
                                    identity: identity_word,
                                    boundary: boundary_word,
                                    session: session_word,
                                    scp: scp_word,
                                };
                                let answer = world.ask(&principal, owner, &policies).unwrap();
                                let case = format!(
                                    "{} {principal} {grantee_word} identity {identity_word} boundary {boundary_word} \
                                     session {session_word} scp {scp_word} owner {owner}",
                                    world.action
                                );
                                assert_eq!(answer.decision, expected.decision(), "{case}");
                                assert_eq!(answer.silent.is_empty(), answer.decision != Decision::ImplicitDeny, "{case}");
                                assert_eq!(answer.by.is_empty(), answer.decision == Decision::ImplicitDeny, "{case}");
                                asked += 1;
                            }
                        }
                    }
                }
            }
        }
    }
    assert_eq!(asked, 3 * (6 + 7) * 3 * 16 * 4 * 2);
}

fn decision(answer: Result<Evaluation, Undecidable>) -> Decision {
    answer.unwrap().decision
}

#[test]
#[rustfmt::skip] // One row, one case.
fn callers_without_identity_policies() {
    let [bucket, key, trust] = &WORLDS;
    let none = Policies::default();
    let service = Principal::Service("logging.s3.amazonaws.com".to_owned());
    let open = says(PolicyKind::Bucket, "allow", Some(&json!("*")));
    let of_service = says(PolicyKind::Bucket, "allow", Some(&json!({"Service": "logging.s3.amazonaws.com"})));
    let everything = [says(PolicyKind::Identity, "allow", None)];
    let cases: [(&Principal, Option<&Policy>, Decision); 6] = [
        (&Principal::Anonymous, Some(&open), Decision::Allow),
        (&Principal::Anonymous, Some(&of_service), Decision::ImplicitDeny),
        (&Principal::Anonymous, None, Decision::ImplicitDeny),
        (&service, Some(&of_service), Decision::Allow),
        (&service, Some(&open), Decision::Allow),
        (&service, None, Decision::ImplicitDeny),
    ];
    for (who, resource, expected) in cases {
        let policies = Policies { identity: &everything, resource, ..none };
        let answer = bucket.ask(who, HOME, &policies).unwrap();
        assert_eq!(answer.decision, expected, "{who}");
        if expected == Decision::ImplicitDeny {
            assert_eq!(answer.silent, [Layer::Resource]);
        }
    }
    // The root user needs no identity policy, and across accounts and for keys still the other
    // side.
    assert_eq!(decision(bucket.ask(&root(), HOME, &none)), Decision::Allow);
    assert_eq!(bucket.ask(&root(), AWAY, &none).unwrap().silent, [Layer::Resource]);
    assert_eq!(decision(bucket.ask(&root(), AWAY, &Policies { resource: Some(&open), ..none })), Decision::Allow);
    let by_account = says(PolicyKind::KeyPolicy, "allow", Some(&json!({"AWS": HOME})));
    let by_role = says(PolicyKind::KeyPolicy, "allow", Some(&json!({"AWS": ROLE})));
    assert_eq!(decision(key.ask(&root(), HOME, &Policies { resource: Some(&by_account), ..none })), Decision::Allow);
    assert_eq!(key.ask(&root(), HOME, &Policies { resource: Some(&by_role), ..none }).unwrap().silent, [Layer::KeyPolicy]);
    let by_service = says(PolicyKind::TrustPolicy, "allow", Some(&json!({"Service": "logging.s3.amazonaws.com"})));
    assert_eq!(decision(trust.ask(&service, HOME, &Policies { resource: Some(&by_service), ..none })), Decision::Allow);
}

#[test]
fn the_root_user_keeps_its_bucket_policy() {
    let deny = says(PolicyKind::Bucket, "deny", Some(&json!("*")));
    let deny_bucket = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::bucket"});
    let deny_bucket = policy(PolicyKind::Bucket, &deny_bucket);
    let world =
        |action| World { action, resource: "arn:aws:s3:::bucket", kind: PolicyKind::Bucket };
    let shut = Policies { resource: Some(&deny_bucket), ..Policies::default() };
    assert_eq!(decision(world("s3:PutBucketPolicy").ask(&root(), HOME, &shut)), Decision::Allow);
    assert_eq!(decision(world("s3:ListBucket").ask(&root(), HOME, &shut)), Decision::ExplicitDeny);
    assert_eq!(
        decision(world("s3:PutBucketPolicy").ask(&root(), AWAY, &shut)),
        Decision::ExplicitDeny
    );
    let [bucket, ..] = &WORLDS;
    let shut = Policies { resource: Some(&deny), ..Policies::default() };
    assert_eq!(decision(bucket.ask(&root(), HOME, &shut)), Decision::ExplicitDeny);
}

#[test]
#[rustfmt::skip] // One row, one case.
fn organization_policies() {
    let [bucket, ..] = &WORLDS;
    let identity = [says(PolicyKind::Identity, "allow", None)];
    let scp = |word| says(PolicyKind::Scp, word, None);
    let base = Policies { identity: &identity, ..Policies::default() };
    // Documents within a level are ORed, levels are ANDed.
    let levels = [vec![scp("silent"), scp("allow")], vec![scp("allow")]];
    assert_eq!(decision(bucket.ask(&user(), HOME, &Policies { scp: &levels, ..base })), Decision::Allow);
    let levels = [vec![scp("allow")], vec![scp("silent")]];
    assert_eq!(bucket.ask(&user(), HOME, &Policies { scp: &levels, ..base }).unwrap().silent, [Layer::Scp]);
    assert_eq!(bucket.ask(&root(), HOME, &Policies { scp: &levels, ..base }).unwrap().silent, [Layer::Scp]);
    assert_eq!(bucket.ask(&user(), HOME, &Policies { scp: &[vec![]], ..base }).unwrap().silent, [Layer::Scp]);
    let levels = [vec![scp("allow")], vec![scp("allow"), scp("deny")]];
    let denied = bucket.ask(&user(), HOME, &Policies { scp: &levels, ..base }).unwrap();
    assert_eq!(denied.by, [Reason { layer: Layer::Scp, policy: 2, statement: 0, sid: None }]);
    // They do not limit callers of no account, nor service-linked roles.
    let open = says(PolicyKind::Bucket, "allow", Some(&json!("*")));
    let public = Policies { resource: Some(&open), scp: &levels, ..base };
    assert_eq!(decision(bucket.ask(&Principal::Anonymous, HOME, &public)), Decision::Allow);
    let linked = Principal::Session {
        role: "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/Linked".to_owned(),
        arn: "arn:aws:sts::111122223333:assumed-role/Linked/s".to_owned(),
    };
    assert_eq!(decision(bucket.ask(&linked, HOME, &Policies { scp: &levels, ..base })), Decision::Allow);
    // Resource control policies limit everyone, the anonymous too.
    let rcp = |word| says(PolicyKind::Rcp, word, Some(&json!("*")));
    let closed = [vec![rcp("allow"), rcp("deny")]];
    for who in [&Principal::Anonymous, &user(), &root()] {
        let policies = Policies { resource: Some(&open), rcp: &closed, ..base };
        assert_eq!(decision(bucket.ask(who, HOME, &policies)), Decision::ExplicitDeny, "{who}");
    }
    assert_eq!(decision(bucket.ask(&linked, HOME, &Policies { rcp: &closed, ..base })), Decision::Allow);
    let endpoint = says(PolicyKind::VpcEndpoint, "silent", Some(&json!("*")));
    let through = Policies { vpc_endpoint: Some(&endpoint), ..base };
    assert_eq!(bucket.ask(&user(), HOME, &through).unwrap().silent, [Layer::VpcEndpoint]);
}

#[test]
#[rustfmt::skip] // One row, one case.
fn the_silent_layers_are_named() {
    use Layer::{Boundary, Identity, KeyPolicy, Resource, Scp, Session, TrustPolicy};
    let [bucket, key, trust] = &WORLDS;
    let allow = [says(PolicyKind::Identity, "allow", None)];
    let boundary = says(PolicyKind::Boundary, "silent", None);
    let session_policy = [says(PolicyKind::Session, "silent", None)];
    let scp = [vec![says(PolicyKind::Scp, "silent", None)]];
    let none = Policies::default();
    let other = |world: &World| grantee(world, "other", false);
    let (to_other, to_role) = (other(bucket), grantee(bucket, "role", false));
    let (key_other, key_account) = (other(key), grantee(key, "account", false));
    let cases: [(&World, &str, Policies<'_>, &[Layer]); 13] = [
        (bucket, HOME, none, &[Identity]),
        (bucket, HOME, Policies { resource: Some(&to_other), ..none }, &[Identity, Resource]),
        (bucket, HOME, Policies { identity: &allow, boundary: Some(&boundary), ..none }, &[Boundary]),
        (bucket, HOME, Policies { boundary: Some(&boundary), ..none }, &[Identity]),
        (bucket, HOME, Policies { resource: Some(&to_role), session: &session_policy, ..none }, &[Session]),
        (bucket, HOME, Policies { scp: &scp, ..none }, &[Identity, Scp]),
        (bucket, AWAY, none, &[Identity, Resource]),
        (bucket, AWAY, Policies { identity: &allow, session: &session_policy, ..none }, &[Resource, Session]),
        (key, HOME, Policies { identity: &allow, resource: Some(&key_other), ..none }, &[KeyPolicy]),
        (key, HOME, Policies { identity: &allow, ..none }, &[KeyPolicy]),
        (key, HOME, Policies { resource: Some(&key_account), ..none }, &[Identity]),
        (key, HOME, Policies { identity: &allow, resource: Some(&key_account), boundary: Some(&boundary), ..none }, &[Boundary]),
        (trust, HOME, Policies { identity: &allow, ..none }, &[TrustPolicy]),
    ];
    for (world, owner, policies, expected) in cases {
        let answer = world.ask(&session(), owner, &policies).unwrap();
        assert_eq!((answer.decision, answer.silent.as_slice()), (Decision::ImplicitDeny, expected), "{policies:?}");
    }
}

#[test]
#[rustfmt::skip] // One row, one case.
fn every_deciding_statement_is_named() {
    let [bucket, key, _] = &WORLDS;
    let reason = |layer, statement, sid: Option<&str>| Reason { layer, policy: 0, statement, sid: sid.map(Into::into) };
    let identity = [policy(
        PolicyKind::Identity,
        &json!([
            {"Sid": "Read", "Effect": "Allow", "Action": ["s3:Get*", "kms:*"], "Resource": "*"},
            {"Sid": "List", "Effect": "Allow", "Action": "s3:List*", "Resource": "*"},
            {"Sid": "All", "Effect": "Allow", "Action": "*", "Resource": "*"},
        ]),
    )];
    let own = json!({"AWS": [ROLE, HOME]});
    let resource = policy(
        PolicyKind::Bucket,
        &json!([
            {"Effect": "Allow", "Principal": {"AWS": HOME}, "Action": "s3:*", "Resource": "arn:aws:s3:::bucket/*"},
            {"Sid": "Role", "Effect": "Allow", "Principal": own, "Action": "s3:*", "Resource": "arn:aws:s3:::bucket/*"},
        ]),
    );
    let boundary = says(PolicyKind::Boundary, "allow", None);
    let policies = Policies { identity: &identity, resource: Some(&resource), boundary: Some(&boundary), ..Policies::default() };
    // What the bucket policy gives the account alone, decides nothing in that account.
    let expected = [
        reason(Layer::Identity, 0, Some("Read")),
        reason(Layer::Identity, 2, Some("All")),
        reason(Layer::Resource, 1, Some("Role")),
        reason(Layer::Boundary, 0, None),
    ];
    assert_eq!(bucket.ask(&session(), HOME, &policies).unwrap().by, expected);
    let delegated = grantee(key, "account", false);
    let policies = Policies { identity: &identity, resource: Some(&delegated), ..Policies::default() };
    let by: Vec<Layer> = key.ask(&session(), HOME, &policies).unwrap().by.into_iter().map(|reason| reason.layer).collect();
    assert_eq!(by, [Layer::Identity, Layer::Identity, Layer::KeyPolicy]);
    // A grant to the session itself stands without the rest.
    let direct = grantee(bucket, "self", false);
    let silent = says(PolicyKind::Boundary, "silent", None);
    let policies = Policies { identity: &identity, resource: Some(&direct), boundary: Some(&silent), ..Policies::default() };
    assert_eq!(bucket.ask(&session(), HOME, &policies).unwrap().by, [reason(Layer::Resource, 0, None)]);
    // Every Deny of every layer is named.
    let deny = [says(PolicyKind::Identity, "deny", None)];
    let deny_all = says(PolicyKind::Bucket, "deny", Some(&json!("*")));
    let rcp = [vec![says(PolicyKind::Rcp, "deny", Some(&json!("*")))]];
    let policies = Policies { identity: &deny, resource: Some(&deny_all), rcp: &rcp, ..Policies::default() };
    let answer = bucket.ask(&session(), HOME, &policies).unwrap();
    let layers: Vec<Layer> = answer.by.iter().map(|reason| reason.layer).collect();
    assert_eq!(
        (answer.decision, layers.as_slice()),
        (Decision::ExplicitDeny, &[Layer::Identity, Layer::Resource, Layer::Rcp][..])
    );
}

#[test]
fn a_not_principal_never_spares_the_bounded() {
    let [bucket, ..] = &WORLDS;
    let deny = json!({"Effect": "Deny", "NotPrincipal": {"AWS": [HOME, USER]}, "Action": "s3:*", "Resource": "arn:aws:s3:::*"});
    let deny = policy(PolicyKind::Bucket, &deny);
    let identity = [says(PolicyKind::Identity, "allow", None)];
    let boundary = says(PolicyKind::Boundary, "allow", None);
    let free = Policies { identity: &identity, resource: Some(&deny), ..Policies::default() };
    assert_eq!(decision(bucket.ask(&user(), HOME, &free)), Decision::Allow);
    let bounded = Policies { boundary: Some(&boundary), ..free };
    assert_eq!(decision(bucket.ask(&user(), HOME, &bounded)), Decision::ExplicitDeny);
}

#[test]
fn a_canonical_user_is_left_undecided() {
    let [bucket, ..] = &WORLDS;
    let owner = json!({"CanonicalUser": "a".repeat(64)});
    let grant = says(PolicyKind::Bucket, "allow", Some(&owner));
    let policies = Policies { resource: Some(&grant), ..Policies::default() };
    assert!(matches!(bucket.ask(&user(), AWAY, &policies), Err(Undecidable::CanonicalUser { .. })));
    assert_eq!(
        decision(bucket.ask(&Principal::Anonymous, AWAY, &policies)),
        Decision::ImplicitDeny
    );
}
