//! STS: what a session carries, who may give it that, and what it changes for the requests of the
//! session.

use aws_credential_types::Credentials;
use aws_sdk_sts::{operation::assume_role::builders::AssumeRoleFluentBuilder, types::Tag};
use gainsay::{
    attempt::{Answer, Param},
    cloud::Clients,
    principal::Sessions,
};
use gainsay_iam::Layer;
use serde_json::{Value, json};

use crate::place::{
    ACCOUNT, How, Place, Setup, Table, all, allow, field, message, root_may, run, seen, send,
};

const ALL: [&str; 3] = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];

fn trust(actions: &[&str], condition: Value) -> Value {
    let mut trust = root_may("sts:AssumeRole");
    trust["Action"] = json!(actions);
    if !condition.is_null() {
        trust["Condition"] = condition;
    }
    trust
}

fn setup() -> Place {
    let none = json!(null);
    let anything = json!([allow("s3:*", "*"), allow("sts:*", "*")]);
    let own_team = json!({
        "StringEquals": { "aws:RequestTag/team": "team-a" },
        "ForAllValues:StringEquals": { "aws:TagKeys": ["team"], "sts:TransitiveTagKeys": ["team"] }
    });
    let by_tag = all(
        "Allow",
        ["s3:GetObject", "s3:PutObject"].as_slice(),
        "arn:aws:s3:::gs-teams/${aws:PrincipalTag/team}/*",
        json!({ "StringEquals": { "aws:PrincipalAccount": ACCOUNT } }),
    );
    let by_identity = all(
        "Deny",
        "s3:DeleteObject",
        "arn:aws:s3:::gs-teams/*",
        json!({ "StringNotEqualsIfExists": { "aws:SourceIdentity": "alice" } }),
    );
    Setup::new()
        .caller(json!([allow(ALL.as_slice(), "*")]))
        .role_with("open", trust(&ALL, none.clone()), anything.clone(), ", tags: { team: team-b }")
        .role_with(
            "long",
            trust(&ALL, none.clone()),
            anything.clone(),
            ", max_session_duration: 7200",
        )
        .role_with("untagged", trust(&["sts:AssumeRole"], none.clone()), anything.clone(), "")
        .role_with("tagged", trust(&ALL, own_team), json!([allow("sts:*", "*")]), "")
        .role_with(
            "bare",
            trust(&ALL, none.clone()),
            json!([allow("s3:GetBucketLocation", "*")]),
            ", tags: { Team: team-b }",
        )
        .role_with("plain", trust(&ALL, none), json!([allow("sts:AssumeRole", "*")]), "")
        .bucket("teams", "", Some(json!([by_tag, by_identity])))
        .build()
}

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build().expect("a tag")
}

type Ask = dyn Fn(AssumeRoleFluentBuilder) -> AssumeRoleFluentBuilder;

/// The session of a role that these credentials ask for, or what STS answers.
async fn assume(
    place: &Place,
    by: &Credentials,
    role: &str,
    ask: &Ask,
) -> Result<Credentials, Answer> {
    let sts = place.target.clients(Some(by), false).sts;
    let request = sts.assume_role().role_arn(format!("arn:aws:iam::{ACCOUNT}:role/{role}"));
    let sent = ask(request.role_session_name("tester")).send().await;
    let issued =
        sent.map_err(|error| Answer::from_error(&error))?.credentials.expect("credentials");
    Ok(Credentials::new(
        issued.access_key_id,
        issued.secret_access_key,
        Some(issued.session_token),
        None,
        "test",
    ))
}

/// In one line: `allowed`, or the answer and the layers that refuse.
fn told(outcome: &Result<Credentials, Answer>) -> String {
    match outcome {
        Ok(_) => "allowed".to_owned(),
        Err(answer) => by_layers("sts:AssumeRole", answer),
    }
}

/// What came back, and for a refusal the layers that refused.
fn by_layers(operation: &str, answer: &Answer) -> String {
    let said = seen(operation, answer);
    let Answer::Refused(refused) = answer else { return said };
    let ruling = refused.rulings.as_ref().and_then(|rulings| rulings.refusal());
    let layers: Vec<&str> =
        ruling.iter().flat_map(|ruling| ruling.layers()).map(Layer::as_str).collect();
    if layers.is_empty() { said } else { format!("{said} ({})", layers.join("|")) }
}

fn clients(place: &Place, session: &Credentials) -> Clients {
    place.target.clients(Some(session), false)
}

async fn put(place: &Place, session: &Credentials, key: &str) -> String {
    let params = [(Param::Bucket, "gs-teams"), (Param::Key, key)];
    let answer = send(&clients(place, session), "s3:PutObject", &params, How::default()).await;
    by_layers("s3:PutObject", &answer)
}

#[test]
fn tags_need_the_callers_policy_and_the_trust_policy() {
    run(async {
        let place = setup();
        let caller = place.credentials("caller").await;
        let plain = place.credentials("plain").await;
        let denied =
            |layer: &str| format!("403 AccessDenied denied by -: sts:TagSession ({layer})");
        let team = |value: &'static str| {
            move |request: AssumeRoleFluentBuilder| request.tags(tag("team", value))
        };
        let rows: [(&str, &Credentials, &str, Box<Ask>, String); 9] = [
            ("both allow", &caller, "open", Box::new(team("team-a")), "allowed".into()),
            (
                "no tags, no such permission",
                &plain,
                "open",
                Box::new(|request| request),
                "allowed".into(),
            ),
            (
                "the caller's own policies do not",
                &plain,
                "open",
                Box::new(team("team-a")),
                denied("identity"),
            ),
            (
                "the trust policy does not",
                &caller,
                "untagged",
                Box::new(team("team-a")),
                denied("trust-policy"),
            ),
            (
                "without tags it need not",
                &caller,
                "untagged",
                Box::new(|request| request),
                "allowed".into(),
            ),
            (
                "the tag that is asked for",
                &caller,
                "tagged",
                Box::new(team("team-a")),
                "allowed".into(),
            ),
            (
                "another team's tag",
                &caller,
                "tagged",
                Box::new(team("team-b")),
                "403 AccessDenied denied by -: sts:AssumeRole (trust-policy)".into(),
            ),
            (
                "a key that is not asked for",
                &caller,
                "tagged",
                Box::new(move |request| {
                    request.tags(tag("team", "team-a")).tags(tag("role", "admin"))
                }),
                "403 AccessDenied denied by -: sts:AssumeRole (trust-policy)".into(),
            ),
            (
                "the tag as a transitive one",
                &caller,
                "tagged",
                Box::new(|request| request.tags(tag("team", "team-a")).transitive_tag_keys("team")),
                "allowed".into(),
            ),
        ];
        let mut table = Table::default();
        for (name, by, role, ask, expected) in rows {
            table.row(name, &told(&assume(&place, by, role, &*ask).await), &expected);
        }
        let refused = assume(&place, &plain, "open", &team("team-a")).await.expect_err("a refusal");
        let words = format!(
            "User: arn:aws:sts::{ACCOUNT}:assumed-role/plain/tester is not authorized to perform: sts:TagSession on resource: arn:aws:iam::{ACCOUNT}:role/open"
        );
        table.row("message", &message(&refused), &words);
    });
}

#[test]
fn session_tags_are_the_principals_and_go_before_the_roles() {
    run(async {
        let place = setup();
        let caller = place.credentials("caller").await;
        let denied = "403 AccessDenied denied by identity: s3:PutObject (identity|resource)";
        let mut table = Table::default();
        // The role's tag is `Team`: keys compare without regard to case.
        for (name, tags, own, other) in [
            ("the role's tag", None, "team-b/k", "team-a/k"),
            ("the session's tag", Some("team-a"), "team-a/k", "team-b/k"),
        ] {
            let ask = move |request: AssumeRoleFluentBuilder| match tags {
                Some(value) => request.tags(tag("team", value)),
                None => request,
            };
            let session = assume(&place, &caller, "bare", &ask).await.expect("a session");
            table.row(&format!("{name}: own prefix"), &put(&place, &session, own).await, "allowed");
            table.row(
                &format!("{name}: another prefix"),
                &put(&place, &session, other).await,
                denied,
            );
        }
    });
}

#[test]
fn a_session_policy_only_takes_away() {
    run(async {
        let place = setup();
        let caller = place.credentials("caller").await;
        let policy = |statement: Value| {
            json!({ "Version": "2012-10-17", "Statement": statement }).to_string()
        };
        let deny = json!({ "Sid": "NotHere", "Effect": "Deny", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::gs-teams/closed/*" });
        let silent = "403 AccessDenied denied by session: s3:PutObject (session)";
        let identity = "403 AccessDenied denied by identity: s3:PutObject (identity|resource)";
        let rows = [
            ("none", "open", None, "allowed", "allowed"),
            (
                "that allows part",
                "open",
                Some(policy(json!([allow("s3:*", "arn:aws:s3:::gs-teams/open/*")]))),
                "allowed",
                silent,
            ),
            (
                "that denies part",
                "open",
                Some(policy(json!([allow("*", "*"), deny]))),
                "allowed",
                silent,
            ),
            (
                "that allows what the role may not",
                "bare",
                Some(policy(json!([allow("*", "*")]))),
                identity,
                identity,
            ),
        ];
        let mut table = Table::default();
        for (name, role, policy, open, closed) in rows {
            let ask = move |request: AssumeRoleFluentBuilder| request.set_policy(policy.clone());
            let session = assume(&place, &caller, role, &ask).await.expect("a session");
            table.row(&format!("{name}: open"), &put(&place, &session, "open/k").await, open);
            table.row(&format!("{name}: closed"), &put(&place, &session, "closed/k").await, closed);
        }
        let ask = move |request: AssumeRoleFluentBuilder| {
            request.policy(policy(json!([allow("*", "*"), deny])))
        };
        let session = assume(&place, &caller, "open", &ask).await.expect("a session");
        let params = [(Param::Bucket, "gs-teams"), (Param::Key, "closed/k")];
        let answer =
            send(&clients(&place, &session), "s3:PutObject", &params, How::default()).await;
        let Answer::Refused(refused) = answer else { panic!("no refusal") };
        let ruling = refused.rulings.expect("rulings").refusal().expect("a refusal").clone();
        let sid = ruling.deciders[0].statement.as_ref().and_then(|statement| statement.sid.clone());
        assert_eq!(sid.as_deref(), Some("NotHere"));
    });
}

#[test]
fn transitive_tags_are_inherited_and_cannot_be_taken_over() {
    run(async {
        let place = setup();
        let caller = place.credentials("caller").await;
        let first = assume(&place, &caller, "open", &|request| {
            request.tags(tag("Team", "team-a")).tags(tag("cost", "1")).transitive_tag_keys("team")
        });
        let first = first.await.expect("a session");
        let mut table = Table::default();
        // The chained role is `bare`, whose own tag says team-b.
        let second =
            assume(&place, &first, "bare", &|request| request).await.expect("a chained session");
        table.row("the inherited tag", &put(&place, &second, "team-a/k").await, "allowed");
        table.row(
            "not the role's",
            &put(&place, &second, "team-b/k").await,
            "403 AccessDenied denied by identity: s3:PutObject (identity|resource)",
        );
        let taken =
            assume(&place, &first, "bare", &|request| request.tags(tag("TEAM", "team-b"))).await;
        table.row("taken over", &told(&taken), "400 InvalidParameterValue rejected");
        let words = message(&taken.expect_err("a refusal"));
        assert!(
            words.contains("conflicts with a transitive tag key from the calling session"),
            "{words}"
        );
        let other = assume(&place, &first, "bare", &|request| request.tags(tag("cost", "2"))).await;
        table.row("a tag that is not transitive", &told(&other), "allowed");
        let untagged = assume(&place, &first, "untagged", &|request| request).await;
        table.row(
            "into a role that takes no tags",
            &told(&untagged),
            "403 AccessDenied denied by -: sts:TagSession (trust-policy)",
        );
        // No page says whether inherited tags are passed tags, so a policy that asks is not
        // answered.
        let asked = assume(&place, &first, "tagged", &|request| request).await;
        table.row(
            "into a role that asks for them",
            &told(&asked),
            "501 NotImplemented not-implemented",
        );
        let none = assume(&place, &caller, "open", &|request| request.tags(tag("team", "team-a")))
            .await
            .expect("a session");
        let chained =
            assume(&place, &none, "bare", &|request| request).await.expect("a chained session");
        table.row(
            "a tag that was not transitive is gone",
            &put(&place, &chained, "team-b/k").await,
            "allowed",
        );
    });
}

#[test]
fn a_source_identity_needs_permission_and_stays() {
    run(async {
        let place = setup();
        let caller = place.credentials("caller").await;
        let plain = place.credentials("plain").await;
        let alice = |request: AssumeRoleFluentBuilder| request.source_identity("alice");
        let denied =
            |layer: &str| format!("403 AccessDenied denied by -: sts:SetSourceIdentity ({layer})");
        let mut table = Table::default();
        let first = assume(&place, &caller, "open", &alice).await;
        table.row("both allow", &told(&first), "allowed");
        table.row(
            "the caller may not",
            &told(&assume(&place, &plain, "open", &alice).await),
            &denied("identity"),
        );
        table.row(
            "the role does not take it",
            &told(&assume(&place, &caller, "untagged", &alice).await),
            &denied("trust-policy"),
        );
        let first = first.expect("a session");
        let again = assume(&place, &first, "open", &alice).await;
        table.row("the same again", &told(&again), "allowed");
        let other = assume(&place, &first, "open", &|request| request.source_identity("bob")).await;
        table.row("another", &told(&other), "400 InvalidParameterValue rejected");
        table.row(
            "into a role that does not take it",
            &told(&assume(&place, &first, "untagged", &|request| request).await),
            &denied("trust-policy"),
        );
        let chained = assume(&place, &first, "open", &|request| request).await.expect("a session");
        let bob = assume(&place, &caller, "open", &|request| request.source_identity("bob"))
            .await
            .expect("a session");
        let key = [(Param::Bucket, "gs-teams"), (Param::Key, "k")];
        for (name, session, expected) in [
            ("inherited", &chained, "allowed"),
            (
                "another's",
                &bob,
                "403 AccessDenied denied by resource|block-public-access: s3:DeleteObject (resource)",
            ),
        ] {
            let answer =
                send(&clients(&place, session), "s3:DeleteObject", &key, How::default()).await;
            table.row(name, &by_layers("s3:DeleteObject", &answer), expected);
        }
    });
}

#[test]
fn a_session_lasts_as_long_as_its_role_lets_it_and_an_hour_when_chained() {
    run(async {
        let place = setup();
        let caller = place.credentials("caller").await;
        let chained = place.credentials("plain").await;
        let over =
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
        let hour = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.";
        let rows = [
            (
                &caller,
                "open",
                899,
                "failed to satisfy constraint: Member must have value greater than or equal to 900",
            ),
            (&caller, "open", 3600, ""),
            (&caller, "open", 3601, over),
            (&caller, "long", 7200, ""),
            (&caller, "long", 7201, over),
            (
                &caller,
                "long",
                43_201,
                "failed to satisfy constraint: Member must have value less than or equal to 43200",
            ),
            (&chained, "long", 3600, ""),
            (&chained, "long", 3601, hour),
        ];
        for (by, role, seconds, expected) in rows {
            match assume(&place, by, role, &move |request| request.duration_seconds(seconds)).await
            {
                Ok(_) => assert_eq!(expected, "", "{role} {seconds}"),
                Err(answer) => {
                    assert_eq!(seen("sts:AssumeRole", &answer), "400 ValidationError rejected");
                    assert!(
                        !expected.is_empty() && message(&answer).ends_with(expected),
                        "{role} {seconds}: {answer:?}"
                    );
                }
            }
        }
        // Who may not assume the role is not told how long its sessions last.
        let answer =
            assume(&place, &caller, "missing", &|request| request.duration_seconds(43_200)).await;
        assert!(told(&answer).starts_with("403 AccessDenied"), "{}", told(&answer));
    });
}

#[test]
fn what_is_too_long_or_malformed_is_refused_before_anything_is_decided() {
    run(async {
        let place = setup();
        let caller = place.credentials("caller").await;
        let tags = |count: usize, key: usize, value: usize| {
            move |request: AssumeRoleFluentBuilder| {
                let tags =
                    (0..count).map(|index| tag(&format!("{index:0>key$}"), &"v".repeat(value)));
                request.set_tags(Some(tags.collect()))
            }
        };
        let one = |key: &'static str, value: &'static str| {
            move |request: AssumeRoleFluentBuilder| request.tags(tag(key, value))
        };
        let policy =
            |text: String| move |request: AssumeRoleFluentBuilder| request.policy(text.clone());
        let small = |pad: usize| {
            format!(
                r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"s3:*","Resource":"*"}}}}{}"#,
                " ".repeat(pad)
            )
        };
        let fit = 2048 - small(0).len();
        let invalid = "400 ValidationError rejected";
        let value = "400 InvalidParameterValue rejected";
        let malformed = "400 MalformedPolicyDocument rejected";
        let rows: Vec<(&str, Box<Ask>, &str)> = vec![
            ("50 tags", Box::new(tags(50, 2, 1)), "allowed"),
            ("51 tags", Box::new(tags(51, 2, 1)), invalid),
            ("a key of 128", Box::new(tags(1, 128, 1)), "allowed"),
            ("a key of 129", Box::new(tags(1, 129, 1)), invalid),
            ("a value of 256", Box::new(tags(1, 1, 256)), "allowed"),
            ("a value of 257", Box::new(tags(1, 1, 257)), invalid),
            ("an empty value", Box::new(tags(1, 1, 0)), "allowed"),
            ("an empty key", Box::new(one("", "v")), invalid),
            ("AWS's own key", Box::new(one("AWS:team", "v")), invalid),
            (
                "letters of any script",
                Box::new(one("équipe 1", "Ωmega+=,".strip_suffix(',').expect("a comma"))),
                "allowed",
            ),
            ("a line break in a key", Box::new(one("a\nb", "v")), invalid),
            ("a quote in a value", Box::new(one("a", "\"><Arn>")), invalid),
            (
                "one key twice",
                Box::new(|request| request.tags(tag("a", "1")).tags(tag("A", "2"))),
                value,
            ),
            (
                "a transitive key that is no tag",
                Box::new(|request| request.tags(tag("a", "1")).transitive_tag_keys("b")),
                value,
            ),
            ("a policy of 2048", Box::new(policy(small(fit))), "allowed"),
            ("a policy of 2049", Box::new(policy(small(fit + 1))), invalid),
            ("an empty policy", Box::new(policy(String::new())), invalid),
            ("a policy that is no JSON", Box::new(policy("{".into())), malformed),
            (
                "a policy with a principal",
                Box::new(policy(
                    json!({ "Version": "2012-10-17", "Statement": root_may("s3:*") }).to_string(),
                )),
                malformed,
            ),
            (
                "more than can be packed",
                Box::new(tags(50, 100, 100)),
                "400 PackedPolicyTooLarge rejected",
            ),
            (
                "a source identity of one letter",
                Box::new(|request| request.source_identity("a")),
                invalid,
            ),
            (
                "a source identity with a slash",
                Box::new(|request| request.source_identity("a/b")),
                invalid,
            ),
            (
                "AWS's own source identity",
                Box::new(|request| request.source_identity("aws:me")),
                invalid,
            ),
            (
                "managed policies",
                Box::new(|request| {
                    let arn = aws_sdk_sts::types::PolicyDescriptorType::builder()
                        .arn("arn:aws:iam::aws:policy/ReadOnlyAccess")
                        .build();
                    request.policy_arns(arn)
                }),
                "501 NotImplemented not-implemented",
            ),
            (
                "an MFA device",
                Box::new(|request| request.serial_number("arn:aws:iam::111122223333:mfa/me")),
                "501 NotImplemented not-implemented",
            ),
        ];
        let mut table = Table::default();
        for (name, ask, expected) in rows {
            table.row(name, &told(&assume(&place, &caller, "open", &*ask).await), expected);
        }
    });
}

#[test]
fn attempts_pass_what_their_parameters_say() {
    run(async {
        let place = setup();
        let role = format!("arn:aws:iam::{ACCOUNT}:role/tagged");
        let mut table = Table::default();
        for (name, more, expected) in [
            (
                "the team's tag",
                vec![(Param::SessionTags, "team=team-a"), (Param::TransitiveTags, "team")],
                "allowed",
            ),
            (
                "another's",
                vec![(Param::SessionTags, "team=team-b")],
                "403 AccessDenied denied by -: sts:AssumeRole (trust-policy)",
            ),
            (
                "a policy that is none",
                vec![(Param::SessionTags, "team=team-a"), (Param::SessionPolicy, "[]")],
                "400 MalformedPolicyDocument rejected",
            ),
            (
                "too long",
                vec![
                    (Param::SessionTags, "team=team-a"),
                    (Param::Duration, "7200"),
                    (Param::SourceIdentity, "alice"),
                ],
                "400 ValidationError rejected",
            ),
        ] {
            let params: Vec<(Param, &str)> =
                [(Param::Role, role.as_str())].into_iter().chain(more).collect();
            table.row(
                name,
                &by_layers("sts:AssumeRole", &place.ask("caller", "sts:AssumeRole", &params).await),
                expected,
            );
        }
    });
}

#[test]
fn a_role_is_assumed_as_the_environment_says() {
    run(async {
        let anything = json!([allow("*", "*")]);
        let by_hub = json!({ "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:role/hub") }, "Action": ALL });
        let place = Setup::new()
            .caller(json!([allow(ALL.as_slice(), "*")]))
            .role_with(
                "spoke",
                by_hub,
                anything.clone(),
                ", via: hub, session_tags: { team: team-a }",
            )
            .role_with("hub", trust(&ALL, json!(null)), anything, "")
            .bucket(
                "teams",
                "",
                Some(json!([all(
                    "Deny",
                    "s3:PutObject",
                    "arn:aws:s3:::gs-teams/*",
                    json!({ "StringNotEquals": { "aws:PrincipalTag/team": "team-a" } }),
                )])),
            )
            .build();
        let spoke = [place.environment.deployed.role("spoke").expect("the role").clone()];
        let caller: Credentials = place.sandbox.caller_credentials().into();
        let sessions =
            Sessions::open(&place.target, &caller, &place.environment, &spoke, "r").await;
        assert_eq!(sessions.calls(), 4, "the hub is assumed too");
        let session = sessions.get("spoke").expect("a session");
        assert_eq!(put(&place, &session.credentials, "k").await, "allowed");
        let hub = sessions.get("hub").expect("a session");
        let denied =
            "403 AccessDenied denied by resource|block-public-access: s3:PutObject (resource)";
        assert_eq!(put(&place, &hub.credentials, "k").await, denied);
        let told = assume(&place, &caller, "spoke", &|request| request)
            .await
            .expect_err("the caller itself may not");
        assert!(seen("sts:AssumeRole", &told).starts_with("403 AccessDenied"));
        let who = place.target.clients(Some(&session.credentials), false);
        let who = send(&who, "sts:GetCallerIdentity", &[], How::default()).await;
        assert_eq!(
            field(&who, gainsay::attempt::Field::Arn),
            format!("arn:aws:sts::{ACCOUNT}:assumed-role/spoke/gainsay-r")
        );
    });
}
